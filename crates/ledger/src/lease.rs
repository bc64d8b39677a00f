//! [`SignedLease`]: what both sides agreed to, and the two signatures that say so.

use serde::{Deserialize, Serialize};
use undercut_primitives::canonical_through;
use undercut_primitives::codec::Canonical;
use undercut_primitives::{
    Amount, BlockHeight, BlockTime, Consent, Digest, LeaseId, PricePerBlock, TimeSpan,
};

use crate::LedgerRejection;

/// What both sides agreed to, and what the market takes of it.
///
/// Price, parties and reclamation window are of the signed bid. The version hash is the one that the
/// tenant signed last, the take rate the market's at the award.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct LeaseTerms {
    /// Which lease; names order, tenant and provider.
    pub id: LeaseId,
    /// For the whole order, per block: the winning bid's.
    pub price: PricePerBlock,
    /// The block of the award. The first block that is paid for is the next one.
    pub starts_at: BlockHeight,
    /// Hash of the manifest that the provider will be sent.
    pub version_hash: Digest,
    /// How long before an early end the provider has to announce it. `None`: not at all.
    pub reclamation: Option<TimeSpan>,
    /// What part of the price goes to the community pool, in basis points; fixed for the lease.
    pub take_rate_bps: u32,
}

impl LeaseTerms {
    /// Terms of a lease whose provider may leave at once, and that pays no fee.
    #[must_use]
    pub const fn new(
        id: LeaseId,
        price: PricePerBlock,
        starts_at: BlockHeight,
        version_hash: Digest,
    ) -> Self {
        Self { id, price, starts_at, version_hash, reclamation: None, take_rate_bps: 0 }
    }
}

/// Lease terms with both parties' consent.
///
/// The tenant's is the signature on the deployment (which names the award mode) or on the choice
/// of the bid; the provider's is the signature on the bid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct SignedLease {
    /// What was agreed.
    pub terms: LeaseTerms,
    /// The tenant's consent.
    pub tenant: Consent,
    /// The provider's consent.
    pub provider: Consent,
}

impl SignedLease {
    /// Checks that both consents are signed, and by the parties that the terms name.
    ///
    /// That the terms are what was signed shows only with the commands at hand: their digests are
    /// in the consents. The engine derives the one from the other.
    ///
    /// # Errors
    ///
    /// [`LedgerRejection::NotTheParty`] or [`LedgerRejection::Unsigned`].
    pub fn verify(&self) -> Result<(), LedgerRejection> {
        let id = self.terms.id;
        let parties = [
            ("tenant", id.order().tenant().0, &self.tenant),
            ("provider", id.provider().0, &self.provider),
        ];
        for (party, address, consent) in parties {
            if consent.account != address {
                return Err(LedgerRejection::NotTheParty { id, party });
            }
            consent.verify().map_err(|source| LedgerRejection::Unsigned { id, party, source })?;
        }
        Ok(())
    }
}

/// Why a provider ends a lease: a number from 10,000 to 19,999. Source: `chain.md` 1.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct ProviderReason(u32);

canonical_through!(ProviderReason, u32, |reason| reason.0);

impl ProviderReason {
    /// The workload does not run stably.
    pub const UNSTABLE: Self = Self(10_000);
    /// The provider goes out of service.
    pub const DECOMMISSIONED: Self = Self(10_001);
    /// No reason given.
    pub const UNSPECIFIED: Self = Self(10_002);
    /// The tenant sent no manifest in time.
    pub const MANIFEST_TIMEOUT: Self = Self(10_003);

    /// The reason of this number.
    ///
    /// # Errors
    ///
    /// [`LedgerRejection::ReasonOutOfRange`] for any number that is not a provider's.
    pub fn new(code: u32) -> Result<Self, LedgerRejection> {
        match Party::of_reason(code) {
            Some(Party::Provider) => Ok(Self(code)),
            _ => Err(LedgerRejection::ReasonOutOfRange { code }),
        }
    }

    /// The number.
    #[must_use]
    pub const fn code(self) -> u32 {
        self.0
    }
}

impl Default for ProviderReason {
    fn default() -> Self {
        Self::UNSPECIFIED
    }
}

impl TryFrom<u32> for ProviderReason {
    type Error = LedgerRejection;

    fn try_from(code: u32) -> Result<Self, LedgerRejection> {
        Self::new(code)
    }
}

impl From<ProviderReason> for u32 {
    fn from(reason: ProviderReason) -> Self {
        reason.0
    }
}

/// Who brought a lease to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    /// Its tenant.
    Tenant,
    /// Its provider.
    Provider,
    /// The rules.
    Network,
}

impl Party {
    /// Whose reason a number is: 0 to 9,999 the tenant's, to 19,999 the provider's, to 29,999 the
    /// network's. Source: `chain.md` 1.3.
    #[must_use]
    pub const fn of_reason(code: u32) -> Option<Self> {
        match code {
            0..=9_999 => Some(Self::Tenant),
            10_000..=19_999 => Some(Self::Provider),
            20_000..=29_999 => Some(Self::Network),
            _ => None,
        }
    }
}

/// Why a lease ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Canonical)]
pub enum LeaseEndReason {
    /// The tenant closed it, its group or its whole deployment.
    Tenant,
    /// The provider closed it.
    Provider(ProviderReason),
    /// The money ended.
    FundsExhausted,
}

impl LeaseEndReason {
    /// The reference's number for the reason: 1, 10,000 to 19,999, or 20,000.
    #[must_use]
    pub const fn code(self) -> u32 {
        match self {
            Self::Tenant => 1,
            Self::Provider(reason) => reason.code(),
            Self::FundsExhausted => 20_000,
        }
    }
}

/// Where a lease stands. `Ended` is terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Canonical)]
pub enum LeaseState {
    /// It runs and is paid for.
    Active,
    /// It runs and is paid for; its provider announced that it will end it.
    Reclaiming {
        /// The block of the announcement.
        started_at: BlockHeight,
        /// From when on the provider may end it; whole seconds, rounded down.
        deadline: BlockTime,
        /// Why.
        reason: ProviderReason,
    },
    /// Over.
    Ended {
        /// The last block that was paid for, if any was.
        at: BlockHeight,
        /// Why.
        reason: LeaseEndReason,
        /// What it was paid for.
        earned: Earned,
    },
}

impl LeaseState {
    /// Whether the lease runs and is paid for.
    #[must_use]
    pub const fn is_running(&self) -> bool {
        !matches!(self, Self::Ended { .. })
    }
}

/// All that a lease has earned, by where it went. All in micro-units of the price's denom.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Canonical,
)]
pub struct Earned {
    /// Paid to the provider.
    pub paid: Amount,
    /// Paid to the community pool.
    pub fees: Amount,
    /// The worth of what both were paid in uakt instead.
    pub in_kind: Amount,
}

/// A lease and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct Lease {
    /// What was agreed and signed.
    pub signed: SignedLease,
    /// Where it stands.
    pub state: LeaseState,
}

#[cfg(test)]
mod tests {
    use undercut_primitives::crypto::{Namespace, digest};
    use undercut_primitives::keys::KeyPair;
    use undercut_primitives::{DeploymentId, GroupId, Provider, Tenant};

    use super::*;

    fn consent(key: &KeyPair) -> Consent {
        let command = digest(Namespace("undercut/test/v1"), b"command");
        let (account, key_used) = (key.address(), key.public());
        Consent { account, command, key: key_used, signature: key.sign(&command) }
    }

    fn signed() -> SignedLease {
        let (alice, p1) = (KeyPair::insecure(1, "alice"), KeyPair::insecure(1, "p1"));
        let deployment = DeploymentId { tenant: Tenant(alice.address()), dseq: 1 };
        let order = GroupId { deployment, gseq: 1 }.order(1);
        let terms = LeaseTerms {
            id: LeaseId(order.bid(Provider(p1.address()))),
            price: "1uact".parse().unwrap(),
            starts_at: BlockHeight::new(8),
            version_hash: Digest::ZERO,
            reclamation: None,
            take_rate_bps: 0,
        };
        SignedLease { terms, tenant: consent(&alice), provider: consent(&p1) }
    }

    #[test]
    fn a_lease_needs_both_signatures_by_the_named_parties() {
        assert_eq!(signed().verify(), Ok(()));
        let swapped = SignedLease { tenant: signed().provider, ..signed() };
        assert!(matches!(
            swapped.verify(),
            Err(LedgerRejection::NotTheParty { party: "tenant", .. })
        ));
        let mut forged = signed();
        forged.provider.signature = forged.tenant.signature;
        assert!(matches!(
            forged.verify(),
            Err(LedgerRejection::Unsigned { party: "provider", .. })
        ));
    }
}
