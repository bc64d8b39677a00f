//! [`Snapshot`]: where an engine stands between two blocks, so that another can go on from there.
//!
//! A snapshot holds the last seal with its place in the log, and every entry of the state. Nothing
//! else is needed, and nothing in it has to be believed: the entries lead to the state root in the
//! seal, the seal's hash is the head of the log, and the seal binds all seals before it. So whoever
//! knows the head ([`Snapshot::head`]) of a log that it trusts can take a snapshot from anyone.
//!
//! Balances outside escrow are not in it: they are the host's bank's, which keeps them beside
//! ([`MemoryBank::to_bytes`](undercut_ledger::MemoryBank::to_bytes)), as of the same block.
//!
//! In bytes, little-endian:
//!
//! | offset | bytes | field |
//! | --- | --- | --- |
//! | 0 | 8 | version of this form, 1 |
//! | 8 | 4 | length p of the place |
//! | 12 | p | place: [`LastSeal`] in canonical form |
//! | 12 + p | 8 | number of entries |
//! | 20 + p | | entries, ascending by key |
//!
//! An entry is the length of its key in 4 bytes, the key in canonical form, the length of its value
//! in 4 bytes, the value in canonical form. A value has at most 4 MiB, all together any number.

use alloc::vec::Vec;

use undercut_ledger::log::{Head, LastSeal, Unfit};
use undercut_primitives::codec::{Canonical, DecodeError, ENCODED_BYTES_MAX};
use undercut_primitives::pieces::{self, Pieces};
use undercut_primitives::{BlockHeight, Code, Digest, Misfit};

use crate::{GenesisError, State, StateKey};

/// The version of the bytes.
const VERSION: u64 = 1;

/// The most bytes of a place: a seal, and 64 peaks.
const PLACE_BYTES_MAX: usize = 4_096;

/// The most bytes of a key.
const KEY_BYTES_MAX: usize = 1_024;

/// Where an engine stands between two blocks: the last seal, and every entry of the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    last: LastSeal,
    entries: Vec<(StateKey, Vec<u8>)>,
}

impl Snapshot {
    /// The snapshot of a state that `last` seals.
    pub(crate) fn take(last: &LastSeal, state: &State) -> Result<Self, SnapshotError> {
        Ok(Self { last: last.clone(), entries: state.entries()? })
    }

    /// The last seal, and its place in the log.
    #[must_use]
    pub const fn last(&self) -> &LastSeal {
        &self.last
    }

    /// The head of the log at the snapshot.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Seal`] for a snapshot that was made up.
    pub fn head(&self) -> Result<Head, SnapshotError> {
        Ok(self.last.head()?)
    }

    /// The block after which it was taken.
    #[must_use]
    pub const fn height(&self) -> BlockHeight {
        self.last.seal.height
    }

    /// The entries of the state, ascending by key.
    #[must_use]
    pub fn entries(&self) -> &[(StateKey, Vec<u8>)] {
        &self.entries
    }

    /// The snapshot in bytes, as this module's table says.
    ///
    /// # Errors
    ///
    /// None for a snapshot that an engine gave.
    pub fn encode(&self) -> Result<Vec<u8>, SnapshotError> {
        let mut bytes = VERSION.to_le_bytes().to_vec();
        let place = self.last.encode().and_then(|place| pieces::push(&mut bytes, &place));
        place.map_err(|_| Misfit::new("the place of the seal is too large to be written"))?;
        bytes.extend(u64::try_from(self.entries.len()).unwrap_or(u64::MAX).to_le_bytes());
        for (key, value) in &self.entries {
            let named = key.encode().and_then(|key| pieces::push(&mut bytes, &key));
            let pushed = named.and_then(|()| pieces::push(&mut bytes, value));
            pushed.map_err(|_| SnapshotError::EntryTooLarge { key: *key })?;
        }
        Ok(bytes)
    }

    /// The snapshot whose byte form `bytes` is. That it fits together shows when it is used.
    ///
    /// Allocates no more than the entries that are there.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Version`], [`SnapshotError::Bytes`] or [`SnapshotError::Order`] for bytes
    /// that [`Snapshot::encode`] would not have written.
    pub fn decode(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut pieces = Pieces::new(bytes);
        let read = read(&mut pieces);
        read.map_err(|error| match error {
            Unread::At(source) => SnapshotError::Bytes { offset: pieces.offset(), source },
            Unread::Refused(error) => error,
        })
    }

    /// The state of the snapshot, checked against the seal.
    pub(crate) fn into_state(self) -> Result<(LastSeal, State), SnapshotError> {
        self.last.chain()?;
        let mut state = State::from_entries(self.entries)?;
        let (found, sealed) = (state.height(), self.last.seal.height);
        if found != sealed {
            return Err(SnapshotError::Height { found, sealed });
        }
        let (found, sealed) = (state.root(), self.last.seal.seal.state_root);
        if found != sealed {
            return Err(SnapshotError::Root { found, sealed });
        }
        Ok((self.last, state))
    }
}

/// Why bytes could not be read: where the offset is still to be told, or all is said.
enum Unread {
    At(DecodeError),
    Refused(SnapshotError),
}

impl From<DecodeError> for Unread {
    fn from(source: DecodeError) -> Self {
        Self::At(source)
    }
}

fn read(pieces: &mut Pieces<'_>) -> Result<Snapshot, Unread> {
    let found = pieces.number()?;
    if found != VERSION {
        return Err(Unread::Refused(SnapshotError::Version { found, known: VERSION }));
    }
    let last = pieces.value(PLACE_BYTES_MAX)?;
    let mut entries: Vec<(StateKey, Vec<u8>)> = Vec::new();
    for _ in 0..pieces.number()? {
        let key = pieces.value(KEY_BYTES_MAX)?;
        if entries.last().is_some_and(|(last, _)| *last >= key) {
            return Err(Unread::Refused(SnapshotError::Order { key }));
        }
        entries.push((key, pieces.piece(ENCODED_BYTES_MAX)?.to_vec()));
    }
    pieces.end()?;
    Ok(Snapshot { last, entries })
}

/// A snapshot that cannot be taken, or that nothing can be made of. Variants stand in the order of
/// checking.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// A block is open, or not even genesis is sealed: snapshots are of what a seal says.
    #[error("no snapshot within a block: the next is possible after its seal")]
    WithinBlock,
    /// The engine stopped for good; what it holds may be half-done.
    #[error("no snapshot of an engine that has stopped")]
    Stopped,
    /// Another version of the bytes, or no snapshot at all.
    #[error("the snapshot is of version {found}, known is {known}")]
    Version {
        /// Which.
        found: u64,
        /// The one that can be read.
        known: u64,
    },
    /// The bytes are cut off or damaged.
    #[error("the snapshot cannot be read at byte {offset}: {source}")]
    Bytes {
        /// The first byte after what was read, or a few before.
        offset: usize,
        /// Why not.
        source: DecodeError,
    },
    /// The seal and the seals before it do not belong together.
    #[error("the seal of the snapshot does not follow: {0}")]
    Seal(#[from] Unfit),
    /// Entries do not ascend, or one is there twice.
    #[error("the entry {key:?} is not after the one before it")]
    Order {
        /// Which.
        key: StateKey,
    },
    /// The value of an entry has more than 4 MiB.
    #[error("the entry {key:?} is too large to be written")]
    EntryTooLarge {
        /// Which.
        key: StateKey,
    },
    /// The value of an entry is none of its kind.
    #[error("the entry {key:?} has no value: {source}")]
    Value {
        /// Which.
        key: StateKey,
        /// Why not.
        source: DecodeError,
    },
    /// An entry is that of another name.
    #[error("the entry {key:?} holds a value of another name")]
    Name {
        /// What it is called.
        key: StateKey,
    },
    /// An entry that every state has.
    #[error("there is no entry {key:?}")]
    Missing {
        /// Which.
        key: StateKey,
    },
    /// Entries that contradict each other.
    #[error("the entries do not fit together: {0}")]
    Contradiction(#[from] Misfit),
    /// A genesis or parameters that no market can work with.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
    /// The state is of another block than the seal.
    #[error("the entries are of block {found}, the seal is of block {sealed}")]
    Height {
        /// The block of the entries.
        found: BlockHeight,
        /// The block of the seal.
        sealed: BlockHeight,
    },
    /// The state is not the one that was sealed.
    #[error("the entries have the root {found}, sealed is {sealed}")]
    Root {
        /// The root of the entries.
        found: Digest,
        /// The root in the seal.
        sealed: Digest,
    },
}

impl SnapshotError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::new(match self {
            Self::Genesis(error) => return error.code(),
            Self::WithinBlock => "SNP001",
            Self::Stopped => "SNP002",
            Self::Version { .. } => "SNP003",
            Self::Bytes { .. } => "SNP004",
            Self::Seal(_) => "SNP005",
            Self::Order { .. } => "SNP006",
            Self::EntryTooLarge { .. } => "SNP007",
            Self::Value { .. } => "SNP008",
            Self::Name { .. } => "SNP009",
            Self::Missing { .. } => "SNP010",
            Self::Contradiction(_) => "SNP011",
            Self::Height { .. } => "SNP012",
            Self::Root { .. } => "SNP013",
        })
    }
}
