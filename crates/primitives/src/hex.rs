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
