//! Problems as SARIF 2.1.0, the format of code scanners: one run for all files.

use std::path::{Component, Path};

use serde_json::{Value, json};
use undercut_sdl::{Diagnostic, Edit, Label, Level, Severity, Span};

use super::{Checked, Unreadable, page_of};
use crate::exit::{Exit, Failure};
use crate::sdl::places::Places;
use crate::style::escaped_json;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The only run.
#[derive(Default)]
pub(crate) struct Run {
    /// The codes that were reported, in the order in which they were first.
    rules: Vec<&'static str>,
    results: Vec<Value>,
    notifications: Vec<Value>,
}

impl Run {
    pub(super) fn file(&mut self, checked: &Checked<'_>) -> String {
        let file = File { uri: uri(checked.file), places: checked.places() };
        for problem in checked.found {
            let rule = self.rule(problem.code.as_str());
            self.results.push(file.result(problem, rule));
        }
        String::new()
    }

    pub(super) fn unreadable(&mut self, file: &Unreadable<'_>) -> String {
        self.notifications.push(json!({
            "level": "error",
            "descriptor": { "id": file.code },
            "message": { "text": message(file.sentence) },
            "locations": [
                { "physicalLocation": { "artifactLocation": { "uri": uri(file.file) } } },
            ],
        }));
        String::new()
    }

    /// The number of a code among the rules.
    fn rule(&mut self, code: &'static str) -> usize {
        self.rules.iter().position(|known| *known == code).unwrap_or_else(|| {
            self.rules.push(code);
            self.rules.len().saturating_sub(1)
        })
    }

    pub(super) fn finish(&self) -> Result<String, Failure> {
        let rules: Vec<Value> = self.rules.iter().map(|code| rule(code)).collect();
        let log = json!({
            "$schema": SCHEMA,
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": {
                    "name": "undercut",
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": rules,
                }},
                "invocations": [{
                    "executionSuccessful": self.notifications.is_empty(),
                    "toolExecutionNotifications": self.notifications,
                }],
                "columnKind": "utf16CodeUnits",
                "newlineSequences": ["\r\n", "\n", "\r"],
                "results": self.results,
            }],
        });
        let text = serde_json::to_string_pretty(&log).map(|json| escaped_json(&json));
        let text = text.map_err(|error| Failure::new(Exit::Bug, error.to_string()))?;
        Ok(text + "\n")
    }
}

/// What there is to know about a code. The standard's `helpUri` is an absolute address, which a page
/// in this repository does not have, so `help` names the page.
fn rule(code: &str) -> Value {
    let mut rule = json!({ "id": code });
    let (Some(entry), Some(fields)) = (undercut_sdl::entry(code), rule.as_object_mut()) else {
        return rule;
    };
    let level = match entry.level {
        Level::Error | Level::Either => "error",
        Level::Warning => "warning",
    };
    let help = format!("See {}, or run `undercut explain {code}`.", page_of(code));
    fields.insert("shortDescription".into(), json!({ "text": message(entry.headline) }));
    fields.insert("fullDescription".into(), json!({ "text": message(entry.explanation) }));
    fields.insert("help".into(), json!({ "text": message(&help) }));
    fields.insert("defaultConfiguration".into(), json!({ "level": level }));
    rule
}

struct File<'a> {
    uri: String,
    places: Places<'a>,
}

impl File<'_> {
    fn result(&self, problem: &Diagnostic, rule: usize) -> Value {
        let level = match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let mut text = problem.sentence.clone();
        for (mark, part) in [(": ", &problem.label), ("\nhelp: ", &problem.help)] {
            if let Some(part) = part {
                text.push_str(mark);
                text.push_str(part);
            }
        }
        let mut result = json!({
            "ruleId": problem.code.as_str(),
            "ruleIndex": rule,
            "level": level,
            "message": { "text": message(&text) },
            "locations": [{ "physicalLocation": self.place(problem.span) }],
        });
        let Some(fields) = result.as_object_mut() else { return result };
        if !problem.labels.is_empty() {
            let related = problem.labels.iter().enumerate();
            let related: Vec<Value> = related.map(|(id, label)| self.related(id, label)).collect();
            fields.insert("relatedLocations".into(), related.into());
        }
        if let Some(fix) = &problem.fix {
            let fix = self.fix(&fix.edits, problem.help.as_deref());
            fields.insert("fixes".into(), json!([fix]));
        }
        result
    }

    fn related(&self, id: usize, label: &Label) -> Value {
        json!({
            "id": id,
            "message": { "text": message(&label.text) },
            "physicalLocation": self.place(label.span),
        })
    }

    fn fix(&self, edits: &[Edit], help: Option<&str>) -> Value {
        let replacement = |edit: &Edit| {
            json!({
                "deletedRegion": self.region(edit.span),
                "insertedContent": { "text": edit.text },
            })
        };
        let replacements: Vec<Value> = edits.iter().map(replacement).collect();
        json!({
            "description": { "text": message(help.unwrap_or("mend it")) },
            "artifactChanges": [{
                "artifactLocation": { "uri": self.uri },
                "replacements": replacements,
            }],
        })
    }

    fn place(&self, span: Span) -> Value {
        json!({ "artifactLocation": { "uri": self.uri }, "region": self.region(span) })
    }

    /// Lines and columns from 1; the end is behind the last one.
    fn region(&self, span: Span) -> Value {
        let [start, end] = self.places.ends(span);
        json!({
            "startLine": start.line.saturating_add(1),
            "startColumn": start.units.saturating_add(1),
            "endLine": end.line.saturating_add(1),
            "endColumn": end.units.saturating_add(1),
        })
    }
}

/// A text as a message: braces, which stand for arguments there, are doubled, and nothing in it is a
/// link.
fn message(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}").replace("](", "] (")
}

/// A path as a reference: relative as it was given, or `file:///` and the absolute path.
fn uri(file: &Path) -> String {
    let mut out = String::new();
    if file.is_absolute() {
        out.push_str("file://");
    }
    for part in file.components() {
        match part {
            Component::RootDir => out.push('/'),
            Component::CurDir => {}
            part => {
                if !out.is_empty() && !out.ends_with('/') {
                    out.push('/');
                }
                push_encoded(&mut out, part.as_os_str().as_encoded_bytes());
            }
        }
    }
    out
}

fn push_encoded(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(*byte));
            }
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_references() {
        let rows = [
            ("deploy.yaml", "deploy.yaml"),
            ("./a//b/x y.yaml", "a/b/x%20y.yaml"),
            ("../a:b/#1?.yaml", "../a%3Ab/%231%3F.yaml"),
            ("/tmp/ä%.yaml", "file:///tmp/%C3%A4%25.yaml"),
            ("-", "-"),
        ];
        for (path, expected) in rows {
            assert_eq!(uri(Path::new(path)), expected, "{path}");
        }
    }

    #[test]
    fn messages_have_no_arguments_and_no_links() {
        assert_eq!(message("`{0}` [a](b)"), "`{{0}}` [a] (b)");
    }
}
