//! What changed between two texts, line by line, in the form that `patch` reads.

use std::fmt::Write as _;

/// Equal lines shown around a change.
const CONTEXT: usize = 3;
/// Lines looked ahead in both texts to find where they agree again.
const REACH: usize = 16;

/// A line and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step<'a> {
    Keep(&'a str),
    Remove(&'a str),
    Add(&'a str),
}

/// The difference as a unified diff; empty for equal texts.
///
/// It is right for any two texts, and short where few lines differ. Time grows with the length.
pub(crate) fn unified(path: &str, old: &str, new: &str) -> String {
    if old == new {
        return String::new();
    }
    let steps = steps(&lines(old), &lines(new));
    let mut out = format!("--- {path}\n+++ {path}\n");
    let (mut at, mut old_line, mut new_line) = (0, 1_usize, 1_usize);
    while let Some(hunk) = hunk(&steps, at) {
        let skipped = hunk.start.saturating_sub(at);
        (old_line, new_line) = (old_line.saturating_add(skipped), new_line.saturating_add(skipped));
        let shown = steps.get(hunk.clone()).unwrap_or_default();
        let count =
            |without: fn(&Step<'_>) -> bool| shown.iter().filter(|one| !without(one)).count();
        let olds = count(|one| matches!(one, Step::Add(_)));
        let news = count(|one| matches!(one, Step::Remove(_)));
        let (old_at, new_at) = (first(old_line, olds), first(new_line, news));
        // Writing to a `String` cannot fail.
        let _ = writeln!(out, "@@ -{old_at},{olds} +{new_at},{news} @@");
        shown.iter().for_each(|step| push(&mut out, step));
        (old_line, new_line) = (old_line.saturating_add(olds), new_line.saturating_add(news));
        at = hunk.end;
    }
    out
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// The first line of a hunk; of one without lines, the line before it.
const fn first(line: usize, count: usize) -> usize {
    if count == 0 { line.saturating_sub(1) } else { line }
}

fn push(out: &mut String, step: &Step<'_>) {
    let (mark, line) = match step {
        Step::Keep(line) => (' ', line),
        Step::Remove(line) => ('-', line),
        Step::Add(line) => ('+', line),
    };
    out.push(mark);
    out.push_str(line);
    if !line.ends_with('\n') {
        out.push_str("\n\\ No newline at end of file\n");
    }
}

/// The steps of the next hunk at or after `from`: changes with little between them, and context.
fn hunk(steps: &[Step<'_>], from: usize) -> Option<std::ops::Range<usize>> {
    let is_change = |step: &&Step<'_>| !matches!(step, Step::Keep(_));
    let first = from.saturating_add(steps.iter().skip(from).position(|step| is_change(&step))?);
    let mut end = first;
    let (mut kept, mut at) = (0_usize, first);
    for step in steps.iter().skip(first) {
        at = at.saturating_add(1);
        if is_change(&step) {
            (kept, end) = (0, at);
        } else {
            kept = kept.saturating_add(1);
            if kept > CONTEXT.saturating_mul(2) {
                break;
            }
        }
    }
    let start = first.saturating_sub(CONTEXT).max(from);
    Some(start..end.saturating_add(CONTEXT).min(steps.len()))
}

fn steps<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Step<'a>> {
    let mut steps = Vec::with_capacity(old.len());
    let (mut old, mut new) = (old, new);
    loop {
        let (removed, added) = agree(old, new);
        let (gone, old_rest) = old.split_at(removed.min(old.len()));
        let (come, new_rest) = new.split_at(added.min(new.len()));
        steps.extend(gone.iter().map(|line| Step::Remove(line)));
        steps.extend(come.iter().map(|line| Step::Add(line)));
        (old, new) = (old_rest, new_rest);
        match (old, new) {
            ([same, old_rest @ ..], [other, new_rest @ ..]) if same == other => {
                steps.push(Step::Keep(same));
                (old, new) = (old_rest, new_rest);
            }
            ([], []) => return steps,
            _ => {}
        }
    }
}

/// How many lines of each to pass until they agree; all of them when one is at its end, one of each
/// when they do not agree within reach.
fn agree(old: &[&str], new: &[&str]) -> (usize, usize) {
    if old.is_empty() || new.is_empty() {
        return (old.len(), new.len());
    }
    for distance in 0..=REACH {
        for removed in 0..=distance {
            let added = distance.saturating_sub(removed);
            let (left, right) = (old.get(removed), new.get(added));
            if left.is_some() && left == right {
                return (removed, added);
            }
        }
    }
    (1, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes the changes of a diff.
    fn patched(old: &str, diff: &str) -> String {
        let old = lines(old);
        let (mut out, mut at) = (String::new(), 0);
        let mut rows = diff.split_inclusive('\n').skip(2).peekable();
        while let Some(row) = rows.next() {
            if let Some(header) = row.strip_prefix("@@ -") {
                let numbers: Vec<usize> = header
                    .split(|c: char| !c.is_ascii_digit())
                    .filter_map(|word| word.parse().ok())
                    .collect();
                let start = if numbers[1] == 0 { numbers[0] } else { numbers[0] - 1 };
                out.extend(old[at..start].iter().copied());
                at = start;
                continue;
            }
            let (mark, line) = row.split_at(1);
            let is_last = rows.peek().is_some_and(|next| next.starts_with('\\'));
            let line = if is_last { line.trim_end_matches('\n') } else { line };
            match mark {
                " " => (out.push_str(line), assert_eq!(old[at], line), at += 1).0,
                "-" => (assert_eq!(old[at], line), at += 1).0,
                "+" => out.push_str(line),
                _ => assert_eq!(mark, "\\"),
            }
        }
        out.extend(old[at..].iter().copied());
        out
    }

    #[test]
    fn a_diff_leads_from_the_old_text_to_the_new_one() {
        let long: String = (0..60).map(|line| format!("{line}\n")).collect();
        let rows = [
            ("a\nb\nc\n", "a\nB\nc\n"),
            ("", "a\n"),
            ("a\n", ""),
            ("a", "a\n"),
            ("a\nb", "b\nc"),
            ("a\nb\nc\nd\n", "c\nd\na\nb\n"),
            (long.as_str(), &long.replace("7\n", "x\ny\n")),
            (&long.replace('\n', "\r\n"), long.as_str()),
            (&long[..60], &long),
        ];
        for (old, new) in rows {
            let diff = unified("x", old, new);
            assert_eq!(patched(old, &diff), new, "{diff}");
        }
        assert_eq!(unified("x", "a", "a"), "");
    }

    #[test]
    fn a_diff_shows_three_lines_around_a_change() {
        let old: String = (1..=9).map(|line| format!("{line}\n")).collect();
        let diff = unified("x", &old, &old.replace('5', "five"));
        assert_eq!(diff, "--- x\n+++ x\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
    }
}
