//! What is wrong with a text that is not YAML, in words that say what to do about it.
//!
//! The parser says where it stopped and why in its own terms. Most often the cause is a line that
//! is indented unlike its neighbours, which is looked for first.

mod marks;

use std::ops::Range;

use undercut_primitives::Code;

use crate::code;
use crate::decode::keys;
use crate::diagnostic::{Edit, Problem, Span};
use crate::gate::short;
use crate::repair::quoted_text;
use crate::suggest;

use marks::marks;

/// The problem behind the parser's complaint `info` at byte `at` of `text`. Places are moved by
/// `offset` bytes.
pub(crate) fn explain(info: &str, text: &str, at: usize, offset: usize, deepest: usize) -> Problem {
    let span = character_at(text, at, offset);
    let problem = |code: Code, sentence: &str| Problem::error(code, span, sentence);
    if info.contains("recursion limit") {
        return problem(code::TOO_DEEP, &too_deep(deepest)).help("close the brackets before it");
    }
    if info.contains("unknown anchor") {
        return unknown_alias(text, at, offset);
    }
    if info.contains("unexpected character") || info.contains("scanning an anchor or alias") {
        return strange_start(text, at, offset);
    }
    if let Some(problem) = open_mark(info, text, at, offset) {
        return problem;
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
        _ if info.contains("mapping values are not allowed") || info.contains("simple key ex") => {
            return strange_colon(text, at, offset);
        }
        _ if info.contains("expected '-'") => (
            "this line belongs to no item of the list above it",
            "indent it like the text after a `- `, or put `- ` in front of it",
        ),
        _ if info.contains("indent") || info.contains("did not find expected key") => {
            ("this line does not fit its neighbours", "keys of one mapping start in one column")
        }
        _ => return problem(code::SYNTAX, &format!("the text is not YAML here: {info}")),
    };
    problem(code::SYNTAX, sentence).help(help)
}

/// An alias whose anchor does not stand before it.
fn unknown_alias(text: &str, at: usize, offset: usize) -> Problem {
    let rest = text.get(at..).unwrap_or_default();
    let is_end = |c: char| c.is_whitespace() || ",[]{}".contains(c);
    let alias = rest.get(..rest.find(is_end).unwrap_or(rest.len())).unwrap_or_default();
    let name = alias.strip_prefix('*').unwrap_or(alias);
    let end = at.saturating_add(alias.len());
    let span = Span::new(at.saturating_add(offset), end.saturating_add(offset));
    let sentence = format!("alias `{}` names no anchor that stands before it", short(alias));
    let problem = Problem::error(code::ALIAS, span, sentence);
    if name.contains(['.', '*', '/']) {
        return problem.help(format!("a text that starts with `*` needs quotes: `\"{alias}\"`"));
    }
    let before = text.get(..at).unwrap_or_default();
    let words = before.split_ascii_whitespace();
    let anchors: Vec<&str> = words.filter_map(|word| word.strip_prefix('&')).collect();
    match suggest::nearest(name, anchors.iter().copied()) {
        Some(nearest) => problem.help(format!("did you mean `*{}`?", short(nearest))),
        None => {
            problem.help(format!("write `&{}` in front of the value that is meant", short(name)))
        }
    }
}

/// A text that starts with a character that no text without quotes may start with.
fn strange_start(text: &str, at: usize, offset: usize) -> Problem {
    let rest = text.get(at..).unwrap_or_default();
    let line = rest.split(['\n', '\r']).next().unwrap_or_default();
    let value = line.split(" #").next().unwrap_or_default().trim_end();
    let first = value.chars().next().map(String::from).unwrap_or_default();
    let end = at.saturating_add(value.len());
    let span = Span::new(at.saturating_add(offset), end.saturating_add(offset));
    let first = if first == "`" { "a backtick".to_owned() } else { format!("`{first}`") };
    let sentence = format!("a text without quotes cannot start with {first}");
    let problem = Problem::error(code::SYNTAX, span, sentence);
    if value.contains(['"', '\\', ',', ']', '}']) {
        return problem.help("put it in quotes");
    }
    let quoted = format!("\"{value}\"");
    problem.help(format!("put it in quotes: `{}`", short(&quoted))).fix(span, quoted)
}

/// A quote or bracket that was opened and not closed, if that is what stopped the parser.
fn open_mark(info: &str, text: &str, at: usize, offset: usize) -> Option<Problem> {
    let mark = |start: usize| character_at(text, start, offset);
    let rest = text.get(at..).unwrap_or_default();
    if info.contains("quoted scalar")
        && rest.starts_with(['"', '\''])
        && quoted_text(rest).is_none()
    {
        let sentence = "the quoted text that starts here does not end";
        return Some(
            Problem::error(code::SYNTAX, mark(at), sentence).help("add the closing quote"),
        );
    }
    if info.contains("escape") {
        let sentence = "this text in double quotes has a `\\` that escapes nothing";
        let help = "write `\\\\` for a backslash, or put the text in single quotes";
        return Some(Problem::error(code::SYNTAX, mark(at), sentence).help(help));
    }
    let found = marks(text.get(..at)?);
    // A quote that is not closed runs to the next one, and what follows makes no sense.
    if let Some((start, end)) = found.quoted
        && text.get(end..at)?.trim().is_empty()
        && text.get(start..end)?.contains('\n')
    {
        let sentence = "the quoted text that starts here ends lines later, in front of other text";
        let last = end.saturating_sub(1);
        let problem = Problem::error(code::SYNTAX, mark(start), sentence);
        return Some(problem.label(mark(last), "it ends here").help("add the closing quote"));
    }
    let Some((start, bracket)) = found.brackets.last().copied() else {
        let line = rest.split(['\n', '\r']).next().unwrap_or_default().trim_end();
        let gap = text.get(found.quoted?.1..at)?;
        if line.is_empty() || !gap.trim().is_empty() || gap.contains('\n') {
            return None;
        }
        let sentence = "more text stands after a closing quote";
        let first = at.saturating_add(offset);
        let span = Span::new(first, first.saturating_add(line.len()));
        let problem = Problem::error(code::SYNTAX, span, sentence);
        return Some(problem.help("put all of it in the quotes, or remove them"));
    };
    let close = if bracket == '[' { ']' } else { '}' };
    let is_closed = !marks(text).brackets.iter().any(|(place, _)| *place == start);
    if is_closed && rest.starts_with(',') {
        let sentence = "a `,` too many stands here";
        return Some(Problem::error(code::SYNTAX, mark(at), sentence).help("remove it"));
    }
    if is_closed {
        let sentence = format!("a `,` or `{close}` is missing here");
        let problem = Problem::error(code::SYNTAX, mark(at), sentence);
        let problem = problem.label(mark(start), "opened here");
        return Some(problem.help("put a `,` between items, and texts with brackets in quotes"));
    }
    let sentence = format!("the `{bracket}` that stands here is not closed");
    let problem = Problem::error(code::SYNTAX, mark(start), sentence);
    Some(problem.help(format!("add the `{close}`")))
}

/// A `:` where no key can be.
fn strange_colon(text: &str, at: usize, offset: usize) -> Problem {
    let moved = |start: usize, end: usize| {
        Span::new(start.saturating_add(offset), end.saturating_add(offset))
    };
    let (start, line) = line_at(text, at).unwrap_or_default();
    if let Some(problem) = lookalike(text, start, offset) {
        return problem;
    }
    if let Some((key, place)) = key_without_blank(text, start) {
        let end = place.saturating_add(key.len()).saturating_add(1);
        let (_, content) = line_at(text, place).unwrap_or_default();
        let sentence = format!("no blank stands after the `:` of `{key}`");
        let value = content.split_once(':').map_or("", |(_, value)| value).trim_end();
        return Problem::error(code::SYNTAX, moved(place, end), sentence)
            .help(format!("write `{key}: {}`", short(value)))
            .fix(moved(end, end), " ");
    }
    let column = at.saturating_sub(start);
    let before = line.get(..column).unwrap_or_default();
    if let Some((word, place)) = word_without_colon(text, start) {
        let end = place.saturating_add(word.len());
        let sentence = format!("no `:` stands after `{}`", short(word));
        let problem = Problem::error(code::SYNTAX, moved(place, end), sentence)
            .help(format!("write `{}:`", short(word)));
        return match keys::known_anywhere(word) {
            Some(_) => problem.fix(moved(end, end), ":"),
            None => problem,
        };
    }
    if let Some(key_end) = before.find(": ") {
        let value = line.get(key_end.saturating_add(2)..).unwrap_or_default().trim();
        let value_start = start.saturating_add(key_end).saturating_add(2);
        let span = moved(value_start, value_start.saturating_add(value.len()));
        let sentence = format!("`{}` is a text with `: ` in it, without quotes", short(value));
        let help = "put it in quotes, or the inner key on a line of its own";
        return Problem::error(code::SYNTAX, span, sentence).help(help);
    }
    let sentence = "a `:` stands where no key can be";
    let help = "a text with `: ` in it needs quotes; a key starts in the column of those beside it \
                and has a blank after its `:`; look at the line before, too";
    Problem::error(code::SYNTAX, character_at(text, at, offset), sentence).help(help)
}

/// A character in the content line before byte `start` that only looks like what YAML wants.
fn lookalike(text: &str, start: usize, offset: usize) -> Option<Problem> {
    let before = text.get(..start)?;
    let line = before.lines().rev().find(|line| !line.trim().is_empty())?;
    let place = before.rfind(line)?;
    let problem = |at: usize, length: usize, sentence: &str, right: &str| {
        let first = place.saturating_add(at).saturating_add(offset);
        let span = Span::new(first, first.saturating_add(length));
        Problem::error(code::SYNTAX, span, sentence).fix(span, right.to_owned())
    };
    if line.trim() == "--" {
        return Some(problem(0, 2, "`--` is neither a key nor `---`", "---").help("write `---`"));
    }
    let (at, found) = line.char_indices().find(|(_, c)| "\u{ff1a}\u{a0}\u{3000}".contains(*c))?;
    let (name, right) = match found {
        '\u{ff1a}' => ("a full-width colon is not a `:`", ": "),
        '\u{a0}' => ("a no-break space is not a blank", " "),
        _ => ("an ideographic space is not a blank", " "),
    };
    let help = if right == " " { "write a blank" } else { "write `: `" };
    Some(problem(at, found.len_utf8(), name, right).help(help))
}

/// The key of the content line before byte `start`, with its place, when it is one that is known
/// and nothing but its blank is missing.
fn key_without_blank(text: &str, start: usize) -> Option<(&'static str, usize)> {
    let before = text.get(..start)?;
    let line = before.lines().rev().find(|line| !line.trim().is_empty())?;
    let content = line.trim_start().trim_start_matches("- ").trim_start();
    let (key, value) = content.split_once(':')?;
    let key = keys::known_anywhere(key)?;
    let is_joined = !value.is_empty() && !value.starts_with([' ', '\t']) && !value.contains(": ");
    let place = before.rfind(content)?;
    is_joined.then_some((key, place))
}

/// The content line before byte `start`, with its place, when it is one word without a `:`.
fn word_without_colon(text: &str, start: usize) -> Option<(&str, usize)> {
    let before = text.get(..start)?;
    let line = before.lines().rev().find(|line| !line.trim().is_empty())?;
    let content = line.trim().trim_start_matches("- ");
    let is_word = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    let is_key = content.starts_with(|c: char| c.is_ascii_alphabetic());
    let is_key = is_key && content.chars().all(is_word);
    is_key.then_some((content, before.rfind(content)?))
}

/// The sentence about nesting.
pub(crate) fn too_deep(deepest: usize) -> String {
    format!("lists and mappings are nested deeper than {deepest} levels")
}

/// The character that starts at byte `at`, or none at the end of the text.
fn character_at(text: &str, at: usize, offset: usize) -> Span {
    let found = text.get(at..).and_then(|rest| rest.chars().next());
    let start = at.saturating_add(offset);
    Span::new(start, start.saturating_add(found.map_or(0, char::len_utf8)))
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
    let (wanted, is_certain) = wanted_column(&open, column, line)?;
    let is_certain = is_certain && !stands_in_item(before, column, line);
    if let Some(earlier) = odd_sibling(text, start, column, wanted) {
        return Some(odd_line(text, earlier, [wanted, column], start, offset));
    }
    let first = start.saturating_add(column).saturating_add(offset);
    let end = start.saturating_add(line.trim_end_matches([' ', '\t']).len()).saturating_add(offset);
    let (sentence, help) = (columns_told(column, wanted), blanks_told(column, wanted));
    let problem =
        Problem::error(code::INDENTATION, Span::new(first, end.max(first)), sentence).help(help);
    let edits = moved_lines(text, start..text.len(), column, wanted, offset);
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
            if edits.len() > LINES_MAX {
                return Vec::new();
            }
        }
        start = start.saturating_add(line.len());
    }
    edits
}

/// The only line of its mapping before byte `start` when that one is odd: more lines follow in
/// `column` than stand in column `wanted`.
fn odd_sibling(text: &str, start: usize, column: usize, wanted: usize) -> Option<usize> {
    let is_content = |line: &&str| !line.trim().is_empty() && !line.trim().starts_with('#');
    let mut at = start;
    let mut siblings = Vec::new();
    for line in text.get(..start)?.split_inclusive('\n').rev().take(LINES_MAX) {
        at = at.saturating_sub(line.len());
        let blanks = indentation(line).len();
        if is_content(&line) && blanks < wanted.min(column) {
            break;
        }
        if is_content(&line) && blanks == wanted {
            siblings.push((at, line));
        }
    }
    let [(sibling, line)] = siblings.as_slice() else { return None };
    let rest = text.get(start..)?.lines().filter(is_content).take(LINES_MAX);
    let rest = rest.take_while(|line| indentation(line).len() >= wanted.min(column));
    let followers: Vec<&str> = rest.filter(|line| indentation(line).len() == column).collect();
    let are_keys = followers.iter().chain([line]).all(|line| !line.trim().starts_with('-'));
    (are_keys && followers.len() > 1).then_some(*sibling)
}

/// The problem of the line that starts at byte `start` in the first of two columns, when the one at
/// byte `next` and others are in the second.
fn odd_line(text: &str, start: usize, columns: [usize; 2], next: usize, offset: usize) -> Problem {
    let [column, wanted] = columns;
    let whole = |start: usize| {
        let line = text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        let first = start.saturating_add(indentation(line).len()).saturating_add(offset);
        Span::new(first, first.saturating_add(line.trim().len()))
    };
    let problem = Problem::error(code::INDENTATION, whole(start), columns_told(column, wanted))
        .help(blanks_told(column, wanted))
        .label(whole(next), "a line after it");
    let edits = moved_lines(text, start..next, column, wanted, offset);
    if edits.is_empty() { problem } else { problem.fix_all(edits) }
}

fn columns_told(column: usize, wanted: usize) -> String {
    let (column, wanted) = (column.saturating_add(1), wanted.saturating_add(1));
    format!("this line starts in column {column}, its neighbours start in column {wanted}")
}

fn blanks_told(column: usize, wanted: usize) -> String {
    match wanted.checked_sub(column) {
        Some(more) => format!("add {more} blank{} in front of it", plural(more)),
        None => {
            let less = column.saturating_sub(wanted);
            format!("remove {less} blank{} in front of it", plural(less))
        }
    }
}

/// Edits that move the first line of `range` from `column` to column `wanted`, and with it the
/// deeper lines that follow, if it can have any.
fn moved_lines(
    text: &str,
    range: Range<usize>,
    column: usize,
    wanted: usize,
    offset: usize,
) -> Vec<Edit> {
    let start = range.start;
    let mut edits = Vec::new();
    let mut has_more = false;
    let mut at = start;
    for line in text.get(range).unwrap_or_default().split_inclusive('\n').take(LINES_MAX) {
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

/// Whether the item that starts last in `column` has the key of `line` already.
fn stands_in_item(before: &str, column: usize, line: &str) -> bool {
    let key = |line: &str| {
        let content = line.trim_start_matches([' ', '\t', '-']);
        content.split(':').next().unwrap_or_default().to_owned()
    };
    let wanted = key(line);
    for earlier in before.lines().rev().filter(|line| !line.trim().is_empty()).take(LINES_MAX) {
        if key(earlier) == wanted {
            return true;
        }
        if indentation(earlier).len() <= column {
            return false;
        }
    }
    false
}

/// The column in which `line` should start, when it starts in a wrong one, and whether that is
/// certain.
fn wanted_column(open: &[Start], column: usize, line: &str) -> Option<(usize, bool)> {
    let is_item = starts(line).first()?.is_item;
    let mut here = open.iter().filter(|start| start.column == column);
    // A key under a dash belongs beside the key that stands after the dash.
    if !is_item && here.clone().next().is_some() && here.all(|start| start.is_item) {
        let beside = open.iter().find(|start| !start.is_item && start.column > column)?;
        return Some((beside.column, true));
    }
    let last = open.last()?.column;
    if open.iter().any(|start| start.column == column) || column >= last {
        return None;
    }
    nearest_column(open, column, line)
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
