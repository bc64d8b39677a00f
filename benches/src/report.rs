//! [`Report`]: the rows of a run and the machine, as a table for people and as JSON.

use std::any::Any;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::{Deserialize, Serialize};

use crate::machine::Machine;
use crate::row::Row;
use crate::rows::Entry;
use crate::settings::Settings;

/// The form of the JSON.
pub const SCHEMA: &str = "undercut.bench/1";

/// The rows of a run and what they were taken on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: String,
    /// Whether the run was a quick one.
    #[serde(default)]
    pub quick: bool,
    /// What it was taken on.
    pub machine: Machine,
    /// What was measured, in the order in which it was played.
    pub rows: Vec<Row>,
    /// Where one market led to on so many threads; of a run of everything.
    #[serde(default)]
    pub roots: Vec<Root>,
    /// Operations that could not be played to the end; those of their rows that were finished are
    /// there.
    #[serde(default)]
    pub failed: Vec<String>,
}

/// An operation was not played to the end: two contestants disagree, or one of them failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// The first line of what it said.
    pub why: String,
}

/// Where a market led to, played on so many threads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Root {
    /// Threads that checked signatures.
    pub threads: u64,
    /// Blocks that were played.
    pub blocks: u64,
    /// The hash of the state, in hex.
    pub state_root: String,
}

/// A column: its head, and its cell in a row if it has one.
type Column = (&'static str, fn(&Row) -> Option<String>);

const COLUMNS: [Column; 14] = [
    ("workload", |row| Some(row.params.clone())),
    ("offered/s", |row| row.offered_per_second.map(count)),
    ("operations", |row| Some(digits(row.ops))),
    ("accepted", |row| row.accepted.map(digits)),
    ("p50", |row| row.p50_ns.map(time)),
    ("p90", |row| row.p90_ns.map(time)),
    ("p99", |row| row.p99_ns.map(time)),
    ("p99.9", |row| row.p999_ns.map(time)),
    ("max", |row| row.max_ns.map(time)),
    ("each", |row| (row.ns_per_op > 0.0).then(|| time(row.ns_per_op))),
    ("of floor", |row| row.ratio_floor.map(ratio)),
    ("plain", |row| row.ratio_plain.map(ratio)),
    ("best peer", |row| Some(format!("{} {}", ratio(row.ratio_peer?), row.peer.as_ref()?))),
    ("", |row| Some(if row.noisy { "noisy".to_owned() } else { String::new() })),
];

impl Report {
    /// A report of this machine that has no rows yet.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self::on(Machine::look(&settings.folder), settings.quick)
    }

    fn on(machine: Machine, quick: bool) -> Self {
        let (rows, roots, failed) = (Vec::new(), Vec::new(), Vec::new());
        Self { schema: SCHEMA.to_owned(), quick, machine, rows, roots, failed }
    }

    /// Plays an operation. Each row is in the report as soon as it is finished.
    ///
    /// # Errors
    ///
    /// [`Failed`] when it panicked, as whatever compares does where results differ. What was
    /// reported before stays.
    pub fn play(&mut self, settings: &Settings, entry: &Entry) -> Result<(), Failed> {
        let before = self.rows.len();
        // Rows are pushed whole, so that whatever is in the list holds after a panic too.
        let played = catch_unwind(AssertUnwindSafe(|| (entry.rows)(settings, &mut self.rows)));
        debug_assert!(self.rows[before..].iter().all(|row| row.name == entry.name));
        played.map_err(|panic| {
            self.failed.push(entry.name.to_owned());
            Failed { why: first_line(panic.as_ref()) }
        })
    }

    /// The rows of operations that were played to the end: what a target may be held against.
    #[must_use]
    pub fn complete_rows(&self) -> Vec<Row> {
        let is_complete = |row: &&Row| !self.failed.contains(&row.name);
        self.rows.iter().filter(is_complete).cloned().collect()
    }

    /// One line of JSON.
    ///
    /// # Panics
    ///
    /// Never: a report is plain data.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a report is plain data") + "\n"
    }

    /// An operation in a table, with what its rows have besides; nothing when it has no row.
    #[must_use]
    pub fn table_of(&self, entry: &Entry) -> String {
        let rows: Vec<&Row> = self.rows.iter().filter(|row| row.name == entry.name).collect();
        if rows.is_empty() {
            return String::new();
        }
        let mut text = format!("\n{}: {}\n\n{}", entry.name, entry.says, table(&rows));
        text.extend(rows.iter().map(|row| beside(row)));
        text
    }

    /// Where the market led to, on each number of threads; nothing when it was not played.
    #[must_use]
    pub fn roots_as_text(&self) -> String {
        let root = |root: &Root| {
            let Root { threads, blocks, state_root } = root;
            format!("  threads={threads}  {state_root}, after {} blocks\n", digits(*blocks))
        };
        if self.roots.is_empty() {
            return String::new();
        }
        let head = "The same market with signatures checked on each number of threads.";
        let roots: String = self.roots.iter().map(root).collect();
        format!("\nstate root: {head}\n\n{roots}")
    }

    /// The set-up in a paragraph, which stands before all tables.
    #[must_use]
    pub fn set_up(&self) -> String {
        let Machine { cpu, flags, cores, kernel, rustc, build, flushes_per_second } = &self.machine;
        let flushes = flushes_per_second
            .map_or_else(|| "unknown".to_owned(), |rate| format!("{}/s", count(rate)));
        let rounds = Settings { quick: self.quick, ..Settings::default() }.rounds();
        format!(
            "{cpu} ({}), cores: {cores}, {kernel}\n{rustc}, {build}\n\
             disk: durable pages of 4 KiB {flushes}\n\
             Every figure is the median of {rounds} rounds in rotated order; ratios are taken within \
             a round.\n`of floor` is ours over the work that cannot be avoided; `plain` and `best \
             peer` are theirs over ours.\nWork of one thread is in processor time; latencies count \
             from the time an operation was due.\n",
            flags.join(" "),
        )
    }
}

/// The first line of what a panic says.
fn first_line(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.and_then(|text| text.lines().next()).unwrap_or("it does not say why").to_owned()
}

/// Columns that some row has, aligned.
fn table(rows: &[&Row]) -> String {
    let cells = |(head, cell): &Column| {
        let cells: Vec<Option<String>> = rows.iter().map(|row| cell(row)).collect();
        let is_there = cells.iter().any(|cell| cell.as_ref().is_some_and(|cell| !cell.is_empty()));
        is_there.then(|| {
            let cells = cells.into_iter().map(|cell| cell.unwrap_or_else(|| "-".to_owned()));
            std::iter::once((*head).to_owned()).chain(cells).collect::<Vec<String>>()
        })
    };
    let columns: Vec<Vec<String>> = COLUMNS.iter().filter_map(cells).collect();
    let mut text = String::new();
    for line in 0..=rows.len() {
        let mut row = String::from(" ");
        for (number, column) in columns.iter().enumerate() {
            let width = column.iter().map(|cell| cell.chars().count()).max().unwrap_or(0);
            let cell = &column[line];
            // The workload reads from the left, figures from the right.
            let _ = match number {
                0 => write!(row, " {cell:<width$}"),
                _ => write!(row, "  {cell:>width$}"),
            };
        }
        let _ = writeln!(text, "{}", row.trim_end());
    }
    text
}

/// What a row has besides its line: others, further figures, notes.
fn beside(row: &Row) -> String {
    let mut text = String::new();
    let workload = if row.params.is_empty() { String::new() } else { format!("{}: ", row.params) };
    let others = row.others.iter().map(|other| format!("{} {}", other.name, ratio(other.ratio)));
    let others: Vec<String> = others.collect();
    if !others.is_empty() {
        let _ = writeln!(text, "    {workload}over ours: {}", others.join(", "));
    }
    for (name, figure) in &row.figures {
        let _ = writeln!(text, "    {workload}{} {}", name.replace('_', " "), plain(*figure));
    }
    for note in &row.notes {
        let _ = writeln!(text, "    {workload}{note}");
    }
    text
}

/// `2.31 x`.
pub(crate) fn ratio(ratio: f64) -> String {
    format!("{ratio:.2} ×")
}

/// Two digits behind the point, none for whole numbers.
pub(crate) fn plain(figure: f64) -> String {
    if figure.fract().abs() < 1e-9 { format!("{figure:.0}") } else { format!("{figure:.3}") }
}

/// `73 ns`, `1.2 us`, `7.7 ms`, `1.5 s`.
pub(crate) fn time(nanos: f64) -> String {
    match nanos {
        ..100.0 => format!("{nanos:.1} ns"),
        ..1e3 => format!("{nanos:.0} ns"),
        ..1e6 => format!("{:.1} us", nanos / 1e3),
        ..1e9 => format!("{:.1} ms", nanos / 1e6),
        _ => format!("{:.2} s", nanos / 1e9),
    }
}

/// A count as people say it: `22.4 k`, `5 M`.
fn count(count: f64) -> String {
    match count {
        ..1e3 => format!("{count:.0}"),
        ..1e6 => format!("{} k", plain((count / 100.0).round() / 10.0)),
        _ => format!("{} M", plain((count / 1e5).round() / 10.0)),
    }
}

/// Digits in threes.
fn digits(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let fast = Row {
            ns_per_op: 23.4,
            ops: 200_000,
            floor_ns: Some(20.0),
            ratio_floor: Some(1.17),
            peer: Some("lobster 0.7".into()),
            ratio_peer: Some(6.0),
            ..Row::new("match/book", "k=4 open=64")
        };
        let late =
            Row { ops: 7, noisy: true, p50_ns: Some(1_500.0), ..Row::new("match/book", "k=16") };
        let counted = Row::new("alloc/bid", "").with_figure("bytes_per_bid", 48.0).with_note("So.");
        let machine = Machine { cpu: "A".into(), cores: 2, ..Machine::default() };
        Report { rows: vec![fast, late, counted], ..Report::on(machine, false) }
    }

    #[test]
    fn the_json_has_the_keys_of_its_schema_and_reads_back() {
        let json = report().to_json();
        assert_eq!(json.lines().count(), 1);
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value["schema"], "undercut.bench/1");
        let keys: Vec<&str> =
            "name params ns_per_op p50_ns p99_ns p999_ns ops floor_ns ratio_floor \
             plain_ns ratio_plain peer ratio_peer noisy"
                .split_whitespace()
                .collect();
        for row in value["rows"].as_array().unwrap() {
            assert!(keys.iter().all(|key| row.get(key).is_some()), "{row}");
        }
        assert_eq!(value["rows"][0]["ratio_floor"], 1.17);
        assert!(value["rows"][0]["plain_ns"].is_null());
        let machine = value["machine"].as_object().unwrap();
        let keys = ["cpu", "flags", "cores", "kernel", "rustc", "build", "flushes_per_second"];
        assert!(keys.iter().all(|key| machine.contains_key(*key)), "{machine:?}");
        assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report());
    }

    #[test]
    fn the_text_has_a_table_for_each_operation_with_the_columns_that_it_needs() {
        let of =
            |name| report().table_of(&Entry { name, says: "It is measured.", rows: |_, _| {} });
        let text = of("match/book") + &of("alloc/bid");
        let expected = [
            "",
            "match/book: It is measured.",
            "",
            "  workload     operations     p50     each  of floor           best peer",
            "  k=4 open=64     200,000       -  23.4 ns    1.17 ×  6.00 × lobster 0.7",
            "  k=16                  7  1.5 us        -         -                   -  noisy",
            "",
            "alloc/bid: It is measured.",
            "",
            "  operations",
            "  0",
            "    bytes per bid 48",
            "    So.",
            "",
        ];
        assert_eq!(text, expected.join("\n"));
        assert_eq!(of("match/habitat"), "");
    }

    #[test]
    fn an_operation_that_fails_leaves_what_was_finished_and_is_named() {
        let row = |name: &str, params: &str| Row::new(name, params);
        let (mut report, settings) = (Report::on(Machine::default(), true), Settings::quick());
        let whole = |_: &Settings, rows: &mut Vec<Row>| rows.push(Row::new("a/whole", "k=1"));
        let entry = Entry { name: "a/whole", says: "", rows: whole };
        assert_eq!(report.play(&settings, &entry), Ok(()));
        let failing = |settings: &Settings, rows: &mut Vec<Row>| {
            rows.extend([1, 2, 3].into_iter().map(|k| {
                assert!(k < 3, "disagree at {k}\nand more, quick: {}", settings.quick);
                Row::new("a/part", format!("k={k}"))
            }));
        };
        let part = Entry { name: "a/part", says: "It fails.", rows: failing };
        assert_eq!(report.play(&settings, &part), Err(Failed { why: "disagree at 3".into() }));
        let later = Entry { name: "a/later", says: "", rows: |_, _| std::panic::panic_any(7) };
        let why = report.play(&settings, &later).map_err(|failed| failed.why);
        assert_eq!(why, Err("it does not say why".into()));

        let finished = [row("a/whole", "k=1"), row("a/part", "k=1"), row("a/part", "k=2")];
        assert_eq!(report.rows, finished);
        assert_eq!(report.complete_rows(), finished[..1]);
        assert_eq!(report.failed, ["a/part", "a/later"]);
        assert!(report.table_of(&part).starts_with("\na/part: It fails.\n"));
        assert_eq!(serde_json::from_str::<Report>(&report.to_json()).unwrap(), report);
    }

    #[test]
    fn times_and_counts_have_a_unit_that_fits() {
        assert_eq!(
            [0.4, 99.94, 100.0, 1_234.0, 7.7e6, 1.5e9].map(time),
            ["0.4 ns", "99.9 ns", "100 ns", "1.2 us", "7.7 ms", "1.50 s"]
        );
        assert_eq!([999.0, 22_410.0, 5e6].map(count), ["999", "22.400 k", "5 M"]);
        assert_eq!([0, 999, 1_000, 1_234_567].map(digits), ["0", "999", "1,000", "1,234,567"]);
    }
}
