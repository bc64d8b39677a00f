//! What can be wrong with a log.

use core::fmt;

use undercut_primitives::codec::DecodeError;
use undercut_primitives::{BlockHeight, Code, Digest};

use super::{BODY_BYTES_MAX, BODY_BYTES_MIN};

/// Bytes that are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameBroken {
    /// The bytes end within the frame.
    #[error("is cut off: {missing} more bytes belong here")]
    CutOff {
        /// How many bytes are missing at least.
        missing: usize,
    },
    /// A length that no writer writes.
    #[error("claims {length} bytes, allowed are {BODY_BYTES_MIN} to {BODY_BYTES_MAX}")]
    Length {
        /// The length claimed.
        length: u32,
    },
    /// A byte was changed.
    #[error("was altered: its checksum is {found:08x}, its bytes give {computed:08x}")]
    Checksum {
        /// The checksum in the log.
        found: u32,
        /// The checksum of the bytes.
        computed: u32,
    },
    /// Neither event nor seal.
    #[error("is of kind {found}, which this version does not have")]
    Kind {
        /// The kind.
        found: u8,
    },
}

/// A field of a seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of `Seal`, described there")]
pub enum SealField {
    Index,
    Records,
    RecordsRoot,
    Previous,
    History,
}

impl fmt::Display for SealField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Index => "number of seals before",
            Self::Records => "number of records",
            Self::RecordsRoot => "records root",
            Self::Previous => "seal before",
            Self::History => "root of the seals before",
        })
    }
}

/// A frame that does not follow what is before it: it was replaced, moved or left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfit {
    /// Another number than its place.
    #[error("calls itself record {found}")]
    Sequence {
        /// Which record belongs here.
        expected: u64,
        /// What it calls itself.
        found: u64,
    },
    /// A block that is not after the last.
    #[error("is of block {found}, but block {last} is already sealed")]
    Height {
        /// The height of the last seal.
        last: BlockHeight,
        /// The height of the record.
        found: BlockHeight,
    },
    /// A record of another block than the one that is open.
    #[error("is of block {found}, but block {expected} is not sealed yet")]
    OtherBlock {
        /// The height of the open block.
        expected: BlockHeight,
        /// The height of the record.
        found: BlockHeight,
    },
    /// Not the bytes of a seal.
    #[error("is a seal of {bytes} bytes, which is none")]
    SealBytes {
        /// How many there are.
        bytes: usize,
    },
    /// A seal that counts otherwise.
    #[error("is a seal of other records: its {field} is {found}, expected {expected}")]
    SealNumber {
        /// Which field.
        field: SealField,
        /// The number in the log.
        found: u64,
        /// The number that the records lead to.
        expected: u64,
    },
    /// A seal of other records or of another history.
    #[error("is a seal of other records: its {field} is {found}, expected {expected}")]
    SealDigest {
        /// Which field.
        field: SealField,
        /// The digest in the log.
        found: Digest,
        /// The digest that the records lead to.
        expected: Digest,
    },
    /// There is no next number.
    #[error("comes after the last number there is")]
    End,
}

/// A log that is not what a writer of this format leaves behind. The offset is that of the frame,
/// in bytes from where the reader started.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogBroken {
    /// The bytes are no frame.
    #[error("offset {offset}: record {sequence} {source}")]
    Frame {
        /// Where the frame starts.
        offset: u64,
        /// Which record belongs there.
        sequence: u64,
        /// What is wrong.
        source: FrameBroken,
    },
    /// The record does not follow.
    #[error("offset {offset}: record {sequence} {source}")]
    Unfit {
        /// Where the frame starts.
        offset: u64,
        /// Which record belongs there.
        sequence: u64,
        /// What is wrong.
        source: Unfit,
    },
    /// The hash given with a record in memory is not its own.
    #[error(
        "offset {offset}: record {sequence} was altered: its hash is {found}, its bytes give {computed}"
    )]
    Hash {
        /// Where its frame would start.
        offset: u64,
        /// Which record.
        sequence: u64,
        /// The hash given.
        found: Digest,
        /// The hash of the bytes.
        computed: Digest,
    },
    /// The event is no event of this version.
    #[error("offset {offset}: record {sequence} holds no event of this version: {source}")]
    Event {
        /// Where the frame starts.
        offset: u64,
        /// Which record.
        sequence: u64,
        /// What is wrong with the bytes.
        source: DecodeError,
    },
    /// The bytes end within a block.
    #[error(
        "offset {offset}: the log ends before record {sequence}, within a block; {records} records after its last seal belong to no sealed block"
    )]
    Unsealed {
        /// Where the bytes end.
        offset: u64,
        /// The record that would come next.
        sequence: u64,
        /// Records after the last seal.
        records: u64,
    },
}

impl LogBroken {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Frame { source, .. } => source.code(),
            Self::Unfit { source, .. } => source.code(),
            Self::Hash { .. } => Code::new("LOG004"),
            Self::Event { .. } => Code::new("LOG006"),
            Self::Unsealed { .. } => Code::new("LOG009"),
        }
    }
}

impl FrameBroken {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::new(match self {
            Self::CutOff { .. } => "LOG002",
            Self::Length { .. } => "LOG003",
            Self::Checksum { .. } => "LOG004",
            Self::Kind { .. } => "LOG014",
        })
    }
}

impl Unfit {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::new(match self {
            Self::SealBytes { .. } | Self::SealNumber { .. } | Self::SealDigest { .. } => "LOG005",
            Self::Sequence { .. } | Self::End => "LOG012",
            Self::Height { .. } | Self::OtherBlock { .. } => "LOG015",
        })
    }
}
