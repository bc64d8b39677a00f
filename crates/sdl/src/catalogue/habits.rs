//! Codes 090 to 098: texts that are taken and probably do not say what was meant, and layout.

use super::{Example, Lesson, Level, lines};

pub(crate) const IGNORED_KEY: Lesson = Lesson {
    level: Level::Warning,
    explanation: "The key is not known here, so what stands under it has no effect. It is \
        misspelt, stands in the wrong place, or belongs to another format, such as `depends_on` \
        and `volumes` of Docker Compose. The chain's tools ignore it, which is why it is a \
        warning; the web console refuses it. Correct the key, or remove it.",
    example: Example::Lines {
        instead_of: lines!["    image: nginx:1.27", "    env:"],
        wrong: lines!["    image: nginx:1.27", "    restart: always", "    env:"],
        right: lines!["    image: nginx:1.27", "    env:"],
    },
};

pub(crate) const OCTAL: Lesson = Lesson {
    level: Level::Warning,
    explanation: "A number without quotes that starts with a zero is read as octal here and by \
        the chain's tools: `010` is 8. The web console reads 10, so the two make different \
        manifests of one text. Write the number that is meant without a leading zero.",
    example: Example::Lines {
        instead_of: lines!["  web:", "    us:", "      profile: small", "      count: 2"],
        wrong: lines!["  web:", "    us:", "      profile: small", "      count: 010"],
        right: lines!["  web:", "    us:", "      profile: small", "      count: 10"],
    },
};

pub(crate) const UNUSED_SERVICE: Lesson = Lesson {
    level: Level::Warning,
    explanation: "The service stands under `services` and is not placed under `deployment`, so \
        neither order nor manifest has it and it does not run. Little of it is checked. The \
        chain's tools leave it out without a word; the web console refuses the text. Place it, \
        or remove it.",
    example: Example::Lines {
        instead_of: lines!["services:", "  web:"],
        wrong: lines!["services:", "  old-web:", "    image: nginx:1.25", "  web:"],
        right: lines!["services:", "  web:"],
    },
};

pub(crate) const SAME_SIZE: Lesson = Lesson {
    level: Level::Warning,
    explanation: "The manifest has the volumes of a profile sorted by size; then those without \
        attributes, those that are not persistent, and persistent ones by name. Two that are \
        equal in all of this come in the order of the text reversed with the chain's tools and \
        as it stands with the web console, so manifest and version hash differ between them. \
        Give the two different sizes. With the smaller volume written first, both agree.",
    example: Example::Lines {
        instead_of: lines!["          - name: default", "            size: 100Gi"],
        wrong: lines![
            "          - name: cache",
            "            size: 100Gi",
            "          - name: default",
            "            size: 100Gi",
        ],
        right: lines![
            "          - name: cache",
            "            size: 50Gi",
            "          - name: default",
            "            size: 100Gi",
        ],
    },
};

pub(crate) const UNUSUAL_VERSION: Lesson = Lesson {
    level: Level::Warning,
    explanation: "There are two sets of rules, 2.0 and 2.1. Other texts select one of them by \
        their number: `2`, `v2.0` and `2.0.0` mean 2.0, and whatever is above 2.1, `3.0` \
        included, means 2.1. So a later version does not bring what its name promises. The web \
        console takes nothing but `\"2.0\"` and `\"2.1\"`: write one of these.",
    example: Example::Lines {
        instead_of: "version: \"2.0\"",
        wrong: "version: \"2.2\"",
        right: "version: \"2.1\"",
    },
};

pub(crate) const UNUSED_PROFILE: Lesson = Lesson {
    level: Level::Warning,
    explanation: "The profile stands under `profiles.compute` and no deployment uses it, so \
        nothing of it is ordered. Perhaps a service is deployed with another profile than was \
        meant, and gets its resources. Only half of it is checked: what cannot be read is told, \
        what is beyond the limits is not. Name it as `profile`, or remove it with its prices.",
    example: Example::Lines {
        instead_of: lines!["profiles:", "  compute:", "    small:"],
        wrong: lines![
            "profiles:",
            "  compute:",
            "    large:",
            "      resources:",
            "        cpu: { units: 4 }",
            "        memory: { size: 8Gi }",
            "        storage: { size: 10Gi }",
            "    small:",
        ],
        right: lines!["profiles:", "  compute:", "    small:"],
    },
};

pub(crate) const LAYOUT: Lesson = Lesson {
    level: Level::Error,
    explanation: "`format` changes blanks, indentation and line ends and nothing else. It reads \
        its result again: when that would not say the same, lack a comment, or have more than 1 \
        MiB, it is refused and the text stays as it is. The manifest is valid all the same and can \
        be deployed. Leave the layout, or write what stands in brackets over several lines as \
        plain keys and items, and try again.",
    example: Example::Words {
        wrong: "a text just below 1 MiB that is indented by one blank for each level",
        right: "the same text as it is, or a shorter one",
    },
};
