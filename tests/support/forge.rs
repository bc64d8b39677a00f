//! Chaining events into records again, as an attacker would who has the whole log in hand.

use undercut::{Event, State};
use undercut_ledger::log::{HEADER, Head, Record};
use undercut_ledger::merkle;
use undercut_primitives::{BlockHeight, Digest};

/// What a record says, without its place in the chain.
pub type Said = (BlockHeight, Event);

/// What the records say, without their hashes.
#[must_use]
pub fn unchain(records: &[Record<Event>]) -> Vec<Said> {
    records.iter().map(|record| (record.height, record.event.clone())).collect()
}

/// Records and a log in which every hash and every link fits.
#[must_use]
pub fn chain(said: Vec<Said>) -> (Vec<Record<Event>>, Vec<u8>) {
    let (mut head, mut records, mut log) = (Head::EMPTY, Vec::new(), HEADER.to_vec());
    for (height, event) in said {
        let (record, next, frame) = head.chain(height, event).expect("the event fits a record");
        records.push(record);
        log.extend(frame);
        head = next;
    }
    (records, log)
}

/// [`chain`] by a forger who computes both roots of every seal anew as well, so that the fold of
/// the records agrees with what they claim as long as the events fit the state.
#[must_use]
pub fn reseal(said: Vec<Said>) -> (Vec<Record<Event>>, Vec<u8>) {
    let mut state = match said.first() {
        Some((_, Event::Genesis(genesis))) => State::new(genesis),
        _ => return chain(said),
    };
    let (mut head, mut block, mut resealed) = (Head::EMPTY, Vec::new(), Vec::new());
    for (height, mut event) in said {
        if let Event::BlockSealed { records_root, state_root, .. } = &mut event {
            *records_root = merkle::root(&std::mem::take::<Vec<Digest>>(&mut block));
            *state_root = state.root();
        }
        // A forger does not mind events that do not fit; the replay does.
        let _fits = state.apply(&event);
        let (record, next, _) = head.chain(height, event).expect("the event fits a record");
        if !matches!(record.event, Event::BlockSealed { .. }) {
            block.push(record.hash);
        }
        resealed.push((height, record.event));
        head = next;
    }
    chain(resealed)
}

/// The frames of a log, without the header. Only for logs whose lengths are intact.
#[must_use]
pub fn frames(log: &[u8]) -> Vec<Vec<u8>> {
    let (mut rest, mut frames) = (&log[HEADER.len()..], Vec::new());
    while let Some(length) = rest.first_chunk::<4>() {
        let body = usize::try_from(u32::from_le_bytes(*length)).expect("a frame fits in memory");
        let (frame, after) = rest.split_at(4 + body + 32);
        frames.push(frame.to_vec());
        rest = after;
    }
    frames
}

/// A log of these frames.
#[must_use]
pub fn join(frames: &[Vec<u8>]) -> Vec<u8> {
    [HEADER.to_vec(), frames.concat()].concat()
}
