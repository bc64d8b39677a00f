//! [`Runs`]: entries in pages that are never given back, in runs of 4 to 64 that are used again.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use super::entry::Entry;

/// Entries of a page: 64 KiB. A page holds runs of one length.
const PAGE: u32 = 2_048;
const PAGE_BITS: u32 = PAGE.trailing_zeros();
const IN_PAGE: u32 = PAGE.wrapping_sub(1);

/// Lengths of a run: 4, 8, 16, 32 and 64 entries.
pub(crate) const SIZES: usize = 5;

/// Where runs come from. Taking and giving back is O(1), and allocates only when more runs of a
/// length are in use than ever before.
#[derive(Clone, Debug, Default)]
pub(crate) struct Runs {
    pages: Vec<Box<[Entry]>>,
    /// Per length, what is left of its last page: the first place that was never taken, and how many
    /// are left.
    fresh: [(u32, u32); SIZES],
    free: [Vec<u32>; SIZES],
}

/// How many entries a run of this length holds.
pub(crate) const fn entries(size: u32) -> u32 {
    4_u32.wrapping_shl(size)
}

pub(crate) fn place(index: u32) -> usize {
    // Targets have pointers of 32 bits at least.
    usize::try_from(index).unwrap_or(usize::MAX)
}

impl Runs {
    /// The first place of a run that nobody uses; `None` when 2^32 entries are in use.
    pub(crate) fn take(&mut self, size: u32) -> Option<u32> {
        match self.free.get_mut(place(size))?.pop() {
            Some(run) => Some(run),
            None => self.take_fresh(size),
        }
    }

    #[cold]
    fn take_fresh(&mut self, size: u32) -> Option<u32> {
        let fresh = self.fresh.get_mut(place(size))?;
        if fresh.1 == 0 {
            let pages = u32::try_from(self.pages.len()).ok()?;
            *fresh = (pages.checked_mul(PAGE)?, PAGE);
            self.pages.push(vec![Entry::default(); place(PAGE)].into_boxed_slice());
        }
        let (run, length) = (fresh.0, entries(size));
        *fresh = (run.saturating_add(length), fresh.1.saturating_sub(length));
        Some(run)
    }

    /// Takes a run back.
    pub(crate) fn give_back(&mut self, run: u32, size: u32) {
        if let Some(free) = self.free.get_mut(place(size)) {
            free.push(run);
        }
    }

    /// The entry `offset` places after the start of a run.
    #[inline]
    pub(crate) fn entry_mut(&mut self, run: u32, offset: u32) -> Option<&mut Entry> {
        let page = self.pages.get_mut(place(run.wrapping_shr(PAGE_BITS)))?;
        page.get_mut(place((run & IN_PAGE).wrapping_add(offset)))
    }

    /// The first `length` entries of a run.
    #[inline]
    pub(crate) fn part(&self, run: u32, length: u32) -> &[Entry] {
        let first = place(run & IN_PAGE);
        let page = self.pages.get(place(run.wrapping_shr(PAGE_BITS)));
        let part = page.and_then(|page| page.get(first..first.saturating_add(place(length))));
        part.unwrap_or_default()
    }

    /// [`Runs::part`], to be changed.
    #[inline]
    pub(crate) fn part_mut(&mut self, run: u32, length: u32) -> &mut [Entry] {
        let first = place(run & IN_PAGE);
        let page = self.pages.get_mut(place(run.wrapping_shr(PAGE_BITS)));
        let part = page.and_then(|page| page.get_mut(first..first.saturating_add(place(length))));
        part.unwrap_or_default()
    }

    /// Bytes in use and in reserve.
    pub(crate) fn bytes(&self) -> usize {
        let free = self.free.iter().map(|free| free.capacity().saturating_mul(4));
        let pages = self.pages.len().saturating_mul(place(PAGE)).saturating_mul(size_of::<Entry>());
        pages.saturating_add(free.sum())
    }
}
