//! Ports in one placement: hosts, leased IPs, and who can reach them.

use super::{Checker, Place, names};
use crate::code;
use crate::diagnostic::{Problem, Severity, Span};
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
                let meant = name.to_ascii_lowercase().replace(['.', ' '], "-");
                let help = match names::is_endpoint_name(&meant) {
                    true => format!("write `{meant}`, here and wherever `ip` names it"),
                    false => form.to_owned(),
                };
                self.problems.push(problem.help(help));
            }
            let Some(value) = &endpoint.value else { continue };
            let (kind, span) = match &value.kind {
                Field::Bad => continue,
                Field::Absent => ("", endpoint.span),
                Field::Given(kind) => (kind.value, kind.span),
            };
            if kind != "ip" {
                let sentence = match kind {
                    "" => format!("endpoint `{}` has no `kind`", short(name)),
                    kind => format!("endpoint `{}` is of kind `{}`", short(name), short(kind)),
                };
                let problem = Problem::error(code::IP_DECLARATION, span, sentence);
                let meant = suggest::same_word(kind, &["ip"]);
                let problem = problem.help("write `kind: ip`").maybe_fix(span, meant);
                let slip = self.problems.slip(value.body, "kind").filter(|_| kind.is_empty());
                self.problems.push(problem.blamed_on(slip));
            }
        }
    }

    pub(super) fn unused_endpoints(&mut self) {
        // An endpoint that is not used and a use that is not declared are one slip, and what cannot
        // be read may use any.
        let document = self.document;
        let all_read = document
            .deployment
            .keys()
            .all(|name| document.services.get(name).is_some_and(|service| service.value.is_some()));
        if !self.undeclared_ips.is_empty() || (!all_read && self.problems.has_errors()) {
            return;
        }
        for (name, endpoint) in &self.document.endpoints {
            if !self.used_endpoints.contains(name) {
                let sentence = format!("no deployed service uses endpoint `{}`", short(name));
                let problem = Problem::error(code::IP_UNUSED, endpoint.span, sentence);
                let help =
                    format!("add `ip: {}` beside a `global: true`, or remove it", short(name));
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
            self.problems.push(no_host_name(host, problem));
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
                problem.saying(why).help("leave one `to` item here; list the port again for others")
            }
            Some(first) if first != host.span => {
                let problem = problem.saying("it stands here").label(first, "it stands here");
                problem.help("keep it in one of the two places").in_order()
            }
            _ => {
                let why = format!("service `{}` is placed more than once", short(place.name));
                let help = "give each placement a service of its own, or remove the host";
                problem.saying(why).help(help)
            }
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
            let services = &self.document.services;
            let nearest = match self.problems.wants_help() {
                true => suggest::nearest(service.value, services.keys().copied().take(100)),
                false => None,
            };
            let problem = problem.saying("not found under `services`");
            let nearest = nearest.and_then(|nearest| services.get_key_value(nearest));
            self.problems.push(match nearest {
                Some((nearest, named)) => problem
                    .label(named.span, "a similar name is declared here")
                    .help(format!("did you mean `{}`?", short(nearest))),
                None => {
                    let first: Vec<&str> = services.keys().copied().take(8).collect();
                    problem.help(format!("services here are {}", crate::decode::listed(&first)))
                }
            });
        }
        let Some(ip) = &to.ip else { return };
        if !to.global {
            let sentence =
                format!("leased IP `{}` needs `global: true` beside it", short(ip.value));
            let problem = Problem::error(code::IP_NOT_GLOBAL, ip.span, sentence);
            let help = format!("write `{{ global: true, ip: {} }}`", short(ip.value));
            self.problems.push(problem.help(help));
        }
        let Some((declared, _)) = self.document.endpoints.get_key_value(&ip.value) else {
            self.undeclared_ip(ip);
            return;
        };
        self.used_endpoints.insert(declared);
        self.ip_port(place, expose, ip);
    }

    fn undeclared_ip(&mut self, ip: &'d Text<'d>) {
        if !self.undeclared_ips.insert(ip.value) {
            return;
        }
        let endpoints = &self.document.endpoints;
        let name = short(ip.value);
        let sentence = format!("leased IP `{name}` is not declared");
        let problem = Problem::error(code::IP_UNDECLARED, ip.span, sentence)
            .saying("not found under `endpoints`");
        let unused =
            || endpoints.keys().copied().filter(|name| !self.used_endpoints.contains(name));
        let nearest = match self.problems.wants_help() {
            true => suggest::nearest(ip.value, endpoints.keys().copied()),
            false => None,
        };
        // One that nothing uses is most likely the one that is meant.
        let meant = nearest.or_else(|| unused().next().filter(|_| unused().count() == 1));
        let problem = match meant.and_then(|meant| endpoints.get_key_value(meant)) {
            Some((meant, named)) => {
                let why = if nearest.is_some() { "a similar name is declared" } else { "declared" };
                problem
                    .label(named.span, format!("{why} here"))
                    .help(format!("did you mean `{}`?", short(meant)))
            }
            None if endpoints.is_empty() => {
                let line = format!("add `endpoints: {{ {name}: {{ kind: ip }} }}`");
                problem.help(format!("{line} at the left margin"))
            }
            None => problem.help(format!("add `{name}: {{ kind: ip }}` under `endpoints`")),
        };
        self.problems.push(problem);
    }

    /// Two uses of one IP with the same `as` and `proto`, both as they are written: the reference
    /// refuses them. Two that differ in writing alone share a port all the same.
    fn ip_port(&mut self, place: Place<'d>, expose: &'d Expose<'d>, ip: &'d Text<'d>) {
        let external = expose.external.as_ref().map_or(0, |external| external.value);
        let protocol = expose.protocol.as_ref().map_or("", |protocol| protocol.value);
        let second = IpUse { service: place.name, port: place_of_port(expose), expose };
        let written = self.ip_ports.insert((ip.value, external, protocol), second);
        let meant = match outside(expose) {
            0 => None,
            port => self.ip_ports_meant.insert((ip.value, port, protocol_of(expose)), second),
        };
        let written = written.map(|first| (first, Severity::Error));
        let Some((first, severity)) =
            written.or_else(|| meant.map(|first| (first, Severity::Warning)))
        else {
            return;
        };
        self.problems.push(collision(ip, first, second, severity));
    }
}

/// A port on a leased IP.
#[derive(Clone, Copy, Debug)]
pub(super) struct IpUse<'d> {
    service: &'d str,
    /// Where its outside port is written.
    port: Span,
    expose: &'d Expose<'d>,
}

/// The port that an expose has outside, 0 when that cannot be read.
fn outside(expose: &Expose<'_>) -> u32 {
    let port = expose.port.value().copied().unwrap_or(0);
    expose.external.as_ref().map_or(port, |external| external.value)
}

/// The protocol of an expose in small letters.
fn protocol_of(expose: &Expose<'_>) -> String {
    let protocol = expose.protocol.as_ref().map_or("", |protocol| protocol.value);
    if protocol.is_empty() { "tcp".to_owned() } else { protocol.to_ascii_lowercase() }
}

/// Two ports on one port of one leased IP.
fn collision(ip: &Text<'_>, first: IpUse<'_>, second: IpUse<'_>, severity: Severity) -> Problem {
    let (one, other) = (short(first.service), short(second.service));
    let ports = match one == other {
        true => format!("two ports of `{one}`"),
        false => format!("ports of `{one}` and `{other}`"),
    };
    let name = short(ip.value);
    let (a, b) = (outside(first.expose), outside(second.expose));
    let sentence = if a == b {
        format!("{ports} land on port {b}/{} of leased IP `{name}`", protocol_of(second.expose))
    } else {
        format!("{ports} on leased IP `{name}` have no `as`")
    };
    let make = match severity {
        Severity::Error => Problem::error,
        Severity::Warning => Problem::warning,
    };
    let problem = make(code::IP_COLLISION, second.port, sentence);
    if first.port == second.port {
        let why = format!("service `{other}` uses the IP more than once");
        return problem.saying(why).help("use the IP in one placement and one `to` item");
    }
    let said = |one: IpUse<'_>| match &one.expose.external {
        None => format!("no `as`, so outside port {}", outside(one.expose)),
        Some(_) => format!("outside port {}", outside(one.expose)),
    };
    let problem = problem.saying(said(second)).label(first.port, said(first));
    let problem = problem.in_order();
    if a == b {
        problem.help("set `proto: udp` on one of them, or give it another `as`")
    } else {
        problem.help(format!("add `as: {a}` to the one and `as: {b}` to the other"))
    }
}

/// `problem` with what to write instead of a text that is no host name.
fn no_host_name(host: &Text<'_>, problem: Problem) -> Problem {
    const FORM: &str = "write small letters, digits, hyphens and points; no port, path or `*`";
    let text = host.value.trim();
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let end = rest.find(['/', ':', '?']).unwrap_or(rest.len());
    let (name, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let meant = name.trim_end_matches('.').to_ascii_lowercase();
    if text.contains('*') {
        return problem.saying("`*` stands for no name").help("write a line for each host name");
    }
    if names::is_host_name(&meant) {
        let help = format!("write `{}`", short(&meant));
        let is_certain = matches!(after, "" | "/");
        return problem.help(help).maybe_fix(host.span, is_certain.then_some(meant));
    }
    let hyphens = meant.replace('_', "-");
    if names::is_host_name(&hyphens) {
        return problem
            .saying("`_` may not stand in it")
            .help(format!("write `{}`", short(&hyphens)));
    }
    problem.help(FORM)
}

/// Where the outside port of an expose is written.
pub(super) fn place_of_port(expose: &Expose<'_>) -> Span {
    let external = expose.external.as_ref().map(|external| external.span);
    let port = expose.port.given().map(|port| port.span);
    external.or(port).unwrap_or(expose.span)
}
