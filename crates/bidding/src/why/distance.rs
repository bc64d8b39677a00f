//! [`Distance`]: how far a failed check was from passing.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use undercut_primitives::{Amount, Attribute, Decimal, Denom, GroupSpec, ResourceUnit, TimeSpan};

use crate::eligibility::{Looked, listed, text_of};
use crate::{BidRejection, ProviderProfile, glob};

/// The most models, classes or auditors that a distance lists.
const LISTED_MAX: usize = 16;

/// How far a failed check was from passing. Lists have at most 16 entries.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Distance {
    /// There is nothing to measure.
    Unknown,
    /// The attribute that comes closest to the required one.
    Attribute {
        /// The same key with another value, else a key or value with one slip in it.
        nearest: Option<Attribute>,
    },
    /// Who signed the required attributes instead.
    Auditors {
        /// Auditors who signed all of them, by name.
        others: Vec<String>,
    },
    /// The storage classes that are there.
    Classes {
        /// As `beta2`, or `ram (not persistent)`, in the order of the storage groups' names.
        offered: Vec<String>,
    },
    /// The GPU models that are there.
    Models {
        /// The nearest to a wanted one first: the same model in another form, the same vendor, any.
        offered: Vec<String>,
    },
    /// The price is above the ceiling.
    Price {
        /// Micro-units per block above the ceiling.
        above: Decimal,
        /// The same in tenths of a percent of the ceiling, rounded up; `None` of a ceiling of zero.
        per_mille: Option<u128>,
        /// The denom of the price.
        denom: Denom,
    },
    /// The time between announcement and early end is too short.
    Window {
        /// How much longer it would have to be.
        missing: TimeSpan,
    },
    /// The deposit is too small.
    Deposit {
        /// Micro-units missing.
        missing: Amount,
        /// The denom of the deposit.
        denom: Denom,
    },
}

impl Distance {
    /// How far off a check of eligibility was that failed.
    pub(super) fn of(looked: Looked<'_>, spec: &GroupSpec, profile: &ProviderProfile) -> Self {
        let required = &spec.requirements.attributes;
        match looked {
            Looked::Attribute(wanted) => {
                Self::Attribute { nearest: nearest(wanted, &profile.attributes) }
            }
            Looked::Audited => Self::Unknown,
            Looked::Auditor(auditor) => match profile.audits.get(auditor) {
                Some(signed) => Self::Attribute { nearest: nearest_of_missing(required, signed) },
                None => Self::Auditors { others: vouching(required, profile) },
            },
            Looked::AnyAuditor(_) => Self::Auditors { others: vouching(required, profile) },
            Looked::Volume(..) => Self::Classes { offered: classes(profile) },
            Looked::Gpu(unit) => Self::Models { offered: models(unit, profile) },
        }
    }

    /// How far off a bid was that is refused for `reason`.
    pub(super) fn of_bid(reason: &BidRejection) -> Self {
        match reason {
            BidRejection::PriceAboveCeiling { price, ceiling, denom } => Self::Price {
                above: price.checked_sub(*ceiling).unwrap_or_default(),
                per_mille: percent_above_ceil(*price, *ceiling),
                denom: denom.clone(),
            },
            BidRejection::ReclamationMissing { window_min } => {
                Self::Window { missing: *window_min }
            }
            BidRejection::ReclamationTooShort { window, window_min }
            | BidRejection::ReclamationWindow { window, window_min, .. }
                if window < window_min =>
            {
                let missing = window_min.to_nanos().saturating_sub(window.to_nanos());
                Self::Window { missing: TimeSpan::from_nanos(missing) }
            }
            BidRejection::DepositTooSmall { deposit, deposit_min, denom } => Self::Deposit {
                missing: deposit_min.checked_sub(*deposit).unwrap_or_default(),
                denom: denom.clone(),
            },
            _ => Self::Unknown,
        }
    }
}

impl fmt::Display for Distance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("no distance"),
            Self::Attribute { nearest: Some(nearest) } => write!(f, "has {}", text_of(nearest)),
            Self::Attribute { nearest: None } => f.write_str("has nothing like it"),
            Self::Auditors { others } => list(f, "signed by", others, "signed by nobody"),
            Self::Classes { offered } => list(f, "has class", offered, "has no storage class"),
            Self::Models { offered } => list(f, "has", offered, "has no GPU"),
            Self::Price { above, per_mille, denom } => {
                write!(f, "{above} {denom} a block too much")?;
                match per_mille {
                    Some(tenths) => write!(f, ", {}.{} %", tenths / 10, tenths % 10),
                    None => Ok(()),
                }
            }
            Self::Window { missing } => write!(f, "{missing} missing"),
            Self::Deposit { missing, denom } => write!(f, "{missing} {denom} missing"),
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, word: &str, items: &[String], none: &str) -> fmt::Result {
    match items {
        [] => f.write_str(none),
        items => write!(f, "{word} {}", listed(items.iter().cloned(), ", ")),
    }
}

/// By how much `price` is above `ceiling`, in tenths of a percent, rounded up.
///
/// `None` when the ceiling is zero, or when the price is some 10^17 micro-units above it. A price
/// that is not above the ceiling is 0 above it.
#[must_use]
pub fn percent_above_ceil(price: Decimal, ceiling: Decimal) -> Option<u128> {
    let above = price.checked_sub(ceiling).unwrap_or_default().to_atoms().checked_mul(1_000)?;
    (!ceiling.is_zero()).then(|| above.div_ceil(ceiling.to_atoms()))
}

/// What comes closest to the first of `required` that `signed` does not cover.
fn nearest_of_missing(required: &[Attribute], signed: &[Attribute]) -> Option<Attribute> {
    let covers = |wanted: &&Attribute| {
        signed.iter().any(|own| ProviderProfile::covers(wanted, &own.key, &own.value))
    };
    nearest(required.iter().find(|wanted| !covers(wanted))?, signed)
}

/// The same key with a value that has one slip, with any value; or a key that has one slip.
fn nearest(wanted: &Attribute, offered: &[Attribute]) -> Option<Attribute> {
    let rank = |own: &Attribute| {
        let same_key = glob::matches(&wanted.key, &own.key);
        match (same_key, is_one_slip(&wanted.value, &own.value)) {
            (true, true) => Some(0_u8),
            (true, false) => Some(1),
            (false, _) if wanted.value == own.value && is_one_slip(&wanted.key, &own.key) => {
                Some(2)
            }
            (false, _) => None,
        }
    };
    let ranked = offered.iter().filter_map(|own| Some((rank(own)?, own)));
    ranked.min_by_key(|(rank, _)| *rank).map(|(_, own)| own.clone())
}

/// Whether two texts are equal but for capitals, or for one letter more, less or other, or two
/// swapped. Time: their length.
fn is_one_slip(a: &str, b: &str) -> bool {
    let same = |(a, b): &(u8, u8)| a.eq_ignore_ascii_case(b);
    let before = a.bytes().zip(b.bytes()).take_while(same).count();
    let behind = a.bytes().rev().zip(b.bytes().rev()).take_while(same).count();
    let (longer, shorter) = (a.len().max(b.len()), a.len().min(b.len()));
    let equal = before.saturating_add(behind);
    let slip = if longer == shorter { 2 } else { 1 };
    longer.saturating_sub(shorter) <= 1 && equal.saturating_add(slip) >= longer && equal > 0
}

/// Auditors who signed everything required.
fn vouching(required: &[Attribute], profile: &ProviderProfile) -> Vec<String> {
    let covers = |wanted: &Attribute, signed: &[Attribute]| {
        signed.iter().any(|own| ProviderProfile::covers(wanted, &own.key, &own.value))
    };
    let all = profile.audits.iter();
    let vouching = all.filter(|(_, signed)| required.iter().all(|wanted| covers(wanted, signed)));
    vouching.map(|(auditor, _)| auditor.clone()).take(LISTED_MAX).collect()
}

fn classes(profile: &ProviderProfile) -> Vec<String> {
    let name = |group: &Vec<(&str, &str)>| {
        let of = |key| group.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
        let class = of("class")?;
        Some(match of("persistent") {
            Some("true") => class.into(),
            _ => alloc::format!("{class} (not persistent)"),
        })
    };
    profile.storage_groups().values().filter_map(name).take(LISTED_MAX).collect()
}

/// Advertised models in their shortest form, `nvidia/h100`; where a wanted model is there in
/// another form, all forms of it, `nvidia/h100/80Gi/sxm`.
fn models(unit: &ResourceUnit, profile: &ProviderProfile) -> Vec<String> {
    let wanted = &unit.resources.gpu_attributes;
    let part = |key: &str, at| key.split('/').nth(at).map(String::from);
    let shares = |key: &str, at| wanted.iter().any(|one| part(&one.key, at) == part(key, at));
    let rank = |key: &str| match (shares(key, 1), shares(key, 3)) {
        (true, true) => 0_u8,
        (true, false) => 1,
        (false, _) => 2,
    };
    let is_shown = |key: &&str| rank(key) == 0 || key.split('/').count() <= 4;
    let mut shown: Vec<(u8, &str)> =
        profile.gpu_keys().filter(is_shown).map(|key| (rank(key), key)).collect();
    shown.sort_unstable();
    shown.into_iter().map(|(_, key)| model_of(key)).take(LISTED_MAX).collect()
}

/// `nvidia/h100/80Gi` of `vendor/nvidia/model/h100/ram/80Gi`.
pub(super) fn model_of(key: &str) -> String {
    let parts = key.split('/').skip(1).step_by(2);
    match parts.collect::<Vec<_>>() {
        parts if parts.is_empty() => key.into(),
        parts => parts.join("/"),
    }
}
