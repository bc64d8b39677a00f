//! Reading a log without writing: verified records in order, up to the watermark.
//!
//! Takes no lock, so a log can be read while its writer goes on. Memory is bounded: one buffer of
//! 1 MiB, or of one frame when that is larger. What stands after the watermark was never
//! acknowledged and is not read; [`Reading::tail`] says how much there is.

use undercut_primitives::Digest;

use crate::bytes::to_u64;
use crate::disk::{Access, Disk, read_full_at};
use crate::error::StoreError;
use crate::folder::{Folder, Layout, Segment, SharedDisk, open_file};
use crate::scan::{READ_BYTES, Scanned, Scanner};
use undercut_ledger::log::{Chain, Frame, Head, Kind};

/// A verified record, not decoded.
#[derive(Clone, Copy, Debug)]
pub struct Verified<'a> {
    /// The record's frame.
    pub frame: Frame<'a>,
    /// Its hash.
    pub hash: Digest,
    /// The file it stands in.
    pub segment: &'a str,
    /// Where in that file its frame starts.
    pub offset: u64,
}

/// What stands after the acknowledged bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tail {
    /// The last segment.
    pub segment: String,
    /// Where the acknowledged bytes end.
    pub offset: u64,
    /// How many bytes follow, up to the last that is not zero. Zeros after it are room that a
    /// writer took in advance; from 512 MiB on they count too.
    pub bytes: u64,
}

/// A log that is read from one record on.
#[derive(Debug)]
pub struct Reading {
    disk: SharedDisk,
    layout: Layout,
    place: usize,
    scanner: Scanner,
    chain: Chain,
    /// The bytes of the record that was handed out last.
    used: u64,
}

impl Reading {
    /// Reads from the first record on.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the disk fails, the folder is no log, or a segment is missing, damaged
    /// at its beginning, or out of place.
    pub fn open(disk: SharedDisk) -> Result<Self, StoreError> {
        let layout = Layout::open(&*disk, &Folder::list(&*disk)?)?;
        Self::start(disk, layout, Chain::EMPTY)
    }

    /// Reads from where `chain` stands, which must be between blocks: as kept with a snapshot.
    /// Skips what is before in the same segment without verifying it.
    ///
    /// # Errors
    ///
    /// As for [`Reading::open`], and [`StoreError::NotInLog`] when the log has no such head.
    pub fn open_at(disk: SharedDisk, chain: Chain) -> Result<Self, StoreError> {
        let layout = Layout::open(&*disk, &Folder::list(&*disk)?)?;
        Self::start(disk, layout, chain)
    }

    pub(crate) fn start(
        disk: SharedDisk,
        layout: Layout,
        chain: Chain,
    ) -> Result<Self, StoreError> {
        let head = chain.head();
        let found = if chain.is_between_blocks() { find(&*disk, &layout, head)? } else { None };
        let (place, scanner) = found.ok_or(StoreError::NotInLog { head })?;
        Ok(Self { disk, layout, place, scanner, chain, used: 0 })
    }

    /// The segments.
    #[must_use]
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// What is acknowledged, as far as the log was looked at.
    #[must_use]
    pub fn watermark(&self) -> Head {
        self.layout.head()
    }

    /// Where the records read so far end.
    #[must_use]
    pub const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The next record; none at the watermark.
    ///
    /// # Errors
    ///
    /// [`StoreError`] with segment, offset and sequence of the first record that does not verify.
    #[allow(clippy::should_implement_trait, reason = "what it returns borrows the reader")]
    pub fn next(&mut self) -> Result<Option<Verified<'_>>, StoreError> {
        self.scanner.skip(std::mem::take(&mut self.used));
        self.enter()?;
        let Some(segment) = self.layout.segments().get(self.place) else { return Ok(None) };
        if self.scanner.offset() >= segment.watermark.bytes {
            return Ok(None);
        }
        let (sequence, offset) = (self.chain.head().records, self.scanner.offset());
        match self.scanner.peek()? {
            Scanned::Frame(frame, used) => {
                let hash = frame.hash();
                self.chain.accept(&frame, hash).map_err(|source| {
                    let segment = segment.name.clone();
                    StoreError::Record { segment, offset, sequence, source }
                })?;
                self.used = used;
                Ok(Some(Verified { frame, hash, segment: &segment.name, offset }))
            }
            Scanned::Broken(source) => {
                let segment = segment.name.clone();
                Err(StoreError::Frame { segment, offset, sequence, source })
            }
            Scanned::End => Err(shorter(segment, offset)),
        }
    }

    /// Goes on to the segment that the next record stands in, if there is one, after the checks at
    /// the end of the one before.
    fn enter(&mut self) -> Result<(), StoreError> {
        loop {
            let segments = self.layout.segments();
            let Some(segment) = segments.get(self.place) else { return Ok(()) };
            if self.scanner.offset() < segment.watermark.bytes {
                return Ok(());
            }
            check_end(segment, &self.chain, self.scanner.offset())?;
            let next = self.place.saturating_add(1);
            let Some(segment) = segments.get(next) else { return Ok(()) };
            check_start(segment, &self.chain)?;
            self.scanner = Scanner::open(&*self.disk, &segment.name, segment.watermark.bytes)?;
            self.place = next;
        }
    }

    /// Looks again how far the log is acknowledged. `true` when there is more to read.
    ///
    /// # Errors
    ///
    /// As for [`Reading::open`].
    pub fn refresh(&mut self) -> Result<bool, StoreError> {
        let has_more = self.layout.refresh(&*self.disk)?;
        if let Some(segment) = self.layout.segments().get(self.place) {
            self.scanner.set_end(segment.watermark.bytes);
        }
        Ok(has_more)
    }

    /// What stands after the acknowledged bytes; none when that is nothing or zeros.
    ///
    /// # Errors
    ///
    /// [`StoreError::Disk`].
    pub fn tail(&self) -> Result<Option<Tail>, StoreError> {
        tail(&*self.disk, &self.layout)
    }
}

/// The room after a watermark that is searched for content.
const ROOM_BYTES_MAX: u64 = 512 << 20;

/// What stands after the acknowledged bytes of the last segment.
pub(crate) fn tail(disk: &dyn Disk, layout: &Layout) -> Result<Option<Tail>, StoreError> {
    let Some(segment) = layout.segments().last() else { return Ok(None) };
    let offset = segment.watermark.bytes;
    let bytes = match segment.size.saturating_sub(offset) {
        // More room than a writer takes: looking for its end would take longer than the log.
        room @ ROOM_BYTES_MAX.. => room,
        _ => content_after(disk, &segment.name, offset)?,
    };
    Ok((bytes > 0).then(|| Tail { segment: segment.name.clone(), offset, bytes }))
}

/// How many bytes there are after `offset` up to the last that is not zero.
pub(crate) fn content_after(
    disk: &dyn Disk,
    segment: &str,
    offset: u64,
) -> Result<u64, StoreError> {
    let file = open_file(disk, segment, Access::Read)?;
    let size = file.size().map_err(StoreError::disk(segment, "ask for its length"))?;
    let left = crate::bytes::to_usize(size.saturating_sub(offset));
    let mut buffer = vec![0; READ_BYTES.min(left)];
    let (mut at, mut content) = (offset, 0_u64);
    while !buffer.is_empty() {
        let read = read_full_at(&*file, &mut buffer, at);
        let read = read.map_err(StoreError::disk(segment, "read it"))?;
        let bytes = buffer.get(..read).unwrap_or_default();
        if let Some(last) = bytes.iter().rposition(|byte| *byte != 0) {
            content = at.saturating_sub(offset).saturating_add(to_u64(last)).saturating_add(1);
        }
        at = at.saturating_add(to_u64(read));
        if read < buffer.len() {
            break;
        }
    }
    Ok(content)
}

pub(crate) fn shorter(segment: &Segment, bytes: u64) -> StoreError {
    let expected = segment.watermark.bytes;
    StoreError::Shorter { segment: segment.name.clone(), bytes, expected }
}

/// Checks that the acknowledged bytes of a segment end where its watermark says.
pub(crate) fn check_end(segment: &Segment, chain: &Chain, offset: u64) -> Result<(), StoreError> {
    let (watermark, head) = (segment.watermark, chain.head());
    if offset == watermark.bytes && head == watermark.head && chain.is_between_blocks() {
        return Ok(());
    }
    Err(StoreError::Disagrees {
        segment: segment.name.clone(),
        offset,
        found: chain.head().records,
        found_hash: head.hash,
        expected: watermark.head.records,
        expected_hash: watermark.head.hash,
    })
}

/// Checks what the header of a segment says of the blocks before it.
pub(crate) fn check_start(segment: &Segment, chain: &Chain) -> Result<(), StoreError> {
    if segment.header.first_block == chain.seals() {
        return Ok(());
    }
    Err(StoreError::OutOfPlace {
        segment: segment.name.clone(),
        offset: 24,
        field: "number of blocks before",
        found: segment.header.first_block.to_string(),
        expected: chain.seals().to_string(),
    })
}

/// Whether the acknowledged log has that head.
pub(crate) fn has_head(disk: &dyn Disk, layout: &Layout, head: Head) -> Result<bool, StoreError> {
    Ok(find(disk, layout, head)?.is_some())
}

/// The place of a segment and the position in it where the records after `head` start.
pub(crate) fn find(
    disk: &dyn Disk,
    layout: &Layout,
    head: Head,
) -> Result<Option<(usize, Scanner)>, StoreError> {
    let place = layout.place_of(head.records);
    let Some(segment) = layout.segments().get(place) else { return Ok(None) };
    let end = segment.watermark.head;
    let is_wrong = end.records == head.records && end != head;
    if head.records > end.records || is_wrong {
        return Ok(None);
    }
    let mut scanner = Scanner::open(disk, &segment.name, segment.watermark.bytes)?;
    if segment.header.first_sequence == head.records {
        return Ok((segment.header.previous == head.hash).then_some((place, scanner)));
    }
    let last = head.records.saturating_sub(1);
    while let Some((sequence, seal)) = skip_one(segment, &mut scanner)? {
        if sequence >= last {
            let is_it = sequence == last && seal == Some(head.hash);
            return Ok(is_it.then_some((place, scanner)));
        }
    }
    Ok(None)
}

/// Goes on by a frame whose checksum holds, and says its sequence and, for a seal, its hash.
fn skip_one(
    segment: &Segment,
    scanner: &mut Scanner,
) -> Result<Option<(u64, Option<Digest>)>, StoreError> {
    let offset = scanner.offset();
    let (found, used) = match scanner.peek()? {
        Scanned::Frame(frame, used) => {
            let seal = (frame.kind == Kind::Seal).then(|| frame.hash());
            ((frame.sequence, seal), used)
        }
        Scanned::Broken(source) => {
            let (segment, sequence) = (segment.name.clone(), segment.header.first_sequence);
            return Err(StoreError::Frame { segment, offset, sequence, source });
        }
        Scanned::End => return Ok(None),
    };
    scanner.skip(used);
    Ok(Some(found))
}

/// Hands out the frames of acknowledged records from `sequence` on, until `each` says stop. Checks
/// lengths and checksums, not hashes: for logs that were verified when they were opened.
///
/// # Errors
///
/// As for [`Reading::open`], and [`StoreError::Frame`].
pub fn frames_from(
    disk: &dyn Disk,
    sequence: u64,
    each: &mut dyn FnMut(&Frame<'_>) -> std::ops::ControlFlow<()>,
) -> Result<(), StoreError> {
    let layout = Layout::open(disk, &Folder::list(disk)?)?;
    let first = layout.place_of(sequence);
    for segment in layout.segments().get(first..).unwrap_or_default() {
        let mut scanner = Scanner::open(disk, &segment.name, segment.watermark.bytes)?;
        let mut expected = segment.header.first_sequence;
        while scanner.offset() < segment.watermark.bytes {
            let offset = scanner.offset();
            let used = match scanner.peek()? {
                Scanned::Frame(frame, used) => {
                    if frame.sequence >= sequence && each(&frame).is_break() {
                        return Ok(());
                    }
                    used
                }
                Scanned::Broken(source) => {
                    let segment = segment.name.clone();
                    return Err(StoreError::Frame { segment, offset, sequence: expected, source });
                }
                Scanned::End => return Err(shorter(segment, offset)),
            };
            expected = expected.saturating_add(1);
            scanner.skip(used);
        }
    }
    Ok(())
}
