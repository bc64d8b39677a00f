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
//! # What there is
//!
//! | call | gives |
//! | --- | --- |
//! | [`Sdl::parse`] | the manifest, or every problem |
//! | [`check`], [`check_bytes`] | the manifest if it is valid, and every problem, warnings too |
//! | [`Sdl::groups`], [`Sdl::groups_json`] | what is put to auction, in byte order of its names |
//! | [`Sdl::manifest`], [`Sdl::manifest_json`] | what the winner is sent; canonical JSON |
//! | [`Sdl::hash`] | the 32 bytes under which the chain knows the manifest |
//! | [`check_with`] | [`check`], and warnings that need [`KnownPrices`] |
//! | [`Sdl::explain`] | what the manifest asks for and what it costs at most |
//! | [`Manifest::check_against`] | whether a manifest runs what its groups were leased for |
//! | [`diff`], [`check_update`] | what changed, and whether a running lease allows it |
//! | [`render`] | problems with the lines they are in, for people |
//! | [`fix`] | the text with every change made that cannot be meant otherwise |
//! | [`format()`] | the text in the canonical layout, comments kept |
//! | [`Starter`] | a first manifest from a few answers |
//! | [`schema()`] | what may stand where, as JSON Schema, for editors |
//! | [`entry`], [`CATALOGUE`] | each code explained, with a wrong and a right example |
//!
//! The crate is useful alone: it reads no file, no clock and no network, needs nothing of the
//! engine but plain types, which it exports again, and one text always gives one result.
//!
//! The steps, each in its own module: `gate` (length, encoding, characters), `reader` (YAML
//! events to a tree, within budgets), `decode` (tree to document), `check` (do the parts fit?),
//! `groups` and `manifest` (document to result).
//!
//! Nothing panics: a text is at most [`TEXT_BYTES_MAX`] long, [`DEPTH_MAX`] levels deep, and has
//! at most [`NODES_MAX`] values; aliases may repeat [`ALIASED_NODES_MAX`] values or
//! [`ALIASED_BYTES_MAX`], and placements [`MANIFEST_BYTES_MAX`]. 512 KiB of stack are enough.
//! Time grows with the length of the text.
//!
//! # Beside the Go implementation
//!
//! Go (`go/sdl` of the chain's SDK) is what the chain's command line, nodes and providers run, and
//! it is the reference: verdict, groups, manifest and hash of this crate are its own, byte for byte.
//! What differs:
//!
//! * It stops at the first problem and gives no place; here all come at once, each located.
//! * It panics at a price without denom, two denoms in one group, or a profile without resources;
//!   here those are errors.
//! * It takes the last of two equal keys in some mappings, and ignores all documents but the first;
//!   here both are errors.
//! * It takes any length, 10,000 levels, and as many aliases as unfold within its own rule; here
//!   the limits above hold.
//! * It orders more than twelve equal ports by an unstable sort; here they keep the order of the
//!   text.
//! * It is silent about keys that it ignores, numbers that are octal, volumes and services that
//!   nothing uses; here those are warnings.
//!
//! # Beside the TypeScript implementation
//!
//! TypeScript (npm `@akashnetwork/chain-sdk`) is what the web console runs. It is a rewrite, and
//! gives another hash for about a fifth of the public manifests. It keeps volumes and GPU models
//! in the order of the text where the reference sorts them, merges units in 2.0 too, reads
//! `16GB` and `16gi`, rounds sizes up, takes empty lists for none, and checks no limits, names or
//! hosts; on the other side it refuses every key it does not know, and texts that YAML takes for
//! numbers. This crate follows the reference in all of that, and warns where the two would
//! silently disagree: an octal port, a version without quotes, volumes of one size.

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
mod crosscheck;
mod decode;
mod diagnostic;
mod diff;
mod explain;
mod fix;
mod float;
mod format;
mod gate;
mod groups;
mod json;
mod manifest;
mod model;
mod node;
mod position;
mod prices;
mod quantity;
mod reader;
mod render;
mod repair;
mod schema;
mod sdl;
mod starter;
mod suggest;
mod syntax;
mod wire;
mod words;

pub use catalogue::{Entry, Example, Level, entry, headline, page};
pub use check::MANIFEST_BYTES_MAX;
pub use code::CATALOGUE;
pub use crosscheck::{ManifestError, Mismatch};
pub use diagnostic::{Diagnostic, Diagnostics, Edit, Fix, Label, PROBLEMS_MAX, Severity, Span};
pub use diff::{Change, Diff, Effect, check_update, diff};
pub use explain::{
    ExplainedGroup, ExplainedPort, ExplainedService, ExplainedUnit, ExplainedVolume, Explanation,
    GpuModel, Reach, Totals, UsdCost, VolumeMount,
};
pub use fix::{Fixed, fix};
pub use format::format;
pub use gate::{TEXT_BYTES_MAX, steers_terminals};
pub use manifest::{
    HttpOptions, Manifest, ManifestCredentials, ManifestExpose, ManifestGroup, ManifestMount,
    ManifestParams, ManifestService,
};
pub use model::Version;
pub use prices::{GpuPrice, HIGH_OVER_DEAREST, KnownPrices, PriceRange};
pub use reader::{ALIASED_BYTES_MAX, ALIASED_NODES_MAX, DEPTH_MAX, NODES_MAX};
pub use render::{Colour, SHOWN_MAX, render};
pub use schema::schema;
pub use sdl::{Sdl, check, check_bytes, check_with, text_of};
pub use starter::{Starter, StarterError, StarterField, StarterGpu, StarterVolume};
pub use undercut_primitives::{
    Attribute, Code, Decimal, Denom, Digest, Endpoint, EndpointKind, GroupSpec, PricePerBlock,
    Requirements, ResourceUnit, Resources, SignedBy, Volume,
};
pub use wire::{JSON_BYTES_MAX, JsonError, groups_from_json};
