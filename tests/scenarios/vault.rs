//! Scenarios 08 to 11: halts, epochs, the breaker, retries.
//!
//! 9,000 ACT stand against a vault of 20,000 AKT, so the collateral ratio is price x 20,000 / 9,000.

use undercut::{Command, Event, Params};
use undercut_ledger::bme::{CancelReason, Direction, MintStatus, RetryReason, VaultEvent};
use undercut_ledger::{Bank as _, LeaseEndReason, LedgerEvent, MemoryBank, Posting};
use undercut_primitives::{Amount, Coin, Denom};
use undercut_tests::chain::{BID_DEPOSIT, Chain, START, address, coin, genesis};

use crate::stage::{
    alices, close, close_with, ended, ends_at, plain, refused, runs, served, supply,
};

fn set_price(chain: &mut Chain, price: &str) {
    chain.price = Some(price.parse().expect("the test writes a price"));
}

fn status(chain: &Chain) -> MintStatus {
    chain.state().vault().books().status
}

/// What happened in the vault, of the events of a block.
fn in_vault(events: &[Event]) -> Vec<VaultEvent> {
    let of = |event: &Event| match event {
        Event::Ledger(LedgerEvent::Vault(event)) => Some(event.clone()),
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

fn burn(coin: Coin) -> Command {
    Command::Burn(coin)
}

#[test]
fn s08_while_minting_is_halted_uakt_pays_on_then_act_again_then_the_end() {
    // 500,000 uact pay blocks 7 to 22, floor(30,000.5 x 16) = 480,008, and 19,992 of block 23.
    // At 0.4 dollars the rest of it, 10,008 uact, is 25,020 uakt; the next blocks are 30,001,
    // 30,000 and 30,001 uact: 75,003, 75,000 and 75,003 uakt.
    let new = plain("40000uact", "500000uact");
    let (mut chain, lease) = served(Params::default(), new, "30000.5uact");
    chain.must("bob", Command::deposit(alices(), Coin::uakt(300_000)));
    assert_eq!(ends_at(&chain), Some(22), "uakt does not move the end of uact");
    chain.end_at(19);
    set_price(&mut chain, "0.4");
    chain.end_at(21);
    assert_eq!(status(&chain), MintStatus::HaltCollateral);
    assert_eq!(refused(&mut chain, "alice", burn(coin("100AKT"))), "BME004");
    let mut paid = 0;
    for (height, uakt) in [(22, 25_020), (23, 75_003), (24, 75_000), (25, 75_003)] {
        chain.end_at(height);
        paid += uakt;
        assert_eq!(chain.uakt("p1"), START - BID_DEPOSIT + paid, "for block {}", height + 1);
        assert_eq!(ends_at(&chain), Some(height + 1));
        assert!(runs(&chain, &lease));
    }
    assert_eq!(chain.uact("p1"), START, "what it earned in uact waits for it");

    // Recovery: alice tops up in the last block that is paid for, for blocks 27 and 28.
    set_price(&mut chain, "1");
    chain.must("alice", Command::deposit(alices(), Coin::uact(60_002)));
    assert_eq!(ends_at(&chain), Some(28));
    chain.end_at(27);
    assert_eq!((status(&chain), runs(&chain, &lease)), (MintStatus::Healthy, true));
    chain.end();
    let out = LeaseEndReason::FundsExhausted;
    let (uact, in_kind) = (480_008 + 19_992 + 60_001, 10_008 + 30_001 + 30_000 + 30_001);
    assert_eq!(uact + in_kind, 660_011, "floor(30,000.5 x 22)");
    assert_eq!(ended(&chain, &lease), (28, out, [uact, 0, in_kind]));
    assert_eq!((chain.uact("p1"), chain.uakt("p1")), (START + uact, START + 250_026));
    assert_eq!(chain.uact("alice"), START - 560_002 + 1);
    assert_eq!(chain.uakt("bob"), START - 250_026, "49,974 come back");
    close(&chain);
}

/// Eight burns in block 1, four each way, with at most three a direction and epoch.
fn eight_burns() -> Chain {
    let mut params = Params::default();
    params.bme.requests_per_epoch_max = 3;
    let mut chain = Chain::with(params);
    set_price(&mut chain, "2");
    for (minter, redeemer) in [("alice", "p1"), ("alice", "p1"), ("bob", "p2"), ("carol", "p3")] {
        chain.must(minter, burn(coin("20AKT")));
        chain.must(redeemer, burn(coin("10ACT")));
    }
    chain
}

/// The numbers of the requests that a block executed, in order.
fn executed(events: &[Event]) -> Vec<u64> {
    let id = |event: VaultEvent| match event {
        VaultEvent::BurnMinted(done) => Some(done.id),
        _ => None,
    };
    in_vault(events).into_iter().filter_map(id).collect()
}

#[test]
fn s09_epochs_execute_redemptions_then_mints_by_arrival_up_to_the_batch_cap() {
    let mut chain = eight_burns();
    let all_akt = supply(&chain, &Denom::uakt());
    chain.end_at(9);
    assert_eq!(chain.state().vault().requests().count(), 8);
    let events = chain.end();
    assert_eq!(executed(&events), [2, 4, 6, 1, 3, 5], "of 2, 4, 6, 8 and 1, 3, 5, 7");
    // 10 ACT are 5 AKT, new ones, as nothing was burned yet; 20 AKT are 40 ACT less 0.25 %.
    let uakt = |chain: &Chain| ["p1", "p2", "p3"].map(|name| chain.uakt(name) - START);
    let uact = |chain: &Chain| ["alice", "bob", "carol"].map(|name| chain.uact(name) - START);
    assert_eq!(uakt(&chain), [10_000_000, 5_000_000, 0]);
    assert_eq!(uact(&chain), [79_800_000, 39_900_000, 0]);
    assert_eq!(supply(&chain, &Denom::uakt()), all_akt + 15_000_000);

    set_price(&mut chain, "1.25");
    chain.end_at(19);
    assert_eq!(uakt(&chain), [10_000_000, 5_000_000, 0], "nothing between epochs");
    let events = chain.end();
    assert_eq!(executed(&events), [8, 7], "at the price of their own epoch");
    assert_eq!(uakt(&chain), [10_000_000, 5_000_000, 8_000_000]);
    assert_eq!(uact(&chain), [79_800_000, 39_900_000, 24_937_500]);
    let books = chain.state().vault().books();
    assert_eq!(books.remint_credit_uakt.to_micro(), 60_000_000 + 20_000_000 - 8_000_000);
    assert_eq!(books.outstanding_uact.to_micro(), 9 * START - 40_000_000 + 145_000_000);
    assert_eq!(supply(&chain, &Denom::uakt()), all_akt + 15_000_000, "paid out of credit");
    assert_eq!(supply(&chain, &Denom::uact()), books.outstanding_uact.to_micro());
    close(&chain);
}

/// Plays a block at this price, or with a silent oracle: its height, status and ratio.
fn watch(chain: &mut Chain, price: Option<&str>) -> (u64, MintStatus, Option<u32>) {
    chain.price = price.map(|price| price.parse().expect("the test writes a price"));
    chain.end();
    let (price, params) = (chain.state().usable_price(), &chain.state().params().bme);
    let report = chain.state().vault().report(price.as_ref(), params);
    assert_eq!(report.status, status(chain), "what is answered is what holds");
    (chain.height(), report.status, report.ratio_bps)
}

#[test]
fn s10_the_breaker_trips_at_its_ratio_and_needs_a_higher_one_to_recover() {
    use MintStatus::{HaltCollateral, HaltOracle, Healthy, Warning};
    let mut chain = Chain::new();
    chain.end_at(9);
    // 0.42 x 20,000 / 9,000 = 0.9333: 16 steps of 10 below 0.95, so 10 x 1.1^16 = 45 blocks.
    assert_eq!(watch(&mut chain, Some("0.42")), (10, Warning, Some(9_333)));
    assert_eq!(chain.state().vault().books().next_mint.to_u64(), 55);
    set_price(&mut chain, "0.4055");
    chain.must("alice", burn(coin("100AKT")));
    assert_eq!(watch(&mut chain, Some("0.4055")), (11, Warning, Some(9_011)));
    assert_eq!(watch(&mut chain, Some("0.405")), (12, HaltCollateral, Some(9_000)));
    chain.end_at(14);
    assert_eq!(refused(&mut chain, "bob", burn(coin("100AKT"))), "BME004");
    chain.must("bob", burn(coin("9ACT")));
    chain.end_at(19);
    // Redemptions go on: 9 / 0.41 AKT, new ones. 8,991 ACT are left.
    assert_eq!(watch(&mut chain, Some("0.41")), (20, HaltCollateral, Some(9_120)));
    assert_eq!(chain.uakt("bob"), START + 21_951_219);
    assert_eq!(watch(&mut chain, None), (21, HaltOracle, None));
    assert_eq!(refused(&mut chain, "bob", burn(coin("9ACT"))), "BME004");
    chain.end();
    // An outage is no way around the resume ratio: 0.93 x 8,991 / 20,000 = 0.4180815.
    assert_eq!(watch(&mut chain, Some("0.4180815")), (23, HaltCollateral, Some(9_300)));
    assert_eq!(watch(&mut chain, Some("0.418126454")), (24, HaltCollateral, Some(9_300)));
    assert_eq!(watch(&mut chain, Some("0.418126455")), (25, Warning, Some(9_301)));
    assert_eq!(watch(&mut chain, Some("0.405")), (26, Warning, Some(9_009)), "not yet again");
    assert_eq!(watch(&mut chain, Some("0.4270725")), (27, Warning, Some(9_500)));
    assert_eq!(watch(&mut chain, Some("0.427117455")), (28, Healthy, Some(9_501)));
    chain.end_at(54);
    assert_eq!(chain.uact("alice"), START, "the mint epoch of block 10 set the next one to 55");
    assert_eq!(watch(&mut chain, Some("0.404")), (55, HaltCollateral, Some(8_986)));
    assert_eq!(chain.uact("alice"), START, "a halted epoch stays due");
    assert_eq!(watch(&mut chain, Some("0.43")).1, Healthy);
    assert_eq!(chain.uact("alice"), START + 42_892_500, "43 ACT less 0.25 %, in block 56");
    close(&chain);
}

/// A market that knows of 50 ACT, bob's, on a host whose bank had 100 more for alice.
fn foreign_act() -> (Chain, MemoryBank) {
    let mut genesis = genesis(Params::default());
    genesis.balances.retain(|(_, coin)| coin.denom != Denom::uact());
    genesis.balances.push((address("bob"), coin("50ACT")));
    let brought = Posting::Mint { to: address("alice"), coin: coin("100ACT") };
    let mut chain = Chain::of(&genesis);
    chain.bank.post(&brought).expect("the bank takes it");
    let mut host = MemoryBank::default();
    host.post(&brought).expect("the bank takes it");
    (chain, host)
}

const SHORT: RetryReason = RetryReason::MoreThanOutstanding {
    burned: Amount::from_micro(40_000_000),
    outstanding: Amount::from_micro(10_000_000),
};

fn retried(attempts: u32) -> VaultEvent {
    VaultEvent::BurnRetried { id: 2, attempts, reason: SHORT }
}

#[test]
fn s11_a_burn_that_cannot_be_executed_is_retried_then_cancelled_and_refunded() {
    let (mut chain, host) = foreign_act();
    assert_eq!(refused(&mut chain, "alice", burn(coin("51ACT"))), "BME005");
    for act in ["40ACT", "40ACT", "20ACT"] {
        chain.must("alice", burn(coin(act)));
    }
    chain.must("alice", burn(coin("20AKT")));
    assert_eq!((chain.uact("alice"), chain.uakt("alice")), (0, START - 20_000_000));
    assert_eq!(refused(&mut chain, "bob", Command::CancelBurn(4)), "BME011");
    chain.must("alice", Command::CancelBurn(4));
    assert_eq!(chain.uakt("alice"), START, "taken back at once");
    let events = in_vault(&chain.end_at(10));
    assert!(events.contains(&retried(1)), "after the first, 10 ACT are outstanding");
    assert_eq!((chain.uact("alice"), chain.uakt("alice")), (0, START + 40_000_000));
    assert_eq!(chain.state().vault().waiting(Direction::Redeem).to_micro(), 60_000_000);
    chain.end_at(14);
    chain.must("alice", Command::CancelBurn(3));
    assert_eq!(chain.uact("alice"), 20_000_000, "also between two attempts");
    assert!(in_vault(&chain.end_at(20)).contains(&retried(2)));
    chain.end_at(29);
    assert_eq!(chain.uact("alice"), 20_000_000);
    let cancelled = |event: &VaultEvent| match event {
        VaultEvent::BurnCancelled { request, reason } => Some((request.id, *reason)),
        _ => None,
    };
    let found: Vec<_> = in_vault(&chain.end()).iter().filter_map(cancelled).collect();
    let reason = CancelReason::AttemptsExhausted { attempts: 3, reason: SHORT };
    assert_eq!((chain.height(), found), (30, vec![(2, reason)]));
    assert_eq!((chain.uact("alice"), chain.uakt("alice")), (60_000_000, START + 40_000_000));
    assert_eq!(refused(&mut chain, "alice", Command::CancelBurn(2)), "BME010");
    assert_eq!(chain.state().vault().books().outstanding_uact.to_micro(), 10_000_000);
    chain.end();
    close_with(&chain, host);
}
