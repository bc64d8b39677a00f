//! The oracle: O1 to O12.

use undercut::{Command, Event, Params};
use undercut_ledger::LedgerEvent;
use undercut_ledger::bme::{MintStatus, VaultEvent};
use undercut_ledger::oracle::{PricePoint, Reading, Unhealthy};
use undercut_primitives::{BlockSpan, BlockTime, Coin, Decimal};
use undercut_tests::cases::Case;
use undercut_tests::chain::{Chain, address, genesis};

use crate::play::block_at;

pub(crate) const CASES: &[Case] = &[
    Case::on_purpose("O1", o1),
    Case::same("O2", o2),
    Case::same("O3", o3),
    Case::same("O4", o4),
    Case::same("O5", o5),
    Case::same("O6", o6),
    Case::on_purpose("O7", o7),
    Case::same("O8", o8),
    Case::same("O9", o9),
    Case::on_purpose("O10", o10),
    Case::on_purpose("O11", o11),
    Case::on_purpose("O12", o12),
];

/// A second, in nanoseconds.
const S: i64 = 1_000_000_000;
const NOW: i64 = 100 * S;

/// A market that starts 60 seconds into 1970, with p1, p2 and p3 as sources of prices and no
/// other price. The auditor may change parameters, from the next block on.
fn market() -> Chain {
    let mut params = Params::default();
    params.oracle.sources = ["p1", "p2", "p3"].map(address).into();
    params.governance.authority = Some(address("auditor"));
    params.governance.delay = BlockSpan::from_blocks(1);
    let mut genesis = genesis(params);
    genesis.time = at(60 * S);
    let mut chain = Chain::of(&genesis);
    chain.price = None;
    chain
}

fn at(nanos: i64) -> BlockTime {
    BlockTime::from_unix_nanos(nanos)
}

fn usd(text: &str) -> Decimal {
    text.parse().expect("the test writes a number")
}

/// A source posts a price of the time of its block.
type Posted = (&'static str, &'static str, i64);

/// The command that posts a price of this time.
fn post(price: &str, nanos: i64) -> Command {
    Command::PostPrice(PricePoint { usd_per_akt: usd(price), published_at: at(nanos) })
}

/// One block of this time in which a price is posted: what comes of it.
fn posted(chain: &mut Chain, name: &str, price: &str, published: i64, now: i64) -> &'static str {
    block_at(chain, at(now), &[(name, post(price, published))]).0[0]
}

/// Posts prices, each in a block of its own time, and plays an empty block of the time `now`.
fn after(posts: &[Posted], now: i64) -> Chain {
    let mut chain = market();
    for (name, price, nanos) in posts {
        assert_eq!(posted(&mut chain, name, price, *nanos, *nanos), "ok");
    }
    block_at(&mut chain, at(now), &[]);
    chain
}

/// What the market reckons with in the last block.
fn reading(chain: &Chain) -> Result<Reading, Unhealthy> {
    let state = chain.state();
    let reading = state.oracle().read(state.context().time, &state.params().oracle);
    let price = reading.as_ref().ok().map(|reading| reading.price);
    assert_eq!(state.usable_price(), price, "the engine reads the same");
    let is_halted = state.vault().books().status == MintStatus::HaltOracle;
    assert_eq!(is_halted, price.is_none(), "and acts on it in the same block");
    reading
}

/// The price of the last block, or the code of why there is none.
fn price(chain: &Chain) -> String {
    match reading(chain) {
        Ok(reading) => reading.price.usd_per_akt.to_string(),
        Err(unhealthy) => unhealthy.code().to_string(),
    }
}

/// The pair is a matter of the type, and so is the sign.
fn o1() {
    let mut chain = market();
    assert_eq!(posted(&mut chain, "p4", "1", NOW, NOW), "ORA001");
    assert_eq!(posted(&mut chain, "p1", "0", NOW, NOW), "ORA002");
    assert!("-1".parse::<Decimal>().is_err());
    assert_eq!(chain.state().oracle().sources().count(), 0);
    assert_eq!(price(&chain), "ORA008");
}

fn o2() {
    assert_eq!(posted(&mut market(), "p1", "1", NOW - 12 * S, NOW), "ok");
    let mut chain = market();
    assert_eq!(posted(&mut chain, "p1", "1", NOW - 12 * S - 1, NOW), "ORA005");
    assert_eq!(posted(&mut chain, "p1", "1", NOW, NOW), "ok");
    assert_eq!(posted(&mut chain, "p1", "2", NOW - 1, NOW), "ORA004");
    assert_eq!(posted(&mut chain, "p1", "2", NOW, NOW), "ok");
    assert_eq!(chain.state().oracle().source(&address("p1")).unwrap().points().count(), 2);
}

fn o3() {
    let chain = after(&[("p1", "1.00", 92 * S), ("p1", "1.10", 97 * S)], NOW);
    assert_eq!(price(&chain), "1.06");
}

fn o4() {
    let posts = [("p1", "1.00", 95 * S), ("p1", "1.10", 97 * S), ("p1", "1.20", 99 * S)];
    assert_eq!(price(&after(&posts, NOW)), "1.08");
}

fn o5() {
    let chain = after(&[("p1", "1.00", NOW), ("p1", "2.00", NOW)], NOW);
    assert_eq!(price(&chain), "1.5");
    let chain = after(&[("p1", "1.00", 94 * S), ("p1", "2.00", NOW)], NOW);
    assert_eq!(price(&chain), "1", "the new price has stood for no time");
}

fn o6() {
    let burn = Command::Burn(Coin::uakt(10_000_000));
    let mut chain = after(&[("p1", "1.00", 95 * S), ("p2", "1.015", 95 * S)], NOW);
    assert_eq!(reading(&chain).map(|reading| reading.deviation_bps), Ok(150));
    assert_eq!(block_at(&mut chain, at(NOW), &[("alice", burn.clone())]).0, ["ok"]);
    let mut chain = after(&[("p1", "1.00", 95 * S), ("p2", "1.016", 95 * S)], NOW);
    let expected = Unhealthy::Deviates {
        deviation_bps: 160,
        deviation_max_bps: 150,
        min: usd("1"),
        max: usd("1.016"),
    };
    assert_eq!(reading(&chain), Err(expected));
    assert_eq!(block_at(&mut chain, at(NOW), &[("alice", burn)]).0, ["BME004"]);
}

fn o7() {
    let posts = [("p1", "1.00", 95 * S), ("p2", "1.00", 95 * S), ("p3", "1.01", 95 * S)];
    assert_eq!(price(&after(&posts, NOW)), "1", "the median");
}

fn o8() {
    let mut chain = after(&[("p1", "1.00", 70 * S)], NOW);
    assert_eq!(price(&chain), "1");
    block_at(&mut chain, at(NOW + 1), &[]);
    assert_eq!(reading(&chain), Err(Unhealthy::TooFewSources { fresh: 0, needed: 1 }));
}

/// One ACT is one dollar, and nobody ever said so.
fn o9() {
    let mut chain = Chain::new();
    chain.price = Some(usd("2"));
    chain.must("alice", Command::Burn(Coin::uakt(10_000_000)));
    let events = chain.end_at(10);
    let minted = events.iter().find_map(|event| match event {
        Event::Ledger(LedgerEvent::Vault(VaultEvent::BurnMinted(done))) => Some(done.gross.clone()),
        _ => None,
    });
    assert_eq!(minted, Some(Coin::uact(20_000_000)), "10 AKT at 2 dollars");
    assert_eq!(chain.state().oracle().sources().count(), 0);
}

fn o10() {
    let day = 86_400 * S;
    let mut chain = market();
    assert_eq!(posted(&mut chain, "p1", "9", NOW + day, NOW), "ORA006");
    assert_eq!(posted(&mut chain, "p1", "1", NOW, NOW), "ok", "normal ones go on");
    assert_eq!(price(&chain), "1");
    assert_eq!(posted(&mut chain, "p1", "9", NOW + 10 * S + 1, NOW), "ORA006");
    // Within the drift: fresh, and without weight until its time has come.
    assert_eq!(posted(&mut chain, "p1", "2", NOW + 10 * S, NOW), "ok");
    assert_eq!(price(&chain), "1");
    block_at(&mut chain, at(NOW + 11 * S + S / 4), &[]);
    assert_eq!(price(&chain), "1.25", "1.25 of 5 seconds at 2 dollars");
}

fn o11() {
    let mut chain = after(&[("p1", "1.00", 95 * S)], NOW);
    assert_eq!(price(&chain), "1");
    let mut params = chain.state().params().clone();
    params.oracle.sources.clear();
    let change = Command::ChangeParams(Box::new(params));
    assert_eq!(block_at(&mut chain, at(NOW), &[("auditor", change)]).0, ["ok"]);
    assert_eq!(price(&chain), "1");
    block_at(&mut chain, at(NOW), &[]);
    assert_eq!(reading(&chain), Err(Unhealthy::NoSources));
    assert_eq!(chain.state().vault().books().status, MintStatus::HaltOracle);
}

fn o12() {
    // 2025-03-05 08:09:07.012034056 UTC
    let time = 1_741_162_147 * S + 12_034_056;
    let mut chain = market();
    for nanos in [time, time + 1] {
        assert_eq!(posted(&mut chain, "p1", "1", nanos, nanos), "ok");
    }
    let points = chain.state().oracle().source(&address("p1")).unwrap();
    let both = ["1741162147.012034056", "1741162147.012034057"];
    let times = points.points().map(|point| point.published_at.to_string());
    assert_eq!(times.collect::<Vec<_>>(), both, "oldest first");
    let times = points.points().rev().map(|point| point.published_at.to_string());
    assert_eq!(times.collect::<Vec<_>>(), [both[1], both[0]], "newest first");
}
