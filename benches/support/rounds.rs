//! [`rounds`]: contestants side by side, for work that is too long or too different each time for
//! Criterion's samples.

use std::time::Duration;

/// How long the work takes, on the clock.
#[expect(clippy::disallowed_types, reason = "a bench is there to read the clock")]
pub fn timed(work: impl FnOnce()) -> Duration {
    let start = std::time::Instant::now();
    work();
    start.elapsed()
}

/// Plays once and says how long the part that counts took.
pub type Round<'a> = Box<dyn FnMut() -> Duration + 'a>;

/// Plays all contestants in so many rounds, each round in another order, and tells for each what one
/// of `operations` took, and which part of the others' rate the first one reaches: the median of the
/// rounds' ratios, with the least and the most.
///
/// With `--test` on the command line, one round; with a name on it, only operations that have it in
/// theirs.
pub fn rounds<const N: usize>(
    name: &str,
    rounds: usize,
    operations: u64,
    mut contestants: [(&str, Round<'_>); N],
) {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let mut filters = words.iter().filter(|word| !word.starts_with('-'));
    if filters.clone().next().is_some() && !filters.any(|filter| name.contains(filter.as_str())) {
        return;
    }
    let rounds = if words.iter().any(|word| word == "--test") { 1 } else { rounds };
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); N];
    for round in 0..rounds {
        for place in 0..N {
            let who = (round + place) % N;
            times[who].push((contestants[who].1)());
        }
    }
    for (who, (by, _)) in contestants.iter().enumerate() {
        let each = median(times[who].iter().map(|time| nanos(*time)).collect()) / operations.max(1);
        let ratios = times[who].iter().zip(&times[0]);
        let ratios: Vec<u64> =
            ratios.map(|(theirs, ours)| nanos(*theirs) * 1_000 / nanos(*ours).max(1)).collect();
        let (least, most) = (ratios.iter().min(), ratios.iter().max());
        let [middle, least, most] =
            [median(ratios.clone()), *least.unwrap_or(&0), *most.unwrap_or(&0)].map(thousandths);
        println!("{name} by={by}: {each} ns each; ratio {middle} ({least} to {most})");
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn thousandths(value: u64) -> String {
    format!("{}.{:03}", value / 1_000, value % 1_000)
}
