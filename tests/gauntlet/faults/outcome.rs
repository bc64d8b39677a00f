//! [`Outcome`]: what a row looked at and what was wrong, added up over seeds and threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::args::{Args, Length};
use crate::clock::Clock;
use crate::report::{Table, Verdict};

/// How many things wrong a row shows.
const SHOWN: usize = 5;

/// Into how many parts a long run's minutes are cut: one for each row that has no end.
const PARTS: u32 = 7;

/// What a row found.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// How much it looked at.
    pub(crate) figure: u64,
    /// What was wrong, each with the place.
    pub(crate) wrong: Vec<String>,
}

impl Outcome {
    /// Counts one thing looked at.
    pub(crate) fn note(&mut self, checked: Result<(), String>, place: impl FnOnce() -> String) {
        self.figure += 1;
        if let Err(problem) = checked {
            self.wrong.push(format!("{}: {problem}", place()));
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.figure += other.figure;
        self.wrong.extend(other.wrong);
    }

    /// Prints the row, and for a failure what was wrong and how to see it again.
    pub(crate) fn show(self, table: &mut Table, row: &str, target: Option<u64>, clock: &Clock) {
        for problem in self.wrong.iter().take(SHOWN) {
            println!("  {row}: {problem}");
        }
        if self.wrong.len() > SHOWN {
            println!("  {row}: and {} more", self.wrong.len() - SHOWN);
        }
        let has_enough = self.figure > 0 && target.is_none_or(|target| self.figure >= target);
        let verdict =
            if has_enough && self.wrong.is_empty() { Verdict::Pass } else { Verdict::Fail };
        table.row(verdict, row, self.figure, target);
        println!("  {row}: {} ms", clock.passed().as_millis());
    }
}

/// How to see what a seed did again.
pub(crate) fn again(row: &str, seed: u64) -> String {
    format!("seed {seed}; again: cargo gauntlet faults --only {row} --seed {seed}")
}

/// Works through seeds on all threads: `fast` of them, or for a part of a long run's minutes. Stops
/// early after a seed that found something wrong.
pub(crate) fn seeds(
    args: &Args,
    row: &str,
    fast: u64,
    work: impl Fn(u64) -> Outcome + Sync,
) -> Outcome {
    let (sum, next, stop) =
        (Mutex::new(Outcome::default()), AtomicU64::new(0), AtomicBool::new(false));
    let clock = Clock::start();
    let is_over = |number: u64| match args.length {
        Length::Fast => number >= fast,
        Length::Long { minutes } => {
            let part = Duration::from_secs(minutes.saturating_mul(60)) / PARTS;
            number >= fast && clock.passed() >= part
        }
    };
    let thread = || {
        while !stop.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if is_over(number) {
                return;
            }
            let seed = args.seed.wrapping_add(number);
            let mut found = guarded(|| work(seed));
            for problem in &mut found.wrong {
                problem.push_str(&format!("\n    {}", again(row, seed)));
            }
            stop.fetch_or(!found.wrong.is_empty(), Ordering::Relaxed);
            sum.lock().expect("no thread panics here").add(found);
        }
    };
    std::thread::scope(|scope| (0..args.threads).for_each(|_| drop(scope.spawn(thread))));
    sum.into_inner().expect("no thread panics here")
}

/// A panic is something wrong like any other.
fn guarded(work: impl FnOnce() -> Outcome) -> Outcome {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        let wrong = vec![format!("a panic: {}", text.unwrap_or_default())];
        Outcome { figure: 0, wrong }
    })
}
