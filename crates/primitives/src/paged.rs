//! [`Paged`]: a sorted map of millions of entries whose memory is nearly all entries.
//!
//! The nodes of a `BTreeMap` are as large as they can get, and a third of them stays empty. Here entries
//! lie side by side in pages that grow by eight at a time, so four of some fifty places are empty. There
//! are no more than eight sizes of pages, so that what one leaves another takes.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// The most entries of a page. An insertion moves half as many on average.
const PAGE_MAX: usize = 64;

/// A map by ascending key. Everything that names a key takes O(log n).
#[derive(Clone, Debug)]
pub struct Paged<K, V> {
    /// By a key that is not above those of the page, and above those of the page before.
    pages: BTreeMap<K, Vec<(K, V)>>,
    len: usize,
}

impl<K, V> Default for Paged<K, V> {
    fn default() -> Self {
        Self { pages: BTreeMap::new(), len: 0 }
    }
}

impl<K: Eq, V: Eq> Eq for Paged<K, V> {}

impl<K: PartialEq, V: PartialEq> PartialEq for Paged<K, V> {
    /// Whether both hold the same entries. Pages show nowhere.
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<K, V> Paged<K, V> {
    /// How many entries there are. O(1).
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All entries by key.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.pages.values().flatten().map(|(key, value)| (key, value))
    }
}

impl<K: Ord + Copy, V> Paged<K, V> {
    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<&V> {
        let page = self.page(key)?;
        page.get(place(page, key).ok()?).map(|(_, value)| value)
    }

    /// The value of a key, to be changed.
    #[must_use]
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let page = self.page_mut(key)?;
        let at = place(page, key).ok()?;
        page.get_mut(at).map(|(_, value)| value)
    }

    /// Whether a key has a value.
    #[must_use]
    pub fn contains_key(&self, key: &K) -> bool {
        self.get(key).is_some()
    }

    /// The entry with the greatest key below `key`.
    #[must_use]
    pub fn before(&self, key: &K) -> Option<(&K, &V)> {
        let page = self.page(key)?;
        let (Ok(at) | Err(at)) = place(page, key);
        let found = match at.checked_sub(1) {
            Some(at) => page.get(at),
            // The page that begins with the key, or after it, is at most one.
            None => self
                .pages
                .range(..key)
                .rev()
                .take(2)
                .find_map(|(_, page)| page.last().filter(|(last, _)| last < key)),
        };
        found.map(|(key, value)| (key, value))
    }

    /// Sets the value of a key, and gives the one that it replaces.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let Some(page) = self.page_mut(&key) else {
            return self.insert_between(key, value);
        };
        match place(page, &key) {
            Ok(at) => page.get_mut(at).map(|(_, old)| core::mem::replace(old, value)),
            Err(at) if page.len() < PAGE_MAX => {
                put(page, at, (key, value));
                self.len = self.len.saturating_add(1);
                None
            }
            // Keys that ascend fill their pages.
            Err(PAGE_MAX) => self.insert_between(key, value),
            Err(_) => {
                let upper = page.split_off(PAGE_MAX / 2);
                page.shrink_to(PAGE_MAX / 2);
                if let Some((bound, _)) = upper.first() {
                    self.pages.insert(*bound, upper);
                }
                self.insert(key, value)
            }
        }
    }

    /// Takes an entry out.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let (bound, page) = self.pages.range_mut(..=key).next_back()?;
        let (bound, at) = (*bound, place(page, key).ok()?);
        let (_, value) = page.remove(at);
        if page.is_empty() {
            self.pages.remove(&bound);
        } else if page.len() < page.capacity() / 2 {
            page.shrink_to(page.len().next_multiple_of(GROWTH));
        }
        self.len = self.len.saturating_sub(1);
        Some(value)
    }

    /// Puts an entry that is in no page before those of the next one, or in a page of its own.
    fn insert_between(&mut self, key: K, value: V) -> Option<V> {
        let next = self.pages.range(key..).next();
        let next = next.filter(|(_, page)| page.len() < PAGE_MAX).map(|(bound, _)| *bound);
        let page = next.and_then(|bound| self.pages.remove(&bound));
        let mut page = page.unwrap_or_default();
        put(&mut page, 0, (key, value));
        self.pages.insert(key, page);
        self.len = self.len.saturating_add(1);
        None
    }

    /// The page that a key is in, if it is in any.
    fn page(&self, key: &K) -> Option<&Vec<(K, V)>> {
        self.pages.range(..=key).next_back().map(|(_, page)| page)
    }

    fn page_mut(&mut self, key: &K) -> Option<&mut Vec<(K, V)>> {
        self.pages.range_mut(..=key).next_back().map(|(_, page)| page)
    }
}

fn place<K: Ord, V>(page: &[(K, V)], key: &K) -> Result<usize, usize> {
    page.binary_search_by(|(there, _)| there.cmp(key))
}

/// By how many places a page grows.
const GROWTH: usize = 8;

/// Puts an item into a list that then has little room for more.
fn put<T>(list: &mut Vec<T>, at: usize, item: T) {
    if list.len() == list.capacity() {
        list.reserve_exact(GROWTH);
    }
    list.insert(at.min(list.len()), item);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u16),
        Remove(u16),
        /// As many, one after the other.
        Up(u16, u16),
        Down(u16, u16),
        Clear(u16, u16),
    }

    fn step() -> impl Strategy<Value = Step> {
        let key = || 0_u16..1_000;
        prop_oneof![
            key().prop_map(Step::Insert),
            key().prop_map(Step::Remove),
            (key(), 0_u16..200).prop_map(|(from, count)| Step::Up(from, count)),
            (key(), 0_u16..200).prop_map(|(from, count)| Step::Down(from, count)),
            (key(), 0_u16..200).prop_map(|(from, count)| Step::Clear(from, count)),
        ]
    }

    fn keys(step: &Step) -> Vec<u16> {
        match *step {
            Step::Insert(key) | Step::Remove(key) => vec![key],
            Step::Up(from, count) | Step::Clear(from, count) => {
                (from..from.saturating_add(count)).collect()
            }
            Step::Down(from, count) => (from..from.saturating_add(count)).rev().collect(),
        }
    }

    /// Pages hold something, ascend, and have little room.
    fn check_pages(paged: &Paged<u16, usize>) {
        for page in paged.pages.values() {
            assert!((1..=PAGE_MAX).contains(&page.len()));
            assert!(page.capacity() / 2 <= page.len().max(4));
        }
        let mut bounds = paged.pages.iter();
        assert!(bounds.all(|(bound, page)| page.first().is_some_and(|(key, _)| key >= bound)));
    }

    proptest! {
        #[test]
        fn pages_are_the_plain_map(steps in prop::collection::vec(step(), 0..40)) {
            let (mut paged, mut plain) = (Paged::default(), BTreeMap::new());
            for (number, step) in steps.iter().enumerate() {
                for key in keys(step) {
                    if matches!(step, Step::Remove(_) | Step::Clear(..)) {
                        prop_assert_eq!(paged.remove(&key), plain.remove(&key));
                    } else {
                        prop_assert_eq!(paged.insert(key, number), plain.insert(key, number));
                    }
                    prop_assert_eq!(paged.len(), plain.len());
                }
                check_pages(&paged);
                prop_assert!(paged.iter().eq(plain.iter()));
                for key in (0..1_200).step_by(7) {
                    prop_assert_eq!(paged.get(&key), plain.get(&key));
                    prop_assert_eq!(paged.get_mut(&key), plain.get_mut(&key));
                    prop_assert_eq!(paged.contains_key(&key), plain.contains_key(&key));
                    prop_assert_eq!(paged.before(&key), plain.range(..key).next_back());
                }
            }
        }
    }

    #[test]
    fn keys_that_ascend_or_descend_fill_their_pages() {
        let (mut up, mut down) = (Paged::default(), Paged::default());
        (0_u16..6_400).for_each(|key| assert!(up.insert(key, ()).is_none()));
        (0_u16..6_400).rev().for_each(|key| assert!(down.insert(key, ()).is_none()));
        assert_eq!((up.pages.len(), down.pages.len()), (100, 100));
    }
}
