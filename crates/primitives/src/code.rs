//! The stable name of every refusal, the same in library, log, command line and documents.

use core::fmt;

/// A stable code such as `BID003`: three or four capital letters and three digits.
///
/// A code never changes its meaning and is never used again for another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(&'static str);

impl Code {
    /// Names a code. The catalogue of each crate is the only caller.
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        Self(text)
    }

    /// The code as text, e.g. `BID003`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}
