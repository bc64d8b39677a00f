//! [`Stream`]: random numbers that depend on a seed and a name, and on nothing else.
//!
//! The only module that names the generator. ChaCha with 8 rounds gives the same numbers in every
//! version and on every platform.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use undercut_primitives::crypto::{self, Namespace};

const SEED: Namespace = Namespace("undercut/simulation-stream/v1");

/// One actor's random numbers.
#[derive(Clone, Debug)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// The stream of `name` under `seed`. Other names draw without disturbing it.
    #[must_use]
    pub fn new(seed: u64, name: &str) -> Self {
        let seed = crypto::digest_parts(SEED, &[&seed.to_le_bytes(), name.as_bytes()]);
        Self(ChaCha8Rng::from_seed(*seed.as_bytes()))
    }

    /// A number from `least` to `most`, both included; `least` when the range is empty.
    ///
    /// The bias is below one in 2^64 divided by the size of the range.
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        let size = u128::from(most.saturating_sub(least)).saturating_add(1);
        let product = u128::from(self.0.next_u64()).saturating_mul(size);
        let offset = u64::try_from(product >> 64).unwrap_or_default();
        least.saturating_add(offset)
    }

    /// Whether something that happens `per_million` times in a million does.
    pub fn happens(&mut self, per_million: u64) -> bool {
        self.between(0, 999_999) < per_million
    }

    /// One of the items, or `None` of none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let last = u64::try_from(items.len()).ok()?.checked_sub(1)?;
        items.get(usize::try_from(self.between(0, last)).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_their_own_and_stay_in_range() {
        let draw = |seed, name| {
            let mut stream = Stream::new(seed, name);
            (0..8).map(|_| stream.between(5, 9)).collect::<Vec<_>>()
        };
        assert_eq!(draw(1, "a"), draw(1, "a"));
        assert_ne!(draw(1, "a"), draw(1, "b"));
        assert_ne!(draw(1, "a"), draw(2, "a"));
        let mut stream = Stream::new(1, "a");
        let drawn: std::collections::BTreeSet<u64> =
            (0..200).map(|_| stream.between(5, 9)).collect();
        assert_eq!(drawn.into_iter().collect::<Vec<_>>(), [5, 6, 7, 8, 9]);
        assert_eq!(stream.between(7, 3), 7);
        assert_eq!(stream.pick::<u8>(&[]), None);
    }
}
