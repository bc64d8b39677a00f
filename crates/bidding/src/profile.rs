//! [`ProviderProfile`]: what a provider says about itself, and what auditors signed about it.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};
use undercut_primitives::codec::Canonical;
use undercut_primitives::{Attribute, Code};

/// A provider's own attributes and the audited ones.
///
/// Sets of different signers are never merged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct ProviderProfile {
    /// What the provider registered: placement attributes and `capabilities/…`.
    pub attributes: Vec<Attribute>,
    /// What each auditor signed, by the auditor's name: the text that manifests call it. An empty list counts as a
    /// record.
    pub audits: BTreeMap<String, Vec<Attribute>>,
}

impl ProviderProfile {
    /// The most attributes of the provider itself, and of each auditor.
    pub const ATTRIBUTES_MAX: usize = 256;
    /// The most bytes of a value.
    pub const VALUE_BYTES_MAX: usize = 256;
    /// The most auditors with a record about one provider.
    pub const AUDITORS_MAX: usize = 32;

    /// A profile of the provider's own `attributes`, not audited.
    #[must_use]
    pub const fn new(attributes: Vec<Attribute>) -> Self {
        Self { attributes, audits: BTreeMap::new() }
    }

    /// Checks the sizes, the pattern of the keys and that no set holds a key twice.
    ///
    /// A key is a letter, then 1 to 126 of `A-Z a-z 0-9 _ / . -`: no wildcard. Own attributes come
    /// first, then the auditors in order of their name. Source: `chain.md` 2.5; the reference
    /// leaves audit records unchecked (W32).
    ///
    /// # Errors
    ///
    /// The first [`ProfileRejection`], in the order of its variants within each set.
    pub fn check(&self) -> Result<(), ProfileRejection> {
        let (found, limit) = (self.audits.len(), Self::AUDITORS_MAX);
        if found > limit {
            return Err(ProfileRejection::TooManyAuditors { found, limit });
        }
        check_set(&AttributeSet::Own, &self.attributes)?;
        for (auditor, attributes) in &self.audits {
            check_set(&AttributeSet::Audited(auditor.clone()), attributes)?;
        }
        Ok(())
    }
}

fn check_set(set: &AttributeSet, attributes: &[Attribute]) -> Result<(), ProfileRejection> {
    let (found, limit) = (attributes.len(), ProviderProfile::ATTRIBUTES_MAX);
    if found > limit {
        return Err(ProfileRejection::TooManyAttributes { set: set.clone(), found, limit });
    }
    let mut keys = BTreeSet::new();
    for attribute in attributes {
        let Attribute { key, value } = attribute;
        if !attribute.has_strict_key() {
            return Err(ProfileRejection::InvalidKey { set: set.clone(), key: excerpt(key) });
        }
        let (bytes, limit) = (value.len(), ProviderProfile::VALUE_BYTES_MAX);
        if bytes > limit {
            let (set, key) = (set.clone(), key.clone());
            return Err(ProfileRejection::ValueTooLong { set, key, bytes, limit });
        }
        if !keys.insert(key) {
            return Err(ProfileRejection::DuplicateKey { set: set.clone(), key: key.clone() });
        }
    }
    Ok(())
}

/// The start of a text that may be of any length.
fn excerpt(text: &str) -> String {
    text.chars().take(80).collect()
}

/// Whose attributes are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttributeSet {
    /// The provider's own.
    Own,
    /// Those that the auditor of this name signed.
    Audited(String),
}

impl fmt::Display for AttributeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own => f.write_str("the provider's own attributes"),
            Self::Audited(auditor) => write!(f, "the attributes signed by {auditor}"),
        }
    }
}

/// Why a profile is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileRejection {
    /// More auditors have a record than are kept.
    #[error("{found} auditors where at most {limit} are kept")]
    TooManyAuditors {
        /// Auditors given.
        found: usize,
        /// The most that are kept.
        limit: usize,
    },
    /// A set is too long: drop attributes that no order asks for.
    #[error("{set}: {found} attributes where at most {limit} are allowed")]
    TooManyAttributes {
        /// Whose.
        set: AttributeSet,
        /// Attributes given.
        found: usize,
        /// The most allowed.
        limit: usize,
    },
    /// A key has a forbidden character or length.
    #[error("{set}: `{key}` is no key: a letter, then 1 to 126 of A-Z a-z 0-9 _ / . -")]
    InvalidKey {
        /// Whose.
        set: AttributeSet,
        /// The key, at most 80 characters of it.
        key: String,
    },
    /// A value is too long.
    #[error("{set}: the value of `{key}` has {bytes} bytes where at most {limit} are allowed")]
    ValueTooLong {
        /// Whose.
        set: AttributeSet,
        /// The key.
        key: String,
        /// Bytes of its value.
        bytes: usize,
        /// The most allowed.
        limit: usize,
    },
    /// The provider cannot be reached there.
    #[error("`{uri}` is no host URI such as https://provider.example:8443: {why}")]
    HostUri {
        /// The text, at most 80 characters of it.
        uri: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The website is no address of a page.
    #[error("`{website}` is no website such as https://provider.example: {why}")]
    Website {
        /// The text, at most 80 characters of it.
        website: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The e-mail address is too long.
    #[error("an e-mail address of {bytes} bytes where at most {limit} are allowed")]
    EmailTooLong {
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        limit: usize,
    },
    /// A key stands twice in one set.
    #[error("{set}: `{key}` stands twice")]
    DuplicateKey {
        /// Whose.
        set: AttributeSet,
        /// The key.
        key: String,
    },
}

impl ProfileRejection {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::new(match self {
            Self::TooManyAuditors { .. } => "PRF001",
            Self::TooManyAttributes { .. } => "PRF002",
            Self::InvalidKey { .. } => "PRF003",
            Self::ValueTooLong { .. } => "PRF004",
            Self::DuplicateKey { .. } => "PRF005",
            Self::HostUri { .. } => "PRF006",
            Self::Website { .. } => "PRF007",
            Self::EmailTooLong { .. } => "PRF008",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(keys: &[&str]) -> ProviderProfile {
        ProviderProfile::new(keys.iter().map(|key| Attribute::new(*key, "v")).collect())
    }

    #[test]
    fn keys_follow_the_strict_pattern() {
        let (longest, too_long) = ("k".repeat(127), "k".repeat(128));
        for key in ["k1", "region", "capabilities/storage/1/class", "a_b.c-d", &longest] {
            assert_eq!(profile(&[key]).check(), Ok(()), "{key}");
        }
        for key in ["", "k", "1k", "hihi*", "$", "a b", "é1", &too_long] {
            let rejection = profile(&[key]).check().unwrap_err();
            assert_eq!(rejection.code().as_str(), "PRF003", "{key}: {rejection}");
        }
    }

    #[test]
    fn a_key_stands_once_per_set() {
        assert_eq!(profile(&["key", "kez", "key"]).check().unwrap_err().code().as_str(), "PRF005");
        let mut audited = profile(&["key"]);
        audited.audits.insert("auditor".into(), profile(&["key"]).attributes);
        assert_eq!(audited.check(), Ok(()), "two sets may share a key");
        audited.audits.insert("other".into(), profile(&["key", "key"]).attributes);
        let expected = "the attributes signed by other: `key` stands twice";
        assert_eq!(audited.check().unwrap_err().to_string(), expected);
    }

    #[test]
    fn sizes_are_bounded() {
        let keys: Vec<String> = (0..257).map(|n| format!("key{n}")).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        assert_eq!(profile(&keys[..256]).check(), Ok(()));
        assert_eq!(profile(&keys).check().unwrap_err().code().as_str(), "PRF002");

        let long = ProviderProfile::new(vec![Attribute::new("key", "v".repeat(257))]);
        assert_eq!(long.check().unwrap_err().code().as_str(), "PRF004");

        let mut audited = profile(&[]);
        audited.audits = (0..33).map(|n| (format!("{n}"), vec![])).collect();
        assert_eq!(audited.check().unwrap_err().code().as_str(), "PRF001");
    }
}
