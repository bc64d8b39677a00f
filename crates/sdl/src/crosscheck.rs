//! Whether a manifest is valid, and whether it is one for the groups that were auctioned.
//!
//! A provider checks both before it runs anything (`sdl.md` 16), and a tenant before an update.
//! The order of checks is the reference's and that of the variants below; the first broken rule
//! wins. Not compared are price, placement attributes, auditors, image, environment, ports, hosts
//! and mounts. Of endpoints only the kinds are counted, by the ports of the manifest: their order,
//! their numbers and what stands in the manifest's own resources do not matter.
//!
//! A manifest may list fewer volumes than the unit, in the same order: the reference walks the
//! manifest's list alone. That harms nobody but the tenant, who pays for a volume that is not
//! there; [`crate::diff()`] calls it a change that needs a new order.

use std::collections::{BTreeMap, BTreeSet};

use undercut_primitives::{Attribute, Code, Endpoint, EndpointKind, GroupSpec, ResourceUnit};

use crate::check::names;
use crate::gate::{quoted, short};
use crate::manifest::{Manifest, ManifestExpose, ManifestGroup, ManifestService};
use crate::wire::JsonError;
use crate::words;

/// Why a manifest is not valid by itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// It cannot be read. Only [`Manifest::from_json`] says so.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// There is no group.
    #[error("the manifest has no group")]
    Empty,
    /// A group has no service.
    #[error("group `{}` has no service", short(.group))]
    NoServices {
        /// The group.
        group: String,
    },
    /// Services stand in another order than that of their names.
    #[error("group `{}`: service `{}` stands after `{}`", short(.group), short(.service), short(.before))]
    ServicesUnsorted {
        /// The group.
        group: String,
        /// The service that should stand further up.
        service: String,
        /// The one before it.
        before: String,
    },
    /// A name is none.
    #[error("group `{}`: {} is not a service name", short(.group), quoted(.service))]
    ServiceName {
        /// The group.
        group: String,
        /// The name.
        service: String,
    },
    /// A service has no image.
    #[error("group `{}`: service `{}` has no image", short(.group), short(.service))]
    Image {
        /// The group.
        group: String,
        /// The service.
        service: String,
    },
    /// Units are numbered from 1.
    #[error("group `{}`: service `{}` is of resource unit 0", short(.group), short(.service))]
    UnitId {
        /// The group.
        group: String,
        /// The service.
        service: String,
    },
    /// The name of an environment variable is none.
    #[error("group `{}`: service `{}`: {} is not the name of an environment variable",
        short(.group), short(.service), quoted(.variable))]
    Variable {
        /// The group.
        group: String,
        /// The service.
        service: String,
        /// The name.
        variable: String,
    },
    /// Ports stand in another order than by service, port, protocol and reach.
    #[error("group `{}`: service `{}`: port {port} stands after port {before}",
        short(.group), short(.service))]
    ExposesUnsorted {
        /// The group.
        group: String,
        /// The service.
        service: String,
        /// The port that should stand further up.
        port: u32,
        /// The one before it.
        before: u32,
    },
    /// A port is out of range.
    #[error("group `{}`: service `{}`: port {port} is not between 1 and 65535",
        short(.group), short(.service))]
    Port {
        /// The group.
        group: String,
        /// The service.
        service: String,
        /// The port.
        port: u32,
    },
    /// A protocol is neither `TCP` nor `UDP`.
    #[error("group `{}`: service `{}`: port {port} has the protocol {}, not TCP or UDP",
        short(.group), short(.service), quoted(.protocol))]
    Protocol {
        /// The group.
        group: String,
        /// The service.
        service: String,
        /// The port.
        port: u32,
        /// The protocol.
        protocol: String,
    },
    /// A host name is none.
    #[error("group `{}`: service `{}`: {} is not a host name",
        short(.group), short(.service), quoted(.host))]
    Host {
        /// The group.
        group: String,
        /// The service.
        service: String,
        /// The host.
        host: String,
    },
    /// A host stands twice in the manifest.
    #[error("group `{}`: service `{}`: host `{}` stands twice in the manifest",
        short(.group), short(.service), short(.host))]
    HostTwice {
        /// The group.
        group: String,
        /// The service that names it again.
        service: String,
        /// The host.
        host: String,
    },
    /// Two groups share a name.
    #[error("two groups are called `{}`", short(.group))]
    GroupTwice {
        /// The name.
        group: String,
    },
    /// Nothing can be reached from outside.
    #[error("no service can be reached from outside")]
    NoGlobal,
}

impl ManifestError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::new(match self {
            Self::Json(error) => return error.code(),
            Self::Empty => "MAN001",
            Self::NoServices { .. } => "MAN002",
            Self::ServicesUnsorted { .. } => "MAN003",
            Self::ServiceName { .. } => "MAN004",
            Self::Image { .. } => "MAN005",
            Self::UnitId { .. } => "MAN006",
            Self::Variable { .. } => "MAN007",
            Self::ExposesUnsorted { .. } => "MAN008",
            Self::Port { .. } => "MAN009",
            Self::Protocol { .. } => "MAN010",
            Self::Host { .. } => "MAN011",
            Self::HostTwice { .. } => "MAN012",
            Self::GroupTwice { .. } => "MAN013",
            Self::NoGlobal => "MAN014",
        })
    }
}

/// Why a manifest is not one for the groups.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Mismatch {
    /// The manifest is not valid by itself.
    #[error(transparent)]
    Invalid(#[from] ManifestError),
    /// The manifest has another number of groups.
    #[error("the manifest has {manifest} groups, the order {groups}")]
    GroupCount {
        /// Groups of the manifest.
        manifest: usize,
        /// Groups auctioned.
        groups: usize,
    },
    /// A group was not auctioned.
    #[error("the order has no group `{}`", short(.group))]
    UnknownGroup {
        /// The group of the manifest.
        group: String,
    },
    /// A service is of a unit that the group does not have.
    #[error("group `{}`: service `{}` is of unit {unit}, the order has {units} units",
        short(.group), short(.service))]
    UnknownUnit {
        /// The group.
        group: String,
        /// The service.
        service: String,
        /// The unit that it names.
        unit: u32,
        /// How many units the group has.
        units: usize,
    },
    /// A service runs more often than what is left of its unit.
    #[error("group `{}`: service `{}` runs {count} times, unit {unit} has {left} of {total} left",
        short(.group), short(.service))]
    TooManyReplicas {
        /// The group.
        group: String,
        /// The service.
        service: String,
        /// The unit.
        unit: u32,
        /// Replicas of the service.
        count: u32,
        /// Replicas of the unit that no service before has taken.
        left: u32,
        /// Replicas of the unit.
        total: u32,
    },
    /// CPUs, or their attributes, differ.
    #[error("group `{}`: service `{}` has {manifest}, unit {unit} has {order}",
        short(.group), short(.service))]
    Cpu {
        /// The group.
        group: String,
        /// The service.
        service: String,
        /// The unit.
        unit: u32,
        /// What the service has.
        manifest: String,
        /// What the unit has.
        order: String,
    },
    /// GPUs, their models or the order of these differ.
    #[error("group `{}`: service `{}` has {manifest}, unit {unit} has {order}",
        short(.group), short(.service))]
    Gpu {
        /// The group.
        group: String,
        /// The service.
        service: String,
        /// The unit.
        unit: u32,
        /// What the service has.
        manifest: String,
        /// What the unit has.
        order: String,
    },
    /// Memory differs.
    #[error("group `{}`: service `{}` has {manifest} of memory, unit {unit} has {order}",
        short(.group), short(.service))]
    Memory {
        /// The group.
        group: String,
        /// The service.
        service: String,
        /// The unit.
        unit: u32,
        /// What the service has.
        manifest: String,
        /// What the unit has.
        order: String,
    },
    /// A volume differs from the one at its place, or the unit has none there.
    #[error("group `{}`: service `{}` has {manifest} as volume {place}, unit {unit} has {order}",
        short(.group), short(.service))]
    Storage {
        /// The group.
        group: String,
        /// The service.
        service: String,
        /// The unit.
        unit: u32,
        /// Number of the volume in the list, from 1.
        place: usize,
        /// What the service has.
        manifest: String,
        /// What the unit has.
        order: String,
    },
    /// Services use more endpoints of a kind than their unit has.
    #[error("group `{}`: service `{}` takes {kind} number {used} of unit {unit}, which has {total}",
        short(.group), short(.service), kind = words::endpoint(*.kind))]
    TooManyEndpoints {
        /// The group.
        group: String,
        /// The service that takes one too many.
        service: String,
        /// The unit.
        unit: u32,
        /// Of which kind.
        kind: EndpointKind,
        /// How many are used with this one.
        used: usize,
        /// How many the unit has.
        total: usize,
    },
    /// Endpoints of a unit are left over.
    #[error("group `{}`: unit {unit} has {total} of kind {kind}, the manifest uses {used}",
        short(.group), kind = words::endpoint(*.kind))]
    EndpointsLeft {
        /// The group.
        group: String,
        /// The unit.
        unit: u32,
        /// Of which kind.
        kind: EndpointKind,
        /// How many are used.
        used: usize,
        /// How many the unit has.
        total: usize,
    },
    /// Replicas of a unit are left over.
    #[error("group `{}`: unit {unit} has {total} replicas, the manifest uses {used}", short(.group))]
    ReplicasLeft {
        /// The group.
        group: String,
        /// The unit.
        unit: u32,
        /// How many are used.
        used: u32,
        /// How many the unit has.
        total: u32,
    },
}

impl Mismatch {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::new(match self {
            Self::Invalid(error) => return error.code(),
            Self::GroupCount { .. } => "MIS001",
            Self::UnknownGroup { .. } => "MIS002",
            Self::UnknownUnit { .. } => "MIS003",
            Self::TooManyReplicas { .. } => "MIS004",
            Self::Cpu { .. } => "MIS005",
            Self::Gpu { .. } => "MIS006",
            Self::Memory { .. } => "MIS007",
            Self::Storage { .. } => "MIS008",
            Self::TooManyEndpoints { .. } => "MIS009",
            Self::EndpointsLeft { .. } => "MIS010",
            Self::ReplicasLeft { .. } => "MIS011",
        })
    }
}

impl Manifest {
    /// Checks the manifest by itself.
    ///
    /// # Errors
    ///
    /// The first broken rule in the order of [`ManifestError`], group by group and service by
    /// service. Whether group names differ is checked after each group, the global port last.
    pub fn validate(&self) -> Result<(), ManifestError> {
        if self.groups.is_empty() {
            return Err(ManifestError::Empty);
        }
        let mut names = BTreeSet::new();
        let mut seen = Seen::default();
        for group in &self.groups {
            validate_group(group, &mut seen)?;
            if !names.insert(&group.name) {
                return Err(ManifestError::GroupTwice { group: group.name.clone() });
            }
        }
        if seen.has_global { Ok(()) } else { Err(ManifestError::NoGlobal) }
    }

    /// Checks that the manifest is one for `groups`: the provider of a lease accepts it, at first
    /// and as an update.
    ///
    /// # Errors
    ///
    /// The first broken rule in the order of [`Mismatch`]: first every service in the order of the
    /// manifest, then what is left over, group by group in the order given.
    ///
    /// ```
    /// # let text = include_str!("../../../sdl-examples/web.yaml");
    /// let sdl = undercut_sdl::Sdl::parse(text).unwrap();
    /// let larger = undercut_sdl::Sdl::parse(&text.replace("units: 1", "units: 2")).unwrap();
    /// assert_eq!(sdl.manifest().check_against(sdl.groups()), Ok(()));
    /// let error = larger.manifest().check_against(sdl.groups()).unwrap_err();
    /// let sentence = "group `anywhere`: service `web` has 2 CPU, unit 1 has 1 CPU";
    /// assert_eq!(error.to_string(), sentence);
    /// ```
    pub fn check_against(&self, groups: &[GroupSpec]) -> Result<(), Mismatch> {
        self.validate()?;
        if self.groups.len() != groups.len() {
            let (manifest, groups) = (self.groups.len(), groups.len());
            return Err(Mismatch::GroupCount { manifest, groups });
        }
        let mut orders: Vec<Order<'_>> = groups.iter().map(Order::new).collect();
        let places = groups.iter().enumerate().map(|(index, group)| (group.name.as_str(), index));
        let places: BTreeMap<&str, usize> = places.collect();
        for group in &self.groups {
            let place = places.get(group.name.as_str());
            let Some(order) = place.and_then(|index| orders.get_mut(*index)) else {
                return Err(Mismatch::UnknownGroup { group: group.name.clone() });
            };
            group.services.iter().try_for_each(|service| order.take(service))?;
        }
        orders.iter().try_for_each(Order::is_used_up)
    }
}

/// What must be unique, or there, in the whole manifest.
#[derive(Default)]
struct Seen<'m> {
    hosts: BTreeSet<&'m str>,
    has_global: bool,
}

fn validate_group<'m>(group: &'m ManifestGroup, seen: &mut Seen<'m>) -> Result<(), ManifestError> {
    if group.services.is_empty() {
        return Err(ManifestError::NoServices { group: group.name.clone() });
    }
    let mut pairs = group.services.iter().zip(group.services.iter().skip(1));
    if let Some((before, service)) = pairs.find(|(before, service)| service.name < before.name) {
        return Err(ManifestError::ServicesUnsorted {
            group: group.name.clone(),
            service: service.name.clone(),
            before: before.name.clone(),
        });
    }
    group.services.iter().try_for_each(|service| validate_service(group, service, seen))
}

fn validate_service<'m>(
    group: &ManifestGroup,
    service: &'m ManifestService,
    seen: &mut Seen<'m>,
) -> Result<(), ManifestError> {
    let owner = || (group.name.clone(), service.name.clone());
    if !names::is_service_name(&service.name) {
        let (group, service) = owner();
        return Err(ManifestError::ServiceName { group, service });
    }
    if service.image.is_empty() {
        let (group, service) = owner();
        return Err(ManifestError::Image { group, service });
    }
    if service.unit == 0 {
        let (group, service) = owner();
        return Err(ManifestError::UnitId { group, service });
    }
    for item in service.env.iter().flatten() {
        let variable = item.split('=').next().unwrap_or_default();
        if !names::is_variable_name(variable) {
            let ((group, service), variable) = (owner(), variable.to_owned());
            return Err(ManifestError::Variable { group, service, variable });
        }
    }
    let mut pairs = service.exposes.iter().zip(service.exposes.iter().skip(1));
    if let Some((before, expose)) = pairs.find(|(a, b)| b.sort_key() < a.sort_key()) {
        let ((group, service), port, before) = (owner(), expose.port, before.port);
        return Err(ManifestError::ExposesUnsorted { group, service, port, before });
    }
    service.exposes.iter().try_for_each(|expose| validate_expose(expose, seen, owner))
}

fn validate_expose<'m>(
    expose: &'m ManifestExpose,
    seen: &mut Seen<'m>,
    owner: impl Fn() -> (String, String),
) -> Result<(), ManifestError> {
    let port = expose.port;
    if !(1..=65_535).contains(&port) {
        let (group, service) = owner();
        return Err(ManifestError::Port { group, service, port });
    }
    if !matches!(expose.protocol.as_str(), "TCP" | "UDP") {
        let ((group, service), protocol) = (owner(), expose.protocol.clone());
        return Err(ManifestError::Protocol { group, service, port, protocol });
    }
    seen.has_global |= expose.global;
    for host in expose.hosts.iter().flatten() {
        if !names::is_host_name(host) {
            let ((group, service), host) = (owner(), host.clone());
            return Err(ManifestError::Host { group, service, host });
        }
        if !seen.hosts.insert(host) {
            let ((group, service), host) = (owner(), host.clone());
            return Err(ManifestError::HostTwice { group, service, host });
        }
    }
    Ok(())
}

/// The kinds of endpoints in the order in which they are checked.
pub(crate) const KINDS: [EndpointKind; 3] =
    [EndpointKind::SharedHttp, EndpointKind::RandomPort, EndpointKind::LeasedIp];

/// Endpoints by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Endpoints {
    http: usize,
    ports: usize,
    ips: usize,
}

impl Endpoints {
    pub(crate) fn of(list: &[Endpoint]) -> Self {
        let mut endpoints = Self::default();
        list.iter().for_each(|endpoint| endpoints.add(endpoint.kind));
        endpoints
    }

    pub(crate) const fn get(&self, kind: EndpointKind) -> usize {
        match kind {
            EndpointKind::SharedHttp => self.http,
            EndpointKind::RandomPort => self.ports,
            EndpointKind::LeasedIp => self.ips,
        }
    }

    pub(crate) const fn add(&mut self, kind: EndpointKind) {
        let count = match kind {
            EndpointKind::SharedHttp => &mut self.http,
            EndpointKind::RandomPort => &mut self.ports,
            EndpointKind::LeasedIp => &mut self.ips,
        };
        // As many endpoints as memory has bytes do not exist.
        *count = count.saturating_add(1);
    }
}

/// A group with what the manifest has used of it so far.
struct Order<'g> {
    name: &'g str,
    units: Vec<Unit<'g>>,
    /// Units by id; the first where an id stands twice.
    by_id: BTreeMap<u32, usize>,
}

struct Unit<'g> {
    unit: &'g ResourceUnit,
    endpoints: Endpoints,
    used_replicas: u32,
    used_endpoints: Endpoints,
}

impl<'g> Order<'g> {
    fn new(spec: &'g GroupSpec) -> Self {
        let mut by_id = BTreeMap::new();
        for (index, unit) in spec.units.iter().enumerate() {
            by_id.entry(unit.id).or_insert(index);
        }
        let unused = |unit: &'g ResourceUnit| Unit {
            unit,
            endpoints: Endpoints::of(&unit.resources.endpoints),
            used_replicas: 0,
            used_endpoints: Endpoints::default(),
        };
        Self { name: &spec.name, units: spec.units.iter().map(unused).collect(), by_id }
    }

    /// Compares a service with its unit and takes its part of it.
    fn take(&mut self, service: &ManifestService) -> Result<(), Mismatch> {
        let units = self.units.len();
        let place = self.by_id.get(&service.unit);
        match place.and_then(|index| self.units.get_mut(*index)) {
            Some(unit) => unit.take(self.name, service),
            None => Err(Mismatch::UnknownUnit {
                group: self.name.to_owned(),
                service: service.name.clone(),
                unit: service.unit,
                units,
            }),
        }
    }

    /// Whether nothing is left over: endpoints of all units first, then replicas.
    fn is_used_up(&self) -> Result<(), Mismatch> {
        let group = || self.name.to_owned();
        for unit in &self.units {
            for kind in KINDS {
                let (used, total) = (unit.used_endpoints.get(kind), unit.endpoints.get(kind));
                if used < total {
                    let (group, unit) = (group(), unit.unit.id);
                    return Err(Mismatch::EndpointsLeft { group, unit, kind, used, total });
                }
            }
        }
        for unit in &self.units {
            let (used, total) = (unit.used_replicas, unit.unit.count);
            if used < total {
                let (group, unit) = (group(), unit.unit.id);
                return Err(Mismatch::ReplicasLeft { group, unit, used, total });
            }
        }
        Ok(())
    }
}

impl Unit<'_> {
    fn take(&mut self, group: &str, service: &ManifestService) -> Result<(), Mismatch> {
        let (unit, total) = (self.unit.id, self.unit.count);
        let left = total.saturating_sub(self.used_replicas);
        if service.count > left {
            let (group, count) = (group.to_owned(), service.count);
            let service = service.name.clone();
            return Err(Mismatch::TooManyReplicas { group, service, unit, count, left, total });
        }
        compare(group, service, self.unit)?;
        for kind in service.exposes.iter().flat_map(ManifestExpose::endpoints).flatten() {
            self.used_endpoints.add(kind);
            let (used, total) = (self.used_endpoints.get(kind), self.endpoints.get(kind));
            if used > total {
                let (group, service) = (group.to_owned(), service.name.clone());
                return Err(Mismatch::TooManyEndpoints { group, service, unit, kind, used, total });
            }
        }
        // At most what was left, so at most the unit's count.
        self.used_replicas = self.used_replicas.saturating_add(service.count);
        Ok(())
    }
}

/// Compares the quantities of a service with those of its unit.
fn compare(group: &str, service: &ManifestService, unit: &ResourceUnit) -> Result<(), Mismatch> {
    let names = || (group.to_owned(), service.name.clone(), unit.id);
    let (ours, theirs) = (&service.resources, &unit.resources);
    let with = |text: String, attributes: &[Attribute]| {
        [text, words::attributes(attributes)].join(" ").trim_end().to_owned()
    };
    if (ours.cpu_milli, &ours.cpu_attributes) != (theirs.cpu_milli, &theirs.cpu_attributes) {
        let (group, service, unit) = names();
        let manifest = with(words::cpu(ours.cpu_milli), &ours.cpu_attributes);
        let order = with(words::cpu(theirs.cpu_milli), &theirs.cpu_attributes);
        return Err(Mismatch::Cpu { group, service, unit, manifest, order });
    }
    if (ours.gpus, &ours.gpu_attributes) != (theirs.gpus, &theirs.gpu_attributes) {
        let (group, service, unit) = names();
        let manifest = with(words::gpus(ours.gpus), &ours.gpu_attributes);
        let order = with(words::gpus(theirs.gpus), &theirs.gpu_attributes);
        return Err(Mismatch::Gpu { group, service, unit, manifest, order });
    }
    if ours.memory_bytes != theirs.memory_bytes {
        let (group, service, unit) = names();
        let (manifest, order) = (words::size(ours.memory_bytes), words::size(theirs.memory_bytes));
        return Err(Mismatch::Memory { group, service, unit, manifest, order });
    }
    // The manifest's list is walked alone, as in the reference: fewer volumes pass.
    for (index, volume) in ours.volumes.iter().enumerate() {
        let other = theirs.volumes.get(index);
        if other != Some(volume) {
            let (group, service, unit) = names();
            let manifest = words::volume(volume);
            let order = other.map_or("none there".to_owned(), words::volume);
            let place = index.saturating_add(1);
            return Err(Mismatch::Storage { group, service, unit, place, manifest, order });
        }
    }
    Ok(())
}
