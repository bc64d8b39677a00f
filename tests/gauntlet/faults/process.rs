//! Processes that are killed: rows `kill-boundary`, `kill-syscall`, `kill-9` and `two-writers`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use undercut_ledger::log::Kind;
use undercut_simulation::Stream;
use undercut_store::{Reading, RealDisk, SharedDisk, StoreError, Writer};

use super::killed::{CHILD, FAST, acknowledged};
use super::log::Blocks;
use super::outcome::Outcome;
use super::workload::{Promise, check, goes_on};

/// Held alone while a process starts, and with others while a log is open here: until the new
/// process runs its program, it holds the locks of this one too.
static STARTS: RwLock<()> = RwLock::new(());

/// The signal that nobody can catch.
const SIGKILL: i32 = 9;

/// A folder that goes when this does.
#[derive(Debug)]
pub(super) struct TempFolder(pub(super) PathBuf);

impl TempFolder {
    /// In the folder for such things.
    pub(super) fn new(name: &str) -> Self {
        Self::within(&std::env::temp_dir(), name)
    }

    /// In memory for two of three seeds, where there is such a folder: a kill loses nothing that was
    /// written, so it is the same there, and faster.
    fn either(name: &str, seed: u64) -> Self {
        let memory = PathBuf::from("/dev/shm");
        let is_memory = !seed.is_multiple_of(3) && memory.is_dir();
        if is_memory { Self::within(&memory, name) } else { Self::new(name) }
    }

    fn within(above: &Path, name: &str) -> Self {
        let folder = above.join(format!("undercut-faults-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let _ = fs::create_dir_all(&folder);
        Self(folder)
    }

    pub(super) fn log(&self) -> PathBuf {
        self.0.join("log")
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(super) fn real(folder: &Path) -> Result<SharedDisk, String> {
    let disk = RealDisk::open_or_create(folder).map_err(|error| error.to_string())?;
    Ok(Arc::new(disk))
}

fn program() -> PathBuf {
    std::env::current_exe().unwrap_or_default()
}

fn command(what: &str, folder: &Path, seed: u64, number: u64) -> Command {
    let mut command = Command::new(program());
    command.args([CHILD, what]).arg(folder).args([seed.to_string(), number.to_string()]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

fn start(command: &mut Command) -> Result<Child, String> {
    let _alone = STARTS.write().unwrap_or_else(PoisonError::into_inner);
    command.spawn().map_err(|error| error.to_string())
}

/// What a process says until it ends.
fn run(command: &mut Command) -> Result<Output, String> {
    start(command)?.wait_with_output().map_err(|error| error.to_string())
}

/// The lines of a text with their ends.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive('\n')
}

/// What a child promised, as far as `log` knows it.
fn promised(text: &str, log: &Blocks) -> Result<Promise, String> {
    let mut promise = Promise::NONE;
    for (records, hash, snapshot) in lines(text).filter_map(acknowledged) {
        let head = log.heads.iter().find(|head| head.records == records);
        let head = head.filter(|head| head.hash.to_string() == hash);
        promise.head = *head.ok_or(format!("promised {records} {hash}, which is no block's"))?;
        promise.snapshot = promise.snapshot.max(Some(snapshot).filter(|records| *records > 0));
    }
    Ok(promise)
}

/// The log in a folder after a kill: everything promised is there, and it goes on.
fn after_kill(folder: &Path, text: &str, seed: u64) -> Result<(), String> {
    let _open = STARTS.read().unwrap_or_else(PoisonError::into_inner);
    let workload = super::nth(seed);
    let log = workload.log(seed);
    let disk = real(folder)?;
    let found = check(&disk, &log, workload.options(), promised(text, &log)?)?;
    goes_on(&disk, &log, workload.options(), found)
}

/// One workload, killed before each of its operations. `None` when it came to its end.
fn kill_at(folder: &TempFolder, seed: u64, number: u64) -> Result<bool, String> {
    let log = folder.log();
    let _ = fs::remove_dir_all(&log);
    let output = run(&mut command("play", &log, seed, number))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let was_killed = output.status.signal() == Some(SIGKILL);
    if !was_killed && !output.status.success() {
        return Err(format!("the writer ended with {}", output.status));
    }
    after_kill(&log, &text, seed)?;
    Ok(was_killed)
}

/// Every operation of the workload of a seed.
pub(super) fn kill_boundaries(seed: u64) -> Outcome {
    let (mut outcome, folder) =
        (Outcome::default(), TempFolder::either(&format!("boundary-{seed}"), seed));
    for number in 0.. {
        match kill_at(&folder, seed, number) {
            Ok(true) => outcome.figure += 1,
            Ok(false) => break,
            Err(problem) => {
                let name = super::nth(seed).name;
                outcome.wrong.push(format!("{name}, killed before operation {number}: {problem}"));
                break;
            }
        }
    }
    outcome
}

/// The system calls that are killed in, and the most often that each is.
const CALLS: [&str; 9] =
    ["pwrite64", "fdatasync", "fsync", "ftruncate", "rename", "unlink", "openat", "flock", "write"];

/// Whether `strace` is there and may trace.
pub(super) fn has_strace() -> bool {
    let traced = Command::new("strace").args(["-qq", "-e", "trace=none", "true"]).output();
    traced.is_ok_and(|output| output.status.success())
}

/// The workload of a seed under `strace`, which kills it in some of its calls of each kind.
pub(super) fn kill_calls(seed: u64, samples: u64) -> Outcome {
    let (mut outcome, folder) =
        (Outcome::default(), TempFolder::either(&format!("syscall-{seed}"), seed));
    let mut rng = Stream::new(seed, "calls");
    for call in CALLS {
        let (mut least, mut most) = (1, 64);
        for _ in 0..samples {
            if least > most {
                break;
            }
            let when = rng.between(least, most);
            match kill_in(&folder, seed, call, when) {
                Ok(true) => outcome.figure += 1,
                // There are not that many.
                Ok(false) => most = when - 1,
                Err(problem) => {
                    outcome.wrong.push(format!("killed in {call} number {when}: {problem}"));
                }
            }
            least = least.min(most + 1);
        }
    }
    outcome
}

fn kill_in(folder: &TempFolder, seed: u64, call: &str, when: u64) -> Result<bool, String> {
    let log = folder.log();
    let _ = fs::remove_dir_all(&log);
    let mut command = Command::new("strace");
    let inject = format!("inject={call}:signal=SIGKILL:when={when}");
    let trace = format!("trace={call}");
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject]).arg(program());
    command.args([CHILD, "play"]).arg(&log).args([seed.to_string(), u64::MAX.to_string()]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let output = run(&mut command)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let was_killed = !text.contains("done ");
    if was_killed && output.status.signal() != Some(SIGKILL) && output.status.code() != Some(137) {
        return Err(format!("it ended with {}", output.status));
    }
    after_kill(&log, &text, seed)?;
    Ok(was_killed)
}

/// The hashes of all seals of the log in a folder, by the records up to them.
pub(super) fn heads(folder: &Path) -> Result<BTreeMap<u64, String>, String> {
    let mut heads = BTreeMap::from([(0, undercut_primitives::Digest::ZERO.to_string())]);
    let mut reading = Reading::open(real(folder)?).map_err(|error| error.to_string())?;
    while let Some(record) = reading.next().map_err(|error| error.to_string())? {
        if record.frame.kind == Kind::Seal {
            heads.insert(record.frame.sequence + 1, record.hash.to_string());
        }
    }
    Ok(heads)
}

/// Kills a writer again and again in the same folder, and counts its receipts. Says how many.
pub(super) fn kill_rounds(seed: u64, rounds: u64) -> (Outcome, u64) {
    let (mut outcome, folder) = (Outcome::default(), TempFolder::new(&format!("kill-{seed}")));
    let mut rng = Stream::new(seed, "kills");
    let (mut last, mut receipts) = (None::<(u64, String)>, 0);
    for round in 0..rounds {
        let checked = kill_round(&folder.log(), seed, &mut rng).and_then(|text| {
            let heads = heads(&folder.log())?;
            let mut told: Vec<(u64, String)> = last.iter().cloned().collect();
            let acks = lines(&text).filter_map(acknowledged);
            told.extend(acks.map(|(records, hash, _)| (records, hash.to_owned())));
            receipts += told.len() as u64;
            let lost = told.iter().find(|(records, hash)| heads.get(records) != Some(hash));
            last = told.last().cloned();
            lost.map_or(Ok(()), |lost| Err(format!("lost: {lost:?}")))
        });
        outcome.note(checked, || format!("round {round}"));
        if !outcome.wrong.is_empty() {
            break;
        }
    }
    (outcome, receipts)
}

/// Starts a writer and kills it at a moment that is drawn: while it starts, or after some receipts.
fn kill_round(folder: &Path, seed: u64, rng: &mut Stream) -> Result<String, String> {
    let wrong = |error: std::io::Error| error.to_string();
    let mut child = start(&mut command("fast", folder, seed, 0))?;
    let mut out = BufReader::new(child.stdout.take().ok_or("the writer has no pipe")?);
    let (acks, wait) = if rng.happens(250_000) {
        (0, rng.between(0, 6_000))
    } else {
        (rng.between(1, 24), rng.between(0, 2_000))
    };
    let mut text = String::new();
    for _ in 0..acks {
        out.read_line(&mut text).map_err(wrong)?;
    }
    std::thread::sleep(Duration::from_micros(wait));
    child.kill().map_err(wrong)?;
    let status = child.wait().map_err(wrong)?;
    out.read_to_string(&mut text).map_err(wrong)?;
    match status.signal() {
        Some(SIGKILL) => Ok(text),
        _ => Err(format!("the writer ended by itself: {status}")),
    }
}

/// A second writer is refused, in this process and in another, and the lock of a dead one is free.
pub(super) fn two_writers(seed: u64) -> Outcome {
    let (mut outcome, folder) = (Outcome::default(), TempFolder::new(&format!("two-{seed}")));
    for round in 0..10 {
        outcome.note(one_writer(&folder.log(), round % 2 == 0), || format!("round {round}"));
    }
    outcome
}

fn is_locked(folder: &Path) -> Result<(), String> {
    match Writer::open(real(folder)?, FAST) {
        Err(StoreError::Locked) => Ok(()),
        Err(error) => Err(format!("the second was refused with {error}")),
        Ok(_) => Err("a second writer was let in".into()),
    }
}

fn one_writer(folder: &Path, is_killed: bool) -> Result<(), String> {
    let wrong = |error: std::io::Error| error.to_string();
    let mut first = command("hold", folder, 0, 0);
    let mut first: Child = first.stdin(Stdio::piped()).spawn().map_err(wrong)?;
    let mut line = String::new();
    let mut out = BufReader::new(first.stdout.take().ok_or("the writer has no pipe")?);
    out.read_line(&mut line).map_err(wrong)?;
    let held = is_locked(folder);
    if is_killed {
        first.kill().map_err(wrong)?;
    }
    drop(first.stdin.take());
    first.wait().map_err(wrong)?;
    held?;
    let (writer, _) =
        Writer::open(real(folder)?, FAST).map_err(|error| format!("after it ended: {error}"))?;
    is_locked(folder)?;
    let second = command("hold", folder, 0, 0).output().map_err(wrong)?;
    if second.status.success() {
        return Err("a second process was let in".into());
    }
    writer.close().map(|_| ()).map_err(|error| error.to_string())
}
