//! The first 12,288 bytes of a segment: what it follows, and how far it is acknowledged.
//!
//! | bytes | holds |
//! | --- | --- |
//! | 0 to 96 | the header, written once |
//! | 4,096 to 4,160 | the watermark of even writes |
//! | 8,192 to 8,256 | the watermark of odd writes |
//! | the rest | zeros, all checked |
//!
//! Each part has a page of its own, so that a write that power cuts short damages one of them. A
//! watermark is written in turn into either place: when the last write is torn, the one before is
//! intact. Every field: `docs/log-format.md`.

use undercut_primitives::Digest;

use crate::bytes::{digest_at, first_not_zero, part, u32_at, u64_at};
use crate::error::StoreError;
use undercut_ledger::log::{Head, checksum};

/// Where the frames of a segment start.
pub const HEADER_BYTES: u64 = 12_288;

/// [`HEADER_BYTES`], as a length in memory.
pub(crate) const HEADER_LENGTH: usize = 12_288;

/// The version of the format.
pub const FORMAT_VERSION: u32 = 3;

const NAME: [u8; 8] = *b"UNDERCUT";
const FIELDS: usize = 96;
const PAGE: usize = 4_096;
/// Where the two watermarks stand.
const SLOTS: [usize; 2] = [4_096, 8_192];
const SLOT_LENGTH: usize = 64;

/// What a segment says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    /// Its number, from 0.
    pub number: u32,
    /// The sequence of its first record.
    pub first_sequence: u64,
    /// How many seals are before it.
    pub first_block: u64,
    /// The hash of the last seal before it; zero for the first.
    pub previous: Digest,
}

/// Whether another segment follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continued {
    /// This is the last segment.
    No,
    /// The next segment goes on where this one ends.
    Yes,
}

/// How far a segment is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watermark {
    /// The number of the write, from 1.
    pub write: u64,
    /// All records before this head are acknowledged.
    pub head: Head,
    /// The length of the segment up to there.
    pub bytes: u64,
    /// Whether another segment follows.
    pub continued: Continued,
}

/// What stands in one of the two places for a watermark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Intact(Watermark),
    /// All zero: never written.
    Empty,
    Damaged,
}

/// The beginning of a segment, decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The header.
    pub header: SegmentHeader,
    /// The newest intact watermark.
    pub watermark: Watermark,
    /// Where a watermark is damaged, when one is. The other one is used.
    pub damaged: Option<u64>,
}

impl SegmentHeader {
    /// The beginning of a new segment, in which nothing is acknowledged.
    #[must_use]
    pub fn opening(&self) -> Vec<u8> {
        let mut fields = Vec::with_capacity(HEADER_LENGTH);
        fields.extend(NAME);
        fields.extend(FORMAT_VERSION.to_le_bytes());
        fields.extend(self.number.to_le_bytes());
        fields.extend(self.first_sequence.to_le_bytes());
        fields.extend(self.first_block.to_le_bytes());
        fields.extend(self.previous.as_bytes());
        fields.resize(FIELDS.saturating_sub(4), 0);
        fields.extend(checksum(&fields).to_le_bytes());
        fields.resize(SLOTS[1], 0);
        fields.extend(self.first_watermark().encode());
        fields.resize(HEADER_LENGTH, 0);
        fields
    }

    /// The watermark of a new segment.
    #[must_use]
    pub const fn first_watermark(&self) -> Watermark {
        let head = Head { records: self.first_sequence, hash: self.previous };
        Watermark { write: 1, head, bytes: HEADER_BYTES, continued: Continued::No }
    }

    fn decode(segment: &str, bytes: &[u8]) -> Result<Self, StoreError> {
        let wrong = |offset, what| StoreError::Header { segment: segment.to_owned(), offset, what };
        if part(bytes, 0, 8) != NAME {
            return Err(wrong(0, "this is no segment of a log"));
        }
        if u32_at(bytes, FIELDS.saturating_sub(4)) != checksum(part(bytes, 0, 92)) {
            return Err(wrong(0, "the header was altered: its checksum does not fit"));
        }
        if u32_at(bytes, 8) != FORMAT_VERSION {
            return Err(wrong(8, "the log has another format version than 3"));
        }
        Ok(Self {
            number: u32_at(bytes, 12),
            first_sequence: u64_at(bytes, 16),
            first_block: u64_at(bytes, 24),
            previous: digest_at(bytes, 32),
        })
    }
}

impl Watermark {
    /// Where this one is written.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        if self.write & 1 == 0 { 4_096 } else { 8_192 }
    }

    /// The bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut slot = Vec::with_capacity(SLOT_LENGTH);
        slot.extend(self.write.to_le_bytes());
        slot.extend(self.head.records.to_le_bytes());
        slot.extend(self.bytes.to_le_bytes());
        slot.extend(self.head.hash.as_bytes());
        slot.extend(u32::from(self.continued == Continued::Yes).to_le_bytes());
        slot.extend(checksum(&slot).to_le_bytes());
        slot
    }

    fn decode(slot: &[u8]) -> Option<Self> {
        if u32_at(slot, 60) != checksum(part(slot, 0, 60)) {
            return None;
        }
        let continued = match u32_at(slot, 56) {
            0 => Continued::No,
            1 => Continued::Yes,
            _ => return None,
        };
        let head = Head { records: u64_at(slot, 8), hash: digest_at(slot, 24) };
        let (write, bytes) = (u64_at(slot, 0), u64_at(slot, 16));
        let is_sound = write > 0 && bytes >= HEADER_BYTES;
        is_sound.then_some(Self { write, head, bytes, continued })
    }
}

impl Slot {
    fn decode(bytes: &[u8], place: usize) -> Self {
        let slot = part(bytes, place, SLOT_LENGTH);
        if slot.iter().all(|byte| *byte == 0) {
            return Self::Empty;
        }
        let stands_here = |watermark: &Watermark| watermark.offset() == crate::bytes::to_u64(place);
        Watermark::decode(slot).filter(stands_here).map_or(Self::Damaged, Self::Intact)
    }
}

impl Opening {
    /// Decodes the first [`HEADER_BYTES`] of a segment.
    ///
    /// # Errors
    ///
    /// [`StoreError::Shorter`], [`StoreError::Header`], [`StoreError::Padding`],
    /// [`StoreError::Watermarks`], [`StoreError::WatermarksApart`].
    pub fn decode(segment: &str, bytes: &[u8]) -> Result<Self, StoreError> {
        if bytes.len() < HEADER_LENGTH {
            return Err(StoreError::Shorter {
                segment: segment.to_owned(),
                bytes: crate::bytes::to_u64(bytes.len()),
                expected: HEADER_BYTES,
            });
        }
        let header = SegmentHeader::decode(segment, bytes)?;
        check_padding(segment, bytes)?;
        let (watermark, damaged) = newest(segment, SLOTS.map(|place| Slot::decode(bytes, place)))?;
        Ok(Self { header, watermark, damaged })
    }
}

fn check_padding(segment: &str, bytes: &[u8]) -> Result<(), StoreError> {
    let ends = SLOTS.map(|place| place.saturating_add(SLOT_LENGTH));
    let pages = [(64, 92), (FIELDS, PAGE), (ends[0], SLOTS[1]), (ends[1], HEADER_LENGTH)];
    for (from, to) in pages {
        if let Some((at, found)) = first_not_zero(bytes, from, to) {
            let (segment, offset) = (segment.to_owned(), crate::bytes::to_u64(at));
            return Err(StoreError::Padding { segment, offset, found });
        }
    }
    Ok(())
}

/// The watermark that counts, and the offset of the other when that is damaged.
fn newest(segment: &str, slots: [Slot; 2]) -> Result<(Watermark, Option<u64>), StoreError> {
    let [even, odd] = SLOTS.map(crate::bytes::to_u64);
    match slots {
        [Slot::Intact(first), Slot::Intact(second)] => {
            let (older, newer) =
                if first.write < second.write { (first, second) } else { (second, first) };
            let grew = older.head.records <= newer.head.records && older.bytes <= newer.bytes;
            if older.write.checked_add(1) == Some(newer.write) && grew {
                return Ok((newer, None));
            }
            let (first, second) = (first.write, second.write);
            let segment = segment.to_owned();
            Err(StoreError::WatermarksApart { segment, offset: even, first, second })
        }
        // The first write goes to the odd place; until the second the even one is empty.
        [Slot::Empty, Slot::Intact(odd_one)] if odd_one.write == 1 => Ok((odd_one, None)),
        [_, Slot::Intact(odd_one)] => Ok((odd_one, Some(even))),
        [Slot::Intact(even_one), _] => Ok((even_one, Some(odd))),
        _ => Err(StoreError::Watermarks { segment: segment.to_owned(), offset: even }),
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "small numbers of tests")]
mod tests {
    use super::*;

    const HEADER: SegmentHeader = SegmentHeader {
        number: 7,
        first_sequence: 1_000,
        first_block: 90,
        previous: Digest::from_bytes([3; 32]),
    };

    fn written(writes: &[Watermark]) -> Vec<u8> {
        let mut bytes = HEADER.opening();
        for watermark in writes {
            let at = usize::try_from(watermark.offset()).unwrap();
            bytes[at..at + 64].copy_from_slice(&watermark.encode());
        }
        bytes
    }

    fn write(number: u64) -> Watermark {
        let head = Head { records: 1_000 + number, hash: Digest::from_bytes([9; 32]) };
        let bytes = HEADER_BYTES + number * 100;
        Watermark { write: number, head, bytes, continued: Continued::No }
    }

    #[test]
    fn what_is_written_is_read() {
        let opening = Opening::decode("a", &HEADER.opening()).unwrap();
        let watermark = HEADER.first_watermark();
        assert_eq!(opening, Opening { header: HEADER, watermark, damaged: None });
        let bytes = written(&[write(2), write(3)]);
        let opening = Opening::decode("a", &bytes).unwrap();
        assert_eq!((opening.watermark, opening.damaged), (write(3), None));
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let intact = written(&[write(2), write(3)]);
        for bit in 0..intact.len() * 8 {
            let mut bytes = intact.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let found = Opening::decode("a", &bytes);
            match (bit / 8, found) {
                (4_096..4_160, Ok(opening)) => {
                    assert_eq!((opening.watermark, opening.damaged), (write(3), Some(4_096)));
                }
                (8_192..8_256, Ok(opening)) => {
                    assert_eq!((opening.watermark, opening.damaged), (write(2), Some(8_192)));
                }
                (_, found) => assert!(found.is_err(), "bit {bit}: {found:?}"),
            }
        }
    }

    #[test]
    fn watermarks_that_do_not_follow_each_other_are_refused() {
        let apart = Opening::decode("a", &written(&[write(2), write(5)])).unwrap_err();
        assert_eq!(apart.code().as_str(), "LOG026");
        let mut bytes = written(&[write(2), write(3)]);
        bytes[4_096..4_160].fill(0);
        let opening = Opening::decode("a", &bytes).unwrap();
        assert_eq!(opening.damaged, Some(4_096), "after write 3 the even place is not empty");
        bytes[8_192] ^= 1;
        assert_eq!(Opening::decode("a", &bytes).unwrap_err().code().as_str(), "LOG025");
    }
}
