//! Disks that do not do what they are asked, to see that the tables notice.

use std::io;

use std::sync::Arc;
use undercut_store::disk::{Access, Disk, DiskFile, DiskLock, Entry};
use undercut_store::{SharedDisk, SimulatedDisk};

/// What a disk does not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Omits {
    /// It syncs no file.
    FileSyncs,
    /// It does not sync the folder.
    FolderSyncs,
    /// The last byte of long writes.
    LastBytes,
}

/// A disk that says that it has done what it has not.
#[derive(Debug)]
pub(super) struct LyingDisk {
    disk: SimulatedDisk,
    omits: Omits,
}

#[derive(Debug)]
struct LyingFile {
    file: Box<dyn DiskFile>,
    omits: Omits,
}

pub(super) fn without_file_syncs(disk: SimulatedDisk) -> SharedDisk {
    Arc::new(LyingDisk { disk, omits: Omits::FileSyncs })
}

pub(super) fn without_folder_syncs(disk: SimulatedDisk) -> SharedDisk {
    Arc::new(LyingDisk { disk, omits: Omits::FolderSyncs })
}

pub(super) fn with_short_writes(disk: SimulatedDisk) -> SharedDisk {
    Arc::new(LyingDisk { disk, omits: Omits::LastBytes })
}

impl LyingDisk {
    fn wrap(&self, file: Box<dyn DiskFile>) -> Box<dyn DiskFile> {
        Box::new(LyingFile { file, omits: self.omits })
    }
}

impl Disk for LyingDisk {
    fn open(&self, name: &str, access: Access) -> io::Result<Box<dyn DiskFile>> {
        Ok(self.wrap(self.disk.open(name, access)?))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        Ok(self.wrap(self.disk.create(name)?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.disk.remove(name)
    }

    fn sync_folder(&self) -> io::Result<()> {
        if self.omits == Omits::FolderSyncs { Ok(()) } else { self.disk.sync_folder() }
    }

    fn list(&self) -> io::Result<Vec<Entry>> {
        self.disk.list()
    }

    fn lock(&self, name: &str) -> io::Result<Option<Box<dyn DiskLock>>> {
        self.disk.lock(name)
    }
}

impl DiskFile for LyingFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        match bytes.split_last() {
            Some((_, most)) if self.omits == Omits::LastBytes && most.len() > 200 => {
                Ok(self.file.write_at(most, offset)?.saturating_add(1))
            }
            _ => self.file.write_at(bytes, offset),
        }
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.file.set_len(bytes)
    }

    fn sync_data(&self) -> io::Result<()> {
        if self.omits == Omits::FileSyncs { Ok(()) } else { self.file.sync_data() }
    }

    fn sync_all(&self) -> io::Result<()> {
        if self.omits == Omits::FileSyncs { Ok(()) } else { self.file.sync_all() }
    }

    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }
}
