//! `undercut sdl`: check manifests, show what they become.

mod check;
mod diff;
mod encoding;
mod explain;
mod fmt;
mod new;
mod places;
mod report;
mod show;
mod unified;

use std::borrow::Cow;
use std::io::{IsTerminal, Read as _};
use std::path::{Path, PathBuf};

use undercut_primitives::usd::Usd;
use undercut_sdl::{Diagnostics, KnownPrices, Sdl, check, check_with, schema, text_of};

use crate::args;
use crate::exit::{Exit, Failure};
use crate::file::{open_regular, read_up_to};
use crate::say;
use crate::style::{Style, visible};

/// The most that is read of a file: enough for the checker to say that it is too long, and for the
/// longest text in UTF-16.
const READ_BYTES_MAX: u64 = 3 * 1024 * 1024;
/// The path that means standard input.
const STDIN: &str = "-";

/// A manifest file as it was read.
pub(crate) struct Source {
    /// The path, as it may be shown.
    pub(crate) path: String,
    file: PathBuf,
    bytes: Vec<u8>,
}

impl Source {
    /// Reads a file, or standard input for `-`.
    pub(crate) fn read(file: &Path) -> Result<Self, Failure> {
        let path = visible(&file.display().to_string());
        let mut bytes = Vec::new();
        let read = if is_stdin(file) {
            std::io::stdin().lock().take(READ_BYTES_MAX).read_to_end(&mut bytes).map(|_| bytes)
        } else {
            open_regular(file).and_then(|file| read_up_to(file, READ_BYTES_MAX))
        };
        match read {
            Ok(bytes) => Ok(Self { path, file: file.to_owned(), bytes }),
            Err(error) => {
                let sentence = format!(
                    "FIL001: {path}: {error}; give the path of a readable manifest, or `-` for standard input"
                );
                Err(Failure::new(Exit::Unreadable, sentence))
            }
        }
    }

    /// The manifest, if it has no errors, and everything found, with what prices tell.
    pub(crate) fn check(&self, prices: Option<&KnownPrices>) -> (Option<Sdl>, Diagnostics) {
        match text_of(&self.bytes) {
            Ok(text) => examine(&text, prices),
            Err(found) => (None, found),
        }
    }

    /// The text as far as it can be read.
    fn text(&self) -> Cow<'_, str> {
        text_of(&self.bytes).unwrap_or_else(|_| String::from_utf8_lossy(&self.bytes))
    }

    /// Everything found, as text for a person, to be shown on standard error.
    pub(crate) fn render(&self, found: &Diagnostics, style: Style) -> String {
        self.render_to(found, style, &std::io::stderr())
    }

    fn render_to(&self, found: &Diagnostics, style: Style, stream: &impl IsTerminal) -> String {
        report::aside(found, &self.path, &self.text(), style, style.colour(stream))
    }
}

fn examine(text: &str, prices: Option<&KnownPrices>) -> (Option<Sdl>, Diagnostics) {
    match prices {
        Some(prices) => check_with(text, prices),
        None => check(text),
    }
}

/// Published prices, and what an AKT is worth, if that was told.
fn prices(akt_usd: Option<Usd>) -> KnownPrices {
    let prices = KnownPrices::published();
    match akt_usd {
        Some(usd) => prices.with_usd_per_akt(usd),
        None => prices,
    }
}

fn is_stdin(file: &Path) -> bool {
    file == Path::new(STDIN)
}

/// Runs a verb of `undercut sdl`.
pub(crate) fn run(verb: &args::Sdl, style: Style) -> Result<Exit, Failure> {
    match verb {
        args::Sdl::Check(args) => check::run(args, style),
        args::Sdl::Explain(args) => explain::run(args, style),
        args::Sdl::Diff(args) => diff::run(args, style),
        args::Sdl::Fmt(args) => fmt::run(args, style),
        args::Sdl::New(args) => new::run(args, style),
        args::Sdl::Schema { version } => {
            say(&schema(*version))?;
            Ok(Exit::Done)
        }
        args::Sdl::Groups { file } => show::run(file, style, Sdl::groups_json),
        args::Sdl::Manifest { file } => {
            show::run(file, style, |sdl| sdl.manifest_json().to_owned())
        }
        args::Sdl::Hash { file } => show::run(file, style, |sdl| sdl.hash().to_string()),
    }
}
