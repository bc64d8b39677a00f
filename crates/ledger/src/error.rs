//! Why escrow says no. Variants about a deposit come first, then about accounts, then about leases;
//! a command that names an account is told first when there is none.

use undercut_primitives::crypto::SignatureRejected;
use undercut_primitives::{Amount, ArithmeticError, Code, Denom, DeploymentId, LeaseId, Misfit};

/// Why a command about escrow or leases is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerRejection {
    /// A deposit of nothing.
    #[error("the deposit is zero")]
    DepositZero,
    /// More than may be in circulation.
    #[error("{amount} micro-units are more than the {amount_max} that one denom may have")]
    AmountTooLarge {
        /// The amount.
        amount: Amount,
        /// The most allowed.
        amount_max: Amount,
    },
    /// The account is kept in another denom.
    #[error("the deposit is in {found}, the prices in {expected}")]
    WrongDenom {
        /// The denom of the account.
        expected: Denom,
        /// The denom of the coin.
        found: Denom,
    },
    /// No deployment may be paid for in this denom.
    #[error("no deployment is paid for in {denom}")]
    UnknownDenom {
        /// The denom.
        denom: Denom,
    },
    /// The first deposit is too small.
    #[error("the deposit of {deposit} {denom} is below the least of {deposit_min}")]
    DepositTooSmall {
        /// The deposit, in micro-units.
        deposit: Amount,
        /// The least, in micro-units.
        deposit_min: Amount,
        /// The denom of both.
        denom: Denom,
    },
    /// There is no such account.
    #[error("deployment {id} has no escrow account")]
    AccountNotFound {
        /// The deployment.
        id: DeploymentId,
    },
    /// The account is over.
    #[error("the escrow account of deployment {id} is closed")]
    AccountClosed {
        /// The deployment.
        id: DeploymentId,
    },
    /// The account holds as many deposits as it can. Its tenant may still add.
    #[error("the escrow account of deployment {id} holds {deposits_max} deposits already")]
    TooManyDeposits {
        /// The deployment.
        id: DeploymentId,
        /// How many it may hold.
        deposits_max: usize,
    },
    /// There is no such lease.
    #[error("there is no lease {id}")]
    LeaseNotFound {
        /// Which.
        id: LeaseId,
    },
    /// The lease is over.
    #[error("lease {id} has ended")]
    LeaseEnded {
        /// Which.
        id: LeaseId,
    },
    /// A consent is by someone else.
    #[error("the {party}'s consent on lease {id} is by another account")]
    NotTheParty {
        /// Which lease.
        id: LeaseId,
        /// `tenant` or `provider`.
        party: &'static str,
    },
    /// A consent is not signed.
    #[error("the {party}'s consent on lease {id}: {source}")]
    Unsigned {
        /// Which lease.
        id: LeaseId,
        /// `tenant` or `provider`.
        party: &'static str,
        /// What is wrong with the signature.
        source: SignatureRejected,
    },
    /// The account cannot pay for one block.
    #[error("the escrow account of deployment {id} cannot pay for one block")]
    CannotPayOneBlock {
        /// The deployment.
        id: DeploymentId,
    },
    /// A sum does not fit.
    #[error(transparent)]
    Arithmetic(#[from] ArithmeticError),
    /// The account contradicts itself: a bug.
    #[error(transparent)]
    Misfit(#[from] Misfit),
}

impl LedgerRejection {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::new(match self {
            Self::DepositZero => "ESC001",
            Self::AmountTooLarge { .. } => "ESC002",
            Self::WrongDenom { .. } => "ESC003",
            Self::UnknownDenom { .. } => "ESC004",
            Self::DepositTooSmall { .. } => "ESC005",
            Self::AccountNotFound { .. } => "ESC006",
            Self::AccountClosed { .. } => "ESC007",
            Self::TooManyDeposits { .. } => "ESC008",
            Self::LeaseNotFound { .. } => "ESC009",
            Self::LeaseEnded { .. } => "ESC010",
            Self::NotTheParty { .. } => "ESC011",
            Self::Unsigned { .. } => "ESC012",
            Self::CannotPayOneBlock { .. } => "ESC013",
            Self::Arithmetic(_) => "ESC014",
            Self::Misfit(_) => "ESC015",
        })
    }
}
