//! [`OpenOrders`]: the orders in which one provider has an open bid.

use alloc::vec::Vec;

use undercut_primitives::OrderId;

/// How many orders without an open bid may be noted beside three times as many as there are with one.
const STALE_MAX: usize = 256;

/// Orders in which a provider has an open bid. They are noted as they come; those in which it has
/// none any more are taken out when there are many of them, so adding and removing are O(1) each in
/// the mean, but for what removing asks the caller.
#[derive(Clone, Debug, Default)]
pub(super) struct OpenOrders {
    /// All of them, and some more; some twice.
    noted: Vec<OrderId>,
    open: usize,
}

impl OpenOrders {
    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.open
    }

    /// Adds an order in which the provider had no open bid.
    pub(super) fn add(&mut self, order: OrderId) {
        self.noted.push(order);
        self.open = self.open.saturating_add(1);
    }

    /// One order less. `is_open` says of an order whether the provider has an open bid in it now.
    pub(super) fn remove(&mut self, is_open: impl Fn(&OrderId) -> bool) {
        self.open = self.open.saturating_sub(1);
        if self.noted.len() > self.open.saturating_mul(4).saturating_add(STALE_MAX) {
            self.noted = self.sorted(is_open);
        }
    }

    /// The orders in which `is_open` says that the provider has an open bid, ascending. O(n log n).
    pub(super) fn sorted(&self, is_open: impl Fn(&OrderId) -> bool) -> Vec<OrderId> {
        let mut orders = self.noted.clone();
        orders.sort_unstable();
        orders.dedup();
        orders.retain(is_open);
        orders
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use undercut_primitives::{Address, DeploymentId, GroupId, Tenant};

    use super::*;

    fn order(dseq: u64) -> OrderId {
        let deployment = DeploymentId { tenant: Tenant(Address::from_bytes([1; 20])), dseq };
        GroupId { deployment, gseq: 1 }.order(1)
    }

    proptest! {
        #[test]
        fn open_orders_are_those_of_a_set(steps in prop::collection::vec(0_u64..400, 0..3_000)) {
            let (mut orders, mut plain) = (OpenOrders::default(), BTreeSet::new());
            for order in steps.into_iter().map(order) {
                if plain.remove(&order) {
                    orders.remove(|order| plain.contains(order));
                } else {
                    plain.insert(order);
                    orders.add(order);
                }
                prop_assert_eq!(orders.len(), plain.len());
                let noted_max = plain.len().saturating_mul(4).saturating_add(STALE_MAX);
                prop_assert!(orders.noted.len() <= noted_max);
            }
            let sorted = orders.sorted(|order| plain.contains(order));
            prop_assert_eq!(sorted, plain.into_iter().collect::<Vec<_>>());
        }
    }
}
