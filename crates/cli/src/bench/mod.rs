//! `undercut bench`: what the engine's operations cost on this machine, beside what they could.

mod reports;
mod roots;

use std::panic::{AssertUnwindSafe, catch_unwind};

use undercut_benches::gates::{self, Gate, Judged, Verdict};
use undercut_benches::rows::{self, Entry};
use undercut_benches::{Report, Settings};

use crate::args;
use crate::exit::{Exit, Failure};
use crate::style::{Style, escaped_json, visible};
use crate::{say, tell};

/// Runs `bench`, or one of its verbs.
pub(crate) fn run(args: &args::Bench, style: Style) -> Result<Exit, Failure> {
    match &args.verb {
        None => play(args, style),
        Some(args::BenchVerb::Gate(args)) => gate(args, style),
        Some(args::BenchVerb::Compare { before, after, gate, json }) => {
            reports::compare(before, after, *gate, *json, style)
        }
        Some(args::BenchVerb::Chart { file, out, force }) => reports::chart(file, out, *force),
    }
}

fn play(args: &args::Bench, style: Style) -> Result<Exit, Failure> {
    let settings = settings(&args.play, args.names.clone());
    let entries = rows::asked(&settings).map_err(|name| unknown(&name, &rows::names()))?;
    let mut report = report(&settings, &entries)?;
    if settings.filter.is_empty() {
        tell("undercut: state roots\n");
        report.roots = roots::on_one_and_two_threads(settings.quick)?;
    }
    let text =
        if args.json { escaped_json(&report.to_json()) } else { style.paint(&report.to_text()) };
    say(&text)?;
    Ok(Exit::Done)
}

fn gate(args: &args::Gate, style: Style) -> Result<Exit, Failure> {
    let known: Vec<&str> = gates::TABLE.iter().map(|gate| gate.name).collect();
    let gates = gates::asked(&args.names).map_err(|name| unknown(&name, &known))?;
    let names = gates.iter().map(|gate| gate.name.to_owned()).collect();
    let settings = settings(&args.play, names);
    // A gate may wait for its operation; it fails then, as nothing was measured.
    let is_gated = |entry: &&Entry| gates.iter().any(|gate| gate.name == entry.name);
    let entries: Vec<Entry> = rows::TABLE.iter().filter(is_gated).copied().collect();
    let report = report(&settings, &entries)?;
    let judge = |gate: &Gate| gate.judge(&report.rows);
    let judged: Vec<Judged> = gates.iter().flat_map(judge).collect();
    let text = if args.json {
        escaped_json(&gates::to_json(&judged, &report.machine))
    } else {
        style.paint(&judged.iter().map(Judged::to_line).collect::<String>())
    };
    say(&text)?;
    let is_missed = judged.iter().any(|judged| judged.verdict == Verdict::Fail);
    Ok(if is_missed { Exit::No } else { Exit::Done })
}

fn settings(play: &args::Play, filter: Vec<String>) -> Settings {
    let mut settings = Settings { quick: play.quick, filter, ..Settings::default() };
    let threads = play.threads.and_then(|threads| usize::try_from(threads).ok());
    settings.threads = threads.unwrap_or(settings.threads);
    if let Some(dir) = &play.dir {
        settings.folder.clone_from(dir);
    }
    settings
}

/// Plays the operations. That two contestants disagree is a bug of one of them.
fn report(settings: &Settings, entries: &[Entry]) -> Result<Report, Failure> {
    let mut playing = "";
    let played = catch_unwind(AssertUnwindSafe(|| {
        Report::play(settings, entries, |entry| {
            playing = entry.name;
            tell(&format!("undercut: {playing}\n"));
        })
    }));
    played.map_err(|_| {
        let sentence =
            format!("BCH006: {playing}: the contestants disagree, or one of them failed");
        Failure::new(Exit::Bug, sentence)
    })
}

fn unknown(name: &str, known: &[&str]) -> Failure {
    let sentence = format!(
        "BCH001: `{}` is no operation; there are\n  {}",
        crate::typed::short(&visible(name)),
        known.join(", ")
    );
    Failure::new(Exit::Usage, sentence)
}
