//! Merkle roots: over the records of a block, and over everything that the state holds.
//!
//! Both bind what they hash: leaves and inner nodes have different name-spaces, and an inner node
//! of the state binds the position at which it branches.
//!
//! What lies under a root is proved without the rest: a leaf of a list by [`inclusion_proof`], that
//! a list only grew by [`consistency_proof`], a key and its value by [`StateTree::prove`].

#![allow(
    clippy::arithmetic_side_effects,
    reason = "bit positions: below 256 by construction, divisors are constants"
)]

mod list_proof;
mod state_proof;
mod state_tree;

pub use list_proof::{check_consistency, check_inclusion, consistency_proof, inclusion_proof};
pub use state_proof::{StateProof, StateStep};
pub use state_tree::StateTree;

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use undercut_primitives::Digest;
use undercut_primitives::canonical_through;
use undercut_primitives::crypto::{self, Namespace};

const NODE: Namespace = Namespace("undercut/merkle-node/v1");
const LEAF: Namespace = Namespace("undercut/state-leaf/v1");
const BRANCH: Namespace = Namespace("undercut/state-branch/v1");

/// The root over `leaves` in their order; [`Digest::ZERO`] over none.
///
/// Neighbours are paired level by level; a last one without a partner moves up as it is.
#[must_use]
pub fn root(leaves: &[Digest]) -> Digest {
    let mut level: Vec<Digest> = leaves.to_vec();
    while level.len() > 1 {
        level = paired(&level);
    }
    level.first().copied().unwrap_or_default()
}

/// The level above: neighbours paired, a last one without a partner as it is.
fn paired(level: &[Digest]) -> Vec<Digest> {
    let pair = |pair: &[Digest]| match pair {
        [left, right] => node(left, right),
        [single] => *single,
        _ => Digest::ZERO,
    };
    level.chunks(2).map(pair).collect()
}

/// The root over leaves that come one by one, kept in O(log n) digests.
///
/// [`Peaks::root`] is always [`root`] over the leaves so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "(u64, Vec<Digest>)", into = "(u64, Vec<Digest>)")]
pub struct Peaks {
    leaves: u64,
    /// Roots of full trees, the largest first: one for each bit that is set in `leaves`.
    peaks: Vec<Digest>,
}

canonical_through!(Peaks, (u64, Vec<Digest>), |tree| (tree.leaves, &tree.peaks));

impl Peaks {
    /// No leaf.
    pub const EMPTY: Self = Self { leaves: 0, peaks: Vec::new() };

    /// How many leaves there are.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.leaves
    }

    /// Whether there is no leaf.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.leaves == 0
    }

    /// Adds a leaf at the end. O(1) hashes on average, O(log n) at worst. After 2^64 - 1 leaves,
    /// which nobody lives to see, it does nothing.
    pub fn push(&mut self, leaf: Digest) {
        let Some(leaves) = self.leaves.checked_add(1) else { return };
        let mut top = leaf;
        // Every full tree as large as the new one is its left neighbour.
        for _ in 0..self.leaves.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                top = node(&left, &top);
            }
        }
        self.peaks.push(top);
        self.leaves = leaves;
    }

    /// The root; [`Digest::ZERO`] over none. O(log n) hashes.
    #[must_use]
    pub fn root(&self) -> Digest {
        let mut peaks = self.peaks.iter().rev();
        let smallest = peaks.next().copied().unwrap_or_default();
        peaks.fold(smallest, |right, left| node(left, &right))
    }
}

/// A number of peaks that does not belong to the number of leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{leaves} leaves have {expected} peaks, not {found}")]
pub struct WrongPeaks {
    /// How many leaves are claimed.
    pub leaves: u64,
    /// How many peaks they have.
    pub expected: u32,
    /// How many are there.
    pub found: usize,
}

impl TryFrom<(u64, Vec<Digest>)> for Peaks {
    type Error = WrongPeaks;

    fn try_from((leaves, peaks): (u64, Vec<Digest>)) -> Result<Self, Self::Error> {
        let (expected, found) = (leaves.count_ones(), peaks.len());
        if usize::try_from(expected) == Ok(found) {
            Ok(Self { leaves, peaks })
        } else {
            Err(WrongPeaks { leaves, expected, found })
        }
    }
}

impl From<Peaks> for (u64, Vec<Digest>) {
    fn from(peaks: Peaks) -> Self {
        (peaks.leaves, peaks.peaks)
    }
}

fn node(left: &Digest, right: &Digest) -> Digest {
    crypto::digest_parts(NODE, &[left.as_bytes(), right.as_bytes()])
}

fn leaf_hash(key: &Digest, value: &Digest) -> Digest {
    crypto::digest_parts(LEAF, &[key.as_bytes(), value.as_bytes()])
}

fn branch_hash(bit: u8, zero: &Digest, one: &Digest) -> Digest {
    crypto::digest_parts(BRANCH, &[&[bit], zero.as_bytes(), one.as_bytes()])
}

/// The bit of `key` at `position`, counted from the most significant.
fn bit_of(key: &Digest, position: u8) -> bool {
    let byte = key.as_bytes().get(usize::from(position / 8)).copied().unwrap_or_default();
    (byte >> (7 - position % 8)) & 1 == 1
}

fn first_difference(a: &Digest, b: &Digest) -> Option<u8> {
    let bytes = (0_u8..).zip(a.as_bytes().iter().zip(b.as_bytes()));
    let mut different = bytes.filter(|(_, (a, b))| a != b);
    let (place, (a, b)) = different.next()?;
    let bit = u8::try_from((a ^ b).leading_zeros()).unwrap_or_default();
    Some(place * 8 + bit)
}

#[cfg(test)]
mod tests {
    use undercut_primitives::codec::Canonical;

    use super::*;

    #[test]
    fn peaks_give_the_root_over_the_leaves_so_far() {
        let (mut leaves, mut peaks) = (Vec::new(), Peaks::EMPTY);
        for number in 0..200_u8 {
            assert_eq!(peaks.root(), root(&leaves), "{number} leaves");
            assert_eq!((peaks.len(), peaks.is_empty()), (u64::from(number), number == 0));
            let leaf = Digest::from_bytes([number; 32]);
            leaves.push(leaf);
            peaks.push(leaf);
        }
        let bytes = peaks.encode().unwrap();
        assert_eq!(Peaks::decode(&bytes, bytes.len()), Ok(peaks));
        // One leaf more would need more peaks than there are.
        let claims_more = [&[201][..], &bytes[1..]].concat();
        assert!(Peaks::decode(&claims_more, claims_more.len()).is_err());
    }

    #[test]
    fn order_and_number_of_records_are_bound() {
        let [a, b, c] = [1, 2, 3].map(|byte| Digest::from_bytes([byte; 32]));
        assert_eq!(root(&[]), Digest::ZERO);
        assert_eq!(root(&[a]), a);
        let roots = [root(&[a, b]), root(&[b, a]), root(&[a, b, c]), root(&[a, b, c, c])];
        for (i, one) in roots.iter().enumerate() {
            assert!(roots[i + 1..].iter().all(|other| one != other));
        }
    }
}
