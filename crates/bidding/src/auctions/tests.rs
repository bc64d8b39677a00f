use alloc::vec::Vec;

use undercut_primitives::{Address, Attribute, Requirements};

use super::*;

fn named(name: &str) -> Provider {
    Provider(Address::of_module(name))
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
    let order = auctions.open(&Digest::ZERO, price(10), class).unwrap();
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

    let order = auctions.open(&Digest::ZERO, price(10), east).unwrap();
    assert_eq!(auctions.bid(order, one, price(1)), Err(BidRefusal::NotQualified));
    auctions.leave_class(east);
    let reused = auctions.class(&asking_for("north")).unwrap();
    let order = auctions.open(&Digest::ZERO, price(10), reused).unwrap();
    assert_eq!(auctions.bid(order, one, price(1)), Err(BidRefusal::NotQualified));
}

#[test]
fn what_happens_is_told_in_its_order() {
    let (mut auctions, order, [one, other]) = stage();
    auctions.bid(order, one, price(5)).unwrap();
    auctions.bid(order, other, price(7)).unwrap();
    auctions.reprice(order, other, price(3)).unwrap();
    assert_eq!(auctions.best(order), Some(OpenBid { provider: other, price: price(3) }));
    assert_eq!(auctions.award(order), Some(OpenBid { provider: other, price: price(3) }));
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
        let order = auctions.open(&entropy, price(10), class).unwrap();
        let mut bidders = Vec::new();
        for name in ["p5", "p4", "p3", "p2", "p1"] {
            let provider = auctions.provider(named(name));
            auctions.qualify(class, provider, &from("west")).unwrap();
            auctions.bid(order, provider, price(4)).unwrap();
            bidders.push((TieBreak::by(&entropy, &named(name)), provider));
        }
        bidders.sort_by_key(|(tie, _)| *tie);
        let worst = bidders.last().map(|(_, last)| OpenBid { provider: *last, price: price(4) });
        assert_eq!(auctions.worst(order), worst);
        for (_, provider) in bidders {
            assert_eq!(auctions.award(order).map(|won| won.provider), Some(provider));
        }
        assert!(auctions.is_empty(order));
    }
}

#[test]
fn an_order_keeps_the_entropy_it_was_opened_with() {
    let (mut auctions, first, [one, other]) = stage();
    let class = auctions.class(&asking_for("west")).unwrap();
    let entropies = [7, 7, 8, 9, 7].map(|byte| Digest::from_bytes([byte; 32]));
    let mut orders = Vec::new();
    for round in 0..3 {
        for entropy in entropies {
            orders.push((auctions.open(&entropy, price(10), class).unwrap(), entropy));
        }
        auctions.close(orders.remove(round).0);
    }
    auctions.close(first);
    for (order, entropy) in orders {
        auctions.bid(order, one, price(4)).unwrap();
        auctions.bid(order, other, price(4)).unwrap();
        let tie = |name| TieBreak::by(&entropy, &named(name));
        let winner = if tie("p1") < tie("p2") { one } else { other };
        assert_eq!(auctions.award(order).map(|won| won.provider), Some(winner));
    }
}

#[test]
fn what_orders_had_is_used_again_whatever_their_entropy() {
    let (mut auctions, _, _) = stage();
    let class = auctions.class(&asking_for("west")).unwrap();
    let mut round = |byte: u8| {
        let entropies =
            [byte, byte.wrapping_add(1), byte].map(|byte| Digest::from_bytes([byte; 32]));
        let orders = entropies.map(|entropy| auctions.open(&entropy, price(10), class).unwrap());
        orders.into_iter().for_each(|order| auctions.close(order));
        auctions.bytes()
    };
    round(0);
    let second = round(2);
    assert!((3..100).all(|byte| round(byte) == second), "no more memory than at first");
}

#[test]
fn a_price_of_any_size_is_kept_to_the_last_digit() {
    let (mut auctions, _, [one, other]) = stage();
    let class = auctions.class(&asking_for("west")).unwrap();
    let most = Decimal::from_atoms(u128::MAX);
    let order = auctions.open(&Digest::ZERO, most, class).unwrap();
    let less = Decimal::from_atoms(u128::MAX.wrapping_sub(1));
    auctions.bid(order, one, most).unwrap();
    auctions.bid(order, other, less).unwrap();
    assert_eq!(auctions.best(order), Some(OpenBid { provider: other, price: less }));
    auctions.reprice(order, other, most).unwrap();
    auctions.reprice(order, one, less).unwrap();
    assert_eq!(auctions.award(order), Some(OpenBid { provider: one, price: less }));
    assert_eq!(auctions.award(order), Some(OpenBid { provider: other, price: most }));
    auctions.reprice(order, other, less).unwrap_err();
}
