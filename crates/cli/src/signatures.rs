//! Checks signatures on several threads. The answers keep their order, so nothing else changes.

use std::num::NonZeroUsize;
use std::thread::ScopedJoinHandle;

use undercut::{CommandRejection, SignedCommand, VerifiedCommand};
use undercut_simulation::CheckSignatures;

/// Fewer commands than this per thread are not worth a thread.
const COMMANDS_PER_THREAD_MIN: usize = 8;

/// Checks signatures on up to `threads` threads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parallel {
    threads: usize,
}

impl Parallel {
    /// On `threads` threads, or as many as the machine has cores.
    pub(crate) fn new(threads: Option<u32>) -> Self {
        let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let asked = threads.and_then(|threads| usize::try_from(threads).ok());
        Self { threads: asked.unwrap_or_else(cores).max(1) }
    }
}

impl CheckSignatures for Parallel {
    fn check(
        &self,
        chain_id: &str,
        commands: Vec<SignedCommand>,
    ) -> Vec<Result<VerifiedCommand, CommandRejection>> {
        let check = |commands: Vec<SignedCommand>| -> Vec<_> {
            commands.into_iter().map(|command| command.verify(chain_id)).collect()
        };
        let share = commands.len().div_ceil(self.threads).max(COMMANDS_PER_THREAD_MIN);
        if commands.len() <= share {
            return check(commands);
        }
        let mut rest = commands;
        let mut shares = Vec::new();
        while rest.len() > share {
            let tail = rest.split_off(share);
            shares.push(std::mem::replace(&mut rest, tail));
        }
        shares.push(rest);
        std::thread::scope(|scope| {
            let workers: Vec<_> =
                shares.into_iter().map(|share| scope.spawn(|| check(share))).collect();
            let answers = |worker: ScopedJoinHandle<'_, Vec<_>>| match worker.join() {
                Ok(answers) => answers,
                Err(panic) => std::panic::resume_unwind(panic),
            };
            workers.into_iter().flat_map(answers).collect()
        })
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
