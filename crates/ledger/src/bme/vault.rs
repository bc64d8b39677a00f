//! [`Vault`]: requests in, conversions out, and the one place where events become true.
//!
//! | request | input | guard | next | events |
//! | --- | --- | --- | --- | --- |
//! | none | [`Vault::request`] | the rules of [`BmeRejection`], in their order | waits | `BurnRequested` |
//! | waits | [`Vault::cancel`] by its owner | | gone, coins back | `BurnCancelled` |
//! | waits | [`Vault::execute`] | halted, no price, or the epoch's cap was reached before | waits | none |
//! | waits | [`Vault::execute`] | mints more AKT than the epoch still may | waits | `RedeemCapReached` |
//! | waits | [`Vault::execute`] | more ACT than outstanding, attempts left | waits, attempts + 1 | `BurnRetried` |
//! | waits | [`Vault::execute`] | more ACT than outstanding, last attempt | gone, coins back | `BurnCancelled` |
//! | waits | [`Vault::execute`] | too little, too much for an epoch, or does not fit | gone, coins back | `BurnCancelled` |
//! | waits | [`Vault::execute`] | none of these | gone | `BurnMinted` |
//!
//! Source: `chain.md` 6.4 and 6.5.

use undercut_primitives::{Address, Amount, BlockHeight, Coin, Decimal, Denom, Misfit};

use super::queue::Queue;
use super::status::readable;
use super::{
    BmeParams, BmeRejection, BurnMint, BurnRequest, CancelReason, Conversion, ConversionRefused,
    Direction, RetryReason, VaultBooks, VaultEvent, convert,
};
use crate::oracle::OraclePrice;

/// What a burn would give at a price, in micro-units of what comes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Which way.
    pub direction: Direction,
    /// Gross, spread and what the owner would get.
    pub conversion: Conversion,
    /// The part of gross that would be newly minted; the rest would come from credit.
    pub minted: Amount,
}

/// Collateral against outstanding ACT, and the requests that wait.
///
/// ```
/// use undercut_ledger::bme::{BmeParams, Direction, Vault};
/// use undercut_ledger::oracle::OraclePrice;
/// use undercut_primitives::{Address, Amount, BlockHeight, BlockTime, Coin};
///
/// let params = BmeParams::default();
/// let mut vault = Vault::new(Amount::ZERO, Amount::ZERO, &params);
/// let published_at = BlockTime::from_unix_seconds(0);
/// let price = OraclePrice { usd_per_akt: "1.14".parse().unwrap(), published_at };
/// let price = Some(&price);
/// let (alice, at) = (Address::of_module("alice"), BlockHeight::new(3));
/// let waits = vault.request(alice, &Coin::uakt(877_192_982), at, price, &params).unwrap();
/// vault.apply(&waits).unwrap();
///
/// // Block 10 is the first whose end has an epoch.
/// let opened = vault.open_epoch(Direction::Mint, BlockHeight::new(10), price, &params).unwrap();
/// vault.apply(&opened).unwrap();
/// let turns: Vec<u64> = vault.turns(Direction::Mint, &params).collect();
/// for id in turns {
///     let done = vault.execute(id, price, &params).unwrap();
///     vault.apply(&done).unwrap();
/// }
/// assert_eq!(vault.books().outstanding_uact, Amount::from_micro(999_999_999));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vault {
    books: VaultBooks,
    queue: Queue,
}

impl Vault {
    /// The vault at genesis: `vault_uakt` lie in it as collateral without credit, `genesis_uact`
    /// exist. The first epochs are due at `epoch_blocks_min`.
    #[must_use]
    pub fn new(vault_uakt: Amount, genesis_uact: Amount, params: &BmeParams) -> Self {
        Self { books: VaultBooks::new(vault_uakt, genesis_uact, params), queue: Queue::default() }
    }

    /// The vault with these books and waiting requests, as [`Vault::books`] and
    /// [`Vault::requests`] gave them, in any order.
    ///
    /// # Errors
    ///
    /// [`Misfit`] when the books do not add up, or a request was never made or is there twice.
    pub fn restore(
        books: VaultBooks,
        requests: impl IntoIterator<Item = BurnRequest>,
    ) -> Result<Self, Misfit> {
        books.check()?;
        let mut queue = Queue::default();
        for request in requests {
            if request.id > books.requests_made {
                return Err(Misfit::new("a request that was never made"));
            }
            queue.insert(&request)?;
        }
        Ok(Self { books, queue })
    }

    /// All numbers. One entry of the state; each waiting request is one of its own.
    #[must_use]
    pub const fn books(&self) -> &VaultBooks {
        &self.books
    }

    pub(super) const fn queue(&self) -> &Queue {
        &self.queue
    }

    /// A waiting request.
    #[must_use]
    pub fn request_by_id(&self, id: u64) -> Option<&BurnRequest> {
        self.queue.get(id)
    }

    /// All waiting requests, by arrival.
    pub fn requests(&self) -> impl Iterator<Item = &BurnRequest> {
        self.queue.iter()
    }

    /// What all waiting requests of a direction burn, in micro-units of what they burn. Constant
    /// time.
    #[must_use]
    pub fn waiting(&self, direction: Direction) -> Amount {
        self.queue.waiting(direction)
    }

    /// What a burn would give now, by the rules of [`Vault::request`] that are about the amount.
    ///
    /// # Errors
    ///
    /// The first broken rule, in the order of [`BmeRejection`]'s variants.
    pub fn quote(
        &self,
        burned: &Coin,
        price: Option<&OraclePrice>,
        params: &BmeParams,
    ) -> Result<Quote, BmeRejection> {
        check_amount(burned.amount)?;
        let denom = &burned.denom;
        let direction = Direction::of_burned(denom)
            .ok_or_else(|| BmeRejection::UnknownDenom { denom: denom.clone() })?;
        let status = self.status_at(price, params);
        match readable(price).filter(|_| status.allows(direction)) {
            Some(price) => self.quote_at(direction, burned.amount, price, params),
            None => Err(BmeRejection::Halted { denom: denom.clone(), status }),
        }
    }

    /// The rules about the amount of an allowed burn. Source: `chain.md` 6.5.
    fn quote_at(
        &self,
        direction: Direction,
        burned: Amount,
        price: &OraclePrice,
        params: &BmeParams,
    ) -> Result<Quote, BmeRejection> {
        let (akt, act) = (price.usd_per_akt, Decimal::ONE);
        if direction == Direction::Mint {
            let conversion = convert(burned, akt, act, params.mint_spread_bps)?;
            let (gross, mint_min) = (conversion.gross, params.mint_min);
            if gross < mint_min {
                return Err(BmeRejection::BelowMinimum { gross, mint_min });
            }
            return Ok(Quote { direction, conversion, minted: gross });
        }
        let outstanding = self.books.outstanding_uact;
        if burned > outstanding {
            return Err(BmeRejection::MoreThanOutstanding { burned, outstanding });
        }
        let conversion = convert(burned, act, akt, params.redeem_spread_bps)?;
        let credit = self.books.remint_credit_uakt;
        let minted = conversion.gross.checked_sub(credit).unwrap_or_default();
        match params.redeem_new_uakt_per_epoch_max {
            Some(needed_max) if minted > needed_max => {
                Err(BmeRejection::BeyondEpochCap { needed: minted, needed_max })
            }
            Some(_) | None => Ok(Quote { direction, conversion, minted }),
        }
    }

    /// Takes a burn into the queue. Everything that would cancel it in its epoch is refused here
    /// already, at the price of now; the price that counts is the epoch's.
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
        self.quote(burned, price, params)?;
        let own_max = params.requests_per_owner_max;
        if self.queue.count_of(&owner) >= own_max {
            return Err(BmeRejection::OwnQueueFull { owner, own_max });
        }
        let waiting_max = params.requests_waiting_max;
        if u32::try_from(self.queue.len()).is_ok_and(|waiting| waiting >= waiting_max) {
            return Err(BmeRejection::QueueFull { waiting_max });
        }
        Ok(VaultEvent::BurnRequested(BurnRequest {
            id: self.books.requests_made.saturating_add(1),
            owner,
            burned: burned.clone(),
            requested_at: at,
            attempts: 0,
        }))
    }

    /// Takes a waiting request back; its coins return to its owner. Also during a halt. Beats W20.
    ///
    /// # Errors
    ///
    /// [`BmeRejection::RequestNotFound`] or [`BmeRejection::NotYours`].
    pub fn cancel(&self, id: u64, owner: Address) -> Result<VaultEvent, BmeRejection> {
        let request = self.queue.get(id).ok_or(BmeRejection::RequestNotFound { id })?;
        if request.owner != owner {
            return Err(BmeRejection::NotYours { id, owner: request.owner, asker: owner });
        }
        let reason = CancelReason::ByOwner;
        Ok(VaultEvent::BurnCancelled { request: request.clone(), reason })
    }

    /// Gives AKT of one's own as collateral. It earns no credit and nobody gets it back; it raises
    /// the collateral ratio. Beats W26: the owner asks, nobody else can.
    ///
    /// # Errors
    ///
    /// A gift of nothing, of more than there may be, or of anything but uakt.
    pub fn fund(&self, owner: Address, coin: &Coin) -> Result<VaultEvent, BmeRejection> {
        check_amount(coin.amount)?;
        if coin.denom != Denom::uakt() {
            return Err(BmeRejection::FundDenom { denom: coin.denom.clone() });
        }
        Ok(VaultEvent::VaultFunded { owner, coin: coin.clone() })
    }

    /// Tries one request of an open epoch, at the breaker's state of now. `None` when it has to
    /// wait, and when there is no such request.
    #[must_use]
    pub fn execute(
        &self,
        id: u64,
        price: Option<&OraclePrice>,
        params: &BmeParams,
    ) -> Option<VaultEvent> {
        let request = self.queue.get(id)?;
        let direction = request.direction()?;
        let price = readable(price)?;
        if !self.status_at(Some(price), params).allows(direction) {
            return None;
        }
        // First come, first served: what comes after a request that waits for the cap waits too.
        if direction == Direction::Redeem && self.books.is_epoch_cap_reached {
            return None;
        }
        match self.quote_at(direction, request.burned.amount, price, params) {
            Ok(quote) => Some(self.pay_out(request, &quote, price, params)),
            Err(refused) => failed(request, &refused, params),
        }
    }

    /// The conversion of a quote, or the end of what the epoch may mint.
    fn pay_out(
        &self,
        request: &BurnRequest,
        quote: &Quote,
        price: &OraclePrice,
        params: &BmeParams,
    ) -> VaultEvent {
        let id = request.id;
        let cap = params.redeem_new_uakt_per_epoch_max;
        if let (Direction::Redeem, Some(cap)) = (quote.direction, cap) {
            let left = cap.checked_sub(self.books.epoch_minted_uakt).unwrap_or_default();
            if quote.minted > left {
                return VaultEvent::RedeemCapReached { id, needed: quote.minted, left };
            }
        }
        let out = quote.direction.minted();
        VaultEvent::BurnMinted(BurnMint {
            id,
            owner: request.owner,
            burned: request.burned.clone(),
            gross: Coin::new(out.clone(), quote.conversion.gross),
            paid: Coin::new(out.clone(), quote.conversion.paid),
            minted: Coin::new(out, quote.minted),
            price: *price,
        })
    }

    /// Makes an event true, wholly or not at all.
    ///
    /// # Errors
    ///
    /// [`Misfit`] when the event does not follow from this vault.
    pub fn apply(&mut self, event: &VaultEvent) -> Result<(), Misfit> {
        match event {
            VaultEvent::BurnRequested(request) => self.apply_request(request),
            VaultEvent::BurnMinted(done) => self.apply_burn_mint(done),
            VaultEvent::BurnCancelled { request, .. } => {
                if self.queue.get(request.id) != Some(request) {
                    return Err(Misfit::new("no such request waits"));
                }
                self.queue.remove(request.id)
            }
            VaultEvent::BurnRetried { id, attempts, .. } => self.queue.note_attempt(*id, *attempts),
            VaultEvent::RedeemCapReached { id, .. } => {
                let request = self.queue.get(*id).ok_or(Misfit::new("no such request"))?;
                if request.direction() != Some(Direction::Redeem) {
                    return Err(Misfit::new("the request is no redemption"));
                }
                self.books.is_epoch_cap_reached = true;
                Ok(())
            }
            VaultEvent::EpochOpened { direction, at, next_at, .. } => {
                self.books.enter_epoch(*direction, *at, *next_at)
            }
            VaultEvent::MintStatusChanged { from, to, .. } => {
                if *from != self.books.status {
                    return Err(Misfit::new("the status was another one"));
                }
                self.books.enter_status(*to);
                Ok(())
            }
            VaultEvent::VaultFunded { coin, .. } => self.apply_gift(coin),
        }
    }

    fn apply_request(&mut self, request: &BurnRequest) -> Result<(), Misfit> {
        if self.books.requests_made.checked_add(1) != Some(request.id) {
            return Err(Misfit::new("the requests do not follow one another"));
        }
        if request.attempts > 0 {
            return Err(Misfit::new("a new request was tried already"));
        }
        self.queue.insert(request)?;
        self.books.requests_made = request.id;
        Ok(())
    }

    fn apply_burn_mint(&mut self, done: &BurnMint) -> Result<(), Misfit> {
        let request = self.queue.get(done.id).ok_or(Misfit::new("no such request"))?;
        if (request.owner, &request.burned) != (done.owner, &done.burned) {
            return Err(Misfit::new("the request was another one"));
        }
        let mut books = self.books.clone();
        books.enter(done).ok_or(Misfit::new("the vault has not what is paid out"))?;
        self.queue.remove(done.id)?;
        self.books = books;
        Ok(())
    }

    fn apply_gift(&mut self, coin: &Coin) -> Result<(), Misfit> {
        let mut books = self.books.clone();
        let fits = coin.denom == Denom::uakt() && books.enter_gift(coin.amount).is_some();
        if !fits {
            return Err(Misfit::new("the vault cannot take the gift"));
        }
        self.books = books;
        Ok(())
    }
}

fn check_amount(amount: Amount) -> Result<(), BmeRejection> {
    if amount.is_zero() {
        return Err(BmeRejection::AmountZero);
    }
    let amount_max = Amount::SUPPLY_MAX;
    if amount > amount_max {
        return Err(BmeRejection::AmountTooLarge { amount, amount_max });
    }
    Ok(())
}

/// What becomes of a request that cannot be executed: tried again, cancelled, or left to wait.
fn failed(request: &BurnRequest, refused: &BmeRejection, params: &BmeParams) -> Option<VaultEvent> {
    let reason = match *refused {
        BmeRejection::MoreThanOutstanding { burned, outstanding } => {
            let reason = RetryReason::MoreThanOutstanding { burned, outstanding };
            let attempts = request.attempts.saturating_add(1);
            if attempts < params.attempts_max {
                return Some(VaultEvent::BurnRetried { id: request.id, attempts, reason });
            }
            CancelReason::AttemptsExhausted { attempts, reason }
        }
        BmeRejection::Conversion(ConversionRefused::Epsilon { .. }) => CancelReason::Epsilon,
        BmeRejection::Conversion(ConversionRefused::Arithmetic(_)) => CancelReason::DoesNotFit,
        BmeRejection::BelowMinimum { gross, mint_min } => {
            CancelReason::BelowMinimum { gross, mint_min }
        }
        BmeRejection::BeyondEpochCap { needed, needed_max } => {
            CancelReason::BeyondEpochCap { needed, needed_max }
        }
        // Rules about who asks for what and when: a request that waits has kept them.
        BmeRejection::AmountZero
        | BmeRejection::AmountTooLarge { .. }
        | BmeRejection::UnknownDenom { .. }
        | BmeRejection::FundDenom { .. }
        | BmeRejection::Halted { .. }
        | BmeRejection::OwnQueueFull { .. }
        | BmeRejection::QueueFull { .. }
        | BmeRejection::RequestNotFound { .. }
        | BmeRejection::NotYours { .. } => return None,
    };
    Some(VaultEvent::BurnCancelled { request: request.clone(), reason })
}
