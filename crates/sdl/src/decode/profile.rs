//! Compute profiles: CPU, memory, storage, GPU.

use std::collections::BTreeMap;

use super::instead::{self, ANY_GPU};
use super::{Decoder, Pair, Unknown, What, keys};
use crate::code;
use crate::diagnostic::{Problem, Slip, Span};
use crate::gate::{quoted, short};
use crate::model::{
    Field, GpuKey, Located, Profile, ProfileResources, StorageAttributes, Text, VolumeRequest,
};
use crate::node::{Kind, Node};
use crate::quantity::{self, NoQuantity};
use crate::suggest;

/// The name of a volume that has none.
const DEFAULT_VOLUME: &str = "default";
/// Storage classes.
pub(crate) const CLASSES: &[&str] = &["default", "beta1", "beta2", "beta3", "ram"];

impl<'n> Decoder<'_> {
    pub(super) fn compute_profile(&mut self, pair: &Pair<'n, '_>) -> Option<Profile<'n>> {
        let owner = What::Named("compute profile", pair.name);
        let mut resources = Field::Absent;
        if pair.name == "resources" && !keys::has_any_key(pair.value, &["resources"]) {
            self.note_nameless("profile name", pair);
            let (body, bytes) = (pair.value.span, pair.value.bytes);
            return Some(Profile { body, resources, bytes });
        }
        for pair in self.fields(pair.value, &owner, &["resources"], Unknown::Ignored)? {
            if !pair.value.is_null() {
                resources = match self.resources(pair.value, &owner) {
                    Some(value) => Field::Given(Located { value, span: pair.value.span }),
                    None => Field::Bad,
                };
            }
        }
        Some(Profile { body: pair.value.span, resources, bytes: pair.value.bytes })
    }

    fn resources(&mut self, node: &'n Node<'n>, owner: &What<'_>) -> Option<ProfileResources<'n>> {
        const KEYS: &[&str] = &["cpu", "memory", "storage", "gpu"];
        let mut resources =
            ProfileResources { volumes: Some(Vec::new()), ..ProfileResources::default() };
        resources.body = node.span;
        for pair in self.fields(node, &What::Key("resources", owner), KEYS, Unknown::Ignored)? {
            match pair.name {
                "cpu" => self.cpu(&pair, owner, &mut resources),
                "memory" => resources.memory_bytes = self.memory(&pair, owner, node),
                "storage" => resources.volumes = self.storage(&pair, owner),
                _ => self.gpu(&pair, owner, &mut resources),
            }
        }
        Some(resources)
    }

    fn cpu(&mut self, pair: &Pair<'n, '_>, owner: &What<'_>, resources: &mut ProfileResources<'n>) {
        let owner = What::Key("cpu", owner);
        let fields = self.fields(pair.value, &owner, &["units", "attributes"], Unknown::Ignored);
        if fields.is_none() {
            resources.cpu_milli = Field::Bad;
        }
        for pair in fields.unwrap_or_default() {
            match pair.name {
                "units" => resources.cpu_milli = self.cpu_units(&pair),
                _ => resources.arch = self.arch(&pair, &owner),
            }
        }
        if matches!(resources.cpu_milli, Field::Absent) {
            let label = "no `units` stands under it";
            self.pass_on(pair, "units", ["cpu", label], resources.body);
        }
    }

    /// Makes the place of what is missed in a part of the resources that of the part itself.
    fn pass_on(
        &mut self,
        pair: &Pair<'n, '_>,
        inner: &'static str,
        [part, label]: [&'static str; 2],
        all: Span,
    ) {
        let span = pair.key.span;
        let here = Slip::at(span, label);
        let slip = self.problems.slip(pair.value.span, inner).cloned().unwrap_or(here);
        self.problems.note(all, part, slip);
    }

    fn cpu_units(&mut self, pair: &Pair<'n, '_>) -> Field<u64> {
        let text = self.text(pair.value, pair.what);
        self.quantity(text, quantity::cpu_milli, |text, span, _| {
            let sentence = format!("{} is not a number of CPUs", quoted(text));
            let problem = Problem::error(code::CPU, span, sentence);
            let meant = suggest::cpus(text);
            let problem = match (text.strip_suffix('m'), &meant) {
                (_, Some(meant)) => problem.help(format!("write `{meant}`")),
                (Some(_), _) => problem
                    .saying("`m` stands for thousandths, which are whole")
                    .help("write CPUs, `0.5`, or thousandths, `500m`"),
                _ => problem.help("write CPUs, `0.5`, or thousandths, `500m`"),
            };
            problem.maybe_fix(span, meant)
        })
    }

    fn arch(&mut self, pair: &Pair<'n, '_>, owner: &What<'_>) -> Option<Text<'n>> {
        let owner = What::Key("attributes", owner);
        let mut arch = None;
        for pair in self.fields(pair.value, &owner, &["arch"], Unknown::Refused)? {
            arch = self.optional_text(pair.value, pair.what);
            if arch.is_none() && pair.value.is_null() {
                arch = Some(Text { value: "", span: pair.value.span });
            }
        }
        arch
    }

    fn memory(&mut self, pair: &Pair<'n, '_>, owner: &What<'_>, all: &Node<'_>) -> Field<u64> {
        let owner = What::Key("memory", owner);
        let fields = self.fields(pair.value, &owner, &["size", "attributes"], Unknown::Ignored);
        let mut size = if fields.is_none() { Field::Bad } else { Field::Absent };
        for pair in fields.unwrap_or_default() {
            if pair.name == "size" {
                size = self.size(&pair);
            }
        }
        if matches!(size, Field::Absent) {
            self.pass_on(pair, "size", ["memory", "no `size` stands under it"], all.span);
        }
        size
    }

    fn size(&mut self, pair: &Pair<'n, '_>) -> Field<u64> {
        let text = self.text(pair.value, pair.what);
        self.quantity(text, quantity::size, |text, span, error| {
            let sentence = match error {
                NoQuantity::Negative => format!("`{}` is below zero", short(text)),
                NoQuantity::Syntax | NoQuantity::TooLarge => {
                    format!("{} is not a size", quoted(text))
                }
            };
            let problem = Problem::error(code::SIZE, span, sentence);
            let problem = match (error, suggest::size_label(text)) {
                (NoQuantity::Syntax, Some(label)) => problem.saying(label),
                _ => problem,
            };
            problem.help(suggest::size_help(text)).maybe_fix(span, suggest::only_size(text))
        })
    }

    /// Reads a text as a quantity, or reports what `explain` says about it.
    fn quantity(
        &mut self,
        text: Field<&'n str>,
        read: impl Fn(&str) -> Result<u64, NoQuantity>,
        explain: impl Fn(&str, Span, NoQuantity) -> Problem,
    ) -> Field<u64> {
        let text = match text {
            Field::Given(text) => text,
            Field::Absent => return Field::Absent,
            Field::Bad => return Field::Bad,
        };
        match read(text.value) {
            Ok(value) => Field::Given(Located { value, span: text.span }),
            Err(error) => {
                self.problems.push(explain(text.value, text.span, error));
                Field::Bad
            }
        }
    }

    /// The volumes of a profile; `None` after a report about the whole list.
    fn storage(&mut self, pair: &Pair<'n, '_>, owner: &What<'_>) -> Option<Vec<VolumeRequest<'n>>> {
        let node = pair.value;
        let volumes = match &node.kind {
            Kind::Mapping(_) => {
                let mut volume = self.volume(node, owner)?;
                volume.name = Text { value: DEFAULT_VOLUME, span: pair.key.span };
                return Some(vec![volume]);
            }
            Kind::Sequence(items) => {
                items.iter().map(|item| self.volume(item, owner)).collect::<Option<Vec<_>>>()?
            }
            Kind::Scalar { .. } => {
                if !node.is_null() {
                    let sentence = format!("`storage` of {owner} must be a mapping or a list");
                    let problem = Problem::error(code::NO_STORAGE, node.span, sentence);
                    let instead = instead::of(node, What::Key("storage", owner), "a mapping");
                    self.problems.push(match instead {
                        Some(instead) => instead.told(problem),
                        None => problem,
                    });
                    return None;
                }
                return Some(Vec::new());
            }
        };
        self.refuse_equal_names(&volumes, owner);
        Some(volumes)
    }

    fn refuse_equal_names(&mut self, volumes: &[VolumeRequest], owner: &What<'_>) {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for volume in volumes {
            let name = volume.name.value;
            if let Some(first) = seen.insert(name, volume.name.span) {
                let sentence = format!("two volumes of {owner} are called `{}`", short(name));
                let problem = Problem::error(code::VOLUME_TWICE, volume.name.span, sentence);
                let problem = problem.saying("and again here").label(first, "it stands here");
                self.problems.push(problem.help("give each volume a `name` of its own"));
            }
        }
    }

    /// One volume. `None` after a report that it is no mapping; a null item is an empty volume.
    fn volume(&mut self, node: &'n Node<'n>, owner: &What<'_>) -> Option<VolumeRequest<'n>> {
        let owner = What::Item("storage", owner);
        let name = Text { value: DEFAULT_VOLUME, span: node.span };
        let (body, size_bytes) = (node.span, Field::Absent);
        let mut volume = VolumeRequest { body, name, size_bytes, attributes: None };
        for pair in self.fields(node, &owner, &["name", "size", "attributes"], Unknown::Ignored)? {
            match pair.name {
                "name" => {
                    let name = self.optional_text(pair.value, pair.what);
                    volume.name = name.filter(|name| !name.value.is_empty()).unwrap_or(volume.name);
                }
                "size" => volume.size_bytes = self.size(&pair),
                _ => volume.attributes = self.storage_attributes(&pair),
            }
        }
        Some(volume)
    }

    /// `persistent` and `class`, in the order of checks of the reference (`sdl.md` 9).
    fn storage_attributes(&mut self, pair: &Pair<'n, '_>) -> Option<StorageAttributes<'n>> {
        const KEYS: &[&str] = &["persistent", "class"];
        if pair.value.is_null() {
            return None;
        }
        let (mut persistent, mut class) = (None, None);
        // The reference reads these as any mapping first, so merge keys count, and only then
        // refuses what it does not know.
        for pair in self.pairs(pair.value, &pair.what)? {
            match pair.name {
                "persistent" => persistent = Some(self.attribute_text(&pair)),
                "class" => class = Some(self.attribute_text(&pair)),
                name => {
                    let sentence = format!("a volume has no attribute `{}`", short(name));
                    let problem = Problem::error(code::UNKNOWN_KEY, pair.key.span, sentence);
                    let advice = keys::advice(name, KEYS, pair.value);
                    let fix = suggest::same_word(name, KEYS);
                    self.problems.push(problem.help(advice.help).maybe_fix(pair.key.span, fix));
                }
            }
        }
        self.check_storage_attributes(persistent.as_ref(), class.as_ref())
    }

    fn attribute_text(&mut self, pair: &Pair<'n, '_>) -> Text<'n> {
        let span = pair.value.span;
        self.optional_text(pair.value, pair.what).unwrap_or(Text { value: "", span })
    }

    fn check_storage_attributes(
        &mut self,
        persistent: Option<&Text<'n>>,
        class: Option<&Text<'n>>,
    ) -> Option<StorageAttributes<'n>> {
        let word = persistent.map_or("false", |text| text.value);
        let class = class.filter(|class| !class.value.is_empty());
        if let Some(problem) = class.and_then(|class| class_problem(class, persistent)) {
            self.problems.push(problem);
            return None;
        }
        let is_persistent = match word {
            "true" | "on" | "yes" => true,
            "false" | "off" | "no" => false,
            _ => {
                let span = persistent.map(|text| text.span).unwrap_or_default();
                let sentence = format!("`persistent` is {}, not true or false", quoted(word));
                let problem = Problem::error(code::PERSISTENT, span, sentence);
                let words = &["true", "false", "yes", "no", "on", "off"];
                let meant = suggest::flag(word).or_else(|| suggest::same_word(word, words));
                let meant = meant.filter(|meant| *meant != word);
                let help = match meant {
                    Some(meant) => format!("write `{meant}`"),
                    None => "write `true` or `false`, in small letters".to_owned(),
                };
                self.problems.push(problem.help(help).maybe_fix(span, meant));
                return None;
            }
        };
        let class = class.map(|class| class.value);
        // Only the very word `true` brings the default class with it.
        let class = class.or_else(|| (word == "true").then_some(DEFAULT_VOLUME));
        Some(StorageAttributes { class, persistent: is_persistent })
    }

    fn gpu(&mut self, pair: &Pair<'n, '_>, owner: &What<'_>, resources: &mut ProfileResources<'n>) {
        const KEYS: &[&str] = &["units", "attributes"];
        let owner = What::Key("gpu", owner);
        let Some(fields) = self.fields(pair.value, &owner, KEYS, Unknown::Refused) else {
            resources.gpus = Field::Bad;
            return;
        };
        let mut keys = None;
        let mut broken = false;
        for pair in fields {
            match pair.name {
                "units" => resources.gpus = self.gpu_units(&pair),
                _ if pair.value.is_null() => {}
                _ => {
                    keys = self.gpu_attributes(&pair, &owner);
                    broken = keys.is_none();
                }
            }
        }
        let units = resources.gpus.value().copied().unwrap_or(0);
        // A misspelt key was refused, and is all there is to say.
        let slips = ["units", "attributes"].map(|key| self.problems.slip(pair.value.span, key));
        broken |= slips.iter().flatten().any(|slip| slip.is_told);
        if !broken && !resources.gpus.is_bad() {
            self.compare_gpu(pair, &owner, units, keys.is_some());
        }
        resources.gpu_keys = keys.unwrap_or_default();
    }

    fn compare_gpu(&mut self, pair: &Pair<'n, '_>, owner: &What<'_>, units: u64, attributes: bool) {
        let (sentence, help, key) = match (units, attributes) {
            (0, true) => {
                let help = "write `units: 1` beside `attributes`".to_owned();
                (format!("{owner} has attributes but no units"), help, "units")
            }
            (1.., false) => {
                let help = format!("add `attributes: {{ vendor: {ANY_GPU} }}`, for any GPU");
                (format!("{owner} does not say which GPUs"), help, "attributes")
            }
            _ => return,
        };
        let problem = Problem::error(code::GPU_ATTRIBUTES, pair.key.span, sentence);
        let slip = self.problems.slip(pair.value.span, key);
        self.problems.push(problem.help(help).blamed_on(slip));
    }

    fn gpu_units(&mut self, pair: &Pair<'n, '_>) -> Field<u64> {
        let text = self.text(pair.value, pair.what);
        self.quantity(text, quantity::whole, |text, span, _| {
            let sentence = format!("{} is not a whole number of GPUs", quoted(text));
            let problem = Problem::error(code::NUMBER, span, sentence);
            let whole = text.strip_suffix(".0").filter(|whole| quantity::whole(whole).is_ok());
            problem.help("write digits alone: `units: 1`").maybe_fix(span, whole)
        })
    }

    /// The keys of the accepted models; `None` after a report.
    fn gpu_attributes(&mut self, pair: &Pair<'n, '_>, owner: &What<'_>) -> Option<Vec<GpuKey<'n>>> {
        let owner = What::Key("attributes", owner);
        let mut keys = None;
        for pair in self.fields(pair.value, &owner, &["vendor"], Unknown::Refused)? {
            if pair.value.is_null() {
                break;
            }
            keys = Some(self.vendors(&pair)?);
        }
        let slip = self.problems.slip(pair.value.span, "vendor");
        if keys.is_none() && !slip.is_some_and(|slip| slip.is_told) {
            let sentence = format!("{owner} name no vendor");
            let problem = Problem::error(code::GPU_VENDOR, pair.key.span, sentence);
            let help = format!("write `vendor: {ANY_GPU}`, for any GPU");
            self.problems.push(problem.help(help).blamed_on(slip));
        }
        keys
    }

    fn vendors(&mut self, pair: &Pair<'n, '_>) -> Option<Vec<GpuKey<'n>>> {
        let mut keys = Vec::new();
        let vendors = self.pairs(pair.value, &pair.what)?;
        let has_nvidia = vendors.iter().any(|vendor| vendor.name == "nvidia");
        for vendor in &vendors {
            if vendor.name == "nvidia" {
                keys = self.models(vendor)?;
            } else {
                self.models(vendor);
                self.warn_of_vendor(vendor, has_nvidia);
            }
        }
        if vendors.is_empty() {
            let sentence = "no GPU vendor is named, so any NVIDIA GPU fits";
            let problem = Problem::warning(code::GPU_VENDOR, pair.key.span, sentence);
            self.problems.push(problem.help(format!("write `vendor: {ANY_GPU}` to say so")));
        }
        if keys.is_empty() {
            let value = "vendor/nvidia/model/*".to_owned();
            keys.push(GpuKey { value, span: pair.key.span, model: None });
        }
        Some(keys)
    }

    fn warn_of_vendor(&mut self, vendor: &Pair<'n, '_>, has_nvidia: bool) {
        let name = short(vendor.name);
        let rest = if has_nvidia { "" } else { "; any GPU by nvidia will do" };
        let sentence = format!("GPUs by `{name}` are not supported and are ignored{rest}");
        let problem = Problem::warning(code::GPU_VENDOR, vendor.key.span, sentence);
        self.problems.push(problem.help("name the models below `nvidia:`"));
    }

    fn models(&mut self, pair: &Pair<'n, '_>) -> Option<Vec<GpuKey<'n>>> {
        let items = self.items(pair.value, pair.what);
        if items.is_bad() {
            return None;
        }
        let owner = match pair.what {
            What::Key(key, owner) => What::Item(key, owner),
            what => what,
        };
        let mut keys = Vec::new();
        for item in items.value().into_iter().flatten() {
            keys.push(self.model(item, &owner)?);
        }
        Some(keys)
    }

    fn model(&mut self, node: &'n Node<'n>, owner: &What<'_>) -> Option<GpuKey<'n>> {
        const KEYS: &[&str] = &["model", "ram", "interface"];
        let (mut model, mut memory, mut interface) = (None, None, None);
        for pair in self.fields(node, owner, KEYS, Unknown::Ignored)? {
            let text = self.text(pair.value, pair.what);
            match pair.name {
                "model" => model = text.given().filter(|text| !text.value.is_empty()).cloned(),
                "ram" => {
                    let size = self.gpu_memory(text);
                    memory = size.value().map(|gi| format!("/ram/{gi}Gi"));
                }
                _ => interface = self.interface(&text),
            }
        }
        if model.is_none() {
            let sentence = "a GPU alternative names no model, so no GPU fits it";
            let problem = Problem::warning(code::GPU_MODEL, node.span, sentence);
            self.problems.push(problem.help("write `model:` with a model, or `\"*\"` for any"));
        }
        let value = [
            format!("vendor/nvidia/model/{}", model.as_ref().map_or("", |model| model.value)),
            memory.unwrap_or_default(),
            interface.unwrap_or_default(),
        ]
        .concat();
        Some(GpuKey { value, span: node.span, model })
    }

    fn gpu_memory(&mut self, text: Field<&'n str>) -> Field<u64> {
        let given = text.clone();
        let size = self.gpu_memory_gi(text);
        if let (Field::Given(text), Some(0)) = (given, size.value()) {
            // The reference cuts to whole Gi, and then no GPU has it.
            let sentence = format!("{} of GPU memory is less than 1Gi", quoted(text.value));
            let meant = quantity::whole(text.value).ok().filter(|gi| *gi > 0);
            let help = match meant {
                Some(gi) => format!("a size without a unit is in bytes: did you mean `{gi}Gi`?"),
                None => "write whole Gi: `80Gi`".to_owned(),
            };
            let problem = Problem::warning(code::GPU_MODEL, text.span, sentence);
            self.problems.push(problem.help(help));
        }
        size
    }

    fn gpu_memory_gi(&mut self, text: Field<&'n str>) -> Field<u64> {
        self.quantity(text, quantity::gpu_memory_gi, |text, span, _| {
            let sentence = format!("{} is not a size of GPU memory", quoted(text));
            let problem = Problem::error(code::SIZE, span, sentence);
            let is_memory = |size: &String| quantity::gpu_memory_gi(size).is_ok();
            let help = match suggest::size(text).filter(is_memory) {
                Some(size) => format!("did you mean `{size}`? units are Ki Mi Gi Ti Pi Ei"),
                None => "write whole Gi: `80Gi`".to_owned(),
            };
            problem.help(help).maybe_fix(span, suggest::only_size(text).filter(is_memory))
        })
    }

    fn interface(&mut self, text: &Field<&'n str>) -> Option<String> {
        let text = text.given()?;
        if matches!(text.value, "pcie" | "sxm") {
            return Some(format!("/interface/{}", text.value));
        }
        let sentence = format!("{} is not a GPU interface", quoted(text.value));
        let problem = Problem::error(code::GPU_MODEL, text.span, sentence);
        let known = ["pcie", "sxm"];
        let lower = text.value.to_ascii_lowercase();
        let nearest = known.iter().find(|known| lower.starts_with(**known));
        let problem = match nearest {
            Some(nearest) => problem.help(format!("did you mean `{nearest}`?")),
            None => problem.help("write `pcie` or `sxm`, in small letters"),
        };
        let meant = suggest::same_word(text.value, &known);
        self.problems.push(problem.maybe_fix(text.span, meant));
        None
    }
}

/// What is wrong with a storage class beside a text for `persistent`, or none.
fn class_problem(class: &Text<'_>, persistent: Option<&Text<'_>>) -> Option<Problem> {
    let name = short(class.value);
    let word = persistent.map_or("false", |text| text.value);
    let problem = |code, sentence: String| Problem::error(code, class.span, sentence);
    if class.value == "ram" {
        let persistent = persistent.filter(|text| text.value != "false")?;
        let sentence = "storage class `ram` needs `persistent: false`".to_owned();
        let problem = problem(code::RAM_VOLUME, sentence)
            .saying("memory: it does not outlive the replica")
            .label(persistent.span, "not `false`")
            .help("write `persistent: false`, or another class");
        let is_no = matches!(word, "no" | "off" | "False" | "FALSE");
        return Some(problem.maybe_fix(persistent.span, is_no.then_some("false")));
    }
    if word == "false" {
        let sentence = format!("storage class `{name}` needs `persistent: true`");
        let problem = problem(code::CLASS_NEEDS_PERSISTENT, sentence);
        let drop = "or drop the class; only `ram` goes without";
        return Some(match persistent {
            Some(persistent) => problem
                .label(persistent.span, "not `true`")
                .help(format!("write `persistent: true`, {drop}")),
            None => problem.help(format!("add `persistent: true` beside it, {drop}")),
        });
    }
    if CLASSES.contains(&class.value) {
        return None;
    }
    let kind = match class.value.to_ascii_lowercase().as_str() {
        "hdd" => Some("beta1"),
        "ssd" => Some("beta2"),
        "nvme" => Some("beta3"),
        _ => suggest::nearest(class.value, CLASSES.iter().copied()),
    };
    let help = match kind {
        Some(kind) => format!("did you mean `{kind}`?"),
        None => format!("classes are {}", super::listed(CLASSES)),
    };
    let problem = problem(code::STORAGE_CLASS, format!("`{name}` is not a storage class"));
    Some(problem.help(help).maybe_fix(class.span, suggest::same_word(class.value, CLASSES)))
}
