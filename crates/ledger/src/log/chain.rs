//! [`Chain`]: where a log stands, in O(log n) digests, for whoever writes or verifies it.

mod last_seal;

pub use last_seal::LastSeal;

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use undercut_primitives::codec::{Canonical, DecodeError, EncodeError};
use undercut_primitives::{BlockHeight, Digest};

use super::frame::{self, Frame, Kind};
use super::{Entry, Head, LogBroken, Record, Seal, SealField, Unfit};
use crate::merkle::Peaks;

/// Where a log stands: what the next record has to follow.
///
/// Holds two Merkle trees by their peaks: over the records of the open block, and over all seals.
/// In canonical form between blocks it is a few hundred bytes, so a snapshot can carry it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct Chain {
    /// Records so far, those of the open block included.
    records: u64,
    /// Height of the last seal.
    height: Option<BlockHeight>,
    /// Hash of the last seal.
    last: Digest,
    /// Over the hashes of all seals.
    history: Peaks,
    /// Over the hashes of the open block's records.
    block: Peaks,
    /// Height of the open block, once it has a record.
    open: Option<BlockHeight>,
}

impl Chain {
    /// Before the first record.
    pub const EMPTY: Self = Self {
        records: 0,
        height: None,
        last: Digest::ZERO,
        history: Peaks::EMPTY,
        block: Peaks::EMPTY,
        open: None,
    };

    /// The records so far, those of an open block included, and the hash of the last seal. Between
    /// blocks it stands for everything before.
    #[must_use]
    pub const fn head(&self) -> Head {
        Head { records: self.records, hash: self.last }
    }

    /// How many blocks are sealed.
    #[must_use]
    pub const fn seals(&self) -> u64 {
        self.history.len()
    }

    /// The height of the last seal.
    #[must_use]
    pub const fn height(&self) -> Option<BlockHeight> {
        self.height
    }

    /// Whether the last record is a seal, or there is none.
    #[must_use]
    pub const fn is_between_blocks(&self) -> bool {
        self.block.is_empty()
    }

    /// Records of the open block so far.
    #[must_use]
    pub const fn open_records(&self) -> u64 {
        self.block.len()
    }

    /// The root over the hashes of all seals so far.
    #[must_use]
    pub fn history(&self) -> Digest {
        self.history.root()
    }

    /// Makes `event` the next record, and returns it with its frame.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] for an event of more than [`super::BODY_BYTES_MAX`] bytes with its record,
    /// for a height that cannot follow, and for a seal, which only [`Chain::seal`] makes.
    pub fn append<E: Entry>(
        &mut self,
        height: BlockHeight,
        event: E,
    ) -> Result<(Record<E>, Vec<u8>), EncodeError> {
        let (record, frame) = frame_of(self.records, height, event)?;
        self.push(&record).map_err(|_| EncodeError)?;
        Ok((record, frame))
    }

    /// Takes a record that [`frame_of`] made as the next one.
    ///
    /// # Errors
    ///
    /// [`Unfit`] when it does not follow, or is a seal; the chain stands where it stood.
    pub fn push<E: Entry>(&mut self, record: &Record<E>) -> Result<(), Unfit> {
        self.check_place(record.sequence, record.height)?;
        match record.event.as_seal() {
            Some(seal) => self.take_seal(record.height, seal, record.hash),
            None => self.take_event(record.height, record.hash),
        }
    }

    /// Ends the block, and returns the seal with its frame.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] for a height that cannot follow, or an end of numbers.
    pub fn seal<E: Entry>(
        &mut self,
        height: BlockHeight,
        state_root: Digest,
    ) -> Result<(Record<E>, Vec<u8>), EncodeError> {
        let seal = Seal {
            index: self.seals(),
            records: self.block.len(),
            records_root: self.block.root(),
            state_root,
            previous: self.last,
            history: self.history.root(),
        };
        let (record, frame) = frame_of(self.records, height, E::from_seal(seal))?;
        self.push(&record).map_err(|_| EncodeError)?;
        Ok((record, frame))
    }

    /// Verifies that a frame follows, and moves on. `hash` is [`Frame::hash`]'s, perhaps made on
    /// another core. An event is not decoded. O(1), a seal O(log seals).
    ///
    /// # Errors
    ///
    /// [`Unfit`]; the chain stands where it stood then.
    pub fn accept(&mut self, frame: &Frame<'_>, hash: Digest) -> Result<(), Unfit> {
        self.check_place(frame.sequence, frame.height)?;
        match frame.kind {
            Kind::Event => self.take_event(frame.height, hash),
            Kind::Seal => {
                let seal = Seal::decode(frame.payload, frame.payload.len());
                let seal = seal.map_err(|_| Unfit::SealBytes { bytes: frame.payload.len() })?;
                self.take_seal(frame.height, &seal, hash)
            }
        }
    }

    fn check_place(&self, sequence: u64, height: BlockHeight) -> Result<(), Unfit> {
        if sequence != self.records {
            return Err(Unfit::Sequence { expected: self.records, found: sequence });
        }
        match (self.open, self.height) {
            (Some(open), _) if open != height => {
                Err(Unfit::OtherBlock { expected: open, found: height })
            }
            (None, Some(last)) if height <= last => Err(Unfit::Height { last, found: height }),
            _ => Ok(()),
        }
    }

    fn take_event(&mut self, height: BlockHeight, hash: Digest) -> Result<(), Unfit> {
        self.records = self.records.checked_add(1).ok_or(Unfit::End)?;
        self.block.push(hash);
        self.open = Some(height);
        Ok(())
    }

    fn take_seal(&mut self, height: BlockHeight, seal: &Seal, hash: Digest) -> Result<(), Unfit> {
        let numbers = [
            (SealField::Index, seal.index, self.seals()),
            (SealField::Records, seal.records, self.block.len()),
        ];
        for (field, found, expected) in numbers {
            if found != expected {
                return Err(Unfit::SealNumber { field, found, expected });
            }
        }
        let digests = [
            (SealField::RecordsRoot, seal.records_root, self.block.root()),
            (SealField::Previous, seal.previous, self.last),
            (SealField::History, seal.history, self.history.root()),
        ];
        for (field, found, expected) in digests {
            if found != expected {
                return Err(Unfit::SealDigest { field, found, expected });
            }
        }
        self.records = self.records.checked_add(1).ok_or(Unfit::End)?;
        (self.height, self.last, self.open) = (Some(height), hash, None);
        self.history.push(hash);
        self.block = Peaks::EMPTY;
        Ok(())
    }
}

/// The record that `event` becomes as number `sequence`, and its frame. Nothing is chained yet, so
/// a host can see whether its events can be recorded before it makes them true.
///
/// # Errors
///
/// [`EncodeError`] for an event of more than [`super::BODY_BYTES_MAX`] bytes with its record.
pub fn frame_of<E: Entry>(
    sequence: u64,
    height: BlockHeight,
    event: E,
) -> Result<(Record<E>, Vec<u8>), EncodeError> {
    let mut bytes = Vec::new();
    let hash = frame::write_frame_into(&mut bytes, sequence, height, &event)?;
    Ok((Record { sequence, height, event, hash }, bytes))
}

/// Recomputes every hash and link of records in memory, from where the log stands before them.
/// They may end within a block.
///
/// # Errors
///
/// [`LogBroken`] with the first record that does not fit; its offset counts frames from the first.
pub fn verify<'a, E: Entry + Clone + 'a>(
    from: &Chain,
    records: impl IntoIterator<Item = &'a Record<E>>,
) -> Result<Chain, LogBroken> {
    let (mut chain, mut offset) = (from.clone(), 0_u64);
    for record in records {
        let sequence = chain.head().records;
        let made = frame_of(record.sequence, record.height, record.event.clone());
        let (computed, frame) = made.map_err(|_| LogBroken::Event {
            offset,
            sequence,
            source: DecodeError::NotCanonical,
        })?;
        if computed.hash != record.hash {
            let (found, computed) = (record.hash, computed.hash);
            return Err(LogBroken::Hash { offset, sequence, found, computed });
        }
        chain.push(record).map_err(|source| LogBroken::Unfit { offset, sequence, source })?;
        offset = offset.saturating_add(u64::try_from(frame.len()).unwrap_or_default());
    }
    Ok(chain)
}
