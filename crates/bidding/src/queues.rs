//! [`Queues`]: the open bids of all orders, unsorted in one arena, the best of each at hand.
//!
//! An order has few bids, [`BidParams::bids_max`](crate::BidParams::bids_max) by default. A new one
//! is written behind the others and compared with the best; when the best one goes, the next is
//! looked for when somebody asks. That is less work than any structure that keeps an order of all.
//! Beyond [`FEW_MAX`] bids an order moves into a heap, so that nobody can make a block slow by
//! bidding often.
//!
//! The entries of an order lie side by side in a run of 4, 16, 32, 64 or 128 places: finding one by
//! its provider reads straight on, and what an order leaves behind is used by the next one as it is.
//!
//! | | few bids | many |
//! | --- | --- | --- |
//! | push | O(1) | O(log n) |
//! | reprice, remove | O(n) over 32 bytes each | O(log n) |
//! | best | O(1), after a loss of the best O(n) once | O(1) |
//! | worst | O(n) | O(n) |

mod entry;
mod runs;

pub(crate) use entry::{Entry, Names, Standing};
pub(crate) use runs::place;

use alloc::vec::Vec;

use undercut_primitives::Decimal;

use crate::queue::Heap;
use entry::{beats, wins_tie};
use runs::Runs;

/// The most bids of an order that are kept without a heap.
const FEW_MAX: u8 = 128;

/// The price of the best bid where there is none: every other is lower, or needs a look anyway.
const NO_PRICE: Decimal = Decimal::from_atoms(u128::MAX);

/// Stand for the place of the best bid where there is none: it left, and nobody has asked since; the
/// bids are in a heap; the order is closed.
const STALE: u8 = u8::MAX;
const MANY: u8 = 254;
const CLOSED: u8 = 253;

/// An order: one cache line, with all that a new bid is held against.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(crate) struct Header {
    /// The price of the best bid, where it is known.
    best: Decimal,
    /// The most that a bid may ask.
    pub(crate) ceiling: Decimal,
    /// The run of few bids; the heap of many.
    run: u32,
    /// What a bidder must be.
    pub(crate) class: u16,
    len: u8,
    /// How many bids the run has places for; 0 without one.
    room: u8,
    best_at: u8,
}

/// What is left to do for a new bid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// Nothing.
    Done,
    /// It asks as much as the best one.
    Tied,
    /// Everything: it has not got a place.
    NoRoom,
}

/// The open bids of all orders, by the handle of the order. A handle that is not open holds none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queues {
    headers: Vec<Header>,
    free: Vec<u32>,
    runs: Runs,
    heaps: Vec<Heap<u32, Standing>>,
    free_heaps: Vec<u32>,
}

impl Header {
    /// Where the entry of a place lies.
    #[inline(always)]
    fn slot(&self, at: u8) -> u32 {
        // A run lies within a page, and pages end before the numbers do.
        self.run.wrapping_add(u32::from(at))
    }

    /// Holds a new bid that asks no more than the best one, or is the first, against it.
    #[inline]
    fn challenge(&mut self, at: u8, price: Decimal) -> Pushed {
        if at == 0 || (price < self.best && self.best_at != STALE) {
            (self.best, self.best_at) = (price, at);
        } else if self.best_at != STALE {
            return Pushed::Tied;
        }
        Pushed::Done
    }

    /// The heap of an order with many bids.
    fn heap(&self) -> Option<usize> {
        (self.best_at == MANY).then_some(place(self.run))
    }
}

impl Queues {
    /// A handle for an order without bids; `None` when 2^32 orders are open.
    #[inline]
    pub(crate) fn open(&mut self, ceiling: Decimal, class: u16) -> Option<u32> {
        let (best, best_at) = (NO_PRICE, STALE);
        let header = Header { best, ceiling, run: 0, class, len: 0, room: 0, best_at };
        if let Some(order) = self.free.pop() {
            *self.headers.get_mut(place(order))? = header;
            return Some(order);
        }
        let order = u32::try_from(self.headers.len()).ok()?;
        self.headers.push(header);
        Some(order)
    }

    /// What is known of an open order.
    #[inline(always)]
    pub(crate) fn header(&self, order: u32) -> Option<&Header> {
        self.headers.get(place(order)).filter(|header| header.best_at != CLOSED)
    }

    /// Says of an open order what its bidders must be.
    pub(crate) fn set_class(&mut self, order: u32, class: u16) {
        self.headers.get_mut(place(order)).into_iter().for_each(|header| header.class = class);
    }

    /// Forgets an order with all its bids; says how many there were.
    #[inline]
    pub(crate) fn close(&mut self, order: u32) -> Option<u32> {
        let header = self.headers.get_mut(place(order))?;
        let (run, best_at, len) = (header.run, header.best_at, header.len);
        if best_at == CLOSED {
            return None;
        }
        let room = core::mem::take(&mut header.room);
        (header.best_at, header.len) = (CLOSED, 0);
        self.free.push(order);
        if best_at != MANY {
            self.runs.give_back(run, room);
            return Some(u32::from(len));
        }
        let heap = self.heaps.get_mut(place(run))?;
        let len = heap.len();
        heap.clear();
        self.free_heaps.push(run);
        Some(u32::try_from(len).unwrap_or(u32::MAX))
    }

    /// Adds the bid of a provider that has none in this order; `false` when the order is not open.
    pub(crate) fn push(&mut self, order: u32, entry: Entry, names: &impl Names) -> bool {
        match self.push_fast(order, entry) {
            Pushed::Done => true,
            Pushed::Tied => self.decide_tie(order, names),
            Pushed::NoRoom => self.push_with_more_room(order, entry, names),
        }
    }

    /// [`Queues::push`] where that is a matter of some stores; [`Queues::decide_tie`] and
    /// [`Queues::push_with_more_room`] do the rest.
    ///
    /// Written into its callers, so that an entry is put together where it stays: it would be stored
    /// in eights and read in sixteens otherwise, which costs more than all that is done here.
    #[inline(always)]
    pub(crate) fn push_fast(&mut self, order: u32, entry: Entry) -> Pushed {
        let Some(header) = self.headers.get_mut(place(order)) else { return Pushed::NoRoom };
        let at = header.len;
        if at >= header.room {
            return Pushed::NoRoom;
        }
        let Some(slot) = self.runs.entry_mut(header.slot(at)) else { return Pushed::NoRoom };
        (slot.price, slot.tie, slot.provider) = (entry.price, entry.tie, entry.provider);
        header.len = at.wrapping_add(1);
        if entry.price > header.best {
            return Pushed::Done;
        }
        header.challenge(at, entry.price)
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn push_with_more_room(
        &mut self,
        order: u32,
        entry: Entry,
        names: &impl Names,
    ) -> bool {
        let Some(header) = self.headers.get_mut(place(order)) else { return false };
        match header.best_at {
            CLOSED => false,
            MANY => {
                let heap = header.heap().and_then(|heap| self.heaps.get_mut(heap));
                let standing = names.standing(&entry);
                heap.map(|heap| heap.push(entry.provider, standing)).is_some()
            }
            _ if header.len >= FEW_MAX => {
                self.make_heap(order, names) && self.push_with_more_room(order, entry, names)
            }
            _ => {
                let longer = self.runs.lengthen(header.run, header.room, header.len);
                let Some((run, room)) = longer else { return false };
                (header.run, header.room) = (run, room);
                self.push(order, entry, names)
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
        for entry in self.runs.part(header.run, header.len) {
            heap.push(entry.provider, names.standing(entry));
        }
        self.runs.give_back(header.run, header.room);
        if let Some(header) = self.headers.get_mut(place(order)) {
            (header.run, header.room, header.len, header.best_at) = (number, 0, 0, MANY);
        }
        true
    }

    /// Holds the last bid against the best one, which asks as much.
    #[cold]
    #[inline(never)]
    pub(crate) fn decide_tie(&mut self, order: u32, names: &impl Names) -> bool {
        let at = self.header(order).and_then(|header| header.len.checked_sub(1));
        at.is_some_and(|at| self.decide_tie_at(order, at, names))
    }

    /// Holds the bid at a place against the best one, which asks as much.
    #[cold]
    #[inline(never)]
    fn decide_tie_at(&mut self, order: u32, at: u8, names: &impl Names) -> bool {
        let Some(header) = self.headers.get_mut(place(order)) else { return false };
        let slots = [at, header.best_at].map(|at| header.slot(at));
        let [mut new, mut best] =
            slots.map(|slot| self.runs.entry_mut(slot).copied().unwrap_or_default());
        if wins_tie(&mut new, &mut best, names) {
            header.best_at = at;
        }
        for (slot, entry) in slots.into_iter().zip([new, best]) {
            self.runs.entry_mut(slot).into_iter().for_each(|slot| *slot = entry);
        }
        true
    }

    /// The place of a provider's bid among few.
    #[inline(always)]
    fn find(&self, header: &Header, provider: u32) -> Option<u8> {
        let mut entries = self.runs.part(header.run, header.len).iter();
        let at = entries.position(|entry| entry.provider == provider)?;
        u8::try_from(at).ok()
    }

    /// Gives a bid another price; `false` when the provider has none here.
    ///
    /// A tie-break of 0 leaves the one that the bid has.
    #[inline]
    pub(crate) fn reprice(&mut self, order: u32, new: Entry, names: &impl Names) -> bool {
        let Some(header) = self.header(order) else { return false };
        if let Some(heap) = header.heap() {
            let heap = self.heaps.get_mut(heap);
            return heap.is_some_and(|heap| heap.reprice(&new.provider, names.standing(&new)));
        }
        let Some(at) = self.find(header, new.provider) else { return false };
        let slot = header.slot(at);
        let Some(slot) = self.runs.entry_mut(slot) else { return false };
        slot.price = new.price;
        if new.tie != 0 {
            slot.tie = new.tie;
        }
        let Some(header) = self.headers.get_mut(place(order)) else { return false };
        if header.best_at == STALE {
            return true;
        }
        if new.price < header.best {
            (header.best, header.best_at) = (new.price, at);
        } else if at == header.best_at {
            // Dearer now, if not the same: another may be best.
            header.best_at = if new.price == header.best { at } else { STALE };
        } else if new.price == header.best {
            return self.decide_tie_at(order, at, names);
        }
        true
    }

    /// Takes a bid out; `false` when the provider has none here.
    #[inline]
    pub(crate) fn remove(&mut self, order: u32, provider: u32) -> bool {
        let Some(header) = self.header(order) else { return false };
        if let Some(heap) = header.heap() {
            let heap = self.heaps.get_mut(heap);
            return heap.is_some_and(|heap| heap.remove(&provider).is_some());
        }
        self.find(header, provider).is_some_and(|at| self.remove_at(order, at).is_some())
    }

    /// Takes the bid at a place out; the last one fills its place.
    #[inline]
    fn remove_at(&mut self, order: u32, at: u8) -> Option<()> {
        let header = self.headers.get_mut(place(order))?;
        let last_at = header.len.checked_sub(1)?;
        header.len = last_at;
        if last_at == 0 {
            header.best = NO_PRICE;
        }
        if at != last_at {
            let (slot, last) = (header.slot(at), header.slot(last_at));
            let Entry { price, tie, provider } = *self.runs.entry_mut(last)?;
            let slot = self.runs.entry_mut(slot)?;
            (slot.price, slot.tie, slot.provider) = (price, tie, provider);
        }
        if header.best_at == at {
            header.best_at = STALE;
        } else if header.best_at == last_at {
            header.best_at = at;
        }
        Some(())
    }

    /// Takes the best bid out.
    #[inline]
    pub(crate) fn pop(&mut self, order: u32, names: &impl Names) -> Option<(u32, Decimal)> {
        let best = self.best(order, names)?;
        let header = self.header(order)?;
        if header.best_at == MANY {
            self.remove(order, best.0);
        } else {
            self.remove_at(order, header.best_at)?;
        }
        Some(best)
    }

    /// The provider and the price of the best bid. Notes which it is, where that was not known.
    #[inline]
    pub(crate) fn best(&mut self, order: u32, names: &impl Names) -> Option<(u32, Decimal)> {
        let header = self.header(order)?;
        if header.best_at > FEW_MAX {
            return self.look_for_best(order, names);
        }
        let (price, slot) = (header.best, header.slot(header.best_at));
        self.runs.entry_mut(slot).map(|entry| (entry.provider, price))
    }

    #[inline(never)]
    fn look_for_best(&mut self, order: u32, names: &impl Names) -> Option<(u32, Decimal)> {
        let header = *self.header(order)?;
        if let Some(heap) = header.heap() {
            let (provider, standing) = self.heaps.get(heap)?.best()?;
            return Some((provider, standing.price));
        }
        let (at, best) = self.find_best(&header, names)?;
        // With its tie-break, if that had to be made.
        *self.runs.entry_mut(header.slot(at))? = best;
        let header = self.headers.get_mut(place(order))?;
        (header.best, header.best_at) = (best.price, at);
        Some((best.provider, best.price))
    }

    fn find_best(&mut self, header: &Header, names: &impl Names) -> Option<(u8, Entry)> {
        let (mut lowest, mut place, mut is_tied) = (NO_PRICE, None, false);
        for (at, entry) in (0..).zip(self.runs.part(header.run, header.len)) {
            if entry.price < lowest {
                (lowest, place, is_tied) = (entry.price, Some((at, *entry)), false);
            } else {
                is_tied |= entry.price == lowest;
            }
        }
        if is_tied { self.find_best_of_tied(header, names) } else { place }
    }

    #[cold]
    #[inline(never)]
    fn find_best_of_tied(&mut self, header: &Header, names: &impl Names) -> Option<(u8, Entry)> {
        let mut best: Option<(u8, Entry)> = None;
        for (at, entry) in (0..).zip(self.runs.part_mut(header.run, header.len)) {
            if best.as_mut().is_none_or(|(_, best)| beats(entry, best, names)) {
                best = Some((at, *entry));
            }
        }
        best
    }

    /// The provider and the price of the best bid. O(n) where [`Queues::best`] would have to look
    /// for it.
    pub(crate) fn peek(&self, order: u32, names: &impl Names) -> Option<(u32, Decimal)> {
        let header = self.header(order)?;
        if let Some(heap) = header.heap() {
            let (provider, standing) = self.heaps.get(heap)?.best()?;
            return Some((provider, standing.price));
        }
        let best = match header.best_at {
            STALE => self.entries(header).min_by(|a, b| compare(**a, **b, names))?,
            at => self.runs.part(header.run, header.len).get(usize::from(at))?,
        };
        Some((best.provider, best.price))
    }

    fn entries(&self, header: &Header) -> impl Iterator<Item = &Entry> {
        self.runs.part(header.run, header.len).iter()
    }

    /// Where an order's bids stand, with the handles of their providers, in no order.
    pub(crate) fn standings(&self, order: u32, names: &impl Names) -> Vec<(u32, Standing)> {
        let Some(header) = self.header(order) else { return Vec::new() };
        if let Some(heap) = header.heap() {
            return self.heaps.get(heap).into_iter().flat_map(Heap::iter).collect();
        }
        self.entries(header).map(|entry| (entry.provider, names.standing(entry))).collect()
    }

    /// How many open bids an order has.
    pub(crate) fn len(&self, order: u32) -> usize {
        let Some(header) = self.header(order) else { return 0 };
        let heap = header.heap().and_then(|heap| self.heaps.get(heap));
        heap.map_or(usize::from(header.len), Heap::len)
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
