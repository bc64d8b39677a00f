//! [`Change`]: one thing that a tenant may change about an order so that it gets a bid.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use undercut_primitives::{Attribute, GroupSpec, PricePerBlock, ResourceUnit, Volume};

use super::distance::model_of;
use crate::eligibility::{listed, text_of};
use crate::offer::Quantity;

/// One change of an order. It names what it changes, so changes may be applied in any order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Change {
    /// Require an attribute that is not required yet: the provider takes only orders that do.
    AddAttribute {
        /// The attribute.
        attribute: Attribute,
    },
    /// Do not require an attribute.
    DropAttribute {
        /// The attribute, as it is required.
        required: Attribute,
    },
    /// Require another value.
    ChangeAttribute {
        /// The attribute, as it is required.
        required: Attribute,
        /// The value that the provider has.
        value: String,
    },
    /// Do not ask for one of the auditors who must all have signed.
    DropAuditor {
        /// As the order names it.
        auditor: String,
    },
    /// Do not ask for one of several auditors.
    DropAnyAuditor {
        /// As the order names them.
        auditors: Vec<String>,
    },
    /// Take another storage class.
    ChangeClass {
        /// The unit's id.
        unit: u32,
        /// The volume's name.
        volume: String,
        /// The volume's attributes, as they are.
        from: Vec<Attribute>,
        /// As they should be.
        to: Vec<Attribute>,
    },
    /// Accept one more GPU model.
    AcceptGpu {
        /// The unit's id.
        unit: u32,
        /// The model, as `vendor/nvidia/model/h100`.
        model: String,
    },
    /// Ask for less.
    Lower {
        /// The unit's id.
        unit: u32,
        /// Of what, and in which unit.
        quantity: Quantity,
        /// How much one replica asks for.
        from: u64,
        /// How much fits.
        to: u64,
    },
    /// Run fewer replicas.
    FewerReplicas {
        /// The unit's id.
        unit: u32,
        /// As many as are asked for.
        from: u32,
        /// As many as fit.
        to: u32,
    },
    /// Pay more for each replica.
    RaisePrice {
        /// The unit's id.
        unit: u32,
        /// The most that one replica may cost per block.
        from: PricePerBlock,
        /// The least that works, exact.
        to: PricePerBlock,
    },
}

impl Change {
    /// The unit that is changed; `None` when it is the placement.
    #[must_use]
    pub const fn unit(&self) -> Option<u32> {
        match self {
            Self::AddAttribute { .. }
            | Self::DropAttribute { .. }
            | Self::ChangeAttribute { .. }
            | Self::DropAuditor { .. }
            | Self::DropAnyAuditor { .. } => None,
            Self::ChangeClass { unit, .. }
            | Self::AcceptGpu { unit, .. }
            | Self::Lower { unit, .. }
            | Self::FewerReplicas { unit, .. }
            | Self::RaisePrice { unit, .. } => Some(*unit),
        }
    }

    /// Makes the change. What it names and `spec` does not have stays as it is.
    pub fn apply(&self, spec: &mut GroupSpec) {
        let requirements = &mut spec.requirements;
        match self {
            Self::AddAttribute { attribute } => requirements.attributes.push(attribute.clone()),
            Self::DropAttribute { required } => {
                requirements.attributes.retain(|one| one != required);
            }
            Self::ChangeAttribute { required, value } => {
                for one in requirements.attributes.iter_mut().filter(|one| *one == required) {
                    one.value.clone_from(value);
                }
            }
            Self::DropAuditor { auditor } => {
                requirements.signed_by.all_of.retain(|one| one != auditor);
            }
            Self::DropAnyAuditor { .. } => requirements.signed_by.any_of.clear(),
            Self::ChangeClass { unit, volume, from, to } => {
                for found in volumes(spec, *unit, volume).filter(|found| found.attributes == *from)
                {
                    found.attributes.clone_from(to);
                }
            }
            Self::AcceptGpu { unit, model } => {
                let accepted = Attribute::new(model, "true");
                let units = units(spec, *unit);
                units.for_each(|one| one.resources.gpu_attributes.push(accepted.clone()));
            }
            Self::Lower { unit, quantity, to, .. } => lower(spec, *unit, quantity, *to),
            Self::FewerReplicas { unit, to, .. } => {
                units(spec, *unit).for_each(|one| one.count = *to);
            }
            Self::RaisePrice { unit, to, .. } => {
                units(spec, *unit).for_each(|one| one.price.clone_from(to));
            }
        }
    }
}

fn units(spec: &mut GroupSpec, id: u32) -> impl Iterator<Item = &mut ResourceUnit> {
    spec.units.iter_mut().filter(move |unit| unit.id == id)
}

fn volumes<'a>(
    spec: &'a mut GroupSpec,
    unit: u32,
    name: &'a str,
) -> impl Iterator<Item = &'a mut Volume> {
    let volumes = units(spec, unit).flat_map(|unit| &mut unit.resources.volumes);
    volumes.filter(move |volume| volume.name == name)
}

fn lower(spec: &mut GroupSpec, unit: u32, quantity: &Quantity, to: u64) {
    if let Quantity::VolumeBytes { volume } = quantity {
        volumes(spec, unit, volume).for_each(|volume| volume.size_bytes = to);
        return;
    }
    for unit in units(spec, unit) {
        let asked = &mut unit.resources;
        match quantity {
            Quantity::CpuMilli => asked.cpu_milli = to,
            Quantity::MemoryBytes => asked.memory_bytes = to,
            Quantity::Gpus => asked.gpus = to,
            Quantity::VolumeBytes { .. } => {}
        }
    }
}

/// The order with all `changes` made.
#[must_use]
pub fn changed(spec: &GroupSpec, changes: &[Change]) -> GroupSpec {
    let mut spec = spec.clone();
    for change in changes {
        change.apply(&mut spec);
    }
    spec
}

/// Takes changes back, the last first, as long as `holds` stays true of the changed order: without
/// any one of those that are left, it does not hold.
///
/// When it does not hold to begin with, all changes come back. Calls `holds` once or twice a change.
#[must_use]
pub fn without_superfluous(
    spec: &GroupSpec,
    changes: &[Change],
    holds: impl Fn(&GroupSpec) -> bool,
) -> Vec<Change> {
    let mut kept = changes.to_vec();
    if !holds(&changed(spec, &kept)) {
        return kept;
    }
    let mut before = kept.len().saturating_add(1);
    // What could not be taken back may be once another is.
    while kept.len() < before {
        before = kept.len();
        for index in (0..kept.len()).rev() {
            let mut fewer = kept.clone();
            fewer.remove(index);
            if holds(&changed(spec, &fewer)) {
                kept = fewer;
            }
        }
    }
    kept
}

impl fmt::Display for Change {
    /// What to do, without a full stop: `raise the price of unit 1 to 2259.894629uact per block`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AddAttribute { attribute } => write!(f, "require {}", text_of(attribute)),
            Self::DropAttribute { required } => write!(f, "do not require {}", text_of(required)),
            Self::ChangeAttribute { required, value } => {
                write!(f, "require {}={value} instead of {}", required.key, text_of(required))
            }
            Self::DropAuditor { auditor } => write!(f, "do not ask for auditor {auditor}"),
            Self::DropAnyAuditor { auditors } => {
                let auditors = listed(auditors.iter().cloned(), ", ");
                write!(f, "do not ask for one of the auditors {auditors}")
            }
            Self::ChangeClass { unit, volume, from, to } => {
                let text =
                    |attributes: &[Attribute]| listed(attributes.iter().map(text_of), " and ");
                let (from, to) = (text(from), text(to));
                write!(f, "take {to} instead of {from} for volume `{volume}` of unit {unit}")
            }
            Self::AcceptGpu { unit, model } => {
                write!(f, "accept the GPU {} for unit {unit} too", model_of(model))
            }
            Self::Lower { unit, quantity, from, to } => {
                write!(f, "lower unit {unit} from {from} to {to} {quantity}")
            }
            Self::FewerReplicas { unit, from, to } => {
                write!(f, "run {to} instead of {from} replicas of unit {unit}")
            }
            Self::RaisePrice { unit, to, .. } => {
                write!(f, "raise the price of unit {unit} to {to} per block")
            }
        }
    }
}
