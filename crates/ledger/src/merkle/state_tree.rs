//! [`StateTree`]: a map from digest to digest under one root.

use alloc::vec::Vec;

use undercut_primitives::Digest;

use super::state_proof::{StateProof, StateStep};
use super::{bit_of, branch_hash, first_difference, leaf_hash};

/// A map from digest to digest with a root that depends on its content alone.
///
/// A binary trie that branches only where keys differ: an insertion or removal touches O(log n)
/// nodes, and [`StateTree::root`] hashes only what changed since it was last asked. Leaves and
/// branches lie in two lists, 64 and 42 bytes each; what a removal frees is used again. Room for
/// 2^31 keys, which take more memory than machines have.
#[derive(Clone, Debug, Default)]
pub struct StateTree {
    leaves: Vec<Leaf>,
    branches: Vec<Branch>,
    free_leaves: Vec<u32>,
    free_branches: Vec<u32>,
    top: Option<Link>,
    /// The branches on the way to the key that was looked for last, the top first.
    path: Vec<u32>,
}

/// How many ways are walked at once: about as many as a core waits for at once.
const WALKED_TOGETHER: usize = 16;

/// After how many entries the branches above them are hashed.
const HASHED_TOGETHER: usize = 256;

#[derive(Clone, Copy, Debug)]
struct Leaf {
    key: Digest,
    /// Binds key and value.
    hash: Digest,
}

#[derive(Clone, Copy, Debug)]
struct Branch {
    /// Of no meaning while the branch is stale.
    hash: Digest,
    children: [Link; 2],
    /// Where the keys below differ first.
    bit: u8,
    /// Whether something below changed since the hash was made. So is then every branch above.
    is_stale: bool,
}

/// A place in one of the two lists: twice the place, and one more for a leaf. As bytes, so that a
/// branch has no gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Link([u8; 4]);

#[derive(Clone, Copy, Debug)]
enum Place {
    Leaf(u32),
    Branch(u32),
}

impl Link {
    const fn leaf(place: u32) -> Self {
        Self(((place << 1) | 1).to_le_bytes())
    }

    const fn branch(place: u32) -> Self {
        Self((place << 1).to_le_bytes())
    }

    const fn place(self) -> Place {
        let number = u32::from_le_bytes(self.0);
        if number & 1 == 1 { Place::Leaf(number >> 1) } else { Place::Branch(number >> 1) }
    }
}

impl Branch {
    /// The child on the side of `key`.
    fn toward(&self, key: &Digest) -> Link {
        let [zero, one] = self.children;
        if bit_of(key, self.bit) { one } else { zero }
    }

    /// The child on the side where `key` is not.
    fn beside(&self, key: &Digest) -> Link {
        let [zero, one] = self.children;
        if bit_of(key, self.bit) { zero } else { one }
    }
}

impl StateTree {
    /// Sets the value of a key, or removes the key with `None`.
    pub fn set(&mut self, key: Digest, value: Option<Digest>) {
        let met = self.walk(&key);
        match (met, value) {
            (None, None) => {}
            (None, Some(value)) => self.top = Some(self.new_leaf(key, &value)),
            (Some(leaf), Some(value)) => self.put(leaf, key, &value),
            (Some(leaf), None) => self.remove(leaf, &key),
        }
    }

    /// Sets the values of many keys, or removes keys, as [`StateTree::set`] does one after the other.
    /// Fastest when the keys ascend: what is near the way to a key is then still in the cache.
    pub fn set_all(&mut self, entries: &[(Digest, Option<Digest>)]) {
        for (number, chunk) in entries.chunks(HASHED_TOGETHER).enumerate() {
            // What the last chunk changed is hashed when the root is asked for. The branches above are
            // hashed with every chunk, those below but once, while they are in the cache.
            if number > 0 {
                self.root();
            }
            for few in chunk.chunks(WALKED_TOGETHER) {
                self.fetch(few);
                few.iter().for_each(|(key, value)| self.set(*key, *value));
            }
        }
    }

    /// Walks all these ways at once, a step of each in turn, so that the memory is waited for once a
    /// step and not once a step and key. Changes nothing.
    fn fetch(&self, entries: &[(Digest, Option<Digest>)]) {
        let mut ends = [None; WALKED_TOGETHER];
        ends.fill(self.top);
        let mut is_done = false;
        while !is_done {
            is_done = true;
            for (end, (key, _)) in ends.iter_mut().zip(entries) {
                let next = end.and_then(|link| match link.place() {
                    Place::Leaf(_) => None,
                    Place::Branch(place) => Some(self.branches.get(at(place))?.toward(key)),
                });
                if next.is_some() {
                    (*end, is_done) = (next, false);
                }
            }
        }
        let leaf = |end: &Option<Link>| match end.as_ref()?.place() {
            Place::Leaf(place) => self.leaves.get(at(place)).map(|leaf| leaf.key),
            Place::Branch(_) => None,
        };
        core::hint::black_box(ends.iter().filter_map(leaf).next_back());
    }

    /// The root; [`Digest::ZERO`] of an empty map.
    pub fn root(&mut self) -> Digest {
        self.top.map_or(Digest::ZERO, |top| self.hash(top))
    }

    /// The way to a key, or `None` where the tree does not hold it. Hashes what changed since the
    /// root was last asked for; then O(log n).
    pub fn prove(&mut self, key: &Digest) -> Option<StateProof> {
        let leaf = self.walk(key)?;
        if self.leaves.get(at(leaf))?.key != *key {
            return None;
        }
        let mut steps = Vec::with_capacity(self.path.len());
        for depth in 0..self.path.len() {
            let branch = *self.branches.get(at(*self.path.get(depth)?))?;
            steps.push(StateStep { bit: branch.bit, sibling: self.hash(branch.beside(key)) });
        }
        Some(StateProof(steps))
    }

    /// The leaf at the end of the way that `key` takes, which is the key's own if the tree holds it.
    /// Leaves the way in `path`.
    fn walk(&mut self, key: &Digest) -> Option<u32> {
        self.path.clear();
        let mut link = self.top?;
        loop {
            match link.place() {
                Place::Leaf(leaf) => return Some(leaf),
                Place::Branch(place) => {
                    self.path.push(place);
                    link = self.branches.get(at(place))?.toward(key);
                }
            }
        }
    }

    /// Sets the value of a key whose way ends at leaf `met`.
    fn put(&mut self, met: u32, key: Digest, value: &Digest) {
        let Some(leaf) = self.leaves.get_mut(at(met)) else { return };
        let Some(bit) = first_difference(&leaf.key, &key) else {
            leaf.hash = leaf_hash(&key, value);
            return self.mark_path();
        };
        // The new branch goes above the first one that branches later.
        let branches = &self.branches;
        let is_above = |place: &u32| branches.get(at(*place)).is_some_and(|above| above.bit < bit);
        let depth = self.path.partition_point(is_above);
        let below = self.path.get(depth).map_or(Link::leaf(met), |place| Link::branch(*place));
        self.path.truncate(depth);
        let leaf = self.new_leaf(key, value);
        let children = if bit_of(&key, bit) { [below, leaf] } else { [leaf, below] };
        let branch = Branch { hash: Digest::ZERO, children, bit, is_stale: true };
        let place = match self.free_branches.pop() {
            Some(place) => {
                self.branches.get_mut(at(place)).into_iter().for_each(|free| *free = branch);
                place
            }
            None => {
                self.branches.push(branch);
                last(&self.branches)
            }
        };
        self.hang(self.path.len(), &key, Link::branch(place));
        self.mark_path();
    }

    /// Removes a key whose way ends at leaf `met`, if that is its own.
    fn remove(&mut self, met: u32, key: &Digest) {
        if self.leaves.get(at(met)).is_none_or(|leaf| leaf.key != *key) {
            return;
        }
        self.free_leaves.push(met);
        let Some(parent) = self.path.pop() else {
            self.top = None;
            return;
        };
        let Some(beside) = self.branches.get(at(parent)).map(|branch| branch.beside(key)) else {
            return;
        };
        self.free_branches.push(parent);
        self.hang(self.path.len(), key, beside);
        self.mark_path();
    }

    /// Makes `link` the child at `depth` of the path on the side of `key`.
    fn hang(&mut self, depth: usize, key: &Digest, link: Link) {
        let parent = depth.checked_sub(1).and_then(|above| self.path.get(above));
        match parent.and_then(|place| self.branches.get_mut(at(*place))) {
            None => self.top = Some(link),
            Some(Branch { bit, children: [zero, one], .. }) => {
                *(if bit_of(key, *bit) { one } else { zero }) = link;
            }
        }
    }

    /// Marks the branches of the path as stale, from below up to the first that is already.
    fn mark_path(&mut self) {
        while let Some(place) = self.path.pop() {
            match self.branches.get_mut(at(place)) {
                Some(branch) if !branch.is_stale => branch.is_stale = true,
                _ => return,
            }
        }
    }

    fn new_leaf(&mut self, key: Digest, value: &Digest) -> Link {
        let leaf = Leaf { key, hash: leaf_hash(&key, value) };
        match self.free_leaves.pop() {
            Some(place) => {
                self.leaves.get_mut(at(place)).into_iter().for_each(|free| *free = leaf);
                Link::leaf(place)
            }
            None => {
                self.leaves.push(leaf);
                Link::leaf(last(&self.leaves))
            }
        }
    }

    /// The hash of what lies below. Recurses as deep as the tree is, at most 256 times.
    fn hash(&mut self, link: Link) -> Digest {
        match link.place() {
            Place::Leaf(place) => self.leaves.get(at(place)).map_or(Digest::ZERO, |leaf| leaf.hash),
            Place::Branch(place) => {
                let Some(branch) = self.branches.get(at(place)).copied() else {
                    return Digest::ZERO;
                };
                if !branch.is_stale {
                    return branch.hash;
                }
                let [zero, one] = branch.children;
                let hash = branch_hash(branch.bit, &self.hash(zero), &self.hash(one));
                if let Some(branch) = self.branches.get_mut(at(place)) {
                    (branch.hash, branch.is_stale) = (hash, false);
                }
                hash
            }
        }
    }
}

/// A place as an index.
fn at(place: u32) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}

/// The place of what was pushed last. A list of 2^31 does not fit into a memory.
fn last<T>(list: &[T]) -> u32 {
    u32::try_from(list.len().saturating_sub(1)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// Keys that share long prefixes, so that every depth is met.
    fn key(seed: u8) -> Digest {
        let mut bytes = [0; 32];
        bytes[31] = seed & 0x0f;
        bytes[0] = (seed >> 4) & 1;
        bytes[15] = seed >> 5;
        Digest::from_bytes(bytes)
    }

    /// The plain twin: the root by its definition, from all entries in the order of their keys.
    fn plain_root(entries: &[(Digest, Digest)]) -> Digest {
        match entries {
            [] => Digest::ZERO,
            [(key, value)] => leaf_hash(key, value),
            [(first, _), .., (last, _)] => {
                let bit = first_difference(first, last).unwrap();
                let (zero, one) =
                    entries.split_at(entries.partition_point(|(key, _)| !bit_of(key, bit)));
                branch_hash(bit, &plain_root(zero), &plain_root(one))
            }
        }
    }

    fn entries(map: &BTreeMap<Digest, Digest>) -> Vec<(Digest, Digest)> {
        map.iter().map(|(key, value)| (*key, *value)).collect()
    }

    proptest! {
        #[test]
        fn the_root_is_that_of_the_plain_twin_after_every_step(
            steps in prop::collection::vec((any::<u8>(), any::<Option<u8>>(), any::<bool>()), 0..200),
        ) {
            let (mut tree, mut map) = (StateTree::default(), BTreeMap::new());
            for (seed, value, is_asked) in steps {
                let value = value.map(|value| Digest::from_bytes([value; 32]));
                tree.set(key(seed), value);
                match value {
                    Some(value) => map.insert(key(seed), value),
                    None => map.remove(&key(seed)),
                };
                // Asking in between must not change later answers.
                if is_asked {
                    prop_assert_eq!(tree.root(), plain_root(&entries(&map)));
                }
            }
            prop_assert_eq!(tree.root(), plain_root(&entries(&map)));
            prop_assert!(tree.leaves.len() <= tree.free_leaves.len() + map.len());
            prop_assert!(tree.branches.len() <= tree.free_branches.len() + map.len());
        }
    }

    proptest! {
        #[test]
        fn many_entries_set_at_once_give_the_root_of_the_plain_twin(
            batches in prop::collection::vec(prop::collection::vec((any::<u16>(), any::<Option<u8>>()), 0..600), 1..4),
        ) {
            let (mut tree, mut map) = (StateTree::default(), BTreeMap::new());
            for batch in batches {
                let wide = |seed: u16| {
                    let [low, high] = seed.to_le_bytes();
                    let mut bytes = *key(low).as_bytes();
                    bytes[1] = high;
                    Digest::from_bytes(bytes)
                };
                let value = |value: Option<u8>| value.map(|value| Digest::from_bytes([value; 32]));
                let batch: Vec<_> = batch.into_iter().map(|(seed, v)| (wide(seed), value(v))).collect();
                for (key, value) in &batch {
                    match value {
                        Some(value) => map.insert(*key, *value),
                        None => map.remove(key),
                    };
                }
                tree.set_all(&batch);
                prop_assert_eq!(tree.root(), plain_root(&entries(&map)));
            }
        }
    }

    #[test]
    fn leaves_and_branches_have_no_gaps() {
        assert_eq!((size_of::<Leaf>(), size_of::<Branch>()), (64, 42));
    }

    #[test]
    fn another_value_or_key_gives_another_root() {
        let root = |map: &BTreeMap<Digest, Digest>| {
            let mut tree = StateTree::default();
            map.iter().for_each(|(key, value)| tree.set(*key, Some(*value)));
            tree.root()
        };
        let one = BTreeMap::from([(key(1), Digest::ZERO), (key(2), Digest::ZERO)]);
        let mut other = one.clone();
        other.insert(key(2), Digest::from_bytes([1; 32]));
        assert_ne!(root(&one), root(&other));
        assert_eq!(StateTree::default().root(), Digest::ZERO);
    }
}
