//! The rules that the source tree keeps, held by a test each: arrows between crates, homes of
//! third-party crates, banned words, sizes, names, and what stands at the top.
//!
//! Every rule prints `file:line`, what it found and what to do. The tables below are the rules; to
//! change a rule, change its table in the commit that needs it and say why. The scanners are in
//! `support/source.rs`; for each there is a test that it catches a planted violation.

use std::collections::BTreeSet;

use undercut_tests::{source, tree};

/// Crate by folder, what it may use of ours, and whether it must ask for that by a feature.
const ARROWS: [(&str, &[&str], &[&str]); 12] = [
    ("derive", &[], &[]),
    ("primitives", &["derive"], &[]),
    ("sdl", &["primitives"], &[]),
    ("orderbook", &["primitives"], &["sdl"]),
    ("bidding", &["primitives", "orderbook"], &[]),
    ("ledger", &["primitives"], &[]),
    ("store", &["primitives", "ledger"], &[]),
    ("provider", &["primitives", "bidding"], &[]),
    ("market", &["primitives", "orderbook", "bidding", "ledger"], &["provider", "sdl"]),
    ("audit", &["primitives", "orderbook", "bidding", "ledger", "market"], &[]),
    (
        "simulation",
        &["primitives", "sdl", "orderbook", "bidding", "ledger", "provider", "market", "audit"],
        &[],
    ),
    (
        "cli",
        &[
            "primitives",
            "sdl",
            "orderbook",
            "bidding",
            "ledger",
            "provider",
            "market",
            "audit",
            "simulation",
            "store",
            "benches",
        ],
        &[],
    ),
];

/// Crate by folder, and the third-party crates that its `[dependencies]` may name.
const THIRD_PARTY: [(&str, &[&str]); 11] = [
    ("primitives", &["bincode", "ed25519-dalek", "serde", "sha2", "thiserror"]),
    (
        "sdl",
        &[
            "annotate-snippets",
            "rustc_apfloat",
            "saphyr-parser",
            "serde",
            "serde_json",
            "thiserror",
        ],
    ),
    ("orderbook", &["serde", "thiserror"]),
    ("bidding", &["priority-queue", "rustc-hash", "serde", "thiserror"]),
    ("ledger", &["crc32fast", "serde", "thiserror"]),
    ("store", &["thiserror"]),
    ("provider", &["num-bigint", "serde", "thiserror"]),
    ("market", &["serde", "thiserror", "tracing"]),
    ("audit", &["thiserror"]),
    ("simulation", &["rand_chacha", "serde", "serde_json", "thiserror", "toml", "tracing"]),
    (
        "cli",
        &[
            "clap",
            "csv",
            "parquet",
            "serde",
            "serde_json",
            "stats_alloc",
            "thiserror",
            "tokio",
            "tracing",
            "tracing-subscriber",
        ],
    ),
];

/// What tests and benches may name besides.
const FOR_TESTS: [&str; 6] =
    ["criterion", "jsonschema", "num-bigint", "proptest", "serde_json", "toml"];

/// The crates that build without `std`.
const CORE: [&str; 5] = ["primitives", "orderbook", "bidding", "ledger", "market"];

/// The most third-party crates that a core crate requires.
const CORE_DEPENDENCIES_MAX: usize = 5;

/// Third-party crates as code names them, and the files or folders that may.
const HOMES: [(&str, &[&str]); 19] = [
    ("bincode", &["crates/primitives/src/codec/plain.rs"]),
    ("crc32fast", &["crates/ledger/src/log/frame.rs"]),
    ("sha2", &["crates/primitives/src/crypto.rs"]),
    ("ed25519_dalek", &["crates/primitives/src/crypto.rs", "crates/primitives/src/keys.rs"]),
    ("SigningKey", &["crates/primitives/src/keys.rs"]),
    ("priority_queue", &["crates/bidding/src/queue.rs"]),
    ("rustc_hash", &["crates/bidding/src/queue.rs"]),
    ("saphyr_parser", &["crates/sdl/src/"]),
    ("rustc_apfloat", &["crates/sdl/src/"]),
    ("annotate_snippets", &["crates/sdl/src/"]),
    ("num_bigint", &["crates/provider/src/"]),
    ("rand_chacha", &["crates/simulation/src/"]),
    ("stats_alloc", &["crates/cli/src/bin/"]),
    ("clap", &["crates/cli/src/"]),
    ("csv", &["crates/cli/src/log/export/"]),
    ("parquet", &["crates/cli/src/log/export/"]),
    ("tokio", &["crates/cli/src/"]),
    ("tracing_subscriber", &["crates/cli/src/"]),
    ("serde_json", &["crates/cli/src/", "crates/sdl/src/wire.rs", "crates/simulation/src/"]),
];

/// Words that code outside tests does not use, why not, and where it may all the same.
const BANNED: [(&str, &str, &str); 10] = [
    ("f32", "money and quantities are exact: use Decimal or integers", ""),
    ("f64", "money and quantities are exact: use Decimal or integers", ""),
    ("HashMap", "its order differs between runs: use BTreeMap", ""),
    ("HashSet", "its order differs between runs: use BTreeSet", ""),
    ("SystemTime", "time comes in with the block", ""),
    ("Instant", "time comes in with the block", "crates/cli/src/progress.rs"),
    ("todo!", "finish it, or return a rejection", ""),
    ("unimplemented!", "finish it, or return a rejection", ""),
    ("dbg!", "use a tracing event", ""),
    ("unsafe", "there is none in this project", ""),
];

/// Parts of type names that say nothing.
const EMPTY_NAMES: [&str; 3] = ["Manager", "Helper", "Util"];

/// What stands at the top, besides hidden files and what is built.
const TOP: [&str; 10] = [
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "benches",
    "crates",
    "docs",
    "sdl-examples",
    "tests",
];

const FILE_LINES_MAX: usize = 1000;
const FUNCTION_LINES_MAX: usize = 70;

/// A source file of the repository.
struct File {
    path: String,
    text: String,
    masked: String,
    /// The masked code that is part of the product: without tests, empty for files of tests.
    product: String,
}

fn sources() -> Vec<File> {
    let texts = tree::texts("", ".rs");
    let tests = files_of_tests(&texts);
    let file = |(path, text): (String, String)| {
        let masked = source::mask(&text);
        let is_product = path.starts_with("crates/") && path.contains("/src/");
        let product = if is_product && !tests.iter().any(|test| path.starts_with(test)) {
            source::without_tests(&masked)
        } else {
            String::new()
        };
        File { path, text, masked, product }
    };
    texts.into_iter().map(file).collect()
}

/// The files, and folders of files, that are declared as modules for tests alone.
fn files_of_tests(texts: &[(String, String)]) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for (path, text) in texts {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let stem = name.trim_end_matches(".rs");
        let below = match stem {
            "lib" | "main" | "mod" => folder.to_owned(),
            _ => format!("{folder}/{stem}"),
        };
        for module in source::test_modules(text) {
            paths.insert(format!("{below}/{module}.rs"));
            paths.insert(format!("{below}/{module}/"));
        }
    }
    paths
}

/// Fails with every problem found, one per line, and what to do about them.
fn refuse(problems: &[String], advice: &str) {
    assert!(problems.is_empty(), "{advice}\n{}\n", problems.join("\n"));
}

fn at(file: &File, found: &source::Found) -> String {
    format!("{}:{}: {}", file.path, found.line, found.what)
}

/// The package names of `[dependencies]` or `[dev-dependencies]`, with their entries.
fn dependencies<'a>(
    manifest: &'a toml::Table,
    kind: &str,
) -> impl Iterator<Item = (&'a String, &'a toml::Value)> {
    manifest.get(kind).and_then(toml::Value::as_table).into_iter().flatten()
}

/// The folder of one of our crates by its package name; `None` for third-party crates.
fn folder_of(package: &str) -> Option<&str> {
    if package == "undercut" { Some("market") } else { package.strip_prefix("undercut-") }
}

fn is_true(entry: &toml::Value, key: &str) -> bool {
    entry.get(key).and_then(toml::Value::as_bool) == Some(true)
}

/// What is wrong with the arrows of the crate in `folder`.
fn wrong_arrows(folder: &str, manifest: &toml::Table) -> Vec<String> {
    let path = format!("crates/{folder}/Cargo.toml:1");
    let Some((_, free, by_feature)) = ARROWS.iter().find(|(name, ..)| *name == folder) else {
        return vec![format!("{path}: the crate `{folder}` is not in the table")];
    };
    let mut wrong = Vec::new();
    for kind in ["dependencies", "dev-dependencies"] {
        for (package, entry) in dependencies(manifest, kind) {
            let Some(target) = folder_of(package) else { continue };
            // Tests may switch on features of what the crate uses anyway.
            let is_asked_for = kind == "dev-dependencies" || is_true(entry, "optional");
            if by_feature.contains(&target) && !is_asked_for {
                wrong.push(format!("{path}: `{package}` must be `optional = true`"));
            } else if !free.contains(&target) && !by_feature.contains(&target) {
                wrong.push(format!("{path}: [{kind}] points to `{package}`"));
            }
        }
    }
    for kind in ["build-dependencies", "target"] {
        if manifest.contains_key(kind) {
            wrong.push(format!("{path}: has [{kind}], which this table does not foresee"));
        }
    }
    wrong
}

/// The manifests of the crates, by folder.
fn crates() -> Vec<(String, toml::Table)> {
    let folder = |path: &str| {
        let folder = path.strip_prefix("crates/")?.strip_suffix("/Cargo.toml")?;
        Some(folder.to_owned())
    };
    let manifests = tree::manifests().into_iter();
    manifests.filter_map(|(path, manifest)| Some((folder(&path)?, manifest))).collect()
}

#[test]
fn arrows_between_crates_point_where_the_table_says() {
    let problems: Vec<String> =
        crates().iter().flat_map(|(folder, manifest)| wrong_arrows(folder, manifest)).collect();
    refuse(&problems, "remove the dependency, or move what needs it to a crate that may have it:");
    let found: BTreeSet<String> = crates().into_iter().map(|(folder, _)| folder).collect();
    let known: BTreeSet<String> = ARROWS.iter().map(|(folder, ..)| (*folder).to_owned()).collect();
    assert_eq!(found, known, "every crate stands in ARROWS, and nothing else does");
}

#[test]
fn a_forbidden_arrow_is_caught() {
    let check = |folder, text: &str| wrong_arrows(folder, &text.parse().unwrap()).len();
    let rows = [
        ("ledger", "[dependencies]\nundercut-primitives = { workspace = true }", 0),
        ("ledger", "[dependencies]\nundercut-bidding = { workspace = true }", 1),
        ("ledger", "[dev-dependencies]\nundercut = { workspace = true }", 1),
        ("orderbook", "[dependencies]\nundercut-sdl = { workspace = true, optional = true }", 0),
        ("orderbook", "[dependencies]\nundercut-sdl = { workspace = true }", 1),
        ("orderbook", "[dev-dependencies]\nundercut-sdl = { workspace = true }", 0),
        ("primitives", "[target.x.dependencies]\nserde = \"1\"", 1),
        ("node", "", 1),
    ];
    for (folder, text, wrong) in rows {
        assert_eq!(check(folder, text), wrong, "{folder}: {text}");
    }
}

#[test]
fn crates_take_from_others_what_the_table_lists_and_core_crates_little() {
    let mut problems = Vec::new();
    for (folder, manifest) in crates() {
        let row = THIRD_PARTY.iter().find(|(name, _)| *name == folder);
        let allowed = row.map_or(&[][..], |(_, allowed)| *allowed);
        let path = format!("crates/{folder}/Cargo.toml:1");
        for (package, _) in dependencies(&manifest, "dependencies") {
            if folder_of(package).is_none() && !allowed.contains(&package.as_str()) {
                problems.push(format!("{path}: `{package}` is not listed for this crate"));
            }
        }
        for (package, _) in dependencies(&manifest, "dev-dependencies") {
            let is_listed = FOR_TESTS.contains(&package.as_str());
            if folder_of(package).is_none() && !is_listed && !allowed.contains(&package.as_str()) {
                problems.push(format!("{path}: `{package}` is not listed for tests"));
            }
        }
        let required = dependencies(&manifest, "dependencies")
            .filter(|(package, entry)| folder_of(package).is_none() && !is_true(entry, "optional"));
        let required = required.count();
        if CORE.contains(&folder.as_str()) && required > CORE_DEPENDENCIES_MAX {
            problems.push(format!("{path}: a core crate with {required} dependencies"));
        }
    }
    refuse(&problems, "write it in 50 lines, or list it in THIRD_PARTY with a reason:");
}

/// Entries of a member's manifest that do not defer to the workspace.
fn not_deferred(path: &str, manifest: &toml::Table) -> Vec<String> {
    let mut problems = Vec::new();
    for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
        for (package, entry) in dependencies(manifest, kind) {
            let own = ["version", "path", "git", "registry"];
            let names_its_own = own.iter().any(|key| entry.get(key).is_some());
            if !is_true(entry, "workspace") || names_its_own {
                problems.push(format!("{path}:1: `{package}` is not `{{ workspace = true }}`"));
            }
        }
    }
    if !manifest.get("lints").is_some_and(|lints| is_true(lints, "workspace")) {
        problems.push(format!("{path}:1: lacks `[lints] workspace = true`"));
    }
    problems
}

#[test]
fn versions_and_lints_stand_once_in_the_workspace() {
    let manifests = tree::manifests();
    let problems: Vec<String> =
        manifests.iter().flat_map(|(path, manifest)| not_deferred(path, manifest)).collect();
    refuse(&problems, "put the version into the root Cargo.toml and refer to it:");
}

#[test]
fn a_version_of_its_own_is_caught() {
    let count = |text: &str| not_deferred("x", &text.parse().unwrap()).len();
    let lints = "\n[lints]\nworkspace = true";
    assert_eq!(count(&format!("[dependencies]\nserde = {{ workspace = true }}{lints}")), 0);
    assert_eq!(count(&format!("[dependencies]\nserde = \"1\"{lints}")), 1);
    assert_eq!(count(&format!("[dev-dependencies]\na = {{ path = \"../a\" }}{lints}")), 1);
    assert_eq!(count("[dependencies]\nserde = { workspace = true }"), 1, "no lints");
}

#[test]
fn core_crates_build_without_std() {
    let mut problems = Vec::new();
    for folder in CORE {
        let path = format!("crates/{folder}/src/lib.rs");
        let text = tree::read(&path).unwrap_or_default();
        let head = |line: &str| line.starts_with("#![cfg_attr(not(") && line.ends_with("no_std)]");
        if !text.lines().any(head) {
            problems.push(format!("{path}:1: lacks `#![cfg_attr(not(...), no_std)]`"));
        }
    }
    refuse(&problems, "core crates have no clock, file, thread or hash map because they lack std:");
}

/// Where a crate or word is named outside its home.
fn away_from_home(file: &File) -> Vec<String> {
    let mut problems = Vec::new();
    for (word, homes) in HOMES {
        if homes.iter().any(|home| file.path.starts_with(home)) {
            continue;
        }
        let found = source::words(&file.product, &[word]);
        let homes = homes.join(" and ");
        problems
            .extend(found.iter().map(|found| format!("{}, at home in {homes}", at(file, found))));
    }
    problems
}

#[test]
fn every_third_party_crate_has_one_home() {
    let problems: Vec<String> = sources().iter().flat_map(away_from_home).collect();
    refuse(&problems, "use what the home module offers, or add it there:");
}

/// A file as if it stood in the product.
fn planted(path: &str, text: &str) -> File {
    let masked = source::mask(text);
    let product = source::without_tests(&masked);
    File { path: path.into(), text: text.into(), masked, product }
}

#[test]
fn a_crate_away_from_home_is_caught() {
    let text = "//! sha2\nuse sha2::Sha256;\n#[cfg(test)]\nmod tests {\n use sha2; }\n";
    let away = away_from_home(&planted("crates/market/src/x.rs", text));
    assert_eq!(away.len(), 1, "{away:?}");
    assert!(away[0].starts_with("crates/market/src/x.rs:2: sha2"), "{away:?}");
    assert!(away_from_home(&planted("crates/primitives/src/crypto.rs", text)).is_empty());
}

fn banned_words(file: &File) -> Vec<String> {
    let mut problems = Vec::new();
    for (word, reason, exception) in BANNED {
        if exception.is_empty() || !file.path.starts_with(exception) {
            let is_macro = word.ends_with('!');
            let find = if is_macro { source::texts } else { source::words };
            let found = find(&file.product, &[word]);
            problems.extend(found.iter().map(|found| format!("{}: {reason}", at(file, found))));
        }
    }
    let whims = source::texts(&file.product, &["if akash", "if is_akash"]);
    let reason = "make it a parameter with a named value";
    problems.extend(whims.iter().map(|found| format!("{}: {reason}", at(file, found))));
    problems
}

#[test]
fn the_product_has_no_floats_clocks_hash_maps_or_loose_ends() {
    let problems: Vec<String> = sources().iter().flat_map(banned_words).collect();
    refuse(&problems, "the product is deterministic and finished:");
}

#[test]
fn the_benches_read_clocks_in_one_file() {
    let sources = sources();
    let benches = sources.iter().filter(|file| file.path.starts_with("benches/"));
    let away = benches.filter(|file| file.path != "benches/src/clock.rs");
    let found = |file: &File| {
        let found = source::words(&file.masked, &["Instant", "SystemTime", "clock_gettime"]);
        found.iter().map(|found| at(file, found)).collect::<Vec<_>>()
    };
    let problems: Vec<String> = away.flat_map(found).collect();
    refuse(&problems, "use `timed`, `cpu_timed` or `Wall` of `undercut_benches`:");
}

#[test]
fn a_banned_word_is_caught_in_code_and_left_alone_elsewhere() {
    let path = "crates/ledger/src/x.rs";
    let bad =
        ["let x: f64 = y;", "use std::time::Instant;", "todo!()", "if akash { }", "unsafe {}"];
    for text in bad {
        assert_eq!(banned_words(&planted(path, text)).len(), 1, "{text}");
    }
    let good = [
        "// no f64 here",
        "/* unsafe /* nested */ f64 */",
        "let text = \"todo!() f64\";",
        "let raw = r#\"a \" f64\"#;",
        "let quote = '\"'; // f64 \"",
        "#[cfg(test)]\nmod tests { fn t() { let x: f64; } }",
        "let instantly = 1;",
        "#![deny(clippy::todo)]",
    ];
    for text in good {
        assert_eq!(banned_words(&planted(path, text)), Vec::<String>::new(), "{text}");
    }
    let clock = "use std::time::Instant;";
    assert!(banned_words(&planted("crates/cli/src/progress.rs", clock)).is_empty());
    assert_eq!(banned_words(&planted("crates/cli/src/x.rs", clock)).len(), 1);
}

/// Marks of unfinished work, in any file of ours; put together so that this one has none.
fn loose_ends(file: &File) -> Vec<source::Found> {
    let marks = [concat!("FIX", "ME"), concat!("TO", "DO:"), concat!("X", "XX")];
    let ignored = source::texts(&file.masked, &[concat!("#[ign", "ore")]);
    [source::texts(&file.text, &marks), ignored].concat()
}

#[test]
fn nothing_is_marked_as_unfinished_and_no_test_is_skipped() {
    let sources = sources();
    let found =
        |file: &File| loose_ends(file).iter().map(|found| at(file, found)).collect::<Vec<_>>();
    let problems: Vec<String> = sources.iter().flat_map(found).collect();
    refuse(&problems, "finish it or take it out; a test that does not run proves nothing:");
}

#[test]
fn a_loose_end_is_caught() {
    for text in [concat!("// FIX", "ME later"), concat!("#[ign", "ore]\nfn t() {}")] {
        assert_eq!(loose_ends(&planted("crates/x/src/y.rs", text)).len(), 1, "{text}");
    }
}

fn empty_names(file: &File) -> Vec<source::Found> {
    let mut found = source::type_names(&file.product, &EMPTY_NAMES);
    found.extend(source::texts(&file.product, &["fn process(", "fn process<", "fn handle("]));
    found
}

#[test]
fn names_say_what_is_meant() {
    let sources = sources();
    let found =
        |file: &File| empty_names(file).iter().map(|found| at(file, found)).collect::<Vec<_>>();
    let problems: Vec<String> = sources.iter().flat_map(found).collect();
    refuse(&problems, "name the noun or the action of the field, see the table of words:");
}

#[test]
fn an_empty_name_is_caught() {
    let rows = [
        ("pub struct BidManager;", 1),
        ("enum OrderHelpers {}", 1),
        ("trait Util {}", 1),
        ("type GpuUtil = u8;", 1),
        ("pub fn process(x: u8) {}", 1),
        ("fn handle(&self) {}", 1),
        ("struct Utilization;", 0),
        ("fn process_bid(x: u8) {}", 0),
        ("// struct BidManager", 0),
    ];
    for (text, expected) in rows {
        let found = empty_names(&planted("crates/x/src/y.rs", text));
        assert_eq!(found.len(), expected, "{text}: {found:?}");
    }
}

/// Folders that name one person's machine, put together so that this file has none. In SDL files
/// they are paths inside a container.
fn machine_paths(path: &str, text: &str) -> Vec<source::Found> {
    let folders = [
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
        concat!("/ho", "me/"),
        concat!("/Use", "rs/"),
        concat!("C:", "\\\\"),
    ];
    let is_manifest = [".yaml", ".yml"].iter().any(|ending| path.ends_with(ending));
    if is_manifest { Vec::new() } else { source::texts(text, &folders) }
}

/// Names of package registries and their mirrors; the lock file names the public one.
fn registries(path: &str, text: &str) -> Vec<source::Found> {
    if path != "Cargo.lock" {
        let marks = ["registry", "crates.io", "replace"];
        let rests = ["+http", "-index", "-with ="];
        let marks = [0, 1, 2].map(|n| [marks[n], rests[n]].concat());
        return source::texts(text, &marks.each_ref().map(String::as_str));
    }
    let public = concat!("\"registry", "+https://github.com/rust-lang/crates.io", "-index\"");
    let is_foreign = |line: &&str| line.starts_with("source = ") && !line.ends_with(public);
    let foreign = text.lines().filter(is_foreign);
    foreign.map(|line| source::Found { line: 1, what: line.to_owned() }).collect()
}

#[test]
fn no_file_names_a_machine_or_a_registry() {
    let checkout = tree::root().to_string_lossy().into_owned();
    let mut problems = Vec::new();
    for path in tree::files() {
        // What is no text names nothing.
        let Ok(text) = tree::read(&path) else { continue };
        let mut found = machine_paths(&path, &text);
        found.extend(registries(&path, &text));
        found.extend(source::texts(&text, &[&checkout]));
        problems.extend(found.iter().map(|found| format!("{path}:{}: {}", found.line, found.what)));
    }
    refuse(&problems, "write a path from the repository's root; leave registries to cargo:");
}

#[test]
fn a_machine_path_is_caught() {
    let home = concat!("see /ho", "me/someone/x");
    assert_eq!(machine_paths("docs/a.md", home).len(), 1);
    assert_eq!(machine_paths("sdl-examples/a.yaml", home).len(), 0);
    assert_eq!(machine_paths("docs/a.md", "see docs/home.md").len(), 0);
    let mirror = concat!("source = \"registry", "+https://mirror.example/index\"");
    assert_eq!(registries("Cargo.lock", mirror).len(), 1);
    assert_eq!(registries("docs/a.md", mirror).len(), 1);
}

#[test]
fn every_source_file_says_first_what_it_is() {
    let lacks = |file: &&File| !file.text.starts_with("//! ") && !file.path.ends_with("/tests.rs");
    let sources = sources();
    let problems = sources.iter().filter(lacks).map(|file| format!("{}:1", file.path));
    refuse(&problems.collect::<Vec<_>>(), "start the file with `//! ` and one sentence on it:");
}

#[test]
fn files_and_functions_are_short() {
    let mut problems = Vec::new();
    for file in sources() {
        let lines = if file.product.is_empty() { &file.masked } else { &file.product };
        let lines = lines.trim_end().lines().count();
        if lines > FILE_LINES_MAX {
            problems.push(format!("{}:1: {lines} lines without tests", file.path));
        }
        let long = source::long_functions(&file.masked, FUNCTION_LINES_MAX);
        problems.extend(long.iter().map(|found| at(&file, found)));
    }
    refuse(&problems, "split it: control flow above, arithmetic in functions of its own:");
}

#[test]
fn a_long_function_is_caught() {
    let body = |lines: usize| format!("fn long() {{\n{}}}\n", "    step();\n".repeat(lines - 2));
    assert_eq!(source::long_functions(&body(70), 70), []);
    let found = source::long_functions(&format!("\nmod a {{\n{}}}", body(71)), 70);
    assert_eq!(found, [source::Found { line: 3, what: "`long` has 71 lines".into() }]);
    let declared = "trait A { fn short(&self) -> [u8; 3]; }\n".to_owned() + &"\n".repeat(90);
    assert_eq!(source::long_functions(&declared, 70), []);
}

#[test]
fn code_is_ascii() {
    let sources = sources();
    let found = |file: &File| {
        let found = source::foreign_characters(&file.masked);
        found.iter().map(|found| at(file, found)).collect::<Vec<_>>()
    };
    let problems: Vec<String> = sources.iter().flat_map(found).collect();
    refuse(&problems, "outside comments and literals, write ASCII:");
}

#[test]
fn a_foreign_letter_is_caught_in_code_alone() {
    let count = |text: &str| source::foreign_characters(&source::mask(text)).len();
    assert_eq!(count("let \u{fc}ber = 1;"), 1);
    assert_eq!(count("// \u{d7}\nlet x = \"\u{2192}\"; let c = '\u{2026}'; /* \u{2264} */"), 0);
    assert_eq!(count("fn f<'a>(x: &'a str) { \u{e4} }"), 1);
}

#[test]
fn the_top_shows_the_product_and_nothing_else() {
    let is_shown = |name: &String| !name.starts_with('.') && name != "target";
    let found: Vec<String> = tree::names("").into_iter().filter(is_shown).collect();
    assert_eq!(found, TOP, "put it into a folder, or take it out");
}

#[test]
fn tests_alone_are_blanked_out_and_lines_keep_their_numbers() {
    let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { \"}\"; }\n}\nfn c() {}\n";
    let product = source::without_tests(&source::mask(text));
    assert_eq!(product.lines().count(), text.lines().count());
    assert_eq!(source::words(&product, &["a", "b", "c"]).len(), 2);
    assert_eq!(source::words(&product, &["c"])[0].line, 6);
    let declared =
        "#[cfg(test)]\nmod fixture;\n#[cfg(all(test, feature = \"x\"))]\npub(crate) mod y;";
    assert_eq!(source::test_modules(declared), ["fixture", "y"]);
}

#[test]
fn codes_are_found_in_literals() {
    let text = r#"Self::A => "BID003", "bid003", "BID03", "ESCR012", "X1", "ABCDE001""#;
    assert_eq!(source::codes(text), ["BID003", "ESCR012"]);
}
