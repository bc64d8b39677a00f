//! [`Bid`]: a provider's price per block for a whole order, and where it stands.

use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use undercut_primitives::codec::Canonical;
use undercut_primitives::{
    BidId, BlockHeight, Coin, Consent, Contribution, OrderId, PricePerBlock, ResourceOffer,
    TimeSpan,
};

use crate::{Rank, TieBreak};

/// What a provider signs to place a bid. The signer is the provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct NewBid {
    /// The order.
    pub order: OrderId,
    /// For the whole order, per block: more than zero, at or under the ceiling.
    pub price: PricePerBlock,
    /// What the provider sets aside: every unit of the order, at least as asked.
    pub offer: Vec<ResourceOffer>,
    /// Held until the bid loses, is closed, or its lease ends; then returned in full.
    pub deposit: Coin,
    /// Who pays the deposit. Empty: the provider. Others pay out of what they allowed it.
    pub payers: Vec<Contribution>,
    /// How long before an early end the provider would announce it. `None` where the order asks
    /// for nothing: the provider may then end the lease at once.
    pub reclamation: Option<TimeSpan>,
}

impl NewBid {
    /// A bid whose provider pays the deposit, and that could leave at once.
    #[must_use]
    pub const fn new(
        order: OrderId,
        price: PricePerBlock,
        offer: Vec<ResourceOffer>,
        deposit: Coin,
    ) -> Self {
        Self { order, price, offer, deposit, payers: Vec::new(), reclamation: None }
    }
}

/// Where a bid stands. `Lost` and `Closed` are terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Canonical)]
pub enum BidState {
    /// It takes part in the auction.
    Open,
    /// It won; its lease runs.
    Active,
    /// Another won.
    Lost,
    /// It ended without losing.
    Closed(BidClosedReason),
}

/// Why a bid closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Canonical)]
pub enum BidClosedReason {
    /// Its provider took it back.
    Withdrawn,
    /// A better bid took its place in a full book.
    Evicted,
    /// The order closed without a winner.
    OrderClosed,
    /// Its lease ended.
    LeaseEnded,
    /// Its provider is not what the order asks for any more.
    NoLongerEligible,
}

/// A bid in the book. Nothing but where it stands, and its price with the consent to it, changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct Bid {
    /// Which bid.
    pub id: BidId,
    /// For the whole order, per block.
    pub price: PricePerBlock,
    /// Decides against bids of the same price.
    pub tie: TieBreak,
    /// What is set aside. Bids of one order that offer the same may share it.
    #[serde(with = "shared")]
    pub offer: Arc<[ResourceOffer]>,
    /// What is held.
    pub deposit: Coin,
    /// Who paid the deposit, and gets it back.
    pub payers: Vec<Contribution>,
    /// How long before an early end the provider would announce it.
    pub reclamation: Option<TimeSpan>,
    /// The provider's signature on the command that placed it, or that lowered its price last.
    pub consent: Consent,
    /// The block in which it was placed. Plays no part in the ranking.
    pub placed_at: BlockHeight,
    /// Where it stands.
    pub state: BidState,
}

impl BidState {
    /// Whether a better bid took its place; its provider may then bid again.
    #[must_use]
    pub const fn is_evicted(self) -> bool {
        matches!(self, Self::Closed(BidClosedReason::Evicted))
    }
}

impl Bid {
    /// Whether a better bid took its place; its provider may then bid again.
    #[must_use]
    pub const fn was_evicted(&self) -> bool {
        self.state.is_evicted()
    }

    /// Where it stands among the bids of its order.
    #[must_use]
    pub const fn rank(&self) -> Rank {
        Rank { price: self.price.value, tie: self.tie, id: self.id }
    }
}

/// A shared list has the byte form of a list.
mod shared {
    use alloc::sync::Arc;
    use alloc::vec::Vec;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<T: Serialize, S: Serializer>(
        list: &Arc<[T]>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        (**list).serialize(serializer)
    }

    pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Arc<[T]>, D::Error> {
        Ok(Vec::deserialize(deserializer)?.into())
    }
}
