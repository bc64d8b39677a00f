//! `undercut log inspect`: what is in a log, or in one of its records.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use undercut::Event;
use undercut_ledger::log::{Entry as _, Seal};
use undercut_primitives::Digest;

use super::json_line;
use super::row::Row;
use super::source::{Entry, Log};
use super::words::words;
use crate::exit::{Exit, Failure};
use crate::print;
use crate::progress::Progress;
use crate::style::escaped_json;

#[derive(Serialize)]
struct Inspection {
    schema: &'static str,
    chain_id: String,
    bytes: u64,
    records: u64,
    height: u64,
    head: String,
    state_root: String,
    kinds: BTreeMap<&'static str, u64>,
}

/// Shows what the log of a folder has.
pub(super) fn log(dir: &Path, json: bool) -> Result<Exit, Failure> {
    let log = Log::open(dir)?;
    let mut kinds: BTreeMap<&'static str, u64> = BTreeMap::new();
    let (mut chain_id, mut root) = (String::new(), Digest::ZERO);
    let walk = log.walk(&mut Progress::none(), |entry| {
        let event = &entry.record.event;
        let count = kinds.entry(event.kind()).or_default();
        *count = count.saturating_add(1);
        match event {
            Event::Genesis(genesis) => chain_id.clone_from(&genesis.chain_id),
            Event::BlockSealed(seal) => root = seal.state_root,
            _ => {}
        }
        Ok(())
    })?;
    let inspection = Inspection {
        schema: "undercut.log/1",
        chain_id,
        bytes: walk.bytes,
        records: walk.head.records,
        height: walk.height.to_u64(),
        head: walk.head.hash.to_string(),
        state_root: root.to_string(),
        kinds,
    };
    print(&if json { json_line(&inspection)? } else { table(&log, &inspection) })?;
    Ok(Exit::Done)
}

fn table(log: &Log, found: &Inspection) -> String {
    let mut text = format!(
        "log         {}\nchain       {}\nheight      {}\nrecords     {}\nbytes       {}\nhead        {}\nstate root  {}\n\nrecords by kind\n",
        log.name(),
        crate::style::visible(&found.chain_id),
        found.height,
        found.records,
        found.bytes,
        found.head,
        found.state_root,
    );
    for (kind, count) in &found.kinds {
        text.push_str(&format!("  {kind:<20} {count:>9}\n"));
    }
    text
}

/// One record and the seal of its block.
#[derive(Serialize)]
struct Shown<'a> {
    schema: &'static str,
    file: &'a str,
    offset: u64,
    bytes: u64,
    what: String,
    #[serde(flatten)]
    row: Row<&'a Event>,
    seal: SealShown<'a>,
}

#[derive(Serialize)]
struct SealShown<'a> {
    sequence: u64,
    hash: String,
    #[serde(flatten)]
    seal: &'a Seal,
}

/// Shows the record `sequence` of the log of a folder.
pub(super) fn record(dir: &Path, sequence: u64, json: bool) -> Result<Exit, Failure> {
    let log = Log::open(dir)?;
    let mut records = log.records()?;
    let (mut wanted, mut last): (Option<Entry>, u64) = (None, 0);
    // The record is worth what the seal of its block says; what comes after is not needed.
    while let Some(entry) = records.next()? {
        last = entry.record.sequence;
        let is_seal = entry.record.event.as_seal().is_some();
        if last == sequence {
            wanted = Some(entry.clone());
        }
        if let (true, Some(wanted)) = (is_seal, &wanted) {
            print(&if json { one_line(wanted, &entry)? } else { page(wanted, &entry)? })?;
            return Ok(Exit::Done);
        }
    }
    records.finish()?;
    Err(no_record(sequence, last))
}

/// What to say when a log has no such record.
pub(super) fn no_record(sequence: u64, last: u64) -> Failure {
    let sentence =
        format!("LOG040: there is no record {sequence}; the last one of the log is {last}");
    Failure::new(Exit::Usage, sentence)
}

fn one_line(entry: &Entry, seal: &Entry) -> Result<String, Failure> {
    let Some(sealed) = seal.record.event.as_seal() else { return Ok(String::new()) };
    json_line(&Shown {
        schema: "undercut.log-record/1",
        file: &entry.place.file,
        offset: entry.place.offset,
        bytes: entry.place.bytes,
        what: words(&entry.record.event),
        row: Row::of(&entry.record),
        seal: SealShown {
            sequence: seal.record.sequence,
            hash: seal.record.hash.to_string(),
            seal: sealed,
        },
    })
}

fn page(entry: &Entry, seal: &Entry) -> Result<String, Failure> {
    let (record, place) = (&entry.record, &entry.place);
    let event = serde_json::to_string_pretty(&record.event)
        .map_err(|error| Failure::new(Exit::Bug, error.to_string()))?;
    let mut text = format!(
        "record      {}\nblock       {}\nkind        {}\nhash        {}\nplace       {}, offset {}, {} bytes\n",
        record.sequence,
        record.height,
        record.event.kind(),
        record.hash,
        place.file,
        place.offset,
        place.bytes,
    );
    if let Some(sealed) = seal.record.event.as_seal() {
        text.push_str(&format!(
            "seal        record {}, hash {}\n  records   {} under the root {}\n  state     {}\n",
            seal.record.sequence,
            seal.record.hash,
            sealed.records,
            sealed.records_root,
            sealed.state_root,
        ));
    }
    Ok(format!("{text}\n{}\n\n{}\n", words(&record.event), escaped_json(&event)))
}
