//! Keeping a log in files and verifying it, beside the work that cannot be avoided.
//!
//! Records of 256 to 299 bytes with their frames, seed 9. Every round plays each contestant once, in
//! rotated order, and takes ratios within the round; told are the median ratio and the span of all
//! rounds. Ours are checked first: what was appended is there, and verifies.
//!
//! `store::append`: groups of so many records, each group one block and one commit.
//!
//! | by | what it is |
//! | --- | --- |
//! | `store` | [`Writer`] with room reserved: [`Writer::append_chained`], [`Writer::commit`], and the last [`Writer::flush`] |
//! | `raw` | the same bytes written to a preallocated file of zeros, one `fdatasync` a group |
//! | `chained` | `raw`, and the SHA-256 of each record with the hash before it, and its CRC-32 |
//!
//! Frames and seals are made before, by the host's chain, for all contestants alike; what the writer
//! adds is the watermark, which is one page more for each sync.
//!
//! `store::verify`: 64 MiB in blocks of so many records, from the page cache.
//!
//! | by | what it is |
//! | --- | --- |
//! | `store threads=n` | [`undercut_store::verify`] with n threads that hash |
//! | `sha256` | one SHA-256 over the same bytes, in memory |
//! | `read` | the same files read in steps of 1 MiB and hashed by step |
//!
//! Estimate. A record of 280 bytes is five compressions, with its inner node seven, over 4.4 of a
//! pass over the same bytes: one thread should reach 0.5 of it, two 0.9 where two cores are free.

use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use undercut_benches::{Generator, Round, rounds, timed};
use undercut_ledger::log::{Chain, Entry, Head, Seal, checksum};
use undercut_primitives::codec::Canonical;
use undercut_primitives::{BlockHeight, Digest, crypto};
use undercut_store::{Options, RealDisk, SharedDisk, Writer};

/// Seconds of work are short enough to be repeated and long enough to be told apart.
const ROUNDS: usize = 9;
const VERIFIED_BYTES: usize = 64 << 20;

fn main() {
    for group in [1, 16, 256, 4_096] {
        append(group);
    }
    for block in [256, 4_096] {
        verify(block);
    }
}

/// An event that is bytes: six words are the least that tells records apart.
#[derive(Clone, Debug, Canonical)]
enum Noted {
    Words(Vec<u64>),
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
struct Block {
    frames: Vec<u8>,
    after: Chain,
    /// Where each frame ends.
    ends: Vec<usize>,
}

/// Blocks of so many records, the seal not counted, and the head after them.
fn blocks(records: usize, count: usize) -> (Vec<Block>, Head) {
    let (mut chain, mut generator) = (Chain::EMPTY, Generator::new(9));
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

fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-store");
    // It is not there the first time.
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the folder for benches can be made");
    folder
}

fn bytes_of(blocks: &[Block]) -> u64 {
    blocks.iter().map(|block| block.frames.len()).sum::<usize>().try_into().expect("it fits")
}

fn append(group: usize) {
    let count = (200_000 / group).clamp(24, 400);
    let (blocks, head) = blocks(group, count);
    let folder = folder();
    let store = || {
        let path = folder.join("log");
        let _ = std::fs::remove_dir_all(&path);
        let disk: SharedDisk = Arc::new(RealDisk::open_or_create(path).expect("a folder"));
        let options = Options { segment_bytes: 1 << 40, ..Options::default() };
        let (mut writer, _) = Writer::open(disk, options).expect("a new log");
        writer.reserve(bytes_of(&blocks)).expect("there is room");
        // A host hands its frames over.
        let frames: Vec<Vec<u8>> = blocks.iter().map(|block| block.frames.clone()).collect();
        let time = timed(|| {
            for (frames, block) in frames.into_iter().zip(&blocks) {
                writer.append_chained(frames, &block.after).expect("it follows");
                writer.commit().expect("the disk works");
            }
            assert_eq!(writer.flush().expect("the disk works"), head, "all is acknowledged");
        });
        drop(writer);
        time
    };
    let raw = |is_chained: bool| {
        let path = folder.join("raw");
        let file = preallocated(&path, bytes_of(&blocks));
        let mut previous = Digest::ZERO;
        let mut sums = 0_u64;
        timed(|| {
            let mut offset = 0;
            for block in &blocks {
                if is_chained {
                    let mut start = 0;
                    for end in &block.ends {
                        let body = &block.frames[start..*end];
                        previous = crypto::digest_parts(
                            crypto::Namespace("chain"),
                            &[previous.as_bytes(), body],
                        );
                        sums ^= u64::from(checksum(body));
                        start = *end;
                    }
                }
                file.write_all_at(&block.frames, offset).expect("the disk works");
                file.sync_data().expect("the disk works");
                offset += block.frames.len() as u64;
            }
            std::hint::black_box((previous, sums));
        })
    };
    let name = format!("store::append/group={group}");
    let contestants: [(&str, Round<'_>); 3] = [
        ("store", Box::new(store)),
        ("raw", Box::new(|| raw(false))),
        ("chained", Box::new(|| raw(true))),
    ];
    rounds(&name, ROUNDS, (count * (group + 1)) as u64, contestants);
}

/// A file of zeros that are on the disk.
fn preallocated(path: &Path, bytes: u64) -> File {
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

fn verify(block: usize) {
    let count = VERIFIED_BYTES / (block * 278);
    let (blocks, head) = blocks(block, count);
    let (folder, records) = (folder(), (count * (block + 1)) as u64);
    let bytes: Vec<u8> = blocks.iter().flat_map(|block| block.frames.iter().copied()).collect();
    let disk: SharedDisk = Arc::new(RealDisk::open(&folder).expect("a folder"));
    let (mut writer, _) = Writer::open(Arc::clone(&disk), Options::default()).expect("a new log");
    for block in &blocks {
        writer.append_chained(block.frames.clone(), &block.after).expect("it follows");
    }
    assert_eq!(writer.close().expect("the disk works"), head);
    let path = folder.join("00000000000000000000.seg");
    let threads = |threads: usize| {
        timed(|| {
            let whole = undercut_store::verify(&disk, threads, &mut |_| {});
            assert_eq!(whole.expect("the log holds").head, head);
        })
    };
    let in_memory = || {
        timed(|| {
            std::hint::black_box(crypto::sha256(&bytes));
        })
    };
    let read = || {
        timed(|| {
            let mut file = File::open(&path).expect("the segment is there");
            let mut buffer = vec![0; 1 << 20];
            loop {
                let count = file.read(&mut buffer).expect("the disk works");
                if count == 0 {
                    break;
                }
                std::hint::black_box(crypto::sha256(&buffer[..count]));
            }
        })
    };
    let contestants: [(&str, Round<'_>); 4] = [
        ("store threads=2", Box::new(|| threads(2))),
        ("store threads=1", Box::new(|| threads(1))),
        ("sha256", Box::new(in_memory)),
        ("read", Box::new(read)),
    ];
    rounds(&format!("store::verify/block={block}"), ROUNDS, records, contestants);
}
