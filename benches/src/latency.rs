//! [`Percentiles`]: how long single operations took.
//!
//! In an open loop every operation has a time at which it is due, whatever became of those before
//! it, and its latency counts from then: a stall is felt by all that wait behind it, as it is by
//! people. [`open_loop`] plays so.

use crate::clock::Wall;

/// How long single operations took, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Percentiles {
    /// Half took at most this.
    pub p50_ns: f64,
    /// Nine in ten took at most this.
    pub p90_ns: f64,
    /// 99 in a hundred took at most this.
    pub p99_ns: f64,
    /// 999 in a thousand took at most this.
    pub p999_ns: f64,
    /// The longest.
    pub max_ns: f64,
}

impl Percentiles {
    /// The percentiles of `times`, which it sorts. All are 0 of none.
    #[must_use]
    pub fn of(times: &mut [u64]) -> Self {
        times.sort_unstable();
        let at = |thousandths| nanos(nearest_rank(times, thousandths));
        Self {
            p50_ns: at(500),
            p90_ns: at(900),
            p99_ns: at(990),
            p999_ns: at(999),
            max_ns: at(1_000),
        }
    }
}

/// The least value that at least so many thousandths of the sorted values do not exceed.
fn nearest_rank(sorted: &[u64], thousandths: usize) -> u64 {
    let rank = (sorted.len() * thousandths).div_ceil(1_000);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

fn nanos(time: u64) -> f64 {
    time as f64
}

/// What became of an open loop.
#[derive(Clone, Debug)]
pub struct OpenLoop {
    /// Latencies from the due time, in the order of the operations.
    pub times_ns: Vec<u64>,
    /// Whether the operations fell behind for good: the last tenth came later than they were due by
    /// more than [`BEHIND_NS`] in the median.
    pub has_diverged: bool,
}

/// A millisecond. Whoever keeps up is never that far behind for a tenth of the operations.
pub const BEHIND_NS: u64 = 1_000_000;

/// Plays `operations`, so many a second, each at its time or as soon after it as it can be.
///
/// `operation` gets the number of the operation. Waiting is spinning, as a sleep is too coarse. The
/// clock is read twice for each operation, and its time is in the latency.
pub fn open_loop(operations: usize, per_second: u64, mut operation: impl FnMut(usize)) -> OpenLoop {
    let mut times_ns = Vec::with_capacity(operations);
    let start = Wall::now();
    for (number, count) in (0..operations).zip(0_u64..) {
        let due = due_ns(count, per_second);
        while start.elapsed_nanos() < due {
            std::hint::spin_loop();
        }
        operation(number);
        times_ns.push(start.elapsed_nanos().saturating_sub(due));
    }
    let has_diverged = has_diverged(&times_ns);
    OpenLoop { times_ns, has_diverged }
}

/// When an operation is due, counted from the start.
fn due_ns(number: u64, per_second: u64) -> u64 {
    let due = u128::from(number) * 1_000_000_000 / u128::from(per_second.max(1));
    u64::try_from(due).unwrap_or(u64::MAX)
}

fn has_diverged(times_ns: &[u64]) -> bool {
    let mut last = times_ns[times_ns.len() - times_ns.len() / 10..].to_vec();
    last.sort_unstable();
    nearest_rank(&last, 500) > BEHIND_NS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let mut times: Vec<u64> = (1..=1_000).rev().collect();
        let found = Percentiles::of(&mut times);
        let expected = Percentiles {
            p50_ns: 500.0,
            p90_ns: 900.0,
            p99_ns: 990.0,
            p999_ns: 999.0,
            max_ns: 1_000.0,
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn percentiles_of_few_are_among_them_and_of_none_zero() {
        assert_eq!(Percentiles::of(&mut []), Percentiles::default());
        let of_one = Percentiles::of(&mut [7]);
        assert_eq!((of_one.p50_ns, of_one.max_ns), (7.0, 7.0));
        let of_two = Percentiles::of(&mut [9, 3]);
        assert_eq!((of_two.p50_ns, of_two.p90_ns, of_two.max_ns), (3.0, 9.0, 9.0));
    }

    #[test]
    fn operations_are_due_at_even_distances() {
        let due: Vec<u64> = (0..4).map(|number| due_ns(number, 3_000_000)).collect();
        assert_eq!(due, [0, 333, 666, 1_000]);
        assert_eq!(due_ns(5, 1_000_000_000), 5);
    }

    #[test]
    fn whoever_is_late_at_the_end_has_diverged_and_a_stall_before_is_none() {
        assert!(!has_diverged(&[]));
        let kept_up = [vec![2 * BEHIND_NS; 900], vec![70; 100]].concat();
        assert!(!has_diverged(&kept_up));
        let behind = [vec![70; 900], vec![2 * BEHIND_NS; 100]].concat();
        assert!(has_diverged(&behind));
    }

    #[test]
    fn an_open_loop_plays_every_operation_in_order() {
        let mut played = Vec::new();
        let result = open_loop(100, 1_000_000, |number| played.push(number));
        assert_eq!(played, (0..100).collect::<Vec<_>>());
        assert_eq!(result.times_ns.len(), 100);
    }
}
