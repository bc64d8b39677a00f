//! Rounds of auctions in which commands arrive in any order: deployments of distinct tenants, bids
//! and their re-pricings of distinct providers, withdrawals.

use undercut::{Command, Params};
use undercut_primitives::OrderId;
use undercut_simulation::Stream;
use undercut_tests::chain::{Chain, bid, bid_id, deployment, order_id};

use super::order::Order;
use super::play::{Played, digest, money, tree};

const TENANTS: [&str; 3] = ["alice", "bob", "carol"];
const PROVIDERS: [&str; 5] = ["p1", "p2", "p3", "p4", "p5"];

/// Auctions of each tenant, one after the other.
const ROUNDS: u64 = 4;

/// Places in a book: fewer than there are providers, so that bids are evicted.
const PLACES: u32 = 3;

/// Commands of one sender, which stay in their order.
type Turns = Vec<Command>;

/// Plays all rounds.
pub(super) fn play(seed: u64, order: &mut Order) -> Played {
    let mut stream = Stream::new(seed, "auctions");
    let mut params = Params::default();
    params.bid.bids_max = PLACES;
    let mut chain = Chain::with(params);
    chain.entropy = seed;
    chain.register(&PROVIDERS);
    chain.end();
    let mut roots = vec![chain.state_root()];
    for dseq in 1..=ROUNDS {
        let deploy = |_: &&str| {
            let new = deployment(dseq, &[("west", "1000uact"), ("east", "9uact")], "1ACT");
            vec![Command::CreateDeployment(new)]
        };
        take_turns(&mut chain, &TENANTS, TENANTS.iter().map(deploy).collect(), order, &mut roots);
        let bids = PROVIDERS.map(|name| bids(name, dseq, &mut stream));
        take_turns(&mut chain, &PROVIDERS, bids.into(), order, &mut roots);
        // The block of the award, and some in which leases run.
        for _ in 0..7 {
            chain.end();
            roots.push(chain.state_root());
        }
        let withdraw = |_: &&str| vec![Command::WithdrawAll { from: None }];
        let withdrawals = PROVIDERS.iter().map(withdraw).collect();
        take_turns(&mut chain, &PROVIDERS, withdrawals, order, &mut roots);
    }
    let head = chain.engine.head();
    Played {
        name: format!("auctions-seed-{seed}"),
        head: format!("{}:{}", head.records, head.hash),
        roots: digest(&roots),
        money: money(&chain.bank),
        tree: tree(&roots, order.clone()),
        is_reordered: order.is_shuffled(),
    }
}

/// A provider bids in every auction of a round, at prices of which many are alike, and lowers some.
fn bids(name: &str, dseq: u64, stream: &mut Stream) -> Turns {
    let mut turns = Turns::new();
    for tenant in TENANTS {
        for gseq in 1..=2 {
            let auction: OrderId = order_id(tenant, dseq, gseq, 1);
            let price = stream.between(3, 8);
            turns.push(Command::CreateBid(bid(auction, &format!("{price}.5uact"))));
            if stream.happens(400_000) {
                let lower = format!("{}.5uact", stream.between(1, price - 1));
                let price = lower.parse().expect("the gauntlet writes a price");
                turns.push(Command::RepriceBid { bid: bid_id(auction, name), price });
            }
        }
    }
    turns
}

/// One block in which everybody takes their turns.
fn take_turns(
    chain: &mut Chain,
    names: &[&str],
    all: Vec<Turns>,
    order: &mut Order,
    roots: &mut Vec<undercut_primitives::Digest>,
) {
    let arrival = order.arrival(&all.iter().map(Vec::len).collect::<Vec<_>>());
    let mut turns: Vec<_> = all.into_iter().map(Vec::into_iter).collect();
    for who in arrival {
        if let Some(command) = turns[who].next() {
            // Refused alike in any order: a bid worse than all of a full book, nothing to withdraw.
            let _ = chain.send(names[who], command);
        }
    }
    chain.end();
    roots.push(chain.state_root());
}
