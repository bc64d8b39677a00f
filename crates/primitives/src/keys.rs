//! Secret keys, for wallets, agents and tests (feature `keys`). The engine never sees one.

use core::fmt;

use ed25519_dalek::{Signer as _, SigningKey};

use crate::Address;
use crate::crypto::{self, Digest, Namespace, PublicKey, Signature};

const SEED: Namespace = Namespace("undercut/key-from-seed/v1");

/// A secret key and its public half. The secret is wiped from memory when dropped.
pub struct KeyPair(SigningKey);

impl KeyPair {
    /// The pair with this secret.
    #[must_use]
    pub fn from_secret(secret: [u8; 32]) -> Self {
        Self(SigningKey::from_bytes(&secret))
    }

    /// A pair that anyone can derive from `seed` and `name`: for simulations and tests only.
    #[must_use]
    pub fn insecure(seed: u64, name: &str) -> Self {
        let secret = crypto::digest_parts(SEED, &[&seed.to_le_bytes(), name.as_bytes()]);
        Self::from_secret(*secret.as_bytes())
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey::from_bytes(self.0.verifying_key().to_bytes())
    }

    /// The account that this key opens.
    #[must_use]
    pub fn address(&self) -> Address {
        Address::of_key(&self.public())
    }

    /// Signs a digest.
    #[must_use]
    pub fn sign(&self, digest: &Digest) -> Signature {
        Signature::from_bytes(&self.0.sign(digest.as_bytes()).to_bytes())
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyPair({})", self.public())
    }
}
