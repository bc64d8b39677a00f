//! Bids: placed, lowered, closed, each as its provider signed it.

use undercut::{BUNDLE_BIDS_MAX, Command};
use undercut_bidding::{
    Bid, BidClosedReason, BidState, NewBid, TieBreak, eligibility, offer_covers,
};
use undercut_orderbook::Order;
use undercut_primitives::{BidId, Coin, Consent, Contribution, LeaseId, PricePerBlock};

use super::{Auction, Auctions, Held};
use crate::profiles::Profiles;
use crate::scene::{Checked, Scene, ensure, there};
use crate::{Check, Flaw};

impl Auctions {
    /// Why a bidder may not win, if so; asks the eligibility rules of the bidding crate.
    pub(super) fn why_not(&self, id: &BidId, profiles: &Profiles) -> Option<String> {
        let group = self.groups.get(&id.order.group);
        let Some((group, profile)) = group.zip(profiles.get(&id.provider)) else {
            return Some("its provider is not registered".into());
        };
        eligibility(&group.spec, profile).err().map(|why| why.to_string())
    }

    pub(crate) fn placed(&mut self, bid: &Bid, profiles: &Profiles, scene: &mut Scene) -> Checked {
        let (id, what) = (bid.id, || format!("bid {}", bid.id));
        let auction = there(self.auctions.get(&id.order), || format!("order {}", id.order))?;
        let stands = auction.open.contains_key(&id) || auction.is_awarded;
        let is_open = !stands && id.provider.0 != id.order.tenant().0;
        ensure(is_open, || Flaw::NotAsked { what: what() })?;
        is_as_signed(bid, scene)?;
        ensure(scene.consent() == Some(bid.consent), || Flaw::WrongConsent { what: what() })?;
        let is_new = bid.placed_at == scene.height() && bid.state == BidState::Open;
        ensure(is_new, || Flaw::WrongTerm { what: what(), term: "block or state" })?;
        scene.note(Check::Terms);
        check_price(id, &bid.price, &auction.order)?;
        let tie = TieBreak::of(&auction.order.entropy, &id);
        ensure(bid.tie == tie, || Flaw::WrongTie { bid: id })?;
        let group = there(self.groups.get(&id.order.group), what)?;
        let covers = offer_covers(&group.spec, &bid.offer).err().map(|why| why.to_string());
        if let Some(why) = covers.or_else(|| self.why_not(&id, profiles)) {
            return Err(Flaw::Ineligible { bid: id, why }.into());
        }
        let least = scene.params.bid.deposits_min.iter();
        let mut least = least.filter(|least| least.denom == bid.deposit.denom);
        let pays = least.any(|least| bid.deposit.amount >= least.amount);
        ensure(pays, || Flaw::WrongTerm { what: what(), term: "deposit" })?;
        scene.note(Check::Bids);
        let held = Held {
            price: bid.price.clone(),
            tie,
            deposit: bid.deposit.clone(),
            payers: bid.payers.clone(),
            reclamation: bid.reclamation,
            consent: bid.consent,
        };
        let sum = self.held.entry(bid.deposit.denom.clone()).or_default();
        *sum = sum.saturating_add(bid.deposit.amount.to_micro());
        self.auction(&id)?.open.insert(id, held);
        Ok(())
    }

    pub(crate) fn repriced(
        &mut self,
        id: &BidId,
        price: &PricePerBlock,
        consent: &Consent,
        scene: &mut Scene,
    ) -> Checked {
        let what = || format!("bid {id} went to {price}");
        scene.must_ask(id.provider.0, what, |command| match command {
            Command::RepriceBid { bid, price: asked } => (bid, asked) == (id, price),
            _ => false,
        })?;
        let is_its = scene.consent() == Some(*consent);
        ensure(is_its, || Flaw::WrongConsent { what: format!("bid {id}") })?;
        let auction = self.auction(id)?;
        check_price(*id, price, &auction.order)?;
        let held = there(auction.open.get_mut(id), || format!("bid {id}"))?;
        let (bid, before) = (*id, held.price.clone());
        let falls = price.value < before.value;
        ensure(falls, || Flaw::PriceNotLower { bid, before, price: price.clone() })?;
        (held.price, held.consent) = (price.clone(), *consent);
        scene.note(Check::Bids);
        Ok(())
    }

    pub(crate) fn closed(
        &mut self,
        id: &BidId,
        reason: BidClosedReason,
        back: (&Coin, &[Contribution]),
        profiles: &Profiles,
        scene: &mut Scene,
    ) -> Checked {
        if reason == BidClosedReason::LeaseEnded {
            return self.lease_bid_closed(id, back, scene);
        }
        let why_not = self.why_not(id, profiles);
        let auction = self.auction(id)?;
        let is_bound = is_bound(&auction.order, scene);
        let held = there(auction.open.remove(id), || format!("open bid {id}"))?;
        let refused = |why| Err(Flaw::WronglyClosed { bid: *id, why }.into());
        let leaves = |command: &Command| *command == Command::DeregisterProvider;
        match reason {
            BidClosedReason::Withdrawn => {
                let what = || format!("bid {id} was taken back");
                let provider = id.provider.0;
                scene.must_ask(provider, what, |asked| *asked == Command::CloseBid(*id))?;
                if is_bound {
                    return refused("it was binding");
                }
            }
            BidClosedReason::Evicted => {
                let places = usize::try_from(scene.params.bid.bids_max).unwrap_or(usize::MAX);
                let is_better = |(other, it): &(&BidId, &Held)| it.rank(**other) < held.rank(*id);
                if auction.open.iter().filter(is_better).count() < places {
                    return refused("fewer better bids stand than there are places");
                }
            }
            BidClosedReason::NoLongerEligible => {
                if why_not.is_none() && !scene.asks(id.provider.0, leaves) {
                    return refused("its provider is eligible");
                }
            }
            BidClosedReason::OrderClosed => {
                auction.closing.insert(*id, held.clone());
            }
            BidClosedReason::LeaseEnded => {}
        }
        scene.note(Check::Bids);
        self.returned(id, &held, back, scene)
    }

    /// The deposit of a lease's bid comes back with the lease's end.
    fn lease_bid_closed(
        &mut self,
        id: &BidId,
        back: (&Coin, &[Contribution]),
        scene: &mut Scene,
    ) -> Checked {
        let is_over = self.ended.remove(&LeaseId(*id));
        ensure(is_over, || Flaw::WronglyClosed { bid: *id, why: "its lease runs" })?;
        let winner = self.auction(id)?.winner.take().filter(|(winner, _)| winner == id);
        let (_, held) = there(winner, || format!("the lease of bid {id}"))?;
        self.returned(id, &held, back, scene)
    }

    /// A deposit came back: whole, to who paid it.
    pub(super) fn returned(
        &mut self,
        id: &BidId,
        held: &Held,
        (refund, payers): (&Coin, &[Contribution]),
        scene: &mut Scene,
    ) -> Checked {
        let is_whole = (&held.deposit, &held.payers[..]) == (refund, payers);
        ensure(is_whole, || Flaw::WrongRefund { bid: *id })?;
        let sum = self.held.entry(refund.denom.clone()).or_default();
        *sum = sum.saturating_sub(refund.amount.to_micro());
        scene.note(Check::BidDeposits);
        Ok(())
    }

    pub(super) fn auction(&mut self, id: &BidId) -> Result<&mut Auction, Box<Flaw>> {
        there(self.auctions.get_mut(&id.order), || format!("order {}", id.order))
    }
}

/// Whether the bids of an order cannot be taken back now.
fn is_bound(order: &Order, scene: &Scene) -> bool {
    let left = order.due_at.to_u64().saturating_sub(scene.height().to_u64());
    left < scene.params.bid.binding.to_blocks()
}

fn check_price(bid: BidId, price: &PricePerBlock, order: &Order) -> Checked {
    let ceiling = &order.ceiling;
    let is_price = !price.value.is_zero() && price.denom == ceiling.denom;
    let what = || format!("bid {bid}");
    ensure(is_price, || Flaw::WrongTerm { what: what(), term: "price or its denom" })?;
    ensure(price.value <= ceiling.value, || Flaw::AboveCeiling {
        bid,
        price: price.clone(),
        ceiling: ceiling.clone(),
    })
}

/// Whether a bid says what its provider signed.
fn is_as_signed(bid: &Bid, scene: &Scene) -> Checked {
    let own = [Contribution { payer: bid.id.provider.0, amount: bid.deposit.amount }];
    let is_it = |new: &NewBid| {
        let payers = if new.payers.is_empty() { &own[..] } else { &new.payers };
        new.order == bid.id.order
            && new.price == bid.price
            && *new.offer == *bid.offer
            && new.deposit == bid.deposit
            && payers == bid.payers
            && new.reclamation == bid.reclamation
    };
    let what = || format!("bid {} was placed like this", bid.id);
    scene.must_ask(bid.id.provider.0, what, |command| match command {
        Command::CreateBid(new) => is_it(new),
        // Each in its turn, so none is left out and none comes twice.
        Command::CreateBids(all) if all.len() <= BUNDLE_BIDS_MAX => {
            scene.next_of(all).is_some_and(is_it)
        }
        _ => false,
    })
}
