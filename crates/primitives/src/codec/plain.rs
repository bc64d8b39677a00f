//! The plain twin of the codec: the same bytes through serde and `bincode`, written by others.
//!
//! Slower by an order of magnitude, and what the fast form is held against, value by value and with
//! tampered bytes (`tests/codec.rs`). It also gives the form to types that have serde's derives and
//! none of ours. The only module that names `bincode`.

use alloc::vec::Vec;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{DecodeError, ENCODED_BYTES_MAX, EncodeError};

const CONFIG: bincode::config::Configuration<
    bincode::config::LittleEndian,
    bincode::config::Fixint,
    bincode::config::Limit<ENCODED_BYTES_MAX>,
> = bincode::config::standard().with_fixed_int_encoding().with_limit::<ENCODED_BYTES_MAX>();

/// The byte form of a value, as [`super::encode`] gives it where the type has both derives.
///
/// # Errors
///
/// [`EncodeError`] above [`ENCODED_BYTES_MAX`] bytes.
pub fn encode(value: &impl Serialize) -> Result<Vec<u8>, EncodeError> {
    let bytes = bincode::serde::encode_to_vec(value, CONFIG).map_err(|_| EncodeError)?;
    if bytes.len() > ENCODED_BYTES_MAX { Err(EncodeError) } else { Ok(bytes) }
}

/// The value whose byte form `bytes` is: read, written again, and compared.
///
/// # Errors
///
/// [`DecodeError`] for anything that [`encode`] would not have written.
pub fn decode<T: Serialize + DeserializeOwned>(
    bytes: &[u8],
    bytes_max: usize,
) -> Result<T, DecodeError> {
    if bytes.len() > bytes_max {
        return Err(DecodeError::TooLong { bytes: bytes.len(), bytes_max });
    }
    let read = bincode::serde::decode_from_slice::<T, _>(bytes, CONFIG);
    let (value, used) = read.map_err(|_| DecodeError::Malformed)?;
    match bytes.len().checked_sub(used) {
        Some(0) => match encode(&value) {
            Ok(again) if again == bytes => Ok(value),
            _ => Err(DecodeError::NotCanonical),
        },
        Some(left) => Err(DecodeError::TrailingBytes { bytes: left }),
        None => Err(DecodeError::Malformed),
    }
}
