//! `undercut bench`: what the engine's operations cost on this machine, beside what they could.

mod reports;
mod roots;

use undercut_benches::gates::{self, Gate, Judged, Verdict};
use undercut_benches::rows::{self, Entry};
use undercut_benches::{Report, Settings};

use crate::args;
use crate::exit::{Exit, Failure};
use crate::style::{Style, escaped_json, visible};
use crate::typed::told;
use crate::{print, say, tell};

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
    let settings = settings(&args.play, args.names.clone())?;
    let entries = rows::asked(&settings).map_err(|name| unknown(&name, &rows::names()))?;
    let mut report = Report::new(&settings);
    let show = |text: String| if args.json { Ok(()) } else { print(&style.paint(&text)) };
    show(report.set_up())?;
    let mut exit = Exit::Done;
    for entry in &entries {
        exit = exit.max(measure(&mut report, &settings, entry));
        // A reader who left has seen enough, unless what he saw is that something failed.
        show(report.table_of(entry)).map_err(|left| end_with(left, exit))?;
    }
    if settings.filter.is_empty() {
        exit = exit.max(compare_roots(&mut report));
        show(report.roots_as_text()).map_err(|left| end_with(left, exit))?;
    }
    if args.json {
        say(&escaped_json(&report.to_json()))?;
    }
    Ok(exit)
}

fn end_with(left: Failure, exit: Exit) -> Failure {
    let exit = exit.max(left.exit);
    left.with_exit(exit)
}

/// Plays an operation into the report. That it fails is told, and the others go on.
fn measure(report: &mut Report, settings: &Settings, entry: &Entry) -> Exit {
    let name = entry.name;
    tell(&format!("undercut: {name}\n"));
    let Err(failed) = report.play(settings, entry) else { return Exit::Done };
    let sentence = "the contestants disagree, or one of them failed";
    go_on_after(&Failure::new(Exit::Bug, format!("BCH006: {name}: {sentence}: {}", failed.why)))
}

fn compare_roots(report: &mut Report) -> Exit {
    tell("undercut: state roots\n");
    match roots::on_one_and_two_threads(report.quick) {
        Ok(roots) => {
            report.roots = roots;
            Exit::Done
        }
        Err(failure) => {
            report.failed.push("state roots".to_owned());
            go_on_after(&failure)
        }
    }
}

/// Tells of a failure that does not end the run, and returns how the run will end.
fn go_on_after(failure: &Failure) -> Exit {
    if let Some(text) = told(failure) {
        tell(&text);
    }
    failure.exit
}

fn gate(args: &args::Gate, style: Style) -> Result<Exit, Failure> {
    let known: Vec<&str> = gates::TABLE.iter().map(|gate| gate.name).collect();
    let gates = gates::asked(&args.names).map_err(|name| unknown(&name, &known))?;
    let names = gates.iter().map(|gate| gate.name.to_owned()).collect();
    let settings = settings(&args.play, names)?;
    // A gate may wait for its operation; it fails then, as nothing was measured.
    let is_gated = |entry: &&Entry| gates.iter().any(|gate| gate.name == entry.name);
    let entries: Vec<Entry> = rows::TABLE.iter().filter(is_gated).copied().collect();
    let mut report = Report::new(&settings);
    let measured = entries.iter().map(|entry| measure(&mut report, &settings, entry));
    let exit = measured.max().unwrap_or(Exit::Done);
    let rows = report.complete_rows();
    let judge = |gate: &Gate| gate.judge(&rows);
    let judged: Vec<Judged> = gates.iter().flat_map(judge).collect();
    let text = if args.json {
        escaped_json(&gates::to_json(&judged, &report.machine))
    } else {
        style.paint(&judged.iter().map(Judged::to_line).collect::<String>())
    };
    say(&text)?;
    let is_missed = judged.iter().any(|judged| judged.verdict == Verdict::Fail);
    Ok(if is_missed { exit.max(Exit::No) } else { exit })
}

fn settings(play: &args::Play, filter: Vec<String>) -> Result<Settings, Failure> {
    let mut settings = Settings { quick: play.quick, filter, ..Settings::default() };
    let threads = play.threads.and_then(|threads| usize::try_from(threads).ok());
    settings.threads = threads.unwrap_or(settings.threads);
    if let Some(dir) = &play.dir {
        if !dir.is_dir() {
            let sentence = format!("FIL003: {}: there is no such folder", dir.display());
            return Err(Failure::new(Exit::Unreadable, sentence));
        }
        settings.folder.clone_from(dir);
    }
    Ok(settings)
}

fn unknown(name: &str, known: &[&str]) -> Failure {
    let sentence = format!(
        "BCH001: `{}` is no operation; there are\n  {}",
        crate::typed::short(&visible(name)),
        known.join(", ")
    );
    Failure::new(Exit::Usage, sentence)
}
