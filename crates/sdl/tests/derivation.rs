//! What follows from a valid text: order, endpoints, units, sequence numbers, and the manifest.

use serde_json::{Value, json};
use undercut_primitives::EndpointKind::{LeasedIp, RandomPort, SharedHttp};
use undercut_sdl::{Sdl, Version};

/// The parts of a manifest that the tests vary.
struct Parts<'a> {
    version: &'a str,
    /// Fields of service `web`, one line.
    web: &'a str,
    /// The ports of `web` as a flow list.
    expose: &'a str,
    storage: &'a str,
    /// Further resources, one line.
    resources: &'a str,
    placement: &'a str,
    /// Whether a service `api` shares the profile of `web`.
    api: bool,
    top: &'a str,
}

const PARTS: Parts<'_> = Parts {
    version: "2.0",
    web: "",
    expose: "[ { port: 80, to: [ { global: true } ] } ]",
    storage: "{ size: 1Gi }",
    resources: "",
    placement: "",
    api: false,
    top: "",
};

impl Parts<'_> {
    fn text(&self) -> String {
        let Self { version, web, expose, storage, resources, placement, top, .. } = self;
        let (api, deployed) = match self.api {
            true => (
                "  api: { image: b, expose: [ { port: 90, to: [ { global: true } ] } ] }\n",
                "  api: { here: { profile: small, count: 2 } }\n",
            ),
            false => ("", ""),
        };
        format!(
            "version: \"{version}\"
services:
  web: {{ image: a, expose: {expose}{web} }}
{api}profiles:
  compute:
    small:
      resources: {{ cpu: {{ units: 1 }}, memory: {{ size: 1Gi }}, storage: {storage}{resources} }}
  placement:
    here: {{ pricing: {{ small: {{ denom: uact, amount: 7.5 }} }}{placement} }}
deployment:
  web: {{ here: {{ profile: small, count: 1 }} }}
{deployed}{top}"
        )
    }

    fn sdl(&self) -> Sdl {
        let text = self.text();
        Sdl::parse(&text).unwrap_or_else(|problems| panic!("{problems}\n{text}"))
    }

    /// The manifest's entry of service `web`.
    fn web(&self) -> Value {
        let manifest: Value = serde_json::from_str(self.sdl().manifest_json()).unwrap();
        let services = manifest[0]["services"].as_array().unwrap();
        services.iter().find(|service| service["name"] == "web").unwrap().clone()
    }

    fn group(&self) -> Value {
        let groups: Value = serde_json::from_str(&self.sdl().groups_json()).unwrap();
        groups[0].clone()
    }
}

fn volume_names(storage: &str) -> Vec<String> {
    let sdl = Parts { storage, ..PARTS }.sdl();
    let volumes = &sdl.groups()[0].units[0].resources.volumes;
    volumes.iter().map(|volume| volume.name.clone()).collect()
}

#[test]
fn volumes_go_by_size_then_attributes_then_name_and_ties_are_reversed() {
    let kept = "attributes: { persistent: true }";
    let scratch = "attributes: { persistent: false }";
    let rows = [
        ("[ { name: a, size: 2Gi }, { name: b, size: 1Gi } ]".to_owned(), vec!["b", "a"]),
        ("[ { name: a, size: 1Gi }, { name: b, size: 1Gi } ]".to_owned(), vec!["b", "a"]),
        (
            format!(
                "[ {{ name: z, size: 1Gi, {kept} }}, {{ name: y, size: 1Gi, {kept} }}, \
                 {{ name: x, size: 1Gi, {scratch} }}, {{ name: w, size: 1Gi }} ]"
            ),
            vec!["w", "x", "y", "z"],
        ),
    ];
    for (storage, expected) in rows {
        let text = Parts { version: "2.1", storage: &storage, ..PARTS };
        let volumes = text.sdl().groups()[0].units[0].resources.volumes.clone();
        let names: Vec<&str> = volumes.iter().map(|volume| volume.name.as_str()).collect();
        assert_eq!(names, expected, "{storage}");
    }
    assert_eq!(volume_names("{ name: ignored, size: 1Gi }"), ["default"]);
}

#[test]
fn storage_attributes_have_defaults_by_their_words() {
    let rows = [
        ("{}", json!([{"key": "persistent", "value": "false"}])),
        ("{ persistent: yes }", json!([{"key": "persistent", "value": "true"}])),
        (
            "{ persistent: \"true\" }",
            json!([{"key": "class", "value": "default"}, {"key": "persistent", "value": "true"}]),
        ),
        (
            "{ persistent: off, class: beta3 }",
            json!([{"key": "class", "value": "beta3"}, {"key": "persistent", "value": "false"}]),
        ),
        ("~", Value::Null),
    ];
    for (attributes, expected) in rows {
        let storage = format!("{{ size: 1Gi, attributes: {attributes} }}");
        let text = Parts { version: "2.1", storage: &storage, ..PARTS };
        let unit = &text.group()["resources"][0]["resource"];
        assert_eq!(unit["storage"][0]["attributes"], expected, "{attributes}");
    }
}

#[test]
fn units_are_shared_in_2_1_alone() {
    let counts = |version| {
        let sdl = Parts { version, api: true, ..PARTS }.sdl();
        let units = &sdl.groups()[0].units;
        units.iter().map(|unit| (unit.id, unit.count, unit.resources.endpoints.len())).collect()
    };
    let apart: Vec<(u32, u32, usize)> = counts("2.0");
    assert_eq!(apart, [(1, 2, 1), (2, 1, 1)], "in the order of the services' names");
    let shared: Vec<(u32, u32, usize)> = counts("2.1");
    assert_eq!(shared, [(1, 3, 2)]);
    assert_eq!(Parts { version: "2.1", ..PARTS }.sdl().version(), Version::V2_1);
}

#[test]
fn global_ports_give_endpoints_by_their_outside_port() {
    let rows = [
        ("{ port: 80, to: [ { global: true } ] }", vec![SharedHttp]),
        ("{ port: 3000, as: 80, to: [ { global: true } ] }", vec![SharedHttp]),
        ("{ port: 80, as: 81, to: [ { global: true } ] }", vec![RandomPort]),
        ("{ port: 80, proto: UDP, to: [ { global: true } ] }", vec![RandomPort]),
        ("{ port: 80, to: [ { global: true, ip: pub } ] }", vec![SharedHttp, LeasedIp]),
        ("{ port: 81, to: [ { global: true }, { service: web }, {} ] }", vec![RandomPort]),
    ];
    for (port, expected) in rows {
        let top = if port.contains("ip:") { "endpoints: { pub: { kind: ip } }" } else { "" };
        let sdl = Parts { expose: &format!("[ {port} ]"), top, ..PARTS }.sdl();
        let endpoints = &sdl.groups()[0].units[0].resources.endpoints;
        let kinds: Vec<_> = endpoints.iter().map(|endpoint| endpoint.kind).collect();
        assert_eq!(kinds, expected, "{port}");
    }
}

#[test]
fn sequence_numbers_count_every_target_that_is_not_plainly_global() {
    let top = "endpoints: { pub: { kind: ip } }";
    let rows = [
        ("{ port: 1, to: [ { global: true, ip: pub } ] }", 1),
        ("{ port: 1, to: [ { global: true }, { global: true, ip: pub } ] }", 1),
        ("{ port: 1, to: [ { service: web }, { global: true, ip: pub } ] }", 2),
        (
            "{ port: 1, as: 1, to: [ { global: true, ip: pub } ] }, \
             { port: 2, as: 2, to: [ { global: true, ip: pub } ] }",
            2,
        ),
    ];
    for (ports, expected) in rows {
        let sdl = Parts { expose: &format!("[ {ports} ]"), top, ..PARTS }.sdl();
        let endpoints = sdl.groups()[0].units[0].resources.endpoints.clone();
        let leased: Vec<u32> =
            endpoints.iter().filter(|one| one.kind == LeasedIp).map(|one| one.sequence).collect();
        assert!(leased.iter().all(|sequence| *sequence == expected), "{ports}: {leased:?}");
    }
}

#[test]
fn ports_go_by_service_number_protocol_and_reach() {
    let expose = "[ { port: 2, to: [ {}, { global: true } ] }, \
                    { port: 1, proto: udp, to: [ { service: web } ] }, { port: 2, proto: udp }, \
                    { port: 1, to: [ { service: web } ] } ]";
    let web = Parts { expose, ..PARTS }.web();
    let ports = web["expose"].as_array().unwrap();
    let rows: Vec<String> = ports
        .iter()
        .map(|one| format!("{} {} {} {}", one["service"], one["port"], one["proto"], one["global"]))
        .collect();
    let expected = [
        "\"\" 2 \"TCP\" true",
        "\"\" 2 \"TCP\" false",
        "\"\" 2 \"UDP\" false",
        "\"web\" 1 \"TCP\" false",
        "\"web\" 1 \"UDP\" false",
    ];
    assert_eq!(rows, expected);
}

#[test]
fn gpu_alternatives_are_sorted_and_memory_is_whole_gi() {
    let resources = ", gpu: { units: 1, attributes: { vendor: { nvidia: [ { model: h100, ram: \
                     79.9Gi, interface: sxm }, { model: a100 }, ~ ] } } }";
    let sdl = Parts { resources, ..PARTS }.sdl();
    let keys = &sdl.groups()[0].units[0].resources.gpu_attributes;
    let keys: Vec<&str> = keys.iter().map(|one| one.key.as_str()).collect();
    let expected = ["vendor/nvidia/model/a100", "vendor/nvidia/model/h100/ram/79Gi/interface/sxm"];
    assert_eq!(keys, expected);
}

#[test]
fn absent_lists_are_null_and_empty_ones_are_empty() {
    let rows = [
        ("", Value::Null),
        (", args: ~", Value::Null),
        (", args: []", json!([])),
        (", args: [~]", json!([])),
        (", args: [a, ~, 1.10, 0x1F, yes, \"\"]", json!(["a", "1.10", "0x1F", "yes", ""])),
    ];
    for (web, expected) in rows {
        assert_eq!(Parts { web, ..PARTS }.web()["args"], expected, "{web}");
    }
}

#[test]
fn http_options_of_zero_are_the_defaults() {
    let expose = "[ { port: 80, http_options: { read_timeout: 0, next_tries: 5, next_cases: [] }, \
                  to: [ { global: true } ] } ]";
    let options = Parts { expose, ..PARTS }.web()["expose"][0]["httpOptions"].clone();
    let expected = json!({
        "maxBodySize": 1_048_576, "readTimeout": 60_000, "sendTimeout": 60_000, "nextTries": 5,
        "nextTimeout": 0, "nextCases": ["error", "timeout"],
    });
    assert_eq!(options, expected, "and a proxy buffer of 0 is left out");
}

#[test]
fn credentials_are_trimmed_in_2_1_alone() {
    let web = ", credentials: { host: \" h\", email: e, username: u, password: \"p \" }";
    let expected = [
        ("2.0", json!({"host": " h", "email": "", "username": "u", "password": "p "})),
        ("2.1", json!({"host": "h", "email": "e", "username": "u", "password": "p"})),
    ];
    for (version, credentials) in expected {
        assert_eq!(Parts { version, web, ..PARTS }.web()["credentials"], credentials);
    }
}

#[test]
fn params_appear_when_they_are_written() {
    let rows = [
        ("", Value::Null),
        (", params: ~", Value::Null),
        (", params: {}", json!({"storage": null})),
        (", params: { permissions: {} }", json!({"storage": null, "permissions": {}})),
        (
            ", params: { permissions: { read: [logs] } }",
            json!({"storage": null, "permissions": {"read": ["logs"]}}),
        ),
        (
            ", params: { storage: { default: { mount: /x } } }",
            json!({"storage": [{"name": "default", "mount": "/x", "readOnly": false}]}),
        ),
        (
            ", params: { tee: cpu }",
            json!({"storage": null, "tee": {"type": "cpu", "attestation": true}}),
        ),
    ];
    for (web, expected) in rows {
        assert_eq!(Parts { web, ..PARTS }.web()["params"], expected, "{web}");
    }
}

#[test]
fn requirements_keep_null_and_empty_apart() {
    let rows = [
        ("", "", Value::Null, Value::Null),
        (", attributes: {}, signedBy: { anyOf: [] }", "", Value::Null, json!([])),
        (
            ", attributes: { zone: 1.50, area: ~ }, signedBy: { anyOf: [b, a] }",
            ", params: { tee: cpu }",
            json!([{"key": "area"}, {"key": "tee/type", "value": "cpu"},
                   {"key": "zone", "value": "1.50"}]),
            json!(["b", "a"]),
        ),
    ];
    for (placement, web, attributes, any_of) in rows {
        let requirements = Parts { placement, web, ..PARTS }.group()["requirements"].clone();
        assert_eq!(requirements["attributes"], attributes, "{placement}");
        assert_eq!(requirements["signed_by"]["any_of"], any_of, "{placement}");
        assert_eq!(requirements["signed_by"]["all_of"], Value::Null);
    }
}

#[test]
fn prices_and_windows_do_not_change_the_version_hash() {
    let base = PARTS.sdl();
    let placement = ", attributes: { region: eu }";
    let other = Parts { placement, top: "reclamation: { min_window: 1h30m }", ..PARTS }.sdl();
    assert_eq!(other.hash(), base.hash());
    assert_ne!(other.groups_sha256(), base.groups_sha256());
    assert_eq!(other.reclamation_min_window_ns(), Some(5_400_000_000_000));
    assert_eq!(base.groups()[0].units[0].price.to_string(), "7.5uact");
    let price = PARTS.group()["resources"][0]["price"].clone();
    assert_eq!(price, json!({"denom": "uact", "amount": "7.500000000000000000"}));
}

#[test]
fn layout_does_not_matter() {
    let text = PARTS.text();
    let spread =
        text.replace("{ image: a,", "{ # first\n    image:\ta,\n   ").replace('\n', "\r\n");
    assert_eq!(Sdl::parse(&spread).unwrap(), PARTS.sdl());
}
