//! Compute profiles: CPU, memory, storage, GPUs.

use undercut_primitives::resources::limits;

use super::forms;
use super::value::{Object, Value};
use crate::decode::profile::CLASSES;

/// The most characters of a GPU model: an attribute's key of 128, without what stands before it.
const MODEL_LENGTH_MAX: u64 = 108;

pub(super) fn compute_profile() -> Object {
    const KEYS: &[&str] = &["cpu", "memory", "storage", "gpu"];
    let description = "The resources of one replica of a service.";
    forms::mapping(description, &["resources"], &["resources"], |_| {
        let required = &["cpu", "memory", "storage"];
        Some(forms::mapping(description, required, KEYS, |key| {
            Some(match key {
                "cpu" => cpu(),
                "memory" => memory(),
                "storage" => storage(),
                "gpu" => gpu(),
                _ => return None,
            })
        }))
    })
}

fn cpu() -> Object {
    forms::mapping("Processors.", &["units"], &["units", "attributes"], |key| {
        Some(match key {
            "units" => forms::cpus(
                "CPUs, or thousandths of one with the suffix `m`",
                limits::UNIT_CPU_MILLI,
            ),
            _ => forms::optional_mapping("What the CPU must be.", &["arch"], |_| {
                Some(forms::scalar("The architecture.").with("examples", ["amd64", "arm64"]))
            }),
        })
    })
}

fn memory() -> Object {
    forms::mapping("Main memory.", &["size"], &["size", "attributes"], |key| {
        Some(match key {
            "size" => forms::size("Memory of one replica", limits::UNIT_MEMORY_BYTES)
                .with("examples", ["512Mi", "2Gi"]),
            _ => forms::anything("Ignored."),
        })
    })
}

/// One volume as a mapping, or several as a list.
fn storage() -> Object {
    let description = "One volume, or a list of volumes with a name each.";
    let schema = forms::of_types(["object", "array"], description).with("required", ["size"]);
    let name = "Ignored: a volume that is not in a list is called `default`.";
    let schema = forms::with_keys(schema, VOLUME_KEYS, |key| volume_key(key, name));
    schema.with("minItems", 1).with("items", forms::defined("volume"))
}

const VOLUME_KEYS: &[&str] = &["name", "size", "attributes"];

/// A volume of a list.
pub(super) fn volume() -> Object {
    let description = "A volume. Each of a profile needs a name of its own.";
    let name = "The name under which services mount the volume, `default` when left out.";
    forms::mapping(description, &["size"], VOLUME_KEYS, |key| volume_key(key, name))
}

fn volume_key(key: &str, name: &str) -> Option<Object> {
    Some(match key {
        "name" => forms::any_text(name).with("examples", ["data"]),
        "size" => forms::size("Size of the volume for one replica", limits::VOLUME_BYTES)
            .with("examples", ["1Gi", "100Gi"]),
        "attributes" => volume_attributes(),
        _ => return None,
    })
}

fn volume_attributes() -> Object {
    let description = "How the volume is stored. Without attributes the class is up to the \
        provider, and the volume is gone with the replica.";
    let attributes = forms::optional_mapping(description, &["persistent", "class"], |key| {
        Some(match key {
            "persistent" => persistent(),
            _ => forms::one_of(
                "The storage class: `beta1` is HDD, `beta2` SSD, `beta3` NVMe, `ram` memory, \
                 `default` the provider's choice. All but `ram` need `persistent: true`, which \
                 alone means `default`.",
                CLASSES,
            )
            .with("examples", ["beta3"]),
        })
    });
    let kept: Vec<&str> = CLASSES.iter().copied().filter(|class| *class != "ram").collect();
    let no = [Value::from(false), "false".into()];
    let for_ram = Object::new().with("properties", persistent_is(&no, "`ram` is not persistent"));
    // Only the exact word false is taken for none at all.
    let words = ["true", "yes", "on", "no", "off"].map(Value::from);
    let yes: Vec<Value> = std::iter::once(Value::Bool(true)).chain(words).collect();
    let message = "a storage class needs persistent: true; only `ram` goes without";
    let for_kept = Object::new().with("required", ["persistent"]);
    let for_kept = for_kept.with("properties", persistent_is(&yes, message));
    let rules = [(vec!["ram"], for_ram), (kept, for_kept)];
    let rule = |(classes, then)| {
        let class = Object::new().with("class", Object::new().with("enum", classes));
        let condition = Object::new().with("required", ["class"]).with("properties", class);
        Object::new().with("if", condition).with("then", then)
    };
    attributes.with("allOf", rules.map(rule))
}

/// The condition that `persistent`, if there, is one of `values`.
fn persistent_is(values: &[Value], message: &str) -> Object {
    let one_of = Object::new().with("enum", values.to_vec()).with("errorMessage", message);
    Object::new().with("persistent", one_of)
}

fn persistent() -> Object {
    let description = "Whether the volume survives a restart of the replica. A persistent volume \
        must be mounted under `params.storage` of the service.";
    forms::of_types(["boolean", "string"], description)
        .with("pattern", "^(true|false|on|off|yes|no)$")
        .with("errorMessage", "write true or false, in small letters")
        .with("default", false)
}

fn gpu() -> Object {
    let description = "GPUs of one replica. None when left out.";
    let mapping = forms::optional_mapping(description, &["units", "attributes"], |key| {
        Some(match key {
            "units" => gpu_units(),
            _ => forms::optional_mapping("Which GPUs will do.", &["vendor"], |_| Some(vendors()))
                .with("required", ["vendor"]),
        })
    });
    let some = Object::new()
        .with("type", ["integer", "string"])
        .with("minimum", 1_u64)
        .with("pattern", "[1-9]");
    let has_units = Object::new().with("properties", Object::new().with("units", some));
    let attributes = |types: &str, message: &str| {
        let attributes = Object::new().with("type", types).with("errorMessage", message);
        Object::new().with("properties", Object::new().with("attributes", attributes))
    };
    let given = attributes("object", "say which GPUs: attributes with vendor and nvidia");
    mapping
        .with("if", has_units.with("required", ["units"]))
        .with("then", given.with("required", ["attributes"]))
        .with("else", attributes("null", "attributes need units, 1 or more"))
}

fn gpu_units() -> Object {
    let (least, most) = limits::UNIT_GPUS.into_inner();
    let description = format!("How many GPUs, {least} to {most}; 0 by default.");
    forms::of_types(["integer", "string"], &description)
        .with("minimum", least)
        .with("maximum", most)
        .with("pattern", "^[0-9]+$")
        .with("errorMessage", "write digits alone: 1")
        .with("default", 0_u64)
        .with("examples", [1_u64])
}

fn vendors() -> Object {
    let description = "The models that will do, by vendor: `nvidia` is the only one.";
    forms::mapping(description, &["nvidia"], &["nvidia"], |_| {
        let description = "Models that will do, any one of them. An empty list means any model.";
        Some(forms::list(description, model()))
    })
}

fn model() -> Object {
    const KEYS: &[&str] = &["model", "ram", "interface"];
    forms::mapping("A GPU that will do.", &["model"], KEYS, |key| {
        Some(match key {
            "model" => forms::of_types(
                ["string", "integer"],
                "The model as providers name it, or \"*\" for any; \"*\" stands without `ram` and \
                 `interface`.",
            )
            .with("pattern", r"^[-_./a-zA-Z0-9]*\*?$")
            .with("errorMessage", "use letters, digits, `-`, `_`, `.` and `/`, without blanks")
            .with("minLength", 1)
            .with("maxLength", MODEL_LENGTH_MAX)
            .with("examples", ["h100", "rtx4090", "*"]),
            "ram" => forms::gpu_memory("Its memory, in whole Gi; any when left out.")
                .with("examples", ["24Gi", "80Gi"]),
            "interface" => {
                forms::one_of("How it is connected; either way when left out.", &["pcie", "sxm"])
            }
            _ => return None,
        })
    })
}
