//! Explanations: exact pages of examples, and numbers that agree with the groups of every manifest.

use std::fs;
use std::path::{Path, PathBuf};

use undercut_primitives::{EndpointKind, GroupSpec};
use undercut_sdl::{Reach, Sdl, Totals, UsdCost, check_bytes};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sdl-examples");

/// The page of `web.yaml`.
const WEB: &str = "\
This manifest asks for 1 group: 1 service, 1 replica.

Group `anywhere`

  Services
    web               1 replica of unit 1
                      image nginx:1.27

  Unit 1: 1 replica
    CPU               1
    memory            1Gi
    storage           1Gi `default`, ephemeral: lost with the replica
    price             at most 100 uact per block

  Ports
    web               80/tcp: from everywhere, by HTTP on port 80

  Costs at most
    per block         100 uact
    per hour          0.06 USD
    per month         42.99 USD

Providers bid for each group, and the lowest bid wins: what is paid is the bid, and never more than
this. A month is 429,909 blocks or 730.488 hours; 1,000,000 uact are an ACT, worth 1 USD.
";

/// The page of `batch-training.yaml`.
const BATCH_TRAINING: &str = "\
This manifest asks for 1 group: 1 service, 1 replica.

Group `datacenter`

  Services
    trainer           1 replica of unit 1
                      image ghcr.io/example/trainer:2025.2

  Unit 1: 1 replica
    CPU               64
    memory            512Gi
    GPU               8: h100 sxm
    storage           64Gi `shm` at /dev/shm, in memory
                      100Gi `default`, ephemeral: lost with the replica
                      1Ti `checkpoints` at /checkpoints, persistent, class beta3
                      2Ti `dataset` at /data (read only), persistent, class beta2
    price             at most 80,000 uact per block

  Ports
    trainer           6006/tcp: from everywhere, on a port that the provider picks

  Asked of the provider
    attributes        tier = datacenter
    signed by all of  akash1365yvmc4s7awdyj3n2sav7xfx76adc6dnmlx63
    notice            at least 36 h before it takes the lease back

  Costs at most
    per block         80,000 uact
    per hour          47.08 USD
    per month         34,392.72 USD

Providers bid for each group, and the lowest bid wins: what is paid is the bid, and never more than
this. A month is 429,909 blocks or 730.488 hours; 1,000,000 uact are an ACT, worth 1 USD.
";

/// The page of `two-regions.yaml`.
const TWO_REGIONS: &str = "\
This manifest asks for 2 groups: 1 service, 3 replicas.
Each group is auctioned, leased and paid for on its own.

Group `america`

  Services
    edge              1 replica of unit 1
                      image ghcr.io/example/edge-cache:2.1.3

  Unit 1: 1 replica
    CPU               2
    memory            4Gi
    storage           16Gi `default`, ephemeral: lost with the replica
    price             at most 180 uact per block

  Ports
    edge              80/tcp: from everywhere, by HTTP on port 80

  Asked of the provider
    attributes        region = us-east

  Costs at most
    per block         180 uact
    per hour          0.11 USD
    per month         77.38 USD

Group `europe`

  Services
    edge              2 replicas of unit 1
                      image ghcr.io/example/edge-cache:2.1.3

  Unit 1: each of 2 replicas
    CPU               2
    memory            4Gi
    storage           16Gi `default`, ephemeral: lost with the replica
    price             at most 150 uact per block for each

  All 2 replicas together
    CPU               4
    memory            8Gi
    storage           32Gi ephemeral

  Ports
    edge              80/tcp: from everywhere, by HTTP on port 80

  Asked of the provider
    attributes        region = eu-west
                      tier = community

  Costs at most
    per block         300 uact
    per hour          0.18 USD
    per month         128.97 USD

All groups together

  Resources
    CPU               6
    memory            12Gi
    storage           48Gi ephemeral

  Costs at most
    per block         480 uact
    per hour          0.28 USD
    per month         206.36 USD

Providers bid for each group, and the lowest bid wins: what is paid is the bid, and never more than
this. A month is 429,909 blocks or 730.488 hours; 1,000,000 uact are an ACT, worth 1 USD.
";

fn example(name: &str) -> Sdl {
    let text = fs::read_to_string(Path::new(FOLDER).join(name)).unwrap();
    Sdl::parse(&text).unwrap()
}

fn corpus() -> Option<PathBuf> {
    let workspace = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let shared = std::env::var_os("UNDERCUT_SHARED").map_or("../shared".into(), PathBuf::from);
    let folder = workspace.join(shared).join("sdl-corpus");
    folder.join("index.jsonl").is_file().then_some(folder)
}

/// Texts of a folder that are valid, by name.
fn valid(folder: &Path) -> Vec<(String, Sdl)> {
    let mut found = Vec::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.extension().is_some_and(|extension| extension == "yaml")
            && let (Some(sdl), _) = check_bytes(&fs::read(&path).unwrap())
        {
            found.push((path.to_string_lossy().into_owned(), sdl));
        }
    }
    found
}

/// Totals of a group, counted once more and in another way.
fn totals_of(group: &GroupSpec) -> Totals {
    let mut totals = Totals { leased_ips: group.leased_ips(), ..Totals::default() };
    for unit in &group.units {
        for kind in unit.resources.endpoints.iter().map(|endpoint| endpoint.kind) {
            totals.http_endpoints += usize::from(kind == EndpointKind::SharedHttp);
            totals.random_ports += usize::from(kind == EndpointKind::RandomPort);
        }
        let count = u128::from(unit.count);
        totals.replicas += u64::from(unit.count);
        totals.cpu_milli += u128::from(unit.resources.cpu_milli) * count;
        totals.memory_bytes += u128::from(unit.resources.memory_bytes) * count;
        totals.gpus += u128::from(unit.resources.gpus) * count;
        for volume in &unit.resources.volumes {
            let class = match volume.attribute("class") {
                Some(class) if volume.is_persistent() || class == "ram" => class,
                None if volume.is_persistent() => "default",
                _ => "ephemeral",
            };
            let sum = totals.storage_bytes.entry(class.to_owned()).or_default();
            *sum += u128::from(volume.size_bytes) * count;
        }
    }
    totals
}

fn agrees(name: &str, sdl: &Sdl) {
    let explanation = sdl.explain();
    assert_eq!(explanation.groups.len(), sdl.groups().len(), "{name}");
    for (explained, spec) in explanation.groups.iter().zip(sdl.groups()) {
        assert_eq!(explained.name, spec.name, "{name}");
        assert_eq!(explained.ceiling, spec.ceiling().ok(), "{name}");
        assert_eq!(explained.totals, totals_of(spec), "{name}");
        let replicas: u64 = explained.services.iter().map(|service| u64::from(service.count)).sum();
        assert_eq!(replicas, explained.totals.replicas, "{name}: by service as by unit");
    }
    let page = explanation.to_text(Some("0.75".parse().unwrap()));
    for line in page.lines() {
        assert!(line.chars().count() <= 100, "{name}: {line}");
        assert!(!line.ends_with(' ') && !line.contains(char::is_control), "{name}: {line:?}");
    }
    assert!(page.ends_with(" USD.\n") || page.ends_with(" not known.\n"), "{name}: {page}");
}

#[test]
fn explanations_agree_with_the_groups_of_every_valid_manifest() {
    for (name, sdl) in valid(Path::new(FOLDER)) {
        agrees(&name, &sdl);
    }
    let Some(corpus) = corpus() else {
        println!("skipped: no sdl-corpus beside the workspace or under UNDERCUT_SHARED");
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "the corpus is required here");
        return;
    };
    let sets = [
        ("awesome", 170),
        ("official", 20),
        ("official-extra", 70),
        ("probes", 400),
        ("hostile", 90),
    ];
    for (set, least) in sets {
        let texts = valid(&corpus.join(set));
        println!("{set}: {} explained", texts.len());
        assert!(texts.len() >= least, "{set}: {}", texts.len());
        texts.iter().for_each(|(name, sdl)| agrees(name, sdl));
    }
}

#[test]
fn the_smallest_manifest_is_explained() {
    assert_eq!(example("web.yaml").explain().to_text(None), WEB);
}

#[test]
fn gpus_volumes_and_demands_on_the_provider_are_explained() {
    assert_eq!(example("batch-training.yaml").explain().to_text(None), BATCH_TRAINING);
}

#[test]
fn several_groups_and_replicas_are_added_up() {
    assert_eq!(example("two-regions.yaml").explain().to_text(None), TWO_REGIONS);
}

#[test]
fn ways_to_a_service_are_told_apart() {
    let reach = |name: &str| -> Vec<Reach> {
        let explanation = example(name).explain();
        let services = explanation.groups.iter().flat_map(|group| group.services.clone());
        services.flat_map(|service| service.ports).map(|port| port.reach).collect()
    };
    let hosts = ["shop.example.com", "www.shop.example.com"].map(str::to_owned).to_vec();
    assert_eq!(reach("shop.yaml"), [Reach::Http { hosts }]);
    let public = || Reach::LeasedIp { name: "public".to_owned() };
    assert_eq!(reach("dns-leased-ip.yaml"), [public(), public()]);
    let inside = |name: &str| Reach::Inside { service: Some(name.to_owned()) };
    let http = Reach::Http { hosts: vec![] };
    assert_eq!(reach("workers-shared-profile.yaml"), [http, inside("gateway"), inside("worker")]);
    assert_eq!(reach("game-server.yaml"), [Reach::RandomPort]);
}

#[test]
fn an_enclave_is_told_apart_from_attributes() {
    let explanation = example("confidential.yaml").explain();
    let [cpu, gpu] = explanation.groups.as_slice() else { panic!("two groups") };
    assert_eq!((cpu.tee.as_deref(), gpu.tee.as_deref()), (Some("cpu"), Some("cpu-gpu")));
    assert!(cpu.attributes.is_empty() && gpu.attributes.is_empty());
    let page = explanation.to_text(None);
    assert!(page.contains("    enclave           trusted execution on CPU and GPU\n"));
}

#[test]
fn dollars_need_a_token_of_known_worth() {
    let text = fs::read_to_string(Path::new(FOLDER).join("web.yaml")).unwrap();
    let uakt = Sdl::parse(&text.replace("uact", "uakt")).unwrap().explain();
    let page = uakt.to_text(None);
    assert!(!page.contains("per month"), "{page}");
    assert!(page.ends_with("1,000,000 uakt are an AKT; its worth in USD moves.\n"), "{page}");
    let page = uakt.to_text(Some("0.75".parse().unwrap()));
    assert!(page.contains("    per month         32.24 USD\n"), "{page}");
    assert!(page.ends_with("1,000,000 uakt are an AKT, worth 0.75 USD.\n"), "{page}");
    let other = Sdl::parse(&text.replace("uact", "ibc/170C")).unwrap().explain();
    assert!(other.to_text(None).contains("What this denom is worth in USD is not known."));
    let quote = UsdCost::half_up(&"2259.894629uact".parse().unwrap(), None).unwrap();
    assert_eq!((quote.cents_per_hour, quote.cents_per_month), (133, 97_155));
}

#[test]
fn texts_of_the_manifest_are_wrapped_and_made_visible() {
    let text = fs::read_to_string(Path::new(FOLDER).join("web.yaml")).unwrap();
    let long = format!("\"registry.example/{}\\e[31m\\u200b\"", "a".repeat(200));
    let sdl = Sdl::parse(&text.replace("nginx:1.27", &long)).unwrap();
    agrees("long image", &sdl);
    let page = sdl.explain().to_text(None);
    assert!(page.contains("aa\u{fffd}[31m\u{fffd}\n"), "{page}");
    let name = "s".repeat(30);
    let renamed = text.replace("  web:\n    image", &format!("  {name}:\n    image"));
    let renamed = renamed.replace("deployment:\n  web:", &format!("deployment:\n  {name}:"));
    let page = Sdl::parse(&renamed).unwrap().explain().to_text(None);
    let own_line = format!("    {name}\n                      1 replica of unit 1\n");
    assert!(page.contains(&own_line), "{page}");
}
