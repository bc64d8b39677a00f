//! What happens to money.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use undercut_primitives::{Address, Amount, BlockHeight, Coin, Denom, DeploymentId, LeaseId};

use crate::bme::VaultEvent;
use crate::{Deposit, LeaseEndReason, SignedLease};

/// What one lease earned in a settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// The lease.
    pub lease: LeaseId,
    /// Micro-units of the account's denom.
    pub amount: Amount,
}

/// An account settled up to a height: everything owed so far became its providers'.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    /// The account.
    pub account: DeploymentId,
    /// Up to which block it was settled before.
    pub from: BlockHeight,
    /// Up to which block it is settled now.
    pub to: BlockHeight,
    /// What each running lease earned, by lease; leases that earned nothing are left out.
    pub shares: Vec<Share>,
}

/// What a depositor gets back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Who.
    pub to: Address,
    /// How much.
    pub amount: Amount,
}

/// A change of escrow accounts, leases or the vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LedgerEvent {
    /// A deployment has an account.
    AccountOpened {
        /// The deployment.
        id: DeploymentId,
        /// The only denom of the account.
        denom: Denom,
        /// The block.
        at: BlockHeight,
    },
    /// Money came into an account.
    Deposited {
        /// The account.
        account: DeploymentId,
        /// The denom of the account.
        denom: Denom,
        /// Who paid how much.
        deposit: Deposit,
    },
    /// A lease runs from now on.
    LeaseSigned(SignedLease),
    /// An account was settled.
    Settled(Settlement),
    /// A provider was paid what a lease had earned.
    Withdrawn {
        /// The lease.
        lease: LeaseId,
        /// What was paid.
        coin: Coin,
    },
    /// A lease is over; it was settled and paid before.
    LeaseEnded {
        /// The lease.
        id: LeaseId,
        /// The last block that was paid for.
        at: BlockHeight,
        /// Why.
        reason: LeaseEndReason,
        /// All that its provider was paid, in micro-units of the account's denom.
        paid: Amount,
    },
    /// An account is over; what was left went back, first deposit first.
    AccountClosed {
        /// The account.
        id: DeploymentId,
        /// The denom of the refunds.
        denom: Denom,
        /// Who got what back.
        refunds: Vec<Refund>,
    },
    /// Something happened in the vault.
    Vault(VaultEvent),
}
