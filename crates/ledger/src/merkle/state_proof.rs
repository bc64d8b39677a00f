//! [`StateProof`]: that a key has a value in a [`StateTree`](super::StateTree), for who knows the root alone.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use undercut_primitives::Digest;
use undercut_primitives::codec::Canonical;

use super::{bit_of, branch_hash, leaf_hash};

/// One branch on the way to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct StateStep {
    /// Where the keys below the branch differ first, counted from the most significant bit.
    pub bit: u8,
    /// The hash of the side that the key is not on.
    pub sibling: Digest,
}

/// The way from the root of a [`StateTree`](super::StateTree) to a key, the top first. About as many steps as the
/// number of keys has binary digits; at most 256.
///
/// On which side of a branch the key is follows from the key. So a proof has nothing to say but
/// where the branches are and what is on their other sides, and both are in the root.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct StateProof(pub Vec<StateStep>);

impl StateProof {
    /// The root of the tree in which `key` has `value` at the end of this way. What is proved is
    /// proved when this is the root that you trust. `None` when no tree has such a way: bits only
    /// ascend.
    #[must_use]
    pub fn root(&self, key: &Digest, value: &Digest) -> Option<Digest> {
        let Self(steps) = self;
        if !steps.is_sorted_by(|above, below| above.bit < below.bit) {
            return None;
        }
        let below = |hash: Digest, step: &StateStep| {
            let StateStep { bit, sibling } = step;
            if bit_of(key, *bit) {
                branch_hash(*bit, sibling, &hash)
            } else {
                branch_hash(*bit, &hash, sibling)
            }
        };
        Some(steps.iter().rev().fold(leaf_hash(key, value), below))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use undercut_primitives::crypto::{Namespace, digest};

    use super::super::StateTree;
    use super::*;

    fn hash(number: u16) -> Digest {
        digest(Namespace("undercut/test/v1"), &number.to_le_bytes())
    }

    /// Keys as they are, and keys that share long prefixes.
    fn key(number: u16) -> Digest {
        if number.is_multiple_of(2) {
            return hash(number);
        }
        let mut bytes = [0; 32];
        bytes[30..].copy_from_slice(&number.to_be_bytes());
        Digest::from_bytes(bytes)
    }

    fn tree(map: &BTreeMap<Digest, Digest>) -> StateTree {
        let mut tree = StateTree::default();
        map.iter().for_each(|(key, value)| tree.set(*key, Some(*value)));
        tree
    }

    fn flipped(digest: &Digest, bit: usize) -> Digest {
        let mut bytes = *digest.as_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        Digest::from_bytes(bytes)
    }

    proptest! {
        #[test]
        fn every_key_of_a_random_tree_is_proved_and_no_other(
            numbers in prop::collection::vec(0_u16..600, 1..60),
            strange: u16,
        ) {
            let map: BTreeMap<Digest, Digest> =
                numbers.iter().map(|number| (key(*number), hash(number ^ 1))).collect();
            let mut tree = tree(&map);
            // Asked before the root, so that the hashes are made on the way.
            let proofs: Vec<_> = map.keys().map(|key| tree.prove(key).unwrap()).collect();
            let root = tree.root();
            for ((key, value), proof) in map.iter().zip(&proofs) {
                prop_assert_eq!(proof.root(key, value), Some(root));
                prop_assert_ne!(proof.root(key, &hash(strange | 1 << 15)), Some(root));
            }
            let strange = hash(strange | 1 << 15);
            prop_assert_eq!(tree.prove(&strange), None);
            for proof in &proofs {
                for value in map.values() {
                    prop_assert_ne!(proof.root(&strange, value), Some(root));
                }
            }
        }
    }

    #[test]
    fn the_proof_of_a_single_key_has_no_steps() {
        let mut tree = tree(&BTreeMap::from([(key(2), hash(3))]));
        let proof = tree.prove(&key(2)).unwrap();
        assert_eq!(proof, StateProof::default());
        assert_eq!(proof.root(&key(2), &hash(3)), Some(tree.root()));
        assert_eq!(StateTree::default().prove(&key(2)), None);
    }

    #[test]
    fn every_alteration_of_a_proof_is_noticed() {
        let map: BTreeMap<Digest, Digest> =
            (0..40).map(|number| (key(number), hash(number))).collect();
        let mut tree = tree(&map);
        let root = tree.root();
        for number in [0, 1, 22, 39] {
            let (key, value) = (key(number), hash(number));
            let proof = tree.prove(&key).unwrap();
            let holds = |proof: &StateProof| proof.root(&key, &value) == Some(root);
            assert!(holds(&proof) && proof.0.len() > 2);
            for bit in 0..256 {
                assert_ne!(proof.root(&flipped(&key, bit), &value), Some(root), "key bit {bit}");
                assert_ne!(proof.root(&key, &flipped(&value, bit)), Some(root), "value bit {bit}");
            }
            for other in altered(&proof) {
                assert!(!holds(&other), "{number}: {other:?}");
            }
        }
    }

    /// Every proof that differs in one bit of a digest, one place of a branch, one step more or
    /// less, or in the order of two steps.
    fn altered(proof: &StateProof) -> Vec<StateProof> {
        let mut all = Vec::new();
        let mut change = |of: &dyn Fn(&mut Vec<StateStep>)| {
            let mut other = proof.clone();
            of(&mut other.0);
            if other != *proof {
                all.push(other);
            }
        };
        for (place, step) in proof.0.iter().enumerate() {
            change(&|steps| {
                steps.remove(place);
            });
            change(&|steps| steps.truncate(place));
            change(&|steps| steps.insert(place, *step));
            for bit in 0..=u8::MAX {
                change(&|steps| steps[place].bit = bit);
                change(&|steps| steps.insert(place, StateStep { bit, sibling: step.sibling }));
                let flip = usize::from(bit);
                change(&|steps| steps[place].sibling = flipped(&step.sibling, flip));
            }
            for other in 0..place {
                change(&|steps| steps.swap(place, other));
                change(&|steps| {
                    let sibling = steps[place].sibling;
                    steps[place].sibling = steps[other].sibling;
                    steps[other].sibling = sibling;
                });
            }
        }
        change(&|steps| steps.push(StateStep { bit: 255, sibling: hash(1) }));
        change(&Vec::clear);
        all
    }

    #[test]
    fn steps_that_do_not_descend_lead_nowhere() {
        let step = |bit| StateStep { bit, sibling: hash(9) };
        let root = |bits: &[u8]| {
            StateProof(bits.iter().map(|bit| step(*bit)).collect()).root(&key(2), &hash(2))
        };
        assert!(root(&[3, 4, 255]).is_some());
        assert_eq!(root(&[4, 4]), None);
        assert_eq!(root(&[5, 4]), None);
    }
}
