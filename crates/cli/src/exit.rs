//! [`Exit`]: how a run ended, as a script sees it.

use std::process::ExitCode;

/// How a run ended. Of several parts, the run ends like the one with the greatest number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done, or yes.
    Done = 0,
    /// The answer is no: errors in a manifest, a log that does not verify, a failed check.
    No = 1,
    /// Wrong use.
    Usage = 2,
    /// A file or standard stream cannot be read or written.
    Unreadable = 3,
    /// Stored data is damaged.
    Damaged = 6,
    /// A bug.
    Bug = 70,
    /// Interrupted.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        // A field-less enum of u8: the number is the code.
        Self::from(exit as u8)
    }
}

/// A run that ended early, and what to say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    sentence: Option<String>,
}

impl Failure {
    /// An end with a sentence for standard error.
    pub(crate) fn new(exit: Exit, sentence: impl Into<String>) -> Self {
        Self { exit, sentence: Some(sentence.into()) }
    }

    /// Wrong use that only the run could notice.
    pub(crate) fn wrong_use(sentence: impl std::fmt::Display) -> Self {
        Self::new(Exit::Usage, format!("CLI001: {sentence}"))
    }

    /// An end of which everything was said already.
    pub(crate) const fn silent(exit: Exit) -> Self {
        Self { exit, sentence: None }
    }

    /// The same sentence with another exit code.
    pub(crate) fn with_exit(self, exit: Exit) -> Self {
        Self { exit, ..self }
    }

    /// What to say.
    pub(crate) fn sentence(&self) -> Option<&str> {
        self.sentence.as_deref()
    }
}
