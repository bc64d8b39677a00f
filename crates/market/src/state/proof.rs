//! [`StateEntryProof`]: one entry of the state, for who knows the state root alone.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use undercut_ledger::merkle::StateProof;
use undercut_primitives::codec::{Canonical, DecodeError, ENCODED_BYTES_MAX};
use undercut_primitives::{Digest, crypto};

use super::{State, StateKey, VALUE, key_digest};

/// An entry of the state, and the way from it to the state root.
///
/// Who trusts a seal, and so its state root, needs nothing else: not the log, not the state, not who
/// handed over the proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct StateEntryProof {
    /// What the entry is called.
    pub key: StateKey,
    /// Its value in canonical form, at most 4 MiB.
    #[serde(with = "undercut_primitives::hex::text")]
    pub value: Vec<u8>,
    /// The way to the root.
    pub path: StateProof,
}

impl StateEntryProof {
    /// The root of the states that this is a proof for; `None` where it is one for none.
    #[must_use]
    pub fn root(&self) -> Option<Digest> {
        self.path.root(&key_digest(&self.key), &crypto::digest(VALUE, &self.value))
    }

    /// Whether the state with this root holds the entry.
    #[must_use]
    pub fn holds(&self, state_root: &Digest) -> bool {
        self.root().as_ref() == Some(state_root)
    }

    /// The value: what the entry's kind says it is, such as an
    /// [`EscrowAccount`](undercut_ledger::EscrowAccount) for [`StateKey::Account`].
    ///
    /// # Errors
    ///
    /// [`DecodeError`] when it is none of this type.
    pub fn decode<T: Canonical>(&self) -> Result<T, DecodeError> {
        T::decode(&self.value, ENCODED_BYTES_MAX)
    }
}

impl State {
    /// A proof that an entry has the value that it has, against [`State::root`]; `None` where there
    /// is no such entry. O(log n), besides hashing what changed since the root was last asked for.
    pub fn prove(&mut self, key: &StateKey) -> Option<StateEntryProof> {
        self.root();
        let value = self.value_bytes(key)?.ok()?;
        let path = self.tree.prove(&key_digest(key))?;
        Some(StateEntryProof { key: *key, value, path })
    }
}
