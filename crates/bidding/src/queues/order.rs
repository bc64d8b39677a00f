//! [`Header`]: an order, its best bid, and the others while they are few.

use undercut_primitives::Decimal;

use super::entry::{Exact, Names, Packed};
use super::runs::Runs;

/// For how many bids besides the best an order always has places.
const HOME: u8 = 4;

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

/// An order in one cache line, with all that a new bid is held against.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(crate) struct Header {
    /// The best bid; [`Packed::LAST`] where there is none here, [`Packed::FIRST`] where it has left
    /// and nobody has asked for the next one since: none takes its place unseen.
    pub(crate) best: Packed,
    /// The most that a bid may ask.
    pub(crate) ceiling: Decimal,
    /// The run of the bids besides the best; the heap of many.
    pub(crate) run: u32,
    /// The run that the order, or the next one in its place, comes back to.
    home: u32,
    /// For whoever opened it.
    pub(crate) note: u32,
    /// What a bidder must be.
    pub(crate) class: u16,
    /// How many bids there are besides the best.
    pub(crate) rest: u8,
    /// For how many there are places. None where the order has a heap or is closed.
    pub(crate) room: u8,
    pub(crate) kind: Kind,
}

impl Header {
    /// An open order without bids; `None` when all numbers of places are taken.
    pub(crate) fn new(ceiling: Decimal, class: u16, note: u32, runs: &mut Runs) -> Option<Self> {
        let (home, room) = runs.take(0)?;
        let (best, run, rest, kind) = (Packed::LAST, home, 0, Kind::Few);
        Some(Self { best, ceiling, run, home, note, class, rest, room, kind })
    }

    /// Opens a closed order anew. What lies in its places stays there unread.
    #[inline(always)]
    pub(crate) fn open(&mut self, ceiling: Decimal, class: u16, note: u32) {
        (self.ceiling, self.class, self.note) = (ceiling, class, note);
        (self.run, self.rest, self.room, self.kind) = (self.home, 0, HOME, Kind::Few);
    }

    /// Closes it; says how many bids it had.
    #[inline(always)]
    pub(crate) fn close(&mut self, runs: &mut Runs) -> u32 {
        let lost = self.len();
        self.leave_run(runs);
        (self.best, self.rest, self.room, self.kind) = (Packed::LAST, 0, 0, Kind::Closed);
        lost
    }

    /// Says that its bids are in a heap.
    pub(crate) fn move_to(&mut self, heap: u32, runs: &mut Runs) {
        self.leave_run(runs);
        (self.run, self.kind, self.best) = (heap, Kind::Many, Packed::LAST);
        (self.rest, self.room) = (0, 0);
    }

    /// Gives its run back, if it is not its home.
    #[inline(always)]
    fn leave_run(&mut self, runs: &mut Runs) {
        if self.room > HOME {
            runs.give_back(self.run, self.room);
        }
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

    /// The bids besides the best.
    #[inline(always)]
    pub(crate) fn rest<'a>(&self, runs: &'a Runs) -> &'a [Packed] {
        runs.part(self.run, self.rest)
    }

    /// Adds a bid that is not here.
    #[inline(always)]
    pub(crate) fn push(&mut self, bid: Packed, runs: &mut Runs) -> Pushed {
        let (at, best) = (self.rest, self.best);
        if at >= self.room {
            return Pushed::NoRoom;
        }
        // Written even if there was none: where it depends on nothing, nothing is guessed wrongly.
        let Some(place) = runs.bid_mut(self.run, at) else { return Pushed::NoRoom };
        *place = best.max(bid);
        self.best = best.min(bid);
        self.rest = at.wrapping_add(u8::from(best != Packed::LAST));
        if bid.ties(best) { Pushed::Tied } else { Pushed::Done }
    }

    /// Makes room for more; `None` where there is no longer run.
    pub(crate) fn lengthen(&mut self, runs: &mut Runs) -> Option<()> {
        let (run, room) = runs.take(self.room)?;
        runs.copy(self.run, run, self.rest)?;
        self.leave_run(runs);
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
        let Some(place) = runs.bid_mut(self.run, at) else { return Pushed::NoRoom };
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
        let last = *runs.bid_mut(self.run, last_at)?;
        let removed = core::mem::replace(runs.bid_mut(self.run, at)?, last);
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
