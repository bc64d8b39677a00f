//! [`KnownPrices`]: what resources are known to cost, and which GPU models there are.
//!
//! Figures are US dollars per month of [`undercut_primitives::usd::BLOCKS_PER_MONTH`] blocks. Sums round the low side
//! down and the high side up, so that a bound is never tighter than its figures.

use std::collections::{BTreeMap, BTreeSet};

use undercut_primitives::usd::Usd;
use undercut_primitives::{GroupSpec, Resources, Volume};

use crate::suggest;

/// The high figures of [`KnownPrices::published`] over the dearest that is documented.
///
/// Documented figures for one and the same resource are already up to five times apart: a leased
/// IP costs 5 dollars in the reference's price script and 25.79 at its chart's scale.
pub const HIGH_OVER_DEAREST: u64 = 5;

/// The models that [`KnownPrices::published`] knows, in byte order.
const MODELS: [&str; 56] = [
    "a10",
    "a100",
    "a16",
    "a2",
    "a30",
    "a40",
    "a4000",
    "a5000",
    "b200",
    "b300",
    "gtx1060",
    "gtx1070",
    "gtx1070ti",
    "gtx1080",
    "gtx1080ti",
    "gtx1650ti",
    "gtx1660",
    "gtx1660ti",
    "h100",
    "h200",
    "k80",
    "l4",
    "l40",
    "l40s",
    "p100",
    "p4",
    "p40",
    "p4000",
    "rtx2060",
    "rtx2070",
    "rtx2080",
    "rtx2080ti",
    "rtx3060",
    "rtx3070",
    "rtx3070ti",
    "rtx3080",
    "rtx3080ti",
    "rtx3090",
    "rtx3090ti",
    "rtx4000-ada",
    "rtx4060",
    "rtx4060ti",
    "rtx4070",
    "rtx4070ti",
    "rtx4080",
    "rtx4090",
    "rtx5000-ada",
    "rtx5070",
    "rtx5070ti",
    "rtx5080",
    "rtx5090",
    "rtx6000-ada",
    "rtx8000",
    "rtxa6000",
    "t4",
    "v100",
];

/// What GPU keys start with.
const MODEL_PREFIX: &str = "vendor/nvidia/model/";
const GIBIBYTE: u64 = 1 << 30;

/// The least and the most that something costs, in US dollars per month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PriceRange {
    low: Usd,
    high: Usd,
}

impl PriceRange {
    /// From the lower to the higher of two figures.
    #[must_use]
    pub fn new(one: Usd, other: Usd) -> Self {
        Self { low: one.min(other), high: one.max(other) }
    }

    /// The least.
    #[must_use]
    pub const fn low(self) -> Usd {
        self.low
    }

    /// The most.
    #[must_use]
    pub const fn high(self) -> Usd {
        self.high
    }
}

/// What a GPU of one model costs, and how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GpuPrice {
    /// Dollars per GPU and month.
    pub range: PriceRange,
    /// Providers that are known to have the model, if anyone counted.
    pub offers: Option<u32>,
}

/// Known prices, in US dollars per month, and known GPU models.
///
/// With these [`crate::check_with`] can say that a ceiling is too low or far too high, and that
/// nobody has a GPU. [`Self::published`] has the figures of public documents; whoever knows a
/// market better puts figures of their own into the fields:
///
/// ```
/// use undercut_primitives::usd::Usd;
/// use undercut_sdl::{KnownPrices, PriceRange};
///
/// let usd = |text: &str| text.parse::<Usd>().unwrap();
/// let mut prices = KnownPrices::published()
///     .with_gpu("b200", PriceRange::new(usd("1500"), usd("3000")), Some(4))
///     .with_usd_per_akt(usd("0.75"));
/// prices.thread = PriceRange::new(usd("1.2"), usd("2.5"));
/// prices.storage.insert("beta3".to_owned(), PriceRange::new(usd("0.03"), usd("0.1")));
/// assert_eq!(prices.gpus["b200"].offers, Some(4));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPrices {
    /// Per CPU.
    pub thread: PriceRange,
    /// Per GiB of memory.
    pub memory: PriceRange,
    /// Per GiB by class: `ephemeral` for volumes that are not persistent, `ram` for those in
    /// memory, otherwise the class of the text. A class that is not here has no known price.
    pub storage: BTreeMap<String, PriceRange>,
    /// Per port that is reached from outside. A port on a leased IP counts twice. Replicas share
    /// it.
    pub endpoint: PriceRange,
    /// Per leased IP of a group. Replicas share it.
    pub leased_ip: PriceRange,
    /// Per GPU, by model as the text names it. Empty when no model is known: then none is called
    /// unknown.
    pub gpus: BTreeMap<String, GpuPrice>,
    /// What an AKT is worth. Without it, prices in `uakt` are not judged.
    pub usd_per_akt: Option<Usd>,
}

impl KnownPrices {
    /// What public documents say. A first orientation, not a market.
    ///
    /// Per month; `s` is the reference chart's scale on an order in uact, `t` the USD target of
    /// its price script (`provider.md` 5.3 and 6.2):
    ///
    /// | | cheapest | dearest |
    /// | --- | --- | --- |
    /// | CPU | 0.80: `t` 1.60, with CPU overcommitted by 100 % | 1.719636: `s` |
    /// | GiB of memory | 0.704362: `s` | 0.80: `t` |
    /// | GiB `ephemeral` | 0.02: `t` | 0.070437: `s` |
    /// | GiB `beta1` | 0.01: `t` | 0.01: `t` |
    /// | GiB `beta2` | 0.03: `t` | 0.070437: `s` |
    /// | GiB `beta3` | 0.04: `t` | 0.04: `t` |
    /// | GiB `ram`, `default` | 0: free in the script | 0.070437: `s` of a disk |
    /// | endpoint | 0: `s` as it works | 0.429909: `s` as it is written |
    /// | leased IP | 5: `t` | 25.794540: `s` |
    /// | GPU `h100` | 900: a quote | 971.55: a quote, 1.33 an hour |
    /// | any other GPU | 100: the least that the script asks | 971.55: the dearest quote |
    ///
    /// `low` is the cheapest figure, so a sum of them is below what any one provider asks. `high`
    /// is the dearest one times [`HIGH_OVER_DEAREST`]. That scale pricing forgets GPUs altogether
    /// is taken as a mistake of the seller, not as a price.
    ///
    /// The GPU models are those that the documents price, those that public manifests ask for, and
    /// the usual NVIDIA cards beside them; how many providers have them is not known.
    #[must_use]
    pub fn published() -> Self {
        let classes = [
            ("ephemeral", 20_000, 70_437),
            ("beta1", 10_000, 10_000),
            ("beta2", 30_000, 70_437),
            ("beta3", 40_000, 40_000),
            ("ram", 0, 70_437),
            ("default", 0, 70_437),
        ];
        let class = |(class, low, dearest): (&str, _, _)| (class.to_owned(), wide(low, dearest));
        let model = |model: &str| {
            let low = if model == "h100" { 900_000_000 } else { 100_000_000 };
            (model.to_owned(), GpuPrice { range: wide(low, 971_550_000), offers: None })
        };
        Self {
            thread: wide(800_000, 1_719_636),
            memory: wide(704_362, 800_000),
            storage: classes.map(class).into(),
            endpoint: wide(0, 429_909),
            leased_ip: wide(5_000_000, 25_794_540),
            gpus: MODELS.map(model).into(),
            usd_per_akt: None,
        }
    }

    /// Adds a GPU model, or replaces what is known of it.
    #[must_use]
    pub fn with_gpu(
        mut self,
        model: impl Into<String>,
        range: PriceRange,
        offers: Option<u32>,
    ) -> Self {
        self.gpus.insert(model.into(), GpuPrice { range, offers });
        self
    }

    /// Says what an AKT is worth, so that prices in `uakt` are judged too.
    #[must_use]
    pub const fn with_usd_per_akt(mut self, usd: Usd) -> Self {
        self.usd_per_akt = Some(usd);
        self
    }

    /// What a whole group is known to cost; `None` when something in it has no known price.
    ///
    /// ```
    /// # let text = include_str!("../../../sdl-examples/web.yaml");
    /// let sdl = undercut_sdl::Sdl::parse(text).unwrap();
    /// let range = undercut_sdl::KnownPrices::published().of_group(&sdl.groups()[0]).unwrap();
    /// // 0.80 + 0.704362 + 0.02 dollars a month for 1 CPU, 1 GiB of memory and 1 GiB of disk
    /// assert_eq!(range.low().to_string(), "1.524362");
    /// // 5 × (1.719636 + 0.80 + 0.070437 + 0.429909), the last for its port
    /// assert_eq!(range.high().to_string(), "15.09991");
    /// ```
    #[must_use]
    pub fn of_group(&self, group: &GroupSpec) -> Option<PriceRange> {
        let mut sum = Bounds::FREE;
        for unit in &group.units {
            sum = sum.plus(self.of_replica(&unit.resources).times(u64::from(unit.count)));
        }
        let endpoints: usize = group.units.iter().map(|unit| unit.resources.endpoints.len()).sum();
        let sum = sum.plus(self.of_reach(endpoints, group.leased_ips()));
        Some(PriceRange::new(dollars(sum.low), dollars(sum.high?)))
    }

    /// One replica without its ways from outside.
    pub(crate) fn of_replica(&self, resources: &Resources) -> Bounds {
        let cpu = Bounds::of(self.thread, resources.cpu_milli, 1_000);
        let memory = Bounds::of(self.memory, resources.memory_bytes, GIBIBYTE);
        let volume = |volume: &Volume| match self.storage.get(class_of(volume)) {
            Some(range) => Bounds::of(*range, volume.size_bytes, GIBIBYTE),
            None => Bounds::UNKNOWN,
        };
        let volumes = resources.volumes.iter().map(volume).fold(Bounds::FREE, Bounds::plus);
        let gpus = match resources.gpus {
            0 => Bounds::FREE,
            _ => self.of_gpu(resources).times(resources.gpus),
        };
        cpu.plus(memory).plus(volumes).plus(gpus)
    }

    /// The ways from outside of a whole group.
    pub(crate) fn of_reach(&self, endpoints: usize, ips: usize) -> Bounds {
        let count = |number| u64::try_from(number).unwrap_or(u64::MAX);
        let endpoints = Bounds::of(self.endpoint, count(endpoints), 1);
        endpoints.plus(Bounds::of(self.leased_ip, count(ips), 1))
    }

    /// One GPU: from the cheapest to the dearest of the alternatives that are known. A model that
    /// nobody knows costs at most what the dearest one does.
    fn of_gpu(&self, resources: &Resources) -> Bounds {
        let mut wanted = BTreeSet::new();
        let mut any = false;
        for attribute in &resources.gpu_attributes {
            let model = GpuKey::parse(&attribute.key).model;
            any |= model == ANY_MODEL;
            wanted.insert(model);
        }
        let known = || self.gpus.iter().map(|(model, price)| (model.as_str(), price.range));
        let fitting = known().filter(|(model, _)| any || wanted.contains(model));
        let low = fitting.clone().map(|(_, range)| range.low).min();
        let high = fitting.map(|(_, range)| range.high).max();
        let high = high.or_else(|| known().map(|(_, range)| range.high).max());
        Bounds {
            low: u128::from(low.unwrap_or(Usd::ZERO).to_micro()),
            high: high.map(|high| u128::from(high.to_micro())),
        }
    }

    /// The known model that `text` may stand for: the same but for case and hyphens, what it is
    /// the end of, what is most like it, what it is a part of, what is a part of it.
    pub(crate) fn nearest_gpu(&self, text: &str) -> Option<&str> {
        /// Shorter texts are the end of too much.
        const PART_MIN: usize = 3;
        const LENGTH_MAX: usize = 64;
        const MODELS_MAX: usize = 1_000;
        let squeezed: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
        let squeezed = squeezed.to_ascii_lowercase();
        if text.len() > LENGTH_MAX {
            return None;
        }
        let known = || self.gpus.keys().map(String::as_str).take(MODELS_MAX);
        let is_part = squeezed.len() >= PART_MIN;
        let shortest = |test: &dyn Fn(&str) -> bool| {
            known().filter(|model| is_part && test(model)).min_by_key(|model| model.len())
        };
        let within = |model: &&str| model.len() >= PART_MIN && squeezed.contains(*model);
        known()
            .find(|model| *model == squeezed)
            .or_else(|| shortest(&|model| model.ends_with(&squeezed)))
            .or_else(|| suggest::nearest(text, known()))
            .or_else(|| shortest(&|model| model.contains(&squeezed)))
            .or_else(|| known().filter(within).max_by_key(|model| model.len()))
    }
}

fn wide(low: u64, dearest: u64) -> PriceRange {
    let high = dearest.saturating_mul(HIGH_OVER_DEAREST);
    PriceRange::new(Usd::from_micro(low), Usd::from_micro(high))
}

/// More than the type holds is shown and compared as the most it holds.
pub(crate) fn dollars(micro: u128) -> Usd {
    u64::try_from(micro).map_or(Usd::MAX, Usd::from_micro)
}

/// Bounds of a sum, in micro-dollars per month. 64 bits of figure, 64 of quantity and 32 of count
/// may not fit, so everything saturates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) low: u128,
    /// `None` when something in the sum has no known price.
    pub(crate) high: Option<u128>,
}

impl Bounds {
    pub(crate) const FREE: Self = Self { low: 0, high: Some(0) };
    const UNKNOWN: Self = Self { low: 0, high: None };

    /// `quantity` of something that costs `range` for each `per` of it.
    fn of(range: PriceRange, quantity: u64, per: u64) -> Self {
        let product = |usd: Usd| u128::from(usd.to_micro()).saturating_mul(u128::from(quantity));
        let per = u128::from(per.max(1));
        let low = product(range.low).checked_div(per).unwrap_or(0);
        Self { low, high: Some(product(range.high).div_ceil(per)) }
    }

    pub(crate) const fn plus(self, other: Self) -> Self {
        let high = match (self.high, other.high) {
            (Some(one), Some(other)) => Some(one.saturating_add(other)),
            _ => None,
        };
        Self { low: self.low.saturating_add(other.low), high }
    }

    pub(crate) fn times(self, count: u64) -> Self {
        let count = u128::from(count);
        let high = self.high.map(|high| high.saturating_mul(count));
        Self { low: self.low.saturating_mul(count), high }
    }
}

/// The word for any GPU model.
pub(crate) const ANY_MODEL: &str = "*";

/// A GPU key of a group, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GpuKey<'k> {
    pub(crate) model: &'k str,
    /// `80Gi`.
    pub(crate) memory: Option<&'k str>,
    pub(crate) interface: Option<&'k str>,
}

impl<'k> GpuKey<'k> {
    /// Takes apart `vendor/nvidia/model/h100/ram/80Gi/interface/sxm`.
    pub(crate) fn parse(key: &'k str) -> Self {
        let rest = key.strip_prefix(MODEL_PREFIX).unwrap_or(key);
        let split = |text: &'k str, mark: &str| match text.rsplit_once(mark) {
            Some((before, after)) => (before, Some(after)),
            None => (text, None),
        };
        let (rest, interface) = split(rest, "/interface/");
        let (model, memory) = split(rest, "/ram/");
        Self { model, memory, interface }
    }
}

/// The class under which a volume is priced.
pub(crate) fn class_of(volume: &Volume) -> &str {
    match (volume.is_persistent(), volume.attribute("class")) {
        (true, class) => class.unwrap_or("default"),
        (false, Some("ram")) => "ram",
        (false, _) => "ephemeral",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_stand_in_byte_order_and_once() {
        assert!(MODELS.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn the_model_meant_is_found() {
        let prices = KnownPrices::published();
        let rows = [
            ("4090", Some("rtx4090")),
            ("6000", Some("rtxa6000")),
            ("1080", Some("gtx1080")),
            ("3090ti", Some("rtx3090ti")),
            ("H100", Some("h100")),
            ("RTX-4090", Some("rtx4090")),
            ("rtx 3090 ti", Some("rtx3090ti")),
            ("rtx4o90", Some("rtx4090")),
            ("a100-80gb", Some("a100")),
            ("nvidia-rtx5090", Some("rtx5090")),
            ("mi300x", None),
            ("", None),
        ];
        for (text, expected) in rows {
            assert_eq!(prices.nearest_gpu(text), expected, "{text}");
        }
        assert_eq!(prices.nearest_gpu(&"4090".repeat(17)), None, "too long to compare");
    }

    #[test]
    fn keys_come_apart() {
        let whole = GpuKey::parse("vendor/nvidia/model/h100/ram/80Gi/interface/sxm");
        let parts = (whole.model, whole.memory, whole.interface);
        assert_eq!(parts, ("h100", Some("80Gi"), Some("sxm")));
        assert_eq!(GpuKey::parse("vendor/nvidia/model/*").model, ANY_MODEL);
    }

    #[test]
    fn an_alternative_nobody_knows_costs_at_most_as_much_as_the_dearest() {
        let prices = KnownPrices::published();
        let gpu = |models: &[&str]| {
            let key = |model: &&str| {
                undercut_primitives::Attribute::new(format!("{MODEL_PREFIX}{model}"), "true")
            };
            let gpu_attributes = models.iter().map(key).collect();
            prices.of_gpu(&Resources { gpu_attributes, ..Resources::default() })
        };
        let all = Some(4_857_750_000);
        assert_eq!(gpu(&["h100"]), Bounds { low: 900_000_000, high: all });
        assert_eq!(gpu(&["h100", "t4"]), Bounds { low: 100_000_000, high: all });
        assert_eq!(gpu(&["*"]), Bounds { low: 100_000_000, high: all });
        assert_eq!(gpu(&["x9000"]), Bounds { low: 0, high: all });
        assert_eq!(gpu(&["x9000", "h100"]), Bounds { low: 900_000_000, high: all });
    }
}
