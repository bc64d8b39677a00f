//! Making the changes that cannot be meant otherwise ([`crate::Fix`]).

use crate::diagnostic::{Diagnostic, Diagnostics, Edit, Severity};
use crate::{Sdl, check, code};

/// Rounds of fixing. A fix can bring to light what it hid; a text that is not YAML shows one problem
/// at a time.
const ROUNDS_MAX: usize = 200;
/// Bytes that all rounds together may read.
const READ_BYTES_MAX: usize = 64 << 20;

/// A text with its fixes made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// The text, changed or not.
    pub text: String,
    /// The problems that were mended, in the order in which they were. Places are those of the text
    /// as it was just before.
    pub mended: Vec<Diagnostic>,
    /// What is left.
    pub left: Diagnostics,
}

/// Makes every change of a text that mends a problem and cannot be meant otherwise.
///
/// Comments and layout stay. A change after which the text would have more errors is not made, and
/// none is when the text cannot be read as YAML in the end.
/// What the fixed text asks for is what the original asks for, if that was valid.
///
/// ```
/// let fixed = undercut_sdl::fix("version: 2.0\nServices: {}\n");
/// assert_eq!(fixed.text, "version: \"2.0\"\nservices: {}\n");
/// assert_eq!(fixed.mended.len(), 2);
/// ```
#[must_use]
pub fn fix(original: &str) -> Fixed {
    let (sdl, left) = check(original);
    let text = original.to_owned();
    let mut state = State { text, sdl, left, mended: Vec::new(), budget: READ_BYTES_MAX };
    for _ in 0..ROUNDS_MAX {
        let found = compatible(&state.left);
        // What cannot be mended together may still be mended alone.
        if found.is_empty() || !(state.mend(&found) || found.iter().any(|one| state.mend_one(one)))
        {
            break;
        }
    }
    if state.left.iter().any(is_syntax) {
        // Columns were guessed, and the text cannot be read all the same: leave it as it is.
        let (_, left) = check(original);
        return Fixed { text: original.to_owned(), mended: Vec::new(), left };
    }
    Fixed { text: state.text, mended: state.mended, left: state.left }
}

struct State {
    text: String,
    sdl: Option<Sdl>,
    left: Diagnostics,
    mended: Vec<Diagnostic>,
    /// Bytes that may still be read.
    budget: usize,
}

impl State {
    /// Makes these changes, and says so, if they leave what the text asks for as it is and the list
    /// of problems better.
    fn mend(&mut self, found: &[Diagnostic]) -> bool {
        let text = edited(&self.text, found);
        let Some(budget) = self.budget.checked_sub(text.len()) else { return false };
        self.budget = budget;
        let (sdl, left) = check(&text);
        let is_same = self.sdl.is_none() || self.sdl == sdl;
        if !is_same || !is_better(&self.left, &left) {
            return false;
        }
        self.mended.extend_from_slice(found);
        (self.text, self.sdl, self.left) = (text, sdl, left);
        true
    }

    fn mend_one(&mut self, problem: &Diagnostic) -> bool {
        self.mend(std::slice::from_ref(problem))
    }
}

/// The problems whose fixes do not touch one another.
fn compatible(found: &Diagnostics) -> Vec<Diagnostic> {
    let mut end = 0;
    let mut kept = Vec::new();
    for problem in found {
        let Some(fix) = &problem.fix else { continue };
        let (Some(first), Some(last)) = (fix.edits.first(), fix.edits.last()) else { continue };
        if kept.is_empty() || first.span.start >= end {
            end = last.span.end;
            kept.push(problem.clone());
        }
    }
    kept
}

fn edited(text: &str, problems: &[Diagnostic]) -> String {
    let edits: Vec<&Edit> = problems
        .iter()
        .filter_map(|problem| problem.fix.as_ref())
        .flat_map(|fix| &fix.edits)
        .collect();
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for edit in edits {
        out.push_str(text.get(from..edit.span.start).unwrap_or_default());
        out.push_str(&edit.text);
        from = edit.span.end;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

/// Whether the second list is no worse. A text that is not YAML has one error and hides all others,
/// so a later error of that kind, or any other error in its place, is progress.
fn is_better(before: &Diagnostics, after: &Diagnostics) -> bool {
    let place = |found: &Diagnostics| {
        let mut errors = found.iter().filter(|one| one.severity == Severity::Error);
        errors.find(|one| is_syntax(one)).map(|one| one.span.start)
    };
    let errors =
        |found: &Diagnostics| found.iter().filter(|one| one.severity == Severity::Error).count();
    match (place(before), place(after)) {
        (Some(before), Some(after)) => after > before,
        (Some(_), None) => true,
        (None, Some(_)) => false,
        (None, None) => {
            errors(after) <= errors(before)
                && (errors(after), after.len()) < (errors(before), before.len())
        }
    }
}

fn is_syntax(problem: &Diagnostic) -> bool {
    problem.code == code::SYNTAX || problem.code == code::INDENTATION
}
