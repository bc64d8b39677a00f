use undercut_primitives::codec::Canonical;

use super::*;

/// Something that happens in a log that is no market's.
#[derive(Clone, Debug, PartialEq, Eq, Canonical)]
enum Event {
    Said(u32, Vec<u8>),
    Sealed(Seal),
}

impl Entry for Event {
    fn from_seal(seal: Seal) -> Self {
        Self::Sealed(seal)
    }

    fn as_seal(&self) -> Option<&Seal> {
        match self {
            Self::Sealed(seal) => Some(seal),
            Self::Said(..) => None,
        }
    }
}

fn said(number: u32) -> Event {
    Event::Said(number, vec![7; usize::try_from(number).unwrap()])
}

/// Block `n` has `n % 3` events and its seal. Returns the records, their frames and the chain.
fn log(blocks: u32) -> (Vec<Record<Event>>, Vec<Vec<u8>>, Chain) {
    let (mut records, mut frames, mut chain) = (Vec::new(), Vec::new(), Chain::EMPTY);
    for block in 0..blocks {
        let height = BlockHeight::new(u64::from(block) * 2);
        let mut written: Vec<_> = (0..block % 3)
            .map(|number| chain.append(height, said(block.saturating_add(number))).unwrap())
            .collect();
        written.push(chain.seal(height, Digest::from_bytes([9; 32])).unwrap());
        for (record, frame) in written {
            records.push(record);
            frames.push(frame);
        }
    }
    (records, frames, chain)
}

fn read(bytes: &[u8]) -> (Vec<Record<Event>>, Option<LogBroken>, Head) {
    let (mut reader, mut records) = (Reader::new(bytes), Vec::new());
    for record in &mut reader {
        match record {
            Ok(record) => records.push(record),
            Err(broken) => return (records, Some(broken), reader.head()),
        }
    }
    (records, None, reader.head())
}

fn code(broken: Option<LogBroken>) -> String {
    broken.map_or_else(|| "nothing".into(), |broken| broken.code().as_str().into())
}

#[test]
fn what_is_written_is_read() {
    let (records, frames, chain) = log(7);
    assert_eq!(read(&frames.concat()), (records.clone(), None, chain.head()));
    assert_eq!(verify(&Chain::EMPTY, &records), Ok(chain.clone()));
    // A reader can start at any seal, and so can a snapshot of the chain.
    let (first, frames_of_first, half) = log(4);
    let rest = frames[frames_of_first.len()..].concat();
    let bytes = half.encode().unwrap();
    let half = Chain::decode(&bytes, bytes.len()).unwrap();
    let mut reader = Reader::<Event>::at(half, &rest);
    let tail: Vec<_> = reader.by_ref().map(Result::unwrap).collect();
    assert_eq!((tail, reader.reached()), (records[first.len()..].to_vec(), &chain));
}

#[test]
fn frames_are_appended_to_what_is_there_and_failures_leave_no_trace() {
    let (records, frames, _) = log(7);
    let mut kept = vec![5, 6];
    for record in &records {
        let (sequence, height) = (record.sequence, record.height);
        let hash = write_frame_into(&mut kept, sequence, height, &record.event);
        assert_eq!(hash, Ok(record.hash));
    }
    assert_eq!(kept, [vec![5, 6], frames.concat()].concat());
    let largest = BODY_BYTES_MAX - BODY_BYTES_MIN - 4 - 4 - 8;
    for (bytes, fits) in [(largest, true), (largest + 1, false), (BODY_BYTES_MAX, false)] {
        let mut kept = vec![5, 6];
        let event = Event::Said(0, vec![0; bytes]);
        let made = write_frame_into(&mut kept, 0, BlockHeight::new(1), &event);
        assert_eq!((made.is_ok(), kept.len() > 2), (fits, fits), "{bytes}");
        assert_eq!(kept[..2], [5, 6]);
    }
}

#[test]
fn the_parts_of_a_seal_are_what_they_say() {
    let (records, ..) = log(6);
    let (mut seals, mut block) = (Vec::new(), Vec::new());
    for record in &records {
        let Event::Sealed(seal) = &record.event else {
            block.push(record.hash);
            continue;
        };
        let expected = Seal {
            index: u64::try_from(seals.len()).unwrap(),
            records: u64::try_from(block.len()).unwrap(),
            records_root: crate::merkle::root(&std::mem::take(&mut block)),
            state_root: Digest::from_bytes([9; 32]),
            previous: seals.last().copied().unwrap_or_default(),
            history: crate::merkle::root(&seals),
        };
        assert_eq!(*seal, expected);
        assert_eq!(seal.encode().unwrap().len(), 144);
        seals.push(record.hash);
    }
    assert_eq!(seals.len(), 6);
}

#[test]
fn every_flipped_bit_is_noticed_in_its_record() {
    let (_, frames, _) = log(5);
    let bytes = frames.concat();
    let ends: Vec<usize> = frames
        .iter()
        .scan(0, |end, frame| {
            *end += frame.len();
            Some(*end)
        })
        .collect();
    for bit in 0..bytes.len() * 8 {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let (_, broken, head) = read(&damaged);
        assert!(broken.is_some(), "bit {bit}");
        let intact = ends.iter().filter(|end| **end <= bit / 8).count();
        assert_eq!(head.records, u64::try_from(intact).unwrap(), "bit {bit}: {broken:?}");
    }
}

#[test]
fn every_cut_is_noticed_or_leaves_a_shorter_sealed_log() {
    let (records, frames, chain) = log(5);
    let bytes = frames.concat();
    for length in 0..bytes.len() {
        let (read, broken, head) = read(&bytes[..length]);
        assert!(head.records < chain.head().records, "at {length}");
        let is_sealed = read.last().is_none_or(|record| record.event.as_seal().is_some());
        assert!(broken.is_some() || is_sealed, "at {length}");
        assert!(records.starts_with(&read), "at {length}");
    }
}

/// Damage whose checksums are made anew: what is said of record `at`, and the code.
#[test]
fn records_that_do_not_follow_are_refused() {
    let (records, frames, _) = log(6);
    let last = records.len() - 1;
    let remade = |at: usize, change: &dyn Fn(&mut Record<Event>)| {
        let (mut record, mut frames) = (records[at].clone(), frames.clone());
        change(&mut record);
        let (_, frame) = frame_of(record.sequence, record.height, record.event).unwrap();
        frames[at] = frame;
        code(read(&frames.concat()).1)
    };
    let seal = |change: fn(&mut Seal)| {
        remade(last, &|record| {
            let Event::Sealed(seal) = &mut record.event else { unreachable!() };
            change(seal);
        })
    };
    assert_eq!(remade(last, &|_| ()), "nothing", "made anew without a change it is the same");
    assert_eq!(remade(2, &|record| record.sequence += 1), "LOG012");
    assert_eq!(remade(last, &|record| record.height = BlockHeight::new(11)), "LOG015");
    assert_eq!(remade(last - 1, &|record| record.height = BlockHeight::new(11)), "LOG015");
    assert_eq!(remade(0, &|record| record.height = BlockHeight::new(9)), "LOG015");
    // Another event under the same number: the seal of its block says so.
    assert_eq!(remade(last - 1, &|record| record.event = said(99)), "LOG005");
    assert_eq!(seal(|seal| seal.index += 1), "LOG005");
    assert_eq!(seal(|seal| seal.records -= 1), "LOG005");
    assert_eq!(seal(|seal| seal.records_root = Digest::ZERO), "LOG005");
    assert_eq!(seal(|seal| seal.previous = Digest::ZERO), "LOG005");
    assert_eq!(seal(|seal| seal.history = Digest::ZERO), "LOG005");
    // The root of the state is the host's word; the next seal binds it.
    assert_eq!(seal(|seal| seal.state_root = Digest::ZERO), "nothing");
    assert_eq!(
        remade(0, &|record| {
            let Event::Sealed(seal) = &mut record.event else { unreachable!() };
            seal.state_root = Digest::ZERO;
        }),
        "LOG005"
    );
    assert_eq!(code(read(&frames[..last].concat()).1), "LOG009", "the last block is not sealed");
}

#[test]
fn a_payload_has_one_form_and_a_seal_one_kind() {
    let height = BlockHeight::GENESIS;
    let seal = log(1).0[0].event.clone();
    let rows = [
        (Kind::Event, seal.encode().unwrap(), "LOG006"),
        (Kind::Event, vec![0xff; 9], "LOG006"),
        (Kind::Event, [said(1).encode().unwrap(), vec![0]].concat(), "LOG006"),
        (Kind::Seal, said(1).encode().unwrap(), "LOG005"),
        (Kind::Seal, vec![0; 143], "LOG005"),
        (Kind::Seal, vec![0; 145], "LOG005"),
    ];
    for (kind, payload, wanted) in rows {
        let (frame, _) = frame::write(0, height, kind, &payload).unwrap();
        assert_eq!(code(read(&frame).1), wanted, "{kind:?} {payload:?}");
    }
    let (mut frame, _) = frame::write(0, height, Kind::Event, &[]).unwrap();
    frame[FRAME_HEADER_BYTES + 16] = 2;
    let sum = checksum(&frame[FRAME_HEADER_BYTES..]).to_le_bytes();
    frame[4..8].copy_from_slice(&sum);
    assert_eq!(code(read(&frame).1), "LOG014");
}

#[test]
fn lengths_are_looked_at_before_anything_is_read() {
    let too_short = u32::try_from(BODY_BYTES_MIN).unwrap() - 1;
    let too_long = u32::try_from(BODY_BYTES_MAX).unwrap() + 1;
    for length in [0, too_short, too_long, u32::MAX] {
        let bytes = [&length.to_le_bytes()[..], &[0; 100]].concat();
        assert_eq!(next_frame(&bytes), Err(FrameBroken::Length { length }));
    }
    let bytes = [&u32::try_from(BODY_BYTES_MAX).unwrap().to_le_bytes()[..], &[0; 4]].concat();
    assert_eq!(next_frame(&bytes), Err(FrameBroken::CutOff { missing: BODY_BYTES_MAX }));
    let event = Event::Said(0, vec![0; BODY_BYTES_MAX]);
    assert!(Chain::default().append(BlockHeight::GENESIS, event).is_err());
}

#[test]
fn a_refused_record_leaves_the_chain_where_it_stood() {
    let (_, frames, chain) = log(4);
    let mut again = chain.clone();
    for frame in &frames {
        let (frame, _) = next_frame(frame).unwrap().unwrap();
        assert!(again.accept(&frame, frame.hash()).is_err());
        assert_eq!(again, chain);
    }
    assert!(again.append(BlockHeight::new(0), said(1)).is_err(), "block 0 is sealed");
    assert_eq!(again, chain);
}
