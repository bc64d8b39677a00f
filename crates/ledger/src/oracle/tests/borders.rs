//! What is refused and how it is said, the rounding, and the age of the price.

use super::*;

const NOW: i64 = 100 * S;
const DAY: i64 = 86_400 * S;

const AN_HOUR_AND_1_NS: TimeSpan = TimeSpan::from_nanos(3_600_000_000_001);

/// A change of good parameters.
type Change = fn(&mut OracleParams);

#[test]
fn the_first_broken_rule_of_a_post_wins() {
    let params = OracleParams { sources: sources(2), ..OracleParams::default() };
    let mut oracle = Oracle::default();
    assert_eq!(
        post(&mut oracle, address("s2"), point("1", NOW + DAY), at(NOW + DAY), &params),
        "ok"
    );
    // Each row breaks its own rule and every later one that it can break together with it.
    let rows = [
        ("x", "0", NOW + DAY - 1, "ORA001", "is not a source of prices"),
        ("s2", "0", NOW + DAY - 1, "ORA002", "the price is zero"),
        (
            "s2",
            "1000000000.1",
            NOW + DAY - 1,
            "ORA003",
            "a price of 1000000000.1 USD is above the highest of 1000000000 USD",
        ),
        (
            "s2",
            "1000000000",
            NOW + DAY - 1,
            "ORA004",
            "the price of second 86499.999999999 is before the source's last, of second 86500",
        ),
        (
            "s1",
            "1",
            NOW - 12 * S - 1,
            "ORA005",
            "the source's first price is 12.000000001 s old, at most 12 s is allowed",
        ),
        (
            "s2",
            "1",
            NOW + DAY,
            "ORA006",
            "the price is 86400 s ahead of the block, at most 10 s is allowed",
        ),
    ];
    for (source, price, published_at, code, sentence) in rows {
        let refused = oracle.post(address(source), point(price, published_at), at(NOW), &params);
        let refused = refused.unwrap_err();
        assert_eq!(refused.code().as_str(), code);
        assert!(refused.to_string().ends_with(sentence), "{refused}");
    }
}

#[test]
fn what_is_wrong_with_the_price_is_said_with_both_numbers() {
    let params = OracleParams { sources: sources(3), sources_min: 3, ..OracleParams::default() };
    let mut oracle = Oracle::default();
    let mut said = |source: &str, price: &str, params: &OracleParams| {
        assert_eq!(post(&mut oracle, address(source), point(price, NOW), at(NOW), params), "ok");
        oracle.read(at(NOW), params).map_err(|unhealthy| unhealthy.to_string())
    };
    assert_eq!(said("s1", "1", &params).unwrap_err(), "fresh sources of prices: 1, needed: 3");
    assert_eq!(said("s2", "1.05", &params).unwrap_err(), "fresh sources of prices: 2, needed: 3");
    assert_eq!(
        said("s3", "1.01", &params).unwrap_err(),
        "the last prices lie 500 basis points apart, from 1 to 1.05 USD, at most 150 are allowed"
    );
    let wide = OracleParams { deviation_max_bps: 500, ..params.clone() };
    let reading = said("s3", "1.02", &wide).unwrap();
    assert_eq!((reading.min, reading.max, reading.sources), (usd("1"), usd("1.05"), 3));
    assert_eq!((reading.spots_median, reading.deviation_bps), (usd("1.02"), 500));
    // Two prices of one source at the end of the window count alike.
    assert_eq!(reading.price.usd_per_akt, usd("1.015"));
    assert_eq!(
        Oracle::default().read(at(NOW), &OracleParams::default()).unwrap_err().to_string(),
        "no source of prices is registered"
    );
}

#[test]
fn the_age_of_the_price_is_that_of_the_oldest_last_post() {
    let params = OracleParams { sources: sources(2), ..OracleParams::default() };
    let mut oracle = Oracle::default();
    let posts = [("s1", 80 * S), ("s2", 75 * S), ("s1", 90 * S), ("s2", 85 * S)];
    for (source, published_at) in posts {
        let outcome =
            post(&mut oracle, address(source), point("1", published_at), at(80 * S), &params);
        assert_eq!(outcome, "ok");
    }
    assert_eq!(oracle.read(at(NOW), &params).unwrap().price.published_at, at(85 * S));
    // The older of the two is left out once it is too old.
    assert_eq!(oracle.read(at(115 * S + 1), &params).unwrap().price.published_at, at(90 * S));
}

#[test]
fn averages_and_medians_round_half_to_even() {
    // Prices in atoms of 10^-18, each for one of the last seconds; then the average.
    let rows: [(&[u128], u128); 6] = [
        (&[1, 2], 2),
        (&[2, 3], 2),
        (&[1, 1, 2], 1),
        (&[1, 2, 2], 2),
        (&[3, 4], 4),
        (&[10_u128.pow(27), 10_u128.pow(27) - 1], 10_u128.pow(27)),
    ];
    for (prices, average) in rows {
        let seconds = i64::try_from(prices.len()).unwrap();
        let params = OracleParams {
            sources: sources(2),
            twap_window: TimeSpan::from_seconds(seconds.unsigned_abs()),
            deviation_max_bps: u32::MAX,
            ..OracleParams::default()
        };
        let price = Decimal::from_atoms;
        let (mut one, mut two) = (Oracle::default(), Oracle::default());
        for (usd_per_akt, second) in prices.iter().zip(0..) {
            let point =
                PricePoint { usd_per_akt: price(*usd_per_akt), published_at: at(second * S) };
            assert_eq!(post(&mut one, address("s1"), point, at(second * S), &params), "ok");
            if prices.len() == 2 {
                let source = sources(2)[usize::try_from(second).unwrap()];
                assert_eq!(post(&mut two, source, point, at(second * S), &params), "ok");
            }
        }
        let average_of = |oracle: &Oracle| oracle.read(at(seconds * S), &params).unwrap().price;
        assert_eq!(average_of(&one).usd_per_akt, price(average), "average of {prices:?}");
        if prices.len() == 2 {
            assert_eq!(average_of(&two).usd_per_akt, price(average), "median of {prices:?}");
        }
    }
}

#[test]
fn parameters_that_are_none_are_refused_with_both_numbers() {
    let wrong = |change: Change| {
        let mut params = OracleParams { sources: sources(3), ..OracleParams::default() };
        params.check().unwrap();
        change(&mut params);
        params.check().map_err(|error| error.to_string())
    };
    let good: [Change; 6] = [
        |params| *params = OracleParams::default(),
        |params| params.sources = sources(32),
        |params| params.sources_min = 3,
        |params| params.twap_window = WINDOW_MAX,
        |params| params.ahead_max = AHEAD_LIMIT,
        |params| (params.ahead_max, params.first_age_max) = (TimeSpan::ZERO, TimeSpan::ZERO),
    ];
    for change in good {
        assert_eq!(wrong(change), Ok(()));
    }
    // Each row breaks its rule and the one after it.
    let rows: [(Change, &str); 9] = [
        (
            |p| p.sources = vec![address("s"); 33],
            "33 sources of prices are more than the 32 allowed",
        ),
        (
            |p| (p.sources[2], p.sources_min) = (p.sources[0], 0),
            "stands twice among the sources of prices",
        ),
        (|p| p.sources_min = 0, "the quorum of sources of prices is 0, at least 1 is needed"),
        (
            |p| (p.sources_min, p.age_max) = (4, TimeSpan::ZERO),
            "a price needs 4 sources, but 3 are registered",
        ),
        (
            |p| (p.age_max, p.ahead_max) = (TimeSpan::ZERO, TimeSpan::from_seconds(9999)),
            "the greatest age of a price is 0 s, at least 1 ns is needed",
        ),
        (
            |p| (p.ahead_max, p.twap_window) = (AN_HOUR_AND_1_NS, TimeSpan::ZERO),
            "prices may be 3600.000000001 s ahead, at most 3600 s can be allowed",
        ),
        (
            |p| (p.twap_window, p.deviation_max_bps) = (TimeSpan::ZERO, 0),
            "the window of averages is 0 s, at least 1 ns is needed",
        ),
        (
            |p| (p.twap_window, p.deviation_max_bps) = (AN_HOUR_AND_1_NS, 0),
            "the window of averages is 3600.000000001 s, at most 3600 s is allowed",
        ),
        (
            |p| p.deviation_max_bps = 0,
            "the greatest deviation is 0 basis points, at least 1 is needed",
        ),
    ];
    for (change, sentence) in rows {
        let error = wrong(change).unwrap_err();
        assert!(error.ends_with(sentence), "{error}");
    }
}

#[test]
fn a_price_is_usable_only_around_the_block() {
    let published_at = BlockTime::from_unix_seconds(1000);
    let price = OraclePrice { usd_per_akt: Decimal::ONE, published_at };
    let usable = |price: &OraclePrice, seconds: i64, nanos: i64| {
        price.is_usable(at(seconds * S + nanos), &OracleParams::default())
    };
    assert!(usable(&price, 1030, 0) && !usable(&price, 1030, 1), "30 s old");
    assert!(usable(&price, 990, 0) && !usable(&price, 990, -1), "10 s ahead");
    let zero = OraclePrice { usd_per_akt: Decimal::ZERO, ..price };
    assert!(!usable(&zero, 1000, 0), "zero");
}
