//! `undercut sdl explain`: what a manifest asks for, and the most it can cost.

use std::collections::BTreeMap;

use serde::Serialize;
use undercut_primitives::usd::Usd;
use undercut_primitives::{Attribute, PricePerBlock};
use undercut_sdl::{
    ExplainedGroup, ExplainedPort, ExplainedService, ExplainedUnit, ExplainedVolume, Explanation,
    GpuModel, Reach, Totals, UsdCost, VolumeMount,
};

use super::{Source, prices, show};
use crate::args::Explain;
use crate::exit::{Exit, Failure};
use crate::say;
use crate::style::{Style, escaped_json};

/// Explains a valid manifest; problems go to standard error.
pub(super) fn run(args: &Explain, style: Style) -> Result<Exit, Failure> {
    let source = Source::read(&args.file)?;
    let Some(sdl) = show::valid(&source, Some(&prices(args.akt_usd)), style) else {
        return Ok(Exit::No);
    };
    let explanation = sdl.explain();
    let text = if args.json {
        let page = Page::of(&explanation, &source.path, args.akt_usd);
        let line = serde_json::to_string(&page).map(|json| escaped_json(&json));
        line.map_err(|error| Failure::new(Exit::Bug, error.to_string()))? + "\n"
    } else {
        style.paint(&explanation.to_text(args.akt_usd))
    };
    say(&text)?;
    Ok(Exit::Done)
}

/// The answer of `--json`. Sizes are bytes, CPUs thousandths; money is text.
#[derive(Serialize)]
struct Page<'a> {
    schema: &'static str,
    file: &'a str,
    groups: Vec<Group<'a>>,
    totals: Sums<'a>,
    ceiling: Option<Price>,
    reclamation_min_window_ns: Option<u64>,
}

#[derive(Serialize)]
struct Group<'a> {
    name: &'a str,
    services: Vec<Service<'a>>,
    units: Vec<Unit<'a>>,
    totals: Sums<'a>,
    attributes: Vec<Pair<'a>>,
    signed_by_all_of: &'a [String],
    signed_by_any_of: &'a [String],
    tee: Option<&'a str>,
    ceiling: Option<Price>,
}

#[derive(Serialize)]
struct Pair<'a> {
    key: &'a str,
    value: &'a str,
}

#[derive(Serialize)]
struct Service<'a> {
    name: &'a str,
    image: &'a str,
    count: u32,
    unit: u32,
    ports: Vec<Port<'a>>,
}

#[derive(Serialize)]
struct Port<'a> {
    port: u32,
    outside_port: u32,
    protocol: &'a str,
    reach: &'static str,
    hosts: &'a [String],
    leased_ip: Option<&'a str>,
    service: Option<&'a str>,
}

#[derive(Serialize)]
struct Unit<'a> {
    id: u32,
    count: u32,
    cpu_milli: u64,
    arch: Option<&'a str>,
    memory_bytes: u64,
    volumes: Vec<Volume<'a>>,
    gpus: u64,
    gpu_models: Vec<Gpu<'a>>,
    price: Price,
}

#[derive(Serialize)]
struct Volume<'a> {
    name: &'a str,
    size_bytes: u64,
    class: &'a str,
    persistent: bool,
    mounts: Vec<Mount<'a>>,
}

#[derive(Serialize)]
struct Mount<'a> {
    service: &'a str,
    path: &'a str,
    read_only: bool,
}

#[derive(Serialize)]
struct Gpu<'a> {
    model: &'a str,
    memory: Option<&'a str>,
    interface: Option<&'a str>,
}

#[derive(Serialize)]
struct Sums<'a> {
    replicas: u64,
    cpu_milli: u128,
    memory_bytes: u128,
    storage_bytes: &'a BTreeMap<String, u128>,
    gpus: u128,
    http_endpoints: usize,
    random_ports: usize,
    leased_ips: usize,
}

#[derive(Serialize)]
struct Price {
    per_block: String,
    denom: String,
    usd_per_hour: Option<String>,
    usd_per_month: Option<String>,
}

impl<'a> Page<'a> {
    fn of(explanation: &'a Explanation, file: &'a str, akt_usd: Option<Usd>) -> Self {
        let Explanation { groups, totals, ceiling, reclamation_min_window_ns } = explanation;
        Self {
            schema: "undercut.sdl-explain/1",
            file,
            groups: groups.iter().map(|group| Group::of(group, akt_usd)).collect(),
            totals: Sums::of(totals),
            ceiling: ceiling.as_ref().map(|price| Price::of(price, akt_usd)),
            reclamation_min_window_ns: *reclamation_min_window_ns,
        }
    }
}

impl<'a> Group<'a> {
    fn of(group: &'a ExplainedGroup, akt_usd: Option<Usd>) -> Self {
        let pair = |one: &'a Attribute| Pair { key: &one.key, value: &one.value };
        Self {
            name: &group.name,
            services: group.services.iter().map(Service::of).collect(),
            units: group.units.iter().map(|unit| Unit::of(unit, akt_usd)).collect(),
            totals: Sums::of(&group.totals),
            attributes: group.attributes.iter().map(pair).collect(),
            signed_by_all_of: &group.signed_by.all_of,
            signed_by_any_of: &group.signed_by.any_of,
            tee: group.tee.as_deref(),
            ceiling: group.ceiling.as_ref().map(|price| Price::of(price, akt_usd)),
        }
    }
}

impl<'a> Service<'a> {
    fn of(service: &'a ExplainedService) -> Self {
        let ExplainedService { name, image, count, unit, ports } = service;
        let ports = ports.iter().map(Port::of).collect();
        Self { name, image, count: *count, unit: *unit, ports }
    }
}

impl<'a> Port<'a> {
    fn of(port: &'a ExplainedPort) -> Self {
        let (reach, hosts, leased_ip, service) = match &port.reach {
            Reach::Http { hosts } => ("http", hosts.as_slice(), None, None),
            Reach::RandomPort => ("random-port", [].as_slice(), None, None),
            Reach::LeasedIp { name } => ("leased-ip", [].as_slice(), Some(name.as_str()), None),
            Reach::Inside { service } => ("inside", [].as_slice(), None, service.as_deref()),
        };
        let ExplainedPort { port, outside_port, protocol, .. } = port;
        Self {
            port: *port,
            outside_port: *outside_port,
            protocol,
            reach,
            hosts,
            leased_ip,
            service,
        }
    }
}

impl<'a> Unit<'a> {
    fn of(unit: &'a ExplainedUnit, akt_usd: Option<Usd>) -> Self {
        Self {
            id: unit.id,
            count: unit.count,
            cpu_milli: unit.cpu_milli,
            arch: unit.arch.as_deref(),
            memory_bytes: unit.memory_bytes,
            volumes: unit.volumes.iter().map(Volume::of).collect(),
            gpus: unit.gpus,
            gpu_models: unit.gpu_models.iter().map(Gpu::of).collect(),
            price: Price::of(&unit.price, akt_usd),
        }
    }
}

impl<'a> Volume<'a> {
    fn of(volume: &'a ExplainedVolume) -> Self {
        let mount = |mount: &'a VolumeMount| Mount {
            service: &mount.service,
            path: &mount.path,
            read_only: mount.read_only,
        };
        Self {
            name: &volume.name,
            size_bytes: volume.size_bytes,
            class: &volume.class,
            persistent: volume.persistent,
            mounts: volume.mounts.iter().map(mount).collect(),
        }
    }
}

impl<'a> Gpu<'a> {
    fn of(gpu: &'a GpuModel) -> Self {
        let GpuModel { model, memory, interface } = gpu;
        Self { model, memory: memory.as_deref(), interface: interface.as_deref() }
    }
}

impl<'a> Sums<'a> {
    fn of(totals: &'a Totals) -> Self {
        Self {
            replicas: totals.replicas,
            cpu_milli: totals.cpu_milli,
            memory_bytes: totals.memory_bytes,
            storage_bytes: &totals.storage_bytes,
            gpus: totals.gpus,
            http_endpoints: totals.http_endpoints,
            random_ports: totals.random_ports,
            leased_ips: totals.leased_ips,
        }
    }
}

impl Price {
    fn of(price: &PricePerBlock, akt_usd: Option<Usd>) -> Self {
        let cost = UsdCost::half_up(price, akt_usd);
        let dollars = |cents: u128| format!("{}.{:02}", cents / 100, cents % 100);
        Self {
            per_block: price.value.to_string(),
            denom: price.denom.to_string(),
            usd_per_hour: cost.map(|cost| dollars(cost.cents_per_hour)),
            usd_per_month: cost.map(|cost| dollars(cost.cents_per_month)),
        }
    }
}
