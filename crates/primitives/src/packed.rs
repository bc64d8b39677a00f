//! Ids without gaps: for indices that hold millions of them.
//!
//! An id is a struct whose numbers are aligned; a packed one is the bytes of the same fields, numbers
//! with the most significant byte first. So both sort alike, and a packed one takes a fifth less.

use crate::{Address, BidId, DeploymentId, GroupId, OrderId, Provider, Tenant};

/// A [`DeploymentId`] in 28 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackedDeployment([u8; 20], [u8; 8]);

/// An [`OrderId`] in 36 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackedOrder(PackedDeployment, [u8; 4], [u8; 4]);

/// A [`BidId`] in 56 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackedBid(PackedOrder, [u8; 20]);

impl From<DeploymentId> for PackedDeployment {
    fn from(id: DeploymentId) -> Self {
        Self(*id.tenant.0.as_bytes(), id.dseq.to_be_bytes())
    }
}

impl From<PackedDeployment> for DeploymentId {
    fn from(PackedDeployment(tenant, dseq): PackedDeployment) -> Self {
        Self { tenant: Tenant(Address::from_bytes(tenant)), dseq: u64::from_be_bytes(dseq) }
    }
}

impl From<OrderId> for PackedOrder {
    fn from(id: OrderId) -> Self {
        let OrderId { group: GroupId { deployment, gseq }, oseq } = id;
        Self(deployment.into(), gseq.to_be_bytes(), oseq.to_be_bytes())
    }
}

impl From<PackedOrder> for OrderId {
    fn from(PackedOrder(deployment, gseq, oseq): PackedOrder) -> Self {
        let group = GroupId { deployment: deployment.into(), gseq: u32::from_be_bytes(gseq) };
        group.order(u32::from_be_bytes(oseq))
    }
}

impl From<BidId> for PackedBid {
    fn from(id: BidId) -> Self {
        Self(id.order.into(), *id.provider.0.as_bytes())
    }
}

impl From<PackedBid> for BidId {
    fn from(PackedBid(order, provider): PackedBid) -> Self {
        OrderId::from(order).bid(Provider(Address::from_bytes(provider)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ids() -> impl Strategy<Value = BidId> {
        // Small numbers and their neighbours at byte borders, so that every field decides at times.
        let number = prop_oneof![0_u32..4, 254_u32..258, any::<u32>()];
        (0_u8..3, number.clone(), number.clone(), number, 0_u8..3).prop_map(
            |(tenant, dseq, gseq, oseq, provider)| {
                let tenant = Tenant(Address::from_bytes([tenant; 20]));
                let dseq = u64::from(dseq) << (gseq % 32);
                let group = GroupId { deployment: DeploymentId { tenant, dseq }, gseq };
                group.order(oseq).bid(Provider(Address::from_bytes([provider; 20])))
            },
        )
    }

    proptest! {
        #[test]
        fn packed_ids_are_the_ids_and_sort_alike(one in ids(), other in ids()) {
            let (a, b) = (PackedBid::from(one), PackedBid::from(other));
            prop_assert_eq!(BidId::from(a), one);
            prop_assert_eq!(a.cmp(&b), one.cmp(&other));
            let (a, b) = (PackedOrder::from(one.order), PackedOrder::from(other.order));
            prop_assert_eq!(OrderId::from(a), one.order);
            prop_assert_eq!(a.cmp(&b), one.order.cmp(&other.order));
            let [one, other] = [one, other].map(|id| id.order.deployment());
            let (a, b) = (PackedDeployment::from(one), PackedDeployment::from(other));
            prop_assert_eq!(DeploymentId::from(a), one);
            prop_assert_eq!(a.cmp(&b), one.cmp(&other));
        }
    }
}
