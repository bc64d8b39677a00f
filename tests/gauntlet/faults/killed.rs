//! [`KillingDisk`]: a real folder whose process is killed before an operation; and the processes that
//! work on it.
//!
//! A child is this program with a hidden command line. It prints `ack RECORDS HASH` after every
//! promise, on a pipe, so that no receipt is on the disk that is tested.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use undercut_ledger::log::Head;
use undercut_store::disk::{Access, Disk, DiskFile, DiskLock, Entry};
use undercut_store::{Options, RealDisk, SharedDisk, Writer};

use super::log::next_block;
use super::workload::{Promise, Stop};

/// The first word of a child's command line.
pub(super) const CHILD: &str = "faults-child";

/// The sizes of the log that is written as fast as possible.
pub(super) const FAST: Options = Options {
    segment_bytes: 1 << 20,
    ahead_bytes_min: 16 << 10,
    ahead_bytes_max: 64 << 10,
    group_bytes_max: 1 << 20,
};

/// A folder that kills the process before a certain operation that changes something.
#[derive(Debug)]
struct KillingDisk {
    disk: RealDisk,
    left: Arc<Countdown>,
}

#[derive(Debug)]
struct Countdown(AtomicU64);

impl Countdown {
    fn step(&self) {
        if self.0.fetch_sub(1, Ordering::SeqCst) == 0 {
            let pid = std::process::id().to_string();
            let _ = Command::new("/bin/sh").args(["-c", "kill -9 \"$0\"", &pid]).status();
            // Not reached: the signal comes before the shell ends.
            std::process::exit(3);
        }
    }
}

#[derive(Debug)]
struct KillingFile {
    file: Box<dyn DiskFile>,
    left: Arc<Countdown>,
}

impl KillingDisk {
    fn wrap(&self, file: Box<dyn DiskFile>) -> Box<dyn DiskFile> {
        Box::new(KillingFile { file, left: self.left.clone() })
    }
}

impl Disk for KillingDisk {
    fn open(&self, name: &str, access: Access) -> io::Result<Box<dyn DiskFile>> {
        Ok(self.wrap(self.disk.open(name, access)?))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        self.left.step();
        Ok(self.wrap(self.disk.create(name)?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.left.step();
        self.disk.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.left.step();
        self.disk.remove(name)
    }

    fn sync_folder(&self) -> io::Result<()> {
        self.left.step();
        self.disk.sync_folder()
    }

    fn list(&self) -> io::Result<Vec<Entry>> {
        self.disk.list()
    }

    fn lock(&self, name: &str) -> io::Result<Option<Box<dyn DiskLock>>> {
        self.left.step();
        self.disk.lock(name)
    }
}

impl DiskFile for KillingFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.left.step();
        self.file.write_at(bytes, offset)
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.left.step();
        self.file.set_len(bytes)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.left.step();
        self.file.sync_data()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.left.step();
        self.file.sync_all()
    }

    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }
}

/// Says a promise on the pipe, in one write.
fn acknowledge(promise: Promise) {
    let mut line = format!("ack {} {}", promise.head.records, promise.head.hash);
    let _ = writeln!(line, " {}", promise.snapshot.unwrap_or_default());
    let mut out = io::stdout().lock();
    let told = out.write_all(line.as_bytes()).and_then(|()| out.flush());
    drop(told);
}

/// A line of [`acknowledge`]: the records, the hash as text, the records of the snapshot. A line
/// that a kill cut short is none.
pub(super) fn acknowledged(line: &str) -> Option<(u64, &str, u64)> {
    let mut words = line.strip_prefix("ack ")?.strip_suffix('\n')?.split(' ');
    let (records, hash) = (words.next()?.parse().ok()?, words.next()?);
    Some((records, hash, words.next()?.parse().ok()?))
}

/// What a child does: `faults-child WHAT FOLDER SEED NUMBER`.
pub(super) fn child(words: &[String]) -> Option<ExitCode> {
    let [first, what, folder, seed, number] = words else { return None };
    let (seed, number) = (seed.parse().ok()?, number.parse().ok()?);
    if first != CHILD {
        return None;
    }
    let done = match what.as_str() {
        "play" => play(Path::new(folder), seed, number),
        "fast" => fast(Path::new(folder), seed),
        "hold" => hold(Path::new(folder)),
        _ => return None,
    };
    match done {
        Ok(()) => Some(ExitCode::SUCCESS),
        Err(problem) => {
            eprintln!("{problem}");
            Some(ExitCode::FAILURE)
        }
    }
}

/// Plays the workload of `seed`, and is killed before operation `number`.
fn play(folder: &Path, seed: u64, number: u64) -> Result<(), String> {
    let disk = RealDisk::open_or_create(folder).map_err(|error| error.to_string())?;
    let left = Arc::new(Countdown(AtomicU64::new(number)));
    let disk: SharedDisk = Arc::new(KillingDisk { disk, left: left.clone() });
    let workload = super::nth(seed);
    let log = workload.log(seed);
    workload.play(&disk, &log, seed, &mut acknowledge).map_err(|stop| match stop {
        Stop::Store(error) => error.to_string(),
        Stop::Wrong(problem) => problem,
    })?;
    // How many operations there were.
    println!("done {}", number - left.0.load(Ordering::SeqCst));
    Ok(())
}

/// Writes until it is killed.
fn fast(folder: &Path, seed: u64) -> Result<(), String> {
    let disk = RealDisk::open_or_create(folder).map_err(|error| error.to_string())?;
    let wrong = |error: undercut_store::StoreError| error.to_string();
    let (mut writer, recovered) = Writer::open(Arc::new(disk), FAST).map_err(wrong)?;
    let mut chain = writer.chain().clone();
    let mut promised = recovered.head;
    acknowledge(Promise { head: promised, snapshot: None });
    loop {
        writer.append(&next_block(seed, &mut chain, 200)).map_err(wrong)?;
        let head = match chain.seals() % 64 {
            0 => writer.save_snapshot(b"state").map_err(wrong)?,
            9 | 40 => writer.flush().map_err(wrong)?,
            at if at % 3 == 0 => continue,
            _ => writer.commit().map_err(wrong)?,
        };
        if head != promised {
            promised = head;
            acknowledge(Promise { head, snapshot: None });
        }
    }
}

/// Opens the log and holds it until it is killed, or nobody listens any more.
fn hold(folder: &Path) -> Result<(), String> {
    let disk = RealDisk::open_or_create(folder).map_err(|error| error.to_string())?;
    let (writer, _) =
        Writer::open(Arc::new(disk), FAST).map_err(|error| error.code().to_string())?;
    acknowledge(Promise { head: Head::EMPTY, snapshot: None });
    let mut line = String::new();
    let _ = io::stdin().read_line(&mut line);
    drop(writer);
    Ok(())
}
