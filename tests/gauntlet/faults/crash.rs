//! Power is lost after every operation, in every way: rows `crash-images` and `recovery-crashed`.
//!
//! Only images that differ are looked at and counted: after a sync all losses leave the same.

use std::collections::BTreeSet;
use std::sync::Arc;

use undercut_ledger::log::checksum;
use undercut_store::simulated::{History, LostNames, LostWrites, PowerLoss};
use undercut_store::{SharedDisk, SimulatedDisk, Writer};

use super::log::Blocks;
use super::outcome::Outcome;
use super::workload::{Promise, Stop, WORKLOADS, Workload, check, goes_on};

/// How many draws there are of each loss that is drawn.
const DRAWS: u64 = 6;

/// Every which image the log is written on in.
const GO_ON_EVERY: u64 = 8;

/// What was promised, and from which operation on.
#[derive(Debug, Default)]
pub(super) struct Receipts(Vec<(u64, Promise)>);

impl Receipts {
    /// Adds a promise. What was promised once is promised for ever.
    pub(super) fn add(&mut self, operation: u64, promise: Promise) {
        let before = self.last();
        let is_more = promise.head.records >= before.head.records;
        let head = if is_more { promise.head } else { before.head };
        let snapshot = promise.snapshot.max(before.snapshot);
        self.0.push((operation, Promise { head, snapshot }));
    }

    pub(super) fn last(&self) -> Promise {
        self.0.last().map_or(Promise::NONE, |(_, promise)| *promise)
    }

    /// What was promised before that operation.
    pub(super) fn at(&self, operation: u64) -> Promise {
        let after = self.0.partition_point(|(from, _)| *from <= operation);
        let made = after.checked_sub(1).and_then(|last| self.0.get(last));
        made.map_or(Promise::NONE, |(_, promise)| *promise)
    }
}

/// The losses to look at after an operation.
fn losses(seed: u64, draws: u64) -> Vec<PowerLoss> {
    let mut writes = vec![LostWrites::All, LostWrites::None];
    writes.extend([LostWrites::Zeroed, LostWrites::AfterLength]);
    for draw in 0..draws {
        let seed = seed.wrapping_mul(1_000_003).wrapping_add(draw);
        writes.extend([LostWrites::AfterPrefix { seed }, LostWrites::Sectors { seed }]);
    }
    let names = [LostNames::All, LostNames::None, LostNames::AfterPrefix { seed }];
    let both = |writes| names.map(|names| PowerLoss { writes, names });
    writes.into_iter().flat_map(both).collect()
}

/// Names, lengths and checksums, by which images of one operation are told apart.
fn fingerprint(disk: &SimulatedDisk) -> Vec<(String, usize, u32)> {
    let of = |name: String| {
        let bytes = disk.contents(&name).unwrap_or_default();
        (name, bytes.len(), checksum(&bytes))
    };
    disk.names().into_iter().map(of).collect()
}

/// The images that differ when power is lost here, each with its loss.
fn images(history: &History, seed: u64, draws: u64) -> Vec<(PowerLoss, SimulatedDisk)> {
    let mut seen = BTreeSet::new();
    let mut images = Vec::new();
    let losses = losses(seed, draws);
    let count = if history.has_unsynced() { losses.len() } else { 1 };
    for loss in losses.into_iter().take(count) {
        let image = history.crash(loss);
        if seen.insert(fingerprint(&image)) {
            images.push((loss, image));
        }
    }
    images
}

pub(super) fn shared(disk: &SimulatedDisk) -> SharedDisk {
    Arc::new(disk.clone())
}

/// Plays a workload on a simulated disk that may be wrapped.
fn write(
    workload: &Workload,
    log: &Blocks,
    seed: u64,
    wrap: fn(SimulatedDisk) -> SharedDisk,
) -> Result<(SimulatedDisk, Receipts), String> {
    let (disk, mut receipts) = (SimulatedDisk::new(), Receipts::default());
    let mut tell = |promise| receipts.add(disk.operations(), promise);
    match workload.play(&wrap(disk.clone()), log, seed, &mut tell) {
        Ok(()) => Ok((disk, receipts)),
        Err(Stop::Store(error)) => Err(format!("{}: {error}", workload.name)),
        Err(Stop::Wrong(problem)) => Err(format!("{}: {problem}", workload.name)),
    }
}

/// All images of all workloads of a seed.
pub(super) fn crash_images(seed: u64, wrap: fn(SimulatedDisk) -> SharedDisk) -> Outcome {
    let mut outcome = Outcome::default();
    for workload in &WORKLOADS {
        let log = workload.log(seed);
        let (disk, receipts) = match write(workload, &log, seed, wrap) {
            Ok(written) => written,
            Err(problem) => {
                outcome.wrong.push(problem);
                continue;
            }
        };
        let (mut history, options) = (disk.history(), workload.options());
        loop {
            let operation = history.operation();
            for (loss, image) in images(&history, seed.wrapping_add(operation), DRAWS) {
                let image = shared(&image);
                let checked = check(&image, &log, options, receipts.at(operation));
                let goes_on_too = outcome.figure.is_multiple_of(GO_ON_EVERY);
                let checked = checked.and_then(|found| match goes_on_too {
                    true => goes_on(&image, &log, options, found),
                    false => Ok(()),
                });
                outcome.note(checked, || {
                    format!("{}, power lost after operation {operation}, {loss:?}", workload.name)
                });
            }
            if !history.advance() {
                break;
            }
        }
    }
    outcome
}

/// Images whose recovery loses power too, after each of its operations.
pub(super) fn recovery_crashed(seed: u64) -> Outcome {
    let mut outcome = Outcome::default();
    for workload in &WORKLOADS {
        let log = workload.log(seed);
        match write(workload, &log, seed, |disk| Arc::new(disk)) {
            Ok((disk, receipts)) => {
                let mut history = disk.history();
                while history.advance() {
                    let operation = history.operation();
                    let first = images(&history, seed.wrapping_add(operation), 1);
                    for (loss, image) in first.into_iter().step_by(3) {
                        let place = || format!("{}, after {operation}, {loss:?}", workload.name);
                        let promised = receipts.at(operation);
                        outcome.add(crash_again(workload, &log, &image, promised, &place));
                    }
                }
            }
            Err(problem) => outcome.wrong.push(problem),
        }
    }
    outcome
}

/// Recovers an image, and looks at how power could have been lost meanwhile.
fn crash_again(
    workload: &Workload,
    log: &Blocks,
    image: &SimulatedDisk,
    promised: Promise,
    place: &dyn Fn() -> String,
) -> Outcome {
    let (mut outcome, options) = (Outcome::default(), workload.options());
    let recovered = match Writer::open(shared(image), options) {
        Ok((_, recovered)) => recovered,
        Err(error) => {
            outcome.wrong.push(format!("{}: {error}", place()));
            return outcome;
        }
    };
    let end = image.operations();
    let mut history = image.history();
    while history.advance() {
        let operation = history.operation();
        // What recovery says it kept is a promise as well.
        let head = if operation == end { recovered.head } else { promised.head };
        for (loss, again) in images(&history, operation, 1) {
            let again = shared(&again);
            let checked = check(&again, log, options, Promise { head, ..promised })
                .and_then(|found| goes_on(&again, log, options, found));
            let then = || format!("{}, then in recovery after {operation}, {loss:?}", place());
            outcome.note(checked, then);
        }
    }
    outcome
}
