//! [`Usd`]: dollars, and what a price per block comes to per hour and per month.
//!
//! For show and for comparison: the engine itself counts in micro-units and blocks. Both preset
//! lengths are those of the reference's price tables: blocks of 6.117 s, a month of 730.488 hours
//! (`provider.md` 5.3). Every result is exact until the one rounding that the name states.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use crate::wide::Wide;
use crate::{Decimal, Denom, ParseError};

/// Blocks of a month.
pub const BLOCKS_PER_MONTH: u64 = 429_909;
/// Hours of that month, in thousandths: 730.488 hours.
pub const MILLI_HOURS_PER_MONTH: u64 = 730_488;

/// Atoms of a [`Decimal`] in one.
const ATOMS: u128 = 1_000_000_000_000_000_000;
/// Micro-units of a whole token, and micro-dollars of a dollar.
const MICRO: u128 = 1_000_000;
/// Atoms in a step of the sixth digit, to which providers round their bids.
const ATOMS_PER_MILLIONTH: u128 = ATOMS / MICRO;

/// US dollars in millionths, up to about 18 trillion dollars.
///
/// ```
/// use undercut_primitives::usd::{self, Usd};
///
/// let price = "2259.894629".parse().unwrap(); // uact per block
/// assert_eq!(usd::cents_per_hour_half_up(price, Usd::ONE), 133);
/// assert_eq!(usd::cents_per_month_half_up(price, Usd::ONE), 97_155);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Usd(u64);

impl Usd {
    /// No dollar.
    pub const ZERO: Self = Self(0);
    /// One dollar: what an ACT is worth.
    pub const ONE: Self = Self::from_micro(1_000_000);
    /// The most that the type holds.
    pub const MAX: Self = Self(u64::MAX);

    /// `micro` millionths of a dollar.
    #[must_use]
    pub const fn from_micro(micro: u64) -> Self {
        Self(micro)
    }

    /// The value in millionths of a dollar.
    #[must_use]
    pub const fn to_micro(self) -> u64 {
        self.0
    }

    /// Whether the value is zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// What a whole token (10^6 micro-units) of `denom` is worth: 1 dollar for `uact`,
    /// `usd_per_akt` for `uakt`, not known for others.
    #[must_use]
    pub fn of_token(denom: &Denom, usd_per_akt: Option<Self>) -> Option<Self> {
        match denom.as_str() {
            "uact" => Some(Self::ONE),
            "uakt" => usd_per_akt,
            _ => None,
        }
    }
}

impl fmt::Display for Usd {
    /// Dollars in plain decimal without trailing zeros: `0.75`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micro = u128::from(self.0);
        let full: String = alloc::format!("{}.{:06}", micro / MICRO, micro % MICRO);
        f.pad(full.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl FromStr for Usd {
    type Err = ParseError;

    /// Digits, optionally a point and 1 to 6 more digits.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let error = || ParseError::new(text, "an amount of dollars such as 0.75");
        let atoms = text.parse::<Decimal>().map_err(|_| error())?.to_atoms();
        let whole_micro = atoms.is_multiple_of(ATOMS_PER_MILLIONTH);
        let micro = u64::try_from(atoms / ATOMS_PER_MILLIONTH).ok().filter(|_| whole_micro);
        micro.map(Self).ok_or_else(error)
    }
}

/// Cents per hour of a price of `per_block` micro-units of a token worth `token`, rounded half up.
#[must_use]
pub fn cents_per_hour_half_up(per_block: Decimal, token: Usd) -> u128 {
    // cents = atoms / 10^18 / 10^6 × blocks × micro-dollars / 10^6 × 100, per month; a month is
    // 730,488 thousandths of an hour: together 10^30 / 10^2 / 10^3 × 730,488, which is below 2^103.
    const DIVISOR: u128 = 730_488 * 10_u128.pow(25);
    dollars_half_up(per_block, token, DIVISOR)
}

/// Cents per month of a price of `per_block` micro-units of a token worth `token`, rounded half up.
#[must_use]
pub fn cents_per_month_half_up(per_block: Decimal, token: Usd) -> u128 {
    // As above without the hours: 10^30 / 10^2.
    const DIVISOR: u128 = 10_u128.pow(28);
    dollars_half_up(per_block, token, DIVISOR)
}

fn dollars_half_up(per_block: Decimal, token: Usd, divisor: u128) -> u128 {
    let factor = u128::from(BLOCKS_PER_MONTH).saturating_mul(u128::from(token.to_micro()));
    let division = Wide::product(per_block.to_atoms(), factor).divide(divisor);
    let cents = division.and_then(|division| {
        let is_half = division.remainder >= divisor.div_ceil(2);
        let rounded = if is_half { division.quotient.increment() } else { Some(division.quotient) };
        rounded.and_then(Wide::narrow)
    });
    // The product is below 2^128 × 2^19 × 2^64 and the divisor above 2^93, so the quotient fits.
    cents.unwrap_or(u128::MAX)
}

/// The price per block that comes to `month` per month, in micro-units of a token worth `token`,
/// rounded up at the sixth digit.
///
/// Whoever offers it pays no less than `month`.
///
/// `None` when the token is worth nothing.
///
/// ```
/// use undercut_primitives::usd::{self, Usd};
///
/// let month = "971.54904".parse().unwrap(); // 1.33 an hour
/// assert_eq!(usd::per_block_ceil(month, Usd::ONE).unwrap().to_string(), "2259.894629");
/// ```
#[must_use]
pub fn per_block_ceil(month: Usd, token: Usd) -> Option<Decimal> {
    // micro-units = micro-dollars / 10^6 ÷ (micro-dollars of a token / 10^6) × 10^6 ÷ blocks, and
    // 10^6 steps of the sixth digit: below 2^64 × 10^12 < 2^104.
    let scaled = u128::from(month.to_micro()).checked_mul(MICRO.pow(2))?;
    let divisor = u128::from(token.to_micro()).checked_mul(u128::from(BLOCKS_PER_MONTH))?;
    let steps = if divisor == 0 { return None } else { scaled.div_ceil(divisor) };
    steps.checked_mul(ATOMS_PER_MILLIONTH).map(Decimal::from_atoms)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "big integers do not overflow")]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use num_bigint::BigUint;
    use proptest::prelude::*;

    fn usd(text: &str) -> Usd {
        text.parse().unwrap()
    }

    #[test]
    fn prices_agree_with_the_reference_tables() {
        // provider.md 5.3: price per block, dollars per AKT, cents per hour and month
        let rows = [
            ("1699.168893", "1", 100, 73_049),
            ("2259.894629", "1", 133, 97_155),
            ("10000", "1", 589, 429_909),
            ("3013.192838", "0.75", 133, 97_155),
            ("2.326073657", "1", 0, 100),
            ("356.6352", "1", 21, 15_332),
            ("0", "1", 0, 0),
        ];
        for (price, token, hour, month) in rows {
            let price: Decimal = price.parse().unwrap();
            assert_eq!(cents_per_hour_half_up(price, usd(token)), hour, "{price}");
            assert_eq!(cents_per_month_half_up(price, usd(token)), month, "{price}");
        }
    }

    #[test]
    fn dollars_become_prices_rounded_up() {
        let rows = [
            ("1", "1", "2.326074"),
            ("1", "0.5", "4.652148"),
            ("730.488", "1", "1699.168894"),
            ("971.54904", "0.75", "3013.192839"),
            ("0", "1", "0"),
        ];
        for (month, token, price) in rows {
            assert_eq!(per_block_ceil(usd(month), usd(token)).unwrap().to_string(), price);
        }
        assert!(per_block_ceil(Usd::ONE, Usd::ZERO).is_none());
        assert!(per_block_ceil(Usd::MAX, Usd::from_micro(1)).is_some(), "the largest price fits");
    }

    #[test]
    fn text_that_is_no_amount_of_dollars_is_refused() {
        for bad in ["", "1.", ".5", "-1", "$1", "0.0000001", "18446744073710"] {
            assert!(bad.parse::<Usd>().is_err(), "{bad}");
        }
        assert_eq!(usd("0.750").to_string(), "0.75");
    }

    proptest! {
        #[test]
        fn text_and_value_are_exact_inverses(micro: u64) {
            prop_assert_eq!(usd(&Usd::from_micro(micro).to_string()).to_micro(), micro);
        }

        #[test]
        fn cents_agree_with_a_big_integer(atoms: u128, token: u64) {
            let exact = BigUint::from(atoms) * BLOCKS_PER_MONTH * token * 1_000_u32;
            let divisor = BigUint::from(10_u32).pow(28) * MILLI_HOURS_PER_MONTH;
            let rounded = (exact * 2_u32 + &divisor) / (divisor * 2_u32);
            let found = cents_per_hour_half_up(Decimal::from_atoms(atoms), Usd(token));
            prop_assert_eq!(BigUint::from(found), rounded);
        }

        #[test]
        fn a_price_of_dollars_pays_them_and_hardly_more(month: u64, token in 1_u64..) {
            let price = per_block_ceil(Usd(month), Usd(token)).unwrap();
            let pays = |atoms: u128| BigUint::from(atoms) * BLOCKS_PER_MONTH * token;
            let owed = BigUint::from(month) * BigUint::from(10_u32).pow(24);
            prop_assert!(pays(price.to_atoms()) >= owed);
            let below = price.to_atoms().saturating_sub(ATOMS_PER_MILLIONTH);
            prop_assert!(month == 0 || pays(below) < owed);
        }
    }
}
