//! The audit: what an engine wrote passes with its counts, and each planted lie is found and named.
//!
//! A forger has the whole log in hand, and with [`undercut_tests::forge`] every hash and both roots
//! fit again. What is forged is small: one award, one payment, one signature.

mod bundles;
mod forger;
mod lies;
mod missing;

use undercut::Event;
use undercut_audit::{Audit, Check, Finding, Report};
use undercut_ledger::log::{Reader, Record};
use undercut_simulation::{InOrder, Scenario, World};
use undercut_tests::story::story;

/// Audits records; no state, no bank and no engine is at hand.
fn audit(records: &[Record<Event>]) -> Result<Report, Finding> {
    let mut audit = Audit::new();
    records.iter().try_for_each(|record| audit.record(record))?;
    Ok(audit.finish())
}

#[test]
fn the_story_passes_and_every_check_was_made() {
    let records = story().records;
    let report = audit(&records).unwrap();
    assert_eq!(report.records(), u64::try_from(records.len()).unwrap());
    for (check, count) in report.counts() {
        assert!(count > 0, "{}", check.name());
    }
}

#[test]
fn the_counts_are_those_of_the_records() {
    let records = story().records;
    let report = audit(&records).unwrap();
    let rows: [(Check, &[&str]); 7] = [
        (Check::Commands, &["CommandAccepted"]),
        (Check::Awards, &["BidWon"]),
        (Check::OrderEnds, &["OrderClosed"]),
        (Check::BidDeposits, &["BidLost", "BidClosed"]),
        (Check::Refunds, &["AccountClosed"]),
        (Check::Conversions, &["BurnMinted", "BurnCancelled"]),
        (Check::Balances, &["BlockSealed"]),
    ];
    for (check, kinds) in rows {
        let own = records.iter().filter(|record| kinds.contains(&record.event.kind()));
        assert_eq!(report.count(check), u64::try_from(own.count()).unwrap(), "{kinds:?}");
    }
}

#[test]
fn the_logs_of_three_seeds_pass() {
    for seed in [1, 7, 42] {
        let mut world = World::new(&Scenario::first_market(seed)).unwrap();
        for _ in 0..400 {
            world.step(&InOrder).unwrap();
        }
        let records: Vec<_> =
            Reader::<Event>::new(world.log()).map(|record| record.unwrap()).collect();
        let report = audit(&records).unwrap_or_else(|finding| panic!("seed {seed}: {finding}"));
        assert!(report.count(Check::Awards) > 0 && report.blocks() == 401, "seed {seed}");
    }
}

#[test]
fn a_log_that_does_not_start_with_a_genesis_is_refused() {
    let records = story().records;
    assert_eq!(audit(&records[1..]).unwrap_err().code().as_str(), "AUD001");
    let twice = [&records[..1], &records[..1]].concat();
    assert_eq!(audit(&twice).unwrap_err().code().as_str(), "AUD001");
}
