//! What a market may choose about orders.

use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use undercut_primitives::codec::Canonical;
use undercut_primitives::{BlockSpan, Denom, TimeSpan};

/// How long a provider that ends a lease early has to wait: the least and the most that an order
/// may ask for and a bid may offer. Source: `chain.md` 10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct ReclamationParams {
    /// The shortest window.
    pub window_min: TimeSpan,
    /// The longest window. Above `window_min`.
    pub window_max: TimeSpan,
}

impl ReclamationParams {
    /// Whether a window may be asked for or offered. Both borders may.
    #[must_use]
    pub fn allows(&self, window: TimeSpan) -> bool {
        (self.window_min..=self.window_max).contains(&window)
    }
}

impl Default for ReclamationParams {
    /// One hour to 720 hours.
    fn default() -> Self {
        let hours = |hours: u64| TimeSpan::from_seconds(hours.saturating_mul(3_600));
        Self { window_min: hours(1), window_max: hours(720) }
    }
}

/// Parameters of orders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
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
    /// Longest pause that a deployment may ask for when its money ends.
    pub grace_max: BlockSpan,
    /// Early ends announced by providers.
    pub reclamation: ReclamationParams,
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
            grace_max: BlockSpan::from_blocks(14_400),
            reclamation: ReclamationParams::default(),
        }
    }
}
