//! What can be typed after `undercut bench`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};
use undercut_benches::compare::Allowance;

/// What `bench` takes.
#[derive(Debug, ClapArgs)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Bench {
    #[command(subcommand)]
    pub(crate) verb: Option<BenchVerb>,
    /// Operations, or areas of them: `match/book`, `match`; none plays all
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) play: Play,
    /// Print one JSON object (schema undercut.bench/1)
    #[arg(long)]
    pub(crate) json: bool,
}

/// How much is played, and where.
#[derive(Debug, ClapArgs)]
pub(crate) struct Play {
    /// Fewer rounds and smaller workloads: everything in less than a minute
    #[arg(long)]
    pub(crate) quick: bool,
    /// Threads of what runs on several [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    pub(crate) threads: Option<u32>,
    /// Where files are written that are timed, and removed again [default: the folder for temporary files]
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BenchVerb {
    /// Hold operations against their targets; exit 1 when one is missed
    #[command(
        override_usage = "undercut bench gate [OPTIONS] <NAME>...\n       undercut bench gate [OPTIONS] --all",
        before_help = "Examples:\n  undercut bench gate match/book\n  undercut bench gate --all\n  undercut bench gate alloc/bid --quick"
    )]
    Gate(Gate),
    /// Compare two reports ratio by ratio; exit 1 when one got worse by more than the gate
    #[command(
        before_help = "Examples:\n  undercut bench compare before.json after.json\n  undercut bench compare before.json after.json --gate 10%\n  undercut bench --json > after.json"
    )]
    Compare {
        /// What `bench --json` printed before
        #[arg(value_name = "A")]
        before: PathBuf,
        /// What it printed after
        #[arg(value_name = "B")]
        after: PathBuf,
        /// By which part a ratio may get worse
        #[arg(long, default_value = "5%", value_name = "PERCENT")]
        gate: Allowance,
        /// Print one JSON object (schema undercut.bench-compare/1)
        #[arg(long)]
        json: bool,
    },
    /// Draw a report: up to three pictures in SVG, readable on light and dark ground
    #[command(
        before_help = "Examples:\n  undercut bench chart report.json --out charts\n  undercut bench chart report.json --out charts --force\n  undercut bench --json > report.json"
    )]
    Chart {
        /// What `bench --json` printed
        file: PathBuf,
        /// The folder for the pictures, which is made if it is not there
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Replace pictures that are there already
        #[arg(long)]
        force: bool,
    },
}

/// What `bench gate` takes.
#[derive(Debug, ClapArgs)]
pub(crate) struct Gate {
    /// Operations, or areas of them
    #[arg(value_name = "NAME", required_unless_present = "all", conflicts_with = "all")]
    pub(crate) names: Vec<String>,
    /// Every operation that has a target
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) play: Play,
    /// Print one JSON object (schema undercut.bench-gate/1)
    #[arg(long)]
    pub(crate) json: bool,
}
