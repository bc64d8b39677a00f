//! Why the engine says no to a command, and what can go wrong with a block.

use alloc::boxed::Box;
use alloc::string::String;

use undercut_bidding::{BidRejection, ProfileRejection};
use undercut_ledger::allowance::AllowanceRejection;
use undercut_ledger::bme::BmeRejection;
use undercut_ledger::oracle::OracleRejection;
use undercut_ledger::{BankRefused, LedgerRejection};
use undercut_orderbook::OrderRejection;
use undercut_primitives::crypto::SignatureRejected;
use undercut_primitives::{
    Address, BidId, BlockHeight, BlockSpan, BlockTime, Code, Misfit, OrderId, Provider, PublicKey,
};

use crate::ParamsError;

/// Why a command is refused before its rules are asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandRejection {
    /// The command is too large. Split it.
    #[error("the command has more than {bytes_max} bytes")]
    TooLarge {
        /// How many are allowed.
        bytes_max: usize,
    },
    /// The signature is missing or wrong, or for another chain. Sign for this chain.
    #[error("not signed for chain `{chain_id}`: {source}")]
    Unsigned {
        /// The chain that it was checked for.
        chain_id: String,
        /// What is wrong with the signature.
        source: SignatureRejected,
    },
    /// The signature was checked for another chain.
    #[error("the signature is for chain `{found}`, this is `{expected}`")]
    WrongChain {
        /// This chain.
        expected: String,
        /// The chain that it was checked for.
        found: String,
    },
    /// The command came too late. Sign it again with a later last block.
    #[error("the command could be accepted up to block {expires_at}, this is block {height}")]
    Expired {
        /// Its last block.
        expires_at: BlockHeight,
        /// This block.
        height: BlockHeight,
    },
    /// The command was accepted before, or one is missing in between.
    #[error("nonce {found} of {signer} where {expected} comes next")]
    WrongNonce {
        /// Who asks.
        signer: Address,
        /// The next one.
        expected: u64,
        /// The command's.
        found: u64,
    },
    /// The key is not the account's, or not any more.
    #[error("the key of {account} is {expected}, not {found}")]
    WrongKey {
        /// Who asks.
        account: Address,
        /// The account's key, or the address that its key has.
        expected: String,
        /// The key of the signature.
        found: PublicKey,
    },
    /// What the command does takes too large a record. Do it in parts.
    #[error("what the command does takes a record of more than {bytes_max} bytes")]
    RecordTooLarge {
        /// How many are allowed.
        bytes_max: usize,
    },
    /// Someone else's business. The authority table stands at [`crate::Command`].
    #[error("{signer} may not do this; {authority} may")]
    NotAllowed {
        /// Who asks.
        signer: Address,
        /// Who may.
        authority: &'static str,
    },
    /// A bundle without bids, or with too many. Split it.
    #[error("{bids} bids where 1 to {bids_max} are allowed")]
    BidCount {
        /// How many there are.
        bids: usize,
        /// How many are allowed.
        bids_max: usize,
    },
}

impl CommandRejection {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::new(match self {
            Self::TooLarge { .. } => "CMD001",
            Self::Unsigned { .. } => "CMD002",
            Self::WrongChain { .. } => "CMD003",
            Self::Expired { .. } => "CMD004",
            Self::WrongNonce { .. } => "CMD005",
            Self::NotAllowed { .. } => "CMD006",
            Self::WrongKey { .. } => "CMD007",
            Self::RecordTooLarge { .. } => "CMD008",
            Self::BidCount { .. } => "CMD009",
        })
    }
}

/// Why a command about providers and auditors' words is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderRejection {
    /// It is registered. Update instead.
    #[error("provider {provider} is registered already")]
    Exists {
        /// Who.
        provider: Provider,
    },
    /// There is no such provider.
    #[error("provider {provider} is not registered")]
    NotFound {
        /// Who.
        provider: Provider,
    },
    /// It serves. Its leases have to end first.
    #[error("provider {provider} runs {leases} leases; they have to end first")]
    LeasesRun {
        /// Who.
        provider: Provider,
        /// How many.
        leases: usize,
    },
    /// It has bid, and others count on that.
    #[error("bid {bid} binds provider {provider} up to the award at the end of block {due_at}")]
    BidBinds {
        /// Who.
        provider: Provider,
        /// Which bid; it may have others.
        bid: BidId,
        /// The block of the award.
        due_at: BlockHeight,
    },
    /// The word would not count in any block.
    #[error("the word would count up to block {expires_at}, this is block {height}")]
    AttestationOver {
        /// Its last block.
        expires_at: BlockHeight,
        /// This block.
        height: BlockHeight,
    },
    /// The auditor has said nothing about the provider.
    #[error("auditor `{auditor}` has signed nothing about provider {provider}")]
    AttestationNotFound {
        /// About whom.
        provider: Provider,
        /// The auditor.
        auditor: String,
    },
    /// The auditor has not vouched for that attribute.
    #[error("auditor `{auditor}` has not signed `{key}` for provider {provider}")]
    AttributeNotFound {
        /// About whom.
        provider: Provider,
        /// The auditor.
        auditor: String,
        /// The attribute's key.
        key: String,
    },
}

impl ProviderRejection {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::new(match self {
            Self::Exists { .. } => "REG001",
            Self::NotFound { .. } => "REG002",
            Self::LeasesRun { .. } => "REG003",
            Self::AttestationOver { .. } => "REG004",
            Self::AttestationNotFound { .. } => "REG005",
            Self::AttributeNotFound { .. } => "REG006",
            Self::BidBinds { .. } => "REG007",
        })
    }
}

/// Why a change of parameters or of a key is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GovernanceRejection {
    /// No market can work with the parameters.
    #[error("the new parameters: {0}")]
    Params(#[from] ParamsError),
    /// There would be no block any more.
    #[error("{delay} blocks after block {height} there is no block any more")]
    BeyondLastBlock {
        /// This block.
        height: BlockHeight,
        /// The delay of changes.
        delay: BlockSpan,
    },
    /// The account has that key.
    #[error("{account} has this key already")]
    KeyUnchanged {
        /// Whose.
        account: Address,
    },
    /// The new key does not agree, or is none.
    #[error("the new key has not signed that it stands for {account}: {source}")]
    KeyDisagrees {
        /// For whom.
        account: Address,
        /// What is wrong with its signature.
        source: SignatureRejected,
    },
}

impl GovernanceRejection {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::new(match self {
            Self::Params(_) => "GOV001",
            Self::BeyondLastBlock { .. } => "GOV002",
            Self::KeyUnchanged { .. } => "GOV003",
            Self::KeyDisagrees { .. } => "GOV004",
        })
    }
}

/// Why a command is refused. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// Refused before its rules were asked.
    #[error(transparent)]
    Command(#[from] CommandRejection),
    /// Provider attributes that cannot be.
    #[error(transparent)]
    Profile(#[from] ProfileRejection),
    /// Refused by the register of providers.
    #[error(transparent)]
    Provider(#[from] ProviderRejection),
    /// A change of parameters or of a key is refused.
    #[error(transparent)]
    Governance(#[from] GovernanceRejection),
    /// Refused by the oracle.
    #[error(transparent)]
    Oracle(#[from] OracleRejection),
    /// Refused by the order book.
    #[error(transparent)]
    Order(#[from] OrderRejection),
    /// Refused by the bid book.
    #[error(transparent)]
    Bid(#[from] BidRejection),
    /// Refused by the escrow.
    #[error(transparent)]
    Ledger(#[from] LedgerRejection),
    /// Refused by the vault.
    #[error(transparent)]
    Bme(#[from] BmeRejection),
    /// Someone has not the money.
    #[error("not enough money: {0}")]
    Funds(#[from] BankRefused),
    /// The block is not open, or the engine stopped.
    #[error(transparent)]
    Block(#[from] BlockError),
    /// One bid of a bundle is refused, and all others with it. The code is the bid's.
    #[error("the bid for order {order}: {source}")]
    Bundled {
        /// The order of the bid.
        order: OrderId,
        /// Why the bid is refused.
        source: Box<Rejection>,
    },
}

impl Rejection {
    /// That the bid for an order is refused, and its bundle with it.
    pub(crate) fn bundled(order: OrderId, why: Self) -> Self {
        Self::Bundled { order, source: why.into() }
    }

    /// The stable code, the same in library, log, command line and documents.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Command(rejection) => rejection.code(),
            Self::Profile(rejection) => rejection.code(),
            Self::Provider(rejection) => rejection.code(),
            Self::Governance(rejection) => rejection.code(),
            Self::Oracle(rejection) => rejection.code(),
            Self::Order(rejection) => rejection.code(),
            Self::Bid(rejection) => rejection.code(),
            Self::Ledger(rejection) => rejection.code(),
            Self::Bme(rejection) => rejection.code(),
            Self::Funds(_) => Code::new("BNK001"),
            Self::Block(error) => error.code(),
            Self::Bundled { source, .. } => source.code(),
        }
    }

    /// Whether the same signed command may be accepted later, so that a node does well to keep it.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Command(CommandRejection::WrongNonce { expected, found, .. }) => {
                *found > *expected
            }
            Self::Bid(rejection) => matches!(
                rejection,
                BidRejection::BookFull { .. }
                    | BidRejection::TooManyOpenBids { .. }
                    | BidRejection::Ineligible(_)
                    | BidRejection::UnknownProvider { .. }
            ),
            Self::Ledger(rejection) => matches!(
                rejection,
                LedgerRejection::CannotPayOneBlock { .. }
                    | LedgerRejection::TooManyDeposits { .. }
                    | LedgerRejection::AccountPaused { .. }
                    | LedgerRejection::ReclamationNotStarted { .. }
                    | LedgerRejection::WindowNotOver { .. }
                    | LedgerRejection::Allowance(
                        AllowanceRejection::NotFound { .. }
                            | AllowanceRejection::WrongPurpose { .. }
                            | AllowanceRejection::Expired { .. }
                            | AllowanceRejection::AboveLimit { .. }
                    )
            ),
            Self::Provider(rejection) => matches!(
                rejection,
                ProviderRejection::NotFound { .. }
                    | ProviderRejection::LeasesRun { .. }
                    | ProviderRejection::BidBinds { .. }
                    | ProviderRejection::AttestationNotFound { .. }
            ),
            Self::Oracle(rejection) => matches!(
                rejection,
                OracleRejection::NotASource { .. } | OracleRejection::TooFarAhead { .. }
            ),
            Self::Bme(rejection) => {
                matches!(
                    rejection,
                    BmeRejection::Halted { .. }
                        | BmeRejection::OwnQueueFull { .. }
                        | BmeRejection::QueueFull { .. }
                        | BmeRejection::MoreThanOutstanding { .. }
                        | BmeRejection::BelowMinimum { .. }
                        | BmeRejection::BeyondEpochCap { .. }
                )
            }
            Self::Funds(_) | Self::Block(BlockError::NotOpen) => true,
            Self::Bundled { source, .. } => source.is_transient(),
            Self::Command(_)
            | Self::Profile(_)
            | Self::Governance(_)
            | Self::Order(_)
            | Self::Block(_) => false,
        }
    }
}

/// What can go wrong with a block.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BlockError {
    /// `begin_block` comes first.
    #[error("no block is open")]
    NotOpen,
    /// `end_block` comes first.
    #[error("a block is open already")]
    AlreadyOpen,
    /// Heights have no gaps.
    #[error("block {found} where block {expected} comes next")]
    WrongHeight {
        /// The next one.
        expected: BlockHeight,
        /// The one given.
        found: BlockHeight,
    },
    /// Time never runs backwards.
    #[error("block time {found} is before the last block's {last}")]
    TimeBackwards {
        /// Of the last block.
        last: BlockTime,
        /// The one given.
        found: BlockTime,
    },
    /// The bank refused what it could just pay. The engine has stopped for good.
    #[error("the bank refused a payment it had the money for: {0}")]
    Bank(BankRefused),
    /// The engine contradicts itself: a bug. It has stopped for good.
    #[error("{0}")]
    Misfit(#[from] Misfit),
    /// A rule failed that cannot fail at the end of a block: a bug. The engine has stopped.
    #[error("end of block: {code}: {sentence}")]
    EndOfBlock {
        /// The code of the rejection.
        code: Code,
        /// The rejection.
        sentence: String,
    },
    /// The engine stopped earlier.
    #[error("the engine has stopped after a fault")]
    Stopped,
}

impl BlockError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::new(match self {
            Self::NotOpen => "BLK001",
            Self::AlreadyOpen => "BLK002",
            Self::WrongHeight { .. } => "BLK003",
            Self::TimeBackwards { .. } => "BLK004",
            Self::Bank(_) => "BLK005",
            Self::Misfit(_) => "BLK006",
            Self::EndOfBlock { .. } => "BLK007",
            Self::Stopped => "BLK008",
        })
    }
}

impl From<AllowanceRejection> for Rejection {
    fn from(rejection: AllowanceRejection) -> Self {
        Self::Ledger(rejection.into())
    }
}
