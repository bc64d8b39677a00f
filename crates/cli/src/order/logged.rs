//! An order of a kept log: which bids it got and what became of them, and why others did not bid.
//!
//! A log has profiles and no inventories, so what is told of providers without a bid is what the
//! engine checks: a provider that was eligible and did not bid had its own reasons.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use undercut::replay::Replay;
use undercut::{Event, State};
use undercut_bidding::why::{self, SmallestChange};
use undercut_bidding::{Bid, BidClosedReason, BidRejection, BidState, ProviderProfile};
use undercut_ledger::log::Record;
use undercut_orderbook::{Order, OrderEvent};
use undercut_primitives::{BlockHeight, Decimal, GroupSpec, OrderId, Provider};

use super::advice::Step;
use super::{Advice, Answer, Explained, Fate, Group, Said, Source};
use crate::exit::{Exit, Failure};
use crate::log::source::Log;
use crate::progress::Progress;
use crate::style::visible;

/// Replays the log and tells about one order.
pub(super) fn explain(dir: &Path, typed: &str, at: Option<u64>) -> Result<Explained, Failure> {
    let wanted = Wanted::parse(typed)?;
    let kept = Log::open(dir)?;
    let path = kept.name();
    let mut view = View { wanted, at: at.map(BlockHeight::new), ..View::default() };
    let mut replay = Replay::default();
    let walked = kept.walk(&mut Progress::none(), |entry| {
        let record = &entry.record;
        replay.apply(record).map_err(|diverged| {
            let sentence = format!("{path}: {}: {diverged}", diverged.code());
            Failure::new(Exit::Damaged, sentence)
        })?;
        if let Some(state) = replay.state() {
            view.observe(record, state);
        }
        Ok(())
    })?;
    let usage = |sentence: String| Failure::new(Exit::Usage, sentence);
    let typed = visible(typed);
    if let Some(at) = view.at.filter(|at| *at > walked.height) {
        return Err(Failure::wrong_use(format!(
            "--at {at}: the log ends with block {}",
            walked.height
        )));
    }
    let Some((handle, order)) = view.order.clone() else {
        let there_are = match view.orders {
            0 => "which opened none".to_owned(),
            orders => format!("which has {orders}: o1 to o{orders}"),
        };
        return Err(usage(format!("ORD011: there is no order {typed} in the log, {there_are}")));
    };
    let (Some(snapshot), Some(state)) = (&view.snapshot, replay.state()) else {
        let (at, opened_at) = (at.unwrap_or_default(), order.opened_at);
        return Err(Failure::wrong_use(format!(
            "--at {at}: {typed} opened in block {opened_at}; ask from then on"
        )));
    };
    let Some(group) = state.book().group(&order.id.group) else {
        return Err(Failure::new(Exit::Bug, format!("{typed} has no group")));
    };
    let bids = match view.at {
        Some(_) => snapshot.bids.clone(),
        None => state.bids().bids_of(order.id).map(|bid| bid.into_owned()).collect(),
    };
    let told = Told { order: &order, spec: &group.spec, snapshot, bids: &bids };
    let (opened_at, at) = (order.opened_at.to_u64(), snapshot.height.to_u64());
    let log = visible(&dir.display().to_string());
    let title = format!(
        "{log} · order o{handle} · opened in block {opened_at} · providers as of block {at}"
    );
    let (order, handle) = (order.id.to_string(), format!("o{handle}"));
    let source = Source::Log { log, order, handle, opened_at, at };
    Ok(Explained { title, source, groups: vec![told.group()] })
}

/// The order that is asked for.
#[derive(Debug, Default)]
enum Wanted {
    /// The n-th one of the log.
    Handle(u64),
    Id(OrderId),
    #[default]
    None,
}

impl Wanted {
    fn parse(typed: &str) -> Result<Self, Failure> {
        let digits = typed.strip_prefix('o');
        let number = digits.and_then(|digits| digits.parse::<u64>().ok());
        // `o01` and `o+1` are no names of the first one.
        if let Some(number) = number.filter(|number| digits == Some(&number.to_string())) {
            return Ok(Self::Handle(number));
        }
        typed.parse().map(Self::Id).map_err(|_| {
            let sentence = format!(
                "VAL001: `{}` names no order; write o1 for the first one of the log, or owner/dseq/gseq/oseq",
                visible(typed)
            );
            Failure::new(Exit::Usage, sentence)
        })
    }

    fn is(&self, number: u64, id: &OrderId) -> bool {
        match self {
            Self::Handle(handle) => *handle == number,
            Self::Id(wanted) => wanted == id,
            Self::None => false,
        }
    }
}

/// What is kept of a log while it goes by.
#[derive(Debug, Default)]
struct View {
    wanted: Wanted,
    at: Option<BlockHeight>,
    orders: u64,
    order: Option<(u64, Order)>,
    snapshot: Option<Snapshot>,
}

/// What there was at the end of a block.
#[derive(Debug)]
struct Snapshot {
    height: BlockHeight,
    profiles: BTreeMap<Provider, ProviderProfile>,
    bids: Vec<Bid>,
}

impl View {
    fn observe(&mut self, record: &Record<Event>, state: &State) {
        match &record.event {
            Event::Order(OrderEvent::OrderOpened(order)) => {
                self.orders = self.orders.saturating_add(1);
                if self.order.is_none() && self.wanted.is(self.orders, &order.id) {
                    self.order = Some((self.orders, order.clone()));
                }
            }
            Event::BlockSealed(_) => {
                let height = &record.height;
                let Some((_, order)) = &self.order else { return };
                if *height == self.at.unwrap_or(order.opened_at) {
                    self.snapshot = Some(Snapshot {
                        height: *height,
                        profiles: state.providers().map(|(id, own)| (*id, own.clone())).collect(),
                        bids: state.bids().bids_of(order.id).map(|bid| bid.into_owned()).collect(),
                    });
                }
            }
            _ => {}
        }
    }
}

/// One order, and everyone who could have bid on it.
struct Told<'a> {
    order: &'a Order,
    spec: &'a GroupSpec,
    snapshot: &'a Snapshot,
    bids: &'a [Bid],
}

impl Told<'_> {
    fn group(&self) -> Group {
        let registered = self.snapshot.profiles.keys();
        let bidders = self.bids.iter().map(|bid| &bid.id.provider);
        let providers: BTreeSet<&Provider> = registered.chain(bidders).collect();
        let answers = providers
            .into_iter()
            .map(|provider| Answer { provider: provider.to_string(), said: self.said(provider) });
        let (answers, ceiling) = (answers.collect(), Some(self.order.ceiling.clone()));
        let advice = if self.bids.is_empty() { self.advice() } else { None };
        Group { name: self.spec.name.clone(), ceiling, answers, advice }
    }

    fn said(&self, provider: &Provider) -> Said {
        if let Some(bid) = self.bids.iter().find(|bid| bid.id.provider == *provider) {
            return Said::Bid { price: bid.price.clone(), fate: Some(self.fate(bid)) };
        }
        if provider.0 == self.order.id.tenant().0 {
            let own = BidRejection::OwnOrder { order: self.order.id };
            return Said::No { code: own.code().to_string(), reason: own.to_string(), more: 0 };
        }
        let profile = self.snapshot.profiles.get(provider).cloned().unwrap_or_default();
        let checks = why::checks(self.spec, &profile);
        match why::first_failure(&checks) {
            Some(failure) => Said::No {
                code: failure.code().to_string(),
                reason: failure.to_string(),
                more: why::failures(&checks).count().saturating_sub(1),
            },
            None => Said::Nothing { reason: "eligible by its profile".to_owned() },
        }
    }

    fn fate(&self, bid: &Bid) -> Fate {
        let fate = |state, text: &str| Fate { state, text: text.to_owned() };
        match bid.state {
            BidState::Open => fate("open", "open"),
            BidState::Active => fate("won", "won"),
            BidState::Lost => Fate { state: "lost", text: self.lost_by(bid) },
            BidState::Closed(BidClosedReason::Withdrawn) => fate("withdrawn", "taken back"),
            BidState::Closed(BidClosedReason::Evicted) => {
                fate("evicted", "evicted by a better bid")
            }
            BidState::Closed(BidClosedReason::OrderClosed) => {
                fate("order-closed", "the order closed without a winner")
            }
            BidState::Closed(BidClosedReason::LeaseEnded) => {
                fate("lease-ended", "won; the lease has ended")
            }
            BidState::Closed(BidClosedReason::NoLongerEligible) => {
                fate("not-eligible", "not eligible any more when the auction ended")
            }
        }
    }

    /// By how much a bid was above the winner's.
    fn lost_by(&self, bid: &Bid) -> String {
        let won = |bid: &&Bid| {
            matches!(bid.state, BidState::Active | BidState::Closed(BidClosedReason::LeaseEnded))
        };
        let Some(winner) = self.bids.iter().find(won) else { return "lost".to_owned() };
        let (own, won) = (bid.price.value, winner.price.value);
        match own.checked_sub(won) {
            Some(Decimal::ZERO) => "lost by the tie-break".to_owned(),
            Some(above) => {
                let tenths = why::percent_above_ceil(own, won);
                let percent = tenths.map_or_else(String::new, |tenths| {
                    format!(", {}.{} %", tenths / 10, tenths % 10)
                });
                format!("lost by {above} {}{percent}", bid.price.denom)
            }
            // Where the tenant chooses, the lowest need not win.
            None => "lost; the tenant chose another".to_owned(),
        }
    }

    fn advice(&self) -> Option<Advice> {
        let tenant = self.order.id.tenant().0;
        let others = self.snapshot.profiles.iter().filter(|(id, _)| id.0 != tenant);
        let change = why::smallest_change(self.spec, others.map(|(id, own)| (*id, own)))?;
        let SmallestChange { provider, changes, .. } = change;
        let steps = changes.iter().map(Step::of_order).collect();
        Some(Advice { provider: provider.to_string(), steps, price: None })
    }
}
