//! Proofs over the lists that [`root`](super::root) hashes: that a leaf stands in a list, and that a
//! list only grew.
//!
//! Levels are counted from the leaves. At each level neighbours are paired and a last one without a
//! partner moves up as it is, so a node has a sibling exactly where there is a node beside it. A
//! proof names the siblings that the checker lacks, from the leaves up, and nothing else: where
//! each belongs follows from the numbers. Same shape as RFC 9162, 2.1.3 and 2.1.4.
//!
//! The numbers are part of what is proved: take them, as the roots, from what you trust. A seal
//! binds the number of its records, and the number of seals before it.

use alloc::vec::Vec;

use undercut_primitives::Digest;

use super::{node, root};

/// The path from the leaf at `index` to the root over `leaves`, or `None` where there is no such
/// leaf. At most 64 digests. O(leaves).
#[must_use]
pub fn inclusion_proof(leaves: &[Digest], index: usize) -> Option<Vec<Digest>> {
    leaves.get(index)?;
    let (mut level, mut index, mut path) = (leaves.to_vec(), index, Vec::new());
    while level.len() > 1 {
        path.extend(level.get(index ^ 1));
        level = super::paired(&level);
        index /= 2;
    }
    Some(path)
}

/// Whether `leaf` stands at `index` in the list of `size` leaves whose root is `root`.
#[must_use]
pub fn check_inclusion(
    root: &Digest,
    size: u64,
    index: u64,
    leaf: &Digest,
    path: &[Digest],
) -> bool {
    index < size && climb(size, index, leaf, path) == Some(*root)
}

/// The root above a leaf; `None` when the path is not as long as the numbers ask for.
fn climb(size: u64, index: u64, leaf: &Digest, path: &[Digest]) -> Option<Digest> {
    let (mut hash, mut path) = (*leaf, path.iter());
    for place in Places::of(index, size) {
        hash = match place {
            Place::Right => node(path.next()?, &hash),
            Place::Left => node(&hash, path.next()?),
            Place::Alone => hash,
        };
    }
    path.next().is_none().then_some(hash)
}

/// What shows that the list of the first `old_size` of `leaves` was continued and not rewritten;
/// `None` when there are fewer leaves. Empty from an empty list, and to the same list. O(leaves).
#[must_use]
pub fn consistency_proof(leaves: &[Digest], old_size: usize) -> Option<Vec<Digest>> {
    leaves.get(..old_size)?;
    let (mut leaves, mut old, mut is_old_root) = (leaves, old_size, true);
    let mut path = Vec::new();
    if old == 0 {
        return Some(path);
    }
    // Go down to where the old list ends, and note what hangs off beside the way.
    while old < leaves.len() {
        let (left, right) = leaves.split_at_checked(left_size(leaves.len()))?;
        if old <= left.len() {
            path.push(root(right));
            leaves = left;
        } else {
            path.push(root(left));
            old -= left.len();
            leaves = right;
            is_old_root = false;
        }
    }
    // The checker has this one already where it is the whole old list.
    if !is_old_root {
        path.push(root(leaves));
    }
    path.reverse();
    Some(path)
}

/// Leaves under the left one of two children: the largest power of two below `leaves`, which are
/// at least 2.
const fn left_size(leaves: usize) -> usize {
    leaves.div_ceil(2).next_power_of_two()
}

/// Whether the list of `new_size` leaves with the root `new_root` begins with the list of `old_size`
/// leaves with the root `old_root`.
#[must_use]
pub fn check_consistency(
    old_root: &Digest,
    old_size: u64,
    new_root: &Digest,
    new_size: u64,
    path: &[Digest],
) -> bool {
    match old_size {
        0 => path.is_empty() && *old_root == Digest::ZERO,
        _ if old_size == new_size => path.is_empty() && old_root == new_root,
        _ if old_size > new_size => false,
        _ => grown(old_root, old_size, new_size, path) == Some((*old_root, *new_root)),
    }
}

/// The roots that a path of consistency leads to: the old and the new one. 0 < `old` < `new`.
fn grown(old_root: &Digest, old: u64, new: u64, path: &[Digest]) -> Option<(Digest, Digest)> {
    let mut path = path.iter();
    let mut places = Places::of(old.checked_sub(1)?, new);
    // Up to the root of the largest full tree that the old list ends with.
    places.skip_right();
    let start = if places.index == 0 { old_root } else { path.next()? };
    let (mut old, mut new) = (*start, *start);
    for place in places {
        match place {
            Place::Right => {
                let sibling = path.next()?;
                (old, new) = (node(sibling, &old), node(sibling, &new));
            }
            // What is to the right came later.
            Place::Left => new = node(&new, path.next()?),
            Place::Alone => {}
        }
    }
    path.next().is_none().then_some((old, new))
}

/// Where a node stands in its pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Left,
    Right,
    /// The last of an odd number: it has no sibling and moves up.
    Alone,
}

/// The places of a node and of those above it, up to the root.
#[derive(Clone, Copy, Debug)]
struct Places {
    index: u64,
    width: u64,
}

impl Places {
    const fn of(index: u64, width: u64) -> Self {
        Self { index, width }
    }

    fn here(&self) -> Option<Place> {
        if self.width <= 1 {
            return None;
        }
        Some(match self.index % 2 {
            1 => Place::Right,
            _ if self.index + 1 < self.width => Place::Left,
            _ => Place::Alone,
        })
    }

    const fn up(&mut self) {
        self.index /= 2;
        self.width = self.width.div_ceil(2);
    }

    /// Goes up while the node is a right one.
    fn skip_right(&mut self) {
        while self.here() == Some(Place::Right) {
            self.up();
        }
    }
}

impl Iterator for Places {
    type Item = Place;

    fn next(&mut self) -> Option<Place> {
        let place = self.here()?;
        self.up();
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use undercut_primitives::crypto::{Namespace, digest};

    use super::*;

    const SIZE_MAX: usize = 40;

    fn leaf(number: usize) -> Digest {
        digest(Namespace("undercut/test/v1"), &number.to_le_bytes())
    }

    fn leaves(count: usize) -> Vec<Digest> {
        (0..count).map(leaf).collect()
    }

    fn number(size: usize) -> u64 {
        u64::try_from(size).unwrap()
    }

    /// Every path that differs from `path` in one bit, in one element more or less, or in the order.
    fn altered(path: &[Digest]) -> Vec<Vec<Digest>> {
        let mut all = Vec::new();
        let mut change = |of: &dyn Fn(&mut Vec<Digest>)| {
            let mut other = path.to_vec();
            of(&mut other);
            if other != path {
                all.push(other);
            }
        };
        for place in 0..=path.len() {
            change(&|path| path.insert(place, leaf(1_000)));
            if let Some(element) = path.get(place) {
                change(&|path| {
                    path.remove(place);
                });
                change(&|path| path.insert(place, *element));
                (0..path.len()).for_each(|other| change(&|path| path.swap(place, other)));
                (0..256).for_each(|bit| change(&|path| path[place] = flipped(&path[place], bit)));
            }
        }
        all
    }

    fn flipped(digest: &Digest, bit: usize) -> Digest {
        let mut bytes = *digest.as_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        Digest::from_bytes(bytes)
    }

    #[test]
    fn every_leaf_of_every_size_is_proved_at_its_place_and_nowhere_else() {
        for size in 1..=SIZE_MAX {
            let leaves = leaves(size);
            let root = root(&leaves);
            for index in 0..size {
                let path = inclusion_proof(&leaves, index).unwrap();
                let holds = |size, at, leaf: &Digest| {
                    check_inclusion(&root, number(size), number(at), leaf, &path)
                };
                assert!(holds(size, index, &leaves[index]), "{index} of {size}");
                for other in 0..=size {
                    assert_eq!(holds(size, other, &leaves[index]), other == index, "{other}");
                    let leaf = leaf(other);
                    assert_eq!(holds(size, index, &leaf), other == index, "leaf {other}");
                }
            }
            assert_eq!(inclusion_proof(&leaves, size), None);
        }
        assert_eq!(inclusion_proof(&[], 0), None);
        assert!(!check_inclusion(&Digest::ZERO, 0, 0, &Digest::ZERO, &[]));
    }

    /// The tree of seven leaves that RFC 9162 draws in 2.1.5, and the paths that it lists.
    #[test]
    fn paths_are_those_of_the_standard() {
        let leaves = leaves(7);
        let under = |from, to| root(&leaves[from..to]);
        let [a, b, c, d, e, f, j] = leaves[..] else { unreachable!() };
        let (g, h, i, k, l) = (under(0, 2), under(2, 4), under(4, 6), under(0, 4), under(4, 7));
        assert_eq!(inclusion_proof(&leaves, 0), Some(vec![b, h, l]));
        assert_eq!(inclusion_proof(&leaves, 3), Some(vec![c, g, l]));
        assert_eq!(inclusion_proof(&leaves, 4), Some(vec![f, j, k]));
        assert_eq!(inclusion_proof(&leaves, 6), Some(vec![i, k]));
        assert_eq!(consistency_proof(&leaves, 3), Some(vec![c, d, g, l]));
        assert_eq!(consistency_proof(&leaves, 4), Some(vec![l]));
        assert_eq!(consistency_proof(&leaves, 6), Some(vec![i, j, k]));
        assert_ne!(a, e);
    }

    #[test]
    fn a_path_has_one_digest_per_level_at_most() {
        for (size, length_max) in [(1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (33, 6)] {
            let leaves = leaves(size);
            let paths = (0..size).map(|index| inclusion_proof(&leaves, index).unwrap().len());
            assert_eq!(paths.max(), Some(length_max), "{size}");
        }
    }

    #[test]
    fn every_alteration_of_a_path_to_a_leaf_is_noticed() {
        for (size, index) in [(1, 0), (2, 1), (3, 2), (5, 4), (6, 1), (7, 6), (11, 5)] {
            let leaves = leaves(size);
            let (root, path) = (root(&leaves), inclusion_proof(&leaves, index).unwrap());
            let holds = |root: &Digest, leaf: &Digest, path: &[Digest]| {
                check_inclusion(root, number(size), number(index), leaf, path)
            };
            assert!(holds(&root, &leaves[index], &path));
            for other in altered(&path) {
                assert!(!holds(&root, &leaves[index], &other), "{index} of {size}: {other:?}");
            }
            for bit in 0..256 {
                assert!(!holds(&flipped(&root, bit), &leaves[index], &path));
                assert!(!holds(&root, &flipped(&leaves[index], bit), &path));
            }
        }
    }

    #[test]
    fn every_size_is_a_beginning_of_every_later_one() {
        let leaves = leaves(SIZE_MAX);
        for new in 0..=SIZE_MAX {
            let new_root = root(&leaves[..new]);
            for old in 0..=new {
                let path = consistency_proof(&leaves[..new], old).unwrap();
                let old_root = root(&leaves[..old]);
                let holds =
                    check_consistency(&old_root, number(old), &new_root, number(new), &path);
                assert!(holds, "{old} to {new}");
            }
            assert_eq!(consistency_proof(&leaves[..new], new + 1), None);
        }
    }

    #[test]
    fn no_other_pair_of_sizes_or_roots_passes() {
        let leaves = leaves(SIZE_MAX);
        for (old, new) in [(1, 2), (3, 4), (3, 7), (4, 7), (6, 13), (8, 16), (21, 40), (5, 5)] {
            let path = consistency_proof(&leaves[..new], old).unwrap();
            let (old_root, new_root) = (root(&leaves[..old]), root(&leaves[..new]));
            let holds = |old_root: &Digest, old: usize, new_root: &Digest, new: usize| {
                check_consistency(old_root, number(old), new_root, number(new), &path)
            };
            assert!(holds(&old_root, old, &new_root, new));
            for other in 1..=SIZE_MAX {
                let root = root(&leaves[..other]);
                assert_eq!(holds(&root, old, &new_root, new), other == old, "{old}: {other}");
                assert_eq!(holds(&old_root, old, &root, new), other == new, "{new}: {other}");
            }
            for bit in 0..256 {
                assert!(!holds(&flipped(&old_root, bit), old, &new_root, new));
                assert!(!holds(&old_root, old, &flipped(&new_root, bit), new));
            }
        }
    }

    #[test]
    fn a_rewritten_beginning_has_no_proof() {
        for (old, new) in [(1, 5), (4, 9), (7, 12), (8, 8)] {
            let genuine = leaves(new);
            let old_root = root(&genuine[..old]);
            for place in 0..old {
                let mut rewritten = genuine.clone();
                rewritten[place] = leaf(1_000);
                let path = consistency_proof(&rewritten, old).unwrap();
                let (old, new) = (number(old), number(new));
                assert!(!check_consistency(&old_root, old, &root(&rewritten), new, &path));
            }
        }
    }

    #[test]
    fn every_alteration_of_a_path_of_consistency_is_noticed() {
        for (old, new) in [(1, 2), (2, 3), (3, 5), (4, 7), (6, 11), (8, 9), (0, 3), (5, 5)] {
            let leaves = leaves(new);
            let path = consistency_proof(&leaves, old).unwrap();
            let (old_root, new_root) = (root(&leaves[..old]), root(&leaves));
            for other in altered(&path) {
                let holds =
                    check_consistency(&old_root, number(old), &new_root, number(new), &other);
                assert!(!holds, "{old} to {new}: {other:?}");
            }
        }
    }

    #[test]
    fn the_largest_numbers_are_refused_and_do_not_overflow() {
        let path = [leaf(1); 64];
        for length in 0..=64 {
            let path = &path[..length];
            assert!(!check_inclusion(&leaf(0), u64::MAX, u64::MAX - 1, &leaf(2), path));
            assert!(!check_consistency(&leaf(0), u64::MAX - 1, &leaf(2), u64::MAX, path));
            assert!(!check_consistency(&leaf(0), 1 << 63, &leaf(2), u64::MAX, path));
            assert!(!check_consistency(&leaf(0), u64::MAX, &leaf(0), 1, path));
        }
    }
}
