//! Positions and distances on the chain: a height, a span between heights, and the block's time.
//!
//! A height minus a height is a span; a height plus a height does not exist.

use core::fmt;

use serde::{Deserialize, Serialize};

/// The position of a block; 0 is genesis.
///
/// Arithmetic stops at [`BlockHeight::MAX`], and no engine opens a block beyond it. A later height
/// can be written down, as the last block of a command that never expires.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
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
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
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

/// Consensus time of a block's header, in seconds since 1970-01-01 UTC. It never runs backwards.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct BlockTime(i64);

impl BlockTime {
    /// The time `seconds` after 1970-01-01 UTC.
    #[must_use]
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since 1970-01-01 UTC.
    #[must_use]
    pub const fn to_unix_seconds(self) -> i64 {
        self.0
    }
}

impl fmt::Display for BlockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
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
}
