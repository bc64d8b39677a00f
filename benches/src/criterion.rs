//! How the Criterion benches run.

use std::time::Duration;

use criterion::Criterion;

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
