//! What to write instead of a value of the wrong kind, with the edits where they are certain.

use super::{What, keys};
use crate::diagnostic::{Edit, Problem, Span};
use crate::gate::short;
use crate::node::{Child, Kind, Node, Style, Tag};
use crate::quantity;

/// What to write.
pub(super) struct Instead {
    help: String,
    /// In order; none when it could be meant otherwise.
    edits: Vec<Edit>,
}

impl Instead {
    fn words(help: impl Into<String>) -> Self {
        Self { help: help.into(), edits: Vec::new() }
    }

    /// `problem` with this help.
    pub(super) fn told(self, problem: Problem) -> Problem {
        let problem = problem.help(self.help);
        if self.edits.is_empty() { problem } else { problem.fix_all(self.edits) }
    }
}

/// What to write instead of `node`, which should be `wanted`.
pub(super) fn of(node: &Node<'_>, what: What<'_>, wanted: &str) -> Option<Instead> {
    if is_template(node) {
        return Some(Instead::words("fill the template in first: a manifest holds the values"));
    }
    match (&node.kind, wanted) {
        (Kind::Mapping(pairs), "text") if what.is_variable() => Some(variable(node, pairs)),
        (Kind::Mapping(_), "text") => Some(Instead::words("put a text with `: ` in it in quotes")),
        (Kind::Sequence(items), "text") => Some(one_of(items)),
        (Kind::Mapping(pairs), "a list") => Some(as_list(node, what, pairs)),
        (Kind::Scalar { text, .. }, "a list") => Some(in_brackets(node, what, text)),
        (Kind::Scalar { text, .. }, "a mapping") => as_mapping(node, what, text),
        (Kind::Sequence(_), "a mapping") => {
            Some(Instead::words("remove the `- ` in front of each item"))
        }
        (Kind::Sequence(_), _) if wanted.starts_with("a mapping") => {
            Some(Instead::words("remove the `- ` in front of each key"))
        }
        (_, wanted) if wanted.starts_with("a mapping") => {
            Some(Instead::words("start with the line `version: \"2.0\"`"))
        }
        _ => None,
    }
}

/// What to write instead of a text that is no number, under `key`.
pub(super) fn number_help(key: &str, text: &str) -> String {
    let digits = |text: &str| quantity::whole(text).is_ok();
    if text.contains("${") || text.starts_with(['$', '<', '%', '{']) {
        return "write the number itself: nothing is filled in later".to_owned();
    }
    let parts = |separator| text.split_once(separator).filter(|(left, _)| digits(left));
    if let Some((outside, inside)) = parts(':').filter(|(_, right)| digits(right)) {
        return format!("write `port: {inside}` and `as: {outside}`");
    }
    if let Some((port, protocol)) = parts('/') {
        return format!("write `port: {port}` and `proto: {}`", short(protocol));
    }
    if parts('-').is_some_and(|(_, right)| digits(right)) {
        return "write an item for each port: there are no ranges".to_owned();
    }
    let joined: String = text.chars().filter(|c| !",'_ ".contains(*c)).collect();
    if digits(&joined) {
        return format!("write `{key}: {joined}`");
    }
    format!("write digits alone, such as `{key}: {}`", if key == "port" { 80 } else { 1 })
}

/// `{{ .Values.x }}`, which YAML reads as a mapping whose key is a mapping.
fn is_template(node: &Node<'_>) -> bool {
    let Kind::Mapping(pairs) = &node.kind else { return false };
    matches!(pairs.as_slice(), [(key, _)] if matches!(key.kind, Kind::Mapping(_)))
}

/// Whether a scalar stands on one line just as it reads, perhaps in quotes.
fn is_as_written(node: &Node<'_>) -> bool {
    let Kind::Scalar { text, style } = &node.kind else { return false };
    let quotes = if *style == Style::Plain { 0 } else { 2 };
    let length = node.span.end.saturating_sub(node.span.start);
    node.tag == Tag::None && !text.contains('\n') && length == text.len().saturating_add(quotes)
}

/// Whether a text may stand anywhere without quotes.
fn is_word(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || "_-./:@+=".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/')
        && text.chars().all(inner)
        && !text.ends_with(':')
}

/// Whether a mapping with these pairs is written in lines, and not in `{ }`.
fn is_block(node: &Node<'_>, pairs: &[(Child<'_>, Child<'_>)]) -> bool {
    pairs.first().is_some_and(|(key, _)| key.span.start == node.span.start)
}

/// The edit that makes `NAME=value` of a pair.
fn assignment(name: &Node<'_>, value: &Node<'_>) -> Option<Edit> {
    let text = value.scalar().filter(|_| !value.is_null())?;
    let certain = is_as_written(name)
        && name.style() == Some(Style::Plain)
        && is_as_written(value)
        && name.span.end < value.span.start;
    if !certain {
        return None;
    }
    if value.style() == Some(Style::Plain) {
        let span = Span::new(name.span.end, value.span.start);
        return Some(Edit { span, text: "=".to_owned() });
    }
    let span = Span::new(name.span.end, value.span.end);
    is_word(text).then(|| Edit { span, text: format!("={text}") })
}

/// An item of `env` that is a mapping.
fn variable(node: &Node<'_>, pairs: &[(Child<'_>, Child<'_>)]) -> Instead {
    let found = |wanted: &str| {
        let pair = pairs.iter().find(|(key, _)| key.scalar() == Some(wanted));
        pair.and_then(|(_, value)| value.scalar())
    };
    if let (Some(name), Some(value)) = (found("name"), found("value")) {
        return Instead::words(format!("write `{}={}`", short(name), short(value)));
    }
    let [(name, value)] = pairs else {
        return Instead::words("write `- NAME=value` for each variable");
    };
    let (Some(key), Some(text)) = (name.scalar(), value.scalar()) else {
        return Instead::words("write `NAME=value`");
    };
    let edit = assignment(name, value).filter(|_| is_block(node, pairs));
    let help = format!("write `{}={}`", short(key), short(text));
    Instead { help, edits: edit.into_iter().collect() }
}

/// A list where one text is wanted.
fn one_of(items: &[Child<'_>]) -> Instead {
    match items {
        [only] => match only.scalar() {
            Some(text) => Instead::words(format!("write `{}`, without a list", short(text))),
            None => Instead::words("write one value, without a list"),
        },
        _ => Instead::words("write one value, without a list"),
    }
}

/// A mapping where a list is wanted.
fn as_list(node: &Node<'_>, what: What<'_>, pairs: &[(Child<'_>, Child<'_>)]) -> Instead {
    let is_block = is_block(node, pairs);
    if matches!(what, What::Key("env", _)) {
        let dash = |name: &Node<'_>| Edit {
            span: Span::new(name.span.start, name.span.start),
            text: "- ".to_owned(),
        };
        let edits: Option<Vec<[Edit; 2]>> = pairs
            .iter()
            .map(|(name, value)| Some([dash(name), assignment(name, value)?]))
            .collect();
        let edits = edits.filter(|_| is_block).unwrap_or_default();
        let help = "write `- NAME=value` for each variable".to_owned();
        return Instead { help, edits: edits.into_iter().flatten().collect() };
    }
    let first = pairs.first().and_then(|(key, _)| key.scalar()).unwrap_or_default();
    let certain = is_block && pairs.iter().all(|(_, value)| is_as_written(value));
    let inserted = |(index, (key, _)): (usize, &(Child<'_>, Child<'_>))| Edit {
        span: Span::new(key.span.start, key.span.start),
        text: if index == 0 { "- " } else { "  " }.to_owned(),
    };
    let edits = match certain {
        true => pairs.iter().enumerate().map(inserted).collect(),
        false => Vec::new(),
    };
    Instead { help: format!("put `- ` in front of `{}`", short(first)), edits }
}

/// One value where a list is wanted.
fn in_brackets(node: &Node<'_>, what: What<'_>, text: &str) -> Instead {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let has_quotes = text.contains(['"', '\'']);
    let is_command = matches!(what, What::Key("command", _));
    if words.len() > 1 && is_command && !text.contains('"') {
        let shell = format!("write `[ \"sh\", \"-c\", \"{}\" ]`", short(text));
        return Instead::words(shell);
    }
    if words.len() > 1 && has_quotes {
        return Instead::words("write a list in which each word is an item");
    }
    let certain = words.len() == 1 && is_as_written(node) && is_word(text);
    let insert = |at: usize, text: &str| Edit { span: Span::new(at, at), text: text.to_owned() };
    let edits = match certain {
        true => vec![insert(node.span.start, "[ "), insert(node.span.end, " ]")],
        false => Vec::new(),
    };
    Instead { help: format!("write `[ {} ]`", short(&words.join(", "))), edits }
}

/// One value where a mapping is wanted.
fn as_mapping(node: &Node<'_>, what: What<'_>, text: &str) -> Option<Instead> {
    let is_plain = node.style() == Some(Style::Plain) && is_as_written(node);
    let insert = |at: usize, text: &str| Edit { span: Span::new(at, at), text: text.to_owned() };
    let pair = text.split_once(':').filter(|(_, value)| !value.is_empty());
    if let Some((key, value)) = pair
        && keys::known_anywhere(key).is_some()
    {
        let at = node.span.start.saturating_add(key.len()).saturating_add(1);
        let help = format!("put a blank after the `:`: `{key}: {}`", short(value));
        let edits = if is_plain { vec![insert(at, " ")] } else { Vec::new() };
        return Some(Instead { help, edits });
    }
    let shown = short(text);
    if matches!(what, What::Item("to", _)) && text == "global" {
        let edits = if is_plain { vec![insert(node.span.end, ": true")] } else { Vec::new() };
        return Some(Instead { help: "write `- global: true`".to_owned(), edits });
    }
    let Some(key) = main_key(what) else {
        return Some(Instead::words(match what {
            What::Item("to", _) => format!("write `- service: {shown}`"),
            What::Key("gpu", _) => format!("write `gpu: {}`", gpu(text)),
            What::Key("vendor", _) => format!("write `vendor: {ANY_GPU}`"),
            What::Named("the price of", _) => {
                format!("write `{{ denom: uact, amount: {shown} }}`")
            }
            What::Placed(..) => format!("write `{{ profile: {shown}, count: 1 }}`"),
            _ => "write its keys on lines of their own below it".to_owned(),
        }));
    };
    let (start, end) = (node.span.start, node.span.end);
    let (help, edits) = if matches!(what, What::Item(..)) {
        let edits = vec![insert(start, &format!("{key}: "))];
        (format!("write `- {key}: {shown}`"), edits)
    } else {
        let edits = vec![insert(start, &format!("{{ {key}: ")), insert(end, " }")];
        (format!("write `{{ {key}: {shown} }}`"), edits)
    };
    let certain = is_plain && is_word(text);
    Some(Instead { help, edits: if certain { edits } else { Vec::new() } })
}

/// The key that one value alone belongs to.
fn main_key(what: What<'_>) -> Option<&'static str> {
    Some(match what {
        What::Named("service", _) => "image",
        What::Named("the mount of volume", _) => "mount",
        What::Named("endpoint", _) => "kind",
        What::Item("expose", _) => "port",
        What::Item("nvidia", _) => "model",
        What::Item("storage", _) | What::Key("memory" | "storage", _) => "size",
        What::Key("cpu", _) => "units",
        _ => return None,
    })
}

/// The vendor and models that any GPU fits.
pub(super) const ANY_GPU: &str = "{ nvidia: [ { model: \"*\" } ] }";

/// A whole `gpu` section.
fn gpu(units: &str) -> String {
    let units = if quantity::whole(units).is_ok() { units } else { "1" };
    format!("{{ units: {units}, attributes: {{ vendor: {ANY_GPU} }} }}")
}
