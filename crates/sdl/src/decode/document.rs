//! The top level: version, sections, reclamation, endpoints.

use super::{Decoder, Pair, Unknown, What};
use crate::code;
use crate::diagnostic::{Problem, Span};
use crate::gate::{quoted, short};
use crate::model::{Document, Field, IpEndpoint, Names, Version};
use crate::node::{Kind, Node, Style};
use crate::quantity::{self, NoQuantity};

const TOP_KEYS: &[&str] =
    &["version", "include", "services", "profiles", "deployment", "endpoints", "reclamation"];

impl<'n> Decoder<'_> {
    pub(super) fn document(&mut self, root: &'n Node<'n>) -> Option<Document<'n>> {
        let Kind::Mapping(_) = root.kind else {
            self.wrong_kind(
                root,
                What::Words("the document"),
                "a mapping with `version` and `services`",
            );
            return None;
        };
        let mut document = Document {
            version: Version::V2_0,
            services: Names::new(),
            compute: Names::new(),
            placements: Names::new(),
            deployment: Names::new(),
            endpoints: Names::new(),
            reclamation_ns: None,
            deployment_span: Span::new(root.span.start, root.span.start),
        };
        let mut version = None;
        for pair in self.fields(root, &What::Words("the document"), TOP_KEYS, Unknown::Refused)? {
            match pair.name {
                "version" => version = Some(self.version(&pair)),
                "include" => drop(self.texts(pair.value, What::Words("`include`"))),
                "services" => {
                    document.services =
                        self.names(pair.value, What::Words("`services`"), |this, pair| {
                            this.service(pair)
                        });
                }
                "profiles" => self.profiles(&pair, &mut document),
                "deployment" => {
                    document.deployment_span = pair.key.span;
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
        match version {
            Some(version) => document.version = version.unwrap_or(Version::V2_0),
            None => {
                let span = Span::new(root.span.start, root.span.start);
                let problem = Problem::error(code::VERSION, span, "the document has no `version`");
                self.problems.push(problem.help("add the line `version: \"2.0\"`"));
            }
        }
        Some(document)
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
            let sentence = format!("`version` is {}, not \"2.0\" or \"2.1\"", quoted(text));
            let problem = Problem::error(code::VERSION, span, sentence);
            self.problems.push(problem.help("write `version: \"2.0\"`"));
            return None;
        };
        let rules = if version == Version::V2_0 { "2.0" } else { "2.1" };
        let quoted = pair.value.style() == Some(Style::Quoted);
        let problem = if !usual {
            let sentence = format!("version `{}` follows the rules of {rules}", short(text));
            Problem::warning(code::UNUSUAL_VERSION, span, sentence)
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
        let fields = self.fields(pair.value, &What::Words("`profiles`"), KEYS, Unknown::Ignored);
        for pair in fields.unwrap_or_default() {
            if pair.name == "compute" {
                document.compute =
                    self.names(pair.value, What::Words("`profiles.compute`"), |this, pair| {
                        this.compute_profile(pair)
                    });
            } else {
                document.placements =
                    self.names(pair.value, What::Words("`profiles.placement`"), |this, pair| {
                        this.placement(pair)
                    });
            }
        }
    }

    fn endpoint(&mut self, pair: &Pair<'n, '_>) -> Option<IpEndpoint<'n>> {
        let owner = What::Named("endpoint", pair.name);
        let mut endpoint = IpEndpoint::default();
        for pair in self.fields(pair.value, &owner, &["kind"], Unknown::Ignored)? {
            endpoint.kind = self.text(pair.value, pair.what);
        }
        Some(endpoint)
    }

    fn reclamation(&mut self, pair: &Pair<'n, '_>) -> Option<u64> {
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
            Ok(window) => return Some(window),
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
        self.problems.push(problem.help("write hours, minutes or seconds: `24h`, `1h30m`, `45s`"));
        None
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
