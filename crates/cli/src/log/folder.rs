//! A log's folder: `records.log` with the frames, `HEAD` with the end its writer saw.
//!
//! `HEAD` is text, one name and value a line: `format`, `records`, `hash`, `bytes`. It is written
//! after the records are on disk, as a new file that takes the old one's place. A log that was cut
//! or replaced does not end where `HEAD` says.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use undercut_ledger::log::Head;

use crate::exit::{Exit, Failure};
use crate::file::{open_regular, read_up_to};

const RECORDS: &str = "records.log";
const HEAD: &str = "HEAD";
const FORMAT: &str = "undercut-head/1";
/// More than a HEAD file has.
const HEAD_BYTES_MAX: u64 = 4_096;

/// The end of a log as its writer saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Records and the hash of the last.
    pub(crate) head: Head,
    /// Length of `records.log`.
    pub(crate) bytes: u64,
}

impl Mark {
    fn text(&self) -> String {
        let Self { head, bytes } = self;
        format!("format {FORMAT}\nrecords {}\nhash {}\nbytes {bytes}\n", head.records, head.hash)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let mut value = |name: &str| {
            let (found, value) = lines.next()?.split_once(' ')?;
            (found == name).then_some(value)
        };
        let is_ours = value("format")? == FORMAT;
        let (records, hash) = (value("records")?.parse().ok()?, value("hash")?.parse().ok()?);
        let bytes = value("bytes")?.parse().ok()?;
        let mark = Self { head: Head { records, hash }, bytes };
        // One text per mark: no other spelling, nothing after it.
        (is_ours && mark.text() == text).then_some(mark)
    }
}

/// A log as it was read back.
#[derive(Debug)]
pub(crate) struct Kept {
    /// The file of the records.
    pub(crate) path: PathBuf,
    /// All its bytes.
    pub(crate) bytes: Vec<u8>,
    /// What `HEAD` says, if it is there.
    pub(crate) mark: Option<Mark>,
}

impl Kept {
    /// Reads a log's folder.
    pub(crate) fn read(dir: &Path) -> Result<Self, Failure> {
        let path = dir.join(RECORDS);
        let bytes = read_records(&path).map_err(|error| {
            Failure::new(
                Exit::Unreadable,
                format!("FIL001: {}: {error}; is this the folder of a log?", path.display()),
            )
        })?;
        let head = dir.join(HEAD);
        let read = open_regular(&head).and_then(|file| read_up_to(file, HEAD_BYTES_MAX));
        let mark = match read.map(|bytes| String::from_utf8(bytes).unwrap_or_default()) {
            Ok(text) => Some(Mark::parse(&text).ok_or_else(|| {
                let sentence = "LOG011: this is no HEAD file of a log; restore it, or remove it and pass --head";
                Failure::new(Exit::Damaged, format!("{}: {sentence}", head.display()))
            })?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                return Err(Failure::new(Exit::Unreadable, format!("FIL001: {}: {error}", head.display())));
            }
        };
        Ok(Self { path, bytes, mark })
    }
}

/// All records.
fn read_records(path: &Path) -> io::Result<Vec<u8>> {
    read_up_to(open_regular(path)?, u64::MAX)
}

/// Writes a log into a folder of its own.
#[derive(Debug)]
pub(crate) struct Writer {
    dir: PathBuf,
    records: File,
    bytes: u64,
}

impl Writer {
    /// Makes the folder, which must be new or empty, and the file of the records.
    pub(crate) fn create(dir: &Path) -> Result<Self, Failure> {
        let refused = |error: io::Error| {
            Failure::new(
                Exit::Unreadable,
                format!("FIL003: {}: {error}; name a new folder", dir.display()),
            )
        };
        fs::create_dir_all(dir).map_err(refused)?;
        if fs::read_dir(dir).map_err(refused)?.next().is_some() {
            let sentence = format!(
                "FIL002: {}: the folder is not empty; name a new one, a log gets one of its own",
                dir.display()
            );
            return Err(Failure::new(Exit::Usage, sentence));
        }
        let records = OpenOptions::new().append(true).create_new(true).open(dir.join(RECORDS));
        Ok(Self { dir: dir.to_owned(), records: records.map_err(refused)?, bytes: 0 })
    }

    /// Appends frames.
    pub(crate) fn append(&mut self, frames: &[u8]) -> io::Result<()> {
        self.records.write_all(frames)?;
        self.bytes = self.bytes.saturating_add(u64::try_from(frames.len()).unwrap_or_default());
        Ok(())
    }

    /// Makes everything durable and notes the end: records first, then `HEAD`, then the folder.
    pub(crate) fn finish(self, head: Head) -> io::Result<()> {
        self.records.sync_all()?;
        let (new, old) = (self.dir.join("HEAD.new"), self.dir.join(HEAD));
        let mut file = File::create(&new)?;
        file.write_all(Mark { head, bytes: self.bytes }.text().as_bytes())?;
        file.sync_all()?;
        fs::rename(new, old)?;
        File::open(&self.dir)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use undercut_primitives::Digest;

    use super::*;

    #[test]
    fn head_text_and_mark_are_exact_inverses() {
        let mark = Mark { head: Head { records: 7, hash: Digest::from_bytes([9; 32]) }, bytes: 99 };
        assert_eq!(Mark::parse(&mark.text()), Some(mark));
        for bad in
            ["", "format undercut-head/2\n", "records 7\n", &mark.text().replace("bytes", "size")]
        {
            assert_eq!(Mark::parse(bad), None, "{bad}");
        }
    }
}
