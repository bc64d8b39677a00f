//! Changes of an order in the words of the manifest that it came from.

use undercut_bidding::Quantity;
use undercut_bidding::why::Change;
use undercut_primitives::Attribute;
use undercut_sdl::ExplainedGroup;

/// One thing to do, and where.
#[derive(Debug)]
pub(super) struct Step {
    /// What to do, for people.
    pub(super) text: String,
    /// The place in the manifest and what to write there.
    pub(super) edit: Option<String>,
}

impl Step {
    /// A change of an order without a manifest.
    pub(super) fn of_order(change: &Change) -> Self {
        Self { text: change.to_string(), edit: None }
    }

    /// A change of a group of a manifest.
    pub(super) fn of_manifest(change: &Change, group: &ExplainedGroup) -> Self {
        let words = Words { group };
        Self { text: words.text(change), edit: words.edit(change) }
    }
}

struct Words<'a> {
    group: &'a ExplainedGroup,
}

impl Words<'_> {
    fn text(&self, change: &Change) -> String {
        match change {
            Change::RaisePrice { unit, from, to } => {
                let of = self.services(*unit);
                format!(
                    "raise the ceiling of {of} from {} to {} {} per block",
                    from.value, to.value, to.denom
                )
            }
            Change::FewerReplicas { unit, from, to } => {
                format!("run {to} instead of {from} replicas of {}", self.services(*unit))
            }
            Change::Lower { unit, quantity, from, to } => {
                let of = self.services(*unit);
                format!(
                    "lower {} of {of} from {} to {}",
                    name(quantity),
                    size(quantity, *from),
                    size(quantity, *to)
                )
            }
            Change::AcceptGpu { unit, model } => {
                format!(
                    "accept the GPU {} for {} too",
                    parts(model).join("/"),
                    self.services(*unit)
                )
            }
            Change::ChangeClass { unit, volume, from, to } => {
                let of = self.services(*unit);
                let (from, to) = (class(from), class(to));
                format!("take storage class {to} instead of {from} for volume `{volume}` of {of}")
            }
            other => other.to_string(),
        }
    }

    /// The place as a path of keys, and what to write there.
    fn edit(&self, change: &Change) -> Option<String> {
        let placement = format!("profiles / placement / {}", self.group.name);
        Some(match change {
            Change::AddAttribute { attribute: Attribute { key, value } } => {
                format!("{placement} / attributes / {key}: {value}")
            }
            Change::DropAttribute { required } => {
                format!("{placement} / attributes: take out {}", required.key)
            }
            Change::ChangeAttribute { required, value } => {
                format!("{placement} / attributes / {}: {value}", required.key)
            }
            Change::DropAuditor { auditor } => {
                format!("{placement} / signedBy / allOf: take out {auditor}")
            }
            Change::DropAnyAuditor { .. } => format!("{placement} / signedBy: take out anyOf"),
            Change::RaisePrice { unit, to, .. } => {
                let profile = self.profile(*unit);
                format!("{placement} / pricing / {profile} / amount: {}", to.value)
            }
            Change::FewerReplicas { unit, to, .. } => {
                let service = self.names(*unit).first().copied()?.to_owned();
                // Several services may share a unit: which one runs less is the tenant's to say.
                let (1, name) = (self.names(*unit).len(), &self.group.name) else { return None };
                format!("deployment / {service} / {name} / count: {to}")
            }
            Change::Lower { unit, quantity, to, .. } => {
                let profile = self.profile(*unit);
                let (key, to) = (key(quantity), size(quantity, *to));
                format!("profiles / compute / {profile} / resources / {key}: {to}")
            }
            Change::AcceptGpu { unit, model } => {
                let profile = self.profile(*unit);
                let parts = parts(model);
                let (vendor, model) = (parts.first()?, parts.get(1)?);
                format!(
                    "profiles / compute / {profile} / resources / gpu / attributes / vendor / {vendor}: - model: {model}"
                )
            }
            Change::ChangeClass { unit, volume, to, .. } => {
                let (profile, class) = (self.profile(*unit), class(to));
                format!(
                    "profiles / compute / {profile} / resources / storage / {volume} / attributes / class: {class}"
                )
            }
            _ => return None,
        })
    }

    fn names(&self, unit: u32) -> Vec<&str> {
        let services = self.group.services.iter().filter(|service| service.unit == unit);
        services.map(|service| service.name.as_str()).collect()
    }

    /// `service `web``, or `services `a` and `b``, which share a unit.
    fn services(&self, unit: u32) -> String {
        match self.names(unit)[..] {
            [] => format!("unit {unit}"),
            [one] => format!("service `{one}`"),
            ref several => format!("services `{}`", several.join("` and `")),
        }
    }

    fn profile(&self, unit: u32) -> String {
        match self.names(unit).first() {
            Some(service) => format!("(profile of {service})"),
            None => format!("(profile of unit {unit})"),
        }
    }
}

const fn name(quantity: &Quantity) -> &'static str {
    match quantity {
        Quantity::CpuMilli => "CPU",
        Quantity::MemoryBytes => "memory",
        Quantity::Gpus => "GPUs",
        _ => "storage",
    }
}

fn key(quantity: &Quantity) -> String {
    match quantity {
        Quantity::CpuMilli => "cpu / units".to_owned(),
        Quantity::MemoryBytes => "memory / size".to_owned(),
        Quantity::Gpus => "gpu / units".to_owned(),
        Quantity::VolumeBytes { volume } => format!("storage / {volume} / size"),
        _ => String::new(),
    }
}

/// As a manifest writes it, exact: `3500m`, `17179869184` or, of whole mebibytes, `16384Mi`.
fn size(quantity: &Quantity, value: u64) -> String {
    let units = [("Ti", 40_u32), ("Gi", 30), ("Mi", 20), ("Ki", 10)];
    match quantity {
        Quantity::CpuMilli if value.is_multiple_of(1_000) => (value / 1_000).to_string(),
        Quantity::CpuMilli => format!("{value}m"),
        Quantity::Gpus => value.to_string(),
        _ => {
            let whole = units.iter().find(|(_, bits)| value > 0 && value.trailing_zeros() >= *bits);
            whole.map_or_else(
                || value.to_string(),
                |(unit, bits)| format!("{}{unit}", value >> bits),
            )
        }
    }
}

fn class(attributes: &[Attribute]) -> &str {
    let found = attributes.iter().find(|one| one.key == "class");
    found.map_or("none", |one| one.value.as_str())
}

/// Values of a GPU's key: vendor, model, memory, interface.
fn parts(key: &str) -> Vec<&str> {
    key.split('/').skip(1).step_by(2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_exact_and_short() {
        let memory = Quantity::MemoryBytes;
        let rows =
            [(16 << 30, "16Gi"), (3 << 29, "1536Mi"), (1_000, "1000"), (1 << 40, "1Ti"), (0, "0")];
        for (bytes, text) in rows {
            assert_eq!(size(&memory, bytes), text);
        }
        assert_eq!(size(&Quantity::CpuMilli, 16_000), "16");
        assert_eq!(size(&Quantity::CpuMilli, 3_500), "3500m");
        assert_eq!(size(&Quantity::Gpus, 2), "2");
    }
}
