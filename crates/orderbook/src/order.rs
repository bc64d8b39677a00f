//! [`Order`]: a group put to auction.

use serde::{Deserialize, Serialize};
use undercut_primitives::codec::Canonical;
use undercut_primitives::{BlockHeight, Digest, OrderId, PricePerBlock, TimeSpan};

/// Who names the winner. The tenant consents to the mode when the deployment is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Canonical)]
pub enum AwardMode {
    /// The lowest bid wins when the bid window ends.
    LowestPrice,
    /// The tenant names a bid, as on the original chain.
    TenantChooses,
}

/// Where an order stands. `Closed` is terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Canonical)]
pub enum OrderState {
    /// Bids are taken.
    Open,
    /// A lease runs.
    Active,
    /// Over.
    Closed(OrderClosedReason),
}

/// Why an order closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Canonical)]
pub enum OrderClosedReason {
    /// The window ended without an eligible bid.
    NoBids,
    /// The tenant named no bid in time.
    NotChosen,
    /// The deployment's escrow could not pay one block of the best bid, or waits for a top-up.
    EscrowTooLow,
    /// The lease ended.
    LeaseEnded,
    /// The tenant paused the group.
    GroupPaused,
    /// The tenant closed the group.
    GroupClosed,
    /// The deployment was closed.
    DeploymentClosed,
}

/// A group put to auction. What is asked for stands in the group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct Order {
    /// Which order.
    pub id: OrderId,
    /// The most the whole group may cost per block: bids must be at or below.
    pub ceiling: PricePerBlock,
    /// Who names the winner.
    pub award: AwardMode,
    /// The least time between a provider's announcement and its early end of the lease; bids must
    /// offer at least as much. `None` lets providers end the lease at once.
    pub reclamation: Option<TimeSpan>,
    /// The entropy of the block that opened it: ties between bids are broken from it.
    pub entropy: Digest,
    /// Where it stands.
    pub state: OrderState,
    /// The block in which it opened.
    pub opened_at: BlockHeight,
    /// The block at whose end it is awarded, or expires. Bids are taken up to this block.
    pub due_at: BlockHeight,
}

impl Order {
    /// Whether bids are taken.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state == OrderState::Open
    }
}
