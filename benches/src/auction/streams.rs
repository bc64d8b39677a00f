//! The streams: many short auctions, and one long book.

use std::collections::BTreeSet;

use super::{Bid, Event, Step, Stream, at};
use crate::fixture::{Generator, PRICE_MAX};

/// Providers of [`auctions`]; a power of two, so that odd strides meet each once.
const PROVIDERS: u32 = 1_024;

/// An auction as the generator sees it.
struct Draft {
    /// Open bids by rank.
    live: BTreeSet<(u32, u32)>,
    /// Open bids in any order, for drawing one.
    drawn: Vec<Bid>,
    commands: u32,
    arrivals: u32,
}

impl Draft {
    const fn new() -> Self {
        Self { live: BTreeSet::new(), drawn: Vec::new(), commands: 0, arrivals: 0 }
    }

    fn place(&mut self, provider: u32, price: u32) -> Bid {
        let bid = Bid { provider, price, command: self.commands, arrival: self.arrivals };
        (self.commands, self.arrivals) = (self.commands + 1, self.arrivals + 1);
        self.live.insert((price, bid.command));
        self.drawn.push(bid);
        bid
    }

    /// Takes one of the open bids back.
    fn withdraw(&mut self, generator: &mut Generator) -> Option<Bid> {
        let place = (!self.drawn.is_empty()).then(|| generator.place(self.drawn.len()))?;
        let bid = self.drawn.swap_remove(place);
        self.live.remove(&(bid.price, bid.command));
        self.commands += 1;
        Some(bid)
    }

    fn reprice(&mut self, price: u32, generator: &mut Generator) -> Option<(Bid, Bid)> {
        let old = self.withdraw(generator)?;
        Some((old, self.place(old.provider, price)))
    }

    /// Takes the best bid, if there is one.
    fn take(&mut self) -> Option<Bid> {
        let best = self.live.pop_first()?;
        let place = self.drawn.iter().position(|bid| (bid.price, bid.command) == best);
        let bid = self.drawn.swap_remove(place.expect("what is live can be drawn"));
        (self.commands, self.arrivals) = (self.commands + 1, self.arrivals + 1);
        Some(bid)
    }
}

/// A price from 1 to 10,000.
fn price(generator: &mut Generator) -> u32 {
    u32::try_from(1 + generator.below(PRICE_MAX)).expect("prices are small")
}

/// What happens in one auction, from its opening to its end.
fn auction(number: u32, bids: usize, generator: &mut Generator) -> Vec<Event> {
    let (mut draft, auction) = (Draft::new(), 0);
    let mut events = vec![Event::Open { auction, number }];
    let providers = PROVIDERS - 1;
    let (first, stride) = (price(generator) & providers, price(generator) | 1);
    for bidder in (0_u32..).take(bids) {
        let provider = first.wrapping_add(bidder.wrapping_mul(stride)) & providers;
        events.push(Event::Place { auction, bid: draft.place(provider, price(generator)) });
        let change = generator.below(10);
        if change == 0 {
            let withdrawn = draft.withdraw(generator);
            events.extend(withdrawn.map(|bid| Event::Withdraw { auction, bid }));
        } else if change == 1 {
            let repriced = draft.reprice(price(generator), generator);
            events.extend(repriced.map(|(old, new)| Event::Reprice { auction, old, new }));
        }
    }
    events.push(Event::Take { auction });
    if generator.one(10) {
        events.push(Event::Take { auction });
    }
    events.push(Event::Close { auction });
    events
}

/// The event in another place.
fn moved(event: Event, auction: u32) -> Event {
    match event {
        Event::Open { number, .. } => Event::Open { auction, number },
        Event::Place { bid, .. } => Event::Place { auction, bid },
        Event::Withdraw { bid, .. } => Event::Withdraw { auction, bid },
        Event::Reprice { old, new, .. } => Event::Reprice { auction, old, new },
        Event::Take { .. } => Event::Take { auction },
        Event::Close { .. } => Event::Close { auction },
    }
}

/// Auctions with `bids_each` bids, `open` of them at once, until `bids` were placed.
///
/// Prices are uniform from 1 to 10,000, so that ties occur. After one bid in ten an open bid is taken
/// back, after another one in ten an open bid is repriced. Whose turn it is, is drawn among the open
/// auctions. An auction ends with its winner taken, and one in ten with the next best taken too.
#[must_use]
pub fn auctions(bids: usize, bids_each: usize, open: usize, seed: u64) -> Stream {
    let mut generator = Generator::new(seed);
    let count = bids.div_ceil(bids_each);
    let mut numbers = (0_u32..).take(count);
    let mut next = |generator: &mut Generator| {
        Some(auction(numbers.next()?, bids_each, generator).into_iter())
    };
    let first = (0_u32..).take(open.min(count));
    let mut places: Vec<_> =
        first.filter_map(|place| Some((place, next(&mut generator)?))).collect();
    let open = places.len();
    let mut events = Vec::new();
    while !places.is_empty() {
        let turn = generator.place(places.len());
        let (place, rest) = &mut places[turn];
        if let Some(event) = rest.next() {
            events.push(moved(event, *place));
        } else if let Some(another) = next(&mut generator) {
            *rest = another;
        } else {
            places.swap_remove(turn);
        }
    }
    stream(events, open, bids_each, PROVIDERS)
}

/// One book that lives on, with `resting` bids on `levels` prices and then `events` more: where there
/// are fewer than `resting`, one comes; else in 45 of 100 cases one comes, in 45 one is taken back, and
/// in 10 the best is taken.
#[must_use]
pub fn habitat(resting: usize, levels: u64, events: usize, seed: u64) -> Stream {
    let (mut generator, mut draft) = (Generator::new(seed), Draft::new());
    let mut free: Vec<u32> = Vec::new();
    let (mut made, mut providers) = (vec![Event::Open { auction: 0, number: 0 }], 0);
    for number in 0..resting + events {
        let chance = generator.below(100);
        let is_full = number >= resting && draft.drawn.len() >= resting;
        let gone = match chance {
            45..90 if is_full => {
                let bid = draft.withdraw(&mut generator);
                made.extend(bid.map(|bid| Event::Withdraw { auction: 0, bid }));
                bid
            }
            90.. if is_full => {
                made.push(Event::Take { auction: 0 });
                draft.take()
            }
            _ => {
                let provider = free.pop().unwrap_or(providers);
                providers = providers.max(provider + 1);
                let price = u32::try_from(1 + generator.below(levels)).expect("levels are few");
                made.push(Event::Place { auction: 0, bid: draft.place(provider, price) });
                None
            }
        };
        free.extend(gone.map(|bid| bid.provider));
    }
    made.push(Event::Close { auction: 0 });
    stream(made, 1, at(providers), providers)
}

fn stream(events: Vec<Event>, open: usize, bids_max: usize, providers: u32) -> Stream {
    let steps = events.iter().map(Step::from).collect();
    let bids = events.iter().filter(|event| matches!(event, Event::Place { .. })).count();
    Stream { events, steps, bids, open, bids_max, providers }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(stream: &Stream, is_it: fn(&Event) -> bool) -> f64 {
        let count = |n: usize| f64::from(u32::try_from(n).unwrap());
        count(stream.events.iter().filter(|event| is_it(event)).count()) / count(stream.bids)
    }

    #[test]
    fn a_tenth_of_the_bids_is_taken_back_and_a_tenth_repriced() {
        let stream = auctions(20_000, 16, 64, 42);
        assert_eq!((stream.bids, stream.open, stream.bids_max), (20_000, 64, 16));
        let withdrawn = share(&stream, |event| matches!(event, Event::Withdraw { .. }));
        let repriced = share(&stream, |event| matches!(event, Event::Reprice { .. }));
        let taken = share(&stream, |event| matches!(event, Event::Take { .. })) * 16.0;
        for (found, wanted) in [(withdrawn, 0.1), (repriced, 0.1), (taken, 1.1)] {
            assert!((found - wanted).abs() < 0.02, "{found} and not {wanted}");
        }
    }

    #[test]
    fn a_stream_follows_from_its_seed() {
        assert_eq!(auctions(500, 4, 8, 42).events, auctions(500, 4, 8, 42).events);
        assert_ne!(auctions(500, 4, 8, 42).events, auctions(500, 4, 8, 43).events);
    }

    #[test]
    fn no_provider_has_two_open_bids_in_an_auction() {
        for stream in [auctions(5_000, 64, 3, 42), habitat(300, 10, 3_000, 17)] {
            let mut open: Vec<BTreeSet<u32>> = vec![BTreeSet::new(); stream.open];
            for event in &stream.events {
                match event {
                    Event::Place { auction, bid } => {
                        assert!(open[at(*auction)].insert(bid.provider), "{event:?}");
                    }
                    Event::Withdraw { auction, bid } => {
                        open[at(*auction)].remove(&bid.provider);
                    }
                    Event::Take { .. } if stream.open == 1 => return,
                    Event::Close { auction } => open[at(*auction)].clear(),
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn a_habitat_stays_as_full_as_it_was_filled() {
        let stream = habitat(1_000, 100, 20_000, 17);
        let fill = stream.events.iter().fold((0_i64, 0), |(open, least), event| {
            let open = match event {
                Event::Place { .. } => open + 1,
                Event::Withdraw { .. } | Event::Take { .. } => open - 1,
                _ => open,
            };
            (open, if open >= 1_000 || least > 0 { least.max(open) } else { 0 })
        });
        assert!((900..1_100).contains(&fill.0) && fill.1 < 1_200, "{fill:?}");
        assert!(share(&stream, |event| matches!(event, Event::Take { .. })) > 0.05);
    }
}
