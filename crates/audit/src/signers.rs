//! Who signed: nonces, keys, last blocks, signatures.

use std::collections::BTreeMap;

use undercut::{Command, SignedCommand, rotation_digest};
use undercut_primitives::{Address, PublicKey, crypto};

use crate::scene::{Asked, Checked, Scene, ensure};
use crate::{Check, Flaw};

/// The last nonce of every account, and the keys that were changed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signers {
    nonces: BTreeMap<Address, u64>,
    keys: BTreeMap<Address, PublicKey>,
}

impl Signers {
    /// A command was accepted; what it did follows.
    pub(crate) fn accept(&mut self, signed: &SignedCommand, scene: &mut Scene) -> Checked {
        let account = signed.account;
        let last = self.nonces.entry(account).or_default();
        let (expected, found) = (last.saturating_add(1), signed.nonce);
        ensure(found == expected, || Flaw::WrongNonce { account, expected, found })?;
        *last = found;
        let expires_at = signed.expires_at;
        ensure(expires_at >= scene.height(), || Flaw::Expired { account, expires_at })?;
        let is_its_key = match self.keys.get(&account) {
            Some(key) => *key == signed.signer,
            None => Address::of_key(&signed.signer) == account,
        };
        ensure(is_its_key, || Flaw::WrongKey { account })?;
        let verified = signed.clone().verify(&scene.chain_id);
        let consent = verified.map(|verified| verified.consent());
        let refused = |why: undercut::CommandRejection| Flaw::WrongSignature {
            account,
            why: why.to_string(),
        };
        let consent = consent.map_err(refused)?;
        let (is_done, placed) = (false.into(), 0.into());
        scene.asked = Some(Asked { signed: signed.clone(), consent, is_done, placed });
        scene.note(Check::Commands);
        Ok(())
    }

    /// An account signs with another key from now on.
    pub(crate) fn rotate(&mut self, account: Address, key: PublicKey, scene: &Scene) -> Checked {
        let what = || format!("account {account} signs with another key");
        let mut proof = None;
        scene.must_ask(account, what, |command| match command {
            Command::RotateKey { key: asked, proof: given } if *asked == key => {
                proof = Some(*given);
                true
            }
            _ => false,
        })?;
        let digest = rotation_digest(&scene.chain_id, &account, &key);
        let holds = proof.is_some_and(|proof| crypto::verify(&key, &digest, &proof).is_ok());
        let why = || "the new key does not agree".into();
        ensure(holds, || Flaw::WrongSignature { account, why: why() })?;
        self.keys.insert(account, key);
        Ok(())
    }
}
