//! A whole block: 1,000 signed bids, and the awards that end their auctions.
//!
//! 50 tenants have one order each and 20 providers bid for every one of them, at prices drawn from
//! 1 to 10,000 uact. All 1,000 bids come in one block. Seed 5. `block::bids` has
//!
//! | name | what it is |
//! | --- | --- |
//! | `by=ours` | begin, [`verify_commands`] in windows, [`Engine::execute_verified`] for each, end with root and seal |
//! | `by=plain` | begin, [`Engine::execute`] for each command with its signature by itself, end |
//! | `by=floor` | the checks of the same signatures in windows, on digests that are known |
//! | `part=verify` | [`SignedCommand::verify`] alone, which other cores may do |
//! | `part=execute` | begin, [`Engine::execute_verified`] for each command, end: what one core must do |
//!
//! `block::awards` ends the block in which all 50 auctions are due: `by=ours` is [`Engine::end_block`],
//! `by=floor` the same records framed, checksummed and hashed with no logic at all.
//!
//! `bid::logged`, `scale::orders`, `block::mixed` and `block::full` are the rows of these names of
//! `undercut bench`. In the last one every iteration is the next block of a market that lives on.
//!
//! Equal before timing: the heads of a block executed with and without signatures checked before,
//! the state root and one computed anew, the winners and the lowest prices, and the bytes of the log.
//!
//! Estimate. A signature takes 30 us, so 1,000 take 30 ms. Deciding a bid compares attributes and
//! copies its offer a few times, some 5 us; it becomes two records of together 2 kB, with 4 us of
//! hashing and 4 us of encoding; three entries of the state are encoded and hashed, 2 us. That is
//! 15 us, so a third of the block, and two cores that verify would keep one that executes busy.

use std::borrow::Cow;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use undercut::{
    BlockContext, BlockOutcome, Command, Engine, Genesis, Params, SignedCommand, VerifiedCommand,
    verify_commands,
};
use undercut_benches::blocks::{bodies_of, framed};
use undercut_benches::{Generator, PRICE_MAX, attributes, digest, spec};
use undercut_bidding::{Bid, BidState, NewBid, Registration};
use undercut_ledger::MemoryBank;
use undercut_orderbook::NewDeployment;
use undercut_primitives::crypto::{Claim, Verifier};
use undercut_primitives::keys::KeyPair;
use undercut_primitives::{
    Amount, BlockHeight, BlockTime, Coin, Decimal, Denom, DeploymentId, Digest, GroupId, OrderId,
    PricePerBlock, Tenant,
};

const CHAIN_ID: &str = "undercut-bench";
const ORDERS: u64 = 50;
const PROVIDERS: u64 = 20;
const BIDS: u64 = ORDERS * PROVIDERS;
/// After the last block that any bench here reaches.
const EXPIRES_AT: BlockHeight = BlockHeight::new(100);

fn main() {
    undercut_benches::run(&[bids, awards, rows]);
}

fn rows(criterion: &mut Criterion) {
    undercut_benches::contests(
        criterion,
        &["bid/logged", "scale/orders", "block/mixed", "block/full"],
    );
}

/// An engine with the bank that it works with.
#[derive(Clone)]
struct Chain {
    engine: Engine,
    bank: MemoryBank,
}

fn keys(role: &str, count: u64) -> Vec<KeyPair> {
    (0..count).map(|number| KeyPair::insecure(5, &format!("{role} {number}"))).collect()
}

fn sign(key: &KeyPair, nonce: u64, command: Command) -> SignedCommand {
    SignedCommand::sign(key, CHAIN_ID, nonce, EXPIRES_AT, command).expect("the command is small")
}

fn order_of(tenant: &KeyPair) -> OrderId {
    let deployment = DeploymentId { tenant: Tenant(tenant.address()), dseq: 1 };
    GroupId { deployment, gseq: 1 }.order(1)
}

fn create_deployment(tenant: &KeyPair) -> SignedCommand {
    let new = NewDeployment::new(1, vec![spec()], digest(1), Coin::uact(5_000_000));
    sign(tenant, 1, Command::CreateDeployment(new))
}

/// Every provider's bids for all orders, provider by provider.
fn signed_bids(tenants: &[KeyPair], providers: &[KeyPair]) -> Vec<SignedCommand> {
    let (offer, mut generator) = (spec().exact_offer(), Generator::new(5));
    let mut commands = Vec::new();
    for provider in providers {
        for (nonce, tenant) in (2..).zip(tenants) {
            let value = Decimal::from_whole(1 + generator.below(PRICE_MAX));
            let price = PricePerBlock::new(Denom::uact(), value);
            let new = NewBid::new(order_of(tenant), price, offer.clone(), Coin::uakt(500_000));
            commands.push(sign(provider, nonce, Command::CreateBid(new)));
        }
    }
    commands
}

impl Chain {
    /// A chain whose first block opens all orders, and the bids for the second.
    fn with_open_orders() -> (Self, Vec<SignedCommand>) {
        let (tenants, providers) = (keys("tenant", ORDERS), keys("provider", PROVIDERS));
        let funds = |key: &KeyPair| {
            [Coin::uact(1_000_000_000), Coin::uakt(1_000_000_000)].map(|coin| (key.address(), coin))
        };
        let genesis = Genesis {
            chain_id: CHAIN_ID.into(),
            time: BlockTime::from_unix_seconds(0),
            params: Params::default(),
            auditors: vec![],
            balances: tenants.iter().chain(&providers).flat_map(funds).collect(),
            vault_uakt: Amount::ZERO,
        };
        let mut bank = MemoryBank::default();
        let (engine, _) = Engine::new(&genesis, &mut bank).expect("the genesis is sound");
        let mut chain = Self { engine, bank };
        let registration = Registration::new("https://provider.example", attributes());
        let register = |key| sign(key, 1, Command::RegisterProvider(registration.clone()));
        let mut commands: Vec<SignedCommand> = providers.iter().map(register).collect();
        commands.extend(tenants.iter().map(create_deployment));
        chain.whole_block(&commands);
        (chain, signed_bids(&tenants, &providers))
    }

    fn height(&self) -> u64 {
        self.engine.state().height().to_u64()
    }

    fn begin(&mut self) {
        let height = self.height() + 1;
        let context = BlockContext {
            height: BlockHeight::new(height),
            time: BlockTime::from_unix_seconds(6 * i64::try_from(height).expect("blocks are few")),
            price: None,
            entropy: digest(height),
        };
        self.engine.begin_block(context).expect("the next block opens");
    }

    fn end(&mut self) -> BlockOutcome {
        self.engine.end_block(&mut self.bank).expect("the block ends")
    }

    fn whole_block(&mut self, commands: &[SignedCommand]) -> BlockOutcome {
        self.begin();
        for command in commands {
            self.engine.execute(&mut self.bank, command).expect("the command is sound");
        }
        self.end()
    }

    fn verified_block(&mut self, commands: &[VerifiedCommand]) -> BlockOutcome {
        self.begin();
        for command in commands {
            self.engine.execute_verified(&mut self.bank, command).expect("the command is sound");
        }
        self.end()
    }
}

/// The block with its signatures checked in windows, by a verifier that knows the keys.
fn windowed_block(
    chain: &mut Chain,
    commands: Vec<SignedCommand>,
    verifier: &mut Verifier,
) -> BlockOutcome {
    let checked = verify_commands(commands, CHAIN_ID, verifier);
    let verified = checked.into_iter().map(|one| one.expect("the bids are signed"));
    chain.verified_block(&verified.collect::<Vec<_>>())
}

fn verify(commands: Vec<SignedCommand>) -> Vec<VerifiedCommand> {
    let verify = |command: SignedCommand| command.verify(CHAIN_ID).expect("the bids are signed");
    commands.into_iter().map(verify).collect()
}

fn bids(criterion: &mut Criterion) {
    let (chain, commands) = Chain::with_open_orders();
    let verified = verify(commands.clone());
    let claims: Vec<Claim> = verified.iter().map(|command| command.consent().claim()).collect();
    let [mut once, mut apart, mut windowed] = [(); 3].map(|()| chain.clone());
    let mut verifier = Verifier::new();
    let outcome = once.whole_block(&commands);
    assert_eq!(outcome.head, apart.verified_block(&verified).head);
    let head = windowed_block(&mut windowed, commands.clone(), &mut verifier).head;
    assert_eq!(outcome.head, head);
    assert_eq!(outcome.state_root, once.engine.state().rebuilt_root());
    assert_eq!(once.engine.state().bids().bids().count().try_into(), Ok(BIDS));

    let name = |who: &str| BenchmarkId::from_parameter(format!("bids={BIDS} {who}"));
    let mut group = criterion.benchmark_group("block::bids");
    group.throughput(Throughput::Elements(BIDS));
    group.bench_function(name("by=ours"), |bencher| {
        let fresh = || (chain.clone(), commands.clone());
        let ours = |(mut chain, commands): (Chain, _)| {
            (windowed_block(&mut chain, commands, &mut verifier), chain)
        };
        bencher.iter_batched(fresh, ours, BatchSize::PerIteration);
    });
    group.bench_function(name("by=plain"), |bencher| {
        let plain = |mut chain: Chain| (chain.whole_block(&commands), chain);
        bencher.iter_batched(|| chain.clone(), plain, BatchSize::PerIteration);
    });
    group.bench_function(name("by=floor"), |bencher| {
        let mut verifier = Verifier::new();
        bencher.iter(|| assert!(verifier.verify_all(&claims).iter().all(Result::is_ok)));
    });
    group.bench_function(name("part=verify"), |bencher| {
        bencher.iter_batched(|| commands.clone(), verify, BatchSize::PerIteration);
    });
    group.bench_function(name("part=execute"), |bencher| {
        let execute = |mut chain: Chain| (chain.verified_block(&verified), chain);
        bencher.iter_batched(|| chain.clone(), execute, BatchSize::PerIteration);
    });
    group.finish();
}

/// A chain in the block in which all auctions are due, before its end.
fn chain_with_auctions_due() -> Chain {
    let (mut chain, commands) = Chain::with_open_orders();
    chain.whole_block(&commands);
    let due_at = chain.engine.state().book().orders().map(|order| order.due_at).max();
    let due_at = due_at.expect("there are orders").to_u64();
    while chain.height() + 1 < due_at {
        chain.whole_block(&[]);
    }
    chain.begin();
    chain
}

/// The winners by looking at every bid of every order.
fn lowest_bids(chain: &Chain) -> Vec<Option<Digest>> {
    let state = chain.engine.state();
    let open = |bid: &Cow<'_, Bid>| bid.state == BidState::Open;
    let lowest = |id| state.bids().bids_of(id).filter(open).min_by_key(|bid| bid.rank());
    let orders = state.book().orders().map(|order| order.id);
    orders.map(|id| lowest(id).map(|bid| bid.consent.command)).collect()
}

fn awards(criterion: &mut Criterion) {
    let chain = chain_with_auctions_due();
    let expected = lowest_bids(&chain);
    let mut ended = chain.clone();
    let outcome = ended.end();
    let leases = ended.engine.state().escrow().leases();
    let won: Vec<Option<Digest>> =
        leases.map(|lease| Some(lease.signed.provider.command)).collect();
    assert_eq!(won.len().try_into(), Ok(ORDERS));
    assert_eq!(won, expected);
    assert_eq!(outcome.state_root, ended.engine.state().rebuilt_root());
    let bodies = bodies_of(&outcome.frames);
    assert!(framed(&bodies).1 == outcome.frames, "the floor writes the same bytes");

    let mut group = criterion.benchmark_group("block::awards");
    group.throughput(Throughput::Elements(ORDERS));
    group.bench_function(format!("orders={ORDERS} bids={BIDS} by=ours"), |bencher| {
        let end = |mut chain: Chain| (chain.end(), chain);
        bencher.iter_batched(|| chain.clone(), end, BatchSize::PerIteration);
    });
    group.bench_function(format!("orders={ORDERS} bids={BIDS} by=floor"), |bencher| {
        bencher.iter(|| framed(&bodies));
    });
    group.finish();
}
