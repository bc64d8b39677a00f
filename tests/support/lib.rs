//! Fixtures and checkers that the tests of this package share.
//!
//! | module | holds |
//! | --- | --- |
//! | [`cases`] | [`cases::Case`]: one edge case of the original's behaviour |
//! | [`chain`] | [`chain::Chain`]: an engine with keys and a bank, checked after every block |
//! | [`story`] | one market's life that meets every kind of event |
//! | [`forge`] | chaining events into records again, as an attacker would |
//! | [`source`] | Rust text with comments and literals blanked out, and what is found in it |
//! | [`tree`] | the files of the repository and the manifests of its members |

#![allow(
    clippy::missing_panics_doc,
    reason = "a fixture panics where the test that uses it would fail"
)]

pub mod cases;
pub mod chain;
pub mod forge;
pub mod source;
pub mod story;
pub mod tree;
