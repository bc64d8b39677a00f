//! [`Exact`]: products and sums of prices without any rounding that is not in the method's name.
//!
//! A price rule multiplies quotients of 16 digits with scales of 18: 34 fractional digits, more
//! than a [`Decimal`] holds. This is the one home of the big integers.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "big integers grow instead of wrapping; every divisor is a constant or checked"
)]

use num_bigint::BigUint;
use undercut_primitives::Decimal;

/// A non-negative number with 36 fractional digits, of any size.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Exact(BigUint);

/// Ten to the power of `exponent`.
fn ten(exponent: u32) -> BigUint {
    BigUint::from(10_u32).pow(exponent)
}

fn atoms(value: Decimal) -> BigUint {
    BigUint::from(value.to_atoms())
}

impl Exact {
    /// `whole × rate`, exact.
    pub(crate) fn product(whole: u128, rate: Decimal) -> Self {
        Self(BigUint::from(whole) * atoms(rate) * ten(18))
    }

    /// `thousandths / 1000 × rate`, exact.
    pub(crate) fn thousandths(thousandths: u128, rate: Decimal) -> Self {
        Self(BigUint::from(thousandths) * atoms(rate) * ten(15))
    }

    /// `round16(bytes / 2^20) × rate`: the quotient is rounded half up at 16 digits.
    /// Source: `provider.md` 5.1.
    pub(crate) fn mebibytes_half_up(bytes: u128, rate: Decimal) -> Self {
        let half = BigUint::from(1_u32 << 19);
        let quotient = (BigUint::from(bytes) * ten(16) + half) >> 20_u32;
        Self(quotient * atoms(rate) * ten(2))
    }

    /// `round12(bytes / 2^30) × rate`: the quotient is rounded half to even at 12 digits.
    /// Source: `provider.md` 6.2.
    pub(crate) fn gibibytes_half_even(bytes: u128, rate: Decimal) -> Self {
        let dividend = BigUint::from(bytes) * ten(12);
        let floor = &dividend >> 30_u32;
        let remainder = dividend - (&floor << 30_u32);
        let half = BigUint::from(1_u32 << 29);
        let up = remainder > half || (remainder == half && floor.bit(0));
        let quotient = floor + u32::from(up);
        Self(quotient * atoms(rate) * ten(6))
    }

    /// Adds, exact.
    pub(crate) fn add(&mut self, other: &Self) {
        self.0 += &other.0;
    }

    /// With 18 digits, rounded up. `None` above a [`Decimal`]'s maximum.
    pub(crate) fn to_decimal_ceil(&self) -> Option<Decimal> {
        let step = ten(18);
        let atoms = (&self.0 + &step - 1_u32) / step;
        u128::try_from(atoms).ok().map(Decimal::from_atoms)
    }

    /// A month's dollars as micro-units of a token per block, rounded half up at 6 digits.
    ///
    /// `self / usd_per_token × 10^6 / blocks_per_month`, each quotient truncated at 20 digits as
    /// the reference's calculator does. `None` when a divisor is zero or the result too large.
    /// Source: `provider.md` 6.2.
    pub(crate) fn per_block_half_up(
        &self,
        usd_per_token: Decimal,
        blocks_per_month: u64,
    ) -> Option<Decimal> {
        if usd_per_token.is_zero() || blocks_per_month == 0 {
            return None;
        }
        // 36 digits over 18 leaves 18: two more make the 20 that are kept.
        let tokens = &self.0 * ten(2) / atoms(usd_per_token);
        let per_block = tokens * ten(6) / blocks_per_month;
        let rounded = (per_block + ten(14) / 2_u32) / ten(14);
        u128::try_from(rounded * ten(12)).ok().map(Decimal::from_atoms)
    }
}

/// By how much `price` is above `ceiling`, in tenths of a percent, rounded up: `18.5`.
///
/// `None` when the ceiling is zero. Not above it is `0.0`.
pub(crate) fn percent_above_ceil(price: Decimal, ceiling: Decimal) -> Option<String> {
    if ceiling.is_zero() {
        return None;
    }
    let excess = price.checked_sub(ceiling).unwrap_or(Decimal::ZERO);
    let divisor = atoms(ceiling);
    let tenths = (atoms(excess) * 1_000_u32 + &divisor - 1_u32) / divisor;
    Some(format!("{}.{}", &tenths / 10_u32, tenths % 10_u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn mebibytes_round_half_up_at_sixteen_digits() {
        // provider.md 5.3
        let rows = [
            (1, "0.0000009536743164"),
            ((2 << 20) - 1, "1.9999990463256836"),
            (751_619_276, "716.7999992370605469"),
        ];
        for (bytes, expected) in rows {
            let exact = Exact::mebibytes_half_up(bytes, Decimal::ONE);
            assert_eq!(exact.to_decimal_ceil(), Some(decimal(expected)), "{bytes} bytes");
        }
    }

    #[test]
    fn gibibytes_round_half_to_even_at_twelve_digits() {
        // 2^17 bytes are 0.0001220703125 Gi: the 13th digit is the last and a five.
        let rows = [
            (1 << 17, "0.000122070312"),
            (3 << 17, "0.000366210938"),
            (1 << 30, "1"),
            (1, "0.000000000931"),
        ];
        for (bytes, expected) in rows {
            let exact = Exact::gibibytes_half_even(bytes, Decimal::ONE);
            assert_eq!(exact.to_decimal_ceil(), Some(decimal(expected)), "{bytes} bytes");
        }
    }

    #[test]
    fn results_above_a_decimal_are_none() {
        let huge = Exact::product(u128::MAX, Decimal::from_atoms(u128::MAX));
        assert_eq!(huge.to_decimal_ceil(), None);
        assert_eq!(huge.per_block_half_up(Decimal::ONE, 1), None);
        assert_eq!(Exact::default().per_block_half_up(Decimal::ZERO, 1), None);
        assert_eq!(Exact::default().per_block_half_up(Decimal::ONE, 0), None);
    }

    #[test]
    fn excess_over_the_ceiling_is_rounded_up() {
        let rows = [
            ("118.5", "100", Some("18.5")),
            ("100", "100", Some("0.0")),
            ("99", "100", Some("0.0")),
            ("100.000000000000000001", "100", Some("0.1")),
            ("3", "1", Some("200.0")),
            ("1", "0", None),
        ];
        for (price, ceiling, expected) in rows {
            let percent = percent_above_ceil(decimal(price), decimal(ceiling));
            assert_eq!(percent.as_deref(), expected, "{price} above {ceiling}");
        }
        let max = Decimal::from_atoms(u128::MAX);
        assert!(percent_above_ceil(max, Decimal::from_atoms(1)).is_some());
    }
}
