//! Everything that a market may choose.

use alloc::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use undercut_bidding::BidParams;
use undercut_ledger::LedgerParams;
use undercut_ledger::account::PAYMENTS_MAX;
use undercut_ledger::bme::{BmeParams, BmeParamsError};
use undercut_ledger::oracle::{OracleParams, OracleParamsError};
use undercut_orderbook::OrderParams;
use undercut_primitives::codec::Canonical;
use undercut_primitives::{Address, BlockSpan, Code, Coin, Denom, TimeSpan};

/// The highest `requests_waiting_max`, which bounds the queue of burns.
const REQUESTS_WAITING_MAX: u32 = 10_000;
/// The most entries of any list of denoms.
const DENOMS_MAX: usize = 32;
/// The longest pause, and the longest delay of a parameter change, in blocks: about two years.
const BLOCKS_MAX: u64 = 10_000_000;
/// The highest `bids_max`. Source: `chain.md` 10.
const BIDS_MAX: u32 = 500;
/// The longest `reclamation.window_max`: ten years.
const WINDOW_MAX: TimeSpan = TimeSpan::from_seconds(315_360_000);
/// The whole, in basis points.
const WHOLE_BPS: u32 = 10_000;

/// Who may change parameters, and how long a change waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct GovernanceParams {
    /// The account that may; `None`: nobody, ever.
    pub authority: Option<Address>,
    /// Blocks from the command to the first block in which a change holds. At least 1.
    pub delay: BlockSpan,
}

impl Default for GovernanceParams {
    /// Nobody; 100 blocks.
    fn default() -> Self {
        Self { authority: None, delay: BlockSpan::from_blocks(100) }
    }
}

/// The parameters of a market.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct Params {
    /// Of orders.
    pub order: OrderParams,
    /// Of bids.
    pub bid: BidParams,
    /// Of escrow accounts.
    pub ledger: LedgerParams,
    /// Of burn-mint equilibrium.
    pub bme: BmeParams,
    /// Of the oracle.
    pub oracle: OracleParams,
    /// Of parameter changes.
    pub governance: GovernanceParams,
}

/// Parameters that no market can work with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParamsError {
    /// A window or limit is zero.
    #[error("the parameter {parameter} must be at least 1")]
    Zero {
        /// Which.
        parameter: &'static str,
    },
    /// A limit that is larger than the engine can keep.
    #[error("the parameter {parameter} is {value}, at most {value_max} is allowed")]
    TooLarge {
        /// Which.
        parameter: &'static str,
        /// Its value.
        value: u64,
        /// The most allowed.
        value_max: u64,
    },
    /// A list with an entry that stands twice, is zero, or is one too many.
    #[error("the parameter {parameter}: {what}")]
    List {
        /// Which.
        parameter: &'static str,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The shortest reclamation window is not below the longest.
    #[error(
        "the shortest reclamation window of {window_min} is not below the longest of {window_max}"
    )]
    ReclamationWindow {
        /// The shortest.
        window_min: TimeSpan,
        /// The longest.
        window_max: TimeSpan,
    },
    /// The vault cannot work with its parameters.
    #[error(transparent)]
    Bme(#[from] BmeParamsError),
    /// The oracle cannot work with its parameters.
    #[error(transparent)]
    Oracle(#[from] OracleParamsError),
}

impl ParamsError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::new(match self {
            Self::Zero { .. } | Self::Bme(BmeParamsError::TooSmall { .. }) => "GEN002",
            Self::TooLarge { .. } | Self::Bme(BmeParamsError::TooLarge { .. }) => "GEN009",
            Self::Bme(_) => "GEN003",
            Self::Oracle(_) => "GEN010",
            Self::ReclamationWindow { .. } => "GEN011",
            Self::List { .. } => "GEN012",
        })
    }
}

impl Params {
    /// The values of Akash Network in 2026, with an auction of 5 blocks where the original has
    /// none. Source: `chain.md` 4, 6.2, 7 and 10.
    #[must_use]
    pub fn akash_2026() -> Self {
        Self::default()
    }

    /// Whether a market can work with these.
    ///
    /// # Errors
    ///
    /// The first [`ParamsError`]: what is zero, what is too large, lists, windows, vault, oracle.
    pub fn check(&self) -> Result<(), ParamsError> {
        let Self { order, bid, ledger, bme, oracle, governance } = self;
        let least_one = [
            ("bid_window", order.bid_window.to_blocks()),
            ("choice_window", order.choice_window.to_blocks()),
            ("bids_max", u64::from(bid.bids_max)),
            ("delay", governance.delay.to_blocks()),
        ];
        if let Some((parameter, _)) = least_one.into_iter().find(|(_, value)| *value == 0) {
            return Err(ParamsError::Zero { parameter });
        }
        let payments_max = u64::try_from(PAYMENTS_MAX).unwrap_or(u64::MAX);
        let limited = [
            ("groups_max", u64::from(order.groups_max), payments_max),
            ("bids_max", u64::from(bid.bids_max), u64::from(BIDS_MAX)),
            ("grace_max", order.grace_max.to_blocks(), BLOCKS_MAX),
            ("delay", governance.delay.to_blocks(), BLOCKS_MAX),
            (
                "requests_waiting_max",
                u64::from(bme.requests_waiting_max),
                u64::from(REQUESTS_WAITING_MAX),
            ),
        ];
        let above = limited.into_iter().find(|(_, value, value_max)| value > value_max);
        if let Some((parameter, value, value_max)) = above {
            return Err(ParamsError::TooLarge { parameter, value, value_max });
        }
        check_denoms("lease_denoms", order.lease_denoms.iter())?;
        check_minimums("ledger.deposits_min", &ledger.deposits_min)?;
        check_minimums("bid.deposits_min", &bid.deposits_min)?;
        check_denoms("take_rates_bps", ledger.take_rates_bps.iter().map(|(denom, _)| denom))?;
        if let Some((_, bps)) = ledger.take_rates_bps.iter().find(|(_, bps)| *bps > WHOLE_BPS) {
            let (value, value_max) = (u64::from(*bps), u64::from(WHOLE_BPS));
            return Err(ParamsError::TooLarge { parameter: "take_rates_bps", value, value_max });
        }
        let (window_min, window_max) = (order.reclamation.window_min, order.reclamation.window_max);
        if window_max > WINDOW_MAX {
            let seconds = |span: TimeSpan| span.to_nanos() / 1_000_000_000;
            let (value, value_max) = (seconds(window_max), seconds(WINDOW_MAX));
            return Err(ParamsError::TooLarge {
                parameter: "reclamation.window_max",
                value,
                value_max,
            });
        }
        if window_min >= window_max {
            return Err(ParamsError::ReclamationWindow { window_min, window_max });
        }
        bme.check()?;
        Ok(oracle.check()?)
    }
}

fn check_denoms<'a>(
    parameter: &'static str,
    denoms: impl ExactSizeIterator<Item = &'a Denom>,
) -> Result<(), ParamsError> {
    if denoms.len() > DENOMS_MAX {
        return Err(ParamsError::List { parameter, what: "more than 32 entries" });
    }
    let mut seen = BTreeSet::new();
    for denom in denoms {
        if !seen.insert(denom) {
            return Err(ParamsError::List { parameter, what: "a denom stands twice" });
        }
    }
    Ok(())
}

fn check_minimums(parameter: &'static str, coins: &[Coin]) -> Result<(), ParamsError> {
    check_denoms(parameter, coins.iter().map(|coin| &coin.denom))?;
    // A deposit of nothing would let anyone fill books and accounts for nothing.
    if coins.iter().any(|coin| coin.amount.is_zero()) {
        return Err(ParamsError::List { parameter, what: "a least deposit is zero" });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(change: impl Fn(&mut Params)) -> &'static str {
        let mut params = Params::akash_2026();
        change(&mut params);
        params.check().map_or_else(|error| error.code().as_str(), |()| "ok")
    }

    #[test]
    fn parameters_that_no_market_can_work_with_are_refused() {
        assert_eq!(code(|_| {}), "ok");
        assert_eq!(code(|params| params.bid.bids_max = 0), "GEN002");
        assert_eq!(code(|params| params.bid.bids_max = 501), "GEN009");
        assert_eq!(code(|params| params.order.bid_window = BlockSpan::default()), "GEN002");
        assert_eq!(code(|params| params.order.groups_max = 129), "GEN009");
        assert_eq!(code(|params| params.governance.delay = BlockSpan::default()), "GEN002");
        assert_eq!(code(|params| params.bme.halt_ratio_bps = 9_500), "GEN003");
        assert_eq!(code(|params| params.bme.mint_spread_bps = 1_001), "GEN009");
        assert_eq!(code(|params| params.oracle.twap_window = TimeSpan::ZERO), "GEN010");
        assert_eq!(code(|params| params.order.reclamation.window_max = TimeSpan::ZERO), "GEN011");
        let century = TimeSpan::from_seconds(3_153_600_000);
        assert_eq!(code(|params| params.order.reclamation.window_max = century), "GEN009");
        assert_eq!(code(|params| params.order.lease_denoms.push(Denom::uact())), "GEN012");
        assert_eq!(code(|params| params.bid.deposits_min.push(Coin::uact(0))), "GEN012");
        let rate = |bps| {
            move |params: &mut Params| {
                params.ledger.take_rates_bps = [(Denom::uakt(), bps)].into();
            }
        };
        assert_eq!([code(rate(10_000)), code(rate(10_001))], ["ok", "GEN009"]);
    }
}
