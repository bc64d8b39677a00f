use alloc::vec::Vec;

use proptest::prelude::*;
use undercut_primitives::{Address, DeploymentId, Digest, GroupId, OrderId, Provider, Tenant};

use super::*;
use crate::{BidQueue, Rank, TieBreak, plain};

/// A price by number: up to 4 whole ones, then those around the edges of what is packed.
fn asked(number: u64) -> Decimal {
    let high = u128::MAX >> 32;
    let edges = [0, 1, 2, high - 2, high - 1, high, high + 1, high << 9, u128::MAX];
    let beyond = usize::try_from(number).ok().and_then(|number| number.checked_sub(5));
    let edge = beyond.and_then(|at| edges.get(at));
    edge.map_or(Decimal::from_whole(number), |atoms| Decimal::from_atoms(*atoms))
}

/// Bids whose tie-breaks start alike: one digest in two has the same first eight bytes as others.
struct Twins {
    order: OrderId,
}

impl Twins {
    fn new() -> Self {
        let tenant = Tenant(Address::of_module("tenant"));
        Self { order: GroupId { deployment: DeploymentId { tenant, dseq: 1 }, gseq: 1 }.order(1) }
    }

    fn rank_of(&self, who: u32, price: u64) -> Rank {
        let id = self.order.bid(Provider(Address::of_module(&format!("provider {who}"))));
        let mut digest = *Digest::ZERO.as_bytes();
        // Of four: two differ at the start, two at the end alone, and one of those not at all.
        digest[0] = u8::from(who.is_multiple_of(4));
        digest[7] = 1;
        digest[31] = u8::from(who % 4 == 1);
        let tie = TieBreak::from_digest(Digest::from_bytes(digest));
        Rank { price: asked(price), tie, id }
    }

    fn placed(&self, (provider, price): (u32, Decimal)) -> Rank {
        Rank { price, ..self.rank_of(provider, 0) }
    }
}

impl Names for Twins {
    fn standing(&self, entry: &Entry) -> Standing {
        let Rank { tie, id, .. } = self.rank_of(entry.provider, 0);
        Standing { price: entry.price, tie, provider: id.provider }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Push(u32, u64),
    Reprice(u32, u64),
    Remove(u32),
    Pop,
    Best,
    Reopen,
}

fn step(providers: u32) -> impl Strategy<Value = Step> {
    let price = prop_oneof![9 => 1_u64..5, 1 => 5_u64..14];
    let bid = move || (0..providers, price.clone());
    prop_oneof![
        12 => bid().prop_map(|(who, price)| Step::Push(who, price)),
        4 => bid().prop_map(|(who, price)| Step::Reprice(who, price)),
        3 => (0..providers).prop_map(Step::Remove),
        1 => Just(Step::Pop),
        1 => Just(Step::Best),
        1 => Just(Step::Reopen),
    ]
}

/// The arena, the heap and the sorted list side by side; `known` says whether the arena is told the
/// tie-breaks or has to ask for them.
struct Three {
    names: Twins,
    queues: Queues,
    order: u32,
    heap: BidQueue,
    plain: plain::BidQueue,
    known: bool,
}

impl Three {
    fn new(known: bool) -> Self {
        let mut queues = Queues::default();
        // A neighbour with bids of its own, in the same pages.
        let neighbour = queues.open(Decimal::from_whole(9), 0).unwrap();
        let names = Twins::new();
        for who in 0..7 {
            assert!(queues.push(neighbour, Entry::of(&names.rank_of(who, 1), who), &names));
        }
        let order = queues.open(Decimal::from_whole(9), 0).unwrap();
        let (heap, plain) = (BidQueue::default(), plain::BidQueue::default());
        Self { names, queues, order, heap, plain, known }
    }

    fn entry(&self, who: u32, price: u64) -> Entry {
        let entry = Entry::of(&self.names.rank_of(who, price), who);
        if self.known { entry } else { Entry { tie: 0, ..entry } }
    }

    fn is_in(&self, who: u32) -> bool {
        let id = self.names.rank_of(who, 0).id;
        self.plain.clone().remove(&id)
    }

    fn take(&mut self, step: &Step) {
        let (order, names) = (self.order, Twins::new());
        match *step {
            Step::Push(who, price) | Step::Reprice(who, price) => {
                let (rank, entry) = (names.rank_of(who, price), self.entry(who, price));
                if matches!(step, Step::Push(..)) && !self.is_in(who) {
                    assert!(self.queues.push(order, entry, &names));
                    self.heap.push(rank);
                    self.plain.push(rank);
                } else {
                    let found = self.plain.reprice(rank);
                    assert_eq!(self.queues.reprice(order, entry, &names), found);
                    assert_eq!(self.heap.reprice(rank), found);
                }
            }
            Step::Remove(who) => {
                let id = names.rank_of(who, 0).id;
                let found = self.plain.remove(&id);
                assert_eq!(self.queues.remove(order, who, &names), found);
                assert_eq!(self.heap.remove(&id), found);
            }
            Step::Pop => {
                let popped = self.queues.pop(order, &names).map(|entry| names.placed(entry));
                assert_eq!(popped, self.plain.best());
                popped.iter().for_each(|best| assert!(self.heap.remove(&best.id)));
                popped.iter().for_each(|best| assert!(self.plain.remove(&best.id)));
            }
            Step::Best => {
                let best = self.queues.best(order, &names).map(|entry| names.placed(entry));
                assert_eq!(best, self.plain.best());
            }
            Step::Reopen => {
                assert_eq!(self.queues.close(order), u32::try_from(self.plain.len()).ok());
                assert_eq!(self.queues.close(order), None, "once is enough");
                assert!(!self.queues.push(order, self.entry(0, 1), &names));
                self.order = self.queues.open(Decimal::from_whole(9), 0).unwrap();
                (self.heap, self.plain) = (BidQueue::default(), plain::BidQueue::default());
            }
        }
    }

    /// Best, runner-up, worst, number: without a change, so that the arena may not know its best.
    fn agree(&self) {
        let (order, names) = (self.order, &self.names);
        let best = self.queues.peek(order, names).map(|entry| names.placed(entry));
        assert_eq!(best, self.plain.best());
        assert_eq!(self.heap.best(), self.plain.best());
        let standings = self.queues.standings(order, names).into_iter();
        let mut ranks: Vec<Rank> =
            standings.map(|(provider, at)| names.placed((provider, at.price))).collect();
        ranks.sort();
        assert_eq!(ranks.len(), self.plain.len());
        assert_eq!(self.heap.len(), self.plain.len());
        assert_eq!(self.queues.len(order), self.plain.len());
        assert_eq!(ranks.last().copied(), self.plain.worst());
        assert_eq!(self.heap.worst(), self.plain.worst());
        let mut without_best = self.plain.clone();
        best.iter().for_each(|best| assert!(without_best.remove(&best.id)));
        assert_eq!(ranks.get(1).copied(), without_best.best(), "the runner-up");
    }
}

fn play(steps: &[Step], known: bool) {
    let mut three = Three::new(known);
    for step in steps {
        three.take(step);
        three.agree();
    }
}

proptest! {
    #[test]
    fn arena_heap_and_sorted_list_agree_after_every_step(
        steps in prop::collection::vec(step(24), 0..160), known: bool,
    ) {
        play(&steps, known);
    }

    #[test]
    fn they_agree_on_both_sides_of_the_heap(
        steps in prop::collection::vec(step(12), 0..60), known: bool, fill in 50_usize..150,
    ) {
        let mut three = Three::new(known);
        (20..).take(fill).for_each(|who| three.take(&Step::Push(who, u64::from(who % 5))));
        three.agree();
        for step in &steps {
            three.take(step);
            three.agree();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn they_agree_where_hundreds_come_and_go(
        steps in prop::collection::vec(step(420), 0..400), known: bool, fill in 90_usize..400,
    ) {
        let mut three = Three::new(known);
        (0..).take(fill).for_each(|who| three.take(&Step::Push(who, u64::from(who % 13))));
        for few in steps.chunks(25) {
            few.iter().filter(|step| !matches!(step, Step::Reopen)).for_each(|step| three.take(step));
            three.agree();
        }
        while !three.plain.is_empty() {
            three.take(&Step::Pop);
        }
        three.take(&Step::Reopen);
        steps.iter().for_each(|step| three.take(step));
        three.agree();
    }
}

#[test]
fn a_bid_has_16_bytes_and_an_order_64() {
    assert_eq!((size_of::<Packed>(), size_of::<Header>()), (16, 64));
}

#[test]
fn what_closed_orders_had_is_used_again() {
    let names = Twins::new();
    let mut queues = Queues::default();
    let mut round = |bids: u32| {
        let orders: Vec<u32> =
            (0..50).map(|_| queues.open(Decimal::from_whole(9), 0).unwrap()).collect();
        // All grow together, so that every length of run is in use by all at once.
        for who in 0..bids {
            for order in &orders {
                assert!(queues.push(*order, Entry::of(&names.rank_of(who, 5), who), &names));
            }
        }
        orders.iter().for_each(|order| assert_eq!(queues.close(*order), Some(bids)));
        queues.bytes()
    };
    let first = round(60);
    assert!((0..20).all(|rounds| round(10 + rounds) == first), "no more memory than at first");
}
