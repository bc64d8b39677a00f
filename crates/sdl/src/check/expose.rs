//! Ports in one placement: hosts, leased IPs, and who can reach them.

use super::{Checker, Place, names};
use crate::code;
use crate::diagnostic::{Problem, Span};
use crate::gate::{quoted, short};
use crate::model::{Expose, Field, Text, To};
use crate::suggest;

impl<'d> Checker<'d, '_> {
    /// The endpoints that the document declares.
    pub(super) fn endpoints(&mut self) {
        for (name, endpoint) in &self.document.endpoints {
            if !names::is_endpoint_name(name) {
                let sentence = format!("{} is not an endpoint name", quoted(name));
                let problem = Problem::error(code::IP_DECLARATION, endpoint.span, sentence);
                let form = "use small letters, digits, `-` and `_`, two or more, a letter first";
                self.problems.push(problem.help(form));
            }
            let Some(value) = &endpoint.value else { continue };
            let (kind, span) = match &value.kind {
                Field::Bad => continue,
                Field::Absent => ("", endpoint.span),
                Field::Given(kind) => (kind.value, kind.span),
            };
            if kind != "ip" {
                let sentence = format!("endpoint `{}` is not of kind `ip`", short(name));
                let problem = Problem::error(code::IP_DECLARATION, span, sentence);
                let meant = suggest::same_word(kind, &["ip"]);
                self.problems.push(problem.help("write `kind: ip`").maybe_fix(span, meant));
            }
        }
    }

    pub(super) fn unused_endpoints(&mut self) {
        for (name, endpoint) in &self.document.endpoints {
            if !self.used_endpoints.contains(name) {
                let sentence = format!("no deployed service uses endpoint `{}`", short(name));
                let problem = Problem::error(code::IP_UNUSED, endpoint.span, sentence);
                let help =
                    format!("remove it, or add `ip: {}` beside a `global: true`", short(name));
                self.problems.push(problem.help(help));
            }
        }
    }

    pub(super) fn exposes(&mut self, place: Place<'d>) {
        for expose in &place.service.expose {
            // A list of hosts goes into the manifest once for each `to` item.
            let times = expose.to.len().max(1);
            for host in expose.accept.iter().flatten() {
                self.host(place, host, times);
            }
            for to in &expose.to {
                self.has_global |= to.global;
                self.target(place, expose, to);
            }
        }
    }

    fn host(&mut self, place: Place<'d>, host: &'d Text<'d>, times: usize) {
        if !names::is_host_name(host.value) {
            let sentence = format!("{} is not a host name", quoted(host.value));
            let problem = Problem::error(code::HOST, host.span, sentence);
            let form = "write small letters, digits, hyphens and points; no port, path or `*`";
            let lower = host.value.trim().to_ascii_lowercase();
            let lower = names::is_host_name(&lower).then_some(lower);
            self.problems.push(problem.help(form).maybe_fix(host.span, lower));
            return;
        }
        let first = self.hosts.insert(host.value, host.span);
        if times <= 1 && first.is_none() {
            return;
        }
        let sentence = format!("host `{}` stands twice in this deployment", short(host.value));
        let problem = Problem::error(code::HOST_TWICE, host.span, sentence);
        let problem = match first {
            _ if times > 1 => {
                let why = format!("every one of the {times} `to` items of this port repeats it");
                problem.saying(why).help("give the port one `to` item")
            }
            Some(first) if first != host.span => problem.label(first, "it stands here too"),
            _ => problem.saying(format!("service `{}` is placed twice", short(place.name))),
        };
        self.problems.push(problem);
    }

    fn target(&mut self, place: Place<'d>, expose: &'d Expose<'d>, to: &'d To<'d>) {
        if let Some(service) = &to.service
            && !self.document.services.contains_key(&service.value)
        {
            let name = short(service.value);
            let sentence = format!("`to.service: {name}` does not name a service");
            let problem = Problem::warning(code::TO_SERVICE, service.span, sentence);
            let known: Vec<&str> = self.document.services.keys().copied().take(100).collect();
            let help = match self.problems.wants_help() {
                true => suggest::did_you_mean(service.value, known.iter().copied()),
                false => None,
            };
            let first: Vec<&str> = known.into_iter().take(8).collect();
            let services = || format!("services here are {}", crate::decode::listed(&first));
            self.problems.push(problem.help(help.unwrap_or_else(services)));
        }
        let Some(ip) = &to.ip else { return };
        if !to.global {
            let sentence =
                format!("leased IP `{}` needs `global: true` beside it", short(ip.value));
            let problem = Problem::error(code::IP_NOT_GLOBAL, ip.span, sentence);
            self.problems.push(problem.label(to.span, "in this item").help("add `global: true`"));
        }
        let Some((declared, _)) = self.document.endpoints.get_key_value(&ip.value) else {
            let sentence = format!("leased IP `{}` is not declared", short(ip.value));
            let known = self.document.endpoints.keys().copied();
            let help = match self.problems.wants_help() {
                true => suggest::did_you_mean(ip.value, known),
                false => None,
            };
            let declare = || format!("add `{}: {{ kind: ip }}` to `endpoints`", short(ip.value));
            let problem = Problem::error(code::IP_UNDECLARED, ip.span, sentence);
            self.problems.push(problem.help(help.unwrap_or_else(declare)));
            return;
        };
        self.used_endpoints.insert(declared);
        self.ip_port(place, expose, ip);
    }

    /// Two uses of one IP with the same `as` and `proto`, both as they are written.
    fn ip_port(&mut self, place: Place<'d>, expose: &'d Expose<'d>, ip: &'d Text<'d>) {
        let external = expose.external.as_ref().map_or(0, |external| external.value);
        let protocol = expose.protocol.as_ref().map_or("", |protocol| protocol.value);
        let span = place_of_port(expose);
        let Some(first) = self.ip_ports.insert((ip.value, external, protocol), span) else {
            return;
        };
        let (service, name) = (short(place.name), short(ip.value));
        let upper = if protocol.is_empty() { "tcp".to_owned() } else { protocol.to_lowercase() };
        let sentence = match external {
            0 => format!("two ports of `{service}` on leased IP `{name}` have no `as`"),
            port => format!(
                "two ports of `{service}` land on port {port}/{upper} of leased IP `{name}`"
            ),
        };
        let problem = Problem::error(code::IP_COLLISION, span, sentence);
        let problem = if first == span {
            problem.saying(format!("service `{service}` uses the IP more than once"))
        } else {
            problem.label(first, "the other port")
        };
        let help = "set `proto: udp` on one of them, or give each its own `as`";
        self.problems.push(problem.help(help));
    }
}

/// Where the outside port of an expose is written.
fn place_of_port(expose: &Expose<'_>) -> Span {
    let external = expose.external.as_ref().map(|external| external.span);
    let port = expose.port.given().map(|port| port.span);
    external.or(port).unwrap_or(expose.span)
}
