//! An [`OrderBook`] from what it holds: the queue of due heights is made anew.

use alloc::collections::BTreeMap;

use undercut_primitives::{DeploymentId, GroupId, Misfit, OrderId};

use super::OrderBook;
use super::kept::KeptGroup;
use crate::{Deployment, Group, Order};

/// What a book is made of, while it is not known to be whole.
#[derive(Default)]
struct Parts {
    deployments: BTreeMap<DeploymentId, Deployment>,
    groups: BTreeMap<GroupId, Group>,
    orders: BTreeMap<OrderId, Order>,
}

impl OrderBook {
    /// The book with these deployments, groups and orders, as [`OrderBook::deployments`],
    /// [`OrderBook::groups`] and [`OrderBook::orders`] gave them, in any order.
    ///
    /// # Errors
    ///
    /// [`Misfit`] when something is there twice, or the numbers do not add up: a deployment has
    /// the groups 1 to [`Deployment::groups`], a group the orders 1 to [`Group::orders`].
    pub fn restore(
        deployments: impl IntoIterator<Item = Deployment>,
        groups: impl IntoIterator<Item = Group>,
        orders: impl IntoIterator<Item = Order>,
    ) -> Result<Self, Misfit> {
        let mut parts = Parts::default();
        for deployment in deployments {
            let twice = parts.deployments.insert(deployment.id, deployment).is_some();
            (!twice).then_some(()).ok_or(Misfit::new("a deployment is there twice"))?;
        }
        for group in groups {
            parts.take_group(group)?;
        }
        for order in orders {
            parts.take_order(order)?;
        }
        if parts.has_all() {
            Ok(parts.put_together())
        } else {
            Err(Misfit::new("a group or an order is missing"))
        }
    }
}

impl Parts {
    fn take_group(&mut self, group: Group) -> Result<(), Misfit> {
        let deployment = self.deployments.get(&group.id.deployment);
        let deployment = deployment.ok_or(Misfit::new("a group of no deployment"))?;
        if !(1..=deployment.groups).contains(&group.id.gseq) {
            return Err(Misfit::new("a group that its deployment does not count"));
        }
        match self.groups.insert(group.id, group) {
            None => Ok(()),
            Some(_) => Err(Misfit::new("a group is there twice")),
        }
    }

    fn take_order(&mut self, order: Order) -> Result<(), Misfit> {
        let group = self.groups.get(&order.id.group);
        let group = group.ok_or(Misfit::new("an order of no group"))?;
        if !(1..=group.orders).contains(&order.id.oseq) {
            return Err(Misfit::new("an order that its group does not count"));
        }
        match self.orders.insert(order.id, order) {
            None => Ok(()),
            Some(_) => Err(Misfit::new("an order is there twice")),
        }
    }

    /// Whether as many are there as deployments and groups say. None has a number beyond, so then
    /// none is missing.
    fn has_all(&self) -> bool {
        let mut groups = self.deployments.values().map(|deployment| u64::from(deployment.groups));
        let mut orders = self.groups.values().map(|group| u64::from(group.orders));
        let sum = |sum: u64, more: u64| sum.checked_add(more);
        let is_number = |sum: Option<u64>, found: usize| sum == u64::try_from(found).ok();
        is_number(groups.try_fold(0, sum), self.groups.len())
            && is_number(orders.try_fold(0, sum), self.orders.len())
    }

    /// The book, of parts that are all there: each comes after what it belongs to.
    fn put_together(self) -> OrderBook {
        let mut book = OrderBook::default();
        for deployment in self.deployments.values() {
            let kept = book.shared.deployment(deployment);
            book.kept.insert(deployment.id.into(), kept);
        }
        for (id, group) in self.groups {
            let spec = book.keep_spec(id, &group.spec);
            if let Some(kept) = book.kept_mut(&id.deployment) {
                kept.groups.push(KeptGroup::new(spec, group.state));
            }
        }
        for (id, order) in self.orders {
            if order.is_open() {
                book.due.entry(order.due_at).or_default().insert(id);
            }
            let kept = book.shared.order(&order);
            if let Some(group) = book.group_mut(&id.group) {
                group.orders.push(kept);
            }
        }
        book
    }
}
