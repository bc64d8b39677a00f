//! Auctions: admitting, repricing and withdrawing bids, and naming the winner.
//!
//! `matching::award`: k bids for each order, so many orders open at once, seed 42; see
//! [`undercut_benches::auction::auctions`] for what happens to them. One iteration plays 20,000 bids.
//! `matching::habitat`: one long book, seed 17.
//!
//! | by | what it is |
//! | --- | --- |
//! | `ours` | [`Auctions`](undercut_bidding::Auctions), with eligibility, ceiling and events |
//! | `floor` | [`TrackedMinimum`], the least that keeps the best bid at hand |
//! | `plain`, `queue` | whole ranks in a sorted list, and in [`BidQueue`](undercut_bidding::BidQueue) |
//! | `priority-queue`, `btree-set`, `binary-heap` | structures of libraries over compact bids |
//! | `lobster`, `limitbook`, `matchcore`, `orderbook-rs` | [order books of others](undercut_benches::auction) |
//!
//! `matching::admit`: k providers bid for one order that asks for 4 of the 20 attributes each has,
//! are admitted, and one is awarded. `by=ours` is all of it, `by=eligibility` the comparison of
//! attributes alone; `by=plain` ranks with the plain queue and checks nothing, `by=floor` makes the
//! ranks and keeps the best.
//!
//! Estimate. A compact bid is 16 bytes: for the floor, placing one is a store and a comparison, some
//! 5 ns, and for one bid in five a look at k of them. Eligibility is a bit, 1 ns; an event 32 bytes,
//! 3 ns; an entry of 32 bytes instead of 16 costs where the open bids do not fit into a cache.

use std::hint::black_box;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput};
#[cfg(feature = "peers")]
use undercut_benches::auction::peers;
use undercut_benches::auction::{
    Books, Heap, Ours, Plain, Prioritised, Queued, Sorted, Stream, TrackedMinimum, Winners,
    auctions, habitat, play,
};
use undercut_benches::{
    Generator, PRICE_MAX, attributes, digest, order_id, provider, spec, unsigned,
};
use undercut_bidding::{
    BidBook, BidOrigin, BidParams, NewBid, ProviderProfile, Rank, TieBreak, eligibility, plain,
};
use undercut_orderbook::{AwardMode, Group, GroupState, Order, OrderState, ReclamationParams};
use undercut_primitives::{BidId, BlockHeight, Coin, Decimal, Denom, PricePerBlock, Provider};

const BIDS: usize = 20_000;
const CELLS: [(usize, usize); 6] =
    [(4, 64), (4, 8_192), (16, 64), (16, 8_192), (64, 64), (64, 8_192)];
const BIDS_ADMITTED: [usize; 3] = [4, 16, 64];

fn main() {
    undercut_benches::run(&[award, long_book, admit]);
}

/// Times one contestant, after it has named the expected winners.
fn time<B: Books>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: String,
    mut books: B,
    steps: &[B::Step],
    expected: Winners,
) {
    assert_eq!(play(&mut books, steps).1, expected, "{name}");
    group.bench_function(name, |bencher| bencher.iter(|| play(&mut books, steps).1));
}

fn others(group: &mut BenchmarkGroup<'_, WallTime>, keys: &str, stream: &Stream, won: Winners) {
    let (events, name) = (&stream.events, |by: &str| format!("{keys} by={by}"));
    time(group, name("priority-queue"), Prioritised::new(stream), events, won);
    time(group, name("btree-set"), Sorted::new(stream), events, won);
    time(group, name("binary-heap"), Heap::new(stream), events, won);
    #[cfg(feature = "peers")]
    {
        time(group, name("lobster"), peers::Lobster::new(stream), events, won);
        time(group, name("limitbook"), peers::Limitbook::new(stream), events, won);
        time(group, name("matchcore"), peers::Matchcore::new(stream), events, won);
        time(group, name("orderbook-rs"), peers::OrderbookRs::new(stream), events, won);
    }
}

fn award(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("matching::award");
    for (bids_each, open) in CELLS {
        let stream = auctions(BIDS, bids_each, open, 42);
        let (mut ours, keys) = (Ours::new(&stream, false), format!("bids={bids_each} open={open}"));
        let won = play(&mut ours, &stream.steps).1;
        assert!(won.count > 0, "somebody wins");
        group.throughput(Throughput::Elements(stream.bids.try_into().expect("bids are few")));
        let name = |by: &str| format!("{keys} by={by}");
        time(&mut group, name("ours"), ours, &stream.steps, won);
        time(&mut group, name("floor"), TrackedMinimum::new(&stream), &stream.steps, won);
        time(&mut group, name("plain"), Plain::new(&stream), &stream.events, won);
        time(&mut group, name("queue"), Queued::new(&stream), &stream.events, won);
        others(&mut group, &keys, &stream, won);
    }
    group.finish();
}

fn long_book(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("matching::habitat");
    let stream = habitat(10_000, 1_000, BIDS, 17);
    let (mut ours, steps) = (Ours::new(&stream, true), Ours::steps(&stream, true));
    let won = play(&mut ours, &steps).1;
    group.throughput(Throughput::Elements(stream.events.len().try_into().expect("few")));
    time(&mut group, "resting=10000 by=ours".to_owned(), ours, &steps, won);
    others(&mut group, "resting=10000", &stream, won);
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
            group: Group { id: id.group, spec: spec.into(), state: GroupState::Open, orders: 1 },
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
        self.ranks().for_each(|rank| queue.push(rank));
        queue.best().map(|rank| rank.id)
    }

    /// The best of the ranks, and nothing kept of the others.
    fn least_rank(&self) -> Option<BidId> {
        self.ranks().min().map(|rank| rank.id)
    }

    fn ranks(&self) -> impl Iterator<Item = Rank> {
        self.bids.iter().map(|(provider, new)| {
            let id = self.order.id.bid(*provider);
            Rank { price: new.price.value, tie: TieBreak::of(&self.order.entropy, &id), id }
        })
    }
}

fn admit(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("matching::admit");
    for bids in BIDS_ADMITTED {
        let auction = Auction::new(bids);
        assert_eq!(eligibility(&auction.group.spec, &auction.profile), Ok(()));
        assert!(auction.admit().is_some());
        assert_eq!(auction.admit(), auction.rank_plainly());
        assert_eq!(auction.admit(), auction.least_rank());

        group.throughput(Throughput::Elements(bids.try_into().expect("bids are few")));
        group.bench_function(format!("bids={bids} by=ours"), |bencher| {
            bencher.iter(|| auction.admit());
        });
        group.bench_function(format!("bids={bids} by=plain"), |bencher| {
            bencher.iter(|| black_box(&auction).rank_plainly());
        });
        group.bench_function(format!("bids={bids} by=floor"), |bencher| {
            bencher.iter(|| black_box(&auction).least_rank());
        });
        group.bench_function(format!("bids={bids} by=eligibility"), |bencher| {
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
