//! Whether an offer covers its order: every unit once, and nothing less than was asked.
//!
//! The reference compares nothing but ids and counts, takes an empty or partial offer for a match,
//! and panics on a repeated id (`chain.md` 3.2, weakness W9). Here an offer is a promise that can
//! be held against the provider, so it is compared in full:
//!
//! | part | rule |
//! | --- | --- |
//! | units | each unit of the group exactly once, in any order, with the same count |
//! | CPU, memory, GPUs | at least what is asked |
//! | CPU attributes | equal |
//! | volumes | the same number; by position equal name and attributes, size at least as asked |
//! | GPU models | each offered one is matched by an asked one; at least one when any is asked |
//! | endpoints | equal |

use alloc::string::String;
use core::fmt;

use undercut_primitives::resources::limits;
use undercut_primitives::{Attribute, Code, GroupSpec, ResourceOffer, ResourceUnit, Resources};

use crate::profile::ProviderProfile;

/// Whether `offer` gives the group `spec` everything it asks for. More is allowed, less is not.
///
/// Time: units × (units + attributes). The order of the offered units does not matter.
///
/// # Errors
///
/// The first [`OfferMismatch`]: first what is wrong with the offered units in their order, then
/// the first unit of the group that is missing.
pub fn offer_covers(spec: &GroupSpec, offer: &[ResourceOffer]) -> Result<(), OfferMismatch> {
    // A unit that comes twice ends this soon, so no more are looked at than a group may have.
    for (place, offered) in offer.iter().enumerate() {
        let unit = offered.unit;
        let asked = spec.units.iter().find(|asked| asked.id == unit);
        let asked = asked.ok_or(OfferMismatch::UnknownUnit { unit })?;
        if offer.iter().take(place).any(|before| before.unit == unit) {
            return Err(OfferMismatch::RepeatedUnit { unit });
        }
        if offered.count != asked.count {
            let (offered, asked) = (offered.count, asked.count);
            return Err(OfferMismatch::Count { unit, offered, asked });
        }
        resources_cover(unit, &asked.resources, &offered.resources)?;
    }
    let is_missing = |asked: &&ResourceUnit| offer.iter().all(|offered| offered.unit != asked.id);
    match spec.units.iter().filter(is_missing).map(|unit| unit.id).min() {
        Some(unit) => Err(OfferMismatch::MissingUnit { unit }),
        None => Ok(()),
    }
}

fn resources_cover(unit: u32, asked: &Resources, offered: &Resources) -> Result<(), OfferMismatch> {
    at_least(unit, Quantity::CpuMilli, offered.cpu_milli, asked.cpu_milli)?;
    at_least(unit, Quantity::MemoryBytes, offered.memory_bytes, asked.memory_bytes)?;
    at_least(unit, Quantity::Gpus, offered.gpus, asked.gpus)?;
    if offered.cpu_attributes != asked.cpu_attributes {
        return Err(OfferMismatch::CpuAttributes { unit });
    }
    volumes_cover(unit, asked, offered)?;
    models_cover(unit, asked, offered)?;
    if offered.endpoints != asked.endpoints {
        let (offered, asked) = (offered.endpoints.len(), asked.endpoints.len());
        return Err(OfferMismatch::Endpoints { unit, offered, asked });
    }
    Ok(())
}

fn at_least(unit: u32, quantity: Quantity, offered: u64, asked: u64) -> Result<(), OfferMismatch> {
    if offered < asked {
        return Err(OfferMismatch::TooLittle { unit, quantity, offered, asked });
    }
    Ok(())
}

fn volumes_cover(unit: u32, asked: &Resources, offered: &Resources) -> Result<(), OfferMismatch> {
    if offered.volumes.len() != asked.volumes.len() {
        let (offered, asked) = (offered.volumes.len(), asked.volumes.len());
        return Err(OfferMismatch::VolumeCount { unit, offered, asked });
    }
    for (offered, asked) in offered.volumes.iter().zip(&asked.volumes) {
        let volume = &asked.name;
        if offered.name != asked.name || offered.attributes != asked.attributes {
            return Err(OfferMismatch::Volume { unit, volume: volume.clone() });
        }
        if offered.size_bytes < asked.size_bytes {
            let quantity = Quantity::VolumeBytes { volume: volume.clone() };
            at_least(unit, quantity, offered.size_bytes, asked.size_bytes)?;
        }
    }
    Ok(())
}

/// Without a model asked for, any will do. Without a GPU asked for, none is named.
fn models_cover(unit: u32, asked: &Resources, offered: &Resources) -> Result<(), OfferMismatch> {
    let wanted = &asked.gpu_attributes;
    let (models, models_max) = match asked.gpus {
        0 => (offered.gpu_attributes.len(), 0),
        _ => (offered.gpu_attributes.len(), limits::UNIT_ITEMS_MAX),
    };
    if models > models_max {
        return Err(OfferMismatch::TooManyModels { unit, models, models_max });
    }
    if let Some(other) = offered.gpu_attributes.iter().find(|one| !one.has_pattern_key()) {
        let model = other.key.chars().take(80).collect();
        return Err(OfferMismatch::GpuModel { unit, model });
    }
    if offered.gpu_attributes.iter().any(|one| one.value.len() > limits::TEXT_BYTES_MAX) {
        return Err(OfferMismatch::GpuModel { unit, model: "a value of over 256 bytes".into() });
    }
    if asked.gpus == 0 || wanted.is_empty() {
        return Ok(());
    }
    if offered.gpu_attributes.is_empty() {
        return Err(OfferMismatch::NoGpuModel { unit });
    }
    let is_asked = |offered: &Attribute| {
        let mut wanted = wanted.iter();
        wanted.any(|wanted| ProviderProfile::covers(wanted, &offered.key, &offered.value))
    };
    match offered.gpu_attributes.iter().find(|offered| !is_asked(offered)) {
        Some(other) => Err(OfferMismatch::GpuModel { unit, model: other.key.clone() }),
        None => Ok(()),
    }
}

/// A quantity of a unit that is compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Quantity {
    /// Thousandths of a CPU per replica.
    CpuMilli,
    /// Bytes of memory per replica.
    MemoryBytes,
    /// GPUs per replica.
    Gpus,
    /// Bytes of one volume.
    VolumeBytes {
        /// The volume's name.
        volume: String,
    },
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CpuMilli => f.write_str("milli-CPU"),
            Self::MemoryBytes => f.write_str("bytes of memory"),
            Self::Gpus => f.write_str("GPUs"),
            Self::VolumeBytes { volume } => write!(f, "bytes of volume `{volume}`"),
        }
    }
}

/// How an offer differs from what the group asks for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OfferMismatch {
    /// Models of a GPU that is not asked for, or too many.
    #[error(
        "the offer names {models} GPU models for unit {unit} where at most {models_max} can be"
    )]
    TooManyModels {
        /// The unit's id.
        unit: u32,
        /// How many there are.
        models: usize,
        /// How many can be.
        models_max: usize,
    },
    /// The group has no unit of this id.
    #[error("the offer names unit {unit}, which the order does not have")]
    UnknownUnit {
        /// The id offered.
        unit: u32,
    },
    /// A unit is offered twice.
    #[error("unit {unit} is offered twice")]
    RepeatedUnit {
        /// The unit's id.
        unit: u32,
    },
    /// The replicas differ. More would be no gift: the tenant's manifest has the asked number.
    #[error("unit {unit}: {offered} replicas offered where {asked} are asked")]
    Count {
        /// The unit's id.
        unit: u32,
        /// Replicas offered.
        offered: u32,
        /// Replicas asked for.
        asked: u32,
    },
    /// A quantity is smaller than asked.
    #[error("unit {unit}: {offered} {quantity} offered where {asked} are asked")]
    TooLittle {
        /// The unit's id.
        unit: u32,
        /// Which quantity, and its unit.
        quantity: Quantity,
        /// How much is offered.
        offered: u64,
        /// How much is asked.
        asked: u64,
    },
    /// The CPU attributes, e.g. the architecture, differ.
    #[error("unit {unit}: the offered CPU attributes are not those asked for")]
    CpuAttributes {
        /// The unit's id.
        unit: u32,
    },
    /// The number of volumes differs.
    #[error("unit {unit}: {offered} volumes offered where {asked} are asked")]
    VolumeCount {
        /// The unit's id.
        unit: u32,
        /// Volumes offered.
        offered: usize,
        /// Volumes asked for.
        asked: usize,
    },
    /// A volume has another name, class or persistence.
    #[error("unit {unit}: the volume in the place of `{volume}` has another name or attributes")]
    Volume {
        /// The unit's id.
        unit: u32,
        /// The volume asked for.
        volume: String,
    },
    /// The order names GPU models and the offer none.
    #[error("unit {unit}: the offer names no GPU model")]
    NoGpuModel {
        /// The unit's id.
        unit: u32,
    },
    /// The offer names a GPU model that the order does not accept.
    #[error("unit {unit}: the offered GPU {model} is not among those asked for")]
    GpuModel {
        /// The unit's id.
        unit: u32,
        /// The model offered.
        model: String,
    },
    /// The endpoints differ.
    #[error("unit {unit}: the {offered} offered endpoints are not the {asked} asked for")]
    Endpoints {
        /// The unit's id.
        unit: u32,
        /// Endpoints offered.
        offered: usize,
        /// Endpoints asked for.
        asked: usize,
    },
    /// A unit of the group is not offered.
    #[error("the offer lacks unit {unit}")]
    MissingUnit {
        /// The unit's id.
        unit: u32,
    },
}

impl OfferMismatch {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::new(match self {
            Self::UnknownUnit { .. } => "OFR001",
            Self::RepeatedUnit { .. } => "OFR002",
            Self::Count { .. } => "OFR003",
            Self::TooLittle { .. } => "OFR004",
            Self::CpuAttributes { .. } => "OFR005",
            Self::VolumeCount { .. } => "OFR006",
            Self::Volume { .. } => "OFR007",
            Self::NoGpuModel { .. } => "OFR008",
            Self::GpuModel { .. } => "OFR009",
            Self::Endpoints { .. } => "OFR010",
            Self::TooManyModels { .. } => "OFR012",
            Self::MissingUnit { .. } => "OFR011",
        })
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use undercut_primitives::{Endpoint, EndpointKind, Requirements, Volume};

    fn gpu(model: &str) -> Attribute {
        Attribute::new(format!("vendor/nvidia/model/{model}"), "true")
    }

    fn spec() -> GroupSpec {
        let unit = |id, count| ResourceUnit {
            id,
            count,
            price: "1uact".parse().unwrap(),
            resources: Resources {
                cpu_milli: 1000,
                cpu_attributes: vec![Attribute::new("arch", "amd64")],
                memory_bytes: 1 << 30,
                volumes: vec![Volume {
                    name: "data".into(),
                    size_bytes: 1 << 30,
                    attributes: vec![Attribute::new("class", "beta2")],
                }],
                gpus: 1,
                gpu_attributes: vec![gpu("h100"), gpu("a*")],
                endpoints: vec![Endpoint { kind: EndpointKind::SharedHttp, sequence: 0 }],
            },
        };
        let requirements = Requirements::default();
        GroupSpec { name: "g".into(), requirements, units: vec![unit(1, 1), unit(2, 3)] }
    }

    /// The exact offer of [`spec`] with GPUs narrowed, changed by `change`.
    fn offer(change: impl FnOnce(&mut Vec<ResourceOffer>)) -> Vec<ResourceOffer> {
        let mut offer = spec().exact_offer();
        for offered in &mut offer {
            offered.resources.gpu_attributes = vec![gpu("a100")];
        }
        change(&mut offer);
        offer
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut Vec<ResourceOffer>), expected: &str) {
        let found = offer_covers(&spec(), &offer(change)).map_err(|mismatch| mismatch.code());
        assert_eq!(found.err().map_or("ok", |code| code.as_str()), expected);
    }

    #[test]
    fn every_unit_is_offered_exactly_once() {
        // chain.md M16, where the first two match and the last panics.
        check(Vec::clear, "OFR011");
        check(|offer| offer.truncate(1), "OFR011");
        check(|offer| offer[0].count = 2, "OFR003");
        check(|offer| offer[0].unit = 7, "OFR001");
        check(|offer| offer[1] = offer[0].clone(), "OFR002");
        check(|offer| offer.push(offer[0].clone()), "OFR002");
        check(|offer| offer.reverse(), "ok");
        check(|_| {}, "ok");
    }

    #[test]
    fn more_is_welcome_and_less_is_refused() {
        type Change = fn(&mut Resources);
        let rows: [(Change, &str); 20] = [
            (|r| r.cpu_milli += 1, "ok"),
            (|r| r.cpu_milli -= 1, "OFR004"),
            (|r| r.memory_bytes += 1, "ok"),
            (|r| r.memory_bytes -= 1, "OFR004"),
            (|r| r.gpus += 1, "ok"),
            (|r| r.gpus -= 1, "OFR004"),
            (|r| r.cpu_attributes.clear(), "OFR005"),
            (|r| r.volumes.clear(), "OFR006"),
            (|r| r.volumes.push(r.volumes[0].clone()), "OFR006"),
            (|r| r.volumes[0].name = "other".into(), "OFR007"),
            (|r| r.volumes[0].attributes[0].value = "beta3".into(), "OFR007"),
            (|r| r.volumes[0].size_bytes += 1, "ok"),
            (|r| r.volumes[0].size_bytes -= 1, "OFR004"),
            (|r| r.gpu_attributes.clear(), "OFR008"),
            (|r| r.gpu_attributes.push(gpu("h100")), "ok"),
            (|r| r.gpu_attributes.push(gpu("t4")), "OFR009"),
            (|r| r.gpu_attributes[0].value = "false".into(), "OFR009"),
            (|r| r.gpu_attributes[0].key += "/ram/80Gi", "OFR009"),
            (|r| r.endpoints.clear(), "OFR010"),
            (|r| r.endpoints[0].kind = EndpointKind::LeasedIp, "OFR010"),
        ];
        for (row, (change, expected)) in rows.into_iter().enumerate() {
            let found = offer_covers(&spec(), &offer(|offer| change(&mut offer[1].resources)));
            let found = found.err().map_or("ok", |mismatch| mismatch.code().as_str());
            assert_eq!(found, expected, "row {row}");
        }
    }

    #[test]
    fn any_model_will_do_when_none_is_asked_for() {
        let mut spec = spec();
        for unit in &mut spec.units {
            unit.resources.gpu_attributes.clear();
        }
        assert_eq!(offer_covers(&spec, &spec.exact_offer()), Ok(()));
        assert_eq!(offer_covers(&spec, &offer(|_| {})), Ok(()));
    }

    #[test]
    fn models_mean_nothing_without_a_gpu() {
        let mut spec = spec();
        for unit in &mut spec.units {
            unit.resources.gpus = 0;
        }
        let bare = |offer: &mut Vec<ResourceOffer>| {
            offer.iter_mut().for_each(|offered| offered.resources.gpu_attributes.clear());
        };
        assert_eq!(offer_covers(&spec, &offer(bare)), Ok(()));
    }

    #[test]
    fn a_group_with_one_id_twice_is_covered_by_one_offer_of_the_last() {
        let mut spec = spec();
        spec.units[1].id = 1;
        let offer = offer(|offer| drop(offer.remove(0)));
        assert_eq!(
            offer_covers(&spec, &offer),
            Err(OfferMismatch::UnknownUnit { unit: 2 }),
            "the order book refuses such a group before it gets here"
        );
    }
}
