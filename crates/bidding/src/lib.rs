//! Admit bids, rank them, name the winner, explain who could not bid.
//!
//! [`BidBook::admit`] takes a bid that is eligible, at or under the order's ceiling and in time.
//! [`Rank`] puts the open bids of an order by price, then by a tie-break that ignores arrival, then
//! by id; [`BidBook::award`] names the first. Permuting the bids of an auction
//! changes neither winner nor price.
//!
//! | state | input | guard | next | events | source |
//! | --- | --- | --- | --- | --- | --- |
//! | – | admit | rules of [`BidRejection`] in their order | open | `BidPlaced` | `chain.md` 2.3, W7, W9 |
//! | open | award to it | – | active | `BidWon` | 1.3 |
//! | open | award to another | – | lost, deposit back | `BidLost` | 1.3, W1 |
//! | open | withdrawn, evicted by a better bid, not eligible at award, order closed | – | closed, deposit back | `BidClosed` | 1.3, W7, W11 |
//! | active | lease ends | – | closed, deposit back | `BidClosed` | 1.3 |
//!
//! The queues keep the open bids of an order unsorted, with the best at hand; [`Auctions`] has them
//! alone, without records and money. [`BidQueue`], on `priority-queue`, and [`plain::BidQueue`], a
//! sorted list, are there to be held against them.
//!
//! Lost and closed are terminal. [`eligibility`] also answers why a provider did not bid; [`why`]
//! answers with every failing check, how far off it was, and what would have to change.

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

mod auctions;
mod bid;
mod book;
mod eligibility;
mod error;
mod event;
mod glob;
mod offer;
mod params;
pub mod plain;
mod profile;
mod proofs;
mod queue;
mod queues;
mod rank;
mod registration;
pub mod why;

pub use auctions::{
    AuctionEvent, Auctions, BidRefusal, ClassHandle, OpenBid, OrderHandle, ProviderHandle,
};
pub use bid::{Bid, BidClosedReason, BidState, NewBid};
pub use book::{Award, BidBook, BidOrigin, Bundle, OPEN_BIDS_MAX, OpenBids};
pub use eligibility::{Ineligible, eligibility};
pub use error::BidRejection;
pub use event::BidEvent;
pub use offer::{OfferMismatch, Quantity, offer_covers};
pub use params::BidParams;
pub use profile::{ProfileRejection, ProviderProfile};
pub use queue::BidQueue;
pub use rank::{Rank, TieBreak};
pub use registration::{CONTACT_BYTES_MAX, Registration};
