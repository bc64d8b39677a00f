//! Changes of parameters and keys.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use undercut_primitives::crypto;
use undercut_primitives::{PublicKey, Signature};

use super::Signer;
use crate::{Event, GovernanceRejection, Params, Rejection, State, rotation_digest};

/// The change waits for the delay of the parameters in force, so that everyone can see it coming.
pub(super) fn change_params(
    state: &State,
    signer: Signer,
    params: &Params,
) -> Result<Vec<Event>, Rejection> {
    let (authority, delay) = (state.params().governance.authority, state.params().governance.delay);
    let authority = authority.ok_or(signer.not_allowed("nobody: the market has no authority"))?;
    signer.must_be(authority, "the authority of the parameters")?;
    params.check().map_err(GovernanceRejection::Params)?;
    let height = state.height();
    let effective_at = height.checked_add(delay);
    let effective_at =
        effective_at.ok_or(GovernanceRejection::BeyondLastBlock { height, delay })?;
    Ok(vec![Event::ParamsScheduled { params: Box::new(params.clone()), effective_at }])
}

pub(super) fn rotate_key(
    state: &State,
    signer: Signer,
    key: &PublicKey,
    proof: &Signature,
) -> Result<Vec<Event>, Rejection> {
    let account = signer.address;
    if state.is_key_of(&account, key) {
        return Err(GovernanceRejection::KeyUnchanged { account }.into());
    }
    let digest = rotation_digest(&state.genesis().chain_id, &account, key);
    let disagrees = |source| GovernanceRejection::KeyDisagrees { account, source };
    crypto::verify(key, &digest, proof).map_err(disagrees)?;
    Ok(vec![Event::KeyRotated { account, key: *key }])
}
