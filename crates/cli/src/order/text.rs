//! The answer of `order explain` for people: a line for each provider, then what to do.

use std::fmt::Write as _;

use undercut_primitives::PricePerBlock;
use undercut_primitives::usd::Usd;

use super::{Advice, Answer, Explained, Group, Said, usd_per_hour};
use crate::style::visible;

/// The whole page.
pub(super) fn page(explained: &Explained, akt_usd: Option<Usd>) -> String {
    let mut out = format!("{}\n", visible(&explained.title));
    for group in &explained.groups {
        let ceiling = group.ceiling.as_ref().map(|ceiling| price(ceiling, akt_usd));
        let ceiling = ceiling.unwrap_or_else(|| "none".to_owned());
        // Writing to a `String` cannot fail.
        let _ = writeln!(out, "\ngroup {} · ceiling {ceiling}", visible(&group.name));
        let widest = group.answers.iter().map(|answer| answer.provider.len()).max().unwrap_or(0);
        for answer in &group.answers {
            let said = visible(&said(answer, group, akt_usd));
            let _ = writeln!(out, "  {:<widest$}  {said}", visible(&answer.provider));
        }
        out.push_str(&ending(group, akt_usd));
    }
    out
}

fn said(answer: &Answer, group: &Group, akt_usd: Option<Usd>) -> String {
    match &answer.said {
        Said::Bid { price: own, fate } => {
            let lowest = group.answers.iter().filter_map(Answer::bid).min() == Some(own);
            let remark = match fate {
                Some(fate) => format!("  {}", fate.text),
                None if lowest => "  lowest".to_owned(),
                None => String::new(),
            };
            format!("bid     {}{remark}", price(own, akt_usd))
        }
        Said::No { code, reason, more } => {
            let more = match more {
                0 => String::new(),
                more => format!(" [and {more} more]"),
            };
            format!("no bid  {code}: {reason}{more}")
        }
        Said::Nothing { reason } => format!("no bid  {reason}"),
    }
}

fn ending(group: &Group, akt_usd: Option<Usd>) -> String {
    let (bids, asked) = (group.bids(), group.answers.len());
    let mut out = match (bids, asked) {
        (_, 0) => return "  nobody is registered\n".to_owned(),
        (0, _) => format!("nobody bids: 0 of {asked}\n"),
        _ => return format!("{bids} of {asked} bid\n"),
    };
    let is_able = |answer: &&Answer| matches!(answer.said, Said::Nothing { .. });
    match (&group.advice, group.answers.iter().filter(is_able).count()) {
        (Some(advice), _) => out.push_str(&visible_lines(&steps(advice, akt_usd))),
        (None, 0) => out.push_str("no change of the kinds that are tried would bring a bid\n"),
        (None, able) => {
            let _ = writeln!(
                out,
                "{able} are eligible; why they did not bid is not in the log: ask with --dry-run FILE"
            );
        }
    }
    out
}

fn steps(advice: &Advice, akt_usd: Option<Usd>) -> Vec<String> {
    let mut lines = match &advice.price {
        Some(own) => {
            let own = price(own, akt_usd);
            vec![format!("the smallest change that brings a bid, of {} at {own}:", advice.provider)]
        }
        None => vec![format!("the smallest change that lets {} bid:", advice.provider)],
    };
    for step in &advice.steps {
        lines.push(format!("  {}", step.text));
        lines.extend(step.edit.iter().map(|edit| format!("    {edit}")));
    }
    lines
}

fn visible_lines(lines: &[String]) -> String {
    lines.iter().map(|line| visible(line) + "\n").collect()
}

/// `2259.894629 uact per block, 1.33 USD/h`.
fn price(price: &PricePerBlock, akt_usd: Option<Usd>) -> String {
    let number = format!("{} {} per block", price.value, price.denom);
    usd_per_hour(price, akt_usd).map_or_else(|| number.clone(), |hour| format!("{number}, {hour}"))
}
