//! Frames out of one segment with a buffer of bounded size.

use crate::bytes::{part, to_u64, to_usize, u32_at};
use crate::disk::{Access, Disk, DiskFile, read_full_at};
use crate::error::StoreError;
use crate::folder::open_file;
use crate::segment::HEADER_BYTES;
use undercut_ledger::log::{BODY_BYTES_MAX, FRAME_HEADER_BYTES, Frame, FrameBroken, next_frame};

/// How much is read at once.
pub(crate) const READ_BYTES: usize = 1 << 20;

/// The most bytes that a frame takes.
const FRAME_BYTES_MAX: usize = FRAME_HEADER_BYTES + BODY_BYTES_MAX;

/// A position in a segment, and the bytes after it that were read already.
#[derive(Debug)]
pub(crate) struct Scanner {
    file: Box<dyn DiskFile>,
    segment: String,
    /// What was read: the bytes from `offset` on start at `start`.
    buffer: Vec<u8>,
    start: usize,
    /// Where the next frame starts, in bytes from the start of the segment.
    offset: u64,
    /// Where to stop.
    end: u64,
}

/// A frame, or what stands in place of one.
pub(crate) enum Scanned<'a> {
    /// A frame, and how many bytes it takes.
    Frame(Frame<'a>, u64),
    /// No more bytes.
    End,
    /// Bytes that are no frame.
    Broken(FrameBroken),
}

impl Scanner {
    /// From the first frame of a segment up to the offset `end`.
    pub(crate) fn open(disk: &dyn Disk, segment: &str, end: u64) -> Result<Self, StoreError> {
        let file = open_file(disk, segment, Access::Read)?;
        Ok(Self::new(file, segment, end))
    }

    pub(crate) fn new(file: Box<dyn DiskFile>, segment: &str, end: u64) -> Self {
        let segment = segment.to_owned();
        Self { file, segment, buffer: Vec::new(), start: 0, offset: HEADER_BYTES, end }
    }

    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Goes on up to another end.
    pub(crate) fn set_end(&mut self, end: u64) {
        self.end = end;
    }

    /// The bytes read and not yet used, within the end.
    fn ready(&self) -> &[u8] {
        let rest = self.buffer.get(self.start..).unwrap_or_default();
        part(rest, 0, to_usize(self.end.saturating_sub(self.offset)))
    }

    /// Reads until `wanted` bytes are there, or the end.
    fn fill(&mut self, wanted: usize) -> Result<(), StoreError> {
        let left = to_usize(self.end.saturating_sub(self.offset));
        let wanted = wanted.min(left);
        let have = self.buffer.len().saturating_sub(self.start);
        if have >= wanted {
            return Ok(());
        }
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.resize(wanted.max(READ_BYTES.min(left)), 0);
        let at = self.offset.saturating_add(to_u64(have));
        let place = self.buffer.get_mut(have..).unwrap_or_default();
        let read = read_full_at(&*self.file, place, at);
        let read = read.map_err(StoreError::disk(&self.segment, "read it"))?;
        self.buffer.truncate(have.saturating_add(read));
        Ok(())
    }

    /// How many bytes the next frame takes by its own word, as far as that is possible.
    fn fill_frame(&mut self) -> Result<(), StoreError> {
        self.fill(FRAME_HEADER_BYTES)?;
        let length = to_usize(u64::from(u32_at(self.ready(), 0)));
        let length = length.saturating_add(FRAME_HEADER_BYTES);
        if length <= FRAME_BYTES_MAX { self.fill(length) } else { Ok(()) }
    }

    /// The next frame. Stays where it is; see [`Scanner::skip`].
    pub(crate) fn peek(&mut self) -> Result<Scanned<'_>, StoreError> {
        self.fill_frame()?;
        Ok(match next_frame(self.ready()) {
            Ok(Some((frame, used))) => Scanned::Frame(frame, to_u64(used)),
            Ok(None) => Scanned::End,
            Err(broken) => Scanned::Broken(broken),
        })
    }

    /// Goes on by the bytes of a frame.
    pub(crate) fn skip(&mut self, used: u64) {
        self.offset = self.offset.saturating_add(used);
        self.start = self.start.saturating_add(to_usize(used)).min(self.buffer.len());
    }

    /// As many whole frames as there are in about [`READ_BYTES`], put into `chunk`, unchecked. What
    /// is no frame goes along to be refused by whoever checks it.
    pub(crate) fn chunk(&mut self, chunk: &mut Vec<u8>) -> Result<(), StoreError> {
        chunk.clear();
        while chunk.len() < READ_BYTES && self.offset < self.end {
            self.fill_frame()?;
            let ready = self.ready();
            let mut whole = 0_usize;
            while let Some(length) = whole_frame(ready.get(whole..).unwrap_or_default()) {
                whole = whole.saturating_add(length);
            }
            // What is no whole frame although all its bytes were asked for never will be one.
            let taken = if whole == 0 { ready } else { part(ready, 0, whole) };
            chunk.extend(taken);
            let used = to_u64(taken.len());
            if used == 0 {
                break;
            }
            self.skip(used);
        }
        Ok(())
    }
}

/// The length of the frame that `bytes` start with, when all of it is there.
fn whole_frame(bytes: &[u8]) -> Option<usize> {
    let fields = bytes.get(..FRAME_HEADER_BYTES)?;
    let length = to_usize(u64::from(u32_at(fields, 0))).checked_add(FRAME_HEADER_BYTES)?;
    (length <= bytes.len()).then_some(length)
}
