//! The documents tell the truth about what can be compared: links, codes, the crate table.

use std::collections::BTreeSet;

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
}
