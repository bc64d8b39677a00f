//! `undercut log replay`: the state out of the records, or the records out of the commands.

use undercut::Event;
use undercut::replay::{Diverged, Replay, replay_commands};
use undercut_ledger::MemoryBank;
use undercut_ledger::log::Record;

use super::source::{Entry, Log, Records};
use crate::args;
use crate::exit::{Exit, Failure};
use crate::print;
use crate::progress::Progress;

/// Replays the log of a folder as deep as `args` say, in one go and holding one block at most.
pub(super) fn run(args: &args::Replay) -> Result<Exit, Failure> {
    let log = Log::open(&args.dir)?;
    let name = log.name();
    let diverged = |diverged: Diverged| {
        Failure::new(Exit::No, format!("{name}: {}: {diverged}", diverged.code()))
    };
    let mut progress = Progress::start("replay", log.bytes(), args.progress.progress);
    let mut replay = Replay::default();
    let decided = if args.commands {
        let each = |entry: &Entry, bytes| {
            progress.at(bytes);
            replay.apply(&entry.record).map_err(diverged)
        };
        let mut feed = Feed { records: log.records()?, each, count: 0, failure: None };
        let decided = replay_commands(&mut MemoryBank::default(), feed.by_ref());
        let Feed { records, count, failure, .. } = feed;
        progress.finish();
        if let Some(failure) = failure {
            return Err(failure);
        }
        // A log without records is told of as such.
        records.finish()?;
        decided.map_err(diverged)?;
        format!(", {count} records decided again")
    } else {
        log.walk(&mut progress, |entry| replay.apply(&entry.record).map_err(diverged))?;
        String::new()
    };
    print(&format!(
        "{name}: ok, {} seals compared, records and state agree at each{decided}\nstate root {}\n",
        replay.seals(),
        replay.state_root(),
    ))?;
    Ok(Exit::Done)
}

/// Hands records to whoever decides them again, until the first that is refused or cannot be read.
struct Feed<'a, E> {
    records: Records<'a>,
    each: E,
    count: u64,
    failure: Option<Failure>,
}

impl<E: FnMut(&Entry, u64) -> Result<(), Failure>> Iterator for Feed<'_, E> {
    type Item = Record<Event>;

    fn next(&mut self) -> Option<Record<Event>> {
        let checked = self.records.next().and_then(|entry| {
            entry
                .map(|entry| (self.each)(&entry, self.records.bytes()).map(|()| entry.record))
                .transpose()
        });
        match checked {
            Ok(record) => {
                self.count = self.count.saturating_add(u64::from(record.is_some()));
                record
            }
            Err(failure) => {
                self.failure = Some(failure);
                None
            }
        }
    }
}
