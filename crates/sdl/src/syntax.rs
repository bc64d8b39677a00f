//! What is wrong with a text that is not YAML, in words that say what to do about it.
//!
//! The parser says where it stopped and why in its own terms. Most often the cause is a line that
//! is indented unlike its neighbours, which is looked for first.

use undercut_primitives::Code;

use crate::code;
use crate::diagnostic::{Problem, Span};
use crate::repair::quoted_text;

/// The problem behind the parser's complaint `info` at byte `at` of `text`. Places are moved by
/// `offset` bytes.
pub(crate) fn explain(info: &str, text: &str, at: usize, offset: usize, deepest: usize) -> Problem {
    let end = text.get(at..).and_then(|rest| rest.chars().next());
    let end = at.saturating_add(end.map_or(0, char::len_utf8));
    let span = Span::new(at.saturating_add(offset), end.saturating_add(offset));
    let problem = |code: Code, sentence: &str| Problem::error(code, span, sentence);
    if info.contains("recursion limit") {
        return problem(code::TOO_DEEP, &too_deep(deepest));
    }
    if info.contains("unknown anchor") {
        return problem(code::ALIAS, "this alias names no anchor that stands before it");
    }
    let rest = text.get(at..).unwrap_or_default();
    if info.contains("quoted scalar")
        && rest.starts_with(['"', '\''])
        && quoted_text(rest).is_none()
    {
        let sentence = "the quoted text that starts here does not end";
        return problem(code::SYNTAX, sentence).help("add the closing quote");
    }
    if line_at(text, at).is_some_and(|(_, line)| indentation(line).contains('\t')) {
        let sentence = "a tab stands where YAML wants blanks";
        return problem(code::INDENTATION, sentence).help("indent with blanks only");
    }
    if let Some(problem) = misplaced_line(text, at, offset) {
        return problem;
    }
    let (sentence, help) = match info {
        // One tab after a `:` is repaired before it comes to this, thousands are not.
        _ if info.contains("':' must be followed by a valid YAML whitespace") => {
            ("a tab stands after a `:`", "write a blank after each `:`")
        }
        _ if info.contains("tab") && !info.contains("stab") => {
            ("a tab stands where YAML wants blanks", "use blanks")
        }
        _ if info.contains("mapping values are not allowed") => (
            "a `:` stands where no key can be",
            "a text with `: ` in it needs quotes; each key above needs a blank after its `:`",
        ),
        _ if info.contains("indent") || info.contains("did not find expected key") => {
            ("this line does not fit its neighbours", "keys of one mapping start in one column")
        }
        _ => return problem(code::SYNTAX, &format!("the text is not YAML here: {info}")),
    };
    problem(code::SYNTAX, sentence).help(help)
}

/// The sentence about nesting.
pub(crate) fn too_deep(deepest: usize) -> String {
    format!("lists and mappings are nested deeper than {deepest} levels")
}

/// The line that byte `at` is in, with its first byte.
fn line_at(text: &str, at: usize) -> Option<(usize, &str)> {
    let start = text.get(..at)?.rfind(['\n', '\r']).map_or(0, |index| index.saturating_add(1));
    Some((start, text.get(start..)?.split(['\n', '\r']).next()?))
}

fn indentation(line: &str) -> &str {
    let content = line.trim_start_matches([' ', '\t']);
    line.get(..line.len().saturating_sub(content.len())).unwrap_or_default()
}

/// Lines that are looked at for the columns in which something starts.
const LINES_MAX: usize = 2_000;

/// Dashes of one line that are looked at.
const DASHES_MAX: usize = 64;

/// The problem of a line that starts in a column in which none of its neighbours does.
fn misplaced_line(text: &str, at: usize, offset: usize) -> Option<Problem> {
    let (start, line) = line_at(text, at)?;
    let column = indentation(line).len();
    let is_content = |line: &&str| !line.trim().is_empty() && !line.trim().starts_with('#');
    let before = text.get(..start)?;
    let mut neighbour = None;
    let mut open: Vec<usize> = Vec::new();
    let lines: Vec<&str> = before.lines().rev().filter(is_content).take(LINES_MAX).collect();
    for line in lines.into_iter().rev() {
        let columns = starts(line);
        let least = columns.first().copied().unwrap_or(0);
        open.retain(|column| *column < least);
        open.extend(columns);
        neighbour = Some(line);
    }
    let last = open.last().copied()?;
    if open.contains(&column) || column >= last {
        return None;
    }
    let wanted = open.iter().copied().min_by_key(|open| open.abs_diff(column))?;
    let place = |column: usize| column.saturating_add(1);
    let first = start.saturating_add(column).saturating_add(offset);
    let end = start.saturating_add(line.trim_end_matches([' ', '\t']).len()).saturating_add(offset);
    let sentence = format!(
        "this line starts in column {}, its neighbours start in column {}",
        place(column),
        place(wanted)
    );
    let help = match wanted.checked_sub(column) {
        Some(more) => format!("add {more} blank{} in front of it", plural(more)),
        None => {
            let less = column.saturating_sub(wanted);
            format!("remove {less} blank{} in front of it", plural(less))
        }
    };
    let problem =
        Problem::error(code::INDENTATION, Span::new(first, end.max(first)), sentence).help(help);
    let neighbour = neighbour?;
    let at = before.rfind(neighbour)?.saturating_add(indentation(neighbour).len());
    let end = at.saturating_add(neighbour.trim().len()).saturating_add(offset);
    Some(problem.label(Span::new(at.saturating_add(offset), end), "the line before it"))
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// The columns, from 0, in which a line starts something: itself, and what follows its dashes.
fn starts(line: &str) -> Vec<usize> {
    let mut column = indentation(line).len();
    let mut columns = vec![column];
    let mut rest = line.trim_start();
    while let Some(after) = rest.strip_prefix("- ")
        && columns.len() < DASHES_MAX
    {
        let content = after.trim_start();
        let gap = after.len().saturating_sub(content.len());
        column = column.saturating_add(2).saturating_add(gap);
        columns.push(column);
        rest = content;
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_start_something_after_their_dashes() {
        assert_eq!(starts("  - - a: b"), [2, 4, 6]);
        assert_eq!(starts("a: b"), [0]);
    }

    #[test]
    fn a_line_between_two_columns_is_misplaced() {
        let text = "a:\n  - b: 1\n   c: 2\n";
        assert!(misplaced_line(text, 15, 0).is_some());
        assert!(misplaced_line("a:\n  b: 1\n  c: 2\n", 12, 0).is_none());
    }
}
