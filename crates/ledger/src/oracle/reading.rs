//! Price and health in one read.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use undercut_primitives::codec::Canonical;
use undercut_primitives::{BlockTime, Decimal};

use super::points::mean_half_even;
use super::{Oracle, OracleParams, OraclePrice, Unhealthy};

/// Basis points in one.
const ONE_BPS: u128 = 10_000;

/// A healthy price, and what it was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct Reading {
    /// The median of the averages. Published when the oldest of the fresh sources' last prices was,
    /// so that its age is that of the weakest link. It is always usable.
    pub price: OraclePrice,
    /// The median of the last prices, for information.
    pub spots_median: Decimal,
    /// The lowest of the last prices.
    pub min: Decimal,
    /// The highest of the last prices.
    pub max: Decimal,
    /// How many sources were fresh.
    pub sources: u32,
    /// `floor((max - min) * 10000 / min)`, at most `u32::MAX`.
    pub deviation_bps: u32,
}

/// What a fresh source says.
struct Fresh {
    average: Decimal,
    spot: Decimal,
    published_at: BlockTime,
}

impl Oracle {
    /// What one AKT is worth at the time `now`, from the sources that are registered in `params`.
    /// Source: `chain.md` 7, O3 to O8 and O11.
    ///
    /// Of an even number of averages the mean of the two in the middle is taken, rounded half to
    /// even. The result depends on nothing but the arguments and what was posted. Cost: a step for
    /// each source and each point in its window.
    ///
    /// # Errors
    ///
    /// The first broken rule, in the order of [`Unhealthy`]'s variants.
    pub fn read(&self, now: BlockTime, params: &OracleParams) -> Result<Reading, Unhealthy> {
        if params.sources.is_empty() {
            return Err(Unhealthy::NoSources);
        }
        let fresh = self.fresh(now, params);
        let needed = params.sources_min.max(1);
        let count = u32::try_from(fresh.len()).unwrap_or(u32::MAX);
        let too_few = Unhealthy::TooFewSources { fresh: count, needed };
        if count < needed {
            return Err(too_few);
        }
        let reading = Reading::of(&fresh).ok_or(too_few)?;
        let Reading { deviation_bps, min, max, .. } = reading;
        let deviation_max_bps = params.deviation_max_bps;
        if deviation_bps > deviation_max_bps {
            return Err(Unhealthy::Deviates { deviation_bps, deviation_max_bps, min, max });
        }
        Ok(reading)
    }

    /// The registered sources with a fresh last price and at least one whose time has come.
    fn fresh(&self, now: BlockTime, params: &OracleParams) -> Vec<Fresh> {
        let registered = self.sources().filter(|(source, _)| params.sources.contains(source));
        let last = registered.map(|(_, points)| (points, points.last()));
        let fresh = last.filter(|(_, last)| params.is_fresh(last.published_at, now));
        let fresh = fresh.filter_map(|(points, last)| {
            let average = points.average(now, params.twap_window, params.age_max)?;
            Some(Fresh { average, spot: last.usd_per_akt, published_at: last.published_at })
        });
        fresh.collect()
    }
}

impl Reading {
    /// `None` without any source.
    fn of(fresh: &[Fresh]) -> Option<Self> {
        let spots: Vec<Decimal> = fresh.iter().map(|fresh| fresh.spot).collect();
        let (min, max) = (*spots.iter().min()?, *spots.iter().max()?);
        let usd_per_akt = median_half_even(fresh.iter().map(|fresh| fresh.average).collect())?;
        let published_at = fresh.iter().map(|fresh| fresh.published_at).min()?;
        Some(Self {
            price: OraclePrice { usd_per_akt, published_at },
            spots_median: median_half_even(spots)?,
            min,
            max,
            sources: u32::try_from(fresh.len()).unwrap_or(u32::MAX),
            deviation_bps: deviation_bps_floor(min, max)?,
        })
    }
}

/// The value in the middle, or the mean of the two in the middle; `None` of no values.
fn median_half_even(mut values: Vec<Decimal>) -> Option<Decimal> {
    values.sort_unstable();
    let lower = *values.get(values.len().checked_sub(1)? / 2)?;
    let upper = *values.get(values.len() / 2)?;
    mean_half_even(&[(lower, 1), (upper, 1)])
}

/// How far `max` lies above `min`, in basis points of `min`, at most `u32::MAX`. Both are at most
/// 10^27 atoms, so the product fits.
fn deviation_bps_floor(min: Decimal, max: Decimal) -> Option<u32> {
    let apart = max.checked_sub(min)?.to_atoms().checked_mul(ONE_BPS)?;
    Some(u32::try_from(apart.checked_div(min.to_atoms())?).unwrap_or(u32::MAX))
}
