//! [`Many`]: the bids of an order with many of them, in a heap that knows where each provider's is.

use alloc::vec;
use alloc::vec::Vec;

use super::entry::{Exact, Names, Packed};
use super::runs::place;

/// The places of a table at first; like all later numbers a power of two.
const TABLE_MIN: usize = 128;

/// Stands for the place in the heap where a place of the table is not in use.
const UNUSED: u32 = u32::MAX;

/// A heap of four children a node, whose bids have for a handle their place in a table of providers,
/// and the table, which has for each provider its place in the heap.
///
/// Finding a provider's bid is O(1) on average, everything else O(log n). Whoever picks providers by
/// their handles can make finding O(n) over 8 bytes each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Many {
    heap: Vec<Packed>,
    table: Vec<Slot>,
    /// Of each place of the table, the start of the tie-break; 0 where it was never asked for.
    ties: Vec<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    provider: u32,
    /// Place in the heap.
    at: u32,
}

const FREE: Slot = Slot { provider: 0, at: UNUSED };

/// The place in a list. Lists are shorter than 2^32 here.
fn short(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(UNUSED)
}

impl Many {
    pub(crate) fn len(&self) -> usize {
        self.heap.len()
    }

    /// The best bid.
    #[inline]
    pub(crate) fn best(&self) -> Option<Packed> {
        self.heap.first().map(|bid| self.named(*bid))
    }

    /// The bids, in an order that says nothing.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Packed> {
        self.heap.iter().map(|bid| self.named(*bid))
    }

    /// Adds a bid of a provider that has none here.
    #[inline]
    pub(crate) fn push<N: Names>(&mut self, bid: Packed, tie: u64, exact: &Exact<'_, N>) {
        let used = self.heap.len().saturating_mul(4);
        if used >= self.table.len().saturating_mul(3) {
            self.enlarge();
        }
        let provider = bid.provider();
        let slot = self.seek(provider);
        if let Some(row) = self.table.get_mut(place(slot)) {
            row.provider = provider;
        }
        self.set_tie(slot, tie);
        let at = self.heap.len();
        self.heap.push(bid);
        self.rise(at, bid.with_handle(slot), exact);
    }

    /// Gives a bid another price; `false` when the provider has none here. A tie-break of 0 leaves
    /// the one that the bid has.
    pub(crate) fn reprice<N: Names>(
        &mut self,
        bid: Packed,
        tie: u64,
        exact: &Exact<'_, N>,
    ) -> bool {
        let Some((slot, at)) = self.find(bid.provider()) else { return false };
        if tie != 0 {
            self.set_tie(slot, tie);
        }
        self.settle(at, bid.with_handle(slot), exact);
        true
    }

    /// Whether a provider has a bid here.
    pub(crate) fn has(&self, provider: u32) -> bool {
        self.find(provider).is_some()
    }

    /// Takes a provider's bid out.
    #[inline]
    pub(crate) fn remove<N: Names>(
        &mut self,
        provider: u32,
        exact: &Exact<'_, N>,
    ) -> Option<Packed> {
        let (slot, at) = self.find(provider)?;
        let removed = *self.heap.get(at)?;
        let last = self.heap.pop()?;
        if at < self.heap.len() {
            self.settle(at, last, exact);
        }
        self.erase(slot);
        Some(removed.with_handle(provider))
    }

    /// Takes everything out and keeps the room. O(n).
    pub(crate) fn clear(&mut self) {
        for bid in &self.heap {
            self.table.get_mut(place(bid.provider())).into_iter().for_each(|slot| *slot = FREE);
        }
        self.heap.clear();
    }

    /// Bytes in use and in reserve.
    pub(crate) fn bytes(&self) -> usize {
        let table = self.table.capacity().saturating_mul(size_of::<Slot>());
        let ties = self.ties.capacity().saturating_mul(size_of::<u64>());
        let heap = self.heap.capacity().saturating_mul(size_of::<Packed>());
        heap.saturating_add(table).saturating_add(ties)
    }

    /// The bid with its provider's handle.
    #[inline]
    fn named(&self, bid: Packed) -> Packed {
        let slot = self.table.get(place(bid.provider()));
        bid.with_handle(slot.map_or(0, |slot| slot.provider))
    }

    fn set_tie(&mut self, slot: u32, tie: u64) {
        self.ties.get_mut(place(slot)).into_iter().for_each(|known| *known = tie);
    }

    // The table.

    /// Where a provider would stand if nobody else stood there.
    #[inline]
    fn home(&self, provider: u32) -> u32 {
        // The golden ratio spreads handles that follow each other as evenly as can be.
        let spread = provider.wrapping_mul(0x9e37_79b9);
        let bits = self.table.len().trailing_zeros();
        spread.wrapping_shr(32_u32.wrapping_sub(bits))
    }

    #[inline]
    fn mask(&self) -> u32 {
        short(self.table.len()).wrapping_sub(1)
    }

    #[inline]
    fn slot(&self, slot: u32) -> Slot {
        self.table.get(place(slot)).copied().unwrap_or(FREE)
    }

    /// The slot of a provider, or the free one where it would be found.
    #[inline]
    fn seek(&self, provider: u32) -> u32 {
        let (mask, mut slot) = (self.mask(), self.home(provider));
        loop {
            let row = self.slot(slot);
            if row.at == UNUSED || row.provider == provider {
                return slot;
            }
            slot = slot.wrapping_add(1) & mask;
        }
    }

    /// The slot of a provider and the place of its bid in the heap.
    #[inline]
    fn find(&self, provider: u32) -> Option<(u32, usize)> {
        let slot = self.seek(provider);
        let at = self.slot(slot).at;
        (at != UNUSED).then(|| (slot, place(at)))
    }

    /// Frees a slot, and moves those after it that are not at home any more where it would stop
    /// [`Many::seek`].
    #[inline]
    fn erase(&mut self, slot: u32) {
        let (mask, mut hole, mut next) = (self.mask(), slot, slot);
        loop {
            next = next.wrapping_add(1) & mask;
            let row = self.slot(next);
            if row.at == UNUSED {
                break;
            }
            let from_home = next.wrapping_sub(self.home(row.provider)) & mask;
            if from_home >= next.wrapping_sub(hole) & mask {
                self.move_row(next, hole, row);
                hole = next;
            }
        }
        self.table.get_mut(place(hole)).into_iter().for_each(|row| *row = FREE);
    }

    fn move_row(&mut self, from: u32, to: u32, row: Slot) {
        let tie = self.ties.get(place(from)).copied().unwrap_or(0);
        self.set_tie(to, tie);
        self.table.get_mut(place(to)).into_iter().for_each(|slot| *slot = row);
        let bid = self.heap.get_mut(place(row.at));
        bid.into_iter().for_each(|bid| *bid = bid.with_handle(to));
    }

    /// A table of twice the places.
    #[cold]
    #[inline(never)]
    fn enlarge(&mut self) {
        let length = self.table.len().saturating_mul(2).max(TABLE_MIN);
        let table = core::mem::replace(&mut self.table, vec![FREE; length]);
        let ties = core::mem::replace(&mut self.ties, vec![0; length]);
        let rows = table.into_iter().zip(ties).filter(|(row, _)| row.at != UNUSED);
        for (row, tie) in rows {
            let slot = self.seek(row.provider);
            self.table.get_mut(place(slot)).into_iter().for_each(|free| *free = row);
            self.set_tie(slot, tie);
            let bid = self.heap.get_mut(place(row.at));
            bid.into_iter().for_each(|bid| *bid = bid.with_handle(slot));
        }
    }

    // The heap.

    /// Writes a bid to a place of the heap, and the place to its slot.
    #[inline(always)]
    fn write(&mut self, at: usize, bid: Packed) {
        self.heap.get_mut(at).into_iter().for_each(|place| *place = bid);
        let slot = self.table.get_mut(place(bid.provider()));
        slot.into_iter().for_each(|slot| slot.at = short(at));
    }

    /// Puts a bid where it belongs, from a place whose own bid is gone.
    #[inline]
    fn settle<N: Names>(&mut self, at: usize, bid: Packed, exact: &Exact<'_, N>) {
        if !self.rise(at, bid, exact) {
            self.sink(at, bid, exact);
        }
    }

    /// Puts a bid at a place or above it; says whether it went up.
    #[inline]
    fn rise<N: Names>(&mut self, from: usize, bid: Packed, exact: &Exact<'_, N>) -> bool {
        let mut at = from;
        while let Some(below_root) = at.checked_sub(1) {
            let above = below_root.wrapping_shr(2);
            let Some(parent) = self.heap.get(above).copied() else { break };
            if !self.before(bid, parent, exact) {
                break;
            }
            self.write(at, parent);
            at = above;
        }
        self.write(at, bid);
        at != from
    }

    /// Puts a bid at a place or below it.
    #[inline]
    fn sink<N: Names>(&mut self, from: usize, bid: Packed, exact: &Exact<'_, N>) {
        let mut at = from;
        while let Some((below, child)) = self.least_child(at, exact) {
            if !self.before(child, bid, exact) {
                break;
            }
            self.write(at, child);
            at = below;
        }
        self.write(at, bid);
    }

    /// The best bid of those below a place.
    #[inline]
    fn least_child<N: Names>(
        &mut self,
        at: usize,
        exact: &Exact<'_, N>,
    ) -> Option<(usize, Packed)> {
        let first = at.wrapping_shl(2).wrapping_add(1);
        let rest = self.heap.get(first..)?;
        let (mut least, mut place, mut is_tied) = (*rest.first()?, first, false);
        let others = rest.get(..rest.len().min(4))?;
        for (at, bid) in (first..).zip(others).skip(1) {
            is_tied |= bid.ties(least);
            place = if *bid < least { at } else { place };
            least = least.min(*bid);
        }
        if is_tied { self.least_of_tied(first, exact) } else { Some((place, least)) }
    }

    #[cold]
    #[inline(never)]
    fn least_of_tied<N: Names>(
        &mut self,
        first: usize,
        exact: &Exact<'_, N>,
    ) -> Option<(usize, Packed)> {
        let mut best: Option<(usize, Packed)> = None;
        for at in (first..).take(4) {
            let Some(bid) = self.heap.get(at).copied() else { break };
            if best.is_none_or(|(_, best)| self.before(bid, best, exact)) {
                best = Some((at, bid));
            }
        }
        best
    }

    /// Whether one bid goes before another.
    #[inline(always)]
    fn before<N: Names>(&mut self, one: Packed, other: Packed, exact: &Exact<'_, N>) -> bool {
        if one.ties(other) { self.wins_tie(one, other, exact) } else { one < other }
    }

    #[cold]
    #[inline(never)]
    fn wins_tie<N: Names>(&mut self, one: Packed, other: Packed, exact: &Exact<'_, N>) -> bool {
        let [one, other] = [one, other].map(|bid| (bid.provider(), self.named(bid)));
        if !one.1.is_on_edge() {
            let [left, right] = [one, other].map(|(slot, bid)| self.tie(slot, bid, exact));
            if left != right {
                return left < right;
            }
        }
        exact.wins_tie(one.1, other.1)
    }

    /// The start of a bid's tie-break, made once.
    fn tie<N: Names>(&mut self, slot: u32, bid: Packed, exact: &Exact<'_, N>) -> u64 {
        let known = self.ties.get(place(slot)).copied().unwrap_or(0);
        if known != 0 {
            return known;
        }
        let tie = exact.standing(bid).tie.start();
        self.set_tie(slot, tie);
        tie
    }
}
