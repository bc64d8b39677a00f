//! [`Proofs`]: who is known to be eligible for what, as one bit.
//!
//! Orders that ask for the same are of one class: their groups require the same attributes of the
//! same auditors, the same storage and the same GPUs. That a provider is eligible for a class is
//! noted once and read as a bit, until the provider's profile changes. A bit that is not set says
//! nothing: [`eligibility`](crate::eligibility) then has to be asked, and says why not.

use alloc::vec::Vec;
use core::cmp::Ordering;

use undercut_primitives::{Attribute, GroupSpec};

use crate::queues::place;

/// The most classes that are kept. Orders beyond them are checked every time.
pub(crate) const CLASSES_MAX: usize = 4_096;

/// The most providers of whom proofs are kept: a class takes 8 KiB for them at most.
pub(crate) const PROVIDERS_MAX: u32 = 65_536;

/// No class: nothing is ever proven of it.
pub(crate) const NO_CLASS: u16 = u16::MAX;

/// Classes of requirements, and who was found eligible.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proofs {
    classes: Vec<Class>,
    /// Per class, a bit per provider's handle.
    eligible: Vec<Vec<u64>>,
    /// Classes in use, ascending by what they ask for.
    sorted: Vec<u16>,
    free: Vec<u16>,
}

#[derive(Clone, Debug)]
struct Class {
    /// One of the groups that ask for this.
    spec: GroupSpec,
    users: u32,
}

/// The word of a provider's bit, and the bit.
#[inline]
const fn bit(provider: u32) -> (u32, u64) {
    (provider.wrapping_shr(6), 1_u64.wrapping_shl(provider & 63))
}

impl Proofs {
    /// The class of what `spec` asks for, with one more user; [`NO_CLASS`] when there are too many.
    pub(crate) fn join(&mut self, spec: &GroupSpec) -> u16 {
        match self.search(spec) {
            Ok(at) => {
                let class = self.sorted.get(at).copied().unwrap_or(NO_CLASS);
                if let Some(class) = self.classes.get_mut(usize::from(class)) {
                    class.users = class.users.saturating_add(1);
                }
                class
            }
            Err(at) => self.insert(at, spec),
        }
    }

    /// The class of what `spec` asks for, if others asked for it; [`NO_CLASS`] otherwise. O(log classes)
    /// comparisons of what groups ask for.
    pub(crate) fn find(&self, spec: &GroupSpec) -> u16 {
        let found = self.search(spec).ok().and_then(|at| self.sorted.get(at));
        found.copied().unwrap_or(NO_CLASS)
    }

    /// The place of a class in `sorted`, or the one where it would be.
    fn search(&self, spec: &GroupSpec) -> Result<usize, usize> {
        self.sorted.binary_search_by(|class| {
            let class = self.classes.get(usize::from(*class));
            class.map_or(Ordering::Less, |class| compare(&class.spec, spec))
        })
    }

    fn insert(&mut self, at: usize, spec: &GroupSpec) -> u16 {
        if self.sorted.len() >= CLASSES_MAX {
            return NO_CLASS;
        }
        let new = Class { spec: spec.clone(), users: 1 };
        let class = match self.free.pop() {
            Some(class) => class,
            None => u16::try_from(self.classes.len()).unwrap_or(NO_CLASS),
        };
        match self.classes.get_mut(usize::from(class)) {
            Some(unused) => *unused = new,
            None => {
                self.classes.push(new);
                self.eligible.push(Vec::new());
            }
        }
        self.sorted.insert(at, class);
        class
    }

    /// One user less; the class goes with its last one.
    pub(crate) fn leave(&mut self, class: u16) {
        let Some(left) = self.classes.get_mut(usize::from(class)) else { return };
        left.users = left.users.saturating_sub(1);
        if left.users == 0 {
            self.eligible
                .get_mut(usize::from(class))
                .into_iter()
                .for_each(|bits| *bits = Vec::new());
            self.sorted.retain(|other| *other != class);
            self.free.push(class);
        }
    }

    /// What one of the groups of a class asks for, and how many users the class has.
    pub(crate) fn class(&self, class: u16) -> Option<(&GroupSpec, u32)> {
        self.classes.get(usize::from(class)).map(|class| (&class.spec, class.users))
    }

    /// Whether the provider was found eligible, and nothing changed since.
    #[inline(always)]
    pub(crate) fn holds(&self, class: u16, provider: u32) -> bool {
        let (word, bit) = bit(provider);
        let bits = self.eligible.get(usize::from(class));
        let word = bits.and_then(|bits| bits.get(place(word)));
        word.is_some_and(|word| word & bit != 0)
    }

    /// Notes that the provider is eligible.
    pub(crate) fn note(&mut self, class: u16, provider: u32) {
        let (word, bit) = bit(provider);
        let Some(bits) = self.eligible.get_mut(usize::from(class)) else { return };
        if provider >= PROVIDERS_MAX {
            return;
        }
        if place(word) >= bits.len() {
            bits.resize(place(word).saturating_add(1), 0);
        }
        bits.get_mut(place(word)).into_iter().for_each(|word| *word |= bit);
    }

    /// Forgets everything about a provider. O(classes).
    pub(crate) fn forget(&mut self, provider: u32) {
        let (word, bit) = bit(provider);
        for bits in &mut self.eligible {
            bits.get_mut(place(word)).into_iter().for_each(|word| *word &= !bit);
        }
    }
}

/// Attributes of volumes and of GPUs that a group asks for, as
/// [`eligibility`](crate::eligibility) looks at them.
fn wanted(spec: &GroupSpec) -> impl Iterator<Item = (bool, &[Attribute])> {
    spec.units.iter().flat_map(|unit| {
        let volumes = unit.resources.volumes.iter().map(|volume| (false, &volume.attributes[..]));
        let gpus = (unit.resources.gpus > 0).then_some((true, &unit.resources.gpu_attributes[..]));
        volumes.chain(gpus).filter(|(_, attributes)| !attributes.is_empty())
    })
}

/// Orders groups by what they ask of a provider; equal are those with the same eligible providers.
fn compare(left: &GroupSpec, right: &GroupSpec) -> Ordering {
    let (one, other) = (&left.requirements, &right.requirements);
    let attributes = || one.attributes.cmp(&other.attributes);
    let all_of = || one.signed_by.all_of.cmp(&other.signed_by.all_of);
    let any_of = || one.signed_by.any_of.cmp(&other.signed_by.any_of);
    attributes().then_with(all_of).then_with(any_of).then_with(|| wanted(left).cmp(wanted(right)))
}
