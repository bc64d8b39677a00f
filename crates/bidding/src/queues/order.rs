//! [`Header`]: an order, its best bid, and the others while they are few.

use undercut_primitives::Decimal;

use super::entry::{Exact, Names, Packed};
use super::runs::Runs;

/// How many bids besides the best lie within the order.
pub(crate) const INSIDE: u8 = 5;

/// What an order is to [`Queues`](super::Queues).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Open, with few bids.
    Few,
    /// Open, with a heap.
    Many,
    /// Not open.
    Closed,
}

/// What is left to do for a bid that has a new price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// Nothing.
    Done,
    /// It asks as much as the best one.
    Tied,
    /// Everything: there is no room for it.
    NoRoom,
}

/// An order in two cache lines, the first of which has all that a new bid is held against.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(128))]
pub(crate) struct Header {
    /// The best bid; [`Packed::LAST`] where there is none here, [`Packed::FIRST`] where it has left
    /// and nobody has asked for the next one since: none takes its place unseen.
    pub(crate) best: Packed,
    /// The most that a bid may ask.
    pub(crate) ceiling: Decimal,
    /// The run of the bids besides the best, where they are more than [`INSIDE`]; the heap of many.
    pub(crate) run: u32,
    /// For whoever opened it.
    pub(crate) note: u32,
    /// What a bidder must be.
    pub(crate) class: u16,
    /// How many bids there are besides the best.
    pub(crate) rest: u8,
    /// For how many there are places. None where the order has a heap or is closed.
    pub(crate) room: u8,
    pub(crate) kind: Kind,
    inside: [Packed; 5],
}

impl Header {
    /// An open order without bids.
    pub(crate) const fn new(ceiling: Decimal, class: u16, note: u32) -> Self {
        let (best, inside, kind) = (Packed::LAST, [Packed::LAST; 5], Kind::Few);
        Self { best, ceiling, run: 0, note, class, rest: 0, room: INSIDE, kind, inside }
    }

    /// Opens a closed order anew. What lies in it stays there unread.
    #[inline(always)]
    pub(crate) fn open(&mut self, ceiling: Decimal, class: u16, note: u32) {
        (self.ceiling, self.class, self.note) = (ceiling, class, note);
        (self.rest, self.room, self.kind) = (0, INSIDE, Kind::Few);
    }

    /// Closes it; says how many bids it had.
    #[inline(always)]
    pub(crate) fn close(&mut self) -> u32 {
        let lost = self.len();
        (self.best, self.rest, self.room, self.kind) = (Packed::LAST, 0, 0, Kind::Closed);
        lost
    }

    /// Says that its bids are in a heap.
    pub(crate) const fn move_to(&mut self, heap: u32) {
        (self.run, self.kind, self.best) = (heap, Kind::Many, Packed::LAST);
        (self.rest, self.room) = (0, 0);
    }

    /// How many bids it has, but for those in a heap.
    #[inline(always)]
    pub(crate) fn len(&self) -> u32 {
        u32::from(self.rest).saturating_add(u32::from(self.best.is_bid()))
    }

    /// Whether the next bid has no place.
    pub(crate) const fn is_full(&self) -> bool {
        self.rest >= self.room
    }

    /// The best bid, if it is known.
    pub(crate) fn known_best(&self) -> Option<Packed> {
        self.best.is_bid().then_some(self.best)
    }

    /// The place of a bid besides the best.
    #[inline(always)]
    pub(crate) fn bid_mut<'a>(&'a mut self, at: u8, runs: &'a mut Runs) -> Option<&'a mut Packed> {
        if self.room == INSIDE {
            self.inside.get_mut(usize::from(at))
        } else {
            runs.bid_mut(self.run, at)
        }
    }

    /// The bids besides the best.
    #[inline(always)]
    pub(crate) fn rest<'a>(&'a self, runs: &'a Runs) -> &'a [Packed] {
        if self.room == INSIDE {
            self.inside.get(..usize::from(self.rest)).unwrap_or_default()
        } else {
            runs.part(self.run, self.rest)
        }
    }

    /// Adds a bid that is not here.
    #[inline(always)]
    pub(crate) fn push(&mut self, bid: Packed, runs: &mut Runs) -> Pushed {
        let (at, best) = (self.rest, self.best);
        if at >= self.room {
            return Pushed::NoRoom;
        }
        // Written even if there was none: where it depends on nothing, nothing is guessed wrongly.
        let Some(place) = self.bid_mut(at, runs) else { return Pushed::NoRoom };
        *place = best.max(bid);
        self.best = best.min(bid);
        self.rest = at.wrapping_add(u8::from(best != Packed::LAST));
        if bid.ties(best) { Pushed::Tied } else { Pushed::Done }
    }

    /// Makes room for more; `None` where there is no longer run.
    pub(crate) fn lengthen(&mut self, runs: &mut Runs) -> Option<()> {
        let (run, room) = runs.take(self.room)?;
        if self.room == INSIDE {
            let rest = self.inside.get(..usize::from(self.rest))?;
            runs.part_mut(run, self.rest).copy_from_slice(rest);
        } else {
            runs.copy(self.run, run, self.rest)?;
            runs.give_back(self.run, self.room);
        }
        (self.run, self.room) = (run, room);
        Some(())
    }

    /// Where a provider's bid is besides the best.
    #[inline(always)]
    pub(crate) fn find(&self, provider: u32, runs: &Runs) -> Option<u8> {
        let at = self.rest(runs).iter().position(|bid| bid.provider() == provider)?;
        u8::try_from(at).ok()
    }

    /// Gives the bid at a place another price.
    #[inline(always)]
    pub(crate) fn replace(&mut self, at: u8, bid: Packed, runs: &mut Runs) -> Pushed {
        let best = self.best;
        let Some(place) = self.bid_mut(at, runs) else { return Pushed::NoRoom };
        *place = best.max(bid);
        self.best = best.min(bid);
        if bid.ties(best) { Pushed::Tied } else { Pushed::Done }
    }

    /// Takes the best bid out, which is known.
    #[inline(always)]
    pub(crate) const fn remove_best(&mut self) {
        self.best = if self.rest == 0 { Packed::LAST } else { Packed::FIRST };
    }

    /// Takes the bid at a place out; the last one fills its place.
    #[inline(always)]
    pub(crate) fn remove_at(&mut self, at: u8, runs: &mut Runs) -> Option<Packed> {
        let last_at = self.rest.checked_sub(1)?;
        let last = *self.bid_mut(last_at, runs)?;
        let removed = core::mem::replace(self.bid_mut(at, runs)?, last);
        self.rest = last_at;
        if last_at == 0 && self.best == Packed::FIRST {
            self.best = Packed::LAST;
        }
        Some(removed)
    }

    /// The best of the bids besides the best, and where it is.
    #[inline(always)]
    pub(crate) fn least<N: Names>(
        &self,
        runs: &Runs,
        exact: &Exact<'_, N>,
    ) -> Option<(u8, Packed)> {
        let rest = self.rest(runs);
        let (mut least, mut place, mut is_tied) = (Packed::LAST, 0, false);
        for (at, bid) in (0..).zip(rest) {
            is_tied |= bid.ties(least);
            place = if *bid < least { at } else { place };
            least = least.min(*bid);
        }
        if is_tied { least_of_tied(rest, exact) } else { least.is_bid().then_some((place, least)) }
    }
}

#[cold]
#[inline(never)]
fn least_of_tied<N: Names>(rest: &[Packed], exact: &Exact<'_, N>) -> Option<(u8, Packed)> {
    let mut best: Option<(u8, Packed)> = None;
    for (at, bid) in (0..).zip(rest) {
        if best.is_none_or(|(_, best)| exact.is_before(*bid, best)) {
            best = Some((at, *bid));
        }
    }
    best
}
