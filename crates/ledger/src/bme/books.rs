//! [`VaultBooks`]: every number that the vault keeps, and [`Figures`]: what they mean for AKT.
//!
//! | identity, at any time | |
//! | --- | --- |
//! | remint credit | = gross burn − remint |
//! | vault lock | = remint credit + given + redeem spread |
//! | vault lock | = genesis + funded + gross burn + newly minted − paid out |
//! | change of circulating AKT | = paid out − gross burn − funded = newly minted − growth of the lock |
//! | outstanding ACT | = genesis + minted − burned |
//!
//! Given is genesis + funded; paid out is remint + newly minted − redeem spread. The waiting
//! requests are in none of them: what they burn still belongs to their owners.
//! [`VaultBooks::check`] asserts the identities. Source: `chain.md` 6.1, 6.5 and 6.6.

use serde::{Deserialize, Serialize};
use undercut_primitives::codec::Canonical;
use undercut_primitives::{Amount, BlockHeight, Misfit};

use super::{BmeParams, BurnMint, Direction, MintStatus};

/// Everything that the vault knows besides the waiting requests. Totals are since genesis and only
/// grow. Amounts are in micro-units.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct VaultBooks {
    /// AKT that backs the outstanding ACT.
    pub collateral_uakt: Amount,
    /// AKT burned for ACT and not yet paid back: paid out before any AKT is minted.
    pub remint_credit_uakt: Amount,
    /// All ACT that exists by these books, the spreads in the vault included.
    pub outstanding_uact: Amount,
    /// AKT in the vault at genesis.
    pub genesis_uakt: Amount,
    /// ACT that existed at genesis.
    pub genesis_uact: Amount,
    /// AKT given to the vault since, without credit.
    pub funded_uakt: Amount,
    /// AKT burned for ACT.
    pub burned_uakt: Amount,
    /// AKT paid out of credit, before the spread.
    pub reminted_uakt: Amount,
    /// AKT newly minted.
    pub minted_uakt: Amount,
    /// AKT kept from redemptions: collateral without credit.
    pub redeem_spread_uakt: Amount,
    /// ACT minted, with the spread.
    pub minted_uact: Amount,
    /// ACT burned for AKT.
    pub burned_uact: Amount,
    /// ACT kept from mints: it lies in the vault and counts as outstanding.
    pub mint_spread_uact: Amount,
    /// The status after the last change.
    pub status: MintStatus,
    /// Whether mints need the resume ratio: the last status with a price was `HaltCollateral`.
    pub is_collateral_halted: bool,
    /// From this block on the next redeem epoch is due.
    pub next_redeem: BlockHeight,
    /// From this block on the next mint epoch is due.
    pub next_mint: BlockHeight,
    /// AKT newly minted in the last redeem epoch.
    pub epoch_minted_uakt: Amount,
    /// Whether a redemption of the last redeem epoch did not fit under the cap.
    pub is_epoch_cap_reached: bool,
    /// Requests ever made.
    pub requests_made: u64,
}

/// A signed difference of amounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetChange {
    /// As much more, or nothing.
    Up(Amount),
    /// So much less, above zero.
    Down(Amount),
}

impl NetChange {
    /// `now − before`.
    #[must_use]
    pub fn between(before: Amount, now: Amount) -> Self {
        match now.checked_sub(before) {
            Some(more) => Self::Up(more),
            None => Self::Down(before.checked_sub(now).unwrap_or_default()),
        }
    }
}

/// The figures that are easily taken for one another. AKT since genesis, in uakt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Gross burn: all AKT ever burned for ACT. Never falls, whatever was paid back since.
    pub gross_burn_uakt: Amount,
    /// Vault lock: AKT that lies in the vault now and backs ACT.
    pub vault_lock_uakt: Amount,
    /// Remint: AKT ever paid out of credit. It had been burned before, so supply did not grow.
    pub remint_uakt: Amount,
    /// Newly minted: AKT that did not exist before. The only part that grows the supply.
    pub newly_minted_uakt: Amount,
    /// How much more or less AKT is outside the vault than at genesis. Waiting requests count as
    /// outside.
    pub circulating_uakt: NetChange,
    /// ACT ever minted, in uact.
    pub minted_uact: Amount,
    /// ACT ever burned for AKT, in uact.
    pub burned_uact: Amount,
    /// ACT that exists by the books now, in uact.
    pub outstanding_uact: Amount,
}

fn sum(amounts: &[Amount]) -> Option<Amount> {
    amounts.iter().try_fold(Amount::ZERO, |sum, amount| sum.plus(*amount).ok())
}

fn add(to: &mut Amount, amount: Amount) -> Option<()> {
    *to = to.plus(amount).ok()?;
    Some(())
}

fn take(from: &mut Amount, amount: Amount) -> Option<()> {
    *from = from.checked_sub(amount)?;
    Some(())
}

impl VaultBooks {
    /// Books at genesis: nothing burned yet, the first epochs due after `epoch_blocks_min`.
    pub(super) fn new(vault_uakt: Amount, genesis_uact: Amount, params: &BmeParams) -> Self {
        let first = BlockHeight::GENESIS.checked_add(params.epoch_blocks_min);
        let first = first.unwrap_or(BlockHeight::MAX);
        Self {
            collateral_uakt: vault_uakt,
            outstanding_uact: genesis_uact,
            genesis_uakt: vault_uakt,
            genesis_uact,
            next_redeem: first,
            next_mint: first,
            ..Self::default()
        }
    }

    /// From this block on the next epoch of a direction is due.
    #[must_use]
    pub const fn next_epoch(&self, direction: Direction) -> BlockHeight {
        match direction {
            Direction::Redeem => self.next_redeem,
            Direction::Mint => self.next_mint,
        }
    }

    /// What the numbers mean; `None` when a sum does not fit, which no real supply reaches.
    #[must_use]
    pub fn figures(&self) -> Option<Figures> {
        let left = sum(&[self.burned_uakt, self.funded_uakt])?;
        Some(Figures {
            gross_burn_uakt: self.burned_uakt,
            vault_lock_uakt: self.collateral_uakt,
            remint_uakt: self.reminted_uakt,
            newly_minted_uakt: self.minted_uakt,
            circulating_uakt: NetChange::between(left, self.paid_out_uakt()?),
            minted_uact: self.minted_uact,
            burned_uact: self.burned_uact,
            outstanding_uact: self.outstanding_uact,
        })
    }

    /// AKT ever paid to redeemers.
    fn paid_out_uakt(&self) -> Option<Amount> {
        let gross = sum(&[self.reminted_uakt, self.minted_uakt])?;
        gross.checked_sub(self.redeem_spread_uakt)
    }

    /// Whether the identities of this module's table hold.
    ///
    /// # Errors
    ///
    /// [`Misfit`] with the first that does not.
    pub fn check(&self) -> Result<(), Misfit> {
        let given = sum(&[self.genesis_uakt, self.funded_uakt]);
        let grown = given.and_then(|given| sum(&[given, self.burned_uakt, self.minted_uakt]));
        let minted = sum(&[self.genesis_uact, self.minted_uact]);
        let lock =
            given.and_then(|given| sum(&[self.remint_credit_uakt, given, self.redeem_spread_uakt]));
        let circulating = self.figures().map(|figures| figures.circulating_uakt);
        let unlocked = sum(&[self.genesis_uakt, self.minted_uakt]);
        for (left, right, what) in [
            (
                sum(&[self.remint_credit_uakt, self.reminted_uakt]),
                Some(self.burned_uakt),
                "remint credit and remint are not the gross burn",
            ),
            (lock, Some(self.collateral_uakt), "credit, gifts and spreads are not the vault lock"),
            (
                grown.zip(self.paid_out_uakt()).and_then(|(grown, out)| grown.checked_sub(out)),
                Some(self.collateral_uakt),
                "what came in less what went out is not the vault lock",
            ),
            (
                minted.and_then(|minted| minted.checked_sub(self.burned_uact)),
                Some(self.outstanding_uact),
                "genesis and minted less burned ACT are not the outstanding ACT",
            ),
        ] {
            if left.is_none() || left != right {
                return Err(Misfit::new(what));
            }
        }
        if circulating != unlocked.map(|sum| NetChange::between(self.collateral_uakt, sum)) {
            return Err(Misfit::new("circulating AKT does not follow from the vault lock"));
        }
        Ok(())
    }

    /// The entries of a conversion in `chain.md` 6.5's table; `None` when they do not add up.
    pub(super) fn enter(&mut self, done: &BurnMint) -> Option<()> {
        let direction = Direction::of_burned(&done.burned.denom)?;
        let out = direction.minted();
        if [&done.gross, &done.paid, &done.minted].iter().any(|coin| coin.denom != out) {
            return None;
        }
        match direction {
            Direction::Mint => self.enter_mint(done),
            Direction::Redeem => self.enter_redeem(done),
        }
    }

    fn enter_mint(&mut self, done: &BurnMint) -> Option<()> {
        let (burned, gross) = (done.burned.amount, done.gross.amount);
        if done.minted.amount != gross {
            return None;
        }
        add(&mut self.mint_spread_uact, gross.checked_sub(done.paid.amount)?)?;
        add(&mut self.collateral_uakt, burned)?;
        add(&mut self.remint_credit_uakt, burned)?;
        add(&mut self.burned_uakt, burned)?;
        add(&mut self.outstanding_uact, gross)?;
        add(&mut self.minted_uact, gross)
    }

    fn enter_redeem(&mut self, done: &BurnMint) -> Option<()> {
        let (burned, gross, minted) = (done.burned.amount, done.gross.amount, done.minted.amount);
        let from_credit = gross.checked_sub(minted)?;
        if from_credit != gross.min(self.remint_credit_uakt) {
            return None;
        }
        take(&mut self.remint_credit_uakt, from_credit)?;
        add(&mut self.reminted_uakt, from_credit)?;
        add(&mut self.minted_uakt, minted)?;
        add(&mut self.epoch_minted_uakt, minted)?;
        add(&mut self.redeem_spread_uakt, gross.checked_sub(done.paid.amount)?)?;
        add(&mut self.collateral_uakt, minted)?;
        take(&mut self.collateral_uakt, done.paid.amount)?;
        take(&mut self.outstanding_uact, burned)?;
        add(&mut self.burned_uact, burned)
    }

    /// Takes a gift in.
    pub(super) fn enter_gift(&mut self, amount: Amount) -> Option<()> {
        add(&mut self.funded_uakt, amount)?;
        add(&mut self.collateral_uakt, amount)
    }

    /// Sets the status; an oracle halt leaves a collateral halt as it was.
    pub(super) fn enter_status(&mut self, to: MintStatus) {
        self.status = to;
        self.is_collateral_halted = match to {
            MintStatus::HaltCollateral => true,
            MintStatus::Healthy | MintStatus::Warning => false,
            MintStatus::HaltOracle => self.is_collateral_halted,
        };
    }

    /// Starts an epoch that was due.
    pub(super) fn enter_epoch(
        &mut self,
        direction: Direction,
        at: BlockHeight,
        next_at: BlockHeight,
    ) -> Result<(), Misfit> {
        if self.next_epoch(direction) > at || next_at < at {
            return Err(Misfit::new("the epoch is not due"));
        }
        match direction {
            Direction::Redeem => {
                self.next_redeem = next_at;
                self.epoch_minted_uakt = Amount::ZERO;
                self.is_epoch_cap_reached = false;
            }
            Direction::Mint => self.next_mint = next_at,
        }
        Ok(())
    }
}
