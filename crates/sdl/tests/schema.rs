//! The JSON Schema of manifests against the corpus, the examples, and the checker itself.
//!
//! YAML is read as editors read it, see `support/yaml12.rs`.

#[path = "support/exceptions.rs"]
mod exceptions;
#[path = "support/yaml12.rs"]
mod yaml12;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use exceptions::{Case, RULES, Refusal, Rule};
use jsonschema::Validator;
use serde_json::{Value, json};
use undercut_sdl::{Version, check, check_bytes, schema, text_of};

const VERSIONS: [Option<Version>; 3] = [None, Some(Version::V2_0), Some(Version::V2_1)];

fn parsed(version: Option<Version>) -> Value {
    serde_json::from_str(&schema(version)).unwrap()
}

fn validator(version: Option<Version>) -> Validator {
    jsonschema::draft7::new(&parsed(version)).unwrap()
}

fn corpus() -> Option<PathBuf> {
    let workspace = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let shared = std::env::var_os("UNDERCUT_SHARED").map_or("../shared".into(), PathBuf::from);
    let folder = workspace.join(shared).join("sdl-corpus");
    folder.join("index.jsonl").is_file().then_some(folder)
}

#[test]
fn the_schema_is_valid_for_its_own_dialect() {
    for version in VERSIONS {
        let schema = parsed(version);
        assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
        jsonschema::draft7::meta::validate(&schema).unwrap();
    }
}

#[test]
fn the_text_is_ascii_and_the_same_every_time() {
    for version in VERSIONS {
        let text = schema(version);
        assert!(text.is_ascii() && text.ends_with("}\n"));
        assert_eq!(text, schema(version));
    }
}

/// What one set of the corpus came to.
#[derive(Default)]
struct Tally {
    accepted: usize,
    validate: usize,
    excepted: usize,
    refused: usize,
    /// Of those that the checker refuses.
    also_refused: usize,
    /// By the index of the rule.
    rules: BTreeMap<usize, usize>,
}

/// Counts one accepted case; what is wrong with the schema or the exceptions goes to `failures`.
fn count(tally: &mut Tally, case: &Case, refusals: &[Refusal], failures: &mut Vec<String>) {
    tally.accepted += 1;
    tally.validate += usize::from(case.tree.is_some() && refusals.is_empty());
    let mut excepted = false;
    let mut claimed = vec![false; refusals.len()];
    for (index, rule) in RULES.iter().enumerate() {
        let Rule { reason, meets, claims, only_where_refused } = rule;
        let meets = meets(case);
        let claims: Vec<usize> =
            (0..refusals.len()).filter(|at| claims(case, &refusals[*at])).collect();
        let refused = !claims.is_empty() || case.tree.is_none();
        if meets && refused {
            claims.into_iter().for_each(|at| claimed[at] = true);
            *tally.rules.entry(index).or_default() += 1;
            excepted = true;
        } else if meets && !only_where_refused {
            failures.push(format!("{}: validates in spite of: {reason}", case.id));
        }
    }
    tally.excepted += usize::from(excepted);
    if case.tree.is_none() && !excepted {
        failures.push(format!("{}: is not read", case.id));
    }
    let unexplained = refusals.iter().zip(claimed).filter(|(_, claimed)| !claimed);
    failures.extend(unexplained.map(|(refusal, _)| format!("{}: {refusal}", case.id)));
}

#[test]
fn accepted_manifests_validate_but_for_the_listed_exceptions() {
    let Some(folder) = corpus() else {
        println!("skipped: no sdl-corpus beside the workspace or under UNDERCUT_SHARED");
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "the corpus is required here");
        return;
    };
    let validator = validator(None);
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let mut failures = Vec::new();
    for line in fs::read_to_string(folder.join("index.jsonl")).unwrap().lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let bytes = fs::read(folder.join(row["input"].as_str().unwrap())).unwrap();
        let (sdl, problems) = check_bytes(&bytes);
        let tally = tallies.entry(row["set"].as_str().unwrap().to_owned()).or_default();
        let tree = text_of(&bytes).ok().and_then(|text| yaml12::to_json(&text).ok());
        if sdl.is_none() {
            tally.refused += 1;
            let is_valid = tree.is_some_and(|tree| validator.is_valid(&tree));
            tally.also_refused += usize::from(!is_valid);
            continue;
        }
        let case = Case { id: row["id"].as_str().unwrap().to_owned(), tree, problems };
        let errors = case.tree.iter().flat_map(|tree| validator.iter_errors(tree));
        let refusals: Vec<Refusal> = errors.map(|error| Refusal::new(&error)).collect();
        count(tally, &case, &refusals, &mut failures);
    }
    print(&tallies);
    for (index, rule) in RULES.iter().enumerate() {
        let is_met = tallies.values().any(|tally| tally.rules.contains_key(&index));
        assert!(is_met, "no file is an exception because: {}", rule.reason);
    }
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

fn print(tallies: &BTreeMap<String, Tally>) {
    println!("set             accepted  validate  excepted | refused  by the schema too");
    for (set, t) in tallies {
        let (accepted, validate, excepted) = (t.accepted, t.validate, t.excepted);
        print!("{set:<15} {accepted:>8} {validate:>9} {excepted:>9} | ");
        println!("{:>7} {:>18}", t.refused, t.also_refused);
        for (index, files) in &t.rules {
            println!("    {files:>3}  {}", RULES[*index].reason);
        }
    }
}

#[test]
fn every_example_validates() {
    const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sdl-examples");
    let both = validator(None);
    let mut examples = 0;
    for entry in fs::read_dir(FOLDER).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let tree = yaml12::to_json(&text).unwrap();
        let own = validator(Some(undercut_sdl::Sdl::parse(&text).unwrap().version()));
        for validator in [&both, &own] {
            let errors: Vec<String> =
                validator.iter_errors(&tree).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{}: {errors:?}", path.display());
        }
        examples += 1;
    }
    assert!(examples >= 12, "{examples} examples");
}

/// A manifest with every key that there is.
fn full() -> Value {
    json!({
        "version": "2.1",
        "include": ["a"],
        "endpoints": { "ip1": { "kind": "ip" } },
        "reclamation": { "min_window": "24h" },
        "services": {
            "web": {
                "image": "nginx:1.27",
                "command": ["sh"],
                "args": ["-c", 1, true],
                "env": ["A=1"],
                "dependencies": [{ "service": "web" }],
                "params": {
                    "storage": { "data": { "mount": "/data", "readOnly": false } },
                    "permissions": { "read": ["logs"] },
                    "tee": "cpu"
                },
                "credentials": {
                    "host": "h",
                    "email": "e@e.example",
                    "username": "u",
                    "password": "p"
                },
                "expose": [{
                    "port": 80,
                    "as": 80,
                    "proto": "tcp",
                    "accept": ["a.example"],
                    "http_options": {
                        "max_body_size": 1,
                        "proxy_buffer_size": 1,
                        "read_timeout": 1,
                        "send_timeout": 1,
                        "next_tries": 1,
                        "next_timeout": 1,
                        "next_cases": ["error", 502]
                    },
                    "to": [{ "global": true, "service": "web", "ip": "ip1", "http_options": {} }]
                }]
            }
        },
        "profiles": {
            "compute": { "web": { "resources": {
                "cpu": { "units": 0.5, "attributes": { "arch": "amd64" } },
                "memory": { "size": "512Mi", "attributes": { "anything": 1 } },
                "gpu": { "units": 1, "attributes": { "vendor": { "nvidia": [
                    { "model": "h100", "ram": "80Gi", "interface": "sxm" }
                ] } } },
                "storage": [{
                    "name": "data",
                    "size": "1Gi",
                    "attributes": { "persistent": true, "class": "beta3" }
                }]
            } } },
            "placement": { "akash": {
                "attributes": { "region": "eu" },
                "signedBy": { "allOf": ["a"], "anyOf": ["b"] },
                "pricing": { "web": { "denom": "uact", "amount": 100 } }
            } }
        },
        "deployment": { "web": { "akash": { "profile": "web", "count": 1 } } }
    })
}

/// The text of a JSON value, which is YAML too.
fn text(tree: &Value) -> String {
    serde_json::to_string_pretty(tree).unwrap()
}

/// Follows a reference to a definition.
fn resolved<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    match schema["$ref"].as_str() {
        Some(place) => root.pointer(place.strip_prefix('#').unwrap()).unwrap(),
        None => schema,
    }
}

/// Every value of `tree` with its place and schema.
fn walk<'v>(
    root: &'v Value,
    schema: &'v Value,
    tree: &'v Value,
    place: &str,
    found: &mut Vec<(String, &'v Value, &'v Value)>,
) {
    let schema = resolved(root, schema);
    found.push((place.to_owned(), schema, tree));
    if let Some(pairs) = tree.as_object() {
        for (key, value) in pairs {
            let below = schema["properties"].get(key).unwrap_or(&schema["additionalProperties"]);
            walk(root, below, value, &format!("{place}/{key}"), found);
        }
    }
    for (index, item) in tree.as_array().into_iter().flatten().enumerate() {
        walk(root, &schema["items"], item, &format!("{place}/{index}"), found);
    }
}

#[test]
fn the_schema_knows_the_keys_that_the_checker_knows() {
    let (root, full) = (parsed(None), full());
    assert!(undercut_sdl::Sdl::parse(&text(&full)).is_ok(), "{}", check(&text(&full)).1);
    let mut found = Vec::new();
    walk(&root, &root, &full, "", &mut found);
    let mut compared = 0;
    for (place, schema, tree) in found {
        if !tree.is_object() || schema["additionalProperties"] != false {
            continue;
        }
        let mut strange = full.clone();
        strange.pointer_mut(&place).unwrap()["qqqqqqqq"] = json!([]);
        let (_, problems) = check(&text(&strange));
        let about = problems.iter().find(|problem| problem.sentence.contains("`qqqqqqqq`"));
        let help = about.unwrap_or_else(|| panic!("{place}: {problems}")).help.clone().unwrap();
        let listed = help.split('`').skip(1).step_by(2).map(|name| name.trim_end_matches(':'));
        let listed: BTreeSet<&str> = listed.collect();
        let known = schema["properties"].as_object().unwrap().keys().map(String::as_str);
        assert_eq!(known.collect::<BTreeSet<_>>(), listed, "{place}: {help}");
        compared += 1;
    }
    assert_eq!(compared, 29, "mappings with fixed keys");
}

/// Every schema inside `schema`, with its place.
fn parts<'s>(schema: &'s Value, place: &str, found: &mut Vec<(String, &'s Value)>) {
    found.push((place.to_owned(), schema));
    for key in ["properties", "definitions"] {
        for (name, part) in schema[key].as_object().into_iter().flatten() {
            parts(part, &format!("{place}/{key}/{name}"), found);
        }
    }
    for key in ["items", "additionalProperties"] {
        if let Some(part) = schema.get(key).filter(|part| part.is_object()) {
            parts(part, &format!("{place}/{key}"), found);
        }
    }
}

#[test]
fn every_part_is_described_in_one_or_two_sentences() {
    for version in VERSIONS {
        let root = parsed(version);
        let mut found = Vec::new();
        parts(&root, "", &mut found);
        assert!(found.len() > 100);
        for (place, part) in found {
            let description = resolved(&root, part)["description"].as_str().unwrap_or_default();
            let sentences = description.matches(". ").count() + 1;
            assert!(description.ends_with('.') && sentences <= 3, "{place}: {description:?}");
        }
    }
}

#[test]
fn examples_and_defaults_validate_by_themselves() {
    let root = parsed(None);
    let mut found = Vec::new();
    parts(&root, "", &mut found);
    let mut checked = 0;
    for (place, part) in found {
        let examples = part["examples"].as_array().into_iter().flatten();
        let alone = json!({ "allOf": [part], "definitions": root["definitions"] });
        let validator = jsonschema::draft7::new(&alone).unwrap();
        for example in examples.chain(part.get("default")) {
            assert!(validator.is_valid(example), "{place}: {example}");
            checked += 1;
        }
    }
    assert!(checked > 30, "{checked} examples");
}

#[test]
fn defaults_are_those_that_the_manifest_has() {
    let mut plain = full();
    plain["services"]["web"]["expose"][0]["http_options"] = json!({});
    let sdl = undercut_sdl::Sdl::parse(&text(&plain)).unwrap();
    let manifest: Value = serde_json::from_str(sdl.manifest_json()).unwrap();
    let options = &manifest[0]["services"][0]["expose"][0]["httpOptions"];
    let schema = &parsed(None)["definitions"]["http_options"]["properties"];
    let rows = [
        ("max_body_size", "maxBodySize"),
        ("read_timeout", "readTimeout"),
        ("send_timeout", "sendTimeout"),
        ("next_tries", "nextTries"),
        ("next_timeout", "nextTimeout"),
    ];
    for (key, name) in rows {
        assert_eq!(schema[key]["default"], options[name], "{key}");
        assert!(!options[name].is_null(), "{key}");
    }
}

/// [`full`] with one value put in place of another; `null` takes the key away.
fn changed(place: &str, value: Value) -> Value {
    let mut tree = full();
    let (parent, key) = place.rsplit_once('/').unwrap();
    match (tree.pointer_mut(parent).unwrap(), value) {
        (Value::Array(items), value) => items[key.parse::<usize>().unwrap()] = value,
        (parent, Value::Null) => drop(parent.as_object_mut().unwrap().remove(key).unwrap()),
        (parent, value) => parent[key] = value,
    }
    tree
}

const WEB: &str = "/services/web";
const PORT: &str = "/services/web/expose/0";
const RESOURCES: &str = "/profiles/compute/web/resources";
const MODEL: &str = "/profiles/compute/web/resources/gpu/attributes/vendor/nvidia/0";
const VOLUME: &str = "/profiles/compute/web/resources/storage/0";
const PLACEMENT: &str = "/profiles/placement/akash";

/// A place in two parts, and what to put there.
type Row = (&'static str, &'static str, Value);

/// Changes to [`full`] that make it wrong, for the checker too.
fn wrong() -> Vec<Row> {
    [
        wrong_at_the_top(),
        wrong_in_a_service(),
        wrong_in_a_port(),
        wrong_in_resources(),
        wrong_in_gpus_and_volumes(),
        wrong_in_a_placement(),
    ]
    .concat()
}

fn wrong_at_the_top() -> Vec<Row> {
    vec![
        ("", "/version", json!("1.0")),
        ("", "/version", Value::Null),
        ("", "/service", json!({})),
        ("", "/x-comment", json!("text")),
        ("", "/services", Value::Null),
        ("", "/profiles", Value::Null),
        ("", "/deployment", Value::Null),
        ("", "/deployment", json!({})),
        ("", "/endpoints/ip1/kind", json!("host")),
        ("", "/endpoints/ip1/kind", Value::Null),
        ("", "/endpoints/I", json!({ "kind": "ip" })),
        ("", "/reclamation/min_window", json!("1d")),
        ("", "/reclamation/min_window", json!(24)),
        ("", "/deployment/web/akash/count", json!(0)),
        ("", "/deployment/web/akash/count", json!("1")),
        ("", "/deployment/web/akash/count", Value::Null),
        ("", "/deployment/web/akash/profile", Value::Null),
    ]
}

fn wrong_in_a_service() -> Vec<Row> {
    vec![
        (WEB, "/image", Value::Null),
        (WEB, "/image", json!("")),
        (WEB, "/image", json!(["nginx"])),
        (WEB, "/args", json!("-c")),
        (WEB, "/args/0", json!({ "a": "b" })),
        (WEB, "/env", json!({ "A": 1 })),
        (WEB, "/env/0", json!("1A=2")),
        (WEB, "/env/0", json!("..A=2")),
        (WEB, "/env/0", json!("=2")),
        (WEB, "/params/tee", json!("gpu")),
        (WEB, "/params/storage/data/mount", json!("data")),
        (WEB, "/params/storage/data/mount", Value::Null),
        (WEB, "/params/storage/data/readOnly", json!("true")),
        (WEB, "/credentials/host", Value::Null),
        (WEB, "/credentials/password", json!(" ")),
        (WEB, "/expose", json!({ "port": 80 })),
    ]
}

fn wrong_in_a_port() -> Vec<Row> {
    vec![
        (PORT, "/port", json!(0)),
        (PORT, "/port", json!(65_536)),
        (PORT, "/port", json!("80")),
        (PORT, "/port", Value::Null),
        (PORT, "/as", json!(-1)),
        (PORT, "/proto", json!("http")),
        (PORT, "/accept/0", json!("A.example")),
        (PORT, "/accept/0", json!("*.example")),
        (PORT, "/accept/0", json!("a.example:80")),
        (PORT, "/accept/0", json!(format!("{}.example", "a".repeat(250)))),
        (PORT, "/to", json!({ "global": true })),
        (PORT, "/to/0/global", json!("true")),
        (PORT, "/to/0/global", json!(1)),
        (PORT, "/to/0/global", json!(false)),
        (PORT, "/to/0/global", Value::Null),
        (PORT, "/http_options/max_body_size", json!(104_857_601)),
        (PORT, "/http_options/proxy_buffer_size", json!(1_048_577)),
        (PORT, "/http_options/read_timeout", json!(60_001)),
        (PORT, "/http_options/send_timeout", json!("1s")),
        (PORT, "/http_options/next_tries", json!(-1)),
        (PORT, "/http_options/next_cases", json!(["off", "error"])),
        (PORT, "/http_options/next_cases", json!(["501"])),
        (PORT, "/http_options/next_cases", json!(vec!["error"; 65])),
    ]
}

fn wrong_in_resources() -> Vec<Row> {
    vec![
        (RESOURCES, "/cpu", Value::Null),
        (RESOURCES, "/cpu/units", Value::Null),
        (RESOURCES, "/cpu/units", json!("0.5m")),
        (RESOURCES, "/cpu/units", json!("1c")),
        (RESOURCES, "/cpu/units", json!(0.009)),
        (RESOURCES, "/cpu/units", json!(385)),
        (RESOURCES, "/cpu/attributes/model", json!("x")),
        (RESOURCES, "/memory", Value::Null),
        (RESOURCES, "/memory/size", json!("16GB")),
        (RESOURCES, "/memory/size", json!("1gi")),
        (RESOURCES, "/memory/size", json!("1 Gi")),
        (RESOURCES, "/memory/size", json!("Gi")),
        (RESOURCES, "/memory/size", json!("-1Gi")),
        (RESOURCES, "/memory/size", json!(1_048_575)),
        (RESOURCES, "/storage", Value::Null),
        (RESOURCES, "/storage", json!([])),
        (RESOURCES, "/storage", json!("1Gi")),
        (RESOURCES, "/storage", json!({})),
        (RESOURCES, "/gpu/units", json!(25)),
        (RESOURCES, "/gpu/units", json!("1.5")),
        (RESOURCES, "/gpu/units", json!(0)),
        (RESOURCES, "/gpu/units", Value::Null),
        (RESOURCES, "/gpu/attributes", Value::Null),
        (RESOURCES, "/gpu/attributes", json!({})),
        (RESOURCES, "/gpu/attributes/count", json!(1)),
    ]
}

fn wrong_in_gpus_and_volumes() -> Vec<Row> {
    vec![
        (MODEL, "/model", json!("rtx 4090")),
        (MODEL, "/model", json!("h100*x")),
        (MODEL, "", json!({ "model": "m".repeat(109) })),
        (MODEL, "/ram", json!("80G")),
        (MODEL, "/interface", json!("SXM")),
        (VOLUME, "/size", Value::Null),
        (VOLUME, "/size", json!("1GiB")),
        (VOLUME, "/size", json!(5_242_879)),
        (VOLUME, "/attributes/class", json!("beta4")),
        (VOLUME, "/attributes/class", json!("ram")),
        (VOLUME, "/attributes/persistent", json!("True")),
        (VOLUME, "/attributes/persistent", json!(false)),
        (VOLUME, "/attributes/persistent", Value::Null),
        (VOLUME, "/attributes/speed", json!("high")),
    ]
}

fn wrong_in_a_placement() -> Vec<Row> {
    vec![
        (PLACEMENT, "/pricing", Value::Null),
        (PLACEMENT, "/pricing/web", json!({})),
        (PLACEMENT, "/pricing/web/amount", Value::Null),
        (PLACEMENT, "/pricing/web/amount", json!(0)),
        (PLACEMENT, "/pricing/web/amount", json!(-1)),
        (PLACEMENT, "/pricing/web/amount", json!(10_000_001)),
        (PLACEMENT, "/pricing/web/amount", json!("1e3")),
        (PLACEMENT, "/pricing/web/amount", json!("0.0000000000000000001")),
        (PLACEMENT, "/pricing/web/denom", json!("ua")),
        (PLACEMENT, "/pricing/web/denom", Value::Null),
        (PLACEMENT, "/attributes/region", json!(["eu"])),
        (PLACEMENT, "/signedBy/anyOf", json!("b")),
    ]
}

#[test]
fn what_the_checker_refuses_in_one_place_the_schema_refuses_too() {
    let validator = validator(None);
    assert!(validator.is_valid(&full()));
    for (base, rest, value) in wrong() {
        let place = format!("{base}{rest}");
        let tree = changed(&place, value.clone());
        let mut errors = validator.iter_errors(&tree);
        // The fault is told on the way to the place, or beside it.
        let (owner, _) = place.rsplit_once('/').unwrap();
        let found = errors.any(|error| {
            let path = error.instance_path().to_string();
            path.starts_with(owner) || (!path.is_empty() && owner.starts_with(&path))
        });
        assert!(found, "{place}: {value} is not refused there");
        assert!(check(&text(&tree)).0.is_none(), "{place}: {value} is right for the checker");
    }
}

#[test]
fn a_misspelt_key_that_the_checker_warns_of_is_refused() {
    let validator = validator(None);
    let rows = [
        (WEB, "/img"),
        (WEB, "/params/storages"),
        (WEB, "/params/storage/data/readonly"),
        (WEB, "/credentials/user"),
        (WEB, "/x-comment"),
        (PORT, "/protocol"),
        (PORT, "/to/0/globl"),
        (PORT, "/http_options/timeout"),
        (RESOURCES, "/gpus"),
        (RESOURCES, "/cpu/unit"),
        (RESOURCES, "/memory/sizes"),
        (VOLUME, "/class"),
        (MODEL, "/memory"),
        (PLACEMENT, "/signed_by"),
        (PLACEMENT, "/pricing/web/price"),
        ("", "/deployment/web/akash/replicas"),
        ("", "/profiles/volumes"),
    ];
    for (base, rest) in rows {
        let place = format!("{base}{rest}");
        let tree = changed(&place, json!([]));
        let (sdl, problems) = check(&text(&tree));
        let codes: Vec<&str> = problems.iter().map(|problem| problem.code.as_str()).collect();
        assert!(sdl.is_some() && codes == ["SDL090"], "{place}: {codes:?}");
        assert!(!validator.is_valid(&tree), "{place} is not refused");
    }
}

/// Changes to [`full`] that leave it right.
fn right() -> Vec<Row> {
    let mut rows = vec![
        ("", "/version", json!("2.0")),
        ("", "/include", Value::Null),
        ("", "/reclamation", Value::Null),
        ("", "/reclamation/min_window", json!("1h30m")),
        ("", "/reclamation/min_window", json!(".5s")),
        ("", "/reclamation/min_window", json!("100\u{b5}s")),
        ("", "/deployment/web/akash/count", json!(50)),
        (WEB, "/args", json!([])),
        (WEB, "/args/0", json!(1.5)),
        (WEB, "/env", json!(["A", "-a.b=c=d", ".x", "_=\n"])),
        (WEB, "/credentials", Value::Null),
        (WEB, "/credentials/password", json!(123_456)),
        (WEB, "/params/tee", json!("cpu-gpu")),
        (WEB, "/params/storage/data/readOnly", json!("yes")),
        (PORT, "/port", json!(65_535)),
        (PORT, "/as", json!(0)),
        (PORT, "/as", Value::Null),
        (PORT, "/proto", json!("UDP")),
        (PORT, "/accept/0", json!("a-1.b.example")),
        (PORT, "/to/0/global", json!("on")),
        (PORT, "/to/0/service", json!("")),
        (PORT, "/http_options/max_body_size", json!(104_857_600)),
        (PORT, "/http_options/read_timeout", json!(0)),
        (PORT, "/http_options/next_cases", json!([404, "429", "timeout"])),
        (PORT, "/http_options/next_cases", json!(["off"])),
        (PORT, "/http_options/next_cases", json!([])),
    ];
    for units in [json!(0.01), json!(384), json!("10m"), json!("0.5"), json!(".5"), json!("5e-1")] {
        rows.push((RESOURCES, "/cpu/units", units));
    }
    for size in [json!(1_048_576), json!("2Ti"), json!("1e3Mi"), json!("2147483648"), json!("1.5G")]
    {
        rows.push((RESOURCES, "/memory/size", size));
    }
    rows.extend([
        (RESOURCES, "/cpu/attributes", Value::Null),
        (RESOURCES, "/gpu/units", json!("01")),
        (RESOURCES, "/gpu/attributes/vendor/nvidia", json!([])),
        (MODEL, "/model", json!(4090)),
        (MODEL, "/model", json!("a/b_c.d-e")),
        (MODEL, "", json!({ "model": "m".repeat(108) })),
        (MODEL, "/ram", json!("40960Mi")),
        (MODEL, "/ram", Value::Null),
        (VOLUME, "/size", json!("32Ti")),
        (VOLUME, "/attributes/persistent", json!("off")),
        (VOLUME, "/attributes/class", Value::Null),
        (VOLUME, "/attributes", Value::Null),
        (VOLUME, "/attributes", json!({ "class": "ram" })),
        (VOLUME, "/attributes", json!({ "class": "ram", "persistent": "false" })),
        (PLACEMENT, "/attributes", Value::Null),
        (PLACEMENT, "/attributes/region", json!(true)),
        (PLACEMENT, "/pricing/web/amount", json!("10000000")),
        (PLACEMENT, "/pricing/web/amount", json!("0.000000000000000001")),
        (PLACEMENT, "/pricing/web/denom", json!("ibc/ABC")),
    ]);
    rows
}

#[test]
fn what_is_right_for_the_checker_is_right_for_the_schema() {
    let validator = validator(None);
    for (base, rest, value) in right() {
        let place = format!("{base}{rest}");
        let tree = changed(&place, value.clone());
        let (sdl, problems) = check(&text(&tree));
        assert!(sdl.is_some(), "{place}: {value}: {problems}");
        let errors: Vec<String> =
            validator.iter_errors(&tree).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{place}: {value}: {errors:?}");
    }
}

#[test]
fn one_volume_needs_no_list() {
    let mut tree = changed("/services/web/params/storage", Value::Null);
    tree["profiles"]["compute"]["web"]["resources"]["storage"] = json!({ "size": "1Gi" });
    assert!(check(&text(&tree)).0.is_some());
    assert!(validator(None).is_valid(&tree));
}

#[test]
fn the_schema_of_one_version_refuses_the_other() {
    let (old, new) = (changed("/version", json!("2.0")), full());
    for (version, accepts_old, accepts_new) in
        [(None, true, true), (Some(Version::V2_0), true, false), (Some(Version::V2_1), false, true)]
    {
        let validator = validator(version);
        assert_eq!(validator.is_valid(&old), accepts_old, "{version:?}");
        assert_eq!(validator.is_valid(&new), accepts_new, "{version:?}");
    }
}

#[test]
fn plain_texts_are_what_yaml_1_2_says() {
    let text = "[1, 010, 0x1F, 0o17, 1.5, .5, 5., 1e3, -1, yes, on, True, ~, 1_000, 0b1, '1', \
        !!str 1, !!int '1', 12:30, 1.2.3]";
    let expected = json!([
        1, 10, 31, 15, 1.5, 0.5, 5.0, 1000.0, -1, "yes", "on", true, null, "1_000", "0b1", "1",
        "1", 1, "12:30", "1.2.3"
    ]);
    assert_eq!(yaml12::to_json(text).unwrap(), expected);
}

#[test]
fn keys_of_a_mapping_win_over_merged_ones_and_the_first_source_over_the_next() {
    let text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  <<: [*a, *b]\n  x: 3\n";
    let expected = json!({"x": 3, "y": 1, "z": 2});
    assert_eq!(yaml12::to_json(text).unwrap()["c"], expected);
}
