//! The table `planted`: bugs put into a copy of the sources on purpose. A row passes when the tests
//! or tables that guard against its bug fail on the patched copy, and fails when the bug goes
//! unnoticed, when the copy does not build, or when the patch does not apply any more. Its figure
//! is how many seconds it took.
//!
//! The copy and its builds lie in the folder that cargo builds in and are kept, so that only what a
//! patch changes is built again, and of that only what the guard needs. The first row is the
//! control: without a patch every guard passes. The row `patches` counts the patches that apply. A short run asks one guard of each bug, a long one
//! all of them.

mod bug;
mod log;
mod market;
mod money;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{fs, io};

use crate::args::{Args, Length};
use crate::clock::Clock;
use crate::report::{Table, Verdict, target_folder};
use bug::{Bug, Edit, Guard};

/// Steps of `invariants` that a planted bug may take to be found.
const STEPS: &str = "250000";

/// Plays the table.
pub(crate) fn run(args: &Args, table: &mut Table) {
    let copy = match Copy::new() {
        Ok(copy) => copy,
        Err(problem) => {
            println!("  the sources could not be copied: {problem}");
            return table.row(Verdict::Fail, "copy", 0, None);
        }
    };
    let bugs = || market::BUGS.iter().chain(money::BUGS).chain(log::BUGS);
    let asked = |bug: &Bug| match args.length {
        Length::Fast => &bug.guards[..1],
        Length::Long { .. } => bug.guards,
    };
    if args.wants("patches") {
        let edits: Vec<&Edit> = bugs().flat_map(|bug| bug.edits).collect();
        let apply = |edit: &&&Edit| match copy.place(edit) {
            Ok(_) => true,
            Err(problem) => {
                println!("  {problem}");
                false
            }
        };
        let figure = edits.iter().filter(apply).count();
        let number = |count| u64::try_from(count).unwrap_or_default();
        table.count("patches", number(figure), Some(number(edits.len())));
    }
    if args.wants("control") {
        say(table, "control", || copy.control(bugs().flat_map(asked)));
    }
    for bug in bugs().filter(|bug| args.wants(bug.name)) {
        say(table, bug.name, || copy.plant(bug, asked(bug)));
    }
}

/// One row; a problem makes it fail.
fn say(table: &mut Table, row: &str, play: impl FnOnce() -> Result<(), String>) {
    let clock = Clock::start();
    let outcome = play();
    if let Err(problem) = &outcome {
        println!("  {row}: {problem}");
    }
    let verdict = if outcome.is_ok() { Verdict::Pass } else { Verdict::Fail };
    table.row(verdict, row, clock.passed().as_secs(), None);
}

/// A copy of the sources, and the folder in which it is built.
struct Copy {
    tree: PathBuf,
    target: PathBuf,
}

impl Copy {
    /// Copies every tracked file that differs from the copy's, and removes what is none any more.
    fn new() -> Result<Self, String> {
        let root = undercut_tests::tree::root();
        let folder = target_folder().join("gauntlet-planted");
        let copy = Self { tree: folder.join("tree"), target: folder.join("target") };
        let listed = Command::new("git").arg("ls-files").current_dir(&root).output();
        let listed = listed.map_err(|error| error.to_string())?;
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        let mut files = BTreeSet::new();
        for path in listed.lines() {
            // A file that was removed and is still listed is no source.
            if let Ok(text) = fs::read(root.join(path)) {
                let file = copy.tree.join(path);
                write_if_new(&file, &text)?;
                files.insert(file);
            }
        }
        keep_only(&copy.tree, &files).map_err(|error| error.to_string())?;
        Ok(copy)
    }

    /// Every guard passes on sources without a bug.
    fn control<'a>(&self, all: impl Iterator<Item = &'a Guard>) -> Result<(), String> {
        let mut guards: Vec<Guard> = Vec::new();
        for guard in all {
            if !guards.contains(guard) {
                guards.push(*guard);
            }
        }
        let mut problems = Vec::new();
        for guard in guards {
            match self.fails(guard) {
                Ok(false) => {}
                Ok(true) => problems.push(format!("{guard:?} fails without a bug")),
                Err(problem) => problems.push(problem),
            }
        }
        all_well(&problems)
    }

    /// Puts a bug in, asks its guards, and takes it out again.
    fn plant(&self, bug: &Bug, guards: &[Guard]) -> Result<(), String> {
        let mut before = Vec::new();
        let outcome = self.edit(bug.edits, &mut before).and_then(|()| {
            let mut problems = Vec::new();
            for guard in guards {
                match self.fails(*guard) {
                    Ok(true) => {}
                    Ok(false) => problems.push(format!("{guard:?} did not notice")),
                    Err(problem) => problems.push(problem),
                }
            }
            all_well(&problems)
        });
        // Several edits of one file are undone in their reverse order.
        for (path, text) in before.iter().rev() {
            fs::write(path, text).map_err(|error| error.to_string())?;
        }
        outcome
    }

    fn edit(&self, edits: &[Edit], before: &mut Vec<(PathBuf, String)>) -> Result<(), String> {
        for edit in edits {
            let (path, text) = self.place(edit)?;
            let Edit { find, put, .. } = edit;
            let patched = text.replacen(find, put, 1);
            before.push((path.clone(), text));
            fs::write(&path, patched).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// The file that a patch applies to.
    fn place(&self, Edit { file, find, .. }: &Edit) -> Result<(PathBuf, String), String> {
        let path = self.tree.join(file);
        let text = fs::read_to_string(&path).map_err(|error| format!("{file}: {error}"))?;
        if text.matches(find).count() != 1 {
            return Err(format!("the patch does not apply to {file} any more: {find}"));
        }
        Ok((path, text))
    }

    /// Cargo in the copy: quick to build, and quick enough to run.
    fn cargo(&self) -> Command {
        let mut cargo = Command::new("cargo");
        cargo
            .current_dir(&self.tree)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_INCREMENTAL", "1")
            // What one bug was found by is not tried on the next.
            .env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1")
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_PROFILE_DEV_OPT_LEVEL", "1");
        cargo
    }

    /// Builds what a guard needs.
    fn build(&self, guard: Guard) -> Result<(), String> {
        let output = output(self.cargo().args(build_of(guard)))?;
        if output.status.success() {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&output.stderr);
        let mut errors = text.lines().skip_while(|line| !line.starts_with("error"));
        let error = errors.next().unwrap_or("no error");
        Err(format!("the sources do not build for {guard:?}: {error}"))
    }

    /// Whether a guard fails, by its own verdict.
    fn fails(&self, guard: Guard) -> Result<bool, String> {
        self.build(guard)?;
        let gauntlet = || Command::new(self.target.join("debug").join("gauntlet"));
        let output = match guard {
            Guard::Invariants => output(gauntlet().args(["invariants", "--steps", STEPS]))?,
            Guard::Authority(row) => output(gauntlet().args(["authority", "--only", row]))?,
            Guard::Determinism(row) => output(gauntlet().args(["determinism", "--only", row]))?,
            Guard::Unit { name, .. } | Guard::System { name, .. } | Guard::Store(name) => {
                let mut args = build_of(guard);
                args.retain(|arg| *arg != "--no-run");
                output(self.cargo().args(args).arg(name))?
            }
        };
        let text = String::from_utf8_lossy(&output.stdout);
        // A guard that could not run has found nothing.
        let words = ["PASS ", "FAIL ", "1 passed", "1 failed"];
        if !words.iter().any(|word| text.contains(word)) {
            return Err(format!("{guard:?} said nothing"));
        }
        Ok(!output.status.success())
    }
}

/// The words by which cargo builds a guard.
fn build_of(guard: Guard) -> Vec<&'static str> {
    match guard {
        Guard::Invariants | Guard::Authority(_) | Guard::Determinism(_) => {
            vec!["build", "-q", "-p", "undercut-tests", "--bin", "gauntlet"]
        }
        Guard::Unit { package, .. } => vec!["test", "-q", "--no-run", "-p", package, "--lib"],
        Guard::Store(_) => vec!["test", "-q", "--no-run", "-p", "undercut-store", "--test", "it"],
        Guard::System { file, .. } => {
            vec!["test", "-q", "--no-run", "-p", "undercut-tests", "--test", file]
        }
    }
}

fn all_well(problems: &[String]) -> Result<(), String> {
    if problems.is_empty() { Ok(()) } else { Err(problems.join("; ")) }
}

fn output(command: &mut Command) -> Result<Output, String> {
    command.output().map_err(|error| error.to_string())
}

/// Removes every file below a folder but `files`.
fn keep_only(folder: &Path, files: &BTreeSet<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            keep_only(&path, files)?;
        } else if !files.contains(&path) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// Writes a file unless it has this content, so that cargo sees what changed and nothing else.
fn write_if_new(path: &Path, text: &[u8]) -> Result<(), String> {
    if fs::read(path).is_ok_and(|before| before == text) {
        return Ok(());
    }
    let folder = path.parent().ok_or("a file without a folder")?;
    let made = fs::create_dir_all(folder).and_then(|()| fs::write(path, text));
    made.map_err(|error| format!("{}: {error}", path.display()))
}
