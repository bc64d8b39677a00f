//! Burn-mint equilibrium: AKT is burned for ACT and back at the oracle's price.
//!
//! AKT burned for ACT stays in the vault as collateral and is credited; ACT burned for AKT is paid
//! out of that credit first and from newly minted AKT beyond it. One ACT is one US dollar by
//! definition. Requests wait for the next epoch of their direction and are then executed by
//! arrival, at the price of the block that executes them.
//!
//! | module | holds |
//! | --- | --- |
//! | `vault` | [`Vault`]: the rules, and the only writer |
//! | `books` | [`VaultBooks`]: every number; [`Figures`]: what the numbers mean |
//! | `status` | the breaker: ratio, [`MintStatus`], [`StatusReport`] |
//! | `epochs` | [`Direction`], whose turn it is, [`mint_interval`] |
//! | `queue` | [`BurnRequest`], and the waiting ones by arrival, direction and owner |
//! | `convert` | the arithmetic of one conversion |
//! | `params` | [`BmeParams`] and what is allowed |
//! | [`plain`] | the eager twin of the whole vault on bare integers, for tests |
//!
//! A request that a status forbids is refused; one that is queued already waits.
//!
//! | status | condition | mint AKT→ACT | redeem ACT→AKT |
//! | --- | --- | --- | --- |
//! | [`MintStatus::Healthy`] | ratio > warn threshold, or no ACT outstanding | yes | yes |
//! | [`MintStatus::Warning`] | halt threshold < ratio ≤ warn threshold | yes, in longer epochs | yes |
//! | [`MintStatus::HaltCollateral`] | ratio ≤ halt threshold, until it is above the resume threshold | no | yes |
//! | [`MintStatus::HaltOracle`] | no usable price | no | no |
//!
//! The end of a block, in the order in which the engine asks ([`Vault`] has an example):
//!
//! | # | call | events |
//! | --- | --- | --- |
//! | 1 | [`Vault::observe`] | `MintStatusChanged` |
//! | 2 | [`Vault::open_epoch`] of [`Direction::Redeem`] | `EpochOpened` |
//! | 3 | if it opened, [`Vault::execute`] for each of [`Vault::turns`], and [`Vault::observe`] after each | `BurnMinted`, `BurnCancelled`, `BurnRetried`, `RedeemCapReached`, `MintStatusChanged` |
//! | 4 | 2 and 3 again for [`Direction::Mint`] | `EpochOpened`, `BurnMinted`, `BurnCancelled`, `MintStatusChanged` |
//!
//! Amounts round down in both directions. Source: `chain.md` 6; what differs on purpose is listed
//! in `docs/concepts/bme.md`.

mod books;
mod convert;
mod epochs;
mod error;
mod event;
mod params;
pub mod plain;
mod queue;
mod status;
#[cfg(test)]
mod tests;
mod vault;

pub use books::{Figures, NetChange, VaultBooks};
pub use convert::{Conversion, ConversionRefused, convert};
pub use epochs::{Direction, MINT_INTERVAL_MAX, mint_interval};
pub use error::BmeRejection;
pub use event::{BurnMint, CancelReason, RetryReason, VaultEvent};
pub use params::{BmeParams, BmeParamsError};
pub use queue::BurnRequest;
pub use status::{MintStatus, StatusReport};
pub use vault::{Quote, Vault};
