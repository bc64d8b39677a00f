//! `undercut explain`: what a code means, out of the library's catalogue and `docs/codes.md`.

use std::fmt::Write as _;

use crate::exit::{Exit, Failure};
use crate::print;
use crate::style::{Style, visible};

/// The page with all codes. It is read at run time: a page of 30 kB takes no time.
const PAGE: &str = include_str!("../../../docs/codes.md");
/// A code that is no more letters away than this may be the one meant.
const DISTANCE_MAX: usize = 2;
/// Columns that say in general what is wrong, one in each table.
const SENTENCES: [&str; 3] = ["sentence", "when", "headline"];

/// Prints the meaning of one code, or the list of all.
pub(crate) fn run(code: Option<&str>, style: Style) -> Result<Exit, Failure> {
    let rows = rows(PAGE);
    let text = match code {
        None => list(&rows),
        Some(code) => meaning(code, &rows)?,
    };
    print(&style.paint(&text))?;
    Ok(Exit::Done)
}

fn meaning(typed: &str, rows: &[Row<'_>]) -> Result<String, Failure> {
    if let Some(entry) = undercut_sdl::entry(typed) {
        return Ok(entry.to_text());
    }
    let code = canonical(typed);
    let texts: Vec<String> = rows.iter().filter(|row| row.code == code).map(Row::to_text).collect();
    if !texts.is_empty() {
        return Ok(texts.join("\n"));
    }
    // Of equally near codes, the one with the same letters in another order.
    let letters = |code: &str| {
        let mut letters = code.as_bytes().to_vec();
        letters.sort_unstable();
        letters
    };
    let far = |known: &str| (distance(&code, known), letters(&code) != letters(known));
    let nearest = rows.iter().min_by_key(|row| far(row.code));
    let nearest = nearest.filter(|row| far(row.code).0 <= DISTANCE_MAX);
    let meant = nearest.map_or_else(String::new, |row| format!("did you mean `{}`? ", row.code));
    let sentence =
        format!("`{}` is no code; {meant}`undercut explain` lists all", visible(typed.trim()));
    Err(Failure::wrong_use(sentence))
}

/// The code in capitals and with three digits: `bid6` is `BID006`.
fn canonical(typed: &str) -> String {
    let typed = typed.trim().to_ascii_uppercase();
    let split = typed.find(|c: char| c.is_ascii_digit()).unwrap_or(typed.len());
    match typed.split_at_checked(split) {
        Some((prefix, digits)) if !digits.is_empty() => format!("{prefix}{digits:0>3}"),
        _ => typed,
    }
}

/// A code's row in a table of the page.
#[derive(Debug)]
struct Row<'a> {
    code: &'a str,
    /// What the codes of its section are about.
    about: &'a str,
    /// Where it comes from, with links as on the page.
    source: String,
    /// Names of columns and what stands there, without the code.
    cells: Vec<(&'a str, &'a str)>,
}

impl Row<'_> {
    fn sentence(&self) -> &str {
        let found = self.cells.iter().find(|(name, _)| SENTENCES.contains(name));
        found.map_or("", |(_, cell)| cell)
    }

    fn to_text(&self) -> String {
        let prefix = self.code.trim_end_matches(|c: char| c.is_ascii_digit());
        let mut out = format!("{}: {}\n\n", self.code, self.sentence());
        // Writing to a `String` cannot fail.
        let mut line = |name: &str, text: &str| {
            let _ = writeln!(out, "{name:<10}  {text}");
        };
        line("section", &format!("{prefix}: {}", self.about));
        for (name, cell) in &self.cells {
            if !SENTENCES.contains(name) && *cell != "\u{2013}" {
                line(name, &cell.replace('`', ""));
            }
        }
        line("source", &without_links(&self.source));
        if self.sentence().contains('{') {
            out.push_str("\nWords in {braces} are filled in.\n");
        }
        out
    }
}

fn list(rows: &[Row<'_>]) -> String {
    let mut out = String::new();
    let mut about = "";
    for row in rows {
        if row.about != about {
            about = row.about;
            let gap = if out.is_empty() { "" } else { "\n" };
            let _ = writeln!(out, "{gap}{about}");
        }
        let _ = writeln!(out, "  {}  {}", row.code, row.sentence());
    }
    out
}

/// All rows whose first cell is a code, in the order of the page.
fn rows(page: &str) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for section in page.split("\n## ").skip(1) {
        let prefix = section.lines().next().unwrap_or_default().trim();
        let about = about(page, prefix);
        let source = source(section);
        let mut names: Vec<&str> = Vec::new();
        for line in section.lines().filter(|line| line.starts_with('|')) {
            let cells = cells(line);
            match cells.split_first() {
                Some((&"code", rest)) => names = rest.to_vec(),
                Some((first, rest)) if first.starts_with('`') && !names.is_empty() => {
                    let cells = names.iter().copied().zip(rest.iter().copied()).collect();
                    let code = first.trim_matches('`');
                    rows.push(Row { code, about, source: source.clone(), cells });
                }
                _ => {}
            }
        }
    }
    rows
}

fn cells(line: &str) -> Vec<&str> {
    line.trim().trim_matches('|').split(" | ").map(str::trim).collect()
}

/// What the first table says about a prefix.
fn about<'a>(page: &'a str, prefix: &str) -> &'a str {
    let start = format!("| [{prefix}](");
    let row = page.lines().find(|line| line.starts_with(&start));
    row.and_then(|line| cells(line).last().copied()).unwrap_or_default()
}

/// The paragraph of a section that starts with `Source:`, without that word.
fn source(section: &str) -> String {
    let found = section.split("\n\n").find_map(|part| part.trim_start().strip_prefix("Source:"));
    found.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text with the targets of its links, as paths from the root of the repository, instead of them.
fn without_links(text: &str) -> String {
    let mut parts = text.split('[');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let target = part.split_once("](").and_then(|(_, rest)| rest.split_once(')'));
        let Some((target, rest)) = target else {
            out.push('[');
            out.push_str(part);
            continue;
        };
        out.push_str(target.trim_start_matches("../"));
        out.push_str(rest);
    }
    out.replace('`', "")
}

/// Letters to insert, remove or replace on the way from `a` to `b`.
fn distance(a: &str, b: &str) -> usize {
    // What is much longer than a code is far from every code.
    if a.len() > b.len().saturating_mul(2) {
        return a.len();
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (index, left) in a.bytes().enumerate() {
        let mut diagonal = index;
        let mut before = index.saturating_add(1);
        for (right, cell) in b.bytes().zip(row.iter_mut().skip(1)) {
            let replaced = diagonal.saturating_add(usize::from(left != right));
            diagonal = *cell;
            before = replaced.min(before.saturating_add(1)).min(cell.saturating_add(1));
            *cell = before;
        }
        if let Some(first) = row.first_mut() {
            *first = index.saturating_add(1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_sentence_a_section_and_a_source() {
        let rows = rows(PAGE);
        assert!(rows.len() > 150, "{}", rows.len());
        for row in &rows {
            let is_complete = !row.sentence().is_empty() && !row.about.is_empty();
            assert!(is_complete && row.source.contains("crates/"), "{row:?}");
        }
    }

    #[test]
    fn the_page_lists_every_code_of_the_catalogue() {
        let rows = rows(PAGE);
        let listed: Vec<_> = rows.iter().filter(|row| row.code.starts_with("SDL")).collect();
        let listed: Vec<_> = listed.iter().map(|row| (row.code, row.sentence())).collect();
        let known: Vec<_> = undercut_sdl::CATALOGUE
            .iter()
            .map(|entry| (entry.code.as_str(), entry.headline))
            .collect();
        assert_eq!(listed, known);
    }

    #[test]
    fn codes_are_read_as_people_type_them() {
        let rows = [("bid6", "BID006"), (" ORD013 ", "ORD013"), ("LOG", "LOG")];
        for (typed, expected) in rows {
            assert_eq!(canonical(typed), expected);
        }
    }
}
