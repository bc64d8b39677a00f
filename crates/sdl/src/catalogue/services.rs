//! Codes 070 to 079: services and placements.

use super::{Example, Lesson, Level, lines};

pub(crate) const SERVICE_NAME: Lesson = Lesson {
    level: Level::Error,
    explanation: "A service name has small letters, digits and hyphens, with a letter first and no \
        hyphen last. Under this name the other services reach it, so it follows the rules of a \
        host name. The web console does not check this, but providers refuse such a manifest. \
        Rename the service everywhere: under `services`, under `deployment` and in `to`.",
    example: Example::Lines {
        instead_of: lines!["  log:", "    image: fluent/fluent-bit:3.2", "deployment:", "  log:"],
        wrong: lines![
            "  Log_Shipper:",
            "    image: fluent/fluent-bit:3.2",
            "deployment:",
            "  Log_Shipper:",
        ],
        right: lines![
            "  log-shipper:",
            "    image: fluent/fluent-bit:3.2",
            "deployment:",
            "  log-shipper:",
        ],
    },
};

pub(crate) const IMAGE: Lesson = Lesson {
    level: Level::Error,
    explanation: "Every service that is deployed runs a container image, so `image` must be \
        given. Nothing is built from sources, and whether the image exists is not checked. Write \
        its name with a tag, so that all replicas run one version.",
    example: Example::Lines {
        instead_of: "    image: fluent/fluent-bit:3.2",
        wrong: "    image:",
        right: "    image: fluent/fluent-bit:3.2",
    },
};

pub(crate) const TO_SERVICE: Lesson = Lesson {
    level: Level::Warning,
    explanation: "`to.service` says which service of the deployment may reach the port. The \
        chain's tools take any text, so this is a warning; but a name that is no service opens \
        the port to nobody, and whoever needs it cannot connect. Correct the name. For access \
        from outside write `global: true` instead.",
    example: Example::Lines {
        instead_of: lines!["        to:", "          - service: web"],
        wrong: lines!["        to:", "          - service: wbe"],
        right: lines!["        to:", "          - service: web"],
    },
};

pub(crate) const NO_GLOBAL: Lesson = Lesson {
    level: Level::Error,
    explanation: "At least one port of a deployed service is open to the outside, with \
        `global: true` in an item of its `to`. The chain's tools and the providers refuse a \
        manifest without one; the web console takes it. A port without `to` is open to services \
        of the deployment alone. Even workers that nobody calls need one such port.",
    example: Example::Lines {
        instead_of: lines![
            "      - port: 8000",
            "        as: 80",
            "        to:",
            "          - global: true",
        ],
        wrong: lines!["      - port: 8000", "        as: 80"],
        right: lines![
            "      - port: 8000",
            "        as: 80",
            "        to:",
            "          - global: true",
        ],
    },
};

pub(crate) const ENVIRONMENT: Lesson = Lesson {
    level: Level::Error,
    explanation: "An item of `env` is `NAME=value`. The name, which ends at the first `=`, has \
        letters, digits, `_`, `-` and `.`; it starts with no digit and not with two points, and is \
        no single point. Containers take no other names. The web console does not check this, but \
        providers refuse such a manifest.",
    example: Example::Lines {
        instead_of: lines!["    env:", "      - MODE=production"],
        wrong: lines!["    env:", "      - 2FA=required"],
        right: lines!["    env:", "      - TWO_FACTOR=required"],
    },
};

pub(crate) const CREDENTIALS: Lesson = Lesson {
    level: Level::Error,
    explanation: "`credentials` let the provider pull a private image: `host`, `username` and \
        `password` must all be there and not blank. Without one of them the pull would fail, and \
        the lease would cost money with nothing running. `email` may be left out. The winning \
        provider sees them, so use a token that can read and nothing else. For a public image, \
        remove the key.",
    example: Example::Lines {
        instead_of: "    image: ghcr.io/example/llm:1.4",
        wrong: lines![
            "    image: ghcr.io/example/llm:1.4",
            "    credentials:",
            "      host: ghcr.io",
            "      username: example",
        ],
        right: lines![
            "    image: ghcr.io/example/llm:1.4",
            "    credentials:",
            "      host: ghcr.io",
            "      username: example",
            "      password: read-only-token",
        ],
    },
};

pub(crate) const TEE: Lesson = Lesson {
    level: Level::Error,
    explanation: "`tee` asks for a trusted execution environment: `cpu`, or `cpu-gpu` for a \
        profile that has GPUs. The placement gets it as one attribute, `tee/type`, that the \
        provider must have, so the services of one placement cannot want different ones. Give \
        them one `tee`, or placements of their own.",
    example: Example::Lines {
        instead_of: lines!["    params:", "      storage:", "        shm:"],
        wrong: lines!["    params:", "      tee: sev-snp", "      storage:", "        shm:"],
        right: lines!["    params:", "      tee: cpu-gpu", "      storage:", "        shm:"],
    },
};

pub(crate) const RECLAMATION: Lesson = Lesson {
    level: Level::Error,
    explanation: "`min_window` of `reclamation` is how long before its end a reclaimed lease \
        must be told so. It is a duration above zero of numbers with the units `h`, `m`, `s`, \
        `ms`, `us` or `ns`: `24h`, `1h30m`. There is no unit for days. The web console takes one \
        whole number with `h`, `m` or `s`, so `90m` is safer than `1h30m`.",
    example: Example::Lines {
        instead_of: "version: \"2.1\"",
        wrong: lines!["version: \"2.1\"", "reclamation:", "  min_window: 1d"],
        right: lines!["version: \"2.1\"", "reclamation:", "  min_window: 24h"],
    },
};

pub(crate) const PLACEMENT_NAME: Lesson = Lesson {
    level: Level::Error,
    explanation: "The name of a placement becomes the name of its group, by which the manifest \
        and the order are matched, so it cannot be empty. Any other text will do. Give it a name \
        that says where or on what it runs, in both places.",
    example: Example::Lines {
        instead_of: lines![
            "    europe:",
            "      pricing:",
            "        small: { denom: uact, amount: 1000 }",
            "deployment:",
            "  dns:",
            "    europe:",
        ],
        wrong: lines![
            "    \"\":",
            "      pricing:",
            "        small: { denom: uact, amount: 1000 }",
            "deployment:",
            "  dns:",
            "    \"\":",
        ],
        right: lines![
            "    europe:",
            "      pricing:",
            "        small: { denom: uact, amount: 1000 }",
            "deployment:",
            "  dns:",
            "    europe:",
        ],
    },
};

pub(crate) const MANIFEST_LENGTH: Lesson = Lesson {
    level: Level::Error,
    explanation: "The manifest has a service and its profile once for each placement, so a short \
        text can ask for a very long manifest. All together may come to 16 MiB, where each value \
        counts as 32 bytes and its text. Place fewer services, or move long `env` items and \
        commands into the image. The chain's tools have no such limit.",
    example: Example::Words {
        wrong: "a service with 40 kB of `env` in 500 placements",
        right: "the settings in the image, or in a file that the container fetches",
    },
};
