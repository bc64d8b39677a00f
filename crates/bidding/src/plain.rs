//! The plain twin of [`crate::BidQueue`]: a sorted list, obviously right, for tests and benches.

use alloc::vec::Vec;

use undercut_primitives::BidId;

use crate::Rank;

/// Open bids in a list sorted by rank. Every change takes O(n).
#[derive(Clone, Debug, Default)]
pub struct BidQueue(Vec<Rank>);

impl BidQueue {
    /// Adds a bid, or ranks it anew.
    pub fn push(&mut self, rank: Rank) {
        self.remove(&rank.id);
        let place = self.0.partition_point(|other| *other < rank);
        self.0.insert(place, rank);
    }

    /// Ranks a bid anew; `false` when it is not in the list.
    pub fn reprice(&mut self, rank: Rank) -> bool {
        let found = self.remove(&rank.id);
        if found {
            self.push(rank);
        }
        found
    }

    /// Takes a bid out; `false` when it is not in the list.
    pub fn remove(&mut self, id: &BidId) -> bool {
        let before = self.0.len();
        self.0.retain(|rank| rank.id != *id);
        self.0.len() < before
    }

    /// The lowest rank.
    #[must_use]
    pub fn best(&self) -> Option<Rank> {
        self.0.first().copied()
    }

    /// The highest rank.
    #[must_use]
    pub fn worst(&self) -> Option<Rank> {
        self.0.last().copied()
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
