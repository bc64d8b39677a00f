//! Name-spaced SHA-256 digests and one rule for ed25519 signatures.
//!
//! Every hashed or signed input starts with its name-space, so bytes signed for one purpose mean
//! nothing for another. A signature signs a [`Digest`], and exactly one rule accepts it:
//!
//! 1. The key's bytes are a point `A` of the curve (its `y` is taken modulo the field), not of
//!    small order.
//! 2. The upper half `s` of the signature is below the order of the group.
//! 3. The lower half is a point `R` of the curve, read like the key.
//! 4. `8 s B = 8 R + 8 k A`, where `k` is the SHA-512 of the bytes of `R`, of the key and of the
//!    digest, in this order.
//!
//! That is ZIP-215 less the keys of small order, which sign for everyone. The factor 8 is what
//! makes checking in batches sound: an equation with it has the same answer alone and in a sum with
//! others, while one without it does not. So [`verify`] and [`Verifier`] give the same verdict on
//! every signature, however a batch is cut; the one is plain, the other about four times as fast.
//!
//! The only module, with [`crate::keys`], that names the hash and signature crates.

mod batch;
mod point;
mod verifier;
mod window;

use core::fmt;
use core::str::FromStr;

use sha2::block_api::compress256;
use sha2::{Digest as _, Sha256};

use self::point::{SignerPoint, Statement};
pub use self::verifier::{KEYS_KNOWN_MAX, Verifier};
pub use self::window::{BatchWindow, WINDOW_MAX};
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
    let length = u8::try_from(namespace.0.len()).unwrap_or(u8::MAX);
    let mut start = Start { bytes: [0; START_BLOCKS * BLOCK], used: 0 };
    // A name-space alone is shorter than the start in all but a name of more than 190 bytes.
    let length = [length];
    let mut rest = start.take(&length);
    let mut left = core::iter::once(namespace.0.as_bytes()).chain(parts.iter().copied());
    while rest.is_empty() {
        let Some(part) = left.next() else { return start.finish() };
        rest = start.take(part);
    }
    let mut hasher = Sha256::new();
    hasher.update(start.taken());
    hasher.update(rest);
    left.for_each(|part| hasher.update(part));
    Digest(hasher.finalize().into())
}

/// A hasher that has read the name-space.
fn hasher(namespace: Namespace) -> Sha256 {
    let mut hasher = Sha256::new();
    let length = u8::try_from(namespace.0.len()).unwrap_or(u8::MAX);
    hasher.update([length]);
    hasher.update(namespace.0.as_bytes());
    hasher
}

/// Bytes that SHA-256 works on at once.
const BLOCK: usize = 64;
/// What follows the message at least: the bit that ends it, and its length.
const PADDING_BYTES_MIN: usize = 9;
/// Blocks of a [`Start`]; the last is room for the padding.
const START_BLOCKS: usize = 4;

/// The first bytes of what is hashed, put together on the stack: most inputs are so short that they
/// go into the hash in one call, and of longer ones the rest lies on the borders of blocks.
struct Start {
    bytes: [u8; START_BLOCKS * BLOCK],
    used: usize,
}

impl Start {
    const BYTES_MAX: usize = (START_BLOCKS - 1) * BLOCK;

    /// Takes as much as there is room for, and returns the rest.
    fn take<'a>(&mut self, part: &'a [u8]) -> &'a [u8] {
        let room = self.bytes.get_mut(self.used..Self::BYTES_MAX).unwrap_or_default();
        let fits = part.len().min(room.len());
        let (now, rest) = part.split_at_checked(fits).unwrap_or((part, &[]));
        if let Some(room) = room.get_mut(..fits) {
            room.copy_from_slice(now);
        }
        self.used = self.used.saturating_add(fits);
        rest
    }

    fn taken(&self) -> &[u8] {
        self.bytes.get(..self.used).unwrap_or_default()
    }

    /// The digest of what was taken: a bit that is set, zeros, and the length in bits, at the end of
    /// the last block.
    fn finish(mut self) -> Digest {
        // The state before the first block, from the standard (FIPS 180-4, 5.3.3).
        let mut state: [u32; 8] = [
            0x6a09_e667,
            0xbb67_ae85,
            0x3c6e_f372,
            0xa54f_f53a,
            0x510e_527f,
            0x9b05_688c,
            0x1f83_d9ab,
            0x5be0_cd19,
        ];
        if let Some(end) = self.bytes.get_mut(self.used) {
            *end = 0x80;
        }
        let bits = u64::try_from(self.used).unwrap_or_default().saturating_mul(8);
        let count = self.used.saturating_add(PADDING_BYTES_MIN).div_ceil(BLOCK);
        let (blocks, _) = self.bytes.as_chunks_mut::<BLOCK>();
        let blocks = blocks.get_mut(..count).unwrap_or_default();
        if let Some(length) = blocks.last_mut().and_then(|last| last.last_chunk_mut()) {
            *length = bits.to_be_bytes();
        }
        compress256(&mut state, blocks);
        let mut digest = [0; 32];
        let (words, _) = digest.as_chunks_mut();
        words.iter_mut().zip(state).for_each(|(word, part)| *word = part.to_be_bytes());
        Digest(digest)
    }
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
        SignerPoint::read(self).is_ok()
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

/// What a signature is said to be: by `key`, over `digest`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// By whom.
    pub key: PublicKey,
    /// Over what.
    pub digest: Digest,
    /// The signature.
    pub signature: Signature,
}

impl Claim {
    /// Accepts the claim when it holds by the rule of [this module](self). [`Verifier`] does the same
    /// for many claims in less time.
    ///
    /// # Errors
    ///
    /// [`SignatureRejected`] otherwise.
    pub fn verify(&self) -> Result<(), SignatureRejected> {
        let signer = SignerPoint::read(&self.key)?;
        Statement::read(self)?.must_hold(&signer)
    }
}

/// Accepts `signature` when it is by `key` over `digest`, by the rule of [this module](self).
///
/// # Errors
///
/// [`SignatureRejected`] otherwise.
pub fn verify(
    key: &PublicKey,
    digest: &Digest,
    signature: &Signature,
) -> Result<(), SignatureRejected> {
    Claim { key: *key, digest: *digest, signature: *signature }.verify()
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
    fn parts_are_hashed_as_if_they_were_joined() {
        let bytes: Vec<u8> = (0..=255).cycle().take(700).collect();
        let names = ["", "n", "undercut/test/v1", &"n".repeat(180), &"n".repeat(255)];
        for name in names.map(|name| &*name.to_owned().leak()) {
            for length in (0..260).chain([319, 320, 321, 640, 700]) {
                let mut hasher = Sha256::new();
                hasher.update([u8::try_from(name.len()).unwrap()]);
                hasher.update(name);
                hasher.update(&bytes[..length]);
                let plain = Digest(hasher.finalize().into());
                let whole = &bytes[..length];
                assert_eq!(super::digest(Namespace(name), whole), plain, "{name} {length}");
                let (first, last) = whole.split_at(length / 3);
                let parts: [&[u8]; 4] = [first, &[], &last[..length / 3], &last[length / 3..]];
                assert_eq!(digest_parts(Namespace(name), &parts), plain, "{name} {length}");
            }
        }
    }

    #[test]
    fn the_same_bytes_differ_between_name_spaces() {
        assert_ne!(digest(NAME, b"x"), digest(Namespace("undercut/other/v1"), b"x"));
        assert_ne!(digest(Namespace("ab"), b"c"), digest(Namespace("a"), b"bc"));
    }
}
