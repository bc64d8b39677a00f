//! [`Auctions`]: the matching core alone: orders, eligible bids, the best of each, and events.

mod entropies;

use alloc::vec::Vec;

use undercut_primitives::{Decimal, Digest, GroupSpec, Provider};

use crate::proofs::{NO_CLASS, Proofs};
use crate::queues::{Entry, Names, Pushed, Queues, Standing};
use crate::{Ineligible, ProviderProfile, TieBreak, eligibility};
use entropies::Entropies;
use undercut_primitives::indexed::Providers;

/// An open order, until it is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderHandle(u32);

/// A provider, for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProviderHandle(u32);

/// What orders ask of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassHandle(u16);

/// An open bid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenBid {
    /// Whose.
    pub provider: ProviderHandle,
    /// Micro-units per block, for the whole order.
    pub price: Decimal,
}

/// What happened, in 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuctionEvent {
    /// An order is open.
    Opened {
        /// Which.
        order: OrderHandle,
    },
    /// A bid takes part.
    Placed {
        /// In which order.
        order: OrderHandle,
        /// Whose.
        provider: ProviderHandle,
        /// Micro-units per block.
        price: Decimal,
    },
    /// A bid has another price.
    Repriced {
        /// In which order.
        order: OrderHandle,
        /// Whose.
        provider: ProviderHandle,
        /// Micro-units per block.
        price: Decimal,
    },
    /// A bid was taken back.
    Withdrawn {
        /// In which order.
        order: OrderHandle,
        /// Whose.
        provider: ProviderHandle,
    },
    /// The best bid was taken out of its order.
    Won {
        /// Of which order.
        order: OrderHandle,
        /// Whose.
        provider: ProviderHandle,
        /// Micro-units per block.
        price: Decimal,
    },
    /// An order is over; every bid that was still open has lost.
    Closed {
        /// Which.
        order: OrderHandle,
        /// How many bids lost.
        lost: u32,
    },
}

/// Why a bid takes no part. Variants stand in the order of checking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BidRefusal {
    /// The order is closed.
    #[error("the order is not open")]
    NotOpen,
    /// The provider never qualified for what the order asks for, or its profile has changed since.
    #[error("the provider is not known to be eligible")]
    NotQualified,
    /// A price of nothing.
    #[error("the price is zero")]
    PriceZero,
    /// The price is above the ceiling.
    #[error("the price of {price} a block is above the ceiling of {ceiling}")]
    PriceAboveCeiling {
        /// The bid's price, micro-units per block.
        price: Decimal,
        /// The most the tenant pays, micro-units per block.
        ceiling: Decimal,
    },
    /// The provider has no open bid in this order.
    #[error("the provider has no open bid here")]
    NoBid,
}

/// Auctions side by side: orders, eligible bids, the best of each, and events.
///
/// What [`BidBook`](crate::BidBook) does for the market this does without records, deposits and
/// signatures, on the same queues and the same bits of eligibility, for those who embed no more than
/// the matching or measure it. Orders, providers and requirements are named by handles, which are
/// small numbers that mean something to one `Auctions` alone: they are given again after
/// [`Auctions::close`], and stand in no bytes, no hash and no order of anything.
///
/// In steady state nothing here allocates: an order takes 128 bytes with up to five bids, each bid
/// beyond them 16 bytes and what is in reserve, and what a closed order had is used by the next.
///
/// | step | time |
/// | --- | --- |
/// | [`Auctions::open`], [`Auctions::bid`] | O(1) |
/// | [`Auctions::reprice`], [`Auctions::withdraw`] | O(bids of the order), 16 bytes each |
/// | [`Auctions::best`], [`Auctions::award`] | O(1), O(bids of the order) after the best has gone |
///
/// An order that had more than 65 open bids at once is kept in a heap: O(log n) for all of these.
///
/// ```
/// use undercut_bidding::{AuctionEvent, Auctions, ProviderProfile};
/// use undercut_primitives::{Address, Decimal, Digest, GroupSpec, Provider, Requirements};
///
/// let spec = GroupSpec { name: "g".into(), requirements: Requirements::default(), units: vec![] };
/// let price = Decimal::from_whole;
///
/// let mut auctions = Auctions::default();
/// let class = auctions.class(&spec).expect("there are few classes");
/// let [one, other] = ["p1", "p2"].map(|name| {
///     let provider = auctions.provider(Provider(Address::of_module(name)));
///     auctions.qualify(class, provider, &ProviderProfile::default()).expect("nothing is asked for");
///     provider
/// });
/// let order = auctions.open(&Digest::ZERO, price(10), class).expect("there are few orders");
/// auctions.bid(order, one, price(7))?;
/// auctions.bid(order, other, price(5))?;
/// let won = auctions.award(order).expect("there are bids");
/// assert_eq!((won.provider, won.price), (other, price(5)));
/// auctions.close(order);
/// assert_eq!(auctions.events().last(), Some(&AuctionEvent::Closed { order, lost: 1 }));
/// # Ok::<(), undercut_bidding::BidRefusal>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Auctions {
    queues: Queues,
    entropies: Entropies,
    providers: Providers<()>,
    proofs: Proofs,
    events: Vec<AuctionEvent>,
}

/// The bids of one order as they rank.
struct Bidders<'a> {
    entropies: &'a Entropies,
    providers: &'a Providers<()>,
    /// Of the order.
    entropy: u32,
}

impl Names for Bidders<'_> {
    fn standing(&self, entry: &Entry) -> Standing {
        let provider = self.providers.address(entry.provider);
        let tie = TieBreak::by(self.entropies.get(self.entropy), &provider);
        Standing { price: entry.price, tie, provider }
    }
}

impl Auctions {
    /// The handle of a provider, the same whenever it is asked for. O(log providers).
    pub fn provider(&mut self, provider: Provider) -> ProviderHandle {
        ProviderHandle(self.providers.add(provider))
    }

    /// The handle of what `spec` asks of a provider, the same for all groups that ask for the same;
    /// `None` when there are 4,096 others. O(log classes) comparisons of attributes.
    pub fn class(&mut self, spec: &GroupSpec) -> Option<ClassHandle> {
        Some(self.proofs.join(spec)).filter(|class| *class != NO_CLASS).map(ClassHandle)
    }

    /// Says once that no order of the class comes any more, for one [`Auctions::class`].
    pub fn leave_class(&mut self, class: ClassHandle) {
        self.proofs.leave(class.0);
    }

    /// Finds out whether a provider is eligible for a class, and notes it if so.
    ///
    /// # Errors
    ///
    /// The first [`Ineligible`], as [`eligibility`] says for a group of the class.
    pub fn qualify(
        &mut self,
        class: ClassHandle,
        provider: ProviderHandle,
        profile: &ProviderProfile,
    ) -> Result<(), Ineligible> {
        if let Some((spec, _)) = self.proofs.class(class.0) {
            eligibility(spec, profile)?;
            self.proofs.note(class.0, provider.0);
        }
        Ok(())
    }

    /// Forgets for what a provider qualified, because its profile has changed. O(classes).
    pub fn forget_profile(&mut self, provider: ProviderHandle) {
        self.proofs.forget(provider.0);
    }

    /// Opens an order; `None` when 2^32 are open. `entropy` decides between equal prices, as for
    /// [`TieBreak::of`].
    pub fn open(
        &mut self,
        entropy: &Digest,
        ceiling: Decimal,
        class: ClassHandle,
    ) -> Option<OrderHandle> {
        let entropy = self.entropies.join(entropy)?;
        let order = self.queues.open_with(ceiling, class.0, entropy).map(OrderHandle)?;
        self.events.push(AuctionEvent::Opened { order });
        Some(order)
    }

    /// Places the bid of a provider that has none open in this order; the caller knows that, as it
    /// knows its bids by id.
    ///
    /// # Errors
    ///
    /// [`BidRefusal`] from `NotOpen` to `PriceAboveCeiling`.
    #[inline]
    pub fn bid(
        &mut self,
        order: OrderHandle,
        provider: ProviderHandle,
        price: Decimal,
    ) -> Result<(), BidRefusal> {
        self.check(order, provider, price)?;
        let entry = Entry { price, tie: 0, provider: provider.0 };
        match self.queues.push_fast(order.0, entry) {
            Pushed::Done => {}
            Pushed::Tied => self.decide_tie(order),
            Pushed::NoRoom if self.make_room(order, provider, price) => {}
            Pushed::NoRoom => return Err(BidRefusal::NotOpen),
        }
        self.events.push(AuctionEvent::Placed { order, provider, price });
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn decide_tie(&mut self, order: OrderHandle) {
        let (queues, names) = self.bidders(order);
        queues.decide_tie(order.0, &names);
    }

    #[cold]
    #[inline(never)]
    fn make_room(&mut self, order: OrderHandle, provider: ProviderHandle, price: Decimal) -> bool {
        let entry = Entry { price, tie: 0, provider: provider.0 };
        let (queues, names) = self.bidders(order);
        queues.push_with_more_room(order.0, entry, &names)
    }

    /// The queues, and the names of an order's bids.
    #[inline(always)]
    fn bidders(&mut self, order: OrderHandle) -> (&mut Queues, Bidders<'_>) {
        let Self { queues, entropies, providers, .. } = self;
        let entropy = queues.header(order.0).map_or(0, |header| header.note);
        (queues, Bidders { entropies, providers, entropy })
    }

    #[inline(always)]
    fn check(
        &self,
        order: OrderHandle,
        provider: ProviderHandle,
        price: Decimal,
    ) -> Result<(), BidRefusal> {
        let header = self.queues.header(order.0).ok_or(BidRefusal::NotOpen)?;
        if !self.proofs.holds(header.class, provider.0) {
            return Err(BidRefusal::NotQualified);
        }
        if price.is_zero() {
            return Err(BidRefusal::PriceZero);
        }
        let ceiling = header.ceiling;
        if price > ceiling {
            return Err(BidRefusal::PriceAboveCeiling { price, ceiling });
        }
        Ok(())
    }

    /// Gives an open bid another price, lower or higher.
    ///
    /// # Errors
    ///
    /// [`BidRefusal`], the first that holds.
    #[inline]
    pub fn reprice(
        &mut self,
        order: OrderHandle,
        provider: ProviderHandle,
        price: Decimal,
    ) -> Result<(), BidRefusal> {
        self.check(order, provider, price)?;
        let entry = Entry { price, tie: 0, provider: provider.0 };
        let (queues, names) = self.bidders(order);
        if !queues.reprice(order.0, entry, &names) {
            return Err(BidRefusal::NoBid);
        }
        self.events.push(AuctionEvent::Repriced { order, provider, price });
        Ok(())
    }

    /// Takes an open bid back.
    ///
    /// # Errors
    ///
    /// [`BidRefusal::NoBid`].
    #[inline]
    pub fn withdraw(
        &mut self,
        order: OrderHandle,
        provider: ProviderHandle,
    ) -> Result<(), BidRefusal> {
        let (queues, names) = self.bidders(order);
        if !queues.remove(order.0, provider.0, &names) {
            return Err(BidRefusal::NoBid);
        }
        self.events.push(AuctionEvent::Withdrawn { order, provider });
        Ok(())
    }

    /// The best bid of an order: the lowest [`Rank`](crate::Rank).
    #[inline]
    pub fn best(&mut self, order: OrderHandle) -> Option<OpenBid> {
        let (queues, names) = self.bidders(order);
        queues.best(order.0, &names).map(OpenBid::of)
    }

    /// The bid that would be evicted first: the highest [`Rank`](crate::Rank). O(bids of the order),
    /// with a hash each.
    #[must_use]
    pub fn worst(&self, order: OrderHandle) -> Option<OpenBid> {
        let Self { queues, entropies, providers, .. } = self;
        let entropy = queues.header(order.0)?.note;
        let standings = queues.standings(order.0, &Bidders { entropies, providers, entropy });
        let worst = standings.into_iter().max_by_key(|(_, standing)| *standing);
        worst.map(|(provider, standing)| OpenBid::of((provider, standing.price)))
    }

    /// Takes the best bid out of its order: it has won. Taken once more, it gives the next best.
    #[inline]
    pub fn award(&mut self, order: OrderHandle) -> Option<OpenBid> {
        let (queues, names) = self.bidders(order);
        let won = queues.pop(order.0, &names).map(OpenBid::of)?;
        let OpenBid { provider, price } = won;
        self.events.push(AuctionEvent::Won { order, provider, price });
        Some(won)
    }

    /// Ends an order; bids that are still open have lost. The handle is free for another order.
    pub fn close(&mut self, order: OrderHandle) {
        let Some(entropy) = self.queues.header(order.0).map(|header| header.note) else { return };
        if let Some(lost) = self.queues.close(order.0) {
            self.entropies.leave(entropy);
            self.events.push(AuctionEvent::Closed { order, lost });
        }
    }

    /// How many open bids an order has.
    #[must_use]
    pub fn len(&self, order: OrderHandle) -> usize {
        self.queues.len(order.0)
    }

    /// Whether an order has no open bid, or is closed.
    #[must_use]
    pub fn is_empty(&self, order: OrderHandle) -> bool {
        self.len(order) == 0
    }

    /// What happened since [`Auctions::clear_events`], in its order.
    #[must_use]
    pub fn events(&self) -> &[AuctionEvent] {
        &self.events
    }

    /// Empties the list of events and keeps its room. Whoever reads events does so now and then: the
    /// list grows until it is emptied.
    pub fn clear_events(&mut self) {
        self.events.clear();
    }

    /// Bytes that orders and bids have, in use and in reserve, without providers, proofs of
    /// eligibility and events.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.queues.bytes().saturating_add(self.entropies.bytes())
    }
}

impl OpenBid {
    const fn of((provider, price): (u32, Decimal)) -> Self {
        Self { provider: ProviderHandle(provider), price }
    }
}

#[cfg(test)]
mod tests;
