//! Registrations of providers, and what auditors say about them.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use undercut_bidding::{ProviderProfile, Registration, eligibility};
use undercut_primitives::{Attribute, BlockHeight, Provider};

use super::Signer;
use crate::{AttestationEndReason, CommandRejection, Event, ProviderRejection, Rejection, State};

pub(super) fn register(
    state: &State,
    signer: Signer,
    new: &Registration,
) -> Result<Vec<Event>, Rejection> {
    let provider = Provider(signer.address);
    check(new, ProviderProfile::default())?;
    if state.provider(&provider).is_some() {
        return Err(ProviderRejection::Exists { provider }.into());
    }
    Ok(vec![Event::ProviderRegistered { provider, registration: new.clone() }])
}

pub(super) fn update(
    state: &State,
    signer: Signer,
    new: &Registration,
) -> Result<Vec<Event>, Rejection> {
    let provider = Provider(signer.address);
    check(new, ProviderProfile::default())?;
    let mut profile = found(state, provider)?.clone();
    let mut events = vec![Event::ProviderUpdated { provider, registration: new.clone() }];
    if profile.attributes != new.attributes {
        nothing_binds(state, provider)?;
        profile.attributes.clone_from(&new.attributes);
        events.extend(close_bids(state, provider, Some(&profile))?);
    }
    Ok(events)
}

/// Whether no open bid of the provider is binding: it could make its bids ineligible otherwise, and
/// so take back what it may not.
fn nothing_binds(state: &State, provider: Provider) -> Result<(), ProviderRejection> {
    let (params, at) = (&state.params().bid, state.height());
    let orders =
        state.bids().open_of(&provider).filter_map(|bid| state.book().order(&bid.id.order));
    match orders.into_iter().find(|order| params.binds(order, at)) {
        Some(order) => {
            let (bid, due_at) = (order.id.bid(provider), order.due_at);
            Err(ProviderRejection::BidBinds { provider, bid, due_at })
        }
        None => Ok(()),
    }
}

/// Closes the provider's open bids for orders that `profile` is not eligible for, by order; all of
/// them without one.
fn close_bids(
    state: &State,
    provider: Provider,
    profile: Option<&ProviderProfile>,
) -> Result<Vec<Event>, Rejection> {
    let mut events = Vec::new();
    for bid in state.bids().open_of(&provider) {
        let group = state.book().group(&bid.id.order.group);
        let stays = group.zip(profile);
        if stays.is_none_or(|(group, profile)| eligibility(&group.spec, profile).is_err()) {
            events.push(Event::Bid(state.bids().drop_ineligible(&bid.id)?));
        }
    }
    Ok(events)
}

pub(super) fn deregister(state: &State, signer: Signer) -> Result<Vec<Event>, Rejection> {
    let provider = Provider(signer.address);
    found(state, provider)?;
    let leases = state.escrow().running_count(&provider);
    if leases > 0 {
        return Err(ProviderRejection::LeasesRun { provider, leases }.into());
    }
    nothing_binds(state, provider)?;
    let mut events = close_bids(state, provider, None)?;
    events.push(Event::ProviderDeregistered(provider));
    Ok(events)
}

pub(super) fn attest(
    state: &State,
    signer: Signer,
    provider: Provider,
    attributes: &[Attribute],
    expires_at: Option<BlockHeight>,
) -> Result<Vec<Event>, Rejection> {
    let auditor = auditor(state, signer)?.clone();
    let mut profile = found(state, provider)?.clone();
    profile.audits.insert(auditor.clone(), attributes.to_vec());
    profile.check()?;
    let height = state.height();
    if let Some(expires_at) = expires_at.filter(|expires_at| *expires_at < height) {
        return Err(ProviderRejection::AttestationOver { expires_at, height }.into());
    }
    let attributes = attributes.to_vec();
    Ok(vec![Event::ProviderAttested { provider, auditor, attributes, expires_at }])
}

/// Takes back some attributes, or the whole record when none or the last are named.
pub(super) fn revoke(
    state: &State,
    signer: Signer,
    provider: Provider,
    keys: &[String],
) -> Result<Vec<Event>, Rejection> {
    let auditor = auditor(state, signer)?.clone();
    let record = state.provider_record(&provider);
    let record = record.ok_or(ProviderRejection::NotFound { provider })?;
    let Some(signed) = record.profile.audits.get(&auditor) else {
        return Err(ProviderRejection::AttestationNotFound { provider, auditor }.into());
    };
    let is_signed = |key: &&String| signed.iter().any(|attribute| attribute.key == **key);
    if let Some(key) = keys.iter().find(|key| !is_signed(key)) {
        let key = key.chars().take(80).collect();
        return Err(ProviderRejection::AttributeNotFound { provider, auditor, key }.into());
    }
    let is_kept = |attribute: &&Attribute| !keys.is_empty() && !keys.contains(&attribute.key);
    let attributes: Vec<Attribute> = signed.iter().filter(is_kept).cloned().collect();
    if attributes.is_empty() {
        let reason = AttestationEndReason::Revoked;
        return Ok(vec![Event::AttestationEnded { provider, auditor, reason }]);
    }
    let expires_at = record.audits_expire_at.get(&auditor).copied();
    Ok(vec![Event::ProviderAttested { provider, auditor, attributes, expires_at }])
}

fn check(new: &Registration, mut profile: ProviderProfile) -> Result<(), Rejection> {
    new.check()?;
    profile.attributes.clone_from(&new.attributes);
    Ok(profile.check()?)
}

fn found(state: &State, provider: Provider) -> Result<&ProviderProfile, ProviderRejection> {
    state.provider(&provider).ok_or(ProviderRejection::NotFound { provider })
}

/// The name by which manifests know the auditor who signed.
fn auditor(state: &State, signer: Signer) -> Result<&String, CommandRejection> {
    let auditors = &state.genesis().auditors;
    let auditor = auditors.iter().find(|(_, address)| *address == signer.address);
    let (auditor, _) = auditor.ok_or(signer.not_allowed("an auditor of the genesis"))?;
    Ok(auditor)
}
