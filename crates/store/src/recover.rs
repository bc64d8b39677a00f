//! Opening a log for writing, whatever happened before.
//!
//! 1. Take the lock. Remove what a crash left half made, and sync the folder.
//! 2. Check the beginnings of all segments. Use the newest intact watermark of each.
//! 3. Verify everything up to the watermark. What does not verify is refused, never cut.
//! 4. Beyond the watermark, keep whole blocks that verify. Write them again, for a sync that failed
//!    before may have lost them although they can be read; sync; then advance the watermark.
//! 5. Cut the rest, and say what it was.
//!
//! Each step can be repeated: a crash in the middle leaves a folder that is opened the same way.

use std::collections::BTreeMap;
use std::fmt;

use undercut_primitives::Digest;

use crate::bytes::{digest_at, to_u64, to_usize};
use crate::disk::{Access, Disk, DiskFile, DiskLock, read_full_at, uninterrupted, write_all_at};
use crate::error::StoreError;
use crate::folder::{
    Folder, LOCK, Layout, SEGMENT_NEW, Segment, SharedDisk, open_file, segment_name, snapshot_name,
};
use crate::reading::{Verified, content_after};
use crate::scan::{READ_BYTES, Scanned, Scanner};
use crate::segment::{Continued, HEADER_BYTES, SegmentHeader, Watermark};
use crate::verify::read_layout;
use undercut_ledger::log::{Chain, FrameBroken, Head, Kind, Unfit};

/// What was found when a log was opened for writing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovered {
    /// Where the log stands now; all of it is acknowledged.
    pub head: Head,
    /// Records after the old watermark that were kept, because their blocks are whole.
    pub kept_records: u64,
    /// What was cut off after them.
    pub cut: Option<Cut>,
    /// Damaged watermarks, by segment and offset. The other one was used.
    pub damaged: Vec<(String, u64)>,
    /// Files that a crash left half made. They are gone.
    pub leftovers: Vec<String>,
    /// Segments whose watermark did not say yet that another follows.
    pub continued: Vec<String>,
    /// Snapshots that will not be used, with the reason.
    pub refused: Vec<(String, StoreError)>,
    /// Files that belong to no log. They were left alone.
    pub foreign: Vec<String>,
}

/// Bytes that were cut off, because they are no whole blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The segment.
    pub segment: String,
    /// Where it ends now.
    pub offset: u64,
    /// How many bytes went, without the zeros at the end.
    pub bytes: u64,
    /// How many whole records went with them.
    pub records: u64,
    /// Why they could not stay.
    pub reason: CutReason,
}

/// Why bytes after the watermark could not stay.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CutReason {
    /// A block without its seal.
    #[error("the block has no seal")]
    HalfBlock,
    /// A frame that was not written wholly.
    #[error("{0}")]
    Frame(FrameBroken),
    /// A record that does not follow.
    #[error("{0}")]
    Record(Unfit),
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { segment, offset, bytes, records, reason } = self;
        write!(f, "{segment}: offset {offset}: cut {bytes} bytes, {records} records: {reason}")
    }
}

/// One line for each thing that is worth one; nothing for a log that was closed.
impl fmt::Display for Recovered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kept_records > 0 {
            let kept = self.kept_records;
            writeln!(f, "kept {kept} records that were written and not yet acknowledged")?;
        }
        if let Some(cut) = &self.cut {
            writeln!(f, "{cut}")?;
        }
        for (segment, offset) in &self.damaged {
            writeln!(
                f,
                "{segment}: offset {offset}: LOG037: a watermark is damaged; used the other"
            )?;
        }
        for name in &self.leftovers {
            writeln!(f, "{name}: removed, a crash left it half made")?;
        }
        for name in &self.continued {
            writeln!(f, "{name}: marked as continued, a crash came before")?;
        }
        for (_, error) in &self.refused {
            writeln!(f, "{}: {error}", error.code())?;
        }
        for name in &self.foreign {
            writeln!(f, "{name}: LOG038: this file belongs to no log; left alone")?;
        }
        Ok(())
    }
}

/// A log that is ready to be written to.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) lock: Box<dyn DiskLock>,
    pub(crate) file: Box<dyn DiskFile>,
    pub(crate) name: String,
    pub(crate) header: SegmentHeader,
    pub(crate) watermark: Watermark,
    pub(crate) chain: Chain,
}

/// What stands after the watermark.
struct TailFound {
    chain: Chain,
    end: u64,
    kept_records: u64,
    cut: Option<Cut>,
}

/// Takes the lock, and brings the folder in order. With `from`, verifies only what is after it.
pub(crate) fn open(disk: &SharedDisk, from: Chain) -> Result<(Ready, Recovered), StoreError> {
    let lock = uninterrupted(|| disk.lock(LOCK)).map_err(StoreError::disk(LOCK, "lock it"))?;
    let lock = lock.ok_or(StoreError::Locked)?;
    let folder = Folder::list(&**disk)?;
    remove_leftovers(&**disk, &folder)?;
    if folder.segments.is_empty() {
        return create(&**disk, lock, folder, &from);
    }
    let layout = Layout::open(&**disk, &folder)?;
    let (chain, refused) = verify(disk, &layout, &folder, from)?;
    let last = layout.segments().last().ok_or(StoreError::NoLog)?;
    let tail = tail(&**disk, last, chain)?;
    let continued = mark_continued(&**disk, layout.segments())?;
    let (file, watermark) = settle(&**disk, last, &tail)?;
    let damaged = layout
        .segments()
        .iter()
        .filter_map(|segment| segment.damaged.map(|offset| (segment.name.clone(), offset)));
    let recovered = Recovered {
        head: tail.chain.head(),
        kept_records: tail.kept_records,
        cut: tail.cut,
        damaged: damaged.collect(),
        leftovers: folder.leftovers,
        continued,
        refused,
        foreign: folder.foreign,
    };
    let (name, header) = (last.name.clone(), last.header);
    Ok((Ready { lock, file, name, header, watermark, chain: tail.chain }, recovered))
}

fn remove_leftovers(disk: &dyn Disk, folder: &Folder) -> Result<(), StoreError> {
    for name in &folder.leftovers {
        uninterrupted(|| disk.remove(name)).map_err(StoreError::disk(name, "remove it"))?;
    }
    sync_folder(disk)
}

pub(crate) fn sync_folder(disk: &dyn Disk) -> Result<(), StoreError> {
    uninterrupted(|| disk.sync_folder()).map_err(StoreError::disk("the folder", "sync it"))
}

/// Makes a log where there is none.
fn create(
    disk: &dyn Disk,
    lock: Box<dyn DiskLock>,
    folder: Folder,
    from: &Chain,
) -> Result<(Ready, Recovered), StoreError> {
    if !folder.snapshots.is_empty() {
        return Err(StoreError::Missing { sequence: 0 });
    }
    if from.head() != Head::EMPTY {
        return Err(StoreError::NotInLog { head: from.head() });
    }
    let header =
        SegmentHeader { number: 0, first_sequence: 0, first_block: 0, previous: Digest::ZERO };
    let (name, file) = create_segment(disk, &header)?;
    let watermark = header.first_watermark();
    let recovered = Recovered {
        head: Head::EMPTY,
        kept_records: 0,
        cut: None,
        damaged: Vec::new(),
        leftovers: folder.leftovers,
        continued: Vec::new(),
        refused: Vec::new(),
        foreign: folder.foreign,
    };
    Ok((Ready { lock, file, name, header, watermark, chain: Chain::EMPTY }, recovered))
}

/// Makes a segment so that it lasts, and opens it.
pub(crate) fn create_segment(
    disk: &dyn Disk,
    header: &SegmentHeader,
) -> Result<(String, Box<dyn DiskFile>), StoreError> {
    let wrong = |action| StoreError::disk(SEGMENT_NEW, action);
    let name = segment_name(header.first_sequence);
    let file = uninterrupted(|| disk.create(SEGMENT_NEW)).map_err(wrong("make it"))?;
    write_all_at(&*file, &header.opening(), 0).map_err(wrong("write it"))?;
    uninterrupted(|| file.sync_all()).map_err(wrong("sync it"))?;
    uninterrupted(|| disk.rename(SEGMENT_NEW, &name)).map_err(wrong("rename it"))?;
    sync_folder(disk)?;
    Ok((name, file))
}

/// Verifies what is acknowledged, and says which snapshots do not belong to it.
fn verify(
    disk: &SharedDisk,
    layout: &Layout,
    folder: &Folder,
    from: Chain,
) -> Result<(Chain, Vec<(String, StoreError)>), StoreError> {
    let start = from.head();
    let mut heads = BTreeMap::from([(start.records, start.hash)]);
    let mut note = |record: Verified<'_>| -> Result<(), StoreError> {
        let records = record.frame.sequence.saturating_add(1);
        let is_seal = record.frame.kind == Kind::Seal;
        if is_seal && folder.snapshots.binary_search(&records).is_ok() {
            heads.insert(records, record.hash);
        }
        Ok(())
    };
    // Nothing else runs before the log is open.
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (chain, _) = read_layout(disk, layout, from, threads, &mut |_| {}, &mut note)?;
    let mut refused = Vec::new();
    for records in folder.snapshots.iter().filter(|records| **records >= start.records) {
        let head = Head { records: *records, hash: snapshot_hash(&**disk, *records)? };
        if heads.get(records) != Some(&head.hash) {
            refused.push((snapshot_name(*records), StoreError::NotInLog { head }));
        }
    }
    Ok((chain, refused))
}

/// The hash that a snapshot's file says it stands at, unchecked.
fn snapshot_hash(disk: &dyn Disk, records: u64) -> Result<Digest, StoreError> {
    let name = snapshot_name(records);
    let file = open_file(disk, &name, Access::Read)?;
    let mut fields = vec![0; 56];
    read_full_at(&*file, &mut fields, 0).map_err(StoreError::disk(&name, "read it"))?;
    Ok(digest_at(&fields, 24))
}

/// Looks at what stands after the watermark of the last segment.
fn tail(disk: &dyn Disk, last: &Segment, chain: Chain) -> Result<TailFound, StoreError> {
    let start = last.watermark.bytes;
    let content = start.saturating_add(content_after(disk, &last.name, start)?);
    // A seal may end with zeros, as the first of a log does: they look like room taken in advance.
    let mut scanner = Scanner::open(disk, &last.name, last.size)?;
    scanner.skip(start.saturating_sub(scanner.offset()));
    let acknowledged = chain.head().records;
    let (mut kept, mut end) = (chain.clone(), start);
    let mut chain = chain;
    let stopped_by = loop {
        let is_after_content = scanner.offset() >= content;
        let used = match scanner.peek()? {
            Scanned::Frame(frame, used) => match chain.accept(&frame, frame.hash()) {
                Ok(()) => used,
                Err(unfit) => break CutReason::Record(unfit),
            },
            Scanned::Broken(broken) if !is_after_content => break CutReason::Frame(broken),
            Scanned::Broken(_) | Scanned::End => break CutReason::HalfBlock,
        };
        scanner.skip(used);
        if chain.is_between_blocks() {
            (kept, end) = (chain.clone(), scanner.offset());
        }
    };
    let bytes = content.saturating_sub(end);
    let cut = (bytes > 0).then(|| Cut {
        segment: last.name.clone(),
        offset: end,
        bytes,
        records: chain.head().records.saturating_sub(kept.head().records),
        reason: stopped_by,
    });
    let kept_records = kept.head().records.saturating_sub(acknowledged);
    Ok(TailFound { chain: kept, end, kept_records, cut })
}

/// Writes into segments that others follow that they do. A crash or a failed sync in the middle of
/// making the last segment may have lost that word although it can be read: as long as nothing is
/// acknowledged in the last one, it is written again.
fn mark_continued(disk: &dyn Disk, segments: &[Segment]) -> Result<Vec<String>, StoreError> {
    let mut marked = Vec::new();
    let Some((last, earlier)) = segments.split_last() else { return Ok(marked) };
    let is_new = last.watermark.bytes == HEADER_BYTES;
    if let Some(before) = earlier.last().filter(|before| is_new && before.damaged.is_none())
        && before.watermark.continued == Continued::Yes
    {
        let file = open_file(disk, &before.name, Access::Write)?;
        write_watermark(&*file, &before.name, &before.watermark)?;
        sync_data(&*file, &before.name)?;
    }
    for segment in earlier {
        if segment.watermark.continued == Continued::No {
            let file = open_file(disk, &segment.name, Access::Write)?;
            let watermark = next_write(segment.watermark)?;
            let watermark = Watermark { continued: Continued::Yes, ..watermark };
            write_watermark(&*file, &segment.name, &watermark)?;
            sync_data(&*file, &segment.name)?;
            marked.push(segment.name.clone());
        }
    }
    Ok(marked)
}

pub(crate) fn next_write(watermark: Watermark) -> Result<Watermark, StoreError> {
    let write = watermark.write.checked_add(1);
    let write = write.ok_or(StoreError::TooLarge { what: "the number of a watermark" })?;
    Ok(Watermark { write, ..watermark })
}

pub(crate) fn write_watermark(
    file: &dyn DiskFile,
    segment: &str,
    watermark: &Watermark,
) -> Result<(), StoreError> {
    write_all_at(file, &watermark.encode(), watermark.offset())
        .map_err(StoreError::disk(segment, "write its watermark"))
}

pub(crate) fn sync_data(file: &dyn DiskFile, segment: &str) -> Result<(), StoreError> {
    uninterrupted(|| file.sync_data()).map_err(StoreError::disk(segment, "sync it"))
}

pub(crate) fn set_len(file: &dyn DiskFile, segment: &str, bytes: u64) -> Result<(), StoreError> {
    uninterrupted(|| file.set_len(bytes)).map_err(StoreError::disk(segment, "cut it"))?;
    uninterrupted(|| file.sync_all()).map_err(StoreError::disk(segment, "sync it"))
}

/// Makes the last segment end with what is kept, so that all of it lasts.
fn settle(
    disk: &dyn Disk,
    last: &Segment,
    tail: &TailFound,
) -> Result<(Box<dyn DiskFile>, Watermark), StoreError> {
    let file = open_file(disk, &last.name, Access::Write)?;
    rewrite(&*file, &last.name, last.watermark.bytes, tail.end)?;
    let mut watermark = last.watermark;
    // The watermark too may be readable and yet lost by a sync that failed. It is written again
    // only while the other one stands in for it; the first of a segment lasts in any case.
    if watermark.write > 1 && last.damaged.is_none() {
        write_watermark(&*file, &last.name, &watermark)?;
    }
    sync_data(&*file, &last.name)?;
    if tail.kept_records > 0 || last.damaged.is_some() {
        let next = next_write(watermark)?;
        watermark = Watermark { head: tail.chain.head(), bytes: tail.end, ..next };
        write_watermark(&*file, &last.name, &watermark)?;
        sync_data(&*file, &last.name)?;
    }
    if last.size != tail.end {
        set_len(&*file, &last.name, tail.end)?;
    }
    Ok((file, watermark))
}

/// Writes the bytes from `start` to `end` again where they stand.
fn rewrite(file: &dyn DiskFile, name: &str, start: u64, end: u64) -> Result<(), StoreError> {
    let left = to_usize(end.saturating_sub(start));
    let mut buffer = vec![0; left.min(READ_BYTES)];
    let mut at = start;
    while at < end {
        buffer.truncate(to_usize(end.saturating_sub(at)));
        let read =
            read_full_at(file, &mut buffer, at).map_err(StoreError::disk(name, "read it"))?;
        if read != buffer.len() {
            let segment = name.to_owned();
            let bytes = at.saturating_add(to_u64(read));
            return Err(StoreError::Shorter { segment, bytes, expected: end });
        }
        write_all_at(file, &buffer, at).map_err(StoreError::disk(name, "write it"))?;
        at = at.saturating_add(to_u64(read));
    }
    Ok(())
}
