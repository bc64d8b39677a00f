//! From the tree of a manifest to its groups and to what the provider is sent, both as JSON.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use undercut_primitives::Decimal;

/// The groups and the manifest of a document; `None` where a part is missing.
pub(super) fn derive(document: &Value) -> Option<(Value, Value)> {
    let is_shared = text(&document["version"]) != "2.0";
    let sequences = sequences(document);
    let mut groups: BTreeMap<&str, Group<'_>> = BTreeMap::new();
    for (name, places) in document["deployment"].as_object()? {
        let service = document["services"].get(name)?;
        let ports = ports(service, &sequences);
        for (place, deployed) in places.as_object()? {
            let placement = document["profiles"]["placement"].get(place)?;
            let profile = text(&deployed["profile"]);
            let wanted = &document["profiles"]["compute"].get(profile)?["resources"];
            let count = number(&deployed["count"]);
            let group = groups.entry(place).or_insert_with(|| Group::new(placement));
            let shared = group.units.iter().position(|unit| is_shared && unit.profile == profile);
            let unit = match shared {
                Some(unit) => unit,
                None => group.add_unit(profile, wanted)?,
            };
            group.units[unit].count += count;
            group.units[unit].endpoints.extend(ports.iter().flat_map(Port::endpoints));
            if shared.is_some() {
                group.units[unit].endpoints.sort_by_key(|(_, sequence)| *sequence);
            }
            group.ask_for_tee(text(&service["params"]["tee"]));
            let endpoints = ports.iter().flat_map(Port::endpoints).collect();
            let resources = resources(wanted, unit + 1, endpoints)?;
            group
                .services
                .push(manifest_service(name, service, count, &ports, resources, is_shared));
        }
    }
    let both = groups.into_iter().map(|(name, group)| {
        let manifest = json!({ "name": name, "services": group.services });
        Some((group.to_json(name)?, manifest))
    });
    let both: Vec<(Value, Value)> = both.collect::<Option<_>>()?;
    let (groups, manifest): (Vec<Value>, Vec<Value>) = both.into_iter().unzip();
    (!groups.is_empty()).then_some((Value::Array(groups), Value::Array(manifest)))
}

/// The text of a scalar; nothing is empty.
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The items of a list without those that are nothing.
fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten().filter(|item| !item.is_null())
}

fn pairs(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// A list of texts, or null where there is none.
fn texts(value: &Value) -> Value {
    if value.is_array() { items(value).cloned().collect() } else { Value::Null }
}

fn number(value: &Value) -> u64 {
    text(value).parse().unwrap_or_default()
}

fn flag(value: &Value) -> bool {
    matches!(text(value).to_ascii_lowercase().as_str(), "true" | "y" | "yes" | "on")
}

/// A number times another in double precision, truncated, as the reference has it.
fn times(number: &str, factor: f64) -> Option<u64> {
    Some((number.parse::<f64>().ok()? * factor) as u64)
}

fn bytes(size: &Value) -> Option<u64> {
    const KIBI: f64 = 1_024.0;
    let units = [
        ("Ki", KIBI),
        ("Mi", KIBI * KIBI),
        ("Gi", KIBI * KIBI * KIBI),
        ("Ti", KIBI * KIBI * KIBI * KIBI),
        ("Pi", KIBI * KIBI * KIBI * KIBI * KIBI),
        ("Ei", KIBI * KIBI * KIBI * KIBI * KIBI * KIBI),
        ("k", 1e3),
        ("M", 1e6),
        ("G", 1e9),
        ("T", 1e12),
        ("P", 1e15),
        ("E", 1e18),
    ];
    let (size, mut units) = (text(size), units.into_iter());
    let unit = units.find_map(|(unit, bytes)| Some((size.strip_suffix(unit)?, bytes)));
    let (number, bytes) = unit.unwrap_or((size, 1.0));
    times(number, bytes)
}

fn cpu_milli(units: &Value) -> Option<u64> {
    match text(units).strip_suffix('m') {
        Some(milli) => milli.parse().ok(),
        None => times(text(units), 1e3),
    }
}

/// A key and its value, each of which is left out when it is empty.
fn attribute(key: &str, value: &str) -> Value {
    let both = [("key", key), ("value", value)].into_iter().filter(|(_, text)| !text.is_empty());
    both.map(|(name, text)| (name.to_owned(), Value::from(text))).collect::<Map<_, _>>().into()
}

struct Group<'d> {
    placement: &'d Value,
    /// Sorted.
    attributes: Vec<(&'d str, &'d str)>,
    asks_for_tee: bool,
    units: Vec<Unit<'d>>,
    services: Vec<Value>,
}

struct Unit<'d> {
    profile: &'d str,
    wanted: &'d Value,
    count: u64,
    price: Value,
    endpoints: Vec<Endpoint>,
}

/// How a port is reached, 0 by the ingress, 1 by a port, 2 by a leased IP; and the number of that.
type Endpoint = (u64, u64);

impl<'d> Group<'d> {
    fn new(placement: &'d Value) -> Self {
        let attributes = pairs(&placement["attributes"]);
        let mut attributes: Vec<(&str, &str)> =
            attributes.map(|(key, value)| (key.as_str(), text(value))).collect();
        attributes.sort_unstable();
        Self { placement, attributes, asks_for_tee: false, units: vec![], services: vec![] }
    }

    /// Returns the place of the new unit.
    fn add_unit(&mut self, profile: &'d str, wanted: &'d Value) -> Option<usize> {
        let price = self.placement["pricing"].get(profile)?;
        let amount = text(&price["amount"]).parse::<Decimal>().ok()?.to_full_text();
        let price = json!({ "amount": amount, "denom": price["denom"] });
        self.units.push(Unit { profile, wanted, count: 0, price, endpoints: vec![] });
        Some(self.units.len() - 1)
    }

    fn ask_for_tee(&mut self, tee: &'d str) {
        if !tee.is_empty() && !self.asks_for_tee {
            self.asks_for_tee = true;
            self.attributes.push(("tee/type", tee));
            self.attributes.sort_unstable();
        }
    }

    fn to_json(&self, name: &str) -> Option<Value> {
        let attributes = self.attributes.iter().map(|(key, value)| attribute(key, value));
        let attributes: Option<Vec<Value>> =
            (!self.attributes.is_empty()).then(|| attributes.collect());
        let signed_by = &self.placement["signedBy"];
        let signed_by =
            json!({ "all_of": texts(&signed_by["allOf"]), "any_of": texts(&signed_by["anyOf"]) });
        let unit = |(unit, id): (&Unit<'_>, usize)| {
            let resource = resources(unit.wanted, id, unit.endpoints.clone())?;
            Some(json!({ "count": unit.count, "price": unit.price, "resource": resource }))
        };
        let units: Vec<Value> = self.units.iter().zip(1..).map(unit).collect::<Option<_>>()?;
        let requirements = json!({ "attributes": attributes, "signed_by": signed_by });
        Some(json!({ "name": name, "requirements": requirements, "resources": units }))
    }
}

/// What a unit is, or a replica of a service.
fn resources(wanted: &Value, id: usize, endpoints: Vec<Endpoint>) -> Option<Value> {
    let endpoint = |(kind, sequence): Endpoint| match kind {
        0 => json!({ "sequence_number": sequence }),
        kind => json!({ "kind": kind, "sequence_number": sequence }),
    };
    let arch = wanted["cpu"]["attributes"].get("arch").map(|arch| attribute("arch", text(arch)));
    let gpus = gpu_keys(&wanted["gpu"])?.iter().map(|key| attribute(key, "true")).collect();
    let memory = bytes(&wanted["memory"]["size"])?;
    Some(json!({
        "cpu": quantity("units", cpu_milli(&wanted["cpu"]["units"])?, arch.into_iter().collect()),
        "endpoints": endpoints.into_iter().map(endpoint).collect::<Vec<_>>(),
        "gpu": quantity("units", number(&wanted["gpu"]["units"]), gpus),
        "id": id,
        "memory": quantity("size", memory, vec![]),
        "storage": volumes(&wanted["storage"])?,
    }))
}

fn quantity(key: &str, value: u64, attributes: Vec<Value>) -> Value {
    let mut quantity = json!({ key: { "val": value.to_string() } });
    if !attributes.is_empty() {
        quantity["attributes"] = attributes.into();
    }
    quantity
}

/// The models that will do, sorted.
fn gpu_keys(gpu: &Value) -> Option<Vec<String>> {
    let vendor = &gpu["attributes"]["vendor"];
    if vendor.is_null() {
        return Some(Vec::new());
    }
    let key = |one: &Value| {
        let memory = match &one["ram"] {
            Value::Null => String::new(),
            ram => format!("/ram/{}Gi", bytes(ram)? >> 30),
        };
        let interface = match text(&one["interface"]) {
            "" => String::new(),
            interface => format!("/interface/{interface}"),
        };
        Some(format!("vendor/nvidia/model/{}{memory}{interface}", text(&one["model"])))
    };
    let mut keys: Vec<String> = items(&vendor["nvidia"]).map(key).collect::<Option<_>>()?;
    if keys.is_empty() {
        keys.push("vendor/nvidia/model/*".to_owned());
    }
    keys.sort_unstable();
    Some(keys)
}

/// By size; then without attributes, fleeting, persistent; then by name, if persistent; the rest in
/// reverse order of the text.
fn volumes(storage: &Value) -> Option<Value> {
    let one = std::slice::from_ref(storage);
    let all = if storage.is_object() { one } else { storage.as_array()?.as_slice() };
    let mut volumes = Vec::new();
    for volume in all.iter().rev() {
        let named =
            Some(text(&volume["name"])).filter(|name| !name.is_empty() && storage.is_array());
        let (name, size) = (named.unwrap_or("default"), bytes(&volume["size"])?);
        let (rank, attributes) = volume_attributes(&volume["attributes"]);
        let key = (size, rank, if rank == 2 { name } else { "" });
        let mut volume = json!({ "name": name, "size": { "val": size.to_string() } });
        if !attributes.is_empty() {
            volume["attributes"] = attributes.into();
        }
        volumes.push((key, volume));
    }
    volumes.sort_by_key(|(key, _)| *key);
    Some(volumes.into_iter().map(|(_, volume)| volume).collect())
}

fn volume_attributes(given: &Value) -> (u8, Vec<Value>) {
    if given.is_null() {
        return (0, Vec::new());
    }
    let is_persistent = matches!(text(&given["persistent"]), "true" | "on" | "yes");
    let class = match text(&given["class"]) {
        "" if text(&given["persistent"]) == "true" => Some("default"),
        "" => None,
        class => Some(class),
    };
    let class = class.map(|class| attribute("class", class));
    let persistent = attribute("persistent", if is_persistent { "true" } else { "false" });
    (1 + u8::from(is_persistent), class.into_iter().chain([persistent]).collect())
}

/// A port and one of those who reach it.
struct Port<'d> {
    expose: &'d Value,
    service: &'d str,
    port: u64,
    protocol: &'static str,
    is_global: bool,
    ip: &'d str,
    sequence: u64,
}

impl Port<'_> {
    fn endpoints(&self) -> impl Iterator<Item = Endpoint> {
        let outside = match number(&self.expose["as"]) {
            0 => self.port,
            outside => outside,
        };
        let kind = u64::from((self.protocol, outside) != ("TCP", 80));
        let leased = (!self.ip.is_empty()).then_some((2, self.sequence));
        [Some((kind, 0)), leased].into_iter().flatten().filter(|_| self.is_global)
    }

    fn to_json(&self) -> Value {
        let http = &self.expose["http_options"];
        json!({
            "endpointSequenceNumber": self.sequence,
            "externalPort": number(&self.expose["as"]),
            "global": self.is_global,
            "hosts": texts(&self.expose["accept"]),
            "httpOptions": http_options(http),
            "ip": self.ip,
            "port": self.port,
            "proto": self.protocol,
            "service": self.service,
        })
    }
}

fn ports<'d>(service: &'d Value, sequences: &BTreeMap<&str, u64>) -> Vec<Port<'d>> {
    let mut ports = Vec::new();
    for expose in items(&service["expose"]) {
        let is_udp = text(&expose["proto"]).eq_ignore_ascii_case("udp");
        let protocol = if is_udp { "UDP" } else { "TCP" };
        let port = |to: &'d Value| {
            let ip = text(&to["ip"]);
            let sequence = if ip.is_empty() { 0 } else { sequences[ip] };
            let (port, is_global) = (number(&expose["port"]), flag(&to["global"]));
            Port { expose, service: text(&to["service"]), port, protocol, is_global, ip, sequence }
        };
        if items(&expose["to"]).next().is_none() {
            ports.push(port(&Value::Null));
        }
        ports.extend(items(&expose["to"]).map(port));
    }
    ports.sort_by_key(|port| (port.service, port.port, port.protocol, !port.is_global));
    ports
}

/// Numbers of leased IPs: the last place of each among the sorted names of all that are no plain
/// global ones.
fn sequences(document: &Value) -> BTreeMap<&str, u64> {
    let deployed = pairs(&document["deployment"]).map(|(name, _)| &document["services"][name]);
    let targets = deployed.flat_map(|service| items(&service["expose"]));
    let targets = targets.flat_map(|expose| items(&expose["to"]));
    let counted = targets.filter(|to| !flag(&to["global"]) || !text(&to["ip"]).is_empty());
    let mut names: Vec<&str> = counted.map(|to| text(&to["ip"])).collect();
    names.sort_unstable();
    names.into_iter().zip(1..).collect()
}

/// What is absent, 0 or empty has its default.
fn http_options(http: &Value) -> Value {
    let or =
        |key: &str, default: u64| Some(number(&http[key])).filter(|n| *n > 0).unwrap_or(default);
    let cases = Some(texts(&http["next_cases"])).filter(|cases| items(cases).next().is_some());
    let mut options = json!({
        "maxBodySize": or("max_body_size", 1_048_576),
        "nextCases": cases.unwrap_or_else(|| json!(["error", "timeout"])),
        "nextTimeout": or("next_timeout", 0),
        "nextTries": or("next_tries", 3),
        "readTimeout": or("read_timeout", 60_000),
        "sendTimeout": or("send_timeout", 60_000),
    });
    if or("proxy_buffer_size", 0) > 0 {
        options["proxyBufferSize"] = or("proxy_buffer_size", 0).into();
    }
    options
}

fn manifest_service(
    name: &str,
    service: &Value,
    count: u64,
    ports: &[Port<'_>],
    resources: Value,
    is_shared: bool,
) -> Value {
    let mut sent = json!({
        "args": texts(&service["args"]),
        "command": texts(&service["command"]),
        "count": count,
        "credentials": credentials(&service["credentials"], is_shared),
        "env": texts(&service["env"]),
        "expose": ports.iter().map(Port::to_json).collect::<Vec<_>>(),
        "image": service["image"],
        "name": name,
    });
    sent["resources"] = resources;
    if !service["params"].is_null() {
        sent["params"] = params(&service["params"]);
    }
    sent
}

/// 2.0 sends the texts as they are and no address, 2.1 trims them and sends it.
fn credentials(given: &Value, is_trimmed: bool) -> Value {
    if given.is_null() {
        return Value::Null;
    }
    let of = |key: &str| if is_trimmed { text(&given[key]).trim() } else { text(&given[key]) };
    let email = if is_trimmed { of("email") } else { "" };
    json!({
        "email": email,
        "host": of("host"),
        "password": of("password"),
        "username": of("username"),
    })
}

fn params(given: &Value) -> Value {
    let mount = |(name, mount): (&String, &Value)| {
        let (path, is_fixed) = (text(&mount["mount"]), flag(&mount["readOnly"]));
        json!({ "mount": path, "name": name, "readOnly": is_fixed })
    };
    let mounts: Vec<Value> = pairs(&given["storage"]).map(mount).collect();
    let mut params =
        json!({ "storage": if mounts.is_empty() { Value::Null } else { mounts.into() } });
    if !given["permissions"].is_null() {
        let read = texts(&given["permissions"]["read"]);
        let is_any = items(&read).next().is_some();
        params["permissions"] = if is_any { json!({ "read": read }) } else { json!({}) };
    }
    if !text(&given["tee"]).is_empty() {
        params["tee"] = json!({ "attestation": true, "type": given["tee"] });
    }
    params
}
