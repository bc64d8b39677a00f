//! Why the vault says no. Variants stand in the order in which they are checked.

use undercut_primitives::{Address, Amount, Code, Denom};

use super::{ConversionRefused, MintStatus};

/// Why a burn, a cancellation or a gift is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BmeRejection {
    /// A burn of nothing.
    #[error("the amount is zero")]
    AmountZero,
    /// More than may be in circulation.
    #[error("{amount} micro-units are more than the {amount_max} that one denom may have")]
    AmountTooLarge {
        /// The amount.
        amount: Amount,
        /// The most allowed.
        amount_max: Amount,
    },
    /// Only uakt and uact are burned for each other.
    #[error("{denom} cannot be burned; uakt and uact can")]
    UnknownDenom {
        /// The denom.
        denom: Denom,
    },
    /// The vault takes no gift but uakt.
    #[error("the vault is funded with uakt, not with {denom}")]
    FundDenom {
        /// The denom.
        denom: Denom,
    },
    /// The price is missing, or the collateral ratio is too low. Try again later.
    #[error("burning {denom} is halted: the status is {status:?}")]
    Halted {
        /// What was to be burned.
        denom: Denom,
        /// The status.
        status: MintStatus,
    },
    /// More ACT than there is, by the vault's books: it came from elsewhere.
    #[error("{burned} uact are more than the {outstanding} that are outstanding")]
    MoreThanOutstanding {
        /// What was to be burned, in uact.
        burned: Amount,
        /// All ACT that exists by the vault's books, in uact.
        outstanding: Amount,
    },
    /// Too little would come out, or a number does not fit.
    #[error(transparent)]
    Conversion(#[from] ConversionRefused),
    /// A mint below the minimum.
    #[error("{gross} uact would come out, at least {mint_min} must")]
    BelowMinimum {
        /// What would come out before the spread, in uact.
        gross: Amount,
        /// The least, in uact.
        mint_min: Amount,
    },
    /// A redemption that would mint more AKT than a whole epoch may. Redeem it in parts.
    #[error("{needed} uakt would be newly minted, one epoch may mint {needed_max}")]
    BeyondEpochCap {
        /// AKT that would be newly minted, in uakt.
        needed: Amount,
        /// The most in one epoch, in uakt.
        needed_max: Amount,
    },
    /// Too many requests of one account wait. Try again in a later block.
    #[error("{own_max} requests of {owner} wait already")]
    OwnQueueFull {
        /// Whose.
        owner: Address,
        /// How many may wait.
        own_max: u32,
    },
    /// Too many requests wait. Try again in a later block.
    #[error("{waiting_max} requests wait already")]
    QueueFull {
        /// How many may wait.
        waiting_max: u32,
    },
    /// No such request waits: it was executed or cancelled, or never made.
    #[error("no request {id} waits")]
    RequestNotFound {
        /// Which.
        id: u64,
    },
    /// The request is someone else's.
    #[error("request {id} is of {owner}, not of {asker}")]
    NotYours {
        /// Which.
        id: u64,
        /// Whose it is.
        owner: Address,
        /// Who asks.
        asker: Address,
    },
}

impl BmeRejection {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::new(match self {
            Self::AmountZero => "BME001",
            Self::AmountTooLarge { .. } => "BME002",
            Self::UnknownDenom { .. } => "BME003",
            Self::Halted { .. } => "BME004",
            Self::MoreThanOutstanding { .. } => "BME005",
            Self::Conversion(_) => "BME006",
            Self::BelowMinimum { .. } => "BME007",
            Self::OwnQueueFull { .. } => "BME009",
            Self::QueueFull { .. } => "BME008",
            Self::RequestNotFound { .. } => "BME010",
            Self::NotYours { .. } => "BME011",
            Self::FundDenom { .. } => "BME012",
            Self::BeyondEpochCap { .. } => "BME013",
        })
    }
}
