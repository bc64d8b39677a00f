//! [`Decimal`]: a non-negative number with 18 fractional digits, exact or rounded by name.
//!
//! The reference chain's prices and ratios have the same 18 digits and the same rules
//! (`chain.md` 0): a product or quotient of two decimals is rounded half to even, an amount taken
//! from a decimal is truncated. Intermediates are 256 bits wide, so nothing is lost before the one
//! rounding that the method's name states.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use crate::codec::Canonical;
use crate::readable::text_for_people;
use crate::wide::Wide;
use crate::{Amount, ArithmeticError, ParseError};

/// Digits after the point.
pub const FRACTION_DIGITS: usize = 18;
/// One, in atoms of 10^-18.
const SCALE: u128 = 1_000_000_000_000_000_000;

/// A number from 0 to about 3.4 · 10^20 in steps of 10^-18.
///
/// The largest supply or rate that the engine admits (2^64 whole units) fits with room to spare.
/// Text is plain decimal without trailing zeros; parsing the text gives the same value.
///
/// ```
/// use undercut_primitives::{Amount, Decimal};
///
/// let rate: Decimal = "2259.894629".parse().unwrap();
/// assert_eq!(rate.mul_floor(Amount::from_micro(1000)).unwrap(), Amount::from_micro(2_259_894));
/// assert_eq!(rate.to_string(), "2259.894629");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Canonical)]
pub struct Decimal(u128);

text_for_people!(Decimal(u128));

impl Decimal {
    /// Zero.
    pub const ZERO: Self = Self(0);
    /// One.
    pub const ONE: Self = Self(SCALE);

    /// The number of `atoms` of 10^-18.
    #[must_use]
    pub const fn from_atoms(atoms: u128) -> Self {
        Self(atoms)
    }

    /// The value in atoms of 10^-18.
    #[must_use]
    pub const fn to_atoms(self) -> u128 {
        self.0
    }

    /// A whole number. Every `u64` fits.
    #[must_use]
    pub const fn from_whole(whole: u64) -> Self {
        #[expect(
            clippy::as_conversions,
            clippy::arithmetic_side_effects,
            reason = "u64 widens to u128, and 2^64 times 10^18 is below 2^124"
        )]
        Self(whole as u128 * SCALE)
    }

    /// Hundredths of a percent: 9500 is 0.95.
    #[must_use]
    pub const fn from_basis_points(points: u32) -> Self {
        #[expect(
            clippy::as_conversions,
            clippy::arithmetic_side_effects,
            reason = "u32 widens to u128, and 2^32 times 10^14 is below 2^79"
        )]
        Self(points as u128 * (SCALE / 10_000))
    }

    /// Whether the value is zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The exact sum.
    ///
    /// # Errors
    ///
    /// [`ArithmeticError::Overflow`] above the maximum.
    pub fn plus(self, other: Self) -> Result<Self, ArithmeticError> {
        let sum = self.0.checked_add(other.0);
        sum.map(Self).ok_or(ArithmeticError::Overflow { operation: "decimal sum" })
    }

    /// The exact difference, or `None` below zero.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The exact product with a whole number.
    ///
    /// # Errors
    ///
    /// [`ArithmeticError::Overflow`] above the maximum.
    pub fn times(self, whole: u64) -> Result<Self, ArithmeticError> {
        let product = self.0.checked_mul(u128::from(whole));
        product.map(Self).ok_or(ArithmeticError::Overflow { operation: "decimal times whole" })
    }

    /// `amount × self`, truncated to whole micro-units: the payer keeps the fraction.
    ///
    /// # Errors
    ///
    /// [`ArithmeticError::Overflow`] when the result is no [`Amount`].
    pub fn mul_floor(self, amount: Amount) -> Result<Amount, ArithmeticError> {
        // Of a rate in micro-units and a span in blocks the product nearly always fits.
        match self.0.checked_mul(amount.to_micro()) {
            Some(product) => Ok(Amount::from_micro(product / SCALE)),
            None => self.mul_floor_wide(amount),
        }
    }

    /// [`Decimal::mul_floor`] for products of any width.
    fn mul_floor_wide(self, amount: Amount) -> Result<Amount, ArithmeticError> {
        let overflow = ArithmeticError::Overflow { operation: "amount times decimal" };
        let product = Wide::product(self.0, amount.to_micro());
        let division = product.divide(SCALE).ok_or_else(|| overflow.clone())?;
        division.quotient.narrow().map(Amount::from_micro).ok_or(overflow)
    }

    /// The least amount of something worth `self` each that is worth `value`: `value ÷ self`,
    /// rounded up.
    ///
    /// # Errors
    ///
    /// [`ArithmeticError::DivisionByZero`], or [`ArithmeticError::Overflow`] when it is no amount.
    pub fn worth_ceil(self, value: Amount) -> Result<Amount, ArithmeticError> {
        let operation = "amount divided by price";
        let division = Wide::product(value.to_micro(), SCALE).divide(self.0);
        let division = division.ok_or(ArithmeticError::DivisionByZero { operation })?;
        let rounded = division.round_up().map(Amount::from_micro);
        rounded.ok_or(ArithmeticError::Overflow { operation })
    }

    /// `amount × self` as a decimal. Exact: an amount has no fraction.
    ///
    /// # Errors
    ///
    /// [`ArithmeticError::Overflow`] above the maximum.
    pub fn mul_exact(self, amount: Amount) -> Result<Self, ArithmeticError> {
        let product = self.0.checked_mul(amount.to_micro());
        product.map(Self).ok_or(ArithmeticError::Overflow { operation: "amount times decimal" })
    }

    /// `self × other`, rounded half to even at the 18th digit. Source: `chain.md` 0.
    ///
    /// # Errors
    ///
    /// [`ArithmeticError::Overflow`] above the maximum.
    pub fn mul_half_even(self, other: Self) -> Result<Self, ArithmeticError> {
        round_half_even(Wide::product(self.0, other.0), "decimal product")
    }

    /// `self ÷ other`: the quotient is truncated at 36 digits, then rounded half to even at 18,
    /// as the reference does. Source: `chain.md` 0.
    ///
    /// # Errors
    ///
    /// [`ArithmeticError::DivisionByZero`] or [`ArithmeticError::Overflow`].
    pub fn div_half_even(self, other: Self) -> Result<Self, ArithmeticError> {
        let operation = "decimal quotient";
        // 10^36 is below 2^120, so the dividend fits in 248 bits.
        let dividend = Wide::product(self.0, SCALE.pow(2));
        let division = dividend.divide(other.0);
        let division = division.ok_or(ArithmeticError::DivisionByZero { operation })?;
        round_half_even(division.quotient, operation)
    }

    /// The whole part: the fraction is dropped.
    #[must_use]
    pub const fn truncate(self) -> u128 {
        self.0 / SCALE
    }

    /// Hundredths of a percent, the fraction dropped, at most `u32::MAX`. Source: `chain.md` 6.3.
    #[must_use]
    pub fn to_basis_points_floor(self) -> u32 {
        u32::try_from(self.0 / (SCALE / 10_000)).unwrap_or(u32::MAX)
    }

    /// The text with all 18 fractional digits, as the reference prints prices.
    #[must_use]
    pub fn to_full_text(self) -> String {
        alloc::format!("{}.{:018}", self.truncate(), self.0 % SCALE)
    }
}

fn round_half_even(atoms: Wide, operation: &'static str) -> Result<Decimal, ArithmeticError> {
    let overflow = || ArithmeticError::Overflow { operation };
    let division = atoms.divide(SCALE).ok_or_else(overflow)?;
    let quotient = division.quotient.narrow().ok_or_else(overflow)?;
    let half = SCALE / 2;
    let up = division.remainder > half || (division.remainder == half && quotient % 2 == 1);
    let rounded = if up { division.quotient.increment() } else { Some(division.quotient) };
    rounded.and_then(Wide::narrow).map(Decimal).ok_or_else(overflow)
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let full = self.to_full_text();
        f.pad(full.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl FromStr for Decimal {
    type Err = ParseError;

    /// Digits, optionally a point and 1 to 18 more digits. No sign, exponent or blank.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        parse(text).ok_or_else(|| ParseError::new(text, "a decimal such as 2259.894629"))
    }
}

fn parse(text: &str) -> Option<Decimal> {
    let (whole, fraction) = match text.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (text, ""),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || fraction.len() > FRACTION_DIGITS || !digits(whole) || !digits(fraction) {
        return None;
    }
    let padding = u32::try_from(FRACTION_DIGITS.checked_sub(fraction.len())?).ok()?;
    let fraction = if fraction.is_empty() { 0 } else { fraction.parse::<u128>().ok()? };
    let fraction = fraction.checked_mul(10_u128.checked_pow(padding)?)?;
    whole.parse::<u128>().ok()?.checked_mul(SCALE)?.checked_add(fraction).map(Decimal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn quotients_round_as_the_reference_does() {
        // chain.md 0
        let rows = [("1", "3", "0.333333333333333333"), ("2", "3", "0.666666666666666667")];
        for (a, b, quotient) in rows {
            assert_eq!(decimal(a).div_half_even(decimal(b)).unwrap(), decimal(quotient));
        }
    }

    #[test]
    fn products_round_half_to_even() {
        let rows = [
            ("0.000000000000000001", "0.5", "0"),
            ("0.000000000000000003", "0.5", "0.000000000000000002"),
            ("0.000000000000000001", "0.500000000000000001", "0.000000000000000001"),
        ];
        for (a, b, product) in rows {
            assert_eq!(decimal(a).mul_half_even(decimal(b)).unwrap(), decimal(product), "{a}×{b}");
        }
    }

    #[test]
    fn text_that_is_no_decimal_is_refused() {
        for bad in ["", ".", "1.", ".5", "-1", "+1", "1e3", "1_0", " 1", "1.0000000000000000001"] {
            assert!(bad.parse::<Decimal>().is_err(), "{bad}");
        }
        assert!("340282366920938463464".parse::<Decimal>().is_err(), "above the maximum");
    }

    #[test]
    fn results_above_the_maximum_are_errors() {
        let max = Decimal::from_atoms(u128::MAX);
        assert!(max.plus(Decimal::from_atoms(1)).is_err());
        assert!(max.mul_half_even(decimal("1.1")).is_err());
        assert!(max.div_half_even(decimal("0.9")).is_err());
        assert!(max.mul_floor(Amount::from_micro(u128::MAX)).is_err());
        assert_eq!(
            max.div_half_even(Decimal::ZERO),
            Err(ArithmeticError::DivisionByZero { operation: "decimal quotient" })
        );
    }

    proptest! {
        #[test]
        fn text_and_value_are_exact_inverses(atoms: u128) {
            let value = Decimal::from_atoms(atoms);
            prop_assert_eq!(decimal(&value.to_string()), value);
            prop_assert_eq!(decimal(&value.to_full_text()), value);
        }

        #[test]
        fn flooring_narrow_and_wide_products_is_the_same(
            atoms in prop_oneof![any::<u128>(), 0_u128..1 << 80],
            amount in prop_oneof![any::<u128>(), 0_u128..1 << 48, 0_u128..1 << 65],
        ) {
            let (decimal, amount) = (Decimal::from_atoms(atoms), Amount::from_micro(amount));
            prop_assert_eq!(decimal.mul_floor(amount), decimal.mul_floor_wide(amount));
        }

        #[test]
        fn flooring_never_gives_more_than_the_exact_product(rate in 0_u128..1 << 90, blocks in 0_u64..1 << 40) {
            let rate = Decimal::from_atoms(rate);
            let floor = rate.mul_floor(Amount::from_micro(u128::from(blocks))).unwrap().to_micro();
            if let Ok(exact) = rate.times(blocks) {
                prop_assert_eq!(floor, exact.truncate());
            }
        }
    }
}
