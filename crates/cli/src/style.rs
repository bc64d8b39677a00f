//! Characters and colours: a few characters beyond ASCII where the terminal shows them, plain ones
//! elsewhere; colours on a terminal, and never as the only sign of anything.

use std::fmt::Write as _;
use std::io::IsTerminal;

use clap::ValueEnum;
use undercut_sdl::Colour;

/// When to paint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// On a terminal, unless NO_COLOR or TERM=dumb says otherwise; CLICOLOR_FORCE paints elsewhere
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The characters and colours to print in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Style {
    is_ascii: bool,
    colour: When,
}

impl Style {
    /// ASCII when asked for, on a dumb terminal, or when the locale names another character set.
    /// Colours as asked for, else as the environment says.
    pub(crate) fn detect(ascii: bool, colour: When) -> Self {
        let of = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let locale = of("LC_ALL").or_else(|| of("LC_CTYPE")).or_else(|| of("LANG"));
        let other =
            locale.is_some_and(|locale| !locale.to_lowercase().replace('-', "").contains("utf8"));
        let is_dumb = of("TERM").as_deref() == Some("dumb");
        let colour = match colour {
            When::Auto if of("NO_COLOR").is_some() => When::Never,
            When::Auto if of("CLICOLOR_FORCE").is_some_and(|value| value != "0") => When::Always,
            When::Auto if is_dumb => When::Never,
            colour => colour,
        };
        Self { is_ascii: ascii || other || is_dumb, colour }
    }

    /// Whether to paint what goes to `stream`.
    pub(crate) fn colour(self, stream: &impl IsTerminal) -> Colour {
        match self.colour {
            When::Auto if stream.is_terminal() => Colour::Terminal,
            When::Always => Colour::Terminal,
            When::Auto | When::Never => Colour::Plain,
        }
    }

    /// `text` in the character set: known characters are replaced, others become `?`.
    pub(crate) fn paint(self, text: &str) -> String {
        if !self.is_ascii {
            return text.to_owned();
        }
        let mut plain = String::with_capacity(text.len());
        for character in text.chars() {
            match PLAIN.iter().find(|(from, _)| *from == character) {
                Some((_, to)) => plain.push_str(to),
                None if character.is_ascii() => plain.push(character),
                None => plain.push('?'),
            }
        }
        plain
    }
}

/// A name or sentence on one line, with nothing that moves the cursor or turns the text around.
pub(crate) fn visible(text: &str) -> String {
    text.chars().map(|c| if undercut_sdl::steers_terminals(c) { '\u{fffd}' } else { c }).collect()
}

/// JSON in which every character that steers terminals is an escape. Outside texts JSON has none
/// but line ends, so it stays the same value.
pub(crate) fn escaped_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        if character == '\n' || !undercut_sdl::steers_terminals(character) {
            out.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

const PLAIN: [(char, &str); 11] = [
    ('·', "-"),
    ('✓', "ok"),
    ('✗', "FAILED"),
    ('█', "#"),
    ('▌', "="),
    ('│', "|"),
    ('⋮', ":"),
    ('→', "->"),
    ('×', "x"),
    ('≤', "<="),
    ('…', "..."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_visible_moves_the_cursor() {
        assert_eq!(
            visible("a\u{1b}[2Jb\n\u{202e}c \u{e4}"),
            "a\u{fffd}[2Jb\u{fffd}\u{fffd}c \u{e4}"
        );
    }
}
