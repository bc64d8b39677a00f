//! What happens in the vault, and how it moves money.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};
use undercut_primitives::codec::Canonical;
use undercut_primitives::{Address, Amount, BlockHeight, Coin};

use super::{BurnRequest, Direction, MintStatus};
use crate::Posting;
use crate::bank::vault_address;
use crate::oracle::OraclePrice;

/// An executed conversion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct BurnMint {
    /// The request.
    pub id: u64,
    /// Who burned.
    pub owner: Address,
    /// What was burned.
    pub burned: Coin,
    /// What came out, before the spread.
    pub gross: Coin,
    /// What the owner got; the rest of `gross` is the spread, which stays in the vault.
    pub paid: Coin,
    /// The part of `gross` that was newly minted; the rest came from credit.
    pub minted: Coin,
    /// The price it happened at.
    pub price: OraclePrice,
}

/// Why a waiting request ended without a conversion. Its coins went back to the owner, all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub enum CancelReason {
    /// Less than one micro-unit would have come out.
    Epsilon,
    /// A mint would have given too little.
    BelowMinimum {
        /// What would have come out before the spread, in uact.
        gross: Amount,
        /// The least, in uact.
        mint_min: Amount,
    },
    /// A number of the conversion does not fit.
    DoesNotFit,
    /// A redemption that no epoch can execute: it would have minted more AKT than a whole one may.
    BeyondEpochCap {
        /// AKT that would have been newly minted, in uakt.
        needed: Amount,
        /// The most in one epoch, in uakt.
        needed_max: Amount,
    },
    /// Each attempt failed.
    AttemptsExhausted {
        /// How many there were.
        attempts: u32,
        /// Why the last one failed.
        reason: RetryReason,
    },
    /// Its owner took it back.
    ByOwner,
}

/// Why an attempt failed that is made again in the next epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub enum RetryReason {
    /// More ACT than exists by the vault's books.
    MoreThanOutstanding {
        /// What was to be burned, in uact.
        burned: Amount,
        /// All ACT that exists by the books, in uact.
        outstanding: Amount,
    },
}

impl fmt::Display for RetryReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MoreThanOutstanding { burned, outstanding } => {
                write!(f, "{burned} uact are more than the {outstanding} that are outstanding")
            }
        }
    }
}

impl fmt::Display for CancelReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Epsilon => f.write_str("less than one micro-unit would come out"),
            Self::BelowMinimum { gross, mint_min } => {
                write!(f, "{gross} uact would come out, at least {mint_min} must")
            }
            Self::DoesNotFit => f.write_str("a number of the conversion does not fit"),
            Self::BeyondEpochCap { needed, needed_max } => {
                write!(f, "{needed} uakt would be minted, one epoch may mint {needed_max}")
            }
            Self::AttemptsExhausted { attempts, reason } => {
                write!(f, "{attempts} attempts failed; the last: {reason}")
            }
            Self::ByOwner => f.write_str("its owner took it back"),
        }
    }
}

/// A change of the vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub enum VaultEvent {
    /// A burn waits; what is burned lies in the vault.
    BurnRequested(BurnRequest),
    /// A burn was executed.
    BurnMinted(BurnMint),
    /// A burn is off; what was to be burned went back.
    BurnCancelled {
        /// The request as it waited.
        request: BurnRequest,
        /// Why.
        reason: CancelReason,
    },
    /// An attempt failed; the request goes on waiting.
    BurnRetried {
        /// The request.
        id: u64,
        /// Failed attempts so far, this one included.
        attempts: u32,
        /// Why it failed.
        reason: RetryReason,
    },
    /// The redemption, and with it all later ones, waits for the next epoch: this one has minted
    /// what it may. No attempt is counted.
    RedeemCapReached {
        /// The request that did not fit.
        id: u64,
        /// AKT that it would have newly minted, in uakt.
        needed: Amount,
        /// What the epoch could still mint, in uakt.
        left: Amount,
    },
    /// Waiting requests of one direction are executed in this block.
    EpochOpened {
        /// Which.
        direction: Direction,
        /// The block.
        at: BlockHeight,
        /// From this block on the next one is due.
        next_at: BlockHeight,
        /// The collateral ratio, in basis points; `None` when no ACT is outstanding.
        ratio_bps: Option<u32>,
    },
    /// The status changed.
    MintStatusChanged {
        /// The status before.
        from: MintStatus,
        /// The status now.
        to: MintStatus,
        /// The collateral ratio, in basis points; `None` without a price or outstanding ACT, or
        /// when a number does not fit.
        ratio_bps: Option<u32>,
        /// The price it was computed from, if there is one.
        price: Option<OraclePrice>,
    },
    /// Someone gave AKT of their own as collateral. It is not credited and never paid back.
    VaultFunded {
        /// Who.
        owner: Address,
        /// How much.
        coin: Coin,
    },
}

impl VaultEvent {
    /// The request that the event is about, whose entry of the state it may have changed.
    #[must_use]
    pub const fn request_id(&self) -> Option<u64> {
        match self {
            Self::BurnRequested(request) | Self::BurnCancelled { request, .. } => Some(request.id),
            Self::BurnMinted(BurnMint { id, .. })
            | Self::BurnRetried { id, .. }
            | Self::RedeemCapReached { id, .. } => Some(*id),
            Self::EpochOpened { .. }
            | Self::MintStatusChanged { .. }
            | Self::VaultFunded { .. } => None,
        }
    }

    /// The movements of money that the event stands for, in order.
    #[must_use]
    pub fn postings(&self) -> Vec<Posting> {
        let vault = vault_address();
        match self {
            Self::BurnRequested(BurnRequest { owner, burned: coin, .. })
            | Self::VaultFunded { owner, coin } => {
                vec![Posting::Transfer { from: *owner, to: vault, coin: coin.clone() }]
            }
            Self::BurnCancelled { request, .. } => {
                let (to, coin) = (request.owner, request.burned.clone());
                vec![Posting::Transfer { from: vault, to, coin }]
            }
            Self::BurnMinted(done) => done.postings(),
            Self::BurnRetried { .. }
            | Self::RedeemCapReached { .. }
            | Self::EpochOpened { .. }
            | Self::MintStatusChanged { .. } => Vec::new(),
        }
    }
}

impl BurnMint {
    /// Burned AKT stays as collateral; burned ACT is destroyed.
    fn postings(&self) -> Vec<Posting> {
        let vault = vault_address();
        let mut postings = Vec::new();
        if Direction::of_burned(&self.burned.denom) == Some(Direction::Redeem) {
            postings.push(Posting::Burn { from: vault, coin: self.burned.clone() });
        }
        postings.push(Posting::Mint { to: vault, coin: self.minted.clone() });
        let (to, coin) = (self.owner, self.paid.clone());
        postings.push(Posting::Transfer { from: vault, to, coin });
        postings
    }
}
