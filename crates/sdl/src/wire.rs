//! Manifests and groups from JSON: what clients send to a provider and what a chain stores.
//!
//! Read is what [`Manifest::to_canonical_json`] and [`crate::Sdl::groups_json`] write, in any order
//! of keys and with any blanks. Keys that are not known are ignored, as the reference's reader
//! does. Lists that are null or not there stay apart from empty ones where the hash tells them
//! apart. Refused is what would be written back as something else and so hash to something else
//! than with the reference: null for a list that is never null, an empty list of mounts,
//! attributes of memory, `attestation: false`. Stricter than the reference's reader: a key that
//! every client writes must be there, no known key may stand twice, and its case counts.
//!
//! The only module that names the JSON reader. What is read takes up to 20 times the bytes of the
//! text, for a text of empty attributes.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use undercut_primitives::{
    Attribute, Code, Endpoint, EndpointKind, GroupSpec, PricePerBlock, Requirements, ResourceUnit,
    Resources, SignedBy, Volume,
};

use crate::check::MANIFEST_BYTES_MAX;
use crate::crosscheck::ManifestError;
use crate::gate::{quoted, short};
use crate::manifest::{
    HttpOptions, Manifest, ManifestCredentials, ManifestExpose, ManifestGroup, ManifestMount,
    ManifestParams, ManifestService,
};
use crate::quantity;

/// The longest JSON that is read, in bytes: 16 MiB.
pub const JSON_BYTES_MAX: usize = MANIFEST_BYTES_MAX;

/// Why a text is no JSON of a manifest or of groups.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// The text is longer than [`JSON_BYTES_MAX`].
    #[error("the JSON has {bytes} bytes, the limit is {bytes_max}")]
    TooLong {
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        bytes_max: usize,
    },
    /// The text is no JSON, or JSON of something else.
    #[error("the JSON cannot be read at {line}:{column}: {reason}")]
    Unreadable {
        /// Line, from 1.
        line: usize,
        /// Column of the last byte that was read, from 1.
        column: usize,
        /// What is wrong there. At most 200 characters.
        reason: String,
    },
}

impl JsonError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::new(match self {
            Self::TooLong { .. } => "JSN001",
            Self::Unreadable { .. } => "JSN002",
        })
    }
}

impl Manifest {
    /// Reads a manifest from its JSON, canonical or not. [`Self::hash`] of what is read is the
    /// version that the reference computes for the same JSON.
    ///
    /// The manifest is not checked: see [`Self::validate`] and [`Self::check_against`].
    ///
    /// # Errors
    ///
    /// [`ManifestError::Json`] alone.
    ///
    /// ```
    /// use undercut_sdl::Manifest;
    ///
    /// assert!(Manifest::from_json("[]").unwrap().groups.is_empty());
    /// let error = Manifest::from_json("[\n{}]").unwrap_err();
    /// assert_eq!(error.to_string(), "the JSON cannot be read at 2:2: missing field `name`");
    /// assert_eq!(error.code().as_str(), "JSN002");
    /// ```
    pub fn from_json(json: &str) -> Result<Self, ManifestError> {
        let groups: Vec<Object<WireGroup>> = read(json)?;
        let group = |Object(group): Object<WireGroup>| ManifestGroup {
            name: group.name,
            services: group.services.into_iter().map(service).collect(),
        };
        Ok(Self { groups: groups.into_iter().map(group).collect() })
    }
}

/// Reads groups from their JSON, canonical or not. They are not checked.
///
/// # Errors
///
/// [`JsonError`].
///
/// ```
/// assert_eq!(undercut_sdl::groups_from_json("[]"), Ok(Vec::new()));
/// assert_eq!(undercut_sdl::groups_from_json("{}").unwrap_err().code().as_str(), "JSN002");
/// ```
pub fn groups_from_json(json: &str) -> Result<Vec<GroupSpec>, JsonError> {
    let groups: Vec<Object<WireSpec>> = read(json)?;
    let group = |Object(group): Object<WireSpec>| {
        let Object(requirements) = group.requirements;
        let Object(signed_by) = requirements.signed_by;
        GroupSpec {
            name: group.name,
            requirements: Requirements {
                attributes: attributes(requirements.attributes),
                signed_by: SignedBy {
                    all_of: signed_by.all_of.unwrap_or_default(),
                    any_of: signed_by.any_of.unwrap_or_default(),
                },
            },
            units: group.resources.into_iter().map(unit).collect(),
        }
    };
    Ok(groups.into_iter().map(group).collect())
}

fn read<'j, T: Deserialize<'j>>(json: &'j str) -> Result<T, JsonError> {
    if json.len() > JSON_BYTES_MAX {
        return Err(JsonError::TooLong { bytes: json.len(), bytes_max: JSON_BYTES_MAX });
    }
    serde_json::from_str(json).map_err(|error| {
        const REASON_CHARACTERS: usize = 200;
        let (line, column) = (error.line(), error.column());
        let sentence = error.to_string();
        let place = format!(" at line {line} column {column}");
        let reason = sentence.strip_suffix(&place).unwrap_or(&sentence);
        // A text of the input may be quoted in full.
        let visible = |c: char| if c.is_control() { '\u{fffd}' } else { c };
        let reason = reason.chars().take(REASON_CHARACTERS).map(visible).collect();
        // The reader counts the bytes that it has read: none before the first.
        JsonError::Unreadable { line, column: column.max(1), reason }
    })
}

/// A value that is written as an object. Derived readers would take a list of the fields as well.
struct Object<T>(T);

impl<'j, T: Deserialize<'j>> Deserialize<'j> for Object<T> {
    fn deserialize<D: Deserializer<'j>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);

        impl<'j, T: Deserialize<'j>> Visitor<'j> for Fields<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'j>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        deserializer.deserialize_map(Fields(PhantomData))
    }
}

#[derive(Deserialize)]
struct WireGroup {
    name: String,
    services: Vec<Object<WireService>>,
}

#[derive(Deserialize)]
struct WireService {
    name: String,
    image: String,
    command: Option<Vec<String>>,
    args: Option<Vec<String>>,
    env: Option<Vec<String>>,
    resources: Object<WireResources>,
    count: u32,
    expose: Vec<Object<WireExpose>>,
    params: Option<WireParams>,
    credentials: Option<Object<WireCredentials>>,
}

fn service(Object(service): Object<WireService>) -> ManifestService {
    let Object(wire) = service.resources;
    ManifestService {
        name: service.name,
        image: service.image,
        command: service.command,
        args: service.args,
        env: service.env,
        unit: wire.id,
        resources: resources(wire),
        count: service.count,
        exposes: service.expose.into_iter().map(expose).collect(),
        params: service.params.map(|params| params.0),
        credentials: service.credentials.map(|Object(login)| ManifestCredentials {
            host: login.host,
            email: login.email,
            username: login.username,
            password: login.password,
        }),
    }
}

#[derive(Deserialize)]
struct WireCredentials {
    host: String,
    #[serde(default)]
    email: String,
    username: String,
    password: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireExpose {
    port: u32,
    external_port: u32,
    proto: String,
    service: String,
    global: bool,
    hosts: Option<Vec<String>>,
    http_options: Object<WireHttp>,
    ip: String,
    endpoint_sequence_number: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireHttp {
    max_body_size: u32,
    #[serde(default)]
    proxy_buffer_size: u32,
    read_timeout: u32,
    send_timeout: u32,
    next_tries: u32,
    next_timeout: u32,
    next_cases: Vec<String>,
}

fn expose(Object(expose): Object<WireExpose>) -> ManifestExpose {
    let Object(http) = expose.http_options;
    ManifestExpose {
        port: expose.port,
        external_port: expose.external_port,
        protocol: expose.proto,
        service: expose.service,
        global: expose.global,
        hosts: expose.hosts,
        http_options: HttpOptions {
            max_body_size: http.max_body_size,
            proxy_buffer_size: http.proxy_buffer_size,
            read_timeout: http.read_timeout,
            send_timeout: http.send_timeout,
            next_tries: http.next_tries,
            next_timeout: http.next_timeout,
            next_cases: http.next_cases,
        },
        ip: expose.ip,
        sequence: expose.endpoint_sequence_number,
    }
}

#[derive(Deserialize)]
#[serde(try_from = "Object<WireParamFields>")]
struct WireParams(ManifestParams);

#[derive(Deserialize)]
struct WireParamFields {
    storage: Option<Vec<Object<WireMount>>>,
    permissions: Option<Object<WirePermissions>>,
    tee: Option<Object<WireTee>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireMount {
    name: String,
    mount: String,
    read_only: bool,
}

#[derive(Deserialize)]
struct WirePermissions {
    read: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct WireTee {
    r#type: String,
    attestation: bool,
}

impl TryFrom<Object<WireParamFields>> for WireParams {
    type Error = &'static str;

    fn try_from(Object(wire): Object<WireParamFields>) -> Result<Self, Self::Error> {
        if wire.storage.as_ref().is_some_and(Vec::is_empty) {
            return Err("`storage` of `params` is an empty list where null is meant");
        }
        if wire.tee.as_ref().is_some_and(|Object(tee)| !tee.attestation) {
            return Err("`tee` without attestation");
        }
        let mount = |Object(mount): Object<WireMount>| ManifestMount {
            name: mount.name,
            path: mount.mount,
            read_only: mount.read_only,
        };
        Ok(Self(ManifestParams {
            mounts: wire.storage.unwrap_or_default().into_iter().map(mount).collect(),
            read: wire.permissions.map(|Object(permissions)| permissions.read.unwrap_or_default()),
            tee: wire.tee.map(|Object(tee)| tee.r#type),
        }))
    }
}

#[derive(Deserialize)]
struct WireSpec {
    name: String,
    requirements: Object<WireRequirements>,
    resources: Vec<Object<WireUnit>>,
}

#[derive(Deserialize)]
struct WireRequirements {
    signed_by: Object<WireSignedBy>,
    attributes: Option<Vec<Object<WireAttribute>>>,
}

#[derive(Deserialize)]
struct WireSignedBy {
    all_of: Option<Vec<String>>,
    any_of: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct WireUnit {
    resource: Object<WireResources>,
    count: u32,
    price: Price,
}

fn unit(Object(unit): Object<WireUnit>) -> ResourceUnit {
    let Object(wire) = unit.resource;
    let id = wire.id;
    ResourceUnit { id, resources: resources(wire), count: unit.count, price: unit.price.0 }
}

#[derive(Deserialize)]
#[serde(try_from = "Object<WirePrice>")]
struct Price(PricePerBlock);

#[derive(Deserialize)]
struct WirePrice {
    denom: String,
    amount: String,
}

impl TryFrom<Object<WirePrice>> for Price {
    type Error = String;

    fn try_from(Object(wire): Object<WirePrice>) -> Result<Self, String> {
        let amount = wire.amount.parse();
        let amount = amount.map_err(|_| format!("{} is not a price", quoted(&wire.amount)))?;
        let denom = wire.denom.parse();
        let denom = denom.map_err(|_| format!("{} is not a denom", quoted(&wire.denom)))?;
        Ok(Self(PricePerBlock::new(denom, amount)))
    }
}

#[derive(Deserialize)]
struct WireResources {
    id: u32,
    cpu: Object<WireUnits>,
    memory: WireMemory,
    storage: Vec<Object<WireVolume>>,
    gpu: Object<WireUnits>,
    endpoints: Vec<WireEndpoint>,
}

#[derive(Deserialize)]
struct WireUnits {
    units: Quantity,
    attributes: Option<Vec<Object<WireAttribute>>>,
}

#[derive(Deserialize)]
#[serde(try_from = "Object<WireMemoryFields>")]
struct WireMemory(u64);

#[derive(Deserialize)]
struct WireMemoryFields {
    size: Quantity,
    attributes: Option<Vec<IgnoredAny>>,
}

impl TryFrom<Object<WireMemoryFields>> for WireMemory {
    type Error = &'static str;

    fn try_from(Object(wire): Object<WireMemoryFields>) -> Result<Self, Self::Error> {
        match wire.attributes.as_deref() {
            None | Some([]) => Ok(Self(wire.size.0)),
            Some(_) => Err("memory has no attributes"),
        }
    }
}

#[derive(Deserialize)]
struct WireVolume {
    name: String,
    size: Quantity,
    attributes: Option<Vec<Object<WireAttribute>>>,
}

#[derive(Deserialize)]
struct WireAttribute {
    #[serde(default)]
    key: String,
    #[serde(default)]
    value: String,
}

/// A whole number below 2^64, written as a text.
#[derive(Deserialize)]
#[serde(try_from = "Object<WireQuantity>")]
struct Quantity(u64);

#[derive(Deserialize)]
struct WireQuantity {
    val: String,
}

impl TryFrom<Object<WireQuantity>> for Quantity {
    type Error = String;

    fn try_from(Object(wire): Object<WireQuantity>) -> Result<Self, String> {
        let number = quantity::whole(&wire.val);
        number.map(Self).map_err(|_| format!("`{}` is no number below 2^64", short(&wire.val)))
    }
}

#[derive(Deserialize)]
#[serde(try_from = "Object<WireEndpointFields>")]
struct WireEndpoint(Endpoint);

#[derive(Deserialize)]
struct WireEndpointFields {
    #[serde(default)]
    kind: u32,
    sequence_number: u32,
}

impl TryFrom<Object<WireEndpointFields>> for WireEndpoint {
    type Error = String;

    fn try_from(Object(wire): Object<WireEndpointFields>) -> Result<Self, String> {
        let kind = match wire.kind {
            0 => EndpointKind::SharedHttp,
            1 => EndpointKind::RandomPort,
            2 => EndpointKind::LeasedIp,
            kind => return Err(format!("{kind} is no kind of endpoint")),
        };
        Ok(Self(Endpoint { kind, sequence: wire.sequence_number }))
    }
}

fn resources(wire: WireResources) -> Resources {
    let (Object(cpu), Object(gpu)) = (wire.cpu, wire.gpu);
    let volume = |Object(volume): Object<WireVolume>| Volume {
        name: volume.name,
        size_bytes: volume.size.0,
        attributes: attributes(volume.attributes),
    };
    Resources {
        cpu_milli: cpu.units.0,
        cpu_attributes: attributes(cpu.attributes),
        memory_bytes: wire.memory.0,
        volumes: wire.storage.into_iter().map(volume).collect(),
        gpus: gpu.units.0,
        gpu_attributes: attributes(gpu.attributes),
        endpoints: wire.endpoints.into_iter().map(|endpoint| endpoint.0).collect(),
    }
}

fn attributes(wire: Option<Vec<Object<WireAttribute>>>) -> Vec<Attribute> {
    let attribute = |Object(attribute): Object<WireAttribute>| Attribute {
        key: attribute.key,
        value: attribute.value,
    };
    wire.unwrap_or_default().into_iter().map(attribute).collect()
}
