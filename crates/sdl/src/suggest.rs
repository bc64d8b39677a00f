//! What the user may have meant: the nearest known name, the nearest size.

use crate::quantity::{self, SIZE_UNITS};

/// Longer names are not compared: the cost grows with the product of the lengths.
const LENGTH_MAX: usize = 64;
/// More names than this are not compared.
const CANDIDATES_MAX: usize = 1_000;

/// The one of `known` that is most like `name`: equal but for case, or at most a third of its
/// letters away. Ties go to the first.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = letters(name)?;
    let mut best: Option<(usize, &str)> = None;
    for candidate in known.into_iter().take(CANDIDATES_MAX) {
        let Some(letters) = letters(candidate) else { continue };
        let allowed = wanted.len().max(letters.len()) / 3;
        if wanted.len().abs_diff(letters.len()) > allowed {
            continue;
        }
        let distance = distance(&wanted, &letters);
        if distance <= allowed && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// `did you mean ...?` for the nearest known name.
pub(crate) fn did_you_mean<'a>(
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    nearest(name, known).map(|candidate| format!("did you mean `{candidate}`?"))
}

fn letters(name: &str) -> Option<Vec<char>> {
    let letters: Vec<char> = name.chars().take(LENGTH_MAX.saturating_add(1)).collect();
    let letters = (letters.len() <= LENGTH_MAX).then_some(letters)?;
    Some(letters.into_iter().map(|c| c.to_ascii_lowercase()).collect())
}

/// Letters to insert, remove or replace on the way from `a` to `b`.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (index, left) in a.iter().enumerate() {
        let mut diagonal = index;
        let mut before = index.saturating_add(1);
        for (right, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let replaced = diagonal.saturating_add(usize::from(left != right));
            diagonal = *cell;
            before = replaced.min(before.saturating_add(1)).min(cell.saturating_add(1));
            *cell = before;
        }
        if let Some(first) = row.first_mut() {
            *first = index.saturating_add(1);
        }
    }
    row.last().copied().unwrap_or(0)
}

/// Help for a text that is no size: the nearest size with its bytes, and the units.
pub(crate) fn size_help(text: &str) -> String {
    const UNITS: &str = "units are k M G T P E and Ki Mi Gi Ti Pi Ei; case matters";
    match nearest_size(text) {
        Some((size, bytes)) => format!("did you mean `{size}` ({} bytes)? {UNITS}", grouped(bytes)),
        None => UNITS.to_owned(),
    }
}

/// The only size that a misspelt text can mean: a binary unit in wrong case or with a `B`, or blanks
/// in front of the unit. `16GB` can be 16 billion bytes or 16 Gi, and is left alone.
pub(crate) fn only_size(text: &str) -> Option<String> {
    let (size, _) = nearest_size(text)?;
    let unit = text.trim().trim_start_matches(|c: char| !c.is_ascii_alphabetic());
    let is_binary = unit.get(1..).is_some_and(|rest| rest.starts_with(['i', 'I']));
    let joined: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    match quantity::size(&joined) {
        Ok(_) => Some(joined),
        Err(_) => is_binary.then_some(size),
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

/// Digits in groups of three.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
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
        assert_eq!(nearest("", known), None);
    }

    #[test]
    fn misspelt_sizes_find_their_unit() {
        let rows = [
            ("16GB", Some("16Gi")),
            ("16gb", Some("16Gi")),
            ("1.5 GiB", Some("1.5Gi")),
            ("512MB", Some("512Mi")),
            ("512K", Some("512Ki")),
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
        ];
        for (text, expected) in rows {
            assert_eq!(only_size(text).as_deref(), expected, "{text}");
        }
        assert!(size_help("16GB").starts_with("did you mean `16Gi` (17,179,869,184 bytes)?"));
    }
}
