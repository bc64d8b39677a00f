//! The one byte form of every value that is hashed, signed, logged or sent.
//!
//! Little-endian, fixed-width integers, sequences with a 64-bit length in front, enum variants as
//! a 32-bit number in order of declaration, options as one byte and then the value. One value has
//! one form, and reading keeps to it: unordered maps, trailing bytes and other spellings are
//! refused as they are met, so nothing is encoded again to compare.
//!
//! A struct or enum gets its form by `#[derive(Canonical)]`: the fields in declared order. Types
//! that not every value of their fields makes (a [`crate::Denom`]) say how by hand.
//!
//! | module | holds |
//! | --- | --- |
//! | `form` | [`Encode`], [`Decode`], and the bytes they write to and read from |
//! | [`plain`] | the same bytes through serde and `bincode`: the plain twin |
//! | `values` | numbers, texts, lists, maps and the rest of the language's own types |
//!
//! The bytes are those of `bincode` with fixed-width integers. Golden vectors under `tests/golden` hold them still.

mod form;
pub mod plain;
mod values;

use alloc::vec::Vec;

pub use form::{Decode, Encode, NoValue, Reader, Writer, read_block, sum_of_fixed, write_block};
pub use undercut_derive::Canonical;

/// The most that a single encoded value may have: 4 MiB. A decoder allocates no more than this
/// ahead of what it has read.
pub const ENCODED_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Bytes that are no canonical form of the wanted value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// More bytes than the caller allows; nothing was read.
    #[error("{bytes} bytes where at most {bytes_max} are allowed")]
    TooLong {
        /// How many there are.
        bytes: usize,
        /// How many are allowed.
        bytes_max: usize,
    },
    /// The bytes end too early, or hold a value that cannot exist.
    #[error("the bytes are no valid value")]
    Malformed,
    /// Bytes are left over after the value.
    #[error("{bytes} bytes are left over after the value")]
    TrailingBytes {
        /// How many are left.
        bytes: usize,
    },
    /// The value has another, canonical form.
    #[error("the bytes are not the canonical form of their value")]
    NotCanonical,
}

/// A value too large to encode: more than [`ENCODED_BYTES_MAX`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the value needs more than {ENCODED_BYTES_MAX} bytes")]
pub struct EncodeError;

/// Values with one byte form. Implemented for everything that is [`Encode`] and [`Decode`], which
/// `#[derive(Canonical)]` makes of a type.
///
/// ```
/// use undercut_primitives::codec::Canonical;
///
/// #[derive(Debug, PartialEq, Canonical)]
/// enum Event {
///     Opened { at: u64 },
///     Closed,
/// }
///
/// let bytes = Event::Opened { at: 7 }.encode().unwrap();
/// assert_eq!(bytes, [0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0]);
/// assert_eq!(Event::decode(&bytes, 64), Ok(Event::Opened { at: 7 }));
/// assert!(Event::decode(&[2, 0, 0, 0], 64).is_err());
/// ```
pub trait Canonical: Sized {
    /// The byte form. One allocation, of the right size.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] above [`ENCODED_BYTES_MAX`] bytes.
    fn encode(&self) -> Result<Vec<u8>, EncodeError>;

    /// Appends the byte form to `out`, whose room can so be used again.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] above [`ENCODED_BYTES_MAX`] bytes; `out` is as it was then.
    fn encode_into(&self, out: &mut Vec<u8>) -> Result<(), EncodeError>;

    /// The value whose byte form `bytes` is. Allocates what the value itself holds.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] for anything that [`Canonical::encode`] would not have written.
    fn decode(bytes: &[u8], bytes_max: usize) -> Result<Self, DecodeError>;
}

/// Gives a type the byte form of another, for types that not every value of their fields makes:
/// `canonical_through!(Type, Form, |value| form of value)`. What is read has to pass
/// `TryFrom<Form>`; it must be written as it was read.
#[macro_export]
macro_rules! canonical_through {
    ($type:ty, $form:ty, |$value:ident| $made:expr) => {
        impl $crate::codec::Encode for $type {
            const FIXED: Option<usize> = <$form as $crate::codec::Encode>::FIXED;

            fn byte_length(&self) -> usize {
                let $value = self;
                $crate::codec::Encode::byte_length(&$made)
            }

            fn write_to(&self, out: &mut $crate::codec::Writer<'_>) {
                let $value = self;
                $crate::codec::Encode::write_to(&$made, out);
            }
        }

        impl $crate::codec::Decode for $type {
            fn read_from(
                from: &mut $crate::codec::Reader<'_>,
            ) -> Result<Self, $crate::codec::NoValue> {
                let form = <$form as $crate::codec::Decode>::read_from(from)?;
                form.try_into().map_err(|_| $crate::codec::NoValue)
            }
        }
    };
}

/// The canonical byte form of a value that is only borrowed. [`Canonical::encode`] is the same.
///
/// # Errors
///
/// [`EncodeError`] above [`ENCODED_BYTES_MAX`] bytes.
pub fn encode(value: &impl Encode) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = Vec::new();
    encode_into(value, &mut bytes)?;
    Ok(bytes)
}

/// Appends the canonical byte form of a value to `out`. [`Canonical::encode_into`] is the same.
///
/// # Errors
///
/// [`EncodeError`] above [`ENCODED_BYTES_MAX`] bytes; `out` is as it was then.
pub fn encode_into(value: &impl Encode, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let (start, bytes) = (out.len(), value.byte_length());
    if bytes > ENCODED_BYTES_MAX {
        return Err(EncodeError);
    }
    if start == 0 && out.capacity() == 0 {
        // Zeroed by the allocator, which often has zeros at hand.
        *out = alloc::vec![0; bytes];
    } else {
        out.resize(start.saturating_add(bytes), 0);
    }
    let written = out.get_mut(start..).ok_or(EncodeError).and_then(|room| fill(value, room));
    if written.is_err() {
        out.truncate(start);
    }
    written
}

/// Writes the canonical byte form of a value to the front of `out`, and returns how many bytes it
/// takes. The cheapest way to encode into room that is used again and again: nothing is cleared.
///
/// # Errors
///
/// [`EncodeError`] above [`ENCODED_BYTES_MAX`] bytes, and where `out` is too short.
#[inline]
pub fn encode_to_slice(value: &impl Encode, out: &mut [u8]) -> Result<usize, EncodeError> {
    let bytes = value.byte_length();
    if bytes > ENCODED_BYTES_MAX {
        return Err(EncodeError);
    }
    fill(value, out.get_mut(..bytes).ok_or(EncodeError)?)?;
    Ok(bytes)
}

#[inline]
fn fill(value: &impl Encode, room: &mut [u8]) -> Result<(), EncodeError> {
    let mut writer = Writer::new(room);
    value.write_to(&mut writer);
    // A value that says its length wrongly would be a bug of its `Encode`.
    if writer.is_full() { Ok(()) } else { Err(EncodeError) }
}

impl<T: Encode + Decode> Canonical for T {
    #[inline]
    fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        encode(self)
    }

    #[inline]
    fn encode_into(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        encode_into(self, out)
    }

    #[inline]
    fn decode(bytes: &[u8], bytes_max: usize) -> Result<Self, DecodeError> {
        if bytes.len() > bytes_max {
            return Err(DecodeError::TooLong { bytes: bytes.len(), bytes_max });
        }
        let value_bytes = bytes.get(..ENCODED_BYTES_MAX).unwrap_or(bytes);
        let mut reader = Reader::new(value_bytes);
        let beyond = bytes.len().saturating_sub(value_bytes.len());
        // Written so that a value of hundreds of bytes is moved once, to where it is returned.
        match T::read_from(&mut reader) {
            Ok(value) if reader.is_canonical() && reader.left() == 0 && beyond == 0 => Ok(value),
            Ok(_) => Err(match reader.left().saturating_add(beyond) {
                0 => DecodeError::NotCanonical,
                left => DecodeError::TrailingBytes { bytes: left },
            }),
            Err(NoValue) => Err(DecodeError::Malformed),
        }
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "lengths of a few bytes")]
mod tests;
