//! [`Scale`]: a rate for each unit of each resource.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use undercut_primitives::{Decimal, PricePerBlock, ResourceUnit, Volume};

use super::{
    NoPrice, PriceRequest, PricingStrategy, bytes_by_class, checked_price, gpu_table_entry,
    gpu_table_key, sum_over, total,
};
use crate::exact::Exact;
use crate::node::count;

/// The class of every volume that ends with its replica, RAM volumes included.
const EPHEMERAL: &str = "ephemeral";

/// A rate for each unit of each resource, in micro-units of the order's denom per block.
///
/// The quantities are those of the request, not of the reservation:
///
/// ```text
/// price = cpu × Σ n·milli_cpu
///       + memory × round16(Σ n·bytes / 2^20)
///       + Σ_class storage[class] × round16(Σ n·bytes / 2^20)
///       + endpoint × endpoints (not × n)
///       + leased_ip × different IPs of the group
///       + gpu[model] × Σ n·gpus
/// ```
///
/// `round16` rounds half up at 16 digits; sums and products are exact; the sum is rounded up at 18
/// digits, where the reference refuses to bid. A GPU table is ours as well: the reference gives
/// GPUs away (`provider.md` 12, Q6). Source: `provider.md` 5.1.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scale {
    /// Per thousandth of a CPU.
    pub cpu: Decimal,
    /// Per MiB of memory.
    pub memory: Decimal,
    /// Per MiB, by class; `ephemeral` for all volumes that are not persistent. A class without a
    /// rate gets no bid.
    pub storage: BTreeMap<String, Decimal>,
    /// Per endpoint of a unit.
    pub endpoint: Decimal,
    /// Per leased IP.
    pub leased_ip: Decimal,
    /// Per GPU, by `model`, `model.80Gi`, `model.sxm` or `model.80Gi.sxm`: the longest entry that
    /// fits. An empty table prices no GPU; in any other, a model without entry gets no bid.
    pub gpu: BTreeMap<String, Decimal>,
}

impl Scale {
    /// The rates of the reference's chart: CPU 0.004, memory 0.0016, `ephemeral` and `beta2`
    /// 0.00016, endpoint 1, leased IP 60. Source: `provider.md` 4, and 12, Q4 for the endpoint.
    #[must_use]
    pub fn chart_defaults() -> Self {
        // In atoms of 10^-18.
        let millionths = |rate: u128| Decimal::from_atoms(rate.saturating_mul(1_000_000_000_000));
        let storage = [EPHEMERAL, "beta2"].map(|class| (class.to_owned(), millionths(160)));
        Self {
            cpu: millionths(4_000),
            memory: millionths(1_600),
            storage: BTreeMap::from(storage),
            endpoint: Decimal::ONE,
            leased_ip: Decimal::from_whole(60),
            gpu: BTreeMap::new(),
        }
    }

    /// Adds a rate per GPU of `model`.
    #[must_use]
    pub fn with_gpu(mut self, model: impl Into<String>, per_block: Decimal) -> Self {
        self.gpu.insert(model.into(), per_block);
        self
    }

    fn storage_parts(&self, units: &[ResourceUnit]) -> Result<Vec<Exact>, NoPrice> {
        let resources = units.iter().map(|unit| (unit.count, &unit.resources));
        let part = |(class, bytes): (&str, u128)| match self.storage.get(class) {
            Some(rate) => Ok(Exact::mebibytes_half_up(bytes, *rate)),
            None => Err(NoPrice::UnknownClass { class: class.to_owned() }),
        };
        bytes_by_class(resources, class_of).into_iter().map(part).collect()
    }

    fn gpu_parts(&self, request: &PriceRequest<'_>) -> Result<Vec<Exact>, NoPrice> {
        let mut parts = vec![];
        for offer in request.allocated {
            let gpus = offer.resources.gpus;
            if gpus == 0 || self.gpu.is_empty() {
                continue;
            }
            let model = gpu_table_key(&offer.resources.gpu_attributes);
            let Some(rate) = gpu_table_entry(&self.gpu, &model) else {
                return Err(NoPrice::UnknownGpu { model });
            };
            parts.push(Exact::product(sum_over([(offer.count, gpus)].into_iter()), rate));
        }
        Ok(parts)
    }
}

fn class_of(volume: &Volume) -> &str {
    match volume.is_persistent() {
        true => volume.attribute("class").unwrap_or(EPHEMERAL),
        false => EPHEMERAL,
    }
}

impl PricingStrategy for Scale {
    fn price(&self, request: &PriceRequest<'_>) -> Result<PricePerBlock, NoPrice> {
        let units = &request.spec.units;
        let cpu = sum_over(units.iter().map(|unit| (unit.count, unit.resources.cpu_milli)));
        let memory = sum_over(units.iter().map(|unit| (unit.count, unit.resources.memory_bytes)));
        let endpoints: usize = units.iter().map(|unit| unit.resources.endpoints.len()).sum();
        let ips = request.spec.leased_ips();
        let mut parts = vec![
            Exact::product(cpu, self.cpu),
            Exact::mebibytes_half_up(memory, self.memory),
            Exact::product(u128::from(count(endpoints)), self.endpoint),
            Exact::product(u128::from(count(ips)), self.leased_ip),
        ];
        parts.extend(self.storage_parts(units)?);
        parts.extend(self.gpu_parts(request)?);
        checked_price(total(parts).to_decimal_ceil(), request.denom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{self, GIB, MIB, group, row_1, row_2, row_6, unit, volume};
    use proptest::prelude::*;
    use undercut_primitives::{Denom, GroupSpec};

    fn price(scale: &Scale, spec: &GroupSpec) -> Result<String, NoPrice> {
        let allocated = spec.exact_offer();
        let request = PriceRequest { spec, allocated: &allocated, denom: &Denom::uakt() };
        scale.price(&request).map(|price| price.to_string())
    }

    fn row_3() -> GroupSpec {
        let mut spec = group(vec![unit(1, 2, 1_500, 3 << 29)]);
        spec.units[0].resources.volumes = vec![volume("disk", 25_000_000_000, "")];
        spec.units[0].resources.endpoints = fixture::http(1);
        spec
    }

    fn row_4() -> GroupSpec {
        let mut spec = group(vec![unit(1, 1, 1_000, 751_619_276)]);
        spec.units[0].resources.volumes = vec![volume("disk", GIB, "")];
        spec.units[0].resources.endpoints = fixture::http(1);
        spec
    }

    #[test]
    fn chart_rates_price_the_reference_orders() {
        // provider.md 5.3; row 4 is rounded up where the reference refuses to bid.
        let free_endpoints = Scale { endpoint: Decimal::ZERO, ..Scale::chart_defaults() };
        let rows = [
            (row_1(), "3.90112uakt", "2.90112uakt"),
            (row_2(), "114.42624uakt", "108.42624uakt"),
            (row_3(), "25.54459453125uakt", "24.54459453125uakt"),
            (row_4(), "6.310719998779296876uakt", "5.310719998779296876uakt"),
            (row_6(), "356.6352uakt", "355.6352uakt"),
        ];
        for (spec, with_endpoints, without) in rows {
            assert_eq!(price(&Scale::chart_defaults(), &spec).unwrap(), with_endpoints);
            assert_eq!(price(&free_endpoints, &spec).unwrap(), without);
        }
    }

    #[test]
    fn rates_from_dollar_targets_price_the_same_order() {
        // provider.md 5.3, row 5
        let rate = |text: &str| text.parse().unwrap();
        let scale = Scale {
            cpu: rate("0.00496229"),
            memory: rate("0.00242299"),
            storage: BTreeMap::from([(EPHEMERAL.to_owned(), rate("0.00006057"))]),
            endpoint: rate("0.15507158"),
            ..Scale::default()
        };
        assert_eq!(price(&scale, &row_1()).unwrap(), "3.9077993uakt");
    }

    #[test]
    fn a_gpu_table_prices_the_longest_entry_that_fits() {
        let rate = |text: &str| text.parse().unwrap();
        let scale = Scale::chart_defaults().with_gpu("h100", rate("2000"));
        assert_eq!(price(&scale, &row_6()).unwrap(), "2356.6352uakt");
        let scale = scale.with_gpu("h100.80Gi", rate("2100.5"));
        assert_eq!(price(&scale, &row_6()).unwrap(), "2457.1352uakt");
        let scale = Scale::chart_defaults().with_gpu("a100", rate("1000"));
        let model = "h100.80Gi.sxm".to_owned();
        assert_eq!(price(&scale, &row_6()), Err(NoPrice::UnknownGpu { model }));
    }

    #[test]
    fn what_cannot_be_priced_gets_no_price() {
        let mut spec = row_1();
        spec.units[0].resources.volumes = vec![volume("data", GIB, "beta3")];
        let scale = Scale::chart_defaults();
        assert_eq!(price(&scale, &spec), Err(NoPrice::UnknownClass { class: "beta3".into() }));
        assert_eq!(
            price(&Scale { storage: scale.storage.clone(), ..Scale::default() }, &row_4()).unwrap(),
            "0.16384uakt"
        );
        assert_eq!(price(&Scale::default(), &group(vec![unit(1, 1, 10, MIB)])), Err(NoPrice::Zero));
        let dear = Scale { cpu: Decimal::from_atoms(u128::MAX), ..Scale::default() };
        assert_eq!(
            price(&dear, &spec_of(1, 10, 0)),
            Err(NoPrice::TooHigh { limit: super::super::PRICE_MAX })
        );
    }

    fn spec_of(count: u32, cpu: u64, memory: u64) -> GroupSpec {
        group(vec![unit(1, count, cpu, memory)])
    }

    #[test]
    fn a_ram_volume_costs_as_much_as_disk() {
        let mut spec = row_1();
        spec.units[0].resources.volumes = vec![fixture::ram_volume("shm", 512 * MIB)];
        assert_eq!(price(&Scale::chart_defaults(), &spec).unwrap(), "3.90112uakt");
    }

    #[test]
    fn splitting_a_unit_changes_nothing_but_its_endpoints() {
        // Whole sums are rounded, not each unit's part.
        let mut whole = spec_of(6, 1_234, 751_619_276);
        whole.units[0].resources.volumes = vec![volume("disk", 25_000_000_001, "")];
        let mut halves = whole.clone();
        halves.units[0].count = 3;
        halves.units.push(ResourceUnit { id: 2, ..halves.units[0].clone() });
        let scale = Scale::chart_defaults();
        assert_eq!(price(&scale, &whole), price(&scale, &halves));
    }

    proptest! {
        #[test]
        fn more_of_anything_never_costs_less(
            (count, cpu, memory, disk) in (1_u32..50, 10_u64..400_000, 1_u64..1 << 41, 1_u64..1 << 45),
            (more_count, more_cpu, more_memory, more_disk) in (0_u32..3, 0_u64..3, 0_u64..3, 0_u64..3),
        ) {
            let order = |count, cpu, memory, disk| {
                let mut spec = spec_of(count, cpu, memory);
                spec.units[0].resources.volumes = vec![volume("disk", disk, "")];
                let allocated = spec.exact_offer();
                let denom = Denom::uact();
                let request = PriceRequest { spec: &spec, allocated: &allocated, denom: &denom };
                Scale::chart_defaults().price(&request).unwrap().value
            };
            let base = order(count, cpu, memory, disk);
            prop_assert!(base <= order(count + more_count, cpu, memory, disk));
            prop_assert!(base <= order(count, cpu + more_cpu, memory, disk));
            prop_assert!(base <= order(count, cpu, memory + more_memory, disk));
            prop_assert!(base <= order(count, cpu, memory, disk + more_disk));
        }
    }
}
