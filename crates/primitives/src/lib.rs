//! Values that cannot be wrong: ids, heights, amounts, prices, resources, bytes, signatures.
//!
//! Every other crate of the engine speaks in these types. A value that exists is valid: the
//! constructor names the unit and checks the range, and arithmetic returns `None` or an error
//! instead of wrapping. Nothing here reads a clock, a file or a socket.
//!
//! ```
//! use undercut_primitives::{Amount, BlockSpan, Decimal, Denom, PricePerBlock};
//!
//! let price: PricePerBlock = "2259.894629uact".parse().unwrap();
//! // Owed for 1000 blocks: rounded down once, at the end, never block by block.
//! let owed = price.over_floor(BlockSpan::from_blocks(1000)).unwrap();
//! assert_eq!(owed.to_string(), "2259894uact");
//! ```
//!
//! | module | holds |
//! | --- | --- |
//! | [`amount`] | [`Amount`], [`Denom`], [`Coin`], [`Contribution`]: money in whole micro-units |
//! | [`decimal`] | [`Decimal`]: 18 fractional digits, rounding in every method's name |
//! | [`price`] | [`PricePerBlock`] |
//! | [`height`] | [`BlockHeight`], [`BlockSpan`], [`BlockTime`], [`TimeSpan`]: position, distance, time |
//! | [`id`] | [`Address`] and the chain of ids from deployment to lease |
//! | [`resources`] | what a group asks for and what a provider offers |
//! | [`codec`] | the one byte form of every value |
//! | [`consent`] | [`Consent`]: a signed command by its digest; [`KeptConsent`]: in less memory |
//! | [`crypto`] | name-spaced digests, keys, signatures |
//! | [`code`] | [`Code`]: the stable name of every refusal |
//! | [`few`] | lists of mostly one item, and equal values kept once |
//! | [`indexed`] | values by key, each found with two looks at the memory |
//! | [`packed`] | ids without gaps, for indices |
//! | [`paged`] | sorted maps of millions of entries |
//! | [`pieces`] | many values one after the other |
//! | [`usd`] | [`usd::Usd`]: dollars, and a price per block in dollars per hour and month |

#![cfg_attr(not(test), no_std)]
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
// What `#[derive(Canonical)]` writes names this crate as others do.
extern crate self as undercut_primitives;

pub mod amount;
pub mod code;
pub mod codec;
pub mod consent;
pub mod crypto;
pub mod decimal;
pub mod error;
pub mod few;
pub mod height;
pub mod hex;
pub mod id;
pub mod indexed;
#[cfg(feature = "keys")]
pub mod keys;
mod ordering;
pub mod packed;
pub mod paged;
pub mod pieces;
pub mod price;
mod readable;
pub mod resources;
pub mod usd;
mod wide;

pub use amount::{Amount, Coin, Contribution, Denom};
pub use code::Code;
pub use consent::{Consent, KeptConsent, Signers};
pub use crypto::{Digest, PublicKey, Signature};
pub use decimal::Decimal;
pub use error::{ArithmeticError, Misfit, ParseError};
pub use height::{BlockHeight, BlockSpan, BlockTime, TimeSpan};
pub use id::{Address, BidId, DeploymentId, GroupId, LeaseId, OrderId, Provider, Tenant};
pub use price::PricePerBlock;
pub use resources::{
    Attribute, Endpoint, EndpointKind, GroupSpec, Requirements, ResourceOffer, ResourceUnit,
    Resources, SignedBy, Volume,
};
