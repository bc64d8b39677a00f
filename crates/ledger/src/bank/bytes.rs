//! The one byte form of a [`MemoryBank`], for hosts that keep their money beside a snapshot.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use undercut_primitives::codec::{self, DecodeError, EncodeError};
use undercut_primitives::pieces::{self, Pieces};
use undercut_primitives::{Address, Amount, Denom};

use super::MemoryBank;

/// The most bytes of a denom, an address and an amount together.
const ENTRY_BYTES_MAX: usize = 1_024;

impl MemoryBank {
    /// All that the bank holds: the number of denoms, then each with all that exists of it; the
    /// number of balances, then each with its denom and owner. Both ascend. Pieces and numbers as in
    /// [`pieces`]. As large as the number of accounts makes it: no limit of 4 MiB holds.
    ///
    /// # Errors
    ///
    /// None with what a bank can hold.
    pub fn to_bytes(&self) -> Result<Vec<u8>, EncodeError> {
        let mut bytes = Vec::new();
        let number = |count: usize| u64::try_from(count).map_err(|_| EncodeError);
        bytes.extend(number(self.supply.len())?.to_le_bytes());
        for supply in &self.supply {
            pieces::push(&mut bytes, &codec::encode(&supply)?)?;
        }
        let balances = self.balances.values().map(BTreeMap::len).sum();
        bytes.extend(number(balances)?.to_le_bytes());
        for (denom, owner, amount) in self.balances() {
            let balance = (denom, owner, &amount);
            pieces::push(&mut bytes, &codec::encode(&balance)?)?;
        }
        Ok(bytes)
    }

    /// The bank whose byte form `bytes` is.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] for anything that [`MemoryBank::to_bytes`] would not have written: also for
    /// balances that do not add up to all that exists.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let (mut pieces, mut bank) = (Pieces::new(bytes), Self::default());
        let mut missing = BTreeMap::new();
        for _ in 0..pieces.number()? {
            let (denom, amount): (Denom, Amount) = pieces.value(ENTRY_BYTES_MAX)?;
            let is_next = bank.supply.last_key_value().is_none_or(|(last, _)| *last < denom);
            is_next.then_some(()).ok_or(DecodeError::NotCanonical)?;
            missing.insert(denom.clone(), amount);
            bank.supply.insert(denom, amount);
        }
        for _ in 0..pieces.number()? {
            let (denom, owner, amount): (Denom, Address, Amount) = pieces.value(ENTRY_BYTES_MAX)?;
            let left = missing.get_mut(&denom).ok_or(DecodeError::NotCanonical)?;
            *left = left.checked_sub(amount).ok_or(DecodeError::NotCanonical)?;
            let is_next = bank.balances.last_key_value().is_none_or(|(last, owners)| {
                let last = (last, owners.last_key_value().map(|(owner, _)| owner));
                last < (&denom, Some(&owner))
            });
            (is_next && !amount.is_zero()).then_some(()).ok_or(DecodeError::NotCanonical)?;
            bank.balances.entry(denom).or_default().insert(owner, amount);
        }
        pieces.end()?;
        let is_whole = missing.values().all(|left| left.is_zero());
        if is_whole { Ok(bank) } else { Err(DecodeError::NotCanonical) }
    }
}

#[cfg(test)]
mod tests {
    use undercut_primitives::Coin;

    use super::*;
    use crate::{Bank, Posting};

    fn bank() -> MemoryBank {
        let [alice, bob] = ["alice", "bob"].map(Address::of_module);
        let mut bank = MemoryBank::default();
        for posting in [
            Posting::Mint { to: alice, coin: Coin::uact(10) },
            Posting::Mint { to: bob, coin: Coin::uact(7) },
            Posting::Mint { to: bob, coin: Coin::uakt(u128::from(u64::MAX)) },
            Posting::Mint { to: bob, coin: "5uatom".parse().unwrap() },
            Posting::Burn { from: bob, coin: "5uatom".parse().unwrap() },
        ] {
            bank.post(&posting).unwrap();
        }
        bank
    }

    #[test]
    fn what_is_written_is_read_also_denoms_that_are_gone() {
        for bank in [bank(), MemoryBank::default()] {
            let bytes = bank.to_bytes().unwrap();
            assert_eq!(MemoryBank::from_bytes(&bytes), Ok(bank));
        }
    }

    #[test]
    fn every_flipped_bit_is_refused_or_another_bank_with_these_bytes() {
        let bytes = bank().to_bytes().unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut other = bytes.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            if let Ok(read) = MemoryBank::from_bytes(&other) {
                assert_ne!(read, bank());
                assert_eq!(read.to_bytes().unwrap(), other, "bit {bit}");
                let sum = |denom: &Denom| {
                    let of = read.balances().filter(|(found, ..)| *found == denom);
                    of.map(|(_, _, amount)| amount.to_micro()).sum::<u128>()
                };
                assert!(read.denoms().all(|denom| sum(denom) == read.supply(denom).to_micro()));
            }
        }
        for length in 0..bytes.len() {
            assert!(MemoryBank::from_bytes(&bytes[..length]).is_err());
        }
        assert!(MemoryBank::from_bytes(&[&bytes[..], &[0]].concat()).is_err());
    }
}
