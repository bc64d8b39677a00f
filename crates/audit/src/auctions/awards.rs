//! Awards: who won, that nobody better stood, and that everybody else got the deposit back.

use undercut::Command;
use undercut_ledger::SignedLease;
use undercut_orderbook::AwardMode;
use undercut_primitives::{BidId, Coin, Contribution};

use super::{Auction, Auctions, in_time};
use crate::profiles::Profiles;
use crate::scene::{Checked, Scene, ensure, there};
use crate::{Check, Flaw};

impl Auctions {
    /// The winner is eligible, and the lowest that is; or the one that the tenant named.
    pub(crate) fn won(&mut self, id: &BidId, profiles: &Profiles, scene: &mut Scene) -> Checked {
        let order = id.order;
        let auction = there(self.auctions.get(&order), || format!("order {order}"))?;
        let due_at = auction.order.due_at;
        let is_matched = self.matched == Some(order) && !auction.is_awarded;
        ensure(is_matched, || Flaw::WrongTime { order, due_at })?;
        let held = there(auction.open.get(id), || format!("open bid {id}"))?;
        if let Some(why) = self.why_not(id, profiles) {
            return Err(Flaw::Ineligible { bid: *id, why }.into());
        }
        match auction.order.award {
            AwardMode::LowestPrice => {
                in_time(&auction.order, scene)?;
                let is_eligible = |bid: &BidId| self.why_not(bid, profiles).is_none();
                let best = Auction::best(&auction.open, is_eligible);
                if let Some((best, lower)) = best.filter(|(best, _)| best != id) {
                    let (price, best_price) = (held.price.clone(), lower.price.clone());
                    let winner = *id;
                    return Err(Flaw::NotLowest { order, winner, price, best, best_price }.into());
                }
            }
            AwardMode::TenantChooses => {
                let what = || format!("order {order} was awarded to {id}");
                let tenant = order.tenant().0;
                scene.must_ask(tenant, what, |asked| *asked == Command::CreateLease(*id))?;
            }
        }
        if let Some(bid) = self.awarding {
            return Err(Flaw::HalfAwarded { bid, missing: "the lease is not signed" }.into());
        }
        let auction = self.auction(id)?;
        auction.winner = auction.open.remove(id).map(|held| (*id, held));
        auction.is_awarded = true;
        self.forget_due(due_at, &order);
        (self.matched, self.awarding) = (None, Some(*id));
        scene.note(Check::Awards);
        Ok(())
    }

    pub(crate) fn lost(
        &mut self,
        id: &BidId,
        back: (&Coin, &[Contribution]),
        scene: &mut Scene,
    ) -> Checked {
        let is_lost = self.awarding.is_some_and(|winner| winner.order == id.order);
        ensure(is_lost, || Flaw::WronglyClosed { bid: *id, why: "nobody else won" })?;
        let held = self.auction(id)?.open.remove(id);
        let held = there(held, || format!("open bid {id}"))?;
        self.returned(id, &held, back, scene)
    }

    /// The lease is the winning bid's and the tenant's, to the word.
    pub(crate) fn lease_signed(&mut self, signed: &SignedLease, scene: &mut Scene) -> Checked {
        let terms = &signed.terms;
        let id = terms.id.0;
        let what = || format!("lease {}", terms.id);
        let is_won = self.awarding.take() == Some(id);
        ensure(is_won, || Flaw::NotAsked { what: format!("{} was signed", what()) })?;
        let deployment = there(self.deployment(&id.order.deployment()), what)?;
        let (version_hash, tenant) = (*deployment.0, *deployment.1);
        let auction = there(self.auctions.get(&id.order), what)?;
        if let Some(bid) = auction.open.keys().next() {
            return Err(Flaw::LostRefund { bid: *bid }.into());
        }
        let (_, held) = there(auction.winner.as_ref(), what)?;
        let take_rate_bps = scene.params.ledger.take_rate_bps(&held.price.denom);
        let fits = [
            ("price", terms.price == held.price),
            ("start", terms.starts_at == scene.height()),
            ("hash of the manifest", terms.version_hash == version_hash),
            ("reclamation window", terms.reclamation == held.reclamation),
            ("take rate", terms.take_rate_bps == take_rate_bps),
        ];
        if let Some((term, _)) = fits.into_iter().find(|(_, holds)| !holds) {
            return Err(Flaw::WrongTerm { what: what(), term }.into());
        }
        let chosen = scene.consent().filter(|_| auction.order.award == AwardMode::TenantChooses);
        let consents = signed.tenant == chosen.unwrap_or(tenant) && signed.provider == held.consent;
        ensure(consents, || Flaw::WrongConsent { what: what() })?;
        scene.note(Check::Terms);
        Ok(())
    }
}
