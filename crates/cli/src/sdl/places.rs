//! From bytes of a text to lines and columns as people, editors and SARIF count them.
//!
//! A line ends with LF, CR LF or CR. A byte order mark at the start is no part of the first line.
//! Each look-up costs a search among the lines and at most [`STRIDE`] bytes of counting.

use undercut_sdl::Span;

/// Bytes between two noted counts.
const STRIDE: usize = 64;
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The place of a byte. All from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) line: usize,
    /// Characters before it on its line.
    pub(crate) characters: usize,
    /// Code units of UTF-16 before it on its line.
    pub(crate) units: usize,
}

/// The places of one text.
#[derive(Debug)]
pub(crate) struct Places<'a> {
    text: &'a str,
    /// First byte of every line.
    lines: Vec<usize>,
    /// What stands before byte 0, `STRIDE`, twice `STRIDE`, and so on.
    noted: Vec<Count>,
}

/// Characters, and code units of UTF-16.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    characters: usize,
    units: usize,
}

impl Count {
    fn of(bytes: &[u8]) -> Self {
        // A byte that continues a character counts for nothing; one that starts a character of four
        // bytes stands for two code units.
        let starts = bytes.iter().filter(|byte| **byte & 0b1100_0000 != 0b1000_0000).count();
        let pairs = bytes.iter().filter(|byte| **byte >= 0b1111_0000).count();
        Self { characters: starts, units: starts.saturating_add(pairs) }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            characters: self.characters.saturating_add(other.characters),
            units: self.units.saturating_add(other.units),
        }
    }
}

impl<'a> Places<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let start = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        let mut lines = vec![start];
        for (index, byte) in bytes.iter().enumerate() {
            let next = index.saturating_add(1);
            if *byte == b'\n' || (*byte == b'\r' && bytes.get(next) != Some(&b'\n')) {
                lines.push(next);
            }
        }
        let mut noted = vec![Count::default()];
        for chunk in bytes.chunks(STRIDE) {
            let last = noted.last().copied().unwrap_or_default();
            noted.push(last.plus(Count::of(chunk)));
        }
        Self { text, lines, noted }
    }

    /// Start and end of a range of bytes.
    pub(crate) fn ends(&self, span: Span) -> [Place; 2] {
        [self.at(span.start), self.at(span.end)]
    }

    /// The place of a byte.
    pub(crate) fn at(&self, byte: usize) -> Place {
        let line = self.lines.partition_point(|start| *start <= byte).saturating_sub(1);
        let start = self.lines.get(line).copied().unwrap_or_default();
        let (before, here) = (self.before(start), self.before(byte));
        Place {
            line,
            characters: here.characters.saturating_sub(before.characters),
            units: here.units.saturating_sub(before.units),
        }
    }

    fn before(&self, byte: usize) -> Count {
        let byte = byte.min(self.text.len());
        let index = byte / STRIDE;
        let from = index.saturating_mul(STRIDE);
        let rest = self.text.as_bytes().get(from..byte).unwrap_or_default();
        self.noted.get(index).copied().unwrap_or_default().plus(Count::of(rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_and_code_units_from_the_start_of_their_line() {
        let line = "ä€😀x".repeat(40);
        let text = format!("\u{feff}{line}\r\n{line}\r{line}\n");
        let places = Places::new(&text);
        let (mut row, mut characters, mut units) = (0, 0, 0);
        for (byte, character) in text.char_indices().skip(1) {
            let place = Place { line: row, characters, units };
            assert_eq!(places.at(byte), place, "byte {byte}");
            (characters, units) = (characters + 1, units + character.len_utf16());
            let ends =
                character == '\n' || (character == '\r' && !text[byte..].starts_with("\r\n"));
            if ends {
                (row, characters, units) = (row + 1, 0, 0);
            }
        }
        let end = Place { line: 3, characters: 0, units: 0 };
        assert_eq!([places.at(text.len()), places.at(usize::MAX)], [end, end]);
        assert_eq!(places.at(0), Place { line: 0, characters: 0, units: 0 });
        assert_eq!(Places::new("").at(9), Place { line: 0, characters: 0, units: 0 });
    }
}
