//! [`OrderBids`]: all bids of one order, and what the book knows of them together.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use undercut_primitives::{Provider, ResourceOffer};

use crate::{Bid, Rank};

/// All bids of one order by provider, in any state.
#[derive(Clone, Debug, Default)]
pub(super) struct OrderBids {
    bids: Vec<(Provider, Arc<Bid>)>,
    /// The offer of the first bid: most offer exactly what is asked.
    pub(super) offer: Option<Arc<[ResourceOffer]>>,
    /// The queue of the open ones, while there are some.
    pub(super) queue: Option<u32>,
    /// The worst open bid, where all places were taken when the block began.
    pub(super) bar: Option<Box<Rank>>,
    /// Whether the open bids changed in this block.
    pub(super) is_changed: bool,
}

impl OrderBids {
    /// The bid of a provider. O(log n).
    pub(super) fn get(&self, provider: &Provider) -> Option<&Bid> {
        let place = self.place(provider).ok()?;
        self.bids.get(place).map(|(_, bid)| &**bid)
    }

    /// The bid of a provider, to change it. It is copied if a record still shares it.
    pub(super) fn get_mut(&mut self, provider: &Provider) -> Option<&mut Bid> {
        let place = self.place(provider).ok()?;
        self.bids.get_mut(place).map(|(_, bid)| Arc::make_mut(bid))
    }

    /// Adds a bid, and gives the one that it replaces. O(n) in eight bytes each.
    pub(super) fn insert(&mut self, bid: Arc<Bid>) -> Option<Arc<Bid>> {
        let provider = bid.id.provider;
        self.offer.get_or_insert_with(|| Arc::clone(&bid.offer));
        match self.place(&provider) {
            Ok(place) => self.bids.get_mut(place).map(|(_, old)| core::mem::replace(old, bid)),
            Err(place) => {
                if self.bids.is_empty() {
                    // Most orders of a quiet market have one.
                    self.bids.reserve_exact(1);
                }
                self.bids.insert(place, (provider, bid));
                None
            }
        }
    }

    /// The bids by provider.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Bid> {
        self.bids.iter().map(|(_, bid)| &**bid)
    }

    /// Whether the auction is over: no bid is open, and one stands as bids do only then.
    pub(super) fn is_over(&self) -> bool {
        self.queue.is_none() && self.iter().any(|bid| bid.state.ends_auction())
    }

    fn place(&self, provider: &Provider) -> Result<usize, usize> {
        self.bids.binary_search_by(|(there, _)| there.cmp(provider))
    }
}
