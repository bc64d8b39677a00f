//! What happens at the end of a block, in this order. Each step sees what the steps before it did.
//!
//! | # | step | events | source |
//! | --- | --- | --- | --- |
//! | 1 | the mint status follows the block's price | `MintStatusChanged` | `chain.md` 6.3 |
//! | 2 | bids beyond the places of their order, worst first | `BidClosed`… | beats W7 |
//! | 3 | auctions due, by order id: award to the lowest eligible bid, or close the order: with its group, and the deployment with its last group; or, when all bidders were dropped, before the group's next order; or, when the account waits for a top-up, with a pause of the group | `BidClosed` of the ineligible, `OrderMatched`, `BidWon`, `BidLost`…, `LeaseSigned`; or `BidClosed`…, `OrderClosed`, then `GroupClosed`, `AccountClosed`, `DeploymentClosed`, or `OrderOpened`, or `GroupPaused` | beats W1, W8, W11 |
//! | 4 | accounts whose money or grace ends with this block, by id: pay the next block in uakt while nothing can be minted; or pause; or settle, pay, end, refund, close | `Settled`, then `InKindPaid`, or `Withdrawn`… and `AccountPaused`, or `Withdrawn`…, `LeaseEnded`…, `AccountClosed`, `BidClosed`…, `OrderClosed`…, `GroupClosed`…, `DeploymentClosed` | 5.8, beats W5, W6 |
//! | 5 | epochs due: redemptions, then mints, each by arrival and up to a limit; the status after each | `EpochOpened`, `BurnMinted`, `BurnRetried`, `BurnCancelled`, `RedeemCapReached`, `MintStatusChanged` | 6.4, beats W20, W21, W22 |
//! | 6 | auditors' words whose last block this is | `AttestationEnded` | beats W32 |
//! | 7 | records and state are sealed | `BlockSealed` | |
//!
//! Parameters that waited hold from the beginning of their block.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use undercut_bidding::Award;
use undercut_ledger::bme::Direction;
use undercut_ledger::{Bank, LeaseEndReason, LedgerEvent, LedgerRejection};
use undercut_orderbook::{AwardMode, GroupState, OrderClosedReason};
use undercut_primitives::{DeploymentId, OrderId, Provider};

use crate::decide::{self, GroupThen};
use crate::{AttestationEndReason, BlockError, Engine, Event, Rejection};

/// Steps 1 to 6.
pub(crate) fn run(engine: &mut Engine, bank: &mut impl Bank) -> Result<(), BlockError> {
    observe_price(engine, bank)?;
    let evicted = engine.state().bids().evict(&engine.state().params().bid);
    engine.commit(bank, evicted.into_iter().map(Event::Bid).collect())?;
    let height = engine.state().height();
    let due: Vec<OrderId> = engine.state().book().due(height).collect();
    for order in due {
        end_auction(engine, bank, &order)?;
    }
    let due: Vec<DeploymentId> = engine.state().escrow().due(height).collect();
    for deployment in due {
        end_money(engine, bank, &deployment)?;
    }
    for direction in [Direction::Redeem, Direction::Mint] {
        run_epoch(engine, bank, direction)?;
    }
    end_attestations(engine, bank)
}

fn observe_price(engine: &mut Engine, bank: &mut impl Bank) -> Result<(), BlockError> {
    let state = engine.state();
    let changed = state.vault().observe(state.usable_price().as_ref(), &state.params().bme);
    if let Some(event) = changed {
        engine.commit(bank, vec![Event::Ledger(LedgerEvent::Vault(event))])?;
    }
    Ok(())
}

fn end_auction(engine: &mut Engine, bank: &mut impl Bank, id: &OrderId) -> Result<(), BlockError> {
    let failed = match engine.state().book().order(id).map(|order| order.award) {
        Some(AwardMode::LowestPrice) => award_lowest(engine, bank, id)?,
        Some(AwardMode::TenantChooses) => Some((OrderClosedReason::NotChosen, GroupThen::Closed)),
        None => None,
    };
    let Some((reason, then)) = failed else { return Ok(()) };
    let events = decide::close_order(engine.state(), id, reason, then);
    engine.commit(bank, events)?;
    close_if_idle(engine, bank, &id.deployment())
}

/// Awards an order to its lowest bid that still is eligible; or says why it has to close, and what
/// becomes of its group. Where every bidder turned out not to be eligible, there is another auction:
/// nobody can end a group by bids that are none.
fn award_lowest(
    engine: &mut Engine,
    bank: &mut impl Bank,
    id: &OrderId,
) -> Result<Option<(OrderClosedReason, GroupThen)>, BlockError> {
    let deployment = id.deployment();
    let mut then = GroupThen::Closed;
    loop {
        let state = engine.state();
        let Some(award) = state.bids().award(id) else {
            return Ok(Some((OrderClosedReason::NoBids, then)));
        };
        let Some(tenant) = state.book().deployment(&deployment).map(|found| found.consent) else {
            return Ok(None);
        };
        if decide::eligible(state, &award.bid).is_err() {
            drop_bid(engine, bank, award)?;
            then = GroupThen::Relisted;
            continue;
        }
        match decide::award(state, award, tenant) {
            Ok(events) => {
                engine.commit(bank, events)?;
                return Ok(None);
            }
            Err(Rejection::Ledger(LedgerRejection::CannotPayOneBlock { .. })) => {
                return Ok(Some((OrderClosedReason::EscrowTooLow, GroupThen::Closed)));
            }
            Err(Rejection::Ledger(LedgerRejection::AccountPaused { .. })) => {
                return Ok(Some((OrderClosedReason::EscrowTooLow, GroupThen::Paused)));
            }
            Err(other) => return Err(other.into()),
        }
    }
}

/// Closes a bid whose provider is not eligible any more; its deposit goes back.
fn drop_bid(engine: &mut Engine, bank: &mut impl Bank, award: Award) -> Result<(), BlockError> {
    let dropped = engine.state().bids().drop_ineligible(&award.bid);
    let event = dropped.map_err(Rejection::from)?;
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

/// The money or the grace of an account ends with this block: bridge the end, or close.
fn end_money(
    engine: &mut Engine,
    bank: &mut impl Bank,
    id: &DeploymentId,
) -> Result<(), BlockError> {
    let state = engine.state();
    let fallback = state.fallback_price();
    let bridged = state.escrow().bridge(id, state.height(), fallback.as_ref());
    let bridged = bridged.map_err(Rejection::from)?;
    let events = if bridged.is_empty() {
        decide::close_deployment(state, id, LeaseEndReason::FundsExhausted)?
    } else {
        bridged.into_iter().map(Event::Ledger).collect()
    };
    Ok(engine.commit(bank, events)?)
}

/// Executes the requests of one direction, if its epoch is due.
fn run_epoch(
    engine: &mut Engine,
    bank: &mut impl Bank,
    direction: Direction,
) -> Result<(), BlockError> {
    let state = engine.state();
    let (at, price, params) = (state.height(), state.usable_price(), &state.params().bme);
    let Some(opened) = state.vault().open_epoch(direction, at, price.as_ref(), params) else {
        return Ok(());
    };
    let turns: Vec<u64> = state.vault().turns(direction, params).collect();
    // An epoch that finds nothing to do moves its next height and no more.
    engine.commit(bank, vec![Event::Ledger(LedgerEvent::Vault(opened))])?;
    for id in turns {
        let state = engine.state();
        if let Some(event) = state.vault().execute(id, price.as_ref(), &state.params().bme) {
            engine.commit(bank, vec![Event::Ledger(LedgerEvent::Vault(event))])?;
            observe_price(engine, bank)?;
        }
    }
    Ok(())
}

fn end_attestations(engine: &mut Engine, bank: &mut impl Bank) -> Result<(), BlockError> {
    let height = engine.state().height();
    let due: Vec<(Provider, String)> = engine.state().attestations_due(height).cloned().collect();
    for (provider, auditor) in due {
        let reason = AttestationEndReason::Expired;
        engine.commit(bank, vec![Event::AttestationEnded { provider, auditor, reason }])?;
    }
    Ok(())
}
