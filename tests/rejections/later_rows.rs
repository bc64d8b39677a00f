//! Rows about what comes after the first round: groups paused and closed, early ends announced,
//! allowances, auditors' words, prices, parameters, keys.

use undercut::{Command, Params, rotation_digest};
use undercut_bidding::{NewBid, Registration};
use undercut_ledger::oracle::PricePoint;
use undercut_ledger::{NewAllowance, ProviderReason};
use undercut_orderbook::NewDeployment;
use undercut_primitives::{
    Amount, Attribute, BlockHeight, BlockSpan, BlockTime, Coin, Contribution, GroupId, OrderId,
    TimeSpan, crypto,
};
use undercut_tests::chain::{
    CHAIN_ID, Chain, address, bid, bid_id, coin, deployment, deployment_id, key, lease_id,
    order_id, provider,
};

use super::{Row, row, uact};

const HOUR: TimeSpan = TimeSpan::from_seconds(3_600);

/// A market in an open block. `carol` may change parameters, `p4` and `p5` post prices.
///
/// | deployment of alice | stands |
/// | --- | --- |
/// | 1 | group 1 leased to p1, who may leave at once; group 2 paused; group 3 closed |
/// | 2 | leased to p1, who has to announce its end an hour before |
/// | 3 | leased to p1 as well, the end announced |
/// | 4 | leased to p2, its money at an end, waiting for a top-up; group 2 paused |
/// | 5 | up for auction, an hour's notice asked for; p2 bids 50 uact, p3 took its bid back |
///
/// `carol` lets bob and p1 spend 1000 uact on deployments; what `auditor` let him spend is over. A burn of
/// alice's waits. The auditor has vouched for p1.
pub(crate) fn world() -> Chain {
    let mut chain = Chain::with(params());
    chain.register(&["p1", "p2", "p3"]);
    let short = NewAllowance { expires_at: Some(BlockHeight::new(1)), ..allowance("bob") };
    chain.must("auditor", Command::GrantAllowance(short));
    chain.must("carol", Command::GrantAllowance(allowance("bob")));
    chain.must("carol", Command::GrantAllowance(allowance("p1")));
    let (attributes, provider) = (vec![Attribute::new("region", "eu")], provider("p1"));
    chain.must("auditor", Command::AttestProvider { provider, attributes, expires_at: None });
    let groups = [("a", "100uact"), ("b", "100uact"), ("c", "100uact")];
    chain.must("alice", Command::CreateDeployment(deployment(1, &groups, "1ACT")));
    for dseq in [2, 3] {
        chain.must("alice", Command::CreateDeployment(noticed(dseq)));
        let new = NewBid { reclamation: Some(HOUR), ..bid(order(dseq), "50uact") };
        chain.must("p1", Command::CreateBid(new));
    }
    let grace = BlockSpan::from_blocks(1_000);
    let brief = deployment(4, &[("a", "300000uact"), ("b", "1uact")], "500000uact");
    chain.must("alice", Command::CreateDeployment(NewDeployment { grace, ..brief }));
    chain.bids(order(1), &[("p1", "50uact")]);
    chain.bids(order(4), &[("p2", "300000uact")]);
    chain.must("alice", Command::PauseGroup(group(1, 2)));
    chain.must("alice", Command::CloseGroup(group(1, 3)));
    chain.must("alice", Command::PauseGroup(group(4, 2)));
    chain.end_at(9);
    post(&mut chain, "p4");
    post(&mut chain, "p5");
    chain.must("alice", Command::Burn(Coin::uakt(20_000_000)));
    chain.must("p1", announce(3));
    chain.must("alice", Command::CreateDeployment(noticed(5)));
    for name in ["p2", "p3"] {
        let new = NewBid { reclamation: Some(HOUR), ..bid(order(5), "50uact") };
        chain.must(name, Command::CreateBid(new));
    }
    chain.must("p3", Command::CloseBid(bid_id(order(5), "p3")));
    chain
}

fn params() -> Params {
    let mut params = Params::default();
    params.governance.authority = Some(address("carol"));
    params.oracle.sources = vec![address("p4"), address("p5")];
    params.bme.redeem_new_uakt_per_epoch_max = Some(Amount::from_micro(1_000));
    // The burn waits, however long the market is set up.
    params.bme.epoch_blocks_min = BlockSpan::from_blocks(500);
    params
}

/// A deployment of alice's whose provider has to announce an early end an hour before.
fn noticed(dseq: u64) -> NewDeployment {
    NewDeployment { reclamation: Some(HOUR), ..deployment(dseq, &[("a", "100uact")], "1ACT") }
}

fn order(dseq: u64) -> OrderId {
    order_id("alice", dseq, 1, 1)
}

fn group(dseq: u64, gseq: u32) -> GroupId {
    GroupId { deployment: deployment_id("alice", dseq), gseq }
}

fn announce(dseq: u64) -> Command {
    let reason = ProviderReason::DECOMMISSIONED;
    Command::StartReclamation { lease: lease_id(order(dseq), "p1"), reason }
}

fn leave(dseq: u64) -> Command {
    Command::close_lease(lease_id(order(dseq), "p1"))
}

fn allowance(grantee: &str) -> NewAllowance {
    NewAllowance {
        grantee: address(grantee),
        for_deployments: true,
        for_bids: false,
        limits: vec![Coin::uact(1_000)],
        expires_at: None,
    }
}

fn post(chain: &mut Chain, name: &str) {
    chain.begin();
    let published_at = chain.state().context().time;
    let usd_per_akt = "1".parse().unwrap();
    chain.must(name, Command::PostPrice(PricePoint { usd_per_akt, published_at }));
}

/// All rows.
pub(crate) fn rows() -> Vec<Row> {
    [group_rows(), bid_rows(), lease_rows(), allowance_rows(), provider_rows(), other_rows()]
        .concat()
}

fn group_rows() -> Vec<Row> {
    let create = |change: fn(&mut NewDeployment)| {
        let mut new = deployment(9, &[("a", "100uact")], "1ACT");
        change(&mut new);
        Command::CreateDeployment(new)
    };
    let update = |dseq, text: &[u8]| Command::UpdateDeployment {
        id: deployment_id("alice", dseq),
        version_hash: crypto::sha256(text),
    };
    let none = GroupId { deployment: deployment_id("alice", 1), gseq: 9 };
    vec![
        row(
            "ORD014",
            "a second's notice",
            "alice",
            create(|new| new.reclamation = Some(TimeSpan::from_seconds(1))),
        ),
        row(
            "ORD015",
            "a pause of a year",
            "alice",
            create(|new| new.grace = BlockSpan::from_blocks(5_000_000)),
        ),
        row("ORD016", "the same manifest", "alice", update(1, b"manifest")),
        row("ORD008", "an update of nothing", "alice", update(99, b"new")),
        row("CMD006", "an update by another", "bob", update(1, b"new")),
        row("ORD010", "pausing nothing", "alice", Command::PauseGroup(none)),
        row("ORD010", "starting nothing", "alice", Command::StartGroup(none)),
        row("ORD010", "closing nothing", "alice", Command::CloseGroup(none)),
        row("ORD018", "pausing twice", "alice", Command::PauseGroup(group(1, 2))),
        row("ORD017", "pausing what is closed", "alice", Command::PauseGroup(group(1, 3))),
        row("ORD019", "starting what is open", "alice", Command::StartGroup(group(1, 1))),
        row("ORD017", "starting what is closed", "alice", Command::StartGroup(group(1, 3))),
        row("ORD017", "closing twice", "alice", Command::CloseGroup(group(1, 3))),
        row("ESC016", "starting without money", "alice", Command::StartGroup(group(4, 2))),
        row("CMD006", "pausing another's", "bob", Command::PauseGroup(group(1, 1))),
        row("CMD006", "starting another's", "bob", Command::StartGroup(group(1, 2))),
        row("CMD006", "closing another's", "bob", Command::CloseGroup(group(1, 1))),
    ]
}

fn bid_rows() -> Vec<Row> {
    let offer = |window: Option<TimeSpan>| {
        Command::CreateBid(NewBid { reclamation: window, ..bid(order(5), "40uact") })
    };
    let reprice = |name: &str, price: &str| Command::RepriceBid {
        bid: bid_id(order(5), name),
        price: price.parse().unwrap(),
    };
    vec![
        row("BID015", "no notice", "p1", offer(None)),
        row("BID016", "half the notice", "p1", offer(Some(TimeSpan::from_seconds(1_800)))),
        row("BID017", "a year's notice", "p1", offer(Some(TimeSpan::from_seconds(31_536_000)))),
        row("BID018", "the same price", "p2", reprice("p2", "50uact")),
        row("BID018", "a higher price", "p2", reprice("p2", "50.1uact")),
        row("BID004", "a price of nothing", "p2", reprice("p2", "0uact")),
        row("BID005", "another denom", "p2", reprice("p2", "1uakt")),
        row("BID012", "a price without bid", "p1", reprice("p1", "1uact")),
        row("BID013", "a price of what is taken back", "p3", reprice("p3", "1uact")),
        row("CMD006", "another's price", "p1", reprice("p2", "1uact")),
    ]
}

fn lease_rows() -> Vec<Row> {
    vec![
        row("ESC020", "leaving without notice", "p1", leave(2)),
        row("ESC021", "leaving before the time", "p1", leave(3)),
        row("ESC018", "announcing twice", "p1", announce(3)),
        row("ESC019", "announcing what nobody asked for", "p1", announce(1)),
        row("ESC009", "announcing nothing", "p1", announce(99)),
        row("CMD006", "announcing for another", "p2", announce(2)),
    ]
}

fn allowance_rows() -> Vec<Row> {
    let grant = |change: fn(&mut NewAllowance)| {
        let mut new = allowance("bob");
        change(&mut new);
        Command::GrantAllowance(new)
    };
    let pay = |parts: &[(&str, u128)], amount| Command::Deposit {
        deployment: deployment_id("alice", 1),
        coin: uact(amount),
        payers: parts.iter().map(|(name, micro)| part(name, *micro)).collect(),
    };
    let payers = ["alice", "bob", "carol", "p1", "p2", "p3", "p4", "p5", "auditor"];
    let drawn = NewBid {
        reclamation: Some(HOUR),
        deposit: uact(500_000),
        payers: vec![part("carol", 500_000)],
        ..bid(order(5), "40uact")
    };
    vec![
        row("ALW001", "to oneself", "bob", grant(|_| ())),
        row("ALW002", "for nothing", "alice", grant(|new| new.for_deployments = false)),
        row("ALW003", "without limit", "alice", grant(|new| new.limits.clear())),
        row("ALW003", "9 limits", "alice", grant(|new| new.limits = vec![uact(1); 9])),
        row("ALW004", "of nothing", "alice", grant(|new| new.limits = vec![uact(0)])),
        row("ALW004", "a denom twice", "alice", grant(|new| new.limits = vec![uact(1); 2])),
        row(
            "ALW005",
            "that is over",
            "alice",
            grant(|new| new.expires_at = Some(BlockHeight::new(1))),
        ),
        row(
            "ALW006",
            "taken back from a stranger",
            "alice",
            Command::RevokeAllowance { grantee: address("p1") },
        ),
        row("ALW006", "drawn from a stranger", "bob", pay(&[("p1", 5)], 5)),
        row("ALW007", "9 payers", "bob", pay(&payers.map(|name| (name, 1)), 9)),
        row("ALW008", "a payer twice", "bob", pay(&[("carol", 1), ("carol", 1)], 2)),
        row("ALW008", "a payer of nothing", "bob", pay(&[("carol", 0), ("bob", 2)], 2)),
        row("ALW009", "parts of another whole", "bob", pay(&[("carol", 1), ("bob", 2)], 4)),
        row("ALW010", "a bid on deployment money", "p1", Command::CreateBid(drawn)),
        row("ALW011", "an allowance that is over", "bob", pay(&[("auditor", 5)], 5)),
        row("ALW012", "more than allowed", "bob", pay(&[("carol", 1_001)], 1_001)),
    ]
}

fn part(name: &str, micro: u128) -> Contribution {
    Contribution { payer: address(name), amount: Amount::from_micro(micro) }
}

fn provider_rows() -> Vec<Row> {
    let at = |uri: &str| Registration::new(uri, vec![]);
    let with = |website: &str, email: &str| Registration {
        website: website.into(),
        email: email.into(),
        ..at("https://provider.example")
    };
    let attest = |name, expires_at| Command::AttestProvider {
        provider: provider(name),
        attributes: vec![],
        expires_at,
    };
    let revoke = |name, keys: &[&str]| Command::RevokeAttestation {
        provider: provider(name),
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
    };
    let register = Command::RegisterProvider;
    vec![
        row("REG001", "registering twice", "p1", register(at("https://provider.example"))),
        row("PRF006", "a host without scheme", "p4", register(at("localhost"))),
        row("PRF006", "a host with a path", "p1", Command::UpdateProvider(at("https://a.b/c"))),
        row("PRF007", "a bare website", "p4", register(with("provider.example", ""))),
        row("PRF008", "a long address", "p4", register(with("", &"x".repeat(300)))),
        row("REG002", "updating nothing", "p4", Command::UpdateProvider(at("https://a.b"))),
        row("REG002", "leaving nothing", "p4", Command::DeregisterProvider),
        row("REG003", "leaving with leases", "p1", Command::DeregisterProvider),
        row("REG002", "a word about nobody", "auditor", attest("p4", None)),
        row("REG004", "a word of yesterday", "auditor", attest("p1", Some(BlockHeight::new(1)))),
        row("REG005", "taking back nothing", "auditor", revoke("p2", &[])),
        row("REG002", "taking back about nobody", "auditor", revoke("p4", &[])),
        row("REG006", "taking back another word", "auditor", revoke("p1", &["tier"])),
        row("CMD006", "a word by nobody", "bob", revoke("p1", &[])),
    ]
}

fn other_rows() -> Vec<Row> {
    let price = |usd: &str, seconds: i64| {
        let published_at = BlockTime::from_unix_seconds(1_767_225_600 + seconds);
        Command::PostPrice(PricePoint { usd_per_akt: usd.parse().unwrap(), published_at })
    };
    let (now, new) = (60, key("alice's second"));
    let rotate = |of: &str| {
        let proof = new.sign(&rotation_digest(CHAIN_ID, &address(of), &new.public()));
        Command::RotateKey { key: new.public(), proof }
    };
    let alice = key("alice");
    let proof = alice.sign(&rotation_digest(CHAIN_ID, &address("alice"), &alice.public()));
    let mut bad = params();
    bad.bid.bids_max = 0;
    vec![
        row("ORA001", "a price of anybody's", "bob", price("1", now)),
        row("ORA002", "a price of nothing", "p4", price("0", now)),
        row("ORA003", "a price of gold", "p4", price("2000000000", now)),
        row("ORA004", "an earlier price", "p4", price("1", 0)),
        row("ORA006", "a price of tomorrow", "p4", price("1", 86_400)),
        row("BME010", "taking back no burn", "alice", Command::CancelBurn(99)),
        row("BME011", "taking back another's", "bob", Command::CancelBurn(1)),
        row("BME012", "ACT as collateral", "bob", Command::FundVault(coin("1ACT"))),
        row("BME001", "no collateral", "bob", Command::FundVault(coin("0uakt"))),
        row("BME013", "more than an epoch mints", "bob", Command::Burn(coin("1ACT"))),
        row("GOV001", "parameters of no market", "carol", Command::ChangeParams(Box::new(bad))),
        row("CMD006", "anybody's parameters", "bob", Command::ChangeParams(Box::new(params()))),
        row("GOV003", "the same key", "alice", Command::RotateKey { key: alice.public(), proof }),
        row("GOV004", "a key that does not agree", "alice", rotate("bob")),
    ]
}

#[test]
fn the_first_price_of_a_source_is_recent() {
    let mut chain = Chain::with(params());
    chain.begin();
    let old = chain.state().context().time.to_unix_nanos() - 12_000_000_001;
    let published_at = BlockTime::from_unix_nanos(old);
    let point = PricePoint { usd_per_akt: "1".parse().unwrap(), published_at };
    let signed = chain.sign("p4", Command::PostPrice(point));
    super::refused(&mut chain, "ORA005", "12 s and a nanosecond", &signed);
}

#[test]
fn a_market_without_authority_changes_for_nobody() {
    let mut chain = Chain::new();
    chain.begin();
    let signed = chain.sign("carol", Command::ChangeParams(Box::new(params())));
    super::refused(&mut chain, "CMD006", "no authority", &signed);
}
