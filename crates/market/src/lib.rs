//! The engine: orders, bids, leases, escrow and burn-mint composed into blocks.
//!
//! A tenant's manifest becomes orders, providers' signed bids at or below the ceiling compete, the
//! lowest price wins, the lease is signed, escrow pays per block, AKT is burned for ACT and back,
//! and every step is a record of a hash-chained log.
//!
//! # The smallest useful program
//!
//! ```
//! use undercut::prelude::*;
//!
//! fn main() -> undercut::Result<()> {
//!     let mut m = Market::in_memory(Params::akash_2026());
//!     let alice = m.fund("alice", "20 ACT")?;
//!     let p1 = m.provider("p1").node("16 cpu, 64Gi, 1x nvidia/rtx4090").register()?;
//!     let p2 = m.provider("p2").node("64 cpu, 256Gi, 8x nvidia/rtx4090").register()?;
//!     let sdl = Sdl::parse(include_str!("../examples/llm.yaml"))?; // Err carries every diagnostic
//!     let order = m.post(alice, &sdl, "5 ACT")?;
//!     m.bid(p1, order, "1200.5 uact")?;
//!     m.bid(p2, order, "1180 uact")?;
//!     m.advance(m.params().bid_window)?; // blocks
//!     let lease = m.lease_of(order)?.expect("someone bid");
//!     assert_eq!(lease.provider, p2); // lowest price wins
//!     m.advance(100)?;
//!     println!("left {} blocks", m.runway(lease.id)?);
//!     m.log().verify()?;
//!     Ok(())
//! }
//! ```
//!
//! # Inside a node
//!
//! [`Engine`] is the same market without names, keys, money or convenience: `begin_block` with a
//! [`BlockContext`], `execute` with a [`SignedCommand`], `end_block` for a [`BlockOutcome`]. Money
//! outside escrow is the host's [`Bank`](undercut_ledger::Bank), passed to each call. Signatures
//! may be checked on every core beforehand: [`SignedCommand::verify`], then
//! [`Engine::execute_verified`]. A whole host stands in `examples/node.rs`.
//!
//! A host starts again from a [`Snapshot`] and the records after it: [`Replay::from_snapshot`], then
//! [`Replay::into_engine`]. [`Engine::prove`] shows one entry of the state to who has a seal alone.
//!
//! [`Replay::from_snapshot`]: replay::Replay::from_snapshot
//! [`Replay::into_engine`]: replay::Replay::into_engine
//!
//! # How state changes
//!
//! A rule reads the state and returns events; [`State::apply`] makes them true and is the only
//! writer; each event is one record. So a record of every change exists, a refused command leaves
//! no trace, and replaying the records rebuilds the state ([`replay`](mod@replay)).
//!
//! | where does a new rule go? | |
//! | --- | --- |
//! | a value or its range | `undercut-primitives` |
//! | groups, orders, when an auction ends | `undercut-orderbook` |
//! | who may bid, who wins | `undercut-bidding` |
//! | money, leases, burn and mint, the log | `undercut-ledger` |
//! | who may ask for what, what a command does | [`Command`], `decide` here |
//! | what happens without being asked | [`end_of_block`] here |
//!
//! # Features
//!
//! `handle` (default): the [`Market`] handle, with keys and the SDL reader. `threads`:
//! `SignatureChecks`, which checks signatures on all cores. Without both the crate is `no_std` and
//! needs `alloc` only.

#![cfg_attr(not(any(test, feature = "handle", feature = "threads")), no_std)]
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

extern crate alloc;

mod command;
mod decide;
pub mod end_of_block;
mod engine;
mod error;
mod event;
mod genesis;
#[cfg(feature = "handle")]
mod handle;
pub mod invariants;
mod params;
pub mod proof;
pub mod replay;
mod signatures;
mod snapshot;
mod state;

pub use command::{
    BUNDLE_BIDS_MAX, COMMAND_BYTES_MAX, Command, SignedCommand, VerifiedCommand, rotation_digest,
    signing_digest,
};
pub use engine::{BlockOutcome, Engine, Receipt};
pub use error::{BlockError, CommandRejection, GovernanceRejection, ProviderRejection, Rejection};
pub use event::{AttestationEndReason, BlockContext, Event};
pub use genesis::{Genesis, GenesisError};
#[cfg(feature = "handle")]
pub use handle::{Blocks, Error, LeaseSummary, Log, Market, MarketRules, ProviderBuilder, Result};
pub use params::{GovernanceParams, Params, ParamsError};
pub use replay::replay;
#[cfg(feature = "threads")]
pub use signatures::SignatureChecks;
pub use signatures::verify_commands;
pub use snapshot::{Snapshot, SnapshotError};
pub use state::{PendingParams, ProviderRecord, State, StateEntryProof, StateKey};

/// What most programs need.
#[cfg(feature = "handle")]
pub mod prelude {
    pub use undercut_primitives::{BlockHeight, BlockSpan, Coin, OrderId, PricePerBlock};
    pub use undercut_sdl::Sdl;

    pub use crate::{Market, Params};
}
