//! What stands open in a text that is not YAML: brackets and quotes, as far as can be told.

use crate::repair::quoted_text;

/// What was found up to some place.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// Brackets that were not closed, with their first byte.
    pub(super) brackets: Vec<(usize, char)>,
    /// The last text in quotes: its first byte, and the byte after it.
    pub(super) quoted: Option<(usize, usize)>,
}

/// Reads `text` like YAML, but only for brackets, quotes, comments and blocks of text.
pub(super) fn marks(text: &str) -> Marks {
    let mut marks = Marks::default();
    let mut at: usize = 0;
    // Whether a value may start here.
    let mut fresh = true;
    while let Some(rest) = text.get(at..)
        && let Some(character) = rest.chars().next()
    {
        let mut length = character.len_utf8();
        let flow = !marks.brackets.is_empty();
        match character {
            '\n' | '\r' => fresh = true,
            ' ' | '\t' => {
                let after = rest.trim_start_matches([' ', '\t']);
                length = match after.starts_with('#') {
                    true => line_length(rest),
                    false => rest.len().saturating_sub(after.len()),
                };
            }
            '#' if fresh && starts_line(text, at) => length = line_length(rest),
            '"' | '\'' if fresh => {
                length = quoted_text(rest).map_or(rest.len(), str::len);
                marks.quoted = Some((at, at.saturating_add(length)));
                fresh = false;
            }
            '[' | '{' if fresh => marks.brackets.push((at, character)),
            ']' | '}' if flow => {
                marks.brackets.pop();
                fresh = false;
            }
            '|' | '>' if fresh && !flow => {
                length = block_length(text, at);
                fresh = true;
            }
            ',' if flow => fresh = true,
            ':' | '-' | '?' => {
                let ends = rest.get(1..).is_none_or(|rest| rest.starts_with([' ', '\n', '\r']));
                fresh = (ends || rest.len() == 1) && (character == ':' || fresh);
            }
            _ => fresh = false,
        }
        at = at.saturating_add(length);
    }
    marks
}

fn line_length(rest: &str) -> usize {
    rest.find(['\n', '\r']).unwrap_or(rest.len())
}

fn starts_line(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    before.is_empty() || before.ends_with(['\n', '\r', ' ', '\t'])
}

/// Bytes of a block of text whose `|` or `>` stands at `at`: the lines that are indented more than
/// the one it starts in.
fn block_length(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or_default();
    let line = before.rfind('\n').map_or(0, |index| index.saturating_add(1));
    let indentation = |line: &str| line.len().saturating_sub(line.trim_start_matches(' ').len());
    let least = indentation(text.get(line..).unwrap_or_default());
    let rest = text.get(at..).unwrap_or_default();
    let mut length: usize = 0;
    for (number, line) in rest.split_inclusive('\n').enumerate() {
        let is_over = number > 0 && !line.trim().is_empty() && indentation(line) <= least;
        if is_over {
            break;
        }
        length = length.saturating_add(line.len());
    }
    length.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_and_quotes_count_where_a_value_starts() {
        type Row = (&'static str, &'static [(usize, char)], Option<(usize, usize)>);
        let rows: [Row; 8] = [
            ("a: [b, {c: d}", &[(3, '[')], None),
            ("a: [b, c]", &[], None),
            ("a: b[0", &[], None),
            ("a: it's", &[], None),
            ("a: 'b'", &[], Some((3, 6))),
            ("- [", &[(2, '[')], None),
            ("a: b # [\nc: {", &[(12, '{')], None),
            ("a: |\n  [\n  \"\nb: [", &[(16, '[')], None),
        ];
        for (text, brackets, quoted) in rows {
            let found = marks(text);
            assert_eq!((found.brackets.as_slice(), found.quoted), (brackets, quoted), "{text:?}");
        }
    }
}
