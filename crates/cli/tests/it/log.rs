//! `undercut log`.

use std::fs;

use undercut::Event;
use undercut_bidding::BidEvent;
use undercut_ledger::log::{Chain, Reader, Record};

use crate::{Folder, run};

/// The file that has the records of a short log.
pub(crate) fn records_file(folder: &Folder, name: &str) -> std::path::PathBuf {
    folder.file(name).join("00000000000000000000.seg")
}

#[test]
fn a_kept_log_verifies_and_replays_at_both_depths() {
    let folder = Folder::new();
    let dir = folder.log();
    let ran = run(&["log", "verify", &dir]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let head = ran.out.lines().find_map(|line| line.strip_prefix("head ")).unwrap().to_owned();
    assert_eq!(run(&["log", "verify", &dir, "--head", &head]).code, 0);
    let json = run(&["log", "inspect", &dir, "--json"]).json();
    assert_eq!((&json["schema"], &json["head"]), (&"undercut.log/1".into(), &head.into()));
    assert_eq!(json["height"], 60);
    assert_eq!(json["kinds"]["BlockSealed"], 61, "block 0 is sealed too");
    for depth in ["records", "commands"] {
        let ran = run(&["log", "replay", &dir, &format!("--{depth}")]);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.out.contains("61 seals compared"), "{ran:?}");
        assert!(ran.out.contains(json["state_root"].as_str().unwrap()), "{ran:?}");
    }
}

#[test]
fn another_head_is_refused() {
    let folder = Folder::new();
    let dir = folder.log();
    let ran = run(&["log", "verify", &dir, "--head", &"ab".repeat(32)]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("LOG010"), "{ran:?}");
    let ran = run(&["log", "verify", &dir, "--head", "abc"]);
    assert_eq!(ran.code, 2, "{ran:?}");
}

#[test]
fn damage_is_named_with_its_offset() {
    let folder = Folder::new();
    let dir = folder.log();
    let path = records_file(&folder, "market");
    let intact = fs::read(&path).unwrap();
    let flipped = |at: usize| {
        let mut bytes = intact.clone();
        bytes[at] ^= 1;
        bytes
    };
    let middle = intact.len() / 2;
    let last = intact.len() - 1;
    let rows = [
        (flipped(0), "LOG023: 00000000000000000000.seg: offset 0"),
        (flipped(50), "LOG023: 00000000000000000000.seg: offset 0"),
        (flipped(200), "LOG024: 00000000000000000000.seg: offset 200"),
        (flipped(12_288), "LOG004: 00000000000000000000.seg: offset 12288: record 0"),
        (flipped(middle), "LOG004: 00000000000000000000.seg: offset "),
        (flipped(last), "record 278 was altered"),
        (intact[..middle].to_vec(), "LOG029: 00000000000000000000.seg: offset "),
        (Vec::new(), "LOG029: 00000000000000000000.seg: offset 0"),
    ];
    for (bytes, wanted) in rows {
        fs::write(&path, bytes).unwrap();
        let ran = run(&["log", "verify", &dir]);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{wanted}: {ran:?}");
        assert!(ran.err.contains(wanted), "{wanted}: {ran:?}");
        for verb in [&["audit"][..], &["inspect"], &["replay"], &["replay", "--commands"]] {
            let ran = run(&[&["log"], verb, &[dir.as_str()]].concat());
            assert_eq!(ran.code, 6, "{wanted}: {verb:?}: {ran:?}");
        }
    }
}

#[test]
fn a_damaged_watermark_and_bytes_that_nobody_acknowledged_are_told() {
    let folder = Folder::new();
    let dir = folder.log();
    let path = records_file(&folder, "market");
    let intact = fs::read(&path).unwrap();
    for at in [4_096, 8_192] {
        let mut bytes = intact.clone();
        bytes[at + 8] ^= 1;
        fs::write(&path, bytes).unwrap();
        let ran = run(&["log", "verify", &dir]);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
        assert!(
            ran.err.contains(&format!("LOG037: 00000000000000000000.seg: offset {at}: ")),
            "{ran:?}"
        );
    }
    fs::write(&path, [&intact[..], b"more"].concat()).unwrap();
    let ran = run(&["log", "verify", &dir]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let told = format!("LOG041: 00000000000000000000.seg: offset {}: 4 bytes", intact.len());
    assert!(ran.err.contains(&told), "{ran:?}");
    fs::write(&path, &intact).unwrap();
    fs::write(folder.file("market/notes.txt"), "mine").unwrap();
    let ran = run(&["log", "verify", &dir]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("LOG038: `notes.txt`"), "{ran:?}");
}

#[test]
fn a_log_that_is_the_start_of_another_is_noticed_by_the_head_alone() {
    let folder = Folder::new();
    let (long, short) = (folder.file("long"), folder.file("short"));
    for (dir, blocks) in [(&long, "30"), (&short, "20")] {
        let ran = run(&["demo", "--blocks", blocks, "--log", dir.to_str().unwrap(), "--json"]);
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    let ran = run(&["log", "verify", long.to_str().unwrap()]);
    let head = ran.out.lines().find_map(|line| line.strip_prefix("head ")).unwrap();
    // The short log is the start of the long one: what is left after a cut at a seal.
    assert_eq!(run(&["log", "verify", short.to_str().unwrap()]).code, 0);
    let ran = run(&["log", "verify", short.to_str().unwrap(), "--head", head]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("LOG010"), "{ran:?}");
}

#[test]
fn a_log_starts_with_its_genesis() {
    let folder = Folder::new();
    let dir = folder.file("other");
    let disk = undercut_store::RealDisk::open_or_create(&dir).unwrap();
    let options = undercut_store::Options::default();
    let (mut writer, _) = undercut_store::Writer::open(std::sync::Arc::new(disk), options).unwrap();
    let mut chain = undercut_ledger::log::Chain::EMPTY;
    let height = undercut_primitives::BlockHeight::GENESIS;
    let state_root = undercut_primitives::Digest::ZERO;
    let (_, frame) = chain.seal::<undercut::Event>(height, state_root).unwrap();
    writer.append(&frame).unwrap();
    writer.close().unwrap();
    let ran = run(&["log", "verify", dir.to_str().unwrap()]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("offset 12288: LOG013: record 0"), "{ran:?}");
}

#[test]
fn a_folder_that_is_no_log_exits_3() {
    let folder = Folder::new();
    let empty = folder.file("empty");
    fs::create_dir(&empty).unwrap();
    let file = folder.write("file", b"");
    let rows = [
        ("no-such-folder", "FIL001: no-such-folder"),
        (empty.to_str().unwrap(), "LOG022: the folder holds no log"),
        (&file, "FIL001: "),
    ];
    for (dir, wanted) in rows {
        for verb in ["verify", "inspect", "replay", "tail"] {
            let ran = run(&["log", verb, dir]);
            assert_eq!(ran.code, 3, "{ran:?}");
            assert!(ran.err.contains(wanted), "{ran:?}");
        }
    }
    // A segment that is a folder is no segment.
    let dir = folder.log();
    let path = records_file(&folder, "market");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let ran = run(&["log", "verify", &dir]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("LOG039"), "{ran:?}");
}

/// The records of a short log.
fn records(folder: &Folder, name: &str) -> Vec<Record<Event>> {
    let kept = fs::read(records_file(folder, name)).unwrap();
    let frames = &kept[usize::try_from(undercut_store::segment::HEADER_BYTES).unwrap()..];
    Reader::<Event>::new(frames).map(|record| record.unwrap()).collect()
}

/// Keeps records as a log of their own after a forger's change, so that every hash fits.
fn forge(dir: &std::path::Path, records: &[Record<Event>], change: impl Fn(&mut [Event])) {
    let mut events: Vec<Event> = records.iter().map(|record| record.event.clone()).collect();
    change(&mut events);
    let disk = undercut_store::RealDisk::open_or_create(dir).unwrap();
    let options = undercut_store::Options::default();
    let (mut writer, _) = undercut_store::Writer::open(std::sync::Arc::new(disk), options).unwrap();
    let (mut chain, mut block) = (Chain::EMPTY, Vec::new());
    for (record, event) in records.iter().zip(events) {
        if let Event::BlockSealed(seal) = event {
            block.extend(chain.seal::<Event>(record.height, seal.state_root).unwrap().1);
            writer.append(&std::mem::take(&mut block)).unwrap();
        } else {
            block.extend(chain.append(record.height, event).unwrap().1);
        }
    }
    writer.close().unwrap();
}

#[test]
fn a_kept_log_is_audited_and_every_check_counted() {
    let folder = Folder::new();
    let dir = folder.file("whole");
    let dir = dir.to_str().unwrap();
    assert_eq!(run(&["demo", "--log", dir, "--json"]).code, 0);
    let ran = run(&["log", "audit", dir]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    assert!(ran.out.contains("awards to the lowest eligible bid"), "{ran:?}");
    let json = run(&["log", "audit", dir, "--json"]).json();
    let inspected = run(&["log", "inspect", dir, "--json"]).json();
    assert_eq!((&json["schema"], &json["ok"]), (&"undercut.audit/1".into(), &true.into()));
    assert_eq!((&json["records"], &json["finding"]), (&inspected["records"], &().into()));
    for check in json["checks"].as_array().unwrap() {
        assert!(check["times"].as_u64() > Some(0), "{check}");
        if check["name"] == "awards" {
            assert_eq!(check["times"], inspected["kinds"]["BidWon"]);
        }
    }
}

#[test]
fn a_planted_award_is_refused_and_named_though_every_hash_fits() {
    let folder = Folder::new();
    folder.log();
    let (mut named, read) = (Vec::new(), records(&folder, "market"));
    let at =
        read.iter().position(|record| matches!(record.event, Event::Bid(BidEvent::BidLost { .. })));
    let at = at.expect("somebody lost");
    if let (Event::Bid(BidEvent::BidWon(winner)), Event::Bid(BidEvent::BidLost { id, .. })) =
        (&read[at - 1].event, &read[at].event)
    {
        named.extend([winner.order.to_string(), winner.to_string(), id.to_string()]);
    }
    assert_eq!(named.len(), 3, "the loser stands behind the winner");
    let forged = folder.file("forged");
    forge(&forged, &read, |events| {
        let [before, after] = &mut events[at - 1..=at] else { panic!() };
        if let (Event::Bid(BidEvent::BidWon(winner)), Event::Bid(BidEvent::BidLost { id, .. })) =
            (before, after)
        {
            std::mem::swap(winner, id);
        }
    });
    let dir = forged.to_str().unwrap();
    assert_eq!(run(&["log", "verify", dir]).code, 0, "every hash fits");
    let ran = run(&["log", "audit", dir]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
    for name in named.iter().map(String::as_str).chain(["AUD017", "record "]) {
        assert!(ran.err.contains(name), "{name}: {ran:?}");
    }
    let ran = run(&["log", "audit", dir, "--json"]);
    assert_eq!((ran.code, &ran.json()["finding"]["code"]), (1, &"AUD017".into()), "{ran:?}");
    assert_eq!(ran.json()["finding"]["record"], at - 1);
}
