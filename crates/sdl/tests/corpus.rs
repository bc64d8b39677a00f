//! Every case of the SDL corpus: verdict, manifest, version hash and groups against the reference.
//!
//! The corpus lies beside the workspace, or where `UNDERCUT_SHARED` says. Without it there is
//! nothing to compare with, which is an error where `CI` is `true`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Cases in which this crate differs on purpose, or must: id and reason.
const DIFFERENCES: &[(&str, &str)] = &[
    ("big-comment-1M", "longer than the limit of 1 MiB"),
    ("big-scalar-1M", "longer than the limit of 1 MiB"),
    // Equal ports keep the order of the text here; the reference sorts 13 and more unstably.
    ("expose-order-40-mixed", "the reference permutes equal ports"),
];

/// What a case of one set came to.
#[derive(Default)]
struct Tally {
    cases: usize,
    either: usize,
    verdict: usize,
    accepted: usize,
    bytes: usize,
}

fn corpus() -> Option<PathBuf> {
    let workspace = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let shared = std::env::var_os("UNDERCUT_SHARED").map_or("../shared".into(), PathBuf::from);
    let folder = workspace.join(shared).join("sdl-corpus");
    folder.join("index.jsonl").is_file().then_some(folder)
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}

/// The first difference between an accepted text and what the reference makes of it.
fn difference(sdl: &undercut_sdl::Sdl, row: &Value, case: &Value) -> Option<String> {
    let go = &case["go"];
    let pairs = [
        ("groups sha256", text(row, "go_groups_sha256"), sdl.groups_sha256().to_string()),
        ("manifest", text(go, "manifest_canonical"), sdl.manifest_json().to_owned()),
        ("version hash", text(row, "go_version_hash"), sdl.version_hash().to_string()),
    ];
    for (what, expected, found) in pairs {
        if let Some(expected) = expected
            && expected != found
        {
            return Some(format!("{what}\n    expected {expected}\n    found    {found}"));
        }
    }
    let window = go.get("reclamation_min_window_ns").and_then(Value::as_u64);
    (window != sdl.reclamation_min_window_ns()).then(|| format!("window {window:?}"))
}

#[test]
fn every_case_agrees_with_the_reference() {
    let Some(folder) = corpus() else {
        println!("skipped: no sdl-corpus beside the workspace or under UNDERCUT_SHARED");
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "the corpus is required here");
        return;
    };
    let index = fs::read_to_string(folder.join("index.jsonl")).unwrap();
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let mut failures = Vec::new();
    let mut differences: Vec<&str> = Vec::new();
    for line in index.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let id = text(&row, "id").unwrap();
        let bytes = fs::read(folder.join(text(&row, "input").unwrap())).unwrap();
        let expected = fs::read(folder.join(text(&row, "expected").unwrap())).unwrap();
        let case: Value = serde_json::from_slice(&expected).unwrap();
        let tally = tallies.entry(text(&row, "set").unwrap()).or_default();
        tally.cases += 1;

        let (sdl, problems) = undercut_sdl::check_bytes(&bytes);
        assert_eq!(sdl.is_none(), problems.has_errors(), "{id}");
        let wanted = match text(&row, "advice").as_deref() {
            Some("either") => None,
            Some(advice) => Some(advice == "accept"),
            None => row["go_accepted"].as_bool(),
        };
        tally.either += usize::from(wanted.is_none());
        let verdict_is_equal = wanted.is_none_or(|wanted| wanted == sdl.is_some());
        tally.verdict += usize::from(verdict_is_equal);
        let mut difference_found = None;
        if !verdict_is_equal {
            let class = text(&row, "go_error_class").unwrap_or_default();
            difference_found = Some(format!("wanted {wanted:?} ({class}); {problems}"));
        } else if let Some(sdl) = &sdl
            && row["go_accepted"] == Value::Bool(true)
        {
            tally.accepted += 1;
            difference_found = difference(sdl, &row, &case);
            tally.bytes += usize::from(difference_found.is_none());
        }
        let known = DIFFERENCES.iter().find(|(known, _)| *known == id);
        match (difference_found, known) {
            (Some(found), None) => failures.push(format!("{id}: {found}")),
            (Some(_), Some((known, _))) => differences.push(known),
            (None, _) => {}
        }
    }
    println!("set             cases  either  verdict equal  both accept  bytes equal");
    for (set, t) in &tallies {
        let (cases, either, verdict, accepted, bytes) =
            (t.cases, t.either, t.verdict, t.accepted, t.bytes);
        println!("{set:<15} {cases:>5} {either:>7} {verdict:>14} {accepted:>12} {bytes:>12}");
    }
    for (id, reason) in DIFFERENCES {
        println!("differs as listed: {id}: {reason}");
        assert!(differences.contains(id), "{id} is listed as different and is not");
    }
    assert!(failures.is_empty(), "{} differences\n{}", failures.len(), failures.join("\n"));
}
