//! [`Row`]: what one operation on one workload cost, and beside what.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::latency::Percentiles;

/// What one operation on one workload cost. Times are nanoseconds.
///
/// In JSON the keys are those of the schema `undercut.bench/1`; what was not measured is `null`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The operation: `match/book`.
    pub name: String,
    /// The workload: `k=4 open=64`. Name and workload together are unique in a report.
    pub params: String,
    /// What one operation took: the median of the rounds.
    pub ns_per_op: f64,
    /// Half of the operations took at most this.
    pub p50_ns: Option<f64>,
    /// Nine in ten took at most this.
    #[serde(default)]
    pub p90_ns: Option<f64>,
    /// 99 in a hundred took at most this.
    pub p99_ns: Option<f64>,
    /// 999 in a thousand took at most this.
    pub p999_ns: Option<f64>,
    /// The longest of all.
    #[serde(default)]
    pub max_ns: Option<f64>,
    /// Operations of one round.
    pub ops: u64,
    /// How many were offered in a second, in an open loop.
    #[serde(default)]
    pub offered_per_second: Option<f64>,
    /// How many of [`Row::ops`] were accepted.
    #[serde(default)]
    pub accepted: Option<u64>,
    /// The work that cannot be avoided.
    pub floor_ns: Option<f64>,
    /// Ours over the floor: the median of the rounds' ratios.
    pub ratio_floor: Option<f64>,
    /// The plain version.
    pub plain_ns: Option<f64>,
    /// The plain version over ours: the median of the rounds' ratios.
    pub ratio_plain: Option<f64>,
    /// The best peer with its version.
    pub peer: Option<String>,
    /// The best peer over ours: the median of the rounds' ratios.
    pub ratio_peer: Option<f64>,
    /// The least and the most of the rounds' ratios to the floor.
    #[serde(default)]
    pub floor_span: Option<[f64; 2]>,
    /// All peers, and other structures that do the same work.
    #[serde(default)]
    pub others: Vec<Other>,
    /// Further figures by name: `bytes_per_bid`.
    #[serde(default)]
    pub figures: BTreeMap<String, f64>,
    /// What a reader should know beside the figures, in sentences.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Whether the machine did something else meanwhile: less than 97 % of a core, or rounds that
    /// differ too much.
    pub noisy: bool,
}

/// Somebody else's way to do the same work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Other {
    /// Name and version.
    pub name: String,
    /// Whether it is a whole product of the same kind; else it is a structure from a library.
    pub is_peer: bool,
    /// What one operation took.
    pub ns_per_op: f64,
    /// Theirs over ours: the median of the rounds' ratios.
    pub ratio: f64,
}

impl Row {
    /// A row without times, for what is counted and not timed.
    #[must_use]
    pub fn new(name: impl Into<String>, params: impl Into<String>) -> Self {
        Self { name: name.into(), params: params.into(), ..Self::default() }
    }

    /// The row with a further figure.
    #[must_use]
    pub fn with_figure(mut self, name: &str, figure: f64) -> Self {
        self.figures.insert(name.to_owned(), figure);
        self
    }

    /// The row with a sentence that a reader should know.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// The row with the times of single operations.
    #[must_use]
    pub fn with_percentiles(mut self, of: &Percentiles) -> Self {
        (self.p50_ns, self.p90_ns) = (Some(of.p50_ns), Some(of.p90_ns));
        (self.p99_ns, self.p999_ns) = (Some(of.p99_ns), Some(of.p999_ns));
        self.max_ns = Some(of.max_ns);
        self
    }

    /// The row with how many of its operations were accepted.
    #[must_use]
    pub fn with_accepted(mut self, accepted: u64) -> Self {
        self.accepted = Some(accepted);
        self
    }
}
