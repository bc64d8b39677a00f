//! [`Queues`]: the open bids of all orders, unsorted in one arena, the best of each at hand.
//!
//! An order has few bids, [`BidParams::bids_max`](crate::BidParams::bids_max) by default. A new one
//! is written behind the others and compared with the best; when the best one goes, the next is
//! looked for when somebody asks. That is less work than any structure that keeps an order of all.
//! Beyond [`FEW_MAX`] bids an order moves into a heap, so that nobody can make a block slow by
//! bidding often.
//!
//! The entries of an order lie in segments of 4, 4, 8, 16, 32 and 64: adding one moves none of the
//! others, and what an order leaves behind is used by the next one as it is.
//!
//! | | few bids | many |
//! | --- | --- | --- |
//! | push | O(1) | O(log n) |
//! | reprice, remove | O(n) over 32 bytes each | O(log n) |
//! | best | O(1), after a loss of the best O(n) once | O(1) |
//! | worst | O(n) | O(n) |

mod entry;
mod runs;

pub(crate) use entry::{Entry, Names};
pub(crate) use runs::place;

use alloc::vec::Vec;

use undercut_primitives::Decimal;

use crate::Rank;
use crate::queue::Heap;
use entry::{beats, wins_tie};
use runs::Runs;

/// The most bids of an order that are kept without a heap.
pub(crate) const FEW_MAX: u8 = 128;

const SEGMENTS: usize = 6;

/// A segment without a run. No run starts there: it is no multiple of four.
const NO_RUN: u32 = u32::MAX;

/// The best is not known: it left, and nobody has asked since.
const STALE: u8 = u8::MAX;

/// An order: one cache line, with all that a new bid is held against.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(crate) struct Header {
    /// The price of the best bid, where it is known.
    best: Decimal,
    /// The most that a bid may ask.
    pub(crate) ceiling: Decimal,
    /// The runs of the segments; of an order with many bids, its heap.
    segments: [u32; SEGMENTS],
    /// What a bidder must be.
    pub(crate) class: u32,
    len: u8,
    best_at: u8,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Closed,
    Few,
    Many,
}

/// The open bids of all orders, by the handle of the order. A handle that is not open holds none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queues {
    headers: Vec<Header>,
    free: Vec<u32>,
    runs: Runs,
    heaps: Vec<Heap<u32>>,
    free_heaps: Vec<u32>,
}

/// The segment of a place, and how far from its start.
#[inline]
fn locate(place: u8) -> (usize, u32) {
    let log = (place | 3).ilog2();
    let mask = 1_u32.wrapping_shl(log).wrapping_sub(1) | 3;
    (runs::place(log.wrapping_sub(1)), u32::from(place) & mask)
}

/// The length of a segment's run, as [`Runs`] counts it: 0 for 4 entries.
fn size_of_segment(segment: usize) -> u32 {
    u32::try_from(segment).unwrap_or(u32::MAX).saturating_sub(1)
}

impl Header {
    /// The segments in use: the place of the first entry, the run, and how many entries it has.
    #[inline]
    fn parts(&self) -> impl Iterator<Item = (u8, u32, u32)> + use<> {
        let (segments, mut left, mut size, mut first) = (self.segments, self.len, 4_u8, 0_u8);
        segments.into_iter().enumerate().map_while(move |(number, run)| {
            if number > 1 {
                size = size.wrapping_shl(1);
            }
            let (length, start) = (left.min(size), first);
            left = left.wrapping_sub(length);
            first = first.wrapping_add(size);
            (length > 0).then_some((start, run, u32::from(length)))
        })
    }

    fn heap(&self) -> usize {
        self.segments.first().map_or(usize::MAX, |heap| place(*heap))
    }
}

impl Queues {
    /// A handle for an order without bids; `None` when 2^32 orders are open.
    pub(crate) fn open(&mut self, ceiling: Decimal, class: u32) -> Option<u32> {
        let (best, segments) = (Decimal::ZERO, [NO_RUN; SEGMENTS]);
        let header =
            Header { best, ceiling, segments, class, len: 0, best_at: STALE, kind: Kind::Few };
        if let Some(order) = self.free.pop() {
            *self.headers.get_mut(place(order))? = header;
            return Some(order);
        }
        let order = u32::try_from(self.headers.len()).ok()?;
        self.headers.push(header);
        Some(order)
    }

    /// What is known of an open order.
    #[inline]
    pub(crate) fn header(&self, order: u32) -> Option<&Header> {
        self.headers.get(place(order)).filter(|header| header.kind != Kind::Closed)
    }

    /// Forgets an order with all its bids; says how many there were.
    pub(crate) fn close(&mut self, order: u32) -> Option<u32> {
        let header = self.headers.get_mut(place(order))?;
        let (closed, kind) = (*header, header.kind);
        header.kind = Kind::Closed;
        if kind == Kind::Closed {
            return None;
        }
        self.free.push(order);
        if kind == Kind::Few {
            self.give_back(&closed);
            return Some(u32::from(closed.len));
        }
        let heap = self.heaps.get_mut(closed.heap())?;
        let len = heap.len();
        heap.clear();
        self.free_heaps.extend(closed.segments.first());
        Some(u32::try_from(len).unwrap_or(u32::MAX))
    }

    /// Gives back the runs of all segments that were begun.
    fn give_back(&mut self, header: &Header) {
        for (segment, run) in header.segments.iter().enumerate() {
            if *run == NO_RUN {
                return;
            }
            self.runs.give_back(*run, size_of_segment(segment));
        }
    }

    /// Adds the bid of a provider that has none in this order; `false` when the order is not open.
    #[inline]
    pub(crate) fn push(&mut self, order: u32, entry: Entry, names: &impl Names) -> bool {
        let Some(header) = self.headers.get_mut(place(order)) else { return false };
        let at = header.len;
        let (segment, offset) = locate(at);
        let run = header.segments.get(segment).copied().unwrap_or(NO_RUN);
        if run == NO_RUN || header.kind != Kind::Few {
            return self.push_into_new_segment(order, entry, names);
        }
        let Some(slot) = self.runs.entry_mut(run, offset) else { return false };
        *slot = entry;
        header.len = at.wrapping_add(1);
        if at == 0 || (entry.price < header.best && header.best_at != STALE) {
            (header.best, header.best_at) = (entry.price, at);
        } else if entry.price == header.best && header.best_at != STALE {
            self.decide_tie(order, at, names);
        }
        true
    }

    #[cold]
    #[inline(never)]
    fn push_into_new_segment(&mut self, order: u32, entry: Entry, names: &impl Names) -> bool {
        let Some(header) = self.headers.get_mut(place(order)) else { return false };
        match header.kind {
            Kind::Closed => false,
            Kind::Few if header.len < FEW_MAX => {
                let (segment, _) = locate(header.len);
                let run = self.runs.take(size_of_segment(segment));
                match run.zip(header.segments.get_mut(segment)) {
                    Some((run, free)) => *free = run,
                    None => return false,
                }
                self.push(order, entry, names)
            }
            Kind::Few => self.make_heap(order, names) && self.push(order, entry, names),
            Kind::Many => {
                let heap = self.heaps.get_mut(header.heap());
                heap.map(|heap| heap.push(entry.provider, names.rank(&entry))).is_some()
            }
        }
    }

    /// Moves the bids of an order into a heap.
    fn make_heap(&mut self, order: u32, names: &impl Names) -> bool {
        let Some(header) = self.header(order).copied() else { return false };
        let number = self.free_heaps.pop().or_else(|| {
            self.heaps.push(Heap::default());
            u32::try_from(self.heaps.len().saturating_sub(1)).ok()
        });
        let Some(number) = number else { return false };
        let Some(heap) = self.heaps.get_mut(place(number)) else { return false };
        for (_, run, length) in header.parts() {
            for entry in self.runs.part(run, length) {
                heap.push(entry.provider, names.rank(entry));
            }
        }
        self.give_back(&header);
        if let Some(header) = self.headers.get_mut(place(order)) {
            let mut segments = [NO_RUN; SEGMENTS];
            segments.first_mut().into_iter().for_each(|first| *first = number);
            (header.segments, header.len, header.best_at) = (segments, 0, STALE);
            header.kind = Kind::Many;
        }
        true
    }

    /// Holds the bid at a place against the best one, which asks as much.
    #[cold]
    #[inline(never)]
    fn decide_tie(&mut self, order: u32, at: u8, names: &impl Names) {
        let Some(header) = self.headers.get_mut(place(order)) else { return };
        let slots = [at, header.best_at].map(|at| {
            let (segment, offset) = locate(at);
            (header.segments.get(segment).copied().unwrap_or(NO_RUN), offset)
        });
        let [mut new, mut best] = slots
            .map(|(run, offset)| self.runs.entry_mut(run, offset).copied().unwrap_or_default());
        if wins_tie(&mut new, &mut best, names) {
            header.best_at = at;
        }
        for ((run, offset), entry) in slots.into_iter().zip([new, best]) {
            self.runs.entry_mut(run, offset).into_iter().for_each(|slot| *slot = entry);
        }
    }

    /// The place of a provider's bid among few.
    #[inline]
    fn find(&self, header: &Header, provider: u32) -> Option<u8> {
        for (first, run, length) in header.parts() {
            let mut entries = self.runs.part(run, length).iter();
            if let Some(at) = entries.position(|entry| entry.provider == provider) {
                return u8::try_from(at).ok()?.checked_add(first);
            }
        }
        None
    }

    /// Gives a bid another price; `false` when the provider has none here.
    ///
    /// A tie-break of 0 leaves the one that the bid has.
    #[inline]
    pub(crate) fn reprice(&mut self, order: u32, new: Entry, names: &impl Names) -> bool {
        let Some(header) = self.header(order).copied() else { return false };
        if header.kind == Kind::Many {
            let heap = self.heaps.get_mut(header.heap());
            return heap.is_some_and(|heap| heap.reprice(&new.provider, names.rank(&new)));
        }
        let Some(at) = self.find(&header, new.provider) else { return false };
        let (segment, offset) = locate(at);
        let run = header.segments.get(segment).copied().unwrap_or(NO_RUN);
        let Some(slot) = self.runs.entry_mut(run, offset) else { return false };
        let tie = if new.tie == 0 { slot.tie } else { new.tie };
        *slot = Entry { tie, ..new };
        let Some(kept) = self.headers.get_mut(place(order)) else { return false };
        if kept.best_at == STALE {
            return true;
        }
        if new.price < header.best {
            (kept.best, kept.best_at) = (new.price, at);
        } else if at == header.best_at {
            // Dearer now, if not the same: another may be best.
            kept.best_at = if new.price == header.best { at } else { STALE };
        } else if new.price == header.best {
            self.decide_tie(order, at, names);
        }
        true
    }

    /// Takes a bid out; `None` when the provider has none here.
    #[inline]
    pub(crate) fn remove(&mut self, order: u32, provider: u32) -> Option<Entry> {
        let header = *self.header(order)?;
        if header.kind == Kind::Many {
            let rank = self.heaps.get_mut(header.heap())?.remove(&provider)?;
            return Some(Entry::of(&rank, provider));
        }
        let at = self.find(&header, provider)?;
        self.remove_at(order, at)
    }

    /// Takes the bid at a place out; the last one fills its place.
    fn remove_at(&mut self, order: u32, at: u8) -> Option<Entry> {
        let header = self.headers.get_mut(place(order))?;
        let last_at = header.len.checked_sub(1)?;
        let run = |at: u8| {
            let (segment, offset) = locate(at);
            header.segments.get(segment).map(|run| (*run, offset))
        };
        let ((run, offset), (last_run, last_offset)) = (run(at)?, run(last_at)?);
        let last = *self.runs.entry_mut(last_run, last_offset)?;
        let removed = core::mem::replace(self.runs.entry_mut(run, offset)?, last);
        header.len = last_at;
        if header.best_at == at {
            header.best_at = STALE;
        } else if header.best_at == last_at {
            header.best_at = at;
        }
        Some(removed)
    }

    /// Takes the best bid out.
    pub(crate) fn pop(&mut self, order: u32, names: &impl Names) -> Option<Entry> {
        let best = self.best(order, names)?;
        let header = self.header(order)?;
        match header.kind {
            Kind::Few => self.remove_at(order, header.best_at),
            Kind::Many | Kind::Closed => self.remove(order, best.provider),
        }
    }

    /// The best bid. Notes which it is, where that was not known.
    #[inline]
    pub(crate) fn best(&mut self, order: u32, names: &impl Names) -> Option<Entry> {
        let header = *self.header(order)?;
        if header.kind == Kind::Few && header.best_at == STALE {
            let (at, best) = self.find_best(&header, names)?;
            let (segment, offset) = locate(at);
            let run = header.segments.get(segment).copied()?;
            // With its tie-break, if that had to be made.
            *self.runs.entry_mut(run, offset)? = best;
            let header = self.headers.get_mut(place(order))?;
            (header.best, header.best_at) = (best.price, at);
            return Some(best);
        }
        self.peek(order, names)
    }

    fn find_best(&mut self, header: &Header, names: &impl Names) -> Option<(u8, Entry)> {
        let mut best: Option<(u8, Entry)> = None;
        for (first, run, length) in header.parts() {
            for (at, entry) in (first..).zip(self.runs.part_mut(run, length)) {
                if best.as_mut().is_none_or(|(_, best)| beats(entry, best, names)) {
                    best = Some((at, *entry));
                }
            }
        }
        best
    }

    /// The best bid. O(n) where [`Queues::best`] would have to look for it.
    pub(crate) fn peek(&self, order: u32, names: &impl Names) -> Option<Entry> {
        let header = self.header(order)?;
        match (header.kind, header.best_at) {
            (Kind::Many, _) => {
                let (provider, rank) = self.heaps.get(header.heap())?.best()?;
                Some(Entry::of(&rank, provider))
            }
            (_, STALE) => self.entries(header).copied().min_by(|a, b| compare(*a, *b, names)),
            (_, at) => {
                let (segment, offset) = locate(at);
                let run = *header.segments.get(segment)?;
                self.runs.part(run, offset.saturating_add(1)).last().copied()
            }
        }
    }

    fn entries(&self, header: &Header) -> impl Iterator<Item = &Entry> {
        header.parts().flat_map(|(_, run, length)| self.runs.part(run, length))
    }

    /// The ranks of an order's bids, in no order.
    pub(crate) fn ranks(&self, order: u32, names: &impl Names) -> Vec<Rank> {
        let Some(header) = self.header(order) else { return Vec::new() };
        match header.kind {
            Kind::Many => {
                self.heaps.get(header.heap()).map_or_else(Vec::new, |heap| heap.ranks().collect())
            }
            _ => self.entries(header).map(|entry| names.rank(entry)).collect(),
        }
    }

    /// How many open bids an order has.
    pub(crate) fn len(&self, order: u32) -> usize {
        match self.header(order) {
            Some(header) if header.kind == Kind::Many => {
                self.heaps.get(header.heap()).map_or(0, Heap::len)
            }
            Some(header) => usize::from(header.len),
            None => 0,
        }
    }

    /// Bytes in use and in reserve, but for heaps.
    pub(crate) fn bytes(&self) -> usize {
        let headers = self.headers.capacity().saturating_mul(size_of::<Header>());
        let free = self.free.capacity().saturating_mul(4);
        headers.saturating_add(free).saturating_add(self.runs.bytes())
    }
}

fn compare(mut left: Entry, mut right: Entry, names: &impl Names) -> core::cmp::Ordering {
    if left.provider == right.provider {
        core::cmp::Ordering::Equal
    } else if beats(&mut left, &mut right, names) {
        core::cmp::Ordering::Less
    } else {
        core::cmp::Ordering::Greater
    }
}

#[cfg(test)]
mod tests;
