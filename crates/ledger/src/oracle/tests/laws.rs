//! What holds for any posts: the plain twin agrees, what is kept is bounded, one source of three
//! does not move the price beyond the others.

use super::*;

/// The most ticks of a window in the laws.
const TICKS_MAX: u64 = 60;

/// Any parameters that pass the check, in whole ticks.
fn params(tick: u64) -> impl Strategy<Value = OracleParams> {
    let span = move |ticks: u64| TimeSpan::from_nanos(ticks * tick);
    let deviation = prop_oneof![1 => 1_u32..30_000, 3 => Just(u32::MAX)];
    let spans = (1..200_u64, 0..TICKS_MAX, 1..=TICKS_MAX, 0..80_u64);
    let count = prop_oneof![1 => Just(0_usize), 4 => Just(1), 4 => Just(2), 12 => Just(3)];
    (count, 1..4_u32, spans, deviation).prop_map(move |(count, quorum, spans, deviation)| {
        let (age, ahead, window, first_age) = spans;
        OracleParams {
            sources: sources(count),
            sources_min: if count == 0 { quorum } else { quorum.min(count as u32) },
            age_max: span(age),
            ahead_max: span(ahead),
            twap_window: span(window),
            deviation_max_bps: deviation,
            first_age_max: span(first_age),
        }
    })
}

/// Prices of few atoms, where rounding shows, and of many.
fn any_price() -> impl Strategy<Value = Decimal> {
    let atoms = prop_oneof![
        8 => 1..9_u128,
        8 => 10_u128.pow(18)..2 * 10_u128.pow(18),
        2 => 10_u128.pow(27) - 5..10_u128.pow(27) + 2,
        1 => Just(0_u128),
    ];
    atoms.prop_map(Decimal::from_atoms)
}

/// A block: ticks since the last one, then who posts what and how many ticks ahead.
type Block = (i64, Vec<(usize, Decimal, i64)>);

fn blocks() -> impl Strategy<Value = Vec<Block>> {
    let post = (1..5_usize, any_price(), prop_oneof![8 => -3..3_i64, 1 => -70..70_i64]);
    let step = prop_oneof![8 => 0..8_i64, 1 => 0..150_i64];
    prop::collection::vec((step, prop::collection::vec(post, 0..6)), 1..40)
}

fn market() -> impl Strategy<Value = (u64, OracleParams, Vec<Block>)> {
    let minute = 60 * S.unsigned_abs();
    let ticks = prop_oneof![Just(1), Just(7), Just(S.unsigned_abs()), Just(minute)];
    ticks.prop_flat_map(|tick| (Just(tick), params(tick), blocks()))
}

proptest! {
    #[test]
    fn the_oracle_and_its_plain_twin_agree((tick, params, blocks) in market()) {
        params.check().unwrap();
        let ticks = i64::try_from(tick).unwrap();
        let mut plain = Plain { posts: Vec::new(), tick: tick.into() };
        let mut oracle = Oracle::default();
        let mut now = 1_000_000 * S * 60;
        for (step, posts) in blocks {
            now += step * ticks;
            for (source, usd_per_akt, ahead) in posts {
                let source = address(&format!("s{source}"));
                let point = PricePoint { usd_per_akt, published_at: at(now + ahead * ticks) };
                let expected = plain.post(source, point, at(now), &params).err().unwrap_or("ok");
                prop_assert_eq!(post(&mut oracle, source, point, at(now), &params), expected);
            }
            let reading = oracle.read(at(now), &params);
            prop_assert_eq!(&reading, &plain.read(at(now), &params));
            if let Ok(reading) = reading {
                prop_assert!(reading.price.is_usable(at(now), &params));
            }
        }
        let bytes = oracle.encode().unwrap();
        prop_assert_eq!(Oracle::decode(&bytes, bytes.len()).unwrap(), oracle);
    }

    #[test]
    fn one_source_of_three_moves_the_price_no_farther_than_another_says(
        honest in (1..10_u128.pow(20), 1..10_u128.pow(20)),
        lies in prop::collection::vec((any_price(), 0..9_i64), 0..9),
    ) {
        let params = OracleParams {
            sources: sources(3),
            deviation_max_bps: u32::MAX,
            ..OracleParams::default()
        };
        let mut oracle = Oracle::default();
        let (a, b) = (Decimal::from_atoms(honest.0), Decimal::from_atoms(honest.1));
        for (source, usd_per_akt) in [("s1", a), ("s2", b)] {
            let point = PricePoint { usd_per_akt, published_at: at(0) };
            prop_assert_eq!(post(&mut oracle, address(source), point, at(0), &params), "ok");
        }
        for (usd_per_akt, second) in lies {
            let point = PricePoint { usd_per_akt, published_at: at(second * S) };
            post(&mut oracle, address("s3"), point, at(5 * S), &params);
        }
        let price = oracle.read(at(5 * S), &params).unwrap().price.usd_per_akt;
        prop_assert!(a.min(b) <= price && price <= a.max(b));
    }

    #[test]
    fn no_parameters_and_no_times_make_a_read_fail_otherwise_than_by_a_code(
        spans in prop::array::uniform4(prop_oneof![any::<u64>(), Just(u64::MAX), Just(0)]),
        times in prop::collection::vec(prop_oneof![any::<i64>(), Just(i64::MIN), Just(i64::MAX)], 1..9),
        now: i64,
        numbers: [u32; 2],
    ) {
        let [age_max, ahead_max, twap_window, first_age_max] = spans.map(TimeSpan::from_nanos);
        let [sources_min, deviation_max_bps] = numbers.map(|number| number >> (number % 32));
        let source = address("s1");
        let params = OracleParams {
            sources: vec![source; 40],
            sources_min, age_max, ahead_max, twap_window, deviation_max_bps, first_age_max,
        };
        let mut oracle = Oracle::default();
        for published_at in times {
            let point = PricePoint { usd_per_akt: PRICE_MAX, published_at: at(published_at) };
            post(&mut oracle, source, point, at(now), &params);
        }
        // A source that stands in the list again and again counts once.
        match oracle.read(at(now), &params) {
            Ok(reading) => {
                let found = (reading.price.usd_per_akt, reading.sources, reading.deviation_bps);
                prop_assert_eq!(found, (PRICE_MAX, 1, 0));
            }
            Err(Unhealthy::TooFewSources { fresh, needed }) => prop_assert!(fresh < needed),
            Err(unhealthy) => prop_assert!(false, "{unhealthy}"),
        }
    }
}

/// An oracle with one source whose n-th price of n USD was posted at the n-th time.
fn posted(times: impl Iterator<Item = i64>) -> Oracle {
    let mut oracle = Oracle::default();
    for (dollars, time) in (1..).zip(times) {
        let point =
            PricePoint { usd_per_akt: Decimal::from_whole(dollars), published_at: at(time) };
        oracle.apply(&OracleEvent::PricePosted { source: address("s1"), point }).unwrap();
    }
    oracle
}

/// What is kept of that source, in dollars.
fn kept(oracle: &Oracle) -> Vec<u128> {
    let points = oracle.source(&address("s1")).unwrap().points();
    points.map(|point| point.usd_per_akt.truncate()).collect()
}

#[test]
fn what_no_window_can_reach_is_dropped_but_for_the_price_that_stands() {
    const HOUR: i64 = 3_600 * S;
    // Times of the posts, and what is kept.
    let rows: [(&[i64], &[u128]); 6] = [
        (&[0, 1, 2 * HOUR], &[1, 2, 3]),
        (&[0, 1, 2 * HOUR + 1], &[1, 2, 3]),
        (&[0, 1, 2 * HOUR + 2], &[2, 3]),
        (&[0, 0, 2 * HOUR + 1], &[2, 3]),
        (&[0, 5 * HOUR], &[1, 2]),
        (&[0, 5 * HOUR, 9 * HOUR], &[2, 3]),
    ];
    for (times, expected) in rows {
        assert_eq!(kept(&posted(times.iter().copied())), expected, "{times:?}");
    }
}

#[test]
fn of_more_points_than_are_kept_the_oldest_go_and_the_average_covers_the_rest() {
    let oracle = posted((0..300).map(|second| second * S));
    assert_eq!(kept(&oracle), (45..=300).collect::<Vec<_>>());
    assert_eq!(kept(&oracle).len(), POINTS_MAX);
    let params = OracleParams {
        sources: sources(1),
        twap_window: TimeSpan::from_seconds(600),
        ..OracleParams::default()
    };
    // 45 to 300 dollars, a second each.
    let reading = oracle.read(at(300 * S), &params).unwrap();
    assert_eq!(reading.price.usd_per_akt, usd("172.5"));
    // A whole hour full of one time: bounded as well.
    assert_eq!(kept(&posted(core::iter::repeat_n(7, 1_000))).len(), POINTS_MAX);
}

#[test]
fn events_that_do_not_fit_change_nothing() {
    let mut oracle = posted([S].into_iter());
    let before = oracle.clone();
    let above = format!("{}.000000000000000001", PRICE_MAX);
    let rows = [("s1", "1", S - 1), ("s1", "0", S), ("s2", "0", S), ("s2", above.as_str(), S)];
    for (source, price, time) in rows {
        let event = OracleEvent::PricePosted { source: address(source), point: point(price, time) };
        oracle.apply(&event).unwrap_err();
        assert_eq!(oracle, before, "{source} {price} {time}");
    }
}

#[test]
fn stored_points_that_no_source_can_have_posted_are_refused() {
    let decode = |points: Vec<PricePoint>| {
        let bytes = points.encode().unwrap();
        SourcePoints::decode(&bytes, bytes.len()).is_ok()
    };
    assert!(decode(vec![point("1", 0), point("2", 0), point("1", 1)]));
    assert!(decode(vec![point("1", 0); POINTS_MAX]));
    assert!(!decode(vec![]), "no points");
    assert!(!decode(vec![point("1", 1), point("1", 0)]), "backwards");
    assert!(!decode(vec![point("1", 0), point("0", 1)]), "zero");
    assert!(!decode(vec![point("1", 0), point("1000000000.1", 1)]), "too high");
    assert!(!decode(vec![point("1", 0); POINTS_MAX + 1]), "too many");
}

#[test]
fn a_source_that_is_registered_again_goes_on_where_it_was() {
    let with = OracleParams { sources: sources(1), ..OracleParams::default() };
    let without = OracleParams { sources: vec![address("s2")], ..OracleParams::default() };
    let mut oracle = posted([S].into_iter());
    assert_eq!(told(&oracle.read(at(S), &without)), "ORA008");
    let mut again =
        |time, params| post(&mut oracle, address("s1"), point("3", time), at(100 * S), params);
    assert_eq!(again(S, &without), "ORA001");
    assert_eq!(again(S - 1, &with), "ORA004");
    assert_eq!(again(50 * S, &with), "ok", "it is not its first, so it may be old");
    assert_eq!(oracle.sources().count(), 1);
}
