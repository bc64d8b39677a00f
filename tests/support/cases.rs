//! [`Case`]: one edge case of the original's behaviour, and what the engine does instead or alike.

/// How the engine's outcome relates to the original's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The same, to the micro-unit.
    Same,
    /// Another one, on purpose; why stands in `docs/differences.md` under the case's id.
    OnPurpose,
}

/// One row of the reference's table of edge cases.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Its number there, e.g. `E12`.
    pub id: &'static str,
    /// How the outcome relates to the original's.
    pub verdict: Verdict,
    /// Plays the case and asserts the engine's exact outcome.
    pub check: fn(),
}

impl Case {
    /// A case in which the engine does what the original does.
    #[must_use]
    pub const fn same(id: &'static str, check: fn()) -> Self {
        Self { id, verdict: Verdict::Same, check }
    }

    /// A case in which the engine does something else on purpose.
    #[must_use]
    pub const fn on_purpose(id: &'static str, check: fn()) -> Self {
        Self { id, verdict: Verdict::OnPurpose, check }
    }
}
