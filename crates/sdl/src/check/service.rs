//! A service by itself: name, image, environment, credentials, ports, TEE.

use super::{Checker, names};
use crate::code;
use crate::diagnostic::{Problem, Span};
use crate::gate::{quoted, short};
use crate::model::{Credentials, Expose, Field, Http, Located, Service, Text, Version};
use crate::suggest;

/// Conditions on which a proxy asks the next replica.
const NEXT_CASES: &[&str] =
    &["error", "timeout", "500", "502", "503", "504", "403", "404", "429", "off"];
/// The most items of `next_cases`; the reference has no limit, but only ten words to choose from.
const NEXT_CASES_MAX: usize = 64;
/// The longest time-out, in milliseconds.
const TIMEOUT_MS_MAX: u32 = 60_000;
/// The largest request body, in bytes.
const BODY_BYTES_MAX: u32 = 104_857_600;
/// The largest proxy buffer, in bytes.
const BUFFER_BYTES_MAX: u32 = 1_048_576;

impl<'d> Checker<'d, '_> {
    pub(super) fn service(&mut self, name: &'d str, span: Span, service: &'d Service<'d>) {
        let declared = self.document.services.get(name).map_or(span, |named| named.span);
        if !names::is_service_name(name) {
            let sentence = format!("{} is not a service name", quoted(name));
            let problem = Problem::error(code::SERVICE_NAME, declared, sentence);
            let form = "use small letters, digits and hyphens: a letter first, no hyphen last";
            self.problems.push(problem.help(form));
        }
        self.image(name, declared, service);
        for variable in service.env.iter().flatten() {
            self.variable(name, variable);
        }
        if let Some(credentials) = &service.credentials {
            self.credentials(name, credentials);
        }
        for expose in &service.expose {
            self.port(name, expose);
            self.http(name, &expose.http);
        }
        if let Some(tee) = service.params.as_ref().and_then(|params| params.tee.as_ref()) {
            self.tee(name, tee);
        }
    }

    fn image(&mut self, name: &str, declared: Span, service: &Service<'_>) {
        let span = match &service.image {
            Field::Given(image) if !image.value.is_empty() => return,
            Field::Bad => return,
            Field::Given(image) => image.span,
            Field::Absent => declared,
        };
        let sentence = format!("service `{}` has no image", short(name));
        let problem = Problem::error(code::IMAGE, span, sentence);
        self.problems.push(problem.help("add `image:` with a name and a tag"));
    }

    fn variable(&mut self, service: &str, item: &Text<'_>) {
        let name = item.value.split('=').next().unwrap_or_default();
        if !names::is_variable_name(name) {
            let (name, service) = (short(name), short(service));
            let sentence = match name.as_str() {
                "" => format!("an item of `env` of service `{service}` has no name"),
                name => format!("`{name}` is not the name of an environment variable"),
            };
            let problem = Problem::error(code::ENVIRONMENT, item.span, sentence);
            let form = "write NAME=value; a name has letters, digits, `_`, `-` and `.`";
            self.problems.push(problem.help(form));
        }
    }

    fn credentials(&mut self, service: &str, credentials: &Credentials<'_>) {
        let required = [
            ("host", &credentials.host),
            ("username", &credentials.username),
            ("password", &credentials.password),
        ];
        for (key, field) in required {
            let blank = field.value().is_none_or(|text| is_blank(text));
            if blank && !field.is_bad() {
                let span = field.given().map_or(credentials.span, |text| text.span);
                let sentence =
                    format!("`credentials` of service `{}` have no `{key}`", short(service));
                let help = format!("add `{key}:`, or remove `credentials`");
                self.problems.push(Problem::error(code::CREDENTIALS, span, sentence).help(help));
            }
        }
    }

    fn port(&mut self, service: &str, expose: &Expose<'_>) {
        let port = match &expose.port {
            Field::Bad => None,
            Field::Absent => Some((0, expose.span)),
            Field::Given(port) => Some((port.value, port.span)),
        };
        if let Some((port, span)) = port
            && !(1..=65_535).contains(&port)
        {
            let service = short(service);
            let sentence = match &expose.port {
                Field::Absent => format!("a port of service `{service}` has no `port`"),
                _ => format!("port {port} of service `{service}` is not between 1 and 65535"),
            };
            let problem = Problem::error(code::PORT, span, sentence);
            self.problems.push(problem.help("write the port that the container listens on"));
        }
        let Some(protocol) = &expose.protocol else { return };
        let upper = protocol.value.to_ascii_uppercase();
        if !matches!(upper.as_str(), "" | "TCP" | "UDP") {
            let sentence = format!("`{}` is not a protocol for a port", short(protocol.value));
            let problem = Problem::error(code::PROTOCOL, protocol.span, sentence);
            let problem = problem.help("write `tcp` or `udp`; HTTP is `tcp`");
            let is_tcp = matches!(upper.trim(), "HTTP" | "HTTPS" | "TCP");
            let meant = is_tcp.then_some("tcp").or((upper.trim() == "UDP").then_some("udp"));
            self.problems.push(problem.maybe_fix(protocol.span, meant));
        }
    }

    fn http(&mut self, service: &str, http: &Http<'_>) {
        let limits: [(&str, &Option<Located<u32>>, u32); 4] = [
            ("max_body_size", &http.max_body_size, BODY_BYTES_MAX),
            ("proxy_buffer_size", &http.proxy_buffer_size, BUFFER_BYTES_MAX),
            ("read_timeout", &http.read_timeout, TIMEOUT_MS_MAX),
            ("send_timeout", &http.send_timeout, TIMEOUT_MS_MAX),
        ];
        for (key, option, limit) in limits {
            let Some(option) = option.as_ref().filter(|option| option.value > limit) else {
                continue;
            };
            let (service, value) = (short(service), option.value);
            let sentence =
                format!("`{key}` of service `{service}` is {value}, the limit is {limit}");
            self.problems.error(code::HTTP_OPTION, option.span, sentence);
        }
        let cases = http.next_cases.as_deref().unwrap_or_default();
        // The list is repeated for every `to` item, so it may not be of any length.
        if let Some(case) = cases.get(NEXT_CASES_MAX) {
            let sentence = format!("`next_cases` has more than {NEXT_CASES_MAX} items");
            self.problems.error(code::HTTP_OPTION, case.span, sentence);
        }
        for case in cases {
            let known = NEXT_CASES.contains(&case.value);
            let alone = case.value != "off" || cases.len() == 1;
            if known && alone {
                continue;
            }
            let name = short(case.value);
            let sentence = match known {
                true => "`off` in `next_cases` must stand alone".to_owned(),
                false => format!("`{name}` is not a case for `next_cases`"),
            };
            let problem = Problem::error(code::HTTP_OPTION, case.span, sentence);
            let help = suggest::did_you_mean(case.value, NEXT_CASES.iter().copied());
            let cases = || format!("cases are {}", crate::decode::listed(NEXT_CASES));
            let problem = problem.maybe_fix(
                case.span,
                suggest::same_word(case.value, NEXT_CASES).filter(|meant| *meant != case.value),
            );
            self.problems.push(if known {
                problem
            } else {
                problem.help(help.unwrap_or_else(cases))
            });
        }
    }

    fn tee(&mut self, service: &str, tee: &Text<'_>) {
        if !matches!(tee.value, "" | "cpu" | "cpu-gpu") {
            let (tee_name, service) = (short(tee.value), short(service));
            let sentence = format!("`tee` of service `{service}` is `{tee_name}`");
            let problem = Problem::error(code::TEE, tee.span, sentence);
            let problem = problem.help("write `cpu` or `cpu-gpu`, in small letters");
            let meant = suggest::same_word(tee.value, &["cpu", "cpu-gpu"]);
            self.problems.push(problem.maybe_fix(tee.span, meant));
        }
    }

    /// Whether the rules of 2.1 hold.
    pub(super) fn is_2_1(&self) -> bool {
        self.document.version == Version::V2_1
    }
}

/// Whether a text has nothing but blanks.
fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}
