//! Finding room: one greedy pass over the nodes, all or nothing, and [`NoFit`] when there is none.
//!
//! Source: `provider.md` 3.2 to 3.4. Leased IPs come first. Then the units are taken from last to
//! first, and each walks the nodes in the order of their names, filling one before it goes to the
//! next. A replica needs on one node: CPU, GPUs, memory (RAM volumes included), ephemeral disk for
//! its other non-persistent volumes, and the classes of its persistent ones, which are drawn from
//! pools of the whole cluster. As many replicas as fit on a node are placed in one step.
//!
//! **GPUs.** One unit never mixes models: its request is narrowed to the first wanted form of the
//! first GPU with which a replica fits on some node. Only GPUs that are free count, and a model
//! that fails is put back and the next one tried; the reference counts taken GPUs and stays with
//! a model that failed (`provider.md` 12, Q2 and Q3).

use std::collections::BTreeMap;
use std::fmt;

use undercut_bidding::ProviderProfile;
use undercut_primitives::{
    Attribute, Code, GroupSpec, OrderId, ResourceOffer, ResourceUnit, Resources,
};

use crate::inventory::{Free, Inventory, NodeFree, Overcommit, Placement, Reservation, Site};
use crate::node::count;
use crate::text;

pub(crate) fn plan(inventory: &Inventory, spec: &GroupSpec) -> Result<Reservation, NoFit> {
    let (needed, free) = (count(spec.leased_ips()), inventory.free().leased_ips);
    if needed > free {
        return Err(NoFit::LeasedIps { needed, free });
    }
    let sites = inventory.sites();
    let mut draft =
        Draft { sites, free: inventory.free().clone(), placements: vec![], pools: BTreeMap::new() };
    let (mut offer, mut allocated) = (vec![], vec![]);
    for unit in spec.units.iter().rev() {
        let need = Need::of(unit, inventory.overcommit())?;
        let key = draft.place(unit, &need)?;
        allocated.push(given(unit, need.committed, key.as_deref()));
        offer.push(given(unit, unit.resources.clone(), key.as_deref()));
    }
    offer.reverse();
    allocated.reverse();
    let Draft { placements, pools, .. } = draft;
    Ok(Reservation { offer, allocated, placements, pools, leased_ips: needed })
}

/// What `unit` gets, with its GPUs narrowed to `key`.
fn given(unit: &ResourceUnit, mut resources: Resources, key: Option<&str>) -> ResourceOffer {
    if let Some(key) = key {
        resources.gpu_attributes = vec![Attribute::new(key, "true")];
    }
    ResourceOffer { unit: unit.id, count: unit.count, resources }
}

/// What one replica takes.
struct Need {
    committed: Resources,
    /// Memory, RAM volumes included.
    memory_bytes: u64,
    ephemeral_bytes: u64,
    pools: BTreeMap<String, u64>,
}

impl Need {
    fn of(unit: &ResourceUnit, overcommit: &Overcommit) -> Result<Self, NoFit> {
        let commit = Overcommit::committed;
        let mut committed = unit.resources.clone();
        committed.cpu_milli = commit(committed.cpu_milli, overcommit.cpu_percent);
        committed.memory_bytes = commit(committed.memory_bytes, overcommit.memory_percent);
        let (mut memory_bytes, mut ephemeral_bytes) = (committed.memory_bytes, 0_u64);
        let mut pools: BTreeMap<String, u64> = BTreeMap::new();
        for volume in &mut committed.volumes {
            let class = volume.attribute("class");
            // A sum that saturates is larger than any node and any pool.
            let (sum, percent) = match (volume.is_persistent(), class) {
                (false, Some("ram")) => (&mut memory_bytes, overcommit.memory_percent),
                (false, _) => (&mut ephemeral_bytes, overcommit.storage_percent),
                (true, None | Some("ram")) => {
                    let (unit, volume) = (unit.id, volume.name.clone());
                    return Err(NoFit::PersistentWithoutClass { unit, volume });
                }
                (true, Some(class)) => {
                    (pools.entry(class.to_owned()).or_default(), overcommit.storage_percent)
                }
            };
            volume.size_bytes = commit(volume.size_bytes, percent);
            *sum = sum.saturating_add(volume.size_bytes);
        }
        Ok(Self { committed, memory_bytes, ephemeral_bytes, pools })
    }
}

/// What is free while an order is being placed.
#[derive(Clone)]
struct Draft<'a> {
    sites: &'a [Site],
    free: Free,
    placements: Vec<Placement>,
    pools: BTreeMap<String, u64>,
}

impl Draft<'_> {
    /// Places all replicas of `unit` and returns the GPU key it was narrowed to, if it has GPUs.
    fn place(&mut self, unit: &ResourceUnit, need: &Need) -> Result<Option<String>, NoFit> {
        if unit.resources.gpus == 0 || unit.count == 0 {
            self.place_replicas(unit, need, None)?;
            return Ok(None);
        }
        let mut closest: Option<NoFit> = None;
        for key in self.gpu_choices(unit, need) {
            let mut attempt = self.clone();
            match attempt.place_replicas(unit, need, Some(&key)) {
                Ok(()) => {
                    *self = attempt;
                    return Ok(Some(key));
                }
                Err(no_fit) => {
                    let placed = |no_fit: &NoFit| no_fit.placed();
                    if closest.as_ref().is_none_or(|closest| placed(closest) < placed(&no_fit)) {
                        closest = Some(no_fit);
                    }
                }
            }
        }
        Err(closest.unwrap_or_else(|| self.no_node(unit, need, None, 0)))
    }

    fn place_replicas(
        &mut self,
        unit: &ResourceUnit,
        need: &Need,
        key: Option<&str>,
    ) -> Result<(), NoFit> {
        let mut left = u64::from(unit.count);
        for (index, site) in self.sites.iter().enumerate() {
            let Some(free) = self.free.nodes.get_mut(index) else { break };
            let gpus = key.map_or(0, |key| gpus_of_key(site, free, key));
            let replicas = replicas_that_fit(site, free, need, gpus).min(left);
            if replicas == 0 {
                continue;
            }
            draw(&mut self.free.pools, &mut self.pools, unit.id, need, replicas)?;
            let placement = take(site, free, unit, need, key, replicas);
            self.placements.push(placement);
            left = left.saturating_sub(replicas);
        }
        match left {
            0 => Ok(()),
            left => {
                let placed = u64::from(unit.count).saturating_sub(left);
                Err(self.no_node(unit, need, key, placed))
            }
        }
    }

    /// The keys to which `unit` may be narrowed, by the first node on which each one works.
    fn gpu_choices(&self, unit: &ResourceUnit, need: &Need) -> Vec<String> {
        let mut choices: Vec<String> = vec![];
        for (site, free) in self.sites.iter().zip(&self.free.nodes) {
            for key in keys_on_node(site, unit) {
                let gpus = gpus_of_key(site, free, key);
                let is_new = !choices.iter().any(|choice| choice == key);
                if is_new && replicas_that_fit(site, free, need, gpus) > 0 {
                    choices.push(key.to_owned());
                }
            }
        }
        choices
    }

    fn no_node(&self, unit: &ResourceUnit, need: &Need, key: Option<&str>, placed: u64) -> NoFit {
        let shortages = self.sites.iter().zip(&self.free.nodes).filter_map(|(site, free)| {
            let gpus = match key {
                Some(key) => gpus_of_key(site, free, key),
                None => {
                    let keys = keys_on_node(site, unit).into_iter();
                    keys.map(|key| gpus_of_key(site, free, key)).max().unwrap_or(0)
                }
            };
            nearest_of_node(site, free, need, gpus)
        });
        // Of equals the first stays: the least shortages, then the smallest worst one.
        let nearest = shortages.min_by_key(|(lacking, shortage)| (*lacking, shortage.permille()));
        NoFit::Nodes {
            unit: unit.id,
            placed,
            count: unit.count,
            need: text_of_need(unit, need),
            nearest: nearest.map(|(_, shortage)| shortage),
        }
    }
}

/// The distinct keys under which GPUs of a node are wanted, free or not, in the GPUs' order.
fn keys_on_node<'a>(site: &'a Site, unit: &ResourceUnit) -> Vec<&'a str> {
    let mut found: Vec<&str> = vec![];
    for keys in &site.gpu_keys {
        if let Some(key) = wanted_key(&unit.resources.gpu_attributes, keys)
            && !found.contains(&key)
        {
            found.push(key);
        }
    }
    found
}

/// The form of a GPU that the first fitting wish asks for; without a wish, its model.
fn wanted_key<'a>(wanted: &[Attribute], keys: &'a [String]) -> Option<&'a str> {
    let form =
        |wanted: &Attribute| keys.iter().find(|key| ProviderProfile::covers(wanted, key, "true"));
    match wanted {
        [] => keys.first().map(String::as_str),
        wanted => wanted.iter().find_map(form).map(String::as_str),
    }
}

/// Free GPUs of a node that have the form `key`.
fn gpus_of_key(site: &Site, free: &NodeFree, key: &str) -> u64 {
    count(positions_of_key(site, free, key).count())
}

fn positions_of_key<'a>(
    site: &'a Site,
    free: &'a NodeFree,
    key: &'a str,
) -> impl Iterator<Item = usize> + 'a {
    let gpus = site.gpu_keys.iter().zip(&free.gpus).enumerate();
    gpus.filter_map(move |(position, (keys, is_free))| {
        (*is_free && keys.iter().any(|own| own == key)).then_some(position)
    })
}

/// How many replicas fit on a node that has `gpus` of the right kind free.
fn replicas_that_fit(site: &Site, free: &NodeFree, need: &Need, gpus: u64) -> u64 {
    if !need.pools.keys().all(|class| site.node.storage_classes.contains(class)) {
        return 0;
    }
    let rows = [
        (free.cpu_milli, need.committed.cpu_milli),
        (gpus, need.committed.gpus),
        (free.memory_bytes, need.memory_bytes),
        (free.ephemeral_bytes, need.ephemeral_bytes),
    ];
    // What needs nothing fits without end.
    let times = |(free, needed): (u64, u64)| free.checked_div(needed).unwrap_or(u64::MAX);
    rows.into_iter().map(times).min().unwrap_or(0)
}

/// Draws `replicas` from the cluster's pools. Too little refuses the whole order.
fn draw(
    free: &mut BTreeMap<String, u64>,
    drawn: &mut BTreeMap<String, u64>,
    unit: u32,
    need: &Need,
    replicas: u64,
) -> Result<(), NoFit> {
    for (class, each) in &need.pools {
        let pool = free.get(class).copied().unwrap_or(0);
        let needed = each.saturating_mul(replicas);
        let Some(rest) = pool.checked_sub(needed) else {
            let class = class.clone();
            return Err(NoFit::Pool { unit, class, needed_bytes: needed, free_bytes: pool });
        };
        free.insert(class.clone(), rest);
        let sum = drawn.entry(class.clone()).or_default();
        *sum = sum.saturating_add(needed);
    }
    Ok(())
}

/// Takes `replicas` of `unit` from a node on which they fit.
fn take(
    site: &Site,
    free: &mut NodeFree,
    unit: &ResourceUnit,
    need: &Need,
    key: Option<&str>,
    replicas: u64,
) -> Placement {
    // `replicas_that_fit` divided what is free, so no product is larger than that.
    let all = |each: u64| each.saturating_mul(replicas);
    let (cpu_milli, memory_bytes) = (all(need.committed.cpu_milli), all(need.memory_bytes));
    let ephemeral_bytes = all(need.ephemeral_bytes);
    let wanted = usize::try_from(all(need.committed.gpus)).unwrap_or(usize::MAX);
    let gpus: Vec<usize> = match key {
        Some(key) => positions_of_key(site, free, key).take(wanted).collect(),
        None => vec![],
    };
    free.cpu_milli = free.cpu_milli.saturating_sub(cpu_milli);
    free.memory_bytes = free.memory_bytes.saturating_sub(memory_bytes);
    free.ephemeral_bytes = free.ephemeral_bytes.saturating_sub(ephemeral_bytes);
    for position in &gpus {
        if let Some(gpu) = free.gpus.get_mut(*position) {
            *gpu = false;
        }
    }
    let node = site.node.name.clone();
    Placement { unit: unit.id, node, replicas, cpu_milli, memory_bytes, ephemeral_bytes, gpus }
}

/// How many dimensions of a node are short of one replica, and the worst of them.
fn nearest_of_node(
    site: &Site,
    free: &NodeFree,
    need: &Need,
    gpus: u64,
) -> Option<(usize, Nearest)> {
    let rows = [
        (Dimension::Cpu, free.cpu_milli, need.committed.cpu_milli),
        (Dimension::Gpu, gpus, need.committed.gpus),
        (Dimension::Memory, free.memory_bytes, need.memory_bytes),
        (Dimension::Ephemeral, free.ephemeral_bytes, need.ephemeral_bytes),
    ];
    let classes = need.pools.keys().filter(|class| !site.node.storage_classes.contains(*class));
    let classes = classes.map(|class| (Dimension::StorageClass(class.clone()), 0, 1));
    let short = rows.into_iter().filter(|(_, free, needed)| free < needed).chain(classes);
    let short: Vec<Nearest> = short
        .map(|(dimension, free, needed)| Nearest {
            node: site.node.name.clone(),
            dimension,
            free,
            needed,
        })
        .collect();
    let lacking = short.len();
    // `max_by_key` returns the last of equals; backwards, that is the first.
    short.into_iter().rev().max_by_key(Nearest::permille).map(|worst| (lacking, worst))
}

fn text_of_need(unit: &ResourceUnit, need: &Need) -> String {
    let cpu = text::cpus(need.committed.cpu_milli);
    let memory = text::bytes(need.memory_bytes);
    let gpus = unit.resources.gpus;
    if gpus == 0 {
        return format!("{cpu} cpu and {memory}");
    }
    let wanted = unit.resources.gpu_attributes.iter();
    let models: Vec<String> = wanted.map(|wanted| model_of(&wanted.key)).collect();
    let models = match models.join(" or ") {
        any if any.is_empty() || any == "*" => "gpu".to_owned(),
        models => models,
    };
    format!("{gpus} {models}, {cpu} cpu and {memory}")
}

/// `h100/80Gi` of `vendor/nvidia/model/h100/ram/80Gi`.
fn model_of(key: &str) -> String {
    let model = key.split_once("/model/").map_or(key, |(_, model)| model);
    model.replace("/ram/", "/").replace("/interface/", "/")
}

/// What a node is short of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dimension {
    /// Thousandths of a CPU.
    Cpu,
    /// GPUs of the wanted kind.
    Gpu,
    /// Bytes of memory.
    Memory,
    /// Bytes of ephemeral disk.
    Ephemeral,
    /// A class of persistent volumes: 0 of 1.
    StorageClass(String),
}

/// The node that came closest to one more replica, and what it lacks most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nearest {
    /// The node's name.
    pub node: String,
    /// What it lacks most, in proportion.
    pub dimension: Dimension,
    /// How much of it is free, in the dimension's unit.
    pub free: u64,
    /// How much of it one replica needs.
    pub needed: u64,
}

impl Nearest {
    /// The missing share in thousandths.
    fn permille(&self) -> u128 {
        let missing = u128::from(self.needed.saturating_sub(self.free)).saturating_mul(1_000);
        missing.checked_div(u128::from(self.needed)).unwrap_or(0)
    }
}

impl fmt::Display for Nearest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { node, dimension, free, needed } = self;
        let amounts = |text: fn(u64) -> String| format!("{} of {}", text(*free), text(*needed));
        match dimension {
            Dimension::Cpu => write!(f, "{node} has {} cpu left", amounts(text::cpus)),
            Dimension::Gpu => write!(f, "{node} has {free} of {needed} such gpu left"),
            Dimension::Memory => write!(f, "{node} has {} memory left", amounts(text::bytes)),
            Dimension::Ephemeral => write!(f, "{node} has {} disk left", amounts(text::bytes)),
            Dimension::StorageClass(class) => write!(f, "{node} has no storage of class {class}"),
        }
    }
}

fn closeness(nearest: Option<&Nearest>) -> String {
    nearest.map_or_else(|| "there is no node".to_owned(), Nearest::to_string)
}

/// Why an order finds no room. Nothing was reserved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoFit {
    /// The order has a reservation already.
    #[error("order {order} is reserved already")]
    AlreadyHeld {
        /// The order.
        order: OrderId,
    },
    /// Fewer leased IPs are free than the group needs.
    #[error("{free} of {needed} leased IPs left")]
    LeasedIps {
        /// Different IPs that the group needs.
        needed: u64,
        /// IPs that are free.
        free: u64,
    },
    /// A persistent volume has no class, or is to lie in memory.
    #[error("unit {unit}: volume `{volume}` is persistent and has no storage class")]
    PersistentWithoutClass {
        /// The unit's id.
        unit: u32,
        /// The volume's name.
        volume: String,
    },
    /// The cluster's pool of a storage class is too small.
    #[error(
        "unit {unit}: storage class {class} has {} of {} left",
        text::bytes(*free_bytes),
        text::bytes(*needed_bytes)
    )]
    Pool {
        /// The unit's id.
        unit: u32,
        /// The storage class.
        class: String,
        /// Bytes needed for the replicas that would fit on the node at hand.
        needed_bytes: u64,
        /// Bytes that are free.
        free_bytes: u64,
    },
    /// No node has room for one more replica.
    #[error(
        "no node has {need} free together: {} (unit {unit}, {placed} of {count} replicas placed)",
        closeness(nearest.as_ref())
    )]
    Nodes {
        /// The unit's id.
        unit: u32,
        /// Replicas of it that did fit.
        placed: u64,
        /// Replicas of it that are wanted.
        count: u32,
        /// What one replica needs on one node, in words.
        need: String,
        /// The node that came closest. None when there is no node.
        nearest: Option<Nearest>,
    },
}

impl NoFit {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::new(match self {
            Self::AlreadyHeld { .. } => "FIT001",
            Self::LeasedIps { .. } => "FIT002",
            Self::PersistentWithoutClass { .. } => "FIT003",
            Self::Pool { .. } => "FIT004",
            Self::Nodes { .. } => "FIT005",
        })
    }

    const fn placed(&self) -> u64 {
        match self {
            Self::Nodes { placed, .. } => *placed,
            _ => 0,
        }
    }
}
