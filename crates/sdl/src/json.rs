//! The canonical form of JSON (`sdl.md` 15): what is hashed.
//!
//! UTF-8, no blanks, keys in byte order, lists in the order given, whole numbers plain. In texts
//! `<`, `>`, `&`, U+2028 and U+2029 are escaped beside what JSON itself asks for.

use std::fmt::Write as _;

/// A JSON value of the kinds that manifests need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(u64),
    Text(String),
    List(Vec<Json>),
    /// In any order; writing sorts.
    Object(Vec<(&'static str, Json)>),
}

impl Json {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A list of texts, or null.
    pub(crate) fn texts<'a>(texts: Option<impl IntoIterator<Item = &'a str>>) -> Self {
        match texts {
            Some(texts) => Self::List(texts.into_iter().map(Self::text).collect()),
            None => Self::Null,
        }
    }

    /// The canonical form.
    pub(crate) fn to_canonical(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    /// Recurses as deep as a manifest is nested, about ten levels.
    fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            // Writing to a `String` cannot fail.
            Self::Number(number) => {
                let _ = write!(out, "{number}");
            }
            Self::Text(text) => write_text(text, out),
            Self::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(pairs) => {
                let mut pairs: Vec<&(&str, Self)> = pairs.iter().collect();
                pairs.sort_by_key(|(key, _)| *key);
                out.push('{');
                for (index, (key, value)) in pairs.into_iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_text(key, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                // Writing to a `String` cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_escape_what_the_reference_escapes() {
        let rows = [
            ("a\"\\", r#""a\"\\""#),
            ("\u{8}\t\n\u{c}\r\u{1f}", r#""\b\t\n\f\r\u001f""#),
            ("<>&\u{2028}\u{2029}", r#""\u003c\u003e\u0026\u2028\u2029""#),
            ("\u{7f}/\u{1f600}", "\"\u{7f}/\u{1f600}\""),
        ];
        for (text, expected) in rows {
            assert_eq!(Json::text(text).to_canonical(), expected);
        }
    }

    #[test]
    fn keys_are_sorted_and_lists_are_not() {
        let list = Json::List(vec![Json::Number(2), Json::Number(1), Json::Null]);
        let object = Json::Object(vec![("b", Json::Bool(true)), ("a", list)]);
        assert_eq!(object.to_canonical(), r#"{"a":[2,1,null],"b":true}"#);
    }
}
