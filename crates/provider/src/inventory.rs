//! [`Inventory`]: what a provider's nodes have free, and what is held for which order.
//!
//! ```text
//! plan (reads)  ──▶  Reservation  ──▶  hold (writes, cannot fail)  ──▶  release
//! ```
//!
//! A reservation is made for the whole order or not at all. Held capacity comes back at once when
//! it is released (the reference waits for the next cluster report), and GPUs are tracked one by
//! one (the reference counts taken ones as matching): `provider.md` 12, Q3 and Q5.
//!
//! **Overcommit.** What is held is the request ÷ (1 + percent / 100), rounded half up, at least 1
//! of what was asked at all; the tenant is still promised the request. A RAM volume is memory and
//! takes the factor of memory. GPUs are never overcommitted. The reference divides the percentage
//! first, so that 50 means nothing (Q1).
//!
//! **Invariant**: for every node, pool and the leased IPs, free + held = total.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use undercut_primitives::{Code, GroupSpec, OrderId, ResourceOffer};

use crate::fit::{self, NoFit};
use crate::node::{Gpu, Node, NodeRejection, count};

/// The most nodes of one inventory.
pub const NODES_MAX: usize = 4_096;
/// The most bytes of one pool of persistent volumes: 1 EiB.
pub const POOL_BYTES_MAX: u64 = 1 << 60;

/// By how many percent more is sold than there is, for each kind of resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overcommit {
    /// CPU, in percent.
    pub cpu_percent: u32,
    /// Memory, in percent.
    pub memory_percent: u32,
    /// Disk and persistent volumes, in percent.
    pub storage_percent: u32,
}

impl Overcommit {
    /// What is held for `requested` at `percent`: 100 ÷ (100 + percent) of it, rounded half up.
    ///
    /// Nothing is held for nothing, and at least 1 for anything.
    #[must_use]
    pub fn committed(requested: u64, percent: u32) -> u64 {
        let divisor = u128::from(percent).saturating_add(100);
        // Below 2^64 · 200 + 2^33: nothing saturates.
        let doubled = u128::from(requested).saturating_mul(200).saturating_add(divisor);
        let rounded = doubled.checked_div(divisor.saturating_mul(2)).unwrap_or_default();
        // Never more than was requested, so it fits.
        u64::try_from(rounded).unwrap_or(requested).max(requested.min(1))
    }
}

/// Replicas of one unit on one node, and what is held there for all of them together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The unit's id.
    pub unit: u32,
    /// The node's name.
    pub node: String,
    /// Replicas of the unit on this node.
    pub replicas: u64,
    /// Thousandths of a CPU.
    pub cpu_milli: u64,
    /// Bytes of memory, RAM volumes included.
    pub memory_bytes: u64,
    /// Bytes of ephemeral disk.
    pub ephemeral_bytes: u64,
    /// Positions of the taken GPUs in the node's list, ascending.
    pub gpus: Vec<usize>,
}

/// What is set aside for one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// What the tenant is promised: the request, with the GPUs narrowed to the chosen model.
    pub offer: Vec<ResourceOffer>,
    /// The same with the committed quantities: what is held, and what price rules look at.
    pub allocated: Vec<ResourceOffer>,
    /// Where the replicas go.
    pub placements: Vec<Placement>,
    /// Bytes held in the cluster's pools, by storage class.
    pub pools: BTreeMap<String, u64>,
    /// Leased IPs held.
    pub leased_ips: u64,
}

/// What is free now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Free {
    /// In the order of the nodes' names.
    pub(crate) nodes: Vec<NodeFree>,
    pub(crate) pools: BTreeMap<String, u64>,
    pub(crate) leased_ips: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NodeFree {
    pub(crate) cpu_milli: u64,
    pub(crate) memory_bytes: u64,
    pub(crate) ephemeral_bytes: u64,
    /// By position in the node's list: whether the GPU is free.
    pub(crate) gpus: Vec<bool>,
}

/// A node, and the keys of each of its GPUs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Site {
    pub(crate) node: Node,
    pub(crate) gpu_keys: Vec<Vec<String>>,
}

/// The nodes, pools and leased IPs of one provider, and the reservations on them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inventory {
    /// Sorted by name.
    sites: Vec<Site>,
    pools: BTreeMap<String, u64>,
    leased_ips: u64,
    overcommit: Overcommit,
    free: Free,
    held: BTreeMap<OrderId, Reservation>,
}

impl Inventory {
    /// An inventory of `nodes`, all free, without persistent volumes and leased IPs.
    ///
    /// # Errors
    ///
    /// [`InventoryRejection`]: a node out of its limits, too many nodes, a name twice.
    pub fn new(mut nodes: Vec<Node>) -> Result<Self, InventoryRejection> {
        let (found, limit) = (nodes.len(), NODES_MAX);
        if found > limit {
            return Err(InventoryRejection::TooManyNodes { found, limit });
        }
        for node in &mut nodes {
            node.check()?;
            node.gpus.sort();
        }
        nodes.sort_by(|a, b| a.name.cmp(&b.name));
        let mut neighbours = nodes.iter().zip(nodes.iter().skip(1));
        if let Some((first, _)) = neighbours.find(|(a, b)| a.name == b.name) {
            return Err(InventoryRejection::DuplicateNode { node: first.name.clone() });
        }
        let free = Free {
            nodes: nodes.iter().map(NodeFree::of).collect(),
            pools: BTreeMap::new(),
            leased_ips: 0,
        };
        let sites = nodes.into_iter().map(Site::new).collect();
        let (pools, held) = (BTreeMap::new(), BTreeMap::new());
        Ok(Self { sites, pools, leased_ips: 0, overcommit: Overcommit::default(), free, held })
    }

    /// Adds `bytes` to the cluster's pool of persistent volumes of `class`.
    ///
    /// Only nodes that list the class can mount them. What exceeds [`POOL_BYTES_MAX`] is not used.
    #[must_use]
    pub fn with_pool(mut self, class: impl Into<String>, bytes: u64) -> Self {
        let class = class.into();
        let total = self.pools.get(&class).copied().unwrap_or(0);
        let added = bytes.min(POOL_BYTES_MAX.saturating_sub(total));
        for pools in [&mut self.pools, &mut self.free.pools] {
            let pool = pools.entry(class.clone()).or_default();
            *pool = pool.saturating_add(added);
        }
        self
    }

    /// Adds `ips` to the pool of leased IPs.
    #[must_use]
    pub fn with_leased_ips(mut self, ips: u32) -> Self {
        self.leased_ips = self.leased_ips.saturating_add(u64::from(ips));
        self.free.leased_ips = self.free.leased_ips.saturating_add(u64::from(ips));
        self
    }

    /// Sells more than there is, from the next reservation on.
    #[must_use]
    pub const fn with_overcommit(mut self, overcommit: Overcommit) -> Self {
        self.overcommit = overcommit;
        self
    }

    /// The nodes, sorted by name.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.sites.iter().map(|site| &site.node)
    }

    /// The size of each pool of persistent volumes in bytes, by class.
    #[must_use]
    pub const fn pools(&self) -> &BTreeMap<String, u64> {
        &self.pools
    }

    /// What is held for `order`.
    #[must_use]
    pub fn reservation(&self, order: &OrderId) -> Option<&Reservation> {
        self.held.get(order)
    }

    /// All reservations, sorted by order.
    #[must_use]
    pub const fn reservations(&self) -> &BTreeMap<OrderId, Reservation> {
        &self.held
    }

    pub(crate) fn sites(&self) -> &[Site] {
        &self.sites
    }

    pub(crate) const fn free(&self) -> &Free {
        &self.free
    }

    pub(crate) const fn overcommit(&self) -> &Overcommit {
        &self.overcommit
    }

    /// Where `spec` would go if it were reserved now. Changes nothing.
    ///
    /// Time: units × nodes × GPUs of a node, times the GPU models that an order accepts.
    ///
    /// # Errors
    ///
    /// [`NoFit`].
    pub fn plan(&self, spec: &GroupSpec) -> Result<Reservation, NoFit> {
        fit::plan(self, spec)
    }

    /// Plans and holds the whole of `spec` for `order`, or changes nothing.
    ///
    /// # Errors
    ///
    /// [`NoFit`].
    pub fn try_reserve(&mut self, order: OrderId, spec: &GroupSpec) -> Result<Reservation, NoFit> {
        self.check_not_held(&order)?;
        let reservation = self.plan(spec)?;
        self.hold(order, reservation.clone());
        Ok(reservation)
    }

    pub(crate) fn check_not_held(&self, order: &OrderId) -> Result<(), NoFit> {
        match self.held.contains_key(order) {
            true => Err(NoFit::AlreadyHeld { order: *order }),
            false => Ok(()),
        }
    }

    /// Holds what [`Inventory::plan`] found since the last change.
    pub(crate) fn hold(&mut self, order: OrderId, reservation: Reservation) {
        self.move_held(&reservation, u64::saturating_sub, false);
        self.held.insert(order, reservation);
    }

    /// Gives back what is held for `order`, at once. `None` when nothing is.
    pub fn release(&mut self, order: &OrderId) -> Option<Reservation> {
        let reservation = self.held.remove(order)?;
        self.move_held(&reservation, u64::saturating_add, true);
        Some(reservation)
    }

    /// Moves a reservation out of or back into what is free. A plan never holds more than is free,
    /// so nothing saturates in either direction.
    fn move_held(&mut self, reservation: &Reservation, moved: fn(u64, u64) -> u64, is_free: bool) {
        for placement in &reservation.placements {
            let name = &placement.node;
            let index = self.sites.binary_search_by(|site| site.node.name.cmp(name));
            let Some(node) = index.ok().and_then(|index| self.free.nodes.get_mut(index)) else {
                continue;
            };
            node.cpu_milli = moved(node.cpu_milli, placement.cpu_milli);
            node.memory_bytes = moved(node.memory_bytes, placement.memory_bytes);
            node.ephemeral_bytes = moved(node.ephemeral_bytes, placement.ephemeral_bytes);
            for position in &placement.gpus {
                if let Some(gpu) = node.gpus.get_mut(*position) {
                    *gpu = is_free;
                }
            }
        }
        for (class, bytes) in &reservation.pools {
            if let Some(pool) = self.free.pools.get_mut(class) {
                *pool = moved(*pool, *bytes);
            }
        }
        self.free.leased_ips = moved(self.free.leased_ips, reservation.leased_ips);
    }

    /// How much of everything is held.
    #[must_use]
    pub fn utilisation(&self) -> Utilisation {
        let of = |total: fn(&Node) -> u64, free: fn(&NodeFree) -> u64| {
            // At most 2^12 nodes of less than 2^52 each.
            let total = self.nodes().map(total).fold(0, u64::saturating_add);
            let free = self.free.nodes.iter().map(free).fold(0, u64::saturating_add);
            Share { used: total.saturating_sub(free), total }
        };
        Utilisation {
            cpu_milli: of(|node| node.cpu_milli, |free| free.cpu_milli),
            memory_bytes: of(|node| node.memory_bytes, |free| free.memory_bytes),
            ephemeral_bytes: of(|node| node.ephemeral_bytes, |free| free.ephemeral_bytes),
            gpus: of(|node| count(node.gpus.len()), NodeFree::gpus_free),
            leased_ips: Share {
                used: self.leased_ips.saturating_sub(self.free.leased_ips),
                total: self.leased_ips,
            },
            orders: self.held.len(),
        }
    }

    /// GPUs by model, e.g. `h100`.
    #[must_use]
    pub fn gpus_by_model(&self) -> BTreeMap<String, GpuUse> {
        let mut models: BTreeMap<String, GpuUse> = BTreeMap::new();
        for (site, free) in self.sites.iter().zip(&self.free.nodes) {
            let mut free_here: BTreeMap<&str, u64> = BTreeMap::new();
            for (gpu, is_free) in site.node.gpus.iter().zip(&free.gpus) {
                let model = models.entry(gpu.model.clone()).or_default();
                model.gpus.total = model.gpus.total.saturating_add(1);
                model.gpus.used = model.gpus.used.saturating_add(u64::from(!is_free));
                let here = free_here.entry(&gpu.model).or_default();
                *here = here.saturating_add(u64::from(*is_free));
            }
            for (model, free) in free_here {
                if let Some(model) = models.get_mut(model) {
                    model.largest_free_node = model.largest_free_node.max(free);
                }
            }
        }
        models
    }

    /// The node with the most free CPUs; of equals the one with more memory, then the first.
    #[must_use]
    pub fn largest_free_node(&self) -> Option<FreeNode<'_>> {
        let free = self.sites.iter().zip(&self.free.nodes).map(|(site, free)| FreeNode {
            node: &site.node,
            cpu_milli: free.cpu_milli,
            memory_bytes: free.memory_bytes,
            ephemeral_bytes: free.ephemeral_bytes,
            gpus: free.gpus_free(),
        });
        // `max_by_key` returns the last of equals, so the nodes go by backwards.
        free.rev().max_by_key(|free| (free.cpu_milli, free.memory_bytes))
    }
}

impl Site {
    fn new(node: Node) -> Self {
        let gpu_keys = node.gpus.iter().map(Gpu::keys).collect();
        Self { node, gpu_keys }
    }
}

impl NodeFree {
    fn of(node: &Node) -> Self {
        Self {
            cpu_milli: node.cpu_milli,
            memory_bytes: node.memory_bytes,
            ephemeral_bytes: node.ephemeral_bytes,
            gpus: vec![true; node.gpus.len()],
        }
    }

    pub(crate) fn gpus_free(&self) -> u64 {
        count(self.gpus.iter().filter(|is_free| **is_free).count())
    }
}

/// How much of something is held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Held.
    pub used: u64,
    /// There.
    pub total: u64,
}

/// How much of an inventory is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Utilisation {
    /// Thousandths of a CPU.
    pub cpu_milli: Share,
    /// Bytes of memory.
    pub memory_bytes: Share,
    /// Bytes of ephemeral disk.
    pub ephemeral_bytes: Share,
    /// GPUs.
    pub gpus: Share,
    /// Leased IPs.
    pub leased_ips: Share,
    /// Orders with a reservation.
    pub orders: usize,
}

/// The GPUs of one model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GpuUse {
    /// GPUs on all nodes.
    pub gpus: Share,
    /// The most of them that are free on one node.
    pub largest_free_node: u64,
}

/// What a node has free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FreeNode<'a> {
    /// The node.
    pub node: &'a Node,
    /// Thousandths of a CPU.
    pub cpu_milli: u64,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// Bytes of ephemeral disk.
    pub ephemeral_bytes: u64,
    /// GPUs.
    pub gpus: u64,
}

/// Why nodes make no inventory.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InventoryRejection {
    /// More nodes than one inventory takes.
    #[error("{found} nodes where an inventory has at most {limit}")]
    TooManyNodes {
        /// Nodes given.
        found: usize,
        /// The most possible.
        limit: usize,
    },
    /// A node is none.
    #[error(transparent)]
    Node(#[from] NodeRejection),
    /// Two nodes share a name.
    #[error("two nodes are called {node}")]
    DuplicateNode {
        /// The name.
        node: String,
    },
}

impl InventoryRejection {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::TooManyNodes { .. } => Code::new("INV001"),
            Self::Node(rejection) => rejection.code(),
            Self::DuplicateNode { .. } => Code::new("INV002"),
        }
    }
}

#[cfg(test)]
mod tests;
