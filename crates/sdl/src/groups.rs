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

use crate::json::JsonWriter;
use crate::model::{Document, Expose, Placement, ProfileResources, Service, Text, To, Version};
use crate::model::{StorageAttributes, VolumeRequest};
use crate::quantity::Amount;

/// The port of the shared HTTP ingress.
const INGRESS_PORT: u32 = 80;

/// A group with what its JSON and the manifest need beyond the [`GroupSpec`].
#[derive(Debug)]
pub(crate) struct BuiltGroup<'d> {
    pub(crate) spec: GroupSpec,
    pub(crate) services: Vec<BuiltService<'d>>,
    placement: &'d Placement<'d>,
    /// Units of 2.1 by the profile that they are for.
    by_profile: BTreeMap<&'d str, usize>,
    asks_for_tee: bool,
}

/// A service in one placement.
#[derive(Debug)]
pub(crate) struct BuiltService<'d> {
    pub(crate) name: &'d str,
    pub(crate) service: &'d Service<'d>,
    pub(crate) exposes: Vec<Port<'d>>,
    pub(crate) unit: u32,
    pub(crate) count: u32,
    /// The unit's quantities with the service's own endpoints.
    pub(crate) resources: Resources,
}

/// One expose of the manifest: a port and one of its `to` items.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Port<'d> {
    pub(crate) expose: &'d Expose<'d>,
    pub(crate) port: u32,
    pub(crate) external: u32,
    pub(crate) protocol: &'static str,
    pub(crate) service: &'d str,
    pub(crate) global: bool,
    pub(crate) ip: &'d str,
    pub(crate) sequence: u32,
}

/// The groups in byte order of their names; `None` only for a document that was not checked.
pub(crate) fn build<'d>(document: &'d Document<'d>) -> Option<Vec<BuiltGroup<'d>>> {
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
                group.require_tee(tee.value);
            }
            group.services.push(BuiltService { name, service, exposes, unit, count, resources });
        }
    }
    Some(groups.into_values().collect())
}

fn new_group<'d>(name: &str, placement: &'d Placement<'d>) -> BuiltGroup<'d> {
    let attributes = placement.attributes.iter().flatten();
    let attributes = attributes.map(|(key, value)| Attribute::new(*key, value.value)).collect();
    let signed_by = SignedBy {
        all_of: owned(placement.all_of.as_deref()),
        any_of: owned(placement.any_of.as_deref()),
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

fn owned(texts: Option<&[Text<'_>]>) -> Vec<String> {
    texts.unwrap_or_default().iter().map(|text| text.value.to_owned()).collect()
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

    /// Which lists of auditors the text gives.
    pub(crate) const fn auditors(&self) -> AuditorLists {
        let Placement { all_of, any_of, .. } = self.placement;
        AuditorLists { all_of: all_of.is_some(), any_of: any_of.is_some() }
    }
}

/// Which lists of auditors a placement has. A [`GroupSpec`] does not tell an empty list from none,
/// its JSON does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AuditorLists {
    all_of: bool,
    any_of: bool,
}

/// The groups in the field names of the chain.
pub(crate) fn to_canonical_json<'g>(
    groups: impl IntoIterator<Item = (&'g GroupSpec, &'g AuditorLists)>,
) -> String {
    let mut json = JsonWriter::default();
    json.list(groups, |json, (group, auditors)| write_group(json, group, *auditors));
    json.finish()
}

fn write_group(json: &mut JsonWriter, group: &GroupSpec, given: AuditorLists) {
    let Requirements { attributes, signed_by } = &group.requirements;
    json.object(|json| {
        json.key("name").text(&group.name);
        json.key("requirements").object(|json| {
            json.key("attributes");
            match attributes.as_slice() {
                [] => json.null(),
                attributes => write_attributes(json, attributes),
            }
            json.key("signed_by").object(|json| {
                let all_of = given.all_of.then_some(signed_by.all_of.as_slice());
                json.key("all_of").optional_texts(all_of);
                let any_of = given.any_of.then_some(signed_by.any_of.as_slice());
                json.key("any_of").optional_texts(any_of);
            });
        });
        json.key("resources").list(&group.units, write_unit);
    });
}

fn write_unit(json: &mut JsonWriter, unit: &ResourceUnit) {
    json.object(|json| {
        json.key("count").number(unit.count);
        json.key("price").object(|json| {
            json.key("amount").text(&unit.price.value.to_full_text());
            json.key("denom").text(unit.price.denom.as_str());
        });
        write_resources(json.key("resource"), unit.id, &unit.resources);
    });
}

/// The resources of a unit, or of a service in the manifest: both have one form.
pub(crate) fn write_resources(json: &mut JsonWriter, id: u32, resources: &Resources) {
    json.object(|json| {
        json.key("cpu");
        write_quantity(json, "units", resources.cpu_milli, &resources.cpu_attributes);
        json.key("endpoints").list(&resources.endpoints, write_endpoint);
        json.key("gpu");
        write_quantity(json, "units", resources.gpus, &resources.gpu_attributes);
        json.key("id").number(id);
        json.key("memory");
        write_quantity(json, "size", resources.memory_bytes, &[]);
        json.key("storage").list(&resources.volumes, |json, volume| {
            json.object(|json| {
                if !volume.attributes.is_empty() {
                    write_attributes(json.key("attributes"), &volume.attributes);
                }
                json.key("name").text(&volume.name);
                json.key("size").object(|json| json.key("val").quoted_number(volume.size_bytes));
            });
        });
    });
}

fn write_quantity(
    json: &mut JsonWriter,
    key: &'static str,
    quantity: u64,
    attributes: &[Attribute],
) {
    json.object(|json| {
        if !attributes.is_empty() {
            write_attributes(json.key("attributes"), attributes);
        }
        json.key(key).object(|json| json.key("val").quoted_number(quantity));
    });
}

fn write_endpoint(json: &mut JsonWriter, endpoint: &Endpoint) {
    json.object(|json| {
        match endpoint.kind {
            EndpointKind::SharedHttp => {}
            EndpointKind::RandomPort => json.key("kind").number(1),
            EndpointKind::LeasedIp => json.key("kind").number(2),
        }
        json.key("sequence_number").number(endpoint.sequence);
    });
}

fn write_attributes(json: &mut JsonWriter, attributes: &[Attribute]) {
    json.list(attributes, |json, attribute| {
        json.object(|json| {
            for (key, text) in [("key", &attribute.key), ("value", &attribute.value)] {
                if !text.is_empty() {
                    json.key(key).text(text);
                }
            }
        });
    });
}

/// Numbers of leased IPs by name: position among the sorted names of all `to` items that are no
/// plain global ones, the last position where a name stands more than once.
fn sequence_numbers<'d>(document: &'d Document<'d>) -> Option<BTreeMap<&'d str, u32>> {
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

fn ip_of<'d>(to: &To<'d>) -> &'d str {
    to.ip.as_ref().map_or("", |ip| ip.value)
}

/// The exposes of a service in the order of the manifest. Equal ones keep the order of the text.
fn ports<'d>(service: &'d Service<'d>, sequences: &BTreeMap<&str, u32>) -> Option<Vec<Port<'d>>> {
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
            let service = to.service.as_ref().map_or("", |service| service.value);
            ports.push(Port { service, global: to.global, ip, sequence, ..internal });
        }
    }
    ports.sort_by_key(|port| (port.service, port.port, port.protocol, !port.global));
    Some(ports)
}

/// Quantities of a profile with the endpoints of a service.
pub(crate) fn resources_of(profile: &ProfileResources, ports: &[Port<'_>]) -> Option<Resources> {
    let key_is_true = |key: &String| Attribute::new(key, "true");
    let mut gpu_attributes: Vec<Attribute> =
        profile.gpu_keys.iter().map(|key| key_is_true(&key.value)).collect();
    gpu_attributes.sort();
    let arch = profile.arch.iter().map(|arch| Attribute::new("arch", arch.value));
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
        let name = request.name.value;
        let sort_name = if rank == 2 { name } else { "" };
        let size_bytes = *request.size_bytes.value()?;
        let attributes = request.attributes.as_ref().map(storage_attributes).unwrap_or_default();
        volumes.push((
            (size_bytes, rank, sort_name),
            Volume { name: name.to_owned(), size_bytes, attributes },
        ));
    }
    volumes.sort_by_key(|(a, _)| *a);
    Some(volumes.into_iter().map(|(_, volume)| volume).collect())
}

fn storage_attributes(attributes: &StorageAttributes) -> Vec<Attribute> {
    let class = attributes.class.iter().map(|class| Attribute::new("class", *class));
    let persistent = if attributes.persistent { "true" } else { "false" };
    class.chain([Attribute::new("persistent", persistent)]).collect()
}

/// How a global port is reached: through the ingress or a port, and then also on its leased IP.
fn endpoints(port: &Port<'_>) -> Vec<Endpoint> {
    if !port.global {
        return Vec::new();
    }
    let kind = endpoint_kind(port.protocol, outside_port(port.port, port.external));
    let mut endpoints = vec![Endpoint { kind, sequence: 0 }];
    if !port.ip.is_empty() {
        endpoints.push(Endpoint { kind: EndpointKind::LeasedIp, sequence: port.sequence });
    }
    endpoints
}

/// The port outside: the one inside, unless another is given.
pub(crate) const fn outside_port(port: u32, external: u32) -> u32 {
    if external == 0 { port } else { external }
}

/// How the world reaches a global port.
pub(crate) fn endpoint_kind(protocol: &str, outside: u32) -> EndpointKind {
    match (protocol, outside) {
        ("TCP", INGRESS_PORT) => EndpointKind::SharedHttp,
        _ => EndpointKind::RandomPort,
    }
}
