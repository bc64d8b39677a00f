//! Quantities and lists as people read them: `2 CPU`, `512Mi`, `1000 uact/block`.
//!
//! Quantities are exact: a size is a whole number of the largest unit that divides it.

use undercut_primitives::{Attribute, EndpointKind, PricePerBlock, Volume};

use crate::gate::short;
use crate::quantity::SIZE_UNITS;
use crate::suggest::grouped;

/// What stands in the place of a text that may be a secret.
const HIDDEN: &str = "(hidden)";

/// `2 CPU`, `0.5 CPU`.
pub(crate) fn cpu(milli: u64) -> String {
    let (whole, rest) = (milli / 1_000, milli % 1_000);
    match rest {
        0 => format!("{whole} CPU"),
        _ => format!("{} CPU", format!("{whole}.{rest:03}").trim_end_matches('0')),
    }
}

/// `1 GPU`, `2 GPUs`.
pub(crate) fn gpus(gpus: u64) -> String {
    if gpus == 1 { "1 GPU".to_owned() } else { format!("{gpus} GPUs") }
}

/// `1 replica`, `2 replicas`.
pub(crate) fn replicas(count: u64) -> String {
    if count == 1 { "1 replica".to_owned() } else { format!("{count} replicas") }
}

/// `512Mi`, `15G`, `1,001 bytes`.
pub(crate) fn size(bytes: u64) -> String {
    let dividing = SIZE_UNITS.iter().filter_map(|(name, unit)| {
        let is_whole = bytes > 0 && bytes.is_multiple_of(*unit);
        let number = bytes.checked_div(*unit).filter(|_| is_whole)?;
        Some((number, name))
    });
    match dividing.min() {
        Some((number, name)) => format!("{number}{name}"),
        None => format!("{} bytes", grouped(bytes)),
    }
}

/// `1000 uact/block`.
pub(crate) fn price(price: &PricePerBlock) -> String {
    format!("{} {}/block", price.value, short(price.denom.as_str()))
}

/// `24h`, `1h30m`, `90s`; parts of a second in nanoseconds.
pub(crate) fn duration(nanoseconds: u64) -> String {
    let units: [(&str, u64); 4] =
        [("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000), ("ns", 1)];
    let mut rest = nanoseconds;
    let mut out = String::new();
    for (name, unit) in units {
        let number = rest.checked_div(unit).unwrap_or(0);
        rest = rest.checked_rem(unit).unwrap_or(0);
        if number > 0 {
            out.push_str(&format!("{number}{name}"));
        }
    }
    out
}

/// `10Gi class=beta3 persistent=true`, with the name in front.
pub(crate) fn volume(volume: &Volume) -> String {
    let text = format!("`{}` of {}", short(&volume.name), size(volume.size_bytes));
    [text, attributes(&volume.attributes)].join(" ").trim_end().to_owned()
}

/// `class=beta3 persistent=true`; a GPU by its model, `a100/ram/80Gi`. The first eight.
pub(crate) fn attributes(attributes: &[Attribute]) -> String {
    const SHOWN: usize = 8;
    let one = |attribute: &Attribute| match attribute.key.strip_prefix("vendor/nvidia/model/") {
        Some(model) if attribute.value == "true" => short(model),
        _ => format!("{}={}", short(&attribute.key), short(&attribute.value)),
    };
    let mut shown: Vec<String> = attributes.iter().take(SHOWN).map(one).collect();
    if attributes.len() > SHOWN {
        shown.push("...".to_owned());
    }
    shown.join(" ")
}

/// The kind of an endpoint, for one of them.
pub(crate) const fn endpoint(kind: EndpointKind) -> &'static str {
    match kind {
        EndpointKind::SharedHttp => "HTTP endpoint",
        EndpointKind::RandomPort => "random port",
        EndpointKind::LeasedIp => "leased IP",
    }
}

/// `[a, b]`, cut to 60 characters.
pub(crate) fn list(texts: &[String]) -> String {
    // No more than these are shown.
    let shown: Vec<&str> = texts.iter().take(32).map(String::as_str).collect();
    short(&format!("[{}]", shown.join(", ")))
}

/// [`list`], hidden when it may contain a secret.
pub(crate) fn open_list(texts: &[String]) -> String {
    if texts.iter().any(|text| is_secret(text)) { HIDDEN.to_owned() } else { list(texts) }
}

/// The value of the variable `name`, hidden when it may be a secret.
pub(crate) fn open_value(name: &str, value: &str) -> String {
    if is_secret(name) || is_secret(value) { HIDDEN.to_owned() } else { short(value) }
}

/// Stands for a password.
pub(crate) fn hidden() -> String {
    HIDDEN.to_owned()
}

/// Whether a text may be a secret, or contain one: it has a word in it that secrets are named by,
/// or an address with a login.
fn is_secret(text: &str) -> bool {
    const WORDS: [&str; 7] = ["pass", "pwd", "secret", "token", "key", "credential", "auth"];
    let lower = text.to_ascii_lowercase();
    let has_login = lower.split_once("://").is_some_and(|(_, rest)| rest.contains('@'));
    has_login || WORDS.iter().any(|word| lower.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_read_as_people_write_them() {
        for (milli, text) in [(2_000, "2 CPU"), (500, "0.5 CPU"), (1_234, "1.234 CPU")] {
            assert_eq!(cpu(milli), text);
        }
        let sizes = [
            (536_870_912, "512Mi"),
            (15_000_000_000, "15G"),
            (1_000_000_000_000, "1T"),
            (1_024, "1Ki"),
            (1_001, "1,001 bytes"),
            (0, "0 bytes"),
        ];
        for (bytes, text) in sizes {
            assert_eq!(size(bytes), text);
        }
        let durations = [
            (86_400_000_000_000, "24h"),
            (5_400_000_000_000, "1h30m"),
            (1_500_000_000, "1s500000000ns"),
        ];
        for (nanoseconds, text) in durations {
            assert_eq!(duration(nanoseconds), text);
        }
    }

    #[test]
    fn what_may_be_a_secret_is_hidden() {
        for (name, value) in [("DB_PASSWORD", "x"), ("API_KEY", "x"), ("URL", "pg://me:x@db")] {
            assert_eq!(open_value(name, value), "(hidden)", "{name}={value}");
        }
        assert_eq!(open_value("LOG_LEVEL", "info"), "info");
        assert_eq!(open_list(&["--requirepass".into(), "x".into()]), "(hidden)");
        assert_eq!(open_list(&["serve".into(), "--port=80".into()]), "[serve, --port=80]");
    }
}
