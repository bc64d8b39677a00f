//! What the engine's operations cost, each beside its plain version, its floor or its peers.
//!
//! Workloads, floors, plain twins and peers live here and have two users: the Criterion benches beside
//! this folder, and `undercut bench`. Every bench asserts that what it compares gives equal results,
//! and only then times it. A Criterion name is `module::operation/key=value by=who`: `ours`, `floor`,
//! `plain` or a name; `part=` is a part of ours and no contestant. A row of `undercut bench` is made by
//! a [`Contest`], which Criterion times too: a play makes or copies what it uses up, tells the time of
//! what counts alone, and so can be repeated at will.
//!
//! | command | does |
//! | --- | --- |
//! | `undercut bench` | plays every operation of [`rows::TABLE`] and prints a table for each |
//! | `undercut bench gate --all` | holds the rows against the targets of [`gates::TABLE`] |
//! | `cargo bench -p undercut-benches` | times everything with Criterion |
//! | `cargo bench -p undercut-benches --bench log` | times one file |
//! | `cargo bench -p undercut-benches -- --test` | runs everything once, to see that it runs |
//!
//! # A new row
//!
//! Write `pub fn name(settings: &Settings, rows: &mut Vec<Row>)` into the area's file in `rows/`, assert
//! that all contestants agree, and list it in [`rows::TABLE`]. If it has a target, [`gates::TABLE`] names
//! the row, the figure and the limit. All clocks are in [`clock`].

#![allow(
    clippy::missing_panics_doc,
    reason = "a fixture panics where the bench that uses it would fail"
)]
#![allow(
    clippy::disallowed_types,
    reason = "figures are floats; `tests/tidy.rs` keeps the clock home"
)]

pub mod auction;
pub mod blocks;
pub mod chart;
pub mod clock;
pub mod compare;
mod contest;
#[cfg(feature = "criterion")]
mod criterion;
pub mod digests;
mod fixture;
pub mod gates;
pub mod latency;
mod machine;
pub mod manifests;
pub mod market;
pub mod report;
mod row;
pub mod rows;
mod settings;
pub mod settlement;
pub mod signatures;

pub use crate::clock::{cpu_timed, timed};
pub use crate::contest::{Contest, Play, Stage};
#[cfg(feature = "criterion")]
pub use crate::criterion::{contests, run};
pub use crate::fixture::{
    Generator, PRICE_MAX, attributes, deployment_id, digest, order_id, provider, spec, unsigned,
};
pub use crate::machine::Machine;
pub use crate::report::{Failed, Report};
pub use crate::row::{Other, Row};
pub use crate::settings::Settings;
