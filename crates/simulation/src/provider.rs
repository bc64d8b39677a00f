//! Providers: see orders, look into their inventory, price, bid, withdraw, sometimes give up.

use std::collections::{BTreeMap, BTreeSet};

use undercut::{Command, Event, Rejection};
use undercut_bidding::{BidEvent, NewBid, ProviderProfile, Registration};
use undercut_ledger::LedgerEvent;
use undercut_orderbook::OrderEvent;
use undercut_primitives::{Address, BlockHeight, BlockSpan, Coin, LeaseId, OrderId, Provider};
use undercut_provider::{Bidder, PricingStrategy};

use crate::{Actor, Declined, Stream, View};

/// A price strategy of any kind.
pub(crate) type AnyPricing = Box<dyn PricingStrategy + Send + Sync>;

/// How a provider behaves beyond its prices.
#[derive(Clone, Debug)]
pub(crate) struct Habits {
    /// Blocks from seeing an order to bidding.
    pub(crate) latency: BlockSpan,
    /// Blocks between withdrawals.
    pub(crate) withdraws_every: BlockSpan,
    /// Chance per block and lease, in millionths, that the provider gives the lease up.
    pub(crate) gives_up_per_million: u64,
    /// The deposit of each bid.
    pub(crate) deposit: Coin,
}

/// A provider with an inventory, a price strategy and habits.
pub struct ProviderActor {
    provider: Provider,
    bidder: Bidder<AnyPricing>,
    habits: Habits,
    random: Stream,
    has_registered: bool,
    seen: BTreeMap<BlockHeight, Vec<OrderId>>,
    leases: BTreeSet<LeaseId>,
    declined: Vec<Declined>,
}

impl std::fmt::Debug for ProviderActor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProviderActor")
            .field("provider", &self.provider)
            .field("habits", &self.habits)
            .field("leases", &self.leases.len())
            .finish_non_exhaustive()
    }
}

impl ProviderActor {
    pub(crate) fn new(
        account: Address,
        bidder: Bidder<AnyPricing>,
        habits: Habits,
        random: Stream,
    ) -> Self {
        Self {
            provider: Provider(account),
            bidder,
            habits,
            random,
            has_registered: false,
            seen: BTreeMap::new(),
            leases: BTreeSet::new(),
            declined: Vec::new(),
        }
    }

    /// What the provider would say to an order now, and what it holds.
    #[must_use]
    pub const fn bidder(&self) -> &Bidder<AnyPricing> {
        &self.bidder
    }

    fn observe(&mut self, event: &Event, height: BlockHeight) {
        match event {
            Event::Order(OrderEvent::OrderOpened(order)) => {
                // Seeing an order takes the block in which it is seen.
                let wait =
                    BlockSpan::from_blocks(self.habits.latency.to_blocks().saturating_sub(1));
                let at = height.checked_add(wait).unwrap_or(height);
                self.seen.entry(at).or_default().push(order.id);
            }
            Event::Bid(BidEvent::BidLost { id, .. } | BidEvent::BidClosed { id, .. })
                if id.provider == self.provider =>
            {
                self.bidder.release(&id.order);
                self.leases.remove(&LeaseId(*id));
            }
            Event::Ledger(LedgerEvent::LeaseSigned(signed))
                if signed.terms.id.provider() == self.provider =>
            {
                self.leases.insert(signed.terms.id);
            }
            _ => {}
        }
    }

    fn bid(&mut self, order: OrderId, view: &View<'_>) -> Option<Command> {
        let book = view.state.book();
        let (found, group) = (book.open_order(&order).ok()?, book.group(&order.group)?);
        // Auditors may have vouched since the last look.
        let audits = view.state.provider(&self.provider).map(|profile| profile.audits.clone());
        let (attributes, audits) = (self.bidder.profile().attributes.clone(), audits?);
        self.bidder.requalify(ProviderProfile { attributes, audits });
        match self.bidder.consider(order, &group.spec, &found.ceiling) {
            Ok(quote) => {
                let deposit = self.habits.deposit.clone();
                let new = NewBid::new(order, quote.price, quote.offer, deposit);
                Some(Command::CreateBid(NewBid { reclamation: found.reclamation, ..new }))
            }
            Err(reason) => {
                self.declined.push(Declined { order, provider: self.provider, reason });
                None
            }
        }
    }

    fn tend_leases(&mut self, height: BlockHeight) -> Vec<Command> {
        let every = self.habits.withdraws_every.to_blocks();
        let withdraws = height.to_u64().checked_rem(every) == Some(0);
        let mut commands = Vec::new();
        for lease in &self.leases {
            if self.random.happens(self.habits.gives_up_per_million) {
                commands.push(Command::close_lease(*lease));
            } else if withdraws {
                commands.push(Command::Withdraw(*lease));
            }
        }
        commands
    }
}

impl Actor for ProviderActor {
    fn account(&self) -> Address {
        self.provider.0
    }

    fn act(&mut self, view: &View<'_>) -> Vec<Command> {
        let mut commands = Vec::new();
        if !self.has_registered {
            self.has_registered = true;
            let attributes = self.bidder.profile().attributes.clone();
            let host_uri = format!("https://{}.example:8443", self.provider);
            let registration = Registration::new(host_uri, attributes);
            commands.push(Command::RegisterProvider(registration));
        }
        for record in view.records {
            self.observe(&record.event, view.height);
        }
        let later = self.seen.split_off(&view.height.next().unwrap_or(BlockHeight::MAX));
        let due = std::mem::replace(&mut self.seen, later);
        for order in due.into_values().flatten() {
            commands.extend(self.bid(order, view));
        }
        commands.extend(self.tend_leases(view.height));
        commands
    }

    fn refused(&mut self, command: &Command, _rejection: &Rejection) {
        if let Command::CreateBid(bid) = command {
            self.bidder.release(&bid.order);
        }
    }

    fn declined(&mut self) -> Vec<Declined> {
        std::mem::take(&mut self.declined)
    }
}
