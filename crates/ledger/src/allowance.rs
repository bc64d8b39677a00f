//! [`Allowance`]: what one account lets another spend of its money on deposits.
//!
//! Nothing is held: the granter's money moves when the grantee draws on it, and the limit falls by
//! as much. What is refunded goes to the granter, and the limit rises again if the allowance still
//! stands, up to what was granted; one that is used up is kept for that. Source: `chain.md` 5.3 and
//! 5.6.

mod draws;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use undercut_primitives::codec::Canonical;
use undercut_primitives::{Address, Amount, BlockHeight, Code, Coin, Contribution, Denom, Misfit};

use self::draws::Drawn;
pub use self::draws::Draws;
use crate::{Deposit, LedgerEvent};

/// The most denoms of one allowance.
pub const LIMITS_MAX: usize = 8;
/// The most accounts that pay one deposit together.
pub const PAYERS_MAX: usize = 8;

/// What may be paid out of an allowance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Canonical)]
pub enum Purpose {
    /// The escrow account of a deployment.
    Deployment,
    /// The deposit of a bid.
    Bid,
}

/// What a granter signs. The signer is the granter; a second one for the same account replaces
/// the first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct NewAllowance {
    /// Who may spend.
    pub grantee: Address,
    /// Whether for escrow accounts.
    pub for_deployments: bool,
    /// Whether for deposits of bids.
    pub for_bids: bool,
    /// How much, per denom: 1 to [`LIMITS_MAX`].
    pub limits: Vec<Coin>,
    /// The last block in which it can be drawn on. Refunds come back later too.
    pub expires_at: Option<BlockHeight>,
}

/// What may be spent of one denom, in micro-units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct Limit {
    /// What the granter signed. What comes back never raises `left` above it.
    pub granted: Amount,
    /// What is left of it.
    pub left: Amount,
}

/// What may still be spent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct Allowance {
    /// Whether for escrow accounts.
    pub for_deployments: bool,
    /// Whether for deposits of bids.
    pub for_bids: bool,
    /// How much is left.
    pub limits: BTreeMap<Denom, Limit>,
    /// The last block in which it can be drawn on.
    pub expires_at: Option<BlockHeight>,
}

impl Allowance {
    fn is_for(&self, purpose: Purpose) -> bool {
        match purpose {
            Purpose::Deployment => self.for_deployments,
            Purpose::Bid => self.for_bids,
        }
    }
}

/// Which allowance: ordered by who may spend.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Canonical,
)]
pub struct AllowanceId {
    /// Who may spend.
    pub grantee: Address,
    /// Whose money.
    pub granter: Address,
}

impl AllowanceId {
    /// The allowance of `granter` that `grantee` drew on, if somebody did.
    #[must_use]
    pub fn of(granter: Address, grantee: Option<Address>) -> Option<Self> {
        grantee.map(|grantee| Self { grantee, granter })
    }
}

/// Why an allowance is not given or cannot be used. Variants stand in the order of checking.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AllowanceRejection {
    /// Nobody needs an allowance of their own.
    #[error("{granter} would allow itself to spend its own money")]
    ToSelf {
        /// Who grants.
        granter: Address,
    },
    /// It would allow nothing.
    #[error("the allowance is neither for deployments nor for bids")]
    NoPurpose,
    /// No limit, or too many.
    #[error("{limits} limits where 1 to {limits_max} are allowed")]
    LimitCount {
        /// How many there are.
        limits: usize,
        /// How many are allowed.
        limits_max: usize,
    },
    /// A limit of nothing, too much, or a second one for the same denom.
    #[error("the limit of {limit}: one per denom, above zero, up to {amount_max}")]
    Limit {
        /// The limit.
        limit: Coin,
        /// The most allowed.
        amount_max: Amount,
    },
    /// It would have ended before it began.
    #[error("the allowance would end with block {expires_at}, this is block {height}")]
    Over {
        /// Its last block.
        expires_at: BlockHeight,
        /// This block.
        height: BlockHeight,
    },
    /// There is no such allowance.
    #[error("{granter} allows {grantee} nothing")]
    NotFound {
        /// Whose money.
        granter: Address,
        /// Who would spend it.
        grantee: Address,
    },
    /// Too many pay together.
    #[error("{payers} accounts pay together where at most {payers_max} may")]
    PayerCount {
        /// How many there are.
        payers: usize,
        /// How many may be.
        payers_max: usize,
    },
    /// A payer stands twice or pays nothing.
    #[error("payer {payer} stands twice or pays nothing")]
    Payer {
        /// Who.
        payer: Address,
    },
    /// The parts are not the whole.
    #[error("the payers pay {sum} {denom} together, the deposit is {amount}")]
    DoesNotAddUp {
        /// All parts together, in micro-units.
        sum: Amount,
        /// The deposit, in micro-units.
        amount: Amount,
        /// The denom of both.
        denom: Denom,
    },
    /// The allowance is for something else.
    #[error("what {granter} allows {grantee} is not for this: {purpose:?}")]
    WrongPurpose {
        /// Whose money.
        granter: Address,
        /// Who would spend it.
        grantee: Address,
        /// What for.
        purpose: Purpose,
    },
    /// The allowance is over.
    #[error(
        "what {granter} allows could be drawn on up to block {expires_at}, this is block {height}"
    )]
    Expired {
        /// Whose money.
        granter: Address,
        /// Its last block.
        expires_at: BlockHeight,
        /// This block.
        height: BlockHeight,
    },
    /// More than is left.
    #[error("{amount} {denom} are more than the {limit} that {granter} still allows")]
    AboveLimit {
        /// Whose money.
        granter: Address,
        /// What is asked for, in micro-units.
        amount: Amount,
        /// What is left, in micro-units.
        limit: Amount,
        /// The denom of both.
        denom: Denom,
    },
}

impl AllowanceRejection {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::new(match self {
            Self::ToSelf { .. } => "ALW001",
            Self::NoPurpose => "ALW002",
            Self::LimitCount { .. } => "ALW003",
            Self::Limit { .. } => "ALW004",
            Self::Over { .. } => "ALW005",
            Self::NotFound { .. } => "ALW006",
            Self::PayerCount { .. } => "ALW007",
            Self::Payer { .. } => "ALW008",
            Self::DoesNotAddUp { .. } => "ALW009",
            Self::WrongPurpose { .. } => "ALW010",
            Self::Expired { .. } => "ALW011",
            Self::AboveLimit { .. } => "ALW012",
        })
    }
}

/// All allowances.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowances(BTreeMap<AllowanceId, Allowance>);

impl Allowances {
    /// These allowances, as [`Allowances::iter`] gave them, in any order.
    ///
    /// # Errors
    ///
    /// [`Misfit`] when one is there twice.
    pub fn from_entries(
        allowances: impl IntoIterator<Item = (AllowanceId, Allowance)>,
    ) -> Result<Self, Misfit> {
        let mut restored = Self::default();
        for (id, allowance) in allowances {
            if restored.0.insert(id, allowance).is_some() {
                return Err(Misfit::new("an allowance is there twice"));
            }
        }
        Ok(restored)
    }

    /// The allowance `id`.
    #[must_use]
    pub fn get(&self, id: &AllowanceId) -> Option<&Allowance> {
        self.0.get(id)
    }

    /// All allowances, by who may spend.
    pub fn iter(&self) -> impl Iterator<Item = (&AllowanceId, &Allowance)> {
        self.0.iter()
    }

    /// What `granter`'s signature would allow.
    ///
    /// # Errors
    ///
    /// The first [`AllowanceRejection`] from `ToSelf` to `Over`.
    pub fn grant(
        &self,
        granter: Address,
        new: &NewAllowance,
        at: BlockHeight,
    ) -> Result<(AllowanceId, Allowance), AllowanceRejection> {
        if granter == new.grantee {
            return Err(AllowanceRejection::ToSelf { granter });
        }
        if !new.for_deployments && !new.for_bids {
            return Err(AllowanceRejection::NoPurpose);
        }
        let count = new.limits.len();
        if count == 0 || count > LIMITS_MAX {
            let (limits, limits_max) = (count, LIMITS_MAX);
            return Err(AllowanceRejection::LimitCount { limits, limits_max });
        }
        let mut limits = BTreeMap::new();
        for limit in &new.limits {
            let fits = !limit.amount.is_zero() && limit.amount <= Amount::SUPPLY_MAX;
            let new = Limit { granted: limit.amount, left: limit.amount };
            if !fits || limits.insert(limit.denom.clone(), new).is_some() {
                let (limit, amount_max) = (limit.clone(), Amount::SUPPLY_MAX);
                return Err(AllowanceRejection::Limit { limit, amount_max });
            }
        }
        if let Some(expires_at) = new.expires_at.filter(|expires_at| *expires_at < at) {
            return Err(AllowanceRejection::Over { expires_at, height: at });
        }
        let NewAllowance { grantee, for_deployments, for_bids, expires_at, .. } = *new;
        let allowance = Allowance { for_deployments, for_bids, limits, expires_at };
        Ok((AllowanceId { grantee, granter }, allowance))
    }

    /// An allowance that can be taken back. What was drawn already stays where it is.
    ///
    /// # Errors
    ///
    /// [`AllowanceRejection::NotFound`].
    pub fn find(&self, id: AllowanceId) -> Result<AllowanceId, AllowanceRejection> {
        let AllowanceId { grantee, granter } = id;
        let found = self.0.get(&id).map(|_| id);
        found.ok_or(AllowanceRejection::NotFound { granter, grantee })
    }

    /// The deposits that `coin` becomes when `payers` pay it on `signer`'s word, in their order.
    /// Without payers, the signer pays. Whether each has the money is the bank's to say.
    ///
    /// # Errors
    ///
    /// The first [`AllowanceRejection`] from `PayerCount` on; `NotFound` stands before
    /// `WrongPurpose`.
    pub fn fund(
        &self,
        signer: Address,
        coin: &Coin,
        payers: &[Contribution],
        purpose: Purpose,
        at: BlockHeight,
    ) -> Result<Vec<Deposit>, AllowanceRejection> {
        self.fund_after(&Drawn::new(), signer, coin, payers, purpose, at)
    }

    /// [`Allowances::fund`] as if that much were drawn already.
    fn fund_after(
        &self,
        drawn: &Drawn,
        signer: Address,
        coin: &Coin,
        payers: &[Contribution],
        purpose: Purpose,
        at: BlockHeight,
    ) -> Result<Vec<Deposit>, AllowanceRejection> {
        if payers.is_empty() {
            return Ok(vec![Deposit { depositor: signer, drawn_by: None, coin: coin.clone() }]);
        }
        let (count, payers_max) = (payers.len(), PAYERS_MAX);
        if count > payers_max {
            return Err(AllowanceRejection::PayerCount { payers: count, payers_max });
        }
        let (mut seen, mut sum, mut deposits) = (BTreeSet::new(), Amount::ZERO, Vec::new());
        for Contribution { payer, amount } in payers {
            if amount.is_zero() || !seen.insert(*payer) {
                return Err(AllowanceRejection::Payer { payer: *payer });
            }
            // A sum that does not fit is not the deposit either.
            sum = sum.plus(*amount).unwrap_or(Amount::from_micro(u128::MAX));
            let coin = Coin::new(coin.denom.clone(), *amount);
            let drawn_by = (*payer != signer).then_some(signer);
            deposits.push(Deposit { depositor: *payer, drawn_by, coin });
        }
        if sum != coin.amount {
            let (amount, denom) = (coin.amount, coin.denom.clone());
            return Err(AllowanceRejection::DoesNotAddUp { sum, amount, denom });
        }
        for deposit in deposits.iter().filter(|deposit| deposit.drawn_by.is_some()) {
            self.check_draw(drawn, signer, deposit, purpose, at)?;
        }
        Ok(deposits)
    }

    fn check_draw(
        &self,
        drawn: &Drawn,
        grantee: Address,
        deposit: &Deposit,
        purpose: Purpose,
        height: BlockHeight,
    ) -> Result<(), AllowanceRejection> {
        let granter = deposit.depositor;
        let id = AllowanceId { grantee, granter };
        let allowance = self.0.get(&id);
        let allowance = allowance.ok_or(AllowanceRejection::NotFound { granter, grantee })?;
        if !allowance.is_for(purpose) {
            return Err(AllowanceRejection::WrongPurpose { granter, grantee, purpose });
        }
        if let Some(expires_at) = allowance.expires_at.filter(|expires_at| *expires_at < height) {
            return Err(AllowanceRejection::Expired { granter, expires_at, height });
        }
        let Coin { denom, amount } = deposit.coin.clone();
        let left = allowance.limits.get(&denom).map_or(Amount::ZERO, |limit| limit.left);
        let limit = left.checked_sub(drawn.of(&id, &denom)).unwrap_or(Amount::ZERO);
        if amount > limit {
            return Err(AllowanceRejection::AboveLimit { granter, amount, limit, denom });
        }
        Ok(())
    }

    /// Makes an event of the ledger true: allowances given and taken back, draws and refunds of
    /// escrow accounts. Those of bids come by [`Allowances::draw`] and [`Allowances::restore`].
    ///
    /// # Errors
    ///
    /// [`Misfit`] when more is drawn than is allowed, or an unknown allowance taken back.
    pub fn apply(&mut self, event: &LedgerEvent) -> Result<(), Misfit> {
        match event {
            LedgerEvent::AllowanceGranted { id, allowance } => {
                self.0.insert(*id, allowance.clone());
            }
            LedgerEvent::AllowanceRevoked(id) => {
                self.0.remove(id).ok_or(Misfit::new("no such allowance"))?;
            }
            LedgerEvent::Deposited { deposit, .. } => {
                if let Some(id) = AllowanceId::of(deposit.depositor, deposit.drawn_by) {
                    self.draw(&id, &deposit.coin)?;
                }
            }
            LedgerEvent::AccountClosed { refunds, .. } => {
                for refund in refunds {
                    if let Some(id) = AllowanceId::of(refund.to, refund.drawn_by) {
                        self.restore(&id, &refund.coin);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Lowers a limit by what was drawn.
    ///
    /// # Errors
    ///
    /// [`Misfit`] when less is left.
    pub fn draw(&mut self, id: &AllowanceId, coin: &Coin) -> Result<(), Misfit> {
        let allowance = self.0.get_mut(id).ok_or(Misfit::new("no such allowance"))?;
        let limit = allowance.limits.get_mut(&coin.denom);
        let limit = limit.ok_or(Misfit::new("the allowance is not in this denom"))?;
        let rest = limit.left.checked_sub(coin.amount);
        limit.left = rest.ok_or(Misfit::new("more is drawn than is allowed"))?;
        Ok(())
    }

    /// Raises a limit by what came back, if the allowance still stands and is in this denom, up to
    /// what was granted: what was drawn on an earlier allowance does not make a later one larger.
    pub fn restore(&mut self, id: &AllowanceId, coin: &Coin) {
        let limit = self.0.get_mut(id).and_then(|allowance| allowance.limits.get_mut(&coin.denom));
        if let Some(limit) = limit {
            let sum = limit.left.plus(coin.amount).unwrap_or(limit.granted);
            limit.left = sum.min(limit.granted);
        }
    }
}
