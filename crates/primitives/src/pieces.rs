//! [`Pieces`]: many values one after the other, where all together are larger than one may be.
//!
//! A piece is its length in 4 bytes and then its bytes; a number is 8 bytes. Both little-endian.

use alloc::vec::Vec;

use crate::codec::{Canonical, DecodeError, EncodeError};

/// Appends a piece.
///
/// # Errors
///
/// [`EncodeError`] for a piece whose length is no 32-bit number; `out` is as it was then.
pub fn push(out: &mut Vec<u8>, piece: &[u8]) -> Result<(), EncodeError> {
    let length = u32::try_from(piece.len()).map_err(|_| EncodeError)?;
    out.extend(length.to_le_bytes());
    out.extend(piece);
    Ok(())
}

/// Takes pieces and numbers off bytes, from the front. Allocates nothing.
#[derive(Clone, Copy, Debug)]
pub struct Pieces<'a> {
    bytes: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Pieces<'a> {
    /// All of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, rest: bytes }
    }

    /// How many bytes are taken.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.bytes.len().saturating_sub(self.rest.len())
    }

    fn chunk<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (chunk, rest) = self.rest.split_first_chunk().ok_or(DecodeError::Malformed)?;
        self.rest = rest;
        Ok(*chunk)
    }

    /// The next number.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Malformed`] when the bytes end before.
    pub fn number(&mut self) -> Result<u64, DecodeError> {
        self.chunk().map(u64::from_le_bytes)
    }

    /// The next piece.
    ///
    /// # Errors
    ///
    /// [`DecodeError::TooLong`] for one of more than `bytes_max` bytes, [`DecodeError::Malformed`]
    /// when the bytes end before.
    pub fn piece(&mut self, bytes_max: usize) -> Result<&'a [u8], DecodeError> {
        let bytes = usize::try_from(u32::from_le_bytes(self.chunk()?)).unwrap_or(usize::MAX);
        if bytes > bytes_max {
            return Err(DecodeError::TooLong { bytes, bytes_max });
        }
        let (piece, rest) = self.rest.split_at_checked(bytes).ok_or(DecodeError::Malformed)?;
        self.rest = rest;
        Ok(piece)
    }

    /// The value whose canonical form is the next piece.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] as [`Pieces::piece`] and [`Canonical::decode`].
    pub fn value<T: Canonical>(&mut self, bytes_max: usize) -> Result<T, DecodeError> {
        T::decode(self.piece(bytes_max)?, bytes_max)
    }

    /// Says that nothing else may follow.
    ///
    /// # Errors
    ///
    /// [`DecodeError::TrailingBytes`] when something does.
    pub const fn end(&self) -> Result<(), DecodeError> {
        match self.rest.len() {
            0 => Ok(()),
            bytes => Err(DecodeError::TrailingBytes { bytes }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_come_back_in_order_and_every_cut_is_noticed() {
        let mut bytes = 7_u64.to_le_bytes().to_vec();
        push(&mut bytes, b"one").unwrap();
        push(&mut bytes, &5_u16.encode().unwrap()).unwrap();
        let read = |bytes: &[u8]| {
            let mut pieces = Pieces::new(bytes);
            let read = (pieces.number()?, pieces.piece(3)?.to_vec(), pieces.value::<u16>(2)?);
            assert_eq!(pieces.offset(), 21);
            pieces.end().map(|()| read)
        };
        assert_eq!(read(&bytes), Ok((7, b"one".to_vec(), 5)));
        for length in 0..bytes.len() {
            assert_eq!(read(&bytes[..length]), Err(DecodeError::Malformed));
        }
        bytes.push(0);
        assert_eq!(read(&bytes), Err(DecodeError::TrailingBytes { bytes: 1 }));
    }

    #[test]
    fn a_long_piece_is_refused_by_its_length_alone() {
        let bytes = u32::MAX.to_le_bytes();
        let refused = Pieces::new(&bytes).piece(9);
        assert!(matches!(refused, Err(DecodeError::TooLong { bytes_max: 9, .. })));
    }
}
