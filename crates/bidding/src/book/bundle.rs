//! [`Bundle`]: bids of one provider that are admitted one after the other before any is placed.

use alloc::collections::BTreeSet;

use undercut_orderbook::{Group, Order, ReclamationParams};
use undercut_primitives::OrderId;

use super::{BidBook, BidOrigin};
use crate::{BidEvent, BidParams, BidRejection, NewBid};

/// Bids that one provider places together. Each is admitted as if those before it stood already:
/// of what the book asks of a bid, they change nothing but which orders its provider has bid for
/// and how many.
#[derive(Clone, Debug)]
pub struct Bundle<'a> {
    book: &'a BidBook,
    /// The orders of those that were admitted.
    admitted: BTreeSet<OrderId>,
}

impl BidBook {
    /// A bundle without bids.
    #[must_use]
    pub const fn bundle(&self) -> Bundle<'_> {
        Bundle { book: self, admitted: BTreeSet::new() }
    }
}

impl Bundle<'_> {
    /// Admits the next bid, by the same provider as those before it. As [`BidBook::admit`], besides
    /// O(log n) for the n bids before it.
    ///
    /// # Errors
    ///
    /// As [`BidBook::admit`] once those before it are placed.
    pub fn admit(
        &mut self,
        order: &Order,
        group: &Group,
        new: &NewBid,
        bidder: BidOrigin<'_>,
        params: &BidParams,
        windows: &ReclamationParams,
    ) -> Result<BidEvent, BidRejection> {
        let (book, asked) = (self.book, (order, group));
        let placed = book.admit_beside(&self.admitted, asked, new, bidder, params, windows)?;
        self.admitted.insert(order.id);
        Ok(placed)
    }
}
