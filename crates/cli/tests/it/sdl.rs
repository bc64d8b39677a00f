//! `undercut sdl`: what a manifest becomes, and hostile files.

use crate::{Folder, run, undercut};

#[test]
fn hash_is_that_of_the_manifest_printed() {
    let (hash, manifest) = (
        undercut("sdl hash sdl-examples/web.yaml"),
        undercut("sdl manifest sdl-examples/web.yaml"),
    );
    let digest = undercut_primitives::crypto::sha256(manifest.out.trim_end().as_bytes());
    assert_eq!(hash.out.trim_end(), digest.to_string());
    let groups = undercut("sdl groups sdl-examples/web.yaml");
    let groups: serde_json::Value = serde_json::from_str(&groups.out).unwrap();
    assert_eq!(groups[0]["resources"][0]["price"]["denom"], "uact");
}

#[test]
fn hostile_files_get_a_code_and_a_place() {
    let folder = Folder::new();
    let rows: [(&str, Vec<u8>); 6] = [
        ("empty", Vec::new()),
        ("not-utf8", vec![0xff, 0xfe, 0xfd]),
        ("nul", b"version: \0".to_vec()),
        ("deep-flow", b"[".repeat(100_000)),
        ("deep-block", b"- ".repeat(100_000)),
        ("long", b"a".repeat(3 << 20)),
    ];
    for (name, bytes) in rows {
        let path = folder.write(&format!("{name}.yaml"), &bytes);
        let ran = run(&["sdl", "check", &path, "--json"]);
        assert_eq!((ran.code, ran.err.as_str()), (1, ""), "{name}: {ran:?}");
        let first = &ran.json()["files"][0]["diagnostics"][0];
        assert!(first["code"].as_str().unwrap().starts_with("SDL0"), "{name}: {first}");
        assert!(first["line"].as_u64().unwrap() >= 1, "{name}: {first}");
        let ran = run(&["sdl", "check", &path]);
        assert!(
            ran.out.len() < 10_000 && ran.out.contains("error[SDL0"),
            "{name}: {}",
            ran.out.len()
        );
    }
}
