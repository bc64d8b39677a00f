//! The manifest: what the winning provider is sent to run, in canonical JSON (`sdl.md` 15).

use crate::groups::{BuiltGroup, BuiltService, Port, resources_json};
use crate::json::Json;
use crate::model::{Credentials, Field, Http, Located, Mount, Names, Params, Text, Version};

/// The largest request body where none is given, in bytes.
const BODY_BYTES: u32 = 1_048_576;
/// Time-outs where none are given, in milliseconds.
const TIMEOUT_MS: u32 = 60_000;
/// Tries where none are given.
const NEXT_TRIES: u32 = 3;

/// The manifest of the groups.
pub(crate) fn manifest(groups: &[BuiltGroup<'_>], version: Version) -> Json {
    let group = |group: &BuiltGroup<'_>| {
        let services = group.services.iter().map(|service| service_json(service, version));
        Json::Object(vec![
            ("name", Json::text(&group.spec.name)),
            ("services", Json::List(services.collect())),
        ])
    };
    Json::List(groups.iter().map(group).collect())
}

fn service_json(built: &BuiltService<'_>, version: Version) -> Json {
    let service = built.service;
    let credentials = service.credentials.as_ref();
    let mut fields = vec![
        ("name", Json::text(built.name)),
        ("image", Json::text(service.image.value().cloned().unwrap_or_default())),
        ("command", texts(service.command.as_deref())),
        ("args", texts(service.args.as_deref())),
        ("env", texts(service.env.as_deref())),
        ("resources", resources_json(built.unit, &built.resources)),
        ("count", Json::Number(u64::from(built.count))),
        ("expose", Json::List(built.exposes.iter().map(expose_json).collect())),
        ("credentials", credentials.map_or(Json::Null, |login| credentials_json(login, version))),
    ];
    if let Some(params) = &service.params {
        fields.push(("params", params_json(params)));
    }
    Json::Object(fields)
}

fn texts(texts: Option<&[Text]>) -> Json {
    Json::texts(texts.map(|texts| texts.iter().map(|text| text.value.as_str())))
}

/// 2.0 keeps the texts as they are and drops the email; 2.1 trims them and keeps it.
fn credentials_json(credentials: &Credentials, version: Version) -> Json {
    let text = |field: &Field<String>| {
        let text = field.value().map_or("", String::as_str);
        Json::text(if version == Version::V2_1 { text.trim() } else { text })
    };
    let email = match version {
        Version::V2_0 => Json::text(""),
        Version::V2_1 => text(&credentials.email),
    };
    Json::Object(vec![
        ("host", text(&credentials.host)),
        ("email", email),
        ("username", text(&credentials.username)),
        ("password", text(&credentials.password)),
    ])
}

fn params_json(params: &Params) -> Json {
    let mut fields = vec![("storage", mounts_json(&params.storage))];
    if let Some(read) = &params.permissions {
        let read = read.as_slice();
        let list = if read.is_empty() { vec![] } else { vec![("read", texts(Some(read)))] };
        fields.push(("permissions", Json::Object(list)));
    }
    if let Some(tee) = params.tee.as_ref().filter(|tee| !tee.value.is_empty()) {
        let tee = vec![("type", Json::text(&tee.value)), ("attestation", Json::Bool(true))];
        fields.push(("tee", Json::Object(tee)));
    }
    Json::Object(fields)
}

fn mounts_json(mounts: &Names<Mount>) -> Json {
    if mounts.is_empty() {
        return Json::Null;
    }
    let mount = |(name, mount): (&String, &crate::model::Named<Mount>)| {
        let mount = mount.value.as_ref();
        let path = mount.and_then(|mount| mount.path.value()).cloned().unwrap_or_default();
        let flag = mount.and_then(|mount| mount.read_only.as_ref());
        Json::Object(vec![
            ("name", Json::text(name)),
            ("mount", Json::text(path)),
            ("readOnly", Json::Bool(flag.is_some_and(|flag| flag.value))),
        ])
    };
    Json::List(mounts.iter().map(mount).collect())
}

fn expose_json(port: &Port<'_>) -> Json {
    Json::Object(vec![
        ("port", Json::Number(u64::from(port.port))),
        ("externalPort", Json::Number(u64::from(port.external))),
        ("proto", Json::text(port.protocol)),
        ("service", Json::text(port.service)),
        ("global", Json::Bool(port.global)),
        ("hosts", texts(port.expose.accept.as_deref())),
        ("httpOptions", http_json(&port.expose.http)),
        ("ip", Json::text(port.ip)),
        ("endpointSequenceNumber", Json::Number(u64::from(port.sequence))),
    ])
}

/// An option that is absent, 0 or empty has its default.
fn http_json(http: &Http) -> Json {
    let number = |option: &Option<Located<u32>>, default: u32| {
        let given = option.as_ref().map(|option| option.value).filter(|value| *value != 0);
        Json::Number(u64::from(given.unwrap_or(default)))
    };
    let cases = http.next_cases.as_deref().filter(|cases| !cases.is_empty());
    let cases = match cases {
        Some(cases) => texts(Some(cases)),
        None => Json::List(vec![Json::text("error"), Json::text("timeout")]),
    };
    let mut fields = vec![
        ("maxBodySize", number(&http.max_body_size, BODY_BYTES)),
        ("readTimeout", number(&http.read_timeout, TIMEOUT_MS)),
        ("sendTimeout", number(&http.send_timeout, TIMEOUT_MS)),
        ("nextTries", number(&http.next_tries, NEXT_TRIES)),
        ("nextTimeout", number(&http.next_timeout, 0)),
        ("nextCases", cases),
    ];
    let buffer = number(&http.proxy_buffer_size, 0);
    if buffer != Json::Number(0) {
        fields.push(("proxyBufferSize", buffer));
    }
    Json::Object(fields)
}
