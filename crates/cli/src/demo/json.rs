//! The answer of `demo --json`, schema `undercut.demo/1`. Money is text, hashes lower-case hex.

use std::collections::BTreeMap;

use serde::Serialize;
use undercut_simulation::Report;

use crate::exit::{Exit, Failure};

#[derive(Serialize)]
struct Answer {
    schema: &'static str,
    seed: u64,
    height: u64,
    orders: Orders,
    bids: Bids,
    leases: Leases,
    paid: BTreeMap<String, String>,
    burned: BTreeMap<&'static str, String>,
    minted: BTreeMap<&'static str, String>,
    log: Log,
    state_root: String,
    /// How many commands were refused, by code.
    refused: BTreeMap<&'static str, u64>,
    checks: Vec<Check>,
}

#[derive(Serialize)]
struct Orders {
    opened: u64,
    matched: u64,
    unmatched: u64,
}

#[derive(Serialize)]
struct Bids {
    admitted: u64,
    refused: u64,
}

#[derive(Serialize)]
struct Leases {
    signed: u64,
    active: u64,
    closed: u64,
    exhausted: u64,
}

#[derive(Serialize)]
struct Log {
    records: u64,
    head: String,
}

#[derive(Serialize)]
struct Check {
    name: &'static str,
    ok: bool,
    /// How often it was looked at; `ok` says nothing where that is never.
    times: u64,
}

/// The report as one line of JSON.
pub(super) fn object(report: &Report) -> Result<String, Failure> {
    let counts = report.counts;
    let mut paid: BTreeMap<String, String> = BTreeMap::from([("uact".to_owned(), "0".to_owned())]);
    paid.extend(report.paid.iter().map(|(denom, sum)| (denom.to_string(), sum.to_string())));
    let answer = Answer {
        schema: "undercut.demo/1",
        seed: report.seed,
        height: report.height.to_u64(),
        orders: Orders {
            opened: counts.orders_opened,
            matched: counts.orders_matched,
            unmatched: counts.orders_unmatched,
        },
        bids: Bids { admitted: counts.bids_admitted, refused: counts.bids_refused },
        leases: Leases {
            signed: counts.leases_signed,
            active: counts.leases_active(),
            closed: counts.leases_closed,
            exhausted: counts.leases_exhausted,
        },
        paid,
        burned: BTreeMap::from([
            ("uact", report.burned_uact.to_string()),
            ("uakt", report.burned_uakt.to_string()),
        ]),
        minted: BTreeMap::from([
            ("uact", report.minted_uact.to_string()),
            ("uakt", report.minted_uakt.to_string()),
        ]),
        log: Log { records: report.head.records, head: report.head.hash.to_string() },
        state_root: report.state_root.to_string(),
        refused: report.refused.iter().map(|(code, (times, _))| (*code, *times)).collect(),
        checks: report
            .checks
            .iter()
            .map(|check| Check { name: check.name, ok: check.is_ok(), times: check.times })
            .collect(),
    };
    let text = serde_json::to_string(&answer);
    Ok(text.map_err(|error| Failure::new(Exit::Bug, error.to_string()))? + "\n")
}
