//! The table of command kinds: how often each is tried, and how a valid one is made.
//!
//! A new command of the engine is a row of [`KINDS`] with a generator, a row in the model's verdict
//! and one in what it accepts. Generators look at the model, because it is small and says the same
//! as the engine; what they make is nearly always accepted.

use undercut::Command;
use undercut_bidding::NewBid;
use undercut_ledger::ProviderReason;
use undercut_orderbook::{AwardMode, NewDeployment};
use undercut_primitives::{
    Address, Amount, Attribute, BidId, BlockSpan, Coin, Contribution, Decimal, Denom, DeploymentId,
    GroupId, GroupSpec, LeaseId, OrderId, PricePerBlock, Provider, Requirements, ResourceUnit,
    Resources, SignedBy, TimeSpan, Volume, crypto,
};
use undercut_simulation::Stream;

use super::cast::{Draw, Role, all, cast};
use super::requests;
use crate::model::{ATOMS, BidIs, GroupIs, Lease, Model, Order};

/// What a generator sees.
pub(crate) struct Scene<'a> {
    pub(crate) model: &'a Model,
    pub(crate) draw: &'a Draw,
    pub(crate) rng: &'a mut Stream,
    /// The lease that was paid last in this block.
    pub(crate) last_paid: Option<LeaseId>,
    /// What AKT is worth outside, in atoms of a dollar.
    pub(crate) price: u128,
}

/// Who asks for what.
pub(crate) type Asked = Option<(usize, Command)>;

/// A kind of command.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    weight: u64,
    make: fn(&mut Scene<'_>) -> Asked,
}

const fn kind(name: &'static str, weight: u64, make: fn(&mut Scene<'_>) -> Asked) -> Kind {
    Kind { name, weight, make }
}

/// All kinds.
pub(crate) const KINDS: [Kind; 29] = [
    kind("register-provider", 2, requests::register),
    kind("update-provider", 1, requests::update_provider),
    kind("deregister-provider", 1, requests::deregister),
    kind("attest-provider", 4, requests::attest),
    kind("revoke-attestation", 1, requests::revoke_attestation),
    kind("create-deployment", 18, create_deployment),
    kind("update-deployment", 1, update_deployment),
    kind("close-deployment", 3, close_deployment),
    kind("pause-group", 2, pause_group),
    kind("start-group", 5, start_group),
    kind("close-group", 1, close_group),
    kind("deposit", 10, deposit),
    kind("create-bid", 60, create_bid),
    kind("reprice-bid", 6, reprice_bid),
    kind("close-bid", 3, close_bid),
    kind("create-lease", 16, create_lease),
    kind("close-lease", 5, close_lease),
    kind("start-reclamation", 4, start_reclamation),
    kind("withdraw", 10, withdraw),
    kind("withdraw-all", 2, withdraw_all),
    kind("grant-allowance", 4, requests::grant),
    kind("revoke-allowance", 1, requests::revoke_allowance),
    kind("burn", 14, requests::burn),
    kind("cancel-burn", 2, requests::cancel_burn),
    kind("fund-vault", 1, requests::fund_vault),
    kind("post-price", 16, requests::post_price),
    kind("change-params", 2, requests::change_params),
    kind("rotate-key", 1, requests::rotate_key),
    kind("create-bids", 6, create_bids),
];

impl Scene<'_> {
    /// A valid command of a kind that its seed finds hot enough.
    pub(crate) fn valid(&mut self) -> Asked {
        let heats = KINDS.iter().zip(self.draw.heat).map(|(kind, heat)| kind.weight * heat);
        let total: u64 = heats.clone().sum();
        let mut left = self.rng.between(0, total.saturating_sub(1));
        for (kind, heat) in KINDS.iter().zip(heats) {
            if left < heat {
                return (kind.make)(self);
            }
            left -= heat;
        }
        None
    }

    pub(crate) fn one_of<T: Copy>(&mut self, items: impl Iterator<Item = T>) -> Option<T> {
        let items: Vec<T> = items.collect();
        self.rng.pick(&items).copied()
    }

    pub(crate) fn someone(&mut self, role: Role) -> usize {
        self.one_of(all(role)).expect("every role is taken")
    }

    fn open_orders(&self, chooses: bool) -> Vec<OrderId> {
        let is_open = |order: &&Order| {
            let deployment = &self.model.deployments[&order.id.deployment()];
            order.lease.is_none() && (!chooses || deployment.chooses)
        };
        self.model.orders().filter(is_open).map(|order| order.id).collect()
    }

    fn some_lease(&mut self) -> Option<LeaseId> {
        let model = self.model;
        self.one_of(model.leases().map(|lease| lease.id))
    }

    /// Whom a deposit may come from: the signer, or in part someone who allows it.
    pub(crate) fn payers(
        &mut self,
        signer: Address,
        coin: &Coin,
        is_bid: bool,
    ) -> Vec<Contribution> {
        if !self.rng.happens(self.draw.allowed) {
            return Vec::new();
        }
        let amount = coin.amount.to_micro();
        let (model, denom) = (self.model, &coin.denom);
        let allowances = model.allowances.iter().filter(|((grantee, _), allowance)| {
            let fits = if is_bid { allowance.for_bids } else { allowance.for_deployments };
            *grantee == signer && fits && allowance.limits.get(denom).is_some_and(|l| *l > 0)
        });
        let found = self.one_of(allowances.map(|((_, granter), a)| (*granter, a.limits[denom])));
        let Some((granter, limit)) = found else { return Vec::new() };
        let theirs = limit.min(amount);
        let part = |payer, amount| Contribution { payer, amount: Amount::from_micro(amount) };
        let both = [part(granter, theirs), part(signer, amount - theirs)];
        both.into_iter().filter(|part| !part.amount.is_zero()).collect()
    }

    /// A reclamation window of at least so many nanoseconds, or none.
    fn window(&mut self, least: u64) -> Option<TimeSpan> {
        if !self.rng.happens(self.draw.windows) {
            return None;
        }
        let params = &self.model.params.order.reclamation;
        let least = least.max(params.window_min.to_nanos());
        let most = params.window_max.to_nanos().min(least + 20_000_000_000);
        Some(TimeSpan::from_nanos(self.rng.between(least, most)))
    }

    /// An amount from one to `most` that is small as often as it is large.
    pub(crate) fn amount(&mut self, most: u128) -> u128 {
        let digits = self.rng.between(0, 12);
        let scale = 10_u128.pow(u32::try_from(digits).unwrap_or_default());
        u128::from(self.rng.between(1, 9_999)).saturating_mul(scale).clamp(1, most.max(1))
    }
}

/// The position of an account in the cast.
pub(crate) fn position(address: undercut_primitives::Address) -> usize {
    let found = cast().iter().position(|actor| actor.address == address);
    found.expect("everyone with money is in the cast")
}

/// A price per block of up to about 2000 micro-units; in coarse markets a round one.
fn ceiling(scene: &mut Scene<'_>) -> u128 {
    let whole = u128::from(scene.rng.between(1, 500));
    if scene.draw.is_coarse {
        return whole * 4 * ATOMS;
    }
    whole * ATOMS + u128::from(scene.rng.between(0, 999_999_999)) * 1_000_000_007
}

/// A group of small machines.
pub(crate) fn group(name: &str, ceiling: u128) -> GroupSpec {
    let volume = Volume { name: "default".into(), size_bytes: 5 << 20, attributes: vec![] };
    let resources = Resources {
        cpu_milli: 100,
        memory_bytes: 1 << 20,
        volumes: vec![volume],
        ..Resources::default()
    };
    let price = PricePerBlock::new(Denom::uact(), Decimal::from_atoms(ceiling));
    let unit = ResourceUnit { id: 1, resources, count: 1, price };
    GroupSpec { name: name.into(), requirements: Requirements::default(), units: vec![unit] }
}

fn requirements(scene: &mut Scene<'_>) -> Requirements {
    if !scene.rng.happens(scene.draw.requires) {
        return Requirements::default();
    }
    let (auditor, _) = &scene.model.auditors[0];
    let signed_by = match scene.rng.between(0, 3) {
        0 => SignedBy { all_of: vec![auditor.clone()], any_of: vec![] },
        1 => SignedBy { all_of: vec![], any_of: vec!["nobody".into(), auditor.clone()] },
        _ => SignedBy::default(),
    };
    let region = *scene.rng.pick(&["west", "east"]).unwrap_or(&"west");
    Requirements { attributes: vec![Attribute::new("region", region)], signed_by }
}

fn create_deployment(scene: &mut Scene<'_>) -> Asked {
    let actor = scene.someone(Role::Tenant);
    let tenant = cast()[actor].address;
    let open = scene.model.deployments.keys().filter(|id| id.tenant.0 == tenant).count();
    if open >= 4 {
        return None;
    }
    let count = scene.rng.between(1, 3);
    let mut groups: Vec<GroupSpec> = Vec::new();
    let mut rent = 0;
    for n in 0..count {
        let ceiling = ceiling(scene);
        rent += ceiling / ATOMS + 1;
        let mut group = group(&format!("g{n}"), ceiling);
        group.requirements = requirements(scene);
        groups.push(group);
    }
    let blocks = u128::from(scene.rng.between(1, scene.draw.rent_max));
    let used = scene.model.used.keys().filter(|id| id.tenant.0 == tenant).count();
    let deposit = Coin::uact((rent * blocks).max(1_000));
    let payers = scene.payers(tenant, &deposit, false);
    let grace_max = scene.model.params.order.grace_max.to_blocks();
    let has_grace = scene.rng.happens(scene.draw.graces);
    let grace = if has_grace { scene.rng.between(0, grace_max) } else { 0 };
    let (window, hash) = (scene.window(0), crypto::sha256(b"manifest"));
    let new = NewDeployment {
        payers,
        reclamation: window.filter(|_| grace % 2 == 0),
        grace: BlockSpan::from_blocks(grace),
        award: match scene.rng.happens(scene.draw.chooses) {
            true => AwardMode::TenantChooses,
            false => AwardMode::LowestPrice,
        },
        ..NewDeployment::new(used as u64 + 1, groups, hash, deposit)
    };
    Some((actor, Command::CreateDeployment(new)))
}

/// An open deployment: of this block, at the end of its money, or any.
fn deployment(scene: &mut Scene<'_>) -> Option<DeploymentId> {
    let (model, choice) = (scene.model, scene.rng.between(0, 2));
    let wanted = model.deployments.iter().filter(|(_, deployment)| match choice {
        0 => deployment.opened_at == model.height,
        1 => deployment.money_ends(),
        _ => true,
    });
    scene.one_of(wanted.map(|(id, _)| *id))
}

fn close_deployment(scene: &mut Scene<'_>) -> Asked {
    let id = deployment(scene)?;
    Some((position(id.tenant.0), Command::CloseDeployment(id)))
}

fn update_deployment(scene: &mut Scene<'_>) -> Asked {
    let id = deployment(scene)?;
    let version_hash = crypto::sha256(&scene.rng.between(0, 99).to_le_bytes());
    Some((position(id.tenant.0), Command::UpdateDeployment { id, version_hash }))
}

/// A group of an open deployment that stands like this.
fn some_group(scene: &mut Scene<'_>, is: GroupIs) -> Option<GroupId> {
    let model = scene.model;
    scene.one_of(model.groups().filter(|(_, group)| group.is == is).map(|(id, _)| id))
}

fn pause_group(scene: &mut Scene<'_>) -> Asked {
    let id = some_group(scene, GroupIs::Open)?;
    Some((position(id.deployment.tenant.0), Command::PauseGroup(id)))
}

fn start_group(scene: &mut Scene<'_>) -> Asked {
    let id = some_group(scene, GroupIs::Paused)?;
    Some((position(id.deployment.tenant.0), Command::StartGroup(id)))
}

fn close_group(scene: &mut Scene<'_>) -> Asked {
    let model = scene.model;
    let id = scene.one_of(model.groups().map(|(id, _)| id))?;
    Some((position(id.deployment.tenant.0), Command::CloseGroup(id)))
}

/// Into a paused account more often than into others.
fn deposit(scene: &mut Scene<'_>) -> Asked {
    let model = scene.model;
    let paused = model.deployments.iter().filter(|(_, account)| account.paused.is_some());
    let paused = scene.one_of(paused.map(|(id, _)| *id));
    let id = paused.filter(|_| scene.rng.happens(400_000)).or_else(|| deployment(scene))?;
    let by_tenant = scene.rng.happens(500_000);
    let actor = if by_tenant { position(id.tenant.0) } else { scene.someone(Role::Depositor) };
    let amount = u128::from(scene.rng.between(1, 5_000));
    let coin = if scene.rng.happens(350_000) { Coin::uakt(amount) } else { Coin::uact(amount) };
    let payers = scene.payers(cast()[actor].address, &coin, false);
    Some((actor, Command::Deposit { deployment: id, coin, payers }))
}

fn bid_price(scene: &mut Scene<'_>, ceiling: u128) -> u128 {
    if scene.draw.is_coarse {
        return ceiling / 4 * u128::from(scene.rng.between(2, 4));
    }
    match scene.rng.between(0, 9) {
        0 => ceiling,
        1 => ceiling.saturating_sub(1).max(1),
        2 => u128::from(scene.rng.between(1, 999)),
        n => ceiling / u128::from(n) + 1,
    }
    .min(ceiling)
}

/// Whether one of the cast may bid for an order.
fn may_bid(model: &Model, order: &OrderId, actor: usize) -> bool {
    let provider = Provider(cast()[actor].address);
    let bids = model.order(order).map_or(&[][..], |found| &found.bids);
    let own = bids.iter().find(|bid| bid.provider == provider);
    own.is_none_or(|bid| bid.is == BidIs::Evicted) && model.is_eligible(&order.bid(provider))
}

fn create_bid(scene: &mut Scene<'_>) -> Asked {
    let orders = scene.open_orders(false);
    let order = *scene.rng.pick(&orders)?;
    let may = |actor: &usize| may_bid(scene.model, &order, *actor);
    let actors: Vec<usize> = all(Role::Provider).filter(may).collect();
    let actor = *scene.rng.pick(&actors)?;
    Some((actor, Command::CreateBid(new_bid(scene, order, actor)?)))
}

/// Bids for some of the orders for which a provider may bid.
fn create_bids(scene: &mut Scene<'_>) -> Asked {
    let actor = scene.someone(Role::Provider);
    let mut orders = scene.open_orders(false);
    orders.retain(|order| may_bid(scene.model, order, actor));
    let count = scene.rng.between(1, 8).min(orders.len() as u64);
    let mut bids = Vec::new();
    for _ in 0..count {
        let last = orders.len() as u64 - 1;
        let place = usize::try_from(scene.rng.between(0, last)).unwrap_or_default();
        bids.push(new_bid(scene, orders.swap_remove(place), actor)?);
    }
    (!bids.is_empty()).then_some((actor, Command::CreateBids(bids)))
}

fn new_bid(scene: &mut Scene<'_>, order: OrderId, actor: usize) -> Option<NewBid> {
    let group = scene.model.group(&order.group)?;
    let price = bid_price(scene, group.ceiling);
    let amount = u128::from(scene.rng.between(500, 5_000));
    let is_akt = scene.rng.happens(700_000);
    let deposit = if is_akt { Coin::uakt(amount) } else { Coin::uact(amount) };
    let price = PricePerBlock::new(Denom::uact(), Decimal::from_atoms(price));
    let offer = group.spec.exact_offer();
    let least = scene.model.deployments[&order.deployment()].window;
    let reclamation = match least {
        Some(least) => Some(scene.window(least).unwrap_or(TimeSpan::from_nanos(least))),
        None => scene.window(0),
    };
    let payers = scene.payers(cast()[actor].address, &deposit, true);
    Some(NewBid { payers, reclamation, ..NewBid::new(order, price, offer, deposit) })
}

/// An open bid of one of these orders.
fn open_bid(scene: &mut Scene<'_>, orders: &[OrderId]) -> Option<BidId> {
    let order = *scene.rng.pick(orders)?;
    let bids = scene.model.order(&order)?.bids.iter().filter(|bid| bid.is == BidIs::Open);
    scene.one_of(bids.map(|bid| order.bid(bid.provider)))
}

fn reprice_bid(scene: &mut Scene<'_>) -> Asked {
    let orders = scene.open_orders(false);
    let bid = open_bid(scene, &orders)?;
    let price = scene.model.open_bid(&bid)?.price;
    let lower = if scene.rng.happens(300_000) { price - 1 } else { price / 8 * 7 };
    let price = PricePerBlock::new(Denom::uact(), Decimal::from_atoms(lower));
    Some((position(bid.provider.0), Command::RepriceBid { bid, price }))
}

fn close_bid(scene: &mut Scene<'_>) -> Asked {
    let orders = scene.open_orders(false);
    let id = open_bid(scene, &orders)?;
    Some((position(id.provider.0), Command::CloseBid(id)))
}

fn create_lease(scene: &mut Scene<'_>) -> Asked {
    let orders = scene.open_orders(true);
    let id = open_bid(scene, &orders)?;
    Some((position(id.order.tenant().0), Command::CreateLease(id)))
}

fn close_lease(scene: &mut Scene<'_>) -> Asked {
    if scene.rng.happens(400_000) {
        let lease = scene.some_lease()?;
        return Some((position(lease.order().tenant().0), Command::close_lease(lease)));
    }
    let model = scene.model;
    let may = |lease: &&Lease| {
        // Now and then a second too early.
        let is_over = lease.deadline.is_some_and(|at| at <= model.nanos + 1_000_000_000);
        lease.window.is_none() || is_over
    };
    let announced = model.leases().filter(may).filter(|lease| lease.deadline.is_some());
    let first = scene.one_of(announced.map(|lease| lease.id));
    let lease = match first {
        Some(lease) => lease,
        None => scene.one_of(model.leases().filter(may).map(|lease| lease.id))?,
    };
    let reason = ProviderReason::UNSTABLE;
    Some((position(lease.provider().0), Command::CloseLease { lease, reason }))
}

fn start_reclamation(scene: &mut Scene<'_>) -> Asked {
    let model = scene.model;
    let may = |lease: &&Lease| lease.window.is_some() && lease.deadline.is_none();
    let lease = scene.one_of(model.leases().filter(may).map(|lease| lease.id))?;
    let reason = ProviderReason::DECOMMISSIONED;
    Some((position(lease.provider().0), Command::StartReclamation { lease, reason }))
}

fn withdraw_all(scene: &mut Scene<'_>) -> Asked {
    let lease = scene.some_lease()?;
    let from = scene.some_lease().filter(|_| scene.rng.happens(300_000));
    Some((position(lease.provider().0), Command::WithdrawAll { from }))
}

fn withdraw(scene: &mut Scene<'_>) -> Asked {
    let again = scene.last_paid.filter(|id| scene.model.lease(id).is_some());
    let id = match again.filter(|_| scene.rng.happens(600_000)) {
        Some(id) => id,
        None => scene.some_lease()?,
    };
    Some((position(id.provider().0), Command::Withdraw(id)))
}
