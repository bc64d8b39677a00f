//! [`UsdTargets`]: dollars per month for each resource, turned into a price per block.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use undercut_primitives::{Decimal, Denom, PricePerBlock, ResourceOffer, Volume};

use super::{
    NoPrice, PriceRequest, PricingStrategy, bytes_by_class, checked_price, gpu_table_entry,
    gpu_table_key, leased_ips_of, sum_over, total,
};
use crate::exact::Exact;
use crate::node::count;

/// Blocks of a month as the reference's price script counts them: 6.117 s each, 730.488 hours.
pub const BLOCKS_PER_MONTH: u64 = 429_909;
/// The same month in blocks of the nominal 6.5 s.
pub const BLOCKS_PER_MONTH_NOMINAL: u64 = 404_578;

/// The least that a GPU without an entry costs a month.
const GPU_USD_MIN: Decimal = Decimal::from_whole(100);

/// Dollars per month for each resource. The documented way to sell GPUs.
///
/// The quantities are those of the reservation, after overcommit:
///
/// ```text
/// usd   = thread × Σ n·milli_cpu / 1000
///       + memory × Gi(Σ n·bytes)  +  Σ_class storage[class] × Gi(Σ n·bytes)
///       + endpoint × endpoints  +  leased_ip × IPs of each unit          (both not × n)
///       + Σ n·gpus × gpu[model]
/// price = usd / usd_per_token × 10^6 / blocks_per_month
/// ```
///
/// `Gi(x)` is x / 2^30 at 12 digits, half to even; quotients are truncated at 20 digits; the price
/// is rounded half up at 6. Endpoints and IPs are not multiplied and `ram` volumes are free, as
/// providers bid today (`provider.md` 12, Q13). Source: `provider.md` 6.2.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsdTargets {
    /// Per CPU.
    pub thread: Decimal,
    /// Per GiB of memory.
    pub memory: Decimal,
    /// Per GiB by class, `ephemeral` for volumes without one. A class without a target is free.
    pub storage: BTreeMap<String, Decimal>,
    /// Per endpoint.
    pub endpoint: Decimal,
    /// Per leased IP.
    pub leased_ip: Decimal,
    /// Per GPU, by `model.80Gi.sxm`, then without the last part, then by `model`; absent parts are
    /// left out. A GPU without an entry costs as much as the dearest one, and at least 100.
    pub gpu: BTreeMap<String, Decimal>,
    /// Dollars per whole token (10^6 micro-units), by the micro-unit's denom.
    pub usd_per_token: BTreeMap<Denom, Decimal>,
    /// Blocks of a month; [`BLOCKS_PER_MONTH`] unless the chain is slower or faster.
    pub blocks_per_month: u64,
}

impl UsdTargets {
    /// The targets of the reference's chart: CPU 1.60, memory 0.80, `ephemeral` 0.02, `beta1`
    /// 0.01, `beta2` 0.03, `beta3` 0.04, endpoint 0.05, leased IP 5, no GPU table; in uact, at one
    /// dollar. Source: `provider.md` 6.2.
    #[must_use]
    pub fn chart_defaults() -> Self {
        let cents = |cents: u32| Decimal::from_basis_points(cents.saturating_mul(100));
        let classes = [("ephemeral", 2), ("beta1", 1), ("beta2", 3), ("beta3", 4)];
        Self {
            thread: cents(160),
            memory: cents(80),
            storage: classes.map(|(class, target)| (class.to_owned(), cents(target))).into(),
            endpoint: cents(5),
            leased_ip: Decimal::from_whole(5),
            gpu: BTreeMap::new(),
            usd_per_token: BTreeMap::from([(Denom::uact(), Decimal::ONE)]),
            blocks_per_month: BLOCKS_PER_MONTH,
        }
    }

    /// Adds a target per GPU and month for `model`.
    #[must_use]
    pub fn with_gpu(mut self, model: impl Into<String>, usd_per_month: Decimal) -> Self {
        self.gpu.insert(model.into(), usd_per_month);
        self
    }

    /// Says what a whole token of `denom` is worth; zero makes orders in it unpriced.
    #[must_use]
    pub fn with_token(mut self, denom: Denom, usd: Decimal) -> Self {
        self.usd_per_token.insert(denom, usd);
        self
    }

    fn gpu_part(&self, offer: &ResourceOffer) -> Exact {
        let gpus = sum_over([(offer.count, offer.resources.gpus)].into_iter());
        let model = gpu_table_key(&offer.resources.gpu_attributes);
        let dearest = || self.gpu.values().copied().fold(GPU_USD_MIN, Decimal::max);
        Exact::product(gpus, gpu_table_entry(&self.gpu, &model).unwrap_or_else(dearest))
    }

    fn usd_per_month(&self, allocated: &[ResourceOffer]) -> Exact {
        let counted = || allocated.iter().map(|offer| (offer.count, &offer.resources));
        let cpu = sum_over(counted().map(|(count, resources)| (count, resources.cpu_milli)));
        let memory = sum_over(counted().map(|(count, resources)| (count, resources.memory_bytes)));
        let endpoints: usize = counted().map(|(_, resources)| resources.endpoints.len()).sum();
        let ips: usize = counted().map(|(_, resources)| leased_ips_of(resources)).sum();
        let storage =
            bytes_by_class(counted(), class_of).into_iter().filter_map(|(class, bytes)| {
                Some(Exact::gibibytes_half_even(bytes, *self.storage.get(class)?))
            });
        let parts = [
            Exact::thousandths(cpu, self.thread),
            Exact::gibibytes_half_even(memory, self.memory),
            Exact::product(u128::from(count(endpoints)), self.endpoint),
            Exact::product(u128::from(count(ips)), self.leased_ip),
        ];
        let gpus = allocated.iter().map(|offer| self.gpu_part(offer));
        total(parts.into_iter().chain(storage).chain(gpus))
    }
}

fn class_of(volume: &Volume) -> &str {
    volume.attribute("class").unwrap_or("ephemeral")
}

impl PricingStrategy for UsdTargets {
    fn price(&self, request: &PriceRequest<'_>) -> Result<PricePerBlock, NoPrice> {
        let denom = request.denom;
        let usd = self.usd_per_token.get(denom).filter(|usd| !usd.is_zero());
        let usd = usd.ok_or_else(|| NoPrice::UnknownDenom { denom: denom.clone() })?;
        let month = self.usd_per_month(request.allocated);
        checked_price(month.per_block_half_up(*usd, self.blocks_per_month), denom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{GIB, group, http, ram_volume, row_1, row_2, row_6, unit, volume};
    use crate::inventory::Overcommit;
    use proptest::prelude::*;
    use undercut_primitives::GroupSpec;

    fn usd(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn targets() -> UsdTargets {
        UsdTargets::chart_defaults().with_token(Denom::uakt(), usd("0.75"))
    }

    fn price_of(targets: &UsdTargets, allocated: &[ResourceOffer], denom: &Denom) -> Decimal {
        let spec = &row_1();
        targets.price(&PriceRequest { spec, allocated, denom }).unwrap().value
    }

    #[track_caller]
    fn check(targets: &UsdTargets, spec: &GroupSpec, uakt: &str, uact: &str) {
        let allocated = spec.exact_offer();
        assert_eq!(price_of(targets, &allocated, &Denom::uakt()), usd(uakt));
        assert_eq!(price_of(targets, &allocated, &Denom::uact()), usd(uact));
    }

    #[test]
    fn chart_targets_price_the_reference_orders() {
        // provider.md 6.2
        check(&targets(), &row_1(), "3.907804", "2.930853");
        check(&targets(), &row_2(), "68.138451", "51.103838");
        let exact_entry = targets().with_gpu("h100.80Gi.sxm", usd("971.55"));
        check(&exact_entry, &row_6(), "3441.348440", "2581.011330");
        let shorter = targets().with_gpu("h100", usd("900")).with_gpu("h100.80Gi", usd("950"));
        check(&shorter, &row_6(), "3374.512591", "2530.884443");
    }

    #[test]
    fn overcommitted_cpu_is_cheaper() {
        // provider.md 6.2, last row but one
        let mut spec = group(vec![unit(1, 2, 2_000, 4 * GIB)]);
        spec.units[0].resources.volumes = vec![volume("disk", 10 * GIB, "")];
        spec.units[0].resources.endpoints = http(1);
        let mut allocated = spec.exact_offer();
        assert_eq!(price_of(&targets(), &allocated, &Denom::uact()), usd("30.820476"));
        allocated[0].resources.cpu_milli = Overcommit::committed(2_000, 100);
        assert_eq!(price_of(&targets(), &allocated, &Denom::uact()), usd("23.377040"));
    }

    #[test]
    fn a_dollar_a_month_is_a_dollar_a_month() {
        // provider.md 5.3, "USD → per-block"; an hour of GPU is a month over 730.488.
        let only = |month: &str| {
            let bare = UsdTargets { thread: usd(month), ..targets() };
            let mut spec = group(vec![unit(1, 1, 1_000, 0)]);
            spec.units[0].resources.endpoints.clear();
            price_of(&bare, &spec.exact_offer(), &Denom::uact())
        };
        assert_eq!(only("1"), usd("2.326074"));
        assert_eq!(only("730.488"), usd("1699.168894"));
        assert_eq!(only("971.54904"), usd("2259.894629"));
    }

    #[test]
    fn a_gpu_without_an_entry_costs_as_the_dearest_and_at_least_a_hundred() {
        let of = |targets: UsdTargets| price_of(&targets, &row_6().exact_offer(), &Denom::uact());
        assert_eq!(of(targets()), of(targets().with_gpu("h100", usd("100"))));
        let dear = targets().with_gpu("a100", usd("700")).with_gpu("t4", usd("90"));
        assert_eq!(of(dear), of(targets().with_gpu("h100", usd("700"))));
        assert_eq!(of(targets().with_gpu("t4", usd("90"))), of(targets()));
    }

    #[test]
    fn ram_volumes_and_unknown_classes_are_free() {
        let mut spec = row_1();
        let before = price_of(&targets(), &spec.exact_offer(), &Denom::uact());
        spec.units[0].resources.volumes.push(ram_volume("shm", GIB));
        spec.units[0].resources.volumes.push(volume("old", GIB, "default"));
        assert_eq!(price_of(&targets(), &spec.exact_offer(), &Denom::uact()), before);
    }

    #[test]
    fn an_order_in_an_unpriced_token_gets_no_price() {
        let (spec, denom) = (row_1(), Denom::uakt());
        let allocated = spec.exact_offer();
        let request = PriceRequest { spec: &spec, allocated: &allocated, denom: &denom };
        let expected = Err(NoPrice::UnknownDenom { denom: denom.clone() });
        assert_eq!(UsdTargets::chart_defaults().price(&request), expected);
        assert_eq!(targets().with_token(Denom::uakt(), Decimal::ZERO).price(&request), expected);
    }

    proptest! {
        #[test]
        fn more_of_anything_never_costs_less(
            (count, cpu, memory, gpus) in (1_u32..50, 10_u64..400_000, 1_u64..1 << 41, 0_u64..24),
            (more_count, more_cpu, more_memory, more_gpus) in (0_u32..3, 0_u64..3, 0_u64..3, 0_u64..3),
        ) {
            let order = |count, cpu, memory, gpus| {
                let mut allocated = row_6().exact_offer();
                allocated[0].count = count;
                allocated[0].resources.cpu_milli = cpu;
                allocated[0].resources.memory_bytes = memory;
                allocated[0].resources.gpus = gpus;
                price_of(&targets(), &allocated, &Denom::uakt())
            };
            let base = order(count, cpu, memory, gpus);
            prop_assert!(base <= order(count + more_count, cpu, memory, gpus));
            prop_assert!(base <= order(count, cpu + more_cpu, memory, gpus));
            prop_assert!(base <= order(count, cpu, memory + more_memory, gpus));
            prop_assert!(base <= order(count, cpu, memory, gpus + more_gpus));
        }
    }
}
