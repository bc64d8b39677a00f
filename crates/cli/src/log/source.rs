//! Reading a kept log, record by record: the one way in for every verb.
//!
//! [`Log::open`] looks at the folder, [`Records`] verifies and hands out one record after the other
//! with its place, up to the watermark. One record is held at a time.

use std::num::NonZero;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use undercut::Event;
use undercut_ledger::log::{Chain, FRAME_HEADER_BYTES, Frame, Head, Kind, Record};
use undercut_primitives::codec::DecodeError;
use undercut_primitives::{BlockHeight, Digest};
use undercut_store::folder::Layout;
use undercut_store::segment::HEADER_BYTES;
use undercut_store::{Folder, Reading, RealDisk, SharedDisk, StoreError, Tail, frames_from};

use crate::exit::{Exit, Failure};
use crate::progress::Progress;
use crate::style::visible;
use crate::tell;

/// The log in a folder.
pub(crate) struct Log {
    name: String,
    disk: SharedDisk,
    bytes: u64,
    head: Head,
    has_damage: bool,
}

/// Where a record stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The segment, by its name in the folder.
    pub(crate) file: String,
    /// Where the record's frame starts in it.
    pub(crate) offset: u64,
    /// How many bytes the frame has.
    pub(crate) bytes: u64,
}

/// A verified record and its place.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) record: Record<Event>,
    pub(crate) place: Place,
}

/// What went through a reader from the first record to the last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Walk {
    pub(crate) head: Head,
    /// The block of the last seal.
    pub(crate) height: BlockHeight,
    /// How many blocks there are.
    pub(crate) blocks: u64,
    /// Bytes of all records.
    pub(crate) bytes: u64,
}

impl Log {
    /// Opens the log of a folder. Says on standard error what is there besides intact acknowledged
    /// records.
    pub(crate) fn open(dir: &Path) -> Result<Self, Failure> {
        let name = visible(&dir.display().to_string());
        let disk = RealDisk::open(dir).map_err(|error| {
            let sentence = format!("FIL001: {name}: {error}; is this the folder of a log?");
            Failure::new(Exit::Unreadable, sentence)
        })?;
        let disk: SharedDisk = Arc::new(disk);
        let failed = |error: StoreError| failure(&name, &error);
        let folder = Folder::list(&*disk).map_err(failed)?;
        let layout = Layout::open(&*disk, &folder).map_err(failed)?;
        for foreign in &folder.foreign {
            let foreign = visible(foreign);
            tell(&format!("undercut: {name}: LOG038: `{foreign}` belongs to no log; left alone\n"));
        }
        let damaged = layout.segments().iter().find_map(|one| Some((&one.name, one.damaged?)));
        if let Some((segment, offset)) = damaged {
            tell(&format!(
                "undercut: {name}: LOG037: {segment}: offset {offset}: a watermark is damaged; used the other\n"
            ));
        }
        let bytes = layout.segments().iter().map(|one| one.watermark.bytes);
        let bytes = bytes.map(|bytes| bytes.saturating_sub(HEADER_BYTES)).sum();
        Ok(Self { head: layout.head(), has_damage: damaged.is_some(), name, disk, bytes })
    }

    /// What to call it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether a watermark is damaged: the other one may be of an earlier moment.
    pub(crate) const fn has_damage(&self) -> bool {
        self.has_damage
    }

    /// How many bytes of records there are to read.
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The records from the first on.
    pub(crate) fn records(&self) -> Result<Records<'_>, Failure> {
        let reading = Reading::open(Arc::clone(&self.disk));
        let reading = reading.map_err(|error| failure(&self.name, &error))?;
        Ok(Records { log: self, reading, height: BlockHeight::GENESIS, bytes: 0 })
    }

    /// Verifies all records and hands each on.
    pub(crate) fn walk(
        &self,
        progress: &mut Progress<impl FnMut() -> Duration, impl FnMut(&str)>,
        mut each: impl FnMut(&Entry) -> Result<(), Failure>,
    ) -> Result<Walk, Failure> {
        let mut records = self.records()?;
        let walked = loop {
            match records.next() {
                Ok(Some(entry)) => {
                    progress.at(records.bytes());
                    if let Err(failure) = each(&entry) {
                        break Err(failure);
                    }
                }
                Ok(None) => break records.finish(),
                Err(failure) => break Err(failure),
            }
        };
        progress.finish();
        walked
    }

    /// Verifies hashes, checksums and links of all records and snapshots, on all cores, without a
    /// look at what events say but the first. Also says which block, if one, ended with the head
    /// `kept`.
    pub(crate) fn verify(
        &self,
        kept: Option<&Digest>,
        progress: &mut Progress<impl FnMut() -> Duration, impl FnMut(&str)>,
    ) -> Result<(Walk, Option<BlockHeight>), Failure> {
        let mut kept_at = None;
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
        let read = undercut_store::read_all(
            &self.disk,
            Chain::EMPTY,
            threads,
            &mut |done| progress.at(done.bytes),
            &mut |found| {
                if found.frame.kind == Kind::Seal && Some(&found.hash) == kept {
                    kept_at = Some(found.frame.height);
                }
                if found.frame.sequence > 0 {
                    return Ok(());
                }
                let bytes = frame_bytes(&found.frame);
                let place = Place { file: found.segment.to_owned(), offset: found.offset, bytes };
                self.event(&found.frame, &place).map(|_| ()).map_err(Refused::Here)
            },
        );
        progress.finish();
        let whole = read.map_err(|refused| match refused {
            Refused::Store(error) => failure(&self.name, &error),
            Refused::Here(failure) => failure,
        })?;
        self.tell_end(whole.head, whole.tail)?;
        let refused = undercut_store::snapshot::refused(&*self.disk);
        if let Some((snapshot, error)) =
            refused.map_err(|error| failure(&self.name, &error))?.into_iter().next()
        {
            let (name, code) = (&self.name, error.code());
            return Err(Failure::new(
                Exit::Damaged,
                format!(
                    "{name}: {code}: {error} ({snapshot}); all {} records verify, with head {}; a snapshot can be removed",
                    whole.head.records, whole.head.hash
                ),
            ));
        }
        let height = whole.chain.height().unwrap_or_default();
        let (head, blocks, bytes) = (whole.head, whole.chain.seals(), whole.bytes);
        Ok((Walk { head, height, blocks, bytes }, kept_at))
    }

    /// The event of a frame, which is the genesis in the first record and in no other.
    fn event(&self, frame: &Frame<'_>, place: &Place) -> Result<Event, Failure> {
        let sequence = frame.sequence;
        let event =
            decode(frame).map_err(|error| self.damaged(place, &no_event(sequence, &error)))?;
        if (sequence == 0) != matches!(event, Event::Genesis(_)) {
            let sentence =
                format!("LOG013: record {sequence}: a log has one genesis, as its record 0");
            return Err(self.damaged(place, &sentence));
        }
        Ok(event)
    }

    /// Refuses a log without records. Says on standard error what stands behind the last.
    fn tell_end(&self, head: Head, tail: Option<Tail>) -> Result<(), Failure> {
        let name = &self.name;
        if head.records == 0 {
            return Err(Failure::new(
                Exit::Damaged,
                format!("{name}: LOG007: the log has no record"),
            ));
        }
        if let Some(Tail { segment, offset, bytes }) = tail {
            tell(&format!(
                "undercut: {name}: LOG041: {segment}: offset {offset}: {bytes} bytes behind the log are not acknowledged: its writer is at work, or was stopped; the next one keeps whole blocks and cuts the rest\n"
            ));
        }
        Ok(())
    }

    /// The last `count` records, found by the numbers of segments: their checksums are checked, their
    /// hashes are not.
    pub(crate) fn last(&self, count: u32) -> Result<Vec<Record<Event>>, Failure> {
        let first = self.head.records.saturating_sub(u64::from(count));
        let (mut records, mut broken) = (Vec::new(), None);
        let read = frames_from(&*self.disk, first, &mut |frame| match decode(frame) {
            Ok(event) => {
                let (sequence, height, hash) = (frame.sequence, frame.height, frame.hash());
                records.push(Record { sequence, height, event, hash });
                ControlFlow::Continue(())
            }
            Err(error) => {
                broken = Some((frame.sequence, error));
                ControlFlow::Break(())
            }
        });
        read.map_err(|error| failure(&self.name, &error))?;
        match broken {
            Some((sequence, error)) => Err(Failure::new(
                Exit::Damaged,
                format!("{}: {}", self.name, no_event(sequence, &error)),
            )),
            None => Ok(records),
        }
    }

    fn damaged(&self, place: &Place, sentence: &str) -> Failure {
        let Place { file, offset, .. } = place;
        let name = &self.name;
        Failure::new(Exit::Damaged, format!("{name}: {file}: offset {offset}: {sentence}"))
    }
}

/// Who ends a reading on all cores.
enum Refused {
    Store(StoreError),
    Here(Failure),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// How many bytes a frame takes.
fn frame_bytes(frame: &Frame<'_>) -> u64 {
    u64::try_from(frame.body.len().saturating_add(FRAME_HEADER_BYTES)).unwrap_or(u64::MAX)
}

fn decode(frame: &Frame<'_>) -> Result<Event, DecodeError> {
    frame.event()
}

fn no_event(sequence: u64, error: &DecodeError) -> String {
    format!("LOG006: record {sequence} holds no event of this version: {error}")
}

/// What a store says, as the end of a run: a disk that fails, or a folder that is no log, cannot be
/// read; everything else is damage.
pub(crate) fn failure(name: &str, error: &StoreError) -> Failure {
    let exit = match error {
        StoreError::Disk { .. } | StoreError::Locked | StoreError::NoLog => Exit::Unreadable,
        _ => Exit::Damaged,
    };
    Failure::new(exit, format!("{name}: {}: {error}", error.code()))
}

/// The records of a log, one after the other.
pub(crate) struct Records<'a> {
    log: &'a Log,
    reading: Reading,
    /// The block of the last seal.
    height: BlockHeight,
    bytes: u64,
}

impl Records<'_> {
    /// The next record, verified; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Entry>, Failure> {
        let found = self.reading.next().map_err(|error| failure(&self.log.name, &error))?;
        let Some(found) = found else { return Ok(None) };
        let bytes = frame_bytes(&found.frame);
        let place = Place { file: found.segment.to_owned(), offset: found.offset, bytes };
        let (sequence, height, hash) = (found.frame.sequence, found.frame.height, found.hash);
        let event = self.log.event(&found.frame, &place)?;
        if matches!(event, Event::BlockSealed(_)) {
            self.height = height;
        }
        self.bytes = self.bytes.saturating_add(bytes);
        Ok(Some(Entry { record: Record { sequence, height, event, hash }, place }))
    }

    /// How many bytes were read.
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Looks whether more is acknowledged by now.
    pub(crate) fn refresh(&mut self) -> Result<(), Failure> {
        let refreshed = self.reading.refresh();
        refreshed.map(|_| ()).map_err(|error| failure(&self.log.name, &error))
    }

    /// The end, after the last record. Says on standard error what stands behind it.
    pub(crate) fn finish(self) -> Result<Walk, Failure> {
        let head = self.reading.chain().head();
        let tail = self.reading.tail().map_err(|error| failure(&self.log.name, &error))?;
        self.log.tell_end(head, tail)?;
        let blocks = self.reading.chain().seals();
        Ok(Walk { head, height: self.height, blocks, bytes: self.bytes })
    }
}
