//! [`Report`]: what a market came to.

use std::collections::BTreeMap;

use undercut_ledger::log::Head;
use undercut_primitives::{Amount, BlockHeight, Denom, Digest};

use crate::Check;

/// How much of each there was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Orders put to auction, re-listed ones included.
    pub orders_opened: u64,
    /// Orders that became a lease.
    pub orders_matched: u64,
    /// Orders that closed without one.
    pub orders_unmatched: u64,
    /// Bids taken.
    pub bids_admitted: u64,
    /// Bids refused by the engine.
    pub bids_refused: u64,
    /// Leases signed.
    pub leases_signed: u64,
    /// Leases that a party closed.
    pub leases_closed: u64,
    /// Leases whose money ended.
    pub leases_exhausted: u64,
}

impl Counts {
    /// Leases that still run.
    #[must_use]
    pub const fn leases_active(&self) -> u64 {
        let ended = self.leases_closed.saturating_add(self.leases_exhausted);
        self.leases_signed.saturating_sub(ended)
    }
}

/// What a market came to.
#[derive(Clone, Debug)]
pub struct Report {
    /// The scenario's name.
    pub scenario: String,
    /// The seed it was played with.
    pub seed: u64,
    /// The last block.
    pub height: BlockHeight,
    /// How much of each there was.
    pub counts: Counts,
    /// What providers earned, by denom, in micro-units.
    pub paid: BTreeMap<Denom, Amount>,
    /// AKT burned for ACT, in uakt.
    pub burned_uakt: Amount,
    /// ACT minted for it, in uact.
    pub minted_uact: Amount,
    /// ACT burned for AKT, in uact.
    pub burned_uact: Amount,
    /// AKT newly minted for it beyond what was credited, in uakt.
    pub minted_uakt: Amount,
    /// Blocks from an order's opening to its award, sorted.
    pub match_blocks: Vec<u64>,
    /// GPUs in use, summed over all blocks.
    pub gpu_blocks_used: u64,
    /// GPUs that exist, summed over all blocks.
    pub gpu_blocks: u64,
    /// Why providers did not bid: the reason's code, how often, and one example.
    pub no_bids: BTreeMap<&'static str, (u64, String)>,
    /// Why commands were refused: the rejection's code, how often, and one example.
    pub refused: BTreeMap<&'static str, (u64, String)>,
    /// The end of the log.
    pub head: Head,
    /// The root of the last state.
    pub state_root: Digest,
    /// What was checked.
    pub checks: Vec<Check>,
}

impl Report {
    /// The number of blocks within which `percent` of the matched orders were awarded.
    #[must_use]
    pub fn blocks_to_match(&self, percent: u8) -> Option<u64> {
        let last = self.match_blocks.len().checked_sub(1)?;
        let index = last.checked_mul(usize::from(percent.min(100)))?.checked_div(100)?;
        self.match_blocks.get(index).copied()
    }
}
