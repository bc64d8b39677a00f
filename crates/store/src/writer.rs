//! The one writer of a log: whole blocks in, acknowledged when they and the watermark last.
//!
//! | call | writes | syncs | acknowledged after it |
//! | --- | --- | --- | --- |
//! | [`append`](Writer::append) | nothing; blocks gather in a group | – | as before |
//! | [`commit`](Writer::commit) | the group, and the watermark of the group before | once | the group before |
//! | [`flush`](Writer::flush) | the same, until nothing is left | at most twice | everything |
//!
//! So a steady stream costs one sync for each group. **A failed or short write, or a failed sync,
//! stops the writer for good**: every later call fails, and nothing is acknowledged any more, for
//! nobody knows what of it lasts. Opening the log again finds out.

use crate::bytes::{to_u64, to_usize};
use crate::disk::{DiskFile, DiskLock, write_all_at};
use crate::error::StoreError;
use crate::folder::SharedDisk;
use crate::recover::{
    self, Ready, Recovered, create_segment, next_write, set_len, sync_data, write_watermark,
};
use crate::segment::{Continued, SegmentHeader, Watermark};
use crate::snapshot;
use undercut_ledger::log::{BODY_BYTES_MIN, Chain, FRAME_HEADER_BYTES, Head, Kind, next_frame};

/// The frame of a seal: its header, what every body has, and the 144 bytes of the seal.
const SEAL_FRAME_BYTES: usize = FRAME_HEADER_BYTES + BODY_BYTES_MIN + 144;

/// At most so many zeros are written at once to take room in advance, up to a multiple of it: the
/// system then keeps the file in large aligned pieces, and a group that is written over them later
/// costs a fifth less than over many small ones.
const ZEROS_MAX: u64 = 1 << 20;

/// The sizes of a writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// A segment of at least this many bytes is followed by another. Default 1 GiB.
    pub segment_bytes: u64,
    /// The least room that is taken in advance, in bytes. Default 64 KiB.
    pub ahead_bytes_min: u64,
    /// The most room that is taken in advance, in bytes. Default 64 MiB. In between it is as much
    /// as the segment has already.
    pub ahead_bytes_max: u64,
    /// A group that would become larger is committed before the next block is added. Default 16 MiB.
    pub group_bytes_max: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            segment_bytes: 1 << 30,
            ahead_bytes_min: 64 << 10,
            ahead_bytes_max: 64 << 20,
            group_bytes_max: 16 << 20,
        }
    }
}

impl Options {
    /// Sizes for tests: segments of `segment_bytes`, and 256 bytes in advance.
    #[must_use]
    pub const fn small(segment_bytes: u64) -> Self {
        let ahead = 256;
        Self {
            segment_bytes,
            ahead_bytes_min: ahead,
            ahead_bytes_max: ahead,
            group_bytes_max: 16 << 20,
        }
    }
}

/// A position between blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    head: Head,
    seals: u64,
    /// The length of the segment up to there.
    bytes: u64,
}

/// The segment that is written to.
#[derive(Debug)]
struct Current {
    file: Box<dyn DiskFile>,
    name: String,
    header: SegmentHeader,
    watermark: Watermark,
    /// The length of the file, with the room taken in advance.
    size: u64,
}

/// The one writer of a log. A steady stream of commits costs one sync each; after a failure it stops
/// for good.
#[derive(Debug)]
pub struct Writer {
    disk: SharedDisk,
    options: Options,
    current: Current,
    /// After everything appended.
    chain: Chain,
    group: Vec<u8>,
    /// After what is written and synced.
    synced: Mark,
    acknowledged: Head,
    poisoned: Option<String>,
    /// Held until the writer goes.
    _lock: Box<dyn DiskLock>,
}

impl Writer {
    /// Opens the log of a folder, verifies all of it, and brings it in order; makes one where there
    /// is none.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when another writer is there, the disk fails, or acknowledged bytes are
    /// damaged or missing.
    pub fn open(disk: SharedDisk, options: Options) -> Result<(Self, Recovered), StoreError> {
        Self::open_at(disk, options, Chain::EMPTY)
    }

    /// [`Writer::open`], verifying only what comes after `chain`: one that was kept with a
    /// snapshot of this log.
    ///
    /// # Errors
    ///
    /// As for [`Writer::open`], and [`StoreError::NotInLog`] when the log has no such head.
    pub fn open_at(
        disk: SharedDisk,
        options: Options,
        chain: Chain,
    ) -> Result<(Self, Recovered), StoreError> {
        let (ready, recovered) = recover::open(&disk, chain)?;
        let Ready { lock, file, name, header, watermark, chain } = ready;
        let bytes = watermark.bytes;
        let synced = Mark { head: chain.head(), seals: chain.seals(), bytes };
        let writer = Self {
            disk,
            options,
            current: Current { file, name, header, watermark, size: bytes },
            acknowledged: chain.head(),
            chain,
            group: Vec::new(),
            synced,
            poisoned: None,
            _lock: lock,
        };
        Ok((writer, recovered))
    }

    /// Everything before this head lasts.
    #[must_use]
    pub const fn acknowledged(&self) -> Head {
        self.acknowledged
    }

    /// Where the log stands after everything appended.
    #[must_use]
    pub const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The bytes appended and not yet written.
    #[must_use]
    pub fn group_bytes(&self) -> u64 {
        to_u64(self.group.len())
    }

    /// Adds the frames of one or more whole blocks to the group, after verifying them. Commits the
    /// group first when it would become too large.
    ///
    /// # Errors
    ///
    /// [`StoreError::RefusedFrame`], [`StoreError::Refused`], [`StoreError::NotSealed`] for bytes
    /// that do not follow; they are not added, and the writer goes on. Otherwise as for
    /// [`Writer::commit`].
    pub fn append(&mut self, blocks: &[u8]) -> Result<(), StoreError> {
        self.check()?;
        let chain = accept(&self.chain, blocks)?;
        self.make_room(blocks.len())?;
        self.group.extend_from_slice(blocks);
        self.chain = chain;
        Ok(())
    }

    /// [`Writer::append`] for a host whose own chain made the blocks, and stands after them now: it
    /// is believed, so nothing is hashed twice, and the first blocks of a group are not even copied. What is looked at is that the first record comes
    /// next and that the last seal is the chain's. A host that changes a byte in between writes a
    /// log that is refused.
    ///
    /// # Errors
    ///
    /// [`StoreError::WrongChain`] when `chain` does not stand after these blocks; they are not
    /// added, and the writer goes on. Otherwise as for [`Writer::commit`].
    pub fn append_chained(&mut self, blocks: Vec<u8>, chain: &Chain) -> Result<(), StoreError> {
        self.check()?;
        if !follows(&self.chain, &blocks, chain) {
            return Err(StoreError::WrongChain { head: chain.head() });
        }
        self.make_room(blocks.len())?;
        if self.group.is_empty() {
            self.group = blocks;
        } else {
            self.group.extend(blocks);
        }
        self.chain.clone_from(chain);
        Ok(())
    }

    /// Commits the group when it would become too large.
    fn make_room(&mut self, bytes: usize) -> Result<(), StoreError> {
        let grown = to_u64(self.group.len()).saturating_add(to_u64(bytes));
        if !self.group.is_empty() && grown > self.options.group_bytes_max {
            self.commit()?;
        }
        Ok(())
    }

    /// Takes room for that many bytes in advance, at most to the end of the segment, so that the
    /// groups that fill it cost one write and one sync each. Without it, room is taken in steps.
    ///
    /// # Errors
    ///
    /// As for [`Writer::commit`].
    pub fn reserve(&mut self, bytes: u64) -> Result<(), StoreError> {
        self.check()?;
        let end = self.synced.bytes.saturating_add(bytes).min(self.options.segment_bytes);
        let taken = match end > self.current.size {
            true => self.fill(self.current.size, end).and_then(|()| {
                self.current.size = end;
                sync_data(&*self.current.file, &self.current.name)
            }),
            false => Ok(()),
        };
        self.poison_if_failed(taken)
    }

    /// Writes the group and acknowledges the one before; says what is acknowledged now.
    ///
    /// # Errors
    ///
    /// [`StoreError::Disk`] when the disk fails; from then on [`StoreError::Poisoned`].
    pub fn commit(&mut self) -> Result<Head, StoreError> {
        self.check()?;
        let done = self.round();
        self.poison_if_failed(done)?;
        Ok(self.acknowledged)
    }

    /// Writes and acknowledges everything appended.
    ///
    /// # Errors
    ///
    /// As for [`Writer::commit`].
    pub fn flush(&mut self) -> Result<Head, StoreError> {
        self.commit()?;
        self.commit()
    }

    /// Keeps a state of the host at the head after everything appended, which is flushed first.
    /// The newest two snapshots stay.
    ///
    /// # Errors
    ///
    /// As for [`Writer::commit`], and [`StoreError::TooLarge`].
    pub fn save_snapshot(&mut self, payload: &[u8]) -> Result<Head, StoreError> {
        if to_u64(payload.len()) > snapshot::PAYLOAD_BYTES_MAX {
            return Err(StoreError::TooLarge { what: "the content of a snapshot" });
        }
        let head = self.flush()?;
        let height = self.chain.height().unwrap_or_default();
        let saved = snapshot::save(&*self.disk, head, height, payload);
        self.poison_if_failed(saved)?;
        Ok(head)
    }

    /// Flushes, gives back the room taken in advance, and lets go of the folder.
    ///
    /// # Errors
    ///
    /// As for [`Writer::commit`].
    pub fn close(mut self) -> Result<Head, StoreError> {
        let head = self.flush()?;
        self.trim()?;
        Ok(head)
    }

    fn check(&self) -> Result<(), StoreError> {
        match &self.poisoned {
            Some(cause) => Err(StoreError::Poisoned { cause: cause.clone() }),
            None => Ok(()),
        }
    }

    fn poison_if_failed(&mut self, done: Result<(), StoreError>) -> Result<(), StoreError> {
        if let Err(error) = &done {
            self.poisoned = Some(error.to_string());
        }
        done
    }

    /// One round: the group, the watermark of what was synced before, one sync.
    fn round(&mut self) -> Result<(), StoreError> {
        if !self.group.is_empty() && self.synced.bytes >= self.options.segment_bytes.max(1) {
            let has_blocks = self.synced.head.records > self.current.header.first_sequence;
            if has_blocks {
                self.rotate()?;
            }
        }
        let before = self.synced;
        let is_new = before.head != self.acknowledged;
        if self.group.is_empty() && !is_new {
            return Ok(());
        }
        let written = self.write_group()?;
        if is_new {
            self.write_mark(before, Continued::No)?;
        }
        sync_data(&*self.current.file, &self.current.name)?;
        self.acknowledged = before.head;
        self.synced = written;
        self.group.clear();
        Ok(())
    }

    /// Writes the group after what is written, with room in advance, and says where it ends.
    fn write_group(&mut self) -> Result<Mark, StoreError> {
        if self.group.is_empty() {
            return Ok(self.synced);
        }
        let start = self.synced.bytes;
        let too_large = || StoreError::TooLarge { what: "the length of a segment" };
        let end = start.checked_add(to_u64(self.group.len())).ok_or_else(too_large)?;
        let wrong = StoreError::disk(&self.current.name, "write it");
        write_all_at(&*self.current.file, &self.group, start).map_err(wrong)?;
        if end > self.current.size {
            self.take_room(end)?;
        }
        Ok(Mark { head: self.chain.head(), seals: self.chain.seals(), bytes: end })
    }

    /// Writes zeros after `end`, so that the next groups neither grow the file nor take new blocks
    /// of the disk: their sync is then one write and no more.
    fn take_room(&mut self, end: u64) -> Result<(), StoreError> {
        let (least, most) = (self.options.ahead_bytes_min, self.options.ahead_bytes_max);
        let ahead = end.max(least).min(most);
        // No more than the segment will come to have.
        let until = end.saturating_add(ahead).min(self.options.segment_bytes.max(end));
        self.fill(end, until)?;
        self.current.size = until.max(end);
        Ok(())
    }

    /// Writes zeros.
    fn fill(&self, from: u64, until: u64) -> Result<(), StoreError> {
        let zeros = vec![0; to_usize(until.saturating_sub(from).min(ZEROS_MAX))];
        let mut at = from;
        while at < until {
            let aligned = at.saturating_add(1).checked_next_multiple_of(ZEROS_MAX);
            let end = aligned.unwrap_or(until).min(until);
            let piece = zeros.get(..to_usize(end.saturating_sub(at))).unwrap_or_default();
            let wrong = StoreError::disk(&self.current.name, "take room in advance");
            write_all_at(&*self.current.file, piece, at).map_err(wrong)?;
            at = end;
        }
        Ok(())
    }

    fn write_mark(&mut self, mark: Mark, continued: Continued) -> Result<(), StoreError> {
        let next = next_write(self.current.watermark)?;
        let watermark = Watermark { head: mark.head, bytes: mark.bytes, continued, ..next };
        write_watermark(&*self.current.file, &self.current.name, &watermark)?;
        self.current.watermark = watermark;
        Ok(())
    }

    /// Gives back the room taken in advance.
    fn trim(&mut self) -> Result<(), StoreError> {
        if self.current.size != self.synced.bytes {
            set_len(&*self.current.file, &self.current.name, self.synced.bytes)?;
            self.current.size = self.synced.bytes;
        }
        Ok(())
    }

    /// Acknowledges what is written, ends the segment there, and goes on in a new one.
    fn rotate(&mut self) -> Result<(), StoreError> {
        let mark = self.synced;
        if mark.head != self.acknowledged {
            self.write_mark(mark, Continued::No)?;
            sync_data(&*self.current.file, &self.current.name)?;
            self.acknowledged = mark.head;
        }
        self.trim()?;
        let number = self.current.header.number.checked_add(1);
        let header = SegmentHeader {
            number: number.ok_or(StoreError::TooLarge { what: "the number of a segment" })?,
            first_sequence: mark.head.records,
            first_block: mark.seals,
            previous: mark.head.hash,
        };
        let (name, file) = create_segment(&*self.disk, &header)?;
        self.write_mark(mark, Continued::Yes)?;
        sync_data(&*self.current.file, &self.current.name)?;
        let watermark = header.first_watermark();
        self.current = Current { file, name, header, watermark, size: watermark.bytes };
        self.synced = Mark { bytes: watermark.bytes, ..mark };
        Ok(())
    }
}

/// Whether blocks begin where one chain stands and end with the seal at which another does.
fn follows(before: &Chain, blocks: &[u8], after: &Chain) -> bool {
    let first = next_frame(blocks).ok().flatten();
    let is_next = first.is_some_and(|(frame, _)| frame.sequence == before.head().records);
    let seal = blocks.len().checked_sub(SEAL_FRAME_BYTES).and_then(|at| blocks.get(at..));
    let seal = seal.and_then(|bytes| next_frame(bytes).ok().flatten());
    let is_last = seal.is_some_and(|(frame, used)| {
        let head = Head { records: frame.sequence.saturating_add(1), hash: frame.hash() };
        used == SEAL_FRAME_BYTES && frame.kind == Kind::Seal && head == after.head()
    });
    is_next && is_last && after.is_between_blocks() && after.seals() > before.seals()
}

/// The chain after whole blocks that follow it.
pub(crate) fn accept(chain: &Chain, blocks: &[u8]) -> Result<Chain, StoreError> {
    let mut chain = chain.clone();
    let mut used = 0_usize;
    loop {
        let (offset, sequence) = (to_u64(used), chain.head().records);
        let rest = blocks.get(used..).unwrap_or_default();
        let frame = next_frame(rest).map_err(|source| StoreError::RefusedFrame {
            offset,
            sequence,
            source,
        })?;
        let Some((frame, length)) = frame else { break };
        chain.accept(&frame, frame.hash()).map_err(|source| StoreError::Refused {
            offset,
            sequence,
            source,
        })?;
        used = used.saturating_add(length);
    }
    if chain.is_between_blocks() {
        Ok(chain)
    } else {
        Err(StoreError::NotSealed { sequence: chain.head().records.saturating_sub(1) })
    }
}
