//! `undercut demo`.

use crate::{Folder, root, run, shared, undercut};

#[test]
fn readme_shows_what_demo_prints() {
    // README's block comes from a release build; this is a test build: the same bytes.
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let block = readme.split("```text\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let ran = undercut("demo");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.out, block, "README.md does not show the output of `demo`");
}

#[test]
fn output_fits_100_columns_and_40_lines() {
    for arguments in ["demo", "demo --seed 7", "demo sdl-examples/llm-inference.yaml"] {
        let ran = undercut(arguments);
        assert!(ran.out.lines().count() <= 40, "{arguments}: {}", ran.out);
        for line in ran.out.lines() {
            assert!(line.chars().count() <= 100, "{arguments}: {line}");
        }
    }
}

#[test]
fn json_has_the_documented_shape() {
    let ran = undercut("demo --json --blocks 300");
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let json = ran.json();
    assert_eq!(json["schema"], "undercut.demo/1");
    assert_eq!((json["seed"].as_u64(), json["height"].as_u64()), (Some(42), Some(300)));
    for path in [
        "/orders/opened",
        "/orders/matched",
        "/orders/unmatched",
        "/bids/admitted",
        "/bids/refused",
        "/leases/signed",
        "/leases/active",
        "/leases/closed",
        "/leases/exhausted",
        "/log/records",
    ] {
        assert!(json.pointer(path).unwrap().is_u64(), "{path}");
    }
    for path in ["/paid/uact", "/burned/uakt", "/minted/uact"] {
        let money = json.pointer(path).unwrap().as_str().unwrap();
        assert!(money.parse::<u128>().unwrap() > 0, "{path}");
    }
    for path in ["/log/head", "/state_root"] {
        let hash = json.pointer(path).unwrap().as_str().unwrap();
        assert!(
            hash.len() == 64 && hash.bytes().all(|b| b"0123456789abcdef".contains(&b)),
            "{path}"
        );
    }
    let checks = json["checks"].as_array().unwrap();
    assert!(checks.len() >= 6 && checks.iter().all(|check| check["ok"] == true), "{checks:?}");
}

#[test]
fn same_seed_gives_same_bytes_on_any_number_of_threads() {
    let first = undercut("demo --json --blocks 200 --threads 1");
    for threads in [1, 2, 8] {
        let again = undercut(&format!("demo --json --blocks 200 --threads {threads}"));
        assert_eq!(again.out, first.out, "{threads} threads");
    }
    let other = undercut("demo --json --blocks 200 --seed 43");
    assert_ne!(other.json()["log"]["head"], first.json()["log"]["head"]);
    assert_ne!(other.json()["state_root"], first.json()["state_root"]);
}

#[test]
fn invalid_manifest_stops_before_the_market_starts() {
    let folder = Folder::new();
    let bad = folder.write("bad.yaml", b"version: \"2.0\"\nservices: 7\n");
    let good = "sdl-examples/web.yaml";
    let dir = folder.file("market");
    let ran = run(&["demo", good, &bad, "--blocks", "20", "--log", dir.to_str().unwrap()]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
    assert!(ran.err.contains("error[SDL") && ran.err.contains("bad.yaml:2:11"), "{}", ran.err);
    assert!(!dir.exists(), "nothing may be written");
    let ran = run(&["demo", good, &bad, "--blocks", "20", "--skip-invalid", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.json()["orders"]["opened"], 1);
    assert!(ran.err.contains("skipped"), "{}", ran.err);
    let ran = run(&["demo", &bad, "--skip-invalid"]);
    assert_eq!(ran.code, 1, "{ran:?}");
}

/// A valid manifest that asks for what nobody has.
fn odd_manifest(requirement: &str, gpu: &str) -> String {
    let web = std::fs::read_to_string(root().join("sdl-examples/web.yaml")).unwrap();
    let attributes = format!("attributes: {{ {requirement} }}\n      pricing:");
    let web = web.replacen("pricing:", &attributes, 1);
    let units = format!(
        "gpu: {{ units: 1, attributes: {{ vendor: {{ nvidia: [{{ model: {gpu} }}] }} }} }}\n        storage:"
    );
    web.replacen("storage:", &units, 1)
}

#[test]
fn manifests_that_nobody_can_serve_do_not_stop_the_market() {
    let folder = Folder::new();
    let long = "x".repeat(100);
    let odd = folder.write("odd.yaml", odd_manifest("\"not a key\": v", &long).as_bytes());
    let check = run(&["sdl", "check", &odd]);
    assert_eq!(check.code, 0, "the manifest is valid: {check:?}");
    let ran = run(&["demo", &odd, "sdl-examples/web.yaml", "--blocks", "600", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let json = ran.json();
    assert_eq!((&json["orders"]["opened"], &json["orders"]["matched"]), (&2.into(), &1.into()));
    assert_eq!(json["orders"]["unmatched"], 1);
}

#[test]
fn a_reader_that_leaves_early_does_not_cut_the_log() {
    let folder = Folder::new();
    let dir = folder.file("market").to_str().unwrap().to_owned();
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_undercut"))
        .args(["demo", "--blocks", "300", "--log", &dir])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
    let json = run(&["log", "inspect", &dir, "--json"]).json();
    assert_eq!(json["height"], 300);
}

#[test]
fn unreadable_files_and_taken_folders_are_named() {
    let folder = Folder::new();
    let ran = undercut("demo no-such-file.yaml");
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.err.contains("FIL001: no-such-file.yaml"), "{}", ran.err);
    folder.write("taken", b"");
    let ran = run(&["demo", "--blocks", "5", "--log", folder.0.to_str().unwrap()]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("FIL002") && ran.err.contains("not empty"), "{}", ran.err);
}

#[test]
fn every_real_manifest_gets_an_order_and_every_order_a_lease() {
    let Some(shared) = shared() else { return };
    let mut files: Vec<_> = std::fs::read_dir(shared.join("sdl-corpus/awesome"))
        .unwrap()
        .map(|entry| entry.unwrap().path().to_str().unwrap().to_owned())
        .filter(|path| path.ends_with(".yaml"))
        .collect();
    files.sort();
    let mut arguments =
        vec!["demo", "--skip-invalid", "--blocks", "2000", "--providers", "50", "--json"];
    arguments.extend(files.iter().map(String::as_str));
    let ran = run(&arguments);
    assert_eq!(ran.code, 0, "{ran:?}");
    let (json, skipped) = (ran.json(), ran.err.lines().count());
    assert_eq!(json["orders"]["opened"], files.len() - skipped);
    assert_eq!(json["orders"]["matched"], json["orders"]["opened"], "the providers can serve all");
}
