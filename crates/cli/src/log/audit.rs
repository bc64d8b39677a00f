//! `undercut log audit`: re-derives awards, signatures, payments and conversions from the records.

use std::path::Path;

use serde::Serialize;
use undercut_audit::{Audit, Check, Finding, Report};

use super::source::Log;
use crate::args::ShowProgress;
use crate::exit::{Exit, Failure};
use crate::print;
use crate::progress::Progress;

/// What `--json` prints.
#[derive(Serialize)]
struct Audited {
    schema: &'static str,
    ok: bool,
    records: u64,
    blocks: u64,
    checks: Vec<Count>,
    finding: Option<Found>,
}

#[derive(Serialize)]
struct Count {
    name: &'static str,
    times: u64,
}

#[derive(Serialize)]
struct Found {
    code: &'static str,
    record: u64,
    block: u64,
    sentence: String,
}

/// Audits a kept log: a line for each check with how many held, or the first record that does not
/// follow from the ones before.
pub(super) fn run(dir: &Path, json: bool, show: &ShowProgress) -> Result<Exit, Failure> {
    let log = Log::open(dir)?;
    let mut progress = Progress::start("audit", log.bytes(), show.progress);
    let (mut audit, mut finding) = (Audit::new(), None);
    // A damaged log is told of as damaged, wherever the damage is.
    log.walk(&mut progress, |entry| {
        if finding.is_none() {
            finding = audit.record(&entry.record).err();
        }
        Ok(())
    })?;
    let (path, report) = (log.name(), audit.finish());
    if json {
        print(&object(&report, finding.as_ref())?)?;
        return Ok(if finding.is_none() { Exit::Done } else { Exit::No });
    }
    if let Some(finding) = finding {
        return Err(Failure::new(Exit::No, format!("{path}: {}: {finding}", finding.code())));
    }
    let (records, blocks) = (report.records(), report.blocks());
    let mut text =
        format!("{path}: ok, {records} records in {blocks} blocks follow from each other\n");
    for (check, count) in report.counts() {
        text.push_str(&format!("{count:>9}  {}\n", check.name()));
    }
    print(&text)?;
    Ok(Exit::Done)
}

fn object(report: &Report, finding: Option<&Finding>) -> Result<String, Failure> {
    let count = |(check, times): (Check, u64)| Count { name: check.key(), times };
    let found = |finding: &Finding| Found {
        code: finding.code().as_str(),
        record: finding.sequence,
        block: finding.height.to_u64(),
        sentence: finding.flaw.to_string(),
    };
    let audited = Audited {
        schema: "undercut.audit/1",
        ok: finding.is_none(),
        records: report.records(),
        blocks: report.blocks(),
        checks: report.counts().map(count).collect(),
        finding: finding.map(found),
    };
    super::json_line(&audited)
}
