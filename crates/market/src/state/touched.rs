//! Which entries of the state an event may change.

use undercut_bidding::BidEvent;
use undercut_ledger::LedgerEvent;
use undercut_ledger::oracle::OracleEvent;
use undercut_orderbook::OrderEvent;
use undercut_primitives::GroupId;

use super::{StateKey, bid_money};
use crate::Event;

/// Tells `touch` every entry that `event` may change; one may come twice.
pub(super) fn by(event: &Event, touch: &mut impl FnMut(StateKey)) {
    match event {
        Event::Genesis(_) => touch(StateKey::Genesis),
        Event::BlockOpened(_) => touch(StateKey::Block),
        // Of its nonce the state knows by itself whether it is touched.
        Event::CommandAccepted(_) => {}
        Event::ProviderRegistered { provider, .. }
        | Event::ProviderUpdated { provider, .. }
        | Event::ProviderDeregistered(provider)
        | Event::ProviderAttested { provider, .. }
        | Event::AttestationEnded { provider, .. } => touch(StateKey::Provider(*provider)),
        Event::KeyRotated { account, .. } => touch(StateKey::Key(*account)),
        Event::ParamsScheduled { .. } | Event::ParamsChanged => touch(StateKey::Params),
        Event::Oracle(OracleEvent::PricePosted { source, .. }) => {
            touch(StateKey::PriceSource(*source));
        }
        Event::Order(event) => by_order(event, touch),
        Event::Bid(event) => by_bid(event, touch),
        Event::Ledger(event) => by_ledger(event, touch),
        Event::BlockSealed(_) => {}
    }
}

fn by_bid(event: &BidEvent, touch: &mut impl FnMut(StateKey)) {
    match event {
        // Its entry's digest was made when it was placed.
        BidEvent::BidPlaced(_) => {}
        BidEvent::BidWon(id)
        | BidEvent::BidRepriced { id, .. }
        | BidEvent::BidLost { id, .. }
        | BidEvent::BidClosed { id, .. } => touch(StateKey::Bid(*id)),
    }
    for (id, _) in bid_money(event).iter().flat_map(|deposit| deposit.drawn()) {
        touch(StateKey::Allowance(id));
    }
}

fn by_order(event: &OrderEvent, touch: &mut impl FnMut(StateKey)) {
    match event {
        OrderEvent::DeploymentCreated { deployment, groups } => {
            touch(StateKey::Deployment(deployment.id));
            // Counted by what is there: a forged log may claim any number.
            for (gseq, _) in (1..=deployment.groups).zip(groups) {
                touch(StateKey::Group(GroupId { deployment: deployment.id, gseq }));
            }
        }
        OrderEvent::OrderOpened(order) => {
            touch(StateKey::Order(order.id));
            touch(StateKey::Group(order.id.group));
        }
        OrderEvent::OrderMatched(id) | OrderEvent::OrderClosed { id, .. } => {
            touch(StateKey::Order(*id));
        }
        OrderEvent::GroupStarted(id)
        | OrderEvent::GroupPaused(id)
        | OrderEvent::GroupClosed(id) => touch(StateKey::Group(*id)),
        OrderEvent::DeploymentUpdated { id, .. } | OrderEvent::DeploymentClosed(id) => {
            touch(StateKey::Deployment(*id));
        }
    }
}

fn by_ledger(event: &LedgerEvent, touch: &mut impl FnMut(StateKey)) {
    if let LedgerEvent::Vault(event) = event {
        touch(StateKey::Vault);
        event.request_id().map(StateKey::Burn).into_iter().for_each(touch);
        return;
    }
    event.account().map(StateKey::Account).into_iter().for_each(&mut *touch);
    if !matches!(event, LedgerEvent::Withdrawn { .. }) {
        event.lease().map(StateKey::Lease).into_iter().for_each(&mut *touch);
    }
    event.allowances().into_iter().map(StateKey::Allowance).for_each(touch);
}
