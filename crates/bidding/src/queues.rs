//! [`Queues`]: the open bids of all orders, unsorted, the best of each at hand.
//!
//! An order has few bids, [`BidParams::bids_max`](crate::BidParams::bids_max) by default. The better
//! one of a new bid and the best becomes the best, the other one is written behind the rest; when the
//! best one goes, the next is looked for when somebody asks. That is less work than any structure that
//! keeps an order of all. Beyond 65 bids an order moves into a heap, so that nobody can make a block
//! slow by bidding often.
//!
//! A bid is a number of 16 bytes, [`Packed`]. The best one lies within the order itself, a cache line;
//! the others side by side in a run of 4, which an order keeps for the next one in its place, or of 16
//! or 64. Finding one by its provider reads straight on.
//!
//! | | few bids | many |
//! | --- | --- | --- |
//! | push | O(1) | O(log n) |
//! | reprice, remove | O(n) over 16 bytes each | O(log n) |
//! | best | O(1), after a loss of the best O(n) once | O(1) |
//! | worst | O(n) | O(n) |

mod entry;
mod many;
mod order;
mod runs;

pub(crate) use entry::{Entry, Names, Standing};
pub(crate) use order::{Header, Pushed};
pub(crate) use runs::place;

use alloc::vec::Vec;

use undercut_primitives::Decimal;

use entry::{Edges, Exact, Packed};
use many::Many;
use order::Kind;
use runs::Runs;

/// The open bids of all orders, by the handle of the order. A handle that is not open holds none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queues {
    headers: Vec<Header>,
    free: Vec<u32>,
    runs: Runs,
    heaps: Vec<Many>,
    free_heaps: Vec<u32>,
    edges: Edges,
}

impl Queues {
    /// A handle for an order without bids; `None` when 2^32 orders are open.
    #[inline]
    pub(crate) fn open(&mut self, ceiling: Decimal, class: u16) -> Option<u32> {
        self.open_with(ceiling, class, 0)
    }

    /// [`Queues::open`] with a note for whoever opens it.
    #[inline]
    pub(crate) fn open_with(&mut self, ceiling: Decimal, class: u16, note: u32) -> Option<u32> {
        if let Some(order) = self.free.pop() {
            self.headers.get_mut(place(order))?.open(ceiling, class, note);
            return Some(order);
        }
        let order = u32::try_from(self.headers.len()).ok()?;
        self.headers.push(Header::new(ceiling, class, note, &mut self.runs)?);
        Some(order)
    }

    /// What is known of an open order.
    #[inline(always)]
    pub(crate) fn header(&self, order: u32) -> Option<&Header> {
        self.headers.get(place(order)).filter(|header| header.kind != Kind::Closed)
    }

    /// Says of an open order what its bidders must be.
    pub(crate) fn set_class(&mut self, order: u32, class: u16) {
        self.headers.get_mut(place(order)).into_iter().for_each(|header| header.class = class);
    }

    /// Forgets an order with all its bids; says how many there were.
    #[inline]
    pub(crate) fn close(&mut self, order: u32) -> Option<u32> {
        let Self { headers, runs, .. } = self;
        let header = headers.get_mut(place(order)).filter(|header| header.kind != Kind::Closed)?;
        let (kind, run, lost) = (header.kind, header.run, header.close(runs));
        self.free.push(order);
        self.edges.close(order);
        if kind == Kind::Many { self.close_heap(run) } else { Some(lost) }
    }

    #[cold]
    fn close_heap(&mut self, number: u32) -> Option<u32> {
        let heap = self.heaps.get_mut(place(number))?;
        let lost = heap.len();
        heap.clear();
        self.free_heaps.push(number);
        Some(u32::try_from(lost).unwrap_or(u32::MAX))
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
    #[inline(always)]
    pub(crate) fn push_fast(&mut self, order: u32, entry: Entry) -> Pushed {
        match Packed::within(entry.price, entry.provider) {
            Some(bid) => self.push_packed(order, bid),
            None => Pushed::NoRoom,
        }
    }

    #[inline(always)]
    fn push_packed(&mut self, order: u32, bid: Packed) -> Pushed {
        let Self { headers, runs, .. } = self;
        headers.get_mut(place(order)).map_or(Pushed::NoRoom, |header| header.push(bid, runs))
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn push_with_more_room(
        &mut self,
        order: u32,
        entry: Entry,
        names: &impl Names,
    ) -> bool {
        let Some(header) = self.header(order) else { return false };
        let (is_full, is_many) = (header.is_full(), header.kind == Kind::Many);
        let bid = self.edges.pack(order, entry.price, entry.provider);
        if is_many {
            return self.push_among_many(order, bid, entry.tie, names);
        }
        if is_full && !self.lengthen(order) {
            return self.make_heap(order, names)
                && self.push_among_many(order, bid, entry.tie, names);
        }
        match self.push_packed(order, bid) {
            Pushed::Done => true,
            Pushed::Tied => self.decide_tie(order, names),
            Pushed::NoRoom => false,
        }
    }

    /// Makes room for more bids; `false` where there are many.
    fn lengthen(&mut self, order: u32) -> bool {
        let Self { headers, runs, .. } = self;
        headers.get_mut(place(order)).is_some_and(|header| header.lengthen(runs).is_some())
    }

    fn push_among_many(&mut self, order: u32, bid: Packed, tie: u64, names: &impl Names) -> bool {
        let Self { headers, heaps, edges, .. } = self;
        let heap = headers.get(place(order)).and_then(|header| heaps.get_mut(place(header.run)));
        heap.map(|heap| heap.push(bid, tie, &Exact { edges, names, order })).is_some()
    }

    /// Moves the bids of an order into a heap.
    fn make_heap(&mut self, order: u32, names: &impl Names) -> bool {
        let number = self.free_heaps.pop().or_else(|| {
            self.heaps.push(Many::default());
            u32::try_from(self.heaps.len().saturating_sub(1)).ok()
        });
        let Self { headers, heaps, runs, edges, .. } = self;
        let Some(header) = headers.get_mut(place(order)) else { return false };
        let heap = number.and_then(|number| heaps.get_mut(place(number)).zip(Some(number)));
        let Some((heap, number)) = heap else { return false };
        let exact = Exact { edges, names, order };
        header.known_best().into_iter().for_each(|best| heap.push(best, 0, &exact));
        header.rest(runs).iter().for_each(|bid| heap.push(*bid, 0, &exact));
        header.move_to(number, runs);
        true
    }

    /// Holds the bid that was pushed last against the one that asks as much.
    #[cold]
    #[inline(never)]
    pub(crate) fn decide_tie(&mut self, order: u32, names: &impl Names) -> bool {
        let last = self.header(order).and_then(|header| header.rest.checked_sub(1));
        last.is_some_and(|last| self.decide_tie_at(order, last, names))
    }

    /// Puts the better one of the best bid and of another, which asks as much, to its place.
    #[cold]
    #[inline(never)]
    fn decide_tie_at(&mut self, order: u32, at: u8, names: &impl Names) -> bool {
        let Self { headers, runs, edges, .. } = self;
        let Some(header) = headers.get_mut(place(order)) else { return false };
        let best = header.best;
        let Some(other) = runs.bid_mut(header.run, at) else { return false };
        let bid = *other;
        if (Exact { edges, names, order }).wins_tie(bid, best) {
            *other = best;
            header.best = bid;
        }
        true
    }

    /// Gives a bid another price; `false` when the provider has none here.
    ///
    /// A tie-break of 0 leaves the one that the bid has.
    #[inline]
    pub(crate) fn reprice(&mut self, order: u32, new: Entry, names: &impl Names) -> bool {
        let Self { headers, runs, .. } = self;
        let Some(header) = headers.get_mut(place(order)) else { return false };
        let within = Packed::within(new.price, new.provider);
        let at = header.find(new.provider, runs);
        if let (Some(bid), Some(at), true) = (within, at, self.edges.is_empty()) {
            return match header.replace(at, bid, runs) {
                Pushed::Done => true,
                Pushed::Tied => self.decide_tie_at(order, at, names),
                Pushed::NoRoom => false,
            };
        }
        self.reprice_slowly(order, new, names)
    }

    /// [`Queues::reprice`] for the best bid, for one of many, and for prices on edges.
    #[inline(never)]
    fn reprice_slowly(&mut self, order: u32, new: Entry, names: &impl Names) -> bool {
        let Self { headers, runs, heaps, edges, .. } = self;
        let Some(header) = headers.get_mut(place(order)) else { return false };
        if header.kind == Kind::Many {
            let Some(heap) = heaps.get_mut(place(header.run)) else { return false };
            return heap.has(new.provider) && {
                let bid = edges.repack(order, new.price, new.provider);
                heap.reprice(bid, new.tie, &Exact { edges, names, order })
            };
        }
        let at = header.find(new.provider, runs);
        if at.is_none() && header.best.provider() != new.provider {
            return false;
        }
        let bid = edges.repack(order, new.price, new.provider);
        let exact = Exact { edges, names, order };
        if let Some(at) = at {
            match header.replace(at, bid, runs) {
                Pushed::Done => true,
                Pushed::Tied => self.decide_tie_at(order, at, names),
                Pushed::NoRoom => false,
            }
        } else {
            // It may be dearer now, and another one the best.
            header.best = bid;
            let least =
                header.least(runs, &exact).filter(|(_, least)| exact.is_before(*least, bid));
            if let Some((at, least)) = least {
                header.best = least;
                runs.bid_mut(header.run, at).into_iter().for_each(|place| *place = bid);
            }
            true
        }
    }

    /// Takes a bid out; `false` when the provider has none here.
    #[inline]
    pub(crate) fn remove(&mut self, order: u32, provider: u32, names: &impl Names) -> bool {
        let Self { headers, runs, edges, .. } = self;
        let Some(header) = headers.get_mut(place(order)) else { return false };
        let best = header.best;
        if best.provider() == provider {
            header.remove_best();
            edges.forget(order, best);
            return true;
        }
        let removed = match header.find(provider, runs) {
            Some(at) => header.remove_at(at, runs),
            None if header.kind == Kind::Many => self.remove_among_many(order, provider, names),
            None => None,
        };
        removed.into_iter().for_each(|removed| self.edges.forget(order, removed));
        removed.is_some()
    }

    #[inline(never)]
    fn remove_among_many(
        &mut self,
        order: u32,
        provider: u32,
        names: &impl Names,
    ) -> Option<Packed> {
        let Self { headers, heaps, edges, .. } = self;
        let heap = heaps.get_mut(place(headers.get(place(order))?.run))?;
        heap.remove(provider, &Exact { edges, names, order })
    }

    /// Takes the best bid out.
    #[inline]
    pub(crate) fn pop(&mut self, order: u32, names: &impl Names) -> Option<(u32, Decimal)> {
        let best = self.best_packed(order, names)?;
        let header = self.headers.get_mut(place(order))?;
        let price = self.edges.price(order, best);
        if header.kind == Kind::Many {
            self.remove_among_many(order, best.provider(), names);
        } else {
            header.remove_best();
        }
        self.edges.forget(order, best);
        Some((best.provider(), price))
    }

    /// The provider and the price of the best bid. Notes which it is, where that was not known.
    #[inline]
    pub(crate) fn best(&mut self, order: u32, names: &impl Names) -> Option<(u32, Decimal)> {
        let best = self.best_packed(order, names)?;
        Some((best.provider(), self.edges.price(order, best)))
    }

    #[inline(always)]
    fn best_packed(&mut self, order: u32, names: &impl Names) -> Option<Packed> {
        let best = self.headers.get(place(order))?.best;
        if best.is_bid() { Some(best) } else { self.look_for_best(order, names) }
    }

    #[inline(never)]
    fn look_for_best(&mut self, order: u32, names: &impl Names) -> Option<Packed> {
        let Self { headers, runs, heaps, edges, .. } = self;
        let header = headers.get_mut(place(order))?;
        if header.kind == Kind::Many {
            return heaps.get(place(header.run))?.best();
        }
        let (at, best) = header.least(runs, &Exact { edges, names, order })?;
        header.remove_at(at, runs)?;
        header.best = best;
        Some(best)
    }

    /// The provider and the price of the best bid. O(n) where [`Queues::best`] would have to look
    /// for it.
    pub(crate) fn peek(&self, order: u32, names: &impl Names) -> Option<(u32, Decimal)> {
        let Self { headers, runs, heaps, edges, .. } = self;
        let (header, exact) = (headers.get(place(order))?, Exact { edges, names, order });
        let best = match header.kind {
            Kind::Few if header.best.is_bid() => header.best,
            Kind::Few => header.least(runs, &exact)?.1,
            Kind::Many => heaps.get(place(header.run))?.best()?,
            Kind::Closed => return None,
        };
        Some((best.provider(), exact.price(best)))
    }

    /// Where an order's bids stand, with the handles of their providers, in no order.
    pub(crate) fn standings(&self, order: u32, names: &impl Names) -> Vec<(u32, Standing)> {
        let Self { headers, runs, heaps, edges, .. } = self;
        let (Some(header), exact) = (headers.get(place(order)), Exact { edges, names, order })
        else {
            return Vec::new();
        };
        let heap = (header.kind == Kind::Many).then(|| heaps.get(place(header.run))).flatten();
        let few = header.known_best().into_iter().chain(header.rest(runs).iter().copied());
        let bids = few.chain(heap.into_iter().flat_map(Many::iter));
        bids.map(|bid| (bid.provider(), exact.standing(bid))).collect()
    }

    /// How many open bids an order has.
    pub(crate) fn len(&self, order: u32) -> usize {
        let Some(header) = self.headers.get(place(order)) else { return 0 };
        if header.kind == Kind::Many {
            return self.heaps.get(place(header.run)).map_or(0, Many::len);
        }
        place(header.len())
    }

    /// Bytes in use and in reserve, but for prices on edges.
    pub(crate) fn bytes(&self) -> usize {
        let headers = self.headers.capacity().saturating_mul(size_of::<Header>());
        let free = self.free.capacity().saturating_mul(4);
        let heaps = self.heaps.iter().map(Many::bytes).fold(0, usize::saturating_add);
        headers.saturating_add(free).saturating_add(self.runs.bytes()).saturating_add(heaps)
    }
}

#[cfg(test)]
mod tests;
