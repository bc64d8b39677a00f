//! Bids and leases: M1 to M21.

mod leases;
mod matching;

use undercut::{Command, Event, Params, invariants};
use undercut_bidding::{BidClosedReason, BidEvent, BidState};
use undercut_ledger::ProviderReason;
use undercut_orderbook::{GroupState, OrderClosedReason, OrderEvent, OrderState};
use undercut_primitives::{BlockSpan, Coin, OrderId};
use undercut_tests::cases::Case;
use undercut_tests::chain::{
    BID_DEPOSIT, Chain, START, address, bid, bid_id, deployment, genesis, lease_id, order_id,
    provider,
};

use crate::play::{chosen, ended, group_state, lease, outcome};

pub(crate) const CASES: &[Case] = &[
    Case::same("M1", m1),
    Case::on_purpose("M2", m2),
    Case::on_purpose("M3", m3),
    Case::on_purpose("M4", m4),
    Case::on_purpose("M5", m5),
    Case::on_purpose("M6", m6),
    Case::same("M7", leases::m7),
    Case::same("M8", leases::m8),
    Case::same("M9", leases::m9),
    Case::same("M10", leases::m10),
    Case::same("M11", leases::m11),
    Case::same("M12", leases::m12),
    Case::same("M13", leases::m13),
    Case::same("M14", leases::m14),
    Case::same("M15", leases::m15),
    Case::on_purpose("M16", matching::m16),
    Case::same("M17", matching::m17),
    Case::same("M18", matching::m18),
    Case::same("M19", matching::m19),
    Case::on_purpose("M20", m20),
    Case::on_purpose("M21", m21),
];

/// The first order of alice's deployment 1.
fn order() -> OrderId {
    order_id("alice", 1, 1, 1)
}

/// An open block: providers p1 to p5, and alice's deployment 1 up for auction at 1000 uact a
/// block. She names the winner, and has time for it.
fn market(mut params: Params) -> Chain {
    params.order.choice_window = BlockSpan::from_blocks(1_000);
    let mut chain = Chain::with(params);
    chain.register(&["p1", "p2", "p3", "p4", "p5"]);
    let new = chosen(1, &[("west", "1000uact"), ("east", "1000uact")], "1ACT");
    chain.must("alice", Command::CreateDeployment(new));
    chain
}

fn place(chain: &mut Chain, name: &str, price: &str) -> &'static str {
    outcome(chain, name, Command::CreateBid(bid(order(), price)))
}

fn bid_state(chain: &Chain, name: &str) -> BidState {
    chain.state().bids().bid(&bid_id(order(), name)).expect("the bid was placed").state
}

/// An order of its own cannot be asked for: starting the group is what gives it one.
fn m1() {
    let mut chain = market(Params::default());
    let group = order().group;
    assert_eq!(outcome(&mut chain, "alice", Command::StartGroup(group)), "ORD019");
    assert_eq!(group_state(&chain, group), (GroupState::Open, 1));
    assert!(chain.state().book().open_order(&order()).is_ok());
    chain.end();
}

fn m2() {
    let names: Vec<String> = (1..=22).map(|number| format!("bidder-{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut genesis = genesis(Params::default());
    genesis.balances.extend(names.iter().map(|name| (address(name), Coin::uakt(START))));
    let mut chain = Chain::of(&genesis);
    chain.register(&names);
    let new = deployment(1, &[("west", "1000uact")], "1ACT");
    chain.must("alice", Command::CreateDeployment(new));
    for (name, price) in names.iter().zip(401..=420) {
        assert_eq!(place(&mut chain, name, &format!("{price}uact")), "ok");
    }
    chain.end();
    assert_eq!(place(&mut chain, names[20], "421uact"), "BID011", "the 21st is the worst");
    assert_eq!(chain.uakt(names[19]), START - BID_DEPOSIT);
    assert_eq!(place(&mut chain, names[21], "400uact"), "ok", "the 22nd is the best");
    chain.end();
    assert_eq!(bid_state(&chain, names[19]), BidState::Closed(BidClosedReason::Evicted));
    assert_eq!([chain.uakt(names[19]), chain.uakt(names[20])], [START, START]);
    assert_eq!(chain.state().bids().queue(&order()).map(|queue| queue.len()), Some(20));
    chain.end_at(6);
    assert_eq!(bid_state(&chain, names[21]), BidState::Active);
}

fn m3() {
    let mut params = Params::default();
    params.bid.bids_max = 2;
    let mut chain = market(params);
    chain.bids(order(), &[("p1", "100uact"), ("p2", "200uact")]);
    chain.end();
    assert_eq!(place(&mut chain, "p3", "300uact"), "BID011");
    chain.must("p1", Command::CloseBid(bid_id(order(), "p1")));
    assert_eq!(chain.uakt("p1"), START);
    assert_eq!(place(&mut chain, "p1", "100uact"), "BID003");
    chain.end();
    assert_eq!(place(&mut chain, "p3", "300uact"), "ok", "the closed bid left its place");
    chain.end();
}

fn m4() {
    let mut chain = market(Params::default());
    assert_eq!(place(&mut chain, "p1", "1000uact"), "ok");
    assert_eq!(place(&mut chain, "p2", "1000.000000000000000001uact"), "BID006");
    assert_eq!(place(&mut chain, "p3", "0uact"), "BID004");
    assert_eq!(place(&mut chain, "p4", "1uakt"), "BID005");
    let count = chain.state().bids().bids_of(order()).count();
    assert_eq!(count, 1);
    chain.end();
}

/// A market in which the third of four bidders, by address, has the lease; and the four.
fn third_of_four() -> (Chain, [&'static str; 4]) {
    let mut names = ["p1", "p2", "p3", "p4"];
    names.sort_by_key(|name| address(name).to_string());
    let mut chain = market(Params::default());
    chain.bids(order(), &names.map(|name| (name, "100uact")));
    chain.must("alice", Command::CreateLease(bid_id(order(), names[2])));
    chain.end();
    (chain, names)
}

fn m5() {
    let (chain, [a, b, c, d]) = third_of_four();
    assert_eq!(bid_state(&chain, c), BidState::Active);
    assert_eq!(chain.uakt(c), START - BID_DEPOSIT);
    for loser in [a, b, d] {
        assert_eq!((bid_state(&chain, loser), chain.uakt(loser)), (BidState::Lost, START));
    }
}

fn m6() {
    let (mut chain, [a, b, c, d]) = third_of_four();
    let lease = lease_id(order(), c);
    chain.must("alice", Command::close_lease(lease));
    chain.end();
    let closed = OrderState::Closed(OrderClosedReason::LeaseEnded);
    assert_eq!(chain.state().book().order(&order()).unwrap().state, closed);
    let next = order_id("alice", 1, 1, 2);
    assert_eq!(chain.state().book().order(&next).unwrap().state, OrderState::Open);
    assert_eq!(bid_state(&chain, c), BidState::Closed(BidClosedReason::LeaseEnded));
    for loser in [a, b, d] {
        assert_eq!(bid_state(&chain, loser), BidState::Lost);
    }
    assert_eq!([a, b, c, d].map(|name| chain.uakt(name)), [START; 4], "nothing is held");
    assert_eq!(ended(&chain, lease).1.code(), 1);
}

fn m20() {
    let mut chain = market(Params::default());
    chain.bids(order(), &[("p1", "100uact"), ("p2", "200uact")]);
    let other = order_id("alice", 1, 2, 1);
    chain.bids(other, &[("p1", "100uact")]);
    chain.must("alice", Command::CreateLease(bid_id(order(), "p1")));
    let lost = Command::CloseBid(bid_id(order(), "p2"));
    assert_eq!(outcome(&mut chain, "p2", lost), "BID013");
    // An open bid is taken back without a reason, so there is none to be wrong.
    assert_eq!(outcome(&mut chain, "p1", Command::CloseBid(bid_id(other, "p1"))), "ok");
    assert_eq!(ProviderReason::new(0).unwrap_err().code().as_str(), "ESC017");
    chain.end();
}

/// The two states are not reachable; forged ones are noticed.
fn m21() {
    let mut chain = market(Params::default());
    chain.bids(order(), &[("p1", "100uact")]);
    let unknown = order_id("alice", 1, 1, 2);
    let close = Command::CloseBid(bid_id(unknown, "p1"));
    assert_eq!(outcome(&mut chain, "p1", close), "BID012");
    let on_unknown = Command::CreateBid(bid(unknown, "100uact"));
    assert_eq!(outcome(&mut chain, "p2", on_unknown), "ORD011");

    let mut leaseless = chain.state().clone();
    leaseless.apply(&Event::Order(OrderEvent::OrderMatched(order()))).unwrap();
    leaseless.apply(&Event::Bid(BidEvent::BidWon(bid_id(order(), "p1")))).unwrap();
    let misfit = invariants::one_active_lease_per_matched_order(&leaseless).unwrap_err();
    assert!(misfit.to_string().contains("do not pair up"), "{misfit}");

    let mut orderless = chain.state().clone();
    let mut strange = orderless.bids().bid(&bid_id(order(), "p1")).unwrap().into_owned();
    strange.id = unknown.bid(provider("p1"));
    orderless.apply(&Event::Bid(BidEvent::BidPlaced(strange.into()))).unwrap();
    assert!(invariants::no_open_bid_without_open_order(&orderless).is_err());

    let lease = lease(&mut chain, order_id("alice", 1, 2, 1), "p2", "1uact");
    assert!(chain.state().escrow().running_lease(&lease).is_ok(), "won and signed in one step");
    chain.end();
}
