//! Lower-case hexadecimal, the text form of digests, keys, signatures and addresses.

use core::fmt;

/// Writes `bytes` as lower-case hexadecimal.
///
/// # Errors
///
/// Only when the formatter refuses.
pub fn write(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// Reads exactly `N` bytes from `2 × N` hexadecimal digits of either case.
#[must_use]
pub fn read<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0_u8; N];
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() || pairs.len() != N {
        return None;
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)?.checked_mul(16)?.checked_add(digit(*low)?)?;
    }
    Some(bytes)
}

/// For `#[serde(with = "…")]`: bytes that are hexadecimal text, of one spelling, in formats for
/// people, and a list of bytes everywhere else.
pub mod text {
    use alloc::string::String;
    use alloc::vec::Vec;
    use core::fmt::{self, Write as _};

    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    struct Hex<'a>(&'a [u8]);

    impl fmt::Display for Hex<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            super::write(f, self.0)
        }
    }

    /// The bytes as text.
    #[must_use]
    pub fn of(bytes: &[u8]) -> String {
        let mut text = String::with_capacity(bytes.len().saturating_mul(2));
        // A string takes what is written.
        let _ = write!(text, "{}", Hex(bytes));
        text
    }

    /// # Errors
    ///
    /// What the serializer says.
    pub fn serialize<S: Serializer>(bytes: &Vec<u8>, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(&Hex(bytes))
        } else {
            bytes.serialize(serializer)
        }
    }

    /// # Errors
    ///
    /// For text that is no lower-case hexadecimal of whole bytes, and what the deserializer says.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        if !deserializer.is_human_readable() {
            return Vec::deserialize(deserializer);
        }
        let text = String::deserialize(deserializer)?;
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
        let read = |pair: &[u8; 2]| super::read::<1>(core::str::from_utf8(pair).ok()?);
        let bytes: Option<Vec<u8>> =
            pairs.iter().map(|pair| read(pair)?.first().copied()).collect();
        match bytes {
            Some(bytes) if rest.is_empty() && is_lower => Ok(bytes),
            _ => Err(D::Error::custom("not lower-case hexadecimal of whole bytes")),
        }
    }
}

fn digit(character: u8) -> Option<u8> {
    char::from(character).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_bytes_of_the_right_count_are_read() {
        assert_eq!(read::<2>("0aFf"), Some([10, 255]));
        for bad in ["", "0a", "0aff0", "0affff", "0ag0", "+a+b", "\u{e4}a0"] {
            assert_eq!(read::<2>(bad), None, "{bad}");
        }
    }
}
