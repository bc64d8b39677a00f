//! The search for changes with which one provider bids.
//!
//! Room and price are taken apart: what fits is asked under a ceiling that no price reaches, and the
//! ceiling is raised last, to the price of what fits. Whether a smaller order fits is asked, never
//! assumed: placement is greedy, so less may fit worse. A quantity is lowered by halving the gap
//! between one that is known to fit and one that is not.

use std::cell::Cell;
use std::cmp::Reverse;
use std::ops::RangeInclusive;

use undercut_bidding::Quantity;
use undercut_bidding::why::{Change, changed, mends, without_superfluous};
use undercut_primitives::resources::limits;
use undercut_primitives::{Decimal, Denom, GroupSpec, PricePerBlock, ResourceUnit};

use crate::decision::{Bidder, Quote};
use crate::pricing::{PRICE_MAX, PricingStrategy};

/// The most orders that are screened for one provider, and the least that may be.
const SCREENS: RangeInclusive<usize> = 100..=20_000;
/// The most units of all orders that are screened for one provider, and for all of them.
const UNITS_MAX: usize = 200_000;
const UNITS_MAX_OF_ALL: usize = 2_000_000;
/// The most lists of changes that are tried to make one provider eligible.
const MENDS_MAX: usize = 128;
/// The most of them, of those that can fit at all, with which several quantities are lowered.
const LOWERED_MAX: usize = 4;

/// Changes with which the provider bids.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) changes: Vec<Change>,
    /// By how much the ceiling was raised, in micro-units per block.
    pub(super) raise: Decimal,
    pub(super) spec: GroupSpec,
    pub(super) quote: Quote,
}

/// One provider and the order that it does not bid on.
pub(super) struct Search<'a, P> {
    bidder: &'a Bidder<P>,
    spec: &'a GroupSpec,
    /// Above every price.
    roof: PricePerBlock,
    screens_left: Cell<usize>,
}

impl<'a, P: PricingStrategy> Search<'a, P> {
    pub(super) fn new(
        bidder: &'a Bidder<P>,
        spec: &'a GroupSpec,
        denom: &Denom,
        screens: usize,
    ) -> Self {
        let roof = PricePerBlock::new(denom.clone(), PRICE_MAX);
        Self { bidder, spec, roof, screens_left: Cell::new(screens) }
    }

    /// The fewest changes, then the least raise, then the first found.
    pub(super) fn best(&self) -> Option<Found> {
        let mends = self.mends();
        let (mut best, mut fewest): (Option<Found>, usize) = (None, usize::MAX);
        for mend in &mends {
            if mend.len() > fewest {
                break;
            }
            let candidates = if self.fits(mend) {
                vec![mend.clone()]
            } else if mend.len() < fewest {
                self.lower_one(mend)
            } else {
                vec![]
            };
            for candidate in candidates {
                let Some(found) = self.finish(&candidate) else { continue };
                fewest = fewest.min(candidate.len());
                best = Some(better(best, found));
            }
        }
        let together = || {
            // Whatever was screened before, the least order of each list still is.
            let least = mends.len().saturating_add(sizes(self.spec).len());
            self.screens_left.set(self.screens_left.get().max(least));
            let lowered = mends.iter().filter_map(|mend| self.finish(&self.lower_several(mend)?));
            lowered.take(LOWERED_MAX).reduce(better_of)
        };
        best.or_else(together)
    }

    /// Lists of changes that make the provider eligible and its filter content, the shortest first.
    fn mends(&self) -> Vec<Vec<Change>> {
        let carried = &self.spec.requirements.attributes;
        let wanted = self.bidder.settings().filter.iter();
        let missing = wanted.filter(|wanted| !carried.contains(wanted)).cloned();
        let added: Vec<Change> =
            missing.map(|attribute| Change::AddAttribute { attribute }).collect();
        let spec = changed(self.spec, &added);
        let filter = &self.bidder.settings().filter;
        let mends = mends(&spec, self.bidder.profile(), filter).into_iter().take(MENDS_MAX);
        mends.map(|mend| [&added[..], &mend].concat()).collect()
    }

    /// Whether the provider has a price for the changed order, whatever it is.
    fn fits(&self, changes: &[Change]) -> bool {
        self.screens_left.get() > 0 && self.has_price(&changed(self.spec, changes))
    }

    fn has_price(&self, spec: &GroupSpec) -> bool {
        let Some(left) = self.screens_left.get().checked_sub(1) else { return false };
        self.screens_left.set(left);
        self.bidder.screen(spec, &self.roof).is_ok()
    }

    /// Each single quantity that, lowered, makes the order fit; the least loss in proportion first.
    fn lower_one(&self, mend: &[Change]) -> Vec<Vec<Change>> {
        let mut lowered = vec![];
        for size in sizes(self.spec) {
            let with = |to: u64| [mend, &[size.lowered_to(to)]].concat();
            if size.least < size.asked && self.fits(&with(size.least)) {
                let most = self.most(&size, |to| self.fits(&with(to)));
                lowered.push((size.loss_permille(most), with(most)));
            }
        }
        lowered.sort_by_key(|(loss, _)| *loss);
        lowered.into_iter().map(|(_, changes)| changes).collect()
    }

    /// Lowers everything to the least, then raises one quantity after the other as far as it fits.
    fn lower_several(&self, mend: &[Change]) -> Option<Vec<Change>> {
        let sizes = sizes(self.spec);
        let mut to: Vec<u64> = sizes.iter().map(|size| size.least).collect();
        let with = |to: &[u64]| {
            let lowered = sizes.iter().zip(to).filter(|(size, to)| **to < size.asked);
            let lowered = lowered.map(|(size, to)| size.lowered_to(*to));
            mend.iter().cloned().chain(lowered).collect::<Vec<Change>>()
        };
        if !self.fits(&with(&to)) {
            return None;
        }
        for (index, size) in sizes.iter().enumerate() {
            let at = |value: u64| {
                let others = to.iter().enumerate();
                let to = others.map(|(place, old)| if place == index { value } else { *old });
                with(&to.collect::<Vec<u64>>())
            };
            let most = match self.fits(&at(size.asked)) {
                true => size.asked,
                false => self.most(size, |value| self.fits(&at(value))),
            };
            if let Some(place) = to.get_mut(index) {
                *place = most;
            }
        }
        Some(with(&to))
    }

    /// The most of `size` that fits, where the least is known to and all that is asked for not to.
    fn most(&self, size: &Size, fits: impl Fn(u64) -> bool) -> u64 {
        let (mut good, mut bad) = (size.least, size.asked);
        while bad.saturating_sub(good) > 1 {
            let middle = good.midpoint(bad);
            match fits(middle) {
                true => good = middle,
                false => bad = middle,
            }
        }
        good
    }

    /// Takes out what is not needed, raises the ceiling if need be, and asks the provider.
    fn finish(&self, changes: &[Change]) -> Option<Found> {
        let needed = without_superfluous(self.spec, changes, |spec| self.has_price(spec));
        let spec = changed(self.spec, &needed);
        let price = self.bidder.screen(&spec, &self.roof).ok()?.price;
        let raises = raises(&spec, &price)?;
        let before = spec.ceiling().ok()?;
        let changes = [needed, raises].concat();
        let spec = changed(self.spec, &changes);
        let ceiling = spec.ceiling().ok()?;
        let quote = self.bidder.screen(&spec, &ceiling).ok()?;
        let raise = ceiling.value.checked_sub(before.value)?;
        Some(Found { changes, raise, spec, quote })
    }
}

/// How many orders are screened for each of `bidders`, when the order has `units`.
pub(super) fn screens(units: usize, bidders: usize) -> usize {
    let share = UNITS_MAX_OF_ALL.checked_div(bidders).unwrap_or_default().min(UNITS_MAX);
    let screens = share.checked_div(units).unwrap_or_default();
    screens.clamp(*SCREENS.start(), *SCREENS.end())
}

fn better(best: Option<Found>, found: Found) -> Found {
    match best {
        Some(best) => better_of(best, found),
        None => found,
    }
}

fn better_of(first: Found, second: Found) -> Found {
    let rank = |found: &Found| (found.changes.len(), found.raise);
    if rank(&second) < rank(&first) { second } else { first }
}

/// A quantity of a unit that may be lowered.
#[derive(Clone, Debug)]
struct Size {
    unit: u32,
    /// `None` is the number of replicas.
    quantity: Option<Quantity>,
    asked: u64,
    /// The least that an order may ask for, or what is asked for if that is less.
    least: u64,
}

impl Size {
    fn lowered_to(&self, to: u64) -> Change {
        let (unit, from) = (self.unit, self.asked);
        // A number of replicas came from a u32 and only gets smaller.
        let replicas = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        match self.quantity.clone() {
            Some(quantity) => Change::Lower { unit, quantity, from, to },
            None => Change::FewerReplicas { unit, from: replicas(from), to: replicas(to) },
        }
    }

    fn loss_permille(&self, to: u64) -> u128 {
        let lost = u128::from(self.asked.saturating_sub(to)).saturating_mul(1_000);
        lost.checked_div(u128::from(self.asked)).unwrap_or_default()
    }
}

/// Every quantity of an order: GPUs, then replicas, memory, CPU and volumes of all units. Those that
/// stand first are kept first when there is not room for all.
fn sizes(spec: &GroupSpec) -> Vec<Size> {
    let of = |unit: &ResourceUnit, quantity: Option<Quantity>, asked: u64, least: u64| Size {
        unit: unit.id,
        quantity,
        asked,
        least: asked.min(least),
    };
    let (cpu, memory) = (*limits::UNIT_CPU_MILLI.start(), *limits::UNIT_MEMORY_BYTES.start());
    let units = || spec.units.iter();
    let gpus = units().map(|unit| of(unit, Some(Quantity::Gpus), unit.resources.gpus, 1));
    let replicas = units().map(|unit| of(unit, None, u64::from(unit.count), 1));
    let memory = units()
        .map(|unit| of(unit, Some(Quantity::MemoryBytes), unit.resources.memory_bytes, memory));
    let cpu = units().map(|unit| of(unit, Some(Quantity::CpuMilli), unit.resources.cpu_milli, cpu));
    let volumes = units().flat_map(|unit| {
        unit.resources.volumes.iter().map(move |volume| {
            let quantity = Quantity::VolumeBytes { volume: volume.name.clone() };
            of(unit, Some(quantity), volume.size_bytes, *limits::VOLUME_BYTES.start())
        })
    });
    gpus.chain(replicas).chain(memory).chain(cpu).chain(volumes).collect()
}

/// The least raise of unit prices with which `price` is at most the ceiling: of one unit, the dearest
/// in all first; of several where one may not cost that much. None is needed when it is.
fn raises(spec: &GroupSpec, price: &PricePerBlock) -> Option<Vec<Change>> {
    let ceiling = spec.ceiling().ok()?;
    let mut missing = price.value.checked_sub(ceiling.value).unwrap_or_default();
    if missing.is_zero() {
        return Some(vec![]);
    }
    let mut units: Vec<&ResourceUnit> = spec.units.iter().filter(|unit| unit.count > 0).collect();
    let worth = |unit: &ResourceUnit| unit.price.value.times(u64::from(unit.count)).ok();
    units.sort_by_key(|unit| Reverse(worth(unit)));
    let single = units.iter().find_map(|unit| {
        let raise = Raise::of(unit, missing)?;
        raise.is_enough.then(|| vec![raise.change])
    });
    if single.is_some() {
        return single;
    }
    let mut changes = vec![];
    for unit in units {
        let Some(raise) = Raise::of(unit, missing) else { continue };
        changes.push(raise.change);
        if raise.is_enough {
            return Some(changes);
        }
        missing = missing.checked_sub(raise.brings)?;
    }
    None
}

/// A higher price of one unit.
struct Raise {
    change: Change,
    /// What it brings for all replicas, in micro-units per block.
    brings: Decimal,
    is_enough: bool,
}

impl Raise {
    /// The least raise that brings `missing`, or the most that is allowed; `None` when none is.
    fn of(unit: &ResourceUnit, missing: Decimal) -> Option<Self> {
        let count = u128::from(unit.count);
        let each = Decimal::from_atoms(
            missing.to_atoms().checked_add(count.checked_sub(1)?)?.checked_div(count)?,
        );
        let most = Decimal::from_whole(limits::UNIT_PRICE_MAX).checked_sub(unit.price.value)?;
        let raise = each.min(most);
        let to = PricePerBlock::new(unit.price.denom.clone(), unit.price.value.plus(raise).ok()?);
        let change = Change::RaisePrice { unit: unit.id, from: unit.price.clone(), to };
        let brings = raise.times(u64::from(unit.count)).ok()?;
        (!raise.is_zero()).then_some(Self { change, brings, is_enough: each <= most })
    }
}
