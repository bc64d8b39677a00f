//! No text panics, overflows a small stack, or is read in one way here and in another there.
//!
//! What is claimed of every text stands in `tests/fuzz/src/claims`, and the fuzz targets claim the
//! same. Here it is held against the corpus, and against examples with deterministic changes.

#[path = "../../../tests/fuzz/src/claims/mod.rs"]
mod claims;

use std::fs;
use std::path::{Path, PathBuf};

use undercut_sdl::{check, check_bytes};

/// A small manifest with one of everything, to change.
const BASE: &str = r#"version: "2.1"
endpoints: { ip1: { kind: ip } }
services:
  web: &web
    image: nginx:1.27
    args: [a, ~, 010, "b\n"]
    params: { storage: { data: { mount: /data, readOnly: false } }, tee: cpu }
    credentials: { host: h, username: u, password: p }
    expose:
      - port: 0x50
        as: 80
        accept: [a.example]
        http_options: { next_cases: [off], read_timeout: 1e3 }
        to: [ { global: true, ip: ip1 } ]
  api:
    <<: *web
    expose: [ { port: 1, to: [ { service: web } ] } ]
profiles:
  compute:
    web:
      resources:
        cpu: { units: 100m, attributes: { arch: arm64 } }
        memory: { size: 0.5Gi }
        gpu: { units: 1, attributes: { vendor: { nvidia: [ { model: h100, ram: 80Gi } ] } } }
        storage: [ { name: data, size: 1Gi, attributes: { persistent: true, class: beta3 } } ]
  placement:
    akash:
      attributes: { region: eu }
      signedBy: { anyOf: [a], allOf: [] }
      pricing: { web: { denom: uact, amount: 100.5 } }
deployment:
  web: { akash: { profile: web, count: 2 } }
  api: { akash: { profile: web, count: 1 } }
reclamation: { min_window: 1.5h }
"#;

/// Pieces of YAML and of quantities that are likely to confuse.
const TOKENS: &[&str] = &[
    "&a ",
    "*a",
    "*web",
    "<<: ",
    "<<: *web",
    "!!int ",
    "!!binary ",
    "!x ",
    "\"",
    "'",
    "|\n",
    ">-\n",
    "- ",
    "? ",
    ": ",
    ":\t",
    "\t",
    "[",
    "]",
    "{",
    "}",
    ",",
    "#",
    "%YAML 1.2\n",
    "---\n",
    "...\n",
    "~",
    "null",
    "1e9999",
    "0x",
    "-0",
    "99999999999999999999",
    "inf",
    "nan",
    ".5",
    "\u{feff}",
    "\u{85}",
    "\u{2028}",
    "\0",
    "\u{1f600}",
    "\r",
    "\n",
    " ",
    "m",
    "Gi",
    "--5",
    "true",
    "\\",
    "\\u0000",
];

fn code_of(text: &str) -> String {
    let (sdl, problems) = check(text);
    assert!(sdl.is_none());
    problems.as_slice()[0].code.to_string()
}

/// Runs `test` with a stack of 512 KiB.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(512 * 1024).spawn(test).unwrap();
    thread.join().expect("nothing overflowed or panicked");
}

#[test]
fn deep_nesting_is_refused_on_a_small_stack() {
    on_a_small_stack(|| {
        const LEVELS: usize = 100_000;
        for open in
            ["- ", "[", "{", "? ", "{a: ", "[a, ", "- - ", "a: [", "!!x [", "&a [", "\"a\": {"]
        {
            assert_eq!(code_of(&open.repeat(LEVELS)), "SDL006", "{open:?}");
        }
        let blocks: String = (0..1400).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
        assert_eq!(code_of(&blocks), "SDL006");
        let closed = format!("a: {}{}", "[".repeat(200), "]".repeat(200));
        assert_eq!(code_of(&closed), "SDL006");
    });
}

#[test]
fn aliases_that_unfold_to_billions_are_refused_at_once() {
    let mut text = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..10 {
        let before = level - 1;
        text += &format!("a{level}: &a{level} [{}]\n", format!("*a{before},").repeat(9));
    }
    assert_eq!(code_of(&text), "SDL008");
}

/// The base with a service and a profile that many placements repeat.
fn repeated(service: &str, volumes: &str, placements: usize) -> String {
    let names = || (0..placements).map(|number| format!("p{number}"));
    let priced: String = names()
        .map(|name| format!("    {name}: {{ pricing: {{ a: {{ denom: uact, amount: 1 }} }} }}\n"))
        .collect();
    let placed: String =
        names().map(|name| format!("    {name}: {{ profile: a, count: 1 }}\n")).collect();
    format!(
        "version: \"2.0\"\nservices:\n  a:\n    image: a\n{service}profiles:\n  compute:\n    a:\n\
         \x20     resources: {{ cpu: {{ units: 1 }}, memory: {{ size: 1Gi }}, storage: [{volumes}] }}\n  \
         placement:\n{priced}deployment:\n  a:\n{placed}"
    )
}

#[test]
fn manifests_that_repeat_too_much_are_refused_before_they_are_built() {
    let global = "    expose: [ { port: 80, to: [ { global: true } ] } ]\n";
    let volume = "{ size: 1Gi }";
    let problems = check(&repeated(global, volume, 2)).1;
    assert!(problems.is_empty(), "{problems}");
    let args = format!("{global}    args: [{}]\n", "x,".repeat(20_000));
    let many_targets = format!("    expose: [ {{ port: 80, to: [{}] }} ]\n", "{},".repeat(40_000));
    let volumes: String =
        (0..5_000).map(|number| format!("{{ name: v{number}, size: 1Gi }},")).collect();
    let long = format!("{global}    args: [ \"{}\" ]\n", "x".repeat(500_000));
    let rows = [
        repeated(&args, volume, 1_000),
        repeated(&many_targets, volume, 1_000),
        repeated(global, &volumes, 1_000),
        repeated(&long, volume, 1_000),
    ];
    for text in rows {
        assert_eq!(code_of(&text), "SDL079");
    }
}

#[test]
fn thousands_of_wrong_names_are_told_without_comparing_all() {
    let names = |prefix: &str| -> String {
        (0..8_000)
            .map(|number| format!("  {prefix}{number}: {{ p: {{ profile: x }} }}\n"))
            .collect()
    };
    let text = format!("version: \"2.0\"\nservices:\n{}deployment:\n{}", names("a"), names("b"));
    let problems = check(&text).1;
    assert!(problems.has_errors());
    assert!(!undercut_sdl::render(&problems, "x", &text, undercut_sdl::Colour::Plain).is_empty());
}

#[test]
fn one_long_line_is_shown_in_part() {
    let text = format!(
        "{{version: \"2.0\", services: {{a: {{args: [{}], image: []}}}}}}",
        "x,".repeat(90_000)
    );
    let problems = check(&text).1;
    let shown = undercut_sdl::render(&problems, "x", &text, undercut_sdl::Colour::Plain);
    assert!(shown.contains("SDL012"));
}

#[test]
fn wide_and_long_quoted_text_is_not_repaired_beyond_the_budget() {
    let text = format!("a: {}\"{}\"", " ".repeat(100_000), "x\n".repeat(100_000));
    let (sdl, problems) = check(&text);
    assert!(sdl.is_none() && problems.has_errors());
}

/// The files of some sets of the corpus, and what they are called; none where there is no corpus.
fn corpus(sets: &[&str]) -> Vec<(String, Vec<u8>)> {
    let workspace = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let shared = std::env::var_os("UNDERCUT_SHARED").map_or("../shared".into(), PathBuf::from);
    let folder = workspace.join(shared).join("sdl-corpus");
    let files: Vec<_> = sets.iter().flat_map(|set| manifests(&folder.join(set))).collect();
    if files.is_empty() {
        println!("skipped: no sdl-corpus beside the workspace or under UNDERCUT_SHARED");
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "the corpus is required here");
    }
    files
}

/// Name and bytes of every manifest in a folder, by name.
fn manifests(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    let is_manifest = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "yaml");
    let mut paths: Vec<PathBuf> = paths.filter(is_manifest).collect();
    paths.sort();
    let read = |path: PathBuf| (path.display().to_string(), fs::read(&path).unwrap());
    paths.into_iter().map(read).collect()
}

/// Holds the claims against some bytes, and says which they were when one fails.
fn hold(name: &str, bytes: &[u8]) {
    let held = std::panic::catch_unwind(|| claims::text::hold_for_bytes(bytes));
    assert!(held.is_ok(), "{name}:\n{}", bytes.escape_ascii());
}

fn hold_for_corpus(sets: &[&str]) {
    let files = corpus(sets);
    on_a_small_stack(move || files.iter().for_each(|(name, bytes)| hold(name, bytes)));
}

#[test]
fn the_claims_hold_for_hostile_texts() {
    hold_for_corpus(&["hostile"]);
}

#[test]
fn the_claims_hold_for_the_manifests_of_others() {
    hold_for_corpus(&["official", "official-extra", "awesome", "probes"]);
}

/// Numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    /// A number below `count`.
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) >> 32).unwrap() % count
    }

    /// A range of at most `longest` bytes.
    fn range(&mut self, bytes: &[u8], longest: usize) -> std::ops::Range<usize> {
        let start = self.below(bytes.len() + 1);
        start..(start + self.below(longest + 1)).min(bytes.len())
    }
}

/// Changes some bytes in one of the ways in which texts go wrong.
fn change(bytes: &mut Vec<u8>, numbers: &mut Numbers) {
    if bytes.is_empty() {
        return;
    }
    match numbers.below(6) {
        0 => {
            let at = numbers.below(bytes.len());
            bytes[at] ^= 1 << numbers.below(8);
        }
        1 => drop(bytes.drain(numbers.range(bytes, 16))),
        2 | 3 => {
            let token = TOKENS[numbers.below(TOKENS.len())];
            bytes.splice(numbers.range(bytes, 3), token.bytes());
        }
        4 => {
            let piece: Vec<u8> = bytes.drain(numbers.range(bytes, 60)).collect();
            let place = numbers.below(bytes.len() + 1);
            bytes.splice(place..place, piece);
        }
        _ => {
            let piece = bytes[numbers.range(bytes, 60)].to_vec();
            let place = numbers.below(bytes.len() + 1);
            bytes.splice(place..place, piece);
        }
    }
}

#[test]
fn the_claims_hold_for_examples_with_changes() {
    const CHANGED: usize = 200;
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../sdl-examples"));
    let mut texts = manifests(folder);
    assert!(texts.len() >= 12, "{} examples", texts.len());
    texts.push(("the base".to_owned(), BASE.as_bytes().to_vec()));
    let mut numbers = Numbers(1);
    for (name, text) in texts {
        assert!(check_bytes(&text).0.is_some(), "{name}");
        hold(&name, &text);
        for number in 0..CHANGED {
            let mut bytes = text.clone();
            for _ in 0..=numbers.below(3) {
                change(&mut bytes, &mut numbers);
            }
            hold(&format!("change {number} of {name}"), &bytes);
        }
    }
}
