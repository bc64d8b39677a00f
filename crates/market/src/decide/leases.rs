//! Bids and leases: placed, lowered, awarded, announced to end, ended.

use alloc::vec;
use alloc::vec::Vec;

use undercut_bidding::{Award, BidEvent, BidOrigin, BidRejection, Bundle, NewBid, eligibility};
use undercut_ledger::{Draws, LeaseEndReason, LeaseTerms, ProviderReason, Purpose, SignedLease};
use undercut_orderbook::{AwardMode, OrderClosedReason, OrderEvent, OrderRejection};
use undercut_primitives::{BidId, Consent, LeaseId, PricePerBlock, Provider};

use super::Signer;
use super::orders::opening;
use crate::{BUNDLE_BIDS_MAX, CommandRejection, Event, Rejection, State};

pub(super) fn create_bid(
    state: &State,
    signer: Signer,
    new: &NewBid,
) -> Result<Vec<Event>, Rejection> {
    let params = state.params();
    let (order, group) = state.book().open_order_of_group(&new.order)?;
    let bidder = bidder(state, signer);
    let windows = &params.order.reclamation;
    let placed = state.bids().admit(&order, &group, new, bidder, &params.bid, windows)?;
    let (coin, payers) = (&new.deposit, &new.payers);
    state.allowances().fund(signer.address, coin, payers, Purpose::Bid, bidder.at)?;
    Ok(vec![Event::Bid(placed)])
}

/// Each bid as if those before it stood already; the first that is refused names the rejection. That
/// there is money for all of them is asked afterwards, as of every command.
pub(super) fn create_bids(
    state: &State,
    signer: Signer,
    bids: &[NewBid],
) -> Result<Vec<Event>, Rejection> {
    let (count, bids_max) = (bids.len(), BUNDLE_BIDS_MAX);
    if count == 0 || count > bids_max {
        return Err(CommandRejection::BidCount { bids: count, bids_max }.into());
    }
    let bidder = bidder(state, signer);
    let (mut bundle, mut draws) = (state.bids().bundle(), state.allowances().draws());
    let mut events = Vec::with_capacity(count);
    for new in bids {
        let placed = next_bid(state, bidder, new, &mut bundle, &mut draws);
        let placed = placed.map_err(|why| Rejection::bundled(new.order, why))?;
        events.push(Event::Bid(placed));
    }
    Ok(events)
}

fn next_bid(
    state: &State,
    bidder: BidOrigin<'_>,
    new: &NewBid,
    bundle: &mut Bundle<'_>,
    draws: &mut Draws<'_>,
) -> Result<BidEvent, Rejection> {
    let params = state.params();
    let (order, group) = state.book().open_order_of_group(&new.order)?;
    let windows = &params.order.reclamation;
    let placed = bundle.admit(&order, &group, new, bidder, &params.bid, windows)?;
    let (signer, coin, payers) = (bidder.provider.0, &new.deposit, &new.payers);
    draws.fund(signer, coin, payers, Purpose::Bid, bidder.at)?;
    Ok(placed)
}

fn bidder(state: &State, signer: Signer) -> BidOrigin<'_> {
    let provider = Provider(signer.address);
    let (profile, at) = (state.provider(&provider), state.height());
    BidOrigin { provider, profile, consent: signer.consent, at }
}

pub(super) fn reprice_bid(
    state: &State,
    signer: Signer,
    id: &BidId,
    price: &PricePerBlock,
) -> Result<Vec<Event>, Rejection> {
    signer.must_be(id.provider.0, "the provider")?;
    Ok(vec![Event::Bid(state.bids().reprice(id, price, signer.consent)?)])
}

pub(super) fn close_bid(
    state: &State,
    signer: Signer,
    id: &BidId,
) -> Result<Vec<Event>, Rejection> {
    signer.must_be(id.provider.0, "the provider")?;
    let bids = state.bids();
    bids.open_bid(id)?;
    let order = state.book().open_order(&id.order)?;
    Ok(vec![Event::Bid(bids.withdraw(id, &order, state.height(), &state.params().bid)?)])
}

/// The tenant names the winner.
pub(super) fn create_lease(
    state: &State,
    signer: Signer,
    id: BidId,
) -> Result<Vec<Event>, Rejection> {
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
        reclamation: bid.reclamation,
        take_rate_bps: state.params().ledger.take_rate_bps(&bid.price.denom),
    };
    let lease = SignedLease { terms, tenant, provider: bid.consent };
    let signed = state.escrow().sign_lease(lease)?;
    let mut events = vec![Event::Order(OrderEvent::OrderMatched(id.order))];
    events.extend(state.bids().settle_award(award).into_iter().map(Event::Bid));
    events.push(Event::Ledger(signed));
    Ok(events)
}

pub(super) fn close_lease(
    state: &State,
    signer: Signer,
    id: LeaseId,
    reason: ProviderReason,
) -> Result<Vec<Event>, Rejection> {
    let by_tenant = signer.address == id.order().tenant().0;
    let reason = if by_tenant {
        LeaseEndReason::Tenant
    } else {
        signer.must_be(id.provider().0, "the tenant or the provider")?;
        state.escrow().check_provider_may_end(&id, state.context().time)?;
        LeaseEndReason::Provider(reason)
    };
    let ended = state.escrow().end_lease(&id, state.height(), reason)?;
    let mut events: Vec<Event> = ended.into_iter().map(Event::Ledger).collect();
    let order = id.order();
    events.extend(state.bids().close_order(&order).into_iter().map(Event::Bid));
    let closed = OrderEvent::OrderClosed { id: order, reason: OrderClosedReason::LeaseEnded };
    events.push(Event::Order(closed));
    // A market that takes such groups no more, after a change of parameters, leaves it paused; so
    // does an account that waits for a top-up.
    let next = state.book().relist(&order.group, opening(state), &state.params().order);
    let next = next.ok().filter(|_| by_tenant && state.escrow().paying(&id.deployment()).is_ok());
    events.push(Event::Order(next.unwrap_or(OrderEvent::GroupPaused(order.group))));
    Ok(events)
}

pub(super) fn start_reclamation(
    state: &State,
    signer: Signer,
    id: &LeaseId,
    reason: ProviderReason,
) -> Result<Vec<Event>, Rejection> {
    signer.must_be(id.provider().0, "the provider")?;
    let (at, now) = (state.height(), state.context().time);
    Ok(vec![Event::Ledger(state.escrow().start_reclamation(id, at, now, reason)?)])
}
