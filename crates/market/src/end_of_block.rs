//! What happens at the end of a block, in this order. Each step sees what the steps before it did.
//!
//! | # | step | events | source |
//! | --- | --- | --- | --- |
//! | 1 | the mint status follows the block's price | `MintStatusChanged` | `chain.md` 6.3 |
//! | 2 | auctions due, by order id: award to the lowest eligible bid, or close order and group, and the deployment with its last group | `BidClosed` of the ineligible, `OrderMatched`, `BidWon`, `BidLost`…, `LeaseSigned`; or `BidClosed`…, `OrderClosed`, `GroupClosed`, `AccountClosed`, `DeploymentClosed` | beats W1, W8, W11 |
//! | 3 | accounts whose money ends with this block, by id: settle, pay, end, refund, close | `Settled`, `Withdrawn`…, `LeaseEnded`…, `AccountClosed`, `BidClosed`…, `OrderClosed`…, `GroupClosed`…, `DeploymentClosed` | beats W5 |
//! | 4 | burns that wait: redemptions, then mints, each by arrival and up to a limit; the status after each | `BurnMinted`, `BurnCancelled`, `MintStatusChanged` | 6.4, beats W20 |
//! | 5 | records and state are sealed | `BlockSealed` | |

use alloc::vec;
use alloc::vec::Vec;

use undercut_bidding::{Award, BidClosedReason, BidEvent};
use undercut_ledger::bme::BurnRequest;
use undercut_ledger::{Bank, LeaseEndReason, LedgerEvent, LedgerRejection};
use undercut_orderbook::{AwardMode, GroupState, OrderClosedReason};
use undercut_primitives::{DeploymentId, OrderId};

use crate::{BlockError, Engine, Event, Rejection, decide};

/// Steps 1 to 4.
pub(crate) fn run(engine: &mut Engine, bank: &mut impl Bank) -> Result<(), BlockError> {
    observe_price(engine, bank)?;
    let height = engine.state().height();
    let due: Vec<OrderId> = engine.state().book().due(height).collect();
    for order in due {
        end_auction(engine, bank, &order)?;
    }
    let due: Vec<DeploymentId> = engine.state().escrow().due(height).collect();
    for deployment in due {
        let reason = LeaseEndReason::FundsExhausted;
        let events = decide::close_deployment(engine.state(), &deployment, reason)?;
        engine.commit(bank, events)?;
    }
    burn(engine, bank)
}

fn observe_price(engine: &mut Engine, bank: &mut impl Bank) -> Result<(), BlockError> {
    let state = engine.state();
    let changed = state.vault().observe(state.usable_price(), &state.genesis().params.bme);
    if let Some(event) = changed {
        engine.commit(bank, vec![Event::Ledger(LedgerEvent::Vault(event))])?;
    }
    Ok(())
}

fn end_auction(engine: &mut Engine, bank: &mut impl Bank, id: &OrderId) -> Result<(), BlockError> {
    let reason = match engine.state().book().order(id).map(|order| order.award) {
        Some(AwardMode::LowestPrice) => award_lowest(engine, bank, id)?,
        Some(AwardMode::TenantChooses) => Some(OrderClosedReason::NotChosen),
        None => None,
    };
    let Some(reason) = reason else { return Ok(()) };
    let events = decide::close_order(engine.state(), id, reason);
    engine.commit(bank, events)?;
    close_if_idle(engine, bank, &id.deployment())
}

/// Awards an order to its lowest bid that still is eligible; or says why it has to close.
fn award_lowest(
    engine: &mut Engine,
    bank: &mut impl Bank,
    id: &OrderId,
) -> Result<Option<OrderClosedReason>, BlockError> {
    let deployment = id.deployment();
    loop {
        let state = engine.state();
        let Some(award) = state.bids().award(id) else {
            return Ok(Some(OrderClosedReason::NoBids));
        };
        let Some(tenant) = state.book().deployment(&deployment).map(|found| found.consent) else {
            return Ok(None);
        };
        if decide::eligible(state, &award.bid).is_err() {
            drop_bid(engine, bank, award)?;
            continue;
        }
        match decide::award(state, award, tenant) {
            Ok(events) => {
                engine.commit(bank, events)?;
                return Ok(None);
            }
            Err(Rejection::Ledger(LedgerRejection::CannotPayOneBlock { .. })) => {
                return Ok(Some(OrderClosedReason::EscrowTooLow));
            }
            Err(other) => return Err(other.into()),
        }
    }
}

/// Closes a bid whose provider is not eligible any more; its deposit goes back.
fn drop_bid(engine: &mut Engine, bank: &mut impl Bank, award: Award) -> Result<(), BlockError> {
    let bid = engine.state().bids().open_bid(&award.bid).map_err(Rejection::from)?;
    let (id, refund) = (bid.id, bid.deposit.clone());
    let reason = BidClosedReason::NoLongerEligible;
    let event = BidEvent::BidClosed { id, reason, refund };
    Ok(engine.commit(bank, vec![Event::Bid(event)])?)
}

/// A deployment whose last group closed without a lease gets its deposit back and ends.
fn close_if_idle(
    engine: &mut Engine,
    bank: &mut impl Bank,
    id: &DeploymentId,
) -> Result<(), BlockError> {
    let is_idle =
        engine.state().book().groups_of(*id).all(|group| group.state == GroupState::Closed);
    if !is_idle {
        return Ok(());
    }
    let events = decide::close_deployment(engine.state(), id, LeaseEndReason::Tenant)?;
    Ok(engine.commit(bank, events)?)
}

fn burn(engine: &mut Engine, bank: &mut impl Bank) -> Result<(), BlockError> {
    let params = &engine.state().genesis().params.bme;
    let turns: Vec<BurnRequest> = engine.state().vault().turns(params).cloned().collect();
    for request in turns {
        let state = engine.state();
        let (price, params) = (state.usable_price(), &state.genesis().params.bme);
        if let Some(event) = state.vault().execute(&request, price, params) {
            engine.commit(bank, vec![Event::Ledger(LedgerEvent::Vault(event))])?;
            observe_price(engine, bank)?;
        }
    }
    Ok(())
}
