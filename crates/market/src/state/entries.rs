//! A [`State`] as its entries, and from them: what a snapshot holds.
//!
//! Everything that the state knows between two blocks is in its entries: the root binds them, and
//! the rest is made anew from them.
//!
//! | made anew | from |
//! | --- | --- |
//! | orders by the block in which they fall due | open orders |
//! | bids by rank, by provider; the bars of full orders | open bids, and the places of now |
//! | running leases by provider | leases |
//! | accounts by the block in which their money ends | accounts |
//! | burns by arrival, by owner, and their sums | burns that wait |
//! | auditors' words by their last block | providers |
//! | the tree of the state root | all entries |

use alloc::borrow::Cow;
use alloc::vec::Vec;

use undercut_bidding::{Bid, BidBook, TieBreak};
use undercut_ledger::bme::{BurnRequest, Vault, VaultBooks};
use undercut_ledger::merkle::StateTree;
use undercut_ledger::oracle::{Oracle, SourcePoints};
use undercut_ledger::{Allowance, AllowanceId, Allowances, Escrow, EscrowAccount, Lease};
use undercut_orderbook::{Deployment, Group, Order, OrderBook};
use undercut_primitives::codec::{Canonical, ENCODED_BYTES_MAX};
use undercut_primitives::{Address, Misfit, Provider, PublicKey, crypto};

use super::{
    AccountSigner, PendingParams, ProviderRecord, SINGLE, State, StateKey, VALUE, held, key_digest,
};
use crate::{BlockContext, Genesis, Params, SnapshotError, invariants};

impl State {
    /// Everything that the state holds: the name and the canonical form of every entry, ascending by
    /// name. Between two blocks this is all that there is to know of the state; within one it is not.
    /// O(state).
    ///
    /// # Errors
    ///
    /// [`SnapshotError::EntryTooLarge`] for an entry without a canonical form. None grows so large.
    pub fn entries(&self) -> Result<Vec<(StateKey, Vec<u8>)>, SnapshotError> {
        let mut keys = self.keys();
        keys.sort_unstable();
        let mut entries = Vec::with_capacity(keys.len());
        for key in keys {
            // A key of the state's own always has a value.
            if let Some(value) = self.value_bytes(&key) {
                entries.push((key, value.map_err(|_| SnapshotError::EntryTooLarge { key })?));
            }
        }
        Ok(entries)
    }

    /// The state that holds these entries and nothing else, as [`State::entries`] gave them.
    ///
    /// That it is the state of a certain block shows by comparing its root with that of the block's
    /// seal.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`] from `Order` to `Genesis`: for entries that do not ascend, are missing or
    /// not in canonical form, or that cannot stand in one state together.
    pub fn from_entries(
        entries: impl IntoIterator<Item = (StateKey, Vec<u8>)>,
    ) -> Result<Self, SnapshotError> {
        let (mut parts, mut last) = (Parts::default(), None);
        for (key, value) in entries {
            if last.is_some_and(|last| last >= key) {
                return Err(SnapshotError::Order { key });
            }
            last = Some(key);
            parts.take(key, &value)?;
        }
        let state = parts.put_together()?;
        state.check_links()?;
        Ok(state)
    }

    /// Whether what the entries say of each other is true.
    fn check_links(&self) -> Result<(), Misfit> {
        let ordered = |bid: &Bid| self.book.order(&bid.id.order);
        let is_tied = |bid: Cow<Bid>| {
            ordered(&bid).is_some_and(|o| bid.tie == TieBreak::of(&o.entropy, &bid.id))
        };
        let is_deployed = |account: Cow<EscrowAccount>| self.book.deployment(&account.id).is_some();
        let is_awarded = |lease: Lease| self.bids.state(&lease.signed.terms.id.0).is_some();
        let is_said = |record: &ProviderRecord| {
            record
                .audits_expire_at
                .keys()
                .all(|auditor| record.profile.audits.contains_key(auditor))
        };
        for (is_true, what) in [
            (self.bids.bids().all(is_tied), "a bid is not for an order that is here"),
            (self.escrow.accounts().all(is_deployed), "an account is of no deployment"),
            (self.escrow.leases().all(is_awarded), "a lease is of no bid"),
            (self.providers.values().all(is_said), "an auditor's word ends that was not given"),
        ] {
            is_true.then_some(()).ok_or(Misfit::new(what))?;
        }
        invariants::closed_accounts_hold_nothing(self)?;
        invariants::one_active_lease_per_matched_order(self)?;
        invariants::no_open_bid_without_open_order(self)?;
        invariants::leases_stream_while_they_run(self)
    }
}

/// An account whose key no command has shown yet.
fn unseen((account, nonce): (Address, u64)) -> (Address, AccountSigner) {
    (account, AccountSigner { nonce, key: None, is_touched: false })
}

/// Entries taken apart.
#[derive(Default)]
struct Parts {
    genesis: Option<Genesis>,
    context: Option<BlockContext>,
    params: Option<(Params, Option<PendingParams>)>,
    books: Option<VaultBooks>,
    burns: Vec<BurnRequest>,
    sources: Vec<(Address, SourcePoints)>,
    nonces: Vec<(Address, u64)>,
    keys: Vec<(Address, PublicKey)>,
    allowances: Vec<(AllowanceId, Allowance)>,
    providers: Vec<(Provider, ProviderRecord)>,
    deployments: Vec<Deployment>,
    groups: Vec<Group>,
    orders: Vec<Order>,
    bids: Vec<Bid>,
    accounts: Vec<EscrowAccount>,
    leases: Vec<Lease>,
    tree: StateTree,
}

/// The bytes of one entry.
#[derive(Clone, Copy)]
struct Entry<'a> {
    key: StateKey,
    bytes: &'a [u8],
}

impl Entry<'_> {
    fn value<T: Canonical>(self) -> Result<T, SnapshotError> {
        let decoded = T::decode(self.bytes, ENCODED_BYTES_MAX);
        decoded.map_err(|source| SnapshotError::Value { key: self.key, source })
    }

    /// The value of an entry that says itself what it is called.
    fn named<T: Canonical>(self, name: impl FnOnce(&T) -> StateKey) -> Result<T, SnapshotError> {
        let (value, key) = (self.value()?, self.key);
        if name(&value) == key { Ok(value) } else { Err(SnapshotError::Name { key }) }
    }
}

impl Parts {
    fn take(&mut self, key: StateKey, bytes: &[u8]) -> Result<(), SnapshotError> {
        let entry = Entry { key, bytes };
        match key {
            StateKey::Genesis => self.genesis = Some(entry.value()?),
            StateKey::Block => self.context = Some(entry.value()?),
            StateKey::Vault => self.books = Some(entry.value()?),
            StateKey::Params => self.params = Some(entry.value()?),
            StateKey::Burn(_) => {
                self.burns.push(entry.named(|burn: &BurnRequest| StateKey::Burn(burn.id))?);
            }
            StateKey::PriceSource(source) => self.sources.push((source, entry.value()?)),
            StateKey::Nonce(account) => self.nonces.push((account, entry.value()?)),
            StateKey::Key(account) => self.keys.push((account, entry.value()?)),
            StateKey::Allowance(id) => self.allowances.push((id, entry.value()?)),
            StateKey::Provider(id) => self.providers.push((id, entry.value()?)),
            StateKey::Deployment(_) => self
                .deployments
                .push(entry.named(|deployment: &Deployment| StateKey::Deployment(deployment.id))?),
            StateKey::Group(_) => {
                self.groups.push(entry.named(|group: &Group| StateKey::Group(group.id))?);
            }
            StateKey::Order(_) => {
                self.orders.push(entry.named(|order: &Order| StateKey::Order(order.id))?);
            }
            StateKey::Bid(_) => self.bids.push(entry.named(|bid: &Bid| StateKey::Bid(bid.id))?),
            StateKey::Account(_) => self
                .accounts
                .push(entry.named(|account: &EscrowAccount| StateKey::Account(account.id))?),
            StateKey::Lease(_) => self
                .leases
                .push(entry.named(|lease: &Lease| StateKey::Lease(lease.signed.terms.id))?),
        }
        self.tree.set(key_digest(&key), Some(crypto::digest(VALUE, bytes)));
        Ok(())
    }

    fn put_together(self) -> Result<State, SnapshotError> {
        let [genesis_key, block_key, params_key, vault_key] = SINGLE;
        let missing = |key| SnapshotError::Missing { key };
        let genesis = self.genesis.ok_or(missing(genesis_key))?;
        let context = self.context.ok_or(missing(block_key))?;
        let (params, pending) = self.params.ok_or(missing(params_key))?;
        let books = self.books.ok_or(missing(vault_key))?;
        genesis.check()?;
        params.check().map_err(crate::GenesisError::from)?;
        let book = OrderBook::restore(self.deployments, self.groups, self.orders)?;
        let bids = BidBook::restore(self.bids, &params.bid, &book)?;
        let escrow =
            Escrow::restore(self.accounts, self.leases, |id| held(&book, Some(&bids), id))?;
        let mut state = State {
            genesis,
            params,
            pending,
            context,
            signers: self.nonces.into_iter().map(unseen).collect(),
            keys: self.keys.into_iter().collect(),
            providers: self.providers.into_iter().collect(),
            expiries: Default::default(),
            book,
            bids,
            escrow,
            allowances: Allowances::from_entries(self.allowances)?,
            vault: Vault::restore(books, self.burns)?,
            oracle: Oracle::restore(self.sources)?,
            tree: self.tree,
            touched: Default::default(),
            placed: Default::default(),
            buffer: Default::default(),
        };
        for (provider, record) in &state.providers {
            for (auditor, at) in &record.audits_expire_at {
                let due = state.expiries.entry(*at).or_default();
                due.insert((*provider, auditor.clone()));
            }
        }
        Ok(state)
    }
}
