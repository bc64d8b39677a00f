//! [`Manifest`]: what the winning provider is sent to run (`sdl.md` 13 and 15).

use undercut_primitives::{Digest, EndpointKind, Resources, crypto};

use crate::groups::{BuiltGroup, BuiltService, Port, endpoint_kind, outside_port, write_resources};
use crate::json::JsonWriter;
use crate::model::{self, Field, Located, Named, Text, Version};

/// The largest request body where none is given, in bytes.
const BODY_BYTES: u32 = 1_048_576;
/// Time-outs where none are given, in milliseconds.
const TIMEOUT_MS: u32 = 60_000;
/// Tries where none are given.
const NEXT_TRIES: u32 = 3;
/// The cases in which the next replica is asked where none are given.
const NEXT_CASES: [&str; 2] = ["error", "timeout"];

/// What the winning provider is sent to run.
///
/// Lists that the text does not give are `None`, and `null` in JSON; lists that it gives empty are
/// empty. The version hash tells the two apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// In byte order of their names.
    pub groups: Vec<ManifestGroup>,
}

/// The services of one placement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManifestGroup {
    /// The placement's name, which is the group's.
    pub name: String,
    /// In byte order of their names.
    pub services: Vec<ManifestService>,
}

/// One service in one placement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManifestService {
    /// Its name.
    pub name: String,
    /// The container image.
    pub image: String,
    /// What to run instead of the image's own entry point.
    pub command: Option<Vec<String>>,
    /// Arguments of the command.
    pub args: Option<Vec<String>>,
    /// Environment variables, `NAME=value`.
    pub env: Option<Vec<String>>,
    /// The id of the group's resource unit that the replicas are taken from, from 1.
    pub unit: u32,
    /// The unit's quantities, with the endpoints of this service alone.
    pub resources: Resources,
    /// Replicas.
    pub count: u32,
    /// By service, port, protocol, and global before not global.
    pub exposes: Vec<ManifestExpose>,
    /// Mounts, permissions and TEE; `None` when the text has no `params`.
    pub params: Option<ManifestParams>,
    /// How to log in at the image's registry.
    pub credentials: Option<ManifestCredentials>,
}

/// A port and one of those who reach it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManifestExpose {
    /// The port that the container listens on.
    pub port: u32,
    /// The port outside; 0 stands for the same one.
    pub external_port: u32,
    /// `TCP` or `UDP`.
    pub protocol: String,
    /// The service that reaches the port; empty for any.
    pub service: String,
    /// Whether the world reaches the port.
    pub global: bool,
    /// Host names under which the ingress offers the port.
    pub hosts: Option<Vec<String>>,
    /// What the ingress does with requests.
    pub http_options: HttpOptions,
    /// The name of a leased IP; empty for none.
    pub ip: String,
    /// The number of the leased IP; 0 for none.
    pub sequence: u32,
}

/// What the ingress does with requests. Defaults are filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpOptions {
    /// The largest body, in bytes.
    pub max_body_size: u32,
    /// The buffer for the head of an answer, in bytes; 0 for the provider's own choice.
    pub proxy_buffer_size: u32,
    /// How long to wait for an answer, in milliseconds.
    pub read_timeout: u32,
    /// How long to wait for a request to be taken, in milliseconds.
    pub send_timeout: u32,
    /// How many replicas to try.
    pub next_tries: u32,
    /// How long to try, in milliseconds; 0 for no limit.
    pub next_timeout: u32,
    /// When to ask the next replica.
    pub next_cases: Vec<String>,
}

/// Parameters of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManifestParams {
    /// In byte order of the volumes' names; `null` in JSON when empty.
    pub mounts: Vec<ManifestMount>,
    /// What the service may read about itself; `None` when the text has no `permissions`.
    pub read: Option<Vec<String>>,
    /// The kind of trusted execution, `cpu` or `cpu-gpu`.
    pub tee: Option<String>,
}

/// Where a volume is mounted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManifestMount {
    /// The volume.
    pub name: String,
    /// An absolute path in the container.
    pub path: String,
    /// Whether the service may not write.
    pub read_only: bool,
}

/// How to log in at a registry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManifestCredentials {
    /// The registry's host.
    pub host: String,
    /// Empty in 2.0, which does not pass it on.
    pub email: String,
    /// The user.
    pub username: String,
    /// The password or token, in clear.
    pub password: String,
}

impl Manifest {
    /// The canonical JSON: the text that is hashed and sent.
    #[must_use]
    pub fn to_canonical_json(&self) -> String {
        /// About what a service comes to without its texts.
        const SERVICE_BYTES: usize = 1_024;
        let services: usize = self.groups.iter().map(|group| group.services.len()).sum();
        let mut json = JsonWriter::with_capacity(services.saturating_mul(SERVICE_BYTES));
        json.list(&self.groups, |json, group| {
            json.object(|json| {
                json.key("name").text(&group.name);
                json.key("services").list(&group.services, write_service);
            });
        });
        json.finish()
    }

    /// The version of the manifest: SHA-256 of [`Self::to_canonical_json`].
    #[must_use]
    pub fn hash(&self) -> Digest {
        crypto::sha256(self.to_canonical_json().as_bytes())
    }
}

impl ManifestExpose {
    /// The port outside: [`Self::external_port`], or [`Self::port`] where that is 0.
    #[must_use]
    pub const fn outside_port(&self) -> u32 {
        outside_port(self.port, self.external_port)
    }

    /// How the world reaches the port, apart from a leased IP; `None` when it does not.
    #[must_use]
    pub fn endpoint(&self) -> Option<EndpointKind> {
        self.global.then(|| endpoint_kind(&self.protocol, self.outside_port()))
    }

    /// The endpoints that the port takes up: none when it is not global, two on a leased IP.
    pub(crate) fn endpoints(&self) -> [Option<EndpointKind>; 2] {
        let leased = self.global && !self.ip.is_empty();
        [self.endpoint(), leased.then_some(EndpointKind::LeasedIp)]
    }

    /// What the exposes of a service are sorted by.
    pub(crate) fn sort_key(&self) -> (&str, u32, &str, bool) {
        (&self.service, self.port, &self.protocol, !self.global)
    }
}

fn write_service(json: &mut JsonWriter, service: &ManifestService) {
    json.object(|json| {
        json.key("args").optional_texts(service.args.as_deref());
        json.key("command").optional_texts(service.command.as_deref());
        json.key("count").number(service.count);
        json.key("credentials");
        match &service.credentials {
            Some(credentials) => write_credentials(json, credentials),
            None => json.null(),
        }
        json.key("env").optional_texts(service.env.as_deref());
        json.key("expose").list(&service.exposes, write_expose);
        json.key("image").text(&service.image);
        json.key("name").text(&service.name);
        if let Some(params) = &service.params {
            json.key("params").object(|json| write_params(json, params));
        }
        write_resources(json.key("resources"), service.unit, &service.resources);
    });
}

fn write_credentials(json: &mut JsonWriter, credentials: &ManifestCredentials) {
    json.object(|json| {
        json.key("email").text(&credentials.email);
        json.key("host").text(&credentials.host);
        json.key("password").text(&credentials.password);
        json.key("username").text(&credentials.username);
    });
}

fn write_params(json: &mut JsonWriter, params: &ManifestParams) {
    if let Some(read) = &params.read {
        json.key("permissions").object(|json| {
            if !read.is_empty() {
                json.key("read").texts(read);
            }
        });
    }
    json.key("storage");
    if params.mounts.is_empty() {
        json.null();
    } else {
        json.list(&params.mounts, |json, mount| {
            json.object(|json| {
                json.key("mount").text(&mount.path);
                json.key("name").text(&mount.name);
                json.key("readOnly").flag(mount.read_only);
            });
        });
    }
    if let Some(tee) = &params.tee {
        json.key("tee").object(|json| {
            json.key("attestation").flag(true);
            json.key("type").text(tee);
        });
    }
}

fn write_expose(json: &mut JsonWriter, expose: &ManifestExpose) {
    json.object(|json| {
        json.key("endpointSequenceNumber").number(expose.sequence);
        json.key("externalPort").number(expose.external_port);
        json.key("global").flag(expose.global);
        json.key("hosts").optional_texts(expose.hosts.as_deref());
        json.key("httpOptions").object(|json| write_http(json, &expose.http_options));
        json.key("ip").text(&expose.ip);
        json.key("port").number(expose.port);
        json.key("proto").text(&expose.protocol);
        json.key("service").text(&expose.service);
    });
}

fn write_http(json: &mut JsonWriter, http: &HttpOptions) {
    json.key("maxBodySize").number(http.max_body_size);
    json.key("nextCases").texts(&http.next_cases);
    json.key("nextTimeout").number(http.next_timeout);
    json.key("nextTries").number(http.next_tries);
    if http.proxy_buffer_size > 0 {
        json.key("proxyBufferSize").number(http.proxy_buffer_size);
    }
    json.key("readTimeout").number(http.read_timeout);
    json.key("sendTimeout").number(http.send_timeout);
}

/// The manifest of the groups.
pub(crate) fn manifest(groups: &[BuiltGroup<'_>], version: Version) -> Manifest {
    let group = |group: &BuiltGroup<'_>| ManifestGroup {
        name: group.spec.name.clone(),
        services: group.services.iter().map(|built| service(built, version)).collect(),
    };
    Manifest { groups: groups.iter().map(group).collect() }
}

fn service(built: &BuiltService<'_>, version: Version) -> ManifestService {
    let service = built.service;
    ManifestService {
        name: built.name.to_owned(),
        image: text(&service.image).to_owned(),
        command: texts(service.command.as_deref()),
        args: texts(service.args.as_deref()),
        env: texts(service.env.as_deref()),
        unit: built.unit,
        resources: built.resources.clone(),
        count: built.count,
        exposes: built.exposes.iter().map(expose).collect(),
        params: service.params.as_ref().map(params),
        credentials: service.credentials.as_ref().map(|login| credentials(login, version)),
    }
}

/// The text of a field; empty when it has none.
fn text<'n>(field: &Field<&'n str>) -> &'n str {
    field.value().copied().unwrap_or_default()
}

fn texts(texts: Option<&[Text<'_>]>) -> Option<Vec<String>> {
    texts.map(|texts| texts.iter().map(|text| text.value.to_owned()).collect())
}

/// 2.0 keeps the texts as they are and drops the email; 2.1 trims them and keeps it.
fn credentials(given: &model::Credentials, version: Version) -> ManifestCredentials {
    let text = |field: &Field<&str>| {
        let text = text(field);
        if version == Version::V2_1 { text.trim() } else { text }.to_owned()
    };
    let email = match version {
        Version::V2_0 => String::new(),
        Version::V2_1 => text(&given.email),
    };
    ManifestCredentials {
        host: text(&given.host),
        email,
        username: text(&given.username),
        password: text(&given.password),
    }
}

fn params(params: &model::Params) -> ManifestParams {
    let mount = |(name, mount): (&&str, &Named<model::Mount<'_>>)| {
        let mount = mount.value.as_ref();
        let flag = mount.and_then(|mount| mount.read_only.as_ref());
        ManifestMount {
            name: (*name).to_owned(),
            path: mount.map_or("", |mount| text(&mount.path)).to_owned(),
            read_only: flag.is_some_and(|flag| flag.value),
        }
    };
    ManifestParams {
        mounts: params.storage.iter().map(mount).collect(),
        read: texts(params.permissions.as_deref()),
        tee: params.tee.as_ref().map(|tee| tee.value.to_owned()).filter(|tee| !tee.is_empty()),
    }
}

fn expose(port: &Port<'_>) -> ManifestExpose {
    ManifestExpose {
        port: port.port,
        external_port: port.external,
        protocol: port.protocol.to_owned(),
        service: port.service.to_owned(),
        global: port.global,
        hosts: texts(port.expose.accept.as_deref()),
        http_options: http_options(&port.expose.http),
        ip: port.ip.to_owned(),
        sequence: port.sequence,
    }
}

/// An option that is absent, 0 or empty has its default.
fn http_options(http: &model::Http) -> HttpOptions {
    let number = |option: &Option<Located<u32>>, default: u32| {
        let given = option.as_ref().map(|option| option.value).filter(|value| *value != 0);
        given.unwrap_or(default)
    };
    let cases = http.next_cases.as_deref().filter(|cases| !cases.is_empty());
    HttpOptions {
        max_body_size: number(&http.max_body_size, BODY_BYTES),
        proxy_buffer_size: number(&http.proxy_buffer_size, 0),
        read_timeout: number(&http.read_timeout, TIMEOUT_MS),
        send_timeout: number(&http.send_timeout, TIMEOUT_MS),
        next_tries: number(&http.next_tries, NEXT_TRIES),
        next_timeout: number(&http.next_timeout, 0),
        next_cases: texts(cases).unwrap_or_else(|| NEXT_CASES.map(str::to_owned).to_vec()),
    }
}
