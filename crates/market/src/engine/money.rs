//! Whether a bank has the money for the postings of a command, and which of its events lacks it.

use alloc::collections::BTreeMap;

use undercut_bidding::BidEvent;
use undercut_ledger::{Bank, BankRefused, Posting};
use undercut_primitives::{Address, Amount, Coin, Denom};

use crate::{Command, Event, Rejection};

/// The posting that cannot be made once those before it are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unaffordable {
    place: usize,
    refused: BankRefused,
}

impl Unaffordable {
    /// What a command is told whose events make these postings. Of a bundle, which bid it is.
    pub(super) fn to_rejection(&self, asked: Option<&Command>, events: &[Event]) -> Rejection {
        let funds = Rejection::Funds(self.refused.clone());
        if !matches!(asked, Some(Command::CreateBids(_))) {
            return funds;
        }
        let mut postings = 0_usize;
        let at_fault = events.iter().find(|event| {
            postings = postings.saturating_add(event.postings().len());
            postings > self.place
        });
        match at_fault {
            Some(Event::Bid(BidEvent::BidPlaced(bid))) => Rejection::bundled(bid.id.order, funds),
            _ => funds,
        }
    }
}

/// Whether all postings, made one after the other, find the money they need.
pub(super) fn affordable(bank: &impl Bank, postings: &[Posting]) -> Result<(), Unaffordable> {
    // The usual cases need no list of balances.
    match postings {
        [] => Ok(()),
        [Posting::Transfer { from, to, coin }, others @ ..]
            if from != to && others.iter().all(|posting| is_alike(posting, from, to, coin)) =>
        {
            affordable_from_one(bank, (from, to), &coin.denom, postings)
        }
        _ => affordable_by_balances(bank, postings),
    }
}

/// Whether a posting goes the same way in the same denom.
fn is_alike(posting: &Posting, payer: &Address, payee: &Address, money: &Coin) -> bool {
    match posting {
        Posting::Transfer { from, to, coin } => {
            (from, to) == (payer, payee) && coin.denom == money.denom
        }
        Posting::Mint { .. } | Posting::Burn { .. } => false,
    }
}

/// [`affordable`] where all postings are transfers from one account to one other in one denom.
fn affordable_from_one(
    bank: &impl Bank,
    (from, to): (&Address, &Address),
    denom: &Denom,
    postings: &[Posting],
) -> Result<(), Unaffordable> {
    let (mut left, mut there) = (bank.balance(from, denom), bank.balance(to, denom));
    for (place, posting) in postings.iter().enumerate() {
        let Posting::Transfer { coin, .. } = posting else { continue };
        let refused = |owner: &Address, balance| {
            let (owner, coin) = (*owner, coin.clone());
            Unaffordable { place, refused: BankRefused { owner, balance, coin } }
        };
        left = left.checked_sub(coin.amount).ok_or_else(|| refused(from, left))?;
        there = there.plus(coin.amount).map_err(|_| refused(to, there))?;
    }
    Ok(())
}

/// [`affordable`] of any postings.
fn affordable_by_balances(bank: &impl Bank, postings: &[Posting]) -> Result<(), Unaffordable> {
    let mut balances: BTreeMap<(Address, Denom), Amount> = BTreeMap::new();
    for (place, posting) in postings.iter().enumerate() {
        let (from, to, coin) = match posting {
            Posting::Transfer { from, to, coin } => (Some(from), Some(to), coin),
            Posting::Mint { to, coin } => (None, Some(to), coin),
            Posting::Burn { from, coin } => (Some(from), None, coin),
        };
        let mut balance_of = |owner: &Address| {
            let key = (*owner, coin.denom.clone());
            *balances.entry(key).or_insert_with(|| bank.balance(owner, &coin.denom))
        };
        let refused = |owner: &Address, balance| {
            let (owner, coin) = (*owner, coin.clone());
            Unaffordable { place, refused: BankRefused { owner, balance, coin } }
        };
        if let Some(from) = from {
            let balance = balance_of(from);
            let rest = balance.checked_sub(coin.amount).ok_or_else(|| refused(from, balance))?;
            balances.insert((*from, coin.denom.clone()), rest);
        }
        if let Some(to) = to {
            let key = (*to, coin.denom.clone());
            let balance = balances.get(&key).copied();
            let balance = balance.unwrap_or_else(|| bank.balance(to, &coin.denom));
            let sum = balance.plus(coin.amount).map_err(|_| refused(to, balance))?;
            balances.insert(key, sum);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use undercut_ledger::MemoryBank;

    use super::*;

    fn account(name: &str) -> Address {
        Address::of_module(name)
    }

    fn pay(from: &str, to: &str, micro: u128) -> Posting {
        let (from, to) = (account(from), account(to));
        Posting::Transfer { from, to, coin: Coin::uakt(micro) }
    }

    /// A bank in which alice has ten.
    fn bank() -> MemoryBank {
        let mut bank = MemoryBank::default();
        bank.post(&Posting::Mint { to: account("alice"), coin: Coin::uakt(10) }).unwrap();
        bank
    }

    #[test]
    fn transfers_of_one_payer_are_checked_as_any_others() {
        let bank = bank();
        for amounts in [[0, 0, 0], [10, 0, 0], [5, 5, 0], [5, 5, 1], [11, 0, 0], [4, 7, 1]] {
            let postings = amounts.map(|micro| pay("alice", "escrow", micro));
            let found = affordable(&bank, &postings);
            assert_eq!(found, affordable_by_balances(&bank, &postings), "{amounts:?}");
            let mut sum = 0;
            let short = amounts.iter().position(|micro| {
                sum += micro;
                sum > 10
            });
            assert_eq!(found.err().map(|refused| refused.place), short, "{amounts:?}");
        }
    }

    #[test]
    fn what_comes_back_between_two_payments_counts() {
        let there_and_back = [pay("alice", "bob", 10), pay("bob", "alice", 10)];
        let postings = [there_and_back.clone(), there_and_back].concat();
        assert_eq!(affordable(&bank(), &postings), Ok(()));
        let to_oneself = [pay("alice", "alice", 10), pay("alice", "alice", 10)];
        assert_eq!(affordable(&bank(), &to_oneself), Ok(()));
    }
}
