//! 256-bit intermediates for [`crate::Decimal`]: a product of two 128-bit numbers, divided again.
//!
//! Private: no 256-bit value leaves the crate. Division by a 64-bit number (the scale, the common
//! case) takes four machine divisions; any other divisor takes one step per bit.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "limb arithmetic: every operation states in its comment why it cannot overflow"
)]

/// An unsigned 256-bit number: `high · 2^128 + low`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wide {
    high: u128,
    low: u128,
}

/// A quotient and what is left of the dividend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Division {
    pub(crate) quotient: Wide,
    pub(crate) remainder: u128,
}

impl Division {
    /// The quotient, one more when there is a remainder; `None` beyond 128 bits.
    pub(crate) fn round_up(self) -> Option<u128> {
        let whole =
            if self.remainder == 0 { Some(self.quotient) } else { self.quotient.increment() };
        whole.and_then(Wide::narrow)
    }
}

const LIMB: u32 = 64;
const MASK: u128 = u64::MAX as u128;

impl Wide {
    /// The exact product; 128 × 128 bits always fit in 256.
    pub(crate) const fn product(a: u128, b: u128) -> Self {
        let (a1, a0) = (a >> LIMB, a & MASK);
        let (b1, b0) = (b >> LIMB, b & MASK);
        // Each partial product of two 64-bit limbs is at most (2^64 - 1)^2 < 2^128.
        let (low, mid_a, mid_b, high) = (a0 * b0, a0 * b1, a1 * b0, a1 * b1);
        // Three numbers below 2^64: the sum stays below 2^66.
        let carry = (low >> LIMB) + (mid_a & MASK) + (mid_b & MASK);
        Self {
            // The true high half is below 2^128, so this sum cannot overflow.
            high: high + (mid_a >> LIMB) + (mid_b >> LIMB) + (carry >> LIMB),
            low: (low & MASK) | (carry << LIMB),
        }
    }

    /// The value, if it fits in 128 bits.
    pub(crate) const fn narrow(self) -> Option<u128> {
        if self.high == 0 { Some(self.low) } else { None }
    }

    /// One more, or `None` at the maximum.
    pub(crate) fn increment(self) -> Option<Self> {
        match self.low.overflowing_add(1) {
            (low, false) => Some(Self { low, ..self }),
            (low, true) => self.high.checked_add(1).map(|high| Self { high, low }),
        }
    }

    /// Quotient and remainder, or `None` for a divisor of zero.
    pub(crate) fn divide(self, divisor: u128) -> Option<Division> {
        if divisor == 0 {
            return None;
        }
        if self.high == 0 {
            let quotient = Self { high: 0, low: self.low / divisor };
            return Some(Division { quotient, remainder: self.low % divisor });
        }
        Some(match u64::try_from(divisor) {
            Ok(small) => self.divide_by_limb(small),
            Err(_) => self.divide_bit_by_bit(divisor),
        })
    }

    fn divide_by_limb(self, divisor: u64) -> Division {
        let divisor = u128::from(divisor);
        let limbs = [self.high >> LIMB, self.high & MASK, self.low >> LIMB, self.low & MASK];
        let mut remainder = 0_u128;
        // The remainder is below the 64-bit divisor, so shifting it by a limb stays below 2^128,
        // and each quotient is below 2^64.
        let [q3, q2, q1, q0] = limbs.map(|limb| {
            let dividend = (remainder << LIMB) | limb;
            remainder = dividend % divisor;
            dividend / divisor
        });
        Division { quotient: Self { high: (q3 << LIMB) | q2, low: (q1 << LIMB) | q0 }, remainder }
    }

    fn divide_bit_by_bit(self, divisor: u128) -> Division {
        let mut quotient = Self { high: 0, low: 0 };
        let mut remainder = 0_u128;
        for bit in (0..256_u32).rev() {
            let next = if bit >= 128 { self.high >> (bit - 128) } else { self.low >> bit } & 1;
            let overflow = remainder >> 127 == 1;
            remainder = (remainder << 1) | next;
            // With the bit shifted out the true remainder is 2^128 + remainder, which is at least
            // the divisor and below twice the divisor: the wrapped difference is the exact one.
            if overflow || remainder >= divisor {
                remainder = remainder.wrapping_sub(divisor);
                if bit >= 128 {
                    quotient.high |= 1 << (bit - 128);
                } else {
                    quotient.low |= 1 << bit;
                }
            }
        }
        Division { quotient, remainder }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigUint;
    use proptest::prelude::*;

    fn big(value: Wide) -> BigUint {
        (BigUint::from(value.high) << 128) + BigUint::from(value.low)
    }

    fn any_width() -> impl Strategy<Value = u128> {
        (any::<u128>(), 0_u32..128).prop_map(|(value, shift)| value >> shift)
    }

    proptest! {
        #[test]
        fn product_and_division_agree_with_a_big_integer(a in any_width(), b in any_width(), d in any_width()) {
            let product = Wide::product(a, b);
            prop_assert_eq!(big(product), BigUint::from(a) * BigUint::from(b));
            let Some(division) = product.divide(d) else {
                prop_assert_eq!(d, 0);
                return Ok(());
            };
            prop_assert_eq!(big(division.quotient), big(product) / BigUint::from(d));
            prop_assert_eq!(BigUint::from(division.remainder), big(product) % BigUint::from(d));
        }

        #[test]
        fn both_ways_of_dividing_agree(high in any_width(), low in any::<u128>(), d in 1_u64..) {
            let value = Wide { high, low };
            prop_assert_eq!(value.divide_by_limb(d), value.divide_bit_by_bit(u128::from(d)));
        }
    }

    #[test]
    fn increment_carries_and_stops_at_the_maximum() {
        let below = Wide { high: 0, low: u128::MAX };
        assert_eq!(below.increment(), Some(Wide { high: 1, low: 0 }));
        assert_eq!(Wide { high: u128::MAX, low: u128::MAX }.increment(), None);
    }
}
