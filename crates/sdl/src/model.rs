//! What a document says, after its text was read and before its parts are compared.
//!
//! Everything keeps its place. A part that was reported as wrong is `Bad`, so that nothing else
//! is reported because of it.

use std::collections::BTreeMap;

use undercut_primitives::Denom;

use crate::diagnostic::Span;
use crate::quantity::Amount;

/// A value with its place.
#[derive(Clone, Debug)]
pub(crate) struct Located<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

pub(crate) type Text = Located<String>;

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
pub(crate) type Names<T> = BTreeMap<String, Named<T>>;

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
pub(crate) struct Document {
    pub(crate) version: Version,
    pub(crate) services: Names<Service>,
    pub(crate) compute: Names<Profile>,
    pub(crate) placements: Names<Placement>,
    pub(crate) deployment: Names<Names<Deployed>>,
    pub(crate) endpoints: Names<IpEndpoint>,
    pub(crate) reclamation_ns: Option<u64>,
    /// The key `deployment`, or the first line.
    pub(crate) deployment_span: Span,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Service {
    /// About what the service comes to in the manifest, in bytes.
    pub(crate) bytes: usize,
    pub(crate) image: Field<String>,
    pub(crate) command: Option<Vec<Text>>,
    pub(crate) args: Option<Vec<Text>>,
    pub(crate) env: Option<Vec<Text>>,
    pub(crate) expose: Vec<Expose>,
    pub(crate) params: Option<Params>,
    pub(crate) credentials: Option<Credentials>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Params {
    /// Mounts by volume.
    pub(crate) storage: Names<Mount>,
    /// What `permissions.read` lists; the outer `None` when there are no permissions.
    pub(crate) permissions: Option<Vec<Text>>,
    pub(crate) tee: Option<Text>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Mount {
    pub(crate) path: Field<String>,
    pub(crate) read_only: Option<Located<bool>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) span: Span,
    pub(crate) host: Field<String>,
    pub(crate) email: Field<String>,
    pub(crate) username: Field<String>,
    pub(crate) password: Field<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Expose {
    pub(crate) span: Span,
    pub(crate) port: Field<u32>,
    pub(crate) external: Option<Located<u32>>,
    pub(crate) protocol: Option<Text>,
    pub(crate) to: Vec<To>,
    pub(crate) accept: Option<Vec<Text>>,
    pub(crate) http: Http,
}

#[derive(Clone, Debug)]
pub(crate) struct To {
    pub(crate) span: Span,
    pub(crate) service: Option<Text>,
    pub(crate) global: bool,
    pub(crate) ip: Option<Text>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Http {
    pub(crate) max_body_size: Option<Located<u32>>,
    pub(crate) proxy_buffer_size: Option<Located<u32>>,
    pub(crate) read_timeout: Option<Located<u32>>,
    pub(crate) send_timeout: Option<Located<u32>>,
    pub(crate) next_tries: Option<Located<u32>>,
    pub(crate) next_timeout: Option<Located<u32>>,
    pub(crate) next_cases: Option<Vec<Text>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Profile {
    /// About what the profile comes to in the manifest, in bytes.
    pub(crate) bytes: usize,
    pub(crate) resources: Field<ProfileResources>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct ProfileResources {
    pub(crate) cpu_milli: Field<u64>,
    pub(crate) arch: Option<Text>,
    pub(crate) memory_bytes: Field<u64>,
    /// In the order of the text; `None` when the list itself was wrong.
    pub(crate) volumes: Option<Vec<VolumeRequest>>,
    pub(crate) gpus: Field<u64>,
    /// Keys in the order of the text.
    pub(crate) gpu_keys: Vec<Text>,
}

#[derive(Clone, Debug)]
pub(crate) struct VolumeRequest {
    pub(crate) name: Text,
    pub(crate) size_bytes: Field<u64>,
    /// Sorted by key; `None` when the document gives none.
    pub(crate) attributes: Option<StorageAttributes>,
}

#[derive(Clone, Debug)]
pub(crate) struct StorageAttributes {
    pub(crate) class: Option<String>,
    pub(crate) persistent: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Placement {
    pub(crate) attributes: Option<Vec<(String, String)>>,
    pub(crate) all_of: Option<Vec<String>>,
    pub(crate) any_of: Option<Vec<String>>,
    pub(crate) pricing: Names<Price>,
    /// The key `pricing`, if there is one.
    pub(crate) pricing_span: Option<Span>,
}

#[derive(Clone, Debug)]
pub(crate) struct Price {
    pub(crate) denom: Located<Denom>,
    pub(crate) amount: Located<Amount>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Deployed {
    pub(crate) profile: Field<String>,
    pub(crate) count: Field<u32>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct IpEndpoint {
    pub(crate) kind: Field<String>,
}
