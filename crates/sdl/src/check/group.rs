//! What a placement adds up to: limits of one replica and of the group, prices, TEE.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use undercut_primitives::resources::limits;

use super::{Checker, Place, names, references};
use crate::code;
use crate::diagnostic::{Problem, Span};
use crate::gate::short;
use crate::model::{Field, GpuKey, Price, ProfileResources, Text, VolumeRequest};
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
    counts: Vec<Counted<'d>>,
    tee: Option<&'d Text<'d>>,
}

/// How many replicas of a service a placement has.
#[derive(Clone, Copy, Debug)]
struct Counted<'d> {
    service: &'d str,
    count: u32,
    /// The number, or the placement when there is none.
    span: Span,
    /// What the number belongs into, when there is none.
    body: Option<Span>,
}

impl<'d> Checker<'d, '_> {
    /// One service's share of its group.
    pub(super) fn group(&mut self, place: Place<'d>, span: Span, price: Option<&'d Price>) {
        if place.placement.is_empty() {
            let sentence = "a placement has an empty name";
            let problem = Problem::error(code::PLACEMENT_NAME, span, sentence);
            let help = "give it a name, here and under `profiles.placement`";
            self.problems.push(problem.help(help));
        }
        let fits = place.resources.is_some_and(|resources| self.unit(place, resources));
        if let Some(price) = price {
            self.price(place, price);
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
        let service = place.name;
        let counted = match &place.deployed.count {
            Field::Given(count) => {
                Some(Counted { service, count: count.value, span: count.span, body: None })
            }
            Field::Absent => {
                Some(Counted { service, count: 0, span, body: Some(place.deployed.body) })
            }
            Field::Bad => None,
        };
        let (Some(counted), Some(resources)) = (counted, place.resources) else {
            group.complete = false;
            return;
        };
        let count = counted.count;
        group.counts.push(counted);
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
        let mut fits = !self.missing_resources(resources, &owner, span);
        fits &= self.in_range(&resources.cpu_milli, cpus, &owner, Measure::Cpus);
        fits &= self.in_range(&resources.memory_bytes, memory, &owner, Measure::Memory);
        fits &= self.in_range(&resources.gpus, limits::UNIT_GPUS, &owner, Measure::Gpus);
        self.volumes(resources, &owner);
        self.gpu_keys(&resources.gpu_keys);
        fits
    }

    /// Whether CPU, memory or storage is missing, which is one problem.
    fn missing_resources(
        &mut self,
        resources: &ProfileResources<'_>,
        owner: &str,
        span: Span,
    ) -> bool {
        let is_absent = |field: &Field<u64>| matches!(field, Field::Absent);
        let no_storage = resources.volumes.as_ref().is_some_and(Vec::is_empty);
        let parts = [
            ("cpu", is_absent(&resources.cpu_milli)),
            ("memory", is_absent(&resources.memory_bytes)),
            ("storage", no_storage),
        ];
        let missing: Vec<&'static str> =
            parts.iter().filter(|(_, missing)| *missing).map(|(part, _)| *part).collect();
        let (code, sentence, help) = match missing.as_slice() {
            [] => return false,
            ["cpu"] => (
                code::UNIT_LIMIT,
                format!("{owner} does not say how many CPUs it needs"),
                "add `cpu: { units: 0.5 }` to its `resources`".to_owned(),
            ),
            ["memory"] => (
                code::UNIT_LIMIT,
                format!("{owner} does not say how much memory it needs"),
                "add `memory: { size: 512Mi }` to its `resources`".to_owned(),
            ),
            ["storage"] => (
                code::NO_STORAGE,
                format!("{owner} has no storage"),
                "add `storage: { size: 1Gi }` to its `resources`".to_owned(),
            ),
            missing => (
                code::MISSING,
                format!("{owner} has {}", references::none_of(missing)),
                format!("write {}", references::RESOURCES),
            ),
        };
        let slip = missing.iter().find_map(|part| {
            self.problems.slip(resources.body, part).or_else(|| {
                let inner = self.problems.stray(if *part == "cpu" { "units" } else { "size" })?;
                let (body, span) = (resources.body, inner.span);
                (span.start >= body.start && span.end <= body.end).then_some(inner)
            })
        });
        let problem = Problem::error(code, span, sentence).help(help);
        self.problems.push(problem.blamed_on(slip));
        true
    }

    fn in_range(
        &mut self,
        field: &Field<u64>,
        range: RangeInclusive<u64>,
        owner: &str,
        measure: Measure,
    ) -> bool {
        let Some(value) = field.given().filter(|value| !range.contains(&value.value)) else {
            return true;
        };
        let (least, most) = (measure.bare(*range.start()), measure.bare(*range.end()));
        let sentence = format!("{owner} asks for {}", measure.of(value.value));
        let limit = match value.value < *range.start() {
            true => format!("{least} is the least"),
            false => format!("{most} is the most"),
        };
        let problem = Problem::error(code::UNIT_LIMIT, value.span, sentence).saying(limit);
        let help = match measure.slip(value.value) {
            Some(help) => help,
            None => format!("write from `{least}` to `{most}`"),
        };
        self.problems.push(problem.help(help));
        false
    }

    fn volumes(&mut self, resources: &ProfileResources<'_>, owner: &str) {
        let Some(volumes) = &resources.volumes else { return };
        self.twins(volumes, owner);
        for volume in volumes {
            let owner = format!("volume `{}` of {owner}", short(volume.name.value));
            if matches!(volume.size_bytes, Field::Absent) {
                let sentence = format!("{owner} does not say how large it is");
                let problem = Problem::error(code::UNIT_LIMIT, volume.name.span, sentence);
                let slip = self.problems.slip(volume.body, "size");
                self.problems.push(problem.help("add `size: 1Gi`").blamed_on(slip));
            }
            self.in_range(&volume.size_bytes, limits::VOLUME_BYTES, &owner, Measure::Storage);
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
                .saying("as large as the other one")
                .label(first.name.span, "the other one")
                .help("make one larger, or other clients compute another version hash");
            self.problems.push(problem);
        }
    }

    fn gpu_keys(&mut self, keys: &[GpuKey<'_>]) {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for key in keys {
            let shown = short(key.value.strip_prefix("vendor/nvidia/model/").unwrap_or(&key.value));
            if !names::is_attribute_key(&key.value) && !key.value.ends_with("/model/") {
                self.problems.push(no_gpu_model(key, &shown));
            }
            if let Some(first) = seen.insert(&key.value, key.span) {
                let sentence = format!("GPU alternative `{shown}` is listed twice");
                let problem = Problem::error(code::GPU_TWICE, key.span, sentence);
                let problem = problem.saying("listed again").label(first, "listed here");
                self.problems.push(problem.help("remove one of the two"));
            }
        }
    }

    fn price(&mut self, place: Place<'d>, price: &'d Price) {
        let limit = limits::UNIT_PRICE_MAX;
        let above = match price.amount.value {
            Amount::Some(value) => value > undercut_primitives::Decimal::from_whole(limit),
            Amount::Huge => true,
        };
        if above {
            let profile = short(place.deployed.profile.value().copied().unwrap_or_default());
            let sentence =
                format!("the price of `{profile}` is above {} per block", grouped(limit));
            let problem = Problem::error(code::PRICE_LIMIT, price.amount.span, sentence);
            let help = format!("write at most `{limit}`: what one replica may cost per block");
            self.problems.push(problem.help(help));
        }
        let denom = &price.denom;
        match self.first_denom {
            None => self.first_denom = Some((denom.value.as_str(), denom.span)),
            Some((first, span)) if first != denom.value.as_str() => {
                let (found, first) = (short(denom.value.as_str()), short(first));
                let sentence = format!("prices are in two denoms, `{first}` and `{found}`");
                let problem = Problem::error(code::MIXED_DENOMS, denom.span, sentence);
                let problem = problem.saying(format!("priced in `{found}`"));
                let problem = problem.label(span, format!("priced in `{first}`"));
                let problem = problem.help("price everything in one denom, such as `uact`");
                self.problems.push(problem.in_order());
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
                let problem = problem.saying(format!("this one wants `{}`", short(tee.value)));
                let problem =
                    problem.label(first.span, format!("this one wants `{}`", short(first.value)));
                let problem = problem.help("give them one `tee`, or a placement each");
                self.problems.push(problem.in_order());
            }
            Some(_) => {}
            None => group.tee = Some(tee),
        }
    }

    /// The sums of each group against the limits.
    pub(super) fn totals(&mut self) {
        let mut problems = Vec::new();
        for (name, group) in self.groups.iter().filter(|(_, group)| group.complete) {
            let all_zero = group.counts.iter().all(|counted| counted.count == 0);
            for counted in group.counts.iter().filter(|counted| counted.count == 0) {
                let slip = counted.body.and_then(|body| self.problems.slip(body, "count"));
                problems.push(zero_count(*counted, name, all_zero).blamed_on(slip));
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
                    let mut problem = Problem::error(code::GROUP_LIMIT, group.span, sentence);
                    for counted in group.counts.iter().take(4) {
                        let replicas = format!("{} times", grouped(u64::from(counted.count)));
                        problem = problem.label(counted.span, replicas);
                    }
                    let most = format!("at most {most} in all are possible: lower a `count`");
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

    /// An amount as a manifest has it.
    fn bare(self, amount: u64) -> String {
        match self {
            Self::Cpus => quantity::cpus_text(amount).replace(" CPU", ""),
            Self::Memory | Self::Storage => quantity::size_text(amount),
            Self::Gpus => amount.to_string(),
        }
    }

    /// What to write instead of an amount that was most likely meant in another unit.
    fn slip(self, amount: u64) -> Option<String> {
        /// Amounts below this are numbers without a unit.
        const BARE_MAX: u64 = 1 << 16;
        /// CPUs that nobody asks for: thousandths without their `m`.
        const CPUS_MIN: u64 = 385;
        let cpus = amount.checked_div(1_000).unwrap_or(0);
        match self {
            Self::Memory | Self::Storage if (1..BARE_MAX).contains(&amount) => {
                Some(format!("a size without a unit is in bytes: did you mean `{amount}Mi`?"))
            }
            Self::Cpus if cpus >= CPUS_MIN && amount.is_multiple_of(1_000) => {
                Some(format!("did you mean `{cpus}m`, thousandths of a CPU?"))
            }
            _ => None,
        }
    }
}

/// What to say of a GPU key that is not valid.
fn no_gpu_model(key: &GpuKey<'_>, shown: &str) -> Problem {
    if key.value.contains("*/") {
        let sentence = format!("`{shown}` is not a GPU model");
        let problem = Problem::error(code::GPU_MODEL, key.span, sentence);
        return problem.help("the model `*` stands alone: remove `ram` and `interface`");
    }
    let (model, span) =
        key.model.as_ref().map_or((shown, key.span), |model| (model.value, model.span));
    let sentence = format!("`{}` is not a GPU model", short(model));
    let problem = Problem::error(code::GPU_MODEL, span, sentence);
    let joined: String = model.chars().filter(|c| !c.is_whitespace()).collect();
    let joined = joined.to_ascii_lowercase();
    let fits = joined != model && names::is_attribute_key(&format!("vendor/nvidia/model/{joined}"));
    problem.help(match fits {
        true => format!("did you mean `{}`?", short(&joined)),
        false => "use letters, digits, `-`, `_`, `.` and `/`, without blanks".to_owned(),
    })
}

/// A service that runs zero times: an error when nothing else runs beside it.
fn zero_count(counted: Counted<'_>, placement: &str, all: bool) -> Problem {
    let (service, placement) = (short(counted.service), short(placement));
    let make = if all { Problem::error } else { Problem::warning };
    let sentence = format!("service `{service}` is to run zero times in placement `{placement}`");
    let problem = make(code::COUNT, counted.span, sentence);
    match counted.body {
        None => problem.help("write `count: 1` or more"),
        Some(_) => problem.saying("no `count` stands under it").help("add `count: 1`"),
    }
}
