//! Proofs for who kept a head and nothing else, over the whole story: they hold, they are short,
//! and no bit of them can be changed.

use std::sync::LazyLock;

use undercut::proof::{EntryProof, LeaseProof};
use undercut::replay::Replay;
use undercut::{Event, State, StateKey};
use undercut_ledger::log::proof::{
    Anchor, Extension, History, Proof, ProofRefused, Prover, RecordProof, SealRecord,
};
use undercut_ledger::log::{Record, next_frame};
use undercut_ledger::{LeaseState, merkle};
use undercut_primitives::codec::Canonical;
use undercut_primitives::{BlockHeight, Digest, LeaseId};
use undercut_tests::chain::{Chain, lease_id, order_id};
use undercut_tests::forge;
use undercut_tests::story::story;

const BYTES_MAX: usize = 1 << 20;

static STORY: LazyLock<Chain> = LazyLock::new(story);

fn head() -> Digest {
    STORY.engine.head().hash
}

/// The log of the story up to and with so many records, frame by frame.
fn each_frame(records: usize, mut each: impl FnMut(&undercut_ledger::log::Frame<'_>, Digest)) {
    let mut rest = &STORY.log[..];
    for _ in 0..records {
        let (frame, used) = next_frame(rest).unwrap().expect("there is a frame");
        each(&frame, frame.hash());
        rest = &rest[used..];
    }
}

fn prove(sequence: u64) -> Option<Proof> {
    let mut prover = Prover::new(sequence);
    each_frame(STORY.records.len(), |frame, hash| prover.observe(frame, hash));
    prover.finish()
}

fn prove_event(sequence: u64) -> RecordProof {
    match prove(sequence) {
        Some(Proof::Record(proof)) => proof,
        other => panic!("record {sequence}: {other:?}"),
    }
}

fn history(records: usize) -> History {
    let mut history = History::default();
    each_frame(records, |frame, hash| history.observe(frame, hash));
    history
}

/// All seals of the story, with the number of records up to each.
fn seals() -> Vec<(usize, SealRecord)> {
    let seal = |(n, record)| Some((n + 1, SealRecord::of_record(record)?));
    STORY.records.iter().enumerate().filter_map(seal).collect()
}

/// Flips every bit of a proof: it must not decode, or not hold.
fn no_bit_can_change<T: Canonical>(proof: &T, holds: impl Fn(&T) -> bool) {
    assert!(holds(proof));
    let bytes = proof.encode().unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        if let Ok(changed) = T::decode(&changed, BYTES_MAX) {
            assert!(!holds(&changed), "bit {bit} of {} is bound by nothing", bytes.len() * 8);
        }
    }
}

/// Drops, repeats, swaps and adds elements of a path: the proof must not hold.
fn no_element_can_change(path: &[Digest], holds: impl Fn(Vec<Digest>) -> bool) {
    assert!(holds(path.to_vec()));
    for n in 0..=path.len() {
        let mut added = path.to_vec();
        added.insert(n, Digest::from_bytes([7; 32]));
        assert!(!holds(added), "an element added at {n}");
    }
    for n in 0..path.len() {
        let (mut dropped, mut repeated) = (path.to_vec(), path.to_vec());
        dropped.remove(n);
        repeated.insert(n, path[n]);
        assert!(!holds(dropped) && !holds(repeated), "element {n}");
        for m in (0..n).filter(|m| path[*m] != path[n]) {
            let mut swapped = path.to_vec();
            swapped.swap(m, n);
            assert!(!holds(swapped), "elements {m} and {n}");
        }
    }
}

#[test]
fn every_record_has_a_short_proof_that_gives_it_back() {
    let blocks = seals().len();
    for record in &STORY.records {
        match prove(record.sequence).expect("there is a proof") {
            Proof::Record(proof) => {
                assert_eq!(proof.check::<Event>(&head()).as_ref(), Ok(record));
                let seal = proof.anchor.seal.seal;
                assert!(proof.path.len() <= usize::try_from(seal.records.ilog2() + 1).unwrap());
                let way = proof.anchor.newer.map_or(0, |newer| newer.path.len());
                assert!(way <= usize::try_from(blocks.ilog2() + 1).unwrap());
            }
            Proof::Seal(anchor) => {
                let expected = SealRecord::of_record(record).unwrap();
                assert_eq!(anchor.check(&head()), Ok(&expected));
                assert_eq!(expected.hash().unwrap(), record.hash);
            }
        }
    }
    assert_eq!(prove(STORY.records.len() as u64), None, "there is no such record");
}

#[test]
fn no_bit_of_a_records_proof_can_be_changed() {
    let last = STORY.records.len() as u64 - 2;
    // In the first block, in a block of many, and in the last, whose seal is the head.
    for sequence in [0, 40, last] {
        let proof = prove_event(sequence);
        no_bit_can_change(&proof, |proof| proof.check::<Event>(&head()).is_ok());
        no_element_can_change(&proof.path, |path| {
            RecordProof { path, ..proof.clone() }.check::<Event>(&head()).is_ok()
        });
        assert!(proof.check::<Event>(&Digest::ZERO).is_err());
        if let Some(newer) = proof.anchor.newer.clone() {
            no_element_can_change(&newer.path, |path| {
                let newer = Some(undercut_ledger::log::proof::Newer { path, ..newer.clone() });
                Anchor { newer, ..proof.anchor.clone() }.check(&head()).is_ok()
            });
            let bare = Anchor { newer: None, ..proof.anchor };
            assert!(matches!(bare.check(&head()), Err(ProofRefused::Head { .. })));
        }
    }
}

#[test]
fn a_proof_of_one_record_is_none_of_another() {
    let (one, other) = (prove_event(40), prove_event(41));
    let mixed = RecordProof { payload: other.payload.clone(), ..one.clone() };
    assert_eq!(mixed.check::<Event>(&head()), Err(ProofRefused::Path { what: "record" }));
    let moved = RecordProof { sequence: 41, ..one };
    assert_eq!(moved.check::<Event>(&head()), Err(ProofRefused::Path { what: "record" }));
}

#[test]
fn every_older_head_is_shown_to_be_the_start_of_every_newer_one() {
    let seals = seals();
    for (records, new) in &seals {
        let history = history(*records);
        let new_hash = new.hash().unwrap();
        for (old_records, old) in &seals {
            let old_hash = old.hash().unwrap();
            match history.extension(*old) {
                Some(extension) if old_records <= records => {
                    assert_eq!(extension.check(&old_hash, &new_hash), Ok(()));
                    if old != new {
                        assert!(extension.check(&new_hash, &old_hash).is_err());
                        assert!(extension.check(&old_hash, &old_hash).is_err());
                        assert!(extension.check(&new_hash, &new_hash).is_err());
                    }
                }
                None => assert!(old_records > records),
                Some(extension) => panic!("{extension:?}"),
            }
        }
    }
}

#[test]
fn no_bit_of_an_extension_can_be_changed() {
    let seals = seals();
    let new = seals[seals.len() - 1].1.hash().unwrap();
    for old in [0, 1, 6, 7, 30, seals.len() - 2, seals.len() - 1] {
        let old = seals[old].1;
        let hash = old.hash().unwrap();
        let extension = history(STORY.records.len()).extension(old).unwrap();
        no_bit_can_change(&extension, |extension| extension.check(&hash, &new).is_ok());
        no_element_can_change(&extension.path, |path| {
            Extension { path, ..extension.clone() }.check(&hash, &new).is_ok()
        });
        no_element_can_change(&extension.consistency, |consistency| {
            Extension { consistency, ..extension.clone() }.check(&hash, &new).is_ok()
        });
    }
}

/// A writer who lies keeps the old head in the list of seals and writes other seals before it.
#[test]
fn a_history_rewritten_before_the_old_head_is_no_extension() {
    let seals = seals();
    let (old, mut new) = (seals[9].1, seals[20].1);
    let mut list: Vec<Digest> = seals[..20].iter().map(|(_, s)| s.hash().unwrap()).collect();
    list[3] = Digest::from_bytes([3; 32]);
    new.seal.history = merkle::root(&list);
    let path = merkle::inclusion_proof(&list, 9).unwrap();
    let consistency = merkle::consistency_proof(&list, 9).unwrap();
    let (old_hash, new_hash) = (old.hash().unwrap(), new.hash().unwrap());
    let rewritten = Extension { old, new, path, consistency };
    let refused = rewritten.check(&old_hash, &new_hash);
    assert_eq!(refused, Err(ProofRefused::Path { what: "older log" }));
}

/// Folds the story up to a block.
fn fold(height: u64) -> State {
    let mut replay = Replay::default();
    for record in STORY.records.iter().filter(|r| r.height <= BlockHeight::new(height)) {
        replay.apply(record).unwrap();
    }
    replay.state().unwrap().clone()
}

fn anchor(height: u64) -> Anchor {
    let seal = seals()[usize::try_from(height).unwrap()].1;
    history(STORY.records.len()).anchor(seal).unwrap()
}

#[test]
fn every_entry_of_the_state_has_a_proof_whose_bits_are_bound() {
    let height = 20;
    let mut state = fold(height);
    let entries = state.entries().unwrap();
    assert!(entries.len() > 30, "{}", entries.len());
    for (n, (key, value)) in entries.into_iter().enumerate() {
        let entry = state.prove(&key).expect("the entry is there");
        assert_eq!((&entry.key, &entry.value), (&key, &value));
        let proof = EntryProof { entry, anchor: anchor(height) };
        assert_eq!(proof.check(&head()).unwrap().height, BlockHeight::new(height));
        if n % 9 == 0 {
            no_bit_can_change(&proof, |proof| proof.check(&head()).is_ok());
        }
        let later = EntryProof { anchor: anchor(height + 1), ..proof };
        assert!(later.check(&head()).is_err(), "the block binds the state that it left");
    }
    assert_eq!(state.prove(&StateKey::Burn(9_999)), None);
}

/// What the records alone say that a lease was paid up to a block, and what was paid out.
fn told(id: LeaseId, height: u64) -> u128 {
    let price = STORY.records.iter().find_map(|record: &Record<Event>| match &record.event {
        Event::Ledger(undercut_ledger::LedgerEvent::LeaseSigned(signed)) => {
            (signed.terms.id == id).then(|| (signed.terms.price.clone(), signed.terms.starts_at))
        }
        _ => None,
    });
    let (price, starts_at) = price.expect("the lease was signed");
    let span = BlockHeight::new(height).since(starts_at).unwrap_or_default();
    price.over_floor(span).unwrap().amount.to_micro()
}

#[test]
fn what_a_lease_was_paid_is_proved_at_every_block() {
    let (mut running, mut ended) = (0, 0);
    for height in 1..STORY.height() {
        let mut state = fold(height);
        let leases: Vec<LeaseId> =
            state.escrow().leases().map(|lease| lease.signed.terms.id).collect();
        for id in leases {
            let is_running = state.escrow().lease(&id).unwrap().state.is_running();
            let account = state.escrow().account(&id.deployment()).unwrap().into_owned();
            let (lease, entry) = state.prove_lease(&id).unwrap();
            let proof = LeaseProof { lease, account: entry, anchor: anchor(height) };
            let paid = proof.check(&head()).unwrap();
            assert_eq!(paid.lease, id);
            let ahead = paid.height.since(BlockHeight::new(height)).unwrap().to_blocks();
            assert!(ahead <= 1, "{id} at {height} is paid {ahead} blocks ahead");
            if is_running {
                running += 1;
                let payment = account.payments.get(&id).expect("it runs");
                assert_eq!(paid.withdrawn, payment.withdrawn);
                // Without a pause, rate and blocks say it all.
                let is_plain = payment.starts_at
                    == state.escrow().lease(&id).unwrap().signed.terms.starts_at
                    && matches!(account.state, undercut_ledger::AccountState::Open);
                if is_plain {
                    assert_eq!(
                        paid.earned.to_micro(),
                        told(id, height + ahead),
                        "{id} at {height}"
                    );
                }
            } else {
                ended += 1;
                assert!(matches!(paid.state, LeaseState::Ended { .. }));
                assert_eq!(paid.earned, paid.withdrawn, "nothing waits once a lease has ended");
            }
        }
        assert_eq!(state.prove_lease(&lease_id(order_id("alice", 99, 1, 1), "p9")), None);
    }
    assert!(running > 20 && ended > 20, "{running} {ended}");
}

#[test]
fn no_bit_of_a_leases_proof_can_be_changed() {
    let (mut running, mut ended) = (false, false);
    for height in (1..STORY.height()).rev() {
        let mut state = fold(height);
        let leases: Vec<(LeaseId, bool)> = state
            .escrow()
            .leases()
            .map(|lease| (lease.signed.terms.id, lease.state.is_running()))
            .collect();
        for (id, is_running) in leases {
            let seen = if is_running { &mut running } else { &mut ended };
            if std::mem::replace(seen, true) {
                continue;
            }
            let (lease, account) = state.prove_lease(&id).unwrap();
            let proof = LeaseProof { lease, account, anchor: anchor(height) };
            no_bit_can_change(&proof, |proof| proof.check(&head()).is_ok());
            let stripped = LeaseProof { account: None, ..proof.clone() };
            assert_eq!(stripped.check(&head()).is_ok(), !is_running);
            let swapped = LeaseProof { account: Some(proof.lease.clone()), ..proof };
            assert!(swapped.check(&head()).is_err());
        }
    }
    assert!(running && ended);
}

#[test]
fn a_forged_log_has_proofs_for_its_own_head_alone() {
    let mut said = forge::unchain(&STORY.records);
    said.truncate(seals()[30].0);
    said[40].1 = said[41].1.clone();
    let (records, log) = forge::chain(said);
    let mut prover = Prover::new(40);
    let mut rest = &log[..];
    while let Some((frame, used)) = next_frame(rest).unwrap() {
        prover.observe(&frame, frame.hash());
        rest = &rest[used..];
    }
    let Some(Proof::Record(proof)) = prover.finish() else { unreachable!() };
    let own = records.last().unwrap().hash;
    assert!(proof.check::<Event>(&own).is_ok());
    assert!(matches!(proof.check::<Event>(&head()), Err(ProofRefused::Head { .. })));
}
