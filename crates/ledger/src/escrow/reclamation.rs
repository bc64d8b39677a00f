//! Leases whose end has to be announced: announcing it, and when it may come.

use undercut_primitives::{BlockHeight, BlockTime, LeaseId};

use super::Escrow;
use crate::{LeaseState, LedgerEvent, LedgerRejection, ProviderReason};

impl Escrow {
    /// Announces that a provider will end a lease, no earlier than the lease's window from now; the
    /// deadline is rounded down to a whole second.
    ///
    /// Source: `chain.md` 2.3, MsgLeaseStartReclaim.
    ///
    /// # Errors
    ///
    /// [`LedgerRejection`] for an unknown or ended lease, one that is announced already, or one
    /// without a window.
    pub fn start_reclamation(
        &self,
        id: &LeaseId,
        at: BlockHeight,
        now: BlockTime,
        reason: ProviderReason,
    ) -> Result<LedgerEvent, LedgerRejection> {
        let lease = self.running_lease(id)?;
        if let LeaseState::Reclaiming { deadline, .. } = lease.state {
            return Err(LedgerRejection::AlreadyReclaiming { id: *id, deadline });
        }
        let window = lease.signed.terms.reclamation;
        let window = window.ok_or(LedgerRejection::NotReclaimable { id: *id })?;
        let deadline = now.checked_add(window).unwrap_or(BlockTime::MAX).to_unix_seconds();
        let deadline = BlockTime::from_unix_seconds(deadline);
        Ok(LedgerEvent::ReclamationStarted { id: *id, at, deadline, reason })
    }

    /// Whether a provider may end a lease now.
    ///
    /// Source: `chain.md` 2.3, MsgCloseBid, steps 4 to 7.
    ///
    /// # Errors
    ///
    /// [`LedgerRejection`] for an unknown or ended lease, one whose end has to be announced first,
    /// or one whose window is not over.
    pub fn check_provider_may_end(
        &self,
        id: &LeaseId,
        now: BlockTime,
    ) -> Result<(), LedgerRejection> {
        let lease = self.running_lease(id)?;
        match (lease.state, lease.signed.terms.reclamation) {
            (LeaseState::Active, Some(window)) => {
                Err(LedgerRejection::ReclamationNotStarted { id: *id, window })
            }
            (LeaseState::Reclaiming { deadline, .. }, _) if now < deadline => {
                Err(LedgerRejection::WindowNotOver { id: *id, deadline, now })
            }
            _ => Ok(()),
        }
    }
}
