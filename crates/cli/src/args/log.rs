//! What can be typed after `undercut log`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand, ValueEnum};

use crate::progress::Show;

#[derive(Debug, Subcommand)]
pub(crate) enum Log {
    /// Recompute every hash and link; exit 1 when one does not fit
    #[command(
        before_help = "Examples:\n  undercut log verify market\n  undercut log verify market --head 5f0c…\n  undercut log verify market --json | jq -r .head"
    )]
    Verify {
        /// The folder that `demo --log` made
        dir: PathBuf,
        /// The head as you kept it, the hash of a seal: proves that nothing up to it was cut or replaced
        #[arg(long, value_name = "HEX")]
        head: Option<String>,
        /// Print one JSON object (schema undercut.log-verify/1)
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        progress: ShowProgress,
    },
    /// Re-derive every award, signature, payment and conversion from the records alone; exit 1 at the
    /// first that does not follow
    #[command(
        before_help = "Examples:\n  undercut log audit market\n  undercut log audit market --json\n  undercut log audit market --json | jq .finding"
    )]
    Audit {
        /// The folder that `demo --log` made
        dir: PathBuf,
        /// Print one JSON object (schema undercut.audit/1)
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        progress: ShowProgress,
    },
    /// Show what is in a log, or in one of its records
    #[command(
        before_help = "Examples:\n  undercut log inspect market\n  undercut log inspect market 17\n  undercut log inspect market --json | jq .kinds"
    )]
    Inspect {
        /// The folder that `demo --log` made
        dir: PathBuf,
        /// The record to show, by its number [default: all, by kind]
        #[arg(value_name = "SEQ")]
        sequence: Option<u64>,
        /// Print one JSON object (schema undercut.log/1, of a record undercut.log-record/1)
        #[arg(long)]
        json: bool,
    },
    /// Rebuild the state from the records and compare the roots at every seal
    #[command(
        before_help = "Examples:\n  undercut log replay market\n  undercut log replay market --commands\n  undercut -v log replay market"
    )]
    Replay(Replay),
    /// Prove to whoever keeps the head that a record is in the log
    #[command(
        before_help = "Examples:\n  undercut log prove market 17 > record.json\n  undercut log check-proof record.json --head 5f0c…\n  undercut log prove market 17 | undercut log check-proof - --head 5f0c…"
    )]
    Prove(Prove),
    /// Prove what a lease was paid up to some block
    #[command(
        before_help = "Examples:\n  undercut log prove-lease market l1 > paid.json\n  undercut log prove-lease market l1 --height 900 > paid.json\n  undercut log check-proof paid.json --head 5f0c…"
    )]
    ProveLease(ProveLease),
    /// Prove that the state had an entry after some block
    #[command(
        before_help = "Examples:\n  undercut log prove-state market params > params.json\n  undercut log prove-state market account TENANT/1 --height 900 > account.json\n  undercut log check-proof params.json --head 5f0c…",
        after_help = "Kinds without an id: genesis, block, vault, params. With a number: burn. With an address: price-source, nonce, key, provider; allowance takes grantee/granter. With an id as `log inspect` prints it: deployment, group, order, bid, account (of a deployment), lease."
    )]
    ProveState(ProveState),
    /// Prove that an older head is the start of the log: that it only grew
    #[command(
        before_help = "Examples:\n  undercut log verify market\n  undercut log prove-extension market --old 91ab… > grown.json\n  undercut log check-proof grown.json --old 91ab… --head 5f0c…"
    )]
    ProveExtension(ProveExtension),
    /// Check a proof; needs the head that you kept and nothing else; exit 1 when it does not hold
    #[command(
        before_help = "Examples:\n  undercut log check-proof record.json --head 5f0c…\n  undercut log check-proof grown.json --old 91ab… --head 5f0c…\n  undercut log prove market 17 | undercut log check-proof - --head 5f0c…"
    )]
    CheckProof(CheckProof),
    /// Write the records as a table, for other programs
    #[command(
        before_help = "Examples:\n  undercut log export market --format jsonl | jq .kind\n  undercut log export market --format csv --kind BidPlaced --out bids.csv\n  undercut log export market --format parquet --out market.parquet"
    )]
    Export(Export),
    /// Tell where two logs part, and how; exit 1 when they do
    #[command(
        before_help = "Examples:\n  undercut log diff market backup\n  undercut log diff market backup --json\n  undercut log diff market backup --progress json",
        after_help = "Exit codes: 0 the same, 1 they differ or one is longer, 3 one cannot be read, 6 one is damaged."
    )]
    Diff {
        /// The folder of one log
        a: PathBuf,
        /// The folder of the other
        b: PathBuf,
        /// Print one JSON object (schema undercut.log-diff/1)
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        progress: ShowProgress,
    },
    /// Show the last records, and with -f those that come
    #[command(
        before_help = "Examples:\n  undercut log tail market\n  undercut log tail market -n 100 --json\n  undercut log tail market -f"
    )]
    Tail {
        /// The folder that `demo --log` made
        dir: PathBuf,
        /// How many records
        #[arg(short = 'n', long = "records", default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=100_000))]
        records: u32,
        /// Go on with new blocks as they are acknowledged, until interrupted
        #[arg(short, long)]
        follow: bool,
        /// Print each record as a JSON object on a line of its own, with the columns of `log export`
        #[arg(long)]
        json: bool,
    },
}

/// What long runs show of themselves.
#[derive(Debug, ClapArgs)]
pub(crate) struct ShowProgress {
    /// When to show on standard error how far the run is
    #[arg(long, value_enum, default_value_t = Show::Auto, value_name = "WHEN")]
    pub(crate) progress: Show,
}

/// What `log replay` takes.
#[derive(Debug, ClapArgs)]
pub(crate) struct Replay {
    /// The folder that `demo --log` made
    pub(crate) dir: PathBuf,
    /// Apply the recorded events and compare roots: the default
    #[arg(long, conflicts_with = "commands")]
    pub(crate) records: bool,
    /// Decide every command again too, and compare every record
    #[arg(long)]
    pub(crate) commands: bool,
    #[command(flatten)]
    pub(crate) progress: ShowProgress,
}

/// What `log prove` takes.
#[derive(Debug, ClapArgs)]
pub(crate) struct Prove {
    /// The folder that `demo --log` made
    pub(crate) dir: PathBuf,
    /// The record, by its number
    #[arg(value_name = "SEQ")]
    pub(crate) sequence: u64,
    #[command(flatten)]
    pub(crate) progress: ShowProgress,
}

/// What `log prove-lease` takes.
#[derive(Debug, ClapArgs)]
pub(crate) struct ProveLease {
    /// The folder that `demo --log` made
    pub(crate) dir: PathBuf,
    /// The lease: tenant/dseq/gseq/oseq/provider, or l1 for the first that was signed
    pub(crate) lease: String,
    /// Up to which block [default: the last]
    #[arg(long, value_name = "HEIGHT")]
    pub(crate) height: Option<u64>,
    #[command(flatten)]
    pub(crate) progress: ShowProgress,
}

/// What `log prove-state` takes.
#[derive(Debug, ClapArgs)]
pub(crate) struct ProveState {
    /// The folder that `demo --log` made
    pub(crate) dir: PathBuf,
    /// The kind of entry
    pub(crate) kind: String,
    /// Which one, for kinds of which there are many
    pub(crate) id: Option<String>,
    /// After which block [default: the last]
    #[arg(long, value_name = "HEIGHT")]
    pub(crate) height: Option<u64>,
    #[command(flatten)]
    pub(crate) progress: ShowProgress,
}

/// What `log prove-extension` takes.
#[derive(Debug, ClapArgs)]
pub(crate) struct ProveExtension {
    /// The folder that `demo --log` made
    pub(crate) dir: PathBuf,
    /// The older head
    #[arg(long, value_name = "HEX")]
    pub(crate) old: String,
    #[command(flatten)]
    pub(crate) progress: ShowProgress,
}

/// What `log check-proof` takes.
#[derive(Debug, ClapArgs)]
pub(crate) struct CheckProof {
    /// The file of the proof, or - for standard input
    pub(crate) file: PathBuf,
    /// The head that you kept
    #[arg(long, value_name = "HEX")]
    pub(crate) head: String,
    /// The older head that you kept, for a proof of an extension
    #[arg(long, value_name = "HEX")]
    pub(crate) old: Option<String>,
}

/// What `log export` takes.
#[derive(Debug, ClapArgs)]
pub(crate) struct Export {
    /// The folder that `demo --log` made
    pub(crate) dir: PathBuf,
    /// What to write
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) format: TableFormat,
    /// Write to this file, which takes its name when it is complete [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long, requires = "out")]
    pub(crate) force: bool,
    /// The first record to write, by its number
    #[arg(long, value_name = "SEQ")]
    pub(crate) from: Option<u64>,
    /// The last record to write; what comes after is not read
    #[arg(long, value_name = "SEQ")]
    pub(crate) to: Option<u64>,
    /// Write records of this kind only; may be given more than once
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Vec<String>,
    #[command(flatten)]
    pub(crate) progress: ShowProgress,
}

/// What records become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TableFormat {
    /// One JSON object per line
    Jsonl,
    /// Comma-separated values with a line of names
    Csv,
    /// Apache Parquet, compressed with Snappy
    Parquet,
}
