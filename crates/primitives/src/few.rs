//! What is kept often and is mostly alike: [`Few`] for lists of one, [`Recent`] for equal values.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

/// A list that mostly has one item, which then lies in it. More are elsewhere, one pointer away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Few<T> {
    /// No item.
    #[default]
    None,
    /// One.
    One(T),
    /// Any number.
    Many(Box<Many<T>>),
}

/// The items of [`Few::Many`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Many<T>(Vec<T>);

impl<T> Few<T> {
    /// The items.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        match self {
            Self::None => &[],
            Self::One(one) => core::slice::from_ref(one),
            Self::Many(many) => &many.0,
        }
    }

    /// The items, to be changed.
    #[must_use]
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        match self {
            Self::None => &mut [],
            Self::One(one) => core::slice::from_mut(one),
            Self::Many(many) => &mut many.0,
        }
    }

    /// Puts an item before the one at `at`, or at the end. O(n).
    pub fn insert(&mut self, at: usize, item: T) {
        *self = match core::mem::take(self) {
            Self::None => Self::One(item),
            Self::One(one) if at == 0 => Self::Many(Box::new(Many(vec![item, one]))),
            Self::One(one) => Self::Many(Box::new(Many(vec![one, item]))),
            Self::Many(mut many) => {
                many.0.insert(at.min(many.0.len()), item);
                Self::Many(many)
            }
        };
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
#[derive(Clone, Debug)]
pub struct Recent<T>(Vec<Arc<T>>);

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Recent<T> {
    /// They, those that come most often first.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(Arc::as_ref)
    }
}

impl<T: Clone + PartialEq> Recent<T> {
    /// The value, shared with an equal one where one came lately. Compares with 8 values at most.
    pub fn share(&mut self, value: &T) -> Arc<T> {
        if let Some(at) = self.0.iter().position(|known| **known == *value) {
            // Moves up by one: what comes often stays.
            let before = at.saturating_sub(1);
            self.0.swap(before, at);
            return self.0.get(before).map_or_else(|| Arc::new(value.clone()), Arc::clone);
        }
        if self.0.len() >= RECENT_MAX {
            self.0.pop();
        }
        let new = Arc::new(value.clone());
        self.0.push(Arc::clone(&new));
        new
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn few_items_are_a_list_of_them(steps in prop::collection::vec((any::<u8>(), 0_usize..6), 0..8)) {
            let (mut few, mut plain) = (Few::None, Vec::new());
            for (item, at) in steps {
                few.insert(at, item);
                plain.insert(at.min(plain.len()), item);
                prop_assert_eq!(few.as_slice(), &plain[..]);
                prop_assert_eq!(few.as_mut_slice(), &plain[..]);
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
    fn a_value_that_comes_again_is_the_same_one() {
        let mut recent = Recent::default();
        let first = recent.share(&1);
        recent.share(&2);
        assert!(Arc::ptr_eq(&first, &recent.share(&1)));
    }
}
