//! What happens to money.

use alloc::boxed::Box;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use undercut_primitives::codec::Canonical;
use undercut_primitives::{
    Address, Amount, BlockHeight, BlockSpan, BlockTime, Coin, Denom, DeploymentId, LeaseId,
};

use crate::allowance::{Allowance, AllowanceId};
use crate::bme::VaultEvent;
use crate::oracle::OraclePrice;
use crate::{Deposit, Earned, LeaseEndReason, ProviderReason, SignedLease};

/// What one lease earned in a settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct Share {
    /// The lease.
    pub lease: LeaseId,
    /// Micro-units of the account's denom.
    pub amount: Amount,
}

/// An account settled up to a height: everything owed so far became its providers'.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct Refund {
    /// Who.
    pub to: Address,
    /// Whose allowance it raises again: that of who drew it.
    pub drawn_by: Option<Address>,
    /// How much.
    pub coin: Coin,
}

/// What one lease got for a block that was paid in uakt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct KindShare {
    /// The lease.
    pub lease: LeaseId,
    /// Earned in the account's own denom, in micro-units; paid out with everything else.
    pub own: Amount,
    /// The rest of what was owed for the block, in micro-units of the account's denom.
    pub value: Amount,
    /// What the provider got for `value`, in uakt.
    pub paid: Amount,
    /// What the community pool got for `value`, in uakt.
    pub fee: Amount,
}

/// One block paid in uakt, because an account had no more of its own denom and none could be minted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct InKind {
    /// The account.
    pub account: DeploymentId,
    /// The block that was paid.
    pub to: BlockHeight,
    /// At which price.
    pub price: OraclePrice,
    /// What each running lease got, by lease.
    pub shares: Vec<KindShare>,
}

/// A change of escrow accounts, leases or the vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub enum LedgerEvent {
    /// A deployment has an account.
    AccountOpened {
        /// The deployment.
        id: DeploymentId,
        /// The denom of its leases.
        denom: Denom,
        /// For how many blocks leases wait for a top-up when the money ends.
        grace: BlockSpan,
        /// The block.
        at: BlockHeight,
    },
    /// Money came into an account.
    Deposited {
        /// The account.
        account: DeploymentId,
        /// Who paid how much.
        deposit: Deposit,
    },
    /// A lease runs from now on.
    LeaseSigned(Box<SignedLease>),
    /// An account was settled.
    Settled(Settlement),
    /// A provider was paid what a lease had earned.
    Withdrawn {
        /// The lease.
        lease: LeaseId,
        /// What it was paid, after the fee.
        coin: Coin,
        /// What the community pool got, in the same denom.
        fee: Amount,
    },
    /// The next block of an account's leases was paid in uakt.
    InKindPaid(InKind),
    /// A provider announced that it will end a lease.
    ReclamationStarted {
        /// The lease.
        id: LeaseId,
        /// The block of the announcement.
        at: BlockHeight,
        /// From when on the provider may end it.
        deadline: BlockTime,
        /// Why.
        reason: ProviderReason,
    },
    /// A lease is over; it was settled and paid before.
    LeaseEnded {
        /// The lease.
        id: LeaseId,
        /// The last block that was paid for.
        at: BlockHeight,
        /// Why.
        reason: LeaseEndReason,
        /// What it was paid for in all.
        earned: Earned,
    },
    /// The money of an account ended; its leases wait for a top-up.
    AccountPaused {
        /// The account.
        id: DeploymentId,
        /// The last block that was paid.
        since: BlockHeight,
        /// The block at whose end it closes without a top-up.
        until: BlockHeight,
    },
    /// A top-up came, or a lease ended and the others can be paid; payments go on with the next
    /// block.
    AccountResumed {
        /// The account.
        id: DeploymentId,
        /// This block; nothing is owed for the blocks from the pause to it.
        at: BlockHeight,
    },
    /// An account is over; what was left went back, first deposit first.
    AccountClosed {
        /// The account.
        id: DeploymentId,
        /// Who got what back.
        refunds: Vec<Refund>,
    },
    /// One account lets another spend, in place of what it allowed before.
    AllowanceGranted {
        /// Who may spend whose money.
        id: AllowanceId,
        /// How much, for what, until when.
        allowance: Allowance,
    },
    /// An allowance is over.
    AllowanceRevoked(AllowanceId),
    /// Something happened in the vault.
    Vault(VaultEvent),
}

impl LedgerEvent {
    /// The escrow account that the event is about, if it is about one.
    #[must_use]
    pub const fn account(&self) -> Option<DeploymentId> {
        Some(match self {
            Self::AccountOpened { id, .. }
            | Self::AccountPaused { id, .. }
            | Self::AccountResumed { id, .. }
            | Self::AccountClosed { id, .. } => *id,
            Self::Deposited { account, .. } => *account,
            Self::Settled(settlement) => settlement.account,
            Self::InKindPaid(paid) => paid.account,
            Self::LeaseSigned(signed) => signed.terms.id.deployment(),
            Self::Withdrawn { lease: id, .. }
            | Self::ReclamationStarted { id, .. }
            | Self::LeaseEnded { id, .. } => id.deployment(),
            Self::AllowanceGranted { .. } | Self::AllowanceRevoked(_) | Self::Vault(_) => {
                return None;
            }
        })
    }

    /// The lease that the event is about, if it is about one.
    #[must_use]
    pub const fn lease(&self) -> Option<LeaseId> {
        match self {
            Self::LeaseSigned(signed) => Some(signed.terms.id),
            Self::Withdrawn { lease: id, .. }
            | Self::ReclamationStarted { id, .. }
            | Self::LeaseEnded { id, .. } => Some(*id),
            _ => None,
        }
    }

    /// The allowances that the event changes, in the order of the event.
    #[must_use]
    pub fn allowances(&self) -> Vec<AllowanceId> {
        let of = AllowanceId::of;
        match self {
            Self::AllowanceGranted { id, .. } | Self::AllowanceRevoked(id) => [*id].into(),
            Self::Deposited { deposit, .. } => {
                of(deposit.depositor, deposit.drawn_by).into_iter().collect()
            }
            Self::AccountClosed { refunds, .. } => {
                refunds.iter().filter_map(|refund| of(refund.to, refund.drawn_by)).collect()
            }
            _ => Vec::new(),
        }
    }
}
