//! What the scenarios share: one lease to start with, refusals by code, and the end of every story.

use undercut::replay::{Replay, replay_commands};
use undercut::{Command, Event, Params};
use undercut_bidding::BidState;
use undercut_ledger::bank::community_address;
use undercut_ledger::log::{Reader, Record};
use undercut_ledger::{Bank, LeaseEndReason, LeaseState, MemoryBank};
use undercut_orderbook::NewDeployment;
use undercut_primitives::{BlockHeight, Coin, Denom, DeploymentId, LeaseId, OrderId};
use undercut_tests::chain::{Chain, bid_id, deployment, deployment_id, lease_id, order_id};

/// The deployment of most stories: alice's first.
pub(crate) fn alices() -> DeploymentId {
    deployment_id("alice", 1)
}

/// The first order of the first group of [`alices`].
pub(crate) fn west() -> OrderId {
    order_id("alice", 1, 1, 1)
}

/// The first order of the second group of [`alices`].
pub(crate) fn east() -> OrderId {
    order_id("alice", 1, 2, 1)
}

/// A deployment of one group, called `west`.
pub(crate) fn plain(ceiling: &str, deposit: &str) -> NewDeployment {
    deployment(1, &[("west", ceiling)], deposit)
}

/// Serves alice's deployment by p1 at `price`: created in block 1, bid for in block 2, awarded with
/// block 6, which has ended.
pub(crate) fn serve(chain: &mut Chain, new: NewDeployment, price: &str) -> LeaseId {
    chain.register(&["p1"]);
    chain.must("alice", Command::CreateDeployment(new));
    chain.end();
    chain.bids(west(), &[("p1", price)]);
    chain.end_at(6);
    lease_id(west(), "p1")
}

/// A chain on which [`serve`] was played.
pub(crate) fn served(params: Params, new: NewDeployment, price: &str) -> (Chain, LeaseId) {
    let mut chain = Chain::with(params);
    let lease = serve(&mut chain, new, price);
    (chain, lease)
}

/// The code with which a command is refused.
pub(crate) fn refused(chain: &mut Chain, name: &str, command: Command) -> &'static str {
    let rejection = chain.send(name, command).expect_err("the command must be refused");
    rejection.code().as_str()
}

/// How a lease ended: its last block, why, and what went to provider, community pool, and in kind.
pub(crate) fn ended(chain: &Chain, id: &LeaseId) -> (u64, LeaseEndReason, [u128; 3]) {
    match chain.state().escrow().lease(id).expect("the lease exists").state {
        LeaseState::Ended { at, reason, earned } => {
            let parts = [earned.paid, earned.fees, earned.in_kind];
            (at.to_u64(), reason, parts.map(|amount| amount.to_micro()))
        }
        other => panic!("the lease has not ended: {other:?}"),
    }
}

/// Whether a lease runs.
pub(crate) fn runs(chain: &Chain, id: &LeaseId) -> bool {
    chain.state().escrow().lease(id).is_some_and(|lease| lease.state.is_running())
}

/// Where a bid stands.
pub(crate) fn bid_state(chain: &Chain, order: OrderId, name: &str) -> BidState {
    chain.state().bids().bid(&bid_id(order, name)).expect("the bid exists").state
}

/// The block with which the money of alice's deployment ends, as predicted.
pub(crate) fn ends_at(chain: &Chain) -> Option<u64> {
    chain.state().escrow().ends_at(&alices()).map(BlockHeight::to_u64)
}

/// What the community pool has, in micro-units.
pub(crate) fn community(chain: &Chain, denom: &Denom) -> u128 {
    chain.bank.balance(&community_address(), denom).to_micro()
}

/// All that exists of a denom, in micro-units.
pub(crate) fn supply(chain: &Chain, denom: &Denom) -> u128 {
    chain.bank.supply(denom).to_micro()
}

/// A number of micro-units of a denom by its name.
pub(crate) fn micro(amount: u128, denom: &str) -> Coin {
    format!("{amount}{denom}").parse().expect("the test writes a coin")
}

/// Ends the story: the log can be read, folding it and deciding it again lead to its last root.
pub(crate) fn close(chain: &Chain) {
    close_with(chain, MemoryBank::default());
}

/// [`close`] for a market whose host had money of its own in the bank.
pub(crate) fn close_with(chain: &Chain, mut bank: MemoryBank) {
    let read: Vec<Record<Event>> =
        Reader::new(&chain.log).collect::<Result<_, _>>().expect("the log can be read");
    assert_eq!(read, chain.records);
    let mut fold = Replay::default();
    for record in &read {
        fold.apply(record).expect("the record fits");
    }
    assert_eq!(fold.state_root(), chain.state_root(), "folding leads to the same root");
    let engine = replay_commands(&mut bank, &read).expect("the rules were followed");
    assert_eq!(engine.state().rebuilt_root(), chain.state_root(), "and so does deciding");
    assert!(bank.balances().eq(chain.bank.balances()), "with the same money everywhere");
}
