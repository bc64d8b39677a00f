//! Whether groups, offers, profiles and parameters are what they may be.

use std::collections::BTreeSet;

use undercut::Params;
use undercut_bidding::{NewBid, Registration};
use undercut_primitives::{Attribute, BidId, GroupSpec, ResourceUnit};

use super::verdict::{Verdict, must};
use super::{ATOMS, Model, Money};

impl Model {
    pub(super) fn fits_group(&self, group: &GroupSpec) -> Verdict {
        let order = &self.params.order;
        let GroupSpec { name, requirements, units } = group;
        must(!name.is_empty() && name.len() <= 256, "the name of a group")?;
        let auditors = requirements.signed_by.all_of.iter().chain(&requirements.signed_by.any_of);
        let pairs = requirements.attributes.iter().flat_map(|pair| [&pair.key, &pair.value]);
        must(auditors.chain(pairs).all(|text| text.len() <= 256), "a text is too long")?;
        let lists = [&requirements.signed_by.all_of, &requirements.signed_by.any_of];
        let longest = lists.map(Vec::len).into_iter().max().unwrap_or_default();
        must(longest.max(requirements.attributes.len()) <= 64, "a list is too long")?;
        must(!units.is_empty() && units.len() <= order.units_max as usize, "the units")?;
        let ids: BTreeSet<u32> = units.iter().map(|unit| unit.id).collect();
        must(ids.len() == units.len() && !ids.contains(&0), "a unit's id")?;
        units.iter().try_for_each(|unit| fits_unit(unit, order.replicas_max))?;
        let sum = |each: fn(&ResourceUnit) -> u64| -> u128 {
            units.iter().map(|unit| u128::from(each(unit)) * u128::from(unit.count)).sum()
        };
        must(sum(|unit| unit.resources.cpu_milli) <= 19_200_000, "the CPU of the group")?;
        must(sum(|unit| unit.resources.memory_bytes) <= 100 << 40, "the memory of the group")?;
        must(order.lease_denoms.iter().any(|denom| denom.as_str() == "uact"), "no leases in ACT")
    }

    /// Whether the provider is what the group requires: by its own word, or by auditors'.
    pub(crate) fn is_eligible(&self, id: &BidId) -> bool {
        let (Some(profile), Some(group)) =
            (self.providers.get(&id.provider), self.group(&id.order.group))
        else {
            return false;
        };
        // These markets require keys without wildcards, and no storage classes or GPUs.
        let requirements = &group.spec.requirements;
        let has_all =
            |own: &Vec<Attribute>| requirements.attributes.iter().all(|a| own.contains(a));
        let signed =
            |auditor: &String| profile.audits.get(auditor).is_some_and(|(said, _)| has_all(said));
        let (all_of, any_of) = (&requirements.signed_by.all_of, &requirements.signed_by.any_of);
        if all_of.is_empty() && any_of.is_empty() {
            return has_all(&profile.own);
        }
        all_of.iter().all(signed) && (any_of.is_empty() || any_of.iter().any(signed))
    }
}

fn fits_unit(unit: &ResourceUnit, replicas_max: u32) -> Verdict {
    let asked = &unit.resources;
    must(unit.count > 0 && unit.count <= replicas_max, "the replicas of a unit")?;
    must((10..=384_000).contains(&asked.cpu_milli), "the CPU of a unit")?;
    must((1 << 20..=1 << 41).contains(&asked.memory_bytes), "the memory of a unit")?;
    must(asked.gpus == 0 && asked.gpu_attributes.is_empty(), "these markets have no GPUs")?;
    let sizes = asked.volumes.iter().map(|volume| volume.size_bytes);
    must(!asked.volumes.is_empty(), "a unit has no volume")?;
    must(sizes.into_iter().all(|size| (5 << 20..=1 << 45).contains(&size)), "a volume")?;
    let price = unit.price.value.to_atoms();
    must(Money::of(&unit.price.denom) == Some(Money::Act), "a price is not in ACT")?;
    must(price > 0 && price <= 10_000_000 * ATOMS, "the price of a unit")
}

/// Whether each unit is offered once, with nothing less than was asked.
pub(super) fn covers(spec: &GroupSpec, new: &NewBid) -> bool {
    let is_offered = |unit: &ResourceUnit| {
        let mut offers = new.offer.iter().filter(|offer| offer.unit == unit.id);
        let (Some(offer), None) = (offers.next(), offers.next()) else { return false };
        let (asked, given) = (&unit.resources, &offer.resources);
        offer.count == unit.count
            && given.cpu_milli >= asked.cpu_milli
            && given.memory_bytes >= asked.memory_bytes
            && given.gpus >= asked.gpus
            && given.volumes == asked.volumes
            && given.endpoints == asked.endpoints
            && (asked.gpus > 0 || given.gpu_attributes.is_empty())
    };
    spec.units.len() == new.offer.len() && spec.units.iter().all(is_offered)
}

pub(super) fn fits_profile(attributes: &[Attribute]) -> Verdict {
    let keys: BTreeSet<&String> = attributes.iter().map(|attribute| &attribute.key).collect();
    must(attributes.len() <= 256 && keys.len() == attributes.len(), "too many attributes")?;
    let fits = |attribute: &Attribute| {
        let key = attribute.key.as_bytes();
        (2..=127).contains(&key.len())
            && key[0].is_ascii_alphabetic()
            && key.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_/.-".contains(byte))
            && attribute.value.len() <= 256
    };
    must(attributes.iter().all(fits), "an attribute")
}

/// In these markets hosts are names, with or without a port.
pub(super) fn fits_contacts(new: &Registration) -> Verdict {
    let is_authority = |text: &str| {
        let (host, port) = text.split_once(':').unwrap_or((text, "1"));
        let is_host =
            host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        is_host && !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0)
    };
    let host = new.host_uri.strip_prefix("https://").ok_or("the host URI")?;
    must(is_authority(host) && new.host_uri.len() <= 256, "the host URI")?;
    let website = new.website.strip_prefix("https://");
    must(new.website.is_empty() || website.is_some_and(is_authority), "the website")?;
    must(new.website.len() <= 256 && new.email.len() <= 256, "a contact is too long")
}

/// Whether a market can work with these; of lists and bounds as much as these markets change.
pub(super) fn fits_params(params: &Params) -> Verdict {
    let Params { order, bid, ledger, bme, oracle, governance } = params;
    let windows = [order.bid_window, order.choice_window, governance.delay, bme.epoch_blocks_min];
    must(windows.iter().all(|window| window.to_blocks() > 0), "a window of nothing")?;
    must((1..=500).contains(&bid.bids_max), "the bids of an order")?;
    must(order.groups_max <= 128, "the groups of a deployment")?;
    let blocks = [order.grace_max, governance.delay];
    must(blocks.iter().all(|span| span.to_blocks() <= 10_000_000), "too many blocks")?;
    let least = ledger.deposits_min.iter().chain(&bid.deposits_min);
    must(least.clone().all(|coin| coin.amount.to_micro() > 0), "a least deposit of nothing")?;
    must(ledger.take_rates_bps.iter().all(|(_, bps)| *bps <= 10_000), "a take rate")?;
    let denoms: BTreeSet<&str> = ledger.take_rates_bps.iter().map(|(d, _)| d.as_str()).collect();
    must(denoms.len() == ledger.take_rates_bps.len(), "a denom stands twice")?;
    let reclamation = &order.reclamation;
    must(reclamation.window_min < reclamation.window_max, "the reclamation windows")?;
    let ten_years = undercut_primitives::TimeSpan::from_seconds(315_360_000);
    must(reclamation.window_max <= ten_years, "a window of over ten years")?;
    let ratios = [bme.halt_ratio_bps, bme.resume_ratio_bps, bme.warn_ratio_bps];
    must(ratios[0] < ratios[1] && ratios[1] <= ratios[2] && ratios[2] <= 10_000, "the ratios")?;
    must(bme.mint_spread_bps <= 1_000 && bme.redeem_spread_bps <= 1_000, "a spread")?;
    must(bme.epoch_backoff_percent <= 100, "the back-off")?;
    let limits = [bme.requests_per_epoch_max, bme.requests_per_owner_max, bme.attempts_max];
    must(limits.iter().all(|limit| *limit > 0), "a limit of nothing")?;
    must((1..=10_000).contains(&bme.requests_waiting_max), "the burns that wait")?;
    let quorum = oracle.sources_min as usize;
    let is_met = oracle.sources.is_empty() || quorum <= oracle.sources.len();
    must(quorum > 0 && is_met, "the quorum of the oracle")?;
    must(!oracle.age_max.is_zero() && !oracle.twap_window.is_zero(), "a span of nothing")
}
