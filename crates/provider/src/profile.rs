//! [`profile_of`]: the capabilities that an inventory lets its provider advertise.

use std::collections::BTreeSet;

use undercut_bidding::ProviderProfile;
use undercut_primitives::Attribute;

use crate::inventory::Inventory;
use crate::node::Gpu;

/// Whether a provider takes volumes in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RamVolumes {
    /// Advertise class `ram`, not persistent.
    Advertised,
    /// Say nothing about them: orders with such volumes find no match.
    Hidden,
}

/// The profile of a provider who says everything about `inventory` and nothing about itself.
///
/// * Each class that has a pool and a node to mount it: `capabilities/storage/<n>/class` and
///   `…/persistent`, numbered from 1 in the order of the classes; `ram` last.
/// * Each GPU under every key of [`Gpu::keys`], because a wildcard model matches the shortest form
///   only (`chain.md` 3.4).
///
/// No key stands twice. More than about 60 GPU models exceed what a profile may hold; placement
/// attributes are the caller's to add.
#[must_use]
pub fn profile_of(inventory: &Inventory, ram: RamVolumes) -> ProviderProfile {
    let mounted: BTreeSet<&String> =
        inventory.nodes().flat_map(|node| &node.storage_classes).collect();
    let pools = inventory.pools().keys().filter(|class| mounted.contains(class));
    let classes = pools.map(|class| (class.as_str(), "true"));
    let ram = (ram == RamVolumes::Advertised).then_some(("ram", "false"));
    let mut attributes = vec![];
    for (group, (class, persistent)) in (1_u32..).zip(classes.chain(ram)) {
        let key = |name| format!("capabilities/storage/{group}/{name}");
        attributes.push(Attribute::new(key("class"), class));
        attributes.push(Attribute::new(key("persistent"), persistent));
    }
    let gpus = inventory.nodes().flat_map(|node| &node.gpus);
    let keys: BTreeSet<String> = gpus.flat_map(Gpu::keys).collect();
    let advertised = |key| Attribute::new(format!("capabilities/gpu/{key}"), "true");
    attributes.extend(keys.into_iter().map(advertised));
    ProviderProfile::new(attributes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{GIB, group, ram_volume, row_6, unit, volume};
    use crate::node::Node;
    use undercut_bidding::eligibility;

    fn inventory() -> Inventory {
        let texts = ["8x nvidia/h100/80Gi/sxm", "16 cpu, 64Gi, class beta2, class beta3"];
        let named = |(name, text): (&str, &str)| Node::parse(name, text).unwrap();
        let nodes = ["a", "b"].into_iter().zip(texts).map(named).collect();
        Inventory::new(nodes).unwrap().with_pool("beta1", GIB).with_pool("beta2", GIB)
    }

    #[test]
    fn everything_there_is_is_advertised_and_nothing_else() {
        let profile = profile_of(&inventory(), RamVolumes::Advertised);
        let gpu = "capabilities/gpu/vendor/nvidia/model/h100";
        let expected = [
            ("capabilities/storage/1/class".to_owned(), "beta2"),
            ("capabilities/storage/1/persistent".to_owned(), "true"),
            ("capabilities/storage/2/class".to_owned(), "ram"),
            ("capabilities/storage/2/persistent".to_owned(), "false"),
            (gpu.to_owned(), "true"),
            (format!("{gpu}/interface/sxm"), "true"),
            (format!("{gpu}/ram/80Gi"), "true"),
            (format!("{gpu}/ram/80Gi/interface/sxm"), "true"),
        ];
        let expected = expected.map(|(key, value)| Attribute::new(key, value));
        assert_eq!(profile.attributes, expected);
        assert_eq!(profile.check(), Ok(()));
    }

    #[test]
    fn what_is_advertised_is_eligible() {
        let mut with_volumes = group(vec![unit(1, 1, 10, 1)]);
        let volumes = vec![volume("data", 1, "beta2"), ram_volume("shm", 1)];
        with_volumes.units[0].resources.volumes = volumes;
        let (open, shy) = (RamVolumes::Advertised, RamVolumes::Hidden);
        assert_eq!(eligibility(&with_volumes, &profile_of(&inventory(), open)), Ok(()));
        assert!(eligibility(&with_volumes, &profile_of(&inventory(), shy)).is_err());
        assert_eq!(eligibility(&row_6(), &profile_of(&inventory(), shy)), Ok(()));
    }
}
