//! Ways to write a [`Tree`] down as YAML: block or flow, quotes, order of keys, aliases, comments.
//!
//! A reader of manifests must not notice any of it.

use std::collections::BTreeMap;

use arbitrary::Arbitrary;

use crate::tree::Tree;

/// A way to write documents down. All zeros is plain block style in the order of the document.
#[derive(Debug, Arbitrary)]
pub struct Layout {
    /// Where the small choices come from.
    seed: u32,
    /// Lists and mappings from this level on are in flow style; 0 for none.
    flow_from: u8,
    /// Blanks of one level.
    step: u8,
    /// Order of keys is drawn.
    shuffled: bool,
    /// Texts are quoted or not by draw, and keys.
    quoted: bool,
    /// Equal parts are written once and repeated by alias.
    aliased: bool,
    /// Comments and blank lines stand between and behind entries.
    commented: bool,
    /// Tabs stand after colons, and keys after question marks.
    rare: bool,
    /// What stands around the document, and how lines end.
    frame: u8,
}

impl Layout {
    /// The text of a document.
    pub(crate) fn write(&self, tree: &Tree) -> String {
        let mut times = BTreeMap::new();
        if self.aliased {
            count(tree, &mut times);
        }
        let random = Random(u64::from(self.seed) + 1);
        let step = usize::from(self.step % 5) + 1;
        let mut writer = Writer {
            layout: self,
            random,
            step,
            times,
            names: BTreeMap::new(),
            anchors: 0,
            out: String::new(),
        };
        writer.root(tree);
        self.framed(&writer.out)
    }

    fn framed(&self, body: &str) -> String {
        let (before, after) = match self.frame % 8 {
            1 => ("---\n", ""),
            2 => ("%YAML 1.1\n---\n", "...\n"),
            3 => ("# a comment\n\n%YAML 1.2\n--- # another\n", ""),
            4 => ("\u{feff}", ""),
            5 => ("", "...\n# the end"),
            _ => ("", ""),
        };
        let text = format!("{before}{body}{after}");
        match self.frame / 8 % 4 {
            1 => text.replace('\n', "\r\n"),
            2 => text.replace('\n', "\r"),
            _ => text,
        }
    }
}

/// How often each part of a document stands in it.
fn count<'t>(tree: &'t Tree, times: &mut BTreeMap<&'t Tree, usize>) {
    match tree {
        Tree::List(items) => items.iter().for_each(|item| count(item, times)),
        Tree::Map(pairs) => pairs.iter().for_each(|(_, value)| count(value, times)),
        Tree::Text(_) => {}
        Tree::Plain(_) | Tree::Quoted(_) | Tree::Null => return,
    }
    *times.entry(tree).or_default() += 1;
}

/// A small generator of random numbers.
struct Random(u64);

impl Random {
    fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % count
    }
}

struct Writer<'t> {
    layout: &'t Layout,
    random: Random,
    step: usize,
    /// How often each part is to be written, where aliases are wanted.
    times: BTreeMap<&'t Tree, usize>,
    /// Anchors of parts that were written to their end.
    names: BTreeMap<&'t Tree, usize>,
    /// How many anchors there are.
    anchors: usize,
    out: String,
}

/// What is written in front of a value: an alias for all of it, or an anchor.
enum Mark {
    Alias(String),
    Anchor(String),
    None,
}

impl<'t> Writer<'t> {
    fn root(&mut self, tree: &'t Tree) {
        if self.is_flow(tree, 0) {
            self.flow(tree);
            self.out.push('\n');
        } else {
            self.block(tree, 0);
        }
    }

    /// Whether something happens that happens once in `times`, and where it is wanted at all.
    fn draw(&mut self, wanted: bool, times: usize) -> bool {
        wanted && self.random.below(times) == 0
    }

    /// Whether a value stands on one line with what is before it.
    fn is_flow(&mut self, tree: &Tree, level: usize) -> bool {
        let from = usize::from(self.layout.flow_from % 8);
        match tree {
            Tree::List(items) if items.is_empty() => true,
            Tree::Map(pairs) if pairs.is_empty() => true,
            Tree::List(_) | Tree::Map(_) => from > 0 && level + 1 >= from,
            _ => true,
        }
    }

    fn mark(&mut self, tree: &'t Tree) -> Mark {
        if self.times.get(tree).is_none_or(|times| *times < 2) {
            return Mark::None;
        }
        if let Some(number) = self.names.get(tree) {
            return Mark::Alias(format!("*a{number}"));
        }
        self.anchors += 1;
        Mark::Anchor(format!("&a{}", self.anchors))
    }

    /// Notes an anchor after its value was written: inside itself it must not be used.
    fn note(&mut self, tree: &'t Tree, mark: &Mark) {
        if let Mark::Anchor(name) = mark {
            self.names.insert(tree, name[2..].parse().unwrap());
        }
    }

    fn indent(&mut self, columns: usize) {
        self.out.extend(std::iter::repeat_n(' ', columns));
    }

    fn end_line(&mut self) {
        if self.draw(self.layout.commented, 6) {
            self.out.push_str(" # x: [");
        }
        self.out.push('\n');
    }

    fn comment(&mut self, columns: usize) {
        if self.draw(self.layout.commented, 6) {
            let blank = self.random.below(2) == 0;
            if !blank {
                self.indent(columns);
                self.out.push_str("# - \"");
            }
            self.out.push('\n');
        }
    }

    /// The entries of a list or mapping, each on lines of its own from `column` on.
    fn block(&mut self, tree: &'t Tree, column: usize) {
        self.entries(tree, column, true);
    }

    /// The entries; the first one where the text already stands in its column if not `fresh`.
    fn entries(&mut self, tree: &'t Tree, column: usize, mut fresh: bool) {
        let pairs: Vec<(Option<&'t String>, &'t Tree)> = match tree {
            Tree::List(items) => items.iter().map(|item| (None, item)).collect(),
            Tree::Map(pairs) => self
                .order(pairs.len())
                .into_iter()
                .map(|at| (Some(&pairs[at].0), &pairs[at].1))
                .collect(),
            _ => Vec::new(),
        };
        for (key, value) in pairs {
            if fresh {
                self.comment(column);
                self.indent(column);
            }
            fresh = true;
            match key {
                Some(key) => self.pair(key, value, column),
                None => self.item(value, column),
            }
        }
    }

    /// The numbers below `count`, perhaps in another order.
    fn order(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        if self.layout.shuffled {
            for last in (1..count).rev() {
                let other = self.random.below(last + 1);
                order.swap(last, other);
            }
        }
        order
    }

    fn pair(&mut self, key: &'t str, value: &'t Tree, column: usize) {
        let key = self.text(key);
        let level = column / self.step + 1;
        let is_flow = self.is_flow(value, level);
        if is_flow && self.draw(self.layout.rare, 4) {
            self.out.push_str(&format!("? {key}\n"));
            self.indent(column);
            self.out.push(':');
        } else {
            self.out.push_str(&key);
            self.out.push(':');
        }
        let mark = self.mark(value);
        match (&mark, value) {
            (Mark::Alias(alias), _) => {
                self.out.push_str(&format!(" {alias}"));
                self.end_line();
            }
            _ if is_flow => {
                let gap = if self.draw(self.layout.rare, 3) { "\t" } else { " " };
                self.scalar_or_flow(value, &mark, gap, column);
            }
            _ => {
                self.anchor(&mark);
                self.end_line();
                // The dashes of a list may stand below the key.
                let is_list = matches!(value, Tree::List(_));
                let beside = is_list && self.draw(self.layout.shuffled, 2);
                self.block(value, if beside { column } else { column + self.step });
            }
        }
        self.note(value, &mark);
    }

    fn item(&mut self, value: &'t Tree, column: usize) {
        self.out.push('-');
        let is_flow = self.is_flow(value, column / self.step + 1);
        let mark = self.mark(value);
        match &mark {
            Mark::Alias(alias) => {
                self.out.push_str(&format!(" {alias}"));
                self.end_line();
            }
            _ if is_flow => self.scalar_or_flow(value, &mark, " ", column),
            // Behind an anchor the first key would be what is anchored.
            Mark::Anchor(_) => {
                self.anchor(&mark);
                self.end_line();
                self.block(value, column + self.step);
            }
            Mark::None => {
                let gap = if self.layout.shuffled { self.step } else { 1 };
                self.indent(gap);
                self.entries(value, column + 1 + gap, false);
            }
        }
        self.note(value, &mark);
    }

    fn anchor(&mut self, mark: &Mark) {
        if let Mark::Anchor(anchor) = mark {
            self.out.push_str(&format!(" {anchor}"));
        }
    }

    /// A value on the line of its key or dash, which stands in `column`.
    fn scalar_or_flow(&mut self, value: &'t Tree, mark: &Mark, gap: &str, column: usize) {
        self.anchor(mark);
        if let Tree::Text(text) = value
            && let Some(header) = block_header(text)
            && self.draw(self.layout.quoted, 2)
        {
            self.out.push_str(&format!(" {header}\n"));
            for line in text.lines() {
                let columns = if line.is_empty() { 0 } else { column + self.step };
                self.indent(columns);
                self.out.push_str(&format!("{line}\n"));
            }
            return;
        }
        if *value == Tree::Null && self.draw(self.layout.quoted, 3) {
            self.end_line();
            return;
        }
        self.out.push_str(gap);
        self.flow(value);
        self.end_line();
    }

    /// A value in flow style.
    fn flow(&mut self, value: &'t Tree) {
        match value {
            Tree::Text(text) => {
                let text = self.text(text);
                self.out.push_str(&text);
            }
            Tree::Plain(text) => self.out.push_str(text),
            Tree::Quoted(text) => {
                let quote = if self.draw(self.layout.quoted, 2) { '\'' } else { '"' };
                self.out.push_str(&format!("{quote}{text}{quote}"));
            }
            Tree::Null => {
                let spellings = ["~", "null", "Null", "NULL"];
                let at = if self.layout.quoted { self.random.below(4) } else { 0 };
                self.out.push_str(spellings[at]);
            }
            Tree::List(items) => {
                self.out.push('[');
                for (number, item) in items.iter().enumerate() {
                    self.separator(number);
                    self.marked(item);
                }
                self.close(items.len(), ']');
            }
            Tree::Map(pairs) => {
                self.out.push('{');
                for (number, at) in self.order(pairs.len()).into_iter().enumerate() {
                    self.separator(number);
                    let (key, value) = &pairs[at];
                    let key = self.text(key);
                    // As in JSON, no blank is needed behind a quoted key.
                    let tight = key.starts_with('"') && self.draw(self.layout.rare, 2);
                    self.out.push_str(&format!("{key}:{}", if tight { "" } else { " " }));
                    self.marked(value);
                }
                self.close(pairs.len(), '}');
            }
        }
    }

    fn marked(&mut self, value: &'t Tree) {
        let mark = self.mark(value);
        match &mark {
            Mark::Alias(alias) => self.out.push_str(&format!("{alias} ")),
            Mark::Anchor(anchor) => {
                self.out.push_str(&format!("{anchor} "));
                self.flow(value);
            }
            Mark::None => self.flow(value),
        }
        self.note(value, &mark);
    }

    fn separator(&mut self, number: usize) {
        if number > 0 {
            self.out.push(',');
        }
        if self.draw(self.layout.commented, 8) {
            // Deeper than any block that a flow stands in.
            self.out.push_str(" # , ]\n");
            self.indent(60);
        }
        self.out.push(' ');
    }

    fn close(&mut self, count: usize, bracket: char) {
        if count > 0 && self.draw(self.layout.rare, 3) {
            self.out.push(',');
        }
        self.out.push_str(&format!(" {bracket}"));
    }

    /// A text, quoted if it must be or by draw.
    fn text(&mut self, text: &str) -> String {
        let style = if self.layout.quoted { self.random.below(3) } else { 0 };
        match style {
            0 if is_plain(text) => text.to_owned(),
            1 if text.chars().all(is_printable) => format!("'{}'", text.replace('\'', "''")),
            _ => format!("\"{}\"", text.chars().map(escaped).collect::<String>()),
        }
    }
}

/// Whether a text can do without quotes.
fn is_plain(text: &str) -> bool {
    let is_inner = |c: char| c.is_ascii_alphanumeric() || "._/@+=<>&:- '".contains(c);
    let is_outer = |c: char| c.is_ascii_alphanumeric() || "_/.".contains(c);
    text.starts_with(is_outer)
        && text.ends_with(|c: char| is_outer(c) || c == '+')
        && text.chars().all(is_inner)
        && !text.contains(": ")
        && !matches!(text, "null" | "Null" | "NULL")
}

fn is_printable(c: char) -> bool {
    !c.is_control() && !('\u{2000}'..='\u{206f}').contains(&c) && c != '\u{feff}'
}

fn escaped(c: char) -> String {
    match c {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        '\n' => "\\n".to_owned(),
        '\t' => "\\t".to_owned(),
        c if is_printable(c) => c.to_string(),
        c if u32::from(c) < 0x100 => format!("\\x{:02x}", u32::from(c)),
        c => format!("\\u{:04X}", u32::from(c)),
    }
}

/// What a block scalar for this text starts with, if it can be one.
fn block_header(text: &str) -> Option<&'static str> {
    let fits = |line: &str| line.chars().all(is_printable);
    let is_block = text.contains('\n')
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !text.ends_with("\n\n")
        && text.lines().all(fits);
    is_block.then(|| if text.ends_with('\n') { "|" } else { "|-" })
}
