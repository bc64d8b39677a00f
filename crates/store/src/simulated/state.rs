//! What the simulated disk holds, what of it lasts, and what is left when power is lost.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::disk::{Entry, EntryKind};

/// The unit that a disk writes wholly or not at all.
const SECTOR_BYTES: usize = 512;

/// A file, whatever its name.
pub(super) type FileId = u64;

/// One operation, as it took effect.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Create {
        name: Arc<str>,
    },
    Rename {
        from: Arc<str>,
        to: Arc<str>,
    },
    Remove {
        name: Arc<str>,
    },
    Write {
        file: FileId,
        offset: u64,
        bytes: Arc<[u8]>,
    },
    /// A write that told its caller of more bytes than it wrote.
    PartOf {
        told: usize,
        file: FileId,
        offset: u64,
        bytes: Arc<[u8]>,
    },
    SetLen {
        file: FileId,
        bytes: u64,
    },
    Sync {
        file: FileId,
    },
    /// A failed sync after which what was written counts as synced.
    Forget {
        file: FileId,
    },
    SyncFolder,
    /// An operation that failed, or lied.
    Nothing,
}

/// What a power loss does to what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PowerLoss {
    /// To the bytes of files.
    pub writes: LostWrites,
    /// To the names in the folder.
    pub names: LostNames,
}

/// What becomes of writes that were not synced, file by file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LostWrites {
    /// All are lost.
    All,
    /// None is lost.
    None,
    /// The first ones are there, the next one in part; how far is drawn from the seed.
    AfterPrefix {
        /// Any number.
        seed: u64,
    },
    /// Each sector of 512 bytes is there or not, and so is the length; drawn from the seed.
    Sectors {
        /// Any number.
        seed: u64,
    },
    /// The length is there; where bytes were written there are zeros.
    Zeroed,
    /// The length is there, with zeros beyond the old end; the writes are lost.
    AfterLength,
}

impl LostWrites {
    /// One of each kind, with `seed` where one is drawn from.
    #[must_use]
    pub const fn each(seed: u64) -> [Self; 6] {
        [
            Self::All,
            Self::None,
            Self::AfterPrefix { seed },
            Self::Sectors { seed },
            Self::Zeroed,
            Self::AfterLength,
        ]
    }
}

/// What becomes of changes of names that were not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LostNames {
    /// All are lost.
    All,
    /// None is lost.
    None,
    /// The first ones are there; how many is drawn from the seed.
    AfterPrefix {
        /// Any number.
        seed: u64,
    },
}

#[derive(Clone, Debug)]
enum Edit {
    Bytes { offset: usize, bytes: Arc<[u8]> },
    Length(usize),
}

impl Edit {
    fn apply(&self, to: &mut Vec<u8>) {
        match self {
            Self::Bytes { offset, bytes } => write_into(to, *offset, bytes),
            Self::Length(bytes) => to.resize(*bytes, 0),
        }
    }
}

fn write_into(to: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset.saturating_add(bytes.len());
    if to.len() < end {
        to.resize(end, 0);
    }
    if let Some(place) = to.get_mut(offset..end) {
        place.copy_from_slice(bytes);
    }
}

#[derive(Clone, Debug, Default)]
struct FileState {
    live: Arc<Vec<u8>>,
    durable: Arc<Vec<u8>>,
    unsynced: Vec<Edit>,
}

impl FileState {
    fn holding(bytes: Arc<Vec<u8>>) -> Self {
        Self { live: bytes.clone(), durable: bytes, unsynced: Vec::new() }
    }

    fn edit(&mut self, edit: Edit) {
        edit.apply(Arc::make_mut(&mut self.live));
        self.unsynced.push(edit);
    }

    fn sync(&mut self) {
        if !self.unsynced.is_empty() {
            let durable = Arc::make_mut(&mut self.durable);
            self.unsynced.drain(..).for_each(|edit| edit.apply(durable));
        }
    }

    fn forget(&mut self) {
        self.unsynced.retain(|edit| matches!(edit, Edit::Length(_)));
    }

    /// The bytes when the first `count` edits came to last.
    fn after(&self, count: usize) -> Vec<u8> {
        let mut bytes = self.durable.to_vec();
        self.unsynced.iter().take(count).for_each(|edit| edit.apply(&mut bytes));
        bytes
    }

    fn crash(&self, writes: LostWrites, file: FileId) -> Arc<Vec<u8>> {
        let Some(count) = Some(self.unsynced.len()).filter(|count| *count > 0) else {
            return self.durable.clone();
        };
        Arc::new(match writes {
            LostWrites::All => return self.durable.clone(),
            LostWrites::None => self.after(count),
            LostWrites::AfterPrefix { seed } => self.prefix(Draw::new(seed, file)),
            LostWrites::Sectors { seed } => self.sectors(Draw::new(seed, file)),
            LostWrites::Zeroed => self.zeroed(),
            LostWrites::AfterLength => {
                let length = self.after(count).len();
                let mut bytes = self.durable.to_vec();
                bytes.resize(length, 0);
                bytes
            }
        })
    }

    fn prefix(&self, mut draw: Draw) -> Vec<u8> {
        let count = draw.up_to(self.unsynced.len());
        let mut bytes = self.after(count);
        if let Some(Edit::Bytes { offset, bytes: torn }) = self.unsynced.get(count) {
            let part = torn.get(..draw.up_to(torn.len())).unwrap_or_default();
            write_into(&mut bytes, *offset, part);
        }
        bytes
    }

    fn sectors(&self, mut draw: Draw) -> Vec<u8> {
        let all = self.after(self.unsynced.len());
        let mut bytes = self.durable.to_vec();
        let (old, new) = (bytes.len(), all.len());
        bytes.resize(old.max(new), 0);
        for (to, from) in bytes.chunks_mut(SECTOR_BYTES).zip(all.chunks(SECTOR_BYTES)) {
            if to.get(..from.len()) != Some(from) && draw.coin() {
                write_into_part(to, from);
            }
        }
        bytes.truncate(if draw.coin() { new } else { old });
        bytes
    }

    fn zeroed(&self) -> Vec<u8> {
        let mut bytes = self.durable.to_vec();
        for edit in &self.unsynced {
            match edit {
                Edit::Bytes { offset, bytes: written } => {
                    write_into(&mut bytes, *offset, &vec![0; written.len()]);
                }
                Edit::Length(_) => edit.apply(&mut bytes),
            }
        }
        bytes
    }
}

fn write_into_part(to: &mut [u8], from: &[u8]) {
    if let Some(to) = to.get_mut(..from.len()) {
        to.copy_from_slice(from);
    }
}

/// Numbers from a seed: the generator known as SplitMix64.
#[derive(Clone, Copy, Debug)]
struct Draw(u64);

impl Draw {
    const fn new(seed: u64, file: u64) -> Self {
        Self(seed.wrapping_add(file.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    const fn coin(&mut self) -> bool {
        self.next() & 1 == 1
    }

    /// From 0 to `most`, both included.
    fn up_to(&mut self, most: usize) -> usize {
        let span = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        usize::try_from(self.next().checked_rem(span).unwrap_or(0)).unwrap_or(most)
    }
}

#[derive(Clone, Debug)]
enum NameChange {
    Add(Arc<str>, FileId),
    Rename(Arc<str>, Arc<str>),
    Remove(Arc<str>),
}

type Names = BTreeMap<Arc<str>, FileId>;

impl NameChange {
    fn apply(&self, names: &mut Names) {
        match self {
            Self::Add(name, file) => {
                names.insert(name.clone(), *file);
            }
            Self::Rename(from, to) => {
                if let Some(file) = names.remove(from) {
                    names.insert(to.clone(), file);
                }
            }
            Self::Remove(name) => {
                names.remove(name);
            }
        }
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct State {
    files: BTreeMap<FileId, FileState>,
    next_file: FileId,
    live: Names,
    durable: Names,
    unsynced: Vec<NameChange>,
}

impl State {
    pub(super) fn file(&self, name: &str) -> Option<FileId> {
        self.live.get(name).copied()
    }

    pub(super) fn bytes(&self, file: FileId) -> &[u8] {
        self.files.get(&file).map_or(&[], |file| &file.live)
    }

    pub(super) fn contents(&self, name: &str) -> Option<&[u8]> {
        self.file(name).map(|file| self.bytes(file))
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        let entry = |name: &Arc<str>| Entry { name: name.to_string(), kind: EntryKind::File };
        self.live.keys().map(entry).collect()
    }

    pub(super) fn put(&mut self, name: &str, bytes: Vec<u8>) {
        if self.file(name).is_none() {
            self.apply(&Change::Create { name: name.into() });
        }
        if let Some(file) = self.file(name) {
            self.files.insert(file, FileState::holding(Arc::new(bytes)));
        }
    }

    pub(super) fn settle(&mut self) {
        for file in self.files.values_mut() {
            *file = FileState::holding(file.live.clone());
        }
        self.unsynced.clear();
        self.durable = self.live.clone();
    }

    fn rename(&mut self, change: NameChange) {
        change.apply(&mut self.live);
        self.unsynced.push(change);
    }

    fn edit(&mut self, file: FileId, edit: Edit) {
        self.files.entry(file).or_default().edit(edit);
    }

    pub(super) fn apply(&mut self, change: &Change) {
        match change {
            Change::Create { name } => {
                self.files.insert(self.next_file, FileState::default());
                self.rename(NameChange::Add(name.clone(), self.next_file));
                self.next_file = self.next_file.saturating_add(1);
            }
            Change::Rename { from, to } => {
                self.rename(NameChange::Rename(from.clone(), to.clone()));
            }
            Change::Remove { name } => self.rename(NameChange::Remove(name.clone())),
            Change::Write { file, offset, bytes } | Change::PartOf { file, offset, bytes, .. } => {
                let offset = usize::try_from(*offset).unwrap_or(usize::MAX);
                self.edit(*file, Edit::Bytes { offset, bytes: bytes.clone() });
            }
            Change::SetLen { file, bytes } => {
                let bytes = usize::try_from(*bytes).unwrap_or(usize::MAX);
                self.edit(*file, Edit::Length(bytes));
            }
            Change::Sync { file } => self.files.entry(*file).or_default().sync(),
            Change::Forget { file } => self.files.entry(*file).or_default().forget(),
            Change::SyncFolder => {
                let durable = &mut self.durable;
                self.unsynced.drain(..).for_each(|change| change.apply(durable));
            }
            Change::Nothing => {}
        }
    }

    fn crash(&self, loss: PowerLoss) -> Self {
        let kept = match loss.names {
            LostNames::All => 0,
            LostNames::None => self.unsynced.len(),
            LostNames::AfterPrefix { seed } => Draw::new(seed, 0).up_to(self.unsynced.len()),
        };
        let mut live = self.durable.clone();
        self.unsynced.iter().take(kept).for_each(|change| change.apply(&mut live));
        let left = |file: &FileId| {
            let state = self.files.get(file)?;
            Some((*file, FileState::holding(state.crash(loss.writes, *file))))
        };
        let files = live.values().filter_map(left).collect();
        let (next_file, durable) = (self.next_file, live.clone());
        Self { files, next_file, live, durable, unsynced: Vec::new() }
    }
}

/// The operations of a disk, to go through them and to lose power after each.
#[derive(Clone, Debug)]
pub struct History {
    state: State,
    changes: Vec<Change>,
    operation: usize,
}

impl History {
    pub(super) const fn new(state: State, changes: Vec<Change>) -> Self {
        Self { state, changes, operation: 0 }
    }

    /// How many operations were made up to here.
    #[must_use]
    pub fn operation(&self) -> u64 {
        u64::try_from(self.operation).unwrap_or(u64::MAX)
    }

    /// Makes the next operation; `false` when there is none.
    pub fn advance(&mut self) -> bool {
        let Some(change) = self.changes.get(self.operation) else { return false };
        self.state.apply(change);
        self.operation = self.operation.saturating_add(1);
        true
    }

    /// The disk as it could be found when power is lost here.
    #[must_use]
    pub fn crash(&self, loss: PowerLoss) -> super::SimulatedDisk {
        super::SimulatedDisk::holding(self.state.crash(loss))
    }

    /// Whether anything was not synced here. If not, every loss leaves the same.
    #[must_use]
    pub fn has_unsynced(&self) -> bool {
        !self.state.unsynced.is_empty()
            || self.state.live.values().any(|file| {
                self.state.files.get(file).is_some_and(|file| !file.unsynced.is_empty())
            })
    }
}
