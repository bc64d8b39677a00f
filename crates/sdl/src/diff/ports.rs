//! Ports of a service side by side.
//!
//! A port is paired with the one of the same number, protocol and target; among several of those,
//! with the one at its place. What is left over is paired by target alone: a port that moved.

use std::collections::BTreeMap;

use undercut_primitives::EndpointKind;

use super::Effect;
use super::account::Accounts;
use super::compare::Comparison;
use super::place::{At, Found, Part, Place};
use crate::manifest::{HttpOptions, ManifestExpose, ManifestService};
use crate::{gate, words};

/// Ports of the old and of the new service that belong together.
type Pairs<'m> = Vec<(&'m ManifestExpose, &'m ManifestExpose)>;
/// Ports of either service that belong to each other by some key.
type Both<'m> = (Vec<&'m ManifestExpose>, Vec<&'m ManifestExpose>);

impl<'m> Comparison<'m> {
    pub(super) fn ports(
        &mut self,
        at: At<'m>,
        old: &'m ManifestService,
        new: &'m ManifestService,
        accounts: &Accounts<'m>,
    ) {
        if old.exposes == new.exposes {
            return;
        }
        // A kind fits when as many endpoints of it are used as the order has.
        let effect = |kinds: [Option<EndpointKind>; 2]| {
            let mut kinds = kinds.into_iter().flatten();
            let fits = kinds.all(|kind| accounts.kind_fits(new.unit, kind));
            if fits { Effect::Allowed } else { Effect::NeedsNewOrder }
        };
        let (pairs, (removed, added)) = paired(&old.exposes, &new.exposes);
        for (old, new) in pairs {
            let ([was, was_leased], [is, is_leased]) = (old.endpoints(), new.endpoints());
            let changed = |was: Option<EndpointKind>, is: Option<EndpointKind>| {
                if was == is { Effect::Allowed } else { effect([was, is]) }
            };
            self.numbers(at, old, new, changed(was, is));
            self.leased_ip(at, old, new, changed(was_leased, is_leased));
            let hosts = |hosts: &Option<Vec<String>>| hosts.as_deref().map(words::list);
            self.free(at, Part::Hosts(new), &old.hosts, &new.hosts, hosts);
            self.http(at, new, &old.http_options, &new.http_options);
        }
        for expose in removed {
            let (place, reach) = (Place::Part(at, Part::Port(expose)), reach_words(expose));
            let label = format!("port {} is gone, order was for its {reach}", expose.port);
            let effect = effect(expose.endpoints());
            let found = Found { place, old: Some(reach), new: None, effect, label: Some(label) };
            self.found.push(found);
        }
        for expose in added {
            let (place, reach) = (Place::Part(at, Part::Port(expose)), reach_words(expose));
            let label = format!("order was not for this {reach}");
            let effect = effect(expose.endpoints());
            let found = Found { place, old: None, new: Some(reach), effect, label: Some(label) };
            self.found.push(found);
        }
    }

    /// The numbers inside and outside, and the protocol.
    fn numbers(
        &mut self,
        at: At<'m>,
        old: &'m ManifestExpose,
        new: &'m ManifestExpose,
        effect: Effect,
    ) {
        let label = kind_label(old, new);
        if (old.port, &old.protocol) != (new.port, &new.protocol) {
            let show = |expose: &ManifestExpose| {
                format!("{}/{}", expose.port, expose.protocol.to_ascii_lowercase())
            };
            let (place, label) = (Place::Part(at, Part::Port(new)), label.clone());
            let (old, new) = (Some(show(old)), Some(show(new)));
            self.found.push(Found { place, old, new, effect, label });
        }
        if old.external_port != new.external_port {
            let show = |port: u32| (port > 0).then(|| port.to_string());
            let place = Place::Part(at, Part::Outside(new));
            let (old, new) = (show(old.external_port), show(new.external_port));
            self.found.push(Found { place, old, new, effect, label });
        }
    }

    fn leased_ip(
        &mut self,
        at: At<'m>,
        old: &'m ManifestExpose,
        new: &'m ManifestExpose,
        effect: Effect,
    ) {
        if (&old.ip, old.sequence) == (&new.ip, new.sequence) {
            return;
        }
        let show = |expose: &ManifestExpose| {
            let ip = || format!("{} (number {})", gate::short(&expose.ip), expose.sequence);
            (!expose.ip.is_empty()).then(ip)
        };
        let label = match old.ip.as_str() {
            "" => "order was for no leased IP here".to_owned(),
            ip => format!("order was for leased IP `{}`", gate::short(ip)),
        };
        let place = Place::Part(at, Part::LeasedIp(new));
        let found = Found { place, old: show(old), new: show(new), effect, label: Some(label) };
        self.found.push(found);
    }

    fn http(
        &mut self,
        at: At<'m>,
        expose: &'m ManifestExpose,
        old: &HttpOptions,
        new: &HttpOptions,
    ) {
        let numbers = [
            ("max_body_size", old.max_body_size, new.max_body_size),
            ("proxy_buffer_size", old.proxy_buffer_size, new.proxy_buffer_size),
            ("read_timeout", old.read_timeout, new.read_timeout),
            ("send_timeout", old.send_timeout, new.send_timeout),
            ("next_tries", old.next_tries, new.next_tries),
            ("next_timeout", old.next_timeout, new.next_timeout),
        ];
        for (key, old, new) in numbers {
            let show = |number: &u32| Some(number.to_string());
            self.free(at, Part::Http(expose, key), &old, &new, show);
        }
        let part = Part::Http(expose, "next_cases");
        let list = |list: &Vec<String>| Some(words::list(list));
        self.free(at, part, &old.next_cases, &new.next_cases, list);
    }
}

/// What to say when a port is reached in another way.
fn kind_label(old: &ManifestExpose, new: &ManifestExpose) -> Option<String> {
    let (was, is) = (old.endpoint()?, new.endpoint()?);
    match (was, is) {
        (EndpointKind::SharedHttp, EndpointKind::RandomPort) => {
            let off = if new.protocol == old.protocol { "off port 80" } else { "over UDP" };
            Some(format!("{off} the HTTP endpoint becomes a random port"))
        }
        (EndpointKind::RandomPort, EndpointKind::SharedHttp) => {
            let on = if new.protocol == old.protocol { "on port 80" } else { "over TCP" };
            Some(format!("{on} the random port becomes an HTTP endpoint"))
        }
        _ => None,
    }
}

/// How a port is reached: `HTTP endpoint`, `random port with a leased IP`, `internal port`.
fn reach_words(expose: &ManifestExpose) -> String {
    match expose.endpoint() {
        Some(kind) if expose.ip.is_empty() => words::endpoint(kind).to_owned(),
        Some(kind) => format!("{} with a leased IP", words::endpoint(kind)),
        None => "internal port".to_owned(),
    }
}

/// Pairs in the order of the new ports, then what is left over on either side.
fn paired<'m>(old: &'m [ManifestExpose], new: &'m [ManifestExpose]) -> (Pairs<'m>, Both<'m>) {
    let mut by_key: BTreeMap<_, Both<'m>> = BTreeMap::new();
    for expose in old {
        by_key.entry(expose.sort_key()).or_default().0.push(expose);
    }
    for expose in new {
        by_key.entry(expose.sort_key()).or_default().1.push(expose);
    }
    let mut pairs = Vec::new();
    let mut by_target: BTreeMap<(&str, bool), Both<'m>> = BTreeMap::new();
    for both in by_key.into_values() {
        let (old, new) = take_pairs(without_equal(both), &mut pairs);
        for expose in old {
            by_target.entry((&expose.service, expose.global)).or_default().0.push(expose);
        }
        for expose in new {
            by_target.entry((&expose.service, expose.global)).or_default().1.push(expose);
        }
    }
    let mut left: Both<'m> = Both::default();
    for both in by_target.into_values() {
        let (old, new) = take_pairs(both, &mut pairs);
        left.0.extend(old);
        left.1.extend(new);
    }
    (pairs, left)
}

/// Both lists without what they share at the start and at the end.
fn without_equal<'m>((old, new): Both<'m>) -> Both<'m> {
    let equal = |(old, new): &(&&ManifestExpose, &&ManifestExpose)| old == new;
    let start = old.iter().zip(&new).take_while(equal).count();
    let (old, new) = (old.into_iter().skip(start), new.into_iter().skip(start));
    let (old, new): Both<'m> = (old.collect(), new.collect());
    let end = old.iter().rev().zip(new.iter().rev()).take_while(equal).count();
    let cut = |list: Vec<&'m ManifestExpose>| {
        let kept = list.len().saturating_sub(end);
        list.into_iter().take(kept).collect()
    };
    (cut(old), cut(new))
}

/// Pairs one by one; the rest of the longer list is left over.
fn take_pairs<'m>((old, new): Both<'m>, pairs: &mut Pairs<'m>) -> Both<'m> {
    let (mut old, mut new) = (old.into_iter(), new.into_iter());
    let count = old.len().min(new.len());
    pairs.extend(old.by_ref().take(count).zip(new.by_ref().take(count)));
    (old.collect(), new.collect())
}
