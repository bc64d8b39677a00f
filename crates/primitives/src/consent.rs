//! [`Consent`]: a signed command by its digest, so that what it led to can be verified alone.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;

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

/// A consent that is kept: 8 bytes, and one allocation that its clones share. What all consents of
/// an account have in common is held once, by [`Signers`]. A note is of what was consented to, where
/// all that keep the consent need that as well.
#[derive(Debug, PartialEq, Eq)]
pub struct KeptConsent<Note = ()>(Arc<Kept<Note>>);

impl<Note> Clone for KeptConsent<Note> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Kept<Note> {
    signer: Arc<Signer>,
    command: Digest,
    signature: Signature,
    note: Note,
}

#[derive(Debug, PartialEq, Eq)]
struct Signer {
    account: Address,
    key: PublicKey,
}

impl<Note> KeptConsent<Note> {
    /// The note.
    #[must_use]
    pub fn note(&self) -> &Note {
        &self.0.note
    }

    /// The whole consent. A copy of 148 bytes.
    #[must_use]
    pub fn get(&self) -> Consent {
        let Kept { signer, command, signature, .. } = &*self.0;
        let Signer { account, key } = **signer;
        Consent { account, command: *command, key, signature: *signature }
    }

    /// Whether `consent` is what is kept here.
    #[must_use]
    pub fn is(&self, consent: &Consent) -> bool {
        self.get() == *consent
    }
}

/// Who signed what is kept: the account and the key of its last consent. Grows with the accounts
/// that ever consented to anything.
#[derive(Clone, Debug, Default)]
pub struct Signers(BTreeMap<Address, Arc<Signer>>);

impl Signers {
    /// The consent as it is kept. O(log accounts).
    pub fn keep(&mut self, consent: &Consent) -> KeptConsent {
        self.keep_with(consent, ())
    }

    /// The consent as it is kept, with a note. O(log accounts).
    pub fn keep_with<Note>(&mut self, consent: &Consent, note: Note) -> KeptConsent<Note> {
        let Consent { account, command, key, signature } = *consent;
        let new = || Arc::new(Signer { account, key });
        let signer = self.0.entry(account).or_insert_with(new);
        if signer.key != key {
            *signer = new();
        }
        KeptConsent(Arc::new(Kept { signer: Arc::clone(signer), command, signature, note }))
    }
}

#[cfg(test)]
mod tests {
    use crate::crypto::{Namespace, digest};

    use super::*;

    fn consent(account: u8, key: u8, command: u8) -> Consent {
        Consent {
            account: Address::from_bytes([account; 20]),
            command: digest(Namespace("undercut/test/v1"), &[command]),
            key: PublicKey::from_bytes([key; 32]),
            signature: Signature::from_bytes(&[command; 64]),
        }
    }

    #[test]
    fn what_is_kept_is_what_was_given_whatever_key_came_in_between() {
        let mut signers = Signers::default();
        let given = [(1, 1, 1), (2, 1, 2), (1, 2, 3), (1, 1, 4)].map(|(a, k, c)| consent(a, k, c));
        let kept = given.map(|consent| signers.keep(&consent));
        assert_eq!(kept.each_ref().map(KeptConsent::get), given);
        let noted = given.map(|consent| signers.keep_with(&consent, consent.command));
        assert!(noted.iter().zip(&given).all(|(kept, given)| *kept.note() == given.command));
        assert_eq!(noted.each_ref().map(KeptConsent::get), given);
        assert!(kept.iter().zip(&given).all(|(kept, consent)| kept.is(consent)));
        assert!(!kept.first().is_some_and(|kept| kept.is(&given[1])));
    }

    #[test]
    fn consents_of_one_key_share_who_signed() {
        let mut signers = Signers::default();
        let [one, two] = [1, 2].map(|command| signers.keep(&consent(1, 1, command)));
        assert!(Arc::ptr_eq(&one.0.signer, &two.0.signer));
    }
}
