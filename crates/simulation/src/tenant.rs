//! Tenants: burn AKT for ACT, deploy, choose or let the price decide, top up, run dry, close.

use undercut::Command;
use undercut_bidding::BidState;
use undercut_ledger::Bank;
use undercut_orderbook::{AwardMode, DeploymentState, Group, GroupState, NewDeployment};
use undercut_primitives::{Address, BidId, BlockSpan, Coin, Denom, DeploymentId, OrderId, Tenant};

use crate::{Actor, Life, ManifestPlan, TenantPlan, View};

/// Blocks that a tenant who chooses waits for bids.
const CHOOSES_AFTER: BlockSpan = BlockSpan::from_blocks(4);

/// A tenant who follows a plan.
#[derive(Clone, Debug)]
pub struct TenantActor {
    account: Address,
    plan: TenantPlan,
    top_ups: Vec<u32>,
    has_burned: bool,
    has_redeemed: bool,
    posted: usize,
}

impl TenantActor {
    /// The tenant with this account and plan.
    #[must_use]
    pub fn new(account: Address, plan: TenantPlan) -> Self {
        let top_ups = plan.manifests.iter().map(|_| 0).collect();
        let (has_burned, has_redeemed, posted) = (false, false, 0);
        Self { account, plan, top_ups, has_burned, has_redeemed, posted }
    }

    /// The deployment of the plan's manifest at `index`: numbered from 1 in the plan's order.
    fn id(&self, index: usize) -> DeploymentId {
        let dseq = u64::try_from(index).unwrap_or(u64::MAX).saturating_add(1);
        DeploymentId { tenant: Tenant(self.account), dseq }
    }

    fn burn(&mut self) -> Option<Command> {
        let coin = self.plan.burns.clone().filter(|_| !self.has_burned)?;
        self.has_burned = true;
        Some(Command::Burn(coin))
    }

    /// Deploys the next manifest when its time has come and the money for it is there.
    fn post(&mut self, view: &View<'_>) -> Option<Command> {
        let index = self.posted;
        let plan = self.plan.manifests.get(index)?;
        let balance = view.bank.balance(&self.account, &plan.deposit.denom);
        if view.height < plan.posts_at || balance < plan.deposit.amount {
            return None;
        }
        self.posted = index.saturating_add(1);
        let (dseq, groups) = (self.id(index).dseq, plan.groups.clone());
        let new = NewDeployment::new(dseq, groups, plan.version_hash, plan.deposit.clone());
        Some(Command::CreateDeployment(NewDeployment { award: plan.award, ..new }))
    }

    /// What a running deployment needs from its tenant in this block.
    fn tend(&mut self, index: usize, view: &View<'_>) -> Option<Command> {
        let id = self.id(index);
        let deployment = view.state.book().deployment(&id)?;
        if deployment.state == DeploymentState::Closed {
            return None;
        }
        // Nothing is auctioned or leased any more: its providers gave up.
        let is_idle = |group: Group| group.state != GroupState::Open;
        if view.state.book().groups_of(id).all(is_idle) {
            return Some(Command::CloseDeployment(id));
        }
        let plan: &ManifestPlan = self.plan.manifests.get(index)?;
        match &plan.life {
            Life::RunsDry => None,
            Life::ClosesAfter(span) => {
                let age = view.height.since(deployment.opened_at)?;
                (age == *span).then_some(Command::CloseDeployment(id))
            }
            Life::ToppedUp { below, coin, times } => {
                let runway = view.state.escrow().runway(&id, view.height)?;
                let (coin, done) = (coin.clone(), self.top_ups.get_mut(index)?);
                let has_money = view.bank.balance(&self.account, &coin.denom) >= coin.amount;
                if runway >= *below || *done >= *times || !has_money {
                    return None;
                }
                *done = done.saturating_add(1);
                Some(Command::deposit(id, coin))
            }
        }
    }

    /// The tenant's own choice, where it asked to choose: the lowest price after a few blocks.
    fn choose(&self, view: &View<'_>) -> Vec<Command> {
        let book = view.state.book();
        let deployments = (0..self.posted).map(|index| self.id(index));
        let groups = deployments.flat_map(|id| book.groups_of(id));
        let orders = groups.filter_map(|group| book.live_order(&group));
        let waited = |opened_at| view.height.since(opened_at) >= Some(CHOOSES_AFTER);
        let ripe = orders.filter(|order| {
            order.is_open() && order.award == AwardMode::TenantChooses && waited(order.opened_at)
        });
        let choice = |order: OrderId| -> Option<BidId> {
            let bids = view.state.bids().bids_of(order);
            let open = bids.filter(|bid| bid.state == BidState::Open);
            open.min_by_key(|bid| (bid.price.value, bid.id)).map(|bid| bid.id)
        };
        ripe.filter_map(|order| choice(order.id)).map(Command::CreateLease).collect()
    }

    /// When all is over, the ACT that is left becomes AKT again.
    fn redeem(&mut self, view: &View<'_>) -> Option<Command> {
        let is_over = |index| {
            let deployment = view.state.book().deployment(&self.id(index));
            deployment.is_some_and(|found| found.state == DeploymentState::Closed)
        };
        let all_over = self.posted == self.plan.manifests.len() && (0..self.posted).all(is_over);
        let left = view.bank.balance(&self.account, &Denom::uact());
        if self.has_redeemed || !all_over || left.is_zero() {
            return None;
        }
        self.has_redeemed = true;
        Some(Command::Burn(Coin::new(Denom::uact(), left)))
    }
}

impl Actor for TenantActor {
    fn account(&self) -> Address {
        self.account
    }

    fn act(&mut self, view: &View<'_>) -> Vec<Command> {
        let mut commands: Vec<Command> = self.burn().into_iter().collect();
        commands.extend(self.choose(view));
        commands.extend((0..self.posted).filter_map(|index| self.tend(index, view)));
        commands.extend(self.post(view));
        commands.extend(self.redeem(view));
        commands
    }
}
