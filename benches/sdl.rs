//! Manifests: from the text of an SDL to groups and the provider's manifest.
//!
//! `sdl::parse` reads every example of `sdl-examples` once per iteration: YAML, decoding, checks,
//! groups, both canonical JSON texts. `of=parse` is [`Sdl::parse`], `of=floor` the SHA-256 of the
//! same bytes: what merely looking at a text costs, and what its version hash costs anyway. Equal
//! before timing: the version hash, and a second reading of a text with a comment put in front.
//!
//! Estimate. Hashing runs at over 1 byte per ns, so a text of 1.5 kB costs about 1 us. A YAML
//! reader spends 20 to 30 ns per byte, so 40 us, and the tree, the checks and two JSON texts about
//! as much again. A tenant does this once, and a block of six seconds has room for some 50,000.

use std::fs;
use std::path::Path;

use criterion::{Criterion, Throughput};
use undercut_primitives::crypto;
use undercut_sdl::Sdl;

fn main() {
    undercut_benches::run(&[parse]);
}

/// The texts of all examples, by file name.
fn examples() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdl-examples");
    let entries = fs::read_dir(folder).expect("the folder can be listed");
    let paths = entries.map(|entry| entry.expect("the entry can be read").path());
    let is_manifest = |path: &std::path::PathBuf| path.extension().is_some_and(|e| e == "yaml");
    let mut paths: Vec<_> = paths.filter(is_manifest).collect();
    paths.sort();
    paths.iter().map(|path| fs::read_to_string(path).expect("the file is text")).collect()
}

fn parse(criterion: &mut Criterion) {
    let texts = examples();
    assert!(!texts.is_empty(), "there are examples");
    for text in &texts {
        let sdl = Sdl::parse(text).expect("the examples are valid");
        assert_eq!(sdl.version_hash(), crypto::sha256(sdl.manifest_json().as_bytes()));
        assert_eq!(Sdl::parse(&format!("# the same\n{text}")), Ok(sdl));
    }

    let (files, bytes) = (texts.len(), texts.iter().map(String::len).sum::<usize>());
    let mut group = criterion.benchmark_group("sdl::parse");
    group.throughput(Throughput::Bytes(bytes.try_into().expect("the examples are small")));
    group.bench_function(format!("files={files} of=parse"), |bencher| {
        bencher.iter(|| texts.iter().map(|text| Sdl::parse(text)).filter(Result::is_ok).count());
    });
    group.bench_function(format!("files={files} of=floor"), |bencher| {
        bencher.iter(|| texts.iter().map(|text| crypto::sha256(text.as_bytes())).max());
    });
    group.finish();
}
