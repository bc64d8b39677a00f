//! Auctions: admitting, repricing and withdrawing bids, and naming the winner.
//!
//! `match::book` and `match::habitat` are the rows of these names of `undercut bench`:
//! [`undercut_benches::rows::matching`] says who plays, [`undercut_benches::auction`] what happens and how
//! the order books of others are mapped. One iteration plays 20,000 bids, or 40,000 events.
//! `match/latency` is not here: it is an open loop, told in percentiles from the time at which an event
//! was due, and Criterion has neither. `match::book` is the same work in a closed loop.
//!
//! `matching::admit`: k providers bid for one order that asks for 4 of the 20 attributes each has,
//! are admitted, and one is awarded. `by=ours` is all of it, `part=eligibility` the comparison of
//! attributes alone; `by=plain` ranks with the plain queue and checks nothing, `by=floor` makes the
//! ranks and keeps the best.
//!
//! Estimate. A compact bid is 16 bytes: for the floor, placing one is a store and a comparison, some
//! 5 ns, and for one bid in five a look at k of them. Eligibility is a bit, 1 ns; an event 32 bytes,
//! 3 ns; an entry of 32 bytes instead of 16 costs where the open bids do not fit into a cache.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use undercut_benches::{
    Generator, PRICE_MAX, attributes, digest, order_id, provider, spec, unsigned,
};
use undercut_bidding::{
    BidBook, BidOrigin, BidParams, NewBid, ProviderProfile, Rank, TieBreak, eligibility, plain,
};
use undercut_orderbook::{AwardMode, Group, GroupState, Order, OrderState, ReclamationParams};
use undercut_primitives::{BidId, BlockHeight, Coin, Decimal, Denom, PricePerBlock, Provider};

const BIDS_ADMITTED: [usize; 3] = [4, 16, 64];

fn main() {
    undercut_benches::run(&[rows, admit]);
}

fn rows(criterion: &mut Criterion) {
    undercut_benches::contests(criterion, &["match/book", "match/habitat"]);
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
