//! Deployments and groups: created, updated, paused, started, closed.

use alloc::vec::Vec;

use undercut_ledger::{LeaseEndReason, NewAccount, Purpose};
use undercut_orderbook::{GroupState, NewDeployment, Opening, OrderClosedReason, OrderEvent};
use undercut_primitives::{DeploymentId, GroupId, OrderId, Tenant};

use super::Signer;
use crate::{Event, Rejection, State};

/// The block in which orders open now.
pub(super) fn opening(state: &State) -> Opening {
    Opening { at: state.height(), entropy: state.context().entropy }
}

pub(super) fn create_deployment(
    state: &State,
    signer: Signer,
    new: &NewDeployment,
) -> Result<Vec<Event>, Rejection> {
    let params = state.params();
    let tenant = Tenant(signer.address);
    let orders = state.book().create(tenant, new, signer.consent, opening(state), &params.order)?;
    // The groups were just found to have one denom.
    let denom = orders.iter().find_map(|event| match event {
        OrderEvent::OrderOpened(order) => Some(&order.ceiling.denom),
        _ => None,
    });
    let (deposit, at) = (&new.deposit, state.height());
    let account = NewAccount {
        id: DeploymentId { tenant, dseq: new.dseq },
        denom: denom.unwrap_or(&deposit.denom),
        deposit,
        grace: new.grace,
        at,
    };
    let (allowances, purpose) = (state.allowances(), Purpose::Deployment);
    let deposits = allowances.fund(signer.address, deposit, &new.payers, purpose, at);
    let account = match deposits {
        Ok(deposits) => state.escrow().open_account(&account, deposits, &params.ledger)?,
        // What is wrong with the deposit itself is told first.
        Err(rejection) => {
            state.escrow().open_account(&account, Vec::new(), &params.ledger)?;
            return Err(rejection.into());
        }
    };
    let mut events: Vec<Event> = orders.into_iter().map(Event::Order).collect();
    // The account stands before the orders that it will pay for.
    events.splice(1..1, account.into_iter().map(Event::Ledger));
    Ok(events)
}

pub(super) fn pause_group(
    state: &State,
    signer: Signer,
    id: &GroupId,
) -> Result<Vec<Event>, Rejection> {
    signer.must_be(id.deployment.tenant.0, "the tenant")?;
    let orders = state.book().pause_group(id)?;
    end_group_lease(state, orders)
}

/// Money must be there for the lease that is asked for: a paused account has to be topped up first.
pub(super) fn start_group(
    state: &State,
    signer: Signer,
    id: &GroupId,
) -> Result<Vec<Event>, Rejection> {
    signer.must_be(id.deployment.tenant.0, "the tenant")?;
    let orders = state.book().start_group(id, opening(state), &state.params().order)?;
    state.escrow().paying(&id.deployment)?;
    Ok(orders.into_iter().map(Event::Order).collect())
}

/// With its last group a deployment ends, and what is left of its money goes back.
pub(super) fn close_group(
    state: &State,
    signer: Signer,
    id: &GroupId,
) -> Result<Vec<Event>, Rejection> {
    signer.must_be(id.deployment.tenant.0, "the tenant")?;
    let orders = state.book().close_group(id)?;
    let mut others = state.book().groups_of(id.deployment).filter(|group| group.id != *id);
    if others.all(|group| group.state == GroupState::Closed) {
        return close_deployment(state, &id.deployment, LeaseEndReason::Tenant);
    }
    end_group_lease(state, orders)
}

/// The events of a group's order that closes: its lease ends first, then its bids.
fn end_group_lease(state: &State, orders: Vec<OrderEvent>) -> Result<Vec<Event>, Rejection> {
    let mut events = Vec::new();
    for event in &orders {
        if let OrderEvent::OrderClosed { id, .. } = event {
            if let Some(lease) = state.bids().active(id) {
                let reason = LeaseEndReason::Tenant;
                let ended = state.escrow().end_lease(&lease, state.height(), reason)?;
                events.extend(ended.into_iter().map(Event::Ledger));
            }
            events.extend(state.bids().close_order(id).into_iter().map(Event::Bid));
        }
    }
    events.extend(orders.into_iter().map(Event::Order));
    Ok(events)
}

/// Ends a deployment with everything that hangs on it.
pub(crate) fn close_deployment(
    state: &State,
    id: &DeploymentId,
    reason: LeaseEndReason,
) -> Result<Vec<Event>, Rejection> {
    let orders = state.book().close_deployment(id)?;
    let account = state.escrow().close_account(id, state.height(), reason)?;
    let mut events: Vec<Event> = account.into_iter().map(Event::Ledger).collect();
    for event in &orders {
        if let OrderEvent::OrderClosed { id, .. } = event {
            events.extend(state.bids().close_order(id).into_iter().map(Event::Bid));
        }
    }
    events.extend(orders.into_iter().map(Event::Order));
    Ok(events)
}

/// What becomes of a group whose order found no lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GroupThen {
    /// It is over.
    Closed,
    /// It waits for its tenant.
    Paused,
    /// It is put to auction again.
    Relisted,
}

/// Ends an order that found no lease, with its bids.
pub(crate) fn close_order(
    state: &State,
    id: &OrderId,
    reason: OrderClosedReason,
    then: GroupThen,
) -> Vec<Event> {
    let bids = state.bids().close_order(id).into_iter().map(Event::Bid);
    let group = id.group;
    let next = match then {
        GroupThen::Closed => OrderEvent::GroupClosed(group),
        GroupThen::Paused => OrderEvent::GroupPaused(group),
        GroupThen::Relisted => {
            let again = state.book().relist(&group, opening(state), &state.params().order);
            again.unwrap_or(OrderEvent::GroupPaused(group))
        }
    };
    let orders = [OrderEvent::OrderClosed { id: *id, reason }, next];
    bids.chain(orders.map(Event::Order)).collect()
}
