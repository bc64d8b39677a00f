//! [`Deployment`] and [`Group`]: what stands behind an order, and what makes a group valid.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use undercut_primitives::codec::Canonical;
use undercut_primitives::resources::limits;
use undercut_primitives::{
    Attribute, BlockHeight, Consent, Decimal, DeploymentId, Digest, GroupId, GroupSpec,
    PricePerBlock, Requirements, ResourceUnit, Resources, SignedBy, TimeSpan,
};

use crate::{AwardMode, GroupRejection, OrderParams};

/// Where a deployment stands. `Closed` is terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Canonical)]
pub enum DeploymentState {
    /// It has an escrow account and may have orders and leases.
    Active,
    /// Over; its id is never used again.
    Closed,
}

/// What a tenant asks for: one escrow account, one or more groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct Deployment {
    /// Which deployment.
    pub id: DeploymentId,
    /// SHA-256 of the manifest that winners will be sent.
    pub version_hash: Digest,
    /// Who names the winners.
    pub award: AwardMode,
    /// What each of its orders asks of bids: see [`crate::Order::reclamation`].
    pub reclamation: Option<TimeSpan>,
    /// The tenant's signature on the command that created it.
    pub consent: Consent,
    /// The block in which it was created.
    pub opened_at: BlockHeight,
    /// How many groups it has; they are numbered from 1.
    pub groups: u32,
    /// Where it stands.
    pub state: DeploymentState,
}

/// Where a group stands. `Closed` is terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Canonical)]
pub enum GroupState {
    /// It has an open or active order.
    Open,
    /// Its tenant paused it, its provider gave the lease up, or it could not be put to auction again;
    /// no order is open until the tenant starts it.
    Paused,
    /// Over.
    Closed,
}

/// The part of a deployment that is auctioned as one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct Group {
    /// Which group.
    pub id: GroupId,
    /// What it asks for. Never changes. Groups that ask for the same may share it.
    pub spec: Arc<GroupSpec>,
    /// Where it stands.
    pub state: GroupState,
    /// How many orders it has had; the last one's `oseq`.
    pub orders: u32,
}

/// Checks a group against the limits and returns its ceiling. Source: `chain.md` 4; units, replicas
/// and groups are limited too, which the original declares and does not enforce (W17).
///
/// Checks in order: lengths of lists and texts, name, number of units, each unit (id, replicas, CPU, memory, GPU, volumes,
/// price), group sums, one denom, a denom that the market takes.
///
/// # Errors
///
/// The first broken rule.
pub fn check_group(
    spec: &GroupSpec,
    params: &OrderParams,
) -> Result<PricePerBlock, GroupRejection> {
    check_sizes(spec)?;
    if spec.name.is_empty() {
        return Err(GroupRejection::NameMissing);
    }
    let units = u32::try_from(spec.units.len()).unwrap_or(u32::MAX);
    if units == 0 || units > params.units_max {
        return Err(GroupRejection::UnitCount { units, units_max: params.units_max });
    }
    let mut ids = BTreeSet::new();
    for unit in &spec.units {
        if unit.id == 0 || !ids.insert(unit.id) {
            return Err(GroupRejection::UnitId { unit: unit.id });
        }
        check_unit(unit, params)?;
    }
    check_sums(spec)?;
    let ceiling = spec.ceiling().map_err(GroupRejection::NoCeiling)?;
    if params.lease_denoms.contains(&ceiling.denom) {
        Ok(ceiling)
    } else {
        Err(GroupRejection::DenomNotTaken { denom: ceiling.denom })
    }
}

/// Every bid is compared with what the group requires, so all of it has a bound.
fn check_sizes(spec: &GroupSpec) -> Result<(), GroupRejection> {
    let Requirements { attributes, signed_by: SignedBy { all_of, any_of } } = &spec.requirements;
    let mut counts = vec![
        ("required attributes", attributes.len(), limits::REQUIREMENTS_MAX),
        ("auditors who must all have signed", all_of.len(), limits::REQUIREMENTS_MAX),
        ("auditors of whom one must have signed", any_of.len(), limits::REQUIREMENTS_MAX),
    ];
    let mut texts: Vec<&str> = vec![&spec.name];
    texts.extend(all_of.iter().chain(any_of).map(String::as_str));
    let mut pairs: Vec<&Attribute> = attributes.iter().collect();
    for Resources { cpu_attributes, gpu_attributes, volumes, endpoints, .. } in
        spec.units.iter().map(|unit| &unit.resources)
    {
        counts.extend([
            ("CPU attributes", cpu_attributes.len(), limits::UNIT_ITEMS_MAX),
            ("GPU models", gpu_attributes.len(), limits::UNIT_ITEMS_MAX),
            ("volumes", volumes.len(), limits::UNIT_ITEMS_MAX),
            ("endpoints", endpoints.len(), limits::ENDPOINTS_MAX),
        ]);
        pairs.extend(cpu_attributes.iter().chain(gpu_attributes));
        for volume in volumes {
            let attributes = volume.attributes.len();
            counts.push(("attributes of a volume", attributes, limits::UNIT_ITEMS_MAX));
            texts.push(&volume.name);
            pairs.extend(&volume.attributes);
        }
    }
    texts.extend(pairs.iter().flat_map(|pair| [pair.key.as_str(), pair.value.as_str()]));
    if let Some((what, count, count_max)) = counts.into_iter().find(|(_, count, max)| count > max) {
        return Err(GroupRejection::TooMany { what, count, count_max });
    }
    let (mut lengths, bytes_max) = (texts.iter().map(|text| text.len()), limits::TEXT_BYTES_MAX);
    match lengths.find(|bytes| *bytes > bytes_max) {
        Some(bytes) => Err(GroupRejection::TextTooLong { bytes, bytes_max }),
        None => Ok(()),
    }
}

fn check_unit(unit: &ResourceUnit, params: &OrderParams) -> Result<(), GroupRejection> {
    let out_of_range = |resource, quantity, range: core::ops::RangeInclusive<u64>| {
        let (min, max) = range.into_inner();
        if (min..=max).contains(&quantity) {
            return Ok(());
        }
        Err(GroupRejection::UnitQuantity { unit: unit.id, resource, quantity, min, max })
    };
    let asked = &unit.resources;
    let replicas = 1..=u64::from(params.replicas_max);
    out_of_range("replicas", u64::from(unit.count), replicas)?;
    out_of_range("milli-CPU", asked.cpu_milli, limits::UNIT_CPU_MILLI)?;
    out_of_range("bytes of memory", asked.memory_bytes, limits::UNIT_MEMORY_BYTES)?;
    out_of_range("GPUs", asked.gpus, limits::UNIT_GPUS)?;
    if asked.gpus == 0 && !asked.gpu_attributes.is_empty() {
        return Err(GroupRejection::GpuModelWithoutGpu { unit: unit.id });
    }
    if asked.volumes.is_empty() {
        return Err(GroupRejection::NoVolume { unit: unit.id });
    }
    for volume in &asked.volumes {
        out_of_range("bytes of volume", volume.size_bytes, limits::VOLUME_BYTES)?;
        check_keys(unit.id, &volume.attributes)?;
    }
    check_keys(unit.id, &asked.cpu_attributes)?;
    check_keys(unit.id, &asked.gpu_attributes)?;
    let price_max = Decimal::from_whole(limits::UNIT_PRICE_MAX);
    if unit.price.value.is_zero() || unit.price.value > price_max {
        let (price, max) = (unit.price.value, price_max);
        return Err(GroupRejection::UnitPrice { unit: unit.id, price, max });
    }
    Ok(())
}

/// Keys of one resource: patterns, each once. Those of a placement are not checked, as in the
/// original. Source: `chain.md` 2.5 and 4.
fn check_keys(unit: u32, attributes: &[Attribute]) -> Result<(), GroupRejection> {
    let mut keys = BTreeSet::new();
    for attribute in attributes {
        let key = || attribute.key.chars().take(80).collect();
        if !attribute.has_pattern_key() {
            return Err(GroupRejection::AttributeKey { unit, key: key() });
        }
        if !keys.insert(&attribute.key) {
            return Err(GroupRejection::AttributeTwice { unit, key: key() });
        }
    }
    Ok(())
}

fn storage_bytes(unit: &ResourceUnit) -> u64 {
    let volumes = unit.resources.volumes.iter().map(|volume| volume.size_bytes);
    volumes.fold(0, u64::saturating_add)
}

fn check_sums(spec: &GroupSpec) -> Result<(), GroupRejection> {
    let sum = |quantity: fn(&ResourceUnit) -> u64| {
        let each =
            spec.units.iter().map(|unit| quantity(unit).saturating_mul(u64::from(unit.count)));
        // Saturating is safe here: a sum at the maximum is far above every limit and is refused.
        each.fold(0, u64::saturating_add)
    };
    let sums = [
        ("milli-CPU", sum(|unit| unit.resources.cpu_milli), limits::GROUP_CPU_MILLI),
        ("bytes of memory", sum(|unit| unit.resources.memory_bytes), limits::GROUP_MEMORY_BYTES),
        ("bytes of volumes", sum(storage_bytes), limits::GROUP_STORAGE_BYTES),
        ("GPUs", sum(|unit| unit.resources.gpus), limits::GROUP_GPUS),
    ];
    for (resource, quantity, range) in sums {
        if !range.contains(&quantity) {
            return Err(GroupRejection::GroupQuantity { resource, quantity, max: *range.end() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use undercut_primitives::{Attribute, Requirements, Resources, Volume};

    use super::*;

    fn spec() -> GroupSpec {
        let volume = Volume { name: "default".into(), size_bytes: 5 << 20, attributes: vec![] };
        let resources = Resources {
            cpu_milli: 10,
            memory_bytes: 1 << 20,
            volumes: vec![volume],
            ..Resources::default()
        };
        let price = "1uact".parse().unwrap();
        let unit = ResourceUnit { id: 1, resources, count: 1, price };
        GroupSpec { name: "akash".into(), requirements: Requirements::default(), units: vec![unit] }
    }

    fn check(change: impl Fn(&mut ResourceUnit)) -> Result<PricePerBlock, GroupRejection> {
        let mut spec = spec();
        change(&mut spec.units[0]);
        check_group(&spec, &OrderParams::default())
    }

    #[test]
    fn quantities_at_the_limits_pass_and_one_beyond_fails() {
        // chain.md D3, D4, D6
        let ok: [fn(&mut ResourceUnit); 7] = [
            |_| {},
            |u| u.resources.cpu_milli = 384_000,
            |u| (u.resources.cpu_milli, u.count) = (384_000, 50),
            |u| u.resources.memory_bytes = 1 << 41,
            |u| u.resources.gpus = 24,
            |u| (u.resources.volumes[0].size_bytes, u.count) = (1 << 45, 50),
            |u| u.price.value = Decimal::from_whole(10_000_000),
        ];
        for (row, change) in ok.into_iter().enumerate() {
            assert!(check(change).is_ok(), "row {row}");
        }
        let bad: [fn(&mut ResourceUnit); 12] = [
            |u| u.resources.cpu_milli = 9,
            |u| u.resources.cpu_milli = 384_001,
            |u| u.resources.memory_bytes = (1 << 20) - 1,
            |u| u.resources.gpus = 25,
            |u| u.resources.volumes[0].size_bytes = (5 << 20) - 1,
            |u| u.resources.volumes.clear(),
            |u| u.resources.gpu_attributes = vec![Attribute::new("vendor/nvidia/model/*", "true")],
            |u| {
                // 50 replicas of 32 TiB are as much as a group may have.
                u.resources.volumes[0].size_bytes = 1 << 45;
                u.resources.volumes.push(u.resources.volumes[0].clone());
                u.count = 26;
            },
            |u| u.count = 0,
            |u| u.count = 51,
            |u| u.price.value = Decimal::ZERO,
            |u| u.price.value = Decimal::from_atoms(Decimal::from_whole(10_000_000).to_atoms() + 1),
        ];
        for (row, change) in bad.into_iter().enumerate() {
            assert!(check(change).is_err(), "row {row}");
        }
    }

    #[test]
    fn units_share_neither_id_nor_a_foreign_denom() {
        let mut twice = spec();
        twice.units.push(twice.units[0].clone());
        let params = OrderParams::default();
        assert_eq!(check_group(&twice, &params), Err(GroupRejection::UnitId { unit: 1 }));
        let foreign = check(|u| u.price = "1uakt".parse().unwrap());
        assert!(matches!(foreign, Err(GroupRejection::DenomNotTaken { .. })));
    }
}
