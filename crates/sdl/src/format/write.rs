//! Prints a [`Document`] in the canonical layout; the rules stand in the module above.
//!
//! Text is only ever appended. A line is started when its first part comes, so that no line ends
//! in a blank, and a blank line waits until something follows it.

use super::scan::lines_of;
use super::tree::{Block, Collection, Comment, Content, Document, Entry, Key, Line, Node, Shape};
use crate::gate::TEXT_BYTES_MAX;

/// Characters of a line up to which a flow collection stays on it.
pub(super) const WIDTH: usize = 100;

/// Blanks that a level adds.
pub(super) const STEP: usize = 2;

/// The longest text that YAML takes for a key without a `?`, in characters, less some for the
/// marks around it.
const KEY_MAX: usize = 1_000;

/// The text of `document`, or `None` if it would be longer than a text may be.
pub(super) fn write(document: &Document<'_>) -> Option<String> {
    let mut writer = Writer::default();
    writer.document(document);
    (writer.out.len() <= TEXT_BYTES_MAX).then_some(writer.out)
}

/// What a value stands behind.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    /// A `key:`.
    Key,
    /// A `-`, a `?`, or a `:` of its own: a collection may start on the same line.
    Mark,
}

/// A text as far as it is printed.
#[derive(Debug, Default)]
pub(super) struct Writer {
    out: String,
    line_start: usize,
    /// Whether a blank line comes before the next line.
    has_blank: bool,
    /// Whether a blank line would belong to the scalar that ends here.
    is_kept: bool,
}

impl Writer {
    fn document(&mut self, document: &Document<'_>) {
        for line in &document.prologue {
            match line {
                Line::Comment(comment) if comment.is_trailing => self.comment(comment),
                _ => self.line(line, 0),
            }
        }
        let root = &document.root;
        if document.is_explicit {
            self.start("---", 0);
            self.properties(root);
            self.lead(&root.lead, 0);
        } else {
            self.lines(&root.lead, 0);
            if !root.properties.is_empty() {
                self.start(&root.properties.join(" "), 0);
            }
        }
        match &root.content {
            Content::Collection(collection) if can_be_block(collection) => {
                self.entries(collection, 0, false);
            }
            Content::Collection(collection) => {
                self.start("", 0);
                self.flow(root, collection, 0);
            }
            Content::Empty => {}
            Content::Text(text) => {
                self.start("", 0);
                self.text(text, 0);
            }
            Content::Block(block) => {
                self.start(&block.header, 0);
                self.block(block, 0);
            }
        }
        self.lines(&document.tail, 0);
        self.out.push('\n');
    }

    /// Starts a line with `text`, `indent` blanks from its start.
    pub(super) fn start(&mut self, text: &str, indent: usize) {
        // What is too long is refused at the end; until then it need not grow further.
        if self.out.len() > TEXT_BYTES_MAX {
            return;
        }
        if !self.out.is_empty() {
            self.out.push('\n');
            if self.has_blank {
                self.out.push('\n');
            }
        }
        self.has_blank = false;
        self.is_kept = false;
        self.line_start = self.out.len();
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.out.push_str(text);
    }

    pub(super) fn push(&mut self, text: &str) {
        if self.out.len() <= TEXT_BYTES_MAX {
            self.out.push_str(text);
        }
    }

    /// Characters on the line so far.
    pub(super) fn column(&self) -> usize {
        self.out.get(self.line_start..).map_or(0, |line| line.chars().count())
    }

    fn line(&mut self, line: &Line<'_>, indent: usize) {
        match line {
            Line::Blank => self.has_blank = !self.is_kept,
            Line::Directive(text) => self.start(text, indent),
            Line::Comment(comment) => self.start(&comment.text, indent),
        }
    }

    pub(super) fn lines(&mut self, lines: &[Line<'_>], indent: usize) {
        for line in lines {
            self.line(line, indent);
        }
    }

    /// A comment behind what stands on the line.
    pub(super) fn comment(&mut self, comment: &Comment<'_>) {
        self.push(" ");
        self.push(&comment.text);
    }

    fn properties(&mut self, node: &Node<'_>) {
        for text in &node.properties {
            self.push(" ");
            self.push(text);
        }
    }

    /// The comments between a mark and its value: the first one stays behind the mark if it stood
    /// there.
    pub(super) fn lead(&mut self, lead: &[Line<'_>], indent: usize) {
        let mut rest = lead;
        if let Some((Line::Comment(comment), others)) = lead.split_first()
            && comment.is_trailing
        {
            self.comment(comment);
            rest = others;
        }
        self.lines(rest, indent);
    }

    /// The entries of a collection in block style. The first one goes on with the line if
    /// `is_inline`.
    fn entries(&mut self, collection: &Collection<'_>, indent: usize, is_inline: bool) {
        for (index, entry) in collection.entries.iter().enumerate() {
            let mark = if entry.key.is_some() { "" } else { "-" };
            if index == 0 && is_inline {
                self.push(" ");
                self.push(mark);
            } else {
                self.before(entry, index, indent);
                self.start(mark, indent);
            }
            self.entry(entry, entry.trailing.as_ref(), indent);
        }
        self.lines(&collection.tail, indent);
    }

    /// What stands in front of an entry. Sections of the document have a blank line between them.
    pub(super) fn before(&mut self, entry: &Entry<'_>, index: usize, indent: usize) {
        let has_blank = entry.before.iter().any(|line| matches!(line, Line::Blank));
        if index > 0 && indent == 0 && entry.key.is_some() && !has_blank {
            self.line(&Line::Blank, 0);
        }
        // A blank line behind an opening bracket separates nothing.
        let after_bracket = |line: &&Line<'_>| index == 0 && matches!(line, Line::Blank);
        let skipped = entry.before.iter().take_while(after_bracket).count();
        self.lines(entry.before.get(skipped..).unwrap_or_default(), indent);
    }

    /// An entry whose line is started.
    fn entry(&mut self, entry: &Entry<'_>, trailing: Option<&Comment<'_>>, indent: usize) {
        match &entry.key {
            None => self.value(&entry.value, trailing, indent, After::Mark),
            Some(key) if key.is_explicit => {
                self.push("?");
                self.value(&key.node, key.trailing.as_ref(), indent, After::Mark);
                if key.has_colon {
                    self.start(":", indent);
                    self.value(&entry.value, trailing, indent, After::Mark);
                }
            }
            Some(key) => {
                self.flat(&key.node);
                self.colon(key);
                self.value(&entry.value, trailing, indent, After::Key);
            }
        }
    }

    /// A value behind its mark, with the comment behind it.
    fn value(
        &mut self,
        node: &Node<'_>,
        trailing: Option<&Comment<'_>>,
        indent: usize,
        after: After,
    ) {
        let below = indent.saturating_add(STEP);
        self.properties(node);
        match &node.content {
            Content::Collection(collection) if collection.shape == Shape::Pair => {
                self.push(" ");
                let entries = collection.entries.iter();
                entries.for_each(|entry| self.entry(entry, trailing, below));
            }
            Content::Collection(collection)
                if collection.shape.is_block()
                    || (!self.fits(node, below) && can_be_block(collection)) =>
            {
                self.block_collection(node, collection, trailing, below, after);
            }
            Content::Collection(collection) => {
                self.lead_to_scalar(node, below);
                self.flow(node, collection, below);
                trailing.into_iter().for_each(|comment| self.comment(comment));
            }
            _ => self.scalar(node, trailing, below),
        }
    }

    /// A collection in block style behind a mark.
    fn block_collection(
        &mut self,
        node: &Node<'_>,
        collection: &Collection<'_>,
        trailing: Option<&Comment<'_>>,
        indent: usize,
        after: After,
    ) {
        // The comment behind a closing bracket goes to the mark, unless it would overtake others.
        let (behind_mark, behind_all) =
            if collection.has_comments { (None, trailing) } else { (trailing, None) };
        let has_comments = node.has_lead() || behind_mark.is_some();
        let is_inline = after == After::Mark && node.properties.is_empty() && !has_comments;
        match behind_mark {
            // A blank line between a `-` and what may stand on its line separates nothing.
            _ if is_inline => {}
            Some(comment) if !node.has_lead() => self.comment(comment),
            _ => {
                self.lead(&node.lead, indent);
                behind_mark.into_iter().for_each(|comment| self.start(&comment.text, indent));
            }
        }
        self.entries(collection, indent, is_inline);
        behind_all.into_iter().for_each(|comment| self.start(&comment.text, indent));
    }

    /// A scalar or nothing behind its mark and properties.
    fn scalar(&mut self, node: &Node<'_>, trailing: Option<&Comment<'_>>, indent: usize) {
        match &node.content {
            Content::Text(text) => {
                self.lead_to_scalar(node, indent);
                self.text(text, indent);
            }
            Content::Block(block) => {
                self.lead_to_scalar(node, indent);
                self.push(&block.header);
                self.block(block, indent);
            }
            _ => self.lead(&node.lead, indent),
        }
        match trailing {
            Some(comment) if matches!(node.content, Content::Empty) && !node.lead.is_empty() => {
                self.start(&comment.text, indent);
            }
            Some(comment) => self.comment(comment),
            None => {}
        }
    }

    /// Goes to where a scalar starts: one blank on, or on the next line after comments.
    fn lead_to_scalar(&mut self, node: &Node<'_>, indent: usize) {
        if node.has_lead() {
            self.lead(&node.lead, indent);
            self.start("", indent);
        } else {
            self.push(" ");
        }
    }

    /// A scalar whose further lines, if any, are indented by `indent`.
    pub(super) fn text(&mut self, text: &str, indent: usize) {
        if !text.contains(['\n', '\r']) {
            return self.push(text);
        }
        let lines = lines_of(text);
        let last = lines.len().saturating_sub(1);
        let can_escape = text.starts_with('"');
        for (index, line) in lines.into_iter().enumerate() {
            let line = if index > 0 { line.trim_start_matches([' ', '\t']) } else { line };
            let line = if index < last { trim_line(line, can_escape) } else { line };
            match line {
                _ if index == 0 => self.push(line),
                "" => self.push("\n"),
                line => self.start(line, indent),
            }
        }
    }

    /// What follows the header of a block scalar.
    fn block(&mut self, block: &Block<'_>, indent: usize) {
        if let Some(comment) = &block.comment {
            self.comment(comment);
        }
        for line in &block.lines {
            match *line {
                "" => self.push("\n"),
                line => self.start(line, indent),
            }
        }
        self.is_kept = block.is_kept;
    }

    /// Whether a flow collection can stand on the line, or on the next one after comments.
    fn fits(&self, node: &Node<'_>, indent: usize) -> bool {
        let column = if node.has_lead() { indent } else { self.column().saturating_add(1) };
        node.width.is_some_and(|width| width.saturating_add(column) <= WIDTH)
    }
}

/// A line of a text of several lines without the blanks at its end, which mean nothing; a blank
/// behind a backslash does, if the text may have escapes.
fn trim_line(line: &str, can_escape: bool) -> &str {
    let trimmed = line.trim_end_matches([' ', '\t']);
    let slashes = trimmed.len().saturating_sub(trimmed.trim_end_matches('\\').len());
    if can_escape && slashes % 2 == 1 {
        return line.get(..trimmed.len().saturating_add(1)).unwrap_or(line);
    }
    trimmed
}

/// Whether a collection is written in block style or means the same there.
fn can_be_block(collection: &Collection<'_>) -> bool {
    let entry = |entry: &Entry<'_>| {
        let key = entry.key.as_ref().is_none_or(|key| can_be_block_key(key));
        key && can_be_in_block(&entry.value)
    };
    collection.shape.is_block()
        || (!collection.entries.is_empty() && collection.entries.iter().all(entry))
}

fn can_be_block_key(key: &Key<'_>) -> bool {
    let node = &key.node;
    let is_short = node.full_width().is_some_and(|width| width <= KEY_MAX);
    let is_empty = matches!(node.content, Content::Empty);
    is_short && !key.is_explicit && !is_empty && !node.has_lead() && can_be_in_block(node)
}

/// Whether what stands in a flow collection means the same outside: a plain `|x` would not.
fn can_be_in_block(node: &Node<'_>) -> bool {
    match &node.content {
        Content::Text(text) => !text.starts_with(['|', '>']),
        Content::Collection(collection) if collection.shape == Shape::Pair => {
            can_be_block(collection)
        }
        _ => true,
    }
}
