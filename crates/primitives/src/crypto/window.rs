//! How many signatures to check together, by how many of the last ones were wrong.

/// The most signatures in one batch. Larger batches gain little and make all wait for all.
pub const WINDOW_MAX: usize = 4_096;

/// The most while fewer signatures than [`SEEN_MIN`] were seen: whoever begins with garbage spoils less.
const WINDOW_FIRST: usize = 1024;

/// Forget half of what was seen after this many signatures.
const MEMORY: u32 = 4096;

/// What counts for one wrong signature.
const WRONG: u32 = 64;

/// After this many the largest window may be taken. What is remembered never falls below it.
const SEEN_MIN: u32 = MEMORY / 2;

/// Windows by how many signatures in 2^16 are wrong: at most so many, then this window. To find a
/// wrong one costs about as much again as the batch that it is in, and a batch of 16 already halves
/// the cost of a signature.
const LEVELS: [(u32, usize); 5] =
    [(4, WINDOW_MAX), (20, WINDOW_FIRST), (200, 256), (1_000, 32), (5_000, 16)];

/// How many signatures a [`Verifier`](super::Verifier) checks together.
///
/// One wrong signature makes a whole batch be searched, so whoever sends garbage would otherwise
/// choose what everyone's checks cost. The window has no say in any verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchWindow {
    seen: u32,
    /// How many of them were wrong, in parts of [`WRONG`], so that one is not forgotten at once.
    wrong: u32,
    fixed: Option<usize>,
}

impl BatchWindow {
    /// A window that starts at 1024, grows to [`WINDOW_MAX`] after some thousand right signatures, and
    /// follows the share of wrong ones: 1024, 256, 32, 16, then one at a time.
    #[must_use]
    pub const fn adaptive() -> Self {
        Self { seen: 0, wrong: 0, fixed: None }
    }

    /// A window that stays as it is, from 1 to [`WINDOW_MAX`]: to measure what following saves.
    #[must_use]
    pub fn fixed(size: usize) -> Self {
        Self { seen: 0, wrong: 0, fixed: Some(size.clamp(1, WINDOW_MAX)) }
    }

    /// The size of the next batch, from 1 to [`WINDOW_MAX`].
    #[must_use]
    pub fn size(&self) -> usize {
        if let Some(size) = self.fixed {
            return size;
        }
        let share =
            self.wrong.saturating_mul((1 << 16) / WRONG).checked_div(self.seen).unwrap_or(0);
        let level = LEVELS.iter().find(|(share_max, _)| share <= *share_max);
        let size = level.map_or(1, |(_, size)| *size);
        if self.seen < SEEN_MIN { size.min(WINDOW_FIRST) } else { size }
    }

    /// Takes note of a batch: how many signatures it had, and how many of them were wrong.
    pub(super) fn note(&mut self, seen: usize, wrong: usize) {
        let count = |count| u32::try_from(count).unwrap_or(MEMORY).min(MEMORY);
        self.seen = self.seen.saturating_add(count(seen));
        self.wrong = self.wrong.saturating_add(count(wrong).saturating_mul(WRONG));
        while self.seen > MEMORY {
            self.seen /= 2;
            self.wrong /= 2;
        }
    }
}

impl Default for BatchWindow {
    fn default() -> Self {
        Self::adaptive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The window after many signatures of which one in `in_how_many` is wrong.
    fn after(in_how_many: usize) -> usize {
        let mut window = BatchWindow::adaptive();
        for _ in 0..100 {
            window.note(in_how_many, 1);
        }
        window.size()
    }

    #[test]
    fn a_window_shrinks_with_the_share_of_wrong_signatures() {
        let shares = [20_000, 4_096, 1_000, 100, 20, 10];
        assert_eq!(shares.map(after), [1024, 1024, 256, 32, 16, 1]);
    }

    #[test]
    fn a_window_grows_again_when_signatures_are_right() {
        let mut window = BatchWindow::adaptive();
        window.note(1024, 1024);
        assert_eq!(window.size(), 1);
        let mut sizes = vec![window.size()];
        for _ in 0..2_000 {
            window.note(window.size().max(32), 0);
            sizes.push(window.size());
        }
        sizes.dedup();
        assert_eq!(sizes, [1, 16, 32, 256, 1024, 4096]);
    }

    #[test]
    fn the_largest_window_comes_after_some_thousand_right_signatures() {
        let mut window = BatchWindow::adaptive();
        let mut sizes = Vec::new();
        for _ in 0..5 {
            sizes.push(window.size());
            window.note(window.size(), 0);
        }
        assert_eq!(sizes, [1024, 1024, 4096, 4096, 4096]);
        window.note(4096, 1);
        assert_eq!(window.size(), 1024, "one wrong one is enough");
    }

    #[test]
    fn a_fixed_window_follows_nothing() {
        let mut window = BatchWindow::fixed(64);
        window.note(64, 64);
        assert_eq!(window.size(), 64);
        assert_eq!((BatchWindow::fixed(0).size(), BatchWindow::fixed(9_999).size()), (1, 4096));
    }
}
