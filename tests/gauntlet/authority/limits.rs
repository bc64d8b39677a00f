//! The limits of authority that no single command shows: a change of parameters waits, an auditor's
//! word and an allowance end, what was drawn comes back, and parts are no more than their whole.

use undercut::{Command, Rejection};
use undercut_bidding::NewBid;
use undercut_ledger::{AllowanceId, NewAllowance};
use undercut_orderbook::NewDeployment;
use undercut_primitives::{
    Amount, Attribute, BlockHeight, BlockSpan, Coin, Contribution, Denom, Requirements, SignedBy,
};
use undercut_tests::chain::{
    BID_DEPOSIT, Chain, address, bid, deployment, deployment_id, order_id, provider,
};

use super::market;

/// Whether something is as it should; what is wrong otherwise.
type Check = fn() -> Result<(), String>;

/// All checks by name.
pub(crate) const LIMITS: [(&str, Check); 5] = [
    ("parameters-wait", parameters_wait),
    ("words-end", words_end),
    ("allowances-end", allowances_end),
    ("allowances-come-back", allowances_come_back),
    ("sums-do-not-wrap", sums_do_not_wrap),
];

fn expect<T: Copy + PartialEq + std::fmt::Debug>(
    what: &str,
    found: T,
    expected: T,
) -> Result<(), String> {
    let problem = || format!("{what}: {found:?}, expected {expected:?}");
    if found == expected { Ok(()) } else { Err(problem()) }
}

/// The code of a refusal, or `ok`.
fn code<T>(answer: Result<T, Rejection>) -> &'static str {
    answer.map_or_else(|rejection| rejection.code().as_str(), |_| "ok")
}

/// A chain whose blocks bring the price, so that no source has to be kept fresh.
fn chain() -> Chain {
    let mut params = market::params();
    params.oracle.sources.clear();
    params.governance.delay = BlockSpan::from_blocks(4);
    market::chain(params)
}

/// Asked for in block 1 with a delay of 4, a change holds in block 5 and in none before.
fn parameters_wait() -> Result<(), String> {
    let mut chain = chain();
    let mut params = chain.state().params().clone();
    let before = params.bid.bids_max;
    params.bid.bids_max += 1;
    chain.must("governor", Command::ChangeParams(Box::new(params)));
    for height in 1..=5 {
        let holds = before + u32::from(height == 5);
        expect(&format!("in block {height}"), chain.state().params().bid.bids_max, holds)?;
        chain.end();
        chain.begin();
    }
    Ok(())
}

/// A word good up to block 2 lets its provider bid in block 2, and not in block 3.
fn words_end() -> Result<(), String> {
    let mut chain = chain();
    let (attributes, expires_at) = (region(), Some(BlockHeight::new(2)));
    let provider = provider("p1");
    chain.must("auditor", Command::AttestProvider { provider, attributes, expires_at });
    for dseq in [1, 2] {
        let mut new = deployment(dseq, &[("west", "100uact")], "1ACT");
        for group in &mut new.groups {
            let signed_by = SignedBy { all_of: vec!["auditor".into()], any_of: vec![] };
            group.requirements = Requirements { attributes: region(), signed_by };
        }
        chain.must("alice", Command::CreateDeployment(new));
    }
    let mut ask = |dseq| {
        chain.end();
        let new = bid(order_id("alice", dseq, 1, 1), "90uact");
        code(chain.send("p1", Command::CreateBid(new)))
    };
    expect("in the last block", ask(1), "ok")?;
    expect("in the block after", ask(2), "BID008")
}

fn region() -> Vec<Attribute> {
    vec![Attribute::new("region", "eu")]
}

/// An allowance good up to block 2 can be drawn on in block 2, and not in block 3.
fn allowances_end() -> Result<(), String> {
    let mut chain = chain();
    chain.must("alice", Command::CreateDeployment(deployment(1, &[("west", "1uact")], "1ACT")));
    let expires_at = Some(BlockHeight::new(2));
    let new = NewAllowance { expires_at, ..market::allowance("dave") };
    chain.must("carol", Command::GrantAllowance(new));
    let mut draw = || {
        chain.end();
        let (deployment, coin) = (deployment_id("alice", 1), Coin::uact(5));
        chain.begin();
        code(chain.send("dave", Command::Deposit { deployment, coin, payers: carols(5) }))
    };
    expect("in the last block", draw(), "ok")?;
    expect("in the block after", draw(), "ALW011")
}

/// What was drawn for a deployment and for a bid may be drawn again when it was not spent.
fn allowances_come_back() -> Result<(), String> {
    let mut chain = chain();
    chain.must("carol", Command::GrantAllowance(market::allowance("dave")));
    let left = |chain: &Chain, denom: Denom| {
        let id = AllowanceId { grantee: address("dave"), granter: address("carol") };
        let allowance = chain.state().allowances().get(&id);
        allowance.and_then(|found| found.limits.get(&denom)).map(|limit| limit.left.to_micro())
    };
    let new = deployment(1, &[("west", "100uact")], "1ACT");
    let new = NewDeployment { payers: carols(1_000_000), ..new };
    chain.must("dave", Command::CreateDeployment(new));
    expect("drawn for a deployment", left(&chain, Denom::uact()), Some(9_000_000))?;
    chain.must("dave", Command::CloseDeployment(deployment_id("dave", 1)));
    expect("after the deployment", left(&chain, Denom::uact()), Some(10_000_000))?;
    chain.must("alice", Command::CreateDeployment(deployment(1, &[("west", "100uact")], "1ACT")));
    let order = order_id("alice", 1, 1, 1);
    let new = NewBid { payers: carols(BID_DEPOSIT), ..bid(order, "90uact") };
    chain.must("dave", Command::CreateBid(new));
    expect("drawn for a bid", left(&chain, Denom::uakt()), Some(10_000_000 - BID_DEPOSIT))?;
    chain.bids(order, &[("p1", "80uact")]);
    chain.end_at(8);
    expect("after the bid lost", left(&chain, Denom::uakt()), Some(10_000_000))
}

/// Parts whose sum goes once around 2^128 are not the deposit.
fn sums_do_not_wrap() -> Result<(), String> {
    let mut chain = chain();
    chain.must("carol", Command::GrantAllowance(market::allowance("dave")));
    chain.must("alice", Command::CreateDeployment(deployment(1, &[("west", "1uact")], "1ACT")));
    let huge = Contribution { payer: address("dave"), amount: Amount::from_micro(u128::MAX) };
    let payers = [carols(1_002), vec![huge]].concat();
    let (deployment, coin) = (deployment_id("alice", 1), Coin::uact(1_001));
    let answer = chain.send("dave", Command::Deposit { deployment, coin, payers });
    expect("1002 and 2^128 - 1 for 1001", code(answer), "ALW009")
}

fn carols(micro: u128) -> Vec<Contribution> {
    vec![Contribution { payer: address("carol"), amount: Amount::from_micro(micro) }]
}
