//! Problems as people read them: the lines with marks under them, and what to type.
//!
//! The only module that names the renderer.

use std::borrow::Cow;
use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::diagnostic::{Diagnostic, Diagnostics, Severity, Span};
use crate::gate::{floor_border, steers_terminals};

/// The most problems that [`render`] shows.
pub const SHOWN_MAX: usize = 20;

/// Whether to paint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colour {
    /// Plain text.
    #[default]
    Plain,
    /// Terminal colours.
    Terminal,
}

/// The first [`SHOWN_MAX`] problems with their lines, and a last line that counts all of them. For
/// no problem, an empty text. `path` is printed as given; `text` is the text that was checked.
///
/// ```
/// let text = "version: \"2.0\"\n";
/// let (_, problems) = undercut_sdl::check(text);
/// let shown = undercut_sdl::render(&problems, "deploy.yaml", text, undercut_sdl::Colour::Plain);
/// assert!(shown.ends_with("1 error, 0 warnings\n"));
/// ```
#[must_use]
pub fn render(problems: &Diagnostics, path: &str, text: &str, colour: Colour) -> String {
    let mut out = String::new();
    let text = with_line_feeds(text);
    for problem in problems.iter().take(SHOWN_MAX) {
        out.push_str(&diagnostic(problem, path, &text, colour));
        out.push('\n');
    }
    let count = |severity| problems.iter().filter(|one| one.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let hidden = problems.len().saturating_sub(SHOWN_MAX);
    if hidden > 0 {
        // Writing to a `String` cannot fail.
        let _ = writeln!(out, "and {hidden} more");
    }
    if !problems.is_empty() {
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let (e, w) = (plural(errors), plural(warnings));
        let _ = writeln!(out, "{errors} error{e}, {warnings} warning{w}");
    }
    out
}

/// One problem with its lines.
pub(crate) fn diagnostic(problem: &Diagnostic, path: &str, text: &str, colour: Colour) -> String {
    let text = with_line_feeds(text);
    let window = Window::around(problem, &text);
    let mut primary = AnnotationKind::Primary.span(window.range(problem.span));
    if let Some(label) = &problem.label {
        primary = primary.label(label.as_str());
    }
    let shown = harmless(window.text);
    let mut snippet = Snippet::source(shown.as_ref()).line_start(window.line).path(path);
    snippet = snippet.annotation(primary);
    for label in problem.labels.iter().filter(|label| window.holds(label.span)) {
        let mark = AnnotationKind::Context.span(window.range(label.span)).label(&label.text);
        snippet = snippet.annotation(mark);
    }
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(problem.sentence.as_str()).id(problem.code.as_str());
    let mut group = title.element(snippet);
    if let Some(help) = &problem.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let renderer = match colour {
        Colour::Plain => Renderer::plain(),
        Colour::Terminal => Renderer::styled(),
    };
    let mut out = renderer.render(&[group]);
    out.push('\n');
    out
}

/// A text with a line feed at the end of each line and as many bytes: the renderer knows no other
/// line ends, and would show a carriage return as a character.
fn with_line_feeds(text: &str) -> Cow<'_, str> {
    match text.contains('\r') {
        true => Cow::Owned(text.replace("\r\n", " \n").replace('\r', "\n")),
        false => Cow::Borrowed(text),
    }
}

/// A text with other characters in the place of those that would steer a terminal, each of the same
/// length, so that marks stay where they are.
fn harmless(text: &str) -> Cow<'_, str> {
    // The renderer itself shows the controls of ASCII as pictures.
    let steers = |c: char| !c.is_ascii() && steers_terminals(c);
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character.len_utf8() {
            _ if !steers(character) => out.push(character),
            2 => out.push('\u{b7}'),
            3 => out.push('\u{fffd}'),
            _ => out.push_str("?\u{fffd}"),
        }
    }
    Cow::Owned(out)
}

/// The part of a text that a problem's marks are in, in whole lines.
///
/// The renderer looks at every line it is given, so a long text is not handed over whole.
struct Window<'a> {
    text: &'a str,
    /// First byte of the window.
    start: usize,
    /// Number of its first line, from 1.
    line: usize,
}

/// Bytes that a window may have; marks farther away are left out.
const WINDOW_BYTES: usize = 64 * 1024;
/// Bytes of one mark.
const MARK_BYTES: usize = 200;

impl<'a> Window<'a> {
    fn around(problem: &Diagnostic, text: &'a str) -> Self {
        let reach = WINDOW_BYTES / 2;
        let least = problem.span.start.saturating_sub(reach);
        let most = problem.span.end.saturating_add(reach).min(text.len());
        let labels = problem.labels.iter().map(|label| label.span);
        let near = labels.filter(|span| span.start >= least && span.end <= most);
        let spans: Vec<Span> = near.chain([problem.span]).collect();
        let first = spans.iter().map(|span| span.start).min().unwrap_or(0);
        let last = spans.iter().map(|span| span.end).max().unwrap_or(0);
        let start = line_start(text, first, least);
        let end = line_end(text, last, most);
        let before = text.get(..start).unwrap_or_default();
        let line = before.matches('\n').count().saturating_add(1);
        Self { text: text.get(start..end).unwrap_or_default(), start, line }
    }

    fn holds(&self, span: Span) -> bool {
        let end = self.start.saturating_add(self.text.len());
        span.start >= self.start && span.end <= end
    }

    /// A span as a range of the window: on character borders, and short.
    fn range(&self, span: Span) -> std::ops::Range<usize> {
        let start = span.start.saturating_sub(self.start).min(self.text.len());
        let start = floor_border(self.text, start);
        let longest = start.saturating_add(MARK_BYTES);
        let end = span.end.saturating_sub(self.start).min(self.text.len()).min(longest);
        let end = floor_border(self.text, end);
        // A mark ends with its first line: what follows is rarely what is wrong.
        let marked = self.text.get(start..end).unwrap_or_default();
        let line = marked.find(['\n', '\r']).unwrap_or(marked.len());
        start..start.saturating_add(line)
    }
}

/// The start of the line that byte `at` is in, but no less than `least`.
fn line_start(text: &str, at: usize, least: usize) -> usize {
    let at = floor_border(text, at);
    let before = text.get(..at).unwrap_or_default();
    let start = before.rfind('\n').map_or(0, |index| index.saturating_add(1));
    if start >= least { start } else { floor_border(text, least.min(at)) }
}

/// The end of the line that byte `at` is in, but no more than `most`.
fn line_end(text: &str, at: usize, most: usize) -> usize {
    let at = floor_border(text, at);
    let after = text.get(at..).unwrap_or_default();
    let end = at.saturating_add(after.find('\n').unwrap_or(after.len()));
    floor_border(text, end.min(most.max(at)))
}
