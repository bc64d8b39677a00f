//! The errors of values: arithmetic that does not fit, denoms that do not meet, text that is none.

use alloc::string::String;

use crate::Code;

/// A result that its type cannot hold. Nothing wraps and nothing saturates.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArithmeticError {
    /// The exact result is larger than the type's maximum.
    #[error("{operation} overflows")]
    Overflow {
        /// The operation, e.g. `price over span`.
        operation: &'static str,
    },
    /// A divisor is zero.
    #[error("{operation} divides by zero")]
    DivisionByZero {
        /// The operation.
        operation: &'static str,
    },
}

/// Text that is no value of the wanted type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {wanted}")]
pub struct ParseError {
    /// The start of the text, at most 80 characters.
    pub text: String,
    /// What was wanted, e.g. `an amount such as 5000000uact`.
    pub wanted: &'static str,
}

impl ParseError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::new("VAL001")
    }

    /// An error about `text`, of which the first 80 characters are kept.
    #[must_use]
    pub fn new(text: &str, wanted: &'static str) -> Self {
        Self { text: text.chars().take(80).collect(), wanted }
    }
}

/// An event that does not fit the state it is applied to.
///
/// The engine's own events always fit: its rules looked at the same state. An event from a log is
/// input, and this is how a state refuses it instead of panicking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event does not fit the state: {what}")]
pub struct Misfit {
    /// What the state lacks, or holds instead.
    pub what: &'static str,
}

impl Misfit {
    /// A misfit, described in lower case without a full stop.
    #[must_use]
    pub const fn new(what: &'static str) -> Self {
        Self { what }
    }
}
