//! `undercut log`.

use std::fs;

use crate::{Folder, run};

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
        let ran = run(&["log", "replay", &dir, "--depth", depth]);
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
    let path = folder.file("market/records.log");
    let intact = fs::read(&path).unwrap();
    let flipped = |at: usize| {
        let mut bytes = intact.clone();
        bytes[at] ^= 1;
        bytes
    };
    let middle = intact.len() / 2;
    let rows = [
        (flipped(0), "LOG004: offset 0"),
        (flipped(middle), ": offset "),
        (intact[..middle].to_vec(), "LOG002: offset "),
        (Vec::new(), "LOG007: offset 0"),
        (intact[..10].to_vec(), "LOG002: offset 0"),
        ([&intact[..], b"more"].concat(), &format!("LOG002: offset {}", intact.len())),
        ([&intact[..], &intact[..]].concat(), &format!("LOG012: offset {}", intact.len())),
    ];
    for (bytes, wanted) in rows {
        fs::write(&path, bytes).unwrap();
        let ran = run(&["log", "verify", &dir]);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{wanted}: {ran:?}");
        assert!(ran.err.contains(wanted), "{wanted}: {ran:?}");
        for verb in ["inspect", "replay"] {
            assert_eq!(run(&["log", verb, &dir]).code, 6, "{wanted}: {verb}");
        }
    }
}

#[test]
fn a_log_cut_at_a_seal_is_noticed_by_its_head_file() {
    let folder = Folder::new();
    let (long, short) = (folder.file("long"), folder.file("short"));
    for (dir, blocks) in [(&long, "30"), (&short, "20")] {
        let ran = run(&["demo", "--blocks", blocks, "--log", dir.to_str().unwrap(), "--json"]);
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    // The short log is the start of the long one: what is left after a cut at a seal.
    let cut = fs::read(short.join("records.log")).unwrap();
    assert!(fs::read(long.join("records.log")).unwrap().starts_with(&cut));
    fs::write(long.join("records.log"), cut).unwrap();
    let ran = run(&["log", "verify", long.to_str().unwrap()]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("LOG008"), "{ran:?}");
    fs::remove_file(long.join("HEAD")).unwrap();
    let ran = run(&["log", "verify", long.to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("--head"), "it says what it cannot know: {ran:?}");
}

#[test]
fn a_head_file_has_one_spelling() {
    let folder = Folder::new();
    let dir = folder.log();
    let path = folder.file("market/HEAD");
    let sound = fs::read_to_string(&path).unwrap();
    let rows = [
        sound.replace("records ", "records +").into_bytes(),
        sound.replace("records ", "records 0").into_bytes(),
        sound.replace('\n', "\r\n").into_bytes(),
        (sound.clone() + "more\n").into_bytes(),
        sound.repeat(2).into_bytes(),
        vec![0xff; 40],
        Vec::new(),
    ];
    for bytes in rows {
        fs::write(&path, &bytes).unwrap();
        let ran = run(&["log", "verify", &dir]);
        assert_eq!(ran.code, 1, "{bytes:?}: {ran:?}");
        assert!(ran.err.contains("LOG011"), "{bytes:?}: {ran:?}");
    }
}

#[test]
fn a_log_starts_with_its_genesis_and_is_a_regular_file() {
    let folder = Folder::new();
    let dir = folder.log();
    let path = folder.file("market/records.log");
    let mut chain = undercut_ledger::log::Chain::EMPTY;
    let height = undercut_primitives::BlockHeight::GENESIS;
    let state_root = undercut_primitives::Digest::ZERO;
    let (_, frame) = chain.seal::<undercut::Event>(height, state_root).unwrap();
    fs::write(&path, frame).unwrap();
    fs::remove_file(folder.file("market/HEAD")).unwrap();
    let ran = run(&["log", "verify", &dir]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("LOG013: offset 0: record 0"), "{ran:?}");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let ran = run(&["log", "verify", &dir]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.err.contains("this is a folder"), "{ran:?}");
}

#[test]
fn a_folder_that_is_no_log_exits_3() {
    let ran = run(&["log", "verify", "no-such-folder"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.err.contains("no-such-folder/records.log"), "{ran:?}");
}
