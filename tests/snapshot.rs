//! Snapshots: an engine that stopped and came back from one is the engine that never stopped.
//!
//! | what is lost or altered | noticed by |
//! | --- | --- |
//! | bytes of a snapshot | [`Snapshot::decode`], or the state root |
//! | an entry, its value, its name, its order | [`State::from_entries`], or the state root |
//! | the seal, its place, the seals before it | [`Engine::restore`], or the head |

use std::collections::BTreeSet;
use std::sync::LazyLock;

use proptest::prelude::*;
use undercut::replay::Replay;
use undercut::{Command, Engine, Event, Params, Snapshot, SnapshotError, State, StateKey};
use undercut_ledger::log::{Reader, Record};
use undercut_ledger::{EscrowAccount, MemoryBank};
use undercut_orderbook::{AwardMode, NewDeployment};
use undercut_primitives::codec::Canonical;
use undercut_primitives::{Amount, BlockSpan, Coin, Decimal, Digest};
use undercut_simulation::{InOrder, Scenario, World};
use undercut_tests::chain::{
    Chain, address, bid, bid_id, deployment, deployment_id, lease_id, order_id, provider,
};
use undercut_tests::story::story;

static STORY: LazyLock<Chain> = LazyLock::new(story);

/// Snapshot, bytes, and back.
fn restarted(engine: &Engine) -> Engine {
    let snapshot = engine.snapshot().unwrap();
    assert_eq!(snapshot.head(), Ok(engine.head()));
    let bytes = snapshot.encode().unwrap();
    let read = Snapshot::decode(&bytes).unwrap();
    assert_eq!(read, snapshot);
    Engine::restore(read).unwrap()
}

/// Runs an engine on the blocks of a log, which gets every block back, and stops and comes back
/// after those that `stops` names; expects the same records.
fn rerun(records: &[Record<Event>], stops: impl Fn(u64) -> bool) -> (Engine, MemoryBank) {
    let Event::Genesis(genesis) = &records[0].event else { panic!("no genesis") };
    let mut bank = MemoryBank::default();
    let (mut engine, outcome) = Engine::new(genesis, &mut bank).unwrap();
    let mut written = outcome.records;
    for record in records {
        match &record.event {
            Event::BlockOpened(context) => engine.begin_block(*context).unwrap(),
            Event::CommandAccepted(command) => {
                engine.execute(&mut bank, command).unwrap();
            }
            Event::BlockSealed(seal) => {
                if seal.index > 0 {
                    let outcome = engine.end_block(&mut bank).unwrap();
                    written.extend(outcome.records.iter().cloned());
                    engine.reuse(outcome);
                }
                if stops(seal.index) {
                    engine = restarted(&engine);
                    bank = MemoryBank::from_bytes(&bank.to_bytes().unwrap()).unwrap();
                }
            }
            _ => {}
        }
    }
    assert_eq!(written.len(), records.len());
    let other = written.iter().zip(records).find(|(written, record)| written != record);
    assert_eq!(other, None);
    (engine, bank)
}

fn played(seed: u64, blocks: u64) -> Vec<Record<Event>> {
    let mut world = World::new(&Scenario::first_market(seed)).unwrap();
    for _ in 0..blocks {
        world.step(&InOrder).unwrap();
    }
    Reader::new(world.log()).map(|record| record.unwrap()).collect()
}

#[test]
fn an_engine_that_comes_back_after_every_block_of_the_story_writes_the_same_records() {
    let (engine, bank) = rerun(&STORY.records, |_| true);
    assert_eq!((engine.head(), bank), (STORY.engine.head(), STORY.bank.clone()));
    assert_eq!(engine.state().rebuilt_root(), STORY.state_root());
}

#[test]
fn an_engine_that_came_back_once_writes_the_same_records_to_the_end() {
    for stop in (0..STORY.height()).step_by(9) {
        let (engine, bank) = rerun(&STORY.records, |block| block == stop);
        assert_eq!((engine.head(), &bank), (STORY.engine.head(), &STORY.bank), "{stop}");
    }
}

#[test]
fn simulated_markets_go_on_after_every_block() {
    for seed in [1, 2] {
        rerun(&played(seed, 60), |_| true);
    }
}

#[test]
fn the_state_is_its_entries_after_every_block() {
    let mut replay = Replay::default();
    let mut kinds = BTreeSet::new();
    for record in &STORY.records {
        replay.apply(record).unwrap();
        let Event::BlockSealed(seal) = record.event else { continue };
        let entries = replay.state().unwrap().entries().unwrap();
        let keys = entries.iter().map(|(key, _)| key);
        kinds.extend(keys.map(|key| key.encode().unwrap()[0]));
        let mut state = State::from_entries(entries.clone()).unwrap();
        assert_eq!(state.rebuilt_root(), seal.state_root);
        assert_eq!(state.root(), seal.state_root);
        assert_eq!(state.entries().unwrap(), entries);
    }
    assert_eq!(kinds.len(), 16, "the story meets every kind of entry");
}

#[test]
fn a_log_replays_from_a_snapshot_and_the_engine_goes_on() {
    let seals = STORY.records.iter().filter(|r| matches!(r.event, Event::BlockSealed(_)));
    let seals: Vec<u64> = seals.map(|record| record.sequence).collect();
    let mut replay = Replay::default();
    let mut snapshots = Vec::new();
    for record in &STORY.records {
        replay.apply(record).unwrap();
        if seals.contains(&record.sequence) {
            let engine = replay.clone().into_engine().unwrap();
            assert_eq!(engine.head().hash, record.hash);
            snapshots.push((record.sequence + 1, engine.snapshot().unwrap()));
        } else {
            let refused = replay.clone().into_engine().unwrap_err();
            assert_eq!(refused, SnapshotError::WithinBlock);
        }
    }
    for (next, snapshot) in snapshots.into_iter().step_by(7) {
        let mut replay = Replay::from_snapshot(snapshot).unwrap();
        for record in &STORY.records[usize::try_from(next).unwrap()..] {
            replay.apply(record).unwrap();
        }
        assert_eq!(replay.sealed(), STORY.engine.head());
        let mut chain = STORY.clone();
        chain.engine = replay.into_engine().unwrap();
        let mut other = STORY.clone();
        assert_eq!((chain.end(), chain.engine.head()), (other.end(), other.engine.head()));
    }
}

#[test]
fn a_replay_before_genesis_and_an_open_block_have_no_snapshot() {
    assert_eq!(Replay::default().into_engine().unwrap_err(), SnapshotError::WithinBlock);
    let mut chain = Chain::new();
    chain.begin();
    assert_eq!(chain.engine.snapshot(), Err(SnapshotError::WithinBlock));
    assert_eq!(chain.engine.prove(&StateKey::Genesis), None);
    chain.end();
    assert!(chain.engine.snapshot().is_ok() && chain.engine.prove(&StateKey::Genesis).is_some());
}

/// A market with few places, short windows and a cap on redemptions, so that rules about what was
/// before in a block or an epoch have something to say.
fn narrow() -> Params {
    let mut params = Params::default();
    params.bid.bids_max = 2;
    params.order.bid_window = BlockSpan::from_blocks(3);
    params.bme.redeem_new_uakt_per_epoch_max = Some(Amount::from_micro(30_000_000));
    params.bme.requests_per_epoch_max = 2;
    params.governance.authority = Some(address("auditor"));
    params.governance.delay = BlockSpan::from_blocks(2);
    params
}

#[derive(Clone, Debug)]
enum Step {
    Send(usize, Box<Command>),
    End,
    Price(Option<u32>),
}

const PROVIDERS: [&str; 5] = ["p1", "p2", "p3", "p4", "p5"];
const TENANTS: [&str; 3] = ["alice", "bob", "carol"];

fn command() -> impl Strategy<Value = (usize, Command)> {
    let order = (0..3_usize, 1..4_u64, 1..3_u32, 1..3_u32)
        .prop_map(|(tenant, dseq, gseq, oseq)| order_id(TENANTS[tenant], dseq, gseq, oseq));
    let priced = (order, 0..5_usize, 1..40_u32);
    let new = (1..4_u64, 0..3_u64, any::<bool>()).prop_map(|(dseq, grace, chooses)| {
        let groups = [("west", "100000uact"), ("east", "90000uact")];
        let new = deployment(dseq, &groups, "600000uact");
        let award = if chooses { AwardMode::TenantChooses } else { AwardMode::LowestPrice };
        let grace = BlockSpan::from_blocks(grace * 4);
        Command::CreateDeployment(NewDeployment { award, grace, ..new })
    });
    let burn = (any::<bool>(), 1..60_u32).prop_map(|(redeems, million)| {
        let micro = u128::from(million) * 1_000_000;
        Command::Burn(if redeems { Coin::uact(micro) } else { Coin::uakt(micro) })
    });
    let places = (1..4_u32).prop_map(|places| {
        let mut params = narrow();
        params.bid.bids_max = places;
        Command::ChangeParams(Box::new(params))
    });
    prop_oneof![
        3 => (0..3_usize, new),
        9 => priced.clone().prop_map(|(order, who, price)| {
            (who + 3, Command::CreateBid(bid(order, &format!("{price}000uact"))))
        }),
        2 => priced.clone().prop_map(|(order, who, price)| {
            let price = format!("{price}00uact").parse().unwrap();
            (who + 3, Command::RepriceBid { bid: bid_id(order, PROVIDERS[who]), price })
        }),
        1 => priced.clone().prop_map(|(order, who, _)| {
            (who + 3, Command::CloseBid(bid_id(order, PROVIDERS[who])))
        }),
        1 => (0..3_usize, priced.clone()).prop_map(|(tenant, (order, who, _))| {
            (tenant, Command::CreateLease(bid_id(order, PROVIDERS[who])))
        }),
        1 => priced.prop_map(|(order, who, _)| {
            (who + 3, Command::Withdraw(lease_id(order, PROVIDERS[who])))
        }),
        1 => (0..3_usize, 0..3_usize, 1..4_u64).prop_map(|(payer, tenant, dseq)| {
            let id = deployment_id(TENANTS[tenant], dseq);
            (payer, Command::deposit(id, Coin::uact(500_000)))
        }),
        2 => (0..8_usize, burn),
        1 => (0..3_usize, 1..9_u64).prop_map(|(who, id)| (who, Command::CancelBurn(id))),
        1 => places.prop_map(|change| (8, change)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => command().prop_map(|(who, command)| Step::Send(who, Box::new(command))),
        3 => Just(Step::End),
        1 => prop::option::weighted(0.7, 30..200_u32).prop_map(Step::Price),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..Default::default() })]

    /// What is refused is refused too: accepted commands alone stand in a log.
    #[test]
    fn who_comes_back_after_every_block_answers_every_command_alike(
        steps in prop::collection::vec(step(), 40..120),
    ) {
        let names = TENANTS.iter().chain(&PROVIDERS).chain(&["auditor"]);
        let names: Vec<&str> = names.copied().collect();
        let mut stays = Chain::with(narrow());
        stays.register(&PROVIDERS);
        stays.end();
        let mut returns = stays.clone();
        returns.engine = restarted(&returns.engine);
        for step in steps {
            match step {
                Step::Send(who, command) => {
                    let one = stays.send(names[who], (*command).clone());
                    prop_assert_eq!(one, returns.send(names[who], *command));
                }
                Step::Price(cents) => {
                    let price = cents.map(|cents| Decimal::from_basis_points(cents * 100));
                    (stays.price, returns.price) = (price, price);
                }
                Step::End => {
                    prop_assert_eq!(stays.end(), returns.end());
                    prop_assert_eq!(stays.engine.head(), returns.engine.head());
                    returns.engine = restarted(&returns.engine);
                }
            }
        }
        prop_assert_eq!(stays.end(), returns.end());
        prop_assert_eq!(stays.engine.head(), returns.engine.head());
        prop_assert_eq!(stays.bank, returns.bank);
    }
}

#[test]
fn a_full_book_is_full_for_who_comes_back() {
    let mut chain = Chain::with(narrow());
    chain.register(&PROVIDERS);
    let new = deployment(1, &[("west", "1000uact")], "1ACT");
    chain.must("alice", Command::CreateDeployment(new));
    chain.end();
    let order = order_id("alice", 1, 1, 1);
    chain.bids(order, &[("p1", "20uact"), ("p2", "30uact")]);
    chain.end();
    chain.engine = restarted(&chain.engine);
    let worse = chain.send("p3", Command::CreateBid(bid(order, "31uact"))).unwrap_err();
    assert_eq!(worse.code().as_str(), "BID011");
    chain.bids(order, &[("p4", "29uact")]);
    chain.end();
    assert!(chain.state().bids().bid(&bid_id(order, "p2")).unwrap().was_evicted());
}

/// A market of every kind of entry that has one of its own, small enough to be tried bit by bit.
fn small() -> Snapshot {
    let mut chain = Chain::new();
    chain.register(&["p1", "p2"]);
    let new = deployment(1, &[("west", "1000uact")], "1ACT");
    chain.must("alice", Command::CreateDeployment(new));
    let order = order_id("alice", 1, 1, 1);
    chain.bids(order, &[("p1", "20uact"), ("p2", "30uact")]);
    chain.end_at(7);
    assert!(chain.state().escrow().lease(&lease_id(order, "p1")).is_some());
    chain.engine.snapshot().unwrap()
}

#[test]
fn every_altered_byte_of_a_snapshot_is_noticed() {
    let snapshot = small();
    let bytes = snapshot.encode().unwrap();
    let head = snapshot.head();
    for at in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[at] ^= 1 << (at % 8);
        let Ok(read) = Snapshot::decode(&altered) else { continue };
        // What is left to who makes up a whole other seal is another head.
        let other = read.head();
        assert!(other != head || Engine::restore(read).is_err(), "byte {at}");
    }
    for length in 0..bytes.len() {
        let refused = Snapshot::decode(&bytes[..length]).unwrap_err();
        assert_eq!(refused.code().as_str(), "SNP004", "{length}: {refused}");
    }
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(Snapshot::decode(&longer).unwrap_err().code().as_str(), "SNP004");
    let newer = [&[2], &bytes[1..]].concat();
    assert_eq!(Snapshot::decode(&newer).unwrap_err().code().as_str(), "SNP003");
}

#[test]
fn a_snapshot_that_does_not_fit_its_seal_is_refused() {
    let bytes = small().encode().unwrap();
    // Where the place has: height, number of the seal, state root, history, the first peak.
    for (at, code) in
        [(20, "SNP012"), (28, "SNP005"), (76, "SNP013"), (140, "SNP005"), (188, "SNP005")]
    {
        let mut altered = bytes.clone();
        altered[at] ^= 1;
        let refused = Engine::restore(Snapshot::decode(&altered).unwrap()).unwrap_err();
        assert_eq!(refused.code().as_str(), code, "at {at}: {refused}");
    }
    let mut moved = bytes;
    moved[12] ^= 1;
    let moved = Snapshot::decode(&moved).unwrap();
    assert_ne!(moved.head(), small().head(), "another place in the log is another head");
}

#[test]
fn an_engine_that_stopped_has_no_snapshot() {
    let mut chain = Chain::new();
    chain.register(&["p1"]);
    let new = deployment(1, &[("west", "1000uact")], "1ACT");
    chain.must("alice", Command::CreateDeployment(new));
    // The bank has lost what is in escrow, so the deposit cannot be given back when nobody bids.
    let mut bank = MemoryBank::default();
    while chain.engine.end_block(&mut bank).is_ok() {
        assert!(chain.engine.snapshot().is_ok());
        chain.engine.begin_block(chain.next_context()).unwrap();
        assert!(chain.height() < 20, "the auction is over");
    }
    assert_eq!(chain.engine.snapshot(), Err(SnapshotError::Stopped));
}

type Entries = Vec<(StateKey, Vec<u8>)>;

fn refused(entries: Entries) -> &'static str {
    State::from_entries(entries).map_or_else(|error| error.code().as_str(), |_| "ok")
}

#[test]
fn entries_that_cannot_stand_together_are_refused() {
    let genuine = small().entries().to_vec();
    let place = |of: fn(&StateKey) -> bool| genuine.iter().position(|(key, _)| of(key)).unwrap();
    let without = |of: fn(&StateKey) -> bool| {
        let mut entries = genuine.clone();
        entries.remove(place(of));
        refused(entries)
    };
    for single in 0..4 {
        let mut entries = genuine.clone();
        entries.remove(single);
        assert_eq!(refused(entries), "SNP010", "{single}");
    }
    assert_eq!(without(|key| matches!(key, StateKey::Deployment(_))), "SNP011");
    assert_eq!(without(|key| matches!(key, StateKey::Group(_))), "SNP011");
    assert_eq!(without(|key| matches!(key, StateKey::Order(_))), "SNP011");
    assert_eq!(
        without(|key| matches!(key, StateKey::Bid(id) if id.provider == provider("p1"))),
        "SNP011"
    );
    assert_eq!(without(|key| matches!(key, StateKey::Account(_))), "SNP011");
    assert_eq!(without(|key| matches!(key, StateKey::Lease(_))), "SNP011");
    for at in 0..genuine.len() - 1 {
        let mut entries = genuine.clone();
        entries.swap(at, at + 1);
        assert_eq!(refused(entries), "SNP006");
        let mut entries = genuine.clone();
        entries.insert(at, genuine[at].clone());
        assert_eq!(refused(entries), "SNP006");
        let mut entries = genuine.clone();
        entries[at].1.push(0);
        assert_eq!(refused(entries), "SNP008");
    }
    let bids = place(|key| matches!(key, StateKey::Bid(_)));
    let mut entries = genuine.clone();
    let value = entries[bids + 1].1.clone();
    entries[bids].1 = value;
    assert_eq!(refused(entries), "SNP009");
    assert_eq!(refused(genuine), "ok");
}

#[test]
fn no_bit_of_an_entry_makes_a_panic_and_none_goes_unnoticed() {
    let snapshot = small();
    let root = snapshot.last().seal.seal.state_root;
    for (at, (_, value)) in snapshot.entries().iter().enumerate() {
        for bit in (0..value.len() * 8).step_by(5) {
            let mut entries = snapshot.entries().to_vec();
            entries[at].1[bit / 8] ^= 1 << (bit % 8);
            if let Ok(mut state) = State::from_entries(entries) {
                assert_ne!(state.root(), root, "bit {bit} of entry {at}");
            }
        }
    }
}

#[test]
fn every_entry_is_proved_against_the_seal_and_no_other_value() {
    let mut engine = STORY.engine.clone();
    let root = STORY.state_root();
    for (key, value) in engine.snapshot().unwrap().entries() {
        let proof = engine.prove(key).unwrap();
        assert!(proof.holds(&root) && proof.value == *value && proof.key == *key);
        let bytes = proof.encode().unwrap();
        assert_eq!(Canonical::decode(&bytes, bytes.len()), Ok(proof.clone()));
        let mut forged = proof.clone();
        forged.value[0] ^= 1;
        assert!(!forged.holds(&root));
        let key = StateKey::Nonce(address("nobody"));
        assert!(!undercut::StateEntryProof { key, ..proof }.holds(&root));
    }
    assert_eq!(engine.prove(&StateKey::Nonce(address("nobody"))), None);
    let id = deployment_id("bob", 3);
    let proof = engine.prove(&StateKey::Account(id)).unwrap();
    assert_eq!(
        proof.decode::<EscrowAccount>(),
        Ok(engine.state().escrow().account(&id).unwrap().into_owned())
    );
    assert!(!proof.holds(&Digest::ZERO));
}
