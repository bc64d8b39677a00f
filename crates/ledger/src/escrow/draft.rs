//! [`Draft`]: a copy of an account, on which a rule of several steps makes them.

use alloc::vec::Vec;

use undercut_primitives::{BlockHeight, Coin, LeaseId, Misfit};

use crate::account::Payout;
use crate::oracle::OraclePrice;
use crate::{AccountState, EscrowAccount, LeaseEndReason, LedgerEvent, LedgerRejection};

/// A copy of an account on which the steps of one rule are made.
pub(super) struct Draft {
    pub(super) account: EscrowAccount,
    pub(super) events: Vec<LedgerEvent>,
}

impl Draft {
    pub(super) const fn of(account: EscrowAccount) -> Self {
        Self { account, events: Vec::new() }
    }

    pub(super) fn push(&mut self, event: LedgerEvent) -> Result<(), Misfit> {
        self.account.apply(&event)?;
        self.events.push(event);
        Ok(())
    }

    pub(super) fn settle(&mut self, to: BlockHeight) -> Result<(), LedgerRejection> {
        if let Some(settlement) = self.account.settle(to)? {
            self.push(LedgerEvent::Settled(settlement))?;
        }
        Ok(())
    }

    pub(super) fn pay(&mut self, lease: &LeaseId) -> Result<(), LedgerRejection> {
        if let Some(Payout { paid, fee }) = self.account.withdrawable(lease)? {
            let coin = Coin::new(self.account.denom.clone(), paid);
            self.push(LedgerEvent::Withdrawn { lease: *lease, coin, fee })?;
        }
        Ok(())
    }

    pub(super) fn end(
        &mut self,
        id: &LeaseId,
        at: BlockHeight,
        reason: LeaseEndReason,
    ) -> Result<(), LedgerRejection> {
        self.pay(id)?;
        let payment = self.account.payments.get(id);
        let payment = payment.ok_or(Misfit::new("the lease has no payment here"))?;
        let earned = payment.received()?;
        // A lease that waits for a top-up was paid for up to the pause.
        let at = match self.account.state {
            AccountState::Paused { since, .. } => since,
            AccountState::Open | AccountState::Closed => at,
        };
        Ok(self.push(LedgerEvent::LeaseEnded { id: *id, at, reason, earned })?)
    }

    /// Ends a pause, if the money is there for the next block.
    pub(super) fn resume(
        &mut self,
        at: BlockHeight,
        fallback: Option<&OraclePrice>,
    ) -> Result<(), LedgerRejection> {
        if !matches!(self.account.state, AccountState::Paused { .. }) {
            return Ok(());
        }
        let resumed = LedgerEvent::AccountResumed { id: self.account.id, at };
        let mut account = self.account.clone();
        account.apply(&resumed)?;
        let is_bridged = match fallback {
            Some(price) => account.pay_in_kind(at, price)?.is_some(),
            None => false,
        };
        if account.pays_next_block(at) || is_bridged {
            self.account = account;
            self.events.push(resumed);
        }
        Ok(())
    }
}
