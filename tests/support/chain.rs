//! [`Chain`]: an engine with keys and a bank, stepped block by block and checked after each.
//!
//! Everybody is called by a name, and the key follows from the name. Every command is signed, with
//! the next nonce, for the current block. Nothing is random: the entropy of a block follows from
//! its height and from [`Chain::entropy`].

use undercut::{
    BlockContext, Command, Engine, Event, Genesis, Params, Receipt, Rejection, SignedCommand,
    State, invariants,
};
use undercut_bidding::{BidState, NewBid, Registration};
use undercut_ledger::bank::escrow_address;
use undercut_ledger::log::Record;
use undercut_ledger::oracle::OraclePrice;
use undercut_ledger::{Bank, EscrowAccount, MemoryBank};
use undercut_orderbook::NewDeployment;
use undercut_primitives::crypto::{self, Namespace};
use undercut_primitives::keys::KeyPair;
use undercut_primitives::{
    Address, Amount, BidId, BlockHeight, BlockTime, Coin, Decimal, Denom, DeploymentId, Digest,
    GroupId, GroupSpec, LeaseId, OrderId, Provider, Requirements, ResourceUnit, Resources, Tenant,
    Volume,
};

/// The chain that commands are signed for.
pub const CHAIN_ID: &str = "undercut-test";

/// Who has money at genesis: 1000 ACT and 1000 AKT each.
pub const NAMES: [&str; 9] = ["alice", "bob", "carol", "p1", "p2", "p3", "p4", "p5", "auditor"];

/// What everyone starts with, in micro-units of each denom.
pub const START: u128 = 1_000_000_000;

/// The deposit of every bid that [`bid`] makes, in uakt.
pub const BID_DEPOSIT: u128 = 500_000;

const GENESIS_SECONDS: i64 = 1_767_225_600;
const BLOCK_SECONDS: i64 = 6;
const ENTROPY: Namespace = Namespace("undercut/test-entropy/v1");

/// The key of whoever is called `name`.
#[must_use]
pub fn key(name: &str) -> KeyPair {
    KeyPair::insecure(1, name)
}

/// The account of whoever is called `name`.
#[must_use]
pub fn address(name: &str) -> Address {
    key(name).address()
}

/// A provider by name.
#[must_use]
pub fn provider(name: &str) -> Provider {
    Provider(address(name))
}

/// A deployment by its tenant's name.
#[must_use]
pub fn deployment_id(tenant: &str, dseq: u64) -> DeploymentId {
    DeploymentId { tenant: Tenant(address(tenant)), dseq }
}

/// An order by its tenant's name, deployment, group and number.
#[must_use]
pub fn order_id(tenant: &str, dseq: u64, gseq: u32, oseq: u32) -> OrderId {
    GroupId { deployment: deployment_id(tenant, dseq), gseq }.order(oseq)
}

/// A bid by its provider's name.
#[must_use]
pub fn bid_id(order: OrderId, name: &str) -> BidId {
    order.bid(provider(name))
}

/// A lease by its provider's name.
#[must_use]
pub fn lease_id(order: OrderId, name: &str) -> LeaseId {
    LeaseId(bid_id(order, name))
}

/// A small group of one replica with this ceiling, e.g. `100uact`.
#[must_use]
pub fn group(name: &str, ceiling: &str) -> GroupSpec {
    let volume = Volume { name: "default".into(), size_bytes: 1 << 30, attributes: vec![] };
    let resources = Resources {
        cpu_milli: 1000,
        memory_bytes: 1 << 30,
        volumes: vec![volume],
        ..Resources::default()
    };
    let price = ceiling.parse().expect("the test writes a price");
    let unit = ResourceUnit { id: 1, resources, count: 1, price };
    GroupSpec { name: name.into(), requirements: Requirements::default(), units: vec![unit] }
}

/// A deployment of groups with these names and ceilings that goes to the lowest bids.
#[must_use]
pub fn deployment(dseq: u64, groups: &[(&str, &str)], deposit: &str) -> NewDeployment {
    let groups = groups.iter().map(|(name, ceiling)| group(name, ceiling)).collect();
    NewDeployment::new(dseq, groups, crypto::sha256(b"manifest"), coin(deposit))
}

/// A bid that offers exactly what a [`group`] asks for.
#[must_use]
pub fn bid(order: OrderId, price: &str) -> NewBid {
    let price = price.parse().expect("the test writes a price");
    NewBid::new(order, price, group("any", "1uact").exact_offer(), Coin::uakt(BID_DEPOSIT))
}

/// A coin from its text.
#[must_use]
pub fn coin(text: &str) -> Coin {
    text.parse().expect("the test writes a coin")
}

/// A genesis with these parameters in which everyone of [`NAMES`] has money, `auditor` audits,
/// and the vault covers all ACT twice and more at one dollar.
#[must_use]
pub fn genesis(params: Params) -> Genesis {
    let money =
        |name: &&str| [Coin::uact(START), Coin::uakt(START)].map(|coin| (address(name), coin));
    Genesis {
        chain_id: CHAIN_ID.into(),
        time: BlockTime::from_unix_seconds(GENESIS_SECONDS),
        params,
        auditors: vec![("auditor".into(), address("auditor"))],
        balances: NAMES.iter().flat_map(money).collect(),
        vault_uakt: Amount::from_micro(20 * START),
    }
}

/// An engine with everything around it.
#[derive(Clone, Debug)]
pub struct Chain {
    /// The engine.
    pub engine: Engine,
    /// The bank.
    pub bank: MemoryBank,
    /// Every record of every sealed block.
    pub records: Vec<Record<Event>>,
    /// The log's bytes up to the last sealed block.
    pub log: Vec<u8>,
    /// US dollars for one AKT from the next block on; `None` when the oracle is silent.
    pub price: Option<Decimal>,
    /// Mixed into the entropy of the blocks from the next one on.
    pub entropy: u64,
    is_open: bool,
}

impl Chain {
    /// A chain with the default parameters.
    #[must_use]
    pub fn new() -> Self {
        Self::with(Params::default())
    }

    /// A chain with these parameters.
    #[must_use]
    pub fn with(params: Params) -> Self {
        Self::of(&genesis(params))
    }

    /// A chain from this genesis.
    #[must_use]
    pub fn of(genesis: &Genesis) -> Self {
        let mut bank = MemoryBank::default();
        let (engine, outcome) = Engine::new(genesis, &mut bank).expect("the genesis is sound");
        Self {
            engine,
            bank,
            log: outcome.frames,
            records: outcome.records,
            price: Some(Decimal::ONE),
            entropy: 0,
            is_open: false,
        }
    }

    /// Everything that the engine knows.
    #[must_use]
    pub const fn state(&self) -> &State {
        self.engine.state()
    }

    /// The height of the open block, or of the last one.
    #[must_use]
    pub fn height(&self) -> u64 {
        self.state().height().to_u64()
    }

    /// What the next block says about itself.
    #[must_use]
    pub fn next_context(&self) -> BlockContext {
        let last = *self.state().context();
        let height = last.height.next().expect("the test is shorter than the chain");
        let seconds = last.time.to_unix_seconds() + BLOCK_SECONDS;
        let time = BlockTime::from_unix_seconds(seconds);
        let price = self.price.map(|usd_per_akt| OraclePrice { usd_per_akt, published_at: time });
        let parts = [height.to_u64().to_le_bytes(), self.entropy.to_le_bytes()];
        let entropy = crypto::digest_parts(ENTROPY, &[&parts[0], &parts[1]]);
        BlockContext { height, time, price, entropy }
    }

    /// Opens the next block, unless one is open.
    pub fn begin(&mut self) {
        if !self.is_open {
            self.engine.begin_block(self.next_context()).expect("the next block opens");
            self.is_open = true;
        }
    }

    /// Signs a command with the next nonce, for the current block.
    #[must_use]
    pub fn sign(&self, name: &str, command: Command) -> SignedCommand {
        let nonce = self.state().nonce(&address(name)) + 1;
        self.sign_with(name, nonce, self.state().height(), command)
    }

    /// Signs a command with this nonce and last block.
    #[must_use]
    pub fn sign_with(
        &self,
        name: &str,
        nonce: u64,
        expires_at: BlockHeight,
        command: Command,
    ) -> SignedCommand {
        SignedCommand::sign(&key(name), CHAIN_ID, nonce, expires_at, command)
            .expect("the command is small enough to sign")
    }

    /// Opens a block if none is open, signs a command and executes it.
    ///
    /// # Errors
    ///
    /// The engine's [`Rejection`].
    pub fn send(&mut self, name: &str, command: Command) -> Result<Receipt, Rejection> {
        self.begin();
        let signed = self.sign(name, command);
        self.engine.execute(&mut self.bank, &signed)
    }

    /// [`Chain::send`] for a command that must be accepted.
    pub fn must(&mut self, name: &str, command: Command) -> Receipt {
        self.send(name, command)
            .unwrap_or_else(|rejection| panic!("{name}: {}: {rejection}", rejection.code()))
    }

    /// Registers providers without attributes.
    pub fn register(&mut self, names: &[&str]) {
        for name in names {
            self.must(
                name,
                Command::RegisterProvider(Registration::new("https://provider.example", vec![])),
            );
        }
    }

    /// Places bids, each by its provider's name, that must be accepted.
    pub fn bids(&mut self, order: OrderId, bids: &[(&str, &str)]) {
        for (name, price) in bids {
            self.must(name, Command::CreateBid(bid(order, price)));
        }
    }

    /// Ends the block, opening it first if need be; asks every invariant, compares the state root
    /// with one computed anew, and returns what happened in the block.
    pub fn end(&mut self) -> Vec<Event> {
        self.begin();
        let outcome = self.engine.end_block(&mut self.bank).expect("the block ends");
        self.is_open = false;
        invariants::check_all(self.state(), &self.bank)
            .unwrap_or_else(|misfit| panic!("after block {}: {misfit}", self.height()));
        self.escrow_holds_nothing_else();
        assert_eq!(outcome.state_root, self.state().rebuilt_root(), "at {}", self.height());
        let events = outcome.records.iter().map(|record| record.event.clone()).collect();
        self.log.extend(outcome.frames);
        self.records.extend(outcome.records);
        events
    }

    /// The escrow account has no money in any denom that no account or bid accounts for.
    fn escrow_holds_nothing_else(&self) {
        let bids = self.state().bids().bids().filter(|bid| bid.state <= BidState::Active);
        let deposits = bids.map(|bid| (bid.deposit.denom.clone(), bid.deposit.amount.to_micro()));
        let held = |account: &EscrowAccount| {
            let left = account.deposits.iter().map(|deposit| deposit.coin.clone());
            let own = Coin::new(account.denom.clone(), account.unpaid());
            let coins = left.chain([own]).map(|coin| (coin.denom, coin.amount.to_micro()));
            coins.collect::<Vec<_>>()
        };
        let accounts = self.state().escrow().accounts();
        let accounts = accounts.flat_map(|account| held(&account));
        let expected: Vec<(Denom, u128)> = deposits.chain(accounts).collect();
        for denom in self.bank.denoms() {
            let own = expected.iter().filter(|(found, _)| found == denom);
            let sum: u128 = own.map(|(_, amount)| amount).sum();
            let found = self.bank.balance(&escrow_address(), denom).to_micro();
            assert_eq!(found, sum, "{denom} in escrow after block {}", self.height());
        }
    }

    /// Ends blocks until the one at `height` has ended, and returns what happened in that one.
    pub fn end_at(&mut self, height: u64) -> Vec<Event> {
        assert!(self.height() < height || self.is_open, "block {height} has ended already");
        loop {
            let events = self.end();
            if self.height() == height {
                return events;
            }
        }
    }

    /// What someone has outside escrow, in micro-units.
    #[must_use]
    pub fn balance(&self, name: &str, denom: &Denom) -> u128 {
        self.bank.balance(&address(name), denom).to_micro()
    }

    /// What someone has outside escrow, in uact.
    #[must_use]
    pub fn uact(&self, name: &str) -> u128 {
        self.balance(name, &Denom::uact())
    }

    /// What someone has outside escrow, in uakt.
    #[must_use]
    pub fn uakt(&self, name: &str) -> u128 {
        self.balance(name, &Denom::uakt())
    }

    /// The root of the state at the last seal.
    #[must_use]
    pub fn state_root(&self) -> Digest {
        let root = |record: &Record<Event>| match record.event {
            Event::BlockSealed(seal) => Some(seal.state_root),
            _ => None,
        };
        self.records.iter().rev().find_map(root).expect("genesis is sealed")
    }
}

impl Default for Chain {
    fn default() -> Self {
        Self::new()
    }
}
