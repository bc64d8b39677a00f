//! Forms of values that stand in many places: texts, numbers, sizes, flags, lists, mappings.
//!
//! A value with several spellings is one schema with several types, not a choice between schemas:
//! editors then say what is wrong with the spelling at hand. `errorMessage` is no keyword of JSON
//! Schema; editors show it in place of a pattern, and validators pass over it.

use std::ops::RangeInclusive;

use super::value::{Object, Value};
use crate::quantity::SIZE_UNITS;

/// Types of a value that is taken as the text that stands there, whatever YAML makes of it.
const SCALARS: [&str; 3] = ["string", "number", "boolean"];

/// A number as sizes and CPUs take it: digits, a fraction, an exponent.
const NUMBER: &str = r"\+?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?";

/// Words that are yes in YAML 1.1 and texts in YAML 1.2.
pub(super) const YES: [&str; 8] = ["y", "Y", "yes", "Yes", "YES", "on", "On", "ON"];

/// Words that are no in YAML 1.1 and texts in YAML 1.2.
const NO: [&str; 8] = ["n", "N", "no", "No", "NO", "off", "Off", "OFF"];

/// A value of any kind.
pub(super) fn anything(description: &str) -> Object {
    Object::new().with("description", description)
}

/// A value of the given types.
pub(super) fn of_types<const N: usize>(types: [&str; N], description: &str) -> Object {
    anything(description).with("type", types)
}

/// A text.
pub(super) fn any_text(description: &str) -> Object {
    anything(description).with("type", "string")
}

/// A text that is not empty.
pub(super) fn text(description: &str) -> Object {
    any_text(description).with("minLength", 1_u64)
}

/// A text for which a plain number or flag will do as well.
pub(super) fn scalar(description: &str) -> Object {
    of_types(SCALARS, description)
}

/// The same with more than blanks in it.
pub(super) fn scalar_with_content(description: &str) -> Object {
    let message = "write a text that is not blank";
    scalar(description).with("pattern", r"\S").with("errorMessage", message)
}

/// A text of one form; `message` says in an editor how to write it.
pub(super) fn pattern(description: &str, pattern: &str, message: &str) -> Object {
    let text = anything(description).with("type", "string");
    text.with("pattern", pattern).with("errorMessage", message)
}

/// One of a few words.
pub(super) fn one_of(description: &str, words: &[&str]) -> Object {
    anything(description).with("enum", words.to_vec())
}

/// A whole number.
pub(super) fn whole(description: &str, range: RangeInclusive<u32>) -> Object {
    let number = anything(description).with("type", "integer");
    let (least, most) = range.into_inner();
    number.with("minimum", u64::from(least)).with("maximum", u64::from(most))
}

/// Yes or no; false when left out.
pub(super) fn flag(description: &str) -> Object {
    let words = format!("^({}|{})$", YES.join("|"), NO.join("|"));
    let flag = of_types(["boolean", "string"], description).with("pattern", words);
    flag.with("errorMessage", "write true or false, without quotes").with("default", false)
}

/// CPUs in whole ones or thousandths, the range in thousandths.
pub(super) fn cpus(description: &str, range: RangeInclusive<u64>) -> Object {
    let (least, most) = range.into_inner();
    let description = format!("{description}: {least}m to {most}m.");
    of_types(["number", "string"], &description)
        .with("minimum", thousandths(least))
        .with("maximum", thousandths(most))
        .with("pattern", format!("^([0-9]+m|{NUMBER})$"))
        .with("errorMessage", "write CPUs, 0.5, or thousandths, 500m")
        .with("examples", [thousandths(500), "500m".into(), thousandths(2_000)])
}

/// A number of thousandths as whole ones with up to three decimals.
fn thousandths(number: u64) -> Value {
    let (whole, rest) = (number / 1_000, number % 1_000);
    let text = format!("{whole}.{rest:03}");
    Value::Number(text.trim_end_matches('0').trim_end_matches('.').to_owned())
}

/// Bytes in the largest binary unit of which they are a whole number.
pub(super) fn in_units(bytes: u64) -> String {
    let binary = SIZE_UNITS.iter().rev().filter(|(name, _)| name.ends_with('i'));
    let unit = binary.into_iter().find(|(_, unit)| bytes.is_multiple_of(*unit) && bytes > 0);
    match unit.and_then(|(name, unit)| Some((name, bytes.checked_div(*unit)?))) {
        Some((name, number)) => format!("{number}{name}"),
        None => bytes.to_string(),
    }
}

/// Bytes with any unit or none, the range in bytes.
pub(super) fn size(description: &str, range: RangeInclusive<u64>) -> Object {
    let (least, most) = range.into_inner();
    let units = SIZE_UNITS.map(|(name, _)| name);
    let (smallest, largest, listed) = (in_units(least), in_units(most), units.join(" "));
    let description = format!(
        "{description}: {smallest} to {largest}. Units are {listed}, where the `i` stands for \
         powers of 1024; case matters, and without a unit it is bytes."
    );
    let message = format!("write digits and a unit: {listed}; case matters");
    of_types(["string", "number"], &description)
        .with("pattern", format!("^{NUMBER}({})?$", units.join("|")))
        .with("minimum", least)
        .with("maximum", most)
        .with("errorMessage", message)
}

/// The memory of a GPU: a unit of the powers of 1024 is required.
pub(super) fn gpu_memory(description: &str) -> Object {
    let binary = SIZE_UNITS.iter().map(|(name, _)| *name).filter(|name| name.ends_with('i'));
    let form = format!("^{NUMBER}({})$", binary.collect::<Vec<_>>().join("|"));
    pattern(description, &form, "write whole Gi, 80Gi")
}

/// A list, or nothing.
pub(super) fn list(description: &str, items: Object) -> Object {
    of_types(["array", "null"], description).with("items", items)
}

/// A mapping with these keys and no others, each described by `describe`.
pub(super) fn mapping(
    description: &str,
    required: &[&'static str],
    keys: &[&'static str],
    describe: impl Fn(&str) -> Option<Object>,
) -> Object {
    let mapping = anything(description).with("type", "object");
    let mapping = match required {
        [] => mapping,
        _ => mapping.with("required", required.to_vec()),
    };
    with_keys(mapping, keys, describe)
}

/// [`mapping`] without required keys, or nothing.
pub(super) fn optional_mapping(
    description: &str,
    keys: &[&'static str],
    describe: impl Fn(&str) -> Option<Object>,
) -> Object {
    with_keys(of_types(["object", "null"], description), keys, describe)
}

/// The same with these keys and no others.
pub(super) fn with_keys(
    schema: Object,
    keys: &[&'static str],
    describe: impl Fn(&str) -> Option<Object>,
) -> Object {
    let properties = keys.iter().filter_map(|key| Some((*key, describe(key)?)));
    let properties: Object = properties.collect();
    schema.with("properties", properties).with("additionalProperties", false)
}

/// A mapping from names of one form to things of one kind, at least one.
pub(super) fn names(description: &str, form: Object, things: Object) -> Object {
    let mapping = anything(description).with("type", "object").with("minProperties", 1);
    mapping.with("propertyNames", form).with("additionalProperties", things)
}

/// What every name of a mapping looks like; `message` says it to people.
pub(super) fn name_form(form: &str, message: &str) -> Object {
    Object::new().with("pattern", form).with("errorMessage", message)
}

/// A thing that is described elsewhere in the schema, under `definitions`.
pub(super) fn defined(name: &str) -> Object {
    Object::new().with("$ref", format!("#/definitions/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_the_largest_unit_that_fits() {
        let rows = [(0, "0"), (1_000, "1000"), (1 << 20, "1Mi"), (1536 << 20, "1536Mi")];
        for (bytes, text) in rows {
            assert_eq!(in_units(bytes), text);
        }
    }

    #[test]
    fn thousandths_lose_their_final_zeros() {
        let rows = [(10, "0.01"), (500, "0.5"), (384_000, "384"), (1_234, "1.234"), (0, "0")];
        for (number, text) in rows {
            assert_eq!(thousandths(number), Value::Number(text.into()));
        }
    }
}
