//! Checking signatures: alone, and in windows of several sizes.
//!
//! `signatures::check`: 1,024 signatures by 64 or 1,000 keys.
//!
//! | by | what it is |
//! | --- | --- |
//! | `ours` | `Verifier`, which knows the keys from the windows before |
//! | `plain` | `Claim::verify`, one at a time, the key read each time |
//! | `floor` | what no window spares a signature: its nonce's point out of 32 bytes, and one SHA-512 |
//! | `strict` | `verify_strict` of `ed25519-dalek`, one at a time, keys read once |
//! | `ed25519-dalek` | `verify_batch` of `ed25519-dalek` in batches of 256, keys read once |
//! | `ed25519-zebra` | its batch, 1,024 at a time |
//!
//! The floor knows the keys and leaves out the sum of points, whose share of a signature is the smaller
//! the larger the window: no check that reads one signature after the other can be faster. It has no
//! verdict to compare; that it finds a point and a number in every signature is asserted.
//!
//! `bid::signed`, `bid::bundle16`, `bid::bundle64` and `lease::record` are the rows of these names of
//! `undercut bench`: whole ways, with our checks alone or a bare signature as their floor.
//!
//! Estimate. A nonce's point costs a square root, 3.5 us; its share of one long sum of points 16
//! additions of 0.1 us, and 32 more for its key where no other of the window has the same; a single
//! check 250 doublings instead, some 25 us. So a window of 1,024 should cost 6 to 9 us each.

use criterion::{BenchmarkId, Criterion, Throughput};
use undercut_benches::signatures::{Garbage, Intake, KeysRead, read_alone, zebra_batches};
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
        for window in [1, 32, 256, 1024] {
            let mut verifier = Verifier::with_window(BatchWindow::fixed(window));
            assert!(verifier.verify_all(&claims).iter().all(Result::is_ok));
            let name = format!("keys={keys} window={window} by=ours");
            group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
                bencher.iter(|| verifier.verify_all(&claims));
            });
        }
        assert!(plain(&claims) && strict(&claims, &read) && read_alone(&claims));
        assert!(read.dalek_batches(&claims) && zebra_batches(&claims));
        let mut time = |by: &str, check: &dyn Fn() -> bool| {
            let id = BenchmarkId::from_parameter(format!("keys={keys} {by}"));
            group.bench_function(id, |bencher| bencher.iter(check));
        };
        time("by=plain", &|| plain(&claims));
        time("by=floor", &|| read_alone(&claims));
        time("by=strict", &|| strict(&claims, &read));
        time("by=ed25519-dalek", &|| read.dalek_batches(&claims));
        time("by=ed25519-zebra", &|| zebra_batches(&claims));
        group.finish();
    }
}

fn plain(claims: &[Claim]) -> bool {
    claims.iter().all(|claim| claim.verify().is_ok())
}

fn strict(claims: &[Claim], keys: &KeysRead) -> bool {
    claims.iter().all(|claim| keys.strict(claim))
}
