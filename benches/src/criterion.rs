//! How the Criterion benches run: few short samples, and contests of `undercut bench` among them.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use criterion::{Criterion, SamplingMode, Throughput};

use crate::contest::{Play, Stage};
use crate::row::Row;
use crate::rows::TABLE;
use crate::settings::Settings;

/// Times operations with samples so few and short that all benches together take a few minutes.
///
/// Options of the command line come last and so prevail: `-- --sample-size 100`.
pub fn run(operations: &[fn(&mut Criterion)]) {
    let mut criterion = Criterion::default()
        .without_plots()
        .sample_size(12)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800))
        .nresamples(5_000)
        .configure_from_args();
    for operation in operations {
        operation(&mut criterion);
    }
    criterion.final_summary();
}

/// Times everybody in the contests of these operations of `undercut bench`, with the workloads of a
/// quick run. What is `a/b` `k=4` there is `a::b/k=4 by=ours` here; an iteration is a whole play.
pub fn contests(criterion: &mut Criterion, operations: &[&str]) {
    let timed = Rc::new(Timed(RefCell::new(std::mem::take(criterion))));
    let settings = Settings { stage: Some(timed.clone()), ..Settings::quick() };
    for name in operations {
        let entry = TABLE.iter().find(|entry| entry.name == *name);
        (entry.expect("the operation is in the table").rows)(&settings, &mut Vec::new());
    }
    drop(settings);
    *criterion = Rc::into_inner(timed).expect("the contests are over").0.into_inner();
}

/// Criterion as a stage.
struct Timed(RefCell<Criterion>);

impl std::fmt::Debug for Timed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Timed").finish_non_exhaustive()
    }
}

impl Stage for Timed {
    fn play(&self, row: &Row, mut contestants: Vec<(String, Play<'_>)>) {
        let plays = |who: &str| contestants.iter().any(|(by, _)| by == who);
        assert!(plays("floor") || plays("plain"), "{} stands beside nothing of ours", row.name);
        let mut criterion = self.0.borrow_mut();
        let mut group = criterion.benchmark_group(row.name.replace('/', "::"));
        group.throughput(Throughput::Elements(row.ops)).sampling_mode(SamplingMode::Flat);
        // Whatever is compared in a play is so before a time is shown, for those too that the
        // command line does not ask for.
        for (_, play) in &mut contestants {
            play();
        }
        for (by, play) in &mut contestants {
            group.bench_function(format!("{} by={by}", row.params), |bencher| {
                bencher.iter_custom(|times| (0..times).map(|_| play()).sum());
            });
        }
        group.finish();
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// Operations of `undercut bench` that no Criterion bench has, and why.
    const NOT_TIMED_HERE: [(&str, &str); 4] = [
        ("state/bytes", "it is told in bytes"),
        ("alloc/bid", "it is told in allocations and bytes"),
        ("clock/read", "it is the clock, not an operation"),
        (
            "match/latency",
            "an open loop has percentiles, which Criterion has not; `match/book` is closed",
        ),
    ];

    const BENCHES: [&str; 8] = [
        include_str!("../block.rs"),
        include_str!("../codec.rs"),
        include_str!("../log.rs"),
        include_str!("../matching.rs"),
        include_str!("../sdl.rs"),
        include_str!("../settlement.rs"),
        include_str!("../signatures.rs"),
        include_str!("../store.rs"),
    ];

    #[test]
    fn every_operation_is_in_one_criterion_bench_or_has_a_reason_not_to_be() {
        for entry in TABLE {
            let name = format!("\"{}\"", entry.name);
            let benches = BENCHES.iter().filter(|bench| bench.contains(&name)).count();
            let is_excused = NOT_TIMED_HERE.iter().any(|(name, _)| *name == entry.name);
            assert_eq!(benches, usize::from(!is_excused), "{}", entry.name);
        }
        let is_known = |name: &str| TABLE.iter().any(|entry| entry.name == name);
        assert!(NOT_TIMED_HERE.iter().all(|(name, _)| is_known(name)));
    }

    #[test]
    fn every_bench_is_looked_at() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        let is_bench = |name: &std::ffi::OsString| {
            name.to_string_lossy().ends_with(".rs") && name.as_os_str() != "build.rs"
        };
        assert_eq!(files.filter(is_bench).count(), BENCHES.len());
    }

    /// The parts of a text that begin with `start`, each up to the next.
    fn parts<'t>(text: &'t str, start: &'t str) -> impl Iterator<Item = &'t str> {
        text.split(start).skip(1)
    }

    #[test]
    fn every_group_has_ours_and_a_floor_or_a_plain_version() {
        let groups: Vec<&str> =
            BENCHES.iter().flat_map(|bench| parts(bench, ".benchmark_group(")).collect();
        assert!(groups.len() > 5, "{} groups", groups.len());
        for group in groups {
            let has = |by: &str| group.contains(&format!("{by}\""));
            let name = group.lines().next().unwrap_or_default();
            assert!(has("by=ours"), "{name} has no `by=ours`");
            assert!(has("by=floor") || has("by=plain"), "{name} has neither floor nor plain");
            assert!(!group.contains("of=") && !group.contains("tree="), "{name}: `by=` says who");
        }
    }

    #[test]
    fn every_contest_has_ours_and_a_floor_or_a_plain_version() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rows");
        let mut contests = 0;
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            // Its contest is about the clock itself.
            if !path.is_file() || path.ends_with("clock.rs") {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for contest in parts(&text, "Contest::new(") {
                contests += 1;
                let of = format!("{}: {}", path.display(), contest.lines().next().unwrap());
                assert!(contest.contains(".ours("), "{of} has nobody of ours");
                let is_beside = contest.contains(".floor(") || contest.contains(".plain(");
                assert!(is_beside, "{of} has neither floor nor plain version");
            }
        }
        assert!(contests > 15, "{contests} contests");
    }
}
