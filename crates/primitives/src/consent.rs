//! [`Consent`]: a signed command by its digest, so that what it led to can be verified alone.

use crate::codec::Canonical;
use serde::{Deserialize, Serialize};

use crate::Address;
use crate::crypto::{Claim, Digest, PublicKey, Signature, SignatureRejected};

/// One party's signature on a command, without the command.
///
/// An order keeps the tenant's, a bid the provider's, and the lease both: whoever holds the
/// commands can recompute the digests, and whoever does not can still check the signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct Consent {
    /// Whose consent it is.
    pub account: Address,
    /// The name-spaced digest of the command, which binds chain, account, key, nonce and expiry.
    pub command: Digest,
    /// The account's key at that time.
    pub key: PublicKey,
    /// The signature over `command`.
    pub signature: Signature,
}

impl Consent {
    /// Checks the signature by the one rule of [`crate::crypto`]. That the key was the account's is
    /// for the log to say: an account that never changed its key is [`Address::of_key`] of it.
    ///
    /// # Errors
    ///
    /// [`SignatureRejected`] when the key may not sign or did not.
    pub fn verify(&self) -> Result<(), SignatureRejected> {
        self.claim().verify()
    }

    /// What the signature is said to be, for a [`crypto::Verifier`](crate::crypto::Verifier).
    #[must_use]
    pub const fn claim(&self) -> Claim {
        Claim { key: self.key, digest: self.command, signature: self.signature }
    }
}
