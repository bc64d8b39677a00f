//! Why the oracle takes no price, gives none, or cannot be set up so. Variants stand in the order
//! in which they are checked.

use undercut_primitives::{Address, BlockTime, Code, Decimal, TimeSpan};

/// Why a posted price is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OracleRejection {
    /// Only registered sources post prices.
    #[error("{account} is not a source of prices")]
    NotASource {
        /// Who posted.
        account: Address,
    },
    /// A price of nothing.
    #[error("the price is zero")]
    PriceZero,
    /// A price beyond belief.
    #[error("a price of {price} USD is above the highest of {price_max} USD")]
    PriceTooHigh {
        /// The price, in US dollars for one AKT.
        price: Decimal,
        /// The highest that can be posted.
        price_max: Decimal,
    },
    /// The source has posted a later price already. An equal time is allowed.
    #[error("the price of second {published_at} is before the source's last, of second {last}")]
    BeforeLast {
        /// The time of the price, in seconds since 1970-01-01 UTC.
        published_at: BlockTime,
        /// The time of the source's last price.
        last: BlockTime,
    },
    /// The first price of a source is old. Post a recent one.
    #[error("the source's first price is {age} old, at most {age_max} is allowed")]
    FirstTooOld {
        /// How old it is.
        age: TimeSpan,
        /// How old it may be.
        age_max: TimeSpan,
    },
    /// The price is of a time that has not come. The same price may be taken later.
    #[error("the price is {ahead} ahead of the block, at most {ahead_max} is allowed")]
    TooFarAhead {
        /// How far ahead of the block's time it is.
        ahead: TimeSpan,
        /// How far ahead it may be.
        ahead_max: TimeSpan,
    },
}

impl OracleRejection {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::new(match self {
            Self::NotASource { .. } => "ORA001",
            Self::PriceZero => "ORA002",
            Self::PriceTooHigh { .. } => "ORA003",
            Self::BeforeLast { .. } => "ORA004",
            Self::FirstTooOld { .. } => "ORA005",
            Self::TooFarAhead { .. } => "ORA006",
        })
    }
}

/// Why there is no price that may be relied on. Any of them may pass with time or new prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unhealthy {
    /// No source is registered.
    #[error("no source of prices is registered")]
    NoSources,
    /// Too few sources have posted lately.
    #[error("fresh sources of prices: {fresh}, needed: {needed}")]
    TooFewSources {
        /// How many registered sources have a fresh price whose time has come.
        fresh: u32,
        /// The quorum.
        needed: u32,
    },
    /// The sources contradict each other.
    #[error(
        "the last prices lie {deviation_bps} basis points apart, from {min} to {max} USD, at most {deviation_max_bps} are allowed"
    )]
    Deviates {
        /// How far the last prices lie apart, in basis points of the lowest.
        deviation_bps: u32,
        /// How far they may.
        deviation_max_bps: u32,
        /// The lowest, in US dollars for one AKT.
        min: Decimal,
        /// The highest.
        max: Decimal,
    },
}

impl Unhealthy {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::new(match self {
            Self::NoSources => "ORA007",
            Self::TooFewSources { .. } => "ORA008",
            Self::Deviates { .. } => "ORA009",
        })
    }
}

/// Why parameters of the oracle are none. It stands inside the error of what holds them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OracleParamsError {
    /// More sources than a read may walk over.
    #[error("{sources} sources of prices are more than the {sources_max} allowed")]
    TooManySources {
        /// How many there are.
        sources: u32,
        /// How many there may be.
        sources_max: u32,
    },
    /// A source that is registered twice would count twice.
    #[error("{account} stands twice among the sources of prices")]
    SourceTwice {
        /// Which.
        account: Address,
    },
    /// A price that needs no source is none.
    #[error("the quorum of sources of prices is 0, at least 1 is needed")]
    QuorumZero,
    /// There could never be a price.
    #[error("a price needs {needed} sources, but {sources} are registered")]
    QuorumTooLarge {
        /// The quorum.
        needed: u32,
        /// How many sources there are.
        sources: u32,
    },
    /// Every price would be too old in the next block.
    #[error("the greatest age of a price is 0 s, at least 1 ns is needed")]
    AgeZero,
    /// A source could be ahead of the market for too long.
    #[error("prices may be {ahead_max} ahead, at most {limit} can be allowed")]
    AheadTooLong {
        /// How far ahead prices may be.
        ahead_max: TimeSpan,
        /// The most that can be allowed.
        limit: TimeSpan,
    },
    /// Nothing can be averaged over no time.
    #[error("the window of averages is 0 s, at least 1 ns is needed")]
    WindowZero,
    /// Points are not kept for that long.
    #[error("the window of averages is {window}, at most {window_max} is allowed")]
    WindowTooLong {
        /// The window.
        window: TimeSpan,
        /// The longest.
        window_max: TimeSpan,
    },
    /// Two sources would hardly ever agree.
    #[error("the greatest deviation is 0 basis points, at least 1 is needed")]
    DeviationZero,
}
