//! [`Auditor`]: recomputes the money with a plain model and the rules from the records alone.
//!
//! Bids are a sorted scan, escrow is [`undercut_ledger::plain`], settled every block, the vault is
//! `plain_vault`, and supply is a sum: no book, queue or arithmetic of the engine's. It does ask
//! the engine's eligibility, tie-break, signature check and invariants, which have tests of their
//! own, and compares the predicted ends that the escrow names.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use crate::plain_vault::{Given, PlainVault};
use undercut::{Command, Event, Genesis, Params, SignedCommand, State, invariants, signing_digest};
use undercut_bidding::{Bid, BidClosedReason, BidEvent, TieBreak, eligibility};
use undercut_ledger::bme::{BurnMint, VaultEvent};
use undercut_ledger::log::Record;
use undercut_ledger::oracle::OraclePrice;
use undercut_ledger::{
    InKind, LeaseEndReason, LedgerEvent, MemoryBank, Refund, SignedLease, plain,
};
use undercut_orderbook::{AwardMode, Order, OrderClosedReason, OrderEvent};
use undercut_primitives::{
    BidId, BlockHeight, Decimal, Denom, DeploymentId, Digest, LeaseId, OrderId, PricePerBlock,
    Provider, Tenant,
};

/// One thing that is checked all along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What holds.
    pub name: &'static str,
    /// How often it was looked at.
    pub times: u64,
    /// The first time that it did not hold.
    pub failure: Option<String>,
}

impl Check {
    /// A check that was not made yet.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, times: 0, failure: None }
    }

    /// Whether it always held.
    #[must_use]
    pub const fn is_ok(&self) -> bool {
        self.failure.is_none()
    }

    /// Notes one look; `sentence` says what was wrong when it did not hold.
    pub fn note<S: Display>(&mut self, holds: bool, sentence: impl FnOnce() -> S) {
        self.times = self.times.saturating_add(1);
        if !holds && self.failure.is_none() {
            self.failure = Some(sentence().to_string());
        }
    }
}

/// A bid as the records tell it: everything that ranks it.
type Ranked = (Decimal, TieBreak, BidId);

/// Watches a market.
#[derive(Clone, Debug)]
pub struct Auditor {
    money: Check,
    debt: Check,
    lowest: Check,
    signed: Check,
    exhausted: Check,
    payments: Check,
    conversions: Check,
    height: BlockHeight,
    plain: plain::Ledger,
    withdrawn: BTreeMap<LeaseId, u128>,
    orders: BTreeMap<OrderId, Order>,
    bids: BTreeMap<OrderId, BTreeSet<Ranked>>,
    supply: BTreeMap<Denom, u128>,
    vault: PlainVault,
    price: Option<OraclePrice>,
    has_sources: bool,
    signed_bids: BTreeMap<BidId, (Digest, PricePerBlock)>,
    signed_deployments: BTreeMap<DeploymentId, (Digest, Digest)>,
    signed_choices: BTreeMap<BidId, Digest>,
    predicted: BTreeMap<DeploymentId, BlockHeight>,
    ends_now: Option<BTreeSet<DeploymentId>>,
}

impl Default for Auditor {
    fn default() -> Self {
        Self {
            money: Check::new("money conserved"),
            debt: Check::new("no negative balance"),
            lowest: Check::new("lowest eligible bid won"),
            signed: Check::new("leases signed by both parties"),
            exhausted: Check::new("money ended at predicted block"),
            payments: Check::new("payments equal plain model"),
            conversions: Check::new("burns and mints follow price"),
            height: BlockHeight::GENESIS,
            plain: plain::Ledger::default(),
            withdrawn: BTreeMap::new(),
            orders: BTreeMap::new(),
            bids: BTreeMap::new(),
            supply: BTreeMap::new(),
            vault: PlainVault::default(),
            price: None,
            has_sources: false,
            signed_bids: BTreeMap::new(),
            signed_deployments: BTreeMap::new(),
            signed_choices: BTreeMap::new(),
            predicted: BTreeMap::new(),
            ends_now: None,
        }
    }
}

impl Auditor {
    /// Looks at a sealed block: its records in order, the state it left, and the bank.
    pub fn observe(&mut self, records: &[Record<Event>], state: &State, bank: &MemoryBank) {
        self.height = state.height();
        let height = self.height;
        // Every command of a block settles up to its height, so the plain model does so first.
        let unpaid = self.plain.settle_block(height);
        self.debt.note(unpaid.is_empty(), || format!("block {height}: unpaid {unpaid:?}"));
        self.ends_now = None;
        for record in records {
            self.record(&record.event, state);
        }
        let overdue = self.plain.cannot_pay_after(height);
        self.exhausted.note(overdue.is_empty(), || format!("block {height}: overdue {overdue:?}"));
        self.conservation(state, bank);
        self.predicted.clear();
        for account in state.escrow().accounts() {
            if let Some(end) = state.escrow().ends_at(&account.id) {
                self.predicted.insert(account.id, end);
            }
        }
    }

    /// What was checked so far.
    #[must_use]
    pub fn checks(&self) -> Vec<Check> {
        let Self { money, debt, lowest, signed, exhausted, payments, conversions, .. } = self;
        [money, debt, lowest, signed, exhausted, payments, conversions].map(Check::clone).into()
    }

    fn record(&mut self, event: &Event, state: &State) {
        match event {
            Event::Genesis(genesis) => self.genesis(genesis),
            Event::Order(OrderEvent::OrderOpened(order)) => {
                self.orders.insert(order.id, order.clone());
            }
            Event::Order(OrderEvent::OrderClosed { id, reason: OrderClosedReason::NoBids }) => {
                let is_empty = self.bids.get(id).is_none_or(BTreeSet::is_empty);
                self.lowest
                    .note(is_empty, || format!("{id} closed for want of bids, and has some"));
            }
            Event::BlockOpened(context) => self.price = context.price,
            Event::ParamsChanged => self.vault_rules(state.params()),
            Event::CommandAccepted(signed) => self.command(signed, &state.genesis().chain_id),
            Event::Bid(event) => self.bid(event, state),
            Event::Ledger(event) => self.ledger(event),
            Event::ProviderRegistered { .. }
            | Event::ProviderUpdated { .. }
            | Event::ProviderDeregistered(_)
            | Event::ProviderAttested { .. }
            | Event::AttestationEnded { .. }
            | Event::KeyRotated { .. }
            | Event::ParamsScheduled { .. }
            | Event::Oracle(_)
            | Event::Order(_)
            | Event::BlockSealed(_) => {}
        }
    }

    fn genesis(&mut self, genesis: &Genesis) {
        self.vault_rules(&genesis.params);
        for (_, coin) in &genesis.balances {
            add(&mut self.supply, &coin.denom, coin.amount.to_micro());
        }
        add(&mut self.supply, &Denom::uakt(), genesis.vault_uakt.to_micro());
    }

    fn vault_rules(&mut self, params: &Params) {
        let (mint, redeem) = (params.bme.mint_spread_bps, params.bme.redeem_spread_bps);
        self.vault.set_spreads(mint, redeem);
        // Who may say what AKT is worth: the block, or the sources.
        self.has_sources = !params.oracle.sources.is_empty();
    }

    fn bid(&mut self, event: &BidEvent, state: &State) {
        match event {
            BidEvent::BidPlaced(bid) => self.placed(bid),
            BidEvent::BidRepriced { id, price, .. } => self.repriced(id, price),
            BidEvent::BidWon(id) => self.won(id, state),
            BidEvent::BidLost { id, .. } | BidEvent::BidClosed { id, .. } => {
                if let BidEvent::BidClosed { reason: BidClosedReason::NoLongerEligible, .. } = event
                {
                    let was_dropped_rightly = !is_eligible(id, state);
                    self.lowest
                        .note(was_dropped_rightly, || format!("{id} is eligible, and was dropped"));
                }
                if let Some(bids) = self.bids.get_mut(&id.order) {
                    bids.retain(|(_, _, other)| other != id);
                }
            }
        }
    }

    fn placed(&mut self, bid: &Bid) {
        let order = self.orders.get(&bid.id.order);
        let within = order.is_some_and(|order| bid.price.value <= order.ceiling.value);
        self.lowest.note(within, || format!("bid {} is above the ceiling", bid.id));
        let tie = order.map(|order| TieBreak::of(&order.entropy, &bid.id));
        self.lowest.note(tie == Some(bid.tie), || format!("bid {} has another tie-break", bid.id));
        let ranked = (bid.price.value, bid.tie, bid.id);
        self.bids.entry(bid.id.order).or_default().insert(ranked);
    }

    /// A price may only fall.
    fn repriced(&mut self, id: &BidId, price: &PricePerBlock) {
        let bids = self.bids.entry(id.order).or_default();
        let before = bids.iter().find(|(_, _, other)| other == id).copied();
        let falls = before.is_some_and(|(before, _, _)| price.value < before);
        self.lowest.note(falls, || format!("bid {id} did not fall to {}", price.value));
        if let Some(before @ (_, tie, _)) = before {
            bids.remove(&before);
            bids.insert((price.value, tie, *id));
        }
    }

    /// No open bid may be better than the winner, unless its provider is not eligible any more.
    fn won(&mut self, id: &BidId, state: &State) {
        let bids = self.bids.remove(&id.order).unwrap_or_default();
        let by_price = |order: &Order| order.award == AwardMode::LowestPrice;
        let best = bids.first().map(|(_, _, best)| *best);
        let is_lowest = !self.orders.get(&id.order).is_some_and(by_price) || best == Some(*id);
        self.lowest.note(is_lowest, || format!("{id} won, the lowest bid was {best:?}"));
        self.lowest.note(is_eligible(id, state), || format!("{id} won and is not eligible"));
    }

    fn ledger(&mut self, event: &LedgerEvent) {
        match event {
            LedgerEvent::AccountOpened { id, denom, .. } => self.plain.open(*id, denom.clone()),
            LedgerEvent::Deposited { account, deposit } => self.plain.deposit(*account, deposit),
            LedgerEvent::LeaseSigned(signed) => self.lease(signed),
            LedgerEvent::InKindPaid(paid) => self.in_kind(paid),
            LedgerEvent::AccountPaused { id, since, .. } => {
                self.ran_dry(*id, *since);
                self.plain.set_paused(id, true);
            }
            LedgerEvent::AccountResumed { id, .. } => self.plain.set_paused(id, false),
            LedgerEvent::Withdrawn { lease, coin, fee } => {
                let paid = self.withdrawn.entry(*lease).or_default();
                *paid = paid.saturating_add(coin.amount.to_micro()).saturating_add(fee.to_micro());
                let (paid, earned) = (*paid, self.earned(lease));
                // A withdrawal pays all that is earned, to the micro-unit.
                let holds = Some(paid) == earned;
                self.payments.note(holds, || format!("{lease} was paid {paid}, earned {earned:?}"));
            }
            LedgerEvent::LeaseEnded { id, at, reason, .. } => {
                if *reason == LeaseEndReason::FundsExhausted && !self.is_paused(id) {
                    self.ran_dry(id.deployment(), *at);
                }
                let (paid, earned) =
                    (self.withdrawn.remove(id).unwrap_or_default(), self.earned(id));
                let holds = Some(paid) == earned;
                self.payments.note(holds, || format!("{id} ended with {paid} of {earned:?} paid"));
                self.plain.stop(id);
            }
            LedgerEvent::AccountClosed { id, refunds, .. } => self.closed(*id, refunds),
            LedgerEvent::Vault(VaultEvent::BurnMinted(done)) => self.converted(done),
            LedgerEvent::Vault(_)
            | LedgerEvent::Settled(_)
            | LedgerEvent::ReclamationStarted { .. }
            | LedgerEvent::AllowanceGranted { .. }
            | LedgerEvent::AllowanceRevoked(_) => {}
        }
    }

    fn is_paused(&self, lease: &LeaseId) -> bool {
        let account = self.plain.accounts.get(&lease.deployment());
        account.is_some_and(|account| account.is_paused)
    }

    /// A block paid in uakt: the plain model must find each share right, and the money there.
    fn in_kind(&mut self, paid: &InKind) {
        let ends = self.plain.cannot_pay_after(self.height).contains(&paid.account);
        self.exhausted.note(ends, || format!("{} could pay its next block", paid.account));
        for share in &paid.shares {
            let withdrawn = self.withdrawn.entry(share.lease).or_default();
            *withdrawn = withdrawn.saturating_add(share.value.to_micro());
        }
        let (account, holds) = (paid.account, self.plain.pay_in_kind(paid));
        self.payments.note(holds, || format!("{account} was paid wrongly in uakt: {paid:?}"));
    }

    fn lease(&mut self, signed: &SignedLease) {
        let verdict = signed.verify();
        self.signed.note(verdict.is_ok(), || format!("{verdict:?}"));
        let terms = &signed.terms;
        let id = terms.id;
        // What was signed is what the terms say: the bid's price, the deployment's manifest.
        let bid =
            self.signed_bids.get(&id.0) == Some(&(signed.provider.command, terms.price.clone()));
        self.signed.note(bid, || format!("lease {id} is not what its provider signed"));
        let (deployment, choice) =
            (self.signed_deployments.get(&id.deployment()), self.signed_choices.get(&id.0));
        let named = deployment.is_some_and(|(_, hash)| *hash == terms.version_hash);
        let by_order = deployment.is_some_and(|(command, _)| *command == signed.tenant.command);
        let by_choice = choice == Some(&signed.tenant.command);
        let order = named && (by_order || by_choice);
        self.signed.note(order, || format!("lease {id} is not what its tenant signed"));
        self.plain.start(terms.id, terms.price.value);
    }

    /// Remembers what was signed, by the digest that a consent holds.
    fn command(&mut self, signed: &SignedCommand, chain_id: &str) {
        let SignedCommand { account, signer, nonce, expires_at, command, .. } = signed;
        let digest = signing_digest(chain_id, account, signer, *nonce, *expires_at, command);
        let (digest, account) = (digest.unwrap_or_default(), *account);
        match command {
            Command::CreateBid(bid) => {
                let id = bid.order.bid(Provider(account));
                self.signed_bids.insert(id, (digest, bid.price.clone()));
            }
            Command::CreateDeployment(new) => {
                let id = DeploymentId { tenant: Tenant(account), dseq: new.dseq };
                self.signed_deployments.insert(id, (digest, new.version_hash));
            }
            Command::RepriceBid { bid, price } => {
                self.signed_bids.insert(*bid, (digest, price.clone()));
            }
            Command::UpdateDeployment { id, version_hash } => {
                if let Some((_, hash)) = self.signed_deployments.get_mut(id) {
                    *hash = *version_hash;
                }
            }
            Command::CreateLease(id) => {
                self.signed_choices.insert(*id, digest);
            }
            _ => {}
        }
    }

    fn earned(&self, lease: &LeaseId) -> Option<u128> {
        let account = self.plain.accounts.get(&lease.deployment())?;
        account.streams.get(lease).map(|stream| stream.earned)
    }

    /// The money of a deployment ended: the plain model must not be able to pay the next block,
    /// and the engine must have said so when rate or balance last changed.
    fn ran_dry(&mut self, id: DeploymentId, at: BlockHeight) {
        let height = self.height;
        let ends = self
            .ends_now
            .get_or_insert_with(|| self.plain.cannot_pay_after(height).into_iter().collect());
        let (ends, predicted) = (ends.contains(&id), self.predicted.get(&id).copied());
        let holds = ends && at == height && predicted == Some(at);
        self.exhausted.note(holds, || {
            format!("{id} ended at block {at}, predicted {predicted:?}, plain model agrees: {ends}")
        });
    }

    fn closed(&mut self, id: DeploymentId, refunds: &[Refund]) {
        let left = self.plain.accounts.remove(&id).map(|account| account.deposits);
        let refund = |one: &Refund| {
            (one.to, one.drawn_by, one.coin.denom.clone(), one.coin.amount.to_micro())
        };
        let (paid, left): (Vec<_>, _) =
            (refunds.iter().map(refund).collect(), left.unwrap_or_default());
        self.payments.note(paid == left, || {
            format!("{id} was refunded {paid:?}, the plain model has {left:?}")
        });
    }

    fn converted(&mut self, done: &BurnMint) {
        if done.burned.denom == Denom::uact() {
            take(&mut self.supply, &done.burned.denom, done.burned.amount.to_micro());
        }
        add(&mut self.supply, &done.minted.denom, done.minted.amount.to_micro());
        let (burned, price) = (done.burned.amount.to_micro(), done.price.usd_per_akt.to_atoms());
        let expected = if done.burned.denom == Denom::uakt() {
            self.vault.mint(burned, price)
        } else {
            self.vault.redeem(burned, price)
        };
        let [gross, paid, minted] =
            [&done.gross, &done.paid, &done.minted].map(|coin| coin.amount.to_micro());
        let is_this_blocks = self.has_sources || self.price == Some(done.price);
        let holds = is_this_blocks && expected == Some(Given { gross, paid, minted });
        self.conversions.note(holds, || format!("{done:?}, expected {expected:?}"));
    }

    fn conservation(&mut self, state: &State, bank: &MemoryBank) {
        let height = self.height;
        let verdict = invariants::check_all(state, bank);
        self.money.note(verdict.is_ok(), || format!("block {height}: {verdict:?}"));
        let mut sums: BTreeMap<Denom, u128> = BTreeMap::new();
        for (denom, _, amount) in bank.balances() {
            add(&mut sums, denom, amount.to_micro());
        }
        for (denom, supply) in &self.supply {
            let (sum, bank) = (sums.get(denom).copied().unwrap_or_default(), bank.supply(denom));
            self.money.note(sum == *supply && bank.to_micro() == *supply, || {
                format!("block {height}: {sum}{denom} in all accounts, should be {supply}")
            });
        }
    }
}

fn is_eligible(id: &BidId, state: &State) -> bool {
    let (group, profile) = (state.book().group(&id.order.group), state.provider(&id.provider));
    let both = group.zip(profile);
    both.is_some_and(|(group, profile)| eligibility(&group.spec, profile).is_ok())
}

fn add(sums: &mut BTreeMap<Denom, u128>, denom: &Denom, amount: u128) {
    let sum = sums.entry(denom.clone()).or_default();
    *sum = sum.saturating_add(amount);
}

fn take(sums: &mut BTreeMap<Denom, u128>, denom: &Denom, amount: u128) {
    let sum = sums.entry(denom.clone()).or_default();
    *sum = sum.saturating_sub(amount);
}
