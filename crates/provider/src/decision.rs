//! [`Bidder`]: from an order to a [`Quote`], or to the [`NoBid`] that says why there is none.
//!
//! | step | check | fails with | source |
//! | --- | --- | --- | --- |
//! | 1 | the provider is what the order requires, on the word the order asks for | `Requirements` | `provider.md` 2.3, rows 1 and 5 |
//! | 2 | the order carries every attribute of the provider's own filter | `BidFilter` | row 2 |
//! | 3 | storage and GPUs are advertised | `Capabilities` | row 3 |
//! | 4 | no unit has more volumes than the provider takes | `TooManyVolumes` | row 4 |
//! | 5 | there is room | `NoFit` | row 7 |
//! | 6 | there is a price | `NoPrice` | row 8 |
//! | 7 | the price is in the order's denom | `WrongDenom` | row 9 |
//! | 8 | the price is at most the ceiling | `AboveCeiling` | row 10 |
//!
//! Rows 1 and 5 are one step because the market decides so: when an order asks for auditors, the
//! provider's own word does not count (`chain.md` 3.3). Row 6, a well-formed group, is the order
//! book's; row 11 is the market's answer to the bid.
//!
//! Every check reads. Capacity is held only with a quote in hand, so nothing needs to be undone
//! when a later step fails, and two orders never compete for capacity that neither gets.

use serde::{Deserialize, Serialize};
use undercut_bidding::{Ineligible, ProviderProfile};
use undercut_primitives::{
    Attribute, Code, Denom, GroupSpec, OrderId, PricePerBlock, ResourceOffer,
};

use crate::exact;
use crate::fit::NoFit;
use crate::inventory::{Inventory, Reservation};
use crate::pricing::{NoPrice, PriceRequest, PricingStrategy};

/// What a provider takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BidSettings {
    /// Attributes that an order must carry among its requirements, literally.
    pub filter: Vec<Attribute>,
    /// The most volumes of one unit.
    pub volumes_max: usize,
}

impl Default for BidSettings {
    /// No filter, and 4 volumes as in the reference.
    fn default() -> Self {
        Self { filter: vec![], volumes_max: 4 }
    }
}

/// What a provider would bid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The price of the whole order, at most its ceiling.
    pub price: PricePerBlock,
    /// What the tenant gets for it: all that was asked, GPUs narrowed to the chosen model.
    pub offer: Vec<ResourceOffer>,
}

/// One provider's judgement: what it is, what it has, what it charges.
#[derive(Clone, Debug)]
pub struct Bidder<P> {
    profile: ProviderProfile,
    inventory: Inventory,
    pricing: P,
    settings: BidSettings,
}

impl<P> Bidder<P> {
    /// A provider with nothing held.
    #[must_use]
    pub const fn new(
        profile: ProviderProfile,
        inventory: Inventory,
        pricing: P,
        settings: BidSettings,
    ) -> Self {
        Self { profile, inventory, pricing, settings }
    }

    /// What the provider is.
    #[must_use]
    pub const fn profile(&self) -> &ProviderProfile {
        &self.profile
    }

    /// What it has, and what is held.
    #[must_use]
    pub const fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    /// What it charges.
    #[must_use]
    pub const fn pricing(&self) -> &P {
        &self.pricing
    }

    /// Changes what it charges from the next order on.
    pub fn reprice(&mut self, pricing: P) {
        self.pricing = pricing;
    }

    /// Changes what the provider is, e.g. after an audit, from the next order on.
    pub fn requalify(&mut self, profile: ProviderProfile) {
        self.profile = profile;
    }

    /// Gives back what is held for `order`: its bid lost, its lease ended. `None` when nothing was.
    pub fn release(&mut self, order: &OrderId) -> Option<Reservation> {
        self.inventory.release(order)
    }
}

impl<P: PricingStrategy> Bidder<P> {
    /// Decides on `order` and, with the quote, holds its capacity until [`Bidder::release`].
    ///
    /// # Errors
    ///
    /// The first [`NoBid`] in the order of the module's table; then nothing is held. An order that
    /// is held already is a [`NoFit::AlreadyHeld`], whatever else is wrong.
    pub fn consider(
        &mut self,
        order: OrderId,
        spec: &GroupSpec,
        ceiling: &PricePerBlock,
    ) -> Result<Quote, NoBid> {
        self.inventory.check_not_held(&order)?;
        let (price, reservation) = self.decide(spec, ceiling)?;
        let offer = reservation.offer.clone();
        self.inventory.hold(order, reservation);
        Ok(Quote { price, offer })
    }

    /// What [`Bidder::consider`] would answer now. Changes nothing.
    ///
    /// # Errors
    ///
    /// The first [`NoBid`] in the order of the module's table.
    pub fn screen(&self, spec: &GroupSpec, ceiling: &PricePerBlock) -> Result<Quote, NoBid> {
        let (price, reservation) = self.decide(spec, ceiling)?;
        Ok(Quote { price, offer: reservation.offer })
    }

    fn decide(
        &self,
        spec: &GroupSpec,
        ceiling: &PricePerBlock,
    ) -> Result<(PricePerBlock, Reservation), NoBid> {
        self.profile.meets_requirements(spec).map_err(NoBid::Requirements)?;
        self.passes_filter(spec)?;
        self.profile.has_capabilities(spec).map_err(NoBid::Capabilities)?;
        self.takes_volumes(spec)?;
        let reservation = self.inventory.plan(spec)?;
        let denom = &ceiling.denom;
        let request = PriceRequest { spec, allocated: &reservation.allocated, denom };
        let price = self.pricing.price(&request)?;
        within_ceiling(&price, ceiling)?;
        Ok((price, reservation))
    }

    fn passes_filter(&self, spec: &GroupSpec) -> Result<(), NoBid> {
        let carried = &spec.requirements.attributes;
        match self.settings.filter.iter().find(|wanted| !carried.contains(wanted)) {
            Some(Attribute { key, value }) => {
                Err(NoBid::BidFilter { key: key.clone(), value: value.clone() })
            }
            None => Ok(()),
        }
    }

    fn takes_volumes(&self, spec: &GroupSpec) -> Result<(), NoBid> {
        let limit = self.settings.volumes_max;
        match spec.units.iter().find(|unit| unit.resources.volumes.len() > limit) {
            Some(unit) => {
                let (unit, volumes) = (unit.id, unit.resources.volumes.len());
                Err(NoBid::TooManyVolumes { unit, volumes, limit })
            }
            None => Ok(()),
        }
    }
}

fn within_ceiling(price: &PricePerBlock, ceiling: &PricePerBlock) -> Result<(), NoBid> {
    if price.denom != ceiling.denom {
        let (found, expected) = (price.denom.clone(), ceiling.denom.clone());
        return Err(NoBid::WrongDenom { found, expected });
    }
    if price.value > ceiling.value {
        return Err(NoBid::AboveCeiling { price: price.clone(), ceiling: ceiling.clone() });
    }
    Ok(())
}

/// `18.5 % above the ceiling`, or that the ceiling is zero.
fn excess(price: &PricePerBlock, ceiling: &PricePerBlock) -> String {
    match exact::percent_above_ceil(price.value, ceiling.value) {
        Some(percent) => format!("{percent} % above the ceiling of {ceiling}"),
        None => format!("above the ceiling of {ceiling}"),
    }
}

/// Why a provider does not bid. Nothing is held.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoBid {
    /// The provider, or what its auditors say about it, is not what the order requires.
    #[error(transparent)]
    Requirements(Ineligible),
    /// The provider takes only orders that carry this attribute.
    #[error("the provider only takes orders that require {key}={value}")]
    BidFilter {
        /// The attribute's key.
        key: String,
        /// Its value.
        value: String,
    },
    /// The provider does not advertise the storage or the GPUs of a unit.
    #[error(transparent)]
    Capabilities(Ineligible),
    /// A unit has more volumes than the provider takes.
    #[error("unit {unit} has {volumes} volumes where the provider takes at most {limit}")]
    TooManyVolumes {
        /// The unit's id.
        unit: u32,
        /// Volumes of one replica.
        volumes: usize,
        /// The most the provider takes.
        limit: usize,
    },
    /// There is no room now; there may be later.
    #[error(transparent)]
    NoFit(#[from] NoFit),
    /// The order has no price.
    #[error(transparent)]
    NoPrice(#[from] NoPrice),
    /// The strategy priced in another denom than it was asked to.
    #[error("the price is in {found}, the ceiling in {expected}")]
    WrongDenom {
        /// The price's denom.
        found: Denom,
        /// The ceiling's denom.
        expected: Denom,
    },
    /// The price is higher than what the tenant pays at most.
    #[error("the price of {price} is {}", excess(price, ceiling))]
    AboveCeiling {
        /// What the provider charges.
        price: PricePerBlock,
        /// The most the tenant pays.
        ceiling: PricePerBlock,
    },
}

impl NoBid {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::new(match self {
            Self::Requirements(_) => "PRV001",
            Self::BidFilter { .. } => "PRV002",
            Self::Capabilities(_) => "PRV003",
            Self::TooManyVolumes { .. } => "PRV004",
            Self::NoFit(_) => "PRV005",
            Self::NoPrice(_) => "PRV006",
            Self::WrongDenom { .. } => "PRV007",
            Self::AboveCeiling { .. } => "PRV008",
        })
    }

    /// Whether the same order may get a bid later without anybody changing their mind.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::NoFit(_) => true,
            Self::Requirements(_)
            | Self::BidFilter { .. }
            | Self::Capabilities(_)
            | Self::TooManyVolumes { .. }
            | Self::NoPrice(_)
            | Self::WrongDenom { .. }
            | Self::AboveCeiling { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{self, GIB, order, row_1, row_6, volume};
    use crate::node::Node;
    use crate::pricing::{Scale, UsdTargets};
    use crate::profile::{RamVolumes, profile_of};
    use undercut_bidding::offer_covers;

    fn price(text: &str) -> PricePerBlock {
        text.parse().unwrap()
    }

    fn bidder<P>(pricing: P, settings: BidSettings) -> Bidder<P> {
        let node = Node::parse("a", "32 cpu, 256Gi, 2x nvidia/h100/80Gi/sxm, class beta2").unwrap();
        let inventory = Inventory::new(vec![node]).unwrap().with_pool("beta2", GIB);
        let mut profile = profile_of(&inventory, RamVolumes::Advertised);
        profile.attributes.push(Attribute::new("region", "us-west"));
        Bidder::new(profile, inventory, pricing, settings)
    }

    fn usd() -> Bidder<UsdTargets> {
        let targets = UsdTargets::chart_defaults().with_gpu("h100", "900".parse().unwrap());
        bidder(targets, BidSettings::default())
    }

    #[test]
    fn a_quote_covers_the_order_and_holds_its_capacity() {
        let mut bidder = usd();
        let (spec, ceiling) = (row_6(), price("10000uact"));
        let quote = bidder.consider(order(1), &spec, &ceiling).unwrap();
        assert_eq!(quote.price, price("2414.58076uact"));
        assert_eq!(offer_covers(&spec, &quote.offer), Ok(()));
        assert_eq!(bidder.inventory().utilisation().gpus.used, 1);
        assert!(bidder.release(&order(1)).is_some());
        assert_eq!(bidder.inventory(), usd().inventory());
        assert_eq!(bidder.release(&order(1)), None);
    }

    #[test]
    fn screening_answers_the_same_and_changes_nothing() {
        let mut bidder = usd();
        let (spec, ceiling) = (row_6(), price("10000uact"));
        let screened = bidder.screen(&spec, &ceiling).unwrap();
        assert_eq!(bidder.inventory(), usd().inventory());
        assert_eq!(bidder.consider(order(1), &spec, &ceiling).unwrap(), screened);
        assert_eq!(bidder.consider(order(2), &spec, &ceiling).unwrap(), screened);
        let no_bid = bidder.consider(order(3), &spec, &ceiling).unwrap_err();
        assert_eq!(no_bid, bidder.screen(&spec, &ceiling).unwrap_err());
        assert!(no_bid.is_transient());
        assert_eq!(
            no_bid.to_string(),
            "no node has 1 h100/80Gi/sxm, 16 cpu and 128Gi free together: \
             a has 0 of 16 cpu left (unit 1, 0 of 1 replicas placed)"
        );
    }

    #[test]
    fn an_order_is_considered_once() {
        let mut bidder = usd();
        bidder.consider(order(1), &row_1(), &price("10uact")).unwrap();
        let before = bidder.inventory().clone();
        let again = bidder.consider(order(1), &row_1(), &price("10uact"));
        assert_eq!(again, Err(NoBid::NoFit(NoFit::AlreadyHeld { order: order(1) })));
        assert_eq!(bidder.inventory(), &before);
    }

    /// Breaks every rule; `mended` of them are mended again, from the first on.
    fn broken(mended: usize) -> Result<Quote, NoBid> {
        let mut spec = row_6();
        let mut wrong_denom = true;
        let mut ceiling = price("0.001uact");
        let (region, tier) = (Attribute::new("region", "us-west"), Attribute::new("tier", "1"));
        spec.requirements.attributes = vec![Attribute::new("region", "eu")];
        spec.units[0].resources.gpu_attributes = vec![fixture::gpu("a100")];
        spec.units[0].resources.volumes = vec![volume("disk", GIB, ""); 5];
        spec.units[0].resources.cpu_milli = 64_000;
        let mut is_priced = false;
        let mends: [&mut dyn FnMut(&mut GroupSpec); 8] = [
            &mut |spec| spec.requirements.attributes = vec![region.clone()],
            &mut |spec| spec.requirements.attributes.push(tier.clone()),
            &mut |spec| spec.units[0].resources.gpu_attributes = vec![fixture::gpu("h100")],
            &mut |spec| spec.units[0].resources.volumes.truncate(4),
            &mut |spec| spec.units[0].resources.cpu_milli = 1_000,
            &mut |_| is_priced = true,
            &mut |_| wrong_denom = false,
            &mut |_| ceiling = price("2uact"),
        ];
        for mend in mends.into_iter().take(mended) {
            mend(&mut spec);
        }
        let pricing = |_: &PriceRequest<'_>| match (is_priced, wrong_denom) {
            (false, _) => Err(NoPrice::Zero),
            (true, true) => Ok(price("2uakt")),
            (true, false) => Ok(price("2uact")),
        };
        // The second mend adds the tier that the filter wants; the provider has it.
        let settings = BidSettings { filter: vec![tier.clone()], ..BidSettings::default() };
        let mut bidder = bidder(pricing, settings);
        bidder.profile.attributes.push(tier.clone());
        let before = bidder.inventory().clone();
        let answer = bidder.consider(order(1), &spec, &ceiling);
        assert_eq!(answer.is_err(), *bidder.inventory() == before, "held with a quote only");
        answer
    }

    #[test]
    fn the_first_broken_rule_answers() {
        for (mended, expected) in (1..=8).map(|n| (n - 1, format!("PRV00{n}"))) {
            assert_eq!(broken(mended).unwrap_err().code().as_str(), expected);
        }
        assert!(broken(8).is_ok(), "a price equal to the ceiling is fine");
    }

    #[test]
    fn a_price_above_the_ceiling_is_named_with_both_numbers() {
        // provider.md 6.2: row 1 with a ceiling of 1 uakt needs 3.907804.
        let targets = UsdTargets::chart_defaults();
        let targets = targets.with_token("uakt".parse().unwrap(), "0.75".parse().unwrap());
        let bidder = bidder(targets, BidSettings::default());
        let no_bid = bidder.screen(&row_1(), &price("1uakt")).unwrap_err();
        let expected = "the price of 3.907804uakt is 290.8 % above the ceiling of 1uakt";
        assert_eq!(no_bid.to_string(), expected);
        let no_bid = bidder.screen(&row_1(), &price("0uakt")).unwrap_err();
        let expected = "the price of 3.907804uakt is above the ceiling of 0uakt";
        assert_eq!(no_bid.to_string(), expected);
    }

    #[test]
    fn providers_of_different_strategies_share_a_type() {
        let strategies: [Box<dyn PricingStrategy + Send + Sync>; 3] = [
            Box::new(Scale::chart_defaults()),
            Box::new(UsdTargets::chart_defaults()),
            Box::new(|request: &PriceRequest<'_>| {
                Ok(PricePerBlock::new(request.denom.clone(), "7".parse().unwrap()))
            }),
        ];
        let mut prices = vec![];
        for strategy in strategies {
            let bidder = bidder(strategy, BidSettings::default());
            prices.push(bidder.screen(&row_1(), &price("10uact")).unwrap().price);
        }
        assert_eq!(prices, ["3.90112uact", "2.930853uact", "7uact"].map(price));
    }
}
