//! Keeping the log of a market that is played: the one writer, on a thread of its own.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::mpsc;
use undercut_store::{Options, RealDisk, StoreError, Writer};

use crate::exit::{Exit, Failure};

/// Makes a log in a folder, which must be new or empty.
pub(super) fn create(dir: &Path) -> Result<Writer, Failure> {
    let refused = |error: &dyn std::fmt::Display| {
        let sentence = format!("FIL003: {}: {error}; name a new folder", dir.display());
        Failure::new(Exit::Unreadable, sentence)
    };
    fs::create_dir_all(dir).map_err(|error| refused(&error))?;
    if fs::read_dir(dir).map_err(|error| refused(&error))?.next().is_some() {
        let sentence = format!(
            "FIL002: {}: the folder is not empty; name a new one, a log gets one of its own",
            dir.display()
        );
        return Err(Failure::new(Exit::Usage, sentence));
    }
    let disk = RealDisk::open(dir).map_err(|error| refused(&error))?;
    let opened = Writer::open(Arc::new(disk), Options::default());
    opened.map(|(writer, _)| writer).map_err(|error| refused(&error))
}

/// Appends what comes, in groups of all that waits, and closes the log when nothing comes any more.
/// Without a log nothing is kept.
pub(super) fn keep(
    writer: Option<Writer>,
    mut blocks: mpsc::Receiver<Vec<u8>>,
) -> Result<(), StoreError> {
    let Some(mut writer) = writer else {
        while blocks.blocking_recv().is_some() {}
        return Ok(());
    };
    while let Some(frames) = blocks.blocking_recv() {
        writer.append(&frames)?;
        while let Ok(frames) = blocks.try_recv() {
            writer.append(&frames)?;
        }
        writer.commit()?;
    }
    writer.close().map(|_| ())
}
