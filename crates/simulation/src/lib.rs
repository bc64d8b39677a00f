//! Play whole marketplaces from a seed, audited by an independent model.
//!
//! A [`Scenario`] says who takes part; [`World`] plays it block by block on the real engine, with
//! real signatures: tenants burn AKT, deploy, top up, run dry and close; providers keep an
//! inventory, price, bid, withdraw and sometimes give up. After every block the [`Auditor`]
//! recomputes the money with a plain model of its own and checks the rules of the market from the
//! records alone.
//!
//! ```
//! use undercut_simulation::{InOrder, Scenario, World};
//!
//! let mut world = World::new(&Scenario::first_market(42)).unwrap();
//! for _ in 0..50 {
//!     world.step(&InOrder).unwrap();
//! }
//! assert!(world.report().checks.iter().all(|check| check.is_ok()));
//! ```
//!
//! The same scenario and seed give the same bytes, on any number of threads and any platform: each
//! actor draws from a stream of its own, and nothing reads a clock. Signatures may be checked on
//! several threads ([`CheckSignatures`]); the order of commands stays that of the actors.

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

mod actor;
mod attestor;
mod auditor;
mod bidders;
mod first_market;
mod oracle;
mod population;
mod provider;
mod report;
mod rng;
mod scenario;
mod tenant;
mod wallet;
mod world;

pub use actor::{Actor, Declined, View};
pub use auditor::{Auditor, Check};
pub use bidders::NamedBidder;
pub use provider::ProviderActor;
pub use report::{Counts, Report};
pub use rng::Stream;
pub use scenario::{Life, Manifest, ManifestPlan, PricingPlan, ProviderPlan, Scenario, TenantPlan};
pub use tenant::TenantActor;
pub use wallet::{CheckSignatures, InOrder};
pub use world::{Refused, Step, World, WorldError};
