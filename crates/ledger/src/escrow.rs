//! [`Escrow`]: all accounts and leases, and the queue of blocks at which money ends.
//!
//! A rule that takes several steps (settle, pay, end, refund) makes them on a copy of the one
//! account, so that each step sees the ones before it while the escrow itself stays untouched.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec;
use alloc::vec::Vec;

use undercut_primitives::{
    Address, Amount, BlockHeight, BlockSpan, Coin, Denom, DeploymentId, LeaseId, Misfit,
};

use crate::{
    Deposit, EscrowAccount, Lease, LeaseEndReason, LeaseState, LedgerEvent, LedgerParams,
    LedgerRejection, SignedLease,
};

/// The most deposits of strangers that an account holds apart. Its tenant may always add.
pub const DEPOSITS_MAX: usize = 64;

/// Accounts by deployment, leases by id, and accounts by the block at which their money ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Escrow {
    accounts: BTreeMap<DeploymentId, EscrowAccount>,
    leases: BTreeMap<LeaseId, Lease>,
    ends: BTreeMap<DeploymentId, BlockHeight>,
    due: BTreeMap<BlockHeight, BTreeSet<DeploymentId>>,
}

impl Escrow {
    /// The account of a deployment.
    #[must_use]
    pub fn account(&self, id: &DeploymentId) -> Option<&EscrowAccount> {
        self.accounts.get(id)
    }

    /// All accounts by deployment.
    pub fn accounts(&self) -> impl Iterator<Item = &EscrowAccount> {
        self.accounts.values()
    }

    /// The lease `id`.
    #[must_use]
    pub fn lease(&self, id: &LeaseId) -> Option<&Lease> {
        self.leases.get(id)
    }

    /// All leases by id.
    pub fn leases(&self) -> impl Iterator<Item = &Lease> {
        self.leases.values()
    }

    /// A lease that runs.
    ///
    /// # Errors
    ///
    /// [`LedgerRejection::LeaseNotFound`] or [`LedgerRejection::LeaseEnded`].
    pub fn active_lease(&self, id: &LeaseId) -> Result<&Lease, LedgerRejection> {
        let lease = self.leases.get(id).ok_or(LedgerRejection::LeaseNotFound { id: *id })?;
        match lease.state {
            LeaseState::Active => Ok(lease),
            LeaseState::Ended { .. } => Err(LedgerRejection::LeaseEnded { id: *id }),
        }
    }

    /// Accounts whose money ends with the block at `height`, by deployment.
    pub fn due(&self, height: BlockHeight) -> impl Iterator<Item = DeploymentId> {
        self.due.get(&height).into_iter().flatten().copied()
    }

    /// The last block that the account can pay in full, as predicted when it last changed.
    #[must_use]
    pub fn ends_at(&self, id: &DeploymentId) -> Option<BlockHeight> {
        self.ends.get(id).copied()
    }

    /// Blocks from `at` until the money ends.
    #[must_use]
    pub fn runway(&self, id: &DeploymentId, at: BlockHeight) -> Option<BlockSpan> {
        self.ends_at(id)?.since(at)
    }

    /// Opens an account with its first deposit.
    ///
    /// # Errors
    ///
    /// [`LedgerRejection`] for a deposit of zero, too much, too little, or another denom.
    pub fn open_account(
        &self,
        id: DeploymentId,
        denom: &Denom,
        deposit: &Coin,
        at: BlockHeight,
        params: &LedgerParams,
    ) -> Result<Vec<LedgerEvent>, LedgerRejection> {
        let amount = check_deposit(denom, deposit)?;
        let least = params.deposits_min.iter().find(|least| &least.denom == denom);
        let least = least.ok_or_else(|| LedgerRejection::UnknownDenom { denom: denom.clone() })?;
        if amount < least.amount {
            return Err(LedgerRejection::DepositTooSmall {
                deposit: amount,
                deposit_min: least.amount,
                denom: denom.clone(),
            });
        }
        let deposit = Deposit { depositor: id.tenant.0, amount };
        let denom = denom.clone();
        Ok(vec![
            LedgerEvent::AccountOpened { id, denom: denom.clone(), at },
            LedgerEvent::Deposited { account: id, denom, deposit },
        ])
    }

    /// Adds to an account. Anyone may, up to [`DEPOSITS_MAX`] deposits.
    ///
    /// # Errors
    ///
    /// [`LedgerRejection`] for an unknown or closed account, or a deposit that does not fit it.
    pub fn deposit(
        &self,
        id: &DeploymentId,
        depositor: Address,
        coin: &Coin,
    ) -> Result<LedgerEvent, LedgerRejection> {
        let account = self.open(id)?;
        let amount = check_deposit(&account.denom, coin)?;
        let is_known = depositor == id.tenant.0
            || account.deposits.last().is_some_and(|last| last.depositor == depositor);
        if account.deposits.len() >= DEPOSITS_MAX && !is_known {
            return Err(LedgerRejection::TooManyDeposits { id: *id, deposits_max: DEPOSITS_MAX });
        }
        account.balance().plus(amount)?;
        let deposit = Deposit { depositor, amount };
        Ok(LedgerEvent::Deposited { account: *id, denom: account.denom.clone(), deposit })
    }

    /// Takes a lease that both parties signed. From here on its price is streamed.
    ///
    /// # Errors
    ///
    /// [`LedgerRejection`] when a signature is missing or wrong, or when the account cannot pay
    /// for one block.
    pub fn sign_lease(&self, lease: SignedLease) -> Result<LedgerEvent, LedgerRejection> {
        lease.verify()?;
        let id = lease.terms.id.deployment();
        if !self.open(&id)?.affords_one_block(&lease.terms.price, lease.terms.starts_at) {
            return Err(LedgerRejection::CannotPayOneBlock { id });
        }
        Ok(LedgerEvent::LeaseSigned(lease))
    }

    /// Settles the account of a lease and pays its provider what is owed. Paying nothing is fine.
    ///
    /// # Errors
    ///
    /// [`LedgerRejection`] for an unknown or ended lease.
    pub fn withdraw(
        &self,
        id: &LeaseId,
        at: BlockHeight,
    ) -> Result<Vec<LedgerEvent>, LedgerRejection> {
        self.active_lease(id)?;
        let mut draft = self.draft(&id.deployment())?;
        draft.settle(at)?;
        draft.pay(id)?;
        Ok(draft.events)
    }

    /// Settles, pays and ends a lease.
    ///
    /// # Errors
    ///
    /// [`LedgerRejection`] for an unknown or ended lease.
    pub fn end_lease(
        &self,
        id: &LeaseId,
        at: BlockHeight,
        reason: LeaseEndReason,
    ) -> Result<Vec<LedgerEvent>, LedgerRejection> {
        self.active_lease(id)?;
        let mut draft = self.draft(&id.deployment())?;
        draft.settle(at)?;
        draft.end(id, at, reason)?;
        Ok(draft.events)
    }

    /// Settles an account, pays and ends all its leases, and refunds what is left.
    ///
    /// # Errors
    ///
    /// [`LedgerRejection`] for an unknown or closed account.
    pub fn close_account(
        &self,
        id: &DeploymentId,
        at: BlockHeight,
        reason: LeaseEndReason,
    ) -> Result<Vec<LedgerEvent>, LedgerRejection> {
        let mut draft = self.draft(id)?;
        draft.settle(at)?;
        let running: Vec<LeaseId> = draft.account.payments.keys().copied().collect();
        for lease in running {
            draft.end(&lease, at, reason)?;
        }
        let (denom, refunds) = (draft.account.denom.clone(), draft.account.refunds());
        draft.push(LedgerEvent::AccountClosed { id: *id, denom, refunds })?;
        Ok(draft.events)
    }

    /// Makes an event true. Events of the vault are not for here and change nothing.
    ///
    /// # Errors
    ///
    /// [`Misfit`] when the event names what the escrow does not hold.
    pub fn apply(&mut self, event: &LedgerEvent) -> Result<(), Misfit> {
        let id = match event {
            LedgerEvent::Vault(_) => return Ok(()),
            LedgerEvent::AccountOpened { id, denom, at } => {
                let account = EscrowAccount::new(*id, denom.clone(), *at);
                if self.accounts.insert(*id, account).is_some() {
                    return Err(Misfit::new("the account exists already"));
                }
                *id
            }
            LedgerEvent::Deposited { account, .. } => *account,
            LedgerEvent::LeaseSigned(signed) => {
                let lease = Lease { signed: signed.clone(), state: LeaseState::Active };
                self.leases.insert(signed.terms.id, lease);
                signed.terms.id.deployment()
            }
            LedgerEvent::Settled(settlement) => settlement.account,
            LedgerEvent::Withdrawn { lease, .. } => lease.deployment(),
            LedgerEvent::LeaseEnded { id, at, reason, paid } => {
                let lease = self.leases.get_mut(id).ok_or(Misfit::new("no such lease"))?;
                lease.state = LeaseState::Ended { at: *at, reason: *reason, paid: *paid };
                id.deployment()
            }
            LedgerEvent::AccountClosed { id, .. } => *id,
        };
        let account = self.accounts.get_mut(&id).ok_or(Misfit::new("no such account"))?;
        account.apply(event)?;
        self.predict(&id);
        Ok(())
    }

    /// Computes anew when the account's money ends, and moves it in the queue.
    fn predict(&mut self, id: &DeploymentId) {
        let ends_at = self.accounts.get(id).and_then(EscrowAccount::depletes_at);
        let before = match ends_at {
            Some(height) => self.ends.insert(*id, height),
            None => self.ends.remove(id),
        };
        if before == ends_at {
            return;
        }
        if let Some(height) = before
            && let Some(accounts) = self.due.get_mut(&height)
        {
            accounts.remove(id);
            if accounts.is_empty() {
                self.due.remove(&height);
            }
        }
        if let Some(height) = ends_at {
            self.due.entry(height).or_default().insert(*id);
        }
    }

    fn open(&self, id: &DeploymentId) -> Result<&EscrowAccount, LedgerRejection> {
        let account = self.accounts.get(id).ok_or(LedgerRejection::AccountNotFound { id: *id })?;
        if account.is_open { Ok(account) } else { Err(LedgerRejection::AccountClosed { id: *id }) }
    }

    fn draft(&self, id: &DeploymentId) -> Result<Draft, LedgerRejection> {
        Ok(Draft { account: self.open(id)?.clone(), events: Vec::new() })
    }
}

/// A copy of an account on which the steps of one rule are made.
struct Draft {
    account: EscrowAccount,
    events: Vec<LedgerEvent>,
}

impl Draft {
    fn push(&mut self, event: LedgerEvent) -> Result<(), Misfit> {
        self.account.apply(&event)?;
        self.events.push(event);
        Ok(())
    }

    fn settle(&mut self, to: BlockHeight) -> Result<(), LedgerRejection> {
        if let Some(settlement) = self.account.settle(to)? {
            self.push(LedgerEvent::Settled(settlement))?;
        }
        Ok(())
    }

    fn pay(&mut self, lease: &LeaseId) -> Result<(), LedgerRejection> {
        if let Some(coin) = self.account.withdrawable(lease) {
            self.push(LedgerEvent::Withdrawn { lease: *lease, coin })?;
        }
        Ok(())
    }

    fn end(
        &mut self,
        id: &LeaseId,
        at: BlockHeight,
        reason: LeaseEndReason,
    ) -> Result<(), LedgerRejection> {
        self.pay(id)?;
        let paid = self.account.payments.get(id).map_or(Amount::ZERO, |payment| payment.earned);
        Ok(self.push(LedgerEvent::LeaseEnded { id: *id, at, reason, paid })?)
    }
}

fn check_deposit(denom: &Denom, coin: &Coin) -> Result<Amount, LedgerRejection> {
    if coin.amount.is_zero() {
        return Err(LedgerRejection::DepositZero);
    }
    if coin.amount > Amount::SUPPLY_MAX {
        let (amount, amount_max) = (coin.amount, Amount::SUPPLY_MAX);
        return Err(LedgerRejection::AmountTooLarge { amount, amount_max });
    }
    coin.amount_of(denom).map_err(|mismatch| LedgerRejection::WrongDenom {
        expected: mismatch.expected,
        found: mismatch.found,
    })
}

#[cfg(test)]
mod tests;
