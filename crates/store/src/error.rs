//! Why a store cannot do what it is asked, with the place.

use std::io;

use undercut_primitives::{Code, Digest};

use undercut_ledger::log::{FrameBroken, Head, Unfit};

/// A folder that is no log, a log that is not what its writer left, or a disk that fails.
///
/// An `offset` counts bytes from the start of the file; a `sequence` is the number of a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The disk refuses.
    #[error("{file}: cannot {action}: {cause}")]
    Disk {
        /// Which file, or `the folder`.
        file: String,
        /// What was to be done.
        action: &'static str,
        /// What kind of failure it is.
        kind: io::ErrorKind,
        /// What the disk says.
        cause: String,
    },
    /// Another writer holds the folder. Let it finish, or close it.
    #[error("another process writes this log")]
    Locked,
    /// The folder holds no segment.
    #[error("the folder holds no log")]
    NoLog,
    /// Something that is no regular file has the name of a log's file.
    #[error("{file}: it has the name of a log's file, and is no regular file")]
    NoFile {
        /// The name.
        file: String,
    },
    /// The first bytes of a segment are not what a writer leaves.
    #[error("{segment}: offset {offset}: {what}")]
    Header {
        /// Which file.
        segment: String,
        /// Where.
        offset: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// A byte between fields is not zero.
    #[error("{segment}: offset {offset}: a byte is {found} that belongs to no field and must be 0")]
    Padding {
        /// Which file.
        segment: String,
        /// Where.
        offset: u64,
        /// The byte.
        found: u8,
    },
    /// Neither watermark can be read, so nobody knows what was acknowledged.
    #[error("{segment}: offset {offset}: neither watermark is intact")]
    Watermarks {
        /// Which file.
        segment: String,
        /// Where the first one stands.
        offset: u64,
    },
    /// The two watermarks were not written one after the other.
    #[error("{segment}: offset {offset}: watermarks {first} and {second} do not follow each other")]
    WatermarksApart {
        /// Which file.
        segment: String,
        /// Where the first one stands.
        offset: u64,
        /// The number of the write in the first place.
        first: u64,
        /// The number of the write in the second place.
        second: u64,
    },
    /// A segment is not the one that belongs in its place.
    #[error("{segment}: offset {offset}: its {field} is {found}, here belongs {expected}")]
    OutOfPlace {
        /// Which file.
        segment: String,
        /// Where the field stands.
        offset: u64,
        /// Which field.
        field: &'static str,
        /// What it says.
        found: String,
        /// What it should say.
        expected: String,
    },
    /// A segment that others speak of is not there.
    #[error("the segment that starts with record {sequence} is missing")]
    Missing {
        /// Its first record.
        sequence: u64,
    },
    /// A segment ends before its watermark.
    #[error("{segment}: offset {bytes}: the file ends here, its watermark says {expected} bytes")]
    Shorter {
        /// Which file.
        segment: String,
        /// Its length.
        bytes: u64,
        /// What was acknowledged.
        expected: u64,
    },
    /// A segment that is continued in another has bytes after its end.
    #[error("{segment}: offset {expected}: the segment ends here, but the file has {bytes} bytes")]
    Longer {
        /// Which file.
        segment: String,
        /// Its length.
        bytes: u64,
        /// What was acknowledged.
        expected: u64,
    },
    /// The acknowledged bytes hold other records than the watermark says.
    #[error(
        "{segment}: offset {offset}: the bytes end with record {found} and {found_hash}, \
         acknowledged are records before {expected} and {expected_hash}"
    )]
    Disagrees {
        /// Which file.
        segment: String,
        /// Where the acknowledged bytes end.
        offset: u64,
        /// The number of the next record by the bytes.
        found: u64,
        /// The hash of the last seal by the bytes.
        found_hash: Digest,
        /// The number of the next record by the watermark.
        expected: u64,
        /// The hash of the last seal by the watermark.
        expected_hash: Digest,
    },
    /// An acknowledged frame is broken.
    #[error("{segment}: offset {offset}: record {sequence} {source}")]
    Frame {
        /// Which file.
        segment: String,
        /// Where the frame starts.
        offset: u64,
        /// Which record belongs here.
        sequence: u64,
        /// What is wrong.
        source: FrameBroken,
    },
    /// An acknowledged record does not follow from those before.
    #[error("{segment}: offset {offset}: record {sequence} {source}")]
    Record {
        /// Which file.
        segment: String,
        /// Where the frame starts.
        offset: u64,
        /// Which record belongs here.
        sequence: u64,
        /// What is wrong.
        source: Unfit,
    },
    /// A snapshot is damaged.
    #[error("{snapshot}: offset {offset}: {what}")]
    Snapshot {
        /// Which file.
        snapshot: String,
        /// Where.
        offset: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// The log has no such head: the snapshot, or what was kept of another run, is of another log
    /// or of a later state.
    #[error("the log has no seal as record {} with hash {}", .head.records.saturating_sub(1), .head.hash)]
    NotInLog {
        /// The head looked for.
        head: Head,
    },
    /// The chain given with blocks does not stand after them.
    #[error("the chain with head {} does not stand after the blocks that came with it", .head.hash)]
    WrongChain {
        /// Its head.
        head: Head,
    },
    /// The bytes to append are no whole blocks, or do not follow.
    #[error("offset {offset} of what was appended: record {sequence} {source}")]
    Refused {
        /// How far into the bytes given.
        offset: u64,
        /// Which record belongs there.
        sequence: u64,
        /// What is wrong.
        source: Unfit,
    },
    /// The bytes to append hold a broken frame.
    #[error("offset {offset} of what was appended: record {sequence} {source}")]
    RefusedFrame {
        /// How far into the bytes given.
        offset: u64,
        /// Which record belongs there.
        sequence: u64,
        /// What is wrong.
        source: FrameBroken,
    },
    /// The bytes to append do not end with a seal.
    #[error("the block to append ends after record {sequence}, which is no seal")]
    NotSealed {
        /// The last record given.
        sequence: u64,
    },
    /// A write or a sync failed before. Open the log again.
    #[error("the writer stopped after a failure: {cause}")]
    Poisoned {
        /// The failure.
        cause: String,
    },
    /// More of something than the format has room for.
    #[error("{what} has no room in the format")]
    TooLarge {
        /// Which thing.
        what: &'static str,
    },
}

impl StoreError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::new(match self {
            Self::Disk { .. } => "LOG020",
            Self::Locked => "LOG021",
            Self::NoLog => "LOG022",
            Self::NoFile { .. } => "LOG039",
            Self::Header { .. } => "LOG023",
            Self::Padding { .. } => "LOG024",
            Self::Watermarks { .. } => "LOG025",
            Self::WatermarksApart { .. } => "LOG026",
            Self::OutOfPlace { .. } => "LOG027",
            Self::Missing { .. } => "LOG028",
            Self::Shorter { .. } => "LOG029",
            Self::Longer { .. } => "LOG030",
            Self::Disagrees { .. } => "LOG031",
            Self::Frame { source, .. } | Self::RefusedFrame { source, .. } => return source.code(),
            Self::Record { source, .. } | Self::Refused { source, .. } => return source.code(),
            Self::Snapshot { .. } => "LOG032",
            Self::NotInLog { .. } => "LOG033",
            Self::NotSealed { .. } => "LOG034",
            Self::WrongChain { .. } => "LOG042",
            Self::Poisoned { .. } => "LOG035",
            Self::TooLarge { .. } => "LOG036",
        })
    }

    /// Wraps what a disk says.
    pub(crate) fn disk(file: &str, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        let file = file.to_owned();
        move |error| {
            let (kind, cause) = (error.kind(), error.to_string());
            Self::Disk { file, action, kind, cause }
        }
    }
}
