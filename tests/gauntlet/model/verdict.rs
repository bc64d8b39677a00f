//! Whether the model would accept a command: the rule book once more, in plain sentences.

use std::collections::BTreeSet;

use undercut::{Command, SignedCommand, rotation_digest};
use undercut_bidding::{NewBid, Registration};
use undercut_ledger::NewAllowance;
use undercut_ledger::oracle::PricePoint;
use undercut_orderbook::NewDeployment;
use undercut_primitives::{
    Address, BidId, Coin, Contribution, Denom, DeploymentId, GroupId, LeaseId, PricePerBlock,
    Provider, PublicKey, Signature, Tenant, crypto,
};

use super::fits::{covers, fits_contacts, fits_params, fits_profile};
use super::money::SUPPLY_MAX;
use super::{BidIs, Deployment, Group, GroupIs, Lease, Model, Money};
use crate::invariants::CHAIN_ID;

/// 10^9 dollars, in atoms.
const PRICE_MAX: u128 = 1_000_000_000_000_000_000_000_000_000;
const LIMITS_MAX: usize = 8;
const BUNDLE_MAX: usize = 64;

/// `Ok`, or why not.
pub(crate) type Verdict = Result<(), &'static str>;

pub(super) fn must(holds: bool, why_not: &'static str) -> Verdict {
    if holds { Ok(()) } else { Err(why_not) }
}

fn in_range(coin: &Coin) -> Verdict {
    let amount = coin.amount.to_micro();
    must(amount > 0 && amount <= SUPPLY_MAX, "the amount is out of range")
}

impl Model {
    /// Whether a key is the account's now.
    pub(crate) fn is_key_of(&self, account: Address, key: &PublicKey) -> bool {
        let changed = self.keys.get(&account);
        changed.map_or(Address::of_key(key) == account, |changed| changed == key)
    }

    /// Whether a command with a good signature may be accepted now.
    pub(crate) fn verdict(&self, signed: &SignedCommand) -> Verdict {
        let signer = signed.account;
        let last = self.nonces.get(&signer).copied().unwrap_or_default();
        must(signed.expires_at.to_u64() >= self.height, "it came too late")?;
        must(self.is_key_of(signer, &signed.signer), "the key is not the account's")?;
        must(signed.nonce == last + 1, "its nonce is not the next one")?;
        match &signed.command {
            Command::CreateDeployment(new) => self.may_create(signer, new),
            Command::UpdateDeployment { id, version_hash } => {
                let deployment = self.own(signer, id)?;
                must(deployment.hash != *version_hash, "the hash is the same")
            }
            Command::CloseDeployment(id) => self.own(signer, id).map(|_| ()),
            Command::PauseGroup(id) => {
                let group = self.own_group(signer, id)?;
                must(group.is == GroupIs::Open, "the group is paused")
            }
            Command::StartGroup(id) => self.may_start(signer, id),
            Command::CloseGroup(id) => self.own_group(signer, id).map(|_| ()),
            Command::Deposit { deployment, coin, payers } => {
                self.may_deposit(signer, deployment, coin, payers)
            }
            Command::CreateBid(new) => self.may_bid(Provider(signer), new),
            Command::CreateBids(all) => self.may_bid_for_all(Provider(signer), all),
            Command::RepriceBid { bid, price } => self.may_reprice(signer, bid, price),
            Command::CloseBid(id) => self.may_close_bid(signer, id),
            Command::CreateLease(id) => self.may_choose(signer, id),
            Command::CloseLease { lease, .. } => self.may_end(signer, lease),
            Command::StartReclamation { lease, .. } => {
                let lease = self.served(signer, lease)?;
                must(lease.window.is_some(), "the lease has no window")?;
                must(lease.deadline.is_none(), "the end is announced already")
            }
            Command::Withdraw(id) => self.served(signer, id).map(|_| ()),
            Command::WithdrawAll { .. } => Ok(()),
            other => self.verdict_of_rest(signer, other),
        }
    }

    /// Commands about anything but deployments, bids and leases.
    fn verdict_of_rest(&self, signer: Address, command: &Command) -> Verdict {
        match command {
            Command::RegisterProvider(new) => {
                fits_registration(new)?;
                must(!self.providers.contains_key(&Provider(signer)), "it is a provider already")
            }
            Command::UpdateProvider(new) => {
                fits_registration(new)?;
                let profile = self.providers.get(&Provider(signer)).ok_or("it is no provider")?;
                must(profile.own == new.attributes || !self.is_bound(signer), "a bid binds")
            }
            Command::DeregisterProvider => {
                must(self.providers.contains_key(&Provider(signer)), "it is no provider")?;
                let serves = |lease: &Lease| lease.id.provider().0 == signer;
                must(!self.leases().any(serves), "leases of the provider run")?;
                must(!self.is_bound(signer), "a bid binds")
            }
            Command::AttestProvider { provider, attributes, expires_at } => {
                self.auditor_of(signer)?;
                must(self.providers.contains_key(provider), "there is no such provider")?;
                fits_profile(attributes)?;
                let is_over = expires_at.is_some_and(|last| last.to_u64() < self.height);
                must(!is_over, "the word would be over")
            }
            Command::RevokeAttestation { provider, keys } => {
                let auditor = self.auditor_of(signer)?;
                let profile = self.providers.get(provider).ok_or("there is no such provider")?;
                let (said, _) = profile.audits.get(auditor).ok_or("nothing was said")?;
                let was_said = |key: &String| said.iter().any(|own| own.key == *key);
                must(keys.iter().all(was_said), "this was not said")
            }
            Command::GrantAllowance(new) => self.may_allow(signer, new),
            Command::RevokeAllowance { grantee } => {
                must(self.allowances.contains_key(&(*grantee, signer)), "nothing is allowed")
            }
            Command::Burn(coin) => self.may_burn(signer, coin),
            Command::CancelBurn(id) => {
                let mut waiting = self.vault.requests.iter();
                must(waiting.any(|r| r.id == *id && r.owner == signer), "no such burn waits")
            }
            Command::FundVault(coin) => {
                in_range(coin)?;
                must(Money::of(&coin.denom) == Some(Money::Akt), "the gift is not AKT")?;
                self.has(Money::Akt, signer, coin.amount.to_micro())
            }
            Command::PostPrice(point) => self.may_post(signer, point),
            Command::ChangeParams(params) => {
                let authority = self.params.governance.authority;
                must(authority == Some(signer), "the signer is not the authority")?;
                fits_params(params)
            }
            Command::RotateKey { key, proof } => self.may_rotate(signer, key, proof),
            _ => Err("every command is in one of the two lists"),
        }
    }

    fn auditor_of(&self, signer: Address) -> Result<&String, &'static str> {
        let auditor = self.auditors.iter().find(|(_, address)| *address == signer);
        auditor.map(|(name, _)| name).ok_or("the signer is no auditor")
    }

    /// An open deployment of the signer's.
    fn own(&self, signer: Address, id: &DeploymentId) -> Result<&Deployment, &'static str> {
        must(id.tenant.0 == signer, "the signer is not the tenant")?;
        self.deployments.get(id).ok_or("there is no such open deployment")
    }

    /// A group of the signer's that is not closed.
    fn own_group(&self, signer: Address, id: &GroupId) -> Result<&Group, &'static str> {
        self.own(signer, &id.deployment)?;
        let group = self.group(id).filter(|group| group.is != GroupIs::Closed);
        group.ok_or("there is no such group")
    }

    /// A running lease that the signer serves.
    fn served(&self, signer: Address, id: &LeaseId) -> Result<&Lease, &'static str> {
        must(id.provider().0 == signer, "the signer is not the provider")?;
        self.lease(id).ok_or("no such lease runs")
    }

    fn may_create(&self, signer: Address, new: &NewDeployment) -> Verdict {
        let id = DeploymentId { tenant: Tenant(signer), dseq: new.dseq };
        must(new.dseq > 0 && !self.used.contains_key(&id), "the number is zero or used")?;
        let (order, ledger) = (&self.params.order, &self.params.ledger);
        let count = new.groups.len();
        must(count > 0 && count <= order.groups_max as usize, "the number of groups")?;
        let names: BTreeSet<&String> = new.groups.iter().map(|group| &group.name).collect();
        must(names.len() == count, "two groups share a name")?;
        for group in &new.groups {
            self.fits_group(group)?;
        }
        self.fits_window(new.reclamation.map(undercut_primitives::TimeSpan::to_nanos))?;
        must(new.grace <= order.grace_max, "the grace is too long")?;
        must(new.deposit.denom == Denom::uact(), "the deposit is not ACT")?;
        in_range(&new.deposit)?;
        let least = ledger.deposits_min.iter().find(|coin| coin.denom == new.deposit.denom);
        let least = least.ok_or("no deposit in this denom")?.amount;
        must(new.deposit.amount >= least, "the deposit is too small")?;
        self.may_pay(signer, &new.deposit, &new.payers, false)?;
        self.have(Money::Act, signer, &new.deposit, &new.payers)
    }

    /// Whether a reclamation window is within what the market allows.
    fn fits_window(&self, window: Option<u64>) -> Verdict {
        let params = &self.params.order.reclamation;
        let allowed = params.window_min.to_nanos()..=params.window_max.to_nanos();
        must(window.is_none_or(|window| allowed.contains(&window)), "the reclamation window")
    }

    /// Whether each payer has its part, with what comes back to it first.
    fn have(&self, money: Money, signer: Address, coin: &Coin, payers: &[Contribution]) -> Verdict {
        for (payer, part) in super::money::parts(signer, coin, payers) {
            self.has(money, payer, part)?;
        }
        Ok(())
    }

    fn may_start(&self, signer: Address, id: &GroupId) -> Verdict {
        let group = self.own_group(signer, id)?;
        must(group.is == GroupIs::Paused, "the group is open")?;
        self.fits_group(&group.spec)?;
        must(self.deployments[&id.deployment].paused.is_none(), "the account is paused")
    }

    fn may_deposit(
        &self,
        signer: Address,
        id: &DeploymentId,
        coin: &Coin,
        payers: &[Contribution],
    ) -> Verdict {
        must(self.deployments.contains_key(id), "there is no such open account")?;
        in_range(coin)?;
        let money = Money::of(&coin.denom).ok_or("the account holds AKT and ACT")?;
        self.may_pay(signer, coin, payers, false)?;
        self.may_hold(signer, id, coin, payers)?;
        self.have(money, signer, coin, payers)
    }

    fn may_bid(&self, provider: Provider, new: &NewBid) -> Verdict {
        let order = self.order(&new.order).filter(|order| order.lease.is_none());
        let order = order.ok_or("there is no such open order")?;
        let group = self.group(&new.order.group).ok_or("there is no such group")?;
        must(new.order.tenant().0 != provider.0, "the order is the bidder's own")?;
        must(self.providers.contains_key(&provider), "the bidder is no provider")?;
        let own = order.bids.iter().find(|bid| bid.provider == provider);
        must(own.is_none_or(|bid| bid.is == BidIs::Evicted), "the bidder has bid already")?;
        let price = new.price.value.to_atoms();
        must(Money::of(&new.price.denom) == Some(Money::Act), "the price is not in ACT")?;
        must(price > 0 && price <= group.ceiling, "the price is zero or above the ceiling")?;
        must(covers(&group.spec, new), "the offer does not cover the order")?;
        must(self.is_eligible(&new.order.bid(provider)), "the provider is not eligible")?;
        let offered = new.reclamation.map(undercut_primitives::TimeSpan::to_nanos);
        let least = self.deployments[&new.order.deployment()].window;
        must(least.is_none() || offered >= least, "the window is missing or too short")?;
        self.fits_window(offered)?;
        let least = self.params.bid.deposits_min.iter();
        let least = least.clone().find(|least| least.denom == new.deposit.denom);
        must(least.is_some_and(|least| new.deposit.amount >= least.amount), "the deposit")?;
        let money = Money::of(&new.deposit.denom).ok_or("the deposit is neither AKT nor ACT")?;
        self.may_pay(provider.0, &new.deposit, &new.payers, true)?;
        let rank = (price, self.tie(&new.order, provider));
        must(order.bar.is_none_or(|worst| worst > rank), "the book is full")?;
        self.have(money, provider.0, &new.deposit, &new.payers)
    }

    /// Every bid once those before it are placed, in another model.
    fn may_bid_for_all(&self, provider: Provider, all: &[NewBid]) -> Verdict {
        must((1..=BUNDLE_MAX).contains(&all.len()), "the number of bids")?;
        let mut then = self.clone();
        for new in all {
            then.may_bid(provider, new)?;
            then.bid(provider, new);
        }
        Ok(())
    }

    fn may_reprice(&self, signer: Address, id: &BidId, price: &PricePerBlock) -> Verdict {
        must(id.provider.0 == signer, "the signer is not the provider")?;
        let bid = self.open_bid(id).ok_or("there is no such open bid")?;
        let atoms = price.value.to_atoms();
        must(price.denom == Denom::uact(), "the price is in another denom")?;
        must(atoms > 0 && atoms < bid.price, "the price is zero or no lower")
    }

    fn may_close_bid(&self, signer: Address, id: &BidId) -> Verdict {
        must(id.provider.0 == signer, "the signer is not the provider")?;
        must(self.open_bid(id).is_some(), "there is no such open bid")?;
        let order = self.order(&id.order).ok_or("there is no such order")?;
        let left = order.due_at.saturating_sub(self.height);
        must(left >= self.params.bid.binding.to_blocks(), "the auction is about to end")
    }

    /// Whether an open bid of the provider's binds.
    fn is_bound(&self, provider: Address) -> bool {
        let binding = self.params.bid.binding.to_blocks();
        let bids = self.open_bids_of(&Provider(provider));
        let due = bids.iter().filter_map(|bid| self.order(&bid.order)).map(|order| order.due_at);
        due.into_iter().any(|due_at| due_at.saturating_sub(self.height) < binding)
    }

    fn may_choose(&self, signer: Address, id: &BidId) -> Verdict {
        must(id.order.tenant().0 == signer, "the signer is not the tenant")?;
        must(self.open_bid(id).is_some(), "there is no such open bid")?;
        must(self.deployments[&id.order.deployment()].chooses, "the lowest bid wins")?;
        must(self.is_eligible(id), "the provider is not eligible any more")?;
        must(self.affords(id), "the account is paused or cannot pay one block")
    }

    fn may_end(&self, signer: Address, id: &LeaseId) -> Verdict {
        if signer == id.order().tenant().0 {
            return self.lease(id).map(|_| ()).ok_or("no such lease runs");
        }
        let lease = self.served(signer, id)?;
        match (lease.window, lease.deadline) {
            (Some(_), None) => Err("the end was not announced"),
            (_, Some(deadline)) if self.nanos < deadline => Err("the window is not over"),
            _ => Ok(()),
        }
    }

    fn may_allow(&self, granter: Address, new: &NewAllowance) -> Verdict {
        must(new.grantee != granter, "to oneself")?;
        must(new.for_deployments || new.for_bids, "for nothing")?;
        let denoms: BTreeSet<&Denom> = new.limits.iter().map(|limit| &limit.denom).collect();
        must(denoms.len() == new.limits.len(), "two limits in one denom")?;
        must((1..=LIMITS_MAX).contains(&denoms.len()), "the number of limits")?;
        new.limits.iter().try_for_each(in_range)?;
        let is_over = new.expires_at.is_some_and(|last| last.to_u64() < self.height);
        must(!is_over, "the allowance would be over")
    }

    fn may_burn(&self, signer: Address, coin: &Coin) -> Verdict {
        let money = Money::of(&coin.denom).ok_or("only AKT and ACT are burned")?;
        in_range(coin)?;
        let (is_mint, price) = (money == Money::Akt, self.price_or_zero());
        let amount = coin.amount.to_micro();
        let mut vault = self.vault.clone();
        let takes = vault.request(signer, is_mint, amount, price, &self.params.bme);
        must(takes, "the vault does not take it")?;
        self.has(money, signer, amount)
    }

    fn may_post(&self, signer: Address, point: &PricePoint) -> Verdict {
        let params = &self.params.oracle;
        must(params.sources.contains(&signer), "the signer is no source")?;
        let atoms = point.usd_per_akt.to_atoms();
        must(atoms > 0 && atoms <= PRICE_MAX, "the price is zero or too high")?;
        let nanos = point.published_at.to_unix_nanos();
        let age = i128::from(self.nanos) - i128::from(nanos);
        match self.posts.get(&signer).and_then(|posts| posts.last()) {
            Some(last) => must(nanos >= last.nanos, "it is before the last")?,
            None => must(age <= i128::from(params.first_age_max.to_nanos()), "it is too old")?,
        }
        must(-age <= i128::from(params.ahead_max.to_nanos()), "it is too far ahead")
    }

    fn may_rotate(&self, account: Address, key: &PublicKey, proof: &Signature) -> Verdict {
        must(!self.is_key_of(account, key), "the key is the account's already")?;
        let digest = rotation_digest(CHAIN_ID, &account, key);
        must(crypto::verify(key, &digest, proof).is_ok(), "the new key does not agree")
    }
}

fn fits_registration(new: &Registration) -> Verdict {
    fits_contacts(new)?;
    fits_profile(&new.attributes)
}
