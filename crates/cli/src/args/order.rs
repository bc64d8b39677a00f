//! What can be typed after `undercut order`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};
use undercut_primitives::usd::Usd;

use super::sdl::usd;

#[derive(Debug, Subcommand)]
pub(crate) enum Order {
    /// Say of every provider whether it bids, or why not and by how much; and what would bring a bid
    #[command(
        override_usage = "undercut order explain [OPTIONS] <DIR> <ORDER>\n       undercut order explain [OPTIONS] --dry-run <FILE>",
        before_help = "Examples:\n  undercut order explain --dry-run deploy.yaml\n  undercut order explain market o1\n  undercut order explain market o1 --at 20 --json",
        after_help = "Exit codes: 0 somebody bids on every group, 1 nobody bids on one or the manifest has errors, 2 wrong use,\n3 a file cannot be read, 6 the log is damaged."
    )]
    Explain(ExplainOrder),
}

/// What `order explain` takes.
#[derive(Debug, ClapArgs)]
pub(crate) struct ExplainOrder {
    /// The folder that `demo --log` made
    #[arg(required_unless_present = "dry_run", conflicts_with = "dry_run")]
    pub(crate) dir: Option<PathBuf>,
    /// The order: `o1` is the first one of the log; or owner/dseq/gseq/oseq
    #[arg(required_unless_present = "dry_run", conflicts_with = "dry_run")]
    pub(crate) order: Option<String>,
    /// Ask the providers of `demo FILE` about this manifest, with nothing else running; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) dry_run: Option<PathBuf>,
    /// The source of everything that is drawn about the providers
    #[arg(long, default_value_t = 42, value_name = "N", conflicts_with = "dir")]
    pub(crate) seed: u64,
    /// How many providers are asked
    #[arg(long, default_value_t = 5, value_name = "N", conflicts_with = "dir", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) providers: u32,
    /// As of the end of this block [default: providers as of the block that opened the order, bids as of the end of the log]
    #[arg(long, value_name = "HEIGHT", conflicts_with = "dry_run")]
    pub(crate) at: Option<u64>,
    /// What an AKT is worth, to tell prices in uakt in dollars
    #[arg(long, value_name = "USD", value_parser = usd)]
    pub(crate) akt_usd: Option<Usd>,
    /// Print one JSON object (schema undercut.order-explain/1)
    #[arg(long)]
    pub(crate) json: bool,
}
