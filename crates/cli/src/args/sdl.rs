//! What can be typed after `undercut sdl`.

use std::path::PathBuf;

use clap::{
    Arg, ArgAction, ArgMatches, Args as ClapArgs, Command, FromArgMatches, Subcommand, ValueEnum,
};
use undercut_primitives::usd::Usd;
use undercut_sdl::{Starter, StarterField, Version};

#[derive(Debug, Subcommand)]
pub(crate) enum Sdl {
    /// Report every problem with its place, and fix what can be meant in one way only
    #[command(
        before_help = "Examples:\n  undercut sdl check deploy.yaml\n  undercut sdl check --fix --dry-run deploy.yaml\n  undercut sdl check *.yaml --format sarif > problems.sarif",
        after_help = "Exit codes: 0 no file has an error, 1 one has, 2 wrong use, 3 a file cannot be read or written;\nthe others are checked all the same."
    )]
    Check(Check),
    /// Say in plain numbers what a manifest asks for, and the most it can cost
    #[command(
        before_help = "Examples:\n  undercut sdl explain deploy.yaml\n  undercut sdl explain deploy.yaml --akt-usd 0.75\n  undercut sdl explain deploy.yaml --json | jq .totals",
        after_help = "Exit codes: 0 done, 1 the manifest has errors, 2 wrong use, 3 it cannot be read."
    )]
    Explain(Explain),
    /// Tell what differs between two manifests, and what a running lease makes of it
    #[command(
        before_help = "Examples:\n  undercut sdl diff old.yaml new.yaml\n  undercut sdl diff --lease leased.yaml deploy.yaml\n  git show HEAD:deploy.yaml | undercut sdl diff - deploy.yaml",
        after_help = "Exit codes: 0 nothing differs, 1 something does, 2 wrong use, 3 a manifest cannot be read or has errors.\nWith --lease: 0 the lease takes the update, 1 it does not or NEW has errors, 3 OLD cannot be read or has errors."
    )]
    Diff(Diff),
    /// Lay manifests out in one way: indentation, blank lines, comments
    #[command(
        before_help = "Examples:\n  undercut sdl fmt deploy.yaml\n  undercut sdl fmt --write *.yaml\n  undercut sdl fmt --check *.yaml",
        after_help = "Exit codes: 0 done, or every file is laid out, 1 one is not or has errors, 2 wrong use,\n3 a file cannot be read or written; the others are done all the same."
    )]
    Fmt(Fmt),
    /// Write a first manifest, from flags or from answers to questions
    #[command(
        disable_version_flag = true,
        before_help = "Examples:\n  undercut sdl new --out deploy.yaml\n  undercut sdl new --image ghcr.io/example/shop:4.2.0 --port 8080 --env LOG_LEVEL=info\n  undercut sdl new --gpu 1 --gpu-model h100 --amount 10000 | undercut sdl explain -",
        after_help = "Without answers as flags, on a terminal, it asks.\n\nExit codes: 0 done, 2 an answer makes no manifest or the file is there already, 3 it cannot be written,\n130 the questions were broken off."
    )]
    New(New),
    /// Print the JSON Schema of manifests, for editors
    #[command(
        disable_version_flag = true,
        before_help = "Examples:\n  undercut sdl schema > sdl.schema.json\n  undercut sdl schema --version 2.1\n  undercut sdl schema | jq .definitions.service"
    )]
    Schema {
        /// The version of the manifests that it is for [default: both]
        #[arg(long, value_name = "VERSION", value_parser = version)]
        version: Option<Version>,
    },
    /// Print the groups that go on chain, as canonical JSON
    #[command(
        before_help = "Examples:\n  undercut sdl groups deploy.yaml\n  undercut sdl groups deploy.yaml | jq '.[].name'\n  undercut sdl groups - < deploy.yaml"
    )]
    Groups {
        /// The manifest; `-` reads standard input
        file: PathBuf,
    },
    /// Print the manifest that providers are sent, as canonical JSON
    #[command(
        before_help = "Examples:\n  undercut sdl manifest deploy.yaml\n  undercut sdl manifest deploy.yaml | tr -d '\\n' | sha256sum\n  undercut sdl manifest - < deploy.yaml"
    )]
    Manifest {
        /// The manifest; `-` reads standard input
        file: PathBuf,
    },
    /// Print the manifest's version hash
    #[command(
        before_help = "Examples:\n  undercut sdl hash deploy.yaml\n  test \"$(undercut sdl hash a.yaml)\" = \"$(undercut sdl hash b.yaml)\"\n  undercut sdl hash - < deploy.yaml"
    )]
    Hash {
        /// The manifest; `-` reads standard input
        file: PathBuf,
    },
}

/// What `sdl check` takes.
#[derive(Debug, ClapArgs)]
pub(crate) struct Check {
    /// Manifests; `-` reads standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// How to report
    #[arg(long, value_enum, default_value_t = Format::Human, value_name = "FORMAT")]
    format: Format,
    /// Short for `--format json`
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Write files anew with what can be meant in one way only; `-` prints the fixed text
    #[arg(long)]
    pub(crate) fix: bool,
    /// Write nothing: show what `--fix` would change
    #[arg(long, requires = "fix")]
    pub(crate) dry_run: bool,
    /// Exit 1 for warnings too
    #[arg(short = 'D', long)]
    pub(crate) warnings_as_errors: bool,
    /// Leave out what known prices and GPU models tell (SDL062, SDL101 to SDL103)
    #[arg(long)]
    pub(crate) no_prices: bool,
    /// What an AKT is worth, to judge prices in uakt
    #[arg(long, value_name = "USD", value_parser = usd, conflicts_with = "no_prices")]
    pub(crate) akt_usd: Option<Usd>,
}

impl Check {
    pub(crate) fn format(&self) -> Format {
        if self.json { Format::Json } else { self.format }
    }
}

/// How `sdl check` reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Lines of the file with marks; at most 20 problems a file
    Human,
    /// One JSON object (schema undercut.sdl-check/1)
    Json,
    /// SARIF 2.1.0, for code scanners
    Sarif,
    /// Workflow commands, which GitHub shows beside the lines of a change
    Github,
}

/// What `sdl explain` takes.
#[derive(Debug, ClapArgs)]
pub(crate) struct Explain {
    /// The manifest; `-` reads standard input
    pub(crate) file: PathBuf,
    /// What an AKT is worth, to tell prices in uakt in dollars
    #[arg(long, value_name = "USD", value_parser = usd)]
    pub(crate) akt_usd: Option<Usd>,
    /// Print one JSON object (schema undercut.sdl-explain/1)
    #[arg(long)]
    pub(crate) json: bool,
}

/// What `sdl diff` takes.
#[derive(Debug, ClapArgs)]
pub(crate) struct Diff {
    /// The old manifest, with --lease the one of the running lease; `-` reads standard input
    #[arg(value_name = "OLD")]
    pub(crate) old: PathBuf,
    /// The new manifest; `-` reads standard input
    #[arg(value_name = "NEW")]
    pub(crate) new: PathBuf,
    /// Tell whether a lease for OLD takes NEW, and where it does not
    #[arg(long)]
    pub(crate) lease: bool,
    /// Print one JSON object (schema undercut.sdl-diff/1)
    #[arg(long)]
    pub(crate) json: bool,
}

/// What `sdl fmt` takes.
#[derive(Debug, ClapArgs)]
pub(crate) struct Fmt {
    /// Manifests; `-` reads standard input. One goes to standard output
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Write files anew that change
    #[arg(long)]
    pub(crate) write: bool,
    /// Write nothing: list files that would change, and exit 1 for them
    #[arg(long, conflicts_with = "write")]
    pub(crate) check: bool,
}

/// What `sdl new` takes.
#[derive(Debug, ClapArgs)]
pub(crate) struct New {
    #[command(flatten)]
    pub(crate) answers: Answers,
    /// Ask for what no flag tells, also without a terminal
    #[arg(long)]
    pub(crate) ask: bool,
    /// Ask nothing
    #[arg(long, conflicts_with = "ask")]
    pub(crate) no_input: bool,
    /// Write it to a file that is not there yet
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Overwrite the file
    #[arg(long, requires = "out")]
    pub(crate) force: bool,
}

/// The answers that were given as flags: one flag for each field of a starter.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answers(Vec<(&'static str, String)>);

impl Answers {
    /// Fields and answers, in the order of the starter's table.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(field, answer)| (*field, answer.as_str()))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a flag told this field.
    pub(crate) fn has(&self, field: &str) -> bool {
        self.0.iter().any(|(name, _)| *name == field)
    }
}

impl ClapArgs for Answers {
    fn augment_args(command: Command) -> Command {
        Starter::FIELDS.iter().fold(command, |command, field| command.arg(flag(field)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Answers {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = |field: &'static StarterField| {
            let answers = matches.get_many::<String>(field.name).into_iter().flatten();
            answers.map(|answer| (field.name, answer.clone()))
        };
        Ok(Self(Starter::FIELDS.iter().flat_map(given).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn flag(field: &'static StarterField) -> Arg {
    let default = match field.default {
        "" => String::new(),
        default => format!(" [default: {default}]"),
    };
    let action = if field.is_repeated { ArgAction::Append } else { ArgAction::Set };
    let arg = Arg::new(field.name).long(field.name).value_name("ANSWER").action(action);
    let arg = arg.allow_negative_numbers(true);
    arg.help(format!("{}{default}", field.question))
        .long_help(format!(
            "{} {} For example: {}{default}",
            field.question, field.help, field.example
        ))
        .help_heading("Answers")
}

fn version(text: &str) -> Result<Version, &'static str> {
    match text {
        "2.0" => Ok(Version::V2_0),
        "2.1" => Ok(Version::V2_1),
        _ => Err("there are 2.0 and 2.1"),
    }
}

pub(super) fn usd(text: &str) -> Result<Usd, String> {
    match text.parse::<Usd>() {
        Ok(usd) if usd.is_zero() => Err("it must be more than nothing".to_owned()),
        Ok(usd) => Ok(usd),
        Err(error) => Err(error.to_string()),
    }
}
