//! [`Frame`]: one record in bytes, cut off and checked, not yet understood.

use alloc::vec::Vec;

use undercut_primitives::codec::{Canonical as _, DecodeError, EncodeError};
use undercut_primitives::crypto::{self, Namespace};
use undercut_primitives::{BlockHeight, Digest};

use super::{Entry, FrameBroken, Seal};

const RECORD: Namespace = Namespace("undercut/record/v2");

/// Length and checksum, in front of every body.
pub const FRAME_HEADER_BYTES: usize = 4 + 4;

/// Sequence, height and kind; what follows may be empty.
pub const BODY_BYTES_MIN: usize = 8 + 8 + 1;

/// The most bytes that a record's body may have.
pub const BODY_BYTES_MAX: usize = undercut_primitives::codec::ENCODED_BYTES_MAX;

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Something happened.
    Event,
    /// A block ends.
    Seal,
}

impl Kind {
    const fn to_byte(self) -> u8 {
        match self {
            Self::Event => 0,
            Self::Seal => 1,
        }
    }
}

/// CRC-32 as of IEEE 802.3, the checksum of frames and of whatever else a kept log has.
#[must_use]
pub fn checksum(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

/// A record in bytes. Its checksum holds; what it means is [`super::Chain::accept`]'s business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Which record it says it is.
    pub sequence: u64,
    /// The block it says it belongs to.
    pub height: BlockHeight,
    /// Event or seal.
    pub kind: Kind,
    /// The event or the seal in canonical form.
    pub payload: &'a [u8],
    /// Everything that is hashed.
    pub body: &'a [u8],
}

impl Frame<'_> {
    /// The hash of the record. Depends on the body alone. O(body).
    #[must_use]
    pub fn hash(&self) -> Digest {
        crypto::digest(RECORD, self.body)
    }

    /// What the record holds. O(body).
    ///
    /// # Errors
    ///
    /// [`DecodeError`] for bytes that are no event or seal in canonical form. A seal has a kind of
    /// its own, so an event that stands for one is refused too.
    pub fn event<E: Entry>(&self) -> Result<E, DecodeError> {
        match self.kind {
            Kind::Seal => Seal::decode(self.payload, BODY_BYTES_MAX).map(E::from_seal),
            Kind::Event => match E::decode(self.payload, BODY_BYTES_MAX)? {
                event if event.as_seal().is_some() => Err(DecodeError::NotCanonical),
                event => Ok(event),
            },
        }
    }
}

/// Cuts the first frame off `bytes`: the frame and how many bytes it takes, or `None` when there
/// are no bytes. Reads no further than the frame and allocates nothing. O(frame).
///
/// # Errors
///
/// [`FrameBroken`] for bytes that no writer leaves.
pub fn next_frame(bytes: &[u8]) -> Result<Option<(Frame<'_>, usize)>, FrameBroken> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let cut_off =
        |wanted: usize| FrameBroken::CutOff { missing: wanted.saturating_sub(bytes.len()) };
    let header = bytes.split_first_chunk::<FRAME_HEADER_BYTES>();
    let (header, rest) = header.ok_or_else(|| cut_off(FRAME_HEADER_BYTES))?;
    let [l0, l1, l2, l3, c0, c1, c2, c3] = *header;
    let length = u32::from_le_bytes([l0, l1, l2, l3]);
    let body_bytes = usize::try_from(length).unwrap_or(usize::MAX);
    if !(BODY_BYTES_MIN..=BODY_BYTES_MAX).contains(&body_bytes) {
        return Err(FrameBroken::Length { length });
    }
    let used = FRAME_HEADER_BYTES.saturating_add(body_bytes);
    let body = rest.get(..body_bytes).ok_or_else(|| cut_off(used))?;
    let (found, computed) = (u32::from_le_bytes([c0, c1, c2, c3]), checksum(body));
    if found != computed {
        return Err(FrameBroken::Checksum { found, computed });
    }
    let (sequence, after) = body.split_first_chunk().ok_or_else(|| cut_off(used))?;
    let (height, after) = after.split_first_chunk().ok_or_else(|| cut_off(used))?;
    let (kind, payload) = after.split_first().ok_or_else(|| cut_off(used))?;
    let kind = match kind {
        0 => Kind::Event,
        1 => Kind::Seal,
        other => return Err(FrameBroken::Kind { found: *other }),
    };
    let (sequence, height) = (u64::from_le_bytes(*sequence), u64::from_le_bytes(*height));
    let height = BlockHeight::new(height);
    Ok(Some((Frame { sequence, height, kind, payload, body }, used)))
}

/// Appends the frame of `event` as record `sequence` to `out`, and returns the record's hash. Where
/// it cannot be, `out` is as it was.
///
/// # Errors
///
/// [`EncodeError`] for an event of more than [`BODY_BYTES_MAX`] bytes with its record.
pub fn write_frame_into<E: Entry>(
    out: &mut Vec<u8>,
    sequence: u64,
    height: BlockHeight,
    event: &E,
) -> Result<Digest, EncodeError> {
    match event.as_seal() {
        Some(seal) => write_into(out, sequence, height, Kind::Seal, |out| seal.encode_into(out)),
        None => write_into(out, sequence, height, Kind::Event, |out| event.encode_into(out)),
    }
}

/// A frame in bytes and the hash of its record.
pub(super) fn write(
    sequence: u64,
    height: BlockHeight,
    kind: Kind,
    payload: &[u8],
) -> Result<(Vec<u8>, Digest), EncodeError> {
    let head = FRAME_HEADER_BYTES.saturating_add(BODY_BYTES_MIN);
    let mut frame = Vec::with_capacity(head.saturating_add(payload.len()));
    let hash = write_into(&mut frame, sequence, height, kind, |out| {
        out.extend(payload);
        Ok(())
    })?;
    Ok((frame, hash))
}

/// Appends the frame around what `payload` appends to `out`, and returns the hash of its record.
/// `out` is as it was when there is an error.
pub(super) fn write_into(
    out: &mut Vec<u8>,
    sequence: u64,
    height: BlockHeight,
    kind: Kind,
    payload: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>,
) -> Result<Digest, EncodeError> {
    let start = out.len();
    out.extend([0; FRAME_HEADER_BYTES]);
    out.extend(sequence.to_le_bytes());
    out.extend(height.to_u64().to_le_bytes());
    out.push(kind.to_byte());
    let finished = payload(out).and_then(|()| finish(out.get_mut(start..).unwrap_or_default()));
    if finished.is_err() {
        out.truncate(start);
    }
    finished
}

/// Fills in the header of a frame, and hashes its body.
fn finish(frame: &mut [u8]) -> Result<Digest, EncodeError> {
    let header = frame.split_first_chunk_mut::<FRAME_HEADER_BYTES>();
    let (header, body) = header.ok_or(EncodeError)?;
    if body.len() > BODY_BYTES_MAX {
        return Err(EncodeError);
    }
    let length = u32::try_from(body.len()).map_err(|_| EncodeError)?;
    let (of_length, of_sum) = header.split_at_mut(4);
    of_length.copy_from_slice(&length.to_le_bytes());
    of_sum.copy_from_slice(&checksum(body).to_le_bytes());
    Ok(crypto::digest(RECORD, body))
}
