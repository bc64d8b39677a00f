//! An [`OrderBook`] from what it holds: the queue of due heights is made anew.

use undercut_primitives::Misfit;

use super::OrderBook;
use crate::{Deployment, Group, Order};

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
        let mut book = Self::default();
        for deployment in deployments {
            let twice = book.deployments.insert(deployment.id, deployment).is_some();
            (!twice).then_some(()).ok_or(Misfit::new("a deployment is there twice"))?;
        }
        for group in groups {
            book.restore_group(group)?;
        }
        for order in orders {
            book.restore_order(order)?;
        }
        book.has_all().then_some(book).ok_or(Misfit::new("a group or an order is missing"))
    }

    fn restore_group(&mut self, group: Group) -> Result<(), Misfit> {
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

    fn restore_order(&mut self, order: Order) -> Result<(), Misfit> {
        let group = self.groups.get(&order.id.group);
        let group = group.ok_or(Misfit::new("an order of no group"))?;
        if !(1..=group.orders).contains(&order.id.oseq) {
            return Err(Misfit::new("an order that its group does not count"));
        }
        if order.is_open() {
            self.due.entry(order.due_at).or_default().insert(order.id);
        }
        match self.orders.insert(order.id, order) {
            None => Ok(()),
            Some(_) => Err(Misfit::new("an order is there twice")),
        }
    }

    /// Whether there are as many groups and orders as are counted. None is there that is not
    /// counted, so the sums are enough.
    fn has_all(&self) -> bool {
        let mut groups = self.deployments.values().map(|deployment| u64::from(deployment.groups));
        let mut orders = self.groups.values().map(|group| u64::from(group.orders));
        let sum = |sum: u64, more: u64| sum.checked_add(more);
        let is_number = |sum: Option<u64>, found: usize| sum == u64::try_from(found).ok();
        is_number(groups.try_fold(0, sum), self.groups.len())
            && is_number(orders.try_fold(0, sum), self.orders.len())
    }
}
