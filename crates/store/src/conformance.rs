//! Whether a [`Store`] keeps its promises: what third-party implementations run in their tests.
//!
//! Durability it cannot see; for that run a store on a [`SimulatedDisk`](crate::SimulatedDisk), or
//! kill its process.

use std::fmt::Display;
use std::ops::ControlFlow;

use undercut_ledger::log::{Chain, Entry, Head, Seal};
use undercut_primitives::codec::{Canonical, EncodeError};
use undercut_primitives::{BlockHeight, Digest};

use crate::store::Store;

/// What the suite writes.
#[derive(Clone, Debug, Canonical)]
enum Event {
    Said(Vec<u8>),
    Sealed(Seal),
}

impl Entry for Event {
    fn from_seal(seal: Seal) -> Self {
        Self::Sealed(seal)
    }

    fn as_seal(&self) -> Option<&Seal> {
        match self {
            Self::Sealed(seal) => Some(seal),
            Self::Said(_) => None,
        }
    }
}

/// A promise that a store does not keep.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{promise}: {found}")]
pub struct Broken {
    /// The promise.
    pub promise: &'static str,
    /// What was found instead.
    pub found: String,
}

fn holds(promise: &'static str, is_kept: bool, found: impl Display) -> Result<(), Broken> {
    if is_kept { Ok(()) } else { Err(Broken { promise, found: found.to_string() }) }
}

fn works<T, E: Display>(promise: &'static str, result: Result<T, E>) -> Result<T, Broken> {
    result.map_err(|error| Broken { promise, found: error.to_string() })
}

/// Blocks to write, and the head after each.
fn blocks(count: u64) -> Result<Vec<(Vec<u8>, Head)>, EncodeError> {
    let mut chain = Chain::EMPTY;
    let mut blocks = Vec::new();
    for number in 0..count {
        let height = BlockHeight::new(number.saturating_add(5));
        let mut block = Vec::new();
        for event in 0..number & 3 {
            let length = crate::bytes::to_usize(event.saturating_mul(1_000));
            block.extend(chain.append(height, Event::Said(vec![7; length]))?.1);
        }
        block.extend(chain.seal::<Event>(height, Digest::ZERO)?.1);
        blocks.push((block, chain.head()));
    }
    Ok(blocks)
}

/// Checks a store. `make` gives an empty one each time it is called; `reopen` gives the one it is
/// given again as after a restart, with what was acknowledged and no more than what was appended.
///
/// # Errors
///
/// [`Broken`] with the first promise that is not kept.
pub fn check<S: Store>(
    mut make: impl FnMut() -> S,
    mut reopen: impl FnMut(S) -> S,
) -> Result<(), Broken> {
    let blocks = works("blocks to write can be made", blocks(24))?;
    is_empty_at_first(&make())?;
    keeps_what_it_acknowledges(make(), &blocks, &mut reopen)?;
    refuses_what_does_not_follow(make(), &blocks)?;
    reads_from_any_record(make(), &blocks)?;
    keeps_snapshots(make(), &blocks, &mut reopen)
}

type Blocks = [(Vec<u8>, Head)];

fn is_empty_at_first<S: Store>(store: &S) -> Result<(), Broken> {
    let head = store.acknowledged();
    holds("a new store acknowledges nothing", head == Head::EMPTY, head.records)?;
    holds("a new store has no records", read(store, 0)?.is_empty(), "it has some")?;
    let snapshot = works("a new store can be asked for a snapshot", store.newest_snapshot())?;
    holds("a new store has no snapshot", snapshot.is_none(), "it has one")
}

/// The bodies of the acknowledged records from `sequence` on, joined.
fn read<S: Store>(store: &S, sequence: u64) -> Result<Vec<u8>, Broken> {
    let mut bodies = Vec::new();
    let mut each = |frame: &undercut_ledger::log::Frame<'_>| {
        bodies.extend(frame.body);
        ControlFlow::Continue(())
    };
    works("records can be read", store.frames_from(sequence, &mut each))?;
    Ok(bodies)
}

/// What [`read`] should give.
fn bodies(blocks: &Blocks, sequence: u64) -> Vec<u8> {
    let mut bodies = Vec::new();
    for (block, _) in blocks {
        let mut rest = block.as_slice();
        while let Ok(Some((frame, used))) = undercut_ledger::log::next_frame(rest) {
            if frame.sequence >= sequence {
                bodies.extend(frame.body);
            }
            rest = rest.get(used..).unwrap_or_default();
        }
    }
    bodies
}

fn keeps_what_it_acknowledges<S: Store>(
    mut store: S,
    blocks: &Blocks,
    reopen: &mut impl FnMut(S) -> S,
) -> Result<(), Broken> {
    for (number, (block, head)) in blocks.iter().enumerate() {
        let before = store.acknowledged();
        works("a block that follows is taken", store.append(block))?;
        let after = store.acknowledged();
        holds("appending goes never back", after.records >= before.records, after.records)?;
        let made = store.chain().head();
        holds("the chain stands after what was appended", made == *head, made.records)?;
        let committed = works("a commit succeeds", store.commit())?;
        let is_sound = committed == store.acknowledged() && committed.records >= after.records;
        holds("a commit says what is acknowledged", is_sound, committed.records)?;
        let known = blocks.iter().any(|(_, head)| *head == committed) || committed == Head::EMPTY;
        holds("what is acknowledged ends with a seal", known, committed.records)?;
        if number & 3 == 3 {
            let flushed = works("a flush succeeds", store.flush())?;
            holds("a flush acknowledges everything", flushed == *head, flushed.records)?;
            store = reopen(store);
            let found = store.acknowledged();
            holds("what is acknowledged stays", found == *head, found.records)?;
            let sofar = blocks.get(..=number).unwrap_or_default();
            let is_same = read(&store, 0)? == bodies(sofar, 0);
            holds("records come back as they were", is_same, "they differ")?;
        }
    }
    Ok(())
}

fn refuses_what_does_not_follow<S: Store>(mut store: S, blocks: &Blocks) -> Result<(), Broken> {
    let block = |number: usize| blocks.get(number).map_or(&[][..], |(block, _)| block);
    let cut = block(1).get(..block(1).len().saturating_sub(1)).unwrap_or_default();
    let mut altered = block(0).to_vec();
    if let Some(byte) = altered.last_mut() {
        *byte ^= 1;
    }
    for bytes in [block(1), block(3), &altered] {
        let refused = store.append(bytes).is_err();
        holds("blocks that do not follow are refused", refused, "one was taken")?;
    }
    works("after a refusal the store goes on", store.append(block(0)))?;
    holds("a block is taken once", store.append(block(0)).is_err(), "it was taken twice")?;
    holds("half a block is refused", store.append(cut).is_err(), "it was taken")?;
    let head = works("after a refusal the store goes on", store.flush())?;
    let expected = blocks.first().map(|(_, head)| *head);
    holds("what is refused leaves no trace", Some(head) == expected, head.records)
}

fn reads_from_any_record<S: Store>(mut store: S, blocks: &Blocks) -> Result<(), Broken> {
    let all: Vec<u8> = blocks.iter().flat_map(|(block, _)| block.iter().copied()).collect();
    works("many blocks are taken at once", store.append(&all))?;
    let head = works("a flush succeeds", store.flush())?;
    for sequence in 0..=head.records {
        let is_same = read(&store, sequence)? == bodies(blocks, sequence);
        holds("records can be read from any on", is_same, format!("not from {sequence}"))?;
    }
    let mut count = 0_u64;
    let mut stop = |_: &undercut_ledger::log::Frame<'_>| {
        count = count.saturating_add(1);
        ControlFlow::Break(())
    };
    works("records can be read", store.frames_from(2, &mut stop))?;
    holds("reading stops when told", count == 1, count)
}

fn keeps_snapshots<S: Store>(
    mut store: S,
    blocks: &Blocks,
    reopen: &mut impl FnMut(S) -> S,
) -> Result<(), Broken> {
    for (block, head) in blocks.iter().take(5) {
        works("a block that follows is taken", store.append(block))?;
        let payload = head.hash.as_bytes();
        let saved = works("a snapshot is kept", store.save_snapshot(payload))?;
        holds("a snapshot stands at the last seal", saved == *head, saved.records)?;
        let acknowledged = store.acknowledged();
        let is_there = acknowledged == *head;
        holds("a snapshot's head is acknowledged", is_there, acknowledged.records)?;
        store = reopen(store);
        let found = works("a snapshot can be read", store.newest_snapshot())?;
        let height = store.chain().height();
        let is_it = found.is_some_and(|found| {
            found.head == *head && found.payload == payload && Some(found.height) == height
        });
        holds("the newest snapshot comes back", is_it, "it is another")?;
    }
    Ok(())
}
