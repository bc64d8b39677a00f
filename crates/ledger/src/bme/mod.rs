//! Burn-mint equilibrium: AKT is burned for ACT and back at the oracle's price.
//!
//! AKT burned for ACT stays in the vault as collateral and is credited; ACT burned for AKT is paid
//! out of that credit first and from newly minted AKT beyond it. Requests are queued and executed
//! at the end of a block: redemptions, then mints, each first come first served and with a limit
//! of its own. One ACT is one US dollar by definition.
//!
//! A request that a status forbids is refused; one that is queued already waits.
//!
//! | status | condition | mint AKT→ACT | redeem ACT→AKT |
//! | --- | --- | --- | --- |
//! | [`MintStatus::Healthy`] | ratio > warn threshold, or no ACT outstanding | yes | yes |
//! | [`MintStatus::Warning`] | halt threshold < ratio ≤ warn threshold | yes | yes |
//! | [`MintStatus::HaltCollateral`] | ratio ≤ halt threshold | no | yes |
//! | [`MintStatus::HaltOracle`] | no fresh price above zero | no | no |
//!
//! The status is a pure function of vault, price and parameters, asked anew for every single
//! mint. Both legs round down, so no round trip gains. Source: `chain.md` 6.

mod convert;
mod error;
mod vault;

pub use convert::{Conversion, ConversionRefused, convert};
pub use error::BmeRejection;
pub use vault::{BurnMint, BurnRequest, Vault, VaultEvent};

use serde::{Deserialize, Serialize};
use undercut_primitives::{Amount, BlockTime, Decimal};

/// What the oracle says in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OraclePrice {
    /// US dollars for one AKT.
    pub usd_per_akt: Decimal,
    /// When it was published.
    pub published_at: BlockTime,
}

impl OraclePrice {
    /// Whether it is above zero and neither too old nor from too far ahead.
    #[must_use]
    pub fn is_usable(&self, now: BlockTime, params: &BmeParams) -> bool {
        let (now, then) = (now.to_unix_seconds(), self.published_at.to_unix_seconds());
        let (oldest, newest) = (
            now.saturating_sub(i64::from(params.price_age_seconds_max)),
            now.saturating_add(i64::from(params.price_ahead_seconds_max)),
        );
        !self.usd_per_akt.is_zero() && (oldest..=newest).contains(&then)
    }
}

/// Whether ACT may be minted. Ordered from best to worst.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum MintStatus {
    /// All is well.
    #[default]
    Healthy,
    /// The collateral ratio is at or below the warn threshold.
    Warning,
    /// The collateral ratio is at or below the halt threshold: no mints.
    HaltCollateral,
    /// There is no price: nothing moves.
    HaltOracle,
}

impl MintStatus {
    /// Whether AKT may be burned for ACT.
    #[must_use]
    pub fn allows_mint(self) -> bool {
        self < Self::HaltCollateral
    }

    /// Whether ACT may be burned for AKT.
    #[must_use]
    pub fn allows_redeem(self) -> bool {
        self < Self::HaltOracle
    }
}

/// Parameters of burn-mint equilibrium.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BmeParams {
    /// At or below this collateral ratio the status is a warning, in basis points.
    pub warn_ratio_bps: u32,
    /// At or below this collateral ratio nothing is minted, in basis points.
    pub halt_ratio_bps: u32,
    /// Kept in the vault when ACT is minted, in basis points.
    pub mint_spread_bps: u32,
    /// Kept in the vault when ACT is redeemed, in basis points.
    pub redeem_spread_bps: u32,
    /// The least ACT that a mint may give, before the spread, in uact.
    pub mint_min: Amount,
    /// Most requests of each direction executed at the end of one block.
    pub requests_per_block_max: u32,
    /// Most requests that wait at a time.
    pub requests_waiting_max: u32,
    /// Most requests of one account that wait at a time.
    pub requests_per_owner_max: u32,
    /// Oldest usable price, in seconds before the block.
    pub price_age_seconds_max: u32,
    /// Farthest usable price, in seconds after the block.
    pub price_ahead_seconds_max: u32,
}

impl Default for BmeParams {
    /// Source: `chain.md` 6.2 and 7.
    fn default() -> Self {
        Self {
            warn_ratio_bps: 9_500,
            halt_ratio_bps: 9_000,
            mint_spread_bps: 25,
            redeem_spread_bps: 0,
            mint_min: Amount::from_micro(10_000_000),
            requests_per_block_max: 50,
            requests_waiting_max: 10_000,
            requests_per_owner_max: 16,
            price_age_seconds_max: 30,
            price_ahead_seconds_max: 10,
        }
    }
}
