//! Proofs for who kept a head and nothing else: that a record is in the log, that a seal is, and
//! that one log is the start of another.
//!
//! | proof | says | hashes |
//! | --- | --- | --- |
//! | [`Anchor`] | this seal is in the log with that head | log2(blocks) |
//! | [`RecordProof`] | this record is | log2(records of its block) + log2(blocks) |
//! | [`Extension`] | the log with that older head is the start of the one with that head | 2 log2(blocks) |
//!
//! A checker takes the head, a digest of 32 bytes, from a source of its own. Everything else in a
//! proof is bound: numbers and roots by the hash of a seal, records by their place under a root,
//! paths by their exact length. [`History`] and [`Prover`] make proofs in one pass over the frames.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use undercut_primitives::codec::{Canonical, DecodeError, EncodeError};
use undercut_primitives::{BlockHeight, Code, Digest};

use super::frame::{self, Frame, Kind};
use super::{Entry, Head, Record, Seal};
use crate::merkle;

/// A proof that proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofRefused {
    /// It leads to another head.
    #[error("the proof is of a log with the head {found}, not of {expected}")]
    Head {
        /// The head that it is of.
        found: Digest,
        /// The head asked for.
        expected: Digest,
    },
    /// What is proved does not lie under the root.
    #[error("the {what} does not lie under the root that the proof names")]
    Path {
        /// What is proved.
        what: &'static str,
    },
    /// Numbers that contradict each other.
    #[error("the proof contradicts itself: {0}")]
    Numbers(&'static str),
    /// The record is of no known kind.
    #[error("the record holds no event of this version: {0}")]
    Event(#[from] DecodeError),
    /// The record is larger than a record can be.
    #[error("the record is too large: {0}")]
    Size(#[from] EncodeError),
}

impl ProofRefused {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::new(match self {
            Self::Head { .. } => "LOG050",
            Self::Path { .. } => "LOG051",
            Self::Numbers(_) => "LOG052",
            Self::Event(_) | Self::Size(_) => "LOG053",
        })
    }
}

/// A seal with its place: all that its hash is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct SealRecord {
    /// The sequence of the seal.
    pub sequence: u64,
    /// The height of its block.
    pub height: BlockHeight,
    /// What it binds.
    pub seal: Seal,
}

impl SealRecord {
    /// The seal of a frame; `None` for a frame of another kind.
    #[must_use]
    pub fn of_frame(frame: &Frame<'_>) -> Option<Self> {
        let seal = (frame.kind == Kind::Seal).then(|| Seal::decode(frame.payload, 144).ok());
        Some(Self { sequence: frame.sequence, height: frame.height, seal: seal?? })
    }

    /// The seal of a record; `None` for another record.
    #[must_use]
    pub fn of_record<E: Entry>(record: &Record<E>) -> Option<Self> {
        let seal = *record.event.as_seal()?;
        Some(Self { sequence: record.sequence, height: record.height, seal })
    }

    /// The hash of the seal: the head of the log that ends with it.
    ///
    /// # Errors
    ///
    /// Never: a seal is 144 bytes.
    pub fn hash(&self) -> Result<Digest, EncodeError> {
        let payload = self.seal.encode()?;
        Ok(frame::write(self.sequence, self.height, Kind::Seal, &payload)?.1)
    }

    /// The head of the log that ends with the seal.
    ///
    /// # Errors
    ///
    /// As [`SealRecord::hash`]; the last sequence there is has no next.
    pub fn head(&self) -> Result<Head, EncodeError> {
        Ok(Head { records: self.sequence.checked_add(1).ok_or(EncodeError)?, hash: self.hash()? })
    }
}

/// Shows that a seal is in the log with a given head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct Anchor {
    /// The seal.
    pub seal: SealRecord,
    /// The way to the head; `None` where the seal is the head.
    pub newer: Option<Newer>,
}

/// The way from a seal to a newer head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct Newer {
    /// The seal whose hash is the head.
    pub head: SealRecord,
    /// From the older seal to the root over all seals before the head.
    pub path: Vec<Digest>,
}

impl Anchor {
    /// Checks that the seal is in the log whose head is `head`.
    ///
    /// # Errors
    ///
    /// [`ProofRefused`] when the proof does not show it.
    pub fn check(&self, head: &Digest) -> Result<&SealRecord, ProofRefused> {
        let hash = self.seal.hash()?;
        let Some(newer) = &self.newer else {
            is_head(hash, head)?;
            return Ok(&self.seal);
        };
        is_head(newer.head.hash()?, head)?;
        let (root, size) = (&newer.head.seal.history, newer.head.seal.index);
        let index = self.seal.seal.index;
        if !merkle::check_inclusion(root, size, index, &hash, &newer.path) {
            return Err(ProofRefused::Path { what: "seal" });
        }
        Ok(&self.seal)
    }
}

fn is_head(found: Digest, expected: &Digest) -> Result<(), ProofRefused> {
    let expected = *expected;
    if found == expected { Ok(()) } else { Err(ProofRefused::Head { found, expected }) }
}

/// Shows that a record is in the log with a given head. Of a seal, its [`Anchor`] is the proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct RecordProof {
    /// The sequence of the record.
    pub sequence: u64,
    /// The event in canonical form.
    #[serde(with = "undercut_primitives::hex::text")]
    pub payload: Vec<u8>,
    /// From the record to the root over the records of its block.
    pub path: Vec<Digest>,
    /// The seal of the block, which also says its height, and the way to the head.
    pub anchor: Anchor,
}

impl RecordProof {
    /// Checks that the record is in the log whose head is `head`, and returns it.
    ///
    /// # Errors
    ///
    /// [`ProofRefused`] when the proof does not show it.
    pub fn check<E: Entry>(&self, head: &Digest) -> Result<Record<E>, ProofRefused> {
        let SealRecord { sequence: end, height, seal } = self.anchor.check(head)?;
        let first = end.checked_sub(seal.records);
        let first =
            first.ok_or(ProofRefused::Numbers("the block has more records than the log"))?;
        let index = self.sequence.checked_sub(first);
        let index = index.ok_or(ProofRefused::Numbers("the record comes before the block"))?;
        let (frame, hash) = frame::write(self.sequence, *height, Kind::Event, &self.payload)?;
        if !merkle::check_inclusion(&seal.records_root, seal.records, index, &hash, &self.path) {
            return Err(ProofRefused::Path { what: "record" });
        }
        // What was written is a frame; decoding it asks for the canonical form.
        let read = super::next_frame(&frame).ok().flatten();
        let (frame, _) = read.ok_or(ProofRefused::Numbers("the record is no frame"))?;
        let event = frame.event()?;
        Ok(Record { sequence: self.sequence, height: *height, event, hash })
    }
}

/// Shows that the log with an older head is the start of the log with a newer one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct Extension {
    /// The last seal of the older log.
    pub old: SealRecord,
    /// The last seal of the newer log.
    pub new: SealRecord,
    /// From the older seal to the root over all seals before the newer one. Empty for equal heads.
    pub path: Vec<Digest>,
    /// That the list of all seals before the newer one begins with those before the older one.
    pub consistency: Vec<Digest>,
}

impl Extension {
    /// Checks that the log with the head `old` is the start of the one with the head `new`.
    ///
    /// # Errors
    ///
    /// [`ProofRefused`] when the proof does not show it.
    pub fn check(&self, old: &Digest, new: &Digest) -> Result<(), ProofRefused> {
        let hash = self.old.hash()?;
        is_head(hash, old)?;
        is_head(self.new.hash()?, new)?;
        if hash == *new {
            let is_bare = self.path.is_empty() && self.consistency.is_empty();
            return is_bare.then_some(()).ok_or(ProofRefused::Path { what: "older log" });
        }
        let (before, after) = (&self.old.seal, &self.new.seal);
        if self.old.sequence >= self.new.sequence || self.old.height >= self.new.height {
            return Err(ProofRefused::Numbers("the older head is not before the newer one"));
        }
        if !merkle::check_inclusion(&after.history, after.index, before.index, &hash, &self.path) {
            return Err(ProofRefused::Path { what: "older head" });
        }
        let lists = (&before.history, before.index, &after.history, after.index);
        if !merkle::check_consistency(lists.0, lists.1, lists.2, lists.3, &self.consistency) {
            return Err(ProofRefused::Path { what: "older log" });
        }
        Ok(())
    }
}

/// All seals of a log, from which the ways to its head are made. 32 bytes a block.
#[derive(Clone, Debug, Default)]
pub struct History {
    seals: Vec<Digest>,
    last: Option<SealRecord>,
}

impl History {
    /// Notes a frame that was verified, with its hash. In order, from the first of the log.
    pub fn observe(&mut self, frame: &Frame<'_>, hash: Digest) {
        self.note(SealRecord::of_frame(frame), hash);
    }

    /// [`History::observe`] of a record that is decoded already.
    pub fn observe_record<E: Entry>(&mut self, record: &Record<E>) {
        self.note(SealRecord::of_record(record), record.hash);
    }

    fn note(&mut self, seal: Option<SealRecord>, hash: Digest) {
        if seal.is_some() {
            self.seals.push(hash);
            self.last = seal;
        }
    }

    /// The last seal so far.
    #[must_use]
    pub const fn last(&self) -> Option<&SealRecord> {
        self.last.as_ref()
    }

    /// The place of the seal with this hash, by blocks from 0. O(blocks).
    #[must_use]
    pub fn find(&self, hash: &Digest) -> Option<u64> {
        let index = self.seals.iter().position(|seal| seal == hash)?;
        u64::try_from(index).ok()
    }

    /// The way from a seal of this log to its head; `None` for a seal of another log. O(blocks).
    #[must_use]
    pub fn anchor(&self, seal: SealRecord) -> Option<Anchor> {
        let head = self.last?;
        if seal == head {
            return Some(Anchor { seal, newer: None });
        }
        let path = merkle::inclusion_proof(self.before_last()?, self.place(&seal)?)?;
        Some(Anchor { seal, newer: Some(Newer { head, path }) })
    }

    /// That the log which ended with `old` is the start of this one; `None` for a seal of another
    /// log. O(blocks).
    #[must_use]
    pub fn extension(&self, old: SealRecord) -> Option<Extension> {
        let new = self.last?;
        if old == new {
            return Some(Extension { old, new, path: Vec::new(), consistency: Vec::new() });
        }
        let (seals, place) = (self.before_last()?, self.place(&old)?);
        let path = merkle::inclusion_proof(seals, place)?;
        let consistency = merkle::consistency_proof(seals, place)?;
        Some(Extension { old, new, path, consistency })
    }

    fn before_last(&self) -> Option<&[Digest]> {
        self.seals.split_last().map(|(_, before)| before)
    }

    /// Where a seal stands, if it is of this log.
    fn place(&self, seal: &SealRecord) -> Option<usize> {
        let place = usize::try_from(seal.seal.index).ok()?;
        (self.seals.get(place) == Some(&seal.hash().ok()?)).then_some(place)
    }
}

/// Makes the proof of one record in one pass over the log.
#[derive(Clone, Debug)]
pub struct Prover {
    wanted: u64,
    history: History,
    /// Hashes of the open block, and the payload once it is met.
    block: Vec<Digest>,
    payload: Option<(usize, Vec<u8>)>,
    found: Option<Found>,
}

/// What a proof says of the block of its record.
#[derive(Clone, Debug)]
struct Found {
    seal: SealRecord,
    record: Option<(Vec<u8>, Vec<Digest>)>,
}

/// The proof of an event, or of a seal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub enum Proof {
    /// Of an event.
    Record(RecordProof),
    /// Of a seal.
    Seal(Anchor),
}

impl Prover {
    /// A prover of the record with this sequence.
    #[must_use]
    pub fn new(sequence: u64) -> Self {
        let history = History::default();
        Self { wanted: sequence, history, block: Vec::new(), payload: None, found: None }
    }

    /// Notes a frame that was verified, with its hash. In order, from the first of the log.
    pub fn observe(&mut self, frame: &Frame<'_>, hash: Digest) {
        let seal = SealRecord::of_frame(frame);
        self.note(frame.sequence, seal, hash, || Some(frame.payload.to_vec()));
    }

    /// [`Prover::observe`] of a record that is decoded already.
    pub fn observe_record<E: Entry>(&mut self, record: &Record<E>) {
        let seal = SealRecord::of_record(record);
        self.note(record.sequence, seal, record.hash, || record.event.encode().ok());
    }

    fn note(
        &mut self,
        sequence: u64,
        seal: Option<SealRecord>,
        hash: Digest,
        payload: impl FnOnce() -> Option<Vec<u8>>,
    ) {
        self.history.note(seal, hash);
        if self.found.is_some() {
            return;
        }
        let Some(seal) = seal else {
            if sequence == self.wanted {
                self.payload = payload().map(|payload| (self.block.len(), payload));
            }
            self.block.push(hash);
            return;
        };
        let block = core::mem::take(&mut self.block);
        let record = self
            .payload
            .take()
            .and_then(|(index, payload)| Some((payload, merkle::inclusion_proof(&block, index)?)));
        if record.is_some() || sequence == self.wanted {
            self.found = Some(Found { seal, record });
        }
    }

    /// The proof; `None` when the log has no such record.
    #[must_use]
    pub fn finish(self) -> Option<Proof> {
        let Found { seal, record } = self.found?;
        let anchor = self.history.anchor(seal)?;
        Some(match record {
            Some((payload, path)) => {
                Proof::Record(RecordProof { sequence: self.wanted, payload, path, anchor })
            }
            None => Proof::Seal(anchor),
        })
    }
}
