//! What a market may choose about escrow.

use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use undercut_primitives::codec::Canonical;
use undercut_primitives::{Coin, Denom};

/// Parameters of escrow accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct LedgerParams {
    /// The least first deposit of a deployment, per denom in which one may be made.
    pub deposits_min: Vec<Coin>,
    /// What part of what leases pay goes to the community pool, per denom, in basis points; a denom
    /// that is not listed pays nothing. A lease keeps the rate that it was signed with.
    pub take_rates_bps: Vec<(Denom, u32)>,
}

impl LedgerParams {
    /// The rate for leases in `denom`, in basis points.
    #[must_use]
    pub fn take_rate_bps(&self, denom: &Denom) -> u32 {
        let rate = self.take_rates_bps.iter().find(|(listed, _)| listed == denom);
        rate.map_or(0, |(_, bps)| *bps)
    }
}

impl Default for LedgerParams {
    /// Source: `chain.md` 10, and 5.9: nothing is taken today. The historic rates were 4 % for uakt
    /// and 20 % for everything else.
    fn default() -> Self {
        Self { deposits_min: vec![Coin::uact(500_000)], take_rates_bps: Vec::new() }
    }
}
