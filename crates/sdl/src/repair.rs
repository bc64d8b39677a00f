//! Text that the reference reads and our YAML parser does not, made readable without changing
//! what it means or where it stands.
//!
//! The parser follows YAML 1.2, manifests are written for YAML 1.1 and its reader. Four
//! differences are bridged: U+0085 is a line end, a tab may follow a `:`, and the lines of a
//! quoted text, or between brackets, may start in any column. The last three are repaired where
//! the parser stumbles, one place at a time, so that no text is touched that only looks alike.

use crate::position::Positions;

/// Bytes that may be read again for repairs, all rounds together.
const REREAD_BYTES_MAX: usize = 16 << 20;

/// How certain a repair is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repair {
    /// The text means this.
    Sure,
    /// The text means this, if it can be read then.
    Guess,
}

/// A text with its repairs.
#[derive(Debug)]
pub(crate) struct Source {
    text: String,
    /// Blanks that were put in, in order of place.
    inserted: Vec<Insertion>,
    budget: usize,
    /// A column beyond those in which lines start.
    beyond: Option<usize>,
}

/// Blanks in front of a character of the original. All in characters.
#[derive(Clone, Copy, Debug)]
struct Insertion {
    /// The character of the original.
    place: usize,
    count: usize,
    /// Blanks of all insertions before this one.
    before: usize,
}

impl Insertion {
    /// Where the blanks start in the repaired text.
    fn start(&self) -> usize {
        self.place.saturating_add(self.before)
    }
}

impl Source {
    pub(crate) fn new(text: &str) -> Self {
        Self {
            text: text.replace('\u{85}', "\n"),
            inserted: Vec::new(),
            budget: REREAD_BYTES_MAX,
            beyond: None,
        }
    }

    /// What the parser is to read.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The character of the original that stands at character `index` of [`Self::text`].
    pub(crate) fn original(&self, index: usize) -> usize {
        let earlier = self.inserted.partition_point(|insertion| insertion.start() < index);
        let Some(last) = self.inserted.get(..earlier).and_then(<[Insertion]>::last) else {
            return index;
        };
        // A place among the blanks counts as the character that they stand in front of.
        let blanks = last.count.min(index.saturating_sub(last.start()));
        index.saturating_sub(last.before.saturating_add(blanks))
    }

    /// Repairs what made the parser stop with `info` at character `index`, if it can be.
    pub(crate) fn repair(&mut self, info: &str, index: usize) -> Option<Repair> {
        self.budget = self.budget.checked_sub(self.text.len())?;
        let at = Positions::new(&self.text).byte_of_character(index);
        if info.contains("invalid indentation in quoted scalar") {
            self.indent_quoted(at, index).map(|()| Repair::Sure)
        } else if info.contains("':' must be followed by a valid YAML whitespace") {
            self.blank_for_tab(at).map(|()| Repair::Sure)
        } else if matches!(info, "invalid indentation" | "invalid indentation in flow construct") {
            self.indent_in_brackets(at, index).map(|()| Repair::Guess)
        } else {
            None
        }
    }

    /// Indents the line that starts at byte `at`, character `index`, and stands between brackets:
    /// columns mean nothing there. One column more than any line of the text starts in is enough.
    fn indent_in_brackets(&mut self, at: usize, index: usize) -> Option<()> {
        let (before, line) = self.text.split_at_checked(at)?;
        let is_first = before.lines().next_back().is_none_or(|line| line.trim().is_empty());
        if line.is_empty() || !(is_first || before.ends_with(['\n', '\r'])) {
            return None;
        }
        let count = *self.beyond.get_or_insert_with(|| {
            let column = |line: &str| {
                let content = line.trim_start_matches([' ', '-']);
                line.len().saturating_sub(content.len())
            };
            self.text.lines().map(column).max().unwrap_or(0).saturating_add(1)
        });
        let place = self.original(index);
        self.text.insert_str(at, &" ".repeat(count));
        self.insert(vec![Insertion { place, count, before: 0 }]);
        Some(())
    }

    /// Notes insertions.
    fn insert(&mut self, places: Vec<Insertion>) {
        self.inserted.extend(places);
        self.inserted.sort_by_key(|insertion| insertion.place);
        let mut before: usize = 0;
        for insertion in &mut self.inserted {
            insertion.before = before;
            before = before.saturating_add(insertion.count);
        }
    }

    /// Makes blanks of the tabs between a `:` and byte `at`.
    fn blank_for_tab(&mut self, at: usize) -> Option<()> {
        let before = self.text.get(..at)?;
        let start = before.trim_end_matches(['\t', ' ']).len();
        let run = before.get(start..)?;
        if !run.contains('\t') || !before.get(..start)?.ends_with(':') {
            return None;
        }
        let blanks = " ".repeat(run.len());
        self.text.replace_range(start..at, &blanks);
        Some(())
    }

    /// Indents every further line of the quoted text that starts at byte `at`, character `index`.
    /// Blanks in front of such a line do not count, so its value stays the same.
    fn indent_quoted(&mut self, at: usize, index: usize) -> Option<()> {
        let before = self.text.get(..at)?;
        let line_start = before.rfind(['\n', '\r']).map_or(0, |index| index.saturating_add(1));
        let columns = before.get(line_start..)?.chars().count().saturating_add(1);
        let quoted = quoted_text(self.text.get(at..)?)?;
        // The blanks are paid for like text that is read again, or a wide column and many lines
        // would come to any length.
        let count = lines(quoted).count();
        self.budget = self.budget.checked_sub(columns.checked_mul(count)?)?;
        let mut out = String::new();
        let mut places = Vec::new();
        let mut place = index;
        for (number, line) in lines(quoted).enumerate() {
            let marker = line.starts_with("---") || line.starts_with("...");
            if marker {
                return None;
            }
            if number > 0 {
                let place = self.original(place);
                places.push(Insertion { place, count: columns, before: 0 });
                out.extend(std::iter::repeat_n(' ', columns));
            }
            out.push_str(line);
            place = place.saturating_add(line.chars().count());
        }
        let end = at.checked_add(quoted.len())?;
        // Without a second line there is nothing to repair, and trying again would not end.
        if places.is_empty() {
            return None;
        }
        self.text.replace_range(at..end, &out);
        self.insert(places);
        Some(())
    }
}

/// The lines of a text with their ends: LF, CR LF or CR.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let bytes = rest.as_bytes();
        let is_end = |at: usize, byte: u8| {
            byte == b'\n' || (byte == b'\r' && bytes.get(at.saturating_add(1)) != Some(&b'\n'))
        };
        let end = bytes.iter().enumerate().find(|(at, byte)| is_end(*at, **byte));
        let length = end.map_or(rest.len(), |(at, _)| at.saturating_add(1));
        let (line, tail) = rest.split_at_checked(length)?;
        rest = tail;
        (!line.is_empty()).then_some(line)
    })
}

/// The quoted text at the start of `text`, with its quotes.
pub(crate) fn quoted_text(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut escaped = false;
    for (index, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' if quote == '"' => escaped = true,
            // Two single quotes stand for one: the text goes on behind them.
            _ if character == quote => {
                let end = index.saturating_add(1);
                if quote == '\'' && text.get(end..)?.starts_with('\'') {
                    escaped = true;
                } else {
                    return text.get(..end);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabs_after_a_colon_become_blanks() {
        let info = "':' must be followed by a valid YAML whitespace";
        let mut source = Source::new("a: \":\tx\"\nb:\t\tc");
        assert_eq!(source.repair(info, 13), Some(Repair::Sure));
        assert_eq!(source.text(), "a: \":\tx\"\nb:  c");
        assert_eq!(source.repair(info, 13), None);
    }

    #[test]
    fn lines_of_quoted_text_are_indented_and_places_stay() {
        let mut source = Source::new("k: \"x\ny\nz\" # w");
        assert_eq!(source.repair("invalid indentation in quoted scalar", 3), Some(Repair::Sure));
        assert_eq!(source.text(), "k: \"x\n    y\n    z\" # w");
        let place = |needle| source.original(source.text().find(needle).unwrap());
        assert_eq!((place("x"), place("y"), place("z"), place("w")), (4, 6, 8, 13));
    }

    #[test]
    fn lines_of_quoted_text_end_with_each_kind_of_break() {
        let mut source = Source::new("k: \"w\rx\r\ny\nz\"");
        let repaired = source.repair("invalid indentation in quoted scalar", 3);
        assert_eq!(repaired, Some(Repair::Sure));
        assert_eq!(source.text(), "k: \"w\r    x\r\n    y\n    z\"");
    }

    #[test]
    fn lines_between_brackets_are_indented_and_places_stay() {
        let mut source = Source::new("a:\n  b: [\nc\n ] # w");
        assert_eq!(source.repair("invalid indentation", 10), Some(Repair::Guess));
        assert_eq!(source.text(), "a:\n  b: [\n   c\n ] # w");
        assert_eq!(source.repair("invalid indentation", 16), Some(Repair::Guess));
        assert_eq!(source.text(), "a:\n  b: [\n   c\n    ] # w");
        let place = |needle| source.original(source.text().find(needle).unwrap());
        assert_eq!((place("c"), place("]"), place("w")), (10, 13, 17));
        assert_eq!(source.repair("invalid indentation", 1), None, "no line starts there");
    }

    #[test]
    fn quoted_text_ends_with_its_quote() {
        assert_eq!(quoted_text(r#""a\"b" c"#), Some(r#""a\"b""#));
        assert_eq!(quoted_text("'a''b' c"), Some("'a''b'"));
        assert_eq!(quoted_text("\"a"), None);
        assert_eq!(quoted_text("a"), None);
    }

    #[test]
    fn next_line_is_a_line_end() {
        assert_eq!(Source::new("a\u{85}b").text(), "a\nb");
    }
}
