//! [`Packed`]: an open bid in 16 bytes, and what decides between two of them.

use alloc::collections::BTreeMap;

use undercut_primitives::{Decimal, Provider};

use crate::{Rank, TieBreak};

/// An open bid as it comes: what it asks, the start of its tie-break, and its provider's handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// A [`Rank`] among the bids of one order, whose ids differ by nothing but their providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Standing {
    pub(crate) price: Decimal,
    pub(crate) tie: TieBreak,
    pub(crate) provider: Provider,
}

/// Knows where the bids of one order stand.
pub(crate) trait Names {
    /// Where the bid stands that `entry` stands for.
    fn standing(&self, entry: &Entry) -> Standing;
}

/// A price in 96 bits above a handle in 32, so that comparing two numbers compares two prices.
///
/// 96 bits of atoms are 79,228 million micro-units a block. Beyond them, and for a price of nothing,
/// what is packed is the nearest that fits, an edge, and [`Edges`] has the price. Handles decide
/// nothing: which of two bids with the same packed price goes first is asked of [`Exact`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Packed(u128);

/// The edges. Outside of them there is room for [`Packed::FIRST`] and [`Packed::LAST`].
const LOW: u128 = 1;
const HIGH: u128 = u128::MAX.wrapping_shr(32).wrapping_sub(1);

/// The handle in both of them: nobody's, for there are fewer providers.
const NOBODY: u128 = u128::MAX.wrapping_shr(96);

impl Packed {
    /// Before every bid.
    pub(crate) const FIRST: Self = Self(NOBODY);
    /// After every bid.
    pub(crate) const LAST: Self = Self(u128::MAX);

    #[inline(always)]
    fn new(atoms: u128, handle: u32) -> Self {
        Self(atoms.wrapping_shl(32) | u128::from(handle))
    }

    /// A bid whose price lies between the edges; `None` for others.
    #[inline(always)]
    pub(crate) fn within(price: Decimal, handle: u32) -> Option<Self> {
        let atoms = price.to_atoms();
        (atoms > LOW && atoms < HIGH).then(|| Self::new(atoms, handle))
    }

    /// A bid whose price is moved between the edges, or onto one of them.
    pub(crate) fn nearest(price: Decimal, handle: u32) -> Self {
        Self::new(price.to_atoms().clamp(LOW, HIGH), handle)
    }

    #[inline(always)]
    const fn atoms(self) -> u128 {
        self.0.wrapping_shr(32)
    }

    /// The price, unless it is on an edge.
    #[inline(always)]
    pub(crate) const fn price(self) -> Decimal {
        Decimal::from_atoms(self.atoms())
    }

    /// Whose it is.
    #[inline(always)]
    pub(crate) const fn provider(self) -> u32 {
        let [a, b, c, d, ..] = self.0.to_le_bytes();
        u32::from_le_bytes([a, b, c, d])
    }

    /// Whether it is neither [`Packed::FIRST`] nor [`Packed::LAST`].
    #[inline(always)]
    pub(crate) const fn is_bid(self) -> bool {
        self.provider() != u32::MAX
    }

    /// The same price with another handle.
    #[inline(always)]
    pub(crate) fn with_handle(self, handle: u32) -> Self {
        Self::new(self.atoms(), handle)
    }

    /// Whether both prices are the same as far as they are packed.
    #[inline(always)]
    pub(crate) const fn ties(self, other: Self) -> bool {
        (self.0 ^ other.0).wrapping_shr(32) == 0
    }

    /// Whether the price is one of [`Edges`].
    #[inline(always)]
    pub(crate) const fn is_on_edge(self) -> bool {
        self.atoms() <= LOW || self.atoms() >= HIGH
    }
}

/// The prices that do not fit between the edges, by order and provider. Few, if any.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edges(BTreeMap<(u32, u32), Decimal>);

impl Edges {
    /// Packs a bid, and keeps its price if it has to.
    #[cold]
    pub(crate) fn pack(&mut self, order: u32, price: Decimal, provider: u32) -> Packed {
        let packed = Packed::nearest(price, provider);
        if packed.is_on_edge() {
            self.0.insert((order, provider), price);
        }
        packed
    }

    /// [`Edges::pack`] for a bid that had another price.
    #[cold]
    pub(crate) fn repack(&mut self, order: u32, price: Decimal, provider: u32) -> Packed {
        self.0.remove(&(order, provider));
        self.pack(order, price, provider)
    }

    /// Whether all prices fit.
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The price of a bid.
    #[inline(always)]
    pub(crate) fn price(&self, order: u32, bid: Packed) -> Decimal {
        if bid.is_on_edge() { self.kept(order, bid) } else { bid.price() }
    }

    #[cold]
    fn kept(&self, order: u32, bid: Packed) -> Decimal {
        self.0.get(&(order, bid.provider())).copied().unwrap_or(bid.price())
    }

    /// Forgets a bid that has left.
    #[inline(always)]
    pub(crate) fn forget(&mut self, order: u32, bid: Packed) {
        if bid.is_on_edge() {
            self.0.remove(&(order, bid.provider()));
        }
    }

    /// Forgets the bids of an order.
    #[inline(always)]
    pub(crate) fn close(&mut self, order: u32) {
        if !self.0.is_empty() {
            self.0.retain(|(other, _), _| *other != order);
        }
    }
}

/// Decides where numbers do not: all that is known of an order's bids.
pub(crate) struct Exact<'a, N> {
    pub(crate) edges: &'a Edges,
    pub(crate) names: &'a N,
    pub(crate) order: u32,
}

impl<N: Names> Exact<'_, N> {
    /// The price of a bid.
    pub(crate) fn price(&self, bid: Packed) -> Decimal {
        self.edges.price(self.order, bid)
    }

    /// Where a bid stands.
    pub(crate) fn standing(&self, bid: Packed) -> Standing {
        self.names.standing(&Entry { price: self.price(bid), tie: 0, provider: bid.provider() })
    }

    /// Whether one bid goes before another.
    #[inline(always)]
    pub(crate) fn is_before(&self, one: Packed, other: Packed) -> bool {
        if one.ties(other) { self.wins_tie(one, other) } else { one < other }
    }

    /// Whether the first of two bids with the same packed price goes before the other.
    #[cold]
    #[inline(never)]
    pub(crate) fn wins_tie(&self, one: Packed, other: Packed) -> bool {
        self.standing(one) < self.standing(other)
    }
}
