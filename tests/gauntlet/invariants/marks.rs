//! Coverage marks: what the markets must have met, counted from their records, so that a run of a
//! million quiet steps fails.

use std::collections::{BTreeMap, BTreeSet};

use undercut::{AttestationEndReason, Command, Event, Params, SignedCommand};
use undercut_bidding::BidEvent;
use undercut_ledger::bme::{CancelReason, MintStatus, VaultEvent};
use undercut_ledger::log::Record;
use undercut_ledger::{LeaseEndReason, LedgerEvent};
use undercut_orderbook::OrderEvent;
use undercut_primitives::{Address, BidId, DeploymentId, LeaseId, OrderId};

use crate::model::Model;

/// A mark and how often a million steps must meet it.
///
/// `mint-batch-over-threshold`: burns of one end of block move the ratio over the halt or resume
/// threshold, while mints of the same end of block wait or are executed. Redemptions do that; mints
/// alone cannot, because they only move the ratio towards 1.
pub(crate) const MARKS: [(&str, u64); 25] = [
    ("lease", 10_000),
    ("two-leases-on-one-account", 1_000),
    ("overdraft", 1_000),
    ("settle-twice-in-one-block", 1_000),
    ("price-tie", 1_000),
    ("bid-at-cap", 100),
    ("bid-at-cap-plus-one", 100),
    ("open-and-close-in-one-block", 100),
    ("close-while-money-ends", 100),
    ("grant-close", 100),
    ("breaker-warn-halt-recover", 50),
    ("stale-then-fresh", 50),
    ("mint-batch-over-threshold", 50),
    ("snapshot-while-a-mint-waits", 20),
    ("bid-placed", 10_000),
    ("paused-account-revived", 50),
    ("paused-account-closed", 50),
    ("block-paid-in-uakt", 100),
    ("re-priced-winner", 100),
    ("reclamation-started-and-closed", 50),
    ("group-started-again", 50),
    ("parameters-changed", 20),
    ("key-rotated-and-used", 20),
    ("burn-cancelled-by-owner", 50),
    ("attestation-expired", 20),
];

/// What was met, by the names of [`MARKS`].
pub(crate) type Counts = BTreeMap<&'static str, u64>;

/// Counts the marks of one market.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marks {
    pub(crate) counts: Counts,
    /// Accepted commands by kind.
    pub(crate) accepted: Counts,
    /// Why commands were refused.
    pub(crate) codes: BTreeSet<String>,
    bids_max: u32,
    /// What `bids_max` will be when waiting parameters hold.
    next_bids_max: u32,
    /// Open bids of each order, with their prices.
    open: BTreeMap<OrderId, BTreeMap<BidId, u128>>,
    /// Running leases of each account.
    leases: BTreeMap<DeploymentId, BTreeSet<LeaseId>>,
    /// How far the breaker is on its way: 0 nothing, 1 warned, 2 halted after a warning.
    breaker: u8,
    is_stale: bool,
    repriced: BTreeSet<BidId>,
    announced: BTreeSet<LeaseId>,
    paused: BTreeSet<DeploymentId>,
    /// Accounts that changed their key and have not used it yet.
    rotated: BTreeSet<Address>,
}

impl Marks {
    pub(crate) fn new(params: &Params) -> Self {
        Self { bids_max: params.bid.bids_max, ..Self::default() }
    }

    pub(crate) fn count(&mut self, mark: &'static str) {
        *self.counts.entry(mark).or_default() += 1;
    }

    /// Counts a mark that a market meets once; `false` when it was met before.
    pub(crate) fn first(&mut self, mark: &'static str) -> bool {
        let is_first = !self.counts.contains_key(mark);
        if is_first {
            self.count(mark);
        }
        is_first
    }

    /// A command is about to be accepted.
    pub(crate) fn before(&mut self, model: &Model, signed: &SignedCommand) {
        *self.accepted.entry(signed.command.kind()).or_default() += 1;
        let deployment = match &signed.command {
            Command::CloseDeployment(id) => *id,
            Command::CloseLease { lease, .. } => lease.deployment(),
            _ => return,
        };
        if model.deployments.get(&deployment).is_some_and(|account| account.money_ends()) {
            self.count("close-while-money-ends");
        }
    }

    /// A command was refused.
    pub(crate) fn refused(&mut self, code: &str) {
        if !self.codes.contains(code) {
            self.codes.insert(code.into());
        }
        if code == "BID011" {
            self.count("bid-at-cap-plus-one");
        }
    }

    /// A block was sealed.
    pub(crate) fn observe(&mut self, records: &[Record<Event>]) {
        let mut settled: BTreeMap<DeploymentId, u32> = BTreeMap::new();
        let mut opened: BTreeSet<DeploymentId> = BTreeSet::new();
        for record in records {
            match &record.event {
                Event::CommandAccepted(signed) => {
                    if self.rotated.remove(&signed.account) {
                        self.count("key-rotated-and-used");
                    }
                    if let Command::Withdraw(id) | Command::CloseLease { lease: id, .. } =
                        &signed.command
                    {
                        let times = settled.entry(id.deployment()).or_default();
                        *times += 1;
                        if *times == 2 {
                            self.count("settle-twice-in-one-block");
                        }
                    }
                }
                Event::Order(OrderEvent::OrderMatched(id)) => self.matched(id, records),
                Event::Bid(event) => self.bid(event),
                Event::Ledger(LedgerEvent::AccountOpened { id, .. }) => {
                    opened.insert(*id);
                }
                Event::Ledger(LedgerEvent::AccountClosed { id, refunds }) => {
                    if opened.contains(id) {
                        self.count("open-and-close-in-one-block");
                    }
                    if refunds.iter().any(|refund| refund.drawn_by.is_some()) {
                        self.count("grant-close");
                    }
                    let is_asked = record_is_asked(records, record);
                    if self.paused.remove(id) && !is_asked {
                        self.count("paused-account-closed");
                    }
                }
                Event::Ledger(event) => self.ledger(event),
                other => self.rest(other),
            }
        }
    }

    fn rest(&mut self, event: &Event) {
        match event {
            Event::Order(OrderEvent::GroupStarted(_)) => self.count("group-started-again"),
            Event::KeyRotated { account, .. } => {
                self.rotated.insert(*account);
            }
            Event::ParamsScheduled { params, .. } => self.next_bids_max = params.bid.bids_max,
            Event::ParamsChanged => {
                self.bids_max = self.next_bids_max;
                self.count("parameters-changed");
            }
            Event::AttestationEnded { reason: AttestationEndReason::Expired, .. } => {
                self.count("attestation-expired");
            }
            _ => {}
        }
    }

    /// Whether the two best prices of a matched order are equal.
    fn matched(&mut self, id: &OrderId, records: &[Record<Event>]) {
        let won = records.iter().find_map(|record| match &record.event {
            Event::Bid(BidEvent::BidWon(won)) if won.order == *id => Some(*won),
            _ => None,
        });
        let Some(bids) = self.open.get(id) else { return };
        let price = won.and_then(|won| bids.get(&won).copied());
        if bids.values().filter(|other| Some(**other) == price).count() > 1 {
            self.count("price-tie");
        }
    }

    fn bid(&mut self, event: &BidEvent) {
        match event {
            BidEvent::BidPlaced(bid) => {
                let open = self.open.entry(bid.id.order).or_default();
                open.insert(bid.id, bid.price.value.to_atoms());
                let count = open.len();
                self.count("bid-placed");
                if u32::try_from(count) == Ok(self.bids_max) {
                    self.count("bid-at-cap");
                }
            }
            BidEvent::BidRepriced { id, price, .. } => {
                let open = self.open.entry(id.order).or_default();
                open.insert(*id, price.value.to_atoms());
                self.repriced.insert(*id);
            }
            BidEvent::BidWon(id) => {
                self.open.remove(&id.order);
                if self.repriced.contains(id) {
                    self.count("re-priced-winner");
                }
            }
            BidEvent::BidLost { id, .. } => self.gone(id),
            BidEvent::BidClosed { id, reason, .. } => {
                if *reason == undercut_bidding::BidClosedReason::Evicted {
                    self.count("bid-at-cap-plus-one");
                }
                self.gone(id);
            }
        }
    }

    fn gone(&mut self, id: &BidId) {
        if let Some(open) = self.open.get_mut(&id.order) {
            open.remove(id);
        }
    }

    fn ledger(&mut self, event: &LedgerEvent) {
        match event {
            LedgerEvent::LeaseSigned(signed) => {
                let id = signed.terms.id;
                let running = self.leases.entry(id.deployment()).or_default();
                running.insert(id);
                let count = running.len();
                self.count("lease");
                if count > 1 {
                    self.count("two-leases-on-one-account");
                }
            }
            LedgerEvent::LeaseEnded { id, reason, .. } => {
                let by_provider = matches!(reason, LeaseEndReason::Provider(_));
                if by_provider && self.announced.contains(id) {
                    self.count("reclamation-started-and-closed");
                }
                let running = self.leases.entry(id.deployment()).or_default();
                running.remove(id);
                if running.is_empty() && *reason == LeaseEndReason::FundsExhausted {
                    self.count("overdraft");
                }
            }
            LedgerEvent::ReclamationStarted { id, .. } => {
                self.announced.insert(*id);
            }
            LedgerEvent::InKindPaid(_) => self.count("block-paid-in-uakt"),
            LedgerEvent::AccountPaused { id, .. } => {
                self.paused.insert(*id);
            }
            LedgerEvent::AccountResumed { id, .. } => {
                self.paused.remove(id);
                self.count("paused-account-revived");
            }
            LedgerEvent::Vault(VaultEvent::MintStatusChanged { from, to, .. }) => {
                self.status(*from, *to);
            }
            LedgerEvent::Vault(VaultEvent::BurnCancelled {
                reason: CancelReason::ByOwner, ..
            }) => self.count("burn-cancelled-by-owner"),
            _ => {}
        }
    }

    fn status(&mut self, from: MintStatus, to: MintStatus) {
        if to == MintStatus::HaltOracle {
            self.is_stale = true;
        }
        if from == MintStatus::HaltOracle && self.is_stale {
            self.count("stale-then-fresh");
        }
        self.breaker = match (self.breaker, to) {
            (0, MintStatus::Warning) => 1,
            (1, MintStatus::HaltCollateral) => 2,
            (2, MintStatus::Healthy | MintStatus::Warning) => {
                self.count("breaker-warn-halt-recover");
                u8::from(to == MintStatus::Warning)
            }
            (0 | 1, MintStatus::Healthy) => 0,
            (stage, _) => stage,
        };
    }
}

/// Whether a record of a closed account follows from a command: the last command before it ends
/// accounts.
fn record_is_asked(records: &[Record<Event>], record: &Record<Event>) -> bool {
    let place = records.iter().position(|other| other.sequence == record.sequence);
    let before = &records[..place.unwrap_or_default()];
    let ended = before.iter().rev().find_map(|record| match &record.event {
        Event::Ledger(LedgerEvent::LeaseEnded { reason, .. }) => Some(*reason),
        Event::CommandAccepted(_) | Event::BlockOpened(_) => Some(LeaseEndReason::Tenant),
        _ => None,
    });
    ended != Some(LeaseEndReason::FundsExhausted)
}
