//! Two manifests side by side: every difference in the stated order, with its effect.

use std::collections::BTreeMap;

use undercut_primitives::GroupSpec;

use super::Effect;
use super::account::{Account, Accounts};
use super::place::{At, Found, Part, Place};
use super::resources::same_quantities;
use crate::manifest::{
    ManifestCredentials, ManifestGroup, ManifestMount, ManifestParams, ManifestService,
};
use crate::sdl::Sdl;
use crate::{gate, words};

/// Everything that differs.
pub(super) fn compare<'m>(old: &'m Sdl, new: &'m Sdl) -> Vec<Found<'m>> {
    let mut comparison = Comparison { found: Vec::new() };
    let windows = (old.reclamation_min_window_ns(), new.reclamation_min_window_ns());
    if windows.0 != windows.1 {
        let (old, new) = (windows.0.map(words::duration), windows.1.map(words::duration));
        comparison.push(Place::Reclamation, old, new, Effect::NoEffect);
    }
    let (old, new) = (sides(old), sides(new));
    for (name, (old, new)) in by_name(old, new, |side| &side.spec.name) {
        match (old, new) {
            (Some(old), Some(new)) => comparison.group(name, old, new),
            (Some(old), None) => comparison.placement(name, Some(old), None),
            (None, new) => comparison.placement(name, None, new),
        }
    }
    comparison.found
}

/// A group and its part of the manifest.
#[derive(Clone, Copy)]
struct Side<'m> {
    spec: &'m GroupSpec,
    manifest: &'m ManifestGroup,
}

fn sides(sdl: &Sdl) -> impl Iterator<Item = Side<'_>> {
    // Both are in byte order of the same names.
    let pairs = sdl.groups().iter().zip(&sdl.manifest().groups);
    pairs.map(|(spec, manifest)| Side { spec, manifest })
}

/// Old and new things of one name, in byte order of the names.
pub(super) fn by_name<'m, T: Copy>(
    old: impl IntoIterator<Item = T>,
    new: impl IntoIterator<Item = T>,
    name: impl Fn(T) -> &'m str,
) -> BTreeMap<&'m str, (Option<T>, Option<T>)> {
    let mut both: BTreeMap<&str, (Option<T>, Option<T>)> = BTreeMap::new();
    for one in old {
        both.entry(name(one)).or_default().0 = Some(one);
    }
    for one in new {
        both.entry(name(one)).or_default().1 = Some(one);
    }
    both
}

pub(super) struct Comparison<'m> {
    pub(super) found: Vec<Found<'m>>,
}

impl<'m> Comparison<'m> {
    /// A change of which the place says what the order was for.
    pub(super) fn push(
        &mut self,
        place: Place<'m>,
        old: Option<String>,
        new: Option<String>,
        effect: Effect,
    ) {
        self.found.push(Found { place, old, new, effect, label: None });
    }

    /// A part of a service that the manifest alone has.
    pub(super) fn free<T: PartialEq>(
        &mut self,
        at: At<'m>,
        part: Part<'m>,
        old: &T,
        new: &T,
        show: impl Fn(&T) -> Option<String>,
    ) {
        if old != new {
            self.push(Place::Part(at, part), show(old), show(new), Effect::Allowed);
        }
    }

    /// A placement that came or went.
    fn placement(&mut self, name: &'m str, old: Option<Side<'m>>, new: Option<Side<'m>>) {
        let services = |side: Side<'_>| match side.manifest.services.len() {
            1 => "1 service".to_owned(),
            count => format!("{count} services"),
        };
        let label = match old {
            Some(_) => format!("placement `{}` is gone", gate::short(name)),
            None => format!("order has no placement `{}`", gate::short(name)),
        };
        let (old, new) = (old.map(services), new.map(services));
        let (place, effect) = (Place::Placement(name), Effect::NeedsNewOrder);
        self.found.push(Found { place, old, new, effect, label: Some(label) });
    }

    fn group(&mut self, name: &'m str, old: Side<'m>, new: Side<'m>) {
        self.requirements(name, old.spec, new.spec);
        let accounts = Accounts::new(old.spec, new.manifest, new.spec);
        let (old, new) = (&old.manifest.services, &new.manifest.services);
        for (service, sides) in by_name(old, new, |service| &service.name) {
            let at = At { placement: name, service };
            match sides {
                (Some(old), Some(new)) => self.service(at, old, new, &accounts),
                (Some(old), None) => self.removed(at, old, &accounts),
                (None, Some(new)) => self.added(at, new, &accounts),
                (None, None) => {}
            }
        }
    }

    fn requirements(&mut self, name: &'m str, old: &'m GroupSpec, new: &'m GroupSpec) {
        let (old, new) = (&old.requirements, &new.requirements);
        // A key stands twice when `tee` asks for what is written as well.
        let mut keys: BTreeMap<&str, (Vec<String>, Vec<String>)> = BTreeMap::new();
        for attribute in &old.attributes {
            keys.entry(&attribute.key).or_default().0.push(attribute.value.clone());
        }
        for attribute in &new.attributes {
            keys.entry(&attribute.key).or_default().1.push(attribute.value.clone());
        }
        let show =
            |values: &[String]| (!values.is_empty()).then(|| gate::short(&values.join(", ")));
        for (key, (old, new)) in keys.iter().filter(|(_, (old, new))| old != new) {
            let place = Place::Attribute(name, key);
            self.push(place, show(old), show(new), Effect::NoEffect);
        }
        let (old, new) = (&old.signed_by, &new.signed_by);
        let auditors = [
            (Place::AllOf(name), &old.all_of, &new.all_of),
            (Place::AnyOf(name), &old.any_of, &new.any_of),
        ];
        for (place, old, new) in auditors {
            if old != new {
                self.push(place, show(old), show(new), Effect::NoEffect);
            }
        }
    }

    /// A service that is new in its placement.
    fn added(&mut self, at: At<'m>, new: &ManifestService, accounts: &Accounts<'m>) {
        let account = accounts.get(new.unit);
        let same = |account: &Account<'_>| same_quantities(&account.unit.resources, &new.resources);
        let fits = accounts.fits(new.unit) && account.is_some_and(same);
        let price = account.and_then(Account::changed_price);
        let effect = match (fits, price) {
            (true, None) => Effect::Allowed,
            (true, Some(_)) => Effect::NoEffect,
            (false, _) => Effect::NeedsNewOrder,
        };
        let label = match account.filter(|_| effect == Effect::NoEffect) {
            Some(account) => format!("order was for {}", words::price(&account.unit.price)),
            None => format!("order was not for service `{}`", gate::short(at.service)),
        };
        let place = Place::Service(at);
        let found = Found { place, old: None, new: Some(summary(new)), effect, label: Some(label) };
        self.found.push(found);
    }

    /// A service that is gone from its placement.
    fn removed(&mut self, at: At<'m>, old: &ManifestService, accounts: &Accounts<'m>) {
        let fits = accounts.fits(old.unit);
        let effect = if fits { Effect::Allowed } else { Effect::NeedsNewOrder };
        let (name, count) = (gate::short(at.service), words::replicas(old.count.into()));
        let label = format!("service `{name}` is gone, order was for {count} of it");
        let place = Place::Service(at);
        let found = Found { place, old: Some(summary(old)), new: None, effect, label: Some(label) };
        self.found.push(found);
    }

    fn service(
        &mut self,
        at: At<'m>,
        old: &'m ManifestService,
        new: &'m ManifestService,
        accounts: &Accounts<'m>,
    ) {
        let list = |list: &Option<Vec<String>>| list.as_deref().map(words::open_list);
        self.free(at, Part::Image, &old.image, &new.image, |image| Some(gate::short(image)));
        self.free(at, Part::Command, &old.command, &new.command, list);
        self.free(at, Part::Args, &old.args, &new.args, list);
        self.environment(at, old, new);
        self.credentials(at, old.credentials.as_ref(), new.credentials.as_ref());
        self.params(at, old.params.as_ref(), new.params.as_ref());
        self.ports(at, old, new, accounts);
        self.resources(at, old, new, accounts.get(new.unit));
        self.replicas(at, old, new, accounts.get(new.unit));
        if let Some(account) = accounts.get(new.unit)
            && let Some(price) = account.changed_price()
        {
            let (old, new) = (words::price(&account.unit.price), words::price(price));
            self.push(Place::Part(at, Part::Price), Some(old), Some(new), Effect::NoEffect);
        }
        if old.unit != new.unit {
            let fits = accounts.fits(old.unit) && accounts.fits(new.unit);
            let effect = if fits { Effect::Allowed } else { Effect::NeedsNewOrder };
            let (old, new) = (old.unit.to_string(), new.unit.to_string());
            let label = format!("moves from resource unit {old} of the order to unit {new}");
            let place = Place::Part(at, Part::Unit);
            let found = Found { place, old: Some(old), new: Some(new), effect, label: Some(label) };
            self.found.push(found);
        }
    }

    fn environment(&mut self, at: At<'m>, old: &'m ManifestService, new: &'m ManifestService) {
        if old.env == new.env {
            return;
        }
        let before = self.found.len();
        // Values by name, in the order of the list; a name may stand more than once.
        let mut names: BTreeMap<&str, (Vec<&'m str>, Vec<&'m str>)> = BTreeMap::new();
        for item in old.env.iter().flatten() {
            names.entry(name_of(item)).or_default().0.push(item);
        }
        for item in new.env.iter().flatten() {
            names.entry(name_of(item)).or_default().1.push(item);
        }
        for (name, (old, new)) in names {
            let (mut old, mut new) = (old.into_iter(), new.into_iter());
            loop {
                let pair = (old.next(), new.next());
                if pair == (None, None) {
                    break;
                }
                let show = |item: &Option<&str>| item.map(|item| value_of(name, item));
                self.free(at, Part::Variable(name), &pair.0, &pair.1, show);
            }
        }
        if self.found.len() == before {
            let list = |list: &Option<Vec<String>>| list.as_deref().map(words::open_list);
            self.free(at, Part::Environment, &old.env, &new.env, list);
        }
    }

    fn credentials(
        &mut self,
        at: At<'m>,
        old: Option<&ManifestCredentials>,
        new: Option<&ManifestCredentials>,
    ) {
        let (Some(old), Some(new)) = (old, new) else {
            let show = |login: &Option<&ManifestCredentials>| {
                login.map(|login| format!("{} at {}", login.username, login.host))
            };
            let short =
                |login: &Option<&ManifestCredentials>| show(login).as_deref().map(gate::short);
            self.free(at, Part::Credentials, &old, &new, short);
            return;
        };
        let show = |text: &String| Some(gate::short(text));
        self.free(at, Part::Login("host"), &old.host, &new.host, show);
        self.free(at, Part::Login("email"), &old.email, &new.email, show);
        self.free(at, Part::Login("username"), &old.username, &new.username, show);
        let hidden = |_: &String| Some(words::hidden());
        self.free(at, Part::Login("password"), &old.password, &new.password, hidden);
    }

    fn params(
        &mut self,
        at: At<'m>,
        old: Option<&'m ManifestParams>,
        new: Option<&'m ManifestParams>,
    ) {
        if old == new {
            return;
        }
        let before = self.found.len();
        let mounts = |params: Option<&'m ManifestParams>| {
            params.map_or(&[][..], |params| params.mounts.as_slice())
        };
        for (volume, (old, new)) in by_name(mounts(old), mounts(new), |mount| &mount.name) {
            let show = |mount: &Option<&ManifestMount>| mount.map(mount_words);
            self.free(at, Part::Mount(volume), &old, &new, show);
        }
        let read = |params: Option<&'m ManifestParams>| params.and_then(|one| one.read.as_deref());
        let list = |list: &Option<&[String]>| list.map(words::list);
        self.free(at, Part::Permissions, &read(old), &read(new), list);
        let tee = |params: Option<&'m ManifestParams>| params.and_then(|one| one.tee.as_deref());
        self.free(at, Part::Tee, &tee(old), &tee(new), |tee| tee.map(gate::short));
        if self.found.len() == before {
            let show = |params: &Option<&ManifestParams>| params.map(|_| "empty".to_owned());
            self.free(at, Part::Params, &old, &new, show);
        }
    }
}

fn summary(service: &ManifestService) -> String {
    let count = words::replicas(service.count.into());
    format!("{count} of {}", gate::short(&service.image))
}

fn mount_words(mount: &ManifestMount) -> String {
    let end = if mount.read_only { ", read-only" } else { "" };
    format!("{}{end}", gate::short(&mount.path))
}

/// The name of an environment variable.
fn name_of(item: &str) -> &str {
    item.split('=').next().unwrap_or_default()
}

/// The value of an environment variable; one without `=` is taken from the image.
fn value_of(name: &str, item: &str) -> String {
    match item.split_once('=') {
        Some((_, value)) => words::open_value(name, value),
        None => "no value".to_owned(),
    }
}
