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

pub use list_proof::{check_consistency, check_inclusion, consistency_proof, inclusion_proof};
pub use state_proof::{StateProof, StateStep};

use alloc::boxed::Box;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use undercut_primitives::Digest;
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

/// A map from digest to digest with a root that depends on its content alone.
///
/// A binary trie that branches only where keys differ: an insertion or removal touches O(log n)
/// nodes, and [`StateTree::root`] hashes only what changed since it was last asked.
#[derive(Clone, Debug, Default)]
pub struct StateTree {
    top: Option<Box<Node>>,
}

#[derive(Clone, Debug)]
enum Node {
    Leaf { key: Digest, value: Digest },
    Branch { bit: u8, hash: Option<Digest>, children: [Box<Node>; 2] },
}

impl StateTree {
    /// Sets the value of a key, or removes the key with `None`.
    pub fn set(&mut self, key: Digest, value: Option<Digest>) {
        self.top = match (self.top.take(), value) {
            (None, None) => None,
            (None, Some(value)) => Some(Box::new(Node::Leaf { key, value })),
            (Some(top), Some(value)) => Some(insert(top, key, value)),
            (Some(top), None) => remove(*top, &key).map(Box::new),
        };
    }

    /// The root; [`Digest::ZERO`] of an empty map.
    pub fn root(&mut self) -> Digest {
        self.top.as_mut().map_or(Digest::ZERO, |top| top.hash())
    }
}

impl Node {
    fn hash(&mut self) -> Digest {
        match self {
            Self::Leaf { key, value } => leaf_hash(key, value),
            Self::Branch { hash: Some(hash), .. } => *hash,
            Self::Branch { bit, hash, children: [zero, one] } => {
                *hash.insert(branch_hash(*bit, &zero.hash(), &one.hash()))
            }
        }
    }

    /// A key that lies below this node. All keys below share the bits above its branch.
    fn any_key(&self) -> &Digest {
        let mut node = self;
        loop {
            match node {
                Self::Leaf { key, .. } => return key,
                Self::Branch { children: [zero, _], .. } => node = zero,
            }
        }
    }
}

fn insert(node: Box<Node>, key: Digest, value: Digest) -> Box<Node> {
    // Follow the key to the leaf that it would meet, and find where the two differ.
    let mut met = &node;
    let met = loop {
        match &**met {
            Node::Leaf { key, .. } => break key,
            Node::Branch { bit, children: [zero, one], .. } => {
                met = if bit_of(&key, *bit) { one } else { zero };
            }
        }
    };
    match first_difference(met, &key) {
        None => replace(node, &key, value),
        Some(bit) => Box::new(split(*node, bit, Node::Leaf { key, value })),
    }
}

fn replace(mut node: Box<Node>, wanted: &Digest, new: Digest) -> Box<Node> {
    let mut at = &mut *node;
    loop {
        match at {
            Node::Leaf { value, .. } => {
                *value = new;
                return node;
            }
            Node::Branch { bit, hash, children: [zero, one] } => {
                *hash = None;
                at = if bit_of(wanted, *bit) { one } else { zero };
            }
        }
    }
}

/// Hangs `leaf` in where the keys differ at `bit`: above the first node that branches later.
fn split(node: Node, bit: u8, leaf: Node) -> Node {
    let key = *leaf.any_key();
    match node {
        Node::Branch { bit: here, children: [zero, one], .. } if here < bit => {
            let children = if bit_of(&key, here) {
                [zero, Box::new(split(*one, bit, leaf))]
            } else {
                [Box::new(split(*zero, bit, leaf)), one]
            };
            Node::Branch { bit: here, hash: None, children }
        }
        other => {
            let (other, leaf) = (Box::new(other), Box::new(leaf));
            let children = if bit_of(&key, bit) { [other, leaf] } else { [leaf, other] };
            Node::Branch { bit, hash: None, children }
        }
    }
}

fn remove(node: Node, wanted: &Digest) -> Option<Node> {
    match node {
        Node::Leaf { key, .. } if key == *wanted => None,
        leaf @ Node::Leaf { .. } => Some(leaf),
        Node::Branch { bit, children: [zero, one], .. } => {
            let (zero, one) = if bit_of(wanted, bit) {
                (Some(*zero), remove(*one, wanted))
            } else {
                (remove(*zero, wanted), Some(*one))
            };
            match (zero, one) {
                (Some(zero), Some(one)) => {
                    let children = [Box::new(zero), Box::new(one)];
                    Some(Node::Branch { bit, hash: None, children })
                }
                (zero, one) => zero.or(one),
            }
        }
    }
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
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use undercut_primitives::codec::Canonical as _;

    use super::*;

    /// Keys that share long prefixes, so that every depth is met.
    fn key(seed: u8) -> Digest {
        let mut bytes = [0; 32];
        bytes[31] = seed & 0x0f;
        bytes[0] = (seed >> 4) & 1;
        bytes[15] = seed >> 5;
        Digest::from_bytes(bytes)
    }

    fn tree_of(map: &BTreeMap<Digest, Digest>) -> Digest {
        let mut tree = StateTree::default();
        map.iter().for_each(|(key, value)| tree.set(*key, Some(*value)));
        tree.root()
    }

    proptest! {
        #[test]
        fn the_root_depends_on_the_content_alone(steps in prop::collection::vec((any::<u8>(), any::<Option<u8>>()), 0..80)) {
            let (mut tree, mut map) = (StateTree::default(), BTreeMap::new());
            for (seed, value) in steps {
                let value = value.map(|value| Digest::from_bytes([value; 32]));
                tree.set(key(seed), value);
                match value {
                    Some(value) => map.insert(key(seed), value),
                    None => map.remove(&key(seed)),
                };
                // Asking in between must not change later answers.
                prop_assert_eq!(tree.root(), tree_of(&map));
            }
        }
    }

    #[test]
    fn another_value_or_key_gives_another_root() {
        let one = BTreeMap::from([(key(1), Digest::ZERO), (key(2), Digest::ZERO)]);
        let mut other = one.clone();
        other.insert(key(2), Digest::from_bytes([1; 32]));
        assert_ne!(tree_of(&one), tree_of(&other));
        assert_eq!(StateTree::default().root(), Digest::ZERO);
    }

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
