//! [`Finding`]: the first record that does not follow from the ones before, and why.

use undercut::{BlockError, GenesisError};
use undercut_ledger::BankRefused;
use undercut_primitives::{
    Address, Amount, BidId, BlockHeight, Code, Denom, DeploymentId, LeaseId, OrderId, PricePerBlock,
};

use crate::Check;

/// A record that does not follow from the ones before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("record {sequence} at block {height}: {flaw}")]
pub struct Finding {
    /// Which record; for what is missing in a block, the seal of the block.
    pub sequence: u64,
    /// Its block.
    pub height: BlockHeight,
    /// What is wrong.
    pub flaw: Box<Flaw>,
}

impl Finding {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.flaw.code()
    }
}

/// What is wrong with a record. Amounts are in micro-units.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    /// The log does not start with a genesis, or has another one later.
    #[error("a log has one genesis, as its record 0")]
    Genesis,
    /// The genesis is none that a market can start with.
    #[error("the genesis is refused: {0}")]
    GenesisRefused(#[from] GenesisError),
    /// A block does not follow the one before, or a record stands in no block.
    #[error("the block is refused: {0}")]
    Block(#[from] BlockError),
    /// The record is about something that is not there.
    #[error("it is about {what}, which is not there")]
    NotThere {
        /// What.
        what: String,
    },
    /// Something happened that only a command could bring about, and no command asks for it.
    #[error("{what}, and no command of the right account asks for that")]
    NotAsked {
        /// What happened.
        what: String,
    },
    /// A command did not do all that it asks for.
    #[error("the command of {account} did not do all that it asks for: {what}")]
    NotDone {
        /// Whose command.
        account: Address,
        /// What is missing.
        what: String,
    },
    /// A command was taken out of turn, or twice.
    #[error("the command of {account} has nonce {found} where {expected} comes next")]
    WrongNonce {
        /// Whose command.
        account: Address,
        /// The nonce that comes next.
        expected: u64,
        /// The nonce in the command.
        found: u64,
    },
    /// A command was taken too late.
    #[error("the command of {account} could be accepted up to block {expires_at}")]
    Expired {
        /// Whose command.
        account: Address,
        /// Its last block.
        expires_at: BlockHeight,
    },
    /// A command is signed with another key than the account's.
    #[error("the command of {account} is signed with a key that is not the account's")]
    WrongKey {
        /// Whose command.
        account: Address,
    },
    /// A signature does not hold.
    #[error("the signature of {account} does not hold: {why}")]
    WrongSignature {
        /// Whose.
        account: Address,
        /// Why not.
        why: String,
    },
    /// A consent is not the signature on the command that it should be of.
    #[error("the consent on {what} is not the signature on the command that it stands for")]
    WrongConsent {
        /// On what.
        what: String,
    },
    /// A term is not what was signed, or does not follow from the parameters.
    #[error("{what}: the {term} is not what follows from the records before")]
    WrongTerm {
        /// Of what.
        what: String,
        /// Which term.
        term: &'static str,
    },
    /// A bid costs more than the order allows.
    #[error("bid {bid} of {price} is above the ceiling of {ceiling}")]
    AboveCeiling {
        /// Which.
        bid: BidId,
        /// Its price.
        price: PricePerBlock,
        /// The ceiling of its order.
        ceiling: PricePerBlock,
    },
    /// A tie-break is not the digest of the order's entropy and the provider.
    #[error("bid {bid} has a tie-break that does not follow from its order's entropy")]
    WrongTie {
        /// Which.
        bid: BidId,
    },
    /// A price rose, or stayed.
    #[error("bid {bid} went from {before} to {price}; a price may only fall")]
    PriceNotLower {
        /// Which.
        bid: BidId,
        /// The price before.
        before: PricePerBlock,
        /// The price now.
        price: PricePerBlock,
    },
    /// A bidder or winner is not what the order asks for.
    #[error("bid {bid} is not eligible: {why}")]
    Ineligible {
        /// Which.
        bid: BidId,
        /// What is missing.
        why: String,
    },
    /// An award went past a better bid.
    #[error(
        "order {order} was awarded to {winner} for {price}, and {best} stood lower with {best_price}"
    )]
    NotLowest {
        /// The order.
        order: OrderId,
        /// Who won.
        winner: BidId,
        /// For how much.
        price: PricePerBlock,
        /// The lowest eligible bid: by price, then tie-break.
        best: BidId,
        /// Its price.
        best_price: PricePerBlock,
    },
    /// An order was awarded or closed at another block than its own.
    #[error("order {order} was decided in this block; its auction ends with block {due_at}")]
    WrongTime {
        /// The order.
        order: OrderId,
        /// The block at whose end it is decided.
        due_at: BlockHeight,
    },
    /// An order closed without an award, and a bid could have won.
    #[error("order {order} closed without an award, and bid {bid} of {price} could have won")]
    NotAwarded {
        /// The order.
        order: OrderId,
        /// The lowest eligible bid.
        bid: BidId,
        /// Its price.
        price: PricePerBlock,
    },
    /// An auction is over and was not decided.
    #[error("the auction of order {order} ended with block {due_at} and was not decided")]
    Undecided {
        /// The order.
        order: OrderId,
        /// The block at whose end it had to be.
        due_at: BlockHeight,
    },
    /// An award was begun and not carried out.
    #[error("the award to {bid} is not carried out: {missing}")]
    HalfAwarded {
        /// The winner.
        bid: BidId,
        /// What is missing.
        missing: &'static str,
    },
    /// A bid was closed for a reason that does not hold.
    #[error("bid {bid} was closed: {why}")]
    WronglyClosed {
        /// Which.
        bid: BidId,
        /// What does not hold.
        why: &'static str,
    },
    /// More bids stand than the parameters allow.
    #[error("order {order} ends the block with {bids} bids, {bids_max} are allowed")]
    TooManyBids {
        /// The order.
        order: OrderId,
        /// Its open bids.
        bids: usize,
        /// The most.
        bids_max: u32,
    },
    /// The deposit of a bid that is over was not returned.
    #[error("bid {bid} is over, and its deposit was not returned")]
    LostRefund {
        /// Which.
        bid: BidId,
    },
    /// The deposit of a bid was not returned to who paid it, whole.
    #[error("bid {bid} is over, and its deposit was not returned whole to who paid it")]
    WrongRefund {
        /// Which.
        bid: BidId,
    },
    /// A settlement is not of the span that passed.
    #[error(
        "account {account} was settled from block {from} to block {to}; {expected} is not settled yet"
    )]
    WrongSpan {
        /// Which.
        account: DeploymentId,
        /// From.
        from: BlockHeight,
        /// To.
        to: BlockHeight,
        /// Up to which block it was settled.
        expected: BlockHeight,
    },
    /// A share of a settlement is not rate × blocks.
    #[error("lease {lease} earned {found} in this settlement; its rate and blocks give {expected}")]
    WrongShare {
        /// Which.
        lease: LeaseId,
        /// What the record says.
        found: Amount,
        /// What follows.
        expected: Amount,
    },
    /// A provider was paid another amount than it had earned.
    #[error(
        "lease {lease} was paid {paid} and {fee} in fees; it had earned {expected} and {expected_fee} in fees"
    )]
    WrongPayout {
        /// Which.
        lease: LeaseId,
        /// What the provider got.
        paid: Amount,
        /// What the community pool got.
        fee: Amount,
        /// What the provider had earned.
        expected: Amount,
        /// The community pool's part of it.
        expected_fee: Amount,
    },
    /// A block paid in uakt was not paid as it should be.
    #[error("account {account} was paid in uakt: {why}")]
    WrongInKind {
        /// Which.
        account: DeploymentId,
        /// What does not hold.
        why: &'static str,
    },
    /// A lease ended with another sum than it was paid, or at another block.
    #[error("lease {lease} ended: {why}")]
    WrongLeaseEnd {
        /// Which.
        lease: LeaseId,
        /// What does not hold.
        why: &'static str,
    },
    /// An account was paused, resumed or ended against the rules.
    #[error("account {account}: {why}")]
    WrongAccount {
        /// Which.
        account: DeploymentId,
        /// What does not hold.
        why: &'static str,
    },
    /// What was left of an account was not returned to who paid it.
    #[error("account {account} closed, and its refunds are not what was left of its deposits")]
    WrongLeft {
        /// Which.
        account: DeploymentId,
    },
    /// A burn gave another amount than its price.
    #[error(
        "burn {id} gave {gross} before the spread, {paid} after it, {minted} of it new; the price gives {expected}"
    )]
    WrongConversion {
        /// The request.
        id: u64,
        /// Before the spread.
        gross: Amount,
        /// To the owner.
        paid: Amount,
        /// Newly minted.
        minted: Amount,
        /// The three figures that follow, or that there is none.
        expected: String,
    },
    /// A burn was taken in, executed, tried or given back against the rules.
    #[error("burn {id}: {why}")]
    WrongBurn {
        /// The request.
        id: u64,
        /// What does not hold.
        why: &'static str,
    },
    /// An epoch or the breaker is not where price and collateral put it.
    #[error("the vault: {what} is {found}, price and collateral give {expected}")]
    WrongVault {
        /// What.
        what: &'static str,
        /// What the records say.
        found: String,
        /// What follows.
        expected: String,
    },
    /// An account paid more than it had.
    #[error("more is paid than there is: {0}")]
    Overdrawn(#[from] BankRefused),
    /// The escrow, the vault or a supply is not the sum of its parts.
    #[error("{whose} is {found} {denom}, its parts give {expected}")]
    DoesNotAddUp {
        /// What.
        whose: &'static str,
        /// In which denom.
        denom: Denom,
        /// By the movements of money.
        found: u128,
        /// By the parts.
        expected: u128,
    },
    /// Something had to happen in this block and did not.
    #[error("the block ends without {what}")]
    Missing {
        /// What.
        what: String,
    },
}

impl Flaw {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::new(match self {
            Self::Genesis => "AUD001",
            Self::GenesisRefused(_) => "AUD002",
            Self::Block(_) => "AUD003",
            Self::NotThere { .. } => "AUD004",
            Self::NotAsked { .. } => "AUD005",
            Self::NotDone { .. } => "AUD006",
            Self::WrongNonce { .. } => "AUD007",
            Self::Expired { .. } => "AUD008",
            Self::WrongKey { .. } => "AUD009",
            Self::WrongSignature { .. } => "AUD010",
            Self::WrongConsent { .. } => "AUD011",
            Self::WrongTerm { .. } => "AUD012",
            Self::AboveCeiling { .. } => "AUD013",
            Self::WrongTie { .. } => "AUD014",
            Self::PriceNotLower { .. } => "AUD015",
            Self::Ineligible { .. } => "AUD016",
            Self::NotLowest { .. } => "AUD017",
            Self::WrongTime { .. } => "AUD018",
            Self::NotAwarded { .. } => "AUD019",
            Self::Undecided { .. } => "AUD020",
            Self::HalfAwarded { .. } => "AUD021",
            Self::WronglyClosed { .. } => "AUD022",
            Self::TooManyBids { .. } => "AUD023",
            Self::LostRefund { .. } => "AUD024",
            Self::WrongRefund { .. } => "AUD025",
            Self::WrongSpan { .. } => "AUD026",
            Self::WrongShare { .. } => "AUD027",
            Self::WrongPayout { .. } => "AUD028",
            Self::WrongInKind { .. } => "AUD029",
            Self::WrongLeaseEnd { .. } => "AUD030",
            Self::WrongAccount { .. } => "AUD031",
            Self::WrongLeft { .. } => "AUD032",
            Self::WrongConversion { .. } => "AUD033",
            Self::WrongBurn { .. } => "AUD034",
            Self::WrongVault { .. } => "AUD035",
            Self::Overdrawn(_) => "AUD036",
            Self::DoesNotAddUp { .. } => "AUD037",
            Self::Missing { .. } => "AUD038",
        })
    }

    /// Which check found it.
    #[must_use]
    pub const fn check(&self) -> Check {
        match self {
            Self::Genesis
            | Self::GenesisRefused(_)
            | Self::Block(_)
            | Self::NotThere { .. }
            | Self::NotAsked { .. }
            | Self::NotDone { .. }
            | Self::Missing { .. }
            | Self::WrongNonce { .. }
            | Self::Expired { .. }
            | Self::WrongKey { .. }
            | Self::WrongSignature { .. } => Check::Commands,
            Self::WrongConsent { .. } | Self::WrongTerm { .. } => Check::Terms,
            Self::AboveCeiling { .. }
            | Self::WrongTie { .. }
            | Self::PriceNotLower { .. }
            | Self::WronglyClosed { .. }
            | Self::TooManyBids { .. } => Check::Bids,
            Self::Ineligible { .. }
            | Self::NotLowest { .. }
            | Self::WrongTime { .. }
            | Self::HalfAwarded { .. } => Check::Awards,
            Self::NotAwarded { .. } | Self::Undecided { .. } => Check::OrderEnds,
            Self::LostRefund { .. } | Self::WrongRefund { .. } => Check::BidDeposits,
            Self::WrongSpan { .. } | Self::WrongShare { .. } => Check::Settlements,
            Self::WrongPayout { .. } | Self::WrongInKind { .. } => Check::Payouts,
            Self::WrongLeaseEnd { .. } | Self::WrongAccount { .. } => Check::Ends,
            Self::WrongLeft { .. } => Check::Refunds,
            Self::WrongConversion { .. } | Self::WrongBurn { .. } => Check::Conversions,
            Self::WrongVault { .. } => Check::Breaker,
            Self::Overdrawn(_) => Check::Movements,
            Self::DoesNotAddUp { .. } => Check::Balances,
        }
    }
}
