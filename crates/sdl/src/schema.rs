//! [`schema`]: the form of a manifest as JSON Schema, for editors that complete and check YAML.
//!
//! The dialect is draft-07: every editor reads it, also in versions that know none of the later
//! ones, and nothing of those is needed. What one value must look like is in the schema; what
//! depends on another part of the manifest (names that refer to each other, totals) is not, so
//! [`check`](crate::check) is still the judge. It is stricter in one way: a key that
//! [`check`](crate::check) warns of and ignores is refused, because it is most often misspelt.
//!
//! Keys, words and limits come from the tables of the modules that read and check a manifest.

mod forms;
mod placement;
mod profile;
mod service;
mod value;

use crate::decode::document::TOP_KEYS;
use crate::model::Version;
use value::{Object, Value};

/// The dialect.
const DIALECT: &str = "http://json-schema.org/draft-07/schema#";

/// The form of a service's name.
const SERVICE_NAME: &str = "^[a-z]([-a-z0-9]*[a-z0-9])?$";

/// The form of a leased IP's name.
const ENDPOINT_NAME: &str = "^[a-z][-_a-z0-9]+$";

/// The JSON Schema (draft-07) of manifests of `version`, or of both versions with `None`.
///
/// Text of 2 blanks per level, ASCII, with a final newline; always the same for one version. Keys
/// stand in the order of reading: what a thing is, its type, its limits, its parts.
///
/// ```
/// use undercut_sdl::{Version, schema};
///
/// let both = schema(None);
/// assert!(both.starts_with("{\n  \"$schema\": \"http://json-schema.org/draft-07/schema#\",\n"));
/// assert!(both.contains("\"enum\": [\"2.0\", \"2.1\"]"));
/// assert!(schema(Some(Version::V2_1)).contains("\"enum\": [\"2.1\"]"));
/// ```
#[must_use]
pub fn schema(version: Option<Version>) -> String {
    let rules = Rules(version);
    let definitions: Object = [
        ("service", service::service(rules)),
        ("expose", service::expose()),
        ("http_options", service::http_options()),
        ("compute_profile", profile::compute_profile()),
        ("volume", profile::volume()),
        ("placement", placement::placement()),
        ("deployed", deployed(rules)),
    ]
    .into_iter()
    .collect();
    let description = "What to run, on which resources, where, and for how much at most.";
    let head = Object::new()
        .with("$schema", DIALECT)
        .with("title", rules.pick("SDL 2.0 and 2.1", "SDL 2.0", "SDL 2.1"))
        .with("description", description)
        .with("type", "object")
        .with("required", ["version", "services", "profiles", "deployment"]);
    let whole = forms::with_keys(head, TOP_KEYS, |key| top(key, rules));
    Value::from(whole.with("definitions", definitions)).to_text()
}

/// The versions that a schema is for.
#[derive(Clone, Copy, Debug)]
struct Rules(Option<Version>);

impl Rules {
    /// The one of three that is true for these versions.
    fn pick<T>(self, both: T, v2_0: T, v2_1: T) -> T {
        match self.0 {
            None => both,
            Some(Version::V2_0) => v2_0,
            Some(Version::V2_1) => v2_1,
        }
    }
}

/// The value of a key of the document.
fn top(key: &str, rules: Rules) -> Option<Object> {
    let schema = match key {
        "version" => version(rules),
        "include" => forms::list("Read and ignored.", forms::scalar("Any text.")),
        "services" => forms::names(
            "What to run: the services by name. Each is one container image with its ports.",
            service_name(),
            forms::defined("service"),
        ),
        "profiles" => profiles(),
        "deployment" => deployment(),
        "endpoints" => endpoints(),
        "reclamation" => reclamation(),
        _ => return None,
    };
    Some(schema)
}

fn version(rules: Rules) -> Object {
    let description = rules.pick(
        "The rules that the manifest follows, in quotes. In 2.1, services that share a compute \
         profile in one placement share one resource unit; in 2.0, each has its own.",
        "The rules that the manifest follows, in quotes: \"2.0\".",
        "The rules that the manifest follows, in quotes: \"2.1\".",
    );
    const VERSIONS: [&str; 2] = ["2.0", "2.1"];
    let [first, second] = VERSIONS;
    let versions = rules.pick(VERSIONS.to_vec(), vec![first], vec![second]);
    let quoted: Vec<String> = versions.iter().map(|version| format!("\"{version}\"")).collect();
    let message = format!("write {}, with the quotes", quoted.join(" or "));
    forms::one_of(description, &versions).with("errorMessage", message)
}

fn service_name() -> Object {
    let message = "use small letters, digits and hyphens: a letter first, no hyphen last";
    forms::name_form(SERVICE_NAME, message)
}

/// What the name of a profile or placement looks like.
fn any_name() -> Object {
    Object::new().with("minLength", 1)
}

fn profiles() -> Object {
    const KEYS: &[&str] = &["compute", "placement"];
    let description = "The resources that services need, and the placements where they may run.";
    forms::mapping(description, KEYS, KEYS, |key| {
        Some(match key {
            "compute" => forms::names(
                "Compute profiles by name: CPU, memory, storage and GPUs of one replica.",
                any_name(),
                forms::defined("compute_profile"),
            ),
            _ => forms::names(
                "Placements by name. Each is auctioned, won and paid for on its own.",
                any_name(),
                forms::defined("placement"),
            ),
        })
    })
}

fn deployment() -> Object {
    let places = forms::names(
        "The placements that the service goes to.",
        any_name(),
        forms::defined("deployed"),
    );
    let description =
        "Which service goes where: by service and placement, the compute profile and the replicas.";
    forms::names(description, service_name(), places)
}

fn deployed(rules: Rules) -> Object {
    const KEYS: &[&str] = &["profile", "count"];
    let profile = rules.pick(
        "The compute profile of each replica; the placement must price it. In 2.1, services with \
         one profile in one placement share its resource unit.",
        "The compute profile of each replica; the placement must price it.",
        "The compute profile of each replica; the placement must price it. Services with one \
         profile in one placement share its resource unit.",
    );
    let count = "Replicas, 1 or more. Only the resources of the whole placement limit them.";
    forms::mapping("A service in one placement.", KEYS, KEYS, |key| {
        Some(match key {
            "profile" => forms::text(profile).with("examples", ["web"]),
            _ => forms::whole(count, 1..=u32::MAX).with("examples", [1_u64]),
        })
    })
}

fn endpoints() -> Object {
    const KEYS: &[&str] = &["kind"];
    let message = "use small letters, digits, hyphens and underscores: two or more, a letter first";
    let endpoint = forms::mapping("A leased IP address.", KEYS, KEYS, |_| {
        Some(forms::one_of("The kind of endpoint: `ip` is the only one.", &["ip"]))
    });
    let description = "IP addresses to lease, by name. Every one must be used by the `ip` of a \
        global port of a deployed service.";
    forms::of_types(["object", "null"], description)
        .with("propertyNames", forms::name_form(ENDPOINT_NAME, message))
        .with("additionalProperties", endpoint)
}

fn reclamation() -> Object {
    const KEYS: &[&str] = &["min_window"];
    let description = "Lets the provider take the resources back, after a notice.";
    let window = "How long before its end a reclaimed lease must be told so: numbers with a unit, \
        ns, us, ms, s, m or h, above zero. There are no days.";
    let form = r"^\+?(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h))+$";
    let message = "write hours, minutes or seconds: 24h, 1h30m, 45s";
    forms::mapping(description, KEYS, KEYS, |_| {
        Some(forms::pattern(window, form, message).with("examples", ["24h", "1h30m"]))
    })
}
