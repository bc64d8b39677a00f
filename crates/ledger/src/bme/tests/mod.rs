//! The vault under a small host: blocks, a price, a bank, and the engine's order of calls.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::needless_pass_by_value,
    reason = "a test that overflows fails, as it should; and its rows give values away"
)]

mod beside_plain;
mod edge_cases;
mod examples;
mod rules;

use alloc::vec::Vec;

use undercut_primitives::{Address, Amount, BlockHeight, BlockTime, Coin, Decimal, Denom};

use super::*;
use crate::bank::vault_address;
use crate::oracle::OraclePrice;
use crate::{Bank, MemoryBank, Posting};

/// A vault with what surrounds it.
#[derive(Clone, Debug)]
struct Host {
    vault: Vault,
    params: BmeParams,
    price: Option<OraclePrice>,
    at: u64,
    bank: MemoryBank,
}

fn usd(atoms: u128) -> OraclePrice {
    let published_at = BlockTime::from_unix_seconds(1000);
    OraclePrice { usd_per_akt: Decimal::from_atoms(atoms), published_at }
}

fn micro(amount: u128) -> Amount {
    Amount::from_micro(amount)
}

/// An owner by a number from 0 to 255, so that addresses have an order.
fn owner(number: u8) -> Address {
    Address::of_module(&alloc::format!("owner-{number}"))
}

impl Host {
    fn new(vault_uakt: u128, genesis_uact: u128, params: BmeParams) -> Self {
        let vault = Vault::new(micro(vault_uakt), micro(genesis_uact), &params);
        let mut bank = MemoryBank::default();
        let mut give = |to, coin| bank.post(&Posting::Mint { to, coin }).unwrap();
        give(vault_address(), Coin::uakt(vault_uakt));
        give(owner(0), Coin::uact(genesis_uact));
        for number in 0..4 {
            give(owner(number), Coin::uakt(1 << 70));
        }
        Self { vault, params, price: None, at: 0, bank }
    }

    /// As many ACT as wanted to redeem, and nothing else.
    fn with_act() -> Self {
        Self::new(0, 1_000_000_000_000, BmeParams::default())
    }

    /// The vault of `chain.md` 6.7 example 6: 600,000 AKT against 1,800,000 ACT.
    fn with_thin_cover() -> Self {
        Self::new(600_000_000_000, 1_800_000_000_000, BmeParams::default())
    }

    fn at_price(mut self, usd: &str) -> Self {
        self.set_price(usd);
        self
    }

    fn set_price(&mut self, text: &str) {
        self.price = Some(usd(text.parse::<Decimal>().unwrap().to_atoms()));
    }

    /// Posts and applies, and checks that vault and bank agree.
    fn commit(&mut self, event: &VaultEvent) {
        for posting in event.postings() {
            self.bank.post(&posting).unwrap();
        }
        let before = self.vault.clone();
        self.vault.apply(event).unwrap();
        let entries = |vault: &Vault| vault.requests().cloned().collect::<Vec<_>>();
        let is_other = |request: &BurnRequest| Some(request.id) != event.request_id();
        let others = |vault| entries(vault).into_iter().filter(is_other).collect::<Vec<_>>();
        assert_eq!(others(&before), others(&self.vault), "an event changes its own request only");
        self.vault.books().check().unwrap();
        let balance = |denom: Denom| self.bank.balance(&vault_address(), &denom).to_micro();
        let waiting = |direction| self.vault.waiting(direction).to_micro();
        let books = self.vault.books();
        let akt = books.collateral_uakt.to_micro() + waiting(Direction::Mint);
        let act = books.mint_spread_uact.to_micro() + waiting(Direction::Redeem);
        assert_eq!((balance(Denom::uakt()), balance(Denom::uact())), (akt, act), "{event:?}");
    }

    /// The number of the request, or the code of the refusal.
    fn request(&mut self, who: u8, coin: Coin) -> Result<u64, &'static str> {
        let (at, price) = (BlockHeight::new(self.at), self.price);
        let event = self.vault.request(owner(who), &coin, at, price.as_ref(), &self.params);
        let event = event.map_err(|refused| refused.code().as_str())?;
        self.commit(&event);
        Ok(self.vault.books().requests_made)
    }

    fn cancel(&mut self, id: u64, who: u8) -> Result<(), &'static str> {
        let event = self.vault.cancel(id, owner(who));
        let event = event.map_err(|refused| refused.code().as_str())?;
        self.commit(&event);
        Ok(())
    }

    fn fund(&mut self, who: u8, coin: Coin) -> Result<(), &'static str> {
        let event = self.vault.fund(owner(who), &coin);
        let event = event.map_err(|refused| refused.code().as_str())?;
        self.commit(&event);
        Ok(())
    }

    fn status(&self) -> MintStatus {
        self.vault.status_at(self.price.as_ref(), &self.params)
    }

    /// The next block, to its end: what happened in it.
    fn block(&mut self) -> Vec<VaultEvent> {
        self.at += 1;
        let mut events = Vec::new();
        self.observe(&mut events);
        for direction in [Direction::Redeem, Direction::Mint] {
            let (at, price) = (BlockHeight::new(self.at), self.price);
            let opened = self.vault.open_epoch(direction, at, price.as_ref(), &self.params);
            let Some(opened) = opened else { continue };
            self.commit(&opened);
            events.push(opened);
            let turns: Vec<u64> = self.vault.turns(direction, &self.params).collect();
            for id in turns {
                if let Some(event) = self.vault.execute(id, price.as_ref(), &self.params) {
                    self.commit(&event);
                    events.push(event);
                    self.observe(&mut events);
                }
            }
        }
        events
    }

    fn observe(&mut self, events: &mut Vec<VaultEvent>) {
        if let Some(event) = self.vault.observe(self.price.as_ref(), &self.params) {
            self.commit(&event);
            events.push(event);
        }
    }

    /// Blocks up to the end of `height`: what happened in them, by block.
    fn run_to(&mut self, height: u64) -> Vec<(u64, VaultEvent)> {
        let mut events = Vec::new();
        while self.at < height {
            let block = self.block();
            events.extend(block.into_iter().map(|event| (self.at, event)));
        }
        events
    }

    /// What became of a request in the events.
    fn fate(events: &[(u64, VaultEvent)], wanted: u64) -> Option<Fate> {
        events.iter().find_map(|(at, event)| match event {
            VaultEvent::BurnMinted(done) if done.id == wanted => {
                let [paid, minted] = [&done.paid, &done.minted].map(|coin| coin.amount.to_micro());
                Some(Fate::Done { at: *at, paid, minted })
            }
            VaultEvent::BurnCancelled { request, reason } if request.id == wanted => {
                Some(Fate::Cancelled { at: *at, reason: *reason })
            }
            _ => None,
        })
    }

    /// Requests, runs to the next epoch that can take it, and says what became of it.
    fn convert(&mut self, who: u8, coin: Coin) -> Result<Fate, &'static str> {
        let id = self.request(who, coin)?;
        let events = self.run_to(self.at + 10);
        Self::fate(&events, id).ok_or("waits")
    }

    fn paid(&mut self, coin: Coin) -> Result<u128, &'static str> {
        match self.convert(0, coin)? {
            Fate::Done { paid, .. } => Ok(paid),
            Fate::Cancelled { .. } => Err("cancelled"),
        }
    }
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Done { at: u64, paid: u128, minted: u128 },
    Cancelled { at: u64, reason: CancelReason },
}
