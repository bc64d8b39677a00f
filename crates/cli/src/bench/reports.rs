//! `undercut bench compare` and `chart`: what was printed by `bench --json`, read again.

use std::io::Write as _;
use std::path::Path;

use undercut_benches::Report;
use undercut_benches::chart::charts;
use undercut_benches::compare::{self, Allowance, Unreadable};

use crate::exit::{Exit, Failure};
use crate::file::{NewFile, open_regular, read_up_to};
use crate::style::{Style, escaped_json, visible};
use crate::{say, tell};

/// The longest report that is read, in bytes. A run of everything writes some 20 kB.
const BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Compares two reports.
pub(super) fn compare(
    before: &Path,
    after: &Path,
    gate: Allowance,
    json: bool,
    style: Style,
) -> Result<Exit, Failure> {
    let comparison = compare::compare(&read(before)?, &read(after)?);
    if comparison.changes.is_empty() && comparison.lost.is_empty() {
        return Err(Failure::new(Exit::Usage, "BCH005: the reports have no ratio in common"));
    }
    let text = if json {
        escaped_json(&comparison.to_json(gate))
    } else {
        style.paint(&visible_lines(&comparison.to_text(gate)))
    };
    say(&text)?;
    Ok(if comparison.is_worse(gate) { Exit::No } else { Exit::Done })
}

/// Draws a report.
pub(super) fn chart(path: &Path, out: &Path, force: bool) -> Result<Exit, Failure> {
    let charts = charts(&read(path)?);
    if charts.is_empty() {
        return Err(Failure::new(Exit::Usage, "BCH005: the report has no figure to draw"));
    }
    let refused = |error: std::io::Error| {
        Failure::new(Exit::Unreadable, format!("FIL003: {}: {error}", out.display()))
    };
    std::fs::create_dir_all(out).map_err(refused)?;
    // All pictures are whole before the first is in its place.
    let mut files = Vec::new();
    for chart in &charts {
        let path = out.join(chart.file);
        let (mut file, new) = NewFile::create(&path, force)?;
        file.write_all(chart.svg.as_bytes()).and_then(|()| file.sync_all()).map_err(refused)?;
        files.push((path, new));
    }
    for (path, new) in files {
        new.take_its_place()?;
        tell(&format!("wrote {}\n", visible(&path.display().to_string())));
    }
    for chart in charts.iter().filter(|chart| chart.left_out > 0) {
        tell(&format!("{} bars more are left out of {}\n", chart.left_out, chart.file));
    }
    Ok(Exit::Done)
}

fn read(path: &Path) -> Result<Report, Failure> {
    let name = path.display();
    let refused = |sentence: String| Failure::new(Exit::Unreadable, sentence);
    let file = open_regular(path).map_err(|error| refused(format!("FIL001: {name}: {error}")))?;
    let bytes = read_up_to(file, BYTES_MAX.saturating_add(1));
    let bytes = bytes.map_err(|error| refused(format!("FIL001: {name}: {error}")))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > BYTES_MAX) {
        return Err(refused(format!("BCH002: {name}: longer than {BYTES_MAX} bytes")));
    }
    compare::read(&bytes).map_err(|unreadable| match unreadable {
        Unreadable::NoReport(why) => {
            refused(format!("BCH002: {name}: this is no report of `bench --json`: {why}"))
        }
        Unreadable::OtherSchema(schema) => {
            let sentence = "the schema is not undercut.bench/1 but";
            refused(format!("BCH003: {name}: {sentence} `{}`", crate::typed::short(&schema)))
        }
        Unreadable::NoFigures(why) => refused(format!("BCH004: {name}: {why}")),
    })
}

/// What a report says in lines of ours: nothing in it steers the terminal.
fn visible_lines(text: &str) -> String {
    text.lines().map(|line| visible(line) + "\n").collect()
}
