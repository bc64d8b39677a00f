//! What `sdl check` found, in the format that was asked for.

mod github;
mod human;
mod json;
mod sarif;

use std::path::Path;

pub(crate) use human::aside;
pub(crate) use json::Problem;
use undercut_sdl::{Diagnostic, Diagnostics, Sdl, Severity};

use super::places::Places;
use crate::args::Format;
use crate::exit::Failure;
use crate::style::Style;

/// Where a code is explained.
fn page_of(code: &str) -> String {
    format!("docs/sdl-codes.md#{}", code.to_ascii_lowercase())
}

/// A file that was checked.
pub(crate) struct Checked<'a> {
    /// The path as it was given.
    pub(crate) file: &'a Path,
    /// The text that was checked.
    pub(crate) text: &'a str,
    /// The manifest, if no problem is an error.
    pub(crate) sdl: Option<&'a Sdl>,
    /// What is wrong with the text.
    pub(crate) found: &'a Diagnostics,
    /// What was wrong and is mended.
    pub(crate) mended: &'a [Diagnostic],
    /// Whether the answer for this file is yes.
    pub(crate) is_ok: bool,
}

impl Checked<'_> {
    /// How many errors and warnings there are.
    fn counts(&self) -> (usize, usize) {
        let errors = self.found.iter().filter(|one| one.severity == Severity::Error).count();
        (errors, self.found.len().saturating_sub(errors))
    }

    fn places(&self) -> Places<'_> {
        Places::new(self.text)
    }
}

/// A file that cannot be read or written, and why.
pub(crate) struct Unreadable<'a> {
    /// The path as it was given.
    pub(crate) file: &'a Path,
    /// `FIL001`, `FIL003`.
    pub(crate) code: &'a str,
    /// The sentence behind the code.
    pub(crate) sentence: &'a str,
}

/// Makes the answer, file by file.
pub(crate) enum Reporter {
    Human(Style),
    Json(json::Answer),
    Sarif(sarif::Run),
    Github,
}

impl Reporter {
    pub(crate) fn new(format: Format, style: Style) -> Self {
        match format {
            Format::Human => Self::Human(style),
            Format::Json => Self::Json(json::Answer::default()),
            Format::Sarif => Self::Sarif(sarif::Run::default()),
            Format::Github => Self::Github,
        }
    }

    /// Takes a file in, and gives what is to be printed now.
    pub(crate) fn file(&mut self, checked: &Checked<'_>) -> String {
        match self {
            Self::Human(style) => human::file(checked, *style),
            Self::Json(answer) => answer.file(checked),
            Self::Sarif(run) => run.file(checked),
            Self::Github => github::file(checked),
        }
    }

    /// Takes in a file that cannot be read or written, and gives what is to be printed now.
    pub(crate) fn unreadable(&mut self, file: &Unreadable<'_>) -> String {
        match self {
            // People read it on standard error.
            Self::Human(_) => String::new(),
            Self::Json(answer) => answer.unreadable(file),
            Self::Sarif(run) => run.unreadable(file),
            Self::Github => github::unreadable(file),
        }
    }

    /// What is to be printed after the last file.
    pub(crate) fn finish(self) -> Result<String, Failure> {
        match self {
            Self::Human(_) | Self::Github => Ok(String::new()),
            Self::Json(answer) => answer.finish(),
            Self::Sarif(run) => run.finish(),
        }
    }
}
