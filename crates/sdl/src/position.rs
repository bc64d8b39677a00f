//! From bytes to lines and columns, and from the parser's character counts to bytes.
//!
//! A line ends with LF, CR LF or CR. Lines and columns count from 1, columns in characters. Any
//! look-up costs a search among the lines and at most [`STRIDE`] bytes of counting, so that one
//! long line with many problems stays cheap. In a text of ASCII a character is a byte, and most
//! texts have no problem, so both tables are made only when they are needed.

use std::cell::OnceCell;

/// Bytes between two noted character counts.
const STRIDE: usize = 64;

/// The places of one text.
#[derive(Debug)]
pub(crate) struct Positions<'a> {
    text: &'a str,
    /// Characters before byte 0, `STRIDE`, twice `STRIDE`, and so on; empty for ASCII.
    counts: Vec<usize>,
    /// First byte of every line.
    lines: OnceCell<Vec<usize>>,
}

impl<'a> Positions<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let mut counts = Vec::new();
        if !text.is_ascii() {
            counts.push(0);
            let mut count: usize = 0;
            for chunk in text.as_bytes().chunks(STRIDE) {
                count = count.saturating_add(starts(chunk));
                counts.push(count);
            }
        }
        Self { text, counts, lines: OnceCell::new() }
    }

    fn lines(&self) -> &[usize] {
        self.lines.get_or_init(|| {
            let bytes = self.text.as_bytes();
            let mut lines = vec![0];
            let after = |index: usize| bytes.get(index.saturating_add(1));
            for (index, byte) in bytes.iter().enumerate() {
                if *byte == b'\n' || (*byte == b'\r' && after(index) != Some(&b'\n')) {
                    lines.push(index.saturating_add(1));
                }
            }
            lines
        })
    }

    /// The text itself.
    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    /// Characters that start before byte `offset`.
    fn characters_before(&self, offset: usize) -> usize {
        let offset = offset.min(self.text.len());
        if self.counts.is_empty() {
            return offset;
        }
        let noted = offset / STRIDE;
        let from = noted.saturating_mul(STRIDE);
        let rest = self.text.as_bytes().get(from..offset).map_or(0, starts);
        self.counts.get(noted).map_or(0, |count| count.saturating_add(rest))
    }

    /// Line and column of byte `offset`.
    pub(crate) fn line_and_column(&self, offset: usize) -> (usize, usize) {
        let lines = self.lines();
        let line = lines.partition_point(|start| *start <= offset).max(1);
        let start = lines.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let before = self.characters_before(start);
        (line, self.characters_before(offset).saturating_sub(before).saturating_add(1))
    }

    /// The byte at which character number `index` starts, counted from 0; the length of the text
    /// when it has no more than `index` characters.
    pub(crate) fn byte_of_character(&self, index: usize) -> usize {
        if self.counts.is_empty() {
            return index.min(self.text.len());
        }
        let noted = self.counts.partition_point(|count| *count <= index).saturating_sub(1);
        let from = noted.saturating_mul(STRIDE);
        let mut left = index.saturating_sub(self.counts.get(noted).copied().unwrap_or(0));
        let bytes = self.text.as_bytes().get(from..).unwrap_or_default();
        for (offset, byte) in bytes.iter().enumerate() {
            if is_start(*byte) {
                if left == 0 {
                    return from.saturating_add(offset);
                }
                left = left.saturating_sub(1);
            }
        }
        self.text.len()
    }
}

/// Whether a character starts with this byte of UTF-8.
fn is_start(byte: u8) -> bool {
    byte & 0b1100_0000 != 0b1000_0000
}

fn starts(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| is_start(**byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_end_with_each_kind_of_break() {
        let positions = Positions::new("a\nb\r\nc\rd");
        let places =
            [(0, (1, 1)), (2, (2, 1)), (5, (3, 1)), (7, (4, 1)), (8, (4, 2)), (99, (4, 2))];
        for (offset, place) in places {
            assert_eq!(positions.line_and_column(offset), place, "byte {offset}");
        }
    }

    #[test]
    fn columns_count_characters() {
        let positions = Positions::new("\u{e4}\u{20ac}x");
        assert_eq!(positions.line_and_column(5), (1, 3));
        assert_eq!(positions.byte_of_character(2), 5);
        assert_eq!(positions.byte_of_character(3), 6);
    }

    proptest! {
        #[test]
        fn bytes_of_characters_agree_with_the_text(text in "[a\u{e4}\u{20ac}\u{1f600}\n]{0,600}") {
            let positions = Positions::new(&text);
            for (index, (offset, _)) in text.char_indices().enumerate() {
                prop_assert_eq!(positions.byte_of_character(index), offset);
                prop_assert_eq!(positions.characters_before(offset), index);
            }
        }
    }
}
