//! Groups of an accepted text: names, numbers, limits, order (`sdl.md` 7 to 13).

use std::collections::BTreeSet;

use undercut_primitives::resources::limits;
use undercut_primitives::{
    Attribute, Decimal, EndpointKind, GroupSpec, ResourceUnit, Resources, Volume,
};
use undercut_sdl::Sdl;

/// What holds for the groups of any SDL.
pub(crate) fn hold(sdl: &Sdl) {
    let groups = sdl.groups();
    assert!(!groups.is_empty(), "an SDL asks for something");
    assert!(groups.is_sorted_by(|a, b| a.name < b.name), "groups go by name, each once");
    let units = || groups.iter().flat_map(|group| &group.units);
    let denoms: BTreeSet<&str> = units().map(|unit| unit.price.denom.as_str()).collect();
    assert_eq!(denoms.len(), 1, "one denom for all prices: {denoms:?}");
    for group in groups {
        hold_for_group(group);
    }
    if let Some(window) = sdl.reclamation_min_window_ns() {
        assert!((1..1 << 63).contains(&window), "{window} ns");
    }
}

fn hold_for_group(group: &GroupSpec) {
    assert!(!group.name.is_empty() && !group.units.is_empty());
    assert!(group.requirements.attributes.is_sorted(), "attributes go by key");
    let ids: Vec<u32> = group.units.iter().map(|unit| unit.id).collect();
    let expected: Vec<u32> = (1..).take(ids.len()).collect();
    assert_eq!(ids, expected, "units are numbered from 1");
    for unit in &group.units {
        hold_for_unit(unit);
    }
    let total = |quantity: fn(&Resources) -> u64| -> u128 {
        let product =
            |unit: &ResourceUnit| u128::from(quantity(&unit.resources)) * u128::from(unit.count);
        group.units.iter().map(product).sum()
    };
    let sums = [
        (total(|resources| resources.cpu_milli), limits::GROUP_CPU_MILLI),
        (total(|resources| resources.memory_bytes), limits::GROUP_MEMORY_BYTES),
        (total(|resources| resources.gpus), limits::GROUP_GPUS),
    ];
    for (sum, range) in sums {
        let (least, most) = (u128::from(*range.start()), u128::from(*range.end()));
        assert!((least..=most).contains(&sum), "{} asks for {sum} in all", group.name);
    }
    hold_for_ceiling(group);
}

/// The ceiling is the sum of the units' prices, which always fits.
fn hold_for_ceiling(group: &GroupSpec) {
    let ceiling = group.ceiling().expect("a valid group has a ceiling");
    let atoms = |unit: &ResourceUnit| unit.price.value.to_atoms() * u128::from(unit.count);
    assert_eq!(ceiling.value.to_atoms(), group.units.iter().map(atoms).sum::<u128>());
}

fn hold_for_unit(unit: &ResourceUnit) {
    let resources = &unit.resources;
    assert!(limits::UNIT_CPU_MILLI.contains(&resources.cpu_milli));
    assert!(limits::UNIT_MEMORY_BYTES.contains(&resources.memory_bytes));
    assert!(limits::UNIT_GPUS.contains(&resources.gpus));
    let price = unit.price.value;
    assert!(price > Decimal::ZERO && price <= Decimal::from_whole(limits::UNIT_PRICE_MAX));
    hold_for_volumes(&resources.volumes);
    assert_eq!(resources.gpus == 0, resources.gpu_attributes.is_empty());
    assert!(resources.gpu_attributes.is_sorted_by(|a, b| a.key < b.key));
    for Attribute { key, value } in &resources.gpu_attributes {
        assert!(key.starts_with("vendor/nvidia/model/") && value == "true", "{key}={value}");
        assert!(key.len() <= 128, "{key}");
    }
    let arch = |attribute: &Attribute| attribute.key == "arch";
    assert!(resources.cpu_attributes.len() <= 1 && resources.cpu_attributes.iter().all(arch));
    for endpoint in &resources.endpoints {
        let is_leased = endpoint.kind == EndpointKind::LeasedIp;
        assert_eq!(endpoint.sequence > 0, is_leased, "leased IPs alone are numbered");
    }
}

fn hold_for_volumes(volumes: &[Volume]) {
    assert!(!volumes.is_empty(), "a unit has storage");
    let names: BTreeSet<&str> = volumes.iter().map(|volume| volume.name.as_str()).collect();
    assert_eq!(names.len(), volumes.len(), "volumes have names of their own");
    let rank = |volume: &Volume| match volume.attribute("persistent") {
        None => 0,
        Some("false") => 1,
        Some("true") => 2,
        Some(other) => panic!("persistent is {other}"),
    };
    let sorted = volumes.is_sorted_by_key(|volume| {
        let name = if rank(volume) == 2 { volume.name.as_str() } else { "" };
        (volume.size_bytes, rank(volume), name)
    });
    assert!(sorted, "volumes go by size, persistence and name: {volumes:?}");
    for volume in volumes {
        assert!(limits::VOLUME_BYTES.contains(&volume.size_bytes), "{volume:?}");
        let keys: Vec<&str> = volume.attributes.iter().map(|one| one.key.as_str()).collect();
        assert!(matches!(keys[..], [] | ["persistent"] | ["class", "persistent"]), "{keys:?}");
        let class = volume.attribute("class").unwrap_or("default");
        assert!(["default", "beta1", "beta2", "beta3", "ram"].contains(&class), "{class}");
        assert!(class != "ram" || !volume.is_persistent());
    }
}
