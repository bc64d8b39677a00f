//! Characters: a few beyond ASCII where the terminal shows them, plain ones elsewhere.

/// The characters to print in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Style {
    is_ascii: bool,
}

impl Style {
    /// ASCII when asked for, on a dumb terminal, or when the locale names another character set.
    pub(crate) fn detect(ascii: bool) -> Self {
        let of = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let locale = of("LC_ALL").or_else(|| of("LC_CTYPE")).or_else(|| of("LANG"));
        let other =
            locale.is_some_and(|locale| !locale.to_lowercase().replace('-', "").contains("utf8"));
        Self { is_ascii: ascii || other || of("TERM").as_deref() == Some("dumb") }
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
