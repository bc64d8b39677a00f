//! Bits turned over, bytes missing, files missing: noticed, placed, and never repaired by cutting.

use undercut_ledger::log::Head;
use undercut_store::{Reading, SimulatedDisk, StoreError, Writer, snapshot};

use crate::log::{Blocks, options, read, shared};

/// A log of several segments that was closed, and its segments.
fn closed(log: &Blocks) -> (SimulatedDisk, Vec<String>) {
    let disk = SimulatedDisk::new();
    let (mut writer, _) = Writer::open(shared(&disk), options()).unwrap();
    for block in &log.blocks {
        writer.append(block).unwrap();
        writer.flush().unwrap();
    }
    writer.close().unwrap();
    let segments = disk.names().into_iter().filter(|name| name.ends_with(".seg")).collect();
    (disk, segments)
}

/// Opens for writing; what is refused must be as it was.
fn opens(disk: &SimulatedDisk, log: &Blocks) -> Result<Head, StoreError> {
    let before: Vec<_> = disk.names().iter().map(|name| disk.contents(name)).collect();
    match Writer::open(shared(disk), options()) {
        Ok((writer, _)) => {
            let head = writer.acknowledged();
            assert!(log.until(head).is_some());
            Ok(head)
        }
        Err(error) => {
            let after: Vec<_> = disk.names().iter().map(|name| disk.contents(name)).collect();
            assert!(before == after, "{error}: a log that is refused is left as it is");
            Err(error)
        }
    }
}

#[test]
fn every_flipped_bit_of_a_record_is_refused_with_its_place() {
    let log = Blocks::new(14);
    let (disk, segments) = closed(&log);
    assert!(segments.len() > 1);
    for name in &segments {
        let length = disk.contents(name).unwrap().len();
        for byte in 12_288..length {
            let bit = u64::try_from(byte * 8 + byte % 8).unwrap();
            disk.flip_bit(name, bit);
            let error = opens(&disk, &log).unwrap_err();
            let text = error.to_string();
            assert!(text.starts_with(&format!("{name}: offset ")), "{text}");
            let offset: usize = text.split(&[' ', ':'][..]).nth(3).unwrap().parse().unwrap();
            assert!(offset <= byte && byte < offset + 400, "byte {byte}: {text}");
            assert_eq!(read(&disk).1, Err(error));
            disk.flip_bit(name, bit);
        }
    }
    assert_eq!(opens(&disk, &log), Ok(log.heads[14]));
}

#[test]
fn every_flipped_bit_before_the_records_is_refused_or_told() {
    let log = Blocks::new(8);
    let (disk, segments) = closed(&log);
    let name = &segments[0];
    let (mut refused, mut told) = (0, 0);
    for byte in (0..200).chain(4_000..4_300).chain(8_100..8_400).chain([12_287]) {
        let image = disk.killed();
        image.flip_bit(name, u64::try_from(byte * 8 + byte % 8).unwrap());
        match Writer::open(shared(&image), options()) {
            Err(error) => {
                assert!(error.to_string().starts_with(name), "{error}");
                refused += 1;
            }
            Ok((writer, recovered)) => {
                assert_eq!(writer.acknowledged(), log.heads[8]);
                assert_eq!(recovered.damaged.len(), 1);
                assert!(recovered.to_string().contains("LOG037"), "{recovered}");
                told += 1;
            }
        }
    }
    assert_eq!(told, 128, "two watermarks of 64 bytes");
    assert!(refused > 600, "{refused}");
}

#[test]
fn a_file_that_was_cut_or_is_missing_is_refused() {
    let log = Blocks::new(14);
    let (disk, segments) = closed(&log);
    for name in &segments {
        let whole = disk.contents(name).unwrap();
        for length in (0..whole.len()).step_by(97) {
            disk.put(name, whole[..length].to_vec());
            let error = opens(&disk, &log).unwrap_err();
            assert_eq!(error.code().as_str(), "LOG029", "{name} of {length} bytes: {error}");
        }
        disk.delete(name);
        let error = opens(&disk, &log);
        let expected = if segments.len() == 1 { "LOG022" } else { "LOG028" };
        assert_eq!(error.unwrap_err().code().as_str(), expected);
        disk.put(name, whole);
    }
    assert_eq!(opens(&disk, &log), Ok(log.heads[14]));
}

#[test]
fn segments_that_change_places_are_refused() {
    let log = Blocks::new(20);
    let (disk, segments) = closed(&log);
    let [first, second, ..] = &segments[..] else { panic!("{segments:?}") };
    let (one, two) = (disk.contents(first).unwrap(), disk.contents(second).unwrap());
    disk.put(first, two.clone());
    assert_eq!(opens(&disk, &log).unwrap_err().code().as_str(), "LOG027");
    disk.put(first, one.clone());
    disk.put(second, one);
    assert_eq!(opens(&disk, &log).unwrap_err().code().as_str(), "LOG027");
    disk.put(second, [&two[..], b"more"].concat());
    assert_eq!(opens(&disk, &log).unwrap_err().code().as_str(), "LOG030");
    disk.put(second, two);
    disk.put("notes", Vec::new());
    let (_, recovered) = Writer::open(shared(&disk), options()).unwrap();
    assert_eq!(recovered.foreign, ["notes"]);
}

#[test]
fn a_log_can_be_read_from_the_chain_of_any_block() {
    let log = Blocks::new(20);
    let (disk, _) = closed(&log);
    for (blocks, chain) in log.chains.iter().enumerate() {
        let mut reading = Reading::open_at(shared(&disk), chain.clone()).unwrap();
        let mut records = 0;
        while let Some(record) = reading.next().unwrap() {
            assert_eq!(record.frame.sequence, log.heads[blocks].records + records);
            records += 1;
        }
        assert_eq!(log.heads[blocks].records + records, log.heads[20].records);
        assert_eq!(reading.chain().head(), log.heads[20]);
        let opened = Writer::open_at(shared(&disk), options(), chain.clone()).unwrap();
        assert_eq!(opened.0.acknowledged(), log.heads[20]);
    }
    let longer = Blocks::new(21).chains[21].clone();
    let error = Reading::open_at(shared(&disk), longer).unwrap_err();
    assert_eq!(error.code().as_str(), "LOG033");
}

#[test]
fn a_reader_follows_a_writer_from_segment_to_segment() {
    let log = Blocks::new(20);
    let disk = SimulatedDisk::new();
    let (mut writer, _) = Writer::open(shared(&disk), options()).unwrap();
    let mut reading = Reading::open(shared(&disk)).unwrap();
    for (number, block) in log.blocks.iter().enumerate() {
        assert!(!reading.refresh().unwrap());
        assert!(reading.next().unwrap().is_none());
        writer.append(block).unwrap();
        writer.flush().unwrap();
        assert!(reading.refresh().unwrap());
        while reading.next().unwrap().is_some() {}
        assert_eq!(reading.chain().head(), log.heads[number + 1]);
    }
    assert!(reading.layout().segments().len() > 2);
}

#[test]
fn the_newest_snapshot_that_is_whole_and_of_this_log_is_taken() {
    let log = Blocks::new(9);
    let disk = SimulatedDisk::new();
    let (mut writer, _) = Writer::open(shared(&disk), options()).unwrap();
    for (number, block) in log.blocks.iter().enumerate() {
        writer.append(block).unwrap();
        writer.save_snapshot(&[u8::try_from(number).unwrap()]).unwrap();
    }
    writer.close().unwrap();
    let newest = |disk: &SimulatedDisk| snapshot::newest(disk).unwrap();
    assert_eq!(newest(&disk).newest.unwrap().payload, [8]);
    let snapshots: Vec<_> =
        disk.names().into_iter().filter(|name| name.ends_with(".snap")).collect();
    assert_eq!(snapshots.len(), 2);
    for bit in 0..u64::try_from(disk.contents(&snapshots[1]).unwrap().len() * 8).unwrap() {
        let image = disk.killed();
        image.flip_bit(&snapshots[1], bit);
        let found = newest(&image);
        assert_eq!(found.newest.unwrap().payload, [7], "bit {bit}");
        assert_eq!(found.refused.len(), 1);
    }
    // Of a log that went on otherwise: whole, and not of this one.
    let mut foreign = newest(&disk).newest.unwrap();
    foreign.head.records += 5;
    disk.put(&undercut_store::folder::snapshot_name(foreign.head.records), foreign.encode());
    let found = newest(&disk);
    assert_eq!(found.newest.unwrap().payload, [8]);
    assert_eq!(found.refused[0].1.code().as_str(), "LOG033");
    let (_, recovered) = Writer::open(shared(&disk), options()).unwrap();
    assert_eq!(recovered.refused.len(), 1);
}

#[test]
fn a_snapshot_of_another_block_than_its_seal_is_refused() {
    let log = Blocks::new(5);
    let disk = SimulatedDisk::new();
    let (mut writer, _) = Writer::open(shared(&disk), options()).unwrap();
    writer.append(&log.bytes(5)).unwrap();
    writer.save_snapshot(b"state").unwrap();
    writer.close().unwrap();
    assert_eq!(snapshot::refused(&disk).unwrap(), []);
    let right = snapshot::newest(&disk).unwrap().newest.unwrap();
    let mut higher = right.clone();
    higher.height = higher.height.next().unwrap();
    let before_all = snapshot::Snapshot { head: Head::EMPTY, ..right.clone() };
    for (wrong, code) in [(higher, "LOG032"), (before_all, "LOG033")] {
        let image = disk.killed();
        let name = undercut_store::folder::snapshot_name(wrong.head.records);
        image.put(&name, wrong.encode());
        let refused = snapshot::refused(&image).unwrap();
        assert_eq!((refused.len(), &refused[0].0), (1, &name));
        assert_eq!(refused[0].1.code().as_str(), code);
        let newest = snapshot::newest(&image).unwrap().newest;
        assert!(newest.is_none_or(|newest| newest == right));
    }
}
