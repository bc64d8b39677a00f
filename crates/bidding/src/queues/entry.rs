//! [`Entry`]: an open bid in 32 bytes, and how two of them compare.

use core::cmp::Ordering;

use undercut_primitives::Decimal;

use crate::Rank;

/// An open bid: what it asks, the start of its tie-break, and its provider's handle.
///
/// Two to a cache line, and never across two. All that is longer, the whole tie-break and the id, is
/// asked of [`Names`] where equal prices and equal starts call for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(align(32))]
pub(crate) struct Entry {
    pub(crate) price: Decimal,
    /// The first bytes of the tie-break; 0 for one that is not made yet.
    pub(crate) tie: u64,
    pub(crate) provider: u32,
}

impl Entry {
    /// The entry of a bid that stands at `rank`.
    pub(crate) const fn of(rank: &Rank, provider: u32) -> Self {
        Self { price: rank.price, tie: rank.tie.start(), provider }
    }
}

/// Knows where the bids of one order stand.
pub(crate) trait Names {
    /// The rank of the bid that `entry` stands for.
    fn rank(&self, entry: &Entry) -> Rank;
}

/// Whether `left` goes before `right`: as [`Rank`] says, which is asked where prices and the starts
/// of the tie-breaks are equal. Ties that it makes on the way stay in the entries.
pub(crate) fn beats(left: &mut Entry, right: &mut Entry, names: &impl Names) -> bool {
    match left.price.cmp(&right.price) {
        Ordering::Less => true,
        Ordering::Greater => false,
        Ordering::Equal => wins_tie(left, right, names),
    }
}

#[cold]
#[inline(never)]
pub(crate) fn wins_tie(left: &mut Entry, right: &mut Entry, names: &impl Names) -> bool {
    for entry in [&mut *left, &mut *right] {
        if entry.tie == 0 {
            entry.tie = names.rank(entry).tie.start();
        }
    }
    match left.tie.cmp(&right.tie) {
        Ordering::Equal => names.rank(left) < names.rank(right),
        decided => decided == Ordering::Less,
    }
}
