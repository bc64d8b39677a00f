//! What only known prices tell: GPU models nobody has, sizes some cannot price, odd ceilings.
//!
//! A ceiling is too low when the group's, the sum of amount times count, is below the least that
//! is known for all the group asks for: bids are for whole groups. It is too high when the amount
//! for one replica is more than `HIGH_FACTOR` times the most that is known, and above
//! `HIGH_USD_PER_HOUR`: one amount is what is mistyped. Prices per block are compared at six
//! digits, to which providers round.

use std::collections::{BTreeMap, BTreeSet};

use undercut_primitives::usd::{self, Usd};
use undercut_primitives::{Decimal, Denom};

use crate::code;
use crate::diagnostic::{Problem, Problems};
use crate::gate::short;
use crate::groups;
use crate::model::{Deployed, Document, Field, Located, Named, Price, ProfileResources, Service};
use crate::prices::{ANY_MODEL, Bounds, KnownPrices, dollars};
use crate::quantity::Amount;
use crate::suggest::grouped;

/// A ceiling is far too high above this many times the dearest known price.
///
/// Public manifests often write 10,000 or 100,000 for whatever it may cost, thousands of times the
/// price of a small service; [`HIGH_USD_PER_HOUR`] leaves them alone.
const HIGH_FACTOR: u64 = 100;
/// No ceiling up to this many dollars an hour is called far too high.
const HIGH_USD_PER_HOUR: u64 = 100;

/// Sizes in whole multiples of this are priced by everyone.
const MEBIBYTE: u64 = 1 << 20;

/// Warns of everything that `prices` tell about what the deployment uses.
pub(super) fn check<'d>(document: &'d Document<'d>, prices: &KnownPrices, problems: &mut Problems) {
    let mut profiles: BTreeMap<&str, &ProfileResources<'_>> = BTreeMap::new();
    let mut groups: BTreeMap<&str, Group<'d>> = BTreeMap::new();
    for (name, places) in &document.deployment {
        let service = document.services.get(name).and_then(|named| named.value.as_ref());
        let reach = service.map(Reach::of);
        for (placement, deployed) in places.value.iter().flatten() {
            if let Some((name, resources)) = profile_of(document, deployed) {
                profiles.insert(name, resources);
            }
            let group = groups.entry(placement).or_default();
            let added = reach.as_ref().and_then(|reach| {
                let (profile, _) = profile_of(document, deployed)?;
                let price = price_of(document, placement, profile)?;
                let count = count_of(deployed.value.as_ref()?)?;
                let new = || Priced { price, count: 0, reach: Reach::default() };
                let priced = group.priced.entry(profile).or_insert_with(new);
                priced.count = priced.count.saturating_add(u64::from(count));
                priced.reach.add(reach);
                Some(())
            });
            group.has_gaps |= added.is_none();
        }
    }
    for resources in profiles.values() {
        gpus(resources, prices, problems);
        sizes(resources, problems);
    }
    let replicas = profiles.iter().filter_map(|(name, profile)| {
        let resources = groups::resources_of(profile, &[])?;
        Some((*name, prices.of_replica(&resources)))
    });
    let replicas: BTreeMap<&str, Bounds> = replicas.collect();
    let market = Market { prices, replicas: &replicas };
    for (name, group) in &groups {
        let high = group.priced.iter().filter_map(|(name, one)| market.high_ceiling(name, one));
        let found = market.low_ceiling(name, group).into_iter().chain(high);
        found.for_each(|problem| problems.push(problem));
    }
}

/// The services of one placement that use one profile: they share its price.
struct Priced<'d> {
    price: &'d Price,
    count: u64,
    reach: Reach<'d>,
}

/// One placement.
#[derive(Default)]
struct Group<'d> {
    /// By profile.
    priced: BTreeMap<&'d str, Priced<'d>>,
    /// Whether anything could not be read, so that no sum is complete.
    has_gaps: bool,
}

/// How services are reached from outside.
#[derive(Default)]
struct Reach<'d> {
    endpoints: usize,
    ips: BTreeSet<&'d str>,
}

impl<'d> Reach<'d> {
    fn of(service: &'d Service<'d>) -> Self {
        let mut reach = Self::default();
        let items = service.expose.iter().flat_map(|expose| &expose.to);
        for to in items.filter(|to| to.global) {
            let ip = to.ip.as_ref().map(|ip| ip.value).filter(|ip| !ip.is_empty());
            // A port on a leased IP is two endpoints: the port and the IP.
            let endpoints = if ip.is_some() { 2 } else { 1 };
            reach.endpoints = reach.endpoints.saturating_add(endpoints);
            reach.ips.extend(ip);
        }
        reach
    }

    fn add(&mut self, other: &Self) {
        self.endpoints = self.endpoints.saturating_add(other.endpoints);
        self.ips.extend(&other.ips);
    }
}

fn profile_of<'d>(
    document: &'d Document<'d>,
    deployed: &'d Named<Deployed<'d>>,
) -> Option<(&'d str, &'d ProfileResources<'d>)> {
    let name = deployed.value.as_ref()?.profile.value()?;
    let profile = document.compute.get(name)?.value.as_ref()?;
    Some((name, profile.resources.value()?))
}

fn price_of<'d>(document: &'d Document<'d>, placement: &str, profile: &str) -> Option<&'d Price> {
    let placement = document.placements.get(placement)?.value.as_ref()?;
    placement.pricing.get(profile)?.value.as_ref()
}

fn count_of(deployed: &Deployed<'_>) -> Option<u32> {
    match &deployed.count {
        Field::Given(count) => Some(count.value),
        Field::Absent => Some(0),
        Field::Bad => None,
    }
}

/// Models that nobody is known to have.
fn gpus(resources: &ProfileResources<'_>, prices: &KnownPrices, problems: &mut Problems) {
    let models = resources.gpu_keys.iter().filter_map(|key| key.model.as_ref());
    for model in models.filter(|model| model.value != ANY_MODEL) {
        if prices.gpus.is_empty() || prices.gpus.contains_key(model.value) {
            continue;
        }
        let sentence = format!("no known GPU model is called `{}`", short(model.value));
        let mut problem = Problem::warning(code::UNKNOWN_GPU, model.span, sentence);
        if problems.wants_help() {
            problem = problem.help(gpu_help(model.value, prices));
        }
        problems.push(problem);
    }
}

fn gpu_help(model: &str, prices: &KnownPrices) -> String {
    if let Some(nearest) = prices.nearest_gpu(model) {
        let offers = prices.gpus.get(nearest).and_then(|price| price.offers);
        let offers = match offers {
            Some(1) => " 1 provider has it".to_owned(),
            Some(count) => format!(" {count} providers have it"),
            None => String::new(),
        };
        return format!("did you mean `{}`?{offers}", short(nearest));
    }
    let first: Vec<&str> = prices.gpus.keys().map(String::as_str).take(8).collect();
    let more = if prices.gpus.len() > first.len() { ", and more" } else { "" };
    let first = crate::decode::listed(&first);
    format!("known models are {first}{more}; `\"*\"` stands for any")
}

/// Sizes that are no whole number of MiB.
fn sizes(resources: &ProfileResources<'_>, problems: &mut Problems) {
    let volumes = resources.volumes.iter().flatten().map(|volume| &volume.size_bytes);
    for size in [&resources.memory_bytes].into_iter().chain(volumes).filter_map(Field::given) {
        // What is below one MiB is refused anyway.
        if size.value.is_multiple_of(MEBIBYTE) || size.value < MEBIBYTE {
            continue;
        }
        let bytes = grouped(size.value);
        let sentence = format!("some providers cannot price this size: {bytes} bytes");
        // At most 2^44, so nothing saturates.
        let nearest = size.value.saturating_add(MEBIBYTE / 2) / MEBIBYTE;
        let problem = Problem::warning(code::ODD_SIZE, size.span, sentence)
            .saying("no whole number of MiB")
            .help(format!("write `{nearest}Mi`"));
        problems.push(problem);
    }
}

/// What ceilings are compared with.
struct Market<'a> {
    prices: &'a KnownPrices,
    /// What one replica costs, by profile, without its ways from outside.
    replicas: &'a BTreeMap<&'a str, Bounds>,
}

/// An amount with what it is compared with.
struct Judged<'d> {
    amount: &'d Located<Amount>,
    price: Decimal,
    /// The least known price for one replica.
    known: Decimal,
    /// What the replicas together lack, by the amount.
    short: Decimal,
}

impl Market<'_> {
    fn token(&self, denom: &Denom) -> Option<Usd> {
        Usd::of_token(denom, self.prices.usd_per_akt).filter(|usd| !usd.is_zero())
    }

    /// All replicas with one price.
    fn bounds(&self, profile: &str, priced: &Priced<'_>) -> Option<Bounds> {
        let replicas = self.replicas.get(profile)?.times(priced.count);
        let Reach { endpoints, ips } = &priced.reach;
        Some(replicas.plus(self.prices.of_reach(*endpoints, ips.len())))
    }

    /// The warning when the group may cost less than anyone is known to ask; the mark is on the
    /// amount that lacks most. `None` also when anything could not be read: the sum would say too
    /// little.
    fn low_ceiling(&self, name: &str, group: &Group<'_>) -> Option<Problem> {
        if group.has_gaps {
            return None;
        }
        let denom = &group.priced.values().next()?.price.denom.value;
        let token = self.token(denom)?;
        let (mut ceiling, mut known) = (Decimal::ZERO, Bounds::FREE);
        let mut ips: BTreeSet<&str> = BTreeSet::new();
        let mut judged = Vec::new();
        for (profile, priced) in &group.priced {
            if priced.price.denom.value != *denom {
                return None;
            }
            let Amount::Some(price) = priced.price.amount.value else { return None };
            ceiling = ceiling.plus(price.times(priced.count).ok()?).ok()?;
            let bounds = self.bounds(profile, priced)?;
            known = known.plus(self.replicas.get(profile)?.times(priced.count));
            known = known.plus(self.prices.of_reach(priced.reach.endpoints, 0));
            ips.extend(&priced.reach.ips);
            judged.extend(judge(priced, price, bounds, token));
        }
        known = known.plus(self.prices.of_reach(0, ips.len()));
        let known = usd::per_block_ceil(dollars(known.low), token)?;
        if ceiling >= known {
            return None;
        }
        judged.sort_by_key(|judged| std::cmp::Reverse(judged.short));
        low_problem(name, denom, token, (ceiling, known), &judged)
    }

    /// The warning when an amount is far above the most that is known for one replica.
    fn high_ceiling(&self, profile: &str, priced: &Priced<'_>) -> Option<Problem> {
        let price = priced.price;
        let token = self.token(&price.denom.value)?;
        let Amount::Some(amount) = price.amount.value else { return None };
        // As if every service had the ways from outside of all, which only raises the bound.
        let Reach { endpoints, ips } = &priced.reach;
        let reach = self.prices.of_reach(*endpoints, ips.len());
        let known = self.replicas.get(profile)?.plus(reach).high?;
        let known = usd::per_block_ceil(dollars(known), token)?;
        let month = u128::from(HIGH_USD_PER_HOUR.saturating_mul(usd::MILLI_HOURS_PER_MONTH));
        let floor = usd::per_block_ceil(dollars(month.saturating_mul(1_000)), token)?;
        if amount <= known.times(HIGH_FACTOR).ok()? || amount <= floor {
            return None;
        }
        let times = amount.to_atoms().checked_div(known.to_atoms());
        let sentence = match times.and_then(|times| u64::try_from(times).ok()) {
            Some(times) => {
                format!("the ceiling is {} times the dearest known price", grouped(times))
            }
            None => "the ceiling is far above every known price".to_owned(),
        };
        let denom = &price.denom.value;
        let problem = Problem::warning(code::HIGH_CEILING, price.amount.span, sentence)
            .saying(shown(amount, denom, token));
        let known = in_words(known, denom, token);
        Some(problem.help(format!(
            "known prices for one replica go up to {known}; amounts are per block, in millionths \
             of {}",
            whole_token(denom),
        )))
    }
}

/// Compares one amount with the least known price for one of its replicas.
fn judge<'d>(
    priced: &Priced<'d>,
    price: Decimal,
    bounds: Bounds,
    token: Usd,
) -> Option<Judged<'d>> {
    let each = bounds.low.checked_div(u128::from(priced.count))?;
    let known = usd::per_block_ceil(dollars(each), token)?;
    let short = known.checked_sub(price)?.times(priced.count).ok()?;
    Some(Judged { amount: &priced.price.amount, price, known, short })
}

/// The warning about a group; `judged` are the amounts that are below a known price.
fn low_problem(
    name: &str,
    denom: &Denom,
    token: Usd,
    (ceiling, known): (Decimal, Decimal),
    judged: &[Judged<'_>],
) -> Option<Problem> {
    let (worst, others) = judged.split_first()?;
    let sentence = "nobody is likely to bid: the ceiling is below every known price";
    let mut problem = Problem::warning(code::LOW_CEILING, worst.amount.span, sentence)
        .saying(shown(worst.price, denom, token));
    for other in others {
        problem = problem.label(other.amount.span, shown(other.price, denom, token));
    }
    let each = in_words(worst.known, denom, token);
    Some(problem.help(if ceiling == worst.price {
        format!("known prices start at {each}")
    } else {
        let (name, all) = (short(name), in_words(known, denom, token));
        let ceiling = digits(ceiling);
        format!(
            "known prices for one replica of this start at {each}; all of placement `{name}` may \
             cost {ceiling} {denom}/block, known prices start at {all}"
        )
    }))
}

/// `1200.000000 uact/block = 0.71 USD/h`.
fn shown(price: Decimal, denom: &Denom, token: Usd) -> String {
    format!("{} {denom}/block = {}", digits(price), per_hour(price, token))
}

/// `1200.000000 uact/block (0.71 USD/h)`.
fn in_words(price: Decimal, denom: &Denom, token: Usd) -> String {
    format!("{} {denom}/block ({})", digits(price), per_hour(price, token))
}

/// Six digits after the point, as prices are compared; the rest is dropped.
fn digits(price: Decimal) -> String {
    let full = price.to_full_text();
    full.get(..full.len().saturating_sub(12)).unwrap_or(&full).to_owned()
}

/// Cents, rounded half up.
fn per_hour(price: Decimal, token: Usd) -> String {
    match usd::cents_per_hour_half_up(price, token) {
        0 => "under 0.01 USD/h".to_owned(),
        cents => format!("{}.{:02} USD/h", cents / 100, cents % 100),
    }
}

fn whole_token(denom: &Denom) -> &'static str {
    if denom.as_str() == "uakt" { "an AKT" } else { "an ACT" }
}
