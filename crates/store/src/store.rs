//! What a host needs of a place to keep a log, and two such places.

use std::ops::ControlFlow;

use undercut_ledger::log::{Chain, Frame, Head, next_frame};

use crate::bytes::to_usize;
use crate::error::StoreError;
use crate::folder::SharedDisk;
use crate::reading::frames_from;
use crate::recover::Recovered;
use crate::snapshot::{self, SNAPSHOTS_KEPT, Snapshot};
use crate::writer::{Options, Writer, accept};

/// A place to keep a log: whole blocks go in, and what is acknowledged stays.
///
/// [`conformance::check`](crate::conformance::check) says whether an implementation keeps to this.
pub trait Store {
    /// Why it refuses.
    type Error: std::error::Error;

    /// Adds the frames of one or more whole blocks, after verifying that they follow. Nothing is
    /// acknowledged yet.
    ///
    /// # Errors
    ///
    /// For blocks that do not follow, which are not added; and when the place fails.
    fn append(&mut self, blocks: &[u8]) -> Result<(), Self::Error>;

    /// Goes on towards acknowledging what was appended, and says what is acknowledged now.
    ///
    /// # Errors
    ///
    /// When the place fails. Nothing is acknowledged after that.
    fn commit(&mut self) -> Result<Head, Self::Error>;

    /// Acknowledges everything appended.
    ///
    /// # Errors
    ///
    /// As for [`Store::commit`].
    fn flush(&mut self) -> Result<Head, Self::Error>;

    /// Everything before this head stays, whatever happens.
    fn acknowledged(&self) -> Head;

    /// Where the log stands after everything appended.
    fn chain(&self) -> &Chain;

    /// Hands out the frames of acknowledged records from `sequence` on, until `each` says stop.
    ///
    /// # Errors
    ///
    /// When the place fails, or holds something else than was put there.
    fn frames_from(
        &self,
        sequence: u64,
        each: &mut dyn FnMut(&Frame<'_>) -> ControlFlow<()>,
    ) -> Result<(), Self::Error>;

    /// Keeps a state of the host at the head after everything appended, which is acknowledged
    /// first. Older states may go, but for one.
    ///
    /// # Errors
    ///
    /// As for [`Store::commit`].
    fn save_snapshot(&mut self, payload: &[u8]) -> Result<Head, Self::Error>;

    /// The newest state that can be used; its head is in the log.
    ///
    /// # Errors
    ///
    /// When the place fails.
    fn newest_snapshot(&self) -> Result<Option<Snapshot>, Self::Error>;
}

/// A log in memory, for tests and for hosts that keep it elsewhere.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    frames: Vec<u8>,
    /// Where each record starts.
    starts: Vec<u64>,
    acknowledged: Head,
    chain: Chain,
    snapshots: Vec<Snapshot>,
}

impl MemoryStore {
    /// An empty log.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Store for MemoryStore {
    type Error = StoreError;

    fn append(&mut self, blocks: &[u8]) -> Result<(), StoreError> {
        self.chain = accept(&self.chain, blocks)?;
        let mut rest = blocks;
        while let Ok(Some((_, used))) = next_frame(rest) {
            self.starts.push(crate::bytes::to_u64(self.frames.len()));
            let (frame, after) = rest.split_at_checked(used).unwrap_or((rest, &[]));
            self.frames.extend(frame);
            rest = after;
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<Head, StoreError> {
        self.acknowledged = self.chain.head();
        Ok(self.acknowledged)
    }

    fn flush(&mut self) -> Result<Head, StoreError> {
        self.commit()
    }

    fn acknowledged(&self) -> Head {
        self.acknowledged
    }

    fn chain(&self) -> &Chain {
        &self.chain
    }

    fn frames_from(
        &self,
        sequence: u64,
        each: &mut dyn FnMut(&Frame<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let start = self.starts.get(to_usize(sequence)).copied();
        let start = start.map_or(self.frames.len(), to_usize);
        let mut rest = self.frames.get(start..).unwrap_or_default();
        while let Ok(Some((frame, used))) = next_frame(rest) {
            let is_acknowledged = frame.sequence < self.acknowledged.records;
            if !is_acknowledged || each(&frame).is_break() {
                break;
            }
            rest = rest.get(used..).unwrap_or_default();
        }
        Ok(())
    }

    fn save_snapshot(&mut self, payload: &[u8]) -> Result<Head, StoreError> {
        let head = self.flush()?;
        let height = self.chain.height().unwrap_or_default();
        self.snapshots.retain(|kept| kept.head != head);
        self.snapshots.push(Snapshot { head, height, payload: payload.to_vec() });
        let old = self.snapshots.len().saturating_sub(SNAPSHOTS_KEPT);
        self.snapshots.drain(..old);
        Ok(head)
    }

    fn newest_snapshot(&self) -> Result<Option<Snapshot>, StoreError> {
        Ok(self.snapshots.last().cloned())
    }
}

/// A log in a folder: [`Writer`] and what reads beside it.
#[derive(Debug)]
pub struct FileStore {
    disk: SharedDisk,
    writer: Writer,
}

impl FileStore {
    /// Opens the log of a folder and brings it in order; makes one where there is none.
    ///
    /// # Errors
    ///
    /// As for [`Writer::open`].
    pub fn open(disk: SharedDisk, options: Options) -> Result<(Self, Recovered), StoreError> {
        let (writer, recovered) = Writer::open(disk.clone(), options)?;
        Ok((Self { disk, writer }, recovered))
    }

    /// The writer.
    #[must_use]
    pub const fn writer(&self) -> &Writer {
        &self.writer
    }

    /// Flushes and lets go of the folder.
    ///
    /// # Errors
    ///
    /// As for [`Writer::close`].
    pub fn close(self) -> Result<Head, StoreError> {
        self.writer.close()
    }
}

impl Store for FileStore {
    type Error = StoreError;

    fn append(&mut self, blocks: &[u8]) -> Result<(), StoreError> {
        self.writer.append(blocks)
    }

    fn commit(&mut self) -> Result<Head, StoreError> {
        self.writer.commit()
    }

    fn flush(&mut self) -> Result<Head, StoreError> {
        self.writer.flush()
    }

    fn acknowledged(&self) -> Head {
        self.writer.acknowledged()
    }

    fn chain(&self) -> &Chain {
        self.writer.chain()
    }

    fn frames_from(
        &self,
        sequence: u64,
        each: &mut dyn FnMut(&Frame<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        frames_from(&*self.disk, sequence, each)
    }

    fn save_snapshot(&mut self, payload: &[u8]) -> Result<Head, StoreError> {
        self.writer.save_snapshot(payload)
    }

    fn newest_snapshot(&self) -> Result<Option<Snapshot>, StoreError> {
        Ok(snapshot::newest(&*self.disk)?.newest)
    }
}
