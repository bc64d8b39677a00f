//! A text and what is made of it: one verdict, and the same one for the same content.

use std::collections::BTreeSet;

use undercut_primitives::crypto::sha256;
use undercut_sdl::{
    Diagnostic, Diagnostics, Sdl, Severity, TEXT_BYTES_MAX, check, check_bytes, text_of,
};

use super::{diagnostics, groups, json, manifest};

/// What holds for the bytes of any file.
pub(crate) fn hold_for_bytes(bytes: &[u8]) {
    let (sdl, problems) = check_bytes(bytes);
    match text_of(bytes) {
        Ok(text) => hold_for_text(&text, &sdl, &problems),
        Err(refusal) => {
            assert!(sdl.is_none());
            assert_eq!(refusal, problems, "one refusal for bytes that are no text");
            assert_eq!(refusal.len(), 1);
            diagnostics::hold_for_rendering(&refusal, &String::from_utf8_lossy(bytes));
        }
    }
}

/// What holds for any text and what is made of it.
pub(crate) fn hold_for_text(text: &str, sdl: &Option<Sdl>, problems: &Diagnostics) {
    assert_eq!(sdl.is_none(), problems.has_errors(), "a text is accepted or has an error");
    match (sdl, Sdl::parse(text)) {
        (Some(sdl), Ok(parsed)) => assert_eq!(*sdl, parsed, "read twice, read differently"),
        (None, Err(parsed)) => assert_eq!(*problems, parsed, "read twice, refused differently"),
        (_, parsed) => panic!("read twice, another verdict: {parsed:?}"),
    }
    diagnostics::hold(problems, text);
    hold_for_comment(text, sdl.as_ref(), problems);
    if let Some(sdl) = sdl {
        hold_for_line_ends(text, sdl);
        hold_for_bytes_and_hashes(sdl);
        groups::hold(sdl);
        manifest::hold(sdl);
    }
}

/// A comment in front changes nothing but places.
fn hold_for_comment(text: &str, sdl: Option<&Sdl>, problems: &Diagnostics) {
    const COMMENT: &str = "# first\n";
    if text.len() + COMMENT.len() > TEXT_BYTES_MAX {
        return;
    }
    let (mark, body) = match text.strip_prefix('\u{feff}') {
        Some(body) => ("\u{feff}", body),
        None => ("", text),
    };
    let (with_comment, others) = check(&format!("{mark}{COMMENT}{body}"));
    assert_eq!(with_comment.as_ref(), sdl, "a comment in front changes what is read");
    assert_eq!(said(&others), said(problems), "a comment in front changes what is said");
}

/// What problems say, without where and how often, and without the one warning that is about the
/// quotes themselves.
pub(crate) fn said(problems: &Diagnostics) -> BTreeSet<(String, Severity, &str)> {
    let is_of_quotes =
        |one: &Diagnostic| one.severity == Severity::Warning && one.code.as_str() == "SDL002";
    let said = problems.iter().filter(|one| !is_of_quotes(one));
    let said = said.map(|one| (one.code.to_string(), one.severity, &*one.sentence));
    said.collect()
}

/// Lines may end with CR LF as well as with LF, also inside texts of several lines.
fn hold_for_line_ends(text: &str, sdl: &Sdl) {
    let lines = text.matches('\n').count();
    if text.contains('\r') || text.len() + lines > TEXT_BYTES_MAX {
        return;
    }
    let (other, problems) = check(&text.replace('\n', "\r\n"));
    assert_eq!(other.as_ref(), Some(sdl), "CR LF changes what is read: {problems}");
}

/// Both JSON texts are canonical, and the hashes are theirs.
fn hold_for_bytes_and_hashes(sdl: &Sdl) {
    for (text, hash) in
        [(sdl.manifest_json(), sdl.hash()), (&sdl.groups_json(), sdl.groups_sha256())]
    {
        assert_eq!(json::canonical(&json::parse(text)), text, "not in canonical form");
        assert_eq!(sha256(text.as_bytes()), hash);
    }
}
