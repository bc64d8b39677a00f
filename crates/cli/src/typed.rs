//! Wrong use: what clap says about it, in our form, with a code and without what is too long.

use std::io::Write as _;

use clap::error::ErrorKind;

use crate::exit::{Exit, Failure};
use crate::style::visible;
use crate::tell;

/// Characters of an argument that are told back.
const TOLD: usize = 80;
/// Characters of a line of wrong use.
const LINE: usize = 400;

/// Ends a run that asks for help, or that asks for nothing that there is.
pub(crate) fn refuse(error: &clap::Error) -> Exit {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => asked(error),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            tell(&error.render().to_string());
            Exit::Usage
        }
        _ => {
            let text = error.render().to_string();
            let text = text.strip_prefix("error: ").unwrap_or(&text);
            tell(&shortened(&format!("undercut: CLI001: {text}")));
            Exit::Usage
        }
    }
}

/// Prints the help that was asked for, in colours on a terminal.
fn asked(error: &clap::Error) -> Exit {
    match error.print().and_then(|()| std::io::stdout().flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            tell(&format!("undercut: FIL003: standard output: {error}\n"));
            Exit::Unreadable
        }
        _ => Exit::Done,
    }
}

/// What to say about a failure.
pub(crate) fn told(failure: &Failure) -> Option<String> {
    let sentence = failure.sentence()?;
    if failure.exit == Exit::Usage {
        return Some(shortened(&format!("undercut: {sentence}\n")));
    }
    // What is told may come from a file: one line, and nothing in it that steers a terminal.
    Some(format!("undercut: {}\n", visible(sentence)))
}

/// A text that repeats nothing of the command line that is long or steers a terminal.
fn shortened(text: &str) -> String {
    let mut values: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let assigned = values.iter().filter_map(|one| Some(one.split_once('=')?.1.to_owned()));
    values.extend(assigned.collect::<Vec<_>>());
    // Longer ones first: one may be a part of another.
    values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    let mut text = text.to_owned();
    for value in values {
        let plain = short(&value);
        if plain != value {
            text = text.replace(&value, &plain).replace(&visible(&value), &plain);
        }
    }
    // What was taken apart before it was told back.
    text.lines().map(|line| cut(&visible(line), LINE) + "\n").collect()
}

/// The first characters of an argument, with nothing that steers a terminal.
pub(crate) fn short(value: &str) -> String {
    cut(&visible(value), TOLD)
}

fn cut(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_back_is_short_and_steers_nothing() {
        assert_eq!(short(&"\u{e4}".repeat(80)), "\u{e4}".repeat(80));
        assert_eq!(short(&"\u{e4}".repeat(81)), "\u{e4}".repeat(80) + "...");
        assert_eq!(short("a\u{1b}[2Jb"), "a\u{fffd}[2Jb");
    }

    #[test]
    fn a_refusal_is_one_line_whatever_a_file_says() {
        let sentence = "LOG006: `a\u{1b}]0;b\u{7}\nok: forged\u{202e}`".to_owned();
        for exit in [Exit::No, Exit::Damaged, Exit::Unreadable] {
            let told = told(&Failure::new(exit, sentence.clone())).unwrap();
            assert_eq!(told.lines().count(), 1, "{told}");
            assert!(!told.trim_end().chars().any(undercut_sdl::steers_terminals), "{told:?}");
        }
    }
}
