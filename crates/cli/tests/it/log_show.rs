//! `undercut log inspect SEQ`, `log tail` and `log diff`.

use std::fs;
use std::sync::Arc;

use serde_json::Value;

use crate::{Folder, run};

#[test]
fn a_record_is_shown_with_its_place_and_the_seal_of_its_block() {
    let folder = Folder::new();
    let dir = folder.log();
    let rows = run(&["log", "export", &dir, "--format", "jsonl"]).out;
    let rows: Vec<Value> = rows.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let seal = rows.iter().find(|row| row["height"] == 1 && row["kind"] == "BlockSealed").unwrap();
    for sequence in ["2", "17"] {
        let shown = run(&["log", "inspect", &dir, sequence, "--json"]).json();
        let row = &rows[sequence.parse::<usize>().unwrap()];
        for key in ["sequence", "height", "kind", "hash", "event", "account"] {
            assert_eq!(shown[key], row[key], "{key}");
        }
        assert_eq!(shown["schema"], "undercut.log-record/1");
        assert_eq!(shown["seal"]["hash"], seal["hash"]);
        assert_eq!(shown["seal"]["state_root"], seal["event"]["BlockSealed"]["state_root"]);
        // The record's body stands where it says, behind length and checksum.
        let file = crate::log::records_file(&folder, "market");
        assert_eq!(shown["file"], file.file_name().unwrap().to_str().unwrap());
        let at = shown["offset"].as_u64().unwrap() as usize + 8;
        let number: [u8; 8] = fs::read(file).unwrap()[at..at + 8].try_into().unwrap();
        assert_eq!(u64::from_le_bytes(number).to_string(), sequence);
        let ran = run(&["log", "inspect", &dir, sequence]);
        assert!(ran.out.contains(row["hash"].as_str().unwrap()), "{ran:?}");
        assert!(ran.out.contains(shown["what"].as_str().unwrap()), "{ran:?}");
    }
    let ran = run(&["log", "inspect", &dir, "279"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{ran:?}");
    assert!(ran.err.contains("LOG040: there is no record 279"), "{ran:?}");
}

#[test]
fn the_tail_is_the_last_records() {
    let folder = Folder::new();
    let dir = folder.log();
    let ran = run(&["log", "tail", &dir]);
    assert_eq!((ran.code, ran.out.lines().count()), (0, 10), "{ran:?}");
    let last = ran.out.lines().last().unwrap();
    assert!(
        last.trim_start().starts_with("278  block 60") && last.contains("BlockSealed"),
        "{last}"
    );
    let ran = run(&["log", "tail", &dir, "-n", "3", "--json"]);
    let numbers: Vec<Value> = ran
        .out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["sequence"].clone())
        .collect();
    assert_eq!(numbers, [276, 277, 278]);
    assert_eq!(run(&["log", "tail", &dir, "-n", "0"]).out, "");
    assert_eq!(run(&["log", "tail", &dir, "-n", "100000"]).out.lines().count(), 279);
}

fn played(folder: &Folder, name: &str, arguments: &[&str]) -> String {
    let dir = folder.file(name).to_str().unwrap().to_owned();
    let ran = run(&[&["demo", "--json", "--log", &dir], arguments].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    dir
}

#[test]
fn a_difference_is_placed_and_explained() {
    let folder = Folder::new();
    let [short, long, other] = [("short", "42", "20"), ("long", "42", "30"), ("other", "7", "20")]
        .map(|(name, seed, blocks)| played(&folder, name, &["--seed", seed, "--blocks", blocks]));
    let ran = run(&["log", "diff", &short, &short]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    assert!(ran.out.contains("the same "), "{ran:?}");

    for [a, b] in [[&short, &long], [&long, &short]] {
        let ran = run(&["log", "diff", a, b]);
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.out.contains("(block 20)"), "{ran:?}");
        assert!(ran.out.contains(&format!("{short} is the start of {long}")), "{ran:?}");
        let json = run(&["log", "diff", a, b, "--json"]).json();
        let relation = if *a == short { "a-is-prefix" } else { "b-is-prefix" };
        assert_eq!((&json["relation"], &json["more_up_to_height"]), (&relation.into(), &30.into()));
    }

    let ran = run(&["log", "diff", &short, &other]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.out.contains(
            "Genesis.chain_id: \"undercut-first-market-42\" -> \"undercut-first-market-7\""
        ),
        "{ran:?}"
    );
    let json = run(&["log", "diff", &short, &other, "--json"]).json();
    assert_eq!(
        (&json["relation"], &json["first_different"]["sequence"]),
        (&"differ".into(), &0.into())
    );
}

#[test]
fn a_difference_in_the_middle_names_the_last_common_seal() {
    let folder = Folder::new();
    // The number of providers is in the genesis; an order of one tenant more is not.
    let one = folder.write("one.yaml", MANIFEST.as_bytes());
    let two = folder.write("two.yaml", MANIFEST.replace("amount: 100", "amount: 200").as_bytes());
    let [a, b] = [("a", &one), ("b", &two)]
        .map(|(name, file)| played(&folder, name, &[file, "--blocks", "20"]));
    let json = run(&["log", "diff", &a, &b, "--json"]).json();
    assert_eq!(json["relation"], "differ", "{json}");
    let first = &json["first_different"];
    let sequence = first["sequence"].as_u64().unwrap();
    let seal = json["last_common_seal"]["sequence"].as_u64().unwrap();
    assert!(sequence > 0 && seal < sequence, "{json}");
    assert!(!first["fields"].as_array().unwrap().is_empty(), "{json}");
    let ran = run(&["log", "diff", &a, &b]);
    assert!(ran.out.contains(&format!("identical up to record {}", sequence - 1)), "{ran:?}");
    assert!(ran.out.contains(&format!("last seal in common: record {seal}, block ")), "{ran:?}");
}

const MANIFEST: &str = "version: \"2.0\"
services:
  web:
    image: nginx:1.27
    expose:
      - port: 80
        to:
          - global: true
profiles:
  compute:
    web:
      resources:
        cpu: { units: 1 }
        memory: { size: 512Mi }
        storage: { size: 1Gi }
  placement:
    anywhere:
      pricing:
        web: { denom: uact, amount: 100 }
deployment:
  web:
    anywhere: { profile: web, count: 1 }
";

#[test]
fn a_damaged_log_is_no_difference() {
    let folder = Folder::new();
    let dir = folder.log();
    let copy = folder.file("copy");
    fs::create_dir(&copy).unwrap();
    for entry in fs::read_dir(&dir).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
    }
    let copy = copy.to_str().unwrap();
    assert_eq!(run(&["log", "diff", &dir, copy]).code, 0);
    let path = crate::log::records_file(&folder, "market");
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&path, bytes).unwrap();
    for pair in [[dir.as_str(), copy], [copy, &dir]] {
        let ran = run(&["log", "diff", pair[0], pair[1]]);
        assert_eq!((ran.code, ran.out.as_str()), (6, ""), "{ran:?}");
        assert!(ran.err.contains("LOG0"), "{ran:?}");
    }
    assert_eq!(run(&["log", "diff", &dir, "no-such-folder"]).code, 3);
}

#[test]
fn the_tail_follows_what_is_acknowledged_until_it_is_interrupted() {
    use std::io::{BufRead as _, BufReader};

    let folder = Folder::new();
    let [short, long] = [("short", "20"), ("long", "23")]
        .map(|(name, blocks)| played(&folder, name, &["--blocks", blocks]));
    let disk = |dir: &str| Arc::new(undercut_store::RealDisk::open(dir).unwrap());
    let mut child = crate::command(&folder.0, &["log", "tail", &short, "-n", "1", "-f", "--json"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    let last = next();
    assert_eq!((&last["kind"], &last["height"]), (&"BlockSealed".into(), &20.into()));

    // The same market goes on: what the longer log has and the shorter lacks.
    let after = last["sequence"].as_u64().unwrap() + 1;
    let mut reading = undercut_store::Reading::open(disk(&long)).unwrap();
    let (mut blocks, mut block, mut wanted) = (Vec::new(), Vec::new(), Vec::new());
    while let Some(found) = reading.next().unwrap() {
        let (frame, hash) = (found.frame, found.hash.to_string());
        if frame.sequence < after {
            continue;
        }
        wanted.push((frame.sequence, hash));
        block.extend(u32::try_from(frame.body.len()).unwrap().to_le_bytes());
        block.extend(undercut_ledger::log::checksum(frame.body).to_le_bytes());
        block.extend(frame.body);
        if frame.kind == undercut_ledger::log::Kind::Seal {
            blocks.push(std::mem::take(&mut block));
        }
    }
    assert_eq!(blocks.len(), 3);
    let options = undercut_store::Options::default();
    let (mut writer, _) = undercut_store::Writer::open(disk(&short), options).unwrap();
    let mut wanted = wanted.into_iter().peekable();
    for block in blocks {
        writer.append(&block).unwrap();
        let head = writer.flush().unwrap();
        // Each block is shown while the writer still holds the folder.
        while wanted.peek().is_some_and(|(sequence, _)| *sequence < head.records) {
            let (sequence, hash) = wanted.next().unwrap();
            let row = next();
            assert_eq!(
                (row["sequence"].as_u64(), row["hash"].as_str()),
                (Some(sequence), Some(hash.as_str()))
            );
        }
    }
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

/// The head that `log verify` tells.
fn head_of(dir: &str) -> String {
    run(&["log", "verify", dir, "--json"]).json()["head"].as_str().unwrap().to_owned()
}

#[test]
fn a_head_that_was_kept_earlier_is_found_in_a_log_that_grew() {
    let folder = Folder::new();
    let (short, long) = (folder.file("short"), folder.file("long"));
    for (dir, blocks) in [(&short, "20"), (&long, "30")] {
        let ran = run(&["demo", "--blocks", blocks, "--log", dir.to_str().unwrap(), "--json"]);
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    let (short, long) = (short.to_str().unwrap(), long.to_str().unwrap());
    let (old, new) = (head_of(short), head_of(long));
    let ran = run(&["log", "verify", long, "--head", &old]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("the head that you kept is that of block 20"), "{ran:?}");
    let json = run(&["log", "verify", long, "--head", &old, "--json"]).json();
    assert_eq!((&json["kept_at_height"], &json["blocks"]), (&20.into(), &31.into()));
    let ran = run(&["log", "verify", short, "--head", &new]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("LOG010"), "{ran:?}");
}

#[test]
fn a_proof_is_checked_with_the_head_alone_and_has_one_spelling() {
    let folder = Folder::new();
    let dir = folder.log();
    let head = head_of(&dir);
    let check = |proof: &str, head: &str| {
        let file = folder.write("proof.json", proof.as_bytes());
        run(&["log", "check-proof", &file, "--head", head])
    };
    let verbs: [&[&str]; 5] = [
        &["prove", &dir, "17"],
        &["prove", &dir, "1"],
        &["prove-lease", &dir, "l1", "--height", "50"],
        &["prove-state", &dir, "params"],
        &["prove-state", &dir, "vault", "--height", "7"],
    ];
    for verb in verbs {
        let proof = run(&[&["log"], verb].concat()).out;
        let ran = check(&proof, &head);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
        assert!(ran.out.starts_with("ok: "), "{ran:?}");
        let ran = check(&proof, &"ab".repeat(32));
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.err.contains("LOG050"), "{ran:?}");
        let spellings = [
            format!(" {proof}"),
            proof.replacen("{\"schema\"", "{\"schema\":\"x\",\"schema\"", 1),
            proof.replacen("\"proof\":{", "\"proof\": {", 1),
            proof.replacen("undercut.proof/1", "undercut.proof/2", 1),
            proof.repeat(2),
            "{}".to_owned(),
        ];
        for spelling in spellings {
            let ran = check(&spelling, &head);
            assert_eq!(ran.code, 1, "{spelling}");
            assert!(ran.err.contains("LOG058"), "{ran:?}");
        }
    }
    let old = head.clone();
    let proof = run(&["log", "prove-extension", &dir, "--old", &old]).out;
    assert_eq!(check(&proof, &head).code, 2, "an extension is checked against two heads");
    let file = folder.file("proof.json");
    let file = file.to_str().unwrap();
    let ran = run(&["log", "check-proof", file, "--head", &head, "--old", &old]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = run(&["log", "prove-extension", &dir, "--old", &"ab".repeat(32)]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("LOG055"), "{ran:?}");
    for (verb, wanted) in [
        (["prove", &dir, "999999"], "LOG040"),
        (["prove-lease", &dir, "l999"], "LOG054"),
        (["prove-lease", &dir, "x"], "LOG057"),
        (["prove-state", &dir, "thing"], "LOG057"),
        (["prove-state", &dir, "account"], "LOG057"),
    ] {
        let ran = run(&[&["log"], &verb[..]].concat());
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains(wanted), "{ran:?}");
    }
    let ran = run(&["log", "prove-state", &dir, "params", "--height", "999"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("LOG056"), "{ran:?}");
}

#[test]
fn an_export_replaces_files_and_nothing_else() {
    let folder = Folder::new();
    let dir = folder.log();
    let (file, link) = (folder.write("kept.csv", b"kept"), folder.file("link.csv"));
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let export = |out: &std::path::Path| {
        let out = out.to_str().unwrap();
        run(&["log", "export", &dir, "--format", "csv", "--to", "3", "--out", out, "--force"])
    };
    let ran = export(&link);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.err.contains("FIL003"), "{ran:?}");
    assert_eq!(fs::read(&file).unwrap(), b"kept");
    let mut permissions = fs::metadata(&file).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&file, permissions.clone()).unwrap();
    assert_eq!(export(std::path::Path::new(&file)).code, 3);
    let ran = export(&folder.file("new.csv"));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(export(&folder.file("new.csv")).code, 0);
}

#[test]
fn a_record_that_its_seal_does_not_bind_is_damage_to_diff() {
    let folder = Folder::new();
    let dir = folder.log();
    let copy = folder.file("copy");
    fs::create_dir(&copy).unwrap();
    let name = "00000000000000000000.seg";
    let mut bytes = fs::read(folder.file("market").join(name)).unwrap();
    // Record 2 opens block 1 and ends with the entropy; its checksum is made anew.
    let shown = run(&["log", "inspect", &dir, "2", "--json"]).json();
    let [at, length] =
        ["offset", "bytes"].map(|key| usize::try_from(shown[key].as_u64().unwrap()).unwrap());
    bytes[at + length - 1] ^= 1;
    let sum = undercut_ledger::log::checksum(&bytes[at + 8..at + length]);
    bytes[at + 4..at + 8].copy_from_slice(&sum.to_le_bytes());
    fs::write(copy.join(name), bytes).unwrap();
    let ran = run(&["log", "diff", &dir, copy.to_str().unwrap()]);
    assert_eq!((ran.code, ran.out.as_str()), (6, ""), "{ran:?}");
    assert!(ran.err.contains("LOG005"), "{ran:?}");
}

#[test]
fn a_snapshot_that_is_none_is_told_of_together_with_what_verifies() {
    let folder = Folder::new();
    let dir = folder.log();
    folder.write("market/00000000000000000002.snap", b"no snapshot");
    let ran = run(&["log", "verify", &dir]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
    assert!(ran.err.contains("LOG032") && ran.err.contains("records verify"), "{ran:?}");
}

#[test]
fn a_log_without_records_is_told_of_as_such_at_every_depth() {
    let folder = Folder::new();
    let dir = folder.file("empty");
    let disk = undercut_store::RealDisk::open_or_create(&dir).unwrap();
    let options = undercut_store::Options::default();
    undercut_store::Writer::open(Arc::new(disk), options).unwrap().0.close().unwrap();
    let dir = dir.to_str().unwrap();
    for (verb, code) in [
        (&["verify"][..], 1),
        (&["replay", "--records"], 6),
        (&["replay", "--commands"], 6),
        (&["audit"], 6),
    ] {
        let ran = run(&[&["log"], verb, &[dir]].concat());
        assert_eq!(ran.code, code, "{ran:?}");
        assert!(ran.err.contains("LOG007"), "{ran:?}");
    }
}
