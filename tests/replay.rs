//! Logs against tampering: what the reader, the fold and the re-deciding replay notice, and where.
//!
//! | attacker | noticed by |
//! | --- | --- |
//! | changes, moves, drops or repeats bytes or frames | [`Reader`], at the record |
//! | does so and computes all later hashes anew | [`replay_commands`], at the first bad record |
//! | does so and the event cannot follow | [`Replay`] too |
//! | writes any event whatever | nobody panics |

use std::collections::BTreeSet;
use std::sync::LazyLock;

use proptest::prelude::*;
use undercut::replay::{Block, Diverged, Replay, replay, replay_commands};
use undercut::{Engine, Event};
use undercut_ledger::MemoryBank;
use undercut_ledger::log::{BODY_BYTES_MAX, LogBroken, Reader, Record};
use undercut_orderbook::OrderEvent;
use undercut_primitives::codec::Canonical;
use undercut_primitives::{Amount, BlockHeight, Digest};
use undercut_tests::chain::{Chain, deployment_id, genesis};
use undercut_tests::forge::{self, Said};
use undercut_tests::story::{UNTOLD, params, story};
use undercut_tests::tree;

static STORY: LazyLock<Chain> = LazyLock::new(story);

fn said() -> Vec<Said> {
    forge::unchain(&STORY.records)
}

fn read(log: &[u8]) -> (u64, Option<LogBroken>) {
    let mut reader = Reader::<Event>::new(log);
    let broken = reader.by_ref().find_map(Result::err);
    (reader.head().records, broken)
}

fn fold(records: &[Record<Event>]) -> Result<Digest, Box<Diverged>> {
    let mut replay = Replay::default();
    for record in records {
        replay.apply(record)?;
    }
    Ok(replay.state_root())
}

fn decide_again(records: &[Record<Event>]) -> Result<Engine, Box<Diverged>> {
    Ok(replay_commands(&mut MemoryBank::default(), records)?)
}

/// The record that a divergence names.
fn named(diverged: &Diverged) -> u64 {
    match diverged {
        Diverged::NoGenesis | Diverged::Genesis(_) => 0,
        Diverged::Event { sequence, .. }
        | Diverged::Root { sequence, .. }
        | Diverged::Block { sequence, .. }
        | Diverged::Command { sequence, .. }
        | Diverged::Record { sequence } => *sequence,
        other => panic!("a new kind of divergence: {other:?}"),
    }
}

fn position(of: fn(&Event) -> bool) -> usize {
    let mut records = STORY.records.iter();
    records.position(|record| of(&record.event)).expect("the story has such an event")
}

#[test]
fn the_story_meets_every_kind_of_event() {
    let told: BTreeSet<&str> = STORY.records.iter().map(|record| record.event.kind()).collect();
    let source = tree::read("crates/market/src/event.rs").unwrap();
    let named = |line: &str| Some(line.split_once("=> \"")?.1.split('"').next()?.to_owned());
    let kinds: BTreeSet<String> = source.lines().filter_map(named).collect();
    assert!(kinds.len() > 40 && told.iter().all(|kind| kinds.contains(*kind)), "{kinds:?}");
    let untold: Vec<&String> = kinds.iter().filter(|kind| !told.contains(kind.as_str())).collect();
    assert_eq!(untold, UNTOLD);
}

#[test]
fn what_the_engine_wrote_reads_back_record_by_record() {
    let records: Result<Vec<_>, _> = Reader::<Event>::new(&STORY.log).collect();
    assert_eq!(records.unwrap(), STORY.records);
    assert_eq!(read(&STORY.log).1, None);
    assert_eq!(forge::chain(said()), (STORY.records.clone(), STORY.log.clone()));
}

#[test]
fn folding_the_log_gives_the_same_root() {
    let mut replay = Replay::default();
    for record in &STORY.records {
        replay.apply(record).unwrap();
    }
    assert_eq!(replay.state_root(), STORY.state_root());
    assert_eq!(replay.sealed(), STORY.engine.head());
    assert_eq!(replay.seals(), STORY.height() + 1);
    assert_eq!(replay.state().unwrap().rebuilt_root(), STORY.state_root());
}

#[test]
fn deciding_again_and_folding_agree_with_the_engine() {
    let mut bank = MemoryBank::default();
    let engine = replay_commands(&mut bank, &STORY.records).unwrap();
    assert_eq!(engine.head(), STORY.engine.head());
    assert_eq!(engine.state().rebuilt_root(), STORY.state_root());
    assert_eq!(bank, STORY.bank, "the money is where it was");
}

#[test]
fn running_the_blocks_again_gives_the_same_head() {
    let mut blocks: Vec<Block> = Vec::new();
    for record in &STORY.records {
        match &record.event {
            Event::BlockOpened(context) => {
                blocks.push(Block { context: *context, commands: vec![] });
            }
            Event::CommandAccepted(signed) => {
                blocks.last_mut().unwrap().commands.push((**signed).clone());
            }
            _ => {}
        }
    }
    let mut bank = MemoryBank::default();
    let genesis = genesis(params());
    let engine = replay(&genesis, &mut bank, blocks).unwrap();
    assert_eq!((engine.head(), bank), (STORY.engine.head(), STORY.bank.clone()));
}

#[test]
fn one_changed_byte_is_found_in_its_record() {
    let frames = forge::frames(&STORY.log);
    for sequence in 0..frames.len() {
        // Checksum, height, and the last byte of what it says; lengths are tried by the log's own tests.
        for at in [4, 16, frames[sequence].len() - 1] {
            let mut forged = frames.clone();
            forged[sequence][at] ^= 1;
            let (intact, broken) = read(&forge::join(&forged));
            assert_eq!(usize::try_from(intact).unwrap(), sequence);
            assert!(matches!(broken, Some(LogBroken::Frame { .. })), "{sequence}: {broken:?}");
        }
    }
}

type Change = fn(usize, &mut Vec<Vec<u8>>);

#[test]
fn frames_swapped_dropped_or_repeated_are_found_at_the_first_wrong_one() {
    let frames = forge::frames(&STORY.log);
    // What is done to frame `n`, and which frame after it is the first wrong one.
    let rows: [(&str, Change, usize); 3] = [
        ("swapped", |n, frames| frames.swap(n, n + 1), 0),
        ("dropped", |n, frames| drop(frames.remove(n)), 0),
        ("repeated", |n, frames| frames.insert(n, frames[n].clone()), 1),
    ];
    for sequence in 0..frames.len() - 1 {
        for (name, change, after) in rows {
            let mut forged = frames.clone();
            change(sequence, &mut forged);
            let (intact, broken) = read(&forge::join(&forged));
            assert_eq!(usize::try_from(intact).unwrap(), sequence + after, "{name}");
            assert!(matches!(broken, Some(LogBroken::Unfit { .. })), "{name}: {broken:?}");
        }
    }
}

#[test]
fn a_log_cut_between_records_is_shorter_and_says_so_within_a_block() {
    let frames = forge::frames(&STORY.log);
    for length in 0..frames.len() {
        let (records, broken) = read(&forge::join(&frames[..length]));
        assert_eq!(usize::try_from(records).unwrap(), length);
        let seal = length.checked_sub(1).map(|last| &STORY.records[last].event);
        let is_sealed = seal.is_none_or(|event| matches!(event, Event::BlockSealed(_)));
        assert_eq!(
            broken.map(|broken| broken.code().as_str().to_owned()),
            (!is_sealed).then(|| "LOG009".into())
        );
    }
}

/// Expects the re-deciding replay to name the record at `first`; else says what it named.
fn forged_is_named(
    (records, log): (Vec<Record<Event>>, Vec<u8>),
    first: usize,
) -> Result<(), String> {
    if let (intact, Some(broken)) = read(&log) {
        // The forger computed every hash anew: what is left to notice is a record of another block
        // than its neighbours, and what is not sealed.
        assert!(matches!(broken.code().as_str(), "LOG009" | "LOG015"), "{broken}");
        assert!(usize::try_from(intact).unwrap() >= first, "record {first}: {broken}");
    }
    match decide_again(&records) {
        Ok(_) => Err("nothing was noticed".into()),
        Err(diverged) if usize::try_from(named(&diverged)).unwrap() == first => Ok(()),
        Err(diverged) => Err(format!("expected record {first}, found {diverged}")),
    }
}

/// Tries rows of forged events by a forger of hashes and roots.
fn all_named(rows: impl IntoIterator<Item = (String, Vec<Said>, usize)>) {
    let mut missed = Vec::new();
    for (name, said, first) in rows {
        let mut forged = forge::reseal(said.clone());
        if forged.0 == STORY.records {
            // Who replaces a root and then computes it anew has changed nothing.
            forged = forge::chain(said);
        }
        if let Err(why) = forged_is_named(forged, first) {
            missed.push(format!("{name}: {why}"));
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

/// Every third place from the first: each forged log is decided again from its start, so trying all
/// places takes the square of the story's length.
fn places(count: usize) -> impl Iterator<Item = usize> {
    (0..count).step_by(3)
}

#[test]
fn a_dropped_record_is_named_even_when_all_hashes_are_made_anew() {
    let last = STORY.records.len() - 1;
    all_named(places(last).map(|n| {
        let mut said = said();
        let (_, event) = said.remove(n);
        (format!("{n} {}", event.kind()), said, n)
    }));
}

#[test]
fn a_repeated_record_is_named_even_when_all_hashes_are_made_anew() {
    all_named(places(STORY.records.len()).map(|n| {
        let mut said = said();
        said.insert(n, said[n].clone());
        (format!("{n} {}", said[n].1.kind()), said, n + 1)
    }));
}

#[test]
fn swapped_records_are_named_even_when_all_hashes_are_made_anew() {
    let last = STORY.records.len() - 1;
    let rows = places(last).filter(|n| STORY.records[*n].event != STORY.records[*n + 1].event);
    all_named(rows.map(|n| {
        let mut said = said();
        said.swap(n, n + 1);
        (format!("{n} {}", said[n].1.kind()), said, n)
    }));
}

#[test]
fn a_record_under_another_height_is_named_even_when_all_hashes_are_made_anew() {
    all_named(places(STORY.records.len()).map(|n| {
        let mut said = said();
        said[n].0 = BlockHeight::new(said[n].0.to_u64() + 1);
        (format!("{n} {}", said[n].1.kind()), said, n)
    }));
}

#[test]
fn a_replaced_record_is_named_even_when_all_hashes_are_made_anew() {
    // Every record that the engine decided, replaced by another plausible one.
    let genuine = said();
    let is_input = |event: &Event| {
        matches!(event, Event::Genesis(_) | Event::BlockOpened(_) | Event::CommandAccepted(_))
    };
    let decided = places(genuine.len()).filter(|n| !is_input(&genuine[*n].1));
    all_named(decided.map(|n| {
        let mut said = said();
        said[n].1 = replacement(&said[n].1);
        (format!("{n} {}", said[n].1.kind()), said, n)
    }));
}

/// Another event of the same kind where it has an amount or a root; else one that robs a tenant.
fn replacement(event: &Event) -> Event {
    use undercut_ledger::LedgerEvent;
    let mut other = event.clone();
    match &mut other {
        Event::BlockSealed(seal) => seal.state_root = Digest::ZERO,
        Event::Ledger(LedgerEvent::Withdrawn { coin, .. }) => {
            coin.amount = coin.amount.plus(Amount::from_micro(1)).unwrap();
        }
        Event::Ledger(LedgerEvent::Deposited { deposit, .. }) => {
            deposit.coin.amount = deposit.coin.amount.plus(Amount::from_micro(1)).unwrap();
        }
        Event::Ledger(LedgerEvent::Settled(settlement)) => {
            settlement.to = settlement.to.next().unwrap();
        }
        _ => other = Event::Order(OrderEvent::DeploymentClosed(deployment_id("carol", 77))),
    }
    other
}

#[test]
fn a_command_without_its_signature_is_named() {
    let n = position(|event| matches!(event, Event::CommandAccepted(_)));
    let mut said = said();
    let Event::CommandAccepted(signed) = &mut said[n].1 else { unreachable!() };
    std::sync::Arc::make_mut(signed).nonce += 1;
    let (records, _) = forge::chain(said);
    let diverged = decide_again(&records).unwrap_err();
    assert_eq!((diverged.code().as_str(), named(&diverged)), ("RPL006", n as u64), "{diverged}");
}

#[test]
fn the_fold_refuses_events_that_cannot_follow() {
    // Each row: a record to repeat where it stands. A second time it does not fit the state.
    let rows: [fn(&Event) -> bool; 8] = [
        |e| matches!(e, Event::Order(OrderEvent::DeploymentCreated { .. })),
        |e| matches!(e, Event::Order(OrderEvent::OrderOpened(_))),
        |e| matches!(e, Event::Order(OrderEvent::OrderMatched(_))),
        |e| matches!(e, Event::Bid(undercut_bidding::BidEvent::BidPlaced(_))),
        |e| matches!(e, Event::Bid(undercut_bidding::BidEvent::BidLost { .. })),
        |e| matches!(e, Event::Ledger(undercut_ledger::LedgerEvent::AccountOpened { .. })),
        |e| matches!(e, Event::Ledger(undercut_ledger::LedgerEvent::LeaseSigned(_))),
        |e| matches!(e, Event::Ledger(undercut_ledger::LedgerEvent::Withdrawn { .. })),
    ];
    for (row, of) in rows.into_iter().enumerate() {
        let (n, mut said) = (position(of), said());
        said.insert(n, said[n].clone());
        let (records, _) = forge::chain(said);
        let diverged = fold(&records).unwrap_err();
        assert_eq!(diverged.code().as_str(), "RPL003", "row {row}: {diverged}");
        assert_eq!(named(&diverged), n as u64 + 1, "row {row}: {diverged}");
    }
}

#[test]
fn the_fold_finds_a_changed_amount_at_the_seal_of_its_block() {
    let n =
        position(|e| matches!(e, Event::Ledger(undercut_ledger::LedgerEvent::Deposited { .. })));
    let mut said = said();
    said[n].1 = replacement(&said[n].1);
    let (records, _) = forge::chain(said);
    let diverged = fold(&records).unwrap_err();
    assert_eq!(diverged.code().as_str(), "RPL004", "{diverged}");
    let seals = STORY.records[n..].iter();
    let seal = seals.clone().find(|r| matches!(r.event, Event::BlockSealed(_))).unwrap();
    assert_eq!(named(&diverged), seal.sequence);
}

#[test]
fn a_seal_of_another_height_does_not_pass_the_fold() {
    let three = BlockHeight::new(3);
    let is_it = |said: &Said| said.0 == three && matches!(said.1, Event::BlockSealed(_));
    let n = said().iter().position(is_it).unwrap();
    for forged_height in [0, 2, 4] {
        let mut said = said();
        said[n].0 = BlockHeight::new(forged_height);
        let (records, log) = forge::reseal(said);
        assert_eq!(read(&log).1.unwrap().code().as_str(), "LOG015");
        let diverged = fold(&records).expect_err("the seal of block 3 names another block");
        assert_eq!(named(&diverged), n as u64, "{diverged}");
    }
}

#[test]
fn blocks_left_out_opened_twice_or_before_their_time_do_not_pass_the_fold() {
    let opened = |height: u64| {
        let height = BlockHeight::new(height);
        let is_it = |event: &Event| matches!(event, Event::BlockOpened(c) if c.height == height);
        STORY.records.iter().position(|record| is_it(&record.event)).unwrap()
    };
    let (second, third, fourth) = (opened(2), opened(3), opened(4));
    let fold_of = |change: &dyn Fn(&mut Vec<forge::Said>)| {
        let mut said = said();
        change(&mut said);
        fold(&forge::reseal(said).0).expect_err("the blocks do not follow each other")
    };
    // Block 3 is missing: block 4 opens where it stood.
    let missing = fold_of(&|said| drop(said.drain(third..fourth)));
    assert_eq!((missing.code().as_str(), named(&missing)), ("RPL005", third as u64), "{missing}");
    // Block 3 opens before block 2 is sealed.
    let unsealed = fold_of(&|said| drop(said.remove(third - 1)));
    assert_eq!(unsealed.code().as_str(), "RPL005", "{unsealed}");
    assert_eq!(named(&unsealed), third as u64 - 1, "{unsealed}");
    // A record stands between a seal and the next block.
    let between = fold_of(&|said| {
        let record = said[second + 1].clone();
        said.insert(third, record);
    });
    assert_eq!((between.code().as_str(), named(&between)), ("RPL005", third as u64), "{between}");
    // Time runs back.
    let early = fold_of(&|said| {
        let Event::BlockOpened(context) = &mut said[third].1 else { unreachable!() };
        context.time = undercut_primitives::BlockTime::from_unix_seconds(0);
    });
    assert_eq!((early.code().as_str(), named(&early)), ("RPL005", third as u64), "{early}");
}

#[test]
fn a_deployment_that_claims_more_groups_than_it_names_is_refused() {
    let n = position(|e| matches!(e, Event::Order(OrderEvent::DeploymentCreated { .. })));
    let mut said = said();
    let Event::Order(OrderEvent::DeploymentCreated { deployment, .. }) = &mut said[n].1 else {
        unreachable!()
    };
    deployment.groups += 1;
    let (records, _) = forge::reseal(said);
    let diverged = fold(&records).unwrap_err();
    assert_eq!((diverged.code().as_str(), named(&diverged)), ("RPL003", n as u64), "{diverged}");
}

#[test]
fn forged_records_after_the_last_seal_are_named() {
    let mut said = said();
    let context = STORY.next_context();
    let first = said.len();
    said.push((context.height, Event::BlockOpened(context)));
    let forged = Event::Order(OrderEvent::DeploymentClosed(deployment_id("carol", 77)));
    said.push((context.height, forged));
    assert_eq!(forged_is_named(forge::chain(said), first + 1), Ok(()));
}

#[test]
fn a_log_cut_between_records_is_decided_the_same_as_far_as_it_goes() {
    for length in 1..STORY.records.len() {
        let decided = decide_again(&STORY.records[..length]).map(|_| ());
        assert_eq!(decided, Ok(()), "{length} records");
    }
}

#[test]
fn logs_that_start_otherwise_are_no_logs() {
    assert_eq!(decide_again(&[]).unwrap_err().code().as_str(), "RPL001");
    let (headless, _) = forge::chain(said().split_off(1));
    assert_eq!(fold(&headless).unwrap_err().code().as_str(), "RPL001");
    assert_eq!(decide_again(&headless).unwrap_err().code().as_str(), "RPL001");
}

/// An event as a liar would write it: `event` with some bytes of its canonical form changed.
fn lied(event: &Event, changes: &[(usize, u8)]) -> Option<Event> {
    let mut bytes = event.encode().unwrap();
    for (at, value) in changes {
        let at = at % bytes.len();
        bytes[at] = *value;
    }
    Event::decode(&bytes, BODY_BYTES_MAX).ok()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_forged_event_makes_anyone_panic(
        at in 0_usize..1000,
        changes in prop::collection::vec((any::<usize>(), prop_oneof![any::<u8>(), Just(0xff)]), 1..12),
    ) {
        let mut said = said();
        let at = at % said.len();
        let Some(event) = lied(&said[at].1, &changes) else { return Ok(()) };
        said[at].1 = event;
        for (records, log) in [forge::chain(said.clone()), forge::reseal(said)] {
            prop_assert_eq!(read(&log).1, None);
            let folded = fold(&records);
            let decided = decide_again(&records);
            prop_assert!(folded.is_ok() || decided.is_err(), "what the engine writes folds");
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(
        cut in 0_usize..200_000,
        changes in prop::collection::vec((any::<usize>(), any::<u8>()), 0..8),
    ) {
        let mut log = STORY.log.clone();
        log.truncate(cut % (log.len() + 1));
        for (at, value) in changes {
            if !log.is_empty() {
                let at = at % log.len();
                log[at] = value;
            }
        }
        let (records, _) = read(&log);
        prop_assert!(records <= STORY.records.len() as u64);
    }

    #[test]
    fn records_in_any_order_make_nobody_panic(order in prop::collection::vec(0_usize..200, 0..120)) {
        let genuine = said();
        let mut said = vec![genuine[0].clone()];
        said.extend(order.into_iter().map(|n| genuine[n % genuine.len()].clone()));
        let (records, _) = forge::chain(said);
        prop_assert!(fold(&records).is_ok() || decide_again(&records).is_err());
    }
}
