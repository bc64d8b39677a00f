//! [`EscrowAccount`]: a deployment's locked money, the payments it streams, and when it ends.
//!
//! Lazy: nothing happens per block. What is owed up to a height follows from rates and starts,
//! and is moved when the account is touched or its money ends.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use undercut_primitives::{
    Address, Amount, ArithmeticError, BlockHeight, Coin, Denom, DeploymentId, LeaseId, Misfit,
    PricePerBlock,
};

use crate::{LedgerEvent, Refund, Settlement, Share};

/// The most running leases of one account, and so the most groups of a deployment.
pub const PAYMENTS_MAX: usize = 128;

/// One payment into an account, and what is left of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deposit {
    /// Who paid, and gets back what is left.
    pub depositor: Address,
    /// Micro-units of the account's denom.
    pub amount: Amount,
}

/// The stream to one provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Per block, for the whole lease.
    pub rate: PricePerBlock,
    /// The block after which the first paid block comes.
    pub starts_at: BlockHeight,
    /// All that it has earned up to the last settlement.
    pub earned: Amount,
    /// How much of it was paid out.
    pub withdrawn: Amount,
}

impl Payment {
    /// All that the payment has earned up to `height`: `floor(rate × (height − starts_at))`.
    ///
    /// # Errors
    ///
    /// [`ArithmeticError`] when it is no amount.
    pub fn earned_at(&self, height: BlockHeight) -> Result<Amount, ArithmeticError> {
        let span = height.since(self.starts_at).unwrap_or_default();
        Ok(self.rate.over_floor(span)?.amount)
    }
}

/// A deployment's locked money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EscrowAccount {
    /// The deployment it belongs to.
    pub id: DeploymentId,
    /// The only denom it holds.
    pub denom: Denom,
    /// What is left of each deposit, in the order of arrival and of spending. Neighbours by one
    /// depositor are one entry.
    pub deposits: Vec<Deposit>,
    /// The streams of running leases, by lease.
    pub payments: BTreeMap<LeaseId, Payment>,
    /// Up to which block everything owed has been moved.
    pub settled_at: BlockHeight,
    /// Whether it is in use. A closed account holds nothing.
    pub is_open: bool,
}

impl EscrowAccount {
    /// An empty account.
    #[must_use]
    pub const fn new(id: DeploymentId, denom: Denom, at: BlockHeight) -> Self {
        Self {
            id,
            denom,
            deposits: Vec::new(),
            payments: BTreeMap::new(),
            settled_at: at,
            is_open: true,
        }
    }

    /// What is not yet earned by anyone, as of the last settlement.
    #[must_use]
    pub fn balance(&self) -> Amount {
        let sum =
            self.deposits.iter().try_fold(Amount::ZERO, |sum, deposit| sum.plus(deposit.amount));
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
    fn owed_at(&self, height: BlockHeight) -> Result<Amount, ArithmeticError> {
        self.payments.values().try_fold(Amount::ZERO, |sum, payment| {
            let earned = payment.earned_at(height)?;
            sum.plus(earned.checked_sub(payment.earned).unwrap_or_default())
        })
    }

    /// The last block that the account can pay in full: the greatest `h` with owed(h) ≤ balance.
    ///
    /// `None` when nothing runs, or when the money lasts beyond [`BlockHeight::MAX`]. At least
    /// `settled_at`. O(payments × 48).
    #[must_use]
    pub fn depletes_at(&self) -> Option<BlockHeight> {
        self.payments.first_key_value()?;
        let balance = self.balance();
        let pays =
            |height: u64| self.owed_at(BlockHeight::new(height)).is_ok_and(|owed| owed <= balance);
        // Invariant: pays(low), and not pays(high). What is owed never falls with the height.
        let mut low = self.settled_at.to_u64();
        let mut high = BlockHeight::MAX.to_u64();
        if pays(high) {
            return None;
        }
        while low.checked_add(1)? < high {
            let middle = low.midpoint(high);
            if pays(middle) {
                low = middle;
            } else {
                high = middle;
            }
        }
        Some(BlockHeight::new(low))
    }

    /// Whether the account could pay at least one block after `at` with `rate` added.
    #[must_use]
    pub fn affords_one_block(&self, rate: &PricePerBlock, at: BlockHeight) -> bool {
        let Some(next) = at.next() else { return false };
        let one_block = undercut_primitives::BlockSpan::from_blocks(1);
        let Ok(cost) = rate.over_floor(one_block) else { return false };
        let owed = self.owed_at(next).and_then(|owed| owed.plus(cost.amount));
        rate.denom == self.denom && owed.is_ok_and(|owed| owed <= self.balance())
    }

    /// The settlement up to `to`, or `None` when it is settled that far already.
    ///
    /// # Errors
    ///
    /// [`ArithmeticError`] when a share is no amount.
    pub fn settle(&self, to: BlockHeight) -> Result<Option<Settlement>, ArithmeticError> {
        if !self.is_open || to <= self.settled_at {
            return Ok(None);
        }
        let mut shares = Vec::new();
        for (lease, payment) in &self.payments {
            let earned = payment.earned_at(to)?;
            let amount = earned.checked_sub(payment.earned).unwrap_or_default();
            if !amount.is_zero() {
                shares.push(Share { lease: *lease, amount });
            }
        }
        Ok(Some(Settlement { account: self.id, from: self.settled_at, to, shares }))
    }

    /// What a provider can be paid for a lease now, after a settlement; `None` when nothing.
    #[must_use]
    pub fn withdrawable(&self, lease: &LeaseId) -> Option<Coin> {
        let payment = self.payments.get(lease)?;
        let amount = payment.earned.checked_sub(payment.withdrawn)?;
        (!amount.is_zero()).then(|| Coin::new(self.denom.clone(), amount))
    }

    /// What every depositor would get back now, first deposit first.
    #[must_use]
    pub fn refunds(&self) -> Vec<Refund> {
        let refund = |d: &Deposit| Refund { to: d.depositor, amount: d.amount };
        self.deposits.iter().map(refund).collect()
    }

    /// Makes an event of this account true. Events of other accounts are the caller's mistake.
    ///
    /// # Errors
    ///
    /// [`Misfit`] when the event takes what is not there or names an unknown lease.
    pub fn apply(&mut self, event: &LedgerEvent) -> Result<(), Misfit> {
        match event {
            LedgerEvent::AccountOpened { .. } | LedgerEvent::Vault(_) => Ok(()),
            LedgerEvent::Deposited { deposit, .. } => self.apply_deposit(deposit),
            LedgerEvent::LeaseSigned(lease) => {
                let payment = Payment {
                    rate: lease.terms.price.clone(),
                    starts_at: lease.terms.starts_at,
                    earned: Amount::ZERO,
                    withdrawn: Amount::ZERO,
                };
                if self.payments.len() >= PAYMENTS_MAX {
                    return Err(Misfit::new("the account has as many leases as it can"));
                }
                match self.payments.insert(lease.terms.id, payment) {
                    None => Ok(()),
                    Some(_) => Err(Misfit::new("the lease has a payment already")),
                }
            }
            LedgerEvent::Settled(settlement) => self.apply_settlement(settlement),
            LedgerEvent::Withdrawn { lease, coin } => {
                let payment = self.payment(lease)?;
                let withdrawn = payment.withdrawn.plus(coin.amount).ok();
                let within = withdrawn.filter(|withdrawn| *withdrawn <= payment.earned);
                payment.withdrawn =
                    within.ok_or(Misfit::new("more is withdrawn than was earned"))?;
                Ok(())
            }
            LedgerEvent::LeaseEnded { id, paid, .. } => {
                let ended = self.payments.remove(id);
                let ended = ended.ok_or(Misfit::new("the lease has no payment here"))?;
                if (ended.earned, ended.withdrawn) == (*paid, *paid) {
                    return Ok(());
                }
                Err(Misfit::new("a lease ends before its provider was paid in full"))
            }
            LedgerEvent::AccountClosed { refunds, .. } => {
                if !self.payments.is_empty() {
                    return Err(Misfit::new("an account closes with a running lease"));
                }
                if *refunds != self.refunds() {
                    return Err(Misfit::new("the refunds are not what is left of the deposits"));
                }
                self.deposits.clear();
                self.is_open = false;
                Ok(())
            }
        }
    }

    fn payment(&mut self, lease: &LeaseId) -> Result<&mut Payment, Misfit> {
        self.payments.get_mut(lease).ok_or(Misfit::new("the lease has no payment here"))
    }

    fn apply_deposit(&mut self, deposit: &Deposit) -> Result<(), Misfit> {
        let last = self.deposits.last_mut().filter(|last| last.depositor == deposit.depositor);
        match last {
            None => self.deposits.push(deposit.clone()),
            Some(last) => {
                let sum = last.amount.plus(deposit.amount);
                last.amount = sum.map_err(|_| Misfit::new("a deposit overflows"))?;
            }
        }
        Ok(())
    }

    fn apply_settlement(&mut self, settlement: &Settlement) -> Result<(), Misfit> {
        for share in &settlement.shares {
            self.spend(share.amount)?;
            let payment = self.payment(&share.lease)?;
            let earned = payment.earned.plus(share.amount);
            payment.earned = earned.map_err(|_| Misfit::new("a payment's earnings overflow"))?;
        }
        self.settled_at = settlement.to;
        Ok(())
    }

    /// Takes `amount` from the deposits, oldest first.
    fn spend(&mut self, mut amount: Amount) -> Result<(), Misfit> {
        for deposit in &mut self.deposits {
            let taken = amount.min(deposit.amount);
            deposit.amount = deposit.amount.checked_sub(taken).unwrap_or_default();
            amount = amount.checked_sub(taken).unwrap_or_default();
        }
        self.deposits.retain(|deposit| !deposit.amount.is_zero());
        if amount.is_zero() { Ok(()) } else { Err(Misfit::new("the account cannot pay this")) }
    }
}
