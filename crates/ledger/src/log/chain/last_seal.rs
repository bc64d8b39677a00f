//! [`LastSeal`]: what a log goes on from when its records are not at hand.

use serde::{Deserialize, Serialize};
use undercut_primitives::codec::Canonical;

use super::Chain;
use crate::log::proof::SealRecord;
use crate::log::{Entry, Head, Record, SealField, Unfit};
use crate::merkle::Peaks;

/// A seal with its place in the log, and all seals before it by their peaks.
///
/// Who trusts the head that this leads to can trust it all: the hash of the seal binds its place,
/// its number, and through [`history`](crate::log::Seal::history) the peaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct LastSeal {
    /// The seal and its place.
    pub seal: SealRecord,
    /// Over the hashes of the seals before this one.
    pub before: Peaks,
}

impl LastSeal {
    /// A record with `before`, the seals before it; `None` when the record is no seal.
    #[must_use]
    pub fn of<E: Entry>(record: &Record<E>, before: Peaks) -> Option<Self> {
        SealRecord::of_record(record).map(|seal| Self { seal, before })
    }

    /// Where the log stands after the seal.
    ///
    /// # Errors
    ///
    /// [`Unfit`] when the peaks are not those of the seals before this one.
    pub fn chain(&self) -> Result<Chain, Unfit> {
        let Self { seal: SealRecord { height, seal, .. }, before } = self;
        let (found, expected) = (seal.index, before.len());
        if found != expected {
            return Err(Unfit::SealNumber { field: SealField::Index, found, expected });
        }
        let (found, expected) = (seal.history, before.root());
        if found != expected {
            return Err(Unfit::SealDigest { field: SealField::History, found, expected });
        }
        let Head { records, hash } = self.seal.head().map_err(|_| Unfit::End)?;
        let mut history = before.clone();
        history.push(hash);
        let (block, open) = (Peaks::EMPTY, None);
        Ok(Chain { records, height: Some(*height), last: hash, history, block, open })
    }

    /// The head of a log that ends with the seal.
    ///
    /// # Errors
    ///
    /// As [`LastSeal::chain`].
    pub fn head(&self) -> Result<Head, Unfit> {
        self.chain().map(|chain| chain.head())
    }
}

impl Chain {
    /// All seals so far by their peaks; what a [`LastSeal`] of the next block needs.
    #[must_use]
    pub const fn peaks(&self) -> &Peaks {
        &self.history
    }
}
