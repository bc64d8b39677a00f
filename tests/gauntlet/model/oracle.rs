//! What AKT is worth in the model: what came in with the block, or what sources have posted.

use undercut_ledger::bme::MintStatus;
use undercut_primitives::Address;

use super::{Model, Quote};

/// What a source says now.
struct Said {
    average: u128,
    last: u128,
}

impl Model {
    /// The AKT price in atoms of a dollar, where there is one to rely on.
    pub(crate) fn price(&self) -> Option<u128> {
        let params = &self.params.oracle;
        if params.sources.is_empty() {
            let quote = self.quote.filter(|quote| quote.atoms > 0 && self.is_fresh(quote));
            return quote.map(|quote| quote.atoms);
        }
        let said: Vec<Said> =
            params.sources.iter().filter_map(|source| self.said(source)).collect();
        let least = said.iter().map(|said| said.last).min()?;
        let most = said.iter().map(|said| said.last).max()?;
        let is_quorate = said.len() >= params.sources_min as usize;
        let apart = (most - least) * 10_000 / least;
        let mut averages: Vec<u128> = said.iter().map(|said| said.average).collect();
        averages.sort_unstable();
        let (lower, upper) = (averages[(averages.len() - 1) / 2], averages[averages.len() / 2]);
        let median = half_even(lower + upper, 2);
        (is_quorate && apart <= u128::from(params.deviation_max_bps)).then_some(median)
    }

    /// Zero where there is none, as the vault's plain twin wants it.
    pub(crate) fn price_or_zero(&self) -> u128 {
        self.price().unwrap_or_default()
    }

    /// The breaker, from nothing but the price, the books and whether it is halted already.
    pub(crate) fn status(&self) -> MintStatus {
        self.vault.status_at(self.price_or_zero(), &self.params.bme)
    }

    /// Neither too old nor from too far ahead.
    fn is_fresh(&self, quote: &Quote) -> bool {
        let age = i128::from(self.nanos) - i128::from(quote.nanos);
        let oldest = i128::from(self.params.oracle.age_max.to_nanos());
        let ahead = i128::from(self.params.oracle.ahead_max.to_nanos());
        age <= oldest && -age <= ahead
    }

    fn said(&self, source: &Address) -> Option<Said> {
        let posts = self.posts.get(source)?;
        let last = posts.last().filter(|last| self.is_fresh(last))?;
        Some(Said { average: self.average(posts)?, last: last.atoms })
    }

    /// Every price counts for as long as it stood in the window; the one that stood at its
    /// beginning only if it was not too old then.
    fn average(&self, posts: &[Quote]) -> Option<u128> {
        let params = &self.params.oracle;
        let now = i128::from(self.nanos);
        let start = now - i128::from(params.twap_window.to_nanos());
        let oldest = start - i128::from(params.age_max.to_nanos());
        let (mut sum, mut time) = (0, 0);
        for (n, post) in posts.iter().enumerate() {
            let from = i128::from(post.nanos);
            let to = posts.get(n + 1).map_or(now, |next| i128::from(next.nanos).min(now));
            let stood = u128::try_from(to - from.max(start)).unwrap_or_default();
            if from >= oldest {
                sum += post.atoms * stood;
                time += stood;
            }
        }
        if time == 0 {
            // None has stood for any time: those of this very moment count alike.
            let now = posts.iter().filter(|post| i128::from(post.nanos) == now);
            (sum, time) = now.fold((0, 0), |(sum, count), post| (sum + post.atoms, count + 1));
        }
        (time > 0).then(|| half_even(sum, time))
    }
}

/// `value / by`, halves to the even neighbour.
pub(super) fn half_even(value: u128, by: u128) -> u128 {
    let (quotient, rest) = (value / by, value % by);
    let up = rest > by - rest || (rest == by - rest && quotient % 2 == 1);
    quotient + u128::from(up)
}
