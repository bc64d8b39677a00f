//! What a market may choose about the oracle, and which choices are none.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use undercut_primitives::codec::Canonical;
use undercut_primitives::{Address, BlockTime, TimeSpan};

use super::OracleParamsError;

/// Most sources of a market. Each may cost a read a walk over its points.
pub const SOURCES_MAX: u32 = 32;
/// The longest window of an average: one hour.
pub const WINDOW_MAX: TimeSpan = TimeSpan::from_seconds(3_600);
/// The farthest that [`OracleParams::ahead_max`] may allow: one hour.
pub const AHEAD_LIMIT: TimeSpan = TimeSpan::from_seconds(3_600);

/// Parameters of the oracle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct OracleParams {
    /// The accounts that may post prices, at most [`SOURCES_MAX`]. With none, the price comes in
    /// with each block.
    pub sources: Vec<Address>,
    /// The quorum: how many fresh sources a price needs, at least 1.
    pub sources_min: u32,
    /// Oldest usable price, before the block's time; above zero.
    pub age_max: TimeSpan,
    /// Farthest usable price, after the block's time; at most [`AHEAD_LIMIT`]. Zero allows none.
    pub ahead_max: TimeSpan,
    /// How far back the averages reach; above zero, at most [`WINDOW_MAX`]. A source that posts
    /// more than [`POINTS_MAX`](super::POINTS_MAX) prices in a window is averaged over these alone.
    pub twap_window: TimeSpan,
    /// How far the fresh sources' last prices may lie apart, in basis points of the lowest; above
    /// zero. `u32::MAX` allows any distance.
    pub deviation_max_bps: u32,
    /// How old the first price may be that a source ever posts.
    pub first_age_max: TimeSpan,
}

impl Default for OracleParams {
    /// Source: `chain.md` 7; the age of a first price is a constant there (`chain.md` 10).
    fn default() -> Self {
        Self {
            sources: Vec::new(),
            sources_min: 1,
            age_max: TimeSpan::from_seconds(30),
            ahead_max: TimeSpan::from_seconds(10),
            twap_window: TimeSpan::from_seconds(5),
            deviation_max_bps: 150,
            first_age_max: TimeSpan::from_seconds(12),
        }
    }
}

impl OracleParams {
    /// Checks the parameters. `O(n log n)` in the sources, after their number is checked.
    ///
    /// # Errors
    ///
    /// The first broken rule, in the order of [`OracleParamsError`]'s variants.
    pub fn check(&self) -> Result<(), OracleParamsError> {
        self.check_sources()?;
        let (window, ahead_max) = (self.twap_window, self.ahead_max);
        if self.age_max.is_zero() {
            return Err(OracleParamsError::AgeZero);
        }
        if ahead_max > AHEAD_LIMIT {
            return Err(OracleParamsError::AheadTooLong { ahead_max, limit: AHEAD_LIMIT });
        }
        if window.is_zero() {
            return Err(OracleParamsError::WindowZero);
        }
        if window > WINDOW_MAX {
            return Err(OracleParamsError::WindowTooLong { window, window_max: WINDOW_MAX });
        }
        if self.deviation_max_bps == 0 {
            return Err(OracleParamsError::DeviationZero);
        }
        Ok(())
    }

    fn check_sources(&self) -> Result<(), OracleParamsError> {
        let sources = u32::try_from(self.sources.len()).unwrap_or(u32::MAX);
        if sources > SOURCES_MAX {
            return Err(OracleParamsError::TooManySources { sources, sources_max: SOURCES_MAX });
        }
        let mut seen = BTreeSet::new();
        if let Some(source) = self.sources.iter().find(|source| !seen.insert(**source)) {
            return Err(OracleParamsError::SourceTwice { account: *source });
        }
        if self.sources_min == 0 {
            return Err(OracleParamsError::QuorumZero);
        }
        // Without sources nothing is posted and the quorum is not asked for.
        if sources > 0 && self.sources_min > sources {
            let needed = self.sources_min;
            return Err(OracleParamsError::QuorumTooLarge { needed, sources });
        }
        Ok(())
    }

    /// Whether a price published then is neither too old nor too far ahead. Both borders are fresh.
    pub(super) fn is_fresh(&self, published_at: BlockTime, now: BlockTime) -> bool {
        match now.since(published_at) {
            Some(age) => age <= self.age_max,
            None => published_at.since(now).is_some_and(|ahead| ahead <= self.ahead_max),
        }
    }
}
