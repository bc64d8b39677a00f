//! This engine: [`Auctions`] with eligibility and events, and its twins over whole ranks.

use std::hint::black_box;

use undercut_bidding::{
    Auctions, BidQueue, ClassHandle, OrderHandle, ProviderHandle, ProviderProfile, Rank, TieBreak,
    plain,
};
use undercut_primitives::{Decimal, Digest, GroupId, OrderId};

use super::{Bid, Books, Event, Step, Stream, Winners, at};
use crate::fixture::{attributes, deployment_id, digest, provider, spec};

/// Bits of a price that tell the place in time, where equal prices go by time.
const TIME_BITS: u32 = 20;

/// Events that are read at the latest when a bid wins.
const EVENTS_MAX: usize = 1_024;

fn order(number: u32) -> OrderId {
    GroupId { deployment: deployment_id(1), gseq: 1 }.order(number)
}

/// The matching core with everything that it does for the market: a check of the order, of the
/// provider's eligibility and of the ceiling, and an event for every step into a buffer that is read
/// and emptied when an order closes, or has as many events as it keeps.
#[derive(Debug)]
pub struct Ours {
    auctions: Auctions,
    /// By place. A place whose auction has not begun has the handle of a closed order.
    orders: Vec<OrderHandle>,
    providers: Vec<ProviderHandle>,
    class: ClassHandle,
    entropy: Digest,
    time_bits: u32,
}

impl Ours {
    /// All providers of a stream, eligible for what its orders ask for.
    ///
    /// Equal prices go by the block's entropy. With `is_timed` they go by time, as in the books of
    /// others: the place in time then stands in the lower digits of a price.
    #[must_use]
    pub fn new(stream: &Stream, is_timed: bool) -> Self {
        let (mut auctions, profile) = (Auctions::default(), ProviderProfile::new(attributes()));
        let class = auctions.class(&spec()).expect("it is the first class");
        let providers = (0..u64::from(stream.providers)).map(|number| {
            let provider = auctions.provider(provider(number));
            auctions.qualify(class, provider, &profile).expect("the attributes suit");
            provider
        });
        let providers = providers.collect();
        let time_bits = if is_timed { TIME_BITS } else { 0 };
        let entropy = digest(1);
        let closed = auctions.open(&entropy, Decimal::ZERO, class).expect("it is the first order");
        auctions.close(closed);
        let orders = vec![closed; stream.open];
        Self { auctions, orders, providers, class, entropy, time_bits }
    }

    /// The steps of a stream, with the place in time in prices if asked for.
    #[must_use]
    pub fn steps(stream: &Stream, is_timed: bool) -> Vec<Step> {
        let timed = |event: &Event| match *event {
            Event::Place { auction, bid } => {
                Step::Place { auction, provider: bid.provider, price: timed(bid) }
            }
            Event::Reprice { auction, new, .. } => {
                Step::Reprice { auction, provider: new.provider, price: timed(new) }
            }
            ref other => Step::from(other),
        };
        if is_timed { stream.events.iter().map(timed).collect() } else { stream.steps.clone() }
    }

    /// Bytes that orders and bids have.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.auctions.bytes()
    }

    #[inline]
    fn handle(&self, auction: u32) -> OrderHandle {
        self.orders[at(auction)]
    }

    /// Whoever reads events does so here.
    #[inline]
    fn read_events(&mut self) {
        black_box(self.auctions.events());
        self.auctions.clear_events();
    }
}

fn timed(bid: Bid) -> u32 {
    assert!(bid.command < 1 << TIME_BITS, "the stream is short");
    bid.price << TIME_BITS | bid.command
}

impl Books for Ours {
    type Step = Step;

    #[inline]
    fn step(&mut self, step: &Step, winners: &mut Winners) {
        const SOUND: &str = "the stream does nothing that is refused";
        match *step {
            Step::Open { auction, .. } => {
                let ceiling = Decimal::from_whole(1 << 40);
                let order = self.auctions.open(&self.entropy, ceiling, self.class);
                self.orders[at(auction)] = order.expect("there are few orders");
            }
            Step::Place { auction, provider, price } => {
                let (order, provider) = (self.handle(auction), self.providers[at(provider)]);
                let price = Decimal::from_whole(u64::from(price));
                self.auctions.bid(order, provider, price).expect(SOUND);
            }
            Step::Withdraw { auction, provider } => {
                let (order, provider) = (self.handle(auction), self.providers[at(provider)]);
                self.auctions.withdraw(order, provider).expect(SOUND);
            }
            Step::Reprice { auction, provider, price } => {
                let (order, provider) = (self.handle(auction), self.providers[at(provider)]);
                let price = Decimal::from_whole(u64::from(price));
                self.auctions.reprice(order, provider, price).expect(SOUND);
            }
            Step::Take { auction } => {
                let won = self.auctions.award(self.handle(auction));
                let price = won.map(|won| whole(won.price) >> self.time_bits);
                winners.note(auction, price);
                if self.auctions.events().len() >= EVENTS_MAX {
                    self.read_events();
                }
            }
            Step::Close { auction } => {
                self.auctions.close(self.handle(auction));
                self.read_events();
            }
        }
    }
}

/// A price of a stream.
#[inline]
fn whole(price: Decimal) -> u32 {
    let atoms = Decimal::from_whole(1).to_atoms();
    u32::try_from(price.to_atoms() / atoms).expect("a stream has whole prices that are small")
}

macro_rules! queues {
    ($name:ident, $queue:ty, $says:literal) => {
        #[doc = $says]
        #[derive(Debug)]
        pub struct $name {
            queues: Vec<$queue>,
            numbers: Vec<u32>,
            ties: Vec<TieBreak>,
            first: OrderId,
            bidders: Vec<undercut_primitives::Provider>,
        }

        impl $name {
            /// Room for a stream. Tie-breaks are made before, by provider.
            #[must_use]
            pub fn new(stream: &Stream) -> Self {
                let bidders: Vec<_> = (0..u64::from(stream.providers)).map(provider).collect();
                let (first, entropy) = (order(1), digest(1));
                let tie = |bidder: &_| TieBreak::of(&entropy, &first.bid(*bidder));
                let ties = bidders.iter().map(tie).collect();
                let queues = (0..stream.open).map(|_| <$queue>::default()).collect();
                Self { queues, numbers: vec![0; stream.open], ties, first, bidders }
            }

            fn rank(&self, auction: u32, bid: &Bid) -> Rank {
                let order = OrderId { oseq: self.numbers[at(auction)], ..self.first };
                let price = Decimal::from_whole(u64::from(bid.price));
                let (tie, bidder) = (self.ties[at(bid.provider)], self.bidders[at(bid.provider)]);
                Rank { price, tie, id: order.bid(bidder) }
            }
        }

        impl Books for $name {
            type Step = Event;

            fn step(&mut self, event: &Event, winners: &mut Winners) {
                match event {
                    Event::Open { auction, number } => self.numbers[at(*auction)] = *number,
                    Event::Place { auction, bid } => {
                        let rank = self.rank(*auction, bid);
                        self.queues[at(*auction)].push(rank);
                    }
                    Event::Withdraw { auction, bid } => {
                        let rank = self.rank(*auction, bid);
                        self.queues[at(*auction)].remove(&rank.id);
                    }
                    Event::Reprice { auction, new, .. } => {
                        let rank = self.rank(*auction, new);
                        self.queues[at(*auction)].reprice(rank);
                    }
                    Event::Take { auction } => {
                        let queue = &mut self.queues[at(*auction)];
                        let best = queue.best();
                        if let Some(best) = &best {
                            queue.remove(&best.id);
                        }
                        winners.note(*auction, best.map(|best| whole(best.price)));
                    }
                    Event::Close { auction } => self.queues[at(*auction)] = <$queue>::default(),
                }
            }
        }
    };
}

queues!(Plain, plain::BidQueue, "The plain twin: a sorted list of ranks for each order.");
queues!(Queued, BidQueue, "The same ranks in a `priority-queue` for each order.");
