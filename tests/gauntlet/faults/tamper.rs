//! Frames, blocks and files of a closed log moved about: row `frames`. All of it is refused; what is
//! added beside the log is named.

use std::ops::Range;
use std::sync::Arc;

use undercut_ledger::log::{Kind, checksum, next_frame};
use undercut_store::{SharedDisk, snapshot, verify};

use super::damage::{Closed, Files, FixedDisk};
use super::outcome::Outcome;

fn on(files: Files) -> SharedDisk {
    Arc::new(FixedDisk { files, flip: None })
}

/// Joins parts of a segment anew.
fn joined(bytes: &[u8], parts: &[Range<usize>]) -> Vec<u8> {
    parts.iter().filter_map(|part| bytes.get(part.clone())).flatten().copied().collect()
}

/// The ways to move, drop and repeat the parts of a segment, by name.
fn rearranged(bytes: &[u8], places: &[Range<usize>]) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    let end = places.last().map_or(0, |last| last.end);
    for (at, place) in places.iter().enumerate() {
        let (before, after) = (0..place.start, place.end..end);
        let dropped = joined(bytes, &[before.clone(), after.clone()]);
        all.push((format!("part {at} dropped"), dropped));
        let repeated = [before.clone(), place.clone(), place.clone(), after];
        all.push((format!("part {at} repeated"), joined(bytes, &repeated)));
        for (other, second) in places.iter().enumerate().skip(at + 1) {
            let between = place.end..second.start;
            let parts = [before.clone(), second.clone(), between, place.clone(), second.end..end];
            all.push((format!("parts {at} and {other} swapped"), joined(bytes, &parts)));
        }
    }
    all
}

/// Lets the watermarks of a segment say that it is as long as it is, and fixes their checksums.
fn lengthened(mut bytes: Vec<u8>) -> Vec<u8> {
    let length = bytes.len() as u64;
    let mut newest = [4_096_usize, 8_192];
    let write = |at: usize| bytes.get(at).copied().unwrap_or_default();
    newest.sort_by_key(|at| write(*at));
    let slot = newest[1];
    bytes[slot + 16..slot + 24].copy_from_slice(&length.to_le_bytes());
    let sum = checksum(&bytes[slot..slot + 60]);
    bytes[slot + 60..slot + 64].copy_from_slice(&sum.to_le_bytes());
    bytes
}

/// The frames of a segment joined to whole blocks.
fn blocks(bytes: &[u8], frames: &[Range<usize>]) -> Vec<Range<usize>> {
    let (mut blocks, mut start) = (Vec::new(), None);
    for frame in frames {
        let from = *start.get_or_insert(frame.start);
        let found = next_frame(bytes.get(frame.clone()).unwrap_or_default());
        if matches!(found, Ok(Some((frame, _))) if frame.kind == Kind::Seal) {
            blocks.push(from..frame.end);
            start = None;
        }
    }
    blocks
}

/// Everything that is tried, on one log; `foreign` is the same log of another seed.
pub(super) fn frames(log: &Closed, foreign: &Closed) -> Outcome {
    let mut outcome = Outcome::default();
    for name in log.segments() {
        let Some(bytes) = log.files.get(&name) else { continue };
        let frames = log.places_of(&name);
        for places in [frames.to_vec(), blocks(bytes, frames)] {
            for (what, changed) in rearranged(bytes, &places) {
                if changed == **bytes {
                    continue;
                }
                for changed in [lengthened(changed.clone()), changed] {
                    let mut files = log.files.clone();
                    files.insert(name.clone(), Arc::new(changed));
                    outcome.note(refused(files), || format!("{name}: {what}"));
                }
            }
        }
    }
    outcome.add(whole_files(log, foreign));
    outcome.add(beside(log, foreign));
    outcome
}

fn refused(files: Files) -> Result<(), String> {
    match verify(&on(files), 1, &mut |_| ()) {
        Err(_) => Ok(()),
        // What stands after the watermark was never acknowledged, and is told.
        Ok(whole) if whole.tail.is_some() => Ok(()),
        Ok(whole) => Err(format!("missed: {:?}", whole.head)),
    }
}

/// Segments dropped, swapped, renamed, repeated, and put in from another log.
fn whole_files(log: &Closed, foreign: &Closed) -> Outcome {
    let mut outcome = Outcome::default();
    let segments = log.segments();
    for name in &segments {
        let mut files = log.files.clone();
        let bytes = files.remove(name).unwrap_or_default();
        outcome.note(refused(files.clone()), || format!("{name} dropped"));
        for other in &segments {
            if other != name {
                let mut swapped = log.files.clone();
                let theirs = swapped.insert(other.clone(), bytes.clone()).unwrap_or_default();
                outcome.note(refused(swapped.clone()), || format!("{name} also as {other}"));
                swapped.insert(name.clone(), theirs);
                outcome.note(refused(swapped), || format!("{name} and {other} swapped"));
            }
        }
        let first = name.trim_end_matches(".seg").parse::<u64>().unwrap_or_default();
        for moved in [first + 1, first + 1_000, first.saturating_sub(1)] {
            let moved = format!("{moved:020}.seg");
            if !log.files.contains_key(&moved) {
                let mut renamed = files.clone();
                renamed.insert(moved.clone(), bytes.clone());
                outcome.note(refused(renamed), || format!("{name} renamed to {moved}"));
                let mut repeated = log.files.clone();
                repeated.insert(moved.clone(), bytes.clone());
                outcome.note(refused(repeated), || format!("{name} also as {moved}"));
            }
        }
        for (theirs, bytes) in foreign.files.iter().filter(|(name, _)| name.ends_with(".seg")) {
            // Alone, a whole other log is another log.
            if segments.len() > 1 {
                let mut files = log.files.clone();
                files.insert(name.clone(), bytes.clone());
                outcome.note(refused(files), || format!("{name} from {theirs} of another log"));
            }
        }
    }
    outcome
}

/// Files added, and snapshots of other heads and logs.
fn beside(log: &Closed, foreign: &Closed) -> Outcome {
    let mut outcome = Outcome::default();
    for name in ["notes", "00000000000000000000.seg.old", "1.seg", "0000000000000000001x.snap"] {
        let mut files = log.files.clone();
        files.insert(name.to_owned(), Arc::new(b"something".to_vec()));
        let checked = match verify(&on(files), 1, &mut |_| ()) {
            Ok(whole) if whole.foreign == [name] => Ok(()),
            Ok(whole) => Err(format!("only {:?} are named", whole.foreign)),
            Err(error) => Err(format!("refused: {error}")),
        };
        outcome.note(checked, || format!("{name} added"));
    }
    let snapshots = |of: &Closed| -> Vec<(String, Arc<Vec<u8>>)> {
        let found = of.files.iter().filter(|(name, _)| name.ends_with(".snap"));
        found.map(|(name, bytes)| (name.clone(), bytes.clone())).collect()
    };
    for (name, bytes) in snapshots(log) {
        for records in 0..log.head.records + 3 {
            let renamed = format!("{records:020}.snap");
            if renamed != name {
                outcome.note(unused(log, &renamed, bytes.clone()), || {
                    format!("{name} renamed to {renamed}")
                });
            }
        }
    }
    for (name, bytes) in snapshots(foreign) {
        outcome.note(unused(log, &name, bytes), || format!("{name} of another log"));
    }
    outcome
}

/// Whether a snapshot is not used, and named, when it is the only one.
fn unused(log: &Closed, name: &str, bytes: Arc<Vec<u8>>) -> Result<(), String> {
    let mut files = log.files.clone();
    files.retain(|name, _| !name.ends_with(".snap"));
    files.insert(name.to_owned(), bytes);
    let found = snapshot::newest(&*on(files)).map_err(|error| error.to_string())?;
    let is_named = found.refused.iter().any(|(refused, _)| refused == name);
    if found.newest.is_none() && is_named { Ok(()) } else { Err("used".into()) }
}
