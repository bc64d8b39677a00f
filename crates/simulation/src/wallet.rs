//! Signing for actors, and checking signatures for the engine.

use std::collections::BTreeMap;

use undercut::{Command, CommandRejection, SignedCommand, VerifiedCommand};
use undercut_primitives::keys::KeyPair;
use undercut_primitives::{Address, BlockHeight};

/// Checks the signatures of commands. The answer to each is the same however it is done; a shell
/// may use every core.
pub trait CheckSignatures {
    /// Checks each command against the chain and returns the answers in the same order.
    fn check(
        &self,
        chain_id: &str,
        commands: Vec<SignedCommand>,
    ) -> Vec<Result<VerifiedCommand, CommandRejection>>;
}

/// Checks one signature after the other.
#[derive(Clone, Copy, Debug)]
pub struct InOrder;

impl CheckSignatures for InOrder {
    fn check(
        &self,
        chain_id: &str,
        commands: Vec<SignedCommand>,
    ) -> Vec<Result<VerifiedCommand, CommandRejection>> {
        commands.into_iter().map(|command| command.verify(chain_id)).collect()
    }
}

/// The keys of all actors.
#[derive(Debug, Default)]
pub(crate) struct Wallet {
    keys: BTreeMap<Address, KeyPair>,
    names: BTreeMap<Address, String>,
}

impl Wallet {
    /// Makes the key of `name` and returns its account.
    pub(crate) fn add(&mut self, seed: u64, name: &str) -> Address {
        let key = KeyPair::insecure(seed, name);
        let address = key.address();
        self.keys.insert(address, key);
        self.names.insert(address, name.to_owned());
        address
    }

    /// What an account is called; `?` for one of nobody here.
    pub(crate) fn name(&self, account: &Address) -> &str {
        self.names.get(account).map_or("?", String::as_str)
    }

    /// Signs in the name of an account, or returns `None` when it is nobody's here.
    pub(crate) fn sign(
        &self,
        account: &Address,
        chain_id: &str,
        nonce: u64,
        expires_at: BlockHeight,
        command: Command,
    ) -> Option<SignedCommand> {
        let key = self.keys.get(account)?;
        SignedCommand::sign(key, chain_id, nonce, expires_at, command).ok()
    }
}
