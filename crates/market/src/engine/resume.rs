//! An engine that goes on from a snapshot or from a replayed log, and what it proves.

use super::Engine;
use crate::{Snapshot, SnapshotError, State, StateEntryProof, StateKey};
use undercut_ledger::log::LastSeal;

impl Engine {
    /// Where the engine stands, between two blocks. O(state).
    ///
    /// # Errors
    ///
    /// [`SnapshotError::WithinBlock`] or [`SnapshotError::Stopped`].
    pub fn snapshot(&self) -> Result<Snapshot, SnapshotError> {
        if self.has_stopped {
            return Err(SnapshotError::Stopped);
        }
        match &self.last {
            Some(last) if self.block.is_none() => Snapshot::take(last, &self.state),
            _ => Err(SnapshotError::WithinBlock),
        }
    }

    /// The engine that stands where the snapshot was taken. Given the same blocks, and the bank as it
    /// was then, it writes the same records as the one that the snapshot is of. O(state).
    ///
    /// # Errors
    ///
    /// [`SnapshotError`] from `Seal` on, when the entries are not what the seal says. Whether the
    /// seal is one that you trust is yours to ask: compare [`Snapshot::head`].
    pub fn restore(snapshot: Snapshot) -> Result<Self, SnapshotError> {
        let (last, state) = snapshot.into_state()?;
        Self::resumed(state, last)
    }

    /// The engine after `last`, which seals `state`.
    pub(crate) fn resumed(state: State, last: LastSeal) -> Result<Self, SnapshotError> {
        let chain = last.chain()?;
        let (last, block, has_stopped) = (Some(last), None, false);
        let (postings, last_sizes, room) = Default::default();
        Ok(Self { state, chain, last, block, has_stopped, postings, last_sizes, room })
    }

    /// A proof that an entry of the state has the value that it has, for who knows the state root of
    /// the last seal alone. `None` where there is no such entry, and within a block, whose state no
    /// seal vouches for. O(log n).
    pub fn prove(&mut self, key: &StateKey) -> Option<StateEntryProof> {
        if self.block.is_some() {
            return None;
        }
        self.state.prove(key)
    }
}
