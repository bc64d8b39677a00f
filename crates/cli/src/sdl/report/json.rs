//! The answer of `sdl check --json`, schema `undercut.sdl-check/1`.
//!
//! `range` is as editors count (LSP): lines and UTF-16 code units from 0. `line` and `column` are as
//! people count: from 1, columns in characters. Bytes are those of the text in UTF-8, from 0. Ends
//! are behind the last one.

use std::path::Path;

use serde::Serialize;
use undercut_sdl::{Diagnostic, Severity, Span};

use super::{Checked, Unreadable, page_of};
use crate::exit::{Exit, Failure};
use crate::sdl::places::{Place, Places};
use crate::style::escaped_json;

/// All files.
#[derive(Serialize)]
pub(crate) struct Answer {
    schema: &'static str,
    ok: bool,
    errors: usize,
    warnings: usize,
    files: Vec<FileAnswer>,
}

#[derive(Serialize)]
struct FileAnswer {
    file: String,
    ok: bool,
    io_error: Option<IoError>,
    version_hash: Option<String>,
    groups_sha256: Option<String>,
    errors: usize,
    warnings: usize,
    diagnostics: Vec<Problem>,
    fixed: Vec<Mended>,
}

#[derive(Serialize)]
struct IoError {
    code: String,
    message: String,
}

/// A problem, with its places.
#[derive(Serialize)]
pub(crate) struct Problem {
    code: &'static str,
    severity: String,
    message: String,
    label: Option<String>,
    help: Option<String>,
    doc: String,
    #[serde(flatten)]
    extent: Extent,
    related: Vec<Related>,
    fix: Option<Fix>,
}

/// A problem that is gone. Its place is that of the text as it was just before.
#[derive(Serialize)]
struct Mended {
    code: &'static str,
    severity: String,
    message: String,
    line: usize,
    column: usize,
}

#[derive(Serialize)]
struct Related {
    message: String,
    #[serde(flatten)]
    extent: Extent,
}

#[derive(Serialize)]
struct Fix {
    edits: Vec<Edit>,
}

#[derive(Serialize)]
struct Edit {
    #[serde(flatten)]
    extent: Extent,
    new_text: String,
}

#[derive(Serialize)]
struct Extent {
    range: Range,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    start_byte: usize,
    end_byte: usize,
}

#[derive(Serialize)]
struct Range {
    start: Position,
    end: Position,
}

#[derive(Serialize)]
struct Position {
    line: usize,
    character: usize,
}

impl From<Place> for Position {
    fn from(place: Place) -> Self {
        Self { line: place.line, character: place.units }
    }
}

impl Extent {
    fn of(span: Span, places: &Places<'_>) -> Self {
        let [start, end] = places.ends(span);
        Self {
            range: Range { start: start.into(), end: end.into() },
            line: start.line.saturating_add(1),
            column: start.characters.saturating_add(1),
            end_line: end.line.saturating_add(1),
            end_column: end.characters.saturating_add(1),
            start_byte: span.start,
            end_byte: span.end,
        }
    }
}

impl Problem {
    pub(crate) fn of(problem: &Diagnostic, places: &Places<'_>) -> Self {
        let related = |label: &undercut_sdl::Label| Related {
            message: label.text.clone(),
            extent: Extent::of(label.span, places),
        };
        let edit = |edit: &undercut_sdl::Edit| Edit {
            extent: Extent::of(edit.span, places),
            new_text: edit.text.clone(),
        };
        let fix = |fix: &undercut_sdl::Fix| Fix { edits: fix.edits.iter().map(edit).collect() };
        Self {
            code: problem.code.as_str(),
            severity: problem.severity.to_string(),
            message: problem.sentence.clone(),
            label: problem.label.clone(),
            help: problem.help.clone(),
            doc: page_of(problem.code.as_str()),
            extent: Extent::of(problem.span, places),
            related: problem.labels.iter().map(related).collect(),
            fix: problem.fix.as_ref().map(fix),
        }
    }

    pub(crate) fn is_error(&self) -> bool {
        self.severity == Severity::Error.to_string()
    }
}

impl Mended {
    fn of(problem: &Diagnostic) -> Self {
        Self {
            code: problem.code.as_str(),
            severity: problem.severity.to_string(),
            message: problem.sentence.clone(),
            line: problem.line,
            column: problem.column,
        }
    }
}

fn name(file: &Path) -> String {
    file.display().to_string()
}

impl Default for Answer {
    fn default() -> Self {
        let schema = "undercut.sdl-check/1";
        Self { schema, ok: true, errors: 0, warnings: 0, files: Vec::new() }
    }
}

impl Answer {
    pub(super) fn file(&mut self, checked: &Checked<'_>) -> String {
        let places = checked.places();
        let (errors, warnings) = checked.counts();
        self.ok &= checked.is_ok;
        self.errors = self.errors.saturating_add(errors);
        self.warnings = self.warnings.saturating_add(warnings);
        self.files.push(FileAnswer {
            file: name(checked.file),
            ok: checked.is_ok,
            io_error: None,
            version_hash: checked.sdl.map(|sdl| sdl.hash().to_string()),
            groups_sha256: checked.sdl.map(|sdl| sdl.groups_sha256().to_string()),
            errors,
            warnings,
            diagnostics: checked.found.iter().map(|one| Problem::of(one, &places)).collect(),
            fixed: checked.mended.iter().map(Mended::of).collect(),
        });
        String::new()
    }

    pub(super) fn unreadable(&mut self, file: &Unreadable<'_>) -> String {
        self.ok = false;
        self.files.push(FileAnswer {
            file: name(file.file),
            ok: false,
            io_error: Some(IoError {
                code: file.code.to_owned(),
                message: file.sentence.to_owned(),
            }),
            version_hash: None,
            groups_sha256: None,
            errors: 0,
            warnings: 0,
            diagnostics: Vec::new(),
            fixed: Vec::new(),
        });
        String::new()
    }

    pub(super) fn finish(&self) -> Result<String, Failure> {
        let line = serde_json::to_string(self).map(|json| escaped_json(&json));
        let line = line.map_err(|error| Failure::new(Exit::Bug, error.to_string()))?;
        Ok(line + "\n")
    }
}
