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
    let mut from = plain_prefix(text);
    while let Some(rest) = text.get(from..)
        && let Some(skipped) = rest.bytes().position(may_be_refused)
    {
        let offset = from.saturating_add(skipped);
        let Some(character) = text.get(offset..).and_then(|rest| rest.chars().next()) else {
            break;
        };
        if !is_allowed(character) {
            return Err(refused_character(offset, character));
        }
        from = offset.saturating_add(character.len_utf8());
    }
    check_directives(text)
}

fn refused_character(offset: usize, character: char) -> Box<Problem> {
    let span = Span::new(offset, offset.saturating_add(character.len_utf8()));
    let sentence = format!("the character U+{:04X} is not allowed here", u32::from(character));
    let problem = Problem::error(code::CHARACTER, span, sentence);
    Box::new(problem.help("remove it, or write it as an escape in double quotes"))
}

/// Bytes at the start of a text, in whole blocks, none of which may be refused.
fn plain_prefix(text: &str) -> usize {
    const BLOCK: usize = 256;
    // Without an early exit the compiler looks at many bytes at once.
    let is_plain =
        |block: &&[u8]| !block.iter().fold(false, |any, byte| any | may_be_refused(*byte));
    let blocks = text.as_bytes().chunks(BLOCK).take_while(is_plain);
    let bytes: usize = blocks.map(<[u8]>::len).sum();
    // The first byte of a block may belong to a character that started in the one before.
    floor_border(text, bytes)
}

/// Whether a character that starts with this byte may be refused: the ASCII controls, and what
/// the two bytes start with that U+0080 to U+00BF and U+F000 to U+FFFF have in common.
const fn may_be_refused(byte: u8) -> bool {
    matches!(byte, 0..=8 | 0x0b | 0x0c | 0x0e..=0x1f | 0x7f | 0xc2 | 0xef)
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
    let body = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let mut offset = text.len().saturating_sub(body.len());
    for line in body.split_inclusive(['\n', '\r']) {
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

/// The largest border between characters up to byte `at`.
pub(crate) fn floor_border(text: &str, at: usize) -> usize {
    let mut border = at.min(text.len());
    while !text.is_char_boundary(border) {
        border = border.saturating_sub(1);
    }
    border
}

/// A text as it may stand in a sentence: at most 60 characters, none of them a control.
pub(crate) fn short(text: &str) -> String {
    cut(text, 60)
}

/// The first `longest` characters of a text, none of them a control, and dots for the rest.
pub(crate) fn cut(text: &str, longest: usize) -> String {
    let visible = |c: char| if c.is_control() || is_format(c) { '\u{fffd}' } else { c };
    let mut out: String = text.chars().take(longest).map(visible).collect();
    if text.chars().nth(longest).is_some() {
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
pub(crate) fn is_format(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// Whether a terminal may do something else with a character than show it.
///
/// Control characters, and those without a shape of their own that turn, join or hide others.
///
/// ```
/// assert!(undercut_sdl::steers_terminals('\u{1b}') && undercut_sdl::steers_terminals('\u{202e}'));
/// assert!(!undercut_sdl::steers_terminals('\u{e4}'));
/// ```
#[must_use]
pub fn steers_terminals(character: char) -> bool {
    character.is_control() || is_format(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_are_refused_and_line_ends_are_not() {
        for good in ["a\tb\r\nc", "\u{85}", "\u{1f600}"] {
            assert!(check_characters(good).is_ok(), "{good:?}");
        }
        for bad in [
            "\0",
            "\u{1b}",
            "\u{7f}",
            "\u{80}",
            "\u{fffe}",
            "%YAML 2.0\n---",
            "%FOO",
            "\u{feff}%FOO",
        ] {
            assert!(check_characters(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn every_character_is_judged_wherever_it_stands() {
        for character in '\0'..=char::MAX {
            let mut utf8 = [0; 4];
            let text = character.encode_utf8(&mut utf8);
            let refused = check_characters(&format!("a{text}")).is_err();
            assert_eq!(refused, !is_allowed(character), "{character:?}");
        }
        for before in 0..520 {
            let text = format!("{}\u{20ac}\u{85}\u{80}", "a".repeat(before));
            let problem = check_characters(&text).unwrap_err();
            let at = text.find('\u{80}').unwrap();
            assert_eq!(*problem, *refused_character(at, '\u{80}'));
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
