//! [`BidBook`]: all bids, and a queue of the open ones per order.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use undercut_orderbook::{Group, Order};
use undercut_primitives::{Address, BidId, BlockHeight, Coin, Consent, Misfit, OrderId, Provider};

use crate::{
    Bid, BidClosedReason, BidEvent, BidParams, BidQueue, BidRejection, BidState, NewBid,
    ProviderProfile, Rank, TieBreak, eligibility, offer_covers,
};

/// Who places a bid, and when.
#[derive(Clone, Copy, Debug)]
pub struct BidOrigin<'a> {
    /// The provider that signed.
    pub provider: Provider,
    /// What it registered; `None` when it did not.
    pub profile: Option<&'a ProviderProfile>,
    /// Its signature on the bid.
    pub consent: Consent,
    /// The block.
    pub at: BlockHeight,
}

/// The outcome of an auction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Award {
    /// The winning bid.
    pub bid: BidId,
}

/// Bids by id, and the open ones of each order by rank.
#[derive(Clone, Debug, Default)]
pub struct BidBook {
    bids: BTreeMap<BidId, Bid>,
    queues: BTreeMap<OrderId, BidQueue>,
}

impl BidBook {
    /// The bid `id`.
    #[must_use]
    pub fn bid(&self, id: &BidId) -> Option<&Bid> {
        self.bids.get(id)
    }

    /// All bids by id.
    pub fn bids(&self) -> impl Iterator<Item = &Bid> {
        self.bids.values()
    }

    /// The bids of an order in any state, by provider.
    pub fn bids_of(&self, order: OrderId) -> impl Iterator<Item = &Bid> {
        let first = order.bid(Provider(Address::FIRST));
        let last = order.bid(Provider(Address::LAST));
        self.bids.range(first..=last).map(|(_, bid)| bid)
    }

    /// The open bids of an order by rank, or `None` when it never had one.
    #[must_use]
    pub fn queue(&self, order: &OrderId) -> Option<&BidQueue> {
        self.queues.get(order)
    }

    /// A bid that takes part in its auction.
    ///
    /// # Errors
    ///
    /// [`BidRejection::BidNotFound`] or [`BidRejection::BidNotOpen`].
    pub fn open_bid(&self, id: &BidId) -> Result<&Bid, BidRejection> {
        let bid = self.bids.get(id).ok_or(BidRejection::BidNotFound { id: *id })?;
        if bid.state == BidState::Open {
            Ok(bid)
        } else {
            Err(BidRejection::BidNotOpen { id: *id })
        }
    }

    /// Admits a bid for an open order, evicting the worst one when the book is full.
    ///
    /// The caller has seen to it that the order is open. Checks in order: bidder, price against
    /// the ceiling, offer, eligibility, deposit, room.
    ///
    /// # Errors
    ///
    /// The first broken rule, in the order of [`BidRejection`]'s variants.
    pub fn admit(
        &self,
        order: &Order,
        group: &Group,
        new: &NewBid,
        bidder: BidOrigin<'_>,
        params: &BidParams,
    ) -> Result<Vec<BidEvent>, BidRejection> {
        let provider = bidder.provider;
        if order.id.tenant().0 == provider.0 {
            return Err(BidRejection::OwnOrder { order: order.id });
        }
        let profile = bidder.profile.ok_or(BidRejection::UnknownProvider { provider })?;
        let id = order.id.bid(provider);
        if self.bids.get(&id).is_some_and(|bid| !bid.was_evicted()) {
            return Err(BidRejection::BidExists { id });
        }
        check_price(order, new)?;
        offer_covers(&group.spec, &new.offer)?;
        eligibility(&group.spec, profile)?;
        check_deposit(&new.deposit, params)?;
        let bid = Box::new(Bid {
            id,
            price: new.price.clone(),
            tie: TieBreak::of(&order.entropy, &id),
            offer: new.offer.clone(),
            deposit: new.deposit.clone(),
            consent: bidder.consent,
            placed_at: bidder.at,
            state: BidState::Open,
        });
        let mut events = Vec::new();
        events.extend(self.make_room(&order.id, bid.rank(), params)?);
        events.push(BidEvent::BidPlaced(bid));
        Ok(events)
    }

    /// The eviction that `rank` needs, if the book is full and `rank` is better than its worst.
    fn make_room(
        &self,
        order: &OrderId,
        rank: Rank,
        params: &BidParams,
    ) -> Result<Option<BidEvent>, BidRejection> {
        let Some(queue) = self.queue(order) else { return Ok(None) };
        let Some(worst) = queue.worst() else { return Ok(None) };
        if u32::try_from(queue.len()).is_ok_and(|open| open < params.bids_max) {
            return Ok(None);
        }
        if worst < rank {
            let bids_max = params.bids_max;
            return Err(BidRejection::BookFull { bids_max, worst: worst.price });
        }
        Ok(self.bids.get(&worst.id).map(|bid| closed(bid, BidClosedReason::Evicted)))
    }

    /// The lowest open bid. At the end of the window it is the winner.
    #[must_use]
    pub fn award(&self, order: &OrderId) -> Option<Award> {
        self.queue(order)?.best().map(|rank| Award { bid: rank.id })
    }

    /// The events of an award: the winner's, and every loser's with its deposit (beats W1).
    #[must_use]
    pub fn settle_award(&self, award: Award) -> Vec<BidEvent> {
        let mut events = vec![BidEvent::BidWon(award.bid)];
        let open = self.bids_of(award.bid.order).filter(|bid| bid.state == BidState::Open);
        let losers = open.filter(|bid| bid.id != award.bid);
        events.extend(
            losers.map(|bid| BidEvent::BidLost { id: bid.id, refund: bid.deposit.clone() }),
        );
        events
    }

    /// Takes an open bid back, unless its auction is about to end.
    ///
    /// # Errors
    ///
    /// [`BidRejection::BidNotFound`], [`BidRejection::BidNotOpen`] or [`BidRejection::Binding`].
    pub fn withdraw(
        &self,
        id: &BidId,
        order: &Order,
        at: BlockHeight,
        params: &BidParams,
    ) -> Result<BidEvent, BidRejection> {
        let bid = self.open_bid(id)?;
        let (binding, due_at) = (params.binding, order.due_at);
        if due_at.since(at).is_none_or(|left| left < binding) {
            return Err(BidRejection::Binding { id: *id, at, binding, due_at });
        }
        Ok(closed(bid, BidClosedReason::Withdrawn))
    }

    /// Closes what is left of an order: open bids, and the active one when its lease ended.
    #[must_use]
    pub fn close_order(&self, order: &OrderId) -> Vec<BidEvent> {
        let close = |bid: &Bid| match bid.state {
            BidState::Open => Some(closed(bid, BidClosedReason::OrderClosed)),
            BidState::Active => Some(closed(bid, BidClosedReason::LeaseEnded)),
            BidState::Lost | BidState::Closed(_) => None,
        };
        self.bids_of(*order).filter_map(close).collect()
    }

    /// Makes an event true.
    ///
    /// # Errors
    ///
    /// [`Misfit`] when the event names what the book does not hold.
    pub fn apply(&mut self, event: &BidEvent) -> Result<(), Misfit> {
        match event {
            BidEvent::BidPlaced(bid) => self.insert(bid),
            BidEvent::BidWon(id) => self.leave_open(id, BidState::Active),
            BidEvent::BidLost { id, .. } => self.leave_open(id, BidState::Lost),
            BidEvent::BidClosed { id, reason, .. } => {
                self.leave_open(id, BidState::Closed(*reason))
            }
        }
    }

    fn insert(&mut self, bid: &Bid) -> Result<(), Misfit> {
        if self.bids.insert(bid.id, bid.clone()).is_some_and(|old| !old.was_evicted()) {
            return Err(Misfit::new("the bid exists already"));
        }
        self.queues.entry(bid.id.order).or_default().push(bid.rank());
        Ok(())
    }

    fn leave_open(&mut self, id: &BidId, state: BidState) -> Result<(), Misfit> {
        let bid = self.bids.get_mut(id).ok_or(Misfit::new("no such bid"))?;
        match (bid.state, state) {
            (BidState::Open, _) | (BidState::Active, BidState::Closed(_)) => {}
            (BidState::Active | BidState::Lost | BidState::Closed(_), _) => {
                return Err(Misfit::new("the bid is past this step"));
            }
        }
        bid.state = state;
        if let Some(queue) = self.queues.get_mut(&id.order) {
            queue.remove(id);
            if queue.is_empty() {
                self.queues.remove(&id.order);
            }
        }
        Ok(())
    }
}

fn closed(bid: &Bid, reason: BidClosedReason) -> BidEvent {
    BidEvent::BidClosed { id: bid.id, reason, refund: bid.deposit.clone() }
}

fn check_price(order: &Order, new: &NewBid) -> Result<(), BidRejection> {
    let (price, ceiling) = (&new.price, &order.ceiling);
    if price.value.is_zero() {
        return Err(BidRejection::PriceZero);
    }
    if price.denom != ceiling.denom {
        let (denom, ceiling_denom) = (price.denom.clone(), ceiling.denom.clone());
        return Err(BidRejection::WrongDenom { denom, ceiling_denom });
    }
    if price.value > ceiling.value {
        return Err(BidRejection::PriceAboveCeiling {
            price: price.value,
            ceiling: ceiling.value,
            denom: price.denom.clone(),
        });
    }
    Ok(())
}

fn check_deposit(deposit: &Coin, params: &BidParams) -> Result<(), BidRejection> {
    let least = params.deposits_min.iter().find(|least| least.denom == deposit.denom);
    let least = least.ok_or_else(|| BidRejection::DepositDenom { denom: deposit.denom.clone() })?;
    if deposit.amount < least.amount {
        return Err(BidRejection::DepositTooSmall {
            deposit: deposit.amount,
            deposit_min: least.amount,
            denom: deposit.denom.clone(),
        });
    }
    Ok(())
}
