//! The order in which bids arrive within a block decides nothing.
//!
//! Bids of distinct providers, with ties, are placed in two orders. Winner, price, the lease and
//! everybody's money are the same afterwards; without eviction even the state root is. A full book
//! keeps the same best bids whichever came first.

use proptest::prelude::*;
use undercut::{Command, Params};
use undercut_bidding::BidState;
use undercut_primitives::{OrderId, PricePerBlock, Provider};
use undercut_tests::chain::{Chain, bid, deployment, order_id, provider};

const PROVIDERS: [&str; 5] = ["p1", "p2", "p3", "p4", "p5"];

/// A provider's name and its price.
type Priced = (&'static str, String);

/// What an auction left behind.
#[derive(Debug, PartialEq)]
struct Outcome {
    lease: Option<(Provider, PricePerBlock)>,
    money: Vec<(String, u128)>,
}

fn order() -> OrderId {
    order_id("alice", 1, 1, 1)
}

/// Places the bids in this order, all in one block, and plays the auction to its end.
fn play(bids: &[Priced], bids_max: u32, entropy: u64) -> (Chain, Outcome) {
    let mut params = Params::default();
    params.bid.bids_max = bids_max;
    let mut chain = Chain::with(params);
    chain.entropy = entropy;
    chain.register(&PROVIDERS);
    chain.must("alice", Command::CreateDeployment(deployment(1, &[("west", "1000uact")], "1ACT")));
    chain.end();
    for (name, price) in bids {
        // With a full book some are refused, which is an outcome like any other.
        let refused = chain.send(name, Command::CreateBid(bid(order(), price))).err();
        assert!(refused.is_none_or(|refused| refused.code().as_str() == "BID011"));
    }
    chain.end_at(6);
    let won = |bid: &std::borrow::Cow<'_, undercut_bidding::Bid>| bid.state == BidState::Active;
    let lease = chain.state().bids().bids_of(order()).find(won);
    let lease = lease.map(|bid| (bid.id.provider, bid.price.clone()));
    let balances = chain.bank.balances();
    let money =
        balances.map(|(denom, owner, amount)| (format!("{denom} {owner}"), amount.to_micro()));
    let outcome = Outcome { lease, money: money.collect() };
    (chain, outcome)
}

/// One to five providers with one of four prices each, and another order of the same bids.
fn bids() -> impl Strategy<Value = (Vec<Priced>, Vec<Priced>)> {
    let prices = prop::collection::vec(1_u32..5, 1..=PROVIDERS.len());
    prices.prop_flat_map(|prices| {
        let bids = PROVIDERS.into_iter().zip(prices);
        let bids: Vec<_> = bids.map(|(name, price)| (name, format!("{price}.5uact"))).collect();
        (Just(bids.clone()), Just(bids).prop_shuffle())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() })]

    #[test]
    fn permuting_bids_changes_neither_winner_nor_price_nor_money(
        (first, second) in bids(),
        entropy: u64,
    ) {
        let (one, outcome) = play(&first, 20, entropy);
        let (other, again) = play(&second, 20, entropy);
        prop_assert_eq!(outcome, again);
        prop_assert_eq!(one.state_root(), other.state_root(), "the states are the same throughout");
    }

    #[test]
    fn a_full_book_keeps_the_same_bids_in_any_order(
        (first, second) in bids(),
        entropy: u64,
        bids_max in 1_u32..4,
    ) {
        let (_, outcome) = play(&first, bids_max, entropy);
        prop_assert_eq!(&outcome, &play(&second, bids_max, entropy).1);
        prop_assert_eq!(outcome.lease, play(&first, 20, entropy).1.lease, "the best is never evicted");
    }

    #[test]
    fn the_winner_is_the_lowest_price_and_only_a_tie_asks_the_entropy(
        (bids, _) in bids(),
        entropy: u64,
    ) {
        let (_, outcome) = play(&bids, 20, entropy);
        let (winner, price) = outcome.lease.expect("someone bid");
        let price_of = |text: &String| text.parse::<PricePerBlock>().unwrap();
        let least = bids.iter().map(|(_, text)| price_of(text)).min().unwrap();
        prop_assert_eq!(&price, &least);
        let tied: Vec<_> = bids.iter().filter(|(_, text)| price_of(text) == least).collect();
        prop_assert!(tied.iter().any(|(name, _)| provider(name) == winner));
    }
}

#[test]
fn another_entropy_lets_another_bid_of_a_tie_win() {
    let bids = PROVIDERS.map(|name| (name, "7uact".to_owned()));
    let winner = |entropy| play(&bids, 20, entropy).1.lease.expect("someone bid").0;
    let mut winners: Vec<Provider> = (0..12).map(winner).collect();
    winners.sort();
    winners.dedup();
    assert!(winners.len() > 1, "the tie is not always broken the same way");
}
