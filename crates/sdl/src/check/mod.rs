//! Whether the parts of a document fit together: names, limits, and what may exist only once.
//!
//! Only what the deployment uses is checked, as the reference does (`sdl.md` 14); a service that
//! is placed twice counts twice where something must be unique over the whole manifest.

mod expose;
mod group;
mod market;
pub(crate) mod names;
mod references;
pub(crate) mod service;
mod storage;

use std::collections::{BTreeMap, BTreeSet};

use crate::code;
use crate::diagnostic::{Problem, Problems, Span};
use crate::gate::short;
use crate::model::{Deployed, Document, ProfileResources, Section, Service};
use crate::prices::KnownPrices;

use expose::IpUse;
use group::Group;

/// Bytes that services and profiles may come to, counted once for each placement: 16 MiB, each
/// value of the text counted as 32 bytes and its own.
pub const MANIFEST_BYTES_MAX: usize = 16 << 20;

/// Reports everything that does not fit, and what `prices` tell, if there are any.
pub(crate) fn check(
    document: &Document<'_>,
    prices: Option<&KnownPrices>,
    problems: &mut Problems,
) {
    let mut checker = Checker {
        document,
        problems,
        hosts: BTreeMap::new(),
        ip_ports: BTreeMap::new(),
        ip_ports_meant: BTreeMap::new(),
        used_endpoints: BTreeSet::new(),
        groups: BTreeMap::new(),
        first_denom: None,
        has_global: false,
        unpriced: BTreeSet::new(),
        undeclared_ips: BTreeSet::new(),
    };
    checker.missing_sections();
    checker.endpoints();
    if checker.manifest_fits() {
        checker.deployment();
        checker.whole();
        if let Some(prices) = prices {
            market::check(document, prices, problems);
        }
    }
}

/// One service in one placement.
#[derive(Clone, Copy)]
struct Place<'d> {
    name: &'d str,
    service: &'d Service<'d>,
    placement: &'d str,
    deployed: &'d Deployed<'d>,
    /// The resources of the profile, when there are any to compare with.
    resources: Option<&'d ProfileResources<'d>>,
}

struct Checker<'d, 'p> {
    document: &'d Document<'d>,
    problems: &'p mut Problems,
    /// Host names of `accept` so far.
    hosts: BTreeMap<&'d str, Span>,
    /// Ports on leased IPs so far: name, `as` and `proto` as they are written.
    ip_ports: BTreeMap<(&'d str, u32, &'d str), IpUse<'d>>,
    /// The same by outside port and protocol.
    ip_ports_meant: BTreeMap<(&'d str, u32, String), IpUse<'d>>,
    used_endpoints: BTreeSet<&'d str>,
    groups: BTreeMap<&'d str, Group<'d>>,
    first_denom: Option<(&'d str, Span)>,
    has_global: bool,
    /// Placements that were reported to have no prices.
    unpriced: BTreeSet<String>,
    /// Leased IPs that were reported to be undeclared.
    undeclared_ips: BTreeSet<&'d str>,
}

impl<'d> Checker<'d, '_> {
    fn deployment(&mut self) {
        let document = self.document;
        for (name, placements) in &document.deployment {
            let Some(places) = placements.value.as_ref().filter(|places| !places.is_empty()) else {
                continue;
            };
            let Some(service) = self.find_service(name, placements.span) else { continue };
            self.service(name, placements.span, service);
            for (placement, deployed) in places {
                let Some(value) = &deployed.value else { continue };
                self.place(name, service, placement, deployed.span, value);
            }
        }
        self.unused_services();
        self.unused_profiles();
    }

    fn unused_profiles(&mut self) {
        let document = self.document;
        let mut used: BTreeSet<&str> = BTreeSet::new();
        for places in document.deployment.values() {
            // What cannot be read may use any profile.
            let Some(places) = &places.value else { return };
            for deployed in places.values() {
                let Some(profile) = deployed.value.as_ref().and_then(|one| one.profile.value())
                else {
                    return;
                };
                used.insert(profile);
            }
        }
        // A profile that is not used and one that does not exist are one slip, and so are a
        // service that is not deployed and its profile.
        let exist = used.iter().all(|name| document.compute.contains_key(name));
        if !exist || !self.places_any() {
            return;
        }
        for (name, profile) in &document.compute {
            let is_idle = document.services.contains_key(name) && !self.is_deployed(name);
            if !used.contains(name) && !is_idle {
                let sentence = format!("compute profile `{}` is not used", short(name));
                let problem = Problem::warning(code::UNUSED_PROFILE, profile.span, sentence);
                self.problems.push(problem.help("use it under `deployment`, or remove it"));
            }
        }
    }

    fn is_deployed(&self, service: &str) -> bool {
        let places = self.document.deployment.get(service);
        places.is_some_and(|places| places.value.as_ref().is_none_or(|list| !list.is_empty()))
    }

    /// Whether anything is placed, or may be as far as can be read.
    fn places_any(&self) -> bool {
        let document = self.document;
        let sections = document.sections;
        let all = [sections.services, sections.compute, sections.placement, sections.deployment];
        all.iter().all(|section| *section == Section::Given)
            && document.deployment.keys().any(|service| self.is_deployed(service))
    }

    fn unused_services(&mut self) {
        let document = self.document;
        let exist = document.deployment.keys().all(|name| document.services.contains_key(name));
        if !exist || !self.places_any() {
            return;
        }
        for (name, service) in &document.services {
            if !self.is_deployed(name) {
                let sentence = format!("service `{}` is not deployed", short(name));
                let problem = Problem::warning(code::UNUSED_SERVICE, service.span, sentence);
                self.problems.push(problem.help("add it under `deployment`, or remove it"));
            }
        }
    }

    /// One service in one placement.
    fn place(
        &mut self,
        name: &'d str,
        service: &'d Service<'d>,
        placement: &'d str,
        span: Span,
        deployed: &'d Deployed<'d>,
    ) {
        let resources = self.find_profile(name, deployed);
        let found = self.find_placement(name, placement, span);
        let price = found.and_then(|found| self.find_price(name, placement, found, deployed));
        let place = Place { name, service, placement, deployed, resources };
        self.exposes(place);
        self.mounts(place);
        self.group(place, span, price);
    }

    /// What only the whole document shows.
    fn whole(&mut self) {
        let any = self.groups.values().next().is_some();
        let readable = self.document.deployment.values().all(|places| {
            places.value.as_ref().is_some_and(|list| list.values().all(|one| one.value.is_some()))
        });
        if !any && readable && !self.problems.has_errors() {
            let sentence = "the deployment places no service";
            let span = self.document.deployment_span;
            let problem = Problem::error(code::NOTHING_DEPLOYED, span, sentence);
            self.problems.push(problem.help(self.deployment_help()));
        } else if any && !self.has_global && !self.problems.has_errors() {
            // After another error the port in question may just not have been readable.
            self.no_global();
        }
        self.unused_endpoints();
        self.totals();
    }

    fn no_global(&mut self) {
        let document = self.document;
        let deployed = document.services.iter().filter(|(name, _)| self.is_deployed(name));
        let deployed = deployed.filter_map(|(name, named)| {
            named.value.as_ref().map(|service| (*name, named.span, service))
        });
        let mut deployed: Vec<(&str, Span, &Service<'_>)> = deployed.collect();
        deployed.sort_by_key(|(_, span, service)| (service.expose.is_empty(), *span));
        let slips = |problems: &Problems| {
            deployed.iter().find_map(|(_, _, service)| {
                let ports = service.expose.iter();
                let to = ports.filter_map(|port| problems.sure_slip(port.span, "to")).next();
                problems.sure_slip(service.body, "expose").or(to).cloned()
            })
        };
        let slip = slips(self.problems).or_else(|| self.problems.stray("expose").cloned());
        let sentence = "no deployed service can be reached from outside";
        let Some((name, span, service)) = deployed.first() else { return };
        let problem = match service.expose.first() {
            Some(port) => {
                let span = expose::place_of_port(port);
                Problem::error(code::NO_GLOBAL, span, sentence)
                    .saying("no `to` of this port has `global: true`")
                    .help("add `to: [ { global: true } ]` to the port")
            }
            None => Problem::error(code::NO_GLOBAL, *span, sentence)
                .saying(format!("service `{}` has no `expose`", short(name)))
                .help("add `expose: [ { port: 80, to: [ { global: true } ] } ]`"),
        };
        self.problems.push(problem.blamed_on(slip.as_ref()));
    }

    /// Whether the manifest stays within [`MANIFEST_BYTES_MAX`]. A service is written once for
    /// each placement, so few lines can ask for very many.
    fn manifest_fits(&mut self) -> bool {
        let document = self.document;
        let mut bytes: usize = 0;
        for (name, places) in &document.deployment {
            let service = document.services.get(name).and_then(|named| named.value.as_ref());
            let service = service.map_or(0, |service| service.bytes);
            for place in places.value.iter().flatten().filter_map(|(_, named)| named.value.as_ref())
            {
                let profile = place.profile.value().and_then(|name| document.compute.get(name));
                let profile = profile.and_then(|named| named.value.as_ref());
                let profile = profile.map_or(0, |profile| profile.bytes);
                bytes = bytes.saturating_add(service).saturating_add(profile);
            }
        }
        if bytes <= MANIFEST_BYTES_MAX {
            return true;
        }
        let sentence = format!("the deployment repeats more than {MANIFEST_BYTES_MAX} bytes");
        let problem = Problem::error(code::MANIFEST_LENGTH, document.deployment_span, sentence);
        self.problems.push(problem.help("place fewer services, or make them shorter"));
        false
    }
}
