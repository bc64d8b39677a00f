//! [`Market`]: the friendly handle, for trying things and for small programs.
//!
//! It owns an engine, a bank in memory and a key per name, signs what its methods ask for, and
//! ends blocks when told to. Whatever it does goes through the same commands and records as on a
//! chain. The keys are derived from the names and thus public: no money of any worth belongs here.

use std::collections::BTreeMap;

use undercut_bidding::{NewBid, ProviderProfile, Registration};
use undercut_ledger::log::{Head, LogBroken, Reader, Record};
use undercut_ledger::oracle::OraclePrice;
use undercut_ledger::{Bank, LeaseState, MemoryBank, Posting};
use undercut_orderbook::{GroupState, NewDeployment, OrderRejection};
use undercut_primitives::keys::KeyPair;
use undercut_primitives::{
    Address, Amount, Attribute, BlockHeight, BlockSpan, BlockTime, Code, Coin, Decimal, Denom,
    DeploymentId, Digest, LeaseId, OrderId, ParseError, PricePerBlock, Provider, Tenant, TimeSpan,
    crypto,
};
use undercut_provider::{
    Inventory, Node, RamVolumes, inventory::InventoryRejection, node::NodeRejection, profile_of,
};
use undercut_sdl::{Diagnostics, Sdl};

use crate::{
    BlockContext, BlockError, Command, CommandRejection, Engine, Event, Genesis, GenesisError,
    Params, Receipt, Rejection, SignedCommand, State,
};

const CHAIN_ID: &str = "undercut-memory";
const BLOCK_SECONDS: i64 = 6;
/// 2026-01-01 00:00 UTC.
const GENESIS_SECONDS: i64 = 1_767_225_600;
const ENTROPY: crypto::Namespace = crypto::Namespace("undercut/memory-entropy/v1");

/// What can go wrong with a [`Market`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The engine refused a command. Nothing has changed but that a block is open.
    #[error("{code}: {0}", code = .0.code())]
    Rejection(#[from] Rejection),
    /// The engine stopped.
    #[error("{code}: {0}", code = .0.code())]
    Block(#[from] BlockError),
    /// The parameters make no market.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
    /// An amount or price that is none.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// A node that is none.
    #[error(transparent)]
    Node(#[from] NodeRejection),
    /// Nodes that do not go together.
    #[error(transparent)]
    Inventory(#[from] InventoryRejection),
    /// A manifest with errors.
    #[error(transparent)]
    Sdl(#[from] Diagnostics),
    /// The account was not made by this market.
    #[error("account {0} was not made by this market")]
    UnknownAccount(Address),
    /// The money of the lease lasts beyond the last block that there can be.
    #[error("lease {0} has no end in sight")]
    NoEnd(LeaseId),
    /// The log is broken.
    #[error("{code}: {0}", code = .0.code())]
    Log(#[from] LogBroken),
}

impl Error {
    /// The stable code; of a manifest, the code of its first problem.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Rejection(rejection) => rejection.code(),
            Self::Block(error) => error.code(),
            Self::Genesis(error) => error.code(),
            Self::Parse(error) => error.code(),
            Self::Node(rejection) => rejection.code(),
            Self::Inventory(rejection) => rejection.code(),
            Self::Sdl(found) => found.iter().next().map_or(Code::new("VAL001"), |one| one.code),
            Self::UnknownAccount(_) => Code::new("MKT001"),
            Self::NoEnd(_) => Code::new("MKT002"),
            Self::Log(broken) => broken.code(),
        }
    }
}

/// A result of a [`Market`].
pub type Result<T> = core::result::Result<T, Error>;

/// The parameters that a user of the handle meets.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MarketRules {
    /// Blocks from an order's opening to its award.
    pub bid_window: BlockSpan,
    /// Most open bids of one order.
    pub bids_max: u32,
    /// The deposit that [`Market::bid`] makes.
    pub bid_deposit: Coin,
}

/// A lease as [`Market::lease_of`] shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeaseSummary {
    /// Which lease.
    pub id: LeaseId,
    /// Who serves.
    pub provider: Provider,
    /// For the whole order, per block.
    pub price: PricePerBlock,
    /// Whether it runs.
    pub state: LeaseState,
}

/// A number of blocks, for [`Market::advance`]: a [`BlockSpan`] or a plain number.
pub trait Blocks {
    /// The number of blocks.
    fn to_blocks(self) -> u64;
}

impl Blocks for BlockSpan {
    fn to_blocks(self) -> u64 {
        BlockSpan::to_blocks(self)
    }
}

impl Blocks for u64 {
    fn to_blocks(self) -> u64 {
        self
    }
}

/// A whole market in memory. See the [crate's first example](crate#the-smallest-useful-program).
///
/// Commands are executed at once, in a block that the first of them opens; awards, ends of money
/// and burns happen at the end of their block, when [`Market::advance`] is called.
#[derive(Debug)]
pub struct Market {
    engine: Engine,
    bank: MemoryBank,
    keys: BTreeMap<Address, KeyPair>,
    frames: Vec<u8>,
    price: OraclePrice,
    is_block_open: bool,
}

impl Market {
    /// A market with these parameters, one AKT worth one US dollar.
    ///
    /// # Panics
    ///
    /// When the parameters make no market; [`Market::try_in_memory`] returns the error instead.
    #[must_use]
    pub fn in_memory(params: Params) -> Self {
        #[expect(clippy::expect_used, reason = "documented, and there is a fallible twin")]
        Self::try_in_memory(params).expect("the parameters pass Genesis::check")
    }

    /// A market with these parameters, one AKT worth one US dollar.
    ///
    /// # Errors
    ///
    /// [`Error::Genesis`] when the parameters make no market.
    pub fn try_in_memory(params: Params) -> Result<Self> {
        let time = BlockTime::from_unix_seconds(GENESIS_SECONDS);
        let genesis = Genesis {
            chain_id: CHAIN_ID.into(),
            time,
            params,
            auditors: Vec::new(),
            balances: Vec::new(),
            vault_uakt: Amount::ZERO,
        };
        let mut bank = MemoryBank::default();
        let (engine, outcome) = Engine::new(&genesis, &mut bank)?;
        let price = OraclePrice { usd_per_akt: Decimal::ONE, published_at: time };
        let frames = outcome.frames;
        Ok(Self { engine, bank, keys: BTreeMap::new(), frames, price, is_block_open: false })
    }

    /// The parameters that a user of the handle meets; all of them stand in
    /// [`Market::state`]`().params()`.
    #[must_use]
    pub fn params(&self) -> MarketRules {
        let params = self.state().params();
        let deposit = params.bid.deposits_min.first();
        MarketRules {
            bid_window: params.order.bid_window,
            bids_max: params.bid.bids_max,
            bid_deposit: deposit.cloned().unwrap_or_else(|| Coin::uakt(0)),
        }
    }

    /// Everything that the engine knows.
    #[must_use]
    pub const fn state(&self) -> &State {
        self.engine.state()
    }

    /// The height of the open block, or of the last one when none is open.
    #[must_use]
    pub const fn height(&self) -> BlockHeight {
        self.engine.state().height()
    }

    /// What an account has outside escrow, in micro-units.
    #[must_use]
    pub fn balance(&self, account: Address, denom: &Denom) -> Amount {
        self.bank.balance(&account, denom)
    }

    /// Gives `amount` (`20 ACT`, `500000uakt`) to the account called `name`, as a host's bank
    /// would: it comes from outside and is no record.
    ///
    /// # Errors
    ///
    /// [`Error::Parse`] for text that is no amount; [`Rejection::Funds`] beyond what may exist.
    pub fn fund(&mut self, name: &str, amount: &str) -> Result<Tenant> {
        let (to, coin) = (self.account(name), amount.parse()?);
        self.bank.post(&Posting::Mint { to, coin }).map_err(Rejection::Funds)?;
        Ok(Tenant(to))
    }

    /// Starts the registration of the provider called `name`.
    pub fn provider(&mut self, name: &str) -> ProviderBuilder<'_> {
        let name = name.to_owned();
        ProviderBuilder { market: self, name, nodes: Vec::new(), attributes: Vec::new() }
    }

    /// Deploys a manifest with a deposit and returns the order of its first group; the others
    /// stand in [`Market::orders_of`]. The lowest bid will win.
    ///
    /// # Errors
    ///
    /// [`Error::Parse`] for a deposit that is none, [`Error::Rejection`] from the engine.
    pub fn post(&mut self, tenant: Tenant, sdl: &Sdl, deposit: &str) -> Result<OrderId> {
        let last =
            self.state().book().deployments().filter(|found| found.id.tenant == tenant).last();
        let dseq = last.map_or(1, |deployment| deployment.id.dseq.saturating_add(1));
        let deployment = NewDeployment {
            reclamation: sdl.reclamation_min_window_ns().map(TimeSpan::from_nanos),
            ..NewDeployment::new(dseq, sdl.groups().to_vec(), sdl.hash(), deposit.parse()?)
        };
        self.submit(tenant.0, Command::CreateDeployment(deployment))?;
        let id = DeploymentId { tenant, dseq };
        let first = self.orders_of(id).into_iter().next();
        Ok(first.ok_or(Rejection::Order(OrderRejection::DeploymentNotFound { id }))?)
    }

    /// The live orders of a deployment, by group.
    #[must_use]
    pub fn orders_of(&self, deployment: DeploymentId) -> Vec<OrderId> {
        let book = self.state().book();
        let groups = book.groups_of(deployment).filter(|group| group.state == GroupState::Open);
        groups.filter_map(|group| book.live_order(&group)).map(|order| order.id).collect()
    }

    /// Bids `price` (`1180 uact`) per block for a whole order, offering exactly what it asks for.
    ///
    /// # Errors
    ///
    /// [`Error::Parse`] for a price that is none, [`Error::Rejection`] from the engine.
    pub fn bid(&mut self, provider: Provider, order: OrderId, price: &str) -> Result<Receipt> {
        let book = self.state().book();
        let (group, asked) = (book.group(&order.group), book.order(&order));
        let not_found = Rejection::Order(OrderRejection::OrderNotFound { id: order });
        let offer = group.ok_or(not_found)?.spec.exact_offer();
        let reclamation = asked.and_then(|order| order.reclamation);
        let new = NewBid::new(order, price.parse()?, offer, self.params().bid_deposit);
        let new = NewBid { reclamation, ..new };
        self.submit(provider.0, Command::CreateBid(new))
    }

    /// Signs any command in the name of an account of this market and executes it.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownAccount`], or [`Error::Rejection`] from the engine.
    pub fn submit(&mut self, account: Address, command: Command) -> Result<Receipt> {
        if !self.keys.contains_key(&account) {
            return Err(Error::UnknownAccount(account));
        }
        self.begin_block()?;
        let key = self.keys.get(&account).ok_or(Error::UnknownAccount(account))?;
        let nonce = self.state().nonce(&account).saturating_add(1);
        let signed = SignedCommand::sign(key, CHAIN_ID, nonce, self.height(), command);
        let signed = signed.map_err(|rejection: CommandRejection| Rejection::from(rejection))?;
        Ok(self.engine.execute(&mut self.bank, &signed)?)
    }

    /// Ends the block of the last commands, if there were any, and then makes `blocks` more.
    ///
    /// # Errors
    ///
    /// [`Error::Block`] when the engine stopped.
    pub fn advance(&mut self, blocks: impl Blocks) -> Result<()> {
        if self.is_block_open {
            self.end_block()?;
        }
        for _ in 0..blocks.to_blocks() {
            self.begin_block()?;
            self.end_block()?;
        }
        Ok(())
    }

    /// The oracle's price of one AKT in US dollars from the next block on.
    ///
    /// # Errors
    ///
    /// [`Error::Parse`] for text that is no decimal.
    pub fn set_price(&mut self, usd_per_akt: &str) -> Result<()> {
        self.price.usd_per_akt = usd_per_akt.parse()?;
        Ok(())
    }

    /// The lease of an order, running or ended; `None` while there is none.
    ///
    /// # Errors
    ///
    /// [`Error::Rejection`] for an unknown order.
    pub fn lease_of(&self, order: OrderId) -> Result<Option<LeaseSummary>> {
        if self.state().book().order(&order).is_none() {
            return Err(Rejection::Order(OrderRejection::OrderNotFound { id: order }).into());
        }
        let mut leases = self.state().escrow().leases();
        let lease = leases.find(|lease| lease.signed.terms.id.order() == order);
        Ok(lease.map(|lease| LeaseSummary {
            id: lease.signed.terms.id,
            provider: lease.signed.terms.id.provider(),
            price: lease.signed.terms.price.clone(),
            state: lease.state,
        }))
    }

    /// Blocks until the money behind a lease ends.
    ///
    /// # Errors
    ///
    /// [`Error::Rejection`] for an unknown or ended lease, [`Error::NoEnd`] when there is no end.
    pub fn runway(&self, lease: LeaseId) -> Result<BlockSpan> {
        let escrow = self.state().escrow();
        escrow.running_lease(&lease).map_err(Rejection::from)?;
        escrow.runway(&lease.deployment(), self.height()).ok_or(Error::NoEnd(lease))
    }

    /// The log of all sealed blocks.
    #[must_use]
    pub fn log(&self) -> Log<'_> {
        Log { bytes: &self.frames }
    }

    fn account(&mut self, name: &str) -> Address {
        let key = KeyPair::insecure(0, name);
        let address = key.address();
        self.keys.insert(address, key);
        address
    }

    fn begin_block(&mut self) -> Result<()> {
        if self.is_block_open {
            return Ok(());
        }
        let last = *self.state().context();
        let seconds = last.time.to_unix_seconds().saturating_add(BLOCK_SECONDS);
        let time = BlockTime::from_unix_seconds(seconds);
        self.price.published_at = time;
        let (expected, found) = (last.height, last.height);
        let height = last.height.next().ok_or(BlockError::WrongHeight { expected, found })?;
        let entropy = crypto::digest(ENTROPY, self.engine.head().hash.as_bytes());
        self.engine.begin_block(BlockContext { height, time, price: Some(self.price), entropy })?;
        self.is_block_open = true;
        Ok(())
    }

    fn end_block(&mut self) -> Result<()> {
        let outcome = self.engine.end_block(&mut self.bank)?;
        self.frames.extend_from_slice(&outcome.frames);
        self.engine.reuse(outcome);
        self.is_block_open = false;
        Ok(())
    }
}

/// A provider about to be registered.
#[derive(Debug)]
#[must_use = "nothing happens before `register`"]
pub struct ProviderBuilder<'a> {
    market: &'a mut Market,
    name: String,
    nodes: Vec<String>,
    attributes: Vec<Attribute>,
}

impl ProviderBuilder<'_> {
    /// Adds a node, e.g. `16 cpu, 64Gi, 1x nvidia/rtx4090`; its capabilities are advertised.
    pub fn node(mut self, text: &str) -> Self {
        self.nodes.push(text.to_owned());
        self
    }

    /// Adds an attribute, e.g. `region` = `us-west`.
    pub fn attribute(mut self, key: &str, value: &str) -> Self {
        self.attributes.push(Attribute::new(key, value));
        self
    }

    /// Registers the provider and gives it 100 AKT for its bid deposits.
    ///
    /// # Errors
    ///
    /// [`Error::Node`] or [`Error::Inventory`] for nodes that are none, [`Error::Rejection`] from
    /// the engine.
    pub fn register(self) -> Result<Provider> {
        let numbered = self.nodes.iter().enumerate();
        let nodes = numbered.map(|(number, text)| Node::parse(format!("node-{number}"), text));
        let inventory = Inventory::new(nodes.collect::<core::result::Result<_, _>>()?)?;
        let ProviderProfile { mut attributes, .. } = profile_of(&inventory, RamVolumes::Advertised);
        attributes.extend(self.attributes);
        let Tenant(address) = self.market.fund(&self.name, "100 AKT")?;
        let host_uri = format!("https://{address}.example:8443");
        let new = Registration::new(host_uri, attributes);
        self.market.submit(address, Command::RegisterProvider(new))?;
        Ok(Provider(address))
    }
}

/// The log of a [`Market`], up to the last sealed block.
#[derive(Clone, Copy, Debug)]
pub struct Log<'a> {
    bytes: &'a [u8],
}

impl Log<'_> {
    /// The bytes, as they would stand in a file.
    #[must_use]
    pub const fn bytes(&self) -> &[u8] {
        self.bytes
    }

    /// Recomputes every hash and link and returns the head.
    ///
    /// # Errors
    ///
    /// [`Error::Log`] with the first record that does not fit.
    pub fn verify(&self) -> Result<Head> {
        let mut reader = Reader::<Event>::new(self.bytes);
        for record in &mut reader {
            record?;
        }
        Ok(reader.head())
    }

    /// All records, verified.
    ///
    /// # Errors
    ///
    /// [`Error::Log`] with the first record that does not fit.
    pub fn records(&self) -> Result<Vec<Record<Event>>> {
        Ok(Reader::new(self.bytes).collect::<core::result::Result<_, _>>()?)
    }

    /// The hash of the last record.
    ///
    /// # Errors
    ///
    /// [`Error::Log`] when the log is broken.
    pub fn head_hash(&self) -> Result<Digest> {
        Ok(self.verify()?.hash)
    }
}
