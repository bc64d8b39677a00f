//! [`OrderBook`]: deployments, their groups, the orders, and when each order falls due.

mod kept;
mod restore;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use undercut_primitives::codec::Canonical;
use undercut_primitives::{
    BlockHeight, BlockSpan, Coin, Consent, Contribution, DeploymentId, Digest, GroupId, GroupSpec,
    KeptConsent, Misfit, OrderId, PricePerBlock, Tenant, TimeSpan, indexed::Indexed,
    packed::PackedDeployment,
};

use kept::{Kept, KeptGroup, Shared};

use crate::{
    AwardMode, Deployment, DeploymentState, Group, GroupState, Order, OrderClosedReason,
    OrderEvent, OrderParams, OrderRejection, OrderState, ReclamationParams, check_group,
};

/// What a tenant signs to create a deployment. The signer is the tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct NewDeployment {
    /// The tenant's number for it, at least 1, never used before.
    pub dseq: u64,
    /// What is asked for, one order each.
    pub groups: Vec<GroupSpec>,
    /// SHA-256 of the manifest.
    pub version_hash: Digest,
    /// What goes into escrow, in the denom of the prices.
    pub deposit: Coin,
    /// Who pays the deposit, in the order of spending. Empty: the tenant. Others pay out of what
    /// they allowed the tenant.
    pub payers: Vec<Contribution>,
    /// Who names the winners.
    pub award: AwardMode,
    /// The least time between a provider's announcement and its early end of a lease. `None` lets
    /// providers end leases at once.
    pub reclamation: Option<TimeSpan>,
    /// For how many blocks leases wait, unpaid, for a top-up when the money ends. 0 ends them.
    pub grace: BlockSpan,
}

impl NewDeployment {
    /// A deployment whose tenant pays, that goes to the lowest bids, lets providers leave at once,
    /// and ends with its money.
    #[must_use]
    pub const fn new(
        dseq: u64,
        groups: Vec<GroupSpec>,
        version_hash: Digest,
        deposit: Coin,
    ) -> Self {
        Self {
            dseq,
            groups,
            version_hash,
            deposit,
            payers: Vec::new(),
            award: AwardMode::LowestPrice,
            reclamation: None,
            grace: BlockSpan::from_blocks(0),
        }
    }
}

/// The block in which orders open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Its height.
    pub at: BlockHeight,
    /// Its entropy: what nobody knew before, from which ties are broken.
    pub entropy: Digest,
}

/// Deployments, groups and orders by id, and the queue of due heights.
///
/// The queue is an index over the open orders; everything else is what the events said. It is kept in
/// a smaller form, so what is asked for is made when it is: a copy, whose lists are shared.
#[derive(Clone, Debug, Default)]
pub struct OrderBook {
    kept: Indexed<PackedDeployment, Kept>,
    due: BTreeMap<BlockHeight, BTreeSet<OrderId>>,
    shared: Shared,
}

impl PartialEq for OrderBook {
    /// Whether both hold the same deployments, groups and orders. What they share shows nowhere.
    fn eq(&self, other: &Self) -> bool {
        self.deployments().eq(other.deployments())
            && self.groups().eq(other.groups())
            && self.orders().eq(other.orders())
            && self.due == other.due
    }
}

impl Eq for OrderBook {}

impl OrderBook {
    /// The deployment `id`.
    #[must_use]
    pub fn deployment(&self, id: &DeploymentId) -> Option<Deployment> {
        self.kept(id).map(|kept| kept.get(*id))
    }

    /// The tenant's consent to a deployment as it is kept, with the hash of the manifest.
    #[must_use]
    pub fn consent(&self, id: &DeploymentId) -> Option<&KeptConsent<Digest>> {
        self.kept(id).map(Kept::consent)
    }

    /// The group `id`.
    #[must_use]
    pub fn group(&self, id: &GroupId) -> Option<Group> {
        self.kept(&id.deployment)?.group(id.gseq).map(|kept| kept.get(*id))
    }

    /// The order `id`.
    #[must_use]
    pub fn order(&self, id: &OrderId) -> Option<Order> {
        let group = self.kept(&id.deployment())?.group(id.group.gseq)?;
        group.order(id.oseq).map(|kept| kept.get(*id))
    }

    /// All deployments by id. O(n log n).
    pub fn deployments(&self) -> impl Iterator<Item = Deployment> {
        self.kept.iter_sorted().map(|(id, kept)| kept.get((*id).into()))
    }

    /// All groups by id. O(n log n).
    pub fn groups(&self) -> impl Iterator<Item = Group> {
        self.kept.iter_sorted().flat_map(|(id, kept)| kept.groups_of((*id).into()))
    }

    /// All orders by id. O(n log n).
    pub fn orders(&self) -> impl Iterator<Item = Order> {
        self.kept.iter_sorted().flat_map(|(id, kept)| kept.orders_of((*id).into()))
    }

    /// The groups of a deployment by number.
    pub fn groups_of(&self, deployment: DeploymentId) -> impl Iterator<Item = Group> {
        self.kept(&deployment).into_iter().flat_map(move |kept| kept.groups_of(deployment))
    }

    /// The open or active order of a group, if it has one.
    #[must_use]
    pub fn live_order(&self, group: &Group) -> Option<Order> {
        let order = self.order(&group.id.order(group.orders))?;
        (!matches!(order.state, OrderState::Closed(_))).then_some(order)
    }

    /// Orders that are to be awarded, or expire, at the end of the block at `height`, by id.
    pub fn due(&self, height: BlockHeight) -> impl Iterator<Item = OrderId> {
        self.due.get(&height).into_iter().flatten().copied()
    }

    /// An order that takes bids.
    ///
    /// # Errors
    ///
    /// [`OrderRejection::OrderNotFound`] or [`OrderRejection::OrderNotOpen`].
    pub fn open_order(&self, id: &OrderId) -> Result<Order, OrderRejection> {
        self.open_order_of_group(id).map(|(order, _)| order)
    }

    /// An order that takes bids, and its group.
    ///
    /// # Errors
    ///
    /// As [`OrderBook::open_order`].
    pub fn open_order_of_group(&self, id: &OrderId) -> Result<(Order, Group), OrderRejection> {
        let missing = OrderRejection::OrderNotFound { id: *id };
        let group = self.kept(&id.deployment()).and_then(|kept| kept.group(id.group.gseq));
        let found = group.and_then(|group| Some((group.order(id.oseq)?, group)));
        let (order, group) = found.ok_or(missing)?;
        if order.is_open() {
            Ok((order.get(*id), group.get(id.group)))
        } else {
            Err(OrderRejection::OrderNotOpen { id: *id })
        }
    }

    /// A deployment that is not closed.
    ///
    /// # Errors
    ///
    /// [`OrderRejection::DeploymentNotFound`] or [`OrderRejection::DeploymentClosed`].
    pub fn active_deployment(&self, id: &DeploymentId) -> Result<Deployment, OrderRejection> {
        let deployment =
            self.deployment(id).ok_or(OrderRejection::DeploymentNotFound { id: *id })?;
        match deployment.state {
            DeploymentState::Active => Ok(deployment),
            DeploymentState::Closed => Err(OrderRejection::DeploymentClosed { id: *id }),
        }
    }

    /// Creates a deployment and puts each group to auction.
    ///
    /// Source: `chain.md` 2.1, stateful checks 1, 5 and 6. The deposit is the ledger's business.
    ///
    /// # Errors
    ///
    /// The first broken rule, in the order of [`OrderRejection`]'s variants.
    pub fn create(
        &self,
        tenant: Tenant,
        new: &NewDeployment,
        consent: Consent,
        opening: Opening,
        params: &OrderParams,
    ) -> Result<Vec<OrderEvent>, OrderRejection> {
        if new.dseq == 0 {
            return Err(OrderRejection::DseqZero);
        }
        let id = DeploymentId { tenant, dseq: new.dseq };
        if self.kept(&id).is_some() {
            return Err(OrderRejection::DeploymentExists { id });
        }
        let ceilings = check_groups(&new.groups, params)?;
        check_terms(new, params)?;
        let groups = u32::try_from(ceilings.len()).unwrap_or(u32::MAX);
        let deployment = Deployment {
            id,
            version_hash: new.version_hash,
            award: new.award,
            reclamation: new.reclamation,
            consent,
            opened_at: opening.at,
            groups,
            state: DeploymentState::Active,
        };
        let terms = deployment.terms();
        let mut events =
            vec![OrderEvent::DeploymentCreated { deployment, groups: new.groups.clone() }];
        for (gseq, ceiling) in (1..=groups).zip(ceilings) {
            let order = GroupId { deployment: id, gseq }.order(1);
            events.push(open(order, ceiling, terms, opening, params)?);
        }
        Ok(events)
    }

    /// Replaces the hash of the manifest. Groups, and so resources and prices, never change.
    ///
    /// Source: `chain.md` 2.1, MsgUpdateDeployment.
    ///
    /// # Errors
    ///
    /// [`OrderRejection::DeploymentNotFound`], [`OrderRejection::DeploymentClosed`] or
    /// [`OrderRejection::VersionUnchanged`].
    pub fn update(
        &self,
        id: &DeploymentId,
        version_hash: Digest,
    ) -> Result<OrderEvent, OrderRejection> {
        if self.active_deployment(id)?.version_hash == version_hash {
            return Err(OrderRejection::VersionUnchanged { id: *id, version_hash });
        }
        Ok(OrderEvent::DeploymentUpdated { id: *id, version_hash })
    }

    /// Pauses an open group; its live order closes.
    ///
    /// # Errors
    ///
    /// [`OrderRejection::GroupNotFound`], [`OrderRejection::GroupClosed`] or
    /// [`OrderRejection::GroupPaused`].
    pub fn pause_group(&self, id: &GroupId) -> Result<Vec<OrderEvent>, OrderRejection> {
        let group = self.living_group(id)?;
        if group.state == GroupState::Paused {
            return Err(OrderRejection::GroupPaused { id: *id });
        }
        let order = self.close_live_order(&group, OrderClosedReason::GroupPaused);
        Ok(order.into_iter().chain([OrderEvent::GroupPaused(*id)]).collect())
    }

    /// Puts a paused group to auction again.
    ///
    /// The deployment must be active, which the original does not ask (beats W16).
    ///
    /// # Errors
    ///
    /// [`OrderRejection::GroupNotFound`], [`OrderRejection::GroupClosed`],
    /// [`OrderRejection::GroupOpen`], or what [`OrderBook::relist`] says.
    pub fn start_group(
        &self,
        id: &GroupId,
        opening: Opening,
        params: &OrderParams,
    ) -> Result<Vec<OrderEvent>, OrderRejection> {
        if self.living_group(id)?.state == GroupState::Open {
            return Err(OrderRejection::GroupOpen { id: *id });
        }
        let order = self.relist(id, opening, params)?;
        Ok(vec![OrderEvent::GroupStarted(*id), order])
    }

    /// Closes a group for good; its live order closes.
    ///
    /// # Errors
    ///
    /// [`OrderRejection::GroupNotFound`] or [`OrderRejection::GroupClosed`].
    pub fn close_group(&self, id: &GroupId) -> Result<Vec<OrderEvent>, OrderRejection> {
        let group = self.living_group(id)?;
        let order = self.close_live_order(&group, OrderClosedReason::GroupClosed);
        Ok(order.into_iter().chain([OrderEvent::GroupClosed(*id)]).collect())
    }

    fn living_group(&self, id: &GroupId) -> Result<Group, OrderRejection> {
        let group = self.group(id).ok_or(OrderRejection::GroupNotFound { id: *id })?;
        if group.state == GroupState::Closed {
            return Err(OrderRejection::GroupClosed { id: *id });
        }
        Ok(group)
    }

    fn close_live_order(&self, group: &Group, reason: OrderClosedReason) -> Option<OrderEvent> {
        let order = self.live_order(group)?;
        Some(OrderEvent::OrderClosed { id: order.id, reason })
    }

    /// Puts a group without a live order to auction again.
    ///
    /// # Errors
    ///
    /// [`OrderRejection`] when the group is unknown, its deployment closed, the window ends beyond the
    /// last block, or the parameters take such a group no more.
    pub fn relist(
        &self,
        id: &GroupId,
        opening: Opening,
        params: &OrderParams,
    ) -> Result<OrderEvent, OrderRejection> {
        let group = self.group(id).ok_or(OrderRejection::GroupNotFound { id: *id })?;
        let deployment = self.active_deployment(&id.deployment)?;
        let ceiling = check_group(&group.spec, params)
            .map_err(|rejection| OrderRejection::Group { gseq: id.gseq, rejection })?;
        let oseq = group.orders.checked_add(1);
        let oseq = oseq.ok_or(OrderRejection::GroupNotFound { id: *id })?;
        open(id.order(oseq), ceiling, deployment.terms(), opening, params)
    }

    /// Closes a deployment with its groups and live orders.
    ///
    /// # Errors
    ///
    /// [`OrderRejection::DeploymentNotFound`] or [`OrderRejection::DeploymentClosed`].
    pub fn close_deployment(&self, id: &DeploymentId) -> Result<Vec<OrderEvent>, OrderRejection> {
        self.active_deployment(id)?;
        let mut events = Vec::new();
        for group in self.groups_of(*id).filter(|group| group.state != GroupState::Closed) {
            events.extend(self.close_live_order(&group, OrderClosedReason::DeploymentClosed));
            events.push(OrderEvent::GroupClosed(group.id));
        }
        events.push(OrderEvent::DeploymentClosed(*id));
        Ok(events)
    }

    /// Makes an event true.
    ///
    /// # Errors
    ///
    /// [`Misfit`] when the event names what the book does not hold; the book is then half-changed
    /// and must be thrown away.
    pub fn apply(&mut self, event: &OrderEvent) -> Result<(), Misfit> {
        match event {
            OrderEvent::DeploymentCreated { deployment, groups } => {
                self.insert_deployment(deployment, groups)
            }
            OrderEvent::DeploymentUpdated { id, version_hash } => {
                let kept = self.kept.get_mut(&(*id).into());
                let kept = kept.ok_or(Misfit::new("no such deployment"))?;
                self.shared.update(kept, *version_hash);
                Ok(())
            }
            OrderEvent::OrderOpened(order) => self.insert_order(order),
            OrderEvent::OrderMatched(id) => self.leave_open(id, OrderState::Active),
            OrderEvent::OrderClosed { id, reason } => {
                self.leave_open(id, OrderState::Closed(*reason))
            }
            OrderEvent::GroupStarted(id) => self.set_group(id, GroupState::Open),
            OrderEvent::GroupPaused(id) => self.set_group(id, GroupState::Paused),
            OrderEvent::GroupClosed(id) => self.set_group(id, GroupState::Closed),
            OrderEvent::DeploymentClosed(id) => {
                let kept = self.kept_mut(id);
                kept.ok_or(Misfit::new("no such deployment"))?.state = DeploymentState::Closed;
                Ok(())
            }
        }
    }

    fn insert_deployment(
        &mut self,
        deployment: &Deployment,
        groups: &[GroupSpec],
    ) -> Result<(), Misfit> {
        if u32::try_from(groups.len()) != Ok(deployment.groups) {
            return Err(Misfit::new("the deployment has not as many groups as it says"));
        }
        let mut kept = self.shared.deployment(deployment);
        for (gseq, spec) in (1..=deployment.groups).zip(groups) {
            let spec = self.keep_spec(GroupId { deployment: deployment.id, gseq }, spec);
            kept.groups.push(KeptGroup::new(spec, GroupState::Open));
        }
        match self.kept.insert(deployment.id.into(), kept) {
            None => Ok(()),
            Some(_) => Err(Misfit::new("the deployment exists already")),
        }
    }

    /// What a group asks for, shared with what others asked for lately, and with what the tenant's
    /// deployment with the number before asked for.
    fn keep_spec(&mut self, id: GroupId, spec: &GroupSpec) -> Arc<GroupSpec> {
        let dseq = id.deployment.dseq.saturating_sub(1);
        let before = self.kept(&DeploymentId { dseq, ..id.deployment });
        let same = before.and_then(|kept| kept.group(id.gseq));
        match same.filter(|group| *group.spec == *spec) {
            Some(group) => Arc::clone(&group.spec),
            None => self.shared.spec(spec),
        }
    }

    fn insert_order(&mut self, order: &Order) -> Result<(), Misfit> {
        let kept = self.shared.order(order);
        let group = self.group_mut(&order.id.group).ok_or(Misfit::new("no such group"))?;
        let orders = group.orders.as_slice().len();
        if u32::try_from(orders).ok().and_then(|orders| orders.checked_add(1))
            != Some(order.id.oseq)
        {
            return Err(Misfit::new("the order is not the group's next one"));
        }
        group.orders.push(kept);
        self.due.entry(order.due_at).or_default().insert(order.id);
        Ok(())
    }

    fn leave_open(&mut self, id: &OrderId, state: OrderState) -> Result<(), Misfit> {
        let order = self.group_mut(&id.group).and_then(|group| group.order_mut(id.oseq));
        let order = order.ok_or(Misfit::new("no such order"))?;
        match (order.state, state) {
            (OrderState::Open, _) => {}
            (OrderState::Active, OrderState::Closed(_)) => {}
            (OrderState::Active, _) | (OrderState::Closed(_), _) => {
                return Err(Misfit::new("the order is past this step"));
            }
        }
        order.state = state;
        let due_at = order.due_at();
        if let Some(orders) = self.due.get_mut(&due_at) {
            orders.remove(id);
            if orders.is_empty() {
                self.due.remove(&due_at);
            }
        }
        Ok(())
    }

    fn set_group(&mut self, id: &GroupId, state: GroupState) -> Result<(), Misfit> {
        let group = self.group_mut(id).ok_or(Misfit::new("no such group"))?;
        group.state = state;
        Ok(())
    }

    fn kept(&self, id: &DeploymentId) -> Option<&Kept> {
        self.kept.get(&(*id).into())
    }

    fn kept_mut(&mut self, id: &DeploymentId) -> Option<&mut Kept> {
        self.kept.get_mut(&(*id).into())
    }

    fn group_mut(&mut self, id: &GroupId) -> Option<&mut KeptGroup> {
        self.kept_mut(&id.deployment)?.group_mut(id.gseq)
    }
}

fn check_terms(new: &NewDeployment, params: &OrderParams) -> Result<(), OrderRejection> {
    check_reclamation(new.reclamation, params)?;
    if new.grace > params.grace_max {
        let (grace, grace_max) = (new.grace, params.grace_max);
        return Err(OrderRejection::GraceTooLong { grace, grace_max });
    }
    Ok(())
}

pub(crate) fn check_reclamation(
    window: Option<TimeSpan>,
    params: &OrderParams,
) -> Result<(), OrderRejection> {
    let ReclamationParams { window_min, window_max } = params.reclamation;
    match window.filter(|window| !params.reclamation.allows(*window)) {
        Some(window) => Err(OrderRejection::ReclamationWindow { window, window_min, window_max }),
        None => Ok(()),
    }
}

/// What a deployment says about each of its orders.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OrderTerms {
    pub(crate) award: AwardMode,
    pub(crate) reclamation: Option<TimeSpan>,
}

impl Deployment {
    fn terms(&self) -> OrderTerms {
        OrderTerms { award: self.award, reclamation: self.reclamation }
    }
}

/// The ceilings of the groups of one deployment, in their order.
///
/// Source: `chain.md` 2.1, stateful checks 5 and 6.
///
/// # Errors
///
/// The first broken rule, group by group.
pub fn check_groups(
    groups: &[GroupSpec],
    params: &OrderParams,
) -> Result<Vec<PricePerBlock>, OrderRejection> {
    let count = u32::try_from(groups.len()).unwrap_or(u32::MAX);
    if count == 0 || count > params.groups_max {
        return Err(OrderRejection::GroupCount { groups: count, groups_max: params.groups_max });
    }
    let mut names = BTreeSet::new();
    let mut ceilings: Vec<PricePerBlock> = Vec::new();
    for (gseq, spec) in (1..=count).zip(groups) {
        if !names.insert(spec.name.as_str()) {
            return Err(OrderRejection::GroupNameTwice { name: String::from(&spec.name) });
        }
        let ceiling = check_group(spec, params)
            .map_err(|rejection| OrderRejection::Group { gseq, rejection })?;
        let expected = ceilings.first().map_or(&ceiling.denom, |first| &first.denom);
        if expected != &ceiling.denom {
            let (expected, found) = (expected.clone(), ceiling.denom);
            return Err(OrderRejection::GroupDenom { gseq, expected, found });
        }
        ceilings.push(ceiling);
    }
    Ok(ceilings)
}

pub(crate) fn open(
    id: OrderId,
    ceiling: PricePerBlock,
    terms: OrderTerms,
    opening: Opening,
    params: &OrderParams,
) -> Result<OrderEvent, OrderRejection> {
    let OrderTerms { award, reclamation } = terms;
    let window = match award {
        AwardMode::LowestPrice => params.bid_window,
        AwardMode::TenantChooses => params.choice_window,
    };
    let Opening { at: opened_at, entropy } = opening;
    let due_at = opened_at.checked_add(window);
    let due_at = due_at.ok_or(OrderRejection::WindowBeyondLastBlock { opened_at, window })?;
    let state = OrderState::Open;
    Ok(OrderEvent::OrderOpened(Order {
        id,
        ceiling,
        award,
        reclamation,
        entropy,
        state,
        opened_at,
        due_at,
    }))
}
