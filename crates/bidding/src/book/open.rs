//! The open bids within a [`BidBook`]: their queues, and what is known of their bidders.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use undercut_orderbook::Group;
use undercut_primitives::{BidId, Decimal, Digest, Misfit, OrderId, Provider};

use super::BidBook;
use crate::kept::Bids;
use crate::proofs::NO_CLASS;
use crate::providers::Providers;
use crate::queues::{Entry, Names, Standing};
use crate::{Bid, ProviderProfile, Rank, TieBreak, eligibility};

/// No limit: [`BidBook::admit`] holds prices against the order's own.
const NO_CEILING: Decimal = Decimal::from_atoms(u128::MAX);

/// What stands in the book about the bids of one order.
struct Bidders<'a> {
    bids: &'a Bids,
    providers: &'a Providers<BTreeSet<OrderId>>,
    order: OrderId,
}

impl Names for Bidders<'_> {
    fn standing(&self, entry: &Entry) -> Standing {
        let provider = self.providers.address(entry.provider);
        let tie = self.bids.tie(&self.order.bid(provider));
        // Every bid in a queue is in the book.
        let tie = tie.unwrap_or_else(|| TieBreak::by(&Digest::ZERO, &provider));
        Standing { price: entry.price, tie, provider }
    }
}

/// The open bids of one order by rank.
#[derive(Clone, Copy, Debug)]
pub struct OpenBids<'a> {
    book: &'a BidBook,
    order: OrderId,
    queue: u32,
}

impl OpenBids<'_> {
    /// The lowest rank. O(1); O(n) after the loss of the best bid, until the next one is placed.
    #[must_use]
    pub fn best(&self) -> Option<Rank> {
        let (provider, _) = self.book.queues.peek(self.queue, &self.names())?;
        let id = self.order.bid(self.book.providers.address(provider));
        self.book.bids.rank(&id)
    }

    /// The highest rank. O(n).
    #[must_use]
    pub fn worst(&self) -> Option<Rank> {
        self.unsorted().max()
    }

    /// All ranks, best first. O(n log n).
    #[must_use]
    pub fn ranks(&self) -> Vec<Rank> {
        let mut ranks: Vec<Rank> = self.unsorted().collect();
        ranks.sort_unstable();
        ranks
    }

    /// How many bids there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.book.queues.len(self.queue)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn unsorted(&self) -> impl Iterator<Item = Rank> + use<> {
        let (order, standings) =
            (self.order, self.book.queues.standings(self.queue, &self.names()));
        standings.into_iter().map(move |(_, Standing { price, tie, provider })| Rank {
            price,
            tie,
            id: order.bid(provider),
        })
    }

    fn names(&self) -> Bidders<'_> {
        let BidBook { bids, providers, .. } = self.book;
        Bidders { bids, providers, order: self.order }
    }
}

impl BidBook {
    /// The open bids of an order, or `None` when it has none.
    #[must_use]
    pub fn queue(&self, order: &OrderId) -> Option<OpenBids<'_>> {
        let queue = *self.orders.get(order)?;
        Some(OpenBids { book: self, order: *order, queue })
    }

    /// Makes true that a bid was placed. Whoever has the bidder's profile at hand, and the group,
    /// gives them: bids of the same provider for groups that ask for the same are then admitted
    /// without comparing attributes again, until [`BidBook::forget_profile`].
    ///
    /// # Errors
    ///
    /// [`Misfit`] when the bid is there already.
    pub fn place(
        &mut self,
        bid: &Bid,
        known: Option<(&Group, &ProviderProfile)>,
    ) -> Result<(), Misfit> {
        let id = bid.id;
        let old = self.bids.insert(bid);
        if old.is_some_and(|old| !old.is_evicted()) {
            return Err(Misfit::new("the bid exists already"));
        }
        let (queue, provider) = self.enqueue(&bid.rank(), old.is_some())?;
        self.changed.insert(id.order);
        if let Some((group, profile)) = known {
            self.prove(queue, provider, group, profile);
        }
        Ok(())
    }

    /// Queues a bid that is in the book; says which are the handles of its order and provider.
    pub(super) fn enqueue(&mut self, rank: &Rank, was_here: bool) -> Result<(u32, u32), Misfit> {
        let Rank { id, .. } = rank;
        let Self { bids, queues, orders, providers, .. } = self;
        let provider = providers.add(id.provider);
        let queue = match orders.get(&id.order) {
            Some(queue) => *queue,
            None => {
                let queue = queues.open(NO_CEILING, NO_CLASS);
                let queue = queue.ok_or(Misfit::new("there are too many orders"))?;
                orders.insert(id.order, queue);
                queue
            }
        };
        if was_here {
            // A bid may come back; one that never left, as in a made-up log, is queued but once.
            queues.remove(queue, provider);
        }
        let names = Bidders { bids, providers, order: id.order };
        queues.push(queue, Entry::of(rank, provider), &names);
        if let Some(open) = providers.get_mut(provider) {
            open.insert(id.order);
        }
        Ok((queue, provider))
    }

    /// Queues an open bid anew whose price has changed.
    pub(super) fn rank_anew(&mut self, rank: &Rank) -> bool {
        let Self { bids, queues, orders, providers, .. } = self;
        let (order, provider) = (orders.get(&rank.id.order), providers.find(&rank.id.provider));
        let names = Bidders { bids, providers, order: rank.id.order };
        order.zip(provider).is_some_and(|(queue, provider)| {
            queues.reprice(*queue, Entry::of(rank, provider), &names)
        })
    }

    /// Takes a bid out of the queue of its order, and the queue away with its last bid.
    pub(super) fn dequeue(&mut self, id: &BidId) {
        let Some(provider) = self.providers.find(&id.provider) else { return };
        if let Some(open) = self.providers.get_mut(provider) {
            open.remove(&id.order);
        }
        let Some(queue) = self.orders.get(&id.order).copied() else { return };
        self.queues.remove(queue, provider);
        if self.queues.len(queue) == 0 {
            self.proofs.leave(self.class_of(queue));
            self.queues.close(queue);
            self.orders.remove(&id.order);
        }
    }

    fn class_of(&self, queue: u32) -> u16 {
        self.queues.header(queue).map_or(NO_CLASS, |header| header.class)
    }

    /// Whether the provider was found eligible for what this order asks for, and its profile has not
    /// changed since.
    pub(super) fn is_proven(&self, order: &OrderId, provider: u32) -> bool {
        let queue = self.orders.get(order);
        queue.is_some_and(|queue| self.proofs.holds(self.class_of(*queue), provider))
    }

    /// Finds out for good whether a bidder is eligible, where others than this order profit from it.
    ///
    /// That the bid was placed is no proof: records may be of a log that others wrote.
    fn prove(&mut self, queue: u32, provider: u32, group: &Group, profile: &ProviderProfile) {
        let mut class = self.class_of(queue);
        if class == NO_CLASS {
            class = self.proofs.join(&group.spec);
            self.queues.set_class(queue, class);
        }
        let is_shared = self.proofs.class(class).is_some_and(|(_, users)| users > 1);
        if is_shared
            && !self.proofs.holds(class, provider)
            && eligibility(&group.spec, profile).is_ok()
        {
            self.proofs.note(class, provider);
        }
    }

    /// Forgets for what a provider was found eligible. To be called whenever its profile changes.
    /// O(classes of orders).
    pub fn forget_profile(&mut self, provider: &Provider) {
        if let Some(provider) = self.providers.find(provider) {
            self.proofs.forget(provider);
        }
    }
}

#[cfg(test)]
mod tests;
