//! Services, their ports and parameters, and where they are deployed.

use super::keys::has_any_key;
use super::{Decoder, Pair, Unknown, What};
use crate::code;
use crate::diagnostic::{Problem, Span};
use crate::gate::{quoted, short};
use crate::model::{
    Credentials, Deployed, Expose, Field, Http, Located, Mount, Names, Params, Service, Text, To,
};
use crate::node::{Kind, Node};

pub(crate) const SERVICE_KEYS: &[&str] =
    &["image", "command", "args", "env", "expose", "dependencies", "params", "credentials"];
pub(crate) const EXPOSE_KEYS: &[&str] = &["port", "as", "proto", "to", "accept", "http_options"];
pub(crate) const TO_KEYS: &[&str] = &["service", "global", "ip", "http_options"];
pub(crate) const HTTP_KEYS: &[&str] = &[
    "max_body_size",
    "proxy_buffer_size",
    "read_timeout",
    "send_timeout",
    "next_tries",
    "next_timeout",
    "next_cases",
];

impl<'n> Decoder<'_> {
    pub(super) fn service(&mut self, pair: &Pair<'n, '_>) -> Option<Service<'n>> {
        let owner = What::Named("service", pair.name);
        let (bytes, body) = (pair.value.bytes, pair.value.span);
        let mut service = Service { bytes, body, ..Service::default() };
        for pair in self.fields(pair.value, &owner, SERVICE_KEYS, Unknown::Ignored)? {
            match pair.name {
                "image" => service.image = self.text(pair.value, pair.what),
                "command" => service.command = self.texts(pair.value, pair.what),
                "args" => service.args = self.texts(pair.value, pair.what),
                "env" => service.env = self.texts(pair.value, pair.what),
                "expose" => {
                    service.expose = self.exposes(&pair, &owner);
                    let ports = service.expose.iter().map(manifest_bytes);
                    service.bytes = ports.fold(service.bytes, usize::saturating_add);
                }
                "dependencies" => self.dependencies(&pair, &owner),
                "params" => service.params = self.params(&pair, &owner),
                _ => service.credentials = self.credentials(&pair, &owner),
            }
        }
        Some(service)
    }

    fn dependencies(&mut self, pair: &Pair<'n, '_>, owner: &What<'_>) {
        let owner = What::Item("dependencies", owner);
        for item in self.items(pair.value, pair.what).value().into_iter().flatten() {
            let fields = self.fields(item, &owner, &["service"], Unknown::Ignored);
            for pair in fields.unwrap_or_default() {
                self.optional_text(pair.value, pair.what);
            }
        }
    }

    fn params(&mut self, pair: &Pair<'n, '_>, owner: &What<'_>) -> Option<Params<'n>> {
        if pair.value.is_null() {
            return None;
        }
        let mut params = Params { body: pair.value.span, ..Params::default() };
        let owner = What::Key("params", owner);
        const KEYS: &[&str] = &["storage", "permissions", "tee"];
        for pair in self.fields(pair.value, &owner, KEYS, Unknown::Ignored)? {
            match pair.name {
                "storage" => {
                    params.storage =
                        self.names(pair.value, pair.what, |this, pair| this.mount(pair));
                }
                "permissions" => params.permissions = self.permissions(&pair, &owner),
                _ => params.tee = self.optional_text(pair.value, pair.what),
            }
        }
        Some(params)
    }

    fn mount(&mut self, pair: &Pair<'n, '_>) -> Option<Mount<'n>> {
        let owner = What::Named("the mount of volume", pair.name);
        let mut mount = Mount { body: pair.value.span, ..Mount::default() };
        for pair in self.fields(pair.value, &owner, &["mount", "readOnly"], Unknown::Ignored)? {
            match pair.name {
                "mount" => mount.path = self.text(pair.value, pair.what),
                _ => mount.read_only = self.flag(&pair),
            }
        }
        Some(mount)
    }

    fn permissions(&mut self, pair: &Pair<'n, '_>, owner: &What<'_>) -> Option<Vec<Text<'n>>> {
        if pair.value.is_null() {
            return None;
        }
        let owner = What::Key("permissions", owner);
        let mut read = None;
        for pair in self.fields(pair.value, &owner, &["read"], Unknown::Ignored)? {
            read = self.texts(pair.value, pair.what);
        }
        Some(read.unwrap_or_default())
    }

    fn credentials(&mut self, pair: &Pair<'n, '_>, owner: &What<'_>) -> Option<Credentials<'n>> {
        if pair.value.is_null() {
            return None;
        }
        let mut credentials = Credentials {
            span: pair.key.span,
            body: pair.value.span,
            host: Field::Absent,
            email: Field::Absent,
            username: Field::Absent,
            password: Field::Absent,
        };
        let owner = What::Key("credentials", owner);
        const KEYS: &[&str] = &["host", "email", "username", "password"];
        for pair in self.fields(pair.value, &owner, KEYS, Unknown::Ignored)? {
            let text = self.text(pair.value, pair.what);
            match pair.name {
                "host" => credentials.host = text,
                "email" => credentials.email = text,
                "username" => credentials.username = text,
                _ => credentials.password = text,
            }
        }
        Some(credentials)
    }

    fn exposes(&mut self, pair: &Pair<'n, '_>, owner: &What<'_>) -> Vec<Expose<'n>> {
        let items = self.items(pair.value, pair.what);
        let items = items.value().into_iter().flatten();
        items.filter_map(|item| self.expose(item, owner)).collect()
    }

    fn expose(&mut self, node: &'n Node<'n>, owner: &What<'_>) -> Option<Expose<'n>> {
        let mut expose = Expose {
            span: node.span,
            port: Field::Absent,
            external: None,
            protocol: None,
            to: Vec::new(),
            accept: None,
            http: Http::default(),
        };
        let owner = What::Item("expose", owner);
        for pair in self.fields(node, &owner, EXPOSE_KEYS, Unknown::Ignored)? {
            match pair.name {
                "port" => expose.port = self.number(&pair),
                "as" => expose.external = self.optional_number(&pair),
                "proto" => expose.protocol = self.optional_text(pair.value, pair.what),
                "to" => expose.to = self.targets(&pair, &owner),
                "accept" => expose.accept = self.hosts(&pair),
                _ => expose.http = self.http(&pair, &owner),
            }
        }
        Some(expose)
    }

    fn targets(&mut self, pair: &Pair<'n, '_>, owner: &What<'_>) -> Vec<To<'n>> {
        let owner = What::Item("to", owner);
        let items = self.items(pair.value, pair.what);
        let items = items.value().into_iter().flatten();
        items.filter_map(|item| self.target(item, &owner)).collect()
    }

    fn target(&mut self, node: &'n Node<'n>, owner: &What<'_>) -> Option<To<'n>> {
        let mut to = To { span: node.span, service: None, global: false, ip: None };
        for pair in self.fields(node, owner, TO_KEYS, Unknown::Ignored)? {
            match pair.name {
                "service" => to.service = self.optional_text(pair.value, pair.what),
                "global" => to.global = self.flag(&pair).is_some_and(|flag| flag.value),
                "ip" => to.ip = self.optional_text(pair.value, pair.what),
                _ => drop(self.http(&pair, owner)),
            }
        }
        to.service = to.service.filter(|text| !text.value.is_empty());
        to.ip = to.ip.filter(|text| !text.value.is_empty());
        Some(to)
    }

    /// The host names of `accept`; a text that cannot even stand in a URL is refused right here,
    /// whether its service is deployed or not.
    fn hosts(&mut self, pair: &Pair<'n, '_>) -> Option<Vec<Text<'n>>> {
        let hosts = self.texts(pair.value, pair.what)?;
        for host in hosts.iter().filter(|host| !fits_in_url(host.value)) {
            let sentence = format!("{} is not a host name", quoted(host.value));
            let problem = Problem::error(code::HOST, host.span, sentence);
            let help = "write the name alone: `shop.example.com`";
            self.problems.push(problem.help(help));
        }
        Some(hosts)
    }

    fn http(&mut self, pair: &Pair<'n, '_>, owner: &What<'_>) -> Http<'n> {
        let owner = What::Key("http_options", owner);
        let mut http = Http::default();
        let fields = self.fields(pair.value, &owner, HTTP_KEYS, Unknown::Ignored);
        for pair in fields.unwrap_or_default() {
            if pair.name == "next_cases" {
                http.next_cases = self.texts(pair.value, pair.what);
                continue;
            }
            let number = self.optional_number(&pair);
            match pair.name {
                "max_body_size" => http.max_body_size = number,
                "proxy_buffer_size" => http.proxy_buffer_size = number,
                "read_timeout" => http.read_timeout = number,
                "send_timeout" => http.send_timeout = number,
                "next_tries" => http.next_tries = number,
                _ => http.next_timeout = number,
            }
        }
        http
    }

    pub(super) fn deployed(&mut self, pair: &Pair<'n, '_>) -> Option<Names<'n, Deployed<'n>>> {
        let service = pair.name;
        let owner = What::Named("the deployment of service", service);
        if let Some(key) = beside_placement(pair.value) {
            let sentence = format!("`{}` stands beside a placement of {owner}", short(key.name));
            let problem = Problem::error(code::WRONG_TYPE, key.span, sentence);
            self.problems.push(problem.help("put it under the placement, further to the right"));
            return None;
        }
        if names_no_placement(pair.value) {
            let sentence = format!("{owner} names no placement");
            let problem = Problem::error(code::WRONG_TYPE, pair.key.span, sentence);
            let help = format!(
                "put the placement in between: `{}: {{ akash: {{ profile: web, count: 1 }} }}`",
                short(service)
            );
            self.problems.push(problem.help(help));
            return None;
        }
        let placements = self.names(pair.value, owner, |this, pair| {
            let owner = What::Placed(service, pair.name);
            let mut deployed = Deployed { body: pair.value.span, ..Deployed::default() };
            for pair in this.fields(pair.value, &owner, &["profile", "count"], Unknown::Ignored)? {
                match pair.name {
                    "profile" => deployed.profile = this.text(pair.value, pair.what),
                    _ => deployed.count = this.number(&pair),
                }
            }
            // A profile that is not given is one that cannot exist.
            if matches!(deployed.profile, Field::Absent) {
                let value = "";
                deployed.profile = Field::Given(Located { value, span: pair.key.span });
            }
            Some(deployed)
        });
        Some(placements)
    }
}

/// A key that belongs into a placement and stands beside one.
struct Beside<'n> {
    name: &'n str,
    span: Span,
}

fn beside_placement<'n>(node: &'n Node<'n>) -> Option<Beside<'n>> {
    let Kind::Mapping(pairs) = &node.kind else { return None };
    if !pairs.iter().any(|(_, value)| matches!(value.kind, Kind::Mapping(_))) {
        return None;
    }
    pairs.iter().find_map(|(key, value)| {
        let name = key.scalar().filter(|name| matches!(*name, "profile" | "count"))?;
        let is_scalar = matches!(value.kind, Kind::Scalar { .. }) && !value.is_null();
        is_scalar.then_some(Beside { name, span: key.span })
    })
}

/// Whether what belongs into a placement stands right under the service.
fn names_no_placement(node: &Node<'_>) -> bool {
    let Kind::Mapping(pairs) = &node.kind else { return false };
    has_any_key(node, &["profile", "count"])
        && pairs.iter().all(|(_, value)| matches!(value.kind, Kind::Scalar { .. }))
}

/// What a port counts for beside its own text: the manifest has all its options for each `to`.
fn manifest_bytes(expose: &Expose) -> usize {
    /// Bytes of the options of a port in the manifest, without the cases.
    const PORT_BYTES: usize = 320;
    /// Bytes of a case in the manifest.
    const CASE_BYTES: usize = 16;
    let cases = expose.http.next_cases.as_ref().map_or(0, Vec::len);
    let port = PORT_BYTES.saturating_add(cases.saturating_mul(CASE_BYTES));
    port.saturating_mul(expose.to.len().max(1))
}

/// Whether a text may follow `http://` in a URL at all: no blank or control character, and every
/// percent sign with its two digits.
fn fits_in_url(host: &str) -> bool {
    let bytes = host.as_bytes();
    let escaped = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'%').all(|(at, _)| {
        let end = at.saturating_add(3);
        let digits = bytes.get(at..end).and_then(|escape| escape.get(1..));
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    });
    escaped && !bytes.iter().any(|byte| *byte == b' ' || byte.is_ascii_control())
}
