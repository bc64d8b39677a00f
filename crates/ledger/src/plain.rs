//! The plain twin of the escrow: every account settled in every block, nothing predicted.
//!
//! Obviously right and linear. It shares no arithmetic with [`crate::Escrow`]: it works on bare
//! integers and finds the end of the money by trying the next block. Tests and the simulation's
//! auditor run it beside the lazy escrow and compare every micro-unit.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use undercut_primitives::{Address, BlockHeight, Decimal, DeploymentId, LeaseId};

const ONE: u128 = 1_000_000_000_000_000_000;

/// One stream, in micro-units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Per block, in 10^-18 micro-units.
    pub rate_atoms: u128,
    /// The block after which the first paid block comes.
    pub starts_at: u64,
    /// All that it has earned.
    pub earned: u128,
    /// Whether it still earns.
    pub is_open: bool,
}

/// One account: what is left of the deposits, and the streams.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// What is left of each deposit, oldest first.
    pub deposits: Vec<(Address, u128)>,
    /// The streams by lease.
    pub streams: BTreeMap<LeaseId, Stream>,
}

/// All accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// The open accounts by deployment.
    pub accounts: BTreeMap<DeploymentId, Account>,
}

impl Stream {
    /// `floor(rate × blocks)`, from the whole and the fractional part of the rate apart.
    fn earned_at(&self, height: u64) -> Option<u128> {
        let blocks = u128::from(height.saturating_sub(self.starts_at));
        let whole = self.rate_atoms.checked_div(ONE)?.checked_mul(blocks)?;
        let fraction = self.rate_atoms.checked_rem(ONE)?.checked_mul(blocks)?;
        whole.checked_add(fraction.checked_div(ONE)?)
    }
}

impl Account {
    /// What all deposits still hold.
    #[must_use]
    pub fn balance(&self) -> u128 {
        self.deposits.iter().fold(0, |sum, (_, amount)| sum.saturating_add(*amount))
    }

    fn owed(&self, height: u64) -> Option<u128> {
        let open = self.streams.values().filter(|stream| stream.is_open);
        open.map(|stream| stream.earned_at(height)?.checked_sub(stream.earned))
            .try_fold(0_u128, |sum, owed| sum.checked_add(owed?))
    }

    fn settle(&mut self, height: u64) -> Option<()> {
        let mut owed = self.owed(height)?;
        for stream in self.streams.values_mut().filter(|stream| stream.is_open) {
            stream.earned = stream.earned_at(height)?;
        }
        for (_, amount) in &mut self.deposits {
            let taken = owed.min(*amount);
            *amount = amount.checked_sub(taken)?;
            owed = owed.checked_sub(taken)?;
        }
        self.deposits.retain(|(_, amount)| *amount > 0);
        (owed == 0).then_some(())
    }
}

impl Ledger {
    /// Adds money to an account, which exists from then on; neighbours by one depositor are one.
    pub fn deposit(&mut self, account: DeploymentId, depositor: Address, amount: u128) {
        let deposits = &mut self.accounts.entry(account).or_default().deposits;
        match deposits.last_mut().filter(|(last, _)| *last == depositor) {
            Some((_, sum)) => *sum = sum.saturating_add(amount),
            None => deposits.push((depositor, amount)),
        }
    }

    /// Starts a stream.
    pub fn start(&mut self, lease: LeaseId, rate: Decimal, at: BlockHeight) {
        let stream = Stream {
            rate_atoms: rate.to_atoms(),
            starts_at: at.to_u64(),
            earned: 0,
            is_open: true,
        };
        self.accounts.entry(lease.deployment()).or_default().streams.insert(lease, stream);
    }

    /// Stops a stream; it keeps what it has earned.
    pub fn stop(&mut self, lease: &LeaseId) {
        let account = self.accounts.get_mut(&lease.deployment());
        if let Some(stream) = account.and_then(|account| account.streams.get_mut(lease)) {
            stream.is_open = false;
        }
    }

    /// Settles every account for the block at `height`.
    ///
    /// Returns the accounts that could not pay it: in a market without debt, none.
    pub fn settle_block(&mut self, height: BlockHeight) -> Vec<DeploymentId> {
        let unpaid = |(id, account): (&DeploymentId, &mut Account)| {
            account.settle(height.to_u64()).is_none().then_some(*id)
        };
        self.accounts.iter_mut().filter_map(unpaid).collect()
    }

    /// Accounts with a running stream that cannot pay the block after `height`.
    #[must_use]
    pub fn cannot_pay_after(&self, height: BlockHeight) -> Vec<DeploymentId> {
        let next = height.to_u64().saturating_add(1);
        let ends = |(id, account): (&DeploymentId, &Account)| {
            let runs = account.streams.values().any(|stream| stream.is_open);
            let pays = account.owed(next).is_some_and(|owed| owed <= account.balance());
            (runs && !pays).then_some(*id)
        };
        self.accounts.iter().filter_map(ends).collect()
    }
}
