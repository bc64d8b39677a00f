//! Builds the [`Document`] of a text: the parser says what is there, the text how it is written.
//!
//! The parser's events come in the order of the text. For each one the scanner stands in front of
//! what the event is about, after the comments on the way there were noted. Anything unexpected
//! gives `None`; the recursion is as deep as the document, which was checked before.

use std::str::CharIndices;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput};

use super::scan::Scanner;
use super::tree::{Collection, Content, Document, Entry, Key, Line, Node, Shape};

/// The document of a text that the parser reads, and its comments in order.
pub(super) fn read(text: &str) -> Option<(Document<'_>, Vec<&str>)> {
    let parser = Parser::new_from_str(text);
    let builder =
        Builder { parser, characters: text.char_indices(), index: 0, scanner: Scanner::new(text) };
    builder.document()
}

/// Where a node stands.
#[derive(Clone, Copy)]
enum Place {
    /// In a block collection that starts in this column.
    Block(usize),
    /// In a flow collection, or in front of a `:`.
    Inline,
}

struct Builder<'a> {
    parser: Parser<'a, StrInput<'a>>,
    /// From the character that the parser counts as `index` on.
    characters: CharIndices<'a>,
    index: usize,
    scanner: Scanner<'a>,
}

impl<'a> Builder<'a> {
    fn document(mut self) -> Option<(Document<'a>, Vec<&'a str>)> {
        let mut is_explicit = false;
        while let Event::StreamStart | Event::DocumentStart(_) = self.peek()? {
            is_explicit |= matches!(self.next()?.0, Event::DocumentStart(true));
        }
        let mut prologue = Vec::new();
        if is_explicit {
            prologue = self.prologue()?;
        }
        let root = self.node(Place::Block(0))?;
        while let Event::DocumentEnd = self.peek()? {
            self.next()?;
        }
        self.scanner.skip();
        while self.scanner.is_at_word("...") {
            self.scanner.take(3);
            self.scanner.skip();
        }
        let tail = self.scanner.take_lines();
        let is_whole = self.scanner.rest().is_empty();
        let document = Document { prologue, is_explicit, root, tail };
        is_whole.then(|| (document, self.scanner.into_comments()))
    }

    fn prologue(&mut self) -> Option<Vec<Line<'a>>> {
        let mut lines = Vec::new();
        loop {
            self.scanner.skip();
            lines.extend(self.scanner.take_lines());
            if self.scanner.is_at_word("---") {
                self.scanner.take(3);
                return Some(lines);
            }
            lines.push(Line::Directive(self.scanner.take_directive()?));
        }
    }

    fn next(&mut self) -> Option<(Event<'a>, Span)> {
        self.parser.next_event()?.ok()
    }

    fn peek(&mut self) -> Option<&Event<'a>> {
        self.parser.peek()?.ok().map(|(event, _)| event)
    }

    /// Whether the collection that is being read has no further entry.
    fn is_over(&mut self) -> Option<bool> {
        Some(matches!(self.peek()?, Event::SequenceEnd | Event::MappingEnd))
    }

    /// The byte at which character number `index` starts. The numbers never fall.
    fn byte_of(&mut self, index: usize) -> Option<usize> {
        if let Some(before) = index.checked_sub(self.index)?.checked_sub(1) {
            self.characters.nth(before);
            self.index = index;
        }
        Some(self.characters.offset())
    }

    /// Goes on to what is next; what lies between belongs to the lead of `node`.
    fn skip_into(&mut self, node: &mut Node<'a>) {
        self.scanner.skip();
        node.lead.extend(self.scanner.take_lines());
    }

    fn node(&mut self, place: Place) -> Option<Node<'a>> {
        let (event, span) = self.next()?;
        let properties = properties_of(&event);
        let is_empty = is_empty(&event);
        let mut node = Node::default();
        for _ in 0..properties {
            self.skip_into(&mut node);
            node.properties.push(self.scanner.take_word()?);
        }
        if is_empty {
            node.lead.extend(self.lead_of_nothing(place));
        } else {
            self.skip_into(&mut node);
            node.content = self.content(event, span, place, &mut node.lead)?;
        }
        node.width = width(&node.content);
        Some(node)
    }

    fn content(
        &mut self,
        event: Event<'a>,
        span: Span,
        place: Place,
        lead: &mut Vec<Line<'a>>,
    ) -> Option<Content<'a>> {
        let end = self.byte_of(span.end.index())?;
        let next = self.scanner.byte();
        let shape = match event {
            Event::Scalar(value, ScalarStyle::Literal | ScalarStyle::Folded, ..) => {
                let block = self.scanner.take_block(&value, end)?;
                return Some(Content::Block(Box::new(block)));
            }
            Event::Scalar(_, ScalarStyle::Plain, ..) => {
                return Some(Content::Text(self.scanner.take_to(end)));
            }
            Event::Scalar(..) => return self.scanner.take_quoted().map(Content::Text),
            Event::Alias(_) => return self.scanner.take_word().map(Content::Text),
            Event::SequenceStart(..) if next == Some(b'[') => Shape::FlowSequence,
            Event::SequenceStart(..) => Shape::BlockSequence,
            // Otherwise the brace starts the first key of a mapping without braces.
            Event::MappingStart(..) if next == Some(b'{') && end > self.scanner.at() => {
                Shape::FlowMapping
            }
            Event::MappingStart(..) => match place {
                Place::Block(_) => Shape::BlockMapping,
                Place::Inline => Shape::Pair,
            },
            _ => return None,
        };
        let collection = match shape {
            Shape::BlockSequence | Shape::BlockMapping => self.block(shape),
            Shape::FlowSequence => self.flow(shape, b'[', b']', lead),
            Shape::FlowMapping => self.flow(shape, b'{', b'}', lead),
            Shape::Pair => self.pair(),
        };
        collection.map(|collection| Content::Collection(Box::new(collection)))
    }

    /// The comments that belong to a value that is not written: the one behind its mark, and
    /// those below it that are indented more than its entry and than what follows.
    fn lead_of_nothing(&mut self, place: Place) -> Vec<Line<'a>> {
        let Place::Block(column) = place else { return Vec::new() };
        self.scanner.skip();
        let mut lead: Vec<_> =
            self.scanner.take_trailing().map(Line::Comment).into_iter().collect();
        lead.extend(self.lines_from(column.saturating_add(1)));
        lead
    }

    /// The comments that are indented by `column` or more and by more than what follows.
    fn lines_from(&mut self, column: usize) -> Vec<Line<'a>> {
        let next = (!self.scanner.is_at_end()).then(|| self.scanner.column());
        self.scanner.take_comments(|own| own >= column && next.is_none_or(|next| own > next))
    }

    fn block(&mut self, shape: Shape) -> Option<Collection<'a>> {
        let column = self.scanner.column();
        let mut entries = Vec::new();
        while !self.is_over()? {
            self.scanner.skip();
            let before = self.scanner.take_lines();
            let (key, value) = if shape == Shape::BlockSequence {
                self.scanner.take_mark(b'-')?;
                (None, self.node(Place::Block(column))?)
            } else {
                self.block_pair(column)?
            };
            self.scanner.skip();
            let trailing = self.scanner.take_trailing();
            entries.push(Entry { before, key, value, trailing });
        }
        self.next()?;
        self.scanner.skip();
        let tail = self.lines_from(column);
        Some(Collection { shape, entries, tail, has_comments: false })
    }

    fn block_pair(&mut self, column: usize) -> Option<(Option<Box<Key<'a>>>, Node<'a>)> {
        let is_explicit = self.scanner.is_at_word("?");
        let place = if is_explicit { Place::Block(column) } else { Place::Inline };
        if is_explicit {
            self.scanner.take(1);
        }
        let node = self.node(place)?;
        self.scanner.skip();
        let trailing = self.scanner.take_trailing();
        // Behind a `?`, a `:` in another column belongs to a mapping around this one.
        let is_own = self.scanner.is_at_word(":") && self.scanner.column() == column;
        let has_colon = is_own || !is_explicit;
        let place = if has_colon { Place::Block(column) } else { Place::Inline };
        if has_colon {
            self.scanner.take_mark(b':')?;
        }
        let value = self.node(place)?;
        let key = Key { node, is_explicit, has_colon, trailing };
        Some((Some(Box::new(key)), value))
    }

    fn flow(
        &mut self,
        shape: Shape,
        open: u8,
        close: u8,
        lead: &mut Vec<Line<'a>>,
    ) -> Option<Collection<'a>> {
        self.scanner.take_mark(open)?;
        let comments = self.scanner.comments().len();
        self.scanner.skip();
        let behind = self.scanner.take_trailing().map(Line::Comment);
        let comments = comments.saturating_add(usize::from(behind.is_some()));
        lead.extend(behind);
        let mut entries = Vec::new();
        while !self.is_over()? {
            self.scanner.skip();
            let before = self.scanner.take_lines();
            let (key, value) = match shape {
                Shape::FlowSequence => (None, self.node(Place::Inline)?),
                _ => self.flow_pair()?,
            };
            self.scanner.skip();
            let mut trailing = self.scanner.take_trailing();
            let has_lines = self.scanner.has_lines();
            if self.scanner.take_mark(b',').is_some() {
                self.scanner.skip();
                // A comment behind the comma comes after those in front of it.
                if trailing.is_none() && !has_lines {
                    trailing = self.scanner.take_trailing();
                }
            }
            entries.push(Entry { before, key, value, trailing });
        }
        self.next()?;
        self.scanner.skip();
        let tail = self.scanner.take_lines();
        let has_comments = comments < self.scanner.comments().len();
        self.scanner.take_mark(close)?;
        Some(Collection { shape, entries, tail, has_comments })
    }

    /// The one entry of a mapping without braces.
    fn pair(&mut self) -> Option<Collection<'a>> {
        let comments = self.scanner.comments().len();
        let (key, value) = self.flow_pair()?;
        if !self.is_over()? {
            return None;
        }
        self.next()?;
        let has_comments = comments < self.scanner.comments().len();
        let entry = Entry { before: Vec::new(), key, value, trailing: None };
        Some(Collection {
            shape: Shape::Pair,
            entries: vec![entry],
            tail: Vec::new(),
            has_comments,
        })
    }

    fn flow_pair(&mut self) -> Option<(Option<Box<Key<'a>>>, Node<'a>)> {
        let is_explicit = self.scanner.is_at_word("?");
        if is_explicit {
            self.scanner.take(1);
        }
        let node = self.node(Place::Inline)?;
        self.scanner.skip();
        let has_colon = self.scanner.take_mark(b':').is_some();
        let value = self.node(Place::Inline)?;
        let key = Key { node, is_explicit, has_colon, trailing: None };
        Some((Some(Box::new(key)), value))
    }
}

/// How many anchors and tags stand in front of the node.
fn properties_of(event: &Event<'_>) -> usize {
    let (anchor, has_tag) = match event {
        Event::Scalar(_, _, anchor, tag) => (*anchor, tag.is_some()),
        Event::SequenceStart(anchor, tag) | Event::MappingStart(anchor, tag) => {
            (*anchor, tag.is_some())
        }
        _ => (0, false),
    };
    usize::from(anchor != 0).saturating_add(usize::from(has_tag))
}

/// Whether the event is a scalar of which nothing is written.
fn is_empty(event: &Event<'_>) -> bool {
    matches!(event, Event::Scalar(text, ScalarStyle::Plain, ..) if text.is_empty())
}

/// Characters of the content on one line, if it can stand on one.
fn width(content: &Content<'_>) -> Option<usize> {
    match content {
        Content::Empty => Some(0),
        Content::Text(text) if text.contains(['\n', '\r']) => None,
        Content::Text(text) => Some(text.chars().count()),
        Content::Block(_) => None,
        Content::Collection(collection) => width_of_flow(collection),
    }
}

fn width_of_flow(collection: &Collection<'_>) -> Option<usize> {
    if collection.shape.is_block() || collection.has_comments {
        return None;
    }
    let brackets = match collection.shape {
        Shape::FlowMapping if !collection.entries.is_empty() => 4,
        Shape::FlowMapping | Shape::FlowSequence => 2,
        _ => 0,
    };
    let commas = collection.entries.len().saturating_sub(1).saturating_mul(2);
    let mut sum = commas.saturating_add(brackets);
    for entry in &collection.entries {
        if let Some(key) = &entry.key {
            let marks = usize::from(key.has_colon).saturating_add(usize::from(key.is_explicit));
            sum =
                sum.saturating_add(key.node.full_width()?).saturating_add(marks.saturating_mul(2));
        }
        sum = sum.saturating_add(entry.value.full_width()?);
    }
    Some(sum)
}
