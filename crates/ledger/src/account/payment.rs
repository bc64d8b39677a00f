//! [`Payment`]: the stream to one provider, and [`Payments`]: those of an account, by lease.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use undercut_primitives::codec::Canonical;
use undercut_primitives::{
    Amount, ArithmeticError, BlockHeight, LeaseId, PricePerBlock, canonical_through,
};

use crate::Earned;

/// The stream to one provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Canonical)]
pub struct Payment {
    /// Per block, for the whole lease.
    pub rate: PricePerBlock,
    /// The block after which the first paid block comes; later by every pause that the lease had.
    pub starts_at: BlockHeight,
    /// All that it has earned up to the last settlement.
    pub earned: Amount,
    /// How much of it was paid out, fees and what was paid in uakt included.
    pub withdrawn: Amount,
    /// The worth of what was paid in uakt.
    pub in_kind: Amount,
    /// What was paid in uakt, fees included.
    pub in_kind_uakt: Amount,
    /// What part goes to the community pool, in basis points.
    pub take_rate_bps: u32,
}

impl Payment {
    /// A stream that has paid nothing yet.
    #[must_use]
    pub const fn new(rate: PricePerBlock, starts_at: BlockHeight, take_rate_bps: u32) -> Self {
        let nothing = Amount::ZERO;
        let (earned, withdrawn, in_kind, in_kind_uakt) = (nothing, nothing, nothing, nothing);
        Self { rate, starts_at, earned, withdrawn, in_kind, in_kind_uakt, take_rate_bps }
    }

    /// All that the payment has earned up to `height`: `floor(rate × (height − starts_at))`.
    ///
    /// # Errors
    ///
    /// [`ArithmeticError`] when it is no amount.
    pub fn earned_at(&self, height: BlockHeight) -> Result<Amount, ArithmeticError> {
        let span = height.since(self.starts_at).unwrap_or_default();
        Ok(self.rate.over_floor(span)?.amount)
    }

    /// What was paid out so far, by where it went. Fees are rounded up once over the whole lease, so
    /// that being paid often, rarely or once comes to the same.
    ///
    /// # Errors
    ///
    /// [`ArithmeticError`] when a fee is no amount.
    pub fn received(&self) -> Result<Earned, ArithmeticError> {
        self.received_with(self.withdrawn)
    }

    /// [`Payment::received`] as if so much had been paid out.
    fn received_with(&self, withdrawn: Amount) -> Result<Earned, ArithmeticError> {
        let own = withdrawn.checked_sub(self.in_kind).unwrap_or_default();
        let fees = own.basis_points_ceil(self.take_rate_bps)?;
        let paid = own.checked_sub(fees).unwrap_or_default();
        Ok(Earned { paid, fees, in_kind: self.in_kind })
    }

    /// What paying `uakt` more would give. Its fees too are rounded up once over the whole lease.
    pub(super) fn payout_in_uakt(&self, uakt: Amount) -> Result<Payout, ArithmeticError> {
        let before = self.in_kind_uakt.basis_points_ceil(self.take_rate_bps)?;
        let after = self.in_kind_uakt.plus(uakt)?.basis_points_ceil(self.take_rate_bps)?;
        let fee = after.checked_sub(before).unwrap_or_default();
        Ok(Payout { paid: uakt.checked_sub(fee).unwrap_or_default(), fee })
    }

    /// What paying all that is earned would give now.
    pub(crate) fn payout(&self) -> Result<Payout, ArithmeticError> {
        let (before, after) = (self.received()?, self.received_with(self.earned)?);
        let more = |after: Amount, before: Amount| after.checked_sub(before).unwrap_or_default();
        Ok(Payout { paid: more(after.paid, before.paid), fee: more(after.fees, before.fees) })
    }

    /// [`Payment::payout`] after a settlement that earned it `amount`; `None` when nothing is due.
    pub(crate) fn payout_with(&self, amount: Amount) -> Result<Option<Payout>, ArithmeticError> {
        let settled = Self { earned: self.earned.plus(amount)?, ..self.clone() };
        if settled.earned > settled.withdrawn { settled.payout().map(Some) } else { Ok(None) }
    }
}

/// What a payment gives out at once, in micro-units of the account's denom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Payout {
    /// To the provider.
    pub paid: Amount,
    /// To the community pool.
    pub fee: Amount,
}

/// The streams of an account's running leases, ascending by lease, in one sorted list.
///
/// Nearly every account has one to three, where a list takes a tenth of a map's memory. Its byte
/// form is that of a map. Finding is O(log n), inserting and removing O(n), with n at most
/// [`PAYMENTS_MAX`](super::PAYMENTS_MAX).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payments(Vec<(LeaseId, Payment)>);

impl Payments {
    /// None.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The payment of a lease.
    #[must_use]
    pub fn get(&self, lease: &LeaseId) -> Option<&Payment> {
        self.0.get(self.place(lease).ok()?).map(|(_, payment)| payment)
    }

    /// The payment of a lease, to change it.
    pub fn get_mut(&mut self, lease: &LeaseId) -> Option<&mut Payment> {
        let place = self.place(lease).ok()?;
        self.0.get_mut(place).map(|(_, payment)| payment)
    }

    /// Whether a lease has a payment.
    #[must_use]
    pub fn contains_key(&self, lease: &LeaseId) -> bool {
        self.place(lease).is_ok()
    }

    /// Adds a payment, and gives the one that it replaces.
    pub fn insert(&mut self, lease: LeaseId, payment: Payment) -> Option<Payment> {
        match self.place(&lease) {
            Ok(place) => self.0.get_mut(place).map(|(_, there)| core::mem::replace(there, payment)),
            Err(place) => {
                if self.0.is_empty() {
                    self.0.reserve_exact(1);
                }
                self.0.insert(place, (lease, payment));
                None
            }
        }
    }

    /// Takes a payment out.
    pub fn remove(&mut self, lease: &LeaseId) -> Option<Payment> {
        let place = self.place(lease).ok()?;
        Some(self.0.remove(place).1)
    }

    /// All of them by lease.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&LeaseId, &Payment)> {
        self.0.iter().map(|(lease, payment)| (lease, payment))
    }

    /// The leases in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &LeaseId> {
        self.0.iter().map(|(lease, _)| lease)
    }

    /// The payments by lease.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Payment> {
        self.0.iter().map(|(_, payment)| payment)
    }

    /// The payments by lease, to change them.
    pub fn values_mut(&mut self) -> impl ExactSizeIterator<Item = &mut Payment> {
        self.0.iter_mut().map(|(_, payment)| payment)
    }

    fn place(&self, lease: &LeaseId) -> Result<usize, usize> {
        self.0.binary_search_by(|(there, _)| there.cmp(lease))
    }
}

impl FromIterator<(LeaseId, Payment)> for Payments {
    /// Of several payments of one lease the last one stays, as in a map.
    fn from_iter<I: IntoIterator<Item = (LeaseId, Payment)>>(payments: I) -> Self {
        payments.into_iter().collect::<BTreeMap<_, _>>().into()
    }
}

impl From<BTreeMap<LeaseId, Payment>> for Payments {
    fn from(map: BTreeMap<LeaseId, Payment>) -> Self {
        Self(map.into_iter().collect())
    }
}

canonical_through!(Payments, BTreeMap<LeaseId, Payment>, |payments| &payments.0);

impl Serialize for Payments {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Payments {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        BTreeMap::deserialize(from).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use undercut_primitives::{Address, DeploymentId, GroupId, Provider, Tenant};

    use super::*;

    fn lease(gseq: u32) -> LeaseId {
        let deployment = DeploymentId { tenant: Tenant(Address::of_module("alice")), dseq: 1 };
        let order = GroupId { deployment, gseq }.order(1);
        LeaseId(order.bid(Provider(Address::of_module("p1"))))
    }

    fn payment(micro: u128) -> Payment {
        let mut payment = Payment::new("1.5uact".parse().unwrap(), BlockHeight::new(7), 0);
        payment.earned = Amount::from_micro(micro);
        payment
    }

    proptest! {
        #[test]
        fn a_list_of_payments_is_a_map_of_them(
            steps in prop::collection::vec((0_u32..12, any::<u64>(), any::<bool>()), 0..60)
        ) {
            let (mut list, mut map) = (Payments::default(), BTreeMap::new());
            for (gseq, micro, is_insert) in steps {
                let (id, payment) = (lease(gseq), payment(micro.into()));
                if is_insert {
                    prop_assert_eq!(list.insert(id, payment.clone()), map.insert(id, payment));
                } else {
                    prop_assert_eq!(list.remove(&id), map.remove(&id));
                }
                prop_assert_eq!(list.get(&id), map.get(&id));
                prop_assert!(list.iter().eq(map.iter()));
            }
            let bytes = list.encode().unwrap();
            prop_assert_eq!(&bytes, &map.encode().unwrap());
            prop_assert_eq!(Payments::decode(&bytes, bytes.len()).unwrap(), list);
        }
    }
}
