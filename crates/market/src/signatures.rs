//! Checks the signatures of many commands together: one list on one thread, or on all cores.
//!
//! The answers are those of [`SignedCommand::verify`], in the order of the commands, whatever the
//! batches and the threads.

#[cfg(feature = "threads")]
mod threads;

use alloc::vec::Vec;

use undercut_primitives::crypto::{Claim, SignatureRejected, Verifier};

#[cfg(feature = "threads")]
pub use self::threads::SignatureChecks;
use crate::{CommandRejection, SignedCommand, VerifiedCommand};

/// Checks commands against a chain in batches, each as [`SignedCommand::verify`] would. The
/// verifier keeps what it learnt about keys from one list to the next.
pub fn verify_commands(
    commands: Vec<SignedCommand>,
    chain_id: &str,
    verifier: &mut Verifier,
) -> Vec<Result<VerifiedCommand, CommandRejection>> {
    let assumed: Vec<Result<VerifiedCommand, CommandRejection>> =
        commands.into_iter().map(|command| command.assume_verified(chain_id)).collect();
    let claims: Vec<Claim> =
        assumed.iter().flatten().map(|command| command.consent().claim()).collect();
    let mut verdicts = verifier.verify_all(&claims).into_iter();
    let judge = |assumed: Result<VerifiedCommand, CommandRejection>| {
        let verified = assumed?;
        let unsigned = |source| CommandRejection::Unsigned { chain_id: chain_id.into(), source };
        // There is a verdict for every claim; without one nothing would be accepted.
        let verdict = verdicts.next().unwrap_or(Err(SignatureRejected::WrongSignature));
        verdict.map_err(unsigned).map(|()| verified)
    };
    assumed.into_iter().map(judge).collect()
}
