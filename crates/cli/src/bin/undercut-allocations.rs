//! Counts what the matching core allocates, for `undercut bench alloc/bid`.
//!
//! Counting slows every allocation down, so it is done in a process in which nothing is timed.

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use undercut_benches::rows::alloc;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    let bids = std::env::args().nth(1).and_then(|bids| bids.parse().ok()).unwrap_or(200_000);
    let counts = alloc::counted(bids, |play| {
        let region = Region::new(ALLOCATOR);
        play();
        let change = region.change();
        change.allocations.saturating_add(change.reallocations)
    });
    let counts: Vec<String> = counts.iter().map(ToString::to_string).collect();
    println!("{}", counts.join(" "));
}
