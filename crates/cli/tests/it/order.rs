//! `undercut order explain`.

use std::fs;

use undercut_primitives::Decimal;

use crate::{Folder, Ran, run, run_in};

/// A manifest with an H100 at 100 uact a block, which nobody sells it for.
fn dear(folder: &Folder) -> String {
    let path = folder.file("gpu.yaml").to_str().unwrap().to_owned();
    let arguments = ["sdl", "new", "--gpu", "1", "--gpu-model", "h100", "--amount", "100"];
    let ran = run(&[&arguments[..], &["--out", &path]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    path
}

fn dry_run(path: &str, more: &[&str]) -> Ran {
    run(&[&["order", "explain", "--dry-run", path], more].concat())
}

#[test]
fn every_provider_answers_and_the_change_that_is_told_brings_a_bid() {
    let folder = Folder::new();
    let path = dear(&folder);
    let ran = dry_run(&path, &[]);
    assert_eq!((ran.code, ran.err.as_str()), (1, ""), "{ran:?}");
    let lines = |start: &str| ran.out.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!(lines("  p"), 5, "{ran:?}");
    assert!(ran.out.contains("% above the ceiling of 100uact"), "{ran:?}");
    assert!(ran.out.contains("nobody bids: 0 of 5\n"), "{ran:?}");

    let json = dry_run(&path, &["--json"]).json();
    assert_eq!((&json["schema"], &json["ok"]), (&"undercut.order-explain/1".into(), &false.into()));
    assert_eq!(json["groups"][0]["providers"][0]["code"], "PRV008");
    let change = &json["groups"][0]["smallest_change"];
    let amount = change["bid"]["per_block"].as_str().unwrap();
    let text = change["steps"][0]["text"].as_str().unwrap();
    assert_eq!(
        text,
        format!("raise the ceiling of service `web` from 100 to {amount} uact per block")
    );
    let edit = change["steps"][0]["edit"].as_str().unwrap();
    assert!(edit.ends_with(&format!("/ pricing / (profile of web) / amount: {amount}")), "{edit}");

    // The least that works: that much brings one bid, any less none.
    let old = fs::read_to_string(&path).unwrap();
    let with = |amount: &str| {
        fs::write(&path, old.replace("amount: 100 ", &format!("amount: {amount} "))).unwrap();
        dry_run(&path, &["--json"])
    };
    let enough = with(amount);
    assert_eq!((enough.code, &enough.json()["groups"][0]["bids"]), (0, &1.into()), "{enough:?}");
    let last = amount.len() - 1;
    let digit = amount[last..].parse::<u8>().unwrap() - 1;
    let less = with(&format!("{}{digit}", &amount[..last]));
    assert_eq!(less.code, 1, "{less:?}");
}

#[test]
fn what_does_not_fit_is_told_with_the_line_to_edit() {
    let folder = Folder::new();
    let path = dear(&folder);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("units: 0.5", "units: 300")).unwrap();
    let ran = dry_run(&path, &[]);
    assert_eq!(ran.code, 1, "{ran:?}");
    for wanted in [
        "node-04 has 256 of 300 cpu left",
        "  lower CPU of service `web` from 300 to 256\n",
        "    profiles / compute / (profile of web) / resources / cpu / units: 256\n",
        "  raise the ceiling of service `web` from 100 to ",
    ] {
        assert!(ran.out.contains(wanted), "{wanted}: {ran:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_answer_and_more_providers_more_lines() {
    let folder = Folder::new();
    let path = dear(&folder);
    assert_eq!(dry_run(&path, &[]).out, dry_run(&path, &["--seed", "42"]).out);
    assert_ne!(dry_run(&path, &[]).out, dry_run(&path, &["--seed", "7"]).out);
    let json = dry_run(&path, &["--json", "--providers", "9"]).json();
    assert_eq!(json["groups"][0]["providers"].as_array().unwrap().len(), 9);
}

#[test]
fn a_manifest_with_errors_exits_1_and_a_missing_one_3() {
    let folder = Folder::new();
    let path = folder.write("bad.yaml", b"version: \"2.0\"\n");
    let ran = dry_run(&path, &[]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
    assert!(ran.err.contains("SDL"), "{ran:?}");
    let ran = dry_run("no-such-file", &[]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.err.contains("FIL001"), "{ran:?}");
    let text = fs::read(dear(&folder)).unwrap();
    let ran = run_in(&folder.0, &["order", "explain", "--dry-run", "-"], &text);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("nobody bids"), "{ran:?}");
}

#[test]
fn a_manifest_that_the_market_refuses_is_told_as_the_demo_tells_it() {
    let folder = Folder::new();
    let path = dear(&folder);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("count: 1\n"), "{text}");
    fs::write(&path, text.replace("count: 1\n", "count: 51\n")).unwrap();
    let ran = dry_run(&path, &[]);
    let expected = "ORD005: the market refuses the manifest: group 1: unit 1 asks for 51 replicas";
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
    assert!(ran.err.contains(expected), "{ran:?}");
    let ran = run(&["demo", &path, "--blocks", "30", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(json["refused"]["ORD005"], 1, "{json}");
}

#[test]
fn an_order_of_a_log_is_told_with_the_fate_of_each_bid() {
    let folder = Folder::new();
    let dir = folder.log();
    let ran = run(&["order", "explain", &dir, "o1"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for wanted in
        ["  won\n", "  lost by ", "ELG002: the order wants an audited provider", "3 of 5 bid\n"]
    {
        assert!(ran.out.contains(wanted), "{wanted}: {ran:?}");
    }
    let json = run(&["order", "explain", &dir, "o1", "--json"]).json();
    assert_eq!(json["source"]["kind"], "log");
    let providers = json["groups"][0]["providers"].as_array().unwrap();
    let states: Vec<&str> = providers.iter().filter_map(|one| one["state"].as_str()).collect();
    assert_eq!(states.iter().filter(|state| **state == "won").count(), 1, "{states:?}");
    let id = json["source"]["order"].as_str().unwrap();
    assert_eq!(run(&["order", "explain", &dir, id]).out, ran.out, "by its id");
    let prices = |state: &str| -> Vec<Decimal> {
        let of = providers.iter().filter(|one| one["state"] == state);
        of.map(|one| one["bid"]["per_block"].as_str().unwrap().parse().unwrap()).collect()
    };
    let won = prices("won")[0];
    assert!(prices("lost").into_iter().all(|lost| lost > won), "{providers:?}");
}

#[test]
fn as_of_the_opening_block_nobody_has_bid_yet() {
    let folder = Folder::new();
    let dir = folder.log();
    let opened = run(&["order", "explain", &dir, "o1", "--json"]).json();
    let at = opened["source"]["opened_at"].to_string();
    let ran = run(&["order", "explain", &dir, "o1", "--at", &at]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("eligible by its profile"), "{ran:?}");
    assert!(
        ran.out.contains(
            "3 are eligible; why they did not bid is not in the log: ask with --dry-run FILE\n"
        ),
        "{ran:?}"
    );
    let ran = run(&["order", "explain", &dir, "o1", "--at", "0"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("--at 0: o1 opened in block"), "{ran:?}");
    let ran = run(&["order", "explain", &dir, "o1", "--at", "61"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("the log ends with block 60"), "{ran:?}");
}

#[test]
fn an_order_that_is_not_there_exits_2_and_a_damaged_log_6() {
    let folder = Folder::new();
    let dir = folder.log();
    let other = format!("{}/1/1/1", "ab".repeat(20));
    for order in ["o0", "o999", &other] {
        let ran = run(&["order", "explain", &dir, order]);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains("ORD011: there is no order"), "{ran:?}");
    }
    for order in ["o01", "o+1", "o", "O1", "o18446744073709551616"] {
        let ran = run(&["order", "explain", &dir, order]);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains("VAL001"), "{ran:?}");
    }
    let empty = folder.file("empty").to_str().unwrap().to_owned();
    assert_eq!(run(&["demo", "--blocks", "3", "--log", &empty]).code, 0);
    let ran = run(&["order", "explain", &empty, "o1"]);
    assert!(
        ran.err.contains("ORD011: there is no order o1 in the log, which opened none"),
        "{ran:?}"
    );
    assert_eq!(run(&["order", "explain", "no-such-folder", "o1"]).code, 3);
    let path = crate::log::records_file(&folder, "market");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).unwrap();
    let ran = run(&["order", "explain", &dir, "o1"]);
    assert_eq!((ran.code, ran.out.as_str()), (6, ""), "{ran:?}");
}
