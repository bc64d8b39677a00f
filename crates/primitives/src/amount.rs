//! Money: whole micro-units of a denom. There is no negative and no fractional money.

use alloc::string::ToString;
use alloc::sync::Arc;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{ArithmeticError, DenomMismatch, ParseError};

/// Whole micro-units of one denom, from 0 to 2^128 − 1.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Amount(u128);

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
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The name of a currency, e.g. `uact`: micro-ACT.
///
/// A letter, then 2 to 127 of `A-Z a-z 0-9 / : . _ -` (`sdl.md` 11). Cloning shares the text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "alloc::string::String", into = "alloc::string::String")]
pub struct Denom(Arc<str>);

impl Denom {
    /// Micro-ACT: compute credit, one ACT is one US dollar by definition.
    #[must_use]
    pub fn uact() -> Self {
        Self(Arc::from("uact"))
    }

    /// Micro-AKT: the staking and governance token.
    #[must_use]
    pub fn uakt() -> Self {
        Self(Arc::from("uakt"))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Denom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Denom {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut bytes = text.bytes();
        let starts = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic());
        let goes_on = bytes.all(|byte| byte.is_ascii_alphanumeric() || b"/:._-".contains(&byte));
        if starts && goes_on && (3..=128).contains(&text.len()) {
            Ok(Self(Arc::from(text)))
        } else {
            Err(ParseError::new(text, "a denom such as uact"))
        }
    }
}

impl TryFrom<alloc::string::String> for Denom {
    type Error = ParseError;

    fn try_from(text: alloc::string::String) -> Result<Self, ParseError> {
        text.parse()
    }
}

impl From<Denom> for alloc::string::String {
    fn from(denom: Denom) -> Self {
        denom.0.to_string()
    }
}

/// An amount with its denom. Text: `5000000uact`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
    pub fn uact(micro: u128) -> Self {
        Self::new(Denom::uact(), Amount::from_micro(micro))
    }

    /// `micro` micro-AKT.
    #[must_use]
    pub fn uakt(micro: u128) -> Self {
        Self::new(Denom::uakt(), Amount::from_micro(micro))
    }

    /// The amount, if the coin is of this denom.
    ///
    /// # Errors
    ///
    /// [`DenomMismatch`] for any other denom.
    pub fn amount_of(&self, denom: &Denom) -> Result<Amount, DenomMismatch> {
        if &self.denom == denom {
            return Ok(self.amount);
        }
        Err(DenomMismatch { expected: denom.clone(), found: self.denom.clone() })
    }
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

    proptest! {
        #[test]
        fn coin_text_and_value_are_exact_inverses(micro: u128) {
            let coin = Coin::uact(micro);
            prop_assert_eq!(coin.to_string().parse::<Coin>().unwrap(), coin);
        }
    }
}
