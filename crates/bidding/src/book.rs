//! [`BidBook`]: all bids, the open ones of each order by rank, and what makes admitting fast.

mod bids;
mod bundle;
mod open;
mod open_orders;
mod over;
mod restore;

pub use bundle::Bundle;
pub use open::OpenBids;

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use undercut_orderbook::{Group, Order, OrderBook, ReclamationParams};
use undercut_primitives::few::Recent;
use undercut_primitives::{
    BidId, BlockHeight, Coin, Consent, Contribution, KeptConsent, LeaseId, Misfit, OrderId,
    PricePerBlock, Provider, ResourceOffer, TimeSpan,
};

use self::bids::OrderBids;
use self::open_orders::OpenOrders;
use self::over::Over;
use crate::proofs::Proofs;
use crate::queues::Queues;
use crate::{
    Bid, BidClosedReason, BidEvent, BidParams, BidRejection, BidState, NewBid, ProviderProfile,
    TieBreak, eligibility, offer_covers,
};
use undercut_primitives::indexed::{Indexed, Providers};

/// The most open bids of one provider at a time. What a provider changes about itself is held
/// against each of them at once.
pub const OPEN_BIDS_MAX: usize = 1_024;

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
    /// Those with open bids, and others that may get some.
    orders: Indexed<OrderId, OrderBids>,
    over: Over,
    queues: Queues,
    /// The orders in which each provider has an open bid.
    providers: Providers<OpenOrders>,
    proofs: Proofs,
    /// Orders whose open bids changed in this block, but for those that got one more and have places
    /// left.
    changed: Vec<OrderId>,
    /// How many places an order has; 0 before that is known, when all that change are noted.
    places: usize,
    /// Offers of bids that came first for their orders.
    offers: Recent<[ResourceOffer]>,
}

impl BidBook {
    /// The bid `id`.
    #[must_use]
    pub fn bid(&self, id: &BidId) -> Option<Cow<'_, Bid>> {
        match self.orders.get(&id.order) {
            Some(bids) => bids.get(&id.provider).map(Cow::Borrowed),
            None => self.over.get(id, &self.providers).map(Cow::Owned),
        }
    }

    /// Where the bid `id` stands.
    #[must_use]
    pub fn state(&self, id: &BidId) -> Option<BidState> {
        match self.orders.get(&id.order) {
            Some(bids) => bids.get(&id.provider).map(|bid| bid.state),
            None => self.over.state(id, &self.providers),
        }
    }

    /// The provider's consent to a bid as it is kept, once its auction is over.
    #[must_use]
    pub fn consent(&self, id: &BidId) -> Option<&KeptConsent> {
        self.over.consent(id, &self.providers)
    }

    /// All bids by id. O(n log n).
    pub fn bids(&self) -> impl Iterator<Item = Cow<'_, Bid>> {
        let mut open = self.orders.iter_sorted().map(|(order, _)| *order).peekable();
        let mut over = self.over.orders().peekable();
        let orders = core::iter::from_fn(move || match (open.peek(), over.peek()) {
            (Some(one), Some(other)) if one < other => open.next(),
            (Some(_), None) => open.next(),
            _ => over.next(),
        });
        orders.flat_map(|order| self.bids_of(order))
    }

    /// The bids of an order in any state, by provider.
    pub fn bids_of(&self, order: OrderId) -> impl Iterator<Item = Cow<'_, Bid>> {
        // An order is either here or there.
        let open = self.orders.get(&order).into_iter().flat_map(OrderBids::iter);
        let over = self.over.of(order, &self.providers);
        open.map(Cow::Borrowed).chain(over.map(Cow::Owned))
    }

    /// The open bids of a provider, by order. O(n log n).
    pub fn open_of(&self, provider: &Provider) -> impl Iterator<Item = &Bid> {
        let handle = self.providers.find(provider);
        let open = handle.and_then(|handle| self.providers.row(handle));
        let orders =
            open.map(|(_, open)| open.sorted(|order| is_open(&self.orders, order, provider)));
        let provider = *provider;
        let orders = orders.into_iter().flatten();
        orders.filter_map(move |order| self.orders.get(&order)?.get(&provider))
    }

    /// The lease of an order whose winner serves. O(bids of the order).
    #[must_use]
    pub fn active(&self, order: &OrderId) -> Option<LeaseId> {
        let mut bids = self.bids_of(*order);
        bids.find(|bid| bid.state == BidState::Active).map(|bid| LeaseId(bid.id))
    }

    /// A bid that takes part in its auction.
    ///
    /// # Errors
    ///
    /// [`BidRejection::BidNotFound`] or [`BidRejection::BidNotOpen`].
    pub fn open_bid(&self, id: &BidId) -> Result<&Bid, BidRejection> {
        let bid = self.orders.get(&id.order).and_then(|bids| bids.get(&id.provider));
        match bid.filter(|bid| bid.state == BidState::Open) {
            Some(bid) => Ok(bid),
            None if bid.is_some() || self.state(id).is_some() => {
                Err(BidRejection::BidNotOpen { id: *id })
            }
            None => Err(BidRejection::BidNotFound { id: *id }),
        }
    }

    /// Admits a bid for an open order.
    ///
    /// When all places were taken as the block began, it has to be better than the worst bid of
    /// then; so which bids are admitted does not depend on their order within a block.
    /// [`BidBook::evict`] makes room at the end of the block.
    ///
    /// The caller has seen to it that the order is open, and to who pays the deposit. Checks in
    /// order: bidder, no bid yet, number of open bids, price against the ceiling, offer,
    /// eligibility, reclamation window, deposit, room.
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
        windows: &ReclamationParams,
    ) -> Result<BidEvent, BidRejection> {
        self.admit_beside(&BTreeSet::new(), (order, group), new, bidder, params, windows)
    }

    /// Admits a bid as if its provider had open bids for `others` as well.
    fn admit_beside(
        &self,
        others: &BTreeSet<OrderId>,
        (order, group): (&Order, &Group),
        new: &NewBid,
        bidder: BidOrigin<'_>,
        params: &BidParams,
        windows: &ReclamationParams,
    ) -> Result<BidEvent, BidRejection> {
        let provider = bidder.provider;
        let profile = check_bidder(order, bidder)?;
        let id = order.id.bid(provider);
        let known = self.orders.get(&order.id);
        let handle = self.may_have_one_more(others, known, &id)?;
        check_price(order, &new.price)?;
        // What equals an offer that was admitted covers the same group.
        let admitted = known.and_then(|known| known.offer.as_ref());
        let admitted = admitted.filter(|admitted| ***admitted == *new.offer);
        if admitted.is_none() {
            offer_covers(&group.spec, &new.offer)?;
        }
        if !handle.is_some_and(|handle| self.is_proven(known, group, handle)) {
            eligibility(&group.spec, profile)?;
        }
        check_reclamation(order, new.reclamation, windows)?;
        check_deposit(&new.deposit, params)?;
        let bid = Arc::new(Bid {
            id,
            price: new.price.clone(),
            tie: TieBreak::of(&order.entropy, &id),
            offer: admitted.cloned().unwrap_or_else(|| self.offers.find_or_make(&new.offer)),
            deposit: new.deposit.clone(),
            payers: payers(provider, new),
            reclamation: new.reclamation,
            consent: bidder.consent,
            placed_at: bidder.at,
            state: BidState::Open,
        });
        match known.and_then(|known| known.bar.as_deref()) {
            Some(worst) if *worst < bid.rank() => {
                Err(BidRejection::BookFull { bids_max: params.bids_max, worst: worst.price })
            }
            _ => Ok(BidEvent::BidPlaced(bid)),
        }
    }

    /// Whether the provider may have this bid too; says its handle, if it is known.
    fn may_have_one_more(
        &self,
        others: &BTreeSet<OrderId>,
        known: Option<&OrderBids>,
        id: &BidId,
    ) -> Result<Option<u32>, BidRejection> {
        let provider = id.provider;
        let before = match known {
            Some(known) => known.get(&provider).map(|bid| bid.state),
            None => self.over.state(id, &self.providers),
        };
        if others.contains(&id.order) || before.is_some_and(|state| !state.is_evicted()) {
            return Err(BidRejection::BidExists { id: *id });
        }
        let handle = self.providers.find(&provider);
        let open = handle.and_then(|handle| self.providers.row(handle));
        let open = open.map_or(0, |(_, open)| open.len());
        if open.saturating_add(others.len()) >= OPEN_BIDS_MAX {
            let open_max = OPEN_BIDS_MAX;
            return Err(BidRejection::TooManyOpenBids { provider, open_max });
        }
        Ok(handle)
    }

    /// Lowers the price of an open bid, up to the last block of its auction.
    ///
    /// # Errors
    ///
    /// [`BidRejection::BidNotFound`], [`BidRejection::BidNotOpen`], [`BidRejection::PriceZero`],
    /// [`BidRejection::WrongDenom`] or [`BidRejection::PriceNotLower`].
    pub fn reprice(
        &self,
        id: &BidId,
        price: &PricePerBlock,
        consent: Consent,
    ) -> Result<BidEvent, BidRejection> {
        let current = &self.open_bid(id)?.price;
        if price.value.is_zero() {
            return Err(BidRejection::PriceZero);
        }
        if price.denom != current.denom {
            let (denom, ceiling_denom) = (price.denom.clone(), current.denom.clone());
            return Err(BidRejection::WrongDenom { denom, ceiling_denom });
        }
        if price.value >= current.value {
            let (price, denom) = (price.value, price.denom.clone());
            return Err(BidRejection::PriceNotLower { price, current: current.value, denom });
        }
        Ok(BidEvent::BidRepriced { id: *id, price: price.clone(), consent })
    }

    /// Closes the worst open bids beyond the places of each order that changed in this block, by
    /// order, the worst first (beats W7).
    #[must_use]
    pub fn evict(&self, params: &BidParams) -> Vec<BidEvent> {
        let places = usize::try_from(params.bids_max).unwrap_or(usize::MAX);
        let mut events = Vec::new();
        let mut changed: Vec<&OrderId> = self.changed.iter().collect();
        changed.sort_unstable();
        changed.dedup();
        for open in changed.into_iter().filter_map(|order| self.queue(order)) {
            if open.len() > places {
                let beyond = open.ranks().into_iter().skip(places).rev();
                let beyond = beyond.filter_map(|rank| self.open_bid(&rank.id).ok());
                events.extend(beyond.map(|bid| closed(bid, BidClosedReason::Evicted)));
            }
        }
        events
    }

    /// Begins a block: notes the worst bid of every order whose places are all taken, and keeps the
    /// bids of orders that were over since the block before in less memory.
    ///
    /// `orders` has the orders, and `held` gives the consent to a bid that won as others keep it. Both
    /// decide about nothing but memory.
    pub fn begin_block<'a>(
        &mut self,
        params: &BidParams,
        orders: &OrderBook,
        held: impl Fn(&BidId) -> Option<&'a KeptConsent>,
    ) {
        let places = usize::try_from(params.bids_max).unwrap_or(usize::MAX);
        self.places = places;
        let mut changed = core::mem::take(&mut self.changed);
        for order in changed.drain(..) {
            let full = self.queue(&order).filter(|open| open.len() >= places);
            let bar = full.and_then(|open| open.worst()).map(Box::new);
            let Some(bids) = self.orders.get_mut(&order) else { continue };
            (bids.bar, bids.is_changed) = (bar, false);
            if bids.is_over() {
                self.pack(&order, orders, &held);
            }
        }
        self.changed = changed;
    }

    /// Looks at every order with open bids again in this block, because the number of places has
    /// changed. O(orders that ever had bids).
    pub fn change_places(&mut self) {
        self.places = 0;
        for (order, bids) in self.orders.iter_mut().filter(|(_, bids)| bids.queue.is_some()) {
            note_change(*order, bids, &mut self.changed);
        }
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
        let lost = |bid: Cow<'_, Bid>| BidEvent::BidLost {
            id: bid.id,
            refund: bid.deposit.clone(),
            payers: bid.payers.clone(),
        };
        events.extend(losers.map(lost));
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
        if params.binds(order, at) {
            return Err(BidRejection::Binding { id: *id, at, binding, due_at });
        }
        Ok(closed(bid, BidClosedReason::Withdrawn))
    }

    /// Closes an open bid whose provider is not what its order asks for any more.
    ///
    /// # Errors
    ///
    /// [`BidRejection::BidNotFound`] or [`BidRejection::BidNotOpen`].
    pub fn drop_ineligible(&self, id: &BidId) -> Result<BidEvent, BidRejection> {
        Ok(closed(self.open_bid(id)?, BidClosedReason::NoLongerEligible))
    }

    /// Closes what is left of an order: open bids, and the active one when its lease ended.
    #[must_use]
    pub fn close_order(&self, order: &OrderId) -> Vec<BidEvent> {
        let close = |bid: Cow<'_, Bid>| match bid.state {
            BidState::Open => Some(closed(&bid, BidClosedReason::OrderClosed)),
            BidState::Active => Some(closed(&bid, BidClosedReason::LeaseEnded)),
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
            BidEvent::BidPlaced(bid) => self.place(bid, || None),
            BidEvent::BidRepriced { id, price, consent } => self.apply_price(id, price, *consent),
            BidEvent::BidWon(id) => self.leave_open(id, BidState::Active),
            BidEvent::BidLost { id, .. } => self.leave_open(id, BidState::Lost),
            BidEvent::BidClosed { id, reason, .. } => {
                self.leave_open(id, BidState::Closed(*reason))
            }
        }
    }

    fn apply_price(
        &mut self,
        id: &BidId,
        price: &PricePerBlock,
        consent: Consent,
    ) -> Result<(), Misfit> {
        let missing = Misfit::new("no such open bid");
        let bids = self.orders.get_mut(&id.order).ok_or(missing)?;
        let bid = bids.get_mut(&id.provider).filter(|bid| bid.state == BidState::Open);
        let bid = bid.ok_or(missing)?;
        bid.price = price.clone();
        bid.consent = consent;
        let rank = bid.rank();
        note_change(id.order, bids, &mut self.changed);
        if self.rank_anew(&rank) { Ok(()) } else { Err(Misfit::new("the bid is not in its queue")) }
    }

    fn leave_open(&mut self, id: &BidId, state: BidState) -> Result<(), Misfit> {
        let Some(bids) = self.orders.get_mut(&id.order) else {
            return self.over.set_state(id, state, &self.providers);
        };
        let bid = bids.get_mut(&id.provider).ok_or(Misfit::new("no such bid"))?;
        match (bid.state, state) {
            (BidState::Open, _) | (BidState::Active, BidState::Closed(_)) => {}
            (BidState::Active | BidState::Lost | BidState::Closed(_), _) => {
                return Err(Misfit::new("the bid is past this step"));
            }
        }
        let was_open = core::mem::replace(&mut bid.state, state) == BidState::Open;
        note_change(id.order, bids, &mut self.changed);
        if was_open {
            self.dequeue(id);
        }
        Ok(())
    }
}

/// Whether the provider has an open bid for the order.
fn is_open(orders: &Indexed<OrderId, OrderBids>, order: &OrderId, provider: &Provider) -> bool {
    let bid = orders.get(order).and_then(|bids| bids.get(provider));
    bid.is_some_and(|bid| bid.state == BidState::Open)
}

/// Notes that the open bids of an order changed.
fn note_change(order: OrderId, bids: &mut OrderBids, changed: &mut Vec<OrderId>) {
    if !core::mem::replace(&mut bids.is_changed, true) {
        changed.push(order);
    }
}

fn closed(bid: &Bid, reason: BidClosedReason) -> BidEvent {
    let (refund, payers) = (bid.deposit.clone(), bid.payers.clone());
    BidEvent::BidClosed { id: bid.id, reason, refund, payers }
}

/// The bidder's profile, if it may bid for the order at all.
pub(crate) fn check_bidder<'a>(
    order: &Order,
    bidder: BidOrigin<'a>,
) -> Result<&'a ProviderProfile, BidRejection> {
    let provider = bidder.provider;
    if order.id.tenant().0 == provider.0 {
        return Err(BidRejection::OwnOrder { order: order.id });
    }
    bidder.profile.ok_or(BidRejection::UnknownProvider { provider })
}

/// Who pays a bid's deposit: those whom it names, or its provider.
fn payers(provider: Provider, new: &NewBid) -> Vec<Contribution> {
    if new.payers.is_empty() {
        return vec![Contribution { payer: provider.0, amount: new.deposit.amount }];
    }
    new.payers.clone()
}

/// Source: `chain.md` 2.3, MsgCreateBid, checks 13 and 14.
pub(crate) fn check_reclamation(
    order: &Order,
    offered: Option<TimeSpan>,
    windows: &ReclamationParams,
) -> Result<(), BidRejection> {
    if let Some(window_min) = order.reclamation {
        let window = offered.ok_or(BidRejection::ReclamationMissing { window_min })?;
        if window < window_min {
            return Err(BidRejection::ReclamationTooShort { window, window_min });
        }
    }
    match offered.filter(|window| !windows.allows(*window)) {
        Some(window) => {
            let ReclamationParams { window_min, window_max } = *windows;
            Err(BidRejection::ReclamationWindow { window, window_min, window_max })
        }
        None => Ok(()),
    }
}

pub(crate) fn check_price(order: &Order, price: &PricePerBlock) -> Result<(), BidRejection> {
    let ceiling = &order.ceiling;
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

pub(crate) fn check_deposit(deposit: &Coin, params: &BidParams) -> Result<(), BidRejection> {
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
