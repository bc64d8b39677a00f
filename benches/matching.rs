//! Auctions: admitting, repricing and withdrawing bids, and naming the winner.
//!
//! `matching::award`: 64 orders are open at once and receive k bids each, at prices drawn uniformly
//! from 1 to 10,000 so that ties occur. One bid in ten is withdrawn, one in ten repriced; the steps
//! of different orders are interleaved at random. An order ends with its winner taken out, and in
//! one order of ten the next best is asked for as well. Seed 42. Compared are
//!
//! | queue | what it is |
//! | --- | --- |
//! | `heap` | [`BidQueue`], the one in use for orders with very many bids |
//! | `plain` | [`plain::BidQueue`], a sorted list |
//! | `floor` | [`TrackedMinimum`], the least that keeps the best bid at hand; it looks for nothing by id but the bids that are withdrawn or repriced |
//!
//! `matching::admit`: k providers bid for one order that asks for 4 of the 20 attributes each has,
//! are admitted, and one is awarded. `part=book` is all of it, `part=eligibility` the comparison of
//! attributes alone, the part that a hash of attribute sets would save.
//!
//! Estimate. A rank is 128 bytes, two cache lines. `floor` writes them and compares one price: some
//! 10 ns per bid, and for one bid in five looks at k of them. The heap hashes a 72-byte id for every
//! step, keeps three lists that grow apart and follows two indirections per comparison: some 100 to
//! 200 ns. The plain list compares k ids for each step and moves half of k ranks: some 30 ns at
//! k = 4, and 1 us at k = 256. So the heap has to earn its place above some 64 bids per order; below,
//! it must only not be in the way, as [`BidParams::bids_max`] is 20 by default. Admission copies
//! the offer twice and hashes the tie-break, some hundred nanoseconds each, and compares 4 × 10
//! short texts.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use undercut_benches::{
    Generator, PRICE_MAX, attributes, digest, order_id, provider, spec, unsigned,
};
use undercut_bidding::{
    BidBook, BidOrigin, BidParams, BidQueue, NewBid, ProviderProfile, Rank, TieBreak, eligibility,
    plain,
};
use undercut_orderbook::{AwardMode, Group, GroupState, Order, OrderState, ReclamationParams};
use undercut_primitives::{
    BidId, BlockHeight, Coin, Decimal, Denom, Digest, PricePerBlock, Provider,
};

const ORDERS: usize = 64;
const BIDS_RANKED: [usize; 4] = [4, 16, 64, 256];
const BIDS_ADMITTED: [usize; 3] = [4, 16, 64];

fn main() {
    undercut_benches::run(&[award, admit]);
}

/// What happens to the queue of one order.
#[derive(Clone, Copy)]
enum Step {
    Push(Rank),
    Reprice(Rank),
    Remove(BidId),
    Award { is_next_asked: bool },
}

/// Steps in time, each with the place of its order.
type Workload = Vec<(usize, Step)>;

/// The open bids of one order.
trait Queue: Default {
    fn push(&mut self, rank: Rank);
    fn reprice(&mut self, rank: Rank) -> bool;
    fn remove(&mut self, id: &BidId) -> bool;
    fn best(&self) -> Option<Rank>;
}

macro_rules! queue {
    ($name:ty) => {
        impl Queue for $name {
            fn push(&mut self, rank: Rank) {
                <$name>::push(self, rank);
            }

            fn reprice(&mut self, rank: Rank) -> bool {
                <$name>::reprice(self, rank)
            }

            fn remove(&mut self, id: &BidId) -> bool {
                <$name>::remove(self, id)
            }

            fn best(&self) -> Option<Rank> {
                <$name>::best(self)
            }
        }
    };
}

queue!(BidQueue);
queue!(plain::BidQueue);

/// Bids in the order of arrival and the place of the best: the least that an auction can do.
#[derive(Default)]
struct TrackedMinimum {
    ranks: Vec<Rank>,
    best: usize,
}

impl TrackedMinimum {
    fn place(&self, id: &BidId) -> Option<usize> {
        // All bids of a queue are for one order, so the provider is all that differs.
        self.ranks.iter().position(|rank| rank.id.provider == id.provider)
    }

    fn find_best(&mut self) {
        let ranks = self.ranks.iter().enumerate();
        self.best = ranks.min_by_key(|(_, rank)| **rank).map_or(0, |(place, _)| place);
    }
}

impl Queue for TrackedMinimum {
    fn push(&mut self, rank: Rank) {
        if self.best().is_none_or(|best| rank < best) {
            self.best = self.ranks.len();
        }
        self.ranks.push(rank);
    }

    fn reprice(&mut self, rank: Rank) -> bool {
        let Some(place) = self.place(&rank.id) else { return false };
        let best = self.ranks[self.best];
        self.ranks[place] = rank;
        if rank < best {
            self.best = place;
        } else if place == self.best {
            self.find_best();
        }
        true
    }

    fn remove(&mut self, id: &BidId) -> bool {
        let Some(place) = self.place(id) else { return false };
        self.ranks.swap_remove(place);
        if place == self.best {
            self.find_best();
        } else if self.best == self.ranks.len() {
            // The last one, which was the best, took the free place.
            self.best = place;
        }
        true
    }

    fn best(&self) -> Option<Rank> {
        self.ranks.get(self.best).copied()
    }
}

fn rank(id: BidId, entropy: &Digest, generator: &mut Generator) -> Rank {
    let price = Decimal::from_whole(1 + generator.below(PRICE_MAX));
    Rank { price, tie: TieBreak::of(entropy, &id), id }
}

/// The steps of one order in their sequence.
fn steps(number: u64, bids: usize, generator: &mut Generator) -> Vec<Step> {
    let (order, entropy) = (order_id(number, 1), digest(number));
    let mut steps = Vec::new();
    for bidder in (0..).take(bids) {
        let id = order.bid(provider(bidder));
        steps.push(Step::Push(rank(id, &entropy, generator)));
        let before = order.bid(provider(generator.below(bidder + 1)));
        match generator.below(10) {
            0 => steps.push(Step::Remove(before)),
            1 => steps.push(Step::Reprice(rank(before, &entropy, generator))),
            _ => {}
        }
    }
    steps.push(Step::Award { is_next_asked: generator.one(10) });
    steps
}

/// All orders side by side: whose turn it is, is drawn among those that have steps left.
fn workload(bids: usize) -> Workload {
    let mut generator = Generator::new(42);
    let steps = (0..).take(ORDERS).map(|number| steps(number, bids, &mut generator).into_iter());
    let mut open: Vec<_> = steps.enumerate().collect();
    let mut workload = Workload::new();
    while !open.is_empty() {
        let turn = generator.place(open.len());
        let (order, steps) = &mut open[turn];
        match steps.next() {
            Some(step) => workload.push((*order, step)),
            None => drop(open.swap_remove(turn)),
        }
    }
    workload
}

/// Plays a workload. Returns how many bids were found again, the winners, and the runners-up that
/// were asked for.
fn auction<Q: Queue>(workload: &Workload) -> (u32, Vec<Option<Rank>>) {
    let mut queues: Vec<Q> = (0..ORDERS).map(|_| Q::default()).collect();
    let (mut found, mut winners) = (0, Vec::with_capacity(2 * ORDERS));
    for (order, step) in workload {
        let queue = &mut queues[*order];
        match step {
            Step::Push(rank) => queue.push(*rank),
            Step::Reprice(rank) => found += u32::from(queue.reprice(*rank)),
            Step::Remove(id) => found += u32::from(queue.remove(id)),
            Step::Award { is_next_asked } => {
                let best = queue.best();
                winners.push(best);
                if let Some(best) = best {
                    queue.remove(&best.id);
                }
                if *is_next_asked {
                    winners.push(queue.best());
                }
                // The queue goes with its order.
                *queue = Q::default();
            }
        }
    }
    (found, winners)
}

fn award(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("matching::award");
    for bids in BIDS_RANKED {
        let workload = workload(bids);
        let expected = auction::<plain::BidQueue>(&workload);
        assert!(expected.1.iter().flatten().count() > ORDERS / 2, "most orders have a winner");
        assert_eq!(auction::<BidQueue>(&workload), expected);
        assert_eq!(auction::<TrackedMinimum>(&workload), expected);

        let placed = workload.iter().filter(|(_, step)| matches!(step, Step::Push(_))).count();
        group.throughput(Throughput::Elements(placed.try_into().expect("bids are few")));
        group.bench_function(format!("bids={bids} queue=heap"), |bencher| {
            bencher.iter(|| auction::<BidQueue>(&workload));
        });
        group.bench_function(format!("bids={bids} queue=plain"), |bencher| {
            bencher.iter(|| auction::<plain::BidQueue>(&workload));
        });
        group.bench_function(format!("bids={bids} queue=floor"), |bencher| {
            bencher.iter(|| auction::<TrackedMinimum>(&workload));
        });
    }
    group.finish();
}

/// One order with everything that bids for it.
struct Auction {
    order: Order,
    group: Group,
    profile: ProviderProfile,
    params: BidParams,
    bids: Vec<(Provider, NewBid)>,
}

impl Auction {
    fn new(bids: usize) -> Self {
        let (id, spec, mut generator) = (order_id(1, 1), spec(), Generator::new(42));
        let new = |price| {
            let price = PricePerBlock::new(Denom::uact(), Decimal::from_whole(price));
            NewBid::new(id, price, spec.exact_offer(), Coin::uakt(500_000))
        };
        let bidders = (0..).take(bids).map(provider);
        let order = Order {
            id,
            ceiling: spec.ceiling().expect("the group has one denom"),
            award: AwardMode::LowestPrice,
            reclamation: None,
            entropy: digest(1),
            state: OrderState::Open,
            opened_at: BlockHeight::new(1),
            due_at: BlockHeight::new(6),
        };
        Self {
            order,
            bids: bidders.map(|bidder| (bidder, new(1 + generator.below(PRICE_MAX)))).collect(),
            group: Group { id: id.group, spec, state: GroupState::Open, orders: 1 },
            profile: ProviderProfile::new(attributes()),
            params: BidParams { bids_max: 64, ..BidParams::default() },
        }
    }

    /// Admits every bid and names the winner.
    fn admit(&self) -> Option<BidId> {
        let mut book = BidBook::default();
        for (provider, new) in &self.bids {
            let origin = BidOrigin {
                provider: *provider,
                profile: Some(&self.profile),
                consent: unsigned(),
                at: BlockHeight::new(2),
            };
            let windows = ReclamationParams::default();
            let events = book.admit(&self.order, &self.group, new, origin, &self.params, &windows);
            let placed = events.expect("the bid is sound");
            book.apply(&placed).expect("the event is the book's own");
        }
        book.award(&self.order.id).map(|award| award.bid)
    }

    /// The same by the plain queue, with nothing checked.
    fn rank_plainly(&self) -> Option<BidId> {
        let mut queue = plain::BidQueue::default();
        for (provider, new) in &self.bids {
            let id = self.order.id.bid(*provider);
            let tie = TieBreak::of(&self.order.entropy, &id);
            queue.push(Rank { price: new.price.value, tie, id });
        }
        queue.best().map(|rank| rank.id)
    }
}

fn admit(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("matching::admit");
    for bids in BIDS_ADMITTED {
        let auction = Auction::new(bids);
        assert_eq!(eligibility(&auction.group.spec, &auction.profile), Ok(()));
        assert!(auction.admit().is_some());
        assert_eq!(auction.admit(), auction.rank_plainly());

        group.throughput(Throughput::Elements(bids.try_into().expect("bids are few")));
        group.bench_function(format!("bids={bids} part=book"), |bencher| {
            bencher.iter(|| auction.admit());
        });
        group.bench_function(format!("bids={bids} part=eligibility"), |bencher| {
            let (spec, profile) = (&auction.group.spec, &auction.profile);
            bencher.iter(|| {
                let eligible =
                    |_: &&(Provider, NewBid)| eligibility(black_box(spec), profile).is_ok();
                auction.bids.iter().filter(eligible).count()
            });
        });
    }
    group.finish();
}
