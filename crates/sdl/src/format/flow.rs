//! Prints flow collections: on one line, or with one entry on each line where block style cannot
//! say the same.

use super::tree::{Collection, Content, Entry, Key, Node, Shape};
use super::write::{STEP, WIDTH, Writer};

impl Writer {
    /// A flow collection whose properties are printed: on one line if it fits, or one entry per
    /// line, with the last bracket `indent` blanks from the start of its line.
    pub(super) fn flow(&mut self, node: &Node<'_>, collection: &Collection<'_>, indent: usize) {
        let end = node.width.map(|width| width.saturating_add(self.column()));
        if end.is_some_and(|end| end <= WIDTH) {
            self.flat_collection(collection);
        } else {
            self.tall(collection, indent);
        }
    }

    /// A node that can stand on one line, without its lead.
    pub(super) fn flat(&mut self, node: &Node<'_>) {
        let mut gap = "";
        for text in &node.properties {
            self.push(gap);
            self.push(text);
            gap = " ";
        }
        match &node.content {
            Content::Text(text) => {
                self.push(gap);
                self.push(text);
            }
            Content::Collection(collection) => {
                self.push(gap);
                self.flat_collection(collection);
            }
            Content::Empty | Content::Block(_) => {}
        }
    }

    fn flat_collection(&mut self, collection: &Collection<'_>) {
        let (open, close) = match collection.shape {
            Shape::FlowMapping if collection.entries.is_empty() => ("{", "}"),
            Shape::FlowMapping => ("{ ", " }"),
            Shape::Pair => ("", ""),
            _ => ("[", "]"),
        };
        self.push(open);
        let last = collection.entries.len().saturating_sub(1);
        for (index, entry) in collection.entries.iter().enumerate() {
            self.flat_entry(entry);
            if ends_openly(entry) && (index < last || collection.shape != Shape::FlowMapping) {
                self.push(" ");
            }
            if index < last {
                self.push(", ");
            }
        }
        self.push(close);
    }

    fn flat_entry(&mut self, entry: &Entry<'_>) {
        if let Some(key) = &entry.key {
            self.question(key);
            self.flat(&key.node);
            if !key.has_colon {
                return;
            }
            self.colon(key);
            if entry.value.is_nothing() {
                return;
            }
            self.push(" ");
        }
        self.flat(&entry.value);
    }

    /// The `?` in front of a key, if there is one.
    fn question(&mut self, key: &Key<'_>) {
        if key.is_explicit {
            self.push(if key.node.is_nothing() { "?" } else { "? " });
        }
    }

    /// The `:` behind a key.
    pub(super) fn colon(&mut self, key: &Key<'_>) {
        let is_bare_mark = key.is_explicit && key.node.is_nothing();
        self.push(if is_bare_mark || key.node.needs_gap() { " :" } else { ":" });
    }

    /// A flow collection with one entry on each line.
    fn tall(&mut self, collection: &Collection<'_>, indent: usize) {
        if collection.shape == Shape::Pair {
            return collection.entries.iter().for_each(|entry| self.tall_entry(entry, indent));
        }
        let is_sequence = collection.shape == Shape::FlowSequence;
        let (open, close) = if is_sequence { ("[", "]") } else { ("{", "}") };
        let below = indent.saturating_add(STEP);
        self.push(open);
        let last = collection.entries.len().saturating_sub(1);
        for (index, entry) in collection.entries.iter().enumerate() {
            self.before(entry, index, below);
            self.start("", below);
            self.tall_entry(entry, below);
            if index < last {
                self.push(if ends_openly(entry) { " ," } else { "," });
            }
            entry.trailing.iter().for_each(|comment| self.comment(comment));
        }
        self.lines(&collection.tail, below);
        self.start(close, indent);
    }

    fn tall_entry(&mut self, entry: &Entry<'_>, indent: usize) {
        let mut gap = "";
        if let Some(key) = &entry.key {
            self.question(key);
            self.tall_node(&key.node, indent, gap);
            if !key.has_colon {
                return;
            }
            self.colon(key);
            if entry.value.is_nothing() {
                return;
            }
            gap = " ";
        }
        self.tall_node(&entry.value, indent, gap);
    }

    /// A node inside a flow collection, after `gap`.
    fn tall_node(&mut self, node: &Node<'_>, indent: usize, gap: &str) {
        let mut gap = gap;
        for text in &node.properties {
            self.push(gap);
            self.push(text);
            gap = " ";
        }
        let mut indent = indent;
        if node.has_lead() {
            indent = indent.saturating_add(STEP);
            self.lead(&node.lead, indent);
            self.start("", indent);
            gap = "";
        }
        match &node.content {
            Content::Text(text) => {
                self.push(gap);
                self.text(text, indent.saturating_add(STEP));
            }
            Content::Collection(collection) => {
                self.push(gap);
                self.flow(node, collection, indent);
            }
            Content::Empty | Content::Block(_) => {}
        }
    }
}

/// Whether a `,` or `]` right behind the entry might be read as a part of it.
fn ends_openly(entry: &Entry<'_>) -> bool {
    let is_open = |key: &Key<'_>| {
        key.has_colon || key.node.is_open() || (key.is_explicit && key.node.is_nothing())
    };
    let has_open_key = entry.key.as_ref().is_some_and(|key| is_open(key));
    entry.value.is_open() || (has_open_key && entry.value.is_nothing())
}
