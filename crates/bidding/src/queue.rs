//! [`BidQueue`]: the open bids of one order, best first.
//!
//! The only module that names the queue crate. The queue breaks equal priorities by insertion, so
//! every priority here is a [`Rank`], and no two ranks are equal: the same bids give the same best
//! one in any order of insertion.

use core::cmp::Reverse;
use core::hash::BuildHasherDefault;

use priority_queue::PriorityQueue;
use rustc_hash::FxHasher;
use undercut_primitives::BidId;

use crate::Rank;

/// Open bids by rank. `push`, `reprice` and `remove` take O(log n), `best` O(1), `worst` O(n).
///
/// There is no iteration in heap order: it would depend on the order of insertion.
/// [`crate::plain::BidQueue`] does the same with a sorted list, and the book's own queues with less
/// work; all pass the same tests.
#[derive(Clone, Debug, Default)]
pub struct BidQueue(PriorityQueue<BidId, Reverse<Rank>, BuildHasherDefault<FxHasher>>);

impl BidQueue {
    /// Adds a bid, or ranks it anew.
    pub fn push(&mut self, rank: Rank) {
        self.0.push(rank.id, Reverse(rank));
    }

    /// Ranks a bid anew; `false` when it is not in the queue.
    pub fn reprice(&mut self, rank: Rank) -> bool {
        self.0.change_priority(&rank.id, Reverse(rank)).is_some()
    }

    /// Takes a bid out; `false` when it is not in the queue.
    pub fn remove(&mut self, id: &BidId) -> bool {
        self.0.remove(id).is_some()
    }

    /// The lowest rank.
    #[must_use]
    pub fn best(&self) -> Option<Rank> {
        self.0.peek().map(|(_, Reverse(rank))| *rank)
    }

    /// The highest rank.
    #[must_use]
    pub fn worst(&self) -> Option<Rank> {
        self.0.iter().map(|(_, Reverse(rank))| *rank).max()
    }

    /// How many bids there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use undercut_primitives::{Address, Decimal, DeploymentId, Digest, GroupId, Provider, Tenant};

    use super::*;
    use crate::{TieBreak, plain};

    #[derive(Clone, Debug)]
    enum Step {
        Push(u8, u8),
        Reprice(u8, u8),
        Remove(u8),
    }

    fn step() -> impl Strategy<Value = Step> {
        // Few providers and fewer prices, so that ties and repeated keys are common.
        prop_oneof![
            3 => (0_u8..12, 0_u8..4).prop_map(|(who, price)| Step::Push(who, price)),
            1 => (0_u8..12, 0_u8..4).prop_map(|(who, price)| Step::Reprice(who, price)),
            1 => (0_u8..12).prop_map(Step::Remove),
        ]
    }

    fn rank(who: u8, price: u8) -> Rank {
        let tenant = Tenant(Address::of_module("tenant"));
        let order = GroupId { deployment: DeploymentId { tenant, dseq: 1 }, gseq: 1 }.order(1);
        let id = order.bid(Provider(Address::of_module(&format!("provider {who}"))));
        let tie = TieBreak::of(&Digest::ZERO, &id);
        Rank { price: Decimal::from_whole(u64::from(price)), tie, id }
    }

    proptest! {
        #[test]
        fn heap_and_sorted_list_agree_after_every_step(steps in prop::collection::vec(step(), 0..200)) {
            let (mut fast, mut plain) = (BidQueue::default(), plain::BidQueue::default());
            for step in steps {
                match step {
                    Step::Push(who, price) => {
                        fast.push(rank(who, price));
                        plain.push(rank(who, price));
                    }
                    Step::Reprice(who, price) => {
                        prop_assert_eq!(fast.reprice(rank(who, price)), plain.reprice(rank(who, price)));
                    }
                    Step::Remove(who) => {
                        let id = rank(who, 0).id;
                        prop_assert_eq!(fast.remove(&id), plain.remove(&id));
                    }
                }
                prop_assert_eq!(fast.best(), plain.best());
                prop_assert_eq!(fast.worst(), plain.worst());
                prop_assert_eq!(fast.len(), plain.len());
                prop_assert_eq!(fast.is_empty(), plain.is_empty());
            }
        }

        #[test]
        fn any_order_of_insertion_gives_the_same_best(prices in prop::collection::vec(0_u8..3, 1..12), rotation: usize) {
            let mut ranks: Vec<Rank> = (0_u8..).zip(&prices).map(|(who, price)| rank(who, *price)).collect();
            let best = |ranks: &[Rank]| {
                let mut queue = BidQueue::default();
                ranks.iter().for_each(|rank| queue.push(*rank));
                queue.best()
            };
            let before = best(&ranks);
            ranks.rotate_left(rotation.checked_rem(prices.len()).unwrap());
            prop_assert_eq!(best(&ranks), before);
            ranks.reverse();
            prop_assert_eq!(best(&ranks), before);
        }
    }
}
