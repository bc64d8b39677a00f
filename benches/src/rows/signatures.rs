//! Signed bids, from bytes into the page cache, with signatures checked in different ways.
//!
//! | row | ours | floor | plain | peers |
//! | --- | --- | --- | --- | --- |
//! | `bid/signed` | the whole way of a bid, in blocks of 4,096 | our checks of the same signatures alone | the whole way with strict checks, one at a time | the whole way with the batches of `ed25519-dalek` and `ed25519-zebra` |
//! | `bid/bundle16`, `bid/bundle64` | the whole way of bids in commands of 16 or 64 | – | the same bids by commands of their own, with strict checks | – |
//!
//! `other_share` is what is not the signature: the way without any check, over the whole way. With
//! wrong signatures among the bids there are no peers, as their batches do not say which they are.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::Seek as _;
use std::time::Duration;

use tempfile::TempDir;
use undercut::{SignatureChecks, SignedCommand, verify_commands};
use undercut_bidding::Bid;
use undercut_ledger::log::Head;
use undercut_primitives::crypto::{Claim, Verifier};
use undercut_primitives::{Consent, Digest, PublicKey, Signature};

use crate::clock::{cpu_timed, timed};
use crate::contest::Contest;
use crate::market::{CHAIN_ID, Market};
use crate::row::Row;
use crate::settings::Settings;
use crate::signatures::{
    Answers, BLOCK, Garbage, Intake, KeysRead, answers_by, head, zebra_batches,
};

/// The whole way of signed bids, without garbage and with.
pub fn signed(settings: &Settings, rows: &mut Vec<Row>) {
    rows.extend([64, 1000].into_iter().map(|providers| clean(providers, settings)));
    let garbage = [
        ("bad=0.1%", Garbage::Spread(1)),
        ("bad=1%", Garbage::Spread(10)),
        ("bad=5%", Garbage::Spread(50)),
        ("bad=one", Garbage::OneSigner(10)),
    ];
    let row = |(word, garbage)| adversarial(word, garbage, settings);
    rows.extend(garbage.into_iter().map(row));
}

fn clean(providers: u64, settings: &Settings) -> Row {
    let bids = settings.sized(65_536, 4_096);
    let intake = Intake::new(bids, providers, Garbage::Spread(0), settings.seed(5));
    let (way, keys) = (Way::new(&intake, settings), KeysRead::of(&intake.claims));
    let params = format!(
        "providers={providers} bad=0% block={BLOCK} bids={bids} bytes={}",
        intake.command_bytes()
    );
    let all = |is_right: bool, commands: usize| vec![is_right; commands];
    let row = Contest::new("bid/signed", params)
        .operations(intake.len())
        .ours(|| way.ours())
        .floor(|| way.checks_alone())
        .plain(|| way.strict(&keys))
        .peer("ed25519-dalek 3.0 verify_batch(256)", || {
            way.take(|claims| all(keys.dalek_batches(claims), claims.len()))
        })
        .peer("ed25519-zebra 5.0 batch(4096)", || {
            way.take(|claims| all(zebra_batches(claims), claims.len()))
        })
        .structure("without a check", || way.take(|claims| all(true, claims.len())))
        .run(settings);
    let without = row.others.iter().find(|other| other.name == "without a check");
    let other_share = without.map_or(1.0, |other| other.ratio);
    row.with_figure("other_share", other_share)
        .with_figure("threads_2_ratio", way.two_threads_over_one(settings))
        .with_note("two threads are told by the wall, and need two idle cores")
}

fn adversarial(word: &str, garbage: Garbage, settings: &Settings) -> Row {
    let bids = settings.sized(16_384, 2_048);
    let intake = Intake::new(bids, 1000, garbage, settings.seed(6));
    let (way, keys) = (Way::new(&intake, settings), KeysRead::of(&intake.claims));
    let wrong = intake.len() - intake.right;
    let params = format!("providers=1000 {word} bids={bids} wrong={wrong}");
    Contest::new("bid/signed", params)
        .operations(intake.len())
        .ours(|| way.ours())
        .floor(|| way.checks_alone())
        .plain(|| way.strict(&keys))
        .run(settings)
        .with_accepted(u64::try_from(intake.right).expect("bids are few"))
}

/// Bids with one command and one signature for sixteen.
pub fn bundle16(settings: &Settings, rows: &mut Vec<Row>) {
    rows.push(bundle("bid/bundle16", 16, settings));
}

/// The same for sixty-four.
pub fn bundle64(settings: &Settings, rows: &mut Vec<Row>) {
    rows.push(bundle("bid/bundle64", 64, settings));
}

fn bundle(name: &str, size: usize, settings: &Settings) -> Row {
    let bids = settings.sized(16_384, 4_096);
    let intake = Intake::in_runs(bids, size, settings.seed(5));
    let bundles = intake.bundled(size);
    // Other commands were signed, so the two logs end with hashes of their own.
    let (single, bundled) = (Way::new(&intake, settings), Way::new(&bundles, settings));
    let book = single.book();
    assert_eq!(book.len(), intake.len(), "every bid was placed");
    assert!(book == bundled.book(), "bundles place the bids that single commands place");
    let keys = KeysRead::of(&intake.claims);
    let bytes = bundles.command_bytes();
    Contest::new(name, format!("providers=64 bids={bids} bundle_bytes={bytes}"))
        .operations(intake.len())
        .ours(|| bundled.ours())
        .plain(|| single.strict(&keys))
        .structure("without a check", || bundled.take(|claims| vec![true; claims.len()]))
        .structure("one by one, without a check", || single.take(|claims| vec![true; claims.len()]))
        .run(settings)
}

/// A bid without the consent to it.
fn bare(bid: Cow<'_, Bid>) -> Bid {
    let (command, key) = (Digest::ZERO, PublicKey::from_bytes([0; 32]));
    let signature = Signature::from_bytes(&[0; 64]);
    let consent = Consent { account: bid.id.provider.0, command, key, signature };
    Bid { consent, ..bid.into_owned() }
}

/// The way of the bids of an intake into a file. Whoever goes it must end where the first one did.
struct Way<'a> {
    intake: &'a Intake,
    file: RefCell<File>,
    end: Cell<Option<Head>>,
    /// Where the file lies.
    _scratch: TempDir,
}

impl<'a> Way<'a> {
    fn new(intake: &'a Intake, settings: &Settings) -> Self {
        let scratch = settings.scratch().expect("the folder takes another");
        let file = File::create(scratch.path().join("log")).expect("the folder takes a file");
        Self { intake, file: RefCell::new(file), end: Cell::new(None), _scratch: scratch }
    }

    fn ours(&self) -> Duration {
        let mut verifier = Verifier::new();
        self.go(
            |work| cpu_timed(work),
            |market, file| {
                let mut check = |commands| verify_commands(commands, CHAIN_ID, &mut verifier);
                self.intake.take(market, file, &mut check);
            },
        )
    }

    fn checks_alone(&self) -> Duration {
        let mut verifier = Verifier::new();
        cpu_timed(|| {
            let blocks = self.intake.claims.chunks(BLOCK);
            let right: usize = blocks
                .map(|claims| verifier.verify_all(claims).iter().filter(|one| one.is_ok()).count())
                .sum();
            assert_eq!(right, self.intake.right);
        })
    }

    fn strict(&self, keys: &KeysRead) -> Duration {
        self.take(|claims| claims.iter().map(|claim| keys.strict(claim)).collect())
    }

    fn take(&self, check: impl Fn(&[Claim]) -> Vec<bool>) -> Duration {
        self.go(
            |work| cpu_timed(work),
            |market, file| {
                let mut check =
                    |commands: Vec<SignedCommand>| -> Answers { answers_by(commands, &check) };
                self.intake.take(market, file, &mut check);
            },
        )
    }

    /// The bids in the book once all were taken, each without the consent to it.
    fn book(&self) -> Vec<Bid> {
        let mut bids = Vec::new();
        self.go(
            |work| {
                work();
                Duration::ZERO
            },
            |market, file| {
                let mut check =
                    |commands| answers_by(commands, |claims: &[Claim]| vec![true; claims.len()]);
                self.intake.take(market, file, &mut check);
                bids = market.engine.state().bids().bids().map(bare).collect();
            },
        );
        bids
    }

    fn on_threads(&self, threads: usize) -> Duration {
        let threads = threads.try_into().expect("there is a thread");
        let mut checks = SignatureChecks::new(threads);
        self.go(|work| timed(work), |market, file| self.intake.take_on(market, file, &mut checks))
    }

    /// The median of the rounds' ratios, each round in the other order.
    fn two_threads_over_one(&self, settings: &Settings) -> f64 {
        let mut ratios: Vec<f64> = (0..settings.rounds())
            .map(|round| {
                let mut times = [Duration::ZERO; 2];
                for threads in [1 + round % 2, 2 - round % 2] {
                    times[threads - 1] = self.on_threads(threads);
                }
                times[0].as_secs_f64() / times[1].as_secs_f64()
            })
            .collect();
        ratios.sort_unstable_by(f64::total_cmp);
        ratios[ratios.len() / 2]
    }

    fn go(
        &self,
        clock: impl FnOnce(&mut dyn FnMut()) -> Duration,
        mut go: impl FnMut(&mut Market, &mut File),
    ) -> Duration {
        let mut market = self.intake.market();
        let mut file = self.file.borrow_mut();
        file.rewind().and_then(|()| file.set_len(0)).expect("the file can be emptied");
        let time = clock(&mut || go(&mut market, &mut file));
        let end = head(&market);
        let first = self.end.replace(Some(end)).unwrap_or(end);
        assert_eq!(end, first, "everyone's log ends with the same hash");
        time
    }
}
