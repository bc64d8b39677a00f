//! From text to a tree of values: every scalar a text or nothing, aliases copied, merge keys resolved.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, StrInput};
use serde_json::{Map, Value};

/// The document of `text`; `None` for what is not YAML.
pub(super) fn read(text: &str) -> Option<Value> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut tree = Tree { parser: Parser::new_from_str(text), anchors: BTreeMap::new() };
    loop {
        match tree.next()? {
            Event::StreamStart | Event::DocumentStart(_) => {}
            event => return tree.value(event),
        }
    }
}

struct Tree<'t> {
    parser: Parser<'t, StrInput<'t>>,
    anchors: BTreeMap<usize, Value>,
}

impl<'t> Tree<'t> {
    fn next(&mut self) -> Option<Event<'t>> {
        Some(self.parser.next_event()?.ok()?.0)
    }

    fn value(&mut self, event: Event<'t>) -> Option<Value> {
        let (anchor, value) = match event {
            Event::Alias(anchor) => return self.anchors.get(&anchor).cloned(),
            Event::Scalar(text, style, anchor, tag) => {
                let is_plain = style == ScalarStyle::Plain && tag.is_none();
                let is_null = is_plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                (anchor, if is_null { Value::Null } else { Value::String(text.into_owned()) })
            }
            Event::SequenceStart(anchor, _) => (anchor, self.sequence()?),
            Event::MappingStart(anchor, _) => (anchor, self.mapping()?),
            _ => return None,
        };
        if anchor != 0 {
            self.anchors.insert(anchor, value.clone());
        }
        Some(value)
    }

    fn sequence(&mut self) -> Option<Value> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                Event::SequenceEnd => return Some(Value::Array(items)),
                event => items.push(self.value(event)?),
            }
        }
    }

    fn mapping(&mut self) -> Option<Value> {
        let (mut own, mut merged) = (Map::new(), Vec::new());
        loop {
            let key = match self.next()? {
                Event::MappingEnd => break,
                event => self.value(event)?,
            };
            let event = self.next()?;
            match (key, self.value(event)?) {
                (Value::String(key), Value::Array(items)) if key == "<<" => merged.extend(items),
                (Value::String(key), value) if key == "<<" => merged.push(value),
                (Value::String(key), value) => drop(own.insert(key, value)),
                // A key of nothing counts for nothing.
                _ => {}
            }
        }
        for source in merged {
            let Value::Object(source) = source else { return None };
            for (key, value) in source {
                own.entry(key).or_insert(value);
            }
        }
        Some(Value::Object(own))
    }
}
