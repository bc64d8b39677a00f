//! [`State`]: everything that the engine knows, folded from its events.
//!
//! The state root is kept as events come in: each event names the entries it touches, and sealing
//! a block hashes those alone. [`State::rebuilt_root`] hashes everything anew and must agree.

mod entries;
mod proof;
mod touched;

pub use proof::StateEntryProof;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use undercut_bidding::{BidBook, BidEvent, ProviderProfile, Registration};
use undercut_ledger::bme::Vault;
use undercut_ledger::escrow::leases::Held;
use undercut_ledger::merkle::StateTree;
use undercut_ledger::oracle::{Oracle, OraclePrice};
use undercut_ledger::{AllowanceId, Allowances, Escrow, LedgerEvent};
use undercut_orderbook::OrderBook;
use undercut_primitives::codec::{self, Canonical, Encode, EncodeError};
use undercut_primitives::crypto::{self, Namespace};
use undercut_primitives::{
    Address, Attribute, BidId, BlockHeight, Coin, Contribution, Denom, DeploymentId, Digest,
    GroupId, LeaseId, Misfit, OrderId, Provider, PublicKey,
};

use crate::{BlockContext, Event, Genesis, Params, SignedCommand};

const KEY: Namespace = Namespace("undercut/state-key/v1");
const VALUE: Namespace = Namespace("undercut/state-value/v1");

/// The name of one entry of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Canonical)]
pub enum StateKey {
    /// What the market started with.
    Genesis,
    /// The current block's context.
    Block,
    /// The vault.
    Vault,
    /// The parameters in force, and those that wait.
    Params,
    /// A burn that waits.
    Burn(u64),
    /// What a source of the oracle has posted.
    PriceSource(Address),
    /// An account's last nonce.
    Nonce(Address),
    /// The key of an account that changed it.
    Key(Address),
    /// What one account lets another spend.
    Allowance(AllowanceId),
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

/// The entries that every state has.
const SINGLE: [StateKey; 4] =
    [StateKey::Genesis, StateKey::Block, StateKey::Params, StateKey::Vault];

/// A provider as the market knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct ProviderRecord {
    /// Attributes, its own and audited. The auditors' words in it all count.
    pub profile: ProviderProfile,
    /// Where tenants send manifests.
    pub host_uri: String,
    /// Where people are reached.
    pub email: String,
    /// A page for people.
    pub website: String,
    /// The last block of each auditor's word that has one.
    pub audits_expire_at: BTreeMap<String, BlockHeight>,
}

/// Parameters that wait for their block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct PendingParams {
    /// They.
    pub params: Box<Params>,
    /// The first block in which they hold.
    pub effective_at: BlockHeight,
}

/// Everything that the engine knows.
#[derive(Clone, Debug)]
pub struct State {
    genesis: Genesis,
    params: Params,
    pending: Option<PendingParams>,
    context: BlockContext,
    signers: BTreeMap<Address, AccountSigner>,
    /// The keys of accounts that changed theirs.
    keys: BTreeMap<Address, PublicKey>,
    providers: BTreeMap<Provider, ProviderRecord>,
    expiries: BTreeMap<BlockHeight, BTreeSet<(Provider, String)>>,
    book: OrderBook,
    bids: BidBook,
    escrow: Escrow,
    allowances: Allowances,
    vault: Vault,
    oracle: Oracle,
    tree: StateTree,
    /// Entries that may have changed since the root was last asked for, some more than once.
    touched: Vec<StateKey>,
    /// Bids that were placed since then: the names of their entries and the digests of their values,
    /// made while they were at hand. What is among the touched ones too has changed after that.
    placed: Vec<(Digest, Option<Digest>)>,
    /// Kept for its memory.
    buffer: Vec<u8>,
}

/// Who signs for an account.
#[derive(Clone, Copy, Debug)]
struct AccountSigner {
    /// The nonce of its last accepted command.
    nonce: u64,
    /// Its key, once a command showed it: so that the address of a key is not hashed every time.
    key: Option<PublicKey>,
    /// Whether its entry is among the touched ones already.
    is_touched: bool,
}

impl State {
    /// The state right after genesis.
    #[must_use]
    pub fn new(genesis: &Genesis) -> Self {
        let genesis_uact = genesis.supply(&Denom::uact()).unwrap_or_default();
        Self {
            genesis: genesis.clone(),
            params: genesis.params.clone(),
            pending: None,
            context: BlockContext {
                height: BlockHeight::GENESIS,
                time: genesis.time,
                price: None,
                entropy: Digest::ZERO,
            },
            signers: BTreeMap::new(),
            keys: BTreeMap::new(),
            providers: BTreeMap::new(),
            expiries: BTreeMap::new(),
            book: OrderBook::default(),
            bids: BidBook::default(),
            escrow: Escrow::default(),
            allowances: Allowances::default(),
            vault: Vault::new(genesis.vault_uakt, genesis_uact, &genesis.params.bme),
            oracle: Oracle::default(),
            tree: StateTree::default(),
            touched: Vec::from(SINGLE),
            placed: Vec::new(),
            buffer: Vec::new(),
        }
    }

    /// The parameters in force.
    #[must_use]
    pub const fn params(&self) -> &Params {
        &self.params
    }

    /// Parameters that wait for their block.
    #[must_use]
    pub const fn pending_params(&self) -> Option<&PendingParams> {
        self.pending.as_ref()
    }

    /// What the market started with; [`State::params`] are those in force.
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
        self.signers.get(account).map_or(0, |signer| signer.nonce)
    }

    /// Whether `key` is the account's: the one that it changed to last, or the one that its address
    /// is made of.
    #[must_use]
    pub fn is_key_of(&self, account: &Address, key: &PublicKey) -> bool {
        if let Some(AccountSigner { key: Some(known), .. }) = self.signers.get(account) {
            return known == key;
        }
        match self.keys.get(account) {
            Some(current) => current == key,
            None => Address::of_key(key) == *account,
        }
    }

    /// The key of an account that changed it.
    #[must_use]
    pub fn changed_key(&self, account: &Address) -> Option<&PublicKey> {
        self.keys.get(account)
    }

    /// A provider's attributes, its own and audited.
    #[must_use]
    pub fn provider(&self, id: &Provider) -> Option<&ProviderProfile> {
        self.providers.get(id).map(|record| &record.profile)
    }

    /// A provider with everything that is known of it.
    #[must_use]
    pub fn provider_record(&self, id: &Provider) -> Option<&ProviderRecord> {
        self.providers.get(id)
    }

    /// All providers by address.
    pub fn providers(&self) -> impl Iterator<Item = (&Provider, &ProviderProfile)> {
        self.providers.iter().map(|(id, record)| (id, &record.profile))
    }

    /// Auditors' words whose last block is `height`, by provider and auditor.
    pub fn attestations_due(
        &self,
        height: BlockHeight,
    ) -> impl Iterator<Item = &(Provider, String)> {
        self.expiries.get(&height).into_iter().flatten()
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

    /// What accounts let others spend.
    #[must_use]
    pub const fn allowances(&self) -> &Allowances {
        &self.allowances
    }

    /// What sources have posted.
    #[must_use]
    pub const fn oracle(&self) -> &Oracle {
        &self.oracle
    }

    /// What AKT is worth, if that may be relied on in this block: what the sources of the parameters
    /// agree on, or, with no sources, what came in with the block.
    #[must_use]
    pub fn usable_price(&self) -> Option<OraclePrice> {
        let (params, now) = (&self.params.oracle, self.context.time);
        if params.sources.is_empty() {
            return self.context.price.filter(|price| price.is_usable(now, params));
        }
        self.oracle.read(now, params).ok().map(|reading| reading.price)
    }

    /// The price at which uakt stands in for uact in escrow: only while there is one, and ACT cannot
    /// be had for AKT.
    #[must_use]
    pub fn fallback_price(&self) -> Option<OraclePrice> {
        let price = self.usable_price()?;
        let status = self.vault.status_at(Some(&price), &self.params.bme);
        (!status.allows_mint()).then_some(price)
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
            Event::BlockOpened(context) => {
                self.context = *context;
                let Self { bids, book, escrow, params, .. } = self;
                bids.begin_block(&params.bid, book, |id| escrow.bid_consent(&LeaseId(*id)));
                escrow.advance(context.height);
            }
            Event::CommandAccepted(signed) => self.apply_command(signed)?,
            Event::ProviderRegistered { provider, registration }
            | Event::ProviderUpdated { provider, registration } => {
                self.apply_registration(*provider, registration);
            }
            Event::ProviderDeregistered(provider) => {
                self.bids.forget_profile(provider);
                let record = self.providers.remove(provider);
                let record = record.ok_or(Misfit::new("no such provider"))?;
                for (auditor, at) in record.audits_expire_at {
                    self.forget_expiry(at, *provider, auditor);
                }
            }
            Event::ProviderAttested { provider, auditor, attributes, expires_at } => {
                self.end_attestation(provider, auditor)?;
                self.attest(*provider, auditor, attributes, *expires_at)?;
            }
            Event::AttestationEnded { provider, auditor, .. } => {
                self.end_attestation(provider, auditor)?;
            }
            Event::KeyRotated { account, key } => {
                self.keys.insert(*account, *key);
                if let Some(signer) = self.signers.get_mut(account) {
                    signer.key = Some(*key);
                }
            }
            Event::ParamsScheduled { params, effective_at } => {
                let (params, effective_at) = (params.clone(), *effective_at);
                self.pending = Some(PendingParams { params, effective_at });
            }
            Event::ParamsChanged => {
                let pending = self.pending.take().ok_or(Misfit::new("no parameters wait"))?;
                self.params = *pending.params;
                self.bids.change_places();
            }
            Event::Oracle(event) => self.oracle.apply(event)?,
            Event::Order(event) => self.book.apply(event)?,
            Event::Bid(event) => {
                self.apply_bid(event)?;
                self.apply_bid_money(event)?;
            }
            Event::Ledger(LedgerEvent::Vault(event)) => self.vault.apply(event)?,
            Event::Ledger(event @ LedgerEvent::LeaseSigned(signed)) => {
                let Self { book, escrow, .. } = self;
                escrow.apply_sharing(event, held(book, None, &signed.terms.id))?;
            }
            Event::Ledger(event) => {
                self.escrow.apply(event)?;
                self.allowances.apply(event)?;
            }
            Event::BlockSealed(_) => {}
        }
        touched::by(event, &mut |key| self.touched.push(key));
        Ok(())
    }

    fn apply_command(&mut self, signed: &SignedCommand) -> Result<(), Misfit> {
        if !self.is_key_of(&signed.account, &signed.signer) {
            return Err(Misfit::new("the command is signed with another account's key"));
        }
        let signer =
            AccountSigner { nonce: signed.nonce, key: Some(signed.signer), is_touched: true };
        let before = self.signers.insert(signed.account, signer);
        if !before.is_some_and(|before| before.is_touched) {
            self.touched.push(StateKey::Nonce(signed.account));
        }
        Ok(())
    }

    fn apply_registration(&mut self, provider: Provider, registration: &Registration) {
        self.bids.forget_profile(&provider);
        let Registration { host_uri, attributes, email, website } = registration.clone();
        let record = self.providers.entry(provider).or_default();
        record.profile.attributes = attributes;
        (record.host_uri, record.email, record.website) = (host_uri, email, website);
    }

    fn attest(
        &mut self,
        provider: Provider,
        auditor: &str,
        attributes: &[Attribute],
        expires_at: Option<BlockHeight>,
    ) -> Result<(), Misfit> {
        let record = self.providers.get_mut(&provider);
        let record = record.ok_or(Misfit::new("no such provider"))?;
        record.profile.audits.insert(auditor.into(), attributes.to_vec());
        self.bids.forget_profile(&provider);
        if let Some(at) = expires_at {
            record.audits_expire_at.insert(auditor.into(), at);
            self.expiries.entry(at).or_default().insert((provider, auditor.into()));
        }
        Ok(())
    }

    /// Forgets what an auditor said, if it said anything.
    fn end_attestation(&mut self, provider: &Provider, auditor: &str) -> Result<(), Misfit> {
        let record = self.providers.get_mut(provider);
        let record = record.ok_or(Misfit::new("no such provider"))?;
        record.profile.audits.remove(auditor);
        self.bids.forget_profile(provider);
        if let Some(at) = record.audits_expire_at.remove(auditor) {
            self.forget_expiry(at, *provider, auditor.into());
        }
        Ok(())
    }

    fn forget_expiry(&mut self, at: BlockHeight, provider: Provider, auditor: String) {
        if let Some(due) = self.expiries.get_mut(&at) {
            due.remove(&(provider, auditor));
            if due.is_empty() {
                self.expiries.remove(&at);
            }
        }
    }

    fn apply_bid(&mut self, event: &BidEvent) -> Result<(), Misfit> {
        let BidEvent::BidPlaced(bid) = event else { return self.bids.apply(event) };
        let Self { providers, book, bids, .. } = self;
        let profile = || providers.get(&bid.id.provider).map(|record| &record.profile);
        bids.place(bid, || book.group(&bid.id.order.group).zip(profile()))?;
        let name = key_digest_in(&StateKey::Bid(bid.id), &mut self.buffer);
        let value = digest_of(&**bid, &mut self.buffer);
        self.placed.push((name, Some(value)));
        Ok(())
    }

    /// What a bid's deposit draws out of allowances, and gives back to them.
    fn apply_bid_money(&mut self, event: &BidEvent) -> Result<(), Misfit> {
        let Some(deposit) = bid_money(event) else { return Ok(()) };
        for (id, coin) in deposit.drawn() {
            if deposit.is_back {
                self.allowances.restore(&id, &coin);
            } else {
                self.allowances.draw(&id, &coin)?;
            }
        }
        Ok(())
    }

    /// The root of everything that the state holds now.
    pub fn root(&mut self) -> Digest {
        let mut touched = core::mem::take(&mut self.touched);
        let mut buffer = core::mem::take(&mut self.buffer);
        let mut named: Vec<(Digest, StateKey)> =
            touched.drain(..).map(|key| (key_digest_in(&key, &mut buffer), key)).collect();
        named.sort_unstable_by_key(|(name, _)| *name);
        named.dedup_by(|(left, _), (right, _)| left == right);
        let changed: Vec<(Digest, Option<Digest>)> = named
            .iter()
            .map(|(name, key)| (*name, self.value_digest_in(key, &mut buffer)))
            .collect();
        for (_, key) in &named {
            if let StateKey::Nonce(account) = key
                && let Some(signer) = self.signers.get_mut(account)
            {
                signer.is_touched = false;
            }
        }
        (self.touched, self.buffer) = (touched, buffer);
        // What changed after it was placed has another value now.
        let has_changed =
            |name: &Digest| named.binary_search_by_key(name, |(name, _)| *name).is_ok();
        self.placed.retain(|(name, _)| !has_changed(name));
        // In the order of the tree, so that neighbours find their way in the cache.
        self.placed.sort_unstable();
        self.tree.set_all(&self.placed);
        self.tree.set_all(&changed);
        self.placed.clear();
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
        let mut keys = Vec::from(SINGLE);
        keys.extend(self.vault.requests().map(|request| StateKey::Burn(request.id)));
        keys.extend(self.oracle.sources().map(|(source, _)| StateKey::PriceSource(*source)));
        keys.extend(self.keys.keys().copied().map(StateKey::Key));
        keys.extend(self.allowances.iter().map(|(id, _)| StateKey::Allowance(*id)));
        keys.extend(self.signers.keys().copied().map(StateKey::Nonce));
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
        self.value_digest_in(key, &mut Vec::new())
    }

    /// [`State::value_digest`], in memory that is used again.
    fn value_digest_in(&self, key: &StateKey, buffer: &mut Vec<u8>) -> Option<Digest> {
        buffer.clear();
        let written = self.write_value(key, buffer)?;
        Some(digest_of_written(written, buffer))
    }

    /// An entry's canonical form, or `None` when the state does not hold it.
    fn value_bytes(&self, key: &StateKey) -> Option<Result<Vec<u8>, EncodeError>> {
        let mut bytes = Vec::new();
        self.write_value(key, &mut bytes).map(|written| written.map(|()| bytes))
    }

    /// Appends an entry's canonical form; `None` when the state does not hold it.
    fn write_value(&self, key: &StateKey, out: &mut Vec<u8>) -> Option<Result<(), EncodeError>> {
        match key {
            StateKey::Genesis => write(Some(&self.genesis), out),
            StateKey::Block => write(Some(&self.context), out),
            StateKey::Params => write(Some(&(&self.params, &self.pending)), out),
            StateKey::Vault => write(Some(self.vault.books()), out),
            StateKey::Burn(id) => write(self.vault.request_by_id(*id), out),
            StateKey::PriceSource(source) => write(self.oracle.source(source), out),
            StateKey::Key(account) => write(self.keys.get(account), out),
            StateKey::Allowance(id) => write(self.allowances.get(id), out),
            StateKey::Nonce(account) => {
                write(self.signers.get(account).map(|signer| &signer.nonce), out)
            }
            StateKey::Provider(id) => write(self.providers.get(id), out),
            StateKey::Deployment(id) => write(self.book.deployment(id).as_ref(), out),
            StateKey::Group(id) => write(self.book.group(id).as_ref(), out),
            StateKey::Order(id) => write(self.book.order(id).as_ref(), out),
            StateKey::Bid(id) => write(self.bids.bid(id).as_deref(), out),
            StateKey::Account(id) => write(self.escrow.account(id).as_deref(), out),
            StateKey::Lease(id) => write(self.escrow.lease(id).as_ref(), out),
        }
    }
}

/// The consents that a lease most likely has, as its deployment keeps them, and its bid if that is kept
/// so already: in the block of the award it is not.
fn held<'a>(book: &'a OrderBook, bids: Option<&'a BidBook>, lease: &LeaseId) -> Held<'a> {
    let of_deployment = book.consent(&lease.deployment());
    Held { of_deployment, of_bid: bids.and_then(|bids| bids.consent(&lease.0)) }
}

fn key_digest(key: &StateKey) -> Digest {
    key_digest_in(key, &mut Vec::new())
}

/// [`key_digest`], in memory that is used again.
fn key_digest_in(key: &StateKey, buffer: &mut Vec<u8>) -> Digest {
    buffer.clear();
    // A name is short; were it not, it would be that of no bytes, on every machine alike.
    key.encode_into(buffer).unwrap_or_else(|EncodeError| buffer.clear());
    crypto::digest(KEY, buffer)
}

/// The digest of a value, made in memory that is used again.
fn digest_of<T: Encode>(value: &T, buffer: &mut Vec<u8>) -> Digest {
    buffer.clear();
    let written = codec::encode_into(value, buffer);
    digest_of_written(written, buffer)
}

/// The digest of the value that was written into `buffer`.
fn digest_of_written(written: Result<(), EncodeError>, buffer: &mut Vec<u8>) -> Digest {
    // An entry came in through a record, which is no larger than what can be encoded; should one
    // grow beyond it, its digest is that of no bytes until it shrinks, on every machine alike.
    written.unwrap_or_else(|EncodeError| buffer.clear());
    crypto::digest(VALUE, buffer)
}

fn write<T: Encode>(value: Option<&T>, out: &mut Vec<u8>) -> Option<Result<(), EncodeError>> {
    value.map(|value| codec::encode_into(value, out))
}

/// A bid's deposit on its way.
struct BidMoney<'a> {
    provider: Provider,
    denom: &'a Denom,
    payers: &'a [Contribution],
    is_back: bool,
}

impl BidMoney<'_> {
    /// What others than the provider pay or get back, out of what they allowed it.
    fn drawn(&self) -> impl Iterator<Item = (AllowanceId, Coin)> + use<'_> {
        let grantee = self.provider.0;
        let others = self.payers.iter().filter(move |part| part.payer != grantee);
        let draw = move |part: &Contribution| {
            let coin = Coin::new(self.denom.clone(), part.amount);
            (AllowanceId { grantee, granter: part.payer }, coin)
        };
        others.map(draw)
    }
}

/// The deposit that an event of a bid moves, if it moves one.
fn bid_money(event: &BidEvent) -> Option<BidMoney<'_>> {
    match event {
        BidEvent::BidPlaced(bid) => {
            let (provider, denom, payers) = (bid.id.provider, &bid.deposit.denom, &bid.payers[..]);
            Some(BidMoney { provider, denom, payers, is_back: false })
        }
        BidEvent::BidLost { id, refund, payers }
        | BidEvent::BidClosed { id, refund, payers, .. } => {
            let (provider, denom) = (id.provider, &refund.denom);
            Some(BidMoney { provider, denom, payers, is_back: true })
        }
        BidEvent::BidWon(_) | BidEvent::BidRepriced { .. } => None,
    }
}
