//! A [`BidBook`] from its bids: queues, open bids by provider and the bars are made anew.

use undercut_primitives::Misfit;

use super::BidBook;
use crate::{Bid, BidParams, BidState};

impl BidBook {
    /// The book with these bids, as [`BidBook::bids`] gave them between two blocks, in any order.
    ///
    /// Between blocks nothing else is to be known: [`BidBook::evict`] is done with the block before,
    /// and the bars of the next one are the worst bids of now, at the places that `params` of now
    /// give.
    ///
    /// # Errors
    ///
    /// [`Misfit`] when a bid is there twice.
    pub fn restore(
        bids: impl IntoIterator<Item = Bid>,
        params: &BidParams,
    ) -> Result<Self, Misfit> {
        let mut book = Self::default();
        for bid in bids {
            let open = (bid.state == BidState::Open).then(|| bid.rank());
            if book.bids.insert(&bid).is_some() {
                return Err(Misfit::new("a bid is there twice"));
            }
            if let Some(rank) = open {
                book.enqueue(&rank, false)?;
            }
        }
        book.change_places();
        book.begin_block(params);
        Ok(book)
    }
}
