//! What must hold after every block, one function each. The simulation asks them all.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use undercut_bidding::{Bid, BidState};
use undercut_ledger::Bank;
use undercut_ledger::bank::{escrow_address, vault_address};
use undercut_orderbook::OrderState;
use undercut_primitives::{Amount, Denom, Misfit, OrderId};

use crate::State;

/// Asks every invariant and returns the first that does not hold.
///
/// # Errors
///
/// [`Misfit`] naming what does not hold.
pub fn check_all(state: &State, bank: &impl Bank) -> Result<(), Misfit> {
    escrow_covers_accounts_and_deposits(state, bank)?;
    vault_covers_collateral_and_requests(state, bank)?;
    closed_accounts_hold_nothing(state)?;
    one_active_lease_per_matched_order(state)?;
    no_open_bid_without_open_order(state)?;
    leases_stream_while_they_run(state)
}

/// The escrow account at the bank holds exactly what accounts and bid deposits say it holds.
///
/// # Errors
///
/// [`Misfit`] when it holds more or less.
pub fn escrow_covers_accounts_and_deposits(state: &State, bank: &impl Bank) -> Result<(), Misfit> {
    let mut expected: BTreeMap<Denom, Amount> = BTreeMap::new();
    // Settled bids hold nothing, but their denoms are asked for.
    let held = |bid: &Bid| match bid.state {
        BidState::Open | BidState::Active => bid.deposit.amount,
        BidState::Lost | BidState::Closed(_) => Amount::ZERO,
    };
    let deposits = state.bids().bids().map(|bid| (bid.deposit.denom.clone(), held(&bid)));
    let accounts = state.escrow().accounts();
    let balances = accounts.flat_map(|account| {
        let unpaid = (account.denom.clone(), account.unpaid());
        let left = account.into_owned().deposits.into_iter();
        left.map(|one| (one.coin.denom, one.coin.amount)).chain([unpaid])
    });
    for (denom, amount) in deposits.chain(balances) {
        let sum = expected.entry(denom).or_default();
        *sum = sum.plus(amount).map_err(|_| Misfit::new("the escrow's sum overflows"))?;
    }
    let holds =
        |(denom, amount): (Denom, Amount)| bank.balance(&escrow_address(), &denom) == amount;
    if expected.into_iter().all(holds) {
        return Ok(());
    }
    Err(Misfit::new("the escrow holds not what accounts and bid deposits add up to"))
}

/// The vault's account at the bank holds its collateral and the AKT of waiting requests.
///
/// # Errors
///
/// [`Misfit`] when it holds more or less.
pub fn vault_covers_collateral_and_requests(state: &State, bank: &impl Bank) -> Result<(), Misfit> {
    let vault = state.vault();
    let waiting = vault.requests().filter(|request| request.burned.denom == Denom::uakt());
    let mut waiting = waiting.map(|request| request.burned.amount);
    let expected = waiting.try_fold(vault.books().collateral_uakt, Amount::plus);
    if expected.is_ok_and(|sum| bank.balance(&vault_address(), &Denom::uakt()) == sum) {
        return Ok(());
    }
    Err(Misfit::new("the vault holds not its collateral and the waiting requests"))
}

/// A closed account has neither money nor a running payment.
///
/// # Errors
///
/// [`Misfit`] when one has.
pub fn closed_accounts_hold_nothing(state: &State) -> Result<(), Misfit> {
    let mut closed = state.escrow().accounts().filter(|account| !account.is_open());
    if closed.all(|account| account.deposits.is_empty() && account.payments.is_empty()) {
        return Ok(());
    }
    Err(Misfit::new("a closed account holds money"))
}

/// Every active order has exactly one active lease, and every active lease an active order.
///
/// # Errors
///
/// [`Misfit`] when one has not.
pub fn one_active_lease_per_matched_order(state: &State) -> Result<(), Misfit> {
    let active = state.escrow().leases().filter(|lease| lease.state.is_running());
    let leased: Vec<OrderId> = active.map(|lease| lease.signed.terms.id.order()).collect();
    let orders = state.book().orders().filter(|order| order.state == OrderState::Active);
    // Both come sorted by order id.
    if leased.into_iter().eq(orders.map(|order| order.id)) {
        return Ok(());
    }
    Err(Misfit::new("active orders and active leases do not pair up"))
}

/// Only open orders have open bids: after an award every loser was settled (beats W1).
///
/// # Errors
///
/// [`Misfit`] when a bid is open on another order.
pub fn no_open_bid_without_open_order(state: &State) -> Result<(), Misfit> {
    let mut open = state.bids().bids().filter(|bid| bid.state == BidState::Open);
    let fits = |order: &OrderId| state.book().order(order).is_some_and(|order| order.is_open());
    if open.all(|bid| fits(&bid.id.order)) {
        return Ok(());
    }
    Err(Misfit::new("a bid is open on an order that is not"))
}

/// A lease is active exactly while a payment streams to its provider.
///
/// # Errors
///
/// [`Misfit`] when one is without the other.
pub fn leases_stream_while_they_run(state: &State) -> Result<(), Misfit> {
    let mut leases = state.escrow().leases();
    let fits = leases.all(|lease| {
        let id = lease.signed.terms.id;
        let account = state.escrow().account(&id.deployment());
        let streams = account.is_some_and(|account| account.payments.contains_key(&id));
        streams == lease.state.is_running()
    });
    if fits { Ok(()) } else { Err(Misfit::new("a lease and its payment disagree")) }
}
