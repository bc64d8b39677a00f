//! Every case of the SDL corpus: verdict, manifest, version hash and groups against the reference.
//!
//! The corpus lies beside the workspace, or where `UNDERCUT_SHARED` says. Without it there is
//! nothing to compare with, which is an error where `CI` is `true`. Where a case differs, it is
//! listed with its reason in `docs/differences.md`, and nothing else is.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/differences.md");

/// The most differences that the page may list.
const DIFFERENCES_MAX: usize = 5;

/// The rows of the table under `## SDL`: case and reason.
fn listed_differences(page: &str) -> Vec<(String, String)> {
    let section = page.split("\n## ").find(|section| section.starts_with("SDL\n")).unwrap();
    let rows: Vec<Vec<&str>> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"))
        .map(|row| row.split(" | ").map(str::trim).collect())
        .collect();
    assert_eq!(rows[0], ["case", "ours", "reference", "reason"], "the head of the table");
    let row = |row: &Vec<&str>| {
        assert!(row.len() == 4 && row.iter().all(|cell| !cell.is_empty()), "{row:?}");
        (row[0].trim_matches('`').to_owned(), row[3].to_owned())
    };
    rows[2..].iter().map(row).collect()
}

#[test]
fn the_list_of_differences_is_read_as_it_is_written() {
    let page = "# A\n\n## B\n\n| x | y |\n\n## SDL\n\ntext\n\n| case | ours | reference | reason |\n\
                | --- | --- | --- | --- |\n| `a-b` | error | accepted | too long |\n\n## C\n\n| z | z |\n";
    assert_eq!(listed_differences(page), [("a-b".to_owned(), "too long".to_owned())]);
}

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
    let groups: Value = serde_json::from_str(&sdl.groups_json()).unwrap();
    if let Some(expected) = go.get("groups")
        && *expected != groups
    {
        return Some(format!("groups\n    expected {expected}\n    found    {groups}"));
    }
    let pairs = [
        ("groups sha256", text(row, "go_groups_sha256"), sdl.groups_sha256().to_string()),
        ("manifest", text(go, "manifest_canonical"), sdl.manifest_json().to_owned()),
        ("version hash", text(row, "go_version_hash"), sdl.hash().to_string()),
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

/// What an implementation should say of a case; `None` where both verdicts are fine.
fn wanted(row: &Value, case: &Value) -> Option<bool> {
    if case["go"].get("crashed").and_then(Value::as_bool) == Some(true) {
        return Some(false);
    }
    match text(row, "advice").as_deref() {
        Some("either") => None,
        Some(advice) => Some(advice == "accept"),
        None => row["go_accepted"].as_bool(),
    }
}

/// Compares one case; what differs, if anything does.
fn compare(folder: &Path, row: &Value, tally: &mut Tally) -> Option<String> {
    let bytes = fs::read(folder.join(text(row, "input").unwrap())).unwrap();
    let expected = fs::read(folder.join(text(row, "expected").unwrap())).unwrap();
    let case: Value = serde_json::from_slice(&expected).unwrap();
    let (sdl, problems) = undercut_sdl::check_bytes(&bytes);
    assert_eq!(sdl.is_none(), problems.has_errors(), "{}", row["id"]);
    let wanted = wanted(row, &case);
    tally.cases += 1;
    tally.either += usize::from(wanted.is_none());
    if wanted.is_some_and(|wanted| wanted != sdl.is_some()) {
        let class = text(row, "go_error_class").unwrap_or_default();
        return Some(format!("wanted {wanted:?} ({class}); {problems}"));
    }
    tally.verdict += 1;
    let sdl = sdl.filter(|_| row["go_accepted"] == Value::Bool(true))?;
    tally.accepted += 1;
    let difference = difference(&sdl, row, &case);
    tally.bytes += usize::from(difference.is_none());
    difference
}

#[test]
fn every_case_agrees_with_the_reference_or_is_listed_as_different() {
    let Some(folder) = corpus() else {
        println!("skipped: no sdl-corpus beside the workspace or under UNDERCUT_SHARED");
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "the corpus is required here");
        return;
    };
    let index = fs::read_to_string(folder.join("index.jsonl")).unwrap();
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for line in index.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let tally = tallies.entry(text(&row, "set").unwrap()).or_default();
        if let Some(difference) = compare(&folder, &row, tally) {
            found.insert(text(&row, "id").unwrap(), difference);
        }
    }
    println!("set             cases  verdict equal  either  accepted by both  bytes equal");
    for (set, t) in &tallies {
        let (cases, verdict, either, accepted, bytes) =
            (t.cases, t.verdict, t.either, t.accepted, t.bytes);
        println!("{set:<15} {cases:>5} {verdict:>14} {either:>7} {accepted:>17} {bytes:>12}");
    }
    let listed = listed_differences(&fs::read_to_string(PAGE).unwrap());
    assert!(listed.len() <= DIFFERENCES_MAX, "{} differences are listed", listed.len());
    for (id, reason) in &listed {
        println!("differs as listed: {id}: {reason}");
        assert!(found.remove(id).is_some(), "{id} is listed as different and is not");
    }
    let failures: Vec<String> = found.iter().map(|(id, what)| format!("{id}: {what}")).collect();
    assert!(failures.is_empty(), "{} differences\n{}", failures.len(), failures.join("\n"));
}
