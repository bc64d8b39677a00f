//! `undercut sdl check`: every problem of every file, and `--fix`.

use std::fmt::Write as _;
use std::path::Path;

use undercut_sdl::{Diagnostic, KnownPrices, fix, text_of};

use super::encoding::Encoding;
use super::report::{Checked, Reporter, Unreadable, aside};
use super::unified::unified;
use super::{Source, examine, is_stdin, prices};
use crate::args::{Check, Format};
use crate::exit::{Exit, Failure};
use crate::style::{Style, visible};
use crate::{file, say, tell};

/// The most fixes of a file that are told one by one.
const TOLD_MAX: usize = 20;

/// Checks all files, whatever is wrong with one of them.
pub(super) fn run(args: &Check, style: Style) -> Result<Exit, Failure> {
    refuse_mixed_input(args)?;
    let mut run = Run {
        args,
        style,
        prices: (!args.no_prices).then(|| prices(args.akt_usd)),
        reporter: Reporter::new(args.format(), style),
        exit: Exit::Done,
    };
    for file in &args.files {
        if let Err(failure) = run.file(file) {
            run.unreadable(file, failure)?;
        }
    }
    let Run { reporter, exit, .. } = run;
    say(&reporter.finish()?)?;
    Ok(exit)
}

/// Standard input can be read once, and its fixed text needs standard output for itself.
fn refuse_mixed_input(args: &Check) -> Result<(), Failure> {
    let inputs = args.files.iter().filter(|file| is_stdin(file)).count();
    let usage = |sentence: &str| Err(Failure::wrong_use(sentence));
    if inputs > 1 {
        return usage("`-` stands twice; standard input can be read once");
    }
    if inputs == 1 && args.fix && args.files.len() > 1 {
        return usage("with --fix, `-` prints the fixed text; check the other files by themselves");
    }
    if inputs == 1 && args.fix && args.format() != Format::Human {
        return usage(
            "with --fix, `-` prints the fixed text; leave the format out, or name a file",
        );
    }
    Ok(())
}

struct Run<'a> {
    args: &'a Check,
    style: Style,
    /// None, when nobody wants to know.
    prices: Option<KnownPrices>,
    reporter: Reporter,
    exit: Exit,
}

impl Run<'_> {
    fn file(&mut self, file: &Path) -> Result<(), Failure> {
        let source = Source::read(file)?;
        let decoded = text_of(&source.bytes);
        let text = source.text();
        if self.args.fix && decoded.is_ok() {
            let fixed = fix(&text);
            self.write(&source, &text, &fixed.text)?;
            self.tell_mended(&source, &fixed.mended);
            return self.report(&source, &fixed.text, &fixed.mended);
        }
        self.report(&source, &text, &[])
    }

    /// Checks a text and reports what is found.
    fn report(
        &mut self,
        source: &Source,
        text: &str,
        mended: &[Diagnostic],
    ) -> Result<(), Failure> {
        let (sdl, found) = match text_of(&source.bytes) {
            Ok(_) => examine(text, self.prices.as_ref()),
            Err(found) => (None, found),
        };
        let is_ok = sdl.is_some() && (found.is_empty() || !self.args.warnings_as_errors);
        if !is_ok {
            self.exit = self.exit.max(Exit::No);
        }
        let sdl = sdl.as_ref();
        if self.args.fix && is_stdin(&source.file) {
            if !found.is_empty() {
                let colour = self.style.colour(&std::io::stderr());
                tell(&aside(&found, &source.path, text, self.style, colour));
            }
            return Ok(());
        }
        let checked = Checked { file: &source.file, text, sdl, found: &found, mended, is_ok };
        let text = self.reporter.file(&checked);
        say(&text)
    }

    /// Puts the fixed text where it belongs, or shows what would change.
    fn write(&self, source: &Source, old: &str, new: &str) -> Result<(), Failure> {
        let to_stdout = is_stdin(&source.file);
        if self.args.dry_run {
            if to_stdout || self.args.format() == Format::Human {
                let diff = unified(&source.path, old, new);
                let gap = if to_stdout || diff.is_empty() { "" } else { "\n" };
                say(&(self.style.paint(&diff) + gap))?;
            }
            return Ok(());
        }
        if to_stdout {
            return say(new);
        }
        if old == new {
            return Ok(());
        }
        let bytes = Encoding::of(&source.bytes).encode(new);
        file::replace(&source.file, &bytes).map_err(|error| {
            let sentence = format!("FIL003: {}: {error}; the file is as it was", source.path);
            Failure::new(Exit::Unreadable, sentence)
        })
    }

    fn tell_mended(&self, source: &Source, mended: &[Diagnostic]) {
        let verb = if self.args.dry_run { "would fix" } else { "fixed" };
        let path = &source.path;
        let mut lines = String::new();
        // Writing to a `String` cannot fail.
        for one in mended.iter().take(TOLD_MAX) {
            let Diagnostic { code, line, column, sentence, .. } = one;
            let sentence = visible(sentence);
            let _ = writeln!(lines, "{path}: {verb} {code} at {line}:{column}: {sentence}");
        }
        let hidden = mended.len().saturating_sub(TOLD_MAX);
        if hidden > 0 {
            let _ = writeln!(lines, "{path}: {verb} {hidden} more");
        }
        tell(&self.style.paint(&lines));
    }

    fn unreadable(&mut self, file: &Path, failure: Failure) -> Result<(), Failure> {
        if failure.exit != Exit::Unreadable {
            return Err(failure);
        }
        self.exit = self.exit.max(failure.exit);
        let sentence = failure.sentence().unwrap_or_default();
        tell(&format!("undercut: {sentence}\n"));
        let (code, sentence) = sentence.split_once(": ").unwrap_or_default();
        let text = self.reporter.unreadable(&Unreadable { file, code, sentence });
        say(&text)
    }
}
