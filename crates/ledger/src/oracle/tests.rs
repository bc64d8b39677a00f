//! Tests of the oracle: edge cases as data, borders and refusals, laws.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "a test that overflows fails, as it should"
)]

use proptest::prelude::*;
use undercut_primitives::TimeSpan;
use undercut_primitives::codec::Canonical;

use super::plain::Plain;
use super::*;
use crate::bme::convert;

mod borders;
mod edges;
mod laws;

const S: i64 = 1_000_000_000;

fn address(name: &str) -> Address {
    Address::of_module(name)
}

fn sources(count: usize) -> Vec<Address> {
    (1..=count).map(|number| address(&format!("s{number}"))).collect()
}

fn at(nanos: i64) -> BlockTime {
    BlockTime::from_unix_nanos(nanos)
}

fn usd(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn point(price: &str, nanos: i64) -> PricePoint {
    PricePoint { usd_per_akt: usd(price), published_at: at(nanos) }
}

/// Posts and applies; the code of a refusal, or `ok`.
fn post(
    oracle: &mut Oracle,
    source: Address,
    point: PricePoint,
    now: BlockTime,
    params: &OracleParams,
) -> &'static str {
    match oracle.post(source, point, now, params) {
        Ok(event) => {
            oracle.apply(&event).unwrap();
            "ok"
        }
        Err(rejection) => rejection.code().as_str(),
    }
}

/// The text of the price, or the code of what is wrong.
fn told(reading: &Result<Reading, Unhealthy>) -> String {
    match reading {
        Ok(reading) => reading.price.usd_per_akt.to_string(),
        Err(unhealthy) => unhealthy.code().to_string(),
    }
}
