//! [`Diagnostics`]: the list of what is wrong with a text, each with its place in it.
//!
//! Ordering: by start, then by end, then errors before warnings, then by code. The list is
//! complete up to [`PROBLEMS_MAX`] errors and as many warnings; a problem that is found twice at
//! one place is listed once.

use std::collections::BTreeMap;
use std::fmt;

use undercut_primitives::Code;

use crate::code;
use crate::gate::floor_border;
use crate::position::Positions;

/// The most errors, and the most warnings, that one list holds.
pub const PROBLEMS_MAX: usize = 1_000;

/// After this many errors or warnings, names are no longer compared to find the one meant.
const HELPED_MAX: usize = 100;

/// A range of bytes of the text: from `start`, up to and without `end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
}

impl Span {
    /// The bytes from `start` up to `end`.
    #[must_use]
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

/// Whether a problem makes the manifest invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The manifest is refused.
    Error,
    /// The manifest is taken, but probably does not say what was meant.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// A second place that belongs to a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is there.
    pub text: String,
}

/// A change of the text that mends a problem and cannot be meant otherwise.
///
/// [`crate::fix`] makes such changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// In order of position; they do not overlap.
    pub edits: Vec<Edit>,
}

/// Bytes to replace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Which bytes; none, to put something in.
    pub span: Span,
    /// What stands there then.
    pub text: String,
}

/// One problem of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The kind of problem; [`crate::headline`] describes it in general.
    pub code: Code,
    /// Whether it makes the manifest invalid.
    pub severity: Severity,
    /// The bytes it is about.
    pub span: Span,
    /// Line of the first byte, from 1.
    pub line: usize,
    /// Column of the first byte, from 1, in characters.
    pub column: usize,
    /// Line of the byte after the last one, from 1.
    pub end_line: usize,
    /// Column of the byte after the last one, from 1, in characters.
    pub end_column: usize,
    /// What is wrong: one sentence that names the user's own thing, without a full stop.
    pub sentence: String,
    /// What to say right under the bytes, if more than the sentence.
    pub label: Option<String>,
    /// What to type instead.
    pub help: Option<String>,
    /// Other places that matter, in order of position.
    pub labels: Vec<Label>,
    /// How to mend it, if that cannot be meant otherwise.
    pub fix: Option<Fix>,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} {} {}", self.line, self.column, self.code, self.sentence)
    }
}

impl Diagnostic {
    /// The problem with the lines it is about, as plain text. `path` is printed as given; `text`
    /// is the text that was checked.
    ///
    /// ```
    /// let text = "version: \"2.0\"\nservices: 7\n";
    /// let (_, problems) = undercut_sdl::check(text);
    /// let first = problems.iter().next().unwrap().render("deploy.yaml", text);
    /// assert!(first.starts_with("error[SDL"));
    /// assert!(first.contains("--> deploy.yaml:"));
    /// ```
    #[must_use]
    pub fn render(&self, path: &str, text: &str) -> String {
        crate::render::diagnostic(self, path, text, crate::Colour::Plain)
    }
}

/// Every problem found in a text, in order of position.
///
/// As an error it prints one line for each problem, errors and warnings: `line:column code
/// sentence`.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Whether any problem is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// The problems in order of position.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// The problems in order of position.
    #[must_use]
    pub fn as_slice(&self) -> &[Diagnostic] {
        &self.list
    }

    /// How many problems there are, warnings included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is no problem, not even a warning.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.list.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

/// A problem before its line and column are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    code: Code,
    severity: Severity,
    span: Span,
    sentence: String,
    label: Option<String>,
    help: Option<String>,
    labels: Vec<Label>,
    fix: Option<Fix>,
}

impl Problem {
    pub(crate) fn error(code: Code, span: Span, sentence: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            span,
            sentence: sentence.into(),
            label: None,
            help: None,
            labels: Vec::new(),
            fix: None,
        }
    }

    pub(crate) fn warning(code: Code, span: Span, sentence: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, span, sentence) }
    }

    /// What to say under the bytes themselves.
    pub(crate) fn saying(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// What mends it: `text` in place of the bytes.
    pub(crate) fn fix(self, span: Span, text: impl Into<String>) -> Self {
        self.fix_all(vec![Edit { span, text: text.into() }])
    }

    /// What mends it, in several places, in order.
    pub(crate) fn fix_all(mut self, edits: Vec<Edit>) -> Self {
        self.fix = (!edits.is_empty()).then_some(Fix { edits });
        self
    }

    /// [`Self::fix`], when there is one.
    pub(crate) fn maybe_fix(self, span: Span, text: Option<impl Into<String>>) -> Self {
        match text {
            Some(text) => self.fix(span, text),
            None => self,
        }
    }

    /// Makes the later one of the two places the main one: it is the second of the two.
    pub(crate) fn in_order(mut self) -> Self {
        if let Some(other) = self.labels.first_mut()
            && other.span > self.span
        {
            std::mem::swap(&mut other.span, &mut self.span);
            let text = self.label.get_or_insert_default();
            std::mem::swap(&mut other.text, text);
        }
        self
    }

    /// Moves the problem to the slip that it comes from, if there is one.
    pub(crate) fn blamed_on(mut self, slip: Option<&Slip>) -> Self {
        if let Some(slip) = slip {
            self.span = slip.span;
            self.label = Some(slip.label.to_owned());
            self.help = slip.help.clone().or(self.help);
            self.fix = slip
                .fix
                .map(|text| Fix { edits: vec![Edit { span: slip.span, text: text.to_owned() }] });
        }
        self
    }

    /// A second place.
    pub(crate) fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }
}

/// Where a value that is missed may have gone: under a misspelt key, in another place, or nowhere.
#[derive(Clone, Debug)]
pub(crate) struct Slip {
    /// The key.
    pub(crate) span: Span,
    /// What to say under it.
    pub(crate) label: &'static str,
    /// What to type, when it is not what is missed in general.
    pub(crate) help: Option<String>,
    /// The right key, when it cannot be meant otherwise.
    pub(crate) fix: Option<&'static str>,
    /// Whether the key was reported as an error already.
    pub(crate) is_told: bool,
    /// Whether nothing but its place speaks for it: it is the only key that is not known beside what
    /// is missed.
    pub(crate) is_guess: bool,
}

impl Slip {
    /// A key with what to say under it.
    pub(crate) const fn at(span: Span, label: &'static str) -> Self {
        Self { span, label, help: None, fix: None, is_told: false, is_guess: false }
    }
}

/// Where problems are collected while a text is read.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    errors: Vec<Problem>,
    warnings: Vec<Problem>,
    /// By the first byte of the mapping in which a key is missed, and the key; without a mapping
    /// when the key stands where it does not belong.
    slips: BTreeMap<(Option<usize>, &'static str), Slip>,
}

impl Problems {
    pub(crate) fn push(&mut self, problem: Problem) {
        let list = match problem.severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        // A value behind an alias is read once for each alias, a service once for each placement.
        if list.len() < PROBLEMS_MAX && !list.iter().rev().take(20).any(|old| *old == problem) {
            list.push(problem);
        }
    }

    pub(crate) fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// Whether help that is costly to find is still worth it: nobody reads the hundredth.
    pub(crate) fn wants_help(&self) -> bool {
        self.errors.len() < HELPED_MAX && self.warnings.len() < HELPED_MAX
    }

    /// Remembers where `key` of a mapping may have gone. The first slip counts.
    pub(crate) fn note(&mut self, mapping: Span, key: &'static str, slip: Slip) {
        self.slips.entry((Some(mapping.start), key)).or_insert(slip);
    }

    /// Remembers that `key` stands where it does not belong. The first slip counts.
    pub(crate) fn note_stray(&mut self, key: &'static str, slip: Slip) {
        self.slips.entry((None, key)).or_insert(slip);
    }

    /// Where `key` of a mapping may have gone.
    pub(crate) fn slip(&self, mapping: Span, key: &'static str) -> Option<&Slip> {
        self.slips.get(&(Some(mapping.start), key))
    }

    /// [`Self::slip`], unless it is a guess: for keys that need not be there.
    pub(crate) fn sure_slip(&self, mapping: Span, key: &'static str) -> Option<&Slip> {
        self.slip(mapping, key).filter(|slip| !slip.is_guess)
    }

    /// Where `key` stands although it does not belong there.
    pub(crate) fn stray(&self, key: &'static str) -> Option<&Slip> {
        self.slips.get(&(None, key))
    }

    /// Takes over what another list has.
    pub(crate) fn append(&mut self, other: Self) {
        other.errors.into_iter().chain(other.warnings).for_each(|problem| self.push(problem));
    }

    /// The list with lines and columns of `text`.
    pub(crate) fn finish(self, text: &str) -> Diagnostics {
        let mut all = self.errors;
        all.extend(self.warnings);
        all.sort_by(|a, b| {
            let key = |p: &Problem| (p.span, p.severity, p.code);
            key(a).cmp(&key(b)).then_with(|| a.sentence.cmp(&b.sentence))
        });
        all.dedup();
        // An error that comes from an ignored key says all there is to say about it.
        let mut blamed = None;
        all.retain(|problem| match problem.severity {
            Severity::Error => {
                blamed = Some(problem.span);
                true
            }
            Severity::Warning => problem.code != code::IGNORED_KEY || blamed != Some(problem.span),
        });
        let positions = Positions::new(text);
        Diagnostics { list: all.into_iter().map(|problem| locate(problem, &positions)).collect() }
    }
}

/// A span on borders between characters, within the text: what is missing at its end is shown there.
fn within(span: Span, text: &str) -> Span {
    let start = floor_border(text, span.start);
    Span::new(start, floor_border(text, span.end).max(start))
}

fn locate(mut problem: Problem, positions: &Positions<'_>) -> Diagnostic {
    problem.span = within(problem.span, positions.text());
    for label in &mut problem.labels {
        label.span = within(label.span, positions.text());
    }
    let (line, column) = positions.line_and_column(problem.span.start);
    let (end_line, end_column) = positions.line_and_column(problem.span.end);
    problem.labels.sort_by_key(|label| label.span);
    Diagnostic {
        code: problem.code,
        severity: problem.severity,
        span: problem.span,
        line,
        column,
        end_line,
        end_column,
        sentence: problem.sentence,
        label: problem.label,
        help: problem.help,
        labels: problem.labels,
        fix: problem.fix,
    }
}
