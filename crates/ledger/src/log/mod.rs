//! The hash-chained log: every event is a [`Record`], records of a block lie under a Merkle root,
//! and a [`Seal`] per block binds that root, the state, and every seal before.
//!
//! A log in bytes is one block after the other; a block is its records and then its seal. Each
//! record is one frame, all integers little-endian:
//!
//! | bytes | field |
//! | --- | --- |
//! | 4 | length of the body, 17 to [`BODY_BYTES_MAX`] |
//! | 4 | CRC-32 of the body |
//! | 8 | body: sequence, from 0 without gaps |
//! | 8 | body: height of the block |
//! | 1 | body: kind, 0 for an event, 1 for a seal |
//! | rest | body: the event in its canonical form, or the 144 bytes of the seal |
//!
//! The hash of a record is that of its body; it is not stored. The seal of a block holds the root
//! over the hashes of its records, the hash of the seal before, and the root over all seals before.
//! So the hash of the last seal stands for every byte: a changed byte breaks the checksum of its
//! frame, a replaced record the root of its block, a replaced block the next seal. And it is short
//! to prove what lies under it: see [`proof`]. A log cut after a seal, or made anew, is noticed by
//! comparing its head with one kept elsewhere.
//!
//! The log knows nothing of markets: [`Entry`] is all that it asks of an event. Hashes of records
//! depend on nothing before them, so many cores can make them: [`Frame::hash`], then
//! [`Chain::accept`] in order.

mod chain;
mod error;
mod frame;
pub mod proof;
mod reader;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use undercut_primitives::codec::Canonical;
use undercut_primitives::{BlockHeight, Digest};

pub use chain::{Chain, LastSeal, frame_of, verify};
pub use error::{FrameBroken, LogBroken, SealField, Unfit};
pub use frame::{
    BODY_BYTES_MAX, BODY_BYTES_MIN, FRAME_HEADER_BYTES, Frame, Kind, checksum, next_frame,
    write_frame_into,
};
pub use reader::Reader;

/// The version of the format, for whatever holds a log.
pub const VERSION: u32 = 3;

/// What a block ends with: all that leads up to it, in five digests.
///
/// In canonical form 144 bytes, the fields in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct Seal {
    /// How many seals come before this one.
    pub index: u64,
    /// Records of the block, without the seal.
    pub records: u64,
    /// Root over the hashes of these records, in order.
    pub records_root: Digest,
    /// Root of the state that the block left; [`Digest::ZERO`] where the log's user has none.
    pub state_root: Digest,
    /// Hash of the seal before; [`Digest::ZERO`] for the first.
    pub previous: Digest,
    /// Root over the hashes of all seals before, in order.
    pub history: Digest,
}

/// What a log can hold: an event with a canonical form, of which one shape is the seal of a block.
pub trait Entry: Canonical {
    /// The event that stands for a seal.
    fn from_seal(seal: Seal) -> Self;

    /// The seal, if the event stands for one.
    fn as_seal(&self) -> Option<&Seal>;
}

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<E> {
    /// Its position, from 0 without gaps; seals count.
    pub sequence: u64,
    /// The block it belongs to.
    pub height: BlockHeight,
    /// What happened.
    pub event: E,
    /// The record's hash: `undercut/record/v2` over the body of its frame.
    pub hash: Digest,
}

/// The end of a log: how many records it has, and the hash of the last seal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct Head {
    /// Records in the log; the sequence of the next one.
    pub records: u64,
    /// The hash of the last seal, zero when there is none.
    pub hash: Digest,
}

impl Head {
    /// The head before the first record.
    pub const EMPTY: Self = Self { records: 0, hash: Digest::ZERO };
}
