//! Fixes: what is mended, what is left alone, and that nothing else changes.

use std::fs;
use std::path::Path;

use undercut_sdl::{Sdl, check, fix};

/// A valid manifest. Tests replace one part of it.
const BASE: &str = r#"version: "2.0"
# what runs
services:
  web:
    image: nginx:1.27
    env:
      - MODE=fast
    expose:
      - port: 80   # HTTP
        as: 80
        to:
          - global: true
    params:
      storage:
        data:
          mount: /data
profiles:
  compute:
    web:
      resources:
        cpu:
          units: 500m
        memory:
          size: 512Mi
        storage:
          - size: 1Gi
          - name: data
            size: 2Gi
            attributes:
              persistent: true
              class: beta3
        gpu:
          units: 1
          attributes:
            vendor:
              nvidia:
                - model: h100
                  ram: 80Gi
                  interface: sxm
  placement:
    akash:
      pricing:
        web:
          denom: uact
          amount: 100
deployment:
  web:
    akash:
      profile: web
      count: 1
"#;

fn with(from: &str, to: &str) -> String {
    assert_eq!(BASE.matches(from).count(), 1, "{from:?} stands once in the base");
    BASE.replace(from, to)
}

/// Slips that can be meant in one way only: the code, what stands in the base, and the slip.
const SLIPS: &[(&str, &str, &str)] = &[
    ("SDL002", "version: \"2.0\"", "version: 2.0"),
    ("SDL094", "version: \"2.0\"", "version: v2.0"),
    ("SDL001", "        as: 80\n", "       as: 80\n"),
    ("SDL001", "          size: 512Mi\n", "\t\t\t\t\tsize: 512Mi\n"),
    ("SDL014", "512Mi", "512mi"),
    ("SDL014", "512Mi", "512MiB"),
    ("SDL014", "512Mi", "512 Mi"),
    ("SDL014", "80Gi", "80gib"),
    ("SDL015", "500m", "500M"),
    ("SDL016", "count: 1", "count: \"1\""),
    ("SDL016", "          units: 1\n", "          units: 1.0\n"),
    ("SDL017", "global: true", "global: \"true\""),
    ("SDL046", "persistent: true", "persistent: True"),
    ("SDL045", "beta3", "Beta3"),
    ("SDL013", "deployment:", "Deployment:"),
    ("SDL071", "    image:", "    Image:"),
    ("SDL065", "sxm", "SXM"),
    ("SDL012", "- MODE=fast", "- MODE: fast"),
];

#[test]
fn the_base_needs_no_fix() {
    let fixed = fix(BASE);
    assert_eq!((fixed.text.as_str(), fixed.mended.len(), fixed.left.len()), (BASE, 0, 0));
}

#[test]
fn slips_that_can_be_meant_in_one_way_are_mended() {
    for (code, right, slip) in SLIPS {
        let text = with(right, slip);
        let fixed = fix(&text);
        assert!(fixed.mended.iter().any(|one| one.code.as_str() == *code), "{slip}: {fixed:#?}");
        assert!(fixed.left.is_empty(), "{slip}: {}", fixed.left);
        assert_eq!(Sdl::parse(&fixed.text).unwrap(), Sdl::parse(BASE).unwrap(), "{slip}");
        assert_eq!(fixed.text.matches('#').count(), 2, "comments stay");
        assert_eq!(fix(&fixed.text).text, fixed.text, "{slip}: mended twice");
    }
}

#[test]
fn words_that_mean_the_same_in_any_case_are_mended() {
    let rows = [
        ("        as: 80\n", "        as: 80\n        proto: HTTP\n", "proto: tcp"),
        (
            "        as: 80\n",
            "        as: 80\n        accept: [Shop.Example.com]\n",
            "[shop.example.com]",
        ),
        ("    params:\n", "    params:\n      tee: CPU\n", "tee: cpu"),
    ];
    for (from, to, expected) in rows {
        let fixed = fix(&with(from, to));
        assert!(fixed.text.contains(expected), "{to}: {}", fixed.text);
        assert!(fixed.left.is_empty(), "{to}: {}", fixed.left);
    }
}

#[test]
fn what_can_be_meant_in_two_ways_is_left_alone() {
    let rows = [
        ("512Mi", "16GB", "SDL014"),
        ("        as: 80\n", "        as: 0120\n", "SDL091"),
        ("count: 1", "count: \"010\"", "SDL016"),
        ("amount: 100", "amount: 0", "SDL022"),
        ("profile: web", "profile: wbe", "SDL031"),
        ("count: 1", "cuont: 1", "SDL035"),
        ("    env:\n", "    enf:\n", "SDL090"),
    ];
    for (from, to, code) in rows {
        let text = with(from, to);
        let fixed = fix(&text);
        assert_eq!(fixed.text, text, "{to}");
        assert!(fixed.left.iter().any(|one| one.code.as_str() == code), "{to}: {}", fixed.left);
    }
}

#[test]
fn a_key_that_is_ignored_stays_ignored_in_a_manifest_that_is_valid() {
    let text = with("    image: nginx:1.27\n", "    image: nginx:1.27\n    Command: [sh]\n");
    assert_eq!(fix(&text).text, text, "the fix would change what runs");
}

#[test]
fn a_text_that_cannot_be_read_in_the_end_is_left_as_it_is() {
    let text = with("    image: nginx:1.27\n", "\timage: nginx:1.27\n");
    let fixed = fix(&text);
    assert_eq!((fixed.text.as_str(), fixed.mended.len()), (text.as_str(), 0));
    assert_eq!(fixed.left, check(&text).1);
}

#[test]
fn a_comment_behind_a_quoted_text_stays() {
    let text = with("      count: 1\n", "      count: \"1\" # one is enough\n");
    let fixed = fix(&text);
    assert!(fixed.text.contains("      count: 1 # one is enough\n"), "{}", fixed.text);
    assert!(fixed.left.is_empty(), "{}", fixed.left);
}

#[test]
fn many_slips_are_mended_together() {
    let text = SLIPS.iter().fold(BASE.to_owned(), |text, (_, right, slip)| {
        // The two indentations cannot be told from one another any more once both are wrong.
        let stands_once = text.matches(right).count() == 1 && !slip.starts_with('\t');
        if stands_once { text.replace(right, slip) } else { text }
    });
    let fixed = fix(&text);
    assert!(fixed.left.is_empty(), "{}\n{}", fixed.left, fixed.text);
    assert_eq!(Sdl::parse(&fixed.text).unwrap(), Sdl::parse(BASE).unwrap());
}

/// The inputs of a set of the corpus, when there is one.
fn corpus(set: &str) -> Vec<String> {
    let workspace = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let shared =
        std::env::var_os("UNDERCUT_SHARED").map_or("../shared".into(), std::path::PathBuf::from);
    let folder = workspace.join(shared).join("sdl-corpus").join(set);
    let Ok(entries) = fs::read_dir(&folder) else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{} is missing", folder.display());
        println!("skipped: {} is missing", folder.display());
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|e| e == "yaml")).collect();
    paths.sort();
    paths.iter().filter_map(|path| fs::read_to_string(path).ok()).collect()
}

#[test]
fn fixing_never_changes_what_a_valid_manifest_asks_for_nor_adds_an_error() {
    for set in ["official", "official-extra", "awesome", "probes", "hostile"] {
        let (mut files, mut mended, mut cured) = (0, 0, 0);
        for text in corpus(set) {
            let (before, found) = check(&text);
            let fixed = fix(&text);
            let (after, left) = check(&fixed.text);
            assert_eq!(left, fixed.left);
            if let Some(before) = &before {
                assert_eq!(Some(before), after.as_ref());
            }
            if !found.has_errors() {
                assert!(!left.has_errors());
            }
            files += 1;
            mended += usize::from(!fixed.mended.is_empty());
            cured += usize::from(before.is_none() && after.is_some());
        }
        println!("{set}: {files} files, {mended} with fixes, {cured} became valid");
    }
}
