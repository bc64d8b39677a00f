//! What happens to bids.

use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use undercut_primitives::codec::Canonical;
use undercut_primitives::{BidId, Coin, Consent, Contribution, PricePerBlock};

use crate::{Bid, BidClosedReason};

/// A change of the bid book. Returned deposits are named, so that the log alone explains them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub enum BidEvent {
    /// A bid was admitted; its deposit is held.
    BidPlaced(Arc<Bid>),
    /// A bid's price fell.
    BidRepriced {
        /// Which.
        id: BidId,
        /// The new price, for the whole order, per block.
        price: PricePerBlock,
        /// The provider's signature on the command.
        consent: Consent,
    },
    /// A bid won its order; the deposit stays held while the lease runs.
    BidWon(BidId),
    /// Another bid won; the deposit is returned.
    BidLost {
        /// Which.
        id: BidId,
        /// The whole deposit.
        refund: Coin,
        /// Who gets which part of it.
        payers: Vec<Contribution>,
    },
    /// The bid is over; the deposit is returned.
    BidClosed {
        /// Which.
        id: BidId,
        /// Why.
        reason: BidClosedReason,
        /// The whole deposit.
        refund: Coin,
        /// Who gets which part of it.
        payers: Vec<Contribution>,
    },
}
