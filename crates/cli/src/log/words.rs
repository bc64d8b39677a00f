//! What an event says, in one sentence for people.

use undercut::{Command, Event, SignedCommand};
use undercut_bidding::BidEvent;
use undercut_ledger::LedgerEvent;
use undercut_ledger::bme::VaultEvent;
use undercut_ledger::oracle::OracleEvent;
use undercut_orderbook::OrderEvent;

use crate::style::visible;

/// The sentence, with nothing in it that steers a terminal.
pub(crate) fn words(event: &Event) -> String {
    let text = match event {
        Event::Genesis(genesis) => format!("the market `{}` starts", genesis.chain_id),
        Event::BlockOpened(block) => match block.price {
            Some(price) => format!(
                "block {} opens at {}, an AKT is worth {} USD",
                block.height, block.time, price.usd_per_akt
            ),
            None => format!("block {} opens at {}, without a price", block.height, block.time),
        },
        Event::CommandAccepted(signed) => command(signed),
        Event::ProviderRegistered { provider, .. } => format!("provider {provider} registers"),
        Event::ProviderUpdated { provider, .. } => {
            format!("provider {provider} replaces what it says of itself")
        }
        Event::ProviderDeregistered(provider) => format!("{provider} is no provider any more"),
        Event::ProviderAttested { provider, auditor, attributes, .. } => {
            format!("auditor {auditor} vouches for {} attributes of {provider}", attributes.len())
        }
        Event::AttestationEnded { provider, auditor, .. } => {
            format!("what auditor {auditor} said about {provider} counts no more")
        }
        Event::KeyRotated { account, .. } => {
            format!("{account} signs with another key from now on")
        }
        Event::ParamsScheduled { effective_at, .. } => {
            format!("new parameters will hold from block {effective_at} on")
        }
        Event::ParamsChanged => "the parameters that waited hold from now on".to_owned(),
        Event::Oracle(OracleEvent::PricePosted { source, point }) => {
            format!("{source} says that an AKT is worth {} USD", point.usd_per_akt)
        }
        Event::Order(event) => order(event),
        Event::Bid(event) => bid(event),
        Event::Ledger(event) => ledger(event),
        Event::BlockSealed(seal) => {
            format!(
                "a block of {} records is sealed, the seal before it is {}",
                seal.records, seal.previous
            )
        }
    };
    visible(&text)
}

fn command(signed: &SignedCommand) -> String {
    let SignedCommand { account, nonce, command, .. } = signed;
    match command {
        Command::CreateBids(bids) => {
            format!("{account} asks for {} bids at once (its command {nonce})", bids.len())
        }
        other => format!("{account} asks for {} (its command {nonce})", other.kind()),
    }
}

fn order(event: &OrderEvent) -> String {
    match event {
        OrderEvent::DeploymentCreated { deployment, groups } => {
            format!("deployment {} is made, with {} groups", deployment.id, groups.len())
        }
        OrderEvent::DeploymentUpdated { id, .. } => format!("deployment {id} has another manifest"),
        OrderEvent::OrderOpened(order) => format!(
            "order {} is put to auction for at most {} a block, to be awarded in block {}",
            order.id, order.ceiling, order.due_at
        ),
        OrderEvent::OrderMatched(id) => format!("order {id} is awarded"),
        OrderEvent::OrderClosed { id, reason } => format!("order {id} is over: {reason:?}"),
        OrderEvent::GroupPaused(id) => format!("group {id} waits for its tenant"),
        OrderEvent::GroupStarted(id) => format!("group {id} goes on"),
        OrderEvent::GroupClosed(id) => format!("group {id} is over"),
        OrderEvent::DeploymentClosed(id) => format!("deployment {id} is over"),
    }
}

fn bid(event: &BidEvent) -> String {
    match event {
        BidEvent::BidPlaced(bid) => {
            let (id, price) = (bid.id, &bid.price);
            format!(
                "{} bids {price} a block for order {}, {} are held",
                id.provider, id.order, bid.deposit
            )
        }
        BidEvent::BidRepriced { id, price, .. } => format!("bid {id} falls to {price} a block"),
        BidEvent::BidWon(id) => format!("bid {id} wins"),
        BidEvent::BidLost { id, refund, .. } => format!("bid {id} loses, {refund} go back"),
        BidEvent::BidClosed { id, reason, refund, .. } => {
            format!("bid {id} is over: {reason:?}, {refund} go back")
        }
    }
}

fn ledger(event: &LedgerEvent) -> String {
    match event {
        LedgerEvent::AccountOpened { id, denom, .. } => {
            format!("deployment {id} has an escrow account in {denom}")
        }
        LedgerEvent::Deposited { account, deposit } => {
            format!("{} pays {} into the account of {account}", deposit.depositor, deposit.coin)
        }
        LedgerEvent::LeaseSigned(signed) => {
            format!("lease {} runs from now on at {} a block", signed.terms.id, signed.terms.price)
        }
        LedgerEvent::Settled(done) => format!(
            "the account of {} is settled from block {} to {}, for {} leases",
            done.account,
            done.from,
            done.to,
            done.shares.len()
        ),
        LedgerEvent::Withdrawn { lease, coin, fee } => {
            format!("lease {lease} is paid {coin}, the fee is {fee}{}", coin.denom)
        }
        LedgerEvent::InKindPaid(paid) => {
            format!("block {} of the account of {} is paid in uakt", paid.to, paid.account)
        }
        LedgerEvent::ReclamationStarted { id, deadline, .. } => {
            format!("the provider of lease {id} will end it from {deadline} on")
        }
        LedgerEvent::LeaseEnded { id, at, reason, .. } => {
            format!("lease {id} is over, paid up to block {at}: {reason:?}")
        }
        LedgerEvent::AccountPaused { id, until, .. } => {
            format!("the money of {id} has ended; without more its account closes in block {until}")
        }
        LedgerEvent::AccountResumed { id, .. } => format!("the account of {id} pays again"),
        LedgerEvent::AccountClosed { id, refunds } => {
            format!("the account of {id} is over, {} refunds", refunds.len())
        }
        LedgerEvent::AllowanceGranted { id, .. } => {
            format!("{} may spend money of {}", id.grantee, id.granter)
        }
        LedgerEvent::AllowanceRevoked(id) => {
            format!("{} may spend no more money of {}", id.grantee, id.granter)
        }
        LedgerEvent::Vault(event) => vault(event),
    }
}

fn vault(event: &VaultEvent) -> String {
    match event {
        VaultEvent::BurnRequested(request) => {
            format!("burn {} of {} by {} waits", request.id, request.burned, request.owner)
        }
        VaultEvent::BurnMinted(done) => {
            format!("burn {}: {} become {} for {}", done.id, done.burned, done.paid, done.owner)
        }
        VaultEvent::BurnCancelled { request, reason } => {
            format!("burn {} of {} is off: {reason}", request.id, request.burned)
        }
        VaultEvent::BurnRetried { id, attempts, reason } => {
            format!("burn {id} failed {attempts} times and goes on waiting: {reason}")
        }
        VaultEvent::RedeemCapReached { id, .. } => {
            format!("burn {id} waits for the next epoch, this one has minted what it may")
        }
        VaultEvent::EpochOpened { direction, next_at, .. } => {
            format!("an epoch of {direction} opens, the next is due in block {next_at}")
        }
        VaultEvent::MintStatusChanged { from, to, .. } => {
            format!("the mint status changes from {from:?} to {to:?}")
        }
        VaultEvent::VaultFunded { owner, coin } => format!("{owner} gives {coin} to the vault"),
    }
}
