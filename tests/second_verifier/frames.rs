//! Frames alone, as the engine returns them; and events alone.

use std::fmt::Write as _;
use std::fs;

use undercut::{Command, Event};
use undercut_ledger::log::{FRAME_HEADER_BYTES, LogBroken, Reader, checksum};
use undercut_ledger::merkle::Peaks;
use undercut_primitives::codec::{Canonical, ENCODED_BYTES_MAX};
use undercut_primitives::crypto::{self, Namespace};
use undercut_primitives::{Address, Denom, Digest};
use undercut_simulation::{InOrder, Scenario, Stream, World};
use undercut_tests::chain::{Chain, bid, deployment, order_id};
use undercut_tests::forge;

use crate::{STORY, judged, kept, python};

const RECORD: Namespace = Namespace("undercut/record/v2");
/// Where a body's payload begins.
const PAYLOAD: usize = 17;

/// The first verifier's verdict, in the words of the second: up to the reason.
fn first_verdict(log: &[u8]) -> String {
    let mut reader = Reader::<Event>::new(log);
    match reader.by_ref().find_map(Result::err) {
        None => format!("ok {} {}", reader.head().records, reader.head().hash),
        Some(
            LogBroken::Frame { sequence, offset, .. }
            | LogBroken::Unfit { sequence, offset, .. }
            | LogBroken::Event { sequence, offset, .. }
            | LogBroken::Unsealed { sequence, offset, .. },
        ) => format!("refused {sequence} {offset} "),
        Some(broken) => panic!("of records in memory: {broken}"),
    }
}

/// Both verifiers say the same of each log: how many they accepted.
fn agree(name: &str, logs: &[Vec<u8>]) -> Option<usize> {
    let lines: Vec<String> = logs
        .iter()
        .enumerate()
        .map(|(at, log)| format!("frames {}", kept(&format!("{name}-{at}"), log).display()))
        .collect();
    let verdicts = judged(name, &lines)?;
    for (at, (log, verdict)) in logs.iter().zip(&verdicts).enumerate() {
        assert!(verdict.starts_with(&first_verdict(log)), "{name} {at}: {verdict}");
        let _ = fs::remove_file(kept(&format!("{name}-{at}"), &[]));
    }
    Some(verdicts.iter().filter(|verdict| verdict.starts_with("ok")).count())
}

fn market(seed: u64) -> Vec<u8> {
    let mut world = World::new(&Scenario::first_market(seed)).unwrap();
    for _ in 0..60 {
        world.step(&InOrder).unwrap();
    }
    world.log().to_vec()
}

/// A market in which bids are signed together.
fn bundled() -> Chain {
    let mut chain = Chain::new();
    chain.register(&["p1"]);
    let new = deployment(1, &[("west", "100uact"), ("east", "100uact")], "1ACT");
    chain.must("alice", Command::CreateDeployment(new));
    let bids = [1, 2].map(|gseq| bid(order_id("alice", 1, gseq, 1), "50uact"));
    chain.must("p1", Command::CreateBids(bids.into()));
    chain.end_at(7);
    chain
}

#[test]
fn every_log_that_the_engine_writes_is_accepted_with_its_head() {
    let mut logs: Vec<Vec<u8>> = (1..4).map(market).collect();
    logs.extend([STORY.log.clone(), bundled().log, Chain::new().log, Vec::new()]);
    if let Some(accepted) = agree("good", &logs) {
        assert_eq!(accepted, logs.len());
    }
}

#[test]
fn another_head_than_the_one_asked_for_is_refused() {
    let path = kept("head", &STORY.log);
    let ask = |head: String| {
        python(&["--frames", path.to_str().unwrap(), "--head", &head])
            .map(|output| output.status.code())
    };
    let Some(code) = ask(STORY.engine.head().hash.to_string()) else { return };
    assert_eq!(code, Some(0));
    assert_eq!(ask(Digest::ZERO.to_string()), Some(Some(1)));
}

#[test]
fn thousands_of_flipped_bits_are_all_noticed() {
    let path = kept("flips", &STORY.log);
    let Some(output) = python(&["--frames", path.to_str().unwrap(), "--flips", "3000"]) else {
        return;
    };
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("flips 3000 missed 0"), "{text}");
}

#[test]
fn both_find_a_flipped_bit_in_the_same_record() {
    let path = kept("flipped", &STORY.log).display().to_string();
    let mut stream = Stream::new(1, "flips");
    let last = u64::try_from(STORY.log.len()).unwrap() - 1;
    let flips: Vec<(usize, u64)> = (0..400)
        .map(|_| (usize::try_from(stream.between(0, last)).unwrap(), stream.between(0, 7)))
        .collect();
    let line = |(at, bit): &(usize, u64)| format!("frames {path} flip={at}.{bit}");
    let lines: Vec<String> = flips.iter().map(line).collect();
    let Some(verdicts) = judged("flip-lines", &lines) else { return };
    for ((at, bit), verdict) in flips.iter().zip(verdicts) {
        let mut log = STORY.log.clone();
        log[*at] ^= 1 << bit;
        let first = first_verdict(&log);
        assert!(first.starts_with("refused") && verdict.starts_with(&first), "{first}: {verdict}");
    }
}

#[test]
fn both_find_what_is_cut_dropped_repeated_or_swapped_at_the_same_place() {
    let frames = forge::frames(&STORY.log);
    let mut logs = Vec::new();
    for at in (0..frames.len() - 1).step_by(7) {
        let change = |change: fn(usize, &mut Vec<Vec<u8>>)| {
            let mut forged = frames.clone();
            change(at, &mut forged);
            forge::join(&forged)
        };
        logs.push(change(|at, frames| frames.swap(at, at + 1)));
        logs.push(change(|at, frames| drop(frames.remove(at))));
        logs.push(change(|at, frames| frames.insert(at, frames[at].clone())));
        let before = forge::join(&frames[..at]).len();
        logs.push(STORY.log[..before].to_vec());
        logs.push(STORY.log[..before + 5].to_vec());
        logs.push(STORY.log[..before + frames[at].len() - 1].to_vec());
    }
    let sealed_cuts = logs.iter().filter(|log| first_verdict(log).starts_with("ok")).count();
    assert!(sealed_cuts < logs.len() / 10, "a cut after a seal is a shorter log");
    if let Some(accepted) = agree("moved", &logs) {
        assert_eq!(accepted, sealed_cuts);
    }
}

/// Frames of these bodies, by a forger who makes every checksum, root and hash anew.
fn rehash(frames: &[Vec<u8>]) -> Vec<u8> {
    let (mut log, mut block, mut history) = (Vec::new(), Peaks::EMPTY, Peaks::EMPTY);
    let mut previous = Digest::ZERO;
    for frame in frames {
        let mut body = frame[FRAME_HEADER_BYTES..].to_vec();
        let is_seal = body[PAYLOAD - 1] == 1;
        if is_seal {
            let block = std::mem::take(&mut block);
            body[PAYLOAD + 16..PAYLOAD + 48].copy_from_slice(block.root().as_bytes());
            body[PAYLOAD + 80..PAYLOAD + 112].copy_from_slice(previous.as_bytes());
            body[PAYLOAD + 112..PAYLOAD + 144].copy_from_slice(history.root().as_bytes());
        }
        let hash = crypto::digest(RECORD, &body);
        if is_seal {
            history.push(hash);
            previous = hash;
        } else {
            block.push(hash);
        }
        log.extend(u32::try_from(body.len()).unwrap().to_le_bytes());
        log.extend(checksum(&body).to_le_bytes());
        log.extend(body);
    }
    log
}

#[test]
fn both_refuse_a_forged_record_whose_checksums_and_seals_all_fit() {
    let frames = forge::frames(&STORY.log);
    assert_eq!(rehash(&frames), STORY.log, "the forger changes nothing that he need not");
    let at = FRAME_HEADER_BYTES + PAYLOAD;
    let events = frames.iter().enumerate().filter(|(_, frame)| frame[at - 1] == 0);
    let mut logs = Vec::new();
    for (number, _) in events.step_by(19) {
        let changes: [fn(&mut Vec<u8>, usize); 7] = [
            |frame, _| frame.push(0),
            |frame, _| {
                frame.pop();
            },
            // Event 15 is a seal and no event of kind 0; 16 is none; kind 2 is none.
            |frame, at| frame[at] = 15,
            |frame, at| frame[at] = 16,
            |frame, at| frame[at - 1] = 2,
            |frame, at| frame[at - 9] ^= 1,
            |frame, at| frame[at - 17] ^= 1,
        ];
        for change in changes {
            let mut forged = frames.clone();
            change(&mut forged[number], at);
            logs.push(rehash(&forged));
        }
    }
    let seals = frames.iter().enumerate().filter(|(_, frame)| frame[at - 1] == 1);
    for (number, _) in seals.step_by(11) {
        // The fields of a seal that the forger does not make anew: index and number of records.
        for field in [at, at + 8] {
            let mut forged = frames.clone();
            forged[number][field] ^= 1;
            logs.push(rehash(&forged));
        }
        let mut forged = frames.clone();
        forged[number].push(0);
        logs.push(rehash(&forged));
        // Its roots and links, with only its checksum made anew.
        for field in [at + 16, at + 80, at + 112] {
            let mut forged = frames.clone();
            forged[number][field] ^= 1;
            let sum = checksum(&forged[number][FRAME_HEADER_BYTES..]);
            forged[number][4..8].copy_from_slice(&sum.to_le_bytes());
            logs.push(forge::join(&forged));
        }
    }
    if let Some(accepted) = agree("forged", &logs) {
        assert_eq!(accepted, 0);
    }
}

/// Every event of the story and of a market with bundles, in canonical form.
fn payloads() -> Vec<Vec<u8>> {
    let frames = [forge::frames(&STORY.log), forge::frames(&bundled().log)].concat();
    let bodies = frames.iter().map(|frame| &frame[FRAME_HEADER_BYTES..]);
    bodies.filter(|body| body[PAYLOAD - 1] == 0).map(|body| body[PAYLOAD..].to_vec()).collect()
}

/// Both say the same of each payload: how many they accepted.
fn agree_on_events(name: &str, payloads: &[Vec<u8>]) -> Option<usize> {
    let line = |payload: &Vec<u8>| {
        let mut line = String::from("event ");
        payload.iter().for_each(|byte| write!(line, "{byte:02x}").unwrap());
        line
    };
    let lines: Vec<String> = payloads.iter().map(line).collect();
    let verdicts = judged(name, &lines)?;
    for ((payload, line), verdict) in payloads.iter().zip(&lines).zip(&verdicts) {
        let first = Event::decode(payload, ENCODED_BYTES_MAX);
        let first = first.is_ok_and(|event| !matches!(event, Event::BlockSealed(_)));
        assert_eq!(first, verdict.starts_with("ok"), "{line}: {verdict}");
    }
    Some(verdicts.iter().filter(|verdict| verdict.starts_with("ok")).count())
}

#[test]
fn both_agree_on_events_with_random_changes() {
    let mut stream = Stream::new(2, "events");
    let mut changed = Vec::new();
    for payload in payloads() {
        let last = u64::try_from(payload.len()).unwrap() - 1;
        for _ in 0..12 {
            let mut payload = payload.clone();
            // The first bytes say what everything else is; they are changed as often as the rest.
            let most = if stream.happens(300_000) { last.min(40) } else { last };
            let at = usize::try_from(stream.between(0, most)).unwrap();
            payload[at] = match stream.between(0, 2) {
                0 => payload[at] ^ 1 << stream.between(0, 7),
                1 => payload[at].wrapping_add(1),
                _ => u8::try_from(stream.between(0, 255)).unwrap(),
            };
            changed.push(payload);
        }
    }
    if let Some(accepted) = agree_on_events("events", &changed) {
        assert!(accepted > 1_000 && changed.len() - accepted > 500, "{accepted}");
    }
}

#[test]
fn both_refuse_a_map_out_of_order_and_other_spellings() {
    use undercut_ledger::{Allowance, AllowanceId, LedgerEvent, Limit};
    use undercut_primitives::Amount;
    let limit = |sum| Limit { granted: Amount::from_micro(sum), left: Amount::from_micro(sum) };
    let limits =
        [("uact", 1), ("uakt", 1)].map(|(denom, sum)| (denom.parse().unwrap(), limit(sum)));
    let id = AllowanceId { grantee: Address::of_module("a"), granter: Address::of_module("b") };
    let allowance = Allowance {
        for_deployments: true,
        for_bids: false,
        limits: limits.into_iter().collect::<std::collections::BTreeMap<Denom, Limit>>(),
        expires_at: None,
    };
    let event = Event::Ledger(LedgerEvent::AllowanceGranted { id, allowance });
    let good = event.encode().unwrap();
    let swapped = |one: &[u8], other: &[u8]| {
        let find = |wanted: &[u8]| good.windows(wanted.len()).position(|found| found == wanted);
        let mut bytes = good.clone();
        bytes[find(one).unwrap()..][..one.len()].copy_from_slice(other);
        bytes[find(other).unwrap()..][..one.len()].copy_from_slice(one);
        bytes
    };
    let not_zero_or_one = {
        let mut bytes = good.clone();
        *bytes.last_mut().unwrap() = 2;
        bytes
    };
    let cases = [good.clone(), swapped(b"uact", b"uakt"), not_zero_or_one];
    if let Some(accepted) = agree_on_events("spellings", &cases) {
        assert_eq!(accepted, 1, "the first, and only it");
    }
}
