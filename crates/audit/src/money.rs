//! Every movement of money, account by account, and what has to add up after each block.

use std::collections::BTreeMap;

use undercut::{Event, Genesis};
use undercut_ledger::bank::{escrow_address, own_addresses, vault_address};
use undercut_ledger::{BankRefused, Posting};
use undercut_primitives::{Address, Amount, Coin, Denom};

use crate::scene::{Checked, Scene, ensure};
use crate::{Check, Flaw};

/// What everyone has, and all that there is, in micro-units.
#[derive(Clone, Debug, Default)]
pub(crate) struct Money {
    balances: BTreeMap<(Address, Denom), u128>,
    supply: BTreeMap<Denom, u128>,
    genesis_uakt: u128,
    /// Whether the host's bank holds the accounts' money: then only the engine's own are known.
    is_hosted: bool,
}

impl Money {
    pub(crate) fn new(genesis: &Genesis) -> Self {
        let genesis_uakt = genesis.supply(&Denom::uakt()).unwrap_or_default().to_micro();
        Self { is_hosted: genesis.balances.is_empty(), genesis_uakt, ..Self::default() }
    }

    /// Makes the movements that an event stands for.
    pub(crate) fn event(&mut self, event: &Event, scene: &mut Scene) -> Checked {
        for posting in event.postings() {
            match posting {
                Posting::Transfer { from, to, coin } => {
                    self.take(from, &coin)?;
                    self.add(to, &coin);
                }
                Posting::Mint { to, coin } => {
                    let supply = self.supply.entry(coin.denom.clone()).or_default();
                    *supply = supply.saturating_add(coin.amount.to_micro());
                    self.add(to, &coin);
                }
                Posting::Burn { from, coin } => {
                    self.take(from, &coin)?;
                    let supply = self.supply.entry(coin.denom.clone()).or_default();
                    *supply = supply.saturating_sub(coin.amount.to_micro());
                }
            }
            scene.note(Check::Movements);
        }
        Ok(())
    }

    fn is_known(&self, owner: &Address) -> bool {
        !self.is_hosted || own_addresses().contains(owner)
    }

    fn add(&mut self, owner: Address, coin: &Coin) {
        if self.is_known(&owner) && !coin.amount.is_zero() {
            let balance = self.balances.entry((owner, coin.denom.clone())).or_default();
            *balance = balance.saturating_add(coin.amount.to_micro());
        }
    }

    fn take(&mut self, owner: Address, coin: &Coin) -> Checked {
        if !self.is_known(&owner) || coin.amount.is_zero() {
            return Ok(());
        }
        let key = (owner, coin.denom.clone());
        let balance = self.balance(&key);
        let Some(rest) = balance.checked_sub(coin.amount.to_micro()) else {
            let (balance, coin) = (Amount::from_micro(balance), coin.clone());
            return Err(Flaw::Overdrawn(BankRefused { owner, balance, coin }).into());
        };
        if rest == 0 {
            self.balances.remove(&key);
        } else {
            self.balances.insert(key, rest);
        }
        Ok(())
    }

    /// All that there is of a denom.
    pub(crate) fn supply(&self, denom: &Denom) -> u128 {
        self.supply.get(denom).copied().unwrap_or_default()
    }

    fn balance(&self, key: &(Address, Denom)) -> u128 {
        self.balances.get(key).copied().unwrap_or_default()
    }

    /// Escrow, vault and supply are the sums of their parts, and nothing else lies there.
    pub(crate) fn seal(
        &self,
        escrow: &BTreeMap<Denom, u128>,
        vault: [u128; 2],
        [new_uakt, uact]: [u128; 2],
        scene: &mut Scene,
    ) -> Checked {
        let [in_uakt, in_uact] = vault;
        let vault = BTreeMap::from([(Denom::uakt(), in_uakt), (Denom::uact(), in_uact)]);
        for (whose, owner, parts) in
            [("the escrow", escrow_address(), escrow), ("the vault", vault_address(), &vault)]
        {
            for denom in self.supply.keys().chain(parts.keys()) {
                let found = self.balance(&(owner, denom.clone()));
                let expected = parts.get(denom).copied().unwrap_or_default();
                adds_up(whose, denom, found, expected)?;
            }
        }
        if !self.is_hosted {
            let uakt = self.genesis_uakt.saturating_add(new_uakt);
            for (denom, expected) in [(Denom::uakt(), uakt), (Denom::uact(), uact)] {
                adds_up("the supply", &denom, self.supply(&denom), expected)?;
            }
        }
        scene.note(Check::Balances);
        Ok(())
    }
}

fn adds_up(whose: &'static str, denom: &Denom, found: u128, expected: u128) -> Checked {
    let holds = found == expected;
    ensure(holds, || Flaw::DoesNotAddUp { whose, denom: denom.clone(), found, expected })
}
