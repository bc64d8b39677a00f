//! [`Event`]: what happened. Every event is one record of the log and the only way to change state.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use undercut_bidding::BidEvent;
use undercut_ledger::bank::{self, escrow_address, vault_address};
use undercut_ledger::bme::OraclePrice;
use undercut_ledger::{LedgerEvent, Posting};
use undercut_orderbook::OrderEvent;
use undercut_primitives::{
    Address, Attribute, BidId, BlockHeight, BlockTime, Coin, Denom, Digest, Provider,
};

use crate::{BlockError, Genesis, SignedCommand};

/// What the host says about a block before its commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// The market started. The first record of every log.
    Genesis(Box<Genesis>),
    /// A block began.
    BlockOpened(BlockContext),
    /// A command was accepted. The events that follow are what it did.
    CommandAccepted(Box<SignedCommand>),
    /// A provider registered, or replaced its attributes.
    ProviderRegistered {
        /// Who.
        provider: Provider,
        /// What it says of itself.
        attributes: Vec<Attribute>,
    },
    /// An auditor vouched for a provider.
    ProviderAttested {
        /// For whom.
        provider: Provider,
        /// The auditor, as manifests call it.
        auditor: String,
        /// What it vouches for.
        attributes: Vec<Attribute>,
    },
    /// Something happened to a deployment, group or order.
    Order(OrderEvent),
    /// Something happened to a bid.
    Bid(BidEvent),
    /// Something happened to money or a lease.
    Ledger(LedgerEvent),
    /// A block ended.
    BlockSealed {
        /// Its height.
        height: BlockHeight,
        /// Merkle root over the hashes of the block's records before this one.
        records_root: Digest,
        /// Root of everything that the state holds.
        state_root: Digest,
    },
}

impl Event {
    /// The movements of money that the event stands for, in order.
    #[must_use]
    pub fn postings(&self) -> Vec<Posting> {
        let held = |bid: &BidId, coin: &Coin, back: bool| {
            let (provider, escrow) = (bid.provider.0, escrow_address());
            let (from, to) = if back { (escrow, provider) } else { (provider, escrow) };
            vec![Posting::Transfer { from, to, coin: coin.clone() }]
        };
        match self {
            Self::Genesis(genesis) => genesis_postings(genesis),
            Self::Bid(BidEvent::BidPlaced(bid)) => held(&bid.id, &bid.deposit, false),
            Self::Bid(
                BidEvent::BidLost { id, refund } | BidEvent::BidClosed { id, refund, .. },
            ) => held(id, refund, true),
            Self::Ledger(event) => bank::postings(event),
            Self::BlockOpened(_)
            | Self::CommandAccepted(_)
            | Self::ProviderRegistered { .. }
            | Self::ProviderAttested { .. }
            | Self::Order(_)
            | Self::Bid(BidEvent::BidWon(_))
            | Self::BlockSealed { .. } => Vec::new(),
        }
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
