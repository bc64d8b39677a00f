//! Why a bid is refused. Variants stand in the order in which they are checked.

use undercut_primitives::{
    Amount, BidId, BlockHeight, BlockSpan, Code, Decimal, Denom, OrderId, Provider,
};

use crate::{Ineligible, OfferMismatch};

/// Why a command about bids is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BidRejection {
    /// Nobody bids for their own order.
    #[error("order {order} is the bidder's own")]
    OwnOrder {
        /// The order.
        order: OrderId,
    },
    /// The provider must register first.
    #[error("provider {provider} is not registered")]
    UnknownProvider {
        /// Who bids.
        provider: Provider,
    },
    /// One bid per provider and order, unless a better bid evicted it.
    #[error("bid {id} exists already")]
    BidExists {
        /// Which.
        id: BidId,
    },
    /// A price of nothing.
    #[error("the price is zero")]
    PriceZero,
    /// The price is in another denom than the ceiling.
    #[error("the price is in {denom}, the ceiling in {ceiling_denom}")]
    WrongDenom {
        /// The bid's denom.
        denom: Denom,
        /// The order's denom.
        ceiling_denom: Denom,
    },
    /// The price is above what the tenant pays. Bid at or under the ceiling.
    #[error("the price of {price} {denom} a block is above the ceiling of {ceiling}")]
    PriceAboveCeiling {
        /// The bid's price, micro-units per block.
        price: Decimal,
        /// The most the tenant pays, micro-units per block.
        ceiling: Decimal,
        /// The denom of both.
        denom: Denom,
    },
    /// The offer is less than what is asked for.
    #[error("the offer does not cover the order: {0}")]
    Offer(#[from] OfferMismatch),
    /// The provider is not what the order asks for.
    #[error("the provider is not eligible: {0}")]
    Ineligible(#[from] Ineligible),
    /// No deposit may be made in this denom.
    #[error("no deposit is taken in {denom}")]
    DepositDenom {
        /// The deposit's denom.
        denom: Denom,
    },
    /// The deposit is too small.
    #[error("the deposit of {deposit} {denom} is below the least of {deposit_min}")]
    DepositTooSmall {
        /// The deposit, in micro-units.
        deposit: Amount,
        /// The least, in micro-units.
        deposit_min: Amount,
        /// The denom of both.
        denom: Denom,
    },
    /// The book is full of better bids.
    #[error("all {bids_max} places are taken by better bids; the worst asks {worst} a block")]
    BookFull {
        /// How many places there are.
        bids_max: u32,
        /// The price of the worst bid, micro-units per block.
        worst: Decimal,
    },
    /// There is no such bid.
    #[error("there is no bid {id}")]
    BidNotFound {
        /// Which.
        id: BidId,
    },
    /// The auction is about to end; bids are binding now.
    #[error(
        "bid {id} is binding: block {at} is less than {binding} blocks before the award at the end of block {due_at}"
    )]
    Binding {
        /// Which.
        id: BidId,
        /// This block.
        at: BlockHeight,
        /// Within how many blocks of the award bids are binding.
        binding: BlockSpan,
        /// The block of the award.
        due_at: BlockHeight,
    },
    /// The bid does not take part in the auction any more.
    #[error("bid {id} is not open")]
    BidNotOpen {
        /// Which.
        id: BidId,
    },
}

impl BidRejection {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::new(match self {
            Self::OwnOrder { .. } => "BID001",
            Self::UnknownProvider { .. } => "BID002",
            Self::BidExists { .. } => "BID003",
            Self::PriceZero => "BID004",
            Self::WrongDenom { .. } => "BID005",
            Self::PriceAboveCeiling { .. } => "BID006",
            Self::Offer(_) => "BID007",
            Self::Ineligible(_) => "BID008",
            Self::DepositDenom { .. } => "BID009",
            Self::DepositTooSmall { .. } => "BID010",
            Self::BookFull { .. } => "BID011",
            Self::BidNotFound { .. } => "BID012",
            Self::BidNotOpen { .. } => "BID013",
            Self::Binding { .. } => "BID014",
        })
    }
}
