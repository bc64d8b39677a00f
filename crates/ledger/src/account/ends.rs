//! When the money of an account ends: one division, then the floors.
//!
//! With the streams' rates r and starts s, their sum of rates R, and T for the balance together with
//! all that was earned, the account pays up to `h` when Σ floor(r × (h − s)) ≤ T. Each floor takes
//! less than one micro-unit away, so that with n streams
//!
//! * every h with R × h − Σ r × s < T + 1 is paid, and
//! * no h with R × h − Σ r × s ≥ T + n is.
//!
//! Both bounds are one division. Between them lie at most n blocks, unless together the streams pay
//! less than a micro-unit per block; there it is halved. What is owed never falls with the height, so a bound
//! that does not hold, because a stream starts later or a number is too great, costs steps and not
//! exactness. [`crate::plain::depletes_at`] halves from the start.

use undercut_primitives::{Amount, BlockHeight};

use super::{AccountState, EscrowAccount};

/// One, in the atoms of a [`Decimal`](undercut_primitives::Decimal).
pub(crate) const ONE: u128 = 1_000_000_000_000_000_000;

impl EscrowAccount {
    /// The block at whose end something has to happen: the last block that the account can pay in
    /// full, the greatest `h` with owed(h) ≤ balance; for a paused one, the end of its grace.
    ///
    /// `None` when nothing runs, or when the money lasts beyond [`BlockHeight::MAX`]. At least
    /// `settled_at`. O(payments), or O(payments × 48) when all rates together are below one
    /// micro-unit per block.
    #[must_use]
    pub fn ends_at(&self) -> Option<BlockHeight> {
        match self.state {
            AccountState::Open => self.depletes_at(),
            AccountState::Paused { until, .. } => Some(until),
            AccountState::Closed => None,
        }
    }

    fn depletes_at(&self) -> Option<BlockHeight> {
        if self.payments.is_empty() {
            return None;
        }
        let balance = self.balance();
        let (settled_at, max) = (self.settled_at.to_u64(), BlockHeight::MAX.to_u64());
        let bounds = self.bounds(balance).unwrap_or((settled_at, max));
        // Invariant from here on: pays(low), and not pays(high).
        let near = bounds.0.max(settled_at).min(max);
        let mut low = if self.pays(near, balance) { near } else { settled_at };
        let mut high = bounds.1.max(low).min(max);
        if self.pays(high, balance) {
            if high == max || self.pays(max, balance) {
                return None;
            }
            high = max;
        }
        while low.checked_add(1)? < high {
            let middle = low.midpoint(high);
            if self.pays(middle, balance) {
                low = middle;
            } else {
                high = middle;
            }
        }
        Some(BlockHeight::new(low))
    }

    pub(crate) fn pays(&self, height: u64, balance: Amount) -> bool {
        self.owed_at(BlockHeight::new(height)).is_ok_and(|owed| owed <= balance)
    }

    /// A block that is paid for certain, and one that is not; `None` when a number is too great, or
    /// nothing is streamed.
    fn bounds(&self, balance: Amount) -> Option<(u64, u64)> {
        let (mut rates, mut before_starts, mut total) = (0_u128, 0_u128, balance);
        for payment in self.payments.values() {
            let rate = payment.rate.value.to_atoms();
            let unpaid = rate.checked_mul(u128::from(payment.starts_at.to_u64()))?;
            rates = rates.checked_add(rate)?;
            before_starts = before_starts.checked_add(unpaid)?;
            total = total.plus(payment.earned).ok()?;
        }
        let last_below = |limit: u128| {
            let atoms = limit.checked_mul(ONE)?.checked_sub(1)?.checked_add(before_starts)?;
            Some(u64::try_from(atoms.checked_div(rates)?).unwrap_or(u64::MAX))
        };
        let streams = u128::try_from(self.payments.len()).ok()?;
        let paid = last_below(total.to_micro().checked_add(1)?)?;
        let unpaid = last_below(total.to_micro().checked_add(streams)?)?.saturating_add(1);
        Some((paid, unpaid))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use undercut_primitives::{
        Address, BlockSpan, Coin, Decimal, Denom, DeploymentId, GroupId, LeaseId, PricePerBlock,
        Provider, Tenant,
    };

    use crate::account::Payment;
    use crate::{Deposit, plain};

    use super::*;

    fn account(
        balance: u128,
        settled_at: u64,
        streams: &[(u128, u64, u128)],
        is_consistent: bool,
    ) -> EscrowAccount {
        let id = DeploymentId { tenant: Tenant(Address::FIRST), dseq: 1 };
        let (grace, at) = (BlockSpan::default(), BlockHeight::new(settled_at));
        let mut account = EscrowAccount::new(id, Denom::uact(), grace, at);
        let (depositor, coin) = (Address::FIRST, Coin::uact(balance));
        account.deposits.push(Deposit { depositor, drawn_by: None, coin });
        for (gseq, (rate, starts_at, earned)) in (1..).zip(streams) {
            let order = GroupId { deployment: id, gseq }.order(1);
            let rate = PricePerBlock::new(Denom::uact(), Decimal::from_atoms(*rate));
            let mut payment = Payment::new(rate, BlockHeight::new(*starts_at), 0);
            let earned = Amount::from_micro(*earned);
            let honest = payment.earned_at(at).unwrap_or(earned);
            payment.earned = if is_consistent { honest } else { earned };
            account.payments.insert(LeaseId(order.bid(Provider(Address::FIRST))), payment);
        }
        account
    }

    fn rate() -> impl Strategy<Value = u128> {
        prop_oneof![
            0_u128..3,
            1_u128..2 * ONE,
            (1_u128..5_000_000).prop_map(|milli| milli * (ONE / 1_000)),
            1_u128..1 << 72,
            any::<u128>(),
        ]
    }

    fn balance() -> impl Strategy<Value = u128> {
        prop_oneof![0_u128..3, 0_u128..1 << 30, 0_u128..1 << 64, 0_u128..1 << 100]
    }

    fn height() -> impl Strategy<Value = u64> {
        let max = BlockHeight::MAX.to_u64();
        prop_oneof![0_u64..100, 0_u64..1 << 24, (max - 50)..=max]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn one_division_and_halving_name_the_same_block(
            balance in balance(),
            settled_at in height(),
            streams in prop::collection::vec((rate(), height(), 0_u128..1 << 40), 0..6),
            is_consistent in prop::bool::weighted(0.8),
        ) {
            let account = account(balance, settled_at, &streams, is_consistent);
            prop_assert_eq!(account.ends_at(), plain::depletes_at(&account));
        }
    }

    #[test]
    fn floors_may_pay_a_block_more_than_the_sum_of_rates() {
        // Three streams of 2/3: 2 a block by their sum, but floor(2/3) = 0 for the first block.
        let two_thirds = 666_666_666_666_666_666;
        let streams = [(two_thirds, 0, 0); 3];
        let ends = |balance| account(balance, 0, &streams, true).ends_at().unwrap().to_u64();
        assert_eq!([ends(0), ends(3), ends(6)], [1, 3, 4]);
    }
}
