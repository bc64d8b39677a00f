//! From the node tree to the [`Document`]: kinds of values, known keys, quantities.
//!
//! Every mismatch is reported with the place of the value, and reading goes on beside it. Whether
//! the parts fit together is the next step's question ([`crate::check`]).

mod document;
mod placement;
mod profile;
mod service;

use std::collections::BTreeSet;
use std::fmt;

use undercut_primitives::Code;

use crate::code;
use crate::diagnostic::{Edit, Problem, Problems, Span};
use crate::gate::{quoted, short};
use crate::model::{Document, Field, Located, Names, Text};
use crate::node::{Kind, Node, Style, Tag};
use crate::quantity::{self, NoQuantity};
use crate::suggest;

/// The document that `root` describes, or `None` when it is not even a mapping with a version.
pub(crate) fn decode<'n>(root: &'n Node<'n>, problems: &mut Problems) -> Option<Document<'n>> {
    Decoder { problems }.document(root)
}

/// What happens to a key that is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unknown {
    /// The reference ignores it; so do we, with a warning.
    Ignored,
    /// The reference refuses it, and does not know merge keys here either.
    Refused,
}

/// A key and its value.
#[derive(Debug)]
struct Pair<'n, 'w> {
    name: &'n str,
    key: &'n Node<'n>,
    value: &'n Node<'n>,
    /// The value in words: ``` `image` of service `web` ```.
    what: What<'w>,
}

/// A thing of the document in words. Most things are right and never named, so the words are put
/// together only for a sentence.
#[derive(Clone, Copy, Debug)]
enum What<'w> {
    /// Just these words.
    Words(&'w str),
    /// A kind of thing and its name: ``` service `web` ```.
    Named(&'w str, &'w str),
    /// A key of a thing: ``` `image` of service `web` ```.
    Key(&'w str, &'w What<'w>),
    /// Words and the thing they belong to: ``` a port of service `web` ```.
    Part(&'w str, &'w What<'w>),
    /// Where a service is placed: service, placement.
    Placed(&'w str, &'w str),
}

impl What<'_> {
    /// Whether this is an environment variable.
    fn is_variable(&self) -> bool {
        matches!(self, Self::Part(_, Self::Key("env", _)))
    }
}

impl fmt::Display for What<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words(words) => f.write_str(words),
            Self::Named(kind, name) => write!(f, "{kind} `{}`", short(name)),
            Self::Key(key, owner) => write!(f, "`{}` of {owner}", short(key)),
            Self::Part(words, owner) => write!(f, "{words} {owner}"),
            Self::Placed(service, placement) => {
                write!(f, "the deployment of `{}` in `{}`", short(service), short(placement))
            }
        }
    }
}

struct Decoder<'p> {
    problems: &'p mut Problems,
}

impl<'n> Decoder<'_> {
    fn refuse(&mut self, code: Code, span: Span, sentence: String) {
        self.problems.error(code, span, sentence);
    }

    fn wrong_kind(&mut self, node: &Node<'_>, what: What<'_>, wanted: &str) {
        let sentence = format!("{what} must be {wanted}, not {}", node.describe());
        let problem = Problem::error(code::WRONG_TYPE, node.span, sentence);
        let assignment = if what.is_variable() { as_assignment(node) } else { None };
        if let Some(edit) = assignment {
            let help = "write `=` between name and value, without blanks";
            return self.problems.push(problem.help(help).fix_all(vec![edit]));
        }
        let help = match (&node.kind, wanted) {
            (Kind::Mapping(_), "text") => Some("put a text with `: ` in it in quotes".to_owned()),
            (Kind::Scalar { .. } | Kind::Mapping(_), "a list") => {
                Some("put `- ` in front of each item".to_owned())
            }
            _ => None,
        };
        self.problems.push(problem.maybe_help(help));
    }

    /// The pairs of a mapping that stands for a thing with fixed keys. Empty for null, `None`
    /// after a report when the node is no mapping.
    fn fields<'w>(
        &mut self,
        node: &'n Node<'n>,
        owner: &'w What<'w>,
        known: &[&str],
        unknown: Unknown,
    ) -> Option<Vec<Pair<'n, 'w>>>
    where
        'n: 'w,
    {
        let pairs = match unknown {
            Unknown::Ignored => self.pairs(node, owner)?,
            Unknown::Refused => self.plain_pairs(node, owner)?,
        };
        let mut kept = Vec::new();
        for pair in pairs {
            if known.contains(&pair.name) {
                kept.push(pair);
                continue;
            }
            let name = short(pair.name);
            let help = match self.problems.wants_help() {
                true => suggest::did_you_mean(pair.name, known.iter().copied()),
                false => None,
            };
            let problem = match unknown {
                Unknown::Ignored => {
                    let sentence = format!("{owner} has no key `{name}`; it is ignored");
                    Problem::warning(code::IGNORED_KEY, pair.key.span, sentence)
                }
                Unknown::Refused => {
                    let sentence = format!("{owner} has no key `{name}`");
                    Problem::error(code::UNKNOWN_KEY, pair.key.span, sentence)
                }
            };
            let meant = suggest::same_word(pair.name, known).filter(|meant| {
                // With the right key beside it, the wrong one is something else.
                !self.has_key(node, meant)
            });
            let problem = problem.maybe_fix(pair.key.span, meant);
            let known = || format!("keys here are {}", listed(known));
            self.problems.push(problem.help(help.unwrap_or_else(known)));
        }
        Some(kept)
    }

    fn has_key(&self, node: &Node<'_>, name: &str) -> bool {
        let Kind::Mapping(pairs) = &node.kind else { return false };
        pairs.iter().any(|(key, _)| key.scalar() == Some(name))
    }

    /// The pairs of a mapping whose keys are names, merge keys resolved.
    fn pairs<'w>(&mut self, node: &'n Node<'n>, owner: &'w What<'w>) -> Option<Vec<Pair<'n, 'w>>>
    where
        'n: 'w,
    {
        let Kind::Mapping(entries) = &node.kind else {
            return self.no_mapping(node, owner);
        };
        if !entries.iter().any(|(key, _)| key.is_merge_key()) {
            return self.plain_pairs(node, owner);
        }
        let mut pairs = Vec::new();
        let mut seen = BTreeSet::new();
        self.collect(node, owner, &mut pairs, &mut seen);
        Some(pairs)
    }

    fn no_mapping<'w>(
        &mut self,
        node: &'n Node<'n>,
        owner: &What<'_>,
    ) -> Option<Vec<Pair<'n, 'w>>> {
        if node.is_null() {
            return Some(Vec::new());
        }
        self.wrong_kind(node, *owner, "a mapping");
        None
    }

    /// Adds the pairs of `node`, then those of what it merges. Keys that are there already win.
    fn collect<'w>(
        &mut self,
        node: &'n Node<'n>,
        owner: &'w What<'w>,
        pairs: &mut Vec<Pair<'n, 'w>>,
        seen: &mut BTreeSet<&'n str>,
    ) where
        'n: 'w,
    {
        let Kind::Mapping(entries) = &node.kind else { return };
        for (key, value) in entries.iter().filter(|(key, _)| !key.is_merge_key()) {
            if let Some(pair) = self.pair(key, value, owner)
                && seen.insert(pair.name)
            {
                pairs.push(pair);
            }
        }
        for (key, value) in entries.iter().filter(|(key, _)| key.is_merge_key()) {
            match &value.kind {
                Kind::Mapping(_) => self.collect(value, owner, pairs, seen),
                Kind::Sequence(items) if items.iter().all(|item| is_mapping(item)) => {
                    items.iter().for_each(|item| self.collect(item, owner, pairs, seen));
                }
                _ => {
                    let sentence = format!("`<<` in {owner} needs a mapping or a list of mappings");
                    self.refuse(code::MERGE, key.span, sentence);
                }
            }
        }
    }

    /// The pairs of a mapping in which `<<` is a key like any other.
    fn plain_pairs<'w>(
        &mut self,
        node: &'n Node<'n>,
        owner: &'w What<'w>,
    ) -> Option<Vec<Pair<'n, 'w>>>
    where
        'n: 'w,
    {
        let Kind::Mapping(entries) = &node.kind else {
            return self.no_mapping(node, owner);
        };
        let pairs = entries.iter().filter_map(|(key, value)| self.pair(key, value, owner));
        Some(pairs.collect())
    }

    /// A key with its value; `None` for a null key, which counts for nothing.
    fn pair<'w>(
        &mut self,
        key: &'n Node<'n>,
        value: &'n Node<'n>,
        owner: &'w What<'w>,
    ) -> Option<Pair<'n, 'w>>
    where
        'n: 'w,
    {
        let Some(name) = key.scalar() else {
            self.wrong_kind(key, What::Part("a key of", owner), "text");
            return None;
        };
        let what = What::Key(name, owner);
        (!key.is_null()).then_some(Pair { name, key, value, what })
    }

    /// The items of a list without the null ones; `Absent` for null.
    fn items(&mut self, node: &'n Node<'n>, what: What<'_>) -> Field<Vec<&'n Node<'n>>> {
        match &node.kind {
            Kind::Sequence(items) => {
                let items =
                    items.iter().map(|item| &**item).filter(|item: &&Node<'_>| !item.is_null());
                Field::Given(Located { value: items.collect(), span: node.span })
            }
            _ if node.is_null() => Field::Absent,
            _ => {
                self.wrong_kind(node, what, "a list");
                Field::Bad
            }
        }
    }

    /// The text of any scalar, as it is written.
    fn text(&mut self, node: &'n Node<'n>, what: What<'_>) -> Field<&'n str> {
        match (&node.kind, node.tag) {
            _ if node.is_null() => Field::Absent,
            (Kind::Scalar { .. }, Tag::Binary) => {
                let sentence = format!("{what} is binary; write it as text");
                self.refuse(code::WRONG_TYPE, node.span, sentence);
                Field::Bad
            }
            (Kind::Scalar { text, .. }, _) => {
                Field::Given(Located { value: text.as_ref(), span: node.span })
            }
            _ => {
                self.wrong_kind(node, what, "text");
                Field::Bad
            }
        }
    }

    /// The text of any scalar; `None` for null and after a report.
    fn optional_text(&mut self, node: &'n Node<'n>, what: What<'_>) -> Option<Text<'n>> {
        match self.text(node, what) {
            Field::Given(text) => Some(text),
            Field::Absent | Field::Bad => None,
        }
    }

    /// A list of texts; `None` for null and after a report.
    fn texts(&mut self, node: &'n Node<'n>, what: What<'_>) -> Option<Vec<Text<'n>>> {
        let items = self.items(node, what);
        let what = What::Part("an item of", &what);
        let items = items.given()?;
        Some(items.value.iter().filter_map(|item| self.optional_text(item, what)).collect())
    }

    /// The pairs of a mapping from names to things, each read by `read`.
    fn names<T>(
        &mut self,
        node: &'n Node<'n>,
        owner: What<'_>,
        mut read: impl FnMut(&mut Self, &Pair<'n, '_>) -> Option<T>,
    ) -> Names<'n, T> {
        let mut names = Names::new();
        for pair in self.pairs(node, &owner).unwrap_or_default() {
            let value = read(self, &pair);
            let named = crate::model::Named { span: pair.key.span, value };
            names.insert(pair.name, named);
        }
        names
    }

    /// An unsigned whole number; quoted it is text, and refused.
    fn number(&mut self, pair: &Pair<'n, '_>) -> Field<u32> {
        let node = pair.value;
        let Kind::Scalar { text, style } = &node.kind else {
            self.wrong_kind(node, pair.what, "a whole number");
            return Field::Bad;
        };
        if node.is_null() {
            return Field::Absent;
        }
        let tagged = matches!(node.tag, Tag::Integer | Tag::Float);
        let plain = *style == Style::Plain && node.tag == Tag::None;
        if !plain && !tagged {
            let sentence = format!("{} must be a number, not text", pair.what);
            let problem = Problem::error(code::NUMBER, node.span, sentence);
            let number = quantity::unsigned(text).ok();
            let help = number.map(|number| format!("write {number} without quotes"));
            let problem = problem.maybe_help(help);
            // `"010"` is ten to some readers and eight to others.
            let plain = number.map(|number| number.to_string()).filter(|plain| plain == text);
            self.problems.push(problem.maybe_fix(node.span, plain));
            return Field::Bad;
        }
        if quantity::is_octal(text) {
            self.warn_of_octal(pair, text);
        }
        match quantity::unsigned(text) {
            Ok(value) => Field::Given(Located { value, span: node.span }),
            Err(error) => {
                let sentence = format!("{} is {}", pair.what, why_no_number(text, error));
                self.refuse(code::NUMBER, node.span, sentence);
                Field::Bad
            }
        }
    }

    fn warn_of_octal(&mut self, pair: &Pair<'n, '_>, text: &str) {
        let Ok(value) = quantity::unsigned(text) else { return };
        let sentence = format!("{} is {value}: `{}` is octal", pair.what, short(text));
        let decimal = text.trim_start_matches(['+', '0', '_']);
        let help = format!("write {value}, or `{decimal}` if that is what you mean");
        self.problems.push(Problem::warning(code::OCTAL, pair.value.span, sentence).help(help));
    }

    /// An unsigned whole number; `None` for null and after a report.
    fn optional_number(&mut self, pair: &Pair<'n, '_>) -> Option<Located<u32>> {
        match self.number(pair) {
            Field::Given(number) => Some(number),
            Field::Absent | Field::Bad => None,
        }
    }

    /// Yes or no; `None` for null and after a report.
    fn flag(&mut self, pair: &Pair<'n, '_>) -> Option<Located<bool>> {
        let node = pair.value;
        let Kind::Scalar { text, style } = &node.kind else {
            self.wrong_kind(node, pair.what, "`true` or `false`");
            return None;
        };
        if node.is_null() {
            return None;
        }
        let in_quotes = *style == Style::Quoted && node.tag != Tag::Boolean;
        let value = match text.as_ref() {
            "true" | "True" | "TRUE" if !in_quotes => true,
            "false" | "False" | "FALSE" if !in_quotes => false,
            "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => true,
            "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => false,
            _ => {
                let sentence = format!("{} is {}, not true or false", pair.what, quoted(text));
                let problem = Problem::error(code::FLAG, node.span, sentence);
                let problem = problem.help("write `true` or `false` without quotes");
                let meant = suggest::same_word(text, &["true", "false"]);
                self.problems.push(problem.maybe_fix(node.span, meant));
                return None;
            }
        };
        Some(Located { value, span: node.span })
    }
}

/// The edit that makes `NAME=value` of an item `NAME: value`, when both are plain.
fn as_assignment(item: &Node<'_>) -> Option<Edit> {
    let Kind::Mapping(pairs) = &item.kind else { return None };
    let [(name, value)] = pairs.as_slice() else { return None };
    let plain = |node: &Node<'_>| node.style() == Some(Style::Plain) && node.tag == Tag::None;
    let block = item.span.start == name.span.start && name.span.end < value.span.start;
    let fits = plain(name) && plain(value) && !value.is_null() && block;
    let span = Span::new(name.span.end, value.span.start);
    fits.then(|| Edit { span, text: "=".to_owned() })
}

fn is_mapping(node: &Node<'_>) -> bool {
    matches!(node.kind, Kind::Mapping(_))
}

fn why_no_number(text: &str, error: NoQuantity) -> String {
    let text = quoted(text);
    match error {
        NoQuantity::Syntax => format!("{text}, which is not a whole number"),
        NoQuantity::Negative => format!("{text}, which is below zero"),
        NoQuantity::TooLarge => format!("{text}, which is above {}", u32::MAX),
    }
}

/// Names in backticks with commas between them.
pub(crate) fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{}`", short(name))).collect();
    quoted.join(", ")
}
