//! Proofs about the state for who kept a head and nothing else: that it had an entry, and what a
//! lease was paid.

use serde::{Deserialize, Serialize};
use undercut_ledger::log::proof::{Anchor, ProofRefused, SealRecord};
use undercut_ledger::{EscrowAccount, Lease, LeaseState};
use undercut_primitives::codec::{Canonical, DecodeError, ENCODED_BYTES_MAX};
use undercut_primitives::{
    Amount, ArithmeticError, BlockHeight, DeploymentId, Digest, LeaseId, PricePerBlock,
};

use crate::{State, StateEntryProof, StateKey};

/// Shows that the state after some block held an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct EntryProof {
    /// The entry, and the way to the root of the state.
    pub entry: StateEntryProof,
    /// The seal that names the root, and the way to the head.
    pub anchor: Anchor,
}

impl EntryProof {
    /// Checks that the entry was in the state after the block of the returned seal, in the log
    /// whose head is `head`.
    ///
    /// # Errors
    ///
    /// [`ProofRefused`] when the proof does not show it.
    pub fn check(&self, head: &Digest) -> Result<&SealRecord, ProofRefused> {
        let seal = self.anchor.check(head)?;
        holds(&self.entry, seal)?;
        Ok(seal)
    }
}

fn holds(entry: &StateEntryProof, seal: &SealRecord) -> Result<(), ProofRefused> {
    let is_held = entry.holds(&seal.seal.state_root);
    is_held.then_some(()).ok_or(ProofRefused::Path { what: "entry of the state" })
}

/// What a lease was paid up to some block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeasePaid {
    /// Which lease.
    pub lease: LeaseId,
    /// Its price.
    pub price: PricePerBlock,
    /// The block up to which, inclusive: that of the seal, or the one after where the account pays
    /// in AKT, which it does a block ahead.
    pub height: BlockHeight,
    /// What it earned up to then, in micro-units of the price's denom: what was paid out, fees
    /// included, and what waits to be withdrawn. Rounded down once, over the whole lease.
    pub earned: Amount,
    /// Of that, what was paid out by then, fees included.
    pub withdrawn: Amount,
    /// Where the lease stood then.
    pub state: LeaseState,
}

/// Shows what a lease was paid up to some block.
///
/// A running lease is settled when something touches its account. The proof holds the account as it
/// was, and the checker settles it up to the block by the same rule as the engine: an account that
/// is open at a seal can pay for that block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct LeaseProof {
    /// The lease.
    pub lease: StateEntryProof,
    /// Its account while the lease runs; `None` once it has ended.
    pub account: Option<StateEntryProof>,
    /// The seal that names the root of both, and the way to the head.
    pub anchor: Anchor,
}

impl LeaseProof {
    /// Checks the proof against the head of a log, and says what the lease was paid.
    ///
    /// # Errors
    ///
    /// [`ProofRefused`] when the proof does not show it.
    pub fn check(&self, head: &Digest) -> Result<LeasePaid, ProofRefused> {
        let SealRecord { height, .. } = *self.anchor.check(head)?;
        holds(&self.lease, &self.anchor.seal)?;
        let StateKey::Lease(id) = self.lease.key else {
            return Err(ProofRefused::Numbers("the entry is not that of a lease"));
        };
        let lease: Lease = decode(&self.lease)?;
        let (earned, withdrawn, height) = match (&lease.state, &self.account) {
            (LeaseState::Ended { earned, .. }, None) => {
                let paid = earned.paid.plus(earned.fees).and_then(|sum| sum.plus(earned.in_kind));
                let paid = paid.map_err(no_amount)?;
                (paid, paid, height)
            }
            (LeaseState::Active | LeaseState::Reclaiming { .. }, Some(account)) => {
                holds(account, &self.anchor.seal)?;
                running(id, account, height)?
            }
            _ => return Err(ProofRefused::Numbers("only a running lease comes with its account")),
        };
        let (price, state) = (lease.signed.terms.price, lease.state);
        Ok(LeasePaid { lease: id, price, height, earned, withdrawn, state })
    }
}

/// What a running lease earned and was paid out, and up to which block, out of its account.
fn running(
    id: LeaseId,
    account: &StateEntryProof,
    height: BlockHeight,
) -> Result<(Amount, Amount, BlockHeight), ProofRefused> {
    if account.key != StateKey::Account(id.deployment()) {
        return Err(ProofRefused::Numbers("the account is that of another deployment"));
    }
    let account: EscrowAccount = decode(account)?;
    let payment = account.payments.get(&id);
    let payment = payment.ok_or(ProofRefused::Numbers("the account does not pay the lease"))?;
    let settlement = account.settle(height).map_err(no_amount)?;
    let shares = settlement.map(|settlement| settlement.shares).unwrap_or_default();
    let share = shares.iter().find(|share| share.lease == id).map(|share| share.amount);
    let earned = payment.earned.plus(share.unwrap_or_default()).map_err(no_amount)?;
    Ok((earned, payment.withdrawn, height.max(account.settled_at)))
}

fn no_amount(_: ArithmeticError) -> ProofRefused {
    ProofRefused::Numbers("the sums are no amounts")
}

fn decode<T: Canonical>(entry: &StateEntryProof) -> Result<T, DecodeError> {
    T::decode(&entry.value, ENCODED_BYTES_MAX)
}

impl State {
    /// What shows, together with the way from a seal to the head, what a lease was paid up to the
    /// current block: its entry, and its account's while it runs. `None` where there is no such
    /// lease. Between blocks.
    pub fn prove_lease(
        &mut self,
        id: &LeaseId,
    ) -> Option<(StateEntryProof, Option<StateEntryProof>)> {
        let is_running = self.escrow().lease(id)?.state.is_running();
        let lease = self.prove(&StateKey::Lease(*id))?;
        let account: DeploymentId = id.deployment();
        let account = is_running.then(|| self.prove(&StateKey::Account(account)));
        match account {
            Some(None) => None,
            account => Some((lease, account.flatten())),
        }
    }
}
