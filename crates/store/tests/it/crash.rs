//! Power is lost after every operation, in every way, also while the log is opened again.

use undercut_ledger::log::Head;
use undercut_store::simulated::{LostNames, LostWrites, PowerLoss};
use undercut_store::{SimulatedDisk, Writer, snapshot};

use crate::log::{Blocks, options, read, shared};

/// What was promised, and from which operation on.
struct Promises {
    heads: Vec<(u64, Head)>,
    snapshots: Vec<(u64, u64)>,
}

impl Promises {
    fn head_at(&self, operation: u64) -> Head {
        let made = self.heads.iter().rev().find(|(from, _)| *from <= operation);
        made.map_or(Head::EMPTY, |(_, head)| *head)
    }

    fn snapshot_at(&self, operation: u64) -> Option<u64> {
        let made = self.snapshots.iter().rev().find(|(from, _)| *from <= operation);
        made.map(|(_, records)| *records)
    }
}

/// Appends, commits, flushes, rotates, and keeps snapshots.
fn write(disk: &SimulatedDisk, log: &Blocks) -> Promises {
    let mut promises = Promises { heads: Vec::new(), snapshots: Vec::new() };
    let (mut writer, _) = Writer::open(shared(disk), options()).unwrap();
    for (number, block) in log.blocks.iter().enumerate() {
        writer.append(block).unwrap();
        let head = match number % 5 {
            0 | 3 => writer.commit().unwrap(),
            2 => writer.flush().unwrap(),
            _ => continue,
        };
        promises.heads.push((disk.operations(), head));
        if number % 10 == 7 {
            let head = writer.save_snapshot(format!("state {number}").as_bytes()).unwrap();
            promises.heads.push((disk.operations(), head));
            promises.snapshots.push((disk.operations(), head.records));
        }
    }
    let head = writer.close().unwrap();
    promises.heads.push((disk.operations(), head));
    promises
}

/// Opens a disk after a crash and checks what it holds; `None` when nothing was promised yet.
fn check(disk: &SimulatedDisk, log: &Blocks, promised: Head, snapshot: Option<u64>, place: &str) {
    let opened = Writer::open(shared(disk), options());
    let (writer, recovered) = opened.unwrap_or_else(|error| panic!("{place}: {error}"));
    let head = writer.acknowledged();
    assert_eq!(recovered.head, head, "{place}");
    let blocks = log.until(head).unwrap_or_else(|| panic!("{place}: {head:?} is no block's"));
    assert!(head.records >= promised.records, "{place}: {head:?}, promised {promised:?}");
    assert_eq!(read(disk), (log.bytes(blocks), Ok(head)), "{place}");
    let found = snapshot::newest(disk).unwrap().newest.map(|found| found.head.records);
    assert!(found >= snapshot, "{place}: snapshot {found:?}, promised {snapshot:?}");
    drop(writer);
    // The next writer finds nothing to do, and can go on.
    let (mut writer, again) = Writer::open(shared(disk), options()).unwrap();
    assert_eq!((again.head, again.kept_records, again.cut), (head, 0, None), "{place}");
    if let Some(block) = log.blocks.get(blocks) {
        writer.append(block).unwrap();
        assert_eq!(writer.close().unwrap(), log.heads[blocks + 1], "{place}");
    }
}

fn losses(seed: u64) -> impl Iterator<Item = PowerLoss> {
    let names = [LostNames::All, LostNames::None, LostNames::AfterPrefix { seed }];
    LostWrites::each(seed)
        .into_iter()
        .flat_map(move |writes| names.map(|names| PowerLoss { writes, names }))
}

#[test]
fn whatever_was_acknowledged_is_there_after_a_crash_at_any_operation() {
    let (disk, log) = (SimulatedDisk::new(), Blocks::new(24));
    let promises = write(&disk, &log);
    assert!(read(&disk).1.is_ok());
    assert!(disk.names().iter().filter(|name| name.ends_with(".seg")).count() > 2);
    let mut history = disk.history();
    loop {
        let operation = history.operation();
        let (promised, snapshot) = (promises.head_at(operation), promises.snapshot_at(operation));
        for loss in losses(operation) {
            let image = history.crash(loss);
            let place = format!("after operation {operation}, {loss:?}");
            check(&image, &log, promised, snapshot, &place);
        }
        if !history.advance() {
            break;
        }
    }
    assert!(history.operation() > 100, "{}", history.operation());
}

#[test]
fn a_crash_while_a_log_is_opened_after_a_crash_loses_nothing_either() {
    let (disk, log) = (SimulatedDisk::new(), Blocks::new(9));
    let promises = write(&disk, &log);
    let mut history = disk.history();
    let mut images = 0;
    while history.advance() {
        let operation = history.operation();
        let (promised, snapshot) = (promises.head_at(operation), promises.snapshot_at(operation));
        for first in losses(operation).skip(1).step_by(5) {
            let image = history.crash(first);
            drop(Writer::open(shared(&image), options()).unwrap());
            let mut reopened = image.history();
            while reopened.advance() {
                for second in losses(operation + 1).skip(1).step_by(4) {
                    let place = format!(
                        "after operation {operation}, {first:?}, then after {}, {second:?}",
                        reopened.operation()
                    );
                    check(&reopened.crash(second), &log, promised, snapshot, &place);
                    images += 1;
                }
            }
        }
    }
    assert!(images > 1_000, "{images}");
}

#[test]
fn what_was_written_and_not_acknowledged_is_kept_when_it_is_whole() {
    let (disk, log) = (SimulatedDisk::new(), Blocks::new(6));
    let (mut writer, _) = Writer::open(shared(&disk), options()).unwrap();
    writer.append(&log.bytes(4)).unwrap();
    assert_eq!(writer.commit().unwrap(), Head::EMPTY, "the watermark goes with the next group");
    let disk = disk.killed();
    let (writer, recovered) = Writer::open(shared(&disk), options()).unwrap();
    assert_eq!(writer.acknowledged(), log.heads[4]);
    assert_eq!(recovered.kept_records, log.heads[4].records);
    assert_eq!(recovered.cut, None);
    assert!(recovered.to_string().starts_with("kept 10 records"), "{recovered}");
}

#[test]
fn a_whole_block_that_ends_with_zeros_is_kept() {
    let (disk, log) = (SimulatedDisk::new(), Blocks::new(2));
    assert!(log.blocks[0].ends_with(&[0; 64]), "no seal is before the first one");
    let (mut writer, _) = Writer::open(shared(&disk), options()).unwrap();
    writer.append(&log.blocks[0]).unwrap();
    writer.close().unwrap();
    // With its watermark damaged, it counts as not acknowledged.
    disk.flip_bit("00000000000000000000.seg", 4_096 * 8);
    let (writer, recovered) = Writer::open(shared(&disk), options()).unwrap();
    assert_eq!((writer.acknowledged(), recovered.cut), (log.heads[1], None));
}

#[test]
fn half_a_block_is_cut_and_told() {
    let (disk, log) = (SimulatedDisk::new(), Blocks::new(6));
    let (mut writer, _) = Writer::open(shared(&disk), options()).unwrap();
    writer.append(&log.bytes(3)).unwrap();
    writer.close().unwrap();
    let name = "00000000000000000000.seg";
    let whole = disk.contents(name).unwrap();
    let block = &log.blocks[3];
    for length in 1..block.len() {
        disk.put(name, [&whole, &block[..length], &[0; 100]].concat());
        let (writer, recovered) = Writer::open(shared(&disk), options()).unwrap();
        assert_eq!(writer.acknowledged(), log.heads[3]);
        // A frame may end with zeros, which nobody can tell from room taken in advance.
        let content = block[..length].iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
        let cut = recovered.cut.expect("something was cut");
        assert_eq!(cut.bytes, u64::try_from(content).unwrap());
        assert_eq!(disk.contents(name).unwrap(), whole_with_newer_watermark(&disk, name, &whole));
    }
}

/// The file without its watermarks is what it was.
fn whole_with_newer_watermark(disk: &SimulatedDisk, name: &str, whole: &[u8]) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    bytes[4_096..12_288].copy_from_slice(&disk.contents(name).unwrap()[4_096..12_288]);
    bytes
}
