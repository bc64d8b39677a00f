//! What a service needs, side by side: CPU, memory, GPUs, volumes, replicas.
//!
//! Whether a quantity may change is asked of the unit that the service is taken from now; what it
//! is compared with is that unit where it differs, and the service of the same name otherwise.

use undercut_primitives::{Attribute, Resources, Volume};

use super::Effect;
use super::account::Account;
use super::compare::{Comparison, by_name};
use super::place::{At, Found, Part, Place};
use crate::manifest::ManifestService;
use crate::{gate, words};

impl<'m> Comparison<'m> {
    pub(super) fn resources(
        &mut self,
        at: At<'m>,
        old: &'m ManifestService,
        new: &'m ManifestService,
        account: Option<&Account<'m>>,
    ) {
        let order = account.map(|account| &account.unit.resources);
        let three = Three { order, old: &old.resources, new: &new.resources };
        let cpu = |one: &Resources| Some(words::cpu(one.cpu_milli));
        self.quantity(at, Part::Cpu, three, |one| one.cpu_milli, cpu);
        let arch = |one: &Resources| attribute_words(&one.cpu_attributes);
        self.quantity(at, Part::Arch, three, |one| &one.cpu_attributes, arch);
        let memory = |one: &Resources| Some(words::size(one.memory_bytes));
        self.quantity(at, Part::Memory, three, |one| one.memory_bytes, memory);
        let gpus = |one: &Resources| (one.gpus > 0).then(|| words::gpus(one.gpus));
        self.quantity(at, Part::Gpus, three, |one| one.gpus, gpus);
        let models = |one: &Resources| attribute_words(&one.gpu_attributes);
        self.quantity(at, Part::GpuModels, three, |one| &one.gpu_attributes, models);
        self.volumes(at, three);
    }

    /// A quantity that the order was for.
    fn quantity<K: PartialEq>(
        &mut self,
        at: At<'m>,
        part: Part<'m>,
        three: Three<'m>,
        key: impl Fn(&'m Resources) -> K,
        show: impl Fn(&Resources) -> Option<String>,
    ) {
        let (against, effect) = three.against(&key);
        if key(against) != key(three.new) {
            self.push(Place::Part(at, part), show(against), show(three.new), effect);
        }
    }

    fn volumes(&mut self, at: At<'m>, three: Three<'m>) {
        let (against, effect) = three.against(|one| &one.volumes);
        let (old, new) = (&against.volumes, &three.new.volumes);
        if old == new {
            return;
        }
        let before = self.found.len();
        for (name, sides) in by_name(old, new, |volume| &volume.name) {
            match sides {
                (Some(old), Some(new)) => self.volume(at, old, new, effect),
                (old, new) => {
                    let show = |volume: Option<&Volume>| volume.map(words::volume);
                    let (old, new) = (show(old), show(new));
                    let label = match &old {
                        Some(old) => format!("order was for volume {old}"),
                        None => format!("order has no volume `{}`", gate::short(name)),
                    };
                    let place = Place::Part(at, Part::Volume(name));
                    self.found.push(Found { place, old, new, effect, label: Some(label) });
                }
            }
        }
        if self.found.len() == before {
            let names = |volumes: &[Volume]| {
                let names: Vec<String> = volumes.iter().map(|volume| volume.name.clone()).collect();
                Some(words::list(&names))
            };
            self.push(Place::Part(at, Part::Volumes), names(old), names(new), effect);
        }
    }

    fn volume(&mut self, at: At<'m>, old: &'m Volume, new: &'m Volume, effect: Effect) {
        if old.size_bytes != new.size_bytes {
            let place = Place::Part(at, Part::VolumeSize(&new.name));
            let (old, new) = (words::size(old.size_bytes), words::size(new.size_bytes));
            self.push(place, Some(old), Some(new), effect);
        }
        if old.attributes != new.attributes {
            let place = Place::Part(at, Part::VolumeAttributes(&new.name));
            let (old, new) = (attribute_words(&old.attributes), attribute_words(&new.attributes));
            self.push(place, old, new, effect);
        }
    }

    pub(super) fn replicas(
        &mut self,
        at: At<'m>,
        old: &ManifestService,
        new: &ManifestService,
        account: Option<&Account<'m>>,
    ) {
        if old.count == new.count {
            return;
        }
        let show = |count: u32| Some(words::replicas(count.into()));
        let fits = account.is_some_and(Account::replicas_fit);
        let effect = if fits { Effect::Allowed } else { Effect::NeedsNewOrder };
        let shared = account.filter(|account| account.unit.count != old.count);
        let label = shared.map(|account| {
            let total = words::replicas(account.unit.count.into());
            format!("order was for {total} of this unit in all, not {}", account.used_replicas())
        });
        let place = Place::Part(at, Part::Replicas);
        let (old, new) = (show(old.count), show(new.count));
        self.found.push(Found { place, old, new, effect, label });
    }
}

/// The resources of a service: as auctioned, as they were, and as they are to be.
#[derive(Clone, Copy)]
struct Three<'m> {
    /// `None` when the order does not have the unit.
    order: Option<&'m Resources>,
    old: &'m Resources,
    new: &'m Resources,
}

impl<'m> Three<'m> {
    /// What a part of the new resources is compared with, and the effect if it differs.
    fn against<K: PartialEq>(self, key: impl Fn(&'m Resources) -> K) -> (&'m Resources, Effect) {
        match self.order {
            Some(order) if key(order) != key(self.new) => (order, Effect::NeedsNewOrder),
            Some(_) => (self.old, Effect::Allowed),
            None => (self.old, Effect::NeedsNewOrder),
        }
    }
}

/// Whether a service fits a unit: everything but the endpoints, which are counted.
pub(super) fn same_quantities(unit: &Resources, service: &Resources) -> bool {
    let Resources {
        cpu_milli, cpu_attributes, memory_bytes, volumes, gpus, gpu_attributes, ..
    } = unit;
    (cpu_milli, memory_bytes, gpus) == (&service.cpu_milli, &service.memory_bytes, &service.gpus)
        && (cpu_attributes, gpu_attributes) == (&service.cpu_attributes, &service.gpu_attributes)
        && *volumes == service.volumes
}

fn attribute_words(attributes: &[Attribute]) -> Option<String> {
    (!attributes.is_empty()).then(|| words::attributes(attributes))
}
