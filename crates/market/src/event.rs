//! [`Event`]: what happened. Every event is one record of the log and the only way to change state.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use undercut_bidding::{BidEvent, Registration};
use undercut_ledger::bank::{self, escrow_address, vault_address};
use undercut_ledger::bme::VaultEvent;
use undercut_ledger::log::{Entry, Seal};
use undercut_ledger::oracle::{OracleEvent, OraclePrice};
use undercut_ledger::{LedgerEvent, Posting};
use undercut_orderbook::OrderEvent;
use undercut_primitives::codec::Canonical;
use undercut_primitives::{
    Address, Attribute, BlockHeight, BlockTime, Coin, Contribution, Denom, Digest, Provider,
    PublicKey,
};

use crate::{BlockError, Genesis, Params, SignedCommand};

/// What the host says about a block before its commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct BlockContext {
    /// The next height.
    pub height: BlockHeight,
    /// Consensus time; never before the last block's.
    pub time: BlockTime,
    /// What the oracle says; `None` when it says nothing.
    pub price: Option<OraclePrice>,
    /// 32 bytes that nobody knew before, such as the hash of the last block's commit. Ties between
    /// bids for orders that open in this block are broken from it.
    pub entropy: Digest,
}

impl BlockContext {
    /// Whether a block may follow the one of `last`: the next height, and no earlier time.
    ///
    /// # Errors
    ///
    /// [`BlockError::WrongHeight`] or [`BlockError::TimeBackwards`].
    pub fn check_after(&self, last: &Self) -> Result<(), BlockError> {
        let found = self.height;
        if last.height.next() != Some(found) {
            let expected = last.height.next().unwrap_or(last.height);
            return Err(BlockError::WrongHeight { expected, found });
        }
        if self.time < last.time {
            return Err(BlockError::TimeBackwards { last: last.time, found: self.time });
        }
        Ok(())
    }
}

/// Why an auditor's word about a provider counts no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Canonical)]
pub enum AttestationEndReason {
    /// The auditor took it back.
    Revoked,
    /// Its last block is over.
    Expired,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub enum Event {
    /// The market started. The first record of every log.
    Genesis(Box<Genesis>),
    /// A block began.
    BlockOpened(BlockContext),
    /// A command was accepted. The events that follow are what it did.
    CommandAccepted(Arc<SignedCommand>),
    /// A provider registered.
    ProviderRegistered {
        /// Who.
        provider: Provider,
        /// What it says of itself.
        registration: Registration,
    },
    /// A provider replaced what it says of itself.
    ProviderUpdated {
        /// Who.
        provider: Provider,
        /// What it says now.
        registration: Registration,
    },
    /// A provider is none any more; what auditors signed about it is gone too.
    ProviderDeregistered(Provider),
    /// An auditor vouched for a provider.
    ProviderAttested {
        /// For whom.
        provider: Provider,
        /// The auditor, as manifests call it.
        auditor: String,
        /// What it vouches for.
        attributes: Vec<Attribute>,
        /// The last block for which that counts.
        expires_at: Option<BlockHeight>,
    },
    /// An auditor's word about a provider counts no more.
    AttestationEnded {
        /// About whom.
        provider: Provider,
        /// The auditor.
        auditor: String,
        /// Why.
        reason: AttestationEndReason,
    },
    /// An account signs with another key from now on.
    KeyRotated {
        /// Which.
        account: Address,
        /// Its key.
        key: PublicKey,
    },
    /// New parameters wait for their block, in place of any that waited before.
    ParamsScheduled {
        /// They.
        params: Box<Params>,
        /// The first block in which they hold.
        effective_at: BlockHeight,
    },
    /// The parameters that waited hold from now on.
    ParamsChanged,
    /// A source of the oracle posted a price.
    Oracle(OracleEvent),
    /// Something happened to a deployment, group or order.
    Order(OrderEvent),
    /// Something happened to a bid.
    Bid(BidEvent),
    /// Something happened to money or a lease.
    Ledger(LedgerEvent),
    /// A block ended. In the log it is no event but of a kind of its own.
    BlockSealed(Seal),
}

impl Entry for Event {
    fn from_seal(seal: Seal) -> Self {
        Self::BlockSealed(seal)
    }

    fn as_seal(&self) -> Option<&Seal> {
        match self {
            Self::BlockSealed(seal) => Some(seal),
            _ => None,
        }
    }
}

impl Event {
    /// The movements of money that the event stands for, in order.
    #[must_use]
    pub fn postings(&self) -> Vec<Posting> {
        let mut postings = Vec::new();
        self.post_into(&mut postings);
        postings
    }

    /// [`Event::postings`], at the end of a list.
    pub fn post_into(&self, postings: &mut Vec<Posting>) {
        let moved = |denom: &Denom, part: &Contribution, back: bool| {
            let (payer, escrow) = (part.payer, escrow_address());
            let (from, to) = if back { (escrow, payer) } else { (payer, escrow) };
            Posting::Transfer { from, to, coin: Coin::new(denom.clone(), part.amount) }
        };
        match self {
            Self::Genesis(genesis) => postings.extend(genesis_postings(genesis)),
            Self::Bid(BidEvent::BidPlaced(bid)) => {
                let part = |part| moved(&bid.deposit.denom, part, false);
                postings.extend(bid.payers.iter().map(part));
            }
            Self::Bid(
                BidEvent::BidLost { refund, payers, .. }
                | BidEvent::BidClosed { refund, payers, .. },
            ) => postings.extend(payers.iter().map(|part| moved(&refund.denom, part, true))),
            Self::Ledger(event) => postings.extend(bank::postings(event)),
            Self::BlockOpened(_)
            | Self::CommandAccepted(_)
            | Self::ProviderRegistered { .. }
            | Self::ProviderUpdated { .. }
            | Self::ProviderDeregistered(_)
            | Self::ProviderAttested { .. }
            | Self::AttestationEnded { .. }
            | Self::KeyRotated { .. }
            | Self::ParamsScheduled { .. }
            | Self::ParamsChanged
            | Self::Oracle(_)
            | Self::Order(_)
            | Self::Bid(BidEvent::BidWon(_) | BidEvent::BidRepriced { .. })
            | Self::BlockSealed(_) => {}
        }
    }
}

impl Event {
    /// The event's name, as in the documentation of the log.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Genesis(_) => "Genesis",
            Self::BlockOpened(_) => "BlockOpened",
            Self::CommandAccepted(_) => "CommandAccepted",
            Self::ProviderRegistered { .. } => "ProviderRegistered",
            Self::ProviderUpdated { .. } => "ProviderUpdated",
            Self::ProviderDeregistered(_) => "ProviderDeregistered",
            Self::ProviderAttested { .. } => "ProviderAttested",
            Self::AttestationEnded { .. } => "AttestationEnded",
            Self::KeyRotated { .. } => "KeyRotated",
            Self::ParamsScheduled { .. } => "ParamsScheduled",
            Self::ParamsChanged => "ParamsChanged",
            Self::Oracle(OracleEvent::PricePosted { .. }) => "PricePosted",
            Self::Order(event) => order_kind(event),
            Self::Bid(event) => match event {
                BidEvent::BidPlaced(_) => "BidPlaced",
                BidEvent::BidRepriced { .. } => "BidRepriced",
                BidEvent::BidWon(_) => "BidWon",
                BidEvent::BidLost { .. } => "BidLost",
                BidEvent::BidClosed { .. } => "BidClosed",
            },
            Self::Ledger(event) => ledger_kind(event),
            Self::BlockSealed(_) => "BlockSealed",
        }
    }
}

const fn order_kind(event: &OrderEvent) -> &'static str {
    match event {
        OrderEvent::DeploymentCreated { .. } => "DeploymentCreated",
        OrderEvent::DeploymentUpdated { .. } => "DeploymentUpdated",
        OrderEvent::OrderOpened(_) => "OrderOpened",
        OrderEvent::OrderMatched(_) => "OrderMatched",
        OrderEvent::OrderClosed { .. } => "OrderClosed",
        OrderEvent::GroupPaused(_) => "GroupPaused",
        OrderEvent::GroupStarted(_) => "GroupStarted",
        OrderEvent::GroupClosed(_) => "GroupClosed",
        OrderEvent::DeploymentClosed(_) => "DeploymentClosed",
    }
}

const fn ledger_kind(event: &LedgerEvent) -> &'static str {
    match event {
        LedgerEvent::AccountOpened { .. } => "AccountOpened",
        LedgerEvent::Deposited { .. } => "Deposited",
        LedgerEvent::LeaseSigned(_) => "LeaseSigned",
        LedgerEvent::Settled(_) => "Settled",
        LedgerEvent::Withdrawn { .. } => "Withdrawn",
        LedgerEvent::InKindPaid(_) => "InKindPaid",
        LedgerEvent::ReclamationStarted { .. } => "ReclamationStarted",
        LedgerEvent::LeaseEnded { .. } => "LeaseEnded",
        LedgerEvent::AccountPaused { .. } => "AccountPaused",
        LedgerEvent::AccountResumed { .. } => "AccountResumed",
        LedgerEvent::AccountClosed { .. } => "AccountClosed",
        LedgerEvent::AllowanceGranted { .. } => "AllowanceGranted",
        LedgerEvent::AllowanceRevoked(_) => "AllowanceRevoked",
        LedgerEvent::Vault(event) => match event {
            VaultEvent::BurnRequested(_) => "BurnRequested",
            VaultEvent::BurnMinted(_) => "BurnMinted",
            VaultEvent::BurnCancelled { .. } => "BurnCancelled",
            VaultEvent::BurnRetried { .. } => "BurnRetried",
            VaultEvent::RedeemCapReached { .. } => "RedeemCapReached",
            VaultEvent::EpochOpened { .. } => "EpochOpened",
            VaultEvent::MintStatusChanged { .. } => "MintStatusChanged",
            VaultEvent::VaultFunded { .. } => "VaultFunded",
        },
    }
}

fn genesis_postings(genesis: &Genesis) -> Vec<Posting> {
    let mint = |(to, coin): &(Address, Coin)| Posting::Mint { to: *to, coin: coin.clone() };
    let mut postings: Vec<Posting> = genesis.balances.iter().map(mint).collect();
    if !genesis.vault_uakt.is_zero() {
        let coin = Coin::new(Denom::uakt(), genesis.vault_uakt);
        postings.push(Posting::Mint { to: vault_address(), coin });
    }
    postings
}
