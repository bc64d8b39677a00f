//! Reading a whole log on several cores.
//!
//! One thread reads ahead, others hash, and the caller's compares in order:
//!
//! ```text
//! reading ──chunks of whole frames──▶ hashing × n ──hashes──▶ caller: Chain::accept, each record
//!    ▲                                                             │
//!    └───────────────────── empty chunks ──────────────────────────┘
//! ```
//!
//! The hash of a record depends on its body alone, so the order of hashing does not matter; that
//! of comparing does, and is the log's. There are as many chunks as the threads can use, of about
//! 1 MiB each, and no more: memory does not grow with the log.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Scope};

use undercut_ledger::log::{
    BODY_BYTES_MIN, Chain, FRAME_HEADER_BYTES, Frame, Head, Kind, next_frame,
};
use undercut_primitives::{BlockHeight, Digest};

use crate::bytes::{part, to_u64, to_usize, u32_at, u64_at};
use crate::disk::Disk;
use crate::error::StoreError;
use crate::folder::{Folder, Layout, Segment, SharedDisk};
use crate::reading::{Tail, Verified, check_end, check_start, find, shorter, tail};
use crate::scan::Scanner;

/// The most threads that hash.
pub const THREADS_MAX: usize = 256;

/// How far a reading of a whole log has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes verified.
    pub bytes: u64,
    /// Bytes to verify in all.
    pub bytes_total: u64,
    /// Records verified.
    pub records: u64,
}

/// A log that holds, up to its watermark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    /// Where it stands.
    pub chain: Chain,
    /// Its head.
    pub head: Head,
    /// Bytes verified.
    pub bytes: u64,
    /// What stands after the watermark and was never acknowledged.
    pub tail: Option<Tail>,
    /// Damaged watermarks, by segment and offset; the other one was used.
    pub damaged: Vec<(String, u64)>,
    /// Files that belong to no log.
    pub foreign: Vec<String>,
}

/// Verifies every acknowledged byte of a log, hashing on `threads` threads.
///
/// `progress` is called about once for each MiB.
///
/// # Errors
///
/// [`StoreError`] with segment, offset and sequence of the first thing that does not hold.
pub fn verify(
    disk: &SharedDisk,
    threads: usize,
    progress: &mut dyn FnMut(Progress),
) -> Result<Whole, StoreError> {
    read_all(disk, Chain::EMPTY, threads, progress, &mut |_| Ok(()))
}

/// [`verify`] from where `from` stands, with a look at each record in order.
///
/// # Errors
///
/// As for [`verify`]; [`StoreError::NotInLog`] when the log has no such head; and what `each` says.
pub fn read_all<E: From<StoreError>>(
    disk: &SharedDisk,
    from: Chain,
    threads: usize,
    progress: &mut dyn FnMut(Progress),
    each: &mut dyn FnMut(Verified<'_>) -> Result<(), E>,
) -> Result<Whole, E> {
    let folder = Folder::list(&**disk)?;
    let layout = Layout::open(&**disk, &folder)?;
    let (chain, bytes) = read_layout(disk, &layout, from, threads, progress, each)?;
    let damaged = layout.segments().iter();
    let damaged = damaged.filter_map(|segment| Some((segment.name.clone(), segment.damaged?)));
    Ok(Whole {
        head: chain.head(),
        chain,
        bytes,
        tail: tail(&**disk, &layout)?,
        damaged: damaged.collect(),
        foreign: folder.foreign,
    })
}

/// Verifies what a layout says is acknowledged: where the log stands after it, and how many bytes it
/// has from where `from` stands.
pub(crate) fn read_layout<E: From<StoreError>>(
    disk: &SharedDisk,
    layout: &Layout,
    from: Chain,
    threads: usize,
    progress: &mut dyn FnMut(Progress),
    each: &mut dyn FnMut(Verified<'_>) -> Result<(), E>,
) -> Result<(Chain, u64), E> {
    let head = from.head();
    let found = if from.is_between_blocks() { find(&**disk, layout, head)? } else { None };
    let (place, scanner) = found.ok_or(StoreError::NotInLog { head })?;
    let offset = scanner.offset();
    in_order(&**disk, layout, (place, scanner), threads, |chunks, spare| {
        let mut compare = Comparison {
            layout,
            chain: from,
            place,
            offset,
            done: Progress { bytes: 0, bytes_total: bytes_from(layout, place, offset), records: 0 },
        };
        compare.all(chunks, spare, progress, each)
    })
}

fn bytes_from(layout: &Layout, place: usize, offset: u64) -> u64 {
    let segments = layout.segments().get(place..).unwrap_or_default();
    let bytes =
        segments.iter().fold(0_u64, |sum, segment| sum.saturating_add(segment.watermark.bytes));
    let headers = to_u64(segments.len()).saturating_sub(1);
    bytes
        .saturating_sub(offset)
        .saturating_sub(headers.saturating_mul(crate::segment::HEADER_BYTES))
}

/// Some frames of a segment, one after the other.
#[derive(Debug, Default)]
struct Chunk {
    number: u64,
    place: usize,
    offset: u64,
    frames: Vec<u8>,
    hashes: Vec<Digest>,
}

type Hashed = (u64, Result<Chunk, StoreError>);

/// Starts the threads, and gives `consume` the chunks as they come; it hands empty ones back.
fn in_order<T, E: From<StoreError>>(
    disk: &dyn Disk,
    layout: &Layout,
    start: (usize, Scanner),
    threads: usize,
    consume: impl FnOnce(Receiver<Hashed>, &Sender<Chunk>) -> Result<T, E>,
) -> Result<T, E> {
    let threads = threads.clamp(1, THREADS_MAX);
    let (spare, empty) = channel();
    // Two for each that hashes, one that is read, one that is compared.
    for _ in 0..threads.saturating_mul(2).saturating_add(2) {
        let _ = spare.send(Chunk::default());
    }
    let (to_hash, jobs) = channel();
    let (done, hashed) = channel();
    let jobs = Mutex::new(jobs);
    thread::scope(|scope| {
        for _ in 0..threads {
            let (jobs, done) = (&jobs, done.clone());
            spawn(scope, move || hash_all(jobs, &done))?;
        }
        spawn(scope, move || read_ahead(disk, layout, start, &empty, &to_hash, &done))?;
        // Both ends go when it returns, and with them the threads' reasons to go on.
        let spare = spare;
        consume(hashed, &spare)
    })
}

fn spawn<'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() + Send + 'scope,
) -> Result<(), StoreError> {
    let started = thread::Builder::new().spawn_scoped(scope, work);
    started.map(|_| ()).map_err(StoreError::disk("a thread", "start it"))
}

/// Reads chunks until there are none, or nobody wants them any more.
fn read_ahead(
    disk: &dyn Disk,
    layout: &Layout,
    start: (usize, Scanner),
    empty: &Receiver<Chunk>,
    to_hash: &Sender<Chunk>,
    done: &Sender<Hashed>,
) {
    let (mut place, mut scanner) = start;
    let mut number = 0_u64;
    while let Ok(mut chunk) = empty.recv() {
        chunk.hashes.clear();
        (chunk.number, chunk.place, chunk.offset) = (number, place, scanner.offset());
        let read = scanner.chunk(&mut chunk.frames);
        if let Err(error) = read {
            let _ = done.send((number, Err(error)));
            return;
        }
        let is_at_end = chunk.frames.is_empty();
        if to_hash.send(chunk).is_err() {
            return;
        }
        number = number.saturating_add(1);
        if is_at_end {
            place = place.saturating_add(1);
            let Some(segment) = layout.segments().get(place) else { return };
            match Scanner::open(disk, &segment.name, segment.watermark.bytes) {
                Ok(next) => scanner = next,
                Err(error) => {
                    let _ = done.send((number, Err(error)));
                    return;
                }
            }
        }
    }
}

fn hash_all(jobs: &Mutex<Receiver<Chunk>>, done: &Sender<Hashed>) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(mut chunk) = job else { return };
        let mut rest = chunk.frames.as_slice();
        // What is broken has no hash; whoever compares finds it and says so.
        while let Ok(Some((frame, used))) = next_frame(rest) {
            chunk.hashes.push(frame.hash());
            rest = rest.get(used..).unwrap_or_default();
        }
        if done.send((chunk.number, Ok(chunk))).is_err() {
            return;
        }
    }
}

/// The frame that `bytes` start with, which a thread that hashes has cut off and checked before: a
/// second look at the checksum would cost as much as the hash.
fn checked_frame(bytes: &[u8]) -> (Frame<'_>, usize) {
    let length = to_usize(u64::from(u32_at(bytes, 0)));
    let body = part(bytes, FRAME_HEADER_BYTES, length);
    let frame = Frame {
        sequence: u64_at(body, 0),
        height: BlockHeight::new(u64_at(body, 8)),
        kind: if body.get(16) == Some(&0) { Kind::Event } else { Kind::Seal },
        payload: body.get(BODY_BYTES_MIN..).unwrap_or_default(),
        body,
    };
    (frame, FRAME_HEADER_BYTES.saturating_add(length))
}

/// The comparison of hashes in order.
struct Comparison<'a> {
    layout: &'a Layout,
    chain: Chain,
    place: usize,
    offset: u64,
    done: Progress,
}

impl Comparison<'_> {
    fn all<E: From<StoreError>>(
        &mut self,
        chunks: Receiver<Hashed>,
        spare: &Sender<Chunk>,
        progress: &mut dyn FnMut(Progress),
        each: &mut dyn FnMut(Verified<'_>) -> Result<(), E>,
    ) -> Result<(Chain, u64), E> {
        // By number; never more than there are chunks.
        let mut early = BTreeMap::new();
        let mut next = 0_u64;
        for (number, chunk) in chunks {
            early.insert(number, chunk);
            while let Some(chunk) = early.remove(&next) {
                let chunk = chunk?;
                next = next.saturating_add(1);
                self.chunk(&chunk, each)?;
                progress(self.done);
                // The reader may be done; then nobody needs it any more.
                let _ = spare.send(chunk);
                if self.place >= self.layout.segments().len() {
                    return Ok((self.chain.clone(), self.done.bytes));
                }
            }
        }
        // A thread that ended early is the only way to come here.
        Err(StoreError::disk("a thread", "wait for it")(std::io::ErrorKind::BrokenPipe.into())
            .into())
    }

    fn chunk<E: From<StoreError>>(
        &mut self,
        chunk: &Chunk,
        each: &mut dyn FnMut(Verified<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(segment) = self.layout.segments().get(self.place) else { return Ok(()) };
        let mut rest = chunk.frames.as_slice();
        for hash in &chunk.hashes {
            let (frame, used) = checked_frame(rest);
            let offset = self.offset;
            let sequence = self.chain.head().records;
            self.chain.accept(&frame, *hash).map_err(|source| {
                let segment = segment.name.clone();
                StoreError::Record { segment, offset, sequence, source }
            })?;
            each(Verified { frame, hash: *hash, segment: &segment.name, offset })?;
            rest = rest.get(used..).unwrap_or_default();
            self.offset = offset.saturating_add(to_u64(used));
            self.done.bytes = self.done.bytes.saturating_add(to_u64(used));
            self.done.records = self.done.records.saturating_add(1);
        }
        if let Err(source) = next_frame(rest) {
            let (segment, offset) = (segment.name.clone(), self.offset);
            let sequence = self.chain.head().records;
            return Err(StoreError::Frame { segment, offset, sequence, source }.into());
        }
        if chunk.frames.is_empty() { Ok(self.end(segment)?) } else { Ok(()) }
    }

    /// The end of a segment, and the beginning of the next.
    fn end(&mut self, segment: &Segment) -> Result<(), StoreError> {
        if self.offset < segment.watermark.bytes {
            return Err(shorter(segment, self.offset));
        }
        check_end(segment, &self.chain, self.offset)?;
        self.place = self.place.saturating_add(1);
        self.offset = crate::segment::HEADER_BYTES;
        match self.layout.segments().get(self.place) {
            Some(segment) => check_start(segment, &self.chain),
            None => Ok(()),
        }
    }
}
