//! The table `determinism`: the same twenty logs, played by several builds of this very program, on
//! one, two and eight threads, in the order in which things come and in shuffled order, on this
//! machine and on others by emulation. Heads, state roots and money are equal everywhere, and equal
//! to those of a committed file, so that all machines agree.
//!
//! A row counts the logs that agree with the file. A long run plays further seeds, which are
//! compared with the release build, until its time is over.
//!
//! After a change of the format, or of what markets do, write the file anew:
//!
//! ```text
//! UNDERCUT_BLESS=1 cargo gauntlet determinism --only golden
//! ```

mod auctions;
mod order;
mod play;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use crate::args::{Args, Length};
use crate::clock::Clock;
use crate::report::{Table, Verdict, target_folder};
pub(crate) use play::told;
use play::{LOGS, Played, is_shuffled};

/// The committed heads.
const GOLDEN: &str = "tests/golden/heads.toml";

/// The seed of the first log of [`GOLDEN`].
const GOLDEN_SEED: u64 = 1;

/// Profiles of `Cargo.toml`, and the folders that cargo builds them in.
const BUILDS: [(&str, &str); 3] = [("dev", "debug"), ("release", "release"), ("size", "size")];

/// Threads that check signatures.
const THREADS: [u64; 3] = [1, 2, 8];

/// Another kind of machine, as Rust, its C compiler's name and QEMU call it.
struct Machine {
    name: &'static str,
    target: &'static str,
    /// What its tools' names begin with, and its libraries' folder below `/usr` is called.
    tools: &'static str,
    emulator: &'static str,
}

/// 64 bits, 32 bits, and 64 bits with the most significant byte first.
const MACHINES: [Machine; 3] = [
    Machine {
        name: "aarch64",
        target: "aarch64-unknown-linux-gnu",
        tools: "aarch64-linux-gnu",
        emulator: "qemu-aarch64",
    },
    Machine {
        name: "i686",
        target: "i686-unknown-linux-gnu",
        tools: "i686-linux-gnu",
        emulator: "qemu-i386",
    },
    Machine {
        name: "s390x",
        target: "s390x-unknown-linux-gnu",
        tools: "s390x-linux-gnu",
        emulator: "qemu-s390x",
    },
];

/// Plays the table.
pub(crate) fn run(args: &Args, table: &mut Table) {
    let clock = Clock::start();
    let Some(own) = say(play_by(&mut this_program(), 1, 0, args.seed)) else {
        return table.row(Verdict::Fail, "golden", 0, Some(LOGS));
    };
    let reference = golden(args, table, own);
    for (profile, folder) in BUILDS {
        builds(args, table, (profile, folder), &reference);
    }
    for machine in &MACHINES {
        if args.wants(machine.name) {
            emulated(args, table, machine, &reference);
        }
    }
    let mut further = args.seed;
    while !matches!(args.length, Length::Fast) && !args.is_over(&clock) && args.only.is_none() {
        further = further.saturating_add(LOGS);
        let Some(reference) = say(play_by(&mut this_program(), 1, 0, further)) else {
            return table.row(Verdict::Fail, "further seeds", further, None);
        };
        for (_, folder) in BUILDS {
            let row = format!("{folder}, 8 threads, shuffled, from seed {further}");
            compare(table, &row, (&mut program(folder), 8, 1), (&reference, further));
        }
    }
}

/// The row that compares this program's heads with the committed ones; returns what the others are
/// compared with.
fn golden(args: &Args, table: &mut Table, own: Vec<Played>) -> Vec<Played> {
    let path = undercut_tests::tree::root().join(GOLDEN);
    if args.seed != GOLDEN_SEED {
        // Other seeds have no committed heads; builds are compared with this one.
        return own;
    }
    if env::var_os("UNDERCUT_BLESS").is_some_and(|value| value == "1") {
        let _ = say(fs::write(&path, text(&own)).map_err(|error| error.to_string()));
    }
    let committed = say(committed(&path)).unwrap_or_default();
    let agreed = own.iter().filter(|log| committed.contains(&(log.name.clone(), log.golden())));
    table.count("golden", u64::try_from(agreed.count()).unwrap_or_default(), Some(LOGS));
    own
}

/// The rows of one build.
fn builds(args: &Args, table: &mut Table, build: (&str, &str), reference: &[Played]) {
    let (profile, folder) = build;
    let row = |threads: u64, order: &str| {
        let many = if threads == 1 { "thread" } else { "threads" };
        format!("{folder}, {threads} {many}, {order}")
    };
    let plays = THREADS.iter().flat_map(|threads| [(*threads, 0), (*threads, 1)]);
    let named = plays.map(|(threads, shuffle)| {
        let order = if shuffle == 0 { "in order" } else { "shuffled" };
        (row(threads, order), threads, shuffle)
    });
    let asked: Vec<_> = named.filter(|(row, ..)| args.shows(row)).collect();
    if asked.is_empty() {
        return;
    }
    if say(build_self(&["--profile", profile], |_| {})).is_none() {
        return table.row(Verdict::Fail, folder, 0, Some(LOGS));
    }
    for (row, threads, shuffle) in asked {
        compare(table, &row, (&mut program(folder), threads, shuffle), (reference, args.seed));
    }
}

/// The row of another machine.
fn emulated(args: &Args, table: &mut Table, machine: &Machine, reference: &[Played]) {
    let Machine { name, target, tools, emulator } = machine;
    let missing = missing(machine);
    if !missing.is_empty() {
        println!("  {name}: missing: {}", missing.join(", "));
        return table.row(Verdict::Skip, name, 0, Some(LOGS));
    }
    let linker = format!("CARGO_TARGET_{}_LINKER", target.to_uppercase().replace('-', "_"));
    let built = build_self(&["--release", "--target", target], |cargo| {
        cargo.env(linker, format!("{tools}-gcc"));
    });
    if say(built).is_none() {
        return table.row(Verdict::Fail, name, 0, Some(LOGS));
    }
    let mut run = Command::new(emulator);
    run.args(["-L", &format!("/usr/{tools}")]);
    run.arg(target_folder().join(target).join("release").join("gauntlet"));
    compare(table, name, (&mut run, 2, 1), (reference, args.seed));
}

/// What a machine would need that is not there.
fn missing(machine: &Machine) -> Vec<String> {
    let libraries = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", machine.target])
        .output();
    let libraries = libraries.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let has_target = libraries.is_ok_and(|path| Path::new(path.trim()).is_dir());
    let mut missing = Vec::new();
    if !has_target {
        missing.push(format!("rustup target add {}", machine.target));
    }
    for program in [format!("{}-gcc", machine.tools), machine.emulator.to_owned()] {
        let folders = env::var_os("PATH").unwrap_or_default();
        if !env::split_paths(&folders).any(|folder| folder.join(&program).is_file()) {
            missing.push(program);
        }
    }
    missing
}

/// A row: plays by a program and counts the logs that agree with the reference.
fn compare(
    table: &mut Table,
    row: &str,
    (program, threads, shuffle): (&mut Command, u64, u64),
    (reference, seed): (&[Played], u64),
) {
    let played = say(play_by(program, threads, shuffle, seed)).unwrap_or_default();
    let mut pairs: Vec<_> = reference.iter().zip(&played).collect();
    for (expected, found) in pairs.iter().filter(|(expected, found)| !expected.agrees(found)) {
        println!("  {row}:\n    expected {expected}\n    found    {found}");
    }
    pairs.retain(|(expected, found)| expected.agrees(found));
    if shuffle > 0 && !is_shuffled(reference, &played) {
        println!("  {row}: nothing was shuffled");
        pairs.clear();
    }
    if played.len() != reference.len() {
        println!("  {row}: {} logs instead of {}", played.len(), reference.len());
        pairs.clear();
    }
    table.count(row, u64::try_from(pairs.len()).unwrap_or_default(), Some(LOGS));
}

/// Builds this program in another way, in the folder that cargo builds in.
fn build_self(words: &[&str], set: impl FnOnce(&mut Command)) -> Result<(), String> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "-q", "-p", "undercut-tests", "--bin", "gauntlet"]).args(words);
    cargo.current_dir(undercut_tests::tree::root()).env("CARGO_TARGET_DIR", target_folder());
    set(&mut cargo);
    let output = cargo.output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let error = text.lines().find(|line| line.starts_with("error")).unwrap_or("no error");
    Err(format!("cargo build {}: {error}", words.join(" ")))
}

/// This program, as cargo has built it into a folder.
fn program(folder: &str) -> Command {
    Command::new(target_folder().join(folder).join("gauntlet"))
}

/// This program as it runs.
fn this_program() -> Command {
    Command::new(env::current_exe().unwrap_or_else(|_| PathBuf::from("gauntlet")))
}

/// Lets a program play.
fn play_by(
    program: &mut Command,
    threads: u64,
    shuffle: u64,
    seed: u64,
) -> Result<Vec<Played>, String> {
    let words = [threads, shuffle, seed].map(|number| number.to_string());
    let output = program.arg("play").args(words).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{program:?}: {}", text.lines().next().unwrap_or("ended")));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let read = |line| Played::read(line).ok_or(format!("`{line}` is no log"));
    text.lines().map(read).collect()
}

/// Prints a problem.
fn say<T>(outcome: Result<T, String>) -> Option<T> {
    outcome.inspect_err(|problem| println!("  {problem}")).ok()
}

/// The committed file's text.
fn text(logs: &[Played]) -> String {
    let rows = logs.iter().map(|log| format!("\"{}\" = \"{}\"\n", log.name, log.golden()));
    let first = "# Written by tests/gauntlet/determinism.rs: head, and digests of state roots, \
                 money, tree.\n";
    std::iter::once(first.to_owned()).chain(rows).collect()
}

/// The committed file's rows.
fn committed(path: &Path) -> Result<Vec<(String, String)>, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let table: toml::Table = text.parse().map_err(|error| format!("{error}"))?;
    let row = |(name, value): (String, toml::Value)| {
        value.as_str().map(|value| (name.clone(), value.to_owned()))
    };
    Ok(table.into_iter().filter_map(row).collect())
}
