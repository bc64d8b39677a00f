//! Structures of libraries that can name the best bid, one for each auction, emptied and used again.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::hash::BuildHasherDefault;

use priority_queue::PriorityQueue;
use rustc_hash::FxHasher;

use super::{Bid, Books, Event, Stream, Winners, at};

/// Price, and place in time.
type Key = (u32, u32);

/// One auction on a structure.
trait Queue: Default + Clone {
    fn push(&mut self, bid: &Bid);
    fn remove(&mut self, bid: &Bid);
    /// Takes the best out. Returns its price.
    fn pop(&mut self) -> Option<u32>;
    fn clear(&mut self);

    fn step(queues: &mut [Self], event: &Event, winners: &mut Winners) {
        match event {
            Event::Open { .. } => {}
            Event::Place { auction, bid } => queues[at(*auction)].push(bid),
            Event::Withdraw { auction, bid } => queues[at(*auction)].remove(bid),
            Event::Reprice { auction, old, new } => {
                queues[at(*auction)].remove(old);
                queues[at(*auction)].push(new);
            }
            Event::Take { auction } => winners.note(*auction, queues[at(*auction)].pop()),
            Event::Close { auction } => queues[at(*auction)].clear(),
        }
    }
}

macro_rules! books {
    ($name:ident, $queue:ty, $says:literal) => {
        #[doc = $says]
        #[derive(Clone, Debug)]
        pub struct $name(Vec<$queue>);

        impl $name {
            /// Room for a stream.
            #[must_use]
            pub fn new(stream: &Stream) -> Self {
                Self(vec![<$queue>::default(); stream.open])
            }
        }

        impl Books for $name {
            type Step = Event;

            fn step(&mut self, event: &Event, winners: &mut Winners) {
                Queue::step(&mut self.0, event, winners);
            }
        }
    };
}

books!(Sorted, BTreeSet<Key>, "A `BTreeSet` of the standard library.");
books!(
    Heap,
    Lazy,
    "A `BinaryHeap` of the standard library, whose dead are sorted out when they win."
);
books!(
    Prioritised,
    ByProvider,
    "A `PriorityQueue` of the crate `priority-queue`, with a fast hasher."
);

/// By provider.
type ByProvider = PriorityQueue<u32, Reverse<Key>, BuildHasherDefault<FxHasher>>;

impl Queue for BTreeSet<Key> {
    fn push(&mut self, bid: &Bid) {
        self.insert((bid.price, bid.command));
    }

    fn remove(&mut self, bid: &Bid) {
        Self::remove(self, &(bid.price, bid.command));
    }

    fn pop(&mut self) -> Option<u32> {
        self.pop_first().map(|(price, _)| price)
    }

    fn clear(&mut self) {
        Self::clear(self);
    }
}

impl Queue for ByProvider {
    fn push(&mut self, bid: &Bid) {
        Self::push(self, bid.provider, Reverse((bid.price, bid.command)));
    }

    fn remove(&mut self, bid: &Bid) {
        Self::remove(self, &bid.provider);
    }

    fn pop(&mut self) -> Option<u32> {
        Self::pop(self).map(|(_, Reverse((price, _)))| price)
    }

    fn clear(&mut self) {
        Self::clear(self);
    }
}

/// A heap, and the bids in it that were taken back.
#[derive(Clone, Debug, Default)]
struct Lazy {
    heap: BinaryHeap<Reverse<Key>>,
    dead: BTreeSet<u32>,
}

impl Queue for Lazy {
    fn push(&mut self, bid: &Bid) {
        self.heap.push(Reverse((bid.price, bid.command)));
    }

    fn remove(&mut self, bid: &Bid) {
        self.dead.insert(bid.command);
    }

    fn pop(&mut self) -> Option<u32> {
        loop {
            let Reverse((price, command)) = self.heap.pop()?;
            if !self.dead.remove(&command) {
                return Some(price);
            }
        }
    }

    fn clear(&mut self) {
        self.heap.clear();
        self.dead.clear();
    }
}
