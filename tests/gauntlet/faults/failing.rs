//! A disk that fails at every call, once and for ever: rows `errors` and `read-errors`.

use undercut_store::simulated::{Dirty, Fault, LostNames, LostWrites, PowerLoss, Times};
use undercut_store::{Options, SharedDisk, SimulatedDisk, StoreError, Writer, snapshot, verify};

use super::crash::{Receipts, shared};
use super::log::{Blocks, read};
use super::outcome::Outcome;
use super::workload::{Promise, Stop, Workload, check, goes_on};

/// Every way to fail. The last two lie: then nobody can keep a promise, but a wrong log must not
/// come of it.
const FAULTS: [Fault; 8] = [
    Fault::Broken,
    Fault::NoSpace,
    Fault::ShortWrite,
    Fault::Interrupted,
    Fault::FailedSync(Dirty::Kept),
    Fault::FailedSync(Dirty::Dropped),
    Fault::LyingWrite,
    Fault::LyingSync,
];

fn losses(seed: u64) -> [PowerLoss; 4] {
    let loss = |writes, names| PowerLoss { writes, names };
    [
        loss(LostWrites::All, LostNames::All),
        loss(LostWrites::All, LostNames::None),
        loss(LostWrites::AfterPrefix { seed }, LostNames::AfterPrefix { seed }),
        loss(LostWrites::Sectors { seed }, LostNames::None),
    ]
}

/// A workload on a disk that fails.
struct Run<'a> {
    workload: &'a Workload,
    log: &'a Blocks,
    seed: u64,
}

/// All faults at every operation of one workload.
pub(super) fn errors(workload: &Workload, seed: u64) -> Outcome {
    let mut outcome = Outcome::default();
    let log = workload.log(seed);
    let run = Run { workload, log: &log, seed };
    let (disk, _, end) = run.play(None);
    if !matches!(end, Ok(())) {
        outcome.wrong.push(format!("{}: without a fault: {end:?}", workload.name));
        return outcome;
    }
    for operation in 0..disk.operations() {
        for fault in FAULTS {
            for times in [Times::Once, Times::Forever] {
                let Some(checked) = run.with(operation, fault, times) else { continue };
                outcome.note(checked, || {
                    format!("{}, {fault:?} {times:?} at operation {operation}", workload.name)
                });
            }
        }
    }
    outcome
}

impl Run<'_> {
    fn play(
        &self,
        fault: Option<(u64, Fault, Times)>,
    ) -> (SimulatedDisk, Receipts, Result<(), Stop>) {
        let (disk, mut receipts) = (SimulatedDisk::new(), Receipts::default());
        if let Some((operation, fault, times)) = fault {
            disk.fail_at(operation, fault, times);
        }
        let mut tell = |promise| receipts.add(disk.operations(), promise);
        let end = self.workload.play(&shared(&disk), self.log, self.seed, &mut tell);
        (disk, receipts, end)
    }

    /// `None` when nothing was done any more that the fault could strike.
    fn with(&self, operation: u64, fault: Fault, times: Times) -> Option<Result<(), String>> {
        let (disk, receipts, end) = self.play(Some((operation, fault, times)));
        let found = || self.judge(&disk, receipts.last(), end, (operation, fault, times));
        disk.has_failed().then(found)
    }

    fn judge(
        &self,
        disk: &SimulatedDisk,
        promised: Promise,
        end: Result<(), Stop>,
        (operation, fault, times): (u64, Fault, Times),
    ) -> Result<(), String> {
        let lies = matches!(fault, Fault::LyingWrite | Fault::LyingSync);
        match end {
            Err(Stop::Wrong(problem)) => return Err(problem),
            Ok(()) if !lies && fault != Fault::Interrupted => {
                return Err("the failure was not told".into());
            }
            Err(Stop::Store(error)) if fault == Fault::Interrupted && times == Times::Once => {
                return Err(format!("one interruption stopped it: {error}"));
            }
            Err(Stop::Store(StoreError::Poisoned { cause })) => {
                return Err(format!("the first failure was told as a later one: {cause}"));
            }
            _ => {}
        }
        if lies {
            return self.after_lies(disk, promised, fault);
        }
        if times == Times::Once {
            return self.opened_again(disk, promised);
        }
        let found = self.checked(&disk.killed(), promised);
        found.map_err(|problem| format!("killed: {problem}"))?;
        for loss in losses(self.seed.wrapping_add(operation)) {
            let found = self.checked(&disk.crash(u64::MAX, loss), promised);
            found.map_err(|problem| format!("{loss:?}: {problem}"))?;
        }
        Ok(())
    }

    fn checked(&self, disk: &SimulatedDisk, promised: Promise) -> Result<Promise, String> {
        check(&shared(disk), self.log, self.workload.options(), promised)
    }

    /// The log is opened again on the same disk, which works again but may have dropped what was
    /// written; goes on; and then power is lost.
    fn opened_again(&self, disk: &SimulatedDisk, promised: Promise) -> Result<(), String> {
        let (same, options) = (shared(disk), self.workload.options());
        let found = check(&same, self.log, options, promised)?;
        // What recovery found is promised from now on.
        let lost = |disk: &SimulatedDisk, promised| {
            for loss in losses(self.seed) {
                let found = self.checked(&disk.crash(u64::MAX, loss), promised);
                found.map_err(|problem| format!("opened, then {loss:?}: {problem}"))?;
            }
            Ok::<(), String>(())
        };
        lost(disk, found)?;
        goes_on(&same, self.log, options, found)?;
        lost(disk, found)
    }

    /// After a lie the log is refused, or it is a log up to one of its blocks. What is read from the
    /// memory of a system that still runs is never less than promised.
    fn after_lies(
        &self,
        disk: &SimulatedDisk,
        promised: Promise,
        fault: Fault,
    ) -> Result<(), String> {
        let whole = verify(&shared(&disk.killed()), 1, &mut |_| ());
        let is_told = !whole.is_ok_and(|whole| whole.damaged.is_empty() && whole.tail.is_none());
        let least = if fault == Fault::LyingSync { promised } else { Promise::NONE };
        match self.checked(&disk.killed(), least) {
            Err(problem) if !problem.starts_with("refused") => return Err(problem),
            Err(problem) if fault == Fault::LyingSync => return Err(problem),
            Ok(found) if !is_told && found.head.records < promised.head.records => {
                return Err(format!("lost without a word: {found:?}, promised {promised:?}"));
            }
            _ => {}
        }
        for loss in losses(self.seed) {
            match self.checked(&disk.crash(u64::MAX, loss), Promise::NONE) {
                Err(problem) if !problem.starts_with("refused") => {
                    return Err(format!("{loss:?}: {problem}"));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// What reading a log gives: its bytes, its newest snapshot, and whether it verifies.
type Answer = (Vec<u8>, Option<u64>, undercut_ledger::log::Head);

fn answer(disk: &SharedDisk) -> Result<Answer, StoreError> {
    let (bytes, head) = read(disk)?;
    let newest = snapshot::newest(&**disk)?.newest.map(|found| found.head.records);
    let whole = verify(disk, 2, &mut |_| ())?;
    if whole.head == head { Ok((bytes, newest, head)) } else { Err(StoreError::NoLog) }
}

/// Every read fails, once and for ever, while a log is opened and read: an error or the truth.
pub(super) fn read_errors(workload: &Workload, seed: u64) -> Outcome {
    let mut outcome = Outcome::default();
    let log = workload.log(seed);
    let (written, _, _) = Run { workload, log: &log, seed }.play(None);
    // Left as a process leaves it that dies, so that there is something to recover.
    let half = written.crash(
        written.operations().saturating_sub(3),
        PowerLoss { writes: LostWrites::None, names: LostNames::None },
    );
    for image in [written.killed(), half] {
        let expected = answer(&shared(&image));
        let fresh = || image.killed();
        let counted = fresh();
        let _ = answer(&shared(&counted));
        for read in 0..counted.reads() {
            for times in [Times::Once, Times::Forever] {
                let disk = fresh();
                disk.fail_read_at(read, times);
                let found = answer(&shared(&disk));
                let checked = match (&found, &expected) {
                    (Err(StoreError::Disk { .. }), _) => Ok(()),
                    (found, expected) if found == expected => Ok(()),
                    (found, _) => Err(format!("{:?}", found.as_ref().map(|found| found.2))),
                };
                outcome.note(checked, || format!("{}, read {read} {times:?}", workload.name));
            }
        }
        outcome.add(opened(workload, &log, &fresh));
    }
    outcome
}

/// Every read fails while a log is opened for writing: an error that changes nothing, or the truth.
fn opened(workload: &Workload, log: &Blocks, fresh: &dyn Fn() -> SimulatedDisk) -> Outcome {
    let (mut outcome, options): (_, Options) = (Outcome::default(), workload.options());
    let counted = fresh();
    let expected = Writer::open(shared(&counted), options).map(|(_, found)| found.head);
    for read in 0..counted.reads() {
        for times in [Times::Once, Times::Forever] {
            let disk = fresh();
            disk.fail_read_at(read, times);
            let found = Writer::open(shared(&disk), options).map(|(_, found)| found.head);
            let checked = match (&found, &expected) {
                (Err(StoreError::Disk { .. }), Ok(head)) => {
                    let promised = Promise { head: *head, snapshot: None };
                    check(&shared(&disk.killed()), log, options, promised).map(|_| ())
                }
                (found, expected) if found == expected => Ok(()),
                (found, _) => Err(format!("{found:?}")),
            };
            let place = || format!("{}, opening, read {read} {times:?}", workload.name);
            outcome.note(checked, place);
        }
    }
    outcome
}
