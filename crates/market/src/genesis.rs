//! [`Genesis`]: what a market starts with. It is the first record of every log.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use undercut_ledger::bank::own_addresses;
use undercut_primitives::codec::Canonical;
use undercut_primitives::{Address, Amount, BlockTime, Code, Coin, Denom};

use crate::{Params, ParamsError};

/// What a market starts with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct Genesis {
    /// The name of the chain, 1 to 64 bytes. Every signature binds it.
    pub chain_id: String,
    /// The time of block 0.
    pub time: BlockTime,
    /// What the market chose to start with.
    pub params: Params,
    /// Auditors by the text that manifests call them by, and the account that speaks for each.
    pub auditors: Vec<(String, Address)>,
    /// What accounts start with. Empty where the host's bank holds the money already.
    pub balances: Vec<(Address, Coin)>,
    /// AKT in the vault that backs ACT from the start, in uakt.
    pub vault_uakt: Amount,
}

/// A genesis that no market can start with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GenesisError {
    /// The chain has no name, or too long a one.
    #[error("the chain id has {bytes} bytes, allowed are 1 to 64")]
    ChainId {
        /// How many it has.
        bytes: usize,
    },
    /// Parameters that no market can work with.
    #[error(transparent)]
    Params(#[from] ParamsError),
    /// An auditor's name or account stands in the list twice.
    #[error("auditor `{name}` shares its name or its account with another")]
    AuditorTwice {
        /// The second one's name.
        name: String,
    },
    /// A balance for an account that the engine keeps itself.
    #[error("account {account} is the engine's own and starts with what the market brings")]
    EngineAccount {
        /// The account of the escrow or the vault.
        account: Address,
    },
    /// The balances of a denom are more than may exist.
    #[error("all {denom} together are more than {amount_max} micro-units")]
    Supply {
        /// The denom.
        denom: Denom,
        /// The most that may exist.
        amount_max: Amount,
    },
    /// The genesis does not fit into a record, or the bank refused a balance.
    #[error("the genesis cannot be recorded")]
    Unrecordable,
}

impl GenesisError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::new(match self {
            Self::Params(error) => return error.code(),
            Self::ChainId { .. } => "GEN001",
            Self::AuditorTwice { .. } => "GEN005",
            Self::EngineAccount { .. } => "GEN006",
            Self::Supply { .. } => "GEN007",
            Self::Unrecordable => "GEN008",
        })
    }
}

impl Genesis {
    /// Checks the genesis.
    ///
    /// # Errors
    ///
    /// The first broken rule, in the order of [`GenesisError`]'s variants.
    pub fn check(&self) -> Result<(), GenesisError> {
        if !(1..=64).contains(&self.chain_id.len()) {
            return Err(GenesisError::ChainId { bytes: self.chain_id.len() });
        }
        self.params.check()?;
        let (mut names, mut accounts) = (BTreeSet::new(), BTreeSet::new());
        for (name, account) in &self.auditors {
            if !names.insert(name) || !accounts.insert(account) {
                return Err(GenesisError::AuditorTwice { name: name.clone() });
            }
        }
        let own = own_addresses();
        if let Some((account, _)) = self.balances.iter().find(|(to, _)| own.contains(to)) {
            return Err(GenesisError::EngineAccount { account: *account });
        }
        self.check_supply()
    }

    fn check_supply(&self) -> Result<(), GenesisError> {
        // One pass: a genesis may have a million balances.
        let uakt = Denom::uakt();
        let mut sums = BTreeMap::from([(&uakt, self.vault_uakt)]);
        for (_, coin) in &self.balances {
            let sum = sums.entry(&coin.denom).or_insert(Amount::ZERO);
            let more = sum.plus(coin.amount).ok().filter(|sum| *sum <= Amount::SUPPLY_MAX);
            let (denom, amount_max) = (&coin.denom, Amount::SUPPLY_MAX);
            *sum = more.ok_or_else(|| GenesisError::Supply { denom: denom.clone(), amount_max })?;
        }
        Ok(())
    }

    /// All that exists of `denom` at the start, or `None` when it is more than may exist.
    #[must_use]
    pub fn supply(&self, denom: &Denom) -> Option<Amount> {
        let vault = if *denom == Denom::uakt() { self.vault_uakt } else { Amount::ZERO };
        let coins = self.balances.iter().filter(|(_, coin)| coin.denom == *denom);
        let sum =
            coins.map(|(_, coin)| coin.amount).try_fold(vault, |sum, amount| sum.plus(amount).ok());
        sum.filter(|sum| *sum <= Amount::SUPPLY_MAX)
    }
}
