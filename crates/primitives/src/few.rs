//! What is kept often and is mostly alike: [`Few`] for lists of one, [`Recent`] for equal values.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

/// A list that mostly has one item, which then lies in it. None or more are one pointer away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Few<T>(Items<T>);

/// Two ways, so that a single value that an item cannot have tells them apart.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Items<T> {
    One(T),
    /// None where there is nothing.
    Other(Option<Box<Many<T>>>),
}

/// Two items or more.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Many<T>(Vec<T>);

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Few<T> {
    /// No item.
    #[must_use]
    pub const fn new() -> Self {
        Self(Items::Other(None))
    }

    /// The items.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        match &self.0 {
            Items::One(one) => core::slice::from_ref(one),
            Items::Other(many) => many.as_ref().map_or(&[], |many| many.0.as_slice()),
        }
    }

    /// The items, to be changed.
    #[must_use]
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        match &mut self.0 {
            Items::One(one) => core::slice::from_mut(one),
            Items::Other(many) => many.as_mut().map_or(&mut [], |many| many.0.as_mut_slice()),
        }
    }

    /// Puts an item before the one at `at`, or at the end. O(n).
    pub fn insert(&mut self, at: usize, item: T) {
        let many = match core::mem::take(self).0 {
            Items::Other(None) => {
                self.0 = Items::One(item);
                return;
            }
            Items::One(one) if at == 0 => Box::new(Many(vec![item, one])),
            Items::One(one) => Box::new(Many(vec![one, item])),
            Items::Other(Some(mut many)) => {
                many.0.insert(at.min(many.0.len()), item);
                many
            }
        };
        self.0 = Items::Other(Some(many));
    }

    /// Puts an item at the end.
    pub fn push(&mut self, item: T) {
        self.insert(usize::MAX, item);
    }
}

/// How many values [`Recent`] looks at.
const RECENT_MAX: usize = 8;

/// The values that came last. One that comes again is kept once, however often it comes in between
/// few others.
#[derive(Debug)]
pub struct Recent<T: ?Sized>(Vec<Arc<T>>);

impl<T: ?Sized> Clone for Recent<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: ?Sized> Default for Recent<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: PartialEq + ?Sized> Recent<T> {
    /// An equal value, after it moved up by one: what comes often stays.
    fn find(&mut self, value: &T) -> Option<&Arc<T>> {
        let at = self.0.iter().position(|known| **known == *value)?;
        let before = at.saturating_sub(1);
        self.0.swap(before, at);
        self.0.get(before)
    }

    fn push(&mut self, value: Arc<T>) {
        if self.0.len() >= RECENT_MAX {
            self.0.pop();
        }
        self.0.push(value);
    }

    /// Takes note of a value that came. Compares with 8 values at most.
    pub fn note(&mut self, value: &Arc<T>) {
        if self.find(value).is_none() {
            self.push(Arc::clone(value));
        }
    }
}

impl<T: Clone + PartialEq> Recent<T> {
    /// The value, shared with an equal one where one came lately. Compares with 8 values at most.
    pub fn share(&mut self, value: &T) -> Arc<T> {
        if let Some(known) = self.find(value) {
            return Arc::clone(known);
        }
        let new = Arc::new(value.clone());
        self.push(Arc::clone(&new));
        new
    }
}

impl<T: Clone + PartialEq> Recent<[T]> {
    /// The list as one that was noted, or by itself. Compares with 8 lists at most.
    #[must_use]
    pub fn find_or_make(&self, list: &[T]) -> Arc<[T]> {
        let known = self.0.iter().find(|known| ***known == *list);
        known.map_or_else(|| list.into(), Arc::clone)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn few_items_are_a_list_of_them(steps in prop::collection::vec((any::<u8>(), 0_usize..6), 0..8)) {
            let (mut few, mut plain) = (Few::new(), Vec::new());
            for (item, at) in steps {
                few.insert(at, item);
                plain.insert(at.min(plain.len()), item);
                prop_assert_eq!(few.as_slice(), &plain[..]);
                prop_assert_eq!(few.as_mut_slice(), &plain[..]);
            }
        }

        #[test]
        fn a_list_is_found_or_made_as_it_is(lists in prop::collection::vec(prop::collection::vec(0_u8..3, 0..3), 0..100)) {
            let mut recent = Recent::<[u8]>::default();
            for list in lists {
                let found = recent.find_or_make(&list);
                prop_assert_eq!(&*found, &list[..]);
                recent.note(&found);
                prop_assert!(Arc::ptr_eq(&recent.find_or_make(&list), recent.find(&list).unwrap()));
                prop_assert!(recent.0.len() <= RECENT_MAX);
            }
        }

        #[test]
        fn what_is_shared_is_equal(values in prop::collection::vec(0_u8..20, 0..100)) {
            let mut recent = Recent::default();
            for value in values {
                prop_assert_eq!(*recent.share(&value), value);
                prop_assert!(recent.0.len() <= RECENT_MAX);
            }
        }
    }

    #[test]
    fn a_list_of_one_takes_no_more_than_the_item() {
        assert_eq!(size_of::<Few<(u64, Arc<u8>)>>(), 16);
        assert!(Few::<u8>::default().as_slice().is_empty());
    }

    #[test]
    fn a_value_that_comes_again_is_the_same_one() {
        let mut recent = Recent::default();
        let first = recent.share(&1);
        recent.share(&2);
        assert!(Arc::ptr_eq(&first, &recent.share(&1)));
    }
}
