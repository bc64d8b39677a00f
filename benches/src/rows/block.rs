//! Whole blocks.
//!
//! | row | ours | floor |
//! | --- | --- | --- |
//! | `block/full` | one block with 10,000 signed bids, 1,000 withdrawals and 500 awards, its root, and one commit to a store | the same parts, each measured by itself |
//! | `block/mixed` | 10,000 signed commands of all kinds on a market of 10,000 leases, from bytes to the seal | the bare checks of their signatures |

use std::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::hint::black_box;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use undercut::{Command, SignedCommand, VerifiedCommand};
use undercut_primitives::codec::Canonical as _;
use undercut_primitives::keys::KeyPair;
use undercut_primitives::{Consent, LeaseId};
use undercut_store::{Options, RealDisk, SharedDisk, Writer};

use crate::clock::{cpu_timed, timed};
use crate::contest::Contest;
use crate::fixture::{Generator, PRICE_MAX};
use crate::market::{CHAIN_ID, Leases, Market, WINDOW, new_bid, order_of, signed};
use crate::row::Row;
use crate::rows::mixed::{self, Mixed};
use crate::settings::Settings;

/// Orders that are awarded in a full block, and as many that take bids.
const ORDERS: usize = 500;
/// The same in a quick run.
const ORDERS_QUICK: usize = 100;
/// Bids for each of them.
const BIDS_EACH: usize = 20;
/// Withdrawals for each order.
const WITHDRAWALS_EACH: usize = 2;

/// A full block beside the sum of its parts: the checks of the signatures, the bids, the withdrawals
/// and the awards in blocks of their own, and one write and one sync of the same bytes.
pub fn full(settings: &Settings, rows: &mut Vec<Row>) {
    let tenants = settings.sized(10_000, 100);
    let rounds = RefCell::new(Rounds::new(tenants, settings));
    let (leases, orders) = (tenants * 10, rounds.borrow().orders);
    let (bids, withdrawals) = (orders * BIDS_EACH, orders * WITHDRAWALS_EACH);
    let params = format!("leases={leases} bids={bids} withdrawals={withdrawals} awards={orders}");
    // How many bytes a block has is known once one was played.
    rounds.borrow_mut().whole();
    let contest = Contest::new("block/full", params).operations(1).on_the_wall();
    let contest = contest.ours(|| rounds.borrow_mut().whole());
    rows.push(contest.floor(|| rounds.borrow_mut().parts()).run(settings));
}

/// A market with leases that goes on from round to round.
struct Rounds {
    leases: Leases,
    running: Vec<LeaseId>,
    /// Orders that are awarded in a block.
    orders: usize,
    generator: Generator,
    next_dseq: u64,
    raw: File,
    /// Bytes of the last full block.
    bytes: usize,
    /// Where log and raw file lie.
    _scratch: TempDir,
}

impl Rounds {
    fn new(tenants: usize, settings: &Settings) -> Self {
        let scratch = settings.scratch().expect("the folder takes another");
        let log = scratch.path().join("log");
        let disk: SharedDisk = Arc::new(RealDisk::open_or_create(log).expect("a folder"));
        let (writer, _) = Writer::open(disk, Options::default()).expect("a new log");
        let leases = Leases::new(tenants, 10, Some(writer));
        let state = leases.market.engine.state();
        let running: Vec<LeaseId> =
            state.escrow().leases().map(|lease| lease.signed.terms.id).collect();
        assert_eq!(running.len(), tenants * 10, "every order was awarded");
        let raw = preallocated(&scratch.path().join("raw"), 64 << 20);
        let orders = settings.sized(ORDERS, ORDERS_QUICK);
        let generator = Generator::new(settings.seed(15));
        Self { leases, running, orders, generator, next_dseq: 11, raw, bytes: 0, _scratch: scratch }
    }

    /// A full block.
    fn whole(&mut self) -> Duration {
        let (due, open) = (self.orders(), self.orders());
        self.open_and_bid(&due);
        self.open(&open);
        assert_eq!(
            self.due_next(),
            self.orders,
            "the orders of the first set fall due with the next block"
        );
        let (bids, withdrawals) = (self.bids(&open), self.withdrawals());
        let (market, bytes) = (&mut self.leases.market, &mut self.bytes);
        let time = timed(|| {
            let commands = verified(&bids).chain(verified(&withdrawals));
            let commands: Vec<VerifiedCommand> = commands.collect();
            market.begin();
            commands.iter().for_each(|command| market.execute_verified(command));
            let outcome = market.end();
            *bytes = outcome.frames.len();
            market.keep(outcome.frames);
        });
        self.settle_down();
        time
    }

    /// Bids, withdrawals and awards, each in a block of its own; the checks of the signatures; and
    /// one write and one sync of as many bytes as the last full block had.
    fn parts(&mut self) -> Duration {
        let (raw, bytes) = (&self.raw, self.bytes);
        let mut time = timed(|| {
            raw.write_all_at(&vec![1; bytes], 0).expect("the disk works");
            raw.sync_data().expect("the disk works");
        });
        let due = self.orders();
        self.open_and_bid(&due);
        self.leases.market.wait_until(self.leases.market.height() + WINDOW - 2);
        assert_eq!(self.due_next(), self.orders);
        time += self.block(&[]);
        let open = self.orders();
        self.open(&open);
        for commands in [self.bids(&open), self.withdrawals()] {
            let mut checked = Vec::new();
            time += timed(|| checked = verified(&commands).collect());
            time += self.block(&checked);
        }
        self.settle_down();
        time
    }

    /// A block of these commands. Keeping it does not count.
    fn block(&mut self, commands: &[VerifiedCommand]) -> Duration {
        let market = &mut self.leases.market;
        let mut frames = Vec::new();
        let time = timed(|| {
            market.begin();
            commands.iter().for_each(|command| market.execute_verified(command));
            frames = market.end().frames;
        });
        market.keep(frames);
        time
    }

    /// Orders that nobody has opened yet, as tenants and numbers.
    fn orders(&mut self) -> Vec<(usize, u64)> {
        let dseq = self.next_dseq;
        self.next_dseq += 1;
        (0..self.orders).map(|tenant| (tenant, dseq)).collect()
    }

    fn open(&mut self, orders: &[(usize, u64)]) {
        let Leases { market, tenants, .. } = &mut self.leases;
        let orders: Vec<(&KeyPair, u64)> =
            orders.iter().map(|(tenant, dseq)| (&tenants[*tenant], *dseq)).collect();
        market.open(&orders);
    }

    fn open_and_bid(&mut self, orders: &[(usize, u64)]) {
        self.open(orders);
        let Leases { market, tenants, providers } = &mut self.leases;
        let orders: Vec<(&KeyPair, u64)> =
            orders.iter().map(|(tenant, dseq)| (&tenants[*tenant], *dseq)).collect();
        market.bid(&orders, providers);
    }

    /// How many orders are awarded at the end of the next block.
    fn due_next(&self) -> usize {
        let state = self.leases.market.engine.state();
        state.book().due(state.height().next().expect("blocks are few")).count()
    }

    /// Blocks until no order is open.
    fn settle_down(&mut self) {
        self.leases.market.wait_until(self.leases.market.height() + WINDOW);
    }

    /// Signed bids for these orders, provider by provider.
    fn bids(&mut self, orders: &[(usize, u64)]) -> Vec<Vec<u8>> {
        let Leases { market, tenants, providers } = &self.leases;
        let mut bids = Vec::with_capacity(orders.len() * BIDS_EACH);
        for provider in providers.iter().take(BIDS_EACH) {
            let nonce = market.engine.state().nonce(&provider.address()) + 1;
            for ((tenant, dseq), nonce) in orders.iter().zip(nonce..) {
                let price = 1 + self.generator.below(PRICE_MAX);
                let bid = new_bid(order_of(&tenants[*tenant], *dseq), price);
                bids.push(signed(provider, nonce, bid).encode().expect("it is small"));
            }
        }
        bids
    }

    /// Signed withdrawals of leases drawn at random, by the last of the providers, who do not bid.
    fn withdrawals(&mut self) -> Vec<Vec<u8>> {
        let Leases { market, providers, .. } = &self.leases;
        let idle: Vec<&KeyPair> = providers.iter().skip(BIDS_EACH).collect();
        let mut nonces: Vec<u64> =
            idle.iter().map(|key| market.engine.state().nonce(&key.address()) + 1).collect();
        let mut withdrawals = Vec::new();
        while withdrawals.len() < self.orders * WITHDRAWALS_EACH {
            let lease = self.running[self.generator.place(self.running.len())];
            let serves = |key: &&KeyPair| key.address() == lease.provider().0;
            let Some(at) = idle.iter().position(serves) else { continue };
            let withdraw = signed(idle[at], nonces[at], Command::Withdraw(lease));
            nonces[at] += 1;
            withdrawals.push(withdraw.encode().expect("it is small"));
        }
        withdrawals
    }
}

/// Commands from bytes, their signatures checked.
fn verified(commands: &[Vec<u8>]) -> impl Iterator<Item = VerifiedCommand> {
    commands.iter().map(|bytes| {
        let command = SignedCommand::decode(bytes, bytes.len()).expect("it is a command");
        command.verify(CHAIN_ID).expect("it is signed")
    })
}

/// A file of zeros that are on the disk.
fn preallocated(path: &Path, bytes: usize) -> File {
    let open = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path);
    let file = open.expect("a new file");
    file.write_all_at(&vec![0; bytes], 0).expect("there is room");
    file.sync_all().expect("the disk works");
    file
}

/// Commands of all kinds on a market of some size, checked one by one on one thread.
pub fn mixed(settings: &Settings, rows: &mut Vec<Row>) {
    let Mixed { market, commands } = Mixed::new(settings.seed(15));
    let consents: Vec<Consent> = verified(&commands).map(|command| command.consent()).collect();
    let ours = || {
        let mut market: Market = market.clone();
        cpu_timed(|| {
            market.begin();
            verified(&commands).for_each(|command| market.execute_verified(&command));
            black_box(market.end());
        })
    };
    let floor = || cpu_timed(|| assert!(consents.iter().all(|consent| consent.verify().is_ok())));
    let contest = Contest::new("block/mixed", mixed::PARAMS).operations(commands.len());
    let row = contest.ours(ours).floor(floor).run(settings);
    let per_second = 1e9 / row.ns_per_op;
    let row = row.with_figure("commands_per_second", per_second);
    let row = row.with_figure("headroom_50_ratio", per_second / 50.0);
    rows.push(row.with_figure("headroom_500_ratio", per_second / 500.0));
}
