//! The table of questions behind a [`Starter`](super::Starter).

/// One thing that a [`Starter`](super::Starter) can be told, to ask on a terminal or take as a
/// flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StarterField {
    /// The name, in small letters and hyphens, as [`Starter::set`](super::Starter::set) takes it.
    pub name: &'static str,
    /// The question to a person.
    pub question: &'static str,
    /// The answer that is assumed; empty for none.
    pub default: &'static str,
    /// Another answer, to show its form.
    pub example: &'static str,
    /// What an answer looks like and what follows from it: one or two sentences.
    pub help: &'static str,
    /// Whether each answer adds an item.
    pub is_repeated: bool,
    /// The field without which the question has no meaning. Telling the one sets the other too.
    pub part_of: Option<&'static str>,
}

const fn field(
    name: &'static str,
    question: &'static str,
    [default, example]: [&'static str; 2],
    help: &'static str,
) -> StarterField {
    StarterField { name, question, default, example, help, is_repeated: false, part_of: None }
}

impl StarterField {
    const fn repeated(self) -> Self {
        Self { is_repeated: true, ..self }
    }

    const fn part_of(self, owner: &'static str) -> Self {
        Self { part_of: Some(owner), ..self }
    }
}

pub(super) const FIELDS: &[StarterField] = &[
    field(
        "name",
        "What is the service called?",
        ["web", "shop"],
        "Small letters, digits and hyphens. Other services reach it under this name.",
    ),
    field(
        "image",
        "Which container image does it run?",
        ["nginx:1.27", "ghcr.io/example/shop:4.2.0"],
        "Name and tag. With a tag that never changes, every replica runs the same.",
    ),
    field(
        "port",
        "Which port does the container listen on?",
        ["80", "8080"],
        "A TCP port from 1 to 65535.",
    ),
    field(
        "outside-port",
        "Under which port is it reached from outside?",
        ["80", "5432"],
        "80 is shared HTTP; for any other, the provider picks a port, or it is on the leased IP. \
         Empty means the port of the container.",
    ),
    field(
        "host",
        "Under which host name of your own?",
        ["", "www.example.com"],
        "Small letters, digits, hyphens and points. Point its DNS record at the provider.",
    )
    .repeated(),
    field(
        "leased-ip",
        "What is its own IP address called, if it needs one?",
        ["", "public"],
        "A name of two or more small letters, digits, hyphens and underscores. Few providers lease \
         addresses.",
    ),
    field(
        "env",
        "Which environment variables does it get?",
        ["", "LOG_LEVEL=info"],
        "One at a time, as NAME=value.",
    )
    .repeated(),
    field(
        "cpu",
        "How many CPUs does one replica need?",
        ["0.5", "2"],
        "CPUs, 0.5, or thousandths of one, 500m.",
    ),
    field(
        "memory",
        "How much memory does one replica need?",
        ["512Mi", "2Gi"],
        "A number with a unit: Ki, Mi, Gi, Ti are powers of 1024, k, M, G, T of 1000.",
    ),
    field(
        "storage",
        "How much storage does one replica need?",
        ["1Gi", "20Gi"],
        "A number with a unit, image included. It is gone with the replica.",
    ),
    field(
        "volume-size",
        "How much storage must survive a restart?",
        ["", "10Gi"],
        "A number with a unit. Empty means none.",
    ),
    field(
        "volume-mount",
        "Where does the container see it?",
        ["/data", "/var/lib/mysql"],
        "A folder, with a `/` in front.",
    )
    .part_of("volume-size"),
    field("gpu", "How many GPUs does one replica need?", ["0", "1"], "Digits alone. 0 means none."),
    field(
        "gpu-model",
        "Which GPU model?",
        ["*", "h100"],
        "The model as providers name it, or * for any.",
    )
    .part_of("gpu"),
    field(
        "gpu-memory",
        "With how much memory?",
        ["", "80Gi"],
        "Whole Gi. Empty means any; it needs a model other than *.",
    )
    .part_of("gpu"),
    field("count", "How many replicas?", ["1", "3"], "Digits alone, from 1."),
    field(
        "placement",
        "What is the placement called?",
        ["anywhere", "europe"],
        "Any name. It stands for where the service may run and for its price there.",
    ),
    field(
        "amount",
        "What may one replica cost per block, at most?",
        ["100", "60.5"],
        "In micro-units, with up to 18 digits of fraction. Providers bid below it.",
    ),
    field("denom", "In which currency?", ["uact", "uakt"], "Micro-units: uact is micro-ACT."),
    field(
        "version",
        "Which version of SDL?",
        ["2.0", "2.1"],
        "In 2.1, services that share a compute profile in one placement share one resource unit.",
    ),
];
