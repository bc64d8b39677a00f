//! Canonical JSON, written from a parsed value in the reference's way (`sdl.md` 15).

use serde_json::Value;

/// The value of a JSON text.
pub(crate) fn parse(text: &str) -> Value {
    serde_json::from_str(text).expect("what is hashed is JSON")
}

/// The value without blanks, keys in byte order, with the escapes of the reference.
pub(crate) fn canonical(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{}\"", text.chars().map(escaped).collect::<String>()),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| key.as_bytes());
            let field = |(key, value): (&String, &Value)| {
                format!("{}:{}", canonical(&Value::String(key.clone())), canonical(value))
            };
            let fields: Vec<String> = fields.into_iter().map(field).collect();
            format!("{{{}}}", fields.join(","))
        }
        Value::Number(number) => {
            assert!(number.is_u64(), "{number} is no whole number");
            number.to_string()
        }
        Value::Null | Value::Bool(_) => value.to_string(),
    }
}

fn escaped(character: char) -> String {
    let short = match character {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\u{8}' => "\\b",
        '\u{c}' => "\\f",
        _ => "",
    };
    let code = u32::from(character);
    let is_escaped = code < 0x20 || "<>&\u{2028}\u{2029}".contains(character);
    match (short, is_escaped) {
        ("", true) => format!("\\u{code:04x}"),
        ("", false) => character.to_string(),
        (short, _) => short.to_owned(),
    }
}
