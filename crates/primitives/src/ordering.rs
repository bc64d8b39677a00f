//! The order of short byte strings, without a call for each comparison.
//!
//! Maps by address or digest compare a dozen times per look-up, and nearly always the first bytes
//! decide.

use core::cmp::Ordering;

/// The order of the bytes from the first to the last: eight at a time as a big-endian number, then
/// the rest one by one.
#[inline]
pub(crate) fn by_bytes<const N: usize>(left: &[u8; N], right: &[u8; N]) -> Ordering {
    let (left_words, left_rest) = left.as_chunks::<8>();
    let (right_words, right_rest) = right.as_chunks::<8>();
    for (left, right) in left_words.iter().zip(right_words) {
        let (left, right) = (u64::from_be_bytes(*left), u64::from_be_bytes(*right));
        if left != right {
            return left.cmp(&right);
        }
    }
    for (left, right) in left_rest.iter().zip(right_rest) {
        if left != right {
            return left.cmp(right);
        }
    }
    Ordering::Equal
}

/// Gives a type of bytes the order of its bytes.
macro_rules! ordered_as_bytes {
    ($name:ident) => {
        impl Ord for $name {
            #[inline]
            fn cmp(&self, other: &Self) -> core::cmp::Ordering {
                crate::ordering::by_bytes(&self.0, &other.0)
            }
        }

        impl PartialOrd for $name {
            #[inline]
            fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }
    };
}

pub(crate) use ordered_as_bytes;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::by_bytes;

    proptest! {
        #[test]
        fn bytes_compare_as_arrays_do(mut left: [u8; 20], right: [u8; 20], same in 0_usize..=20) {
            // Long common beginnings, which random bytes never have.
            left[..same].copy_from_slice(&right[..same]);
            prop_assert_eq!(by_bytes(&left, &right), left.cmp(&right));
            prop_assert_eq!(by_bytes(&right, &left), right.cmp(&left));
        }
    }
}
