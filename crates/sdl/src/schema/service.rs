//! Services: image, environment, ports, parameters, registry credentials.

use super::Rules;
use super::forms::{self, YES};
use super::value::{Object, Value};
use crate::check::service::{
    BODY_BYTES_MAX, BUFFER_BYTES_MAX, NEXT_CASES, NEXT_CASES_MAX, TIMEOUT_MS_MAX,
};
use crate::decode::service::{EXPOSE_KEYS, HTTP_KEYS, SERVICE_KEYS, TO_KEYS};

/// The largest port.
const PORT_MAX: u32 = 65_535;

/// The largest request body where none is given, in bytes.
const BODY_BYTES: u32 = 1_048_576;

/// Replicas that are tried where nothing is given.
const NEXT_TRIES: u32 = 3;

/// The most bytes of a host name.
const HOST_BYTES_MAX: u64 = 253;

/// The form of a host name.
const HOST: &str = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";

/// A variable's name, alone or with `=` and a value: no digit first, not `.`, not starting `..`.
const VARIABLE: &str = r"^([-_a-zA-Z]|\.[-_a-zA-Z0-9])[-._a-zA-Z0-9]*(=|$)";

pub(super) fn service(rules: Rules) -> Object {
    let description = "A service: one container image, how it is started and which ports it has.";
    forms::mapping(description, &["image"], SERVICE_KEYS, |key| {
        Some(match key {
            "image" => forms::text("The container image, with its tag or digest.")
                .with("examples", ["nginx:1.27", "ghcr.io/example/app:1.0.0"]),
            "command" => texts(
                "What to run in place of the image's entry point, one item for each word.",
                ["/bin/sh", "-c"],
            ),
            "args" => texts(
                "Arguments of the command, one item for each. An empty list clears those of the \
                 image.",
                ["--port", "8080"],
            ),
            "env" => environment(),
            "expose" => forms::list(
                "The ports that the container listens on, and who may reach them.",
                forms::defined("expose"),
            ),
            "dependencies" => forms::list("Read and ignored.", dependency()),
            "params" => params(rules),
            "credentials" => credentials(rules),
            _ => return None,
        })
    })
}

fn texts<const N: usize>(description: &str, example: [&str; N]) -> Object {
    forms::list(description, forms::scalar("One word."))
        .with("examples", vec![Value::from(example)])
}

fn environment() -> Object {
    let form = "write NAME=value; a name has letters, digits, `_`, `-` and `.`";
    let item = forms::pattern("A variable: NAME=value.", VARIABLE, form);
    let description = "Environment variables, each as NAME=value. A name starts with no digit.";
    forms::list(description, item).with("examples", vec![Value::from(["LOG_LEVEL=info"])])
}

fn dependency() -> Object {
    forms::mapping("A service that this one needs.", &[], &["service"], |_| {
        Some(forms::scalar("The name of the service."))
    })
}

fn params(rules: Rules) -> Object {
    const KEYS: &[&str] = &["storage", "permissions", "tee"];
    let description = "Mounts of volumes, permissions, trusted execution.";
    forms::optional_mapping(description, KEYS, |key| {
        Some(match key {
            "storage" => mounts(rules),
            "permissions" => forms::optional_mapping(
                "What the container may ask the provider.",
                &["read"],
                |_| Some(permissions()),
            ),
            "tee" => forms::one_of(
                "Trusted execution: `cpu`, or `cpu-gpu` for a profile with GPUs. One placement \
                 holds one kind. None by default.",
                &["cpu", "cpu-gpu"],
            ),
            _ => return None,
        })
    })
}

fn permissions() -> Object {
    let item = forms::scalar("What may be read: `deployment`, `logs` or `events`.")
        .with("examples", ["deployment", "logs", "events"]);
    forms::list("What the container may read about itself.", item)
}

fn mounts(rules: Rules) -> Object {
    let description = rules.pick(
        "Where volumes of the compute profile are mounted, by the name of the volume; an unnamed \
         one is called `default`. In 2.0, a service whose profile has a persistent volume must \
         mount at least one volume.",
        "Where volumes of the compute profile are mounted, by the name of the volume; an unnamed \
         one is called `default`. A service whose profile has a persistent volume must mount at \
         least one volume.",
        "Where volumes of the compute profile are mounted, by the name of the volume; an unnamed \
         one is called `default`.",
    );
    let read_only = rules.pick(
        "Whether the container may only read the volume. In 2.1 a `ram` volume cannot be so.",
        "Whether the container may only read the volume.",
        "Whether the container may only read the volume. A `ram` volume cannot be so.",
    );
    let mount = forms::mapping("A mount.", &["mount"], &["mount", "readOnly"], |key| {
        Some(match key {
            "mount" => forms::pattern(
                "The folder in the container: an absolute path, for each volume its own.",
                "^/",
                "write a path that starts with /",
            )
            .with("examples", ["/data", "/dev/shm"]),
            _ => forms::flag(read_only),
        })
    });
    forms::of_types(["object", "null"], description).with("additionalProperties", mount)
}

fn credentials(rules: Rules) -> Object {
    const KEYS: &[&str] = &["host", "email", "username", "password"];
    let description = rules.pick(
        "The account for a private registry, which the provider gets to see. In 2.1, blanks around \
         the values are removed.",
        "The account for a private registry, which the provider gets to see.",
        "The account for a private registry, which the provider gets to see. Blanks around the \
         values are removed.",
    );
    let email = rules.pick(
        "The address of the account. In 2.0 it is not sent.",
        "The address of the account. It is not sent.",
        "The address of the account.",
    );
    let required = &["host", "username", "password"];
    let mapping = forms::of_types(["object", "null"], description);
    let mapping = mapping.with("required", required.to_vec());
    forms::with_keys(mapping, KEYS, |key| {
        Some(match key {
            "host" => forms::scalar_with_content("The registry.")
                .with("examples", ["https://registry.example.com"]),
            "email" => forms::scalar(email),
            "username" => forms::scalar_with_content("The name of the account."),
            "password" => forms::scalar_with_content(
                "The password, or better a token that may do nothing but pull.",
            ),
            _ => return None,
        })
    })
}

pub(super) fn expose() -> Object {
    let description = "A port that the container listens on, and who may reach it.";
    forms::mapping(description, &["port"], EXPOSE_KEYS, |key| {
        Some(match key {
            "port" => {
                let description = "The port inside the container, 1 to 65535.";
                forms::whole(description, 1..=PORT_MAX).with("examples", [80_u64, 8080])
            }
            "as" => forms::whole(
                "The port outside, 1 to 65535; 0 and none mean the same as `port`. TCP 80 is \
                 shared HTTP, any other global port is one that the provider picks.",
                0..=PORT_MAX,
            )
            .with("default", 0_u64)
            .with("examples", [80_u64]),
            "proto" => forms::one_of(
                "The protocol, TCP by default. HTTP is TCP.",
                &["tcp", "udp", "TCP", "UDP"],
            )
            .with("default", "tcp"),
            "to" => forms::list(
                "Who may reach the port. Without an item, only services of the same placement.",
                target(),
            ),
            "accept" => forms::list(
                "Host names of a global HTTP port. Each may stand once in the whole deployment; \
                 point its DNS record at the provider.",
                host(),
            ),
            "http_options" => forms::defined("http_options"),
            _ => return None,
        })
    })
}

fn host() -> Object {
    let message = "write small letters, digits, hyphens and points; no port, path or `*`";
    forms::pattern("A host name of at most 253 bytes.", HOST, message)
        .with("maxLength", HOST_BYTES_MAX)
        .with("examples", ["www.example.com"])
}

fn target() -> Object {
    let item = forms::mapping("Who may reach the port.", &[], TO_KEYS, |key| {
        Some(match key {
            "service" => {
                let description = "A service of the same placement that may reach the port.";
                forms::any_text(description)
            }
            "global" => forms::flag("Whether the port can be reached from outside."),
            "ip" => {
                let description = "The leased IP, declared under `endpoints`, on which the port \
                    is reached. Needs `global: true` beside it.";
                forms::any_text(description)
            }
            "http_options" => forms::defined("http_options"),
            _ => return None,
        })
    });
    let some_text = Object::new().with("type", "string").with("minLength", 1);
    let has_ip = Object::new().with("properties", Object::new().with("ip", some_text));
    let words = YES.iter().map(|word| Value::from(*word));
    let yes: Vec<Value> = std::iter::once(Value::Bool(true)).chain(words).collect();
    let message = "a leased IP needs global: true beside it";
    let yes = Object::new().with("enum", yes).with("errorMessage", message);
    let is_global = Object::new().with("properties", Object::new().with("global", yes));
    let is_global = is_global.with("required", ["global"]);
    item.with("if", has_ip.with("required", ["ip"])).with("then", is_global)
}

pub(super) fn http_options() -> Object {
    let description = "Options of the HTTP proxy for a port. A 0 means the default.";
    let bytes = |what: &str, most: u32, default: &str| {
        let largest = forms::in_units(u64::from(most));
        forms::whole(&format!("{what}, in bytes: up to {most} ({largest}), {default}."), 0..=most)
    };
    let wait = |what: &str| {
        let most = TIMEOUT_MS_MAX;
        let description = format!("{what}, in milliseconds: up to {most}, which is the default.");
        forms::whole(&description, 0..=most).with("default", u64::from(most))
    };
    forms::optional_mapping(description, HTTP_KEYS, |key| {
        Some(match key {
            "max_body_size" => {
                let body = "The largest request body";
                let default = u64::from(BODY_BYTES);
                let by_default = format!("{BODY_BYTES} by default");
                bytes(body, BODY_BYTES_MAX, &by_default).with("default", default)
            }
            "proxy_buffer_size" => {
                let buffer = "The buffer for the head of a response";
                bytes(buffer, BUFFER_BYTES_MAX, "the provider's own choice by default")
            }
            "read_timeout" => wait("How long to wait for a response"),
            "send_timeout" => wait("How long to wait while sending a request"),
            "next_tries" => {
                let description = format!("How many replicas to try, {NEXT_TRIES} by default.");
                let tries = forms::whole(&description, 0..=u32::MAX);
                tries.with("default", u64::from(NEXT_TRIES))
            }
            "next_timeout" => {
                let description = "How long to go on trying, in milliseconds; no limit by default.";
                forms::whole(description, 0..=u32::MAX).with("default", 0_u64)
            }
            "next_cases" => next_cases(),
            _ => return None,
        })
    })
}

fn next_cases() -> Object {
    // A status code without quotes is a number.
    let number = |case: &str| Some(Value::Number(case.parse::<u32>().ok()?.to_string()));
    let texts = NEXT_CASES.iter().map(|case| Value::from(*case));
    let cases = texts.chain(NEXT_CASES.iter().filter_map(|case| number(case)));
    let description =
        "A failure: `error`, `timeout` or a status code; or `off`, which stands alone.";
    let item = forms::anything(description).with("enum", cases.collect::<Vec<_>>());
    let off = Object::new().with("const", "off");
    let off_alone = Object::new().with("maxItems", 1_u64);
    forms::list(
        "After which failures the next replica is tried, `error` and `timeout` by default.",
        item,
    )
    .with("maxItems", u64::try_from(NEXT_CASES_MAX).unwrap_or(u64::MAX))
    .with("if", Object::new().with("type", "array").with("contains", off))
    .with("then", off_alone)
    .with("examples", vec![Value::from(["error", "timeout", "502"]), Value::from(["off"])])
}
