//! [`Auditor`]: audits a market as it is played, and holds its state and bank against the records.
//!
//! What the records say by themselves is for [`Audit`] to re-derive, which knows neither state nor
//! bank. What it cannot see is looked at here: the invariants of the state, that the bank has what
//! the records say, and the blocks at which the escrow predicted that money would end.

use std::collections::BTreeMap;
use std::fmt::Display;

use undercut::{Event, State, invariants};
use undercut_audit::{Audit, Check as Audited, Finding};
use undercut_ledger::log::Record;
use undercut_ledger::{LeaseEndReason, LedgerEvent, MemoryBank};
use undercut_primitives::{BlockHeight, Denom, DeploymentId};

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

/// What the audit's checks come to here.
const GROUPS: [(&str, &[Audited]); 7] = [
    (MONEY, &[Audited::Balances]),
    ("no negative balance", &[Audited::Movements]),
    ("lowest eligible bid won", &[Audited::Bids, Audited::Awards, Audited::OrderEnds]),
    ("leases signed by both parties", &[Audited::Commands, Audited::Terms]),
    (PREDICTED, &[Audited::Ends]),
    (
        "payments equal plain model",
        &[Audited::Settlements, Audited::Payouts, Audited::Refunds, Audited::BidDeposits],
    ),
    ("burns and mints follow price", &[Audited::Conversions, Audited::Breaker]),
];
const MONEY: &str = "money conserved";
const PREDICTED: &str = "money ended at predicted block";

/// Watches a market.
#[derive(Clone, Debug)]
pub struct Auditor {
    audit: Audit,
    finding: Option<Finding>,
    money: Check,
    exhausted: Check,
    predicted: BTreeMap<DeploymentId, BlockHeight>,
}

impl Default for Auditor {
    fn default() -> Self {
        Self {
            audit: Audit::new(),
            finding: None,
            money: Check::new(MONEY),
            exhausted: Check::new(PREDICTED),
            predicted: BTreeMap::new(),
        }
    }
}

impl Auditor {
    /// Looks at a sealed block: its records in order, the state it left, and the bank.
    pub fn observe(&mut self, records: &[Record<Event>], state: &State, bank: &MemoryBank) {
        for record in records {
            if self.finding.is_none() {
                self.finding = self.audit.record(record).err();
            }
            if let Event::Ledger(event) = &record.event {
                self.ended(event, record.height);
            }
        }
        self.conservation(state, bank);
        self.predicted.clear();
        for account in state.escrow().accounts() {
            if let Some(end) = state.escrow().ends_at(&account.id) {
                self.predicted.insert(account.id, end);
            }
        }
        let height = state.height();
        let overdue = self.predicted.iter().find(|(_, end)| **end <= height);
        self.exhausted.note(overdue.is_none(), || format!("block {height}: overdue {overdue:?}"));
    }

    /// What was checked so far.
    #[must_use]
    pub fn checks(&self) -> Vec<Check> {
        let report = self.audit.report();
        let check = |(name, parts): (&'static str, &[Audited])| {
            let times = parts.iter().map(|part| report.count(*part));
            let found = self.finding.as_ref();
            let found = found.filter(|finding| parts.contains(&finding.flaw.check()));
            let own = [&self.money, &self.exhausted].into_iter().find(|own| own.name == name);
            let failure = found.map(|finding| format!("{}: {finding}", finding.code()));
            Check {
                name,
                times: times.chain(own.map(|own| own.times)).fold(0, u64::saturating_add),
                failure: failure.or_else(|| own.and_then(|own| own.failure.clone())),
            }
        };
        GROUPS.into_iter().map(check).collect()
    }

    /// The money of a deployment ended: the escrow must have said so when rate or balance last
    /// changed.
    fn ended(&mut self, event: &LedgerEvent, height: BlockHeight) {
        let id = match event {
            LedgerEvent::AccountPaused { id, .. } => *id,
            LedgerEvent::LeaseEnded { id, reason: LeaseEndReason::FundsExhausted, .. } => {
                id.deployment()
            }
            _ => return,
        };
        let predicted = self.predicted.get(&id).copied();
        self.exhausted.note(predicted == Some(height), || {
            format!("{id} ended at block {height}, predicted {predicted:?}")
        });
    }

    fn conservation(&mut self, state: &State, bank: &MemoryBank) {
        let height = state.height();
        let verdict = invariants::check_all(state, bank);
        self.money.note(verdict.is_ok(), || format!("block {height}: {verdict:?}"));
        let mut sums: BTreeMap<Denom, u128> = BTreeMap::new();
        for (denom, _, amount) in bank.balances() {
            let sum = sums.entry(denom.clone()).or_default();
            *sum = sum.saturating_add(amount.to_micro());
        }
        for denom in bank.denoms() {
            let sum = sums.get(denom).copied().unwrap_or_default();
            let (supply, told) = (bank.supply(denom).to_micro(), self.audit.supply(denom));
            self.money.note([sum, told] == [supply; 2], || {
                format!("block {height}: {sum}{denom} in all accounts, {supply} at the bank, {told} by the records")
            });
        }
    }
}
