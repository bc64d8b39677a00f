//! `undercut sdl`: check manifests, show what they become.

use std::io::Read as _;
use std::path::Path;

use serde::Serialize;
use undercut_sdl::{Diagnostics, Sdl, Severity, check_bytes};

use crate::args;
use crate::exit::{Exit, Failure};
use crate::print;
use crate::style::Style;

/// The most that is read of a file: enough for the checker to say that it is too long.
const READ_BYTES_MAX: u64 = 2 * 1024 * 1024;

/// A manifest file as it was read.
pub(crate) struct Source {
    /// The path as it was given.
    pub(crate) path: String,
    bytes: Vec<u8>,
}

impl Source {
    /// Reads a file, or standard input for `-`.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let shown = path.display().to_string();
        let mut bytes = Vec::new();
        let read = if shown == "-" {
            std::io::stdin().lock().take(READ_BYTES_MAX).read_to_end(&mut bytes)
        } else {
            std::fs::File::open(path)
                .and_then(|file| file.take(READ_BYTES_MAX).read_to_end(&mut bytes))
        };
        match read {
            Ok(_) => Ok(Self { path: shown, bytes }),
            Err(error) => {
                let sentence =
                    format!("FIL001: {shown}: {error}; give the path of a readable manifest");
                Err(Failure::new(Exit::Unreadable, sentence))
            }
        }
    }

    /// The manifest, if it has no errors, and everything found.
    pub(crate) fn check(&self) -> (Option<Sdl>, Diagnostics) {
        let (sdl, diagnostics) = check_bytes(&self.bytes);
        (sdl.filter(|_| !diagnostics.has_errors()), diagnostics)
    }

    /// Everything found, as text for a person.
    pub(crate) fn render(&self, diagnostics: &Diagnostics, style: Style) -> String {
        let text = String::from_utf8_lossy(&self.bytes);
        let rendered = diagnostics.iter().map(|one| one.render(&self.path, &text));
        let joined: Vec<String> = rendered.map(|one| one.trim_end().to_owned()).collect();
        style.paint(&(joined.join("\n\n") + "\n"))
    }
}

#[derive(Serialize)]
struct FileReport<'a> {
    file: &'a str,
    ok: bool,
    version_hash: Option<String>,
    groups_sha256: Option<String>,
    diagnostics: Vec<DiagnosticReport<'a>>,
}

#[derive(Serialize)]
struct DiagnosticReport<'a> {
    code: &'static str,
    severity: &'static str,
    message: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    help: Option<&'a str>,
}

/// Runs a verb of `undercut sdl`.
pub(crate) fn run(verb: &args::Sdl, style: Style) -> Result<Exit, Failure> {
    match verb {
        args::Sdl::Check { files, json } => {
            let mut exit = Exit::Done;
            for file in files {
                let source = Source::read(file)?;
                let (sdl, found) = source.check();
                if sdl.is_none() {
                    exit = Exit::No;
                }
                let text = if *json {
                    json_line(&source.path, sdl.as_ref(), &found)?
                } else {
                    human(&source, sdl.as_ref(), &found, style)
                };
                print(&text)?;
            }
            Ok(exit)
        }
        args::Sdl::Groups { file } => show(file, style, |sdl| sdl.groups_json()),
        args::Sdl::Manifest { file } => show(file, style, |sdl| sdl.manifest_json().to_owned()),
        args::Sdl::Hash { file } => show(file, style, |sdl| sdl.hash().to_string()),
    }
}

fn show(file: &Path, style: Style, what: impl Fn(&Sdl) -> String) -> Result<Exit, Failure> {
    let source = Source::read(file)?;
    let (sdl, found) = source.check();
    if !found.is_empty() {
        eprint!("{}", source.render(&found, style));
    }
    let Some(sdl) = sdl else { return Ok(Exit::No) };
    print(&(what(&sdl) + "\n"))?;
    Ok(Exit::Done)
}

fn human(source: &Source, sdl: Option<&Sdl>, found: &Diagnostics, style: Style) -> String {
    let mut text =
        if found.is_empty() { String::new() } else { source.render(found, style) + "\n" };
    let path = &source.path;
    let errors = found.iter().filter(|one| one.severity == Severity::Error).count();
    let warnings = found.len().saturating_sub(errors);
    let line = match sdl {
        Some(sdl) => {
            let groups = sdl.groups().len();
            format!("{path}: ok, {groups} group{}, version {}", plural(groups), sdl.hash())
        }
        None => format!("{path}: {errors} error{}", plural(errors)),
    };
    text.push_str(&line);
    if warnings > 0 {
        text.push_str(&format!(", {warnings} warning{}", plural(warnings)));
    }
    text.push('\n');
    text
}

const fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn json_line(path: &str, sdl: Option<&Sdl>, found: &Diagnostics) -> Result<String, Failure> {
    let report = FileReport {
        file: path,
        ok: sdl.is_some(),
        version_hash: sdl.map(|sdl| sdl.hash().to_string()),
        groups_sha256: sdl.map(|sdl| sdl.groups_sha256().to_string()),
        diagnostics: found
            .iter()
            .map(|one| DiagnosticReport {
                code: one.code.as_str(),
                severity: match one.severity {
                    Severity::Error => "error",
                    Severity::Warning => "warning",
                },
                message: &one.sentence,
                line: one.line,
                column: one.column,
                end_line: one.end_line,
                end_column: one.end_column,
                help: one.help.as_deref(),
            })
            .collect(),
    };
    let line = serde_json::to_string(&report);
    let line = line.map_err(|error| Failure::new(Exit::Bug, format!("{path}: {error}")))?;
    Ok(line + "\n")
}
