//! [`SignedLease`]: what both sides agreed to, and the two signatures that say so.

use serde::{Deserialize, Serialize};
use undercut_primitives::{Amount, BlockHeight, Consent, Digest, LeaseId, PricePerBlock};

use crate::LedgerRejection;

/// What both sides agreed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseTerms {
    /// Which lease; names order, tenant and provider.
    pub id: LeaseId,
    /// For the whole order, per block: the winning bid's.
    pub price: PricePerBlock,
    /// The block of the award. The first block that is paid for is the next one.
    pub starts_at: BlockHeight,
    /// Hash of the manifest that the provider will be sent.
    pub version_hash: Digest,
}

/// Lease terms with both parties' consent.
///
/// The tenant's is the signature on the deployment (which names the award mode) or on the choice
/// of the bid; the provider's is the signature on the bid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
            if consent.signer() != address {
                return Err(LedgerRejection::NotTheParty { id, party });
            }
            consent.verify().map_err(|source| LedgerRejection::Unsigned { id, party, source })?;
        }
        Ok(())
    }
}

/// Why a lease ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum LeaseEndReason {
    /// The tenant closed it, or its whole deployment.
    Tenant,
    /// The provider closed it.
    Provider,
    /// The money ended.
    FundsExhausted,
}

/// Where a lease stands. `Ended` is terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum LeaseState {
    /// It runs and is paid for.
    Active,
    /// Over.
    Ended {
        /// The last block that was paid for.
        at: BlockHeight,
        /// Why.
        reason: LeaseEndReason,
        /// All that the provider was paid, in micro-units of the price's denom.
        paid: Amount,
    },
}

/// A lease and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
        Consent { command, key: key.public(), signature: key.sign(&command) }
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
