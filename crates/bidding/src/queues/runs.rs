//! [`Runs`]: bids in pages that are never given back, in runs of 4, 16 or 64 that are used again.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use super::entry::Packed;

/// Bids of a page: 64 KiB. A page holds runs of one length.
const PAGE: u32 = 4_096;
const PAGE_BITS: u32 = PAGE.trailing_zeros();
const IN_PAGE: u32 = PAGE.wrapping_sub(1);

/// Lengths of a run. A page holds a whole number of each.
const LENGTHS: [u8; 3] = [4, 16, 64];

/// Where runs come from. Taking and giving back is O(1), and allocates only when more runs of a
/// length are in use than ever before. The one given back last is taken first: it is still in cache.
#[derive(Clone, Debug, Default)]
pub(crate) struct Runs {
    pages: Vec<Box<Page>>,
    /// Per length, what is left of its last page: the first place that was never taken, and how many
    /// are left.
    fresh: [(u32, u32); LENGTHS.len()],
    free: [Vec<u32>; LENGTHS.len()],
}

type Page = [Packed; 4_096];

pub(crate) fn place(index: u32) -> usize {
    // Targets have pointers of 32 bits at least.
    usize::try_from(index).unwrap_or(usize::MAX)
}

impl Runs {
    /// A run of the shortest length above `room`. `None` when 2^32 bids are in use.
    pub(crate) fn take(&mut self, room: u8) -> Option<(u32, u8)> {
        let size = LENGTHS.iter().position(|length| *length > room)?;
        let length = *LENGTHS.get(size)?;
        if let Some(run) = self.free.get_mut(size)?.pop() {
            return Some((run, length));
        }
        let fresh = self.fresh.get_mut(size)?;
        if fresh.1 == 0 {
            let pages = u32::try_from(self.pages.len()).ok()?;
            *fresh = (pages.checked_mul(PAGE)?, PAGE);
            let page = vec![Packed::LAST; place(PAGE)].into_boxed_slice();
            self.pages.push(page.try_into().ok()?);
        }
        let run = fresh.0;
        let taken = u32::from(length);
        *fresh = (run.saturating_add(taken), fresh.1.saturating_sub(taken));
        Some((run, length))
    }

    /// Copies the first bids of a run into one of another length.
    pub(crate) fn copy(&mut self, from: u32, to: u32, length: u8) -> Option<()> {
        // Runs of two lengths lie in two pages.
        let pages = [from, to].map(|run| place(run.wrapping_shr(PAGE_BITS)));
        let [from_page, to_page] = self.pages.get_disjoint_mut(pages).ok()?;
        let [from, to] = [from, to].map(|run| place(run & IN_PAGE));
        let [from_end, to_end] = [from, to].map(|at| at.saturating_add(usize::from(length)));
        to_page.get_mut(to..to_end)?.copy_from_slice(from_page.get(from..from_end)?);
        Some(())
    }

    /// Takes a run of `room` places back.
    #[inline]
    pub(crate) fn give_back(&mut self, run: u32, room: u8) {
        let size = LENGTHS.iter().position(|length| *length == room);
        if let Some(free) = size.and_then(|size| self.free.get_mut(size)) {
            free.push(run);
        }
    }

    /// The bid at a place of a run.
    #[inline(always)]
    pub(crate) fn bid_mut(&mut self, run: u32, at: u8) -> Option<&mut Packed> {
        // A run lies within a page, and pages end before the numbers do.
        let at = run.wrapping_add(u32::from(at));
        let page = self.pages.get_mut(place(at.wrapping_shr(PAGE_BITS)))?;
        page.get_mut(place(at & IN_PAGE))
    }

    /// The first `length` bids of a run.
    #[inline]
    pub(crate) fn part(&self, run: u32, length: u8) -> &[Packed] {
        let first = place(run & IN_PAGE);
        let page = self.pages.get(place(run.wrapping_shr(PAGE_BITS)));
        let part = page.and_then(|page| page.get(first..first.saturating_add(usize::from(length))));
        part.unwrap_or_default()
    }

    /// Bytes in use and in reserve.
    pub(crate) fn bytes(&self) -> usize {
        let free = self.free.iter().map(|free| free.capacity().saturating_mul(4));
        let pages = self.pages.len().saturating_mul(size_of::<Page>());
        pages.saturating_add(free.sum())
    }
}
