//! [`Document`]: a text as the formatter sees it, with its comments and in its own words.
//!
//! Unlike the tree that is decoded, this one says how each value is written. Texts are parts of
//! what the user wrote; only comments may be owned, because a blank may have to be put into them.

use std::borrow::Cow;

/// A document and what stands around it.
#[derive(Debug)]
pub(super) struct Document<'a> {
    /// What stands in front of `---`; empty without it.
    pub(super) prologue: Vec<Line<'a>>,
    /// Whether there is a `---`.
    pub(super) is_explicit: bool,
    pub(super) root: Node<'a>,
    /// What stands behind the root and belongs to none of its parts.
    pub(super) tail: Vec<Line<'a>>,
}

/// What may stand between two lines of content.
#[derive(Clone, Debug)]
pub(super) enum Line<'a> {
    /// One or more blank lines.
    Blank,
    /// A line that starts with `%`, in front of the document.
    Directive(&'a str),
    Comment(Comment<'a>),
}

/// A comment as it is to be printed, from its `#` on, without blanks at its end.
#[derive(Clone, Debug)]
pub(super) struct Comment<'a> {
    pub(super) text: Cow<'a, str>,
    /// Bytes between the start of the line and the `#`.
    pub(super) column: usize,
    /// Whether something stands in front of it on its line.
    pub(super) is_trailing: bool,
}

/// A value, or a key.
#[derive(Debug, Default)]
pub(super) struct Node<'a> {
    /// What stands between the mark that announces the value (`:`, `-`, `?`) and the value.
    pub(super) lead: Vec<Line<'a>>,
    /// Anchor and tag, in the order in which they are written.
    pub(super) properties: Vec<&'a str>,
    pub(super) content: Content<'a>,
    /// Characters that the content takes on one line; `None` if it cannot stand on one line.
    pub(super) width: Option<usize>,
}

#[derive(Debug, Default)]
pub(super) enum Content<'a> {
    /// Nothing is written, which means null.
    #[default]
    Empty,
    /// A plain or quoted scalar with its quotes, of one line or more, or an alias.
    Text(&'a str),
    Block(Box<Block<'a>>),
    Collection(Box<Collection<'a>>),
}

/// A literal (`|`) or folded (`>`) scalar.
#[derive(Debug)]
pub(super) struct Block<'a> {
    /// `|` or `>` and its indicators, for a content that is indented by two.
    pub(super) header: String,
    pub(super) comment: Option<Comment<'a>>,
    /// The lines without their indentation; an empty one stands for a line end alone.
    pub(super) lines: Vec<&'a str>,
    /// Whether blank lines at the end belong to the value (`+`).
    pub(super) is_kept: bool,
}

#[derive(Debug)]
pub(super) struct Collection<'a> {
    pub(super) shape: Shape,
    pub(super) entries: Vec<Entry<'a>>,
    /// What stands behind the last entry and belongs to the collection.
    pub(super) tail: Vec<Line<'a>>,
    /// Whether a comment stands between the brackets, after the first bracket's line.
    pub(super) has_comments: bool,
}

/// How a collection is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    BlockSequence,
    BlockMapping,
    /// `[...]`
    FlowSequence,
    /// `{...}`
    FlowMapping,
    /// The `a: b` of `[a: b]`: a mapping without braces.
    Pair,
}

/// An item of a sequence, or a pair of a mapping.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) before: Vec<Line<'a>>,
    /// `None` in a sequence.
    pub(super) key: Option<Box<Key<'a>>>,
    pub(super) value: Node<'a>,
    /// The comment behind the entry, on its last line.
    pub(super) trailing: Option<Comment<'a>>,
}

#[derive(Debug)]
pub(super) struct Key<'a> {
    pub(super) node: Node<'a>,
    /// Whether a `?` stands in front of it.
    pub(super) is_explicit: bool,
    /// Whether a `:` stands behind it.
    pub(super) has_colon: bool,
    /// The comment behind it, when the `:` has a line of its own.
    pub(super) trailing: Option<Comment<'a>>,
}

impl Shape {
    pub(super) const fn is_block(self) -> bool {
        matches!(self, Self::BlockSequence | Self::BlockMapping)
    }
}

impl Node<'_> {
    /// Whether the node is written as nothing at all.
    pub(super) const fn is_nothing(&self) -> bool {
        matches!(self.content, Content::Empty) && self.properties.is_empty()
    }

    /// Whether an anchor or tag is all that is written of the node.
    pub(super) const fn is_bare(&self) -> bool {
        matches!(self.content, Content::Empty) && !self.properties.is_empty()
    }

    /// Whether a `,` or `]` right behind the node might be read as a part of it: an anchor, a
    /// tag, or a dash that is the last word of a text.
    pub(super) fn is_open(&self) -> bool {
        let before_dash = match &self.content {
            Content::Text(text) => text.strip_suffix('-'),
            _ => None,
        };
        self.is_bare() || before_dash.is_some_and(|text| text.ends_with([' ', '\t', '\n', '\r']))
    }

    /// Whether a `:` right behind the node would be read as a part of it: `*a:` is an alias of
    /// the name `a:`.
    pub(super) fn needs_gap(&self) -> bool {
        self.is_bare() || matches!(&self.content, Content::Text(text) if text.starts_with('*'))
    }

    /// Whether a comment stands in front of the content.
    pub(super) fn has_lead(&self) -> bool {
        self.lead.iter().any(|line| matches!(line, Line::Comment(_)))
    }

    /// Characters on one line, with anchor and tag.
    pub(super) fn full_width(&self) -> Option<usize> {
        let properties = self.properties.iter().map(|text| text.chars().count().saturating_add(1));
        Some(properties.fold(self.width?, usize::saturating_add))
    }
}
