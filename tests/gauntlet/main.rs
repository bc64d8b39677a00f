//! The gauntlet: tables of hard tests for developers, run by `cargo gauntlet <table>`.
//!
//! | table | what |
//! | --- | --- |
//! | `invariants` | random markets, a model beside each, sixteen invariants |
//! | `authority` | every command by everyone, with every fault of a signature, on every state |
//! | `determinism` | the same logs by several builds, threads, orders and machines |
//! | `faults` | a log whose writer is killed, whose disk loses power, bits or bytes, or fails |
//! | `planted` | bugs put into the sources on purpose: each has to be found |
//! | `summary` | the figures of all long runs, added up |
//!
//! Options: see [`USAGE`]. Every row prints `PASS|FAIL|SKIP row figure target seed commit`; the program ends
//! with 0 only when nothing failed and something passed. A new table is a module with a function
//! `run` and a row in [`TABLES`].

mod args;
mod authority;
mod clock;
mod determinism;
mod faults;
mod invariants;
mod model;
mod planted;
mod report;

use std::process::ExitCode;

use args::Args;
use report::Table;

/// Tables by name.
type Run = fn(&Args, &mut Table);
const TABLES: [(&str, Run); 5] = [
    ("invariants", invariants::run),
    ("authority", authority::run),
    ("determinism", determinism::run),
    ("faults", faults::run),
    ("planted", planted::run),
];

const USAGE: &str = "\
cargo gauntlet TABLE [OPTIONS]

  invariants   random markets beside a plain model, and the sixteen invariants
  authority    every command, by everyone, with every fault of a signature, on every state
  determinism  the same logs by several builds, threads, orders and machines
  faults       a log whose writer is killed, whose disk loses power, bits or bytes, or fails
  planted      bugs put into a copy of the sources, each of which has to be noticed
  summary      the figures of all long runs, added up

  --fast         below a minute, once built (default)
  --long         ten minutes; all guards of each planted bug
  --minutes N    as long
  --seed N       the first seed (default 1)
  --only ROW     one row; `market` plays the one market of --seed
  --threads N    default: one per core
  --steps N      of invariants (default 1,000,000)

Ends with 0 when nothing failed and something passed, with 1 otherwise, with 2 on wrong use.";

/// Wrong use.
fn refuse(problem: &str) -> ExitCode {
    eprintln!("{problem}\n\n{USAGE}");
    ExitCode::from(2)
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.iter().any(|word| word == "--help" || word == "-h") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    if let Some(code) = faults::child(&words) {
        return code;
    }
    // How the table `determinism` runs this program.
    if let [table, words @ ..] = &words[..]
        && table == "play"
    {
        return match determinism::told(words) {
            Ok(text) => {
                print!("{text}");
                ExitCode::SUCCESS
            }
            Err(problem) => refuse(&problem),
        };
    }
    let args = match Args::parse(words.into_iter()) {
        Ok(args) => args,
        Err(problem) => return refuse(&problem),
    };
    if args.table == "summary" {
        return if report::summary() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let Some((_, run)) = TABLES.iter().find(|(name, _)| *name == args.table) else {
        return refuse(&format!("there is no table `{}`", args.table));
    };
    let clock = clock::Clock::start();
    let mut table = Table::new(&args);
    run(&args, &mut table);
    let passed = table.end();
    println!("{} s", clock.passed().as_secs());
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
