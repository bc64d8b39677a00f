//! A market to measure: an engine with its bank, open orders, and providers that bid for them.

use std::cell::RefCell;
use std::fs::File;
use std::io::Write as _;
use std::rc::Rc;

use undercut::{
    BlockContext, BlockOutcome, Command, Engine, Genesis, Params, SignedCommand, VerifiedCommand,
};
use undercut_bidding::{NewBid, Registration};
use undercut_ledger::MemoryBank;
use undercut_orderbook::NewDeployment;
use undercut_primitives::codec::Canonical as _;
use undercut_primitives::keys::KeyPair;
use undercut_primitives::{
    Address, Amount, BlockHeight, BlockSpan, BlockTime, Coin, Decimal, Denom, DeploymentId,
    GroupId, GroupSpec, OrderId, PricePerBlock, Signature, Tenant,
};

use undercut_store::Writer;

use crate::{Generator, PRICE_MAX, attributes, digest, spec};

/// The chain that every command here is for.
pub const CHAIN_ID: &str = "undercut-bench";

/// After the last block that any bench reaches.
const EXPIRES_AT: BlockHeight = BlockHeight::new(1_000_000);

/// An engine with the bank that it works with.
#[derive(Clone, Debug)]
pub struct Market {
    /// The engine.
    pub engine: Engine,
    /// The money outside escrow.
    pub bank: MemoryBank,
    /// Where blocks are kept, if anywhere.
    log: Option<Rc<RefCell<Writer>>>,
}

/// The key of a party that follows from its role and number.
#[must_use]
pub fn key(role: &str, number: u64) -> KeyPair {
    KeyPair::insecure(5, &format!("{role} {number}"))
}

/// A command without a signature, for what [`SignedCommand::assume_verified`] takes on trust.
#[must_use]
pub fn on_trust(account: &KeyPair, nonce: u64, command: Command) -> SignedCommand {
    let (signer, signature) = (account.public(), Signature::from_bytes(&[2; 64]));
    let account = Address::of_key(&signer);
    SignedCommand { account, signer, nonce, expires_at: EXPIRES_AT, command, signature }
}

/// A command with its signature.
#[must_use]
pub fn signed(account: &KeyPair, nonce: u64, command: Command) -> SignedCommand {
    let signed = SignedCommand::sign(account, CHAIN_ID, nonce, EXPIRES_AT, command);
    signed.expect("the command is small")
}

/// The order of the first group of a tenant's deployment.
#[must_use]
pub fn order_of(tenant: &KeyPair, dseq: u64) -> OrderId {
    let deployment = DeploymentId { tenant: Tenant(tenant.address()), dseq };
    GroupId { deployment, gseq: 1 }.order(1)
}

/// A deployment of [`small_spec`] in as many groups.
#[must_use]
pub fn new_deployment(dseq: u64, groups: u32) -> Command {
    let named = |number: u32| GroupSpec { name: format!("group-{number}"), ..small_spec() };
    let groups = (0..groups).map(named).collect();
    Command::CreateDeployment(NewDeployment::new(dseq, groups, digest(1), Coin::uact(5_000_000)))
}

/// A bid for an order of [`small_spec`], at whole uact per block.
#[must_use]
pub fn new_bid(order: OrderId, price: u64) -> Command {
    let price = PricePerBlock::new(Denom::uact(), Decimal::from_whole(price));
    let (offer, deposit) = (small_spec().exact_offer(), Coin::uakt(500_000));
    Command::CreateBid(NewBid::new(order, price, offer, deposit))
}

impl Market {
    /// A market whose accounts have money, and nothing else.
    #[must_use]
    pub fn new(
        params: Params,
        accounts: impl Iterator<Item = Address>,
        log: Option<Writer>,
    ) -> Self {
        let funds = |address| {
            [Coin::uact(1_000_000_000_000), Coin::uakt(1_000_000_000_000)]
                .map(|coin| (address, coin))
        };
        let genesis = Genesis {
            chain_id: CHAIN_ID.into(),
            time: BlockTime::from_unix_seconds(0),
            params,
            auditors: vec![],
            balances: accounts.flat_map(funds).collect(),
            vault_uakt: Amount::ZERO,
        };
        let mut bank = MemoryBank::default();
        let (engine, opened) = Engine::new(&genesis, &mut bank).expect("the genesis is sound");
        let market = Self { engine, bank, log: log.map(|writer| Rc::new(RefCell::new(writer))) };
        market.keep(opened.frames);
        market
    }

    /// Appends a block to the log and commits it, if there is one.
    pub fn keep(&self, frames: Vec<u8>) {
        if let Some(log) = &self.log {
            let mut writer = log.borrow_mut();
            writer.append_chained(frames, self.engine.chain()).expect("the block follows");
            writer.flush().expect("the disk works");
        }
    }

    /// The height of the last block.
    #[must_use]
    pub fn height(&self) -> u64 {
        self.engine.state().height().to_u64()
    }

    /// Registers providers that suit [`small_spec`], each with its first command.
    pub fn register(&mut self, providers: &[KeyPair]) {
        let registration = Registration::new("https://provider.example", attributes());
        for provider in providers {
            let register = Command::RegisterProvider(registration.clone());
            self.execute(on_trust(provider, 1, register));
        }
    }

    /// A command on trust, as the account's next.
    pub fn send(&mut self, account: &KeyPair, command: Command) {
        let nonce = self.engine.state().nonce(&account.address()) + 1;
        self.execute(on_trust(account, nonce, command));
    }

    /// Blocks without commands, up to the end of block `height`.
    pub fn wait_until(&mut self, height: u64) {
        while self.height() < height {
            self.begin();
            self.end_kept();
        }
    }

    /// Opens the next block.
    pub fn begin(&mut self) {
        let height = self.height() + 1;
        let context = BlockContext {
            height: BlockHeight::new(height),
            time: BlockTime::from_unix_seconds(6 * i64::try_from(height).expect("blocks are few")),
            price: None,
            entropy: digest(height),
        };
        self.engine.begin_block(context).expect("the next block opens");
    }

    /// Ends the open block. It is not kept: that is for [`Market::keep`].
    pub fn end(&mut self) -> BlockOutcome {
        self.engine.end_block(&mut self.bank).expect("the block ends")
    }

    /// Ends the open block and keeps it.
    pub fn end_kept(&mut self) {
        let outcome = self.end();
        self.keep(outcome.frames);
    }

    /// Ends the open block, and writes its frames into a file.
    pub fn end_into(&mut self, file: &mut File) {
        let outcome = self.end();
        file.write_all(&outcome.frames).expect("the file takes a block");
        self.engine.reuse(outcome);
    }

    /// One command, taken on trust.
    pub fn execute(&mut self, command: SignedCommand) {
        let verified = command.assume_verified(CHAIN_ID).expect("the command is small");
        self.execute_verified(&verified);
    }

    /// One command that was verified.
    pub fn execute_verified(&mut self, command: &VerifiedCommand) {
        let receipt = self.engine.execute_verified(&mut self.bank, command);
        receipt.expect("the command is sound");
    }

    /// One command as it comes from a socket, without its signature being looked at.
    pub fn execute_bytes(&mut self, bytes: &[u8]) {
        let command = SignedCommand::decode(bytes, bytes.len()).expect("the bytes are a command");
        self.execute(command);
    }
}

/// As many keys of a role.
#[must_use]
pub fn keys(role: &str, count: u64) -> Vec<KeyPair> {
    (0..count).map(|number| key(role, number)).collect()
}

/// Orders of as many tenants, all open, and the bids that come in for them.
#[derive(Clone, Debug)]
pub struct OpenOrders {
    /// The market with its orders.
    pub market: Market,
    /// Encoded commands that bid, for one block after the other.
    pub blocks: Vec<Vec<Vec<u8>>>,
}

/// How many providers bid.
const PROVIDERS: u64 = 64;

/// So many tenants have orders; where there are more orders, they have several each. A genesis with
/// the balances of a million accounts is too large for a record.
const TENANTS_MAX: u64 = 10_000;

/// How many orders each of them bids for in a block.
const BIDS_EACH: usize = 64;

impl OpenOrders {
    /// `orders` open orders, and bids for as many as `blocks` blocks: each provider bids for 64 orders
    /// in each, spread over all, and never for an order again. Where the orders do not suffice there
    /// are fewer blocks, at least one.
    #[must_use]
    pub fn new(orders: u64, blocks: usize) -> Self {
        let tenants = keys("tenant", orders.min(TENANTS_MAX));
        let providers = keys("provider", PROVIDERS);
        let accounts = providers.iter().chain(&tenants).map(KeyPair::address);
        let mut params = Params::default();
        (params.bid.bids_max, params.order.bid_window) = (64, BlockSpan::from_blocks(1_000));
        let mut market = Market::new(params, accounts, None);
        market.begin();
        market.register(&providers);
        let (mut ids, mut dseq) = (Vec::new(), 0);
        while numbers(ids.len()) < orders {
            dseq += 1;
            let left = usize::try_from(orders).expect("orders are few") - ids.len();
            for tenant in tenants.iter().take(left) {
                market.execute(on_trust(tenant, dseq, new_deployment(dseq, 1)));
                ids.push(order_of(tenant, dseq));
            }
            // Blocks of a size that markets have, so that none of them weighs on the memory.
            market.end();
            market.begin();
        }
        market.end();
        assert!(BIDS_EACH <= ids.len(), "each provider bids for other orders");
        let blocks = blocks.min(ids.len() / BIDS_EACH);
        let blocks = encoded_bids(&providers, &ids, blocks);
        Self { market, blocks }
    }
}

fn numbers(count: usize) -> u64 {
    u64::try_from(count).expect("there are few")
}

/// Bids in the order in which they come in: one of each provider, then the next of each.
fn encoded_bids(providers: &[KeyPair], orders: &[OrderId], blocks: usize) -> Vec<Vec<Vec<u8>>> {
    let (mut generator, turns) = (Generator::new(5), blocks * BIDS_EACH);
    let step = orders.len() / turns;
    let first: Vec<usize> = providers.iter().map(|_| generator.place(orders.len())).collect();
    let mut bids = Vec::new();
    for (turn, nonce) in (0..turns).zip(2..) {
        if turn % BIDS_EACH == 0 {
            bids.push(Vec::new());
        }
        for (provider, first) in providers.iter().zip(&first) {
            let order = orders[(first + turn * step) % orders.len()];
            let bid = new_bid(order, 1 + generator.below(PRICE_MAX));
            let bytes = on_trust(provider, nonce, bid).encode().expect("the command is small");
            bids.last_mut().expect("there is a block").push(bytes);
        }
    }
    bids
}

/// A market whose orders were awarded: so many running leases.
#[derive(Debug)]
pub struct Leases {
    /// The market.
    pub market: Market,
    /// Who rents. Their deployments are numbered from 1.
    pub tenants: Vec<KeyPair>,
    /// Who serves.
    pub providers: Vec<KeyPair>,
}

/// Orders that are opened, bid for and awarded in one block each: as many as a large block has, and
/// less than its providers may have open bids.
const WAVE: usize = 5_000;

/// Blocks from the opening of an order of [`Leases`] to its award.
pub const WINDOW: u64 = 3;

impl Leases {
    /// `each` leases of each of `tenants` tenants, served by 64 providers in turn.
    #[must_use]
    pub fn new(tenants: usize, each: u64, log: Option<Writer>) -> Self {
        let count = u64::try_from(tenants).expect("tenants are few");
        let (tenants, providers) = (keys("tenant", count), keys("provider", PROVIDERS));
        let accounts = providers.iter().chain(&tenants).map(KeyPair::address);
        let mut params = Params::default();
        params.order.bid_window = BlockSpan::from_blocks(WINDOW);
        let mut market = Market::new(params, accounts, log);
        market.begin();
        market.register(&providers);
        market.end_kept();
        let orders: Vec<(&KeyPair, u64)> =
            (1..=each).flat_map(|dseq| tenants.iter().map(move |tenant| (tenant, dseq))).collect();
        for wave in orders.chunks(WAVE) {
            market.open(wave);
            market.bid(wave, &providers);
            market.wait_until(market.height() + WINDOW - 1);
        }
        Self { market, tenants, providers }
    }
}

impl Market {
    /// A block that opens an order for each of these deployments.
    pub fn open(&mut self, deployments: &[(&KeyPair, u64)]) {
        self.begin();
        for (tenant, dseq) in deployments {
            self.send(tenant, new_deployment(*dseq, 1));
        }
        self.end_kept();
    }

    /// A block in which each order gets one bid, of the providers in turn.
    pub fn bid(&mut self, deployments: &[(&KeyPair, u64)], providers: &[KeyPair]) {
        self.begin();
        for ((tenant, dseq), provider) in deployments.iter().zip(providers.iter().cycle()) {
            self.send(provider, new_bid(order_of(tenant, *dseq), 1));
        }
        self.end_kept();
    }
}

/// What an order of one service asks for: one unit with one volume, and four attributes.
#[must_use]
pub fn small_spec() -> GroupSpec {
    let mut spec = spec();
    spec.units.truncate(1);
    for unit in &mut spec.units {
        (unit.resources.gpus, unit.resources.gpu_attributes) = (0, Vec::new());
        unit.resources.volumes.truncate(1);
    }
    spec
}
