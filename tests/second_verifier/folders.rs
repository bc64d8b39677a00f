//! Folders that the store writes: whole, damaged in every way, and as power cuts leave them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use undercut_ledger::log::Head;
use undercut_simulation::Stream;
use undercut_store::segment::{Continued, Opening, Watermark};
use undercut_store::simulated::{LostNames, LostWrites, PowerLoss};
use undercut_store::{Options, Reading, SharedDisk, SimulatedDisk, StoreError, Writer};
use undercut_tests::forge;

use crate::{STORY, judged, python};

/// A segment has about this many bytes of frames, so that the story takes several.
const SEGMENT_BYTES: u64 = 12_288 + 16_000;

/// Where a body's kind stands in a frame.
const KIND: usize = 24;

/// The story's blocks, each the frames up to its seal.
fn blocks() -> Vec<Vec<u8>> {
    let frames = forge::frames(&STORY.log);
    frames.split_inclusive(|frame| frame[KIND] == 1).map(forge::join).collect()
}

fn shared(disk: &SimulatedDisk) -> SharedDisk {
    Arc::new(disk.clone())
}

/// Writes these blocks in groups of three, with two snapshots. The writer is closed.
fn written(blocks: &[Vec<u8>]) -> (SimulatedDisk, Head) {
    let disk = SimulatedDisk::new();
    let (mut writer, _) = Writer::open(shared(&disk), Options::small(SEGMENT_BYTES)).unwrap();
    for (at, group) in blocks.chunks(3).enumerate() {
        for block in group {
            writer.append(block).unwrap();
        }
        writer.commit().unwrap();
        if at % 8 == 5 {
            writer.save_snapshot(format!("the state after group {at}").as_bytes()).unwrap();
        }
    }
    (disk, writer.close().unwrap())
}

/// Copies a simulated disk to a real folder of this name.
fn dumped(name: &str, disk: &SimulatedDisk) -> PathBuf {
    let folder =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("second-verifier-folder-{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    for file in disk.names() {
        fs::write(folder.join(&file), disk.contents(&file).unwrap()).unwrap();
    }
    folder
}

/// The first verifier: where the log ends, or what is wrong with it.
fn verify(disk: &SimulatedDisk) -> Result<Head, StoreError> {
    let mut reading = Reading::open(shared(disk))?;
    while reading.next()?.is_some() {}
    Ok(reading.chain().head())
}

/// Holds the second verdict against the first: accepted with the same head, or refused, and where
/// the first names a record, that one.
fn compare(what: &str, disk: &SimulatedDisk, second: &str) {
    let first = match verify(disk) {
        Ok(head) => format!("ok {} {}", head.records, head.hash),
        Err(
            StoreError::Frame { sequence, offset, .. }
            | StoreError::Record { sequence, offset, .. },
        ) => format!("refused {sequence} {offset} "),
        Err(_) => "refused ".into(),
    };
    assert!(second.starts_with(&first), "{what}: {first} {:?}: {second}", verify(disk));
}

fn segments(disk: &SimulatedDisk) -> Vec<String> {
    disk.names().into_iter().filter(|name| name.ends_with(".seg")).collect()
}

#[test]
fn what_the_store_writes_is_accepted_with_its_head() {
    let blocks = blocks();
    for count in [1, 2, 7, blocks.len()] {
        let (disk, head) = written(&blocks[..count]);
        let folder = dumped("written", &disk);
        let Some(output) = python(&[folder.to_str().unwrap()]) else { return };
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}");
        assert!(text.starts_with(&format!("head {}\nrecords {}\n", head.hash, head.records)));
        assert!(!text.contains("note: "), "{text}");
        assert_eq!(verify(&disk), Ok(head));
    }
}

#[test]
fn thousands_of_bits_flipped_in_a_folder_are_all_noticed() {
    let (disk, _) = written(&blocks());
    assert!(segments(&disk).len() > 3);
    let folder = dumped("flips", &disk);
    let Some(output) = python(&[folder.to_str().unwrap(), "--flips", "3000"]) else { return };
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("flips 3000 missed 0"), "{text}");
}

#[test]
fn both_say_the_same_of_every_bit_flipped_in_header_and_watermarks() {
    let (disk, _) = written(&blocks());
    let folder = dumped("fields", &disk).display().to_string();
    let mut stream = Stream::new(3, "fields");
    let mut cases = Vec::new();
    for name in segments(&disk) {
        for field in (0..96).chain(4_096..4_160).chain(8_192..8_256).step_by(2) {
            cases.push((name.clone(), field, stream.between(0, 7)));
        }
    }
    let line = |(name, at, bit): &(String, u64, u64)| {
        format!("folder {folder} file={name} flip={at}.{bit}")
    };
    let lines: Vec<String> = cases.iter().map(line).collect();
    let Some(verdicts) = judged("field-lines", &lines) else { return };
    for (((name, at, bit), line), verdict) in cases.iter().zip(&lines).zip(verdicts) {
        let damaged = changed(&disk, name, |bytes| {
            bytes[usize::try_from(*at).unwrap()] ^= 1 << bit;
        });
        compare(line, &damaged, &verdict);
        assert!(verdict.starts_with("refused") || verdict.contains("damaged"), "{line}: {verdict}");
    }
}

/// A disk with the same files, one of them changed.
fn changed(disk: &SimulatedDisk, name: &str, change: impl FnOnce(&mut Vec<u8>)) -> SimulatedDisk {
    let copy = SimulatedDisk::new();
    for file in disk.names() {
        copy.put(&file, disk.contents(&file).unwrap());
    }
    let mut bytes = disk.contents(name).unwrap();
    change(&mut bytes);
    copy.put(name, bytes);
    copy
}

#[test]
fn both_refuse_every_kind_of_damage_to_a_folder() {
    let (disk, _) = written(&blocks());
    let names = segments(&disk);
    let (first, second, last) = (&names[0], &names[1], &names[names.len() - 1]);
    let without = |gone: &str| {
        let copy = changed(&disk, gone, |_| {});
        copy.delete(gone);
        copy
    };
    let swapped = changed(&disk, first, |bytes| *bytes = disk.contents(second).unwrap());
    let twice = changed(&disk, second, |_| {});
    twice.put("00000000000000099999.seg", disk.contents(last).unwrap());
    let cut =
        |name: &str, by: usize| changed(&disk, name, |bytes| bytes.truncate(bytes.len() - by));
    // Sealed with a checksum of its own: acknowledged records behind a segment that says it is last.
    let not_continued = changed(&disk, second, |bytes| {
        let opening = Opening::decode(second, &bytes[..12_288]).unwrap();
        let last = Watermark { continued: Continued::No, ..opening.watermark };
        let at = usize::try_from(last.offset()).unwrap();
        bytes[at..at + 64].copy_from_slice(&last.encode());
    });
    let promised = changed(&disk, last, |bytes| {
        let opening = Opening::decode(last, &bytes[..12_288]).unwrap();
        let head = Head { records: opening.watermark.head.records + 1, ..opening.watermark.head };
        let more = Watermark { head, ..opening.watermark };
        let at = usize::try_from(more.offset()).unwrap();
        bytes[at..at + 64].copy_from_slice(&more.encode());
    });
    let images = [
        ("not continued", not_continued),
        ("more acknowledged than there is", promised),
        ("first missing", without(first)),
        ("one missing", without(second)),
        ("last missing", without(last)),
        ("swapped", swapped),
        ("twice", twice),
        ("cut by one", cut(last, 1)),
        ("cut to the header", changed(&disk, last, |bytes| bytes.truncate(12_288))),
        ("cut within the header", changed(&disk, last, |bytes| bytes.truncate(9_000))),
        ("an earlier one cut", cut(second, 1)),
        ("longer", changed(&disk, second, |bytes| bytes.push(0))),
        ("a page of zeros", changed(&disk, second, |bytes| bytes[16_384..20_480].fill(0))),
        ("no watermark", changed(&disk, last, |bytes| bytes[4_096..8_256].fill(0))),
        ("padding", changed(&disk, last, |bytes| bytes[5_000] = 1)),
        ("empty", changed(&disk, last, Vec::clear)),
        ("nothing", SimulatedDisk::new()),
    ];
    let place = |(at, _): (usize, _)| format!("damage-{at}");
    let folders: Vec<PathBuf> = images
        .iter()
        .enumerate()
        .map(|(at, image)| dumped(&place((at, image)), &image.1))
        .collect();
    let lines: Vec<_> =
        folders.iter().map(|folder| format!("folder {}", folder.display())).collect();
    let Some(verdicts) = judged("damage-lines", &lines) else { return };
    for ((what, image), verdict) in images.iter().zip(verdicts) {
        compare(what, image, &verdict);
        assert!(verdict.starts_with("refused "), "{what}: {verdict}");
    }
}

#[test]
fn a_damaged_or_foreign_snapshot_is_refused() {
    let (disk, _) = written(&blocks());
    let folder = dumped("snapshots", &disk).display().to_string();
    let snapshots: Vec<_> = disk.names().into_iter().filter(|n| n.ends_with(".snap")).collect();
    assert_eq!(snapshots.len(), 2);
    let name = &snapshots[1];
    let length = disk.contents(name).unwrap().len();
    let flips = (0..length).map(|at| format!("folder {folder} file={name} flip={at}.{}", at % 8));
    let cuts = (0..length).map(|at| format!("folder {folder} file={name} cut={at}"));
    let Some(verdicts) = judged("snapshots", &flips.chain(cuts).collect::<Vec<_>>()) else {
        return;
    };
    assert!(verdicts.iter().all(|verdict| verdict.starts_with("refused ")));
    // A whole snapshot of a log that went another way.
    let (shorter, _) = written(&blocks()[..21]);
    shorter.put(name, disk.contents(name).unwrap());
    let folder = dumped("foreign", &shorter).display().to_string();
    let Some(verdicts) = judged("foreign", &[format!("folder {folder}")]) else { return };
    assert!(verdicts[0].contains("no such seal"), "{verdicts:?}");
}

#[test]
fn both_read_the_same_from_what_a_power_cut_leaves() {
    let disk = SimulatedDisk::new();
    let (mut writer, _) = Writer::open(shared(&disk), Options::small(12_288 + 2_000)).unwrap();
    for (at, block) in blocks()[..24].iter().enumerate() {
        writer.append(block).unwrap();
        writer.commit().unwrap();
        if at == 15 {
            writer.save_snapshot(b"the state").unwrap();
        }
    }
    drop(writer);
    let (mut history, mut images) = (disk.history(), Vec::new());
    let writes = [LostWrites::All, LostWrites::None, LostWrites::Zeroed, LostWrites::AfterLength];
    while history.advance() {
        let seed = history.operation();
        for writes in writes.into_iter().chain([LostWrites::Sectors { seed }]) {
            let loss = PowerLoss { writes, names: LostNames::AfterPrefix { seed } };
            images.push((format!("after operation {seed}, {loss:?}"), history.crash(loss)));
        }
    }
    let images: Vec<_> = images.into_iter().step_by(3).collect();
    let folders =
        images.iter().enumerate().map(|(at, image)| dumped(&format!("cut-{at}"), &image.1));
    let folders: Vec<PathBuf> = folders.collect();
    let lines: Vec<_> =
        folders.iter().map(|folder| format!("folder {}", folder.display())).collect();
    let Some(verdicts) = judged("cut-lines", &lines) else { return };
    for ((what, image), verdict) in images.iter().zip(&verdicts) {
        compare(what, image, verdict);
    }
    for folder in folders {
        let _ = fs::remove_dir_all(folder);
    }
    let accepted = verdicts.iter().filter(|verdict| verdict.starts_with("ok ")).count();
    assert!(accepted > 50, "{accepted} of {}", verdicts.len());
}
