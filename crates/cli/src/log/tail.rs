//! `undercut log tail`: the last records, and those that come.

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use undercut::Event;
use undercut_ledger::log::Record;

use super::json_line;
use super::row::Row;
use super::source::Log;
use super::words::words;
use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::print;
use crate::progress::Progress;

/// How long to wait before looking again.
const POLL: Duration = Duration::from_millis(200);

/// Shows the last `count` records of the log of a folder, and with `follow` those that come.
pub(super) fn run(dir: &Path, count: u32, follow: bool, json: bool) -> Result<Exit, Failure> {
    let log = Log::open(dir)?;
    if follow {
        return follow_from(&log, count, json);
    }
    print(&lines(&log.last(count)?, json)?)?;
    Ok(Exit::Done)
}

/// Verifies all that is there, shows the end of it, and goes on with what comes: always whole
/// blocks, because nothing else is acknowledged.
fn follow_from(log: &Log, count: u32, json: bool) -> Result<Exit, Failure> {
    let interrupt = Interrupt::watch()?;
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let mut progress = Progress::start("tail", log.bytes(), crate::progress::Show::Auto);
    let (mut records, mut last) = (log.records()?, VecDeque::new());
    while let Some(entry) = records.next()? {
        progress.at(records.bytes());
        last.push_back(entry.record);
        if last.len() > count {
            last.pop_front();
        }
        if interrupt.has_come() {
            return Ok(Exit::Interrupted);
        }
    }
    progress.finish();
    print(&lines(last.make_contiguous(), json)?)?;
    drop(last);
    while !interrupt.has_come() {
        records.refresh()?;
        let mut is_new = false;
        while let Some(entry) = records.next()? {
            print(&lines(&[entry.record], json)?)?;
            is_new = true;
        }
        if !is_new {
            std::thread::sleep(POLL);
        }
    }
    Ok(Exit::Interrupted)
}

fn lines(records: &[Record<Event>], json: bool) -> Result<String, Failure> {
    let mut text = String::new();
    for record in records {
        if json {
            text.push_str(&json_line(&Row::of(record))?);
            continue;
        }
        let (sequence, height) = (record.sequence, record.height.to_u64());
        let (kind, words) = (record.event.kind(), words(&record.event));
        text.push_str(&format!("{sequence:>8}  block {height:<7} {kind:<20} {words}\n"));
    }
    Ok(text)
}
