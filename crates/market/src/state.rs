//! [`State`]: everything that the engine knows, folded from its events.
//!
//! The state root is kept as events come in: each event names the entries it touches, and sealing
//! a block hashes those alone. [`State::rebuilt_root`] hashes everything anew and must agree.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use undercut_bidding::{BidBook, BidEvent, ProviderProfile};
use undercut_ledger::bme::{OraclePrice, Vault};
use undercut_ledger::merkle::StateTree;
use undercut_ledger::{Escrow, LedgerEvent};
use undercut_orderbook::{OrderBook, OrderEvent};
use undercut_primitives::codec::Canonical;
use undercut_primitives::crypto::{self, Namespace};
use undercut_primitives::{
    Address, BidId, BlockHeight, Denom, DeploymentId, Digest, GroupId, LeaseId, Misfit, OrderId,
    Provider,
};

use crate::{BlockContext, Event, Genesis};

const KEY: Namespace = Namespace("undercut/state-key/v1");
const VALUE: Namespace = Namespace("undercut/state-value/v1");

/// The name of one entry of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum StateKey {
    /// What the market started with.
    Genesis,
    /// The current block's context.
    Block,
    /// The vault.
    Vault,
    /// An account's last nonce.
    Nonce(Address),
    /// A provider's profile.
    Provider(Provider),
    /// A deployment.
    Deployment(DeploymentId),
    /// A group.
    Group(GroupId),
    /// An order.
    Order(OrderId),
    /// A bid.
    Bid(BidId),
    /// An escrow account.
    Account(DeploymentId),
    /// A lease.
    Lease(LeaseId),
}

/// Everything that the engine knows.
#[derive(Clone, Debug)]
pub struct State {
    genesis: Genesis,
    context: BlockContext,
    nonces: BTreeMap<Address, u64>,
    providers: BTreeMap<Provider, ProviderProfile>,
    book: OrderBook,
    bids: BidBook,
    escrow: Escrow,
    vault: Vault,
    tree: StateTree,
    touched: BTreeSet<StateKey>,
}

impl State {
    /// The state right after genesis.
    #[must_use]
    pub fn new(genesis: &Genesis) -> Self {
        let vault = Vault {
            collateral_uakt: genesis.vault_uakt,
            outstanding_uact: genesis.supply(&Denom::uact()).unwrap_or_default(),
            ..Vault::default()
        };
        Self {
            genesis: genesis.clone(),
            context: BlockContext {
                height: BlockHeight::GENESIS,
                time: genesis.time,
                price: None,
                entropy: Digest::ZERO,
            },
            nonces: BTreeMap::new(),
            providers: BTreeMap::new(),
            book: OrderBook::default(),
            bids: BidBook::default(),
            escrow: Escrow::default(),
            vault,
            tree: StateTree::default(),
            touched: BTreeSet::from([StateKey::Genesis, StateKey::Block, StateKey::Vault]),
        }
    }

    /// What the market started with, its parameters included.
    #[must_use]
    pub const fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The current block's context, or the last one's between blocks.
    #[must_use]
    pub const fn context(&self) -> &BlockContext {
        &self.context
    }

    /// The height of the current block, or of the last one between blocks.
    #[must_use]
    pub const fn height(&self) -> BlockHeight {
        self.context.height
    }

    /// The nonce of an account's last accepted command; 0 before the first.
    #[must_use]
    pub fn nonce(&self, account: &Address) -> u64 {
        self.nonces.get(account).copied().unwrap_or_default()
    }

    /// A provider's profile.
    #[must_use]
    pub fn provider(&self, id: &Provider) -> Option<&ProviderProfile> {
        self.providers.get(id)
    }

    /// All providers by address.
    pub fn providers(&self) -> impl Iterator<Item = (&Provider, &ProviderProfile)> {
        self.providers.iter()
    }

    /// Deployments, groups and orders.
    #[must_use]
    pub const fn book(&self) -> &OrderBook {
        &self.book
    }

    /// Bids.
    #[must_use]
    pub const fn bids(&self) -> &BidBook {
        &self.bids
    }

    /// Escrow accounts and leases.
    #[must_use]
    pub const fn escrow(&self) -> &Escrow {
        &self.escrow
    }

    /// The vault of burn-mint equilibrium.
    #[must_use]
    pub const fn vault(&self) -> &Vault {
        &self.vault
    }

    /// The oracle's price, if it can be used in this block.
    #[must_use]
    pub fn usable_price(&self) -> Option<&OraclePrice> {
        let params = &self.genesis.params.bme;
        self.context.price.as_ref().filter(|price| price.is_usable(self.context.time, params))
    }

    /// Makes an event true.
    ///
    /// # Errors
    ///
    /// [`Misfit`] when the event does not fit; the state must then be thrown away. The engine's
    /// own events fit; those of a log from elsewhere may not.
    pub fn apply(&mut self, event: &Event) -> Result<(), Misfit> {
        match event {
            Event::Genesis(_) => return Err(Misfit::new("genesis comes once, before everything")),
            Event::BlockOpened(context) => self.context = *context,
            Event::CommandAccepted(signed) => {
                self.nonces.insert(Address::of_key(&signed.signer), signed.nonce);
            }
            Event::ProviderRegistered { provider, attributes } => {
                self.providers.entry(*provider).or_default().attributes.clone_from(attributes);
            }
            Event::ProviderAttested { provider, auditor, attributes } => {
                let profile = self.providers.get_mut(provider);
                let profile = profile.ok_or(Misfit::new("no such provider"))?;
                profile.audits.insert(String::from(auditor), attributes.clone());
            }
            Event::Order(event) => self.book.apply(event)?,
            Event::Bid(event) => self.bids.apply(event)?,
            Event::Ledger(LedgerEvent::Vault(event)) => self.vault.apply(event)?,
            Event::Ledger(event) => self.escrow.apply(event)?,
            Event::BlockSealed { .. } => {}
        }
        self.touched.extend(touched_by(event));
        Ok(())
    }

    /// The root of everything that the state holds now.
    pub fn root(&mut self) -> Digest {
        for key in core::mem::take(&mut self.touched) {
            let value = self.value_digest(&key);
            self.tree.set(key_digest(&key), value);
        }
        self.tree.root()
    }

    /// The root computed anew from everything, for checking [`State::root`]. O(state).
    #[must_use]
    pub fn rebuilt_root(&self) -> Digest {
        let mut tree = StateTree::default();
        for key in self.keys() {
            tree.set(key_digest(&key), self.value_digest(&key));
        }
        tree.root()
    }

    /// The names of all entries.
    fn keys(&self) -> Vec<StateKey> {
        let mut keys = vec![StateKey::Genesis, StateKey::Block, StateKey::Vault];
        keys.extend(self.nonces.keys().copied().map(StateKey::Nonce));
        keys.extend(self.providers.keys().copied().map(StateKey::Provider));
        keys.extend(self.book.deployments().map(|deployment| StateKey::Deployment(deployment.id)));
        keys.extend(self.book.groups().map(|group| StateKey::Group(group.id)));
        keys.extend(self.book.orders().map(|order| StateKey::Order(order.id)));
        keys.extend(self.bids.bids().map(|bid| StateKey::Bid(bid.id)));
        keys.extend(self.escrow.accounts().map(|account| StateKey::Account(account.id)));
        keys.extend(self.escrow.leases().map(|lease| StateKey::Lease(lease.signed.terms.id)));
        keys
    }

    /// The digest of an entry's canonical form, or `None` when the state does not hold it.
    fn value_digest(&self, key: &StateKey) -> Option<Digest> {
        match key {
            StateKey::Genesis => value_digest(Some(&self.genesis)),
            StateKey::Block => value_digest(Some(&self.context)),
            StateKey::Vault => value_digest(Some(&self.vault)),
            StateKey::Nonce(account) => value_digest(self.nonces.get(account)),
            StateKey::Provider(id) => value_digest(self.providers.get(id)),
            StateKey::Deployment(id) => value_digest(self.book.deployment(id)),
            StateKey::Group(id) => value_digest(self.book.group(id)),
            StateKey::Order(id) => value_digest(self.book.order(id)),
            StateKey::Bid(id) => value_digest(self.bids.bid(id)),
            StateKey::Account(id) => value_digest(self.escrow.account(id)),
            StateKey::Lease(id) => value_digest(self.escrow.lease(id)),
        }
    }
}

fn key_digest(key: &StateKey) -> Digest {
    crypto::digest(KEY, &key.encode().unwrap_or_default())
}

fn value_digest<T: Canonical>(value: Option<&T>) -> Option<Digest> {
    // An entry came in through a record, which is no larger than what can be encoded; should one
    // grow beyond it, its digest is that of no bytes until it shrinks, on every machine alike.
    value.map(|value| crypto::digest(VALUE, &value.encode().unwrap_or_default()))
}

/// The entries that an event may change.
fn touched_by(event: &Event) -> Vec<StateKey> {
    match event {
        Event::Genesis(_) => vec![StateKey::Genesis],
        Event::BlockOpened(_) => vec![StateKey::Block],
        Event::CommandAccepted(signed) => vec![StateKey::Nonce(Address::of_key(&signed.signer))],
        Event::ProviderRegistered { provider, .. } | Event::ProviderAttested { provider, .. } => {
            vec![StateKey::Provider(*provider)]
        }
        Event::Order(event) => touched_by_order(event),
        Event::Bid(event) => vec![StateKey::Bid(match event {
            BidEvent::BidPlaced(bid) => bid.id,
            BidEvent::BidWon(id)
            | BidEvent::BidLost { id, .. }
            | BidEvent::BidClosed { id, .. } => *id,
        })],
        Event::Ledger(event) => touched_by_ledger(event),
        Event::BlockSealed { .. } => Vec::new(),
    }
}

fn touched_by_order(event: &OrderEvent) -> Vec<StateKey> {
    match event {
        OrderEvent::DeploymentCreated { deployment, groups } => {
            let group = |gseq| StateKey::Group(GroupId { deployment: deployment.id, gseq });
            let mut keys = vec![StateKey::Deployment(deployment.id)];
            // Counted by what is there: a forged log may claim any number.
            keys.extend((1..=deployment.groups).zip(groups).map(|(gseq, _)| group(gseq)));
            keys
        }
        OrderEvent::OrderOpened(order) => {
            vec![StateKey::Order(order.id), StateKey::Group(order.id.group)]
        }
        OrderEvent::OrderMatched(id) | OrderEvent::OrderClosed { id, .. } => {
            vec![StateKey::Order(*id)]
        }
        OrderEvent::GroupPaused(id) | OrderEvent::GroupClosed(id) => vec![StateKey::Group(*id)],
        OrderEvent::DeploymentClosed(id) => vec![StateKey::Deployment(*id)],
    }
}

fn touched_by_ledger(event: &LedgerEvent) -> Vec<StateKey> {
    match event {
        LedgerEvent::AccountOpened { id, .. } | LedgerEvent::AccountClosed { id, .. } => {
            vec![StateKey::Account(*id)]
        }
        LedgerEvent::Deposited { account, .. } => vec![StateKey::Account(*account)],
        LedgerEvent::Settled(settlement) => vec![StateKey::Account(settlement.account)],
        LedgerEvent::Withdrawn { lease, .. } => vec![StateKey::Account(lease.deployment())],
        LedgerEvent::LeaseSigned(signed) => {
            let id = signed.terms.id;
            vec![StateKey::Lease(id), StateKey::Account(id.deployment())]
        }
        LedgerEvent::LeaseEnded { id, .. } => {
            vec![StateKey::Lease(*id), StateKey::Account(id.deployment())]
        }
        LedgerEvent::Vault(_) => vec![StateKey::Vault],
    }
}
