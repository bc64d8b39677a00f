//! Codes 030 to 035: what a deployment refers to.

use super::{Example, Lesson, Level, lines};

pub(crate) const UNKNOWN_SERVICE: Lesson = Lesson {
    level: Level::Error,
    explanation: "Each name under `deployment` is that of a service under `services`; case \
        matters. A name that leads nowhere has no image and no ports, so there is nothing to \
        run. Most often a service was renamed or removed in one place only. Correct the name, or \
        remove what was left behind.",
    example: Example::Lines {
        instead_of: lines!["deployment:", "  dns:"],
        wrong: lines!["deployment:", "  cache:", "    us: { profile: small, count: 1 }", "  dns:"],
        right: lines!["deployment:", "  dns:"],
    },
};

pub(crate) const UNKNOWN_PROFILE: Lesson = Lesson {
    level: Level::Error,
    explanation: "`profile` of a deployment names one of `profiles.compute`, where CPU, memory, \
        storage and GPUs of one replica stand; case matters. Without it nobody knows what to put \
        to auction. A deployment that names no profile is refused as well. Correct the name, or \
        add the profile.",
    example: Example::Lines {
        instead_of: lines!["  dns:", "    europe:", "      profile: small", "      count: 1"],
        wrong: lines!["  dns:", "    europe:", "      profile: smal", "      count: 1"],
        right: lines!["  dns:", "    europe:", "      profile: small", "      count: 1"],
    },
};

pub(crate) const UNKNOWN_PLACEMENT: Lesson = Lesson {
    level: Level::Error,
    explanation: "Below a service, `deployment` names one of `profiles.placement`; case matters. \
        A placement says what the provider must be and how much may be paid, and its services \
        form one group, which is auctioned as one. Correct the name, or add the placement with \
        its `pricing`.",
    example: Example::Lines {
        instead_of: lines!["  web:", "    us:", "      profile: small", "      count: 2"],
        wrong: lines!["  web:", "    usa:", "      profile: small", "      count: 2"],
        right: lines!["  web:", "    us:", "      profile: small", "      count: 2"],
    },
};

pub(crate) const NO_PRICE: Lesson = Lesson {
    level: Level::Error,
    explanation: "Each placement needs under `pricing` a price for every compute profile that is \
        used in it: the most that one replica may cost per block. Without it the order would \
        have no ceiling and could not be posted. Prices are listed by profile, not by service.",
    example: Example::Lines {
        instead_of: lines!["        database:", "          denom: uact", "          amount: 5000"],
        wrong: lines!["        db:", "          denom: uact", "          amount: 5000"],
        right: lines!["        database:", "          denom: uact", "          amount: 5000"],
    },
};

pub(crate) const NOTHING_DEPLOYED: Lesson = Lesson {
    level: Level::Error,
    explanation: "At least one service must be placed: `deployment` names a service, below it a \
        placement, and below that `profile` and `count`. Without one there is no group, so no \
        order. A service with `{}` or nothing below it does not count as placed.",
    example: Example::Lines {
        instead_of: lines![
            "deployment:",
            "  log:",
            "    anywhere: { profile: tiny, count: 1 }",
            "  llm:",
            "    anywhere: { profile: gpu, count: 1 }",
        ],
        wrong: "deployment: {}",
        right: lines![
            "deployment:",
            "  log:",
            "    anywhere: { profile: tiny, count: 1 }",
            "  llm:",
            "    anywhere: { profile: gpu, count: 1 }",
        ],
    },
};

pub(crate) const COUNT: Lesson = Lesson {
    level: Level::Either,
    explanation: "`count` is the number of replicas; a missing one is 0. When nothing in a \
        placement runs even once, its group asks for no CPU and no memory, which is an error. \
        Beside services that do run it is a warning: the chain's tools take it, but the service \
        never runs. The web console refuses a count of 0. Write `count: 1`, or remove the \
        service.",
    example: Example::Lines {
        instead_of: lines!["  dns:", "    europe:", "      profile: small", "      count: 1"],
        wrong: lines!["  dns:", "    europe:", "      profile: small", "      count: 0"],
        right: lines!["  dns:", "    europe:", "      profile: small", "      count: 1"],
    },
};
