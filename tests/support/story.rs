//! One market's life that meets almost every kind of event: the log that replays and forgers work
//! on.

use undercut::{Command, Params, rotation_digest};
use undercut_bidding::Registration;
use undercut_ledger::oracle::PricePoint;
use undercut_ledger::{NewAllowance, ProviderReason};
use undercut_orderbook::{AwardMode, NewDeployment};
use undercut_primitives::crypto;
use undercut_primitives::{
    Amount, Attribute, BlockHeight, BlockSpan, BlockTime, Coin, Contribution, Decimal, TimeSpan,
};

use crate::chain::{
    CHAIN_ID, Chain, address, bid, bid_id, coin, deployment, deployment_id, key, lease_id,
    order_id, provider,
};

/// Kinds of events that the story does not meet, and why.
pub const UNTOLD: [&str; 2] = ["BurnRetried", "RedeemCapReached"];

/// The parameters of the story: the auditor may change them, after 3 blocks.
#[must_use]
pub fn params() -> Params {
    let mut params = Params::default();
    params.governance.authority = Some(address("auditor"));
    params.governance.delay = BlockSpan::from_blocks(3);
    params.ledger.take_rates_bps = vec![("uact".parse().expect("a denom"), 100)];
    params
}

/// Plays the story. About 60 blocks and 400 records.
#[must_use]
pub fn story() -> Chain {
    let mut chain = Chain::with(params());
    open(&mut chain);
    auction(&mut chain);
    serve(&mut chain);
    burn(&mut chain);
    regroup(&mut chain);
    announce(&mut chain);
    govern(&mut chain);
    halt(&mut chain);
    chain
}

/// Blocks 1 and 2: providers, an attestation, and three deployments.
fn open(chain: &mut Chain) {
    chain.register(&["p1", "p2", "p3"]);
    let attributes = vec![Attribute::new("region", "us-west")];
    let (provider, expires_at) = (provider("p1"), Some(BlockHeight::new(20)));
    chain.must("auditor", Command::AttestProvider { provider, attributes, expires_at });
    chain.end();
    let two = [("west", "100000uact"), ("east", "50000uact")];
    chain.must("alice", Command::CreateDeployment(deployment(1, &two, "2ACT")));
    chain.must("bob", Command::CreateDeployment(deployment(1, &[("lonely", "10uact")], "1ACT")));
    let chosen = deployment(2, &[("chosen", "1000uact")], "1ACT");
    let chosen = NewDeployment { award: AwardMode::TenantChooses, ..chosen };
    chain.must("bob", Command::CreateDeployment(chosen));
    chain.end();
}

/// Blocks 3 to 7: bids with a tie, one lowered, one taken back, one chosen by hand; the awards.
fn auction(chain: &mut Chain) {
    let (west, east) = (order_id("alice", 1, 1, 1), order_id("alice", 1, 2, 1));
    chain.bids(west, &[("p1", "90000uact"), ("p2", "80250.25uact"), ("p3", "80250.5uact")]);
    chain.bids(east, &[("p1", "40000.5uact"), ("p2", "39999uact")]);
    let chosen = order_id("bob", 2, 1, 1);
    chain.bids(chosen, &[("p1", "500uact"), ("p2", "400uact")]);
    chain.end();
    let price = "80250.25uact".parse().expect("a price");
    chain.must("p3", Command::RepriceBid { bid: bid_id(west, "p3"), price });
    chain.must("p2", Command::CloseBid(bid_id(east, "p2")));
    chain.must("bob", Command::CreateLease(bid_id(chosen, "p1")));
    chain.end_at(7);
}

/// Blocks 8 to 13: paid, topped up, closed by the tenant and awarded again, given up.
fn serve(chain: &mut Chain) {
    let east = lease_id(order_id("alice", 1, 2, 1), "p1");
    chain.end_at(9);
    chain.must("p1", Command::Withdraw(east));
    chain.must("carol", Command::deposit(deployment_id("alice", 1), coin("1ACT")));
    chain.end();
    let id = deployment_id("alice", 1);
    let version_hash = crypto::sha256(b"another manifest");
    chain.must("alice", Command::UpdateDeployment { id, version_hash });
    chain.must("alice", Command::close_lease(east));
    chain.bids(order_id("alice", 1, 2, 2), &[("p2", "45000uact")]);
    chain.end();
    let chosen = lease_id(order_id("bob", 2, 1, 1), "p1");
    let reason = ProviderReason::UNSTABLE;
    chain.must("p1", Command::CloseLease { lease: chosen, reason });
    chain.end();
    chain.must("bob", Command::CloseDeployment(deployment_id("bob", 2)));
    chain.end();
}

/// To the end of alice's money: burns in both directions, one of which waits for the oracle, one is
/// taken back.
fn burn(chain: &mut Chain) {
    chain.must("alice", Command::Burn(Coin::uakt(100_000_000)));
    chain.must("bob", Command::Burn(Coin::uakt(50_000_000)));
    chain.end();
    chain.must("bob", Command::CancelBurn(2));
    chain.must("alice", Command::Burn(Coin::uact(50_000_000)));
    chain.end();
    chain.price = None;
    chain.end();
    chain.price = Some(Decimal::ONE);
    chain.end_at(19);
    chain.must("p2", Command::WithdrawAll { from: None });
    while chain.state().escrow().ends_at(&deployment_id("alice", 1)).is_some() {
        chain.end();
    }
    chain.end_at(40);
}

/// Blocks 41 to 52: a grant pays for bob's third deployment, whose one group is paused, started and
/// closed; carol's waits for a top-up and goes on.
fn regroup(chain: &mut Chain) {
    chain.must("carol", Command::GrantAllowance(allowance("bob")));
    chain.must("bob", Command::GrantAllowance(allowance("p3")));
    let payers = vec![part("carol", 600_000), part("bob", 400_000)];
    let groups = [("near", "1000uact"), ("far", "1000uact")];
    let new = NewDeployment { payers, ..deployment(3, &groups, "1ACT") };
    chain.must("bob", Command::CreateDeployment(new));
    let grace = BlockSpan::from_blocks(30);
    let new = NewDeployment { grace, ..deployment(1, &[("brief", "300000uact")], "500000uact") };
    chain.must("carol", Command::CreateDeployment(new));
    let (near, far) = (order_id("bob", 3, 1, 1), order_id("bob", 3, 2, 1));
    let drawn = bid(near, "900uact");
    let payers = vec![part("bob", 500_000)];
    chain.must("p3", Command::CreateBid(undercut_bidding::NewBid { payers, ..drawn }));
    chain.bids(far, &[("p1", "800uact")]);
    chain.bids(order_id("carol", 1, 1, 1), &[("p2", "200000uact")]);
    chain.end_at(47);
    chain.must("bob", Command::PauseGroup(near.group));
    chain.end();
    chain.must("bob", Command::StartGroup(near.group));
    chain.end_at(50);
    chain.must("carol", Command::deposit(deployment_id("carol", 1), coin("2ACT")));
    chain.must("bob", Command::CloseGroup(near.group));
    chain.end();
    chain.must("carol", Command::RevokeAllowance { grantee: address("bob") });
    chain.must("bob", Command::CloseGroup(far.group));
    chain.end();
}

/// A lease whose provider has to announce its end, and does; a provider that leaves.
fn announce(chain: &mut Chain) {
    let reclamation = Some(TimeSpan::from_seconds(3_600));
    let new = deployment(4, &[("kept", "100uact")], "1ACT");
    chain.must("bob", Command::CreateDeployment(NewDeployment { reclamation, ..new }));
    let order = order_id("bob", 4, 1, 1);
    let new = undercut_bidding::NewBid { reclamation, ..bid(order, "50uact") };
    chain.must("p1", Command::CreateBid(new));
    chain.end_at(58);
    let (lease, reason) = (lease_id(order, "p1"), ProviderReason::DECOMMISSIONED);
    chain.must("p1", Command::StartReclamation { lease, reason });
    let update = Registration::new("https://p1.example:9443", vec![]);
    chain.must("p1", Command::UpdateProvider(update));
    chain.register(&["p4"]);
    chain.end();
    let attributes = vec![Attribute::new("tier", "1"), Attribute::new("region", "eu")];
    let provider = provider("p4");
    chain.must("auditor", Command::AttestProvider { provider, attributes, expires_at: None });
    chain.must("auditor", Command::RevokeAttestation { provider, keys: vec!["tier".into()] });
    chain.must("auditor", Command::RevokeAttestation { provider, keys: vec![] });
    chain.must("p4", Command::DeregisterProvider);
    chain.end();
}

/// A key changes, and the parameters: from then on the auditor says what AKT is worth.
fn govern(chain: &mut Chain) {
    let (new, carol) = (key("carol's second"), address("carol"));
    let proof = new.sign(&rotation_digest(CHAIN_ID, &carol, &new.public()));
    chain.must("carol", Command::RotateKey { key: new.public(), proof });
    let mut changed = params();
    changed.oracle.sources = vec![address("auditor")];
    chain.must("auditor", Command::ChangeParams(Box::new(changed)));
    for _ in 0..4 {
        chain.end();
    }
    post(chain, "1");
    chain.must("alice", Command::FundVault(Coin::uakt(1_000_000)));
    chain.end();
}

/// AKT falls below what covers the ACT: no mints, and bob's lease is paid in uakt when its uact ends.
fn halt(chain: &mut Chain) {
    let id = deployment_id("bob", 5);
    let new = deployment(5, &[("dear", "200000uact")], "500000uact");
    chain.must("bob", Command::CreateDeployment(new));
    chain.bids(order_id("bob", 5, 1, 1), &[("p2", "200000uact")]);
    chain.must("bob", Command::deposit(id, Coin::uakt(900_000)));
    while chain.state().escrow().account(&id).is_some_and(|account| account.is_open()) {
        chain.begin();
        post(chain, "0.4");
        chain.end();
    }
    for _ in 0..2 {
        chain.begin();
        post(chain, "1");
        chain.end();
    }
}

/// The auditor posts a price for the time of the open block.
fn post(chain: &mut Chain, usd_per_akt: &str) {
    chain.begin();
    let published_at: BlockTime = chain.state().context().time;
    let usd_per_akt = usd_per_akt.parse().expect("a price");
    chain.must("auditor", Command::PostPrice(PricePoint { usd_per_akt, published_at }));
}

fn allowance(grantee: &str) -> NewAllowance {
    NewAllowance {
        grantee: address(grantee),
        for_deployments: true,
        for_bids: true,
        limits: vec![Coin::uact(5_000_000), Coin::uakt(5_000_000)],
        expires_at: None,
    }
}

fn part(name: &str, micro: u128) -> Contribution {
    Contribution { payer: address(name), amount: Amount::from_micro(micro) }
}
