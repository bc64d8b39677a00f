//! Keep a log in files so that nothing acknowledged is lost.
//!
//! # Layout
//!
//! A log is a folder. Every byte of it is described in `docs/log-format.md`.
//!
//! | file | holds |
//! | --- | --- |
//! | `00000000000000000000.seg`, … | segments: a [header](segment) with two watermarks, then frames; named by their first record |
//! | `00000000000000006126.snap`, … | [snapshots](snapshot): states of the host; named by the records before them |
//! | `LOCK` | nothing; the one writer locks it |
//! | `segment.new`, `snapshot.new` | what a crash left half made |
//!
//! What is appended is whole blocks, as [`undercut_ledger::log`] makes them. A **watermark** says
//! up to where records are acknowledged: their bytes last, and so does the watermark.
//!
//! | to | use |
//! | --- | --- |
//! | write, and recover after a crash | [`Writer`] |
//! | read in order, follow a writer | [`Reading`] |
//! | verify on several cores | [`verify()`], [`read_all`] |
//! | start from a state | [`snapshot::newest`], then [`Reading::open_at`] and [`Writer::open_at`] |
//! | be independent of where a log is kept | [`Store`], [`MemoryStore`], [`FileStore`] |
//! | test a store of your own | [`conformance::check`] |
//! | see what a crash leaves | [`SimulatedDisk`] |
//!
//! # Recovery
//!
//! [`Writer::open`] takes the lock, removes what is half made, verifies everything up to the
//! watermark, keeps whole blocks after it, and cuts the rest. [`Recovered`] says what it did. It may
//! itself be interrupted anywhere, and is then done again. With the chain of a snapshot,
//! [`Writer::open_at`] verifies only what comes after.
//!
//! # Invariants
//!
//! 1. What [`Writer::commit`] and [`Writer::flush`] return is on the disk, with the watermark that
//!    says so.
//! 2. What is acknowledged ends with a seal. Of what is not, whole blocks are there or not.
//! 3. At or before the watermark nothing is ever cut or changed; damage there is refused, with
//!    file, offset and record.
//! 4. There is one writer. Readers take no lock, and see what is acknowledged.
//! 5. Nothing is written that does not verify.
//! 6. Every bit of a segment's header, watermarks, padding and records, and of a snapshot, is
//!    checked when it is read.
//!
//! # Failure behaviour
//!
//! | what fails | what happens |
//! | --- | --- |
//! | a write, a sync, a file that cannot be made | the writer stops for good ([`StoreError::Poisoned`]); open the log again |
//! | a write that a signal interrupts | it is made again |
//! | a sync that loses what it should have made last | recovery writes again what it keeps |
//! | one of two watermarks | the other is used, and [`Recovered::damaged`] says so |
//! | both watermarks, a header, an acknowledged record, a missing segment | refused, nothing is changed |
//! | a snapshot | the one before is used |
//! | power, at any moment | everything acknowledged is there |
//!
//! # Example
//!
//! ```
//! use std::sync::Arc;
//!
//! use undercut_primitives::codec::Canonical;
//! use undercut_ledger::log::{Chain, Entry, Seal};
//! use undercut_primitives::{BlockHeight, Digest};
//! use undercut_store::{Options, RealDisk, Writer, verify};
//!
//! // Anything can be logged that can be encoded and has room for a seal.
//! #[derive(Canonical)]
//! enum Event {
//!     Said(String),
//!     Sealed(Seal),
//! }
//!
//! impl Entry for Event {
//!     fn from_seal(seal: Seal) -> Self {
//!         Self::Sealed(seal)
//!     }
//!
//!     fn as_seal(&self) -> Option<&Seal> {
//!         match self {
//!             Self::Sealed(seal) => Some(seal),
//!             Self::Said(_) => None,
//!         }
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = std::env::temp_dir().join(format!("undercut-store-doc-{}", std::process::id()));
//! let disk = Arc::new(RealDisk::open_or_create(&folder)?);
//! let (mut writer, recovered) = Writer::open(disk.clone(), Options::default())?;
//! print!("{recovered}"); // nothing, unless the last writer crashed
//! let mut chain: Chain = writer.chain().clone();
//! for height in [1, 2, 3].map(BlockHeight::new) {
//!     let (_, event) = chain.append(height, Event::Said("hello".to_owned()))?;
//!     let (_, seal) = chain.seal::<Event>(height, Digest::ZERO)?;
//!     writer.append(&[event, seal].concat())?;
//!     writer.commit()?; // acknowledges the block before this one
//! }
//! let head = writer.close()?; // acknowledges everything
//! assert_eq!(head, chain.head());
//!
//! let shared: undercut_store::SharedDisk = disk;
//! let whole = verify(&shared, 2, &mut |_| {})?;
//! assert_eq!(whole.head, head);
//! # std::fs::remove_dir_all(folder)?;
//! # Ok(())
//! # }
//! ```

#![deny(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::float_arithmetic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::todo
)]

mod bytes;
pub mod conformance;
pub mod disk;
mod error;
pub mod folder;
mod reading;
mod recover;
mod scan;
pub mod segment;
pub mod simulated;
pub mod snapshot;
mod store;
mod verify;
mod writer;

pub use disk::{Disk, RealDisk};
pub use error::StoreError;
pub use folder::{Folder, Layout, Segment, SharedDisk};
pub use reading::{Reading, Tail, Verified, frames_from};
pub use recover::{Cut, CutReason, Recovered};
pub use simulated::SimulatedDisk;
pub use snapshot::Snapshot;
pub use store::{FileStore, MemoryStore, Store};
pub use verify::{Progress, THREADS_MAX, Whole, read_all, verify};
pub use writer::{Options, Writer};
