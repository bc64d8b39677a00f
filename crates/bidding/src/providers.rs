//! [`Providers`]: a small number for each provider that ever bid.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use undercut_primitives::{Address, Provider};

use crate::queues::place;

/// Providers by handle, each with what is kept of it. Handles are not given again: there are no more
/// than providers in the book.
#[derive(Clone, Debug, Default)]
pub(crate) struct Providers<T> {
    handles: BTreeMap<Provider, u32>,
    rows: Vec<(Provider, T)>,
}

impl<T: Default> Providers<T> {
    /// The handle of a provider, if it has one.
    pub(crate) fn find(&self, provider: &Provider) -> Option<u32> {
        self.handles.get(provider).copied()
    }

    /// The handle of a provider, old or new.
    pub(crate) fn add(&mut self, provider: Provider) -> u32 {
        // Fewer than 2^32 providers fit into a memory.
        let next = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        let handle = *self.handles.entry(provider).or_insert(next);
        if handle == next {
            self.rows.push((provider, T::default()));
        }
        handle
    }

    /// Whose handle it is.
    pub(crate) fn address(&self, handle: u32) -> Provider {
        self.rows.get(place(handle)).map_or(Provider(Address::LAST), |(provider, _)| *provider)
    }

    /// What is kept of a provider.
    pub(crate) fn get(&self, handle: u32) -> Option<&T> {
        self.rows.get(place(handle)).map(|(_, kept)| kept)
    }

    /// What is kept of a provider, to be changed.
    pub(crate) fn get_mut(&mut self, handle: u32) -> Option<&mut T> {
        self.rows.get_mut(place(handle)).map(|(_, kept)| kept)
    }
}
