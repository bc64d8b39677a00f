//! An open file of the simulated disk.

use std::io;

use super::SimulatedDisk;
use super::state::{Change, FileId};
use crate::disk::DiskFile;

#[derive(Debug)]
pub(super) struct SimulatedFile {
    disk: SimulatedDisk,
    file: FileId,
}

impl SimulatedFile {
    pub(super) const fn new(disk: SimulatedDisk, file: FileId) -> Self {
        Self { disk, file }
    }
}

impl DiskFile for SimulatedFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut inner = self.disk.inner();
        inner.read()?;
        let bytes = inner.now.bytes(self.file);
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = bytes.get(from..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let change = Change::Write { file: self.file, offset, bytes: bytes.into() };
        match self.disk.inner().change(change)? {
            Change::Write { bytes, .. } => Ok(bytes.len()),
            Change::PartOf { told, .. } => Ok(told),
            _ => Ok(0),
        }
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.disk.inner().change(Change::SetLen { file: self.file, bytes }).map(|_| ())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.disk.inner().change(Change::Sync { file: self.file }).map(|_| ())
    }

    fn sync_all(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn size(&self) -> io::Result<u64> {
        let inner = self.disk.inner();
        Ok(u64::try_from(inner.now.bytes(self.file).len()).unwrap_or(u64::MAX))
    }
}
