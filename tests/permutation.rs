//! What the order of commands within a block, and the times of settlements, cannot change.
//!
//! | what varies | what stays |
//! | --- | --- |
//! | the order in which bids and their re-pricings arrive within a block | state root, log of the award, money |
//! | the order of re-pricings among bids that fill the book | the same |
//! | who is paid when, how often, one lease or all | everybody's money, the accounts, how leases ended |
//!
//! Each provider's own commands stay in their order, as its nonces make them. There may be fewer
//! places than bids: the worst are evicted at the end of the block.

use std::borrow::Cow;

use proptest::prelude::*;
use proptest::sample::Index;
use undercut::{Command, Event, Params};
use undercut_bidding::{BidEvent, BidState};
use undercut_ledger::{EscrowAccount, LeaseState};
use undercut_primitives::{BlockSpan, Coin, Denom, LeaseId, OrderId};
use undercut_tests::chain::{
    Chain, address, bid, bid_id, coin, deployment, deployment_id, lease_id, order_id, provider,
};

const PROVIDERS: [&str; 5] = ["p1", "p2", "p3", "p4", "p5"];

fn order() -> OrderId {
    order_id("alice", 1, 1, 1)
}

/// What a provider does within one block: it bids the first price, then lowers it to the others.
type Turns = Vec<u32>;

/// Whose turn it is, by the provider's number.
type Arrival = Vec<usize>;

/// Prices of two digits, so that ties are frequent.
fn price(tenths: u32) -> String {
    format!("{}.{}uact", tenths / 10, tenths % 10)
}

/// The next command of a provider that has had `done` turns.
fn turn(name: &str, turns: &Turns, done: usize) -> Command {
    let price = price(turns[done]);
    if done == 0 {
        return Command::CreateBid(bid(order(), &price));
    }
    let price = price.parse().expect("the test writes a price");
    Command::RepriceBid { bid: bid_id(order(), name), price }
}

/// One to five providers, each with one to three falling prices, and two orders of arrival.
fn turns() -> impl Strategy<Value = (Vec<Turns>, Arrival, Arrival)> {
    let falling = prop::collection::btree_set(10_u32..16, 1..4);
    let falling = falling.prop_map(|prices| prices.into_iter().rev().collect::<Turns>());
    prop::collection::vec(falling, 1..=PROVIDERS.len()).prop_flat_map(|all| {
        let turns = all.iter().enumerate();
        let arrival: Arrival = turns.flat_map(|(who, turns)| vec![who; turns.len()]).collect();
        (Just(all), Just(arrival.clone()).prop_shuffle(), Just(arrival).prop_shuffle())
    })
}

/// A chain on which everybody is a provider and alice's order opened in block 1.
fn auction(bids_max: u32, entropy: u64) -> Chain {
    let mut params = Params::default();
    params.bid.bids_max = bids_max;
    let mut chain = Chain::with(params);
    chain.entropy = entropy;
    chain.register(&PROVIDERS);
    chain.must("alice", Command::CreateDeployment(deployment(1, &[("west", "100uact")], "1ACT")));
    chain.end();
    chain
}

/// Lets everybody take their turns from `from` on in this order, in one block.
fn take_turns(chain: &mut Chain, all: &[Turns], arrival: &Arrival, from: usize) {
    let mut done = vec![from; all.len()];
    for who in arrival {
        if done[*who] < all[*who].len() {
            chain.must(PROVIDERS[*who], turn(PROVIDERS[*who], &all[*who], done[*who]));
            done[*who] += 1;
        }
    }
}

/// What the auction did: the events of its last block that are not about single commands.
fn award(mut chain: Chain) -> (Chain, Vec<Event>) {
    let events = chain.end_at(6);
    let said = |event: &Event| !matches!(event, Event::BlockSealed(_));
    (chain, events.into_iter().filter(said).collect())
}

/// Everybody's balances, by denom and owner.
fn money(chain: &Chain) -> Vec<(String, u128)> {
    let balances = chain.bank.balances();
    balances.map(|(denom, owner, amount)| (format!("{denom} {owner}"), amount.to_micro())).collect()
}

/// Where every bid stands, at which price.
fn books(chain: &Chain) -> Vec<(String, BidState)> {
    let bids = chain.state().bids().bids_of(order());
    bids.map(|bid| (format!("{} {}", bid.id.provider.0, bid.price), bid.state)).collect()
}

/// Whether the lowest of everybody's last prices won.
fn is_won_by_the_best(chain: &Chain, all: &[Turns]) -> bool {
    let last = |turns: &Turns| *turns.last().expect("everybody has a turn");
    let least = all.iter().map(last).min().expect("somebody bids");
    let winner = chain.state().bids().active(&order()).expect("somebody won");
    let mut tied = PROVIDERS.iter().zip(all).filter(|(_, turns)| last(turns) == least);
    let bid = chain.state().bids().bid(&winner.0).expect("the bid exists");
    bid.price == price(least).parse().expect("the test writes a price")
        && tied.any(|(name, _)| provider(name) == winner.provider())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() })]

    #[test]
    fn bids_and_repricings_of_a_block_may_arrive_in_any_order(
        (all, first, second) in turns(),
        entropy: u64,
        places in 1_u32..7,
    ) {
        let play = |arrival| {
            let mut chain = auction(places, entropy);
            take_turns(&mut chain, &all, arrival, 0);
            award(chain)
        };
        let ((one, events), (other, again)) = (play(&first), play(&second));
        prop_assert_eq!(one.state_root(), other.state_root());
        prop_assert_eq!(&events, &again, "the same award, with the same refunds in the same order");
        prop_assert_eq!(money(&one), money(&other));
        prop_assert!(is_won_by_the_best(&one, &all));
        let is_lost = |event: &&Event| matches!(event, Event::Bid(BidEvent::BidLost { .. }));
        let stayed = all.len().min(usize::try_from(places).unwrap());
        prop_assert_eq!(events.iter().filter(is_lost).count(), stayed - 1);
    }

    #[test]
    fn repricings_within_a_full_book_may_arrive_in_any_order(
        (all, first, second) in turns(),
        entropy: u64,
        last_block: bool,
    ) {
        // The book is as large as there are bids; up to the block of the award prices may fall.
        let bids_max = u32::try_from(all.len()).unwrap();
        let play = |arrival| {
            let mut chain = auction(bids_max, entropy);
            for (name, turns) in PROVIDERS.iter().zip(&all) {
                chain.must(name, turn(name, turns, 0));
            }
            chain.end_at(if last_block { 5 } else { 2 });
            take_turns(&mut chain, &all, arrival, 1);
            award(chain).0
        };
        let (one, other) = (play(&first), play(&second));
        prop_assert_eq!(one.state_root(), other.state_root());
        prop_assert_eq!(books(&one), books(&other));
        prop_assert!(is_won_by_the_best(&one, &all));
        prop_assert_eq!(money(&one), money(&other));
    }
}

#[test]
fn a_better_bid_takes_the_place_of_one_that_falls_in_the_same_block_in_no_order() {
    // Of one place: p1's 9 is lowered to 5, p2 bids 8, p3 bids 10; whoever is heard first.
    let commands = [
        ("p1", Command::RepriceBid { bid: bid_id(order(), "p1"), price: "5uact".parse().unwrap() }),
        ("p2", Command::CreateBid(bid(order(), "8uact"))),
    ];
    let play = |commands: &[(&str, Command)]| {
        let mut chain = auction(1, 0);
        chain.bids(order(), &[("p1", "9uact")]);
        chain.end();
        for (name, command) in commands {
            chain.must(name, command.clone());
        }
        let late = chain.send("p3", Command::CreateBid(bid(order(), "10uact"))).unwrap_err();
        assert_eq!(late.code().as_str(), "BID011", "worse than the worst as the block began");
        award(chain).0
    };
    let [one, other] = [play(&commands), play(&[commands[1].clone(), commands[0].clone()])];
    assert_eq!(one.state_root(), other.state_root());
    let winner = one.state().bids().active(&order()).map(|lease| lease.provider());
    assert_eq!(winner, Some(provider("p1")));
}

/// Groups whose leases are all of one account, each with its own provider.
const GROUPS: [&str; 3] = ["west", "east", "north"];

fn lease(group: usize) -> LeaseId {
    let gseq = u32::try_from(group + 1).expect("there are few groups");
    lease_id(order_id("alice", 1, gseq, 1), PROVIDERS[group])
}

/// A market that is settled at different times.
#[derive(Clone, Debug)]
struct Plan {
    /// In thousandths of a uact per block, by group.
    rates: Vec<u64>,
    /// What the community pool takes, in basis points.
    take_rate_bps: u32,
    /// For how many blocks leases wait for a top-up.
    grace: u64,
    /// Blocks at which bob adds so many uact.
    top_ups: Vec<(u64, u128)>,
    /// Whether nothing can be minted, and 0.5 AKT stands beside the uact.
    is_halted: bool,
}

fn plans() -> impl Strategy<Value = Plan> {
    let rates = prop::collection::vec(20_000_000_u64..90_000_000, 1..=GROUPS.len());
    let top_ups = prop::collection::vec((8_u64..50, 50_000_u128..400_000), 0..6);
    (rates, 0_u32..3_000, 0_u64..20, top_ups, any::<bool>()).prop_map(
        |(rates, take_rate_bps, grace, top_ups, is_halted)| Plan {
            rates,
            take_rate_bps,
            grace,
            top_ups,
            is_halted,
        },
    )
}

/// A payment asked for in a block: of one lease, or of all that its provider has.
#[derive(Clone, Debug)]
struct Asked {
    at: u64,
    group: Index,
    is_all: bool,
    times: usize,
}

fn schedule() -> impl Strategy<Value = Vec<Asked>> {
    let asked = (7_u64..60, any::<Index>(), any::<bool>(), 1_usize..3)
        .prop_map(|(at, group, is_all, times)| Asked { at, group, is_all, times });
    prop::collection::vec(asked, 0..40)
}

fn open(plan: &Plan) -> Chain {
    let mut params = Params::default();
    params.ledger.take_rates_bps = vec![(Denom::uact(), plan.take_rate_bps)];
    let mut chain = Chain::with(params);
    if plan.is_halted {
        chain.price = Some("0.4".parse().expect("the test writes a price"));
    }
    chain.register(&PROVIDERS);
    let groups: Vec<_> =
        GROUPS.iter().zip(&plan.rates).map(|(name, _)| (*name, "99999uact")).collect();
    let mut new = deployment(1, &groups, "1ACT");
    new.grace = BlockSpan::from_blocks(plan.grace);
    chain.must("alice", Command::CreateDeployment(new));
    for (group, rate) in plan.rates.iter().enumerate() {
        let price = format!("{}.{:03}uact", rate / 1_000, rate % 1_000);
        chain.bids(lease(group).order(), &[(PROVIDERS[group], &price)]);
    }
    if plan.is_halted {
        chain.must("bob", Command::deposit(deployment_id("alice", 1), coin("0.5AKT")));
    }
    chain.end_at(6);
    chain
}

/// Runs the market to block 60, asking for payments by the schedule.
fn run(plan: &Plan, schedule: &[Asked]) -> Chain {
    let mut chain = open(plan);
    for height in 7..=60 {
        // Late top-ups and payments of ended leases are refused, in every run alike or for nothing.
        for (_, amount) in plan.top_ups.iter().filter(|(at, _)| *at == height) {
            let top_up = Command::deposit(deployment_id("alice", 1), Coin::uact(*amount));
            let _ = chain.send("bob", top_up);
        }
        for asked in schedule.iter().filter(|asked| asked.at == height) {
            let group = asked.group.index(plan.rates.len());
            for _ in 0..asked.times {
                let one = Command::Withdraw(lease(group));
                let all = Command::WithdrawAll { from: None };
                let _ = chain.send(PROVIDERS[group], if asked.is_all { all } else { one });
            }
        }
        chain.end();
    }
    if chain.state().book().active_deployment(&deployment_id("alice", 1)).is_ok() {
        chain.must("alice", Command::CloseDeployment(deployment_id("alice", 1)));
    }
    chain.end();
    chain
}

fn account(chain: &Chain) -> Option<EscrowAccount> {
    chain.state().escrow().account(&deployment_id("alice", 1)).map(Cow::into_owned)
}

fn leases(chain: &Chain) -> Vec<LeaseState> {
    chain.state().escrow().leases().map(|lease| lease.state).collect()
}

/// The plain twin of what a lease earns: `floor(rate x blocks)`, the fee of it rounded up.
fn expected(rate: u64, blocks: u64, bps: u32) -> [u128; 2] {
    let earned = u128::from(rate) * u128::from(blocks) / 1_000;
    let fees = (earned * u128::from(bps)).div_ceil(10_000);
    [earned - fees, fees]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() })]

    #[test]
    fn settling_often_rarely_or_twice_in_a_block_gives_the_same_atoms(
        plan in plans(),
        schedule in schedule(),
    ) {
        let (rare, often) = (run(&plan, &[]), run(&plan, &schedule));
        prop_assert_eq!(money(&rare), money(&often));
        prop_assert_eq!(leases(&rare), leases(&often), "the same ends, with the same sums");
        prop_assert_eq!(account(&rare), account(&often));
    }

    #[test]
    fn what_was_paid_without_a_pause_is_the_floor_of_rate_times_blocks(
        plan in plans(),
        schedule in schedule(),
    ) {
        let plan = Plan { grace: 0, is_halted: false, ..plan };
        let chain = run(&plan, &schedule);
        for (group, rate) in plan.rates.iter().enumerate() {
            let state = chain.state().escrow().lease(&lease(group)).expect("it was awarded").state;
            let LeaseState::Ended { at, earned, .. } = state else { panic!("{state:?}") };
            let sums = expected(*rate, at.to_u64() - 6, plan.take_rate_bps);
            prop_assert_eq!([earned.paid, earned.fees].map(|sum| sum.to_micro()), sums);
            let uact = chain.bank.balances().find(|(denom, owner, _)| {
                **denom == Denom::uact() && **owner == address(PROVIDERS[group])
            });
            prop_assert_eq!(uact.map(|(.., sum)| sum.to_micro()), Some(1_000_000_000 + sums[0]));
        }
    }
}
