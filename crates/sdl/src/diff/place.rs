//! [`Place`]: what a change is about, as a path in words and as something to look up in a text.

use std::fmt;

use super::{Change, Effect};
use crate::gate::short;
use crate::manifest::ManifestExpose;

/// A service in a placement.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<'m> {
    pub(super) placement: &'m str,
    pub(super) service: &'m str,
}

/// What a change is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place<'m> {
    Reclamation,
    Placement(&'m str),
    /// A placement's attribute, by key.
    Attribute(&'m str, &'m str),
    AllOf(&'m str),
    AnyOf(&'m str),
    Service(At<'m>),
    Part(At<'m>, Part<'m>),
}

/// A part of a service.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part<'m> {
    Image,
    Command,
    Args,
    /// The list as a whole: its order, or whether there is one.
    Environment,
    Variable(&'m str),
    Credentials,
    /// One of the credentials.
    Login(&'static str),
    Params,
    /// By volume.
    Mount(&'m str),
    Permissions,
    Tee,
    Port(&'m ManifestExpose),
    /// The port outside.
    Outside(&'m ManifestExpose),
    LeasedIp(&'m ManifestExpose),
    Hosts(&'m ManifestExpose),
    Http(&'m ManifestExpose, &'static str),
    Cpu,
    Arch,
    Memory,
    Gpus,
    GpuModels,
    Volume(&'m str),
    VolumeSize(&'m str),
    VolumeAttributes(&'m str),
    /// The order of the volumes.
    Volumes,
    Replicas,
    Price,
    Unit,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reclamation => f.write_str("reclamation window"),
            Self::Placement(name) => write!(f, "placement {}", short(name)),
            Self::Attribute(name, key) => {
                write!(f, "placement {} / attribute {}", short(name), short(key))
            }
            Self::AllOf(name) => write!(f, "placement {} / signedBy allOf", short(name)),
            Self::AnyOf(name) => write!(f, "placement {} / signedBy anyOf", short(name)),
            Self::Service(at) => at.fmt(f),
            Self::Part(at, part) => write!(f, "{at} / {part}"),
        }
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "placement {} / service {}", short(self.placement), short(self.service))
    }
}

impl fmt::Display for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = |expose: &ManifestExpose| {
            let protocol = expose.protocol.to_ascii_lowercase();
            format!("port {}/{protocol}{}", expose.port, target(expose))
        };
        match self {
            Self::Image => f.write_str("image"),
            Self::Command => f.write_str("command"),
            Self::Args => f.write_str("args"),
            Self::Environment => f.write_str("env"),
            Self::Variable(name) => write!(f, "env {}", short(name)),
            Self::Credentials => f.write_str("credentials"),
            Self::Login(key) => write!(f, "credentials / {key}"),
            Self::Params => f.write_str("params"),
            Self::Mount(volume) => write!(f, "mount of {}", short(volume)),
            Self::Permissions => f.write_str("permissions"),
            Self::Tee => f.write_str("tee"),
            Self::Port(expose) => f.write_str(&port(expose)),
            Self::Outside(expose) => write!(f, "{} / as", port(expose)),
            Self::LeasedIp(expose) => write!(f, "{} / ip", port(expose)),
            Self::Hosts(expose) => write!(f, "{} / hosts", port(expose)),
            Self::Http(expose, key) => write!(f, "{} / {key}", port(expose)),
            Self::Cpu => f.write_str("cpu"),
            Self::Arch => f.write_str("cpu attributes"),
            Self::Memory => f.write_str("memory"),
            Self::Gpus => f.write_str("gpu"),
            Self::GpuModels => f.write_str("gpu models"),
            Self::Volume(name) => write!(f, "volume {}", short(name)),
            Self::VolumeSize(name) => write!(f, "volume {} / size", short(name)),
            Self::VolumeAttributes(name) => write!(f, "volume {} / attributes", short(name)),
            Self::Volumes => f.write_str("order of volumes"),
            Self::Replicas => f.write_str("count"),
            Self::Price => f.write_str("price"),
            Self::Unit => f.write_str("resource unit"),
        }
    }
}

/// Whom a port is for, when it is not the world alone.
fn target(expose: &ManifestExpose) -> String {
    match (expose.service.as_str(), expose.global) {
        ("", true) => String::new(),
        ("", false) => " inside".to_owned(),
        (service, true) => format!(" to {} and all", short(service)),
        (service, false) => format!(" to {}", short(service)),
    }
}

impl Place<'_> {
    /// What an order may lack.
    fn noun(&self) -> String {
        match self {
            Self::Reclamation => "reclamation window".to_owned(),
            Self::Attribute(_, key) => format!("attribute `{}`", short(key)),
            Self::AllOf(_) | Self::AnyOf(_) => "such auditors".to_owned(),
            Self::Part(_, Part::Arch) => "CPU attributes".to_owned(),
            Self::Part(_, Part::Gpus) => "GPU".to_owned(),
            Self::Part(_, Part::GpuModels) => "GPU models".to_owned(),
            Self::Part(_, Part::VolumeAttributes(name)) => {
                format!("attributes of volume `{}`", short(name))
            }
            other => other.to_string(),
        }
    }
}

/// A change before its path is put into words.
#[derive(Clone, Debug)]
pub(super) struct Found<'m> {
    pub(super) place: Place<'m>,
    pub(super) old: Option<String>,
    pub(super) new: Option<String>,
    pub(super) effect: Effect,
    /// What to say at the place, when it is more than what the order was for.
    pub(super) label: Option<String>,
}

impl Found<'_> {
    pub(super) fn into_change(self) -> Change {
        let path = self.place.to_string();
        Change { path, old: self.old, new: self.new, effect: self.effect }
    }

    /// What to say at the place.
    pub(super) fn label(&self) -> String {
        match (&self.label, &self.old) {
            (Some(label), _) => label.clone(),
            (None, Some(old)) => format!("order was for {old}"),
            (None, None) => format!("order has no {}", self.place.noun()),
        }
    }
}
