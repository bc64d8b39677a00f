//! Problems as workflow commands, which GitHub shows beside the lines of a change.
//!
//! A command is one line: `::error name=value,name=value::text`. Line ends, `%` and, in values, `:`
//! and `,` are escaped, so no text of a manifest can end its command or begin another.

use std::path::Path;

use undercut_sdl::Diagnostic;

use super::{Checked, Unreadable};
use crate::sdl::places::Places;
use crate::style::visible;

pub(super) fn file(checked: &Checked<'_>) -> String {
    let places = checked.places();
    checked.found.iter().map(|problem| command(checked.file, problem, &places)).collect()
}

pub(super) fn unreadable(file: &Unreadable<'_>) -> String {
    let (path, code) = (value(&name(file.file)), value(file.code));
    format!("::error file={path},title={code}::{}\n", text(file.sentence))
}

fn command(file: &Path, problem: &Diagnostic, places: &Places<'_>) -> String {
    let [start, end] = places.ends(problem.span);
    let from_one = |number: usize| number.saturating_add(1);
    let (line, end_line) = (from_one(start.line), from_one(end.line));
    // Columns of a range of several lines are not allowed.
    let columns = if line == end_line {
        let (column, end) = (from_one(start.characters), from_one(end.characters));
        format!("col={column},endColumn={end},")
    } else {
        String::new()
    };
    let mut message = problem.sentence.clone();
    for (mark, part) in [(": ", &problem.label), ("\nhelp: ", &problem.help)] {
        if let Some(part) = part {
            message.push_str(mark);
            message.push_str(part);
        }
    }
    format!(
        "::{} file={},line={line},endLine={end_line},{columns}title={}::{}\n",
        problem.severity,
        value(&name(file)),
        problem.code,
        text(&message)
    )
}

fn name(file: &Path) -> String {
    file.display().to_string()
}

/// The text of a command.
fn text(text: &str) -> String {
    visible(&text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A"))
}

/// A value of a command.
fn value(value: &str) -> String {
    text(value).replace(':', "%3A").replace(',', "%2C")
}
