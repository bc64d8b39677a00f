//! Re-derive what a log says from its records alone: awards, signatures, payments, conversions.
//!
//! [`Audit`] reads a log's records from the first on, and nothing else: no state, no bank, no engine
//! that decides again. It keeps a plain model of the market: bids in a list that is scanned for the
//! lowest, accounts that are settled in every block, a vault that is worked off block by block. Each
//! record has to follow from the ones before; the first that does not is a [`Finding`] that names
//! record, block and bid, lease, account or burn. [`Report`] says how many of each [`Check`] held.
//!
//! ```
//! use undercut_audit::Audit;
//!
//! let mut audit = Audit::new();
//! // for record in Reader::new(bytes) { audit.record(&record?)?; }
//! let report = audit.finish();
//! assert_eq!(report.records(), 0);
//! ```
//!
//! | module | re-derives |
//! | --- | --- |
//! | `signers` | signatures, keys, nonces, last blocks |
//! | `profiles` | what providers and auditors say |
//! | `auctions` | orders, bids and awards |
//! | `payments` | escrow accounts and leases, by [`undercut_ledger::plain`] |
//! | `conversions` | burns, mints and the breaker, by [`undercut_ledger::bme::plain`] |
//! | `money` | balances of everyone, escrow, vault, supply |
//!
//! # What it shares with the engine
//!
//! Nothing that decides. It asks the same definitions that a reader of the documentation would write
//! again: the signature rule, the digest of a command, the tie-break, eligibility and what an offer
//! covers, what allowances let one spend, the reading of posted prices, and which movements of money
//! an event stands for. Each of these has tests of its own.
//!
//! # Limits
//!
//! Memory: what lives, not the log: open orders and bids, running leases, open accounts, waiting
//! burns, providers, and one nonce and balance for each account that was ever used. Time: one look
//! at every open order and account per block. That every *refused* command was refused rightly, and
//! that no rule beyond these was bent, is for `replay_commands` of the engine to say; that hashes
//! and seals fit, for the reader of the log.

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

mod auctions;
mod audit;
mod conversions;
mod finding;
mod money;
mod payments;
mod profiles;
mod report;
mod scene;
mod signers;

pub use audit::Audit;
pub use finding::{Finding, Flaw};
pub use report::{Check, Report};
