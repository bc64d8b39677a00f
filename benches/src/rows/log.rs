//! Keeping a log in files, verifying it, and starting from it.
//!
//! | row | ours | floor | plain |
//! | --- | --- | --- | --- |
//! | `log/append` | [`Writer`] with room reserved: one block a commit, and the last flush | the same bytes into a preallocated file, one `fdatasync` a block | the same bytes at the end of a growing file, one `fsync` a block |
//! | `log/verify` | [`undercut_store::verify`] | one SHA-256 over the same bytes in memory | [`Reader`] over them: every record decoded, on one thread |
//! | `replay/records` | [`Writer::open`]: everything verified, ready to go on | the same | the same |
//! | `replay/commands` | every command decided again, every record compared | [`Replay`]: every event applied, every state root compared | – |
//!
//! Frames and seals are made before, by the host's chain, for all who append; the stores beside ours
//! get a number and the frame of each record, and neither hash nor checksum is asked of them.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use undercut::replay::Replay;
use undercut::{Engine, Event, SignedCommand};
use undercut_ledger::MemoryBank;
use undercut_ledger::log::{Head, Reader, Record};
use undercut_primitives::Digest;
use undercut_primitives::crypto::{self, Namespace};
use undercut_store::{Options, Reading, RealDisk, SharedDisk, Writer};

use crate::blocks::{Block, Noted, blocks, bytes_of, empty_folder, preallocated};
use crate::clock::{cpu_timed, timed};
use crate::contest::Contest;
use crate::market::{CHAIN_ID, Leases};
use crate::row::Row;
use crate::settings::Settings;

#[cfg(feature = "peers")]
mod stores;

const SEED: u64 = 9;
/// Records of a block in what is verified.
const VERIFIED_BLOCK: usize = 256;

/// 1, 16, 256 and 4,096 records a commit.
pub fn append(settings: &Settings, rows: &mut Vec<Row>) {
    rows.extend([1, 16, 256, 4_096].into_iter().map(|batch| append_by(batch, settings)));
}

fn append_by(batch: usize, settings: &Settings) -> Row {
    let records = settings.sized(100_000, 20_000);
    let count = (records / batch).clamp(settings.sized(24, 4), settings.sized(400, 24));
    let (blocks, head) = blocks(batch, count, SEED);
    let scratch = settings.scratch().expect("the folder takes another");
    let folder = scratch.path();
    let contest = Contest::new("log/append", format!("batch={batch} commits={count}"))
        .on_the_wall()
        .operations(batch * count)
        .ours(|| stored(folder, &blocks, head))
        .floor(|| raw(folder, &blocks, &mut |_| {}))
        .plain(|| grown(folder, &blocks))
        .structure("raw with a hash chain", || raw(folder, &blocks, &mut chained()));
    #[cfg(feature = "peers")]
    let contest = stores::all(contest, folder, &blocks);
    let row = contest.run(settings);
    row.with_note("The disk's own rate is the floor's: one fdatasync a commit.")
}

/// The log of these blocks, by the writer.
fn stored(folder: &Path, blocks: &[Block], head: Head) -> Duration {
    let disk = disk(&empty_folder(folder, "log"));
    let options = Options { segment_bytes: 1 << 40, ..Options::default() };
    let (mut writer, _) = Writer::open(disk, options).expect("a new log");
    writer.reserve(bytes_of(blocks)).expect("there is room");
    // A host hands its frames over.
    let frames: Vec<Vec<u8>> = blocks.iter().map(|block| block.frames.clone()).collect();
    timed(|| {
        for (frames, block) in frames.into_iter().zip(blocks) {
            writer.append_chained(frames, &block.after).expect("it follows");
            writer.commit().expect("the disk works");
        }
        assert_eq!(writer.flush().expect("the disk works"), head, "all is acknowledged");
    })
}

/// The same bytes in a file. `look` sees each block before it is written.
fn raw(folder: &Path, blocks: &[Block], look: &mut dyn FnMut(&Block)) -> Duration {
    let file: File = preallocated(&folder.join("raw"), bytes_of(blocks));
    timed(|| {
        let mut offset = 0;
        for block in blocks {
            look(block);
            file.write_all_at(&block.frames, offset).expect("the disk works");
            file.sync_data().expect("the disk works");
            offset += block.frames.len() as u64;
        }
    })
}

/// The same bytes at the end of a file that grows.
fn grown(folder: &Path, blocks: &[Block]) -> Duration {
    let mut file = File::create(folder.join("grown")).expect("a new file");
    let time = timed(|| {
        for block in blocks {
            file.write_all(&block.frames).expect("the disk works");
            file.sync_all().expect("the disk works");
        }
    });
    assert_eq!(file.metadata().expect("it is there").len(), bytes_of(blocks));
    time
}

/// Makes the SHA-256 of each record with the hash before it, and its CRC-32.
fn chained() -> impl FnMut(&Block) {
    let (mut previous, mut sums) = (Digest::ZERO, 0);
    move |block| {
        for frame in block.each() {
            previous = crypto::digest_parts(Namespace("chain"), &[previous.as_bytes(), frame]);
            sums ^= undercut_ledger::log::checksum(frame);
        }
        std::hint::black_box((previous, sums));
    }
}

fn disk(folder: &Path) -> SharedDisk {
    Arc::new(RealDisk::open_or_create(folder.to_owned()).expect("a folder"))
}

/// A log that is kept in a folder, closed, and its bytes.
struct Kept {
    disk: SharedDisk,
    bytes: Vec<u8>,
    head: Head,
    records: usize,
    /// Where the log lies.
    _scratch: TempDir,
}

fn kept(settings: &Settings) -> Kept {
    let count = settings.sized(64 << 20, 4 << 20) / (VERIFIED_BLOCK * 278);
    let (blocks, head) = blocks(VERIFIED_BLOCK, count, SEED);
    let scratch = settings.scratch().expect("the folder takes another");
    let disk = disk(scratch.path());
    let (mut writer, _) = Writer::open(disk.clone(), Options::default()).expect("a new log");
    for block in &blocks {
        writer.append_chained(block.frames.clone(), &block.after).expect("it follows");
    }
    assert_eq!(writer.close().expect("the disk works"), head);
    let bytes = blocks.into_iter().flat_map(|block| block.frames).collect();
    Kept { disk, bytes, head, records: count * (VERIFIED_BLOCK + 1), _scratch: scratch }
}

fn one_pass(bytes: &[u8]) -> Duration {
    timed(|| {
        std::hint::black_box(crypto::sha256(bytes));
    })
}

/// The same bytes by the reader that decodes every record.
fn read_plainly(kept: &Kept) -> Duration {
    let mut reader = Reader::<Noted>::new(&kept.bytes);
    let time = timed(|| assert!(reader.by_ref().all(|record| record.is_ok())));
    assert_eq!(reader.head(), kept.head);
    time
}

/// A log from the page cache, with one thread that hashes and with as many as asked for.
pub fn verify(settings: &Settings, rows: &mut Vec<Row>) {
    let kept = kept(settings);
    let verified = |threads: usize| {
        timed(|| {
            let whole = undercut_store::verify(&kept.disk, threads, &mut |_| {});
            assert_eq!(whole.expect("the log holds").head, kept.head);
        })
    };
    let params = format!("threads={} bytes={}", settings.threads, kept.bytes.len());
    let contest = Contest::new("log/verify", params)
        .on_the_wall()
        .operations(kept.records)
        .ours(|| verified(settings.threads))
        .floor(|| one_pass(&kept.bytes))
        .plain(|| read_plainly(&kept))
        .structure("one thread that hashes", || verified(1));
    rows.push(contest.run(settings));
}

/// Opening a log for writing: what a host does before it goes on.
pub fn records(settings: &Settings, rows: &mut Vec<Row>) {
    let kept = kept(settings);
    let open = || {
        timed(|| {
            let opened = Writer::open(kept.disk.clone(), Options::default());
            let (writer, _) = opened.expect("the log holds");
            assert_eq!(writer.acknowledged(), kept.head);
        })
    };
    let contest = Contest::new("replay/records", format!("bytes={}", kept.bytes.len()))
        .on_the_wall()
        .operations(kept.records)
        .ours(open)
        .floor(|| one_pass(&kept.bytes))
        .plain(|| read_plainly(&kept));
    rows.push(contest.run(settings));
}

/// The records of a market from its genesis: deployments, a bid for each, and the awards, which
/// `each` deployments of each of `tenants` tenants get.
#[must_use]
pub fn market_records(settings: &Settings, tenants: usize, each: u64) -> Vec<Record<Event>> {
    let scratch = settings.scratch().expect("the folder takes another");
    let disk = disk(scratch.path());
    let (writer, _) = Writer::open(disk.clone(), Options::default()).expect("a new log");
    drop(Leases::new(tenants, each, Some(writer)));
    let mut reading = Reading::open(disk).expect("the log is there");
    let mut records = Vec::new();
    while let Some(record) = reading.next().expect("the log holds") {
        let (sequence, height, hash) = (record.frame.sequence, record.frame.height, record.hash);
        let event = record.frame.event().expect("the log is the engine's own");
        records.push(Record { sequence, height, event, hash });
    }
    records
}

/// Every command of a log decided again, beside every event applied.
pub fn commands(settings: &Settings, rows: &mut Vec<Row>) {
    let (tenants, each) = (settings.sized(1_000, 100), 5);
    let records = market_records(settings, tenants, each);
    let commands =
        records.iter().filter(|record| matches!(record.event, Event::CommandAccepted(_)));
    let commands = commands.count();
    let head = |records: &[Record<Event>]| records.last().map(|record| record.hash);
    let apply = || {
        let mut replay = Replay::default();
        let time = cpu_timed(|| {
            for record in &records {
                replay.apply(record).expect("the log is the engine's own");
            }
        });
        assert_eq!(Some(replay.sealed().hash), head(&records));
        time
    };
    let decide = || {
        let mut head = None;
        let time = cpu_timed(|| head = Some(decided_again(&records)));
        assert_eq!(head, records.last().map(|record| record.hash));
        time
    };
    let params =
        format!("tenants={tenants} each={each} commands={commands} records={}", records.len());
    let contest = Contest::new("replay/commands", params).operations(commands);
    let row = contest.ours(decide).floor(apply).run(settings);
    let note = "Signatures are taken on trust: each would add one check to its command.";
    rows.push(row.with_note(note));
}

/// Plays the blocks of a log on an engine, compares every record, and returns the hash of the last.
/// What [`undercut::replay::replay_commands`] does, without the signatures.
fn decided_again(records: &[Record<Event>]) -> Digest {
    let Event::Genesis(genesis) = &records[0].event else { panic!("the log has no genesis") };
    let mut bank = MemoryBank::default();
    let (mut engine, opened) = Engine::new(genesis, &mut bank).expect("the genesis is sound");
    let mut compared = opened.records.len();
    assert_eq!(opened.records, records[..compared]);
    for record in &records[compared..] {
        match &record.event {
            Event::BlockOpened(context) => engine.begin_block(*context).expect("a block follows"),
            Event::CommandAccepted(command) => {
                let command = SignedCommand::clone(command).assume_verified(CHAIN_ID);
                let command = command.expect("the command is small");
                engine.execute_verified(&mut bank, &command).expect("it was accepted before");
            }
            Event::BlockSealed(_) => {
                let sealed = engine.end_block(&mut bank).expect("the block ends").records;
                let end = compared + sealed.len();
                assert_eq!(sealed, records[compared..end]);
                compared = end;
            }
            _ => {}
        }
    }
    engine.head().hash
}
