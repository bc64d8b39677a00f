//! What each code means: an explanation, and an example with a wrong and a right form.
//!
//! The lessons stand in one module for each subject; [`CATALOGUE`] joins them with codes and
//! headlines. Terminal text and documentation page are made from it by the module `page`, and the
//! diagnostic of an example is made by the checker itself, so none of them can be out of date.
//!
//! An example replaces whole lines of one of two valid manifests, [`BASES`]. Tests hold that the
//! wrong lines give the code and the right ones give nothing.

pub(crate) mod habits;
pub(crate) mod market;
pub(crate) mod names;
mod page;
pub(crate) mod ports;
pub(crate) mod price;
pub(crate) mod quantities;
pub(crate) mod services;
pub(crate) mod storage;
pub(crate) mod text;
pub(crate) mod values;

use std::fmt;

use undercut_primitives::Code;

use crate::code::CATALOGUE;
use crate::diagnostic::Severity;

pub use page::page;

/// What every code starts with.
const PREFIX: &str = "SDL";

/// Joins lines of a manifest.
macro_rules! lines {
    [$first:literal $(, $rest:literal)* $(,)?] => {
        concat!($first $(, "\n", $rest)*)
    };
}
pub(crate) use lines;

/// The two manifests that examples change a part of: one of version 2.0 with two placements, a
/// persistent volume and a leased IP, and one of version 2.1 with a GPU. Both are valid without a
/// warning.
pub(crate) const BASES: [&str; 2] = [include_str!("shop.yaml"), include_str!("model.yaml")];

/// One row of the [`CATALOGUE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The code.
    pub code: Code,
    /// What is wrong, in general: lower case, no full stop.
    pub headline: &'static str,
    /// Whether it refuses the manifest.
    pub level: Level,
    /// The rule, the reason for it and what to do: two to six sentences, words in backticks.
    pub explanation: &'static str,
    /// The mistake and its correction.
    pub example: Example,
}

/// Which severities a code comes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Always an error.
    Error,
    /// Always a warning.
    Warning,
    /// An error or a warning, as the explanation says.
    Either,
}

impl Level {
    /// Whether the code may come with `severity`.
    #[must_use]
    pub const fn allows(self, severity: Severity) -> bool {
        matches!(
            (self, severity),
            (Self::Either, _) | (Self::Error, Severity::Error) | (Self::Warning, Severity::Warning)
        )
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Either => "error or warning",
        })
    }
}

/// A mistake and its correction.
///
/// Lines are whole lines of a manifest, indented as they are there, without the last line end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Example {
    /// Lines of which [`crate::check()`] tells the code.
    Lines {
        /// The lines of the valid manifest that the others replace.
        instead_of: &'static str,
        /// Lines that give the code.
        wrong: &'static str,
        /// Lines that give no problem.
        right: &'static str,
    },
    /// Lines that are valid by themselves: it takes known prices, the models of a market or a
    /// lease to see what is wrong with them.
    Market {
        /// The lines of the valid manifest that the others replace.
        instead_of: &'static str,
        /// Lines that give the code.
        wrong: &'static str,
        /// Lines that do not.
        right: &'static str,
    },
    /// What a few lines cannot show, in words: a phrase each, without a full stop.
    Words {
        /// What gives the code.
        wrong: &'static str,
        /// What to have instead.
        right: &'static str,
    },
}

/// What the catalogue tells about a code beside its headline.
#[derive(Clone, Copy)]
pub(crate) struct Lesson {
    pub(crate) level: Level,
    pub(crate) explanation: &'static str,
    pub(crate) example: Example,
}

impl Entry {
    pub(crate) const fn new(code: Code, headline: &'static str, lesson: Lesson) -> Self {
        let Lesson { level, explanation, example } = lesson;
        Self { code, headline, level, explanation, example }
    }

    /// The whole manifest with the wrong lines of the example; `None` for an example in words.
    ///
    /// ```
    /// let text = undercut_sdl::entry("SDL014").unwrap().wrong_manifest().unwrap();
    /// let (sdl, problems) = undercut_sdl::check(&text);
    /// assert!(sdl.is_none());
    /// assert_eq!(problems.iter().next().unwrap().code.as_str(), "SDL014");
    /// ```
    #[must_use]
    pub fn wrong_manifest(&self) -> Option<String> {
        match self.example {
            Example::Lines { instead_of, wrong, .. }
            | Example::Market { instead_of, wrong, .. } => replaced(instead_of, wrong),
            Example::Words { .. } => None,
        }
    }

    /// The whole manifest with the right lines of the example; `None` for an example in words.
    #[must_use]
    pub fn right_manifest(&self) -> Option<String> {
        match self.example {
            Example::Lines { instead_of, right, .. }
            | Example::Market { instead_of, right, .. } => replaced(instead_of, right),
            Example::Words { .. } => None,
        }
    }
}

/// The entry of a code: `SDL014`, or shorter `sdl14` or `14`; capitals and blanks around it do not
/// matter. `None` when there is no such code.
///
/// ```
/// let entry = undercut_sdl::entry("sdl14").unwrap();
/// assert_eq!(entry.code.as_str(), "SDL014");
/// assert_eq!(undercut_sdl::entry("014"), Some(entry));
/// assert_eq!(undercut_sdl::entry("999"), None);
/// ```
#[must_use]
pub fn entry(code: &str) -> Option<&'static Entry> {
    let code = code.trim();
    let digits = match code.split_at_checked(PREFIX.len()) {
        Some((prefix, digits)) if prefix.eq_ignore_ascii_case(PREFIX) => digits,
        _ => code,
    };
    if !(1..=3).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let wanted = format!("{PREFIX}{digits:0>3}");
    CATALOGUE.iter().find(|entry| entry.code.as_str() == wanted)
}

/// The headline of `code`, or `None` when this crate does not report it.
///
/// ```
/// use undercut_primitives::Code;
///
/// assert_eq!(undercut_sdl::headline(Code::new("SDL014")), Some("a size cannot be read"));
/// ```
#[must_use]
pub fn headline(code: Code) -> Option<&'static str> {
    CATALOGUE.iter().find(|entry| entry.code == code).map(|entry| entry.headline)
}

/// The base that has `old` as whole lines, with `new` in their place.
fn replaced(old: &str, new: &str) -> Option<String> {
    let (before, after) = BASES.iter().find_map(|base| places(base, old).into_iter().next())?;
    Some([before, new, after].concat())
}

/// What stands before and after each occurrence of `lines` as whole lines.
fn places<'b>(base: &'b str, lines: &str) -> Vec<(&'b str, &'b str)> {
    let around = base.match_indices(lines).filter_map(|(at, found)| {
        let (before, rest) = base.split_at_checked(at)?;
        Some((before, rest.strip_prefix(found)?))
    });
    let is_whole = |(before, after): &(&str, &str)| {
        (before.is_empty() || before.ends_with('\n')) && after.starts_with('\n')
    };
    around.filter(is_whole).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bases_are_valid_and_have_no_problem() {
        for base in BASES {
            let (sdl, problems) = crate::check(base);
            assert!(sdl.is_some() && problems.is_empty(), "{problems}");
        }
    }

    #[test]
    fn the_lines_of_every_example_stand_once_in_one_base() {
        for entry in CATALOGUE {
            let (Example::Lines { instead_of, wrong, right }
            | Example::Market { instead_of, wrong, right }) = entry.example
            else {
                continue;
            };
            let code = entry.code;
            let found: usize = BASES.iter().map(|base| places(base, instead_of).len()).sum();
            assert_eq!(found, 1, "{code}: {instead_of:?}");
            for lines in [instead_of, wrong, right] {
                assert!((1..=8).contains(&lines.lines().count()), "{code}: {lines:?}");
                assert!(!lines.ends_with('\n') && !lines.trim().is_empty(), "{code}: {lines:?}");
                assert!(lines.lines().all(|line| line.len() <= 76), "{code}: {lines:?}");
            }
        }
    }

    #[test]
    fn lines_are_found_whole() {
        let base = "a: 1\nb:\n  a: 10\n";
        assert_eq!(places(base, "a: 1"), [("", "\nb:\n  a: 10\n")]);
        assert_eq!(places(base, "b:\n  a: 10"), [("a: 1\n", "\n")]);
        assert_eq!(places(base, "a: 10"), []);
    }
}
