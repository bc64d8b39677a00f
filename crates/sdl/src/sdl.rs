//! [`Sdl`]: a text that was read and found valid, with all that follows from it.

use std::borrow::Cow;

use undercut_primitives::{Digest, GroupSpec, crypto};

use crate::diagnostic::{Diagnostics, Problem, Problems, Span};
use crate::groups::{AuditorLists, BuiltGroup};
use crate::manifest::Manifest;
use crate::model::{Document, Version};
use crate::prices::KnownPrices;
use crate::{code, decode, gate, groups, manifest, reader};

/// A valid SDL.
///
/// Two texts that differ only in layout, comments or order of keys give equal values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sdl {
    version: Version,
    groups: Vec<GroupSpec>,
    /// One for each group.
    auditors: Vec<AuditorLists>,
    manifest: Manifest,
    manifest_json: String,
    reclamation_min_window_ns: Option<u64>,
}

impl Sdl {
    /// Reads `text`.
    ///
    /// # Errors
    ///
    /// All problems of the text, warnings included, when at least one is an error.
    ///
    /// ```
    /// let problems = undercut_sdl::Sdl::parse("version: \"1.0\"").unwrap_err();
    /// assert!(problems.to_string().starts_with("1:10 SDL002 `version` is `1.0`"));
    /// ```
    pub fn parse(text: &str) -> Result<Self, Diagnostics> {
        let (sdl, problems) = check(text);
        sdl.ok_or(problems)
    }

    /// The groups in byte order of their names.
    #[must_use]
    pub fn groups(&self) -> &[GroupSpec] {
        &self.groups
    }

    /// The groups in canonical JSON, with the field names of the chain.
    #[must_use]
    pub fn groups_json(&self) -> String {
        groups::to_canonical_json(self.groups.iter().zip(&self.auditors))
    }

    /// SHA-256 of [`Self::groups_json`].
    #[must_use]
    pub fn groups_sha256(&self) -> Digest {
        crypto::sha256(self.groups_json().as_bytes())
    }

    /// The manifest: what the winning provider is sent to run.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The manifest in canonical JSON: the text that is hashed and sent.
    #[must_use]
    pub fn manifest_json(&self) -> &str {
        &self.manifest_json
    }

    /// The version of the manifest: SHA-256 of [`Self::manifest_json`].
    #[must_use]
    pub fn hash(&self) -> Digest {
        crypto::sha256(self.manifest_json.as_bytes())
    }

    /// The rules that the text follows.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// How long before its end a reclaimed lease must be told so, in nanoseconds, when the text
    /// asks for it. Above zero and below 2^63.
    #[must_use]
    pub const fn reclamation_min_window_ns(&self) -> Option<u64> {
        self.reclamation_min_window_ns
    }
}

/// Reads `text` and tells everything that is wrong with it or probably not meant.
///
/// The first part is there exactly when no problem is an error.
///
/// ```
/// let (sdl, problems) = undercut_sdl::check("version: \"2.0\"\nservice: {}\n");
/// assert!(sdl.is_none());
/// let first = problems.iter().next().unwrap();
/// assert_eq!((first.code.as_str(), first.line, first.column), ("SDL013", 2, 1));
/// assert_eq!(first.help.as_deref(), Some("did you mean `services`?"));
/// ```
#[must_use]
pub fn check(text: &str) -> (Option<Sdl>, Diagnostics) {
    check_and(text, None, |_, _, _| {})
}

/// [`check`] with warnings that need a market: GPU models that nobody is known to have (SDL062),
/// ceilings below every known price (SDL101) or far above them (SDL103: a hundred times the
/// dearest, and above 100 dollars an hour), sizes that some providers cannot price (SDL102).
///
/// None of them refuses anything: what is known is never the whole market. Prices in another denom
/// than `uact`, and `uakt` when [`KnownPrices::usd_per_akt`] is given, are not judged.
///
/// ```
/// let text = include_str!("../../../sdl-examples/llm-inference.yaml");
/// let text = text.replace("amount: 10000", "amount: 100").replace("model: h200", "model: 4090");
/// let prices = undercut_sdl::KnownPrices::published();
/// let (sdl, problems) = undercut_sdl::check_with(&text, &prices);
/// assert!(sdl.is_some());
/// let found: Vec<String> = problems.iter().map(ToString::to_string).collect();
/// assert_eq!(
///     found,
///     [
///         "48:26 SDL062 no known GPU model is called `4090`",
///         "70:19 SDL101 nobody is likely to bid: the ceiling is below every known price",
///     ]
/// );
/// ```
#[must_use]
pub fn check_with(text: &str, prices: &KnownPrices) -> (Option<Sdl>, Diagnostics) {
    check_and(text, Some(prices), |_, _, _| {})
}

/// [`check`] for the bytes of a file: UTF-8, or UTF-16 with a byte order mark.
///
/// ```
/// let (sdl, problems) = undercut_sdl::check_bytes(b"version: \xff");
/// assert!(sdl.is_none());
/// assert_eq!(problems.iter().next().unwrap().code.as_str(), "SDL004");
/// ```
#[must_use]
pub fn check_bytes(bytes: &[u8]) -> (Option<Sdl>, Diagnostics) {
    match text_of(bytes) {
        Ok(text) => check(&text),
        Err(problems) => (None, problems),
    }
}

/// The text of a file's bytes: UTF-8, or UTF-16 with a byte order mark.
///
/// # Errors
///
/// One problem, when the bytes are neither or are more than a text may have.
pub fn text_of(bytes: &[u8]) -> Result<Cow<'_, str>, Diagnostics> {
    // UTF-16 has up to two bytes for each byte of UTF-8; the text itself is measured later.
    let read = gate::check_length(bytes.len() / 2).and_then(|()| gate::decode(bytes));
    read.map_err(|problem| {
        let mut problems = Problems::default();
        problems.push(*problem);
        let valid = std::str::from_utf8(bytes).map_or_else(
            |error| bytes.get(..error.valid_up_to()).unwrap_or_default(),
            |text| text.as_bytes(),
        );
        problems.finish(std::str::from_utf8(valid).unwrap_or_default())
    })
}

/// [`check_with`], with a further look at what was read while its places are still known.
pub(crate) fn check_and(
    text: &str,
    prices: Option<&KnownPrices>,
    look: impl FnOnce(&Sdl, &Document<'_>, &mut Problems),
) -> (Option<Sdl>, Diagnostics) {
    let mut problems = Problems::default();
    let sdl = read(text, prices, &mut problems, look);
    let sdl = sdl.filter(|_| !problems.has_errors());
    (sdl, problems.finish(text))
}

fn read(
    text: &str,
    prices: Option<&KnownPrices>,
    problems: &mut Problems,
    look: impl FnOnce(&Sdl, &Document<'_>, &mut Problems),
) -> Option<Sdl> {
    let body = text.strip_prefix(gate::BYTE_ORDER_MARK).unwrap_or(text);
    let passed = gate::check_length(text.len()).and_then(|()| gate::check_characters(text));
    if let Err(problem) = passed {
        problems.push(*problem);
        return None;
    }
    let offset = text.len().saturating_sub(body.len());
    let root = reader::read(body, offset, problems)?;
    let document = decode::decode(&root, problems)?;
    crate::check::check(&document, prices, problems);
    if problems.has_errors() {
        return None;
    }
    let Some(built) = groups::build(&document) else {
        // Every part that building needs was checked, so this is a hole in the checks. A coded
        // refusal is better than a panic or half a result.
        let sentence = "the document lacks a part that was not named";
        problems.push(Problem::error(code::MISSING, Span::default(), sentence));
        return None;
    };
    let manifest = manifest::manifest(&built, document.version);
    let manifest_json = manifest.to_canonical_json();
    let sdl = Sdl {
        version: document.version,
        auditors: built.iter().map(BuiltGroup::auditors).collect(),
        groups: built.into_iter().map(|group| group.spec).collect(),
        manifest,
        manifest_json,
        reclamation_min_window_ns: document.reclamation_ns.as_ref().map(|window| window.value),
    };
    look(&sdl, &document, problems);
    Some(sdl)
}
