//! [`charts`]: a report as pictures, in SVG that is readable on light and dark ground.

use std::fmt::Write as _;

use crate::report::{Report, ratio, time};
use crate::row::Row;

/// The most characters of a label.
const LABEL_MAX: usize = 60;

const WIDTH: f64 = 860.0;
/// Where bars begin; names stand left of it.
const LEFT: f64 = 250.0;
/// Room for the figure behind the longest bar.
const RIGHT: f64 = 130.0;
const TOP: f64 = 64.0;
const LINE: f64 = 24.0;
/// More bars than a picture can show.
const BARS_MAX: usize = 120;

/// A picture: the name of its file, and its SVG.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// `floors.svg`
    pub file: &'static str,
    /// The picture as text.
    pub svg: String,
    /// How many bars it has no room for; it says so too.
    pub left_out: usize,
}

struct Bar {
    name: String,
    value: f64,
    shown: String,
}

struct Picture {
    title: &'static str,
    says: &'static str,
    /// Where a line marks what everything is compared with.
    one: Option<&'static str>,
    bars: Vec<Bar>,
}

/// Up to three pictures: ours over the floors, others over ours, and latencies. A picture without
/// bars is left out.
#[must_use]
pub fn charts(report: &Report) -> Vec<Chart> {
    let pictures = [
        ("floors.svg", floors(&report.rows)),
        ("others.svg", others(&report.rows)),
        ("latency.svg", latencies(&report.rows)),
    ];
    let drawn = pictures.into_iter().filter(|(_, picture)| !picture.bars.is_empty());
    let chart = |(file, picture): (&'static str, Picture)| Chart {
        file,
        svg: picture.to_svg(),
        left_out: picture.left_out(),
    };
    drawn.map(chart).collect()
}

fn named(row: &Row) -> String {
    format!("{} {}", row.name, row.params).trim_end().to_owned()
}

/// A row and whose bar it is. Where there is too little room, the row's parameters are cut.
fn labelled(row: &Row, whose: &str) -> String {
    let room = LABEL_MAX.saturating_sub(whose.chars().count() + 2);
    let row: String = named(row).chars().take(room).collect();
    format!("{row}, {whose}")
}

fn floors(rows: &[Row]) -> Picture {
    let bar = |row: &Row| {
        let value = row.ratio_floor?;
        Some(Bar { name: named(row), value, shown: ratio(value) })
    };
    Picture {
        title: "Ours over the work that cannot be avoided",
        says: "Shorter is better; the line is the floor itself. Logarithmic.",
        one: Some("floor"),
        bars: rows.iter().filter_map(bar).collect(),
    }
}

fn others(rows: &[Row]) -> Picture {
    let bar = |row: &Row, by: &str, value: f64| Bar {
        name: labelled(row, by),
        value,
        shown: ratio(value),
    };
    let bars = rows.iter().flat_map(|row| {
        let plain = row.ratio_plain.map(|value| bar(row, "plain", value));
        // What is no peer may be a part of ours.
        let others = row.others.iter().filter(|other| other.is_peer);
        let others = others.map(|other| bar(row, &other.name, other.ratio));
        plain.into_iter().chain(others).collect::<Vec<Bar>>()
    });
    Picture {
        title: "Others over ours, on the same work",
        says: "Longer means slower than ours; the line is ours. Logarithmic.",
        one: Some("ours"),
        bars: bars.collect(),
    }
}

fn latencies(rows: &[Row]) -> Picture {
    let bars = rows.iter().flat_map(|row| {
        let times = [("p50", row.p50_ns), ("p99", row.p99_ns), ("p99.9", row.p999_ns)];
        let bar = |(which, value): (&str, Option<f64>)| {
            let value = value?;
            Some(Bar { name: labelled(row, which), value, shown: time(value) })
        };
        times.into_iter().filter_map(bar).collect::<Vec<Bar>>()
    });
    Picture {
        title: "Latency from the time an operation was due",
        says: "Shorter is better. Logarithmic.",
        one: None,
        bars: bars.collect(),
    }
}

impl Picture {
    fn left_out(&self) -> usize {
        self.bars.len().saturating_sub(BARS_MAX)
    }

    fn to_svg(&self) -> String {
        let bars = self.bars.get(..BARS_MAX).unwrap_or(&self.bars);
        let scale = Scale::over(bars, self.one.is_some());
        let says = match self.left_out() {
            0 => self.says.to_owned(),
            left_out => format!("{} {left_out} bars more have no room here.", self.says),
        };
        let mut svg = head(self.title, &says, bars.len());
        if let Some(one) = self.one {
            let (x, y) = (scale.x(1.0), TOP + LINE * index(bars.len()));
            let _ = write!(
                svg,
                "<line class=\"one\" x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{y:.1}\"/>\n\
                 <text class=\"small\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{one}</text>\n",
                y + 14.0
            );
        }
        for (number, bar) in bars.iter().enumerate() {
            svg.push_str(&drawn(bar, TOP + LINE * index(number), scale));
        }
        svg + "</svg>\n"
    }
}

fn head(title: &str, says: &str, bars: usize) -> String {
    let height = TOP + LINE * index(bars) + 28.0;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-label=\"{title}\">\n{STYLE}<rect class=\"ground\" width=\"100%\" height=\"100%\"/>\n\
         <text class=\"title\" x=\"16\" y=\"26\">{title}</text>\n\
         <text class=\"small\" x=\"16\" y=\"46\">{says}</text>\n"
    )
}

/// Contrast of at least 4.5 to 1 for text on both grounds.
const STYLE: &str = "<style>
text { font: 13px system-ui, sans-serif; fill: #1b1f24; }
.title { font-size: 16px; font-weight: 600; }
.small { font-size: 12px; fill: #57606a; }
.ground { fill: #ffffff; }
.bar { fill: #1f6feb; }
.one { stroke: #57606a; stroke-width: 1; stroke-dasharray: 3 3; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
.small { fill: #9aa5b1; }
.ground { fill: #0d1117; }
.bar { fill: #58a6ff; }
.one { stroke: #9aa5b1; }
}
</style>
";

fn drawn(bar: &Bar, y: f64, scale: Scale) -> String {
    let end = scale.x(bar.value);
    format!(
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\n\
         <rect class=\"bar\" x=\"{LEFT:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"2\"/>\n\
         <text x=\"{:.1}\" y=\"{:.1}\">{}</text>\n",
        LEFT - 8.0,
        y + 16.0,
        escaped(&bar.name),
        y + 4.0,
        (end - LEFT).max(1.0),
        LINE - 8.0,
        end + 6.0,
        y + 16.0,
        escaped(&bar.shown),
    )
}

/// Where values lie, by their logarithms.
#[derive(Clone, Copy)]
struct Scale {
    least: f64,
    most: f64,
}

impl Scale {
    /// A scale with room for all values, and for 1 if that is marked.
    fn over(bars: &[Bar], has_one: bool) -> Self {
        let logs = bars.iter().map(|bar| bar.value.max(1e-6).ln());
        let logs: Vec<f64> = logs.chain(has_one.then_some(0.0)).collect();
        let least = logs.iter().copied().fold(f64::MAX, f64::min);
        let most = logs.iter().copied().fold(f64::MIN, f64::max);
        // The shortest bar is still a bar.
        let room = ((most - least) / 10.0).max(0.1);
        Self { least: least - room, most }
    }

    fn x(self, value: f64) -> f64 {
        let part = (value.max(1e-6).ln() - self.least) / (self.most - self.least);
        LEFT + part.clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT)
    }
}

/// A place in the list of bars, which has at most [`BARS_MAX`].
fn index(place: usize) -> f64 {
    f64::from(u32::try_from(place).unwrap_or(u32::MAX))
}

/// A text inside SVG: what a file says draws nothing, and is cut to what fits.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars().take(LABEL_MAX) {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // XML has no place for control characters, not even escaped.
            control if control.is_control() => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Machine;
    use crate::report::SCHEMA;
    use crate::row::Other;

    fn report(rows: Vec<Row>) -> Report {
        Report {
            schema: SCHEMA.into(),
            quick: true,
            machine: Machine::default(),
            rows,
            roots: Vec::new(),
            failed: Vec::new(),
        }
    }

    fn row(name: &str) -> Row {
        let other =
            |name: &str, ratio| Other { name: name.into(), is_peer: true, ns_per_op: 1.0, ratio };
        Row {
            ratio_floor: Some(1.5),
            others: vec![other("near 1", 2.0), other("far 2", 600.0)],
            p50_ns: Some(73.0),
            ..Row::new(name, "k=4")
        }
    }

    #[test]
    fn each_picture_has_a_bar_for_each_figure_and_empty_ones_are_left_out() {
        let bars = |charts: &[Chart]| -> Vec<(&str, usize)> {
            let count = |chart: &Chart| chart.svg.matches("class=\"bar\"").count();
            charts.iter().map(|chart| (chart.file, count(chart))).collect()
        };
        let all = charts(&report(vec![row("a/b"), row("c/d")]));
        assert_eq!(bars(&all), [("floors.svg", 2), ("others.svg", 4), ("latency.svg", 2)]);
        assert_eq!(bars(&charts(&report(vec![Row::new("a/b", "")]))), []);
    }

    #[test]
    fn longer_bars_are_greater_figures_and_stay_inside() {
        let bars =
            [1.0, 2.0, 600.0].map(|value| Bar { name: String::new(), value, shown: String::new() });
        let scale = Scale::over(&bars, true);
        let ends = [1.0, 2.0, 600.0].map(|value| scale.x(value));
        assert!(LEFT < ends[0] && ends[0] < ends[1] && ends[1] < ends[2], "{ends:?}");
        assert!((ends[2] - (WIDTH - RIGHT)).abs() < 1e-9);
    }

    #[test]
    fn a_hostile_name_draws_nothing_and_thousands_of_bars_end() {
        let hostile = row("</text><script>alert(1)</script>\u{7}&");
        let rows: Vec<Row> = (0..1_000).map(|_| hostile.clone()).collect();
        for chart in charts(&report(rows)) {
            assert!(!chart.svg.contains("<script") && !chart.svg.contains('\u{7}'));
            assert_eq!(chart.svg.matches("class=\"bar\"").count(), BARS_MAX);
            assert!(chart.left_out >= 1_000 - BARS_MAX);
            assert!(chart.svg.contains(&format!(" {} bars more have no room", chart.left_out)));
            assert!(chart.svg.ends_with("</svg>\n"));
        }
    }
}
