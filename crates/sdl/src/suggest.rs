//! What the user may have meant: the nearest known name, the nearest size.

use crate::gate::quoted;
use crate::quantity::{self, SIZE_UNITS};

/// Longer names are not compared: the cost grows with the product of the lengths.
const LENGTH_MAX: usize = 64;
/// More names than this are not compared.
const CANDIDATES_MAX: usize = 1_000;

/// The one of `known` that is most like `name`: equal but for case, or at most a third of its
/// letters away, where two that changed places count once. Ties go to the one that starts with the
/// same letter, then to the first. Numbers are not like one another.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = letters(name)?;
    if wanted.iter().all(char::is_ascii_digit) {
        return None;
    }
    let mut best: Option<((usize, bool), &str)> = None;
    for candidate in known.into_iter().take(CANDIDATES_MAX) {
        let Some(letters) = letters(candidate) else { continue };
        let allowed = wanted.len().max(letters.len()) / 3;
        if wanted.len().abs_diff(letters.len()) > allowed {
            continue;
        }
        let distance = distance(&wanted, &letters);
        let rank = (distance, wanted.first() != letters.first());
        if distance <= allowed && best.is_none_or(|(least, _)| rank < least) {
            best = Some((rank, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

fn letters(name: &str) -> Option<Vec<char>> {
    let letters: Vec<char> = name.chars().take(LENGTH_MAX.saturating_add(1)).collect();
    let letters = (letters.len() <= LENGTH_MAX).then_some(letters)?;
    Some(letters.into_iter().map(|c| c.to_ascii_lowercase()).collect())
}

/// Letters to insert, remove or replace, or neighbours to exchange, on the way from `a` to `b`.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut earlier: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    let mut above = None;
    for (index, left) in a.iter().enumerate() {
        let mut next = vec![index.saturating_add(1)];
        let mut before = None;
        for (column, right) in b.iter().enumerate() {
            let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX);
            let here = column.saturating_add(1);
            let replaced = at(&row, column).saturating_add(usize::from(left != right));
            let removed = at(&row, here).saturating_add(1);
            let inserted = at(&next, column).saturating_add(1);
            let mut least = replaced.min(removed).min(inserted);
            if above == Some(right) && before == Some(left) {
                let exchanged = column.checked_sub(1).map(|column| at(&earlier, column));
                least = least.min(exchanged.unwrap_or(usize::MAX).saturating_add(1));
            }
            next.push(least);
            before = Some(right);
        }
        above = Some(left);
        earlier = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or(0)
}

/// Help for a text that is no size: the nearest size with its bytes, and the units.
pub(crate) fn size_help(text: &str) -> String {
    const UNITS: &str = "units are k M G T P E and Ki Mi Gi Ti Pi Ei; case matters";
    match nearest_size(text) {
        Some((size, bytes)) => format!("did you mean `{size}` ({} bytes)? {UNITS}", grouped(bytes)),
        None => format!("write a number and a unit, `512Mi`; {UNITS}"),
    }
}

/// What is wrong with a text that is no size.
pub(crate) fn size_label(text: &str) -> Option<String> {
    let unit = text.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
    let number = text.strip_suffix(unit).unwrap_or(text);
    let is_unit = unit.is_empty() || SIZE_UNITS.iter().any(|(name, _)| *name == unit);
    if number.contains(',') {
        Some("a comma is not a decimal point".to_owned())
    } else if number.trim().is_empty() {
        Some("there is no number".to_owned())
    } else if !is_unit {
        Some(format!("unknown unit {}", quoted(unit)))
    } else if text.contains(char::is_whitespace) {
        Some("a blank stands in it".to_owned())
    } else {
        None
    }
}

/// The size that a misspelt text is most like.
pub(crate) fn size(text: &str) -> Option<String> {
    nearest_size(text).map(|(size, _)| size)
}

/// The only size that a misspelt text can mean: a binary unit in wrong case or with a `B`, or blanks
/// in front of the unit. `16GB` can be 16 billion bytes or 16 Gi, and is left alone.
pub(crate) fn only_size(text: &str) -> Option<String> {
    let (size, _) = nearest_size(text)?;
    let unit = text.trim().trim_start_matches(|c: char| !c.is_ascii_alphabetic());
    if text.contains(',') {
        return None;
    }
    let is_binary = unit.get(1..).is_some_and(|rest| rest.starts_with(['i', 'I']));
    let joined: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    match quantity::size(&joined) {
        Ok(_) => Some(joined),
        Err(_) => is_binary.then_some(size),
    }
}

/// `true` or `false` for a text that can mean nothing else.
pub(crate) fn flag(text: &str) -> Option<&'static str> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "t" => Some("true"),
        "false" | "0" | "f" => Some("false"),
        _ => None,
    }
}

/// The one of `known` that is `word` but for case, blanks around it, and `-` for `_`.
pub(crate) fn same_word<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let plain = |text: &str| text.trim().to_ascii_lowercase().replace('-', "_");
    let word = plain(word);
    known.iter().copied().find(|known| plain(known) == word)
}

/// A number with a misspelt unit, respelt: `16GB`, `16 gib` and `16gi` are `16Gi`.
fn nearest_size(text: &str) -> Option<(String, u64)> {
    let text = text.trim();
    let split = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at_checked(split)?;
    let is_decimal = number.trim().split_once(',').is_some_and(|(_, rest)| rest.len() != 3);
    let number = number.replace(',', if is_decimal { "." } else { "" });
    let letter = unit.to_ascii_lowercase();
    let letter = letter.strip_suffix('b').unwrap_or(&letter);
    let letter = letter.strip_suffix('i').unwrap_or(letter);
    let meant = SIZE_UNITS.iter().rev().find(|(name, _)| {
        name.strip_suffix('i').is_some_and(|name| name.eq_ignore_ascii_case(letter))
    });
    let size = format!("{}{}", number.trim(), meant?.0);
    let bytes = quantity::size(&size).ok()?;
    Some((size, bytes))
}

/// An amount that a text can be meant as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Meant {
    /// What is wrong with the text.
    pub(crate) why: &'static str,
    /// What to write.
    pub(crate) text: String,
    /// Whether it can mean nothing else.
    pub(crate) is_certain: bool,
}

/// The amount that a text is probably meant as, beside a price's `denom`.
pub(crate) fn amount(text: &str, denom: &str) -> Option<Meant> {
    let trimmed = text.trim();
    let digits = trimmed.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = trimmed.get(digits.len()..)?;
    let number = digits.trim_end();
    let plain = number.replace(['_', ' ', '\''], "");
    let groups = plain.split(',').skip(1).all(|group| group.len() == 3);
    let (why, text, is_certain) =
        if unit.eq_ignore_ascii_case("uact") || unit.eq_ignore_ascii_case("uakt") {
            let is_certain = unit == denom && plain == number;
            ("the denom stands in `denom` alone", plain, is_certain)
        } else if let Some(expanded) = expanded(trimmed) {
            ("an exponent may not stand in it", expanded, true)
        } else if !unit.is_empty() {
            return None;
        } else if plain.contains(',') && groups {
            ("a comma may not stand in it", plain.replace(',', ""), false)
        } else if plain.matches(',').count() == 1 {
            ("a comma is not a decimal point", plain.replace(',', "."), true)
        } else if let Some(fraction) = plain.strip_prefix('.') {
            ("a digit stands in front of the point", format!("0.{fraction}"), true)
        } else if let Some(whole) = plain.strip_suffix('.') {
            ("digits stand after the point", whole.to_owned(), true)
        } else {
            ("digits stand without anything in between", plain, true)
        };
    let is_amount =
        matches!(quantity::amount(&text), Ok(quantity::Amount::Some(value)) if !value.is_zero());
    is_amount.then_some(Meant { why, text, is_certain })
}

/// `1e3` in digits.
fn expanded(text: &str) -> Option<String> {
    /// Zeros that are written out.
    const ZEROS_MAX: usize = 12;
    let (digits, exponent) = text.split_once(['e', 'E'])?;
    let zeros: usize = exponent.strip_prefix('+').unwrap_or(exponent).parse().ok()?;
    quantity::whole(digits).ok()?;
    (zeros <= ZEROS_MAX).then(|| format!("{digits}{}", "0".repeat(zeros)))
}

/// The CPUs that a text is probably meant as: `2` for `2 cores` and `2vCPU`, `0.5` for `0,5`.
pub(crate) fn cpus(text: &str) -> Option<String> {
    let lower = text.trim().to_ascii_lowercase();
    let words = ["vcpus", "vcpu", "cpus", "cpu", "cores", "core"];
    let number = words.iter().find_map(|word| lower.strip_suffix(word)).unwrap_or(&lower);
    // `1,000` may be one CPU or a thousand.
    let decimals = number.trim_end().split_once(',').map(|(_, decimals)| decimals);
    if decimals.is_some_and(|decimals| decimals.len() == 3) {
        return None;
    }
    let number = number.trim_end().replace(',', ".");
    let joined = match text.strip_suffix('M') {
        // Nobody has millions of CPUs: a capital is a slip.
        Some(digits) => format!("{digits}m"),
        None => number,
    };
    let is_quantity = joined != text && quantity::cpu_milli(&joined).is_ok();
    is_quantity.then_some(joined)
}

/// Digits in groups of three.
pub(crate) fn grouped(number: impl Into<u128>) -> String {
    let digits = number.into().to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        let left = digits.len().saturating_sub(index);
        if index > 0 && left.is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_at_most_a_third_away() {
        let known = ["webapp", "worker", "database"];
        assert_eq!(nearest("web-app", known), Some("webapp"));
        assert_eq!(nearest("WORKER", known), Some("worker"));
        assert_eq!(nearest("cache", known), None);
        assert_eq!(nearest("cuont", ["profile", "count"]), Some("count"), "two changed places");
        assert_eq!(nearest("wab", ["cab", "web"]), Some("web"), "the first letter decides a tie");
        assert_eq!(nearest("505", ["500", "503"]), None, "numbers are not like one another");
        assert_eq!(nearest("", known), None);
    }

    #[test]
    fn amounts_that_people_write_are_respelt() {
        let rows = [
            ("1,000", Some(("1000", false))),
            ("1,5", Some(("1.5", true))),
            ("1_000", Some(("1000", true))),
            ("1000uact", Some(("1000", true))),
            ("1000 uact", Some(("1000", true))),
            ("1000uakt", Some(("1000", false))),
            ("1e3", Some(("1000", true))),
            (".5", Some(("0.5", true))),
            ("5.", Some(("5", true))),
            ("$5", None),
            ("5 USD", None),
            ("0uact", None),
            ("1e99", None),
            ("", None),
        ];
        for (text, expected) in rows {
            let found = amount(text, "uact");
            let found = found.as_ref().map(|meant| (meant.text.as_str(), meant.is_certain));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn cpus_that_people_write_are_respelt() {
        let rows = [
            ("2 cores", Some("2")),
            ("2vCPU", Some("2")),
            ("500M", Some("500m")),
            ("0,5", Some("0.5")),
            ("1,000", None),
            ("many", None),
            ("2", None),
        ];
        for (text, expected) in rows {
            assert_eq!(cpus(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn misspelt_sizes_find_their_unit() {
        let rows = [
            ("16GB", Some("16Gi")),
            ("16gb", Some("16Gi")),
            ("1.5 GiB", Some("1.5Gi")),
            ("512MB", Some("512Mi")),
            ("512K", Some("512Ki")),
            ("1,5Gi", Some("1.5Gi")),
            ("1,000Mi", Some("1000Mi")),
            ("much", None),
            ("16", None),
        ];
        for (text, expected) in rows {
            assert_eq!(nearest_size(text).map(|(size, _)| size).as_deref(), expected, "{text}");
        }
        let rows = [
            ("16GB", None),
            ("16gi", Some("16Gi")),
            ("16GiB", Some("16Gi")),
            ("1.5 Gi", Some("1.5Gi")),
            ("16 G", Some("16G")),
            ("512mib", Some("512Mi")),
            ("512MB", None),
            ("16g", None),
            ("-16gi", None),
            ("1,5Gi", None),
        ];
        for (text, expected) in rows {
            assert_eq!(only_size(text).as_deref(), expected, "{text}");
        }
        assert!(size_help("16GB").starts_with("did you mean `16Gi` (17,179,869,184 bytes)?"));
    }
}
