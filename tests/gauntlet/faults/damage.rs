//! A closed log with one thing wrong: rows `flips`, `flips-opened`, `truncations` and `frames`.
//!
//! What is wrong has to be refused or, where the log can do without it, reported, each with the
//! right place: the file, for a watermark its offset, for a record its offset and its sequence.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::sync::Arc;

use undercut_ledger::log::{Head, next_frame};
use undercut_store::disk::{Access, Disk, DiskFile, DiskLock, Entry, EntryKind};
use undercut_store::{
    SharedDisk, SimulatedDisk, Snapshot, StoreError, Writer, segment::HEADER_BYTES, snapshot,
    verify,
};

use super::outcome::Outcome;
use super::workload::{Workload, closed};

pub(super) type Files = BTreeMap<String, Arc<Vec<u8>>>;

/// Files that cannot be changed, one bit of one of them perhaps turned over.
#[derive(Clone, Debug, Default)]
pub(super) struct FixedDisk {
    pub(super) files: Files,
    /// The file, the byte, and the bit.
    pub(super) flip: Option<(String, usize, u8)>,
}

#[derive(Debug)]
struct FixedFile {
    bytes: Arc<Vec<u8>>,
    flip: Option<(usize, u8)>,
}

fn cannot<T>() -> io::Result<T> {
    Err(ErrorKind::ReadOnlyFilesystem.into())
}

impl Disk for FixedDisk {
    fn open(&self, name: &str, _: Access) -> io::Result<Box<dyn DiskFile>> {
        let bytes = self.files.get(name).cloned().ok_or(ErrorKind::NotFound)?;
        let flip = self.flip.as_ref().filter(|(file, ..)| file == name);
        Ok(Box::new(FixedFile { bytes, flip: flip.map(|(_, byte, bit)| (*byte, *bit)) }))
    }

    fn create(&self, _: &str) -> io::Result<Box<dyn DiskFile>> {
        cannot()
    }

    fn rename(&self, _: &str, _: &str) -> io::Result<()> {
        cannot()
    }

    fn remove(&self, _: &str) -> io::Result<()> {
        cannot()
    }

    fn sync_folder(&self) -> io::Result<()> {
        cannot()
    }

    fn list(&self) -> io::Result<Vec<Entry>> {
        let entry = |name: &String| Entry { name: name.clone(), kind: EntryKind::File };
        Ok(self.files.keys().map(entry).collect())
    }

    fn lock(&self, _: &str) -> io::Result<Option<Box<dyn DiskLock>>> {
        cannot()
    }
}

impl DiskFile for FixedFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = self.bytes.get(from..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        if let Some((byte, bit)) = self.flip
            && let Some(found) = byte.checked_sub(from).and_then(|at| buffer[..count].get_mut(at))
        {
            *found ^= 1 << bit;
        }
        Ok(count)
    }

    fn write_at(&self, _: &[u8], _: u64) -> io::Result<usize> {
        cannot()
    }

    fn set_len(&self, _: u64) -> io::Result<()> {
        cannot()
    }

    fn sync_data(&self) -> io::Result<()> {
        cannot()
    }

    fn sync_all(&self) -> io::Result<()> {
        cannot()
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.bytes.len() as u64)
    }
}

/// A closed log, and where its frames stand.
pub(super) struct Closed {
    pub(super) files: Files,
    pub(super) head: Head,
    /// Per segment the sequence of its first record and the places of its frames.
    frames: BTreeMap<String, (u64, Vec<Range<usize>>)>,
}

impl Closed {
    pub(super) fn new(workload: &Workload, seed: u64) -> Result<Self, String> {
        let (disk, log) = (SimulatedDisk::new(), workload.log(seed));
        let shared: SharedDisk = Arc::new(disk.clone());
        let head = closed(workload, &shared, &log, seed)?;
        let mut files = Files::new();
        for name in disk.names() {
            files.insert(name.clone(), Arc::new(disk.contents(&name).unwrap_or_default()));
        }
        let frames = files.iter().filter_map(|(name, bytes)| {
            let first = name.strip_suffix(".seg")?.parse().ok()?;
            Some((name.clone(), (first, places(bytes))))
        });
        Ok(Self { head, frames: frames.collect(), files })
    }

    pub(super) fn segments(&self) -> Vec<String> {
        self.frames.keys().cloned().collect()
    }

    pub(super) fn places_of(&self, segment: &str) -> &[Range<usize>] {
        self.frames.get(segment).map_or(&[], |(_, places)| places)
    }

    fn disk(&self, flip: Option<(String, usize, u8)>) -> SharedDisk {
        Arc::new(FixedDisk { files: self.files.clone(), flip })
    }

    /// The first byte and the sequence of the frame that holds a byte.
    fn record_at(&self, segment: &str, byte: usize) -> Option<(u64, u64)> {
        let (first, places) = self.frames.get(segment)?;
        let at = places.iter().position(|place| place.contains(&byte))?;
        Some((places[at].start as u64, first + at as u64))
    }

    /// Whether a flipped bit is noticed where it is. `blind` looks at the log as it was.
    fn flip(&self, name: &str, byte: usize, bit: u8, blind: bool) -> Result<(), String> {
        let disk = self.disk((!blind).then(|| (name.to_owned(), byte, bit)));
        if name.ends_with(".snap") {
            return snapshot_is_refused(&disk, name);
        }
        let wrong = |found: String| Err(format!("{name}, byte {byte}, bit {bit}: {found}"));
        match verify(&disk, 1, &mut |_| ()) {
            Err(error) => {
                let has_record = self.record_at(name, byte);
                let is_placed = match (has_record, place_of(&error)) {
                    (Some(record), Some((file, found))) => file == name && found == Some(record),
                    (None, Some((file, _))) => file == name,
                    _ => false,
                };
                if is_placed { Ok(()) } else { wrong(format!("misplaced: {error}")) }
            }
            Ok(whole) => {
                let slot =
                    [4_096_usize, 8_192].into_iter().find(|at| (*at..at + 64).contains(&byte));
                let damaged = slot.map(|slot| vec![(name.to_owned(), slot as u64)]);
                if damaged == Some(whole.damaged) { Ok(()) } else { wrong("missed".into()) }
            }
        }
    }

    /// Whether opening for writing after a flip refuses, or loses nothing and says so.
    fn opened(&self, name: &str, byte: usize, bit: u8) -> Result<(), String> {
        let disk = SimulatedDisk::new();
        self.files.iter().for_each(|(name, bytes)| disk.put(name, bytes.to_vec()));
        disk.flip_bit(name, byte as u64 * 8 + u64::from(bit));
        let wrong = |found: String| Err(format!("{name}, byte {byte}, bit {bit}: {found}"));
        let shared: SharedDisk = Arc::new(disk.clone());
        match Writer::open(shared, undercut_store::Options::small(14_000)) {
            Ok((writer, found)) => {
                let is_told = !found.damaged.is_empty() || name.ends_with(".snap");
                let is_same = writer.acknowledged() == self.head && found.cut.is_none();
                if is_told && is_same { Ok(()) } else { wrong(format!("opened: {found:?}")) }
            }
            Err(_) => {
                let mut is_same = true;
                for (other, bytes) in &self.files {
                    let now = disk.contents(other).unwrap_or_default();
                    is_same &= other == name || now == **bytes;
                }
                if is_same { Ok(()) } else { wrong("refused, but another file changed".into()) }
            }
        }
    }
}

/// Where the frames of a segment stand.
fn places(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut places = Vec::new();
    let mut at = usize::try_from(HEADER_BYTES).unwrap_or_default();
    while let Ok(Some((_, used))) = next_frame(bytes.get(at..).unwrap_or_default()) {
        places.push(at..at + used);
        at += used;
    }
    places
}

/// The file that an error names, and for a record its offset and sequence.
pub(super) fn place_of(error: &StoreError) -> Option<(&str, Option<(u64, u64)>)> {
    Some(match error {
        StoreError::Frame { segment, offset, sequence, .. }
        | StoreError::Record { segment, offset, sequence, .. } => {
            (segment, Some((*offset, *sequence)))
        }
        StoreError::Header { segment, .. }
        | StoreError::Padding { segment, .. }
        | StoreError::Watermarks { segment, .. }
        | StoreError::WatermarksApart { segment, .. }
        | StoreError::OutOfPlace { segment, .. }
        | StoreError::Shorter { segment, .. }
        | StoreError::Longer { segment, .. }
        | StoreError::Disagrees { segment, .. } => (segment, None),
        StoreError::Snapshot { snapshot, .. } => (snapshot, None),
        _ => return None,
    })
}

/// Whether a snapshot is not used, and named.
fn snapshot_is_refused(disk: &SharedDisk, name: &str) -> Result<(), String> {
    let alone = OnlySnapshot { disk: disk.clone(), name: name.to_owned() };
    let found = snapshot::newest(&alone).map_err(|error| error.to_string())?;
    let is_named = found.refused.iter().any(|(refused, _)| refused == name);
    match found.newest {
        None if is_named => Ok(()),
        None => Err(format!("{name}: not used, and not named")),
        Some(Snapshot { head, .. }) => Err(format!("{name}: missed, used at {head:?}")),
    }
}

/// A disk that shows one snapshot alone, so that a newer one does not hide it.
#[derive(Debug)]
struct OnlySnapshot {
    disk: SharedDisk,
    name: String,
}

impl Disk for OnlySnapshot {
    fn open(&self, name: &str, access: Access) -> io::Result<Box<dyn DiskFile>> {
        self.disk.open(name, access)
    }

    fn create(&self, _: &str) -> io::Result<Box<dyn DiskFile>> {
        cannot()
    }

    fn rename(&self, _: &str, _: &str) -> io::Result<()> {
        cannot()
    }

    fn remove(&self, _: &str) -> io::Result<()> {
        cannot()
    }

    fn sync_folder(&self) -> io::Result<()> {
        cannot()
    }

    fn list(&self) -> io::Result<Vec<Entry>> {
        let mut entries = self.disk.list()?;
        entries.retain(|entry| entry.name == self.name || !entry.name.ends_with(".snap"));
        Ok(entries)
    }

    fn lock(&self, _: &str) -> io::Result<Option<Box<dyn DiskLock>>> {
        cannot()
    }
}

/// Every bit of every file of a log, the part of one thread among several. `blind` turns none over.
pub(super) fn flips(log: &Closed, part: usize, parts: usize, blind: bool) -> Outcome {
    let mut outcome = Outcome::default();
    for (name, bytes) in &log.files {
        for byte in (part..bytes.len()).step_by(parts) {
            for bit in 0..8 {
                outcome.note(log.flip(name, byte, bit, blind), || "flip".into());
            }
        }
    }
    outcome
}

/// Every byte of the headers, the watermarks and the records, one bit each: opened for writing.
pub(super) fn flips_opened(log: &Closed) -> Outcome {
    let mut outcome = Outcome::default();
    for (name, bytes) in &log.files {
        let is_segment = name.ends_with(".seg");
        let is_zero = |byte: &usize| {
            is_segment
                && [96..4_096, 4_160..8_192, 8_256..12_288].iter().any(|pad| pad.contains(byte))
        };
        for byte in (0..bytes.len()).filter(|byte| !is_zero(byte)) {
            let bit = u8::try_from(byte % 8).unwrap_or_default();
            outcome.note(log.opened(name, byte, bit), || "flip".into());
        }
    }
    outcome
}

/// Every file cut at every length.
pub(super) fn truncations(log: &Closed) -> Outcome {
    let mut outcome = Outcome::default();
    for (name, bytes) in &log.files {
        for length in 0..bytes.len() {
            let mut files = log.files.clone();
            files.insert(name.clone(), Arc::new(bytes[..length].to_vec()));
            let disk: SharedDisk = Arc::new(FixedDisk { files, flip: None });
            let checked = if name.ends_with(".snap") {
                snapshot_is_refused(&disk, name)
            } else {
                match verify(&disk, 1, &mut |_| ()) {
                    Ok(_) => Err("missed".into()),
                    Err(error) if place_of(&error).is_some_and(|(file, _)| file == name) => Ok(()),
                    Err(error) => Err(format!("misplaced: {error}")),
                }
            };
            outcome.note(checked, || format!("{name} cut to {length} bytes"));
        }
    }
    outcome
}
