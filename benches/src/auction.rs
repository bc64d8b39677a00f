//! One-sided auctions as streams of events, and everybody who can play them.
//!
//! Everybody gets the same events in the same order and must name the same winning prices; which of
//! two equal prices wins is each one's own rule, the earlier one for all but this engine, whose ties
//! are decided by the block's entropy. A stream is made once, by a generator, before any clock runs.
//!
//! # How the order books of others are mapped
//!
//! An order of this engine is a book of its own. A bid is a resting ask of quantity 1 at its price,
//! taking it back a cancel, repricing a cancel and a new ask, as a new place in time demands, and
//! taking the winner a market buy of quantity 1. A book is made when its order opens and dropped when
//! it closes: that is part of an auction's life, and these books cannot be emptied and used again.
//! Ids are those that the book gives or takes, worked out before, so that no table of ours is in
//! their time. They carry two sides, partial fills, further types of orders, and some of them
//! decimals or threads, which an auction does not need: ratios to them say what that costs here, and
//! nothing about their own field. [`habitat`] is nearer to that.

mod floor;
mod ours;
#[cfg(feature = "peers")]
pub mod peers;
mod streams;
mod structures;

use std::time::Duration;

pub use floor::TrackedMinimum;
pub use ours::{Ours, Plain, Queued};
pub use streams::{auctions, habitat};
pub use structures::{Heap, Prioritised, Sorted};

use crate::clock::cpu_timed;

/// One bid as books of others know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bid {
    /// Whose: a small number, at most one open bid of each in an auction.
    pub provider: u32,
    /// The price.
    pub price: u32,
    /// The number of the command in its auction that placed it. Taking back and taking the best are
    /// one command, repricing two. Of equal prices the lower number came first.
    pub command: u32,
    /// The same without those that take back.
    pub arrival: u32,
}

/// What happens, with all that anybody may need to know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are named after what they are")]
pub enum Event {
    /// An auction begins in this place, the number tells which.
    Open { auction: u32, number: u32 },
    /// A bid comes.
    Place { auction: u32, bid: Bid },
    /// It is taken back.
    Withdraw { auction: u32, bid: Bid },
    /// It gets another price and another place in time.
    Reprice { auction: u32, old: Bid, new: Bid },
    /// The best bid wins and leaves.
    Take { auction: u32 },
    /// The auction ends.
    Close { auction: u32 },
}

/// What happens, in 16 bytes: as much of it as ours and the floor need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are named after what they are")]
pub enum Step {
    /// [`Event::Open`].
    Open { auction: u32, number: u32 },
    /// [`Event::Place`].
    Place { auction: u32, provider: u32, price: u32 },
    /// [`Event::Withdraw`].
    Withdraw { auction: u32, provider: u32 },
    /// [`Event::Reprice`].
    Reprice { auction: u32, provider: u32, price: u32 },
    /// [`Event::Take`].
    Take { auction: u32 },
    /// [`Event::Close`].
    Close { auction: u32 },
}

impl From<&Event> for Step {
    fn from(event: &Event) -> Self {
        match *event {
            Event::Open { auction, number } => Self::Open { auction, number },
            Event::Place { auction, bid: Bid { provider, price, .. } } => {
                Self::Place { auction, provider, price }
            }
            Event::Withdraw { auction, bid } => Self::Withdraw { auction, provider: bid.provider },
            Event::Reprice { auction, new: Bid { provider, price, .. }, .. } => {
                Self::Reprice { auction, provider, price }
            }
            Event::Take { auction } => Self::Take { auction },
            Event::Close { auction } => Self::Close { auction },
        }
    }
}

/// A stream of events and how much room it needs.
#[derive(Clone, Debug)]
pub struct Stream {
    /// What happens.
    pub events: Vec<Event>,
    /// The same for ours and the floor.
    pub steps: Vec<Step>,
    /// Bids that are placed; repricing places none.
    pub bids: usize,
    /// Places of auctions that are open at once.
    pub open: usize,
    /// The most bids that one auction has at once.
    pub bids_max: usize,
    /// Providers, from 0.
    pub providers: u32,
}

/// The prices that won, in a number that tells orders of them apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Winners {
    checksum: u64,
    /// How many auctions had a bid to win.
    pub count: u64,
}

impl Winners {
    /// Notes what won: a price, or nothing.
    #[inline]
    pub fn note(&mut self, auction: u32, price: Option<u32>) {
        let won = u64::from(auction) << 32 | u64::from(price.unwrap_or(0));
        self.checksum = (self.checksum.rotate_left(5) ^ won).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.count += u64::from(price.is_some());
    }
}

/// Somebody who can play auctions.
pub trait Books {
    /// What it reads.
    type Step;

    /// Plays one step.
    fn step(&mut self, step: &Self::Step, winners: &mut Winners);
}

/// Plays all steps. Returns the processor time and the winners.
pub fn play<B: Books>(books: &mut B, steps: &[B::Step]) -> (Duration, Winners) {
    let mut winners = Winners::default();
    let time = cpu_timed(|| steps.iter().for_each(|step| books.step(step, &mut winners)));
    (time, winners)
}

/// A place in a list.
#[inline]
fn at(number: u32) -> usize {
    usize::try_from(number).expect("a usize has at least 32 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everybody's winners.
    fn everybodys(stream: &Stream, is_timed: bool) -> Vec<(&'static str, Winners)> {
        let mut all = vec![
            ("ours", play(&mut Ours::new(stream, is_timed), &Ours::steps(stream, is_timed)).1),
            ("floor", play(&mut TrackedMinimum::new(stream), &stream.steps).1),
            ("sorted", play(&mut Sorted::new(stream), &stream.events).1),
            ("heap", play(&mut Heap::new(stream), &stream.events).1),
            ("prioritised", play(&mut Prioritised::new(stream), &stream.events).1),
        ];
        if !is_timed {
            all.push(("plain", play(&mut Plain::new(stream), &stream.events).1));
            all.push(("queued", play(&mut Queued::new(stream), &stream.events).1));
        }
        #[cfg(feature = "peers")]
        all.extend([
            ("lobster", play(&mut peers::Lobster::new(stream), &stream.events).1),
            ("limitbook", play(&mut peers::Limitbook::new(stream), &stream.events).1),
            ("matchcore", play(&mut peers::Matchcore::new(stream), &stream.events).1),
            ("orderbook-rs", play(&mut peers::OrderbookRs::new(stream), &stream.events).1),
        ]);
        all
    }

    #[test]
    fn everybody_names_the_same_winners() {
        for (bids, open) in [(1, 1), (4, 8), (16, 64), (64, 8)] {
            let stream = auctions(2_000, bids, open, 42);
            let all = everybodys(&stream, false);
            assert!(all[0].1.count > 20, "{all:?}");
            let odd: Vec<_> = all.iter().filter(|(_, winners)| *winners != all[0].1).collect();
            assert!(odd.is_empty(), "bids {bids}: {odd:?} and not {:?}", all[0]);
        }
    }

    #[test]
    fn everybody_names_the_same_winners_in_one_long_book() {
        let stream = habitat(500, 20, 4_000, 17);
        let all = everybodys(&stream, true);
        let odd: Vec<_> = all.iter().filter(|(_, winners)| *winners != all[0].1).collect();
        assert!(odd.is_empty(), "{odd:?} and not {:?}", all[0]);
    }

    #[test]
    fn played_again_the_winners_are_the_same() {
        let stream = auctions(500, 16, 8, 42);
        let (mut ours, steps) = (Ours::new(&stream, false), Ours::steps(&stream, false));
        assert_eq!(play(&mut ours, &steps).1, play(&mut ours, &steps).1);
        let mut floor = TrackedMinimum::new(&stream);
        assert_eq!(play(&mut floor, &stream.steps).1, play(&mut floor, &stream.steps).1);
    }

    #[test]
    fn winners_that_differ_in_order_or_price_are_told_apart() {
        let of = |notes: &[(u32, Option<u32>)]| {
            let mut winners = Winners::default();
            notes.iter().for_each(|(auction, price)| winners.note(*auction, *price));
            winners
        };
        let one = of(&[(1, Some(5)), (2, None)]);
        assert_eq!(one.count, 1);
        for other in [&[(2, None), (1, Some(5))][..], &[(1, Some(6)), (2, None)], &[(1, Some(5))]] {
            assert_ne!(of(other), one);
        }
    }

    #[test]
    fn a_step_is_16_bytes() {
        assert_eq!(size_of::<Step>(), 16);
    }
}
