//! Keeping a log in files, verifying it, starting from it, and deciding all of it again.
//!
//! The rows `log/append`, `log/verify`, `replay/records` and `replay/commands` of `undercut bench`:
//! [`undercut_benches::rows::log`] says who plays and what of. Times of what waits for a disk or runs
//! on several threads are those of the wall.
//!
//! Estimate. A record of 280 bytes is five compressions, with its inner node seven, over 4.4 of a
//! pass over the same bytes: one thread should reach 0.5 of it, two 0.9 where two cores are free.

use criterion::Criterion;

fn main() {
    undercut_benches::run(&[log]);
}

fn log(criterion: &mut Criterion) {
    let operations = ["log/append", "log/verify", "replay/records", "replay/commands"];
    undercut_benches::contests(criterion, &operations);
}
