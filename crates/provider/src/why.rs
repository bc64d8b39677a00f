//! Why a provider does not bid, step by step; and the smallest change of an order that brings a bid.
//!
//! [`Bidder::explain`] makes the steps of [`crate::decision`] without stopping at the first that
//! fails; its answer is that of [`Bidder::screen`], which makes the same steps. [`smallest_change`]
//! asks for changes of an order until one provider bids, and returns what that provider answered to
//! the changed order.

mod search;

#[cfg(test)]
mod tests;

use std::fmt;

use undercut_bidding::why::{self, Change, Check};
use undercut_bidding::{BidRejection, Ineligible};
use undercut_primitives::{GroupSpec, PricePerBlock, Provider};

use crate::decision::{Bidder, NoBid, Quote};
use crate::pricing::PricingStrategy;
use search::{Found, Search};

/// A step of a decision, in the order of [`crate::decision`]'s table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The provider is what the order requires.
    Requirements,
    /// The order carries what the provider wants to see.
    BidFilter,
    /// Storage and GPUs are advertised.
    Capabilities,
    /// No unit has too many volumes.
    Volumes,
    /// There is room.
    Room,
    /// There is a price.
    Price,
    /// The price is in the order's denom.
    Denom,
    /// The price is at most the ceiling.
    Ceiling,
}

impl Step {
    /// All steps, in the order in which they are made.
    pub const ALL: [Self; 8] = [
        Self::Requirements,
        Self::BidFilter,
        Self::Capabilities,
        Self::Volumes,
        Self::Room,
        Self::Price,
        Self::Denom,
        Self::Ceiling,
    ];

    /// The step that fails with `reason`.
    #[must_use]
    pub const fn of(reason: &NoBid) -> Self {
        match reason {
            NoBid::Requirements(_) => Self::Requirements,
            NoBid::BidFilter { .. } => Self::BidFilter,
            NoBid::Capabilities(_) => Self::Capabilities,
            NoBid::TooManyVolumes { .. } => Self::Volumes,
            NoBid::NoFit(_) => Self::Room,
            NoBid::NoPrice(_) => Self::Price,
            NoBid::WrongDenom { .. } => Self::Denom,
            NoBid::AboveCeiling { .. } => Self::Ceiling,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Requirements => "requirements",
            Self::BidFilter => "bid filter",
            Self::Capabilities => "capabilities",
            Self::Volumes => "volumes",
            Self::Room => "room",
            Self::Price => "price",
            Self::Denom => "denom",
            Self::Ceiling => "ceiling",
        })
    }
}

/// How a step went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It passed.
    Passed,
    /// It failed.
    Failed(NoBid),
    /// It needs what an earlier step did not give: without room there is no price.
    NotReached,
}

/// A decision, step by step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Every step in the order of [`Step::ALL`], with how it went.
    pub steps: Vec<(Step, Outcome)>,
    /// What the steps about requirements and capabilities looked at, with distances.
    pub checks: Vec<Check>,
    /// What the provider answers: a quote, or the first step that failed.
    pub answer: Result<Quote, NoBid>,
}

impl Explanation {
    /// The first failing step in words, with how far off it is; `None` when there is a quote.
    #[must_use]
    pub fn sentence(&self) -> Option<String> {
        let reason = self.answer.as_ref().err()?;
        Some(self.distance_of(reason).unwrap_or_else(|| reason.to_string()))
    }

    /// The sentence of an engine's check, which tells the distance; other reasons tell their own.
    fn distance_of(&self, reason: &NoBid) -> Option<String> {
        let (NoBid::Requirements(ineligible) | NoBid::Capabilities(ineligible)) = reason else {
            return None;
        };
        let is_it = |found: &Ineligible| found == ineligible;
        let mut failures = why::failures(&self.checks);
        let found = failures.find(
            |failure| matches!(&failure.reason, BidRejection::Ineligible(found) if is_it(found)),
        );
        found.map(ToString::to_string)
    }
}

impl<P: PricingStrategy> Bidder<P> {
    /// Every step of a decision on `spec`, and its answer. Changes nothing.
    #[must_use]
    pub fn explain(&self, spec: &GroupSpec, ceiling: &PricePerBlock) -> Explanation {
        let on_paper = self.on_paper(spec).map(|outcome| match outcome {
            Ok(()) => Outcome::Passed,
            Err(reason) => Outcome::Failed(reason),
        });
        let figures = self.in_figures(spec, ceiling);
        let failed = figures.as_ref().err().map(|reason| (Step::of(reason), reason));
        let in_figures = Step::ALL.into_iter().skip(4).map(|step| match failed {
            Some((at, reason)) if step == at => Outcome::Failed(reason.clone()),
            Some((at, _)) if step > at => Outcome::NotReached,
            _ => Outcome::Passed,
        });
        let steps: Vec<_> = Step::ALL.into_iter().zip(on_paper.chain(in_figures)).collect();
        let first = steps.iter().find_map(|(_, outcome)| match outcome {
            Outcome::Failed(reason) => Some(reason.clone()),
            Outcome::Passed | Outcome::NotReached => None,
        });
        let answer = match (first, figures) {
            (Some(reason), _) | (None, Err(reason)) => Err(reason),
            (None, Ok((price, reservation))) => Ok(Quote { price, offer: reservation.offer }),
        };
        Explanation { steps, checks: why::checks(spec, self.profile()), answer }
    }
}

/// A change of an order, and the bid that it brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmallestChange {
    /// Who bids then.
    pub provider: Provider,
    /// What to change, all of it; none of it can be left out, unless the search was cut short.
    pub changes: Vec<Change>,
    /// The changed order.
    pub spec: GroupSpec,
    /// What the provider answers to the changed order at its own ceiling.
    pub quote: Quote,
}

/// The smallest change of an order that brings a bid of one of `bidders`.
///
/// Small is: the fewest changes; then the least raise of the ceiling, in micro-units per block; then
/// the lowest provider id. For each provider, what is tried are fixes of what fails:
///
/// 1. what makes it eligible ([`why::mends`]), and the attributes that its filter wants;
/// 2. where there is no room, lowering one quantity of one unit to the most that fits; if no single
///    one helps, lowering several, GPUs and replicas last;
/// 3. raising the price of one unit, the dearest first, to the least that works, or of several where
///    one would exceed what a unit may cost.
///
/// A change is returned only with the quote that screening the changed order gave. `None` when
/// somebody bids on the order as it is, when it has no ceiling, or when no such change helps: an order
/// that needs more leased IPs, more volumes of one unit, or a kind of storage that nobody has.
///
/// Time: for each provider a few screenings where nothing needs to be lowered, and in all cases at most
/// 20,000; at most 200,000 units of orders for one provider, and 2,000,000 for all of them, but for 100
/// orders each. Where that ends the search, which takes an order of dozens of units or hundreds of
/// providers, the answer still brings its bid, but some of it may not be needed.
#[must_use]
pub fn smallest_change<'a, P: PricingStrategy + 'a>(
    spec: &GroupSpec,
    bidders: impl IntoIterator<Item = (Provider, &'a Bidder<P>)>,
) -> Option<SmallestChange> {
    let ceiling = spec.ceiling().ok()?;
    let bidders: Vec<_> = bidders.into_iter().collect();
    if bidders.iter().any(|(_, bidder)| bidder.screen(spec, &ceiling).is_ok()) {
        return None;
    }
    let screens = search::screens(spec.units.len(), bidders.len());
    let found = bidders.into_iter().filter_map(|(provider, bidder)| {
        Some((provider, Search::new(bidder, spec, &ceiling.denom, screens).best()?))
    });
    let (provider, found) =
        found.min_by_key(|(provider, found)| (found.changes.len(), found.raise, *provider))?;
    let Found { changes, spec, quote, .. } = found;
    Some(SmallestChange { provider, changes, spec, quote })
}
