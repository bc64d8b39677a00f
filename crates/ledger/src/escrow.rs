//! [`Escrow`]: all accounts and leases, and the queue of blocks at which money ends.
//!
//! A rule that takes several steps (settle, pay, end, refund) makes them on a copy of the one
//! account, so that each step sees the ones before it while the escrow itself stays untouched.
//!
//! | kept | as | because |
//! | --- | --- | --- |
//! | what settling and paying take | [`meter`]: 64 bytes each, by handle | a touch is one line of memory |
//! | blocks at which money ends | a wheel through the meters | filing anew and asking take constant time |
//! | the rest of accounts | whole accounts where they differ, less where they are alike | memory |
//! | leases | [`leases`]: beside their account, what they share once | memory |

mod accounts;
mod draft;
pub mod leases;
pub mod meter;
mod reclamation;
mod restore;
mod wheel;

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use undercut_primitives::{
    Amount, BlockHeight, BlockSpan, Coin, Denom, DeploymentId, KeptConsent, LeaseId, Misfit,
    OrderId, Provider, packed::PackedOrder, paged::Paged,
};

use accounts::Accounts;
use draft::Draft;
use leases::{Held, Leases};

use crate::oracle::OraclePrice;
use crate::{
    AccountState, Deposit, EscrowAccount, Lease, LeaseEndReason, LeaseState, LedgerEvent,
    LedgerParams, LedgerRejection, SignedLease,
};

/// The most leases that one command pays out.
pub const WITHDRAWALS_MAX: usize = 256;

/// Accounts by deployment, leases by id, and accounts by the block at which their money ends.
#[derive(Clone, Debug, Default)]
pub struct Escrow {
    accounts: Accounts,
    leases: Leases,
    /// Together with its provider, an order names a lease.
    running: BTreeMap<Provider, Paged<PackedOrder, ()>>,
}

impl PartialEq for Escrow {
    /// Whether both hold the same accounts and leases. Handles may differ.
    fn eq(&self, other: &Self) -> bool {
        self.accounts == other.accounts
            && self.leases().eq(other.leases())
            && self.running == other.running
    }
}

impl Eq for Escrow {}

impl Escrow {
    /// The account of a deployment, as it is now.
    #[must_use]
    pub fn account(&self, id: &DeploymentId) -> Option<Cow<'_, EscrowAccount>> {
        self.accounts.get(self.accounts.handle_of(id)?)
    }

    /// All accounts by deployment.
    pub fn accounts(&self) -> impl Iterator<Item = Cow<'_, EscrowAccount>> {
        self.accounts.iter()
    }

    /// The lease `id`.
    #[must_use]
    pub fn lease(&self, id: &LeaseId) -> Option<Lease> {
        self.leases.get(self.accounts.handle_of(&id.deployment())?, id)
    }

    /// Where the lease `id` stands.
    #[must_use]
    pub fn lease_state(&self, id: &LeaseId) -> Option<LeaseState> {
        self.leases.state(self.accounts.handle_of(&id.deployment())?, id)
    }

    /// The provider's consent to the bid that became a lease, as it is kept.
    #[must_use]
    pub fn bid_consent(&self, id: &LeaseId) -> Option<&KeptConsent> {
        self.leases.bid_consent(self.accounts.handle_of(&id.deployment())?, id)
    }

    /// All leases by id.
    pub fn leases(&self) -> impl Iterator<Item = Lease> {
        self.accounts.handles().flat_map(|(id, handle)| self.leases.of(handle, id))
    }

    /// A lease that runs.
    ///
    /// # Errors
    ///
    /// [`LedgerRejection::LeaseNotFound`] or [`LedgerRejection::LeaseEnded`].
    pub fn running_lease(&self, id: &LeaseId) -> Result<Lease, LedgerRejection> {
        self.check_running(id)?;
        self.lease(id).ok_or(LedgerRejection::LeaseNotFound { id: *id })
    }

    fn check_running(&self, id: &LeaseId) -> Result<(), LedgerRejection> {
        match self.lease_state(id).ok_or(LedgerRejection::LeaseNotFound { id: *id })? {
            LeaseState::Ended { .. } => Err(LedgerRejection::LeaseEnded { id: *id }),
            LeaseState::Active | LeaseState::Reclaiming { .. } => Ok(()),
        }
    }

    /// The running leases of a provider, by id.
    pub fn running_of(&self, provider: &Provider) -> impl Iterator<Item = LeaseId> {
        let (provider, orders) = (*provider, self.running.get(provider));
        let orders = orders.into_iter().flat_map(Paged::iter);
        orders.map(move |(order, ())| LeaseId(OrderId::from(*order).bid(provider)))
    }

    /// How many leases a provider runs. O(1).
    #[must_use]
    pub fn running_count(&self, provider: &Provider) -> usize {
        self.running.get(provider).map_or(0, Paged::len)
    }

    /// Accounts whose money or grace ends with the block at `height`, by deployment. O(accounts
    /// found) at the height that [`Escrow::advance`] named last; slower, and as exact, at any other.
    pub fn due(&self, height: BlockHeight) -> impl Iterator<Item = DeploymentId> {
        self.accounts.due(height).into_iter()
    }

    /// Tells that the block at `height` is the one to be asked about next. Changes no answer.
    pub fn advance(&mut self, height: BlockHeight) {
        self.accounts.advance(height);
    }

    /// The last block that the account can pay in full, or the last of its grace, as predicted when
    /// it last changed.
    #[must_use]
    pub fn ends_at(&self, id: &DeploymentId) -> Option<BlockHeight> {
        self.accounts.ends_at(self.accounts.handle_of(id)?)
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
    pub fn paying(&self, id: &DeploymentId) -> Result<Cow<'_, EscrowAccount>, LedgerRejection> {
        match self.open(id)? {
            (_, AccountState::Paused { until, .. }) => {
                Err(LedgerRejection::AccountPaused { id: *id, until })
            }
            (handle, AccountState::Open | AccountState::Closed) => {
                self.accounts.get(handle).ok_or(LedgerRejection::AccountNotFound { id: *id })
            }
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
        self.check_running(id)?;
        let (handle, _) = self.open(&id.deployment())?;
        self.accounts.payouts(handle, core::slice::from_ref(id), at)
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
        let leases = self.running_of(provider).filter(|id| from.is_none_or(|from| id >= from));
        // By id, so those of one account are neighbours, and accounts come in order.
        let leases: Vec<LeaseId> = leases.take(WITHDRAWALS_MAX).collect();
        let mut events = Vec::new();
        for of_account in leases.chunk_by(|a, b| a.deployment() == b.deployment()) {
            let Some(first) = of_account.first() else { continue };
            let (handle, _) = self.open(&first.deployment())?;
            events.append(&mut self.accounts.payouts(handle, of_account, at)?);
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
        self.check_running(id)?;
        let mut draft = self.draft(&id.deployment())?;
        draft.settle(at)?;
        draft.end(id, at, reason)?;
        draft.resume(at, None)?;
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
                if !self.accounts.insert(account) {
                    return Err(Misfit::new("the account exists already"));
                }
            }
            LedgerEvent::LeaseSigned(signed) => self.keep_lease(signed, Held::default())?,
            LedgerEvent::ReclamationStarted { id, at, deadline, reason } => {
                let (started_at, deadline, reason) = (*at, *deadline, *reason);
                let state = LeaseState::Reclaiming { started_at, deadline, reason };
                self.set_running(id, state)?;
            }
            LedgerEvent::LeaseEnded { id, at, reason, earned } => {
                let (at, reason, earned) = (*at, *reason, *earned);
                self.set_running(id, LeaseState::Ended { at, reason, earned })?;
                let running = self.running.entry(id.provider()).or_default();
                running.remove(&id.order().into());
                if running.is_empty() {
                    self.running.remove(&id.provider());
                }
            }
            _ => {}
        }
        self.apply_to_account(&id, event)
    }

    /// [`Escrow::apply`] for [`LedgerEvent::LeaseSigned`], where the consents are kept elsewhere too:
    /// where they are the same, they are shared.
    ///
    /// # Errors
    ///
    /// As [`Escrow::apply`].
    pub fn apply_sharing(&mut self, event: &LedgerEvent, held: Held<'_>) -> Result<(), Misfit> {
        let LedgerEvent::LeaseSigned(signed) = event else { return self.apply(event) };
        self.keep_lease(signed, held)?;
        self.apply_to_account(&signed.terms.id.deployment(), event)
    }

    fn keep_lease(&mut self, signed: &SignedLease, held: Held<'_>) -> Result<(), Misfit> {
        let id = signed.terms.id;
        let handle = self.accounts.handle_of(&id.deployment());
        let handle = handle.ok_or(Misfit::new("no such account"))?;
        self.leases.insert(handle, signed, LeaseState::Active, held);
        self.running.entry(id.provider()).or_default().insert(id.order().into(), ());
        Ok(())
    }

    fn apply_to_account(&mut self, id: &DeploymentId, event: &LedgerEvent) -> Result<(), Misfit> {
        let handle = self.accounts.handle_of(id).ok_or(Misfit::new("no such account"))?;
        self.accounts.apply(handle, event)?;
        self.accounts.predict(handle);
        Ok(())
    }

    /// Moves a running lease on.
    fn set_running(&mut self, id: &LeaseId, state: LeaseState) -> Result<(), Misfit> {
        let handle = self.accounts.handle_of(&id.deployment());
        let found = handle.filter(|_| self.check_running(id).is_ok());
        let handle = found.ok_or(Misfit::new("no such running lease"))?;
        self.leases.set_state(handle, id, state);
        Ok(())
    }

    /// An account that is not closed: its handle and where it stands.
    fn open(&self, id: &DeploymentId) -> Result<(u32, AccountState), LedgerRejection> {
        let handle = self.accounts.handle_of(id);
        let found = handle.and_then(|handle| Some((handle, self.accounts.state(handle)?)));
        match found.ok_or(LedgerRejection::AccountNotFound { id: *id })? {
            (_, AccountState::Closed) => Err(LedgerRejection::AccountClosed { id: *id }),
            open => Ok(open),
        }
    }

    fn draft(&self, id: &DeploymentId) -> Result<Draft, LedgerRejection> {
        let (handle, _) = self.open(id)?;
        let account =
            self.accounts.get(handle).ok_or(LedgerRejection::AccountNotFound { id: *id })?;
        Ok(Draft::of(account.into_owned()))
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
