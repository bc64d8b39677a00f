//! Disks that fail: the writer stops, and what it acknowledged is there.

use std::sync::Arc;

use undercut_ledger::log::{Chain, Head, next_frame};
use undercut_store::disk::Access;
use undercut_store::simulated::{Dirty, Fault, LostNames, LostWrites, PowerLoss, Times};
use undercut_store::{Disk as _, Options, RealDisk, SimulatedDisk, StoreError, Writer};

use crate::log::{Blocks, options, read, shared};

const FAULTS: [Fault; 6] = [
    Fault::Broken,
    Fault::NoSpace,
    Fault::ShortWrite,
    Fault::FailedSync(Dirty::Kept),
    Fault::FailedSync(Dirty::Dropped),
    Fault::Interrupted,
];

/// Writes until something fails, and says what was acknowledged until then.
fn write(disk: &SimulatedDisk, log: &Blocks) -> (Head, Option<StoreError>) {
    let mut writer = match Writer::open(shared(disk), options()) {
        Ok((writer, _)) => writer,
        Err(error) => return (Head::EMPTY, Some(error)),
    };
    for (number, block) in log.blocks.iter().enumerate() {
        let appended = writer.append(block);
        let done = appended.and_then(|()| match number % 4 {
            0 => writer.flush(),
            3 => writer.save_snapshot(b"state"),
            _ => writer.commit(),
        });
        if let Err(error) = done {
            let acknowledged = writer.acknowledged();
            let after = [writer.append(block).err(), writer.commit().err(), writer.flush().err()];
            let is_poisoned = |error: &Option<StoreError>| matches!(error, Some(StoreError::Poisoned { cause }) if !cause.is_empty());
            assert!(after.iter().all(is_poisoned), "{after:?}");
            assert!(matches!(writer.close(), Err(StoreError::Poisoned { .. })));
            return (acknowledged, Some(error));
        }
    }
    let acknowledged = writer.acknowledged();
    match writer.close() {
        Ok(head) => (head, None),
        Err(error) => (acknowledged, Some(error)),
    }
}

fn check(disk: &SimulatedDisk, log: &Blocks, promised: Head, place: &str) {
    let opened = Writer::open(shared(disk), options());
    let (writer, _) = opened.unwrap_or_else(|error| panic!("{place}: {error}"));
    let head = writer.acknowledged();
    assert!(head.records >= promised.records, "{place}: {head:?}, promised {promised:?}");
    let blocks = log.until(head).unwrap_or_else(|| panic!("{place}: {head:?} is no block's"));
    assert_eq!(read(disk), (log.bytes(blocks), Ok(head)), "{place}");
}

fn operations(log: &Blocks) -> u64 {
    let disk = SimulatedDisk::new();
    assert_eq!(write(&disk, log), (*log.heads.last().unwrap(), None));
    disk.operations()
}

#[test]
fn a_writer_that_failed_once_acknowledges_nothing_more_and_lost_nothing() {
    let log = Blocks::new(9);
    let mut struck = 0;
    for operation in 0..operations(&log) {
        for fault in FAULTS {
            for times in [Times::Once, Times::Forever] {
                let disk = SimulatedDisk::new();
                disk.fail_at(operation, fault, times);
                let (promised, error) = write(&disk, &log);
                let place = format!("operation {operation}, {fault:?}, {times:?}");
                let goes_on = fault == Fault::Interrupted && times == Times::Once;
                assert_eq!(error.is_some(), disk.has_failed() && !goes_on, "{place}");
                struck += u32::from(disk.has_failed());
                check(&disk.killed(), &log, promised, &place);
                for writes in [LostWrites::All, LostWrites::None] {
                    let loss = PowerLoss { writes, names: LostNames::All };
                    let place = format!("{place}, then {loss:?}");
                    check(&disk.crash(u64::MAX, loss), &log, promised, &place);
                }
            }
        }
    }
    assert!(struck > 500, "{struck}");
}

#[test]
fn what_a_failed_sync_dropped_and_can_still_be_read_is_written_again() {
    let log = Blocks::new(9);
    for operation in 0..operations(&log) {
        let disk = SimulatedDisk::new();
        disk.fail_at(operation, Fault::FailedSync(Dirty::Dropped), Times::Once);
        let (promised, _) = write(&disk, &log);
        let (mut writer, recovered) = Writer::open(shared(&disk), options()).unwrap();
        assert!(recovered.head.records >= promised.records);
        let blocks = log.until(recovered.head).unwrap();
        for block in &log.blocks[blocks..] {
            writer.append(block).unwrap();
            let acknowledged = writer.flush().unwrap();
            let loss = PowerLoss { writes: LostWrites::All, names: LostNames::All };
            let place = format!("operation {operation}");
            check(&disk.crash(u64::MAX, loss), &log, acknowledged, &place);
        }
    }
}

#[test]
fn a_log_that_goes_on_after_a_failed_sync_survives_a_loss_of_power() {
    let log = Blocks::new(12);
    for operation in 0..operations(&log) {
        for dirty in [Dirty::Kept, Dirty::Dropped] {
            let disk = SimulatedDisk::new();
            disk.fail_at(operation, Fault::FailedSync(dirty), Times::Once);
            let (_, error) = write(&disk, &log);
            if error.is_none() {
                continue;
            }
            let (mut writer, recovered) = Writer::open(shared(&disk), options()).unwrap();
            let blocks = log.until(recovered.head).unwrap();
            let next = (blocks + 1).min(log.blocks.len());
            writer.append(&log.blocks[blocks..next].concat()).unwrap();
            let promised = writer.close().unwrap();
            let loss = PowerLoss { writes: LostWrites::All, names: LostNames::All };
            let place = format!("operation {operation}, {dirty:?}");
            check(&disk.crash(u64::MAX, loss), &log, promised, &place);
        }
    }
}

#[test]
fn a_read_that_fails_refuses_and_changes_nothing() {
    let log = Blocks::new(9);
    let disk = SimulatedDisk::new();
    let (head, _) = write(&disk, &log);
    for number in 0.. {
        let disk = disk.killed();
        disk.fail_read_at(number, Times::Once);
        let opened = Writer::open(shared(&disk), options());
        if !disk.has_failed() {
            assert!(number > 10, "{number}");
            break;
        }
        assert_eq!(opened.unwrap_err().code().as_str(), "LOG020", "read {number}");
        check(&disk.killed(), &log, head, "after a failed read");
    }
}

#[test]
fn a_second_writer_is_turned_away() {
    let disk = SimulatedDisk::new();
    let (writer, _) = Writer::open(shared(&disk), options()).unwrap();
    assert_eq!(Writer::open(shared(&disk), options()).unwrap_err(), StoreError::Locked);
    drop(writer);
    assert!(Writer::open(shared(&disk), options()).is_ok());
}

#[test]
fn blocks_that_do_not_follow_are_refused_and_the_writer_goes_on() {
    let log = Blocks::new(5);
    let disk = SimulatedDisk::new();
    let (mut writer, _) = Writer::open(shared(&disk), options()).unwrap();
    writer.append(&log.blocks[0]).unwrap();
    let cut_off = &log.blocks[1][..log.blocks[1].len() - 1];
    let event_alone = &log.blocks[1][..log.blocks[1].len() - 169];
    let mut altered = log.blocks[1].clone();
    altered[30] ^= 1;
    for (bytes, code) in [
        (&log.blocks[2][..], "LOG012"),
        (&log.blocks[0][..], "LOG012"),
        (cut_off, "LOG002"),
        (event_alone, "LOG034"),
        (&altered[..], "LOG004"),
    ] {
        assert_eq!(writer.append(bytes).unwrap_err().code().as_str(), code);
    }
    writer.append(&log.bytes(5)[log.blocks[0].len()..]).unwrap();
    assert_eq!(writer.close().unwrap(), log.heads[5]);
    assert_eq!(read(&disk), (log.bytes(5), Ok(log.heads[5])));
}

/// Where a log stands after these blocks.
fn chain(bytes: &[u8]) -> Chain {
    let (mut chain, mut rest) = (Chain::EMPTY, bytes);
    while let Some((frame, used)) = next_frame(rest).unwrap() {
        chain.accept(&frame, frame.hash()).unwrap();
        rest = &rest[used..];
    }
    chain
}

#[test]
fn the_chain_of_a_host_has_to_stand_after_its_blocks() {
    let log = Blocks::new(6);
    let disk = SimulatedDisk::new();
    let (mut writer, _) = Writer::open(shared(&disk), options()).unwrap();
    writer.append(&log.bytes(3)).unwrap();
    let rows = [
        (&log.blocks[3], chain(&log.bytes(3))),
        (&log.blocks[3], chain(&log.bytes(5))),
        (&log.blocks[4], chain(&log.bytes(5))),
        (&log.blocks[2], chain(&log.bytes(3))),
        (&log.blocks[3], chain(&log.bytes(4)[..log.bytes(4).len() - 169])),
        (&Vec::new(), chain(&log.bytes(3))),
    ];
    for (block, after) in rows {
        let refused = writer.append_chained(block.clone(), &after).unwrap_err();
        assert_eq!(refused.code().as_str(), "LOG042");
    }
    writer.append_chained(log.blocks[3].clone(), &chain(&log.bytes(4))).unwrap();
    // Two blocks at once.
    let two = [&log.blocks[4][..], &log.blocks[5]].concat();
    writer.append_chained(two, &chain(&log.bytes(6))).unwrap();
    assert_eq!(writer.close().unwrap(), log.heads[6]);
    assert_eq!(read(&disk), (log.bytes(6), Ok(log.heads[6])));
}

#[test]
fn room_that_was_taken_is_used_and_given_back() {
    let log = Blocks::new(9);
    let disk = SimulatedDisk::new();
    let (mut writer, _) = Writer::open(shared(&disk), Options::default()).unwrap();
    writer.reserve(50_000).unwrap();
    let size = |disk: &SimulatedDisk| disk.contents("00000000000000000000.seg").unwrap().len();
    assert_eq!(size(&disk), 62_288);
    let before = disk.operations();
    for block in &log.blocks {
        writer.append(block).unwrap();
        writer.commit().unwrap();
    }
    // A write and a sync for each group, and a watermark for each but the first.
    assert_eq!(disk.operations() - before, 3 * 9 - 1);
    assert_eq!(size(&disk), 62_288);
    writer.close().unwrap();
    assert_eq!(size(&disk), 12_288 + log.bytes(9).len());
    assert_eq!(read(&disk), (log.bytes(9), Ok(log.heads[9])));
}

/// A folder of its own under the system's for temporary files, removed at the end.
struct Place(std::path::PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let name = format!("undercut-store-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_real_folder_holds_the_same_log() {
    let (place, log) = (Place::new("same"), Blocks::new(24));
    let disk = Arc::new(RealDisk::open_or_create(&place.0).unwrap());
    for part in log.blocks.chunks(7) {
        let (mut writer, recovered) = Writer::open(disk.clone(), options()).unwrap();
        assert_eq!(recovered.to_string(), "");
        assert_eq!(Writer::open(disk.clone(), options()).unwrap_err(), StoreError::Locked);
        part.iter().for_each(|block| {
            writer.append(block).unwrap();
            writer.commit().unwrap();
        });
        writer.save_snapshot(b"state").unwrap();
        writer.close().unwrap();
    }
    let simulated = SimulatedDisk::new();
    for entry in std::fs::read_dir(&place.0).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        simulated.put(name, std::fs::read(&path).unwrap());
    }
    assert_eq!(read(&simulated), (log.bytes(24), Ok(log.heads[24])));
    assert_eq!(simulated.names().iter().filter(|name| name.ends_with(".snap")).count(), 2);
    let bytes: usize = simulated
        .names()
        .iter()
        .filter(|name| name.ends_with(".seg"))
        .map(|name| simulated.contents(name).unwrap().len() - 12_288)
        .sum();
    assert_eq!(bytes, log.bytes(24).len(), "a log that is closed has no room left over");
}

#[test]
fn links_and_folders_are_not_opened_as_files() {
    let place = Place::new("links");
    let disk = RealDisk::open_or_create(&place.0).unwrap();
    let disk = Arc::new(disk);
    Writer::open(disk.clone(), options()).unwrap().0.close().unwrap();
    let name = place.0.join("00000000000000000000.seg");
    std::fs::rename(&name, place.0.join("elsewhere")).unwrap();
    std::os::unix::fs::symlink("elsewhere", &name).unwrap();
    let error = Writer::open(disk.clone(), options()).unwrap_err();
    assert_eq!(error.code().as_str(), "LOG039", "{error}");
    let error = disk.open("00000000000000000000.seg", Access::Read).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    assert!(disk.open("../x", Access::Read).is_err());
    std::fs::remove_file(&name).unwrap();
    std::fs::create_dir(&name).unwrap();
    let error = Writer::open(disk, options()).unwrap_err();
    assert_eq!(error.code().as_str(), "LOG039");
}
