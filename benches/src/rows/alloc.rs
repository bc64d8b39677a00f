//! What bids take of the heap: allocations in steady state, and bytes while they are open.
//!
//! A process that counts its allocations is slower for it, and slower still for order books that
//! allocate much, so it is another one that counts: `undercut-allocations`, beside the command. Where
//! it is not there, allocations are not measured.

use std::process::Command;

use crate::auction::{Ours, Step, Stream, auctions, play};
use crate::row::Row;
use crate::settings::Settings;

/// The program that counts.
pub const COUNTER: &str = "undercut-allocations";

/// Bids of an order.
const BIDS_EACH: [usize; 3] = [4, 16, 64];
/// Orders open at once where allocations are counted.
const OPEN: usize = 1_024;

/// Bytes of an open bid, and allocations of a bid where somebody counts them.
pub fn bid(settings: &Settings, rows: &mut Vec<Row>) {
    let bids = settings.sized(200_000, 20_000);
    let counted = count_elsewhere(bids);
    let row = |bids_each| {
        let stream = auctions(bids, bids_each, OPEN, settings.seed(42));
        let mut row = Row::new("alloc/bid", format!("k={bids_each}"));
        row.ops = u64::try_from(stream.bids).expect("a stream is short");
        row = row.with_figure("bytes_per_open_bid", bytes_per_open_bid(bids_each));
        match &counted {
            Some(counts) => {
                row.with_figure("allocations_per_bid", per(of(counts, bids_each), bids))
            }
            None => {
                row.with_note(format!("allocations are counted by `{COUNTER}`, not found beside"))
            }
        }
    };
    rows.extend(BIDS_EACH.into_iter().map(row));
}

fn of(counts: &[usize], bids_each: usize) -> usize {
    let place = BIDS_EACH.iter().position(|each| *each == bids_each);
    place.and_then(|place| counts.get(place)).copied().unwrap_or(usize::MAX)
}

/// What the program beside this one counts.
fn count_elsewhere(bids: usize) -> Option<Vec<usize>> {
    let beside = std::env::current_exe().ok()?.with_file_name(COUNTER);
    let output = Command::new(beside).arg(bids.to_string()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    let counts: Option<Vec<usize>> =
        text.split_whitespace().map(|count| count.parse().ok()).collect();
    counts.filter(|counts| counts.len() == BIDS_EACH.len())
}

/// Lets `count` count what a second play of the same auctions allocates, by shape.
pub fn counted(bids: usize, count: impl Fn(&mut dyn FnMut()) -> usize) -> Vec<usize> {
    let counted = |bids_each| {
        let stream = auctions(bids, bids_each, OPEN, 42);
        let mut ours = Ours::new(&stream, false);
        play(&mut ours, &stream.steps);
        count(&mut || {
            play(&mut ours, &stream.steps);
        })
    };
    BIDS_EACH.map(counted).into()
}

/// Bytes of orders and bids, in use and in reserve, when 2^17 bids are open.
fn bytes_per_open_bid(bids_each: usize) -> f64 {
    let bids = 1 << 17;
    let Stream { mut steps, events, open, .. } = auctions(bids, bids_each, bids / bids_each, 42);
    let is_first = |step: &Step| matches!(step, Step::Open { .. } | Step::Place { .. });
    steps.retain(is_first);
    let stream = Stream { steps, events, open, bids, bids_max: bids_each, providers: 1_024 };
    let mut ours = Ours::new(&stream, false);
    play(&mut ours, &stream.steps);
    per(ours.bytes(), bids)
}

fn per(total: usize, bids: usize) -> f64 {
    total as f64 / bids as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_bid_takes_more_than_its_number_and_less_than_a_rank() {
        let bytes = BIDS_EACH.map(bytes_per_open_bid);
        assert!(bytes.iter().all(|bytes| (16.0..128.0).contains(bytes)), "{bytes:?}");
    }

    #[test]
    fn the_second_play_of_each_shape_is_counted() {
        let counts = counted(500, |play| {
            play();
            7
        });
        assert_eq!(counts, [7, 7, 7]);
        assert_eq!(of(&[1, 2, 3], 64), 3);
        assert_eq!(of(&[], 64), usize::MAX);
    }
}
