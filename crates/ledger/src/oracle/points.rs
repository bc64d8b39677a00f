//! What one source has posted, oldest first and bounded, and its average over a window.

use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use undercut_primitives::canonical_through;
use undercut_primitives::codec::Canonical;
use undercut_primitives::{BlockTime, Decimal, Misfit, TimeSpan};

/// The highest price that can be posted: 10^9 US dollars for one AKT.
pub const PRICE_MAX: Decimal = Decimal::from_whole(1_000_000_000);
/// Most points that are kept of one source.
pub const POINTS_MAX: usize = 256;
/// How long points are kept, before the source's last: [`WINDOW_MAX`](super::WINDOW_MAX) and
/// [`AHEAD_LIMIT`](super::AHEAD_LIMIT) together. No window of a later block begins earlier: the
/// last point is at most the one ahead of the block that took it, and the window at most the other.
const KEPT: TimeSpan = TimeSpan::from_seconds(7_200);

/// What a source said at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct PricePoint {
    /// US dollars for one AKT.
    pub usd_per_akt: Decimal,
    /// From when on.
    pub published_at: BlockTime,
}

/// The points of one source: at least one, at most [`POINTS_MAX`], oldest first, points of one time
/// in the order in which they were posted. Every price is above zero and at most [`PRICE_MAX`].
///
/// Kept is what the longest window of any later block can reach, and one point before it. Of more
/// than [`POINTS_MAX`] points the oldest go first; the average then covers what is left, so a source
/// that posts that much shortens its own window and no other's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<PricePoint>", into = "Vec<PricePoint>")]
pub struct SourcePoints {
    earlier: Vec<PricePoint>,
    last: PricePoint,
}

canonical_through!(SourcePoints, Vec<PricePoint>, |source| {
    source.points().copied().collect::<Vec<_>>()
});

impl SourcePoints {
    pub(super) fn first(point: PricePoint) -> Result<Self, Misfit> {
        Self::try_from(vec![point])
    }

    /// The newest point.
    #[must_use]
    pub const fn last(&self) -> &PricePoint {
        &self.last
    }

    /// All points, oldest first; backwards, newest first.
    #[must_use]
    pub fn points(&self) -> impl DoubleEndedIterator<Item = &PricePoint> {
        self.earlier.iter().chain(core::iter::once(&self.last))
    }

    /// Adds a point behind the last and drops what no later window can reach.
    pub(super) fn push(&mut self, point: PricePoint) -> Result<(), Misfit> {
        check_point(&point)?;
        if point.published_at < self.last.published_at {
            return Err(Misfit::new("a price is before the last of its source"));
        }
        self.earlier.push(core::mem::replace(&mut self.last, point));
        let is_out = |earlier: &&PricePoint| {
            point.published_at.since(earlier.published_at).is_some_and(|age| age > KEPT)
        };
        // The newest of those out of reach stands when a window begins.
        let out = self.earlier.iter().take_while(is_out).count().saturating_sub(1);
        let kept_max = POINTS_MAX.saturating_sub(1);
        let surplus = self.earlier.len().saturating_sub(kept_max);
        // Neither is more than there are.
        self.earlier.drain(..out.max(surplus));
        Ok(())
    }

    /// The time-weighted average over `[now - window, now]`, rounded half to even, or `None` when
    /// no price of the source counts. Nanosecond weights. Cost: one step per point in the window.
    ///
    /// Source: `chain.md` 7 step 2. The original cuts the quotient at 36 digits before it rounds it
    /// at 18. The results are the same: over at most 3.6 * 10^12 ns a fraction that is no half is
    /// farther from one than that cut.
    pub(super) fn average(
        &self,
        now: BlockTime,
        window: TimeSpan,
        age_max: TimeSpan,
    ) -> Option<Decimal> {
        let mut weighed = self.weighed(now, window, age_max);
        if weighed.iter().all(|(_, weight)| *weight == 0) {
            weighed.iter_mut().for_each(|(_, weight)| *weight = 1);
        }
        mean_half_even(&weighed)
    }

    /// The prices that count in `[now - window, now]` and for how many nanoseconds each stood in
    /// it, newest first. The weights add up to the age of the oldest, at most to the window.
    fn weighed(&self, now: BlockTime, window: TimeSpan, age_max: TimeSpan) -> Vec<(Decimal, u64)> {
        let (window, age_max) = (window.to_nanos(), age_max.to_nanos());
        let mut weighed = Vec::new();
        let mut newer_age = 0;
        for point in self.points().rev() {
            // Its time has not come.
            let Some(age) = now.since(point.published_at).map(TimeSpan::to_nanos) else { continue };
            let before_window = age.saturating_sub(window);
            if before_window > age_max {
                break;
            }
            weighed.push((point.usd_per_akt, age.min(window).saturating_sub(newer_age)));
            if before_window > 0 {
                break;
            }
            newer_age = age;
        }
        weighed
    }
}

impl TryFrom<Vec<PricePoint>> for SourcePoints {
    type Error = Misfit;

    /// Takes the points back from their list.
    fn try_from(mut points: Vec<PricePoint>) -> Result<Self, Misfit> {
        if points.len() > POINTS_MAX {
            return Err(Misfit::new("a source has more points than are kept"));
        }
        points.iter().try_for_each(check_point)?;
        if !points.is_sorted_by_key(|point| point.published_at) {
            return Err(Misfit::new("a price is before the last of its source"));
        }
        let last = points.pop().ok_or(Misfit::new("a source has no points"))?;
        Ok(Self { earlier: points, last })
    }
}

impl From<SourcePoints> for Vec<PricePoint> {
    fn from(points: SourcePoints) -> Self {
        let SourcePoints { mut earlier, last } = points;
        earlier.push(last);
        earlier
    }
}

fn check_point(point: &PricePoint) -> Result<(), Misfit> {
    let is_price = !point.usd_per_akt.is_zero() && point.usd_per_akt <= PRICE_MAX;
    is_price.then_some(()).ok_or(Misfit::new("a posted price is zero or above the highest"))
}

/// The sum of price times weight over the sum of weights, rounded half to even, or `None` without
/// any weight.
///
/// Each price is taken apart by the sum of weights `w`: `price = whole * w + rest`. The wholes times
/// their weights add up to at most the highest price. The rests times theirs stay below `w * w`,
/// and `w` is below 2^64. So nothing overflows.
pub(super) fn mean_half_even(weighed: &[(Decimal, u64)]) -> Option<Decimal> {
    let weights = weighed.iter().map(|(_, weight)| u128::from(*weight));
    let total = weights.clone().try_fold(0_u128, u128::checked_add)?;
    let (mut wholes, mut rests) = (0_u128, 0_u128);
    for ((price, _), weight) in weighed.iter().zip(weights) {
        let (whole, rest) =
            (price.to_atoms().checked_div(total)?, price.to_atoms().checked_rem(total)?);
        wholes = wholes.checked_add(whole.checked_mul(weight)?)?;
        rests = rests.checked_add(rest.checked_mul(weight)?)?;
    }
    let floor = wholes.checked_add(rests.checked_div(total)?)?;
    let rest = rests.checked_rem(total)?;
    // Compared with what is missing to one, and not doubled.
    let missing = total.checked_sub(rest)?;
    let is_up = rest > missing || (rest == missing && floor % 2 == 1);
    floor.checked_add(u128::from(is_up)).map(Decimal::from_atoms)
}
