//! [`Registration`]: what a provider signs about itself: where it is reached, what it has.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use undercut_primitives::Attribute;
use undercut_primitives::codec::Canonical;

use crate::ProfileRejection;

/// Bytes of a host URI, a website or an e-mail address.
pub const CONTACT_BYTES_MAX: usize = 256;

/// What a provider signs about itself. The signer is the provider; an update replaces all of it.
///
/// Source: `chain.md` 2.5 and 8.1.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct Registration {
    /// Where tenants send manifests: `https://host` or `https://host:port`, nothing behind it.
    pub host_uri: String,
    /// Placement attributes and `capabilities/…`.
    pub attributes: Vec<Attribute>,
    /// Where people are reached; may be empty.
    pub email: String,
    /// A page for people, `https://…` or `http://…`; may be empty.
    pub website: String,
}

impl Registration {
    /// A registration without contacts for people.
    #[must_use]
    pub fn new(host_uri: impl Into<String>, attributes: Vec<Attribute>) -> Self {
        Self { host_uri: host_uri.into(), attributes, ..Self::default() }
    }

    /// Checks the texts; the attributes are the profile's to check.
    ///
    /// # Errors
    ///
    /// [`ProfileRejection::HostUri`], [`ProfileRejection::Website`] or
    /// [`ProfileRejection::EmailTooLong`], in this order.
    pub fn check(&self) -> Result<(), ProfileRejection> {
        let excerpt = |text: &str| text.chars().take(80).collect();
        if let Err(why) = check_host_uri(&self.host_uri) {
            return Err(ProfileRejection::HostUri { uri: excerpt(&self.host_uri), why });
        }
        if let Err(why) = check_website(&self.website) {
            return Err(ProfileRejection::Website { website: excerpt(&self.website), why });
        }
        let (bytes, limit) = (self.email.len(), CONTACT_BYTES_MAX);
        if bytes > limit {
            return Err(ProfileRejection::EmailTooLong { bytes, limit });
        }
        Ok(())
    }
}

fn check_host_uri(uri: &str) -> Result<(), &'static str> {
    if uri.len() > CONTACT_BYTES_MAX {
        return Err("it is longer than 256 bytes");
    }
    let rest = uri.strip_prefix("https://").ok_or("it does not start with https://")?;
    if rest.contains(['/', '?', '#']) {
        return Err("something stands behind host and port");
    }
    check_authority(rest)
}

fn check_website(website: &str) -> Result<(), &'static str> {
    if website.is_empty() {
        return Ok(());
    }
    if website.len() > CONTACT_BYTES_MAX {
        return Err("it is longer than 256 bytes");
    }
    let rest = website.strip_prefix("https://").or_else(|| website.strip_prefix("http://"));
    let rest = rest.ok_or("it does not start with https:// or http://")?;
    if !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("it has a character that no address has");
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    check_authority(rest.get(..end).unwrap_or(rest))
}

/// A host, and optionally a port.
fn check_authority(text: &str) -> Result<(), &'static str> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']').ok_or("the bracket of its host does not end")?,
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let is_literal = text.starts_with('[');
    let fits = |byte: u8| match byte {
        b'.' => true,
        b':' => is_literal,
        b'-' | b'_' => !is_literal,
        other => other.is_ascii_alphanumeric(),
    };
    if host.is_empty() || !host.bytes().all(fits) {
        return Err("it has no host");
    }
    match port.strip_prefix(':') {
        None if port.is_empty() => Ok(()),
        Some(digits) if digits.parse::<u16>().is_ok_and(|port| port > 0) => Ok(()),
        _ => Err("its port is none"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_reached_at_https_host_and_port() {
        // chain.md P1, and more
        let rows = [
            ("https://localhost:80", true),
            ("https://provider.example", true),
            ("https://[::1]:8443", true),
            ("localhost", false),
            ("localhost:80", false),
            ("http://localhost/foo", false),
            ("https://localhost:80/foo", false),
            ("https://localhost:80/", false),
            ("https://localhost?x", false),
            ("https://user@localhost", false),
            ("https://:80", false),
            ("https://localhost:0", false),
            ("https://localhost:65536", false),
            ("https://[::1", false),
            ("https://", false),
            ("", false),
        ];
        for (uri, is_ok) in rows {
            let checked = Registration::new(uri, vec![]).check();
            assert_eq!(checked.is_ok(), is_ok, "{uri}: {checked:?}");
        }
    }

    #[test]
    fn contacts_are_optional_and_bounded() {
        let with = |website: &str, email: &str| {
            let host = Registration::new("https://localhost", vec![]);
            Registration { website: website.into(), email: email.into(), ..host }.check()
        };
        assert_eq!(with("", ""), Ok(()));
        assert_eq!(with("http://example.com/about?x=1#y", "ops@example.com"), Ok(()));
        assert_eq!(with("example.com", "").unwrap_err().code().as_str(), "PRF007");
        assert_eq!(with("https://a b", "").unwrap_err().code().as_str(), "PRF007");
        assert_eq!(with("", &"x".repeat(257)).unwrap_err().code().as_str(), "PRF008");
    }
}
