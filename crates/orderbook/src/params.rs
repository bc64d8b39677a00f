//! What a market may choose about orders.

use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use undercut_primitives::{BlockSpan, Denom};

/// Parameters of orders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderParams {
    /// Blocks from an order's opening to its award. At least 1.
    pub bid_window: BlockSpan,
    /// Blocks a tenant who chooses the bid has for the choice, from the opening. At least 1.
    pub choice_window: BlockSpan,
    /// Denoms in which leases may be priced.
    pub lease_denoms: Vec<Denom>,
    /// Most groups of one deployment.
    pub groups_max: u32,
    /// Most resource units of one group.
    pub units_max: u32,
    /// Most replicas of one unit.
    pub replicas_max: u32,
}

impl Default for OrderParams {
    /// The reference's intended limits (`chain.md` 4), an auction of 5 blocks, prices in ACT.
    fn default() -> Self {
        Self {
            bid_window: BlockSpan::from_blocks(5),
            choice_window: BlockSpan::from_blocks(50),
            lease_denoms: vec![Denom::uact()],
            groups_max: 20,
            units_max: 20,
            replicas_max: 50,
        }
    }
}
