//! What goes wrong on the simulated disk, and when.

use std::io::{self, ErrorKind};

use super::state::Change;

/// A way in which an operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Any operation fails (`EIO`) and changes nothing.
    Broken,
    /// A write, a new file or a rename finds no room (`ENOSPC`) and changes nothing.
    NoSpace,
    /// A write writes the first half, and says so.
    ShortWrite,
    /// A write writes the first half, and says that it wrote everything.
    LyingWrite,
    /// A signal interrupts any operation (`EINTR`), which changes nothing.
    Interrupted,
    /// A sync fails (`EIO`).
    FailedSync(Dirty),
    /// A sync does nothing, and says that it did.
    LyingSync,
}

/// What a sync that fails leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dirty {
    /// What was written may still come to last by the next sync.
    Kept,
    /// What was written counts as synced, and is lost with the power.
    Dropped,
}

/// How often a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// Once.
    Once,
    /// From then on always.
    Forever,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Faults {
    planned: Vec<(u64, Fault, Times)>,
    planned_reads: Vec<(u64, Times)>,
    struck: bool,
}

impl Faults {
    pub(super) fn add(&mut self, from: u64, fault: Fault, times: Times) {
        self.planned.push((from, fault, times));
    }

    pub(super) fn add_read(&mut self, from: u64, times: Times) {
        self.planned_reads.push((from, times));
    }

    pub(super) const fn has_struck(&self) -> bool {
        self.struck
    }

    /// What becomes of a change, and what the caller hears.
    pub(super) fn strike(&mut self, number: u64, change: Change) -> (Change, io::Result<()>) {
        let is_due =
            |(from, fault, _): &(u64, Fault, Times)| *from <= number && fault.strikes(&change);
        let Some(index) = self.planned.iter().position(is_due) else {
            return (change, Ok(()));
        };
        self.struck = true;
        let fault = match self.planned.get(index) {
            Some((_, fault, Times::Forever)) => *fault,
            _ => self.planned.remove(index).1,
        };
        fault.bend(change)
    }

    pub(super) fn strike_read(&mut self, number: u64) -> io::Result<()> {
        let is_due = |(from, _): &(u64, Times)| *from <= number;
        let Some(index) = self.planned_reads.iter().position(is_due) else { return Ok(()) };
        self.struck = true;
        if matches!(self.planned_reads.get(index), Some((_, Times::Once))) {
            self.planned_reads.remove(index);
        }
        Err(broken())
    }
}

impl Fault {
    fn strikes(self, change: &Change) -> bool {
        let is_sync = matches!(change, Change::Sync { .. } | Change::SyncFolder);
        match self {
            Self::Broken | Self::Interrupted => true,
            Self::NoSpace => matches!(
                change,
                Change::Write { .. } | Change::Create { .. } | Change::Rename { .. }
            ),
            Self::ShortWrite | Self::LyingWrite => {
                matches!(change, Change::Write { bytes, .. } if bytes.len() > 1)
            }
            Self::FailedSync(_) | Self::LyingSync => is_sync,
        }
    }

    fn bend(self, change: Change) -> (Change, io::Result<()>) {
        match (self, change) {
            (Self::ShortWrite, Change::Write { file, offset, bytes }) => {
                let bytes = first_half(&bytes);
                (Change::Write { file, offset, bytes }, Ok(()))
            }
            (Self::LyingWrite, Change::Write { file, offset, bytes }) => {
                let (told, bytes) = (bytes.len(), first_half(&bytes));
                (Change::PartOf { told, file, offset, bytes }, Ok(()))
            }
            (Self::LyingSync, _) => (Change::Nothing, Ok(())),
            (Self::FailedSync(Dirty::Dropped), Change::Sync { file }) => {
                (Change::Forget { file }, Err(broken()))
            }
            (Self::NoSpace, _) => (Change::Nothing, Err(ErrorKind::StorageFull.into())),
            (Self::Interrupted, _) => (Change::Nothing, Err(ErrorKind::Interrupted.into())),
            _ => (Change::Nothing, Err(broken())),
        }
    }
}

fn first_half(bytes: &[u8]) -> std::sync::Arc<[u8]> {
    bytes.get(..bytes.len() >> 1).unwrap_or_default().into()
}

/// What Linux says for `EIO`, in words that no number of a system changes.
fn broken() -> io::Error {
    io::Error::other("input or output error")
}
