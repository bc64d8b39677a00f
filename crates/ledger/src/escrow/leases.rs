//! `Leases`: all leases by account, each without what others say too.
//!
//! Most accounts have one lease. Its consents are those of its deployment and its bid, which are held
//! there already, the former with the hash of the manifest; its terms but the price are those of others
//! that were awarded in the same block; and while it is simply active there is no more to say. That
//! leaves 64 bytes each.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use undercut_primitives::few::{Few, Recent};
use undercut_primitives::indexed::Providers;
use undercut_primitives::{
    BlockHeight, Consent, Decimal, Denom, DeploymentId, Digest, GroupId, KeptConsent, LeaseId,
    PricePerBlock, Provider, Signers, TimeSpan,
};

use crate::{Lease, LeaseState, LeaseTerms, SignedLease};

/// Consents of a tenant and a provider that are kept elsewhere.
#[derive(Clone, Copy, Debug, Default)]
pub struct Held<'a> {
    /// The tenant's to the deployment, with the hash of the manifest.
    pub of_deployment: Option<&'a KeptConsent<Digest>>,
    /// The provider's to the bid.
    pub of_bid: Option<&'a KeptConsent>,
}

/// Leases by the handle of their account, there by id.
#[derive(Clone, Debug, Default)]
pub(super) struct Leases {
    of_accounts: Vec<Few<Kept>>,
    providers: Providers,
    signers: Signers,
    terms: Recent<Terms>,
}

/// What a lease is called within its account.
type Name = (u32, u32, Provider);

#[derive(Clone, Debug)]
struct Kept {
    gseq: u32,
    oseq: u32,
    /// Its number.
    provider: u32,
    /// Atoms in the denom of the terms, as bytes: without a number's gaps.
    price: [u8; 16],
    terms: Arc<Terms>,
    /// With the hash of the manifest.
    by_tenant: KeptConsent<Digest>,
    by_provider: KeptConsent,
    /// `None` while it is active.
    state: Option<Box<LeaseState>>,
}

/// What a lease has in common with others.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Terms {
    denom: Denom,
    starts_at: BlockHeight,
    reclamation: Option<TimeSpan>,
    take_rate_bps: u32,
}

impl Kept {
    fn name(&self, names: &Providers) -> Name {
        (self.gseq, self.oseq, names.address(self.provider))
    }

    fn state(&self) -> LeaseState {
        self.state.as_deref().copied().unwrap_or(LeaseState::Active)
    }

    fn get(&self, deployment: DeploymentId, names: &Providers) -> Lease {
        let price = Decimal::from_atoms(u128::from_le_bytes(self.price));
        let Terms { denom, starts_at, reclamation, take_rate_bps } = &*self.terms;
        let order = GroupId { deployment, gseq: self.gseq }.order(self.oseq);
        let terms = LeaseTerms {
            id: LeaseId(order.bid(names.address(self.provider))),
            price: PricePerBlock::new(denom.clone(), price),
            starts_at: *starts_at,
            version_hash: *self.by_tenant.note(),
            reclamation: *reclamation,
            take_rate_bps: *take_rate_bps,
        };
        let (tenant, provider) = (self.by_tenant.get(), self.by_provider.get());
        Lease { signed: SignedLease { terms, tenant, provider }, state: self.state() }
    }
}

fn name(id: &LeaseId) -> Name {
    let order = id.order();
    (order.group.gseq, order.oseq, id.provider())
}

impl Leases {
    /// The whole lease.
    pub(super) fn get(&self, account: u32, id: &LeaseId) -> Option<Lease> {
        self.find(account, id).map(|kept| kept.get(id.deployment(), &self.providers))
    }

    /// Where a lease stands.
    pub(super) fn state(&self, account: u32, id: &LeaseId) -> Option<LeaseState> {
        self.find(account, id).map(Kept::state)
    }

    /// The provider's consent to the bid.
    pub(super) fn bid_consent(&self, account: u32, id: &LeaseId) -> Option<&KeptConsent> {
        self.find(account, id).map(|kept| &kept.by_provider)
    }

    /// The leases of an account, by id.
    pub(super) fn of(&self, account: u32, id: DeploymentId) -> impl Iterator<Item = Lease> {
        let kept = self.of_accounts.get(place(account)).map_or(&[][..], Few::as_slice);
        kept.iter().map(move |kept| kept.get(id, &self.providers))
    }

    /// Keeps a lease; `false` where it takes the place of another of the same id. Its consents are
    /// shared with those that are `held` where they are the same.
    pub(super) fn insert(
        &mut self,
        account: u32,
        signed: &SignedLease,
        state: LeaseState,
        held: Held<'_>,
    ) -> bool {
        let SignedLease { terms: LeaseTerms { id, ref price, .. }, tenant, provider } = *signed;
        let LeaseTerms { starts_at, version_hash, reclamation, take_rate_bps, .. } = signed.terms;
        let terms = Terms { denom: price.denom.clone(), starts_at, reclamation, take_rate_bps };
        let (gseq, oseq, by) = name(&id);
        let kept = Kept {
            gseq,
            oseq,
            provider: self.providers.add(by),
            price: price.value.to_atoms().to_le_bytes(),
            terms: self.terms.share(&terms),
            by_tenant: self.consent(&tenant, version_hash, held.of_deployment),
            by_provider: self.consent(&provider, (), held.of_bid),
            state: (state != LeaseState::Active).then(|| Box::new(state)),
        };
        let place = place(account);
        while self.of_accounts.len() <= place {
            self.of_accounts.push(Few::new());
        }
        let Some(leases) = self.of_accounts.get_mut(place) else { return false };
        match search(leases.as_slice(), &id, &self.providers) {
            Ok(at) => {
                leases.as_mut_slice().get_mut(at).into_iter().for_each(|old| *old = kept.clone());
                false
            }
            Err(at) => {
                leases.insert(at, kept);
                true
            }
        }
    }

    /// Says anew where a lease stands.
    pub(super) fn set_state(&mut self, account: u32, id: &LeaseId, state: LeaseState) {
        let Some(leases) = self.of_accounts.get_mut(place(account)) else { return };
        if let Ok(at) = search(leases.as_slice(), id, &self.providers)
            && let Some(kept) = leases.as_mut_slice().get_mut(at)
        {
            kept.state = (state != LeaseState::Active).then(|| Box::new(state));
        }
    }

    fn consent<Note: PartialEq>(
        &mut self,
        consent: &Consent,
        note: Note,
        held: Option<&KeptConsent<Note>>,
    ) -> KeptConsent<Note> {
        let same = held.filter(|held| *held.note() == note && held.is(consent));
        match same {
            Some(held) => held.clone(),
            None => self.signers.keep_with(consent, note),
        }
    }

    fn find(&self, account: u32, id: &LeaseId) -> Option<&Kept> {
        let leases = self.of_accounts.get(place(account))?.as_slice();
        leases.get(search(leases, id, &self.providers).ok()?)
    }
}

fn search(leases: &[Kept], id: &LeaseId, names: &Providers) -> Result<usize, usize> {
    let name = name(id);
    leases.binary_search_by(|kept| kept.name(names).cmp(&name))
}

fn place(account: u32) -> usize {
    usize::try_from(account).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
