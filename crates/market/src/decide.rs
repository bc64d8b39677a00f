//! What a command does: a table from commands to the rules of the crates below.
//!
//! Reads and cannot write. The events of one command are decided on the state before it; where a
//! rule needs its own earlier steps, the crate below makes them on a copy of the one account.

use alloc::vec;
use alloc::vec::Vec;

use undercut_bidding::{Award, BidOrigin, BidRejection, eligibility};
use undercut_ledger::{LeaseEndReason, LeaseTerms, LedgerEvent, SignedLease};
use undercut_orderbook::{
    AwardMode, NewDeployment, Opening, OrderClosedReason, OrderEvent, OrderRejection,
};
use undercut_primitives::{
    Address, Attribute, BidId, Consent, DeploymentId, LeaseId, OrderId, Provider, Tenant,
};

use crate::{Command, CommandRejection, Event, Rejection, State};

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signer {
    pub(crate) address: Address,
    pub(crate) consent: Consent,
}

impl Signer {
    /// Refuses everyone but `allowed`.
    fn must_be(self, allowed: Address, authority: &'static str) -> Result<(), CommandRejection> {
        if self.address == allowed {
            return Ok(());
        }
        Err(CommandRejection::NotAllowed { signer: self.address, authority })
    }
}

/// The events of a command, in order.
pub(crate) fn decide(
    state: &State,
    signer: Signer,
    command: &Command,
) -> Result<Vec<Event>, Rejection> {
    let params = &state.genesis().params;
    match command {
        Command::RegisterProvider { attributes } => {
            let (provider, attributes) = (Provider(signer.address), attributes.clone());
            let mut profile = state.provider(&provider).cloned().unwrap_or_default();
            profile.attributes.clone_from(&attributes);
            profile.check()?;
            Ok(vec![Event::ProviderRegistered { provider, attributes }])
        }
        Command::AttestProvider { provider, attributes } => {
            attest(state, signer, *provider, attributes)
        }
        Command::CreateDeployment(new) => create_deployment(state, signer, new),
        Command::CloseDeployment(id) => {
            signer.must_be(id.tenant.0, "the tenant")?;
            close_deployment(state, id, LeaseEndReason::Tenant)
        }
        Command::Deposit { deployment, coin } => {
            let event = state.escrow().deposit(deployment, signer.address, coin)?;
            Ok(vec![Event::Ledger(event)])
        }
        Command::CreateBid(new) => {
            let order = state.book().open_order(&new.order)?;
            let id = new.order.group;
            let group = state.book().group(&id).ok_or(OrderRejection::GroupNotFound { id })?;
            let provider = Provider(signer.address);
            let (profile, at) = (state.provider(&provider), state.height());
            let bidder = BidOrigin { provider, profile, consent: signer.consent, at };
            let events = state.bids().admit(order, group, new, bidder, &params.bid)?;
            Ok(events.into_iter().map(Event::Bid).collect())
        }
        Command::CloseBid(id) => {
            signer.must_be(id.provider.0, "the provider")?;
            let bids = state.bids();
            bids.open_bid(id)?;
            let order = state.book().open_order(&id.order)?;
            Ok(vec![Event::Bid(bids.withdraw(id, order, state.height(), &params.bid)?)])
        }
        Command::CreateLease(id) => create_lease(state, signer, *id),
        Command::CloseLease(id) => close_lease(state, signer, *id),
        Command::Withdraw(id) => {
            signer.must_be(id.provider().0, "the provider")?;
            let events = state.escrow().withdraw(id, state.height())?;
            Ok(events.into_iter().map(Event::Ledger).collect())
        }
        Command::Burn(coin) => {
            let (at, price) = (state.height(), state.usable_price());
            let event = state.vault().request(signer.address, coin, at, price, &params.bme)?;
            Ok(vec![Event::Ledger(LedgerEvent::Vault(event))])
        }
    }
}

fn attest(
    state: &State,
    signer: Signer,
    provider: Provider,
    attributes: &[Attribute],
) -> Result<Vec<Event>, Rejection> {
    let auditors = &state.genesis().auditors;
    let auditor = auditors.iter().find(|(_, address)| *address == signer.address);
    let (auditor, _) = auditor.ok_or(CommandRejection::NotAllowed {
        signer: signer.address,
        authority: "an auditor of the genesis",
    })?;
    let unknown = BidRejection::UnknownProvider { provider };
    let mut profile = state.provider(&provider).cloned().ok_or(unknown)?;
    let (auditor, attributes) = (auditor.clone(), attributes.to_vec());
    profile.audits.insert(auditor.clone(), attributes.clone());
    profile.check()?;
    Ok(vec![Event::ProviderAttested { provider, auditor, attributes }])
}

fn opening(state: &State) -> Opening {
    Opening { at: state.height(), entropy: state.context().entropy }
}

fn create_deployment(
    state: &State,
    signer: Signer,
    new: &NewDeployment,
) -> Result<Vec<Event>, Rejection> {
    let params = &state.genesis().params;
    let tenant = Tenant(signer.address);
    let orders = state.book().create(tenant, new, signer.consent, opening(state), &params.order)?;
    // The groups were just found to have one denom.
    let denom = orders.iter().find_map(|event| match event {
        OrderEvent::OrderOpened(order) => Some(&order.ceiling.denom),
        _ => None,
    });
    let denom = denom.unwrap_or(&new.deposit.denom);
    let id = DeploymentId { tenant, dseq: new.dseq };
    let at = state.height();
    let account = state.escrow().open_account(id, denom, &new.deposit, at, &params.ledger)?;
    let mut events: Vec<Event> = orders.into_iter().map(Event::Order).collect();
    // The account stands before the orders that it will pay for.
    events.splice(1..1, account.into_iter().map(Event::Ledger));
    Ok(events)
}

/// The tenant names the winner.
fn create_lease(state: &State, signer: Signer, id: BidId) -> Result<Vec<Event>, Rejection> {
    signer.must_be(id.order.tenant().0, "the tenant")?;
    let order = state.book().open_order(&id.order)?;
    if order.award != AwardMode::TenantChooses {
        return Err(OrderRejection::AwardedByPrice { id: id.order }.into());
    }
    state.bids().open_bid(&id)?;
    eligible(state, &id)?;
    award(state, Award { bid: id }, signer.consent)
}

/// Whether the bidder still is what the order asks for (beats W11).
pub(crate) fn eligible(state: &State, id: &BidId) -> Result<(), BidRejection> {
    let unknown = BidRejection::UnknownProvider { provider: id.provider };
    let (profile, group) = (state.provider(&id.provider), state.book().group(&id.order.group));
    let (Some(profile), Some(group)) = (profile, group) else { return Err(unknown) };
    Ok(eligibility(&group.spec, profile)?)
}

/// The events of an award: order matched, bids won and lost, lease signed by both.
pub(crate) fn award(state: &State, award: Award, tenant: Consent) -> Result<Vec<Event>, Rejection> {
    let id = award.bid;
    let bid = state.bids().open_bid(&id)?;
    let deployment = state.book().active_deployment(&id.order.deployment())?;
    let terms = LeaseTerms {
        id: LeaseId(id),
        price: bid.price.clone(),
        starts_at: state.height(),
        version_hash: deployment.version_hash,
    };
    let lease = SignedLease { terms, tenant, provider: bid.consent };
    let signed = state.escrow().sign_lease(lease)?;
    let mut events = vec![Event::Order(OrderEvent::OrderMatched(id.order))];
    events.extend(state.bids().settle_award(award).into_iter().map(Event::Bid));
    events.push(Event::Ledger(signed));
    Ok(events)
}

fn close_lease(state: &State, signer: Signer, id: LeaseId) -> Result<Vec<Event>, Rejection> {
    let by_tenant = signer.address == id.order().tenant().0;
    if !by_tenant {
        signer.must_be(id.provider().0, "the tenant or the provider")?;
    }
    let reason = if by_tenant { LeaseEndReason::Tenant } else { LeaseEndReason::Provider };
    let ended = state.escrow().end_lease(&id, state.height(), reason)?;
    let mut events: Vec<Event> = ended.into_iter().map(Event::Ledger).collect();
    let order = id.order();
    events.extend(state.bids().close_order(&order).into_iter().map(Event::Bid));
    let closed = OrderEvent::OrderClosed { id: order, reason: OrderClosedReason::LeaseEnded };
    events.push(Event::Order(closed));
    let next = if by_tenant {
        state.book().relist(&order.group, opening(state), &state.genesis().params.order)?
    } else {
        OrderEvent::GroupPaused(order.group)
    };
    events.push(Event::Order(next));
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

/// Ends an order that found no lease, with its bids and its group.
pub(crate) fn close_order(state: &State, id: &OrderId, reason: OrderClosedReason) -> Vec<Event> {
    let bids = state.bids().close_order(id).into_iter().map(Event::Bid);
    let orders = state.book().close_order(id, reason).into_iter().map(Event::Order);
    bids.chain(orders).collect()
}
