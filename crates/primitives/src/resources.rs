//! What a group asks for and what a provider offers: CPU, memory, storage, GPU, endpoints.
//!
//! The shape is the reference's (`chain.md` 4, `sdl.md` 13). Values of a [`GroupSpec`] come from
//! a manifest or a command and are not yet checked: the order book does that before it opens an
//! order, against the [`limits`] below.

use alloc::string::String;
use alloc::vec::Vec;

use crate::codec::Canonical;
use serde::{Deserialize, Serialize};

use crate::{ArithmeticError, Decimal, Denom, PricePerBlock};

/// Smallest and largest quantities of one unit and of one group. Source: `chain.md` 4.
pub mod limits {
    use core::ops::RangeInclusive;

    /// Milli-CPU of one replica.
    pub const UNIT_CPU_MILLI: RangeInclusive<u64> = 10..=384_000;
    /// Bytes of memory of one replica: 1 MiB to 2 TiB.
    pub const UNIT_MEMORY_BYTES: RangeInclusive<u64> = 1 << 20..=1 << 41;
    /// GPUs of one replica.
    pub const UNIT_GPUS: RangeInclusive<u64> = 0..=24;
    /// Bytes of one volume: 5 MiB to 32 TiB.
    pub const VOLUME_BYTES: RangeInclusive<u64> = 5 << 20..=1 << 45;
    /// Milli-CPU of all replicas of a group.
    pub const GROUP_CPU_MILLI: RangeInclusive<u64> = 1..=19_200_000;
    /// Bytes of memory of all replicas of a group: up to 100 TiB.
    pub const GROUP_MEMORY_BYTES: RangeInclusive<u64> = 1..=100 << 40;
    /// Bytes of all volumes of all replicas of a group: up to 1,600 TiB.
    pub const GROUP_STORAGE_BYTES: RangeInclusive<u64> = 1..=50 << 45;
    /// GPUs of all replicas of a group.
    pub const GROUP_GPUS: RangeInclusive<u64> = 0..=1_200;
    /// Bytes of the key of a resource or of what a provider has, without a last `*`.
    pub const KEY_BYTES: RangeInclusive<usize> = 2..=127;
    /// Bytes of a name, key, value or auditor.
    pub const TEXT_BYTES_MAX: usize = 256;
    /// Attributes a provider must have, and auditors in each of the two lists.
    pub const REQUIREMENTS_MAX: usize = 64;
    /// GPU models, CPU attributes or volumes of one replica, and attributes of one volume.
    pub const UNIT_ITEMS_MAX: usize = 64;
    /// Endpoints of one replica.
    pub const ENDPOINTS_MAX: usize = 1_024;
    /// The highest price of one replica, in whole micro-units per block.
    pub const UNIT_PRICE_MAX: u64 = 10_000_000;
}

/// A key with a value. Keys may be globs where a requirement is stated.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Canonical)]
pub struct Attribute {
    /// The key, e.g. `region` or `vendor/nvidia/model/h100`.
    pub key: String,
    /// The value, compared byte by byte.
    pub value: String,
}

impl Attribute {
    /// An attribute from its two texts.
    #[must_use]
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { key: key.into(), value: value.into() }
    }

    /// Whether the key is one that can be had: a letter, then 1 to 126 of `A-Z a-z 0-9 _ / . -`.
    /// Source: `chain.md` 2.5.
    #[must_use]
    pub fn has_strict_key(&self) -> bool {
        is_strict_key(&self.key)
    }

    /// Whether the key is one that can be asked for of a resource: a strict one, with or without a
    /// last `*`. Source: `chain.md` 2.5.
    #[must_use]
    pub fn has_pattern_key(&self) -> bool {
        is_strict_key(self.key.strip_suffix('*').unwrap_or(&self.key))
    }
}

fn is_strict_key(key: &str) -> bool {
    let mut bytes = key.bytes();
    let starts = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic());
    let goes_on = bytes.all(|byte| byte.is_ascii_alphanumeric() || b"_/.-".contains(&byte));
    starts && goes_on && limits::KEY_BYTES.contains(&key.len())
}

/// Auditors whose word a group asks for, by the text that the market knows them by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct SignedBy {
    /// Each of these must have signed the required attributes.
    pub all_of: Vec<String>,
    /// At least one of these must have, when any is listed.
    pub any_of: Vec<String>,
}

impl SignedBy {
    /// Whether no auditor is asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all_of.is_empty() && self.any_of.is_empty()
    }
}

/// What the provider itself must be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct Requirements {
    /// Attributes the provider must have; keys are globs.
    pub attributes: Vec<Attribute>,
    /// Auditors who must vouch for them.
    pub signed_by: SignedBy,
}

/// A group: what is put to auction as one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct GroupSpec {
    /// The group's name: the name of its placement.
    pub name: String,
    /// What the provider must be.
    pub requirements: Requirements,
    /// What it must run.
    pub units: Vec<ResourceUnit>,
}

/// The resources of one service, how often it runs, and the most one replica may cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct ResourceUnit {
    /// Number of the unit within its group, from 1.
    pub id: u32,
    /// What one replica needs.
    pub resources: Resources,
    /// Replicas.
    pub count: u32,
    /// The most one replica may cost per block.
    pub price: PricePerBlock,
}

/// What one replica needs, or is offered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct Resources {
    /// Thousandths of a CPU.
    pub cpu_milli: u64,
    /// E.g. `arch`.
    pub cpu_attributes: Vec<Attribute>,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// Volumes, in the order of the manifest's canonical form.
    pub volumes: Vec<Volume>,
    /// Whole GPUs.
    pub gpus: u64,
    /// Accepted models as `vendor/nvidia/model/h100[/ram/80Gi][/interface/sxm]`: any one will do.
    pub gpu_attributes: Vec<Attribute>,
    /// How it is reached.
    pub endpoints: Vec<Endpoint>,
}

/// One volume of a replica.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct Volume {
    /// Its name in the manifest.
    pub name: String,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// `class` and `persistent`, sorted by key; none for plain ephemeral disk.
    pub attributes: Vec<Attribute>,
}

impl Volume {
    /// The value of the attribute `key`.
    #[must_use]
    pub fn attribute(&self, key: &str) -> Option<&str> {
        self.attributes.iter().find(|a| a.key == key).map(|a| a.value.as_str())
    }

    /// Whether the volume outlives its replica.
    #[must_use]
    pub fn is_persistent(&self) -> bool {
        self.attribute("persistent") == Some("true")
    }
}

/// How a replica is reached from outside.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Canonical,
)]
pub enum EndpointKind {
    /// Through the provider's shared HTTP ingress.
    SharedHttp,
    /// On a port that the provider picks.
    RandomPort,
    /// On a leased IP address.
    LeasedIp,
}

/// One way to reach a replica.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Canonical,
)]
pub struct Endpoint {
    /// How.
    pub kind: EndpointKind,
    /// Which leased IP, from 1; 0 for the other kinds.
    pub sequence: u32,
}

/// What a provider sets aside for one unit of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct ResourceOffer {
    /// The unit's id.
    pub unit: u32,
    /// Replicas.
    pub count: u32,
    /// What each replica gets.
    pub resources: Resources,
}

/// A group without one price per block.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoCeiling {
    /// The group has no unit.
    #[error("the group has no resource unit")]
    NoUnits,
    /// Units are priced in different denoms.
    #[error("unit {unit} is priced in {found}, the first unit in {expected}")]
    MixedDenoms {
        /// The first unit that differs.
        unit: u32,
        /// The denom of the first unit.
        expected: Denom,
        /// The denom found.
        found: Denom,
    },
    /// The sum does not fit.
    #[error(transparent)]
    Arithmetic(#[from] ArithmeticError),
}

impl GroupSpec {
    /// The most the whole group may cost per block: Σ unit price × count. Exact.
    ///
    /// Source: `chain.md` 3.1.
    ///
    /// # Errors
    ///
    /// [`NoCeiling`] without units, with two denoms, or when the sum does not fit.
    pub fn ceiling(&self) -> Result<PricePerBlock, NoCeiling> {
        let denom = &self.units.first().ok_or(NoCeiling::NoUnits)?.price.denom;
        let mut sum = Decimal::ZERO;
        for unit in &self.units {
            if &unit.price.denom != denom {
                return Err(NoCeiling::MixedDenoms {
                    unit: unit.id,
                    expected: denom.clone(),
                    found: unit.price.denom.clone(),
                });
            }
            sum = sum.plus(unit.price.value.times(u64::from(unit.count))?)?;
        }
        Ok(PricePerBlock::new(denom.clone(), sum))
    }

    /// How many different leased IPs the group needs. Replicas share them.
    #[must_use]
    pub fn leased_ips(&self) -> usize {
        let endpoints = self.units.iter().flat_map(|unit| &unit.resources.endpoints);
        let leased = endpoints.filter(|endpoint| endpoint.kind == EndpointKind::LeasedIp);
        let mut numbers: Vec<u32> = leased.map(|endpoint| endpoint.sequence).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers.len()
    }

    /// The offer that gives every unit exactly what it asks for.
    #[must_use]
    pub fn exact_offer(&self) -> Vec<ResourceOffer> {
        let offer = |unit: &ResourceUnit| ResourceOffer {
            unit: unit.id,
            count: unit.count,
            resources: unit.resources.clone(),
        };
        self.units.iter().map(offer).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(id: u32, count: u32, price: &str) -> ResourceUnit {
        let price = price.parse().unwrap();
        ResourceUnit { id, resources: Resources::default(), count, price }
    }

    fn group(units: Vec<ResourceUnit>) -> GroupSpec {
        GroupSpec { name: "akash".into(), requirements: Requirements::default(), units }
    }

    #[test]
    fn the_ceiling_sums_price_times_count() {
        let spec = group(vec![unit(1, 3, "1.5uact"), unit(2, 1, "100uact")]);
        assert_eq!(spec.ceiling().unwrap().to_string(), "104.5uact");
    }

    #[test]
    fn a_group_of_two_denoms_has_no_ceiling() {
        let spec = group(vec![unit(1, 1, "1uact"), unit(2, 1, "1uakt")]);
        assert!(matches!(spec.ceiling(), Err(NoCeiling::MixedDenoms { unit: 2, .. })));
        assert_eq!(group(vec![]).ceiling(), Err(NoCeiling::NoUnits));
    }

    #[test]
    fn a_shared_ip_is_counted_once() {
        let mut spec = group(vec![unit(1, 2, "1uact"), unit(2, 1, "1uact")]);
        let ip = |sequence| Endpoint { kind: EndpointKind::LeasedIp, sequence };
        spec.units[0].resources.endpoints = vec![ip(1), ip(1), ip(2)];
        spec.units[1].resources.endpoints = vec![ip(2)];
        assert_eq!(spec.leased_ips(), 2);
    }
}
