//! [`BmeParams`]: what a market may choose about burning and minting, and what it may not.

use serde::{Deserialize, Serialize};
use undercut_primitives::codec::Canonical;
use undercut_primitives::{Amount, BlockSpan};

/// All of a ratio, in basis points.
const RATIO_BPS_MAX: u32 = 10_000;
/// The highest spread, in basis points.
const SPREAD_BPS_MAX: u32 = 1_000;
/// The highest growth of the mint interval per step, in percent.
const BACKOFF_PERCENT_MAX: u32 = 100;

/// Parameters of burn-mint equilibrium. Bounds: [`BmeParams::check`]. Source: `chain.md` 6.2.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct BmeParams {
    /// At or below this collateral ratio the status is a warning, in basis points.
    pub warn_ratio_bps: u32,
    /// Once halted for its collateral, a vault mints again above this ratio, in basis points.
    pub resume_ratio_bps: u32,
    /// At or below this collateral ratio nothing is minted, in basis points.
    pub halt_ratio_bps: u32,
    /// Blocks from one epoch to the next: of redemptions always, of mints while healthy.
    pub epoch_blocks_min: BlockSpan,
    /// How much longer the mint epoch is for every 10 basis points below the warn threshold.
    pub epoch_backoff_percent: u32,
    /// Kept in the vault when ACT is minted, in basis points.
    pub mint_spread_bps: u32,
    /// Kept in the vault when ACT is redeemed, in basis points.
    pub redeem_spread_bps: u32,
    /// The least ACT that a mint may give, before the spread, in uact.
    pub mint_min: Amount,
    /// Most AKT newly minted in one redeem epoch, in uakt; `None` is no limit, as in the original.
    pub redeem_new_uakt_per_epoch_max: Option<Amount>,
    /// Most requests of each direction executed in one epoch.
    pub requests_per_epoch_max: u32,
    /// After so many failed attempts a request is cancelled.
    pub attempts_max: u32,
    /// Most requests that wait at a time.
    pub requests_waiting_max: u32,
    /// Most requests of one account that wait at a time.
    pub requests_per_owner_max: u32,
}

impl Default for BmeParams {
    /// Source: `chain.md` 6.2; the resume ratio is the 0.93 of the original's design (6.8).
    fn default() -> Self {
        Self {
            warn_ratio_bps: 9_500,
            resume_ratio_bps: 9_300,
            halt_ratio_bps: 9_000,
            epoch_blocks_min: BlockSpan::from_blocks(10),
            epoch_backoff_percent: 10,
            mint_spread_bps: 25,
            redeem_spread_bps: 0,
            mint_min: Amount::from_micro(10_000_000),
            redeem_new_uakt_per_epoch_max: None,
            requests_per_epoch_max: 50,
            attempts_max: 3,
            requests_waiting_max: 10_000,
            requests_per_owner_max: 16,
        }
    }
}

/// Parameters that no vault can work with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BmeParamsError {
    /// A number below its least.
    #[error("the parameter {parameter} is {value}, at least {value_min} is needed")]
    TooSmall {
        /// Which.
        parameter: &'static str,
        /// Its value.
        value: u64,
        /// The least.
        value_min: u64,
    },
    /// A number above its most.
    #[error("the parameter {parameter} is {value}, at most {value_max} is allowed")]
    TooLarge {
        /// Which.
        parameter: &'static str,
        /// Its value.
        value: u32,
        /// The most.
        value_max: u32,
    },
    /// A vault that halts could resume at once, and halt again.
    #[error(
        "the halt ratio of {halt_ratio_bps} basis points is not below the resume ratio of \
         {resume_ratio_bps}"
    )]
    HaltNotBelowResume {
        /// The halt ratio.
        halt_ratio_bps: u32,
        /// The resume ratio.
        resume_ratio_bps: u32,
    },
    /// A vault that warns no more would still be halted.
    #[error(
        "the resume ratio of {resume_ratio_bps} basis points is above the warn ratio of \
         {warn_ratio_bps}"
    )]
    ResumeAboveWarn {
        /// The resume ratio.
        resume_ratio_bps: u32,
        /// The warn ratio.
        warn_ratio_bps: u32,
    },
}

impl BmeParams {
    /// Whether a vault can work with these parameters: nothing that must happen is limited to
    /// zero, spreads are at most a tenth, the interval doubles at most with each step, and
    /// halt < resume ≤ warn ≤ 10,000 basis points. Source: `chain.md` 6.2.
    ///
    /// # Errors
    ///
    /// [`BmeParamsError`] with the first parameter that is out of bounds, in that order.
    pub fn check(&self) -> Result<(), BmeParamsError> {
        for (parameter, value) in [
            ("epoch_blocks_min", self.epoch_blocks_min.to_blocks()),
            ("requests_per_epoch_max", u64::from(self.requests_per_epoch_max)),
            ("attempts_max", u64::from(self.attempts_max)),
            ("requests_waiting_max", u64::from(self.requests_waiting_max)),
            ("requests_per_owner_max", u64::from(self.requests_per_owner_max)),
        ] {
            if value == 0 {
                return Err(BmeParamsError::TooSmall { parameter, value, value_min: 1 });
            }
        }
        for (parameter, value, value_max) in [
            ("mint_spread_bps", self.mint_spread_bps, SPREAD_BPS_MAX),
            ("redeem_spread_bps", self.redeem_spread_bps, SPREAD_BPS_MAX),
            ("epoch_backoff_percent", self.epoch_backoff_percent, BACKOFF_PERCENT_MAX),
            ("warn_ratio_bps", self.warn_ratio_bps, RATIO_BPS_MAX),
        ] {
            if value > value_max {
                return Err(BmeParamsError::TooLarge { parameter, value, value_max });
            }
        }
        self.check_ratios()
    }

    fn check_ratios(&self) -> Result<(), BmeParamsError> {
        let Self { warn_ratio_bps, resume_ratio_bps, halt_ratio_bps, .. } = *self;
        if halt_ratio_bps >= resume_ratio_bps {
            return Err(BmeParamsError::HaltNotBelowResume { halt_ratio_bps, resume_ratio_bps });
        }
        if resume_ratio_bps > warn_ratio_bps {
            return Err(BmeParamsError::ResumeAboveWarn { resume_ratio_bps, warn_ratio_bps });
        }
        Ok(())
    }
}
