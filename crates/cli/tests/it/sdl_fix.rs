//! `undercut sdl check --fix`: files are written whole or left alone.

use std::fs;

use crate::{Folder, Ran, root, run_in};

/// A valid manifest with a size in small letters and a version without quotes.
fn fixable() -> String {
    let web = fs::read_to_string(root().join("sdl-examples/web.yaml")).unwrap();
    web.replacen("1Gi", "1gi", 1).replacen("\"2.0\"", "2.0", 1)
}

/// What [`fixable`] is fixed to.
fn fixed() -> String {
    fs::read_to_string(root().join("sdl-examples/web.yaml")).unwrap()
}

impl Folder {
    fn fix(&self, arguments: &[&str]) -> Ran {
        run_in(&self.0, &[&["sdl", "check", "--fix"], arguments].concat(), b"")
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

#[test]
fn fixes_are_written_told_and_made_once() {
    let folder = Folder::new();
    folder.write("a.yaml", fixable().as_bytes());
    let ran = folder.fix(&["a.yaml"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.starts_with("a.yaml: ok, 1 group, version "), "{}", ran.out);
    let told: Vec<&str> = ran.err.lines().collect();
    assert_eq!(told.len(), 2, "{}", ran.err);
    assert!(told[0].starts_with("a.yaml: fixed SDL002 at 2:10: "), "{}", ran.err);
    assert!(told[1].starts_with("a.yaml: fixed SDL014 at 19:17: "), "{}", ran.err);
    assert_eq!(fs::read_to_string(folder.file("a.yaml")).unwrap(), fixed());
    assert_eq!(folder.names(), ["a.yaml"], "nothing else is left behind");
    let before = fs::metadata(folder.file("a.yaml")).unwrap().modified().unwrap();
    let again = folder.fix(&["a.yaml"]);
    assert_eq!((again.code, again.err.as_str()), (0, ""));
    assert_eq!(fs::metadata(folder.file("a.yaml")).unwrap().modified().unwrap(), before);
}

#[test]
fn what_is_left_is_reported_and_decides_the_exit_code() {
    let folder = Folder::new();
    let text = fixable().replacen("port: 80", "port: 70000", 1);
    folder.write("a.yaml", text.as_bytes());
    let ran = folder.fix(&["--json", "a.yaml"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let file = &ran.json()["files"][0];
    let codes = |key: &str| {
        let list = file[key].as_array().unwrap();
        list.iter().map(|one| one["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        (codes("diagnostics"), codes("fixed")),
        (vec!["SDL050".into()], vec!["SDL002".into(), "SDL014".into()])
    );
    assert_eq!(ran.err.lines().count(), 2);
    let left = fs::read_to_string(folder.file("a.yaml")).unwrap();
    assert_eq!(left, text.replace("1gi", "1Gi").replacen("2.0", "\"2.0\"", 1));
}

#[test]
fn a_dry_run_shows_the_change_and_writes_nothing() {
    let folder = Folder::new();
    folder.write("a.yaml", fixable().as_bytes());
    let ran = folder.fix(&["--dry-run", "a.yaml"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.starts_with("a.yaml: would fix SDL002 at 2:10: "), "{}", ran.err);
    assert!(ran.out.starts_with("--- a.yaml\n+++ a.yaml\n@@ -1,5 +1,5 @@\n"), "{}", ran.out);
    for line in ["\n-version: 2.0\n", "\n+version: \"2.0\"\n", "\n-          size: 1gi\n"] {
        assert!(ran.out.contains(line), "{}", ran.out);
    }
    assert_eq!(fs::read_to_string(folder.file("a.yaml")).unwrap(), fixable());
    let json = folder.fix(&["--dry-run", "--json", "a.yaml"]).json();
    assert_eq!(json["files"][0]["fixed"].as_array().unwrap().len(), 2);
    assert_eq!(fs::read_to_string(folder.file("a.yaml")).unwrap(), fixable());
}

#[test]
fn a_dash_prints_the_fixed_text() {
    let run = |flags: &[&str], text: &str| {
        run_in(&root(), &[&["sdl", "check", "--fix", "-"], flags].concat(), text.as_bytes())
    };
    let ran = run(&[], &fixable());
    assert_eq!((ran.code, ran.out), (0, fixed()));
    assert!(ran.err.starts_with("-: fixed SDL002 at 2:10: "), "{}", ran.err);
    let text = fixable().replacen("port: 80", "port: 70000", 1);
    let ran = run(&[], &text);
    assert_eq!(ran.code, 1);
    assert_eq!(ran.out, fixed().replacen("port: 80", "port: 70000", 1));
    assert!(ran.err.contains("error[SDL050]"), "{}", ran.err);
    let ran = run(&["--dry-run"], &fixable());
    assert!(ran.out.starts_with("--- -\n+++ -\n"), "{}", ran.out);
}

#[test]
fn encodings_and_line_ends_stay() {
    let folder = Folder::new();
    let units = |text: &str, to_bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(to_bytes).collect()
    };
    let rows: [fn(&str) -> Vec<u8>; 4] = [
        |text| [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        |text| text.replace('\n', "\r\n").into_bytes(),
        |text| text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        |text| text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    ];
    for (number, encode) in rows.iter().enumerate() {
        let encode = |text: &str| match number {
            2 => units(text, u16::to_le_bytes),
            3 => units(text, u16::to_be_bytes),
            _ => encode(text),
        };
        folder.write("a.yaml", &encode(&fixable()));
        let ran = folder.fix(&["a.yaml"]);
        assert_eq!(ran.code, 0, "{number}: {ran:?}");
        assert_eq!(fs::read(folder.file("a.yaml")).unwrap(), encode(&fixed()), "row {number}");
    }
}

#[test]
fn what_is_no_text_is_left_alone() {
    let folder = Folder::new();
    for bytes in [&b"version: 2.0\n\xff"[..], b"\xff\xfea", &b"a".repeat(3 << 20)] {
        folder.write("a.yaml", bytes);
        let ran = folder.fix(&["a.yaml"]);
        assert_eq!(ran.code, 1, "{ran:?}");
        assert_eq!(fs::read(folder.file("a.yaml")).unwrap(), bytes);
    }
}

#[cfg(unix)]
#[test]
fn permissions_and_links_stay() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    folder.write("a.yaml", fixable().as_bytes());
    fs::set_permissions(folder.file("a.yaml"), fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("a.yaml", folder.file("link.yaml")).unwrap();
    assert_eq!(folder.fix(&["link.yaml"]).code, 0);
    assert!(fs::symlink_metadata(folder.file("link.yaml")).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(folder.file("a.yaml")).unwrap(), fixed());
    let mode = fs::metadata(folder.file("a.yaml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o640);
    assert_eq!(folder.names(), ["a.yaml", "link.yaml"]);
}

#[test]
fn a_read_only_file_is_refused_and_the_others_are_fixed() {
    let folder = Folder::new();
    folder.write("a.yaml", fixable().as_bytes());
    folder.write("b.yaml", fixable().as_bytes());
    let mut permissions = fs::metadata(folder.file("a.yaml")).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(folder.file("a.yaml"), permissions).unwrap();
    let ran = folder.fix(&["a.yaml", "b.yaml"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(
        ran.err.contains("FIL003: a.yaml: the file is read-only; the file is as it was"),
        "{ran:?}"
    );
    assert!(!ran.err.contains("a.yaml: fixed"), "nothing is claimed that was not done: {ran:?}");
    assert_eq!(fs::read_to_string(folder.file("a.yaml")).unwrap(), fixable());
    assert_eq!(fs::read_to_string(folder.file("b.yaml")).unwrap(), fixed());
    assert_eq!(folder.names(), ["a.yaml", "b.yaml"]);
}
