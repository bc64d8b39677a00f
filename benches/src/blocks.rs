//! Blocks of records that are nothing but bytes: for what keeps a log and does not read it, and for the
//! floor of whatever ends in records.

use std::fs::{File, OpenOptions};
use std::hint::black_box;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use undercut_ledger::log::{Chain, Entry, Head, Seal, checksum, next_frame};
use undercut_ledger::merkle::Peaks;
use undercut_primitives::codec::Canonical;
use undercut_primitives::crypto::{self, Namespace};
use undercut_primitives::{BlockHeight, Digest};

use crate::Generator;

const RECORD: Namespace = Namespace("undercut/record/v2");

/// An event that is bytes: six words are the least that tells records apart.
#[derive(Clone, Debug, Canonical)]
pub enum Noted {
    /// What happened.
    Words(Vec<u64>),
    /// The end of a block.
    Sealed(Seal),
}

impl Entry for Noted {
    fn from_seal(seal: Seal) -> Self {
        Self::Sealed(seal)
    }

    fn as_seal(&self) -> Option<&Seal> {
        match self {
            Self::Sealed(seal) => Some(seal),
            Self::Words(_) => None,
        }
    }
}

/// One block: its frames, and where the log stands after it.
#[derive(Clone, Debug)]
pub struct Block {
    /// The frames of the records and of the seal.
    pub frames: Vec<u8>,
    /// Where the log stands after them.
    pub after: Chain,
    /// Where each frame ends.
    pub ends: Vec<usize>,
}

impl Block {
    /// The frames one by one.
    pub fn each(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.frames[start..*end])
    }
}

/// `count` blocks of so many records of 256 to 299 bytes with their frames, the seal not counted,
/// and the head after them.
#[must_use]
pub fn blocks(records: usize, count: usize, seed: u64) -> (Vec<Block>, Head) {
    let (mut chain, mut generator) = (Chain::EMPTY, Generator::new(seed));
    let made = (0..count).map(|height| {
        let height = BlockHeight::new(height.try_into().expect("heights are small"));
        let (mut frames, mut ends) = (Vec::new(), Vec::new());
        for _ in 0..records {
            // 12 bytes of enum and length, 25 of frame and body: 256 to 299 bytes in all.
            let words = 28 + generator.below(6);
            let event = Noted::Words((0..words).map(|_| generator.next_u64()).collect());
            let (_, frame) = chain.append(height, event).expect("a record is small");
            frames.extend(frame);
            ends.push(frames.len());
        }
        let (_, frame) = chain.seal::<Noted>(height, Digest::ZERO).expect("a seal is small");
        frames.extend(frame);
        ends.push(frames.len());
        Block { frames, after: chain.clone(), ends }
    });
    let made = made.collect();
    (made, chain.head())
}

/// The bodies of the records in these frames.
#[must_use]
pub fn bodies_of(frames: &[u8]) -> Vec<Vec<u8>> {
    let (mut rest, mut bodies) = (frames, Vec::new());
    while let Some((frame, used)) = next_frame(rest).expect("the frames are the engine's own") {
        bodies.push(frame.body.to_vec());
        rest = &rest[used..];
    }
    bodies
}

/// The root over the records with these bodies, and their frames: framing, checksums and hashes with no
/// logic at all.
#[must_use]
pub fn framed(bodies: &[Vec<u8>]) -> (Digest, Vec<u8>) {
    let mut frames = Vec::new();
    (framed_into(bodies, &mut frames), frames)
}

/// [`framed`] into a list whose room is used again.
pub fn framed_into(bodies: &[Vec<u8>], frames: &mut Vec<u8>) -> Digest {
    frames.clear();
    frames.reserve(bodies.iter().map(|body| body.len() + 8).sum());
    let mut peaks = Peaks::EMPTY;
    for body in bodies {
        let length = u32::try_from(body.len()).expect("a body is short");
        frames.extend(length.to_le_bytes());
        frames.extend(checksum(body).to_le_bytes());
        frames.extend_from_slice(body);
        peaks.push(crypto::digest(RECORD, body));
    }
    black_box(&frames);
    peaks.root()
}

/// The bytes of all frames.
#[must_use]
pub fn bytes_of(blocks: &[Block]) -> u64 {
    blocks.iter().map(|block| block.frames.len()).sum::<usize>().try_into().expect("it fits")
}

/// An empty folder in `parent`. What was in it is gone.
#[must_use]
pub fn empty_folder(parent: &Path, name: &str) -> PathBuf {
    let folder = parent.join(name);
    // It is not there the first time.
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the folder for benches can be made");
    folder
}

/// A file of zeros that are on the disk.
#[must_use]
pub fn preallocated(path: &Path, bytes: u64) -> File {
    let _ = std::fs::remove_file(path);
    let open = OpenOptions::new().read(true).write(true).create_new(true).open(path);
    let file = open.expect("a new file");
    let zeros = vec![0; 1 << 20];
    let mut at = 0;
    while at < bytes {
        file.write_all_at(&zeros, at).expect("there is room");
        at += zeros.len() as u64;
    }
    file.sync_all().expect("the disk works");
    file
}
