//! The documents tell the truth about what can be compared: links, codes and their sentences, the
//! crate table, parameters and their defaults.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use undercut::Params;
use undercut_tests::{source, tree};

/// Words of three or four capital letters and three digits.
fn code_words(text: &str) -> BTreeSet<String> {
    const NAMES_OF_OTHERS: [&str; 2] = ["SHA256", "SHA512"];
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let is_code = |word: &&str| {
        let letters = word.bytes().take_while(u8::is_ascii_uppercase).count();
        let digits = word.bytes().skip(letters).take_while(u8::is_ascii_digit).count();
        (3..=4).contains(&letters) && digits == 3 && word.len() == letters + 3
    };
    let codes = words.filter(is_code).filter(|word| !NAMES_OF_OTHERS.contains(word));
    codes.map(str::to_owned).collect()
}

/// The targets of a document's links to files of the repository, without anchors.
fn links(text: &str) -> Vec<&str> {
    let ends = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let local = ends.filter(|link| !link.contains("://") && !link.starts_with('#'));
    local.filter_map(|link| link.split('#').next()).collect()
}

#[test]
fn every_code_of_the_sources_stands_in_the_table_and_no_other() {
    let sources = tree::texts("crates/", ".rs").into_iter();
    let sources = sources.filter(|(path, _)| path.contains("/src/") && !path.contains("/tests"));
    // Inside string literals, so not in the masked text; outside `mod tests`.
    let codes = sources.flat_map(|(_, text)| {
        let end = text.find("#[cfg(test)]\nmod tests").unwrap_or(text.len());
        code_words(&text[..end])
    });
    let codes: BTreeSet<String> = codes.collect();
    let table = code_words(&tree::read("docs/codes.md").unwrap());
    let missing: Vec<_> = codes.difference(&table).collect();
    let stale: Vec<_> = table.difference(&codes).collect();
    assert!(missing.is_empty(), "docs/codes.md lacks {missing:?}");
    assert!(stale.is_empty(), "docs/codes.md has {stale:?}, which no source has");
}

/// The sentence of an `#[error("...")]` that starts in `text`, as the page writes it: joined where
/// the line goes on, without formats, and with `{cause}` for what has no name.
fn sentence(text: &str) -> Option<String> {
    let (mut plain, mut chars) = (String::new(), text.trim_start().strip_prefix('"')?.chars());
    loop {
        match chars.next()? {
            '"' => break,
            '\\' => match chars.next()? {
                '\n' => chars = chars.as_str().trim_start().chars(),
                escaped => plain.push(escaped),
            },
            other => plain.push(other),
        }
    }
    let mut parts = plain.split('{');
    let mut joined = parts.next()?.to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}')?;
        let name = name.split(':').next().filter(|name| *name != "0").unwrap_or("cause");
        joined.push_str(&format!("{{{name}}}{rest}"));
    }
    Some(joined)
}

/// Prefixes whose sentences all stand in the sources as one text.
const OF_THE_ENGINE: [&str; 17] = [
    "CMD", "ORD", "BID", "ELG", "OFR", "PRF", "ALW", "REG", "ESC", "ORA", "GOV", "BME", "BLK",
    "RPL", "SNP", "AUD", "GEN",
];

/// Codes whose sentences are put together from others.
const PUT_TOGETHER: [&str; 3] = ["ESC014", "BME006", "GEN010"];

#[test]
fn every_sentence_of_the_engine_is_that_of_the_sources() {
    let sources = tree::texts("crates/", ".rs");
    let errors = sources.iter().flat_map(|(_, text)| text.split("#[error(").skip(1));
    let said: BTreeSet<String> = errors.filter_map(sentence).collect();
    let page = tree::read("docs/codes.md").unwrap();
    let (mut compared, mut other) = (0, Vec::new());
    for line in page.lines() {
        let cells: Vec<&str> = line.split(" | ").collect();
        let [code, _, told] = cells[..] else { continue };
        let code = code.trim_start_matches("| ").trim_matches('`');
        let told = told.trim_end_matches(" |");
        let is_of_engine = OF_THE_ENGINE.iter().any(|prefix| code.starts_with(prefix));
        if is_of_engine && code.len() == 6 && !PUT_TOGETHER.contains(&code) {
            compared += 1;
            if !said.contains(told) {
                other.push(format!("{code}: {told}"));
            }
        }
    }
    assert!(compared > 150, "only {compared} rows were found");
    assert!(other.is_empty(), "docs/codes.md has sentences that no source has: {other:#?}");
}

/// The default of a parameter as the page writes it: digits in threes, times in seconds.
fn shown(value: &Value, unit: &str) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => {
            items.iter().map(|item| shown(item, unit)).collect::<Vec<_>>().join(", ")
        }
        Value::Object(coin) => {
            format!("{} {}", shown(&coin["amount"], ""), shown(&coin["denom"], ""))
        }
        Value::Number(_) | Value::String(_) if whole(value).is_some() => {
            let nanos = whole(value).expect("it is one");
            let number = if unit == "s" { nanos / 1_000_000_000 } else { nanos };
            assert!(
                unit != "s" || nanos.is_multiple_of(1_000_000_000),
                "{nanos} ns are no whole seconds"
            );
            let digits = number.to_string();
            let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().map(text).collect();
            groups.join(",")
        }
        Value::Number(number) => panic!("{number} is no whole number"),
        Value::String(text) => text.clone(),
        Value::Bool(flag) => flag.to_string(),
    }
}

/// A whole number. Money and times are text in JSON.
fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn text(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).expect("digits are text")
}

/// Every parameter by its path.
fn leaves(path: &str, value: &Value, found: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(fields) if !fields.contains_key("denom") => {
            for (name, value) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                leaves(&path, value, found);
            }
        }
        _ => {
            found.insert(path.to_owned(), value.clone());
        }
    }
}

#[test]
fn every_parameter_stands_on_its_page_with_its_default() {
    let mut parameters = BTreeMap::new();
    let tree = serde_json::to_value(Params::akash_2026()).expect("parameters are data");
    leaves("", &tree, &mut parameters);
    let page = tree::read("docs/parameters.md").unwrap();
    let mut wrong = Vec::new();
    for row in page.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [path, meaning, unit, default, _, source, higher] = cells[..] else {
            wrong.push(format!("{row}: not seven cells"));
            continue;
        };
        match parameters.remove(path.trim_matches('`')) {
            None => wrong.push(format!("{path} names no parameter, or stands twice")),
            Some(value) if shown(&value, unit) != default => {
                wrong.push(format!(
                    "{path}: {default} on the page, {} in code",
                    shown(&value, unit)
                ));
            }
            Some(_) => {}
        }
        if [meaning, source, higher].contains(&"") {
            wrong.push(format!("{path}: an empty cell"));
        }
    }
    wrong.extend(parameters.into_keys().map(|path| format!("{path} is missing")));
    assert!(wrong.is_empty(), "docs/parameters.md: {wrong:#?}");
}

/// The variants of an enum in order of declaration, from formatted source.
fn variants(source: &str, name: &str) -> Vec<String> {
    let body = source.split(&format!("pub enum {name} {{\n")).nth(1).unwrap_or_default();
    let body = body.split("\n}").next().unwrap_or_default();
    let lines = body.lines().filter_map(|line| line.strip_prefix("    "));
    let lines = lines.filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()));
    let ends = |c: char| !c.is_ascii_alphanumeric();
    lines.filter_map(|line| line.split(ends).next()).map(str::to_owned).collect()
}

/// Enums whose numbers the log's format lists, and what stands before their tables.
const NUMBERED: [(&str, &str, &str); 7] = [
    ("Command", "crates/market/src/command.rs", "| number | `Command` |"),
    ("Event", "crates/market/src/event.rs", "| number | `Event` |"),
    ("StateKey", "crates/market/src/state.rs", "| number | `StateKey` |"),
    ("OrderEvent", "crates/orderbook/src/event.rs", "### OrderEvent"),
    ("BidEvent", "crates/bidding/src/event.rs", "### BidEvent"),
    ("LedgerEvent", "crates/ledger/src/event.rs", "### LedgerEvent"),
    ("VaultEvent", "crates/ledger/src/bme/event.rs", "### VaultEvent"),
];

#[test]
fn every_variant_of_the_log_stands_under_its_number() {
    let page = tree::read("docs/log-format.md").unwrap();
    for (name, path, before) in NUMBERED {
        let declared = variants(&tree::read(path).unwrap(), name);
        assert!(!declared.is_empty(), "{path} declares no {name}");
        let table = page.split(before).nth(1).expect("the table is there");
        let rows = table.lines().skip_while(|line| !line.starts_with("| 0 |"));
        let rows = rows.take_while(|line| line.starts_with("| "));
        let listed: Vec<String> =
            rows.map(|row| row.split(" | ").take(2).collect::<Vec<_>>().join(" ")).collect();
        let numbered = declared.iter().enumerate();
        let expected: Vec<String> =
            numbered.map(|(number, variant)| format!("| {number} `{variant}`")).collect();
        assert_eq!(listed, expected, "{name}");
    }
}

#[test]
fn every_link_leads_to_a_file() {
    let mut broken = Vec::new();
    for (path, text) in tree::texts("", ".md") {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for link in links(&text) {
            if !tree::root().join(folder).join(link).exists() {
                broken.push(format!("{path}: {link}"));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere: {broken:?}");
}

#[test]
fn every_crate_stands_in_the_tables() {
    let (readme, page) =
        (tree::read("README.md").unwrap(), tree::read("docs/architecture.md").unwrap());
    for name in tree::names("crates") {
        assert!(readme.contains(&format!("](crates/{name})")), "README.md lacks {name}");
        assert!(page.contains(&format!("`{name}`")), "docs/architecture.md lacks {name}");
    }
}

#[test]
fn every_test_that_a_document_names_exists() {
    let tests: BTreeSet<String> = tree::texts("", ".rs")
        .iter()
        .flat_map(|(_, text)| {
            let names = text.split("fn ").skip(1).filter_map(|rest| rest.split('(').next());
            names.map(|name| name.trim().to_owned()).collect::<Vec<_>>()
        })
        .collect();
    let mut missing = Vec::new();
    for (path, text) in tree::texts("docs/", ".md") {
        // A test's name is a sentence: at least four words joined by underscores.
        let quoted = text.split('`').skip(1).step_by(2);
        let named = quoted.filter(|word| {
            let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            word.chars().all(is_word) && word.matches('_').count() >= 4
        });
        missing.extend(
            named.filter(|name| !tests.contains(*name)).map(|name| format!("{path}: {name}")),
        );
    }
    assert!(missing.is_empty(), "no such tests: {missing:?}");
}

#[test]
fn the_scanners_see_what_they_look_for() {
    assert_eq!(code_words("a `BID003`, SHA256, BID03 and XSDL014."), code_words("BID003 XSDL014"));
    assert_eq!(links("[a](b.md#c) [d](#e) [f](http://g)"), ["b.md"]);
    assert_eq!(source::codes("\"BID003\" \"no\""), ["BID003"]);
    let joined = sentence("\"a {b:?} \\\n   \\\"c\\\" {0}\")]").unwrap();
    assert_eq!(joined, "a {b} \"c\" {cause}");
    assert_eq!(sentence("transparent)]"), None);
    let declared = "pub enum E {\n    /// One.\n    A(u8),\n    B {\n        c: u8,\n    },\n}\n";
    assert_eq!(variants(declared, "E"), ["A", "B"]);
    assert_eq!(shown(&Value::from(1_234_567), ""), "1,234,567");
    assert_eq!(shown(&Value::from(12_000_000_000_u64), "s"), "12");
}
