//! Codes 081 and 101 to 103: what only a lease or the prices of a market show.

use super::{Example, Lesson, Level, lines};

pub(crate) const CHANGES_LEASE: Lesson = Lesson {
    level: Level::Error,
    explanation: "A lease is for what its order auctioned. Image, command, args, env and hosts \
        may change while it runs. Resources, counts, placement, price, and number and kind of \
        public endpoints may not: the chain would note the new hash, but the provider compares \
        the manifest with the auctioned groups and refuses it. Restore these lines, or close the \
        lease and post a new order.",
    example: Example::Market {
        instead_of: lines![
            "  llm:",
            "    image: ghcr.io/example/llm:1.4",
            "    command: [\"serve\", \"--port=8000\"]",
            "    params:",
            "      storage:",
            "        shm:",
            "          mount: /dev/shm",
            "    expose:",
        ],
        wrong: lines![
            "  llm:",
            "    image: ghcr.io/example/llm:1.5",
            "    params:",
            "      storage:",
            "        shm:",
            "          mount: /dev/shm",
            "    expose:",
            "      - { port: 9090, to: [ { global: true } ] }",
        ],
        right: lines![
            "  llm:",
            "    image: ghcr.io/example/llm:1.5",
            "    params:",
            "      storage:",
            "        shm:",
            "          mount: /dev/shm",
            "    expose:",
        ],
    },
};

pub(crate) const LOW_CEILING: Lesson = Lesson {
    level: Level::Warning,
    explanation: "Nobody may bid above the ceiling, the sum of `amount` times `count` over the \
        services of a placement. All known prices for these resources are higher, so nobody is \
        likely to bid and the order would stand until it is closed. Prices change and not all \
        are known, so it is a warning. Raise the amount, or ask for less.",
    example: Example::Market {
        instead_of: lines!["          denom: uact", "          amount: 20000"],
        wrong: lines!["          denom: uact", "          amount: 20"],
        right: lines!["          denom: uact", "          amount: 20000"],
    },
};

pub(crate) const ODD_SIZE: Lesson = Lesson {
    level: Level::Warning,
    explanation: "Providers that price by rates count memory and storage in MiB, 1,048,576 bytes, \
        and cannot bid a price with more than 18 digits after the point. A size that is no whole \
        number of MiB easily leads to such a price: at default rates, `0.7Gi` and `1.1Gi` get no \
        bid. `0.5Gi` is whole. Write the size in whole Mi or Gi.",
    example: Example::Market {
        instead_of: lines!["        memory:", "          size: 512Mi"],
        wrong: lines!["        memory:", "          size: 0.7Gi"],
        right: lines!["        memory:", "          size: 717Mi"],
    },
};

pub(crate) const HIGH_CEILING: Lesson = Lesson {
    level: Level::Warning,
    explanation: "The lowest bid wins, but every bid up to the ceiling is taken: where only one \
        provider bids, the ceiling is all that limits the price. Here it is far above every \
        known price for these resources. Most likely the amount has digits too many, or is meant \
        per hour or month, not per block. Lower it to what you would pay.",
    example: Example::Market {
        instead_of: lines!["          denom: uact", "          amount: 20000"],
        wrong: lines!["          denom: uact", "          amount: 9000000"],
        right: lines!["          denom: uact", "          amount: 20000"],
    },
};
