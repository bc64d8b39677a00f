//! [`Workload`]: something to do with a log, and the receipts that its writer gives meanwhile.

use undercut_ledger::log::Head;
use undercut_simulation::Stream;
use undercut_store::{Options, SharedDisk, StoreError, Writer, snapshot};

use super::log::{Blocks, read};

/// What a writer has promised so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Promise {
    /// Everything before it lasts.
    pub(crate) head: Head,
    /// The records of the head of the newest snapshot.
    pub(crate) snapshot: Option<u64>,
}

impl Promise {
    pub(crate) const NONE: Self = Self { head: Head::EMPTY, snapshot: None };
}

/// What is done after a block was appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Wait,
    Commit,
    Flush,
    Snapshot,
    /// Closes the log and opens it again.
    Close,
    /// Lets go of the writer as it is, as a process that ends does, and opens the log again.
    Abandon,
}

const STEPS: [Step; 6] =
    [Step::Wait, Step::Commit, Step::Flush, Step::Snapshot, Step::Close, Step::Abandon];

/// Something to do with a log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    /// How many blocks are appended.
    blocks: usize,
    /// How large the payload of an event may be.
    bytes_max: u64,
    segment_bytes: u64,
    /// How often each of [`STEPS`] follows a block.
    weights: [u64; STEPS.len()],
}

const fn workload(
    name: &'static str,
    blocks: usize,
    bytes_max: u64,
    segment_bytes: u64,
    weights: [u64; STEPS.len()],
) -> Workload {
    Workload { name, blocks, bytes_max, segment_bytes, weights }
}

/// What is played, each seed with each of them.
pub(crate) const WORKLOADS: [Workload; 6] = [
    workload("steady", 24, 120, 1 << 20, [1, 6, 0, 0, 0, 0]),
    workload("flushed", 16, 60, 1 << 20, [1, 2, 5, 0, 0, 0]),
    workload("rotated", 20, 300, 13_500, [2, 5, 1, 0, 0, 0]),
    workload("kept", 16, 100, 14_500, [2, 4, 1, 3, 0, 0]),
    workload("reopened", 14, 100, 14_000, [2, 3, 1, 1, 2, 2]),
    workload("large", 8, 3_000, 20_000, [2, 3, 1, 1, 0, 1]),
];

/// What is damaged afterwards: several segments, few records, two snapshots.
pub(crate) const DAMAGED: Workload = workload("damaged", 10, 160, 13_300, [1, 5, 2, 3, 0, 0]);

/// Why a workload ended before its end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The store says so.
    Store(StoreError),
    /// The store does what it must not.
    Wrong(String),
}

impl Workload {
    /// The log that it writes, and a few blocks more.
    pub(crate) fn log(&self, seed: u64) -> Blocks {
        Blocks::new(seed, self.blocks.saturating_add(4), self.bytes_max)
    }

    pub(crate) const fn options(&self) -> Options {
        Options::small(self.segment_bytes)
    }

    fn steps(&self, seed: u64) -> Vec<Step> {
        let mut rng = Stream::new(seed, self.name);
        let sum: u64 = self.weights.iter().sum();
        let mut draw = || {
            let mut at = rng.between(0, sum.saturating_sub(1));
            for (step, weight) in STEPS.iter().zip(self.weights) {
                if at < weight {
                    return *step;
                }
                at -= weight;
            }
            Step::Wait
        };
        (0..self.blocks).map(|_| draw()).collect()
    }

    /// Opens the log, goes on with it from where it ends, and closes it. Tells every promise that
    /// the writer makes, as soon as it makes it; also one that it made although it failed then.
    pub(crate) fn play(
        &self,
        disk: &SharedDisk,
        log: &Blocks,
        seed: u64,
        tell: &mut dyn FnMut(Promise),
    ) -> Result<(), Stop> {
        let mut player = Player::open(disk, self.options(), log, tell)?;
        for step in self.steps(seed) {
            player.append()?;
            player = player.step(step)?;
        }
        player.close()
    }
}

/// The state that is kept at a head.
pub(crate) fn state_at(records: u64) -> Vec<u8> {
    format!("the state after {records} records").into_bytes()
}

struct Player<'a> {
    disk: &'a SharedDisk,
    options: Options,
    log: &'a Blocks,
    tell: &'a mut dyn FnMut(Promise),
    writer: Writer,
    /// How many blocks are appended.
    at: usize,
    promise: Promise,
}

impl<'a> Player<'a> {
    fn open(
        disk: &'a SharedDisk,
        options: Options,
        log: &'a Blocks,
        tell: &'a mut dyn FnMut(Promise),
    ) -> Result<Self, Stop> {
        let (writer, recovered) = Writer::open(disk.clone(), options).map_err(Stop::Store)?;
        let head = writer.acknowledged();
        let wrong = |text: &str| Stop::Wrong(format!("opened at {head:?}: {text}"));
        if recovered.head != head {
            return Err(wrong("the report names another head"));
        }
        let at = log.until(head).ok_or_else(|| wrong("no block ends there"))?;
        let promise = Promise { head, snapshot: None };
        tell(promise);
        Ok(Self { disk, options, log, tell, writer, at, promise })
    }

    fn append(&mut self) -> Result<(), Stop> {
        let Some(block) = self.log.blocks.get(self.at) else { return Ok(()) };
        let appended = self.writer.append(block);
        self.at += 1;
        self.told(appended.map(|()| None))
    }

    fn step(mut self, step: Step) -> Result<Self, Stop> {
        let done = match step {
            Step::Wait => Ok(None),
            Step::Commit => self.writer.commit().map(|_| None),
            Step::Flush => self.writer.flush().map(|_| None),
            Step::Snapshot => {
                let records = self.writer.chain().head().records;
                self.writer.save_snapshot(&state_at(records)).map(|head| Some(head.records))
            }
            Step::Close => {
                let Self { disk, options, log, tell, writer, promise, .. } = self;
                let head = writer.close().map_err(Stop::Store)?;
                tell(Promise { head, ..promise });
                return Self::open(disk, options, log, tell);
            }
            Step::Abandon => {
                let Self { disk, options, log, tell, writer, .. } = self;
                drop(writer);
                return Self::open(disk, options, log, tell);
            }
        };
        self.told(done)?;
        Ok(self)
    }

    fn close(self) -> Result<(), Stop> {
        let head = self.writer.close().map_err(Stop::Store)?;
        (self.tell)(Promise { head, ..self.promise });
        Ok(())
    }

    /// Tells what the writer promises now, and sees to it that one that failed promises no more.
    fn told(&mut self, done: Result<Option<u64>, StoreError>) -> Result<(), Stop> {
        let head = self.writer.acknowledged();
        let snapshot = done.as_ref().ok().copied().flatten().or(self.promise.snapshot);
        self.promise = Promise { head, snapshot };
        (self.tell)(self.promise);
        let Err(error) = done else { return Ok(()) };
        let block = self.log.blocks.get(self.at).or(self.log.blocks.last());
        let answers = [
            self.writer.commit().map(|_| ()),
            self.writer.append(block.map_or(&[], Vec::as_slice)),
            self.writer.flush().map(|_| ()),
            self.writer.save_snapshot(b"state").map(|_| ()),
            self.writer.commit().map(|_| ()),
        ];
        let is_poisoned =
            |answer: &Result<(), StoreError>| matches!(answer, Err(StoreError::Poisoned { .. }));
        if self.writer.acknowledged() != head || !answers.iter().all(is_poisoned) {
            return Err(Stop::Wrong(format!("after {error} the writer goes on: {answers:?}")));
        }
        Err(Stop::Store(error))
    }
}

/// Opens a log after whatever happened and compares it with what was promised: everything
/// promised is there, what is there is the log up to one of its blocks, and the snapshots are right.
pub(crate) fn check(
    disk: &SharedDisk,
    log: &Blocks,
    options: Options,
    promised: Promise,
) -> Result<Promise, String> {
    let opened = Writer::open(disk.clone(), options);
    let (writer, recovered) =
        opened.map_err(|error| format!("refused with {}: {error}", error.code()))?;
    let head = writer.acknowledged();
    if recovered.head != head {
        return Err(format!("the report says {:?}, the writer {head:?}", recovered.head));
    }
    let blocks = log.until(head).ok_or_else(|| format!("no block ends at {head:?}"))?;
    if head.records < promised.head.records {
        return Err(format!("lost: {} records, promised {}", head.records, promised.head.records));
    }
    let (bytes, read_head) = read(disk).map_err(|error| format!("after recovery: {error}"))?;
    if read_head != head || bytes != log.bytes(blocks) {
        return Err(format!("what is read up to {read_head:?} is not what was appended"));
    }
    let newest = snapshot::newest(&**disk).map_err(|error| error.to_string())?;
    let found = newest.newest.as_ref().map(|found| found.head.records);
    if found < promised.snapshot {
        return Err(format!("the snapshot is of {found:?}, promised {:?}", promised.snapshot));
    }
    if let Some(found) = newest.newest
        && (log.until(found.head).is_none() || found.payload != state_at(found.head.records))
    {
        return Err(format!("the snapshot at {:?} holds something else", found.head));
    }
    Ok(Promise { head, snapshot: found })
}

/// Opens a log that was just recovered: there is nothing to do, and it goes on.
pub(crate) fn goes_on(
    disk: &SharedDisk,
    log: &Blocks,
    options: Options,
    found: Promise,
) -> Result<(), String> {
    let wrong = |error: StoreError| format!("opened again: {error}");
    let (mut writer, again) = Writer::open(disk.clone(), options).map_err(wrong)?;
    let is_quiet = again.cut.is_none() && again.kept_records == 0 && again.leftovers.is_empty();
    if again.head != found.head || !is_quiet {
        return Err(format!("opened again there was more to do: {again:?}"));
    }
    let blocks = log.until(found.head).unwrap_or_default();
    let Some(block) = log.blocks.get(blocks) else { return Ok(()) };
    writer.append(block).map_err(wrong)?;
    let closed = writer.close().map_err(wrong)?;
    let (bytes, head) = read(disk).map_err(wrong)?;
    let is_right = head == closed && log.until(head) == Some(blocks + 1);
    if is_right && bytes == log.bytes(blocks + 1) {
        Ok(())
    } else {
        Err(format!("gone on to {closed:?}, but {head:?} is read"))
    }
}

/// Plays a workload to its end, which must come, and says where the log stands then.
pub(crate) fn closed(
    workload: &Workload,
    disk: &SharedDisk,
    log: &Blocks,
    seed: u64,
) -> Result<Head, String> {
    let mut last = Head::EMPTY;
    match workload.play(disk, log, seed, &mut |promise| last = promise.head) {
        Ok(()) => Ok(last),
        Err(Stop::Store(error)) => Err(format!("{}: {error}", workload.name)),
        Err(Stop::Wrong(problem)) => Err(format!("{}: {problem}", workload.name)),
    }
}
