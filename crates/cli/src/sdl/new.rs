//! `undercut sdl new`: a first manifest, from flags or from answers to questions.

use std::io::{BufRead as _, IsTerminal as _, Read as _};
use std::path::Path;

use undercut_sdl::{Starter, StarterError, StarterField};

use super::is_stdin;
use crate::args::New;
use crate::exit::{Exit, Failure};
use crate::style::{Style, visible};
use crate::{file, say, tell};

/// The longest answer, in bytes.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// Asks or takes the flags, and writes the manifest.
pub(super) fn run(args: &New, style: Style) -> Result<Exit, Failure> {
    let mut starter = Starter::default();
    for (field, answer) in args.answers.iter() {
        starter.set(field, answer).map_err(|error| refused(&error))?;
    }
    let is_asked =
        args.ask || (!args.no_input && args.answers.is_empty() && std::io::stdin().is_terminal());
    let text = if is_asked {
        Interview { args, style, starter, changed: Vec::new() }.run()?
    } else {
        starter.to_text().map_err(|error| refused(&error))?
    };
    match args.out.as_deref().filter(|file| !is_stdin(file)) {
        None => say(&text)?,
        Some(file) => {
            write(file, &text, args.force)?;
            let shown = visible(&file.display().to_string());
            tell(&format!("wrote {shown}; next: undercut sdl check {shown}\n"));
        }
    }
    Ok(Exit::Done)
}

fn refused(error: &StarterError) -> Failure {
    let StarterError { field, code, sentence, help } = error;
    let help = help.as_ref().map_or_else(String::new, |help| format!("; {help}"));
    Failure::new(Exit::Usage, format!("{code}: --{field}: {sentence}{help}"))
}

fn write(path: &Path, text: &str, force: bool) -> Result<(), Failure> {
    let shown = visible(&path.display().to_string());
    let written = if force && path.exists() {
        file::replace(path, text.as_bytes())
    } else {
        file::write_new(path, text.as_bytes()).map(drop)
    };
    written.map_err(|error| {
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            let sentence =
                format!("FIL004: {shown} is there already; name another file, or pass --force");
            return Failure::new(Exit::Usage, sentence);
        }
        Failure::new(Exit::Unreadable, format!("FIL003: {shown}: {error}; name another file"))
    })
}

/// Questions on standard error, answers on standard input.
struct Interview<'a> {
    args: &'a New,
    style: Style,
    starter: Starter,
    /// Fields that have another answer than the default.
    changed: Vec<&'static str>,
}

impl Interview<'_> {
    fn run(mut self) -> Result<String, Failure> {
        self.say("Press Enter for the answer in brackets, type ? for help, Ctrl-D to stop.\n");
        for field in Starter::FIELDS {
            let has_owner = field.part_of.is_none_or(|owner| self.is_changed(owner));
            if has_owner && !self.args.answers.has(field.name) {
                self.ask(field)?;
            }
        }
        // What one answer makes of another shows when all are there.
        loop {
            let error = match self.starter.to_text() {
                Ok(text) => return Ok(text),
                Err(error) => error,
            };
            let field = Starter::FIELDS.iter().find(|field| field.name == error.field);
            let Some(field) = field.filter(|field| !field.is_repeated) else {
                return Err(refused(&error));
            };
            self.explain(&error);
            self.ask(field)?;
        }
    }

    fn is_changed(&self, name: &str) -> bool {
        self.changed.contains(&name) || self.args.answers.has(name)
    }

    /// Asks until an answer is taken; of a repeated field, until there is none.
    fn ask(&mut self, field: &'static StarterField) -> Result<(), Failure> {
        loop {
            let default = match field.default {
                "" => String::new(),
                default => format!(" [{default}]"),
            };
            self.say(&format!("{}{default} ", field.question));
            let answer = answer()?;
            match answer.trim() {
                "?" => self.say(&format!("  {} For example: {}\n", field.help, field.example)),
                "" if field.is_repeated => return Ok(()),
                answer => {
                    let answer = if answer.is_empty() { field.default } else { answer };
                    match self.take(field, answer) {
                        Ok(()) if field.is_repeated => {}
                        Ok(()) => return Ok(()),
                        Err(error) => self.explain(&error),
                    }
                }
            }
        }
    }

    /// Takes an answer, unless it cannot be right whatever the others are.
    fn take(&mut self, field: &'static StarterField, answer: &str) -> Result<(), StarterError> {
        let mut starter = self.starter.clone();
        starter.set(field.name, answer)?;
        if let Err(error) = starter.to_text()
            && error.field == field.name
        {
            return Err(error);
        }
        self.starter = starter;
        if answer != field.default {
            self.changed.push(field.name);
        }
        Ok(())
    }

    fn explain(&self, error: &StarterError) {
        let help = error.help.as_ref().map_or_else(String::new, |help| format!("; {help}"));
        self.say(&format!("  {}: {}{help}\n", error.code, error.sentence));
    }

    fn say(&self, text: &str) {
        tell(&self.style.paint(text));
    }
}

/// A line of standard input, without its end.
fn answer() -> Result<String, Failure> {
    let mut line = String::new();
    let read = std::io::stdin().lock().take(ANSWER_BYTES_MAX).read_line(&mut line);
    match read {
        Ok(_) if line.ends_with('\n') => Ok(line.trim_end_matches(['\n', '\r']).to_owned()),
        Ok(0) => {
            tell("\n");
            Err(Failure::new(Exit::Interrupted, "no answer; nothing was written"))
        }
        // The last line may lack its end, a longer one than that is no answer.
        Ok(_) if line.len() < usize::try_from(ANSWER_BYTES_MAX).unwrap_or(usize::MAX) => Ok(line),
        Ok(_) => Err(Failure::wrong_use("the answer is too long; nothing was written")),
        Err(error) => {
            Err(Failure::new(Exit::Unreadable, format!("FIL001: standard input: {error}")))
        }
    }
}
