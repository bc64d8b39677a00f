//! From failing checks to changes of the order: which ones make a provider eligible.
//!
//! | failing | mended by |
//! | --- | --- |
//! | attribute, own word | the value that the provider has under that key, else not requiring it |
//! | auditors | three ways, below |
//! | volume | an advertised storage group, where what is persistent stays so |
//! | GPU | one more model in the list, in the shortest form that is advertised |
//!
//! The three ways out of auditors: keep those who signed anything and mend the attributes that they
//! did not sign; drop those who fail; drop all and trust the provider's own word. Attributes that must
//! be kept are never mended; auditors who did not sign them are dropped.
//!
//! Every answer is checked by [`eligibility`] itself. An answer is the smallest of these, not of all
//! orders that can be imagined.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use undercut_primitives::{Attribute, GroupSpec, Provider, SignedBy, Volume};

use super::change::{Change, changed, without_superfluous};
use crate::{ProviderProfile, eligibility};

/// The most storage groups, for persistent volumes and for others, and the most GPU models that are
/// tried for one order.
const GROUPS_MAX: usize = 8;
const MODELS_MAX: usize = 64;
/// The most lists of changes of one provider from which what is not needed is taken out.
const MENDS_TRIED_MAX: usize = 64;

/// The change with which an order comes into reach of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmallestChange {
    /// Who could bid then.
    pub provider: Provider,
    /// What to change; all of it, and none of it can be left out.
    pub changes: Vec<Change>,
    /// The changed order.
    pub spec: GroupSpec,
}

/// The smallest change of an order that makes one of `providers` eligible: the fewest changes, then
/// the lowest provider id.
///
/// `None` when a provider is eligible as it is, or when no provider can be made so.
///
/// Time: that of [`mends`] for each provider.
#[must_use]
pub fn smallest_change<'a>(
    spec: &GroupSpec,
    providers: impl IntoIterator<Item = (Provider, &'a ProviderProfile)>,
) -> Option<SmallestChange> {
    let mut best: Option<SmallestChange> = None;
    for (provider, profile) in providers {
        if eligibility(spec, profile).is_ok() {
            return None;
        }
        let holds = |spec: &GroupSpec| eligibility(spec, profile).is_ok();
        let tried = mends(spec, profile, &[]).into_iter().take(MENDS_TRIED_MAX);
        let needed = tried.map(|mend| without_superfluous(spec, &mend, holds));
        let Some(changes) = needed.min_by_key(Vec::len) else { continue };
        let rank = (changes.len(), provider);
        if best.as_ref().is_none_or(|best| rank < (best.changes.len(), best.provider)) {
            let spec = changed(spec, &changes);
            best = Some(SmallestChange { provider, changes, spec });
        }
    }
    best
}

/// Lists of changes that make the provider of `profile` eligible, those with the fewest first.
///
/// Each takes one storage group and one GPU model for whatever needs another one, so whoever also
/// knows nodes and prices can try them in turn. For an order for which the provider is eligible the
/// first list is empty. At most 8 storage groups for persistent and 8 for other volumes, and 64 GPU
/// models are tried; some lists may have changes that are not needed. No list touches the attributes
/// in `kept`, which somebody else wants to see in the order.
///
/// Time: storage groups × GPU models × that of [`eligibility`].
#[must_use]
pub fn mends(spec: &GroupSpec, profile: &ProviderProfile, kept: &[Attribute]) -> Vec<Vec<Change>> {
    let (storage, models) = (storage(spec, profile), models(spec, profile));
    let mut mends = vec![];
    for placement in requirements(spec, profile, kept) {
        for classes in &storage {
            for gpus in &models {
                let changes = [&placement[..], classes, gpus].concat();
                if eligibility(&changed(spec, &changes), profile).is_ok() {
                    mends.push(changes);
                }
            }
        }
    }
    // Of equals the first stays first.
    mends.sort_by_key(Vec::len);
    mends
}

/// Ways to change what the order requires so that the provider is it.
fn requirements(
    spec: &GroupSpec,
    profile: &ProviderProfile,
    kept: &[Attribute],
) -> Vec<Vec<Change>> {
    if profile.meets_requirements(spec).is_ok() {
        return vec![vec![]];
    }
    let mut ways: Vec<Vec<Change>> = vec![];
    for way in [keep_auditors, drop_failing_auditors, drop_all_auditors] {
        let changes = way(spec, profile, kept);
        let works = profile.meets_requirements(&changed(spec, &changes)).is_ok();
        if works && !ways.contains(&changes) {
            ways.push(changes);
        }
    }
    ways
}

/// Keeps every auditor who signed anything and all of `kept`, and mends the attributes.
fn keep_auditors(spec: &GroupSpec, profile: &ProviderProfile, kept: &[Attribute]) -> Vec<Change> {
    let required = &spec.requirements.attributes;
    let SignedBy { all_of, any_of } = &spec.requirements.signed_by;
    let mut changes = vec![];
    let mut vouching: Vec<&[Attribute]> = vec![];
    let record = |auditor: &String| {
        let signed = profile.audits.get(auditor)?;
        kept.iter().all(|wanted| covered(wanted, signed)).then_some(signed)
    };
    for auditor in all_of {
        match record(auditor) {
            Some(signed) => vouching.push(signed),
            None => push_new(&mut changes, Change::DropAuditor { auditor: auditor.clone() }),
        }
    }
    let records = any_of.iter().filter_map(record);
    let lacking = |signed: &&Vec<Attribute>| {
        required.iter().filter(|wanted| !covered(wanted, signed)).count()
    };
    match records.min_by_key(lacking) {
        Some(signed) => vouching.push(signed),
        None if any_of.is_empty() => {}
        None => changes.push(Change::DropAnyAuditor { auditors: any_of.clone() }),
    }
    if vouching.is_empty() {
        vouching.push(&profile.attributes);
    }
    mend_attributes(required, &vouching, kept, &mut changes);
    changes
}

/// Drops every auditor who does not vouch for everything.
fn drop_failing_auditors(
    spec: &GroupSpec,
    profile: &ProviderProfile,
    kept: &[Attribute],
) -> Vec<Change> {
    let required = &spec.requirements.attributes;
    let SignedBy { all_of, any_of } = &spec.requirements.signed_by;
    let vouches = |auditor: &&String| {
        let signed = profile.audits.get(*auditor);
        signed.is_some_and(|signed| required.iter().all(|wanted| covered(wanted, signed)))
    };
    let mut changes = vec![];
    for auditor in all_of.iter().filter(|auditor| !vouches(auditor)) {
        push_new(&mut changes, Change::DropAuditor { auditor: auditor.clone() });
    }
    let one_vouches = any_of.iter().any(|auditor| vouches(&auditor));
    if !any_of.is_empty() && !one_vouches {
        changes.push(Change::DropAnyAuditor { auditors: any_of.clone() });
    }
    if !one_vouches && !all_of.iter().any(|auditor| vouches(&auditor)) {
        mend_attributes(required, &[&profile.attributes], kept, &mut changes);
    }
    changes
}

/// Drops every auditor, and mends the attributes by the provider's own word.
fn drop_all_auditors(
    spec: &GroupSpec,
    profile: &ProviderProfile,
    kept: &[Attribute],
) -> Vec<Change> {
    let SignedBy { all_of, any_of } = &spec.requirements.signed_by;
    let mut changes = vec![];
    for auditor in all_of {
        push_new(&mut changes, Change::DropAuditor { auditor: auditor.clone() });
    }
    if !any_of.is_empty() {
        changes.push(Change::DropAnyAuditor { auditors: any_of.clone() });
    }
    mend_attributes(&spec.requirements.attributes, &[&profile.attributes], kept, &mut changes);
    changes
}

/// Mends each attribute that not all of `vouching` cover: by a value that all of them have under
/// the key, else by not requiring it.
fn mend_attributes(
    required: &[Attribute],
    vouching: &[&[Attribute]],
    kept: &[Attribute],
    changes: &mut Vec<Change>,
) {
    let all_cover = |wanted: &Attribute| vouching.iter().all(|signed| covered(wanted, signed));
    let is_mended = |wanted: &&Attribute| !kept.contains(wanted) && !all_cover(wanted);
    for wanted in required.iter().filter(is_mended) {
        let values = vouching.iter().take(1).flat_map(|signed| signed.iter());
        let mut instead = values.map(|own| Attribute::new(&wanted.key, &own.value));
        let change = match instead.find(|instead| all_cover(instead)) {
            Some(Attribute { value, .. }) => {
                Change::ChangeAttribute { required: wanted.clone(), value }
            }
            None => Change::DropAttribute { required: wanted.clone() },
        };
        push_new(changes, change);
    }
}

fn covered(wanted: &Attribute, offered: &[Attribute]) -> bool {
    offered.iter().any(|own| ProviderProfile::covers(wanted, &own.key, &own.value))
}

/// What stands twice in an order is changed once.
fn push_new(changes: &mut Vec<Change>, change: Change) {
    if !changes.contains(&change) {
        changes.push(change);
    }
}

/// Ways to lay the volumes with attributes into advertised storage groups: as they are, or all
/// persistent ones in one group, or all others in one, or both.
fn storage(spec: &GroupSpec, profile: &ProviderProfile) -> Vec<Vec<Change>> {
    let (persistent, other) = (groups_for(spec, profile, true), groups_for(spec, profile, false));
    let both = |persistent: &Vec<Change>| {
        let persistent = persistent.clone();
        other.iter().map(move |other| [&persistent[..], other].concat())
    };
    persistent.iter().flat_map(both).collect()
}

/// Ways to lay those volumes into storage groups that are, or are not, persistent.
fn groups_for(
    spec: &GroupSpec,
    profile: &ProviderProfile,
    is_persistent: bool,
) -> Vec<Vec<Change>> {
    let mut ways = vec![vec![]];
    for group in profile.storage_groups().values() {
        let mut changes = vec![];
        for unit in &spec.units {
            let volumes = unit.resources.volumes.iter();
            for volume in volumes.filter(|volume| volume.is_persistent() == is_persistent) {
                let Some(to) = adapted(volume, group) else { continue };
                let (unit, name, from) = (unit.id, volume.name.clone(), volume.attributes.clone());
                push_new(&mut changes, Change::ChangeClass { unit, volume: name, from, to });
            }
        }
        if ways.len() <= GROUPS_MAX && !ways.contains(&changes) {
            ways.push(changes);
        }
    }
    ways
}

/// The attributes of `volume` with the values of a storage group, if they differ and the volume
/// still outlives its replica or still does not.
fn adapted(volume: &Volume, group: &[(&str, &str)]) -> Option<Vec<Attribute>> {
    if volume.attributes.is_empty() {
        return None;
    }
    let value_of = |key: &str| group.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
    let wanted = volume.attributes.iter();
    let mut attributes = wanted
        .map(|wanted| Some(Attribute::new(&wanted.key, value_of(&wanted.key)?)))
        .collect::<Option<BTreeSet<_>>>()?;
    // A volume that outlives its replica needs a class to be placed.
    if volume.is_persistent() && volume.attribute("class").is_none() {
        attributes.insert(Attribute::new("class", value_of("class")?));
    }
    let attributes: Vec<Attribute> = attributes.into_iter().collect();
    let adapted = Volume { attributes, ..volume.clone() };
    let is_other = adapted.attributes != volume.attributes;
    (is_other && adapted.is_persistent() == volume.is_persistent()).then_some(adapted.attributes)
}

/// Ways to widen the lists of GPU models: not at all, then by one advertised model after the other,
/// wherever GPUs are asked for by model.
fn models(spec: &GroupSpec, profile: &ProviderProfile) -> Vec<Vec<Change>> {
    let advertised: BTreeSet<&str> = profile.gpu_keys().collect();
    let mut ways = vec![vec![]];
    let shortest = advertised.iter().filter(|model| is_shortest(model, &advertised));
    for model in shortest.take(MODELS_MAX) {
        let mut changes = vec![];
        for unit in &spec.units {
            let accepted = &unit.resources.gpu_attributes;
            let accepts = |one: &Attribute| ProviderProfile::covers(one, model, "true");
            let is_open = accepted.is_empty() || accepted.iter().any(accepts);
            if unit.resources.gpus > 0 && !is_open {
                push_new(&mut changes, Change::AcceptGpu { unit: unit.id, model: (*model).into() });
            }
        }
        if !ways.contains(&changes) {
            ways.push(changes);
        }
    }
    ways
}

/// Whether no shorter form of the same model is advertised: `…/h100` rather than `…/h100/ram/80Gi`.
fn is_shortest(model: &str, advertised: &BTreeSet<&str>) -> bool {
    let mut places = model.match_indices('/').map(|(at, _)| at);
    !places.any(|at| model.get(..at).is_some_and(|start| advertised.contains(start)))
}
