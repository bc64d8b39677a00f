//! The one byte form of every value that is hashed, signed, logged or sent.
//!
//! Little-endian, fixed-width integers, sequences with a 64-bit length in front, enum variants as
//! a 32-bit number in order of declaration. One value has one form: [`Canonical::decode`] encodes
//! what it read and compares, so unordered maps, trailing bytes and other spellings are refused.
//!
//! The only module that names the byte encoder; replacing it touches nothing else. Golden vectors
//! under `tests/golden` hold the bytes still.

use alloc::vec::Vec;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The most that a single encoded value may have: 4 MiB. A decoder allocates no more than this.
pub const ENCODED_BYTES_MAX: usize = 4 * 1024 * 1024;

const CONFIG: bincode::config::Configuration<
    bincode::config::LittleEndian,
    bincode::config::Fixint,
    bincode::config::Limit<ENCODED_BYTES_MAX>,
> = bincode::config::standard().with_fixed_int_encoding().with_limit::<ENCODED_BYTES_MAX>();

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

/// Values with one byte form. Implemented for everything that serde can take apart.
pub trait Canonical: Sized {
    /// The byte form.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] above [`ENCODED_BYTES_MAX`] bytes.
    fn encode(&self) -> Result<Vec<u8>, EncodeError>;

    /// The value whose byte form `bytes` is.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] for anything that [`Canonical::encode`] would not have written.
    fn decode(bytes: &[u8], bytes_max: usize) -> Result<Self, DecodeError>;
}

/// The canonical byte form of a value that is only borrowed. [`Canonical::encode`] is the same.
///
/// # Errors
///
/// [`EncodeError`] above [`ENCODED_BYTES_MAX`] bytes.
pub fn encode(value: &impl Serialize) -> Result<Vec<u8>, EncodeError> {
    let bytes = bincode::serde::encode_to_vec(value, CONFIG).map_err(|_| EncodeError)?;
    if bytes.len() > ENCODED_BYTES_MAX { Err(EncodeError) } else { Ok(bytes) }
}

impl<T: Serialize + DeserializeOwned> Canonical for T {
    fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        encode(self)
    }

    fn decode(bytes: &[u8], bytes_max: usize) -> Result<Self, DecodeError> {
        if bytes.len() > bytes_max {
            return Err(DecodeError::TooLong { bytes: bytes.len(), bytes_max });
        }
        let read = bincode::serde::decode_from_slice::<T, _>(bytes, CONFIG);
        let (value, used) = read.map_err(|_| DecodeError::Malformed)?;
        match bytes.len().checked_sub(used) {
            Some(0) => {}
            Some(left) => return Err(DecodeError::TrailingBytes { bytes: left }),
            None => return Err(DecodeError::Malformed),
        }
        match value.encode() {
            Ok(again) if again == bytes => Ok(value),
            _ => Err(DecodeError::NotCanonical),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{Coin, Decimal, PricePerBlock};

    const MAX: usize = 1024;

    #[test]
    fn integers_are_fixed_width_and_little_endian() {
        assert_eq!(0x0102_u32.encode().unwrap(), [2, 1, 0, 0]);
        let coin = Coin::uact(1).encode().unwrap();
        let text = [4, 0, 0, 0, 0, 0, 0, 0, b'u', b'a', b'c', b't'];
        assert_eq!(coin, [&text[..], &[1][..], &[0; 15][..]].concat());
    }

    #[test]
    fn only_the_canonical_form_is_read() {
        let price = PricePerBlock::new(crate::Denom::uact(), Decimal::ONE);
        let mut bytes = price.encode().unwrap();
        assert_eq!(PricePerBlock::decode(&bytes, MAX), Ok(price));
        bytes.push(0);
        assert_eq!(
            PricePerBlock::decode(&bytes, MAX),
            Err(DecodeError::TrailingBytes { bytes: 1 })
        );
        assert_eq!(
            PricePerBlock::decode(&bytes, 3),
            Err(DecodeError::TooLong { bytes: bytes.len(), bytes_max: 3 })
        );
        assert_eq!(PricePerBlock::decode(&bytes[..20], MAX), Err(DecodeError::Malformed));
    }

    #[test]
    fn maps_out_of_order_are_refused() {
        let pairs = vec![(2_u8, 0_u8), (1, 0)];
        let bytes = pairs.encode().unwrap();
        assert_eq!(BTreeMap::<u8, u8>::decode(&bytes, MAX), Err(DecodeError::NotCanonical));
    }

    #[test]
    fn a_length_of_terabytes_allocates_nothing() {
        let bytes = u64::MAX.encode().unwrap();
        assert_eq!(Vec::<u8>::decode(&bytes, MAX), Err(DecodeError::Malformed));
        assert_eq!(Vec::<u64>::decode(&bytes, MAX), Err(DecodeError::Malformed));
    }
}
