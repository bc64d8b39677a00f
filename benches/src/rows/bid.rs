//! Bids through the whole engine, from bytes into a sealed block.
//!
//! | row | ours | floor |
//! | --- | --- | --- |
//! | `bid/logged` | decode the command, decide, record, seal the block with the state's root | the same records framed, checksummed and hashed into a Merkle root, with no logic |
//! | `scale/orders` | the same with 10^2, 10^4 and 10^6 open orders | the same |
//!
//! Bids come without signatures; `bid/signed` adds those. What the floor leaves out and no engine can:
//! the digest that a signature is over, the tie-break, and the digests of the entries that the state's
//! root is made of. `all digests` has these too, and as little logic: see [`Digests`].

use undercut::BlockOutcome;

use crate::blocks::{bodies_of, framed, framed_into};
use crate::clock::cpu_timed;
use crate::contest::Contest;
use crate::digests::Digests;
use crate::market::{Market, OpenOrders};
use crate::row::Row;
use crate::settings::Settings;

/// Bids for a thousand open orders.
pub fn logged(settings: &Settings, rows: &mut Vec<Row>) {
    rows.push(bids("bid/logged", 1_000, settings));
}

/// The same bids with few and with many orders open. `growth_ratio` is over the first row.
pub fn orders(settings: &Settings, rows: &mut Vec<Row>) {
    let most = settings.sized(1_000_000, 20_000);
    let sizes = [100, 10_000, u64::try_from(most).expect("orders are few")];
    let mut least = None;
    rows.extend(sizes.into_iter().map(|orders| {
        let row = bids("scale/orders", orders, settings);
        let growth = row.ns_per_op / *least.get_or_insert(row.ns_per_op);
        row.with_figure("growth_ratio", growth)
    }));
}

fn bids(name: &str, orders: u64, settings: &Settings) -> Row {
    // Two blocks more than rounds: one whose records the floor gets, and one to warm up. Where orders
    // are few, or somebody plays more often, every round plays the same block on a market of its own.
    let rounds = settings.rounds() + 2;
    let OpenOrders { mut market, blocks } = OpenOrders::new(orders, rounds);
    let (bids, bytes) = (blocks[0].len(), blocks[0][0].len());
    let is_repeated = blocks.len() < rounds || settings.stage.is_some();
    let fresh = is_repeated.then(|| market.clone());
    let first = blocks[0].clone();
    let bodies = bodies(&mut market, &first);
    let mut digests = Digests::new(&market, &first, &bodies);
    let mut blocks = blocks.into_iter().skip(1);
    let mut room = None;
    let ours = move || {
        let (mut copy, next);
        let (market, bids) = match &fresh {
            Some(fresh) => {
                copy = fresh.clone();
                (&mut copy, &first)
            }
            None => {
                next = blocks.next().expect("there is a block for every round");
                (&mut market, &next)
            }
        };
        room.take().into_iter().for_each(|room| market.engine.reuse(room));
        cpu_timed(|| room = Some(emptied(block(market, bids))))
    };
    let params = format!("orders={orders} block={bids} command_bytes={bytes}");
    let contest = Contest::new(name, params).operations(bids);
    let mut frames = Vec::new();
    let contest = contest.ours(ours).floor(|| cpu_timed(|| _ = framed_into(&bodies, &mut frames)));
    contest.structure("all digests", || cpu_timed(|| digests.block())).run(settings)
}

/// The room of a block whose host is done with it: like the floor, the next one is written there.
fn emptied(mut outcome: BlockOutcome) -> BlockOutcome {
    outcome.records.clear();
    outcome
}

/// A block of bids that come as bytes.
fn block(market: &mut Market, bids: &[Vec<u8>]) -> BlockOutcome {
    market.begin();
    bids.iter().for_each(|bytes| market.execute_bytes(bytes));
    market.end()
}

/// The bodies of the records of a block of these bids.
fn bodies(market: &mut Market, bids: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let frames = block(market, bids).frames;
    let bodies = bodies_of(&frames);
    assert!(framed(&bodies).1 == frames, "the floor writes the same bytes");
    assert_eq!(bodies.len(), 2 * bids.len() + 2, "two records a bid, the opening and the seal");
    bodies
}
