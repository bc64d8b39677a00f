//! Order books that others wrote, as one-sided books: see the [mapping](super).

use limitbook::OrderSide;
use matchcore::{
    CancelCmd, Command, CommandKind, CommandMeta, CommandOutcome, CommandReport, LimitOrder,
    MarketOrder, NewOrder, OrderFlags, OrderId, OrderKind, Price, Quantity, QuantityPolicy,
    SequenceNumber, Side, SubmitCmd, TimeInForce, Timestamp,
};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::{Bid, Books, Event, Stream, Winners, at};

/// One book of a peer.
trait Book {
    fn new(bids_max: usize) -> Self;
    fn place(&mut self, bid: &Bid);
    fn cancel(&mut self, bid: &Bid);
    /// Buys one. Returns the price.
    fn buy(&mut self) -> Option<u32>;
}

fn step<B: Book>(books: &mut [Option<B>], room: usize, event: &Event, winners: &mut Winners) {
    const OPEN: &str = "a step is between opening and closing";
    match event {
        Event::Open { auction, .. } => books[at(*auction)] = Some(B::new(room)),
        Event::Place { auction, bid } => books[at(*auction)].as_mut().expect(OPEN).place(bid),
        Event::Withdraw { auction, bid } => books[at(*auction)].as_mut().expect(OPEN).cancel(bid),
        Event::Reprice { auction, old, new } => {
            let book = books[at(*auction)].as_mut().expect(OPEN);
            book.cancel(old);
            book.place(new);
        }
        Event::Take { auction } => {
            let price = books[at(*auction)].as_mut().expect(OPEN).buy();
            winners.note(*auction, price);
        }
        Event::Close { auction } => books[at(*auction)] = None,
    }
}

macro_rules! books {
    ($name:ident, $book:ty, $says:literal) => {
        #[doc = $says]
        pub struct $name {
            books: Vec<Option<$book>>,
            room: usize,
        }

        impl $name {
            /// Room for a stream.
            #[must_use]
            pub fn new(stream: &Stream) -> Self {
                Self { books: (0..stream.open).map(|_| None).collect(), room: stream.bids_max }
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }

        impl Books for $name {
            type Step = Event;

            fn step(&mut self, event: &Event, winners: &mut Winners) {
                step(&mut self.books, self.room, event, winners);
            }
        }
    };
}

books!(
    Lobster,
    lobster::OrderBook,
    "`lobster`, with an arena for as many orders as there are bids."
);
books!(Limitbook, limitbook::OrderBook, "`limitbook`, with decimal prices in ticks of 1.");
books!(Matchcore, Sequenced, "`matchcore`, with commands numbered as it demands.");
books!(OrderbookRs, Shared, "`orderbook-rs`, whose books are made to be shared between threads.");

/// Price levels of lobster keep room for so many orders.
const LEVEL_ROOM: usize = 1;

impl Book for lobster::OrderBook {
    fn new(bids_max: usize) -> Self {
        Self::new(bids_max, LEVEL_ROOM, false)
    }

    fn place(&mut self, bid: &Bid) {
        let (id, price) = (u128::from(bid.command), u64::from(bid.price));
        let side = lobster::Side::Ask;
        self.execute(lobster::OrderType::Limit { id, side, qty: 1, price });
    }

    fn cancel(&mut self, bid: &Bid) {
        self.execute(lobster::OrderType::Cancel { id: u128::from(bid.command) });
    }

    fn buy(&mut self) -> Option<u32> {
        let (id, side) = (u128::MAX, lobster::Side::Bid);
        match self.execute(lobster::OrderType::Market { id, side, qty: 1 }) {
            lobster::OrderEvent::Filled { fills, .. } => u32::try_from(fills.first()?.price).ok(),
            _ => None,
        }
    }
}

impl Book for limitbook::OrderBook {
    fn new(_: usize) -> Self {
        Self::new(Decimal::ONE).expect("one is a tick")
    }

    fn place(&mut self, bid: &Bid) {
        let placed = self.add_limit_order(OrderSide::Sell, Decimal::from(bid.price), Decimal::ONE);
        debug_assert!(placed.is_ok_and(|(id, _)| id == u64::from(bid.arrival)));
    }

    fn cancel(&mut self, bid: &Bid) {
        self.cancel_limit_order(u64::from(bid.arrival)).expect("the bid is in the book");
    }

    fn buy(&mut self) -> Option<u32> {
        let fills = self.execute_market_order(OrderSide::Buy, Decimal::ONE).ok()?;
        fills.first()?.price.to_u32()
    }
}

/// A book of matchcore with the number of its next command, which is the id of what it submits.
struct Sequenced {
    book: matchcore::OrderBook,
    next: u64,
}

impl Sequenced {
    fn execute(&mut self, kind: CommandKind) -> CommandOutcome {
        let (sequence_number, timestamp) = (SequenceNumber(self.next), Timestamp(self.next));
        self.next += 1;
        self.book.execute(&Command { meta: CommandMeta { sequence_number, timestamp }, kind })
    }
}

impl Book for Sequenced {
    fn new(_: usize) -> Self {
        Self { book: matchcore::OrderBook::new(""), next: 0 }
    }

    fn place(&mut self, bid: &Bid) {
        let quantity_policy = QuantityPolicy::Standard { quantity: Quantity(1) };
        let flags = OrderFlags::new(Side::Sell, false, TimeInForce::Gtc);
        let order = LimitOrder::new(Price(u64::from(bid.price)), quantity_policy, flags);
        self.execute(CommandKind::Submit(SubmitCmd { order: NewOrder::Limit(order) }));
    }

    fn cancel(&mut self, bid: &Bid) {
        let (order_id, order_kind) = (OrderId(u64::from(bid.command)), OrderKind::Limit);
        self.execute(CommandKind::Cancel(CancelCmd { order_id, order_kind }));
    }

    fn buy(&mut self) -> Option<u32> {
        let order = NewOrder::Market(MarketOrder::new(Quantity(1), Side::Buy, false));
        match self.execute(CommandKind::Submit(SubmitCmd { order })) {
            CommandOutcome::Applied(CommandReport::Submit(effects)) => {
                let price = effects.target_order().match_result()?.first_trade_price()?;
                u32::try_from(price.0).ok()
            }
            _ => None,
        }
    }
}

/// A book of orderbook-rs and the number of the next market order.
struct Shared {
    book: orderbook_rs::OrderBook<()>,
    next: u64,
}

impl Book for Shared {
    fn new(_: usize) -> Self {
        Self { book: orderbook_rs::OrderBook::new(""), next: 1 << 40 }
    }

    fn place(&mut self, bid: &Bid) {
        let (id, price) =
            (orderbook_rs::Id::from_u64(u64::from(bid.command)), u128::from(bid.price));
        let (side, lasting) = (orderbook_rs::Side::Sell, orderbook_rs::TimeInForce::Gtc);
        self.book.add_limit_order(id, price, 1, side, lasting, None).expect("the bid is sound");
    }

    fn cancel(&mut self, bid: &Bid) {
        let id = orderbook_rs::Id::from_u64(u64::from(bid.command));
        self.book.cancel_order(id).expect("the bid is in the book");
    }

    fn buy(&mut self) -> Option<u32> {
        self.next += 1;
        let id = orderbook_rs::Id::from_u64(self.next);
        let matched = self.book.submit_market_order(id, 1, orderbook_rs::Side::Buy).ok()?;
        let trade = *matched.trades().as_vec().first()?;
        u32::try_from(trade.price().as_u128()).ok()
    }
}
