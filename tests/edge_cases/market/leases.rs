//! How leases end: by tenant, by provider, by the money, and once.

use undercut::{Command, Params};
use undercut_bidding::{BidClosedReason, BidState, NewBid};
use undercut_ledger::{LeaseEndReason, LeaseState, Party, ProviderReason};
use undercut_orderbook::{OrderClosedReason, OrderState};
use undercut_primitives::{BlockHeight, BlockSpan, BlockTime, LeaseId, TimeSpan};
use undercut_tests::chain::{Chain, bid, bid_id, deployment, genesis, lease_id, order_id};

use super::{bid_state, market, order};
use crate::play::{block_at, chosen, ended, lease, lease_state, outcome};

const HOUR: u64 = 3_600;
const REASON: ProviderReason = ProviderReason::DECOMMISSIONED;

pub(super) fn m7() {
    let mut chain = Chain::new();
    chain.register(&["p1", "p2"]);
    let new = chosen(1, &[("west", "5000uact")], "500000uact");
    chain.must("alice", Command::CreateDeployment(new));
    let first = lease(&mut chain, order(), "p1", "1000uact");
    chain.end_at(99);
    chain.must("alice", Command::close_lease(first));
    // 401,000 uact are left: 100 blocks of the next lease.
    let second = lease(&mut chain, order_id("alice", 1, 1, 2), "p2", "4010uact");
    chain.end_at(200);
    assert_eq!(ended(&chain, second), (200, LeaseEndReason::FundsExhausted));
    assert_eq!(ended(&chain, first), (100, LeaseEndReason::Tenant), "as it ended");
    assert_eq!(outcome(&mut chain, "alice", Command::close_lease(first)), "ESC010");
    assert_eq!(ended(&chain, first), (100, LeaseEndReason::Tenant));
    chain.end();
}

/// 500,016 uact pay 132 blocks of 3788 uact.
pub(super) fn m8() {
    let group = order().group;
    let rows = [
        (Some(Command::PauseGroup(group)), 1, OrderClosedReason::GroupPaused),
        (Some(Command::CloseGroup(group)), 1, OrderClosedReason::GroupClosed),
        (None, 20_000, OrderClosedReason::DeploymentClosed),
    ];
    for (command, reason, order_reason) in rows {
        let mut params = Params::default();
        params.order.choice_window = BlockSpan::from_blocks(1_000);
        let mut chain = Chain::with(params);
        chain.register(&["p1"]);
        let groups = [("west", "5000uact"), ("east", "5000uact")];
        chain.must("alice", Command::CreateDeployment(chosen(1, &groups, "500016uact")));
        let lease = lease(&mut chain, order(), "p1", "3788uact");
        chain.end_at(132);
        if let Some(command) = command {
            chain.must("alice", command);
        }
        chain.end();
        let (at, found) = ended(&chain, lease);
        assert_eq!((at, found.code()), (133, reason));
        assert_eq!(bid_state(&chain, "p1"), BidState::Closed(BidClosedReason::LeaseEnded));
        let order = chain.state().book().order(&order()).unwrap();
        assert_eq!(order.state, OrderState::Closed(order_reason));
    }
}

/// A bid of p1's for the first order that would announce an early end so many seconds before.
fn bid_with(window: Option<u64>) -> NewBid {
    NewBid { reclamation: window.map(TimeSpan::from_seconds), ..bid(order(), "100uact") }
}

/// A market with one lease of p1's, with a reclamation window of so many seconds; the block of the
/// award has ended.
fn leased(window: Option<u64>) -> (Chain, LeaseId) {
    let mut chain = market(Params::default());
    chain.must("p1", Command::CreateBid(bid_with(window)));
    chain.must("alice", Command::CreateLease(bid_id(order(), "p1")));
    chain.end();
    (chain, lease_id(order(), "p1"))
}

fn start(lease: LeaseId) -> Command {
    Command::StartReclamation { lease, reason: REASON }
}

fn close(lease: LeaseId) -> Command {
    Command::CloseLease { lease, reason: REASON }
}

/// What comes of a command in a block that is so many seconds later than the last one.
fn later(chain: &mut Chain, seconds: u64, name: &str, command: Command) -> &'static str {
    let time = chain.state().context().time.checked_add(TimeSpan::from_seconds(seconds));
    let (outcomes, _) = block_at(chain, time.unwrap(), &[(name, command)]);
    outcomes[0]
}

pub(super) fn m9() {
    // Block 100 is of 2026-06-01 12:00 UTC.
    let mut genesis = genesis(Params::default());
    genesis.time = BlockTime::from_unix_seconds(1_780_315_200 - 600);
    let mut chain = Chain::of(&genesis);
    chain.register(&["p1"]);
    let new = chosen(1, &[("west", "1000uact")], "1ACT");
    chain.must("alice", Command::CreateDeployment(new));
    chain.must("p1", Command::CreateBid(bid_with(Some(24 * HOUR))));
    chain.must("alice", Command::CreateLease(bid_id(order(), "p1")));
    chain.end_at(99);
    let lease = lease_id(order(), "p1");
    chain.must("p1", start(lease));
    assert_eq!(chain.state().context().time.to_unix_seconds(), 1_780_315_200);
    let started_at = BlockHeight::new(100);
    let deadline = BlockTime::from_unix_seconds(1_780_401_600);
    let expected = LeaseState::Reclaiming { started_at, deadline, reason: REASON };
    assert_eq!(lease_state(&chain, lease), expected);
    assert_eq!(REASON.code(), 10_001);
    chain.end();
}

pub(super) fn m10() {
    let (mut chain, lease) = leased(Some(24 * HOUR));
    chain.must("p1", start(lease));
    assert_eq!(outcome(&mut chain, "p1", start(lease)), "ESC018");
    chain.must("alice", Command::close_lease(lease));
    assert_eq!(outcome(&mut chain, "p1", start(lease)), "ESC010");
    let unknown = lease_id(order_id("alice", 99, 1, 1), "p1");
    assert_eq!(outcome(&mut chain, "p1", start(unknown)), "ESC009");
    chain.end();
    let (mut chain, lease) = leased(None);
    assert_eq!(outcome(&mut chain, "p1", start(lease)), "ESC019");
    chain.end();
}

pub(super) fn m11() {
    let (mut chain, lease) = leased(Some(24 * HOUR));
    assert_eq!(later(&mut chain, 6, "p1", close(lease)), "ESC020");
    assert_eq!(later(&mut chain, 6, "p1", start(lease)), "ok");
    assert_eq!(later(&mut chain, 12 * HOUR, "p1", close(lease)), "ESC021");
    assert!(lease_state(&chain, lease).is_running());

    let (mut chain, lease) = leased(Some(HOUR));
    assert_eq!(later(&mut chain, 6, "p1", start(lease)), "ok");
    assert_eq!(later(&mut chain, 2 * HOUR, "p1", close(lease)), "ok");
    assert_eq!(ended(&chain, lease), (3, LeaseEndReason::Provider(REASON)));

    let (mut chain, lease) = leased(None);
    assert_eq!(later(&mut chain, 6, "p1", close(lease)), "ok");
    assert_eq!(ended(&chain, lease), (2, LeaseEndReason::Provider(REASON)));
}

pub(super) fn m12() {
    let (mut chain, lease) = leased(Some(24 * HOUR));
    assert_eq!(later(&mut chain, 6, "p1", start(lease)), "ok");
    assert_eq!(later(&mut chain, 24 * HOUR - 1, "p1", close(lease)), "ESC021");
    assert_eq!(later(&mut chain, 1, "p1", close(lease)), "ok", "at the deadline");
    assert_eq!(ended(&chain, lease), (4, LeaseEndReason::Provider(REASON)));
}

pub(super) fn m13() {
    let (mut chain, lease) = leased(Some(24 * HOUR));
    assert_eq!(later(&mut chain, 6, "p1", start(lease)), "ok");
    assert_eq!(later(&mut chain, 60, "alice", Command::close_lease(lease)), "ok");
    assert_eq!(ended(&chain, lease), (3, LeaseEndReason::Tenant));
    let (mut chain, lease) = leased(Some(24 * HOUR));
    assert_eq!(later(&mut chain, 6, "alice", Command::close_lease(lease)), "ok");
    assert_eq!(ended(&chain, lease), (2, LeaseEndReason::Tenant));
}

pub(super) fn m14() {
    let mut chain = market(Params::default());
    let mut new = deployment(2, &[("west", "1000uact")], "1ACT");
    new.reclamation = Some(TimeSpan::from_seconds(24 * HOUR));
    chain.must("alice", Command::CreateDeployment(new));
    let (demanding, any) = (order_id("alice", 2, 1, 1), order());
    let rows = [
        (demanding, None, "BID015"),
        (demanding, Some(HOUR), "BID016"),
        (any, Some(1), "BID017"),
        (any, Some(10_000 * HOUR), "BID017"),
        (any, Some(24 * HOUR), "ok"),
    ];
    for (order, window, expected) in rows {
        let new = NewBid { order, ..bid_with(window) };
        assert_eq!(outcome(&mut chain, "p1", Command::CreateBid(new)), expected, "{window:?}");
    }
    chain.end();
}

pub(super) fn m15() {
    let parties = [
        (9_999, Party::Tenant),
        (10_000, Party::Provider),
        (19_999, Party::Provider),
        (20_000, Party::Network),
        (29_999, Party::Network),
    ];
    for (code, party) in parties {
        assert_eq!(Party::of_reason(code), Some(party), "{code}");
        assert_eq!(ProviderReason::new(code).is_ok(), party == Party::Provider, "{code}");
    }
}
