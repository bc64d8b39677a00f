//! Every example is valid without a warning, and together they show every feature.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use undercut_primitives::{EndpointKind, GroupSpec, ResourceUnit};
use undercut_sdl::{Sdl, Version, check};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sdl-examples");

/// Name and text of every example, by name.
fn examples() -> Vec<(String, String)> {
    let entries = fs::read_dir(Path::new(FOLDER)).unwrap().map(|entry| entry.unwrap());
    let is_example = |name: &String| name.ends_with(".yaml");
    let names = entries.map(|entry| entry.file_name().into_string().unwrap()).filter(is_example);
    let mut names: Vec<String> = names.collect();
    names.sort();
    let read = |name: String| {
        let text = fs::read_to_string(Path::new(FOLDER).join(&name)).unwrap();
        (name, text)
    };
    names.into_iter().map(read).collect()
}

#[test]
fn every_example_is_valid_without_a_warning() {
    let examples = examples();
    assert!(examples.len() >= 12, "{} examples", examples.len());
    for (name, text) in examples {
        let (sdl, problems) = check(&text);
        assert!(problems.is_empty(), "{name}:{problems}");
        assert!(sdl.is_some(), "{name}");
    }
}

#[test]
fn the_list_of_examples_names_each_file() {
    let list = fs::read_to_string(Path::new(FOLDER).join("README.md")).unwrap();
    for (name, _) in examples() {
        assert!(list.contains(&format!("[{name}]({name})")), "{name} is in the list");
    }
    assert_eq!(list.matches(".yaml](").count(), examples().len());
}

/// Features of one group spec.
fn group_features(group: &GroupSpec) -> Vec<&'static str> {
    let wanted = &group.requirements;
    let mut found = Vec::new();
    let mut add = |feature, is_there: bool| found.extend(is_there.then_some(feature));
    add("placement attributes", wanted.attributes.iter().any(|one| one.key != "tee/type"));
    add("signedBy allOf", !wanted.signed_by.all_of.is_empty());
    add("signedBy anyOf", !wanted.signed_by.any_of.is_empty());
    add("tee cpu", wanted.attributes.iter().any(|one| one.value == "cpu"));
    add("tee cpu-gpu", wanted.attributes.iter().any(|one| one.value == "cpu-gpu"));
    for unit in &group.units {
        found.extend(unit_features(unit));
    }
    found
}

fn unit_features(unit: &ResourceUnit) -> Vec<&'static str> {
    let resources = &unit.resources;
    let gpu = &resources.gpu_attributes;
    let endpoint = |kind| resources.endpoints.iter().any(|endpoint| endpoint.kind == kind);
    let class = |name| resources.volumes.iter().any(|one| one.attribute("class") == Some(name));
    let features = [
        ("several replicas", unit.count > 1),
        ("CPU attributes", !resources.cpu_attributes.is_empty()),
        ("GPU", resources.gpus > 0),
        ("GPU alternatives", gpu.len() > 1),
        ("GPU memory", gpu.iter().any(|one| one.key.contains("/ram/"))),
        ("GPU interface", gpu.iter().any(|one| one.key.contains("/interface/"))),
        ("any GPU", gpu.iter().any(|one| one.key.ends_with("/*"))),
        ("persistent volume", resources.volumes.iter().any(|volume| volume.is_persistent())),
        ("RAM volume", class("ram")),
        ("beta2 volume", class("beta2")),
        ("beta3 volume", class("beta3")),
        ("scratch volume", resources.volumes.iter().any(|one| one.attributes.len() == 1)),
        ("ingress", endpoint(EndpointKind::SharedHttp)),
        ("random port", endpoint(EndpointKind::RandomPort)),
        ("leased IP", endpoint(EndpointKind::LeasedIp)),
        ("price with a fraction", !unit.price.value.to_full_text().ends_with(&"0".repeat(18))),
    ];
    features.into_iter().filter_map(|(name, is_there)| is_there.then_some(name)).collect()
}

/// Features of one service of the manifest.
fn service_features(service: &Value) -> Vec<&'static str> {
    let exposes = service["expose"].as_array().unwrap();
    let expose = |test: &dyn Fn(&Value) -> bool| exposes.iter().any(test);
    let options = |key: &str| expose(&|one| !one["httpOptions"][key].is_null());
    let mounts = service["params"]["storage"].as_array();
    let features = [
        ("command", !service["command"].is_null()),
        ("args", !service["args"].is_null()),
        ("empty args", service["args"].as_array().is_some_and(Vec::is_empty)),
        ("env", !service["env"].is_null()),
        ("credentials", !service["credentials"].is_null()),
        ("permissions", !service["params"]["permissions"].is_null()),
        ("mounts", mounts.is_some()),
        ("read-only mount", mounts.into_iter().flatten().any(|one| one["readOnly"] == true)),
        ("no port", exposes.is_empty()),
        ("hosts", expose(&|one| !one["hosts"].is_null())),
        ("UDP", expose(&|one| one["proto"] == "UDP")),
        ("to a service", expose(&|one| one["service"] != "")),
        ("outside port", expose(&|one| one["externalPort"] != 0)),
        ("proxy buffer", options("proxyBufferSize")),
        ("body size", expose(&|one| one["httpOptions"]["maxBodySize"] != 1_048_576)),
        ("time-outs", expose(&|one| one["httpOptions"]["readTimeout"] != 60_000)),
        (
            "next cases",
            expose(&|one| one["httpOptions"]["nextCases"].as_array().unwrap().len() > 2),
        ),
    ];
    features.into_iter().filter_map(|(name, is_there)| is_there.then_some(name)).collect()
}

fn features(text: &str, sdl: &Sdl) -> BTreeSet<&'static str> {
    let manifest: Value = serde_json::from_str(sdl.manifest_json()).unwrap();
    let services = |group: &Value| group["services"].as_array().unwrap().clone();
    let all: Vec<Value> = manifest.as_array().unwrap().iter().flat_map(services).collect();
    let units: usize = sdl.groups().iter().map(|group| group.units.len()).sum();
    let mut found: BTreeSet<&str> = all.iter().flat_map(service_features).collect();
    found.extend(sdl.groups().iter().flat_map(group_features));
    let whole = [
        ("version 2.0", sdl.version() == Version::V2_0),
        ("version 2.1", sdl.version() == Version::V2_1),
        ("several services", all.len() > 1),
        ("several groups", sdl.groups().len() > 1),
        ("shared unit", units < all.len()),
        ("reclamation", sdl.reclamation_min_window_ns().is_some()),
        ("merge key", text.contains("<<: *")),
        ("dependencies", text.contains("dependencies:")),
    ];
    found.extend(whole.into_iter().filter_map(|(name, is_there)| is_there.then_some(name)));
    found
}

#[test]
fn together_the_examples_show_every_feature() {
    let wanted = "CPU attributes; GPU; GPU alternatives; GPU interface; GPU memory; RAM volume; \
        UDP; any GPU; args; beta2 volume; beta3 volume; body size; command; credentials; \
        dependencies; empty args; env; hosts; ingress; leased IP; merge key; mounts; next cases; \
        no port; outside port; permissions; persistent volume; placement attributes; price with a \
        fraction; proxy buffer; random port; read-only mount; reclamation; scratch volume; several groups; several \
        replicas; several services; shared unit; signedBy allOf; signedBy anyOf; tee cpu; tee \
        cpu-gpu; time-outs; to a service; version 2.0; version 2.1";
    let wanted: BTreeSet<&str> = wanted.split("; ").collect();
    let mut found = BTreeSet::new();
    for (_, text) in examples() {
        found.extend(features(&text, &Sdl::parse(&text).unwrap()));
    }
    let missing: Vec<&&str> = wanted.difference(&found).collect();
    assert!(missing.is_empty(), "no example shows {missing:?}");
}
