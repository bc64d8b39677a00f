//! Checking signatures: alone, and in windows of several sizes.
//!
//! | by | what it is |
//! | --- | --- |
//! | `ours` | `Verifier`, which knows the keys from the windows before |
//! | `plain` | `Claim::verify`, one at a time, the key read each time |
//! | `strict` | `verify_strict` of `ed25519-dalek`, one at a time, keys read once |
//! | `dalek` | `verify_batch` of `ed25519-dalek` in batches of 256, keys read once |
//! | `zebra` | the batch of `ed25519-zebra`, 1,024 at a time |
//!
//! `bid::signed`, `bid::bundle16`, `bid::bundle64` and `lease::record` are the rows of these names of
//! `undercut bench`: whole ways, with our checks alone or a bare signature as their floor.
//!
//! Estimate. A nonce's point costs a square root, 3.5 us; its share of one long sum of points 16
//! additions of 0.1 us, and 32 more for its key where no other of the window has the same; a single
//! check 250 doublings instead, some 25 us. So a window of 1,024 should cost 6 to 9 us each.

use criterion::{BenchmarkId, Criterion, Throughput};
use undercut_benches::signatures::{Garbage, Intake, KeysRead, zebra_batches};
use undercut_primitives::crypto::{BatchWindow, Claim, Verifier};

fn main() {
    undercut_benches::run(&[check, rows]);
}

fn rows(criterion: &mut Criterion) {
    let operations = ["bid/signed", "bid/bundle16", "bid/bundle64", "lease/record"];
    undercut_benches::contests(criterion, &operations);
}

const CLAIMS: usize = 1024;

fn check(criterion: &mut Criterion) {
    for keys in [64, 1000] {
        let claims = Intake::new(CLAIMS, keys, Garbage::Spread(0), 5).claims;
        let read = KeysRead::of(&claims);
        let mut group = criterion.benchmark_group("signatures::check");
        group.throughput(Throughput::Elements(CLAIMS as u64));
        let id = |by: &str| BenchmarkId::from_parameter(format!("keys={keys} by={by}"));
        for window in [1, 32, 256, 1024] {
            let mut verifier = Verifier::with_window(BatchWindow::fixed(window));
            assert!(verifier.verify_all(&claims).iter().all(Result::is_ok));
            let name = format!("keys={keys} window={window} by=ours");
            group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
                bencher.iter(|| verifier.verify_all(&claims));
            });
        }
        assert!(plain(&claims) && strict(&claims, &read));
        assert!(read.dalek_batches(&claims) && zebra_batches(&claims));
        group.bench_function(id("plain"), |bencher| bencher.iter(|| plain(&claims)));
        group.bench_function(id("strict"), |bencher| bencher.iter(|| strict(&claims, &read)));
        group.bench_function(id("dalek"), |bencher| bencher.iter(|| read.dalek_batches(&claims)));
        group.bench_function(id("zebra"), |bencher| bencher.iter(|| zebra_batches(&claims)));
        group.finish();
    }
}

fn plain(claims: &[Claim]) -> bool {
    claims.iter().all(|claim| claim.verify().is_ok())
}

fn strict(claims: &[Claim], keys: &KeysRead) -> bool {
    claims.iter().all(|claim| keys.strict(claim))
}
