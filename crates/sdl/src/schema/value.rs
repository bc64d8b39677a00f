//! JSON in the order in which it is put together, and its text for people to read.
//!
//! Layout: two blanks for each level; a list without lists and mappings in it stands on one line.
//! The text is ASCII: other characters are escaped.

use std::fmt::Write as _;

/// A JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Bool(bool),
    /// A number as it is written.
    Number(String),
    Text(String),
    List(Vec<Value>),
    Object(Object),
}

/// Keys with their values, in the order in which they are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Object(Vec<(&'static str, Value)>);

impl Object {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// The same with one more key at the end.
    pub(super) fn with(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.0.push((key, value.into()));
        self
    }
}

impl FromIterator<(&'static str, Object)> for Object {
    fn from_iter<T: IntoIterator<Item = (&'static str, Object)>>(pairs: T) -> Self {
        Self(pairs.into_iter().map(|(key, value)| (key, Value::Object(value))).collect())
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(number.to_string())
    }
}

impl<T: Into<Value>, const N: usize> From<[T; N]> for Value {
    fn from(items: [T; N]) -> Self {
        Self::List(items.map(Into::into).into())
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

impl Value {
    /// The text, with a final newline.
    pub(super) fn to_text(&self) -> String {
        let mut out = String::new();
        self.write(0, &mut out);
        out.push('\n');
        out
    }

    fn has_parts(&self) -> bool {
        matches!(self, Self::List(_) | Self::Object(_))
    }

    /// Recurses as deep as a schema is nested, about twenty levels.
    fn write(&self, level: usize, out: &mut String) {
        let inner = level.saturating_add(1);
        match self {
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Number(number) => out.push_str(number),
            Self::Text(text) => write_text(text, out),
            Self::List(items) if items.iter().any(Self::has_parts) => {
                let write = |item: &Self, out: &mut String| item.write(inner, out);
                write_lines(['[', ']'], items, level, out, write);
            }
            Self::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { ", " });
                    item.write(inner, out);
                }
                out.push(']');
            }
            Self::Object(Object(pairs)) if pairs.is_empty() => out.push_str("{}"),
            Self::Object(Object(pairs)) => {
                let write = |(key, value): &(&str, Self), out: &mut String| {
                    write_text(key, out);
                    out.push_str(": ");
                    value.write(inner, out);
                };
                write_lines(['{', '}'], pairs, level, out, write);
            }
        }
    }
}

/// Parts on lines of their own, between brackets.
fn write_lines<T>(
    [open, close]: [char; 2],
    parts: &[T],
    level: usize,
    out: &mut String,
    write: impl Fn(&T, &mut String),
) {
    const INDENTATION: &str = "  ";
    out.push(open);
    for (index, part) in parts.iter().enumerate() {
        out.push_str(if index == 0 { "\n" } else { ",\n" });
        out.push_str(&INDENTATION.repeat(level.saturating_add(1)));
        write(part, out);
    }
    out.push('\n');
    out.push_str(&INDENTATION.repeat(level));
    out.push(close);
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            ' '..='~' => out.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    // Writing to a `String` cannot fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_their_order_and_short_lists_stand_on_one_line() {
        let inner = Object::new().with("z", ["a", "b"]).with("a", false);
        let list = vec![Value::from(true), Value::Object(Object::new())];
        let object = Object::new().with("b", inner).with("a", list).with("n", 7);
        let expected = "{\n  \"b\": {\n    \"z\": [\"a\", \"b\"],\n    \"a\": false\n  },\n  \
            \"a\": [\n    true,\n    {}\n  ],\n  \"n\": 7\n}\n";
        assert_eq!(Value::from(object).to_text(), expected);
    }

    #[test]
    fn texts_are_escaped_to_ascii() {
        let text = Value::from("\"\\\n\u{7f}\u{b5}\u{1f600}").to_text();
        assert_eq!(text, "\"\\\"\\\\\\u000a\\u007f\\u00b5\\ud83d\\ude00\"\n");
    }
}
