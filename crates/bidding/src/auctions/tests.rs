use alloc::vec::Vec;

use undercut_primitives::{Attribute, Requirements};

use super::*;

fn named(name: &str) -> Provider {
    Provider(Address::of_module(name))
}

fn order_id(number: u64) -> OrderId {
    let deployment = DeploymentId { tenant: Tenant(Address::of_module("tenant")), dseq: number };
    GroupId { deployment, gseq: 1 }.order(1)
}

fn asking_for(region: &str) -> GroupSpec {
    let attributes = vec![Attribute::new("region", region)];
    let requirements = Requirements { attributes, ..Requirements::default() };
    GroupSpec { name: "g".into(), requirements, units: vec![] }
}

fn from(region: &str) -> ProviderProfile {
    ProviderProfile::new(vec![Attribute::new("region", region)])
}

fn price(whole: u64) -> Decimal {
    Decimal::from_whole(whole)
}

/// Two qualified providers, and an order with a ceiling of 10.
fn stage() -> (Auctions, OrderHandle, [ProviderHandle; 2]) {
    let mut auctions = Auctions::default();
    let class = auctions.class(&asking_for("west")).unwrap();
    let providers = ["p1", "p2"].map(|name| auctions.provider(named(name)));
    for provider in providers {
        auctions.qualify(class, provider, &from("west")).unwrap();
    }
    let order = auctions.open(order_id(1), &Digest::ZERO, price(10), class).unwrap();
    auctions.clear_events();
    (auctions, order, providers)
}

#[test]
fn the_first_broken_rule_refuses_a_bid() {
    let (mut auctions, order, [one, other]) = stage();
    let stranger = auctions.provider(named("p3"));
    let (dear, ceiling) = (price(11), price(10));
    let too_dear = Err(BidRefusal::PriceAboveCeiling { price: dear, ceiling });
    assert_eq!(auctions.bid(order, stranger, dear), Err(BidRefusal::NotQualified));
    assert_eq!(auctions.bid(order, one, Decimal::ZERO), Err(BidRefusal::PriceZero));
    assert_eq!(auctions.bid(order, one, dear), too_dear);
    assert_eq!(auctions.bid(order, one, ceiling), Ok(()));
    assert_eq!(auctions.reprice(order, one, dear), too_dear);
    assert_eq!(auctions.reprice(order, other, price(1)), Err(BidRefusal::NoBid));
    assert_eq!(auctions.withdraw(order, other), Err(BidRefusal::NoBid));
    auctions.forget_profile(one);
    assert_eq!(auctions.reprice(order, one, price(1)), Err(BidRefusal::NotQualified));
    auctions.close(order);
    assert_eq!(auctions.bid(order, one, price(1)), Err(BidRefusal::NotOpen));
    assert_eq!(auctions.events().len(), 2, "what is refused leaves no event");
}

#[test]
fn a_class_is_what_groups_ask_for_and_goes_with_its_last_user() {
    let (mut auctions, _, [one, _]) = stage();
    let mut same = asking_for("west");
    same.name = "another".into();
    let [west, east] = [same, asking_for("east")].map(|spec| auctions.class(&spec).unwrap());
    assert_eq!(auctions.class(&asking_for("west")), Some(west));
    assert_ne!(west, east);
    let refused = auctions.qualify(east, one, &from("west")).unwrap_err();
    assert_eq!(refused.code().as_str(), "ELG001");

    let order = auctions.open(order_id(2), &Digest::ZERO, price(10), east).unwrap();
    assert_eq!(auctions.bid(order, one, price(1)), Err(BidRefusal::NotQualified));
    auctions.leave_class(east);
    let reused = auctions.class(&asking_for("north")).unwrap();
    let order = auctions.open(order_id(3), &Digest::ZERO, price(10), reused).unwrap();
    assert_eq!(auctions.bid(order, one, price(1)), Err(BidRefusal::NotQualified));
}

#[test]
fn what_happens_is_told_in_its_order() {
    let (mut auctions, order, [one, other]) = stage();
    auctions.bid(order, one, price(5)).unwrap();
    auctions.bid(order, other, price(7)).unwrap();
    auctions.reprice(order, other, price(3)).unwrap();
    assert_eq!(auctions.best(order), Some(OpenBid { provider: other, price: price(3) }));
    assert_eq!(
        auctions.award(order),
        auctions.worst(order).map(|_| OpenBid { provider: other, price: price(3) })
    );
    assert_eq!(auctions.best(order), Some(OpenBid { provider: one, price: price(5) }));
    auctions.withdraw(order, one).unwrap();
    assert_eq!(auctions.award(order), None);
    auctions.close(order);
    auctions.close(order);
    let expected = [
        AuctionEvent::Placed { order, provider: one, price: price(5) },
        AuctionEvent::Placed { order, provider: other, price: price(7) },
        AuctionEvent::Repriced { order, provider: other, price: price(3) },
        AuctionEvent::Won { order, provider: other, price: price(3) },
        AuctionEvent::Withdrawn { order, provider: one },
        AuctionEvent::Closed { order, lost: 0 },
    ];
    assert_eq!(auctions.events(), expected);
    assert_eq!(size_of::<AuctionEvent>(), 32);
}

#[test]
fn equal_prices_are_decided_by_the_tie_break_of_the_market() {
    for entropy in 0..50 {
        let (mut auctions, closed, _) = stage();
        auctions.close(closed);
        let entropy = Digest::from_bytes([entropy; 32]);
        let class = auctions.class(&asking_for("west")).unwrap();
        let order = auctions.open(order_id(9), &entropy, price(10), class).unwrap();
        let mut ranks: Vec<(Rank, ProviderHandle)> = Vec::new();
        for name in ["p5", "p4", "p3", "p2", "p1"] {
            let provider = auctions.provider(named(name));
            auctions.qualify(class, provider, &from("west")).unwrap();
            auctions.bid(order, provider, price(4)).unwrap();
            let id = order_id(9).bid(named(name));
            ranks.push((Rank { price: price(4), tie: TieBreak::of(&entropy, &id), id }, provider));
        }
        ranks.sort_by_key(|(rank, _)| *rank);
        let bid = OpenBid { provider: ranks[0].1, price: price(4) };
        assert_eq!(auctions.rank(order, bid), ranks[0].0);
        assert_eq!(auctions.worst(order), Some(ranks[4].0));
        for (_, provider) in ranks {
            assert_eq!(auctions.award(order).map(|won| won.provider), Some(provider));
        }
        assert!(auctions.is_empty(order));
    }
}
