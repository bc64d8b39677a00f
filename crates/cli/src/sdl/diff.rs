//! `undercut sdl diff`: what differs between two manifests, and whether a running lease can take it.

use std::fmt::Write as _;

use serde::Serialize;
use undercut_sdl::{Change, Diagnostics, Diff, Effect, Sdl, check_update, diff, text_of};

use super::places::Places;
use super::report::Problem;
use super::{Source, is_stdin, show};
use crate::args;
use crate::exit::{Exit, Failure};
use crate::style::{Style, escaped_json, visible};
use crate::{say, tell};

/// Effects in the order in which they are shown, with their headings.
const EFFECTS: [(Effect, &str, &str); 3] = [
    (Effect::NeedsNewOrder, "new-order", "needs a new order"),
    (Effect::NoEffect, "no-effect", "has no effect on a running lease, needs a new order to count"),
    (Effect::Allowed, "allowed", "a running lease takes it over"),
];

/// Compares two manifests: 0 nothing differs, 1 something does. With `--lease`: 0 the update is
/// allowed, 1 it is not.
pub(super) fn run(args: &args::Diff, style: Style) -> Result<Exit, Failure> {
    if is_stdin(&args.old) && is_stdin(&args.new) {
        let sentence = "`-` stands twice; standard input can be read once";
        return Err(Failure::wrong_use(sentence));
    }
    let (old_source, new_source) = (Source::read(&args.old)?, Source::read(&args.new)?);
    let old = valid(&old_source, style)?;
    if args.lease {
        return update(args, &old, &new_source, style);
    }
    let new = valid(&new_source, style)?;
    let found = diff(&old, &new);
    let text = if args.json {
        Answer::of(args, &found, Vec::new()).line()?
    } else if found.is_empty() {
        format!("{} and {} ask for the same\n", old_source.path, new_source.path)
    } else {
        style.paint(&listed(&found))
    };
    say(&text)?;
    Ok(if found.is_empty() { Exit::Done } else { Exit::No })
}

/// A manifest that can be compared. One with errors is as good as unreadable.
fn valid(source: &Source, style: Style) -> Result<Sdl, Failure> {
    show::valid(source, None, style).ok_or_else(|| Failure::silent(Exit::Unreadable))
}

/// Whether `source` may take the place of `old` under the lease of `old`.
fn update(args: &args::Diff, old: &Sdl, source: &Source, style: Style) -> Result<Exit, Failure> {
    let (sdl, found) = match text_of(&source.bytes) {
        Ok(text) => check_update(old, &text),
        Err(found) => (None, found),
    };
    let exit = if sdl.is_some() { Exit::Done } else { Exit::No };
    if args.json {
        // Of a manifest with other errors there is no difference to tell.
        let (new, _) = source.check(None);
        let changes = new.map(|new| diff(old, &new)).unwrap_or_default();
        say(&Answer::of(args, &changes, problems(source, &found)).line()?)?;
        return Ok(exit);
    }
    if sdl.is_none() {
        say(&source.render_to(&found, style, &std::io::stdout()))?;
        return Ok(exit);
    }
    if !found.is_empty() {
        tell(&source.render(&found, style));
    }
    say(&format!("{}: the running lease takes it\n", source.path))?;
    Ok(exit)
}

fn problems(source: &Source, found: &Diagnostics) -> Vec<Problem> {
    let text = source.text();
    let places = Places::new(&text);
    found.iter().map(|problem| Problem::of(problem, &places)).collect()
}

/// One line for each change, under a heading for each effect.
fn listed(found: &Diff) -> String {
    let mut out = String::new();
    for (effect, _, heading) in EFFECTS {
        let changes = || found.changes.iter().filter(|change| change.effect == effect);
        if changes().next().is_none() {
            continue;
        }
        let gap = if out.is_empty() { "" } else { "\n" };
        // Writing to a `String` cannot fail.
        let _ = writeln!(out, "{gap}{heading}:");
        for Change { path, old, new, .. } in changes() {
            let shown = |value: &Option<String>| {
                value.as_ref().map_or_else(|| "(nothing)".to_owned(), |value| visible(value))
            };
            let _ = writeln!(out, "  {}: {} \u{2192} {}", visible(path), shown(old), shown(new));
        }
    }
    out
}

/// The answer of `--json`.
#[derive(Serialize)]
struct Answer {
    schema: &'static str,
    old: String,
    new: String,
    same: bool,
    allowed: bool,
    changes: Vec<ChangeAnswer>,
    diagnostics: Vec<Problem>,
}

#[derive(Serialize)]
struct ChangeAnswer {
    path: String,
    old: Option<String>,
    new: Option<String>,
    effect: &'static str,
}

impl Answer {
    fn of(args: &args::Diff, found: &Diff, diagnostics: Vec<Problem>) -> Self {
        let change = |change: &Change| ChangeAnswer {
            path: change.path.clone(),
            old: change.old.clone(),
            new: change.new.clone(),
            effect: word(change.effect),
        };
        let is_valid = !diagnostics.iter().any(Problem::is_error);
        Self {
            schema: "undercut.sdl-diff/1",
            old: args.old.display().to_string(),
            new: args.new.display().to_string(),
            same: is_valid && found.is_empty(),
            allowed: is_valid && found.is_allowed(),
            changes: found.changes.iter().map(change).collect(),
            diagnostics,
        }
    }

    fn line(&self) -> Result<String, Failure> {
        let line = serde_json::to_string(self).map(|json| escaped_json(&json));
        Ok(line.map_err(|error| Failure::new(Exit::Bug, error.to_string()))? + "\n")
    }
}

fn word(effect: Effect) -> &'static str {
    EFFECTS.iter().find(|(one, ..)| *one == effect).map_or("", |(_, word, _)| word)
}
