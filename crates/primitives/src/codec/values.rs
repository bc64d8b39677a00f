//! The byte forms of the language's own types.

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{Decode, Encode, NoValue, Reader, Writer, read_block, sum_of_fixed, write_block};

macro_rules! numbers {
    ($($number:ty),+) => {$(
        impl Encode for $number {
            const FIXED: Option<usize> = Some(size_of::<Self>());

            #[inline]
            fn byte_length(&self) -> usize {
                size_of::<Self>()
            }

            #[inline]
            fn write_to(&self, out: &mut Writer<'_>) {
                out.put(&self.to_le_bytes());
            }
        }

        impl Decode for $number {
            #[inline]
            fn read_from(from: &mut Reader<'_>) -> Result<Self, NoValue> {
                from.take().map(|bytes| Self::from_le_bytes(*bytes))
            }
        }
    )+};
}

numbers!(u16, u32, u64, u128, i64);

impl Encode for u8 {
    const FIXED: Option<usize> = Some(1);

    #[inline]
    fn byte_length(&self) -> usize {
        1
    }

    #[inline]
    fn write_to(&self, out: &mut Writer<'_>) {
        out.put(&[*self]);
    }

    #[inline]
    fn write_all(values: &[Self], out: &mut Writer<'_>) {
        out.put_slice(values);
    }
}

impl Decode for u8 {
    #[inline]
    fn read_from(from: &mut Reader<'_>) -> Result<Self, NoValue> {
        from.take().map(|[byte]| *byte)
    }

    #[inline]
    fn read_all(count: usize, from: &mut Reader<'_>) -> Result<Vec<Self>, NoValue> {
        from.take_slice(count).map(<[u8]>::to_vec)
    }
}

impl Encode for bool {
    const FIXED: Option<usize> = Some(1);

    #[inline]
    fn byte_length(&self) -> usize {
        1
    }

    #[inline]
    fn write_to(&self, out: &mut Writer<'_>) {
        out.put(&[u8::from(*self)]);
    }
}

impl Decode for bool {
    #[inline]
    fn read_from(from: &mut Reader<'_>) -> Result<Self, NoValue> {
        match from.take()? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err(NoValue),
        }
    }
}

impl<const N: usize> Encode for [u8; N] {
    const FIXED: Option<usize> = Some(N);

    #[inline]
    fn byte_length(&self) -> usize {
        N
    }

    #[inline]
    fn write_to(&self, out: &mut Writer<'_>) {
        out.put(self);
    }
}

impl<const N: usize> Decode for [u8; N] {
    #[inline]
    fn read_from(from: &mut Reader<'_>) -> Result<Self, NoValue> {
        from.take().copied()
    }
}

macro_rules! pointers {
    ($($pointer:ty),+) => {$(
        impl<T: Encode> Encode for $pointer {
            const FIXED: Option<usize> = T::FIXED;

            #[inline]
            fn byte_length(&self) -> usize {
                T::byte_length(self)
            }

            #[inline]
            fn write_to(&self, out: &mut Writer<'_>) {
                T::write_to(self, out);
            }
        }
    )+};
}

// What is pointed to, and nothing else.
pointers!(&T, Box<T>, Arc<T>);

impl<T: Decode> Decode for Box<T> {
    #[inline]
    fn read_from(from: &mut Reader<'_>) -> Result<Self, NoValue> {
        T::read_from(from).map(Self::new)
    }
}

impl<T: Decode> Decode for Arc<T> {
    #[inline]
    fn read_from(from: &mut Reader<'_>) -> Result<Self, NoValue> {
        T::read_from(from).map(Self::new)
    }
}

impl<T: Encode> Encode for Option<T> {
    const FIXED: Option<usize> = None;

    #[inline]
    fn byte_length(&self) -> usize {
        self.as_ref().map_or(1, |value| value.byte_length().saturating_add(1))
    }

    #[inline]
    fn write_to(&self, out: &mut Writer<'_>) {
        out.put(&[u8::from(self.is_some())]);
        if let Some(value) = self {
            value.write_to(out);
        }
    }
}

impl<T: Decode> Decode for Option<T> {
    #[inline]
    fn read_from(from: &mut Reader<'_>) -> Result<Self, NoValue> {
        if bool::read_from(from)? { T::read_from(from).map(Some) } else { Ok(None) }
    }
}

/// A length as it is written. No memory holds more than 2^64 - 1 elements.
#[inline]
fn write_length(length: usize, out: &mut Writer<'_>) {
    out.put(&u64::try_from(length).unwrap_or(u64::MAX).to_le_bytes());
}

/// A length and what follows it.
const fn behind_length(bytes: usize) -> usize {
    bytes.saturating_add(size_of::<u64>())
}

impl Encode for str {
    const FIXED: Option<usize> = None;

    #[inline]
    fn byte_length(&self) -> usize {
        behind_length(self.len())
    }

    #[inline]
    fn write_to(&self, out: &mut Writer<'_>) {
        write_length(self.len(), out);
        out.put_slice(self.as_bytes());
    }
}

impl Encode for String {
    const FIXED: Option<usize> = None;

    #[inline]
    fn byte_length(&self) -> usize {
        self.as_str().byte_length()
    }

    #[inline]
    fn write_to(&self, out: &mut Writer<'_>) {
        self.as_str().write_to(out);
    }
}

impl Decode for String {
    #[inline]
    fn read_from(from: &mut Reader<'_>) -> Result<Self, NoValue> {
        from.text().map(str::to_owned)
    }
}

impl<T: Encode> Encode for Vec<T> {
    const FIXED: Option<usize> = None;

    #[inline]
    fn byte_length(&self) -> usize {
        behind_length(T::length_of_all(self))
    }

    #[inline]
    fn write_to(&self, out: &mut Writer<'_>) {
        write_length(self.len(), out);
        T::write_all(self, out);
    }
}

impl<T: Decode> Decode for Vec<T> {
    #[inline]
    fn read_from(from: &mut Reader<'_>) -> Result<Self, NoValue> {
        let length = from.length()?;
        T::read_all(length, from)
    }
}

impl<K: Encode, V: Encode> Encode for BTreeMap<K, V> {
    const FIXED: Option<usize> = None;

    fn byte_length(&self) -> usize {
        behind_length(self.iter().fold(0, |sum, entry| sum.saturating_add(entry.byte_length())))
    }

    fn write_to(&self, out: &mut Writer<'_>) {
        write_length(self.len(), out);
        self.iter().for_each(|entry| entry.write_to(out));
    }
}

impl<K: Decode + Ord, V: Decode> Decode for BTreeMap<K, V> {
    fn read_from(from: &mut Reader<'_>) -> Result<Self, NoValue> {
        let mut map = Self::new();
        for _ in 0..from.length()? {
            let (key, value) = <(K, V)>::read_from(from)?;
            if map.last_key_value().is_some_and(|(last, _)| *last >= key) {
                from.refuse_form();
            }
            map.insert(key, value);
        }
        Ok(map)
    }
}

impl<T: Encode> Encode for BTreeSet<T> {
    const FIXED: Option<usize> = None;

    fn byte_length(&self) -> usize {
        behind_length(self.iter().fold(0, |sum, value| sum.saturating_add(value.byte_length())))
    }

    fn write_to(&self, out: &mut Writer<'_>) {
        write_length(self.len(), out);
        self.iter().for_each(|value| value.write_to(out));
    }
}

impl<T: Decode + Ord> Decode for BTreeSet<T> {
    fn read_from(from: &mut Reader<'_>) -> Result<Self, NoValue> {
        let mut set = Self::new();
        for _ in 0..from.length()? {
            let value = T::read_from(from)?;
            if set.last().is_some_and(|last| *last >= value) {
                from.refuse_form();
            }
            set.insert(value);
        }
        Ok(set)
    }
}

macro_rules! tuples {
    ($(($($type:ident $place:tt),+)),+) => {$(
        impl<$($type: Encode),+> Encode for ($($type,)+) {
            const FIXED: Option<usize> = sum_of_fixed(&[$($type::FIXED),+]);

            #[inline]
            fn byte_length(&self) -> usize {
                0_usize$(.saturating_add(self.$place.byte_length()))+
            }

            #[inline]
            fn write_to(&self, out: &mut Writer<'_>) {
                write_block(Self::FIXED, out, |out| {
                    $(self.$place.write_to(out);)+
                });
            }
        }

        impl<$($type: Decode),+> Decode for ($($type,)+) {
            #[inline]
            fn read_from(from: &mut Reader<'_>) -> Result<Self, NoValue> {
                read_block(Self::FIXED, from, |from| Ok(($($type::read_from(from)?,)+)))
            }
        }
    )+};
}

tuples!((A 0, B 1), (A 0, B 1, C 2), (A 0, B 1, C 2, D 3));
