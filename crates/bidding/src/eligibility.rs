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
use core::ops::ControlFlow;

use undercut_primitives::{Attribute, Code, GroupSpec, ResourceUnit, SignedBy, Volume};

use crate::glob;
use crate::profile::ProviderProfile;

/// Prefix of advertised storage: `capabilities/storage/<group>/<name>`.
const STORAGE: &str = "capabilities/storage/";
/// Prefix of advertised GPUs: `capabilities/gpu/vendor/nvidia/model/h100`.
const GPU: &str = "capabilities/gpu/";

/// Whether the provider of `profile` may bid for `spec`: what it is, then what it has.
///
/// [`crate::why`] makes the same checks without stopping at the first that fails.
///
/// # Errors
///
/// The first [`Ineligible`], in the order of the module's table.
pub fn eligibility(spec: &GroupSpec, profile: &ProviderProfile) -> Result<(), Ineligible> {
    profile.meets_requirements(spec)?;
    profile.has_capabilities(spec)
}

/// What one check of this module looks at.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Looked<'a> {
    /// Step 1: one required attribute, on the provider's own word.
    Attribute(&'a Attribute),
    /// Before steps 2 and 3: whether any auditor signed anything.
    Audited,
    /// Step 2: one auditor of `all_of`.
    Auditor(&'a str),
    /// Step 3: the auditors of `any_of`.
    AnyAuditor(&'a [String]),
    /// Step 4: one volume with attributes.
    Volume(&'a ResourceUnit, &'a Volume),
    /// Step 5: the GPU models of a unit.
    Gpu(&'a ResourceUnit),
}

/// Takes each check with its outcome, and says whether to go on.
pub(crate) type Visit<'a, 'v> =
    dyn FnMut(Looked<'a>, Result<(), Ineligible>) -> ControlFlow<Ineligible> + 'v;

fn until_first_failure<'a>(
    checks: impl FnOnce(&mut Visit<'a, '_>) -> ControlFlow<Ineligible>,
) -> Result<(), Ineligible> {
    let checked = checks(&mut |_, outcome| match outcome {
        Ok(()) => ControlFlow::Continue(()),
        Err(reason) => ControlFlow::Break(reason),
    });
    match checked {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(reason) => Err(reason),
    }
}

/// Steps 1 to 3, one check after the other until `visit` breaks off.
pub(crate) fn visit_requirements<'a>(
    spec: &'a GroupSpec,
    profile: &ProviderProfile,
    visit: &mut Visit<'a, '_>,
) -> ControlFlow<Ineligible> {
    let required = &spec.requirements.attributes;
    let SignedBy { all_of, any_of } = &spec.requirements.signed_by;
    if spec.requirements.signed_by.is_empty() {
        for wanted in required {
            visit(Looked::Attribute(wanted), has_own(wanted, profile))?;
        }
        return ControlFlow::Continue(());
    }
    if profile.audits.is_empty() {
        return visit(Looked::Audited, Err(Ineligible::NotAudited));
    }
    visit(Looked::Audited, Ok(()))?;
    for auditor in all_of {
        visit(Looked::Auditor(auditor), signed(auditor, required, profile))?;
    }
    if any_of.is_empty() {
        return ControlFlow::Continue(());
    }
    visit(Looked::AnyAuditor(any_of), signed_by_any(any_of, required, profile))
}

/// Steps 4 and 5, one check after the other until `visit` breaks off.
pub(crate) fn visit_capabilities<'a>(
    spec: &'a GroupSpec,
    profile: &ProviderProfile,
    visit: &mut Visit<'a, '_>,
) -> ControlFlow<Ineligible> {
    let storage = storage_groups(&profile.attributes);
    let gpus: Vec<(&str, &str)> = below(GPU, &profile.attributes).collect();
    for unit in &spec.units {
        for volume in &unit.resources.volumes {
            if !volume.attributes.is_empty() {
                visit(Looked::Volume(unit, volume), storage_of_volume(unit, volume, &storage))?;
            }
        }
        if unit.resources.gpus > 0 && !unit.resources.gpu_attributes.is_empty() {
            visit(Looked::Gpu(unit), gpus_of_unit(unit, &gpus))?;
        }
    }
    ControlFlow::Continue(())
}

impl ProviderProfile {
    /// Steps 1 to 3: the provider is what the group requires, on its own or its auditors' word.
    ///
    /// # Errors
    ///
    /// [`Ineligible`] from `NoAttribute` to `NoAuditorOfAny`.
    pub fn meets_requirements(&self, spec: &GroupSpec) -> Result<(), Ineligible> {
        until_first_failure(|visit| visit_requirements(spec, self, visit))
    }

    /// Steps 4 and 5: the provider advertises the storage and the GPUs of every unit.
    ///
    /// # Errors
    ///
    /// [`Ineligible::NoStorage`] or [`Ineligible::NoGpu`], for the first unit without.
    pub fn has_capabilities(&self, spec: &GroupSpec) -> Result<(), Ineligible> {
        until_first_failure(|visit| visit_capabilities(spec, self, visit))
    }

    /// Advertised storage by group, as names and values: `class` and `persistent`, mostly.
    pub(crate) fn storage_groups(&self) -> StorageGroups<'_> {
        storage_groups(&self.attributes)
    }

    /// Keys of the advertised GPUs as orders write them: `vendor/nvidia/model/h100`.
    pub(crate) fn gpu_keys(&self) -> impl Iterator<Item = &str> {
        below(GPU, &self.attributes).filter(|(_, value)| *value == "true").map(|(key, _)| key)
    }

    /// Whether an attribute `key` with `value` covers the `required` one: equal values, and the
    /// required key, a glob in which `*` stops at `/`, matches the other.
    #[must_use]
    pub fn covers(required: &Attribute, key: &str, value: &str) -> bool {
        required.value == value && glob::matches(&required.key, key)
    }
}

fn has_own(wanted: &Attribute, profile: &ProviderProfile) -> Result<(), Ineligible> {
    match uncovered(core::slice::from_ref(wanted), &profile.attributes) {
        Some(missing) => Err(Ineligible::NoAttribute { required: text_of(missing) }),
        None => Ok(()),
    }
}

fn signed_by_any(
    auditors: &[String],
    required: &[Attribute],
    profile: &ProviderProfile,
) -> Result<(), Ineligible> {
    if auditors.iter().any(|auditor| signed(auditor, required, profile).is_ok()) {
        return Ok(());
    }
    let required = listed(required.iter().map(text_of), " and ");
    Err(Ineligible::NoAuditorOfAny { auditors: listed(auditors.iter().cloned(), ", "), required })
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
pub(crate) type StorageGroups<'a> = BTreeMap<&'a str, Vec<(&'a str, &'a str)>>;

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

fn storage_of_volume(
    unit: &ResourceUnit,
    volume: &Volume,
    groups: &StorageGroups<'_>,
) -> Result<(), Ineligible> {
    let fits = |group: &Vec<(&str, &str)>| {
        let offered = |wanted: &Attribute| {
            group.iter().any(|(name, value)| ProviderProfile::covers(wanted, name, value))
        };
        volume.attributes.iter().all(offered)
    };
    if groups.values().any(fits) {
        return Ok(());
    }
    Err(Ineligible::NoStorage {
        unit: unit.id,
        volume: volume.name.clone(),
        required: listed(volume.attributes.iter().map(text_of), " and "),
    })
}

fn gpus_of_unit(unit: &ResourceUnit, advertised: &[(&str, &str)]) -> Result<(), Ineligible> {
    let wanted = &unit.resources.gpu_attributes;
    let is_advertised = |wanted: &Attribute| {
        advertised.iter().any(|(key, value)| ProviderProfile::covers(wanted, key, value))
    };
    if wanted.iter().any(is_advertised) {
        return Ok(());
    }
    let models = listed(wanted.iter().map(|wanted| wanted.key.clone()), " or ");
    Err(Ineligible::NoGpu { unit: unit.id, models })
}

pub(crate) fn text_of(attribute: &Attribute) -> String {
    alloc::format!("{}={}", attribute.key, attribute.value)
}

pub(crate) fn listed(texts: impl Iterator<Item = String>, separator: &str) -> String {
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
mod tests;
