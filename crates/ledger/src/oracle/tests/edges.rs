//! The edge cases O1 to O12 of the reference, as data.

use super::*;

/// Whether the reference does the same.
enum Origin {
    Same,
    /// It differs on purpose, and why.
    Differs(&'static str),
}
use Origin::{Differs, Same};

/// One edge case. Times in nanoseconds.
struct Edge {
    id: &'static str,
    origin: Origin,
    /// Source, price, its time, the block's time, and what becomes of it.
    posts: &'static [(&'static str, &'static str, i64, i64, &'static str)],
    /// When the price is read, and of how many sources: `s1`, `s2`, ...
    read: (i64, usize),
    /// The price or the code of what is wrong.
    reads: &'static str,
}

const fn edge(
    id: &'static str,
    origin: Origin,
    posts: &'static [(&'static str, &'static str, i64, i64, &'static str)],
    read: (i64, usize),
    reads: &'static str,
) -> Edge {
    Edge { id, origin, posts, read, reads }
}

const MEDIAN: Origin = Differs("the median, so that one of three does not move the price");
const CARRIED: Origin = Differs("a price too old when the window began does not count");
const BOUNDED: Origin = Differs("times ahead are bounded");
const EMPTY: Origin = Differs("without sources there is no price, not the last one for ever");

const MS: i64 = S / 1_000;
const DAY: i64 = 86_400 * S;
const NOW: i64 = 100 * S;

const POSTED: [Edge; 9] = [
    edge("O1 unknown signer", Same, &[("x", "1", NOW, NOW, "ORA001")], (NOW, 3), "ORA008"),
    edge("O1 price of zero", Same, &[("s1", "0", NOW, NOW, "ORA002")], (NOW, 3), "ORA008"),
    edge("O2 first price 12 s old", Same, &[("s1", "1", NOW - 12 * S, NOW, "ok")], (NOW, 3), "1"),
    edge(
        "O2 first price 12 s and 1 ns old",
        Same,
        &[("s1", "1", NOW - 12 * S - 1, NOW, "ORA005")],
        (NOW, 3),
        "ORA008",
    ),
    edge(
        "O2 second price of an older time",
        Same,
        &[("s1", "1", 95 * S, 95 * S, "ok"), ("s1", "2", 95 * S - 1, 95 * S, "ORA004")],
        (NOW, 3),
        "1",
    ),
    edge(
        "O2 second price of an equal time: it stands from then on",
        Same,
        &[("s1", "1", 95 * S, 95 * S, "ok"), ("s1", "2", 95 * S, 95 * S, "ok")],
        (NOW, 3),
        "2",
    ),
    edge(
        "O10 a day ahead, then a normal one",
        BOUNDED,
        &[("s1", "9", NOW + DAY, NOW, "ORA006"), ("s1", "1", NOW, NOW, "ok")],
        (NOW, 3),
        "1",
    ),
    edge(
        "O10 10 s ahead: taken, and it has no average until its time has come",
        Same,
        &[("s1", "1", NOW + 10 * S, NOW, "ok")],
        (NOW + 10 * S - 1, 3),
        "ORA008",
    ),
    edge(
        "O10 10 s and 1 ns ahead",
        BOUNDED,
        &[("s1", "1", NOW + 10 * S + 1, NOW, "ORA006")],
        (NOW + 10 * S + 1, 3),
        "ORA008",
    ),
];

const AVERAGED: [Edge; 10] = [
    edge(
        "O3 one price before the window",
        Same,
        &[("s1", "1", 92 * S, 92 * S, "ok"), ("s1", "1.1", 97 * S, 97 * S, "ok")],
        (NOW, 3),
        "1.06",
    ),
    edge(
        "O4 three prices, one at the start of the window",
        Same,
        &[
            ("s1", "1", 95 * S, 95 * S, "ok"),
            ("s1", "1.1", 97 * S, 97 * S, "ok"),
            ("s1", "1.2", 99 * S, 99 * S, "ok"),
        ],
        (NOW, 3),
        "1.08",
    ),
    edge(
        "O5 two prices at the end of the window and no other",
        Same,
        &[("s1", "1", NOW, NOW, "ok"), ("s1", "2", NOW, NOW, "ok")],
        (NOW, 3),
        "1.5",
    ),
    edge(
        "O5 a price at the end and one before the window",
        Same,
        &[("s1", "1", 90 * S, 90 * S, "ok"), ("s1", "2", NOW, NOW, "ok")],
        (NOW, 3),
        "1",
    ),
    edge(
        "O5 the one before was 30 s old when the window began",
        Same,
        &[("s1", "1", 65 * S, 65 * S, "ok"), ("s1", "2", NOW, NOW, "ok")],
        (NOW, 3),
        "1",
    ),
    edge(
        "O5 the one before was 30 s and 1 ns old when the window began",
        CARRIED,
        &[("s1", "1", 65 * S - 1, 65 * S, "ok"), ("s1", "2", NOW, NOW, "ok")],
        (NOW, 3),
        "2",
    ),
    edge(
        "O7 averages of 1.00, 1.00 and 1.01",
        MEDIAN,
        &[
            ("s1", "1", 95 * S, 95 * S, "ok"),
            ("s2", "1", 95 * S, 95 * S, "ok"),
            ("s3", "1.01", 95 * S, 95 * S, "ok"),
        ],
        (NOW, 3),
        "1",
    ),
    edge(
        "O7 two averages: the mean is the median",
        Same,
        &[("s1", "1", 95 * S, 95 * S, "ok"), ("s2", "1.01", 95 * S, 95 * S, "ok")],
        (NOW, 3),
        "1.005",
    ),
    edge(
        "O10 a price ahead changes nothing until its time has come",
        Same,
        &[("s1", "1", 95 * S, 95 * S, "ok"), ("s1", "2", NOW + 10 * S, NOW, "ok")],
        (NOW + 10 * S, 3),
        "1",
    ),
    edge(
        "O10 a price ahead stands from its time on",
        Same,
        &[("s1", "1", 95 * S, 95 * S, "ok"), ("s1", "2", NOW + 10 * S, NOW, "ok")],
        (NOW + 10 * S + 1250 * MS, 3),
        "1.25",
    ),
];

const HEALTH: [Edge; 8] = [
    edge(
        "O6 150 basis points apart",
        Same,
        &[("s1", "1", 95 * S, 95 * S, "ok"), ("s2", "1.015", 95 * S, 95 * S, "ok")],
        (NOW, 3),
        "1.0075",
    ),
    edge(
        "O6 160 basis points apart",
        Same,
        &[("s1", "1", 95 * S, 95 * S, "ok"), ("s2", "1.016", 95 * S, 95 * S, "ok")],
        (NOW, 3),
        "ORA009",
    ),
    edge(
        "O6 the last prices are compared, also one ahead",
        Same,
        &[
            ("s1", "1", 95 * S, 95 * S, "ok"),
            ("s2", "1", 95 * S, 95 * S, "ok"),
            ("s2", "1.016", NOW + 1, NOW, "ok"),
        ],
        (NOW, 3),
        "ORA009",
    ),
    edge("O8 30 s old", Same, &[("s1", "1", 70 * S, 70 * S, "ok")], (NOW, 3), "1"),
    edge(
        "O8 30 s and 1 ns old",
        Same,
        &[("s1", "1", 70 * S, 70 * S, "ok")],
        (NOW + 1, 3),
        "ORA008",
    ),
    edge("O9 no feed at all", Same, &[], (NOW, 0), "ORA007"),
    edge(
        "O11 the sources are taken away",
        EMPTY,
        &[("s1", "1", NOW, NOW, "ok")],
        (NOW, 0),
        "ORA007",
    ),
    edge(
        "O11 the source that posts is taken away, others stay",
        Same,
        &[("s3", "1", NOW, NOW, "ok")],
        (NOW, 2),
        "ORA008",
    ),
];

fn check(edge: &Edge) {
    let params = OracleParams { sources: sources(3), ..OracleParams::default() };
    let reason = match edge.origin {
        Same => "as in the reference",
        Differs(why) => why,
    };
    let mut oracle = Oracle::default();
    for (source, price, published_at, now, outcome) in edge.posts {
        let found =
            post(&mut oracle, address(source), point(price, *published_at), at(*now), &params);
        assert_eq!(found, *outcome, "{}: {price} of {published_at} ({reason})", edge.id);
    }
    let (now, registered) = edge.read;
    let params = OracleParams { sources: sources(registered), ..params };
    assert_eq!(told(&oracle.read(at(now), &params)), edge.reads, "{} ({reason})", edge.id);
}

#[test]
fn the_edge_cases_of_the_reference_end_as_their_rows_say() {
    POSTED.iter().chain(&AVERAGED).chain(&HEALTH).for_each(check);
}

#[test]
fn a_price_below_zero_or_in_another_denom_cannot_be_written_down() {
    // O1: the type has one denom and one base; what is left is the sign.
    assert!("-1".parse::<Decimal>().is_err());
}

#[test]
fn act_is_one_dollar_without_a_feed() {
    // O9: two dollars for one AKT give two ACT.
    let burned = undercut_primitives::Amount::from_micro(1_000_000);
    let out = convert(burned, usd("2"), Decimal::ONE, 0).unwrap();
    assert_eq!(out.paid.to_micro(), 2_000_000);
}

#[test]
fn times_are_kept_to_the_nanosecond_and_read_in_either_order() {
    // O12: 2025-03-05 08:09:07.012034056 UTC
    let time = 1_741_162_147 * S + 12_034_056;
    let params = OracleParams { sources: sources(1), ..OracleParams::default() };
    let mut oracle = Oracle::default();
    for published_at in [time, time + 1] {
        let outcome = post(&mut oracle, address("s1"), point("1", published_at), at(time), &params);
        assert_eq!(outcome, "ok");
    }
    let points = oracle.source(&address("s1")).unwrap();
    let texts = |points: Vec<&PricePoint>| {
        points.iter().map(|point| point.published_at.to_string()).collect::<Vec<_>>()
    };
    let both = ["1741162147.012034056", "1741162147.012034057"];
    assert_eq!(texts(points.points().collect()), both);
    assert_eq!(texts(points.points().rev().collect()), [both[1], both[0]]);
    assert_eq!(points.last().published_at, at(time + 1));
}
