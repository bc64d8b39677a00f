//! Admitting bids and naming winners: short auctions side by side, and one long book.
//!
//! | contestant | what it is |
//! | --- | --- |
//! | ours | [`Auctions`](undercut_bidding::Auctions), with eligibility, ceiling and events |
//! | floor | [`TrackedMinimum`], with none of them |
//! | plain | a sorted list of whole ranks for each order; in the long book the unsorted list of the floor |
//! | structures | the same ranks in [`BidQueue`](undercut_bidding::BidQueue), and queues of libraries |
//! | peers | [order books of others](crate::auction::peers) |
//!
//! Equal prices go by the block's entropy for ours and its twins and by time for all others, so what
//! must be equal is every price that wins. In the long book equal prices go by time for all. It has no
//! floor: with 10,000 bids the list is looked through for most of its time, and what no structure can do
//! without there is not known.

use std::time::Duration;

#[cfg(feature = "peers")]
use crate::auction::peers::{Limitbook, Lobster, Matchcore, OrderbookRs};
use crate::auction::{
    Books, Heap, Ours, Plain, Prioritised, Queued, Sorted, Stream, TrackedMinimum, Winners,
    auctions, habitat, play,
};
use crate::contest::Contest;
use crate::row::Row;
use crate::settings::Settings;

/// Bids of an order, and orders open at once.
const CELLS: [(usize, usize); 6] =
    [(4, 64), (4, 8_192), (16, 64), (16, 8_192), (64, 64), (64, 8_192)];

/// 200,000 bids in six shapes. Time is told for one bid, with all that happens to its order.
pub fn book(settings: &Settings, rows: &mut Vec<Row>) {
    let bids = settings.sized(200_000, 20_000);
    rows.extend(CELLS.into_iter().map(|(bids_each, open)| cell(settings, bids, bids_each, open)));
}

fn cell(settings: &Settings, bids: usize, bids_each: usize, open: usize) -> Row {
    let stream = auctions(bids, bids_each, open, settings.seed(42));
    let mut ours = Ours::new(&stream, false);
    let expected = play(&mut ours, &stream.steps).1;
    assert!(expected.count > 0, "somebody wins");
    let params = format!("k={bids_each} open={}", stream.open);
    let mut contest = Contest::new("match/book", params)
        .operations(stream.bids)
        .ours(|| play(&mut ours, &stream.steps).0)
        .floor(timed(TrackedMinimum::new(&stream), &stream.steps, expected))
        .plain(timed(Plain::new(&stream), &stream.events, expected));
    contest = contest.structure("BidQueue", timed(Queued::new(&stream), &stream.events, expected));
    with_others(contest, &stream, expected).run(settings).with_accepted(expected.count)
}

/// 10,000 bids on 1,000 prices and 400,000 events more in one book, as order books are used to.
pub fn long_book(settings: &Settings, rows: &mut Vec<Row>) {
    let events = settings.sized(400_000, 40_000);
    let stream = habitat(10_000, 1_000, events, settings.seed(17));
    let (mut ours, steps) = (Ours::new(&stream, true), Ours::steps(&stream, true));
    let expected = play(&mut ours, &steps).1;
    assert!(expected.count > 0, "somebody wins");
    let contest = Contest::new("match/habitat", "resting=10k levels=1k")
        .operations(stream.events.len())
        .ours(|| play(&mut ours, &steps).0)
        .plain(timed(TrackedMinimum::new(&stream), &stream.steps, expected));
    rows.push(with_others(contest, &stream, expected).run(settings).with_accepted(expected.count));
}

fn with_others<'a>(contest: Contest<'a>, stream: &'a Stream, expected: Winners) -> Contest<'a> {
    let events = &stream.events;
    let contest = contest
        .structure("priority-queue 2.7", timed(Prioritised::new(stream), events, expected))
        .structure("BTreeSet", timed(Sorted::new(stream), events, expected))
        .structure("BinaryHeap", timed(Heap::new(stream), events, expected));
    with_peers(contest, stream, expected)
}

#[cfg(feature = "peers")]
fn with_peers<'a>(contest: Contest<'a>, stream: &'a Stream, expected: Winners) -> Contest<'a> {
    let events = &stream.events;
    contest
        .peer("lobster 0.7", timed(Lobster::new(stream), events, expected))
        .peer("limitbook 0.1", timed(Limitbook::new(stream), events, expected))
        .peer("matchcore 0.4", timed(Matchcore::new(stream), events, expected))
        .peer("orderbook-rs 0.15", timed(OrderbookRs::new(stream), events, expected))
}

#[cfg(not(feature = "peers"))]
fn with_peers<'a>(contest: Contest<'a>, _: &'a Stream, _: Winners) -> Contest<'a> {
    contest
}

/// A play of a contestant who has named the expected winners.
///
/// # Panics
///
/// When it names others.
fn timed<'a, B: Books + 'a>(
    mut books: B,
    steps: &'a [B::Step],
    expected: Winners,
) -> impl FnMut() -> Duration + 'a {
    assert_eq!(
        play(&mut books, steps).1,
        expected,
        "{} wins otherwise",
        std::any::type_name::<B>()
    );
    move || play(&mut books, steps).0
}
