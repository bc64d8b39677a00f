//! [`Meters`]: what a block or a touch needs to know of an account, 64 bytes each, by handle.
//!
//! Most accounts stream to one lease, in one denom, amounts that fit 64 bits. Of those a [`Meter`]
//! is all that settling takes: rate, start, what is left, and up to which block it is settled. The last
//! 16 bytes file the account in the wheel, under the block at which its money ends. So settling an
//! account and filing it anew reads and writes one line of memory of its own.
//!
//! What is left is kept in parts of a micro-unit, to the very part. With p parts in a micro-unit, balance
//! b, and f for the fraction that rounding has kept from the lease so far, `left` is
//! `(b + 1) × p − 1 − f`. Then a block takes exactly the rate, a settlement is one product, the balance is
//! `left ÷ p` rounded down, and the blocks that are still paid are `left ÷ rate` rounded down: the account
//! pays as long as `floor(rate × blocks)` is at most what was paid in, which is when `rate × blocks` is
//! below one more. What the lease has earned is not kept: it is `floor(rate × (settled_at − starts_at))`
//! at any time.
//!
//! | parts | for | numbers |
//! | --- | --- | --- |
//! | millionths | rates with up to six digits after the point, and less than 18 million whole tokens | 64 bits |
//! | atoms of 10^-18 | all other rates below 1.2 million micro-units per block | 128 bits |
//!
//! Everything here is exact, or refuses: a number that does not fit is left to
//! [`EscrowAccount`](crate::EscrowAccount), which knows no such limits.

use alloc::vec::Vec;

use undercut_primitives::{Amount, BlockHeight, Decimal};

use super::wheel::{Link, Linked, ROWS_MAX, Wheel};
use crate::account::ONE;

/// The hot part of one account.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
pub struct Meter {
    /// What is left, in parts of a micro-unit: below 2^64 millionths or 2^124 atoms.
    left: u128,
    /// Parts per block: below 2^80 atoms, so that no span of blocks makes more than 2^128 of them.
    rate: u128,
    /// The block after which the first paid block comes; with [`NARROW`], parts are millionths.
    start: u64,
    settled_at: u64,
    link: Link,
}

/// Set in [`Meter::start`] when parts are millionths. No block comes near.
const NARROW: u64 = 1 << 63;
/// Millionths in a micro-unit.
const MILLION: u64 = 1_000_000;
/// Atoms in a millionth.
const ATOMS: u128 = 1_000_000_000_000;
/// What is left is below this many atoms: 2^64 micro-units.
const LEFT_END: u128 = ONE << 64;

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
        Self::settled(rate, starts_at, starts_at, balance)
    }

    /// The stream of an account that is settled up to `settled_at`.
    pub(super) fn settled(
        rate: Decimal,
        starts_at: BlockHeight,
        settled_at: BlockHeight,
        balance: Amount,
    ) -> Option<Self> {
        let balance = u64::try_from(balance.to_micro()).ok()?;
        if starts_at.max(settled_at) > BlockHeight::MAX {
            return None;
        }
        let (rate, start, settled_at) = (rate.to_atoms(), starts_at.to_u64(), settled_at.to_u64());
        // So does every product of the rate and a span from here on: below 1.2 million micro-units.
        rate.checked_mul(BlockHeight::MAX.to_u64().into())?;
        let served = rate.checked_mul(settled_at.saturating_sub(start).into())?;
        let most = u128::from(balance).checked_add(1)?.checked_mul(ONE)?.checked_sub(1)?;
        let left = most.checked_sub(served.checked_rem(ONE)?)?;
        let wide = Self { left, rate, start, settled_at, link: Link::default() };
        Some(wide.narrowed().unwrap_or(wide))
    }

    /// The same in millionths, if it can be told in them.
    fn narrowed(self) -> Option<Self> {
        let (left, rate) = (self.left / ATOMS, self.rate / ATOMS);
        let is_whole = rate.checked_mul(ATOMS) == Some(self.rate);
        let start = self.start | NARROW;
        (is_whole && u64::try_from(left).is_ok()).then_some(Self { left, rate, start, ..self })
    }

    /// What is left and the rate, when both are in millionths.
    #[inline]
    fn narrow(&self) -> Option<(u64, u64)> {
        if self.start < NARROW {
            return None;
        }
        Some((u64::try_from(self.left).ok()?, u64::try_from(self.rate).ok()?))
    }

    /// Parts in a micro-unit.
    fn parts(&self) -> u128 {
        if self.start < NARROW { ONE } else { MILLION.into() }
    }

    /// An account that streams nothing.
    pub(super) fn still(settled_at: BlockHeight) -> Self {
        Self { settled_at: settled_at.to_u64(), ..Self::default() }
    }

    /// Micro-units per block.
    pub(super) fn rate(&self) -> Decimal {
        let atoms = if self.start < NARROW { 1 } else { ATOMS };
        // It came out of a decimal.
        Decimal::from_atoms(self.rate.saturating_mul(atoms))
    }

    /// The block after which the first paid block comes.
    pub(super) const fn starts_at(&self) -> BlockHeight {
        BlockHeight::new(self.start & !NARROW)
    }

    /// Up to which block it is settled.
    #[must_use]
    pub const fn settled_at(&self) -> BlockHeight {
        BlockHeight::new(self.settled_at)
    }

    /// What is left, in the account's own denom.
    #[must_use]
    pub fn balance(&self) -> Amount {
        self.whole_of(self.left)
    }

    /// Whole micro-units of so many parts.
    fn whole_of(&self, parts: u128) -> Amount {
        match u64::try_from(parts) {
            Ok(millionths) if self.start >= NARROW => {
                Amount::from_micro((millionths / MILLION).into())
            }
            _ => Amount::from_micro(parts.checked_div(self.parts()).unwrap_or_default()),
        }
    }

    /// All that was earned up to the last settlement.
    #[must_use]
    pub fn earned(&self) -> Amount {
        let blocks = self.settled_at.saturating_sub(self.starts_at().to_u64());
        // The rate is so small that the product fits.
        self.whole_of(self.rate.saturating_mul(blocks.into()))
    }

    /// The block at whose end the money ends, as filed.
    #[must_use]
    pub fn due(&self) -> Option<BlockHeight> {
        self.link.due().map(BlockHeight::new)
    }

    /// Where what is not settled begins.
    fn unsettled_from(&self) -> u64 {
        self.settled_at.max(self.start & !NARROW)
    }

    /// What would be left after a settlement up to `to`; `None` when that is more than there is.
    fn left_at(&self, to: BlockHeight) -> Option<u128> {
        let blocks = to.to_u64().saturating_sub(self.unsettled_from());
        match self.narrow() {
            Some((left, rate)) => left.checked_sub(rate.checked_mul(blocks)?).map(u128::from),
            None => self.left.checked_sub(self.rate.checked_mul(blocks.into())?),
        }
    }

    /// What a settlement up to `to` moves; `None` when it is more than there is, or beyond the last
    /// block.
    pub(super) fn owed_at(&self, to: BlockHeight) -> Option<Amount> {
        let after = self.whole_of(self.left_at(to)?);
        self.balance().checked_sub(after).filter(|_| to <= BlockHeight::MAX)
    }

    /// Moves what is owed up to `to` from the account to the lease; `None` when that is more than there
    /// is.
    pub(super) fn settle(&mut self, to: BlockHeight) -> Option<()> {
        self.left = self.left_at(to)?;
        self.settled_at = self.settled_at.max(to.to_u64());
        Some(())
    }

    /// Adds to what is left.
    pub(super) fn add(&mut self, amount: Amount) -> Option<()> {
        let micro = u64::try_from(amount.to_micro()).ok()?;
        self.left = if let Some((left, _)) = self.narrow() {
            left.checked_add(micro.checked_mul(MILLION)?)?.into()
        } else {
            let left = self.left.checked_add(u128::from(micro).checked_mul(ONE)?)?;
            Some(left).filter(|left| *left < LEFT_END)?
        };
        Some(())
    }

    /// The last block that is paid in full; `None` when nothing streams, or when that is beyond
    /// [`BlockHeight::MAX`].
    fn ends_at(&self) -> Option<u64> {
        let blocks = match self.narrow() {
            Some((left, rate)) => left.checked_div(rate)?,
            None => quotient(self.left, self.rate)?,
        };
        let ends_at = self.unsettled_from().checked_add(blocks)?;
        Some(ends_at).filter(|height| *height < BlockHeight::MAX.to_u64())
    }
}

/// `left ÷ rate`, rounded down; `None` for a rate of zero, or at 2^64 and above.
///
/// By the first 64 bits of `left` and as many of `rate`, rounded up, the quotient comes out right or one
/// too small, unless it is beyond some 2^31. That takes a third of a division of 128 bits.
fn quotient(left: u128, rate: u128) -> Option<u64> {
    let cut = u64::BITS.saturating_sub(left.leading_zeros());
    let first = |number: u128| u64::try_from(number.checked_shr(cut)?).ok();
    if let Some((high, divisor)) = first(left).zip(first(rate))
        && let Some(near) = divisor.checked_add(1).and_then(|divisor| high.checked_div(divisor))
    {
        // Not above `left`, because `near` is not above the quotient.
        let rest = left.saturating_sub(rate.saturating_mul(near.into()));
        if rest < rate {
            return Some(near);
        }
        if rest.saturating_sub(rate) < rate {
            return near.checked_add(1);
        }
    }
    u64::try_from(left.checked_div(rate)?).ok()
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
    /// Adds a meter, filed nowhere, and gives its handle; `None` when there are 2^28 of them.
    pub fn push(&mut self, meter: Meter) -> Option<u32> {
        let handle = u32::try_from(self.rows.len()).ok().filter(|handle| *handle < ROWS_MAX)?;
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

    /// Settles an account up to `to`; `None` when that takes more than is left, or there is no such
    /// account. O(1).
    pub fn settle(&mut self, handle: u32, to: BlockHeight) -> Option<()> {
        self.get_mut(handle)?.settle(to)
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
#[allow(clippy::arithmetic_side_effects, reason = "a test that overflows fails")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn a_quotient_by_its_first_bits_is_the_quotient(
            rate in prop_oneof![0_u128..1 << 124, 0_u128..1 << 72, 0_u128..20],
            blocks in prop_oneof![0_u64..1 << 49, 0_u64..1 << 20, any::<u64>()],
            near in -2_i128..3,
            left in any::<u128>(),
        ) {
            let beside = rate.saturating_mul(blocks.into()).saturating_add_signed(near);
            for left in [beside, left, left >> 4, left >> 60] {
                let exact = left.checked_div(rate).and_then(|blocks| u64::try_from(blocks).ok());
                prop_assert_eq!(quotient(left, rate), exact, "{} / {}", left, rate);
            }
        }
    }

    #[test]
    fn a_meter_is_one_line_of_memory() {
        assert_eq!(core::mem::size_of::<Meter>(), 64);
    }
}
