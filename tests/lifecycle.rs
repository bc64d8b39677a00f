//! The whole life of deployments through the engine, with real signatures and sums made by hand.
//!
//! Parameters are the defaults: an auction of 5 blocks, bid deposits of 0.5 AKT, escrow of at least
//! 0.5 ACT. Every block that ends is checked against every invariant by [`Chain::end`].

use undercut::{Command, Event, Params};
use undercut_bidding::{BidClosedReason, BidEvent, BidState, Registration, TieBreak};
use undercut_ledger::account::DEPOSITS_MAX;
use undercut_ledger::bme::MintStatus;
use undercut_ledger::{
    Bank as _, Earned, LeaseEndReason, LeaseState, LedgerEvent, Posting, ProviderReason,
};
use undercut_orderbook::{AwardMode, GroupState, OrderClosedReason, OrderState};
use undercut_primitives::{Amount, Attribute, BlockHeight, BlockSpan, Denom, LeaseId, OrderId};
use undercut_tests::chain::{
    BID_DEPOSIT, Chain, START, address, bid_id, coin, deployment, deployment_id, genesis, lease_id,
    order_id,
};

/// Two groups, `west` up to 100,000 and `east` up to 50,000 uact per block, created in block 2 with
/// 5 ACT. Bids in block 3: for `west` 90,000 by p1 and 80,250.25 by p2 and by p3; for `east`
/// 40,000.5 by p1. Both auctions end with block 7.
fn two_groups() -> Chain {
    let mut chain = Chain::new();
    chain.register(&["p1", "p2", "p3"]);
    chain.end();
    let groups = [("west", "100000uact"), ("east", "50000uact")];
    chain.must("alice", Command::CreateDeployment(deployment(1, &groups, "5ACT")));
    chain.end();
    let bids = [("p1", "90000uact"), ("p2", "80250.25uact"), ("p3", "80250.25uact")];
    chain.bids(west(), &bids);
    chain.bids(east(), &[("p1", "40000.5uact")]);
    chain.end();
    chain
}

fn west() -> OrderId {
    order_id("alice", 1, 1, 1)
}

fn east() -> OrderId {
    order_id("alice", 1, 2, 1)
}

/// Winner and loser of the tie for `west`, by the rule: the smaller tie-break wins.
fn tie(chain: &Chain) -> (&'static str, &'static str) {
    let entropy = chain.state().book().order(&west()).expect("the order exists").entropy;
    let of = |name| TieBreak::of(&entropy, &bid_id(west(), name));
    if of("p2") < of("p3") { ("p2", "p3") } else { ("p3", "p2") }
}

fn lease_state(chain: &Chain, id: &LeaseId) -> LeaseState {
    chain.state().escrow().lease(id).expect("the lease exists").state
}

fn ended(at: u64, reason: LeaseEndReason, paid: u128) -> LeaseState {
    let earned = Earned { paid: Amount::from_micro(paid), ..Earned::default() };
    LeaseState::Ended { at: BlockHeight::new(at), reason, earned }
}

fn order_state(chain: &Chain, id: &OrderId) -> OrderState {
    chain.state().book().order(id).expect("the order exists").state
}

fn bid_state(chain: &Chain, order: OrderId, name: &str) -> BidState {
    chain.state().bids().bid(&bid_id(order, name)).expect("the bid exists").state
}

#[test]
fn the_lowest_bid_wins_and_a_tie_goes_by_tie_break() {
    let mut chain = two_groups();
    let (winner, loser) = tie(&chain);
    chain.end_at(6);
    assert_eq!(order_state(&chain, &west()), OrderState::Open, "the window is 5 blocks");
    chain.end();
    assert_eq!(chain.height(), 7);
    assert_eq!(bid_state(&chain, west(), winner), BidState::Active);
    assert_eq!(bid_state(&chain, west(), loser), BidState::Lost);
    assert_eq!(bid_state(&chain, west(), "p1"), BidState::Lost);
    assert_eq!(bid_state(&chain, east(), "p1"), BidState::Active);
    let lease = chain.state().escrow().lease(&lease_id(west(), winner)).unwrap();
    assert_eq!(lease.signed.terms.price.to_string(), "80250.25uact");
    assert_eq!(lease.signed.terms.starts_at, BlockHeight::new(7));
    assert_eq!(lease.signed.verify(), Ok(()), "both signatures stand in the lease");
}

#[test]
fn losers_get_their_deposits_back_in_the_block_of_the_award() {
    let mut chain = two_groups();
    let (winner, loser) = tie(&chain);
    assert_eq!(chain.uakt("p1"), START - 2 * BID_DEPOSIT);
    assert_eq!(chain.uakt(loser), START - BID_DEPOSIT);
    let events = chain.end_at(7);
    let lost = |event: &&Event| matches!(event, Event::Bid(BidEvent::BidLost { .. }));
    assert_eq!(events.iter().filter(lost).count(), 2);
    assert_eq!(chain.uakt(loser), START);
    assert_eq!(chain.uakt("p1"), START - BID_DEPOSIT, "one bid lost, the other serves");
    assert_eq!(chain.uakt(winner), START - BID_DEPOSIT);
}

#[test]
fn money_ends_at_the_block_computed_by_hand() {
    // 5,000,000 uact from block 7. After 41 blocks: floor(80,250.25 × 41) = 3,290,260 and
    // floor(40,000.5 × 41) = 1,640,020, together 4,930,280. After 42: 3,370,510 + 1,680,021 =
    // 5,050,531, which is too much. So block 48 is the last one, and 69,720 go back.
    let mut chain = two_groups();
    let (winner, _) = tie(&chain);
    chain.end_at(7);
    let id = deployment_id("alice", 1);
    assert_eq!(chain.state().escrow().ends_at(&id), Some(BlockHeight::new(48)));
    assert_eq!(chain.uact("alice"), START - 5_000_000);
    chain.end_at(47);
    assert_eq!(chain.uact(winner), START, "nobody asked to be paid yet");
    chain.end_at(48);
    assert_eq!(chain.uact(winner), START + 3_290_260);
    assert_eq!(chain.uact("p1"), START + 1_640_020);
    assert_eq!(chain.uact("alice"), START - 5_000_000 + 69_720);
    for name in ["p1", "p2", "p3"] {
        assert_eq!(chain.uakt(name), START, "{name} has all bid deposits back");
    }
    for (order, name, paid) in [(west(), winner, 3_290_260), (east(), "p1", 1_640_020)] {
        let expected = ended(48, LeaseEndReason::FundsExhausted, paid);
        assert_eq!(lease_state(&chain, &lease_id(order, name)), expected);
        let reason = BidClosedReason::LeaseEnded;
        assert_eq!(bid_state(&chain, order, name), BidState::Closed(reason));
    }
    assert!(chain.state().book().active_deployment(&id).is_err());
}

#[test]
fn paying_out_early_and_often_changes_neither_sums_nor_the_end() {
    let mut chain = two_groups();
    let (winner, _) = tie(&chain);
    chain.end_at(9);
    let lease = lease_id(west(), winner);
    chain.must(winner, Command::Withdraw(lease));
    assert_eq!(chain.uact(winner), START + 240_750, "floor(80,250.25 × 3) in block 10");
    chain.must(winner, Command::Withdraw(lease));
    assert_eq!(chain.uact(winner), START + 240_750, "a second time in one block pays nothing");
    chain.end();
    for height in [11, 12, 29, 47] {
        if chain.height() < height - 1 {
            chain.end_at(height - 1);
        }
        chain.must(winner, Command::Withdraw(lease));
        chain.end();
    }
    let end = chain.state().escrow().ends_at(&deployment_id("alice", 1));
    assert_eq!(end, Some(BlockHeight::new(48)));
    chain.end_at(48);
    assert_eq!(chain.uact(winner), START + 3_290_260);
    assert_eq!(chain.uact("p1"), START + 1_640_020);
    assert_eq!(chain.uact("alice"), START - 5_000_000 + 69_720);
}

#[test]
fn a_top_up_moves_the_end_and_what_is_left_goes_to_the_last_depositor() {
    // 6,000,000 uact. After 49 blocks: 3,932,262 + 1,960,024 = 5,892,286. After 50: 4,012,512 +
    // 2,000,025 = 6,012,537, too much. So block 56, and 107,714 left, all of it bob's.
    let mut chain = two_groups();
    let (winner, _) = tie(&chain);
    chain.end_at(47);
    let id = deployment_id("alice", 1);
    chain.must("bob", Command::deposit(id, coin("1ACT")));
    assert_eq!(chain.state().escrow().ends_at(&id), Some(BlockHeight::new(56)));
    chain.end_at(55);
    assert_eq!(lease_state(&chain, &lease_id(west(), winner)), LeaseState::Active);
    chain.end();
    assert_eq!(chain.uact(winner), START + 3_932_262);
    assert_eq!(chain.uact("p1"), START + 1_960_024);
    assert_eq!(chain.uact("alice"), START - 5_000_000, "the oldest deposit is spent first");
    assert_eq!(chain.uact("bob"), START - 1_000_000 + 107_714);
}

#[test]
fn a_top_up_in_the_last_block_comes_in_time() {
    let mut chain = two_groups();
    chain.end_at(47);
    let id = deployment_id("alice", 1);
    chain.must("alice", Command::deposit(id, coin("1ACT")));
    chain.end_at(48);
    assert!(chain.state().book().active_deployment(&id).is_ok());
    assert_eq!(chain.state().escrow().ends_at(&id), Some(BlockHeight::new(56)));
}

#[test]
fn a_lease_closed_by_the_tenant_puts_its_group_to_auction_again() {
    let mut chain = two_groups();
    let (winner, loser) = tie(&chain);
    chain.end_at(9);
    chain.must("alice", Command::close_lease(lease_id(west(), winner)));
    let events = chain.end();
    assert_eq!(chain.height(), 10);
    let expected = ended(10, LeaseEndReason::Tenant, 240_750);
    assert_eq!(lease_state(&chain, &lease_id(west(), winner)), expected);
    assert_eq!(chain.uact(winner), START + 240_750, "floor(80,250.25 × 3)");
    assert_eq!(chain.uakt(winner), START, "the bid's deposit is back");
    let closed = OrderState::Closed(OrderClosedReason::LeaseEnded);
    assert_eq!(order_state(&chain, &west()), closed);
    let again = order_id("alice", 1, 1, 2);
    assert_eq!(order_state(&chain, &again), OrderState::Open);
    let due_at = chain.state().book().order(&again).unwrap().due_at;
    assert_eq!(due_at, BlockHeight::new(15));
    assert!(events.iter().any(|e| matches!(e, Event::Ledger(LedgerEvent::Withdrawn { .. }))));

    chain.bids(again, &[(loser, "70000uact")]);
    chain.end_at(15);
    assert_eq!(lease_state(&chain, &lease_id(again, loser)), LeaseState::Active);
    assert_eq!(lease_state(&chain, &lease_id(east(), "p1")), LeaseState::Active, "untouched");
}

#[test]
fn a_lease_closed_by_the_provider_pauses_its_group() {
    let mut chain = two_groups();
    chain.end_at(9);
    chain.must("p1", Command::close_lease(lease_id(east(), "p1")));
    chain.end();
    assert_eq!(chain.uact("p1"), START + 120_001, "floor(40,000.5 × 3)");
    let expected = ended(10, LeaseEndReason::Provider(ProviderReason::UNSPECIFIED), 120_001);
    assert_eq!(lease_state(&chain, &lease_id(east(), "p1")), expected);
    let group = chain.state().book().group(&east().group).unwrap();
    assert_eq!((group.state, group.orders), (GroupState::Paused, 1));
    chain.must("alice", Command::CloseDeployment(deployment_id("alice", 1)));
    chain.end();
    let group = chain.state().book().group(&east().group).unwrap();
    assert_eq!(group.state, GroupState::Closed);
}

#[test]
fn closing_a_deployment_pays_and_returns_everything_at_once() {
    let mut chain = two_groups();
    let (winner, _) = tie(&chain);
    chain.end_at(9);
    chain.must("alice", Command::CloseDeployment(deployment_id("alice", 1)));
    chain.end();
    assert_eq!(chain.uact(winner), START + 240_750);
    assert_eq!(chain.uact("p1"), START + 120_001);
    assert_eq!(chain.uact("alice"), START - 240_750 - 120_001);
    for name in ["p1", "p2", "p3"] {
        assert_eq!(chain.uakt(name), START, "{name}");
    }
}

#[test]
fn a_bid_taken_back_neither_wins_nor_costs() {
    let mut chain = two_groups();
    let (winner, second) = tie(&chain);
    chain.must(winner, Command::CloseBid(bid_id(west(), winner)));
    assert_eq!(chain.uakt(winner), START);
    chain.end_at(7);
    assert_eq!(lease_state(&chain, &lease_id(west(), second)), LeaseState::Active);
    assert_eq!(bid_state(&chain, west(), winner), BidState::Closed(BidClosedReason::Withdrawn));
}

#[test]
fn an_auction_without_bids_returns_the_deposit_and_ends_the_deployment() {
    let mut chain = Chain::new();
    chain.must("alice", Command::CreateDeployment(deployment(1, &[("west", "10uact")], "1ACT")));
    chain.end();
    assert_eq!(chain.uact("alice"), START - 1_000_000);
    chain.end_at(6);
    let order = order_id("alice", 1, 1, 1);
    assert_eq!(order_state(&chain, &order), OrderState::Closed(OrderClosedReason::NoBids));
    assert_eq!(chain.uact("alice"), START);
    assert!(chain.state().book().active_deployment(&deployment_id("alice", 1)).is_err());
}

#[test]
fn an_escrow_that_cannot_pay_one_block_of_the_best_bid_ends_without_a_lease() {
    let mut chain = Chain::new();
    chain.register(&["p1"]);
    let groups = [("west", "600000uact")];
    chain.must("alice", Command::CreateDeployment(deployment(1, &groups, "500000uact")));
    chain.end();
    let order = order_id("alice", 1, 1, 1);
    chain.bids(order, &[("p1", "500001uact")]);
    chain.end_at(6);
    assert_eq!(order_state(&chain, &order), OrderState::Closed(OrderClosedReason::EscrowTooLow));
    assert_eq!((chain.uact("alice"), chain.uakt("p1")), (START, START));
}

/// A deployment of block 1 whose tenant chooses, with bids of 500 by p1 and 400 by p2 in block 2.
fn choosing() -> (Chain, OrderId) {
    let mut chain = Chain::new();
    chain.register(&["p1", "p2"]);
    let mut new = deployment(1, &[("west", "1000uact")], "1ACT");
    new.award = AwardMode::TenantChooses;
    chain.must("alice", Command::CreateDeployment(new));
    chain.end();
    let order = order_id("alice", 1, 1, 1);
    chain.bids(order, &[("p1", "500uact"), ("p2", "400uact")]);
    chain.end();
    (chain, order)
}

#[test]
fn a_tenant_who_chooses_may_take_a_dearer_bid() {
    let (mut chain, order) = choosing();
    chain.end_at(20);
    assert_eq!(order_state(&chain, &order), OrderState::Open, "nothing is awarded by price");
    chain.must("alice", Command::CreateLease(bid_id(order, "p1")));
    chain.end();
    let lease = chain.state().escrow().lease(&lease_id(order, "p1")).unwrap().clone();
    assert_eq!(lease.state, LeaseState::Active);
    assert_eq!(lease.signed.terms.starts_at, BlockHeight::new(21));
    assert_eq!(lease.signed.verify(), Ok(()));
    assert_eq!((chain.uakt("p1"), chain.uakt("p2")), (START - BID_DEPOSIT, START));
    let end = chain.state().escrow().ends_at(&deployment_id("alice", 1));
    assert_eq!(end, Some(BlockHeight::new(21 + 2000)), "1,000,000 ÷ 500");
}

#[test]
fn a_tenant_who_never_chooses_gets_the_deposit_back() {
    let (mut chain, order) = choosing();
    chain.end_at(50);
    assert_eq!(order_state(&chain, &order), OrderState::Open);
    chain.end();
    assert_eq!(order_state(&chain, &order), OrderState::Closed(OrderClosedReason::NotChosen));
    assert_eq!(chain.uact("alice"), START);
    assert_eq!((chain.uakt("p1"), chain.uakt("p2")), (START, START));
}

/// Burns are executed at the end of every block.
fn epoch_each_block() -> Params {
    let mut params = Params::default();
    params.bme.epoch_blocks_min = BlockSpan::from_blocks(1);
    params
}

#[test]
fn burned_akt_comes_back_from_credit_when_act_is_redeemed() {
    // 100 AKT at 1.14 dollars: 114,000,000 uact, of which 0.25 % = 285,000 stay in the vault.
    // 57 ACT back at 1.14: 50,000,000 uakt, all of it from the credit of the first burn.
    let mut chain = Chain::with(epoch_each_block());
    chain.price = Some("1.14".parse().unwrap());
    let supply = |chain: &Chain, denom| chain.bank.supply(&denom).to_micro();
    let (uakt, uact) = (supply(&chain, Denom::uakt()), supply(&chain, Denom::uact()));
    chain.must("alice", Command::Burn(coin("100AKT")));
    assert_eq!((chain.uakt("alice"), chain.uact("alice")), (START - 100_000_000, START));
    chain.end();
    assert_eq!(chain.uact("alice"), START + 113_715_000);
    assert_eq!(supply(&chain, Denom::uact()), uact + 114_000_000);
    assert_eq!(supply(&chain, Denom::uakt()), uakt, "burned AKT stays as collateral");
    assert_eq!(chain.state().vault().books().remint_credit_uakt.to_micro(), 100_000_000);

    chain.must("alice", Command::Burn(coin("57ACT")));
    chain.end();
    assert_eq!(chain.uact("alice"), START + 113_715_000 - 57_000_000);
    assert_eq!(chain.uakt("alice"), START - 50_000_000);
    assert_eq!(supply(&chain, Denom::uact()), uact + 57_000_000);
    assert_eq!(supply(&chain, Denom::uakt()), uakt, "nothing was newly minted");
    assert_eq!(chain.state().vault().books().remint_credit_uakt.to_micro(), 50_000_000);
    let outstanding = chain.state().vault().books().outstanding_uact;
    assert_eq!(outstanding, chain.bank.supply(&Denom::uact()), "all ACT that there is");
}

#[test]
fn a_burn_waits_while_the_oracle_is_silent_and_is_executed_after() {
    let mut params = epoch_each_block();
    params.bme.requests_per_epoch_max = 1;
    let mut chain = Chain::with(params);
    chain.must("alice", Command::Burn(coin("20AKT")));
    chain.must("bob", Command::Burn(coin("20AKT")));
    chain.end();
    assert_eq!(chain.uact("alice"), START + 19_950_000, "20 ACT less a spread of 0.25 %");
    assert_eq!(chain.uact("bob"), START, "one a block, and alice came first");
    chain.price = None;
    chain.end();
    assert_eq!(chain.state().vault().books().status, MintStatus::HaltOracle);
    assert_eq!(chain.uact("bob"), START);
    chain.price = Some("2".parse().unwrap());
    chain.end();
    assert_eq!(chain.uact("bob"), START + 39_900_000, "at the price of the block that executes");
    assert_eq!(chain.state().vault().books().status, MintStatus::Healthy);
}

#[test]
fn a_market_full_of_akt_goes_on_redeeming() {
    let mut genesis = genesis(epoch_each_block());
    let there = genesis.supply(&Denom::uakt()).unwrap();
    let rest = undercut_primitives::Amount::SUPPLY_MAX.checked_sub(there).unwrap();
    genesis.balances.push((address("whale"), undercut_primitives::Coin::new(Denom::uakt(), rest)));
    let mut chain = Chain::of(&genesis);
    let before = chain.uact("alice");
    chain.must("alice", Command::Burn(coin("5ACT")));
    chain.end();
    assert_eq!(chain.uact("alice"), before - 5_000_000, "redeemed for newly minted AKT");
}

#[test]
fn more_act_than_the_vault_answers_for_cannot_stop_the_chain() {
    // ACT that the host's bank had before the market began is not in the vault's count.
    let mut genesis = genesis(epoch_each_block());
    genesis.balances.retain(|(_, coin)| coin.denom != Denom::uact());
    let mut chain = Chain::of(&genesis);
    let posting = Posting::Mint { to: address("alice"), coin: coin("50ACT") };
    chain.bank.post(&posting).unwrap();
    // Refused or taken and cancelled: either is sound, a block that cannot end is not.
    let answer = chain.send("alice", Command::Burn(coin("5ACT")));
    chain.end();
    chain.end();
    assert_eq!((chain.uact("alice"), chain.uakt("alice")), (50_000_000, START), "{answer:?}");
}

#[test]
fn small_deposits_without_number_neither_grow_an_account_nor_lock_its_tenant_out() {
    // Closing an account is one record with all its refunds, and a record has at most 4 MiB.
    let mut chain = Chain::new();
    chain.must("alice", Command::CreateDeployment(deployment(1, &[("west", "10uact")], "1ACT")));
    let id = deployment_id("alice", 1);
    let deposit = || Command::deposit(id, coin("1uact"));
    let mut refused = Vec::new();
    for number in 0..200 {
        let name = ["bob", "carol"][number % 2];
        refused.extend(chain.send(name, deposit()).err());
    }
    let deposits = |chain: &Chain| chain.state().escrow().account(&id).unwrap().deposits.len();
    assert_eq!(deposits(&chain), DEPOSITS_MAX);
    assert!(refused.is_empty(), "63 by turns, the others join those");
    let refused = chain.send("p1", deposit()).unwrap_err();
    assert_eq!(refused.code().as_str(), "ESC008", "no room for another stranger");
    chain.must("alice", deposit());
    chain.must("alice", deposit());
    assert_eq!(deposits(&chain), DEPOSITS_MAX, "hers join the first, which is hers");
    chain.must("alice", Command::CloseDeployment(id));
    chain.end();
    let all = [chain.uact("alice"), chain.uact("bob"), chain.uact("carol")];
    assert_eq!(all, [START; 3], "everybody has everything back");
}

#[test]
fn a_provider_that_lost_what_the_order_asks_for_is_passed_over() {
    let mut chain = Chain::new();
    let west = vec![Attribute::new("region", "us-west")];
    for name in ["p1", "p2"] {
        let registration = Registration::new("https://provider.example", west.clone());
        chain.must(name, Command::RegisterProvider(registration));
    }
    let mut new = deployment(1, &[("west", "100uact")], "1ACT");
    new.groups[0].requirements.attributes = west;
    chain.must("alice", Command::CreateDeployment(new));
    let order = order_id("alice", 1, 1, 1);
    chain.bids(order, &[("p1", "10uact"), ("p2", "20uact")]);
    chain.end();
    let bare = Registration::new("https://provider.example", vec![]);
    chain.must("p1", Command::UpdateProvider(bare));
    chain.end_at(6);
    let reason = BidClosedReason::NoLongerEligible;
    assert_eq!(bid_state(&chain, order, "p1"), BidState::Closed(reason));
    assert_eq!(lease_state(&chain, &lease_id(order, "p2")), LeaseState::Active);
    assert_eq!(chain.uakt("p1"), START);
}
