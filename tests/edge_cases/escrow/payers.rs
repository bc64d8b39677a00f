//! Who pays into an account, in which order it is spent, and who gets it back. E12, E25, E28, E29.
//!
//! bob and carol allow alice to spend their money; what the original calls a grant.

use undercut::Command;
use undercut_ledger::{AccountState, AllowanceId, NewAllowance};
use undercut_primitives::{Amount, Contribution, Denom};
use undercut_tests::chain::{Chain, START, address, coin};

use super::{
    account, after, chosen_by_hand, deposit, earned, funds, id, lease_all, leases, market, paid,
    refused, small, spent, withdraw,
};

fn grant(chain: &mut Chain, granter: &str, limit: &str) {
    let allowance = NewAllowance {
        grantee: address("alice"),
        for_deployments: true,
        for_bids: false,
        limits: vec![coin(limit)],
        expires_at: None,
    };
    chain.must(granter, Command::GrantAllowance(allowance));
}

/// What alice may still spend of someone's money, in uact.
fn limit(chain: &Chain, granter: &str) -> u128 {
    let id = AllowanceId { grantee: address("alice"), granter: address(granter) };
    let allowance = chain.state().allowances().get(&id).expect("the allowance is kept");
    allowance.limits[&Denom::uact()].left.to_micro()
}

fn part(name: &str, micro: u128) -> Contribution {
    Contribution { payer: address(name), amount: Amount::from_micro(micro) }
}

/// A deposit by alice of bob's money.
fn bobs(micro: u128) -> Command {
    let payers = vec![part("bob", micro)];
    Command::Deposit { deployment: id(), coin: coin(&format!("{micro}uact")), payers }
}

/// What is left of each entry, in order, in uact.
fn entries(chain: &Chain) -> Vec<u128> {
    account(chain).deposits.iter().map(|deposit| deposit.coin.amount.to_micro()).collect()
}

/// Spent in order of arrival, refunded in the same order, the allowance restored by its share.
pub(super) fn e12() {
    let mut chain = leases("100uact", &["7", "5"]);
    grant(&mut chain, "bob", "50uact");
    chain.must("alice", bobs(50));
    chain.must("carol", deposit("200uact"));
    assert_eq!((entries(&chain), limit(&chain, "bob")), (vec![100, 50, 200], 0));
    after(&mut chain, 10);
    chain.must("alice", Command::CloseDeployment(id()));
    assert_eq!([paid(&chain, 1), paid(&chain, 2)], [70, 50], "transferred 120");
    assert_eq!(spent(&chain), 100);
    assert_eq!((chain.uact("bob"), limit(&chain, "bob")), (START - 20, 30));
    assert_eq!(chain.uact("carol"), START);
    assert_eq!((account(&chain).state, entries(&chain)), (AccountState::Closed, vec![]));
}

/// Two deposits of one payer in a row are one entry. The money goes the original's ways.
pub(super) fn e25() {
    let mut chain = leases("500000uact", &["500000"]);
    grant(&mut chain, "bob", "500000uact");
    chain.must("alice", deposit("500000uact"));
    chain.must("alice", bobs(500_000));
    chain.must("carol", deposit("500000uact"));
    assert_eq!(funds(&chain), 2_000_000);
    assert_eq!(entries(&chain), [1_000_000, 500_000, 500_000]);
    after(&mut chain, 1);
    withdraw(&mut chain, 1);
    assert_eq!((earned(&chain, 1), funds(&chain)), (500_000, 1_500_000));
    assert_eq!(entries(&chain), [500_000; 3]);
    chain.must("alice", Command::CloseDeployment(id()));
    assert_eq!((funds(&chain), entries(&chain)), (0, vec![]));
    assert_eq!((paid(&chain, 1), spent(&chain)), (500_000, 500_000));
    assert_eq!((chain.uact("bob"), limit(&chain, "bob")), (START, 500_000));
    assert_eq!(chain.uact("carol"), START);
}

/// A deposit says who pays how much; nobody is drawn on who is not named.
pub(super) fn e28() {
    let mut genesis = small();
    for (owner, coin) in &mut genesis.balances {
        if *owner == address("alice") && coin.denom == Denom::uact() {
            coin.amount = Amount::from_micro(200_000);
        }
    }
    let three = [part("alice", 200_000), part("bob", 200_000), part("carol", 100_000)];
    let paid_by = |payers: &[Contribution]| {
        let mut new = chosen_by_hand(1, 1, "500000uact");
        new.payers = payers.to_vec();
        Command::CreateDeployment(new)
    };
    let mut chain = market(&genesis);
    grant(&mut chain, "bob", "200000uact");
    grant(&mut chain, "carol", "50000uact");
    assert_eq!(refused(&mut chain, "alice", paid_by(&[])), "BNK001", "alice alone is too poor");
    assert_eq!(refused(&mut chain, "alice", paid_by(&three)), "ALW012", "carol allows 50,000");
    assert_eq!((chain.uact("alice"), limit(&chain, "bob")), (200_000, 200_000));
    grant(&mut chain, "carol", "300000uact");
    chain.must("alice", paid_by(&three));
    assert_eq!(entries(&chain), [200_000, 200_000, 100_000]);
    assert_eq!((limit(&chain, "bob"), limit(&chain, "carol")), (0, 200_000));
    assert_eq!(chain.uact("alice"), 0);
    assert_eq!((chain.uact("bob"), chain.uact("carol")), (START - 200_000, START - 100_000));
}

/// An allowance is good for its limit, in as many parts as one likes, and is kept when used up.
pub(super) fn e29() {
    let mut chain = market(&small());
    lease_all(&mut chain, "1000uact", &["1"]);
    grant(&mut chain, "bob", "333uact");
    assert_eq!(refused(&mut chain, "alice", bobs(334)), "ALW012");
    for (micro, left) in [(332, 1), (1, 0)] {
        chain.must("alice", bobs(micro));
        assert_eq!(limit(&chain, "bob"), left);
    }
    assert_eq!(refused(&mut chain, "alice", bobs(1)), "ALW012");
    assert_eq!((chain.uact("bob"), entries(&chain)), (START - 333, vec![1000, 333]));
}
