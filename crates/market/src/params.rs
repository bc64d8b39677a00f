//! Everything that a market may choose.

use serde::{Deserialize, Serialize};
use undercut_bidding::BidParams;
use undercut_ledger::LedgerParams;
use undercut_ledger::bme::BmeParams;
use undercut_orderbook::OrderParams;

/// The parameters of a market, fixed in its genesis.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Params {
    /// Of orders.
    pub order: OrderParams,
    /// Of bids.
    pub bid: BidParams,
    /// Of escrow accounts.
    pub ledger: LedgerParams,
    /// Of burn-mint equilibrium.
    pub bme: BmeParams,
}

impl Params {
    /// The values of Akash Network in 2026, with an auction of 5 blocks where the original has
    /// none. Source: `chain.md` 4, 6.2, 7 and 10.
    #[must_use]
    pub fn akash_2026() -> Self {
        Self::default()
    }
}
