//! The oracle: what one AKT is worth, and whether that may be relied on.
//!
//! Registered sources post prices. [`Oracle::read`] derives one price from them, or says why there
//! is none. The two are one function: a price is healthy when it can be read, and nothing about its
//! health is stored. Source: `chain.md` 7.
//!
//! | step | rule |
//! | --- | --- |
//! | post | a source's times never run backwards; none lies too far ahead of the block |
//! | fresh | the last price of the source is neither too old nor too far ahead |
//! | average | over the last [`OracleParams::twap_window`]; each price counts for as long as it stood |
//! | price | the median of the fresh sources' averages |
//! | quorum | at least [`OracleParams::sources_min`] sources are fresh |
//! | deviation | the fresh sources' last prices lie close together |
//!
//! **What stands when.** A price stands from its own time to that of its source's next one. Of two
//! prices with one time the later posted stands and the other counts for nothing. The price that
//! stood when the window began counts from there, if it was at most [`OracleParams::age_max`] old
//! then: a price that nobody may rely on is not carried into a later one. A price at the very end
//! of the window has stood for no time; when no price has stood for any, those at the end count
//! alike. A price ahead of the block counts for the deviation alone until its time has come, and a
//! source that has no other is left out.
//!
//! **Rounding.** Averages and medians are computed exactly and rounded once, half to even at the
//! 18th digit. The deviation rounds down.
//!
//! **Where it differs from the original** (W24): the median of the averages and not their mean, so
//! that one source of three cannot move the price beyond what another says; times ahead are bounded;
//! a price that was too old when the window began does not count; without sources there is no price,
//! where the original serves the last one for ever.
//!
//! What AKT is worth is all that is asked: one ACT is one US dollar by definition.

mod error;
mod params;
#[cfg(test)]
mod plain;
mod points;
mod reading;
#[cfg(test)]
mod tests;

pub use error::{OracleParamsError, OracleRejection, Unhealthy};
pub use params::{AHEAD_LIMIT, OracleParams, SOURCES_MAX, WINDOW_MAX};
pub use points::{POINTS_MAX, PRICE_MAX, PricePoint, SourcePoints};
pub use reading::Reading;

use alloc::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use undercut_primitives::codec::Canonical;
use undercut_primitives::{Address, BlockTime, Decimal, Misfit};

/// A price that the market reckons with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct OraclePrice {
    /// US dollars for one AKT.
    pub usd_per_akt: Decimal,
    /// When it was published.
    pub published_at: BlockTime,
}

impl OraclePrice {
    /// Whether it is above zero and neither too old nor from too far ahead. Both borders are usable.
    #[must_use]
    pub fn is_usable(&self, now: BlockTime, params: &OracleParams) -> bool {
        !self.usd_per_akt.is_zero() && params.is_fresh(self.published_at, now)
    }
}

/// A change of the oracle.
///
/// Whether there is a price has no event of its own: the mint status leaves or enters
/// [`MintStatus::HaltOracle`](crate::bme::MintStatus::HaltOracle) in the same block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub enum OracleEvent {
    /// A source said what AKT is worth.
    PricePosted {
        /// Which source.
        source: Address,
        /// What it said, and for when.
        point: PricePoint,
    },
}

/// The prices that sources have posted.
///
/// What is kept of a source that is no longer registered is not read; it counts again, and its
/// times may still not run backwards, when the source is registered again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct Oracle {
    sources: BTreeMap<Address, SourcePoints>,
}

impl Oracle {
    /// The oracle of these sources, as [`Oracle::sources`] gave them, in any order.
    ///
    /// # Errors
    ///
    /// [`Misfit`] when one is there twice.
    pub fn restore(
        sources: impl IntoIterator<Item = (Address, SourcePoints)>,
    ) -> Result<Self, Misfit> {
        let mut oracle = Self::default();
        for (source, points) in sources {
            if oracle.sources.insert(source, points).is_some() {
                return Err(Misfit::new("a source is there twice"));
            }
        }
        Ok(oracle)
    }

    /// All that have ever posted, by address, registered or not.
    pub fn sources(&self) -> impl Iterator<Item = (&Address, &SourcePoints)> {
        self.sources.iter()
    }

    /// What one source has posted, if it ever has.
    #[must_use]
    pub fn source(&self, source: &Address) -> Option<&SourcePoints> {
        self.sources.get(source)
    }

    /// Takes a price from a source. Source: `chain.md` 2.5, MsgAddPriceEntry, and O1, O2, O10.
    ///
    /// The time may be that of the source's last price. Only a source's first price has to be
    /// recent: a later one is bounded by the one before.
    ///
    /// # Errors
    ///
    /// The first broken rule, in the order of [`OracleRejection`]'s variants.
    pub fn post(
        &self,
        source: Address,
        point: PricePoint,
        now: BlockTime,
        params: &OracleParams,
    ) -> Result<OracleEvent, OracleRejection> {
        if !params.sources.contains(&source) {
            return Err(OracleRejection::NotASource { account: source });
        }
        let price = point.usd_per_akt;
        if price.is_zero() {
            return Err(OracleRejection::PriceZero);
        }
        if price > PRICE_MAX {
            return Err(OracleRejection::PriceTooHigh { price, price_max: PRICE_MAX });
        }
        let last = self.source(&source).map(SourcePoints::last);
        check_time(point.published_at, last, now, params)?;
        Ok(OracleEvent::PricePosted { source, point })
    }

    /// Makes an event true. At most [`POINTS_MAX`] points moved.
    ///
    /// # Errors
    ///
    /// [`Misfit`] for a price of zero or above [`PRICE_MAX`], or one before the source's last.
    pub fn apply(&mut self, event: &OracleEvent) -> Result<(), Misfit> {
        let OracleEvent::PricePosted { source, point } = event;
        match self.sources.get_mut(source) {
            Some(points) => points.push(*point),
            None => {
                self.sources.insert(*source, SourcePoints::first(*point)?);
                Ok(())
            }
        }
    }
}

fn check_time(
    published_at: BlockTime,
    last: Option<&PricePoint>,
    now: BlockTime,
    params: &OracleParams,
) -> Result<(), OracleRejection> {
    let (age_max, ahead_max) = (params.first_age_max, params.ahead_max);
    match (last.map(|last| last.published_at), now.since(published_at)) {
        (Some(last), _) if published_at < last => {
            return Err(OracleRejection::BeforeLast { published_at, last });
        }
        (None, Some(age)) if age > age_max => {
            return Err(OracleRejection::FirstTooOld { age, age_max });
        }
        _ => {}
    }
    match published_at.since(now) {
        Some(ahead) if ahead > ahead_max => Err(OracleRejection::TooFarAhead { ahead, ahead_max }),
        _ => Ok(()),
    }
}
