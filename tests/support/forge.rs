//! Chaining events into records again, as an attacker would who has the whole log in hand.

use undercut::{Event, State};
use undercut_ledger::log::{FRAME_HEADER_BYTES, Record, Seal, frame_of};
use undercut_ledger::merkle::Peaks;
use undercut_primitives::{BlockHeight, Digest};

/// What a record says, without its place in the chain.
pub type Said = (BlockHeight, Event);

/// What the records say, without their hashes.
#[must_use]
pub fn unchain(records: &[Record<Event>]) -> Vec<Said> {
    records.iter().map(|record| (record.height, record.event.clone())).collect()
}

/// Records and a log in which every hash and every seal fits what is there. Of the seals said, only
/// the state root counts. Nothing else is looked at: the forger writes what he likes.
#[must_use]
pub fn chain(said: Vec<Said>) -> (Vec<Record<Event>>, Vec<u8>) {
    let (mut records, mut log) = (Vec::new(), Vec::new());
    let (mut block, mut history, mut previous) = (Peaks::EMPTY, Peaks::EMPTY, Digest::ZERO);
    for (sequence, (height, mut event)) in (0..).zip(said) {
        if let Event::BlockSealed(Seal { state_root, .. }) = event {
            let block = std::mem::take(&mut block);
            event = Event::BlockSealed(Seal {
                index: history.len(),
                records: block.len(),
                records_root: block.root(),
                state_root,
                previous,
                history: history.root(),
            });
        }
        let (record, frame) = frame_of(sequence, height, event).expect("the event fits a record");
        if matches!(record.event, Event::BlockSealed(_)) {
            history.push(record.hash);
            previous = record.hash;
        } else {
            block.push(record.hash);
        }
        log.extend(frame);
        records.push(record);
    }
    (records, log)
}

/// [`chain`] by a forger who computes the state root of every seal anew as well, so that the fold
/// of the records agrees with what they claim as long as the events fit the state.
#[must_use]
pub fn reseal(mut said: Vec<Said>) -> (Vec<Record<Event>>, Vec<u8>) {
    let mut state = match said.first() {
        Some((_, Event::Genesis(genesis))) => State::new(genesis),
        _ => return chain(said),
    };
    for (_, event) in &mut said {
        if let Event::BlockSealed(seal) = event {
            seal.state_root = state.root();
        }
        // A forger does not mind events that do not fit; the replay does.
        let _fits = state.apply(event);
    }
    chain(said)
}

/// The frames of a log. Only for logs whose lengths are intact.
#[must_use]
pub fn frames(log: &[u8]) -> Vec<Vec<u8>> {
    let (mut rest, mut frames) = (log, Vec::new());
    while let Some(length) = rest.first_chunk::<4>() {
        let body = usize::try_from(u32::from_le_bytes(*length)).expect("a frame fits in memory");
        let (frame, after) = rest.split_at(FRAME_HEADER_BYTES + body);
        frames.push(frame.to_vec());
        rest = after;
    }
    frames
}

/// A log of these frames.
#[must_use]
pub fn join(frames: &[Vec<u8>]) -> Vec<u8> {
    frames.concat()
}
