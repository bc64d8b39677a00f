//! [`Draws`]: deposits that are checked one after the other before any of them is made.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use undercut_primitives::{Address, Amount, BlockHeight, Coin, Contribution, Denom};

use super::{AllowanceId, AllowanceRejection, Allowances, Purpose};
use crate::Deposit;

/// How much was drawn on allowances, per denom.
#[derive(Clone, Debug, Default)]
pub(super) struct Drawn(BTreeMap<(AllowanceId, Denom), Amount>);

impl Drawn {
    pub(super) const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// How much was drawn on one, in micro-units.
    pub(super) fn of(&self, id: &AllowanceId, denom: &Denom) -> Amount {
        if self.0.is_empty() {
            return Amount::ZERO;
        }
        self.0.get(&(*id, denom.clone())).copied().unwrap_or(Amount::ZERO)
    }

    fn note(&mut self, deposit: &Deposit) {
        if let Some(id) = AllowanceId::of(deposit.depositor, deposit.drawn_by) {
            let sum = self.0.entry((id, deposit.coin.denom.clone())).or_insert(Amount::ZERO);
            // Within a limit, so it fits; a sum that did not would leave nothing to draw.
            *sum = sum.plus(deposit.coin.amount).unwrap_or(Amount::from_micro(u128::MAX));
        }
    }
}

/// Deposits that are made together. Each is checked as if those before it were made already.
#[derive(Clone, Debug)]
pub struct Draws<'a> {
    allowances: &'a Allowances,
    drawn: Drawn,
}

impl Allowances {
    /// No deposit yet.
    #[must_use]
    pub const fn draws(&self) -> Draws<'_> {
        Draws { allowances: self, drawn: Drawn::new() }
    }
}

impl Draws<'_> {
    /// The deposits that `coin` becomes, as [`Allowances::fund`] has them, after those before it.
    ///
    /// # Errors
    ///
    /// As [`Allowances::fund`] once what was asked for before is drawn.
    pub fn fund(
        &mut self,
        signer: Address,
        coin: &Coin,
        payers: &[Contribution],
        purpose: Purpose,
        at: BlockHeight,
    ) -> Result<Vec<Deposit>, AllowanceRejection> {
        let deposits =
            self.allowances.fund_after(&self.drawn, signer, coin, payers, purpose, at)?;
        deposits.iter().for_each(|deposit| self.drawn.note(deposit));
        Ok(deposits)
    }
}
