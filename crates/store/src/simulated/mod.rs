//! A disk in memory that counts its operations, fails on request, and loses power.
//!
//! Per file it knows the live bytes, the durable bytes and the writes that were not synced; for the
//! folder the same of its names. Every operation that changes something has a number, from 0.
//!
//! * [`SimulatedDisk::crash`] gives the disk as it could be found after power was lost;
//!   [`SimulatedDisk::history`] does so for one operation after the other, cheaply.
//! * [`SimulatedDisk::fail_at`] makes an operation fail, once or for ever.
//! * [`SimulatedDisk::killed`] gives the disk as the next process finds it when only the last one
//!   died: what was written is there, what was not synced may still be lost later.
//!
//! A clone is another handle of the same disk, so a test can look at it when the writer is gone.
//!
//! **Rules of the model.** A sync of a file makes all its bytes and its length last, not its name;
//! a sync of the folder makes all names last. A sync that fails may drop what it should have made
//! last, as Linux does: the bytes can still be read, are never written again, and are gone after
//! power is lost. A change of length or of a name is never dropped so.

mod fault;
mod file;
mod state;

use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use fault::{Dirty, Fault, Times};
pub use state::{History, LostNames, LostWrites, PowerLoss};

use fault::Faults;
use file::SimulatedFile;
use state::{Change, State};

use crate::disk::{Access, Disk, DiskFile, DiskLock, Entry};

/// A folder in memory that counts its operations, fails on request, and loses power.
#[derive(Clone, Debug, Default)]
pub struct SimulatedDisk(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    /// Where the history starts.
    start: State,
    now: State,
    /// One change per operation so far.
    changes: Vec<Change>,
    reads: u64,
    faults: Faults,
    locked: Vec<String>,
}

impl Inner {
    /// Makes a change, unless a fault is due. Says what the caller hears.
    fn change(&mut self, change: Change) -> io::Result<Change> {
        let number = u64::try_from(self.changes.len()).unwrap_or(u64::MAX);
        let (change, heard) = self.faults.strike(number, change);
        self.now.apply(&change);
        self.changes.push(change.clone());
        heard.map(|()| change)
    }

    fn read(&mut self) -> io::Result<()> {
        let number = self.reads;
        self.reads = self.reads.saturating_add(1);
        self.faults.strike_read(number)
    }

    /// Makes everything last, and starts the history here.
    fn settle(&mut self) {
        self.now.settle();
        self.start = self.now.clone();
        self.changes.clear();
        self.reads = 0;
    }
}

impl SimulatedDisk {
    /// An empty folder.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn holding(state: State) -> Self {
        let inner = Inner { start: state.clone(), now: state, ..Inner::default() };
        Self(Arc::new(Mutex::new(inner)))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many operations changed something, or tried to. The number of the next one.
    #[must_use]
    pub fn operations(&self) -> u64 {
        u64::try_from(self.inner().changes.len()).unwrap_or(u64::MAX)
    }

    /// How many reads there were. The number of the next one.
    #[must_use]
    pub fn reads(&self) -> u64 {
        self.inner().reads
    }

    /// Lets the first operation from number `operation` on that `fault` can strike fail, or every
    /// one from there on.
    pub fn fail_at(&self, operation: u64, fault: Fault, times: Times) {
        self.inner().faults.add(operation, fault, times);
    }

    /// Lets read number `read` fail, or every one from there on.
    pub fn fail_read_at(&self, read: u64, times: Times) {
        self.inner().faults.add_read(read, times);
    }

    /// Whether a fault has struck.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.inner().faults.has_struck()
    }

    /// The disk as it could be found when power is lost after `operation` operations.
    #[must_use]
    pub fn crash(&self, operation: u64, loss: PowerLoss) -> Self {
        let mut history = self.history();
        while history.operation() < operation && history.advance() {}
        history.crash(loss)
    }

    /// The operations so far, to go through them one by one.
    #[must_use]
    pub fn history(&self) -> History {
        let inner = self.inner();
        History::new(inner.start.clone(), inner.changes.clone())
    }

    /// The disk as the next process finds it when this one is killed now. It fails no more.
    #[must_use]
    pub fn killed(&self) -> Self {
        Self::holding(self.inner().now.clone())
    }

    /// The bytes of a file as a reader sees them.
    #[must_use]
    pub fn contents(&self, name: &str) -> Option<Vec<u8>> {
        self.inner().now.contents(name).map(|bytes| bytes.to_vec())
    }

    /// Puts a file there that lasts, in place of one with that name. Everything else lasts too from
    /// now on, and the numbers start again.
    pub fn put(&self, name: &str, bytes: Vec<u8>) {
        let mut inner = self.inner();
        inner.now.put(name, bytes);
        inner.settle();
    }

    /// Deletes a file, with the rest as in [`SimulatedDisk::put`].
    pub fn delete(&self, name: &str) {
        let mut inner = self.inner();
        inner.now.apply(&Change::Remove { name: name.into() });
        inner.settle();
    }

    /// Turns one bit of a file over; bit 0 is the lowest of the first byte. Nothing beyond the end.
    pub fn flip_bit(&self, name: &str, bit: u64) {
        if let Some(mut bytes) = self.contents(name) {
            let at = usize::try_from(bit >> 3).unwrap_or(usize::MAX);
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1_u8.rotate_left(u32::try_from(bit & 7).unwrap_or(0));
            }
            self.put(name, bytes);
        }
    }

    /// The names in the folder, in ascending order.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.inner().now.entries().into_iter().map(|entry| entry.name).collect()
    }
}

impl Disk for SimulatedDisk {
    fn open(&self, name: &str, _: Access) -> io::Result<Box<dyn DiskFile>> {
        let mut inner = self.inner();
        inner.read()?;
        let file = inner.now.file(name).ok_or(ErrorKind::NotFound)?;
        Ok(Box::new(SimulatedFile::new(self.clone(), file)))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut inner = self.inner();
        if inner.now.file(name).is_some() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        inner.change(Change::Create { name: name.into() })?;
        let file = inner.now.file(name).ok_or(ErrorKind::NotFound)?;
        Ok(Box::new(SimulatedFile::new(self.clone(), file)))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut inner = self.inner();
        inner.now.file(from).ok_or(ErrorKind::NotFound)?;
        inner.change(Change::Rename { from: from.into(), to: to.into() }).map(|_| ())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut inner = self.inner();
        inner.now.file(name).ok_or(ErrorKind::NotFound)?;
        inner.change(Change::Remove { name: name.into() }).map(|_| ())
    }

    fn sync_folder(&self) -> io::Result<()> {
        self.inner().change(Change::SyncFolder).map(|_| ())
    }

    fn list(&self) -> io::Result<Vec<Entry>> {
        let mut inner = self.inner();
        inner.read()?;
        Ok(inner.now.entries())
    }

    fn lock(&self, name: &str) -> io::Result<Option<Box<dyn DiskLock>>> {
        let mut inner = self.inner();
        if inner.now.file(name).is_none() {
            inner.change(Change::Create { name: name.into() })?;
        }
        if inner.locked.iter().any(|locked| locked == name) {
            return Ok(None);
        }
        inner.locked.push(name.to_owned());
        Ok(Some(Box::new(SimulatedLock { disk: self.clone(), name: name.to_owned() })))
    }
}

#[derive(Debug)]
struct SimulatedLock {
    disk: SimulatedDisk,
    name: String,
}

impl DiskLock for SimulatedLock {}

impl Drop for SimulatedLock {
    fn drop(&mut self) {
        self.disk.inner().locked.retain(|locked| *locked != self.name);
    }
}

#[cfg(test)]
mod tests;
