//! [`Diff`]: what changed between two manifests, and what of it may change under a running lease.
//!
//! A lease is for the groups that its order auctioned. An update sends another manifest alone, and
//! the provider takes it exactly when it is one for those groups
//! ([`crate::Manifest::check_against`]).
//!
//! | what changes | effect |
//! | --- | --- |
//! | image, command, args, env, credentials, mounts, permissions, TEE | allowed |
//! | hosts, HTTP options, internal ports, a public port that stays of its kind | allowed |
//! | replicas that move between services of one unit (2.1) | allowed |
//! | price, placement attributes, auditors, reclamation window | none: not in the manifest |
//! | resources, other replicas, number or kind of public endpoints, placements | needs a new order |
//!
//! What counts is the unit, not the name of the service: a service may take the place of another
//! with the same resources. Fewer volumes than the order's need a new order, although the
//! reference's providers would not notice.
//!
//! Order of changes: the reclamation window; then placements by name; in each its requirements,
//! then services by name; in each what runs, ports, resources, replicas, price, unit.

mod account;
mod compare;
mod locate;
mod place;
mod ports;
mod resources;

use std::fmt;

use crate::diagnostic::Diagnostics;
use crate::sdl::{self, Sdl};

/// What a change comes to under a lease for the order of the old manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// The provider takes it over: it is in the manifest alone.
    Allowed,
    /// Nothing: it is in the order alone, so the lease goes on with the old value. To make it
    /// count, close the lease and post a new order.
    NoEffect,
    /// The provider refuses the manifest: the order was for something else. Close the lease and
    /// post a new order, or take the change back.
    NeedsNewOrder,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Allowed => "allowed",
            Self::NoEffect => "no effect",
            Self::NeedsNewOrder => "needs a new order",
        })
    }
}

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where, in words: `placement akash / service web / image`. Names are cut to 60 characters.
    pub path: String,
    /// What was there; `None` for nothing. A quantity or price that may not change is the one that
    /// the order was for. What may be a secret is `(hidden)`; texts are cut to 60 characters.
    pub old: Option<String>,
    /// What is there now; `None` for nothing.
    pub new: Option<String>,
    /// What it comes to under a lease.
    pub effect: Effect,
}

/// What differs between two manifests; empty when groups, manifest and reclamation window are
/// equal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// The changes in the order of the module's documentation: by placement, then by service.
    pub changes: Vec<Change>,
}

impl Diff {
    /// Whether every change is [`Effect::Allowed`]: the provider takes the new manifest, and all
    /// of it counts.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.changes.iter().all(|change| change.effect == Effect::Allowed)
    }

    /// Whether nothing differs.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

/// What changed from `old`, whose order was auctioned, to `new`.
///
/// [`Diff::is_allowed`] is true exactly when the new manifest is one for the old groups, with the
/// same volumes, prices, requirements and reclamation window.
///
/// ```
/// use undercut_sdl::{Effect, Sdl, diff};
///
/// # let text = include_str!("../../../sdl-examples/web.yaml");
/// let old = Sdl::parse(text).unwrap();
/// let new = text.replace("nginx:1.27", "nginx:1.28").replace("units: 1", "units: 2");
/// let diff = diff(&old, &Sdl::parse(&new).unwrap());
///
/// let [image, cpu] = diff.changes.as_slice() else { panic!("two changes") };
/// assert_eq!(image.path, "placement anywhere / service web / image");
/// assert_eq!(image.effect, Effect::Allowed);
/// assert_eq!((cpu.old.as_deref(), cpu.new.as_deref()), (Some("1 CPU"), Some("2 CPU")));
/// assert_eq!(cpu.effect, Effect::NeedsNewOrder);
/// assert!(!diff.is_allowed());
/// ```
#[must_use]
pub fn diff(old: &Sdl, new: &Sdl) -> Diff {
    let found = compare::compare(old, new);
    Diff { changes: found.into_iter().map(place::Found::into_change).collect() }
}

/// [`crate::check`] of a text that is to replace the manifest of a running lease, for the order of
/// `old`: adds one error, `SDL081`, when [`diff()`] is not allowed. It stands at the first place
/// that differs, with a label at each further one, up to 16. Of more than 1,000 changes the rest
/// is only counted.
///
/// ```
/// # let text = include_str!("../../../sdl-examples/web.yaml");
/// let old = undercut_sdl::Sdl::parse(text).unwrap();
/// let (new, problems) = undercut_sdl::check_update(&old, &text.replace("units: 1", "units: 2"));
/// assert!(new.is_none());
/// let problem = problems.iter().next().unwrap();
/// assert_eq!((problem.code.as_str(), problem.line), ("SDL081", 17));
/// assert_eq!(problem.label.as_deref(), Some("order was for 1 CPU"));
/// ```
#[must_use]
pub fn check_update(old: &Sdl, text: &str) -> (Option<Sdl>, Diagnostics) {
    sdl::check_and(text, None, |new, document, problems| {
        if let Some(problem) = locate::problem(old, new, document) {
            problems.push(problem);
        }
    })
}
