//! From a checked document to groups: resource units, endpoints, and the order of everything.
//!
//! Order: groups by placement name, services by name, volumes by size, attributes and name, GPU
//! alternatives by key, ports by service, number, protocol and reach (`sdl.md` 9 and 13). A unit
//! is shared in 2.1 by services with one profile in one placement, and never in 2.0.

use std::collections::BTreeMap;

use undercut_primitives::{
    Attribute, Endpoint, EndpointKind, GroupSpec, PricePerBlock, Requirements, ResourceUnit,
    Resources, SignedBy, Volume,
};

use crate::json::Json;
use crate::model::{Document, Expose, Placement, ProfileResources, Service, To, Version};
use crate::model::{StorageAttributes, VolumeRequest};
use crate::quantity::Amount;

/// The port of the shared HTTP ingress.
const INGRESS_PORT: u32 = 80;

/// A group with what its JSON and the manifest need beyond the [`GroupSpec`].
#[derive(Debug)]
pub(crate) struct BuiltGroup<'d> {
    pub(crate) spec: GroupSpec,
    pub(crate) services: Vec<BuiltService<'d>>,
    placement: &'d Placement,
    /// Units of 2.1 by the profile that they are for.
    by_profile: BTreeMap<&'d str, usize>,
    asks_for_tee: bool,
}

/// A service in one placement.
#[derive(Debug)]
pub(crate) struct BuiltService<'d> {
    pub(crate) name: &'d str,
    pub(crate) service: &'d Service,
    pub(crate) exposes: Vec<Port<'d>>,
    pub(crate) unit: u32,
    pub(crate) count: u32,
    /// The unit's quantities with the service's own endpoints.
    pub(crate) resources: Resources,
}

/// One expose of the manifest: a port and one of its `to` items.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Port<'d> {
    pub(crate) expose: &'d Expose,
    pub(crate) port: u32,
    pub(crate) external: u32,
    pub(crate) protocol: &'static str,
    pub(crate) service: &'d str,
    pub(crate) global: bool,
    pub(crate) ip: &'d str,
    pub(crate) sequence: u32,
}

/// The groups in byte order of their names; `None` only for a document that was not checked.
pub(crate) fn build(document: &Document) -> Option<Vec<BuiltGroup<'_>>> {
    let sequences = sequence_numbers(document)?;
    let mut groups: BTreeMap<&str, BuiltGroup<'_>> = BTreeMap::new();
    for (name, places) in &document.deployment {
        for (placement_name, deployed) in places.value.as_ref()? {
            let deployed = deployed.value.as_ref()?;
            let service = document.services.get(name)?.value.as_ref()?;
            let placement = document.placements.get(placement_name)?.value.as_ref()?;
            let profile = deployed.profile.value()?;
            let resources = document.compute.get(profile)?.value.as_ref()?.resources.value()?;
            let exposes = ports(service, &sequences)?;
            let resources = resources_of(resources, &exposes)?;
            let count = deployed.count.value().copied().unwrap_or(0);
            let group = groups
                .entry(placement_name)
                .or_insert_with(|| new_group(placement_name, placement));
            let unit = group.add_unit(document.version, profile, &resources, count)?;
            if let Some(tee) = service.params.as_ref().and_then(|params| params.tee.as_ref()) {
                group.require_tee(&tee.value);
            }
            group.services.push(BuiltService { name, service, exposes, unit, count, resources });
        }
    }
    Some(groups.into_values().collect())
}

fn new_group<'d>(name: &str, placement: &'d Placement) -> BuiltGroup<'d> {
    let attributes = placement.attributes.iter().flatten();
    let attributes = attributes.map(|(key, value)| Attribute::new(key, value)).collect();
    let signed_by = SignedBy {
        all_of: placement.all_of.clone().unwrap_or_default(),
        any_of: placement.any_of.clone().unwrap_or_default(),
    };
    let requirements = Requirements { attributes, signed_by };
    let spec = GroupSpec { name: name.to_owned(), requirements, units: Vec::new() };
    BuiltGroup {
        spec,
        services: Vec::new(),
        placement,
        by_profile: BTreeMap::new(),
        asks_for_tee: false,
    }
}

impl<'d> BuiltGroup<'d> {
    /// The id of the unit that a service's replicas belong to.
    fn add_unit(
        &mut self,
        version: Version,
        profile: &'d str,
        resources: &Resources,
        count: u32,
    ) -> Option<u32> {
        if version == Version::V2_1
            && let Some(index) = self.by_profile.get(profile)
        {
            let unit = self.spec.units.get_mut(*index)?;
            unit.count = unit.count.checked_add(count)?;
            unit.resources.endpoints.extend(&resources.endpoints);
            unit.resources.endpoints.sort_by_key(|endpoint| endpoint.sequence);
            return Some(unit.id);
        }
        let price = self.placement.pricing.get(profile)?.value.as_ref()?;
        let Amount::Some(value) = price.amount.value else { return None };
        let price = PricePerBlock::new(price.denom.value.clone(), value);
        self.by_profile.insert(profile, self.spec.units.len());
        let id = u32::try_from(self.spec.units.len().checked_add(1)?).ok()?;
        self.spec.units.push(ResourceUnit { id, resources: resources.clone(), count, price });
        Some(id)
    }

    /// Asks for a provider with this TEE, once, sorted among the other attributes. One that the
    /// user wrote stays beside it.
    fn require_tee(&mut self, tee: &str) {
        if !tee.is_empty() && !self.asks_for_tee {
            self.asks_for_tee = true;
            let attributes = &mut self.spec.requirements.attributes;
            attributes.push(Attribute::new("tee/type", tee));
            attributes.sort();
        }
    }

    /// The group in the field names of the chain.
    pub(crate) fn to_json(&self) -> Json {
        let signed_by = &self.spec.requirements.signed_by;
        let list = |given: &Option<Vec<String>>, list: &[String]| {
            Json::texts(given.as_ref().map(|_| list.iter().map(String::as_str)))
        };
        let signed_by = Json::Object(vec![
            ("all_of", list(&self.placement.all_of, &signed_by.all_of)),
            ("any_of", list(&self.placement.any_of, &signed_by.any_of)),
        ]);
        let attributes = &self.spec.requirements.attributes;
        let attributes =
            if attributes.is_empty() { Json::Null } else { attributes_json(attributes) };
        let requirements = vec![("signed_by", signed_by), ("attributes", attributes)];
        Json::Object(vec![
            ("name", Json::text(&self.spec.name)),
            ("requirements", Json::Object(requirements)),
            ("resources", Json::List(self.spec.units.iter().map(unit_json).collect())),
        ])
    }
}

fn unit_json(unit: &ResourceUnit) -> Json {
    let price = Json::Object(vec![
        ("denom", Json::text(unit.price.denom.as_str())),
        ("amount", Json::text(unit.price.value.to_full_text())),
    ]);
    Json::Object(vec![
        ("resource", resources_json(unit.id, &unit.resources)),
        ("count", Json::Number(u64::from(unit.count))),
        ("price", price),
    ])
}

/// The resources of a unit, or of a service in the manifest: both have one form.
pub(crate) fn resources_json(id: u32, resources: &Resources) -> Json {
    let mut cpu = vec![("units", quantity_json(resources.cpu_milli))];
    if !resources.cpu_attributes.is_empty() {
        cpu.push(("attributes", attributes_json(&resources.cpu_attributes)));
    }
    let mut gpu = vec![("units", quantity_json(resources.gpus))];
    if !resources.gpu_attributes.is_empty() {
        gpu.push(("attributes", attributes_json(&resources.gpu_attributes)));
    }
    let memory = vec![("size", quantity_json(resources.memory_bytes))];
    let storage = resources.volumes.iter().map(|volume| {
        let mut fields =
            vec![("name", Json::text(&volume.name)), ("size", quantity_json(volume.size_bytes))];
        if !volume.attributes.is_empty() {
            fields.push(("attributes", attributes_json(&volume.attributes)));
        }
        Json::Object(fields)
    });
    Json::Object(vec![
        ("id", Json::Number(u64::from(id))),
        ("cpu", Json::Object(cpu)),
        ("memory", Json::Object(memory)),
        ("storage", Json::List(storage.collect())),
        ("gpu", Json::Object(gpu)),
        ("endpoints", Json::List(resources.endpoints.iter().map(endpoint_json).collect())),
    ])
}

fn endpoint_json(endpoint: &Endpoint) -> Json {
    let mut fields = vec![("sequence_number", Json::Number(u64::from(endpoint.sequence)))];
    match endpoint.kind {
        EndpointKind::SharedHttp => {}
        EndpointKind::RandomPort => fields.push(("kind", Json::Number(1))),
        EndpointKind::LeasedIp => fields.push(("kind", Json::Number(2))),
    }
    Json::Object(fields)
}

fn quantity_json(value: u64) -> Json {
    Json::Object(vec![("val", Json::text(value.to_string()))])
}

fn attributes_json(attributes: &[Attribute]) -> Json {
    let attribute = |attribute: &Attribute| {
        let pairs = [("key", &attribute.key), ("value", &attribute.value)];
        let given = pairs.into_iter().filter(|(_, text)| !text.is_empty());
        Json::Object(given.map(|(key, text)| (key, Json::text(text))).collect())
    };
    Json::List(attributes.iter().map(attribute).collect())
}

/// Numbers of leased IPs by name: position among the sorted names of all `to` items that are no
/// plain global ones, the last position where a name stands more than once.
fn sequence_numbers(document: &Document) -> Option<BTreeMap<&str, u32>> {
    let mut names: Vec<&str> = Vec::new();
    for name in document.deployment.keys() {
        let Some(service) = document.services.get(name) else { continue };
        for to in service.value.as_ref()?.expose.iter().flat_map(|expose| &expose.to) {
            if !to.global || to.ip.is_some() {
                names.push(ip_of(to));
            }
        }
    }
    names.sort_unstable();
    let mut numbers = BTreeMap::new();
    for (name, number) in names.into_iter().zip(1_u32..) {
        numbers.insert(name, number);
    }
    Some(numbers)
}

fn ip_of(to: &To) -> &str {
    to.ip.as_ref().map_or("", |ip| ip.value.as_str())
}

/// The exposes of a service in the order of the manifest. Equal ones keep the order of the text.
fn ports<'d>(service: &'d Service, sequences: &BTreeMap<&str, u32>) -> Option<Vec<Port<'d>>> {
    let mut ports = Vec::new();
    for expose in &service.expose {
        let protocol = match &expose.protocol {
            Some(text) if text.value.eq_ignore_ascii_case("udp") => "UDP",
            _ => "TCP",
        };
        let internal = Port {
            expose,
            port: *expose.port.value()?,
            external: expose.external.as_ref().map_or(0, |external| external.value),
            protocol,
            service: "",
            global: false,
            ip: "",
            sequence: 0,
        };
        if expose.to.is_empty() {
            ports.push(internal);
        }
        for to in &expose.to {
            let ip = ip_of(to);
            let sequence = if ip.is_empty() { 0 } else { *sequences.get(ip)? };
            let service = to.service.as_ref().map_or("", |service| service.value.as_str());
            ports.push(Port { service, global: to.global, ip, sequence, ..internal });
        }
    }
    ports.sort_by_key(|port| (port.service, port.port, port.protocol, !port.global));
    Some(ports)
}

/// Quantities of a profile with the endpoints of a service.
fn resources_of(profile: &ProfileResources, ports: &[Port<'_>]) -> Option<Resources> {
    let key_is_true = |key: &String| Attribute::new(key, "true");
    let mut gpu_attributes: Vec<Attribute> =
        profile.gpu_keys.iter().map(|key| key_is_true(&key.value)).collect();
    gpu_attributes.sort();
    let arch = profile.arch.iter().map(|arch| Attribute::new("arch", &arch.value));
    Some(Resources {
        cpu_milli: *profile.cpu_milli.value()?,
        cpu_attributes: arch.collect(),
        memory_bytes: *profile.memory_bytes.value()?,
        volumes: volumes(profile.volumes.as_ref()?)?,
        gpus: profile.gpus.value().copied().unwrap_or(0),
        gpu_attributes,
        endpoints: ports.iter().flat_map(endpoints).collect(),
    })
}

/// By size; then none, `false`, `true` persistent; then by name, if persistent. The rest comes
/// out in reverse order of the text, because the reference calls equal volumes less both ways.
fn volumes(requests: &[VolumeRequest]) -> Option<Vec<Volume>> {
    let rank = |attributes: &Option<StorageAttributes>| match attributes {
        None => 0,
        Some(StorageAttributes { persistent: false, .. }) => 1,
        Some(StorageAttributes { persistent: true, .. }) => 2,
    };
    let mut volumes = Vec::new();
    for request in requests.iter().rev() {
        let rank = rank(&request.attributes);
        let name = request.name.value.clone();
        let sort_name = if rank == 2 { name.clone() } else { String::new() };
        let size_bytes = *request.size_bytes.value()?;
        let attributes = request.attributes.as_ref().map(storage_attributes).unwrap_or_default();
        volumes.push(((size_bytes, rank, sort_name), Volume { name, size_bytes, attributes }));
    }
    volumes.sort_by(|(a, _), (b, _)| a.cmp(b));
    Some(volumes.into_iter().map(|(_, volume)| volume).collect())
}

fn storage_attributes(attributes: &StorageAttributes) -> Vec<Attribute> {
    let class = attributes.class.iter().map(|class| Attribute::new("class", class));
    let persistent = if attributes.persistent { "true" } else { "false" };
    class.chain([Attribute::new("persistent", persistent)]).collect()
}

/// How a global port is reached: through the ingress or a port, and then also on its leased IP.
fn endpoints(port: &Port<'_>) -> Vec<Endpoint> {
    if !port.global {
        return Vec::new();
    }
    let external = if port.external == 0 { port.port } else { port.external };
    let kind = match (port.protocol, external) {
        ("TCP", INGRESS_PORT) => EndpointKind::SharedHttp,
        _ => EndpointKind::RandomPort,
    };
    let mut endpoints = vec![Endpoint { kind, sequence: 0 }];
    if !port.ip.is_empty() {
        endpoints.push(Endpoint { kind: EndpointKind::LeasedIp, sequence: port.sequence });
    }
    endpoints
}
