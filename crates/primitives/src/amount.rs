//! Money: whole micro-units of a denom. There is no negative and no fractional money.

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;
use core::str::FromStr;

use crate::codec::{Canonical, Decode, Encode, NoValue, Reader, Writer};
use serde::{Deserialize, Serialize};

use crate::readable::text_for_people;
use crate::wide::{Division, Wide};
use crate::{ArithmeticError, ParseError};

/// Whole micro-units of one denom, from 0 to 2^128 − 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Canonical)]
pub struct Amount(u128);

text_for_people!(number Amount(u128));

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The most of one denom that a genesis may hand out and a command may name: 2^100 micro-units.
    ///
    /// So no sum of balances comes near what the type holds: a conversion adds less than 2^69 at a
    /// time, because its product has to fit a [`crate::Decimal`].
    pub const SUPPLY_MAX: Self = Self(1 << 100);

    /// An amount of `micro` micro-units.
    #[must_use]
    pub const fn from_micro(micro: u128) -> Self {
        Self(micro)
    }

    /// The amount in micro-units.
    #[must_use]
    pub const fn to_micro(self) -> u128 {
        self.0
    }

    /// Whether there is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum.
    ///
    /// # Errors
    ///
    /// [`ArithmeticError::Overflow`] above 2^128 − 1.
    pub fn plus(self, other: Self) -> Result<Self, ArithmeticError> {
        let sum = self.0.checked_add(other.0);
        sum.map(Self).ok_or(ArithmeticError::Overflow { operation: "sum of amounts" })
    }

    /// The difference, or `None` when there is less than `other`.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// `self × bps ÷ 10,000`, rounded up: how fees round.
    ///
    /// # Errors
    ///
    /// [`ArithmeticError::Overflow`] when the result is no amount.
    pub fn basis_points_ceil(self, bps: u32) -> Result<Self, ArithmeticError> {
        let division = Wide::product(self.0, u128::from(bps)).divide(10_000);
        let rounded = division.and_then(Division::round_up);
        let overflow = ArithmeticError::Overflow { operation: "basis points of an amount" };
        rounded.map(Self).ok_or(overflow)
    }

    /// Splits the amount by `weights`: each part is `floor(self × weight ÷ sum)`, and what is left
    /// goes out one by one to the largest remainders, equal ones in the order given. The parts add
    /// up to the whole; all are zero when every weight is.
    ///
    /// Time: O(n log n).
    ///
    /// # Errors
    ///
    /// [`ArithmeticError::Overflow`] when the weights add up to no amount.
    pub fn split_largest_remainder(self, weights: &[Self]) -> Result<Vec<Self>, ArithmeticError> {
        let sum = weights.iter().try_fold(Self::ZERO, |sum, weight| sum.plus(*weight))?;
        let share = |weight: &Self| Wide::product(self.0, weight.0).divide(sum.0);
        let Some(shares) = weights.iter().map(share).collect::<Option<Vec<Division>>>() else {
            return Ok(weights.iter().map(|_| Self::ZERO).collect());
        };
        // A weight is at most the sum, so a part is at most the whole.
        let mut parts: Vec<u128> =
            shares.iter().map(|share| share.quotient.narrow().unwrap_or(self.0)).collect();
        let given = parts.iter().fold(0_u128, |sum, part| sum.saturating_add(*part));
        let mut left = self.0.saturating_sub(given);
        let mut order: Vec<usize> = (0..parts.len()).collect();
        order.sort_by_key(|place| {
            core::cmp::Reverse(shares.get(*place).map(|share| share.remainder))
        });
        for place in order {
            // Fewer are left than there are parts with a remainder above zero.
            if let Some(part) = parts.get_mut(place)
                && left > 0
            {
                *part = part.saturating_add(1);
                left = left.saturating_sub(1);
            }
        }
        Ok(parts.into_iter().map(Self).collect())
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The name of a currency, e.g. `uact`: micro-ACT.
///
/// A letter, then 2 to 127 of `A-Z a-z 0-9 / : . _ -` (`sdl.md` 11). Ordered as text. The two that
/// nearly everything is priced in take no memory of their own; cloning others shares the text.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "alloc::string::String", into = "alloc::string::String")]
pub struct Denom(Name);

/// One name has one variant: [`Name::of`] makes all.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Name {
    Uact,
    Uakt,
    Other(Arc<String>),
}

impl Name {
    fn of(text: &str) -> Self {
        match text {
            UACT => Self::Uact,
            UAKT => Self::Uakt,
            other => Self::Other(Arc::new(other.into())),
        }
    }
}

const UACT: &str = "uact";
const UAKT: &str = "uakt";

/// The byte forms of the two, at hand because they are written all the time.
const UACT_FORM: &[u8; 12] = b"\x04\0\0\0\0\0\0\0uact";
const UAKT_FORM: &[u8; 12] = b"\x04\0\0\0\0\0\0\0uakt";

impl Denom {
    /// Micro-ACT: compute credit, one ACT is one US dollar by definition.
    #[must_use]
    pub const fn uact() -> Self {
        Self(Name::Uact)
    }

    /// Micro-AKT: the staking and governance token.
    #[must_use]
    pub const fn uakt() -> Self {
        Self(Name::Uakt)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Name::Uact => UACT,
            Name::Uakt => UAKT,
            Name::Other(text) => text,
        }
    }
}

impl fmt::Debug for Denom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Denom").field(&self.as_str()).finish()
    }
}

impl Ord for Denom {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Name::Uact, Name::Uact) | (Name::Uakt, Name::Uakt) => Ordering::Equal,
            _ => self.as_str().cmp(other.as_str()),
        }
    }
}

impl PartialOrd for Denom {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Encode for Denom {
    const FIXED: Option<usize> = None;

    #[inline]
    fn byte_length(&self) -> usize {
        self.as_str().byte_length()
    }

    #[inline]
    fn write_to(&self, out: &mut Writer<'_>) {
        match &self.0 {
            Name::Uact => out.put(UACT_FORM),
            Name::Uakt => out.put(UAKT_FORM),
            Name::Other(text) => text.write_to(out),
        }
    }
}

impl Decode for Denom {
    #[inline]
    fn read_from(from: &mut Reader<'_>) -> Result<Self, NoValue> {
        let length = from.length()?;
        match from.take_slice(length)? {
            b"uact" => Ok(Self::uact()),
            b"uakt" => Ok(Self::uakt()),
            other => {
                let text = core::str::from_utf8(other).map_err(|_| NoValue)?;
                text.parse().map_err(|_| NoValue)
            }
        }
    }
}

impl fmt::Display for Denom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Denom {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut bytes = text.bytes();
        let starts = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic());
        let goes_on = bytes.all(|byte| byte.is_ascii_alphanumeric() || b"/:._-".contains(&byte));
        if starts && goes_on && (3..=128).contains(&text.len()) {
            Ok(Self(Name::of(text)))
        } else {
            Err(ParseError::new(text, "a denom such as uact"))
        }
    }
}

impl TryFrom<String> for Denom {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

impl From<Denom> for String {
    fn from(denom: Denom) -> Self {
        denom.as_str().to_string()
    }
}

/// An amount with its denom. Text: `5000000uact`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Canonical)]
pub struct Coin {
    /// The currency.
    pub denom: Denom,
    /// How much of it.
    pub amount: Amount,
}

impl Coin {
    /// An amount of a denom.
    #[must_use]
    pub const fn new(denom: Denom, amount: Amount) -> Self {
        Self { denom, amount }
    }

    /// `micro` micro-ACT.
    #[must_use]
    pub const fn uact(micro: u128) -> Self {
        Self::new(Denom::uact(), Amount::from_micro(micro))
    }

    /// `micro` micro-AKT.
    #[must_use]
    pub const fn uakt(micro: u128) -> Self {
        Self::new(Denom::uakt(), Amount::from_micro(micro))
    }
}

/// One account's part of a sum that several pay together.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Canonical,
)]
pub struct Contribution {
    /// Who pays, and is paid back.
    pub payer: crate::Address,
    /// How much, in micro-units of the sum's denom.
    pub amount: Amount,
}

impl fmt::Display for Coin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&alloc::format!("{}{}", self.amount, self.denom))
    }
}

impl FromStr for Coin {
    type Err = ParseError;

    /// Micro-units directly followed by the denom (`5000000uact`), or whole tokens of a known
    /// currency with up to six digits after the point (`5 ACT`, `0.25AKT`).
    fn from_str(text: &str) -> Result<Self, ParseError> {
        parse_coin(text)
            .ok_or_else(|| ParseError::new(text, "an amount such as 5ACT or 5000000uact"))
    }
}

fn parse_coin(text: &str) -> Option<Coin> {
    let split = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, name) = text.split_at(split);
    let number = number.strip_suffix(' ').unwrap_or(number);
    let token = match name {
        "ACT" => Some(Denom::uact()),
        "AKT" => Some(Denom::uakt()),
        _ => None,
    };
    if let Some(denom) = token {
        let micro = number.parse::<crate::Decimal>().ok()?.times(1_000_000).ok()?;
        let whole = micro == crate::Decimal::from_whole(u64::try_from(micro.truncate()).ok()?);
        return whole.then(|| Coin::new(denom, Amount::from_micro(micro.truncate())));
    }
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let amount = digits.then(|| number.parse().ok()).flatten()?;
    Some(Coin::new(name.parse().ok()?, Amount(amount)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn denoms_compare_as_their_texts(a in "uact|uakt|u[a-c]{3}", b in "uact|uakt|u[a-c]{3}") {
            let [left, right] = [&a, &b].map(|text| text.parse::<Denom>().unwrap());
            prop_assert_eq!(left.cmp(&right), a.cmp(&b));
            prop_assert_eq!(left == right, a == b);
        }
    }

    #[test]
    fn coins_read_as_micro_units_or_as_whole_tokens() {
        let rows = [
            ("5000000uact", Coin::uact(5_000_000)),
            ("5ACT", Coin::uact(5_000_000)),
            ("20 AKT", Coin::uakt(20_000_000)),
            ("0.000001ACT", Coin::uact(1)),
            ("0uact", Coin::uact(0)),
        ];
        for (text, coin) in rows {
            assert_eq!(text.parse(), Ok(coin), "{text}");
        }
    }

    #[test]
    fn text_that_is_no_coin_is_refused() {
        let bad = ["", "uact", "5", "-5uact", "5.5uact", "5  ACT", "0.0000001ACT", "5u"];
        for text in bad {
            assert!(text.parse::<Coin>().is_err(), "{text}");
        }
        assert!("340282366920938463463374607431768211456uact".parse::<Coin>().is_err());
    }

    #[test]
    fn denoms_keep_to_the_pattern() {
        for good in ["uact", "ibc/170C677610AC31DF0904FFE09CD3B5C657492170E7E52372E48756B71E56F2F1"]
        {
            assert_eq!(good.parse::<Denom>().unwrap().to_string(), good);
        }
        for bad in ["", "ua", "1uact", "u act", "u\u{e4}ct"] {
            assert!(bad.parse::<Denom>().is_err(), "{bad}");
        }
    }

    fn split(total: u128, weights: &[u128]) -> Vec<u128> {
        let weights: Vec<Amount> = weights.iter().copied().map(Amount).collect();
        let parts = Amount(total).split_largest_remainder(&weights).unwrap();
        parts.into_iter().map(Amount::to_micro).collect()
    }

    #[test]
    fn what_rounding_leaves_goes_to_the_largest_remainders() {
        assert_eq!(split(10, &[1, 1, 1]), [4, 3, 3], "equal remainders: the first");
        assert_eq!(split(10, &[5, 3, 1]), [6, 3, 1], "5.55, 3.33, 1.11");
        assert_eq!(split(7, &[0, 2, 0]), [0, 7, 0]);
        assert_eq!(split(7, &[0, 0]), [0, 0]);
        assert_eq!(split(7, &[]), [0_u128; 0]);
    }

    #[test]
    fn fees_round_up() {
        for (amount, bps, fee) in [(100, 400, 4), (101, 400, 5), (1, 1, 1), (0, 2000, 0), (7, 0, 0)]
        {
            assert_eq!(Amount(amount).basis_points_ceil(bps), Ok(Amount(fee)), "{amount} {bps}");
        }
        assert!(Amount(u128::MAX).basis_points_ceil(20_000).is_err());
    }

    proptest! {
        #[test]
        fn parts_add_up_to_the_whole(total: u128, weights in prop::collection::vec(0_u128..1 << 100, 1..20)) {
            let parts = split(total, &weights);
            let sum: u128 = parts.iter().sum();
            prop_assert_eq!(sum, if weights.iter().any(|weight| *weight > 0) { total } else { 0 });
        }

        #[test]
        fn coin_text_and_value_are_exact_inverses(micro: u128) {
            let coin = Coin::uact(micro);
            prop_assert_eq!(coin.to_string().parse::<Coin>().unwrap(), coin);
        }
    }
}
