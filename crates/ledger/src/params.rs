//! What a market may choose about escrow.

use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use undercut_primitives::Coin;

/// Parameters of escrow accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerParams {
    /// The least first deposit of a deployment, per denom in which one may be made.
    pub deposits_min: Vec<Coin>,
}

impl Default for LedgerParams {
    /// Source: `chain.md` 10.
    fn default() -> Self {
        Self { deposits_min: vec![Coin::uact(500_000)] }
    }
}
