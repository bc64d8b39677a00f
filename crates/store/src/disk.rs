//! The few things that a store asks of a disk, so that a test can stand in for one.
//!
//! A [`Disk`] is one folder. Each method that changes something makes at most one system call that
//! does, so that whoever counts the calls has counted every point at which a machine can stop:
//!
//! | call | changes | lasts after |
//! | --- | --- | --- |
//! | [`create`](Disk::create), [`rename`](Disk::rename), [`remove`](Disk::remove) | the names of the folder | [`sync_folder`](Disk::sync_folder) |
//! | [`write_at`](DiskFile::write_at), [`set_len`](DiskFile::set_len) | the bytes of a file | [`sync_data`](DiskFile::sync_data) or [`sync_all`](DiskFile::sync_all) |
//!
//! [`RealDisk`] is a folder of the operating system, [`SimulatedDisk`](crate::SimulatedDisk) one in
//! memory that can lose power.

use std::fmt::Debug;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

/// The most names that a folder may hold before it is refused: no store makes as many.
pub const ENTRIES_MAX: usize = 1_000_000;

/// The most bytes that go into one call: Linux takes a little less than 2 GiB.
const CALL_BYTES_MAX: usize = 64 * 1024 * 1024;

/// How often a call that a signal interrupted is made again.
const INTERRUPTIONS_MAX: u32 = 1000;

/// A folder of files.
pub trait Disk: Debug + Send + Sync {
    /// Opens a regular file that exists. Never follows a symbolic link.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`], [`ErrorKind::InvalidInput`] for what is no regular file, or what
    /// the system says.
    fn open(&self, name: &str, access: Access) -> io::Result<Box<dyn DiskFile>>;

    /// Makes an empty file, open for writing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AlreadyExists`], or what the system says.
    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;

    /// Gives a file another name, in place of a file that has it.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes the names of the folder last.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn sync_folder(&self) -> io::Result<()>;

    /// Everything in the folder, by name in ascending order.
    ///
    /// # Errors
    ///
    /// What the system says, or [`ErrorKind::FileTooLarge`] beyond [`ENTRIES_MAX`] names.
    fn list(&self) -> io::Result<Vec<Entry>>;

    /// Takes the lock with that name for as long as the returned value lives; `None` when another
    /// holds it. Makes the file when there is none.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn lock(&self, name: &str) -> io::Result<Option<Box<dyn DiskLock>>>;
}

/// What a file is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reading alone.
    Read,
    /// Reading and writing.
    Write,
}

/// An open file of a [`Disk`].
pub trait DiskFile: Debug + Send + Sync {
    /// Reads up to `buffer.len()` bytes from `offset` on; 0 at the end of the file.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes bytes at `offset`, and says how many it wrote. The file grows as needed.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;

    /// Cuts the file, or lets it grow by zeros.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn set_len(&self, bytes: u64) -> io::Result<()>;

    /// Makes the bytes and the length last.
    ///
    /// # Errors
    ///
    /// What the system says. The bytes may be lost then, even when a later call succeeds.
    fn sync_data(&self) -> io::Result<()>;

    /// [`DiskFile::sync_data`], with everything else that the system knows of the file.
    ///
    /// # Errors
    ///
    /// As for [`DiskFile::sync_data`].
    fn sync_all(&self) -> io::Result<()>;

    /// The length in bytes.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn size(&self) -> io::Result<u64>;
}

/// A lock that is held until it is dropped.
pub trait DiskLock: Debug + Send + Sync {}

/// A name in a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The name, without the folder. Bytes that are no text are replaced.
    pub name: String,
    /// What it names.
    pub kind: EntryKind,
}

/// What a name in a folder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A folder, a link, a pipe, a device, or a name that is no text.
    Other,
}

/// A folder of the operating system.
#[derive(Clone, Debug)]
pub struct RealDisk {
    folder: PathBuf,
}

impl RealDisk {
    /// The disk of a folder that exists.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotADirectory`] when it is none, or what the system says.
    pub fn open(folder: impl Into<PathBuf>) -> io::Result<Self> {
        let folder = folder.into();
        if !fs::metadata(&folder)?.is_dir() {
            return Err(ErrorKind::NotADirectory.into());
        }
        Ok(Self { folder })
    }

    /// The disk of a folder, which is made when there is none. The folder above must exist.
    ///
    /// # Errors
    ///
    /// As for [`RealDisk::open`].
    pub fn open_or_create(folder: impl Into<PathBuf>) -> io::Result<Self> {
        let folder = folder.into();
        match fs::create_dir(&folder) {
            Ok(()) => sync_folder_above(&folder)?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        Self::open(folder)
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn path(&self, name: &str) -> io::Result<PathBuf> {
        let is_plain = !name.is_empty() && name != "." && name != ".." && !name.contains('/');
        if is_plain { Ok(self.folder.join(name)) } else { Err(ErrorKind::InvalidInput.into()) }
    }

    /// Opens a file, and sees to it that what was opened is the regular file that has the name: a
    /// link is looked at, not followed.
    fn open_regular(&self, name: &str, options: &OpenOptions) -> io::Result<File> {
        let path = self.path(name)?;
        let named = fs::symlink_metadata(&path)?;
        let refused = || io::Error::new(ErrorKind::InvalidInput, "it is no regular file");
        if !named.is_file() {
            return Err(refused());
        }
        let file = options.open(path)?;
        let opened = file.metadata()?;
        let is_same = (opened.dev(), opened.ino()) == (named.dev(), named.ino());
        if opened.is_file() && is_same { Ok(file) } else { Err(refused()) }
    }
}

/// Makes the name of a new folder last.
fn sync_folder_above(folder: &Path) -> io::Result<()> {
    let above = match folder.parent() {
        Some(above) if !above.as_os_str().is_empty() => above,
        _ => Path::new("."),
    };
    File::open(above)?.sync_all()
}

impl Disk for RealDisk {
    fn open(&self, name: &str, access: Access) -> io::Result<Box<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        options.read(true).write(access == Access::Write);
        Ok(Box::new(RealFile(self.open_regular(name, &options)?)))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let path = self.path(name)?;
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(path)?;
        Ok(Box::new(RealFile(file)))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path(from)?, self.path(to)?)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path(name)?)
    }

    fn sync_folder(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }

    fn list(&self) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entries.len() >= ENTRIES_MAX {
                return Err(ErrorKind::FileTooLarge.into());
            }
            let name = entry.file_name();
            // A file that is gone by now is none of ours.
            let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
            let kind = match name.to_str() {
                Some(_) if is_file => EntryKind::File,
                _ => EntryKind::Other,
            };
            entries.push(Entry { name: name.to_string_lossy().into_owned(), kind });
        }
        entries.sort();
        Ok(entries)
    }

    fn lock(&self, name: &str) -> io::Result<Option<Box<dyn DiskLock>>> {
        let create = OpenOptions::new().write(true).create_new(true).open(self.path(name)?);
        let file = match create {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                self.open_regular(name, OpenOptions::new().write(true))?
            }
            Err(error) => return Err(error),
        };
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(RealLock(file)))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

#[derive(Debug)]
struct RealFile(File);

impl DiskFile for RealFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.0.write_at(bytes, offset)
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.0.set_len(bytes)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.0.sync_all()
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }
}

/// The lock goes with the file when it is closed.
#[derive(Debug)]
struct RealLock(#[expect(dead_code, reason = "it is held, not used")] File);

impl DiskLock for RealLock {}

/// Makes a call again that a signal interrupted, up to a limit.
///
/// # Errors
///
/// What the call says.
pub fn uninterrupted<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    for _ in 0..INTERRUPTIONS_MAX {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            done => return done,
        }
    }
    call()
}

/// Writes all of `bytes` at `offset`. A call that writes less than it was given is a failure: the
/// disk is full or broken, and the next call would say so at best.
///
/// # Errors
///
/// What the system says, or [`ErrorKind::WriteZero`].
pub fn write_all_at(file: &dyn DiskFile, bytes: &[u8], offset: u64) -> io::Result<()> {
    let mut at = offset;
    for part in bytes.chunks(CALL_BYTES_MAX) {
        if uninterrupted(|| file.write_at(part, at))? != part.len() {
            return Err(io::Error::new(ErrorKind::WriteZero, "not all bytes were written"));
        }
        at = at.saturating_add(u64::try_from(part.len()).unwrap_or(u64::MAX));
    }
    Ok(())
}

/// Fills `buffer` from `offset` on as far as the file goes, and says how far.
///
/// # Errors
///
/// What the system says.
pub fn read_full_at(file: &dyn DiskFile, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let (mut filled, mut at) = (0_usize, offset);
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        let count = uninterrupted(|| file.read_at(rest, at))?;
        if count == 0 {
            break;
        }
        filled = filled.saturating_add(count);
        at = at.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
    }
    Ok(filled)
}
