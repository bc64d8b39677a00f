//! `undercut log`: check, show, compare and export a kept log.

mod audit;
mod diff;
mod export;
mod inspect;
mod prove;
mod replay;
mod row;
pub(crate) mod source;
mod tail;
mod verify;
mod words;

use crate::args;
use crate::exit::{Exit, Failure};

/// Runs a verb of `undercut log`.
pub(crate) fn run(verb: &args::Log) -> Result<Exit, Failure> {
    match verb {
        args::Log::Verify { dir, head, json, progress } => {
            verify::run(dir, head.as_deref(), *json, progress)
        }
        args::Log::Audit { dir, json, progress } => audit::run(dir, *json, progress),
        args::Log::Inspect { dir, sequence, json } => match sequence {
            Some(sequence) => inspect::record(dir, *sequence, *json),
            None => inspect::log(dir, *json),
        },
        args::Log::Replay(args) => replay::run(args),
        args::Log::Prove(args) => prove::record(args),
        args::Log::ProveLease(args) => prove::lease(args),
        args::Log::ProveState(args) => prove::entry(args),
        args::Log::ProveExtension(args) => prove::extension(args),
        args::Log::CheckProof(args) => prove::check(args),
        args::Log::Export(args) => export::run(args),
        args::Log::Diff { a, b, json, progress } => diff::run([a, b], *json, progress),
        args::Log::Tail { dir, records, follow, json } => tail::run(dir, *records, *follow, *json),
    }
}

/// A value as one line of JSON, in which nothing steers a terminal.
fn json_line(value: &impl serde::Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string(value);
    let text = text.map_err(|error| Failure::new(Exit::Bug, error.to_string()))?;
    Ok(crate::style::escaped_json(&text) + "\n")
}
