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
