//! Every way in which the engine says no: each code is provoked, and nothing has changed after it.
//!
//! One market, [`world`], has something in every state; a row is a command that breaks one rule of
//! it. Rows that break several rules expect the one that is checked first. Codes that no command
//! can provoke stand in [`OUT_OF_REACH`] with the reason; the last test compares both lists with
//! the codes in the sources.

mod later_rows;
mod rows;

use std::collections::BTreeSet;

use undercut::{
    BlockError, COMMAND_BYTES_MAX, Command, Engine, Genesis, Params, Rejection, SignedCommand,
    rotation_digest,
};
use undercut_bidding::{NewBid, Registration};
use undercut_ledger::{Bank, BankRefused, MemoryBank, Posting};
use undercut_orderbook::{AwardMode, NewDeployment};
use undercut_primitives::{
    Address, Amount, Attribute, BlockHeight, BlockSpan, Coin, Denom, GroupSpec, OrderId, Signature,
};
use undercut_tests::chain::{
    CHAIN_ID, Chain, address, bid, bid_id, coin, deployment, deployment_id, genesis, group, key,
    lease_id, order_id,
};
use undercut_tests::{source, tree};

/// Codes of a [`Rejection`] that no signed command can provoke, and why.
const OUT_OF_REACH: [(&str, &str); 18] = [
    ("BLK002", "`begin_block` alone: see `blocks_open_in_order_or_not_at_all`"),
    ("BLK003", "`begin_block` alone: see `blocks_open_in_order_or_not_at_all`"),
    ("BLK004", "`begin_block` alone: see `blocks_open_in_order_or_not_at_all`"),
    ("BLK006", "a bug of the engine"),
    ("BLK007", "a bug of the engine, at the end of a block"),
    ("CMD008", "takes an account that does not fit a record, which none can grow to"),
    ("BID019", "takes 1,024 open bids"),
    ("REG007", "takes a block just before an award: see `attacks.rs`"),
    ("ESC008", "takes 64 deposits: see `lifecycle.rs`"),
    ("ESC011", "leases are made of consents that the engine kept itself"),
    ("ESC012", "leases are made of consents that the engine verified itself"),
    ("ESC014", "2^28 deposits of the most that one may have"),
    ("ESC015", "a bug of the engine"),
    ("ESC017", "a reason out of range is no reason: no such command can be encoded"),
    ("GOV002", "takes 2^48 blocks"),
    ("ORA007", "why there is no price, not why one is refused"),
    ("ORA008", "why there is no price, not why one is refused"),
    ("ORA009", "why there is no price, not why one is refused"),
];

/// A rule broken: the code expected, what is done, by whom.
type Row = (&'static str, &'static str, &'static str, Command);

const BOOK: usize = 2;

fn params() -> Params {
    let mut params = Params::default();
    params.bid.bids_max = u32::try_from(BOOK).unwrap();
    params.order.lease_denoms = vec![Denom::uact(), Denom::uakt()];
    params
}

/// A market in an open block:
///
/// | deployment of alice | stands |
/// | --- | --- |
/// | 1 | leased to p1 |
/// | 2 | up for auction, its book full: p1 at 50, p2 at 60 uact |
/// | 3 | alice may choose p1; p2 took its bid back |
/// | 4 | closed; it was leased to p1 |
/// | 5 | up for auction, for providers in `region` = `us-west` alone |
/// | 6 | alice may choose p1, but has escrow for less than one block |
fn world() -> Chain {
    let mut chain = Chain::with(params());
    chain.register(&["p1", "p2", "p3"]);
    for dseq in [1, 4] {
        chain.must("alice", Command::CreateDeployment(one(dseq)));
        chain.bids(order(dseq), &[("p1", "50uact")]);
    }
    chain.end_at(6);
    chain.must("alice", Command::CloseDeployment(deployment_id("alice", 4)));
    for dseq in [2, 3, 5, 6] {
        let mut new = one(dseq);
        if dseq == 3 || dseq == 6 {
            new.award = AwardMode::TenantChooses;
        }
        if dseq == 5 {
            new.groups[0].requirements.attributes = vec![Attribute::new("region", "us-west")];
        }
        if dseq == 6 {
            new.groups = vec![group("west", "10000000uact")];
        }
        chain.must("alice", Command::CreateDeployment(new));
    }
    chain.bids(order(2), &[("p1", "50uact"), ("p2", "60uact")]);
    chain.bids(order(3), &[("p1", "50uact"), ("p2", "60uact")]);
    chain.must("p2", Command::CloseBid(bid_id(order(3), "p2")));
    chain.bids(order(6), &[("p1", "10000000uact")]);
    chain.end();
    chain.begin();
    chain
}

/// A deployment of alice's with one group, up to 100 uact a block.
fn one(dseq: u64) -> NewDeployment {
    deployment(dseq, &[("west", "100uact")], "1ACT")
}

fn order(dseq: u64) -> OrderId {
    order_id("alice", dseq, 1, 1)
}

fn create(change: impl Fn(&mut NewDeployment)) -> Command {
    let mut new = one(10);
    change(&mut new);
    Command::CreateDeployment(new)
}

fn create_group(change: impl Fn(&mut GroupSpec)) -> Command {
    create(|new| change(&mut new.groups[0]))
}

fn bid_for(dseq: u64, price: &str, change: impl Fn(&mut NewBid)) -> Command {
    let mut new = bid(order(dseq), price);
    change(&mut new);
    Command::CreateBid(new)
}

fn uact(micro: u128) -> Coin {
    Coin::uact(micro)
}

fn too_much() -> Coin {
    uact(Amount::SUPPLY_MAX.to_micro() + 1)
}

fn deposit(dseq: u64, coin: Coin) -> Command {
    Command::deposit(deployment_id("alice", dseq), coin)
}

fn register(attributes: Vec<Attribute>) -> Command {
    Command::RegisterProvider(Registration::new("https://provider.example", attributes))
}

fn row(code: &'static str, name: &'static str, signer: &'static str, command: Command) -> Row {
    (code, name, signer, command)
}

/// Executes a command that must be refused with `code`: by `check` and `execute` alike, leaving
/// head, state and money as they were.
fn refused(chain: &mut Chain, code: &str, name: &str, signed: &SignedCommand) {
    let (head, bank) = (chain.engine.head(), chain.bank.clone());
    let root = chain.state().rebuilt_root();
    let checked = chain.engine.check(&chain.bank, signed);
    let executed = chain.engine.execute(&mut chain.bank, signed).map(|_| ());
    let found = executed.as_ref().err().map(|rejection| rejection.code().as_str());
    assert_eq!(found, Some(code), "{name}: {executed:?}");
    assert_eq!(checked, executed, "{name}: `check` gives the same answer");
    assert_eq!(chain.engine.head(), head, "{name}: nothing is recorded");
    assert_eq!(chain.state().rebuilt_root(), root, "{name}: nothing has changed");
    assert_eq!(chain.bank, bank, "{name}: nobody paid");
    let rejection = executed.unwrap_err();
    let is_of_later = signed.nonce > chain.state().nonce(&signed.account);
    let may_pass = transient().contains(code) && (code != "CMD005" || is_of_later);
    assert_eq!(rejection.is_transient(), may_pass, "{name}: {code} in docs/codes.md");
    let sentence = rejection.to_string();
    assert!(!sentence.is_empty() && !sentence.ends_with('.'), "{name}: {sentence}");
}

/// The codes of which `docs/codes.md` says that the same command may be accepted later.
fn transient() -> BTreeSet<String> {
    let page = tree::read("docs/codes.md").unwrap();
    let (_, after) = page.split_once("`Rejection::is_transient` says").unwrap();
    let (table, _) = after.split_once("No for all others").unwrap();
    let words = table.split('`').skip(1).step_by(2);
    words.filter(|word| word.len() == 6).map(str::to_owned).collect()
}

#[test]
fn every_broken_rule_is_refused_by_its_code_and_leaves_no_trace() {
    let mut world = world();
    for (code, name, signer, command) in rows::rows() {
        let signed = world.sign(signer, command);
        refused(&mut world, code, name, &signed);
    }
    // The market is as good as new: the block ends, and a sound command is taken.
    world.end();
    world.must("p3", bid_for(2, "1uact", |_| ()));
    world.end();
}

#[test]
fn every_rule_of_the_later_rounds_is_refused_by_its_code_and_leaves_no_trace() {
    let mut world = later_rows::world();
    for (code, name, signer, command) in later_rows::rows() {
        let signed = world.sign(signer, command);
        refused(&mut world, code, name, &signed);
    }
    world.end();
}

#[test]
fn a_key_signs_for_its_own_account_and_after_a_change_no_more() {
    let mut world = world();
    let (height, nonce) = (world.state().height(), world.state().nonce(&address("alice")) + 1);
    let burn = || Command::Burn(uact(1_000_000));
    let sign = |name: &str, nonce| {
        SignedCommand::sign_for(address("alice"), &key(name), CHAIN_ID, nonce, height, burn())
            .unwrap()
    };
    refused(&mut world, "CMD007", "another's account", &sign("bob", nonce));
    let (new, alice) = (key("alice's second"), address("alice"));
    let proof = new.sign(&rotation_digest(CHAIN_ID, &alice, &new.public()));
    world.must("alice", Command::RotateKey { key: new.public(), proof });
    refused(&mut world, "CMD007", "the old key", &sign("alice", nonce + 1));
    assert!(world.engine.execute(&mut world.bank, &sign("alice's second", nonce + 1)).is_ok());
    let own = world.sign("alice's second", burn());
    let refused = world.engine.execute(&mut world.bank, &own).unwrap_err();
    assert_eq!(refused.code().as_str(), "BNK001", "the key's own account is another one");
}

#[test]
fn a_refused_command_uses_no_nonce() {
    let mut world = world();
    let bad = world.sign("p3", bid_for(2, "0uact", |_| ()));
    refused(&mut world, "BID004", "a price of nothing", &bad);
    let good = world.sign("p3", bid_for(2, "1uact", |_| ()));
    assert_eq!(bad.nonce, good.nonce);
    assert!(world.engine.execute(&mut world.bank, &good).is_ok());
}

#[test]
fn a_better_bid_evicts_the_worst_of_a_full_book_and_returns_its_deposit() {
    let mut world = world();
    let (before, tie) = (world.uakt("p2"), "60uact");
    world.must("p3", bid_for(2, "49uact", |_| ()));
    assert_eq!(world.uakt("p2"), before, "nothing yet");
    world.end();
    assert_eq!(world.uakt("p2"), before + 500_000);
    world.register(&["p4"]);
    let signed = world.sign("p4", bid_for(2, tie, |_| ()));
    refused(&mut world, "BID011", "the worst is now at 50", &signed);
    // An evicted provider may bid again, and by a better price; one with an open bid may not.
    world.must("p2", bid_for(2, "1uact", |_| ()));
    let signed = world.sign("p2", bid_for(2, "0.5uact", |_| ()));
    refused(&mut world, "BID003", "a second open bid", &signed);
    world.end();
}

#[test]
fn bids_cannot_be_taken_back_shortly_before_the_award() {
    let mut chain = Chain::new();
    chain.register(&["p1"]);
    chain.must("alice", Command::CreateDeployment(deployment(1, &[("west", "10uact")], "1ACT")));
    let order = order_id("alice", 1, 1, 1);
    chain.must("p1", Command::CreateBid(bid(order, "5uact")));
    let due_at = chain.state().book().order(&order).unwrap().due_at.to_u64();
    chain.end_at(due_at - 2);
    chain.begin();
    let signed = chain.sign("p1", Command::CloseBid(bid_id(order, "p1")));
    refused(&mut chain, "BID014", "one block before the award", &signed);
    chain.end();
    chain.begin();
    let signed = chain.sign("p1", Command::CloseBid(bid_id(order, "p1")));
    refused(&mut chain, "BID014", "in the block of the award", &signed);
    chain.end();
    assert!(chain.state().escrow().lease(&lease_id(order, "p1")).is_some(), "it binds");
}

#[test]
fn what_the_signature_binds_cannot_be_changed() {
    let mut world = world();
    let (sound, height) = (world.sign("p3", bid_for(2, "1uact", |_| ())), world.state().height());
    let change = |change: &dyn Fn(&mut SignedCommand)| {
        let mut signed = sound.clone();
        change(&mut signed);
        signed
    };
    let elsewhere =
        SignedCommand::sign(&key("p3"), "another-chain", 2, height, sound.command.clone()).unwrap();
    let rows = [
        ("no signature", change(&|s| s.signature = Signature::from_bytes(&[0; 64]))),
        ("another key", change(&|s| s.signer = key("p2").public())),
        ("another account", change(&|s| s.account = address("p2"))),
        ("another nonce", change(&|s| s.nonce += 1)),
        ("another last block", change(&|s| s.expires_at = BlockHeight::MAX)),
        ("another command", change(&|s| s.command = bid_for(2, "2uact", |_| ()))),
        ("another chain", elsewhere),
    ];
    for (name, signed) in rows {
        refused(&mut world, "CMD002", name, &signed);
    }
    // A key of small order stands for nobody, whatever it signed.
    let mut identity = [0; 32];
    identity[0] = 1;
    let weak = change(&|s| s.signer = undercut_primitives::PublicKey::from_bytes(identity));
    refused(&mut world, "CMD002", "a weak key", &weak);
    assert!(world.engine.execute(&mut world.bank, &sound).is_ok());
}

#[test]
fn a_command_is_taken_once_in_its_turn_and_in_time() {
    let mut world = world();
    let height = world.state().height();
    let command = || bid_for(2, "1uact", |_| ());
    let next = world.state().nonce(&address("p3")) + 1;
    let past = BlockHeight::new(height.to_u64() - 1);
    let sign = |world: &Chain, nonce, at| world.sign_with("p3", nonce, at, command());
    let rows = [
        ("CMD004", "one block late", sign(&world, next, past)),
        ("CMD004", "late and out of turn", sign(&world, next + 5, past)),
        ("CMD005", "the last nonce again", sign(&world, next - 1, height)),
        ("CMD005", "a nonce too far", sign(&world, next + 1, height)),
        ("CMD005", "nonce 0", sign(&world, 0, height)),
        ("CMD005", "the greatest nonce", sign(&world, u64::MAX, height)),
    ];
    for (code, name, signed) in rows {
        refused(&mut world, code, name, &signed);
    }
    let sound = sign(&world, next, height);
    assert!(world.engine.execute(&mut world.bank, &sound).is_ok());
    refused(&mut world, "CMD005", "the same command again", &sound);
    world.end();
    world.begin();
    refused(&mut world, "CMD004", "the same command a block later", &sound);
}

#[test]
fn a_command_of_more_than_the_limit_is_not_even_hashed() {
    let mut world = world();
    let large = register(vec![Attribute::new("key", "v".repeat(COMMAND_BYTES_MAX))]);
    let mut signed = world.sign("p3", register(vec![]));
    signed.command = large.clone();
    refused(&mut world, "CMD001", "more than 256 KiB", &signed);
    let sign = SignedCommand::sign(&key("p3"), "c", 1, BlockHeight::MAX, large).unwrap_err();
    assert_eq!(sign.code().as_str(), "CMD001");
}

#[test]
fn what_a_group_may_require_is_bounded() {
    // Every bid is compared with it, key by key, as a glob: without a limit, one bid for the first
    // row takes half a minute.
    let key = format!("*[{}]z", "a".repeat(200_000));
    let attributes = |count: usize| {
        (0..count).map(|n| Attribute::new(format!("key{n}"), "v")).collect::<Vec<_>>()
    };
    let signers: Vec<String> = (0..5000).map(|n| format!("auditor-{n}")).collect();
    let mut world = world();
    let rows = [
        (
            "a key of 200,000 bytes",
            create_group(|group| {
                group.requirements.attributes = vec![Attribute::new(key.clone(), "v")];
            }),
        ),
        (
            "a value of 200,000 bytes",
            create_group(|group| {
                group.requirements.attributes = vec![Attribute::new("key", key.clone())];
            }),
        ),
        ("5000 attributes", create_group(|group| group.requirements.attributes = attributes(5000))),
        (
            "5000 auditors",
            create_group(|group| {
                group.requirements.signed_by.all_of.clone_from(&signers);
            }),
        ),
        (
            "5000 other auditors",
            create_group(|group| {
                group.requirements.signed_by.any_of.clone_from(&signers);
            }),
        ),
        (
            "5000 GPU models",
            create_group(|group| {
                group.units[0].resources.gpus = 1;
                group.units[0].resources.gpu_attributes = attributes(5000);
            }),
        ),
    ];
    for (name, command) in rows {
        let signed = world.sign("alice", command);
        refused(&mut world, "ORD005", name, &signed);
    }
}

#[test]
fn a_signature_verified_for_another_chain_is_refused_here() {
    let mut world = world();
    let (height, command) = (world.state().height(), register(vec![]));
    let signed = SignedCommand::sign(&key("p3"), "another-chain", 2, height, command).unwrap();
    let verified = signed.verify("another-chain").unwrap();
    let (head, root) = (world.engine.head(), world.state().rebuilt_root());
    let refused = world.engine.execute_verified(&mut world.bank, &verified).unwrap_err();
    assert_eq!(refused.code().as_str(), "CMD003");
    assert_eq!((world.engine.head(), world.state().rebuilt_root()), (head, root));
}

#[test]
fn burns_are_halted_without_a_price_and_without_collateral() {
    let mut silent = world();
    silent.end();
    silent.price = None;
    silent.begin();
    for (name, coin) in [("mint", coin("100AKT")), ("redeem", coin("100ACT"))] {
        let signed = silent.sign("bob", Command::Burn(coin));
        refused(&mut silent, "BME004", name, &signed);
    }
    let mut poor = world();
    poor.end();
    poor.price = Some("0.4".parse().unwrap());
    poor.begin();
    let signed = poor.sign("bob", Command::Burn(coin("100AKT")));
    refused(&mut poor, "BME004", "20,000 AKT at 0.4 for 9,000 ACT", &signed);
    poor.must("bob", Command::Burn(coin("100ACT")));
}

#[test]
fn burns_that_give_nothing_or_too_much_are_refused() {
    for (price, burned) in [("3", uact(1)), ("0.000000000000000001", coin("999ACT"))] {
        let mut world = world();
        world.end();
        world.price = Some(price.parse().unwrap());
        world.begin();
        let signed = world.sign("bob", Command::Burn(burned));
        refused(&mut world, "BME006", price, &signed);
    }
}

#[test]
fn an_auction_beyond_the_last_block_is_refused() {
    let mut params = params();
    params.order.bid_window = BlockSpan::from_blocks(BlockHeight::MAX.to_u64());
    let mut chain = Chain::with(params);
    chain.begin();
    let signed = chain.sign("alice", Command::CreateDeployment(one(1)));
    refused(&mut chain, "ORD007", "a window of 2^48 blocks", &signed);
}

#[test]
fn a_provider_has_no_more_auditors_than_the_limit() {
    let name = |number: usize| format!("auditor-{number}");
    let auditors = (0..33).map(|number| (name(number), address(&name(number))));
    let genesis = Genesis { auditors: auditors.collect(), ..genesis(params()) };
    let mut chain = Chain::of(&genesis);
    chain.register(&["p1"]);
    for number in 0..32 {
        chain.must(&name(number), rows::attest("p1"));
    }
    let signed = chain.sign(&name(32), rows::attest("p1"));
    refused(&mut chain, "PRF001", "the 33rd", &signed);
    chain.must(&name(0), rows::attest("p1"));
}

#[test]
fn one_account_cannot_fill_the_queue_of_burns() {
    let mut params = params();
    params.bme.requests_per_owner_max = 2;
    let mut chain = Chain::with(params);
    for _ in 0..2 {
        chain.must("alice", Command::Burn(coin("20AKT")));
    }
    let signed = chain.sign("alice", Command::Burn(coin("20AKT")));
    refused(&mut chain, "BME009", "alice's third", &signed);
    chain.must("bob", Command::Burn(coin("20AKT")));
}

#[test]
fn no_more_burns_wait_than_the_limit() {
    let mut params = params();
    params.bme.requests_waiting_max = 1;
    params.bme.epoch_blocks_min = BlockSpan::from_blocks(1);
    let mut chain = Chain::with(params);
    chain.must("alice", Command::Burn(coin("20AKT")));
    let signed = chain.sign("bob", Command::Burn(coin("20AKT")));
    refused(&mut chain, "BME008", "the second in one block", &signed);
    chain.end();
    chain.begin();
    chain.must("bob", Command::Burn(coin("20AKT")));
}

#[test]
fn nothing_is_executed_between_blocks() {
    let mut chain = Chain::new();
    let signed = chain.sign_with("p1", 1, BlockHeight::MAX, register(vec![]));
    let head = chain.engine.head();
    let refused = chain.engine.execute(&mut chain.bank, &signed).unwrap_err();
    assert_eq!((refused.code().as_str(), refused.is_transient()), ("BLK001", true));
    let ended = chain.engine.end_block(&mut chain.bank).unwrap_err();
    assert_eq!(ended, BlockError::NotOpen);
    assert_eq!(chain.engine.head(), head);
    chain.begin();
    assert!(chain.engine.execute(&mut chain.bank, &signed).is_ok(), "the same command, later");
}

#[test]
fn blocks_open_in_order_or_not_at_all() {
    let mut chain = Chain::new();
    chain.end();
    let sound = chain.next_context();
    let height = |height| undercut::BlockContext { height: BlockHeight::new(height), ..sound };
    let early = undercut_primitives::BlockTime::from_unix_seconds(0);
    let rows = [
        ("BLK003", height(1)),
        ("BLK003", height(3)),
        ("BLK003", height(u64::MAX)),
        ("BLK004", undercut::BlockContext { time: early, ..sound }),
    ];
    let head = chain.engine.head();
    for (code, context) in rows {
        let refused = chain.engine.begin_block(context).unwrap_err();
        assert_eq!(refused.code().as_str(), code, "{refused}");
        assert_eq!(chain.engine.head(), head);
    }
    chain.begin();
    assert_eq!(chain.engine.begin_block(sound).unwrap_err().code().as_str(), "BLK002");
}

/// A bank that says it has the money and does not pay.
#[derive(Clone, Debug, Default)]
struct LyingBank(MemoryBank);

impl Bank for LyingBank {
    fn balance(&self, _: &Address, _: &Denom) -> Amount {
        Amount::from_micro(1 << 90)
    }

    fn post(&mut self, posting: &Posting) -> Result<(), BankRefused> {
        self.0.post(posting)
    }
}

#[test]
fn a_bank_that_breaks_its_word_stops_the_engine_for_good() {
    let mut bank = LyingBank::default();
    let (mut engine, _) = Engine::new(&genesis(params()), &mut bank).unwrap();
    let chain = Chain::with(params());
    engine.begin_block(chain.next_context()).unwrap();
    let create = Command::CreateDeployment(deployment(1, &[("west", "1uact")], "2000ACT"));
    let signed = chain.sign_with("alice", 1, BlockHeight::MAX, create);
    let refused = engine.execute(&mut bank, &signed).unwrap_err();
    assert!(matches!(&refused, Rejection::Block(BlockError::Bank(_))), "{refused}");
    assert_eq!(refused.code().as_str(), "BLK005");
    let sound = chain.sign_with("p1", 1, BlockHeight::MAX, register(vec![]));
    let stopped = engine.execute(&mut bank, &sound).unwrap_err();
    assert_eq!((stopped.code().as_str(), stopped.is_transient()), ("BLK008", false));
    assert_eq!(engine.end_block(&mut bank).unwrap_err(), BlockError::Stopped);
    assert_eq!(engine.begin_block(chain.next_context()).unwrap_err(), BlockError::Stopped);
}

#[test]
fn every_code_in_the_sources_is_provoked_or_out_of_reach_for_a_reason() {
    let errors = [
        "crates/market/src/error.rs",
        "crates/orderbook/src/error.rs",
        "crates/bidding/src/error.rs",
        "crates/bidding/src/profile.rs",
        "crates/ledger/src/allowance.rs",
        "crates/ledger/src/error.rs",
        "crates/ledger/src/oracle/error.rs",
        "crates/ledger/src/bme/error.rs",
    ];
    let text = |path: &str| tree::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let catalogue: BTreeSet<String> =
        errors.iter().flat_map(|path| source::codes(&text(path))).collect();
    let here = ["main", "rows", "later_rows"].map(|name| format!("tests/rejections/{name}.rs"));
    let reached: BTreeSet<String> =
        here.iter().flat_map(|path| source::codes(&text(path))).collect();
    let missing: Vec<_> = catalogue.difference(&reached).collect();
    assert!(missing.is_empty(), "add a row, or a reason to OUT_OF_REACH, for {missing:?}");
    let unknown: Vec<_> = reached.difference(&catalogue).collect();
    assert!(unknown.is_empty(), "no source has the codes {unknown:?} that this file expects");
    assert!(OUT_OF_REACH.iter().all(|(_, reason)| !reason.is_empty()));
}
