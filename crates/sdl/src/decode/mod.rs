//! From the node tree to the [`Document`]: kinds of values, known keys, quantities.
//!
//! Every mismatch is reported with the place of the value, and reading goes on beside it. Whether
//! the parts fit together is the next step's question ([`crate::check`]).

pub(crate) mod document;
mod instead;
pub(crate) mod keys;
mod placement;
pub(crate) mod profile;
pub(crate) mod service;

use std::collections::BTreeSet;
use std::fmt;

use crate::code;
use crate::diagnostic::{Problem, Problems, Slip};
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
    /// An item of the list under a key of a thing: ``` a port of service `web` ```.
    Item(&'w str, &'w What<'w>),
    /// Words and the thing they belong to: ``` a key of service `web` ```.
    Part(&'w str, &'w What<'w>),
    /// Where a service is placed: service, placement.
    Placed(&'w str, &'w str),
}

impl<'w> What<'w> {
    /// Whether this is an environment variable.
    fn is_variable(&self) -> bool {
        matches!(self, Self::Item("env", _))
    }

    /// The keys on the way from the thing that has a name to this one, and that thing.
    fn path(&self) -> (Vec<&'w str>, Self) {
        let mut keys = Vec::new();
        let mut thing = *self;
        while let Self::Key(key, owner) | Self::Item(key, owner) = thing {
            keys.push(key);
            thing = *owner;
        }
        keys.reverse();
        (keys, thing)
    }
}

impl fmt::Display for What<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words(words) => f.write_str(words),
            Self::Named(kind, name) => write!(f, "{kind} `{}`", short(name)),
            Self::Item("expose", owner) => write!(f, "a port of {owner}"),
            Self::Item("storage", owner) => write!(f, "a volume of {owner}"),
            Self::Item("nvidia", _) => write!(f, "a GPU model of {}", self.path().1),
            Self::Key(..) => {
                let (keys, thing) = self.path();
                write!(f, "`{}` of {thing}", short(&keys.join(".")))
            }
            Self::Item(key, owner) => write!(f, "an item of {}", Self::Key(key, owner)),
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
    fn wrong_kind(&mut self, node: &Node<'_>, what: What<'_>, wanted: &str) {
        let sentence = format!("{what} must be {wanted}, not {}", node.describe());
        let problem = Problem::error(code::WRONG_TYPE, node.span, sentence);
        self.problems.push(match instead::of(node, what, wanted) {
            Some(instead) => instead.told(problem),
            None => problem,
        });
    }

    /// The pairs of a mapping that stands for a thing with fixed keys. Empty for null, `None`
    /// after a report when the node is no mapping.
    fn fields<'w>(
        &mut self,
        node: &'n Node<'n>,
        owner: &'w What<'w>,
        known: &'static [&'static str],
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
        let mut strange = Vec::new();
        for pair in pairs {
            match known.iter().find(|name| **name == pair.name) {
                Some(name) => {
                    if pair.value.is_null() {
                        self.note_empty(node, name, &pair);
                    }
                    kept.push(pair);
                }
                None => strange.push(pair),
            }
        }
        if !strange.is_empty() {
            self.strange_keys(node, owner, known, unknown, &strange);
        }
        Some(kept)
    }

    /// Remembers a key without a value, in case one is missed.
    fn note_empty(&mut self, node: &Node<'_>, name: &'static str, pair: &Pair<'n, '_>) {
        let label = "nothing stands here";
        let slip = Slip::at(pair.key.span, label);
        self.problems.note(node.span, name, slip);
    }

    /// Reports keys that are not known; those that are one slip in one problem.
    fn strange_keys(
        &mut self,
        node: &'n Node<'n>,
        owner: &What<'_>,
        known: &'static [&'static str],
        unknown: Unknown,
        pairs: &[Pair<'n, '_>],
    ) {
        let mut told: Vec<(Option<String>, Problem)> = Vec::new();
        for (index, pair) in pairs.iter().enumerate() {
            let problem = strange_key(owner, unknown, pair);
            if index >= ADVISED_MAX || !self.problems.wants_help() {
                self.problems.push(problem);
                continue;
            }
            let advice = keys::advice(pair.name, known, pair.value);
            let fix = suggest::same_word(pair.name, known).filter(|meant| {
                // With the right key beside it, the wrong one is something else.
                !keys::has_any_key(node, &[meant])
            });
            self.note_strange(node, unknown, pair, &advice, fix);
            if advice.is_general && pairs.len() == 1 {
                let missed = known.iter().filter(|name| !keys::has_any_key(node, &[name]));
                let label = "this key is not read";
                let is_told = unknown == Unknown::Refused;
                let slip = Slip { is_told, is_guess: true, ..Slip::at(pair.key.span, label) };
                missed.for_each(|name| self.problems.note(node.span, name, slip.clone()));
            }
            let shared = advice.is_shared.then(|| advice.help.clone());
            let first = told.iter_mut().find(|(help, _)| help.is_some() && *help == shared);
            if let Some((_, first)) = first {
                let whole = std::mem::replace(first, problem);
                *first = whole.label(pair.key.span, "the same here");
                continue;
            }
            told.push((shared, problem.help(advice.help).maybe_fix(pair.key.span, fix)));
        }
        told.into_iter().for_each(|(_, problem)| self.problems.push(problem));
    }

    /// Remembers a part of a thing that stands where the name of the thing belongs.
    fn note_nameless(&mut self, missed: &'static str, pair: &Pair<'n, '_>) {
        let (span, label) = (pair.key.span, "a name belongs above this key");
        let name = short(pair.name);
        let above = if missed == "placement name" { "akash" } else { "web" };
        let help = Some(format!("put a name in between: `{above}: {{ {name}: ... }}`"));
        self.problems.note_stray(missed, Slip { help, ..Slip::at(span, label) });
    }

    /// Remembers a key that is not known, in case what it was meant for is missed.
    fn note_strange(
        &mut self,
        node: &Node<'_>,
        unknown: Unknown,
        pair: &Pair<'n, '_>,
        advice: &keys::Advice,
        fix: Option<&'static str>,
    ) {
        let (span, label) = (pair.key.span, "this key is not read");
        let (help, is_told) = (Some(advice.help.clone()), unknown == Unknown::Refused);
        let slip = Slip { help, fix, is_told, ..Slip::at(span, label) };
        if let Some(stray) = keys::stray(pair.name) {
            self.problems.note_stray(stray, slip.clone());
        }
        if let Some(meant) = advice.meant {
            self.problems.note(node.span, meant, slip);
        }
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
                    let problem = Problem::error(code::MERGE, key.span, sentence);
                    let name = value.scalar().filter(|name| !name.is_empty()).unwrap_or("name");
                    let name = short(name);
                    let help =
                        format!("write `<<: *{name}`, and `&{name}` where the mapping stands");
                    self.problems.push(problem.help(help));
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
                let sentence = format!("{what} is binary, not text");
                let problem = Problem::error(code::WRONG_TYPE, node.span, sentence);
                self.problems.push(problem.help("remove `!!binary`, and write the text itself"));
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
        let what = match &what {
            What::Key(key, owner) => What::Item(key, owner),
            other => What::Part("an item of", other),
        };
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
            let help = match number {
                Some(number) => format!("write `{number}`, without quotes"),
                None => instead::number_help(pair.name, text),
            };
            let problem = problem.help(help);
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
                let problem = Problem::error(code::NUMBER, node.span, sentence);
                self.problems.push(problem.help(instead::number_help(pair.name, text)));
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
                let text_kind = if in_quotes { "the text " } else { "" };
                let sentence =
                    format!("{} is {text_kind}{}, not true or false", pair.what, quoted(text));
                let problem = Problem::error(code::FLAG, node.span, sentence);
                let meant = suggest::flag(text);
                let help = match meant {
                    Some(meant) => format!("write `{meant}`, without quotes"),
                    None => "write `true` or `false`".to_owned(),
                };
                self.problems.push(problem.help(help).maybe_fix(node.span, meant));
                return None;
            }
        };
        Some(Located { value, span: node.span })
    }
}

/// The most keys of one mapping for which there is advice.
const ADVISED_MAX: usize = 32;

fn strange_key(owner: &What<'_>, unknown: Unknown, pair: &Pair<'_, '_>) -> Problem {
    let sentence = format!("{owner} has no key `{}`", short(pair.name));
    match unknown {
        Unknown::Ignored => {
            let sentence = format!("{sentence}; it is ignored");
            Problem::warning(code::IGNORED_KEY, pair.key.span, sentence)
        }
        Unknown::Refused => Problem::error(code::UNKNOWN_KEY, pair.key.span, sentence),
    }
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
