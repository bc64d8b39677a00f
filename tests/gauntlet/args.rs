//! What the gauntlet is asked for on its command line.

use std::time::Duration;

use crate::clock::Clock;

/// How long a table may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// Below a minute, once built.
    Fast,
    /// This long.
    Long { minutes: u64 },
}

/// The command line.
#[derive(Clone, Debug)]
pub(crate) struct Args {
    pub(crate) table: String,
    pub(crate) length: Length,
    pub(crate) seed: u64,
    pub(crate) only: Option<String>,
    pub(crate) threads: usize,
    /// Steps of `invariants`, for runs that look for one bug.
    pub(crate) steps: Option<u64>,
}

impl Args {
    /// Reads the words after the program's name.
    ///
    /// # Errors
    ///
    /// A sentence on the first word that means nothing.
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let threads = std::thread::available_parallelism().map_or(1, Into::into);
        let mut args = Self {
            table: words.next().ok_or("name a table")?,
            length: Length::Fast,
            seed: 1,
            only: None,
            threads,
            steps: None,
        };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word} wants a value"));
            let number =
                |text: String| text.parse::<u64>().map_err(|_| format!("`{text}` is no number"));
            match word.as_str() {
                "--fast" => args.length = Length::Fast,
                "--long" => args.length = Length::Long { minutes: args.minutes().unwrap_or(10) },
                "--minutes" => args.length = Length::Long { minutes: number(value()?)? },
                "--seed" => args.seed = number(value()?)?,
                "--only" => args.only = Some(value()?),
                "--threads" => {
                    args.threads = usize::try_from(number(value()?)?.max(1)).unwrap_or(1)
                }
                "--steps" => args.steps = Some(number(value()?)?),
                _ => return Err(format!("`{word}` means nothing here")),
            }
        }
        Ok(args)
    }

    fn minutes(&self) -> Option<u64> {
        match self.length {
            Length::Fast => None,
            Length::Long { minutes } => Some(minutes),
        }
    }

    /// Whether a row was asked for, by name or by not asking for another.
    pub(crate) fn wants(&self, row: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == row)
    }

    /// Whether a row is printed: it or what it belongs to was asked for. A market is a whole table.
    pub(crate) fn shows(&self, row: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == "market" || row.starts_with(only))
    }

    /// Whether this row alone was asked for.
    pub(crate) fn is_only(&self, row: &str) -> bool {
        self.only.as_deref() == Some(row)
    }

    /// Whether a long run has had its time.
    pub(crate) fn is_over(&self, clock: &Clock) -> bool {
        match self.length {
            Length::Fast => false,
            Length::Long { minutes } => clock.passed() >= Duration::from_secs(minutes * 60),
        }
    }
}
