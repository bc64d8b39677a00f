//! The arithmetic of one conversion. Source: `chain.md` 6.5, steps 2 to 7.

use undercut_primitives::{Amount, ArithmeticError, Decimal};

/// What a burn gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conversion {
    /// `floor(burned × price burned ÷ price minted)`.
    pub gross: Amount,
    /// The part of it that stays in the vault, rounded down.
    pub spread: Amount,
    /// What the owner gets: gross − spread.
    pub paid: Amount,
}

/// A burn that gives nothing, or a number that does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConversionRefused {
    /// Less than one micro-unit would come out.
    #[error("{burned} micro-units give less than one micro-unit")]
    Epsilon {
        /// What was to be burned.
        burned: Amount,
    },
    /// A number does not fit.
    #[error(transparent)]
    Arithmetic(#[from] ArithmeticError),
}

/// Converts `burned` at the two prices, both in US dollars, and takes the spread off the exact
/// product. Rate and spread round half to even at 18 digits, amounts round down.
///
/// The rate of a redemption is off by at most half of 10^-18, so there and back never gives more
/// than there was as long as less than 2 · 10^18 uact (two million million ACT) are redeemed. Above
/// that, and with no spread, the reference's rounding of the rate can give back a few uakt too many.
///
/// # Errors
///
/// [`ConversionRefused`] when nothing would come out, or a price to divide by is zero.
pub fn convert(
    burned: Amount,
    price_burned: Decimal,
    price_minted: Decimal,
    spread_bps: u32,
) -> Result<Conversion, ConversionRefused> {
    let rate = price_burned.div_half_even(price_minted)?;
    let exact = rate.mul_exact(burned)?;
    let gross = Amount::from_micro(exact.truncate());
    if gross.is_zero() {
        return Err(ConversionRefused::Epsilon { burned });
    }
    let spread = exact.times(u64::from(spread_bps))?.div_half_even(Decimal::from_whole(10_000))?;
    let spread = Amount::from_micro(spread.truncate()).min(gross);
    let paid = gross.checked_sub(spread).unwrap_or_default();
    Ok(Conversion { gross, spread, paid })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn run(burned: u128, from: &str, to: &str, bps: u32) -> Option<(u128, u128, u128)> {
        let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
        let conversion = convert(Amount::from_micro(burned), from, to, bps).ok()?;
        let Conversion { gross, spread, paid } = conversion;
        Some((gross.to_micro(), spread.to_micro(), paid.to_micro()))
    }

    #[test]
    fn conversions_agree_with_the_reference_to_the_micro_unit() {
        // chain.md 6.7: burned, its price, the other price, spread → gross, spread, paid
        let rows = [
            (877_192_982, "1.14", "1", 25, Some((999_999_999, 2_499_999, 997_500_000))),
            (997_500_000, "1", "1.50", 0, Some((665_000_000, 0, 665_000_000))),
            (997_500_000, "1", "0.90", 0, Some((1_108_333_333, 0, 1_108_333_333))),
            (1_000_000, "1", "3", 100, Some((333_333, 3_333, 330_000))),
            (8_771_929, "1.14", "1", 25, Some((9_999_999, 24_999, 9_975_000))),
            (8_771_930, "1.14", "1", 25, Some((10_000_000, 25_000, 9_975_000))),
            (1, "1", "3", 0, None),
            (3, "1", "3", 0, None),
            (4, "1", "3", 0, Some((1, 0, 1))),
            (4, "1", "3", 1000, Some((1, 0, 1))),
        ];
        for (burned, from, to, bps, expected) in rows {
            assert_eq!(run(burned, from, to, bps), expected, "{burned} at {from}/{to}");
        }
    }

    #[test]
    fn beyond_two_million_million_act_the_rounded_rate_can_give_one_uakt_back_too_many() {
        let price = "349.618000000000349618";
        let (burned, act) = (5_938_960_479_298_191, 2_076_367_484_851_277_017);
        assert_eq!(run(burned, price, "1", 0), Some((act, 0, act)));
        assert_eq!(run(act, "1", price, 0), Some((burned + 1, 0, burned + 1)));
        // The spread that every market has by default takes far more than that.
        assert!(run(burned, price, "1", 25).is_some_and(|(.., paid)| paid < act));
    }

    proptest! {
        #[test]
        fn no_round_trip_gains(burned in 1_u128..1 << 50, price in 1_u64..1_000_000, bps in 0_u32..3) {
            let price = Decimal::from_atoms(u128::from(price) * 1_000_000_000_000_001);
            let there = convert(Amount::from_micro(burned), price, Decimal::ONE, bps);
            let Ok(there) = there else { return Ok(()) };
            if let Ok(back) = convert(there.paid, Decimal::ONE, price, 0) {
                prop_assert!(back.paid <= Amount::from_micro(burned));
            }
        }
    }
}
