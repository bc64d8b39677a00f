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

    /// What it takes.
    #[must_use]
    pub const fn settings(&self) -> &BidSettings {
        &self.settings
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

/// A check of a bidder that needs no figures.
type OnPaper<P> = fn(&Bidder<P>, &GroupSpec) -> Result<(), NoBid>;

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

    /// What [`Bidder::consider`] would answer now. Changes nothing. [`Bidder::explain`] tells more.
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
        self.on_paper(spec).collect::<Result<(), NoBid>>()?;
        self.in_figures(spec, ceiling)
    }

    /// Steps 1 to 4 of the module's table, each made when it is asked for.
    pub(crate) fn on_paper(&self, spec: &GroupSpec) -> impl Iterator<Item = Result<(), NoBid>> {
        let steps: [OnPaper<P>; 4] = [
            |bidder, spec| bidder.profile.meets_requirements(spec).map_err(NoBid::Requirements),
            Self::passes_filter,
            |bidder, spec| bidder.profile.has_capabilities(spec).map_err(NoBid::Capabilities),
            Self::takes_volumes,
        ];
        steps.into_iter().map(move |step| step(self, spec))
    }

    /// Steps 5 to 8.
    pub(crate) fn in_figures(
        &self,
        spec: &GroupSpec,
        ceiling: &PricePerBlock,
    ) -> Result<(PricePerBlock, Reservation), NoBid> {
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
mod tests;
