//! [`Explanation`]: what a manifest asks for and what it can cost at most, in plain numbers.
//!
//! Quantities of a unit are for one replica; those of [`Totals`] are for all replicas. Ceilings
//! are exact; dollars are cents, rounded half up, and only for tokens whose worth is known.

mod text;

use std::collections::BTreeMap;

use undercut_primitives::usd::{self, Usd};
use undercut_primitives::{
    Attribute, EndpointKind, GroupSpec, PricePerBlock, ResourceUnit, SignedBy, Volume,
};

use crate::manifest::{ManifestExpose, ManifestGroup, ManifestService};
use crate::prices::{GpuKey, class_of};
use crate::sdl::Sdl;

/// What a whole manifest asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// In byte order of their names. Each is auctioned and leased on its own.
    pub groups: Vec<ExplainedGroup>,
    /// All groups together.
    pub totals: Totals,
    /// The most that all groups together may cost per block. `None` only when the sum is more than
    /// a price can hold.
    pub ceiling: Option<PricePerBlock>,
    /// How long before its end a reclaimed lease must be told so, in nanoseconds.
    pub reclamation_min_window_ns: Option<u64>,
}

/// One group: what one provider runs under one lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainedGroup {
    /// The name of its placement.
    pub name: String,
    /// In byte order of their names.
    pub services: Vec<ExplainedService>,
    /// By id.
    pub units: Vec<ExplainedUnit>,
    /// All replicas together.
    pub totals: Totals,
    /// Attributes that the provider must have, without the one that stands for [`Self::tee`].
    pub attributes: Vec<Attribute>,
    /// Auditors who must vouch for them.
    pub signed_by: SignedBy,
    /// The kind of trusted execution, `cpu` or `cpu-gpu`.
    pub tee: Option<String>,
    /// The most that the group may cost per block: `GroupSpec::ceiling`. `None` only when the sum
    /// is more than a price can hold.
    pub ceiling: Option<PricePerBlock>,
}

/// A service in one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainedService {
    /// Its name.
    pub name: String,
    /// The container image.
    pub image: String,
    /// Replicas.
    pub count: u32,
    /// The id of the unit that each replica gets.
    pub unit: u32,
    /// In the order of the manifest.
    pub ports: Vec<ExplainedPort>,
}

/// A port and one of those who reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainedPort {
    /// The port that the container listens on.
    pub port: u32,
    /// The port under which it is reached.
    pub outside_port: u32,
    /// `TCP` or `UDP`.
    pub protocol: String,
    /// From where.
    pub reach: Reach,
}

/// From where a port is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// From everywhere, by HTTP through the provider's ingress.
    Http {
        /// Host names of the tenant's own; the provider gives one besides.
        hosts: Vec<String>,
    },
    /// From everywhere, on a port that the provider picks.
    RandomPort,
    /// From everywhere, on a leased IP address.
    LeasedIp {
        /// Its name in the manifest.
        name: String,
    },
    /// From other services of the group.
    Inside {
        /// The one that may; any when `None`.
        service: Option<String>,
    },
}

/// What each replica of one or more services gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainedUnit {
    /// Number within the group, from 1.
    pub id: u32,
    /// Replicas.
    pub count: u32,
    /// Thousandths of a CPU.
    pub cpu_milli: u64,
    /// The architecture of the CPU, when the text asks for one.
    pub arch: Option<String>,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// By size, in the order of the group.
    pub volumes: Vec<ExplainedVolume>,
    /// Whole GPUs.
    pub gpus: u64,
    /// Models of which any one will do; empty without GPUs.
    pub gpu_models: Vec<GpuModel>,
    /// The most that one replica may cost per block.
    pub price: PricePerBlock,
}

/// A volume of a replica.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainedVolume {
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// `ephemeral`, `ram` or the class of persistent storage.
    pub class: String,
    /// Whether it outlives its replica.
    pub persistent: bool,
    /// Where services mount it, by service.
    pub mounts: Vec<VolumeMount>,
}

/// Where one service mounts a volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeMount {
    /// The service.
    pub service: String,
    /// An absolute path in the container.
    pub path: String,
    /// Whether the service may not write.
    pub read_only: bool,
}

/// A GPU that will do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GpuModel {
    /// The model; `*` stands for any.
    pub model: String,
    /// Its memory, in whole Gi: `80Gi`.
    pub memory: Option<String>,
    /// `pcie` or `sxm`.
    pub interface: Option<String>,
}

/// Sums over all replicas. Ways from outside are shared by replicas and counted once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Replicas.
    pub replicas: u64,
    /// Thousandths of a CPU.
    pub cpu_milli: u128,
    /// Bytes of memory, without volumes in memory.
    pub memory_bytes: u128,
    /// Bytes of volumes by class: `ephemeral`, `ram` and the classes of persistent storage.
    pub storage_bytes: BTreeMap<String, u128>,
    /// GPUs.
    pub gpus: u128,
    /// Ports behind the provider's HTTP ingress.
    pub http_endpoints: usize,
    /// Ports that the provider picks; one on a leased IP counts here or as HTTP, too.
    pub random_ports: usize,
    /// IP addresses, each counted once for each group that uses it.
    pub leased_ips: usize,
}

/// A price per block in US cents, rounded half up.
///
/// An hour has 588.5 blocks, a month [`usd::BLOCKS_PER_MONTH`] blocks and 730.488 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsdCost {
    /// Cents per hour.
    pub cents_per_hour: u128,
    /// Cents per month.
    pub cents_per_month: u128,
}

impl UsdCost {
    /// What `price` comes to. An ACT is worth one dollar, an AKT what `usd_per_akt` says; `None`
    /// for a token whose worth is not known.
    ///
    /// ```
    /// use undercut_sdl::UsdCost;
    ///
    /// let cost = UsdCost::half_up(&"10000uact".parse().unwrap(), None).unwrap();
    /// assert_eq!((cost.cents_per_hour, cost.cents_per_month), (589, 429_909));
    /// assert_eq!(UsdCost::half_up(&"10000uakt".parse().unwrap(), None), None);
    /// ```
    #[must_use]
    pub fn half_up(price: &PricePerBlock, usd_per_akt: Option<Usd>) -> Option<Self> {
        let token = Usd::of_token(&price.denom, usd_per_akt)?;
        Some(Self {
            cents_per_hour: usd::cents_per_hour_half_up(price.value, token),
            cents_per_month: usd::cents_per_month_half_up(price.value, token),
        })
    }
}

impl Sdl {
    /// What the manifest asks for, and the most it can cost.
    ///
    /// ```
    /// let text = include_str!("../../../sdl-examples/shop.yaml");
    /// let explanation = undercut_sdl::Sdl::parse(text).unwrap().explain();
    /// assert_eq!(explanation.totals.replicas, 3);
    /// assert_eq!(explanation.totals.cpu_milli, 1_500);
    /// assert_eq!(explanation.ceiling.unwrap().to_string(), "181.5uact");
    /// ```
    #[must_use]
    pub fn explain(&self) -> Explanation {
        let pairs = self.groups().iter().zip(&self.manifest().groups);
        let groups: Vec<ExplainedGroup> = pairs.map(|(spec, group)| explain(spec, group)).collect();
        let mut totals = Totals::default();
        groups.iter().for_each(|group| totals.add_all(&group.totals));
        Explanation {
            totals,
            ceiling: sum(&groups),
            groups,
            reclamation_min_window_ns: self.reclamation_min_window_ns(),
        }
    }
}

impl Explanation {
    /// A page for a terminal: plain ASCII but for the texts of the manifest, lines of at most 100
    /// characters. Prices in `uakt` are told in dollars when `usd_per_akt` is given.
    ///
    /// ```
    /// let text = include_str!("../../../sdl-examples/web.yaml");
    /// let page = undercut_sdl::Sdl::parse(text).unwrap().explain().to_text(None);
    /// assert!(page.contains("  per hour          0.06 USD\n"));
    /// ```
    #[must_use]
    pub fn to_text(&self, usd_per_akt: Option<Usd>) -> String {
        text::page(self, usd_per_akt)
    }
}

/// The ceilings of all groups; they have one denom.
fn sum(groups: &[ExplainedGroup]) -> Option<PricePerBlock> {
    let (first, rest) = groups.split_first()?;
    let mut sum = first.ceiling.clone()?;
    for group in rest {
        sum.value = sum.value.plus(group.ceiling.as_ref()?.value).ok()?;
    }
    Some(sum)
}

fn explain(spec: &GroupSpec, group: &ManifestGroup) -> ExplainedGroup {
    let tee = group.services.iter().find_map(|service| service.params.as_ref()?.tee.clone());
    let is_tee = |one: &Attribute| one.key == "tee/type" && tee.as_ref() == Some(&one.value);
    let attributes = spec.requirements.attributes.iter().filter(|one| !is_tee(one));
    let mounts = mounts_by_volume(&group.services);
    let mut totals = Totals::default();
    spec.units.iter().for_each(|unit| totals.add(unit));
    totals.leased_ips = spec.leased_ips();
    ExplainedGroup {
        name: spec.name.clone(),
        services: group.services.iter().map(service).collect(),
        units: spec.units.iter().map(|spec| unit(spec, &mounts)).collect(),
        totals,
        attributes: attributes.cloned().collect(),
        signed_by: spec.requirements.signed_by.clone(),
        tee,
        ceiling: spec.ceiling().ok(),
    }
}

/// Mounts by unit and volume.
type Mounts<'m> = BTreeMap<(u32, &'m str), Vec<VolumeMount>>;

fn mounts_by_volume(services: &[ManifestService]) -> Mounts<'_> {
    let mut mounts = Mounts::new();
    for service in services {
        for mount in service.params.iter().flat_map(|params| &params.mounts) {
            let list = mounts.entry((service.unit, mount.name.as_str())).or_default();
            list.push(VolumeMount {
                service: service.name.clone(),
                path: mount.path.clone(),
                read_only: mount.read_only,
            });
        }
    }
    mounts
}

fn service(service: &ManifestService) -> ExplainedService {
    ExplainedService {
        name: service.name.clone(),
        image: service.image.clone(),
        count: service.count,
        unit: service.unit,
        ports: service.exposes.iter().map(port).collect(),
    }
}

fn port(expose: &ManifestExpose) -> ExplainedPort {
    /// The outside port of the HTTP ingress.
    const INGRESS: u32 = 80;
    let outside_port = if expose.external_port == 0 { expose.port } else { expose.external_port };
    let reach = if !expose.global {
        Reach::Inside { service: Some(expose.service.clone()).filter(|name| !name.is_empty()) }
    } else if !expose.ip.is_empty() {
        Reach::LeasedIp { name: expose.ip.clone() }
    } else if outside_port == INGRESS && expose.protocol == "TCP" {
        Reach::Http { hosts: expose.hosts.clone().unwrap_or_default() }
    } else {
        Reach::RandomPort
    };
    let protocol = expose.protocol.clone();
    ExplainedPort { port: expose.port, outside_port, protocol, reach }
}

fn unit(unit: &ResourceUnit, mounts: &Mounts<'_>) -> ExplainedUnit {
    let resources = &unit.resources;
    let arch = resources.cpu_attributes.iter().find(|attribute| attribute.key == "arch");
    let gpu_model = |attribute: &Attribute| {
        let key = GpuKey::parse(&attribute.key);
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let (memory, interface) = (owned(key.memory), owned(key.interface));
        GpuModel { model: key.model.to_owned(), memory, interface }
    };
    let volume = |volume: &Volume| ExplainedVolume {
        name: volume.name.clone(),
        size_bytes: volume.size_bytes,
        class: class_of(volume).to_owned(),
        persistent: volume.is_persistent(),
        mounts: mounts.get(&(unit.id, volume.name.as_str())).cloned().unwrap_or_default(),
    };
    ExplainedUnit {
        id: unit.id,
        count: unit.count,
        cpu_milli: resources.cpu_milli,
        arch: arch.map(|arch| arch.value.clone()).filter(|arch| !arch.is_empty()),
        memory_bytes: resources.memory_bytes,
        volumes: resources.volumes.iter().map(volume).collect(),
        gpus: resources.gpus,
        gpu_models: resources.gpu_attributes.iter().map(gpu_model).collect(),
        price: unit.price.clone(),
    }
}

/// Sums are of 64 bits times 32 bits, at most 2^18 times: below 2^114, so nothing saturates.
impl Totals {
    /// Adds all replicas of a unit, without leased IPs: groups share them.
    fn add(&mut self, unit: &ResourceUnit) {
        let (resources, count) = (&unit.resources, u128::from(unit.count));
        let all = |quantity: u64| u128::from(quantity).saturating_mul(count);
        self.replicas = self.replicas.saturating_add(u64::from(unit.count));
        self.cpu_milli = self.cpu_milli.saturating_add(all(resources.cpu_milli));
        self.memory_bytes = self.memory_bytes.saturating_add(all(resources.memory_bytes));
        self.gpus = self.gpus.saturating_add(all(resources.gpus));
        for volume in &resources.volumes {
            self.add_storage(class_of(volume), all(volume.size_bytes));
        }
        for endpoint in &resources.endpoints {
            match endpoint.kind {
                EndpointKind::SharedHttp => {
                    self.http_endpoints = self.http_endpoints.saturating_add(1);
                }
                EndpointKind::RandomPort => self.random_ports = self.random_ports.saturating_add(1),
                EndpointKind::LeasedIp => {}
            }
        }
    }

    fn add_storage(&mut self, class: &str, bytes: u128) {
        let sum = self.storage_bytes.entry(class.to_owned()).or_default();
        *sum = sum.saturating_add(bytes);
    }

    fn add_all(&mut self, other: &Self) {
        self.replicas = self.replicas.saturating_add(other.replicas);
        self.cpu_milli = self.cpu_milli.saturating_add(other.cpu_milli);
        self.memory_bytes = self.memory_bytes.saturating_add(other.memory_bytes);
        self.gpus = self.gpus.saturating_add(other.gpus);
        for (class, bytes) in &other.storage_bytes {
            self.add_storage(class, *bytes);
        }
        self.http_endpoints = self.http_endpoints.saturating_add(other.http_endpoints);
        self.random_ports = self.random_ports.saturating_add(other.random_ports);
        self.leased_ips = self.leased_ips.saturating_add(other.leased_ips);
    }
}
