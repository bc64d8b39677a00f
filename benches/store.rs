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

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use undercut_benches::blocks::{blocks, bytes_of, empty_folder, preallocated};
use undercut_benches::{Round, rounds, timed};
use undercut_ledger::log::checksum;
use undercut_primitives::{Digest, crypto};
use undercut_store::{Options, RealDisk, SharedDisk, Writer};

/// Seconds of work are short enough to be repeated and long enough to be told apart.
const ROUNDS: usize = 9;
const VERIFIED_BYTES: usize = 64 << 20;
const SEED: u64 = 9;

fn main() {
    for group in [1, 16, 256, 4_096] {
        append(group);
    }
    for block in [256, 4_096] {
        verify(block);
    }
}

fn folder() -> PathBuf {
    empty_folder(Path::new(env!("CARGO_TARGET_TMPDIR")), "bench-store")
}

fn append(group: usize) {
    let count = (200_000 / group).clamp(24, 400);
    let (blocks, head) = blocks(group, count, SEED);
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

fn verify(block: usize) {
    let count = VERIFIED_BYTES / (block * 278);
    let (blocks, head) = blocks(block, count, SEED);
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
