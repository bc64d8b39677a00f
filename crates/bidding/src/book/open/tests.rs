use alloc::vec::Vec;

use undercut_orderbook::{AwardMode, GroupState, Order, OrderBook, OrderState, ReclamationParams};
use undercut_primitives::{
    Address, Attribute, BlockHeight, Coin, Consent, DeploymentId, GroupId, GroupSpec,
    PricePerBlock, PublicKey, Requirements, ResourceUnit, Resources, Signature, Tenant,
};

use super::*;
use crate::{BidEvent, BidOrigin, BidParams, BidRejection, NewBid};

fn order_id(dseq: u64) -> OrderId {
    let tenant = Tenant(Address::of_module("tenant"));
    GroupId { deployment: DeploymentId { tenant, dseq }, gseq: 1 }.order(1)
}

fn group(dseq: u64) -> Group {
    let unit = ResourceUnit {
        id: 1,
        count: 1,
        price: "1000uact".parse::<PricePerBlock>().unwrap(),
        resources: Resources { cpu_milli: 1, ..Resources::default() },
    };
    let attributes = vec![Attribute::new("region", "west")];
    let requirements = Requirements { attributes, ..Requirements::default() };
    let spec = GroupSpec { name: format!("group {dseq}"), requirements, units: vec![unit] };
    Group { id: order_id(dseq).group, spec: spec.into(), state: GroupState::Open, orders: 1 }
}

fn order(dseq: u64) -> Order {
    Order {
        id: order_id(dseq),
        ceiling: group(dseq).spec.ceiling().unwrap(),
        award: AwardMode::LowestPrice,
        reclamation: None,
        entropy: Digest::ZERO,
        state: OrderState::Open,
        opened_at: BlockHeight::new(1),
        due_at: BlockHeight::new(6),
    }
}

fn provider(number: u64) -> Provider {
    Provider(Address::of_module(&format!("provider {number}")))
}

fn from(region: &str) -> ProviderProfile {
    ProviderProfile::new(vec![Attribute::new("region", region)])
}

fn admit(
    book: &BidBook,
    dseq: u64,
    who: u64,
    profile: &ProviderProfile,
) -> Result<Bid, BidRejection> {
    let group = group(dseq);
    let price = format!("{}uact", (who % 3) | 4).parse().unwrap();
    let new = NewBid::new(order_id(dseq), price, group.spec.exact_offer(), Coin::uakt(500_000));
    let consent = Consent {
        account: provider(who).0,
        command: Digest::ZERO,
        key: PublicKey::from_bytes([1; 32]),
        signature: Signature::from_bytes(&[2; 64]),
    };
    let (provider, profile, at) = (provider(who), Some(profile), BlockHeight::new(2));
    let origin = BidOrigin { provider, profile, consent, at };
    let (params, windows) = (BidParams::default(), ReclamationParams::default());
    let event = book.admit(&order(dseq), &group, &new, origin, &params, &windows)?;
    let BidEvent::BidPlaced(bid) = event else { panic!("{event:?} places no bid") };
    Ok((*bid).clone())
}

fn place(book: &mut BidBook, dseq: u64, who: u64) {
    let bid = admit(book, dseq, who, &from("west")).unwrap();
    let west = from("west");
    book.place(&bid.into(), || Some((group(dseq), &west))).unwrap();
}

fn is_proven(book: &BidBook, dseq: u64, who: u64) -> bool {
    book.is_proven(
        book.orders.get(&order_id(dseq)),
        &group(dseq),
        book.providers.find(&provider(who)).unwrap(),
    )
}

/// Three orders with bids of providers 1 and 2; provider 1 is proven.
fn stage() -> BidBook {
    let mut book = BidBook::default();
    for (dseq, who) in [(1, 1), (1, 2), (2, 1), (3, 3)] {
        place(&mut book, dseq, who);
    }
    book
}

#[test]
fn who_bid_where_the_same_is_asked_for_is_known_until_its_profile_changes() {
    let mut book = stage();
    assert!(is_proven(&book, 3, 1), "it bid when another order asked for the same");
    assert!(is_proven(&book, 9, 1), "the same is asked for by an order without bids");
    assert!(!is_proven(&book, 3, 2), "a proof that nobody needed was not looked for");
    assert!(admit(&book, 3, 1, &from("west")).is_ok());
    let refused = |book: &BidBook, who| admit(book, 3, who, &from("east")).unwrap_err().code();
    assert_eq!(refused(&book, 2).as_str(), "BID008");
    book.forget_profile(&provider(1));
    assert!(!is_proven(&book, 3, 1));
    assert_eq!(refused(&book, 1).as_str(), "BID008");
}

#[test]
fn a_record_of_a_bid_is_no_proof() {
    let mut book = stage();
    let bid = admit(&book, 2, 4, &from("west")).unwrap();
    let east = from("east");
    book.place(&bid.into(), || Some((group(2), &east))).unwrap();
    assert!(!is_proven(&book, 3, 4));
    let bid = admit(&book, 2, 5, &from("west")).unwrap();
    book.apply(&BidEvent::BidPlaced(bid.into())).unwrap();
    assert!(!is_proven(&book, 3, 5));
}

#[test]
fn what_orders_have_in_memory_goes_with_them() {
    let mut book = stage();
    for dseq in 1..=3 {
        for event in book.close_order(&order_id(dseq)) {
            book.apply(&event).unwrap();
        }
        assert!(book.queue(&order_id(dseq)).is_none());
    }
    assert!(book.orders.iter_sorted().all(|(_, bids)| bids.queue.is_none()));
    assert!((0..9).all(|class| book.proofs.class(class).is_none_or(|(_, users)| users == 0)));
    assert_eq!(book.open_of(&provider(1)).count(), 0);
    let before = book.queues.bytes();
    for dseq in 10..60 {
        place(&mut book, dseq, 1);
        book.close_order(&order_id(dseq)).iter().for_each(|event| book.apply(event).unwrap());
    }
    assert_eq!(book.queues.bytes(), before);
}

#[test]
fn a_restored_book_ranks_alike_and_knows_nobody() {
    let mut book = stage();
    for who in 10..160 {
        place(&mut book, 1, who);
    }
    let mut bids: Vec<Bid> = book.bids().map(|bid| bid.into_owned()).collect();
    bids.reverse();
    let restored = BidBook::restore(bids, &BidParams::default(), &OrderBook::default()).unwrap();
    for order in [1, 2, 3].map(order_id) {
        let ranks = |book: &BidBook| book.queue(&order).map(|open| open.ranks());
        let best = |book: &BidBook| book.award(&order);
        assert_eq!((ranks(&restored), best(&restored)), (ranks(&book), best(&book)));
    }
    assert_eq!(book.queue(&order_id(1)).map(|open| open.len()), Some(152));
    let open = |book: &BidBook| book.open_of(&provider(1)).map(|bid| bid.id).collect::<Vec<_>>();
    assert_eq!(open(&restored), open(&book));
    assert!(!is_proven(&restored, 3, 1));
}

#[test]
fn bids_with_the_same_offer_share_it() {
    let book = stage();
    let offers: Vec<_> = book.bids_of(order_id(1)).map(|bid| Arc::clone(&bid.offer)).collect();
    assert!(Arc::ptr_eq(&offers[0], &offers[1]));
}

/// So many places, and else what is usual.
fn with_places(bids_max: u32) -> BidParams {
    BidParams { bids_max, ..BidParams::default() }
}

/// Who leaves which order at the end of a block.
fn evicted(book: &BidBook, bids_max: u32) -> Vec<OrderId> {
    let ids = book.evict(&with_places(bids_max)).into_iter().map(|event| match event {
        BidEvent::BidClosed { id, .. } => id.order,
        other => panic!("{other:?} evicts nobody"),
    });
    ids.collect()
}

#[test]
fn bids_beyond_the_places_leave_also_when_those_became_fewer_in_their_block() {
    let mut book = BidBook::default();
    let begin = |book: &mut BidBook| {
        book.begin_block(&with_places(3), &OrderBook::default(), |_| None);
    };
    begin(&mut book);
    (1..=2).for_each(|who| place(&mut book, 1, who));
    (1..=4).for_each(|who| place(&mut book, 2, who));
    assert_eq!(evicted(&book, 3), [order_id(2)]);
    assert!(evicted(&book, 1).iter().all(|order| *order == order_id(2)), "it has places left");
    book.change_places();
    (1..=2).for_each(|who| place(&mut book, 3, who));
    let orders = [1, 2, 2, 2, 3].map(order_id);
    assert_eq!(evicted(&book, 1), orders, "whether they came before the change or after it");
}
