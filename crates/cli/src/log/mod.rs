//! `undercut log`: check and show a kept log.

pub(crate) mod folder;

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use undercut::Event;
use undercut::replay::{Diverged, Replay, replay_commands};
use undercut_ledger::MemoryBank;
use undercut_ledger::log::{Head, LogBroken, Reader, Record};
use undercut_primitives::{BlockHeight, Digest};

use crate::args::{self, Depth};
use crate::exit::{Exit, Failure};
use crate::{print, tell};
use folder::{Kept, Mark};

/// Runs a verb of `undercut log`.
pub(crate) fn run(verb: &args::Log) -> Result<Exit, Failure> {
    match verb {
        args::Log::Verify { dir, head } => verify(dir, head.as_deref()),
        args::Log::Inspect { dir, json } => inspect(dir, *json),
        args::Log::Replay { dir, depth } => replay(dir, *depth),
    }
}

/// What went through a reader from the first record to the last.
pub(crate) struct Walk {
    head: Head,
    /// The head at the last seal.
    sealed: Head,
    pub(crate) height: BlockHeight,
    /// Where the next record starts.
    offset: u64,
}

/// Verifies all records of a log and hands each on.
pub(crate) fn walk(
    kept: &Kept,
    mut each: impl FnMut(&Record<Event>) -> Result<(), Failure>,
) -> Result<Walk, Failure> {
    let mut reader = Reader::<Event>::new(&kept.bytes);
    let mut walk =
        Walk { head: Head::EMPTY, sealed: Head::EMPTY, height: BlockHeight::GENESIS, offset: 0 };
    while let Some(record) = reader.next() {
        let offset = walk.offset;
        walk.offset = reader.offset();
        let record = record.map_err(|broken| damaged(kept, &broken))?;
        if (record.sequence == 0) != matches!(record.event, Event::Genesis(_)) {
            return Err(Failure::new(
                Exit::Damaged,
                format!(
                    "{}: LOG013: offset {offset}: record {}: a log has one genesis, as its record 0",
                    kept.path.display(),
                    record.sequence,
                ),
            ));
        }
        each(&record)?;
        walk.head = reader.head();
        if matches!(record.event, Event::BlockSealed(_)) {
            (walk.sealed, walk.height) = (walk.head, record.height);
        }
    }
    complete(kept, &walk)?;
    Ok(walk)
}

fn damaged(kept: &Kept, broken: &LogBroken) -> Failure {
    Failure::new(Exit::Damaged, format!("{}: {}: {broken}", kept.path.display(), broken.code()))
}

/// Whether the log ends where its writer said, with a seal.
fn complete(kept: &Kept, walk: &Walk) -> Result<(), Failure> {
    let (path, head) = (kept.path.display(), walk.head);
    let bytes = kept.bytes.len();
    let failure = |sentence| Err(Failure::new(Exit::Damaged, sentence));
    if head.records == 0 {
        return failure(format!("{path}: LOG007: offset {bytes}: the log has no record"));
    }
    if let Some(Mark { head: marked, bytes: expected }) = kept.mark
        && (marked != head || expected != u64::try_from(bytes).unwrap_or(u64::MAX))
    {
        return failure(format!(
            "{path}: LOG008: offset {bytes}: the log ends here with record {}, its HEAD file says {expected} bytes and {} records up to {}; it was cut, or records were put in its place",
            head.records.saturating_sub(1),
            marked.records,
            marked.hash,
        ));
    }
    if walk.sealed != head {
        return failure(format!(
            "{path}: LOG009: offset {bytes}: the log ends within block {}; {} records after its last seal belong to no sealed block",
            walk.height.to_u64().saturating_add(1),
            head.records.saturating_sub(walk.sealed.records),
        ));
    }
    Ok(())
}

fn verify(dir: &Path, head: Option<&str>) -> Result<Exit, Failure> {
    let expected = head.map(str::parse::<Digest>).transpose();
    let expected =
        expected.map_err(|error| Failure::new(Exit::Usage, format!("--head: {error}")))?;
    // A log that does not verify is the answer no, not a failure to answer.
    let no = |failure: Failure| match failure.exit {
        Exit::Damaged => failure.with_exit(Exit::No),
        _ => failure,
    };
    let kept = Kept::read(dir).map_err(no)?;
    let walk = walk(&kept, |_| Ok(())).map_err(no)?;
    if let Some(expected) = expected
        && expected != walk.head.hash
    {
        let found = walk.head.hash;
        return Err(Failure::new(
            Exit::No,
            format!(
                "LOG010: the log's head is {found}, the one you kept is {expected}: this is another log, a shorter or a longer one"
            ),
        ));
    }
    if kept.mark.is_none() && expected.is_none() {
        tell(
            "undercut: there is no HEAD file; a log cut after a seal would go unnoticed. Keep the head and pass it with --head\n",
        );
    }
    print(&format!(
        "{}: ok, {} records in {} blocks, {} bytes\nhead {}\n",
        kept.path.display(),
        walk.head.records,
        walk.height.to_u64().saturating_add(1),
        kept.bytes.len(),
        walk.head.hash,
    ))?;
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Inspection {
    schema: &'static str,
    chain_id: String,
    bytes: usize,
    records: u64,
    height: u64,
    head: String,
    state_root: String,
    kinds: BTreeMap<&'static str, u64>,
}

fn inspect(dir: &Path, json: bool) -> Result<Exit, Failure> {
    let kept = Kept::read(dir)?;
    let mut kinds: BTreeMap<&'static str, u64> = BTreeMap::new();
    let (mut chain_id, mut root) = (String::new(), Digest::ZERO);
    let walk = walk(&kept, |record| {
        let count = kinds.entry(record.event.kind()).or_default();
        *count = count.saturating_add(1);
        match &record.event {
            Event::Genesis(genesis) => chain_id.clone_from(&genesis.chain_id),
            Event::BlockSealed(seal) => root = seal.state_root,
            _ => {}
        }
        Ok(())
    })?;
    let inspection = Inspection {
        schema: "undercut.log/1",
        chain_id,
        bytes: kept.bytes.len(),
        records: walk.head.records,
        height: walk.height.to_u64(),
        head: walk.head.hash.to_string(),
        state_root: root.to_string(),
        kinds,
    };
    let text = if json {
        let text = serde_json::to_string(&inspection);
        text.map_err(|error| Failure::new(Exit::Bug, error.to_string()))? + "\n"
    } else {
        table(&kept, &inspection)
    };
    print(&text)?;
    Ok(Exit::Done)
}

fn table(kept: &Kept, found: &Inspection) -> String {
    let mut text = format!(
        "log         {}\nchain       {}\nheight      {}\nrecords     {}\nbytes       {}\nhead        {}\nstate root  {}\n\nrecords by kind\n",
        kept.path.display(),
        found.chain_id,
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

fn replay(dir: &Path, depth: Depth) -> Result<Exit, Failure> {
    let kept = Kept::read(dir)?;
    let path = kept.path.display();
    let diverged = |diverged: Diverged| {
        Failure::new(Exit::No, format!("{path}: {}: {diverged}", diverged.code()))
    };
    let mut replay = Replay::default();
    let mut records = Vec::new();
    walk(&kept, |record| {
        if depth == Depth::Commands {
            records.push(record.clone());
        }
        replay.apply(record).map_err(diverged)
    })?;
    let decided = if depth == Depth::Commands {
        replay_commands(&mut MemoryBank::default(), &records).map_err(diverged)?;
        format!(", {} records decided again", records.len())
    } else {
        String::new()
    };
    print(&format!(
        "{path}: ok, {} seals compared, records and state agree at each{decided}\nstate root {}\n",
        replay.seals(),
        replay.state_root(),
    ))?;
    Ok(Exit::Done)
}
