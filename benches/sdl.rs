//! Manifests: from the text of an SDL to groups, manifest and version hash.
//!
//! `sdl::parse`: one iteration reads every public manifest of the corpus once; without the corpus,
//! every example of `sdl-examples`. The contestants:
//!
//! | `by=` | does |
//! | --- | --- |
//! | `ours` | [`undercut_sdl::Sdl::parse`]: groups, manifest, and both hashes |
//! | `with-warnings` | [`undercut_sdl::check`]: the same with every warning |
//! | `plain` | [a tree of values, then JSON](undercut_benches::manifests): the same hashes |
//! | `floor` | the YAML event reader alone, every event dropped |
//! | `sha256` | SHA-256 of the texts: what merely looking at them costs |
//!
//! `set=valid` are the manifests without errors. `plain` finds no problems, so it plays only there;
//! `set=all` has the others too, whose problems are found, placed and explained.
//!
//! `sdl::check` is the row of this name of `undercut bench`, on the examples.
//!
//! Equal before timing: `ours` and `with-warnings` give one value, `plain` the same for every manifest
//! without errors, and a comment put in front changes nothing. Goals: `ours` at most 2.5 times `floor`,
//! `with-warnings` of texts without errors at most 1.3 times `ours`.

use std::fs;
use std::path::{Path, PathBuf};

use criterion::{Criterion, Throughput};
use undercut_benches::manifests::read_plainly;
use undercut_benches::rows::sdl::{checked, events, groups};
use undercut_primitives::crypto;

fn main() {
    undercut_benches::run(&[parse, rows]);
}

fn rows(criterion: &mut Criterion) {
    undercut_benches::contests(criterion, &["sdl/check"]);
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
    for text in &valid {
        assert_eq!(read_plainly(text), groups(text));
    }
    for (name, texts) in [("valid", &valid), ("all", &all)] {
        let (files, bytes) = (texts.len(), texts.iter().map(String::len).sum::<usize>());
        let mut group = criterion.benchmark_group("sdl::parse");
        group.throughput(Throughput::Bytes(bytes.try_into().expect("manifests are small")));
        let mut row = |by: &str, work: &dyn Fn(&str) -> usize| {
            group.bench_function(format!("set={name} files={files} {by}"), |bencher| {
                bencher.iter(|| texts.iter().map(|text| work(text)).sum::<usize>());
            });
        };
        row("by=ours", &|text| groups(text).map_or(0, |(groups, ..)| groups));
        row("by=with-warnings", &|text| checked(text).map_or(0, |(groups, ..)| groups));
        row("by=floor", &events);
        if name == "valid" {
            row("by=plain", &|text| read_plainly(text).map_or(0, |(groups, ..)| groups));
        }
        row("by=sha256", &|text| usize::from(crypto::sha256(text.as_bytes()).as_bytes()[0]));
        group.finish();
    }
}
