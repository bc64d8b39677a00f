//! The end of the money: no debt, no unpaid block, nothing kept. E3 to E5, E22 to E24, E26, E27.

use undercut::Command;
use undercut_bidding::{BidClosedReason, BidState};
use undercut_ledger::bank::{community_address, escrow_address};
use undercut_ledger::{AccountState, Bank as _, LeaseEndReason, LedgerEvent};
use undercut_orderbook::GroupState;
use undercut_primitives::{BlockHeight, BlockSpan, Denom};
use undercut_tests::chain::{Chain, START, bid_id, order_id};

use super::{
    STARTS, account, after, chosen_by_hand, deposit, funds, id, is_running, lease, leases, market,
    outcome, paid, refused, sign, small, spent, withdraw,
};

const ENDED: LeaseEndReason = LeaseEndReason::FundsExhausted;

/// Both leases end with the fifth block, paid alike; the sixth is not worked.
pub(super) fn e3() {
    let mut chain = leases("100uact", &["10", "10"]);
    after(&mut chain, 6);
    assert_eq!([outcome(&chain, 1), outcome(&chain, 2)], [(5, ENDED, 50); 2]);
    assert_eq!((account(&chain).state, funds(&chain)), (AccountState::Closed, 0));
    assert_eq!(([paid(&chain, 1), paid(&chain, 2)], spent(&chain)), ([50, 50], 100));
}

/// After ten blocks the sums are the original's. The eleventh is not worked.
pub(super) fn e4() {
    let mut chain = leases("200uact", &["10", "10"]);
    after(&mut chain, 10);
    withdraw(&mut chain, 1);
    withdraw(&mut chain, 2);
    assert_eq!(([paid(&chain, 1), paid(&chain, 2)], funds(&chain)), ([100, 100], 0));
    assert_eq!(account(&chain).state, AccountState::Open);
    after(&mut chain, 11);
    assert_eq!([outcome(&chain, 1), outcome(&chain, 2)], [(10, ENDED, 100); 2]);
    assert_eq!((account(&chain).state, funds(&chain)), (AccountState::Closed, 0));
}

/// The money ends after 33 blocks with 10 left, long before anyone asks for the 105th.
pub(super) fn e5() {
    let mut chain = leases("1000uact", &["30"]);
    after(&mut chain, 33);
    assert!(is_running(&chain, 1));
    after(&mut chain, 34);
    assert_eq!(outcome(&chain, 1), (33, ENDED, 990));
    assert_eq!((paid(&chain, 1), spent(&chain)), (990, 990), "10 went back");
    after(&mut chain, 105);
    assert_eq!(refused(&mut chain, "p1", Command::Withdraw(lease(1))), "ESC010");
    for _twice in 0..2 {
        assert_eq!(refused(&mut chain, "alice", Command::CloseDeployment(id())), "ORD009");
    }
    assert_eq!(refused(&mut chain, "alice", deposit("2150uact")), "ESC007");
    assert_eq!((paid(&chain, 1), spent(&chain)), (990, 990), "nobody owes 2150");
}

/// A deposit after the end is refused, in any denom, and stays where it is.
pub(super) fn e22() {
    let mut chain = leases("100uact", &["10", "10"]);
    after(&mut chain, 6);
    assert_eq!(refused(&mut chain, "alice", deposit("500uakt")), "ESC007");
    assert_eq!((chain.uakt("alice"), spent(&chain)), (START, 100));
    assert_eq!((account(&chain).state, funds(&chain)), (AccountState::Closed, 0));
}

/// 60 a block: 1000 last for 16 blocks, in which everyone is paid, and 40 go back.
pub(super) fn e23() {
    let mut chain = leases("1000uact", &["30", "20", "10"]);
    after(&mut chain, 20);
    let outcomes = [1, 2, 3].map(|number| outcome(&chain, number));
    assert_eq!(outcomes, [(16, ENDED, 480), (16, ENDED, 320), (16, ENDED, 160)]);
    assert_eq!([1, 2, 3].map(|number| paid(&chain, number)), [480, 320, 160]);
    for late in ["150uact", "80uact"] {
        assert_eq!(refused(&mut chain, "alice", deposit(late)), "ESC007");
    }
    assert_eq!(spent(&chain), 960);
    with_grace();
}

/// In a deployment that waits for top-ups, the same two deposits pay for four blocks more, and the
/// sums are those that the original gets to.
fn with_grace() {
    let mut chain = market(&small());
    let mut new = chosen_by_hand(1, 3, "1000uact");
    new.grace = BlockSpan::from_blocks(10);
    chain.must("alice", Command::CreateDeployment(new));
    for (number, rate) in [(1, "30"), (2, "20"), (3, "10")] {
        sign(&mut chain, 1, number, rate);
    }
    // Four of the ten blocks of grace are used up by the first wait.
    let waits = [(20, "150uact", 16, 40, 10), (25, "80uact", 23, 10, 6)];
    for (blocks, late, last, left, grace) in waits {
        after(&mut chain, blocks);
        let since = BlockHeight::new(STARTS + last);
        let until = BlockHeight::new(STARTS + last + grace);
        assert_eq!(account(&chain).state, AccountState::Paused { since, until });
        assert_eq!(funds(&chain), left);
        chain.must("alice", deposit(late));
        assert_eq!(account(&chain).state, AccountState::Open);
    }
    after(&mut chain, 37);
    let outcomes = [1, 2, 3].map(|number| outcome(&chain, number));
    assert_eq!(outcomes, [(26, ENDED, 600), (26, ENDED, 400), (26, ENDED, 200)]);
    assert_eq!(spent(&chain), 1200, "30 of 1230 went back");
}

/// The block that empties the account is its last.
pub(super) fn e24() {
    let mut chain = leases("1000uact", &["50", "50"]);
    after(&mut chain, 10);
    withdraw(&mut chain, 1);
    assert_eq!((account(&chain).state, funds(&chain)), (AccountState::Open, 0));
    after(&mut chain, 11);
    assert_eq!([outcome(&chain, 1), outcome(&chain, 2)], [(10, ENDED, 500); 2]);
    assert_eq!([paid(&chain, 1), paid(&chain, 2)], [500, 500], "the second without asking");
    assert_eq!(refused(&mut chain, "p1", Command::Withdraw(lease(1))), "ESC010");
}

/// 500,000 at 1 last for 500,000 blocks. At 5,000 they last for 100, which is played to the end and
/// for 100 blocks more.
fn a_hundred_blocks_after_the_end() -> Chain {
    let slow = leases("500000uact", &["1"]);
    let (escrow, last) = (slow.state().escrow(), BlockHeight::new(STARTS + 500_000));
    assert_eq!(escrow.ends_at(&id()), Some(last));
    let closed = escrow.close_account(&id(), last, ENDED).expect("the account closes");
    let [LedgerEvent::Settled(settled), LedgerEvent::Withdrawn { coin, fee, .. }, _, end] =
        &closed[..]
    else {
        panic!("{closed:?}");
    };
    assert_eq!((settled.to, coin.to_string(), fee.is_zero()), (last, "500000uact".into(), true));
    let nothing_back = LedgerEvent::AccountClosed { id: id(), refunds: vec![] };
    assert_eq!(*end, nothing_back);
    let mut chain = leases("500000uact", &["5000"]);
    after(&mut chain, 200);
    chain
}

/// Run out is over: lease, bid, group, deployment and account are closed and hold nothing.
pub(super) fn e26() {
    let mut chain = a_hundred_blocks_after_the_end();
    assert_eq!(outcome(&chain, 1), (100, ENDED, 500_000));
    assert_eq!(ENDED.code(), 20_000);
    assert_eq!(refused(&mut chain, "alice", Command::CloseDeployment(id())), "ORD009");
    assert_eq!(refused(&mut chain, "alice", deposit("100uact")), "ESC007");
    assert_eq!((account(&chain).state, funds(&chain)), (AccountState::Closed, 0));
    let order = order_id("alice", 1, 1, 1);
    let bid = chain.state().bids().bid(&bid_id(order, "p1")).map(|bid| bid.state);
    assert_eq!(bid, Some(BidState::Closed(BidClosedReason::LeaseEnded)));
    let group = chain.state().book().group(&order.group).map(|group| group.state);
    assert_eq!(group, Some(GroupState::Closed));
    assert_eq!((paid(&chain, 1), spent(&chain)), (500_000, 500_000));
    assert_eq!(chain.uakt("p1"), START, "the bid's deposit is back");
    for denom in [Denom::uact(), Denom::uakt()] {
        assert!(chain.bank.balance(&escrow_address(), &denom).is_zero(), "the pool is empty");
        assert!(chain.bank.balance(&community_address(), &denom).is_zero(), "no fee");
    }
}

/// Neither side can end the lease a second time; why it ended stays as it is.
pub(super) fn e27() {
    let mut chain = a_hundred_blocks_after_the_end();
    for name in ["alice", "p1"] {
        assert_eq!(refused(&mut chain, name, Command::close_lease(lease(1))), "ESC010");
    }
    assert_eq!(outcome(&chain, 1), (100, ENDED, 500_000));
    assert!(chain.state().book().active_deployment(&id()).is_err());
}
