//! YAML as editors read it before they hold it against a schema: the core schema of YAML 1.2,
//! aliases and merge keys expanded.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use serde_json::{Map, Number, Value};

/// Values of a document, those that come out of aliases included.
const VALUES_MAX: usize = 1_000_000;

/// Levels of lists and mappings.
const DEPTH_MAX: usize = 100;

/// The first document of `text`, or what the parser says against it.
pub(crate) fn to_json(text: &str) -> Result<Value, String> {
    let parser = Parser::new_from_str(text);
    let mut reader = Reader { parser, anchors: BTreeMap::new(), left: VALUES_MAX, depth: 0 };
    loop {
        match reader.next()? {
            Event::StreamStart | Event::DocumentStart(_) => {}
            Event::StreamEnd => return Ok(Value::Null),
            event => return reader.value(event),
        }
    }
}

struct Reader<'a> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    /// Values with the number of values in them.
    anchors: BTreeMap<usize, (Value, usize)>,
    /// Values that may still come.
    left: usize,
    /// Lists and mappings that are open.
    depth: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Event<'a>, String> {
        match self.parser.next_event() {
            Some(Ok((event, _))) => Ok(event),
            Some(Err(error)) => Err(error.to_string()),
            None => Ok(Event::StreamEnd),
        }
    }

    fn take(&mut self, values: usize) -> Result<(), String> {
        self.left = self.left.checked_sub(values).ok_or("too many values")?;
        Ok(())
    }

    fn value(&mut self, event: Event<'a>) -> Result<Value, String> {
        let before = self.left;
        self.take(1)?;
        if self.depth == DEPTH_MAX {
            return Err("too deep".to_owned());
        }
        self.depth += 1;
        let (anchor, value) = match event {
            Event::Alias(anchor) => {
                self.depth -= 1;
                let size = self.anchors.get(&anchor).ok_or("an alias to nothing")?.1;
                self.take(size)?;
                return Ok(self.anchors[&anchor].0.clone());
            }
            Event::Scalar(text, style, anchor, tag) => {
                (anchor, scalar(&text, style, tag.as_deref()))
            }
            Event::SequenceStart(anchor, _) => (anchor, self.sequence()?),
            Event::MappingStart(anchor, _) => (anchor, self.mapping()?),
            event => return Err(format!("{event:?} is no value")),
        };
        self.depth -= 1;
        if anchor != 0 {
            self.anchors.insert(anchor, (value.clone(), before - self.left));
        }
        Ok(value)
    }

    fn sequence(&mut self) -> Result<Value, String> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                Event::SequenceEnd => return Ok(Value::Array(items)),
                event => items.push(self.value(event)?),
            }
        }
    }

    fn mapping(&mut self) -> Result<Value, String> {
        let (mut own, mut merged) = (Map::new(), Vec::new());
        loop {
            let key = match self.next()? {
                Event::MappingEnd => break,
                Event::Scalar(text, style, 0, None)
                    if text == "<<" && style == ScalarStyle::Plain =>
                {
                    let event = self.next()?;
                    merged.push(self.value(event)?);
                    continue;
                }
                Event::Scalar(text, _, anchor, _) => {
                    if anchor != 0 {
                        self.anchors.insert(anchor, (Value::String(text.to_string()), 1));
                    }
                    text.into_owned()
                }
                event => match self.value(event)? {
                    Value::String(text) => text,
                    other => other.to_string(),
                },
            };
            let event = self.next()?;
            let value = self.value(event)?;
            own.insert(key, value);
        }
        let sources = merged.into_iter().flat_map(|source| match source {
            Value::Array(items) => items,
            other => vec![other],
        });
        for source in sources {
            for (key, value) in source.as_object().ok_or("`<<` without a mapping")? {
                own.entry(key.clone()).or_insert_with(|| value.clone());
            }
        }
        Ok(Value::Object(own))
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    let core = tag.filter(|tag| tag.is_yaml_core_schema()).map(|tag| tag.suffix.as_str());
    let resolved = match core {
        Some("int" | "float" | "bool" | "null") => resolve(text),
        Some(_) => None,
        None if style == ScalarStyle::Plain && tag.is_none() => resolve(text),
        None => None,
    };
    resolved.unwrap_or_else(|| Value::String(text.to_owned()))
}

/// What a plain text stands for, or `None` for itself.
fn resolve(text: &str) -> Option<Value> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Some(Value::Null),
        "true" | "True" | "TRUE" => return Some(Value::Bool(true)),
        "false" | "False" | "FALSE" => return Some(Value::Bool(false)),
        _ => {}
    }
    let based = |prefix: &str, radix| {
        let digits = text.strip_prefix(prefix)?;
        let is_digits = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
        is_digits.then(|| u64::from_str_radix(digits, radix).ok()).flatten()
    };
    if let Some(number) = based("0x", 16).or_else(|| based("0o", 8)) {
        return Some(number.into());
    }
    decimal(text)
}

/// Digits with a sign, a fraction and an exponent, each of which may be missing.
fn decimal(text: &str) -> Option<Value> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let written = match mantissa.split_once('.') {
        Some(("", fraction)) => is_digits(fraction),
        Some((whole, fraction)) => is_digits(whole) && (fraction.is_empty() || is_digits(fraction)),
        None => is_digits(mantissa),
    };
    let exponent =
        exponent.is_none_or(|text| is_digits(text.strip_prefix(['+', '-']).unwrap_or(text)));
    if !written || !exponent {
        return None;
    }
    let whole = text.strip_prefix('+').unwrap_or(text);
    let number = whole.parse::<u64>().map(Number::from).ok();
    let number = number.or_else(|| whole.parse::<i64>().map(Number::from).ok());
    number.or_else(|| Number::from_f64(text.parse().ok()?)).map(Value::Number)
}
