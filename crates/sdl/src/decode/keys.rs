//! Keys that are not known where they stand: what was probably meant, and what to type.
//!
//! Most are misspelt, stand in the wrong place, or come from the formats that manifests grow out
//! of: docker-compose files and Kubernetes objects.

use super::listed;
use crate::node::{Kind, Node};
use crate::suggest;

/// What to say about an unknown key.
pub(super) struct Advice {
    /// What to type.
    pub(super) help: String,
    /// The known key that was meant, when there is one.
    pub(super) meant: Option<&'static str>,
    /// Whether keys with the same help are one slip.
    pub(super) is_shared: bool,
    /// Whether nothing is known about the key.
    pub(super) is_general: bool,
}

/// What a key of another format stands for: a key that only the mappings in question know, the
/// foreign key, the known key that was meant (or nothing), and what to type.
type Habit = (&'static str, &'static str, &'static str, &'static str);

const HABITS: &[Habit] = &[
    ("image", "ports", "expose", PORTS),
    ("image", "port", "expose", PORTS),
    (
        "image",
        "environment",
        "env",
        "write `env:` instead, with an item `- NAME=value` for each variable",
    ),
    ("image", "entrypoint", "command", "write `command:` instead, as a list"),
    ("image", "cmd", "args", "write `args:` instead, as a list"),
    ("image", "build", "image", "remove it: name an image in a registry, `image: name:tag`"),
    ("image", "volumes", "", VOLUMES),
    ("image", "volumeMounts", "params", VOLUMES),
    ("image", "resources", "", RESOURCES),
    ("image", "deploy", "", RESOURCES),
    ("image", "mem_limit", "", RESOURCES),
    ("image", "cpus", "", RESOURCES),
    ("image", "gpus", "", RESOURCES),
    ("image", "depends_on", "", "remove it: services start in any order"),
    ("image", "links", "", NETWORKS),
    ("image", "networks", "", NETWORKS),
    ("image", "network_mode", "", NETWORKS),
    ("image", "hostname", "", NAMES),
    ("image", "container_name", "", NAMES),
    ("image", "name", "", NAMES),
    ("image", "restart", "", "remove it: a service that ends is started again"),
    ("image", "replicas", "", "write `count:` under `deployment`"),
    ("image", "scale", "", "write `count:` under `deployment`"),
    ("image", "healthcheck", "", NOTHING),
    ("image", "labels", "", NOTHING),
    ("image", "logging", "", NOTHING),
    ("image", "privileged", "", NOTHING),
    ("image", "user", "", NOTHING),
    ("image", "working_dir", "", NOTHING),
    ("image", "shm_size", "", "add a volume of class `ram` and mount it on `/dev/shm`"),
    ("proto", "containerPort", "port", "write `port:` instead"),
    ("proto", "targetPort", "port", "write `port:` instead"),
    ("proto", "target", "port", "write `port:` instead"),
    ("proto", "internal", "port", "write `port:` instead"),
    ("proto", "hostPort", "as", "write `as:` instead"),
    ("proto", "published", "as", "write `as:` instead"),
    ("proto", "external", "as", "write `as:` instead"),
    ("proto", "protocol", "proto", "write `proto:` instead"),
    ("proto", "hosts", "accept", "write `accept:` instead, as a list"),
    ("proto", "host", "accept", "write `accept:` instead, as a list"),
    ("proto", "global", "to", "write `to: [ { global: true } ]`"),
    ("proto", "service", "to", "write `to: [ { service: NAME } ]`"),
    ("gpu", "limits", "cpu", LIMITS),
    ("gpu", "requests", "cpu", LIMITS),
    ("gpu", "ram", "memory", "write `memory: { size: 512Mi }`"),
    ("gpu", "mem", "memory", "write `memory: { size: 512Mi }`"),
    ("gpu", "disk", "storage", "write `storage: { size: 1Gi }`"),
    ("gpu", "ephemeral-storage", "storage", "write `storage: { size: 1Gi }`"),
    ("resources", "cpu", "resources", INSIDE),
    ("resources", "memory", "resources", INSIDE),
    ("resources", "storage", "resources", INSIDE),
    ("resources", "gpu", "resources", INSIDE),
    ("vendor", "nvidia", "vendor", "put `nvidia:` under `vendor:`"),
    ("vendor", "model", "vendor", "write `vendor: { nvidia: [ { model: NAME } ] }`"),
    ("pricing", "price", "pricing", "did you mean `pricing`?"),
    ("pricing", "prices", "pricing", "did you mean `pricing`?"),
    ("count", "replicas", "count", "write `count:` instead"),
    ("count", "instances", "count", "write `count:` instead"),
    ("count", "scale", "count", "write `count:` instead"),
    ("password", "user", "username", "write `username:` instead"),
    ("password", "login", "username", "write `username:` instead"),
    ("password", "token", "password", "write `password:` instead"),
    ("password", "registry", "host", "write `host:` instead"),
    ("password", "server", "host", "write `host:` instead"),
    ("mount", "path", "mount", "write `mount:` instead"),
    ("mount", "mountPath", "mount", "write `mount:` instead"),
    ("services", "volumes", "", "remove it: volumes are declared in compute profiles"),
    ("services", "networks", "", NETWORKS),
    ("services", "configs", "", NOTHING),
    ("services", "secrets", "", NOTHING),
    ("services", "deploy", "deployment", "did you mean `deployment`?"),
];

const PORTS: &str = "write `expose: [ { port: 80, to: [ { global: true } ] } ]`";
const VOLUMES: &str =
    "declare volumes under `storage` of the compute profile, mount them under `params.storage`";
const RESOURCES: &str = "write the resources in a profile under `profiles.compute`";
const NETWORKS: &str = "remove it: what `to` of a port names can reach the port";
const NAMES: &str = "remove it: the key above is the name of the service";
const MOUNTS: &str = "put it under `storage:`, further to the right";
const NOTHING: &str = "remove it: a manifest has nothing like it";
const INSIDE: &str = "write `resources:` above `cpu`, `memory` and `storage`, and indent them";
const LIMITS: &str = "write `cpu: { units: 0.5 }`, `memory: { size: 512Mi }` and \
                      `storage: { size: 1Gi }` right under `resources`";

/// Keys that are known somewhere, and what to type where they are not.
const HOMES: &[(&[&str], &str)] = &[
    (
        &["services", "profiles", "deployment", "endpoints", "reclamation"],
        "put it at the left margin, under nothing",
    ),
    (&["compute", "placement"], "put it under `profiles`"),
    (
        &["image", "command", "args", "env", "expose", "params", "credentials"],
        "put it under the service, in `services`",
    ),
    (&["port", "as", "proto", "to", "accept", "http_options"], "put it in an item of `expose`"),
    (&["global", "ip"], "put it in an item of `to`"),
    (&["resources"], "put it under a profile in `profiles.compute`"),
    (
        &["cpu", "memory", "storage", "gpu"],
        "put it under `resources` of a profile in `profiles.compute`",
    ),
    (&["pricing", "signedBy"], "put it under a placement in `profiles.placement`"),
    (&["denom", "amount"], "put it under `pricing`, below the name of a compute profile"),
    (&["profile", "count"], "put it under `deployment`, below a service and a placement"),
    (&["persistent", "class"], "put it under `attributes` of the volume"),
    (&["units"], "put it under `cpu` or `gpu`"),
    (&["size"], "put it under `memory` or a volume of `storage`"),
    (&["vendor"], "put it under `gpu.attributes`"),
    (&["nvidia"], "put it under `vendor`"),
    (&["model", "interface", "ram"], "put it in an item of `nvidia`"),
    (&["mount", "readOnly"], "put it under `params.storage`, below the name of a volume"),
];

/// The key of this name that is known somewhere, and where it belongs.
fn home(name: &str) -> Option<(&'static str, &'static str)> {
    HOMES.iter().find_map(|(keys, help)| {
        let key = keys.iter().find(|key| **key == name)?;
        Some((*key, *help))
    })
}

/// The key of this name, when a manifest knows it anywhere.
pub(crate) fn known_anywhere(name: &str) -> Option<&'static str> {
    const MORE: &[&str] = &["version", "include", "dependencies", "attributes"];
    home(name).map(|(key, _)| key).or_else(|| MORE.iter().copied().find(|key| *key == name))
}

/// What to say about the key `name` of a mapping that knows `known`, and about its `value`.
pub(super) fn advice(name: &str, known: &'static [&'static str], value: &Node<'_>) -> Advice {
    let told = |help: &str, meant| {
        let (is_shared, is_general) = (false, false);
        Advice { help: help.to_owned(), meant, is_shared, is_general }
    };
    let habit = HABITS.iter().find(|(owner, foreign, ..)| {
        (*foreign == name || *foreign == name.replace('-', "_")) && known.contains(owner)
    });
    if let Some((_, _, meant, help)) = habit {
        let meant = known.iter().copied().find(|key| key == meant);
        let is_shared = [LIMITS, RESOURCES, INSIDE].contains(help);
        return Advice { is_shared, ..told(help, meant) };
    }
    if let Some(meant) = suggest::nearest(name, known.iter().copied()) {
        return told(&format!("did you mean `{meant}`?"), Some(meant));
    }
    if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()) {
        return told("within `{ }` a comma ends a value: write numbers without commas", None);
    }
    if let Some((_, help)) = home(name) {
        let help = if value.is_null() { "remove it: nothing stands under it" } else { help };
        return Advice { is_shared: true, ..told(help, None) };
    }
    if let Some(help) = home_of_named(value) {
        let storage = known.iter().copied().find(|key| *key == "storage");
        return told(help, storage.filter(|_| help == MOUNTS));
    }
    match known {
        [only] => told(&format!("the only key here is `{only}`"), Some(*only)),
        known => {
            let help = format!("keys here are {}", listed(known));
            Advice { is_general: true, ..told(&help, None) }
        }
    }
}

/// Where a thing with a name of the user's belongs, by what it holds.
fn home_of_named(value: &Node<'_>) -> Option<&'static str> {
    let has = |wanted: &[&str]| has_any_key(value, wanted);
    if has(&["image", "expose"]) {
        Some("put it under `services`, further to the right")
    } else if has(&["resources"]) {
        Some("put it under `profiles.compute`, further to the right")
    } else if has(&["pricing", "signedBy"]) {
        Some("put it under `profiles.placement`, further to the right")
    } else if has(&["mount"]) {
        Some(MOUNTS)
    } else {
        None
    }
}

/// Whether a mapping has one of these keys.
pub(super) fn has_any_key(node: &Node<'_>, wanted: &[&str]) -> bool {
    let Kind::Mapping(pairs) = &node.kind else { return false };
    pairs.iter().any(|(key, _)| key.scalar().is_some_and(|name| wanted.contains(&name)))
}

/// The key that stands elsewhere than where it belongs, when this is one.
pub(super) fn stray(name: &str) -> Option<&'static str> {
    home(name).map(|(key, _)| key)
}
