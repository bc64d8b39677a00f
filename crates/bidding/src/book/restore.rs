//! A [`BidBook`] from its bids: queues, open bids by provider and the bars are made anew.

use alloc::vec::Vec;

use undercut_orderbook::OrderBook;
use undercut_primitives::{Misfit, OrderId};

use super::BidBook;
use super::open::enqueue;
use crate::{Bid, BidParams, BidState};

impl BidBook {
    /// The book with these bids, as [`BidBook::bids`] gave them between two blocks, in any order.
    ///
    /// Between blocks nothing else is to be known: [`BidBook::evict`] is done with the block before,
    /// and the bars of the next one are the worst bids of now, at the places that `params` of now
    /// give. `orders` has the orders that the bids are for; it decides about nothing but memory.
    ///
    /// # Errors
    ///
    /// [`Misfit`] when a bid is there twice.
    pub fn restore(
        bids: impl IntoIterator<Item = Bid>,
        params: &BidParams,
        orders: &OrderBook,
    ) -> Result<Self, Misfit> {
        let mut book = Self::default();
        for bid in bids {
            let open = (bid.state == BidState::Open).then(|| bid.rank());
            let row = book.orders.add(bid.id.order);
            let bids = book.orders.row_mut(row).ok_or(Misfit::new("the order has no row"))?;
            if bids.insert(bid.into()).is_some() {
                return Err(Misfit::new("a bid is there twice"));
            }
            if let Some(rank) = open {
                enqueue(bids, &mut book.queues, &mut book.providers, &rank, false)?;
            }
        }
        book.pack_all(orders);
        book.change_places();
        book.begin_block(params, orders, |_| None);
        Ok(book)
    }

    /// Packs every order whose auction is over.
    fn pack_all(&mut self, orders: &OrderBook) {
        let over = self.orders.iter_sorted().filter(|(_, bids)| bids.is_over());
        let over: Vec<OrderId> = over.map(|(order, _)| *order).collect();
        over.iter().for_each(|order| self.pack(order, orders, |_| None));
    }
}
