//! Which providers may bid for a group: placement attributes, auditors, storage, GPUs.
//!
//! | step | rule | source |
//! | --- | --- | --- |
//! | 1 | without auditors asked for, the provider's own attributes cover the required ones | `chain.md` 3.3 |
//! | 2 | each auditor of `all_of` signed attributes that cover them | 3.3 |
//! | 3 | one auditor of `any_of` did | 3.3 |
//! | 4 | per unit, each volume with attributes fits one advertised storage group | 3.4 |
//! | 5 | per unit with GPUs, one of the wanted models is advertised | 3.4 |
//!
//! "Covers" means: for every required attribute there is one whose key matches the required key as
//! a glob and whose value is byte-equal. When auditors are asked for, the provider's own word
//! does not count in steps 2 and 3; steps 4 and 5 use nothing but its own word. Sets signed by
//! different auditors are never merged. Quantities are no matter of this module: only the provider
//! knows what is free.
//!
//! Time: required × advertised attributes.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use undercut_primitives::{Attribute, Code, GroupSpec, ResourceUnit, SignedBy};

use crate::glob;
use crate::profile::ProviderProfile;

/// Prefix of advertised storage: `capabilities/storage/<group>/<name>`.
const STORAGE: &str = "capabilities/storage/";
/// Prefix of advertised GPUs: `capabilities/gpu/vendor/nvidia/model/h100`.
const GPU: &str = "capabilities/gpu/";

/// Whether the provider of `profile` may bid for `spec`: what it is, then what it has.
///
/// # Errors
///
/// The first [`Ineligible`], in the order of the module's table.
pub fn eligibility(spec: &GroupSpec, profile: &ProviderProfile) -> Result<(), Ineligible> {
    profile.meets_requirements(spec)?;
    profile.has_capabilities(spec)
}

impl ProviderProfile {
    /// Steps 1 to 3: the provider is what the group requires, on its own or its auditors' word.
    ///
    /// # Errors
    ///
    /// [`Ineligible`] from `NoAttribute` to `NoAuditorOfAny`.
    pub fn meets_requirements(&self, spec: &GroupSpec) -> Result<(), Ineligible> {
        let required = &spec.requirements.attributes;
        let SignedBy { all_of, any_of } = &spec.requirements.signed_by;
        if spec.requirements.signed_by.is_empty() {
            return match uncovered(required, &self.attributes) {
                Some(missing) => Err(Ineligible::NoAttribute { required: text_of(missing) }),
                None => Ok(()),
            };
        }
        if self.audits.is_empty() {
            return Err(Ineligible::NotAudited);
        }
        for auditor in all_of {
            signed(auditor, required, self)?;
        }
        let vouches = |auditor: &String| signed(auditor, required, self).is_ok();
        if any_of.is_empty() || any_of.iter().any(vouches) {
            return Ok(());
        }
        let required = listed(required.iter().map(text_of), " and ");
        Err(Ineligible::NoAuditorOfAny { auditors: listed(any_of.iter().cloned(), ", "), required })
    }

    /// Steps 4 and 5: the provider advertises the storage and the GPUs of every unit.
    ///
    /// # Errors
    ///
    /// [`Ineligible::NoStorage`] or [`Ineligible::NoGpu`], for the first unit without.
    pub fn has_capabilities(&self, spec: &GroupSpec) -> Result<(), Ineligible> {
        let storage = storage_groups(&self.attributes);
        let gpus: Vec<(&str, &str)> = below(GPU, &self.attributes).collect();
        for unit in &spec.units {
            storage_of_unit(unit, &storage)?;
            gpus_of_unit(unit, &gpus)?;
        }
        Ok(())
    }

    /// Whether an attribute `key` with `value` covers the `required` one: equal values, and the
    /// required key, a glob in which `*` stops at `/`, matches the other.
    #[must_use]
    pub fn covers(required: &Attribute, key: &str, value: &str) -> bool {
        required.value == value && glob::matches(&required.key, key)
    }
}

fn signed(
    auditor: &str,
    required: &[Attribute],
    profile: &ProviderProfile,
) -> Result<(), Ineligible> {
    let Some(audited) = profile.audits.get(auditor) else {
        return Err(Ineligible::AuditorSilent { auditor: auditor.into() });
    };
    uncovered(required, audited).map_or(Ok(()), |missing| {
        Err(Ineligible::NotSigned { auditor: auditor.into(), required: text_of(missing) })
    })
}

/// The first required attribute that nothing in `offered` covers.
fn uncovered<'a>(required: &'a [Attribute], offered: &[Attribute]) -> Option<&'a Attribute> {
    let covers = |wanted: &Attribute| {
        offered.iter().any(|own| ProviderProfile::covers(wanted, &own.key, &own.value))
    };
    required.iter().find(|wanted| !covers(wanted))
}

/// Attributes below `prefix`, as what is left of the key, and the value.
fn below<'a>(
    prefix: &'a str,
    attributes: &'a [Attribute],
) -> impl Iterator<Item = (&'a str, &'a str)> {
    attributes
        .iter()
        .filter_map(move |own| own.key.strip_prefix(prefix).map(|rest| (rest, own.value.as_str())))
}

/// Advertised storage by group: names and values.
type StorageGroups<'a> = BTreeMap<&'a str, Vec<(&'a str, &'a str)>>;

fn storage_groups(attributes: &[Attribute]) -> StorageGroups<'_> {
    let mut groups = StorageGroups::new();
    for (rest, value) in below(STORAGE, attributes) {
        // Exactly a group and a name: deeper keys mean something else.
        let Some((group, name)) = rest.split_once('/') else { continue };
        if !name.contains('/') {
            groups.entry(group).or_default().push((name, value));
        }
    }
    groups
}

fn storage_of_unit(unit: &ResourceUnit, groups: &StorageGroups<'_>) -> Result<(), Ineligible> {
    for volume in &unit.resources.volumes {
        let fits = |group: &Vec<(&str, &str)>| {
            let offered = |wanted| {
                group.iter().any(|(name, value)| ProviderProfile::covers(wanted, name, value))
            };
            volume.attributes.iter().all(offered)
        };
        if !volume.attributes.is_empty() && !groups.values().any(fits) {
            return Err(Ineligible::NoStorage {
                unit: unit.id,
                volume: volume.name.clone(),
                required: listed(volume.attributes.iter().map(text_of), " and "),
            });
        }
    }
    Ok(())
}

fn gpus_of_unit(unit: &ResourceUnit, advertised: &[(&str, &str)]) -> Result<(), Ineligible> {
    let wanted = &unit.resources.gpu_attributes;
    if unit.resources.gpus == 0 || wanted.is_empty() {
        return Ok(());
    }
    let is_advertised = |wanted: &Attribute| {
        advertised.iter().any(|(key, value)| ProviderProfile::covers(wanted, key, value))
    };
    if wanted.iter().any(is_advertised) {
        return Ok(());
    }
    let models = listed(wanted.iter().map(|wanted| wanted.key.clone()), " or ");
    Err(Ineligible::NoGpu { unit: unit.id, models })
}

fn text_of(attribute: &Attribute) -> String {
    alloc::format!("{}={}", attribute.key, attribute.value)
}

fn listed(texts: impl Iterator<Item = String>, separator: &str) -> String {
    texts.collect::<Vec<_>>().join(separator)
}

/// Why a provider may not bid for a group.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Ineligible {
    /// The provider's own attributes lack a required one. The tenant may ask for less, or the
    /// provider register more.
    #[error("no attribute matches {required}")]
    NoAttribute {
        /// What is required, as `key=value`; the key may be a glob.
        required: String,
    },
    /// The group asks for auditors, and no auditor has signed anything about the provider.
    #[error("the order wants an audited provider; no auditor signed anything")]
    NotAudited,
    /// One of the auditors who must all have signed has no record about the provider.
    #[error("auditor {auditor} has signed nothing")]
    AuditorSilent {
        /// The auditor, as the order names it.
        auditor: String,
    },
    /// One of the auditors who must all have signed did not sign a required attribute.
    #[error("auditor {auditor} has signed no attribute that matches {required}")]
    NotSigned {
        /// The auditor, as the order names it.
        auditor: String,
        /// What is required, as `key=value`.
        required: String,
    },
    /// None of the auditors of whom one is enough signed all required attributes.
    #[error("{required} is not signed by any of {auditors}")]
    NoAuditorOfAny {
        /// The auditors, as the order names them.
        auditors: String,
        /// Everything required, as `key=value`; empty when any record would do.
        required: String,
    },
    /// No single advertised storage group has all attributes of a volume.
    #[error("unit {unit}: no storage class offers {required} for volume `{volume}`")]
    NoStorage {
        /// The unit's id.
        unit: u32,
        /// The volume's name.
        volume: String,
        /// What the volume needs, as `key=value`.
        required: String,
    },
    /// None of the wanted GPU models is advertised.
    #[error("unit {unit}: no GPU of {models}")]
    NoGpu {
        /// The unit's id.
        unit: u32,
        /// The accepted models, e.g. `vendor/nvidia/model/h100`.
        models: String,
    },
}

impl Ineligible {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::new(match self {
            Self::NoAttribute { .. } => "ELG001",
            Self::NotAudited => "ELG002",
            Self::AuditorSilent { .. } => "ELG003",
            Self::NotSigned { .. } => "ELG004",
            Self::NoAuditorOfAny { .. } => "ELG005",
            Self::NoStorage { .. } => "ELG006",
            Self::NoGpu { .. } => "ELG007",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use undercut_primitives::{Requirements, Resources, Volume};

    fn attributes(texts: &[&str]) -> Vec<Attribute> {
        let pair = |text: &&str| {
            let (key, value) = text.split_once('=').unwrap();
            Attribute::new(key, value)
        };
        texts.iter().map(pair).collect()
    }

    fn profile(texts: &[&str]) -> ProviderProfile {
        ProviderProfile::new(attributes(texts))
    }

    fn group(requirements: Requirements, resources: Resources) -> GroupSpec {
        let price = "1uact".parse().unwrap();
        let unit = ResourceUnit { id: 1, resources, count: 1, price };
        GroupSpec { name: "g".into(), requirements, units: vec![unit] }
    }

    fn placed(required: &[&str], all_of: &[&str], any_of: &[&str]) -> GroupSpec {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        let signed_by = SignedBy { all_of: texts(all_of), any_of: texts(any_of) };
        let attributes = attributes(required);
        group(Requirements { attributes, signed_by }, Resources::default())
    }

    fn with_gpus(gpus: u64, wanted: &[&str]) -> GroupSpec {
        let gpu_attributes = wanted.iter().map(|key| Attribute::new(*key, "true")).collect();
        let resources = Resources { gpus, gpu_attributes, ..Resources::default() };
        group(Requirements::default(), resources)
    }

    fn with_volume(wanted: &[&str]) -> GroupSpec {
        let volume = Volume { name: "data".into(), size_bytes: 1, attributes: attributes(wanted) };
        let resources = Resources { volumes: vec![volume], ..Resources::default() };
        group(Requirements::default(), resources)
    }

    #[track_caller]
    fn check(spec: &GroupSpec, profile: &ProviderProfile, expected: &str) {
        let found = eligibility(spec, profile).map_err(|reason| reason.code());
        let found = found.err().map_or("ok", |code| code.as_str());
        assert_eq!(found, expected, "{spec:?} against {profile:?}");
    }

    #[test]
    fn auditors_vouch_one_by_one() {
        // chain.md M19
        let mut own = profile(&["region=us"]);
        check(&placed(&["region=us"], &["X"], &[]), &own, "ELG002");
        check(&placed(&["region=us"], &[], &["X"]), &own, "ELG002");
        check(&placed(&[], &[], &["X"]), &own, "ELG002");
        own.audits.insert("X".into(), attributes(&["region=us"]));
        own.audits.insert("Y".into(), attributes(&["tier=1"]));
        let rows: [(&[&str], &[&str], &str); 9] = [
            (&["X"], &[], "ok"),
            (&["X", "Y"], &[], "ELG004"),
            (&["X", "Z"], &[], "ELG003"),
            (&[], &["X", "Y"], "ok"),
            (&[], &["Z"], "ELG005"),
            (&[], &["Y"], "ELG005"),
            (&["X"], &["Y"], "ELG005"),
            (&["Y"], &["X"], "ELG004"),
            (&[], &[], "ok"),
        ];
        for (all_of, any_of, expected) in rows {
            check(&placed(&["region=us"], all_of, any_of), &own, expected);
        }
        // Sets are not merged, and nothing required needs no more than a record.
        check(&placed(&["region=us", "tier=1"], &[], &["X", "Y"]), &own, "ELG005");
        check(&placed(&[], &["Y"], &["X"]), &own, "ok");
    }

    #[test]
    fn own_attributes_match_by_glob_and_equal_value() {
        let own = profile(&["region=us-west", "host/kind=bare", "tier=1"]);
        let rows: [(&[&str], &str); 8] = [
            (&[], "ok"),
            (&["region=us-west", "tier=1"], "ok"),
            (&["reg*=us-west"], "ok"),
            (&["region=us-*"], "ELG001"),
            (&["host/*=bare"], "ok"),
            (&["*=bare"], "ELG001"),
            (&["reg[=us-west"], "ELG001"),
            (&["tier=1", "region=eu"], "ELG001"),
        ];
        for (required, expected) in rows {
            check(&placed(required, &[], &[]), &own, expected);
        }
    }

    #[test]
    fn a_wildcard_model_wants_the_bare_model_advertised() {
        // chain.md M17
        let wanted = with_gpus(1, &["vendor/nvidia/model/*"]);
        check(&wanted, &profile(&["capabilities/gpu/vendor/nvidia/model/a100=true"]), "ok");
        let only_long = profile(&["capabilities/gpu/vendor/nvidia/model/a100/ram/80Gi=true"]);
        check(&wanted, &only_long, "ELG007");
    }

    #[test]
    fn one_of_several_models_is_enough() {
        let own = profile(&["capabilities/gpu/vendor/nvidia/model/a100=true"]);
        let (a100, h100) = ("vendor/nvidia/model/a100", "vendor/nvidia/model/h100");
        check(&with_gpus(1, &[h100, a100]), &own, "ok");
        check(&with_gpus(1, &[h100]), &own, "ELG007");
        check(&with_gpus(0, &[h100]), &own, "ok");
        check(&with_gpus(1, &[]), &own, "ok");
    }

    #[test]
    fn a_volume_fits_one_single_storage_group() {
        // chain.md M18
        let wanted = with_volume(&["class=beta2", "persistent=true"]);
        let (class, persistent) =
            ("capabilities/storage/1/class=beta2", "capabilities/storage/1/persistent=true");
        let apart = profile(&[class, "capabilities/storage/2/persistent=true"]);
        check(&wanted, &apart, "ELG006");
        check(&wanted, &profile(&[class, persistent]), "ok");
        check(&with_volume(&[]), &profile(&[]), "ok");
        check(&wanted, &profile(&["capabilities/storage/1/x/class=beta2", persistent]), "ELG006");
        // A deeper key is no storage attribute, even for an order that asks for it by name.
        let deep = with_volume(&["x/class=beta2"]);
        check(&deep, &profile(&["capabilities/storage/1/x/class=beta2"]), "ELG006");
    }

    #[test]
    fn only_the_providers_own_word_counts_for_capabilities() {
        let gpu = "capabilities/gpu/vendor/nvidia/model/h100=true";
        let mut audited = profile(&[]);
        audited.audits.insert("X".into(), attributes(&[gpu]));
        check(&with_gpus(1, &["vendor/nvidia/model/h100"]), &audited, "ELG007");
    }

    #[test]
    fn the_first_broken_rule_answers_with_what_is_missing() {
        let mut spec = with_gpus(1, &["vendor/nvidia/model/h100"]);
        spec.requirements.attributes = attributes(&["region=us-west"]);
        spec.units[0].resources.volumes =
            with_volume(&["class=beta3"]).units[0].resources.volumes.clone();
        let mut own = profile(&[]);
        let sentence = |own: &ProviderProfile| eligibility(&spec, own).unwrap_err().to_string();
        assert_eq!(sentence(&own), "no attribute matches region=us-west");
        own.attributes.extend(attributes(&["region=us-west"]));
        assert_eq!(sentence(&own), "unit 1: no storage class offers class=beta3 for volume `data`");
        own.attributes.extend(attributes(&["capabilities/storage/1/class=beta3"]));
        assert_eq!(sentence(&own), "unit 1: no GPU of vendor/nvidia/model/h100");
    }
}
