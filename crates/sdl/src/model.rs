//! What a document says, after its text was read and before its parts are compared.
//!
//! Everything keeps its place. A part that was reported as wrong is `Bad`, so that nothing else
//! is reported because of it.

use std::collections::{BTreeMap, BTreeSet};

use undercut_primitives::Denom;

use crate::diagnostic::Span;
use crate::quantity::Amount;

/// A value with its place.
#[derive(Clone, Debug)]
pub(crate) struct Located<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

/// A text of the document, as the nodes hold it.
pub(crate) type Text<'n> = Located<&'n str>;

/// A value that may be missing, or wrong and reported.
#[derive(Clone, Debug, Default)]
pub(crate) enum Field<T> {
    #[default]
    Absent,
    Bad,
    Given(Located<T>),
}

impl<T> Field<T> {
    pub(crate) fn given(&self) -> Option<&Located<T>> {
        match self {
            Self::Given(located) => Some(located),
            Self::Absent | Self::Bad => None,
        }
    }

    pub(crate) fn value(&self) -> Option<&T> {
        self.given().map(|located| &located.value)
    }

    pub(crate) fn is_bad(&self) -> bool {
        matches!(self, Self::Bad)
    }
}

/// Things by name, in byte order.
pub(crate) type Names<'n, T> = BTreeMap<&'n str, Named<T>>;

/// A thing with the place of its name; without value when it was reported as wrong.
#[derive(Clone, Debug)]
pub(crate) struct Named<T> {
    pub(crate) span: Span,
    pub(crate) value: Option<T>,
}

/// The rules that a document follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// Version 2.0: every service has a resource unit of its own.
    V2_0,
    /// Version 2.1 and above: services that share a profile in one placement share its unit.
    V2_1,
}

#[derive(Clone, Debug)]
pub(crate) struct Document<'n> {
    pub(crate) version: Version,
    pub(crate) services: Names<'n, Service<'n>>,
    pub(crate) compute: Names<'n, Profile<'n>>,
    pub(crate) placements: Names<'n, Placement<'n>>,
    pub(crate) deployment: Names<'n, Names<'n, Deployed<'n>>>,
    pub(crate) endpoints: Names<'n, IpEndpoint<'n>>,
    pub(crate) reclamation_ns: Option<Located<u64>>,
    /// The first key.
    pub(crate) first: Span,
    /// The key `deployment`, or the first one.
    pub(crate) deployment_span: Span,
    /// The key `profiles`, or the first one.
    pub(crate) profiles_span: Span,
    /// What holds `compute` and `placement`.
    pub(crate) profiles_body: Span,
    pub(crate) sections: Sections,
    /// Keys at the top that are not known; they were reported.
    pub(crate) strays: BTreeSet<&'n str>,
}

/// Which sections there are.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sections {
    pub(crate) services: Section,
    pub(crate) profiles: Section,
    pub(crate) compute: Section,
    pub(crate) placement: Section,
    pub(crate) deployment: Section,
}

/// Whether names that are missed may be looked for in a section.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Section {
    #[default]
    Missing,
    /// It is missing or wrong, which was reported.
    Told,
    Given,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Service<'n> {
    /// The mapping itself.
    pub(crate) body: Span,
    /// About what the service comes to in the manifest, in bytes.
    pub(crate) bytes: usize,
    pub(crate) image: Field<&'n str>,
    pub(crate) command: Option<Vec<Text<'n>>>,
    pub(crate) args: Option<Vec<Text<'n>>>,
    pub(crate) env: Option<Vec<Text<'n>>>,
    pub(crate) expose: Vec<Expose<'n>>,
    pub(crate) params: Option<Params<'n>>,
    pub(crate) credentials: Option<Credentials<'n>>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Params<'n> {
    /// The mapping itself.
    pub(crate) body: Span,
    /// Mounts by volume.
    pub(crate) storage: Names<'n, Mount<'n>>,
    /// What `permissions.read` lists; the outer `None` when there are no permissions.
    pub(crate) permissions: Option<Vec<Text<'n>>>,
    pub(crate) tee: Option<Text<'n>>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Mount<'n> {
    /// The mapping itself.
    pub(crate) body: Span,
    pub(crate) path: Field<&'n str>,
    pub(crate) read_only: Option<Located<bool>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Credentials<'n> {
    pub(crate) span: Span,
    /// The mapping itself.
    pub(crate) body: Span,
    pub(crate) host: Field<&'n str>,
    pub(crate) email: Field<&'n str>,
    pub(crate) username: Field<&'n str>,
    pub(crate) password: Field<&'n str>,
}

#[derive(Clone, Debug)]
pub(crate) struct Expose<'n> {
    pub(crate) span: Span,
    pub(crate) port: Field<u32>,
    pub(crate) external: Option<Located<u32>>,
    pub(crate) protocol: Option<Text<'n>>,
    pub(crate) to: Vec<To<'n>>,
    pub(crate) accept: Option<Vec<Text<'n>>>,
    pub(crate) http: Http<'n>,
}

#[derive(Clone, Debug)]
pub(crate) struct To<'n> {
    pub(crate) span: Span,
    pub(crate) service: Option<Text<'n>>,
    pub(crate) global: bool,
    pub(crate) ip: Option<Text<'n>>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Http<'n> {
    pub(crate) max_body_size: Option<Located<u32>>,
    pub(crate) proxy_buffer_size: Option<Located<u32>>,
    pub(crate) read_timeout: Option<Located<u32>>,
    pub(crate) send_timeout: Option<Located<u32>>,
    pub(crate) next_tries: Option<Located<u32>>,
    pub(crate) next_timeout: Option<Located<u32>>,
    pub(crate) next_cases: Option<Vec<Text<'n>>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Profile<'n> {
    /// The mapping itself.
    pub(crate) body: Span,
    /// About what the profile comes to in the manifest, in bytes.
    pub(crate) bytes: usize,
    pub(crate) resources: Field<ProfileResources<'n>>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct ProfileResources<'n> {
    /// The mapping itself.
    pub(crate) body: Span,
    pub(crate) cpu_milli: Field<u64>,
    pub(crate) arch: Option<Text<'n>>,
    pub(crate) memory_bytes: Field<u64>,
    /// In the order of the text; `None` when the list itself was wrong.
    pub(crate) volumes: Option<Vec<VolumeRequest<'n>>>,
    pub(crate) gpus: Field<u64>,
    /// In the order of the text.
    pub(crate) gpu_keys: Vec<GpuKey<'n>>,
}

/// A GPU that will do.
#[derive(Clone, Debug)]
pub(crate) struct GpuKey<'n> {
    /// The key of the group's attribute.
    pub(crate) value: String,
    pub(crate) span: Span,
    /// The model alone, when the text names one.
    pub(crate) model: Option<Text<'n>>,
}

#[derive(Clone, Debug)]
pub(crate) struct VolumeRequest<'n> {
    /// The mapping itself.
    pub(crate) body: Span,
    pub(crate) name: Text<'n>,
    pub(crate) size_bytes: Field<u64>,
    /// Sorted by key; `None` when the document gives none.
    pub(crate) attributes: Option<StorageAttributes<'n>>,
}

#[derive(Clone, Debug)]
pub(crate) struct StorageAttributes<'n> {
    pub(crate) class: Option<&'n str>,
    pub(crate) persistent: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Placement<'n> {
    /// By key, then value.
    pub(crate) attributes: Option<Vec<(&'n str, Text<'n>)>>,
    pub(crate) all_of: Option<Vec<Text<'n>>>,
    pub(crate) any_of: Option<Vec<Text<'n>>>,
    pub(crate) pricing: Names<'n, Price>,
    /// The key `pricing`, if there is one.
    pub(crate) pricing_span: Option<Span>,
    /// Whether `pricing` as a whole was reported as wrong.
    pub(crate) pricing_is_bad: bool,
    /// The mapping itself.
    pub(crate) body: Span,
}

#[derive(Clone, Debug)]
pub(crate) struct Price {
    pub(crate) denom: Located<Denom>,
    pub(crate) amount: Located<Amount>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Deployed<'n> {
    /// The mapping itself.
    pub(crate) body: Span,
    pub(crate) profile: Field<&'n str>,
    pub(crate) count: Field<u32>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct IpEndpoint<'n> {
    /// The mapping itself.
    pub(crate) body: Span,
    pub(crate) kind: Field<&'n str>,
}
