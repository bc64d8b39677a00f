//! Escrow: E1 to E29.
//!
//! The parts play; here is what they share. The tenant is alice and chooses the bids, so that a lease
//! starts in the block that the case asks for: block [`STARTS`], unless the case says otherwise. Lease
//! `n` is of group `n` and served by `p<n>`, so leases have the order of the original's payments.
//! "After `n` blocks" is the block with `n` paid ones behind it and itself among them, still open.

mod akt;
mod ends;
mod payers;
mod payments;

use undercut::{Command, Genesis, Params};
use undercut_ledger::{EscrowAccount, LeaseEndReason, LeaseState};
use undercut_orderbook::{AwardMode, NewDeployment};
use undercut_primitives::{Decimal, DeploymentId, LeaseId};
use undercut_tests::cases::Case;
use undercut_tests::chain::{
    Chain, START, bid_id, coin, deployment, deployment_id, genesis, lease_id, order_id,
};

pub(crate) const CASES: &[Case] = &[
    Case::same("E1", payments::e1),
    Case::same("E2", payments::e2),
    Case::on_purpose("E3", ends::e3),
    Case::on_purpose("E4", ends::e4),
    Case::on_purpose("E5", ends::e5),
    Case::same("E6", payments::e6),
    Case::same("E7", payments::e7),
    Case::on_purpose("E8", payments::e8),
    Case::on_purpose("E9", payments::e9),
    Case::on_purpose("E10", payments::e10),
    Case::on_purpose("E11", payments::e11),
    Case::same("E12", payers::e12),
    Case::on_purpose("E13", payments::e13),
    Case::on_purpose("E14", payments::e14),
    Case::on_purpose("E15", payments::e15),
    Case::on_purpose("E16", payments::e16),
    Case::on_purpose("E17", payments::e17),
    Case::on_purpose("E18", akt::e18),
    Case::on_purpose("E19", akt::e19),
    Case::on_purpose("E20", akt::e20),
    Case::on_purpose("E21", akt::e21),
    Case::on_purpose("E22", ends::e22),
    Case::on_purpose("E23", ends::e23),
    Case::on_purpose("E24", ends::e24),
    Case::on_purpose("E25", payers::e25),
    Case::on_purpose("E26", ends::e26),
    Case::on_purpose("E27", ends::e27),
    Case::on_purpose("E28", payers::e28),
    Case::same("E29", payers::e29),
];

/// The block in which leases start. The first one that is paid for is the next.
const STARTS: u64 = 1;

const GROUPS: [(&str, &str); 3] =
    [("one", "1000000uact"), ("two", "1000000uact"), ("three", "1000000uact")];

/// A genesis in which a deployment may start with one micro-unit.
fn small() -> Genesis {
    let mut params = Params::akash_2026();
    params.ledger.deposits_min = vec![coin("1uact")];
    genesis(params)
}

/// Block 1 of a market with three providers and AKT at 3 US dollars, open.
fn market(genesis: &Genesis) -> Chain {
    let mut chain = Chain::of(genesis);
    chain.price = Some(Decimal::from_whole(3));
    chain.register(&["p1", "p2", "p3"]);
    chain
}

/// A market with leases at these rates, in uact per block, on one account with this deposit.
fn leases(deposit: &str, rates: &[&str]) -> Chain {
    let mut chain = market(&small());
    lease_all(&mut chain, deposit, rates);
    chain
}

fn lease_all(chain: &mut Chain, deposit: &str, rates: &[&str]) {
    create(chain, 1, rates.len(), deposit);
    for (number, rate) in (1..).zip(rates) {
        sign(chain, 1, number, rate);
    }
}

fn create(chain: &mut Chain, dseq: u64, groups: usize, deposit: &str) {
    chain.must("alice", Command::CreateDeployment(chosen_by_hand(dseq, groups, deposit)));
}

fn chosen_by_hand(dseq: u64, groups: usize, deposit: &str) -> NewDeployment {
    let mut new = deployment(dseq, &GROUPS[..groups], deposit);
    new.award = AwardMode::TenantChooses;
    new
}

/// Provider `p<number>` bids for the group of that number and is chosen.
fn sign(chain: &mut Chain, dseq: u64, number: u32, rate: &str) {
    let (order, name) = (order_id("alice", dseq, number, 1), format!("p{number}"));
    chain.bids(order, &[(&name, &format!("{rate}uact"))]);
    chain.must("alice", Command::CreateLease(bid_id(order, &name)));
}

fn id() -> DeploymentId {
    deployment_id("alice", 1)
}

fn lease(number: u32) -> LeaseId {
    lease_id(order_id("alice", 1, number, 1), &format!("p{number}"))
}

/// Goes on to the block at `height` and leaves it open.
fn go_to(chain: &mut Chain, height: u64) {
    while chain.height() < height {
        chain.end();
        chain.begin();
    }
}

/// Goes on to the block that is `blocks` after the start of the leases and leaves it open.
fn after(chain: &mut Chain, blocks: u64) {
    go_to(chain, STARTS + blocks);
}

fn withdraw(chain: &mut Chain, number: u32) {
    chain.must(&format!("p{number}"), Command::Withdraw(lease(number)));
}

fn deposit(text: &str) -> Command {
    Command::deposit(id(), coin(text))
}

/// The code with which a command must be refused.
fn refused(chain: &mut Chain, name: &str, command: Command) -> &'static str {
    chain.send(name, command).expect_err("the command is refused").code().as_str()
}

fn account(chain: &Chain) -> EscrowAccount {
    chain.state().escrow().account(&id()).expect("the account exists").into_owned()
}

/// What is left in the account, in uact.
fn funds(chain: &Chain) -> u128 {
    account(chain).balance().to_micro()
}

/// What a running lease has earned up to the last settlement, paid out or not, in uact.
fn earned(chain: &Chain, number: u32) -> u128 {
    account(chain).payments.get(&lease(number)).expect("it streams").earned.to_micro()
}

/// What a provider was paid, in uact.
fn paid(chain: &Chain, number: u32) -> u128 {
    chain.uact(&format!("p{number}")) - START
}

/// What alice is poorer by than at the start, in uact.
fn spent(chain: &Chain) -> u128 {
    START - chain.uact("alice")
}

fn is_running(chain: &Chain, number: u32) -> bool {
    chain.state().escrow().running_lease(&lease(number)).is_ok()
}

/// How many blocks a lease that ended was paid for, why it ended, and what its provider got in uact.
fn outcome(chain: &Chain, number: u32) -> (u64, LeaseEndReason, u128) {
    let lease = chain.state().escrow().lease(&lease(number)).expect("the lease exists");
    let LeaseState::Ended { at, reason, earned } = lease.state else {
        panic!("{:?}", lease.state);
    };
    (at.to_u64() - STARTS, reason, earned.paid.to_micro())
}
