//! States kept at a head of the log, so that a start need not read it all.
//!
//! A snapshot names the head that it stands at; what it holds is the host's. It is written beside,
//! synced, and only then given its name; older ones but one go after that. A reader takes the
//! newest that is whole and whose head is in the log. Every field: `docs/log-format.md`.

use std::io::ErrorKind;
use std::ops::ControlFlow;

use undercut_primitives::BlockHeight;
use undercut_primitives::crypto::{Namespace, digest_parts};

use crate::bytes::{digest_at, part, to_u64, to_usize, u32_at, u64_at};
use crate::disk::{Access, Disk, read_full_at, uninterrupted, write_all_at};
use crate::error::StoreError;
use crate::folder::{Folder, Layout, SNAPSHOT_NEW, open_file, snapshot_name};
use crate::reading::{frames_from, has_head};
use undercut_ledger::log::Head;

/// How many snapshots stay.
pub const SNAPSHOTS_KEPT: usize = 2;

/// The most bytes that a snapshot's content may have: 1 GiB.
pub const PAYLOAD_BYTES_MAX: u64 = 1 << 30;

const NAMESPACE: Namespace = Namespace("undercut/snapshot/v1");
const NAME: [u8; 8] = *b"UNDERSNP";
const VERSION: u32 = 1;
const FIELDS: usize = 72;
const AROUND: u64 = 72 + 32;

/// A state of the host, and where in the log it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The head that the state stands at.
    pub head: Head,
    /// The height of that head's seal.
    pub height: BlockHeight,
    /// The state, in the host's form.
    pub payload: Vec<u8>,
}

/// The newest snapshot that can be used, and those that cannot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshots {
    /// The newest that can be used.
    pub newest: Option<Snapshot>,
    /// The newer ones, each with what is wrong.
    pub refused: Vec<(String, StoreError)>,
}

/// The fields before the payload.
fn fields(head: Head, height: BlockHeight, payload: &[u8]) -> Vec<u8> {
    let mut fields = Vec::with_capacity(FIELDS);
    fields.extend(NAME);
    fields.extend(VERSION.to_le_bytes());
    fields.extend([0; 4]);
    fields.extend(head.records.to_le_bytes());
    fields.extend(head.hash.as_bytes());
    fields.extend(height.to_u64().to_le_bytes());
    fields.extend(to_u64(payload.len()).to_le_bytes());
    fields
}

impl Snapshot {
    /// The bytes of the file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let fields = fields(self.head, self.height, &self.payload);
        let digest = digest_parts(NAMESPACE, &[&fields, &self.payload]);
        [&fields, self.payload.as_slice(), digest.as_bytes()].concat()
    }

    /// Decodes the bytes of a file.
    ///
    /// # Errors
    ///
    /// [`StoreError::Snapshot`] with the first thing wrong.
    pub fn decode(snapshot: &str, bytes: Vec<u8>) -> Result<Self, StoreError> {
        let wrong = |offset, what| {
            Err(StoreError::Snapshot { snapshot: snapshot.to_owned(), offset, what })
        };
        if part(&bytes, 0, 8) != NAME {
            return wrong(0, "this is no snapshot");
        }
        if u32_at(&bytes, 8) != VERSION {
            return wrong(8, "the snapshot has another version than 1");
        }
        if u32_at(&bytes, 12) != 0 {
            return wrong(12, "a byte that belongs to no field is not 0");
        }
        let length = u64_at(&bytes, 64);
        if length.checked_add(AROUND) != Some(to_u64(bytes.len())) {
            return wrong(64, "the file has another length than the snapshot says");
        }
        let end = FIELDS.saturating_add(to_usize(length));
        let (content, digest) = bytes.split_at_checked(end).unwrap_or((&bytes, &[]));
        if digest_at(digest, 0) != digest_parts(NAMESPACE, &[content]) {
            return wrong(to_u64(end), "the snapshot was altered: its hash does not fit");
        }
        let head = Head { records: u64_at(&bytes, 16), hash: digest_at(&bytes, 24) };
        let height = BlockHeight::new(u64_at(&bytes, 56));
        let mut payload = bytes;
        payload.truncate(end);
        payload.drain(..FIELDS);
        Ok(Self { head, height, payload })
    }
}

/// The newest snapshot that is whole and whose head is in the acknowledged log.
///
/// Reads the newest first, whole; older ones only when it must.
///
/// # Errors
///
/// [`StoreError`] when the disk fails or the folder is no log. A bad snapshot is no error.
pub fn newest(disk: &dyn Disk) -> Result<Snapshots, StoreError> {
    let folder = Folder::list(disk)?;
    let layout = Layout::open(disk, &folder)?;
    let mut found = Snapshots::default();
    for records in folder.snapshots.iter().rev() {
        let name = snapshot_name(*records);
        match usable(disk, &layout, &name, *records) {
            Ok(snapshot) => {
                found.newest = Some(snapshot);
                break;
            }
            // Its writer has made newer ones since the names were listed.
            Err(StoreError::Disk { kind: ErrorKind::NotFound, .. }) => {}
            Err(error @ StoreError::Disk { .. }) => return Err(error),
            Err(error) => found.refused.push((name, error)),
        }
    }
    Ok(found)
}

/// The snapshots of the folder that cannot be used, oldest first, each with the reason. Reads all of
/// every snapshot.
///
/// # Errors
///
/// [`StoreError`] when the disk fails or the folder is no log. A bad snapshot is no error.
pub fn refused(disk: &dyn Disk) -> Result<Vec<(String, StoreError)>, StoreError> {
    let folder = Folder::list(disk)?;
    let layout = Layout::open(disk, &folder)?;
    let mut refused = Vec::new();
    for records in &folder.snapshots {
        let name = snapshot_name(*records);
        match usable(disk, &layout, &name, *records) {
            // Its writer has made newer ones since the names were listed.
            Err(StoreError::Disk { kind: ErrorKind::NotFound, .. }) => {}
            Err(error @ StoreError::Disk { .. }) => return Err(error),
            Err(error) => refused.push((name, error)),
            Ok(_) => {}
        }
    }
    Ok(refused)
}

fn usable(
    disk: &dyn Disk,
    layout: &Layout,
    name: &str,
    records: u64,
) -> Result<Snapshot, StoreError> {
    let snapshot = Snapshot::decode(name, read(disk, name)?)?;
    if snapshot.head.records != records {
        let what = "the snapshot is of another head than its name says";
        return Err(StoreError::Snapshot { snapshot: name.to_owned(), offset: 16, what });
    }
    let Some(seal) = records.checked_sub(1) else {
        return Err(StoreError::NotInLog { head: snapshot.head });
    };
    if !has_head(disk, layout, snapshot.head)? {
        return Err(StoreError::NotInLog { head: snapshot.head });
    }
    let mut height = None;
    frames_from(disk, seal, &mut |frame| {
        height = Some(frame.height);
        ControlFlow::Break(())
    })?;
    if height != Some(snapshot.height) {
        let what = "the snapshot is of another block than its seal";
        return Err(StoreError::Snapshot { snapshot: name.to_owned(), offset: 56, what });
    }
    Ok(snapshot)
}

/// Reads a snapshot's file, if it is no longer than one may be.
fn read(disk: &dyn Disk, name: &str) -> Result<Vec<u8>, StoreError> {
    let file = open_file(disk, name, Access::Read)?;
    let size =
        uninterrupted(|| file.size()).map_err(StoreError::disk(name, "ask for its length"))?;
    let wrong = |what| StoreError::Snapshot { snapshot: name.to_owned(), offset: size, what };
    if size < AROUND {
        return Err(wrong("the file ends within the snapshot's fields"));
    }
    if size > PAYLOAD_BYTES_MAX.saturating_add(AROUND) {
        return Err(wrong("the file is longer than a snapshot may be"));
    }
    let mut bytes = vec![0; to_usize(size)];
    let count = read_full_at(&*file, &mut bytes, 0).map_err(StoreError::disk(name, "read it"))?;
    bytes.truncate(count);
    Ok(bytes)
}

/// Writes a snapshot so that it lasts, and removes older ones but one.
pub(crate) fn save(
    disk: &dyn Disk,
    head: Head,
    height: BlockHeight,
    payload: &[u8],
) -> Result<(), StoreError> {
    if to_u64(payload.len()) > PAYLOAD_BYTES_MAX {
        return Err(StoreError::TooLarge { what: "the content of a snapshot" });
    }
    let fields = fields(head, height, payload);
    let digest = digest_parts(NAMESPACE, &[&fields, payload]);
    let wrong = |action| StoreError::disk(SNAPSHOT_NEW, action);
    let file = uninterrupted(|| disk.create(SNAPSHOT_NEW)).map_err(wrong("make it"))?;
    write_parts(&*file, &[&fields, payload, digest.as_bytes()]).map_err(wrong("write it"))?;
    uninterrupted(|| file.sync_all()).map_err(wrong("sync it"))?;
    uninterrupted(|| disk.rename(SNAPSHOT_NEW, &snapshot_name(head.records)))
        .map_err(wrong("rename it"))?;
    let folder = |action| StoreError::disk("the folder", action);
    uninterrupted(|| disk.sync_folder()).map_err(folder("sync it"))?;
    remove_older(disk, head.records)
}

fn write_parts(file: &dyn crate::disk::DiskFile, parts: &[&[u8]]) -> std::io::Result<()> {
    let mut offset = 0_u64;
    for part in parts {
        write_all_at(file, part, offset)?;
        offset = offset.saturating_add(to_u64(part.len()));
    }
    Ok(())
}

/// Removes all but the newest [`SNAPSHOTS_KEPT`] up to `records`. What goes need not be synced: it
/// may come back, and goes with the next one.
fn remove_older(disk: &dyn Disk, records: u64) -> Result<(), StoreError> {
    let mut snapshots = Folder::list(disk)?.snapshots;
    snapshots.retain(|found| *found <= records);
    let old = snapshots.len().saturating_sub(SNAPSHOTS_KEPT);
    for records in snapshots.iter().take(old) {
        let name = snapshot_name(*records);
        uninterrupted(|| disk.remove(&name)).map_err(StoreError::disk(&name, "remove it"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use undercut_primitives::Digest;

    fn snapshot() -> Snapshot {
        let head = Head { records: 40, hash: Digest::from_bytes([4; 32]) };
        Snapshot { head, height: BlockHeight::new(9), payload: b"state".to_vec() }
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = snapshot().encode();
        assert_eq!(bytes.len(), 72 + 5 + 32);
        assert_eq!(Snapshot::decode("a", bytes), Ok(snapshot()));
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let intact = snapshot().encode();
        for bit in 0..intact.len() * 8 {
            let mut bytes = intact.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(Snapshot::decode("a", bytes).is_err(), "bit {bit}");
        }
        for length in 0..intact.len() {
            assert!(Snapshot::decode("a", intact[..length].to_vec()).is_err(), "length {length}");
        }
    }
}
