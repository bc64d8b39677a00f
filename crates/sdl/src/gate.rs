//! What is checked before any YAML is read: length, encoding, characters and directives.

use std::borrow::Cow;

use crate::code;
use crate::diagnostic::{Problem, Span};

/// The longest text that is read, in bytes: 1 MiB. The longest of 390 public manifests has 21 kB.
pub const TEXT_BYTES_MAX: usize = 1 << 20;

/// The byte order mark.
pub(crate) const BYTE_ORDER_MARK: char = '\u{feff}';

/// Refuses a text of `length` bytes when it is longer than [`TEXT_BYTES_MAX`].
pub(crate) fn check_length(length: usize) -> Result<(), Box<Problem>> {
    if length <= TEXT_BYTES_MAX {
        return Ok(());
    }
    let sentence = format!("the text has {length} bytes, the limit is {TEXT_BYTES_MAX}");
    Err(Box::new(Problem::error(code::TOO_LONG, Span::default(), sentence)))
}

/// The text of a file: UTF-8, or UTF-16 with a byte order mark.
pub(crate) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Box<Problem>> {
    match bytes {
        // The mark of UTF-32 starts like that of UTF-16; the two zeros after it tell them apart.
        [0xff, 0xfe, 0, 0, ..] => Err(not_utf8(0, "UTF-32")),
        [0xff, 0xfe, rest @ ..] => decode_utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => decode_utf16(rest, u16::from_be_bytes),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Cow::Borrowed(text)),
            Err(error) => Err(not_utf8(error.valid_up_to(), "not UTF-8")),
        },
    }
}

fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'_, str>, Box<Problem>> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| unit(*pair));
    let text: Result<String, _> = char::decode_utf16(units).collect();
    match text {
        Ok(text) if rest.is_empty() => Ok(Cow::Owned(text)),
        _ => Err(not_utf8(0, "broken UTF-16")),
    }
}

fn not_utf8(offset: usize, what: &str) -> Box<Problem> {
    let sentence = format!("the file is {what} from byte {offset} on");
    let problem = Problem::error(code::CHARACTER, Span::new(offset, offset), sentence);
    Box::new(problem.help("save the file as UTF-8"))
}

/// Refuses characters that YAML does not allow, and directives that would change its meaning.
pub(crate) fn check_characters(text: &str) -> Result<(), Box<Problem>> {
    let bad = text.char_indices().find(|(_, character)| !is_allowed(*character));
    if let Some((offset, character)) = bad {
        let end = offset.saturating_add(character.len_utf8());
        let sentence = format!("the character U+{:04X} is not allowed here", u32::from(character));
        let problem = Problem::error(code::CHARACTER, Span::new(offset, end), sentence);
        let help = "remove it, or write it as an escape in double quotes";
        return Err(Box::new(problem.help(help)));
    }
    check_directives(text)
}

/// Tab, line ends, U+0085, and all that is no control character.
fn is_allowed(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' | '\u{85}' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        _ => !character.is_control(),
    }
}

/// Looks at the `%` lines in front of the document.
fn check_directives(text: &str) -> Result<(), Box<Problem>> {
    let mut offset: usize = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        let content = line.trim_end();
        if let Some(directive) = content.strip_prefix('%') {
            let mut words = directive.split_ascii_whitespace();
            let known = match (words.next(), words.next()) {
                (Some("YAML"), version) => matches!(version, Some("1.1" | "1.2")),
                (name, _) => name == Some("TAG"),
            };
            if !known {
                let span = Span::new(offset, offset.saturating_add(content.len()));
                let sentence = format!("the directive `{}` is not supported", short(content));
                let problem = Problem::error(code::SYNTAX, span, sentence);
                return Err(Box::new(problem.help("remove the line")));
            }
        } else if !content.is_empty() && !content.starts_with('#') {
            break;
        }
        offset = offset.saturating_add(line.len());
    }
    Ok(())
}

/// A text as it may stand in a sentence: at most 60 characters, none of them a control.
pub(crate) fn short(text: &str) -> String {
    const LONGEST: usize = 60;
    let visible = |c: char| if c.is_control() || is_format(c) { '\u{fffd}' } else { c };
    let mut out: String = text.chars().take(LONGEST).map(visible).collect();
    if text.chars().nth(LONGEST).is_some() {
        out.push_str("...");
    }
    out
}

/// A text of the user's in backticks, as it may stand in a sentence.
pub(crate) fn quoted(text: &str) -> String {
    match text {
        "" => "an empty text".to_owned(),
        text => format!("`{}`", short(text)),
    }
}

/// Characters that change how the rest of a line is shown.
fn is_format(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_are_refused_and_line_ends_are_not() {
        for good in ["a\tb\r\nc", "\u{85}", "\u{1f600}"] {
            assert!(check_characters(good).is_ok(), "{good:?}");
        }
        for bad in ["\0", "\u{1b}", "\u{7f}", "\u{80}", "\u{fffe}", "%YAML 2.0\n---", "%FOO"] {
            assert!(check_characters(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn utf16_needs_its_mark() {
        assert_eq!(decode(&[0xff, 0xfe, b'a', 0]).unwrap(), "a");
        assert_eq!(decode(&[0xfe, 0xff, 0, b'a']).unwrap(), "a");
        assert!(decode(&[0xff, 0xfe, b'a']).is_err());
        assert!(decode(&[0xff, 0xfe, 0, 0, b'a', 0, 0, 0]).is_err());
        assert!(decode(&[0xc0, 0xaf]).is_err());
    }

    #[test]
    fn quoted_text_is_short_and_visible() {
        assert_eq!(short("a\nb"), "a\u{fffd}b");
        assert_eq!(short(&"x".repeat(61)).len(), 63);
    }
}
