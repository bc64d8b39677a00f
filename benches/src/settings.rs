//! [`Settings`]: how much is played, and on what.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::rc::Rc;

use crate::contest::Stage;

/// Rounds of a full run: odd, so that there is a middle one.
const ROUNDS: usize = 9;
/// Rounds of a quick run.
const ROUNDS_QUICK: usize = 3;

/// How much is played, and on what.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Fewer rounds and smaller workloads, so that everything together stays under a minute.
    pub quick: bool,
    /// Names of rows, or what they begin with before a `/`; none plays all.
    pub filter: Vec<String>,
    /// Threads of what runs on several.
    pub threads: usize,
    /// A seed for all workloads in place of each one's own.
    pub seed: Option<u64>,
    /// Where files are written that are timed. They are gone afterwards.
    pub folder: PathBuf,
    /// Who times the contests, as often as it likes; nobody else in a run of `undercut bench`.
    pub stage: Option<Rc<dyn Stage>>,
}

impl Default for Settings {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let folder = std::env::temp_dir();
        Self { quick: false, filter: Vec::new(), threads, seed: None, folder, stage: None }
    }
}

impl Settings {
    /// What a test plays: quick, and one round of it.
    #[must_use]
    pub fn quick() -> Self {
        Self { quick: true, ..Self::default() }
    }

    /// Rounds of a contest.
    #[must_use]
    pub const fn rounds(&self) -> usize {
        if self.quick { ROUNDS_QUICK } else { ROUNDS }
    }

    /// The size of a workload: `full`, or `quick` in a quick run.
    #[must_use]
    pub const fn sized(&self, full: usize, quick: usize) -> usize {
        if self.quick { quick } else { full }
    }

    /// The seed of a workload whose own is `own`.
    #[must_use]
    pub fn seed(&self, own: u64) -> u64 {
        self.seed.unwrap_or(own)
    }

    /// Whether the row `name` is asked for.
    #[must_use]
    pub fn asks_for(&self, name: &str) -> bool {
        self.filter.is_empty() || self.filter.iter().any(|asked| is_asked(asked, name))
    }
}

/// Whether `asked` is the row `name` or the area that it belongs to.
#[must_use]
pub(crate) fn is_asked(asked: &str, name: &str) -> bool {
    name.strip_prefix(asked).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_names_rows_or_areas_and_none_asks_for_all() {
        let asked = |filter: &[&str], name| {
            let filter = filter.iter().map(|&asked| asked.to_owned()).collect();
            Settings { filter, ..Settings::default() }.asks_for(name)
        };
        assert!(asked(&[], "match/book"));
        assert!(asked(&["match"], "match/book"));
        assert!(asked(&["log", "match/book"], "match/book"));
        assert!(!asked(&["match/b"], "match/book"));
        assert!(!asked(&["mat"], "match/book"));
    }

    #[test]
    fn a_quick_run_has_an_odd_number_of_rounds_too() {
        for quick in [false, true] {
            assert_eq!(Settings { quick, ..Settings::default() }.rounds() % 2, 1);
        }
    }
}
