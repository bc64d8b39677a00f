//! Manifests against groups, and both from JSON: every pair of the corpus, then rule by rule.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::{Value, json};
use undercut_primitives::{Attribute, Endpoint, EndpointKind, GroupSpec};
use undercut_sdl::{
    JSON_BYTES_MAX, JsonError, Manifest, ManifestError, Sdl, check_bytes, groups_from_json,
};

fn corpus() -> Option<PathBuf> {
    let workspace = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let shared = std::env::var_os("UNDERCUT_SHARED").map_or("../shared".into(), PathBuf::from);
    let folder = workspace.join(shared).join("sdl-corpus");
    if folder.join("index.jsonl").is_file() {
        return Some(folder);
    }
    println!("skipped: no sdl-corpus beside the workspace or under UNDERCUT_SHARED");
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "the corpus is required here");
    None
}

fn example(name: &str) -> Sdl {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../sdl-examples"));
    Sdl::parse(&fs::read_to_string(folder.join(name)).unwrap()).unwrap()
}

/// The refused pairs of the corpus, and with which code.
const REFUSED: &[(&str, &str)] = &[
    ("zero-resource-id", "MAN006"),
    ("expose-not-global", "MAN014"),
    ("group-dup-name", "MAN013"),
    ("services-unsorted", "MAN003"),
    ("expose-unsorted", "MAN008"),
    ("no-services", "MAN002"),
    ("empty-manifest", "MAN001"),
    ("group-count-fewer", "MIS001"),
    ("group-count-more", "MIS001"),
    ("group-name", "MIS002"),
    ("unknown-resource-id", "MIS003"),
    ("over-count", "MIS004"),
    ("mismatch-cpu", "MIS005"),
    ("mismatch-cpu-attr", "MIS005"),
    ("mismatch-gpu", "MIS006"),
    ("mismatch-gpu-attr-order", "MIS006"),
    ("mismatch-memory", "MIS007"),
    ("mismatch-storage-size", "MIS008"),
    ("mismatch-storage-name", "MIS008"),
    ("mismatch-storage-order", "MIS008"),
    ("storage-shorter-in-group", "MIS008"),
    ("over-http", "MIS009"),
    ("over-ip", "MIS009"),
    ("ingress-to-port", "MIS009"),
    ("under-http", "MIS010"),
    ("under-port", "MIS010"),
    ("under-ip", "MIS010"),
    ("extra-unit", "MIS011"),
    ("under-count", "MIS011"),
    ("zero-count", "MIS011"),
];

#[test]
fn every_pair_of_the_corpus_has_the_verdict_of_the_reference() {
    let Some(folder) = corpus() else { return };
    let cases = fs::read_to_string(folder.join("crosscheck/cases.jsonl")).unwrap();
    let (mut count, mut equal, mut wrong) = (0, 0, Vec::new());
    for line in cases.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let id = case["id"].as_str().unwrap();
        let manifest = Manifest::from_json(&case["manifest"].to_string()).unwrap();
        let groups = groups_from_json(&case["groups"].to_string()).unwrap();
        let result = manifest.check_against(&groups);
        count += 1;
        equal += usize::from(Some(result.is_ok()) == case["accepted"].as_bool());
        let code = result.as_ref().err().map(|mismatch| mismatch.code().as_str());
        let expected = REFUSED.iter().find(|(refused, _)| *refused == id).map(|(_, code)| *code);
        if code != expected {
            wrong.push(format!("{id}: {result:?} instead of {expected:?}"));
        }
        // The reference says `zero global services` of the empty manifest as well.
        let by_itself = manifest.validate().is_ok();
        assert_eq!(by_itself, case["manifest_validate_error"].is_null(), "{id}");
        assert_eq!(case["manifest_version_hash"], manifest.hash().to_string(), "{id}");
    }
    println!("crosscheck pairs  verdict equal\n{count:>16} {equal:>14}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!((count, equal), (48, 48));
}

#[test]
fn every_accepted_text_of_the_corpus_survives_json_and_fits_its_own_groups() {
    let Some(folder) = corpus() else { return };
    let index = fs::read_to_string(folder.join("index.jsonl")).unwrap();
    let (mut texts, mut longest) = (0, 0);
    for line in index.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let id = row["id"].as_str().unwrap();
        let bytes = fs::read(folder.join(row["input"].as_str().unwrap())).unwrap();
        let Some(sdl) = check_bytes(&bytes).0 else { continue };
        texts += 1;
        longest = longest.max(sdl.manifest_json().len());
        survives(id, &sdl);
    }
    println!("accepted texts  longest manifest\n{texts:>14} {longest:>17}");
    assert!(texts > 800, "{texts} texts");
}

fn survives(id: &str, sdl: &Sdl) {
    let manifest = Manifest::from_json(sdl.manifest_json()).unwrap();
    assert_eq!(&manifest, sdl.manifest(), "{id}");
    assert_eq!(manifest.to_canonical_json(), sdl.manifest_json(), "{id}");
    assert_eq!(manifest.hash(), sdl.hash(), "{id}");
    assert_eq!(manifest.validate(), Ok(()), "{id}");
    let groups = groups_from_json(&sdl.groups_json()).unwrap();
    assert_eq!(groups, sdl.groups(), "{id}");
    assert_eq!(manifest.check_against(&groups), Ok(()), "{id}");
}

/// A change of the manifest, and of the groups, with what follows from it.
type Row = (fn(&mut Manifest), fn(&mut Vec<GroupSpec>), &'static str, &'static str);

const NOTHING: fn(&mut Vec<GroupSpec>) = |_| {};
const NEVER: fn(&mut Manifest) = |_| {};

fn refused(rows: &[Row]) {
    let sdl = example("blog-with-database.yaml");
    for (alter, alter_groups, code, sentence) in rows {
        let (mut manifest, mut groups) = (sdl.manifest().clone(), sdl.groups().to_vec());
        alter(&mut manifest);
        alter_groups(&mut groups);
        let mismatch = manifest.check_against(&groups).expect_err(sentence);
        assert_eq!(mismatch.to_string(), *sentence);
        assert_eq!(mismatch.code().as_str(), *code, "{sentence}");
    }
}

/// One row for each rule of a manifest by itself.
const INVALID: &[Row] = &[
    (|m| m.groups.clear(), NOTHING, "MAN001", "the manifest has no group"),
    (|m| m.groups[0].services.clear(), NOTHING, "MAN002", "group `anywhere` has no service"),
    (
        |m| m.groups[0].services.reverse(),
        NOTHING,
        "MAN003",
        "group `anywhere`: service `blog` stands after `database`",
    ),
    (
        |m| m.groups[0].services[0].name = "Blog".into(),
        NOTHING,
        "MAN004",
        "group `anywhere`: `Blog` is not a service name",
    ),
    (
        |m| m.groups[0].services[0].image.clear(),
        NOTHING,
        "MAN005",
        "group `anywhere`: service `blog` has no image",
    ),
    (
        |m| m.groups[0].services[0].unit = 0,
        NOTHING,
        "MAN006",
        "group `anywhere`: service `blog` is of resource unit 0",
    ),
    (
        |m| m.groups[0].services[0].env = Some(vec!["=x".into()]),
        NOTHING,
        "MAN007",
        "group `anywhere`: service `blog`: an empty text is not the name of an environment \
             variable",
    ),
    (
        |m| {
            let mut second = m.groups[0].services[0].exposes[0].clone();
            second.port = 1;
            m.groups[0].services[0].exposes.push(second);
        },
        NOTHING,
        "MAN008",
        "group `anywhere`: service `blog`: port 1 stands after port 80",
    ),
    (
        |m| m.groups[0].services[0].exposes[0].port = 65_536,
        NOTHING,
        "MAN009",
        "group `anywhere`: service `blog`: port 65536 is not between 1 and 65535",
    ),
    (
        |m| m.groups[0].services[0].exposes[0].protocol = "tcp".into(),
        NOTHING,
        "MAN010",
        "group `anywhere`: service `blog`: port 80 has the protocol `tcp`, not TCP or UDP",
    ),
    (
        |m| m.groups[0].services[0].exposes[0].hosts = Some(vec!["A.com".into()]),
        NOTHING,
        "MAN011",
        "group `anywhere`: service `blog`: `A.com` is not a host name",
    ),
    (
        |m| {
            let hosts = vec!["a.com".into(), "a.com".into()];
            m.groups[0].services[0].exposes[0].hosts = Some(hosts);
        },
        NOTHING,
        "MAN012",
        "group `anywhere`: service `blog`: host `a.com` stands twice in the manifest",
    ),
    (|m| m.groups.push(m.groups[0].clone()), NOTHING, "MAN013", "two groups are called `anywhere`"),
    (
        |m| m.groups[0].services[0].exposes[0].global = false,
        NOTHING,
        "MAN014",
        "no service can be reached from outside",
    ),
];

#[test]
fn a_manifest_that_is_not_valid_by_itself_is_refused_with_the_broken_rule() {
    refused(INVALID);
}

/// One row for each rule of a manifest against its groups.
const MISMATCHED: &[Row] = &[
    (NEVER, |g| g.push(g[0].clone()), "MIS001", "the manifest has 1 groups, the order 2"),
    (NEVER, |g| g[0].name = "x".into(), "MIS002", "the order has no group `anywhere`"),
    (
        |m| m.groups[0].services[1].unit = 3,
        NOTHING,
        "MIS003",
        "group `anywhere`: service `database` is of unit 3, the order has 2 units",
    ),
    (
        |m| m.groups[0].services[1].count = 2,
        NOTHING,
        "MIS004",
        "group `anywhere`: service `database` runs 2 times, unit 2 has 1 of 1 left",
    ),
    (
        |m| m.groups[0].services[0].resources.cpu_milli = 250,
        |g| g[0].units[0].resources.cpu_attributes = vec![Attribute::new("arch", "arm64")],
        "MIS005",
        "group `anywhere`: service `blog` has 0.25 CPU, unit 1 has 1 CPU arch=arm64",
    ),
    (
        |m| m.groups[0].services[0].resources.gpus = 2,
        NOTHING,
        "MIS006",
        "group `anywhere`: service `blog` has 2 GPUs, unit 1 has 0 GPUs",
    ),
    (
        NEVER,
        |g| g[0].units[0].resources.memory_bytes = 1_001,
        "MIS007",
        "group `anywhere`: service `blog` has 1Gi of memory, unit 1 has 1,001 bytes",
    ),
    (
        NEVER,
        |g| g[0].units[0].resources.volumes.clear(),
        "MIS008",
        "group `anywhere`: service `blog` has `default` of 1Gi as volume 1, unit 1 has none \
             there",
    ),
    (
        |m| {
            let mut second = m.groups[0].services[0].exposes[0].clone();
            (second.port, second.external_port) = (8080, 80);
            m.groups[0].services[0].exposes.push(second);
        },
        NOTHING,
        "MIS009",
        "group `anywhere`: service `blog` takes HTTP endpoint number 2 of unit 1, which has 1",
    ),
    (
        NEVER,
        |g| {
            let leased = Endpoint { kind: EndpointKind::LeasedIp, sequence: 1 };
            g[0].units[1].resources.endpoints = vec![leased; 2];
        },
        "MIS010",
        "group `anywhere`: unit 2 has 2 of kind leased IP, the manifest uses 0",
    ),
    (
        NEVER,
        |g| g[0].units[0].count = 3,
        "MIS011",
        "group `anywhere`: unit 1 has 3 replicas, the manifest uses 1",
    ),
];

#[test]
fn a_manifest_for_something_else_is_refused_with_both_numbers() {
    refused(MISMATCHED);
}

#[test]
fn the_first_broken_rule_wins() {
    let sdl = example("blog-with-database.yaml");
    let (mut manifest, mut groups) = (sdl.manifest().clone(), sdl.groups().to_vec());
    let code = |manifest: &Manifest, groups: &[GroupSpec]| {
        manifest.check_against(groups).map_err(|mismatch| mismatch.code().as_str())
    };
    groups[0].units[0].count = 5;
    assert_eq!(code(&manifest, &groups), Err("MIS011"));
    groups[0].units[1]
        .resources
        .endpoints
        .push(Endpoint { kind: EndpointKind::RandomPort, sequence: 0 });
    assert_eq!(code(&manifest, &groups), Err("MIS010"));
    groups[0].units[1].resources.memory_bytes += 1;
    assert_eq!(code(&manifest, &groups), Err("MIS007"));
    groups[0].units[1].resources.cpu_milli += 1;
    assert_eq!(code(&manifest, &groups), Err("MIS005"));
    manifest.groups[0].services[1].count = 9;
    assert_eq!(code(&manifest, &groups), Err("MIS004"));
    groups[0].name.push('x');
    assert_eq!(code(&manifest, &groups), Err("MIS002"));
    groups.clear();
    assert_eq!(code(&manifest, &groups), Err("MIS001"));
    manifest.groups[0].services[1].image.clear();
    assert_eq!(code(&manifest, &groups), Err("MAN005"));
    manifest.groups[0].services[0].name.clear();
    assert_eq!(code(&manifest, &groups), Err("MAN004"));
}

#[test]
fn what_is_not_compared_may_differ() {
    let sdl = example("blog-with-database.yaml");
    let (mut manifest, mut groups) = (sdl.manifest().clone(), sdl.groups().to_vec());
    let service = &mut manifest.groups[0].services[0];
    service.image = "other".into();
    service.env = None;
    service.params = None;
    service.resources.endpoints.clear();
    service.exposes[0].hosts = Some(Vec::new());
    (service.exposes[0].port, service.exposes[0].external_port) = (8080, 80);
    groups[0].requirements.attributes.push(Attribute::new("region", "x"));
    groups[0].units[0].price = "9uakt".parse().unwrap();
    groups[0].units[0].resources.endpoints[0].sequence = 7;
    assert_eq!(manifest.check_against(&groups), Ok(()));
}

#[test]
fn volumes_may_be_fewer_in_the_manifest_and_never_more() {
    let sdl = example("blog-with-database.yaml");
    let (mut manifest, mut groups) = (sdl.manifest().clone(), sdl.groups().to_vec());
    let extra = groups[0].units[0].resources.volumes[0].clone();
    groups[0].units[0].resources.volumes.push(extra.clone());
    assert_eq!(manifest.check_against(&groups), Ok(()));
    manifest.groups[0].services[0].resources.volumes.extend([extra.clone(), extra]);
    assert!(manifest.check_against(&groups).is_err());
}

/// A change of the JSON, and what is wrong with it then.
type Altered = (fn(&mut Value), &'static str);

/// The JSON of a manifest with one part replaced.
fn altered(alter: impl Fn(&mut Value)) -> String {
    let sdl = example("confidential.yaml");
    let mut json: Value = serde_json::from_str(sdl.manifest_json()).unwrap();
    alter(&mut json);
    json.to_string()
}

#[test]
fn json_of_something_else_is_refused_with_its_place() {
    let rows: [Altered; 14] = [
        (|m| *m = json!({}), "expected a sequence"),
        (|m| m[0] = json!(["x", []]), "expected an object"),
        (|m| drop(m[0].as_object_mut().unwrap().remove("name")), "missing field `name`"),
        (|m| m[0]["services"] = Value::Null, "expected a sequence"),
        (|m| m[0]["services"][0]["count"] = json!(-1), "expected u32"),
        (|m| m[0]["services"][0]["count"] = json!(1.0), "expected u32"),
        (|m| m[0]["services"][0]["count"] = json!(4_294_967_296_u64), "expected u32"),
        (|m| m[0]["services"][0]["env"] = json!([null]), "expected a string"),
        (|m| m[0]["services"][0]["expose"] = Value::Null, "expected a sequence"),
        (
            |m| m[0]["services"][0]["resources"]["cpu"]["units"]["val"] = json!("1e3"),
            "`1e3` is no number below 2^64",
        ),
        (
            |m| m[0]["services"][0]["resources"]["endpoints"][0]["kind"] = json!(3),
            "3 is no kind of endpoint",
        ),
        (
            |m| m[0]["services"][0]["resources"]["memory"]["attributes"] = json!([{}]),
            "memory has no attributes",
        ),
        (
            |m| m[0]["services"][0]["params"]["storage"] = json!([]),
            "`storage` of `params` is an empty list where null is meant",
        ),
        (
            |m| m[0]["services"][0]["params"]["tee"]["attestation"] = json!(false),
            "`tee` without attestation",
        ),
    ];
    for (alter, reason) in rows {
        let error = Manifest::from_json(&altered(alter)).unwrap_err();
        assert!(error.to_string().contains(reason), "{error} instead of {reason}");
        let ManifestError::Json(JsonError::Unreadable { line, column, .. }) = error else {
            panic!("{error:?}");
        };
        assert!(line == 1 && column > 0, "{reason} at {line}:{column}");
    }
}

#[test]
fn keys_that_are_not_known_are_ignored_and_none_may_stand_twice() {
    let sdl = example("confidential.yaml");
    let json = altered(|manifest| {
        manifest[0]["extra"] = json!({ "deep": [[[1]]] });
        manifest[0]["services"][0]["resources"]["cpu"]["Units"] = json!(7);
    });
    assert_eq!(&Manifest::from_json(&json).unwrap(), sdl.manifest());
    let twice = sdl.manifest_json().replacen("\"count\":", "\"count\":9,\"count\":", 1);
    let error = Manifest::from_json(&twice).unwrap_err();
    assert!(error.to_string().ends_with("duplicate field `count`"), "{error}");
}

#[test]
fn null_empty_and_missing_lists_keep_their_hashes() {
    let lists = |value: Value| {
        altered(|manifest| {
            for key in ["args", "command", "env"] {
                manifest[0]["services"][0][key] = value.clone();
            }
        })
    };
    let null = Manifest::from_json(&lists(Value::Null)).unwrap();
    let empty = Manifest::from_json(&lists(json!([]))).unwrap();
    let missing = altered(|manifest| {
        let service = manifest[0]["services"][0].as_object_mut().unwrap();
        ["args", "command", "env"].iter().for_each(|key| drop(service.remove(*key)));
    });
    assert_eq!(Manifest::from_json(&missing).unwrap(), null);
    assert_ne!(null.hash(), empty.hash());
    assert!(empty.to_canonical_json().contains(r#""args":[]"#));
}

#[test]
fn hostile_json_is_refused_in_time_and_without_a_crash() {
    let long = " ".repeat(JSON_BYTES_MAX + 1);
    let error = groups_from_json(&long).unwrap_err();
    assert_eq!(error.code().as_str(), "JSN001");
    assert_eq!(error.to_string(), "the JSON has 16777217 bytes, the limit is 16777216");
    let deep = [
        "[".repeat(1 << 20),
        "{\"a\":".repeat(1 << 20),
        format!("[{{\"extra\":{}", "[".repeat(1 << 20)),
        format!("[{{\"extra\":{}{}}}]", "[".repeat(1 << 20), "]".repeat(1 << 20)),
    ];
    for json in deep {
        assert!(Manifest::from_json(&json).is_err());
        assert!(groups_from_json(&json).is_err());
    }
    let quoted = format!("[{{\"name\":{}}}]", "\"x\u{1b}\"".repeat(1_000));
    let wrong = format!("[{{\"services\":\"{}\"}}]", "\u{202e}x".repeat(100_000));
    for json in [quoted, wrong, "\u{feff}[]".into(), "[] []".into(), "\"\\ud800\"".into()] {
        let error = Manifest::from_json(&json).unwrap_err().to_string();
        assert!(error.len() < 1_000 && !error.contains('\u{1b}'), "{error}");
    }
    let prices = ["340282366920938463464", "1e3", "-1", "0.0000000000000000001", ""];
    for amount in prices {
        let json = example("web.yaml").groups_json();
        let json = json.replace("100.000000000000000000", amount);
        let error = groups_from_json(&json).unwrap_err().to_string();
        assert!(error.contains("is not a price"), "{amount:?}: {error}");
    }
}

const EXAMPLES: [&str; 6] = [
    "web.yaml",
    "blog-with-database.yaml",
    "dns-leased-ip.yaml",
    "workers-shared-profile.yaml",
    "llm-inference.yaml",
    "two-regions.yaml",
];

/// Changes something that the check looks at. `false` when there is no such thing.
fn flip(group: &mut GroupSpec, what: usize, pick: usize) -> bool {
    let unit = pick % group.units.len();
    let unit = &mut group.units[unit];
    let kinds = [EndpointKind::SharedHttp, EndpointKind::RandomPort, EndpointKind::LeasedIp];
    let endpoints = &mut unit.resources.endpoints;
    let volumes = unit.resources.volumes.len();
    match what {
        0 => unit.resources.cpu_milli += 1,
        1 => unit.resources.memory_bytes -= 1,
        2 => unit.resources.gpus += 1,
        3 => unit.resources.volumes[pick % volumes].size_bytes += 1,
        4 => unit.resources.volumes[pick % volumes].name.push('x'),
        5 => unit.resources.volumes[pick % volumes].attributes.push(Attribute::new("a", "b")),
        6 => drop(unit.resources.volumes.remove(pick % volumes)),
        7 => unit.count += 1,
        8 => unit.count -= 1,
        9 => unit.id += 100,
        10 => group.name.push('x'),
        11 => unit.resources.cpu_attributes.push(Attribute::new("arch", "riscv")),
        12 => unit.resources.gpu_attributes.push(Attribute::new("vendor/nvidia/model/x", "true")),
        13 => endpoints.push(Endpoint { kind: kinds[pick % 3], sequence: 0 }),
        14 if !endpoints.is_empty() => drop(endpoints.remove(pick % endpoints.len())),
        15 if !endpoints.is_empty() => {
            let index = pick % endpoints.len();
            let old = kinds.iter().position(|kind| *kind == endpoints[index].kind).unwrap();
            endpoints[index].kind = kinds[(old + 1 + pick % 2) % 3];
        }
        _ => return false,
    }
    true
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_flipped_quantity_count_or_endpoint_is_noticed(
        name in 0_usize..EXAMPLES.len(),
        group in 0_usize..4,
        what in 0_usize..16,
        pick in 0_usize..1_000,
    ) {
        let sdl = example(EXAMPLES[name]);
        let mut groups = sdl.groups().to_vec();
        let count = groups.len();
        prop_assert_eq!(sdl.manifest().check_against(&groups), Ok(()));
        if flip(&mut groups[group % count], what, pick) {
            prop_assert!(sdl.manifest().check_against(&groups).is_err(), "{} {}", what, pick);
        }
    }
}
