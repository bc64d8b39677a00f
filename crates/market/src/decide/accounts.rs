//! Money: deposits, allowances, withdrawals, burns, and the price of AKT.

use alloc::vec;
use alloc::vec::Vec;

use undercut_ledger::bme::VaultEvent;
use undercut_ledger::oracle::PricePoint;
use undercut_ledger::{AllowanceId, LedgerEvent, NewAllowance, Purpose};
use undercut_primitives::{Address, Coin, Contribution, DeploymentId, LeaseId, Provider};

use super::Signer;
use crate::{Event, Rejection, State};

pub(super) fn deposit(
    state: &State,
    signer: Signer,
    deployment: &DeploymentId,
    coin: &Coin,
    payers: &[Contribution],
) -> Result<Vec<Event>, Rejection> {
    let at = state.height();
    let deposits =
        state.allowances().fund(signer.address, coin, payers, Purpose::Deployment, at)?;
    let fallback = state.fallback_price();
    Ok(events(state.escrow().deposit(deployment, coin, deposits, at, fallback.as_ref())?))
}

pub(super) fn withdraw(
    state: &State,
    signer: Signer,
    lease: &LeaseId,
) -> Result<Vec<Event>, Rejection> {
    signer.must_be(lease.provider().0, "the provider")?;
    Ok(events(state.escrow().withdraw(lease, state.height())?))
}

pub(super) fn withdraw_all(
    state: &State,
    signer: Signer,
    from: Option<&LeaseId>,
) -> Result<Vec<Event>, Rejection> {
    let provider = Provider(signer.address);
    Ok(events(state.escrow().withdraw_all(&provider, from, state.height())?))
}

pub(super) fn grant_allowance(
    state: &State,
    signer: Signer,
    new: &NewAllowance,
) -> Result<Vec<Event>, Rejection> {
    let (id, allowance) = state.allowances().grant(signer.address, new, state.height())?;
    Ok(vec![Event::Ledger(LedgerEvent::AllowanceGranted { id, allowance })])
}

pub(super) fn revoke_allowance(
    state: &State,
    signer: Signer,
    grantee: Address,
) -> Result<Vec<Event>, Rejection> {
    let id = state.allowances().find(AllowanceId { grantee, granter: signer.address })?;
    Ok(vec![Event::Ledger(LedgerEvent::AllowanceRevoked(id))])
}

pub(super) fn burn(state: &State, signer: Signer, coin: &Coin) -> Result<Vec<Event>, Rejection> {
    let (at, price) = (state.height(), state.usable_price());
    let params = &state.params().bme;
    vault(state.vault().request(signer.address, coin, at, price.as_ref(), params)?)
}

pub(super) fn cancel_burn(state: &State, signer: Signer, id: u64) -> Result<Vec<Event>, Rejection> {
    vault(state.vault().cancel(id, signer.address)?)
}

pub(super) fn fund_vault(
    state: &State,
    signer: Signer,
    coin: &Coin,
) -> Result<Vec<Event>, Rejection> {
    vault(state.vault().fund(signer.address, coin)?)
}

pub(super) fn post_price(
    state: &State,
    signer: Signer,
    point: PricePoint,
) -> Result<Vec<Event>, Rejection> {
    let (now, params) = (state.context().time, &state.params().oracle);
    Ok(vec![Event::Oracle(state.oracle().post(signer.address, point, now, params)?)])
}

fn events(events: Vec<LedgerEvent>) -> Vec<Event> {
    events.into_iter().map(Event::Ledger).collect()
}

#[allow(clippy::unnecessary_wraps, reason = "ends a rule that can be refused")]
fn vault(event: VaultEvent) -> Result<Vec<Event>, Rejection> {
    Ok(vec![Event::Ledger(LedgerEvent::Vault(event))])
}
