//! Money outside escrow: the host chain's bank, or [`MemoryBank`]; and how events move money.

mod bytes;

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use undercut_primitives::{Address, Amount, Coin, Denom};

use crate::LedgerEvent;
use crate::event::{InKind, KindShare};

/// One movement of money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Posting {
    /// From one account to another.
    Transfer {
        /// Who pays.
        from: Address,
        /// Who is paid.
        to: Address,
        /// How much.
        coin: Coin,
    },
    /// New money.
    Mint {
        /// Who receives it.
        to: Address,
        /// How much.
        coin: Coin,
    },
    /// Money destroyed.
    Burn {
        /// Who loses it.
        from: Address,
        /// How much.
        coin: Coin,
    },
}

// What `Address::of_module` gives for the three names, made once; a test compares.
const ESCROW: Address = Address::from_bytes([
    0x24, 0x31, 0xd8, 0xc0, 0x29, 0x1b, 0xc7, 0xb9, 0x27, 0x37, 0x23, 0x2a, 0x41, 0xb0, 0xde, 0xb9,
    0xfe, 0x35, 0x4f, 0x80,
]);
const COMMUNITY: Address = Address::from_bytes([
    0xc8, 0xbd, 0xc9, 0xa9, 0x48, 0xd5, 0xa8, 0xab, 0x56, 0x98, 0x45, 0xb3, 0x8f, 0xa0, 0x86, 0x22,
    0xa1, 0x54, 0x81, 0x30,
]);
const VAULT: Address = Address::from_bytes([
    0xde, 0xe9, 0xb0, 0xdd, 0xef, 0x65, 0xfe, 0xf7, 0xb8, 0xcf, 0xfd, 0x0c, 0x1c, 0xa0, 0x5a, 0xa7,
    0x5c, 0x8d, 0x16, 0xe8,
]);

/// The account that holds all escrow and all bid deposits.
#[must_use]
pub const fn escrow_address() -> Address {
    ESCROW
}

/// The account that fees go to.
#[must_use]
pub const fn community_address() -> Address {
    COMMUNITY
}

/// The accounts that the engine keeps itself; nobody signs for them.
#[must_use]
pub const fn own_addresses() -> [Address; 3] {
    [ESCROW, VAULT, COMMUNITY]
}

/// The account of the vault.
#[must_use]
pub const fn vault_address() -> Address {
    VAULT
}

/// The bank has not what it was asked to move.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{owner} has {balance}{denom}, needed are {needed}", denom = coin.denom, needed = coin.amount)]
pub struct BankRefused {
    /// Whose money.
    pub owner: Address,
    /// What there is, in micro-units.
    pub balance: Amount,
    /// What was asked for.
    pub coin: Coin,
}

/// Money outside escrow. What is deposited lies in accounts that the engine keeps
/// ([`own_addresses`]); what everyone else has is the bank's to know and to keep: a snapshot of the
/// engine does not hold it. The engine asks for balances first and then posts; a bank that refuses
/// what it could just pay is at fault.
pub trait Bank {
    /// What `owner` has, in micro-units.
    fn balance(&self, owner: &Address, denom: &Denom) -> Amount;

    /// Makes one movement. Whether more may be minted is the engine's business, not the bank's.
    ///
    /// # Errors
    ///
    /// [`BankRefused`] when the payer has too little, or the receiver's balance would overflow.
    fn post(&mut self, posting: &Posting) -> Result<(), BankRefused>;
}

/// A bank in memory, for simulations, tests and servers that hold all balances themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryBank {
    balances: BTreeMap<Denom, BTreeMap<Address, Amount>>,
    supply: BTreeMap<Denom, Amount>,
}

impl MemoryBank {
    /// All that exists of `denom`.
    #[must_use]
    pub fn supply(&self, denom: &Denom) -> Amount {
        self.supply.get(denom).copied().unwrap_or_default()
    }

    /// The denoms that exist or existed, in order.
    pub fn denoms(&self) -> impl Iterator<Item = &Denom> {
        self.supply.keys()
    }

    /// All balances that are not zero, by denom and owner.
    pub fn balances(&self) -> impl Iterator<Item = (&Denom, &Address, Amount)> {
        self.balances.iter().flat_map(|(denom, owners)| {
            owners.iter().map(move |(owner, amount)| (denom, owner, *amount))
        })
    }

    fn add(&mut self, owner: Address, coin: &Coin) -> Result<(), BankRefused> {
        let refused = |balance| BankRefused { owner, balance, coin: coin.clone() };
        if coin.amount.is_zero() {
            return Ok(());
        }
        let Some(owners) = self.balances.get_mut(&coin.denom) else {
            let owners = BTreeMap::from([(owner, coin.amount)]);
            self.balances.insert(coin.denom.clone(), owners);
            return Ok(());
        };
        let balance = owners.entry(owner).or_default();
        *balance = balance.plus(coin.amount).map_err(|_| refused(*balance))?;
        Ok(())
    }

    fn take(&mut self, owner: Address, coin: &Coin) -> Result<(), BankRefused> {
        let refused = |balance| BankRefused { owner, balance, coin: coin.clone() };
        if coin.amount.is_zero() {
            return Ok(());
        }
        let owners = self.balances.get_mut(&coin.denom).ok_or_else(|| refused(Amount::ZERO))?;
        let balance = owners.get_mut(&owner).ok_or_else(|| refused(Amount::ZERO))?;
        *balance = balance.checked_sub(coin.amount).ok_or_else(|| refused(*balance))?;
        if balance.is_zero() {
            owners.remove(&owner);
            if owners.is_empty() {
                self.balances.remove(&coin.denom);
            }
        }
        Ok(())
    }
}

impl Bank for MemoryBank {
    fn balance(&self, owner: &Address, denom: &Denom) -> Amount {
        let owners = self.balances.get(denom);
        owners.and_then(|owners| owners.get(owner)).copied().unwrap_or_default()
    }

    fn post(&mut self, posting: &Posting) -> Result<(), BankRefused> {
        match posting {
            Posting::Transfer { from, to, coin } => {
                self.take(*from, coin)?;
                self.add(*to, coin)
            }
            Posting::Mint { to, coin } => {
                let supply = self.supply(&coin.denom);
                let refused = || BankRefused { owner: *to, balance: supply, coin: coin.clone() };
                let sum = supply.plus(coin.amount).map_err(|_| refused())?;
                self.supply.insert(coin.denom.clone(), sum);
                self.add(*to, coin)
            }
            Posting::Burn { from, coin } => {
                self.take(*from, coin)?;
                // No more can be burned than one account holds, so the supply covers it.
                let rest = self.supply(&coin.denom).checked_sub(coin.amount).unwrap_or_default();
                self.supply.insert(coin.denom.clone(), rest);
                Ok(())
            }
        }
    }
}

/// The movements of money that an event stands for, in order.
#[must_use]
pub fn postings(event: &LedgerEvent) -> Vec<Posting> {
    let escrow = escrow_address();
    match event {
        LedgerEvent::Deposited { deposit, .. } => {
            let (from, coin) = (deposit.depositor, deposit.coin.clone());
            vec![Posting::Transfer { from, to: escrow, coin }]
        }
        LedgerEvent::Withdrawn { lease, coin, fee } => {
            paid_with_fee(lease.provider().0, coin.clone(), *fee)
        }
        LedgerEvent::InKindPaid(InKind { shares, .. }) => {
            let share = |share: &KindShare| {
                let coin = Coin::new(Denom::uakt(), share.paid);
                paid_with_fee(share.lease.provider().0, coin, share.fee)
            };
            shares.iter().flat_map(share).collect()
        }
        LedgerEvent::AccountClosed { refunds, .. } => {
            let refund = |refund: &crate::Refund| Posting::Transfer {
                from: escrow,
                to: refund.to,
                coin: refund.coin.clone(),
            };
            refunds.iter().map(refund).collect()
        }
        LedgerEvent::Vault(event) => event.postings(),
        LedgerEvent::AccountOpened { .. }
        | LedgerEvent::LeaseSigned(_)
        | LedgerEvent::Settled(_)
        | LedgerEvent::ReclamationStarted { .. }
        | LedgerEvent::LeaseEnded { .. }
        | LedgerEvent::AccountPaused { .. }
        | LedgerEvent::AccountResumed { .. }
        | LedgerEvent::AllowanceGranted { .. }
        | LedgerEvent::AllowanceRevoked(_) => Vec::new(),
    }
}

/// From the escrow to a provider, and the fee to the community pool. Nothing moves nothing.
fn paid_with_fee(to: Address, coin: Coin, fee: Amount) -> Vec<Posting> {
    let fee = Coin::new(coin.denom.clone(), fee);
    let parts = [(to, coin), (community_address(), fee)];
    let moved = parts.into_iter().filter(|(_, coin)| !coin.amount.is_zero());
    moved.map(|(to, coin)| Posting::Transfer { from: escrow_address(), to, coin }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_accounts_are_named_after_what_they_hold() {
        assert_eq!(own_addresses(), ["escrow", "vault", "community"].map(Address::of_module));
    }

    #[test]
    fn money_moves_whole_or_not_at_all() {
        let [alice, bob] = ["alice", "bob"].map(Address::of_module);
        let mut bank = MemoryBank::default();
        bank.post(&Posting::Mint { to: alice, coin: Coin::uact(10) }).unwrap();
        let coin = Coin::uact(11);
        let refused = bank.post(&Posting::Transfer { from: alice, to: bob, coin: coin.clone() });
        assert_eq!(
            refused,
            Err(BankRefused { owner: alice, balance: Amount::from_micro(10), coin })
        );
        bank.post(&Posting::Transfer { from: alice, to: bob, coin: Coin::uact(4) }).unwrap();
        bank.post(&Posting::Burn { from: bob, coin: Coin::uact(1) }).unwrap();
        let uact = undercut_primitives::Denom::uact();
        assert_eq!(bank.balance(&alice, &uact), Amount::from_micro(6));
        assert_eq!(bank.balance(&bob, &uact), Amount::from_micro(3));
        assert_eq!(bank.supply(&uact), Amount::from_micro(9));
    }

    #[test]
    fn a_transfer_to_oneself_changes_nothing() {
        let alice = Address::of_module("alice");
        let mut bank = MemoryBank::default();
        bank.post(&Posting::Mint { to: alice, coin: Coin::uact(10) }).unwrap();
        let before = bank.clone();
        bank.post(&Posting::Transfer { from: alice, to: alice, coin: Coin::uact(10) }).unwrap();
        assert_eq!(bank, before);
    }
}
