//! [`Bids`]: all bids by id, each without what others say too.
//!
//! Most bids offer exactly what is asked, with the least deposit, paid by the provider itself. So
//! what a bid has in common with others is held once, and the rest takes 96 bytes and a consent.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use undercut_primitives::few::Recent;
use undercut_primitives::packed::PackedBid;
use undercut_primitives::{
    Address, BidId, BlockHeight, Coin, Consent, Contribution, Decimal, Denom, KeptConsent, OrderId,
    PricePerBlock, Provider, ResourceOffer, Signers, TimeSpan,
};

use crate::{Bid, BidState, Rank, TieBreak};

/// All bids by id. What is asked for is made when it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bids {
    kept: BTreeMap<PackedBid, Box<Kept>>,
    signers: Signers,
    terms: Recent<Terms>,
}

#[derive(Clone, Debug)]
struct Kept {
    /// In the denom of the terms.
    price: Decimal,
    tie: TieBreak,
    terms: Arc<Terms>,
    consent: KeptConsent,
    placed_at: BlockHeight,
    state: BidState,
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
}

impl PartialEq for Terms {
    fn eq(&self, other: &Self) -> bool {
        let rest = |terms: &Self| (terms.denom.clone(), terms.deposit.clone(), terms.reclamation);
        rest(self) == rest(other)
            && self.payers == other.payers
            && (Arc::ptr_eq(&self.offer, &other.offer) || self.offer == other.offer)
    }
}

impl Terms {
    fn of(bid: &Bid) -> Self {
        let own = Contribution { payer: bid.id.provider.0, amount: bid.deposit.amount };
        let is_own = bid.payers == [own];
        Self {
            offer: Arc::clone(&bid.offer),
            denom: bid.price.denom.clone(),
            deposit: bid.deposit.clone(),
            payers: (!is_own).then(|| bid.payers.clone()),
            reclamation: bid.reclamation,
        }
    }
}

impl Kept {
    fn get(&self, id: BidId) -> Bid {
        let Self { price, tie, ref terms, ref consent, placed_at, state } = *self;
        let Terms { offer, denom, deposit, payers, reclamation } = &**terms;
        let own = || vec![Contribution { payer: id.provider.0, amount: deposit.amount }];
        Bid {
            id,
            price: PricePerBlock::new(denom.clone(), price),
            tie,
            offer: Arc::clone(offer),
            deposit: deposit.clone(),
            payers: payers.clone().unwrap_or_else(own),
            reclamation: *reclamation,
            consent: consent.get(),
            placed_at,
            state,
        }
    }
}

impl Bids {
    /// The whole bid.
    pub(crate) fn get(&self, id: &BidId) -> Option<Bid> {
        self.find(id).map(|kept| kept.get(*id))
    }

    /// Where a bid stands.
    pub(crate) fn state(&self, id: &BidId) -> Option<BidState> {
        self.find(id).map(|kept| kept.state)
    }

    /// What decides between a bid and others of the same price.
    pub(crate) fn tie(&self, id: &BidId) -> Option<TieBreak> {
        self.find(id).map(|kept| kept.tie)
    }

    /// Where a bid stands among the bids of its order.
    pub(crate) fn rank(&self, id: &BidId) -> Option<Rank> {
        self.find(id).map(|kept| Rank { price: kept.price, tie: kept.tie, id: *id })
    }

    /// The consent to a bid, as it is kept.
    pub(crate) fn consent(&self, id: &BidId) -> Option<&KeptConsent> {
        self.find(id).map(|kept| &kept.consent)
    }

    /// All bids by id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Bid> {
        self.kept.iter().map(|(id, kept)| kept.get((*id).into()))
    }

    /// The bids of an order by provider: what they are called, and where they stand.
    pub(crate) fn states_of(&self, order: OrderId) -> impl Iterator<Item = (BidId, BidState)> {
        self.range(order).map(|(id, kept)| (id, kept.state))
    }

    /// The bids of an order by provider.
    pub(crate) fn of(&self, order: OrderId) -> impl Iterator<Item = Bid> {
        self.range(order).map(|(id, kept)| kept.get(id))
    }

    /// The offer, as another bid has it that came lately, or that is for the same order.
    pub(crate) fn shared_offer(
        &self,
        order: &OrderId,
        offer: &[ResourceOffer],
    ) -> Arc<[ResourceOffer]> {
        let of_order = self.range(*order).next().map(|(_, kept)| &*kept.terms);
        let others = of_order.into_iter().chain(self.terms.iter()).map(|terms| &terms.offer);
        let same = others.into_iter().find(|other| ***other == *offer);
        same.map_or_else(|| offer.into(), Arc::clone)
    }

    /// Keeps a bid. Returns where the one stood that it replaces.
    pub(crate) fn insert(&mut self, bid: &Bid) -> Option<BidState> {
        let (terms, consent) = (Terms::of(bid), self.signers.keep(&bid.consent));
        let terms = self.terms.share(&terms);
        let Bid { id, tie, placed_at, state, .. } = *bid;
        let kept = Kept { price: bid.price.value, tie, terms, consent, placed_at, state };
        self.kept.insert(id.into(), Box::new(kept)).map(|old| old.state)
    }

    /// Says anew where a bid stands.
    pub(crate) fn set_state(&mut self, id: &BidId, state: BidState) {
        self.kept.get_mut(&(*id).into()).into_iter().for_each(|kept| kept.state = state);
    }

    /// Says anew what a bid asks, and returns its rank then.
    pub(crate) fn reprice(
        &mut self,
        id: &BidId,
        price: &PricePerBlock,
        consent: &Consent,
    ) -> Option<Rank> {
        let kept = self.kept.get_mut(&(*id).into())?;
        if kept.terms.denom != price.denom {
            let denom = price.denom.clone();
            kept.terms = Arc::new(Terms { denom, ..(*kept.terms).clone() });
        }
        (kept.price, kept.consent) = (price.value, self.signers.keep(consent));
        Some(Rank { price: kept.price, tie: kept.tie, id: *id })
    }

    fn find(&self, id: &BidId) -> Option<&Kept> {
        self.kept.get(&(*id).into()).map(Box::as_ref)
    }

    fn range(&self, order: OrderId) -> impl Iterator<Item = (BidId, &Kept)> {
        let [first, last] = [Address::FIRST, Address::LAST].map(|end| order.bid(Provider(end)));
        let range = self.kept.range(PackedBid::from(first)..=PackedBid::from(last));
        range.map(|(id, kept)| ((*id).into(), &**kept))
    }
}
