//! The top level: version, sections, reclamation, endpoints.

use std::collections::BTreeSet;

use super::{Decoder, Pair, Unknown, What, keys};
use crate::code;
use crate::diagnostic::{Problem, Slip, Span};
use crate::gate::{quoted, short};
use crate::model::{Document, Field, IpEndpoint, Located, Names, Section, Sections, Version};
use crate::node::{Kind, Node, Style};
use crate::quantity::{self, NoQuantity};

pub(crate) const TOP_KEYS: &[&str] =
    &["version", "include", "services", "profiles", "deployment", "endpoints", "reclamation"];

impl<'n> Decoder<'_> {
    pub(super) fn document(&mut self, root: &'n Node<'n>) -> Option<Document<'n>> {
        const OWNER: What<'_> = What::Words("the document");
        let Kind::Mapping(pairs) = &root.kind else {
            self.wrong_kind(root, OWNER, "a mapping with `version` and `services`");
            return None;
        };
        let first = pairs.first().map_or(root.span, |(key, _)| key.span);
        if let Some((key, _)) = pairs.iter().find(|(key, _)| key.scalar() == Some("apiVersion")) {
            let sentence = "the document has no key `apiVersion`";
            let problem = Problem::error(code::UNKNOWN_KEY, key.span, sentence)
                .saying("this is a Kubernetes object")
                .help("a manifest has `version`, `services`, `profiles` and `deployment`");
            self.problems.push(problem);
            return None;
        }
        let mut document = empty_document(first);
        let mut version = None;
        for pair in self.fields(root, &OWNER, TOP_KEYS, Unknown::Refused)? {
            match pair.name {
                "version" => version = Some(self.version(&pair)),
                "include" => drop(self.texts(pair.value, What::Words("`include`"))),
                "services" => {
                    document.sections.services = section(pair.value);
                    if self.refuse_nameless(&pair, is_service, "web: { image: nginx:1.27 }") {
                        document.sections.services = Section::Told;
                        continue;
                    }
                    document.services =
                        self.names(pair.value, What::Words("`services`"), |this, pair| match this
                            .note_section(root, pair)
                        {
                            true => None,
                            false => this.service(pair),
                        });
                }
                "profiles" => self.profiles(&pair, &mut document),
                "deployment" => {
                    document.deployment_span = pair.key.span;
                    document.sections.deployment = section(pair.value);
                    let line = "web: { akash: { profile: web, count: 1 } }";
                    if self.refuse_nameless(&pair, is_deployed, line) {
                        document.sections.deployment = Section::Told;
                        continue;
                    }
                    document.deployment =
                        self.names(pair.value, What::Words("`deployment`"), |this, pair| {
                            this.deployed(pair)
                        });
                }
                "endpoints" => {
                    document.endpoints =
                        self.names(pair.value, What::Words("`endpoints`"), |this, pair| {
                            this.endpoint(pair)
                        });
                }
                _ => document.reclamation_ns = self.reclamation(&pair),
            }
        }
        document.version = match version {
            Some(version) => version.unwrap_or(Version::V2_0),
            None => self.no_version(root, first),
        };
        self.missing_sections(root, &mut document);
        Some(document)
    }

    /// Whether a service is a section that stands too far to the right, while the document has none
    /// of its name, which is reported later.
    fn note_section(&mut self, root: &Node<'_>, pair: &Pair<'n, '_>) -> bool {
        const MOVE: &str = "put it at the left margin, and what is under it less far in";
        let (section, help) = match pair.name {
            "profiles" => ("profiles", MOVE),
            "deployment" => ("deployment", MOVE),
            "compute" | "placement" => {
                ("profiles", "write `profiles:` at the left margin above it")
            }
            _ => return false,
        };
        let is_service = keys::has_any_key(pair.value, &["image"]);
        if is_service || keys::has_any_key(root, &[section]) {
            return false;
        }
        let (span, label) = (pair.key.span, "this stands under `services`");
        let help = Some(help.to_owned());
        self.problems.note_stray(section, Slip { help, ..Slip::at(span, label) });
        true
    }

    /// Whether things stand right under a section without the name that belongs in between, which
    /// is reported.
    fn refuse_nameless(
        &mut self,
        pair: &Pair<'n, '_>,
        is_thing: fn(&Node<'_>) -> bool,
        line: &str,
    ) -> bool {
        let found = is_thing(pair.value);
        if found {
            let sentence = format!("`{}` names no service", pair.name);
            let problem = Problem::error(code::WRONG_TYPE, pair.key.span, sentence);
            let help = format!("put a name in between: `{}: {{ {line} }}`", pair.name);
            self.problems.push(problem.help(help));
        }
        found
    }

    fn no_version(&mut self, root: &Node<'_>, first: Span) -> Version {
        // A misspelt key was refused, and is all there is to say.
        if !self.problems.slip(root.span, "version").is_some_and(|slip| slip.is_told) {
            let sentence = "the document has no `version`";
            let problem = Problem::error(code::VERSION, first, sentence);
            self.problems.push(problem.help("add the line `version: \"2.0\"` at the top"));
        }
        Version::V2_0
    }

    /// Marks the sections that are missing because their key was refused.
    fn missing_sections(&mut self, root: &'n Node<'n>, document: &mut Document<'n>) {
        let Kind::Mapping(pairs) = &root.kind else { return };
        let strays = pairs.iter().filter_map(|(key, _)| key.scalar());
        document.strays = strays.filter(|name| !TOP_KEYS.contains(name)).collect();
        let all = [document.sections.services, document.sections.profiles];
        let missing = all.into_iter().chain([document.sections.deployment]);
        let is_one = missing.filter(|section| *section == Section::Missing).count() == 1;
        let told = |this: &Self, section: Section, key| match section {
            Section::Missing => match this.problems.slip(root.span, key) {
                Some(slip) if slip.is_told && (!slip.is_guess || is_one) => Section::Told,
                _ => Section::Missing,
            },
            section => section,
        };
        let sections = &mut document.sections;
        sections.services = told(self, sections.services, "services");
        sections.profiles = told(self, sections.profiles, "profiles");
        sections.deployment = told(self, sections.deployment, "deployment");
        for (section, key) in
            [(&mut sections.compute, "compute"), (&mut sections.placement, "placement")]
        {
            let is_told = sections.profiles == Section::Told || document.strays.contains(key);
            if *section == Section::Missing && is_told {
                *section = Section::Told;
            }
        }
    }

    fn version(&mut self, pair: &Pair<'n, '_>) -> Option<Version> {
        let text = self.text(pair.value, What::Words("`version`"));
        if text.is_bad() {
            return None;
        }
        let (text, span) = match text.given() {
            Some(text) => (text.value, text.span),
            None => ("", pair.key.span),
        };
        let Some((version, usual)) = read_version(text) else {
            self.problems.push(no_such_version(text, span));
            return None;
        };
        let rules = if version == Version::V2_0 { "2.0" } else { "2.1" };
        let quoted = pair.value.style() == Some(Style::Quoted);
        let problem = if !usual {
            let sentence = format!("version `{}` follows the rules of {rules}", short(text));
            Problem::warning(code::UNUSUAL_VERSION, span, sentence).saying(VERSIONS)
        } else if !quoted {
            let sentence = "`version` is a number, not text";
            Problem::warning(code::VERSION, span, sentence)
                .saying("other clients refuse a version without quotes")
        } else {
            return Some(version);
        };
        let help = format!("write `version: \"{rules}\"`");
        self.problems.push(problem.help(help).fix(span, format!("\"{rules}\"")));
        Some(version)
    }

    fn profiles(&mut self, pair: &Pair<'n, '_>, document: &mut Document<'n>) {
        const KEYS: &[&str] = &["compute", "placement"];
        document.profiles_span = pair.key.span;
        document.profiles_body = pair.value.span;
        document.sections.profiles = section(pair.value);
        let fields = self.fields(pair.value, &What::Words("`profiles`"), KEYS, Unknown::Ignored);
        for pair in fields.unwrap_or_default() {
            if pair.name == "compute" {
                document.sections.compute = section(pair.value);
                document.compute =
                    self.names(pair.value, What::Words("`profiles.compute`"), |this, pair| {
                        this.compute_profile(pair)
                    });
            } else {
                document.sections.placement = section(pair.value);
                document.placements =
                    self.names(pair.value, What::Words("`profiles.placement`"), |this, pair| {
                        this.placement(pair)
                    });
            }
        }
    }

    fn endpoint(&mut self, pair: &Pair<'n, '_>) -> Option<IpEndpoint<'n>> {
        let owner = What::Named("endpoint", pair.name);
        let mut endpoint = IpEndpoint { body: pair.value.span, ..IpEndpoint::default() };
        for pair in self.fields(pair.value, &owner, &["kind"], Unknown::Ignored)? {
            endpoint.kind = self.text(pair.value, pair.what);
        }
        Some(endpoint)
    }

    fn reclamation(&mut self, pair: &Pair<'n, '_>) -> Option<Located<u64>> {
        let mut window = Field::Absent;
        for pair in self.fields(
            pair.value,
            &What::Words("`reclamation`"),
            &["min_window"],
            Unknown::Ignored,
        )? {
            window = self.text(pair.value, pair.what);
        }
        if window.is_bad() {
            return None;
        }
        let (text, span) = match window.given() {
            Some(text) => (text.value, text.span),
            None => ("", pair.key.span),
        };
        let why = match quantity::duration_ns(text) {
            Ok(0) => "is not above zero",
            Ok(value) => return Some(Located { value, span }),
            Err(_) if text.is_empty() => "is missing",
            Err(NoQuantity::Syntax) => "is not a duration",
            Err(NoQuantity::Negative) => "is below zero",
            Err(NoQuantity::TooLarge) => "is too long",
        };
        let sentence = match text {
            "" => format!("`min_window` of `reclamation` {why}"),
            text => format!("`{}` as `min_window` {why}", short(text)),
        };
        let problem = Problem::error(code::RECLAMATION, span, sentence);
        let days = text.strip_suffix('d').and_then(|days| quantity::whole(days).ok());
        let hours = days.and_then(|days| days.checked_mul(24)).map(|hours| format!("{hours}h"));
        let hours = hours.filter(|hours| quantity::duration_ns(hours).is_ok_and(|ns| ns > 0));
        let help = match &hours {
            Some(hours) => format!("write hours: `{hours}`"),
            None => "write hours, minutes or seconds: `24h`, `1h30m`, `45s`".to_owned(),
        };
        let slip = self.problems.slip(pair.value.span, "min_window").filter(|_| text.is_empty());
        let problem = problem.help(help).maybe_fix(span, hours).blamed_on(slip);
        self.problems.push(problem);
        None
    }
}

/// What may be said of a version that is not one of the two.
const VERSIONS: &str = "there are versions 2.0 and 2.1";

fn no_such_version(text: &str, span: Span) -> Problem {
    let sentence = format!("`version` is {}, not \"2.0\" or \"2.1\"", quoted(text));
    let problem = Problem::error(code::VERSION, span, sentence);
    let inner = text.trim_matches(['\u{201c}', '\u{201d}', '\u{2018}', '\u{2019}', '\'', '"']);
    if inner != text && matches!(inner, "2.0" | "2.1") {
        let help = format!("write straight quotes: `version: \"{inner}\"`");
        let problem = problem.saying("these are no quotes to YAML").help(help);
        return problem.fix(span, format!("\"{inner}\""));
    }
    problem.saying(VERSIONS).help("write `version: \"2.0\"`")
}

/// Whether a mapping is a service, and not one of services by name.
fn is_service(node: &Node<'_>) -> bool {
    let Kind::Mapping(pairs) = &node.kind else { return false };
    pairs.iter().any(|(key, value)| match (key.scalar(), &value.kind) {
        (Some("image"), Kind::Scalar { .. }) => !value.is_null(),
        (Some("expose"), Kind::Sequence(_)) => true,
        _ => false,
    })
}

/// Whether a mapping says how a service is deployed, and not which.
fn is_deployed(node: &Node<'_>) -> bool {
    let Kind::Mapping(pairs) = &node.kind else { return false };
    pairs.iter().any(|(key, value)| {
        let is_part = matches!(key.scalar(), Some("profile" | "count"));
        is_part && matches!(value.kind, Kind::Scalar { .. }) && !value.is_null()
    })
}

fn empty_document<'n>(first: Span) -> Document<'n> {
    Document {
        version: Version::V2_0,
        services: Names::new(),
        compute: Names::new(),
        placements: Names::new(),
        deployment: Names::new(),
        endpoints: Names::new(),
        reclamation_ns: None,
        first,
        deployment_span: first,
        profiles_span: first,
        profiles_body: Span::default(),
        sections: Sections::default(),
        strays: BTreeSet::new(),
    }
}

/// Whether the names of a section can be read.
fn section(node: &Node<'_>) -> Section {
    match node.kind {
        Kind::Mapping(_) => Section::Given,
        _ if node.is_null() => Section::Given,
        _ => Section::Told,
    }
}

/// The rules that a version text selects, and whether it is one of the two usual texts.
fn read_version(text: &str) -> Option<(Version, bool)> {
    let trimmed = text.trim();
    let mut parts = trimmed.strip_prefix('v').unwrap_or(trimmed).splitn(3, '.');
    let mut numbers = [0_u64; 3];
    for (index, number) in numbers.iter_mut().enumerate() {
        match parts.next() {
            // Leading zeros are dropped, a number beyond 64 bits is as good as none.
            Some(part) => *number = quantity::whole(part).ok()?,
            None if index == 0 => return None,
            None => {}
        }
    }
    let usual = matches!(text, "2.0" | "2.1");
    match numbers {
        [2, 0, 0] => Some((Version::V2_0, usual)),
        [major, minor, _] if (major, minor) >= (2, 1) => Some((Version::V2_1, usual)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_select_rules() {
        let rows = [
            ("2.0", Some((Version::V2_0, true))),
            ("2.1", Some((Version::V2_1, true))),
            ("2", Some((Version::V2_0, false))),
            ("v2.0", Some((Version::V2_0, false))),
            ("02.00", Some((Version::V2_0, false))),
            (" 2.0 ", Some((Version::V2_0, false))),
            ("2.10", Some((Version::V2_1, false))),
            ("3.0", Some((Version::V2_1, false))),
            ("2.0.1", None),
            ("1.0", None),
            ("2.1.0-rc.1", None),
            ("", None),
            ("two", None),
        ];
        for (text, expected) in rows {
            assert_eq!(read_version(text), expected, "{text:?}");
        }
    }
}
