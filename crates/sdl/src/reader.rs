//! Reads YAML events into a [`Node`] tree, within budgets that are checked before a node is kept.
//!
//! The only module that names the YAML parser. Reading stops at the first thing that is not YAML
//! or breaks a budget; keys that stand twice are all reported. Memory and time grow with the
//! length of the text and not with what its aliases would unfold to. Nothing here recurses, and
//! a tree that was built is at most [`DEPTH_MAX`] levels high, so recursion over it is safe.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span as CharacterSpan};
use undercut_primitives::Code;

use crate::code;
use crate::diagnostic::{Problem, Problems, Span};
use crate::gate::short;
use crate::node::{Child, Kind, Node, Style, Tag};
use crate::position::Positions;
use crate::repair::{Repair, Source, quoted_text};
use crate::syntax;

/// Levels of nesting. The deepest public manifest has 13.
pub const DEPTH_MAX: usize = 64;
/// Values, keys included.
pub const NODES_MAX: usize = 100_000;
/// Values that come out of aliases, keys included.
pub const ALIASED_NODES_MAX: usize = 4_000;
/// Bytes that come out of aliases: 8 MiB, each value counted as 32 bytes and its text.
pub const ALIASED_BYTES_MAX: usize = 8 << 20;

/// Keys up to which each is compared with each.
const COMPARED_MAX: usize = 16;

/// The document of `text`, or `None` after an error. `text` has passed the gate.
pub(crate) fn read<'t>(text: &'t str, offset: usize, problems: &mut Problems) -> Option<Child<'t>> {
    match read_tolerantly(text, offset, problems) {
        Ok(Some(root)) => Some(root),
        Ok(None) => {
            let sentence = "the text holds no document";
            let help = "start with `version: \"2.0\"`";
            problems.push(Problem::error(code::EMPTY, Span::new(0, 0), sentence).help(help));
            None
        }
        Err(problem) => {
            problems.push(*problem);
            None
        }
    }
}

type Outcome<'t> = Result<Option<Child<'t>>, Box<Problem>>;

/// Reads `text`, repairing what only our parser does not read ([`Source`]). When a repair does not
/// make the text readable, the first complaint is the one to tell: later ones are about the repair.
fn read_tolerantly<'t>(text: &'t str, offset: usize, problems: &mut Problems) -> Outcome<'t> {
    let positions = Positions::new(text);
    let mut source = Source::new(text);
    let mut first: Option<(String, usize)> = None;
    loop {
        let mut found = Problems::default();
        let places = Places { positions: &positions, source: &source, offset };
        let error = match Builder::new(places, &mut found).run(source.text()) {
            Err(Stop::Scan(error)) => error,
            Err(Stop::Budget(problem)) => return Err(problem),
            Ok(root) => {
                problems.append(found);
                return Ok(root);
            }
        };
        let at = places.byte(error.marker().index()).saturating_sub(offset);
        let repaired = source.repair(error.info(), error.marker().index());
        if repaired == Some(Repair::Guess) && first.is_none() {
            first = Some((error.info().to_owned(), at));
        }
        if repaired.is_none() {
            problems.append(found);
            let (info, at) = first.unwrap_or_else(|| (error.info().to_owned(), at));
            return Err(Box::new(syntax::explain(&info, text, at, offset, DEPTH_MAX)));
        }
    }
}

/// Where the characters that the parser counts are in the text that the user gave.
#[derive(Clone, Copy)]
struct Places<'t, 'a> {
    positions: &'a Positions<'t>,
    source: &'a Source,
    /// Bytes in front of the text that the parser does not see.
    offset: usize,
}

impl<'t> Places<'t, '_> {
    fn byte(&self, index: usize) -> usize {
        let byte = self.positions.byte_of_character(self.source.original(index));
        byte.saturating_add(self.offset)
    }

    /// The text of a scalar that starts at byte `start`: a slice of the user's text where it stands
    /// there as it reads, perhaps behind a quote.
    fn slice(&self, text: Cow<'_, str>, start: usize) -> Cow<'t, str> {
        let whole: &'t str = self.positions.text();
        let start = start.saturating_sub(self.offset);
        for start in [start, start.saturating_add(1)] {
            let found = whole.get(start..start.saturating_add(text.len()));
            if let Some(found) = found.filter(|found| *found == text) {
                return Cow::Borrowed(found);
            }
        }
        Cow::Owned(text.into_owned())
    }

    /// A block of text that the end of the whole text cuts off: the break that is not there does
    /// not count. The parser adds one all the same.
    fn as_cut_off<'s>(&self, block: Cow<'s, str>, span: Span) -> Cow<'s, str> {
        let text = self.positions.text();
        let end = span.end.saturating_sub(self.offset);
        let last = text.rfind(['\n', '\r']).map_or(text, |at| text.get(at..).unwrap_or_default());
        let last = last.chars().count().saturating_sub(1);
        let (_, column) = self.positions.line_and_column(span.start.saturating_sub(self.offset));
        // Blanks short of the block's own column are not part of it.
        let is_cut = end >= text.len() && last >= column.saturating_sub(1) && last > 0;
        match block.strip_suffix('\n') {
            Some(rest) if is_cut => Cow::Owned(rest.to_owned()),
            _ => block,
        }
    }

    /// The parser counts what follows a quoted text up to the next token as its own: blanks, and a
    /// comment.
    fn without_what_follows(&self, span: Span) -> Span {
        let start = span.start.saturating_sub(self.offset);
        match self.positions.text().get(start..).and_then(quoted_text) {
            Some(quoted) => {
                Span::new(span.start, span.start.saturating_add(quoted.len()).min(span.end))
            }
            None => self.without_final_blanks(span),
        }
    }

    /// The parser counts the blanks after a quoted text as its own.
    fn without_final_blanks(&self, span: Span) -> Span {
        let text = self.positions.text();
        let range = span.start.saturating_sub(self.offset)..span.end.saturating_sub(self.offset);
        let content = text.get(range).unwrap_or_default().trim_end();
        Span::new(span.start, span.start.saturating_add(content.len()))
    }
}

/// Why reading stopped.
enum Stop {
    Scan(ScanError),
    Budget(Box<Problem>),
}

impl Stop {
    fn budget(code: Code, span: Span, sentence: String) -> Self {
        let problem = Problem::error(code, span, sentence);
        Self::Budget(Box::new(problem.help("a manifest needs far less: shorten it")))
    }
}

/// A list or mapping whose end has not come yet.
struct Open<'t> {
    content: Content<'t>,
    tag: Tag,
    anchor: usize,
    start: usize,
    size: usize,
    bytes: usize,
    height: usize,
}

enum Content<'t> {
    Sequence(Vec<Child<'t>>),
    Mapping { pairs: Vec<(Child<'t>, Child<'t>)>, key: Option<Child<'t>> },
}

struct Builder<'t, 'a> {
    places: Places<'t, 'a>,
    problems: &'a mut Problems,
    open: Vec<Open<'t>>,
    anchors: BTreeMap<usize, Rc<Node<'t>>>,
    root: Option<Child<'t>>,
    nodes: usize,
    aliased: usize,
    aliased_bytes: usize,
    documents: usize,
}

impl<'t, 'a> Builder<'t, 'a> {
    fn new(places: Places<'t, 'a>, problems: &'a mut Problems) -> Self {
        Self {
            places,
            problems,
            open: Vec::new(),
            anchors: BTreeMap::new(),
            root: None,
            nodes: 0,
            aliased: 0,
            aliased_bytes: 0,
            documents: 0,
        }
    }

    fn run(mut self, source: &str) -> Result<Option<Child<'t>>, Stop> {
        let mut parser = Parser::new_from_str(source);
        while let Some(event) = parser.next_event() {
            let (event, span) = event.map_err(Stop::Scan)?;
            self.event(event, span)?;
        }
        // A text of comments alone, or of nothing, has a document that is empty.
        Ok(self.root.filter(|root| !root.is_null()))
    }

    fn event(&mut self, event: Event<'_>, span: CharacterSpan) -> Result<(), Stop> {
        let span = self.bytes(span);
        match event {
            Event::DocumentStart(_) => self.document(span),
            Event::Scalar(text, style, anchor, tag) => {
                self.count(span)?;
                let text = match style {
                    ScalarStyle::Literal | ScalarStyle::Folded => {
                        self.places.as_cut_off(text, span)
                    }
                    _ => text,
                };
                let span = match style {
                    ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                        self.places.without_what_follows(span)
                    }
                    _ => self.places.without_final_blanks(span),
                };
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    _ => Style::Quoted,
                };
                let bytes = Node::BYTES.saturating_add(text.len());
                let kind = Kind::Scalar { text: self.places.slice(text, span.start), style };
                let tag = known_tag(tag.as_deref());
                self.keep(Node { kind, tag, span, size: 1, bytes, height: 1 }, anchor);
                Ok(())
            }
            Event::SequenceStart(anchor, tag) => {
                let content = Content::Sequence(Vec::new());
                self.start(content, anchor, known_tag(tag.as_deref()), span)
            }
            Event::MappingStart(anchor, tag) => {
                let content = Content::Mapping { pairs: Vec::new(), key: None };
                self.start(content, anchor, known_tag(tag.as_deref()), span)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.end(span);
                Ok(())
            }
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
        }
    }

    fn bytes(&self, span: CharacterSpan) -> Span {
        let start = self.places.byte(span.start.index());
        Span::new(start, self.places.byte(span.end.index()).max(start))
    }

    fn document(&mut self, span: Span) -> Result<(), Stop> {
        self.documents = self.documents.saturating_add(1);
        if self.documents == 1 {
            return Ok(());
        }
        let sentence = "a second document starts here; a manifest is one document";
        let problem = Problem::error(code::SECOND_DOCUMENT, span, sentence);
        let help = "remove the line, or keep what follows in a file of its own";
        Err(Stop::Budget(Box::new(problem.help(help))))
    }

    fn count(&mut self, span: Span) -> Result<(), Stop> {
        self.nodes = self.nodes.saturating_add(1);
        if self.nodes <= NODES_MAX {
            return Ok(());
        }
        let sentence = format!("the text has more than {NODES_MAX} values");
        Err(Stop::budget(code::TOO_MANY_NODES, span, sentence))
    }

    fn start(
        &mut self,
        content: Content<'t>,
        anchor: usize,
        tag: Tag,
        span: Span,
    ) -> Result<(), Stop> {
        self.count(span)?;
        if self.open.len() >= DEPTH_MAX {
            return Err(Stop::budget(code::TOO_DEEP, span, syntax::too_deep(DEPTH_MAX)));
        }
        let (start, bytes) = (span.start, Node::BYTES);
        self.open.push(Open { content, tag, anchor, start, size: 1, bytes, height: 1 });
        Ok(())
    }

    fn end(&mut self, span: Span) {
        let Some(mut open) = self.open.pop() else { return };
        let content = std::mem::replace(&mut open.content, Content::Sequence(Vec::new()));
        let (kind, last) = match content {
            Content::Sequence(items) => {
                let last = items.last().map(|item| item.span.end);
                (Kind::Sequence(items), last)
            }
            Content::Mapping { pairs, .. } => {
                self.refuse_duplicates(&pairs);
                let last = pairs.last().map(|(key, value)| key.span.end.max(value.span.end));
                (Kind::Mapping(pairs), last)
            }
        };
        // The end of a block comes with the next token, lines later; that of a flow starts with its
        // bracket and goes on to the next token. An alias that stands last has its anchor's place,
        // which may be anywhere.
        let flow = span.end > span.start;
        let end = match flow {
            true => span.start.saturating_add(1),
            false => last.unwrap_or(span.end),
        };
        let span = Span::new(open.start, end.max(open.start));
        let Open { tag, size, bytes, height, .. } = open;
        let node = Node { kind, tag, span, size, bytes, height };
        self.keep(node, open.anchor);
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Stop> {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            let sentence = "this alias stands inside the anchor that it names";
            let problem = Problem::error(code::ALIAS, span, sentence);
            let help = "remove it: a value cannot hold itself";
            return Err(Stop::Budget(Box::new(problem.help(help))));
        };
        self.aliased = self.aliased.saturating_add(node.size);
        if self.aliased > ALIASED_NODES_MAX {
            let sentence = format!("aliases repeat more than {ALIASED_NODES_MAX} values");
            return Err(Stop::budget(code::TOO_MANY_ALIASES, span, sentence));
        }
        self.aliased_bytes = self.aliased_bytes.saturating_add(node.bytes);
        if self.aliased_bytes > ALIASED_BYTES_MAX {
            let sentence = format!("aliases repeat more than {ALIASED_BYTES_MAX} bytes");
            return Err(Stop::budget(code::TOO_MANY_ALIASES, span, sentence));
        }
        if self.open.len().saturating_add(node.height) > DEPTH_MAX {
            return Err(Stop::budget(code::TOO_DEEP, span, syntax::too_deep(DEPTH_MAX)));
        }
        self.put(Child::Shared(node));
        Ok(())
    }

    fn keep(&mut self, node: Node<'t>, anchor: usize) {
        if anchor == 0 {
            return self.put(Child::Own(node));
        }
        let node = Rc::new(node);
        self.anchors.insert(anchor, Rc::clone(&node));
        self.put(Child::Shared(node));
    }

    /// Hands a finished node to what contains it.
    fn put(&mut self, node: Child<'t>) {
        let Some(parent) = self.open.last_mut() else {
            self.root = Some(node);
            return;
        };
        parent.size = parent.size.saturating_add(node.size);
        parent.bytes = parent.bytes.saturating_add(node.bytes);
        parent.height = parent.height.max(node.height.saturating_add(1));
        match &mut parent.content {
            Content::Sequence(items) => items.push(node),
            Content::Mapping { pairs, key } => match key.take() {
                Some(key) => pairs.push((key, node)),
                None => *key = Some(node),
            },
        }
    }

    fn refuse_duplicates(&mut self, pairs: &[(Child<'_>, Child<'_>)]) {
        // Most mappings are short and have no key twice: seeing that needs no table.
        if pairs.len() <= COMPARED_MAX && !has_equal_keys(pairs) {
            return;
        }
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        let mut told: BTreeSet<&str> = BTreeSet::new();
        for (key, _) in pairs {
            let Some(text) = key.scalar() else { continue };
            let Some(first) = seen.get(text) else {
                seen.insert(text, key.span);
                continue;
            };
            if told.insert(text) {
                let sentence = format!("the key `{}` stands twice in one mapping", short(text));
                let problem = Problem::error(code::DUPLICATE_KEY, key.span, sentence);
                let problem = problem.saying("and here again").label(*first, "it stands here");
                self.problems
                    .push(problem.help("keep one of the two, with what stands under both"));
            }
        }
    }
}

fn has_equal_keys(pairs: &[(Child<'_>, Child<'_>)]) -> bool {
    pairs.iter().enumerate().any(|(index, (key, _))| {
        let text = key.scalar();
        text.is_some() && pairs.iter().take(index).any(|(earlier, _)| earlier.scalar() == text)
    })
}

fn known_tag(tag: Option<&saphyr_parser::Tag>) -> Tag {
    let Some(tag) = tag.filter(|tag| tag.is_yaml_core_schema()) else { return Tag::None };
    match tag.suffix.as_str() {
        "null" => Tag::Null,
        "int" => Tag::Integer,
        "float" => Tag::Float,
        "bool" => Tag::Boolean,
        "str" | "timestamp" => Tag::Text,
        "binary" => Tag::Binary,
        "merge" => Tag::Merge,
        _ => Tag::None,
    }
}
