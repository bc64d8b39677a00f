//! `undercut sdl fmt`: manifests in the canonical layout.

use std::path::Path;

use undercut_sdl::{format, text_of};

use super::encoding::Encoding;
use super::{Source, is_stdin};
use crate::args::Fmt;
use crate::exit::{Exit, Failure};
use crate::style::Style;
use crate::{file, say, tell};

/// Prints, writes or compares all files, whatever is wrong with one of them.
pub(super) fn run(args: &Fmt, style: Style) -> Result<Exit, Failure> {
    let usage = |sentence: &str| Err(Failure::wrong_use(sentence));
    if !args.write && !args.check && args.files.len() > 1 {
        return usage("several files; pass --write to lay them out anew, or --check to list them");
    }
    if args.write && args.files.iter().any(|file| is_stdin(file)) {
        return usage("`-` cannot be written; leave --write out");
    }
    let mut exit = Exit::Done;
    for path in &args.files {
        match one(args, path, style) {
            Ok(one) => exit = exit.max(one),
            Err(failure) if failure.exit == Exit::Unreadable => {
                tell(&format!("undercut: {}\n", failure.sentence().unwrap_or_default()));
                exit = exit.max(failure.exit);
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(exit)
}

fn one(args: &Fmt, path: &Path, style: Style) -> Result<Exit, Failure> {
    let source = Source::read(path)?;
    let result = text_of(&source.bytes).and_then(|text| Ok((format(&text)?, text)));
    let (new, old) = match result {
        Ok(texts) => texts,
        Err(found) => {
            tell(&source.render(&found, style));
            return Ok(Exit::No);
        }
    };
    let is_same = new == old;
    if args.check {
        if is_same {
            return Ok(Exit::Done);
        }
        say(&format!("{}\n", source.path))?;
        return Ok(Exit::No);
    }
    if !args.write {
        say(&new)?;
        return Ok(Exit::Done);
    }
    if !is_same {
        file::replace(path, &Encoding::of(&source.bytes).encode(&new)).map_err(|error| {
            let sentence = format!("FIL003: {}: {error}; the file is as it was", source.path);
            Failure::new(Exit::Unreadable, sentence)
        })?;
        say(&format!("{}: laid out anew\n", source.path))?;
    }
    Ok(Exit::Done)
}
