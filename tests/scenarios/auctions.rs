//! Scenarios 01 to 05: from manifest to lease, two groups, auditors, full books, refunds.

use undercut::{AttestationEndReason, Command, Event, Params};
use undercut_bidding::{BidClosedReason, BidEvent, BidState, NewBid, Registration};
use undercut_ledger::LeaseEndReason;
use undercut_orderbook::{NewDeployment, OrderEvent};
use undercut_primitives::{Attribute, BlockHeight, Coin, Denom, OrderId, PricePerBlock};
use undercut_sdl::Sdl;
use undercut_tests::chain::{
    BID_DEPOSIT, Chain, START, address, bid, coin, deployment, genesis, lease_id, provider,
};

use crate::stage::{
    alices, bid_state, close, east, ended, ends_at, plain, refused, runs, supply, west,
};

const WEB: &str = include_str!("../../sdl-examples/web.yaml");

/// A bid that offers exactly what a manifest asks for.
fn exact(sdl: &Sdl, price: &str) -> Command {
    let price: PricePerBlock = price.parse().expect("the test writes a price");
    let offer = sdl.groups()[0].exact_offer();
    Command::CreateBid(NewBid::new(west(), price, offer, Coin::uakt(BID_DEPOSIT)))
}

#[test]
fn s01_a_manifest_becomes_a_paid_lease_and_all_deposits_come_back() {
    let sdl = Sdl::parse(WEB).expect("the example is a manifest");
    let mut chain = Chain::new();
    chain.register(&["p1", "p2", "p3"]);
    let new = NewDeployment::new(1, sdl.groups().to_vec(), sdl.hash(), coin("5ACT"));
    chain.must("alice", Command::CreateDeployment(new));
    chain.end();
    assert_eq!(chain.uact("alice"), START - 5_000_000);
    chain.must("p1", exact(&sdl, "90.5uact"));
    chain.must("p2", exact(&sdl, "80.25uact"));
    assert_eq!(refused(&mut chain, "p3", exact(&sdl, "100.000000000000000001uact")), "BID006");
    chain.end_at(6);
    let lease = lease_id(west(), "p2");
    let terms = chain.state().escrow().lease(&lease).expect("p2 won").signed.terms.clone();
    assert_eq!((terms.price.to_string().as_str(), terms.version_hash), ("80.25uact", sdl.hash()));
    assert_eq!(terms.starts_at, BlockHeight::new(6));
    assert_eq!((chain.uakt("p1"), chain.uakt("p2")), (START, START - BID_DEPOSIT));

    chain.end_at(15);
    chain.must("p2", Command::Withdraw(lease));
    assert_eq!(chain.uact("p2"), START + 802, "floor(80.25 x 10)");
    chain.end_at(25);
    chain.must("alice", Command::CloseDeployment(alices()));
    chain.end();
    assert_eq!(ended(&chain, &lease), (26, LeaseEndReason::Tenant, [1_605, 0, 0]), "80.25 x 20");
    assert_eq!((chain.uact("alice"), chain.uact("p2")), (START - 1_605, START + 1_605));
    for name in ["alice", "p1", "p2", "p3"] {
        assert_eq!(chain.uakt(name), START, "{name} has every bid deposit back");
    }
    assert_eq!(supply(&chain, &Denom::uact()), 9 * START);
    close(&chain);
}

#[test]
fn s02_of_two_groups_one_closes_and_the_other_keeps_running_on_the_rest() {
    // Together: 41 blocks cost 3,280,020 + 1,640,010 = 4,920,030; 42 cost 5,040,031. West alone,
    // after 240,001 for east: 59 blocks cost 4,720,029 of 4,759,999; 60 cost 4,800,030.
    let mut chain = Chain::new();
    chain.register(&["p1", "p2"]);
    let groups = [("west", "100000uact"), ("east", "50000uact")];
    chain.must("alice", Command::CreateDeployment(deployment(1, &groups, "5ACT")));
    chain.end();
    chain.bids(west(), &[("p1", "80000.5uact")]);
    chain.bids(east(), &[("p2", "40000.25uact")]);
    chain.end_at(11);
    assert_eq!(ends_at(&chain), Some(6 + 41));
    chain.must("alice", Command::CloseGroup(east().group));
    chain.end();
    let (first, second) = (lease_id(west(), "p1"), lease_id(east(), "p2"));
    assert_eq!(ended(&chain, &second), (12, LeaseEndReason::Tenant, [240_001, 0, 0]));
    assert_eq!((chain.uact("p2"), chain.uakt("p2")), (START + 240_001, START));
    assert!(runs(&chain, &first));
    assert_eq!(ends_at(&chain), Some(6 + 59));
    assert_eq!(refused(&mut chain, "alice", Command::StartGroup(east().group)), "ORD017");
    assert_eq!(refused(&mut chain, "p1", Command::CreateBid(bid(east(), "1uact"))), "ORD012");

    chain.end_at(19);
    chain.must("alice", Command::CloseGroup(west().group));
    chain.end();
    assert_eq!(ended(&chain, &first), (20, LeaseEndReason::Tenant, [1_120_007, 0, 0]));
    assert_eq!(chain.uact("alice"), START - 240_001 - 1_120_007, "the last group ends all");
    assert_eq!(refused(&mut chain, "alice", Command::CloseDeployment(alices())), "ORD009");
    chain.end();
    close(&chain);
}

fn in_europe() -> Vec<Attribute> {
    vec![Attribute::new("region", "eu")]
}

fn vouch(chain: &mut Chain, name: &str, last: Option<u64>) {
    let (provider, expires_at) = (provider(name), last.map(BlockHeight::new));
    let attributes = in_europe();
    chain.must("auditor", Command::AttestProvider { provider, attributes, expires_at });
}

/// Five providers that say they are in Europe, an auditor's word for all but p4, and alice's
/// deployment of block 2, which asks for that word: due with block 7.
fn audited() -> Chain {
    let mut chain = Chain::new();
    for name in ["p1", "p2", "p3", "p4", "p5"] {
        let registration = Registration::new("https://provider.example", in_europe());
        chain.must(name, Command::RegisterProvider(registration));
    }
    for (name, last) in [("p1", Some(6)), ("p2", None), ("p3", Some(7)), ("p5", None)] {
        vouch(&mut chain, name, last);
    }
    chain.end();
    let mut new = plain("100uact", "1ACT");
    new.groups[0].requirements.attributes = in_europe();
    new.groups[0].requirements.signed_by.any_of = vec!["auditor".into()];
    chain.must("alice", Command::CreateDeployment(new));
    chain.end();
    chain
}

#[test]
fn s03_the_lowest_bid_whose_auditor_still_stands_by_it_wins() {
    let mut chain = audited();
    let order = west();
    chain.bids(order, &[("p1", "10uact"), ("p2", "20uact"), ("p3", "30uact"), ("p5", "40uact")]);
    let unaudited = Command::CreateBid(bid(order, "5uact"));
    assert_eq!(refused(&mut chain, "p4", unaudited), "BID008", "its own word is not enough");
    chain.end_at(5);
    let revoked = Command::RevokeAttestation { provider: provider("p2"), keys: vec![] };
    chain.must("auditor", revoked);
    let over = |name, reason| Event::AttestationEnded {
        provider: provider(name),
        auditor: "auditor".into(),
        reason,
    };
    let events = chain.end();
    assert!(events.contains(&over("p2", AttestationEndReason::Revoked)));
    assert!(events.contains(&over("p1", AttestationEndReason::Expired)), "block 6 was its last");

    let events = chain.end_at(7);
    let dropped = BidState::Closed(BidClosedReason::NoLongerEligible);
    let states = ["p1", "p2", "p3", "p5"].map(|name| bid_state(&chain, order, name));
    assert_eq!(states, [dropped, dropped, BidState::Active, BidState::Lost]);
    assert!(events.contains(&over("p3", AttestationEndReason::Expired)), "after the award");
    let money = ["p1", "p2", "p3", "p4", "p5"].map(|name| START - chain.uakt(name));
    assert_eq!(money, [0, 0, BID_DEPOSIT, 0, 0]);
    chain.end_at(16);
    chain.must("alice", Command::CloseDeployment(alices()));
    chain.end();
    assert_eq!(chain.uact("p3"), START + 300, "a lease outlives the word that it was won with");
    close(&chain);
}

/// A chain on which `q1` to `q22` are providers with an AKT each, and alice's order is open.
fn crowded() -> Chain {
    let mut genesis = genesis(Params::default());
    let names: Vec<String> = (1..=22).map(|number| format!("q{number}")).collect();
    genesis.balances.extend(names.iter().map(|name| (address(name), coin("1AKT"))));
    let mut chain = Chain::of(&genesis);
    chain.register(&names.iter().map(String::as_str).collect::<Vec<_>>());
    chain.must("alice", Command::CreateDeployment(plain("1000uact", "1ACT")));
    chain.end();
    chain
}

fn open_bids(chain: &Chain, order: &OrderId) -> usize {
    chain.state().bids().queue(order).map_or(0, |open| open.len())
}

#[test]
fn s04_a_full_book_refuses_a_worse_bid_and_evicts_its_worst_for_a_better_one() {
    let mut chain = crowded();
    let order = west();
    for number in 1..=20 {
        let price = format!("{}uact", 100 + number);
        chain.must(&format!("q{number}"), Command::CreateBid(bid(order, &price)));
    }
    chain.end();
    assert_eq!(open_bids(&chain, &order), 20, "the book is full");
    let offer = |price| Command::CreateBid(bid(order, price));
    assert_eq!(refused(&mut chain, "q21", offer("120.5uact")), "BID011");
    assert_eq!(chain.uakt("q21"), 1_000_000);
    chain.must("q21", offer("100.5uact"));
    chain.end();
    let evicted = BidState::Closed(BidClosedReason::Evicted);
    assert_eq!(bid_state(&chain, order, "q20"), evicted, "120 was the worst");
    assert_eq!((chain.uakt("q20"), chain.uakt("q21")), (1_000_000, 500_000), "in the same block");
    assert_eq!(refused(&mut chain, "q22", offer("119.5uact")), "BID011", "119 is the worst now");
    chain.must("q20", offer("99uact"));
    chain.end();
    assert_eq!(bid_state(&chain, order, "q19"), evicted, "who was evicted may bid again");
    assert_eq!(open_bids(&chain, &order), 20);
    chain.end_at(6);
    assert!(runs(&chain, &lease_id(order, "q20")));
    for number in 1..=22 {
        let held = if number == 20 { BID_DEPOSIT } else { 0 };
        assert_eq!(chain.uakt(&format!("q{number}")), 1_000_000 - held, "q{number}");
    }
    close(&chain);
}

#[test]
fn s05_losers_are_refunded_in_the_block_of_the_award() {
    let mut chain = Chain::new();
    chain.register(&["p1", "p2", "p3"]);
    let groups = [("west", "100uact"), ("east", "100uact")];
    chain.must("alice", Command::CreateDeployment(deployment(1, &groups, "1ACT")));
    chain.end();
    chain.bids(west(), &[("p1", "30uact"), ("p2", "20uact"), ("p3", "10uact")]);
    chain.bids(east(), &[("p1", "10uact"), ("p2", "20uact"), ("p3", "30uact")]);
    chain.end_at(5);
    let held = |chain: &Chain| ["p1", "p2", "p3"].map(|name| START - chain.uakt(name));
    assert_eq!(held(&chain), [2 * BID_DEPOSIT; 3]);
    let events = chain.end();
    assert_eq!(held(&chain), [BID_DEPOSIT, 0, BID_DEPOSIT], "one won each, p2 lost twice");
    for (order, winner) in [(west(), "p3"), (east(), "p1")] {
        assert!(runs(&chain, &lease_id(order, winner)));
        let matched = Event::Order(OrderEvent::OrderMatched(order));
        assert_eq!(events.iter().filter(|event| **event == matched).count(), 1);
        let is_refund = |event: &&Event| match event {
            Event::Bid(BidEvent::BidLost { id, refund, payers }) => {
                let sum: u128 = payers.iter().map(|part| part.amount.to_micro()).sum();
                id.order == order && *refund == Coin::uakt(BID_DEPOSIT) && sum == BID_DEPOSIT
            }
            _ => false,
        };
        assert_eq!(events.iter().filter(is_refund).count(), 2, "in the same block");
    }
    let open = chain.state().bids().bids().filter(|bid| bid.state == BidState::Open).count();
    assert_eq!(open, 0);
    close(&chain);
}
