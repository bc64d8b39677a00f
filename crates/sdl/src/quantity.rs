//! Quantities: CPUs, sizes, whole numbers, amounts and durations, from text (`sdl.md` 8).
//!
//! Rounding: everything is truncated; the tenant never asks for more than the text says.

use undercut_primitives::Decimal;

use crate::float::{NoNumber, Number};
use crate::suggest::grouped;

/// Why a text is no quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoQuantity {
    /// It is not written like one.
    Syntax,
    /// It is below zero.
    Negative,
    /// It is larger than what can be held.
    TooLarge,
}

impl From<NoNumber> for NoQuantity {
    fn from(error: NoNumber) -> Self {
        match error {
            NoNumber::Syntax => Self::Syntax,
            NoNumber::TooLarge => Self::TooLarge,
        }
    }
}

/// Units of memory and storage with their bytes, in the order in which help lists them.
pub(crate) const SIZE_UNITS: [(&str, u64); 12] = [
    ("k", 1_000),
    ("M", 1_000_000),
    ("G", 1_000_000_000),
    ("T", 1_000_000_000_000),
    ("P", 1_000_000_000_000_000),
    ("E", 1_000_000_000_000_000_000),
    ("Ki", 1 << 10),
    ("Mi", 1 << 20),
    ("Gi", 1 << 30),
    ("Ti", 1 << 40),
    ("Pi", 1 << 50),
    ("Ei", 1 << 60),
];

/// Bytes of memory or storage, truncated.
pub(crate) fn size(text: &str) -> Result<u64, NoQuantity> {
    size_with(text, &SIZE_UNITS)
}

/// GPU memory in whole Gi, truncated. Only units that are powers of 1024 count.
pub(crate) fn gpu_memory_gi(text: &str) -> Result<u64, NoQuantity> {
    let (_, binary) = SIZE_UNITS.split_at(6);
    Ok(size_with(text, binary)? >> 30)
}

fn size_with(text: &str, units: &[(&str, u64)]) -> Result<u64, NoQuantity> {
    let unit = units.iter().find_map(|(name, bytes)| Some((text.strip_suffix(name)?, *bytes)));
    let (number, bytes) = unit.unwrap_or((text, 1));
    product(number, bytes)
}

/// `number` times `factor` in double precision, truncated.
fn product(number: &str, factor: u64) -> Result<u64, NoQuantity> {
    /// Up to here a double holds every whole number.
    const EXACT_MAX: u64 = 1 << 53;
    let exact = whole(number).ok().filter(|number| *number <= EXACT_MAX);
    match exact.and_then(|number| number.checked_mul(factor)) {
        Some(product) if product <= EXACT_MAX => Ok(product),
        _ => product_of_doubles(number, factor),
    }
}

/// [`product`] for any number.
fn product_of_doubles(number: &str, factor: u64) -> Result<u64, NoQuantity> {
    let value = Number::parse(number)?.times(Number::from_whole(factor));
    if value.is_negative() {
        return Err(NoQuantity::Negative);
    }
    Ok(value.truncate())
}

/// Thousandths of a CPU, truncated: `500m` or `0.5`.
pub(crate) fn cpu_milli(text: &str) -> Result<u64, NoQuantity> {
    match text.strip_suffix('m') {
        Some(digits) => whole(digits),
        None => product(text, 1_000),
    }
}

/// Thousandths of a CPU in words: `0.5 CPU`, `16 CPU`.
pub(crate) fn cpus_text(milli: u64) -> String {
    let (whole, rest) = (milli / 1_000, milli % 1_000);
    let fraction = format!("{rest:03}");
    match fraction.trim_end_matches('0') {
        "" => format!("{} CPU", grouped(whole)),
        fraction => format!("{}.{fraction} CPU", grouped(whole)),
    }
}

/// Bytes as a size that people write: `512Mi`, `1536Mi`, or `1,000 bytes` where no unit fits.
pub(crate) fn size_text(bytes: u64) -> String {
    let binary = SIZE_UNITS.iter().rev().filter(|(name, _)| name.ends_with('i'));
    for (name, unit) in binary {
        if bytes > 0
            && bytes.is_multiple_of(*unit)
            && let Some(count) = bytes.checked_div(*unit)
        {
            return format!("{}{name}", grouped(count));
        }
    }
    match bytes {
        1 => "1 byte".to_owned(),
        bytes => format!("{} bytes", grouped(bytes)),
    }
}

/// A whole number in decimal digits alone.
pub(crate) fn whole(text: &str) -> Result<u64, NoQuantity> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NoQuantity::Syntax);
    }
    text.parse().map_err(|_| NoQuantity::TooLarge)
}

/// An unsigned 32-bit number as YAML writes it: decimal, hexadecimal, octal, binary, or with a
/// fraction that is dropped.
pub(crate) fn unsigned(text: &str) -> Result<u32, NoQuantity> {
    let starts_well = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    if !starts_well || !text.is_ascii() {
        return Err(NoQuantity::Syntax);
    }
    let plain = text.replace('_', "");
    let (negative, digits) = match plain.strip_prefix(['+', '-']) {
        Some(digits) => (plain.starts_with('-'), digits),
        None => (false, plain.as_str()),
    };
    if let Some(value) = integer(digits) {
        return match u32::try_from(value?) {
            Ok(value) if !negative || value == 0 => Ok(value),
            Ok(_) => Err(NoQuantity::Negative),
            Err(_) => Err(NoQuantity::TooLarge),
        };
    }
    let written = digits.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    if !written || text.starts_with(['_', '.']) && text.contains('_') {
        return Err(NoQuantity::Syntax);
    }
    let value = Number::parse(&plain)?;
    if value.truncates_below_zero() {
        return Err(NoQuantity::Negative);
    }
    u32::try_from(value.truncate()).map_err(|_| NoQuantity::TooLarge)
}

/// Digits with an optional prefix for their base; `None` when they are no such integer, because
/// then they may still be a number with a fraction.
fn integer(digits: &str) -> Option<Result<u64, NoQuantity>> {
    let prefix = digits.get(..2).unwrap_or_default().to_ascii_lowercase();
    let (radix, rest) = match prefix.as_str() {
        "0x" => (16, digits.get(2..)?),
        "0b" => (2, digits.get(2..)?),
        "0o" => (8, digits.get(2..)?),
        _ if is_octal(digits) => (8, digits),
        _ => (10, digits),
    };
    if rest.is_empty() || !rest.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    // `09` is not octal, so it is no integer at all, and goes on as the number 9.
    if radix == 10 && digits.len() > 1 && digits.starts_with('0') {
        return None;
    }
    Some(u64::from_str_radix(rest, radix).map_err(|_| NoQuantity::TooLarge))
}

/// Whether digits are read as octal for their leading zero.
pub(crate) fn is_octal(digits: &str) -> bool {
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    digits.len() > 1
        && digits.starts_with('0')
        && digits.bytes().all(|byte| matches!(byte, b'0'..=b'7' | b'_'))
}

/// The amount of a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Amount {
    /// Zero or more.
    Some(Decimal),
    /// Above what a [`Decimal`] holds, and so above every limit.
    Huge,
}

/// Digits in front of the point that the reference can still hold in its 256 bits.
const AMOUNT_DIGITS_MAX: usize = 60;

/// A price's amount: an optional sign, digits, and up to 18 digits after a point.
pub(crate) fn amount(text: &str) -> Result<Amount, NoQuantity> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let whole = rest.split('.').next().unwrap_or_default();
    let digits = rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let fraction = rest.get(whole.len()..).unwrap_or_default();
    let one_point = fraction.matches('.').count() <= 1 && fraction != ".";
    if whole.is_empty() || !digits || !one_point || fraction.len() > 19 {
        return Err(NoQuantity::Syntax);
    }
    let significant = whole.trim_start_matches('0');
    if significant.len() > AMOUNT_DIGITS_MAX {
        return Err(NoQuantity::TooLarge);
    }
    let shortest = if significant.is_empty() { "0" } else { significant };
    let value = format!("{shortest}{fraction}").parse::<Decimal>().ok();
    match value {
        Some(value) if negative && !value.is_zero() => Err(NoQuantity::Negative),
        None if negative => Err(NoQuantity::Negative),
        Some(value) => Ok(Amount::Some(value)),
        None => Ok(Amount::Huge),
    }
}

/// Nanoseconds of a duration such as `1h30m`, truncated per part as the reference does.
pub(crate) fn duration_ns(text: &str) -> Result<u64, NoQuantity> {
    const LONGEST: u64 = i64::MAX.unsigned_abs();
    let (negative, mut rest) = match text.strip_prefix(['+', '-']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(NoQuantity::Syntax);
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (part, after) = duration_part(rest)?;
        total = total.checked_add(part).ok_or(NoQuantity::TooLarge)?;
        rest = after;
    }
    match (negative, total) {
        (true, 1..) => Err(NoQuantity::Negative),
        (_, total) if total > LONGEST => Err(NoQuantity::TooLarge),
        (_, total) => Ok(total),
    }
}

/// The first number and unit of a duration, and what follows.
fn duration_part(text: &str) -> Result<(u64, &str), NoQuantity> {
    let is_number = |c: char| c.is_ascii_digit() || c == '.';
    let (number, rest) = text.split_at(text.find(|c| !is_number(c)).unwrap_or(text.len()));
    let (unit, rest) = rest.split_at(rest.find(is_number).unwrap_or(rest.len()));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return Err(NoQuantity::Syntax);
    }
    let unit: u64 = match unit {
        "ns" => 1,
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return Err(NoQuantity::Syntax),
    };
    let whole = if whole.is_empty() { 0 } else { self::whole(whole)? };
    let whole = whole.checked_mul(unit).ok_or(NoQuantity::TooLarge)?;
    let part = whole.checked_add(fraction_of(fraction, unit)).ok_or(NoQuantity::TooLarge)?;
    Ok((part, rest))
}

/// `0.FRACTION` of a unit: digits times (unit over power of ten) in double precision, truncated.
/// Digits beyond 18 are dropped, as the reference does.
fn fraction_of(fraction: &str, unit: u64) -> u64 {
    let kept = fraction.get(..18).unwrap_or(fraction);
    let digits = kept.parse::<u64>().unwrap_or(0);
    let exponent = u32::try_from(kept.len()).unwrap_or(0);
    let scale = 10_u64.checked_pow(exponent).unwrap_or(u64::MAX);
    let step = Number::from_whole(unit).divided_by(Number::from_whole(scale));
    Number::from_whole(digits).times(step).truncate()
}

#[cfg(test)]
mod tests {
    use super::*;
    use NoQuantity::{Negative, Syntax, TooLarge};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whole_numbers_need_no_doubles(number in "[0-9]{1,19}", unit in 0_usize..=12) {
            let factor = SIZE_UNITS.get(unit).map_or(1, |(_, factor)| *factor);
            prop_assert_eq!(product(&number, factor), product_of_doubles(&number, factor));
        }
    }

    #[test]
    fn sizes_are_products_of_doubles_truncated() {
        let rows = [
            ("512Mi", Ok(536_870_912)),
            ("0.1Gi", Ok(107_374_182)),
            ("100.7Mi", Ok(105_591_603)),
            ("1e3Mi", Ok(1_048_576_000)),
            ("1073741824", Ok(1_073_741_824)),
            ("0x1p30", Ok(1_073_741_824)),
            ("15G", Ok(15_000_000_000)),
            ("1E", Ok(1_000_000_000_000_000_000)),
            ("16GB", Err(Syntax)),
            ("1gi", Err(Syntax)),
            ("1 Gi", Err(Syntax)),
            ("1e", Err(Syntax)),
            ("Gi", Err(Syntax)),
            ("1Gi\n", Err(Syntax)),
            ("-1Gi", Err(Negative)),
            ("1e309", Err(TooLarge)),
        ];
        for (text, expected) in rows {
            assert_eq!(size(text), expected, "{text}");
        }
    }

    #[test]
    fn gpu_memory_is_whole_gi() {
        let rows = [
            ("80Gi", Ok(80)),
            ("40960Mi", Ok(40)),
            ("79.9Gi", Ok(79)),
            ("1.5Ti", Ok(1536)),
            ("80", Ok(0)),
            ("80G", Err(Syntax)),
        ];
        for (text, expected) in rows {
            assert_eq!(gpu_memory_gi(text), expected, "{text}");
        }
    }

    #[test]
    fn cpus_are_thousandths() {
        let rows = [
            ("500m", Ok(500)),
            ("1.001", Ok(1000)),
            ("0.5m", Err(Syntax)),
            ("5M", Err(Syntax)),
            ("-1", Err(Negative)),
        ];
        for (text, expected) in rows {
            assert_eq!(cpu_milli(text), expected, "{text}");
        }
    }

    #[test]
    fn whole_numbers_follow_yaml() {
        let rows = [
            ("80", Ok(80)),
            ("0x50", Ok(80)),
            ("0X5_0", Ok(80)),
            ("+0x50", Ok(80)),
            ("0120", Ok(80)),
            ("0o120", Ok(80)),
            ("08", Ok(8)),
            ("0109", Ok(109)),
            ("0b1010000", Ok(80)),
            ("8_0", Ok(80)),
            ("80_", Ok(80)),
            ("80.7", Ok(80)),
            ("80.", Ok(80)),
            ("8e1", Ok(80)),
            (".5", Ok(0)),
            ("-0.5", Ok(0)),
            ("-1", Err(Negative)),
            ("4294967295", Ok(u32::MAX)),
            ("4294967296", Err(TooLarge)),
            ("99999999999999999999", Err(TooLarge)),
            ("1e400", Err(TooLarge)),
            ("1:20", Err(Syntax)),
            ("1,000", Err(Syntax)),
            ("2024-01-02", Err(Syntax)),
            ("_80", Err(Syntax)),
            (".inf", Err(Syntax)),
            ("", Err(Syntax)),
        ];
        for (text, expected) in rows {
            assert_eq!(unsigned(text), expected, "{text}");
        }
    }

    #[test]
    fn amounts_have_up_to_18_decimals() {
        let some = |text: &str| Ok(Amount::Some(text.parse().unwrap()));
        let rows = [
            ("1000", some("1000")),
            ("+5", some("5")),
            ("007.50", some("7.5")),
            ("-0", some("0")),
            ("0.000000000000000001", some("0.000000000000000001")),
            ("1000000000000000000000000", Ok(Amount::Huge)),
            ("0.0000000000000000001", Err(Syntax)),
            ("-1", Err(Negative)),
            ("--5", Err(Syntax)),
            ("1e3", Err(Syntax)),
            ("1.", Err(Syntax)),
            (".5", Err(Syntax)),
            ("1_0", Err(Syntax)),
            ("5\n", Err(Syntax)),
            ("", Err(Syntax)),
        ];
        for (text, expected) in rows {
            assert_eq!(amount(text), expected, "{text}");
        }
        assert_eq!(amount(&"9".repeat(5000)), Err(TooLarge));
    }

    #[test]
    fn durations_add_their_parts() {
        let rows = [
            ("1h30m", Ok(5_400_000_000_000)),
            ("1.5h", Ok(5_400_000_000_000)),
            ("500ms", Ok(500_000_000)),
            ("1us", Ok(1000)),
            ("0", Ok(0)),
            ("0s", Ok(0)),
            (".5s", Ok(500_000_000)),
            ("2562047h", Ok(9_223_369_200_000_000_000)),
            ("2562048h", Err(TooLarge)),
            ("-1h", Err(Negative)),
            ("1d", Err(Syntax)),
            ("1", Err(Syntax)),
            ("h", Err(Syntax)),
            (".s", Err(Syntax)),
            ("1h ", Err(Syntax)),
            ("", Err(Syntax)),
        ];
        for (text, expected) in rows {
            assert_eq!(duration_ns(text), expected, "{text}");
        }
    }
}
