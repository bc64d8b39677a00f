//! [`Names`]: a small number for each provider that ever had a lease.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use undercut_primitives::{Address, Provider};

/// Providers by number, in the order of coming.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    numbers: BTreeMap<Provider, u32>,
    providers: Vec<Provider>,
}

impl Names {
    /// The number of a provider, old or new. O(log providers).
    pub(super) fn number(&mut self, provider: Provider) -> u32 {
        // Fewer than 2^32 providers fit into a memory.
        let next = u32::try_from(self.providers.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry(provider).or_insert(next);
        if number == next {
            self.providers.push(provider);
        }
        number
    }

    /// The provider of a number that was given.
    pub(super) fn get(&self, number: u32) -> Provider {
        let place = usize::try_from(number).unwrap_or(usize::MAX);
        self.providers.get(place).copied().unwrap_or(Provider(Address::LAST))
    }
}
