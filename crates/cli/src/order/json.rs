//! The answer of `order explain --json`, schema `undercut.order-explain/1`. Money is text.

use serde::Serialize;
use undercut_primitives::PricePerBlock;
use undercut_primitives::usd::Usd;
use undercut_sdl::UsdCost;

use super::{Advice, Answer, Explained, Group, Said, Source};
use crate::exit::{Exit, Failure};

#[derive(Serialize)]
struct Page<'a> {
    schema: &'static str,
    ok: bool,
    source: From<'a>,
    groups: Vec<One<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum From<'a> {
    DryRun { file: &'a str, seed: u64, providers: u32 },
    Log { log: &'a str, order: &'a str, handle: &'a str, opened_at: u64, at: u64 },
}

#[derive(Serialize)]
struct One<'a> {
    name: &'a str,
    ceiling: Option<Price>,
    bids: usize,
    providers: Vec<Line<'a>>,
    smallest_change: Option<Change<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    provider: &'a str,
    bid: Option<Price>,
    state: Option<&'static str>,
    code: Option<&'a str>,
    reason: Option<&'a str>,
    more_failures: usize,
}

#[derive(Serialize)]
struct Price {
    per_block: String,
    denom: String,
    usd_per_hour: Option<String>,
}

#[derive(Serialize)]
struct Change<'a> {
    provider: &'a str,
    bid: Option<Price>,
    steps: Vec<Step<'a>>,
}

#[derive(Serialize)]
struct Step<'a> {
    text: &'a str,
    edit: Option<&'a str>,
}

/// The explanation as one line of JSON.
pub(super) fn object(explained: &Explained, akt_usd: Option<Usd>) -> Result<String, Failure> {
    let source = match &explained.source {
        Source::DryRun { file, seed, providers } => {
            From::DryRun { file, seed: *seed, providers: *providers }
        }
        Source::Log { log, order, handle, opened_at, at } => {
            From::Log { log, order, handle, opened_at: *opened_at, at: *at }
        }
    };
    let page = Page {
        schema: "undercut.order-explain/1",
        ok: explained.groups.iter().all(Group::has_bids),
        source,
        groups: explained.groups.iter().map(|group| one(group, akt_usd)).collect(),
    };
    let text = serde_json::to_string(&page);
    Ok(text.map_err(|error| Failure::new(Exit::Bug, error.to_string()))? + "\n")
}

fn one(group: &Group, akt_usd: Option<Usd>) -> One<'_> {
    One {
        name: &group.name,
        ceiling: group.ceiling.as_ref().map(|ceiling| price(ceiling, akt_usd)),
        bids: group.bids(),
        providers: group.answers.iter().map(|answer| line(answer, akt_usd)).collect(),
        smallest_change: group.advice.as_ref().map(|advice| change(advice, akt_usd)),
    }
}

fn line(answer: &Answer, akt_usd: Option<Usd>) -> Line<'_> {
    let (state, code, reason, more_failures) = match &answer.said {
        Said::Bid { fate: Some(fate), .. } => (Some(fate.state), None, Some(&*fate.text), 0),
        Said::Bid { fate: None, .. } => (None, None, None, 0),
        Said::No { code, reason, more } => (None, Some(&**code), Some(&**reason), *more),
        Said::Nothing { reason } => (None, None, Some(&**reason), 0),
    };
    let bid = answer.bid().map(|own| price(own, akt_usd));
    Line { provider: &answer.provider, bid, state, code, reason, more_failures }
}

fn change(advice: &Advice, akt_usd: Option<Usd>) -> Change<'_> {
    let steps = advice.steps.iter();
    let steps = steps.map(|step| Step { text: &step.text, edit: step.edit.as_deref() }).collect();
    let bid = advice.price.as_ref().map(|own| price(own, akt_usd));
    Change { provider: &advice.provider, bid, steps }
}

fn price(price: &PricePerBlock, akt_usd: Option<Usd>) -> Price {
    let (per_block, denom) = (price.value.to_string(), price.denom.to_string());
    let cost = UsdCost::half_up(price, akt_usd).map(|cost| cost.cents_per_hour);
    let usd_per_hour = cost.map(|cents| format!("{}.{:02}", cents / 100, cents % 100));
    Price { per_block, denom, usd_per_hour }
}
