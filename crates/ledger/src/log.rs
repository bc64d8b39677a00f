//! The hash-chained log: every event is one [`Record`], and every record holds the hash of the one
//! before.
//!
//! A log in bytes is a header and then one frame per record, all integers little-endian:
//!
//! | bytes | field |
//! | --- | --- |
//! | 8 | `UNDERCUT` |
//! | 2 | format version, 2 |
//! | *per record* | |
//! | 4 | length of the body, at most [`BODY_BYTES_MAX`] |
//! | 8 | body: sequence, from 0 without gaps |
//! | 8 | body: height of the block |
//! | 32 | body: hash of the record before, zero for the first |
//! | rest | body: the event in its canonical form |
//! | 32 | SHA-256 of the name-space `undercut/record/v1` and the body |
//!
//! A changed byte breaks the hash of its record; a record replaced together with its hash breaks
//! the link of the next; a log cut or replaced at the end is noticed by comparing its head with
//! one kept elsewhere.

use alloc::vec::Vec;
use core::marker::PhantomData;

use serde::{Deserialize, Serialize};
use undercut_primitives::codec::{Canonical, DecodeError, EncodeError};
use undercut_primitives::crypto::{self, Namespace};
use undercut_primitives::{BlockHeight, Code, Digest};

const RECORD: Namespace = Namespace("undercut/record/v1");

/// The first bytes of every log: its name and the version of its format.
pub const HEADER: [u8; 10] = *b"UNDERCUT\x02\x00";

/// The most bytes that a record's body may have.
pub const BODY_BYTES_MAX: usize = undercut_primitives::codec::ENCODED_BYTES_MAX;

/// Sequence, height, previous hash.
const PREFIX_BYTES: usize = 8 + 8 + 32;

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<E> {
    /// Its position, from 0 without gaps.
    pub sequence: u64,
    /// The block it belongs to.
    pub height: BlockHeight,
    /// The hash of the record before.
    pub previous: Digest,
    /// What happened.
    pub event: E,
    /// The record's own hash.
    pub hash: Digest,
}

/// The end of a log: how many records it has, and the hash of the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Records in the log; the sequence of the next one.
    pub records: u64,
    /// The hash of the last record, zero when there is none.
    pub hash: Digest,
}

impl Head {
    /// The head before the first record.
    pub const EMPTY: Self = Self { records: 0, hash: Digest::ZERO };

    /// Makes `event` the next record, and returns its frame with it.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] for an event of more than [`BODY_BYTES_MAX`] bytes.
    pub fn chain<E: Canonical>(
        self,
        height: BlockHeight,
        event: E,
    ) -> Result<(Record<E>, Head, Vec<u8>), EncodeError> {
        let payload = event.encode()?;
        let mut frame = Vec::with_capacity(payload.len().saturating_add(128));
        frame.extend([0; 4]);
        frame.extend(self.records.to_le_bytes());
        frame.extend(height.to_u64().to_le_bytes());
        frame.extend(self.hash.as_bytes());
        frame.extend(payload);
        let (length, body) = frame.split_first_chunk_mut::<4>().ok_or(EncodeError)?;
        if body.len() > BODY_BYTES_MAX {
            return Err(EncodeError);
        }
        *length = u32::try_from(body.len()).map_err(|_| EncodeError)?.to_le_bytes();
        let hash = crypto::digest(RECORD, body);
        frame.extend(hash.as_bytes());
        let record = Record { sequence: self.records, height, previous: self.hash, event, hash };
        // A log of 2^64 records cannot be written in the life of the universe.
        let head = Head { records: self.records.checked_add(1).ok_or(EncodeError)?, hash };
        Ok((record, head, frame))
    }
}

/// A log that is not what a writer of this format leaves behind. The offset is that of the frame,
/// in bytes from the start of the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogBroken {
    /// The first bytes are not the header.
    #[error("offset 0: this is no log of format version 2")]
    Header,
    /// The bytes end within a record.
    #[error("offset {offset}: record {sequence} is cut off: {missing} more bytes belong here")]
    CutOff {
        /// Where the record starts.
        offset: u64,
        /// Which record.
        sequence: u64,
        /// How many bytes are missing at least.
        missing: u64,
    },
    /// A length that no writer writes.
    #[error(
        "offset {offset}: record {sequence} claims {length} bytes, allowed are {least} to {most}"
    )]
    Length {
        /// Where the record starts.
        offset: u64,
        /// Which record.
        sequence: u64,
        /// The length claimed.
        length: u32,
        /// The least allowed.
        least: u32,
        /// The most allowed.
        most: u32,
    },
    /// The hash is not that of the body: a byte of the record was changed.
    #[error(
        "offset {offset}: record {sequence} was altered: its hash is {found}, its bytes give {computed}"
    )]
    Altered {
        /// Where the record starts.
        offset: u64,
        /// Which record.
        sequence: u64,
        /// The hash in the log.
        found: Digest,
        /// The hash of the bytes.
        computed: Digest,
    },
    /// The record does not follow the one before it: a record was replaced, moved or left out.
    #[error(
        "offset {offset}: record {sequence} does not follow the one before: it names {found}, expected {expected}"
    )]
    Unlinked {
        /// Where the record starts.
        offset: u64,
        /// Which record was expected here.
        sequence: u64,
        /// The previous hash it names.
        found: Digest,
        /// The hash of the record before.
        expected: Digest,
    },
    /// The record has another number than its place.
    #[error("offset {offset}: record {sequence} calls itself record {found}")]
    Misnumbered {
        /// Where the record starts.
        offset: u64,
        /// Which record belongs here.
        sequence: u64,
        /// What it calls itself.
        found: u64,
    },
    /// The event is no event of this version.
    #[error("offset {offset}: record {sequence} holds no event of this version: {source}")]
    Event {
        /// Where the record starts.
        offset: u64,
        /// Which record.
        sequence: u64,
        /// What is wrong with the bytes.
        source: DecodeError,
    },
}

impl LogBroken {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::new(match self {
            Self::Header => "LOG001",
            Self::CutOff { .. } => "LOG002",
            Self::Length { .. } => "LOG003",
            Self::Altered { .. } => "LOG004",
            Self::Unlinked { .. } => "LOG005",
            Self::Event { .. } => "LOG006",
            Self::Misnumbered { .. } => "LOG012",
        })
    }
}

/// Reads and verifies the records of a log in bytes, one after the other.
///
/// Ends with the first [`LogBroken`]; everything before it is verified. Never reads beyond the
/// bytes, and allocates no more than one record.
#[derive(Clone, Debug)]
pub struct Reader<'a, E> {
    rest: &'a [u8],
    offset: u64,
    head: Head,
    state: ReaderState,
    event: PhantomData<E>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReaderState {
    AtHeader,
    AtFrame,
    Ended,
}

impl<'a, E: Canonical> Reader<'a, E> {
    /// A reader at the start of a log.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            offset: 0,
            head: Head::EMPTY,
            state: ReaderState::AtHeader,
            event: PhantomData,
        }
    }

    /// The head after the records read so far.
    #[must_use]
    pub const fn head(&self) -> Head {
        self.head
    }

    /// Where the next record starts, in bytes from the start of the log.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], LogBroken> {
        let Some((taken, rest)) = self.rest.split_at_checked(length) else {
            let missing = length.saturating_sub(self.rest.len());
            return Err(LogBroken::CutOff {
                offset: self.offset,
                sequence: self.head.records,
                missing: u64::try_from(missing).unwrap_or(u64::MAX),
            });
        };
        self.rest = rest;
        Ok(taken)
    }

    fn digest(&mut self) -> Result<Digest, LogBroken> {
        let bytes = self.take(32)?;
        Ok(bytes.first_chunk().map_or(Digest::ZERO, |bytes| Digest::from_bytes(*bytes)))
    }

    fn number(bytes: &[u8]) -> u64 {
        bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }

    fn header(&mut self) -> Result<(), LogBroken> {
        let header = self.take(HEADER.len()).map_err(|_| LogBroken::Header)?;
        if header != HEADER {
            return Err(LogBroken::Header);
        }
        self.offset = u64::try_from(HEADER.len()).unwrap_or_default();
        Ok(())
    }

    fn record(&mut self) -> Result<Record<E>, LogBroken> {
        let (offset, Head { records: sequence, hash: expected }) = (self.offset, self.head);
        let before = self.rest.len();
        let length = self.take(4)?.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
        let body_length = usize::try_from(length).unwrap_or(usize::MAX);
        if !(PREFIX_BYTES..=BODY_BYTES_MAX).contains(&body_length) {
            let least = u32::try_from(PREFIX_BYTES).unwrap_or_default();
            let most = u32::try_from(BODY_BYTES_MAX).unwrap_or(u32::MAX);
            return Err(LogBroken::Length { offset, sequence, length, least, most });
        }
        let body = self.take(body_length)?;
        let found = self.digest()?;
        let computed = crypto::digest(RECORD, body);
        if found != computed {
            return Err(LogBroken::Altered { offset, sequence, found, computed });
        }
        let (prefix, payload) = body.split_at_checked(PREFIX_BYTES).unwrap_or((body, &[]));
        let (numbers, previous) = prefix.split_at_checked(16).unwrap_or((prefix, &[]));
        let (own_sequence, height) = numbers.split_at_checked(8).unwrap_or((numbers, &[]));
        let previous = previous.first_chunk().map_or(Digest::ZERO, |b| Digest::from_bytes(*b));
        if previous != expected {
            return Err(LogBroken::Unlinked { offset, sequence, found: previous, expected });
        }
        let found_sequence = Self::number(own_sequence);
        if found_sequence != sequence {
            return Err(LogBroken::Misnumbered { offset, sequence, found: found_sequence });
        }
        let event = E::decode(payload, BODY_BYTES_MAX).map_err(|source| LogBroken::Event {
            offset,
            sequence,
            source,
        })?;
        let used = u64::try_from(before.saturating_sub(self.rest.len())).unwrap_or_default();
        self.offset = self.offset.saturating_add(used);
        self.head = Head { records: sequence.saturating_add(1), hash: found };
        let height = BlockHeight::new(Self::number(height));
        Ok(Record { sequence, height, previous, event, hash: found })
    }
}

impl<E: Canonical> Iterator for Reader<'_, E> {
    type Item = Result<Record<E>, LogBroken>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.state == ReaderState::AtHeader {
            self.state = ReaderState::AtFrame;
            if let Err(broken) = self.header() {
                self.state = ReaderState::Ended;
                return Some(Err(broken));
            }
        }
        if self.state == ReaderState::Ended || self.rest.is_empty() {
            return None;
        }
        let record = self.record();
        if record.is_err() {
            self.state = ReaderState::Ended;
        }
        Some(record)
    }
}

/// Recomputes every hash and link of records in memory, from the head before them.
///
/// # Errors
///
/// [`LogBroken`] with the first record that does not fit; its offset counts frames from `from`.
pub fn verify<'a, E: Canonical + Clone + 'a>(
    from: Head,
    records: impl IntoIterator<Item = &'a Record<E>>,
) -> Result<Head, LogBroken> {
    let (mut head, mut offset) = (from, 0_u64);
    for record in records {
        let sequence = head.records;
        if record.previous != head.hash {
            let (found, expected) = (record.previous, head.hash);
            return Err(LogBroken::Unlinked { offset, sequence, found, expected });
        }
        if record.sequence != sequence {
            return Err(LogBroken::Misnumbered { offset, sequence, found: record.sequence });
        }
        let found = record.hash;
        let chained = head.chain(record.height, record.event.clone());
        let (computed, next, frame) = chained.map_err(|_| LogBroken::Event {
            offset,
            sequence,
            source: DecodeError::NotCanonical,
        })?;
        if computed.hash != found {
            let computed = computed.hash;
            return Err(LogBroken::Altered { offset, sequence, found, computed });
        }
        offset = offset.saturating_add(u64::try_from(frame.len()).unwrap_or_default());
        head = next;
    }
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Event = (u32, Vec<u8>);

    fn log(records: u32) -> (Vec<u8>, Head) {
        let (mut bytes, mut head) = (HEADER.to_vec(), Head::EMPTY);
        for number in 0..records {
            let event: Event = (number, vec![7; usize::try_from(number).unwrap()]);
            let height = BlockHeight::new(u64::from(number));
            let (_, next, frame) = head.chain(height, event).unwrap();
            bytes.extend(frame);
            head = next;
        }
        (bytes, head)
    }

    fn read(bytes: &[u8]) -> (Vec<Record<Event>>, Option<LogBroken>, Head) {
        let (mut reader, mut records) = (Reader::new(bytes), Vec::new());
        for record in &mut reader {
            match record {
                Ok(record) => records.push(record),
                Err(broken) => return (records, Some(broken), reader.head()),
            }
        }
        (records, None, reader.head())
    }

    #[test]
    fn what_is_written_is_read() {
        let (bytes, head) = log(5);
        let (records, broken, read_head) = read(&bytes);
        assert_eq!((records.len(), broken, read_head), (5, None, head));
        assert_eq!(verify(Head::EMPTY, &records), Ok(head));
    }

    #[test]
    fn every_flipped_bit_is_noticed_in_its_record() {
        let (bytes, _) = log(4);
        let (records, ..) = read(&bytes);
        let mut starts = vec![0, HEADER.len()];
        for record in &records {
            let length = 4 + PREFIX_BYTES + record.event.encode().unwrap().len() + 32;
            starts.push(starts.last().unwrap() + length);
        }
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let (_, broken, head) = read(&damaged);
            assert!(broken.is_some(), "bit {bit}");
            let intact = starts[1..].iter().filter(|start| **start <= bit / 8).count();
            let intact = u64::try_from(intact.saturating_sub(1)).unwrap();
            assert_eq!(head.records, intact, "bit {bit}: {broken:?}");
        }
    }

    #[test]
    fn every_cut_is_noticed_or_leaves_a_shorter_log() {
        let (bytes, head) = log(4);
        for length in 0..bytes.len() {
            let (_, broken, cut_head) = read(&bytes[..length]);
            assert!(broken.is_some() || cut_head.records < head.records, "at {length}");
        }
    }

    #[test]
    fn records_swapped_or_dropped_do_not_link() {
        let (bytes, _) = log(4);
        let (mut records, ..) = read(&bytes);
        records.remove(1);
        assert!(matches!(
            verify(Head::EMPTY, &records),
            Err(LogBroken::Unlinked { sequence: 1, .. })
        ));
    }
}
