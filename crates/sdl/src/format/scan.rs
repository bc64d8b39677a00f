//! Walks over a text that is known to be YAML and keeps what the parser drops: comments and blank
//! lines.

use std::borrow::Cow;
use std::collections::VecDeque;

use super::tree::{Block, Comment, Line};
use crate::gate::BYTE_ORDER_MARK;

/// A place in the text, and the comments on the way to it that nothing has taken yet.
#[derive(Debug)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    line_start: usize,
    /// Whether only blanks stand between the start of the line and the place.
    is_fresh: bool,
    /// Line ends since the last token or comment.
    breaks: usize,
    pending: VecDeque<Line<'a>>,
    comments: Vec<&'a str>,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let (pending, comments) = (VecDeque::new(), Vec::new());
        Self { text, at: 0, line_start: 0, is_fresh: true, breaks: 1, pending, comments }
    }

    /// The byte that is next.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    /// What is left of the text.
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Bytes in front of the place on its line.
    pub(super) const fn column(&self) -> usize {
        self.at.saturating_sub(self.line_start)
    }

    /// Whether `mark` is next, with a blank, a line end or nothing behind it.
    pub(super) fn is_at_word(&self, mark: &str) -> bool {
        let after = self.rest().strip_prefix(mark);
        after.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\n', '\r']))
    }

    /// Whether the document ends here: the text does, or a `...` or `---` is next.
    pub(super) fn is_at_end(&self) -> bool {
        let marker = || self.is_at_word("...") || self.is_at_word("---");
        self.byte().is_none() || (self.column() == 0 && marker())
    }

    /// All comments so far, without `#` and blanks around them, in order of place.
    pub(super) fn comments(&self) -> &[&'a str] {
        &self.comments
    }

    pub(super) fn into_comments(self) -> Vec<&'a str> {
        self.comments
    }

    /// Goes to the next thing that is neither blank nor comment.
    pub(super) fn skip(&mut self) {
        let mut run = Vec::new();
        loop {
            match self.byte() {
                Some(b' ' | b'\t') => self.at = self.at.saturating_add(1),
                Some(b'\n' | b'\r') => self.line_end(),
                Some(b'#') => {
                    self.note_blank_lines(&mut run);
                    let mut comment = self.comment();
                    if comment.is_trailing {
                        space(&mut comment);
                        self.pending.push_back(Line::Comment(comment));
                    } else {
                        run.push(Line::Comment(comment));
                    }
                }
                Some(_) if self.rest().starts_with(BYTE_ORDER_MARK) => {
                    self.at = self.at.saturating_add(BYTE_ORDER_MARK.len_utf8());
                    self.line_start = self.at;
                }
                _ => break,
            }
        }
        self.note_blank_lines(&mut run);
        self.keep(&mut run);
    }

    /// Ends a run of comments with a blank line if the user did.
    fn note_blank_lines(&mut self, run: &mut Vec<Line<'a>>) {
        if self.breaks > 1 {
            self.keep(run);
            self.pending.push_back(Line::Blank);
            self.breaks = 1;
        }
    }

    fn keep(&mut self, run: &mut Vec<Line<'a>>) {
        space_out(run);
        self.pending.extend(run.drain(..));
    }

    fn line_end(&mut self) {
        let length = if self.rest().starts_with("\r\n") { 2 } else { 1 };
        self.at = self.at.saturating_add(length);
        self.line_start = self.at;
        self.is_fresh = true;
        self.breaks = self.breaks.saturating_add(1);
    }

    /// The comment that is next.
    fn comment(&mut self) -> Comment<'a> {
        let line = line_of(self.rest());
        let (column, is_trailing) = (self.column(), !self.is_fresh);
        self.take(line.len());
        let text = line.trim_end_matches([' ', '\t']);
        let words = text.strip_prefix('#').unwrap_or_default();
        self.comments.push(words.trim_matches([' ', '\t']));
        Comment { text: Cow::Borrowed(text), column, is_trailing }
    }

    /// The comments and blank lines that nothing has taken.
    pub(super) fn take_lines(&mut self) -> Vec<Line<'a>> {
        self.pending.drain(..).collect()
    }

    pub(super) fn has_lines(&self) -> bool {
        !self.pending.is_empty()
    }

    /// The next comment, if it stands behind something on its line.
    pub(super) fn take_trailing(&mut self) -> Option<Comment<'a>> {
        match self.pending.front() {
            Some(Line::Comment(comment)) if comment.is_trailing => {}
            _ => return None,
        }
        let Some(Line::Comment(comment)) = self.pending.pop_front() else { return None };
        Some(comment)
    }

    /// The next comments as long as `belongs` says so of their columns, with the blank lines in
    /// front of them.
    pub(super) fn take_comments(&mut self, belongs: impl Fn(usize) -> bool) -> Vec<Line<'a>> {
        let mut taken = Vec::new();
        loop {
            let blanks = matches!(self.pending.front(), Some(Line::Blank));
            match self.pending.get(usize::from(blanks)) {
                Some(Line::Comment(comment)) if belongs(comment.column) => {}
                _ => return taken,
            }
            taken.extend(self.pending.drain(..usize::from(blanks).saturating_add(1)));
        }
    }

    /// The next `length` bytes, which are part of the content.
    pub(super) fn take(&mut self, length: usize) -> &'a str {
        let token = self.rest().get(..length).unwrap_or_default();
        if let Some(index) = token.rfind(['\n', '\r']) {
            self.line_start = self.at.saturating_add(index).saturating_add(1);
        }
        self.at = self.at.saturating_add(token.len());
        self.is_fresh = false;
        self.breaks = 0;
        token
    }

    /// The content up to byte `end`.
    pub(super) fn take_to(&mut self, end: usize) -> &'a str {
        self.take(end.saturating_sub(self.at))
    }

    /// The mark that is next, if it is this one.
    pub(super) fn take_mark(&mut self, mark: u8) -> Option<()> {
        (self.byte() == Some(mark)).then(|| {
            self.take(1);
        })
    }

    /// The anchor, tag or alias that is next.
    pub(super) fn take_word(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        if !rest.starts_with(['&', '!', '*']) {
            return None;
        }
        let is_end = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r' | ',' | '[' | ']' | '{' | '}');
        let length = match rest.starts_with("!<") {
            true => rest.find('>')?.saturating_add(1),
            false => rest.find(is_end).unwrap_or(rest.len()),
        };
        Some(self.take(length))
    }

    /// The quoted scalar that is next, with its quotes.
    pub(super) fn take_quoted(&mut self) -> Option<&'a str> {
        let quote = self.byte().filter(|byte| matches!(byte, b'"' | b'\''))?;
        let mut bytes = self.rest().bytes().enumerate().skip(1).peekable();
        while let Some((index, byte)) = bytes.next() {
            match byte {
                b'\\' if quote == b'"' => {
                    bytes.next();
                }
                // Two single quotes stand for one.
                b'\'' if byte == quote && matches!(bytes.peek(), Some((_, b'\''))) => {
                    bytes.next();
                }
                _ if byte == quote => return Some(self.take(index.saturating_add(1))),
                _ => {}
            }
        }
        None
    }

    /// The directive line that is next.
    pub(super) fn take_directive(&mut self) -> Option<&'a str> {
        let line = line_of(self.rest());
        if !line.starts_with('%') {
            return None;
        }
        let length = line.find(" #").or_else(|| line.find("\t#")).unwrap_or(line.len());
        Some(self.take(length).trim_end_matches([' ', '\t']))
    }

    /// The block scalar that is next: it means `value` and ends in front of byte `end`.
    pub(super) fn take_block(&mut self, value: &str, end: usize) -> Option<Block<'a>> {
        let rest = self.rest();
        let is_indicator = |c: char| c == '+' || c == '-' || c.is_ascii_digit();
        let indicators = rest.strip_prefix(['|', '>'])?.trim_start_matches(is_indicator);
        let header = self.take(rest.len().saturating_sub(indicators.len()));
        let is_kept = header.contains('+');
        // The lines are going to be indented by two, whatever they are now.
        let header = header.replace(|c: char| c.is_ascii_digit(), "2");
        let blanks =
            self.rest().len().saturating_sub(self.rest().trim_start_matches([' ', '\t']).len());
        self.take(blanks);
        let mut comment = (self.byte() == Some(b'#')).then(|| self.comment());
        if let Some(comment) = &mut comment {
            space(comment);
        }
        if self.byte().is_some() {
            self.line_end();
        }
        let content = self.text.get(self.at..end).unwrap_or_default();
        let mut lines = lines_of(content);
        let indent = indentation(&lines, value);
        for line in &mut lines {
            let blanks = line.len().saturating_sub(line.trim_start_matches(' ').len());
            *line = line.get(blanks.min(indent)..).unwrap_or_default();
        }
        // What follows the last line end is in front of the next token, unless the text ends.
        let unfinished = lines.pop().filter(|line| !line.is_empty());
        let started = content.rfind(['\n', '\r']).map_or(0, |index| index.saturating_add(1));
        let length = if unfinished.is_some() { content.len() } else { started };
        lines.extend(unfinished);
        self.take(length);
        self.is_fresh = true;
        self.breaks = 1;
        let used = lines
            .iter()
            .rposition(|line| !line.is_empty())
            .map_or(0, |last| last.saturating_add(1));
        if !is_kept && used < lines.len() {
            lines.truncate(used);
            self.breaks = 2;
        }
        Some(Block { header, comment, lines, is_kept })
    }
}

/// The text up to its first line end.
fn line_of(text: &str) -> &str {
    text.split(['\n', '\r']).next().unwrap_or_default()
}

/// The lines of a text without their ends; the last one is what follows the last line end.
pub(super) fn lines_of(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some(index) = rest.find(['\n', '\r']) {
        let (line, end) = rest.split_at(index);
        lines.push(line);
        let after = end.strip_prefix("\r\n").or_else(|| end.strip_prefix(['\n', '\r']));
        rest = after.unwrap_or_default();
    }
    lines.push(rest);
    lines
}

/// By how many blanks the lines of a block scalar are indented that means `value`.
///
/// A line may start with blanks of its own, so its value has to be asked.
fn indentation(lines: &[&str], value: &str) -> usize {
    let blanks = |text: &str| text.len().saturating_sub(text.trim_start_matches(' ').len());
    let is_ink = |line: &&&str| line.len() > blanks(line);
    let Some(line) = lines.iter().find(is_ink) else {
        let longest = |lines: &mut dyn Iterator<Item = &str>| lines.map(str::len).max();
        let written = longest(&mut lines.iter().copied()).unwrap_or(0);
        return written.saturating_sub(longest(&mut value.split('\n')).unwrap_or(0));
    };
    let before = value.find(|c| c != ' ' && c != '\n').and_then(|index| value.get(..index));
    let own = before.and_then(|before| before.rsplit('\n').next()).map_or(0, str::len);
    blanks(line).saturating_sub(own)
}

/// Puts a blank behind the `#` of each comment of a run of lines that lacks it.
///
/// Lines that are indented behind their `#` move along, so that a part of a manifest that is
/// commented out keeps its shape.
fn space_out(run: &mut [Line<'_>]) {
    let lacks =
        |line: &Line<'_>| matches!(line, Line::Comment(comment) if lacks_blank(&comment.text));
    if !run.iter().any(lacks) {
        return;
    }
    for line in run {
        let Line::Comment(comment) = line else { continue };
        if comment.text.starts_with("#  ") {
            comment.text.to_mut().insert(1, ' ');
        }
        space(comment);
    }
}

fn space(comment: &mut Comment<'_>) {
    if lacks_blank(&comment.text) {
        comment.text.to_mut().insert(1, ' ');
    }
}

/// Whether a comment starts with its first word: not with a blank, another `#` or a `!`. A ruled
/// line has no word.
fn lacks_blank(comment: &str) -> bool {
    let text = comment.strip_prefix('#').unwrap_or_default();
    !text.starts_with([' ', '\t', '#', '!']) && text.contains(char::is_alphanumeric)
}
