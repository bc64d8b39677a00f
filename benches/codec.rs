//! The byte form: encoding and decoding a signed lease, the largest thing that every award writes.
//!
//! The row `codec/lease` of `undercut bench`: [`undercut_benches::rows::codec`] says who plays.

use criterion::Criterion;

fn main() {
    undercut_benches::run(&[lease]);
}

fn lease(criterion: &mut Criterion) {
    undercut_benches::contests(criterion, &["codec/lease"]);
}
