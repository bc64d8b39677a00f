//! A host that keeps its log in a store, loses power, and goes on from snapshot and tail: it writes
//! the log that it would have written anyway.

use std::sync::{Arc, LazyLock};

use undercut::replay::Replay;
use undercut::{Engine, Event, Snapshot};
use undercut_ledger::log::{Chain as LogChain, Head, Record};
use undercut_ledger::{Bank as _, MemoryBank};
use undercut_primitives::pieces::{self, Pieces};
use undercut_store::simulated::{LostNames, LostWrites, PowerLoss};
use undercut_store::{Options, Reading, SharedDisk, SimulatedDisk, Writer, snapshot};
use undercut_tests::chain::Chain;
use undercut_tests::story::story;

static STORY: LazyLock<Chain> = LazyLock::new(story);

/// A payload of a snapshot has at most so many bytes for the engine or the bank.
const PART_BYTES_MAX: usize = 1 << 24;
/// Blocks between snapshots.
const EVERY: u64 = 10;

struct Host {
    engine: Engine,
    bank: MemoryBank,
    writer: Writer,
}

impl Host {
    /// Starts from whatever the disk holds; says up to which block a snapshot helped.
    fn start(disk: &SimulatedDisk) -> (Self, Option<u64>) {
        let shared: SharedDisk = Arc::new(disk.clone());
        let (mut writer, _) = Writer::open(Arc::clone(&shared), Options::small(40_000)).unwrap();
        if writer.acknowledged() == Head::EMPTY {
            let Event::Genesis(genesis) = &STORY.records[0].event else { unreachable!() };
            let mut bank = MemoryBank::default();
            let (engine, outcome) = Engine::new(genesis, &mut bank).unwrap();
            writer.append_chained(outcome.frames, engine.chain()).unwrap();
            return (Self { engine, bank, writer }, None);
        }
        let newest = snapshot::newest(&*shared).unwrap().newest;
        let from = newest.as_ref().map(|newest| newest.height.to_u64());
        let (mut replay, mut bank, chain) = match newest {
            None => (Replay::default(), MemoryBank::default(), LogChain::EMPTY),
            Some(newest) => {
                let mut parts = Pieces::new(&newest.payload);
                let engine = Snapshot::decode(parts.piece(PART_BYTES_MAX).unwrap()).unwrap();
                let bank = MemoryBank::from_bytes(parts.piece(PART_BYTES_MAX).unwrap()).unwrap();
                parts.end().unwrap();
                assert_eq!(engine.head(), Ok(newest.head), "the log has that head");
                let chain = engine.last().chain().unwrap();
                (Replay::from_snapshot(engine).unwrap(), bank, chain)
            }
        };
        let mut reading = Reading::open_at(shared, chain).unwrap();
        while let Some(found) = reading.next().unwrap() {
            let (sequence, height, hash) = (found.frame.sequence, found.frame.height, found.hash);
            let event: Event = found.frame.event().unwrap();
            for posting in event.postings() {
                bank.post(&posting).unwrap();
            }
            replay.apply(&Record { sequence, height, event, hash }).unwrap();
        }
        let engine = replay.into_engine().unwrap();
        assert_eq!(engine.head(), writer.acknowledged(), "the engine is where the log ends");
        (Self { engine, bank, writer }, from)
    }

    /// Plays the rest of the story, a block and a commit at a time, until the disk fails.
    fn play(&mut self) -> Option<Head> {
        let height = self.engine.state().height();
        for record in STORY.records.iter().filter(|record| record.height > height) {
            match &record.event {
                Event::BlockOpened(context) => self.engine.begin_block(*context).unwrap(),
                Event::CommandAccepted(command) => {
                    self.engine.execute(&mut self.bank, command).unwrap();
                }
                Event::BlockSealed(_) => {
                    let outcome = self.engine.end_block(&mut self.bank).unwrap();
                    let chain = self.engine.chain();
                    self.writer.append_chained(outcome.frames, chain).ok()?;
                    self.writer.commit().ok()?;
                    if record.height.to_u64().is_multiple_of(EVERY) {
                        self.writer.save_snapshot(&self.payload()).ok()?;
                    }
                }
                _ => {}
            }
        }
        self.writer.flush().ok()
    }

    fn payload(&self) -> Vec<u8> {
        let mut payload = Vec::new();
        let engine = self.engine.snapshot().unwrap().encode().unwrap();
        pieces::push(&mut payload, &engine).unwrap();
        pieces::push(&mut payload, &self.bank.to_bytes().unwrap()).unwrap();
        payload
    }
}

fn is_whole(host: &Host, head: Option<Head>) {
    assert_eq!(head, Some(STORY.engine.head()));
    assert_eq!(host.bank, STORY.bank);
    assert_eq!(host.engine.state().rebuilt_root(), STORY.state_root());
}

/// The records that a disk holds.
fn kept(disk: &SimulatedDisk) -> Vec<Record<Event>> {
    let mut reading = Reading::open(Arc::new(disk.clone())).unwrap();
    let mut records = Vec::new();
    while let Some(found) = reading.next().unwrap() {
        let (sequence, height, hash) = (found.frame.sequence, found.frame.height, found.hash);
        records.push(Record { sequence, height, event: found.frame.event().unwrap(), hash });
    }
    records
}

#[test]
fn a_market_that_loses_power_goes_on_from_snapshot_and_tail() {
    let disk = SimulatedDisk::new();
    let (mut host, from) = Host::start(&disk);
    assert_eq!(from, None);
    let head = host.play();
    is_whole(&host, head);
    drop(host);
    assert_eq!(kept(&disk), STORY.records);
    let (mut helped, mut tails) = (0, 0);
    for operation in (5..disk.operations()).step_by(17) {
        let loss = PowerLoss {
            writes: LostWrites::AfterPrefix { seed: operation },
            names: LostNames::All,
        };
        let image = disk.crash(operation, loss);
        let (mut host, from) = Host::start(&image);
        let height = host.engine.state().height().to_u64();
        helped += u64::from(from.is_some());
        tails += u64::from(from.is_some_and(|from| from < height));
        let head = host.play();
        is_whole(&host, head);
        drop(host);
        assert_eq!(kept(&image), STORY.records, "after a loss of power at operation {operation}");
    }
    assert!(helped > 10 && tails > 5, "{helped} {tails}");
}
