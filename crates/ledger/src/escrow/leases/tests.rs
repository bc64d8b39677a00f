use std::collections::BTreeMap;

use proptest::prelude::*;
use undercut_primitives::{Address, PublicKey, Signature, Tenant};

use super::*;
use crate::{Earned, LeaseEndReason};

fn deployment(number: u32) -> DeploymentId {
    DeploymentId { tenant: Tenant(Address::from_bytes([7; 20])), dseq: number.into() }
}

fn consent(account: Address, command: u8) -> Consent {
    Consent {
        account,
        command: Digest::from_bytes([command; 32]),
        key: PublicKey::from_bytes([command & 1; 32]),
        signature: Signature::from_bytes(&[command; 64]),
    }
}

/// Leases that have much in common, of few accounts.
fn lease() -> impl Strategy<Value = (u32, Lease)> {
    let id = (0_u32..4, 1_u32..3, 1_u32..3, 0_u8..4);
    let terms = (any::<u128>(), 0_u64..3, 0_u8..3, prop::option::of(0_u64..2), 0_u32..2);
    (id, terms, [0_u8..4, 0_u8..4], any::<bool>()).prop_map(|(id, terms, commands, is_over)| {
        let (account, gseq, oseq, provider) = id;
        let (price, starts_at, version, reclamation, take_rate_bps) = terms;
        let order = GroupId { deployment: deployment(account), gseq }.order(oseq);
        let provider = Address::from_bytes([provider; 20]);
        let terms = LeaseTerms {
            id: LeaseId(order.bid(Provider(provider))),
            price: PricePerBlock::new(Denom::uact(), Decimal::from_atoms(price)),
            starts_at: BlockHeight::new(starts_at),
            version_hash: Digest::from_bytes([version; 32]),
            reclamation: reclamation.map(TimeSpan::from_seconds),
            take_rate_bps,
        };
        let [tenant, by] = commands;
        let signed = SignedLease {
            terms,
            tenant: consent(order.tenant().0, tenant),
            provider: consent(provider, by),
        };
        let (at, reason) = (BlockHeight::new(9), LeaseEndReason::Tenant);
        let ended = LeaseState::Ended { at, reason, earned: Earned::default() };
        (account, Lease { signed, state: if is_over { ended } else { LeaseState::Active } })
    })
}

proptest! {
    #[test]
    fn leases_that_are_kept_are_given_back(
        given in prop::collection::vec((lease(), any::<[bool; 2]>()), 0..40),
    ) {
        let (mut leases, mut signers) = (Leases::default(), Signers::default());
        let mut plain: BTreeMap<LeaseId, (u32, Lease)> = BTreeMap::new();
        // What is held elsewhere is the same at times.
        let command = |seed: bool| u8::from(seed);
        for ((account, lease), seeds) in given {
            let Lease { signed, state } = &lease;
            let [tenant, by] = [signed.tenant.account, signed.provider.account];
            let [first, second] = seeds.map(command);
            let version = Digest::from_bytes([second; 32]);
            let of_deployment = signers.keep_with(&consent(tenant, first), version);
            let of_bid = signers.keep(&consent(by, second));
            let held = Held { of_deployment: Some(&of_deployment), of_bid: Some(&of_bid) };
            let is_new = leases.insert(account, signed, *state, held);
            let id = signed.terms.id;
            if leases.bid_consent(account, &id).is_some_and(|kept| kept.is(&of_bid.get())) {
                prop_assert_eq!(of_bid.get(), signed.provider);
            }
            prop_assert_eq!(is_new, plain.insert(id, (account, lease)).is_none());
        }
        for (id, (account, lease)) in &plain {
            prop_assert_eq!(leases.get(*account, id), Some(lease.clone()));
            prop_assert_eq!(leases.state(*account, id), Some(lease.state));
        }
        for account in 0..5 {
            let of = leases.of(account, deployment(account));
            let expected = plain.values().filter(|(of, _)| *of == account);
            prop_assert!(of.eq(expected.map(|(_, lease)| lease.clone())));
        }
        for (id, (account, lease)) in &mut plain {
            lease.state = LeaseState::Active;
            leases.set_state(*account, id, LeaseState::Active);
            prop_assert_eq!(leases.get(*account, id), Some(lease.clone()));
        }
    }
}

#[test]
fn a_lease_is_one_line_of_memory() {
    assert_eq!(size_of::<Few<Kept>>(), 64);
}
