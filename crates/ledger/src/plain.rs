//! The plain twin of the escrow: every account settled in every block, nothing predicted.
//!
//! Obviously right and linear. It shares no arithmetic with [`crate::Escrow`]: it counts the blocks
//! that each lease was served, works on bare integers, and finds the end of the money by trying the
//! next block. Tests and the simulation's auditor run it beside the lazy escrow and compare every
//! micro-unit.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use undercut_primitives::{Address, BlockHeight, Decimal, Denom, DeploymentId, LeaseId};

use crate::{AccountState, Deposit, EscrowAccount, InKind};

const ONE: u128 = 1_000_000_000_000_000_000;

/// One stream, in micro-units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Per block, in 10^-18 micro-units.
    pub rate_atoms: u128,
    /// How many blocks were served and paid for.
    pub blocks: u128,
    /// All that it has earned.
    pub earned: u128,
    /// Whether it still earns.
    pub is_open: bool,
}

/// What is left of a deposit: whose, drawn by whom, in which denom, how much.
pub type Left = (Address, Option<Address>, Denom, u128);

/// One account: what is left of the deposits, and the streams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The denom of the streams.
    pub denom: Denom,
    /// What is left of each deposit, oldest first.
    pub deposits: Vec<Left>,
    /// The streams by lease.
    pub streams: BTreeMap<LeaseId, Stream>,
    /// Up to which block it was paid in advance.
    pub paid_to: u64,
    /// Whether nothing is served.
    pub is_paused: bool,
}

/// All accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// The open accounts by deployment.
    pub accounts: BTreeMap<DeploymentId, Account>,
}

impl Stream {
    /// `floor(rate × blocks)`, from the whole and the fractional part of the rate apart.
    fn earned_after(&self, blocks: u128) -> Option<u128> {
        let whole = self.rate_atoms.checked_div(ONE)?.checked_mul(blocks)?;
        let fraction = self.rate_atoms.checked_rem(ONE)?.checked_mul(blocks)?;
        whole.checked_add(fraction.checked_div(ONE)?)
    }

    /// Serves one block more; `None` when a number does not fit.
    pub fn serve_block(&mut self) -> Option<()> {
        self.blocks = self.blocks.checked_add(1)?;
        self.earned = self.earned_after(self.blocks)?;
        Some(())
    }
}

impl Account {
    /// What the deposits of `denom` still hold.
    #[must_use]
    pub fn balance(&self, denom: &Denom) -> u128 {
        let of_denom = self.deposits.iter().filter(|(_, _, other, _)| other == denom);
        of_denom.fold(0, |sum, (_, _, _, amount)| sum.saturating_add(*amount))
    }

    /// What the next block costs; `None` when it is no number.
    #[must_use]
    pub fn next_block(&self) -> Option<u128> {
        let open = self.streams.values().filter(|stream| stream.is_open);
        let cost = |stream: &Stream| {
            stream.earned_after(stream.blocks.checked_add(1)?)?.checked_sub(stream.earned)
        };
        open.map(cost).try_fold(0_u128, |sum, owed| sum.checked_add(owed?))
    }

    fn take(&mut self, denom: &Denom, mut owed: u128) -> Option<()> {
        for (_, _, _, amount) in self.deposits.iter_mut().filter(|(_, _, other, _)| other == denom)
        {
            let taken = owed.min(*amount);
            *amount = amount.checked_sub(taken)?;
            owed = owed.checked_sub(taken)?;
        }
        self.deposits.retain(|(_, _, _, amount)| *amount > 0);
        (owed == 0).then_some(())
    }

    /// Whether a stream runs, and the block after `height` is not paid and cannot be.
    #[must_use]
    pub fn cannot_pay_after(&self, height: BlockHeight) -> bool {
        let is_served = self.is_paused || self.paid_to > height.to_u64();
        let runs = self.streams.values().any(|stream| stream.is_open);
        let balance = self.balance(&self.denom);
        let pays = self.next_block().is_some_and(|owed| owed <= balance);
        runs && !is_served && !pays
    }

    fn serve_block(&mut self) -> Option<()> {
        let owed = self.next_block()?;
        for stream in self.streams.values_mut().filter(|stream| stream.is_open) {
            stream.serve_block()?;
        }
        let denom = self.denom.clone();
        self.take(&denom, owed)
    }
}

impl Ledger {
    /// Starts an account.
    pub fn open(&mut self, account: DeploymentId, denom: Denom) {
        let (deposits, streams) = (Vec::new(), BTreeMap::new());
        let opened = Account { denom, deposits, streams, paid_to: 0, is_paused: false };
        self.accounts.insert(account, opened);
    }

    /// Adds money to an account; what follows a deposit of its denom by one depositor and drawer
    /// joins it.
    pub fn deposit(&mut self, account: DeploymentId, deposit: &Deposit) {
        let Some(account) = self.accounts.get_mut(&account) else { return };
        let Deposit { depositor, drawn_by, coin } = deposit.clone();
        let (denom, more) = (coin.denom, coin.amount.to_micro());
        let is_like =
            |(who, by, other, _): &Left| (*who, *by, other) == (depositor, drawn_by, &denom);
        // In an account with as many entries as strangers may make, it joins any that is like it.
        let is_full = account.deposits.len() >= crate::account::DEPOSITS_MAX;
        let counts = |one: &Left| if is_full { is_like(one) } else { one.2 == denom };
        let last = account.deposits.iter_mut().rev().find(|one| counts(one));
        match last.filter(|one| is_like(one)) {
            Some((_, _, _, sum)) => *sum = sum.saturating_add(more),
            None => account.deposits.push((depositor, drawn_by, denom, more)),
        }
    }

    /// Starts a stream; its first block is the next one.
    pub fn start(&mut self, lease: LeaseId, rate: Decimal) {
        let stream = Stream { rate_atoms: rate.to_atoms(), blocks: 0, earned: 0, is_open: true };
        if let Some(account) = self.accounts.get_mut(&lease.deployment()) {
            account.streams.insert(lease, stream);
        }
    }

    /// Stops a stream; it keeps what it has earned.
    pub fn stop(&mut self, lease: &LeaseId) {
        let account = self.accounts.get_mut(&lease.deployment());
        if let Some(stream) = account.and_then(|account| account.streams.get_mut(lease)) {
            stream.is_open = false;
        }
    }

    /// Stops or restarts serving everything of an account.
    pub fn set_paused(&mut self, account: &DeploymentId, is_paused: bool) {
        if let Some(account) = self.accounts.get_mut(account) {
            account.is_paused = is_paused;
        }
    }

    /// Serves the next block of an account in advance, partly for uakt.
    ///
    /// Returns whether it was as it should be: all that is owed for the block and no more, each
    /// lease's lack worth no more than its uakt and no less than one uakt less, and the money there.
    pub fn pay_in_kind(&mut self, paid: &InKind) -> bool {
        let price = paid.price.usd_per_akt.to_atoms();
        let Some(account) = self.accounts.get_mut(&paid.account) else { return false };
        let mut serve = || {
            let uakt = Denom::uakt();
            let denom = account.denom.clone();
            for share in &paid.shares {
                let stream = account.streams.get_mut(&share.lease)?;
                let before = stream.earned;
                stream.serve_block()?;
                let (own, value) = (share.own.to_micro(), share.value.to_micro());
                let given = share.paid.to_micro().checked_add(share.fee.to_micro())?;
                // `given` uakt are worth at least `value`, and one less would not be.
                let wanted = value.checked_mul(ONE)?;
                let is_enough = given.checked_mul(price)? >= wanted;
                let is_least = given == 0 || given.checked_sub(1)?.checked_mul(price)? < wanted;
                let is_owed = own.checked_add(value)? == stream.earned.checked_sub(before)?;
                (is_enough && is_least && is_owed).then_some(())?;
                account.take(&denom, own)?;
                account.take(&uakt, given)?;
            }
            account.paid_to = paid.to.to_u64();
            Some(())
        };
        serve().is_some()
    }

    /// Serves and settles every account for the block at `height`.
    ///
    /// Returns the accounts that could not pay it: in a market without debt, none.
    pub fn settle_block(&mut self, height: BlockHeight) -> Vec<DeploymentId> {
        let unpaid = |(id, account): (&DeploymentId, &mut Account)| {
            let is_served = account.is_paused || account.paid_to >= height.to_u64();
            (!is_served && account.serve_block().is_none()).then_some(*id)
        };
        self.accounts.iter_mut().filter_map(unpaid).collect()
    }

    /// Accounts with a running stream that cannot pay the block after `height`.
    #[must_use]
    pub fn cannot_pay_after(&self, height: BlockHeight) -> Vec<DeploymentId> {
        let ends = |(id, account): (&DeploymentId, &Account)| {
            account.cannot_pay_after(height).then_some(*id)
        };
        self.accounts.iter().filter_map(ends).collect()
    }
}

/// The twin of [`EscrowAccount::ends_at`]: the last block that an open account can pay, found by
/// halving. O(payments × 48).
#[must_use]
pub fn depletes_at(account: &EscrowAccount) -> Option<BlockHeight> {
    if account.payments.is_empty() || account.state != AccountState::Open {
        return None;
    }
    let balance = account.balance();
    // Invariant: pays(low), and not pays(high). What is owed never falls with the height.
    let mut low = account.settled_at.to_u64();
    let mut high = BlockHeight::MAX.to_u64();
    if account.pays(high, balance) {
        return None;
    }
    while low.checked_add(1)? < high {
        let middle = low.midpoint(high);
        if account.pays(middle, balance) {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(BlockHeight::new(low))
}
