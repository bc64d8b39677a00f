//! What a placement adds up to: limits of one replica and of the group, prices, TEE.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use undercut_primitives::resources::limits;

use super::{Checker, Place, names};
use crate::code;
use crate::diagnostic::{Problem, Span};
use crate::gate::short;
use crate::model::{Field, Located, Price, ProfileResources, Text, VolumeRequest};
use crate::quantity::{self, Amount};
use crate::suggest::grouped;

/// The services of one placement together. Sums are in 128 bits: 2^64 per replica times 2^32
/// replicas, for at most 2^17 services.
#[derive(Debug, Default)]
pub(super) struct Group<'d> {
    span: Span,
    cpu_milli: u128,
    memory_bytes: u128,
    gpus: u128,
    /// Whether every part of the sums is known.
    complete: bool,
    /// Where replicas are counted, with their number.
    counts: Vec<(Span, u32)>,
    tee: Option<&'d Text<'d>>,
}

impl<'d> Checker<'d, '_> {
    /// One service's share of its group.
    pub(super) fn group(&mut self, place: Place<'d>, span: Span, price: Option<&'d Price>) {
        if place.placement.is_empty() {
            let sentence = "a placement has an empty name";
            self.problems.error(code::PLACEMENT_NAME, span, sentence);
        }
        let fits = place.resources.is_some_and(|resources| self.unit(place, resources));
        if let Some(price) = price {
            self.price(price);
        }
        self.sum(place, span, fits);
        self.group_tee(place);
    }

    /// Adds up a group; what did not fit as one replica is not told again as a sum.
    fn sum(&mut self, place: Place<'d>, span: Span, fits: bool) {
        let group = self.groups.entry(place.placement).or_insert_with(|| Group {
            span,
            complete: true,
            ..Group::default()
        });
        let count = match &place.deployed.count {
            Field::Given(count) => Some((count.value, count.span)),
            Field::Absent => Some((0, span)),
            Field::Bad => None,
        };
        let (Some((count, span)), Some(resources)) = (count, place.resources) else {
            group.complete = false;
            return;
        };
        group.counts.push((span, count));
        let add = |sum: &mut u128, field: &Field<u64>| {
            let product = u128::from(field.value().copied().unwrap_or(0));
            // 64 bits times 32 bits, at most 2^17 times: below 2^113, so nothing saturates.
            *sum = sum.saturating_add(product.saturating_mul(u128::from(count)));
            !field.is_bad()
        };
        let known = [
            add(&mut group.cpu_milli, &resources.cpu_milli),
            add(&mut group.memory_bytes, &resources.memory_bytes),
            add(&mut group.gpus, &resources.gpus),
        ];
        group.complete &= fits && known.iter().all(|known| *known);
    }

    /// Whether the resources of one replica are within the limits.
    fn unit(&mut self, place: Place<'d>, resources: &'d ProfileResources<'d>) -> bool {
        let profile = place.deployed.profile.value().copied().unwrap_or_default();
        let owner = format!("profile `{}`", short(profile));
        let declared = self.document.compute.get(profile).map(|named| named.span);
        let span = declared.unwrap_or_default();
        let (cpus, memory) = (limits::UNIT_CPU_MILLI, limits::UNIT_MEMORY_BYTES);
        let mut fits = self.in_range(&resources.cpu_milli, cpus, &owner, Measure::Cpus, span);
        fits &= self.in_range(&resources.memory_bytes, memory, &owner, Measure::Memory, span);
        if resources.gpus.given().is_some() {
            let gpus = limits::UNIT_GPUS;
            fits &= self.in_range(&resources.gpus, gpus, &owner, Measure::Gpus, span);
        }
        self.volumes(resources, &owner, span);
        self.gpu_keys(&resources.gpu_keys);
        fits
    }

    fn in_range(
        &mut self,
        field: &Field<u64>,
        range: RangeInclusive<u64>,
        owner: &str,
        measure: Measure,
        missing: Span,
    ) -> bool {
        let (value, span) = match field {
            Field::Bad => return true,
            Field::Absent => (0, missing),
            Field::Given(located) => (located.value, located.span),
        };
        if range.contains(&value) {
            return true;
        }
        let (least, most) = (measure.of(*range.start()), measure.of(*range.end()));
        let sentence = match field {
            Field::Absent => format!("{owner} does not say how {}", measure.question()),
            _ => format!("{owner} asks for {}", measure.of(value)),
        };
        let problem = Problem::error(code::UNIT_LIMIT, span, sentence);
        self.problems.push(problem.help(format!("from {least} to {most} are possible")));
        false
    }

    fn volumes(&mut self, resources: &ProfileResources<'_>, owner: &str, span: Span) {
        let Some(volumes) = &resources.volumes else { return };
        if volumes.is_empty() {
            let sentence = format!("{owner} has no storage");
            let problem = Problem::error(code::NO_STORAGE, span, sentence);
            self.problems.push(problem.help("add `storage:` with `size: 1Gi` below it"));
        }
        self.twins(volumes, owner);
        for volume in volumes {
            let owner = format!("volume `{}` of {owner}", short(volume.name.value));
            let (range, size) = (limits::VOLUME_BYTES, &volume.size_bytes);
            self.in_range(size, range, &owner, Measure::Storage, volume.name.span);
        }
    }

    /// Volumes that the order of the text alone tells apart (`sdl.md` 9): it decides their order in
    /// the manifest, which other clients sort differently.
    fn twins(&mut self, volumes: &[VolumeRequest<'_>], owner: &str) {
        let mut seen: BTreeMap<(u64, bool), &VolumeRequest<'_>> = BTreeMap::new();
        for volume in volumes {
            let Some(size) = volume.size_bytes.value() else { continue };
            let attributes = volume.attributes.as_ref();
            if attributes.is_some_and(|attributes| attributes.persistent) {
                continue;
            }
            let Some(first) = seen.insert((*size, attributes.is_some()), volume) else { continue };
            let (one, other) = (short(first.name.value), short(volume.name.value));
            let sentence = format!(
                "volumes `{one}` and `{other}` of {owner} are both of {}",
                quantity::size_text(*size)
            );
            let problem = Problem::warning(code::SAME_SIZE, volume.name.span, sentence)
                .label(first.name.span, "the other one")
                .help("make one larger, or other clients compute another version hash");
            self.problems.push(problem);
        }
    }

    fn gpu_keys(&mut self, keys: &[Located<String>]) {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for key in keys {
            let shown = short(key.value.strip_prefix("vendor/nvidia/model/").unwrap_or(&key.value));
            if !names::is_attribute_key(&key.value) && !key.value.ends_with("/model/") {
                let sentence = format!("`{shown}` is not a GPU model");
                let problem = Problem::error(code::GPU_MODEL, key.span, sentence);
                let form = match key.value.contains("*/") {
                    true => "the model `*` stands alone, without `ram` and `interface`",
                    false => "use letters, digits, `-`, `_`, `.` and `/`, without blanks",
                };
                self.problems.push(problem.help(form));
            }
            if let Some(first) = seen.insert(&key.value, key.span) {
                let sentence = format!("GPU alternative `{shown}` is listed twice");
                let problem = Problem::error(code::GPU_TWICE, key.span, sentence);
                self.problems.push(problem.label(first, "the other one").help("remove one"));
            }
        }
    }

    fn price(&mut self, price: &'d Price) {
        let limit = limits::UNIT_PRICE_MAX;
        let above = match price.amount.value {
            Amount::Some(value) => value > undercut_primitives::Decimal::from_whole(limit),
            Amount::Huge => true,
        };
        if above {
            let sentence = format!("a price is above {} per block", grouped(limit));
            self.problems.error(code::PRICE_LIMIT, price.amount.span, sentence);
        }
        let denom = &price.denom;
        match self.first_denom {
            None => self.first_denom = Some((denom.value.as_str(), denom.span)),
            Some((first, span)) if first != denom.value.as_str() => {
                let (found, first) = (short(denom.value.as_str()), short(first));
                let sentence = format!("this price is in `{found}`, another one in `{first}`");
                let problem = Problem::error(code::MIXED_DENOMS, denom.span, sentence);
                let problem = problem.label(span, format!("priced in `{first}`"));
                self.problems.push(problem.help("price everything in one denom"));
            }
            Some(_) => {}
        }
    }

    fn group_tee(&mut self, place: Place<'d>) {
        let tee = place.service.params.as_ref().and_then(|params| params.tee.as_ref());
        let Some(tee) = tee.filter(|tee| matches!(tee.value, "cpu" | "cpu-gpu")) else {
            return;
        };
        if let Some(resources) = place.resources
            && tee.value == "cpu-gpu"
            && !resources.gpus.is_bad()
            && resources.gpus.value().copied().unwrap_or(0) == 0
        {
            let name = short(place.name);
            let sentence = format!("service `{name}` wants TEE `cpu-gpu`, its profile has no GPU");
            let problem = Problem::error(code::TEE, tee.span, sentence);
            self.problems.push(problem.help("write `tee: cpu`, or add GPUs to the profile"));
        }
        let Some(group) = self.groups.get_mut(place.placement) else { return };
        match group.tee {
            Some(first) if first.value != tee.value => {
                let name = short(place.placement);
                let sentence = format!("services of placement `{name}` want different TEEs");
                let problem = Problem::error(code::TEE, tee.span, sentence);
                let problem = problem.label(first.span, "the other one");
                self.problems.push(problem.help("give them one `tee`, or two placements"));
            }
            Some(_) => {}
            None => group.tee = Some(tee),
        }
    }

    /// The sums of each group against the limits.
    pub(super) fn totals(&mut self) {
        let mut problems = Vec::new();
        for (name, group) in self.groups.iter().filter(|(_, group)| group.complete) {
            let all_zero = group.counts.iter().all(|(_, count)| *count == 0);
            for (span, _) in group.counts.iter().filter(|(_, count)| *count == 0) {
                problems.push(zero_count(*span, name, all_zero));
            }
            if all_zero {
                continue;
            }
            let sums = [
                (group.cpu_milli, limits::GROUP_CPU_MILLI, Measure::Cpus),
                (group.memory_bytes, limits::GROUP_MEMORY_BYTES, Measure::Memory),
                (group.gpus, limits::GROUP_GPUS, Measure::Gpus),
            ];
            for (sum, range, measure) in sums {
                let most = measure.of(*range.end());
                if sum > u128::from(*range.end()) {
                    let sum = u64::try_from(sum).map_or_else(
                        |_| format!("more than {}", measure.of(u64::MAX)),
                        |sum| measure.of(sum),
                    );
                    let sentence = format!("placement `{}` asks for {sum}", short(name));
                    let problem = Problem::error(code::GROUP_LIMIT, group.span, sentence);
                    let most = format!("at most {most} in all are possible");
                    problems.push(problem.help(most));
                }
            }
        }
        problems.into_iter().for_each(|problem| self.problems.push(problem));
    }
}

/// What a limit limits.
#[derive(Clone, Copy, Debug)]
enum Measure {
    Cpus,
    Memory,
    Storage,
    Gpus,
}

impl Measure {
    /// An amount, in the unit that people write.
    fn of(self, amount: u64) -> String {
        match self {
            Self::Cpus => quantity::cpus_text(amount),
            Self::Memory => format!("{} of memory", quantity::size_text(amount)),
            Self::Storage => quantity::size_text(amount),
            Self::Gpus if amount == 1 => "1 GPU".to_owned(),
            Self::Gpus => format!("{} GPUs", grouped(amount)),
        }
    }

    /// The end of a sentence that says that the amount is missing.
    const fn question(self) -> &'static str {
        match self {
            Self::Cpus => "many CPUs it needs",
            Self::Memory => "much memory it needs",
            Self::Storage => "large it is",
            Self::Gpus => "many GPUs it needs",
        }
    }
}

/// A service that runs zero times: an error when nothing else runs beside it.
fn zero_count(span: Span, placement: &str, all: bool) -> Problem {
    let placement = short(placement);
    let make = if all { Problem::error } else { Problem::warning };
    let sentence = format!("a service is to run zero times in placement `{placement}`");
    make(code::COUNT, span, sentence).help("write `count: 1`")
}
