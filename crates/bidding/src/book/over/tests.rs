use std::collections::BTreeMap;

use proptest::prelude::*;
use undercut_orderbook::OrderBook;
use undercut_primitives::{
    Address, Attribute, Consent, DeploymentId, Digest, GroupId, PublicKey, Signature, Tenant,
};

use super::*;
use crate::{BidBook, BidClosedReason, BidEvent, BidParams, Rank};

fn order(number: u64) -> OrderId {
    let tenant = Tenant(Address::of_module("tenant"));
    GroupId { deployment: DeploymentId { tenant, dseq: number }, gseq: 1 }.order(1)
}

fn states() -> impl Strategy<Value = BidState> {
    prop::sample::select(vec![
        BidState::Active,
        BidState::Lost,
        BidState::Closed(BidClosedReason::Withdrawn),
        BidState::Closed(BidClosedReason::Evicted),
        BidState::Closed(BidClosedReason::OrderClosed),
        BidState::Closed(BidClosedReason::LeaseEnded),
    ])
}

/// Bids that have much in common, and much that is rare.
fn bid() -> impl Strategy<Value = Bid> {
    let coins = prop::sample::select(vec![Coin::uakt(5), Coin::uakt(6), Coin::uact(5)]);
    let which = (0_u64..6, 0_u8..8, states());
    let terms = (any::<u128>(), coins, 0_u8..3, prop::option::of(0_u64..2), 1_u32..3);
    (which, terms, 0_u8..4, 0_u64..3).prop_map(|(which, terms, seed, at)| {
        let ((number, who, state), (price, deposit, payers, reclamation, units)) = (which, terms);
        let provider = Provider(Address::from_bytes([who; 20]));
        let payer = if payers == 0 { Address::from_bytes([99; 20]) } else { provider.0 };
        let part = Contribution { payer, amount: deposit.amount };
        let cpu_attributes = vec![Attribute::new("arch", "any")];
        let resources = undercut_primitives::Resources { cpu_attributes, ..Default::default() };
        let offered =
            (1..=units).map(|unit| ResourceOffer { unit, count: 1, resources: resources.clone() });
        Bid {
            id: order(number).bid(provider),
            price: PricePerBlock::new(deposit.denom.clone(), Decimal::from_atoms(price)),
            tie: TieBreak::by(&Digest::from_bytes([seed; 32]), &provider),
            offer: offered.collect(),
            deposit,
            payers: if payers == 2 { vec![part, part] } else { vec![part] },
            reclamation: reclamation.map(TimeSpan::from_seconds),
            consent: Consent {
                account: provider.0,
                command: Digest::from_bytes([seed; 32]),
                key: PublicKey::from_bytes([who ^ (seed & 1); 32]),
                signature: Signature::from_bytes(&[seed; 64]),
            },
            placed_at: BlockHeight::new(at),
            state,
        }
    })
}

proptest! {
    #[test]
    fn bids_that_are_kept_are_given_back(bids in prop::collection::vec(bid(), 0..60)) {
        let mut plain: BTreeMap<BidId, Bid> = BTreeMap::new();
        let (mut over, mut names) = (Over::default(), Providers::<()>::default());
        plain.extend(bids.into_iter().map(|bid| (bid.id, bid)));
        let mut signers = Signers::default();
        // Of every other bid somebody holds the consent, and of one of three another one.
        let keep = |(at, bid): (usize, &Bid)| {
            let consent = if at % 3 == 0 { Consent { command: Digest::ZERO, ..bid.consent } } else { bid.consent };
            (at % 2 == 0).then(|| (bid.id, signers.keep(&consent)))
        };
        let held: BTreeMap<BidId, KeptConsent> = plain.values().enumerate().filter_map(keep).collect();
        let of = |number| plain.values().filter(move |bid| bid.id.order == order(number)).cloned();
        for number in 0..6 {
            let mut bids = OrderBids::default();
            of(number).for_each(|bid| { bids.insert(bid.into()); });
            let entropy = Digest::from_bytes([1; 32]);
            let entropy = (number > 0).then_some(&entropy);
            over.keep(order(number), &bids, entropy, &mut names, |id| held.get(id));
        }
        for bid in plain.values() {
            prop_assert_eq!(over.get(&bid.id, &names), Some(bid.clone()));
            prop_assert_eq!(over.state(&bid.id, &names), Some(bid.state));
            prop_assert!(over.consent(&bid.id, &names).is_some_and(|kept| kept.is(&bid.consent)));
        }
        for number in 0..7 {
            prop_assert!(over.of(order(number), &names).eq(of(number)));
            let stranger = order(number).bid(Provider(Address::from_bytes([200; 20])));
            prop_assert!(over.get(&stranger, &names).is_none());
        }
        prop_assert!(over.orders().eq((0..6).map(order)));
        for number in 0..7 {
            let taken = over.take(&order(number), &names);
            prop_assert!(taken.iter().eq(&of(number).collect::<Vec<_>>()));
            prop_assert_eq!(over.of(order(number), &names).count(), 0);
        }
    }
}

/// A book whose orders have open bids of the same three providers.
fn book(orders: u64, bid: &Bid) -> BidBook {
    let mut book = BidBook::default();
    for number in 0..orders {
        for who in 1..4 {
            let id = order(number).bid(Provider(Address::from_bytes([who; 20])));
            let tie = TieBreak::by(&Digest::ZERO, &id.provider);
            let bid = Bid { id, tie, state: BidState::Open, ..bid.clone() };
            book.place(&bid.into(), || None).unwrap();
        }
    }
    book
}

fn award(book: &mut BidBook, number: u64) {
    let award = book.award(&order(number)).unwrap();
    book.settle_award(award).iter().for_each(|event| book.apply(event).unwrap());
    assert_eq!(book.over.orders().count(), 0, "the block has not ended");
    book.begin_block(&BidParams::default(), &OrderBook::default(), |_| None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn an_order_that_is_over_says_what_it_said(bid in bid()) {
        let mut book = book(3, &bid);
        award(&mut book, 1);
        prop_assert!(book.over.orders().eq([order(1)]), "the losers and the winner");
        prop_assert!(book.bids().map(|bid| bid.id).is_sorted());
        prop_assert_eq!(book.bids().count(), 9);
        let won = book.active(&order(1)).unwrap().0;
        let whole = book.bid(&won).unwrap().into_owned();
        prop_assert_eq!(&whole, &Bid { id: won, tie: whole.tie, state: BidState::Active, ..bid });
        prop_assert!(book.open_bid(&won).is_err_and(|error| error.code().as_str() == "BID013"));
        let restored = BidBook::restore(
            book.bids().map(|bid| bid.into_owned()),
            &BidParams::default(),
            &OrderBook::default(),
        );
        let restored = restored.unwrap();
        prop_assert!(restored.over.orders().eq([order(1)]));
        prop_assert!(restored.bids().eq(book.bids()));

        let ended = BidClosedReason::LeaseEnded;
        let close = |id| BidEvent::BidClosed { id, reason: ended, refund: Coin::uakt(0), payers: vec![] };
        book.apply(&close(won)).unwrap();
        prop_assert_eq!(book.state(&won), Some(BidState::Closed(ended)));
        prop_assert!(book.apply(&close(won)).is_err());
        prop_assert!(book.apply(&close(order(1).bid(Provider(Address::LAST)))).is_err());
    }

    #[test]
    fn an_order_that_was_over_may_get_bids_again(bid in bid()) {
        let mut book = book(1, &bid);
        award(&mut book, 0);
        let again = book.bids_of(order(0)).next().unwrap().into_owned();
        prop_assert!(book.place(&again.clone().into(), || None).is_err(), "it is there already");
        let id = order(0).bid(Provider(Address::LAST));
        let new = Bid { id, tie: TieBreak::by(&Digest::ZERO, &id.provider), state: BidState::Open, ..again };
        book.place(&new.clone().into(), || None).unwrap();
        prop_assert_eq!(book.bids_of(order(0)).count(), 4);
        prop_assert_eq!(book.queue(&order(0)).and_then(|open| open.best()), Some(Rank { ..new.rank() }));
    }
}
