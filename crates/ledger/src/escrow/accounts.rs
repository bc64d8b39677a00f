//! [`Accounts`]: all accounts by deployment; the hot part of each a [`Meter`], the rest beside it.
//!
//! An account that streams to one lease, in one denom, nothing of it paid in uakt, is *lean*: its
//! meter is all that changes when it is settled and paid out, and the list of its deposits is
//! brought up to date when somebody asks for it. Every other account is kept whole, as an
//! [`EscrowAccount`]. Which of the two an account is shows nowhere: the same events give the same
//! account, and [`Accounts::get`] always gives a whole one.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use undercut_primitives::few::Recent;
use undercut_primitives::indexed::{Indexed, Providers};
use undercut_primitives::packed::PackedDeployment;
use undercut_primitives::{
    Amount, BlockHeight, BlockSpan, Denom, DeploymentId, GroupId, LeaseId, Misfit, PricePerBlock,
};

use super::meter::{Meter, Meters};
use crate::account::{self, Payment, Payout};
use crate::{AccountState, Deposit, EscrowAccount, LedgerEvent, LedgerRejection, Settlement};

/// Accounts by deployment. A handle is an account's place in the order of coming.
#[derive(Clone, Debug, Default)]
pub(super) struct Accounts {
    /// By handle, as the meters are: what of an account its meter does not hold.
    bodies: Indexed<PackedDeployment, Body>,
    meters: Meters,
    shared: Shared,
}

/// What many accounts have in common.
#[derive(Clone, Debug, Default)]
struct Shared {
    providers: Providers,
    terms: Recent<Terms>,
}

impl PartialEq for Accounts {
    /// Whether both hold the same accounts, filed under the same blocks. Handles may differ.
    fn eq(&self, other: &Self) -> bool {
        let ends = |accounts: &Self| {
            let ends = accounts.handles().map(|(_, handle)| accounts.ends_at(handle));
            ends.collect::<Vec<_>>()
        };
        self.iter().eq(other.iter()) && ends(self) == ends(other)
    }
}

impl Eq for Accounts {}

#[derive(Clone, Debug)]
enum Body {
    Lean(Lean),
    Whole(Box<EscrowAccount>),
    /// Nothing but who and since when: `settled_at` is in the meter.
    Closed(Arc<Terms>),
}

/// What an account has in common with others.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Terms {
    /// Of its one lease.
    take_rate_bps: u32,
    denom: Denom,
    grace: BlockSpan,
}

/// An open account with one payment and nothing in kind.
#[derive(Clone, Debug)]
struct Lean {
    gseq: u32,
    oseq: u32,
    /// Its number.
    provider: u32,
    /// Whether the deposits are one of the tenant's own, or none when the balance is zero.
    is_own: bool,
    /// What the lease was paid out, in micro-units.
    withdrawn: u64,
    terms: Arc<Terms>,
    /// Others as they were when the account became lean; what the meter's balance lacks to their sum
    /// was spent since.
    deposits: Option<Box<Deposits>>,
}

/// One pointer away, because few accounts have any.
#[derive(Clone, Debug)]
struct Deposits(Vec<Deposit>);

impl Lean {
    fn lease(&self, account: DeploymentId, names: &Providers) -> LeaseId {
        let order = GroupId { deployment: account, gseq: self.gseq }.order(self.oseq);
        LeaseId(order.bid(names.address(self.provider)))
    }

    fn payment(&self, meter: &Meter) -> Payment {
        let rate = PricePerBlock::new(self.terms.denom.clone(), meter.rate());
        let mut payment = Payment::new(rate, meter.starts_at(), self.terms.take_rate_bps);
        let withdrawn = Amount::from_micro(self.withdrawn.into());
        (payment.earned, payment.withdrawn) = (meter.earned(), withdrawn);
        payment
    }

    fn whole(&self, id: DeploymentId, meter: &Meter, names: &Providers) -> EscrowAccount {
        let Terms { ref denom, grace, .. } = *self.terms;
        let mut account = EscrowAccount::new(id, denom.clone(), grace, meter.settled_at());
        match &self.deposits {
            Some(deposits) => {
                account.deposits.clone_from(&deposits.0);
                let spent = account.balance().checked_sub(meter.balance()).unwrap_or_default();
                // What was spent was there, or the meter had refused it.
                let _ = account.spend(denom, spent);
            }
            None if meter.balance().is_zero() => {}
            None => account.deposits.push(own(id, denom, meter.balance())),
        }
        account.payments.insert(self.lease(id, names), self.payment(meter));
        account
    }

    /// The lean form of an account with its meter, or `None` when it has to stay whole.
    fn of(account: &EscrowAccount, shared: &mut Shared) -> Option<(Self, Meter)> {
        let (lease, payment) = account.payments.iter().next()?;
        let is_lean = account.payments.len() == 1
            && account.state == AccountState::Open
            && lease.deployment() == account.id
            && payment.rate.denom == account.denom
            && (payment.in_kind, payment.in_kind_uakt) == (Amount::ZERO, Amount::ZERO)
            && account.deposits.iter().all(|deposit| !deposit.coin.amount.is_zero());
        if !is_lean {
            return None;
        }
        let withdrawn = u64::try_from(payment.withdrawn.to_micro()).ok()?;
        let (rate, starts_at) = (payment.rate.value, payment.starts_at);
        let meter = Meter::settled(rate, starts_at, account.settled_at, account.balance())?;
        if meter.earned() != payment.earned {
            return None;
        }
        let is_own = match account.deposits.as_slice() {
            [] => true,
            [one] => *one == own(account.id, &account.denom, account.balance()),
            _ => false,
        };
        let (order, denom) = (lease.order(), account.denom.clone());
        let terms = Terms { take_rate_bps: payment.take_rate_bps, denom, grace: account.grace };
        let lean = Self {
            gseq: order.group.gseq,
            oseq: order.oseq,
            provider: shared.providers.add(lease.provider()),
            is_own,
            withdrawn,
            terms: shared.terms.share(&terms),
            deposits: (!is_own).then(|| Box::new(Deposits(account.deposits.clone()))),
        };
        Some((lean, meter))
    }

    /// Makes an event true that changes few numbers. `false`, and nothing changed, for all others:
    /// those that change more, and those that [`EscrowAccount::apply`] has to judge.
    fn apply(
        &mut self,
        id: DeploymentId,
        meter: &mut Meter,
        event: &LedgerEvent,
        names: &Providers,
    ) -> bool {
        match event {
            LedgerEvent::Settled(done) => self.apply_settlement(id, meter, done, names),
            LedgerEvent::Withdrawn { lease, coin, fee } => {
                let paid = Payout { paid: coin.amount, fee: *fee };
                let earned = u64::try_from(meter.earned().to_micro()).ok();
                let is_so =
                    *lease == self.lease(id, names) && self.payment(meter).payout() == Ok(paid);
                let withdrawn = earned.filter(|_| is_so);
                self.withdrawn = withdrawn.unwrap_or(self.withdrawn);
                withdrawn.is_some()
            }
            LedgerEvent::Deposited { deposit, .. } => {
                let amount = deposit.coin.amount;
                self.is_own
                    && !amount.is_zero()
                    && *deposit == own(id, &self.terms.denom, amount)
                    && meter.add(amount).is_some()
            }
            _ => false,
        }
    }

    fn apply_settlement(
        &self,
        id: DeploymentId,
        meter: &mut Meter,
        done: &Settlement,
        names: &Providers,
    ) -> bool {
        let Some(owed) = meter.owed_at(done.to) else { return false };
        let is_so = match done.shares.as_slice() {
            [] => owed.is_zero(),
            [share] => {
                !owed.is_zero() && (share.amount, share.lease) == (owed, self.lease(id, names))
            }
            _ => false,
        };
        is_so && done.to >= meter.settled_at() && meter.settle(done.to).is_some()
    }
}

/// A deposit of the tenant's own money.
fn own(account: DeploymentId, denom: &Denom, amount: Amount) -> Deposit {
    let coin = undercut_primitives::Coin::new(denom.clone(), amount);
    Deposit { depositor: account.tenant.0, drawn_by: None, coin }
}

impl Accounts {
    /// The handle of a deployment's account.
    pub(super) fn handle_of(&self, id: &DeploymentId) -> Option<u32> {
        self.bodies.find(&(*id).into())
    }

    /// An account as it is now.
    pub(super) fn get(&self, handle: u32) -> Option<Cow<'_, EscrowAccount>> {
        let ((id, body), meter) = (self.body(handle)?, self.meters.get(handle)?);
        Some(match body {
            Body::Whole(account) => Cow::Borrowed(account),
            Body::Lean(lean) => Cow::Owned(lean.whole(id, meter, &self.shared.providers)),
            Body::Closed(terms) => {
                let (denom, at) = (terms.denom.clone(), meter.settled_at());
                let mut account = EscrowAccount::new(id, denom, terms.grace, at);
                account.state = AccountState::Closed;
                Cow::Owned(account)
            }
        })
    }

    /// Where an account stands.
    pub(super) fn state(&self, handle: u32) -> Option<AccountState> {
        Some(match self.body(handle)?.1 {
            Body::Lean(_) => AccountState::Open,
            Body::Whole(account) => account.state,
            Body::Closed(_) => AccountState::Closed,
        })
    }

    /// All handles by deployment. O(n log n).
    pub(super) fn handles(&self) -> impl Iterator<Item = (DeploymentId, u32)> {
        let handles = self.bodies.sorted().into_iter();
        handles.filter_map(|handle| Some((self.body(handle)?.0, handle)))
    }

    /// All accounts by deployment. O(n log n).
    pub(super) fn iter(&self) -> impl Iterator<Item = Cow<'_, EscrowAccount>> {
        self.bodies.sorted().into_iter().filter_map(|handle| self.get(handle))
    }

    /// The block under which an account is filed.
    pub(super) fn ends_at(&self, handle: u32) -> Option<BlockHeight> {
        self.meters.get(handle)?.due()
    }

    /// Accounts filed under `height`, by deployment.
    pub(super) fn due(&self, height: BlockHeight) -> Vec<DeploymentId> {
        let due = self.meters.due(height).into_iter();
        let mut due: Vec<DeploymentId> =
            due.filter_map(|handle| self.body(handle).map(|(id, _)| id)).collect();
        due.sort_unstable();
        due
    }

    /// Turns the wheel.
    pub(super) fn advance(&mut self, height: BlockHeight) {
        self.meters.advance(height);
    }

    /// What settling an account up to `at` and paying these leases takes, in this order. A lease that
    /// is owed nothing, or that is none of the account's, is left out.
    pub(super) fn payouts(
        &self,
        handle: u32,
        leases: &[LeaseId],
        at: BlockHeight,
    ) -> Result<Vec<LedgerEvent>, LedgerRejection> {
        let Some(((id, body), meter)) = self.body(handle).zip(self.meters.get(handle)) else {
            return Ok(Vec::new());
        };
        match body {
            Body::Lean(lean) => {
                let (lease, payment) =
                    (lean.lease(id, &self.shared.providers), lean.payment(meter));
                let from = meter.settled_at();
                let settlement = if at > from {
                    let payments = [(&lease, &payment)].into_iter();
                    Some(account::settlement(id, payments, (from, at))?)
                } else {
                    None
                };
                let of = |id: &LeaseId| (*id == lease).then_some(&payment);
                account::payouts(settlement, (meter.balance(), &lean.terms.denom), leases, of)
            }
            Body::Whole(account) => {
                let of = |id: &LeaseId| account.payments.get(id);
                let settlement = account.settle(at)?;
                account::payouts(settlement, (account.balance(), &account.denom), leases, of)
            }
            Body::Closed(_) => Ok(Vec::new()),
        }
    }

    /// Adds an account; `false` when it is there already, or one too many.
    pub(super) fn insert(&mut self, account: EscrowAccount) -> bool {
        let packed = account.id.into();
        if self.bodies.contains_key(&packed) {
            return false;
        }
        let Some(handle) = self.meters.push(Meter::default()) else { return false };
        let body = self.closed(&account);
        // As many rows as meters, so their numbers are the same.
        self.bodies.insert(packed, body);
        self.keep(handle, Box::new(account));
        true
    }

    /// Makes an event of an account true.
    pub(super) fn apply(&mut self, handle: u32, event: &LedgerEvent) -> Result<(), Misfit> {
        let unknown = Misfit::new("no such account");
        let (id, _) = self.body(handle).ok_or(unknown)?;
        let body = self.bodies.row_mut(handle).ok_or(unknown)?;
        let meter = self.meters.get_mut(handle).ok_or(unknown)?;
        let names = &self.shared.providers;
        if let Body::Lean(lean) = body
            && lean.apply(id, meter, event, names)
        {
            return Ok(());
        }
        let account = match body {
            Body::Whole(account) => {
                account.apply(event)?;
                let nothing = Box::new(EscrowAccount::new(
                    id,
                    Denom::uact(),
                    BlockSpan::default(),
                    BlockHeight::GENESIS,
                ));
                core::mem::replace(account, nothing)
            }
            Body::Lean(_) | Body::Closed(_) => {
                let mut account = Box::new(self.get(handle).ok_or(unknown)?.into_owned());
                account.apply(event)?;
                account
            }
        };
        self.keep(handle, account);
        Ok(())
    }

    /// Computes anew when an account's money ends, and files it there.
    pub(super) fn predict(&mut self, handle: u32) {
        match self.body(handle).map(|(_, body)| body) {
            Some(Body::Whole(account)) => {
                let ends_at = account.ends_at();
                self.meters.file(handle, ends_at);
            }
            _ => self.meters.predict(handle),
        }
    }

    /// Keeps an account in the smallest form that it fits.
    fn keep(&mut self, handle: u32, account: Box<EscrowAccount>) {
        let is_over = account.state == AccountState::Closed
            && account.payments.is_empty()
            && account.deposits.is_empty();
        let (body, meter) = if is_over {
            (self.closed(&account), Meter::still(account.settled_at))
        } else if let Some((lean, meter)) = Lean::of(&account, &mut self.shared) {
            (Body::Lean(lean), meter)
        } else {
            let meter = Meter::still(account.settled_at);
            (Body::Whole(account), meter)
        };
        self.meters.set(handle, meter);
        if let Some(kept) = self.bodies.row_mut(handle) {
            *kept = body;
        }
    }

    fn closed(&mut self, account: &EscrowAccount) -> Body {
        let (denom, grace) = (account.denom.clone(), account.grace);
        Body::Closed(self.shared.terms.share(&Terms { take_rate_bps: 0, denom, grace }))
    }

    fn body(&self, handle: u32) -> Option<(DeploymentId, &Body)> {
        self.bodies.row(handle).map(|(id, body)| ((*id).into(), body))
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "a test that overflows fails")]
mod tests;
