//! Decide whether to bid and for how much; keep an inventory of nodes.
//!
//! A [`Bidder`] screens an order against a provider's profile, finds room for it in an
//! [`Inventory`] of nodes, prices it with a [`PricingStrategy`] and answers with a [`Quote`], or
//! with the [`NoBid`] that says why not, in numbers. It reads no clock, socket or file, so that a
//! simulation, an agent and a tenant's "why did nobody bid?" all get the same answer.
//!
//! ```
//! use undercut_primitives::{Attribute, GroupSpec, Requirements, ResourceUnit, Resources};
//! use undercut_provider::{BidSettings, Bidder, Inventory, Node, RamVolumes, UsdTargets, profile_of};
//!
//! let node = Node::parse("node-a", "16 cpu, 64Gi, 1x nvidia/rtx4090").unwrap();
//! let inventory = Inventory::new(vec![node]).unwrap();
//! let profile = profile_of(&inventory, RamVolumes::Hidden);
//! let pricing = UsdTargets::chart_defaults().with_gpu("rtx4090", "180".parse().unwrap());
//! let bidder = Bidder::new(profile, inventory, pricing, BidSettings::default());
//!
//! let resources = Resources {
//!     cpu_milli: 4_000,
//!     memory_bytes: 16 << 30,
//!     gpus: 1,
//!     gpu_attributes: vec![Attribute::new("vendor/nvidia/model/*", "true")],
//!     ..Resources::default()
//! };
//! let price = "1000uact".parse().unwrap();
//! let unit = ResourceUnit { id: 1, resources, count: 1, price };
//! let requirements = Requirements::default();
//! let spec = GroupSpec { name: "gpu".into(), requirements, units: vec![unit] };
//!
//! let quote = bidder.screen(&spec, &spec.ceiling().unwrap()).unwrap();
//! assert_eq!(quote.price.to_string(), "463.353873uact");
//! assert_eq!(quote.offer[0].resources.gpu_attributes[0].key, "vendor/nvidia/model/rtx4090");
//! ```
//!
//! | module | holds |
//! | --- | --- |
//! | [`decision`] | [`Bidder`]: from an order to a [`Quote`] or a [`NoBid`] |
//! | [`inventory`] | [`Inventory`]: what is free, what is held for which order |
//! | [`node`] | [`Node`] and [`Gpu`]: what a provider owns, and its text form |
//! | [`fit`] | [`NoFit`]: why an order finds no room, and how close it came |
//! | [`pricing`] | [`Scale`] and [`UsdTargets`]: two ways to a price per block |
//! | [`profile`] | [`profile_of`]: what an inventory lets its provider advertise |
//! | [`why`] | every step of a decision, and the smallest change of an order that brings a bid |
//!
//! # Tasks
//!
//! * **A price of your own**: implement [`PricingStrategy`], or pass a closure.
//! * **GPUs by the hour**: [`UsdTargets::with_gpu`]; an hourly price is a month's over 730.488.
//! * **Why nobody bid**: [`Bidder::screen`] changes nothing and names the first broken rule;
//!   [`Bidder::explain`] tells of all of them, [`smallest_change`] what the tenant could do.
//! * **Sell more than there is**: [`Overcommit`]; GPUs are never sold twice.
//!
//! # Limits
//!
//! Placement is greedy, first fit, all or nothing; it does not search for the best packing. Where
//! the reference's rules lose capacity or money by accident, ours do not: each difference stands
//! in the documentation of the module that differs.

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
#![cfg_attr(
    test,
    allow(clippy::arithmetic_side_effects, reason = "a test that overflows fails, as it should")
)]

pub mod decision;
mod exact;
pub mod fit;
pub mod inventory;
pub mod node;
pub mod pricing;
pub mod profile;
mod text;
pub mod why;

#[cfg(test)]
mod fixture;

pub use decision::{BidSettings, Bidder, NoBid, Quote};
pub use fit::NoFit;
pub use inventory::{Inventory, Overcommit, Reservation};
pub use node::{Gpu, Node};
pub use pricing::{NoPrice, PriceRequest, PricingStrategy, Scale, UsdTargets};
pub use profile::{RamVolumes, profile_of};
pub use why::{Explanation, SmallestChange, smallest_change};
