//! Epochs: when waiting requests are executed, whose turn it is, and how long mints pause.
//!
//! | direction | due | opens when | next due |
//! | --- | --- | --- | --- |
//! | redeem | `next_redeem ≤ at` | there is a usable price | `at + epoch_blocks_min` |
//! | mint | `next_mint ≤ at` | the status allows mints | `at +` [`mint_interval`] |
//!
//! An epoch that falls due during a halt stays due and opens in the first block that allows it.
//! Source: `chain.md` 6.3 and 6.4; beats W20, W21, W22 and W25.

use core::fmt;

use serde::{Deserialize, Serialize};
use undercut_primitives::codec::Canonical;
use undercut_primitives::{ArithmeticError, BlockHeight, BlockSpan, Decimal, Denom};

use super::status::readable;
use super::{BmeParams, Vault, VaultEvent};
use crate::oracle::OraclePrice;

/// The longest mint interval that the back-off gives: a day of blocks of six seconds.
pub const MINT_INTERVAL_MAX: BlockSpan = BlockSpan::from_blocks(14_400);
/// The back-off grows once for each so many basis points below the warn threshold.
const STEP_BPS: u32 = 10;

/// Which way a burn goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Canonical)]
pub enum Direction {
    /// ACT is burned for AKT.
    Redeem,
    /// AKT is burned for ACT.
    Mint,
}

impl Direction {
    /// The way a burn of `denom` goes; `None` for a denom that is not burned.
    #[must_use]
    pub fn of_burned(denom: &Denom) -> Option<Self> {
        match denom.as_str() {
            "uact" => Some(Self::Redeem),
            "uakt" => Some(Self::Mint),
            _ => None,
        }
    }

    /// What is burned.
    #[must_use]
    pub fn burned(self) -> Denom {
        match self {
            Self::Redeem => Denom::uact(),
            Self::Mint => Denom::uakt(),
        }
    }

    /// What comes out.
    #[must_use]
    pub fn minted(self) -> Denom {
        match self {
            Self::Redeem => Denom::uakt(),
            Self::Mint => Denom::uact(),
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Redeem => "redeem",
            Self::Mint => "mint",
        })
    }
}

/// Blocks from one mint epoch to the next at a collateral ratio in basis points:
/// `min(epoch_blocks_min × (1 + backoff)^steps, 14,400)` rounded down, at least
/// `epoch_blocks_min`, with one step for each whole 10 basis points below the warn threshold.
///
/// The power has 18 digits, rounded half to even at each multiplication. A power that does not
/// fit gives 14,400. Source: `chain.md` 6.3; beats W25.
#[must_use]
pub fn mint_interval(ratio_bps: u32, params: &BmeParams) -> BlockSpan {
    let distance = params.warn_ratio_bps.saturating_sub(ratio_bps);
    let steps = distance.checked_div(STEP_BPS).unwrap_or_default();
    let percent = params.epoch_backoff_percent.saturating_add(100);
    let growth = Decimal::from_basis_points(percent.saturating_mul(100));
    let least = params.epoch_blocks_min;
    let grown = power_half_even(growth, steps).and_then(|grown| grown.times(least.to_blocks()));
    let blocks = grown.ok().and_then(|grown| u64::try_from(grown.truncate()).ok());
    let interval = blocks.map_or(MINT_INTERVAL_MAX, BlockSpan::from_blocks);
    interval.min(MINT_INTERVAL_MAX).max(least)
}

/// `base^exponent` by repeated squaring, in the reference's order of multiplications, so that the
/// same digits are rounded away.
///
/// For a base of at least 1 an intermediate that does not fit means that the result does not
/// either: every square that is made is a factor of the result.
fn power_half_even(base: Decimal, exponent: u32) -> Result<Decimal, ArithmeticError> {
    if exponent == 0 {
        return Ok(Decimal::ONE);
    }
    let (mut square, mut odd, mut left) = (base, Decimal::ONE, exponent);
    while left > 1 {
        if left % 2 == 1 {
            odd = odd.mul_half_even(square)?;
        }
        left >>= 1;
        square = square.mul_half_even(square)?;
    }
    square.mul_half_even(odd)
}

impl Vault {
    /// Opens the epoch of a direction if it is due and the status allows it. When it opened,
    /// execute [`Vault::turns`] of the same direction.
    ///
    /// Without a usable price no epoch opens: nothing is executed and nothing counts as an
    /// attempt. The next epoch is due an interval after the block that opened this one, at most
    /// at [`BlockHeight::MAX`].
    #[must_use]
    pub fn open_epoch(
        &self,
        direction: Direction,
        at: BlockHeight,
        price: Option<&OraclePrice>,
        params: &BmeParams,
    ) -> Option<VaultEvent> {
        let is_due = self.books().next_epoch(direction) <= at;
        if !is_due || !self.status_at(price, params).allows(direction) {
            return None;
        }
        let ratio_bps = self.books().ratio_bps(readable(price));
        let interval = match (direction, ratio_bps) {
            (Direction::Mint, Some(bps)) => mint_interval(bps, params),
            (Direction::Mint, None) | (Direction::Redeem, _) => params.epoch_blocks_min,
        };
        let next_at = at.checked_add(interval).unwrap_or(BlockHeight::MAX);
        Some(VaultEvent::EpochOpened { direction, at, next_at, ratio_bps })
    }

    /// The requests whose turn it is in an open epoch: by arrival, at most
    /// `requests_per_epoch_max`, so that neither direction can starve the other.
    ///
    /// Costs the number of requests that it gives, however many wait.
    pub fn turns(&self, direction: Direction, params: &BmeParams) -> impl Iterator<Item = u64> {
        let most = usize::try_from(params.requests_per_epoch_max).unwrap_or(usize::MAX);
        self.queue().of_direction(direction).take(most)
    }
}
