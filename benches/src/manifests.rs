//! Manifests the plain way: text to a tree of values, the tree to JSON, the JSON to its hash.
//!
//! The twin of [`Sdl::parse`](undercut_sdl::Sdl::parse): the same groups and the same manifest, byte for
//! byte, by the rules written down one after the other. Every value of the text is copied into the
//! tree, an alias is a copy of what it names, and both results are trees again before they are texts.
//! It trusts the text: there are no places, no problems, no budgets and no checks, so whoever plays it
//! gives it valid manifests alone. No YAML library is asked for values, as none reads texts the way
//! the reference does (`docs/dependencies.md`); the events come from the parser that ours has too.
//! Numbers it reads in decimal digits alone, which is how they stand in public manifests.

mod derive;
mod tree;

use serde_json::Value;
use undercut_primitives::{Digest, crypto};

/// How many groups a valid manifest has, the hash of its manifest, and that of its groups; `None` for
/// a text that is not like one.
#[must_use]
pub fn read_plainly(text: &str) -> Option<(usize, Digest, Digest)> {
    let document = tree::read(text)?;
    let (groups, manifest) = derive::derive(&document)?;
    let hash = |json: &Value| crypto::sha256(to_canonical_json(json).as_bytes());
    Some((groups.as_array()?.len(), hash(&manifest), hash(&groups)))
}

/// The text that is hashed: keys sorted, and escaped what would mean something in a page.
fn to_canonical_json(json: &Value) -> String {
    let escapes = [
        ('<', "\\u003c"),
        ('>', "\\u003e"),
        ('&', "\\u0026"),
        ('\u{2028}', "\\u2028"),
        ('\u{2029}', "\\u2029"),
    ];
    let mut text = json.to_string();
    for (character, escape) in escapes {
        if text.contains(character) {
            text = text.replace(character, escape);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::sdl::{EXAMPLES, groups};

    #[test]
    fn the_examples_have_the_same_hashes_as_by_the_reader_in_use() {
        for text in EXAMPLES {
            assert!(groups(text).is_some());
            assert_eq!(read_plainly(text), groups(text), "{text}");
        }
    }

    #[test]
    fn texts_and_quantities_come_out_as_the_reader_in_use_has_them() {
        let cases = [
            ("units: 1.5", "units: 1750m"),
            ("size: 20Gi", "size: 2.5G"),
            ("size: 20Gi", "size: 1Gi"),
            ("class: beta3", "class: beta1"),
            ("mariadb:11.4", "\"a <b> & \\u2028 \\t c\""),
            ("- global: true", "- &all { global: yes }\n      - port: 81\n        to: [*all]"),
            ("version: \"2.0\"", "version: \"2.1\""),
        ];
        let whole = EXAMPLES[2];
        for (from, to) in cases {
            let text = whole.replace(from, to);
            assert_ne!(groups(&text), None, "{to}");
            assert_eq!(read_plainly(&text), groups(&text), "{to}");
            let is_same = to.starts_with("version");
            assert_eq!(groups(&text) == groups(whole), is_same, "{to}");
        }
    }

    #[test]
    fn what_is_no_manifest_has_no_groups() {
        for text in ["", "a: [", "- 1", "version: \"2.0\"", "a: *b"] {
            assert_eq!(read_plainly(text), None, "{text}");
        }
    }
}
