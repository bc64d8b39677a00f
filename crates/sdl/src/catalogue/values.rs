//! Codes 010 to 020: documents, keys and values of the right kind.

use super::{Example, Lesson, Level, lines};

pub(crate) const SECOND_DOCUMENT: Lesson = Lesson {
    level: Level::Error,
    explanation: "A manifest is one document. The chain's tools ignore whatever follows a second \
        `---`, garbage included, so half of a manifest could go missing without a word; the web \
        console refuses it. Remove the line, or keep the second document in a file of its own.",
    example: Example::Lines {
        instead_of: lines!["deployment:", "  dns:"],
        wrong: lines!["---", "deployment:", "  dns:"],
        right: lines!["deployment:", "  dns:"],
    },
};

pub(crate) const DUPLICATE_KEY: Lesson = Lesson {
    level: Level::Error,
    explanation: "A key stands once in its mapping. Readers of YAML disagree on what a second one \
        means: the chain's tools refuse it in most places, but at the top level they merge the \
        two, or take one of them. One text would then run differently from place to place. Keys \
        are compared by their text, so `80` and `\"80\"` are the same. Keep one of the two, or join \
        what stands under them.",
    example: Example::Lines {
        instead_of: "    image: nginx:1.27",
        wrong: lines!["    image: nginx:1.25", "    image: nginx:1.27"],
        right: "    image: nginx:1.27",
    },
};

pub(crate) const WRONG_TYPE: Lesson = Lesson {
    level: Level::Error,
    explanation: "Each value has a kind: text, number, yes or no, list, or mapping. Where text is \
        wanted any plain value will do and stays as it is written (`1.10` is not 1.1), but no \
        list or mapping. Where a list is wanted, each item stands after a `- ` of its own, or \
        all in `[ ]`. A frequent slip is `- NAME: value` in `env`, which is a mapping: write \
        `- NAME=value`.",
    example: Example::Lines {
        instead_of: lines!["    env:", "      - MODE=production"],
        wrong: lines!["    env:", "      - MODE: production"],
        right: lines!["    env:", "      - MODE=production"],
    },
};

pub(crate) const UNKNOWN_KEY: Lesson = Lesson {
    level: Level::Error,
    explanation: "Only known keys may stand at the top level, in `gpu`, in the attributes of GPU \
        and CPU, and in those of a volume. What a misspelt key there was meant to say would \
        change the order, so the chain's tools refuse it, and so does this engine. Elsewhere an \
        unknown key is ignored with a warning (SDL090); the web console refuses it everywhere. \
        The merge key `<<` is not known in these places either, except in a volume's attributes.",
    example: Example::Lines {
        instead_of: lines!["profiles:", "  compute:", "    small:"],
        wrong: lines!["volumes:", "  data: {}", "profiles:", "  compute:", "    small:"],
        right: lines!["profiles:", "  compute:", "    small:"],
    },
};

pub(crate) const SIZE: Lesson = Lesson {
    level: Level::Error,
    explanation: "A size is a number with a unit right behind it: k M G T P E count in 1000s, \
        Ki Mi Gi Ti Pi Ei in 1024s, and no unit means bytes. Case matters and there is no `B`. \
        GPU memory takes the second row alone and is cut to whole Gi. The web console reads \
        `512MB` or `512mi`, but the chain's tools refuse them: 22 of 385 public manifests failed \
        for this. Write `512Mi`.",
    example: Example::Lines {
        instead_of: lines!["        memory:", "          size: 512Mi"],
        wrong: lines!["        memory:", "          size: 512MB"],
        right: lines!["        memory:", "          size: 512Mi"],
    },
};

pub(crate) const CPU: Lesson = Lesson {
    level: Level::Error,
    explanation: "CPUs are a number, such as `0.5`, or thousandths of a CPU with a small `m`: \
        `500m` is the same. Thousandths are digits alone, so `0.5m` is refused; what a number has \
        beyond them is dropped. A capital `M` is no unit of CPUs. One replica may have from 0.01 \
        to 384 CPUs (SDL060).",
    example: Example::Lines {
        instead_of: lines!["        cpu:", "          units: 0.5"],
        wrong: lines!["        cpu:", "          units: 0.5m"],
        right: lines!["        cpu:", "          units: 500m"],
    },
};

pub(crate) const NUMBER: Lesson = Lesson {
    level: Level::Error,
    explanation: "Ports, counts and HTTP options are whole numbers from 0 to 4,294,967,295 \
        without quotes: in quotes they are text, and refused. A fraction is dropped, `0x50` is \
        hexadecimal, and a leading zero means octal (SDL091). GPU units are digits and nothing \
        else.",
    example: Example::Lines {
        instead_of: lines!["  web:", "    us:", "      profile: small", "      count: 2"],
        wrong: lines!["  web:", "    us:", "      profile: small", "      count: \"2\""],
        right: lines!["  web:", "    us:", "      profile: small", "      count: 2"],
    },
};

pub(crate) const FLAG: Lesson = Lesson {
    level: Level::Error,
    explanation: "`global` and `readOnly` are `true` or `false`, without quotes. `yes`, `no`, \
        `on`, `off`, `y` and `n` are read as well, even in quotes; `1`, `0` and `\"true\"` are \
        not. The web console knows `true` and `false` alone, so write those.",
    example: Example::Lines {
        instead_of: lines!["        as: 80", "        to:", "          - global: true"],
        wrong: lines!["        as: 80", "        to:", "          - global: \"true\""],
        right: lines!["        as: 80", "        to:", "          - global: true"],
    },
};

pub(crate) const MISSING: Lesson = Lesson {
    level: Level::Error,
    explanation: "A compute profile says under `resources` how much CPU, memory and storage one \
        replica needs. Without it there is nothing to put to auction; the chain's tools crash on \
        such a profile when a deployment uses it. Add `resources` with `cpu`, `memory` and \
        `storage`.",
    example: Example::Lines {
        instead_of: lines![
            "    small:",
            "      resources:",
            "        cpu:",
            "          units: 0.5",
            "        memory:",
            "          size: 512Mi",
            "        storage:",
            "          size: 1Gi",
        ],
        wrong: "    small: {}",
        right: lines![
            "    small:",
            "      resources:",
            "        cpu:",
            "          units: 0.5",
            "        memory:",
            "          size: 512Mi",
            "        storage:",
            "          size: 1Gi",
        ],
    },
};

pub(crate) const EMPTY: Lesson = Lesson {
    level: Level::Error,
    explanation: "The text is empty, or has nothing but comments and `---`. There is nothing to \
        check and nothing to deploy. A manifest starts with `version: \"2.0\"` and has \
        `services`, `profiles` and `deployment`.",
    example: Example::Words {
        wrong: "a file of comments alone",
        right: "a file with `version`, `services`, `profiles` and `deployment`",
    },
};

pub(crate) const MERGE: Lesson = Lesson {
    level: Level::Error,
    explanation: "The merge key `<<` takes over the pairs of other mappings; keys that stand \
        beside it win. Its value is a mapping, an alias of one (`*name`), or a list of those. A \
        name without the `*` is only a text, and an empty value merges nothing: the pairs would \
        be missing. At the top level, in `gpu` and in the attributes of GPU and CPU there is no \
        merge key (SDL013).",
    example: Example::Lines {
        instead_of: lines![
            "      - port: 80",
            "        accept:",
            "          - shop.example.com",
            "        to:",
            "          - global: true",
        ],
        wrong: lines![
            "      - &public",
            "        port: 80",
            "        to:",
            "          - global: true",
            "      - <<: public",
            "        port: 8080",
        ],
        right: lines![
            "      - &public",
            "        port: 80",
            "        to:",
            "          - global: true",
            "      - <<: *public",
            "        port: 8080",
        ],
    },
};
