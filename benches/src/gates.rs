//! [`TABLE`]: what the rows must reach, and whether they do.

use serde::Serialize;

use crate::machine::Machine;
use crate::report::{plain, ratio};
use crate::row::Row;
use crate::settings::is_asked;

/// What one operation must reach: all of its conditions.
#[derive(Clone, Copy, Debug)]
pub struct Gate {
    /// The operation, as in [`crate::rows::TABLE`].
    pub name: &'static str,
    /// What must hold of its rows.
    pub conditions: &'static [Condition],
}

/// One limit on one figure.
#[derive(Clone, Copy, Debug)]
pub struct Condition {
    /// What is limited, in words.
    pub says: &'static str,
    /// Only rows whose workload has this word; none means all.
    pub only: &'static str,
    /// The figure.
    pub figure: Figure,
    /// How the figures of several rows become one.
    pub over: Over,
    /// What it must reach.
    pub limit: Limit,
}

/// A figure of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Figure {
    /// Ours over the floor.
    OfFloor,
    /// The floor over ours: which part of its rate we reach.
    OfFloorRate,
    /// The plain version over ours.
    Plain,
    /// The best peer over ours.
    Peer,
    /// A figure of [`Row::figures`]; no ratio unless it says so.
    Named(&'static str),
    /// [`Row::p50_ns`].
    P50,
}

/// How the figures of several rows become one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Over {
    /// The one furthest from its goal.
    Worst,
    /// The geometric mean.
    Mean,
}

/// What a figure must reach.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// It may not be greater.
    AtMost(f64),
    /// It may not be less.
    AtLeast(f64),
}

/// What became of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verdict {
    /// It holds.
    Pass,
    /// It does not hold.
    Fail,
}

/// A condition with what was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judged {
    /// The operation.
    pub name: &'static str,
    /// What is limited.
    pub says: &'static str,
    /// What was found; `None` where no row has the figure, which fails.
    pub found: Option<f64>,
    /// What must be reached.
    pub limit: Limit,
    /// Whether the figure is a ratio.
    pub is_ratio: bool,
    /// Whether the machine did something else while a row of it was played.
    pub noisy: bool,
    /// What became of it.
    pub verdict: Verdict,
}

const fn at_most(says: &'static str, figure: Figure, limit: f64) -> Condition {
    Condition { says, only: "", figure, over: Over::Worst, limit: Limit::AtMost(limit) }
}

const fn at_least(says: &'static str, figure: Figure, limit: f64) -> Condition {
    Condition { says, only: "", figure, over: Over::Worst, limit: Limit::AtLeast(limit) }
}

impl Condition {
    const fn only(self, only: &'static str) -> Self {
        Self { only, ..self }
    }

    const fn mean(self) -> Self {
        Self { over: Over::Mean, ..self }
    }
}

/// All targets, in the order of the operations.
pub const TABLE: &[Gate] = &[
    Gate {
        name: "match/book",
        conditions: &[
            at_most("over the floor, every cell", Figure::OfFloor, 2.0),
            at_most("over the floor, mean", Figure::OfFloor, 1.6).mean(),
            at_least("fastest peer, every cell", Figure::Peer, 3.0),
            at_least("fastest peer, mean", Figure::Peer, 7.0).mean(),
        ],
    },
    Gate {
        name: "match/habitat",
        conditions: &[at_least("best peer in its own habitat", Figure::Peer, 2.0)],
    },
    Gate {
        name: "match/latency",
        conditions: &[
            at_most("p50 in ns at 2 M/s", Figure::P50, 150.0).only("offered=2M"),
            at_least("p99 of the best peer at 2 M/s", Figure::Named("p99_peer_ratio"), 2.0)
                .only("offered=2M"),
            at_most("divergences at 5 M/s", Figure::Named("diverged"), 0.0).only("offered=5M"),
        ],
    },
    Gate {
        name: "bid/logged",
        conditions: &[at_most("over the same bytes without logic", Figure::OfFloor, 1.5)],
    },
    Gate {
        name: "bid/signed",
        conditions: &[
            at_most("part of all but the signature", Figure::Named("other_share"), 0.06)
                .only("bad=0%"),
            at_least("two threads over one", Figure::Named("threads_2_ratio"), 1.8).only("bad=0%"),
            at_least("strict checks, one at a time", Figure::Plain, 3.0).only("bad=0%"),
            at_least("the same, 0.1 % wrong", Figure::Plain, 2.0).only("bad=0.1%"),
            at_least("the same, 1 % wrong", Figure::Plain, 1.2).only("bad=1%"),
            at_least("the same, 5 % wrong", Figure::Plain, 0.85).only("bad=5%"),
            at_least("the same, one provider wrong", Figure::Plain, 3.0).only("bad=one"),
        ],
    },
    Gate {
        name: "bid/bundle16",
        conditions: &[at_least("single checks over the bundle, a bid", Figure::Plain, 10.0)],
    },
    Gate {
        name: "bid/bundle64",
        conditions: &[at_least("single checks over the bundle, a bid", Figure::Plain, 25.0)],
    },
    Gate {
        name: "lease/record",
        conditions: &[
            at_most("over a bare signature, singly", Figure::OfFloor, 1.15).only("seal=single"),
            at_most("over a bare signature, by block", Figure::OfFloor, 0.08).only("seal=block"),
        ],
    },
    Gate {
        name: "settle/idle",
        conditions: &[
            at_least("eager pass over an idle block", Figure::Plain, 50.0),
            at_most("hot bytes a lease", Figure::Named("bytes_per_lease"), 64.0),
        ],
    },
    Gate { name: "settle/touch", conditions: &[at_most("over the floor", Figure::OfFloor, 1.5)] },
    Gate {
        name: "log/append",
        conditions: &[
            at_least("of the raw file's rate", Figure::OfFloorRate, 0.9),
            at_least("best store at 1 a commit", Figure::Peer, 0.8).only("batch=1"),
            at_least("best store at 16 a commit", Figure::Peer, 1.3).only("batch=16"),
            at_least("best store at 256 a commit", Figure::Peer, 1.8).only("batch=256"),
            at_least("best store at 4,096 a commit", Figure::Peer, 2.0).only("batch=4096"),
        ],
    },
    Gate {
        name: "log/verify",
        conditions: &[at_least("of the rate of SHA-256", Figure::OfFloorRate, 0.7)],
    },
    Gate {
        name: "replay/records",
        conditions: &[at_most("over one SHA-256 pass", Figure::OfFloor, 1.5)],
    },
    Gate {
        name: "replay/commands",
        conditions: &[at_most("over applying alone", Figure::OfFloor, 3.0)],
    },
    Gate {
        name: "codec/lease",
        conditions: &[at_most("encoding over a flat copy", Figure::OfFloor, 1.3).only("encode")],
    },
    Gate {
        name: "alloc/bid",
        conditions: &[
            at_most("allocations a bid", Figure::Named("allocations_per_bid"), 0.0),
            at_most("bytes an open bid", Figure::Named("bytes_per_open_bid"), 64.0),
        ],
    },
    Gate {
        name: "state/bytes",
        conditions: &[at_most("bytes a lease", Figure::Named("bytes_per_lease"), 600.0)],
    },
    Gate {
        name: "scale/orders",
        conditions: &[at_most("10^6 orders over 10^2", Figure::Named("growth_ratio"), 2.5)],
    },
    Gate {
        name: "block/full",
        conditions: &[at_most("over the sum of its parts", Figure::OfFloor, 1.5)],
    },
    Gate {
        name: "block/mixed",
        conditions: &[
            at_least("rate over 50 commands a second", Figure::Named("headroom_50_ratio"), 1.0),
            at_least("rate over 500 commands a second", Figure::Named("headroom_500_ratio"), 1.0),
        ],
    },
    Gate {
        name: "sdl/check",
        conditions: &[at_most("over the YAML event reader", Figure::OfFloor, 2.5)],
    },
];

impl Gate {
    /// Holds rows against the conditions. Rows of other operations do not count.
    #[must_use]
    pub fn judge(&self, rows: &[Row]) -> Vec<Judged> {
        let rows: Vec<&Row> = rows.iter().filter(|row| row.name == self.name).collect();
        self.conditions.iter().map(|condition| condition.judge(self.name, &rows)).collect()
    }
}

impl Condition {
    fn judge(&self, name: &'static str, rows: &[&Row]) -> Judged {
        let is_meant = |row: &&&Row| {
            self.only.is_empty() || row.params.split_whitespace().any(|word| word == self.only)
        };
        let rows: Vec<&Row> = rows.iter().filter(is_meant).copied().collect();
        // A cell without the figure is a target that was not measured, and not one that was met.
        let figures: Option<Vec<f64>> = rows.iter().map(|row| self.figure.of(row)).collect();
        let found = figures.filter(|found| !found.is_empty()).map(|found| self.over(&found));
        let verdict = match found {
            Some(found) if self.limit.holds(found) => Verdict::Pass,
            _ => Verdict::Fail,
        };
        let (is_ratio, noisy) = (self.figure.is_ratio(), rows.iter().any(|row| row.noisy));
        Judged { name, says: self.says, found, limit: self.limit, is_ratio, noisy, verdict }
    }

    fn over(&self, figures: &[f64]) -> f64 {
        match (self.over, self.limit) {
            (Over::Mean, _) => geometric_mean(figures),
            (Over::Worst, Limit::AtMost(_)) => figures.iter().copied().fold(f64::MIN, f64::max),
            (Over::Worst, Limit::AtLeast(_)) => figures.iter().copied().fold(f64::MAX, f64::min),
        }
    }
}

impl Figure {
    fn of(self, row: &Row) -> Option<f64> {
        match self {
            Self::OfFloor => row.ratio_floor,
            Self::OfFloorRate => row.ratio_floor.map(|ratio| 1.0 / ratio),
            Self::Plain => row.ratio_plain,
            Self::Peer => row.ratio_peer,
            Self::Named(name) => row.figures.get(name).copied(),
            Self::P50 => row.p50_ns,
        }
    }

    fn is_ratio(self) -> bool {
        match self {
            Self::P50 => false,
            Self::Named(name) => name.ends_with("_ratio"),
            _ => true,
        }
    }
}

impl Limit {
    /// Whether a figure keeps the limit; the limit itself does.
    #[must_use]
    pub fn holds(self, figure: f64) -> bool {
        match self {
            Self::AtMost(limit) => figure <= limit,
            Self::AtLeast(limit) => figure >= limit,
        }
    }
}

impl Judged {
    /// One line: `PASS  match/book  over the floor, every cell  1.43 (at most 2.00)`.
    #[must_use]
    pub fn to_line(&self) -> String {
        let shown = |figure: f64| if self.is_ratio { ratio(figure) } else { plain(figure) };
        let found = self.found.map_or_else(|| "not measured".to_owned(), shown);
        let limit = match self.limit {
            Limit::AtMost(limit) => format!("at most {}", shown(limit)),
            Limit::AtLeast(limit) => format!("at least {}", shown(limit)),
        };
        let verdict = match self.verdict {
            Verdict::Pass => "PASS",
            Verdict::Fail => "FAIL",
        };
        let noisy = if self.noisy { "  noisy" } else { "" };
        format!("{verdict}  {:<15}  {:<38}  {found:>12}  {limit}{noisy}\n", self.name, self.says)
    }
}

/// One line of JSON: every condition with its verdict, and what it was judged on.
#[must_use]
pub fn to_json(judged: &[Judged], machine: &Machine) -> String {
    let ok = judged.iter().all(|judged| judged.verdict != Verdict::Fail);
    let schema = "undercut.bench-gate/1";
    let object =
        serde_json::json!({"schema": schema, "ok": ok, "machine": machine, "gates": judged});
    format!("{object}\n")
}

fn geometric_mean(figures: &[f64]) -> f64 {
    let counted = figures.iter().fold(0.0, |counted, _| counted + 1.0);
    let logs: f64 = figures.iter().map(|figure| figure.ln()).sum();
    (logs / counted).exp()
}

/// The gates of that name or area; all of them without a name.
///
/// # Errors
///
/// The first name that is neither a gate nor an area of gates.
pub fn asked(names: &[String]) -> Result<Vec<Gate>, String> {
    let is_known = |asked: &String| TABLE.iter().any(|gate| is_asked(asked, gate.name));
    match names.iter().find(|asked| !is_known(asked)) {
        Some(unknown) => Err(unknown.clone()),
        None if names.is_empty() => Ok(TABLE.to_vec()),
        None => {
            let is_meant = |gate: &&Gate| names.iter().any(|asked| is_asked(asked, gate.name));
            Ok(TABLE.iter().filter(is_meant).copied().collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn cell(params: &str, ratio_floor: f64, ratio_peer: f64) -> Row {
        Row {
            ratio_floor: Some(ratio_floor),
            ratio_peer: Some(ratio_peer),
            ..Row::new("match/book", params)
        }
    }

    fn gate(name: &str) -> Gate {
        asked(&[name.to_owned()]).unwrap()[0]
    }

    fn verdicts(name: &str, rows: &[Row]) -> Vec<Verdict> {
        gate(name).judge(rows).iter().map(|judged| judged.verdict).collect()
    }

    #[test]
    fn the_worst_cell_and_the_mean_are_judged_apart() {
        use Verdict::{Fail, Pass};
        let good = [cell("a", 1.0, 4.0), cell("b", 2.0, 16.0)];
        assert_eq!(verdicts("match/book", &good), [Pass; 4]);
        let found: Vec<f64> =
            gate("match/book").judge(&good).iter().map(|judged| judged.found.unwrap()).collect();
        assert!((found[1] - 2.0_f64.sqrt()).abs() < 1e-12 && (found[3] - 8.0).abs() < 1e-12);
        assert_eq!((found[0], found[2]), (2.0, 4.0));
        let bad = [cell("a", 2.01, 2.9), cell("b", 2.0, 2.9)];
        assert_eq!(verdicts("match/book", &bad), [Fail; 4]);
    }

    #[test]
    fn what_was_not_measured_fails_and_what_was_disturbed_is_called_so() {
        use Verdict::{Fail, Pass};
        assert_eq!(verdicts("match/book", &[]), [Fail; 4]);
        let no_peers = Row { ratio_peer: None, ..cell("a", 1.0, 1.0) };
        assert_eq!(
            verdicts("match/book", &[cell("b", 1.0, 9.0), no_peers]),
            [Pass, Pass, Fail, Fail]
        );
        let disturbed = Row { noisy: true, ..cell("a", 3.0, 9.0) };
        let judged = gate("match/book").judge(std::slice::from_ref(&disturbed));
        assert!(judged.iter().all(|judged| judged.noisy && judged.to_line().ends_with("noisy\n")));
        assert_eq!(verdicts("match/book", &[disturbed]), [Fail, Fail, Pass, Pass]);
        let other = Row { name: "match/habitat".into(), ..cell("a", 1.0, 9.0) };
        assert_eq!(verdicts("match/book", &[other]), [Fail; 4]);
    }

    #[test]
    fn a_condition_may_be_for_one_workload_and_a_rate_is_the_inverse() {
        let row = |params: &str, ratio_floor, ratio_peer| Row {
            name: "log/append".into(),
            ..cell(params, ratio_floor, ratio_peer)
        };
        let rows = [
            row("batch=1", 1.0, 0.8),
            row("batch=16", 1.0, 1.3),
            row("batch=256", 1.0, 1.8),
            row("batch=4096", 1.1, 1.9),
        ];
        let judged = gate("log/append").judge(&rows);
        let verdicts: Vec<bool> =
            judged.iter().map(|judged| judged.verdict == Verdict::Pass).collect();
        assert_eq!(verdicts, [true, true, true, true, false]);
        let words: Vec<String> =
            judged[4].to_line().split_whitespace().map(str::to_owned).collect();
        let expected = "FAIL log/append best store at 4,096 a commit 1.90 × at least 2.00 ×";
        assert_eq!(words.join(" "), expected);
    }

    #[test]
    fn figures_by_name_are_judged_as_they_are() {
        let row = |allocations| {
            let row = Row::new("alloc/bid", "").with_figure("bytes_per_open_bid", 64.0);
            row.with_figure("allocations_per_bid", allocations)
        };
        assert_eq!(verdicts("alloc/bid", &[row(0.0)]), [Verdict::Pass; 2]);
        assert_eq!(verdicts("alloc/bid", &[row(0.001)]), [Verdict::Fail, Verdict::Pass]);
        let line = gate("alloc/bid").judge(&[row(0.001)])[0].to_line();
        assert!(line.contains("0.001  at most 0\n"), "{line}");
    }

    #[test]
    fn gates_are_asked_for_by_name_or_area_and_each_has_one_entry() {
        let count = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            asked(&names).map(|gates| gates.len())
        };
        assert_eq!(count(&["match"]), Ok(3));
        assert_eq!(count(&["match", "match/book", "alloc/bid"]), Ok(4));
        assert_eq!(count(&[]), Ok(TABLE.len()));
        assert_eq!(count(&["alloc/bid", "allo"]), Err("allo".to_owned()));
        let unique: BTreeSet<&str> = TABLE.iter().map(|gate| gate.name).collect();
        assert_eq!(unique.len(), TABLE.len());
    }
}
