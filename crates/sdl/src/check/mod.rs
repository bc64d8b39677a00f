//! Whether the parts of a document fit together: names, limits, and what may exist only once.
//!
//! Only what the deployment uses is checked, as the reference does (`sdl.md` 14); a service that
//! is placed twice counts twice where something must be unique over the whole manifest.

mod expose;
mod group;
mod names;
mod service;
mod storage;

use std::collections::{BTreeMap, BTreeSet};

use crate::code;
use crate::diagnostic::{Problem, Problems, Span};
use crate::gate::short;
use crate::model::{Deployed, Document, Field, Names, Placement, Price, ProfileResources, Service};
use crate::suggest;

use group::Group;

/// Bytes that services and profiles may come to, counted once for each placement: 16 MiB, each
/// value of the text counted as 32 bytes and its own.
pub const MANIFEST_BYTES_MAX: usize = 16 << 20;

/// Reports everything that does not fit.
pub(crate) fn check(document: &Document<'_>, problems: &mut Problems) {
    let mut checker = Checker {
        document,
        problems,
        hosts: BTreeMap::new(),
        ip_ports: BTreeMap::new(),
        used_endpoints: BTreeSet::new(),
        groups: BTreeMap::new(),
        first_denom: None,
        has_global: false,
    };
    checker.endpoints();
    if checker.manifest_fits() {
        checker.deployment();
        checker.whole();
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
    ip_ports: BTreeMap<(&'d str, u32, &'d str), Span>,
    used_endpoints: BTreeSet<&'d str>,
    groups: BTreeMap<&'d str, Group<'d>>,
    first_denom: Option<(&'d str, Span)>,
    has_global: bool,
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
        let places = self.document.deployment.values().filter_map(|places| places.value.as_ref());
        let deployed = places.flat_map(BTreeMap::values).filter_map(|named| named.value.as_ref());
        let used: BTreeSet<&str> =
            deployed.filter_map(|deployed| deployed.profile.value().copied()).collect();
        // A profile that is not used and one that does not exist are one slip.
        if !used.iter().all(|name| self.document.compute.contains_key(name)) {
            return;
        }
        for (name, profile) in &self.document.compute {
            if !used.contains(name) {
                let sentence = format!("compute profile `{}` is not used", short(name));
                let problem = Problem::warning(code::UNUSED_PROFILE, profile.span, sentence);
                self.problems.push(problem.help("use it under `deployment`, or remove it"));
            }
        }
    }

    fn find_service(&mut self, name: &str, span: Span) -> Option<&'d Service<'d>> {
        let Some(service) = self.document.services.get(name) else {
            let sentence = format!("service `{}` is deployed, but not declared", short(name));
            let known = self.document.services.keys().copied();
            let problem = Problem::error(code::UNKNOWN_SERVICE, span, sentence)
                .saying("not found under `services`");
            let problem = self.with_nearest(problem, name, known, &self.document.services);
            self.problems.push(problem);
            return None;
        };
        service.value.as_ref()
    }

    fn unused_services(&mut self) {
        let document = self.document;
        let deployed = |name: &str| {
            let places = document.deployment.get(name);
            places.is_some_and(|places| places.value.as_ref().is_none_or(|list| !list.is_empty()))
        };
        if !document.deployment.keys().all(|name| document.services.contains_key(name)) {
            return;
        }
        for (name, service) in &document.services {
            if !deployed(name) {
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

    fn find_profile(
        &mut self,
        name: &str,
        deployed: &'d Deployed<'d>,
    ) -> Option<&'d ProfileResources<'d>> {
        let wanted = deployed.profile.given()?;
        let Some(profile) = self.document.compute.get(&wanted.value) else {
            let what = match wanted.value {
                "" => "names no compute profile".to_owned(),
                text => format!("uses compute profile `{}`, which does not exist", short(text)),
            };
            let sentence = format!("service `{}` {what}", short(name));
            let known = self.document.compute.keys().copied();
            let problem = Problem::error(code::UNKNOWN_PROFILE, wanted.span, sentence)
                .saying("not found under `profiles.compute`");
            let problem = self.with_nearest(problem, wanted.value, known, &self.document.compute);
            self.problems.push(problem);
            return None;
        };
        let resources = &profile.value.as_ref()?.resources;
        if matches!(resources, Field::Absent) {
            let sentence = format!("compute profile `{}` has no `resources`", short(wanted.value));
            let problem = Problem::error(code::MISSING, profile.span, sentence);
            self.problems.push(problem.help("add `resources:` with `cpu`, `memory` and `storage`"));
        }
        resources.value()
    }

    fn find_placement(
        &mut self,
        name: &str,
        placement: &str,
        span: Span,
    ) -> Option<&'d Placement<'d>> {
        let Some(found) = self.document.placements.get(placement) else {
            let (service, placement_name) = (short(name), short(placement));
            let sentence = format!(
                "service `{service}` goes to placement `{placement_name}`, which does not exist"
            );
            let known = self.document.placements.keys().copied();
            let problem = Problem::error(code::UNKNOWN_PLACEMENT, span, sentence)
                .saying("not found under `profiles.placement`");
            let problem = self.with_nearest(problem, placement, known, &self.document.placements);
            self.problems.push(problem);
            return None;
        };
        found.value.as_ref()
    }

    fn find_price(
        &mut self,
        name: &str,
        placement: &str,
        found: &'d Placement<'d>,
        deployed: &'d Deployed<'d>,
    ) -> Option<&'d Price> {
        let profile = deployed.profile.given()?;
        if !self.document.compute.contains_key(&profile.value) {
            return None;
        }
        let Some(price) = found.pricing.get(&profile.value) else {
            let (wanted, place) = (short(profile.value), short(placement));
            let sentence = format!("no price for profile `{wanted}` in placement `{place}`");
            let used = format!("service `{}` uses it", short(name));
            let mut problem = Problem::error(code::NO_PRICE, profile.span, sentence).saying(used);
            if let Some(span) = found.pricing_span {
                let priced: Vec<&str> = found.pricing.keys().copied().take(8).collect();
                let lists = match priced.as_slice() {
                    [] => "`pricing` is empty".to_owned(),
                    names => format!("`pricing` lists {}", crate::decode::listed(names)),
                };
                problem = problem.label(span, lists);
            }
            let lines = format!("add `{wanted}: {{ denom: uact, amount: ... }}` to its `pricing`");
            self.problems.push(problem.help(lines));
            return None;
        };
        price.value.as_ref()
    }

    /// What only the whole document shows.
    fn whole(&mut self) {
        let any = self.groups.values().next().is_some();
        let readable = self.document.deployment.values().all(|places| {
            places.value.as_ref().is_some_and(|list| list.values().all(|one| one.value.is_some()))
        });
        let span = self.document.deployment_span;
        if !any && readable && !self.problems.has_errors() {
            let sentence = "the deployment places no service";
            let problem = Problem::error(code::NOTHING_DEPLOYED, span, sentence);
            self.problems.push(problem.help("under `deployment`, name a service and a placement"));
        } else if any && !self.has_global && !self.problems.has_errors() {
            // After another error the port in question may just not have been readable.
            let sentence = "no deployed service can be reached from outside";
            let problem = Problem::error(code::NO_GLOBAL, span, sentence);
            self.problems.push(problem.help("add `to: [ { global: true } ]` to a port"));
        }
        self.unused_endpoints();
        self.totals();
    }

    /// Adds help and the place of the declaration that is most like `name`.
    fn with_nearest<'a, T>(
        &self,
        problem: Problem,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
        declared: &Names<T>,
    ) -> Problem {
        if !self.problems.wants_help() {
            return problem;
        }
        let known: Vec<&str> = known.into_iter().collect();
        let Some(nearest) = suggest::nearest(name, known.iter().copied()) else {
            let first: Vec<&str> = known.into_iter().take(8).collect();
            return match first.as_slice() {
                [] => problem,
                first => problem.help(format!("there is {}", crate::decode::listed(first))),
            };
        };
        let span = declared.get(nearest).map(|named| named.span);
        let problem = problem.help(format!("did you mean `{}`?", short(nearest)));
        match span {
            Some(span) => problem.label(span, "a similar name is declared here"),
            None => problem,
        }
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
