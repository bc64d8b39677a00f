//! Ids without gaps: for indices that hold millions of them.
//!
//! An id is a struct whose numbers are aligned; a packed one is the bytes of the same fields, numbers
//! with the most significant byte first. So both sort alike, and a packed one takes a fifth less.

use crate::{Address, DeploymentId, GroupId, OrderId, Tenant};

/// A [`DeploymentId`] in 28 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackedDeployment(Address, [u8; 8]);

/// An [`OrderId`] in 36 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackedOrder(PackedDeployment, [u8; 4], [u8; 4]);

impl From<DeploymentId> for PackedDeployment {
    fn from(id: DeploymentId) -> Self {
        Self(id.tenant.0, id.dseq.to_be_bytes())
    }
}

impl From<PackedDeployment> for DeploymentId {
    fn from(PackedDeployment(tenant, dseq): PackedDeployment) -> Self {
        Self { tenant: Tenant(tenant), dseq: u64::from_be_bytes(dseq) }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ids() -> impl Strategy<Value = OrderId> {
        // Small numbers and their neighbours at byte borders, so that every field decides at times.
        let number = prop_oneof![0_u32..4, 254_u32..258, any::<u32>()];
        (0_u8..3, number.clone(), number.clone(), number).prop_map(|(tenant, dseq, gseq, oseq)| {
            let tenant = Tenant(Address::from_bytes([tenant; 20]));
            let dseq = u64::from(dseq) << (gseq % 32);
            GroupId { deployment: DeploymentId { tenant, dseq }, gseq }.order(oseq)
        })
    }

    proptest! {
        #[test]
        fn packed_ids_are_the_ids_and_sort_alike(one in ids(), other in ids()) {
            let (a, b) = (PackedOrder::from(one), PackedOrder::from(other));
            prop_assert_eq!(OrderId::from(a), one);
            prop_assert_eq!(a.cmp(&b), one.cmp(&other));
            let [one, other] = [one, other].map(|id| id.deployment());
            let (a, b) = (PackedDeployment::from(one), PackedDeployment::from(other));
            prop_assert_eq!(DeploymentId::from(a), one);
            prop_assert_eq!(a.cmp(&b), one.cmp(&other));
        }
    }
}
