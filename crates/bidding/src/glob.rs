//! Path-style globs: how a required attribute key is compared with an advertised one.
//!
//! | pattern | matches |
//! | --- | --- |
//! | `*` | any run of characters without `/`, also none |
//! | `?` | one character that is no `/` |
//! | `[a-z0]`, `[^a-z]` | one character that is (not) listed and no `/` |
//! | `\c` | the character `c` itself |
//! | anything else | itself |
//!
//! So nothing but a `/` matches a `/`, and the parts of a path are matched one by one. A malformed
//! pattern (an open class, an empty class, a backslash at the end) matches nothing, not even
//! itself. Source: `chain.md` 3.3.
//!
//! No recursion and no allocation. Only the last `*` is ever extended, which is enough because a
//! later `*` of the same part can take over whatever an earlier one leaves: time is at most
//! pattern length × text length.

/// Whether `pattern` matches the whole of `text`.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    if !pattern.contains(['*', '?', '[', '\\']) {
        return pattern == text;
    }
    is_well_formed(pattern) && matches_well_formed(pattern, text)
}

/// Where to go on when what follows the last `*` does not match: make its run one longer.
#[derive(Clone, Copy)]
struct Star<'a> {
    /// The pattern behind the `*`.
    pattern: &'a str,
    /// The text behind its run.
    text: &'a str,
}

fn matches_well_formed(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern, text);
    let mut star: Option<Star<'_>> = None;
    loop {
        match next_token(pattern) {
            Token::Star(rest) => {
                pattern = rest;
                star = Some(Star { pattern, text });
                continue;
            }
            Token::One(one, rest) => {
                if let Some(left) = one.take(text) {
                    (pattern, text) = (rest, left);
                    continue;
                }
            }
            Token::End if text.is_empty() => return true,
            Token::End => {}
            Token::Malformed => return false,
        }
        let Some(longer) = star.and_then(Star::extend) else { return false };
        star = Some(longer);
        (pattern, text) = (longer.pattern, longer.text);
    }
}

impl Star<'_> {
    fn extend(self) -> Option<Self> {
        let mut characters = self.text.chars();
        let taken = characters.next()?;
        (taken != '/').then_some(Self { pattern: self.pattern, text: characters.as_str() })
    }
}

/// The first element of a pattern, and the pattern behind it.
enum Token<'a> {
    Star(&'a str),
    One(One<'a>, &'a str),
    End,
    Malformed,
}

/// What matches exactly one character.
enum One<'a> {
    Literal(char),
    Any,
    Class { is_negated: bool, ranges: &'a str },
}

impl One<'_> {
    /// The text behind the character that is matched, if it is.
    fn take<'t>(&self, text: &'t str) -> Option<&'t str> {
        let mut characters = text.chars();
        let found = characters.next()?;
        let fits = match self {
            Self::Literal(wanted) => found == *wanted,
            Self::Any => found != '/',
            Self::Class { is_negated, ranges } => {
                found != '/' && is_listed(ranges, found) != *is_negated
            }
        };
        fits.then_some(characters.as_str())
    }
}

fn is_well_formed(pattern: &str) -> bool {
    let mut rest = pattern;
    loop {
        match next_token(rest) {
            Token::Star(behind) | Token::One(_, behind) => rest = behind,
            Token::End => return true,
            Token::Malformed => return false,
        }
    }
}

fn next_token(pattern: &str) -> Token<'_> {
    let mut characters = pattern.chars();
    match characters.next() {
        None => Token::End,
        Some('*') => Token::Star(characters.as_str()),
        Some('?') => Token::One(One::Any, characters.as_str()),
        Some('[') => class(characters.as_str()).unwrap_or(Token::Malformed),
        Some('\\') => match characters.next() {
            Some(escaped) => Token::One(One::Literal(escaped), characters.as_str()),
            None => Token::Malformed,
        },
        Some(literal) => Token::One(One::Literal(literal), characters.as_str()),
    }
}

/// Reads a class from behind its `[`. `None` when it is empty or does not end.
fn class(body: &str) -> Option<Token<'_>> {
    let (is_negated, ranges) = match body.strip_prefix('^') {
        Some(ranges) => (true, ranges),
        None => (false, body),
    };
    let (_, mut rest) = next_range(ranges)?;
    loop {
        if let Some(behind) = rest.strip_prefix(']') {
            return Some(Token::One(One::Class { is_negated, ranges }, behind));
        }
        (_, rest) = next_range(rest)?;
    }
}

/// Whether `found` lies in one of the ranges up to the closing bracket.
fn is_listed(ranges: &str, found: char) -> bool {
    let mut rest = ranges;
    // A closing bracket is no range, so this stops where `class` stopped.
    while let Some(((low, high), behind)) = next_range(rest) {
        if (low..=high).contains(&found) {
            return true;
        }
        rest = behind;
    }
    false
}

/// One character or `low-high`, and what follows.
fn next_range(ranges: &str) -> Option<((char, char), &str)> {
    let (low, rest) = class_character(ranges)?;
    match rest.strip_prefix('-') {
        None => Some(((low, low), rest)),
        Some(rest) => class_character(rest).map(|(high, rest)| ((low, high), rest)),
    }
}

/// A character of a class: `-` and `]` only behind a backslash.
fn class_character(text: &str) -> Option<(char, &str)> {
    let mut characters = text.chars();
    match characters.next()? {
        '-' | ']' => None,
        '\\' => characters.next().map(|escaped| (escaped, characters.as_str())),
        plain => Some((plain, characters.as_str())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wildcards_stay_within_one_part_of_a_path() {
        let rows = [
            ("vendor/nvidia/model/*", "vendor/nvidia/model/a100", true),
            ("vendor/nvidia/model/*", "vendor/nvidia/model/a100/ram/80Gi", false),
            ("region", "region", true),
            ("region", "regions", false),
            ("reg*", "region", true),
            ("*", "", true),
            ("*", "a/b", false),
            ("*/*", "a/b", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-b/b-c", false),
            ("a*/c", "ab/c", true),
            ("a*/c", "ab/d", false),
            ("a?c", "abc", true),
            ("a?c", "a/c", false),
            ("a?c", "ac", false),
            ("[a-c]x", "bx", true),
            ("[a-c]x", "dx", false),
            ("[^a-c]x", "dx", true),
            ("[^a-c]x", "/x", false),
            ("[ac-e]*", "d1", true),
            ("\\*", "*", true),
            ("\\*", "x", false),
            ("[\\]]", "]", true),
            ("*é", "caffé", true),
        ];
        for (pattern, text, expected) in rows {
            assert_eq!(matches(pattern, text), expected, "{pattern} against {text}");
        }
    }

    #[test]
    fn a_malformed_pattern_never_matches() {
        for pattern in ["[", "[]", "[^]", "[a", "[a-", "[a-]", "[-a]", "a\\", "*[", "b*[x"] {
            for text in ["", "a", "[", "[]", "[a", pattern] {
                assert!(!matches(pattern, text), "{pattern} against {text}");
            }
        }
    }

    #[test]
    fn many_stars_do_not_blow_up() {
        let pattern = "a*".repeat(2_000) + "b";
        let text = "a".repeat(4_000);
        assert!(!matches(&pattern, &text));
    }

    /// The obvious definition, exponential.
    fn plain(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], text) => text.is_empty(),
            (['*', rest @ ..], text) => {
                plain(rest, text)
                    || text.first().is_some_and(|c| *c != '/') && plain(pattern, &text[1..])
            }
            (['?', rest @ ..], [c, text @ ..]) => *c != '/' && plain(rest, text),
            ([p, rest @ ..], [c, text @ ..]) => p == c && plain(rest, text),
            (_, []) => false,
        }
    }

    proptest! {
        #[test]
        fn fast_and_plain_agree(pattern in "[ab/*?]{0,8}", text in "[ab/]{0,10}") {
            let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
            prop_assert_eq!(matches(&pattern, &text), plain(&p, &t));
        }

        #[test]
        fn any_pattern_ends(pattern in "\\PC{0,40}", text in "\\PC{0,40}") {
            let _ = matches(&pattern, &text);
        }
    }
}
