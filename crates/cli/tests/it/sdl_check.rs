//! `undercut sdl check`: formats, exit codes, files that cannot be read.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::{Folder, Ran, command, root, run, run_in};

/// Line 4 has letters beyond ASCII in front of its problem: two bytes and one UTF-16 unit, three and
/// one, four and two.
const ODD: &str = r#"version: 2.0
services:
  web:
    { env: [ "x=äa€😀" ], image: nginx, expose: [ { port: 70000, to: [ { global: true } ] } ] }
profiles:
  compute:
    webapp: { resources: { cpu: { units: 1 }, memory: { size: 16gi }, storage: { size: 1Gi } } }
  placement:
    dc: { pricing: { webapp: { denom: uact, amount: 100 } } }
deployment:
  web: { dc: { profile: web-app, count: 1 } }
"#;

impl Folder {
    fn check(&self, arguments: &[&str]) -> Ran {
        run_in(&self.0, &[&["sdl", "check"], arguments].concat(), b"")
    }
}

/// What a format says about [`ODD`], under some name.
fn odd(name: &str, format: &str) -> Ran {
    let folder = Folder::new();
    folder.write(name, ODD.as_bytes());
    let ran = folder.check(&["--format", format, name]);
    assert_eq!((ran.code, ran.err.as_str()), (1, ""), "{ran:?}");
    ran
}

fn codes(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect()
}

/// The problem of a code, the first of several.
fn problem<'a>(list: &'a Value, code: &str) -> &'a Value {
    list.as_array().unwrap().iter().find(|one| one["code"] == code).unwrap()
}

#[test]
fn json_is_one_object_for_all_files() {
    let folder = Folder::new();
    let bad = folder.write("bad.yaml", b"version: \"2.0\"\nservices: 7\n");
    let web = root().join("sdl-examples/web.yaml");
    let ran = folder.check(&[web.to_str().unwrap(), &bad, "no-such.yaml", "--json"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    let json = ran.json();
    assert_eq!(json["schema"], "undercut.sdl-check/1");
    assert_eq!(json["ok"], false);
    let files = json["files"].as_array().unwrap();
    assert_eq!(files.iter().map(|file| &file["ok"]).collect::<Vec<_>>(), [true, false, false]);
    assert_eq!((&files[0]["diagnostics"], &files[0]["errors"]), (&json!([]), &json!(0)));
    for key in ["version_hash", "groups_sha256"] {
        assert_eq!(files[0][key].as_str().unwrap().len(), 64);
        assert_eq!(files[1][key], Value::Null);
    }
    assert_eq!(files[1]["errors"], json["errors"]);
    let first = problem(&files[1]["diagnostics"], "SDL012");
    assert_eq!((&first["severity"], &first["line"]), (&json!("error"), &json!(2)));
    let lines = std::fs::read_to_string(root().join("docs/sdl-codes.md")).unwrap();
    let code = first["code"].as_str().unwrap();
    assert_eq!(first["doc"], format!("docs/sdl-codes.md#{}", code.to_lowercase()));
    assert!(lines.contains(&format!("\n## {code}\n")), "the page has that section");
    assert_eq!(
        (&files[2]["file"], &files[2]["io_error"]["code"]),
        (&json!("no-such.yaml"), &json!("FIL001"))
    );
}

#[test]
fn json_counts_places_as_editors_and_as_people_do() {
    let json = odd("odd.yaml", "json").json();
    let list = &json["files"][0]["diagnostics"];
    let port = problem(list, "SDL050");
    let line = ODD.lines().nth(3).unwrap();
    let before = line.split_once("70000").unwrap().0;
    let (characters, units) = (before.chars().count(), before.encode_utf16().count());
    assert_eq!(units, characters + 1, "the line has a letter of two units in front of the problem");
    assert_eq!(port["range"]["start"], json!({ "line": 3, "character": units }));
    assert_eq!(port["range"]["end"], json!({ "line": 3, "character": units + 5 }));
    assert_eq!((&port["line"], &port["column"]), (&json!(4), &json!(characters + 1)));
    assert_eq!((&port["end_line"], &port["end_column"]), (&json!(4), &json!(characters + 6)));
    let bytes = |one: &Value, key: &str| usize::try_from(one[key].as_u64().unwrap()).unwrap();
    assert_eq!(&ODD[bytes(port, "start_byte")..bytes(port, "end_byte")], "70000");
    // A second place, and an edit.
    let related = &problem(list, "SDL031")["related"][0];
    assert_eq!((&related["line"], &related["column"]), (&json!(7), &json!(5)));
    assert!(related["message"].as_str().unwrap().contains("similar"));
    let edit = &problem(list, "SDL014")["fix"]["edits"][0];
    assert_eq!(&ODD[bytes(edit, "start_byte")..bytes(edit, "end_byte")], "16gi");
    assert_eq!(edit["new_text"], "16Gi");
    let text = |key: &str| port[key].as_str().unwrap().to_owned();
    assert!(text("message").contains("70000") && !text("help").is_empty(), "{port}");
}

#[test]
fn a_byte_order_mark_and_utf16_do_not_move_columns() {
    let folder = Folder::new();
    let units = |to_bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        let units = std::iter::once(0xfeff).chain(ODD.encode_utf16());
        units.flat_map(to_bytes).collect()
    };
    let rows = [
        ("plain", ODD.as_bytes().to_vec()),
        ("mark", [b"\xef\xbb\xbf", ODD.as_bytes()].concat()),
        ("little", units(u16::to_le_bytes)),
        ("big", units(u16::to_be_bytes)),
    ];
    let ranges = rows.map(|(name, bytes)| {
        folder.write(name, &bytes);
        let json = folder.check(&["--json", name]).json();
        let list = json["files"][0]["diagnostics"].as_array().unwrap().clone();
        let human = folder.check(&[name]).out;
        assert!(human.contains("x=äa€😀"), "{name} is shown as text: {human}");
        list.into_iter().map(|one| (one["code"].clone(), one["range"].clone())).collect::<Vec<_>>()
    });
    assert!(ranges[0].len() > 3 && ranges.iter().all(|one| *one == ranges[0]), "{ranges:?}");
}

#[test]
fn sarif_has_rules_results_related_places_and_fixes() {
    let ran = odd("a b#ä.yaml", "sarif");
    let log: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&log["version"], log["runs"].as_array().unwrap().len()), (&json!("2.1.0"), 1));
    let run = &log["runs"][0];
    assert_eq!(run["columnKind"], "utf16CodeUnits");
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    let mut ids: Vec<_> = results.iter().map(|one| one["ruleId"].to_string()).collect();
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "a%20b%23%C3%A4.yaml");
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
    }
    ids.sort();
    ids.dedup();
    assert_eq!(rules.len(), ids.len(), "each reported code once");
    for key in ["shortDescription", "fullDescription", "help"] {
        assert!(!rules[0][key]["text"].as_str().unwrap().is_empty(), "{key}");
    }
    let of = |code: &str| results.iter().find(|one| one["ruleId"] == code).unwrap();
    assert_eq!(
        (&of("SDL002")["level"], &of("SDL050")["level"]),
        (&json!("warning"), &json!("error"))
    );
    let line = ODD.lines().nth(3).unwrap();
    let column = line.split_once("70000").unwrap().0.encode_utf16().count() + 1;
    let region =
        json!({ "startLine": 4, "startColumn": column, "endLine": 4, "endColumn": column + 5 });
    assert_eq!(of("SDL050")["locations"][0]["physicalLocation"]["region"], region);
    let related = &of("SDL031")["relatedLocations"][0];
    assert_eq!(related["physicalLocation"]["region"]["startLine"], 7);
    let change = &of("SDL014")["fixes"][0]["artifactChanges"][0];
    assert_eq!(change["artifactLocation"]["uri"], "a%20b%23%C3%A4.yaml");
    assert_eq!(change["replacements"][0]["insertedContent"]["text"], "16Gi");
    assert_eq!(change["replacements"][0]["deletedRegion"]["startLine"], 7);
}

#[test]
fn sarif_tells_files_that_cannot_be_read() {
    let folder = Folder::new();
    folder.write("odd.yaml", ODD.as_bytes());
    let ran = folder.check(&["--format", "sarif", "no-such.yaml", "odd.yaml"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    let log: Value = serde_json::from_str(&ran.out).unwrap();
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let told = &invocation["toolExecutionNotifications"][0];
    assert_eq!((&told["level"], &told["descriptor"]["id"]), (&json!("error"), &json!("FIL001")));
    assert!(log["runs"][0]["results"].as_array().unwrap().len() > 3);
}

#[test]
fn github_gets_one_command_for_each_problem() {
    let ran = odd("odd.yaml", "github");
    let json = odd("odd.yaml", "json").json();
    let list = &json["files"][0]["diagnostics"];
    assert_eq!(ran.out.lines().count(), codes(list).len());
    let port = problem(list, "SDL050");
    let (column, end) = (&port["column"], &port["end_column"]);
    let start = format!(
        "::error file=odd.yaml,line=4,endLine=4,col={column},endColumn={end},title=SDL050::"
    );
    assert!(ran.out.lines().any(|line| line.starts_with(&start)), "{start}: {}", ran.out);
    assert!(ran.out.contains("%0Ahelp: "), "{}", ran.out);
    assert!(ran.out.starts_with("::warning file=odd.yaml,line=1,"), "{}", ran.out);
}

#[test]
fn hostile_names_and_texts_stay_inside_their_command() {
    let name = "x,title=y:%0A\r\n::error ::z.yaml";
    let text = r#"version: "2.0\n::error ::one\r\n::error ::two\u0085::error ::three %0A"
"\n::error ::four": 1
services: { "a\r::stop-commands::x": { image: "" } }
"#;
    let folder = Folder::new();
    folder.write(name, text.as_bytes());
    let ran = folder.check(&["--format", "github", name]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.lines().count() >= 3 && !ran.out.contains('\r'), "{ran:?}");
    for line in ran.out.lines() {
        let rest = line.strip_prefix("::error ").or_else(|| line.strip_prefix("::warning "));
        let start = "file=x%2Ctitle=y%3A%250A%0D%0A%3A%3Aerror %3A%3Az.yaml,line=";
        assert!(rest.unwrap().starts_with(start), "{line}");
    }
    let ran = folder.check(&["--json", name]);
    assert_eq!(ran.json()["files"][0]["file"], name, "JSON has the name as it is");
    let ran = folder.check(&[name]);
    assert!(!ran.out.contains('\r') && !ran.out.contains("\n::error"), "{}", ran.out);
    let ran = folder.check(&["no\n::error ::such.yaml", "--format", "github"]);
    assert_eq!((ran.code, ran.out.lines().count(), ran.err.lines().count()), (3, 1, 1), "{ran:?}");
}

#[test]
fn human_shows_twenty_problems_and_counts_all() {
    let folder = Folder::new();
    let lines: String = (0..31).map(|number| format!("odd{number:02}: 1\n")).collect();
    let many = folder.write("many.yaml", format!("version: \"2.0\"\n{lines}").as_bytes());
    let ran = run(&["sdl", "check", &many]);
    assert_eq!(ran.out.matches("error[").count(), 20, "{}", ran.out);
    let last: Vec<&str> = ran.out.lines().rev().take(2).collect();
    let all =
        codes(&run(&["sdl", "check", "--json", &many]).json()["files"][0]["diagnostics"]).len();
    assert!(all > 30, "{all}");
    assert_eq!(last, [format!("{many}: {all} errors, 0 warnings"), String::new()]);
    assert!(ran.out.contains(&format!("\nand {} more\n", all - 20)), "{}", ran.out);
}

#[test]
fn warnings_are_refused_on_demand() {
    let folder = Folder::new();
    let web = std::fs::read_to_string(root().join("sdl-examples/web.yaml")).unwrap();
    folder.write("warned.yaml", web.replacen("\"2.0\"", "2.0", 1).as_bytes());
    folder.write("good.yaml", web.as_bytes());
    let ran = folder.check(&["warned.yaml", "good.yaml"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    assert!(ran.out.contains("warned.yaml: ok, 1 group, version "), "{}", ran.out);
    assert!(ran.out.contains(", 1 warning\n"), "{}", ran.out);
    for flag in ["-D", "--warnings-as-errors"] {
        let ran = folder.check(&["warned.yaml", "good.yaml", flag]);
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.out.contains("; refused for 1 warning\n"), "{}", ran.out);
        let json = folder.check(&["warned.yaml", "good.yaml", "--json", flag]).json();
        let verdicts = [&json["ok"], &json["files"][0]["ok"], &json["files"][1]["ok"]];
        assert_eq!(verdicts, [false, false, true]);
        assert_eq!(json["files"][0]["diagnostics"][0]["severity"], "warning");
        assert_eq!(folder.check(&["good.yaml", flag]).code, 0);
    }
}

#[test]
fn all_files_are_checked_though_one_cannot_be_read() {
    let folder = Folder::new();
    folder.write("odd.yaml", ODD.as_bytes());
    folder.write("good.yaml", &std::fs::read(root().join("sdl-examples/web.yaml")).unwrap());
    for format in ["human", "github"] {
        let ran = folder.check(&["odd.yaml", "no-such.yaml", "good.yaml", "--format", format]);
        assert_eq!(ran.code, 3, "{ran:?}");
        assert!(ran.out.contains("SDL050"), "{ran:?}");
        assert!(ran.err.contains("FIL001: no-such.yaml: "), "{ran:?}");
        assert_eq!(ran.out.contains("good.yaml: ok"), format == "human");
        assert_eq!(
            ran.out.contains("::error file=no-such.yaml,title=FIL001::"),
            format == "github"
        );
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_refused_at_once() {
    let folder = Folder::new();
    let made = std::process::Command::new("mkfifo").arg(folder.file("pipe")).status().unwrap();
    assert!(made.success());
    for (path, wanted) in
        [("pipe", "no regular file"), (".", "a folder"), ("/dev/zero", "no regular file")]
    {
        for verb in ["check", "groups", "manifest", "hash"] {
            let ran = run_in(&folder.0, &["sdl", verb, path], b"");
            assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{ran:?}");
            assert!(ran.err.contains("FIL001") && ran.err.contains(wanted), "{ran:?}");
        }
        let ran = run_in(&folder.0, &["sdl", "check", "--fix", path], b"");
        assert_eq!(ran.code, 3, "{ran:?}");
    }
}

#[test]
fn a_dash_reads_standard_input() {
    let check = |arguments: &[&str], text: &[u8]| {
        run_in(&root(), &[&["sdl", "check", "-"], arguments].concat(), text)
    };
    let web = std::fs::read(root().join("sdl-examples/web.yaml")).unwrap();
    let ran = check(&[], &web);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.starts_with("-: ok, 1 group, version "), "{ran:?}");
    let ran = check(&["--json", "sdl-examples/web.yaml"], ODD.as_bytes());
    assert_eq!((ran.code, &ran.json()["files"][0]["file"]), (1, &json!("-")));
    assert_eq!(ran.json()["files"][1]["ok"], true);
    assert_eq!(check(&[], b"").code, 1);
}

#[test]
fn a_reader_that_leaves_early_does_not_change_the_answer() {
    let folder = Folder::new();
    folder.write("odd.yaml", ODD.as_bytes());
    for format in ["human", "json", "sarif", "github"] {
        let arguments = ["sdl", "check", "--fix", "odd.yaml", "odd.yaml", "--format", format];
        let mut child = command(&folder.0, &arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        assert_eq!(child.wait().unwrap().code(), Some(1), "{format}");
    }
    let text = std::fs::read_to_string(folder.file("odd.yaml")).unwrap();
    assert!(text.starts_with("version: \"2.0\"\n"), "{text}");
}

#[test]
fn colours_are_for_terminals_and_for_who_asks() {
    let folder = Folder::new();
    folder.write("odd.yaml", ODD.as_bytes());
    let painted = |arguments: &[&str], variables: &[(&str, &str)]| {
        let arguments = [&["sdl", "check", "odd.yaml"], arguments].concat();
        let output = command(&folder.0, &arguments).envs(variables.iter().copied()).output();
        output.unwrap().stdout.contains(&0x1b)
    };
    assert!(!painted(&[], &[]), "standard output is a pipe");
    assert!(painted(&["--color", "always"], &[("NO_COLOR", "1")]));
    assert!(painted(&[], &[("CLICOLOR_FORCE", "1")]));
    assert!(!painted(&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    assert!(!painted(&["--color", "never"], &[("CLICOLOR_FORCE", "1")]));
    assert!(!painted(&["--format", "github", "--color", "always"], &[]), "no format of machines");
    let ran = folder.check(&["odd.yaml", "--ascii"]);
    assert!(ran.out.is_ascii(), "{}", ran.out);
}
