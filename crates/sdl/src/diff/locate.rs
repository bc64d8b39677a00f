//! Where in a text the changes stand that an update may not make.
//!
//! What is gone is shown at the nearest parent that is still there: a volume at its profile, a
//! port or a service's placement at the service, a service or a placement at `deployment`.

use super::Effect;
use super::compare::compare;
use super::place::{At, Found, Part, Place};
use crate::code;
use crate::diagnostic::{Problem, Span};
use crate::manifest::ManifestExpose;
use crate::model::{
    Deployed, Document, Expose, Field, Located, Named, Placement, Price, Profile, ProfileResources,
    Service, To, VolumeRequest,
};
use crate::sdl::Sdl;

/// Places that are shown beside the first one.
const LABELS_MAX: usize = 16;
/// Changes that are looked up in the text: each costs up to a walk through a list of ports.
const LOCATED_MAX: usize = 1_000;

/// The problem with an update from `old` to `new`, whose text is `document`.
pub(super) fn problem(old: &Sdl, new: &Sdl, document: &Document<'_>) -> Option<Problem> {
    let mut found = compare(old, new);
    found.retain(|found| found.effect != Effect::Allowed);
    let beyond = found.len().saturating_sub(LOCATED_MAX);
    found.truncate(LOCATED_MAX);
    let text = Text { document };
    let mut labels: Vec<(Span, String)> =
        found.iter().map(|found| (text.span(found), found.label())).collect();
    labels.sort();
    labels.dedup();
    let mut labels = labels.into_iter();
    let (span, first) = labels.next()?;
    let sentence = "this update changes what the order auctioned";
    let mut problem = Problem::error(code::CHANGES_LEASE, span, sentence).saying(first);
    for (span, label) in labels.by_ref().take(LABELS_MAX) {
        problem = problem.label(span, label);
    }
    let more = match labels.count().saturating_add(beyond) {
        0 => String::new(),
        count => format!(" and {count} more"),
    };
    let help = format!(
        "close the lease and post a new order, or restore these lines{more}; image, command, \
         args, env and hosts may change under a running lease; resources, counts, placement, \
         price, and number and kind of public endpoints may not"
    );
    Some(problem.help(help))
}

/// The new text.
struct Text<'d> {
    document: &'d Document<'d>,
}

impl<'d> Text<'d> {
    fn span(&self, found: &Found<'_>) -> Span {
        let deployment = self.document.deployment_span;
        match found.place {
            Place::Reclamation => {
                let window = self.document.reclamation_ns.as_ref();
                window.map_or(deployment, |window| window.span)
            }
            Place::Placement(name) => self.placement(name).0,
            Place::Attribute(placement, key) => {
                let (span, placement) = self.placement(placement);
                let attributes = placement.and_then(|one| one.attributes.as_ref());
                let mut attributes = attributes.into_iter().flatten();
                let value = attributes.find(|(name, _)| *name == key);
                value.map_or(span, |(_, value)| value.span)
            }
            Place::AllOf(name) | Place::AnyOf(name) => {
                let (span, placement) = self.placement(name);
                let list = placement.and_then(|one| match found.place {
                    Place::AllOf(_) => one.all_of.as_ref(),
                    _ => one.any_of.as_ref(),
                });
                list.and_then(|list| list.first()).map_or(span, |auditor| auditor.span)
            }
            Place::Service(at) => self.deployed(at).0,
            Place::Part(at, part) => self.part(at, part, found.new.is_none()),
        }
    }

    /// The name of a placement, or `deployment` when it is gone.
    fn placement(&self, name: &str) -> (Span, Option<&'d Placement<'d>>) {
        match self.document.placements.get(name) {
            Some(named) => (named.span, named.value.as_ref()),
            None => (self.document.deployment_span, None),
        }
    }

    /// Where a service is deployed: its placement, its name, or `deployment`.
    fn deployed(&self, at: At<'_>) -> (Span, Option<&'d Deployed<'d>>) {
        let Some(places) = self.document.deployment.get(at.service) else {
            return (self.document.deployment_span, None);
        };
        match places.value.as_ref().and_then(|places| places.get(at.placement)) {
            Some(named) => (named.span, named.value.as_ref()),
            None => (places.span, None),
        }
    }

    fn service(&self, at: At<'_>) -> Option<&'d Named<Service<'d>>> {
        self.document.services.get(at.service)
    }

    fn profile(&self, at: At<'_>) -> Option<&'d Named<Profile<'d>>> {
        let (_, deployed) = self.deployed(at);
        self.document.compute.get(deployed?.profile.value()?)
    }

    fn price(&self, at: At<'_>) -> Option<&'d Price> {
        let profile = self.deployed(at).1?.profile.value()?;
        let (_, placement) = self.placement(at.placement);
        placement?.pricing.get(profile)?.value.as_ref()
    }

    fn part(&self, at: At<'_>, part: Part<'_>, gone: bool) -> Span {
        let (deployed, value) = self.deployed(at);
        let span = match part {
            Part::Replicas => value.and_then(|value| span_of(&value.count)),
            Part::Price => self.price(at).map(|price| price.amount.span),
            Part::Unit => None,
            Part::Port(expose)
            | Part::Outside(expose)
            | Part::LeasedIp(expose)
            | Part::Hosts(expose)
            | Part::Http(expose, _) => self.port(at, part, expose, gone),
            Part::Cpu
            | Part::Arch
            | Part::Memory
            | Part::Gpus
            | Part::GpuModels
            | Part::Volume(_)
            | Part::VolumeSize(_)
            | Part::VolumeAttributes(_)
            | Part::Volumes => self.resource(at, part),
            // The rest is the manifest's alone, and so never refused.
            _ => self.service(at).map(|service| service.span),
        };
        span.unwrap_or(deployed)
    }

    /// A quantity in the compute profile, or the profile's name.
    fn resource(&self, at: At<'_>, part: Part<'_>) -> Option<Span> {
        let profile = self.profile(at)?;
        let resources = profile.value.as_ref().and_then(|profile| profile.resources.value());
        let span = resources.and_then(|resources| match part {
            Part::Cpu => span_of(&resources.cpu_milli),
            Part::Arch => resources.arch.as_ref().map(|arch| arch.span),
            Part::Memory => span_of(&resources.memory_bytes),
            Part::Gpus => span_of(&resources.gpus),
            Part::GpuModels => resources.gpu_keys.first().map(|key| key.span),
            Part::VolumeSize(name) => span_of(&volume(resources, name)?.size_bytes),
            Part::Volume(name) | Part::VolumeAttributes(name) => {
                Some(volume(resources, name)?.name.span)
            }
            _ => None,
        });
        Some(span.unwrap_or(profile.span))
    }

    /// A port under `services`; the service's name when the port is gone.
    fn port(
        &self,
        at: At<'_>,
        part: Part<'_>,
        wanted: &ManifestExpose,
        gone: bool,
    ) -> Option<Span> {
        let service = self.service(at)?;
        let is_port = matches!(part, Part::Port(_));
        let found = service.value.as_ref().and_then(|service| find_port(service, wanted));
        let Some((expose, to)) = found.filter(|_| !(gone && is_port)) else {
            return Some(service.span);
        };
        let port = span_of(&expose.port).unwrap_or(expose.span);
        let leased = to.map(|to| to.ip.as_ref().map_or(to.span, |ip| ip.span));
        let outside = expose.external.as_ref().map(|external| external.span);
        let protocol = expose.protocol.as_ref().map(|protocol| protocol.span);
        Some(match part {
            Part::LeasedIp(_) => leased.unwrap_or(port),
            Part::Outside(_) => outside.unwrap_or(port),
            _ => port.min(protocol.unwrap_or(port)),
        })
    }
}

/// The item of `expose` and of its `to` that a port of the manifest comes from.
fn find_port<'d>(
    service: &'d Service<'d>,
    wanted: &ManifestExpose,
) -> Option<(&'d Expose<'d>, Option<&'d To<'d>>)> {
    let text = |text: Option<&Located<&'d str>>| text.map_or("", |text| text.value);
    service.expose.iter().find_map(|expose| {
        let protocol = match text(expose.protocol.as_ref()) {
            "" => "TCP",
            protocol => protocol,
        };
        let external = expose.external.as_ref().map_or(0, |external| external.value);
        let is_it = expose.port.value() == Some(&wanted.port)
            && external == wanted.external_port
            && protocol.eq_ignore_ascii_case(&wanted.protocol);
        let to = expose.to.iter().find(|to| {
            to.global == wanted.global
                && text(to.service.as_ref()) == wanted.service
                && text(to.ip.as_ref()) == wanted.ip
        });
        // Without `to` there is one internal port.
        (is_it && (to.is_some() || expose.to.is_empty())).then_some((expose, to))
    })
}

fn volume<'d>(resources: &'d ProfileResources<'d>, name: &str) -> Option<&'d VolumeRequest<'d>> {
    resources.volumes.iter().flatten().find(|volume| volume.name.value == name)
}

fn span_of<T>(field: &Field<T>) -> Option<Span> {
    field.given().map(|located| located.span)
}
