//! What a deployment refers to: services, compute profiles, placements and prices.

use super::Checker;
use crate::code;
use crate::decode::listed;
use crate::diagnostic::{Problem, Slip, Span};
use crate::gate::short;
use crate::model::{Deployed, Field, Names, Placement, Price, ProfileResources, Section, Service};
use crate::suggest;

/// Names that help lists.
const LISTED_MAX: usize = 8;

/// What a compute profile needs, in one line.
pub(super) const RESOURCES: &str = "`resources: { cpu: { units: 0.5 }, memory: { size: 512Mi }, \
                                    storage: { size: 1Gi } }`";

impl<'d> Checker<'d, '_> {
    /// Sections that nothing can be deployed without. What refers to them is not told again.
    pub(super) fn missing_sections(&mut self) {
        let document = self.document;
        let sections = document.sections;
        let missing = |all: &[(&'static str, Section)]| -> Vec<&'static str> {
            all.iter().filter(|(_, one)| *one == Section::Missing).map(|(name, _)| *name).collect()
        };
        let top = missing(&[
            ("services", sections.services),
            ("profiles", sections.profiles),
            ("deployment", sections.deployment),
        ]);
        // After another error even the services may just not have been readable.
        let is_manifest = sections.services == Section::Given || !self.problems.has_errors();
        if !top.is_empty() && is_manifest {
            let sentence = format!("the document has {}", none_of(&top));
            let code = match sections.deployment {
                Section::Missing => code::NOTHING_DEPLOYED,
                _ => code::MISSING,
            };
            let help = match top.as_slice() {
                ["deployment"] => self.deployment_help(),
                top => {
                    let parts: Vec<&str> = top.iter().map(|name| about(name)).collect();
                    format!("add {}", all_of(&parts))
                }
            };
            let strays: Vec<&Slip> = top.iter().filter_map(|name| self.stray_part(name)).collect();
            let problem = Problem::error(code, document.first, sentence).help(help);
            let problem = match strays.split_first() {
                Some((first, rest)) if strays.len() == top.len() => {
                    let problem = problem.blamed_on(Some(first));
                    rest.iter().fold(problem, |problem, slip| problem.label(slip.span, slip.label))
                }
                _ => problem,
            };
            self.problems.push(problem);
        }
        if sections.profiles != Section::Given {
            return;
        }
        let below = [("compute", sections.compute), ("placement", sections.placement)];
        let below = missing(&below);
        let body = document.profiles_body;
        let slip = below.iter().find_map(|key| {
            self.problems.slip(body, key).or_else(|| {
                let part = self.stray_part(key)?;
                (part.span.start >= body.start && part.span.end <= body.end).then_some(part)
            })
        });
        if !below.is_empty() {
            let sentence = format!("`profiles` has {}", none_of(&below));
            let problem = Problem::error(code::MISSING, document.profiles_span, sentence);
            let help = format!("add {} under `profiles`", listed(&below));
            self.problems.push(problem.help(help).blamed_on(slip));
        }
    }

    /// Where a section stands although it does not belong there, or else a part that belongs to it
    /// alone.
    fn stray_part(&self, section: &str) -> Option<&Slip> {
        let parts: &[&str] = match section {
            "services" => &["services", "image"],
            "profiles" => &["profiles"],
            "deployment" => &["deployment", "profile", "count"],
            "compute" => &["compute", "resources"],
            _ => &["placement", "pricing", "signedBy"],
        };
        parts.iter().find_map(|part| self.problems.stray(part))
    }

    /// A deployment in one line, with names of the document as far as it has any.
    pub(super) fn deployment_help(&self) -> String {
        let document = self.document;
        let service = document.services.keys().next().copied().unwrap_or("web");
        let placement = document.placements.keys().next().copied().unwrap_or("akash");
        let profile = match document.compute.contains_key(service) {
            true => service,
            false => document.compute.keys().next().copied().unwrap_or("web"),
        };
        let (service, placement, profile) = (short(service), short(placement), short(profile));
        format!(
            "write `deployment: {{ {service}: {{ {placement}: {{ profile: {profile}, count: 1 }} }} }}`"
        )
    }

    pub(super) fn find_service(&mut self, name: &str, span: Span) -> Option<&'d Service<'d>> {
        let document = self.document;
        if let Some(service) = document.services.get(name) {
            return service.value.as_ref();
        }
        // A service at the left margin was refused as a key of the document.
        if document.sections.services != Section::Given || document.strays.contains(name) {
            return None;
        }
        let sentence = format!("service `{}` is deployed, but not declared", short(name));
        let problem = Problem::error(code::UNKNOWN_SERVICE, span, sentence)
            .saying("not found under `services`");
        let problem = if document.placements.contains_key(name) {
            let help = "write the service first, and the placement below it";
            problem.saying("this is a placement").help(help)
        } else {
            self.with_nearest(problem, name, &document.services, ["service", "services"])
        };
        self.problems.push(problem);
        None
    }

    pub(super) fn find_profile(
        &mut self,
        name: &str,
        deployed: &'d Deployed<'d>,
    ) -> Option<&'d ProfileResources<'d>> {
        let document = self.document;
        let wanted = deployed.profile.given()?;
        if let Some(profile) = document.compute.get(&wanted.value) {
            let profile_span = profile.span;
            let profile = profile.value.as_ref()?;
            if matches!(profile.resources, Field::Absent) {
                let sentence =
                    format!("compute profile `{}` has no `resources`", short(wanted.value));
                let problem = Problem::error(code::MISSING, profile_span, sentence);
                let slip = self.problems.slip(profile.body, "resources");
                let problem = problem.help(format!("add {RESOURCES}")).blamed_on(slip);
                self.problems.push(problem);
            }
            return profile.resources.value();
        }
        if document.sections.compute != Section::Given || document.strays.contains(wanted.value) {
            return None;
        }
        if wanted.value.is_empty() {
            self.no_profile(name, wanted.span, deployed);
            return None;
        }
        let sentence = format!(
            "service `{}` uses compute profile `{}`, which does not exist",
            short(name),
            short(wanted.value)
        );
        let problem = Problem::error(code::UNKNOWN_PROFILE, wanted.span, sentence)
            .saying("not found under `profiles.compute`");
        let kinds = ["compute profile", "compute profiles"];
        let problem = self.with_nearest(problem, wanted.value, &document.compute, kinds);
        let stray = self.problems.stray("profile name");
        self.problems.push(problem.blamed_on(stray));
        None
    }

    fn no_profile(&mut self, name: &str, span: Span, deployed: &Deployed<'_>) {
        let compute = &self.document.compute;
        let sentence = format!("service `{}` names no compute profile", short(name));
        let meant = match (compute.contains_key(name), compute.keys().next()) {
            (true, _) => name,
            (false, Some(first)) => first,
            (false, None) => "web",
        };
        let problem = Problem::error(code::UNKNOWN_PROFILE, span, sentence)
            .saying("no `profile` stands under it")
            .help(format!("add `profile: {}`", short(meant)));
        let slip = self.problems.slip(deployed.body, "profile");
        self.problems.push(problem.blamed_on(slip));
    }

    pub(super) fn find_placement(
        &mut self,
        name: &str,
        placement: &str,
        span: Span,
    ) -> Option<&'d Placement<'d>> {
        let document = self.document;
        if let Some(found) = document.placements.get(placement) {
            return found.value.as_ref();
        }
        if document.sections.placement != Section::Given || document.strays.contains(placement) {
            return None;
        }
        let sentence = format!(
            "service `{}` goes to placement `{}`, which does not exist",
            short(name),
            short(placement)
        );
        let problem = Problem::error(code::UNKNOWN_PLACEMENT, span, sentence)
            .saying("not found under `profiles.placement`");
        let kinds = ["placement", "placements"];
        let problem = self.with_nearest(problem, placement, &document.placements, kinds);
        let stray = self.problems.stray("placement name");
        self.problems.push(problem.blamed_on(stray));
        None
    }

    pub(super) fn find_price(
        &mut self,
        name: &str,
        placement: &str,
        found: &'d Placement<'d>,
        deployed: &'d Deployed<'d>,
    ) -> Option<&'d Price> {
        let profile = deployed.profile.given()?;
        if !self.document.compute.contains_key(&profile.value) || found.pricing_is_bad {
            return None;
        }
        if let Some(price) = found.pricing.get(&profile.value) {
            return price.value.as_ref();
        }
        let (wanted, place) = (short(profile.value), short(placement));
        let denom = self.first_denom.map_or("uact", |(denom, _)| denom);
        let line = format!("{wanted}: {{ denom: {}, amount: 1000 }}", short(denom));
        let Some(span) = found.pricing_span else {
            let sentence = format!("placement `{place}` has no `pricing`");
            let declared = self.document.placements.get(placement).map(|named| named.span);
            let problem =
                Problem::error(code::NO_PRICE, declared.unwrap_or(profile.span), sentence)
                    .saying("no `pricing` stands under it")
                    .label(profile.span, format!("service `{}` needs a price", short(name)))
                    .help(format!("add `pricing: {{ {line} }}`"));
            let slip = self.problems.slip(found.body, "pricing");
            // Every profile that is used lacks its price for this one reason.
            if self.unpriced.insert(placement.to_owned()) {
                self.problems.push(problem.blamed_on(slip));
            }
            return None;
        };
        let sentence = format!("no price for profile `{wanted}` in placement `{place}`");
        let used = format!("service `{}` uses it", short(name));
        let problem = Problem::error(code::NO_PRICE, profile.span, sentence).saying(used);
        self.problems.push(self.with_nearest_price(problem, found, profile.value, span, &line));
        None
    }

    /// Adds the price of a name that no profile has, if one is like `wanted`, or else what
    /// `pricing` lists.
    fn with_nearest_price(
        &self,
        problem: Problem,
        found: &Placement<'_>,
        wanted: &str,
        pricing: Span,
        line: &str,
    ) -> Problem {
        let priced = || found.pricing.keys().copied();
        let strange = priced().filter(|name| !self.document.compute.contains_key(name));
        let meant = self.problems.wants_help().then(|| suggest::nearest(wanted, strange)).flatten();
        if let Some(named) = meant.and_then(|meant| found.pricing.get(meant)) {
            let help = format!("write `{}` there", short(wanted));
            return problem.label(named.span, "no profile has this name").help(help);
        }
        let priced: Vec<&str> = priced().take(LISTED_MAX).collect();
        let lists = match priced.as_slice() {
            [] => "nothing is priced here".to_owned(),
            names => format!("`pricing` lists {}", listed(names)),
        };
        let help = format!("add `{line}` to it, with the most that one replica may cost per block");
        problem.label(pricing, lists).help(help)
    }

    /// Adds help and the place of the declaration that is most like `name`. `kinds` are the word
    /// for what is looked for, alone and as many.
    fn with_nearest<T>(
        &self,
        problem: Problem,
        name: &str,
        declared: &Names<T>,
        kinds: [&str; 2],
    ) -> Problem {
        if !self.problems.wants_help() {
            return problem;
        }
        let known = || declared.keys().copied();
        if let Some((nearest, named)) =
            suggest::nearest(name, known()).and_then(|name| declared.get_key_value(name))
        {
            return problem
                .label(named.span, "a similar name is declared here")
                .help(format!("did you mean `{}`?", short(nearest)));
        }
        let first: Vec<&str> = known().take(LISTED_MAX).collect();
        let [one, many] = kinds;
        let there_are = match first.as_slice() {
            [] => format!("there are no {many}"),
            [only] => format!("the only {one} is `{}`", short(only)),
            first => format!("{many} are {}", listed(first)),
        };
        problem.help(match self.kind_of(name) {
            Some(kind) => format!("`{}` is {kind}; {there_are}", short(name)),
            None => there_are,
        })
    }

    /// What a name is declared as.
    fn kind_of(&self, name: &str) -> Option<&'static str> {
        let document = self.document;
        if document.services.contains_key(name) {
            Some("a service")
        } else if document.compute.contains_key(name) {
            Some("a compute profile")
        } else if document.placements.contains_key(name) {
            Some("a placement")
        } else {
            None
        }
    }
}

/// What a section is for.
fn about(section: &str) -> &'static str {
    match section {
        "services" => "`services` (what to run)",
        "profiles" => "`profiles` (on what, where and for how much)",
        _ => "`deployment` (which service goes where)",
    }
}

/// `no A, no B and no C`, in backticks.
pub(super) fn none_of(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("no `{name}`")).collect();
    all_of(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

/// `A, B and C`.
fn all_of(parts: &[&str]) -> String {
    match parts.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}
