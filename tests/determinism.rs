//! Same scenario, same seed, same bytes: however signatures are checked, and from the log alone.

use undercut::replay::{Replay, replay_commands};
use undercut::{CommandRejection, Event, SignedCommand, VerifiedCommand};
use undercut_ledger::MemoryBank;
use undercut_ledger::log::{Reader, Record};
use undercut_simulation::{CheckSignatures, InOrder, Scenario, World};

const BLOCKS: u64 = 400;

/// Checks the last command first.
struct Backwards;

impl CheckSignatures for Backwards {
    fn check(
        &self,
        chain_id: &str,
        commands: Vec<SignedCommand>,
    ) -> Vec<Result<VerifiedCommand, CommandRejection>> {
        let mut answers: Vec<_> =
            commands.into_iter().rev().map(|command| command.verify(chain_id)).collect();
        answers.reverse();
        answers
    }
}

/// Checks each command on a thread of its own.
struct Scattered;

impl CheckSignatures for Scattered {
    fn check(
        &self,
        chain_id: &str,
        commands: Vec<SignedCommand>,
    ) -> Vec<Result<VerifiedCommand, CommandRejection>> {
        std::thread::scope(|scope| {
            let start = |command: SignedCommand| scope.spawn(move || command.verify(chain_id));
            let workers: Vec<_> = commands.into_iter().map(start).collect();
            workers.into_iter().map(|worker| worker.join().unwrap()).collect()
        })
    }
}

fn play(seed: u64, signatures: &impl CheckSignatures) -> World {
    let mut world = World::new(&Scenario::first_market(seed)).unwrap();
    for _ in 0..BLOCKS {
        world.step(signatures).unwrap();
    }
    world
}

fn records(world: &World) -> Vec<Record<Event>> {
    Reader::new(world.log()).collect::<Result<_, _>>().unwrap()
}

#[test]
fn the_way_signatures_are_checked_leaves_no_trace() {
    let plain = play(42, &InOrder);
    for (name, log) in [
        ("again", play(42, &InOrder).log().to_vec()),
        ("backwards", play(42, &Backwards).log().to_vec()),
        ("scattered", play(42, &Scattered).log().to_vec()),
    ] {
        assert!(log == plain.log(), "{name} differs");
    }
    assert!(play(43, &InOrder).log() != plain.log(), "another seed is another market");
}

#[test]
fn events_and_commands_of_a_log_lead_to_the_live_state() {
    let world = play(42, &InOrder);
    let (head, root) = (world.engine().head(), world.engine().state().rebuilt_root());
    let records = records(&world);
    let mut replay = Replay::default();
    records.iter().for_each(|record| replay.apply(record).unwrap());
    assert_eq!((replay.sealed(), replay.state_root()), (head, root));
    let mut bank = MemoryBank::default();
    let engine = replay_commands(&mut bank, &records).unwrap();
    assert_eq!((engine.head(), engine.state().rebuilt_root()), (head, root));
    assert_eq!(&bank, world.bank(), "the money is where it was");
}

#[test]
fn the_kept_root_is_the_root_computed_anew_after_every_block() {
    let mut world = World::new(&Scenario::first_market(7)).unwrap();
    for _ in 0..150 {
        let step = world.step(&InOrder).unwrap();
        let rebuilt = world.engine().state().rebuilt_root();
        assert_eq!(step.outcome.state_root, rebuilt, "block {}", world.engine().state().height());
    }
}

#[test]
fn every_check_of_the_auditor_is_made_and_holds_for_many_seeds() {
    for seed in 0..12 {
        let report = play(seed, &InOrder).finish();
        for check in &report.checks {
            assert!(check.is_ok(), "seed {seed}: {check:?}");
            assert!(check.times > 0, "seed {seed}: `{}` was never looked at", check.name);
        }
    }
}
