//! [`PricePerBlock`]: what something costs per block, and what a span of blocks costs.

use core::fmt;
use core::str::FromStr;

use crate::codec::Canonical;
use serde::{Deserialize, Serialize};

use crate::{Amount, ArithmeticError, BlockSpan, Coin, Decimal, Denom, ParseError};

/// A price per block in fractions of a denom's micro-unit, e.g. `2259.894629uact`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Canonical)]
pub struct PricePerBlock {
    /// The currency.
    pub denom: Denom,
    /// Micro-units per block.
    pub value: Decimal,
}

impl PricePerBlock {
    /// `value` micro-units of `denom` per block.
    #[must_use]
    pub const fn new(denom: Denom, value: Decimal) -> Self {
        Self { denom, value }
    }

    /// What `span` blocks cost together, rounded down once: `floor(price × span)`.
    ///
    /// The payer keeps the fraction. Rounding each block by itself would lose a third of a price
    /// of 1.575357, which is why there is no such method.
    ///
    /// # Errors
    ///
    /// [`ArithmeticError::Overflow`] when the cost is no [`Amount`].
    pub fn over_floor(&self, span: BlockSpan) -> Result<Coin, ArithmeticError> {
        let blocks = Amount::from_micro(u128::from(span.to_blocks()));
        Ok(Coin::new(self.denom.clone(), self.value.mul_floor(blocks)?))
    }
}

impl fmt::Display for PricePerBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&alloc::format!("{}{}", self.value, self.denom))
    }
}

impl FromStr for PricePerBlock {
    type Err = ParseError;

    /// A decimal, at most one blank, and the denom: `1200.5uact`, `1200.5 uact`.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let wanted = "a price per block such as 1200.5uact";
        let error = || ParseError::new(text, wanted);
        let split = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(error)?;
        let (value, denom) = text.split_at(split);
        let value = value.strip_suffix(' ').unwrap_or(value);
        let value = value.parse().map_err(|_: ParseError| error())?;
        Ok(Self::new(denom.parse().map_err(|_: ParseError| error())?, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(price: &str, blocks: u64) -> u128 {
        let price: PricePerBlock = price.parse().unwrap();
        price.over_floor(BlockSpan::from_blocks(blocks)).unwrap().amount.to_micro()
    }

    #[test]
    fn a_span_is_rounded_once() {
        assert_eq!(cost("0.7uact", 10), 7, "chain.md E9");
        assert_eq!(cost("2.5uact", 6), 15, "chain.md E10");
        assert_eq!(cost("123.456789uact", 1000), 123_456, "chain.md E11");
    }

    #[test]
    fn text_reads_with_and_without_a_blank() {
        let price: PricePerBlock = "1200.5 uact".parse().unwrap();
        assert_eq!(price.to_string(), "1200.5uact");
        for bad in ["uact", "1200.5", "1200.5  uact", "x uact", "-1uact"] {
            assert!(bad.parse::<PricePerBlock>().is_err(), "{bad}");
        }
    }
}
