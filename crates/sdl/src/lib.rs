//! Turn SDL text into groups, with every problem located and explained.
//!
//! An SDL is the YAML text in which a tenant says what to run, on what, where and for how much.
//! [`Sdl::parse`] reads one and gives the groups that are put to auction, the manifest that the
//! winner is sent, and the hashes under which both are known. [`check`] does the same and also
//! tells what is wrong or probably not meant: every problem in one pass, in order of position,
//! each with a stable code, its place, a sentence and what to type instead.
//!
//! ```
//! let text = r#"
//! version: "2.0"
//! services:
//!   web:
//!     image: nginx:1.27
//!     expose:
//!       - port: 80
//!         to:
//!           - global: true
//! profiles:
//!   compute:
//!     web:
//!       resources:
//!         cpu: { units: 0.5 }
//!         memory: { size: 512Mi }
//!         storage: { size: 1Gi }
//!   placement:
//!     akash:
//!       pricing:
//!         web: { denom: uact, amount: 100 }
//! deployment:
//!   web:
//!     akash: { profile: web, count: 1 }
//! "#;
//! let sdl = undercut_sdl::Sdl::parse(text).unwrap();
//! assert_eq!(sdl.groups()[0].units[0].resources.cpu_milli, 500);
//! assert_eq!(sdl.groups()[0].ceiling().unwrap().to_string(), "100uact");
//! ```
//!
//! The steps, each in its own module: `gate` (length, encoding, characters), `reader` (YAML
//! events to a tree, within budgets), `decode` (tree to document), `check` (do the parts fit?),
//! `groups` and `manifest` (document to result). Verdict, order and bytes are those of the
//! reference; where it accepts what is probably a mistake, there is a warning, and where it
//! crashes or takes the last of two equal keys, there is an error. [`entry`] explains a code, with
//! an example.
//!
//! The crate reads no file and no clock, and one text always gives one result. Nothing panics:
//! a text is at most [`TEXT_BYTES_MAX`] long, [`DEPTH_MAX`] levels deep, and has at most
//! [`NODES_MAX`] values; aliases may repeat [`ALIASED_NODES_MAX`] values or [`ALIASED_BYTES_MAX`],
//! and placements [`MANIFEST_BYTES_MAX`].

#![forbid(unsafe_code)]
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

mod catalogue;
mod check;
mod code;
mod decode;
mod diagnostic;
mod fix;
mod float;
mod gate;
mod groups;
mod json;
mod manifest;
mod model;
mod node;
mod position;
mod quantity;
mod reader;
mod render;
mod repair;
mod sdl;
mod suggest;
mod syntax;

pub use catalogue::{Entry, Example, Level, entry, headline, page};
pub use check::MANIFEST_BYTES_MAX;
pub use code::CATALOGUE;
pub use diagnostic::{Diagnostic, Diagnostics, Edit, Fix, Label, PROBLEMS_MAX, Severity, Span};
pub use fix::{Fixed, fix};
pub use gate::TEXT_BYTES_MAX;
pub use manifest::{
    HttpOptions, Manifest, ManifestCredentials, ManifestExpose, ManifestGroup, ManifestMount,
    ManifestParams, ManifestService,
};
pub use model::Version;
pub use reader::{ALIASED_BYTES_MAX, ALIASED_NODES_MAX, DEPTH_MAX, NODES_MAX};
pub use render::{Colour, SHOWN_MAX, render};
pub use sdl::{Sdl, check, check_bytes, text_of};
