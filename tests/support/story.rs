//! One market's life that meets every kind of event: the log that replays and forgers work on.

use undercut::{Command, Event};
use undercut_bidding::BidEvent;
use undercut_ledger::LedgerEvent;
use undercut_ledger::bme::VaultEvent;
use undercut_orderbook::{AwardMode, OrderEvent};
use undercut_primitives::{Attribute, Coin, Decimal};

use crate::chain::{Chain, bid_id, coin, deployment, deployment_id, lease_id, order_id, provider};

/// Plays the story. About 30 blocks and 160 records.
#[must_use]
pub fn story() -> Chain {
    let mut chain = Chain::new();
    open(&mut chain);
    auction(&mut chain);
    serve(&mut chain);
    burn(&mut chain);
    chain
}

/// Blocks 1 and 2: providers, an attestation, and three deployments.
fn open(chain: &mut Chain) {
    chain.register(&["p1", "p2", "p3"]);
    let attributes = vec![Attribute::new("region", "us-west")];
    let provider = provider("p1");
    chain.must("auditor", Command::AttestProvider { provider, attributes });
    chain.end();
    let two = [("west", "100000uact"), ("east", "50000uact")];
    chain.must("alice", Command::CreateDeployment(deployment(1, &two, "2ACT")));
    chain.must("bob", Command::CreateDeployment(deployment(1, &[("lonely", "10uact")], "1ACT")));
    let mut chosen = deployment(2, &[("chosen", "1000uact")], "1ACT");
    chosen.award = AwardMode::TenantChooses;
    chain.must("bob", Command::CreateDeployment(chosen));
    chain.end();
}

/// Blocks 3 to 7: bids with a tie, one taken back, one chosen by hand; the awards.
fn auction(chain: &mut Chain) {
    let (west, east) = (order_id("alice", 1, 1, 1), order_id("alice", 1, 2, 1));
    chain.bids(west, &[("p1", "90000uact"), ("p2", "80250.25uact"), ("p3", "80250.25uact")]);
    chain.bids(east, &[("p1", "40000.5uact"), ("p2", "39999uact")]);
    let chosen = order_id("bob", 2, 1, 1);
    chain.bids(chosen, &[("p1", "500uact"), ("p2", "400uact")]);
    chain.end();
    chain.must("p2", Command::CloseBid(bid_id(east, "p2")));
    chain.must("bob", Command::CreateLease(bid_id(chosen, "p1")));
    chain.end_at(7);
}

/// Blocks 8 to 13: paid, topped up, closed by the tenant and awarded again, out of money.
fn serve(chain: &mut Chain) {
    let east = lease_id(order_id("alice", 1, 2, 1), "p1");
    chain.end_at(9);
    chain.must("p1", Command::Withdraw(east));
    let top_up = Command::Deposit { deployment: deployment_id("alice", 1), coin: coin("1ACT") };
    chain.must("carol", top_up);
    chain.end();
    chain.must("alice", Command::CloseLease(east));
    chain.bids(order_id("alice", 1, 2, 2), &[("p2", "45000uact")]);
    chain.end();
    chain.must("p1", Command::CloseLease(lease_id(order_id("bob", 2, 1, 1), "p1")));
    chain.end();
    chain.must("bob", Command::CloseDeployment(deployment_id("bob", 2)));
    chain.end();
}

/// To the end: burns in both directions, one of which waits for the oracle; the money ends.
fn burn(chain: &mut Chain) {
    chain.must("alice", Command::Burn(Coin::uakt(100_000_000)));
    chain.end();
    chain.must("alice", Command::Burn(Coin::uact(50_000_000)));
    chain.end();
    chain.price = None;
    chain.end();
    chain.price = Some(Decimal::ONE);
    while chain.state().escrow().ends_at(&deployment_id("alice", 1)).is_some() {
        chain.end();
    }
    chain.end();
}

/// The name of an event's kind, e.g. `Bid::BidPlaced`; for asserting that a log has every kind.
#[must_use]
pub fn kind(event: &Event) -> String {
    let debug = match event {
        Event::Order(event) => format!("Order::{event:?}"),
        Event::Bid(event) => format!("Bid::{event:?}"),
        Event::Ledger(LedgerEvent::Vault(event)) => format!("Vault::{event:?}"),
        Event::Ledger(event) => format!("Ledger::{event:?}"),
        other => format!("{other:?}"),
    };
    debug.split([' ', '(', '{']).next().unwrap_or_default().to_owned()
}

/// The kinds that the story meets. A new kind of event breaks the build here on purpose.
#[must_use]
pub const fn is_told(event: &Event) -> bool {
    match event {
        Event::Genesis(_)
        | Event::BlockOpened(_)
        | Event::CommandAccepted(_)
        | Event::ProviderRegistered { .. }
        | Event::ProviderAttested { .. }
        | Event::BlockSealed { .. } => true,
        Event::Order(
            OrderEvent::DeploymentCreated { .. }
            | OrderEvent::OrderOpened(_)
            | OrderEvent::OrderMatched(_)
            | OrderEvent::OrderClosed { .. }
            | OrderEvent::GroupPaused(_)
            | OrderEvent::GroupClosed(_)
            | OrderEvent::DeploymentClosed(_),
        ) => true,
        Event::Bid(
            BidEvent::BidPlaced(_)
            | BidEvent::BidWon(_)
            | BidEvent::BidLost { .. }
            | BidEvent::BidClosed { .. },
        ) => true,
        Event::Ledger(LedgerEvent::Vault(event)) => match event {
            VaultEvent::BurnRequested(_)
            | VaultEvent::BurnMinted(_)
            | VaultEvent::MintStatusChanged { .. } => true,
            // Needs a price that falls within a block's wait; the vault's own tests have it.
            VaultEvent::BurnCancelled(_) => false,
        },
        Event::Ledger(
            LedgerEvent::AccountOpened { .. }
            | LedgerEvent::Deposited { .. }
            | LedgerEvent::LeaseSigned(_)
            | LedgerEvent::Settled(_)
            | LedgerEvent::Withdrawn { .. }
            | LedgerEvent::LeaseEnded { .. }
            | LedgerEvent::AccountClosed { .. },
        ) => true,
    }
}
