//! A service by itself: name, image, environment, credentials, ports, TEE.

use super::{Checker, names};
use crate::code;
use crate::diagnostic::{Problem, Span};
use crate::gate::{quoted, short};
use crate::model::{Credentials, Expose, Field, Http, Located, Service, Text, Version};
use crate::suggest;

/// Conditions on which a proxy asks the next replica.
pub(crate) const NEXT_CASES: &[&str] =
    &["error", "timeout", "500", "502", "503", "504", "403", "404", "429", "off"];
/// The most items of `next_cases`; the reference has no limit, but only ten words to choose from.
pub(crate) const NEXT_CASES_MAX: usize = 64;
/// The longest time-out, in milliseconds.
pub(crate) const TIMEOUT_MS_MAX: u32 = 60_000;
/// The largest request body, in bytes.
pub(crate) const BODY_BYTES_MAX: u32 = 104_857_600;
/// The largest proxy buffer, in bytes.
pub(crate) const BUFFER_BYTES_MAX: u32 = 1_048_576;

impl<'d> Checker<'d, '_> {
    pub(super) fn service(&mut self, name: &'d str, span: Span, service: &'d Service<'d>) {
        let declared = self.document.services.get(name).map_or(span, |named| named.span);
        if !names::is_service_name(name) {
            let sentence = format!("{} is not a service name", quoted(name));
            let problem = Problem::error(code::SERVICE_NAME, declared, sentence);
            let form = "use small letters, digits and hyphens: a letter first, no hyphen last";
            let meant = name.to_ascii_lowercase().replace(['_', '.', ' '], "-");
            let help = match names::is_service_name(&meant) {
                true => format!("write `{meant}`, here and under `deployment`"),
                false => form.to_owned(),
            };
            let problem = problem.help(help);
            self.problems.push(match span == declared {
                true => problem,
                false => problem.label(span, "it is deployed under this name"),
            });
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
        let help = match &service.image {
            Field::Absent => "add `image:` with a name and a tag, such as `image: nginx:1.27`",
            _ => "write a name and a tag, such as `image: nginx:1.27`",
        };
        let slip = self.problems.slip(service.body, "image");
        let slip = slip.filter(|_| matches!(service.image, Field::Absent));
        self.problems.push(problem.help(help).blamed_on(slip));
    }

    fn variable(&mut self, service: &str, item: &Text<'_>) {
        let (name, value) = item.value.split_once('=').unwrap_or((item.value, ""));
        if names::is_variable_name(name) {
            return;
        }
        let (shown, service) = (short(name), short(service));
        let sentence = match name.trim() {
            "" => format!("an item of `env` of service `{service}` has no name"),
            _ => format!("`{shown}` is not the name of an environment variable"),
        };
        let problem = Problem::error(code::ENVIRONMENT, item.span, sentence);
        let trimmed = name.trim();
        let trimmed = trimmed.strip_prefix("export ").unwrap_or(trimmed).trim();
        let joined = trimmed.replace([' ', '/', '\u{3000}'], "_");
        let is_plain = item.span.end.saturating_sub(item.span.start) == item.value.len();
        self.problems.push(if names::is_variable_name(trimmed) {
            let meant = format!("{trimmed}={}", value.trim());
            let help = format!("write `{}`", short(&meant));
            problem.help(help).maybe_fix(item.span, is_plain.then_some(meant))
        } else if trimmed.starts_with(|c: char| c.is_ascii_digit()) {
            let help = format!("write `_{}`", short(item.value));
            problem.saying("a name starts with no digit").help(help)
        } else if names::is_variable_name(&joined) {
            problem.help(format!("write `{}`", short(&format!("{joined}={value}"))))
        } else {
            problem.help("write `NAME=value`; a name has letters, digits, `_`, `-` and `.`")
        });
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
                let problem = Problem::error(code::CREDENTIALS, span, sentence);
                let help = format!("write `{key}:` with a value, or remove `credentials`");
                let slip = self.problems.slip(credentials.body, key);
                let slip = slip.filter(|_| field.given().is_none());
                self.problems.push(problem.help(help).blamed_on(slip));
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
            let slip = self.problems.slip(expose.span, "port");
            let slip = slip.filter(|_| matches!(expose.port, Field::Absent));
            let help = "write the port that the container listens on, such as `port: 80`";
            self.problems.push(problem.help(help).blamed_on(slip));
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
            let problem = Problem::error(code::HTTP_OPTION, option.span, sentence);
            self.problems.push(problem.help(format!("write `{key}: {limit}` or less")));
        }
        let cases = http.next_cases.as_deref().unwrap_or_default();
        // The list is repeated for every `to` item, so it may not be of any length.
        if let Some(case) = cases.get(NEXT_CASES_MAX) {
            let sentence = format!("`next_cases` has more than {NEXT_CASES_MAX} items");
            let problem = Problem::error(code::HTTP_OPTION, case.span, sentence);
            self.problems.push(problem.help("name each case once"));
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
            let help = match suggest::nearest(case.value, NEXT_CASES.iter().copied()) {
                _ if known => "write `[ \"off\" ]`, or remove `off`".to_owned(),
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => format!("cases are {}", crate::decode::listed(NEXT_CASES)),
            };
            let meant = suggest::same_word(case.value, NEXT_CASES);
            let meant = meant.filter(|meant| *meant != case.value);
            self.problems.push(problem.help(help).maybe_fix(case.span, meant));
        }
    }

    fn tee(&mut self, service: &str, tee: &Text<'_>) {
        if !matches!(tee.value, "" | "cpu" | "cpu-gpu") {
            let (tee_name, service) = (short(tee.value), short(service));
            let sentence =
                format!("`tee` of service `{service}` is `{tee_name}`, not `cpu` or `cpu-gpu`");
            let problem = Problem::error(code::TEE, tee.span, sentence);
            let meant = suggest::same_word(tee.value, &["cpu", "cpu-gpu"]);
            let help = match meant {
                Some(meant) => format!("write `{meant}`"),
                None => "write `cpu` or `cpu-gpu`, or remove it".to_owned(),
            };
            self.problems.push(problem.help(help).maybe_fix(tee.span, meant));
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
