//! An [`Escrow`] from its accounts and leases: running leases and the queue of ends are made anew.

use undercut_primitives::{LeaseId, Misfit};

use super::Escrow;
use super::leases::Held;
use crate::account::PAYMENTS_MAX;
use crate::{EscrowAccount, Lease};

impl Escrow {
    /// The escrow with these accounts and leases, as [`Escrow::accounts`] and [`Escrow::leases`]
    /// gave them, in any order. When the money of an account ends follows from the account. `held`
    /// gives the consents of a lease's deployment and bid, which it shares where they are the same.
    ///
    /// # Errors
    ///
    /// [`Misfit`] when something is there twice, a lease is of no account, or a payment streams for
    /// no running lease of its account.
    pub fn restore<'a>(
        accounts: impl IntoIterator<Item = EscrowAccount>,
        leases: impl IntoIterator<Item = Lease>,
        held: impl Fn(&LeaseId) -> Held<'a>,
    ) -> Result<Self, Misfit> {
        let mut escrow = Self::default();
        for account in accounts {
            if account.payments.len() > PAYMENTS_MAX {
                return Err(Misfit::new("an account has more leases than it can"));
            }
            let id = account.id;
            if !escrow.accounts.insert(account) {
                return Err(Misfit::new("an account is there twice"));
            }
            if let Some(handle) = escrow.accounts.handle_of(&id) {
                escrow.accounts.predict(handle);
            }
        }
        for lease in leases {
            escrow.restore_lease(&lease, &held)?;
        }
        escrow.check_payments()?;
        Ok(escrow)
    }

    fn restore_lease<'a>(
        &mut self,
        lease: &Lease,
        held: impl Fn(&LeaseId) -> Held<'a>,
    ) -> Result<(), Misfit> {
        let id = lease.signed.terms.id;
        let handle = self.accounts.handle_of(&id.deployment());
        let handle = handle.ok_or(Misfit::new("a lease of no account"))?;
        if lease.state.is_running() {
            self.running.entry(id.provider()).or_default().insert(id.order().into(), ());
        }
        if self.leases.insert(handle, &lease.signed, lease.state, held(&id)) {
            Ok(())
        } else {
            Err(Misfit::new("a lease is there twice"))
        }
    }

    fn check_payments(&self) -> Result<(), Misfit> {
        for account in self.accounts.iter() {
            for id in account.payments.keys() {
                let is_running = self.lease_state(id).is_some_and(|state| state.is_running());
                if id.deployment() != account.id || !is_running {
                    return Err(Misfit::new("a payment streams for no running lease"));
                }
            }
        }
        Ok(())
    }
}
