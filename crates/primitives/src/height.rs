//! Positions and distances on the chain: a height, a span between heights, the block's time, and a
//! length of time.
//!
//! A height minus a height is a span; a height plus a height does not exist.

use core::fmt;

use crate::codec::Canonical;
use serde::{Deserialize, Serialize};

use crate::readable::text_for_people;

/// The position of a block; 0 is genesis.
///
/// Arithmetic stops at [`BlockHeight::MAX`], and no engine opens a block beyond it. A later height
/// can be written down, as the last block of a command that never expires.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    Canonical,
)]
pub struct BlockHeight(u64);

impl BlockHeight {
    /// Before the first block.
    pub const GENESIS: Self = Self(0);
    /// 2^48: at one block a second, nine million years.
    pub const MAX: Self = Self(1 << 48);

    /// The block at position `height`.
    #[must_use]
    pub const fn new(height: u64) -> Self {
        Self(height)
    }

    /// The position as a number.
    #[must_use]
    pub const fn to_u64(self) -> u64 {
        self.0
    }

    /// The height `span` blocks later, or `None` above [`BlockHeight::MAX`].
    #[must_use]
    pub const fn checked_add(self, span: BlockSpan) -> Option<Self> {
        match self.0.checked_add(span.0) {
            Some(height) if height <= Self::MAX.0 => Some(Self(height)),
            _ => None,
        }
    }

    /// The next block, or `None` at [`BlockHeight::MAX`].
    #[must_use]
    pub const fn next(self) -> Option<Self> {
        self.checked_add(BlockSpan(1))
    }

    /// Blocks since `earlier`, or `None` when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Option<BlockSpan> {
        match self.0.checked_sub(earlier.0) {
            Some(blocks) => Some(BlockSpan(blocks)),
            None => None,
        }
    }
}

impl fmt::Display for BlockHeight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A distance in blocks.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    Canonical,
)]
pub struct BlockSpan(u64);

impl BlockSpan {
    /// `blocks` blocks.
    #[must_use]
    pub const fn from_blocks(blocks: u64) -> Self {
        Self(blocks)
    }

    /// The number of blocks.
    #[must_use]
    pub const fn to_blocks(self) -> u64 {
        self.0
    }
}

impl fmt::Display for BlockSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Nanoseconds in a second.
const NANOS: i64 = 1_000_000_000;

/// Consensus time of a block's header, in nanoseconds since 1970-01-01 UTC, to the year 2262. It
/// never runs backwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Canonical)]
pub struct BlockTime(i64);

text_for_people!(number BlockTime(i64));

impl BlockTime {
    /// The last time that the type holds.
    pub const MAX: Self = Self(i64::MAX);

    /// The time `seconds` after 1970-01-01 UTC, or the nearest that the type holds.
    #[must_use]
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(NANOS))
    }

    /// The time `nanos` nanoseconds after 1970-01-01 UTC.
    #[must_use]
    pub const fn from_unix_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Whole seconds since 1970-01-01 UTC, rounded down.
    #[must_use]
    pub const fn to_unix_seconds(self) -> i64 {
        self.0.div_euclid(NANOS)
    }

    /// Nanoseconds since 1970-01-01 UTC.
    #[must_use]
    pub const fn to_unix_nanos(self) -> i64 {
        self.0
    }

    /// The time `span` later, or `None` when the type does not hold it.
    #[must_use]
    pub const fn checked_add(self, span: TimeSpan) -> Option<Self> {
        match self.0.checked_add_unsigned(span.0) {
            Some(nanos) => Some(Self(nanos)),
            None => None,
        }
    }

    /// The time since `earlier`, or `None` when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Option<TimeSpan> {
        if self.0 < earlier.0 {
            return None;
        }
        Some(TimeSpan(self.0.abs_diff(earlier.0)))
    }
}

impl fmt::Display for BlockTime {
    /// Seconds since 1970-01-01 UTC, with nine decimals when there is a fraction.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, nanos) = (self.to_unix_seconds(), self.0.rem_euclid(NANOS));
        if nanos == 0 {
            return fmt::Display::fmt(&seconds, f);
        }
        f.pad(&alloc::format!("{seconds}.{nanos:09}"))
    }
}

/// A length of time, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Canonical)]
pub struct TimeSpan(u64);

text_for_people!(number TimeSpan(u64));

impl TimeSpan {
    /// No time.
    pub const ZERO: Self = Self(0);

    /// `seconds` seconds, or the most that the type holds: 584 years.
    #[must_use]
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(NANOS.unsigned_abs()))
    }

    /// `nanos` nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// The length in nanoseconds.
    #[must_use]
    pub const fn to_nanos(self) -> u64 {
        self.0
    }

    /// Whether it is no time at all.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for TimeSpan {
    /// Seconds, without trailing zeros: `3600 s`, `0.5 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NANOS_PER_SECOND: u64 = NANOS.unsigned_abs();
        let (seconds, nanos) = (self.0 / NANOS_PER_SECOND, self.0 % NANOS_PER_SECOND);
        let text = alloc::format!("{seconds}.{nanos:09}");
        f.pad(&alloc::format!("{} s", text.trim_end_matches('0').trim_end_matches('.')))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heights_stop_at_the_maximum() {
        assert_eq!(BlockHeight::MAX.next(), None);
        assert_eq!(BlockHeight::new(3).checked_add(BlockSpan(u64::MAX)), None);
        assert_eq!(BlockHeight::new(3).since(BlockHeight::new(4)), None);
        assert_eq!(BlockHeight::new(7).since(BlockHeight::new(3)), Some(BlockSpan(4)));
    }

    #[test]
    fn times_are_told_in_seconds_and_kept_in_nanoseconds() {
        let time = BlockTime::from_unix_seconds(1_780_401_600);
        let later = time.checked_add(TimeSpan::from_nanos(1_500_000_000)).unwrap();
        assert_eq!(later.to_unix_seconds(), 1_780_401_601);
        assert_eq!(later.since(time).unwrap().to_string(), "1.5 s");
        assert_eq!((time.to_string(), time.since(later)), ("1780401600".into(), None));
        assert_eq!(later.to_string(), "1780401601.500000000");
        assert_eq!(BlockTime::from_unix_seconds(i64::MAX).checked_add(TimeSpan(1)), None);
        assert_eq!(BlockTime::from_unix_nanos(-1).to_unix_seconds(), -1);
    }
}
