//! Orders that several tests price, place or decide on: the rows of `provider.md` 5.3.

use undercut_primitives::{
    Address, Attribute, DeploymentId, Endpoint, EndpointKind, GroupId, GroupSpec, OrderId,
    Requirements, ResourceUnit, Resources, Tenant, Volume,
};

pub(crate) const MIB: u64 = 1 << 20;
pub(crate) const GIB: u64 = 1 << 30;

pub(crate) fn group(units: Vec<ResourceUnit>) -> GroupSpec {
    GroupSpec { name: "g".into(), requirements: Requirements::default(), units }
}

pub(crate) fn unit(id: u32, count: u32, cpu_milli: u64, memory_bytes: u64) -> ResourceUnit {
    let resources = Resources { cpu_milli, memory_bytes, ..Resources::default() };
    ResourceUnit { id, resources, count, price: "10000uact".parse().unwrap() }
}

/// Persistent if `class` is given, otherwise ephemeral.
pub(crate) fn volume(name: &str, size_bytes: u64, class: &str) -> Volume {
    let attributes = match class {
        "" => vec![],
        class => vec![Attribute::new("class", class), Attribute::new("persistent", "true")],
    };
    Volume { name: name.into(), size_bytes, attributes }
}

pub(crate) fn ram_volume(name: &str, size_bytes: u64) -> Volume {
    let attributes = vec![Attribute::new("class", "ram"), Attribute::new("persistent", "false")];
    Volume { name: name.into(), size_bytes, attributes }
}

pub(crate) fn http(number: usize) -> Vec<Endpoint> {
    vec![Endpoint { kind: EndpointKind::SharedHttp, sequence: 0 }; number]
}

pub(crate) fn leased_ip(sequence: u32) -> Endpoint {
    Endpoint { kind: EndpointKind::LeasedIp, sequence }
}

pub(crate) fn order(oseq: u32) -> OrderId {
    let tenant = Tenant(Address::of_module("tenant"));
    GroupId { deployment: DeploymentId { tenant, dseq: 1 }, gseq: 1 }.order(oseq)
}

pub(crate) fn row_1() -> GroupSpec {
    let mut web = unit(1, 1, 500, 512 * MIB);
    web.resources.volumes = vec![volume("disk", 512 * MIB, "")];
    web.resources.endpoints = http(1);
    group(vec![web])
}

pub(crate) fn row_2() -> GroupSpec {
    let mut web = unit(1, 3, 1_000, GIB);
    web.resources.volumes = vec![volume("disk", GIB, "")];
    web.resources.endpoints = http(2);
    let mut db = unit(2, 1, 2_000, 4 * GIB);
    db.resources.volumes = vec![volume("disk", 512 * MIB, ""), volume("data", 100 * GIB, "beta2")];
    let ports = vec![Endpoint { kind: EndpointKind::RandomPort, sequence: 0 }; 2];
    db.resources.endpoints = [vec![leased_ip(1); 2], ports].concat();
    group(vec![web, db])
}

pub(crate) fn row_6() -> GroupSpec {
    let mut train = unit(1, 1, 16_000, 128 * GIB);
    train.resources.volumes = vec![volume("disk", 500 * GIB, "")];
    train.resources.endpoints = http(1);
    train.resources.gpus = 1;
    train.resources.gpu_attributes = vec![gpu("h100/ram/80Gi/interface/sxm")];
    group(vec![train])
}

pub(crate) fn gpu(model: &str) -> Attribute {
    Attribute::new(format!("vendor/nvidia/model/{model}"), "true")
}
