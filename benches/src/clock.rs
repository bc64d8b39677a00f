//! The clocks of the benches: the wall's, and the processor time of one thread.
//!
//! Nothing else in this package reads a clock. Work of one thread is told in processor time, which
//! leaves out what the machine did for others; work that waits for a disk or runs on several
//! threads is told by the wall.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// How long the work takes, on the wall's clock.
pub fn timed(work: impl FnOnce()) -> Duration {
    let start = Wall::now();
    work();
    start.elapsed()
}

/// How much processor time this thread takes for the work.
pub fn cpu_timed(work: impl FnOnce()) -> Duration {
    let start = thread_time();
    work();
    thread_time().saturating_sub(start)
}

/// The processor time that this thread has had. Reading it takes some 200 ns.
#[must_use]
pub fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::from_secs(seconds) + Duration::from_nanos(time.tv_nsec.unsigned_abs())
}

/// A moment on the wall's clock.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::disallowed_types, reason = "a bench is there to read the clock")]
pub struct Wall(std::time::Instant);

impl Wall {
    /// This moment. Reading it takes some 25 ns.
    #[must_use]
    #[expect(clippy::disallowed_types, reason = "a bench is there to read the clock")]
    pub fn now() -> Self {
        Self(std::time::Instant::now())
    }

    /// The time since then.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    /// The time since then in whole nanoseconds.
    #[must_use]
    pub fn elapsed_nanos(self) -> u64 {
        u64::try_from(self.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// Which part of a core this thread had while it did the work, from 0 to 1, and what the work gave.
pub fn share_of_core<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let (wall, thread) = (Wall::now(), thread_time());
    let done = work();
    let (thread, wall) = (thread_time().saturating_sub(thread), wall.elapsed());
    let share = thread.as_secs_f64() / wall.as_secs_f64().max(f64::MIN_POSITIVE);
    (share.min(1.0), done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_sleeps_takes_time_and_no_processor() {
        let nap = Duration::from_millis(20);
        assert!(timed(|| std::thread::sleep(nap)) >= nap);
        let (share, ()) = share_of_core(|| std::thread::sleep(nap));
        assert!(share < 0.9, "{share}");
        assert!(cpu_timed(|| std::thread::sleep(nap)) < nap);
    }
}
