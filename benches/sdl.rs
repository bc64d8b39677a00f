//! Manifests: from the text of an SDL to groups, manifest and version hash.
//!
//! One iteration reads every public manifest of the corpus once; without the corpus, every example
//! of `sdl-examples`. The contestants:
//!
//! | `of=` | does |
//! | --- | --- |
//! | `events` | the floor: the YAML event reader alone, every event dropped |
//! | `groups` | [`undercut_sdl::Sdl::parse`]: groups, manifest, and both hashes |
//! | `check` | [`undercut_sdl::check`]: the same with every warning |
//! | `sha256` | SHA-256 of the texts: what merely looking at them costs |
//!
//! Equal before timing: `groups` and `check` give one value, and a comment put in front changes
//! nothing. Goals: `groups` at most 2.5 times `events`, `check` of texts without errors at most 1.3
//! times `groups`.

use std::fs;
use std::path::{Path, PathBuf};

use criterion::{Criterion, Throughput};
use undercut_benches::rows::sdl::{checked, events, groups};
use undercut_primitives::crypto;

fn main() {
    undercut_benches::run(&[parse]);
}

/// The folder of public manifests beside the workspace, or that of the examples.
fn folder() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let shared = std::env::var_os("UNDERCUT_SHARED").map_or("../shared".into(), PathBuf::from);
    let corpus = workspace.join(shared).join("sdl-corpus/awesome");
    if corpus.is_dir() { corpus } else { workspace.join("sdl-examples") }
}

/// The texts of a folder's manifests, by file name.
fn texts(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder can be listed");
    let paths = entries.map(|entry| entry.expect("the entry can be read").path());
    let is_manifest = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "yaml");
    let mut paths: Vec<_> = paths.filter(is_manifest).collect();
    paths.sort();
    paths.iter().map(|path| fs::read_to_string(path).expect("the file is text")).collect()
}

fn parse(criterion: &mut Criterion) {
    let all = texts(&folder());
    assert!(!all.is_empty(), "there are manifests");
    for text in &all {
        assert_eq!(groups(text), checked(text));
        assert_eq!(groups(text), groups(&format!("# the same\n{text}")));
    }
    let (valid, _): (Vec<String>, Vec<String>) =
        all.iter().cloned().partition(|text| groups(text).is_some());
    for (name, texts) in [("all", &all), ("valid", &valid)] {
        let (files, bytes) = (texts.len(), texts.iter().map(String::len).sum::<usize>());
        let mut group = criterion.benchmark_group("sdl::parse");
        group.throughput(Throughput::Bytes(bytes.try_into().expect("manifests are small")));
        let mut row = |of: &str, work: &dyn Fn(&str) -> usize| {
            group.bench_function(format!("set={name} files={files} of={of}"), |bencher| {
                bencher.iter(|| texts.iter().map(|text| work(text)).sum::<usize>());
            });
        };
        row("events", &events);
        row("groups", &|text| groups(text).map_or(0, |(groups, ..)| groups));
        row("check", &|text| checked(text).map_or(0, |(groups, ..)| groups));
        row("sha256", &|text| usize::from(crypto::sha256(text.as_bytes()).as_bytes()[0]));
        group.finish();
    }
}
