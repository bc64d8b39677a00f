//! Rows about the first round of a market: deployments, bids, leases, money, who may what.

use undercut::Command;
use undercut_bidding::NewBid;
use undercut_primitives::{Attribute, Coin, Denom, GroupSpec};
use undercut_tests::chain::{bid, bid_id, coin, deployment_id, group, lease_id, provider};

use super::{
    Row, bid_for, create, create_group, deposit, one, order, register, row, too_much, uact,
};

/// Rules of deployments, groups and orders.
fn order_rows() -> Vec<Row> {
    let sized = |name: &'static str, change: fn(&mut GroupSpec)| {
        row("ORD005", name, "alice", create_group(change))
    };
    vec![
        row("ORD001", "deployment 0", "alice", create(|new| new.dseq = 0)),
        row("ORD002", "a number in use", "alice", Command::CreateDeployment(one(1))),
        row("ORD002", "a number used up", "alice", Command::CreateDeployment(one(4))),
        row("ORD003", "no group", "alice", create(|new| new.groups.clear())),
        row(
            "ORD003",
            "21 groups",
            "alice",
            create(|new| new.groups = vec![group("g", "1uact"); 21]),
        ),
        row("ORD004", "twins", "alice", create(|new| new.groups = vec![group("g", "1uact"); 2])),
        sized("no name", |group| group.name.clear()),
        sized("no unit", |group| group.units.clear()),
        sized("21 units", |group| group.units = vec![group.units[0].clone(); 21]),
        sized("unit 0", |group| group.units[0].id = 0),
        sized("no replica", |group| group.units[0].count = 0),
        sized("no CPU", |group| group.units[0].resources.cpu_milli = 0),
        sized("all the CPU there is", |group| group.units[0].resources.cpu_milli = u64::MAX),
        sized("no memory", |group| group.units[0].resources.memory_bytes = 0),
        sized("25 GPUs", |group| group.units[0].resources.gpus = 25),
        sized("no volume", |group| group.units[0].resources.volumes.clear()),
        sized("no price", |group| group.units[0].price.value = "0".parse().unwrap()),
        sized("a price of gold", |group| {
            group.units[0].price.value = "10000000.000000000000000001".parse().unwrap();
        }),
        sized("a denom of elsewhere", |group| {
            group.units[0].price = "1uusd".parse().unwrap();
        }),
        row("ORD006", "two denoms", "alice", create(|new| new.groups.push(group("b", "1uakt")))),
        row("ORD008", "an unknown deployment", "alice", close(deployment_id("alice", 99))),
        row("ORD009", "a closed deployment", "alice", close(deployment_id("alice", 4))),
        row("ORD011", "an unknown order", "p3", bid_for(99, "1uact", |_| ())),
        row(
            "ORD011",
            "the next order of a group",
            "p3",
            bid_for(2, "1uact", |new| {
                new.order.oseq = 2;
            }),
        ),
        row("ORD012", "an order that is leased", "p3", bid_for(1, "1uact", |_| ())),
        row("ORD012", "an order that is over", "p3", bid_for(4, "1uact", |_| ())),
        row("ORD011", "a choice in an unknown order", "alice", choose(99, "p1")),
        row("ORD012", "a choice in a leased order", "alice", choose(1, "p1")),
        row("ORD013", "a choice where the price decides", "alice", choose(2, "p1")),
    ]
}

fn close(id: undercut_primitives::DeploymentId) -> Command {
    Command::CloseDeployment(id)
}

fn choose(dseq: u64, name: &str) -> Command {
    Command::CreateLease(bid_id(order(dseq), name))
}

/// Bids for two orders with one signature.
fn both(first: u64, second: u64) -> Command {
    Command::CreateBids(vec![bid(order(first), "1uact"), bid(order(second), "1uact")])
}

/// Rules of bundles, and of the bids in them.
fn bundle_rows() -> Vec<Row> {
    let alike = |count| Command::CreateBids(vec![bid(order(2), "1uact"); count]);
    vec![
        row("CMD009", "a bundle of nothing", "p3", alike(0)),
        row("CMD009", "65 bids at once", "p3", alike(65)),
        row("BID003", "an order twice", "p3", alike(2)),
        row("BID008", "a bundle with a bid for another region", "p3", both(2, 5)),
        row("ORD012", "a bundle with a bid for a leased order", "p3", both(2, 1)),
    ]
}

/// Rules of providers and bids.
fn bid_rows() -> Vec<Row> {
    let keys = |count: usize| (0..count).map(|n| Attribute::new(format!("key{n}"), "v")).collect();
    let twice = vec![Attribute::new("key", "a"), Attribute::new("key", "b")];
    vec![
        row("PRF002", "257 attributes", "p3", register(keys(257))),
        row("PRF003", "a key with a star", "p3", register(vec![Attribute::new("a*", "v")])),
        row("PRF004", "a long value", "p3", register(vec![Attribute::new("a1", "v".repeat(257))])),
        row("PRF005", "a key twice", "p3", register(twice)),
        row("BID001", "one's own order", "alice", bid_for(2, "1uact", |_| ())),
        row("BID002", "a bid without registration", "p4", bid_for(2, "1uact", |_| ())),
        row("REG002", "an attestation of nobody", "auditor", attest("p4")),
        row("BID003", "a second bid", "p1", bid_for(2, "1uact", |_| ())),
        row("BID003", "a bid after taking one back", "p2", bid_for(3, "1uact", |_| ())),
        row("BID004", "a price of nothing", "p3", bid_for(2, "0uact", |_| ())),
        row("BID005", "a price in AKT", "p3", bid_for(2, "1uakt", |_| ())),
        row(
            "BID006",
            "just above the ceiling",
            "p3",
            bid_for(2, "100.000000000000000001uact", |_| ()),
        ),
        row("BID006", "above any ceiling", "p3", bid_for(2, "300000000000000000000uact", |_| ())),
        row("BID007", "nothing offered", "p3", bid_for(2, "1uact", |new| new.offer.clear())),
        row(
            "BID007",
            "a unit twice",
            "p3",
            bid_for(2, "1uact", |new| {
                new.offer.push(new.offer[0].clone());
            }),
        ),
        row(
            "BID007",
            "less memory than asked",
            "p3",
            bid_for(2, "1uact", |new| {
                new.offer[0].resources.memory_bytes -= 1;
            }),
        ),
        row("BID008", "another region", "p3", bid_for(5, "1uact", |_| ())),
        row(
            "BID009",
            "a deposit in dollars",
            "p3",
            bid_for(2, "1uact", |new| {
                new.deposit = coin("1000000uusd");
            }),
        ),
        row(
            "BID010",
            "a small deposit",
            "p3",
            bid_for(2, "1uact", |new| {
                new.deposit = Coin::uakt(499_999);
            }),
        ),
        row("BID010", "no deposit", "p3", bid_for(2, "1uact", |new| new.deposit = uact(0))),
        row("BID011", "dearer than a full book", "p3", bid_for(2, "60.1uact", |_| ())),
        row("BID012", "taking back what never was", "p3", take_back(2, "p3")),
        row("BID012", "choosing who never bid", "alice", choose(3, "p3")),
        row("BID013", "taking back twice", "p2", take_back(3, "p2")),
        row("BID013", "taking back the winner", "p1", take_back(1, "p1")),
        row("BID013", "choosing who took it back", "alice", choose(3, "p2")),
    ]
}

fn end_lease(dseq: u64, name: &str) -> Command {
    Command::close_lease(lease_id(order(dseq), name))
}

fn take_back(dseq: u64, name: &str) -> Command {
    Command::CloseBid(bid_id(order(dseq), name))
}

pub(crate) fn attest(name: &str) -> Command {
    Command::AttestProvider { provider: provider(name), attributes: vec![], expires_at: None }
}

/// Rules of escrow, leases, vault and money.
fn money_rows() -> Vec<Row> {
    let lease = |dseq, name| lease_id(order(dseq), name);
    vec![
        row("ESC001", "a deposit of nothing", "alice", create(|new| new.deposit = uact(0))),
        row("ESC001", "a top-up of nothing", "bob", deposit(1, uact(0))),
        row(
            "ESC002",
            "a deposit beyond all money",
            "alice",
            create(|new| new.deposit = too_much()),
        ),
        row("ESC002", "a top-up beyond all money", "bob", deposit(1, too_much())),
        row("ESC002", "a top-up of 2^128 - 1", "bob", deposit(1, uact(u128::MAX))),
        row("ESC003", "a deposit in AKT", "alice", create(|new| new.deposit = coin("1AKT"))),
        row("ESC003", "a top-up in USD", "bob", deposit(1, coin("1uusd"))),
        row(
            "ESC004",
            "prices and deposit in AKT",
            "alice",
            create(|new| {
                (new.groups, new.deposit) = (vec![group("west", "1uakt")], coin("1AKT"));
            }),
        ),
        row("ESC005", "a small deposit", "alice", create(|new| new.deposit = uact(499_999))),
        row("ESC006", "a top-up of what never was", "bob", deposit(99, uact(1))),
        row("ESC007", "a top-up of what is over", "bob", deposit(4, uact(1))),
        row("ESC009", "pay for no lease", "p3", Command::Withdraw(lease(2, "p3"))),
        row("ESC009", "an end of no lease", "p2", end_lease(2, "p2")),
        row("ESC010", "pay for an ended lease", "p1", Command::Withdraw(lease(4, "p1"))),
        row("ESC010", "the end of an ended lease", "alice", end_lease(4, "p1")),
        row("ESC013", "a choice without the money", "alice", choose(6, "p1")),
        row("BME001", "a burn of nothing", "bob", Command::Burn(uact(0))),
        row("BME002", "a burn of all money and more", "bob", Command::Burn(too_much())),
        row("BME003", "a burn of dollars", "bob", Command::Burn(coin("5uusd"))),
        row("BME005", "more ACT than there is", "bob", Command::Burn(coin("10000ACT"))),
        row("BME007", "a small mint", "bob", Command::Burn(Coin::uakt(9_999_999))),
        row(
            "BNK001",
            "a deposit that one has not",
            "alice",
            create(|new| {
                new.deposit = coin("2000ACT");
            }),
        ),
        row("BNK001", "a top-up that one has not", "bob", deposit(1, coin("2000ACT"))),
        row("BNK001", "a burn that one has not", "bob", Command::Burn(coin("2000AKT"))),
        row(
            "BNK001",
            "a bid deposit that one has not",
            "p3",
            bid_for(2, "1uact", |new| {
                new.deposit = coin("2000AKT");
            }),
        ),
    ]
}

/// Other people's business.
fn authority_rows() -> Vec<Row> {
    let lease = lease_id(order(1), "p1");
    vec![
        row("CMD006", "an auditor that is none", "p1", attest("p1")),
        row("CMD006", "another's deployment", "bob", close(deployment_id("alice", 1))),
        row("CMD006", "another's bid", "p2", take_back(2, "p1")),
        row("CMD006", "another's choice", "bob", choose(3, "p1")),
        row("CMD006", "a choice by the bidder", "p1", choose(3, "p1")),
        row("CMD006", "another's lease", "bob", end_lease(1, "p1")),
        row("CMD006", "another's pay", "p2", Command::Withdraw(lease)),
        row("CMD006", "the tenant after the pay", "alice", Command::Withdraw(lease)),
    ]
}

/// Commands that break several rules at once; the first in the order of checking is expected.
fn several_order_rows() -> Vec<Row> {
    vec![
        row(
            "ORD001",
            "number, groups and deposit",
            "alice",
            create(|new| {
                (new.dseq, new.deposit) = (0, uact(0));
                new.groups.clear();
            }),
        ),
        row(
            "ORD002",
            "a number in use, groups and deposit",
            "alice",
            create(|new| {
                (new.dseq, new.deposit) = (1, uact(0));
                new.groups.clear();
            }),
        ),
        row(
            "ORD004",
            "twins without a unit",
            "alice",
            create(|new| {
                new.groups = vec![group("g", "1uact"); 2];
                new.groups[1].units.clear();
            }),
        ),
        row(
            "ORD005",
            "no CPU and no money",
            "alice",
            create(|new| {
                new.groups[0].units[0].resources.cpu_milli = 0;
                new.deposit = coin("2000ACT");
            }),
        ),
        row(
            "ESC001",
            "nothing, in another denom",
            "alice",
            create(|new| new.deposit = Coin::uakt(0)),
        ),
        row(
            "ESC002",
            "too much, in another denom",
            "alice",
            create(|new| {
                new.deposit = Coin::new(Denom::uakt(), too_much().amount);
            }),
        ),
        row("ESC006", "nothing to nobody", "bob", deposit(99, uact(0))),
        row("ORD013", "choosing nobody where the price decides", "alice", choose(2, "p3")),
        row(
            "CMD006",
            "another's deployment that never was",
            "bob",
            close(deployment_id("alice", 99)),
        ),
        row("CMD006", "another's lease that never was", "bob", end_lease(99, "p1")),
    ]
}

/// Bids that break several rules at once.
fn several_bid_rows() -> Vec<Row> {
    let everything = |new: &mut NewBid| {
        new.offer.clear();
        new.deposit = coin("1uusd");
    };
    vec![
        row("ORD012", "a bad bid for a leased order", "p4", bid_for(1, "0uakt", everything)),
        row("BID001", "a bad bid for one's own order", "alice", bid_for(2, "0uakt", everything)),
        row("BID002", "a bad bid without registration", "p4", bid_for(2, "0uakt", everything)),
        row("BID003", "a bad second bid", "p1", bid_for(2, "0uakt", everything)),
        row("BID004", "nothing, in another denom", "p3", bid_for(2, "0uakt", everything)),
        row("BID005", "too much, in another denom", "p3", bid_for(2, "500uakt", everything)),
        row("BID006", "too much, offering nothing", "p3", bid_for(2, "500uact", everything)),
        row("BID007", "offering nothing elsewhere", "p3", bid_for(5, "1uact", everything)),
        row(
            "BID008",
            "elsewhere, with a bad deposit",
            "p3",
            bid_for(5, "1uact", |new| {
                new.deposit = coin("1uusd");
            }),
        ),
        row(
            "BID009",
            "a bad deposit for a full book",
            "p3",
            bid_for(2, "99uact", |new| {
                new.deposit = coin("1uusd");
            }),
        ),
        row(
            "BID011",
            "a full book and no money",
            "p3",
            bid_for(2, "99uact", |new| {
                new.deposit = coin("2000AKT");
            }),
        ),
    ]
}

/// All rows.
pub(crate) fn rows() -> Vec<Row> {
    let one = [order_rows(), bid_rows(), bundle_rows(), money_rows(), authority_rows()];
    let several = [several_order_rows(), several_bid_rows()];
    [one.concat(), several.concat()].concat()
}
