//! Scenarios 12, 21, 22 and 25: reclamation, prices, parameters, manifests.

use undercut::{Command, Event, Params, Rejection};
use undercut_bidding::NewBid;
use undercut_ledger::bme::MintStatus;
use undercut_ledger::oracle::{PricePoint, Unhealthy};
use undercut_ledger::{LeaseEndReason, ProviderReason};
use undercut_orderbook::GroupState;
use undercut_primitives::{
    BlockHeight, BlockSpan, BlockTime, Decimal, Denom, Digest, LeaseId, OrderId, TimeSpan, crypto,
};
use undercut_tests::chain::{
    Chain, START, address, bid, coin, deployment, deployment_id, lease_id, order_id,
};

use crate::stage::{alices, close, community, ended, ends_at, plain, refused, runs, served, west};

const HOUR: u64 = 3_600;

fn window(seconds: u64) -> Option<TimeSpan> {
    Some(TimeSpan::from_seconds(seconds))
}

#[test]
fn s12_a_provider_leaves_early_only_after_the_window_that_it_announced() {
    let mut chain = Chain::new();
    chain.register(&["p1", "p2"]);
    let mut new = plain("100uact", "1ACT");
    new.reclamation = window(HOUR);
    chain.must("alice", Command::CreateDeployment(new));
    chain.end();
    let offer = |seconds: Option<u64>, price| {
        Command::CreateBid(NewBid { reclamation: seconds.and_then(window), ..bid(west(), price) })
    };
    assert_eq!(refused(&mut chain, "p1", offer(None, "5uact")), "BID015");
    assert_eq!(refused(&mut chain, "p1", offer(Some(HOUR - 1), "5uact")), "BID016");
    assert_eq!(refused(&mut chain, "p1", offer(Some(720 * HOUR + 1), "5uact")), "BID017");
    chain.must("p1", offer(Some(2 * HOUR), "30uact"));
    chain.must("p2", offer(Some(HOUR), "20.5uact"));
    chain.end_at(9);
    let (lease, reason) = (lease_id(west(), "p2"), ProviderReason::DECOMMISSIONED);
    let leave = Command::CloseLease { lease, reason };
    assert_eq!(refused(&mut chain, "p2", leave.clone()), "ESC020", "not announced");
    let announce = Command::StartReclamation { lease, reason };
    assert_eq!(refused(&mut chain, "p1", announce.clone()), "CMD006");
    chain.must("p2", announce.clone());
    assert_eq!(refused(&mut chain, "p2", announce), "ESC018");

    // Announced in block 10, so 600 blocks of 6 s later at the earliest; served and paid until then.
    chain.end_at(608);
    assert_eq!(refused(&mut chain, "p2", leave.clone()), "ESC021", "6 s too early");
    chain.end();
    assert!(runs(&chain, &lease));
    chain.must("p2", leave);
    chain.end();
    let reason = LeaseEndReason::Provider(reason);
    assert_eq!(ended(&chain, &lease), (610, reason, [12_382, 0, 0]), "20.5 x 604");
    assert_eq!((chain.uact("p2"), chain.uakt("p2")), (START + 12_382, START));
    let group = chain.state().book().group(&west().group).expect("the group exists");
    assert_eq!(group.state, GroupState::Paused);
    chain.must("alice", Command::CloseDeployment(alices()));
    chain.end();
    assert_eq!(chain.uact("alice"), START - 12_382);
    close(&chain);
}

fn dollars(text: &str) -> Decimal {
    text.parse().expect("the test writes a price")
}

/// What a source says, for `ahead` seconds from the time of the block that is open.
fn post(chain: &mut Chain, source: &str, price: &str, ahead: i64) -> Result<(), Rejection> {
    chain.begin();
    let now = chain.state().context().time.to_unix_seconds();
    let published_at = BlockTime::from_unix_seconds(now + ahead);
    let point = PricePoint { usd_per_akt: dollars(price), published_at };
    chain.send(source, Command::PostPrice(point)).map(|_| ())
}

fn posts(chain: &mut Chain, prices: &[(&str, &str)]) {
    for (source, price) in prices {
        post(chain, source, price, 0).expect("the price is taken");
    }
}

fn code(answer: Result<(), Rejection>) -> &'static str {
    answer.expect_err("the price must be refused").code().as_str()
}

/// Three sources, two of which must agree to within 1.5 %.
fn sourced() -> Chain {
    let mut params = Params::default();
    params.oracle.sources = ["o1", "o2", "o3"].map(address).to_vec();
    params.oracle.sources_min = 2;
    Chain::with(params)
}

fn unhealthy(chain: &Chain) -> Option<Unhealthy> {
    let (now, params) = (chain.state().context().time, &chain.state().params().oracle);
    chain.state().oracle().read(now, params).err()
}

fn price(chain: &Chain) -> Option<Decimal> {
    chain.state().usable_price().map(|price| price.usd_per_akt)
}

/// Blocks 1 to 3: refused prices, a quorum, and a source that deviates.
fn agree_and_deviate(chain: &mut Chain) {
    let burn = || Command::Burn(coin("100AKT"));
    assert_eq!(code(post(chain, "alice", "1.14", 0)), "ORA001");
    assert_eq!(code(post(chain, "o1", "1.14", 11)), "ORA006", "at most 10 s ahead");
    posts(chain, &[("o1", "1.14")]);
    assert_eq!(unhealthy(chain), Some(Unhealthy::TooFewSources { fresh: 1, needed: 2 }));
    assert_eq!(refused(chain, "alice", burn()), "BME004", "what the block says does not count");
    chain.end();
    assert_eq!(chain.state().vault().books().status, MintStatus::HaltOracle);
    posts(chain, &[("o1", "1.14"), ("o2", "1.15")]);
    assert_eq!(code(post(chain, "o2", "1.15", -1)), "ORA004", "time does not run backwards");
    assert_eq!(price(chain), Some(dollars("1.145")));
    chain.must("alice", burn());
    chain.end();
    assert_eq!(chain.state().vault().books().status, MintStatus::Healthy);
    posts(chain, &[("o3", "1.20")]);
    let (min, max) = (dollars("1.14"), dollars("1.20"));
    let deviates = Unhealthy::Deviates { deviation_bps: 526, deviation_max_bps: 150, min, max };
    assert_eq!(unhealthy(chain), Some(deviates));
    assert_eq!(refused(chain, "alice", burn()), "BME004");
    chain.end();
}

#[test]
fn s21_stale_deviant_and_future_prices_halt_and_the_burn_waits_for_a_sound_one() {
    let mut chain = sourced();
    agree_and_deviate(&mut chain);
    // Block 4: o3's 1.20 stood for all of the last 5 s, and the median does not care.
    posts(&mut chain, &[("o3", "1.155")]);
    assert_eq!(price(&chain), Some(dollars("1.15")));
    chain.end_at(6);
    // Block 7 is 30 s after the last prices of o1 and o2, the oldest that count.
    chain.begin();
    assert_eq!((chain.height(), price(&chain)), (7, Some(dollars("1.15"))));
    chain.end();
    chain.begin();
    assert_eq!(unhealthy(&chain), Some(Unhealthy::TooFewSources { fresh: 1, needed: 2 }));
    chain.end_at(11);
    assert_eq!(chain.uact("alice"), START, "the epoch of block 10 waits for a price");
    assert_eq!(chain.state().vault().requests().count(), 1);

    // A price ahead of its time speaks for nobody yet, and o1 alone is no quorum.
    posts(&mut chain, &[("o1", "1.20")]);
    post(&mut chain, "o2", "1.21", 6).expect("6 s ahead are allowed");
    assert_eq!(unhealthy(&chain), Some(Unhealthy::TooFewSources { fresh: 1, needed: 2 }));
    chain.end();
    chain.begin();
    assert_eq!((chain.height(), price(&chain)), (13, Some(dollars("1.205"))));
    chain.end();
    assert_eq!(chain.uact("alice"), START + 120_198_750, "100 at 1.205, less 0.25 %");
    assert_eq!(chain.uakt("alice"), START - 100_000_000);
    close(&chain);
}

/// A market whose authority is `gov`; changes wait for 10 blocks.
fn governed() -> Params {
    let mut params = Params::default();
    params.governance.authority = Some(address("gov"));
    params.governance.delay = BlockSpan::from_blocks(10);
    params
}

/// The parameters of [`governed`] after the change: a fifth is taken, auctions run for 3 blocks.
fn changed() -> Params {
    let mut params = governed();
    params.ledger.take_rates_bps = vec![(Denom::uact(), 2_000)];
    params.order.bid_window = BlockSpan::from_blocks(3);
    params
}

fn change(params: Params) -> Command {
    Command::ChangeParams(Box::new(params))
}

/// Alice's order of deployment `dseq`.
fn order_of(dseq: u64) -> OrderId {
    order_id("alice", dseq, 1, 1)
}

fn due_at(chain: &Chain, dseq: u64) -> u64 {
    chain.state().book().order(&order_of(dseq)).expect("the order exists").due_at.to_u64()
}

#[test]
fn s22_a_change_of_parameters_waits_and_leaves_what_was_signed_before_alone() {
    let (mut chain, first) = served(governed(), plain("100uact", "1ACT"), "100uact");
    assert_eq!(refused(&mut chain, "alice", change(changed())), "CMD006");
    let mut broken = changed();
    broken.order.bid_window = BlockSpan::default();
    assert_eq!(refused(&mut chain, "gov", change(broken)), "GOV001");
    let mut first_thought = changed();
    first_thought.bid.bids_max = 1;
    chain.must("gov", change(first_thought));
    chain.end();
    chain.must("gov", change(changed()));
    let pending = chain.state().pending_params().expect("the change waits").clone();
    assert_eq!((pending.effective_at, *pending.params), (BlockHeight::new(18), changed()));
    chain.end_at(16);
    for height in [17, 18] {
        let new = deployment(height, &[("west", "100uact")], "1ACT");
        chain.must("alice", Command::CreateDeployment(new));
        let params = if height == 17 { governed() } else { changed() };
        assert_eq!(*chain.state().params(), params, "in block {height}");
        let events = chain.end();
        assert_eq!(events.contains(&Event::ParamsChanged), height == 18);
    }
    assert_eq!(chain.state().pending_params(), None);
    assert_eq!((due_at(&chain, 17), due_at(&chain, 18)), (22, 21));
    for dseq in [17, 18] {
        chain.bids(order_of(dseq), &[("p1", "100uact")]);
    }
    chain.end_at(31);
    for dseq in [1, 17, 18] {
        chain.must("alice", Command::CloseDeployment(deployment_id("alice", dseq)));
    }
    chain.end();
    let parts = |id: &LeaseId| ended(&chain, id).2;
    assert_eq!(parts(&first), [2_600, 0, 0], "26 blocks without a fee, as it was signed");
    assert_eq!(parts(&lease_id(order_of(17), "p1")), [800, 200, 0], "awarded in 22");
    assert_eq!(parts(&lease_id(order_of(18), "p1")), [880, 220, 0], "awarded in 21");
    assert_eq!(chain.uact("p1"), START + 2_600 + 800 + 880);
    assert_eq!(community(&chain, &Denom::uact()), 420);
    assert_eq!(chain.uact("alice"), START - 2_600 - 1_000 - 1_100);
    close(&chain);
}

#[test]
fn s25_a_new_manifest_hash_holds_for_the_next_lease_and_moves_no_money() {
    let (mut chain, lease) = served(Params::default(), plain("100uact", "1ACT"), "50uact");
    let [old, new] = [&b"manifest"[..], b"manifest, second edition"].map(crypto::sha256);
    let update = |version_hash: Digest| Command::UpdateDeployment { id: alices(), version_hash };
    let agreed = |chain: &Chain, lease: &LeaseId| {
        let lease = chain.state().escrow().lease(lease).expect("the lease exists");
        lease.signed.terms.version_hash
    };
    chain.end_at(9);
    assert_eq!(refused(&mut chain, "bob", update(new)), "CMD006");
    assert_eq!(refused(&mut chain, "alice", update(old)), "ORD016");
    let before = ends_at(&chain);
    chain.must("alice", update(new));
    let deployment = chain.state().book().deployment(&alices()).expect("it exists");
    assert_eq!((deployment.version_hash, agreed(&chain, &lease)), (new, old));
    assert!(runs(&chain, &lease));
    assert_eq!(ends_at(&chain), before);
    chain.end_at(15);
    chain.must("alice", Command::close_lease(lease));
    let again = order_id("alice", 1, 1, 2);
    chain.bids(again, &[("p1", "40uact")]);
    chain.end_at(21);
    let second = lease_id(again, "p1");
    assert_eq!(ended(&chain, &lease), (16, LeaseEndReason::Tenant, [500, 0, 0]), "50 x 10");
    assert_eq!(agreed(&chain, &second), new);
    chain.end_at(30);
    chain.must("alice", Command::CloseDeployment(alices()));
    assert_eq!(refused(&mut chain, "alice", update(old)), "ORD009");
    chain.end();
    assert_eq!(ended(&chain, &second), (31, LeaseEndReason::Tenant, [400, 0, 0]), "40 x 10");
    assert_eq!((chain.uact("p1"), chain.uact("alice")), (START + 900, START - 900));
    close(&chain);
}
