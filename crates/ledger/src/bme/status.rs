//! The breaker: collateral ratio, mint status with hysteresis, and the answer to "may I mint?".
//!
//! | stored | price | ratio | status |
//! | --- | --- | --- | --- |
//! | any | none, or zero | any | `HaltOracle` |
//! | any | usable | no ACT outstanding | `Healthy` |
//! | halted for collateral | usable | ≤ resume | `HaltCollateral` |
//! | not halted for collateral | usable | ≤ halt | `HaltCollateral` |
//! | | usable | ≤ warn | `Warning` |
//! | | usable | > warn | `Healthy` |
//!
//! "Halted for collateral" outlives an oracle halt: it is set when the status becomes
//! `HaltCollateral` and cleared when it becomes `Warning` or `Healthy`, and an outage changes it
//! neither way. So nobody gets past the resume ratio by a missing price. Borders are inclusive
//! downwards. Source: `chain.md` 6.3; hysteresis beats W21.

use serde::{Deserialize, Serialize};
use undercut_primitives::codec::Canonical;
use undercut_primitives::{BlockHeight, Decimal};

use super::{BmeParams, Direction, Vault, VaultBooks, VaultEvent};
use crate::oracle::OraclePrice;

/// Whether ACT may be minted. Ordered from best to worst.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Canonical,
)]
pub enum MintStatus {
    /// All is well.
    #[default]
    Healthy,
    /// The collateral ratio is at or below the warn threshold: mint epochs are longer.
    Warning,
    /// The collateral ratio is or was at or below the halt threshold and has not recovered above
    /// the resume threshold: no mints.
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

    /// Whether burns of this direction may be requested and executed.
    #[must_use]
    pub fn allows(self, direction: Direction) -> bool {
        match direction {
            Direction::Redeem => self.allows_redeem(),
            Direction::Mint => self.allows_mint(),
        }
    }
}

/// The answer to a question about the vault's status. There always is one, also without a price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusReport {
    /// The status at the price asked for.
    pub status: MintStatus,
    /// The price asked for, if it is usable.
    pub price: Option<OraclePrice>,
    /// The collateral ratio in basis points, rounded down, at most `u32::MAX`; `None` without a
    /// price, without outstanding ACT, or when a number does not fit.
    pub ratio_bps: Option<u32>,
    /// Mints need a ratio above this, in basis points: the halt or the resume threshold.
    pub mint_above_bps: u32,
    /// From this block on the next redeem epoch is due.
    pub next_redeem: BlockHeight,
    /// From this block on the next mint epoch is due.
    pub next_mint: BlockHeight,
}

/// The price, unless it is zero: a price of nothing is no price.
pub(super) fn readable(price: Option<&OraclePrice>) -> Option<&OraclePrice> {
    price.filter(|price| !price.usd_per_akt.is_zero())
}

impl VaultBooks {
    /// Collateral value ÷ outstanding ACT, or `None` when no ACT is outstanding or a number does
    /// not fit. Half to even at 18 digits; price × collateral first, then ÷ supply, as in
    /// `chain.md` 6.3. AKT and ACT of waiting requests: only the ACT counts, it still exists.
    #[must_use]
    pub fn ratio(&self, price: &OraclePrice) -> Option<Decimal> {
        if self.outstanding_uact.is_zero() {
            return None;
        }
        let value = price.usd_per_akt.mul_exact(self.collateral_uakt).ok()?;
        let supply = Decimal::ONE.mul_exact(self.outstanding_uact).ok()?;
        value.div_half_even(supply).ok()
    }

    /// [`VaultBooks::ratio`] in whole basis points, rounded down, at most `u32::MAX`.
    #[must_use]
    pub fn ratio_bps(&self, price: Option<&OraclePrice>) -> Option<u32> {
        self.ratio(readable(price)?).map(Decimal::to_basis_points_floor)
    }

    /// Mints need a ratio above this, in basis points.
    const fn mint_above_bps(&self, params: &BmeParams) -> u32 {
        if self.is_collateral_halted { params.resume_ratio_bps } else { params.halt_ratio_bps }
    }

    fn status_at(&self, price: Option<&OraclePrice>, params: &BmeParams) -> MintStatus {
        if readable(price).is_none() {
            return MintStatus::HaltOracle;
        }
        if self.outstanding_uact.is_zero() {
            return MintStatus::Healthy;
        }
        match self.ratio_bps(price) {
            Some(bps) if bps <= self.mint_above_bps(params) => MintStatus::HaltCollateral,
            Some(bps) if bps <= params.warn_ratio_bps => MintStatus::Warning,
            Some(_) => MintStatus::Healthy,
            // A ratio that cannot be computed is no reason to mint.
            None => MintStatus::HaltCollateral,
        }
    }
}

impl Vault {
    /// Whether burns may be executed at this price; `None` is no usable price.
    ///
    /// A pure function of books, price and parameters that always answers. It is asked anew for
    /// every single burn, and by [`Vault::report`].
    #[must_use]
    pub fn status_at(&self, price: Option<&OraclePrice>, params: &BmeParams) -> MintStatus {
        self.books().status_at(price, params)
    }

    /// The status with what explains it. Never fails. Beats W31.
    #[must_use]
    pub fn report(&self, price: Option<&OraclePrice>, params: &BmeParams) -> StatusReport {
        let books = self.books();
        StatusReport {
            status: books.status_at(price, params),
            price: readable(price).copied(),
            ratio_bps: books.ratio_bps(price),
            mint_above_bps: books.mint_above_bps(params),
            next_redeem: books.next_redeem,
            next_mint: books.next_mint,
        }
    }

    /// The event of a changed status, if it changed.
    #[must_use]
    pub fn observe(&self, price: Option<&OraclePrice>, params: &BmeParams) -> Option<VaultEvent> {
        let (from, to) = (self.books().status, self.status_at(price, params));
        let ratio_bps = self.books().ratio_bps(price);
        let price = readable(price).copied();
        (from != to).then_some(VaultEvent::MintStatusChanged { from, to, ratio_bps, price })
    }
}
