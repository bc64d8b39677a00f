//! Manifests made from answers: clean, and saying what was answered.

#[path = "support/yaml12.rs"]
mod yaml12;

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};
use undercut_primitives::EndpointKind;
use undercut_sdl::{Sdl, Starter, StarterGpu, StarterVolume, Version, check, schema};

/// The text, which must be valid without a warning, and what follows from it.
fn clean(starter: &Starter) -> (String, Sdl) {
    let text = starter.to_text().unwrap_or_else(|error| panic!("{error}: {starter:?}"));
    let (sdl, problems) = check(&text);
    assert!(problems.is_empty(), "{problems}\n{text}");
    let sdl = sdl.unwrap();
    assert_says(&sdl, starter);
    assert_reads(&yaml12::to_json(&text).unwrap(), starter);
    (text, sdl)
}

/// A reader of YAML that makes numbers and flags of plain texts finds the same texts.
fn assert_reads(tree: &Value, starter: &Starter) {
    let service = &tree["services"][&starter.name];
    assert_eq!(service["image"], json!(starter.image));
    assert_eq!(service["env"].as_array().cloned().unwrap_or_default(), starter.env);
    let mount = starter.volume.as_ref().map(|volume| json!(volume.mount));
    assert_eq!(service["params"]["storage"]["data"]["mount"], mount.unwrap_or(Value::Null));
    let deployed = &tree["deployment"][&starter.name][&starter.placement];
    assert_eq!(deployed["profile"], json!(starter.name));
    let price = &tree["profiles"]["placement"][&starter.placement]["pricing"][&starter.name];
    assert_eq!(price["denom"], json!(starter.denom));
    let endpoint = starter.leased_ip.as_ref().map(|name| &tree["endpoints"][name]["kind"]);
    assert!(endpoint.is_none_or(|kind| kind == "ip"));
}

/// The manifest and groups have what was answered; quantities are compared by rows elsewhere.
fn assert_says(sdl: &Sdl, starter: &Starter) {
    assert_eq!(sdl.version(), starter.version);
    let manifest: Value = serde_json::from_str(sdl.manifest_json()).unwrap();
    assert_eq!(manifest[0]["name"], json!(starter.placement));
    let service = &manifest[0]["services"][0];
    assert_eq!(service["name"], json!(starter.name));
    assert_eq!(service["image"], json!(starter.image));
    assert_eq!(service["count"], json!(starter.count));
    let or_null = |list: &Vec<String>| if list.is_empty() { Value::Null } else { json!(list) };
    assert_eq!(service["env"], or_null(&starter.env));
    let expose = &service["expose"][0];
    assert_eq!(expose["port"], json!(starter.port));
    let outside = starter.outside_port.filter(|port| *port != starter.port).unwrap_or(0);
    assert_eq!(expose["externalPort"], json!(outside));
    assert_eq!(expose["hosts"], or_null(&starter.hosts));
    assert_eq!(expose["ip"], json!(starter.leased_ip.clone().unwrap_or_default()));
    assert_eq!(expose["global"], true);
    let mount = starter.volume.as_ref().map(|volume| json!(volume.mount));
    assert_eq!(service["params"]["storage"][0]["mount"], mount.unwrap_or(Value::Null));
    let unit = &sdl.groups()[0].units[0];
    assert_eq!(unit.price.denom.as_str(), starter.denom);
    assert_eq!(unit.resources.volumes.len(), 1 + usize::from(starter.volume.is_some()));
    let gpus = starter.gpu.as_ref().map_or(0, |gpu| u64::from(gpu.units));
    assert_eq!(unit.resources.gpus, gpus);
    if let Some(gpu) = &starter.gpu {
        let key = &unit.resources.gpu_attributes[0].key;
        assert!(key.starts_with(&format!("vendor/nvidia/model/{}", gpu.model)), "{key}");
        assert_eq!(key.contains("/ram/"), gpu.memory.is_some());
    }
}

#[test]
fn the_default_is_a_web_server_on_shared_http() {
    let (text, sdl) = clean(&Starter::default());
    let resources = &sdl.groups()[0].units[0].resources;
    assert_eq!((resources.cpu_milli, resources.memory_bytes), (500, 512 << 20));
    assert_eq!(resources.volumes[0].size_bytes, 1 << 30);
    let kinds: Vec<EndpointKind> = resources.endpoints.iter().map(|one| one.kind).collect();
    assert_eq!(kinds, [EndpointKind::SharedHttp]);
    assert_eq!(sdl.groups()[0].ceiling().unwrap().to_string(), "100uact");
    let expected = "# A manifest to start from: one service with one public port.
version: \"2.0\"

# What to run: the image, its settings, and the port that it listens on.
services:
  web:
    image: nginx:1.27
    expose:
      - port: 80
        to:
          - global: true # reachable from outside

# What one replica needs, and the most that it may cost where.
profiles:
  compute:
    web:
      resources:
        cpu:
          units: 0.5
        memory:
          size: 512Mi
        storage:
          size: 1Gi
  placement:
    anywhere:
      pricing:
        web:
          denom: uact
          amount: 100 # per block and replica, at most

# Which service goes where, with which resources, and how many times.
deployment:
  web:
    anywhere:
      profile: web
      count: 1
";
    assert_eq!(text, expected);
}

#[test]
fn every_combination_of_options_is_clean_and_fits_the_schema() {
    let schema: Value = serde_json::from_str(&schema(None)).unwrap();
    let validator = jsonschema::draft7::new(&schema).unwrap();
    for bits in 0_u32..256 {
        let has = |bit: u32| bits & (1 << bit) != 0;
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let gpu = match has(3) {
            true => StarterGpu { units: 2, model: "h100".into(), memory: Some("80Gi".into()) },
            false => StarterGpu::default(),
        };
        let (port, outside_port) = if has(7) { (8080, None) } else { (3000, Some(80)) };
        let starter = Starter {
            version: if has(0) { Version::V2_1 } else { Version::V2_0 },
            volume: has(1).then(StarterVolume::default),
            gpu: has(2).then_some(gpu),
            leased_ip: has(4).then(|| "public".to_owned()),
            hosts: if has(5) { texts(&["www.example.com", "example.com"]) } else { Vec::new() },
            env: if has(6) { texts(&["A=1", "B=x: # y", "C"]) } else { Vec::new() },
            port,
            outside_port,
            ..Starter::default()
        };
        let (text, _) = clean(&starter);
        let tree = yaml12::to_json(&text).unwrap();
        assert!(validator.is_valid(&tree), "{text}");
    }
}

#[test]
fn the_table_of_fields_agrees_with_the_default_and_its_examples_are_good() {
    let names: BTreeSet<&str> = Starter::FIELDS.iter().map(|field| field.name).collect();
    assert_eq!(names.len(), Starter::FIELDS.len(), "a name stands once");
    for field in Starter::FIELDS {
        assert!(field.question.ends_with('?') && field.help.ends_with('.'), "{}", field.name);
        let mut before = Starter::default();
        if let Some(owner) = field.part_of {
            let owner = Starter::FIELDS.iter().find(|field| field.name == owner).unwrap();
            before.set(owner.name, owner.example).unwrap();
        }
        let mut after = before.clone();
        after.set(field.name, field.default).unwrap();
        assert_eq!(after, before, "the default of `{}`", field.name);
        after.set(field.name, field.example).unwrap();
        assert_ne!(after, before, "the example of `{}`", field.name);
        if field.name == "gpu-memory" {
            after.set("gpu-model", "h100").unwrap();
        }
        clean(&after);
    }
}

#[test]
fn parts_of_an_option_bring_it_with_them_and_an_empty_answer_takes_it_away() {
    let mut starter = Starter::default();
    for (field, answer) in [("volume-mount", "/x"), ("gpu-model", "h100"), ("gpu-memory", "80Gi")] {
        starter.set(field, answer).unwrap();
    }
    let volume = StarterVolume { size: "10Gi".to_owned(), mount: "/x".to_owned() };
    assert_eq!(starter.volume, Some(volume));
    let memory = Some("80Gi".to_owned());
    assert_eq!(starter.gpu, Some(StarterGpu { units: 1, model: "h100".to_owned(), memory }));
    for (field, answer) in
        [("volume-size", ""), ("gpu", "0"), ("volume-mount", ""), ("gpu-model", "")]
    {
        starter.set(field, answer).unwrap();
    }
    assert_eq!(starter, Starter::default());
}

#[test]
fn answers_that_do_not_fit_are_told_by_field_and_code() {
    let rows: &[(&str, &str, &str)] = &[
        ("name", "Web", "SDL070"),
        ("name", "", "SDL070"),
        ("image", "", "SDL071"),
        ("port", "0", "SDL050"),
        ("port", "65536", "SDL050"),
        ("port", "", "SDL050"),
        ("outside-port", "http", "SDL050"),
        ("host", "*.example.com", "SDL057"),
        ("host", "a b", "SDL057"),
        ("leased-ip", "x", "SDL056"),
        ("env", "1A=2", "SDL074"),
        ("env", "=", "SDL074"),
        ("cpu", "much", "SDL015"),
        ("cpu", "", "SDL015"),
        ("cpu", "385", "SDL060"),
        ("memory", "16GB", "SDL014"),
        ("memory", "1", "SDL060"),
        ("storage", "null", "SDL014"),
        ("volume-size", "1Mi", "SDL060"),
        ("volume-mount", "data", "SDL043"),
        ("gpu", "one", "SDL016"),
        ("gpu", "25", "SDL060"),
        ("gpu-model", "rtx 4090", "SDL065"),
        ("gpu-memory", "80G", "SDL014"),
        ("count", "0", "SDL035"),
        ("count", "-1", "SDL016"),
        ("count", "40000", "SDL061"),
        ("placement", "", "SDL078"),
        ("amount", "0", "SDL022"),
        ("amount", "10000001", "SDL024"),
        ("denom", "u", "SDL021"),
        ("version", "2", "SDL002"),
        ("memmory", "1Gi", "SDL013"),
    ];
    for (field, answer, code) in rows {
        let mut starter = Starter::default();
        let error = match starter.set(field, answer) {
            Ok(()) => starter.to_text().unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(
            (error.field.as_str(), error.code.as_str()),
            (*field, *code),
            "{answer}: {error}"
        );
        assert!(error.to_string().starts_with(&format!("{code} `{field}`: ")), "{error}");
    }
    for field in Starter::FIELDS {
        assert!(rows.iter().any(|(name, ..)| *name == field.name), "no row for `{}`", field.name);
    }
}

#[test]
fn a_host_given_twice_and_answers_beyond_every_limit_are_told_by_field() {
    let hosts = vec!["a.example".to_owned(); 2];
    let starter = Starter { hosts, ..Starter::default() };
    assert_eq!(starter.to_text().unwrap_err().to_string().get(..13), Some("SDL058 `host`"));
    for (field, length, code) in [
        ("env", 2 << 20, "SDL005"),
        ("image", 2 << 20, "SDL005"),
        // A key of more bytes than YAML allows.
        ("name", 2_000, "SDL003"),
        ("placement", 2_000, "SDL003"),
    ] {
        let mut starter = Starter::default();
        starter.set(field, &"a".repeat(length)).unwrap();
        let error = starter.to_text().unwrap_err();
        assert_eq!((error.field.as_str(), error.code.as_str()), (field, code), "{error}");
    }
    let env = vec!["A=1".to_owned(); 150_000];
    let starter = Starter { env, ..Starter::default() };
    assert_eq!(starter.to_text().unwrap_err().field, "env");
}

/// Texts that YAML, or an editor, would read as something else.
const TRAPS: &[&str] = &[
    "",
    " ",
    "a: b",
    "a:",
    ":a",
    "a #b",
    "#a",
    "'",
    "''",
    "'a'",
    "\"",
    "\"a\"",
    "*",
    "*a",
    "&a",
    "&a b",
    "!a",
    "!!int 1",
    "|",
    ">-",
    "%YAML",
    "@a",
    "`a`",
    "-",
    "- a",
    "-a",
    "?",
    "? a",
    "{",
    "{a: b}",
    "[",
    "[a]",
    "]",
    "}",
    ",",
    "~",
    "null",
    "Null",
    "true",
    "No",
    "on",
    "y",
    "1",
    "01",
    "1.0",
    "1e3",
    "0x1F",
    "0o7",
    "1_0",
    ".5",
    ".inf",
    "-1",
    "+1",
    "12:30",
    "2024-01-02",
    "<<",
    "=",
    "---",
    "...",
    "--- a",
    "a\nb",
    "a\n",
    "\n",
    "a\r\nb",
    "a\tb",
    "\t",
    "a ",
    " a",
    "\0",
    "\u{7f}",
    "\u{85}",
    "\u{a0}",
    "\u{feff}",
    "\u{2028}",
    "\u{202e}a",
    "\u{fffe}",
    "\u{1f600}",
    "\u{10ffff}",
    "\\",
    "\\n",
    "a\\",
    "$HOME",
    "A=b: c",
    "A=# b",
    "A=\"b\"",
    "A='b'",
    "A=\nb",
    "A=*b",
    "_=-",
    "a=~",
    "nul\u{0}l",
];

fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop::collection::vec(prop::sample::select(TRAPS), 1..5);
    prop_oneof![
        2 => prop::sample::select(TRAPS).prop_map(str::to_owned),
        2 => pieces.prop_map(|pieces| pieces.concat()),
        1 => ".{0,40}",
        1 => any::<String>(),
        1 => "[ -~\n]{0,40}",
    ]
}

/// Answers that are right, for the fields that may be anything or must have a form.
fn usual() -> impl Strategy<Value = Starter> {
    let volume = prop::option::of(("[1-9][0-9]{0,2}Gi", "/[a-z/ #:]{0,9}"));
    let gpu = prop::option::of((1_u32..9, "[a-z0-9]{1,9}", prop::option::of("[1-9][0-9]?Gi")));
    let texts = ("[a-z]([-a-z0-9]{0,9}[a-z0-9])?", hostile(), hostile());
    let lists = (
        prop::collection::vec("[A-Z_][A-Z0-9_.-]{0,5}=.{0,20}", 0..4),
        prop::collection::btree_set("[a-z0-9]{1,5}(\\.[a-z0-9]{1,5}){0,2}", 0..4),
        prop::option::of("[a-z][-_a-z0-9]{1,8}"),
    );
    let numbers = (1_u16.., prop::option::of(1_u16..), 1_u32..50, any::<bool>());
    (texts, lists, numbers, volume, gpu).prop_map(|(texts, lists, numbers, volume, gpu)| {
        let (name, image, placement) = texts;
        let (env, hosts, leased_ip) = lists;
        let (port, outside_port, count, is_2_1) = numbers;
        let some = |text: String| if text.is_empty() { "x".to_owned() } else { text };
        Starter {
            version: if is_2_1 { Version::V2_1 } else { Version::V2_0 },
            name,
            image: some(image),
            port,
            outside_port,
            hosts: hosts.into_iter().collect(),
            leased_ip,
            env,
            volume: volume.map(|(size, mount)| StarterVolume { size, mount }),
            gpu: gpu.map(|(units, model, memory)| StarterGpu { units, model, memory }),
            count,
            placement: some(placement),
            ..Starter::default()
        }
    })
}

proptest! {
    #[test]
    fn answers_that_are_right_come_back_from_the_text(starter in usual()) {
        let (text, _) = clean(&starter);
        let is_hidden = text.contains('\u{202e}');
        prop_assert!(!is_hidden);
    }

    #[test]
    fn one_hostile_answer_is_taken_as_it_is_or_told_by_its_field(
        starter in usual(),
        field in prop::sample::select(Starter::FIELDS),
        answer in hostile(),
    ) {
        let mut starter = starter;
        // A model of its own goes with any memory.
        if field.name == "gpu-memory" && starter.gpu.is_none() {
            starter.gpu = Some(StarterGpu { model: "h100".to_owned(), ..StarterGpu::default() });
        }
        match starter.set(field.name, &answer).and_then(|()| starter.to_text()) {
            Err(error) => prop_assert_eq!(error.field.as_str(), field.name, "{}", error),
            Ok(_) => drop(clean(&starter)),
        }
    }
}
