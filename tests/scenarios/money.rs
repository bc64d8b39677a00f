//! Scenarios 06, 07, 19, 20 and 26: allowances, ends, top-ups, another currency, catching up.

use std::borrow::Cow;

use undercut::{Command, Params, invariants};
use undercut_bidding::NewBid;
use undercut_ledger::oracle::OraclePrice;
use undercut_ledger::{AccountState, AllowanceId, LeaseEndReason, NewAllowance};
use undercut_primitives::{
    Amount, BlockHeight, BlockSpan, BlockTime, Coin, Contribution, Denom, LeaseId,
};
use undercut_tests::chain::{
    BID_DEPOSIT, Chain, START, address, bid, coin, deployment, genesis, lease_id,
};

use crate::stage::{
    alices, close, community, east, ended, ends_at, micro, plain, refused, runs, serve, served,
    west,
};

fn share(name: &str, amount: u128) -> Contribution {
    Contribution { payer: address(name), amount: Amount::from_micro(amount) }
}

/// What `granter` still lets `grantee` spend, in micro-units of the allowance's one denom.
fn limit(chain: &Chain, granter: &str, grantee: &str) -> u128 {
    let id = AllowanceId { grantee: address(grantee), granter: address(granter) };
    let allowance = chain.state().allowances().get(&id).expect("it was granted");
    allowance.limits.values().map(|limit| limit.left.to_micro()).sum()
}

/// Carol lets alice spend 3 ACT on deployments up to block 3; p2 lets p1 and p3 spend 1 AKT each
/// on bids. Alice deploys in block 1 with 2 ACT of carol's and 1 of her own; p1 and p3 bid in
/// block 2 with p2's money.
fn granted() -> Chain {
    let mut chain = Chain::new();
    chain.register(&["p1", "p3"]);
    let grants = [("carol", "alice", "3ACT", Some(3)), ("p2", "p1", "1AKT", None)];
    for (granter, grantee, limit, last) in grants.into_iter().chain([("p2", "p3", "1AKT", None)]) {
        let for_bids = granter == "p2";
        let new = NewAllowance {
            grantee: address(grantee),
            for_deployments: !for_bids,
            for_bids,
            limits: vec![coin(limit)],
            expires_at: last.map(BlockHeight::new),
        };
        chain.must(granter, Command::GrantAllowance(new));
    }
    let mut new = plain("5000uact", "3ACT");
    new.payers = vec![share("carol", 2_000_000), share("alice", 1_000_000)];
    chain.must("alice", Command::CreateDeployment(new));
    chain.end();
    for (name, price) in [("p1", "1000uact"), ("p3", "2000uact")] {
        let payers = vec![share("p2", BID_DEPOSIT)];
        chain.must(name, Command::CreateBid(NewBid { payers, ..bid(west(), price) }));
    }
    chain
}

#[test]
fn s06_what_was_drawn_on_others_comes_back_to_them_and_to_their_allowances() {
    let mut chain = granted();
    let more = |amount| Command::Deposit {
        deployment: alices(),
        coin: Coin::uact(amount),
        payers: vec![share("carol", amount)],
    };
    assert_eq!(refused(&mut chain, "alice", more(1_000_001)), "ALW012", "1 of 3 ACT is left");
    assert_eq!((chain.uact("carol"), chain.uact("alice")), (START - 2_000_000, START - 1_000_000));
    assert_eq!(chain.uakt("p2"), START - 2 * BID_DEPOSIT);
    let limits = |chain: &Chain| {
        [("carol", "alice"), ("p2", "p1"), ("p2", "p3")].map(|(of, by)| limit(chain, of, by))
    };
    assert_eq!(limits(&chain), [1_000_000, 500_000, 500_000]);
    chain.end_at(3);
    assert_eq!(refused(&mut chain, "alice", more(1)), "ALW011", "block 3 was the last");
    chain.end_at(6);
    assert!(runs(&chain, &lease_id(west(), "p1")));
    assert_eq!(limits(&chain), [1_000_000, 500_000, 1_000_000], "the loser's draw is back");
    assert_eq!(chain.uakt("p2"), START - BID_DEPOSIT);

    chain.end_at(25);
    chain.must("alice", Command::CloseDeployment(alices()));
    chain.end();
    assert_eq!(chain.uact("p1"), START + 20_000, "1,000 for 20 blocks");
    assert_eq!(chain.uact("carol"), START - 20_000, "hers was to be spent first");
    assert_eq!((chain.uact("alice"), chain.uakt("p2")), (START, START));
    assert_eq!((chain.uakt("p1"), chain.uakt("p3")), (START, START));
    assert_eq!(limits(&chain), [2_980_000, 1_000_000, 1_000_000], "also after the last block");
    close(&chain);
}

#[test]
fn s07_money_ends_at_the_exact_block_and_nobody_works_unpaid() {
    // 1,000,000 uact. 19 blocks cost floor(570,009.5) + floor(380,004.75) = 950,013; the 20th
    // would cost 30,001 + 20,001 = 50,002, and 49,987 are left.
    let mut chain = Chain::new();
    chain.register(&["p1", "p2"]);
    let groups = [("west", "50000uact"), ("east", "50000uact")];
    chain.must("alice", Command::CreateDeployment(deployment(1, &groups, "1ACT")));
    chain.end();
    chain.bids(west(), &[("p1", "30000.5uact")]);
    chain.bids(east(), &[("p2", "20000.25uact")]);
    chain.end_at(6);
    let leases = [lease_id(west(), "p1"), lease_id(east(), "p2")];
    for height in 7..=24 {
        chain.end_at(height);
        assert!(leases.iter().all(|lease| runs(&chain, lease)), "block {height}");
        assert_eq!(ends_at(&chain), Some(25));
    }
    chain.end();
    let out = LeaseEndReason::FundsExhausted;
    assert_eq!(ended(&chain, &leases[0]), (25, out, [570_009, 0, 0]));
    assert_eq!(ended(&chain, &leases[1]), (25, out, [380_004, 0, 0]));
    assert_eq!((chain.uact("p1"), chain.uact("p2")), (START + 570_009, START + 380_004));
    assert_eq!(chain.uact("alice"), START - 1_000_000 + 49_987);
    assert_eq!((chain.uakt("p1"), chain.uakt("p2")), (START, START));
    assert_eq!(refused(&mut chain, "p1", Command::Withdraw(leases[0])), "ESC010");
    let top_up = Command::deposit(alices(), coin("1ACT"));
    assert_eq!(refused(&mut chain, "alice", top_up), "ESC007", "no debt is left to pay off");
    chain.end();
    close(&chain);
}

fn account_state(chain: &Chain) -> AccountState {
    chain.state().escrow().account(&alices()).expect("the account exists").state
}

fn paused(since: u64, until: u64) -> AccountState {
    AccountState::Paused { since: BlockHeight::new(since), until: BlockHeight::new(until) }
}

#[test]
fn s19_a_top_up_moves_the_end_revives_within_the_grace_and_is_refused_after_it() {
    let mut new = plain("30000uact", "500000uact");
    new.grace = BlockSpan::from_blocks(10);
    let (mut chain, lease) = served(Params::default(), new, "30000uact");
    let top_up = |amount| Command::deposit(alices(), Coin::uact(amount));
    assert_eq!(ends_at(&chain), Some(6 + 16));
    chain.end_at(19);
    chain.must("bob", top_up(90_000));
    assert_eq!(ends_at(&chain), Some(6 + 19), "590,000 are 19 blocks");
    chain.end_at(25);
    assert_eq!(account_state(&chain), paused(25, 35));
    assert_eq!(chain.uact("p1"), START + 570_000, "paid in full at the pause");
    assert!(runs(&chain, &lease), "it waits");

    chain.end_at(29);
    chain.must("alice", top_up(5_000));
    assert_eq!(account_state(&chain), paused(25, 35), "25,000 are no block");
    chain.end();
    chain.must("bob", top_up(65_000));
    assert_eq!(account_state(&chain), AccountState::Open);
    assert_eq!(ends_at(&chain), Some(31 + 3), "nothing is owed for blocks 26 to 31");
    chain.end_at(34);
    assert_eq!(account_state(&chain), paused(34, 38), "six of ten are used up");
    assert_eq!(chain.uact("p1"), START + 660_000);
    chain.end_at(37);
    assert!(runs(&chain, &lease));
    chain.end();
    let out = LeaseEndReason::FundsExhausted;
    assert_eq!(ended(&chain, &lease), (34, out, [660_000, 0, 0]), "of block 34, not 38");
    assert_eq!(refused(&mut chain, "bob", top_up(1_000_000)), "ESC007");
    assert_eq!((chain.uact("alice"), chain.uact("bob")), (START - 505_000, START - 155_000));
    assert_eq!((chain.uact("p1"), chain.uakt("p1")), (START + 660_000, START));
    chain.end();
    close(&chain);
}

#[test]
fn s20_a_stablecoin_pays_leases_and_a_fifth_of_it_goes_to_the_community() {
    let uusd: Denom = "uusd".parse().unwrap();
    let mut params = Params::default();
    params.order.lease_denoms.push(uusd.clone());
    params.ledger.deposits_min.push(micro(500_000, "uusd"));
    params.ledger.take_rates_bps = vec![(uusd.clone(), 2_000)];
    let mut genesis = genesis(params);
    genesis.balances.push((address("alice"), micro(1_000_000, "uusd")));
    let mut chain = Chain::of(&genesis);
    let other = Command::CreateDeployment(plain("100ueur", "600000ueur"));
    assert_eq!(refused(&mut chain, "alice", other), "ORD005", "a denom that is not listed");
    let small = Command::CreateDeployment(plain("100uusd", "499999uusd"));
    assert_eq!(refused(&mut chain, "alice", small), "ESC005");
    let lease = serve(&mut chain, plain("100uusd", "600000uusd"), "33.3uusd");
    let beside = Command::deposit(alices(), coin("1AKT"));
    assert_eq!(refused(&mut chain, "alice", beside), "ESC003", "uakt stands beside uact alone");

    // Fees round up over the whole lease: ceil(6.6) = 7 of 33, then ceil(19.8) = 20 of 99.
    let has = |chain: &Chain| [chain.balance("p1", &uusd), community(chain, &uusd)];
    chain.must("p1", Command::Withdraw(lease));
    assert_eq!(has(&chain), [26, 7]);
    chain.end_at(8);
    chain.must("p1", Command::Withdraw(lease));
    assert_eq!(has(&chain), [79, 20]);
    chain.end_at(15);
    chain.must("alice", Command::CloseDeployment(alices()));
    chain.end();
    assert_eq!(has(&chain), [266, 67], "333 in all: paid out once, the fee would be the same");
    assert_eq!(ended(&chain, &lease), (16, LeaseEndReason::Tenant, [266, 67, 0]));
    assert_eq!(chain.balance("alice", &uusd), 1_000_000 - 333);
    assert_eq!((chain.uact("alice"), chain.uakt("p1")), (START, START));
    close(&chain);
}

/// A block of 6.5 seconds with these commands.
fn long_block(chain: &mut Chain, commands: &[(&str, Command)]) {
    let now = chain.state().context().time.to_unix_nanos() + 6_500_000_000;
    let time = BlockTime::from_unix_nanos(now);
    let mut context = chain.next_context();
    context.price = context.price.map(|price| OraclePrice { published_at: time, ..price });
    context.time = time;
    chain.engine.begin_block(context).expect("the next block opens");
    for (name, command) in commands {
        let signed = chain.sign(name, command.clone());
        chain.engine.execute(&mut chain.bank, &signed).expect("the command is taken");
    }
    let outcome = chain.engine.end_block(&mut chain.bank).expect("the block ends");
    invariants::check_all(chain.state(), &chain.bank).expect("every invariant holds");
    chain.log.extend(outcome.frames);
    chain.records.extend(outcome.records);
}

/// Two leases of p1's on one account, at 1.575357 and 0.5 uact, with a take rate of 4 %.
fn two_small_rates() -> (Chain, [LeaseId; 2]) {
    let mut params = Params::default();
    params.ledger.take_rates_bps = vec![(Denom::uact(), 400)];
    let mut chain = Chain::with(params);
    chain.register(&["p1"]);
    let groups = [("west", "2uact"), ("east", "2uact")];
    chain.must("alice", Command::CreateDeployment(deployment(1, &groups, "1ACT")));
    chain.end();
    chain.bids(west(), &[("p1", "1.575357uact")]);
    chain.bids(east(), &[("p1", "0.5uact")]);
    chain.end_at(6);
    (chain, [west(), east()].map(|order| lease_id(order, "p1")))
}

#[test]
fn s26_an_hour_without_settlement_catches_up_to_the_atoms_of_settling_every_block() {
    // 554 blocks of 6.5 s are 3,601 s: floor(872.747778) and 277 uact, of which 35 and 12 are fees.
    let (mut idle, leases) = two_small_rates();
    let mut eager = idle.clone();
    let withdraw = leases.map(|lease| ("p1", Command::Withdraw(lease)));
    for _ in 1..554 {
        long_block(&mut idle, &[]);
        long_block(&mut eager, &withdraw);
    }
    assert_eq!((idle.uact("p1"), idle.height()), (START, 559));
    for chain in [&mut idle, &mut eager] {
        long_block(chain, &withdraw);
        assert_eq!(chain.uact("p1"), START + (872 - 35) + (277 - 12));
        assert_eq!(community(chain, &Denom::uact()), 35 + 12);
    }
    let account = |chain: &Chain| chain.state().escrow().account(&alices()).map(Cow::into_owned);
    assert_eq!(account(&idle), account(&eager));
    assert_eq!(account(&idle).unwrap().balance().to_micro(), 1_000_000 - 872 - 277);
    for chain in [&mut idle, &mut eager] {
        chain.must("alice", Command::CloseDeployment(alices()));
        chain.end();
    }
    // 555 blocks: floor(874.323135) and floor(277.5), fees ceil(34.96) and ceil(11.08).
    assert_eq!(ended(&idle, &leases[0]), (561, LeaseEndReason::Tenant, [839, 35, 0]));
    assert_eq!(ended(&idle, &leases[1]), (561, LeaseEndReason::Tenant, [265, 12, 0]));
    assert!(idle.bank.balances().eq(eager.bank.balances()), "everybody has the same");
    for chain in [&idle, &eager] {
        close(chain);
    }
}
