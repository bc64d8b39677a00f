//! Tells a market as it goes: the first few things of each kind, then what it all came to.
//!
//! At most [`COLUMNS`] wide and about 40 lines long, whatever the market.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use undercut::Event;
use undercut_bidding::{Bid, BidEvent};
use undercut_ledger::bme::{BurnMint, VaultEvent};
use undercut_ledger::{LeaseEndReason, LedgerEvent, SignedLease};
use undercut_orderbook::{Order, OrderEvent};
use undercut_primitives::{
    BlockHeight, Decimal, Denom, DeploymentId, GroupSpec, LeaseId, OrderId, PricePerBlock,
    ResourceUnit,
};
use undercut_simulation::{Declined, Report, Step, World};

use super::units;
use crate::style::visible;

/// The most characters of a line.
const COLUMNS: usize = 100;
/// Characters of the bar between nothing and the ceiling.
const BAR: u128 = 14;

/// The kinds of lines, and how many of each are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Order,
    Bid,
    NoBid,
    Lease,
    Escrow,
    Paid,
    TopUp,
    Mint,
    Redeem,
    RanDry,
    GaveUp,
    Closed,
}

impl Kind {
    const fn quota(self) -> u32 {
        match self {
            Self::Bid => 4,
            Self::Order | Self::NoBid => 3,
            Self::Lease | Self::Mint | Self::RanDry => 2,
            Self::Escrow
            | Self::Paid
            | Self::TopUp
            | Self::Redeem
            | Self::GaveUp
            | Self::Closed => 1,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Bid => "bid",
            Self::NoBid => "no bid",
            Self::Lease => "lease",
            Self::Escrow => "escrow",
            Self::Paid => "paid",
            Self::TopUp => "top-up",
            Self::Mint => "burn",
            Self::Redeem => "redeem",
            Self::RanDry | Self::GaveUp | Self::Closed => "end",
        }
    }
}

/// Tells a market. Orders, bids and leases are numbered as they stand in the log.
#[derive(Debug, Default)]
pub(super) struct Narrator {
    opening: String,
    told: BTreeMap<Kind, u32>,
    orders: BTreeMap<OrderId, (u64, Order)>,
    bids: u64,
    leases: BTreeMap<LeaseId, u64>,
    lowest: BTreeMap<OrderId, Decimal>,
    funded: BTreeMap<DeploymentId, u32>,
    has_gap: bool,
    text: String,
}

impl Narrator {
    pub(super) fn new(world: &World, log: Option<&Path>) -> Self {
        let scenario = world.scenario();
        let kept = match log {
            Some(dir) => {
                format!("the log is kept in {}", visible(&dir.display().to_string()))
            }
            None => "nothing is written".to_owned(),
        };
        let opening = format!(
            "undercut {} · demo `{}` · seed {} · {} providers, {} tenant{} · {kept}\n",
            env!("CARGO_PKG_VERSION"),
            scenario.name,
            scenario.seed,
            scenario.providers.len(),
            scenario.tenants.len(),
            if scenario.tenants.len() == 1 { "" } else { "s" },
        );
        Self { opening, ..Self::default() }
    }

    /// The first line.
    pub(super) fn opening(&self) -> String {
        self.opening.clone()
    }

    /// What is worth telling of a block; nothing, mostly.
    pub(super) fn block(&mut self, world: &World, step: &Step) -> String {
        for declined in &step.declined {
            self.declined(world, declined);
        }
        for record in &step.outcome.records {
            self.event(world, &record.event, record.height);
        }
        std::mem::take(&mut self.text)
    }

    /// Adds a line, unless its kind was told often enough: then the next line marks the gap.
    fn line(&mut self, kind: Kind, height: BlockHeight, handle: &str, text: &str) {
        let told = self.told.entry(kind).or_default();
        if *told >= kind.quota() {
            self.has_gap = true;
            return;
        }
        *told = told.saturating_add(1);
        let gap = if std::mem::take(&mut self.has_gap) { '⋮' } else { ' ' };
        let line = format!("{gap}blk {height:>4}  {:<7} {handle:<4}{text}", kind.word());
        self.text.push_str(&cut(&line));
        self.text.push('\n');
    }

    fn event(&mut self, world: &World, event: &Event, height: BlockHeight) {
        match event {
            Event::Order(OrderEvent::OrderOpened(order)) => self.order(world, order),
            Event::Bid(BidEvent::BidPlaced(bid)) => self.bid(world, bid),
            Event::Ledger(event) => self.ledger(world, event, height),
            _ => {}
        }
    }

    fn order(&mut self, world: &World, order: &Order) {
        let number = count(&self.orders);
        self.orders.insert(order.id, (number, order.clone()));
        let group = world.engine().state().book().group(&order.id.group);
        let what = group.map_or_else(String::new, |group| resources(&group.spec));
        let tenant = world.name(&order.id.tenant().0);
        let ceiling = price(&order.ceiling);
        let text = format!("{tenant:<7} {what:<33} ≤ {}", ceiling.trim_start());
        self.line(Kind::Order, order.opened_at, &format!("o{number}"), &text);
    }

    fn bid(&mut self, world: &World, bid: &Bid) {
        self.bids = self.bids.saturating_add(1);
        let Some((order, found)) = self.orders.get(&bid.id.order) else { return };
        let lowest = self.lowest.entry(bid.id.order).or_insert(bid.price.value);
        let remark = if bid.price.value <= *lowest { "lowest yet" } else { "" };
        *lowest = bid.price.value.min(*lowest);
        let text = format!(
            "{:<7} o{order:<3}{:<34} {}│ {remark}",
            world.name(&bid.id.provider.0),
            price(&bid.price),
            bar(bid.price.value, found.ceiling.value),
        );
        let handle = format!("b{}", self.bids);
        self.line(Kind::Bid, bid.placed_at, &handle, &text);
    }

    fn declined(&mut self, world: &World, declined: &Declined) {
        let number = self.orders.get(&declined.order).map_or(0, |(number, _)| *number);
        let provider = world.name(&declined.provider.0);
        let text = format!("{provider:<7} o{number:<3}{}", declined.reason);
        self.line(Kind::NoBid, world.engine().state().height(), "", &text);
    }

    fn ledger(&mut self, world: &World, event: &LedgerEvent, height: BlockHeight) {
        match event {
            LedgerEvent::LeaseSigned(signed) => self.lease(world, signed),
            LedgerEvent::Withdrawn { lease, coin, .. } => {
                let handle = self.number_of(lease);
                let provider = world.name(&lease.provider().0);
                let text = format!("{provider:<7} withdraws {}", units::coin(coin));
                self.line(Kind::Paid, height, &handle, &text);
            }
            LedgerEvent::Deposited { account, deposit } => {
                let deposits = self.funded.entry(*account).or_default();
                *deposits = deposits.saturating_add(1);
                if *deposits > 1 {
                    let name = world.name(&deposit.depositor);
                    let end = world.engine().state().escrow().ends_at(account);
                    let end = end.map_or_else(String::new, |end| format!(", lasts to block {end}"));
                    let text = format!("{name:<7} adds {}{end}", units::coin(&deposit.coin));
                    self.line(Kind::TopUp, height, "", &text);
                }
            }
            LedgerEvent::LeaseEnded { id, at, reason, .. } => self.ended(world, id, *at, *reason),
            LedgerEvent::Vault(VaultEvent::BurnMinted(done)) => self.burned(world, done, height),
            LedgerEvent::AccountOpened { .. }
            | LedgerEvent::Settled(_)
            | LedgerEvent::InKindPaid(_)
            | LedgerEvent::ReclamationStarted { .. }
            | LedgerEvent::AccountPaused { .. }
            | LedgerEvent::AccountResumed { .. }
            | LedgerEvent::AccountClosed { .. }
            | LedgerEvent::AllowanceGranted { .. }
            | LedgerEvent::AllowanceRevoked(_)
            | LedgerEvent::Vault(_) => {}
        }
    }

    fn lease(&mut self, world: &World, signed: &SignedLease) {
        let (id, starts_at) = (signed.terms.id, signed.terms.starts_at);
        let number = count(&self.leases);
        self.leases.insert(id, number);
        let Some((order, found)) = self.orders.get(&id.order()) else { return };
        let blocks = starts_at.since(found.opened_at).unwrap_or_default();
        let provider = world.name(&id.provider().0);
        let text = format!(
            "{provider:<7} wins o{order} at {}, {blocks} blocks after the order",
            price(&signed.terms.price).trim_start()
        );
        self.line(Kind::Lease, starts_at, &format!("l{number}"), &text);
        let escrow = world.engine().state().escrow();
        let account = escrow.account(&id.deployment());
        let (Some(account), Some(end)) = (account, escrow.ends_at(&id.deployment())) else {
            return;
        };
        let coin = undercut_primitives::Coin::new(account.denom.clone(), account.balance());
        let blocks = end.since(starts_at).unwrap_or_default().to_blocks();
        let text = format!(
            "{} lasts {blocks} blocks, to block {end} ({})",
            units::coin(&coin),
            units::time(blocks)
        );
        self.line(Kind::Escrow, starts_at, "", &text);
    }

    fn ended(&mut self, world: &World, id: &LeaseId, at: BlockHeight, reason: LeaseEndReason) {
        let handle = self.number_of(id);
        let (tenant, provider) = (world.name(&id.order().tenant().0), world.name(&id.provider().0));
        let (kind, text) = match reason {
            LeaseEndReason::FundsExhausted => (
                Kind::RanDry,
                format!("{tenant:<7} has no money for another block; {provider} was paid in full"),
            ),
            LeaseEndReason::Tenant => (Kind::Closed, format!("{tenant:<7} closes the deployment")),
            LeaseEndReason::Provider(_) => (
                Kind::GaveUp,
                format!("{provider:<7} gives the lease up; {tenant}'s group is paused"),
            ),
        };
        self.line(kind, at, &handle, &text);
    }

    fn burned(&mut self, world: &World, done: &BurnMint, height: BlockHeight) {
        let is_mint = done.burned.denom == Denom::uakt();
        let kind = if is_mint { Kind::Mint } else { Kind::Redeem };
        let name = world.name(&done.owner);
        let (burned, paid) = (units::coin(&done.burned), units::coin(&done.paid));
        let akt = units::price(done.price.usd_per_akt);
        let text = format!("{name:<7} {burned} for {paid}, at {akt} USD/AKT");
        self.line(kind, height, "", &text);
    }

    fn number_of(&self, lease: &LeaseId) -> String {
        self.leases.get(lease).map_or_else(|| "l?".to_owned(), |number| format!("l{number}"))
    }

    /// What it all came to.
    pub(super) fn ending(&self, report: &Report) -> String {
        let mut text = String::new();
        let counts = report.counts;
        let match_time = |percent| {
            report
                .blocks_to_match(percent)
                .map_or_else(|| "-".to_owned(), |blocks| blocks.to_string())
        };
        let uact = report.paid.get(&Denom::uact()).copied().unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            " orders {}  matched {} ({})  blocks to match p50 {}, p95 {}  gpu utilisation {}",
            counts.orders_opened,
            counts.orders_matched,
            units::share(counts.orders_matched, counts.orders_opened),
            match_time(50),
            match_time(95),
            units::share(report.gpu_blocks_used, report.gpu_blocks),
        );
        let _ = writeln!(
            text,
            " leases {}: {} running, {} closed, {} ran dry  revenue {}  burned {} for {}",
            counts.leases_signed,
            counts.leases_active(),
            counts.leases_closed,
            counts.leases_exhausted,
            units::rough(uact, "ACT"),
            units::rough(report.burned_uakt, "AKT"),
            units::rough(report.minted_uact, "ACT"),
        );
        let reasons = [("no bid", &report.no_bids), ("refused", &report.refused)];
        for (word, reasons) in reasons {
            let mut sorted: Vec<_> = reasons.iter().collect();
            sorted.sort_by_key(|(code, (times, _))| (std::cmp::Reverse(*times), **code));
            if let Some((code, (times, example))) = sorted.first() {
                let all: u64 = reasons.values().map(|(times, _)| *times).sum();
                let _ = writeln!(
                    text,
                    "{}",
                    cut(&format!(" {word} {all}, most often {code} ({times}): {example}"))
                );
            }
        }
        text.push_str(&checks(report));
        let _ = writeln!(
            text,
            " log     {} records  head {}",
            units::count(report.head.records),
            report.head.hash
        );
        let _ = writeln!(text, " state   {}", report.state_root);
        text.push_str("next     undercut demo sdl-examples/*.yaml --log market · undercut log verify market\n");
        text
    }
}

/// All checks with how often each was made, wrapped; a check that was never made is no tick.
fn checks(report: &Report) -> String {
    let (mut text, mut line) = (String::new(), String::from(" checks "));
    for check in &report.checks {
        let mark = match (check.is_ok(), check.times) {
            (false, _) => "✗".to_owned(),
            (true, 0) => "-".to_owned(),
            (true, times) => format!("✓ {}", units::count(times)),
        };
        let part = format!(" {} {mark} ", check.name);
        if line.chars().count().saturating_add(part.chars().count()) > COLUMNS {
            text.push_str(line.trim_end());
            text.push('\n');
            line = String::from("        ");
        }
        line.push_str(&part);
    }
    text + line.trim_end() + "\n"
}

fn count<K, V>(map: &BTreeMap<K, V>) -> u64 {
    u64::try_from(map.len()).unwrap_or(u64::MAX).saturating_add(1)
}

fn cut(line: &str) -> String {
    if line.chars().count() <= COLUMNS {
        return line.trim_end().to_owned();
    }
    let kept: String = line.chars().take(COLUMNS.saturating_sub(1)).collect();
    kept.trim_end().to_owned() + "…"
}

fn price(price: &PricePerBlock) -> String {
    let number = format!("{:>12} {}", units::price(price.value), price.denom);
    units::per_hour(price).map_or_else(|| number.clone(), |hour| format!("{number} = {hour}"))
}

/// A price between nothing and the ceiling, as a bar.
fn bar(price: Decimal, ceiling: Decimal) -> String {
    let halves = price.to_atoms().saturating_mul(BAR).saturating_mul(2);
    let halves = halves.checked_div(ceiling.to_atoms()).unwrap_or_default().max(1);
    let full = (halves / 2).min(BAR);
    let half = u128::from(halves % 2 == 1 && full < BAR);
    let rest = BAR.saturating_sub(full).saturating_sub(half);
    let times = |text: &str, times: u128| text.repeat(usize::try_from(times).unwrap_or_default());
    [times("█", full), times("▌", half), times("·", rest)].concat()
}

/// What a group asks for, in short: `1x h100, 16 cpu, 96 Gi`; the first two units.
fn resources(spec: &GroupSpec) -> String {
    let units: Vec<String> = spec.units.iter().take(2).map(unit).collect();
    let more = if spec.units.len() > 2 { " + …" } else { "" };
    units.join(" + ") + more
}

fn unit(unit: &ResourceUnit) -> String {
    let asked = &unit.resources;
    let mut models: Vec<&str> =
        asked.gpu_attributes.iter().filter_map(|one| one.key.split('/').nth(3)).collect();
    models.dedup();
    let models = models.join("/").replace('*', "any gpu");
    let gpus = match asked.gpus {
        0 => String::new(),
        gpus => format!("{gpus}x {models}, "),
    };
    let cpu = match (asked.cpu_milli / 1_000, asked.cpu_milli % 1_000) {
        (whole, 0) => whole.to_string(),
        (whole, milli) => format!("{whole}.{milli:03}").trim_end_matches('0').to_owned(),
    };
    let memory = match (asked.memory_bytes >> 30, asked.memory_bytes & ((1 << 30) - 1)) {
        (gib, 0) => format!("{gib} Gi"),
        _ => format!("{} Mi", asked.memory_bytes >> 20),
    };
    let replica = format!("{gpus}{cpu} cpu, {memory}");
    if unit.count > 1 { format!("{}x ({replica})", unit.count) } else { replica }
}
