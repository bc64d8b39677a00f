//! The plain twin of the vault: bare integers, one list, every block worked off eagerly.
//!
//! Obviously right and linear. It shares no arithmetic with [`super::Vault`], keeps no index, and
//! does a whole end of block in one call. Tests run it beside the vault and compare every figure.
//! A price is in 10^-18 US dollars, zero for none. Source: `chain.md` 6.

use alloc::vec::Vec;

use undercut_primitives::Address;

use super::{BmeParams, MintStatus};

/// 10^18.
const ONE: u128 = 1_000_000_000_000_000_000;
/// 10^14: one basis point.
const BPS: u128 = 100_000_000_000_000;
/// The longest mint interval, in blocks.
const INTERVAL_MAX: u128 = 14_400;

/// A waiting request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlainRequest {
    /// Its number.
    pub id: u64,
    /// Whose.
    pub owner: Address,
    /// AKT for ACT, or back.
    pub is_mint: bool,
    /// What is burned.
    pub burned: u128,
    /// Failed attempts.
    pub attempts: u32,
}

/// What a burn gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Given {
    gross: u128,
    paid: u128,
    minted: u128,
}

/// Why a burn gives nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    Again,
    ForGood,
}

/// A request that left the queue in an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlainDone {
    /// The request.
    pub request: PlainRequest,
    /// What it gave, in micro-units of what comes out: before the spread, after it, and how much
    /// of it was new. `None`: it was given back.
    pub given: Option<(u128, u128, u128)>,
}

/// The vault again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlainVault {
    /// AKT that backs ACT.
    pub collateral: u128,
    /// AKT burned and not paid back.
    pub credit: u128,
    /// All ACT.
    pub supply: u128,
    /// AKT burned, ever.
    pub burned_uakt: u128,
    /// AKT paid out of credit, ever.
    pub reminted_uakt: u128,
    /// AKT newly minted, ever.
    pub minted_uakt: u128,
    /// AKT kept from redemptions, ever.
    pub kept_uakt: u128,
    /// ACT minted, ever.
    pub minted_uact: u128,
    /// ACT burned, ever.
    pub burned_uact: u128,
    /// ACT kept from mints, ever.
    pub kept_uact: u128,
    /// AKT given, ever.
    pub funded_uakt: u128,
    /// The status.
    pub status: MintStatus,
    /// Whether the last status with a price was a collateral halt.
    pub is_tripped: bool,
    /// The next redeem epoch.
    pub next_redeem: u64,
    /// The next mint epoch.
    pub next_mint: u64,
    /// The waiting requests, oldest first.
    pub requests: Vec<PlainRequest>,
    /// Requests ever made.
    pub requests_made: u64,
}

impl PlainVault {
    /// The vault at genesis.
    #[must_use]
    pub fn new(collateral: u128, supply: u128, params: &BmeParams) -> Self {
        let first = params.epoch_blocks_min.to_blocks();
        Self { collateral, supply, next_redeem: first, next_mint: first, ..Self::default() }
    }

    /// Takes a burn in, if it would give something now; returns whether it did.
    pub fn request(
        &mut self,
        owner: Address,
        is_mint: bool,
        burned: u128,
        price: u128,
        params: &BmeParams,
    ) -> bool {
        let own = self.requests.iter().filter(|request| request.owner == owner).count();
        let is_full = own >= wide(params.requests_per_owner_max)
            || self.requests.len() >= wide(params.requests_waiting_max);
        let gives = burned > 0 && self.give(is_mint, burned, price, params).is_ok();
        if is_full || !self.allows(is_mint, price, params) || !gives {
            return false;
        }
        self.requests_made = self.requests_made.saturating_add(1);
        let id = self.requests_made;
        self.requests.push(PlainRequest { id, owner, is_mint, burned, attempts: 0 });
        true
    }

    /// Takes a request of `owner` out; returns whether there was one.
    pub fn cancel(&mut self, id: u64, owner: Address) -> bool {
        let before = self.requests.len();
        self.requests.retain(|request| request.id != id || request.owner != owner);
        self.requests.len() < before
    }

    /// Takes a gift in.
    pub fn fund(&mut self, amount: u128) {
        self.collateral = self.collateral.saturating_add(amount);
        self.funded_uakt = self.funded_uakt.saturating_add(amount);
    }

    /// The whole end of a block; returns the requests that left the queue, in their order.
    pub fn end_block(&mut self, at: u64, price: u128, params: &BmeParams) -> Vec<PlainDone> {
        let mut done = Vec::new();
        self.observe(price, params);
        if self.next_redeem <= at && self.allows(false, price, params) {
            self.next_redeem = at.saturating_add(params.epoch_blocks_min.to_blocks());
            self.work_off(false, price, params, &mut done);
        }
        if self.next_mint <= at && self.allows(true, price, params) {
            self.next_mint = at.saturating_add(self.interval(price, params));
            self.work_off(true, price, params, &mut done);
        }
        done
    }

    /// One epoch: the oldest requests of a direction, one after the other.
    fn work_off(
        &mut self,
        is_mint: bool,
        price: u128,
        params: &BmeParams,
        done: &mut Vec<PlainDone>,
    ) {
        let own = self.requests.iter().filter(|request| request.is_mint == is_mint).copied();
        let turns: Vec<_> = own.take(wide(params.requests_per_epoch_max)).collect();
        let mut may_mint = match params.redeem_new_uakt_per_epoch_max {
            Some(cap) if !is_mint => cap.to_micro(),
            _ => u128::MAX,
        };
        for request in turns {
            if !self.allows(is_mint, price, params) {
                return;
            }
            let mut outcome = None;
            match self.give(is_mint, request.burned, price, params) {
                Ok(given) if given.minted > may_mint => return,
                Ok(given) => {
                    may_mint = may_mint.saturating_sub(given.minted);
                    self.enter(&request, given);
                    self.drop(request.id);
                    outcome = Some((given.gross, given.paid, given.minted));
                }
                Err(Refused::Again) => self.retry(request.id, params),
                Err(Refused::ForGood) => self.drop(request.id),
            }
            if !self.requests.iter().any(|waiting| waiting.id == request.id) {
                done.push(PlainDone { request, given: outcome });
            }
            self.observe(price, params);
        }
    }

    fn drop(&mut self, id: u64) {
        self.requests.retain(|request| request.id != id);
    }

    fn retry(&mut self, id: u64, params: &BmeParams) {
        for request in self.requests.iter_mut().filter(|request| request.id == id) {
            request.attempts = request.attempts.saturating_add(1);
        }
        self.requests.retain(|request| request.id != id || request.attempts < params.attempts_max);
    }

    fn enter(&mut self, request: &PlainRequest, given: Given) {
        let add = |to: &mut u128, amount: u128| *to = to.saturating_add(amount);
        let kept = given.gross.saturating_sub(given.paid);
        if request.is_mint {
            add(&mut self.collateral, request.burned);
            add(&mut self.credit, request.burned);
            add(&mut self.burned_uakt, request.burned);
            add(&mut self.supply, given.gross);
            add(&mut self.minted_uact, given.gross);
            add(&mut self.kept_uact, kept);
            return;
        }
        let old = given.gross.saturating_sub(given.minted);
        self.credit = self.credit.saturating_sub(old);
        add(&mut self.reminted_uakt, old);
        add(&mut self.minted_uakt, given.minted);
        add(&mut self.kept_uakt, kept);
        add(&mut self.collateral, given.minted);
        self.collateral = self.collateral.saturating_sub(given.paid);
        self.supply = self.supply.saturating_sub(request.burned);
        add(&mut self.burned_uact, request.burned);
    }

    /// What a burn gives at a price, and how much of it is new.
    fn give(
        &self,
        is_mint: bool,
        burned: u128,
        price: u128,
        params: &BmeParams,
    ) -> Result<Given, Refused> {
        if !is_mint && burned > self.supply {
            return Err(Refused::Again);
        }
        let rate = if is_mint { Some(price) } else { quotient_half_even(ONE, ONE, price) };
        let bps = if is_mint { params.mint_spread_bps } else { params.redeem_spread_bps };
        let given = rate.and_then(|rate| gross_and_paid(burned, rate, bps));
        let (gross, paid) = given.ok_or(Refused::ForGood)?;
        let minted = if is_mint { gross } else { gross.saturating_sub(self.credit) };
        let is_small = gross == 0 || (is_mint && gross < params.mint_min.to_micro());
        let cap = params.redeem_new_uakt_per_epoch_max.filter(|_| !is_mint);
        let is_large = cap.is_some_and(|cap| minted > cap.to_micro());
        if is_small || is_large {
            return Err(Refused::ForGood);
        }
        Ok(Given { gross, paid, minted })
    }

    /// Collateral × price ÷ supply, in basis points; `None` when it does not fit.
    fn ratio_bps(&self, price: u128) -> Option<u128> {
        self.supply.checked_mul(ONE)?;
        let ratio = quotient_half_even(self.collateral, price, self.supply)?;
        Some(ratio.checked_div(BPS)?.min(u128::from(u32::MAX)))
    }

    /// The status at a price.
    #[must_use]
    pub fn status_at(&self, price: u128, params: &BmeParams) -> MintStatus {
        let hurdle = if self.is_tripped { params.resume_ratio_bps } else { params.halt_ratio_bps };
        match (price, self.supply, self.ratio_bps(price)) {
            (0, _, _) => MintStatus::HaltOracle,
            (_, 0, _) => MintStatus::Healthy,
            (_, _, Some(bps)) if bps > u128::from(hurdle.max(params.warn_ratio_bps)) => {
                MintStatus::Healthy
            }
            (_, _, Some(bps)) if bps > u128::from(hurdle) => MintStatus::Warning,
            _ => MintStatus::HaltCollateral,
        }
    }

    fn allows(&self, is_mint: bool, price: u128, params: &BmeParams) -> bool {
        match self.status_at(price, params) {
            MintStatus::Healthy | MintStatus::Warning => true,
            MintStatus::HaltCollateral => !is_mint,
            MintStatus::HaltOracle => false,
        }
    }

    fn observe(&mut self, price: u128, params: &BmeParams) {
        self.status = self.status_at(price, params);
        if price > 0 {
            self.is_tripped = self.status == MintStatus::HaltCollateral;
        }
    }

    /// Blocks to the next mint epoch.
    fn interval(&self, price: u128, params: &BmeParams) -> u64 {
        let warn = u128::from(params.warn_ratio_bps);
        let bps = if self.supply == 0 { None } else { self.ratio_bps(price) };
        mint_interval(bps.unwrap_or(warn), params)
    }
}

/// Blocks from one mint epoch to the next at a ratio in basis points.
#[must_use]
pub fn mint_interval(bps: u128, params: &BmeParams) -> u64 {
    let least = params.epoch_blocks_min.to_blocks();
    let steps = u128::from(params.warn_ratio_bps).saturating_sub(bps) / 10;
    let growth = u128::from(params.epoch_backoff_percent).saturating_mul(ONE / 100);
    let power = power_half_even(ONE.saturating_add(growth), steps);
    let blocks = power.and_then(|power| power.checked_mul(u128::from(least)));
    let blocks = blocks.map_or(INTERVAL_MAX, |atoms| (atoms / ONE).min(INTERVAL_MAX));
    u64::try_from(blocks).unwrap_or(u64::MAX).max(least)
}

fn wide(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// `floor(burned × rate)`, and what is left of it after the spread, which is rounded down.
fn gross_and_paid(burned: u128, rate: u128, spread_bps: u32) -> Option<(u128, u128)> {
    let exact = burned.checked_mul(rate)?;
    let gross = exact / ONE;
    // Half to even at 18 digits first: it may round up to the next whole micro-unit.
    let spread = quotient_half_even(exact, u128::from(spread_bps), 10_000)? / ONE;
    Some((gross, gross.saturating_sub(spread)))
}

/// `a × b ÷ divisor`, half to even; `None` when the product does not fit or the divisor is zero.
fn quotient_half_even(a: u128, b: u128, divisor: u128) -> Option<u128> {
    let product = a.checked_mul(b)?;
    let (floor, rest) = (product.checked_div(divisor)?, product.checked_rem(divisor)?);
    // rest > divisor − rest is 2 × rest > divisor without the overflow.
    let other = divisor.saturating_sub(rest);
    let is_odd = floor % 2 == 1;
    floor.checked_add(u128::from(rest > other || (rest == other && is_odd)))
}

/// `a × b` at 18 digits, half to even, by whole and fractional parts; `None` from 10^9 on.
fn product_half_even(a: u128, b: u128) -> Option<u128> {
    let (a1, a0, b1, b0) = (a / ONE, a % ONE, b / ONE, b % ONE);
    if a1 >= 1_000_000_000 || b1 >= 1_000_000_000 {
        return None;
    }
    let whole = a1.checked_mul(b1)?.checked_mul(ONE)?;
    let mixed = a1.checked_mul(b0)?.checked_add(a0.checked_mul(b1)?)?;
    // Only the last part has digits beyond the 18th, so only it is rounded; whether the 18th digit
    // is odd is for the whole sum to say.
    let (last, rest) = (a0.checked_mul(b0)? / ONE, a0.checked_mul(b0)? % ONE);
    let floor = whole.checked_add(mixed)?.checked_add(last)?;
    let (half, is_odd) = (ONE / 2, floor % 2 == 1);
    floor.checked_add(u128::from(rest > half || (rest == half && is_odd)))
}

/// A power, from the binary digits of its exponent: the squares of the ones, lowest first.
fn power_half_even(base: u128, exponent: u128) -> Option<u128> {
    let (mut power, mut square, mut left) = (ONE, base, exponent);
    while left > 0 {
        if left % 2 == 1 {
            power = product_half_even(power, square)?;
        }
        left /= 2;
        if left > 0 {
            square = product_half_even(square, square)?;
        }
    }
    Some(power)
}
