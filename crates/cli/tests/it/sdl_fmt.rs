//! `undercut sdl fmt` and `schema`.

use std::fs;

use crate::{Folder, Ran, root, run_in, undercut};

impl Folder {
    fn fmt(&self, arguments: &[&str]) -> Ran {
        run_in(&self.0, &[&["sdl", "fmt"], arguments].concat(), b"")
    }
}

/// A manifest, and the same as nobody should write it.
fn texts() -> (String, String) {
    let good = fs::read_to_string(root().join("sdl-examples/web.yaml")).unwrap();
    let ugly = good
        .replace("  units: 1", "      units: 1")
        .replace("count: 1", "count:    1")
        .replace("\nprofiles", "\n\n\nprofiles")
        + "\n\n";
    (good, ugly)
}

#[test]
fn one_file_goes_to_standard_output() {
    let (good, ugly) = texts();
    let folder = Folder::new();
    folder.write("ugly.yaml", ugly.as_bytes());
    let ran = folder.fmt(&["ugly.yaml"]);
    assert_eq!((ran.code, ran.out, ran.err.as_str()), (0, good.clone(), ""));
    assert_eq!(fs::read_to_string(folder.file("ugly.yaml")).unwrap(), ugly, "nothing is written");
    let ran = run_in(&folder.0, &["sdl", "fmt", "-"], ugly.as_bytes());
    assert_eq!((ran.code, ran.out), (0, good));
}

#[test]
fn check_lists_files_that_would_change() {
    let (good, ugly) = texts();
    let folder = Folder::new();
    folder.write("good.yaml", good.as_bytes());
    folder.write("ugly.yaml", ugly.as_bytes());
    let ran = folder.fmt(&["--check", "good.yaml", "ugly.yaml"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, "ugly.yaml\n"), "{ran:?}");
    assert_eq!(fs::read_to_string(folder.file("ugly.yaml")).unwrap(), ugly, "nothing is written");
    let ran = folder.fmt(&["--check", "good.yaml"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
}

#[test]
fn write_lays_out_what_it_can_and_says_so() {
    let (good, ugly) = texts();
    let folder = Folder::new();
    folder.write("bad.yaml", b"version: \"2.0\"\nservices: 7\n");
    folder.write("good.yaml", good.as_bytes());
    folder.write("ugly.yaml", ugly.as_bytes());
    let utf16: Vec<u8> =
        std::iter::once(0xfeff).chain(ugly.encode_utf16()).flat_map(u16::to_be_bytes).collect();
    folder.write("wide.yaml", &utf16);
    let ran = folder.fmt(&["--write", "bad.yaml", "good.yaml", "ugly.yaml", "wide.yaml"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(ran.out, "ugly.yaml: laid out anew\nwide.yaml: laid out anew\n");
    assert!(ran.err.contains("bad.yaml:2:11"), "{ran:?}");
    assert_eq!(fs::read_to_string(folder.file("ugly.yaml")).unwrap(), good);
    let utf16: Vec<u8> =
        std::iter::once(0xfeff).chain(good.encode_utf16()).flat_map(u16::to_be_bytes).collect();
    assert_eq!(fs::read(folder.file("wide.yaml")).unwrap(), utf16);
    let ran = folder.fmt(&["--write", "no-such.yaml", "ugly.yaml"]);
    assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{ran:?}");
}

#[test]
fn layout_does_not_change_the_version() {
    let (_, ugly) = texts();
    let folder = Folder::new();
    let path = folder.write("a.yaml", ugly.as_bytes());
    let hash = || undercut(&format!("sdl hash {path}")).out;
    let before = hash();
    assert_eq!(folder.fmt(&["--write", "a.yaml"]).code, 0);
    assert_eq!((hash(), before.len()), (before.clone(), 65));
}

#[test]
fn the_schema_is_json_for_both_versions_or_one() {
    let json = |arguments: &str| -> serde_json::Value {
        let ran = undercut(arguments);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
        serde_json::from_str(&ran.out).unwrap()
    };
    let versions = |schema: &serde_json::Value| schema["properties"]["version"].to_string();
    let both = versions(&json("sdl schema"));
    assert!(both.contains("2.0") && both.contains("2.1"), "{both}");
    let one = versions(&json("sdl schema --version 2.1"));
    assert!(!one.contains("\"2.0\"") && one.contains("2.1"), "{one}");
}
