//! [`Escrow`]: all accounts and leases, and the queue of blocks at which money ends.
//!
//! A rule that takes several steps (settle, pay, end, refund) makes them on a copy of the one
//! account, so that each step sees the ones before it while the escrow itself stays untouched.

mod restore;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use undercut_primitives::{
    Amount, BlockHeight, BlockSpan, BlockTime, Coin, Denom, DeploymentId, LeaseId, Misfit, Provider,
};

use crate::account::Payout;
use crate::oracle::OraclePrice;
use crate::{
    AccountState, Deposit, EscrowAccount, Lease, LeaseEndReason, LeaseState, LedgerEvent,
    LedgerParams, LedgerRejection, ProviderReason, SignedLease,
};

/// The most leases that one command pays out.
pub const WITHDRAWALS_MAX: usize = 256;

/// Accounts by deployment, leases by id, and accounts by the block at which their money ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Escrow {
    accounts: BTreeMap<DeploymentId, EscrowAccount>,
    leases: BTreeMap<LeaseId, Lease>,
    running: BTreeMap<Provider, BTreeSet<LeaseId>>,
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
    pub fn running_lease(&self, id: &LeaseId) -> Result<&Lease, LedgerRejection> {
        let lease = self.leases.get(id).ok_or(LedgerRejection::LeaseNotFound { id: *id })?;
        if lease.state.is_running() {
            Ok(lease)
        } else {
            Err(LedgerRejection::LeaseEnded { id: *id })
        }
    }

    /// The running leases of a provider, by id.
    pub fn running_of(&self, provider: &Provider) -> impl Iterator<Item = LeaseId> {
        self.running.get(provider).into_iter().flatten().copied()
    }

    /// How many leases a provider runs. O(1).
    #[must_use]
    pub fn running_count(&self, provider: &Provider) -> usize {
        self.running.get(provider).map_or(0, BTreeSet::len)
    }

    /// Accounts whose money or grace ends with the block at `height`, by deployment.
    pub fn due(&self, height: BlockHeight) -> impl Iterator<Item = DeploymentId> {
        self.due.get(&height).into_iter().flatten().copied()
    }

    /// The last block that the account can pay in full, or the last of its grace, as predicted when
    /// it last changed.
    #[must_use]
    pub fn ends_at(&self, id: &DeploymentId) -> Option<BlockHeight> {
        self.ends.get(id).copied()
    }

    /// Blocks from `at` until the money ends.
    #[must_use]
    pub fn runway(&self, id: &DeploymentId, at: BlockHeight) -> Option<BlockSpan> {
        self.ends_at(id)?.since(at)
    }

    /// Opens an account with its first deposit, paid as `deposits` say.
    ///
    /// # Errors
    ///
    /// [`LedgerRejection`] for a deposit of zero, too much, too little, or another denom.
    pub fn open_account(
        &self,
        new: &NewAccount<'_>,
        deposits: Vec<Deposit>,
        params: &LedgerParams,
    ) -> Result<Vec<LedgerEvent>, LedgerRejection> {
        let NewAccount { id, denom, deposit, grace, at } = *new;
        let amount = check_deposit(deposit)?;
        if deposit.denom != *denom {
            let (expected, found) = (denom.clone(), deposit.denom.clone());
            return Err(LedgerRejection::WrongDenom { expected, found });
        }
        let least = params.deposits_min.iter().find(|least| &least.denom == denom);
        let least = least.ok_or_else(|| LedgerRejection::UnknownDenom { denom: denom.clone() })?;
        if amount < least.amount {
            return Err(LedgerRejection::DepositTooSmall {
                deposit: amount,
                deposit_min: least.amount,
                denom: denom.clone(),
            });
        }
        let opened = LedgerEvent::AccountOpened { id, denom: denom.clone(), grace, at };
        let deposited = |deposit| LedgerEvent::Deposited { account: id, deposit };
        Ok([opened].into_iter().chain(deposits.into_iter().map(deposited)).collect())
    }

    /// Adds to an account, paid as `deposits` say. Anyone may, while there is room
    /// ([`EscrowAccount::has_room_for`]). A paused account goes on when it can pay the next block
    /// then, in uakt too where `fallback` gives a price for that.
    ///
    /// # Errors
    ///
    /// [`LedgerRejection`] for an unknown or closed account, or a deposit that does not fit it.
    pub fn deposit(
        &self,
        id: &DeploymentId,
        coin: &Coin,
        deposits: Vec<Deposit>,
        at: BlockHeight,
        fallback: Option<&OraclePrice>,
    ) -> Result<Vec<LedgerEvent>, LedgerRejection> {
        let mut draft = self.draft(id)?;
        let amount = check_deposit(coin)?;
        if !draft.account.takes(&coin.denom) {
            let (expected, found) = (draft.account.denom.clone(), coin.denom.clone());
            return Err(LedgerRejection::WrongDenom { expected, found });
        }
        draft.account.balance_in(&coin.denom).plus(amount)?;
        for deposit in deposits {
            if !draft.account.has_room_for(&deposit) {
                let deposits_max = draft.account.deposits.len();
                return Err(LedgerRejection::TooManyDeposits { id: *id, deposits_max });
            }
            draft.push(LedgerEvent::Deposited { account: *id, deposit })?;
        }
        draft.resume(at, fallback)?;
        Ok(draft.events)
    }

    /// Takes a lease that both parties signed; the engine has checked the signatures with the
    /// commands that they are from. From here on its price is streamed.
    ///
    /// # Errors
    ///
    /// [`LedgerRejection`] when the account is paused or cannot pay for one block.
    pub fn sign_lease(&self, lease: SignedLease) -> Result<LedgerEvent, LedgerRejection> {
        let id = lease.terms.id.deployment();
        if !self.paying(&id)?.affords_one_block(&lease.terms.price, lease.terms.starts_at) {
            return Err(LedgerRejection::CannotPayOneBlock { id });
        }
        Ok(LedgerEvent::LeaseSigned(lease.into()))
    }

    /// An account that pays now: open, and not paused.
    ///
    /// # Errors
    ///
    /// [`LedgerRejection::AccountNotFound`], [`LedgerRejection::AccountClosed`] or
    /// [`LedgerRejection::AccountPaused`].
    pub fn paying(&self, id: &DeploymentId) -> Result<&EscrowAccount, LedgerRejection> {
        let account = self.open(id)?;
        match account.state {
            AccountState::Paused { until, .. } => {
                Err(LedgerRejection::AccountPaused { id: *id, until })
            }
            AccountState::Open | AccountState::Closed => Ok(account),
        }
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
        self.running_lease(id)?;
        let mut draft = self.draft(&id.deployment())?;
        draft.settle(at)?;
        draft.pay(id)?;
        Ok(draft.events)
    }

    /// Pays a provider what its running leases have earned: by id, from `from` on, at most
    /// [`WITHDRAWALS_MAX`] leases. Each account is settled once.
    ///
    /// # Errors
    ///
    /// [`LedgerRejection`] when a number does not fit.
    pub fn withdraw_all(
        &self,
        provider: &Provider,
        from: Option<&LeaseId>,
        at: BlockHeight,
    ) -> Result<Vec<LedgerEvent>, LedgerRejection> {
        let mut by_account: BTreeMap<DeploymentId, Vec<LeaseId>> = BTreeMap::new();
        let leases = self.running_of(provider).filter(|id| from.is_none_or(|from| id >= from));
        for id in leases.take(WITHDRAWALS_MAX) {
            by_account.entry(id.deployment()).or_default().push(id);
        }
        let mut events = Vec::new();
        for (account, leases) in by_account {
            let mut draft = self.draft(&account)?;
            draft.settle(at)?;
            for lease in leases {
                draft.pay(&lease)?;
            }
            events.append(&mut draft.events);
        }
        Ok(events)
    }

    /// Settles, pays and ends a lease. A paused account goes on when what is left pays the next
    /// block of its other leases.
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
        self.running_lease(id)?;
        let mut draft = self.draft(&id.deployment())?;
        draft.settle(at)?;
        draft.end(id, at, reason)?;
        draft.resume(at, None)?;
        Ok(draft.events)
    }

    /// Announces that a provider will end a lease, no earlier than the lease's window from now; the
    /// deadline is rounded down to a whole second.
    ///
    /// Source: `chain.md` 2.3, MsgLeaseStartReclaim.
    ///
    /// # Errors
    ///
    /// [`LedgerRejection`] for an unknown or ended lease, one that is announced already, or one
    /// without a window.
    pub fn start_reclamation(
        &self,
        id: &LeaseId,
        at: BlockHeight,
        now: BlockTime,
        reason: ProviderReason,
    ) -> Result<LedgerEvent, LedgerRejection> {
        let lease = self.running_lease(id)?;
        if let LeaseState::Reclaiming { deadline, .. } = lease.state {
            return Err(LedgerRejection::AlreadyReclaiming { id: *id, deadline });
        }
        let window = lease.signed.terms.reclamation;
        let window = window.ok_or(LedgerRejection::NotReclaimable { id: *id })?;
        let deadline = now.checked_add(window).unwrap_or(BlockTime::MAX).to_unix_seconds();
        let deadline = BlockTime::from_unix_seconds(deadline);
        Ok(LedgerEvent::ReclamationStarted { id: *id, at, deadline, reason })
    }

    /// Whether a provider may end a lease now.
    ///
    /// Source: `chain.md` 2.3, MsgCloseBid, steps 4 to 7.
    ///
    /// # Errors
    ///
    /// [`LedgerRejection`] for an unknown or ended lease, one whose end has to be announced first,
    /// or one whose window is not over.
    pub fn check_provider_may_end(
        &self,
        id: &LeaseId,
        now: BlockTime,
    ) -> Result<(), LedgerRejection> {
        let lease = self.running_lease(id)?;
        match (lease.state, lease.signed.terms.reclamation) {
            (LeaseState::Active, Some(window)) => {
                Err(LedgerRejection::ReclamationNotStarted { id: *id, window })
            }
            (LeaseState::Reclaiming { deadline, .. }, _) if now < deadline => {
                Err(LedgerRejection::WindowNotOver { id: *id, deadline, now })
            }
            _ => Ok(()),
        }
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
        let refunds = draft.account.refunds();
        draft.push(LedgerEvent::AccountClosed { id: *id, refunds })?;
        Ok(draft.events)
    }

    /// What keeps the leases of an account whose money ends with block `at`: the next block is paid
    /// in uakt, where `fallback` gives a price for that; or the account pauses, where its tenant
    /// chose a grace. Empty when nothing does: the account has to be closed then.
    ///
    /// # Errors
    ///
    /// [`LedgerRejection`] for an unknown or closed account.
    pub fn bridge(
        &self,
        id: &DeploymentId,
        at: BlockHeight,
        fallback: Option<&OraclePrice>,
    ) -> Result<Vec<LedgerEvent>, LedgerRejection> {
        let mut draft = self.draft(id)?;
        if draft.account.state != AccountState::Open {
            return Ok(Vec::new());
        }
        draft.settle(at)?;
        if let Some(price) = fallback
            && let Some(paid) = draft.account.pay_in_kind(at, price)?
        {
            draft.push(LedgerEvent::InKindPaid(paid))?;
            return Ok(draft.events);
        }
        let until = at.checked_add(draft.account.grace).filter(|until| *until > at);
        let Some(until) = until else { return Ok(Vec::new()) };
        let running: Vec<LeaseId> = draft.account.payments.keys().copied().collect();
        for lease in running {
            draft.pay(&lease)?;
        }
        draft.push(LedgerEvent::AccountPaused { id: *id, since: at, until })?;
        Ok(draft.events)
    }

    /// Makes an event true. Events of allowances and of the vault are not for here and change
    /// nothing.
    ///
    /// # Errors
    ///
    /// [`Misfit`] when the event names what the escrow does not hold.
    pub fn apply(&mut self, event: &LedgerEvent) -> Result<(), Misfit> {
        let Some(id) = event.account() else { return Ok(()) };
        match event {
            LedgerEvent::AccountOpened { id, denom, grace, at } => {
                let account = EscrowAccount::new(*id, denom.clone(), *grace, *at);
                if self.accounts.insert(*id, account).is_some() {
                    return Err(Misfit::new("the account exists already"));
                }
            }
            LedgerEvent::LeaseSigned(signed) => {
                let id = signed.terms.id;
                let lease = Lease { signed: (**signed).clone(), state: LeaseState::Active };
                self.leases.insert(id, lease);
                self.running.entry(id.provider()).or_default().insert(id);
            }
            LedgerEvent::ReclamationStarted { id, at, deadline, reason } => {
                let (started_at, deadline, reason) = (*at, *deadline, *reason);
                let state = LeaseState::Reclaiming { started_at, deadline, reason };
                self.set_running(id, state)?;
            }
            LedgerEvent::LeaseEnded { id, at, reason, earned } => {
                let (at, reason, earned) = (*at, *reason, *earned);
                self.set_running(id, LeaseState::Ended { at, reason, earned })?;
                let running = self.running.entry(id.provider()).or_default();
                running.remove(id);
                if running.is_empty() {
                    self.running.remove(&id.provider());
                }
            }
            _ => {}
        }
        let account = self.accounts.get_mut(&id).ok_or(Misfit::new("no such account"))?;
        account.apply(event)?;
        self.predict(&id);
        Ok(())
    }

    /// Moves a running lease on.
    fn set_running(&mut self, id: &LeaseId, state: LeaseState) -> Result<(), Misfit> {
        let lease = self.leases.get_mut(id).filter(|lease| lease.state.is_running());
        lease.ok_or(Misfit::new("no such running lease"))?.state = state;
        Ok(())
    }

    /// Computes anew when the account's money ends, and moves it in the queue.
    fn predict(&mut self, id: &DeploymentId) {
        let ends_at = self.accounts.get(id).and_then(EscrowAccount::ends_at);
        let before = match ends_at {
            Some(height) => self.ends.insert(*id, height),
            None => self.ends.remove(id),
        };
        if before == ends_at {
            return;
        }
        if let Some(height) = before {
            let accounts = self.due.entry(height).or_default();
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
        if account.is_open() {
            Ok(account)
        } else {
            Err(LedgerRejection::AccountClosed { id: *id })
        }
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
        if let Some(Payout { paid, fee }) = self.account.withdrawable(lease)? {
            let coin = Coin::new(self.account.denom.clone(), paid);
            self.push(LedgerEvent::Withdrawn { lease: *lease, coin, fee })?;
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
    fn resume(
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

/// What an account is opened with.
#[derive(Clone, Copy, Debug)]
pub struct NewAccount<'a> {
    /// The deployment.
    pub id: DeploymentId,
    /// The denom of its leases.
    pub denom: &'a Denom,
    /// The first deposit, all payers together.
    pub deposit: &'a Coin,
    /// For how many blocks leases wait for a top-up when the money ends.
    pub grace: BlockSpan,
    /// The block.
    pub at: BlockHeight,
}

fn check_deposit(coin: &Coin) -> Result<Amount, LedgerRejection> {
    if coin.amount.is_zero() {
        return Err(LedgerRejection::DepositZero);
    }
    if coin.amount > Amount::SUPPLY_MAX {
        let (amount, amount_max) = (coin.amount, Amount::SUPPLY_MAX);
        return Err(LedgerRejection::AmountTooLarge { amount, amount_max });
    }
    Ok(coin.amount)
}

#[cfg(test)]
mod tests;
