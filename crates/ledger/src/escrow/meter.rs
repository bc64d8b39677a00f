//! [`Meters`]: what a block or a touch needs to know of an account, 64 bytes each, by handle.
//!
//! Most accounts stream to one lease, in one denom, amounts that fit 64 bits. Of those a [`Meter`]
//! is all that settling takes: rate, start, balance, and up to which block it is settled. What the
//! lease has earned is not kept: it is `floor(rate × (settled_at − starts_at))` at any time. The
//! last 16 bytes file the account in the wheel, under the block at which its money ends. So settling
//! an account and filing it anew reads and writes one line of memory of its own.
//!
//! Everything here is exact, or refuses: a number that does not fit is left to
//! [`EscrowAccount`](crate::EscrowAccount), which knows no such limits.

use alloc::vec::Vec;

use undercut_primitives::{Amount, BlockHeight, Decimal};

use super::wheel::{Link, Linked, Wheel};
use crate::account::ONE;

/// The hot part of one account.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
pub struct Meter {
    /// The rate's whole micro-units.
    whole: u64,
    /// The rate's fraction, in atoms of 10^-18; below [`ONE`].
    fraction: u64,
    starts_at: u64,
    settled_at: u64,
    /// What is left in the account's own denom.
    balance: u64,
    /// What the lease was paid out.
    withdrawn: u64,
    link: Link,
}

impl Linked for Meter {
    fn link(&self) -> &Link {
        &self.link
    }

    fn link_mut(&mut self) -> &mut Link {
        &mut self.link
    }
}

impl Meter {
    /// A stream that starts at block `starts_at`, paid out of `balance`; `None` when a number does
    /// not fit.
    #[must_use]
    pub fn new(rate: Decimal, starts_at: BlockHeight, balance: Amount) -> Option<Self> {
        let whole = u64::try_from(rate.truncate()).ok()?;
        let fraction = u64::try_from(rate.to_atoms().checked_rem(ONE)?).ok()?;
        let balance = u64::try_from(balance.to_micro()).ok()?;
        let starts_at = Some(starts_at).filter(|at| *at <= BlockHeight::MAX)?.to_u64();
        let (settled_at, withdrawn, link) = (starts_at, 0, Link::default());
        Some(Self { whole, fraction, starts_at, settled_at, balance, withdrawn, link })
    }

    /// The stream of an account that was settled before, and paid out so much.
    pub(super) fn settled(self, at: BlockHeight, withdrawn: Amount) -> Option<Self> {
        let settled_at = Some(at).filter(|at| *at <= BlockHeight::MAX)?.to_u64();
        let withdrawn = u64::try_from(withdrawn.to_micro()).ok()?;
        Some(Self { settled_at, withdrawn, ..self })
    }

    /// An account that streams nothing.
    pub(super) fn still(settled_at: BlockHeight) -> Self {
        Self { settled_at: settled_at.to_u64(), ..Self::default() }
    }

    /// Micro-units per block.
    pub(super) fn rate(&self) -> Decimal {
        // Both came out of one decimal.
        let whole = u128::from(self.whole).saturating_mul(ONE);
        Decimal::from_atoms(whole.saturating_add(u128::from(self.fraction)))
    }

    /// The block after which the first paid block comes.
    pub(super) const fn starts_at(&self) -> BlockHeight {
        BlockHeight::new(self.starts_at)
    }

    /// Up to which block it is settled.
    #[must_use]
    pub const fn settled_at(&self) -> BlockHeight {
        BlockHeight::new(self.settled_at)
    }

    /// What is left, in the account's own denom.
    #[must_use]
    pub fn balance(&self) -> Amount {
        Amount::from_micro(self.balance.into())
    }

    /// All that was earned up to the last settlement.
    #[must_use]
    pub fn earned(&self) -> Amount {
        Amount::from_micro(self.earned_at(self.settled_at))
    }

    /// What of it was paid out.
    pub(super) fn withdrawn(&self) -> Amount {
        Amount::from_micro(self.withdrawn.into())
    }

    /// The block at whose end the money ends, as filed.
    #[must_use]
    pub fn due(&self) -> Option<BlockHeight> {
        self.link.due().map(BlockHeight::new)
    }

    /// `floor(rate × blocks since the start)`. Below 2^113: both factors of the whole part and the
    /// fraction are below 2^64 and 2^49.
    fn earned_at(&self, height: u64) -> u128 {
        let blocks = u128::from(height.saturating_sub(self.starts_at));
        let whole = u128::from(self.whole).saturating_mul(blocks);
        if self.fraction == 0 {
            return whole;
        }
        let fraction = u128::from(self.fraction).saturating_mul(blocks);
        whole.saturating_add(fraction.checked_div(ONE).unwrap_or_default())
    }

    /// What a settlement up to `to` moves; `None` when it is more than there is, or too much for the
    /// type.
    pub(super) fn owed_at(&self, to: BlockHeight) -> Option<u64> {
        let earned = Some(to).filter(|to| *to <= BlockHeight::MAX).map(|to| to.to_u64())?;
        let earned = u64::try_from(self.earned_at(earned)).ok()?;
        let owed = u128::from(earned).saturating_sub(self.earned_at(self.settled_at));
        u64::try_from(owed).ok().filter(|owed| *owed <= self.balance)
    }

    /// Moves what is owed up to `to` from the account to the lease.
    pub(super) fn settle(&mut self, to: BlockHeight) -> Option<u64> {
        let owed = self.owed_at(to)?;
        self.balance = self.balance.checked_sub(owed)?;
        self.settled_at = to.to_u64();
        Some(owed)
    }

    /// Adds to what is left.
    pub(super) fn add(&mut self, amount: Amount) -> Option<()> {
        self.balance = self.balance.checked_add(u64::try_from(amount.to_micro()).ok()?)?;
        Some(())
    }

    /// Pays out all that was earned.
    pub(super) fn pay_off(&mut self) -> Option<()> {
        self.withdrawn = u64::try_from(self.earned_at(self.settled_at)).ok()?;
        Some(())
    }

    /// The greatest `h` with `floor(rate × (h − starts_at)) ≤ balance + earned`, by one division;
    /// `None` when nothing streams, or when that is beyond [`BlockHeight::MAX`].
    fn ends_at(&self) -> Option<u64> {
        // Both are below 2^64 in a meter that was settled, and the first is for ever.
        let budget = u128::from(self.balance).saturating_add(self.earned_at(self.settled_at));
        let blocks = if self.fraction == 0 {
            match u64::try_from(budget) {
                Ok(budget) => u128::from(budget.checked_div(self.whole)?),
                Err(_) => budget.checked_div(self.whole.into())?,
            }
        } else {
            let atoms = budget.checked_add(1)?.checked_mul(ONE)?.checked_sub(1)?;
            atoms.checked_div(self.rate().to_atoms())?
        };
        let left = BlockHeight::MAX.to_u64().checked_sub(self.starts_at)?;
        let blocks = u64::try_from(blocks).ok().filter(|blocks| *blocks < left)?;
        self.starts_at.checked_add(blocks)
    }
}

/// The meters of all accounts, and the wheel that they are filed in.
///
/// A handle is a place in the order of coming. An account keeps its handle for ever.
#[derive(Clone, Debug, Default)]
pub struct Meters {
    rows: Vec<Meter>,
    wheel: Wheel,
}

impl Meters {
    /// Adds a meter, filed nowhere, and gives its handle; `None` when there are 2^31 of them.
    pub fn push(&mut self, meter: Meter) -> Option<u32> {
        let handle = u32::try_from(self.rows.len()).ok().filter(|handle| handle >> 31 == 0)?;
        self.rows.push(Meter { link: Link::default(), ..meter });
        Some(handle)
    }

    /// The meter of an account.
    #[must_use]
    pub fn get(&self, handle: u32) -> Option<&Meter> {
        self.rows.get(usize::try_from(handle).ok()?)
    }

    pub(super) fn get_mut(&mut self, handle: u32) -> Option<&mut Meter> {
        self.rows.get_mut(usize::try_from(handle).ok()?)
    }

    /// Puts another meter in the place of one, which stays filed as it is.
    pub(super) fn set(&mut self, handle: u32, meter: Meter) {
        if let Some(row) = self.get_mut(handle) {
            *row = Meter { link: row.link, ..meter };
        }
    }

    /// Settles an account up to `to`, and gives what the lease earned by it, in micro-units; `None`
    /// when that is more than is left, or there is no such account. O(1).
    pub fn settle(&mut self, handle: u32, to: BlockHeight) -> Option<Amount> {
        self.get_mut(handle)?.settle(to).map(|owed| Amount::from_micro(owed.into()))
    }

    /// Adds money to an account and files it anew. O(1).
    pub fn top_up(&mut self, handle: u32, amount: Amount) -> Option<()> {
        self.get_mut(handle)?.add(amount)?;
        self.predict(handle);
        Some(())
    }

    /// Stops a stream for good, and gives what is left. O(1).
    pub fn close(&mut self, handle: u32) -> Option<Amount> {
        let meter = self.get_mut(handle)?;
        let left = meter.balance();
        let still = Meter::still(meter.settled_at());
        self.set(handle, still);
        self.file(handle, None);
        Some(left)
    }

    /// Files an account under the block at which its money ends. O(1).
    pub fn predict(&mut self, handle: u32) {
        let ends_at = self.get(handle).and_then(Meter::ends_at);
        self.file(handle, ends_at.map(BlockHeight::new));
    }

    /// Files an account under a block, or nowhere. O(1).
    pub(super) fn file(&mut self, handle: u32, due: Option<BlockHeight>) {
        if self.get(handle).is_some_and(|meter| meter.due() != due) {
            self.wheel.file(&mut self.rows, handle, due.map(BlockHeight::to_u64));
        }
    }

    /// The accounts filed under `height`, in no particular order. O(accounts found) at the height
    /// that was advanced to, and exact at any other.
    #[must_use]
    pub fn due(&self, height: BlockHeight) -> Vec<u32> {
        self.wheel.due(&self.rows, height.to_u64())
    }

    /// Turns the wheel to `height`, so that asking for what is due there is quick. It never turns
    /// back.
    pub fn advance(&mut self, height: BlockHeight) {
        self.wheel.advance(&mut self.rows, height.to_u64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meter_is_one_line_of_memory() {
        assert_eq!(core::mem::size_of::<Meter>(), 64);
    }
}
