//! [`compare`]: two reports of the same operations, ratio by ratio.
//!
//! Times of two runs are not compared, as machines have faster and slower hours; the ratios within
//! each run are. Rows belong together by name and workload.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::report::{Report, SCHEMA, ratio};
use crate::row::Row;

/// More rows than any run has.
const ROWS_MAX: usize = 10_000;

/// What is wrong with a file that should be a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is no JSON, or not of this shape; where and why.
    NoReport(String),
    /// It is of another schema.
    OtherSchema(String),
    /// It has values that no run gives.
    NoFigures(String),
}

/// A ratio of one row in both reports.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// Name and workload of the row.
    pub row: String,
    /// Which ratio.
    pub figure: &'static str,
    /// In the first report.
    pub before: f64,
    /// In the second.
    pub after: f64,
    /// By which part the second is worse; negative where it is better.
    pub worse_by: f64,
}

/// What two reports say of each other.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Comparison {
    /// Every ratio that both have, in the order of the first report.
    pub changes: Vec<Change>,
    /// Rows of the first report alone.
    pub only_before: Vec<String>,
    /// Rows of the second report alone.
    pub only_after: Vec<String>,
}

/// Reads a report that somebody else may have written.
///
/// # Errors
///
/// [`Unreadable`]: whatever a run does not write, as figures that are negative or not finite, one
/// row twice, or too many of them.
pub fn read(json: &[u8]) -> Result<Report, Unreadable> {
    let value: serde_json::Value =
        serde_json::from_slice(json).map_err(|error| no_report(&error))?;
    let schema = value.get("schema").and_then(serde_json::Value::as_str).unwrap_or("none");
    if schema != SCHEMA {
        return Err(Unreadable::OtherSchema(schema.to_owned()));
    }
    let report: Report = serde_json::from_value(value).map_err(|error| no_report(&error))?;
    if report.rows.len() > ROWS_MAX {
        let sentence = format!("it has {} rows, the limit is {ROWS_MAX}", report.rows.len());
        return Err(Unreadable::NoFigures(sentence));
    }
    let mut keys = BTreeMap::new();
    for row in &report.rows {
        if !has_sound_figures(row) {
            let sentence = format!("`{}` has a figure below zero, or a ratio of zero", key(row));
            return Err(Unreadable::NoFigures(sentence));
        }
        if keys.insert(key(row), ()).is_some() {
            return Err(Unreadable::NoFigures(format!("`{}` stands in it twice", key(row))));
        }
    }
    Ok(report)
}

fn no_report(error: &serde_json::Error) -> Unreadable {
    Unreadable::NoReport(error.to_string())
}

fn has_sound_figures(row: &Row) -> bool {
    let times = [
        Some(row.ns_per_op),
        row.p50_ns,
        row.p90_ns,
        row.p99_ns,
        row.p999_ns,
        row.max_ns,
        row.floor_ns,
        row.plain_ns,
        row.offered_per_second,
    ];
    let are_times = times.into_iter().flatten().all(|time| time.is_finite() && time >= 0.0);
    are_times && RATIOS.iter().filter_map(|(.., of)| of(row)).all(|ratio| ratio > 0.0)
}

/// Name and workload.
fn key(row: &Row) -> String {
    format!("{} {}", row.name, row.params).trim_end().to_owned()
}

/// A ratio, whether more of it is worse, and where it stands.
type Ratio = (&'static str, bool, fn(&Row) -> Option<f64>);

const RATIOS: [Ratio; 3] = [
    ("of floor", true, |row| row.ratio_floor),
    ("plain", false, |row| row.ratio_plain),
    ("best peer", false, |row| row.ratio_peer),
];

/// Compares two reports.
#[must_use]
pub fn compare(before: &Report, after: &Report) -> Comparison {
    let by_key = |report: &Report| -> BTreeMap<String, Row> {
        report.rows.iter().map(|row| (key(row), row.clone())).collect()
    };
    let (rows_before, rows_after) = (by_key(before), by_key(after));
    let only = |report: &Report, other: &BTreeMap<String, Row>| -> Vec<String> {
        report.rows.iter().map(key).filter(|key| !other.contains_key(key)).collect()
    };
    let (only_before, only_after) = (only(before, &rows_after), only(after, &rows_before));
    let both = before.rows.iter().filter_map(|row| Some((row, rows_after.get(&key(row))?)));
    let changes = both.flat_map(|(before, after)| changes(before, after)).collect();
    Comparison { changes, only_before, only_after }
}

fn changes(before: &Row, after: &Row) -> Vec<Change> {
    let change = |(figure, is_more_worse, of): &Ratio| {
        let (before_ratio, after_ratio) = (of(before)?, of(after)?);
        let worse =
            if *is_more_worse { after_ratio / before_ratio } else { before_ratio / after_ratio };
        let (row, worse_by) = (key(before), worse - 1.0);
        Some(Change { row, figure, before: before_ratio, after: after_ratio, worse_by })
    };
    RATIOS.iter().filter_map(change).collect()
}

impl Comparison {
    /// Whether a ratio is worse by more than `gate`.
    #[must_use]
    pub fn is_worse(&self, gate: Allowance) -> bool {
        self.changes.iter().any(|change| change.worse_by > gate.0)
    }

    /// One line for each ratio, and the rows that only one report has.
    #[must_use]
    pub fn to_text(&self, gate: Allowance) -> String {
        let lines = self.changes.iter().map(|change| change.to_line(gate));
        let mut text: String = lines.collect();
        let alone = [("first", &self.only_before), ("second", &self.only_after)];
        for (which, rows) in alone {
            text.extend(rows.iter().map(|row| format!("only in the {which}: {row}\n")));
        }
        text
    }
}

impl Comparison {
    /// One line of JSON.
    #[must_use]
    pub fn to_json(&self, gate: Allowance) -> String {
        let (schema, ok) = ("undercut.bench-compare/1", !self.is_worse(gate));
        let Self { changes, only_before, only_after } = self;
        let object = serde_json::json!({
            "schema": schema, "ok": ok, "gate": gate.0, "changes": changes,
            "only_before": only_before, "only_after": only_after,
        });
        format!("{object}\n")
    }
}

impl Change {
    fn to_line(&self, gate: Allowance) -> String {
        let verdict = if self.worse_by > gate.0 { "WORSE" } else { "ok" };
        let (direction, by) = match self.worse_by {
            ..0.0 => ("better", -self.worse_by),
            by => ("worse", by),
        };
        let [before, after] = [self.before, self.after].map(ratio);
        let (row, figure, percent) = (&self.row, self.figure, 100.0 * by);
        format!(
            "{verdict:<5}  {row:<32}  {figure:<9}  {before:>9} → {after:>9}  {percent:.1} % {direction}\n"
        )
    }
}

/// Which part a ratio may get worse by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Allowance(f64);

impl std::str::FromStr for Allowance {
    type Err = &'static str;

    /// `5%` or `2.5%`, at most 1000%.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wanted = "not a part from 0% to 1000%, as 5%";
        let percent = text.strip_suffix('%').ok_or(wanted)?;
        let is_plain = percent.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let percent: f64 = percent.parse().map_err(|_| wanted)?;
        let is_sound = is_plain && (0.0..=1_000.0).contains(&percent);
        if is_sound { Ok(Self(percent / 100.0)) } else { Err(wanted) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Machine;

    fn row(params: &str, floor: f64, peer: f64) -> Row {
        let (ratio_floor, ratio_peer) = (Some(floor), Some(peer));
        Row { ratio_floor, ratio_peer, ..Row::new("match/book", params) }
    }

    fn report(rows: &[Row]) -> Report {
        let (machine, rows) = (Machine::default(), rows.to_vec());
        Report {
            schema: SCHEMA.to_owned(),
            quick: true,
            machine,
            rows,
            roots: vec![],
            failed: vec![],
        }
    }

    fn gate(text: &str) -> Allowance {
        text.parse().unwrap()
    }

    #[test]
    fn a_ratio_to_the_floor_is_worse_when_greater_and_others_when_less() {
        let comparison =
            compare(&report(&[row("k=4", 1.0, 6.0)]), &report(&[row("k=4", 1.1, 5.0)]));
        let worse: Vec<f64> = comparison.changes.iter().map(|change| change.worse_by).collect();
        assert!((worse[0] - 0.1).abs() < 1e-9 && (worse[1] - 0.2).abs() < 1e-9, "{worse:?}");
        assert!(comparison.is_worse(gate("15%")) && !comparison.is_worse(gate("21%")));
        let text = comparison.to_text(gate("15%"));
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("ok ") && lines[0].ends_with("10.0 % worse"), "{text}");
        assert!(lines[1].starts_with("WORSE") && lines[1].ends_with("20.0 % worse"), "{text}");
    }

    #[test]
    fn equal_reports_are_not_worse_and_rows_of_one_alone_are_told() {
        let a = report(&[row("k=4", 1.0, 6.0), row("k=16", 1.0, 6.0)]);
        assert!(!compare(&a, &a).is_worse(gate("0%")));
        let comparison = compare(&a, &report(&[row("k=64", 1.0, 6.0), row("k=4", 0.5, 6.0)]));
        assert_eq!(comparison.only_before, ["match/book k=16"]);
        assert_eq!(comparison.only_after, ["match/book k=64"]);
        assert_eq!(comparison.changes.len(), 2);
        assert!(comparison.to_text(gate("5%")).contains("50.0 % better"));
    }

    #[test]
    fn a_gate_is_a_part_in_percent() {
        assert_eq!(gate("5%"), Allowance(0.05));
        assert_eq!(gate("2.5%"), Allowance(0.025));
        for text in ["5", "%", "-1%", "1001%", "NaN%", "inf%", "1e1%", "5 %", "."] {
            assert!(text.parse::<Allowance>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_report_reads_back_and_hostile_ones_are_refused() {
        let sound = report(&[row("k=4", 1.0, 6.0)]);
        assert_eq!(read(sound.to_json().as_bytes()), Ok(sound.clone()));
        let json = sound.to_json();
        for (from, to) in [
            ("\"ratio_floor\":1.0", "\"ratio_floor\":-1.0"),
            ("\"ratio_floor\":1.0", "\"ratio_floor\":0"),
            ("\"ns_per_op\":0.0", "\"ns_per_op\":-0.1"),
        ] {
            let hostile = json.replace(from, to);
            assert_ne!(hostile, json);
            let read = read(hostile.as_bytes());
            assert!(matches!(read, Err(Unreadable::NoFigures(_))), "{from} {to}");
        }
        let twice = report(&[row("k=4", 1.0, 6.0), row("k=4", 1.0, 6.0)]).to_json();
        assert!(matches!(read(twice.as_bytes()), Err(Unreadable::NoFigures(_))));
        let many: Vec<Row> = (0..=ROWS_MAX).map(|n| row(&n.to_string(), 1.0, 1.0)).collect();
        assert!(matches!(read(report(&many).to_json().as_bytes()), Err(Unreadable::NoFigures(_))));
    }

    #[test]
    fn what_is_no_report_is_told_apart_from_another_schema() {
        for text in
            ["", "{", "\u{feff}{}", "{\"schema\":\"undercut.bench/1\"}", &"[".repeat(100_000)]
        {
            let read = read(text.as_bytes());
            let is_told = match &read {
                Err(Unreadable::NoReport(why)) => !why.is_empty(),
                _ => false,
            };
            assert!(is_told, "{:.40}: {read:?}", text);
        }
        assert!(matches!(read(&[0xff, 0xfe]), Err(Unreadable::NoReport(_))));
        let infinite = report(&[row("k=4", 1.0, 6.0)]).to_json().replace(":6.0", ":1e999");
        assert!(matches!(read(infinite.as_bytes()), Err(Unreadable::NoReport(_))));
        for text in ["{}", "[]", "7", "{\"schema\":\"undercut.demo/1\"}", "{\"schema\":7}"] {
            assert!(matches!(read(text.as_bytes()), Err(Unreadable::OtherSchema(_))), "{text}");
        }
    }
}
