//! What the cases share: outcomes as codes, blocks at chosen times, leases in chosen blocks.

use undercut::{BlockContext, Command, Event, Receipt, Rejection, invariants};
use undercut_ledger::oracle::OraclePrice;
use undercut_ledger::{LeaseEndReason, LeaseState};
use undercut_orderbook::{AwardMode, GroupState, NewDeployment};
use undercut_primitives::{BlockTime, GroupId, LeaseId, OrderId};
use undercut_tests::chain::{Chain, bid_id, deployment, lease_id};

/// `ok`, or the code of the refusal.
pub(crate) fn code(answer: Result<Receipt, Rejection>) -> &'static str {
    answer.map_or_else(|rejection| rejection.code().as_str(), |_| "ok")
}

/// What comes of a command in the open block: `ok`, or the code of the refusal.
pub(crate) fn outcome(chain: &mut Chain, name: &str, command: Command) -> &'static str {
    code(chain.send(name, command))
}

/// Plays the next block, which is of this time, with commands by their signers: what came of each,
/// and what happened in the block. The host's price, if it has one, is of the same time.
pub(crate) fn block_at(
    chain: &mut Chain,
    time: BlockTime,
    commands: &[(&str, Command)],
) -> (Vec<&'static str>, Vec<Event>) {
    let price = chain.price.map(|usd_per_akt| OraclePrice { usd_per_akt, published_at: time });
    let context = BlockContext { time, price, ..chain.next_context() };
    chain.engine.begin_block(context).expect("the next block opens");
    let mut outcomes = Vec::new();
    for (name, command) in commands {
        let signed = chain.sign(name, command.clone());
        outcomes.push(code(chain.engine.execute(&mut chain.bank, &signed)));
    }
    let outcome = chain.engine.end_block(&mut chain.bank).expect("the block ends");
    invariants::check_all(chain.state(), &chain.bank).expect("the invariants hold");
    assert_eq!(outcome.state_root, chain.state().rebuilt_root());
    (outcomes, outcome.records.into_iter().map(|record| record.event).collect())
}

/// A deployment whose tenant names the winners.
pub(crate) fn chosen(dseq: u64, groups: &[(&str, &str)], deposit: &str) -> NewDeployment {
    NewDeployment { award: AwardMode::TenantChooses, ..deployment(dseq, groups, deposit) }
}

/// Has a provider bid for an order of alice's and alice choose it, in the open block.
pub(crate) fn lease(chain: &mut Chain, order: OrderId, name: &str, price: &str) -> LeaseId {
    chain.bids(order, &[(name, price)]);
    chain.must("alice", Command::CreateLease(bid_id(order, name)));
    lease_id(order, name)
}

/// Where a lease stands.
pub(crate) fn lease_state(chain: &Chain, lease: LeaseId) -> LeaseState {
    chain.state().escrow().lease(&lease).expect("the lease was signed").state
}

/// The last block that a lease was paid for, and why it ended.
pub(crate) fn ended(chain: &Chain, lease: LeaseId) -> (u64, LeaseEndReason) {
    match lease_state(chain, lease) {
        LeaseState::Ended { at, reason, .. } => (at.to_u64(), reason),
        running => panic!("{running:?}"),
    }
}

/// Where a group stands, and how many orders it has had.
pub(crate) fn group_state(chain: &Chain, id: GroupId) -> (GroupState, u32) {
    let group = chain.state().book().group(&id).expect("the group was created");
    (group.state, group.orders)
}
