//! What is wrong with a text that is not YAML, in words that say what to do about it.
//!
//! The parser says where it stopped and why in its own terms. Most often the cause is a line that
//! is indented unlike its neighbours, which is looked for first.

use undercut_primitives::Code;

use crate::code;
use crate::diagnostic::{Edit, Problem, Span};
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
        let edits = blanks_for_tabs(text, offset);
        return problem(code::INDENTATION, sentence).help("indent with blanks only").fix_all(edits);
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
    let mut open: Vec<Start> = Vec::new();
    let lines: Vec<&str> = before.lines().rev().filter(is_content).take(LINES_MAX).collect();
    for line in lines.into_iter().rev() {
        let found = starts(line);
        let least = found.first().map_or(0, |start| start.column);
        // A list may start in the column of its key, which then stays open.
        let is_item = found.first().is_some_and(|start| start.is_item);
        open.retain(|start| {
            start.column < least || (is_item && start.column == least && !start.is_item)
        });
        open.extend(found);
        neighbour = Some(line);
    }
    let last = open.last()?.column;
    if open.iter().any(|start| start.column == column) || column >= last {
        return None;
    }
    let (wanted, is_certain) = nearest_column(&open, column, line)?;
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
    let edits = moved_lines(text, start, column, wanted, offset);
    let problem = if edits.is_empty() || !is_certain { problem } else { problem.fix_all(edits) };
    let neighbour = neighbour?;
    let at = before.rfind(neighbour)?.saturating_add(indentation(neighbour).len());
    let end = at.saturating_add(neighbour.trim().len()).saturating_add(offset);
    Some(problem.label(Span::new(at.saturating_add(offset), end), "the line before it"))
}

/// Edits that indent with blanks all lines that are indented with tabs, two blanks for each tab.
fn blanks_for_tabs(text: &str, offset: usize) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut start = offset;
    for line in text.split_inclusive(['\n', '\r']) {
        let blanks = indentation(line);
        if blanks.contains('\t') && blanks.len() < line.trim_end().len() {
            let span = Span::new(start, start.saturating_add(blanks.len()));
            edits.push(Edit { span, text: blanks.replace('\t', "  ") });
        }
        start = start.saturating_add(line.len());
    }
    edits
}

/// Edits that move the line that starts at byte `start` from `column` to column `wanted`, and with
/// it the deeper lines that follow, if it can have any.
fn moved_lines(text: &str, start: usize, column: usize, wanted: usize, offset: usize) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut has_more = false;
    let mut at = start;
    for line in text.get(start..).unwrap_or_default().split_inclusive('\n').take(LINES_MAX) {
        let found = indentation(line);
        let is_content = found.len() < line.trim_end().len();
        if is_content {
            // The line itself comes first; what belongs to it stands deeper.
            if at > start && (found.len() <= column || !has_more) {
                break;
            }
            has_more |= opens_more(line);
            if found.contains('\t') {
                return Vec::new();
            }
            let moved = found.len().saturating_add(wanted).saturating_sub(column);
            let first = at.saturating_add(offset);
            let span = Span::new(first, first.saturating_add(found.len()));
            edits.push(Edit { span, text: " ".repeat(moved) });
        }
        at = at.saturating_add(line.len());
    }
    edits
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// Whether deeper lines can belong to this one: an item of a list, a key without a value, or a
/// block of text.
fn opens_more(line: &str) -> bool {
    let content = line.split(" #").next().unwrap_or_default().trim();
    let block = |word: &str| word.starts_with(['|', '>']);
    content.starts_with("- ")
        || content.ends_with(':')
        || content.split_ascii_whitespace().next_back().is_some_and(block)
}

/// The column of the line's own kind, key or list item, that is nearest to `column`, and whether no
/// other one is as near.
fn nearest_column(open: &[Start], column: usize, line: &str) -> Option<(usize, bool)> {
    let is_item = starts(line).first()?.is_item;
    let alike = |start: &&Start| start.is_item == is_item;
    let distance = |start: &Start| start.column.abs_diff(column);
    let nearest = open.iter().filter(alike).min_by_key(|start| distance(start));
    let Some(nearest) = nearest else {
        return open.iter().min_by_key(|start| distance(start)).map(|start| (start.column, false));
    };
    let rival =
        |start: &&Start| start.column != nearest.column && distance(start) == distance(nearest);
    Some((nearest.column, !open.iter().filter(alike).any(|start| rival(&start))))
}

/// Where a key or a list item starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Start {
    /// From 0.
    column: usize,
    is_item: bool,
}

/// What a line starts: itself, and what follows its dashes.
fn starts(line: &str) -> Vec<Start> {
    let mut column = indentation(line).len();
    let mut rest = line.trim_start();
    let mut found = Vec::new();
    while let Some(after) = rest.strip_prefix("- ")
        && found.len() < DASHES_MAX
    {
        found.push(Start { column, is_item: true });
        let content = after.trim_start();
        let gap = after.len().saturating_sub(content.len());
        column = column.saturating_add(2).saturating_add(gap);
        rest = content;
    }
    found.push(Start { column, is_item: rest == "-" });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_start_something_after_their_dashes() {
        let starts = |line| -> Vec<(usize, bool)> {
            starts(line).iter().map(|start| (start.column, start.is_item)).collect()
        };
        assert_eq!(starts("  - - a: b"), [(2, true), (4, true), (6, false)]);
        assert_eq!(starts("a: b"), [(0, false)]);
        assert_eq!(starts(" -"), [(1, true)]);
    }

    #[test]
    fn a_line_between_two_columns_is_misplaced() {
        let text = "a:\n  - b: 1\n   c: 2\n";
        assert!(misplaced_line(text, 15, 0).is_some());
        assert!(misplaced_line("a:\n  b: 1\n  c: 2\n", 12, 0).is_none());
    }
}
