//! Markets against those who game them: what a stranger, a tenant or a provider could once do to
//! others, and cannot.

use undercut::{Command, Params};
use undercut_bidding::{BidClosedReason, BidState, Registration};
use undercut_ledger::account::DEPOSITS_MAX;
use undercut_ledger::{AllowanceId, LeaseState, NewAllowance};
use undercut_orderbook::{GroupState, NewDeployment, OrderClosedReason, OrderState};
use undercut_primitives::{
    Attribute, BlockSpan, Coin, Contribution, Decimal, Denom, GroupId, OrderId,
};
use undercut_tests::chain::{
    Chain, START, address, bid_id, coin, deployment, deployment_id, lease_id, order_id,
};

fn order(oseq: u32) -> OrderId {
    order_id("alice", 1, 1, oseq)
}

fn group() -> GroupId {
    order(1).group
}

fn in_region() -> Registration {
    Registration::new("https://provider.example", vec![Attribute::new("region", "us-west")])
}

/// An order for providers of one region, in a book of two places.
fn regional() -> Chain {
    let mut params = Params::default();
    params.bid.bids_max = 2;
    let mut chain = Chain::with(params);
    for name in ["p1", "p2", "p3"] {
        chain.must(name, Command::RegisterProvider(in_region()));
    }
    let mut new = deployment(1, &[("west", "100uact")], "1ACT");
    new.groups[0].requirements.attributes = in_region().attributes;
    chain.must("alice", Command::CreateDeployment(new));
    chain
}

fn code(chain: &mut Chain, name: &str, command: Command) -> &'static str {
    chain.send(name, command).map_or_else(|rejection| rejection.code().as_str(), |_| "ok")
}

#[test]
fn whoever_crowds_others_out_cannot_step_back_before_the_award() {
    let mut chain = regional();
    chain.bids(order(1), &[("p3", "50uact")]);
    chain.end();
    chain.end_at(4);
    // One block before the last: two others take all places with bids of nothing.
    chain.bids(order(1), &[("p1", "0.1uact"), ("p2", "0.1uact")]);
    chain.end();
    assert_eq!(code(&mut chain, "p1", Command::DeregisterProvider), "REG007");
    let bare = Registration::new("https://provider.example", vec![]);
    assert_eq!(code(&mut chain, "p1", Command::UpdateProvider(bare)), "REG007");
    let moved = Registration { host_uri: "https://elsewhere.example".into(), ..in_region() };
    assert_eq!(code(&mut chain, "p1", Command::UpdateProvider(moved)), "ok", "it stays what it is");
    chain.end();
    let winner = chain.state().bids().active(&order(1)).map(|lease| lease.provider().0);
    assert!([Some(address("p1")), Some(address("p2"))].contains(&winner), "it serves for nothing");
}

#[test]
fn whoever_steps_back_early_leaves_its_place_to_others_at_once() {
    let mut chain = regional();
    chain.bids(order(1), &[("p1", "0.1uact"), ("p2", "0.1uact")]);
    chain.end();
    chain.must("p1", Command::DeregisterProvider);
    let bare = Registration::new("https://provider.example", vec![]);
    chain.must("p2", Command::UpdateProvider(bare));
    for name in ["p1", "p2"] {
        let state = chain.state().bids().bid(&bid_id(order(1), name)).unwrap().state;
        assert_eq!(state, BidState::Closed(BidClosedReason::NoLongerEligible));
        assert_eq!(chain.uakt(name), START);
    }
    chain.end();
    chain.bids(order(1), &[("p3", "50uact")]);
    chain.end_at(6);
    let lease = chain.state().escrow().lease(&lease_id(order(1), "p3"));
    assert_eq!(lease.map(|lease| lease.state), Some(LeaseState::Active));
}

#[test]
fn a_group_whose_bidders_all_lost_their_auditor_is_put_to_auction_again() {
    let mut chain = Chain::new();
    chain.register(&["p1"]);
    let mut new = deployment(1, &[("west", "100uact")], "1ACT");
    new.groups[0].requirements.signed_by.all_of = vec!["auditor".into()];
    chain.must("alice", Command::CreateDeployment(new));
    let provider = undercut_tests::chain::provider("p1");
    let (attributes, expires_at) = (vec![], Some(undercut_primitives::BlockHeight::new(5)));
    chain.must("auditor", Command::AttestProvider { provider, attributes, expires_at });
    chain.bids(order(1), &[("p1", "50uact")]);
    chain.end_at(6);
    let closed = OrderState::Closed(OrderClosedReason::NoBids);
    assert_eq!(chain.state().book().order(&order(1)).unwrap().state, closed);
    assert_eq!(chain.state().book().group(&group()).unwrap().state, GroupState::Open);
    assert!(chain.state().book().open_order(&order(2)).is_ok());
    chain.end_at(11);
    assert_eq!(chain.uact("alice"), START, "nobody bid for the second: the end");
}

#[test]
fn an_account_stays_small_however_its_tenant_pays() {
    let mut chain = Chain::new();
    chain.must("alice", Command::CreateDeployment(deployment(1, &[("west", "10uact")], "1ACT")));
    let id = deployment_id("alice", 1);
    for number in 0..400 {
        let coin = if number % 2 == 0 { Coin::uact(1) } else { Coin::uakt(1) };
        chain.must("alice", Command::deposit(id, coin));
    }
    let deposits = |chain: &Chain| chain.state().escrow().account(&id).unwrap().deposits.len();
    assert_eq!(deposits(&chain), 2, "one entry a denom");
    for number in 0..200 {
        let name = ["bob", "carol"][number % 2];
        let _ = chain.send(name, Command::deposit(id, Coin::uact(1)));
        chain.must("alice", Command::deposit(id, Coin::uact(1)));
    }
    assert!(deposits(&chain) <= DEPOSITS_MAX + 2, "{}", deposits(&chain));
    chain.must("alice", Command::CloseDeployment(id));
    chain.end();
    assert_eq!([chain.uact("alice"), chain.uact("bob"), chain.uact("carol")], [START; 3]);
    assert_eq!(chain.uakt("alice"), START);
}

#[test]
fn strangers_cannot_keep_a_tenants_sponsors_out() {
    let mut chain = Chain::new();
    chain.must("alice", Command::CreateDeployment(deployment(1, &[("west", "10uact")], "1ACT")));
    let id = deployment_id("alice", 1);
    for number in 0..200 {
        let name = ["bob", "carol"][number % 2];
        let _ = chain.send(name, Command::deposit(id, Coin::uact(1)));
    }
    chain.must("p1", Command::GrantAllowance(allowance("alice", 1_000)));
    let payers = vec![part("p1", 1_000)];
    let draw = Command::Deposit { deployment: id, coin: Coin::uact(1_000), payers };
    assert_eq!(code(&mut chain, "alice", draw), "ok");
    chain.end();
}

fn allowance(grantee: &str, micro: u128) -> NewAllowance {
    NewAllowance {
        grantee: address(grantee),
        for_deployments: true,
        for_bids: false,
        limits: vec![Coin::uact(micro)],
        expires_at: None,
    }
}

fn part(name: &str, micro: u128) -> Contribution {
    let amount = undercut_primitives::Amount::from_micro(micro);
    Contribution { payer: address(name), amount }
}

#[test]
fn a_refund_does_not_make_a_later_allowance_larger() {
    let mut chain = Chain::new();
    chain.must("carol", Command::GrantAllowance(allowance("alice", 1_000_000)));
    let new = deployment(1, &[("west", "10uact")], "1ACT");
    let payers = vec![part("carol", 1_000_000)];
    chain.must("alice", Command::CreateDeployment(NewDeployment { payers, ..new }));
    chain.must("carol", Command::RevokeAllowance { grantee: address("alice") });
    chain.must("carol", Command::GrantAllowance(allowance("alice", 10)));
    chain.must("alice", Command::CloseDeployment(deployment_id("alice", 1)));
    assert_eq!(chain.uact("carol"), START, "her money is back");
    let id = AllowanceId { grantee: address("alice"), granter: address("carol") };
    let limit = chain.state().allowances().get(&id).unwrap().limits[&Denom::uact()];
    assert_eq!((limit.left.to_micro(), limit.granted.to_micro()), (10, 10));
    chain.end();
}

#[test]
fn a_grace_is_used_up_by_waiting() {
    let mut params = Params::default();
    params.ledger.deposits_min = vec![Coin::uact(1)];
    let mut chain = Chain::with(params);
    chain.register(&["p1"]);
    let new = deployment(1, &[("west", "100uact")], "100uact");
    let grace = BlockSpan::from_blocks(10);
    chain.must("alice", Command::CreateDeployment(NewDeployment { grace, ..new }));
    chain.bids(order(1), &[("p1", "100uact")]);
    // The award is at 6, the one block that is paid for is 7: the pause begins with its end.
    chain.end_at(12);
    let id = deployment_id("alice", 1);
    chain.must("alice", Command::deposit(id, Coin::uact(100)));
    chain.end();
    // Back in block 13; block 14 is paid. Six of ten blocks of grace are used up.
    chain.end_at(14);
    let ends_at = chain.state().escrow().ends_at(&id).map(undercut_primitives::BlockHeight::to_u64);
    assert_eq!(ends_at, Some(14 + 4));
    chain.end_at(18);
    assert!(!chain.state().escrow().account(&id).unwrap().is_open());
    assert_eq!(chain.uact("p1"), START + 200);
}

#[test]
fn an_order_that_falls_due_while_its_account_waits_does_not_end_its_group() {
    let mut chain = Chain::new();
    chain.register(&["p1", "p2"]);
    let groups = [("west", "500000uact"), ("east", "100uact")];
    let new = deployment(1, &groups, "500000uact");
    let grace = BlockSpan::from_blocks(100);
    chain.must("alice", Command::CreateDeployment(NewDeployment { grace, ..new }));
    let east = order_id("alice", 1, 2, 1);
    chain.must("alice", Command::PauseGroup(east.group));
    chain.bids(order(1), &[("p1", "500000uact")]);
    chain.end();
    chain.end_at(4);
    chain.must("alice", Command::StartGroup(east.group));
    let again = order_id("alice", 1, 2, 2);
    chain.bids(again, &[("p2", "10uact")]);
    chain.end_at(10);
    let closed = OrderState::Closed(OrderClosedReason::EscrowTooLow);
    assert_eq!(chain.state().book().order(&again).unwrap().state, closed);
    assert_eq!(chain.state().book().group(&again.group).unwrap().state, GroupState::Paused);
    chain.must("alice", Command::deposit(deployment_id("alice", 1), coin("2ACT")));
    chain.must("alice", Command::StartGroup(again.group));
    chain.end();
}

#[test]
fn a_lease_priced_in_akt_ends_when_its_akt_does_halt_or_not() {
    let mut params = Params::default();
    params.order.lease_denoms = vec![Denom::uact(), Denom::uakt()];
    params.ledger.deposits_min = vec![Coin::uakt(1)];
    let mut chain = Chain::with(params);
    chain.register(&["p1"]);
    chain.must("alice", Command::CreateDeployment(deployment(1, &[("west", "10uakt")], "36uakt")));
    chain.bids(order(1), &[("p1", "10uakt")]);
    chain.price = Some("0.2".parse::<Decimal>().unwrap());
    chain.end_at(9);
    let id = deployment_id("alice", 1);
    assert!(!chain.state().escrow().account(&id).unwrap().is_open(), "three blocks, 6 uakt back");
    assert_eq!(chain.uakt("p1"), START + 30);
    assert_eq!(chain.uakt("alice"), START - 30);
}

#[test]
fn akt_revives_a_paused_account_while_no_act_can_be_minted() {
    let mut params = Params::default();
    params.ledger.deposits_min = vec![Coin::uact(1)];
    let mut chain = Chain::with(params);
    chain.register(&["p1"]);
    let new = deployment(1, &[("west", "100uact")], "100uact");
    let grace = BlockSpan::from_blocks(50);
    chain.must("alice", Command::CreateDeployment(NewDeployment { grace, ..new }));
    chain.bids(order(1), &[("p1", "100uact")]);
    chain.end_at(8);
    let id = deployment_id("alice", 1);
    chain.price = Some("0.25".parse::<Decimal>().unwrap());
    chain.end();
    chain.must("alice", Command::deposit(id, Coin::uakt(1_000)));
    chain.end_at(12);
    // 400 uakt a block for blocks 11 and 12; 200 are left, too few for 13.
    assert_eq!(chain.uakt("p1"), START - 500_000 + 800);
    assert_eq!(chain.uact("p1"), START + 100);
}
