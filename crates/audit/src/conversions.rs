//! Burns and mints: the whole vault once more by [`undercut_ledger::bme::plain`], each block worked
//! off at its seal, and what the records say compared with it.

use undercut::Command;
use undercut_ledger::bme::plain::{PlainDone, PlainVault};
use undercut_ledger::bme::{
    BurnMint, BurnRequest, CancelReason, Direction, MintStatus, VaultEvent,
};
use undercut_ledger::oracle::{Oracle, OracleEvent, OraclePrice};
use undercut_primitives::{Amount, Coin, Denom};

use crate::scene::{Checked, Scene, ensure};
use crate::{Check, Flaw};

/// A flaw that shows at the end of a block, and the record that it is about, if there is one.
pub(crate) struct Late {
    pub(crate) sequence: Option<u64>,
    pub(crate) flaw: Box<Flaw>,
}

/// The vault, what AKT is worth, and what the block's end did to the vault so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conversions {
    plain: PlainVault,
    oracle: Oracle,
    /// The status that the records told of last.
    told: MintStatus,
    told_in_block: Vec<(u64, VaultEvent)>,
}

impl Conversions {
    pub(crate) fn new(vault_uakt: Amount, genesis_uact: Amount, scene: &Scene) -> Self {
        let (collateral, supply) = (vault_uakt.to_micro(), genesis_uact.to_micro());
        let plain = PlainVault::new(collateral, supply, &scene.params.bme);
        Self { plain, ..Self::default() }
    }

    /// What AKT is worth in this block: what came with it, or what the sources agree on by the
    /// reading of the ledger crate.
    fn price(&self, scene: &Scene) -> Option<OraclePrice> {
        let (params, now) = (&scene.params.oracle, scene.context.time);
        if params.sources.is_empty() {
            return scene.context.price.filter(|price| price.is_usable(now, params));
        }
        self.oracle.read(now, params).ok().map(|reading| reading.price)
    }

    /// The price at which uakt stands in for uact: only while there is one and nothing is minted.
    pub(crate) fn fallback(&self, scene: &Scene) -> Option<OraclePrice> {
        let price = self.price(scene)?;
        let status = self.plain.status_at(price.usd_per_akt.to_atoms(), &scene.params.bme);
        (!status.allows_mint()).then_some(price)
    }

    pub(crate) fn posted(&mut self, event: &OracleEvent, scene: &Scene) -> Checked {
        let OracleEvent::PricePosted { source, point } = event;
        let is_source = scene.params.oracle.sources.contains(source);
        let what = || format!("{source} posted a price");
        let asked = Command::PostPrice(*point);
        scene.must_ask(*source, what, |command| is_source && *command == asked)?;
        let misfit = |_| Flaw::NotAsked { what: what() };
        Ok(self.oracle.apply(event).map_err(misfit)?)
    }

    /// What a command does is compared at once, the rest at the seal.
    pub(crate) fn event(
        &mut self,
        sequence: u64,
        event: &VaultEvent,
        scene: &mut Scene,
    ) -> Checked {
        match event {
            VaultEvent::BurnRequested(request) => self.requested(request, scene),
            VaultEvent::BurnCancelled { request, reason: CancelReason::ByOwner } => {
                let (id, owner) = (request.id, request.owner);
                let what = || format!("burn {id} was taken back");
                scene.must_ask(owner, what, |command| *command == Command::CancelBurn(id))?;
                let waits = self.waits(request) && self.plain.cancel(id, owner);
                ensure(waits, || Flaw::WrongBurn { id, why: "no such burn waits" })?;
                scene.note(Check::Conversions);
                Ok(())
            }
            VaultEvent::VaultFunded { owner, coin } => {
                let what = || format!("{owner} gave {coin} to the vault");
                let asked = Command::FundVault(coin.clone());
                scene.must_ask(*owner, what, |command| *command == asked)?;
                self.plain.fund(coin.amount.to_micro());
                Ok(())
            }
            _ => {
                self.told_in_block.push((sequence, event.clone()));
                Ok(())
            }
        }
    }

    fn requested(&mut self, request: &BurnRequest, scene: &Scene) -> Checked {
        let BurnRequest { id, owner, burned, requested_at, attempts } = request;
        let what = || format!("burn {id} was taken in");
        scene.must_ask(*owner, what, |command| *command == Command::Burn(burned.clone()))?;
        let (price, params) = (self.atoms(scene), &scene.params.bme);
        let (is_mint, amount) = (is_mint(burned), burned.amount.to_micro());
        let is_taken = self.plain.request(*owner, is_mint, amount, price, params);
        let is_new = (*requested_at, *attempts) == (scene.height(), 0);
        let is_next = self.plain.requests_made == *id;
        let why = "it would give nothing, may not wait, or is not the next";
        ensure(is_taken && is_new && is_next, || Flaw::WrongBurn { id: *id, why })
    }

    /// The price in 10^-18 dollars, zero for none.
    fn atoms(&self, scene: &Scene) -> u128 {
        self.price(scene).map_or(0, |price| price.usd_per_akt.to_atoms())
    }

    fn waits(&self, request: &BurnRequest) -> bool {
        self.plain.requests.iter().any(|waits| {
            (waits.id, waits.owner, waits.is_mint)
                == (request.id, request.owner, is_mint(&request.burned))
                && (waits.burned, waits.attempts)
                    == (request.burned.amount.to_micro(), request.attempts)
        })
    }

    /// Works the end of the block off, and compares.
    pub(crate) fn seal(&mut self, scene: &mut Scene) -> Result<(), Late> {
        let price = self.price(scene);
        let before = [self.plain.next_redeem, self.plain.next_mint];
        let (height, atoms) = (scene.height().to_u64(), self.atoms(scene));
        let mut done = self.plain.end_block(height, atoms, &scene.params.bme).into_iter();
        let after = [self.plain.next_redeem, self.plain.next_mint];
        let mut epochs = [None, None];
        for (sequence, event) in std::mem::take(&mut self.told_in_block) {
            let late = |flaw| Late { sequence: Some(sequence), flaw };
            match &event {
                VaultEvent::BurnMinted(minted) => {
                    converted(minted, done.next(), price).map_err(late)?;
                    scene.note(Check::Conversions);
                }
                VaultEvent::BurnCancelled { request, .. } => {
                    cancelled(request, done.next()).map_err(late)?;
                    scene.note(Check::Conversions);
                }
                VaultEvent::BurnRetried { id, attempts, .. } => {
                    self.retried(*id, *attempts).map_err(late)?;
                }
                VaultEvent::EpochOpened { direction, at, next_at, .. } => {
                    same(Some(sequence), "the block of an epoch", at.to_u64(), height)?;
                    let [redeem, mint] = &mut epochs;
                    let epoch = if *direction == Direction::Redeem { redeem } else { mint };
                    *epoch = Some((sequence, next_at.to_u64()));
                }
                VaultEvent::MintStatusChanged { from, to, .. } => {
                    same(Some(sequence), "the status before", *from, self.told)?;
                    same(Some(sequence), "that the status changed", from != to, true)?;
                    self.told = *to;
                }
                _ => {}
            }
        }
        if let Some(missing) = done.next() {
            let (id, why) = (missing.request.id, "its turn came, and nothing happened to it");
            return Err(Late { sequence: None, flaw: Flaw::WrongBurn { id, why }.into() });
        }
        same(None, "the mint status", self.told, self.plain.status)?;
        for (told, (before, after)) in epochs.into_iter().zip(before.into_iter().zip(after)) {
            let opened = (before != after).then_some(after);
            let sequence = told.map(|(sequence, _)| sequence);
            let next = told.map(|(_, next)| next);
            same(sequence, "the block from which the next epoch is due", next, opened)?;
        }
        scene.note(Check::Breaker);
        Ok(())
    }

    fn retried(&self, id: u64, attempts: u32) -> Checked {
        // The last failed attempt of a block ends the request; it is told of as given back.
        let found = self.plain.requests.iter().find(|request| request.id == id);
        let why = "it was not tried so often";
        let is_right = found.is_some_and(|request| request.attempts == attempts);
        ensure(is_right, || Flaw::WrongBurn { id, why })
    }

    /// What lies in the vault, in uakt and uact: collateral, spreads, what waits.
    pub(crate) fn vault(&self) -> [u128; 2] {
        let waiting = |is_mint: bool| {
            let own = self.plain.requests.iter().filter(|request| request.is_mint == is_mint);
            own.fold(0_u128, |sum, request| sum.saturating_add(request.burned))
        };
        let [uakt, uact] = [waiting(true), waiting(false)];
        [self.plain.collateral.saturating_add(uakt), self.plain.kept_uact.saturating_add(uact)]
    }

    /// All AKT that was newly minted, and all ACT that exists.
    pub(crate) const fn supply(&self) -> [u128; 2] {
        [self.plain.minted_uakt, self.plain.supply]
    }
}

fn is_mint(burned: &Coin) -> bool {
    burned.denom == Denom::uakt()
}

fn same<T: PartialEq + std::fmt::Debug + Copy>(
    sequence: Option<u64>,
    what: &'static str,
    found: T,
    expected: T,
) -> Result<(), Late> {
    if found == expected {
        return Ok(());
    }
    let (found, expected) = (format!("{found:?}"), format!("{expected:?}"));
    Err(Late { sequence, flaw: Flaw::WrongVault { what, found, expected }.into() })
}

/// Whether a conversion is the one whose turn it is, and gives what the price says.
fn converted(done: &BurnMint, expected: Option<PlainDone>, price: Option<OraclePrice>) -> Checked {
    let id = done.id;
    let why = "it is not its turn, or it is another burn";
    let expected = expected.filter(|plain| {
        let plain = plain.request;
        let burned = (is_mint(&done.burned), done.burned.amount.to_micro());
        (plain.id, plain.owner, (plain.is_mint, plain.burned)) == (id, done.owner, burned)
    });
    let Some(expected) = expected else { return Err(Flaw::WrongBurn { id, why }.into()) };
    let why = "its price is not the block's";
    ensure(price == Some(done.price), || Flaw::WrongBurn { id, why })?;
    let out = if expected.request.is_mint { Denom::uact() } else { Denom::uakt() };
    let coins = [&done.gross, &done.paid, &done.minted];
    let [gross, paid, minted] = coins.map(|coin| coin.amount);
    let found = (gross.to_micro(), paid.to_micro(), minted.to_micro());
    let is_right = coins.iter().all(|coin| coin.denom == out) && expected.given == Some(found);
    ensure(is_right, || {
        let expected = match expected.given {
            Some((gross, paid, minted)) => format!("{gross}, {paid} and {minted} {out}"),
            None => "nothing".into(),
        };
        Flaw::WrongConversion { id, gross, paid, minted, expected }
    })
}

/// Whether a burn that was given back is the one whose turn it is, and gives nothing.
fn cancelled(request: &BurnRequest, expected: Option<PlainDone>) -> Checked {
    let id = request.id;
    let is_it = expected.is_some_and(|plain| {
        let (asked, plain) = (&request.burned, (plain.request, plain.given));
        let burned = (is_mint(asked), asked.amount.to_micro());
        (plain.0.id, plain.0.owner, (plain.0.is_mint, plain.0.burned))
            == (id, request.owner, burned)
            && plain.1.is_none()
    });
    let why = "it was given back, and would have given something, or it was not its turn";
    ensure(is_it, || Flaw::WrongBurn { id, why })
}
