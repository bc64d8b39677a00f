//! What a market may choose about bids.

use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use undercut_primitives::{BlockSpan, Coin};

/// Parameters of bids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BidParams {
    /// Most open bids of one order. Beyond it, a better bid evicts the worst. At least 1.
    pub bids_max: u32,
    /// Blocks before the award in which open bids cannot be taken back, so that whoever bids to
    /// crowd others out is bound by it, and others see freed places in time.
    pub binding: BlockSpan,
    /// The least deposit of a bid, per denom in which one may be made.
    pub deposits_min: Vec<Coin>,
}

impl Default for BidParams {
    /// Source: `chain.md` 10.
    fn default() -> Self {
        Self {
            bids_max: 20,
            binding: BlockSpan::from_blocks(2),
            deposits_min: vec![Coin::uakt(500_000), Coin::uact(500_000)],
        }
    }
}
