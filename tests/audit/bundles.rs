//! Lies about a bundle: a bid left out, added, swapped or changed, though its provider signed others.

use std::sync::Arc;

use undercut::{Command, Event};
use undercut_audit::Finding;
use undercut_bidding::{BidEvent, NewBid};
use undercut_primitives::OrderId;
use undercut_tests::chain::{Chain, bid, bid_id, deployment, order_id};
use undercut_tests::forge::Said;

use crate::forger::{command, found, sign_again, up_to};

fn order(gseq: u32) -> OrderId {
    order_id("alice", 1, gseq, 1)
}

/// Bids of p1 for the first orders of alice's four.
fn bids(count: u32) -> Vec<NewBid> {
    (1..=count).map(|gseq| bid(order(gseq), &format!("{}uact", 90 + gseq))).collect()
}

/// A market in which p1 bids for three orders with one signature, and the place of that command.
fn bundled() -> (Vec<Said>, usize) {
    let mut chain = Chain::new();
    chain.register(&["p1", "p2"]);
    let groups = ["a", "b", "c", "d"].map(|name| (name, "100uact"));
    chain.must("alice", Command::CreateDeployment(deployment(1, &groups, "1ACT")));
    chain.must("p1", Command::CreateBids(bids(3)));
    chain.end();
    chain.must("p2", Command::CreateBids(bids(4)));
    chain.end_at(7);
    let said = up_to(&chain, 7);
    let at = command(&said, |command| matches!(command, Command::CreateBids(_)));
    (said, at)
}

/// What is found once `lie` was told about the records, of which the bundle's is at this place.
fn lie(lie: impl FnOnce(&mut Vec<Said>, usize)) -> Finding {
    let (mut said, at) = bundled();
    lie(&mut said, at);
    found(said)
}

fn placed(said: &mut Said) -> &mut undercut_bidding::Bid {
    let Event::Bid(BidEvent::BidPlaced(bid)) = &mut said.1 else { panic!("no bid") };
    Arc::make_mut(bid)
}

#[test]
fn a_log_with_bundles_passes() {
    let (said, _) = bundled();
    let (records, _) = undercut_tests::forge::reseal(said);
    let report = crate::audit(&records).unwrap();
    assert_eq!(report.count(undercut_audit::Check::Awards), 4);
}

#[test]
fn a_bid_of_a_bundle_that_is_left_out_is_found() {
    for left_out in 1..=2 {
        let finding = lie(|said, at| drop(said.remove(at + left_out)));
        assert_eq!(finding.code().as_str(), "AUD005", "{finding}");
    }
    // Nothing out of turn follows on the last: the next command shows that it is missing.
    let (finding, (_, at)) = (lie(|said, at| drop(said.remove(at + 3))), bundled());
    assert_eq!(finding.code().as_str(), "AUD006", "{finding}");
    assert!(finding.to_string().contains("2 of 3 bids were placed"), "{finding}");
    assert_eq!(finding.sequence, u64::try_from(at).unwrap() + 3, "the seal");
    let none = lie(|said, at| drop(said.drain(at + 1..=at + 3)));
    assert_eq!(none.code().as_str(), "AUD006", "{none}");
}

#[test]
fn a_bid_that_a_bundle_does_not_have_is_found() {
    let fourth = lie(|said, at| {
        let mut more = said[at + 3].clone();
        placed(&mut more).id = bid_id(order(4), "p1");
        said.insert(at + 4, more);
    });
    assert_eq!(fourth.code().as_str(), "AUD005", "{fourth}");
    let twice = lie(|said, at| said.insert(at + 1, said[at + 1].clone()));
    assert_eq!(twice.code().as_str(), "AUD005", "{twice}");
}

#[test]
fn bids_of_a_bundle_in_another_order_are_found() {
    let finding = lie(|said, at| said.swap(at + 1, at + 2));
    assert_eq!(finding.code().as_str(), "AUD005", "{finding}");
    assert!(finding.to_string().contains(&bid_id(order(2), "p1").to_string()), "{finding}");
}

#[test]
fn a_bid_of_a_bundle_that_says_something_else_is_found() {
    let price = lie(|said, at| placed(&mut said[at + 2]).price = "1uact".parse().unwrap());
    assert_eq!(price.code().as_str(), "AUD005", "{price}");
    let consent = lie(|said, at| {
        placed(&mut said[at + 2]).consent.command = undercut_primitives::Digest::ZERO;
    });
    assert_eq!(consent.code().as_str(), "AUD011", "{consent}");
}

#[test]
fn a_bundle_of_none_and_one_of_too_many_are_found() {
    let none = lie(|said, at| {
        sign_again(said, at, "p1", |signed| signed.command = Command::CreateBids(vec![]));
        said.drain(at + 1..=at + 3);
    });
    assert_eq!(none.code().as_str(), "AUD006", "{none}");
    let many = lie(|said, at| {
        let consent = sign_again(said, at, "p1", |signed| {
            let Command::CreateBids(all) = &mut signed.command else { panic!("no bundle") };
            all.extend(vec![all[0].clone(); 62]);
        });
        said[at + 1..=at + 3].iter_mut().for_each(|said| placed(said).consent = consent);
    });
    assert_eq!(many.code().as_str(), "AUD005", "{many}");
}
