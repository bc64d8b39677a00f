//! [`Genesis`]: what a market starts with. It is the first record of every log.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use undercut_ledger::account::PAYMENTS_MAX;
use undercut_ledger::bank::{escrow_address, vault_address};
use undercut_primitives::{Address, Amount, BlockTime, Code, Coin, Denom};

use crate::Params;

/// The highest `requests_waiting_max`: the vault with all of them has to fit into one entry of the
/// state.
const REQUESTS_WAITING_MAX: u32 = 10_000;

/// What a market starts with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Genesis {
    /// The name of the chain, 1 to 64 bytes. Every signature binds it.
    pub chain_id: String,
    /// The time of block 0.
    pub time: BlockTime,
    /// What the market chose.
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
    /// A window or limit is zero.
    #[error("the parameter {parameter} must be at least 1")]
    ParameterZero {
        /// Which.
        parameter: &'static str,
    },
    /// A limit that is larger than the engine can keep.
    #[error("the parameter {parameter} is {value}, at most {value_max} is allowed")]
    ParameterTooLarge {
        /// Which.
        parameter: &'static str,
        /// Its value.
        value: u32,
        /// The most allowed.
        value_max: u32,
    },
    /// The thresholds of the mint status are out of order.
    #[error("the warn ratio of {warn_bps} basis points is not above the halt ratio of {halt_bps}")]
    Thresholds {
        /// Warn threshold.
        warn_bps: u32,
        /// Halt threshold.
        halt_bps: u32,
    },
    /// A spread of more than the whole.
    #[error("a spread of {spread_bps} basis points, allowed are up to 1000")]
    Spread {
        /// The spread.
        spread_bps: u32,
    },
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
            Self::ChainId { .. } => "GEN001",
            Self::ParameterZero { .. } => "GEN002",
            Self::Thresholds { .. } => "GEN003",
            Self::Spread { .. } => "GEN004",
            Self::AuditorTwice { .. } => "GEN005",
            Self::EngineAccount { .. } => "GEN006",
            Self::Supply { .. } => "GEN007",
            Self::Unrecordable => "GEN008",
            Self::ParameterTooLarge { .. } => "GEN009",
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
        let Params { order, bid, bme, .. } = &self.params;
        let least_one = [
            ("bid_window", order.bid_window.to_blocks()),
            ("choice_window", order.choice_window.to_blocks()),
            ("bids_max", u64::from(bid.bids_max)),
            ("requests_per_block_max", u64::from(bme.requests_per_block_max)),
            ("requests_waiting_max", u64::from(bme.requests_waiting_max)),
        ];
        if let Some((parameter, _)) = least_one.into_iter().find(|(_, value)| *value == 0) {
            return Err(GenesisError::ParameterZero { parameter });
        }
        let limited = [
            ("groups_max", order.groups_max, u32::try_from(PAYMENTS_MAX).unwrap_or(u32::MAX)),
            ("requests_waiting_max", bme.requests_waiting_max, REQUESTS_WAITING_MAX),
        ];
        let above = limited.into_iter().find(|(_, value, value_max)| value > value_max);
        if let Some((parameter, value, value_max)) = above {
            return Err(GenesisError::ParameterTooLarge { parameter, value, value_max });
        }
        if bme.warn_ratio_bps <= bme.halt_ratio_bps {
            let (warn_bps, halt_bps) = (bme.warn_ratio_bps, bme.halt_ratio_bps);
            return Err(GenesisError::Thresholds { warn_bps, halt_bps });
        }
        let spread_bps = bme.mint_spread_bps.max(bme.redeem_spread_bps);
        if spread_bps > 1000 {
            return Err(GenesisError::Spread { spread_bps });
        }
        let (mut names, mut accounts) = (BTreeSet::new(), BTreeSet::new());
        for (name, account) in &self.auditors {
            if !names.insert(name) || !accounts.insert(account) {
                return Err(GenesisError::AuditorTwice { name: name.clone() });
            }
        }
        let own = [escrow_address(), vault_address()];
        if let Some((account, _)) = self.balances.iter().find(|(to, _)| own.contains(to)) {
            return Err(GenesisError::EngineAccount { account: *account });
        }
        self.check_supply()
    }

    fn check_supply(&self) -> Result<(), GenesisError> {
        for denom in self.balances.iter().map(|(_, coin)| &coin.denom) {
            if self.supply(denom).is_none() {
                let amount_max = Amount::SUPPLY_MAX;
                return Err(GenesisError::Supply { denom: denom.clone(), amount_max });
            }
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
