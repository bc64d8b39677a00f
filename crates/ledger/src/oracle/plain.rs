//! The plain twin of the oracle: nothing dropped, and averages taken by asking tick by tick which
//! price stands.
//!
//! It shares no arithmetic with [`super::Oracle`]. Every time has to be a whole number of ticks.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "a test that overflows fails, as it should"
)]

use alloc::vec::Vec;

use undercut_primitives::{Address, BlockTime, Decimal};

use super::{OracleParams, OraclePrice, PricePoint, Reading, Unhealthy};

pub(super) struct Plain {
    /// In the order in which they were posted.
    pub(super) posts: Vec<(Address, PricePoint)>,
    /// In nanoseconds.
    pub(super) tick: i128,
}

/// What one source says, in atoms of 10^-18 USD.
struct Said {
    average: u128,
    spot: u128,
    published_at: i128,
}

fn nanos(time: BlockTime) -> i128 {
    time.to_unix_nanos().into()
}

impl Plain {
    /// Takes a price, or says by which code it is refused.
    pub(super) fn post(
        &mut self,
        source: Address,
        point: PricePoint,
        now: BlockTime,
        params: &OracleParams,
    ) -> Result<(), &'static str> {
        let ahead = nanos(point.published_at) - nanos(now);
        let last = self.points_of(source).last().map(|point| nanos(point.published_at));
        let price = point.usd_per_akt.to_atoms();
        let is_old = -ahead > i128::from(params.first_age_max.to_nanos());
        let rules = [
            (!params.sources.contains(&source), "ORA001"),
            (price == 0, "ORA002"),
            (price > 10_u128.pow(27), "ORA003"),
            (last.is_some_and(|last| nanos(point.published_at) < last), "ORA004"),
            (last.is_none() && is_old, "ORA005"),
            (ahead > i128::from(params.ahead_max.to_nanos()), "ORA006"),
        ];
        if let Some((_, code)) = rules.into_iter().find(|(is_broken, _)| *is_broken) {
            return Err(code);
        }
        self.posts.push((source, point));
        Ok(())
    }

    fn points_of(&self, source: Address) -> impl DoubleEndedIterator<Item = &PricePoint> {
        self.posts.iter().filter(move |(by, _)| *by == source).map(|(_, point)| point)
    }

    pub(super) fn read(&self, now: BlockTime, params: &OracleParams) -> Result<Reading, Unhealthy> {
        let said: Vec<Said> =
            params.sources.iter().filter_map(|source| self.said(*source, now, params)).collect();
        if params.sources.is_empty() {
            return Err(Unhealthy::NoSources);
        }
        let (fresh, needed) = (said.len().try_into().unwrap(), params.sources_min);
        if fresh < needed {
            return Err(Unhealthy::TooFewSources { fresh, needed });
        }
        let spots: Vec<u128> = said.iter().map(|said| said.spot).collect();
        let pairs = spots.iter().flat_map(|a| spots.iter().map(move |b| (a, b)));
        let deviations = pairs.map(|(a, b)| a.saturating_sub(*b) * 10_000 / b);
        let deviation_bps = deviations.max().unwrap().try_into().unwrap_or(u32::MAX);
        let min = Decimal::from_atoms(*spots.iter().min().unwrap());
        let max = Decimal::from_atoms(*spots.iter().max().unwrap());
        let deviation_max_bps = params.deviation_max_bps;
        if deviation_bps > deviation_max_bps {
            return Err(Unhealthy::Deviates { deviation_bps, deviation_max_bps, min, max });
        }
        let usd_per_akt = median(said.iter().map(|said| said.average).collect());
        let oldest = said.iter().map(|said| said.published_at).min().unwrap();
        let published_at = BlockTime::from_unix_nanos(oldest.try_into().unwrap());
        let price = OraclePrice { usd_per_akt, published_at };
        let spots_median = median(spots);
        Ok(Reading { price, spots_median, min, max, sources: fresh, deviation_bps })
    }

    fn said(&self, source: Address, now: BlockTime, params: &OracleParams) -> Option<Said> {
        let last = self.points_of(source).last()?;
        let (published_at, now) = (nanos(last.published_at), nanos(now));
        let is_old = published_at < now - i128::from(params.age_max.to_nanos());
        let is_ahead = published_at > now + i128::from(params.ahead_max.to_nanos());
        let average = self.average(source, now, params)?;
        let spot = last.usd_per_akt.to_atoms();
        (!is_old && !is_ahead).then_some(Said { average, spot, published_at })
    }

    fn average(&self, source: Address, now: i128, params: &OracleParams) -> Option<u128> {
        let start = now - i128::from(params.twap_window.to_nanos());
        let oldest = start - i128::from(params.age_max.to_nanos());
        let (mut sum, mut ticks) = (0, 0);
        let mut time = start;
        while time < now {
            let stands = self.points_of(source).rfind(|point| nanos(point.published_at) <= time);
            if let Some(point) = stands.filter(|point| nanos(point.published_at) >= oldest) {
                sum += point.usd_per_akt.to_atoms();
                ticks += 1;
            }
            time += self.tick;
        }
        if ticks == 0 {
            for point in self.points_of(source).filter(|point| nanos(point.published_at) == now) {
                sum += point.usd_per_akt.to_atoms();
                ticks += 1;
            }
        }
        (ticks > 0).then(|| half_even(sum, ticks))
    }
}

fn half_even(sum: u128, count: u128) -> u128 {
    let (quotient, rest) = (sum / count, sum % count);
    match (2 * rest).cmp(&count) {
        core::cmp::Ordering::Less => quotient,
        core::cmp::Ordering::Equal => quotient + quotient % 2,
        core::cmp::Ordering::Greater => quotient + 1,
    }
}

/// The lowest and the highest are struck out until at most two are left.
fn median(mut values: Vec<u128>) -> Decimal {
    while values.len() > 2 {
        let lowest = values.iter().position(|value| value == values.iter().min().unwrap());
        values.remove(lowest.unwrap());
        let highest = values.iter().position(|value| value == values.iter().max().unwrap());
        values.remove(highest.unwrap());
    }
    Decimal::from_atoms(half_even(values.iter().sum(), values.len() as u128))
}
