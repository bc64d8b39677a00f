//! The vault again, on bare integers: what a burn must give at a price.

const ONE: u128 = 1_000_000_000_000_000_000;

/// What the vault owes before it mints AKT, and what it keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PlainVault {
    credit_uakt: u128,
    mint_spread_bps: u128,
    redeem_spread_bps: u128,
}

/// What a burn must give, in micro-units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    /// Before the spread.
    pub(crate) gross: u128,
    /// To the owner.
    pub(crate) paid: u128,
    /// Newly minted.
    pub(crate) minted: u128,
}

impl PlainVault {
    /// Takes other spreads from now on, in basis points.
    pub(crate) fn set_spreads(&mut self, mint: u32, redeem: u32) {
        (self.mint_spread_bps, self.redeem_spread_bps) = (u128::from(mint), u128::from(redeem));
    }

    /// AKT for ACT at a price in 10^-18 US dollars; `None` when a number does not fit.
    pub(crate) fn mint(&mut self, burned: u128, price_atoms: u128) -> Option<Given> {
        let given = give(burned, price_atoms, self.mint_spread_bps)?;
        self.credit_uakt = self.credit_uakt.checked_add(burned)?;
        Some(given)
    }

    /// ACT for AKT: out of the credit first.
    pub(crate) fn redeem(&mut self, burned: u128, price_atoms: u128) -> Option<Given> {
        let given = give(burned, inverse_half_even(price_atoms)?, self.redeem_spread_bps)?;
        let from_credit = given.gross.min(self.credit_uakt);
        self.credit_uakt = self.credit_uakt.checked_sub(from_credit)?;
        Some(Given { minted: given.gross.checked_sub(from_credit)?, ..given })
    }
}

/// `floor(burned × rate)` and the spread off it, rounded down too.
fn give(burned: u128, rate_atoms: u128, spread_bps: u128) -> Option<Given> {
    let exact = burned.checked_mul(rate_atoms)?;
    let gross = exact.checked_div(ONE)?;
    let spread = exact.checked_mul(spread_bps)?.checked_div(10_000)?.checked_div(ONE)?;
    Some(Given { gross, paid: gross.checked_sub(spread)?, minted: gross })
}

/// One over a rate, at 18 digits.
fn inverse_half_even(atoms: u128) -> Option<u128> {
    let squared = ONE.checked_mul(ONE)?;
    let (quotient, rest) = (squared.checked_div(atoms)?, squared.checked_rem(atoms)?);
    let half = atoms.checked_div(2)?;
    let is_tie = rest == half && atoms.is_multiple_of(2);
    let up = if is_tie { !quotient.is_multiple_of(2) } else { rest > half };
    quotient.checked_add(u128::from(up))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_examples_come_out() {
        // chain.md 6.7, examples 1 to 3
        let mut vault = PlainVault::default();
        vault.set_spreads(25, 0);
        let given = vault.mint(877_192_982, 1_140_000_000_000_000_000).unwrap();
        assert_eq!((given.gross, given.paid), (999_999_999, 997_500_000));
        let mut fallen = vault;
        let given = vault.redeem(997_500_000, 1_500_000_000_000_000_000).unwrap();
        assert_eq!((given.paid, given.minted, vault.credit_uakt), (665_000_000, 0, 212_192_982));
        let given = fallen.redeem(997_500_000, 900_000_000_000_000_000).unwrap();
        assert_eq!((given.paid, given.minted), (1_108_333_333, 231_140_351));
    }
}
