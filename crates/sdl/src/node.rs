//! [`Node`]: the tree of a YAML document, text first, every node with its place.
//!
//! A scalar keeps its text, style and tag; whether it is a number or a flag is up to who reads it.
//! A mapping is a list of pairs in the order of the text. An alias shares the node of its anchor,
//! so a node may have several parents, but never contains itself. Most scalars stand in the text
//! just as they read, and are slices of it.

use std::borrow::Cow;
use std::ops::Deref;
use std::rc::Rc;

use crate::Span;

/// A node and all below it.
#[derive(Debug)]
pub(crate) struct Node<'t> {
    pub(crate) kind: Kind<'t>,
    pub(crate) tag: Tag,
    /// From the first to the last byte of the node, without its tag or anchor.
    pub(crate) span: Span,
    /// This node and all below it, what comes through aliases included.
    pub(crate) size: usize,
    /// Bytes of all texts, and [`Node::BYTES`] for each node, what comes through aliases included.
    pub(crate) bytes: usize,
    /// Levels: 1 for a scalar.
    pub(crate) height: usize,
}

/// What a node is.
#[derive(Debug)]
pub(crate) enum Kind<'t> {
    Scalar { text: Cow<'t, str>, style: Style },
    Sequence(Vec<Child<'t>>),
    Mapping(Vec<(Child<'t>, Child<'t>)>),
}

/// A node in its parent: the parent's own, or that of an anchor.
#[derive(Debug)]
pub(crate) enum Child<'t> {
    Own(Node<'t>),
    Shared(Rc<Node<'t>>),
}

impl<'t> Deref for Child<'t> {
    type Target = Node<'t>;

    fn deref(&self) -> &Node<'t> {
        match self {
            Self::Own(node) => node,
            Self::Shared(node) => node,
        }
    }
}

/// How a scalar is written, as far as its meaning depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    /// In quotes, or as a block.
    Quoted,
}

/// The tag of a node, as far as its meaning depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    /// No tag, or one that changes nothing.
    None,
    Null,
    Integer,
    Float,
    Boolean,
    Text,
    Binary,
    Merge,
}

impl Node<'_> {
    /// What a node counts for beside its text, in bytes.
    pub(crate) const BYTES: usize = 32;

    /// Whether the node is one of the spellings of nothing.
    pub(crate) fn is_null(&self) -> bool {
        match &self.kind {
            Kind::Scalar { text, style: Style::Plain } => {
                let empty = matches!(text.as_ref(), "" | "~" | "null" | "Null" | "NULL");
                self.tag == Tag::Null || (empty && self.tag == Tag::None)
            }
            Kind::Scalar { .. } => self.tag == Tag::Null,
            _ => false,
        }
    }

    /// The text of a scalar.
    pub(crate) fn scalar(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// How a scalar is written.
    pub(crate) const fn style(&self) -> Option<Style> {
        match &self.kind {
            Kind::Scalar { style, .. } => Some(*style),
            _ => None,
        }
    }

    /// Whether the node is the key `<<`, unquoted.
    pub(crate) fn is_merge_key(&self) -> bool {
        match &self.kind {
            Kind::Scalar { text, style: Style::Plain } => {
                text == "<<" && matches!(self.tag, Tag::None | Tag::Merge)
            }
            _ => self.tag == Tag::Merge,
        }
    }

    /// The kind in words, for sentences.
    pub(crate) fn describe(&self) -> &'static str {
        match &self.kind {
            _ if self.is_null() => "nothing",
            Kind::Scalar { style: Style::Plain, .. } => "a plain value",
            Kind::Scalar { style: Style::Quoted, .. } => "text",
            Kind::Sequence(_) => "a list",
            Kind::Mapping(_) => "a mapping",
        }
    }
}
