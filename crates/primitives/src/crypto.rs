//! Name-spaced SHA-256 digests and one rule for ed25519 signatures.
//!
//! Every hashed or signed input starts with its name-space, so bytes signed for one purpose mean
//! nothing for another. A signature signs a [`Digest`]; it is accepted by exactly one rule, the
//! strict one (no small-order points, canonical scalars), for one signature at a time: the usual
//! batch check accepts signatures that the single check refuses, and would fork a chain.
//!
//! The only module, with [`crate::keys`], that names the hash and signature crates.

use core::fmt;
use core::str::FromStr;

use ed25519_dalek::VerifyingKey;
use sha2::{Digest as _, Sha256};

use crate::codec::Canonical;
use crate::readable::text_for_people;
use crate::{ParseError, hex};

/// What a digest or signature is for, e.g. `undercut/lease/v1`. At most 255 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Namespace(pub &'static str);

/// 32 bytes of SHA-256. Text: 64 lower-case hex digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Canonical)]
pub struct Digest([u8; 32]);

text_for_people!(Digest([u8; 32]));

impl Digest {
    /// All zero: the hash before the first record, and the root of nothing.
    pub const ZERO: Self = Self([0; 32]);

    /// A digest from its bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// SHA-256 over the length of the name-space (one byte), the name-space, and `bytes`.
#[must_use]
pub fn digest(namespace: Namespace, bytes: &[u8]) -> Digest {
    digest_parts(namespace, &[bytes])
}

/// [`digest`] of the parts joined. The caller sees to it that joining loses no border.
#[must_use]
pub fn digest_parts(namespace: Namespace, parts: &[&[u8]]) -> Digest {
    let mut hasher = Sha256::new();
    let length = u8::try_from(namespace.0.len()).unwrap_or(u8::MAX);
    hasher.update([length]);
    hasher.update(namespace.0.as_bytes());
    for part in parts {
        hasher.update(part);
    }
    Digest(hasher.finalize().into())
}

/// SHA-256 of `bytes` alone, for formats that others defined, such as an SDL version hash.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

/// An ed25519 public key as it travels: 32 bytes, not yet known to be a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Canonical)]
pub struct PublicKey([u8; 32]);

text_for_people!(PublicKey([u8; 32]));

impl PublicKey {
    /// A key from its bytes. [`verify`] and [`PublicKey::is_usable`] decide whether it is one.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether the bytes are a point that can stand for one signer: not of small order.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        VerifyingKey::from_bytes(&self.0).is_ok_and(|key| !key.is_weak())
    }
}

/// An ed25519 signature: 64 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Canonical)]
pub struct Signature {
    r: [u8; 32],
    s: [u8; 32],
}

text_for_people!(Signature { r: [u8; 32], s: [u8; 32] });

impl Signature {
    /// A signature from its bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 64]) -> Self {
        let (halves, _) = bytes.as_chunks::<32>();
        match halves {
            [r, s] => Self { r: *r, s: *s },
            // 64 bytes are two chunks of 32; no other shape exists.
            _ => Self { r: [0; 32], s: [0; 32] },
        }
    }

    /// The bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 64] {
        let mut bytes = [0; 64];
        let (r, s) = bytes.split_at_mut(32);
        r.copy_from_slice(&self.r);
        s.copy_from_slice(&self.s);
        bytes
    }
}

/// A signature that the rule does not accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureRejected {
    /// The key is no point on the curve, or one of small order.
    #[error("the public key cannot stand for a signer")]
    WeakKey,
    /// The signature is not by this key over this digest.
    #[error("the signature is not by this key over this message")]
    WrongSignature,
}

/// Accepts `signature` when it is by `key` over `digest`, by the strict rule.
///
/// # Errors
///
/// [`SignatureRejected`] otherwise.
pub fn verify(
    key: &PublicKey,
    digest: &Digest,
    signature: &Signature,
) -> Result<(), SignatureRejected> {
    let key = VerifyingKey::from_bytes(&key.0).map_err(|_| SignatureRejected::WeakKey)?;
    if key.is_weak() {
        return Err(SignatureRejected::WeakKey);
    }
    let signature = ed25519_dalek::Signature::from_bytes(&signature.to_bytes());
    key.verify_strict(&digest.0, &signature).map_err(|_| SignatureRejected::WrongSignature)
}

macro_rules! hex_text {
    ($name:ident, $wanted:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                hex::write(f, &self.0)
            }
        }

        impl FromStr for $name {
            type Err = ParseError;

            fn from_str(text: &str) -> Result<Self, ParseError> {
                hex::read(text).map(Self).ok_or_else(|| ParseError::new(text, $wanted))
            }
        }
    };
}

hex_text!(Digest, "a digest of 64 hex digits");
hex_text!(PublicKey, "a public key of 64 hex digits");

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(f, &self.to_bytes())
    }
}

impl FromStr for Signature {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let bytes = hex::read(text).map(|bytes| Self::from_bytes(&bytes));
        bytes.ok_or_else(|| ParseError::new(text, "a signature of 128 hex digits"))
    }
}

#[cfg(all(test, feature = "keys"))]
mod tests {
    use super::*;
    use crate::keys::KeyPair;

    const NAME: Namespace = Namespace("undercut/test/v1");

    #[test]
    fn any_flipped_bit_is_refused() {
        let pair = KeyPair::from_secret([7; 32]);
        let digest = digest(NAME, b"bid");
        let signature = pair.sign(&digest);
        assert_eq!(verify(&pair.public(), &digest, &signature), Ok(()));
        for bit in 0..512 {
            let mut bytes = signature.to_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(verify(&pair.public(), &digest, &Signature::from_bytes(&bytes)).is_err());
        }
    }

    #[test]
    fn small_order_keys_stand_for_nobody() {
        // The identity and a point of order 8.
        let mut identity = [0; 32];
        identity[0] = 1;
        let eight = hex::read("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a");
        for bytes in [identity, eight.unwrap()] {
            assert!(!PublicKey::from_bytes(bytes).is_usable());
        }
    }

    #[test]
    fn the_same_bytes_differ_between_name_spaces() {
        assert_ne!(digest(NAME, b"x"), digest(Namespace("undercut/other/v1"), b"x"));
        assert_ne!(digest(Namespace("ab"), b"c"), digest(Namespace("a"), b"bc"));
    }
}
