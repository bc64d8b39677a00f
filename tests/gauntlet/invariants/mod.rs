//! The table `invariants`: random markets, a model beside each, and the sixteen invariants.
//!
//! Every seed is a market of its own of [`STEPS_OF_A_MARKET`] steps; markets run on all cores and
//! share nothing. A step is one command that is tried, or the border between two blocks. The first
//! market that fails ends the table: its script is shortened and printed.

mod cast;
mod commands;
mod compare;
mod deposits;
mod director;
mod market;
mod marks;
mod replaying;
mod requests;
mod rules;
mod script;
mod seen;
mod shrink;
mod spoil;
mod supply;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::args::{Args, Length};
use crate::clock::Clock;
use crate::report::Table;
pub(crate) use cast::CHAIN_ID;
use cast::Draw;
use commands::KINDS;
use director::Director;
use market::{FULL_EVERY, Market};
use marks::{Counts, MARKS};
use rules::{Checks, Failure, NAMES};
use script::Step;

/// Steps of one market.
const STEPS_OF_A_MARKET: u64 = 2_500;

/// Steps of a run with `--fast`.
const STEPS_FAST: u64 = 1_000_000;

/// Markets of a run with `--fast`, at least.
const MARKETS_FAST: u64 = 200;

/// The steps that a long run should reach.
const STEPS_LONG: u64 = 1_000_000_000;

/// How often each kind of command must be accepted.
const ACCEPTED_EACH: u64 = 500;

/// How many different codes of refusals must be met.
const CODES_REFUSED: u64 = 60;

/// What was done, over all markets.
#[derive(Default)]
struct Tally {
    steps: u64,
    markets: u64,
    checks: Checks,
    marks: Counts,
    accepted: Counts,
    codes: BTreeSet<String>,
}

/// How a script went.
pub(crate) enum Played {
    /// To its end.
    Well,
    /// It failed at this step; at the number of steps when the end of the market failed.
    Failed { at: usize, failure: Failure },
}

/// A market that failed.
struct Broken {
    seed: u64,
    script: Vec<Step>,
    at: usize,
    failure: Failure,
}

/// Plays the table.
pub(crate) fn run(args: &Args, table: &mut Table) {
    let (rows, wrong) = supply::grid();
    if let Some(text) = &wrong {
        println!("  supply: {text}");
    }
    table.held("supply", rows, wrong.is_none());
    let (most, fits) = deposits::alternating();
    println!("  deposits: an account of one tenant came to hold {most}");
    table.held("deposits", most, fits);
    std::panic::set_hook(Box::new(|_| {}));
    let (tally, broken) = play(args);
    drop(std::panic::take_hook());
    report(args, table, &tally, broken.as_ref());
    if let Some(broken) = broken {
        explain(&broken);
    }
}

/// How many markets, and until when.
fn markets(args: &Args) -> u64 {
    if args.is_only("market") {
        return 1;
    }
    match (args.steps, args.length) {
        (Some(steps), _) => steps.div_ceil(STEPS_OF_A_MARKET),
        (None, Length::Fast) => STEPS_FAST.div_ceil(STEPS_OF_A_MARKET),
        (None, Length::Long { .. }) => u64::MAX,
    }
}

fn play(args: &Args) -> (Tally, Option<Broken>) {
    let (tally, broken) = (Mutex::new(Tally::default()), Mutex::new(None::<Broken>));
    let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let (markets, clock) = (markets(args), Clock::start());
    let work = || {
        while !stop.load(Ordering::Relaxed) && !args.is_over(&clock) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= markets {
                return;
            }
            let seed = args.seed.wrapping_add(number);
            match play_seed(seed) {
                Ok(market) => add(&mut tally.lock().expect("no market panics"), &market),
                Err(found) => {
                    stop.store(true, Ordering::Relaxed);
                    let mut broken = broken.lock().expect("no market panics");
                    if broken.as_ref().is_none_or(|other| found.seed < other.seed) {
                        *broken = Some(found);
                    }
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..args.threads {
            scope.spawn(work);
        }
    });
    let tally = tally.into_inner().expect("no market panics");
    (tally, broken.into_inner().expect("no market panics"))
}

fn add(tally: &mut Tally, market: &Market) {
    tally.steps += STEPS_OF_A_MARKET;
    tally.markets += 1;
    for (sum, count) in tally.checks.0.iter_mut().zip(market.checks.0) {
        *sum += count;
    }
    for (mark, count) in &market.marks.counts {
        *tally.marks.entry(mark).or_default() += count;
    }
    for (kind, count) in &market.marks.accepted {
        *tally.accepted.entry(kind).or_default() += count;
    }
    tally.codes.extend(market.marks.codes.iter().cloned());
}

/// A step that panics fails as any other.
fn guarded(step: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
    catch_unwind(AssertUnwindSafe(step)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        Err(Failure::new("panic", text.unwrap_or_default()))
    })
}

/// Plays the market of a seed.
fn play_seed(seed: u64) -> Result<Market, Broken> {
    let draw = Draw::new(seed);
    let mut script = Vec::new();
    let broken = |script: Vec<Step>, at, failure| Broken { seed, script, at, failure };
    let mut market = match Market::new(&draw, FULL_EVERY) {
        Ok(market) => market,
        Err(failure) => return Err(broken(script, 0, failure)),
    };
    let mut director = Director::new(seed, &draw);
    for at in 0..STEPS_OF_A_MARKET {
        let step = director.next(&market);
        let done = guarded(|| market.step(&step));
        script.push(step);
        if let Err(failure) = done {
            let at = usize::try_from(at).unwrap_or_default();
            return Err(broken(script, at, failure));
        }
    }
    match guarded(|| market.finish()) {
        Ok(()) => Ok(market),
        Err(failure) => {
            let at = script.len();
            Err(broken(script, at, failure))
        }
    }
}

/// Plays a script to its end, with all rules in full at every step.
pub(crate) fn play_script(draw: &Draw, script: &[Step]) -> Played {
    let mut market = match Market::new(draw, 1) {
        Ok(market) => market,
        Err(failure) => return Played::Failed { at: 0, failure },
    };
    for (at, step) in script.iter().enumerate() {
        if let Err(failure) = guarded(|| market.step(step)) {
            return Played::Failed { at, failure };
        }
    }
    match guarded(|| market.finish()) {
        Ok(()) => Played::Well,
        Err(failure) => Played::Failed { at: script.len(), failure },
    }
}

fn report(args: &Args, table: &mut Table, tally: &Tally, broken: Option<&Broken>) {
    let rule = broken.map(|broken| broken.failure.rule.as_str()).unwrap_or_default();
    let is_long = matches!(args.length, Length::Long { .. });
    // A run that was cut short, or asked for one market, has no figures to reach.
    let is_whole = args.steps.is_none() && !args.is_only("market");
    let steps = if is_long { STEPS_LONG } else { STEPS_FAST };
    let markets = if is_long { 20_000 } else { MARKETS_FAST };
    // A long run adds its part to the figure; the `summary` shows the sum.
    let judged = |figure, target| (is_whole && (!is_long || figure >= target)).then_some(target);
    table.count("steps", tally.steps, judged(tally.steps, steps));
    table.count("markets", tally.markets, judged(tally.markets, markets));
    let compared = tally.checks.0[10];
    for name in ["model", "verdict", "replay", "block", "bytes", "panic"] {
        table.held(name, compared, rule != name);
    }
    for (number, name) in NAMES.iter().enumerate() {
        table.held(name, tally.checks.0[number + 1], rule != *name);
    }
    for (kind, count) in &tally.accepted {
        println!("  {kind}: {count} accepted");
    }
    let often = tally.accepted.values().filter(|count| **count >= ACCEPTED_EACH).count();
    table.count("kinds-accepted", often as u64, is_whole.then_some(KINDS.len() as u64));
    table.count("codes-refused", tally.codes.len() as u64, is_whole.then_some(CODES_REFUSED));
    for (mark, target) in MARKS {
        let count = tally.marks.get(mark).copied().unwrap_or_default();
        let target = target * (tally.steps / STEPS_FAST).max(1);
        let judged = (is_whole && target > 0).then_some(target);
        table.count(&format!("mark-{mark}"), count, judged);
    }
}

/// Prints a failure, the last commands before it, and the shortest script that still fails.
fn explain(broken: &Broken) {
    let Broken { seed, script, at, failure } = broken;
    println!("\nseed {seed}, step {at}: {}: {}", failure.rule, failure.text);
    println!("repeat: cargo gauntlet invariants --seed {seed} --only market");
    println!("\nthe last steps:");
    for step in script.iter().skip(script.len().saturating_sub(12)) {
        println!("  {step}");
    }
    std::panic::set_hook(Box::new(|_| {}));
    let (short, failure) = shrink::shrink(&Draw::new(*seed), script.clone(), failure);
    drop(std::panic::take_hook());
    println!("\n{} steps are enough: {}: {}", short.len(), failure.rule, failure.text);
    for step in short.iter().take(120) {
        println!("  {step}");
    }
}
