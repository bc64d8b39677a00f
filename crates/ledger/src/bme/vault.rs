//! [`Vault`]: collateral, credit, supply of ACT, and the queue of requests.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use undercut_primitives::{Address, Amount, BlockHeight, Coin, Decimal, Denom, Misfit};

use super::{BmeParams, BmeRejection, Conversion, MintStatus, OraclePrice, convert};
use crate::Posting;
use crate::bank::vault_address;

/// A burn that waits for the end of a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BurnRequest {
    /// Its number, from 1, in order of arrival.
    pub id: u64,
    /// Who burns, and receives what comes out.
    pub owner: Address,
    /// What is burned.
    pub burned: Coin,
    /// The block of the request.
    pub requested_at: BlockHeight,
}

/// An executed conversion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BurnMint {
    /// The request.
    pub id: u64,
    /// Who burned.
    pub owner: Address,
    /// What was burned.
    pub burned: Coin,
    /// What came out, before the spread.
    pub gross: Coin,
    /// What the owner got.
    pub paid: Coin,
    /// The part of `gross` that was newly minted; the rest came from credit.
    pub minted: Coin,
    /// The price it happened at.
    pub price: OraclePrice,
}

/// A change of the vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum VaultEvent {
    /// A burn waits; what is burned lies in the vault.
    BurnRequested(BurnRequest),
    /// A burn was executed.
    BurnMinted(BurnMint),
    /// A burn could not be executed; what was to be burned went back.
    BurnCancelled(BurnRequest),
    /// The status changed.
    MintStatusChanged {
        /// The status before.
        from: MintStatus,
        /// The status now.
        to: MintStatus,
    },
}

impl VaultEvent {
    /// The movements of money that the event stands for, in order.
    #[must_use]
    pub fn postings(&self) -> Vec<Posting> {
        let vault = vault_address();
        match self {
            Self::BurnRequested(request) => {
                let (from, coin) = (request.owner, request.burned.clone());
                vec![Posting::Transfer { from, to: vault, coin }]
            }
            Self::BurnCancelled(request) => {
                let (to, coin) = (request.owner, request.burned.clone());
                vec![Posting::Transfer { from: vault, to, coin }]
            }
            Self::BurnMinted(done) => {
                let mut postings = Vec::new();
                // Burned AKT stays as collateral; burned ACT is destroyed.
                if done.burned.denom == Denom::uact() {
                    postings.push(Posting::Burn { from: vault, coin: done.burned.clone() });
                }
                postings.push(Posting::Mint { to: vault, coin: done.minted.clone() });
                let (to, coin) = (done.owner, done.paid.clone());
                postings.push(Posting::Transfer { from: vault, to, coin });
                postings
            }
            Self::MintStatusChanged { .. } => Vec::new(),
        }
    }
}

/// Collateral against outstanding ACT. All amounts in micro-units.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vault {
    /// AKT that backs the outstanding ACT; requests that wait are not in it.
    pub collateral_uakt: Amount,
    /// AKT burned for ACT and not yet paid back: paid out before any AKT is minted.
    pub remint_credit_uakt: Amount,
    /// All ACT that exists by these books: genesis, plus minted, minus burned.
    pub outstanding_uact: Amount,
    /// AKT burned for ACT, ever.
    pub burned_uakt: Amount,
    /// ACT minted, ever, with the spread.
    pub minted_uact: Amount,
    /// ACT burned for AKT, ever.
    pub burned_uact: Amount,
    /// AKT newly minted, ever.
    pub minted_uakt: Amount,
    /// The status after the last change.
    pub status: MintStatus,
    /// Requests that wait, by arrival.
    pub requests: BTreeMap<u64, BurnRequest>,
    /// Requests ever made.
    pub requests_made: u64,
}

impl Vault {
    /// Collateral value ÷ outstanding ACT, or `None` when no ACT is outstanding or a number does
    /// not fit. Order of operations as in `chain.md` 6.3: price × collateral, then ÷ supply.
    #[must_use]
    pub fn ratio(&self, price: &OraclePrice) -> Option<Decimal> {
        if self.outstanding_uact.is_zero() {
            return None;
        }
        let value = price.usd_per_akt.mul_exact(self.collateral_uakt).ok()?;
        let supply = Decimal::from_whole(1).mul_exact(self.outstanding_uact).ok()?;
        value.div_half_even(supply).ok()
    }

    /// Whether ACT may be minted at this price; `None` is no usable price.
    #[must_use]
    pub fn status_at(&self, price: Option<&OraclePrice>, params: &BmeParams) -> MintStatus {
        let Some(price) = price else { return MintStatus::HaltOracle };
        if self.outstanding_uact.is_zero() {
            return MintStatus::Healthy;
        }
        match self.ratio(price).map(Decimal::to_basis_points_floor) {
            Some(bps) if bps > params.warn_ratio_bps => MintStatus::Healthy,
            Some(bps) if bps > params.halt_ratio_bps => MintStatus::Warning,
            Some(_) | None => MintStatus::HaltCollateral,
        }
    }

    /// The event of a changed status, if it changed.
    #[must_use]
    pub fn observe(&self, price: Option<&OraclePrice>, params: &BmeParams) -> Option<VaultEvent> {
        let (from, to) = (self.status, self.status_at(price, params));
        (from != to).then_some(VaultEvent::MintStatusChanged { from, to })
    }

    /// Takes a burn into the queue. What it would give now is computed as a check only.
    ///
    /// # Errors
    ///
    /// The first broken rule, in the order of [`BmeRejection`]'s variants.
    pub fn request(
        &self,
        owner: Address,
        burned: &Coin,
        at: BlockHeight,
        price: Option<&OraclePrice>,
        params: &BmeParams,
    ) -> Result<VaultEvent, BmeRejection> {
        if burned.amount.is_zero() {
            return Err(BmeRejection::AmountZero);
        }
        if burned.amount > Amount::SUPPLY_MAX {
            let (amount, amount_max) = (burned.amount, Amount::SUPPLY_MAX);
            return Err(BmeRejection::AmountTooLarge { amount, amount_max });
        }
        self.conversion(burned, price, params)?;
        let own_max = params.requests_per_owner_max;
        let own = self.requests.values().filter(|request| request.owner == owner).count();
        if u32::try_from(own).is_ok_and(|own| own >= own_max) {
            return Err(BmeRejection::OwnQueueFull { owner, own_max });
        }
        let waiting_max = params.requests_waiting_max;
        if u32::try_from(self.requests.len()).is_ok_and(|waiting| waiting >= waiting_max) {
            return Err(BmeRejection::QueueFull { waiting_max });
        }
        let id = self.requests_made.saturating_add(1);
        Ok(VaultEvent::BurnRequested(BurnRequest {
            id,
            owner,
            burned: burned.clone(),
            requested_at: at,
        }))
    }

    /// What a burn gives now, if the status allows it.
    fn conversion(
        &self,
        burned: &Coin,
        price: Option<&OraclePrice>,
        params: &BmeParams,
    ) -> Result<(Conversion, OraclePrice), BmeRejection> {
        let is_mint = burned.denom == Denom::uakt();
        if !is_mint && burned.denom != Denom::uact() {
            return Err(BmeRejection::UnknownDenom { denom: burned.denom.clone() });
        }
        let status = self.status_at(price, params);
        let allowed = if is_mint { status.allows_mint() } else { status.allows_redeem() };
        let (true, Some(price)) = (allowed, price) else {
            return Err(BmeRejection::Halted { denom: burned.denom.clone(), status });
        };
        let (akt, act) = (price.usd_per_akt, Decimal::ONE);
        if !is_mint {
            let (burned, outstanding) = (burned.amount, self.outstanding_uact);
            if burned > outstanding {
                return Err(BmeRejection::MoreThanOutstanding { burned, outstanding });
            }
            let conversion = convert(burned, act, akt, params.redeem_spread_bps)?;
            return Ok((conversion, *price));
        }
        let conversion = convert(burned.amount, akt, act, params.mint_spread_bps)?;
        if conversion.gross < params.mint_min {
            let (gross, mint_min) = (conversion.gross, params.mint_min);
            return Err(BmeRejection::BelowMinimum { gross, mint_min });
        }
        Ok((conversion, *price))
    }

    /// The requests whose turn it is: redemptions, then mints, each by arrival and up to the
    /// limit, so that neither can starve the other.
    pub fn turns(&self, params: &BmeParams) -> impl Iterator<Item = &BurnRequest> {
        let most = usize::try_from(params.requests_per_block_max).unwrap_or(usize::MAX);
        let is_mint = |request: &&BurnRequest| request.burned.denom == Denom::uakt();
        let redemptions = self.requests.values().filter(move |request| !is_mint(request));
        redemptions.take(most).chain(self.requests.values().filter(is_mint).take(most))
    }

    /// Executes one request; `None` when it has to wait, a cancellation when it can never be.
    #[must_use]
    pub fn execute(
        &self,
        request: &BurnRequest,
        price: Option<&OraclePrice>,
        params: &BmeParams,
    ) -> Option<VaultEvent> {
        let (conversion, price) = match self.conversion(&request.burned, price, params) {
            Ok(done) => done,
            Err(BmeRejection::Halted { .. }) => return None,
            Err(_) => return Some(VaultEvent::BurnCancelled(request.clone())),
        };
        let is_mint = request.burned.denom == Denom::uakt();
        let out = if is_mint { Denom::uact() } else { Denom::uakt() };
        let credit = if is_mint { Amount::ZERO } else { self.remint_credit_uakt };
        let minted = conversion.gross.checked_sub(credit).unwrap_or_default();
        Some(VaultEvent::BurnMinted(BurnMint {
            id: request.id,
            owner: request.owner,
            burned: request.burned.clone(),
            gross: Coin::new(out.clone(), conversion.gross),
            paid: Coin::new(out.clone(), conversion.paid),
            minted: Coin::new(out, minted),
            price,
        }))
    }

    /// Makes an event true.
    ///
    /// # Errors
    ///
    /// [`Misfit`] when the event takes what is not there.
    pub fn apply(&mut self, event: &VaultEvent) -> Result<(), Misfit> {
        match event {
            VaultEvent::BurnRequested(request) => {
                self.requests_made = request.id;
                match self.requests.insert(request.id, request.clone()) {
                    None => Ok(()),
                    Some(_) => Err(Misfit::new("the request exists already")),
                }
            }
            VaultEvent::BurnMinted(done) => {
                self.requests.remove(&done.id).ok_or(Misfit::new("no such request"))?;
                self.apply_burn_mint(done).ok_or(Misfit::new("the vault has not what is paid out"))
            }
            VaultEvent::BurnCancelled(request) => {
                self.requests.remove(&request.id).ok_or(Misfit::new("no such request"))?;
                Ok(())
            }
            VaultEvent::MintStatusChanged { to, .. } => {
                self.status = *to;
                Ok(())
            }
        }
    }

    /// The entries of `chain.md` 6.5's table; `None` when a number does not fit.
    fn apply_burn_mint(&mut self, done: &BurnMint) -> Option<()> {
        let add = |to: &mut Amount, amount: Amount| to.plus(amount).map(|sum| *to = sum).ok();
        let take =
            |from: &mut Amount, amount: Amount| from.checked_sub(amount).map(|rest| *from = rest);
        if done.burned.denom == Denom::uakt() {
            add(&mut self.collateral_uakt, done.burned.amount)?;
            add(&mut self.remint_credit_uakt, done.burned.amount)?;
            add(&mut self.burned_uakt, done.burned.amount)?;
            add(&mut self.outstanding_uact, done.minted.amount)?;
            return add(&mut self.minted_uact, done.minted.amount);
        }
        let from_credit = done.gross.amount.checked_sub(done.minted.amount)?;
        take(&mut self.remint_credit_uakt, from_credit)?;
        add(&mut self.collateral_uakt, done.minted.amount)?;
        take(&mut self.collateral_uakt, done.paid.amount)?;
        add(&mut self.minted_uakt, done.minted.amount)?;
        take(&mut self.outstanding_uact, done.burned.amount)?;
        add(&mut self.burned_uact, done.burned.amount)
    }
}

#[cfg(test)]
mod tests {
    use undercut_primitives::BlockTime;

    use super::*;

    fn price(text: &str) -> OraclePrice {
        let published_at = BlockTime::from_unix_seconds(1000);
        OraclePrice { usd_per_akt: text.parse().unwrap(), published_at }
    }

    fn run(vault: &mut Vault, burned: &Coin, at: &str, params: &BmeParams) -> VaultEvent {
        let price = price(at);
        let owner = Address::of_module("alice");
        let request = vault.request(owner, burned, BlockHeight::new(1), Some(&price), params);
        vault.apply(&request.unwrap()).unwrap();
        let request = vault.turns(params).next().unwrap().clone();
        let event = vault.execute(&request, Some(&price), params).unwrap();
        vault.apply(&event).unwrap();
        event
    }

    fn amount(micro: u128) -> Amount {
        Amount::from_micro(micro)
    }

    #[test]
    fn mint_then_redeem_after_a_rise_pays_from_credit() {
        // chain.md 6.7, examples 1 and 2
        let (mut vault, params) = (Vault::default(), BmeParams::default());
        run(&mut vault, &Coin::uakt(877_192_982), "1.14", &params);
        assert_eq!(vault.collateral_uakt, amount(877_192_982));
        assert_eq!(vault.outstanding_uact, amount(999_999_999));
        assert_eq!(vault.ratio(&price("1.14")).unwrap().to_basis_points_floor(), 10_000);
        run(&mut vault, &Coin::uact(997_500_000), "1.50", &params);
        assert_eq!(vault.remint_credit_uakt, amount(212_192_982));
        assert_eq!((vault.minted_uakt, vault.burned_uact), (amount(0), amount(997_500_000)));
    }

    #[test]
    fn redeeming_after_a_fall_mints_what_the_credit_lacks() {
        // chain.md 6.7, example 3
        let (mut vault, params) = (Vault::default(), BmeParams::default());
        run(&mut vault, &Coin::uakt(877_192_982), "1.14", &params);
        let event = run(&mut vault, &Coin::uact(997_500_000), "0.90", &params);
        let VaultEvent::BurnMinted(done) = event else { panic!("{event:?}") };
        assert_eq!(done.paid, Coin::uakt(1_108_333_333));
        assert_eq!(done.minted, Coin::uakt(231_140_351));
        assert_eq!(vault.remint_credit_uakt, amount(0));
    }

    #[test]
    fn the_status_follows_the_ratio_at_its_borders() {
        // chain.md 6.7, example 6
        let vault = Vault {
            collateral_uakt: amount(600_000_000_000),
            outstanding_uact: amount(1_800_000_000_000),
            ..Vault::default()
        };
        let rows = [
            ("3.00", MintStatus::Healthy),
            ("2.90", MintStatus::Healthy),
            ("2.85", MintStatus::Warning),
            ("2.71", MintStatus::Warning),
            ("2.70", MintStatus::HaltCollateral),
        ];
        for (at, status) in rows {
            assert_eq!(vault.status_at(Some(&price(at)), &BmeParams::default()), status, "{at}");
        }
        assert_eq!(vault.status_at(None, &BmeParams::default()), MintStatus::HaltOracle);
    }

    #[test]
    fn a_halt_refuses_mints_and_lets_redemptions_through() {
        let vault = Vault {
            collateral_uakt: amount(1_000_000_000),
            outstanding_uact: amount(2_000_000_000),
            ..Vault::default()
        };
        let (params, price) = (BmeParams::default(), price("1"));
        let request = |coin| {
            let owner = Address::of_module("alice");
            vault.request(owner, &coin, BlockHeight::new(1), Some(&price), &params)
        };
        let refused = request(Coin::uakt(100_000_000));
        assert!(matches!(
            refused,
            Err(BmeRejection::Halted { status: MintStatus::HaltCollateral, .. })
        ));
        assert!(request(Coin::uact(100_000_000)).is_ok());
    }

    #[test]
    fn the_queue_of_requests_has_an_end() {
        let (vault, price) = (&mut Vault::default(), price("1"));
        let params = BmeParams { requests_waiting_max: 2, ..BmeParams::default() };
        let mut request = || {
            let (owner, coin) = (Address::of_module("alice"), Coin::uakt(20_000_000));
            let event = vault.request(owner, &coin, BlockHeight::new(1), Some(&price), &params)?;
            vault.apply(&event).unwrap();
            Ok(())
        };
        assert_eq!([request(), request()], [Ok(()), Ok(())]);
        assert_eq!(request(), Err(BmeRejection::QueueFull { waiting_max: 2 }));
    }

    #[test]
    fn burns_that_make_no_sense_are_refused() {
        let (vault, params, price) = (Vault::default(), BmeParams::default(), price("1.14"));
        let code = |coin: &str| {
            let owner = Address::of_module("alice");
            let coin = coin.parse().unwrap();
            let refused = vault.request(owner, &coin, BlockHeight::new(1), Some(&price), &params);
            refused.unwrap_err().code().as_str()
        };
        assert_eq!(code("0uakt"), "BME001");
        assert_eq!(code("340282366920938463463374607431768211455uakt"), "BME002");
        assert_eq!(code("5uusd"), "BME003");
        assert_eq!(code("8771929uakt"), "BME007", "chain.md B7");
        assert_eq!(code("1uact"), "BME005", "no ACT is outstanding");
    }

    #[test]
    fn numbers_that_fit_no_decimal_halt_mints_instead_of_wrapping() {
        let (params, price) = (BmeParams::default(), price("1"));
        let vault = Vault {
            outstanding_uact: Amount::SUPPLY_MAX,
            collateral_uakt: Amount::SUPPLY_MAX,
            ..Vault::default()
        };
        assert_eq!(vault.ratio(&price), None);
        assert_eq!(vault.status_at(Some(&price), &params), MintStatus::HaltCollateral);
        let owner = Address::of_module("alice");
        let all = Coin::new(Denom::uact(), Amount::SUPPLY_MAX);
        let refused = vault.request(owner, &all, BlockHeight::new(1), Some(&price), &params);
        assert_eq!(refused.unwrap_err().code().as_str(), "BME006");
    }

    #[test]
    fn a_price_is_usable_only_around_the_block() {
        let (price, params) = (price("1"), BmeParams::default());
        let usable = |now| price.is_usable(BlockTime::from_unix_seconds(now), &params);
        assert!(usable(1030) && !usable(1031), "30 s old");
        assert!(usable(990) && !usable(989), "10 s ahead");
    }
}
