//! [`Node`]: one machine of a provider, and how users write it down.
//!
//! | part | meaning | left out |
//! | --- | --- | --- |
//! | `16 cpu` | CPUs, in steps of a thousandth | 16 per GPU; without a GPU an error |
//! | `64Gi` or `64Gi memory` | memory | 128Gi per GPU; without a GPU an error |
//! | `512Gi disk` | ephemeral disk | 1Ti |
//! | `8x nvidia/h100/80Gi/sxm` | GPUs: vendor, model, memory and interface if known | none |
//! | `class beta2` | offers volumes of this class, from the cluster's pool | none |
//!
//! Parts stand in any order, separated by commas. Sizes take `Ki Mi Gi Ti` or `M G T`.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use undercut_primitives::{Code, ParseError};

use crate::text;

/// The largest node: 1,000,000 CPUs, 256 TiB of memory, 2 PiB of disk, 256 GPUs.
pub mod limits {
    /// Thousandths of a CPU.
    pub const CPU_MILLI_MAX: u64 = 1_000_000_000;
    /// Bytes of memory.
    pub const MEMORY_BYTES_MAX: u64 = 1 << 48;
    /// Bytes of ephemeral disk.
    pub const EPHEMERAL_BYTES_MAX: u64 = 1 << 51;
    /// GPUs.
    pub const GPUS_MAX: usize = 256;
    /// Storage classes.
    pub const CLASSES_MAX: usize = 16;
    /// Bytes of a name: of a node, class, vendor or model.
    pub const NAME_BYTES_MAX: usize = 63;
}

const CPU_MILLI_PER_GPU: u64 = 16_000;
const MEMORY_BYTES_PER_GPU: u64 = 128 << 30;
const EPHEMERAL_BYTES: u64 = 1 << 40;

/// How a GPU is attached. Every `sxm2` to `sxm5` is [`Interface::Sxm`], as in the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Interface {
    /// A card in a slot.
    Pcie,
    /// A module on the board.
    Sxm,
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pcie => "pcie",
            Self::Sxm => "sxm",
        })
    }
}

/// One GPU. Sorted by vendor, model, memory, interface: the order in which they are given away.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Gpu {
    /// E.g. `nvidia`.
    pub vendor: String,
    /// E.g. `h100`.
    pub model: String,
    /// Its memory in GiB. Unknown: it serves no order that asks for an amount.
    pub memory_gib: Option<u32>,
    /// Its interface. Unknown: it serves no order that asks for one.
    pub interface: Option<Interface>,
}

impl Gpu {
    /// Every key under which an order may ask for this GPU, the shortest first: the model, then
    /// with memory, with interface, with both. Source: `chain.md` 3.4.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        let model = format!("vendor/{}/model/{}", self.vendor, self.model);
        let mut keys = vec![model.clone()];
        if let Some(gib) = self.memory_gib {
            keys.push(format!("{model}/ram/{gib}Gi"));
        }
        if let Some(interface) = self.interface {
            keys.push(format!("{model}/interface/{interface}"));
            if let Some(gib) = self.memory_gib {
                keys.push(format!("{model}/ram/{gib}Gi/interface/{interface}"));
            }
        }
        keys
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/').peekable();
        let mut name = || parts.next().filter(|name| is_name(name)).map(str::to_ascii_lowercase);
        let (vendor, model) = (name()?, name()?);
        let memory = parts.next_if(|part| part.ends_with("Gi"));
        let memory_gib = match memory.and_then(|part| part.strip_suffix("Gi")) {
            Some(gib) => Some(whole(gib)?),
            None => None,
        };
        let interface = match parts.next() {
            Some("pcie") => Some(Interface::Pcie),
            Some(sxm) if sxm.starts_with("sxm") => Some(Interface::Sxm),
            Some(_) => return None,
            None => None,
        };
        parts.next().is_none().then_some(Self { vendor, model, memory_gib, interface })
    }
}

impl FromStr for Gpu {
    type Err = ParseError;

    /// `nvidia/h100`, then optionally `/80Gi`, then optionally `/pcie` or `/sxm` with or without
    /// its version. Capitals of vendor and model become small letters, as orders write them.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text).ok_or_else(|| ParseError::new(text, "a GPU such as nvidia/h100/80Gi/sxm"))
    }
}

impl fmt::Display for Gpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.vendor, self.model)?;
        if let Some(gib) = self.memory_gib {
            write!(f, "/{gib}Gi")?;
        }
        self.interface.map_or(Ok(()), |interface| write!(f, "/{interface}"))
    }
}

/// What a machine can give to replicas. Nothing of it is set aside for the system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Its name; nodes are filled in the order of their names.
    pub name: String,
    /// Thousandths of a CPU.
    pub cpu_milli: u64,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// Bytes of disk for volumes that end with their replica.
    pub ephemeral_bytes: u64,
    /// Its GPUs.
    pub gpus: Vec<Gpu>,
    /// Classes of persistent volumes that its replicas can mount.
    pub storage_classes: BTreeSet<String>,
}

impl Node {
    /// Reads a node as users write it; see the module's table.
    ///
    /// ```
    /// use undercut_provider::Node;
    ///
    /// let node = Node::parse("node-a", "8x nvidia/h100/80Gi/sxm, 2Ti, 4Ti disk").unwrap();
    /// assert_eq!((node.cpu_milli, node.gpus.len()), (128_000, 8));
    /// ```
    ///
    /// # Errors
    ///
    /// The first [`NodeRejection`] in the order of the parts, then those about the whole.
    pub fn parse(name: impl Into<String>, text: &str) -> Result<Self, NodeRejection> {
        let mut parts = Parts::default();
        for part in text.split(',') {
            parts.read(part.trim())?;
        }
        let node = parts.into_node(name.into())?;
        node.check()?;
        Ok(node)
    }

    /// Checks names and the [`limits`].
    ///
    /// # Errors
    ///
    /// [`NodeRejection::Name`] or [`NodeRejection::TooLarge`].
    pub fn check(&self) -> Result<(), NodeRejection> {
        let of_gpus = self.gpus.iter().flat_map(|gpu| [&gpu.vendor, &gpu.model]);
        let mut names = std::iter::once(&self.name).chain(&self.storage_classes).chain(of_gpus);
        if let Some(name) = names.find(|name| !is_name(name)) {
            return Err(NodeRejection::Name { name: excerpt(name) });
        }
        let rows = [
            ("milli-CPU", self.cpu_milli, limits::CPU_MILLI_MAX),
            ("bytes of memory", self.memory_bytes, limits::MEMORY_BYTES_MAX),
            ("bytes of disk", self.ephemeral_bytes, limits::EPHEMERAL_BYTES_MAX),
            ("GPUs", count(self.gpus.len()), count(limits::GPUS_MAX)),
            ("storage classes", count(self.storage_classes.len()), count(limits::CLASSES_MAX)),
        ];
        match rows.into_iter().find(|(_, found, limit)| found > limit) {
            Some((what, found, limit)) => Err(NodeRejection::TooLarge { what, found, limit }),
            None => Ok(()),
        }
    }
}

/// A length as a quantity. No list is longer than 2^64.
pub(crate) fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// A whole number without a sign.
fn whole<N: FromStr>(text: &str) -> Option<N> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    if is_plain { text.parse().ok() } else { None }
}

/// Letters, digits, `.`, `_` and `-`: what an attribute key can hold between two slashes.
fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=limits::NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(fits)
}

fn excerpt(text: &str) -> String {
    text.chars().take(80).collect()
}

#[derive(Default)]
struct Parts {
    cpu_milli: Option<u64>,
    memory_bytes: Option<u64>,
    ephemeral_bytes: Option<u64>,
    gpus: Vec<Gpu>,
    storage_classes: BTreeSet<String>,
}

impl Parts {
    fn read(&mut self, part: &str) -> Result<(), NodeRejection> {
        let unreadable = || NodeRejection::Part { part: excerpt(part) };
        let words: Vec<&str> = part.split_whitespace().collect();
        match *words.as_slice() {
            [number, "cpu"] => {
                let milli = text::parse_cpus(number).ok_or_else(unreadable)?;
                once(&mut self.cpu_milli, "cpu", milli)
            }
            [size, "disk"] => {
                let bytes = text::parse_bytes(size).ok_or_else(unreadable)?;
                once(&mut self.ephemeral_bytes, "disk", bytes)
            }
            ["class", name] => {
                self.storage_classes.insert(name.to_owned());
                Ok(())
            }
            [gpu] if gpu.contains('/') => self.read_gpus(1, gpu).ok_or_else(unreadable),
            [times, gpu] if gpu.contains('/') => {
                let number = times.strip_suffix('x').and_then(whole);
                let read = number.and_then(|number| self.read_gpus(number, gpu));
                read.ok_or_else(unreadable)
            }
            [size] | [size, "memory"] => {
                let bytes = text::parse_bytes(size).ok_or_else(unreadable)?;
                once(&mut self.memory_bytes, "memory", bytes)
            }
            _ => Err(unreadable()),
        }
    }

    fn read_gpus(&mut self, number: u16, text: &str) -> Option<()> {
        let gpu = Gpu::parse(text)?;
        // At most 65,535 per part: `Node::check` counts them before anybody keeps them.
        self.gpus.extend(std::iter::repeat_n(gpu, usize::from(number)));
        (self.gpus.len() <= usize::from(u16::MAX)).then_some(())
    }

    fn into_node(self, name: String) -> Result<Node, NodeRejection> {
        let gpus = count(self.gpus.len());
        let per_gpu = |each: u64| (gpus > 0).then_some(each.saturating_mul(gpus));
        let missing = |part| NodeRejection::Missing { part };
        let cpu_milli = self.cpu_milli.or(per_gpu(CPU_MILLI_PER_GPU)).ok_or(missing("16 cpu"))?;
        let memory_bytes =
            self.memory_bytes.or(per_gpu(MEMORY_BYTES_PER_GPU)).ok_or(missing("64Gi"))?;
        Ok(Node {
            name,
            cpu_milli,
            memory_bytes,
            ephemeral_bytes: self.ephemeral_bytes.unwrap_or(EPHEMERAL_BYTES),
            gpus: self.gpus,
            storage_classes: self.storage_classes,
        })
    }
}

fn once(slot: &mut Option<u64>, part: &'static str, value: u64) -> Result<(), NodeRejection> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(NodeRejection::Repeated { part }),
    }
}

/// Why a node is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NodeRejection {
    /// A part of the text is nothing that a node has.
    #[error("`{part}` is no part of a node such as 16 cpu, 64Gi, 512Gi disk, 1x nvidia/rtx4090")]
    Part {
        /// The part, at most 80 characters of it.
        part: String,
    },
    /// A part that can stand once stands twice.
    #[error("{part} stands twice")]
    Repeated {
        /// Which: `cpu`, `memory` or `disk`.
        part: &'static str,
    },
    /// A node without GPUs must say its CPUs and its memory.
    #[error("the node lacks a part such as {part}")]
    Missing {
        /// An example of what is missing.
        part: &'static str,
    },
    /// A name is empty, too long, or has a character that no attribute key can hold.
    #[error("`{name}` is no name: 1 to 63 of A-Z a-z 0-9 . _ -")]
    Name {
        /// The name of a node, class, vendor or model, at most 80 characters of it.
        name: String,
    },
    /// More than a node can have.
    #[error("{found} {what} where a node has at most {limit}")]
    TooLarge {
        /// What, with its unit.
        what: &'static str,
        /// How much was given.
        found: u64,
        /// The most possible.
        limit: u64,
    },
}

impl NodeRejection {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::new(match self {
            Self::Part { .. } => "NOD001",
            Self::Repeated { .. } => "NOD002",
            Self::Missing { .. } => "NOD003",
            Self::Name { .. } => "NOD004",
            Self::TooLarge { .. } => "NOD005",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gpu(memory_gib: Option<u32>, interface: Option<Interface>) -> Gpu {
        Gpu { vendor: "nvidia".into(), model: "h100".into(), memory_gib, interface }
    }

    #[test]
    fn a_node_reads_as_users_write_it() {
        let node = Node::parse("a", "16 cpu, 64Gi, 1x nvidia/rtx4090").unwrap();
        assert_eq!((node.cpu_milli, node.memory_bytes), (16_000, 64 << 30));
        assert_eq!(node.ephemeral_bytes, 1 << 40);
        assert_eq!(node.gpus[0].to_string(), "nvidia/rtx4090");

        let node = Node::parse("b", "8x nvidia/h100/80Gi/sxm").unwrap();
        assert_eq!((node.cpu_milli, node.memory_bytes), (128_000, 1 << 40));
        assert_eq!(node.gpus, vec![gpu(Some(80), Some(Interface::Sxm)); 8]);

        let text = " 0.5 cpu ,1.5Gi memory,512Gi disk, class beta2, nvidia/h100/pcie,2x amd/mi100";
        let node = Node::parse("c", text).unwrap();
        assert_eq!((node.cpu_milli, node.memory_bytes), (500, 3 << 29));
        assert_eq!(node.ephemeral_bytes, 512 << 30);
        assert_eq!(node.gpus.len(), 3);
        assert_eq!(node.gpus[0], gpu(None, Some(Interface::Pcie)));
        assert!(node.storage_classes.contains("beta2"));
    }

    #[test]
    fn text_that_is_no_node_is_refused_with_its_part() {
        let rows = [
            ("", "NOD001"),
            ("16 cpu, 64Gi,", "NOD001"),
            ("x cpu, 64Gi", "NOD001"),
            ("16 cpus, 64Gi", "NOD001"),
            ("16 cpu, 64", "NOD001"),
            ("16 cpu, 64Gi, -1x nvidia/h100", "NOD001"),
            ("16 cpu, 64Gi, +1x nvidia/h100", "NOD001"),
            ("16 cpu, 64Gi, 1x nvidia/h100/+80Gi", "NOD001"),
            ("16 cpu, 64Gi, 70000x nvidia/h100", "NOD001"),
            ("16 cpu, 64Gi, nvidia/h100/80Gi/nvlink", "NOD001"),
            ("16 cpu, 64Gi, nvidia/h100/80Gi/sxm/x", "NOD001"),
            ("16 cpu, 64Gi, nvidia/h 100", "NOD001"),
            ("16 cpu, 64Gi, nvidia//80Gi", "NOD001"),
            ("16 cpu, 64Gi, 8 cpu", "NOD002"),
            ("64Gi", "NOD003"),
            ("16 cpu", "NOD003"),
            ("16 cpu, 64Gi, class a/b", "NOD004"),
            ("16 cpu, 257Ti", "NOD005"),
            ("16 cpu, 64Gi, 257x nvidia/h100", "NOD005"),
        ];
        for (text, expected) in rows {
            let rejection = Node::parse("a", text).unwrap_err();
            assert_eq!(rejection.code().as_str(), expected, "{text}: {rejection}");
        }
        assert_eq!(Node::parse("", "16 cpu, 64Gi").unwrap_err().code().as_str(), "NOD004");
    }

    #[test]
    fn text_and_gpu_are_inverses() {
        let (memory, interface) = ([None, Some(80)], [None, Some(Interface::Sxm)]);
        for gpu in memory.into_iter().flat_map(|m| interface.map(|i| gpu(m, i))) {
            assert_eq!(gpu.to_string().parse(), Ok(gpu));
        }
        assert_eq!("NVIDIA/H100/sxm5".parse(), Ok(gpu(None, Some(Interface::Sxm))));
    }

    #[test]
    fn a_gpu_answers_to_every_prefix_form() {
        let model = "vendor/nvidia/model/h100";
        assert_eq!(gpu(None, None).keys(), [model]);
        let both = gpu(Some(80), Some(Interface::Sxm)).keys();
        let expected = ["", "/ram/80Gi", "/interface/sxm", "/ram/80Gi/interface/sxm"];
        assert_eq!(both, expected.map(|form| format!("{model}{form}")));
        assert_eq!(gpu(None, Some(Interface::Pcie)).keys().len(), 2);
    }
}
