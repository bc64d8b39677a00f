//! Reading the clocks that the other rows are taken with.

use std::hint::black_box;

use crate::clock::{Wall, cpu_timed, thread_time};
use crate::contest::Contest;
use crate::row::Row;
use crate::settings::Settings;

const READINGS: usize = 10_000;

/// The wall's clock, which open loops read, beside the clock of one thread, which is a system call.
pub fn read(settings: &Settings, rows: &mut Vec<Row>) {
    let wall = || {
        cpu_timed(|| {
            (0..READINGS).for_each(|_| {
                black_box(Wall::now());
            })
        })
    };
    let thread = || {
        cpu_timed(|| {
            (0..READINGS).for_each(|_| {
                black_box(thread_time());
            })
        })
    };
    let contest = Contest::new("clock/read", "clock=wall").operations(READINGS);
    rows.push(contest.ours(wall).structure("clock=thread", thread).run(settings));
}
