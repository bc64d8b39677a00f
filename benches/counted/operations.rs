//! The operations that are counted, each with what it needs made ready before.

use std::collections::BTreeMap;
use std::hint::black_box;

use undercut::{Command, SignedCommand};
use undercut_benches::blocks::{Noted, blocks};
use undercut_benches::market::{Leases, Market, OpenOrders, WINDOW, on_trust, order_of};
use undercut_benches::rows::codec::signed_lease;
use undercut_benches::rows::sdl::{EXAMPLES, groups};
use undercut_benches::{Generator, digest};
use undercut_ledger::SignedLease;
use undercut_ledger::log::{Chain, next_frame, write_frame_into};
use undercut_ledger::merkle::StateTree;
use undercut_primitives::codec::{self, Canonical as _};
use undercut_primitives::keys::KeyPair;
use undercut_primitives::{BidId, BlockHeight, LeaseId, Provider};

/// Operations in the order in which they are played, and how often each does its work.
pub(crate) const NAMES: [(&str, u64); 12] = [
    ("codec/encode", TIMES),
    ("codec/decode", TIMES),
    ("log/frame", TIMES),
    ("log/verify", RECORDS),
    ("state/root", CHANGED),
    ("sdl/check", EXAMPLES.len() as u64),
    ("bid/admit", BIDS),
    ("bid/reprice", BIDS),
    ("bid/seal", BIDS),
    ("lease/award", LEASES),
    ("settle/touch", LEASES),
    ("block/idle", IDLE),
];

const TIMES: u64 = 1_000;
const RECORDS: u64 = 257;
const ENTRIES: u64 = 4_096;
const CHANGED: u64 = 128;
const BIDS: u64 = 4_096;
const LEASES: u64 = 400;
const IDLE: u64 = 10;

/// Which of the operations is counted; the others are played beside it because it needs them.
#[derive(Clone, Copy)]
struct Asked<'a>(&'a str);

impl Asked<'_> {
    fn play(self, name: &str, mut work: impl FnMut()) {
        if self.0 == name { counted_work(&mut work) } else { work() }
    }
}

/// What is counted: everything from here until it returns. `callgrind` knows it by its name.
#[inline(never)]
fn counted_work(work: &mut dyn FnMut()) {
    work();
    // So that it returns to here.
    black_box(());
}

/// Plays an operation of [`NAMES`], and what comes before it.
pub(crate) fn play(name: &str) {
    let asked = Asked(name);
    match name {
        "codec/encode" | "codec/decode" => values(asked),
        "log/frame" | "log/verify" => log(asked),
        "state/root" => state_root(asked),
        "sdl/check" => asked.play("sdl/check", || {
            for text in EXAMPLES {
                assert!(black_box(groups(black_box(text))).is_some());
            }
        }),
        "bid/admit" | "bid/reprice" | "bid/seal" => bids(asked),
        _ => leases(asked),
    }
}

fn values(asked: Asked<'_>) {
    let lease = signed_lease();
    let mut room = vec![0; 1_024];
    asked.play("codec/encode", || {
        for _ in 0..TIMES {
            assert!(codec::encode_to_slice(black_box(&lease), black_box(&mut room)).is_ok());
        }
    });
    let bytes = lease.encode().expect("a lease is small");
    asked.play("codec/decode", || {
        for _ in 0..TIMES {
            assert!(black_box(SignedLease::decode(black_box(&bytes), bytes.len())).is_ok());
        }
    });
}

fn log(asked: Asked<'_>) {
    let event = Noted::Words((0..30).collect());
    let mut frames = Vec::with_capacity(1 << 20);
    asked.play("log/frame", || {
        for sequence in 0..TIMES {
            let hash = write_frame_into(&mut frames, sequence, BlockHeight::new(1), &event);
            assert!(black_box(hash).is_ok());
        }
    });
    let records = usize::try_from(RECORDS - 1).expect("records are few");
    let (blocks, head) = blocks(records, 1, 9);
    let mut chain = Chain::EMPTY;
    asked.play("log/verify", || {
        let mut rest = &blocks[0].frames[..];
        while let Some((frame, used)) = next_frame(rest).expect("the frames are whole") {
            chain.accept(&frame, frame.hash()).expect("the frame follows");
            rest = &rest[used..];
        }
    });
    assert_eq!(chain.head(), head);
}

fn state_root(asked: Asked<'_>) {
    let mut generator = Generator::new(7);
    let mut tree = StateTree::default();
    let mut entries: BTreeMap<_, _> = (0..ENTRIES).map(|of| (digest(of), digest(!of))).collect();
    entries.iter().for_each(|(key, value)| tree.set(*key, Some(*value)));
    let before = tree.root();
    let mut change = |_| (digest(generator.below(ENTRIES)), digest(generator.next_u64()));
    let changes: Vec<_> = (0..CHANGED).map(&mut change).collect();
    entries.extend(changes.iter().copied());
    asked.play("state/root", || {
        changes.iter().for_each(|(key, value)| tree.set(*key, Some(*value)));
        black_box(tree.root());
    });
    assert_ne!(tree.root(), before);
}

fn bids(asked: Asked<'_>) {
    let OpenOrders { mut market, blocks } = OpenOrders::new(200, 1);
    let read = |bytes: &Vec<u8>| SignedCommand::decode(bytes, bytes.len()).expect("a command");
    let bids: Vec<SignedCommand> = blocks[0].iter().map(read).collect();
    assert_eq!(bids.len() as u64, BIDS);
    market.begin();
    let mut waiting = bids.clone();
    asked.play("bid/admit", || waiting.drain(..).for_each(|bid| market.execute(bid)));
    let mut changes: Vec<SignedCommand> = bids.iter().map(repriced).collect();
    asked.play("bid/reprice", || changes.drain(..).for_each(|change| market.execute(change)));
    asked.play("bid/seal", || drop(black_box(market.end())));
}

/// The command that makes a bid cheaper, as the bidder's next after all 64 of its bids.
fn repriced(bid: &SignedCommand) -> SignedCommand {
    let Command::CreateBid(new) = &bid.command else { panic!("the command is no bid") };
    let id: BidId = new.order.bid(Provider(bid.account));
    let price = "0.5uact".parse().expect("a price");
    let command = Command::RepriceBid { bid: id, price };
    // Each bids ten times before.
    SignedCommand { nonce: bid.nonce + 64, command, ..bid.clone() }
}

fn leases(asked: Asked<'_>) {
    let mut ready = Leases::new(1, 1, None);
    let tenants = undercut_benches::market::keys("tenant", 1);
    let orders: Vec<(&KeyPair, u64)> = (2..2 + LEASES).map(|dseq| (&tenants[0], dseq)).collect();
    let running = |market: &Market| {
        let leases = market.engine.state().escrow().leases();
        leases.filter(|lease| lease.state.is_running()).count() as u64
    };
    let market = &mut ready.market;
    market.open(&orders);
    market.bid(&orders, &ready.providers);
    market.wait_until(market.height() + WINDOW - 2);
    assert_eq!(running(market), 1, "nothing is awarded yet");
    asked.play("lease/award", || {
        market.begin();
        drop(black_box(market.end()));
    });
    assert_eq!(running(market), LEASES + 1, "all are awarded in one block");
    market.wait_until(market.height() + 5);
    let providers = ready.providers.iter().cycle();
    let mut nonces = BTreeMap::new();
    let mut touches: Vec<SignedCommand> = orders
        .iter()
        .zip(providers)
        .map(|((tenant, dseq), provider)| {
            let lease = LeaseId(order_of(tenant, *dseq).bid(Provider(provider.address())));
            let next = market.engine.state().nonce(&provider.address()) + 1;
            let nonce = nonces.entry(provider.address()).or_insert(next);
            let touch = on_trust(provider, *nonce, Command::Withdraw(lease));
            *nonce += 1;
            touch
        })
        .collect();
    market.begin();
    asked.play("settle/touch", || touches.drain(..).for_each(|touch| market.execute(touch)));
    market.end();
    asked.play("block/idle", || {
        for _ in 0..IDLE {
            market.begin();
            drop(black_box(market.end()));
        }
    });
}
