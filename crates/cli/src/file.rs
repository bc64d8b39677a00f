//! Files of people: read up to a limit, written whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::exit::{Exit, Failure};

/// Opens a file that has an end, which a device or a pipe may not have.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    let metadata = fs::metadata(path)?;
    if metadata.is_file() {
        return File::open(path);
    }
    let sentence = if metadata.is_dir() { "this is a folder" } else { "this is no regular file" };
    Err(io::Error::new(io::ErrorKind::InvalidInput, sentence))
}

/// The first bytes of a file, at most `bytes_max`.
pub(crate) fn read_up_to(file: File, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(bytes_max).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Puts `bytes` in the place of what a file has.
///
/// They go into a new file beside it, which then takes its name: whoever reads the file meanwhile
/// sees all of the old or all of the new. Owner, group and permissions stay; behind a symbolic link
/// the file it leads to is replaced.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    let old = fs::metadata(&path)?;
    if !old.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "this is no regular file"));
    }
    if old.permissions().readonly() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the file is read-only"));
    }
    let new = beside(&path)?;
    let written = write_new(&new, bytes)
        .and_then(|file| keep_owner(&file, &old))
        .and_then(|()| fs::set_permissions(&new, old.permissions()))
        .and_then(|()| fs::rename(&new, &path));
    if written.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&new);
    }
    written
}

/// Writes a file that must not be there yet, and makes it durable.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> io::Result<File> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if let Err(error) = written {
        let _ = fs::remove_file(path);
        return Err(error);
    }
    Ok(file)
}

/// A name for a new file in the same folder, hidden and of this process alone.
fn beside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or_else(|| io::Error::other("the path has no file name"))?;
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}.new", std::process::id()));
    Ok(path.with_file_name(hidden))
}

#[cfg(unix)]
fn keep_owner(file: &File, old: &fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    let new = file.metadata()?;
    if (new.uid(), new.gid()) == (old.uid(), old.gid()) {
        return Ok(());
    }
    fchown(file, Some(old.uid()), Some(old.gid()))
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &fs::Metadata) -> io::Result<()> {
    Ok(())
}

/// A file in the making: beside its place and hidden until it takes it, gone when it never does.
#[derive(Debug)]
pub(crate) struct NewFile {
    path: PathBuf,
    hidden: PathBuf,
    /// Whether it may take the place of another.
    force: bool,
}

impl NewFile {
    /// Begins a file that is to be called `path`, which must not be there unless `force`.
    pub(crate) fn create(path: &Path, force: bool) -> Result<(File, Self), Failure> {
        let refused = |error: io::Error| {
            Failure::new(Exit::Unreadable, format!("FIL003: {}: {error}", path.display()))
        };
        match fs::symlink_metadata(path) {
            Ok(_) if !force => return Err(taken(path)),
            Ok(metadata) if metadata.is_dir() => {
                return Err(refused(io::Error::other("this is a folder")));
            }
            // A link, a device or a pipe is there for something; only files are replaced.
            Ok(metadata) if !metadata.is_file() => {
                return Err(refused(io::Error::other("this is no regular file")));
            }
            Ok(metadata) if metadata.permissions().readonly() => {
                return Err(refused(io::Error::other("this file is read-only")));
            }
            _ => {}
        }
        let hidden = beside(path).map_err(refused)?;
        let file =
            OpenOptions::new().write(true).create_new(true).open(&hidden).map_err(refused)?;
        Ok((file, Self { path: path.to_owned(), hidden, force }))
    }

    /// Gives the complete file its name.
    pub(crate) fn take_its_place(self) -> Result<(), Failure> {
        // A link is refused when the name is taken, a rename is not.
        let linked = if self.force {
            fs::rename(&self.hidden, &self.path)
        } else {
            fs::hard_link(&self.hidden, &self.path)
        };
        match linked {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(taken(&self.path)),
            // Some file systems have no links.
            Err(_) if !self.force && !self.path.exists() => {
                fs::rename(&self.hidden, &self.path).map_err(|error| self.refused(&error))
            }
            Err(error) => Err(self.refused(&error)),
        }
    }

    fn refused(&self, error: &io::Error) -> Failure {
        Failure::new(Exit::Unreadable, format!("FIL003: {}: {error}", self.path.display()))
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        // After a rename there is nothing left to remove.
        let _ = fs::remove_file(&self.hidden);
    }
}

fn taken(path: &Path) -> Failure {
    let sentence =
        format!("FIL004: {}: there is a file already; --force replaces it", path.display());
    Failure::new(Exit::Usage, sentence)
}
