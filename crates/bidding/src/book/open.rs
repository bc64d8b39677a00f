//! The open bids within a [`BidBook`]: their queues, and what is known of their bidders.

use alloc::sync::Arc;
use alloc::vec::Vec;

use undercut_orderbook::{Group, OrderBook};
use undercut_primitives::{BidId, Decimal, Digest, KeptConsent, Misfit, OrderId, Provider};

use super::bids::OrderBids;
use super::open_orders::OpenOrders;
use super::{BidBook, is_open, note_change};
use crate::proofs::NO_CLASS;
use crate::queues::{Entry, Names, Queues, Standing};
use crate::{Bid, ProviderProfile, Rank, TieBreak, eligibility};
use undercut_primitives::indexed::Providers;

/// No limit: [`BidBook::admit`] holds prices against the order's own.
const NO_CEILING: Decimal = Decimal::from_atoms(u128::MAX);

/// What stands in the book about the bids of one order.
struct Bidders<'a> {
    bids: &'a OrderBids,
    providers: &'a Providers<OpenOrders>,
}

impl Names for Bidders<'_> {
    fn standing(&self, entry: &Entry) -> Standing {
        let provider = self.providers.address(entry.provider);
        let tie = self.bids.get(&provider).map(|bid| bid.tie);
        // Every bid in a queue is in the book.
        let tie = tie.unwrap_or_else(|| TieBreak::by(&Digest::ZERO, &provider));
        Standing { price: entry.price, tie, provider }
    }
}

/// The open bids of one order by rank.
#[derive(Clone, Copy, Debug)]
pub struct OpenBids<'a> {
    book: &'a BidBook,
    bids: &'a OrderBids,
    order: OrderId,
    queue: u32,
}

impl OpenBids<'_> {
    /// The lowest rank. O(1); O(n) after the loss of the best bid, until the next one is placed.
    #[must_use]
    pub fn best(&self) -> Option<Rank> {
        let (provider, _) = self.book.queues.peek(self.queue, &self.names())?;
        self.bids.get(&self.book.providers.address(provider)).map(Bid::rank)
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
        Bidders { bids: self.bids, providers: &self.book.providers }
    }
}

impl BidBook {
    /// The open bids of an order, or `None` when it has none.
    #[must_use]
    pub fn queue(&self, order: &OrderId) -> Option<OpenBids<'_>> {
        let bids = self.orders.get(order)?;
        Some(OpenBids { book: self, bids, order: *order, queue: bids.queue? })
    }

    /// Makes true that a bid was placed. Whoever knows the group and the bidder's profile says them
    /// when asked: bids of the same provider for groups that ask for the same are then admitted
    /// without comparing attributes again, until [`BidBook::forget_profile`].
    ///
    /// # Errors
    ///
    /// [`Misfit`] when the bid is there already.
    pub fn place<'a>(
        &mut self,
        bid: &Arc<Bid>,
        known: impl FnOnce() -> Option<(Group, &'a ProviderProfile)>,
    ) -> Result<(), Misfit> {
        let order = bid.id.order;
        let (over, names) = (&mut self.over, &self.providers);
        let row = self.orders.find_or_insert_with(order, || over.take(&order, names));
        let bids = self.orders.row_mut(row).ok_or(Misfit::new("the order has no row"))?;
        if bids.offer.is_none() {
            self.offers.note(&bid.offer);
        }
        let old = bids.insert(Arc::clone(bid));
        if old.as_ref().is_some_and(|old| !old.was_evicted()) {
            return Err(Misfit::new("the bid exists already"));
        }
        let (queues, providers) = (&mut self.queues, &mut self.providers);
        let (queue, provider) = enqueue(bids, queues, providers, &bid.rank(), old.is_some())?;
        if queues.len(queue) >= self.places {
            note_change(order, bids, &mut self.changed);
        }
        self.prove(queue, provider, known);
        Ok(())
    }

    /// Queues an open bid anew whose price has changed.
    pub(super) fn rank_anew(&mut self, rank: &Rank) -> bool {
        let Self { orders, queues, providers, .. } = self;
        let (bids, provider) = (orders.get(&rank.id.order), providers.find(&rank.id.provider));
        let (Some(bids), Some(provider)) = (bids, provider) else { return false };
        let names = Bidders { bids, providers };
        bids.queue.is_some_and(|queue| queues.reprice(queue, Entry::of(rank, provider), &names))
    }

    /// Takes a bid out of the queue of its order, and the queue away with its last bid.
    pub(super) fn dequeue(&mut self, id: &BidId) {
        let Some(provider) = self.providers.find(&id.provider) else { return };
        let Self { orders, queues, providers, .. } = self;
        if let Some(open) = providers.row_mut(provider) {
            open.remove(|order| is_open(orders, order, &id.provider));
        }
        let Some(bids) = orders.get_mut(&id.order) else { return };
        let Some(queue) = bids.queue else { return };
        queues.remove(queue, provider, &Bidders { bids, providers });
        if self.queues.len(queue) == 0 {
            bids.queue = None;
            self.proofs.leave(self.class_of(queue));
            self.queues.close(queue);
        }
    }

    /// Keeps the bids of an order, none of them open, in less memory.
    pub(super) fn pack<'a>(
        &mut self,
        order: &OrderId,
        orders: &OrderBook,
        held: impl Fn(&BidId) -> Option<&'a KeptConsent>,
    ) {
        let entropy = orders.order(order).map(|order| order.entropy);
        if let Some(bids) = self.orders.remove(order) {
            self.over.keep(*order, &bids, entropy.as_ref(), &mut self.providers, held);
        }
    }

    fn class_of(&self, queue: u32) -> u16 {
        self.queues.header(queue).map_or(NO_CLASS, |header| header.class)
    }

    /// Whether the provider was found eligible for what this order asks for, and its profile has not
    /// changed since.
    pub(super) fn is_proven(&self, bids: Option<&OrderBids>, group: &Group, provider: u32) -> bool {
        let queue = bids.and_then(|bids| bids.queue);
        let class =
            queue.map_or_else(|| self.proofs.find(&group.spec), |queue| self.class_of(queue));
        self.proofs.holds(class, provider)
    }

    /// Finds out for good whether a bidder is eligible, where others than this order profit from it.
    ///
    /// That the bid was placed is no proof: records may be of a log that others wrote.
    fn prove<'a>(
        &mut self,
        queue: u32,
        provider: u32,
        known: impl FnOnce() -> Option<(Group, &'a ProviderProfile)>,
    ) {
        let mut class = self.class_of(queue);
        if class != NO_CLASS && !self.lacks_proof(class, provider) {
            return;
        }
        let Some((group, profile)) = known() else { return };
        let spec = &group.spec;
        if class == NO_CLASS {
            class = self.proofs.join(spec);
            self.queues.set_class(queue, class);
        }
        if self.lacks_proof(class, provider) && eligibility(spec, profile).is_ok() {
            self.proofs.note(class, provider);
        }
    }

    /// Whether several orders would profit from a proof that is not there.
    fn lacks_proof(&self, class: u16, provider: u32) -> bool {
        let is_shared = self.proofs.class(class).is_some_and(|(_, users)| users > 1);
        is_shared && !self.proofs.holds(class, provider)
    }

    /// Forgets for what a provider was found eligible. To be called whenever its profile changes.
    /// O(classes of orders).
    pub fn forget_profile(&mut self, provider: &Provider) {
        if let Some(provider) = self.providers.find(provider) {
            self.proofs.forget(provider);
        }
    }
}

/// Queues a bid that is in the book; says which are the handles of its queue and provider.
pub(super) fn enqueue(
    bids: &mut OrderBids,
    queues: &mut Queues,
    providers: &mut Providers<OpenOrders>,
    rank: &Rank,
    was_here: bool,
) -> Result<(u32, u32), Misfit> {
    let provider = providers.add(rank.id.provider);
    let queue = match bids.queue {
        Some(queue) => queue,
        None => {
            let queue = queues.open(NO_CEILING, NO_CLASS);
            let queue = queue.ok_or(Misfit::new("there are too many orders"))?;
            bids.queue = Some(queue);
            queue
        }
    };
    if was_here {
        // A bid may come back; one that never left, as in a made-up log, is queued but once.
        queues.remove(queue, provider, &Bidders { bids, providers });
    }
    queues.push(queue, Entry::of(rank, provider), &Bidders { bids, providers });
    if let Some(open) = providers.row_mut(provider) {
        open.add(rank.id.order);
    }
    Ok((queue, provider))
}

#[cfg(test)]
mod tests;
