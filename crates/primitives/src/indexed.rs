//! [`Indexed`]: values side by side, each found by its key with two looks at the memory.
//!
//! A search in a tree of a million keys looks at some ten places, each far from the others. Here a key
//! says which line of 64 bytes tells the row that it is in. A line has room for twelve rows and eight on
//! average at most; a key that finds its line full goes into a tree. So keys that somebody chose to fall
//! together cost what a tree costs, and nothing depends on chance.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::packed::PackedDeployment;
use crate::{Address, DeploymentId, GroupId, OrderId, Provider};

/// How many rows a line tells.
const LINE_MAX: usize = 12;

/// How many rows there are for each line before there are twice as many lines.
const ROWS_PER_LINE: usize = 8;

/// Keys that can be told apart by few bits, most of the time.
pub trait Scattered {
    /// Bits that differ between keys, in their upper half and in their lower one.
    fn scattered(&self) -> u64;
}

/// Values by key, in rows numbered from 0 in the order of coming.
///
/// A row keeps its number until one is removed: then the last one takes its place.
#[derive(Clone, Debug)]
pub struct Indexed<K, V> {
    rows: Vec<(K, V)>,
    /// A power of two of them, or none.
    lines: Vec<Line>,
    /// Keys whose lines were full.
    beyond: BTreeMap<K, u32>,
}

/// A small number for each provider that ever came, each with what is kept of it.
pub type Providers<V = ()> = Indexed<Provider, V>;

impl<V> Providers<V> {
    /// The provider of a row that was given.
    #[must_use]
    pub fn address(&self, row: u32) -> Provider {
        self.row(row).map_or(Provider(Address::LAST), |(provider, _)| *provider)
    }
}

/// Rows, and eight bits of the key of each.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
struct Line {
    marks: [u8; LINE_MAX],
    rows: [u32; LINE_MAX],
    len: u8,
    /// Whether keys of this line may be in the tree.
    has_more: bool,
}

impl<K, V> Default for Indexed<K, V> {
    fn default() -> Self {
        Self { rows: Vec::new(), lines: Vec::new(), beyond: BTreeMap::new() }
    }
}

impl<K, V> Indexed<K, V> {
    /// How many rows there are. O(1).
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Key and value of a row. O(1).
    #[must_use]
    pub fn row(&self, row: u32) -> Option<(&K, &V)> {
        self.rows.get(place(row)).map(|(key, value)| (key, value))
    }

    /// The value of a row, to be changed. O(1).
    #[must_use]
    pub fn row_mut(&mut self, row: u32) -> Option<&mut V> {
        self.rows.get_mut(place(row)).map(|(_, value)| value)
    }

    /// All values with their keys, to be changed, in no order that says anything.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.rows.iter_mut().map(|(key, value)| (&*key, value))
    }
}

impl<K: Scattered + Ord + Copy, V> Indexed<K, V> {
    /// The row of a key. O(1); O(log n) where the key's line is full, or was since there are so many
    /// lines: by chance one of sixteen at most, and all those that somebody chose to fall together.
    #[must_use]
    pub fn find(&self, key: &K) -> Option<u32> {
        let (at, mark) = self.line_of(key);
        let line = self.lines.get(at)?;
        let mut here = line.rows_of(mark);
        let found = here.find(|row| self.row(*row).is_some_and(|(there, _)| there == key));
        let has_more = line.has_more;
        found.or_else(|| if has_more { self.beyond.get(key).copied() } else { None })
    }

    /// Whether a key has a value.
    #[must_use]
    pub fn contains_key(&self, key: &K) -> bool {
        self.find(key).is_some()
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<&V> {
        self.row(self.find(key)?).map(|(_, value)| value)
    }

    /// The value of a key, to be changed.
    #[must_use]
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.find(key).and_then(|row| self.row_mut(row))
    }

    /// Sets the value of a key, and gives the one that it replaces. O(1) in the mean.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.find(&key).and_then(|row| self.row_mut(row)) {
            Some(old) => Some(core::mem::replace(old, value)),
            None => {
                self.push(key, value);
                None
            }
        }
    }

    /// The row of a key, old or new.
    pub fn add(&mut self, key: K) -> u32
    where
        V: Default,
    {
        self.find_or_insert_with(key, V::default)
    }

    /// The row of a key, and the value that it is given if it has none.
    pub fn find_or_insert_with(&mut self, key: K, value: impl FnOnce() -> V) -> u32 {
        self.find(&key).unwrap_or_else(|| self.push(key, value()))
    }

    /// Takes a key and its value out. The last row takes the place of theirs. O(1) in the mean.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let row = self.find(key)?;
        self.forget(key, row);
        let (_, value) = self.rows.swap_remove(place(row));
        let moved = self.row(row).map(|(key, _)| *key);
        if let Some(moved) = moved {
            self.forget(&moved, number(self.rows.len()));
            self.note(moved, row);
        }
        Some(value)
    }

    /// The rows by key. O(n log n).
    #[must_use]
    pub fn sorted(&self) -> Vec<u32> {
        let mut sorted: Vec<u32> = (0..number(self.rows.len())).collect();
        sorted.sort_unstable_by_key(|row| self.row(*row).map(|(key, _)| *key));
        sorted
    }

    /// Keys and values by key. O(n log n).
    pub fn iter_sorted(&self) -> impl Iterator<Item = (&K, &V)> {
        self.sorted().into_iter().filter_map(|row| self.row(row))
    }

    /// Adds a row for a key that has none.
    fn push(&mut self, key: K, value: V) -> u32 {
        // No market has 2^32 of anything: those with the smallest rows would take 80 GiB.
        let row = number(self.rows.len());
        self.rows.push((key, value));
        if self.rows.len() > self.lines.len().saturating_mul(ROWS_PER_LINE) {
            self.lengthen();
        } else {
            self.note(key, row);
        }
        row
    }

    /// Twice as many lines, and every row noted anew.
    fn lengthen(&mut self) {
        let lines = self.lines.len().saturating_mul(2).max(1);
        self.lines = Vec::new();
        self.lines.resize(lines, Line::default());
        self.beyond.clear();
        for row in 0..number(self.rows.len()) {
            if let Some(key) = self.row(row).map(|(key, _)| *key) {
                self.note(key, row);
            }
        }
    }

    fn note(&mut self, key: K, row: u32) {
        let (at, mark) = self.line_of(&key);
        let Some(line) = self.lines.get_mut(at) else { return };
        if !line.push(mark, row) {
            line.has_more = true;
            self.beyond.insert(key, row);
        }
    }

    fn forget(&mut self, key: &K, row: u32) {
        let (at, _) = self.line_of(key);
        let is_here = self.lines.get_mut(at).is_some_and(|line| line.remove(row));
        if !is_here {
            self.beyond.remove(key);
        }
    }

    /// The line of a key, and its mark there.
    fn line_of(&self, key: &K) -> (usize, u8) {
        let [mark, rest @ ..] = key.scattered().to_le_bytes();
        let [a, b, c, d, ..] = rest;
        let line = place(u32::from_le_bytes([a, b, c, d]));
        (line & self.lines.len().saturating_sub(1), mark)
    }
}

impl Line {
    /// The rows with this mark.
    fn rows_of(&self, mark: u8) -> impl Iterator<Item = u32> {
        let marked = self.marks.iter().zip(&self.rows).take(usize::from(self.len));
        marked.filter(move |(there, _)| **there == mark).map(|(_, row)| *row)
    }

    /// Adds a row; `false` where there is no room.
    fn push(&mut self, mark: u8, row: u32) -> bool {
        let at = usize::from(self.len);
        let (Some(marks), Some(rows)) = (self.marks.get_mut(at), self.rows.get_mut(at)) else {
            return false;
        };
        (*marks, *rows) = (mark, row);
        self.len = self.len.saturating_add(1);
        true
    }

    /// Takes a row out; `false` where it is not here.
    fn remove(&mut self, row: u32) -> bool {
        let len = usize::from(self.len);
        let Some(at) = self.rows.iter().take(len).position(|there| *there == row) else {
            return false;
        };
        let last = len.saturating_sub(1);
        self.rows.swap(at, last);
        self.marks.swap(at, last);
        self.len = self.len.saturating_sub(1);
        true
    }
}

fn place(row: u32) -> usize {
    usize::try_from(row).unwrap_or(usize::MAX)
}

fn number(rows: usize) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}

/// Every bit of the outcome depends on every bit of `bits`.
const fn mix(bits: u64) -> u64 {
    let once = (bits ^ (bits >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    let twice = (once ^ (once >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    twice ^ (twice >> 32)
}

impl Scattered for Address {
    fn scattered(&self) -> u64 {
        // An address is the start of a digest.
        self.as_bytes().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }
}

impl Scattered for Provider {
    fn scattered(&self) -> u64 {
        self.0.scattered()
    }
}

impl Scattered for DeploymentId {
    fn scattered(&self) -> u64 {
        mix(self.tenant.0.scattered() ^ self.dseq.rotate_left(32))
    }
}

impl Scattered for PackedDeployment {
    fn scattered(&self) -> u64 {
        DeploymentId::from(*self).scattered()
    }
}

impl Scattered for OrderId {
    fn scattered(&self) -> u64 {
        let Self { group: GroupId { deployment, gseq }, oseq } = *self;
        let numbers = u64::from(gseq).rotate_left(32) ^ u64::from(oseq);
        mix(deployment.scattered() ^ numbers)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Tenant;

    /// Keys of which many share a line, and a mark.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    struct Key(u16);

    impl Scattered for Key {
        fn scattered(&self) -> u64 {
            u64::from(self.0 % 7) << 6
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u16),
        Find(u16),
        Remove(u16),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => (0_u16..160).prop_map(Step::Insert),
            1 => (0_u16..160).prop_map(Step::Find),
            2 => (0_u16..160).prop_map(Step::Remove),
        ]
    }

    proptest! {
        #[test]
        fn rows_are_the_plain_map(steps in prop::collection::vec(step(), 0..600)) {
            let (mut indexed, mut plain) = (Indexed::default(), BTreeMap::new());
            for (number, step) in steps.iter().enumerate() {
                match *step {
                    Step::Insert(key) => {
                        let key = Key(key);
                        prop_assert_eq!(indexed.insert(key, number), plain.insert(key, number));
                    }
                    Step::Find(key) => {
                        let row = indexed.find_or_insert_with(Key(key), || number);
                        let plain = plain.entry(Key(key)).or_insert(number);
                        prop_assert_eq!(indexed.row(row), Some((&Key(key), &*plain)));
                    }
                    Step::Remove(key) => {
                        prop_assert_eq!(indexed.remove(&Key(key)), plain.remove(&Key(key)));
                    }
                }
                prop_assert_eq!((indexed.len(), indexed.is_empty()), (plain.len(), plain.is_empty()));
            }
            for key in (0..170).map(Key) {
                prop_assert_eq!(indexed.get(&key), plain.get(&key));
                prop_assert_eq!(indexed.get_mut(&key), plain.get_mut(&key));
                prop_assert_eq!(indexed.contains_key(&key), plain.contains_key(&key));
            }
            prop_assert!(indexed.iter_sorted().eq(plain.iter()));
            let mut unsorted: Vec<_> = indexed.iter_mut().map(|(key, value)| (*key, *value)).collect();
            unsorted.sort_unstable();
            prop_assert!(unsorted.into_iter().eq(plain));
        }
    }

    #[test]
    fn rows_are_numbered_as_they_come() {
        let mut indexed = Indexed::default();
        let rows: Vec<u32> =
            (0..100).rev().map(|key| indexed.find_or_insert_with(Key(key), || ())).collect();
        assert_eq!(rows, (0..100).collect::<Vec<u32>>());
        assert_eq!(indexed.row(3), Some((&Key(96), &())));
        assert_eq!(indexed.row(100), None);
    }

    fn order(tenant: u8, dseq: u64) -> OrderId {
        let tenant = Tenant(Address::from_bytes([tenant; 20]));
        GroupId { deployment: DeploymentId { tenant, dseq }, gseq: 1 }.order(1)
    }

    #[test]
    fn the_ids_of_a_market_find_room_in_their_lines() {
        let (mut orders, mut deployments) = (Indexed::default(), Indexed::default());
        for id in (1..=200).flat_map(|dseq| (0..100).map(move |tenant| order(tenant, dseq))) {
            assert_eq!(orders.insert(id, ()), None);
            assert_eq!(deployments.insert(PackedDeployment::from(id.deployment()), ()), None);
            // Two of a hundred where lines hold eight on average; fewer before.
            assert!(orders.beyond.len() <= 8 + orders.len() / 25, "{}", orders.beyond.len());
            assert!(deployments.beyond.len() <= 8 + deployments.len() / 25);
        }
    }
}
