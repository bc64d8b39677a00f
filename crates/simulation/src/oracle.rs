//! A price that walks at random.

use undercut_ledger::oracle::OraclePrice;
use undercut_primitives::{BlockTime, Decimal};

use crate::Stream;

/// Steps per block, in hundredths of a percent of the price.
const STEP_BPS: u64 = 12;

/// US dollars for one AKT, a new price every block.
#[derive(Clone, Debug)]
pub(crate) struct PriceWalk {
    price: Decimal,
    random: Stream,
}

impl PriceWalk {
    pub(crate) fn new(start: Decimal, random: Stream) -> Self {
        Self { price: start, random }
    }

    /// The price of the next block: the last one, up to 0.12 % higher or lower. It keeps clear of
    /// zero and of absurd heights by walking away from them.
    pub(crate) fn next(&mut self, now: BlockTime) -> OraclePrice {
        let bps = self.random.between(0, STEP_BPS.saturating_mul(2));
        let step = Decimal::from_basis_points(u32::try_from(bps).unwrap_or_default());
        let base = Decimal::from_basis_points(10_000_u32.saturating_sub(12));
        let factor = base.plus(step).unwrap_or(Decimal::ONE);
        let next = self.price.mul_half_even(factor).unwrap_or(self.price);
        let (least, most) = (Decimal::from_basis_points(500), Decimal::from_whole(500));
        if (least..=most).contains(&next) {
            self.price = next;
        }
        OraclePrice { usd_per_akt: self.price, published_at: now }
    }
}
