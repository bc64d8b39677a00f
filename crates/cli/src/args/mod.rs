//! What can be typed.

mod bench;
mod log;
mod order;
mod sdl;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};

pub(crate) use bench::{Bench, BenchVerb, Gate, Play};
pub(crate) use log::{
    CheckProof, Export, Log, Prove, ProveExtension, ProveLease, ProveState, Replay, ShowProgress,
    TableFormat,
};
pub(crate) use order::{ExplainOrder, Order};
pub(crate) use sdl::{Check, Diff, Explain, Fmt, Format, New, Sdl};

use crate::style::{Style, When};

/// The reference engine for compute marketplaces.
#[derive(Debug, Parser)]
#[command(
    name = "undercut",
    version,
    about = "The reference engine for compute marketplaces: manifests become orders, bids compete, the lowest price wins, and a hash-chained log proves it.",
    before_help = "Examples:\n  undercut demo\n  undercut sdl check deploy.yaml\n  undercut demo deploy.yaml --log market && undercut log verify market",
    after_help = "Exit codes: 0 done or yes, 1 the answer is no, 2 wrong use, 3 a file cannot be read or written,\n6 stored data damaged, 70 bug, 130 interrupted.",
    propagate_version = true
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) verb: Verb,
    /// Tell more on standard error; twice for every command
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Print only ASCII
    #[arg(long, global = true)]
    ascii: bool,
    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t = When::Auto, value_name = "WHEN")]
    color: When,
}

impl Args {
    /// The characters and colours to print in.
    pub(crate) fn style(&self) -> Style {
        Style::detect(self.ascii, self.color)
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Play a market and watch it: orders, bids, leases, escrow, burns, log
    #[command(
        before_help = "Examples:\n  undercut demo\n  undercut demo deploy.yaml --providers 20\n  undercut demo sdl-examples/*.yaml --seed 7 --log market --json"
    )]
    Demo(Demo),
    /// Time the engine's operations beside floors, plain versions and peers
    #[command(
        before_help = "Examples:\n  undercut bench --quick\n  undercut bench match/book\n  undercut bench gate --all"
    )]
    Bench(Bench),
    /// Check, show, compare and export a kept log
    #[command(
        subcommand,
        before_help = "Examples:\n  undercut log verify market\n  undercut log verify market --head 5f0c…\n  undercut log export market --format csv"
    )]
    Log(Log),
    /// Tell who bids on an order, who does not, and why
    #[command(
        subcommand,
        before_help = "Examples:\n  undercut order explain --dry-run deploy.yaml\n  undercut order explain market o1\n  undercut order explain market o1 --json"
    )]
    Order(Order),
    /// Write, check, explain and compare manifests
    #[command(
        subcommand,
        before_help = "Examples:\n  undercut sdl new --out deploy.yaml\n  undercut sdl check deploy.yaml\n  undercut sdl explain deploy.yaml"
    )]
    Sdl(Sdl),
    /// Tell what a code means; without one, list all codes
    #[command(
        before_help = "Examples:\n  undercut explain SDL014\n  undercut explain bid6\n  undercut explain"
    )]
    Explain {
        /// The code as it was printed; capitals and zeros do not matter
        code: Option<String>,
    },
}

/// What `demo` takes.
#[derive(Debug, ClapArgs)]
pub(crate) struct Demo {
    /// Manifests for the tenants to deploy, one tenant each; none plays the embedded market
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The source of everything that is drawn; the same seed gives the same log
    #[arg(long, default_value_t = 42, value_name = "N")]
    pub(crate) seed: u64,
    /// How many blocks to play [default: 2400]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) blocks: Option<u64>,
    /// How many providers take part
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) providers: u32,
    /// Keep the log in this folder, which must be new or empty
    #[arg(long, value_name = "DIR")]
    pub(crate) log: Option<PathBuf>,
    /// Leave out manifests with errors instead of stopping before the market starts
    #[arg(long, requires = "files")]
    pub(crate) skip_invalid: bool,
    /// Threads that check signatures; changes how long it takes and nothing else [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    pub(crate) threads: Option<u32>,
    /// Print one JSON object (schema undercut.demo/1) instead of the story
    #[arg(long)]
    pub(crate) json: bool,
}
