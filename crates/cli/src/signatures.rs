//! Checks signatures on several threads. The answers keep their order, so nothing else changes.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use undercut::{CommandRejection, SignatureChecks, SignedCommand, VerifiedCommand};
use undercut_simulation::CheckSignatures;

/// Checks signatures on up to `threads` threads.
#[derive(Debug)]
pub(crate) struct Parallel(Mutex<SignatureChecks>);

impl Parallel {
    /// On `threads` threads, or as many as the machine has cores.
    pub(crate) fn new(threads: Option<u32>) -> Self {
        let asked = threads.and_then(|threads| NonZeroUsize::new(usize::try_from(threads).ok()?));
        let checks = asked.map_or_else(SignatureChecks::on_all_cores, SignatureChecks::new);
        Self(Mutex::new(checks))
    }
}

impl CheckSignatures for Parallel {
    fn check(
        &self,
        chain_id: &str,
        commands: Vec<SignedCommand>,
    ) -> Vec<Result<VerifiedCommand, CommandRejection>> {
        // What a panic may have left behind changes how fast the checks are, not what they say.
        let mut checks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        checks.check(commands, chain_id)
    }
}

#[cfg(test)]
mod tests {
    use undercut::{Command, signing_digest};
    use undercut_primitives::{Address, BlockHeight, Coin, PublicKey, Signature};
    use undercut_simulation::InOrder;

    use super::*;

    #[test]
    fn any_number_of_threads_gives_the_same_answers_in_the_same_order() {
        let command = |nonce| {
            let (signer, signature) =
                (PublicKey::from_bytes([7; 32]), Signature::from_bytes(&[0; 64]));
            let (expires_at, command) = (BlockHeight::new(9), Command::Burn(Coin::uact(nonce)));
            let nonce = u64::try_from(nonce).unwrap();
            let account = Address::of_key(&signer);
            let digest = signing_digest("chain", &account, &signer, nonce, expires_at, &command);
            assert!(digest.is_ok());
            SignedCommand { account, signer, nonce, expires_at, command, signature }
        };
        let commands: Vec<SignedCommand> = (0..100).map(command).collect();
        let expected = InOrder.check("chain", commands.clone());
        for threads in [1, 2, 3, 8, 64] {
            let found = Parallel::new(Some(threads)).check("chain", commands.clone());
            assert_eq!(found, expected, "{threads} threads");
        }
    }
}
