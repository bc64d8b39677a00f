//! `undercut log verify`: every hash and link once more.

use std::path::Path;

use serde::Serialize;
use undercut_primitives::Digest;

use super::json_line;
use super::source::{Log, Walk};
use crate::args::ShowProgress;
use crate::exit::{Exit, Failure};
use crate::print;
use crate::progress::Progress;

/// What `--json` prints.
#[derive(Serialize)]
struct Verified {
    schema: &'static str,
    records: u64,
    blocks: u64,
    bytes: u64,
    head: Digest,
    /// The block that ended with the head that the caller kept.
    kept_at_height: Option<u64>,
}

/// Verifies the log of a folder, and that it ends with `head` or ended with it once.
pub(super) fn run(
    dir: &Path,
    head: Option<&str>,
    json: bool,
    progress: &ShowProgress,
) -> Result<Exit, Failure> {
    let expected = head.map(str::parse::<Digest>).transpose();
    let expected =
        expected.map_err(|error| Failure::new(Exit::Usage, format!("VAL001: --head: {error}")))?;
    // A log that does not verify is the answer no, not a failure to answer.
    let no = |failure: Failure| match failure.exit {
        Exit::Damaged => failure.with_exit(Exit::No),
        _ => failure,
    };
    let log = Log::open(dir).map_err(no)?;
    let mut progress = Progress::start("verify", log.bytes(), progress.progress);
    let (walk, kept) = log.verify(expected.as_ref(), &mut progress).map_err(no)?;
    let (name, Walk { head, height, blocks, bytes }) = (log.name(), walk);
    if let (Some(expected), None) = (expected, kept) {
        let found = head.hash;
        return Err(Failure::new(
            Exit::No,
            format!(
                "{name}: LOG010: the log's head is {found}, and no block of it ended with {expected}, which you kept: this is another log, or a shorter one"
            ),
        ));
    }
    if log.has_damage() {
        return Err(Failure::new(
            Exit::No,
            format!(
                "{name}: the {} records up to the intact watermark verify, with head {}; more may have been acknowledged",
                head.records, head.hash,
            ),
        ));
    }
    if json {
        let (schema, kept_at_height) =
            ("undercut.log-verify/1", kept.map(undercut_primitives::BlockHeight::to_u64));
        let (records, head) = (head.records, head.hash);
        let verified = Verified { schema, records, blocks, bytes, head, kept_at_height };
        print(&json_line(&verified)?)?;
        return Ok(Exit::Done);
    }
    let grown = kept.filter(|kept| *kept != height).map(|kept| {
        format!(
            "the head that you kept is that of block {kept}; nothing before was cut or replaced\n"
        )
    });
    print(&format!(
        "{name}: ok, {} records in {blocks} blocks, {bytes} bytes\n{}head {}\n",
        head.records,
        grown.unwrap_or_default(),
        head.hash,
    ))?;
    Ok(Exit::Done)
}
