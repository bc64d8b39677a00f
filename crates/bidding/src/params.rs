//! What a market may choose about bids.

use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use undercut_orderbook::Order;
use undercut_primitives::codec::Canonical;
use undercut_primitives::{BlockHeight, BlockSpan, Coin};

/// Parameters of bids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct BidParams {
    /// Most open bids of one order at the end of a block. Beyond it, the worst are evicted. At
    /// least 1.
    pub bids_max: u32,
    /// Blocks before the award in which open bids cannot be taken back, nor made ineligible by their
    /// own providers, so that whoever bids to crowd others out is bound by it, and others see freed
    /// places in time.
    pub binding: BlockSpan,
    /// The least deposit of a bid, per denom in which one may be made.
    pub deposits_min: Vec<Coin>,
}

impl BidParams {
    /// Whether the open bids of an order are binding in the block at `at`.
    #[must_use]
    pub fn binds(&self, order: &Order, at: BlockHeight) -> bool {
        order.due_at.since(at).is_none_or(|left| left < self.binding)
    }
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
