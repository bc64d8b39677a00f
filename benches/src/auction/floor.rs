//! [`TrackedMinimum`]: the least that an auction can do and still have its best bid at hand.

use super::{Books, Step, Stream, Winners, at};

/// A bid in 16 bytes: price and place in time in one number, and whose it is.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    key: u64,
    provider: u32,
}

/// An auction: where its bids are, and the best of them.
#[derive(Clone, Copy, Debug, Default)]
struct Head {
    /// The key of the best bid; of none, the greatest.
    best: u64,
    len: u32,
    /// The place of the best; nowhere once the best has left.
    best_at: u32,
    arrivals: u32,
}

const NOWHERE: u32 = u32::MAX;

/// Bids in the order of arrival, unsorted, all auctions in one list, and the place of each best.
///
/// A bid is written behind the others and compared with the best. Taking back finds the bid among
/// those of its auction, puts the last one into its place, and leaves looking for another best to
/// whoever asks. There is no eligibility, no ceiling, no event, no check that anything is there, and
/// no room for more bids than the stream has; a price is a small number. What is left is what no
/// structure that names the best bid can do without.
#[derive(Clone, Debug)]
pub struct TrackedMinimum {
    heads: Vec<Head>,
    entries: Vec<Entry>,
    room: usize,
}

impl TrackedMinimum {
    /// Room for a stream.
    #[must_use]
    pub fn new(stream: &Stream) -> Self {
        let entries = vec![Entry::default(); stream.open * stream.bids_max];
        Self { heads: vec![Head::default(); stream.open], entries, room: stream.bids_max }
    }

    #[inline(always)]
    fn open(&mut self, auction: u32) {
        self.heads[at(auction)] = Head { best: u64::MAX, len: 0, best_at: NOWHERE, arrivals: 0 };
    }

    #[inline(always)]
    fn push(&mut self, auction: u32, provider: u32, price: u32) {
        let head = &mut self.heads[at(auction)];
        let key = u64::from(price) << 32 | u64::from(head.arrivals);
        // Where the best is not known, it stays so.
        if key < head.best {
            (head.best, head.best_at) = (key, head.len);
        }
        self.entries[at(auction) * self.room + at(head.len)] = Entry { key, provider };
        (head.len, head.arrivals) = (head.len + 1, head.arrivals + 1);
    }

    #[inline(always)]
    fn remove(&mut self, auction: u32, provider: u32) {
        let (head, first) = (self.heads[at(auction)], at(auction) * self.room);
        let bids = &self.entries[first..first + at(head.len)];
        let place = (0_u32..).zip(bids).find(|(_, bid)| bid.provider == provider);
        if let Some((place, _)) = place {
            self.remove_at(auction, place);
        }
    }

    #[inline(always)]
    fn remove_at(&mut self, auction: u32, place: u32) {
        let (head, first) = (&mut self.heads[at(auction)], at(auction) * self.room);
        head.len -= 1;
        self.entries[first + at(place)] = self.entries[first + at(head.len)];
        if head.best_at == place {
            // No price is lower than 0, so that none takes the place of the best unseen.
            (head.best, head.best_at) = (0, NOWHERE);
        } else if head.best_at == head.len {
            head.best_at = place;
        }
    }

    #[inline(always)]
    fn take(&mut self, auction: u32) -> Option<u32> {
        let (head, first) = (self.heads[at(auction)], at(auction) * self.room);
        let bids = &self.entries[first..first + at(head.len)];
        let place = match head.best_at {
            NOWHERE => (0_u32..).zip(bids).min_by_key(|(_, bid)| bid.key)?.0,
            known => known,
        };
        let price = bids[at(place)].key >> 32;
        self.heads[at(auction)].best_at = place;
        self.remove_at(auction, place);
        u32::try_from(price).ok()
    }
}

impl Books for TrackedMinimum {
    type Step = Step;

    #[inline]
    fn step(&mut self, step: &Step, winners: &mut Winners) {
        match *step {
            Step::Open { auction, .. } => self.open(auction),
            Step::Place { auction, provider, price } => self.push(auction, provider, price),
            Step::Withdraw { auction, provider } => self.remove(auction, provider),
            Step::Reprice { auction, provider, price } => {
                self.remove(auction, provider);
                self.push(auction, provider, price);
            }
            Step::Take { auction } => {
                let price = self.take(auction);
                winners.note(auction, price);
            }
            // The next one that opens here begins anew.
            Step::Close { .. } => {}
        }
    }
}
