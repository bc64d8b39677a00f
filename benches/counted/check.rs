//! Counts the operations under `callgrind` and compares them with what is committed.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::{env, fs, io};

use crate::operations::NAMES;

/// How much more an operation may take before it is a regression, in parts of a thousand.
const ALLOWED: i128 = 30;

/// What the counts hold for: another compiler writes other instructions, and another processor makes
/// libraries take other ways.
#[derive(Debug, PartialEq)]
struct Made {
    rustc: String,
    cpu: String,
}

/// Counts with what they were made by.
#[derive(Debug, PartialEq)]
struct Counts {
    made: Made,
    /// By name, in the order of the file.
    operations: Vec<(String, u64)>,
}

/// Counts, prints every operation, and fails when one takes more than is allowed.
pub(crate) fn check() -> ExitCode {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions.txt");
    if !has_valgrind() {
        println!("valgrind is not installed: instructions are not counted");
        return ExitCode::SUCCESS;
    }
    let now = match count() {
        Ok(now) => now,
        Err(error) => {
            eprintln!("the operations could not be counted: {error}");
            return ExitCode::FAILURE;
        }
    };
    if env::var_os("UNDERCUT_BLESS").is_some_and(|value| value == "1") {
        fs::write(&file, now.text()).expect("the file can be written");
        println!("{} is written", file.display());
        return ExitCode::SUCCESS;
    }
    let text = fs::read_to_string(&file).unwrap_or_default();
    let Some(before) = Counts::read(&text) else {
        eprintln!("{} holds no counts: write it with UNDERCUT_BLESS=1", file.display());
        return ExitCode::FAILURE;
    };
    let (lines, is_worse) = compare(&before, &now);
    print!("{lines}");
    if is_worse { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn has_valgrind() -> bool {
    let version = Command::new("valgrind").arg("--version").stdout(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}

/// Plays each operation under `callgrind`, which counts one function and what it calls.
fn count() -> io::Result<Counts> {
    let file = env::temp_dir().join(format!("undercut-counted-{}", std::process::id()));
    let counts: io::Result<Vec<(String, u64)>> = NAMES
        .iter()
        .map(|(name, times)| Ok(((*name).to_owned(), count_one(name, &file)? / times)))
        .collect();
    // Whether it goes or stays changes nothing.
    let _ = fs::remove_file(&file);
    Ok(Counts { made: Made::here(), operations: counts? })
}

fn count_one(name: &str, file: &Path) -> io::Result<u64> {
    let status = Command::new("valgrind")
        .args(["--tool=callgrind", "-q", "--collect-atstart=no"])
        .arg("--toggle-collect=*counted_work*")
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(env::current_exe()?)
        .args(["play", name])
        .stdout(Stdio::null())
        .status()?;
    if !status.success() {
        return Err(io::Error::other(format!("{name}: valgrind ended with {status}")));
    }
    let sum = sum(&fs::read_to_string(file)?).filter(|sum| *sum > 0);
    sum.ok_or_else(|| io::Error::other(format!("{name}: nothing was counted")))
}

fn sum(dump: &str) -> Option<u64> {
    let line = dump.lines().find_map(|line| line.strip_prefix("summary:"))?;
    line.split_whitespace().next()?.parse().ok()
}

impl Made {
    fn here() -> Self {
        let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let name = processors.lines().find(|line| line.starts_with("model name"));
        let name = name.and_then(|line| line.split_once(": ")).map(|(_, name)| name.trim());
        let cpu = name.unwrap_or(env::consts::ARCH).to_owned();
        Self { rustc: env!("UNDERCUT_RUSTC").to_owned(), cpu }
    }
}

impl Counts {
    fn text(&self) -> String {
        let mut text = String::from(
            "# Instructions of one operation each, by callgrind: `counted check` compares, and\n\
             # writes them anew with UNDERCUT_BLESS=1.\n",
        );
        let Made { rustc, cpu } = &self.made;
        writeln!(text, "rustc: {rustc}\ncpu: {cpu}").expect("a string takes what is written");
        for (name, count) in &self.operations {
            writeln!(text, "{name} {count}").expect("a string takes what is written");
        }
        text
    }

    fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines().filter(|line| !line.starts_with('#'));
        let rustc = lines.next()?.strip_prefix("rustc: ")?.to_owned();
        let cpu = lines.next()?.strip_prefix("cpu: ")?.to_owned();
        let operation = |line: &str| {
            let (name, count) = line.split_once(' ')?;
            Some((name.to_owned(), count.parse().ok()?))
        };
        let operations = lines.map(operation).collect::<Option<_>>()?;
        Some(Self { made: Made { rustc, cpu }, operations })
    }

    fn of(&self, name: &str) -> Option<u64> {
        self.operations.iter().find(|(found, _)| found == name).map(|(_, count)| *count)
    }
}

/// A line for each operation, and whether one takes more than it may. Counts of another compiler or
/// processor are printed and decide nothing.
fn compare(before: &Counts, now: &Counts) -> (String, bool) {
    let (mut lines, mut is_worse) = (String::new(), false);
    for (name, count) in &now.operations {
        let known = before.of(name);
        let more = known.map(|known| {
            (i128::from(*count) - i128::from(known)) * 1_000 / i128::from(known.max(1))
        });
        let verdict = match more {
            None => "not in the file",
            Some(more) if more > ALLOWED => "more than allowed",
            Some(more) if more < -ALLOWED => "fewer: write the file anew",
            Some(_) => "as before",
        };
        is_worse |= more.is_none_or(|more| more > ALLOWED);
        let more = more.map_or_else(|| "-".to_owned(), |more| format!("{more:+} ‰"));
        writeln!(lines, "{name:<16}{count:>12}{more:>10}  {verdict}").expect("a string");
    }
    for (what, before, now) in [
        ("rustc", &before.made.rustc, &now.made.rustc),
        ("processor", &before.made.cpu, &now.made.cpu),
    ] {
        if before != now {
            is_worse = false;
            writeln!(
                lines,
                "Counted on another {what} than the file ({now}; {before}): no verdict."
            )
            .expect("a string takes what is written");
        }
    }
    (lines, is_worse)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(rustc: &str, operations: &[(&str, u64)]) -> Counts {
        let made = Made { rustc: rustc.to_owned(), cpu: "x".to_owned() };
        let operations = operations.iter().map(|(name, count)| ((*name).to_owned(), *count));
        Counts { made, operations: operations.collect() }
    }

    #[test]
    fn counts_are_read_as_they_are_written() {
        let counts = counts("rustc 1.2.3 (abc)", &[("a/b", 7), ("c/d", 90)]);
        assert_eq!(Counts::read(&counts.text()), Some(counts));
        assert_eq!(Counts::read(""), None);
        assert_eq!(Counts::read("rustc: 1\ncpu: x\na/b many\n"), None);
    }

    #[test]
    fn three_percent_more_are_allowed_and_four_are_not() {
        let before = counts("1", &[("a/b", 1_000)]);
        for (count, is_worse) in [(1_030, false), (1_031, true), (900, false), (1_000, false)] {
            assert_eq!(compare(&before, &counts("1", &[("a/b", count)])).1, is_worse, "{count}");
        }
        assert!(compare(&before, &counts("1", &[("a/b", 1), ("new/one", 1)])).1);
    }

    #[test]
    fn another_compiler_gets_no_verdict_and_is_told_so() {
        let before = counts("1", &[("a/b", 1_000)]);
        let (lines, is_worse) = compare(&before, &counts("2", &[("a/b", 5_000)]));
        assert!(!is_worse && lines.contains("no verdict") && lines.contains("more than allowed"));
    }

    #[test]
    fn the_sum_of_a_dump_is_read() {
        assert_eq!(sum("version: 1\nsummary: 123 4\nfn=x"), Some(123));
        assert_eq!(sum("version: 1\n"), None);
    }
}
