//! Binary floating point as the reference computes with it, without any floating point type.
//!
//! Quantities such as `0.1Gi` are the product of two doubles, truncated (`sdl.md` 8), so the
//! result depends on how a double rounds: `1.001` CPUs are 1000 thousandths. The arithmetic is
//! IEEE 754 in software and the same on every machine.
//!
//! The only module that names the soft-float crate.

use rustc_apfloat::ieee::Double;
use rustc_apfloat::{Float as _, Round, Status};

/// Digits that can matter: a double is decided by at most 767, and one for all that follow.
const DIGITS_MAX: usize = 800;
/// Beyond this, an exponent makes any number with [`DIGITS_MAX`] digits too large or zero.
const EXPONENT_MAX: i64 = 100_000;

/// A number that was read from text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Number(Double);

/// Why a text is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoNumber {
    /// The text is not written like a number.
    Syntax,
    /// The number is larger than the largest double.
    TooLarge,
}

impl Number {
    /// A whole number, rounded to the nearest double.
    pub(crate) fn from_whole(whole: u64) -> Self {
        Self(Double::from_u128(u128::from(whole)).value)
    }

    /// Reads decimal or hexadecimal floating point, or one of the words for infinity and NaN.
    ///
    /// # Errors
    ///
    /// [`NoNumber`].
    pub(crate) fn parse(text: &str) -> Result<Self, NoNumber> {
        if !text.is_ascii() {
            return Err(NoNumber::Syntax);
        }
        if let Some(special) = special(text) {
            return Ok(Self(special));
        }
        let digits = Digits::read(text).ok_or(NoNumber::Syntax)?;
        let read = Double::from_str_r(&digits.to_text(), Round::NearestTiesToEven);
        let read = read.map_err(|_| NoNumber::Syntax)?;
        if read.status.contains(Status::OVERFLOW) {
            return Err(NoNumber::TooLarge);
        }
        Ok(Self(read.value))
    }

    /// The product, rounded to the nearest double.
    pub(crate) fn times(self, other: Self) -> Self {
        Self(self.0.mul_r(other.0, Round::NearestTiesToEven).value)
    }

    /// The quotient, rounded to the nearest double.
    pub(crate) fn divided_by(self, other: Self) -> Self {
        Self(self.0.div_r(other.0, Round::NearestTiesToEven).value)
    }

    /// Whether the number is below zero; minus zero is not.
    pub(crate) fn is_negative(self) -> bool {
        self.0.is_negative() && !self.0.is_zero() && !self.0.is_nan()
    }

    /// Whether the number, its fraction dropped, is below zero.
    pub(crate) fn truncates_below_zero(self) -> bool {
        let one = Self::from_whole(1).0;
        self.is_negative() && (self.0.is_infinite() || self.0.cmp_abs_normal_or_zero(one).is_ge())
    }

    /// The whole part: the fraction is dropped. 0 for NaN, the maximum above the maximum.
    pub(crate) fn truncate(self) -> u64 {
        let mut exact = false;
        let whole = self.0.to_u128_r(64, Round::TowardZero, &mut exact).value;
        u64::try_from(whole).unwrap_or(u64::MAX)
    }
}

/// Comparison of magnitudes that also takes zero.
trait Magnitude {
    fn cmp_abs_normal_or_zero(self, other: Self) -> std::cmp::Ordering;
}

impl Magnitude for Double {
    fn cmp_abs_normal_or_zero(self, other: Self) -> std::cmp::Ordering {
        if self.is_zero() { std::cmp::Ordering::Less } else { self.cmp_abs_normal(other) }
    }
}

fn special(text: &str) -> Option<Double> {
    let lower = text.to_ascii_lowercase();
    match lower.as_str() {
        "nan" => Some(Double::NAN),
        "inf" | "+inf" | "infinity" | "+infinity" => Some(Double::INFINITY),
        "-inf" | "-infinity" => Some(-Double::INFINITY),
        _ => None,
    }
}

/// The parts of a number as they are written.
struct Digits {
    negative: bool,
    hexadecimal: bool,
    /// Significant digits, without leading zeros, at most [`DIGITS_MAX`] and one more.
    digits: String,
    /// Of the value as `0.DIGITS` times the base, or two for hexadecimal digits, to this power.
    exponent: i64,
}

impl Digits {
    fn read(text: &str) -> Option<Self> {
        if !underscores_are_between_digits(text) {
            return None;
        }
        let text: String = text.chars().filter(|c| *c != '_').collect();
        let (negative, rest) = match text.strip_prefix(['+', '-']) {
            Some(rest) => (text.starts_with('-'), rest),
            None => (false, text.as_str()),
        };
        let hexadecimal = rest.get(..2).is_some_and(|prefix| prefix.eq_ignore_ascii_case("0x"));
        let rest = if hexadecimal { rest.get(2..)? } else { rest };
        let mark = if hexadecimal { ['p', 'P'] } else { ['e', 'E'] };
        let (mantissa, exponent) = match rest.split_once(mark) {
            Some((mantissa, exponent)) => (mantissa, read_exponent(exponent)?),
            // A hexadecimal number without exponent would not be told from a whole number.
            None if hexadecimal => return None,
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_digit =
            |c: char| if hexadecimal { c.is_ascii_hexdigit() } else { c.is_ascii_digit() };
        let all_digits = whole.chars().chain(fraction.chars()).all(is_digit);
        if !all_digits || (whole.is_empty() && fraction.is_empty()) {
            return None;
        }
        let joined = format!("{whole}{fraction}");
        let significant = joined.trim_start_matches('0');
        let dropped = i64::try_from(joined.len().checked_sub(significant.len())?).ok()?;
        let whole = i64::try_from(whole.len()).ok()?.checked_sub(dropped)?;
        let step = if hexadecimal { 4 } else { 1 };
        let exponent = whole.checked_mul(step)?.checked_add(exponent)?;
        Some(Self { negative, hexadecimal, digits: sticky(significant), exponent })
    }

    /// The same number in the form that the soft-float crate reads.
    fn to_text(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        let digits = if self.digits.is_empty() { "0" } else { &self.digits };
        let exponent = self.exponent.clamp(EXPONENT_MAX.saturating_neg(), EXPONENT_MAX);
        if self.hexadecimal {
            format!("{sign}0x0.{digits}p{exponent}")
        } else {
            format!("{sign}0.{digits}e{exponent}")
        }
    }
}

/// The first [`DIGITS_MAX`] digits; what follows matters only by being zero or not.
fn sticky(digits: &str) -> String {
    match digits.split_at_checked(DIGITS_MAX) {
        Some((kept, rest)) if rest.bytes().any(|byte| byte != b'0') => format!("{kept}1"),
        Some((kept, _)) => kept.to_owned(),
        None => digits.to_owned(),
    }
}

fn read_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // More digits than fit are as good as the largest exponent.
    let size = digits.parse::<i64>().unwrap_or(i64::MAX).min(EXPONENT_MAX.saturating_mul(100));
    Some(if text.starts_with('-') { size.saturating_neg() } else { size })
}

/// An underscore stands between two digits, or between the `0x` and a digit.
fn underscores_are_between_digits(text: &str) -> bool {
    let rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    let prefix = rest.get(..2).unwrap_or_default().to_ascii_lowercase();
    let prefixed = matches!(prefix.as_str(), "0x" | "0b" | "0o");
    let hexadecimal = prefix == "0x";
    let rest = if prefixed { rest.get(2..).unwrap_or_default() } else { rest };
    let mut before = if prefixed { b'0' } else { b'^' };
    for byte in rest.bytes() {
        let digit = byte.is_ascii_digit() || (hexadecimal && byte.is_ascii_hexdigit());
        let allowed = match (digit, byte) {
            (true, _) => true,
            (false, b'_') => before == b'0',
            (false, _) => before != b'_',
        };
        if !allowed {
            return false;
        }
        before = match byte {
            _ if digit => b'0',
            b'_' => b'_',
            _ => b'!',
        };
    }
    before != b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn milli(text: &str) -> u64 {
        Number::parse(text).unwrap().times(Number::from_whole(1000)).truncate()
    }

    #[test]
    fn products_round_as_doubles_do() {
        let rows = [
            ("1.001", 1000),
            ("1.2345", 1234),
            ("0.0105", 10),
            ("0.5", 500),
            (".5", 500),
            ("5.", 5000),
            ("1e3", 1_000_000),
            ("1_0", 10_000),
            ("0x1p4", 16_000),
            ("0x1.8p1", 3000),
            ("-0", 0),
            ("1e-400", 0),
            ("0.0000000000000000000000000000000000000001e40", 1000),
        ];
        for (text, expected) in rows {
            assert_eq!(milli(text), expected, "{text}");
        }
    }

    #[test]
    fn text_that_is_no_number_is_refused() {
        let bad = [
            "", ".", "+", "e3", "1e", "1e+", "0x10", "0x", "1__0", "_1", "1_", "1 ", " 1", "--1",
            "1.2.3", ".inf", "+nan", "0b1", "1,0", "\u{661}", "0x1p", "1_e3",
        ];
        for text in bad {
            assert_eq!(Number::parse(text).err(), Some(NoNumber::Syntax), "{text:?}");
        }
    }

    #[test]
    fn numbers_beyond_the_largest_double_are_refused() {
        for text in ["1e309", "1e99999999999999999999", "0x1p99999"] {
            assert_eq!(Number::parse(text).err(), Some(NoNumber::TooLarge), "{text}");
        }
        assert_eq!(Number::parse("1e308").unwrap().truncate(), u64::MAX);
        assert_eq!(Number::parse("inf").unwrap().truncate(), u64::MAX);
        assert_eq!(Number::parse("nan").unwrap().truncate(), 0);
    }

    #[test]
    fn long_numbers_keep_their_value() {
        let long = format!("0.5{}1", "0".repeat(20_000));
        assert_eq!(milli(&long), 500);
        let long = format!("{}e-20000", "9".repeat(20_000));
        assert_eq!(milli(&long), 1000, "just below one rounds to one");
    }

    #[test]
    fn only_whole_parts_below_zero_are_negative() {
        for (text, expected) in [("-0.5", false), ("-1", true), ("-1e30", true), ("-0", false)] {
            assert_eq!(Number::parse(text).unwrap().truncates_below_zero(), expected, "{text}");
        }
    }
}
