//! Hold money in escrow, stream it to providers, burn and mint, and write it all into a chained log.
//!
//! | module | holds |
//! | --- | --- |
//! | [`lease`] | [`LeaseTerms`], [`SignedLease`]: the agreement with both parties' signatures |
//! | [`account`] | [`EscrowAccount`]: deposits, payments, and the block at which the money ends |
//! | [`escrow`] | [`Escrow`]: all accounts and leases, and the queue of ends |
//! | [`allowance`] | [`Allowances`]: what accounts let others spend |
//! | [`bme`] | [`bme::Vault`]: AKT burned for ACT and back, collateral ratio, mint status |
//! | [`oracle`] | [`oracle::Oracle`], [`oracle::Reading`]: posted prices, and what AKT is worth |
//! | [`bank`] | [`Bank`], [`Posting`]: money outside escrow, and how events move it |
//! | [`log`] | [`log::Record`], [`log::Head`]: the hash-chained log and its bytes |
//! | [`merkle`] | roots over a block's records and over the state, and proofs of what lies under them |
//! | [`plain`] | the eager twin of the escrow, settled every block, for tests |
//!
//! **Money.** A payment of rate `r` that started at block `s` is owed `floor(r × (h − s))` up to
//! block `h`, and each settlement pays what is owed and not yet paid. Settling often, rarely or
//! never gives the same micro-units. Nothing is ever owed that is not there: the block at which
//! the money ends is known from the moment when a rate or balance last changed, and everything
//! on the account closes at the end of that block, or waits for a top-up where the tenant asked
//! for that. The fraction that rounding leaves, and what the next block would have cost, go back to
//! the depositors.

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

pub mod account;
pub mod allowance;
pub mod bank;
pub mod bme;
mod error;
pub mod escrow;
mod event;
pub mod lease;
pub mod log;
pub mod merkle;
pub mod oracle;
mod params;
pub mod plain;

pub use account::{AccountState, Deposit, EscrowAccount, Payment, Payments};
pub use allowance::{Allowance, AllowanceId, Allowances, Draws, Limit, NewAllowance, Purpose};
pub use bank::{Bank, BankRefused, MemoryBank, Posting};
pub use error::LedgerRejection;
pub use escrow::{Escrow, NewAccount};
pub use event::{InKind, KindShare, LedgerEvent, Refund, Settlement, Share};
pub use lease::{
    Earned, Lease, LeaseEndReason, LeaseState, LeaseTerms, Party, ProviderReason, SignedLease,
};
pub use params::LedgerParams;
