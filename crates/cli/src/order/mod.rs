//! `undercut order`: who bids on an order, who does not, and why.

mod advice;
mod dry_run;
mod json;
mod logged;
mod text;

use undercut_primitives::PricePerBlock;
use undercut_primitives::usd::Usd;

use crate::args;
use crate::exit::{Exit, Failure};
use crate::say;
use crate::style::{Style, escaped_json};

/// Runs a verb of `undercut order`.
pub(crate) fn run(verb: &args::Order, style: Style) -> Result<Exit, Failure> {
    let args::Order::Explain(args) = verb;
    let explained = match (&args.dry_run, &args.dir, &args.order) {
        (Some(file), _, _) => dry_run::explain(file, args, style)?,
        (None, Some(dir), Some(order)) => Some(logged::explain(dir, order, args.at)?),
        (None, _, _) => {
            return Err(Failure::wrong_use("name a log's folder and an order"));
        }
    };
    let Some(explained) = explained else { return Ok(Exit::No) };
    let text = if args.json {
        escaped_json(&json::object(&explained, args.akt_usd)?)
    } else {
        style.paint(&text::page(&explained, args.akt_usd))
    };
    say(&text)?;
    let all_have_bids = explained.groups.iter().all(Group::has_bids);
    Ok(if all_have_bids { Exit::Done } else { Exit::No })
}

/// What is known about the groups that were asked about.
#[derive(Debug)]
struct Explained {
    /// Where from, in a few words for people.
    title: String,
    source: Source,
    groups: Vec<Group>,
}

/// Where an explanation comes from.
#[derive(Debug)]
enum Source {
    /// A manifest and the providers that `demo` makes for it.
    DryRun { file: String, seed: u64, providers: u32 },
    /// A log.
    Log { log: String, order: String, handle: String, opened_at: u64, at: u64 },
}

/// One group and every provider's answer.
#[derive(Debug)]
struct Group {
    name: String,
    ceiling: Option<PricePerBlock>,
    answers: Vec<Answer>,
    advice: Option<Advice>,
}

impl Group {
    fn has_bids(&self) -> bool {
        self.bids() > 0
    }

    fn bids(&self) -> usize {
        self.answers.iter().filter(|answer| answer.bid().is_some()).count()
    }
}

/// What one provider says.
#[derive(Debug)]
struct Answer {
    provider: String,
    said: Said,
}

impl Answer {
    fn bid(&self) -> Option<&PricePerBlock> {
        match &self.said {
            Said::Bid { price, .. } => Some(price),
            Said::Nothing { .. } | Said::No { .. } => None,
        }
    }
}

#[derive(Debug)]
enum Said {
    /// It bids, and what became of the bid: `won`, `lost by 0.5 (1.2 %)`.
    Bid { price: PricePerBlock, fate: Option<Fate> },
    /// It does not: the first failing check, and how many others fail.
    No { code: String, reason: String, more: usize },
    /// It could have bid, and did not.
    Nothing { reason: String },
}

/// What became of a bid.
#[derive(Debug)]
struct Fate {
    /// `open`, `won`, `lost`, `withdrawn`, `evicted`, `order-closed`, `lease-ended`, `not-eligible`.
    state: &'static str,
    text: String,
}

/// The smallest change that would bring a bid.
#[derive(Debug)]
struct Advice {
    provider: String,
    steps: Vec<advice::Step>,
    /// The bid that it would bring, where prices are known.
    price: Option<PricePerBlock>,
}

/// ` 1.33 USD/h`, or nothing for a token whose worth is not known.
fn usd_per_hour(price: &PricePerBlock, akt_usd: Option<Usd>) -> Option<String> {
    let cents = undercut_sdl::UsdCost::half_up(price, akt_usd)?.cents_per_hour;
    if cents == 0 {
        return Some("under 0.01 USD/h".to_owned());
    }
    Some(format!("{}.{:02} USD/h", cents / 100, cents % 100))
}
