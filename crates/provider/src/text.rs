//! Quantities as users read and write them: `9.5` CPUs, `128Gi`.

use undercut_primitives::Decimal;

/// Byte units, largest first of each kind: the first suffix that fits is the unit.
const BYTE_UNITS: [(&str, u64); 7] = [
    ("Ti", 1 << 40),
    ("Gi", 1 << 30),
    ("Mi", 1 << 20),
    ("Ki", 1 << 10),
    ("T", 1_000_000_000_000),
    ("G", 1_000_000_000),
    ("M", 1_000_000),
];

/// CPUs without trailing zeros: 9500 milli-CPU are `9.5`.
pub(crate) fn cpus(milli: u64) -> String {
    let text = format!("{}.{:03}", milli / 1_000, milli % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Bytes in the largest binary unit that is not larger, one decimal, rounded down: `9.5Gi`.
pub(crate) fn bytes(bytes: u64) -> String {
    // Up to 9999Gi, so that two numbers side by side share a unit more often.
    let (suffix, unit) = match bytes {
        0..0x400 => return format!("{bytes}B"),
        0x400..0x10_0000 => ("Ki", 1_u128 << 10),
        0x10_0000..0x4000_0000 => ("Mi", 1 << 20),
        0x4000_0000..0x2710_0000_0000 => ("Gi", 1 << 30),
        _ => ("Ti", 1 << 40),
    };
    let tenths = u128::from(bytes).saturating_mul(10).checked_div(unit).unwrap_or_default();
    match tenths % 10 {
        0 => format!("{}{suffix}", tenths / 10),
        tenth => format!("{}.{tenth}{suffix}", tenths / 10),
    }
}

/// Reads `64Gi`, `1.5Ti` or `512G`. Fractions of a byte are dropped; `None` if it is no size.
pub(crate) fn parse_bytes(text: &str) -> Option<u64> {
    let with_unit = |&(suffix, unit): &(&str, u64)| Some((text.strip_suffix(suffix)?, unit));
    let (number, unit) = BYTE_UNITS.iter().find_map(with_unit)?;
    scaled(number, unit)
}

/// Reads `16` or `0.5` CPUs as milli-CPU. Fractions of a milli-CPU are dropped.
pub(crate) fn parse_cpus(text: &str) -> Option<u64> {
    scaled(text, 1_000)
}

fn scaled(number: &str, unit: u64) -> Option<u64> {
    let number: Decimal = number.parse().ok()?;
    u64::try_from(number.times(unit).ok()?.truncate()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_read_as_people_write_them() {
        let rows = [(16_000, "16"), (9_500, "9.5"), (10, "0.01"), (0, "0"), (100_000, "100")];
        for (milli, text) in rows {
            assert_eq!(cpus(milli), text);
            assert_eq!(parse_cpus(text), Some(milli));
        }
        let rows =
            [(128 << 30, "128Gi"), (19 << 29, "9.5Gi"), (5 << 20, "5Mi"), (64 << 40, "64Ti")];
        for (size, text) in rows {
            assert_eq!(bytes(size), text);
            assert_eq!(parse_bytes(text), Some(size));
        }
        assert_eq!(bytes(751_619_276), "716.7Mi");
        assert_eq!(bytes(0), "0B");
        assert_eq!(bytes(u64::MAX), "16777215.9Ti");
        assert_eq!(parse_bytes("25G"), Some(25_000_000_000));
        for bad in ["", "Gi", "64", "64gi", "-1Gi", "99999999999Ti", "1e3Gi", "NaNGi"] {
            assert_eq!(parse_bytes(bad), None, "{bad}");
        }
    }
}
