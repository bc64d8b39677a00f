//! `undercut sdl groups`, `manifest` and `hash`: what a manifest becomes.

use std::path::Path;

use undercut_sdl::{KnownPrices, Sdl};

use super::Source;
use crate::exit::{Exit, Failure};
use crate::style::Style;
use crate::{say, tell};

/// Prints one thing of a valid manifest; problems go to standard error.
pub(super) fn run(
    file: &Path,
    style: Style,
    what: impl Fn(&Sdl) -> String,
) -> Result<Exit, Failure> {
    let source = Source::read(file)?;
    let Some(sdl) = valid(&source, None, style) else { return Ok(Exit::No) };
    say(&(what(&sdl) + "\n"))?;
    Ok(Exit::Done)
}

/// A manifest without errors; problems go to standard error.
pub(super) fn valid(source: &Source, prices: Option<&KnownPrices>, style: Style) -> Option<Sdl> {
    let (sdl, found) = source.check(prices);
    if !found.is_empty() {
        tell(&source.render(&found, style));
    }
    sdl
}
