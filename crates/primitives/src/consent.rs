//! [`Consent`]: a signed command by its digest, so that what it led to can be verified alone.

use serde::{Deserialize, Serialize};

use crate::Address;
use crate::crypto::{self, Digest, PublicKey, Signature, SignatureRejected};

/// One party's signature on a command, without the command.
///
/// An order keeps the tenant's, a bid the provider's, and the lease both: whoever holds the
/// commands can recompute the digests, and whoever does not can still check the signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// The name-spaced digest of the command, which binds chain, signer, nonce and expiry.
    pub command: Digest,
    /// Who signed.
    pub key: PublicKey,
    /// The signature over `command`.
    pub signature: Signature,
}

impl Consent {
    /// The account of the key.
    #[must_use]
    pub fn signer(&self) -> Address {
        Address::of_key(&self.key)
    }

    /// Checks the signature by the one rule of [`crypto::verify`].
    ///
    /// # Errors
    ///
    /// [`SignatureRejected`] when the key may not sign or did not.
    pub fn verify(&self) -> Result<(), SignatureRejected> {
        crypto::verify(&self.key, &self.command, &self.signature)
    }
}
