//! How long one event of an auction takes from the time it was due, at several rates.
//!
//! 16 bids an order, 1,024 orders open, about 250,000 auctions' worth of events. The loop is open: an
//! event is due at its time whatever became of those before it, and waits in line where they were
//! slow. Reading the clock twice for each event is in the figures. Of several runs the one with the
//! lowest p99 counts, for everybody alike: this is a machine with other tenants.
//!
//! `orderbook-rs` does not take part: with a new book for each order it needs longer for an event
//! than the slowest rate leaves.

#[cfg(feature = "peers")]
use crate::auction::peers::{Limitbook, Lobster, Matchcore};
use crate::auction::{Books, Ours, Stream, TrackedMinimum, Winners, auctions};
use crate::latency::{OpenLoop, Percentiles, open_loop};
#[cfg(feature = "peers")]
use crate::row::Other;
use crate::row::Row;
use crate::settings::Settings;

/// Millions of events that are due in a second.
const RATES: [u32; 4] = [1, 2, 5, 10];

/// What became of one contestant at one rate.
#[derive(Clone, Copy, Debug)]
struct Run {
    times: Percentiles,
    has_diverged: bool,
}

/// Rows at 1, 2, 5 and 10 million events a second.
pub fn latency(settings: &Settings, rows: &mut Vec<Row>) {
    let bids = settings.sized(720_000, 72_000);
    let stream = auctions(bids, 16, 1_024, settings.seed(42));
    let mut ours = Ours::new(&stream, false);
    let expected = crate::auction::play(&mut ours, &stream.steps).1;
    let runs = if settings.quick { 1 } else { 5 };
    rows.extend(RATES.into_iter().map(|rate| row(&stream, &mut ours, expected, rate, runs)));
}

fn row(stream: &Stream, ours: &mut Ours, expected: Winners, rate: u32, runs: usize) -> Row {
    let mut best = |books: &mut dyn FnMut() -> Run| {
        let runs = (0..runs).map(|_| books());
        runs.min_by(|a, b| a.times.p99_ns.total_cmp(&b.times.p99_ns)).expect("there is a run")
    };
    let mine = best(&mut || run(ours, &stream.steps, rate, expected));
    let mut least = TrackedMinimum::new(stream);
    let floor = best(&mut || run(&mut least, &stream.steps, rate, expected));
    let mut row = Row::new("match/latency", format!("offered={rate}M k=16 open=1024"))
        .with_percentiles(&mine.times)
        .with_accepted(expected.count)
        .with_figure("diverged", f64::from(u8::from(mine.has_diverged)))
        .with_figure("floor_p50_ns", floor.times.p50_ns)
        .with_figure("floor_p99_ns", floor.times.p99_ns);
    row.ops = u64::try_from(stream.steps.len()).expect("a stream is short");
    row.offered_per_second = Some(f64::from(rate) * 1e6);
    (row.ns_per_op, row.floor_ns) = (mine.times.p50_ns, Some(floor.times.p50_ns));
    row.ratio_floor = Some(mine.times.p50_ns / floor.times.p50_ns.max(1.0));
    with_peers(row, stream, expected, rate, mine, &mut best)
}

type Best<'a> = &'a mut dyn FnMut(&mut dyn FnMut() -> Run) -> Run;

#[cfg(feature = "peers")]
fn with_peers(
    mut row: Row,
    stream: &Stream,
    expected: Winners,
    rate: u32,
    mine: Run,
    best: Best<'_>,
) -> Row {
    let events = &stream.events;
    let mut lobster = Lobster::new(stream);
    let mut limitbook = Limitbook::new(stream);
    let mut matchcore = Matchcore::new(stream);
    let runs = [
        ("lobster 0.7", best(&mut || run(&mut lobster, events, rate, expected))),
        ("limitbook 0.1", best(&mut || run(&mut limitbook, events, rate, expected))),
        ("matchcore 0.4", best(&mut || run(&mut matchcore, events, rate, expected))),
    ];
    for (name, theirs) in runs {
        let ratio = theirs.times.p50_ns / mine.times.p50_ns.max(1.0);
        row.others.push(Other {
            name: name.to_owned(),
            is_peer: true,
            ns_per_op: theirs.times.p50_ns,
            ratio,
        });
        let Percentiles { p50_ns, p99_ns, p999_ns, .. } = theirs.times;
        let fate = if theirs.has_diverged { "diverges" } else { "keeps up" };
        row = row.with_note(format!(
            "{name} {fate}: p50 {p50_ns:.0} ns, p99 {p99_ns:.0} ns, p99.9 {p999_ns:.0} ns"
        ));
    }
    let p99 = runs.iter().map(|(_, run)| run.times.p99_ns).fold(f64::MAX, f64::min);
    let best = row.others.iter().min_by(|a, b| a.ratio.total_cmp(&b.ratio));
    (row.peer, row.ratio_peer) = (best.map(|best| best.name.clone()), best.map(|best| best.ratio));
    row.with_figure("p99_peer_ratio", p99 / mine.times.p99_ns.max(1.0))
}

#[cfg(not(feature = "peers"))]
fn with_peers(row: Row, _: &Stream, _: Winners, _: u32, _: Run, _: Best<'_>) -> Row {
    row
}

/// Plays the steps once, each when it is due.
///
/// # Panics
///
/// When other prices win than expected.
fn run<B: Books>(books: &mut B, steps: &[B::Step], rate: u32, expected: Winners) -> Run {
    let mut winners = Winners::default();
    let played = open_loop(steps.len(), u64::from(rate) * 1_000_000, |number| {
        books.step(&steps[number], &mut winners);
    });
    assert_eq!(winners, expected, "{} wins otherwise", std::any::type_name::<B>());
    let OpenLoop { mut times_ns, has_diverged } = played;
    Run { times: Percentiles::of(&mut times_ns), has_diverged }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_played_and_the_winners_are_checked() {
        let stream = auctions(200, 4, 8, 42);
        let mut ours = Ours::new(&stream, false);
        let expected = crate::auction::play(&mut ours, &stream.steps).1;
        let row = row(&stream, &mut ours, expected, 1, 1);
        assert_eq!(row.params, "offered=1M k=16 open=1024");
        assert_eq!(row.ops, u64::try_from(stream.steps.len()).unwrap());
        assert!(row.p50_ns.is_some() && row.figures.contains_key("diverged"), "{row:?}");
    }
}
