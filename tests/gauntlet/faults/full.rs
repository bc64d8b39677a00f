//! A file system that is full: row `full-disk`.

use std::fs;
use std::path::Path;
use std::process::Command;

use undercut_ledger::log::Chain;
use undercut_store::{Options, StoreError, Writer};

use super::log::next_block;
use super::outcome::Outcome;
use super::process::{TempFolder, heads, real};

/// A small file system of its own.
#[derive(Debug)]
struct SmallDisk(TempFolder);

impl SmallDisk {
    fn new(seed: u64) -> Result<Self, String> {
        let folder = TempFolder::new(&format!("full-{seed}"));
        mount(&["-t", "tmpfs", "-o", "size=512k,mode=700", "tmpfs"], &folder.0)?;
        Ok(Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0.0).output();
    }
}

fn mount(options: &[&str], folder: &Path) -> Result<(), String> {
    let output = Command::new("mount").args(options).arg(folder).output();
    let output = output.map_err(|error| format!("no mount: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("mount: {}", String::from_utf8_lossy(&output.stderr).trim()))
}

/// Fills a small disk with every amount of room left; an error when none can be made.
pub(super) fn full_disk(seed: u64) -> Result<Outcome, String> {
    let disk = SmallDisk::new(seed)?;
    let mut outcome = Outcome::default();
    for pages in 0..60_u64 {
        let checked = fill(&disk.0, seed, pages);
        outcome.note(checked, || format!("{} bytes taken by others", pages * 4_096));
    }
    Ok(outcome)
}

/// Writes until the disk is full, checks, makes room, and goes on.
fn fill(folder: &TempFolder, seed: u64, pages: u64) -> Result<(), String> {
    let (log, other) = (folder.log(), folder.0.join("other"));
    let _ = fs::remove_dir_all(&log);
    let length = usize::try_from(pages * 4_096).unwrap_or_default();
    fs::write(&other, vec![1; length]).map_err(|error| error.to_string())?;
    let options = Options { segment_bytes: 60_000, ..Options::small(60_000) };
    let told = until_full(&log, seed, options)?;
    if heads(&log)?.get(&told.0) != Some(&told.1) {
        return Err(format!("on the full disk {told:?} cannot be read"));
    }
    // Others leave, or the disk grows.
    if pages.is_multiple_of(2) || pages < 16 {
        mount(&["-o", "remount,size=2m"], &folder.0)?;
    } else {
        fs::remove_file(&other).map_err(|error| error.to_string())?;
    }
    let wrong = |error: StoreError| format!("with room again: {error}");
    let (mut writer, _) = Writer::open(real(&log)?, options).map_err(wrong)?;
    if heads(&log)?.get(&told.0) != Some(&told.1) {
        return Err(format!("lost: {told:?}"));
    }
    let mut chain = writer.chain().clone();
    writer.append(&next_block(seed, &mut chain, 40)).map_err(wrong)?;
    let head = writer.close().map_err(wrong)?;
    let _ = (fs::remove_dir_all(&log), fs::remove_file(&other));
    mount(&["-o", "remount,size=512k"], &folder.0)?;
    if head == chain.head() { Ok(()) } else { Err("it does not go on".into()) }
}

/// The last receipt before the disk was full.
fn until_full(log: &Path, seed: u64, options: Options) -> Result<(u64, String), String> {
    let wrong = |error: StoreError| format!("before it was full: {error}");
    let (mut writer, _) = Writer::open(real(log)?, options).map_err(wrong)?;
    let mut chain: Chain = writer.chain().clone();
    for number in 0..10_000 {
        let block = next_block(seed, &mut chain, 2_000);
        let done = writer.append(&block).and_then(|()| match number % 7 {
            5 => writer.save_snapshot(&[7; 5_000]).map(|_| ()),
            _ => writer.commit().map(|_| ()),
        });
        let Err(error) = done else { continue };
        let told = writer.acknowledged();
        let is_full = matches!(&error, StoreError::Disk { kind, .. } if matches!(
            kind,
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::WriteZero
        ));
        if !is_full {
            return Err(format!("it stopped for another reason: {error}"));
        }
        let after = writer.commit();
        if !matches!(after, Err(StoreError::Poisoned { .. })) || writer.acknowledged() != told {
            return Err(format!("the writer goes on: {after:?}"));
        }
        return Ok((told.records, told.hash.to_string()));
    }
    Err("it was never full".into())
}
