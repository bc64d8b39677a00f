//! The log and the state tree: chaining records, verifying them, and the root after a block.
//!
//! `log::chain` and `log::read`: 4,096 records of escrow, a third each of settlements with two
//! shares, of withdrawals and of signed leases. Compared are
//!
//! | by | what it is |
//! | --- | --- |
//! | `ours` | [`Chain::append`] and [`Reader`], the ones in use |
//! | `plain` | the format's table written out with joined lists, one SHA-256 each, and read by it |
//! | `floor` | SHA-256 of the same bytes record by record, name-space included: the same hashes |
//! | `one-pass` | one SHA-256 over the whole log, the least that any reader of it pays |
//!
//! `log::state-root`: a tree of 16,384 entries of which 128 change in a block. `by=ours` sets
//! them and asks for the root, `by=plain` builds the tree anew from all entries, `by=floor` hashes as many nodes of 91 bytes as must change: the 128 paths from the leaves up, which share
//! what lies above level 7, so about 128 × (14 − 7 + 2).
//!
//! Estimate. A record of 250 bytes is five SHA-256 blocks, some 250 ns with the instructions for
//! it; encoding goes through serde at about 1 ns per byte and copies twice: chaining should stay
//! within three times the floor, and reading, which encodes again to compare, within four. The
//! kept tree does 1,152 hashes of two blocks, some 150 us, plus cache misses on the paths; the
//! plain one does 32,768 and allocates each node, some 30 times as much.

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput};
use undercut::Event;
use undercut_benches::{Generator, digest, order_id, provider, unsigned};
use undercut_ledger::log::{self, Chain, Entry as _, Reader, Record, Seal};
use undercut_ledger::merkle::StateTree;
use undercut_ledger::{LeaseTerms, LedgerEvent, Settlement, Share, SignedLease, merkle};
use undercut_primitives::codec::{Canonical, ENCODED_BYTES_MAX};
use undercut_primitives::{
    Amount, BlockHeight, Coin, Decimal, Denom, Digest, LeaseId, PricePerBlock, crypto,
};

const RECORDS: u64 = 4_096;
const HEIGHT: BlockHeight = BlockHeight::new(1_000_000);
const NAMESPACE: &str = "undercut/record/v2";
const ENTRIES: u64 = 16_384;
const CHANGED: u64 = 128;
const HASHES_CHANGED: u64 = CHANGED * (14 - 7 + 2);

fn main() {
    undercut_benches::run(&[chain, read, state_root]);
}

fn event(number: u64, generator: &mut Generator) -> Event {
    Event::Ledger(ledger_event(number, generator))
}

fn ledger_event(number: u64, generator: &mut Generator) -> LedgerEvent {
    let lease = |gseq| LeaseId(order_id(number, gseq).bid(provider(number % 100)));
    let mut amount = || Amount::from_micro(u128::from(generator.below(1 << 40)));
    match number % 3 {
        0 => LedgerEvent::Settled(Settlement {
            account: lease(1).deployment(),
            from: BlockHeight::new(number),
            to: HEIGHT,
            shares: [1, 2].map(|gseq| Share { lease: lease(gseq), amount: amount() }).to_vec(),
        }),
        1 => {
            let coin = Coin::new(Denom::uact(), amount());
            LedgerEvent::Withdrawn { lease: lease(1), coin, fee: Amount::ZERO }
        }
        _ => {
            let value = Decimal::from_atoms(amount().to_micro());
            let price = PricePerBlock::new(Denom::uact(), value);
            let version_hash = digest(number);
            let terms = LeaseTerms::new(lease(1), price, HEIGHT, version_hash);
            let (tenant, provider) = (unsigned(), unsigned());
            LedgerEvent::LeaseSigned(SignedLease { terms, tenant, provider }.into())
        }
    }
}

fn events() -> Vec<Event> {
    let mut generator = Generator::new(9);
    (0..RECORDS).map(|number| event(number, &mut generator)).collect()
}

/// Records and the log's bytes, by the writer in use: one block with its seal.
fn write(events: Vec<Event>) -> (Vec<Record<Event>>, Vec<u8>) {
    let (mut chain, mut log) = (Chain::EMPTY, Vec::new());
    let mut records = Vec::with_capacity(events.len() + 1);
    for event in events {
        let (record, frame) = chain.append(HEIGHT, event).expect("the event is small");
        records.push(record);
        log.extend(frame);
    }
    let (record, frame) = chain.seal(HEIGHT, Digest::ZERO).expect("a seal is small");
    records.push(record);
    log.extend(frame);
    (records, log)
}

/// What is hashed of a record: the length of the name-space, the name-space, the body.
fn hashed(sequence: u64, kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(NAMESPACE.len()).expect("the name-space is short");
    let numbers = [sequence.to_le_bytes(), HEIGHT.to_u64().to_le_bytes()].concat();
    [&[length], NAMESPACE.as_bytes(), &numbers, &[kind], payload].concat()
}

/// The log's bytes as the table of the format has them, and what is hashed of each record.
fn write_plainly(events: &[Event]) -> (Vec<u8>, Vec<Vec<u8>>) {
    let payloads = events.iter().map(|event| event.encode().expect("the event is small"));
    let mut inputs: Vec<Vec<u8>> =
        (0..).zip(payloads).map(|(sequence, payload)| hashed(sequence, 0, &payload)).collect();
    let zero = Digest::ZERO;
    let records_root = merkle::root(&hash_each(&inputs));
    let seal = Seal {
        index: 0,
        records: RECORDS,
        records_root,
        state_root: zero,
        previous: zero,
        history: zero,
    };
    inputs.push(hashed(RECORDS, 1, &seal.encode().expect("a seal is small")));
    let mut log = Vec::new();
    for input in &inputs {
        let body = &input[1 + NAMESPACE.len()..];
        let length = u32::try_from(body.len()).expect("the event is small");
        log.extend([&length.to_le_bytes(), &log::checksum(body).to_le_bytes(), body].concat());
    }
    (log, inputs)
}

/// Takes bytes off the front.
fn take<'a>(rest: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, left) = rest.split_at(count);
    *rest = left;
    taken
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The records of a log by the table of the format: every checksum, hash and root made anew, and
/// every payload encoded again to compare.
fn read_plainly(mut log: &[u8]) -> Vec<Record<Event>> {
    let mut records: Vec<Record<Event>> = Vec::new();
    while !log.is_empty() {
        let length = usize::try_from(number(take(&mut log, 4))).expect("a frame is short");
        let sum = number(take(&mut log, 4));
        let mut body = take(&mut log, length);
        assert_eq!(sum, u64::from(log::checksum(body)));
        let (sequence, height) = (number(take(&mut body, 8)), number(take(&mut body, 8)));
        assert_eq!(height, HEIGHT.to_u64());
        let (kind, payload) = (take(&mut body, 1)[0], body);
        let event = if kind == 0 {
            let event = Event::decode(payload, ENCODED_BYTES_MAX).expect("it is an event");
            assert_eq!(event.encode().as_deref(), Ok(payload));
            event
        } else {
            let seal = Seal::decode(payload, ENCODED_BYTES_MAX).expect("it is a seal");
            let hashes: Vec<Digest> = records.iter().map(|record| record.hash).collect();
            assert_eq!(seal.records_root, merkle::root(&hashes));
            Event::from_seal(seal)
        };
        let hash = crypto::sha256(&hashed(sequence, kind, payload));
        records.push(Record { sequence, height: HEIGHT, event, hash });
    }
    records
}

fn hash_each(inputs: &[Vec<u8>]) -> Vec<Digest> {
    inputs.iter().map(|input| crypto::sha256(input)).collect()
}

fn bytes_of(inputs: &[Vec<u8>]) -> Throughput {
    let bytes = inputs.iter().map(Vec::len).sum::<usize>();
    Throughput::Bytes(bytes.try_into().expect("the log fits into memory"))
}

fn chain(criterion: &mut Criterion) {
    let events = events();
    let (records, log) = write(events.clone());
    let (plain_log, inputs) = write_plainly(&events);
    assert!(log == plain_log, "both writers write the same bytes");
    let hashes: Vec<Digest> = records.iter().map(|record| record.hash).collect();
    assert_eq!(hash_each(&inputs), hashes);

    let mut group = criterion.benchmark_group("log::chain");
    group.throughput(bytes_of(&inputs));
    group.bench_function(format!("records={RECORDS} by=ours"), |bencher| {
        bencher.iter_batched(|| events.clone(), write, BatchSize::LargeInput);
    });
    group.bench_function(format!("records={RECORDS} by=plain"), |bencher| {
        bencher.iter_with_large_drop(|| write_plainly(&events));
    });
    group.bench_function(format!("records={RECORDS} by=floor"), |bencher| {
        bencher.iter(|| hash_each(black_box(&inputs)));
    });
    group.finish();
}

fn read(criterion: &mut Criterion) {
    let events = events();
    let (records, log) = write(events.clone());
    let (_, inputs) = write_plainly(&events);
    let read: Result<Vec<_>, _> = Reader::<Event>::new(&log).collect();
    assert!(read.is_ok_and(|read| read == records), "reading gives what was written");
    assert!(read_plainly(&log) == records, "both readers read the same");

    let mut group = criterion.benchmark_group("log::read");
    group.throughput(bytes_of(&inputs));
    group.bench_function(format!("records={RECORDS} by=ours"), |bencher| {
        let read = || Reader::<Event>::new(&log).filter(Result::is_ok).count();
        bencher.iter(read);
    });
    group.bench_function(format!("records={RECORDS} by=plain"), |bencher| {
        bencher.iter_with_large_drop(|| read_plainly(&log));
    });
    group.bench_function(format!("records={RECORDS} by=floor"), |bencher| {
        bencher.iter(|| hash_each(black_box(&inputs)));
    });
    group.bench_function(format!("records={RECORDS} by=one-pass"), |bencher| {
        bencher.iter(|| crypto::sha256(black_box(&log)));
    });
    group.finish();
}

/// The tree of these entries, built anew, and its root.
fn tree_of(entries: &BTreeMap<Digest, Digest>) -> (StateTree, Digest) {
    let mut tree = StateTree::default();
    entries.iter().for_each(|(key, value)| tree.set(*key, Some(*value)));
    let root = tree.root();
    (tree, root)
}

/// The changes of one block: other values for some of the keys.
fn changes(generator: &mut Generator) -> Vec<(Digest, Digest)> {
    let mut change = |_| (digest(generator.below(ENTRIES)), digest(generator.next_u64()));
    (0..CHANGED).map(&mut change).collect()
}

fn update(tree: &mut StateTree, changes: &[(Digest, Digest)]) -> Digest {
    changes.iter().for_each(|(key, value)| tree.set(*key, Some(*value)));
    tree.root()
}

fn state_root(criterion: &mut Criterion) {
    let mut generator = Generator::new(7);
    let mut entries: BTreeMap<Digest, Digest> =
        (0..ENTRIES).map(|number| (digest(number), digest(!number))).collect();
    let (mut tree, _) = tree_of(&entries);
    let block = changes(&mut generator);
    entries.extend(block.iter().copied());
    assert_eq!(update(&mut tree, &block), tree_of(&entries).1);

    let mut group = criterion.benchmark_group("log::state-root");
    let name = format!("entries={ENTRIES} changed={CHANGED}");
    group.bench_function(format!("{name} by=ours"), |bencher| {
        // Values differ from block to block; a tree keeps its shape while its keys stay.
        let block = || changes(&mut generator);
        bencher.iter_batched(block, |block| update(&mut tree, &block), BatchSize::SmallInput);
    });
    group.bench_function(format!("{name} by=plain"), |bencher| {
        bencher.iter_with_large_drop(|| tree_of(&entries));
    });
    group.bench_function(format!("{name} by=floor"), |bencher| {
        let node = [7; 91];
        bencher.iter(|| {
            let hashes = (0..HASHES_CHANGED).map(|_| crypto::sha256(black_box(&node)));
            hashes.max()
        });
    });
    group.finish();
}
