//! What the fuzz targets run: one function each, with the claims that hold for its input.

mod claims;
mod document;
mod layout;
mod pools;
mod tree;

use serde_json::Value;
use undercut_sdl::{Sdl, check};

pub use document::Document;
pub use layout::Layout;

/// A document and two ways to write it down.
#[derive(Debug, arbitrary::Arbitrary)]
pub struct Structured {
    /// The layouts come first, so that a short input still has two.
    layouts: [Layout; 2],
    document: Document,
}

/// Asserts what holds for any bytes as the file of a manifest.
pub fn text(bytes: &[u8]) {
    claims::text::hold_for_bytes(bytes);
}

/// Asserts that layout and order of keys do not matter, and that groups and manifest have what
/// the document asks for.
pub fn structured(input: &Structured) {
    let tree = input.document.tree();
    let [one, other] = input.layouts.each_ref().map(|layout| layout.write(&tree));
    let ((sdl, problems), (other_sdl, other_problems)) = (check(&one), check(&other));
    claims::text::hold_for_text(&one, &sdl, &problems);
    let texts = || format!("\n--- one\n{one}\n{problems}\n--- other\n{other}\n{other_problems}");
    assert_eq!(sdl, other_sdl, "the layout changes what is read{}", texts());
    let (said, other_said) = (claims::text::said(&problems), claims::text::said(&other_problems));
    assert_eq!(said, other_said, "the layout changes what is said{}", texts());
    if let Some(sdl) = sdl
        && !input.document.is_altered()
    {
        let (found, expected) = (replicas(&sdl), input.document.replicas());
        assert_eq!(found, expected, "other replicas than the document has{}", texts());
        let units: Vec<usize> = sdl.groups().iter().map(|group| group.units.len()).collect();
        assert_eq!(units, input.document.units(sdl.version()), "other units{}", texts());
    }
}

/// Placement, service and count of everything in the manifest, sorted.
fn replicas(sdl: &Sdl) -> Vec<(String, String, u64)> {
    let manifest: Vec<Value> = serde_json::from_str(sdl.manifest_json()).expect("a JSON list");
    let name = |value: &Value| value["name"].as_str().unwrap_or_default().to_owned();
    let mut replicas = Vec::new();
    for group in &manifest {
        for service in group["services"].as_array().into_iter().flatten() {
            replicas.push((name(group), name(service), service["count"].as_u64().unwrap_or(0)));
        }
    }
    replicas.sort();
    replicas
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(bytes: &[u8]) -> Structured {
        arbitrary::Unstructured::new(bytes).arbitrary().unwrap()
    }

    #[test]
    fn the_plainest_document_is_accepted() {
        let input = document(&[]);
        structured(&input);
        let text = input.layouts[0].write(&input.document.tree());
        let (sdl, problems) = check(&text);
        assert!(sdl.is_some(), "{text}{problems}");
    }

    #[test]
    fn two_layouts_differ() {
        let mut bytes = [0; 40];
        bytes[..16].fill(0x5a);
        let input = document(&bytes);
        let tree = input.document.tree();
        let [one, other] = input.layouts.each_ref().map(|layout| layout.write(&tree));
        assert_ne!(one, other);
        structured(&input);
    }

    #[test]
    fn random_documents_hold_and_some_are_accepted() {
        let mut state: u64 = 1;
        let mut accepted = 0;
        for _ in 0..500 {
            let byte = |_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                u8::try_from(state >> 56).unwrap()
            };
            let bytes: Vec<u8> = (0..400).map(byte).collect();
            let input = document(&bytes);
            structured(&input);
            let text = input.layouts[0].write(&input.document.tree());
            accepted += usize::from(check(&text).0.is_some());
        }
        assert!(accepted > 20, "{accepted} of 500");
    }
}
