//! [`Runs`]: entries in pages that are never given back, in runs of 4 to 128 that are used again.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use super::entry::Entry;

/// Entries of a page: 64 KiB. A page holds runs of one length.
const PAGE: u32 = 2_048;
const PAGE_BITS: u32 = PAGE.trailing_zeros();
const IN_PAGE: u32 = PAGE.wrapping_sub(1);

/// Lengths of a run. A page holds a whole number of each.
const LENGTHS: [u8; 5] = [4, 16, 32, 64, 128];

/// Where runs come from. Taking and giving back is O(1), and allocates only when more runs of a
/// length are in use than ever before.
#[derive(Clone, Debug, Default)]
pub(crate) struct Runs {
    pages: Vec<Box<Page>>,
    /// Per length, what is left of its last page: the first place that was never taken, and how many
    /// are left.
    fresh: [(u32, u32); LENGTHS.len()],
    free: [Vec<u32>; LENGTHS.len()],
}

type Page = [Entry; 2_048];

pub(crate) fn place(index: u32) -> usize {
    // Targets have pointers of 32 bits at least.
    usize::try_from(index).unwrap_or(usize::MAX)
}

impl Runs {
    /// A longer run than `run`, which has `room` places and now is free, with the same `used` first
    /// entries. Without room, a first run. `None` when 2^32 entries are in use.
    pub(crate) fn lengthen(&mut self, run: u32, room: u8, used: u8) -> Option<(u32, u8)> {
        let size = LENGTHS.iter().position(|length| *length > room)?;
        let (longer, length) = (self.take(size)?, *LENGTHS.get(size)?);
        if used > 0 {
            // Runs of two lengths lie in two pages.
            let pages = [run, longer].map(|run| place(run.wrapping_shr(PAGE_BITS)));
            let [old, new] = self.pages.get_disjoint_mut(pages).ok()?;
            let [old_first, first] = [run, longer].map(|run| place(run & IN_PAGE));
            let [old_end, end] = [old_first, first].map(|at| at.saturating_add(usize::from(used)));
            new.get_mut(first..end)?.copy_from_slice(old.get(old_first..old_end)?);
        }
        self.give_back(run, room);
        Some((longer, length))
    }

    fn take(&mut self, size: usize) -> Option<u32> {
        if let Some(run) = self.free.get_mut(size)?.pop() {
            return Some(run);
        }
        let fresh = self.fresh.get_mut(size)?;
        if fresh.1 == 0 {
            let pages = u32::try_from(self.pages.len()).ok()?;
            *fresh = (pages.checked_mul(PAGE)?, PAGE);
            let page = vec![Entry::default(); place(PAGE)].into_boxed_slice();
            self.pages.push(page.try_into().ok()?);
        }
        let (run, length) = (fresh.0, u32::from(*LENGTHS.get(size)?));
        *fresh = (run.saturating_add(length), fresh.1.saturating_sub(length));
        Some(run)
    }

    /// Takes a run of `room` places back.
    #[inline]
    pub(crate) fn give_back(&mut self, run: u32, room: u8) {
        let size = LENGTHS.iter().position(|length| *length == room);
        if let Some(free) = size.and_then(|size| self.free.get_mut(size)) {
            free.push(run);
        }
    }

    /// The entry at a place.
    #[inline(always)]
    pub(crate) fn entry_mut(&mut self, at: u32) -> Option<&mut Entry> {
        let page = self.pages.get_mut(place(at.wrapping_shr(PAGE_BITS)))?;
        page.get_mut(place(at & IN_PAGE))
    }

    /// The first `length` entries of a run.
    #[inline]
    pub(crate) fn part(&self, run: u32, length: u8) -> &[Entry] {
        let first = place(run & IN_PAGE);
        let page = self.pages.get(place(run.wrapping_shr(PAGE_BITS)));
        let part = page.and_then(|page| page.get(first..first.saturating_add(usize::from(length))));
        part.unwrap_or_default()
    }

    /// [`Runs::part`], to be changed.
    #[inline]
    pub(crate) fn part_mut(&mut self, run: u32, length: u8) -> &mut [Entry] {
        let first = place(run & IN_PAGE);
        let page = self.pages.get_mut(place(run.wrapping_shr(PAGE_BITS)));
        let part =
            page.and_then(|page| page.get_mut(first..first.saturating_add(usize::from(length))));
        part.unwrap_or_default()
    }

    /// Bytes in use and in reserve.
    pub(crate) fn bytes(&self) -> usize {
        let free = self.free.iter().map(|free| free.capacity().saturating_mul(4));
        let pages = self.pages.len().saturating_mul(size_of::<Page>());
        pages.saturating_add(free.sum())
    }
}
