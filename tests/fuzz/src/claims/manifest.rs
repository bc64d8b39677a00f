//! The manifest against the groups, as a provider compares them (`sdl.md` 16), and by itself.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use undercut_primitives::{Attribute, EndpointKind, GroupSpec, ResourceUnit};
use undercut_sdl::{Sdl, Version};

use super::json;

/// What holds between the manifest, the groups and their JSON.
pub(crate) fn hold(sdl: &Sdl) {
    let (manifest, groups) = (json::parse(sdl.manifest_json()), json::parse(&sdl.groups_json()));
    let (manifest, groups) = (list(&manifest), list(&groups));
    assert_eq!(manifest.len(), groups.len());
    assert_eq!(groups.len(), sdl.groups().len());
    for ((sent, posted), spec) in manifest.iter().zip(groups).zip(sdl.groups()) {
        assert_eq!((text(&sent["name"]), text(&posted["name"])), (&*spec.name, &*spec.name));
        let units = list(&posted["resources"]);
        assert_eq!(units.len(), spec.units.len());
        units.iter().zip(&spec.units).for_each(|(unit, spec)| hold_for_unit(unit, spec));
        hold_for_services(list(&sent["services"]), units, spec, sdl.version());
    }
    hold_for_exposes(manifest);
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("a whole number")
}

/// A quantity, which JSON has as a text.
fn quantity(value: &Value) -> u64 {
    let digits = text(&value["val"]);
    assert!(digits == "0" || !digits.starts_with('0'), "{digits}");
    digits.parse().expect("digits")
}

/// The JSON of a unit says what the unit says.
fn hold_for_unit(unit: &Value, spec: &ResourceUnit) {
    let (resource, resources) = (&unit["resource"], &spec.resources);
    let numbers = (number(&resource["id"]), number(&unit["count"]));
    assert_eq!(numbers, (u64::from(spec.id), u64::from(spec.count)));
    assert_eq!(text(&unit["price"]["denom"]), spec.price.denom.as_str());
    let amount = text(&unit["price"]["amount"]);
    let digits: String = amount.chars().filter(|c| *c != '.').collect();
    assert_eq!(digits.parse(), Ok(spec.price.value.to_atoms()), "{amount}");
    assert_eq!(quantity(&resource["cpu"]["units"]), resources.cpu_milli);
    assert_eq!(quantity(&resource["memory"]["size"]), resources.memory_bytes);
    assert_eq!(quantity(&resource["gpu"]["units"]), resources.gpus);
    assert_eq!(attributes(&resource["cpu"]), resources.cpu_attributes);
    assert_eq!(attributes(&resource["gpu"]), resources.gpu_attributes);
    let storage = list(&resource["storage"]);
    assert_eq!(storage.len(), resources.volumes.len());
    for (sent, volume) in storage.iter().zip(&resources.volumes) {
        assert_eq!(
            (text(&sent["name"]), quantity(&sent["size"])),
            (&*volume.name, volume.size_bytes)
        );
        assert_eq!(attributes(sent), volume.attributes);
    }
    let expected = resources.endpoints.iter().map(|one| (kind(one.kind), u64::from(one.sequence)));
    assert_eq!(endpoints(resource), expected.collect::<Vec<_>>());
}

fn kind(kind: EndpointKind) -> u64 {
    match kind {
        EndpointKind::SharedHttp => 0,
        EndpointKind::RandomPort => 1,
        EndpointKind::LeasedIp => 2,
    }
}

fn attributes(holder: &Value) -> Vec<Attribute> {
    let Some(attributes) = holder["attributes"].as_array() else { return Vec::new() };
    assert!(!attributes.is_empty(), "no attributes are left out");
    let part = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    attributes.iter().map(|one| Attribute::new(part(&one["key"]), part(&one["value"]))).collect()
}

/// Kind and sequence number of each endpoint.
fn endpoints(resource: &Value) -> Vec<(u64, u64)> {
    let pair = |one: &Value| (one["kind"].as_u64().unwrap_or(0), number(&one["sequence_number"]));
    list(&resource["endpoints"]).iter().map(pair).collect()
}

/// Services use up the units: counts and endpoints, and nothing is left over.
fn hold_for_services(services: &[Value], units: &[Value], spec: &GroupSpec, version: Version) {
    assert!(services.is_sorted_by(|a, b| text(&a["name"]) < text(&b["name"])), "by name, once");
    let mut counts: BTreeMap<u64, u64> = BTreeMap::new();
    let mut ways: BTreeMap<u64, Vec<(u64, u64)>> = BTreeMap::new();
    let mut first_uses = Vec::new();
    for service in services {
        let id = number(&service["resources"]["id"]);
        if !counts.contains_key(&id) {
            first_uses.push(id);
        }
        let unit = &units[usize::try_from(id).unwrap() - 1]["resource"];
        for part in ["cpu", "memory", "storage", "gpu"] {
            assert_eq!(service["resources"][part], unit[part], "{part} of {}", service["name"]);
        }
        *counts.entry(id).or_default() += number(&service["count"]);
        assert_eq!(endpoints(&service["resources"]), wanted(service), "{}", service["name"]);
        let shares = ways.contains_key(&id);
        let unit_ways = ways.entry(id).or_default();
        unit_ways.extend(wanted(service));
        if shares {
            // What a service adds to a unit is sorted in by sequence number.
            unit_ways.sort_by_key(|(_, sequence)| *sequence);
        }
    }
    let ids: Vec<u64> = spec.units.iter().map(|unit| u64::from(unit.id)).collect();
    assert_eq!(first_uses, ids, "units go by the first service that uses them");
    assert!(version == Version::V2_1 || services.len() == units.len(), "2.0 shares no unit");
    for unit in units {
        let id = number(&unit["resource"]["id"]);
        assert_eq!(counts[&id], number(&unit["count"]), "counts of unit {id}");
        assert_eq!(ways[&id], endpoints(&unit["resource"]), "endpoints of unit {id}");
    }
}

/// The endpoints that the ports of a service ask for.
fn wanted(service: &Value) -> Vec<(u64, u64)> {
    let mut wanted = Vec::new();
    for expose in list(&service["expose"]).iter().filter(|one| one["global"] == true) {
        let outside = match number(&expose["externalPort"]) {
            0 => number(&expose["port"]),
            given => given,
        };
        let ingress = outside == 80 && expose["proto"] == "TCP";
        wanted.push((if ingress { 0 } else { 1 }, 0));
        if expose["ip"] != "" {
            wanted.push((2, number(&expose["endpointSequenceNumber"])));
        }
    }
    wanted
}

/// Ports of the whole manifest: order, limits, hosts that stand once, a way in.
fn hold_for_exposes(manifest: &[Value]) {
    let services = || manifest.iter().flat_map(|group| list(&group["services"]));
    let mut hosts = BTreeSet::new();
    for service in services() {
        assert_ne!(text(&service["image"]), "");
        let exposes = list(&service["expose"]);
        let key = |one: &Value| {
            let (service, proto) = (text(&one["service"]), text(&one["proto"]));
            (service.to_owned(), number(&one["port"]), proto.to_owned(), one["global"] != true)
        };
        assert!(exposes.is_sorted_by_key(key), "ports of {}", service["name"]);
        for expose in exposes {
            assert!((1..=65_535).contains(&number(&expose["port"])), "{expose}");
            assert!(["TCP", "UDP"].contains(&text(&expose["proto"])), "{expose}");
            assert!(expose["ip"] == "" || expose["global"] == true, "{expose}");
            hold_for_http(&expose["httpOptions"]);
            for host in expose["hosts"].as_array().into_iter().flatten() {
                assert!((1..=253).contains(&text(host).len()), "{host}");
                assert!(hosts.insert(text(host).to_owned()), "{host} stands twice");
            }
        }
    }
    let is_global = |one: &Value| one["global"] == true;
    assert!(services().any(|one| list(&one["expose"]).iter().any(is_global)), "no way in");
}

fn hold_for_http(options: &Value) {
    let limits = [
        ("maxBodySize", 1..=104_857_600),
        ("readTimeout", 1..=60_000),
        ("sendTimeout", 1..=60_000),
        ("nextTries", 1..=u64::from(u32::MAX)),
        ("nextTimeout", 0..=u64::from(u32::MAX)),
    ];
    for (key, range) in limits {
        assert!(range.contains(&number(&options[key])), "{key} of {options}");
    }
    let buffer = options["proxyBufferSize"].as_u64();
    assert!(buffer.is_none_or(|bytes| (1..=1_048_576).contains(&bytes)), "{options}");
    assert!(!list(&options["nextCases"]).is_empty(), "{options}");
}
