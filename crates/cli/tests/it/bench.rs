//! `undercut bench`: tables, reports, gates, comparisons and pictures.

use std::process::Command;

use crate::{Folder, Ran, run, undercut};

/// A report with one row that has these ratios.
fn report(params: &str, floor: &str, peer: &str) -> String {
    format!(
        r#"{{"schema":"undercut.bench/1","machine":{{"cpu":"A","flags":[],"cores":2,"kernel":"","rustc":"","build":"","flushes_per_second":null}},"rows":[{{"name":"match/book","params":"{params}","ns_per_op":20.0,"p50_ns":null,"p99_ns":null,"p999_ns":null,"ops":7,"floor_ns":null,"ratio_floor":{floor},"plain_ns":null,"ratio_plain":null,"peer":null,"ratio_peer":{peer},"noisy":false,"later":1}}]}}"#
    )
}

#[test]
fn a_quick_run_prints_the_set_up_and_a_table() {
    let ran = undercut("bench clock/read --quick");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.err, "undercut: clock/read\n", "progress goes to standard error");
    for part in ["rustc ", "disk: durable pages", "clock/read: Reading", "workload", "each"] {
        assert!(ran.out.contains(part), "{part}: {ran:?}");
    }
}

#[test]
fn the_json_has_the_keys_of_its_schema() {
    let ran = undercut("bench clock --quick --json --threads 2");
    assert_eq!(ran.code, 0, "{ran:?}");
    let report = ran.json();
    assert_eq!(report["schema"], "undercut.bench/1");
    assert!(report["machine"]["cores"].as_u64().is_some_and(|cores| cores > 0), "{report}");
    let row = &report["rows"][0];
    assert_eq!(row["name"], "clock/read");
    assert!(row["ns_per_op"].as_f64().is_some_and(|time| time > 0.0), "{row}");
    for key in "params p50_ns p99_ns p999_ns ops floor_ns ratio_floor plain_ns ratio_plain peer \
                ratio_peer noisy"
        .split_whitespace()
    {
        assert!(row.get(key).is_some(), "{key}: {row}");
    }
}

/// Runs `undercut` where no file may have more than 32 KiB: less than a log that is verified.
fn run_with_small_files(arguments: &[&str]) -> Ran {
    let script = "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\"";
    let program = env!("CARGO_BIN_EXE_undercut");
    let ran = Command::new("sh").args(["-c", script, program]).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: ran.status.code().unwrap(), out: text(ran.stdout), err: text(ran.stderr) }
}

#[test]
fn an_operation_that_fails_is_named_and_the_others_are_reported() {
    let folder = Folder::new();
    let bench = ["bench", "clock/read", "log/verify", "sdl/check", "--quick"];
    let ran = run_with_small_files(&bench);
    assert_eq!(ran.code, 70, "{ran:?}");
    let failed = "undercut: BCH006: log/verify: the contestants disagree, or one of them failed: ";
    assert_eq!(ran.err.lines().filter(|line| line.starts_with(failed)).count(), 1, "{ran:?}");
    let tables: Vec<&str> = ["\nclock/read: ", "\nlog/verify: ", "\nsdl/check: "]
        .into_iter()
        .filter(|head| ran.out.contains(head))
        .collect();
    assert_eq!(tables, ["\nclock/read: ", "\nsdl/check: "], "{ran:?}");

    let ran = run_with_small_files(&[&bench[..], &["--json"]].concat());
    assert_eq!(ran.code, 70, "{ran:?}");
    let report = ran.json();
    let names: Vec<&str> = (report["rows"].as_array().unwrap().iter())
        .map(|row| row["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["clock/read", "sdl/check"], "{report}");
    assert_eq!(report["failed"], serde_json::json!(["log/verify"]));
    let file = folder.write("report.json", ran.out.as_bytes());
    assert_eq!(run(&["bench", "compare", &file, &file]).code, 0, "such a report is one");

    let ran = run_with_small_files(&["bench", "gate", "log/verify", "--quick"]);
    assert_eq!(ran.code, 70, "{ran:?}");
    assert!(ran.out.starts_with("FAIL  log/verify") && ran.out.contains("not measured"), "{ran:?}");
}

#[test]
fn a_folder_that_is_not_there_is_refused_before_anything_is_played() {
    let ran = undercut("bench clock/read --quick --dir /there/is/none");
    assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{ran:?}");
    assert_eq!(ran.err, "undercut: FIL003: /there/is/none: there is no such folder\n");
}

#[test]
fn a_folder_that_takes_no_other_is_refused_before_anything_is_played() {
    // Nobody may make anything there.
    let dir = "/proc/self";
    if !std::path::Path::new(dir).is_dir() {
        return;
    }
    let ran = run(&["bench", "clock/read", "--quick", "--dir", dir]);
    assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{ran:?}");
    assert!(ran.err.starts_with("undercut: FIL003: /proc/self: "), "{ran:?}");
}

#[test]
fn a_run_leaves_a_folder_as_it_was() {
    let folder = Folder::new();
    let kept = folder.write("undercut-bench-append", b"mine");
    let dir = std::path::Path::new(&kept).parent().unwrap().display().to_string();
    let ran = run(&["bench", "lease/record", "--quick", "--dir", &dir]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let left: Vec<_> =
        std::fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left, [std::path::PathBuf::from(&kept)]);
    assert_eq!(std::fs::read(&kept).unwrap(), b"mine");
}

#[test]
fn reports_compare_by_ratio_and_the_gate_decides() {
    let folder = Folder::new();
    let before = folder.write("before.json", report("k=4", "1.0", "6.0").as_bytes());
    let after = folder.write("after.json", report("k=4", "1.1", "6.0").as_bytes());
    let ran = run(&["bench", "compare", &before, &before]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    let ran = run(&["bench", "compare", &before, &after]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.starts_with("WORSE") && ran.out.contains("10.0 % worse"), "{ran:?}");
    let ran = run(&["bench", "compare", &before, &after, "--gate", "11%", "--json"]);
    assert_eq!((ran.code, ran.json()["ok"].as_bool()), (0, Some(true)), "{ran:?}");
    assert_eq!(run(&["bench", "compare", &after, &before, "--gate", "0%"]).code, 0);
    let lost = folder.write("lost.json", report("k=4", "null", "6.0").as_bytes());
    let ran = run(&["bench", "compare", &before, &lost]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.ends_with("LOST   match/book k=4  of floor\n"), "{ran:?}");
    let forged = folder.write("forged.json", report("k=4\\nok     k=8", "1.0", "6.0").as_bytes());
    let ran = run(&["bench", "compare", &forged, &forged]);
    assert!(ran.code == 3 && ran.err.contains("BCH004: ") && ran.err.contains("row 1 "), "{ran:?}");
}

#[test]
fn hostile_reports_are_refused_by_code() {
    let folder = Folder::new();
    let sound = folder.write("sound.json", report("k=4", "1.0", "6.0").as_bytes());
    let rows: [(&str, Vec<u8>, i32); 6] = [
        ("BCH002", b"{\"schema\":\"undercut.bench/1\"".to_vec(), 3),
        ("BCH002", "[".repeat(200_000).into_bytes(), 3),
        ("BCH003", b"{\"schema\":\"\\u001b[2J\"}".to_vec(), 3),
        ("BCH004", report("k=4", "-1.0", "6.0").into_bytes(), 3),
        ("BCH005", report("k=5", "1.0", "6.0").into_bytes(), 2),
        ("BCH002", vec![b' '; 16 * 1024 * 1024 + 1], 3),
    ];
    for (number, (code, bytes, exit)) in rows.into_iter().enumerate() {
        let hostile = folder.write(&format!("{number}.json"), &bytes);
        let ran = run(&["bench", "compare", &sound, &hostile]);
        assert_eq!(ran.code, exit, "{number}: {ran:?}");
        assert!(ran.err.starts_with(&format!("undercut: {code}: ")), "{number}: {ran:?}");
        assert!(ran.err.lines().count() == 1 && !ran.err.contains('\u{1b}'), "{ran:?}");
    }
    let ran = run(&["bench", "compare", &sound, folder.0.to_str().unwrap()]);
    assert!(ran.code == 3 && ran.err.contains("FIL001"), "{ran:?}");
}

#[test]
fn pictures_are_written_once_and_replaced_by_force() {
    let folder = Folder::new();
    let file = folder.write("report.json", report("k=4 <b>", "1.5", "6.0").as_bytes());
    let out = folder.file("charts").to_str().unwrap().to_owned();
    let ran = run(&["bench", "chart", &file, "--out", &out]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{ran:?}");
    let svg = std::fs::read_to_string(folder.file("charts").join("floors.svg")).unwrap();
    assert!(svg.starts_with("<svg ") && svg.contains("k=4 &lt;b&gt;"), "{svg}");
    let ran = run(&["bench", "chart", &file, "--out", &out]);
    assert!(ran.code == 2 && ran.err.contains("FIL004"), "{ran:?}");
    assert_eq!(run(&["bench", "chart", &file, "--out", &out, "--force"]).code, 0);
    let empty = folder.write("empty.json", report("", "null", "null").as_bytes());
    let ran = run(&["bench", "chart", &empty, "--out", &out]);
    assert!(ran.code == 2 && ran.err.contains("BCH005"), "{ran:?}");
}
