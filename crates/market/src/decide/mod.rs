//! What a command does: a table from commands to the rules of the crates below.
//!
//! Reads and cannot write. The events of one command are decided on the state before it; where a
//! rule needs its own earlier steps, the crate below makes them on a copy of the one account, or
//! notes what the bids of a bundle take.
//!
//! | module | commands about |
//! | --- | --- |
//! | [`accounts`] | deposits, allowances, withdrawals, burns, prices |
//! | [`governance`] | parameters and keys |
//! | [`leases`] | bids, awards, leases |
//! | [`orders`] | deployments and groups |
//! | [`providers`] | registrations and auditors' words |

mod accounts;
mod governance;
mod leases;
mod orders;
mod providers;

use alloc::vec;
use alloc::vec::Vec;

use undercut_ledger::LeaseEndReason;
use undercut_primitives::{Address, Consent};

pub(crate) use leases::{award, eligible};
pub(crate) use orders::{GroupThen, close_deployment, close_order};

use crate::{Command, CommandRejection, Event, Rejection, State};

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signer {
    pub(crate) address: Address,
    pub(crate) consent: Consent,
}

impl Signer {
    /// Refuses everyone but `allowed`.
    fn must_be(self, allowed: Address, authority: &'static str) -> Result<(), CommandRejection> {
        if self.address == allowed {
            return Ok(());
        }
        Err(self.not_allowed(authority))
    }

    fn not_allowed(self, authority: &'static str) -> CommandRejection {
        CommandRejection::NotAllowed { signer: self.address, authority }
    }
}

/// The events of a command, in order.
pub(crate) fn decide(
    state: &State,
    signer: Signer,
    command: &Command,
) -> Result<Vec<Event>, Rejection> {
    match command {
        Command::RegisterProvider(new) => providers::register(state, signer, new),
        Command::UpdateProvider(new) => providers::update(state, signer, new),
        Command::DeregisterProvider => providers::deregister(state, signer),
        Command::AttestProvider { provider, attributes, expires_at } => {
            providers::attest(state, signer, *provider, attributes, *expires_at)
        }
        Command::RevokeAttestation { provider, keys } => {
            providers::revoke(state, signer, *provider, keys)
        }
        Command::CreateDeployment(new) => orders::create_deployment(state, signer, new),
        Command::UpdateDeployment { id, version_hash } => {
            signer.must_be(id.tenant.0, "the tenant")?;
            Ok(vec![Event::Order(state.book().update(id, *version_hash)?)])
        }
        Command::CloseDeployment(id) => {
            signer.must_be(id.tenant.0, "the tenant")?;
            close_deployment(state, id, LeaseEndReason::Tenant)
        }
        Command::PauseGroup(id) => orders::pause_group(state, signer, id),
        Command::StartGroup(id) => orders::start_group(state, signer, id),
        Command::CloseGroup(id) => orders::close_group(state, signer, id),
        Command::Deposit { deployment, coin, payers } => {
            accounts::deposit(state, signer, deployment, coin, payers)
        }
        Command::CreateBid(new) => leases::create_bid(state, signer, new),
        Command::RepriceBid { bid, price } => leases::reprice_bid(state, signer, bid, price),
        Command::CloseBid(id) => leases::close_bid(state, signer, id),
        Command::CreateLease(id) => leases::create_lease(state, signer, *id),
        Command::CloseLease { lease, reason } => {
            leases::close_lease(state, signer, *lease, *reason)
        }
        Command::StartReclamation { lease, reason } => {
            leases::start_reclamation(state, signer, lease, *reason)
        }
        Command::Withdraw(id) => accounts::withdraw(state, signer, id),
        Command::WithdrawAll { from } => accounts::withdraw_all(state, signer, from.as_ref()),
        Command::GrantAllowance(new) => accounts::grant_allowance(state, signer, new),
        Command::RevokeAllowance { grantee } => accounts::revoke_allowance(state, signer, *grantee),
        Command::Burn(coin) => accounts::burn(state, signer, coin),
        Command::CancelBurn(id) => accounts::cancel_burn(state, signer, *id),
        Command::FundVault(coin) => accounts::fund_vault(state, signer, coin),
        Command::PostPrice(point) => accounts::post_price(state, signer, *point),
        Command::ChangeParams(params) => governance::change_params(state, signer, params),
        Command::RotateKey { key, proof } => governance::rotate_key(state, signer, key, proof),
        Command::CreateBids(bids) => leases::create_bids(state, signer, bids),
    }
}
