//! Why escrow says no. Variants about a deposit come first, then about accounts, then about leases;
//! a command that names an account is told first when there is none.

use undercut_primitives::crypto::SignatureRejected;
use undercut_primitives::{
    Amount, ArithmeticError, BlockHeight, BlockTime, Code, Denom, DeploymentId, LeaseId, Misfit,
    TimeSpan,
};

use crate::allowance::AllowanceRejection;

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
    /// The account holds as many deposits as it can. Its tenant may still add, and strangers to what
    /// they gave.
    #[error("the escrow account of deployment {id} holds {deposits_max} deposits already")]
    TooManyDeposits {
        /// The deployment.
        id: DeploymentId,
        /// How many it may hold.
        deposits_max: usize,
    },
    /// The account's money ended and it waits for a top-up. Deposit first.
    #[error("the escrow account of deployment {id} waits for a top-up until block {until}")]
    AccountPaused {
        /// The deployment.
        id: DeploymentId,
        /// The block at whose end it closes without one.
        until: BlockHeight,
    },
    /// Who pays the deposit may not, or the allowance is none.
    #[error(transparent)]
    Allowance(#[from] AllowanceRejection),
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
    /// The reason is not one of a provider's.
    #[error("reason {code} is not a provider's, those are 10000 to 19999")]
    ReasonOutOfRange {
        /// The number.
        code: u32,
    },
    /// The early end was announced already.
    #[error("the early end of lease {id} is announced for {deadline} s already")]
    AlreadyReclaiming {
        /// Which.
        id: LeaseId,
        /// From when on its provider may end it.
        deadline: BlockTime,
    },
    /// The bid offered no window, so there is nothing to announce: the lease can be ended at once.
    #[error("lease {id} has no reclamation window")]
    NotReclaimable {
        /// Which.
        id: LeaseId,
    },
    /// The provider has to announce the end first.
    #[error("the end of lease {id} has to be announced {window} before")]
    ReclamationNotStarted {
        /// Which.
        id: LeaseId,
        /// Its window.
        window: TimeSpan,
    },
    /// The provider announced the end and has to wait.
    #[error("lease {id} may end at {deadline} s, this block is of {now} s")]
    WindowNotOver {
        /// Which.
        id: LeaseId,
        /// From when on its provider may end it.
        deadline: BlockTime,
        /// The block's time.
        now: BlockTime,
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
            Self::Allowance(rejection) => return rejection.code(),
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
            Self::AccountPaused { .. } => "ESC016",
            Self::ReasonOutOfRange { .. } => "ESC017",
            Self::AlreadyReclaiming { .. } => "ESC018",
            Self::NotReclaimable { .. } => "ESC019",
            Self::ReclamationNotStarted { .. } => "ESC020",
            Self::WindowNotOver { .. } => "ESC021",
        })
    }
}
