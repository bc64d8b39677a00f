//! Why a bid is refused. Variants stand in the order in which [`BidBook::admit`](crate::BidBook::admit)
//! checks; then come those of re-pricing and of taking back.

use undercut_primitives::{
    Amount, BidId, BlockHeight, BlockSpan, Code, Decimal, Denom, OrderId, Provider, TimeSpan,
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
    /// The provider takes part in as many auctions as it can.
    #[error("provider {provider} has {open_max} open bids already")]
    TooManyOpenBids {
        /// Who bids.
        provider: Provider,
        /// How many it may have.
        open_max: usize,
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
    /// The order asks for a time between the announcement of an early end and the end.
    #[error(
        "the order asks for a reclamation window of at least {window_min}; the bid offers none"
    )]
    ReclamationMissing {
        /// The least that the order asks for.
        window_min: TimeSpan,
    },
    /// The time offered is less than the order asks for.
    #[error("a reclamation window of {window}, the order asks for at least {window_min}")]
    ReclamationTooShort {
        /// What is offered.
        window: TimeSpan,
        /// The least that the order asks for.
        window_min: TimeSpan,
    },
    /// The time offered is none that the market allows.
    #[error("a reclamation window of {window}, allowed are {window_min} to {window_max}")]
    ReclamationWindow {
        /// What is offered.
        window: TimeSpan,
        /// The least allowed.
        window_min: TimeSpan,
        /// The most allowed.
        window_max: TimeSpan,
    },
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
    /// A price may fall, not rise.
    #[error("the price of {price} {denom} a block is not below the bid's {current}")]
    PriceNotLower {
        /// The new price, micro-units per block.
        price: Decimal,
        /// The price that the bid has, micro-units per block.
        current: Decimal,
        /// The denom of both.
        denom: Denom,
    },
    /// There is no such bid.
    #[error("there is no bid {id}")]
    BidNotFound {
        /// Which.
        id: BidId,
    },
    /// The bid does not take part in the auction any more.
    #[error("bid {id} is not open")]
    BidNotOpen {
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
            Self::ReclamationMissing { .. } => "BID015",
            Self::ReclamationTooShort { .. } => "BID016",
            Self::ReclamationWindow { .. } => "BID017",
            Self::PriceNotLower { .. } => "BID018",
            Self::TooManyOpenBids { .. } => "BID019",
        })
    }
}
