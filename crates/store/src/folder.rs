//! The names in a log's folder: which belong to it, and what the segments say of each other.

use std::io::ErrorKind;
use std::sync::Arc;

use crate::disk::{Access, Disk, DiskFile, EntryKind, read_full_at, uninterrupted};
use crate::error::StoreError;
use crate::segment::{Continued, HEADER_BYTES, HEADER_LENGTH, Opening, SegmentHeader, Watermark};
use undercut_ledger::log::Head;

/// The disk of a log, as several threads share it.
pub type SharedDisk = Arc<dyn Disk>;

/// The file that the one writer locks.
pub const LOCK: &str = "LOCK";
/// A segment that is being made.
pub const SEGMENT_NEW: &str = "segment.new";
/// A snapshot that is being made.
pub const SNAPSHOT_NEW: &str = "snapshot.new";

/// How often a damaged watermark is read again: a writer may just be writing it.
const ATTEMPTS: u32 = 2;

const SEGMENT: &str = ".seg";
const SNAPSHOT: &str = ".snap";

/// The name of the segment that starts with that record.
#[must_use]
pub fn segment_name(first_sequence: u64) -> String {
    format!("{first_sequence:020}{SEGMENT}")
}

/// The name of the snapshot at the head of that many records.
#[must_use]
pub fn snapshot_name(records: u64) -> String {
    format!("{records:020}{SNAPSHOT}")
}

fn number(name: &str, ending: &str) -> Option<u64> {
    let digits = name.strip_suffix(ending)?;
    let is_number = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { digits.parse().ok() } else { None }
}

/// Whether a log's own files have such a name.
fn is_ours(name: &str) -> bool {
    let is_numbered = number(name, SEGMENT).or_else(|| number(name, SNAPSHOT)).is_some();
    is_numbered || [LOCK, SEGMENT_NEW, SNAPSHOT_NEW].contains(&name)
}

/// What a folder holds, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folder {
    /// Segments by the sequence of their first record, ascending.
    pub segments: Vec<u64>,
    /// Snapshots by the records of their head, ascending.
    pub snapshots: Vec<u64>,
    /// What a crash left half made.
    pub leftovers: Vec<String>,
    /// What does not belong to a log. Never touched.
    pub foreign: Vec<String>,
}

impl Folder {
    /// Sorts the names of a folder.
    ///
    /// # Errors
    ///
    /// [`StoreError::Disk`], or [`StoreError::NoFile`] for a name of ours that is no file.
    pub fn list(disk: &dyn Disk) -> Result<Self, StoreError> {
        let entries = uninterrupted(|| disk.list());
        let mut folder = Self::default();
        for entry in entries.map_err(StoreError::disk("the folder", "list it"))? {
            let name = entry.name;
            let is_file = entry.kind == EntryKind::File;
            if !is_file && is_ours(&name) {
                return Err(StoreError::NoFile { file: name });
            }
            if let Some(first_sequence) = number(&name, SEGMENT) {
                folder.segments.push(first_sequence);
            } else if let Some(records) = number(&name, SNAPSHOT) {
                folder.snapshots.push(records);
            } else if name == SEGMENT_NEW || name == SNAPSHOT_NEW {
                folder.leftovers.push(name);
            } else if name != LOCK {
                folder.foreign.push(name);
            }
        }
        Ok(folder)
    }
}

/// A segment, and how far it is acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The name of its file.
    pub name: String,
    /// The header.
    pub header: SegmentHeader,
    /// How far it is acknowledged.
    pub watermark: Watermark,
    /// Where one of its watermarks is damaged, when one is.
    pub damaged: Option<u64>,
    /// The length of its file when it was looked at.
    pub size: u64,
}

impl Segment {
    /// Reads the beginning of a segment.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the disk fails, or the beginning is damaged.
    pub fn open(disk: &dyn Disk, first_sequence: u64) -> Result<Self, StoreError> {
        let name = segment_name(first_sequence);
        let file = open_file(disk, &name, Access::Read)?;
        Self::read(name, &*file)
    }

    pub(crate) fn read(name: String, file: &dyn DiskFile) -> Result<Self, StoreError> {
        let mut opening = read_opening(&name, file)?;
        for _ in 0..ATTEMPTS {
            if opening.damaged.is_some() {
                opening = read_opening(&name, file)?;
            }
        }
        let Opening { header, watermark, damaged } = opening;
        let size =
            uninterrupted(|| file.size()).map_err(StoreError::disk(&name, "ask for its length"))?;
        if size < watermark.bytes {
            let expected = watermark.bytes;
            return Err(StoreError::Shorter { segment: name, bytes: size, expected });
        }
        Ok(Self { name, header, watermark, damaged, size })
    }

    fn is_continued(&self) -> bool {
        self.watermark.continued == Continued::Yes
    }
}

fn read_opening(name: &str, file: &dyn DiskFile) -> Result<Opening, StoreError> {
    let mut bytes = vec![0; HEADER_LENGTH];
    let count = read_full_at(file, &mut bytes, 0).map_err(StoreError::disk(name, "read it"))?;
    bytes.truncate(count);
    Opening::decode(name, &bytes)
}

/// Opens a file of the log.
pub(crate) fn open_file(
    disk: &dyn Disk,
    name: &str,
    access: Access,
) -> Result<Box<dyn DiskFile>, StoreError> {
    uninterrupted(|| disk.open(name, access)).map_err(StoreError::disk(name, "open it"))
}

/// All segments of a log, each the one that belongs in its place.
///
/// Their bytes are not looked at; see [`Reading`](crate::Reading) for that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The segments in order; at least one.
    segments: Vec<Segment>,
}

impl Layout {
    /// Reads the beginnings of all segments and compares them with each other.
    ///
    /// # Errors
    ///
    /// [`StoreError`] for the first segment that is missing, damaged or out of place.
    pub fn open(disk: &dyn Disk, folder: &Folder) -> Result<Self, StoreError> {
        let mut segments: Vec<Segment> = Vec::with_capacity(folder.segments.len());
        for first_sequence in &folder.segments {
            let segment = Segment::open(disk, *first_sequence)?;
            follows(segments.last(), &segment, *first_sequence)?;
            if let Some(before) = segments.last_mut() {
                must_be_continued(disk, before, &segment)?;
            }
            segments.push(segment);
        }
        if segments.is_empty() {
            let is_empty = folder.snapshots.is_empty();
            let missing = StoreError::Missing { sequence: 0 };
            return Err(if is_empty { StoreError::NoLog } else { missing });
        }
        let mut layout = Self { segments };
        // A writer may have gone on since the names were listed.
        layout.extend(disk)?;
        Ok(layout)
    }

    /// Adds the segments that the last one says follow.
    fn extend(&mut self, disk: &dyn Disk) -> Result<(), StoreError> {
        while let Some(last) = self.segments.last().filter(|last| last.is_continued()) {
            let sequence = last.watermark.head.records;
            let next = Segment::open(disk, sequence).map_err(|error| match error {
                StoreError::Disk { kind: ErrorKind::NotFound, .. } => {
                    StoreError::Missing { sequence }
                }
                other => other,
            })?;
            follows(Some(last), &next, sequence)?;
            self.segments.push(next);
        }
        Ok(())
    }

    /// The segments in order.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// What is acknowledged by the watermark of the last segment.
    #[must_use]
    pub fn head(&self) -> Head {
        self.segments.last().map_or(Head::EMPTY, |segment| segment.watermark.head)
    }

    /// The acknowledged bytes of all segments, headers included.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let bytes = self.segments.iter().map(|segment| segment.watermark.bytes);
        bytes.fold(0, u64::saturating_add)
    }

    /// The place of the segment that holds the record with that sequence, or would.
    #[must_use]
    pub fn place_of(&self, sequence: u64) -> usize {
        let after =
            self.segments.partition_point(|segment| segment.header.first_sequence <= sequence);
        after.saturating_sub(1)
    }

    /// Looks again at the last segment, and for segments after it. `true` when there is more.
    ///
    /// # Errors
    ///
    /// As for [`Layout::open`].
    pub fn refresh(&mut self, disk: &dyn Disk) -> Result<bool, StoreError> {
        let Some(last) = self.segments.last_mut() else { return Ok(false) };
        let before = last.watermark;
        *last = Segment::open(disk, last.header.first_sequence)?;
        self.extend(disk)?;
        Ok(self.segments.last().is_some_and(|last| last.watermark != before))
    }
}

/// Checks that a segment says that another follows, when that one holds acknowledged records: its
/// writer says so, durably, before it goes on. With a damaged watermark nobody knows what it said.
fn must_be_continued(
    disk: &dyn Disk,
    before: &mut Segment,
    found: &Segment,
) -> Result<(), StoreError> {
    let has_records = found.watermark.bytes > HEADER_BYTES;
    if before.is_continued() || before.damaged.is_some() || !has_records {
        return Ok(());
    }
    // A writer may have gone on since the segment was looked at.
    *before = Segment::open(disk, before.header.first_sequence)?;
    if before.is_continued() || before.damaged.is_some() {
        return Ok(());
    }
    Err(StoreError::OutOfPlace {
        segment: before.name.clone(),
        offset: before.watermark.offset().saturating_add(56),
        field: "word on whether another follows",
        found: "0".to_owned(),
        expected: "1".to_owned(),
    })
}

/// Checks that a segment is the one after `before`, or the first.
fn follows(before: Option<&Segment>, found: &Segment, named: u64) -> Result<(), StoreError> {
    let (number, head) = match before {
        None => (0, Head::EMPTY),
        Some(before) => (before.header.number.saturating_add(1), before.watermark.head),
    };
    let wrong = |offset, field, found_text: String, expected: String| {
        let segment = found.name.clone();
        Err(StoreError::OutOfPlace { segment, offset, field, found: found_text, expected })
    };
    let header = &found.header;
    if header.first_sequence != named {
        let (has, belongs) = (header.first_sequence.to_string(), named.to_string());
        return wrong(16, "first record", has, belongs);
    }
    if header.first_sequence > head.records {
        return Err(StoreError::Missing { sequence: head.records });
    }
    if header.first_sequence != head.records {
        let (has, belongs) = (header.first_sequence.to_string(), head.records.to_string());
        return wrong(16, "first record", has, belongs);
    }
    if header.number != number {
        return wrong(12, "number", header.number.to_string(), number.to_string());
    }
    if header.previous != head.hash {
        return wrong(32, "last seal before", header.previous.to_string(), head.hash.to_string());
    }
    match before {
        Some(before) if before.size != before.watermark.bytes => Err(StoreError::Longer {
            segment: before.name.clone(),
            bytes: before.size,
            expected: before.watermark.bytes,
        }),
        None if header.first_block != 0 => {
            wrong(24, "number of blocks before", header.first_block.to_string(), "0".to_owned())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulated::SimulatedDisk;

    #[test]
    fn names_are_sorted_into_what_they_are() {
        let disk = SimulatedDisk::new();
        let names = [
            "00000000000000000012.seg",
            "00000000000000000000.seg",
            "00000000000000000012.snap",
            "segment.new",
            "LOCK",
            "12.seg",
            "0000000000000000001x.seg",
            "99999999999999999999.seg",
            "notes",
        ];
        names.iter().for_each(|name| disk.put(name, Vec::new()));
        let folder = Folder::list(&disk).unwrap();
        assert_eq!(folder.segments, [0, 12]);
        assert_eq!(folder.snapshots, [12]);
        assert_eq!(folder.leftovers, ["segment.new"]);
        let foreign = ["0000000000000000001x.seg", "12.seg", "99999999999999999999.seg", "notes"];
        assert_eq!(folder.foreign, foreign);
        assert_eq!(segment_name(12), names[0]);
        assert_eq!(snapshot_name(12), names[2]);
    }

    #[test]
    fn a_folder_without_segments_is_no_log() {
        let disk = SimulatedDisk::new();
        let layout = || Layout::open(&disk, &Folder::list(&disk).unwrap());
        assert_eq!(layout(), Err(StoreError::NoLog));
        disk.put(&snapshot_name(3), Vec::new());
        assert_eq!(layout(), Err(StoreError::Missing { sequence: 0 }));
    }
}
