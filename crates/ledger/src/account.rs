//! [`EscrowAccount`]: a deployment's locked money, the payments it streams, and when it ends.
//!
//! Lazy: nothing happens per block. What is owed up to a height follows from rates and starts,
//! and is moved when the account is touched or its money ends. An account in uact may hold uakt
//! beside it: when its uact ends while nothing can be minted, single blocks are paid in uakt
//! ([`EscrowAccount::pay_in_kind`]).

mod ends;
mod payment;

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use undercut_primitives::codec::Canonical;
use undercut_primitives::{
    Address, Amount, ArithmeticError, BlockHeight, BlockSpan, Coin, Denom, DeploymentId, LeaseId,
    Misfit, PricePerBlock,
};

pub(crate) use ends::ONE;
pub use payment::{Payment, Payments, Payout};

use crate::event::{InKind, KindShare};
use crate::oracle::OraclePrice;
use crate::{LedgerEvent, LedgerRejection, Refund, Settlement, Share};

/// The most running leases of one account, and so the most groups of a deployment.
pub const PAYMENTS_MAX: usize = 128;

/// The most deposits that an account holds apart for strangers. Its tenant may always add, in one
/// entry for each denom beyond them.
pub const DEPOSITS_MAX: usize = 64;

/// One payment into an account, and what is left of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct Deposit {
    /// Who paid, and gets back what is left.
    pub depositor: Address,
    /// Who drew it out of an allowance of the depositor's; `None`: the depositor itself. What is
    /// left raises the allowance again.
    pub drawn_by: Option<Address>,
    /// How much.
    pub coin: Coin,
}

impl Deposit {
    fn is_like(&self, other: &Self) -> bool {
        let key = |one: &Self| (one.depositor, one.drawn_by, one.coin.denom.clone());
        key(self) == key(other)
    }
}

/// Where an account stands. `Closed` is terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Canonical)]
pub enum AccountState {
    /// It pays.
    Open,
    /// Its money ended; its leases wait for a top-up, unpaid.
    Paused {
        /// The last block that was paid.
        since: BlockHeight,
        /// The block at whose end it closes without one.
        until: BlockHeight,
    },
    /// Over. It holds nothing.
    Closed,
}

/// A deployment's locked money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct EscrowAccount {
    /// The deployment it belongs to.
    pub id: DeploymentId,
    /// The denom in which its leases are priced.
    pub denom: Denom,
    /// For how many blocks in all leases may still wait for top-ups when the money ends; 0 ends
    /// them.
    pub grace: BlockSpan,
    /// What is left of each deposit, in the order of arrival and of spending. What follows a deposit
    /// of the same denom by the same depositor joins it.
    pub deposits: Vec<Deposit>,
    /// The streams of running leases, by lease.
    pub payments: Payments,
    /// Up to which block everything owed has been moved.
    pub settled_at: BlockHeight,
    /// Where it stands.
    pub state: AccountState,
}

impl EscrowAccount {
    /// An empty account.
    #[must_use]
    pub const fn new(id: DeploymentId, denom: Denom, grace: BlockSpan, at: BlockHeight) -> Self {
        Self {
            id,
            denom,
            grace,
            deposits: Vec::new(),
            payments: Payments::new(),
            settled_at: at,
            state: AccountState::Open,
        }
    }

    /// Whether it is in use, be it paused.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state != AccountState::Closed
    }

    /// Whether deposits of `denom` are taken: its own, and uakt beside uact.
    #[must_use]
    pub fn takes(&self, denom: &Denom) -> bool {
        *denom == self.denom || (*denom == Denom::uakt() && self.denom == Denom::uact())
    }

    /// What is not yet earned by anyone, in its own denom, as of the last settlement.
    #[must_use]
    pub fn balance(&self) -> Amount {
        self.balance_in(&self.denom)
    }

    /// What is left of all deposits of `denom`.
    #[must_use]
    pub fn balance_in(&self, denom: &Denom) -> Amount {
        let of_denom = self.deposits.iter().filter(|deposit| deposit.coin.denom == *denom);
        let sum = of_denom.map(|deposit| deposit.coin.amount).try_fold(Amount::ZERO, Amount::plus);
        // Every deposit was checked against the supply's limit, so the sum fits.
        sum.unwrap_or_default()
    }

    /// Earned by providers and not yet paid out.
    #[must_use]
    pub fn unpaid(&self) -> Amount {
        let each = self.payments.values().filter_map(|p| p.earned.checked_sub(p.withdrawn));
        each.fold(Amount::ZERO, |sum, amount| sum.plus(amount).unwrap_or(sum))
    }

    /// What a settlement up to `height` would move, in all.
    pub(crate) fn owed_at(&self, height: BlockHeight) -> Result<Amount, ArithmeticError> {
        self.payments.values().try_fold(Amount::ZERO, |sum, payment| {
            let earned = payment.earned_at(height)?;
            sum.plus(earned.checked_sub(payment.earned).unwrap_or_default())
        })
    }

    /// Whether the account could pay at least one block after `at` with `rate` added.
    #[must_use]
    pub fn affords_one_block(&self, rate: &PricePerBlock, at: BlockHeight) -> bool {
        let Some(next) = at.next() else { return false };
        let cost = rate.over_floor(BlockSpan::from_blocks(1));
        let owed = self.owed_at(next).and_then(|owed| owed.plus(cost?.amount));
        rate.denom == self.denom && owed.is_ok_and(|owed| owed <= self.balance())
    }

    /// Whether the account can pay the block after `at` for what runs.
    #[must_use]
    pub fn pays_next_block(&self, at: BlockHeight) -> bool {
        let owed = at.next().map(|next| self.owed_at(next));
        owed.is_some_and(|owed| owed.is_ok_and(|owed| owed <= self.balance()))
    }

    /// The settlement up to `to`, or `None` when it is settled that far already.
    ///
    /// # Errors
    ///
    /// [`ArithmeticError`] when a share is no amount.
    pub fn settle(&self, to: BlockHeight) -> Result<Option<Settlement>, ArithmeticError> {
        if self.state != AccountState::Open || to <= self.settled_at {
            return Ok(None);
        }
        settlement(self.id, self.payments.iter(), (self.settled_at, to)).map(Some)
    }

    /// What a provider can be paid for a lease now, after a settlement; `None` when nothing.
    ///
    /// # Errors
    ///
    /// [`ArithmeticError`] when a fee is no amount.
    pub fn withdrawable(&self, lease: &LeaseId) -> Result<Option<Payout>, ArithmeticError> {
        let payment = self.payments.get(lease);
        payment.map_or(Ok(None), |payment| payment.payout_with(Amount::ZERO))
    }

    /// What every depositor would get back now, first deposit first.
    #[must_use]
    pub fn refunds(&self) -> Vec<Refund> {
        let refund = |deposit: &Deposit| {
            let Deposit { depositor, drawn_by, coin } = deposit.clone();
            Refund { to: depositor, drawn_by, coin }
        };
        self.deposits.iter().map(refund).collect()
    }

    /// Pays the block after `at` with what is left and, beyond that, with uakt at `price`; `None`
    /// when there is not enough of it.
    ///
    /// What is left is shared out by what each lease is owed for the block, by largest remainder,
    /// then by lease. What a lease lacks is paid in uakt, rounded up, so nothing stays owed.
    /// Source: `chain.md` 5.8; beats W13 and W14.
    ///
    /// # Errors
    ///
    /// [`ArithmeticError`] when a number does not fit.
    pub fn pay_in_kind(
        &self,
        at: BlockHeight,
        price: &OraclePrice,
    ) -> Result<Option<InKind>, ArithmeticError> {
        // One ACT is a dollar, so what is owed in uact has a price in uakt; nothing else has.
        let (Some(to), true) = (at.next(), self.denom == Denom::uact()) else { return Ok(None) };
        let mut owed = Vec::new();
        for payment in self.payments.values() {
            let earned = payment.earned_at(to)?;
            owed.push(earned.checked_sub(payment.earned).unwrap_or_default());
        }
        let own = self.balance().split_largest_remainder(&owed)?;
        let mut left = self.balance_in(&Denom::uakt());
        let mut shares = Vec::new();
        for (((lease, payment), owed), own) in self.payments.iter().zip(owed).zip(own) {
            let own = own.min(owed);
            let value = owed.checked_sub(own).unwrap_or_default();
            let uakt = price.usd_per_akt.worth_ceil(value)?;
            let Payout { paid, fee } = payment.payout_in_uakt(uakt)?;
            let Some(rest) = left.checked_sub(uakt) else { return Ok(None) };
            left = rest;
            shares.push(KindShare { lease: *lease, own, value, paid, fee });
        }
        Ok(Some(InKind { account: self.id, to, price: *price, shares }))
    }

    /// Makes an event of this account true. Events of other accounts are the caller's mistake.
    ///
    /// # Errors
    ///
    /// [`Misfit`] when the event takes what is not there or names an unknown lease.
    pub fn apply(&mut self, event: &LedgerEvent) -> Result<(), Misfit> {
        match event {
            LedgerEvent::AccountOpened { .. }
            | LedgerEvent::ReclamationStarted { .. }
            | LedgerEvent::AllowanceGranted { .. }
            | LedgerEvent::AllowanceRevoked(_)
            | LedgerEvent::Vault(_) => Ok(()),
            LedgerEvent::Deposited { deposit, .. } => self.apply_deposit(deposit),
            LedgerEvent::LeaseSigned(lease) => {
                let terms = &lease.terms;
                let rate = terms.price.clone();
                let payment = Payment::new(rate, terms.starts_at, terms.take_rate_bps);
                if self.payments.len() >= PAYMENTS_MAX {
                    return Err(Misfit::new("the account has as many leases as it can"));
                }
                match self.payments.insert(lease.terms.id, payment) {
                    None => Ok(()),
                    Some(_) => Err(Misfit::new("the lease has a payment already")),
                }
            }
            LedgerEvent::Settled(settlement) => self.apply_settlement(settlement),
            LedgerEvent::InKindPaid(paid) => self.apply_in_kind(paid),
            LedgerEvent::Withdrawn { lease, coin, fee } => {
                let payment = self.payment(lease)?;
                let expected = payment.payout().ok();
                if expected != Some(Payout { paid: coin.amount, fee: *fee }) {
                    return Err(Misfit::new("not what was earned and not yet paid is withdrawn"));
                }
                payment.withdrawn = payment.earned;
                Ok(())
            }
            LedgerEvent::LeaseEnded { id, earned, .. } => {
                let ended = self.payments.remove(id);
                let ended = ended.ok_or(Misfit::new("the lease has no payment here"))?;
                let is_paid_off = ended.withdrawn == ended.earned;
                if is_paid_off && ended.received() == Ok(*earned) {
                    return Ok(());
                }
                Err(Misfit::new("a lease ends before its provider was paid in full"))
            }
            LedgerEvent::AccountPaused { since, until, .. } => {
                self.state = AccountState::Paused { since: *since, until: *until };
                Ok(())
            }
            LedgerEvent::AccountResumed { at, .. } => self.apply_resumed(*at),
            LedgerEvent::AccountClosed { refunds, .. } => {
                if !self.payments.is_empty() {
                    return Err(Misfit::new("an account closes with a running lease"));
                }
                if *refunds != self.refunds() {
                    return Err(Misfit::new("the refunds are not what is left of the deposits"));
                }
                self.deposits.clear();
                self.state = AccountState::Closed;
                Ok(())
            }
        }
    }

    fn payment(&mut self, lease: &LeaseId) -> Result<&mut Payment, Misfit> {
        self.payments.get_mut(lease).ok_or(Misfit::new("the lease has no payment here"))
    }

    fn apply_deposit(&mut self, deposit: &Deposit) -> Result<(), Misfit> {
        match self.place_of(deposit).and_then(|place| self.deposits.get_mut(place)) {
            None => {
                if self.deposits.is_empty() {
                    self.deposits.reserve_exact(1);
                }
                self.deposits.push(deposit.clone());
            }
            Some(like) => {
                let sum = like.coin.amount.plus(deposit.coin.amount);
                like.coin.amount = sum.map_err(|_| Misfit::new("a deposit overflows"))?;
            }
        }
        Ok(())
    }

    /// The entry that a deposit joins: the last one of its denom, if that is like it; in an account
    /// with [`DEPOSITS_MAX`] entries, the last one that is.
    fn place_of(&self, deposit: &Deposit) -> Option<usize> {
        let is_full = self.deposits.len() >= DEPOSITS_MAX;
        let shares_denom = |one: &Deposit| one.coin.denom == deposit.coin.denom;
        let counts = |one: &Deposit| if is_full { one.is_like(deposit) } else { shares_denom(one) };
        let place = self.deposits.iter().rposition(counts)?;
        self.deposits.get(place).filter(|one| one.is_like(deposit)).map(|_| place)
    }

    /// Whether a deposit finds room: it joins an entry, or there is one for it. The tenant's own
    /// always does; one that the tenant drew finds twice the room that a stranger's does, so that
    /// strangers cannot keep the tenant's sponsors out.
    #[must_use]
    pub fn has_room_for(&self, deposit: &Deposit) -> bool {
        let (tenant, entries) = (self.id.tenant.0, self.deposits.len());
        let is_own = deposit.depositor == tenant && deposit.drawn_by.is_none();
        let is_drawn = deposit.drawn_by == Some(tenant);
        let room = if is_drawn { DEPOSITS_MAX.saturating_mul(2) } else { DEPOSITS_MAX };
        is_own || entries < room || self.place_of(deposit).is_some()
    }

    fn apply_settlement(&mut self, settlement: &Settlement) -> Result<(), Misfit> {
        let denom = self.denom.clone();
        for share in &settlement.shares {
            self.spend(&denom, share.amount)?;
            let payment = self.payment(&share.lease)?;
            let earned = payment.earned.plus(share.amount);
            payment.earned = earned.map_err(|_| Misfit::new("a payment's earnings overflow"))?;
        }
        self.settled_at = settlement.to;
        Ok(())
    }

    fn apply_in_kind(&mut self, paid: &InKind) -> Result<(), Misfit> {
        let overflow = |_| Misfit::new("a payment's earnings overflow");
        let (denom, uakt) = (self.denom.clone(), Denom::uakt());
        for share in &paid.shares {
            self.spend(&denom, share.own)?;
            let given = share.paid.plus(share.fee).map_err(overflow)?;
            self.spend(&uakt, given)?;
            let payment = self.payment(&share.lease)?;
            payment.in_kind_uakt = payment.in_kind_uakt.plus(given).map_err(overflow)?;
            let owed = share.own.plus(share.value).map_err(overflow)?;
            payment.earned = payment.earned.plus(owed).map_err(overflow)?;
            payment.withdrawn = payment.withdrawn.plus(share.value).map_err(overflow)?;
            payment.in_kind = payment.in_kind.plus(share.value).map_err(overflow)?;
        }
        self.settled_at = paid.to;
        Ok(())
    }

    /// The pause did not happen for the payments: they start as much later.
    fn apply_resumed(&mut self, at: BlockHeight) -> Result<(), Misfit> {
        let AccountState::Paused { since, .. } = self.state else {
            return Err(Misfit::new("the account is not paused"));
        };
        let span = at.since(since).ok_or(Misfit::new("the account resumes before its pause"))?;
        for payment in self.payments.values_mut() {
            let starts_at = payment.starts_at.checked_add(span);
            payment.starts_at = starts_at.ok_or(Misfit::new("a payment starts too late"))?;
        }
        // What was waited is used up, so nobody keeps a lease for a block's price now and then.
        let left = self.grace.to_blocks().saturating_sub(span.to_blocks());
        self.grace = BlockSpan::from_blocks(left);
        self.settled_at = at;
        self.state = AccountState::Open;
        Ok(())
    }

    /// Takes `amount` from the deposits of `denom`, oldest first.
    pub(crate) fn spend(&mut self, denom: &Denom, mut amount: Amount) -> Result<(), Misfit> {
        for deposit in self.deposits.iter_mut().filter(|one| one.coin.denom == *denom) {
            let taken = amount.min(deposit.coin.amount);
            deposit.coin.amount = deposit.coin.amount.checked_sub(taken).unwrap_or_default();
            amount = amount.checked_sub(taken).unwrap_or_default();
        }
        self.deposits.retain(|deposit| !deposit.coin.amount.is_zero());
        if amount.is_zero() { Ok(()) } else { Err(Misfit::new("the account cannot pay this")) }
    }
}

/// What each payment of an account earned since it was last settled, up to another block.
pub(crate) fn settlement<'a>(
    account: DeploymentId,
    payments: impl Iterator<Item = (&'a LeaseId, &'a Payment)>,
    (from, to): (BlockHeight, BlockHeight),
) -> Result<Settlement, ArithmeticError> {
    let mut shares = Vec::new();
    for (lease, payment) in payments {
        let earned = payment.earned_at(to)?;
        let amount = earned.checked_sub(payment.earned).unwrap_or_default();
        if !amount.is_zero() {
            shares.push(Share { lease: *lease, amount });
        }
    }
    Ok(Settlement { account, from, to, shares })
}

/// A settlement, if there is one, and what it and earlier ones leave to be paid for `leases`, in this
/// order. Nothing is copied but the events.
pub(crate) fn payouts<'a>(
    settlement: Option<Settlement>,
    (balance, denom): (Amount, &Denom),
    leases: &[LeaseId],
    payment_of: impl Fn(&LeaseId) -> Option<&'a Payment>,
) -> Result<Vec<LedgerEvent>, LedgerRejection> {
    let shares = settlement.as_ref().map_or(&[][..], |settlement| settlement.shares.as_slice());
    let moved = shares.iter().map(|share| share.amount).try_fold(Amount::ZERO, Amount::plus)?;
    if moved > balance {
        return Err(Misfit::new("the account cannot pay this").into());
    }
    let mut events = Vec::with_capacity(leases.len().saturating_add(1));
    for lease in leases {
        let Some(payment) = payment_of(lease) else { continue };
        let place = shares.binary_search_by(|share| share.lease.cmp(lease)).ok();
        let share = place.and_then(|place| shares.get(place));
        let amount = share.map_or(Amount::ZERO, |share| share.amount);
        if let Some(Payout { paid, fee }) = payment.payout_with(amount)? {
            let coin = Coin::new(denom.clone(), paid);
            events.push(LedgerEvent::Withdrawn { lease: *lease, coin, fee });
        }
    }
    if let Some(settlement) = settlement {
        events.insert(0, LedgerEvent::Settled(settlement));
    }
    Ok(events)
}
