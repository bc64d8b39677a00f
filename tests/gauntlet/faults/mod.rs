//! The table `faults`: a log whose writer is killed, whose disk loses power, bits or bytes, or fails.
//!
//! | row | what is tried | what must hold |
//! | --- | --- | --- |
//! | `kill-boundary` | a process killed before each operation that changes the disk | everything it acknowledged is there, the rest up to a whole block; the log goes on |
//! | `kill-syscall` | the same in system calls, by `strace` | the same |
//! | `kill-9` | writers at full speed killed at random moments, always in the same folder | every receipt is found |
//! | `two-writers` | a second writer beside a living one and after a dead one | refused, let in |
//! | `full-disk` | a small disk that fills up at every page | the writer stops; every receipt is there; with room it goes on |
//! | `crash-images` | power lost after every operation, writes and names lost in every way | as for a kill, and nothing acknowledged is ever cut |
//! | `recovery-crashed` | power lost again at every operation of recovery | the same, and what recovery kept is kept |
//! | `flips` | every bit of every file | refused or reported, with file, offset and record |
//! | `flips-opened` | a bit of every byte that is not padding, opened for writing | refused and nothing changed, or nothing lost and told |
//! | `truncations` | every file at every length | refused, with the file |
//! | `frames` | frames, blocks, segments and snapshots swapped, dropped, repeated, renamed, of another log | refused; what lies beside the log is named |
//! | `errors` | every way to fail, at every operation, once and for ever | nothing is acknowledged any more; every receipt is there, also after a loss of power |
//! | `read-errors` | every read fails, once and for ever | an error or the truth |
//! | `caught/…` | a disk that lies, a damage that is not there | the rows above notice: the figure is how often |
//!
//! Seeds: workload `seed % 6` in the rows of one workload, all six in the others.

mod crash;
mod damage;
mod failing;
mod full;
mod killed;
mod log;
mod lying;
mod outcome;
mod process;
mod tamper;
mod workload;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::args::Args;
use crate::clock::Clock;
use crate::report::{Table, Verdict};
use damage::Closed;
use outcome::{Outcome, seeds};
use workload::WORKLOADS;

/// What a row does with the command line.
type Play = fn(&Args) -> Outcome;

/// A row: its name, what it has to reach, and what it does. A long run reaches more; `summary` adds up.
const ROWS: [(&str, u64, Play); 12] = [
    ("crash-images", 100_000, |args| {
        seeds(args, "crash-images", 42, |seed| crash::crash_images(seed, |disk| Arc::new(disk)))
    }),
    ("recovery-crashed", 10_000, |args| {
        seeds(args, "recovery-crashed", 2, crash::recovery_crashed)
    }),
    ("flips", 500_000, |args| {
        parts(args, "flips", |log, part| damage::flips(log, part, PARTS, false))
    }),
    ("flips-opened", 2_000, |args| {
        parts(args, "flips-opened", |log, part| match part {
            0 => damage::flips_opened(log),
            _ => Outcome::default(),
        })
    }),
    ("truncations", 10_000, |args| {
        parts(args, "truncations", |log, part| match part {
            0 => damage::truncations(log),
            _ => Outcome::default(),
        })
    }),
    ("frames", 1_000, |args| {
        seeds(args, "frames", 4, |seed| {
            with_log(seed, |log| with_log(seed ^ (1 << 63), |foreign| tamper::frames(log, foreign)))
        })
    }),
    ("errors", 2_000, |args| {
        seeds(args, "errors", 6, |number| failing::errors(nth(number), number))
    }),
    ("read-errors", 1_000, |args| {
        seeds(args, "read-errors", 6, |number| failing::read_errors(nth(number), number))
    }),
    ("caught/no-file-sync", 1, |args| caught(args, lying::without_file_syncs)),
    ("caught/no-folder-sync", 1, |args| caught(args, lying::without_folder_syncs)),
    ("caught/short-writes", 1, |args| caught(args, lying::with_short_writes)),
    ("caught/unseen-flips", 1, |args| {
        let found = with_log(args.seed, |log| damage::flips(log, 0, 101, true));
        Outcome { figure: found.wrong.len() as u64, wrong: Vec::new() }
    }),
];

/// Into how many parts the bits of a log are cut, for several threads.
const PARTS: usize = 16;

/// Plays the table.
pub(crate) fn run(args: &Args, table: &mut Table) {
    std::panic::set_hook(Box::new(|_| {}));
    processes(args, table);
    for (row, target, play) in ROWS {
        if args.wants(row) {
            let clock = Clock::start();
            play(args).show(table, row, Some(target), &clock);
        }
    }
    drop(std::panic::take_hook());
}

/// The rows that need more than this process.
fn processes(args: &Args, table: &mut Table) {
    let mut show = |row: &str, target, play: &dyn Fn() -> Outcome| {
        if args.wants(row) {
            let clock = Clock::start();
            play().show(table, row, Some(target), &clock);
        }
    };
    show("kill-boundary", 250, &|| seeds(args, "kill-boundary", 6, process::kill_boundaries));
    if process::has_strace() {
        show("kill-syscall", 40, &|| {
            seeds(args, "kill-syscall", 6, |seed| process::kill_calls(seed, 3))
        });
    } else {
        skip(args, table, "kill-syscall", "no strace that may trace");
    }
    kills(args, table);
    let mut show = |row: &str, target, found: Outcome, clock| {
        found.show(table, row, Some(target), &clock);
    };
    if args.wants("two-writers") {
        let clock = Clock::start();
        show("two-writers", 10, process::two_writers(args.seed), clock);
    }
    if args.wants("full-disk") {
        let clock = Clock::start();
        match full::full_disk(args.seed) {
            Ok(found) => show("full-disk", 60, found, clock),
            Err(missing) => skip(args, table, "full-disk", &missing),
        }
    }
}

fn skip(args: &Args, table: &mut Table, row: &str, missing: &str) {
    if args.wants(row) {
        println!("  {row}: {missing}");
        table.row(Verdict::Skip, row, 0, None);
    }
}

/// Row `kill-9`: its rounds, and the receipts that were looked for.
fn kills(args: &Args, table: &mut Table) {
    if !args.wants("kill-9") {
        return;
    }
    let (clock, receipts) = (Clock::start(), AtomicU64::new(0));
    let found = seeds(args, "kill-9", 2, |seed| {
        let (found, told) = process::kill_rounds(seed, 100);
        receipts.fetch_add(told, Ordering::Relaxed);
        found
    });
    let lost = found.wrong.len() as u64;
    println!("  kill-9: {} receipts, {lost} rounds with a loss", receipts.load(Ordering::Relaxed));
    found.show(table, "kill-9", Some(200), &clock);
}

/// The workload of a seed, in turn.
fn nth(number: u64) -> &'static workload::Workload {
    let at = usize::try_from(number % WORKLOADS.len() as u64).unwrap_or_default();
    WORKLOADS.get(at).unwrap_or(&WORKLOADS[0])
}

/// Does something with a closed log of several segments and two snapshots.
fn with_log(seed: u64, work: impl FnOnce(&Closed) -> Outcome) -> Outcome {
    match Closed::new(&workload::DAMAGED, seed) {
        Ok(log) => work(&log),
        Err(problem) => Outcome { figure: 0, wrong: vec![problem] },
    }
}

/// The parts of one log after the other.
fn parts(args: &Args, row: &str, work: fn(&Closed, usize) -> Outcome) -> Outcome {
    seeds(args, row, 2, |seed| {
        with_log(seed, |log| {
            let threads = args.threads.max(1);
            std::thread::scope(|scope| {
                let own = |first: usize| {
                    let mut sum = Outcome::default();
                    (first..PARTS).step_by(threads).for_each(|part| sum.add(work(log, part)));
                    sum
                };
                let running: Vec<_> =
                    (0..threads).map(|first| scope.spawn(move || own(first))).collect();
                let mut sum = Outcome::default();
                for thread in running {
                    let found = thread.join();
                    let wrong = vec!["a panic".to_owned()];
                    sum.add(found.unwrap_or(Outcome { figure: 0, wrong }));
                }
                sum
            })
        })
    })
}

/// How many images show that a disk does not do what it says.
fn caught(
    args: &Args,
    wrap: fn(undercut_store::SimulatedDisk) -> undercut_store::SharedDisk,
) -> Outcome {
    let found = crash::crash_images(args.seed, wrap);
    Outcome { figure: found.wrong.len() as u64, wrong: Vec::new() }
}

/// Does what a hidden command line says, for tables that need a process to kill.
pub(crate) fn child(words: &[String]) -> Option<std::process::ExitCode> {
    killed::child(words)
}
