//! Codes 060 to 066: limits, and GPUs.

use super::{Example, Lesson, Level, lines};

pub(crate) const UNIT_LIMIT: Lesson = Lesson {
    level: Level::Error,
    explanation: "One replica has 0.01 to 384 CPUs, 1 MiB to 2 TiB of memory and at most 24 GPUs, \
        and each of its volumes has 5 MiB to 32 TiB. What is not written counts as zero, so CPU, \
        memory and each size must be there. The chain refuses an order outside of these limits; \
        the web console does not check this. For more than one machine has, run more replicas.",
    example: Example::Lines {
        instead_of: lines!["        cpu:", "          units: 0.5"],
        wrong: lines!["        cpu:", "          units: 5m"],
        right: lines!["        cpu:", "          units: 10m"],
    },
};

pub(crate) const GROUP_LIMIT: Lesson = Lesson {
    level: Level::Error,
    explanation: "All replicas of a placement together have at most 19,200 CPUs, 100 TiB of \
        memory and 1,200 GPUs: the sum of units times `count` over its services. The chain \
        refuses an order above that, because one provider has to win all of it. Check the \
        `count`, or spread the services over several placements.",
    example: Example::Lines {
        instead_of: lines!["  web:", "    us:", "      profile: small", "      count: 2"],
        wrong: lines!["  web:", "    us:", "      profile: small", "      count: 50000"],
        right: lines!["  web:", "    us:", "      profile: small", "      count: 5"],
    },
};

pub(crate) const UNKNOWN_GPU: Lesson = Lesson {
    level: Level::Warning,
    explanation: "A GPU model is written as providers announce it: `rtx4090`, `a100`. A name \
        that no provider uses fits no GPU, so the order would stand without a bid. Only where \
        the models of a market are known can this be told; a new model may be missing there, so \
        it is a warning. Take a name of the list, or `\"*\"` for any model.",
    example: Example::Market {
        instead_of: lines![
            "                - model: a100",
            "                  ram: 80Gi",
            "                  interface: sxm",
        ],
        wrong: "                - model: \"4090\"",
        right: "                - model: rtx4090",
    },
};

pub(crate) const GPU_ATTRIBUTES: Lesson = Lesson {
    level: Level::Error,
    explanation: "`units` of `gpu` says how many GPUs a replica gets, and `attributes` which. With \
        units above 0 there are attributes, because an order has to say which GPUs will do; with 0 \
        there are none, because they would ask for nothing. For any GPU by NVIDIA write `nvidia:` \
        with nothing below it.",
    example: Example::Lines {
        instead_of: lines![
            "        gpu:",
            "          units: 1",
            "          attributes:",
            "            vendor:",
            "              nvidia:",
            "                - model: a100",
            "                  ram: 80Gi",
            "                  interface: sxm",
        ],
        wrong: lines!["        gpu:", "          units: 1"],
        right: lines![
            "        gpu:",
            "          units: 1",
            "          attributes:",
            "            vendor:",
            "              nvidia:",
        ],
    },
};

pub(crate) const GPU_VENDOR: Lesson = Lesson {
    level: Level::Either,
    explanation: "GPU attributes name a `vendor`; without one they are refused. `nvidia` is the \
        only vendor that is read. The chain's tools ignore others, so that `amd` alone asks for \
        any GPU by NVIDIA without a word; this engine does the same, with a warning. Name models \
        below `nvidia:`, or leave GPUs out.",
    example: Example::Lines {
        instead_of: lines![
            "              nvidia:",
            "                - model: a100",
            "                  ram: 80Gi",
            "                  interface: sxm",
        ],
        wrong: lines!["              amd:", "                - model: mi300x"],
        right: lines!["              nvidia:", "                - model: h100"],
    },
};

pub(crate) const GPU_MODEL: Lesson = Lesson {
    level: Level::Either,
    explanation: "A model has letters, digits and `- _ . /`, no blanks, as providers announce \
        it; with memory and interface it may come to 128 characters. `interface` is `pcie` or \
        `sxm` in small letters. The model `\"*\"` stands without `ram` and `interface`. An \
        alternative that names no model is taken with a warning, for no GPU fits it. Write the \
        model alone, and its memory as `ram`.",
    example: Example::Lines {
        instead_of: lines!["                - model: a100", "                  ram: 80Gi"],
        wrong: lines!["                - model: A100 80GB", "                  ram: 80Gi"],
        right: lines!["                - model: a100", "                  ram: 80Gi"],
    },
};

pub(crate) const GPU_TWICE: Lesson = Lesson {
    level: Level::Error,
    explanation: "The models of a vendor are alternatives: a provider with any one of them may \
        bid. A second one that is equal says nothing new, and the chain refuses equal \
        attributes. `ram` is compared in whole Gi, so `79.9Gi` and `79Gi` are equal. Remove one; \
        for two GPUs write `units: 2`.",
    example: Example::Lines {
        instead_of: lines![
            "                - model: a100",
            "                  ram: 80Gi",
            "                  interface: sxm",
        ],
        wrong: lines!["                - model: a100", "                - model: a100"],
        right: lines!["                - model: a100", "                - model: h100"],
    },
};
