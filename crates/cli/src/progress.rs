//! How far a long run is, on standard error.
//!
//! | where | what |
//! | --- | --- |
//! | on a terminal, after 400 ms | one line that is drawn again five times a second, and gone at the end |
//! | elsewhere | a line for each 10 %, at most one in 3 s and at least one in 30 s; so short runs are silent |
//! | `--progress always` | the line at once; elsewhere a line for each 10 % whatever the time |
//! | `--progress json` | the same moments as `always`, one object each |
//! | `--progress never` | nothing |
//!
//! The only clock of the command: it is read for the rate and the time left, and for nothing that
//! is computed.

use std::io::IsTerminal as _;
use std::time::Duration;

use clap::ValueEnum;

use crate::tell;

/// When to show how far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Show {
    /// A bar on a terminal after 400 ms; elsewhere a line now and then on long runs
    #[default]
    Auto,
    /// Never
    Never,
    /// From the start; a line for each 10 % where there is no terminal
    Always,
    /// One JSON object for each 10 %
    Json,
}

/// Nothing is shown on a terminal before.
const SILENT: Duration = Duration::from_millis(400);
/// The least time between two drawings of the bar.
const REDRAWN: Duration = Duration::from_millis(200);
/// The least and the most time between two lines.
const LINES: [Duration; 2] = [Duration::from_secs(3), Duration::from_secs(30)];
/// The clock is looked at once for so many bytes.
const STEP_BYTES: u64 = 64 * 1024;
/// Marks of a full bar.
const BAR: u64 = 24;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Nothing,
    Bar { after: Duration },
    Lines { least: Duration },
    Json,
}

/// How far a run is. `N` tells the time since any fixed moment, `T` takes what is to be shown.
pub(crate) struct Progress<N, T> {
    verb: &'static str,
    form: Form,
    total: u64,
    now: N,
    tell: T,
    began: Duration,
    /// When something was shown last, and at how many tenths.
    shown: Option<Duration>,
    tenths: u64,
    done: u64,
    looked: u64,
}

impl Progress<(), ()> {
    /// Of a run of `verb` over `total` bytes, on standard error.
    pub(crate) fn start(
        verb: &'static str,
        total: u64,
        show: Show,
    ) -> Progress<impl FnMut() -> Duration, impl FnMut(&str)> {
        let form = form(show, std::io::stderr().is_terminal());
        Progress::new(verb, total, form, clock(), tell)
    }

    /// Of a run that shows nothing.
    pub(crate) fn none() -> Progress<impl FnMut() -> Duration, impl FnMut(&str)> {
        Progress::new("", 0, Form::Nothing, || Duration::ZERO, |_: &str| {})
    }
}

/// The time since now.
#[expect(clippy::disallowed_types, reason = "shown to people, and nothing is computed from it")]
fn clock() -> impl Fn() -> Duration {
    let began = std::time::Instant::now();
    move || began.elapsed()
}

fn form(show: Show, is_terminal: bool) -> Form {
    match (show, is_terminal) {
        (Show::Never, _) => Form::Nothing,
        (Show::Auto, true) => Form::Bar { after: SILENT },
        (Show::Auto, false) => Form::Lines { least: LINES[0] },
        (Show::Always, true) => Form::Bar { after: Duration::ZERO },
        (Show::Always, false) => Form::Lines { least: Duration::ZERO },
        (Show::Json, _) => Form::Json,
    }
}

/// What is known at a moment.
struct Moment {
    percent: u64,
    bytes_per_second: u64,
    seconds_left: Option<u64>,
}

impl<N: FnMut() -> Duration, T: FnMut(&str)> Progress<N, T> {
    fn new(verb: &'static str, total: u64, form: Form, mut now: N, tell: T) -> Self {
        let began = now();
        Self { verb, form, total, now, tell, began, shown: None, tenths: 0, done: 0, looked: 0 }
    }

    /// `done` bytes are done.
    pub(crate) fn at(&mut self, done: u64) {
        self.done = done;
        let tenths = self.tenths_of(done);
        let is_step = done.saturating_sub(self.looked) >= STEP_BYTES || tenths > self.tenths;
        if self.form == Form::Nothing || !is_step {
            return;
        }
        self.looked = done;
        let now = (self.now)();
        let run = now.saturating_sub(self.began);
        let since = now.saturating_sub(self.shown.unwrap_or(self.began));
        let is_due = match self.form {
            Form::Nothing => false,
            Form::Bar { after } => run >= after && (self.shown.is_none() || since >= REDRAWN),
            Form::Lines { least } => tenths > self.tenths && since >= least || since >= LINES[1],
            Form::Json => tenths > self.tenths || since >= LINES[1],
        };
        if is_due {
            self.shown = Some(now);
            self.tenths = tenths;
            let text = self.text(&self.moment(run));
            (self.tell)(&text);
        }
    }

    /// The run is over: the bar goes away.
    pub(crate) fn finish(&mut self) {
        if matches!(self.form, Form::Bar { .. }) && self.shown.is_some() {
            (self.tell)("\r\u{1b}[K");
        }
        self.form = Form::Nothing;
    }

    fn tenths_of(&self, done: u64) -> u64 {
        done.saturating_mul(10).checked_div(self.total).unwrap_or(0).min(10)
    }

    fn moment(&self, run: Duration) -> Moment {
        let millis = u64::try_from(run.as_millis()).unwrap_or(u64::MAX);
        let rate = self.done.saturating_mul(1000).checked_div(millis).unwrap_or(0);
        let left = self.total.saturating_sub(self.done);
        Moment {
            percent: self.done.saturating_mul(100).checked_div(self.total).unwrap_or(0).min(100),
            bytes_per_second: rate,
            seconds_left: (rate > 0).then(|| left.div_ceil(rate)),
        }
    }

    fn text(&self, moment: &Moment) -> String {
        let Moment { percent, bytes_per_second, seconds_left } = *moment;
        let left = seconds_left.map_or_else(|| "?".to_owned(), time);
        let figures = format!(
            "{percent:>3} %  {} of {}  {}/s  {left} left",
            size(self.done),
            size(self.total),
            size(bytes_per_second),
        );
        match self.form {
            Form::Nothing => String::new(),
            Form::Bar { .. } => {
                let full = percent.saturating_mul(BAR) / 100;
                let marks: String = (0..BAR).map(|at| if at < full { '#' } else { '.' }).collect();
                format!("\r\u{1b}[K{} [{marks}] {figures}", self.verb)
            }
            Form::Lines { .. } => format!("undercut: {} {}\n", self.verb, figures.trim_start()),
            Form::Json => {
                let left = seconds_left.map_or_else(|| "null".to_owned(), |left| left.to_string());
                format!(
                    "{{\"schema\":\"undercut.progress/1\",\"verb\":\"{}\",\"done_bytes\":{},\"total_bytes\":{},\"bytes_per_second\":{bytes_per_second},\"seconds_left\":{left}}}\n",
                    self.verb, self.done, self.total,
                )
            }
        }
    }
}

/// `12.3 MB`; a kB is 1000 bytes.
fn size(bytes: u64) -> String {
    let scaled = |unit: u64, name: &str| {
        format!("{}.{} {name}", bytes / unit, (bytes % unit).saturating_mul(10) / unit)
    };
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => scaled(1_000, "kB"),
        1_000_000..1_000_000_000 => scaled(1_000_000, "MB"),
        _ => scaled(1_000_000_000, "GB"),
    }
}

/// `7 s`, `3 min 5 s`, `2 h 10 min`.
fn time(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::*;

    const TOTAL: u64 = 100_000_000;

    /// What is shown of a run that takes `seconds` and is looked at a hundred times.
    fn shown(show: Show, is_terminal: bool, seconds: u64) -> Vec<String> {
        let (clock, texts) = (Cell::new(Duration::from_secs(77)), RefCell::new(Vec::new()));
        let mut progress = Progress::new(
            "verify",
            TOTAL,
            form(show, is_terminal),
            || clock.get(),
            |text: &str| texts.borrow_mut().push(text.to_owned()),
        );
        for at in 1..=100 {
            clock.set(clock.get() + Duration::from_millis(seconds * 10));
            progress.at(TOTAL / 100 * at);
        }
        progress.finish();
        texts.into_inner()
    }

    #[test]
    fn a_bar_comes_after_400_ms_and_goes_at_the_end() {
        let texts = shown(Show::Auto, true, 2);
        assert_eq!(
            texts[0],
            "\r\u{1b}[Kverify [####....................]  20 %  20.0 MB of 100.0 MB  50.0 MB/s  2 s left"
        );
        assert_eq!(texts.last().unwrap(), "\r\u{1b}[K");
        assert!((9..=11).contains(&texts.len()), "five times a second: {texts:?}");
        assert_eq!(shown(Show::Auto, true, 0), [""; 0], "a short run shows nothing");
    }

    #[test]
    fn without_a_terminal_short_runs_are_silent_and_long_ones_tell_each_tenth() {
        assert_eq!(shown(Show::Auto, false, 2), [""; 0]);
        let texts = shown(Show::Auto, false, 100);
        assert_eq!(texts.len(), 10, "{texts:?}");
        assert_eq!(
            texts[2],
            "undercut: verify 30 %  30.0 MB of 100.0 MB  1.0 MB/s  1 min 10 s left\n"
        );
        assert_eq!(shown(Show::Auto, false, 10_000).len(), 100, "at least one in 30 s");
        let ten = shown(Show::Auto, false, 10);
        assert!(ten.len() <= 3, "at most one in 3 s: {ten:?}");
    }

    #[test]
    fn always_and_json_tell_each_tenth_whatever_the_time() {
        assert_eq!(shown(Show::Always, false, 0).len(), 10);
        let texts = shown(Show::Json, true, 2);
        assert_eq!(texts.len(), 10);
        let object: serde_json::Value = serde_json::from_str(&texts[4]).unwrap();
        assert_eq!(object["done_bytes"], 50_000_000);
        assert_eq!(object["bytes_per_second"], 50_000_000);
        assert_eq!(object["seconds_left"], 1);
        assert_eq!(shown(Show::Never, true, 100), [""; 0]);
    }

    #[test]
    fn sizes_and_times_have_a_unit_that_fits() {
        assert_eq!(
            [0, 999, 1_000, 123_456, 7_890_000_000].map(size),
            ["0 B", "999 B", "1.0 kB", "123.4 kB", "7.8 GB"]
        );
        assert_eq!(
            [0, 59, 60, 3_599, 7_800].map(time),
            ["0 s", "59 s", "1 min 0 s", "59 min 59 s", "2 h 10 min"]
        );
    }
}
