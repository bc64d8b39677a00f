//! The forms of names: services, hosts, environment variables, endpoints, attribute keys.
//!
//! Each predicate looks at the whole text: a final newline is a character like any other.

/// A service: letters, digits and hyphens in small letters, from a letter to no hyphen.
pub(crate) fn is_service_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase()) && is_label(text)
}

/// A host name: labels with points between them, at most 253 bytes.
pub(crate) fn is_host_name(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label)
}

/// Small letters, digits and hyphens, not empty, no hyphen at either end.
fn is_label(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty() && text.chars().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

/// An environment variable: letters, digits, `-`, `_` and `.`, no digit first, not `.` or `..`.
pub(crate) fn is_variable_name(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    let starts = text.starts_with(|c: char| inner(c) && !c.is_ascii_digit());
    starts && text.chars().all(inner) && text != "." && !text.starts_with("..")
}

/// A leased IP: small letters first, then also digits, `-` and `_`; at least two characters.
pub(crate) fn is_endpoint_name(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let starts = text.starts_with(|c: char| c.is_ascii_lowercase());
    starts && text.len() >= 2 && text.chars().all(inner)
}

/// A resource attribute's key: 2 to 128 characters, a letter first, `*` only last and not second.
pub(crate) fn is_attribute_key(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let inner = |c: char| word(c) || "/.-".contains(c);
    let (body, star) = match text.strip_suffix('*') {
        Some(body) => (body, true),
        None => (text, false),
    };
    // The 128th character may not be one of `/.-`.
    let fits = text.len() < 128 || (text.len() == 128 && (star || text.ends_with(word)));
    body.starts_with(|c: char| c.is_ascii_alphabetic())
        && body.len() >= 2
        && fits
        && body.chars().all(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(is_name: fn(&str) -> bool, good: &[&str], bad: &[&str]) {
        good.iter().for_each(|text| assert!(is_name(text), "{text:?} is a name"));
        bad.iter().for_each(|text| assert!(!is_name(text), "{text:?} is none"));
    }

    #[test]
    fn service_names_are_one_label() {
        check(is_service_name, &["a", "web-1"], &["", "1a", "Web", "a-", "-a", "a.b", "a\n"]);
    }

    #[test]
    fn host_names_are_labels_in_small_letters() {
        let long = "a".repeat(254);
        let bad = ["", "A.com", "*.a.com", "a_b.com", "a..b", "a.", "a:80", "a.com\n", &long];
        check(is_host_name, &["a.com", "1.2.3.4", "localhost", "a-b.c"], &bad);
    }

    #[test]
    fn variables_start_with_no_digit() {
        let bad = ["", "1A", ".", "..A", "A B", "A\n", "\u{e4}"];
        check(is_variable_name, &["A", "a.b", "-x", ".x", "A1"], &bad);
    }

    #[test]
    fn endpoint_names_have_two_characters() {
        check(is_endpoint_name, &["ip", "i1", "my_ip", "ip-"], &["i", "1i", "Ip", "a.b", "ip\n"]);
    }

    #[test]
    fn attribute_keys_have_a_star_only_last() {
        let long = "a".repeat(129);
        let bad = ["a", "1a", "a*", "a*b", "a b", "a\n", &long];
        check(is_attribute_key, &["ab", "a/", "vendor/nvidia/model/*", "a.b-c/d_e"], &bad);
    }
}
