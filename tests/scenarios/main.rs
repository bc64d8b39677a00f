//! The market scenarios of the original's own migration test plan, by their numbers.
//!
//! Each is a story over blocks on the whole engine, with signatures, and sums made by hand. A block
//! has 6 seconds, auctions run for 5 blocks, bids put up 0.5 AKT, everybody starts with 1000 ACT
//! and 1000 AKT; one AKT is one dollar unless the story says otherwise. Every block that ends is
//! checked against every invariant, and every story ends with its log replayed at both depths.
//!
//! | module | scenarios |
//! | --- | --- |
//! | [`auctions`] | 01 to 05: from manifest to lease, groups, auditors, full books, refunds |
//! | [`money`] | 06, 07, 19, 20, 26: allowances, ends, top-ups, another currency, catching up |
//! | [`vault`] | 08 to 11: halts, epochs, the breaker, retries |
//! | [`rules`] | 12, 21, 22, 25: reclamation, prices, parameters, manifests |

mod auctions;
mod money;
mod rules;
mod stage;
mod vault;
