//! Manifests that the checker accepts and the schema refuses, by reason.
//!
//! A rule says of which manifests it is true, from the tree or the warnings, and which refusals
//! it explains. Where a manifest meets a rule it must be refused for it; every refusal must be
//! explained by a rule that the manifest meets.

use std::collections::BTreeSet;
use std::fmt;

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;
use undercut_sdl::{Diagnostics, PROBLEMS_MAX};

/// A manifest that the checker accepts.
pub(crate) struct Case {
    pub(crate) id: String,
    /// The tree that an editor sees; `None` when the parser does not read the text.
    pub(crate) tree: Option<Value>,
    pub(crate) problems: Diagnostics,
}

/// What the schema has against one value.
pub(crate) struct Refusal {
    keyword: String,
    /// Keys and indices from the root.
    path: Vec<String>,
    value: Value,
    /// Keys that are not known.
    unknown: BTreeSet<String>,
    text: String,
}

impl Refusal {
    pub(crate) fn new(error: &ValidationError<'_>) -> Self {
        let path = error.instance_path().to_string();
        let unescape = |key: &str| key.replace("~1", "/").replace("~0", "~");
        let (unknown, value) = match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                (unexpected.iter().cloned().collect(), error.instance().clone().into_owned())
            }
            ValidationErrorKind::PropertyNames { error } => {
                (BTreeSet::new(), error.instance().clone().into_owned())
            }
            _ => (BTreeSet::new(), error.instance().clone().into_owned()),
        };
        Self {
            keyword: error.kind().keyword().to_owned(),
            path: path.split('/').skip(1).map(unescape).collect(),
            value,
            unknown,
            text: format!("{path}: {}", error.to_string().chars().take(200).collect::<String>()),
        }
    }

    fn key(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Why a manifest may be refused.
pub(crate) struct Rule {
    pub(crate) reason: &'static str,
    pub(crate) meets: fn(&Case) -> bool,
    pub(crate) claims: fn(&Case, &Refusal) -> bool,
    /// Whether a manifest may meet the rule and validate all the same.
    pub(crate) only_where_refused: bool,
}

const fn rule(
    reason: &'static str,
    meets: fn(&Case) -> bool,
    claims: fn(&Case, &Refusal) -> bool,
) -> Rule {
    Rule { reason, meets, claims, only_where_refused: false }
}

/// Keys with a whole number.
const NUMBERS: [&str; 9] = [
    "port",
    "as",
    "count",
    "max_body_size",
    "proxy_buffer_size",
    "read_timeout",
    "send_timeout",
    "next_tries",
    "next_timeout",
];

/// Keys with a text, number or flag that must be there when the key is.
const SCALARS: [&str; 12] = [
    "as",
    "proto",
    "global",
    "readOnly",
    "ip",
    "service",
    "tee",
    "class",
    "persistent",
    "interface",
    "ram",
    "count",
];

/// Keys with a text, or a list of texts, for which the schema wants no plain number or flag.
const TEXTS: [&str; 5] = ["image", "accept", "env", "profile", "service"];

/// The reasons, each met by at least one file of the corpus.
pub(crate) const RULES: &[Rule] = &[
    rule("a key is ignored (SDL090)", |case| has(case, "SDL090"), is_ignored),
    rule("a GPU vendor other than nvidia means any nvidia", other_vendor, |_, refusal| {
        refusal.key() == "vendor"
    }),
    rule(
        "a GPU alternative names no model (SDL065)",
        |case| told(case, "SDL065", "names no model"),
        |_, refusal| {
            refusal.path.iter().any(|key| key == "nvidia") && refusal.keyword == "required"
        },
    ),
    rule(
        "a service is to run zero times (SDL035)",
        |case| has(case, "SDL035"),
        |_, refusal| refusal.key() == "count" && refusal.keyword == "minimum",
    ),
    rule(
        "the version is not the text 2.0 or 2.1",
        |case| finds(case, |key, value| key == "version" && value != "2.0" && value != "2.1"),
        |_, refusal| refusal.path == ["version"],
    ),
    rule(
        "a whole number has a fraction, or is one in YAML 1.1 only",
        |case| finds(case, |key, value| NUMBERS.contains(&key) && is_no_integer(value)),
        |_, refusal| NUMBERS.contains(&refusal.key()) && is_no_integer(&refusal.value),
    ),
    rule(
        "a quantity has underscores or is hexadecimal",
        |case| finds(case, |key, value| is_quantity(key) && is_odd(value)),
        |_, refusal| is_quantity(refusal.key()) && is_odd(&refusal.value),
    ),
    rule(
        "GPU memory has no unit, which is bytes and so 0Gi or digits too many",
        |case| finds(case, |key, value| key == "ram" && has_no_unit(value)),
        |_, refusal| refusal.key() == "ram" && has_no_unit(&refusal.value),
    ),
    rule(
        "an outside port is above 65535",
        |case| finds(case, |key, value| key == "as" && value.as_u64() > Some(65_535)),
        |_, refusal| refusal.key() == "as" && refusal.keyword == "maximum",
    ),
    rule(
        "a protocol is written otherwise than tcp, TCP, udp, UDP",
        |case| finds(case, |key, value| key == "proto" && is_odd_protocol(value)),
        |_, refusal| refusal.key() == "proto" && is_odd_protocol(&refusal.value),
    ),
    rule(
        "`tee` is an empty text",
        |case| finds(case, |key, value| key == "tee" && value == ""),
        |_, refusal| refusal.key() == "tee" && refusal.value == "",
    ),
    rule(
        "a plain number or flag stands for a text",
        |case| finds(case, is_number_for_text),
        |_, refusal| {
            let key = refusal.path.iter().rev().find(|key| key.parse::<usize>().is_err());
            key.is_some_and(|key| is_number_for_text(key, &refusal.value))
        },
    ),
    rule(
        "a key has no value",
        |case| finds(case, |key, value| SCALARS.contains(&key) && value.is_null()),
        |_, refusal| SCALARS.contains(&refusal.key()) && refusal.value.is_null(),
    ),
    rule(
        "an item of a list has no value",
        |case| {
            finds(case, |_, value| value.as_array().is_some_and(|list| list.contains(&Value::Null)))
        },
        |_, refusal| refusal.value.is_null() && refusal.key().parse::<usize>().is_ok(),
    ),
    rule(
        "a key is null, which counts for nothing",
        |case| finds(case, |key, _| matches!(key, "~" | "null")),
        |_, refusal| refusal.keyword == "propertyNames" && refusal.value == "~",
    ),
    Rule {
        reason: "a service that is not deployed is hardly checked (SDL092)",
        meets: |case| has(case, "SDL092"),
        claims: is_about_unused_service,
        only_where_refused: true,
    },
    rule("the parser reads the text only after a repair", |case| case.tree.is_none(), |_, _| false),
];

fn has(case: &Case, code: &str) -> bool {
    case.problems.iter().any(|problem| problem.code.as_str() == code)
}

fn told(case: &Case, code: &str, words: &str) -> bool {
    let mut problems = case.problems.iter().filter(|problem| problem.code.as_str() == code);
    problems.any(|problem| problem.sentence.contains(words))
}

/// Whether a pair of key and value with this property is anywhere in the tree.
fn finds(case: &Case, is_wanted: fn(&str, &Value) -> bool) -> bool {
    fn search(key: &str, value: &Value, is_wanted: fn(&str, &Value) -> bool) -> bool {
        let below = match value {
            Value::Object(pairs) => pairs.iter().any(|(key, value)| search(key, value, is_wanted)),
            Value::Array(items) => items.iter().any(|item| search(key, item, is_wanted)),
            _ => false,
        };
        below || is_wanted(key, value)
    }
    case.tree.as_ref().is_some_and(|tree| search("/", tree, is_wanted))
}

/// Whether all unknown keys of a mapping are ones that the checker says it ignores.
fn is_ignored(case: &Case, refusal: &Refusal) -> bool {
    // The checker shows 60 characters of a key, and no control characters.
    let shown = |key: &String| {
        let visible = |c: char| if c.is_control() { '\u{fffd}' } else { c };
        let short: String = key.chars().take(60).map(visible).collect();
        let dots = if key.chars().count() > 60 { "..." } else { "" };
        format!("has no key `{short}{dots}`; it is ignored")
    };
    let is_told =
        |end: String| case.problems.iter().any(|problem| problem.sentence.ends_with(&end));
    let mut shown = refusal.unknown.iter().map(shown);
    let warnings = case.problems.iter().filter(|problem| problem.code.as_str() == "SDL090").count();
    match warnings {
        _ if refusal.unknown.is_empty() => false,
        // More are not told.
        PROBLEMS_MAX => shown.any(is_told),
        _ => shown.all(is_told),
    }
}

fn other_vendor(case: &Case) -> bool {
    finds(case, |key, value| {
        let vendors = value.as_object().filter(|_| key == "vendor");
        vendors.is_some_and(|vendors| vendors.len() != 1 || !vendors.contains_key("nvidia"))
    })
}

fn is_no_integer(value: &Value) -> bool {
    let fraction = value.as_f64().is_some_and(|number| number.fract() != 0.0);
    fraction || value.is_string()
}

fn is_quantity(key: &str) -> bool {
    matches!(key, "units" | "size")
}

fn is_odd(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.contains('_') || text.starts_with("0x"))
}

fn has_no_unit(value: &Value) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    value.is_number() || value.as_str().is_some_and(digits)
}

fn is_odd_protocol(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !matches!(text, "tcp" | "TCP" | "udp" | "UDP"))
}

fn is_number_for_text(key: &str, value: &Value) -> bool {
    TEXTS.contains(&key) && (value.is_number() || value.is_boolean())
}

/// Whether a refusal is about a service that no entry of the deployment places.
fn is_about_unused_service(case: &Case, refusal: &Refusal) -> bool {
    let name = match refusal.path.as_slice() {
        [top] if top == "services" => refusal.value.as_str().unwrap_or_default(),
        [top, name, ..] if top == "services" || top == "deployment" => name,
        _ => return false,
    };
    let tree = case.tree.as_ref().unwrap();
    let places = tree["deployment"][name].as_object();
    places.is_none_or(serde_json::Map::is_empty)
}
