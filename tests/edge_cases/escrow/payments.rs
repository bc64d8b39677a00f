//! Payments: what they earn, when they are paid out, and what touches them. E1, E2, E6 to E11, E13
//! to E17.

use undercut::Command;
use undercut_bidding::BidState;
use undercut_ledger::{AccountState, LeaseEndReason};
use undercut_orderbook::{GroupState, OrderState};
use undercut_primitives::BlockHeight;
use undercut_tests::chain::{bid_id, deployment_id, lease_id, order_id};

use super::{
    account, after, chosen_by_hand, create, deposit, earned, funds, go_to, id, lease, leases,
    market, outcome, paid, refused, sign, small, spent, withdraw,
};

/// A settlement credits every lease of the account.
pub(super) fn e1() {
    let mut chain = leases("100uact", &["1", "2"]);
    after(&mut chain, 5);
    withdraw(&mut chain, 2);
    assert_eq!([earned(&chain, 1), earned(&chain, 2)], [5, 10], "transferred 15");
    assert_eq!((funds(&chain), account(&chain).state), (85, AccountState::Open));
    withdraw(&mut chain, 1);
    assert_eq!([paid(&chain, 1), paid(&chain, 2)], [5, 10]);
}

/// The last block that can be paid in full is paid, and leaves nothing and no debt.
pub(super) fn e2() {
    let mut chain = leases("100uact", &["10", "10"]);
    after(&mut chain, 5);
    withdraw(&mut chain, 2);
    assert_eq!([earned(&chain, 1), earned(&chain, 2)], [50, 50], "transferred 100");
    assert_eq!((funds(&chain), account(&chain).state), (0, AccountState::Open));
    withdraw(&mut chain, 1);
    assert_eq!([paid(&chain, 1), paid(&chain, 2)], [50, 50]);
}

/// A closed account takes no deposit, and is not opened a second time.
pub(super) fn e6() {
    let mut chain = market(&small());
    create(&mut chain, 1, 1, "1000uact");
    chain.must("alice", Command::CloseDeployment(id()));
    assert_eq!((account(&chain).state, spent(&chain)), (AccountState::Closed, 0));
    assert_eq!(refused(&mut chain, "alice", deposit("5uact")), "ESC007");
    let again = Command::CreateDeployment(chosen_by_hand(1, 1, "1000uact"));
    assert_eq!(refused(&mut chain, "alice", again), "ORD002");
    assert_eq!((account(&chain).state, spent(&chain)), (AccountState::Closed, 0));
}

/// An ended lease is not paid, and is not signed a second time.
pub(super) fn e7() {
    let mut chain = leases("1000uact", &["30"]);
    after(&mut chain, 10);
    chain.must("alice", Command::close_lease(lease(1)));
    assert_eq!(outcome(&chain, 1), (10, LeaseEndReason::Tenant, 300));
    after(&mut chain, 11);
    assert_eq!(refused(&mut chain, "p1", Command::Withdraw(lease(1))), "ESC010");
    let again = Command::CreateLease(bid_id(order_id("alice", 1, 1, 1), "p1"));
    assert_eq!(refused(&mut chain, "alice", again), "ORD012");
    assert_eq!((paid(&chain, 1), funds(&chain)), (300, 700));
}

/// A lease costs nothing before it starts. Signing it settles nothing: it has a start of its own.
pub(super) fn e8() {
    let mut chain = market(&small());
    create(&mut chain, 1, 1, "1000uact");
    let opened_at = chain.height();
    go_to(&mut chain, opened_at + 10);
    sign(&mut chain, 1, 1, "30");
    go_to(&mut chain, opened_at + 11);
    assert_eq!(account(&chain).settled_at, BlockHeight::new(opened_at));
    let starts_at = account(&chain).payments.get(&lease(1)).expect("it streams").starts_at;
    assert_eq!(starts_at, BlockHeight::new(opened_at + 10));
    withdraw(&mut chain, 1);
    assert_eq!((paid(&chain, 1), funds(&chain)), (30, 970), "one block, not eleven");
}

/// A rate below one micro-unit comes to the same, paid in every block or once.
pub(super) fn e9() {
    let totals = [0, 1, 2, 2, 3, 4, 4, 5, 6, 7];
    let mut often = leases("1000uact", &["0.7"]);
    for (blocks, total) in (1..).zip(totals) {
        after(&mut often, blocks);
        withdraw(&mut often, 1);
        assert_eq!((paid(&often, 1), funds(&often)), (total, 1000 - total), "block {blocks}");
    }
    let mut once = leases("1000uact", &["0.7"]);
    after(&mut once, 10);
    withdraw(&mut once, 1);
    assert_eq!((paid(&once, 1), funds(&once)), (7, 993));
}

/// The fraction of one payout is part of the next.
pub(super) fn e10() {
    for (moments, totals) in [(vec![3, 6], vec![7, 7 + 8]), (vec![6], vec![15])] {
        let mut chain = leases("1000uact", &["2.5"]);
        for (blocks, total) in moments.into_iter().zip(totals) {
            after(&mut chain, blocks);
            withdraw(&mut chain, 1);
            assert_eq!((paid(&chain, 1), funds(&chain)), (total, 1000 - total));
        }
    }
}

/// 123,456.789 are owed after 1000 blocks and 123,580.245789 after 1001: what is paid is the whole
/// part of the sum. The original pays 123,579 by then.
pub(super) fn e11() {
    let mut chain = leases("1000000uact", &["123.456789"]);
    after(&mut chain, 1000);
    withdraw(&mut chain, 1);
    assert_eq!((paid(&chain, 1), funds(&chain)), (123_456, 876_544));
    after(&mut chain, 1001);
    withdraw(&mut chain, 1);
    assert_eq!((paid(&chain, 1), funds(&chain)), (123_580, 876_420));
}

/// A second withdrawal in one block is accepted: it pays what is there, which may be nothing.
pub(super) fn e13() {
    let mut chain = leases("1000uact", &["30", "20"]);
    after(&mut chain, 10);
    withdraw(&mut chain, 1);
    assert_eq!([paid(&chain, 1), paid(&chain, 2)], [300, 0]);
    withdraw(&mut chain, 1);
    assert_eq!([paid(&chain, 1), paid(&chain, 2)], [300, 0], "the same lease again");
    withdraw(&mut chain, 2);
    assert_eq!([paid(&chain, 1), paid(&chain, 2)], [300, 200], "another lease of the account");
    assert_eq!(funds(&chain), 500);
}

/// A lease that was paid in the block of its end costs nothing afterwards.
pub(super) fn e14() {
    let mut chain = leases("1000uact", &["30"]);
    after(&mut chain, 10);
    withdraw(&mut chain, 1);
    chain.must("alice", Command::close_lease(lease(1)));
    assert_eq!(outcome(&chain, 1), (10, LeaseEndReason::Tenant, 300));
    assert!(account(&chain).payments.is_empty(), "nothing streams");
    after(&mut chain, 20);
    assert_eq!(refused(&mut chain, "p1", Command::Withdraw(lease(1))), "ESC010");
    chain.must("alice", Command::CloseDeployment(id()));
    assert_eq!((paid(&chain, 1), spent(&chain)), (300, 300));
}

/// Closing an account that was settled in the same block still pays everyone.
pub(super) fn e15() {
    let mut chain = leases("2000uact", &["50", "50"]);
    after(&mut chain, 10);
    withdraw(&mut chain, 1);
    assert_eq!([paid(&chain, 1), paid(&chain, 2)], [500, 0]);
    chain.must("alice", Command::CloseDeployment(id()));
    assert_eq!([paid(&chain, 1), paid(&chain, 2)], [500, 500]);
    assert_eq!(spent(&chain), 1000);
    assert_eq!(refused(&mut chain, "p2", Command::Withdraw(lease(2))), "ESC010");
}

/// A second lease on the account takes nothing from the first.
pub(super) fn e16() {
    let mut chain = market(&small());
    go_to(&mut chain, 100);
    create(&mut chain, 1, 2, "1000uact");
    sign(&mut chain, 1, 1, "10");
    go_to(&mut chain, 120);
    sign(&mut chain, 1, 2, "5");
    assert_eq!((funds(&chain), earned(&chain, 1)), (1000, 0), "nothing is settled yet");
    go_to(&mut chain, 130);
    withdraw(&mut chain, 1);
    assert_eq!((paid(&chain, 1), earned(&chain, 2), funds(&chain)), (300, 50, 650));
    chain.must("alice", Command::CloseDeployment(id()));
    assert_eq!((paid(&chain, 2), spent(&chain)), (50, 350), "nothing is lost");
}

/// Closing deployment 1 leaves deployment 10 of the same tenant alone.
pub(super) fn e17() {
    let mut chain = market(&small());
    create(&mut chain, 1, 1, "1000uact");
    create(&mut chain, 10, 1, "500uact");
    sign(&mut chain, 10, 1, "30");
    after(&mut chain, 10);
    chain.must("alice", Command::CloseDeployment(id()));
    assert_eq!(spent(&chain), 500, "the first deposit is back in full");
    let order = order_id("alice", 10, 1, 1);
    let served = lease_id(order, "p1");
    let (book, bids, escrow) = (chain.state().book(), chain.state().bids(), chain.state().escrow());
    assert!(escrow.running_lease(&served).is_ok());
    assert_eq!(bids.bid(&bid_id(order, "p1")).map(|bid| bid.state), Some(BidState::Active));
    assert_eq!(book.order(&order).map(|order| order.state), Some(OrderState::Active));
    assert_eq!(book.group(&order.group).map(|group| group.state), Some(GroupState::Open));
    let other = escrow.account(&deployment_id("alice", 10)).map(|other| other.payments.len());
    assert_eq!(other, Some(1));
    chain.must("p1", Command::Withdraw(served));
    assert_eq!(paid(&chain, 1), 300);
}
