//! What is missing is missed: of every kind of record, one is taken out of the story.

use undercut::Event;
use undercut_audit::Audit;
use undercut_ledger::LedgerEvent;
use undercut_orderbook::OrderEvent;
use undercut_tests::story::story;

/// Whether nothing of what the audit derives follows from a record. A fold of the records into a
/// state, or deciding the commands again, misses these.
fn says_nothing(event: &Event) -> bool {
    match event {
        Event::Order(OrderEvent::GroupPaused(_)) => true,
        Event::Ledger(LedgerEvent::Settled(settlement)) => settlement.shares.is_empty(),
        _ => false,
    }
}

#[test]
fn a_record_that_is_left_out_is_missed() {
    let records = story().records;
    let (mut before, mut unnoticed) = (Audit::new(), Vec::new());
    // That a log ends with a seal is for its reader to say.
    for (at, record) in records.iter().enumerate().take(records.len() - 1) {
        let mut audit = before.clone();
        let is_missed = records[at + 1..].iter().any(|record| audit.record(record).is_err());
        if !is_missed && !says_nothing(&record.event) {
            unnoticed.push((record.event.kind(), at));
        }
        before.record(record).unwrap();
    }
    assert!(unnoticed.is_empty(), "{unnoticed:?}");
}
