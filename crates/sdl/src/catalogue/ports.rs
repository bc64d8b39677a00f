//! Codes 050 to 059: ports, leased IPs, hosts and HTTP options.

use super::{Example, Lesson, Level, lines};

pub(crate) const PORT: Lesson = Lesson {
    level: Level::Error,
    explanation: "`port` is the port that the container listens on, from 1 to 65535, and must be \
        given. There are no ranges: each port is an item of `expose`. `as` is the port on the \
        outside; without it, or with 0, it is the same as `port`.",
    example: Example::Lines {
        instead_of: lines!["      - port: 8000", "        as: 80"],
        wrong: lines!["      - port: 80000", "        as: 80"],
        right: lines!["      - port: 8000", "        as: 80"],
    },
};

pub(crate) const PROTOCOL: Lesson = Lesson {
    level: Level::Error,
    explanation: "`proto` is `tcp` or `udp`, in small letters or capitals, and TCP when it is \
        missing. HTTP is no protocol of its own here: a TCP port that is 80 on the outside goes \
        through the HTTP ingress of the provider, every other global port through a port that \
        the provider picks. Write `tcp`, or leave it out.",
    example: Example::Lines {
        instead_of: lines!["      - port: 8000", "        as: 80"],
        wrong: lines!["      - port: 8000", "        as: 80", "        proto: http"],
        right: lines!["      - port: 8000", "        as: 80", "        proto: tcp"],
    },
};

pub(crate) const IP_COLLISION: Lesson = Lesson {
    level: Level::Either,
    explanation: "On a leased IP, a port and protocol lead to one place. The chain's tools \
        compare `as` and `proto` as they are written: two ports without `as` collide although \
        they differ, and a service with an IP that is placed twice collides with itself. The web \
        console compares the ports that come out of it; where these alone are the same, such as \
        a bare port 80 beside `as: 80`, a warning tells of it. Give each port an `as` of its own, or \
        `proto: udp` to one of two.",
    example: Example::Lines {
        instead_of: lines![
            "      - port: 53",
            "        as: 53",
            "        proto: tcp",
            "        to: [ { global: true, ip: public } ]",
        ],
        wrong: lines![
            "      - port: 5353",
            "        as: 53",
            "        proto: udp",
            "        to: [ { global: true, ip: public } ]",
        ],
        right: lines![
            "      - port: 5353",
            "        as: 5353",
            "        proto: udp",
            "        to: [ { global: true, ip: public } ]",
        ],
    },
};

pub(crate) const IP_NOT_GLOBAL: Lesson = Lesson {
    level: Level::Error,
    explanation: "A leased IP is an address on the internet, so the item of `to` that names it \
        also has `global: true`. Without it the port would be open to services of the same \
        deployment alone, and the address would lead nowhere. Both keys stand in one item, \
        behind one `-`.",
    example: Example::Lines {
        instead_of: lines!["        proto: tcp", "        to: [ { global: true, ip: public } ]"],
        wrong: lines!["        proto: tcp", "        to: [ { ip: public } ]"],
        right: lines!["        proto: tcp", "        to: [ { global: true, ip: public } ]"],
    },
};

pub(crate) const IP_UNDECLARED: Lesson = Lesson {
    level: Level::Error,
    explanation: "`ip` names one of the `endpoints` at the top level. They say how many \
        addresses the deployment leases; two services with one name share one address. A name \
        that is not among them is no address. Correct the name, or declare it with `kind: ip`.",
    example: Example::Lines {
        instead_of: lines!["        proto: tcp", "        to: [ { global: true, ip: public } ]"],
        wrong: lines!["        proto: tcp", "        to: [ { global: true, ip: pubic } ]"],
        right: lines!["        proto: tcp", "        to: [ { global: true, ip: public } ]"],
    },
};

pub(crate) const IP_UNUSED: Lesson = Lesson {
    level: Level::Error,
    explanation: "Every endpoint that is declared is used by a port of a service that is \
        deployed. One that nothing uses is left over, or was meant for a port that would now \
        have no address of its own. Remove it, or name it with `ip:` beside a `global: true`.",
    example: Example::Lines {
        instead_of: lines!["endpoints:", "  public:", "    kind: ip"],
        wrong: lines!["endpoints:", "  public:", "    kind: ip", "  spare:", "    kind: ip"],
        right: lines!["endpoints:", "  public:", "    kind: ip"],
    },
};

pub(crate) const IP_DECLARATION: Lesson = Lesson {
    level: Level::Error,
    explanation: "An endpoint has a `kind`, and `ip` is the only one there is. Its name has two \
        or more characters: small letters, digits, `-` and `_`, with a letter first. Ports are \
        no matter of `endpoints`; they stand under `expose` of a service.",
    example: Example::Lines {
        instead_of: lines!["endpoints:", "  public:", "    kind: ip"],
        wrong: lines!["endpoints:", "  public:", "    kind: ipv4"],
        right: lines!["endpoints:", "  public:", "    kind: ip"],
    },
};

pub(crate) const HOST: Lesson = Lesson {
    level: Level::Error,
    explanation: "`accept` lists the host names whose requests the ingress of the provider sends \
        to this port. A name has small letters, digits, hyphens and points, at most 253 in all; \
        scheme, port, path, capitals, `_` and `*` are no part of it. The web console does not \
        check this, but providers refuse such a manifest. Write the bare name.",
    example: Example::Lines {
        instead_of: lines!["        accept:", "          - shop.example.com"],
        wrong: lines!["        accept:", "          - https://shop.example.com/"],
        right: lines!["        accept:", "          - shop.example.com"],
    },
};

pub(crate) const HOST_TWICE: Lesson = Lesson {
    level: Level::Error,
    explanation: "A host name leads to one port, so it stands once in the whole deployment: not \
        under two ports or services, nor under a service that is placed twice. `accept` counts \
        once for each item of `to`, so two items beside it repeat every host. The web console does \
        not check this, but providers refuse such a manifest. Give the port with the hosts one \
        item, and other items a port entry of their own.",
    example: Example::Lines {
        instead_of: lines![
            "        accept:",
            "          - shop.example.com",
            "        to:",
            "          - global: true",
        ],
        wrong: lines![
            "        accept:",
            "          - shop.example.com",
            "        to:",
            "          - global: true",
            "          - service: db",
        ],
        right: lines![
            "        accept:",
            "          - shop.example.com",
            "        to:",
            "          - global: true",
            "      - port: 80",
            "        to:",
            "          - service: db",
        ],
    },
};

pub(crate) const HTTP_OPTION: Lesson = Lesson {
    level: Level::Error,
    explanation: "`max_body_size` is at most 104,857,600 bytes, `proxy_buffer_size` 1,048,576 \
        bytes, `read_timeout` and `send_timeout` 60,000 ms. `next_cases` has up to 64 of `error`, \
        `timeout`, 403, 404, 429, 500, 502, 503 and 504, or `off` alone. The options are checked \
        for every port, HTTP or not. An explicit 0 means the default here and with the chain's \
        tools; the web console keeps it. Times are in ms, so half a minute is 30000.",
    example: Example::Lines {
        instead_of: lines!["      - port: 8000", "        as: 80"],
        wrong: lines![
            "      - port: 8000",
            "        as: 80",
            "        http_options:",
            "          read_timeout: 300000",
        ],
        right: lines![
            "      - port: 8000",
            "        as: 80",
            "        http_options:",
            "          read_timeout: 60000",
        ],
    },
};
