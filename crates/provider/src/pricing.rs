//! From an order to a price per block: the [`PricingStrategy`] and the two that come with it.
//!
//! | strategy | prices | rounding | source |
//! | --- | --- | --- | --- |
//! | [`Scale`] | a rate per milli-CPU, MiB, endpoint, IP, GPU | exact, then up at 18 digits | `provider.md` 5 |
//! | [`UsdTargets`] | dollars per month and resource | half up at 6 digits | `provider.md` 6.2 |
//! | a closure | as you like | yours | |
//!
//! The price is for the whole order, in the order's denom. No strategy looks at the ceiling: the
//! bidder compares, so that it can say by how much a price is too high.

mod scale;
mod usd;

use std::collections::{BTreeMap, BTreeSet};

use undercut_primitives::{
    Attribute, Code, Decimal, Denom, EndpointKind, GroupSpec, PricePerBlock, ResourceOffer,
    Resources, Volume,
};

pub use scale::Scale;
pub use usd::{BLOCKS_PER_MONTH, BLOCKS_PER_MONTH_NOMINAL, UsdTargets};

use crate::exact::Exact;

/// The highest price per block that is taken seriously: 10^18. Source: `provider.md` 5.2.
pub const PRICE_MAX: Decimal = Decimal::from_whole(1_000_000_000_000_000_000);

/// What there is to look at.
#[derive(Clone, Copy, Debug)]
pub struct PriceRequest<'a> {
    /// What the tenant asks for.
    pub spec: &'a GroupSpec,
    /// What is held for it: quantities after overcommit, GPUs narrowed to one model.
    pub allocated: &'a [ResourceOffer],
    /// In what to price.
    pub denom: &'a Denom,
}

/// A rule that gives every order a price. The same request must always give the same price.
pub trait PricingStrategy {
    /// The price of the whole order per block, more than zero.
    ///
    /// # Errors
    ///
    /// [`NoPrice`] when there is no price to bid with.
    fn price(&self, request: &PriceRequest<'_>) -> Result<PricePerBlock, NoPrice>;
}

impl<F> PricingStrategy for F
where
    F: Fn(&PriceRequest<'_>) -> Result<PricePerBlock, NoPrice>,
{
    fn price(&self, request: &PriceRequest<'_>) -> Result<PricePerBlock, NoPrice> {
        self(request)
    }
}

impl PricingStrategy for Box<dyn PricingStrategy + Send + Sync> {
    fn price(&self, request: &PriceRequest<'_>) -> Result<PricePerBlock, NoPrice> {
        (**self).price(request)
    }
}

/// A finished sum as a price, if it can be one.
fn checked_price(value: Option<Decimal>, denom: &Denom) -> Result<PricePerBlock, NoPrice> {
    match value {
        Some(Decimal::ZERO) => Err(NoPrice::Zero),
        Some(value) if value <= PRICE_MAX => Ok(PricePerBlock::new(denom.clone(), value)),
        Some(_) | None => Err(NoPrice::TooHigh { limit: PRICE_MAX }),
    }
}

/// `each × count`, over all units. At most 2^96 per unit, so a list of 2^32 units fits.
fn sum_over(units: impl Iterator<Item = (u32, u64)>) -> u128 {
    let product = |(count, each)| u128::from(count).saturating_mul(u128::from(each));
    units.map(product).fold(0, u128::saturating_add)
}

/// Bytes of all replicas' volumes by class, as `class_of` names it.
fn bytes_by_class<'a>(
    units: impl Iterator<Item = (u32, &'a Resources)>,
    class_of: impl Fn(&'a Volume) -> &'a str,
) -> BTreeMap<&'a str, u128> {
    let mut sums: BTreeMap<&str, u128> = BTreeMap::new();
    for (count, resources) in units {
        for volume in &resources.volumes {
            let sum = sums.entry(class_of(volume)).or_default();
            let bytes = u128::from(count).saturating_mul(u128::from(volume.size_bytes));
            *sum = sum.saturating_add(bytes);
        }
    }
    sums
}

/// `h100.80Gi.sxm` of `vendor/nvidia/model/h100/ram/80Gi/interface/sxm`; absent parts are left out.
fn gpu_table_key(attributes: &[Attribute]) -> String {
    // The last one wins, as in the reference. After a reservation there is only one.
    let Some(last) = attributes.last() else { return String::new() };
    let mut parts = last.key.split('/');
    let mut values: Vec<&str> = vec![];
    while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
        if name != "vendor" {
            values.push(value);
        }
    }
    values.join(".")
}

/// The entry for `key`, or for `key` without its last part, and so on down to the bare model.
fn gpu_table_entry(table: &BTreeMap<String, Decimal>, key: &str) -> Option<Decimal> {
    let mut key = key;
    loop {
        if let Some(price) = table.get(key) {
            return Some(*price);
        }
        (key, _) = key.rsplit_once('.')?;
    }
}

/// Leased IPs of one unit: different numbers, not endpoints.
fn leased_ips_of(resources: &Resources) -> usize {
    let leased = resources.endpoints.iter().filter(|e| e.kind == EndpointKind::LeasedIp);
    let numbers: BTreeSet<u32> = leased.map(|e| e.sequence).collect();
    numbers.len()
}

/// Adds up the parts of a price.
fn total(parts: impl IntoIterator<Item = Exact>) -> Exact {
    let mut sum = Exact::default();
    for part in parts {
        sum.add(&part);
    }
    sum
}

/// Why there is no price.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoPrice {
    /// The strategy has no price in the order's denom: configure what the token is worth.
    #[error("no price in {denom}: its value in USD is not configured")]
    UnknownDenom {
        /// The order's denom.
        denom: Denom,
    },
    /// A storage class has no rate: configure one, or stop advertising the class.
    #[error("no price for storage of class {class}")]
    UnknownClass {
        /// The class.
        class: String,
    },
    /// GPUs have rates, but this model has none.
    #[error("no price for the GPU {model}")]
    UnknownGpu {
        /// The model, e.g. `h100.80Gi`.
        model: String,
    },
    /// The strategy's own reason; for strategies of your own.
    #[error("no price: {reason}")]
    Declined {
        /// In lower case, without a full stop.
        reason: String,
    },
    /// Everything together costs nothing.
    #[error("the price is zero")]
    Zero,
    /// The price is beyond reason.
    #[error("the price is above {limit} per block")]
    TooHigh {
        /// The highest price possible, in micro-units per block.
        limit: Decimal,
    },
}

impl NoPrice {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::new(match self {
            Self::UnknownDenom { .. } => "PRC001",
            Self::UnknownClass { .. } => "PRC002",
            Self::UnknownGpu { .. } => "PRC003",
            Self::Declined { .. } => "PRC004",
            Self::Zero => "PRC005",
            Self::TooHigh { .. } => "PRC006",
        })
    }
}
