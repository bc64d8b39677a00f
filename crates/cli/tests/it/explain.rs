//! `undercut explain`.

use crate::undercut;

#[test]
fn every_code_that_is_listed_can_be_explained() {
    let list = undercut("explain");
    assert_eq!((list.code, list.err.as_str()), (0, ""));
    let rows: Vec<(&str, &str)> =
        list.out.lines().filter_map(|line| line.strip_prefix("  ")?.split_once("  ")).collect();
    assert!(rows.len() > 200, "{}", rows.len());
    for prefix in ["ORD", "BID", "LOG", "FIL", "SDL"] {
        assert!(rows.iter().any(|(code, _)| code.starts_with(prefix)), "{prefix}");
    }
    // One of each section, and all manifest codes: a process for each of them takes its time.
    let mut last = "";
    for (code, sentence) in rows {
        if code.starts_with("SDL") || code[..3] != *last {
            last = &code[..3];
            let ran = undercut(&format!("explain {code}"));
            assert_eq!(ran.code, 0, "{ran:?}");
            assert!(ran.out.starts_with(&format!("{code}: {sentence}")), "{code}: {}", ran.out);
            assert!(ran.out.lines().count() >= 4, "{code}: {}", ran.out);
        }
    }
}

#[test]
fn a_manifest_code_comes_with_a_wrong_and_a_right_form() {
    let ran = undercut("explain SDL014");
    for part in ["SDL014: a size cannot be read (error)\n", "\nwrong:\n", "\nright:\n"] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
}

#[test]
fn another_code_comes_with_its_section_and_source() {
    let ran = undercut("explain BID006");
    for part in [
        "BID006: the price of {price} {denom} a block is above the ceiling of {ceiling}\n\n",
        "section     BID: bids\n",
        "variant     PriceAboveCeiling\n",
        "source      BidRejection in crates/bidding/src/error.rs\n",
        "Words in {braces} are filled in.",
    ] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
}

#[test]
fn codes_may_be_typed_in_short() {
    for (short, code) in
        [("sdl14", "SDL014"), ("14", "SDL014"), ("bid6", "BID006"), ("Log010", "LOG010")]
    {
        assert_eq!(
            undercut(&format!("explain {short}")).out,
            undercut(&format!("explain {code}")).out
        );
    }
}

#[test]
fn an_unknown_code_gets_the_nearest_one() {
    for (typed, wanted) in [
        ("SLD014", "`SLD014` is no code; did you mean `SDL014`? "),
        ("ORD099", "did you mean `ORD009`? "),
        ("frobnicate", "`frobnicate` is no code; `undercut explain` lists all"),
    ] {
        let ran = undercut(&format!("explain {typed}"));
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{ran:?}");
        assert!(ran.err.contains(wanted), "{ran:?}");
    }
    let ran = undercut(&format!("explain {}", "x".repeat(100_000)));
    assert_eq!(ran.code, 2);
}
