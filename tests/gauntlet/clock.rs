//! [`Clock`]: how long something has taken. The only place of the gauntlet that reads a clock.

#![allow(clippy::disallowed_types, reason = "a run is limited and measured in real minutes")]

use std::time::{Duration, Instant};

/// A moment, and what has passed since.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(Instant);

impl Clock {
    /// Starts now.
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// What has passed.
    pub(crate) fn passed(&self) -> Duration {
        self.0.elapsed()
    }
}
