//! The canonical form of JSON (`sdl.md` 15): what is hashed.
//!
//! UTF-8, no blanks, keys in byte order, lists in the order given, whole numbers plain. In texts
//! `<`, `>`, `&`, U+2028 and U+2029 are escaped beside what JSON itself asks for.

use std::fmt::Write as _;

/// Writes one value. Whoever calls gives the keys of an object in byte order.
#[derive(Debug, Default)]
pub(crate) struct JsonWriter {
    out: String,
    /// Whether something stands in the current list or object already.
    continues: bool,
}

impl JsonWriter {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { out: String::with_capacity(bytes), continues: false }
    }

    /// The text written.
    pub(crate) fn finish(self) -> String {
        self.out
    }

    /// An object, whose keys and values `write` writes.
    pub(crate) fn object(&mut self, write: impl FnOnce(&mut Self)) {
        self.enclosed('{', '}', write);
    }

    /// A list, each of whose items `write` writes.
    pub(crate) fn list<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) {
        self.enclosed('[', ']', |json| {
            for item in items {
                json.separate();
                write(json, item);
            }
        });
    }

    /// A key; its value is written next.
    pub(crate) fn key(&mut self, key: &'static str) -> &mut Self {
        self.separate();
        self.out.push('"');
        self.out.push_str(key);
        self.out.push_str("\":");
        self
    }

    pub(crate) fn null(&mut self) {
        self.out.push_str("null");
    }

    pub(crate) fn flag(&mut self, flag: bool) {
        self.out.push_str(if flag { "true" } else { "false" });
    }

    pub(crate) fn number(&mut self, number: u32) {
        // Writing to a `String` cannot fail.
        let _ = write!(self.out, "{number}");
    }

    /// A text, escaped.
    pub(crate) fn text(&mut self, text: &str) {
        self.out.push('"');
        let mut rest = text;
        while let Some(at) = rest.bytes().position(may_need_escape) {
            let Some((plain, tail)) = rest.split_at_checked(at) else { break };
            self.out.push_str(plain);
            let mut characters = tail.chars();
            if let Some(character) = characters.next() {
                self.escaped(character);
            }
            rest = characters.as_str();
        }
        self.out.push_str(rest);
        self.out.push('"');
    }

    /// A number as a text, as quantities are written.
    pub(crate) fn quoted_number(&mut self, number: u64) {
        // Writing to a `String` cannot fail.
        let _ = write!(self.out, "\"{number}\"");
    }

    /// A list of texts.
    pub(crate) fn texts<T: AsRef<str>>(&mut self, texts: impl IntoIterator<Item = T>) {
        self.list(texts, |json, text| json.text(text.as_ref()));
    }

    /// A list of texts, or null.
    pub(crate) fn optional_texts<T: AsRef<str>>(&mut self, texts: Option<&[T]>) {
        match texts {
            Some(texts) => self.texts(texts),
            None => self.null(),
        }
    }

    fn enclosed(&mut self, open: char, close: char, write: impl FnOnce(&mut Self)) {
        self.out.push(open);
        self.continues = false;
        write(self);
        self.out.push(close);
        self.continues = true;
    }

    fn separate(&mut self) {
        if self.continues {
            self.out.push(',');
        }
        self.continues = true;
    }

    fn escaped(&mut self, character: char) {
        match character {
            '"' => self.out.push_str("\\\""),
            '\\' => self.out.push_str("\\\\"),
            '\u{8}' => self.out.push_str("\\b"),
            '\t' => self.out.push_str("\\t"),
            '\n' => self.out.push_str("\\n"),
            '\u{c}' => self.out.push_str("\\f"),
            '\r' => self.out.push_str("\\r"),
            '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                // Writing to a `String` cannot fail.
                let _ = write!(self.out, "\\u{:04x}", u32::from(character));
            }
            _ => self.out.push(character),
        }
    }
}

/// Whether a character that starts with this byte may have to be escaped. U+2028 and U+2029 start
/// with 0xe2, as do many that are written as they are.
const fn may_need_escape(byte: u8) -> bool {
    matches!(byte, 0..=0x1f | b'"' | b'\\' | b'<' | b'>' | b'&' | 0xe2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> String {
        let mut json = JsonWriter::default();
        json.text(text);
        json.finish()
    }

    #[test]
    fn texts_escape_what_the_reference_escapes() {
        let rows = [
            ("a\"\\", r#""a\"\\""#),
            ("\u{8}\t\n\u{c}\r\u{1f}", r#""\b\t\n\f\r\u001f""#),
            ("<>&\u{2028}\u{2029}", r#""\u003c\u003e\u0026\u2028\u2029""#),
            ("\u{7f}/\u{1f600}\u{20ac}", "\"\u{7f}/\u{1f600}\u{20ac}\""),
        ];
        for (given, expected) in rows {
            assert_eq!(text(given), expected);
        }
    }

    #[test]
    fn values_are_separated_at_every_level() {
        let mut json = JsonWriter::default();
        json.object(|json| {
            json.key("a").list([2, 1], |json, number| json.number(number));
            json.key("b").object(|_| {});
            json.key("c").optional_texts::<&str>(None);
            json.key("d").list([1, 2], |json, _| json.object(|json| json.key("e").flag(true)));
            json.key("f").quoted_number(7);
        });
        let expected = r#"{"a":[2,1],"b":{},"c":null,"d":[{"e":true},{"e":true}],"f":"7"}"#;
        assert_eq!(json.finish(), expected);
    }
}
