//! The gauntlet: tables of hard tests for developers, run by `cargo gauntlet <table>`.
//!
//! | table | what |
//! | --- | --- |
//! | `invariants` | random markets, a model beside each, sixteen invariants |
//! | `authority` | every command by everyone, with every fault of a signature, on every state |
//! | `planted` | bugs put into the sources on purpose: each has to be found |
//! | `summary` | the figures of all long runs, added up |
//!
//! Options: `--fast` (default), `--long`, `--minutes N`, `--seed S`, `--only ROW`, `--threads N`,
//! `--steps N`. Every row prints `PASS|FAIL|SKIP row figure target seed commit`; the program ends
//! with 0 only when nothing failed and something passed. A new table is a module with a function
//! `run` and a row in [`TABLES`].

mod args;
mod authority;
mod clock;
mod invariants;
mod model;
mod planted;
mod report;

use std::process::ExitCode;

use args::Args;
use report::Table;

/// Tables by name.
type Run = fn(&Args, &mut Table);
const TABLES: [(&str, Run); 3] =
    [("invariants", invariants::run), ("authority", authority::run), ("planted", planted::run)];

fn main() -> ExitCode {
    let args = match Args::parse(std::env::args().skip(1)) {
        Ok(args) => args,
        Err(problem) => {
            let tables: Vec<&str> = TABLES.iter().map(|(name, _)| *name).collect();
            eprintln!("{problem}; tables: {}, summary", tables.join(", "));
            return ExitCode::from(2);
        }
    };
    if args.table == "summary" {
        return if report::summary() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let Some((_, run)) = TABLES.iter().find(|(name, _)| *name == args.table) else {
        eprintln!("there is no table `{}`", args.table);
        return ExitCode::from(2);
    };
    let clock = clock::Clock::start();
    let mut table = Table::new(&args);
    run(&args, &mut table);
    let passed = table.end();
    println!("{} s", clock.passed().as_secs());
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
