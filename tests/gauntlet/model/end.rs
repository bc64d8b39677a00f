//! What the end of a block does in the model: awards, ends of money and grace, burns, ends of words.

use undercut_ledger::bank::vault_address;
use undercut_ledger::bme::MintStatus;
use undercut_ledger::bme::plain::PlainDone;
use undercut_primitives::{BidId, DeploymentId, LeaseId, OrderId};

use super::{ATOMS, Bid, BidIs, Cause, Deployment, GroupIs, Model, Money, Pause};

impl Model {
    /// The block ends.
    pub(crate) fn end(&mut self) {
        self.evict();
        let due = self.orders().filter(|order| order.lease.is_none());
        let mut due: Vec<OrderId> =
            due.filter(|order| order.due_at == self.height).map(|order| order.id).collect();
        due.sort_unstable();
        for order in due {
            self.end_auction(&order);
        }
        let is_due = |account: &Deployment| {
            account.paused.map_or(account.money_ends(), |pause| pause.until == self.height)
        };
        let due = self.deployments.iter().filter(|(_, account)| is_due(account));
        for id in due.map(|(id, _)| *id).collect::<Vec<DeploymentId>>() {
            self.end_money(&id);
        }
        self.burn_all();
        let height = self.height;
        for profile in self.providers.values_mut() {
            profile.audits.retain(|_, (_, last)| *last != Some(height));
        }
    }

    fn end_auction(&mut self, id: &OrderId) {
        let (mut has_dropped, mut is_waiting) = (false, false);
        if !self.deployments[&id.deployment()].chooses {
            while let Some(best) = self.best(id) {
                if !self.is_eligible(&best) {
                    self.drop_bid(&best, BidIs::Over);
                    has_dropped = true;
                } else if self.affords(&best) {
                    return self.award(&best);
                } else {
                    is_waiting = self.deployments[&id.deployment()].paused.is_some();
                    has_dropped = false;
                    break;
                }
            }
        }
        self.close_order(id);
        if is_waiting {
            self.group_mut(&id.group).is = GroupIs::Paused;
        } else if has_dropped {
            // Nobody ends a group by bids that are none.
            let is_taken = self.fits_group(&self.group(&id.group).expect("it lives").spec).is_ok();
            self.group_mut(&id.group).is = if is_taken { GroupIs::Open } else { GroupIs::Paused };
            if is_taken {
                self.list(&id.group);
            }
        }
        let is_over = |account: &Deployment| account.groups.iter().all(|g| g.is == GroupIs::Closed);
        if is_over(&self.deployments[&id.deployment()]) {
            self.close_deployment(&id.deployment(), Cause::Tenant);
        }
    }

    /// The worst bids beyond the places of their orders go.
    fn evict(&mut self) {
        let places = self.params.bid.bids_max as usize;
        let mut gone = Vec::new();
        for order in self.orders() {
            let mut open: Vec<&Bid> = order.bids.iter().filter(|b| b.is == BidIs::Open).collect();
            open.sort_by_key(|bid| (bid.price, bid.tie));
            gone.extend(open.iter().skip(places).map(|bid| order.id.bid(bid.provider)));
        }
        for bid in gone {
            self.drop_bid(&bid, BidIs::Evicted);
        }
    }

    /// The open bid with the lowest price; between equals the one with the lower digest.
    pub(crate) fn best(&self, id: &OrderId) -> Option<BidId> {
        let mut bids: Vec<_> =
            self.order(id)?.bids.iter().filter(|bid| bid.is == BidIs::Open).collect();
        bids.sort_by_key(|bid| (bid.price, bid.tie));
        bids.first().map(|bid| id.bid(bid.provider))
    }

    /// Whether the account pays, and can pay one block of everything with this bid's lease.
    pub(super) fn affords(&self, id: &BidId) -> bool {
        let account = &self.deployments[&id.order.deployment()];
        let price = self.open_bid(id).expect("the bid is open").price;
        let cost = account.next_block() + price / ATOMS;
        account.paused.is_none() && cost <= account.balance(Money::Act)
    }

    /// The money or the grace of an account ends: a block in uakt, a pause, or the end.
    fn end_money(&mut self, id: &DeploymentId) {
        let account = &self.deployments[id];
        let grace = account.grace;
        if account.paused.is_none() {
            let price = self.price().filter(|_| self.status() >= MintStatus::HaltCollateral);
            if price.is_some_and(|price| self.pay_in_kind(id, price)) {
                return;
            }
            if grace > 0 {
                let leases: Vec<LeaseId> =
                    self.deployments[id].leases().map(|lease| lease.id).collect();
                for lease in leases {
                    self.withdraw(&lease);
                }
                let pause = Pause { since: self.height, until: self.height + grace };
                let account = self.deployments.get_mut(id).expect("the account is open");
                account.paused = Some(pause);
                return;
            }
        }
        self.close_deployment(id, Cause::Funds);
    }

    /// The vault's epochs, and the money that they move.
    fn burn_all(&mut self) {
        let (price, could_mint) = (self.price_or_zero(), self.status().allows_mint());
        let done = self.vault.end_block(self.height, price, &self.params.bme);
        let waits = self.vault.requests.iter().any(|request| request.is_mint);
        let is_met = waits || done.iter().any(|done| done.request.is_mint);
        self.has_crossed = is_met && could_mint != self.status().allows_mint();
        for PlainDone { request, given } in done {
            let money = if request.is_mint { Money::Akt } else { Money::Act };
            match given {
                None => self.pay(money, vault_address(), request.owner, request.burned),
                Some((gross, paid, _)) if request.is_mint => {
                    self.gain(Money::Act, vault_address(), gross);
                    self.pay(Money::Act, vault_address(), request.owner, paid);
                }
                Some((_, paid, minted)) => {
                    self.lose(Money::Act, vault_address(), request.burned);
                    self.gain(Money::Akt, vault_address(), minted);
                    self.pay(Money::Akt, vault_address(), request.owner, paid);
                }
            }
        }
    }
}
