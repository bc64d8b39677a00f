//! Turn groups into orders; keep what is up for auction and when each auction ends.
//!
//! A tenant's deployment has groups; each open group is put to auction as one [`Order`] with a
//! ceiling (the most it may cost per block) and a bid window in blocks. [`OrderBook`] holds
//! deployments, groups and orders, and a queue of the heights at which orders fall due. It knows
//! nothing of bids or money.
//!
//! Rules ([`OrderBook::create`], [`OrderBook::relist`], …) read and return events;
//! [`OrderBook::apply`] is the only writer. With the feature `sdl`, [`orders_from_sdl`] takes the
//! whole step from a manifest's text to the orders that it would open.
//!
//! | state | input | guard | next | events | source |
//! | --- | --- | --- | --- | --- | --- |
//! | – | create | id unused, groups valid | group open, order open | `DeploymentCreated`, `OrderOpened`… | `chain.md` 2.1 |
//! | order open | award | – | order active | `OrderMatched` | 1.3 |
//! | order open | due without award | – | order closed, group closed | `OrderClosed`, `GroupClosed` | beats W8 |
//! | order open | due, all bidders ineligible | group valid by the parameters | order closed, next order open | `OrderClosed`, `OrderOpened` | beats W11 |
//! | order open | due while the account waits | – | order closed, group paused | `OrderClosed`, `GroupPaused` | |
//! | order active | lease closed by the tenant | group open, valid by the parameters, its account not waiting; else as the next row | order closed, next order open | `OrderClosed`, `OrderOpened` | 1.3 |
//! | order active | lease closed by the provider | group open | order closed, group paused | `OrderClosed`, `GroupPaused` | 1.3 |
//! | order open or active | group paused by the tenant | group open | order closed, group paused | `OrderClosed`, `GroupPaused` | 1.3 |
//! | group paused | started by the tenant | deployment active | next order open | `GroupStarted`, `OrderOpened` | 1.3, beats W16 |
//! | group open or paused | closed by the tenant | – | order closed, group closed | `OrderClosed`, `GroupClosed` | 1.3 |
//! | any | deployment closed | deployment active | all closed | `OrderClosed`…, `GroupClosed`…, `DeploymentClosed` | 1.3 |

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

mod book;
mod error;
mod event;
mod group;
mod order;
mod params;
#[cfg(feature = "sdl")]
mod text;

pub use book::{NewDeployment, Opening, OrderBook, check_groups};
pub use error::{GroupRejection, OrderRejection};
pub use event::OrderEvent;
pub use group::{Deployment, DeploymentState, Group, GroupState, check_group};
pub use order::{AwardMode, Order, OrderClosedReason, OrderState};
pub use params::{OrderParams, ReclamationParams};
#[cfg(feature = "sdl")]
pub use text::{PlannedOrder, SdlRefused, orders_from_sdl};
