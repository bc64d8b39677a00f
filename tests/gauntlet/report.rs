//! [`Table`]: the rows of a run, each `PASS|FAIL|SKIP row figure target seed commit`.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use crate::args::{Args, Length};

/// What a row came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Pass,
    Fail,
    /// Not judged. Never counts as passed.
    Skip,
}

impl Verdict {
    const fn word(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Fail => "FAIL",
            Self::Skip => "SKIP",
        }
    }
}

/// The rows of a run.
#[derive(Debug)]
pub(crate) struct Table {
    args: Args,
    commit: String,
    rows: Vec<(Verdict, String, u64)>,
}

impl Table {
    pub(crate) fn new(args: &Args) -> Self {
        let git = Command::new("git").args(["rev-parse", "--short", "HEAD"]).output();
        let commit = git.ok().filter(|output| output.status.success());
        let commit = commit.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
        let commit = commit.unwrap_or_else(|| "-".into());
        println!("{:4} {:48} {:>12} {:>12} {:>8} commit", "", "row", "figure", "target", "seed");
        Self { args: args.clone(), commit, rows: Vec::new() }
    }

    /// A row with a verdict of its own. With `--only`, other rows show when they fail.
    pub(crate) fn row(&mut self, verdict: Verdict, row: &str, figure: u64, target: Option<u64>) {
        if verdict != Verdict::Fail && !self.args.shows(row) {
            return;
        }
        let target = target.map_or_else(|| "-".into(), |target| target.to_string());
        let (word, seed, commit) = (verdict.word(), self.args.seed, &self.commit);
        println!("{word:4} {row:48} {figure:>12} {target:>12} {seed:>8} {commit}");
        self.rows.push((verdict, row.to_owned(), figure));
    }

    /// A row that has to reach a figure; without a target it is not judged.
    pub(crate) fn count(&mut self, row: &str, figure: u64, target: Option<u64>) {
        let verdict = match target {
            None => Verdict::Skip,
            Some(target) if figure >= target => Verdict::Pass,
            Some(_) => Verdict::Fail,
        };
        self.row(verdict, row, figure, target);
    }

    /// A row of something that was asked `figure` times and held or not. Never asked is failed.
    pub(crate) fn held(&mut self, row: &str, figure: u64, holds: bool) {
        let verdict = if holds && figure > 0 { Verdict::Pass } else { Verdict::Fail };
        self.row(verdict, row, figure, None);
    }

    /// Whether nothing failed and something passed. A long run's figures are kept for `summary`.
    pub(crate) fn end(&self) -> bool {
        let count = |wanted| self.rows.iter().filter(|(verdict, ..)| *verdict == wanted).count();
        let (passed, failed) = (count(Verdict::Pass), count(Verdict::Fail));
        println!("{passed} passed, {failed} failed, {} not judged", count(Verdict::Skip));
        if let (true, Some(only)) = (self.rows.is_empty(), &self.args.only) {
            println!("there is no row `{only}` in this table");
        }
        if matches!(self.args.length, Length::Long { .. }) {
            self.keep();
        }
        failed == 0 && passed > 0
    }

    fn keep(&self) {
        let file = fs::OpenOptions::new().create(true).append(true).open(results());
        let Ok(mut file) = file else { return println!("the results could not be kept") };
        for (verdict, row, figure) in &self.rows {
            let Args { table, seed, .. } = &self.args;
            let (word, commit) = (verdict.word(), &self.commit);
            let _ = writeln!(file, "{word} {table}/{row} {figure} {seed} {commit}");
        }
    }
}

/// The folder in which cargo builds.
pub(crate) fn target_folder() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    // target/release/gauntlet
    program.ancestors().nth(2).map(PathBuf::from).unwrap_or_default()
}

/// Where long runs leave their figures.
fn results() -> PathBuf {
    target_folder().join("gauntlet-results.txt")
}

/// Prints the figures of all long runs, added up by row.
pub(crate) fn summary() -> bool {
    let text = fs::read_to_string(results()).unwrap_or_default();
    let mut sums: std::collections::BTreeMap<String, (u64, u64, u64)> = Default::default();
    for line in text.lines() {
        let mut words = line.split(' ');
        let (Some(verdict), Some(row), Some(figure)) = (words.next(), words.next(), words.next())
        else {
            continue;
        };
        let sum = sums.entry(row.to_owned()).or_default();
        sum.0 += figure.parse::<u64>().unwrap_or_default();
        sum.1 += 1;
        sum.2 += u64::from(verdict == "FAIL");
    }
    if sums.is_empty() {
        println!("no long run has left its figures here");
    }
    for (row, (figure, runs, failed)) in &sums {
        println!("{row:60} {figure:>14} in {runs} runs, {failed} failed");
    }
    !sums.is_empty() && sums.values().all(|(.., failed)| *failed == 0)
}
