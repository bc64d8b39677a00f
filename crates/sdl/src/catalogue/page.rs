//! The catalogue as text: for a terminal, and as the page of the documentation.

use std::fmt::Write as _;

use super::{BASES, CATALOGUE, Entry, Example};

/// Columns of text in a terminal.
const TERMINAL_COLUMNS: usize = 80;
/// Columns of text in the page.
const PAGE_COLUMNS: usize = 120;
/// What the manifests of examples are called in their diagnostics.
const FILE: &str = "deploy.yaml";

/// What stands before the table of the page.
const INTRO: &str = "Every problem of a manifest has a code. This page says for each code what \
    the rule is, why it exists and what to do, with a wrong and a right form; `undercut explain` \
    with a code prints the same. An error refuses the manifest; with a warning it is taken, but \
    probably does not say what was meant. \"The chain's tools\" are the reference implementation, \
    which command line, nodes and providers run; \"the web console\" is the other client, which \
    accepts some texts that they refuse and the other way round.";

/// What stands before the manifests at the end of the page.
const BASES_INTRO: &str = "Each example replaces lines of one of these two manifests, which are \
    valid without a warning. Line numbers in the messages above are those of the manifest with \
    the wrong lines.";

impl Entry {
    /// The entry for a terminal: code, headline and level, the explanation in lines of at most 80
    /// columns, then the wrong lines with what the checker says about them, and the right ones.
    /// Plain text that ends with a line end.
    ///
    /// ```
    /// let shown = undercut_sdl::entry("SDL014").unwrap().to_text();
    /// assert!(shown.starts_with("SDL014: a size cannot be read (error)\n\nA size is a number"));
    /// assert!(shown.contains("error[SDL014]: `512MB` is not a size"));
    /// ```
    #[must_use]
    pub fn to_text(&self) -> String {
        let Self { code, headline, level, explanation, example } = self;
        let explanation = wrap(explanation, TERMINAL_COLUMNS);
        let mut out = format!("{code}: {headline} ({level})\n\n{explanation}\n");
        match example {
            Example::Lines { wrong, right, .. } | Example::Market { wrong, right, .. } => {
                add(&mut out, format_args!("\nwrong:\n\n{wrong}\n"));
                if let Some(told) = self.told() {
                    add(&mut out, format_args!("\n{told}"));
                }
                add(&mut out, format_args!("\nright:\n\n{right}\n"));
            }
            Example::Words { wrong, right } => {
                let wrong = wrap(&format!("wrong: {wrong}"), TERMINAL_COLUMNS);
                let right = wrap(&format!("right: {right}"), TERMINAL_COLUMNS);
                add(&mut out, format_args!("\n{wrong}\n{right}\n"));
            }
        }
        out
    }

    /// The entry as a section of the page, from its heading to the line end of its last line.
    ///
    /// ```
    /// let section = undercut_sdl::entry("SDL014").unwrap().to_markdown();
    /// assert!(section.starts_with("## SDL014\n\n**a size cannot be read** (error)\n"));
    /// ```
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let Self { code, headline, level, explanation, example } = self;
        let explanation = wrap(explanation, PAGE_COLUMNS);
        let mut out = format!("## {code}\n\n**{headline}** ({level})\n\n{explanation}\n");
        match example {
            Example::Lines { wrong, right, .. } | Example::Market { wrong, right, .. } => {
                add(&mut out, format_args!("\nWrong:\n\n```yaml\n{wrong}\n```\n"));
                if let Some(told) = self.told() {
                    add(&mut out, format_args!("\n```text\n{told}```\n"));
                }
                add(&mut out, format_args!("\nRight:\n\n```yaml\n{right}\n```\n"));
            }
            Example::Words { wrong, right } => {
                let wrong = wrap(&format!("Wrong: {wrong}."), PAGE_COLUMNS);
                let right = wrap(&format!("Right: {right}."), PAGE_COLUMNS);
                add(&mut out, format_args!("\n{wrong}\n\n{right}\n"));
            }
        }
        out
    }

    /// What the checker says about the wrong lines, when it tells this code.
    fn told(&self) -> Option<String> {
        let text = self.wrong_manifest()?;
        let (_, problems) = crate::check(&text);
        let problem = problems.iter().find(|problem| problem.code == self.code)?;
        Some(problem.render(FILE, &text))
    }
}

/// The page about all codes, `docs/sdl-codes.md`: a table, a section for each code, and the
/// manifests of the examples.
///
/// ```
/// assert!(undercut_sdl::page().contains("| [SDL014](#sdl014) | error | a size cannot be read |"));
/// ```
#[must_use]
pub fn page() -> String {
    let mut out = String::from("# SDL codes\n\n");
    add(&mut out, format_args!("{}\n\n", wrap(INTRO, PAGE_COLUMNS)));
    out.push_str(
        "This page is made from the [catalogue](../crates/sdl/src/catalogue/mod.rs) by\n\
         `UNDERCUT_BLESS=1 cargo test -p undercut-sdl --test catalogue`.\n\n\
         | code | severity | headline |\n| --- | --- | --- |\n",
    );
    for Entry { code, headline, level, .. } in CATALOGUE {
        let anchor = code.as_str().to_ascii_lowercase();
        add(&mut out, format_args!("| [{code}](#{anchor}) | {level} | {headline} |\n"));
    }
    for entry in CATALOGUE {
        add(&mut out, format_args!("\n{}", entry.to_markdown()));
    }
    let intro = wrap(BASES_INTRO, PAGE_COLUMNS);
    add(&mut out, format_args!("\n## The manifests of the examples\n\n{intro}\n"));
    for base in BASES {
        add(&mut out, format_args!("\n```yaml\n{base}```\n"));
    }
    out.push_str("\nSee also: [all codes](codes.md) \u{b7} [table of contents](README.md)\n");
    out
}

/// Writing to a `String` cannot fail.
fn add(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}

/// Lines of at most `columns` characters, as far as words allow, without a final line end.
fn wrap(text: &str, columns: usize) -> String {
    let mut out = String::new();
    let mut column: usize = 0;
    for word in words(text) {
        let length = word.chars().count();
        let end = column.saturating_add(1).saturating_add(length);
        if column == 0 {
            column = length;
        } else if end > columns {
            out.push('\n');
            column = length;
        } else {
            out.push(' ');
            column = end;
        }
        out.push_str(&word);
    }
    out
}

/// The words of a text. What stands between backticks is one word with its neighbours.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut is_quoted = false;
    for part in text.split(' ') {
        match words.last_mut().filter(|_| is_quoted) {
            Some(word) => {
                word.push(' ');
                word.push_str(part);
            }
            None => words.push(part.to_owned()),
        }
        let changes = part.matches('`').count() % 2 == 1;
        is_quoted = is_quoted != changes;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_not_within_backticks() {
        assert_eq!(wrap("aa bb cc", 5), "aa bb\ncc");
        assert_eq!(wrap("aa `b c`, dd", 7), "aa\n`b c`,\ndd");
        assert_eq!(wrap("long", 2), "long");
        assert_eq!(wrap("", 2), "");
    }
}
