//! Orders and their bids, as the records tell it: a plain list per order, scanned for the lowest.
//!
//! | module | about |
//! | --- | --- |
//! | here | deployments, groups, orders: opened, closed |
//! | `bids` | bids: placed, lowered, closed |
//! | `awards` | who won, and that everybody else got the deposit back |

mod awards;
mod bids;

use std::collections::{BTreeMap, BTreeSet};

use undercut::Command;
use undercut_ledger::LeaseEndReason;
use undercut_orderbook::{
    AwardMode, Deployment, DeploymentState, NewDeployment, Order, OrderClosedReason, OrderEvent,
    OrderState,
};
use undercut_primitives::{
    BidId, BlockHeight, Coin, Consent, Contribution, Decimal, Denom, DeploymentId, Digest, GroupId,
    GroupSpec, LeaseId, OrderId, PricePerBlock, TimeSpan,
};

use crate::payments::Payments;
use crate::profiles::Profiles;
use crate::scene::{Checked, Scene, ensure, there};
use crate::{Check, Flaw};

/// A deployment, a group of it, and the orders that the group has had.
#[derive(Clone, Debug)]
struct Group {
    spec: GroupSpec,
    orders: u32,
}

/// A bid that stands, with its deposit.
#[derive(Clone, Debug)]
struct Held {
    price: PricePerBlock,
    tie: undercut_bidding::TieBreak,
    deposit: Coin,
    payers: Vec<Contribution>,
    reclamation: Option<TimeSpan>,
    consent: Consent,
}

impl Held {
    /// What ranks it among the bids of its order; the least wins.
    const fn rank(&self, id: BidId) -> (Decimal, undercut_bidding::TieBreak, BidId) {
        (self.price.value, self.tie, id)
    }
}

/// An order that is open, or whose lease runs.
#[derive(Clone, Debug)]
struct Auction {
    order: Order,
    open: BTreeMap<BidId, Held>,
    /// Bids that closed because the order does; it has to follow.
    closing: BTreeMap<BidId, Held>,
    winner: Option<(BidId, Held)>,
    is_awarded: bool,
}

impl Auction {
    /// The best of the bids for which `counts` holds.
    fn best(
        bids: &BTreeMap<BidId, Held>,
        counts: impl Fn(&BidId) -> bool,
    ) -> Option<(BidId, &Held)> {
        let bids = bids.iter().filter(|(id, _)| counts(id)).map(|(id, held)| (*id, held));
        bids.min_by_key(|(id, held)| held.rank(*id))
    }
}

/// Everything that is up for auction or leased.
#[derive(Clone, Debug, Default)]
pub(crate) struct Auctions {
    deployments: BTreeMap<DeploymentId, Deployment>,
    groups: BTreeMap<GroupId, Group>,
    auctions: BTreeMap<OrderId, Auction>,
    due: BTreeMap<BlockHeight, BTreeSet<OrderId>>,
    /// An order that is awarded, before its winner is told.
    matched: Option<OrderId>,
    /// An award whose lease is not signed yet.
    awarding: Option<BidId>,
    /// Groups of a deployment that is being made, whose first order is not open yet.
    unopened: BTreeSet<GroupId>,
    /// Leases that ended in this block and whose bid's deposit is not returned yet.
    ended: BTreeSet<LeaseId>,
    /// All deposits that are held.
    held: BTreeMap<Denom, u128>,
}

impl Auctions {
    /// All deposits of bids that are held, by denom.
    pub(crate) const fn held(&self) -> &BTreeMap<Denom, u128> {
        &self.held
    }

    /// Whether all groups of a deployment are over.
    pub(crate) fn is_idle(&self, id: &DeploymentId) -> bool {
        self.groups_of(*id).next().is_none()
    }

    /// The manifest that the tenant signed last, and the consent to the deployment.
    pub(crate) fn deployment(&self, id: &DeploymentId) -> Option<(&Digest, &Consent)> {
        self.deployments.get(id).map(|found| (&found.version_hash, &found.consent))
    }

    /// A lease ended: the deposit of its bid has to come back.
    pub(crate) fn lease_ended(&mut self, id: LeaseId) {
        self.ended.insert(id);
    }

    fn groups_of(&self, deployment: DeploymentId) -> impl Iterator<Item = GroupId> + '_ {
        let first = GroupId { deployment, gseq: 0 };
        let last = GroupId { deployment, gseq: u32::MAX };
        self.groups.range(first..=last).map(|(id, _)| *id)
    }

    pub(crate) fn order_event(
        &mut self,
        event: &OrderEvent,
        profiles: &Profiles,
        payments: &Payments,
        scene: &mut Scene,
    ) -> Checked {
        match event {
            OrderEvent::DeploymentCreated { deployment, groups } => {
                self.create(deployment, groups, scene)
            }
            OrderEvent::DeploymentUpdated { id, version_hash } => {
                let asked = Command::UpdateDeployment { id: *id, version_hash: *version_hash };
                let what = || format!("deployment {id} has another manifest");
                scene.must_ask(id.tenant.0, what, |command| *command == asked)?;
                let deployment = self.deployments.get_mut(id);
                let deployment = there(deployment, || format!("deployment {id}"))?;
                deployment.version_hash = *version_hash;
                Ok(())
            }
            OrderEvent::OrderOpened(order) => self.open(order, scene),
            OrderEvent::OrderMatched(id) => {
                let auction = there(self.auctions.get(id), || format!("order {id}"))?;
                let due_at = auction.order.due_at;
                ensure(!auction.is_awarded, || Flaw::WrongTime { order: *id, due_at })?;
                self.matched = Some(*id);
                Ok(())
            }
            OrderEvent::OrderClosed { id, reason } => {
                self.close(id, *reason, profiles, payments, scene)
            }
            OrderEvent::GroupStarted(id) => {
                let what = || format!("group {id} was started");
                let asked = Command::StartGroup(*id);
                scene.must_ask(id.deployment.tenant.0, what, |command| *command == asked)
            }
            OrderEvent::GroupPaused(id) => {
                scene.asks(id.deployment.tenant.0, |asked| *asked == Command::PauseGroup(*id));
                there(self.groups.get(id), || format!("group {id}")).map(|_| ())
            }
            OrderEvent::GroupClosed(id) => {
                scene.asks(id.deployment.tenant.0, |asked| *asked == Command::CloseGroup(*id));
                there(self.groups.remove(id), || format!("group {id}")).map(|_| ())
            }
            OrderEvent::DeploymentClosed(id) => self.close_deployment(id, payments),
        }
    }

    fn create(
        &mut self,
        deployment: &Deployment,
        groups: &[GroupSpec],
        scene: &mut Scene,
    ) -> Checked {
        let Deployment { id, version_hash, award, reclamation, consent, opened_at, .. } =
            deployment;
        let is_asked = |new: &NewDeployment| {
            let terms = (new.dseq, &new.version_hash, new.award, new.reclamation);
            terms == (id.dseq, version_hash, *award, *reclamation) && new.groups == groups
        };
        let what = || format!("deployment {id} was created like this");
        scene.must_ask(id.tenant.0, what, |command| match command {
            Command::CreateDeployment(new) => is_asked(new),
            _ => false,
        })?;
        let what = format!("deployment {id}");
        ensure(scene.consent() == Some(*consent), || Flaw::WrongConsent { what: what.clone() })?;
        let count = u32::try_from(groups.len()).unwrap_or(u32::MAX);
        let is_new = *opened_at == scene.height() && deployment.state == DeploymentState::Active;
        let fits = is_new && deployment.groups == count && !self.deployments.contains_key(id);
        ensure(fits, || Flaw::WrongTerm { what, term: "block, state or number of groups" })?;
        for (gseq, spec) in (1..=count).zip(groups) {
            let group = GroupId { deployment: *id, gseq };
            self.groups.insert(group, Group { spec: spec.clone(), orders: 0 });
            self.unopened.insert(group);
        }
        self.deployments.insert(*id, deployment.clone());
        scene.note(Check::Terms);
        Ok(())
    }

    /// An order says of its group what the group says, and of its block what the block says.
    fn open(&mut self, order: &Order, scene: &mut Scene) -> Checked {
        let (id, what) = (order.id, || format!("order {}", order.id));
        let deployment = there(self.deployments.get(&id.deployment()), what)?;
        let group = there(self.groups.get_mut(&id.group), what)?;
        let params = &scene.params.order;
        let window = match deployment.award {
            AwardMode::LowestPrice => params.bid_window,
            AwardMode::TenantChooses => params.choice_window,
        };
        let terms = [
            ("number", group.orders.checked_add(1) == Some(id.oseq)),
            ("ceiling", Some(&order.ceiling) == ceiling(&group.spec).as_ref()),
            ("award mode", order.award == deployment.award),
            ("reclamation window", order.reclamation == deployment.reclamation),
            ("entropy", order.entropy == scene.context.entropy),
            ("state", order.state == OrderState::Open),
            ("opening", order.opened_at == scene.height()),
            ("end of its auction", Some(order.due_at) == scene.height().checked_add(window)),
        ];
        if let Some((term, _)) = terms.into_iter().find(|(_, holds)| !holds) {
            return Err(Flaw::WrongTerm { what: what(), term }.into());
        }
        group.orders = id.oseq;
        self.unopened.remove(&id.group);
        self.due.entry(order.due_at).or_default().insert(id);
        let auction = Auction {
            order: order.clone(),
            open: BTreeMap::new(),
            closing: BTreeMap::new(),
            winner: None,
            is_awarded: false,
        };
        self.auctions.insert(id, auction);
        scene.note(Check::Terms);
        Ok(())
    }

    /// Why an order closed, and that nobody could have won where there was no award.
    fn close(
        &mut self,
        id: &OrderId,
        reason: OrderClosedReason,
        profiles: &Profiles,
        payments: &Payments,
        scene: &mut Scene,
    ) -> Checked {
        let auction = there(self.auctions.remove(id), || format!("order {id}"))?;
        self.forget_due(auction.order.due_at, id);
        if let Some(bid) = auction.open.keys().next() {
            return Err(Flaw::LostRefund { bid: *bid }.into());
        }
        if let Some((bid, _)) = auction.winner {
            return Err(Flaw::LostRefund { bid }.into());
        }
        let (tenant, group) = (id.tenant().0, id.group);
        let what = || format!("order {id} closed with the reason {reason:?}");
        match reason {
            OrderClosedReason::NoBids | OrderClosedReason::EscrowTooLow => {
                self.could_not_be_awarded(&auction, reason, profiles, payments, scene)?;
            }
            OrderClosedReason::NotChosen => {
                let is_choice = auction.order.award == AwardMode::TenantChooses;
                ensure(is_choice && !auction.is_awarded, || Flaw::NotAsked { what: what() })?;
                in_time(&auction.order, scene)?;
            }
            OrderClosedReason::LeaseEnded => {
                ensure(auction.is_awarded, || Flaw::NotAsked { what: what() })?;
            }
            OrderClosedReason::GroupPaused => {
                scene.must_ask(tenant, what, |asked| *asked == Command::PauseGroup(group))?;
            }
            OrderClosedReason::GroupClosed => {
                scene.must_ask(tenant, what, |asked| *asked == Command::CloseGroup(group))?;
            }
            OrderClosedReason::DeploymentClosed => {
                let is_over = !payments.is_open(&id.deployment());
                ensure(is_over, || Flaw::NotAsked { what: what() })?;
            }
        }
        scene.note(Check::OrderEnds);
        Ok(())
    }

    /// An auction ended without an award: no eligible bid stood, or its tenant could not pay it.
    fn could_not_be_awarded(
        &self,
        auction: &Auction,
        reason: OrderClosedReason,
        profiles: &Profiles,
        payments: &Payments,
        scene: &Scene,
    ) -> Checked {
        let order = &auction.order;
        in_time(order, scene)?;
        let what = || format!("order {} closed with the reason {reason:?}", order.id);
        let by_price = order.award == AwardMode::LowestPrice;
        ensure(by_price && !auction.is_awarded, || Flaw::NotAsked { what: what() })?;
        let is_eligible = |id: &BidId| self.why_not(id, profiles).is_none();
        let Some((bid, held)) = Auction::best(&auction.closing, is_eligible) else {
            let is_empty = reason == OrderClosedReason::NoBids;
            return ensure(is_empty, || Flaw::NotAsked { what: what() });
        };
        let is_too_dear = reason == OrderClosedReason::EscrowTooLow
            && !payments.affords(&order.id.deployment(), &held.price);
        let (order, price) = (order.id, held.price.clone());
        ensure(is_too_dear, || Flaw::NotAwarded { order, bid, price })
    }

    fn close_deployment(&mut self, id: &DeploymentId, payments: &Payments) -> Checked {
        there(self.deployments.remove(id), || format!("deployment {id}"))?;
        let account = *id;
        let is_empty = self.is_idle(id) && !payments.is_open(id);
        let why = "the deployment closed before its groups or its account";
        ensure(is_empty, || Flaw::WrongAccount { account, why })
    }

    fn forget_due(&mut self, due_at: BlockHeight, id: &OrderId) {
        if let Some(due) = self.due.get_mut(&due_at) {
            due.remove(id);
            if due.is_empty() {
                self.due.remove(&due_at);
            }
        }
    }

    /// What a command has to leave behind it.
    pub(crate) fn command_done(&self, scene: &Scene) -> Checked {
        if let (Some(group), Some(asked)) = (self.unopened.first(), &scene.asked) {
            let (account, what) = (asked.signed.account, format!("group {group} has no order"));
            return Err(Flaw::NotDone { account, what }.into());
        }
        Ok(())
    }

    /// At the end of a block everything due is decided, and nothing is half done.
    pub(crate) fn seal(&self, payments: &Payments, scene: &Scene) -> Checked {
        if let Some(bid) = self.awarding {
            return Err(Flaw::HalfAwarded { bid, missing: "the lease is not signed" }.into());
        }
        let due = self.due.range(..=scene.height()).next();
        if let Some((due_at, order)) = due.and_then(|(at, due)| Some((*at, *due.first()?))) {
            return Err(Flaw::Undecided { order, due_at }.into());
        }
        if let Some(LeaseId(bid)) = self.ended.first() {
            return Err(Flaw::LostRefund { bid: *bid }.into());
        }
        let bids_max = scene.params.bid.bids_max;
        for (order, auction) in &self.auctions {
            if let Some(bid) = auction.closing.keys().next() {
                let why = "its order goes on";
                return Err(Flaw::WronglyClosed { bid: *bid, why }.into());
            }
            let (order, bids) = (*order, auction.open.len());
            let fits = u32::try_from(bids).is_ok_and(|bids| bids <= bids_max);
            ensure(fits, || Flaw::TooManyBids { order, bids, bids_max })?;
            let is_over = auction.is_awarded && auction.winner.is_none();
            let what = || format!("the end of order {order}, whose lease is over");
            ensure(!is_over, || Flaw::Missing { what: what() })?;
        }
        if let Some(id) = self.deployments.keys().find(|id| !payments.is_open(id)) {
            let what = format!("the end of deployment {id}, whose account is closed");
            return Err(Flaw::Missing { what }.into());
        }
        Ok(())
    }
}

/// Whether an order is decided in the block that it names.
fn in_time(order: &Order, scene: &Scene) -> Checked {
    let (order, due_at) = (order.id, order.due_at);
    ensure(due_at == scene.height(), || Flaw::WrongTime { order, due_at })
}

/// The most that a group may cost per block: the sum over its units of price × count.
fn ceiling(spec: &GroupSpec) -> Option<PricePerBlock> {
    let denom = &spec.units.first()?.price.denom;
    let mut atoms = 0_u128;
    for unit in &spec.units {
        let price = unit.price.value.to_atoms().checked_mul(u128::from(unit.count))?;
        atoms = atoms.checked_add(price)?;
    }
    let is_one_denom = spec.units.iter().all(|unit| unit.price.denom == *denom);
    is_one_denom.then(|| PricePerBlock::new(denom.clone(), Decimal::from_atoms(atoms)))
}

/// Whether the tenant, the provider or the rules may end a lease for this reason, by the last
/// command; the end of the money is for the payments to say.
pub(crate) fn may_end(id: &LeaseId, reason: LeaseEndReason, scene: &Scene) -> bool {
    let group = id.order().group;
    let is_tenants = |command: &Command| match command {
        Command::CloseLease { lease, .. } => lease == id,
        Command::PauseGroup(asked) => *asked == group,
        Command::CloseGroup(asked) => asked.deployment == group.deployment,
        Command::CloseDeployment(asked) => *asked == group.deployment,
        _ => false,
    };
    match reason {
        LeaseEndReason::Tenant => scene.asks(id.order().tenant().0, is_tenants),
        LeaseEndReason::Provider(reason) => scene.asks(id.provider().0, |command| {
            *command == Command::CloseLease { lease: *id, reason }
        }),
        LeaseEndReason::FundsExhausted => false,
    }
}
