//! Problems: where they are, how many, in which order, in what words, and how they are shown.

use std::collections::BTreeMap;

use undercut_sdl::{
    Colour, Diagnostic, Diagnostics, PROBLEMS_MAX, SHOWN_MAX, Severity, Span, headline, render,
};

/// Characters of a sentence, a label or a help: a few names of 63 characters, or eight in a list.
const WORDS_MAX: usize = 1_000;
/// Bytes of the text from which lines are shown.
const WINDOW_BYTES: usize = 64 * 1024;
/// Problems of one text that are shown one by one here.
const RENDERED_MAX: usize = SHOWN_MAX + 5;

/// What holds for all problems of `text`.
pub(crate) fn hold(problems: &Diagnostics, text: &str) {
    let count = |severity| problems.iter().filter(|one| one.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    assert!(errors <= PROBLEMS_MAX && warnings <= PROBLEMS_MAX, "{errors} and {warnings}");
    assert_eq!(problems.has_errors(), errors > 0);
    assert_eq!((problems.len(), problems.is_empty()), (errors + warnings, errors + warnings == 0));
    hold_for_order(problems);
    let places = if problems.is_empty() { BTreeMap::new() } else { places(problems, text) };
    for problem in problems {
        hold_for_places(problem, text, &places);
        hold_for_words(problem);
    }
    hold_for_rendering(problems, text);
}

/// By start, then by end, then errors before warnings, then by code; nothing twice.
fn hold_for_order(problems: &Diagnostics) {
    for pair in problems.as_slice().windows(2) {
        let key = |one: &Diagnostic| (one.span.start, one.span.end, one.severity, one.code);
        assert!(key(&pair[0]) <= key(&pair[1]), "{} stands before {}", pair[0], pair[1]);
        assert_ne!(pair[0], pair[1], "{} is listed twice", pair[0]);
    }
}

/// Line and column of every byte that a problem starts or ends with.
fn places(problems: &Diagnostics, text: &str) -> BTreeMap<usize, (usize, usize)> {
    let ends = problems.iter().flat_map(|one| [one.span.start, one.span.end]);
    let mut places: BTreeMap<usize, (usize, usize)> = ends.map(|at| (at, (0, 0))).collect();
    let (mut line, mut column) = (1, 1);
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if let Some(place) = places.get_mut(&at) {
            *place = (line, column);
        }
        let breaks = match character {
            '\n' => true,
            '\r' => characters.peek().is_none_or(|(_, next)| *next != '\n'),
            _ => false,
        };
        (line, column) = if breaks { (line + 1, 1) } else { (line, column + 1) };
    }
    places.insert(text.len(), (line, column));
    places
}

fn hold_for_places(problem: &Diagnostic, text: &str, places: &BTreeMap<usize, (usize, usize)>) {
    hold_for_span(problem.span, text, problem);
    assert_eq!((problem.line, problem.column), places[&problem.span.start], "{problem}");
    assert_eq!((problem.end_line, problem.end_column), places[&problem.span.end], "{problem}");
    for label in &problem.labels {
        hold_for_span(label.span, text, problem);
    }
    let sorted = problem.labels.is_sorted_by_key(|label| label.span);
    assert!(sorted, "labels out of order: {problem}");
}

fn hold_for_span(span: Span, text: &str, problem: &Diagnostic) {
    let part = text.get(span.start..span.end);
    assert!(part.is_some(), "{span:?} is no part of the text: {problem}");
}

/// Words that can be printed anywhere: short, on one line, without what would steer a terminal.
fn hold_for_words(problem: &Diagnostic) {
    assert!(headline(problem.code).is_some(), "{problem} has a code without a headline");
    assert!(!problem.sentence.is_empty() && !problem.sentence.ends_with('.'), "{problem}");
    let labels = problem.labels.iter().map(|label| &label.text);
    let texts = problem.label.iter().chain(&problem.help).chain(labels);
    for words in texts.chain([&problem.sentence]) {
        assert!(words.chars().count() <= WORDS_MAX, "too long: {words}");
        let steers = |c: char| {
            c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        };
        assert!(!words.chars().any(steers), "not to be printed: {words:?}");
    }
}

/// What is shown has every shown problem, counts all of them, and is bounded.
pub(crate) fn hold_for_rendering(problems: &Diagnostics, text: &str) {
    let path = "deploy.yaml";
    let shown = render(problems, path, text, Colour::Plain);
    assert_eq!(shown.is_empty(), problems.is_empty());
    // A line with two marks is shown with all between them, and characters may be shown as three
    // bytes each; the marks themselves are as wide.
    let longest = 4 * 1024 + 8 * text.len().min(WINDOW_BYTES);
    assert!(shown.len() <= (SHOWN_MAX + 1) * longest, "{} bytes", shown.len());
    let prints = |c: char| c == '\n' || !c.is_ascii_control();
    assert!(shown.chars().all(prints), "a control character is printed: {shown:?}");
    for problem in problems.iter().take(SHOWN_MAX) {
        assert!(shown.contains(&format!("{}[{}]", problem.severity, problem.code)), "{shown}");
    }
    if !problems.is_empty() {
        assert_eq!(shown.lines().last(), Some(last_line(problems).as_str()));
        let hidden = problems.len().saturating_sub(SHOWN_MAX);
        assert_eq!(shown.contains(&format!("\nand {hidden} more\n")), hidden > 0);
    }
    for problem in problems.iter().take(RENDERED_MAX) {
        let shown = problem.render(path, text);
        assert!(!shown.is_empty() && shown.len() <= longest, "{} bytes", shown.len());
    }
    let coloured = render(problems, path, text, Colour::Terminal);
    assert_eq!(coloured.is_empty(), problems.is_empty());
}

fn last_line(problems: &Diagnostics) -> String {
    let count = |severity, word| {
        let count = problems.iter().filter(|one| one.severity == severity).count();
        format!("{count} {word}{}", if count == 1 { "" } else { "s" })
    };
    format!("{}, {}", count(Severity::Error, "error"), count(Severity::Warning, "warning"))
}
