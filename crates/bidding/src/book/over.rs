//! [`Over`]: the bids of orders whose auction is over, each without what others say too.
//!
//! A bid that takes part in its auction is at hand as it came, shared with its record. Afterwards it is
//! seldom asked for, but there are as many as leases. So what it has in common with others is held once,
//! and the rest takes 48 bytes and a consent; what is asked for is made from that.

use alloc::sync::Arc;
use alloc::vec::Vec;

use undercut_primitives::few::{Few, Recent};
use undercut_primitives::packed::PackedOrder;
use undercut_primitives::paged::Paged;
use undercut_primitives::{
    BidId, BlockHeight, Coin, Contribution, Decimal, Denom, Digest, KeptConsent, Misfit, OrderId,
    PricePerBlock, Provider, ResourceOffer, Signers, TimeSpan,
};

use super::bids::OrderBids;
use crate::{Bid, BidState, TieBreak};
use undercut_primitives::indexed::Providers;

/// Bids by order and provider. None of them is open.
#[derive(Clone, Debug, Default)]
pub(super) struct Over {
    orders: Paged<PackedOrder, Few<Kept>>,
    signers: Signers,
    terms: Recent<Terms>,
}

#[derive(Clone, Debug)]
struct Kept {
    /// Atoms in the denom of the terms, as bytes: without a number's gaps.
    price: [u8; 16],
    /// Its handle.
    provider: u32,
    state: BidState,
    placed_at: BlockHeight,
    terms: Arc<Terms>,
    consent: KeptConsent,
}

/// What a bid has in common with others.
#[derive(Clone, Debug)]
struct Terms {
    offer: Arc<[ResourceOffer]>,
    /// Of the price.
    denom: Denom,
    deposit: Coin,
    /// `None`: the provider paid it all.
    payers: Option<Vec<Contribution>>,
    reclamation: Option<TimeSpan>,
    tie: Tie,
}

/// Where a tie-break comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tie {
    /// The entropy of the order, as it has to be.
    Entropy(Digest),
    /// A log that others made up, or an order that is not known.
    Given(TieBreak),
}

impl PartialEq for Terms {
    fn eq(&self, other: &Self) -> bool {
        self.tie == other.tie
            && self.deposit == other.deposit
            && self.denom == other.denom
            && self.reclamation == other.reclamation
            && self.payers == other.payers
            && (Arc::ptr_eq(&self.offer, &other.offer) || self.offer == other.offer)
    }
}

impl Terms {
    fn of(bid: &Bid, entropy: Option<&Digest>) -> Self {
        let entropy = entropy.filter(|entropy| TieBreak::of(entropy, &bid.id) == bid.tie);
        let is_own = bid.payers == own_payers(bid.id.provider, &bid.deposit);
        Self {
            offer: Arc::clone(&bid.offer),
            denom: bid.price.denom.clone(),
            deposit: bid.deposit.clone(),
            payers: (!is_own).then(|| bid.payers.clone()),
            reclamation: bid.reclamation,
            tie: entropy.map_or(Tie::Given(bid.tie), |entropy| Tie::Entropy(*entropy)),
        }
    }
}

fn own_payers(provider: Provider, deposit: &Coin) -> [Contribution; 1] {
    [Contribution { payer: provider.0, amount: deposit.amount }]
}

impl Kept {
    fn get(&self, id: BidId) -> Bid {
        let Terms { offer, denom, deposit, payers, reclamation, tie } = &*self.terms;
        let own = || Vec::from(own_payers(id.provider, deposit));
        let price = Decimal::from_atoms(u128::from_le_bytes(self.price));
        Bid {
            id,
            price: PricePerBlock::new(denom.clone(), price),
            tie: match tie {
                Tie::Entropy(entropy) => TieBreak::of(entropy, &id),
                Tie::Given(tie) => *tie,
            },
            offer: Arc::clone(offer),
            deposit: deposit.clone(),
            payers: payers.clone().unwrap_or_else(own),
            reclamation: *reclamation,
            consent: self.consent.get(),
            placed_at: self.placed_at,
            state: self.state,
        }
    }
}

impl BidState {
    /// Whether a bid comes to stand so only by the end of its auction.
    pub(super) const fn ends_auction(self) -> bool {
        use crate::BidClosedReason::{
            Evicted, LeaseEnded, NoLongerEligible, OrderClosed, Withdrawn,
        };
        match self {
            Self::Active | Self::Lost | Self::Closed(OrderClosed | LeaseEnded) => true,
            Self::Open | Self::Closed(Withdrawn | Evicted | NoLongerEligible) => false,
        }
    }
}

impl Over {
    /// Where a bid stands.
    pub(super) fn state<T: Default>(&self, id: &BidId, names: &Providers<T>) -> Option<BidState> {
        self.find(id, names).map(|kept| kept.state)
    }

    /// The whole bid.
    pub(super) fn get<T: Default>(&self, id: &BidId, names: &Providers<T>) -> Option<Bid> {
        self.find(id, names).map(|kept| kept.get(*id))
    }

    /// The consent to a bid, as it is kept.
    pub(super) fn consent<T: Default>(
        &self,
        id: &BidId,
        names: &Providers<T>,
    ) -> Option<&KeptConsent> {
        self.find(id, names).map(|kept| &kept.consent)
    }

    /// All orders.
    pub(super) fn orders(&self) -> impl Iterator<Item = OrderId> {
        self.orders.iter().map(|(order, _)| (*order).into())
    }

    /// The bids of an order by provider.
    pub(super) fn of<T: Default>(
        &self,
        order: OrderId,
        names: &Providers<T>,
    ) -> impl Iterator<Item = Bid> {
        let kept = self.orders.get(&order.into()).map_or(&[][..], Few::as_slice);
        kept.iter().map(move |kept| kept.get(order.bid(names.address(kept.provider))))
    }

    /// Keeps the bids of an order from now on. From its entropy, where that is known, ties are broken
    /// anew. The consent of a winner is shared with the one that is `held`, where it is the same.
    pub(super) fn keep<'a, T: Default>(
        &mut self,
        order: OrderId,
        bids: &OrderBids,
        entropy: Option<&Digest>,
        names: &mut Providers<T>,
        held: impl Fn(&BidId) -> Option<&'a KeptConsent>,
    ) {
        let mut few = Few::new();
        for bid in bids.iter() {
            let held = (bid.state == BidState::Active).then(|| held(&bid.id)).flatten();
            few.push(self.packed(bid, entropy, names.add(bid.id.provider), held));
        }
        self.orders.insert(order.into(), few);
    }

    fn packed(
        &mut self,
        bid: &Bid,
        entropy: Option<&Digest>,
        provider: u32,
        held: Option<&KeptConsent>,
    ) -> Kept {
        let Bid { placed_at, state, .. } = *bid;
        let terms = self.terms.share(&Terms::of(bid, entropy));
        let held = held.filter(|held| held.is(&bid.consent));
        let consent = held.cloned().unwrap_or_else(|| self.signers.keep(&bid.consent));
        let price = bid.price.value.to_atoms().to_le_bytes();
        Kept { price, provider, state, placed_at, terms, consent }
    }

    /// Gives back the bids of an order, and keeps them no more.
    pub(super) fn take<T: Default>(&mut self, order: &OrderId, names: &Providers<T>) -> OrderBids {
        let mut bids = OrderBids::default();
        let kept = self.orders.remove(&(*order).into()).unwrap_or_default();
        for kept in kept.as_slice() {
            bids.insert(kept.get(order.bid(names.address(kept.provider))).into());
        }
        bids
    }

    /// Closes a bid that won.
    pub(super) fn set_state<T: Default>(
        &mut self,
        id: &BidId,
        state: BidState,
        names: &Providers<T>,
    ) -> Result<(), Misfit> {
        let kept = self.orders.get_mut(&id.order.into()).map_or(&mut [][..], Few::as_mut_slice);
        let place = place(kept, &id.provider, names);
        let kept = place.and_then(|at| kept.get_mut(at)).ok_or(Misfit::new("no such bid"))?;
        match (kept.state, state) {
            (BidState::Active, BidState::Closed(_)) => kept.state = state,
            _ => return Err(Misfit::new("the bid is past this step")),
        }
        Ok(())
    }

    fn find<T: Default>(&self, id: &BidId, names: &Providers<T>) -> Option<&Kept> {
        let kept = self.orders.get(&id.order.into())?.as_slice();
        kept.get(place(kept, &id.provider, names)?)
    }
}

/// Bids of one order are by the address of their provider.
fn place<T: Default>(kept: &[Kept], provider: &Provider, names: &Providers<T>) -> Option<usize> {
    kept.binary_search_by(|kept| names.address(kept.provider).cmp(provider)).ok()
}

#[cfg(test)]
mod tests;
